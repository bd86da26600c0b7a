//! The node: a server that runs pods, and a host port manager for each address family.

use super::kernel::{
    Chains, Family, Kernel, Mapping, Rule, Socket, chain_suffix, put, restore_text, save_text,
};
use super::lines::{Journal, Setup, Version};
use super::{Op, PodSpec, Stack, Telling, View};
use std::collections::BTreeSet;

pub const RUN: &str = "/runtime.v1.RuntimeService/RunPodSandbox";
pub const STOP: &str = "/runtime.v1.RuntimeService/StopPodSandbox";

fn restore_program(family: Family) -> &'static str {
    if family == Family::V6 { "ip6tables-restore" } else { "iptables-restore" }
}

/// The error of a failed restore: the program that failed names itself.
fn restore_error(family: Family) -> String {
    let program = restore_program(family);
    format!(
        "failed to execute iptables-restore: exit status 4: {program} v1.8.9 (nf_tables): \nline 7: RULE_APPEND failed (Invalid \
         argument): rule in chain KUBE-HP-X\n"
    )
}

/// The error of a restore that deletes a chain twice, as iptables 1.8.9 gives it (seen with both of
/// its back ends); nothing of the input is applied.
fn deleted_twice(family: Family, line: usize) -> String {
    format!(
        "failed to execute iptables-restore: exit status 1: {}: line {line} failed: No \
         chain/target/match by that name.\n",
        restore_program(family)
    )
}

#[derive(Debug, Clone)]
pub struct Pod {
    pub name: String,
    pub uid: String,
    pub sandbox: String,
    pub v4: Option<String>,
    pub v6: Option<String>,
    pub mappings: Vec<Mapping>,
}

impl Pod {
    fn ip(&self, family: Family) -> Option<&String> {
        match family {
            Family::V4 => self.v4.as_ref(),
            Family::V6 => self.v6.as_ref(),
        }
    }

    pub fn full_name(&self) -> String {
        format!("k8s_{}_default_{}_0", self.name, self.uid)
    }
}

#[derive(Debug, Clone)]
pub struct Node {
    pub journal: Journal,
    pub kernel: Kernel,
    pub running: Vec<Pod>,
    pub stopped: Option<String>,
    pub made: u64,
    pub sockets_known: bool,
    /// The log has shown each socket: what was told of ports leaves open how many sockets hold
    /// one.
    pub sockets_counted: bool,
    /// The process has shown that it works by iptables; from 1.33 on it may work by nftables,
    /// which logs nothing.
    pub backend_shown: bool,
    /// The process has named its version, and no lines are missing since.
    pub version_shown: bool,
    /// The same of a line that only its iptables manager prints.
    pub iptables_shown: bool,
    /// The chains that the log has named; those of rules that were only told are in no line.
    pub named: BTreeSet<(Family, String)>,
    /// By family: does the log determine the rules?
    pub rules_known: [bool; 2],
}

impl Node {
    pub fn new(setup: Setup) -> Self {
        Self {
            journal: Journal::new(setup),
            kernel: Kernel::default(),
            running: Vec::new(),
            stopped: None,
            made: 0,
            sockets_known: false,
            sockets_counted: false,
            backend_shown: false,
            version_shown: false,
            iptables_shown: false,
            named: BTreeSet::new(),
            rules_known: [false; 2],
        }
    }

    pub fn version(&self) -> Version {
        self.journal.setup.version
    }

    fn nft(&self) -> bool {
        self.version() == Version::V1_36_3Nft
    }

    pub fn forget(&mut self) {
        self.sockets_known = false;
        self.sockets_counted = false;
        self.rules_known = [false; 2];
        self.version_shown = false;
        self.iptables_shown = false;
        self.named.clear();
    }

