//! A stretch of the log over which something was open, and how it began and ended.

use crate::state::evidence::{Certainty, Evidence};
use crate::state::known::UnknownReason;
use core::fmt;

/// How an [`Interval`] begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(tag = "type", rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum Beginning {
    /// The log has no opening for it, only what ended it: it was open before, or nobody can tell.
    NotSeen,
    /// It was found open by a line that tells the whole of a scope: it was opened at some line
    /// before.
    Found {
        /// The line that tells it.
        by: Evidence,
    },
    /// It was opened.
    Opened {
        /// The line that asked for it, where one did.
        request: Option<Evidence>,
        /// The line that proves it.
        by: Evidence,
    },
}

impl Beginning {
    /// The line from which on it is known to be open.
    #[must_use]
    pub const fn by(&self) -> Option<Evidence> {
        match self {
            Self::NotSeen => None,
            Self::Found { by } | Self::Opened { by, .. } => Some(*by),
        }
    }
}

impl fmt::Display for Beginning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotSeen => f.write_str("opening not seen"),
            Self::Found { by } => write!(f, "found open at {by}"),
            Self::Opened { request: Some(request), by } if request != by => {
                write!(f, "opened at {by}, requested at {request}")
            }
            Self::Opened { by, .. } => write!(f, "opened at {by}"),
        }
    }
}

/// How an [`Interval`] ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(tag = "type", rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum End {
    /// It was closed.
    Closed {
        /// The line that proves it.
        by: Evidence,
    },
    /// From this line on the log cannot tell whether it is open.
    BecameUnknown {
        /// Why.
        why: UnknownReason,
        /// The line.
        by: Evidence,
    },
    /// It is open where the log ends.
    StillOpen,
}

impl End {
    /// The line it ends with; `None` while it is open.
    #[must_use]
    pub const fn by(&self) -> Option<Evidence> {
        match self {
            Self::Closed { by } | Self::BecameUnknown { by, .. } => Some(*by),
            Self::StillOpen => None,
        }
    }
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed { by } => write!(f, "closed at {by}"),
            Self::BecameUnknown { why, by } => write!(f, "unknown from {by} on: {why}"),
            Self::StillOpen => f.write_str("still open"),
        }
    }
}

/// A stretch of the log over which something was open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Interval {
    /// How it begins.
    pub beginning: Beginning,
    /// How it ends.
    pub end: End,
    /// How sure the opening is; `None` where no opening was seen.
    pub certainty: Option<Certainty>,
}

impl Interval {
    /// True while nothing ended it.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        matches!(self.end, End::StillOpen)
    }
}

impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.beginning)?;
        if let Some(certainty) = self.certainty {
            write!(f, " ({certainty})")?;
        }
        write!(f, ", {}", self.end)
    }
}
