//! Rules: their text, and the words it is made of.
//!
//! A rule stands on one line. Only an anonymous chain in it (`jump {` … `}`) takes more.

use super::{Parsed, broken, comment, handle_note, quoted};
use crate::error::ErrorKind;
use nom::Parser;
use nom::combinator::all_consuming;

/// A rule, as stretches of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RawRule<'a> {
    /// The rule without its handle.
    pub(crate) text: &'a [u8],
    /// What its comment says; it stands last.
    pub(crate) comment: Option<&'a [u8]>,
    /// The number that `-a` shows.
    pub(crate) handle: Option<u64>,
}

/// A rule up to the end of its line, which is left.
pub(crate) fn rule(input: &[u8]) -> Parsed<'_, RawRule<'_>> {
    let mut depth = 0usize;
    let mut rest = input;
    let mut last_comment = None;
    // Where the text ends if what follows is the handle.
    let mut note = None;
    loop {
        match rest {
            [] | [b'\n', ..] if depth == 0 => break,
            [] => return broken(rest, ErrorKind::Ruleset, "the end of a rule"),
            [b'"', ..] => (rest, _) = quoted(rest)?,
            [b'c', ..] if is_word_start(input, rest) => match comment(rest) {
                Ok((behind, text)) => {
                    last_comment = Some(text);
                    rest = behind;
                }
                Err(_) => rest = behind_one(rest),
            },
            [b' ', b'#', ..] if depth == 0 => {
                note = Some(rest);
                rest = behind_one(rest);
            }
            [b'{', behind @ ..] => {
                depth = depth.saturating_add(1);
                rest = behind;
            }
            [b'}', behind @ ..] => {
                let Some(outer) = depth.checked_sub(1) else {
                    return broken(rest, ErrorKind::Ruleset, "an opening brace before it");
                };
                depth = outer;
                rest = behind;
            }
            [_, behind @ ..] => rest = behind,
        }
    }
    let length = input.len().saturating_sub(rest.len());
    let line = input.get(..length).unwrap_or_default();
    let handle = note.and_then(|note| {
        let text = input.len().saturating_sub(note.len());
        let (_, handle) = all_consuming(handle_note).parse(line.get(text..)?).ok()?;
        Some((line.get(..text)?, handle))
    });
    let (text, handle) = handle.map_or((line, None), |(text, handle)| (text, Some(handle)));
    Ok((rest, RawRule { text, comment: last_comment, handle }))
}

fn behind_one(rest: &[u8]) -> &[u8] {
    rest.get(1..).unwrap_or_default()
}

fn is_word_start(whole: &[u8], rest: &[u8]) -> bool {
    let at = whole.len().saturating_sub(rest.len());
    at.checked_sub(1).is_none_or(|before| whole.get(before) == Some(&b' '))
}

/// A word of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RawToken<'a> {
    /// Anything without a blank: `tcp`, `8080`, `@hostports`, `==`.
    Word(&'a [u8]),
    /// What stands between double quotes.
    Quoted(&'a [u8]),
    /// `{`, `}`, `(`, `)`, `,` or a colon that stands alone.
    Mark(u8),
}

/// The next word of a rule, and what stands behind it; `None` at the end.
///
/// A quote without its end is a word, so a text that is no rule ends too.
pub(crate) fn token(input: &[u8]) -> Option<(RawToken<'_>, &[u8])> {
    let is_blank = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\n');
    let start = input.iter().position(|byte| !is_blank(byte))?;
    let input = input.get(start..)?;
    let (&first, behind) = input.split_first()?;
    if first == b'"'
        && let Ok((rest, text)) = quoted(input)
    {
        return Some((RawToken::Quoted(text), rest));
    }
    let alone = behind.first().is_none_or(is_blank);
    if matches!(first, b'{' | b'}' | b'(' | b')' | b',') || first == b':' && alone {
        return Some((RawToken::Mark(first), behind));
    }
    let ends =
        |byte: &u8| is_blank(byte) || matches!(byte, b'{' | b'}' | b'(' | b')' | b',' | b'"');
    let length = behind.iter().position(ends).map_or(input.len(), |at| at.saturating_add(1));
    input.split_at_checked(length).map(|(word, rest)| (RawToken::Word(word), rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    fn tokens(mut text: &[u8]) -> Vec<RawToken<'_>> {
        core::iter::from_fn(|| {
            let (token, rest) = token(text)?;
            text = rest;
            Some(token)
        })
        .collect()
    }

    #[test]
    fn a_handle_is_what_stands_last_and_outside_of_quotes() {
        let (rest, found) =
            rule(b"tcp dport 80 drop comment \"} # handle 9\" # handle 12\n").unwrap();
        assert_eq!(rest, b"\n");
        assert_eq!(found.handle, Some(12));
        assert_eq!(found.comment, Some(&b"} # handle 9"[..]));
        assert_eq!(found.text, b"tcp dport 80 drop comment \"} # handle 9\"");
        let (_, plain) = rule(b"drop comment \"x # handle 9\"").unwrap();
        assert_eq!((plain.handle, plain.text.len()), (None, 27));
    }

    #[test]
    fn an_anonymous_chain_takes_several_lines() {
        let (rest, found) =
            rule(b"jump {\n\t\t\ttcp dport 1 accept\n\t\t} # handle 3\nnext").unwrap();
        assert_eq!((rest, found.handle), (&b"\nnext"[..], Some(3)));
        assert!(rule(b"jump {\n").is_err());
        assert!(rule(b"drop }\n").is_err());
    }

    #[test]
    fn words_are_split_at_blanks_braces_and_commas() {
        use RawToken::{Mark, Quoted, Word};
        assert_eq!(
            tokens(b"dnat to :x map { 0 : ::1 . 80, 1 : \"a, b\" }"),
            [
                Word(b"dnat"),
                Word(b"to"),
                Word(b":x"),
                Word(b"map"),
                Mark(b'{'),
                Word(b"0"),
                Mark(b':'),
                Word(b"::1"),
                Word(b"."),
                Word(b"80"),
                Mark(b','),
                Word(b"1"),
                Mark(b':'),
                Quoted(b"a, b"),
                Mark(b'}'),
            ]
        );
        assert_eq!(tokens(b"\"open").len(), 1);
    }
}
