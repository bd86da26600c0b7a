//! Joins lines to records: a date begins a record, everything else continues the one before.

use super::{Label, Parsed, Record};
use crate::error::{ErrorKind, ParseError};
use crate::limits::Limits;
use crate::record::Reading;
use crate::text::Text;
use alloc::vec::Vec;

/// Whether firewalld wrote dates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Dates {
    /// It did: the file and console targets. A line without a date continues a record.
    #[default]
    Written,
    /// It did not: the system log target, where each line is a record.
    Absent,
}

/// How often a held call is tried again at a line that could end it, so that reading stays linear.
const MOST_TRIES: u32 = 32;

/// How many records behind a call that is not finished may be a part of its text.
///
/// firewalld prints arguments as they were sent, line breaks and all, so the text of a description
/// or of a name may hold lines of the shape of records (0.3 to 2.5). Each of them may be the last
/// one of the text, if it ends as the call would; only a line without a date that ends so shows
/// that the text is over, for the daemon begins none that way. A text can always be longer than any
/// number, but so can one that closes the call first, of which no reader can tell; and a call that
/// never ends must not put all of the log in doubt.
const MOST_DOUBTFUL: u32 = 32;

/// Reads the lines of one stream, one at a time and without looking ahead.
///
/// A line that is a whole record is given out at once; what is said without a date behind it cannot
/// change it any more. Only a call that is not complete, because an argument holds a line feed, is
/// held until a line completes it. A line with a date that comes before that may be a part of the
/// argument or a record of its own: it is given out as a [doubtful](Record::is_doubtful) one, and so
/// are those behind it until the text is over.
///
/// ```
/// use hostport_audit::{Limits, record::{Reading, firewalld::Reader}};
///
/// let mut reader = Reader::new(Limits::default());
/// let first = b"2023-06-28 10:46:37 DEBUG1: zone.addRichRule('public', 'rule port port=\"80\"";
/// assert_eq!(reader.read(first), Reading::Continuation(None));
/// let Reading::Continuation(Some(record)) = reader.read(b" protocol=\"tcp\" accept')") else { panic!() };
/// assert_eq!(record.call().unwrap().argument(0), Some(&b"public"[..]));
/// assert!(reader.take_unfinished().is_none());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Reader {
    dates: Dates,
    max_record: usize,
    /// True once a record has begun that a line without a date would continue.
    begun: bool,
    held: Option<Held>,
    /// How many of the next records may be a part of the text of a call.
    #[cfg_attr(feature = "serde", serde(default))]
    doubtful: u32,
    #[cfg_attr(feature = "serde", serde(skip))]
    unfinished: Option<Unfinished>,
}

/// A call that is not complete yet.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
struct Held {
    text: Vec<u8>,
    lines: u64,
    tries: u32,
}

/// A call that was never completed: its lines had been reported as continuations, and turn out to
/// be malformed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unfinished {
    /// Where the first of its lines breaks.
    pub error: ParseError,
    /// How many lines it took.
    pub lines: u64,
}

impl Reader {
    /// A reader of lines with dates, that holds no more than [`Limits::max_record`] bytes.
    #[must_use]
    pub const fn new(limits: Limits) -> Self {
        Self {
            dates: Dates::Written,
            max_record: limits.max_record,
            begun: false,
            held: None,
            doubtful: 0,
            unfinished: None,
        }
    }

    /// The same reader for lines of which the system's logger took over the date.
    #[must_use]
    pub const fn with_dates(mut self, dates: Dates) -> Self {
        self.dates = dates;
        self
    }

