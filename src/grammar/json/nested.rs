//! Objects within objects and arrays, each with its place in the whole text: what `crictl` and
//! `oc get -o json` print.
//!
//! Only what is asked for is read. Of all else the brackets and strings are looked at.

use super::{Cursor, Field, Fields, Value};
use crate::error::{ErrorKind, ParseError};
use crate::text::Text;

/// A value, and where it begins in the whole text.
#[derive(Debug, Clone)]
pub(crate) struct Node<'a> {
    value: Value<'a>,
    at: usize,
}

/// The members of an object, in order.
#[derive(Debug, Clone)]
pub(crate) struct Members<'a> {
    fields: Option<Fields<'a>>,
    at: usize,
}

/// The items of an array, in order.
#[derive(Debug, Clone)]
pub(crate) struct Items<'a> {
    cursor: Cursor<'a>,
    at: usize,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Open,
    Behind,
    Done,
}

/// The whole text as one object.
pub(crate) fn document(text: &[u8], at: usize) -> Members<'_> {
    Members { fields: Some(Fields::new(text)), at }
}

/// The objects that a text holds one behind the other, or in one array: the bytes of each and where
/// it begins. What is no object is an error.
pub(crate) fn documents(text: &[u8]) -> impl Iterator<Item = Result<(&[u8], usize), ParseError>> {
    let mut cursor = Cursor { input: text, at: 0 };
    cursor.skip_blanks();
    let mut array = (cursor.peek() == Some(b'[')).then_some(Items {
        cursor: cursor.clone(),
        at: 0,
        state: State::Open,
    });
    let mut done = false;
    core::iter::from_fn(move || {
        if done {
            return None;
        }
        if let Some(items) = &mut array {
            let item = items.next();
            done = !matches!(item, Some(Ok(_)));
            return item.map(|item| {
                let Node { value, at } = item?;
                match value {
                    Value::Nested(raw) if raw.starts_with(b"{") => Ok((raw, at)),
                    _ => Err(ParseError::new(ErrorKind::Json, at, "an object")),
                }
            });
        }
        cursor.skip_blanks();
        let at = cursor.at;
        match cursor.peek() {
            None => None,
            Some(b'{') => {
                let object = cursor.nested().map(|raw| (raw, at));
                done = object.is_err();
                Some(object)
            }
            Some(_) => {
                done = true;
                Some(Err(cursor.broken("an object")))
            }
        }
    })
}

impl<'a> Node<'a> {
    /// A text that is known to be one object, as a value that begins at a place.
    pub(crate) fn whole(text: &'a [u8], at: usize) -> Self {
        let blanks = text.len().saturating_sub(text.trim_ascii_start().len());
        Self { value: Value::Nested(text.trim_ascii()), at: at.saturating_add(blanks) }
    }

    /// Where it begins in the whole text; for a string the byte behind the opening quote.
    pub(crate) const fn at(&self) -> usize {
        self.at
    }

    /// True for `null`.
    pub(crate) fn is_null(&self) -> bool {
        self.value == Value::Null
    }

    /// The members of an object; none for `null`.
    pub(crate) fn members(self) -> Result<Members<'a>, ParseError> {
        match self.value {
            Value::Null => Ok(Members { fields: None, at: self.at }),
            Value::Nested(raw) if raw.starts_with(b"{") => {
                Ok(Members { fields: Some(Fields::new(raw)), at: self.at })
            }
            _ => Err(self.wrong("an object")),
        }
    }

    /// The items of an array; none for `null`.
    pub(crate) fn items(self) -> Result<Items<'a>, ParseError> {
        let (input, state) = match &self.value {
            Value::Null => (&[][..], State::Done),
            Value::Bytes(bytes) if bytes.is_empty() => (&[][..], State::Done),
            Value::Nested(raw) if raw.starts_with(b"[") => (*raw, State::Open),
            _ => return Err(self.wrong("an array")),
        };
        Ok(Items { cursor: Cursor { input, at: 0 }, at: self.at, state })
    }

    /// A string.
    pub(crate) fn text(self) -> Result<Text<'a>, ParseError> {
        match self.value {
            Value::String(text) => Ok(text),
            _ => Err(self.wrong("a string")),
        }
    }

    /// `true` or `false`.
    pub(crate) fn truth(&self) -> Result<bool, ParseError> {
        match self.value {
            Value::Bool(truth) => Ok(truth),
            _ => Err(self.wrong("true or false")),
        }
    }

    /// The digits of a number.
    pub(crate) fn number(&self) -> Result<&'a [u8], ParseError> {
        match self.value {
            Value::Number(digits) => Ok(digits),
            _ => Err(self.wrong("a number")),
        }
    }

    /// A string, or a number as it stands.
    pub(crate) fn text_or_number(self) -> Result<Text<'a>, ParseError> {
        match self.value {
            Value::String(text) => Ok(text),
            Value::Number(digits) => Ok(Text::borrowed(digits)),
            _ => Err(self.wrong("a string or a number")),
        }
    }

    fn wrong(&self, expected: &'static str) -> ParseError {
        let at = match self.value {
            Value::String(_) => self.at.saturating_sub(1),
            _ => self.at,
        };
        ParseError::new(ErrorKind::Json, at, expected)
    }
}

