//! One flat JSON object over bytes: journalctl's JSON modes (systemd 252), docker's json-file
//! driver, logrus' and component-base's JSON formats.
//!
//! Keys and values come in order, as they are read; nothing is collected. Values that are
//! themselves objects or arrays come as raw slices, except an array of byte values, which is how
//! the journal writes a field that is not UTF-8. Strings are bytes: what is not UTF-8 is kept, and
//! so are raw control bytes, which the writers named above never print.

pub(crate) mod nested;

use crate::error::{ErrorKind, ParseError};
use crate::text::Text;
use alloc::vec::Vec;
use memchr::memchr2;

/// What stands behind a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value<'a> {
    /// A string, its escapes undone; borrowed when there were none.
    String(Text<'a>),
    /// An array of numbers from 0 to 255.
    Bytes(Vec<u8>),
    /// A number, as written.
    Number(&'a [u8]),
    /// `true` or `false`.
    Bool(bool),
    /// `null`.
    Null,
    /// An object or any other array, as written; only its brackets and strings were looked at.
    Nested(&'a [u8]),
}

impl<'a> Value<'a> {
    /// The text of a string or of an array of bytes.
    pub(crate) fn into_text(self) -> Option<Text<'a>> {
        match self {
            Self::String(text) => Some(text),
            Self::Bytes(bytes) => Some(Text::from(bytes)),
            _ => None,
        }
    }
}

/// A key with its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Field<'a> {
    /// The key, its escapes undone.
    pub(crate) key: Text<'a>,
    /// The value.
    pub(crate) value: Value<'a>,
    /// Where the value begins; for a string the byte behind the opening quote.
    pub(crate) at: usize,
}

/// Reads the fields of one object. After an error it ends; an object without its end is an error
/// behind the last whole field.
#[derive(Debug, Clone)]
pub(crate) struct Fields<'a> {
    cursor: Cursor<'a>,
    next: Next,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    Open,
    FirstKey,
    Key,
    Done,
}

impl<'a> Fields<'a> {
    /// The fields of the object that the bytes hold; blanks around it are passed over, anything
    /// else behind it is an error.
    pub(crate) const fn new(input: &'a [u8]) -> Self {
        Self { cursor: Cursor { input, at: 0 }, next: Next::Open }
    }

    fn step(&mut self) -> Result<Option<Field<'a>>, ParseError> {
        let cursor = &mut self.cursor;
        if self.next == Next::Open {
            cursor.require(b'{', "{")?;
            self.next = Next::FirstKey;
            if cursor.take(b'}') {
                return cursor.end().map(|()| None);
            }
        }
        if self.next == Next::Key {
            if cursor.take(b'}') {
                return cursor.end().map(|()| None);
            }
            cursor.require(b',', ", or }")?;
        }
        cursor.require(b'"', "a quoted key")?;
        let key = cursor.string()?;
        cursor.require(b':', ":")?;
        let (value, at) = cursor.value()?;
        self.next = Next::Key;
        Ok(Some(Field { key, value, at }))
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<Field<'a>, ParseError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.next == Next::Done {
            return None;
        }
        let step = self.step().transpose();
        if !matches!(step, Some(Ok(_))) {
            self.next = Next::Done;
        }
        step
    }
}

/// The elements of an array, up to its end or to the first fault.
pub(crate) fn elements(input: &[u8]) -> impl Iterator<Item = Value<'_>> {
    let mut cursor = Cursor { input, at: 0 };
    let mut goes_on = cursor.take(b'[') && !cursor.take(b']');
    core::iter::from_fn(move || {
        if !goes_on {
            return None;
        }
        let (value, _) = cursor.value().ok()?;
        goes_on = cursor.take(b',');
        Some(value)
    })
}

