//! Which program's log an input holds.

use crate::error::{ErrorKind, ParseError};
use crate::event::Source;
use core::fmt;
use core::str::FromStr;

/// Which program's log an input holds: told by the caller, or found out line by line.
///
/// ```
/// use hostport_audit::{Expect, Source};
///
/// assert_eq!("auto".parse::<Expect>()?, Expect::Auto);
/// assert_eq!("crio".parse::<Expect>()?, Expect::Only(Source::Crio));
/// # Ok::<(), hostport_audit::ParseError>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
pub enum Expect {
    /// Any of the three, mixed in any way: each line is recognised by its prefix and its shape.
    #[default]
    Auto,
    /// One program's log; lines of the others are unrelated.
    Only(Source),
}

impl Expect {
    /// True if records of the source are to be read.
    #[must_use]
    pub fn includes(self, source: Source) -> bool {
        match self {
            Self::Auto => true,
            Self::Only(only) => only == source,
        }
    }
}

impl fmt::Display for Expect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.pad("auto"),
            Self::Only(source) => source.fmt(f),
        }
    }
}

impl FromStr for Expect {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        if text == "auto" {
            return Ok(Self::Auto);
        }
        Source::ALL.into_iter().find(|source| source.as_str() == text).map(Self::Only).ok_or_else(
            || ParseError::new(ErrorKind::Message, 0, "firewalld, crio, ovnkube or auto"),
        )
    }
}
