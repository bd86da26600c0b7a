//! Why a line that looked like a record is not one.

use core::fmt;

/// What part of a line was broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A date or a time of day.
    Timestamp,
    /// A klog or logrus severity, or a firewalld label.
    Severity,
    /// A klog `file:line]`.
    SourceLocation,
    /// A logfmt pair or its separator.
    LogfmtPair,
    /// A quoted value or an escape inside it.
    Quoting,
    /// A JSON text.
    Json,
    /// A firewalld call or signal.
    Call,
    /// A word of an iptables rule.
    RuleArgument,
    /// A message with a fixed text.
    Message,
    /// A port or a range of ports.
    Port,
    /// An IP address.
    Address,
    /// A transport protocol.
    Protocol,
    /// The prefix that a transport put in front of the message.
    Prefix,
    /// A field that stands twice where the program prints it once.
    DuplicateField,
    /// A line, or a joined record, longer than the caller allows.
    TooLong,
    /// The XML of a service file.
    Xml,
    /// A line of what `firewall-cmd --list-all` prints.
    Listing,
    /// A ruleset of nftables, or a change of one.
    Ruleset,
    /// Text behind the end of a record.
    Trailing,
}

impl ErrorKind {
    /// The name of the part, as used in messages.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Timestamp => "timestamp",
            Self::Severity => "severity",
            Self::SourceLocation => "source location",
            Self::LogfmtPair => "logfmt pair",
            Self::Quoting => "quoted value",
            Self::Json => "json",
            Self::Call => "call",
            Self::RuleArgument => "rule argument",
            Self::Message => "message",
            Self::Port => "port",
            Self::Address => "address",
            Self::Protocol => "protocol",
            Self::Prefix => "prefix",
            Self::DuplicateField => "duplicate field",
            Self::TooLong => "length",
            Self::Xml => "xml",
            Self::Listing => "listing",
            Self::Ruleset => "ruleset",
            Self::Trailing => "trailing text",
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A line that was recognised and then broken: what, at which byte, what should stand there and
/// what does.
///
/// It holds no input, so it outlives the line. [`ParseError::in_line`] shows it beside the line.
///
/// ```
/// use hostport_audit::{ErrorKind, ParseError};
///
/// let error = ParseError::new(ErrorKind::Port, 4, "a digit").with_found(Some(b'+'));
/// assert_eq!(error.to_string(), "bad port at byte 4: expected a digit, found '+'");
/// assert_eq!(error.in_line(b"tcp:+443").to_string(), "tcp:+443\n    ^ expected a digit");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[error("bad {kind} at byte {offset}: expected {expected}, found {}", Found(*.found))]
pub struct ParseError {
    kind: ErrorKind,
    offset: u32,
    expected: &'static str,
    found: Option<u8>,
}

impl ParseError {
    /// An error at a byte offset of the line, with the words for what should have stood there.
    #[must_use]
    pub fn new(kind: ErrorKind, offset: usize, expected: &'static str) -> Self {
        Self { kind, offset: u32::try_from(offset).unwrap_or(u32::MAX), expected, found: None }
    }

    /// The same error with the byte that stood there; `None` is the end of the line.
    #[must_use]
    pub const fn with_found(mut self, found: Option<u8>) -> Self {
        self.found = found;
        self
    }

    /// The error of a part, told in offsets of the whole, which has `by` bytes in front of the
    /// part.
    #[must_use]
    pub fn shifted(mut self, by: usize) -> Self {
        self.offset = self.offset.saturating_add(u32::try_from(by).unwrap_or(u32::MAX));
        self
    }

    /// The same error at another byte offset.
    #[must_use]
    pub(crate) fn moved_to(mut self, offset: usize) -> Self {
        self.offset = u32::try_from(offset).unwrap_or(u32::MAX);
        self
    }

    /// The same error with the byte that stands at its place in the whole text.
    pub(crate) fn quoting(self, whole: &[u8]) -> Self {
        let found = whole.get(self.offset()).copied();
        self.with_found(found)
    }

    /// What was broken.
    #[must_use]
    pub const fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The byte of the line, counted from 0, at which it broke.
    #[must_use]
    pub const fn offset(&self) -> usize {
        self.offset as usize
    }

    /// The number, counted from 1, of the line in which it broke; `whole` is the text of several
    /// lines that was read.
    ///
    /// ```
    /// use hostport_audit::{ErrorKind, ParseError};
    ///
    /// let text = b"table ip t {\n\tcounter c\n}\n";
    /// assert_eq!(ParseError::new(ErrorKind::Ruleset, 23, "{").line_in(text), 2);
    /// ```
    #[must_use]
    pub fn line_in(&self, whole: &[u8]) -> usize {
        let before = whole.get(..self.offset()).unwrap_or(whole);
        memchr::memchr_iter(b'\n', before).count().saturating_add(1)
    }

    /// What should have stood there.
    #[must_use]
    pub const fn expected(&self) -> &'static str {
        self.expected
    }

    /// The byte that stood there; `None` is the end of the line.
    #[must_use]
    pub const fn found(&self) -> Option<u8> {
        self.found
    }

    /// Shows the line, escaped, with a caret below the broken byte.
    #[must_use]
    pub const fn in_line<'a>(&'a self, line: &'a [u8]) -> InLine<'a> {
        InLine { error: self, line }
    }
}

struct Found(Option<u8>);

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            None => f.write_str("the end"),
            Some(byte) => write!(f, "'{}'", byte.escape_ascii()),
        }
    }
}

/// A [`ParseError`] beside the line it is about; made by [`ParseError::in_line`].
#[derive(Debug, Clone, Copy)]
pub struct InLine<'a> {
    error: &'a ParseError,
    line: &'a [u8],
}

impl fmt::Display for InLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.line.escape_ascii())?;
        let before = self.line.get(..self.error.offset()).unwrap_or(self.line);
        for _ in before.escape_ascii() {
            f.write_str(" ")?;
        }
        write!(f, "^ expected {}", self.error.expected)
    }
}
