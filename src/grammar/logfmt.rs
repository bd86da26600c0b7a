//! logfmt as logrus 1.4 to 1.9 writes it: bare or quoted values, quoted as Go's `%q`; and the time
//! in front of CRI-O's lines.

use super::clock::{self, ZoneStyle};
use super::error::{Parsed, broken, expect};
use crate::error::ErrorKind;
use crate::stamp::Stamp;
use alloc::borrow::Cow;
use alloc::vec::Vec;
use nom::Parser;
use nom::branch::alt;
use nom::bytes::complete::{take_while, take_while_m_n, take_while1};
use nom::character::complete::{char, one_of};
use nom::combinator::value;
use nom::sequence::preceded;

/// A key and what stands behind it, still as in the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RawPair<'a> {
    pub(crate) key: &'a [u8],
    pub(crate) value: RawValue<'a>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RawValue<'a> {
    /// No `=`.
    Bare,
    /// `=` and nothing behind it.
    Empty,
    /// Without quotes.
    Plain(&'a [u8]),
    /// What stands between the quotes, and whether it holds a backslash.
    Quoted { inside: &'a [u8], escaped: bool },
}

const fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// The blanks between pairs, if any.
pub(crate) fn blanks(input: &[u8]) -> Parsed<'_, &[u8]> {
    take_while(is_blank).parse(input)
}

/// `key`, `key=`, `key=value` or `key="value"`, up to a blank or the end.
pub(crate) fn pair(input: &[u8]) -> Parsed<'_, RawPair<'_>> {
    let key = take_while1(|b: u8| b > b' ' && b != b'=' && b != b'"');
    let (rest, key) = expect(ErrorKind::LogfmtPair, "a key", key).parse(input)?;
    let (rest, raw) = match rest.split_first() {
        Some((b'=', behind)) => raw_value(behind)?,
        _ => (rest, RawValue::Bare),
    };
    match rest.first() {
        None => Ok((rest, RawPair { key, value: raw })),
        Some(&byte) if is_blank(byte) => Ok((rest, RawPair { key, value: raw })),
        Some(b'"') => broken(rest, ErrorKind::Quoting, "no quote outside a quoted value"),
        Some(_) => broken(rest, ErrorKind::LogfmtPair, "a blank"),
    }
}

fn raw_value(input: &[u8]) -> Parsed<'_, RawValue<'_>> {
    if input.first() == Some(&b'"') {
        return quoted(input)
            .map(|(rest, (inside, escaped))| (rest, RawValue::Quoted { inside, escaped }));
    }
    let (rest, plain) = take_while(|b: u8| b > b' ' && b != b'"').parse(input)?;
    Ok((rest, if plain.is_empty() { RawValue::Empty } else { RawValue::Plain(plain) }))
}

/// A quoted value, its escapes checked; what stands between the quotes, and whether there is an
/// escape in it.
pub(crate) fn quoted(input: &[u8]) -> Parsed<'_, (&[u8], bool)> {
    let (inside, _) = char('"').parse(input)?;
    let mut rest = inside;
    let mut escaped = false;
    loop {
        let Some(at) = memchr::memchr3(b'"', b'\\', b'\n', rest) else {
            return broken(
                input.get(input.len()..).unwrap_or_default(),
                ErrorKind::Quoting,
                "a closing quote",
            );
        };
        let (_, special) = rest.split_at_checked(at).unwrap_or_default();
        match special.first() {
            Some(b'"') => {
                let length = inside.len().saturating_sub(special.len());
                let behind = special.get(1..).unwrap_or_default();
                return Ok((behind, (inside.get(..length).unwrap_or_default(), escaped)));
            }
            Some(b'\\') => {
                escaped = true;
                rest = escape(special)?.0;
            }
            _ => return broken(special, ErrorKind::Quoting, "no line break inside quotes"),
        }
    }
}

/// What an escape stands for.
enum Undone {
    Byte(u8),
    Char(char),
}

