//! Answers that may be "unknown".

use super::evidence::Evidence;
use crate::event::journal::Cause;
use core::fmt;

/// Why the log cannot tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum UnknownReason {
    /// The log begins in mid-life, and nobody stated what held before it.
    BeforeLog,
    /// The program read its zone files, whose content it does not log, and nobody stated it.
    FilesNotLogged,
    /// A write whose content is not logged.
    OpaqueWrite,
    /// A file changed on disk.
    DiskChange,
    /// The program died half way through a change.
    Crash,
    /// The program started anew, and has not yet said what it kept.
    Restart,
    /// The machine may have been started anew: the log tells of a start, and not whether it came
    /// before or after, or which of several machines it was.
    MayHaveBooted,
    /// A stretch of the log is missing: suppressed, filtered, rotated away, or debug was off.
    Gap,
    /// Lines that always go together are not all there: the log was filtered.
    Filtered,
    /// A message was cut short.
    CutMessage,
    /// The program's version or settings never print this.
    NeverPrinted,
    /// What iptables holds was stated, and rules may be in nftables, which iptables-save does not
    /// print.
    NftablesNotStated,
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
    /// A line holds a known message behind something that is no wrapping known here.
    LookAlike,
    /// The lines run against their own times, so their order tells nothing.
    NewestFirst,
    /// A limit of the caller's was reached.
    Limit,
}

impl UnknownReason {
    /// The reason in words.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BeforeLog => "the log begins in mid-life",
            Self::FilesNotLogged => "zone files are not logged",
            Self::OpaqueWrite => "a write whose content is not logged",
            Self::DiskChange => "a file changed on disk",
            Self::Crash => "the program died half way",
            Self::Restart => "the program started anew and has not said what it kept",
            Self::MayHaveBooted => "the machine may have been started anew",
            Self::Gap => "a stretch of the log is missing",
            Self::Filtered => "the log looks filtered: lines are missing that go with others",
            Self::CutMessage => "a message was cut short",
            Self::NftablesNotStated => "rules may be in nftables, which was not stated",
            Self::NeverPrinted => "this version or setting never prints it",
            Self::Ambiguous => "a line that may be a part of another record",
            Self::Unresolved => "a value that cannot be resolved",
            Self::Underway => "a change is under way",
            Self::DoubtfulSignal => "a signal that may be false",
            Self::EditedWhileStopped => {
                "files may have been edited while the program was not running"
            }
            Self::NotRunning => "the program is not running",
            Self::LookAlike => "a line with a known message could not be unwrapped",
            Self::NewestFirst => "the newest line comes first, so the order tells nothing",
            Self::Limit => "a limit set by the caller was reached",
        }
    }
}

impl UnknownReason {
    /// How much a reason says: where several hold, the one with the greatest strength is told.
    ///
    /// A reason is stronger the less would be known if all weaker ones were put right.
    /// That the log begins in mid-life is the weakest: whoever states what held before the log puts
    /// it right. A value that cannot be read concerns one line, a write that is not logged a list,
    /// a stretch that is missing all of a program's state, until the program is loaded again. A
    /// program that died, that is not running, or that never prints the answer tells nothing
    /// whatever is stated about the time before. A limit of the caller's is the strongest, since
    /// the caller alone can put it right.
    ///
    /// ```
    /// use hostport_audit::state::known::UnknownReason;
    ///
    /// assert!(UnknownReason::Crash.strength() > UnknownReason::BeforeLog.strength());
    /// ```
    #[must_use]
    pub const fn strength(self) -> u8 {
        match self {
            Self::BeforeLog => 0,
            Self::FilesNotLogged => 1,
            Self::CutMessage
            | Self::Ambiguous
            | Self::Unresolved
            | Self::Underway
            | Self::DoubtfulSignal => 2,
            Self::OpaqueWrite | Self::DiskChange | Self::EditedWhileStopped => 3,
            Self::Gap
            | Self::Filtered
            | Self::LookAlike
            | Self::NewestFirst
            | Self::NftablesNotStated => 4,
            Self::Restart | Self::MayHaveBooted => 5,
            Self::Crash => 6,
            Self::NotRunning => 7,
            Self::NeverPrinted => 8,
            Self::Limit => 9,
        }
    }

    /// True if a later reason for the same thing says more than this one.
    ///
    /// That the log never told it is the weakest reason. That the program died, stopped or started
    /// is the strongest, and the last of them counts. Between others the first one counts, because
    /// the thing has been unknown since then.
    pub(super) const fn yields_to(self, later: Self) -> bool {
        match (self, later) {
            (Self::BeforeLog, _) => true,
            (Self::FilesNotLogged, later) => !matches!(later, Self::BeforeLog),
            (Self::NotRunning | Self::Restart, later) => !matches!(later, Self::FilesNotLogged),
            (_, later) => matches!(
                later,
                Self::NotRunning | Self::Restart | Self::MayHaveBooted | Self::Crash
            ),
        }
    }
}

impl From<Cause> for UnknownReason {
    fn from(cause: Cause) -> Self {
        match cause {
            Cause::LookAlike => Self::LookAlike,
            Cause::Cut | Cause::RateLimited | Cause::JournalLost | Cause::Encoded => Self::Gap,
        }
    }
}

impl fmt::Display for UnknownReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Something that the log cannot tell, why, and since which line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Unknown {
    /// Why.
    pub why: UnknownReason,
    /// The line that made it so; `None` stands for the beginning of the log.
    pub since: Option<Evidence>,
}

impl Unknown {
    /// What every state is before anything is said about it.
    pub const BEFORE_LOG: Self = Self { why: UnknownReason::BeforeLog, since: None };

    /// Unknown since a line.
    #[must_use]
    pub const fn since(why: UnknownReason, line: Evidence) -> Self {
        Self { why, since: Some(line) }
    }

    /// The stronger of two reasons for the same thing to be unknown, by [`UnknownReason::strength`]; of
    /// two that are equally strong the later one.
    ///
    /// ```
    /// use hostport_audit::state::evidence::Evidence;
    /// use hostport_audit::state::known::{UnknownReason, Unknown};
    ///
    /// let died = Unknown::since(UnknownReason::Crash, Evidence::default());
    /// assert_eq!(Unknown::BEFORE_LOG.stronger(died), died);
    /// assert_eq!(died.stronger(Unknown::BEFORE_LOG), died);
    /// ```
    #[must_use]
    pub fn stronger(self, other: Self) -> Self {
        let rank = |one: Self| (one.why.strength(), one.since, one.why);
        if rank(other) > rank(self) { other } else { self }
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
