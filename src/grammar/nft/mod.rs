//! The texts of nftables' program `nft` (1.0.6): `nft list ruleset` with any of its options, and
//! the lines of `nft monitor`.
//!
//! Both print the same parts: a set with its elements, a chain with its hook, a rule. The listing
//! ends a part with a line, the monitor with `;`. A comment stands in double quotes, knows no
//! escape and may hold everything else, so quoted text is passed over first everywhere.

pub(crate) mod declaration;
pub(crate) mod element;
pub(crate) mod listing;
pub(crate) mod monitor;
pub(crate) mod rule;

use super::error::{GrammarError, Parsed, broken, expect};
use crate::error::ErrorKind;
use nom::Parser;
use nom::bytes::complete::{tag, take_while1};
use nom::character::complete::{char, u64 as number};
use nom::combinator::recognize;
use nom::sequence::preceded;

/// A table, set, map or chain is named by letters, digits and these; see `string` in nft's scanner.
fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'/' | b'\\')
}

/// The name of a table, set, map, chain or other object.
fn name(input: &[u8]) -> Parsed<'_, &[u8]> {
    expect(ErrorKind::Ruleset, "a name", take_while1(is_name)).parse(input)
}

/// A word up to a blank or the end of the line.
fn word(input: &[u8]) -> Parsed<'_, &[u8]> {
    let is_word = |byte: u8| !matches!(byte, b' ' | b'\t' | b'\n' | b';' | b'"');
    expect(ErrorKind::Ruleset, "a word", take_while1(is_word)).parse(input)
}

/// The families of tables, in nft's words.
const FAMILIES: [&[u8]; 6] = [b"ip", b"ip6", b"inet", b"arp", b"bridge", b"netdev"];

/// `inet ovn-kubernetes`: the family and the name of a table.
pub(crate) fn table(input: &[u8]) -> Parsed<'_, (&[u8], &[u8])> {
    let (rest, family) = name(input)?;
    if !FAMILIES.contains(&family) {
        return broken(input, ErrorKind::Ruleset, "ip, ip6, inet, arp, bridge or netdev");
    }
    let (rest, _) = blank(rest)?;
    let (rest, name) = name(rest)?;
    Ok((rest, (family, name)))
}

fn blank(input: &[u8]) -> Parsed<'_, char> {
    expect(ErrorKind::Ruleset, "a blank", char(' ')).parse(input)
}

/// `"HostPort rules created by CRI-O"`: what stands between two double quotes.
pub(crate) fn quoted(input: &[u8]) -> Parsed<'_, &[u8]> {
    let Some(behind) = input.strip_prefix(b"\"") else {
        return broken(input, ErrorKind::Quoting, "a double quote");
    };
    match memchr::memchr(b'"', behind).and_then(|end| behind.split_at_checked(end)) {
        Some((text, [_, rest @ ..])) => Ok((rest, text)),
        _ => broken(input.get(input.len()..).unwrap_or_default(), ErrorKind::Quoting, CLOSING),
    }
}

const CLOSING: &str = "a closing double quote";

/// A quoted text with its quotes.
fn with_quotes(input: &[u8]) -> Parsed<'_, &[u8]> {
    recognize(quoted).parse(input)
}

/// ` # handle 18`, which the option `-a` puts behind a rule or a chain.
fn handle_note(input: &[u8]) -> Parsed<'_, u64> {
    preceded(tag(" # handle "), number).parse(input)
}

/// The text between two parsers' marks on one line, quoted text passed over, up to a byte that
/// `ends` it; the byte is left.
fn until(ends: impl Fn(u8) -> bool) -> impl Fn(&[u8]) -> Parsed<'_, &[u8]> {
    move |input| {
        let mut rest = input;
        loop {
            match rest {
                [b'"', ..] => (rest, _) = quoted(rest)?,
                [byte, ..] if ends(*byte) => break,
                [_, behind @ ..] => rest = behind,
                [] => break,
            }
        }
        let length = input.len().saturating_sub(rest.len());
        Ok((rest, input.get(..length).unwrap_or_default()))
    }
}

/// A comment: the word and the quoted text.
fn comment(input: &[u8]) -> Parsed<'_, &[u8]> {
    preceded(tag("comment "), quoted).parse(input)
}

/// An optional parser that may not break half way: `None` only where `begin` does not match.
fn where_begins<'a, T>(
    begin: &'static str,
    mut parser: impl Parser<&'a [u8], Output = T, Error = GrammarError<'a>>,
) -> impl FnMut(&'a [u8]) -> Parsed<'a, Option<T>> {
    move |input| {
        if !input.starts_with(begin.as_bytes()) {
            return Ok((input, None));
        }
        parser.parse(input).map(|(rest, value)| (rest, Some(value)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoted_text_may_hold_anything_but_a_quote() {
        let (rest, text) = quoted(b"\"a } { b, c : # handle 9\" x").unwrap();
        assert_eq!((rest, text), (&b" x"[..], &b"a } { b, c : # handle 9"[..]));
        assert!(quoted(b"\"cut").is_err());
    }

    #[test]
    fn a_table_is_its_family_and_its_name() {
        assert_eq!(table(b"ip6 nat {").unwrap().1, (&b"ip6"[..], &b"nat"[..]));
        assert!(table(b"ipx nat").is_err());
    }
}
