//! What this CRI-O is able to tell, from its version and from the lines seen.

use core::fmt;

/// What a log of CRI-O tells about one of the two truths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum Speech {
    /// Its lines tell.
    Tells,
    /// There is nothing to tell: from 1.31 on CRI-O holds no sockets.
    NothingToTell,
    /// Its version is too old: before 1.22 the lines do not reach the log.
    TooOld,
    /// It uses nftables (1.33 or newer), and prints no rules.
    Nftables,
    /// Host ports are switched off (1.28 or newer).
    SwitchedOff,
    /// The log was filtered so that only some of its lines are left.
    Filtered,
    /// No line has shown it yet.
    NotSeen,
}

impl Speech {
    /// The word in words.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Tells => "tells",
            Self::NothingToTell => "nothing to tell in this version",
            Self::TooOld => "this version is too old to tell",
            Self::Nftables => "nothing is told on nftables",
            Self::SwitchedOff => "host ports are switched off",
            Self::Filtered => "the log was filtered",
            Self::NotSeen => "not seen yet",
        }
    }
}

impl fmt::Display for Speech {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