    pub fn step(&mut self, op: &str, telling: Telling) -> super::Step<View> {
        let kernel = &self.kernel;
        let rules = || kernel.v4.values().chain(kernel.v6.values()).flatten();
        let view = View {
            sockets: kernel.sockets.iter().map(|s| format!("{}:{}", s.protocol, s.port)).collect(),
            sockets_determined: self.sockets_known && self.version().holds_sockets(),
            exposed: rules().map(|rule| rule.mapping.port()).collect(),
            rules: rules().map(Rule::listed).collect(),
            rules_determined: self.rules_known == [true; 2],
            saves: None,
        };
        if telling == Telling::Saves {
            return self.step_with_saves(op, view);
        }
        let told = telling == Telling::All;
        // With nftables only the empty state before the first pod can be told: nothing that follows
        // is in the log.
        let told = told && (!self.nft() || (rules().next().is_none() && self.made == 0));
        if told {
            self.sockets_known = true;
            self.rules_known = [true; 2];
        }
        super::Step { op: op.to_owned(), bytes: self.journal.bytes.len(), view, told }
    }

    /// On nftables iptables has none of the rules. Elsewhere it has all, and they are known where the
    /// log has shown that CRI-O works by iptables.
    fn step_with_saves(&mut self, op: &str, view: View) -> super::Step<View> {
        let kernel = &self.kernel;
        let saves = match self.nft() {
            true => [save_text(&Chains::new()), save_text(&Chains::new())],
            false => [save_text(&kernel.v4), save_text(&kernel.v6)],
        };
        let old = self.version_shown && self.version().is_old_manager();
        if !self.nft() && (old || self.iptables_shown) {
            self.rules_known = [true; 2];
        }
        let view = View { saves: Some(saves), ..view };
        super::Step { op: op.to_owned(), bytes: self.journal.bytes.len(), view, told: true }
    }

    pub fn identity(&mut self) -> (String, String) {
        self.made += 1;
        let mut x = self.made.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mut hex = String::new();
        for _ in 0..4 {
            x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            hex.push_str(&format!("{x:016x}"));
        }
        let uid = format!(
            "{}-{}-4{}-a{}-{}",
            &hex[..8],
            &hex[8..12],
            &hex[13..16],
            &hex[17..20],
            &hex[20..32]
        );
        (uid, hex)
    }

    pub fn make(&mut self, spec: &PodSpec) -> Pod {
        let (uid, sandbox) = self.identity();
        let host = self.made % 250 + 2;
        Pod {
            name: ["nginx", "web-0", "router-default", "a.dotted.name"][self.made as usize % 4]
                .to_owned(),
            uid,
            sandbox,
            v4: (spec.stack != Stack::V6).then(|| format!("10.42.0.{host}")),
            v6: (spec.stack != Stack::V4).then(|| format!("fd01::{host:x}")),
            mappings: spec.mappings.clone(),
        }
    }

    /// A manager's Add: sockets one by one, then the rules of its family at once.
    pub fn add(&mut self, family: Family, pod: &Pod, failing: bool) -> Result<(), String> {
        let Some(ip) = pod.ip(family).cloned() else { return Ok(()) };
        let mut wanted: Vec<Mapping> =
            pod.mappings.iter().filter(|m| m.concerns(family)).cloned().collect();
        if self.nft() {
            // A map of nftables has one element for a key.
            let mut seen = BTreeSet::new();
            wanted.retain(|m| seen.insert(chain_suffix(&pod.sandbox, m)));
        }
        if wanted.is_empty() {
            return Ok(());
        }
        if self.nft() {
            self.conntrack(family, &wanted);
            self.rules_known = [false; 2];
        } else {
            self.journal.log(
                "info",
                "Ensuring kubelet hostport chains",
                "hostport/hostport.go:136",
                None,
            );
        }
        let mut opened = Vec::new();
        if self.version().holds_sockets() {
            for mapping in wanted.iter().filter(|m| m.protocol != "sctp") {
                if self.kernel.busy(family, mapping) {
                    // The way back is silent.
                    opened.iter().for_each(|socket| _ = self.kernel.sockets.remove(socket));
                    return Err(format!(
                        "cannot open hostport {} for pod {}_",
                        mapping.host_port,
                        pod.full_name()
                    ));
                }
                let socket = socket(family, mapping);
                self.kernel.sockets.insert(socket.clone());
                opened.push(socket);
                self.journal.log(
                    "info",
                    &format!("Opened local port {}", mapping.port()),
                    "hostport/hostport.go:120",
                    None,
                );
            }
        }
        let under = if self.version().is_old_manager() { "_" } else { "" };
        let comment = format!("{}{under}", pod.full_name());
        let new: Vec<(String, Rule)> = wanted
            .iter()
            .map(|m| {
                let rule =
                    Rule { mapping: m.clone(), pod_ip: ip.clone(), comment: comment.clone() };
                (chain_suffix(&pod.sandbox, m), rule)
            })
            .collect();
        if !self.nft() {
            let turn = self.made as usize;
            let text = restore_text(&new, self.kernel.rules(family), &[], turn);
            self.restoring(&text);
            let suffixes: Vec<_> = new
                .iter()
                .map(|(suffix, _)| suffix.clone())
                .chain(self.kernel.rules(family).keys().cloned())
                .collect();
            self.name(family, suffixes);
            if failing {
                let held = wanted.iter().filter(|m| opened.contains(&socket(family, m)));
                held.for_each(|mapping| self.close(family, mapping));
                return Err(restore_error(family));
            }
        }
        put(self.kernel.rules(family), new);
        if !self.nft() {
            self.conntrack(family, &wanted);
            self.rules_known[family as usize] |= !self.journal.losing;
        }
        Ok(())
    }