    /// Reads the next line, without its line end.
    ///
    /// A line that only begins a call is a [`Reading::Continuation`] of nothing; the line that
    /// completes it brings the record. If the call is never completed,
    /// [`Reader::take_unfinished`] tells so afterwards.
    pub fn read<'a>(&mut self, line: &'a [u8]) -> Reading<Record<'a>> {
        match Record::begin(Text::borrowed(line), self.dates) {
            Some(parsed) => {
                if self.held.is_some() {
                    self.give_up();
                    self.doubtful = MOST_DOUBTFUL;
                }
                self.begun = true;
                let doubtful = self.doubtful > 0;
                self.doubtful = self.doubtful.saturating_sub(1);
                match parsed {
                    // Where no line has a date, one without a label is no record of the daemon's.
                    Parsed::Record(record)
                        if doubtful
                            && self.dates == Dates::Absent
                            && record.label() == Label::Bare
                            && ends_call(line) =>
                    {
                        self.doubtful = 0;
                        Reading::Record(record)
                    }
                    Parsed::Record(record) => Reading::Record(Record { doubtful, ..record }),
                    Parsed::Unfinished(_)
                        if self.dates == Dates::Written && line.len() < self.max_record =>
                    {
                        self.held = Some(Held { text: line.to_vec(), lines: 1, tries: 0 });
                        Reading::Continuation(None)
                    }
                    Parsed::Unfinished(error) => {
                        self.doubtful = MOST_DOUBTFUL;
                        Reading::Malformed(error)
                    }
                    Parsed::GrammarError(error) => Reading::Malformed(error),
                }
            }
            None if self.begun => self.go_on(line),
            None => Reading::Unrelated,
        }
    }

    /// Takes a line without a date.
    fn go_on<'a>(&mut self, line: &[u8]) -> Reading<Record<'a>> {
        let Some(mut held) = self.held.take() else {
            if ends_call(line) {
                self.doubtful = 0;
            }
            return Reading::Continuation(None);
        };
        held.lines = held.lines.saturating_add(1);
        if held.text.len().saturating_add(line.len()) >= self.max_record || held.tries >= MOST_TRIES
        {
            let error = ParseError::new(
                ErrorKind::TooLong,
                held.text.len(),
                "the bracket that ends the call",
            );
            self.unfinished = Some(Unfinished { error, lines: held.lines });
            self.doubtful = MOST_DOUBTFUL;
            return Reading::Continuation(None);
        }
        held.text.push(b'\n');
        held.text.extend_from_slice(line);
        if line.last() == Some(&b')') {
            held.tries = held.tries.saturating_add(1);
            match Record::begin(Text::borrowed(&held.text), self.dates) {
                Some(Parsed::Record(record)) => {
                    let doubtful = self.doubtful > 0;
                    self.doubtful = 0;
                    return Reading::Continuation(Some(Record {
                        lines: held.lines,
                        doubtful,
                        ..record.into_owned()
                    }));
                }
                Some(Parsed::GrammarError(error)) => {
                    self.unfinished = Some(Unfinished { error, lines: held.lines });
                    self.doubtful = MOST_DOUBTFUL;
                    return Reading::Continuation(None);
                }
                _ => {}
            }
        }
        self.held = Some(held);
        Reading::Continuation(None)
    }

    /// Tells that there are no more lines, or that lines are missing here.
    pub fn finish(&mut self) {
        self.give_up();
        self.begun = false;
        self.doubtful = 0;
    }

    fn give_up(&mut self) {
        if let Some(held) = self.held.take() {
            let error = match Record::begin(Text::borrowed(&held.text), self.dates) {
                Some(Parsed::Unfinished(error) | Parsed::GrammarError(error)) => error,
                _ => ParseError::new(
                    ErrorKind::Call,
                    held.text.len(),
                    "the bracket that ends the call",
                ),
            };
            self.unfinished = Some(Unfinished { error, lines: held.lines });
        }
    }

    /// The call that turned out to be unfinished by the line read last, or by the end; each is told
    /// once.
    pub const fn take_unfinished(&mut self) -> Option<Unfinished> {
        self.unfinished.take()
    }

    /// True if nothing is held: no call waits for its end.
    #[must_use]
    pub const fn is_idle(&self) -> bool {
        self.held.is_none() && self.unfinished.is_none()
    }

    /// True if a line without a date would continue a record.
    #[must_use]
    pub const fn has_begun(&self) -> bool {
        self.begun
    }
}

/// True if a line ends as a call does: with the quote of its last argument and the bracket, or with
/// a number of seconds and the bracket.
fn ends_call(line: &[u8]) -> bool {
    let Some(inner) = line.strip_suffix(b")") else { return false };
    let digits = inner.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    let before = inner.get(..inner.len().saturating_sub(digits)).unwrap_or_default();
    inner.ends_with(b"'") || (digits > 0 && before.ends_with(b"', "))
}
