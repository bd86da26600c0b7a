//! What a reader hands out.

use super::{Encoding, Prefix};
use crate::error::ParseError;
use crate::span::LineRef;
use crate::text::Text;

/// What one or more physical lines turned out to be. The numbers of lines of all deliveries add up
/// to the lines read.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unwrapped<'a> {
    /// A message of a program.
    Entry(Entry<'a>),
    /// The journal itself says something.
    JournalNotice {
        /// What it says.
        note: JournalNotice<'a>,
        /// What is known about where it comes from. `-- Boot … --` has no prefix: it is told with
        /// the host and the time of the message behind it, if no other host was named before.
        prefix: Prefix<'a>,
        /// The line it stands in, or the line that it was concluded from.
        at: LineRef,
        /// How many lines it took; none when it was concluded from fields of an entry that
        /// follows.
        lines: u64,
    },
    /// Lines that belong to a form and hold no message: separators, `-- No entries --`, an entry
    /// without a message.
    Separator {
        /// The first of them.
        at: LineRef,
        /// How many.
        lines: u64,
    },
    /// Lines of a form that was recognised and is then broken.
    Malformed {
        /// What is broken; the offset counts in the line at `at`, or from its start on where an
        /// object takes several lines.
        error: ParseError,
        /// What had been read of the wrapping before it broke; whose message is lost may be among
        /// it.
        prefix: Prefix<'a>,
        /// The line in which it broke.
        at: LineRef,
        /// How many lines are given up with it.
        lines: u64,
    },
    /// The input is no text, or text in another encoding: nothing of it can be read.
    Encoded {
        /// What it is.
        encoding: Encoding,
        /// Its first line, as far as such an input has lines.
        at: LineRef,
        /// How many lines it took.
        lines: u64,
    },
}

impl Unwrapped<'_> {
    /// How many physical lines it took.
    #[must_use]
    pub const fn lines(&self) -> u64 {
        match self {
            Self::Entry(entry) => entry.lines,
            Self::JournalNotice { lines, .. }
            | Self::Separator { lines, .. }
            | Self::Malformed { lines, .. }
            | Self::Encoded { lines, .. } => *lines,
        }
    }

    /// The same delivery, no longer bound to the input.
    #[must_use]
    pub fn into_owned(self) -> Unwrapped<'static> {
        match self {
            Self::Entry(entry) => Unwrapped::Entry(entry.into_owned()),
            Self::JournalNotice { note, prefix, at, lines } => Unwrapped::JournalNotice {
                note: note.into_owned(),
                prefix: prefix.into_owned(),
                at,
                lines,
            },
            Self::Separator { at, lines } => Unwrapped::Separator { at, lines },
            Self::Malformed { error, prefix, at, lines } => {
                Unwrapped::Malformed { error, prefix: prefix.into_owned(), at, lines }
            }
            Self::Encoded { encoding, at, lines } => Unwrapped::Encoded { encoding, at, lines },
        }
    }
}

/// What the journal says between, or instead of, the messages it carries (systemd 252).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum JournalNotice<'a> {
    /// The machine was started anew: `-- Boot 2d30a6508937515eb84cfdeac507588e --`, `-- Reboot --`,
    /// or another `_BOOT_ID`.
    Boot {
        /// The identifier of the boot, if it is named.
        id: Option<Text<'a>>,
    },
    /// One of several machines was started anew, and it is not told which: `-- Boot … --` among
    /// messages of more than one host.
    BootOfOne {
        /// The identifier of the boot, if it is named.
        id: Option<Text<'a>>,
    },
    /// Messages are missing: `Suppressed 42 messages from crio.service`, said by systemd-journald.
    Suppressed {
        /// How many.
        count: u64,
        /// From which unit.
        unit: Text<'a>,
    },
    /// rsyslog dropped messages to keep to a rate: `imjournal: 119806 messages lost due to
    /// rate-limiting (20000 allowed within 600 seconds)` (rsyslogd 8.2302).
    RateLimited {
        /// How many, where it says so.
        count: Option<u64>,
        /// Whose, where only one process was limited.
        pid: Option<u32>,
    },
    /// The journal lost messages: `File /run/log/journal/…/system.journal corrupted or uncleanly
    /// shut down, renaming and replacing.` (systemd-journald 252).
    JournalLost,
    /// Lines between this one and the one before may be missing: `grep -H` names another file.
    Cut,
    /// There was a message and its text is lost: `[12B blob data]`, or `"MESSAGE":null`. The prefix
    /// says whose it was.
    TextLost,
}

