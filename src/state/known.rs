//! Answers that may be "unknown".

use super::evidence::Evidence;
use core::fmt;

/// Why the log cannot tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum Ignorance {
    /// The log begins in mid-life, and nobody stated what held before it.
    BeforeLog,
    /// A write whose content is not logged.
    OpaqueWrite,
    /// A file changed on disk.
    DiskChange,
    /// The program died half way through a change.
    Crash,
    /// The program started anew, and has not yet said what it kept.
    Restart,
    /// A stretch of the log is missing: suppressed, filtered, rotated away, or debug was off.
    Gap,
    /// Lines that always go together are not all there: the log was filtered.
    Filtered,
    /// A message was cut short.
    CutMessage,
    /// The program's version or settings never print this.
    NeverPrinted,
    /// A line that may be a record of its own or a part of another one's text.
    Ambiguous,
    /// A value that cannot be resolved, such as a service name instead of a port number.
    Unresolved,
    /// A change is under way: the program said that it begins, and not yet how it ended.
    Underway,
    /// A signal that may be false: some versions also send it when nothing changed.
    DoubtfulSignal,
    /// The program was not running for a while, and its files may have been edited meanwhile.
    EditedWhileStopped,
    /// The program is not running.
    NotRunning,
    /// A limit of the caller's was reached.
    Limit,
}

impl Ignorance {
    /// The reason in words.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BeforeLog => "the log begins in mid-life",
            Self::OpaqueWrite => "a write whose content is not logged",
            Self::DiskChange => "a file changed on disk",
            Self::Crash => "the program died half way",
            Self::Restart => "the program started anew and has not said what it kept",
            Self::Gap => "a stretch of the log is missing",
            Self::Filtered => "the log looks filtered: lines are missing that go with others",
            Self::CutMessage => "a message was cut short",
            Self::NeverPrinted => "this version or setting never prints it",
            Self::Ambiguous => "a line that may be a part of another record",
            Self::Unresolved => "a value that cannot be resolved",
            Self::Underway => "a change is under way",
            Self::DoubtfulSignal => "a signal that may be false",
            Self::EditedWhileStopped => {
                "files may have been edited while the program was not running"
            }
            Self::NotRunning => "the program is not running",
            Self::Limit => "a limit set by the caller was reached",
        }
    }
}

impl fmt::Display for Ignorance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Something that the log cannot tell, why, and since which line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Unknown {
    /// Why.
    pub why: Ignorance,
    /// The line that made it so; `None` stands for the beginning of the log.
    pub since: Option<Evidence>,
}

impl Unknown {
    /// What every state is before anything is said about it.
    pub const BEFORE_LOG: Self = Self { why: Ignorance::BeforeLog, since: None };

    /// Unknown since a line.
    #[must_use]
    pub const fn since(why: Ignorance, line: Evidence) -> Self {
        Self { why, since: Some(line) }
    }
}

impl fmt::Display for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.since {
            Some(line) => write!(f, "{} since {line}", self.why),
            None => write!(f, "{}", self.why),
        }
    }
}