/// The input and how far it is read.
#[derive(Debug, Clone)]
pub(super) struct Cursor<'a> {
    pub(super) input: &'a [u8],
    pub(super) at: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn rest(&self) -> &'a [u8] {
        self.input.get(self.at..).unwrap_or_default()
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.input.get(self.at).copied()
    }

    pub(super) fn advance(&mut self, by: usize) {
        self.at = self.at.saturating_add(by);
    }

    pub(super) fn broken(&self, expected: &'static str) -> ParseError {
        ParseError::new(ErrorKind::Json, self.at, expected).with_found(self.peek())
    }

    pub(super) fn skip_blanks(&mut self) {
        let blanks =
            self.rest().iter().take_while(|b| matches!(b, b' ' | b'\t' | b'\n' | b'\r')).count();
        self.advance(blanks);
    }

    pub(super) fn take(&mut self, byte: u8) -> bool {
        self.skip_blanks();
        let there = self.peek() == Some(byte);
        if there {
            self.advance(1);
        }
        there
    }

    pub(super) fn require(&mut self, byte: u8, words: &'static str) -> Result<(), ParseError> {
        if self.take(byte) { Ok(()) } else { Err(self.broken(words)) }
    }

    pub(super) fn end(&mut self) -> Result<(), ParseError> {
        self.skip_blanks();
        if self.at >= self.input.len() {
            Ok(())
        } else {
            Err(self.broken("nothing behind the object"))
        }
    }

    fn value(&mut self) -> Result<(Value<'a>, usize), ParseError> {
        self.skip_blanks();
        let at = self.at;
        match self.peek() {
            Some(b'"') => {
                self.advance(1);
                Ok((Value::String(self.string()?), at.saturating_add(1)))
            }
            Some(b'[') => {
                let raw = self.nested()?;
                Ok((byte_values(raw).map_or(Value::Nested(raw), Value::Bytes), at))
            }
            Some(b'{') => Ok((Value::Nested(self.nested()?), at)),
            Some(b'-' | b'0'..=b'9') => Ok((Value::Number(self.number()?), at)),
            _ => {
                let words = [
                    (&b"null"[..], Value::Null),
                    (b"true", Value::Bool(true)),
                    (b"false", Value::Bool(false)),
                ];
                for (word, value) in words {
                    if self.rest().starts_with(word) {
                        self.advance(word.len());
                        return Ok((value, at));
                    }
                }
                Err(self.broken("a JSON value"))
            }
        }
    }

    pub(super) fn number(&mut self) -> Result<&'a [u8], ParseError> {
        let rest = self.rest();
        let count = rest
            .iter()
            .take_while(|b| matches!(b, b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9'))
            .count();
        let number = rest.get(..count).unwrap_or_default();
        if !number.last().is_some_and(u8::is_ascii_digit) {
            self.advance(count);
            return Err(self.broken("a digit"));
        }
        self.advance(count);
        Ok(number)
    }

    /// The string behind an opening quote, and past its closing one.
    pub(super) fn string(&mut self) -> Result<Text<'a>, ParseError> {
        let start = self.at;
        if self.find_special()? == b'"' {
            let plain = self.input.get(start..self.at).unwrap_or_default();
            self.advance(1);
            return Ok(Text::borrowed(plain));
        }
        let mut undone = Vec::new();
        let mut from = start;
        loop {
            let special = self.find_special()?;
            undone.extend_from_slice(self.input.get(from..self.at).unwrap_or_default());
            if special == b'"' {
                self.advance(1);
                return Ok(Text::from(undone));
            }
            self.escape(&mut undone)?;
            from = self.at;
        }
    }

    /// Goes to the next quote or backslash of a string and names it.
    fn find_special(&mut self) -> Result<u8, ParseError> {
        match memchr2(b'"', b'\\', self.rest()) {
            Some(found) => {
                self.advance(found);
                Ok(self.peek().unwrap_or(b'"'))
            }
            None => {
                self.at = self.input.len();
                Err(self.broken("a closing quote"))
            }
        }
    }

    /// Undoes the escape that begins here.
    fn escape(&mut self, undone: &mut Vec<u8>) -> Result<(), ParseError> {
        self.advance(1);
        let byte = match self.peek() {
            Some(byte @ (b'"' | b'\\' | b'/')) => byte,
            Some(b'b') => 0x08,
            Some(b'f') => 0x0c,
            Some(b'n') => b'\n',
            Some(b'r') => b'\r',
            Some(b't') => b'\t',
            Some(b'u') => {
                self.advance(1);
                let character = self.unicode()?;
                undone.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                return Ok(());
            }
            _ => return Err(self.broken("an escape")),
        };
        self.advance(1);
        undone.push(byte);
        Ok(())
    }

    /// The character behind `\u`; half of a surrogate pair alone becomes U+FFFD, as in Go.
    fn unicode(&mut self) -> Result<char, ParseError> {
        let first = self.four_hex_digits()?;
        if let Some(character) = char::from_u32(first) {
            return Ok(character);
        }
        if first < 0xdc00 && self.rest().starts_with(b"\\u") {
            let behind_first = self.at;
            self.advance(2);
            let second = self.four_hex_digits()?;
            if (0xdc00..0xe000).contains(&second) {
                let code = 0x1_0000 + ((first & 0x3ff) << 10) + (second & 0x3ff);
                return Ok(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            self.at = behind_first;
        }
        Ok(char::REPLACEMENT_CHARACTER)
    }

    fn four_hex_digits(&mut self) -> Result<u32, ParseError> {
        let mut code = 0u32;
        for _ in 0..4 {
            let digit = self
                .peek()
                .and_then(|b| char::from(b).to_digit(16))
                .ok_or_else(|| self.broken("a hex digit"))?;
            code = (code << 4) | digit;
            self.advance(1);
        }
        Ok(code)
    }

    /// The object or array that begins here, up to the bracket that closes it. Brackets are
    /// counted, not followed.
    fn nested(&mut self) -> Result<&'a [u8], ParseError> {
        let start = self.at;
        let mut depth = 0usize;
        loop {
            let Some(byte) = self.peek() else { return Err(self.broken("a closing bracket")) };
            self.advance(1);
            match byte {
                b'[' | b'{' => depth = depth.saturating_add(1),
                b']' | b'}' => depth = depth.saturating_sub(1),
                b'"' => self.skip_string()?,
                _ => {}
            }
            if depth == 0 {
                return Ok(self.input.get(start..self.at).unwrap_or_default());
            }
        }
    }

    fn skip_string(&mut self) -> Result<(), ParseError> {
        while self.find_special()? == b'\\' {
            self.advance(2);
        }
        self.advance(1);
        Ok(())
    }
}

