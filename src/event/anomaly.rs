//! Remarks: what an auditor should hear although nothing opened or closed by it.

use core::fmt;

/// Something odd in the log, counted and told, never silently passed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum Anomaly {
    /// A look-alike written by another program than the one it imitates.
    ForeignIdentifier,
    /// A rule line without its klog header.
    NoHeader,
    /// A time that does not exist; the record counts, its time does not.
    BadTime,
    /// A rule in a chain whose name only looks like one that publishes ports.
    UnknownChain,
    /// A rule with a match that is not understood, so its ports are not.
    UnsupportedMatch,
    /// A field that the program never prints twice.
    DuplicateField,
    /// A message that was cut short.
    CutMessage,
    /// A line longer than the caller allows.
    LineTooLong,
    /// A known message behind something that is no wrapping known here.
    LookAlike,
    /// The clock went back.
    ClockBack,
    /// The lines run against their own times: the newest comes first.
    NewestFirst,
    /// Lines are missing.
    Gap,
    /// A port outside 1 to 65535, a number in a form that the program never prints, or a protocol
    /// that is not known: `Opened local port dccp:443`.
    NotAPort,
    /// Something closed that was not known to be open.
    CloseWithoutOpen,
    /// A signal came without the request that goes before it: a timer, another interface of the
    /// program, or a forged line.
    SignalWithoutRequest,
    /// A signal that contradicts what the program itself holds.
    FalseSignal,
    /// A request that was neither confirmed nor refused.
    RequestUnanswered,
    /// A fact stated by the caller contradicts what the log led to.
    Contradiction,
    /// A failure that took back what was reported before it.
    TakenBack,
    /// Files of the program's configuration were edited by somebody else, as the program noticed.
    FilesEdited,
    /// An assumption of the caller's stands in for what the log cannot tell.
    Assumed,
    /// A limit of the caller's was reached, and something was dropped.
    LimitReached,
}

impl Anomaly {
    /// The remark in words.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ForeignIdentifier => "look-alike by another program",
            Self::NoHeader => "rule line without its header",
            Self::BadTime => "time that does not exist",
            Self::UnknownChain => "unknown chain",
            Self::UnsupportedMatch => "match that is not understood",
            Self::DuplicateField => "field given twice",
            Self::CutMessage => "message cut short",
            Self::LineTooLong => "line too long",
            Self::LookAlike => "known message that could not be unwrapped",
            Self::ClockBack => "clock went back",
            Self::NewestFirst => "newest line first",
            Self::Gap => "lines are missing",
            Self::NotAPort => "not a port",
            Self::CloseWithoutOpen => "closed without being open",
            Self::SignalWithoutRequest => "signal without its request",
            Self::FalseSignal => "signal that contradicts the program's own state",
            Self::RequestUnanswered => "request without an answer",
            Self::Contradiction => "stated fact contradicts the log",
            Self::TakenBack => "taken back by a failure",
            Self::FilesEdited => "configuration files edited by somebody else",
            Self::Assumed => "assumption made",
            Self::LimitReached => "limit reached",
        }
    }
}

impl fmt::Display for Anomaly {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