    fn name(&mut self, family: Family, suffixes: Vec<String>) {
        if !self.journal.losing {
            self.named.extend(suffixes.into_iter().map(|suffix| (family, suffix)));
        }
    }

    fn restoring(&mut self, text: &str) {
        self.backend_shown |= !self.journal.losing;
        self.iptables_shown |= !self.journal.losing;
        self.journal.log(
            "info",
            &format!("Restoring iptables rules: {text}"),
            "hostport/hostport_manager.go:278",
            None,
        );
    }

    fn conntrack(&mut self, family: Family, mappings: &[Mapping]) {
        let ports: Vec<_> = mappings
            .iter()
            .filter(|m| m.protocol == "udp")
            .map(|m| m.host_port.to_string())
            .collect();
        let ports = ports.join(" ");
        let text = if self.version().is_old_manager() {
            format!(
                "Starting to delete udp conntrack entries: [{ports}], isIPv6 - {}",
                family == Family::V6
            )
        } else {
            format!(
                "Deleting UDP conntrack entries for IP{}: [{ports}]",
                if family == Family::V6 { "v6" } else { "v4" }
            )
        };
        self.journal.log("info", &text, "hostport/hostport_manager.go:195", None);
    }

    /// The chains that a family has of a pod, one for each mapping that has its rules there: a chain
    /// that two mappings share stands there twice.
    pub fn chains_of(&mut self, family: Family, pod: &Pod) -> Vec<String> {
        let has = self.kernel.rules(family);
        let mut chains: Vec<String> = pod
            .mappings
            .iter()
            .filter(|m| m.concerns(family))
            .map(|m| chain_suffix(&pod.sandbox, m))
            .filter(|suffix| has.contains_key(suffix))
            .collect();
        chains.sort();
        chains
    }

    /// CRI-O deletes a chain once for each of its mappings. The second time there is no such chain,
    /// so iptables-restore refuses the whole input, and the rules stay until the machine is started
    /// anew.
    pub fn deletes_twice(&mut self, family: Family, pod: &Pod) -> bool {
        let chains = self.chains_of(family, pod);
        !self.nft() && chains.windows(2).any(|two| two[0] == two[1])
    }

