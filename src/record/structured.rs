//! klog's structured messages: a quoted text and pairs of key and value.

use crate::error::ParseError;
use crate::grammar::error::public;
use crate::grammar::klog::{self, RawValue};
use crate::grammar::logfmt;
use crate::text::Text;
use alloc::vec::Vec;

/// The message of `InfoS` or `ErrorS` (klog v2): `"Opened local port" port="..."`.
///
/// ```
/// use hostport_audit::record::structured::Structured;
///
/// let message = Structured::parse(br#""can't open port" err="in use" port="\"nodePort for demo/web\" (:30080/tcp4)""#)?;
/// assert_eq!(message.text(), "can't open port");
/// let port = message.value(b"port").expect("a pair");
/// assert_eq!(port.text(), "\"nodePort for demo/web\" (:30080/tcp4)");
/// # Ok::<(), hostport_audit::ParseError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Structured<'a> {
    text: &'a [u8],
    pairs: &'a [u8],
}

impl<'a> Structured<'a> {
    /// Reads a message; blocks of several lines are read if their lines are there.
    ///
    /// # Errors
    /// It does not begin with a quoted text, or a pair is broken.
    pub fn parse(message: &'a [u8]) -> Result<Self, ParseError> {
        Self::read(message).map_err(|error| error.quoting(message))
    }

    fn read(message: &'a [u8]) -> Result<Self, ParseError> {
        let (pairs, text) = klog::structured_text(message).map_err(|e| public(message, e))?;
        let mut rest = pairs;
        while !rest.is_empty() && rest != b"\n" {
            rest = klog::structured_pair(rest).map_err(|e| public(message, e))?.0;
        }
        Ok(Self { text, pairs })
    }

    /// The text, unquoted.
    #[must_use]
    pub fn text(&self) -> Text<'a> {
        logfmt::unescape(self.text).into()
    }

    /// The pairs in order.
    pub fn pairs(&self) -> impl Iterator<Item = (Text<'a>, Value<'a>)> {
        let mut rest = self.pairs;
        core::iter::from_fn(move || {
            let (behind, (key, value)) = klog::structured_pair(rest).ok()?;
            rest = behind;
            Some((key.into(), Value(value)))
        })
    }

    /// The value of a key; of a key that stands twice the last.
    #[must_use]
    pub fn value(&self, key: &[u8]) -> Option<Value<'a>> {
        self.pairs().filter(|(name, _)| name == key).last().map(|(_, value)| value)
    }
}

/// A value of a structured message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Value<'a>(RawValue<'a>);

impl<'a> Value<'a> {
    /// True for a string: quoted, or written as a block of lines.
    #[must_use]
    pub const fn is_string(&self) -> bool {
        matches!(self.0, RawValue::Quoted(_) | RawValue::Block(..))
    }

    /// True for a block of lines (`=<`) whose end is not there.
    #[must_use]
    pub const fn is_cut(&self) -> bool {
        matches!(self.0, RawValue::Block(_, false))
    }

    /// A string unquoted, the lines of a block joined; any other value as printed, which differs by
    /// version (Go's `%+v` up to klog v2.90, JSON from v2.100.1). A block does not tell whether
    /// the string ended in a line end.
    #[must_use]
    pub fn text(&self) -> Text<'a> {
        match self.0 {
            RawValue::Quoted(inside) => logfmt::unescape(inside).into(),
            RawValue::Bare(text) => text.into(),
            RawValue::Block(lines, _) => {
                let mut text = Vec::with_capacity(lines.len());
                for (number, line) in lines.split(|&b| b == b'\n').enumerate() {
                    if number > 0 {
                        text.push(b'\n');
                    }
                    text.extend_from_slice(line.strip_prefix(b"\t").unwrap_or(line));
                }
                text.into()
            }
        }
    }
}
