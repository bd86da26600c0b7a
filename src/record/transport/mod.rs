//! How the lines of a log reach the reader: bare, or wrapped by the journal, by rsyslog, by a
//! container runtime or by a tool.
//!
//! A [`Reader`] takes physical lines and gives back the messages that the programs wrote, each with
//! what its wrapping says: time, host, identifier, process, boot, pod. Forms of one line a message
//! are taken off without copying; forms of several lines (the journal's export, verbose and
//! json-pretty output, container records cut in parts) are put together within the caller's limits.
//!
//! The form is recognised line by line, so a log may mix them. What was recognised and is then
//! broken is malformed, with its place. A line without any wrapping is a message as it stands.
//!
//! Forms and their sources: journalctl of systemd 252, rsyslog 8.2302, container logs as the
//! kubelet, `oc` and `kubectl` show them, docker's json-file driver, the JSON of shippers, `grep`
//! with `-n`, `-H` and `-C`, quotations.
//!
//! # Where reading may begin
//!
//! What a line means may depend on lines before it only in these cases; everywhere else any line is
//! a place to begin.
//!
//! | form | depends on |
//! |---|---|
//! | export, verbose, json-pretty | the lines of the same entry; a new entry begins at `__CURSOR=`, at a header line, at `{` |
//! | container log, docker | parts (`P`, or no final newline) of a record of the same stream that has not ended |
//! | short modes | a line that begins with as many blanks as the prefix before it is long belongs to the message before it |
//! | `-- Boot … --` | it is a remark of the journal if the line before it came in a journal form, and text otherwise |
//! | `-- Boot … --` | it is told for the host of the message behind it, if no other was named before |
//! | `grep`, node names, indents, `> ` | a line that shows nothing by itself is taken as marked like the line before it |
//! | file names, indents, `> ` | they are marks unless the last line that shows itself had none |
//! | json, export, verbose | a boot is told when `_BOOT_ID` differs from the one that the same host had before |
//!
//! [`Reader::open_part`] says what is held at any place.

mod delivery;
mod encoding;
mod export;
mod fields;
mod json_entry;
mod line;
mod marker;
mod memory;
mod partial_records;
mod pending_entry;
mod prefix;
mod pretty;
mod reader;
mod shipped;
mod verbose;

pub use delivery::{Entry, JournalNotice, Unwrapped};
pub use encoding::Encoding;
pub use prefix::Prefix;
pub use reader::{OpenPart, Reader};

use core::fmt;

/// The form in which a message was wrapped.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum Transport {
    /// Not at all: a program's own file, `journalctl -o cat`, or a line whose wrapping is lost.
    #[default]
    None,
    /// `Jun 25 16:24:11 rhel92 crio[77216]: `: journalctl's default, and rsyslog's traditional
    /// format.
    Short,
    /// `Jun 25 16:24:11.657908 rhel92 crio[77216]: `: what `oc adm node-logs` and must-gather
    /// collect.
    ShortPrecise,
    /// `2023-06-25T16:24:11+0800 rhel92 crio[77216]: `.
    ShortIso,
    /// `2023-06-25T16:24:11.657908+0800 rhel92 crio[77216]: `.
    ShortIsoPrecise,
    /// `Sun 2023-06-25 16:24:11 CST rhel92 crio[77216]: `.
    ShortFull,
    /// `1687681451.657908 rhel92 crio[77216]: `.
    ShortUnix,
    /// `[    5.312951] rhel92 crio[77216]: `.
    ShortMonotonic,
    /// `[    5.312951 <    0.001147 >] rhel92 crio[77216]: `.
    ShortDelta,
    /// `Sun 2023-06-25 16:24:11 CST rhel92 crio.service[77216]: `: the unit stands where the
    /// identifier would.
    WithUnit,
    /// One JSON object a line.
    Json,
    /// One JSON object a line, behind a record separator.
    JsonSeq,
    /// One JSON object a line, behind `data: `.
    JsonSse,
    /// One JSON object in many lines.
    JsonPretty,
    /// `KEY=value` lines up to an empty line, with lengths in front of binary values.
    Export,
    /// A header with a cursor, and indented `KEY=value` lines.
    Verbose,
    /// `Jun 25 16:24:11 rhel92 crio[77216] `, without the colon.
    RsyslogTraditional,
    /// `2023-06-25T16:24:11.657908+08:00 rhel92 crio[77216] `, with or without a colon; the iso
    /// modes of later journalctl look alike.
    RsyslogFile,
    /// `<30>1 2023-06-25T16:24:11.657908+08:00 rhel92 crio 77216 - - `.
    RsyslogProtocol23,
    /// `2023-11-22T09:46:35.825084079+08:00 stderr F `: the log file of a container.
    Container,
    /// `2023-11-22T09:46:35.825084642Z `: `oc logs --timestamps`, `kubectl logs --timestamps`.
    Timestamps,
    /// `{"log": "…\n", "stream": "stderr", "time": "…"}`: docker's json-file driver.
    Docker,
    /// `{"@timestamp":"…","message":"…","hostname":"rhel92"}`: an object of fluentd, fluent-bit,
    /// Vector, Loki, filebeat or OpenShift's logging.
    Shipped,
}

impl Transport {
    /// The name used in reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Short => "journal short",
            Self::ShortPrecise => "journal short-precise",
            Self::ShortIso => "journal short-iso",
            Self::ShortIsoPrecise => "journal short-iso-precise",
            Self::ShortFull => "journal short-full",
            Self::ShortUnix => "journal short-unix",
            Self::ShortMonotonic => "journal short-monotonic",
            Self::ShortDelta => "journal short-delta",
            Self::WithUnit => "journal with-unit",
            Self::Json => "journal json",
            Self::JsonSeq => "journal json-seq",
            Self::JsonSse => "journal json-sse",
            Self::JsonPretty => "journal json-pretty",
            Self::Export => "journal export",
            Self::Verbose => "journal verbose",
            Self::RsyslogTraditional => "rsyslog traditional",
            Self::RsyslogFile => "rsyslog file",
            Self::RsyslogProtocol23 => "rsyslog protocol-23",
            Self::Container => "container log",
            Self::Timestamps => "container log with timestamps",
            Self::Docker => "docker json-file",
            Self::Shipped => "json of a shipper",
        }
    }

    /// True for the forms in which a message stands on its lines behind a prefix, so that prefix
    /// and message together are the line.
    #[must_use]
    pub const fn is_prefix(self) -> bool {
        !matches!(
            self,
            Self::Json
                | Self::JsonSeq
                | Self::JsonSse
                | Self::JsonPretty
                | Self::Export
                | Self::Verbose
                | Self::Docker
                | Self::Shipped
        )
    }

    /// True for the modes of journalctl, also where rsyslog's traditional format looks the same.
    #[must_use]
    pub const fn is_journal(self) -> bool {
        !matches!(
            self,
            Self::None
                | Self::RsyslogTraditional
                | Self::RsyslogFile
                | Self::RsyslogProtocol23
                | Self::Container
                | Self::Timestamps
                | Self::Docker
                | Self::Shipped
        )
    }

    /// True for the forms in which journalctl pads the further lines of a message with blanks.
    const fn pads_lines(self) -> bool {
        self.is_prefix() && (self.is_journal() || matches!(self, Self::RsyslogFile))
    }
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The stream of a container that a message was written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
pub enum Stream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}