/// One escape of Go's `%q`: `\a \b \f \n \r \t \v \\ \"`, `\xff`, `\uffff`, `\U0010ffff`.
fn escape(input: &[u8]) -> Parsed<'_, Undone> {
    let (behind, letter) = expect(
        ErrorKind::Quoting,
        "an escape of Go's %q",
        preceded(
            char('\\'),
            alt((
                value(b'\x07', char('a')),
                value(b'\x08', char('b')),
                value(b'\x0c', char('f')),
                value(b'\n', char('n')),
                value(b'\r', char('r')),
                value(b'\t', char('t')),
                value(b'\x0b', char('v')),
                one_of("\\\"xuU").map(|c: char| u8::try_from(c).unwrap_or(b'\\')),
            )),
        ),
    )
    .parse(input)?;
    let digits = match letter {
        b'x' => 2,
        b'u' => 4,
        b'U' => 8,
        byte => return Ok((behind, Undone::Byte(byte))),
    };
    let hex = take_while_m_n(digits, digits, |b: u8| b.is_ascii_hexdigit());
    let (rest, hex) = expect(ErrorKind::Quoting, "a hex digit", hex).parse(behind)?;
    let code = hex
        .iter()
        .fold(0u32, |sum, &b| (sum << 4) | char::from(b).to_digit(16).unwrap_or_default());
    if letter == b'x' {
        return Ok((rest, Undone::Byte(u8::try_from(code).unwrap_or_default())));
    }
    match char::from_u32(code) {
        Some(character) => Ok((rest, Undone::Char(character))),
        None => broken(input, ErrorKind::Quoting, "a character of Unicode"),
    }
}

/// The bytes that a quoted value stands for; its escapes were checked by [`pair`].
pub(crate) fn unescape(inside: &[u8]) -> Cow<'_, [u8]> {
    let Some(first) = memchr::memchr(b'\\', inside) else { return Cow::Borrowed(inside) };
    let mut plain = Vec::with_capacity(inside.len());
    let mut rest = inside;
    let mut next = Some(first);
    while let Some(at) = next {
        let (run, special) = rest.split_at_checked(at).unwrap_or((rest, &[]));
        plain.extend_from_slice(run);
        rest = match special {
            // By far the most frequent ones: CRI-O logs whole iptables-restore inputs.
            [b'\\', b'n', behind @ ..] => {
                plain.push(b'\n');
                behind
            }
            [b'\\', byte @ (b'"' | b'\\'), behind @ ..] => {
                plain.push(*byte);
                behind
            }
            _ => match escape(special) {
                Ok((behind, Undone::Byte(byte))) => {
                    plain.push(byte);
                    behind
                }
                Ok((behind, Undone::Char(character))) => {
                    plain.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                    behind
                }
                Err(_) => {
                    plain.extend_from_slice(special);
                    &[]
                }
            },
        };
        next = memchr::memchr(b'\\', rest);
    }
    plain.extend_from_slice(rest);
    Cow::Owned(plain)
}

/// Where in a quoted value that byte stands, or begins, which is at `offset` once the escapes are
/// undone.
pub(crate) fn escaped_offset(inside: &[u8], offset: usize) -> usize {
    let (mut rest, mut left) = (inside, offset);
    while left > 0 {
        let Some((first, behind)) = rest.split_first() else { break };
        let (next, width) = match (first, escape(rest)) {
            (b'\\', Ok((behind, Undone::Char(character)))) => (behind, character.len_utf8()),
            (b'\\', Ok((behind, Undone::Byte(_)))) => (behind, 1),
            _ => (behind, 1),
        };
        if width > left {
            break;
        }
        rest = next;
        left = left.saturating_sub(width);
    }
    inside.len().saturating_sub(rest.len())
}

/// `2006-01-02 15:04:05.000000000Z07:00` (up to CRI-O 1.31) or RFC 3339 with nanoseconds (from 1.32
/// on), and which of the two stood there: the byte between date and time.
pub(crate) fn time(input: &[u8]) -> Parsed<'_, (Stamp, u8)> {
    let parts = (clock::day, one_of(" T"), clock::time_of_day, clock::zone);
    let (rest, (day, between, time, zone)) =
        expect(ErrorKind::Timestamp, "a date and time with an offset", parts).parse(input)?;
    let offset = if zone.style == ZoneStyle::Digits { None } else { zone.offset() };
    match clock::date_time(day, time).zip(offset) {
        Some((local, offset)) => Ok((
            rest,
            (Stamp::Instant(local.assume_offset(offset)), u8::try_from(between).unwrap_or(b' ')),
        )),
        None => broken(input, ErrorKind::Timestamp, "a date and time that exist"),
    }
}
