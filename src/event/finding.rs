//! What reading a stretch of log lines led to: the stream that state, coverage and segments are
//! folds of.

use super::{Anomaly, EventKind, Front};
use crate::error::ParseError;
use crate::record::transport::Encoding;
use crate::span::LineRef;
use crate::stamp::Stamp;
use crate::text::Text;
use core::fmt;

/// The three programs whose logs tell of host ports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum Source {
    /// firewalld's debug log.
    Firewalld,
    /// CRI-O's log.
    Crio,
    /// The log of OVN-Kubernetes' node process.
    Ovnkube,
}

impl Source {
    /// All of them, in order.
    pub const ALL: [Self; 3] = [Self::Firewalld, Self::Crio, Self::Ovnkube];

    /// The name in lower case.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Firewalld => "firewalld",
            Self::Crio => "crio",
            Self::Ovnkube => "ovnkube",
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What one record, or one line that is none, led to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding<'a> {
    /// The line, or the first line of a record that spans several.
    pub at: LineRef,
    /// How many lines of the input it accounts for: the sum over all findings is the number of
    /// lines read.
    pub lines: u64,
    /// The host named in the prefix; `None` where the prefix names none.
    pub host: Option<Text<'a>>,
    /// The boot named in the prefix, where it names one.
    pub boot: Option<Text<'a>>,
    /// The time the program wrote, or else the time in the prefix.
    pub stamp: Option<Stamp>,
    /// The time in the prefix, whatever time the program wrote.
    pub clock: Option<Stamp>,
    /// What it is.
    pub kind: FindingKind<'a>,
}

/// What a [`Finding`] is.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum FindingKind<'a> {
    /// A record that says something about ports, or about what may be known of them.
    Event(EventKind<'a>),
    /// A record of a source that says nothing of the kind.
    Plain(Source),
    /// A line of another program.
    Unrelated,
    /// A line that was recognised and then broken.
    Malformed {
        /// The source whose record it would have been, where that could be told.
        source: Option<Source>,
        /// Where and why it broke.
        error: ParseError,
    },
    /// A line that holds a known message behind something that is no wrapping known here.
    LookAlike {
        /// The source whose message it is.
        source: Source,
        /// What stands in front of it.
        front: Front,
    },
    /// The first line of an input that is no text, or text in another encoding.
    Encoded(Encoding),
    /// A remark about the lines before; it accounts for no line of its own.
    Anomaly(Anomaly),
}

impl Finding<'_> {
    /// The source it is about; `None` for lines and remarks of no source.
    #[must_use]
    pub const fn source(&self) -> Option<Source> {
        match &self.kind {
            FindingKind::Event(EventKind::Firewalld(_)) => Some(Source::Firewalld),
            FindingKind::Event(EventKind::Crio(_)) => Some(Source::Crio),
            FindingKind::Event(EventKind::Ovnkube(_)) => Some(Source::Ovnkube),
            FindingKind::Event(_)
            | FindingKind::Unrelated
            | FindingKind::Encoded(_)
            | FindingKind::Anomaly(_) => None,
            FindingKind::Plain(source) | FindingKind::LookAlike { source, .. } => Some(*source),
            FindingKind::Malformed { source, .. } => *source,
        }
    }

    /// The same finding, no longer bound to the input.
    #[must_use]
    pub fn into_owned(self) -> Finding<'static> {
        Finding {
            at: self.at,
            lines: self.lines,
            host: self.host.map(Text::into_owned),
            boot: self.boot.map(Text::into_owned),
            stamp: self.stamp,
            clock: self.clock,
            kind: match self.kind {
                FindingKind::Event(what) => FindingKind::Event(what.into_owned()),
                FindingKind::Plain(source) => FindingKind::Plain(source),
                FindingKind::Unrelated => FindingKind::Unrelated,
                FindingKind::Malformed { source, error } => {
                    FindingKind::Malformed { source, error }
                }
                FindingKind::LookAlike { source, front } => {
                    FindingKind::LookAlike { source, front }
                }
                FindingKind::Encoded(encoding) => FindingKind::Encoded(encoding),
                FindingKind::Anomaly(remark) => FindingKind::Anomaly(remark),
            },
        }
    }
}
