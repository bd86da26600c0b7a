//! The lines of firewalld's log file, as versions 0.9.11, 1.2.1, 1.3.3 and 2.5.0 print them.

/// The versions whose lines differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    V0_9_11,
    V1_2_1,
    V1_3_3,
    V2_5_0,
}

impl Version {
    pub const ALL: [Self; 4] = [Self::V0_9_11, Self::V1_2_1, Self::V1_3_3, Self::V2_5_0];

    /// From 2.3.3 on a timer's signal is one timer and the removal another, silent one.
    pub fn silent_timers(self) -> bool {
        self == Self::V2_5_0
    }

    /// From 2.3.3 on the file watcher reads nothing: it says once that something was edited.
    pub fn announces_edits(self) -> bool {
        self == Self::V2_5_0
    }

    /// From 2.1 on `setDefaultZone` is a reload.
    pub fn reloads_for_default_zone(self) -> bool {
        self == Self::V2_5_0
    }

    /// From 1.2 on nothing permanent is changed after a load that died.
    pub fn refuses_in_failed_state(self) -> bool {
        self != Self::V0_9_11
    }

    /// From 1.2.0 on the files on disk are checked before a reload touches anything.
    pub fn checks_before_reload(self) -> bool {
        self != Self::V0_9_11
    }
}

/// A log file that is being written.
#[derive(Debug, Clone)]
pub struct LogFile {
    pub bytes: Vec<u8>,
    pub version: Version,
    /// `--debug=10` rather than `--debug=1`.
    pub chatty: bool,
    /// Run without `--debug` at all: only warnings and errors are written.
    pub mute: bool,
    /// Seconds since the log's first midnight; may go back when the clock is set.
    pub clock: i64,
    /// The stamp of the last line.
    pub last: i64,
}

impl LogFile {
    pub fn new(version: Version, chatty: bool) -> Self {
        Self { bytes: Vec::new(), version, chatty, mute: false, clock: 9 * 3600 + 40 * 60, last: 0 }
    }

    fn dated(&mut self, text: &str) {
        self.last = self.clock;
        let (day, second) = (self.clock.div_euclid(86_400), self.clock.rem_euclid(86_400));
        let stamp = format!(
            "2026-11-{:02} {:02}:{:02}:{:02} ",
            10 + day,
            second / 3600,
            second / 60 % 60,
            second % 60
        );
        self.raw(&format!("{stamp}{text}"));
    }

    /// A physical line without a date.
    pub fn raw(&mut self, text: &str) {
        self.bytes.extend_from_slice(text.as_bytes());
        self.bytes.push(b'\n');
    }

    pub fn debug1(&mut self, text: &str) {
        if !self.mute {
            self.dated(&format!("DEBUG1: {text}"));
        }
    }

    fn debug(&mut self, level: u8, text: &str) {
        if self.chatty && !self.mute {
            self.dated(&format!("DEBUG{level}: {text}"));
        }
    }

    pub fn info(&mut self, text: &str) {
        self.dated(text);
    }

    pub fn warning(&mut self, text: &str) {
        self.dated(&format!("WARNING: {text}"));
    }

    pub fn error(&mut self, text: &str) {
        self.dated(&format!("ERROR: {text}"));
    }

    fn frames(&mut self) {
        let (line, name) = match self.version {
            Version::V0_9_11 => (67, "dbus_handle_exceptions"),
            Version::V2_5_0 => (57, "_impl"),
            _ => (67, "_impl"),
        };
        self.raw(&format!("  File \"/usr/lib/python3/dist-packages/firewall/server/decorators.py\", line {line}, in {name}"));
        self.raw("    return func(*args, **kwargs)");
        self.raw("           ^^^^^^^^^^^^^^^^^^^^^");
    }

    /// `DEBUG1: Traceback` of a refusal, its frames, and the `ERROR` after it.
    pub fn refusal(&mut self, text: &str) {
        if !self.mute {
            self.debug1("Traceback (most recent call last):");
            self.frames();
            self.raw(&format!("firewall.errors.FirewallError: {text}"));
            self.raw("");
        }
        self.error(text);
    }

    /// A transaction of the back end that fails: what it prints by itself, whoever asked for it.
    pub fn transaction_failed(&mut self) {
        self.debug1("Traceback (most recent call last):");
        self.frames();
        self.raw("ValueError: 'python-nftables' failed: injected failure");
        self.raw("");
        self.error("'python-nftables' failed: injected failure");
    }

    /// An exception that nothing caught: a traceback without label, and no ERROR.
    pub fn bare_traceback(&mut self, exception: &str) {
        self.dated("Traceback (most recent call last):");
        self.frames();
        self.raw(exception);
        self.raw("");
    }

    /// What a firewall-cmd prints before its first call at `--debug=10`.
    pub fn introspection(&mut self) {
        self.debug(2, "Introspect()");
        for _ in 0..3 {
            self.debug(2, "config.Introspect()");
        }
    }

    pub fn zone_introspection(&mut self, number: usize) {
        self.debug(2, &format!("config.zone.{number}.Introspect()"));
    }

