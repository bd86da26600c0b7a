//! From a line to a record, in each of the three forms.

use super::message::message;
use super::{Form, Level, Message, Place, Record, TimeLayout};
use crate::error::{ErrorKind, ParseError};
use crate::grammar::error::all;
use crate::grammar::{crio as grammar, json, logfmt as time_grammar};
use crate::record::Reading;
use crate::record::logfmt::{Pair, Pairs};
use crate::stamp::Stamp;
use crate::text::Text;

pub(super) fn record(line: &[u8]) -> Reading<Record<'_>> {
    let read = match line.first() {
        Some(b't') if line.starts_with(b"time=") => text(line),
        Some(b'{') => match json_record(line) {
            Err(Trouble::NotOurs) => return Reading::Unrelated,
            Err(Trouble::GrammarError(error)) => Err(error),
            Ok(record) => Ok(record),
        },
        Some(b'\x1b') if grammar::terminal_head(line).is_ok() => terminal(line),
        _ => return Reading::Unrelated,
    };
    match read {
        Ok(record) => Reading::Record(record),
        Err(error) => Reading::Malformed(error.quoting(line)),
    }
}

/// The error of a message, which counts its bytes with the escapes undone, told in offsets of the
/// line.
fn in_line(error: ParseError, form: Form, line: &[u8], start: usize) -> ParseError {
    let inside = line.get(start..).unwrap_or_default();
    let offset = match form {
        Form::Text => time_grammar::escaped_offset(inside, error.offset()),
        // JSON escapes otherwise; behind one of them the place is that of the whole message.
        Form::Json if inside.iter().take(error.offset()).any(|&byte| byte == b'\\') => 0,
        Form::Json | Form::Terminal => error.offset(),
    };
    error.moved_to(start.saturating_add(offset))
}

/// Where a part stands that was cut out of the line; an empty one may have come from anywhere.
fn place(line: &[u8], part: &[u8]) -> Place {
    if part.is_empty() {
        return Place { start: 0, end: 0 };
    }
    let start = (part.as_ptr() as usize).saturating_sub(line.as_ptr() as usize);
    let narrow = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    Place { start: narrow(start), end: narrow(start.saturating_add(part.len())) }
}

fn stamp(text: &[u8]) -> (Option<Stamp>, TimeLayout) {
    match all(text, time_grammar::time) {
        Ok((stamp, b'T')) => (Some(stamp), TimeLayout::T),
        Ok((stamp, _)) => (Some(stamp), TimeLayout::Blank),
        Err(_) => (None, TimeLayout::Bad),
    }
}

fn too_long(line: &[u8]) -> Result<(), ParseError> {
    if u32::try_from(line.len()).is_err() {
        return Err(ParseError::new(ErrorKind::TooLong, 0, "a line of less than 4 GiB"));
    }
    Ok(())
}

/// `time="..." level=info msg="..." id=... name=...`.
fn text(line: &[u8]) -> Result<Record<'_>, ParseError> {
    too_long(line)?;
    let mut time = None;
    let mut level = None;
    let mut msg: Option<Pair<'_>> = None;
    let mut request = None;
    for pair in Pairs::new(line) {
        let pair = pair?;
        let at = place(line, pair.key()).start as usize;
        let twice = |seen| {
            if seen {
                Err(ParseError::new(ErrorKind::DuplicateField, at, "a key that was not there yet"))
            } else {
                Ok(())
            }
        };
        match pair.key() {
            b"time" => twice(time.is_some()).map(|()| time = Some(pair))?,
            b"level" => twice(level.is_some()).map(|()| level = Some(pair))?,
            b"msg" => twice(msg.is_some()).map(|()| msg = Some(pair))?,
            b"id" => request = pair.value().raw().map(|raw| place(line, raw)),
            _ => {}
        }
    }
    let (stamp, layout) = time
        .and_then(|pair| pair.value().text())
        .map_or((None, TimeLayout::Bad), |text| stamp(text.as_bytes()));
    let wrong_level = |at| ParseError::new(ErrorKind::Severity, at, "a level of logrus");
    let level = level.ok_or_else(|| wrong_level(line.len()))?;
    let level_name = level.value().raw().unwrap_or_default();
    let level = Level::named(level_name).ok_or_else(|| {
        wrong_level((place(line, level.key()).end.saturating_add(1) as usize).min(line.len()))
    })?;
    let (message, msg) = match msg {
        None => (Message::Other, None),
        Some(pair) => {
            let raw = pair.value().raw().unwrap_or_default();
            let place = place(line, raw);
            let typed = message(pair.value().text().unwrap_or_default());
            (
                typed.map_err(|error| in_line(error, Form::Text, line, place.start as usize))?,
                Some(place),
            )
        }
    };
    Ok(Record {
        raw: Text::borrowed(line),
        form: Form::Text,
        layout,
        stamp,
        level,
        msg,
        request,
        message,
    })
}

/// Why a JSON object is no record.
enum Trouble {
    NotOurs,
    GrammarError(ParseError),
}

