//! The part of XML 1.0 that firewalld's service files are written in: one element whose children
//! have attributes or text.
//!
//! Elements nest no deeper, a document type is refused, and with it every entity that is not one of
//! XML's own five: nothing in a file can make the reader's work larger than the file.

use super::error::{GrammarError, Parsed, all, broken, expect};
use crate::error::{ErrorKind, ParseError};
use alloc::borrow::Cow;
use alloc::vec::Vec;
use nom::Parser;
use nom::branch::alt;
use nom::bytes::complete::{tag, take_until, take_while, take_while_m_n, take_while1};
use nom::character::complete::{char, multispace0, multispace1};
use nom::combinator::{cut, opt, recognize, value, verify};
use nom::multi::{fold_many0, many0_count};
use nom::sequence::{delimited, preceded, terminated};

/// More attributes than any element of a service file has.
const MOST_ATTRIBUTES: usize = 16;

/// More children than any service file has; they are compared with each other, so their number has
/// to have a bound.
const MOST_CHILDREN: usize = 4096;

/// An attribute with its references resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Attribute<'a> {
    pub(crate) name: &'a [u8],
    pub(crate) value: Cow<'a, [u8]>,
    /// Where the name begins, and where the value does, in bytes from the start of the file.
    pub(crate) at: usize,
    pub(crate) value_at: usize,
}

/// An element without what stands inside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Element<'a> {
    pub(crate) name: &'a [u8],
    pub(crate) at: usize,
    pub(crate) attributes: Vec<Attribute<'a>>,
}

/// The elements of a file: the outer one, then its children in order.
pub(crate) fn file(whole: &[u8]) -> Result<(Element<'_>, Vec<Element<'_>>), ParseError> {
    let document = |input| {
        let (input, ()) = prologue(input)?;
        let (input, (root, empty)) = start_tag(whole.len(), input)?;
        let (input, children) =
            if empty { (input, Vec::new()) } else { children(whole.len(), root.name, input)? };
        let (input, _) = between(input)?;
        Ok((input, (root, children)))
    };
    all(whole, document)
}

/// What stands before the outer element: a byte order mark, the XML declaration, comments.
pub(super) fn prologue(input: &[u8]) -> Parsed<'_, ()> {
    let (input, _) = opt(tag(&b"\xef\xbb\xbf"[..])).parse(input)?;
    let (input, encoding) = opt(declaration).parse(input)?;
    if encoding.flatten().is_none_or(is_utf8)
        && let Err(error) = core::str::from_utf8(input)
    {
        let stray = input.get(error.valid_up_to()..).unwrap_or_default();
        return broken(stray, ErrorKind::Xml, "UTF-8, or the name of another encoding");
    }
    between(input)
}

fn children<'a>(whole: usize, outer: &'a [u8], input: &'a [u8]) -> Parsed<'a, Vec<Element<'a>>> {
    let mut found = Vec::new();
    let (mut rest, _) = content(input)?;
    while !rest.starts_with(b"</") {
        let (behind, (element, empty)) = start_tag(whole, rest)?;
        let (behind, _) = if empty {
            (behind, ())
        } else {
            preceded(content, |end| end_tag(element.name, end)).parse(behind)?
        };
        if found.len() >= MOST_CHILDREN {
            return broken(rest, ErrorKind::TooLong, "fewer elements");
        }
        found.push(element);
        (rest, _) = content(behind)?;
    }
    let (rest, ()) = end_tag(outer, rest)?;
    Ok((rest, found))
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b':')
}

fn name(input: &[u8]) -> Parsed<'_, &[u8]> {
    expect(
        ErrorKind::Xml,
        "a name",
        verify(take_while1(is_name), |n: &[u8]| {
            !n.first().is_some_and(|b| matches!(b, b'0'..=b'9' | b'-' | b'.'))
        }),
    )
    .parse(input)
}

