//! ovnkube's klog lines, era by era, and the prefixes under which they are kept.

use super::rules::Rule;

/// The eras whose lines or habits differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Era {
    /// July 2020: twins in the filter table, table and chain swapped in the Chain message.
    Y2020,
    /// November 2021: the rules of 2023 under other tags, the Chain message still swapped.
    Y2021,
    /// July 2023.
    Y2023,
    /// December 2024: restores on sync, rolls back a failed add.
    Y2024,
}

impl Era {
    pub const ALL: [Self; 4] = [Self::Y2020, Self::Y2021, Self::Y2023, Self::Y2024];

    fn adding(self) -> &'static str {
        match self {
            Self::Y2020 => "gateway_iptables.go:43",
            Self::Y2021 => "gateway_iptables.go:46",
            Self::Y2023 => "iptables.go:27",
            Self::Y2024 => "iptables.go:120",
        }
    }

    fn deleting(self) -> &'static str {
        match self {
            Self::Y2020 => "gateway_iptables.go:62",
            Self::Y2021 => "gateway_iptables.go:66",
            Self::Y2023 => "iptables.go:63",
            Self::Y2024 => "iptables.go:143",
        }
    }
}

/// How the lines were kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prefix {
    None,
    /// A container log file of the CRI.
    Cri,
    /// The same with rule lines cut into a partial and a final entry.
    CriPartial,
    Journal,
    /// `oc logs --timestamps`.
    Timestamps,
    /// `oc logs --prefix`.
    PodName,
    DockerJson,
    /// The klog header was cut away.
    NoHeader,
    /// The final blank was lost.
    Trimmed,
    Crlf,
    Dollar,
}

impl Prefix {
    pub const ALL: [Self; 11] = [
        Self::None,
        Self::Cri,
        Self::CriPartial,
        Self::Journal,
        Self::Timestamps,
        Self::PodName,
        Self::DockerJson,
        Self::NoHeader,
        Self::Trimmed,
        Self::Crlf,
        Self::Dollar,
    ];

    /// A line of the log, printed at a time of that day, as it was kept.
    pub fn kept(self, time: &str, line: &str) -> String {
        let stamp = format!("2023-11-22T{time}");
        match self {
            Self::None | Self::NoHeader => format!("{line}\n"),
            Self::Cri => format!("{stamp}079+08:00 stderr F {line}\n"),
            Self::CriPartial => match line.split_once(" with args") {
                Some((head, tail)) => {
                    format!(
                        "{stamp}079+08:00 stderr P {head}\n{stamp}079+08:00 stderr F  with args{tail}\n"
                    )
                }
                None => format!("{stamp}079+08:00 stderr F {line}\n"),
            },
            Self::Journal => format!("Nov 22 {} rhel92 ovnkube[77216]: {line}\n", &time[..8]),
            Self::Timestamps => format!("{stamp}573Z {line}\n"),
            Self::PodName => format!("[pod/ovnkube-master-n2shv/ovnkube-master] {line}\n"),
            Self::DockerJson => {
                let escaped = line.replace('\\', "\\\\").replace('"', "\\\"");
                format!(
                    "{{\"log\": \"{escaped}\\n\", \"stream\": \"stderr\", \"time\": \"{stamp}975Z\"}}\n"
                )
            }
            Self::Trimmed => format!("{}\n", line.trim_end_matches(' ')),
            Self::Crlf => format!("{line}\r\n"),
            Self::Dollar => format!("$ {line}\n"),
        }
    }
}

#[derive(Debug, Clone)]
pub struct Klog {
    pub bytes: Vec<u8>,
    pub era: Era,
    pub prefix: Prefix,
    pub pid: u32,
    /// `--loglevel`: the rule lines are of level 5.
    pub level: u8,
    micros: u64,
}

impl Klog {
    pub fn new(era: Era, prefix: Prefix) -> Self {
        Self { bytes: Vec::new(), era, prefix, pid: 27488, level: 5, micros: 35_195_825_084 }
    }

    /// Writes a record; a message of several lines has its header on the first alone.
    pub fn record(&mut self, severity: char, at: &str, message: &str) {
        self.micros += 1_187;
        let (s, us) = (self.micros / 1_000_000, self.micros % 1_000_000);
        let time = format!("{:02}:{:02}:{:02}.{us:06}", s / 3600, s / 60 % 60, s % 60);
        let header = format!("{severity}1122 {time} {:7} {at}] ", self.pid);
        let text = if self.prefix == Prefix::NoHeader {
            message.to_owned()
        } else {
            format!("{header}{message}")
        };
        for line in text.split('\n') {
            let line = self.prefix.kept(&time, line);
            self.bytes.extend_from_slice(line.as_bytes());
        }
    }

    fn verbose(&mut self, at: &str, message: &str) {
        if self.level >= 5 {
            self.record('I', at, message);
        }
    }

