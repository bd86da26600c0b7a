//! logfmt as logrus writes it (1.4 to 1.9, the logger of CRI-O, podman and many others): `key=value
//! key="quoted" key= key`.
//!
//! Quoted values follow Go's `%q`, so a value is bytes, not always text. It is stricter than
//! readers that accept whatever comes: an unterminated quote, a quote in the middle of a bare
//! value, an escape that Go does not print and a pair without a key are errors, because in a log
//! they mean that a line was cut or forged.

use crate::error::{ErrorKind, ParseError};
use crate::grammar::error::public;
use crate::grammar::logfmt::{self, RawValue};
use crate::text::Text;

/// What stands behind a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Value<'a> {
    /// No `=`: the key alone.
    Bare,
    /// `key=` with nothing behind it, which is how logrus writes an empty value.
    Empty,
    /// A value without quotes.
    Plain(&'a [u8]),
    /// A value in quotes.
    Quoted(Quoted<'a>),
}

impl<'a> Value<'a> {
    /// The value with escapes undone; it is borrowed if there were none. `None` for a key alone.
    #[must_use]
    pub fn text(self) -> Option<Text<'a>> {
        match self {
            Self::Bare => None,
            Self::Empty => Some(Text::default()),
            Self::Plain(bytes) => Some(Text::borrowed(bytes)),
            Self::Quoted(quoted) => Some(quoted.text()),
        }
    }

    /// The value as it stands in the line, without the quotes around it. `None` for a key alone.
    #[must_use]
    pub const fn raw(self) -> Option<&'a [u8]> {
        match self {
            Self::Bare => None,
            Self::Empty => Some(&[]),
            Self::Plain(bytes) => Some(bytes),
            Self::Quoted(quoted) => Some(quoted.raw()),
        }
    }
}

/// A value in quotes, its escapes checked and not yet undone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Quoted<'a> {
    inside: &'a [u8],
    escaped: bool,
}

impl<'a> Quoted<'a> {
    /// What stands between the quotes.
    #[must_use]
    pub const fn raw(self) -> &'a [u8] {
        self.inside
    }

    /// True if there is an escape to undo.
    #[must_use]
    pub const fn is_escaped(self) -> bool {
        self.escaped
    }

    /// The bytes it stands for; borrowed if there is no escape.
    #[must_use]
    pub fn text(self) -> Text<'a> {
        if self.escaped {
            Text::from(logfmt::unescape(self.inside))
        } else {
            Text::borrowed(self.inside)
        }
    }
}

/// A key and its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pair<'a> {
    key: &'a [u8],
    value: Value<'a>,
}

impl<'a> Pair<'a> {
    /// The key; never empty.
    #[must_use]
    pub const fn key(self) -> &'a [u8] {
        self.key
    }

    /// What stands behind it.
    #[must_use]
    pub const fn value(self) -> Value<'a> {
        self.value
    }
}

/// The pairs of a line, in order, duplicates kept; it ends behind the first error.
///
/// Blanks and tabs separate pairs; one CR at the end of the line is passed over.
///
/// ```
/// use hostport_audit::record::logfmt::{Pairs, Value};
///
/// let line = br#"level=info msg="two \"words\"" id= done"#;
/// let pairs = Pairs::new(line).collect::<Result<Vec<_>, _>>()?;
/// assert_eq!(pairs[0].value(), Value::Plain(b"info"));
/// assert_eq!(pairs[1].value().text().unwrap(), "two \"words\"");
/// assert_eq!(pairs[2].value(), Value::Empty);
/// assert_eq!(pairs[3].value(), Value::Bare);
/// assert!(Pairs::new(br#"msg="Opened local port tcp:44"#).any(|pair| pair.is_err()));
/// # Ok::<(), hostport_audit::ParseError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Pairs<'a> {
    whole: &'a [u8],
    rest: Option<&'a [u8]>,
}

impl<'a> Pairs<'a> {
    /// The pairs of a line without its line feed.
    #[must_use]
    pub fn new(line: &'a [u8]) -> Self {
        let whole = line.strip_suffix(b"\r").unwrap_or(line);
        Self { whole, rest: Some(whole) }
    }

    /// What was not read yet; empty at the end and behind an error.
    #[must_use]
    pub fn rest(&self) -> &'a [u8] {
        self.rest.unwrap_or_default()
    }
}

impl<'a> Iterator for Pairs<'a> {
    type Item = Result<Pair<'a>, ParseError>;

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.rest.take()?;
        let (rest, _) = logfmt::blanks(rest).ok()?;
        if rest.is_empty() {
            return None;
        }
        match logfmt::pair(rest) {
            Ok((rest, raw)) => {
                self.rest = Some(rest);
                let value = match raw.value {
                    RawValue::Bare => Value::Bare,
                    RawValue::Empty => Value::Empty,
                    RawValue::Plain(bytes) => Value::Plain(bytes),
                    RawValue::Quoted { inside, escaped } => {
                        Value::Quoted(Quoted { inside, escaped })
                    }
                };
                Some(Ok(Pair { key: raw.key, value }))
            }
            Err(error) => Some(Err(public(self.whole, error))),
        }
    }
}

/// True for the error of a line that ends inside a quoted value: it was cut.
#[must_use]
pub fn is_cut(error: &ParseError) -> bool {
    error.kind() == ErrorKind::Quoting && error.found().is_none()
}