    /// A manager's Remove: the rules of its family at once, then the sockets; what belongs to
    /// another pod is not told apart.
    pub fn remove(&mut self, family: Family, pod: &Pod, failing: bool) -> Result<(), String> {
        let concerned: Vec<Mapping> =
            pod.mappings.iter().filter(|m| m.concerns(family)).cloned().collect();
        let rules = self.kernel.rules(family).clone();
        let gone = self.chains_of(family, pod);
        let twice = self.deletes_twice(family, pod);
        if !gone.is_empty() && !self.nft() {
            let kept: Chains = rules
                .iter()
                .filter(|(s, _)| !gone.contains(s))
                .map(|(s, r)| (s.clone(), r.clone()))
                .collect();
            let text = restore_text(&[], &kept, &gone, self.made as usize);
            self.restoring(&text);
            let before = self.rules_known[family as usize];
            // Without a rule that is kept, only what was known before tells whose chains these
            // were.
            self.name(family, kept.keys().cloned().collect());
            if kept.is_empty() {
                let all_named = Family::BOTH.into_iter().all(|f| {
                    let known: Vec<_> = self.kernel.rules(f).keys().cloned().collect();
                    known.into_iter().all(|suffix| self.named.contains(&(f, suffix)))
                });
                if self.rules_known != [true; 2] || !all_named {
                    self.rules_known = [false; 2];
                }
            } else {
                self.rules_known[family as usize] |= !self.journal.losing;
            }
            if failing || twice {
                // The rules that are still there are named by their chains only.
                self.rules_known[family as usize] &= before;
                let lines = text.lines().count();
                return Err(if failing {
                    restore_error(family)
                } else {
                    deleted_twice(family, lines.saturating_sub(2))
                });
            }
        }
        gone.iter().for_each(|suffix| _ = self.kernel.rules(family).remove(suffix));
        if self.version().holds_sockets() {
            for mapping in &concerned {
                if self.kernel.sockets.contains(&socket(family, mapping)) {
                    self.close(family, mapping);
                } else {
                    let text = format!("Host port {} does not have an open socket", mapping.port());
                    self.journal.log("info", &text, "hostport/hostport_manager.go:341", None);
                }
            }
        }
        Ok(())
    }

    fn close(&mut self, family: Family, mapping: &Mapping) {
        self.kernel.sockets.remove(&socket(family, mapping));
        self.sockets_known &= self.sockets_counted;
        let text = format!("Closing host port {}", mapping.port());
        self.journal.log("info", &text, "hostport/hostport_manager.go:334", None);
    }

    pub fn server(&mut self, text: &str, id: &str, name: &str) {
        self.journal.log("info", text, "server/sandbox_run_linux.go:357", Some((id, name)));
    }

    pub fn request(&mut self, pod: &Pod, id: &str) {
        let mappings: String = pod
            .mappings
            .iter()
            .map(|m| {
                let (p, c, h, ip) =
                    (m.protocol.to_uppercase(), m.container_port, m.host_port, m.host_ip);
                format!("&PortMapping{{Protocol:{p},ContainerPort:{c},HostPort:{h},HostIp:{ip},}},")
            })
            .collect();
        let text = format!(
            "Request: &RunPodSandboxRequest{{Config:&PodSandboxConfig{{Metadata:&PodSandboxMetadata{{Name:{},Uid:{},Namespace:default,\
             Attempt:0,}},Hostname:{},PortMappings:[]*PortMapping{{{mappings}}},}},RuntimeHandler:,}}",
            pod.name, pod.uid, pod.name
        );
        self.journal.log("debug", &text, "otel-collector/interceptors.go:62", Some((id, RUN)));
    }

    pub fn clean_up(&mut self, pod: &Pod, id: &str, error: &str) {
        let (sandbox, full) = (&pod.sandbox, pod.full_name());
        for text in [
            format!("runSandbox: deleting pod ID {sandbox} from idIndex"),
            format!("runSandbox: removing pod sandbox {sandbox}"),
            format!("runSandbox: releasing pod sandbox name: {full}"),
        ] {
            self.server(&text, id, RUN);
        }
        if self.journal.setup.debug {
            let text = format!(
                "Response error: failed to add hostport mapping for sandbox {full}({sandbox}): {error}"
            );
            self.journal.log("debug", &text, "otel-collector/interceptors.go:71", Some((id, RUN)));
        }
    }

