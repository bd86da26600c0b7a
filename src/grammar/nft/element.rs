//! Elements of sets and maps.
//!
//! ```text
//! tcp . 8080 comment "TBMLCPKPXE24TIHZ" : 10.42.0.7 . 80
//! 192.0.2.1-192.0.2.9 counter packets 0 bytes 0 timeout 1h expires 59m59s684ms comment "x } y"
//! 9000-9100 : accept
//! ```

use super::{Parsed, comment, with_quotes};
use crate::error::ErrorKind;
use alloc::vec::Vec;
use nom::Parser;
use nom::branch::alt;
use nom::bytes::complete::{tag, take_while1};
use nom::character::complete::{char, one_of};
use nom::combinator::recognize;
use nom::multi::{many0_count, many1_count, separated_list1};
use nom::sequence::{delimited, preceded};

/// An element, as stretches of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RawElement<'a> {
    /// `tcp . 8080`
    pub(crate) key: &'a [u8],
    /// What the comment says.
    pub(crate) comment: Option<&'a [u8]>,
    /// `1h`: after that time the kernel drops the element without a word.
    pub(crate) timeout: Option<&'a [u8]>,
    /// What a map leads to: `10.42.0.7 . 80`, `accept`, `jump CHAIN`.
    pub(crate) data: Option<&'a [u8]>,
}

/// A part of a key or of data: `8080`, `fd01::7`, `10.0.0.0/8`, `"http"`, `"http"-"https"`.
fn atom(input: &[u8]) -> Parsed<'_, &[u8]> {
    let is_plain = |byte: u8| !matches!(byte, b' ' | b'\t' | b'\n' | b',' | b'{' | b'}' | b'"');
    let parts = many1_count(alt((with_quotes, take_while1(is_plain))));
    super::expect(ErrorKind::Ruleset, "a value", recognize(parts)).parse(input)
}

/// Parts that stand side by side: `tcp . 8080`.
fn atoms(input: &[u8]) -> Parsed<'_, &[u8]> {
    recognize((atom, many0_count(preceded(tag(" . "), atom)))).parse(input)
}

/// The parts of a key or of data.
pub(crate) fn parts(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(text);
    core::iter::from_fn(move || {
        let (behind, part) = atom(rest.take()?).ok()?;
        rest = behind.strip_prefix(b" . ");
        Some(part)
    })
}

/// `drop`, `jump CHAIN`, or parts side by side.
fn data(input: &[u8]) -> Parsed<'_, &[u8]> {
    let verdict = (alt((tag("jump "), tag("goto "))), atom);
    alt((recognize(verdict), atoms)).parse(input)
}

/// One element.
pub(crate) fn element(input: &[u8]) -> Parsed<'_, RawElement<'_>> {
    let (mut rest, key) = atoms(input)?;
    let mut element = RawElement { key, comment: None, timeout: None, data: None };
    // The notes between key and data: a counter, a limit, a timeout, a comment.
    while let Some(behind) = rest.strip_prefix(b" ") {
        if behind.starts_with(b"comment ") {
            let (after, text) = comment(behind)?;
            element.comment = Some(text);
            rest = after;
        } else if behind.starts_with(b"timeout ") {
            let (after, time) = preceded(tag("timeout "), atom).parse(behind)?;
            element.timeout = Some(time);
            rest = after;
        } else if behind.starts_with(b": ") {
            let (after, to) = preceded(tag(": "), data).parse(behind)?;
            element.data = Some(to);
            return Ok((after, element));
        } else if behind.starts_with(b"}") {
            break;
        } else {
            (rest, _) = atom(behind)?;
        }
    }
    Ok((rest, element))
}

/// `{ E, E }`; a listing goes on in a new line behind a comma.
pub(crate) fn elements(input: &[u8]) -> Parsed<'_, Vec<RawElement<'_>>> {
    let gap = (char(','), one_of(" \n"), many0_count(one_of(" \t")));
    let list = delimited(tag("{ "), separated_list1(gap, element), tag(" }"));
    super::expect(ErrorKind::Ruleset, "an element, a comma or the end of the elements", list)
        .parse(input)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_are_read_before_commas_and_braces() {
        let text = b"{ tcp . 80 comment \"a }, b : c\" : 10.0.0.1 . 8080,\n\
            \t\t\t     udp . 53 : ::1 . 5 }";
        let (rest, found) = elements(text).unwrap();
        assert!(rest.is_empty());
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].key, b"tcp . 80");
        assert_eq!(found[0].comment, Some(&b"a }, b : c"[..]));
        assert_eq!(found[0].data, Some(&b"10.0.0.1 . 8080"[..]));
        assert_eq!(found[1].data, Some(&b"::1 . 5"[..]));
    }

    #[test]
    fn counters_and_timeouts_stand_between_key_and_data() {
        let text = b"192.0.2.1-192.0.2.9 counter packets 0 bytes 0 timeout 1h expires 59m \
            comment \"x } y\"";
        let (rest, found) = element(text).unwrap();
        assert!(rest.is_empty());
        assert_eq!(found.key, b"192.0.2.1-192.0.2.9");
        assert_eq!(found.timeout, Some(&b"1h"[..]));
        assert_eq!(found.comment, Some(&b"x } y"[..]));
        assert_eq!(element(b"7011 : jump x }").unwrap().1.data, Some(&b"jump x"[..]));
    }

    #[test]
    fn parts_are_told_apart_outside_of_quotes() {
        let found: Vec<_> = parts(b"tcp . \"a . b\" . 7").collect();
        assert_eq!(found, [&b"tcp"[..], b"\"a . b\"", b"7"]);
    }
}
