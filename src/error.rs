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

/// The text in which the offset of a [`ParseError`] counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum Place {
    /// The line of the input, or the text that was handed to the parser.
    #[default]
    Line,
    /// The message, which stands in no line as it is: a JSON string with its escapes undone, a
    /// field of the journal's export form, parts of a container record put together, a call of
    /// several lines.
    Message,
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
#[error("bad {kind} at {}: expected {expected}, found {}", At(*.offset, *.place), Found(*.found))]
pub struct ParseError {
    kind: ErrorKind,
    place: Place,
    offset: u32,
    expected: &'static str,
    found: Option<u8>,
}

impl ParseError {
    /// An error at a byte offset of the line, with the words for what should have stood there.
    #[must_use]
    pub fn new(kind: ErrorKind, offset: usize, expected: &'static str) -> Self {
        let offset = u32::try_from(offset).unwrap_or(u32::MAX);
        Self { kind, place: Place::Line, offset, expected, found: None }
    }

    /// The same error, whose offset counts in the message and not in the line.
    #[must_use]
    pub const fn of_message(mut self) -> Self {
        self.place = Place::Message;
        self
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

    /// The text in which [`Self::offset`] counts.
    #[must_use]
    pub const fn place(&self) -> Place {
        self.place
    }

    /// The byte, counted from 0, at which it broke: of the line or of the message, as
    /// [`Self::place`] tells.
    #[must_use]
    pub const fn offset(&self) -> usize {
        self.offset as usize
    }

    /// What should have stood there.
    #[must_use]
    pub const fn expected(&self) -> &'static str {
        self.expected
    }

    /// The byte that stood there; `None` is the end of the text.
    #[must_use]
    pub const fn found(&self) -> Option<u8> {
        self.found
    }

    /// Shows the line, escaped, with a caret below the broken byte.
    ///
    /// Of a text of several lines, such as the output of `firewall-cmd --list-all` or a service
    /// file, it shows the broken line alone, with its number before it:
    ///
    /// ```
    /// use hostport_audit::record::save::Save;
    ///
    /// let output = b"*nat\n-A PREROUTING\n-B PREROUTING\nCOMMIT\n";
    /// let error = Save::parse(output).unwrap_err();
    /// let shown = error.in_line(output).to_string();
    /// assert!(shown.starts_with("line 3:\n-B PREROUTING\n^ expected"), "{shown}");
    /// assert_eq!(error.line_in(output), 3);
    /// ```
    ///
    /// An error whose offset counts in the message ([`Place::Message`]) gets no caret below the
    /// line: its byte stands elsewhere there. See [`Self::in_message`].
    #[must_use]
    pub const fn in_line<'a>(&'a self, line: &'a [u8]) -> InLine<'a> {
        InLine { error: self, text: line, place: Place::Line }
    }

    /// Shows the message, escaped, with a caret below the broken byte, if the offset counts in the
    /// message.
    ///
    /// ```
    /// use hostport_audit::{ErrorKind, ParseError};
    ///
    /// // The line was `{"MESSAGE":"a\"+443"}`, the message is `a"+443`.
    /// let error = ParseError::new(ErrorKind::Port, 2, "a digit").of_message();
    /// assert_eq!(error.in_message(b"a\"+443").to_string(), "a\\\"+443\n   ^ expected a digit");
    /// let line = br#"{"MESSAGE":"a\"+443"}"#;
    /// assert!(error.in_line(line).to_string().ends_with("\nbyte 2 of the message: expected a digit"));
    /// ```
    #[must_use]
    pub const fn in_message<'a>(&'a self, message: &'a [u8]) -> InLine<'a> {
        InLine { error: self, text: message, place: Place::Message }
    }

    /// The number of the broken line in a text of several lines, counted from 1.
    #[must_use]
    pub fn line_in(&self, text: &[u8]) -> u64 {
        let before = text.get(..self.offset()).unwrap_or(text);
        let ends = before.iter().filter(|byte| **byte == b'\n').count();
        u64::try_from(ends).unwrap_or(u64::MAX).saturating_add(1)
    }
}

/// The place of an error in words.
struct At(u32, Place);

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.1 {
            Place::Line => write!(f, "byte {}", self.0),
            Place::Message => write!(f, "byte {} of the message", self.0),
        }
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

/// A [`ParseError`] beside the text it is about; made by [`ParseError::in_line`] and
/// [`ParseError::in_message`].
#[derive(Debug, Clone, Copy)]
pub struct InLine<'a> {
    error: &'a ParseError,
    text: &'a [u8],
    /// What the text is.
    place: Place,
}

impl fmt::Display for InLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let before = self.text.get(..self.error.offset()).unwrap_or(self.text);
        let behind = self.text.get(before.len()..).unwrap_or_default();
        let start = memchr::memrchr(b'\n', before).map_or(0, |end| end.saturating_add(1));
        let end = memchr::memchr(b'\n', behind).unwrap_or(behind.len());
        let end = before.len().saturating_add(end);
        let ParseError { place, offset, expected, .. } = *self.error;
        if place != self.place {
            writeln!(f, "{}", self.text.escape_ascii())?;
            let other = if place == Place::Line { " of the line" } else { "" };
            return write!(f, "{}{other}: expected {expected}", At(offset, place));
        }
        let line = self.text.get(start..end).unwrap_or_default();
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let column = before.len().saturating_sub(start).min(line.len());
        if memchr::memchr(b'\n', self.text.strip_suffix(b"\n").unwrap_or(self.text)).is_some() {
            writeln!(f, "line {}:", self.error.line_in(self.text))?;
        }
        writeln!(f, "{}", line.escape_ascii())?;
        for _ in line.get(..column).unwrap_or_default().escape_ascii() {
            f.write_str(" ")?;
        }
        write!(f, "^ expected {expected}")
    }
}
