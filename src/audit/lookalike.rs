//! Lines that hold a known message behind something that is no wrapping known here: `* ` of a list,
//! stern's pod and container, an indent in one line among others.
//!
//! Such a line cannot be read, for what stands in front of it may as well be the text of a program
//! that quotes it. But it is no line of another program either: a closing may be in it. So it is
//! counted with the form of what stands in front, and what it may have changed is unknown.

use super::expect::Expect;
use super::identifier::{Writer, writer};
use crate::event::journal::Missing;
use crate::event::{self, Front, Source};
use crate::grammar::json::{self, Value};
use crate::grammar::prefix::{self, named_process};
use crate::grammar::recognize;
use crate::record::transport::Prefix;
use crate::record::{Reading, crio, firewalld, klog};
use crate::text::Text;
use memchr::memmem;

/// A known message in a line that is no line of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LookAlike {
    /// What stands in front of it.
    pub(super) front: Front,
    /// Whose message it is.
    pub(super) source: Source,
    /// What it may have said; `None` if nothing that matters.
    pub(super) missing: Option<Missing>,
    /// The host, where a prefix of the message names it.
    pub(super) host: Option<Text<'static>>,
}

/// No front is longer: behind more text, a message is one that is quoted.
const LONGEST_FRONT: usize = 256;

/// Objects deeper than this are not looked into.
const DEEPEST: u32 = 4;

/// The known message that a line holds; `None` for a line that begins with it, for a line that
/// names another program, and for all others.
pub(super) fn find(expect: Expect, line: &[u8]) -> Option<LookAlike> {
    if !may_hold_one(line) {
        return None;
    }
    if line.first() == Some(&b'{') {
        return in_object(expect, line, 0);
    }
    if recognize::dialect(line).is_some() {
        return None;
    }
    in_line(expect, line)
}

/// True if one of the words stands there that every record of the three has: searched for before
/// anything else, because nearly no line has them.
fn may_hold_one(line: &[u8]) -> bool {
    // logrus' first key; the end of klog's header; firewalld's labels; ovnkube's own words. Each of
    // these records has a colon, in its time or in its words.
    const WORDS: [&[u8]; 7] =
        [b"time=", b".go:", b" DEBUG", b" ERROR: ", b" WARNING: ", b" in table: ", b" for table: "];
    memchr::memchr(b':', line).is_some()
        && WORDS.iter().any(|word| memmem::find(line, word).is_some())
}

fn in_line(expect: Expect, line: &[u8]) -> Option<LookAlike> {
    let (at, (source, missing)) = word_starts(line).find_map(|at| {
        let rest = line.get(at..).filter(|rest| rest.first() != Some(&b'{'))?;
        Some((at, meaning(rest)?))
    })?;
    let before = line.get(..at)?;
    if !expect.includes(source) {
        return None;
    }
    // Who speaks: the prefix as far as it can be read.
    let mut host = None;
    let mut last: &[u8] = &[];
    for word in before.split(|b| *b == b' ').filter(|word| !word.is_empty()) {
        if let Some((name, _)) = named_process(word) {
            if writer(Some(name)) != Writer::Named(source) {
                return None;
            }
            let is_time = last.contains(&b':') || last.is_empty();
            host = (!is_time).then(|| Text::from(last.to_vec()));
            break;
        }
        last = word;
    }
    let wrapped_at = word_starts(before).find(|at| {
        let rest = line.get(*at..).unwrap_or_default();
        prefix::stamp(rest).is_ok() || prefix::foreign_stamp(rest).is_some()
    });
    let front = front(line.get(..wrapped_at.unwrap_or(at)).unwrap_or(before));
    Some(LookAlike { front, source, missing, host })
}

/// The places at which a word begins, not the first.
fn word_starts(line: &[u8]) -> impl Iterator<Item = usize> {
    let pairs = line.iter().zip(line.iter().skip(1)).take(LONGEST_FRONT).enumerate();
    let word = |b: &u8| b.is_ascii_alphanumeric() || *b >= 0x80;
    pairs
        .filter(move |(_, (before, now))| !word(before) && word(now))
        .map(|(at, _)| at.saturating_add(1))
}

