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

/// CRI-O's releases by what their lines tell: the one place that knows where they differ. A version
/// that cannot be read is none of them, and says nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum Release {
    /// Up to 1.21: port lines do not reach the journal.
    #[cfg_attr(feature = "serde", serde(rename = "up_to_1_21"))]
    UpTo121,
    /// 1.22 to 1.30: sockets and rules are told.
    #[cfg_attr(feature = "serde", serde(rename = "from_1_22"))]
    From122,
    /// 1.31 and 1.32: it holds no sockets; rules are told.
    #[cfg_attr(feature = "serde", serde(rename = "from_1_31"))]
    From131,
    /// From 1.33 on: it holds no sockets; rules are told where it uses iptables, and not where it
    /// uses nftables.
    #[cfg_attr(feature = "serde", serde(rename = "from_1_33"))]
    From133,
}

impl Release {
    /// The release of a version by its first two numbers. There is no CRI-O 2; one would be newer
    /// than all that is known here.
    #[must_use]
    pub const fn of((major, minor): (u16, u16)) -> Self {
        match (major, minor) {
            (0, _) | (1, ..22) => Self::UpTo121,
            (1, 22..31) => Self::From122,
            (1, 31..33) => Self::From131,
            _ => Self::From133,
        }
    }
}
