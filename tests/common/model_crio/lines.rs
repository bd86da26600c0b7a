//! CRI-O's lines: logrus' text and JSON formats, and the prefixes under which they reach people.

/// Versions whose lines differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    V1_22_5,
    V1_26_0,
    V1_29_9,
    V1_30_14,
    /// No sockets any more; otherwise as 1.30 (read in the source of that time, not seen in a log).
    V1_31_0,
    /// The same with the newer form of times.
    V1_32_0,
    V1_36_3,
    V1_36_3Nft,
}

impl Version {
    pub const ALL: [Self; 8] = [
        Self::V1_22_5,
        Self::V1_26_0,
        Self::V1_29_9,
        Self::V1_30_14,
        Self::V1_31_0,
        Self::V1_32_0,
        Self::V1_36_3,
        Self::V1_36_3Nft,
    ];

    pub fn text(self) -> &'static str {
        match self {
            Self::V1_22_5 => "1.22.5",
            Self::V1_26_0 => "1.26.0",
            Self::V1_29_9 => "1.29.9",
            Self::V1_30_14 => "1.30.14",
            Self::V1_31_0 => "1.31.0",
            Self::V1_32_0 => "1.32.0",
            Self::V1_36_3 | Self::V1_36_3Nft => "1.36.3",
        }
    }

    /// Up to 1.30 a socket holds each port, and two lines tell of it.
    pub fn holds_sockets(self) -> bool {
        self <= Self::V1_30_14
    }

    /// One manager of both families that goes by IPv4 first, names pods with `_` at the end, and
    /// speaks of conntrack as ever.
    pub fn is_old_manager(self) -> bool {
        self <= Self::V1_32_0
    }
}

/// How the lines reached the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    Short,
    ShortPrecise,
    ShortIsoPrecise,
    WithUnit,
    Cat,
    Json,
    Export,
    Verbose,
    RsyslogTraditional,
    RsyslogFile,
}

impl Mode {
    pub const ALL: [Self; 10] = [
        Self::Short,
        Self::ShortPrecise,
        Self::ShortIsoPrecise,
        Self::WithUnit,
        Self::Cat,
        Self::Json,
        Self::Export,
        Self::Verbose,
        Self::RsyslogTraditional,
        Self::RsyslogFile,
    ];

    /// The journal's own modes tell of a boot.
    pub fn tells_boots(self) -> bool {
        !matches!(self, Self::Cat | Self::RsyslogTraditional | Self::RsyslogFile)
    }
}

/// How CRI-O is set up to log.
#[derive(Debug, Clone, Copy)]
pub struct Setup {
    pub version: Version,
    pub mode: Mode,
    /// `--log-format json`.
    pub json: bool,
    /// `log_level = "debug"`: lines name their file, and requests are logged.
    pub debug: bool,
    /// The zone is UTC rather than +08:00.
    pub utc: bool,
    /// Long messages do not get through whole: `journalctl -o json` without `--all` leaves out
    /// those of more than 4096 bytes, and rsyslog cuts at the length it is told (8 KiB if
    /// nothing is said; 2 KiB here).
    pub short_messages: bool,
}

#[derive(Debug, Clone)]
pub struct Journal {
    pub bytes: Vec<u8>,
    pub setup: Setup,
    /// Microseconds since 2023-06-25 00:00 in local time.
    pub clock: u64,
    pub pid: u32,
    pub boots: u32,
    debugging: bool,
    count: u64,
    /// While set, lines are lost before they reach the file.
    pub losing: bool,
    /// A message did not get through whole since this was last looked at.
    pub cut: bool,
}

impl Journal {
    pub fn new(setup: Setup) -> Self {
        let clock = (16 * 3600 + 24 * 60 + 11) * 1_000_000;
        Self {
            bytes: Vec::new(),
            setup,
            clock,
            pid: 77216,
            boots: 0,
            debugging: false,
            count: 0,
            losing: false,
            cut: false,
        }
    }

