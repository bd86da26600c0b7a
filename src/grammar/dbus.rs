//! Dictionaries as dbus-python and Python print them: `dbus.Dictionary({dbus.String('ports'):
//! dbus.Array([...])})`, `{'ports': []}`.
//!
//! Only the depth that firewalld's settings have is read: texts, numbers, flags, and lists of texts
//! or of tuples of texts.

use super::error::{GrammarError, Parsed, all, expect};
use crate::error::{ErrorKind, ParseError};
use crate::text::Text;
use alloc::vec::Vec;
use nom::Parser;
use nom::branch::alt;
use nom::bytes::complete::{tag, take_while1};
use nom::character::complete::{char, digit1};
use nom::combinator::{map, map_opt, opt, recognize, value};
use nom::multi::{many0_count, separated_list0};
use nom::sequence::{delimited, preceded, terminated};

/// A value in a dictionary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value<'a> {
    /// A list; an item that is not a tuple has one field.
    List(Vec<Vec<Text<'a>>>),
    Text(Text<'a>),
    Flag(bool),
    Number(i64),
}

/// Reads a whole dictionary.
pub(crate) fn dictionary(input: &[u8]) -> Result<Vec<(Text<'_>, Value<'_>)>, ParseError> {
    let pair = (terminated(text, tag(": ")), setting);
    let braces = delimited(char('{'), separated_list0(tag(", "), pair), char('}'));
    all(
        input,
        expect(ErrorKind::Message, "a printed dictionary", wrapped("dbus.Dictionary", braces)),
    )
}

/// The value itself, or in the wrapper that dbus-python prints: `dbus.Array([...],
/// signature=dbus.Signature('s'), variant_level=1)`.
fn wrapped<'a, T>(
    name: &'static str,
    mut inner: impl Parser<&'a [u8], Output = T, Error = GrammarError<'a>>,
) -> impl FnMut(&'a [u8]) -> Parsed<'a, T> {
    move |input| {
        let (rest, wrapper) = opt((tag(name), char('('))).parse(input)?;
        let (rest, found) = inner.parse(rest)?;
        if wrapper.is_none() {
            return Ok((rest, found));
        }
        let signature =
            (tag("dbus.Signature("), quoted, opt((tag(", variant_level="), digit1)), char(')'));
        let keyword = alt((
            recognize((tag(", signature="), alt((tag("None"), recognize(signature))))),
            recognize((tag(", variant_level="), digit1)),
        ));
        let (rest, _) = (many0_count(keyword), char(')')).parse(rest)?;
        Ok((rest, found))
    }
}

fn setting(input: &[u8]) -> Parsed<'_, Value<'_>> {
    let flag = alt((value(true, tag("True")), value(false, tag("False"))));
    // Older Python prints dbus.Boolean(1).
    let old_flag = alt((value(true, char('1')), value(false, char('0'))));
    alt((
        map(list, Value::List),
        map(text, Value::Text),
        map(
            alt((
                wrapped("dbus.Boolean", flag),
                preceded(tag("dbus.Boolean"), bracketed(old_flag)),
            )),
            Value::Flag,
        ),
        map(
            alt((
                wrapped("dbus.Int32", number),
                wrapped("dbus.UInt32", number),
                wrapped("dbus.Int64", number),
            )),
            Value::Number,
        ),
    ))
    .parse(input)
}

/// `(1, variant_level=1)`
fn bracketed<'a, T>(
    inner: impl Parser<&'a [u8], Output = T, Error = GrammarError<'a>>,
) -> impl Parser<&'a [u8], Output = T, Error = GrammarError<'a>> {
    delimited(char('('), inner, (opt((tag(", variant_level="), digit1)), char(')')))
}

fn number(input: &[u8]) -> Parsed<'_, i64> {
    map_opt(recognize((opt(char('-')), digit1)), |n: &[u8]| {
        core::str::from_utf8(n).ok()?.parse().ok()
    })
    .parse(input)
}

fn list(input: &[u8]) -> Parsed<'_, Vec<Vec<Text<'_>>>> {
    let one = map(text, |text| Vec::from([text]));
    let fields = || separated_list0(tag(", "), text);
    let tuple = alt((
        wrapped(
            "dbus.Struct",
            delimited(char('('), terminated(fields(), opt(char(','))), char(')')),
        ),
        delimited(char('['), fields(), char(']')),
    ));
    wrapped(
        "dbus.Array",
        delimited(char('['), separated_list0(tag(", "), alt((one, tuple))), char(']')),
    )
    .parse(input)
}

fn text(input: &[u8]) -> Parsed<'_, Text<'_>> {
    wrapped("dbus.String", quoted).parse(input)
}

/// A text as Python's `repr` prints it, in single quotes or, if it holds one, in double quotes.
fn quoted(input: &[u8]) -> Parsed<'_, Text<'_>> {
    alt((
        delimited(char('\''), map_opt(inside(b'\''), unescape), char('\'')),
        delimited(char('"'), map_opt(inside(b'"'), unescape), char('"')),
    ))
    .parse(input)
}

fn inside<'a>(quote: u8) -> impl Parser<&'a [u8], Output = &'a [u8], Error = GrammarError<'a>> {
    let plain = take_while1(move |b| b != quote && b != b'\\');
    let escape = recognize((char('\\'), nom::bytes::complete::take(1usize)));
    recognize(many0_count(alt((plain, escape))))
}

/// Undoes Python's escapes; `None` for one that it does not print.
fn unescape(printed: &[u8]) -> Option<Text<'_>> {
    if !printed.contains(&b'\\') {
        return Some(Text::borrowed(printed));
    }
    let mut out = Vec::with_capacity(printed.len());
    let mut rest = printed;
    while let Some((&byte, behind)) = rest.split_first() {
        rest = behind;
        if byte != b'\\' {
            out.push(byte);
            continue;
        }
        let (&escape, behind) = rest.split_first()?;
        rest = behind;
        let digits = match escape {
            b'\\' | b'\'' | b'"' => {
                out.push(escape);
                continue;
            }
            b'n' | b'r' | b't' => {
                out.push(match escape {
                    b'n' => b'\n',
                    b'r' => b'\r',
                    _ => b'\t',
                });
                continue;
            }
            b'x' => 2,
            b'u' => 4,
            b'U' => 8,
            _ => return None,
        };
        let (code, behind) = rest.split_at_checked(digits)?;
        rest = behind;
        let code = char::from_u32(u32::from_str_radix(core::str::from_utf8(code).ok()?, 16).ok()?)?;
        out.extend_from_slice(code.encode_utf8(&mut [0; 4]).as_bytes());
    }
    Some(Text::from(out))
}
