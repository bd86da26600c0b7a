//! Records of firewalld's log (`/var/log/firewalld`, or its console or system log target),
//! firewalld 0.3 to 2.5.
//!
//! ```
//! use hostport_audit::record::{Reading, firewalld::{Label, Record}};
//!
//! let line = "2023-06-28 10:46:37 DEBUG1: config.zone.7.addPort('8080', 'tcp')";
//! let Reading::Record(record) = Record::parse(line) else { panic!() };
//! assert_eq!(record.label(), Label::Debug(1));
//! let call = record.call().unwrap();
//! assert_eq!((call.path(), call.object(), call.method()), (&b"config.zone"[..], Some(7), &b"addPort"[..]));
//! assert_eq!(call.arguments(), [&b"8080"[..], b"tcp"]);
//! ```

mod call;
mod reader;

pub use call::{Call, Setting};
pub use reader::{Dates, Reader, Unfinished};

use super::Reading;
use crate::error::ParseError;
use crate::grammar::firewalld as grammar;
use crate::stamp::Stamp;
use crate::text::Text;
use core::fmt;

/// The label of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Label {
    /// `DEBUG1` to `DEBUG9`.
    Debug(u8),
    /// `ERROR`
    Error,
    /// `WARNING`
    Warning,
    /// `FATAL ERROR`
    FatalError,
    /// None: information and tracebacks.
    Bare,
}

impl Label {
    fn of(printed: &[u8]) -> Self {
        match printed {
            b"ERROR" => Self::Error,
            b"WARNING" => Self::Warning,
            b"FATAL ERROR" => Self::FatalError,
            _ => match printed.strip_prefix(b"DEBUG") {
                Some([digit]) => Self::Debug(digit & 0x0f),
                _ => Self::Bare,
            },
        }
    }
}

/// One record: a date, a label and a message.
///
/// A record that was joined out of several lines holds them with the line feeds between them.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Record<'a> {
    raw: Text<'a>,
    stamp: Option<Stamp>,
    dated: bool,
    label: Label,
    message_at: usize,
    lines: u64,
    doubtful: bool,
}

impl<'a> Record<'a> {
    /// Reads one whole record that begins with a date.
    ///
    /// A text without a date in front is [`Reading::Unrelated`]: whether it continues a record only
    /// a [`Reader`] can tell. A call with more or fewer arguments than its method has is
    /// [`Reading::Malformed`].
    #[must_use]
    pub fn parse(text: impl Into<Text<'a>>) -> Reading<Self> {
        Self::begin(text.into(), Dates::Written).map_or(Reading::Unrelated, Parsed::whole)
    }

    /// Reads one record of the system log target, which prints no date: `DEBUG1:
    /// zone.addPort('public', '8080', 'tcp')`.
    #[must_use]
    pub fn parse_undated(text: impl Into<Text<'a>>) -> Reading<Self> {
        Self::begin(text.into(), Dates::Absent).map_or(Reading::Unrelated, Parsed::whole)
    }

    fn begin(raw: Text<'a>, dates: Dates) -> Option<Parsed<'a>> {
        let bytes = raw.as_bytes();
        let head = match dates {
            Dates::Written => grammar::dated(bytes)?,
            Dates::Absent => grammar::undated(bytes, bytes.len()),
        };
        let label = Label::of(head.label);
        let record = |raw| Self {
            raw,
            stamp: head.stamp.map(Stamp::NoOffset),
            dated: dates == Dates::Written,
            label,
            message_at: head.message_at,
            lines: 1,
            doubtful: false,
        };
        let message = bytes.get(head.message_at..).unwrap_or_default();
        // Only the first debug level prints the calls that change something; the others quote
        // programs and their output.
        let called =
            if label == Label::Debug(1) { grammar::call(message) } else { grammar::Called::No };
        Some(match called {
            grammar::Called::No | grammar::Called::Whole(_) => Parsed::Record(record(raw)),
            grammar::Called::Unfinished(error) => {
                Parsed::Unfinished(error.shifted(head.message_at))
            }
            grammar::Called::GrammarError(error) => {
                Parsed::GrammarError(error.shifted(head.message_at))
            }
        })
    }

    /// The time as written, without offset; `None` where none is written or where it is none (see
    /// [`Record::has_bad_time`]).
    #[must_use]
    pub const fn stamp(&self) -> Option<Stamp> {
        self.stamp
    }

    /// True if digits in the form of a date stand in front that are no date or no time of day.
    #[must_use]
    pub const fn has_bad_time(&self) -> bool {
        self.dated && self.stamp.is_none()
    }

    /// The label.
    #[must_use]
    pub const fn label(&self) -> Label {
        self.label
    }

    /// What stands behind date and label.
    #[must_use]
    pub fn message(&self) -> &[u8] {
        self.as_bytes().get(self.message_at..).unwrap_or_default()
    }

    /// The call or signal, if the message is one.
    #[must_use]
    pub fn call(&self) -> Option<Call<'_>> {
        let Label::Debug(_) = self.label else { return None };
        match grammar::call(self.message()) {
            grammar::Called::Whole(call) => Some(Call::new(call)),
            _ => None,
        }
    }

    /// The record as it stands in the log.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.raw.as_bytes()
    }

    /// True if it may be a part of an argument's text: a call before it was not finished when it
    /// came, and its end was not seen for sure.
    #[must_use]
    pub const fn is_doubtful(&self) -> bool {
        self.doubtful
    }

    /// How many lines of the log it takes, as far as they were needed to complete it.
    #[must_use]
    pub const fn lines(&self) -> u64 {
        self.lines
    }

    /// The same record, no longer bound to the input.
    #[must_use]
    pub fn into_owned(self) -> Record<'static> {
        Record { raw: self.raw.into_owned(), ..self }
    }
}

impl fmt::Display for Record<'_> {
    /// Prints the record back, with U+FFFD for what is not UTF-8; [`Record::as_bytes`] gives it
    /// byte for byte.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.raw, f)
    }
}

/// What the first line of a record turned out to be.
enum Parsed<'a> {
    Record(Record<'a>),
    Unfinished(ParseError),
    GrammarError(ParseError),
}

impl<'a> Parsed<'a> {
    fn whole(self) -> Reading<Record<'a>> {
        match self {
            Self::Record(record) => Reading::Record(record),
            Self::Unfinished(error) | Self::GrammarError(error) => Reading::Malformed(error),
        }
    }
}
