//! What the journal itself says between the messages it carries.

use super::finding::Source;
use crate::record::transport::{Note, Prefix};
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
    },
    /// A line of a program was lost to a limit, and might have said anything.
    Lost {
        /// The program.
        source: Source,
    },
    /// The text of a message is lost: `[12B blob data]`, or `MESSAGE: null` in a JSON mode.
    TextLost {
        /// The program whose message it was.
        identifier: Text<'a>,
    },
}

impl<'a> Event<'a> {
    /// What a note means, given the prefix that it came with. A lost text of nobody has an empty
    /// identifier.
    #[must_use]
    pub fn of_note(note: Note<'a>, prefix: &'a Prefix<'_>) -> Self {
        match note {
            Note::Boot { id } => Self::Boot { id },
            Note::BootOfOne { id } => Self::BootOfOne { id },
            Note::Suppressed { count, unit } => Self::Suppressed { count, unit },
            Note::TextLost => Self::TextLost {
                identifier: prefix.program().map(Text::reborrow).unwrap_or_default(),
            },
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
            Self::Suppressed { count, unit } => {
                Event::Suppressed { count, unit: unit.into_owned() }
            }
            Self::Lost { source } => Event::Lost { source },
            Self::TextLost { identifier } => {
                Event::TextLost { identifier: identifier.into_owned() }
            }
        }
    }
}
