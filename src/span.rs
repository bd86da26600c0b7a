//! Where something stands in the input.

use core::fmt;

/// Which of the caller's inputs (files, streams) a line came from; the caller chooses the numbers.
///
/// ```
/// use hostport_audit::InputId;
///
/// assert_eq!(InputId::new(3).number(), 3);
/// assert_eq!(InputId::default().number(), 0);
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
pub struct InputId(u32);

impl InputId {
    /// The input with this number.
    #[must_use]
    pub const fn new(number: u32) -> Self {
        Self(number)
    }

    /// The number the caller gave.
    #[must_use]
    pub const fn number(self) -> u32 {
        self.0
    }
}

/// A half-open range of bytes, counted from the start of the input.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ByteSpan {
    start: u64,
    end: u64,
}

impl ByteSpan {
    /// The bytes from `start` up to, not including, `end`; an end before the start counts as the
    /// start.
    #[must_use]
    pub const fn new(start: u64, end: u64) -> Self {
        Self { start, end: if end < start { start } else { end } }
    }

    /// The first byte.
    #[must_use]
    pub const fn start(self) -> u64 {
        self.start
    }

    /// The byte behind the last one.
    #[must_use]
    pub const fn end(self) -> u64 {
        self.end
    }

    /// How many bytes it spans.
    #[must_use]
    pub const fn len(self) -> u64 {
        self.end.saturating_sub(self.start)
    }

    /// True when it spans nothing.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.end <= self.start
    }
}

/// A line of an input: the input, the line's number counted from 1, and its bytes without the line
/// end.
///
/// ```
/// use hostport_audit::{ByteSpan, InputId, LineRef};
///
/// let at = LineRef::new(InputId::default(), 7, ByteSpan::new(100, 180));
/// assert_eq!(at.to_string(), "line 7");
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct LineRef {
    input: InputId,
    line: u64,
    span: ByteSpan,
}

impl LineRef {
    /// Line `line` (counted from 1; 0 stands for "before the first line") of `input`, at `span`.
    #[must_use]
    pub const fn new(input: InputId, line: u64, span: ByteSpan) -> Self {
        Self { input, line, span }
    }

    /// The input it stands in.
    #[must_use]
    pub const fn input(self) -> InputId {
        self.input
    }

    /// The line number, counted from 1.
    #[must_use]
    pub const fn line(self) -> u64 {
        self.line
    }

    /// Its bytes.
    #[must_use]
    pub const fn span(self) -> ByteSpan {
        self.span
    }

    /// The same line in an input that has `lines` lines and `bytes` bytes in front of this one's
    /// start.
    #[must_use]
    pub const fn shifted(self, lines: u64, bytes: u64) -> Self {
        Self {
            input: self.input,
            line: self.line.saturating_add(lines),
            span: ByteSpan {
                start: self.span.start.saturating_add(bytes),
                end: self.span.end.saturating_add(bytes),
            },
        }
    }
}

impl fmt::Display for LineRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.input.0 == 0 {
            write!(f, "line {}", self.line)
        } else {
            write!(f, "input {} line {}", self.input.0, self.line)
        }
    }
}