    /// CRI-O starts anew: its sockets are gone, without a line, and the rules stay.
    pub fn restart(&mut self) {
        self.kernel.sockets.clear();
        self.backend_shown = false;
        self.version_shown = !self.journal.losing;
        self.iptables_shown = false;
        self.journal.start();
        self.sockets_known = !self.journal.losing;
        self.sockets_counted = self.sockets_known;
        if !self.journal.setup.mode.tells_boots() {
            // A new process may be a new machine.
            self.rules_known = [false; 2];
            self.named.clear();
        }
    }

    fn reboot(&mut self) {
        if matches!(
            self.journal.setup.mode,
            super::Mode::RsyslogTraditional | super::Mode::RsyslogFile
        ) {
            return; // looks like a restart, line for line
        }
        self.kernel.v4.clear();
        self.kernel.v6.clear();
        self.running.clear();
        self.journal.boot();
        self.restart();
        if self.journal.setup.mode.tells_boots() && !self.journal.losing {
            self.rules_known = [true; 2];
        }
    }

    pub fn noise(&mut self, which: u8) {
        let id = self.identity().0;
        match which % 4 {
            0 => self.journal.log(
                "info",
                "Checking image status: quay.io/app:latest",
                "server/image_status.go:22",
                Some((&id, RUN)),
            ),
            1 => self.journal.log(
                "info",
                "x level=info msg=\"Opened local port tcp:22\"",
                "server/image_status.go:22",
                Some((&id, RUN)),
            ),
            2 => self.journal.log(
                "info",
                "Image status: &ImageStatusResponse{Image:nil,}",
                "server/image_status.go:52",
                Some((&id, RUN)),
            ),
            _ => self.journal.entry(
                "kubelet",
                "kubelet.service",
                901,
                "I0625 16:24:11.000000     901 x.go:1] Opened local port tcp:22",
            ),
        }
    }

    pub fn perform(&mut self, op: &Op) {
        match op {
            Op::Start { pod, failing } => self.start_pod(pod, *failing),
            Op::Stop { which, failing } => self.stop_pod(*which, *failing),
            Op::SideBySide { ops, order } => {
                self.side_by_side(ops, *order);
                // What the log determines of this is not worked out.
                self.forget();
            }
            Op::StopAgain => {
                if let Some(sandbox) = self.stopped.clone() {
                    let id = self.identity().0;
                    self.server(&format!("Stopping pod sandbox: {sandbox}"), &id, STOP);
                    self.server(
                        &format!("Stopped pod sandbox (already stopped): {sandbox}"),
                        &id,
                        STOP,
                    );
                }
            }
            Op::Foreign { protocol, port } => {
                let key = ((*protocol).to_owned(), *port);
                let held =
                    self.kernel.sockets.iter().any(|s| s.protocol == *protocol && s.port == *port);
                if !held && !self.kernel.foreign.remove(&key) {
                    self.kernel.foreign.insert(key);
                }
            }
            Op::Restart => self.restart(),
            Op::Reboot => self.reboot(),
            Op::Suppressed(ops) => {
                if !self.journal.setup.mode.tells_boots()
                    || ops.iter().any(|op| matches!(op, Op::Reboot | Op::SideBySide { .. }))
                {
                    return;
                }
                self.journal.losing = true;
                ops.iter().for_each(|op| self.perform(op));
                self.journal.losing = false;
                self.forget();
                self.journal.entry(
                    "systemd-journald",
                    "systemd-journald.service",
                    612,
                    "Suppressed 57 messages from crio.service",
                );
            }
            Op::Noise(which) => self.noise(*which),
            Op::Tell | Op::TellSaves => {}
        }
        if core::mem::take(&mut self.journal.cut) {
            self.forget();
        }
        let pods = matches!(
            op,
            Op::Start { .. } | Op::Stop { .. } | Op::StopAgain | Op::SideBySide { .. }
        );
        if pods && !self.backend_shown && !self.version().holds_sockets() {
            // A pod came or went, and nothing told by what means.
            self.rules_known = [false; 2];
        }
    }
}

fn socket(family: Family, mapping: &Mapping) -> Socket {
    Socket {
        family,
        host_ip: mapping.host_ip.to_owned(),
        port: mapping.host_port,
        protocol: mapping.protocol.to_owned(),
    }
}
