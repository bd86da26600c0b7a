//! The lines that an answer stands on.

use crate::assume::Assume;
use crate::span::LineRef;
use crate::stamp::Stamp;
use alloc::string::{String, ToString};
use core::fmt;

/// A line of the input and the time it carries.
///
/// Position orders evidence, never the clock: clocks go back, and years are missing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Evidence {
    /// Where the line stands.
    pub at: LineRef,
    /// The time it carries, if it carries one.
    pub stamp: Option<Stamp>,
    /// True if no line says it: the caller stated it behind this line. Line 0 stands for a
    /// statement before the first line.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "core::ops::Not::not"))]
    pub stated: bool,
}

impl Evidence {
    /// Evidence at a line, with the time it carries.
    #[must_use]
    pub const fn new(at: LineRef, stamp: Option<Stamp>) -> Self {
        Self { at, stamp, stated: false }
    }

    /// Evidence of what the caller states behind a line.
    ///
    /// ```
    /// use hostport_audit::state::evidence::Evidence;
    /// use hostport_audit::{ByteSpan, InputId, LineRef};
    ///
    /// let behind = |line| LineRef::new(InputId::default(), line, ByteSpan::default());
    /// assert_eq!(Evidence::statement(behind(7)).to_string(), "a statement behind line 7");
    /// assert_eq!(Evidence::statement(behind(0)).to_string(), "a statement before the first line");
    /// ```
    #[must_use]
    pub const fn statement(behind: LineRef) -> Self {
        Self { at: behind, stamp: None, stated: true }
    }
}

impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.stated {
            return write!(f, "a statement {}", Behind(self.at));
        }
        match self.stamp {
            Some(stamp) => write!(f, "{} ({stamp})", self.at),
            None => write!(f, "{}", self.at),
        }
    }
}

/// The place of a statement.
struct Behind(LineRef);

impl fmt::Display for Behind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.line() {
            0 => f.write_str("before the first line"),
            _ => write!(f, "behind {}", self.0),
        }
    }
}

/// How sure it is that something is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum Certainty {
    /// The program said that it was done: a signal, a commit, a confirmed snapshot.
    Confirmed,
    /// The program said that it was about to do it, and reported no failure since; or a signal came
    /// without the request before it.
    Reported,
    /// The caller stated it.
    Stated,
    /// It was so at an earlier line, and is so still if an assumption of the caller's is true.
    Assumed,
}

impl Certainty {
    /// The word used in reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Confirmed => "confirmed",
            Self::Reported => "reported",
            Self::Stated => "stated",
            Self::Assumed => "assumed",
        }
    }
}

impl fmt::Display for Certainty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// An assumption of the caller's, and the two lines between which it stands in for the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Assumed {
    /// What is assumed.
    pub what: Assume,
    /// The last line before the silence.
    pub from: Evidence,
    /// The line that ended it.
    pub to: Evidence,
}

impl fmt::Display for Assumed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, between {} and {}", self.what.in_words(), self.from, self.to)
    }
}

/// Why something counts as open: the line that proves it, the request before it, and how sure that
/// is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Provenance {
    /// The line that asked for it, where the program logs one.
    pub request: Option<Evidence>,
    /// The line since which it is open.
    pub since: Evidence,
    /// How sure it is.
    pub certainty: Certainty,
}

impl Provenance {
    /// Support by one line.
    #[must_use]
    pub const fn new(since: Evidence, certainty: Certainty) -> Self {
        Self { request: None, since, certainty }
    }

    /// Where it stands, in short: `line 92`, or `behind line 92` for what the caller stated there.
    pub(crate) fn place(&self) -> String {
        if self.since.stated {
            Behind(self.since.at).to_string()
        } else {
            self.since.at.to_string()
        }
    }

    /// The support of what this brought about at a later line, as a reload makes runtime of what
    /// was permanent.
    ///
    /// The line since which this holds is what asked for it.
    #[must_use]
    pub fn carried_to(self, by: Evidence) -> Self {
        if self.since == by {
            self
        } else {
            Self { request: Some(self.since), since: by, certainty: self.certainty }
        }
    }

    /// True unless it holds only by an assumption.
    #[must_use]
    pub const fn is_told(&self) -> bool {
        !matches!(self.certainty, Certainty::Assumed)
    }

    /// The same support, which holds only if an assumption is true.
    #[must_use]
    pub const fn assumed(mut self) -> Self {
        self.certainty = Certainty::Assumed;
        self
    }

    /// The same support with the line that asked for it.
    #[must_use]
    pub const fn requested_by(mut self, request: Evidence) -> Self {
        self.request = Some(request);
        self
    }
}