    fn rule(&mut self, at: &str, what: &str, rule: &Rule) {
        let Rule { v6, table, chain, args } = rule;
        self.verbose(
            at,
            &format!(
                "{what}: {table}, chain: {chain} with args: \"{args}\" for protocol: {} ",
                u8::from(*v6)
            ),
        );
    }

    pub fn adding(&mut self, rule: &Rule) {
        let at = self.era.adding();
        self.rule(at, "Adding rule in table", rule);
    }

    pub fn deleting(&mut self, rule: &Rule) {
        let at = self.era.deleting();
        self.rule(at, "Deleting rule in table", rule);
    }

    pub fn ignoring(&mut self, rule: &Rule) {
        self.rule("iptables.go:53", "Ignoring processing rule in table due to filtering", rule);
    }

    pub fn recreating(&mut self, table: &str, chain: &str) {
        self.record(
            'I',
            "gateway_iptables.go:617",
            &format!("Recreating iptables rules for table: {table}, chain: {chain}"),
        );
    }

    /// A chain that is wanted, and may exist already.
    pub fn chain(&mut self, v6: bool, table: &str, chain: &str, exists: bool) {
        let binary = if v6 { "ip6tables" } else { "iptables" };
        if self.era == Era::Y2024 {
            self.record('I', "iptables.go:107", &format!("Creating table: {table} chain: {chain}"));
        }
        if !exists {
            return;
        }
        let error = format!(
            "running [/usr/sbin/{binary} -t {table} -N {chain} --wait]: exit status 1: {binary}: Chain already exists."
        );
        let (at, text) = match self.era {
            Era::Y2020 | Era::Y2021 => (
                "gateway_iptables.go:48",
                format!(
                    "Chain: \"{table}\" in table: \"{chain}\" already exists, skipping creation"
                ),
            ),
            Era::Y2023 => (
                "iptables.go:35",
                format!(
                    "Chain: \"{chain}\" in table: \"{table}\" already exists, skipping creation: {error}"
                ),
            ),
            Era::Y2024 => (
                "iptables.go:109",
                format!(
                    "Chain: \"{chain}\" in table: \"{table}\" already exists, skipping creation: {error}"
                ),
            ),
        };
        self.verbose(at, &text);
    }

    /// The one record of what failed: `adding` tells which way.
    pub fn failure(&mut self, service: &str, adding: bool, failed: &[Rule]) {
        let verb = if adding { "add" } else { "delete" };
        let texts: Vec<String> = failed
            .iter()
            .map(|rule| {
                let Rule { v6, table, chain, args } = rule;
                let binary = if *v6 { "ip6tables" } else { "iptables" };
                let call = if adding { format!("-I {chain} 1") } else { format!("-D {chain}") };
                format!(
                    "failed to {verb} iptables {table}/{chain} rule \"{args}\": running [/usr/sbin/{binary} -t {table} {call} {args} \
                     --wait]: exit status 4: {binary}: Resource temporarily unavailable.\n"
                )
            })
            .collect();
        let method = if adding { "AddService" } else { "DeleteService" };
        let head = format!(
            "{method} failed for nodePortWatcher: failed to {verb} iptables rules for service demo/{service}: "
        );
        let done = if adding { "create" } else { "delete" };
        let start = format!("Failed to {done} *v1.Service demo/{service}, error: {head}");
        let message = if self.era == Era::Y2024 {
            let end = if adding { "], trying delete: <nil>" } else { "]" };
            format!("{start}[{}{end}", texts.join(", "))
        } else {
            let texts: Vec<String> = texts.into_iter().rev().collect();
            format!("{start}{}: ", texts.join(": "))
        };
        self.record('E', "obj_retry.go:555", &message);
    }

    pub fn noise(&mut self, which: u8) {
        match which % 5 {
            0 => self.verbose("openflow_manager.go:47", "Gateway OpenFlow sync requested"),
            1 => self.record(
                'I',
                "reflector.go:287",
                "Starting reflector *v1.Service (0s) from k8s.io/client-go/informers/factory.go:150",
            ),
            2 => self.record('E', "obj_retry.go:555", "Failed to update *v1.Node node, error: etcd timed out"),
            3 => self.verbose("port_claim.go:40", "Opening socket for LocalPort \"nodePort for demo/web:http\" (:30080/tcp)"),
            _ => self.verbose("iptables.go:53", "Syncing conntrack for nodePort 30080"),
        }
    }

    /// The first lines of a process.
    pub fn configuration(&mut self) {
        let text = "Default config: {MTU:1400 RoutableMTU:0 ConntrackZone:64000 EncapType:geneve EncapIP: EncapPort:6081}";
        self.record('I', "config.go:2153", text);
        let level = self.level;
        let text = format!(
            "Logging config: {{File: CNIFile:/var/log/ovn-kubernetes/ovn-k8s-cni-overlay.log Level:{level} LogFileMaxSize:100 \
             LogFileMaxBackups:5 LogFileMaxAge:5 ACLLoggingRateLimit:20}}"
        );
        self.record('I', "config.go:2154", &text);
    }
}
