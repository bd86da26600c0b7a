//! What the caller assumes although no log can show it.

use crate::error::{ErrorKind, ParseError};
use alloc::collections::BTreeSet;
use core::fmt;
use core::str::FromStr;

/// Something that no log can show and the caller vouches for.
///
/// Each is off unless the caller states it. What is known only because of an assumption says so
/// wherever it is answered: its entries are
/// [`Certainty::Assumed`](crate::state::evidence::Certainty::Assumed), and reports name the
/// assumption with the two lines between which it was made.
///
/// ```
/// use hostport_audit::{Assume, Auditor};
///
/// let assume: Assume = "files-kept-while-stopped".parse()?;
/// assert_eq!(assume, Assume::FilesKeptWhileStopped);
/// let auditor = Auditor::new().assuming(assume);
/// assert!(auditor.assumptions().holds(assume));
/// # Ok::<(), hostport_audit::ParseError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum Assume {
    /// firewalld finds at each start the files that it left behind when it was heard of last.
    ///
    /// That takes in the last seconds before its end, in which its watcher had not yet told of an
    /// edit, and a life without `--debug` in between. Without the assumption the permanent layer
    /// of every zone is unknown at each start, for no line tells what happened to the files while
    /// the daemon was stopped, killed or switched off with its machine. An edit that the log did
    /// announce counts in any case.
    FilesKeptWhileStopped,
}

impl Assume {
    /// All of them, in order.
    pub const ALL: [Self; 1] = [Self::FilesKeptWhileStopped];

    /// The name, as given on a command line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::FilesKeptWhileStopped => "files-kept-while-stopped",
        }
    }

    /// The assumption in words.
    #[must_use]
    pub const fn in_words(self) -> &'static str {
        match self {
            Self::FilesKeptWhileStopped => "files kept while firewalld was stopped",
        }
    }
}

impl fmt::Display for Assume {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Assume {
    type Err = ParseError;

    fn from_str(name: &str) -> Result<Self, ParseError> {
        Self::ALL.into_iter().find(|assume| assume.as_str() == name).ok_or(ParseError::new(
            ErrorKind::Message,
            0,
            "files-kept-while-stopped",
        ))
    }
}

/// The assumptions that the caller states; none by default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
pub struct Assumptions(BTreeSet<Assume>);

impl Assumptions {
    /// No assumption.
    #[must_use]
    pub const fn none() -> Self {
        Self(BTreeSet::new())
    }

    /// The same, and one more.
    #[must_use]
    pub fn and(mut self, assume: Assume) -> Self {
        self.0.insert(assume);
        self
    }

    /// True if it is assumed.
    #[must_use]
    pub fn holds(&self, assume: Assume) -> bool {
        self.0.contains(&assume)
    }

    /// All that are stated, in order.
    pub fn iter(&self) -> impl Iterator<Item = Assume> + '_ {
        self.0.iter().copied()
    }
}