    /// What stands between a runtime request and its signal at `--debug=10`: steps, a JSON blob,
    /// dumps without a date.
    pub fn transaction(&mut self, iptables: bool) {
        let class = "<class 'firewall.core.fw_transaction.FirewallTransaction'>";
        self.debug(4, &format!("{class}.execute(True)"));
        self.debug(4, &format!("{class}.prepare(True, ...)"));
        self.debug(4, &format!("{class}.pre()"));
        if iptables && self.chatty && !self.mute {
            let text = "<class 'firewall.core.ipXtables.ip4tables'>: /usr/sbin/iptables-restore /run/firewalld/temp.ucb51eft: 64";
            self.debug(2, text);
            for (n, line) in
                ["*filter", "-A IN_public_allow -p tcp --dport 8080 -j ACCEPT", "COMMIT"]
                    .iter()
                    .enumerate()
            {
                self.raw(&format!("{:8}: {line}", n + 1));
            }
        } else {
            self.debug(
                3,
                "<class 'firewall.core.nftables.nftables'>: calling python-nftables with JSON blob: {\"nftables\": [{\"metainfo\": \
                 {\"json_schema_version\": 1}}, {\"add\": {\"rule\": {\"family\": \"inet\", \"table\": \"firewalld\"}}}]}",
            );
        }
        self.debug(4, &format!("{class}.post()"));
    }

    /// The access check of lockdown, between a request and what it leads to.
    pub fn access_check(&mut self) {
        self.debug(2, "Doing access check for context \"None\"");
        self.debug(2, "Doing access check for uid 0");
        self.debug(3, "uid matches.");
    }

    /// Reading calls of other clients, which change nothing.
    pub fn reading(&mut self, which: u8, zone: &str, number: usize) {
        match which % 9 {
            0 => self.debug1(&format!("config.zone.{number}.getSettings2()")),
            1 => self.debug1(&format!(
                "config.zone.{number}.GetAll('org.fedoraproject.FirewallD1.config.zone')"
            )),
            2 => self.debug1("zone.getZones()"),
            3 => self.debug1(&format!("zone.queryPort('{zone}', '8080', 'tcp')")),
            4 => {
                self.debug1(&format!("config.zone.{number}.queryPort('8080', 'tcp')"));
                self.debug1(&format!("config.zone.{number}.getSettings()"));
            }
            5 => {
                self.debug1(&format!("config.getZoneByName('{zone}')"));
                self.debug1(&format!("config.zone.{number}.getSettings2()"));
            }
            6 => self.debug1(&format!("getZoneSettings2({zone})")),
            7 => {
                self.debug1("queryPanicMode()");
                self.debug1("zone.getActiveZones()");
            }
            _ => self.introspection(),
        }
    }

    /// The configuration read at a start or a reload.
    pub fn configuration(&mut self) {
        self.debug1("Loading firewalld config file '/etc/firewalld/firewalld.conf'");
        self.debug1("CleanupOnExit is set to 'True'");
        match self.version {
            Version::V2_5_0 => self.debug1("IPv6_rpfilter is set to 'strict'"),
            _ => self.debug1("IPv6 rpfilter is enabled"),
        }
        self.debug1("FirewallBackend is set to 'nftables'");
        if self.version != Version::V2_5_0 {
            self.debug1("Loading lockdown whitelist");
        }
        self.debug1("Loading icmptype file '/usr/lib/firewalld/icmptypes/bad-header.xml'");
        self.debug1("Loading service file '/usr/lib/firewalld/services/http.xml'");
    }

    /// A zone's file, and what it stands in for.
    pub fn zone_file(&mut self, zone: &str, shipped: bool, local: bool) {
        if local {
            self.debug1(&format!("Loading zone file '/etc/firewalld/zones/{zone}.xml'"));
            match self.version {
                _ if !shipped => {}
                Version::V0_9_11 => {
                    self.debug1(&format!(
                        "  Overloads zone '{zone}' ('/usr/lib/firewalld/zones/{zone}.xml')"
                    ));
                }
                _ => self.debug1(&format!("Overrides '/usr/lib/firewalld/zones/{zone}.xml'")),
            }
        } else {
            self.debug1(&format!("Loading zone file '/usr/lib/firewalld/zones/{zone}.xml'"));
        }
    }

    /// The rules that a start or a reload applies after the files were read.
    pub fn applying(&mut self, in_file: &str, default_zone: &str) {
        if default_zone == in_file {
            self.debug1(&format!("Using default zone '{default_zone}'"));
        } else {
            self.error(&format!("Default zone '{in_file}' is not valid. Using '{default_zone}'."));
        }
        self.debug1("ebtables table 'broute' does not exist.");
        self.debug1("Flushing rule set");
        self.debug1("Applying default rule set");
        self.debug1("Applying used zones");
        for (a, b) in [(default_zone, "HOST"), ("ANY", default_zone), (default_zone, "ANY")] {
            self.debug1(&format!(
                "Applying policy (zone_{a}_{b}) derived from zone '{default_zone}'"
            ));
        }
        self.debug1("Applying used policies");
        self.debug1("Setting policy to 'ACCEPT'");
    }

    /// The listing of configuration objects that ends a start or a reload.
    pub fn listing<'a>(&mut self, zones: impl Iterator<Item = &'a String>) {
        self.debug1("config.icmptype.0.GetAll('org.fedoraproject.FirewallD1.config.icmptype')");
        self.debug1("config.IcmpTypeAdded('bad-header')");
        self.debug1("config.service.6.GetAll('org.fedoraproject.FirewallD1.config.service')");
        self.debug1("config.ServiceAdded('public')");
        for (number, zone) in zones.enumerate() {
            self.debug1(&format!(
                "config.zone.{number}.GetAll('org.fedoraproject.FirewallD1.config.zone')"
            ));
            self.debug1(&format!("config.ZoneAdded('{zone}')"));
        }
        self.debug1("config.helper.0.GetAll('org.fedoraproject.FirewallD1.config.helper')");
        self.debug1("config.HelperAdded('ftp')");
        self.debug1("config.policy.0.GetAll('org.fedoraproject.FirewallD1.config.policy')");
        self.debug1("config.PolicyAdded('allow-host-ipv6')");
    }
}