/// `<name a="b">` or `<name a="b"/>`, and whether it was the second.
pub(super) fn start_tag<'a>(whole: usize, input: &'a [u8]) -> Parsed<'a, (Element<'a>, bool)> {
    let at = whole.saturating_sub(input.len());
    let (mut rest, name) =
        preceded(expect(ErrorKind::Xml, "an element", char('<')), name).parse(input)?;
    let mut attributes: Vec<Attribute<'a>> = Vec::new();
    while let Ok((behind, _)) = multispace1::<_, GrammarError<'_>>.parse(rest) {
        if behind.starts_with(b"/") || behind.starts_with(b">") {
            rest = behind;
            break;
        }
        let (after, found) = attribute(whole, behind)?;
        if attributes.len() >= MOST_ATTRIBUTES {
            return broken(behind, ErrorKind::TooLong, "fewer attributes");
        }
        if attributes.iter().any(|before| before.name == found.name) {
            return broken(
                behind,
                ErrorKind::DuplicateField,
                "an attribute that was not there yet",
            );
        }
        attributes.push(found);
        rest = after;
    }
    let end = alt((value(true, tag("/>")), value(false, tag(">"))));
    let (rest, empty) = expect(ErrorKind::Xml, "the end of the tag", end).parse(rest)?;
    Ok((rest, (Element { name, at, attributes }, empty)))
}

pub(super) fn end_tag<'a>(outer: &[u8], input: &'a [u8]) -> Parsed<'a, ()> {
    let tag = delimited(
        tag("</"),
        verify(name, |name: &[u8]| name == outer),
        preceded(multispace0, char('>')),
    );
    expect(ErrorKind::Xml, "the end tag of the element", value((), tag)).parse(input)
}

fn attribute<'a>(whole: usize, input: &'a [u8]) -> Parsed<'a, Attribute<'a>> {
    let at = whole.saturating_sub(input.len());
    let (rest, name) = name(input)?;
    let equals = delimited(multispace0, char('='), multispace0);
    let (quote, _) = expect(ErrorKind::Xml, "an equals sign", equals).parse(rest)?;
    let inside = |mark: char| delimited(char(mark), recognize(text_but(mark)), char(mark));
    let (rest, raw) = expect(ErrorKind::Xml, "a value in quotes", alt((inside('"'), inside('\''))))
        .parse(quote)?;
    let value_at = whole.saturating_sub(quote.len()).saturating_add(1);
    Ok((rest, Attribute { name, value: resolved(raw), at, value_at }))
}

/// Text up to a mark or a `<`, in which every `&` begins one of XML's own references.
fn text_but<'a>(mark: char) -> impl FnMut(&'a [u8]) -> Parsed<'a, usize> {
    let plain = move |b: u8| {
        b != b'<'
            && b != b'&'
            && char::from(b) != mark
            && (b >= b' ' || matches!(b, b'\t' | b'\n' | b'\r'))
    };
    move |input| {
        many0_count(alt((value((), take_while1(plain)), value((), reference)))).parse(input)
    }
}

/// `&amp;`, `&#60;`, `&#x3c;` and the like, as the character it stands for.
fn reference(input: &[u8]) -> Parsed<'_, core::primitive::char> {
    let named = alt((
        value('&', tag("amp;")),
        value('<', tag("lt;")),
        value('>', tag("gt;")),
        value('"', tag("quot;")),
        value('\'', tag("apos;")),
    ));
    let digits = |radix: u32| {
        move |input| {
            let (rest, text) =
                take_while_m_n(1, 8, move |b: u8| char::from(b).is_digit(radix)).parse(input)?;
            let code = core::str::from_utf8(text)
                .ok()
                .and_then(|text| u32::from_str_radix(text, radix).ok());
            match code
                .and_then(char::from_u32)
                .filter(|&c| c >= ' ' || matches!(c, '\t' | '\n' | '\r'))
            {
                Some(character) => Ok((rest, character)),
                None => broken(input, ErrorKind::Xml, "the number of a character"),
            }
        }
    };
    let numbered = terminated(
        alt((preceded(tag("#x"), digits(16)), preceded(tag("#"), digits(10)))),
        char(';'),
    );
    expect(
        ErrorKind::Xml,
        "a reference to a character",
        preceded(char('&'), cut(alt((named, numbered)))),
    )
    .parse(input)
}