impl<'a> Iterator for Members<'a> {
    type Item = Result<(Text<'a>, Node<'a>), ParseError>;

    fn next(&mut self) -> Option<Self::Item> {
        let field = self.fields.as_mut()?.next()?;
        let placed =
            |Field { key, value, at }| (key, Node { value, at: at.saturating_add(self.at) });
        Some(field.map(placed).map_err(|error| error.shifted(self.at)))
    }
}

impl<'a> Items<'a> {
    fn step(&mut self) -> Result<Option<Node<'a>>, ParseError> {
        let cursor = &mut self.cursor;
        if self.state == State::Open {
            cursor.require(b'[', "[")?;
            self.state = State::Behind;
            if cursor.take(b']') {
                return cursor.end().map(|()| None);
            }
        } else {
            if cursor.take(b']') {
                return cursor.end().map(|()| None);
            }
            cursor.require(b',', ", or ]")?;
        }
        let (value, at) = cursor.value()?;
        Ok(Some(Node { value, at }))
    }
}

impl<'a> Iterator for Items<'a> {
    type Item = Result<Node<'a>, ParseError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.state == State::Done {
            return None;
        }
        let step = self.step().transpose();
        if !matches!(step, Some(Ok(_))) {
            self.state = State::Done;
        }
        let at = self.at;
        step.map(|item| match item {
            Ok(node) => Ok(Node { at: node.at.saturating_add(at), ..node }),
            Err(error) => Err(error.shifted(at)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{document, documents};
    use alloc::vec::Vec;

    #[test]
    fn each_value_knows_its_place_in_the_whole() {
        let text = br#" {"a":[ {"b":"x\ny"}, {"b":7} ,null], "c":{"d":true,"e":[]}, "f":null}"#;
        let mut found = Vec::new();
        for member in document(text, 0) {
            let (key, node) = member.unwrap();
            match key.to_str() {
                Some("a") => {
                    for item in node.items().unwrap() {
                        for member in item.unwrap().members().unwrap() {
                            let (_, node) = member.unwrap();
                            found.push((node.at(), node.text_or_number().unwrap().into_owned()));
                        }
                    }
                }
                Some("c") => {
                    let members: Vec<_> = node.members().unwrap().map(Result::unwrap).collect();
                    assert!(members[0].1.truth().unwrap());
                    assert_eq!(members[1].1.clone().items().unwrap().count(), 0);
                }
                _ => assert!(node.is_null()),
            }
        }
        for (at, expected) in [(14, "x\ny"), (27, "7")] {
            assert!(
                found.iter().any(|(place, text)| *place == at && text == expected),
                "{found:?}"
            );
        }
    }

    #[test]
    fn errors_count_from_the_beginning_of_the_whole() {
        let text = br#"{"a":[{"b":"x"},{"b":nil}]}"#;
        let (_, node) = document(text, 100).next().unwrap().unwrap();
        let second = node.items().unwrap().nth(1).unwrap().unwrap();
        let error = second.members().unwrap().next().unwrap().unwrap_err();
        assert_eq!(error.offset(), 121);
    }

    #[test]
    fn several_objects_stand_one_behind_the_other_or_in_an_array() {
        for text in ["{\"a\":1}\n{\"b\":2}\n", " [ {\"a\":1} , {\"b\":2} ]\n"] {
            let objects: Vec<_> = documents(text.as_bytes()).map(Result::unwrap).collect();
            let parts: Vec<_> = objects.iter().map(|(raw, _)| *raw).collect();
            assert_eq!(parts, [&b"{\"a\":1}"[..], b"{\"b\":2}"]);
            for (raw, at) in objects {
                assert!(text.as_bytes()[at..].starts_with(raw));
            }
        }
        for (text, at) in [("{\"a\":1} x", 8), ("[{},7]", 4), ("{\"a\":1}{", 8), ("[{}", 3)] {
            let error = documents(text.as_bytes()).find_map(Result::err).unwrap();
            assert_eq!(error.offset(), at, "{text}");
        }
    }
}