/// Whose record it is, and what it may have changed.
fn meaning(message: &[u8]) -> Option<(Source, Option<Missing>)> {
    match recognize::dialect(message)? {
        recognize::Dialect::Crio => Some((Source::Crio, of_crio(message))),
        recognize::Dialect::Firewalld => {
            // A date is in other texts as well.
            if !has_label(message) {
                return None;
            }
            let says_something = match firewalld::Record::parse(message) {
                Reading::Record(record) => event::firewalld::Event::of(&record).is_some(),
                _ => true,
            };
            Some((Source::Firewalld, says_something.then_some(Missing::Of(Source::Firewalld))))
        }
        recognize::Dialect::Ovnkube => {
            let says_something = match klog::Record::parse(message) {
                Ok(Some(record)) => event::ovnkube::events(&record)
                    .any(|event| !matches!(event, event::ovnkube::Event::ProcessSeen { .. })),
                Ok(None) => return None,
                Err(_) => true,
            };
            Some((Source::Ovnkube, says_something.then_some(Missing::Of(Source::Ovnkube))))
        }
    }
}

/// One of firewalld's labels behind its date.
fn has_label(message: &[u8]) -> bool {
    let behind_date = message.get(20..).unwrap_or_default();
    [&b"DEBUG"[..], b"ERROR: ", b"WARNING: ", b"FATAL: "]
        .iter()
        .any(|label| behind_date.starts_with(label))
}

fn of_crio(message: &[u8]) -> Option<Missing> {
    use event::crio::{Event, EventKind};
    let Reading::Record(record) = crio::Record::parse(message) else {
        return Some(Missing::Of(Source::Crio));
    };
    match Event::of(&record, None).kind {
        EventKind::Ordinary => None,
        EventKind::Opened { .. } | EventKind::Closing { .. } | EventKind::NoOpenSocket { .. } => {
            Some(Missing::CrioSockets)
        }
        _ => Some(Missing::Of(Source::Crio)),
    }
}

/// A known message in one of the texts of an object.
fn in_object(expect: Expect, object: &[u8], depth: u32) -> Option<LookAlike> {
    for field in json::Fields::new(object).flatten() {
        let found = match field.value {
            Value::Nested(inside) if depth < DEEPEST && inside.starts_with(b"{") => {
                in_object(expect, inside, depth.saturating_add(1))
            }
            Value::String(text) => in_text(expect, text.as_bytes()),
            _ => None,
        };
        if found.is_some() {
            return found;
        }
    }
    None
}

fn in_text(expect: Expect, text: &[u8]) -> Option<LookAlike> {
    let (prefix, message) = Prefix::of_line(text);
    let front = Front::Json;
    let found = match (writer(prefix.program().map(AsRef::as_ref)), meaning(message.as_bytes())) {
        (Writer::Foreign, _) => return None,
        (_, Some((source, missing))) if expect.includes(source) => {
            let host = prefix.host().cloned().map(Text::into_owned);
            LookAlike { front, source, missing, host }
        }
        _ => LookAlike { front, ..in_line(expect, text)? },
    };
    Some(found)
}

/// The form of what stands in front.
fn front(marks: &[u8]) -> Front {
    if marks.contains(&0x1b) {
        return Front::Colour;
    }
    let inside = marks.trim_ascii();
    let mut words = inside.split(|b| *b == b' ').filter(|word| !word.is_empty());
    let (first, second, third) = (words.next(), words.next(), words.next());
    let name = |word: &[u8]| {
        word.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_'))
    };
    match (first, second, third) {
        (None, ..) => Front::Indent,
        (Some(word), ..) if word.iter().all(|b| *b == b'>') => Front::Quotation,
        (Some(b"*" | b"-" | b"+" | b"\xe2\x80\xa2"), ..) => Front::Bullet,
        (Some(word), ..) if word.iter().all(|b| *b == b'#') => Front::Hash,
        (Some(word), None, _)
            if word.iter().any(u8::is_ascii_digit)
                && word.iter().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b')' | b':')) =>
        {
            Front::ListNumber
        }
        (Some(word), None, _) if word.ends_with(b":") => Front::File,
        (Some(pod), Some(container), None) if name(pod) && name(container) => {
            Front::PodAndContainer
        }
        _ => Front::Other,
    }
}
