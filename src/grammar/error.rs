//! The error of the grammars: where it broke, what should have stood there; turned into a
//! [`ParseError`] at the end.

use crate::error::{ErrorKind, ParseError};
use nom::{Err, IResult, Parser};

/// What a parser of bytes gives back.
pub(crate) type Parsed<'a, T> = IResult<&'a [u8], T, GrammarError<'a>>;

/// Where a parser broke, and, once a parser that knows it has said so, what should have stood
/// there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct GrammarError<'a> {
    rest: &'a [u8],
    wanted: Option<(ErrorKind, &'static str)>,
}

impl<'a> GrammarError<'a> {
    /// Broken at the start of `rest`, where `expected` should have stood.
    pub(crate) const fn new(rest: &'a [u8], kind: ErrorKind, expected: &'static str) -> Self {
        Self { rest, wanted: Some((kind, expected)) }
    }

    /// The public error, with the offset counted from the start of `whole`, of which the rest must
    /// be the end.
    fn in_whole(self, whole: &[u8]) -> ParseError {
        let (kind, expected) = self.wanted.unwrap_or((ErrorKind::Message, "another text"));
        ParseError::new(kind, whole.len().saturating_sub(self.rest.len()), expected)
            .with_found(self.rest.first().copied())
    }
}

impl<'a> nom::error::ParseError<&'a [u8]> for GrammarError<'a> {
    fn from_error_kind(rest: &'a [u8], _: nom::error::ErrorKind) -> Self {
        Self { rest, wanted: None }
    }

    fn append(_: &'a [u8], _: nom::error::ErrorKind, inner: Self) -> Self {
        inner
    }

    /// Of two alternatives the one that came further is the one that was meant.
    fn or(self, other: Self) -> Self {
        if other.rest.len() < self.rest.len() { other } else { self }
    }
}

impl<'a, E> nom::error::FromExternalError<&'a [u8], E> for GrammarError<'a> {
    fn from_external_error(rest: &'a [u8], _: nom::error::ErrorKind, _: E) -> Self {
        Self { rest, wanted: None }
    }
}

/// Says what should have stood where `parser` broke, unless a parser inside it said so already.
pub(crate) fn expect<'a, T>(
    kind: ErrorKind,
    expected: &'static str,
    mut parser: impl Parser<&'a [u8], Output = T, Error = GrammarError<'a>>,
) -> impl FnMut(&'a [u8]) -> Parsed<'a, T> {
    move |input| {
        let named = |broken: GrammarError<'a>| GrammarError {
            wanted: broken.wanted.or(Some((kind, expected))),
            ..broken
        };
        match parser.parse(input) {
            Err(Err::Error(broken)) => Err(Err::Error(named(broken))),
            Err(Err::Failure(broken)) => Err(Err::Failure(named(broken))),
            other => other,
        }
    }
}

/// An error at the start of `rest`, as the value of a parser.
pub(crate) const fn broken<'a, T>(
    rest: &'a [u8],
    kind: ErrorKind,
    expected: &'static str,
) -> Parsed<'a, T> {
    Err(Err::Error(GrammarError::new(rest, kind, expected)))
}

/// Runs a parser that must take all of `whole`.
pub(crate) fn all<'a, T>(
    whole: &'a [u8],
    mut parser: impl Parser<&'a [u8], Output = T, Error = GrammarError<'a>>,
) -> Result<T, ParseError> {
    match parser.parse(whole) {
        Ok(([], value)) => Ok(value),
        Ok((rest, _)) => {
            // Behind a digit one more may stand: `tcp:4x3` is broken in the number.
            let before = whole.len().saturating_sub(rest.len()).checked_sub(1);
            let digit = before.and_then(|at| whole.get(at)).is_some_and(u8::is_ascii_digit);
            let expected = if digit { "a digit or the end" } else { "the end" };
            Err(GrammarError::new(rest, ErrorKind::Trailing, expected).in_whole(whole))
        }
        Err(error) => Err(public(whole, error)),
    }
}

/// The public form of a parser's error; `whole` is what the parser was given.
pub(crate) fn public(whole: &[u8], error: Err<GrammarError<'_>>) -> ParseError {
    match error {
        Err::Error(broken) | Err::Failure(broken) => broken.in_whole(whole),
        // No parser here works on streams, so none asks for more.
        Err::Incomplete(_) => ParseError::new(ErrorKind::Message, whole.len(), "more"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;
    use nom::bytes::complete::tag;
    use nom::character::complete::digit1;

    #[test]
    fn the_innermost_expectation_wins_and_offsets_count_from_the_start() {
        let word = expect(
            ErrorKind::Message,
            "a word",
            (tag("port "), expect(ErrorKind::Port, "a digit", digit1)),
        );
        let error = all(b"port x", word).unwrap_err();
        assert_eq!(error.to_string(), "bad port at byte 5: expected a digit, found 'x'");
    }

    #[test]
    fn behind_a_digit_one_more_may_stand() {
        let number = |text| all(text, digit1::<_, GrammarError<'_>>).unwrap_err().to_string();
        let expected = "bad trailing text at byte 1: expected a digit or the end, found 'x'";
        assert_eq!(number(b"4x3"), expected);
        let word = |text| all(text, tag::<_, _, GrammarError<'_>>("port")).unwrap_err().to_string();
        assert_eq!(word(b"ports"), "bad trailing text at byte 4: expected the end, found 's'");
    }

    #[test]
    fn what_stands_behind_the_end_is_an_error() {
        let error = all(b"12 ", digit1::<_, GrammarError<'_>>).unwrap_err();
        assert_eq!((error.kind(), error.offset()), (ErrorKind::Trailing, 2));
    }
}
