//! The part of XML 1.0 that firewalld's zone files are written in: as in its service files, but
//! rules have elements of their own, and those may have a limit inside.

use super::error::{Parsed, all, broken};
use super::service_xml::{Element, between, content, end_tag, prologue, start_tag};
use crate::error::{ErrorKind, ParseError};
use alloc::vec::Vec;

/// Deeper than any element of a zone file: zone, rule, log, limit.
const MOST_DEPTH: usize = 4;

/// More children than any element of a zone file has.
const MOST_CHILDREN: usize = 4096;

/// An element, its bytes from `<` to `>`, and the elements inside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Nested<'a> {
    pub(crate) element: Element<'a>,
    pub(crate) raw: &'a [u8],
    pub(crate) children: Vec<Nested<'a>>,
}

/// The outer element of a file.
pub(crate) fn file(whole: &[u8]) -> Result<Nested<'_>, ParseError> {
    let document = |input| {
        let (input, ()) = prologue(input)?;
        let (input, root) = nested(whole.len(), input, MOST_DEPTH)?;
        let (input, ()) = between(input)?;
        Ok((input, root))
    };
    all(whole, document)
}

fn nested(whole: usize, input: &[u8], depth: usize) -> Parsed<'_, Nested<'_>> {
    let Some(below) = depth.checked_sub(1) else {
        return broken(input, ErrorKind::Xml, "no element so deep inside others");
    };
    let (mut rest, (element, empty)) = start_tag(whole, input)?;
    let mut children = Vec::new();
    if !empty {
        (rest, ()) = content(rest)?;
        while !rest.starts_with(b"</") {
            if children.len() >= MOST_CHILDREN {
                return broken(rest, ErrorKind::TooLong, "fewer elements");
            }
            let (behind, child) = nested(whole, rest, below)?;
            children.push(child);
            (rest, ()) = content(behind)?;
        }
        (rest, ()) = end_tag(element.name, rest)?;
    }
    let length = input.len().saturating_sub(rest.len());
    let raw = input.get(..length).unwrap_or_default();
    Ok((rest, Nested { element, raw, children }))
}
