//! JSON objects that wrap a message: the journal's entries and docker's log lines.

use super::fields::{Fields, Key, Message};
use super::shipped::{self, Opened, Shipped};
use super::{Prefix, Stream, Transport};
use crate::error::{ErrorKind, ParseError};
use crate::grammar::json::{self, Value};
use crate::text::Text;
use alloc::vec::Vec;

/// What an object turned out to be.
#[derive(Debug)]
pub(super) enum Object<'a> {
    /// An entry of the journal, and where its message begins in the object if it is borrowed.
    Journal(Fields<'a>, usize),
    /// A part of a message that docker stored; true if it is the last part.
    Docker(Prefix<'a>, Text<'a>, bool),
    /// Messages that a shipper of logs carried.
    Shipped(Vec<Shipped>),
    /// An object of another kind, such as a message of a program that logs in JSON.
    Other,
    /// One of the first three, and broken, with what stood before the fault.
    GrammarError(ParseError, Prefix<'a>),
}

/// Opens an object. What it is shows in its keys: the journal's begin with a capital or an
/// underscore, docker's are three words, and all others are known by the field that holds the
/// message.
pub(super) fn open(bytes: &[u8], transport: Transport) -> Object<'_> {
    match of_known_writer(bytes, transport) {
        Object::Other => match shipped::open(bytes) {
            Some(Opened::Messages(messages)) => Object::Shipped(messages),
            Some(Opened::GrammarError(error, prefix)) => Object::GrammarError(error, *prefix),
            None => Object::Other,
        },
        json_entry => json_entry,
    }
}

fn of_known_writer(bytes: &[u8], transport: Transport) -> Object<'_> {
    let inside = bytes.strip_prefix(b"{").unwrap_or_default().trim_ascii_start();
    match inside {
        [b'"', b'_' | b'A'..=b'Z', ..] => journal(bytes, transport),
        _ if inside.starts_with(b"\"log\"")
            || inside.starts_with(b"\"stream\"")
            || inside.starts_with(b"\"time\"") =>
        {
            docker(bytes)
        }
        _ => Object::Other,
    }
}

fn journal(bytes: &[u8], transport: Transport) -> Object<'_> {
    let (fields, known, message_at, broken) = journal_fields(bytes, transport);
    match broken {
        Some(error) if known || bytes.starts_with(b"{\"__") => {
            Object::GrammarError(error, fields.into_parts().0)
        }
        None if known => Object::Journal(fields, message_at),
        _ => Object::Other,
    }
}

/// The fields up to the end or to the first fault; whether one of them is known; where the message
/// begins; the fault.
pub(super) fn journal_fields(
    bytes: &[u8],
    transport: Transport,
) -> (Fields<'_>, bool, usize, Option<ParseError>) {
    let mut fields = Fields::new(transport);
    let (mut known, mut message_at) = (false, 0);
    for field in json::Fields::new(bytes) {
        let field = match field {
            Ok(field) => field,
            Err(error) => return (fields, known, message_at, Some(error)),
        };
        let Some(key) = Key::of(field.key.as_bytes()) else { continue };
        known = true;
        match (key, field.value) {
            (Key::Message, Value::Null) => fields.set_message(Message::Lost),
            (Key::Message, Value::String(text)) => {
                message_at = field.at;
                fields.set_message(Message::Text(text));
            }
            (Key::Message, Value::Bytes(bytes)) => {
                fields.set_message(Message::Text(Text::from(bytes)))
            }
            (Key::Message, _) => {
                let error = ParseError::new(
                    ErrorKind::Json,
                    field.at,
                    "a string, an array of bytes or null",
                );
                return (
                    fields,
                    known,
                    message_at,
                    Some(error.with_found(bytes.get(field.at).copied())),
                );
            }
            (_, value) => {
                if let Some(text) = value.into_text() {
                    fields.set(key, text);
                }
            }
        }
    }
    (fields, known, message_at, None)
}

fn docker(bytes: &[u8]) -> Object<'_> {
    let mut prefix = Prefix { transport: Transport::Docker, ..Prefix::default() };
    let mut log = None;
    for field in json::Fields::new(bytes) {
        let field = match field {
            Ok(field) => field,
            Err(error) if bytes.starts_with(b"{\"log\"") => {
                return Object::GrammarError(error, prefix);
            }
            Err(_) => return Object::Other,
        };
        match (field.key.as_bytes(), field.value.into_text()) {
            (b"log", text) => log = text,
            (b"stream", Some(name)) if name == "stdout" => prefix.stream = Some(Stream::Stdout),
            (b"stream", Some(name)) if name == "stderr" => prefix.stream = Some(Stream::Stderr),
            (b"time", Some(at)) => prefix.stamp = at.to_str().and_then(|at| at.parse().ok()),
            (b"attrs", _) => {}
            _ => return Object::Other,
        }
    }
    match log {
        Some(text) => {
            let (text, ended) = without_line_end(text);
            Object::Docker(prefix, text, ended)
        }
        None => Object::Other,
    }
}

/// A text without its final newline, and whether it had one.
fn without_line_end(text: Text<'_>) -> (Text<'_>, bool) {
    let bytes = text.as_bytes();
    let kept = bytes.strip_suffix(b"\r\n").or_else(|| bytes.strip_suffix(b"\n"));
    match kept.map(<[u8]>::len) {
        Some(length) => {
            let mut bytes = Vec::from(text.into_cow());
            bytes.truncate(length);
            (Text::from(bytes), true)
        }
        None => (text, false),
    }
}