/// The text with its references resolved and its blanks made plain, as XML wants it for an
/// attribute.
fn resolved(raw: &[u8]) -> Cow<'_, [u8]> {
    if !raw.iter().any(|b| matches!(b, b'&' | b'\t' | b'\n' | b'\r')) {
        return Cow::Borrowed(raw);
    }
    let mut text = Vec::with_capacity(raw.len());
    let mut rest = raw;
    while let Some((&byte, behind)) = rest.split_first() {
        match reference(rest) {
            Ok((behind, character)) => {
                text.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                rest = behind;
            }
            Err(_) => {
                text.push(if matches!(byte, b'\t' | b'\n' | b'\r') { b' ' } else { byte });
                rest = behind;
            }
        }
    }
    Cow::Owned(text)
}

fn comment(input: &[u8]) -> Parsed<'_, ()> {
    let (rest, _) = tag("<!--").parse(input)?;
    expect(ErrorKind::Xml, "the end of the comment", cut(value((), (take_until("--"), tag("-->")))))
        .parse(rest)
}

/// `<?xml version="1.0" encoding="utf-8"?>`, and the encoding that it names.
///
/// It must be the first thing in the file: not even an empty line may stand before it.
fn declaration(input: &[u8]) -> Parsed<'_, Option<&[u8]>> {
    let (rest, _) = (tag("<?xml"), multispace1).parse(input)?;
    let part = |name: &'static str| {
        let is_value = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
        let quoted = move |mark: char| delimited(char(mark), take_while1(is_value), char(mark));
        let equals = (tag(name), multispace0, char('='), multispace0);
        preceded((multispace0, equals), alt((quoted('"'), quoted('\''))))
    };
    let rest_of_it = (
        part("version"),
        opt(preceded(multispace1, part("encoding"))),
        opt(preceded(multispace1, part("standalone"))),
        (multispace0, tag("?>")),
    );
    let wanted = "version, encoding and standalone, in this order, then ?>";
    let (rest, (_, encoding, _, _)) =
        expect(ErrorKind::Xml, wanted, cut(rest_of_it)).parse(rest)?;
    Ok((rest, encoding))
}

fn is_utf8(encoding: &[u8]) -> bool {
    encoding.eq_ignore_ascii_case(b"utf-8") || encoding.eq_ignore_ascii_case(b"us-ascii")
}

/// An instruction for some other program. The declaration is none: expat, which firewalld reads
/// with, takes it at the very start only.
fn instruction(input: &[u8]) -> Parsed<'_, ()> {
    let (rest, _) = tag("<?").parse(input)?;
    let (_, target) = expect(ErrorKind::Xml, "the name of a program", cut(name)).parse(rest)?;
    if target.eq_ignore_ascii_case(b"xml") {
        let first = "nothing, not even a blank, before the XML declaration";
        return Err(nom::Err::Failure(GrammarError::new(input, ErrorKind::Xml, first)));
    }
    expect(
        ErrorKind::Xml,
        "the end of the instruction",
        cut(value((), (take_until("?>"), tag("?>")))),
    )
    .parse(rest)
}

fn cdata(input: &[u8]) -> Parsed<'_, ()> {
    let (rest, _) = tag("<![CDATA[").parse(input)?;
    expect(
        ErrorKind::Xml,
        "the end of the CDATA section",
        cut(value((), (take_until("]]>"), tag("]]>")))),
    )
    .parse(rest)
}

/// What may stand around the outer element.
pub(super) fn between(input: &[u8]) -> Parsed<'_, ()> {
    let (rest, ()) =
        fold_many0(alt((value((), multispace1), comment, instruction)), || (), |(), ()| ())
            .parse(input)?;
    if rest.starts_with(b"<!") {
        return broken(rest, ErrorKind::Xml, "no document type");
    }
    Ok((rest, ()))
}

/// Text and all else that may stand between elements; it means nothing.
pub(super) fn content(input: &[u8]) -> Parsed<'_, ()> {
    let plain = |b: u8| b != b'<' && b != b'&' && (b >= b' ' || matches!(b, b'\t' | b'\n' | b'\r'));
    // `]]>` ends a CDATA section, and may not stand in text.
    let text = verify(take_while(plain), |text: &[u8]| {
        !text.is_empty() && memchr::memmem::find(text, b"]]>").is_none()
    });
    let part = alt((value((), text), value((), reference), comment, cdata, instruction));
    fold_many0(part, || (), |(), ()| ()).parse(input)
}