impl From<ParseError> for Trouble {
    fn from(error: ParseError) -> Self {
        Self::GrammarError(error)
    }
}

/// `{"level":"info","msg":"...","time":"..."}`, keys sorted by the logger, other fields between
/// them.
fn json_record(line: &[u8]) -> Result<Record<'_>, Trouble> {
    too_long(line)?;
    let mut time = None;
    let mut level = None;
    let mut msg = None;
    let mut request = None;
    for field in json::Fields::new(line) {
        let field = match field {
            Ok(field) => field,
            // Ours if it went far enough to show it.
            Err(error) if level.is_some() => return Err(Trouble::GrammarError(error)),
            Err(_) => return Err(Trouble::NotOurs),
        };
        let at = field.at;
        let start = u32::try_from(at).unwrap_or(u32::MAX);
        let twice = |seen| {
            if seen {
                Err(ParseError::new(ErrorKind::DuplicateField, at, "a key that was not there yet"))
            } else {
                Ok(())
            }
        };
        match field.key.as_bytes() {
            b"time" => twice(time.is_some()).map(|()| time = field.value.into_text())?,
            b"level" => twice(level.is_some())
                .map(|()| level = field.value.into_text().map(|text| (text, at)))?,
            b"msg" => twice(msg.is_some())
                .map(|()| msg = field.value.into_text().map(|text| (text, start)))?,
            b"id" => request = Some(Place { start, end: start }),
            _ => {}
        }
    }
    let (Some(time), Some((level, level_at)), Some((text, start))) = (time, level, msg) else {
        return Err(Trouble::NotOurs);
    };
    let (stamp, layout) = stamp(time.as_bytes());
    let level = Level::named(level.as_bytes())
        .ok_or_else(|| ParseError::new(ErrorKind::Severity, level_at, "a level of logrus"))?;
    let message =
        message(text).map_err(|error| in_line(error, Form::Json, line, start as usize))?;
    let msg = Some(Place { start, end: start });
    Ok(Record {
        raw: Text::borrowed(line),
        form: Form::Json,
        layout,
        stamp,
        level,
        msg,
        request,
        message,
    })
}

/// `ESC[36mINFO ESC[0m[TIME] message, padded to 44 columns, and fields`.
fn terminal(line: &[u8]) -> Result<Record<'_>, ParseError> {
    too_long(line)?;
    let (rest, (letters, time)) =
        grammar::terminal_head(line).map_err(|error| crate::grammar::error::public(line, error))?;
    let level = Level::abbreviated(letters).ok_or_else(|| {
        ParseError::new(
            ErrorKind::Severity,
            place(line, letters).start as usize,
            "a level of logrus in four capitals",
        )
    })?;
    let (stamp, layout) = stamp(time);
    let fields = memchr::memmem::find(rest, b" \x1b[").unwrap_or(rest.len());
    let (padded, fields) = rest.split_at_checked(fields).unwrap_or((rest, &[]));
    if let Some(at) = memchr::memchr(b'\x1b', padded) {
        let at = place(line, padded).start as usize + at;
        return Err(ParseError::new(ErrorKind::Message, at, "a message without escape bytes")
            .with_found(Some(b'\x1b')));
    }
    let mut left = fields.get(1..).unwrap_or_default();
    while !left.is_empty() {
        match grammar::terminal_key(left) {
            Ok((behind, _)) => {
                let end = memchr::memmem::find(behind, b" \x1b[")
                    .map_or(behind.len(), |at| at.saturating_add(1));
                left = behind.get(end..).unwrap_or_default();
            }
            Err(_) => {
                return Err(ParseError::new(
                    ErrorKind::LogfmtPair,
                    place(line, left).start as usize,
                    "a coloured key",
                ));
            }
        }
    }
    let text = padded.strip_suffix(b"\r").unwrap_or(padded).trim_ascii_end();
    let place = place(line, text);
    let message = message(Text::borrowed(text))
        .map_err(|error| in_line(error, Form::Terminal, line, place.start as usize))?;
    Ok(Record {
        raw: Text::borrowed(line),
        form: Form::Terminal,
        layout,
        stamp,
        level,
        msg: Some(place),
        request: None,
        message,
    })
}

/// Where the fields of the terminal form begin.
pub(super) fn terminal_fields(line: &[u8]) -> &[u8] {
    let Ok((rest, _)) = grammar::terminal_head(line) else { return &[] };
    memchr::memmem::find(rest, b" \x1b[")
        .and_then(|at| rest.get(at.saturating_add(1)..))
        .unwrap_or_default()
}

/// A value of the terminal form, which is written as in logfmt.
pub(super) fn terminal_value(value: &[u8]) -> Text<'_> {
    match value.strip_prefix(b"\"").and_then(|v| v.strip_suffix(b"\"")) {
        Some(inside) => Text::from(time_grammar::unescape(inside)),
        None => Text::borrowed(value),
    }
}
