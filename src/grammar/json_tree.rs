//! A whole JSON text as a tree, for texts whose objects nest: `nft -j list ruleset`.
//!
//! Strings are borrowed where they hold no escape. The depth has a bound, so a text cannot use up
//! the stack.

use super::json::Cursor;
use crate::error::{ErrorKind, ParseError};
use crate::text::Text;
use alloc::vec::Vec;

/// Deeper than any rule that nft prints.
const DEEPEST: usize = 64;

/// A value and where it begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Node<'a> {
    pub(crate) at: usize,
    pub(crate) value: Tree<'a>,
}

/// A value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Tree<'a> {
    String(Text<'a>),
    /// As written.
    Number(&'a [u8]),
    Bool(bool),
    Null,
    Array(Vec<Node<'a>>),
    /// The fields in order.
    Object(Vec<(Text<'a>, Node<'a>)>),
}

impl<'a> Node<'a> {
    /// The value of the first field with this key, if this is an object that has it.
    pub(crate) fn get(&self, key: &str) -> Option<&Node<'a>> {
        match &self.value {
            Tree::Object(fields) => fields.iter().find(|(k, _)| *k == *key).map(|(_, value)| value),
            _ => None,
        }
    }

    /// The key and the value of an object that has one field, as `{"jump": {"target": "c"}}`.
    pub(crate) fn only(&self) -> Option<(&Text<'a>, &Node<'a>)> {
        match &self.value {
            Tree::Object(fields) => match &fields[..] {
                [(key, value)] => Some((key, value)),
                _ => None,
            },
            _ => None,
        }
    }

    pub(crate) fn text(&self) -> Option<&Text<'a>> {
        match &self.value {
            Tree::String(text) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn items(&self) -> Option<&[Node<'a>]> {
        match &self.value {
            Tree::Array(items) => Some(items),
            _ => None,
        }
    }

    /// A number without sign, fraction and exponent.
    pub(crate) fn number(&self) -> Option<u64> {
        match self.value {
            Tree::Number(digits) => core::str::from_utf8(digits).ok()?.parse().ok(),
            _ => None,
        }
    }

    /// The error that something else than `expected` stands here.
    pub(crate) fn wrong(&self, expected: &'static str) -> ParseError {
        ParseError::new(ErrorKind::Ruleset, self.at, expected)
    }
}

/// Reads one value; nothing but blanks may stand behind it.
pub(crate) fn tree(input: &[u8]) -> Result<Node<'_>, ParseError> {
    let mut cursor = Cursor { input, at: 0 };
    let node = node(&mut cursor, 0)?;
    cursor.end()?;
    Ok(node)
}

fn node<'a>(cursor: &mut Cursor<'a>, depth: usize) -> Result<Node<'a>, ParseError> {
    cursor.skip_blanks();
    let at = cursor.at;
    if depth > DEEPEST {
        return Err(ParseError::new(ErrorKind::TooLong, at, "a value that nests less"));
    }
    let value = match cursor.peek() {
        Some(b'"') => {
            cursor.advance(1);
            Tree::String(cursor.string()?)
        }
        Some(b'[') => {
            cursor.advance(1);
            Tree::Array(array(cursor, depth)?)
        }
        Some(b'{') => {
            cursor.advance(1);
            Tree::Object(object(cursor, depth)?)
        }
        Some(b'-' | b'0'..=b'9') => Tree::Number(cursor.number()?),
        _ => word(cursor)?,
    };
    Ok(Node { at, value })
}

fn word<'a>(cursor: &mut Cursor<'a>) -> Result<Tree<'a>, ParseError> {
    let words =
        [(&b"null"[..], Tree::Null), (b"true", Tree::Bool(true)), (b"false", Tree::Bool(false))];
    let found = words.into_iter().find(|(word, _)| cursor.rest().starts_with(word));
    let (word, value) = found.ok_or_else(|| cursor.broken("a JSON value"))?;
    cursor.advance(word.len());
    Ok(value)
}

fn array<'a>(cursor: &mut Cursor<'a>, depth: usize) -> Result<Vec<Node<'a>>, ParseError> {
    let mut items = Vec::new();
    if cursor.take(b']') {
        return Ok(items);
    }
    loop {
        items.push(node(cursor, depth.saturating_add(1))?);
        if cursor.take(b']') {
            return Ok(items);
        }
        cursor.require(b',', ", or ]")?;
    }
}

type Fields<'a> = Vec<(Text<'a>, Node<'a>)>;

fn object<'a>(cursor: &mut Cursor<'a>, depth: usize) -> Result<Fields<'a>, ParseError> {
    let mut fields = Vec::new();
    if cursor.take(b'}') {
        return Ok(fields);
    }
    loop {
        cursor.require(b'"', "a quoted key")?;
        let key = cursor.string()?;
        cursor.require(b':', ":")?;
        fields.push((key, node(cursor, depth.saturating_add(1))?));
        if cursor.take(b'}') {
            return Ok(fields);
        }
        cursor.require(b',', ", or }")?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_nest_and_know_their_places() {
        let root = tree(br#" {"a": [1, "x\"", null, {"b": true}], "c": {}} "#).unwrap();
        let items = root.get("a").unwrap().items().unwrap();
        assert_eq!((items[0].number(), items[1].text().unwrap().to_str()), (Some(1), Some("x\"")));
        assert_eq!(items[3].only().unwrap().1.value, Tree::Bool(true));
        assert_eq!(items[3].at, 24);
        assert_eq!(root.get("c").unwrap().value, Tree::Object(Vec::new()));
    }

    #[test]
    fn what_is_cut_or_too_deep_is_refused() {
        let text = br#"{"a": [1, "x", null, {"b": true}]}"#;
        assert!(tree(text).is_ok());
        for cut in 0..text.len() {
            assert!(tree(&text[..cut]).is_err());
        }
        assert!(tree(&[b'['; 1 << 20]).is_err());
        assert!(tree(b"{} x").is_err());
    }
}