    pub fn boot_id(&self) -> String {
        format!("{:032x}", 0x565f_d651_0363_31e9_u128 + (u128::from(self.boots) << 77))
    }

    fn clock_text(&self) -> String {
        let s = self.clock / 1_000_000;
        format!("{:02}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60)
    }

    /// CRI-O's own message, without what the journal puts in front.
    fn message(
        &mut self,
        level: &str,
        text: &str,
        file: &str,
        request: Option<(&str, &str)>,
    ) -> String {
        let zone = if self.setup.utc { "Z" } else { "+08:00" };
        if self.setup.json {
            let id = request.map_or(String::new(), |(id, _)| format!("\"id\":{},", json(id)));
            let name =
                request.map_or(String::new(), |(_, name)| format!("\"name\":{},", json(name)));
            let time = format!("2023-06-25T{}{zone}", self.clock_text());
            return format!(
                "{{{id}\"level\":\"{level}\",\"msg\":{},{name}\"time\":\"{time}\"}}",
                json(text)
            );
        }
        let nanos = self.clock % 1_000_000 * 1000 + 418;
        let time = if self.setup.version >= Version::V1_32_0 {
            let fraction = format!("{nanos:09}");
            format!("2023-06-25T{}.{}{zone}", self.clock_text(), fraction.trim_end_matches('0'))
        } else {
            format!("2023-06-25 {}.{nanos:09}{zone}", self.clock_text())
        };
        let mut line = format!("time=\"{time}\" level={level} msg={}", logfmt(text));
        self.debugging |= level == "debug";
        if self.debugging {
            line.push_str(&format!(" file={}", logfmt(file)));
        }
        if let Some((id, name)) = request {
            line.push_str(&format!(" id={} name={}", logfmt(id), logfmt(name)));
        }
        line
    }

    pub fn log(&mut self, level: &str, text: &str, file: &str, request: Option<(&str, &str)>) {
        self.clock += 1_153;
        let message = self.message(level, text, file, request);
        let pid = self.pid;
        self.entry("crio", "crio.service", pid, &message);
    }

    /// An entry of the journal, or a line of a syslog file.
    pub fn entry(&mut self, identifier: &str, unit: &str, pid: u32, message: &str) {
        if self.losing {
            return;
        }
        self.count += 1;
        let (time, micros) = (self.clock_text(), self.clock % 1_000_000);
        let rsyslog = matches!(self.setup.mode, Mode::RsyslogTraditional | Mode::RsyslogFile);
        let mut line = message;
        if self.setup.short_messages && rsyslog && message.len() > 2048 {
            line = message.get(..2048).unwrap_or(message);
            self.cut = true;
        }
        let left_out =
            self.setup.short_messages && self.setup.mode == Mode::Json && message.len() > 4096;
        self.cut |= left_out;
        let host = "rhel92";
        let text = match self.setup.mode {
            Mode::Short => format!("Jun 25 {time} {host} {identifier}[{pid}]: {line}\n"),
            Mode::ShortPrecise => {
                format!("Jun 25 {time}.{micros:06} {host} {identifier}[{pid}]: {line}\n")
            }
            Mode::ShortIsoPrecise => {
                format!("2023-06-25T{time}.{micros:06}+0800 {host} {identifier}[{pid}]: {line}\n")
            }
            Mode::WithUnit => format!("Sun 2023-06-25 {time} CST {host} {unit}[{pid}]: {line}\n"),
            Mode::Cat => format!("{line}\n"),
            Mode::RsyslogTraditional => {
                format!("Jun 25 {time} {host} {identifier}[{pid}] {line}\n")
            }
            Mode::RsyslogFile => {
                format!("2023-06-25T{time}.{micros:06}+08:00 {host} {identifier}[{pid}] {line}\n")
            }
            Mode::Json => {
                let mut fields = self.fields(identifier, unit, pid);
                fields.push(("MESSAGE".to_owned(), line.to_owned()));
                let turn = self.count as usize % fields.len();
                fields.rotate_left(turn);
                let value = |key: &str, value: &str| match key {
                    "MESSAGE" if left_out => "null".to_owned(),
                    _ => json(value),
                };
                let fields: Vec<_> = fields
                    .iter()
                    .map(|(key, text)| format!("\"{key}\":{}", value(key, text)))
                    .collect();
                format!("{{{}}}\n", fields.join(","))
            }
            Mode::Export => {
                let fields: String = self
                    .fields(identifier, unit, pid)
                    .iter()
                    .map(|(k, v)| format!("{k}={v}\n"))
                    .collect();
                format!("{fields}MESSAGE={line}\n\n")
            }
            Mode::Verbose => {
                let fields: String = self.fields(identifier, unit, pid)[3..]
                    .iter()
                    .map(|(k, v)| format!("    {k}={v}\n"))
                    .collect();
                let cursor = format!(
                    "s=6f27;i={:x};b={};m=4c4f28;t=5feeff566c825;x=37d0",
                    self.count,
                    self.boot_id()
                );
                format!(
                    "Sun 2023-06-25 {time}.{micros:06} CST [{cursor}]\n{fields}    MESSAGE={line}\n"
                )
            }
        };
        self.bytes.extend_from_slice(text.as_bytes());
    }

    fn fields(&self, identifier: &str, unit: &str, pid: u32) -> Vec<(String, String)> {
        let cursor = format!(
            "s=6f27;i={:x};b={};m=4c4f28;t=5feeff566c825;x=37d0",
            self.count,
            self.boot_id()
        );
        let pairs = [
            ("__CURSOR", cursor),
            ("__REALTIME_TIMESTAMP", (1_687_622_400_000_000 + self.clock).to_string()),
            ("__MONOTONIC_TIMESTAMP", (self.clock % 5_000_000_000).to_string()),
            ("_BOOT_ID", self.boot_id()),
            ("_TRANSPORT", "stdout".to_owned()),
            ("PRIORITY", "6".to_owned()),
            ("_HOSTNAME", "rhel92".to_owned()),
            ("SYSLOG_IDENTIFIER", identifier.to_owned()),
            ("_PID", pid.to_string()),
            ("_SYSTEMD_UNIT", unit.to_owned()),
        ];
        pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
    }

    /// CRI-O starts, with a new pid.
    pub fn start(&mut self) {
        self.pid += 23_750;
        self.debugging = false;
        let version = self.setup.version.text();
        self.log(
            "info",
            &format!("Starting CRI-O, version: {version}, git: unknown(clean)"),
            "",
            None,
        );
        self.log("info", "Node configuration value for hugetlb cgroup is true", "", None);
        self.log("info", "Using the internal default seccomp profile", "", None);
    }

    /// The machine starts anew.
    pub fn boot(&mut self) {
        self.boots += 1;
        if self.setup.mode.tells_boots() && !matches!(self.setup.mode, Mode::Json | Mode::Export) {
            let line = format!("-- Boot {} --\n", self.boot_id());
            self.bytes.extend_from_slice(line.as_bytes());
        }
    }
}

/// A value as logrus' text formatter writes it: bare, or quoted by Go's `%q`.
pub fn logfmt(text: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || "-._/@^+".contains(c);
    if text.chars().all(bare) {
        return text.to_owned();
    }
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '"' | '\\' => out.extend(['\\', c]),
            _ => out.push(c),
        }
    }
    out.push('"');
    out
}

fn json(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '"' | '\\' => out.extend(['\\', c]),
            '&' => out.push_str("\\u0026"),
            '<' => out.push_str("\\u003c"),
            '>' => out.push_str("\\u003e"),
            _ => out.push(c),
        }
    }
    out.push('"');
    out
}
