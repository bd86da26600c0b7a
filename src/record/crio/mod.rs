//! A line of CRI-O's log, behind whatever the journal or another transport put in front of it.

mod cut;
mod message;
mod read;

pub use cut::Cut;
pub use message::{Conntrack, ConntrackForm, Message, Version};

use super::Reading;
use super::logfmt::Pairs;
use crate::grammar::{crio as grammar, json, logfmt};
use crate::stamp::Stamp;
use crate::text::Text;
use core::fmt;

/// A record of CRI-O, in one of the three forms that its logger has.
///
/// ```
/// use hostport_audit::record::Reading;
/// use hostport_audit::record::crio::{Level, Message, Record};
///
/// let line = br#"time="2023-06-25 16:24:11.657818578+08:00" level=info msg="Opened local port tcp:443""#;
/// let Reading::Record(record) = Record::parse(line) else { panic!("not a record") };
/// assert_eq!(record.level(), Level::Info);
/// assert_eq!(record.stamp().unwrap().to_string(), "2023-06-25T16:24:11.657818578+08:00");
/// assert_eq!(record.message(), &Message::Opened("tcp:443".parse()?));
/// assert_eq!(record.as_bytes(), line);
/// # Ok::<(), hostport_audit::ParseError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Record<'a> {
    raw: Text<'a>,
    form: Form,
    layout: TimeLayout,
    stamp: Option<Stamp>,
    level: Level,
    msg: Option<Place>,
    request: Option<Place>,
    message: Message<'a>,
}

/// Where a value stands in the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Place {
    start: u32,
    end: u32,
}

/// How CRI-O's logger was set up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Form {
    /// `--log-format text`, not on a terminal: logfmt.
    Text,
    /// `--log-format json`.
    Json,
    /// `--log-format text` on a terminal: `ESC[36mINFO ESC[0m[TIME] message`.
    Terminal,
}

/// How the time is written, which tells something about the version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum TimeLayout {
    /// A blank between date and time, and nine digits of the second: up to CRI-O 1.31.
    Blank,
    /// `T` between date and time: from CRI-O 1.32 on, and the JSON form of all versions.
    T,
    /// Not a time.
    Bad,
}

/// The levels of logrus.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// `trace`.
    Trace,
    /// `debug`.
    Debug,
    /// `info`.
    Info,
    /// `warning`.
    Warning,
    /// `error`.
    Error,
    /// `fatal`.
    Fatal,
    /// `panic`.
    Panic,
}

impl Level {
    const ALL: [Self; 7] = [
        Self::Trace,
        Self::Debug,
        Self::Info,
        Self::Warning,
        Self::Error,
        Self::Fatal,
        Self::Panic,
    ];

    /// The name that logrus prints.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Trace => "trace",
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
            Self::Fatal => "fatal",
            Self::Panic => "panic",
        }
    }

    fn named(name: &[u8]) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.as_str().as_bytes() == name)
    }

    /// By the four capitals of the terminal form.
    fn abbreviated(letters: &[u8]) -> Option<Self> {
        Self::ALL.into_iter().find(|level| {
            level.as_str().as_bytes().get(..4).is_some_and(|l| l.eq_ignore_ascii_case(letters))
        })
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl<'a> Record<'a> {
    /// Reads a line without its line feed and without any prefix.
    ///
    /// A line that begins with `time=`, one that is a JSON object with `level`, `msg` and `time`,
    /// and one in the terminal form is a record or malformed; any other is unrelated. A time
    /// that does not exist leaves a record without time ([`TimeLayout::Bad`]): an audit that
    /// drops an opening because its clock text is odd can be blinded.
    #[must_use]
    pub fn parse(line: &'a [u8]) -> Reading<Self> {
        read::record(line)
    }

    /// The line, without prefix and line feed.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.raw.as_bytes()
    }

    /// The same record, no longer bound to the input.
    #[must_use]
    pub fn into_owned(self) -> Record<'static> {
        Record {
            raw: self.raw.into_owned(),
            form: self.form,
            layout: self.layout,
            stamp: self.stamp,
            level: self.level,
            msg: self.msg,
            request: self.request,
            message: self.message.into_owned(),
        }
    }

    /// Which of the logger's forms it has.
    #[must_use]
    pub const fn form(&self) -> Form {
        self.form
    }

    /// How its time is written.
    #[must_use]
    pub const fn time_layout(&self) -> TimeLayout {
        self.layout
    }

    /// The time it carries; `None` where that is not a time.
    #[must_use]
    pub const fn stamp(&self) -> Option<Stamp> {
        self.stamp
    }

    /// The level.
    #[must_use]
    pub const fn level(&self) -> Level {
        self.level
    }

    /// The message, escapes undone; empty where there is none.
    #[must_use]
    pub fn msg(&self) -> Text<'_> {
        self.msg.map(|place| self.value(place)).unwrap_or_default()
    }

    /// What the message says.
    #[must_use]
    pub const fn message(&self) -> &Message<'a> {
        &self.message
    }

    /// The request in whose course it was printed: the field `id`.
    #[must_use]
    pub fn request(&self) -> Option<Text<'_>> {
        self.request.map(|place| self.value(place))
    }

    fn value(&self, place: Place) -> Text<'_> {
        let raw =
            self.raw.as_bytes().get(place.start as usize..place.end as usize).unwrap_or_default();
        match self.form {
            Form::Text => Text::from(logfmt::unescape(raw)),
            Form::Json => json::Fields::new(self.raw.as_bytes())
                .filter_map(Result::ok)
                .find(|field| field.at == place.start as usize)
                .and_then(|field| field.value.into_text())
                .unwrap_or_default(),
            Form::Terminal => Text::borrowed(raw),
        }
    }

    /// All fields in order, `time`, `level` and `msg` among them in the two forms that print them
    /// as fields.
    #[must_use]
    pub fn fields(&self) -> Fields<'_> {
        match self.form {
            Form::Text => Fields(Inner::Text(Pairs::new(self.as_bytes()))),
            Form::Json => Fields(Inner::Json(json::Fields::new(self.as_bytes()))),
            Form::Terminal => Fields(Inner::Terminal(read::terminal_fields(self.as_bytes()))),
        }
    }
}

impl fmt::Display for Record<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.raw, f)
    }
}

/// Iterates over the fields of a [`Record`]: keys and values, escapes undone.
#[derive(Debug, Clone)]
pub struct Fields<'a>(Inner<'a>);

#[derive(Debug, Clone)]
enum Inner<'a> {
    Text(Pairs<'a>),
    Json(json::Fields<'a>),
    Terminal(&'a [u8]),
}

impl<'a> Iterator for Fields<'a> {
    type Item = (Text<'a>, Text<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        match &mut self.0 {
            Inner::Text(pairs) => {
                let pair = pairs.next()?.ok()?;
                Some((Text::borrowed(pair.key()), pair.value().text().unwrap_or_default()))
            }
            Inner::Json(fields) => {
                let field = fields.next()?.ok()?;
                Some((field.key, field.value.into_text().unwrap_or_default()))
            }
            Inner::Terminal(rest) => {
                let (behind, key) = grammar::terminal_key(rest).ok()?;
                // The value is written as in logfmt; a key in front of it lends it a pair's shape.
                let end = memchr::memmem::find(behind, b" \x1b[").unwrap_or(behind.len());
                let (value, next) = behind.split_at_checked(end)?;
                *rest = next.get(1..).unwrap_or_default();
                Some((Text::borrowed(key), read::terminal_value(value)))
            }
        }
    }
}