impl JournalNotice<'_> {
    /// The same note, no longer bound to the input.
    #[must_use]
    pub fn into_owned(self) -> JournalNotice<'static> {
        match self {
            Self::Boot { id } => JournalNotice::Boot { id: id.map(Text::into_owned) },
            Self::BootOfOne { id } => JournalNotice::BootOfOne { id: id.map(Text::into_owned) },
            Self::Suppressed { count, unit } => {
                JournalNotice::Suppressed { count, unit: unit.into_owned() }
            }
            Self::RateLimited { count, pid } => JournalNotice::RateLimited { count, pid },
            Self::JournalLost => JournalNotice::JournalLost,
            Self::Cut => JournalNotice::Cut,
            Self::TextLost => JournalNotice::TextLost,
        }
    }
}

/// A message with its wrapping taken off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry<'a> {
    pub(super) prefix: Prefix<'a>,
    pub(super) message: Text<'a>,
    pub(super) at: LineRef,
    pub(super) lines: u64,
    pub(super) cut: u64,
    pub(super) offset: Option<u32>,
    pub(super) extent: Extent,
}

/// How much of a message an entry holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Extent {
    Whole,
    /// A further line of the message before it.
    Continuation,
    /// The input ended, or a limit was reached, before the entry did.
    Unfinished,
}

impl<'a> Entry<'a> {
    /// What the wrapping says.
    #[must_use]
    pub const fn prefix(&self) -> &Prefix<'a> {
        &self.prefix
    }

    /// The message: borrowed from the line wherever it stands there as one piece.
    #[must_use]
    pub const fn message(&self) -> &Text<'a> {
        &self.message
    }

    /// The first line of it.
    #[must_use]
    pub const fn at(&self) -> LineRef {
        self.at
    }

    /// How many physical lines it took.
    #[must_use]
    pub const fn lines(&self) -> u64 {
        self.lines
    }

    /// How many bytes at the end of the message were dropped because of
    /// [`Limits::max_line`](crate::Limits::max_line) or
    /// [`Limits::max_record`](crate::Limits::max_record).
    #[must_use]
    pub const fn cut(&self) -> u64 {
        self.cut
    }

    /// The byte of the first line at which the message begins, if the message stands there as it
    /// is.
    #[must_use]
    pub const fn message_offset(&self) -> Option<usize> {
        match self.offset {
            Some(offset) => Some(offset as usize),
            None => None,
        }
    }

    /// True for a further line of the message before it, which journalctl marks by blanks as wide
    /// as the prefix was.
    ///
    /// The prefix then repeats what the first line said.
    #[must_use]
    pub const fn is_continuation(&self) -> bool {
        matches!(self.extent, Extent::Continuation)
    }

    /// False if the entry had not ended when the input did, or when a limit was reached: what it
    /// lacks may still come.
    #[must_use]
    pub const fn is_complete(&self) -> bool {
        !matches!(self.extent, Extent::Unfinished)
    }

    /// The prefix and the message.
    #[must_use]
    pub fn into_parts(self) -> (Prefix<'a>, Text<'a>) {
        (self.prefix, self.message)
    }

    /// The same entry, no longer bound to the input.
    #[must_use]
    pub fn into_owned(self) -> Entry<'static> {
        Entry {
            prefix: self.prefix.into_owned(),
            message: self.message.into_owned(),
            at: self.at,
            lines: self.lines,
            cut: self.cut,
            offset: self.offset,
            extent: self.extent,
        }
    }
}
