//! What the journal itself says between the messages it carries, and what else shows that lines are
//! missing.

use super::finding::Source;
use crate::record::transport::{JournalNotice, Prefix};
use crate::text::Text;

/// A remark of the journal.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(tag = "type", rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum Event<'a> {
    /// The machine was started anew: `-- Boot 2d30a6508937515eb84cfdeac507588e --`, or another
    /// `_BOOT_ID` (systemd 252).
    Boot {
        /// The identifier of the boot, if the remark names it.
        id: Option<Text<'a>>,
    },
    /// One of several machines was started anew, and the log does not tell which: `-- Boot … --`
    /// among messages of more than one host.
    ///
    /// For one of these machines it means that what a start ends may have ended.
    BootOfOne {
        /// The identifier of the boot, if the remark names it.
        id: Option<Text<'a>>,
    },
    /// Messages are missing: `Suppressed 42 messages from crio.service` (systemd-journald 252).
    Suppressed {
        /// How many.
        count: u64,
        /// From which unit.
        unit: Text<'a>,
        /// The source whose lines that unit writes, if it writes any.
        source: Option<Source>,
    },
    /// A line of a program was lost to a limit, and might have said anything.
    Lost {
        /// The program.
        source: Source,
    },
    /// Lines are missing here, or are there and cannot be read. Where no host is named it may be
    /// any host's.
    Missing {
        /// What may have been said in them.
        what: Missing,
        /// What shows it.
        cause: Cause,
    },
    /// The text of a message is lost: `[12B blob data]`, or `MESSAGE: null` in a JSON mode.
    TextLost {
        /// The program whose message it was.
        identifier: Text<'a>,
        /// The source whose lines that program writes, if it writes any.
        source: Option<Source>,
    },
}

/// What may have been said in lines that are missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum Missing {
    /// Anything, by any program.
    Anything,
    /// Anything that this program says.
    Of(Source),
    /// That CRI-O opened or closed a socket.
    CrioSockets,
}

impl Missing {
    /// True if a program may have said something there.
    #[must_use]
    pub fn concerns(self, source: Source) -> bool {
        match self {
            Self::Anything => true,
            Self::Of(own) => own == source,
            Self::CrioSockets => source == Source::Crio,
        }
    }
}

/// What shows that lines are missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum Cause {
    /// A mark of whoever cut them out: `--` of `grep -C`, `[...]`, `<snip>`; or `grep -H` names
    /// another file.
    Cut,
    /// rsyslog dropped them to keep to a rate.
    RateLimited,
    /// The journal says that it lost some.
    JournalLost,
    /// The input is no text that can be read.
    Encoded,
    /// A line holds a known message, and what stands in front of it is no form that is read.
    LookAlike,
}

impl Cause {
    /// The cause in words.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Cut => "visible cut",
            Self::RateLimited => "messages dropped by rsyslog",
            Self::JournalLost => "messages lost by the journal",
            Self::Encoded => "input that is no readable text",
            Self::LookAlike => "known message behind something that is not read",
        }
    }
}

impl core::fmt::Display for Cause {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.pad(self.as_str())
    }
}

impl<'a> Event<'a> {
    /// What a note means, given the prefix that it came with. A lost text of nobody has an empty
    /// identifier.
    ///
    /// `whose` tells which source's lines a program or unit of this name writes.
    #[must_use]
    pub fn of_note(
        note: JournalNotice<'a>,
        prefix: &'a Prefix<'_>,
        whose: impl Fn(&[u8]) -> Option<Source>,
    ) -> Self {
        match note {
            JournalNotice::Boot { id } => Self::Boot { id },
            JournalNotice::BootOfOne { id } => Self::BootOfOne { id },
            JournalNotice::Suppressed { count, unit } => {
                let source = whose(unit.as_bytes());
                Self::Suppressed { count, unit, source }
            }
            JournalNotice::RateLimited { .. } => {
                Self::Missing { what: Missing::Anything, cause: Cause::RateLimited }
            }
            JournalNotice::JournalLost => {
                Self::Missing { what: Missing::Anything, cause: Cause::JournalLost }
            }
            JournalNotice::Cut => Self::Missing { what: Missing::Anything, cause: Cause::Cut },
            JournalNotice::TextLost => {
                let identifier = prefix.program().map(Text::reborrow).unwrap_or_default();
                let source = whose(identifier.as_bytes());
                Self::TextLost { identifier, source }
            }
        }
    }
}

impl Event<'_> {
    /// The same event, no longer bound to the input.
    #[must_use]
    pub fn into_owned(self) -> Event<'static> {
        match self {
            Self::Boot { id } => Event::Boot { id: id.map(Text::into_owned) },
            Self::BootOfOne { id } => Event::BootOfOne { id: id.map(Text::into_owned) },
            Self::Suppressed { count, unit, source } => {
                Event::Suppressed { count, unit: unit.into_owned(), source }
            }
            Self::Lost { source } => Event::Lost { source },
            Self::Missing { what, cause } => Event::Missing { what, cause },
            Self::TextLost { identifier, source } => {
                Event::TextLost { identifier: identifier.into_owned(), source }
            }
        }
    }
}