/// The bytes of an array that holds numbers from 0 to 255 and nothing else.
fn byte_values(array: &[u8]) -> Option<Vec<u8>> {
    let inner = array.strip_prefix(b"[")?.strip_suffix(b"]")?.trim_ascii();
    if inner.is_empty() {
        return Some(Vec::new());
    }
    inner
        .split(|&b| b == b',')
        .map(|item| core::str::from_utf8(item.trim_ascii()).ok().and_then(byte_value))
        .collect()
}

fn byte_value(digits: &str) -> Option<u8> {
    if digits.starts_with('+') { None } else { digits.parse().ok() }
}

#[cfg(test)]
mod tests {
    use super::{Field, Fields, Value};
    use crate::text::Text;
    use alloc::vec::Vec;

    fn read(input: &[u8]) -> Vec<Field<'_>> {
        Fields::new(input).map(|field| field.unwrap()).collect()
    }

    fn offset_of_error(input: &[u8]) -> usize {
        Fields::new(input).find_map(Result::err).unwrap().offset()
    }

    fn one(input: &[u8]) -> Value<'_> {
        let fields = read(input);
        assert_eq!(fields.len(), 1);
        fields[0].value.clone()
    }

    #[test]
    fn fields_come_in_order_with_their_places() {
        let line =
            br#" { "b" : "x y", "a":-1.5e3,"t":true,"f":false,"n":null,"deep":{"a":["}"]} } "#;
        let fields = read(line);
        let keys: Vec<_> = fields.iter().map(|f| f.key.to_str().unwrap()).collect();
        assert_eq!(keys, ["b", "a", "t", "f", "n", "deep"]);
        assert_eq!(fields[0].value, Value::String(Text::from("x y")));
        assert_eq!(&line[fields[0].at..fields[0].at + 3], b"x y");
        assert_eq!(fields[1].value, Value::Number(b"-1.5e3"));
        assert_eq!((&fields[2].value, &fields[3].value), (&Value::Bool(true), &Value::Bool(false)));
        assert_eq!(fields[4].value, Value::Null);
        assert_eq!(fields[5].value, Value::Nested(br#"{"a":["}"]}"#));
        assert!(read(b"{}").is_empty());
    }

    #[test]
    fn strings_are_borrowed_until_an_escape_must_be_undone() {
        let plain = one(b"{\"k\":\"caf\xc3\xa9 \xff\"}").into_text().unwrap();
        assert!(plain.is_borrowed());
        assert_eq!(plain.as_bytes(), b"caf\xc3\xa9 \xff");
        let undone =
            one(br#"{"k":"\"\\\/\b\f\n\r\t\u0041\u00e9\u20ac\ud83d\ude00"}"#).into_text().unwrap();
        assert_eq!(undone, "\"\\/\u{8}\u{c}\n\r\tA\u{e9}\u{20ac}\u{1f600}");
        let halves = one(br#"{"k":"\ud83d \ude00\ud83d\u0041"}"#).into_text().unwrap();
        assert_eq!(halves, "\u{fffd} \u{fffd}\u{fffd}A");
    }

    #[test]
    fn arrays_of_byte_values_are_bytes_and_other_arrays_are_raw() {
        assert_eq!(one(b"{\"k\":[98,97, 255 ,0]}"), Value::Bytes(b"ba\xff\0".to_vec()));
        assert_eq!(one(b"{\"k\":[]}"), Value::Bytes(Vec::new()));
        for raw in ["[256]", "[-1]", "[+1]", "[1.0]", "[1,]", "[\"a\",\"]\\\"]\"]", "[[1],[2]]"] {
            let line = alloc::format!("{{\"k\":{raw}}}");
            assert_eq!(one(line.as_bytes()), Value::Nested(raw.as_bytes()));
        }
    }

    #[test]
    fn errors_name_their_place() {
        let cases: [(&[u8], usize); 14] = [
            (b"", 0),
            (b"x", 0),
            (b"{", 1),
            (b"{\"a", 3),
            (b"{\"a\"", 4),
            (b"{\"a\":", 5),
            (b"{\"a\":x}", 5),
            (b"{\"a\":1", 6),
            (b"{\"a\":1,}", 7),
            (b"{\"a\":1} x", 8),
            (b"{\"a\":\"\\q\"}", 7),
            (b"{\"a\":\"\\u12g4\"}", 10),
            (b"{\"a\":[1", 7),
            (b"{\"a\":-}", 6),
        ];
        for (input, offset) in cases {
            assert_eq!(offset_of_error(input), offset, "{}", input.escape_ascii());
        }
    }

    #[test]
    fn what_stands_before_an_error_is_read() {
        let mut fields = Fields::new(br#"{"a":"1","b":"cut"#);
        assert_eq!(fields.next().unwrap().unwrap().key, "a");
        assert!(fields.next().unwrap().is_err());
        assert!(fields.next().is_none());
    }

    #[test]
    fn depth_costs_no_stack() {
        let mut line = b"{\"a\":".to_vec();
        line.resize(1 << 20, b'[');
        assert!(Fields::new(&line).all(|field| field.is_err()));
    }
}
