//! Lines out of bytes: over a buffer that is there as a whole, or pushed in chunks of any size.
//!
//! LF alone ends a line; a CR right before it belongs to the line end. Any other byte, NUL
//! included, belongs to the line, and a last line needs no line end. Both forms give the same lines
//! for the same bytes, however they are split.

use crate::limits::Limits;
use crate::span::{ByteSpan, InputId, LineRef};
use alloc::vec::Vec;
use core::iter::FusedIterator;
use memchr::memchr;

/// What ends a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
pub enum LineEnd {
    /// LF.
    Lf,
    /// CR and LF.
    CrLf,
    /// Nothing: the input ended.
    Missing,
}

impl LineEnd {
    /// The bytes of it.
    #[must_use]
    pub const fn as_bytes(self) -> &'static [u8] {
        match self {
            Self::Lf => b"\n",
            Self::CrLf => b"\r\n",
            Self::Missing => b"",
        }
    }
}

/// One line: its bytes without the line end, its place, and what a limit cut from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RawLine<'a> {
    bytes: &'a [u8],
    at: LineRef,
    end: LineEnd,
}

impl<'a> RawLine<'a> {
    /// A line that stands alone: line 1 of the default input.
    #[must_use]
    pub fn alone(bytes: &'a [u8]) -> Self {
        Self::new(
            bytes,
            LineRef::new(InputId::default(), 1, ByteSpan::new(0, widen(bytes.len()))),
            LineEnd::Missing,
        )
    }

    /// A line at a place; if the span of the place is longer than the bytes, the rest counts as
    /// cut.
    #[must_use]
    pub const fn new(bytes: &'a [u8], at: LineRef, end: LineEnd) -> Self {
        Self { bytes, at, end }
    }

    /// The bytes without the line end; the first of them if the line was longer than
    /// [`Limits::max_line`].
    #[must_use]
    pub const fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Where it stands; the span is that of the whole line without its end, cut or not.
    #[must_use]
    pub const fn at(&self) -> LineRef {
        self.at
    }

    /// What ends it.
    #[must_use]
    pub const fn end(&self) -> LineEnd {
        self.end
    }

    /// How many bytes at its end were dropped because the line was longer than
    /// [`Limits::max_line`].
    #[must_use]
    pub const fn cut(&self) -> u64 {
        self.at.span().len().saturating_sub(self.bytes.len() as u64)
    }
}

fn widen(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

/// The next line's number and first byte, and how long a line may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
struct Place {
    input: InputId,
    line: u64,
    byte: u64,
    max_line: usize,
}

impl Place {
    const fn first(limits: &Limits) -> Self {
        Self { input: InputId::new(0), line: 1, byte: 0, max_line: limits.max_line }
    }

    /// The line of which `kept` are the bytes before LF, or as many of them as were kept; goes on
    /// to the next line.
    fn line<'a>(&mut self, kept: &'a [u8], length: u64, end: LineEnd) -> RawLine<'a> {
        let content = if end == LineEnd::CrLf { length.saturating_sub(1) } else { length };
        let most = usize::try_from(content).unwrap_or(usize::MAX).min(self.max_line);
        let start = self.byte;
        let at = LineRef::new(
            self.input,
            self.line,
            ByteSpan::new(start, start.saturating_add(content)),
        );
        self.line = self.line.saturating_add(1);
        self.byte = start.saturating_add(length).saturating_add(u64::from(end != LineEnd::Missing));
        RawLine::new(kept.get(..most).unwrap_or(kept), at, end)
    }

    fn whole_line<'a>(&mut self, bytes: &'a [u8], ended: bool) -> RawLine<'a> {
        let end = match (ended, bytes.last()) {
            (true, Some(b'\r')) => LineEnd::CrLf,
            (true, _) => LineEnd::Lf,
            (false, _) => LineEnd::Missing,
        };
        self.line(bytes, widen(bytes.len()), end)
    }
}

/// The lines of a buffer, in order.
///
/// ```
/// use hostport_audit::Lines;
///
/// let lines: Vec<_> = Lines::new(b"one\r\ntwo").map(|line| (line.at().line(), line.bytes())).collect();
/// assert_eq!(lines, [(1, &b"one"[..]), (2, &b"two"[..])]);
/// ```
#[derive(Debug, Clone)]
pub struct Lines<'a> {
    rest: &'a [u8],
    place: Place,
}

impl<'a> Lines<'a> {
    /// The lines of a buffer, numbered from 1, with the default limit on their length.
    #[must_use]
    pub fn new(buffer: &'a [u8]) -> Self {
        Self::with_limits(buffer, &Limits::default())
    }

    /// The lines of a buffer, numbered from 1, none longer than [`Limits::max_line`].
    #[must_use]
    pub const fn with_limits(buffer: &'a [u8], limits: &Limits) -> Self {
        Self { rest: buffer, place: Place::first(limits) }
    }

    /// The same lines, told to be of this input.
    #[must_use]
    pub const fn of_input(mut self, input: InputId) -> Self {
        self.place.input = input;
        self
    }

    /// The same lines of a buffer that is a later part of an input: its first line has this number
    /// and begins at this byte.
    #[must_use]
    pub const fn starting_at(mut self, line: u64, byte: u64) -> Self {
        self.place.line = line;
        self.place.byte = byte;
        self
    }

    /// The number that the next line has.
    #[must_use]
    pub const fn next_line(&self) -> u64 {
        self.place.line
    }

    /// The byte of the input at which the next line begins.
    #[must_use]
    pub const fn next_byte(&self) -> u64 {
        self.place.byte
    }

    /// What was not read yet.
    #[must_use]
    pub const fn remainder(&self) -> &'a [u8] {
        self.rest
    }
}

impl<'a> Iterator for Lines<'a> {
    type Item = RawLine<'a>;

    fn next(&mut self) -> Option<RawLine<'a>> {
        if self.rest.is_empty() {
            return None;
        }
        let (line, rest, ended) = split_line(self.rest);
        self.rest = rest;
        Some(self.place.whole_line(line, ended))
    }
}

impl FusedIterator for Lines<'_> {}

/// What stands before the first LF, what behind it, and whether there is one.
fn split_line(bytes: &[u8]) -> (&[u8], &[u8], bool) {
    match memchr(b'\n', bytes).and_then(|found| bytes.split_at_checked(found)) {
        Some((line, [_, rest @ ..])) => (line, rest, true),
        _ => (bytes, &[], false),
    }
}

/// Takes an input in chunks of any size and gives its lines: the same lines for every split.
///
/// A line that lies inside one chunk is not copied. Of a line that does not, at most
/// [`Limits::max_line`] bytes are held. The whole state can be cloned, and with the `serde` feature
/// saved, to go on later.
///
/// ```
/// use hostport_audit::{Feeder, Limits};
///
/// let mut lines = Vec::new();
/// let mut feeder = Feeder::new(&Limits::default());
/// for chunk in ["on", "e\r", "\ntwo\nthr", "ee"] {
///     feeder.feed(chunk.as_bytes(), |line| lines.push(line.bytes().to_vec()));
/// }
/// assert!(!feeder.is_idle());
/// feeder.finish(|line| lines.push(line.bytes().to_vec()));
/// assert_eq!(lines, [&b"one"[..], b"two", b"three"]);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Feeder {
    place: Place,
    /// The first bytes of a line whose LF has not come yet.
    held: Vec<u8>,
    /// How many bytes of that line have come, held or not.
    length: u64,
    /// Whether the last of them is a CR.
    carriage_return: bool,
}

impl Feeder {
    /// A feeder at the start of an input.
    #[must_use]
    pub const fn new(limits: &Limits) -> Self {
        Self { place: Place::first(limits), held: Vec::new(), length: 0, carriage_return: false }
    }

    /// The same feeder, told that this is the input.
    #[must_use]
    pub const fn of_input(mut self, input: InputId) -> Self {
        self.place.input = input;
        self
    }

    /// The same feeder for a later part of an input: the first line has this number and begins at
    /// this byte.
    #[must_use]
    pub const fn starting_at(mut self, line: u64, byte: u64) -> Self {
        self.place.line = line;
        self.place.byte = byte;
        self
    }

    /// Takes the next chunk and hands out the lines that end in it.
    pub fn feed(&mut self, chunk: &[u8], mut line: impl FnMut(RawLine<'_>)) {
        let mut rest = chunk;
        if self.length > 0 {
            let (first, behind, ended) = split_line(rest);
            self.hold(first);
            if !ended {
                return;
            }
            self.release(true, &mut line);
            rest = behind;
        }
        while !rest.is_empty() {
            let (whole, behind, ended) = split_line(rest);
            if !ended {
                return self.hold(whole);
            }
            line(self.place.whole_line(whole, true));
            rest = behind;
        }
    }

    /// Says that the input ended here, and hands out the last line if it had no line end.
    pub fn finish(&mut self, mut line: impl FnMut(RawLine<'_>)) {
        if self.length > 0 {
            self.release(false, &mut line);
        }
    }

    /// True when no line has begun without having ended.
    #[must_use]
    pub const fn is_idle(&self) -> bool {
        self.length == 0
    }

    /// The number of the next line to be handed out.
    #[must_use]
    pub const fn next_line(&self) -> u64 {
        self.place.line
    }

    /// The byte of the input at which the next line to be handed out begins.
    #[must_use]
    pub const fn next_byte(&self) -> u64 {
        self.place.byte
    }

    fn hold(&mut self, bytes: &[u8]) {
        let room = self.place.max_line.saturating_sub(self.held.len()).min(bytes.len());
        self.held.extend_from_slice(bytes.get(..room).unwrap_or_default());
        self.length = self.length.saturating_add(widen(bytes.len()));
        if let Some(last) = bytes.last() {
            self.carriage_return = *last == b'\r';
        }
    }

    fn release(&mut self, ended: bool, line: &mut impl FnMut(RawLine<'_>)) {
        let end = match (ended, self.carriage_return) {
            (true, true) => LineEnd::CrLf,
            (true, false) => LineEnd::Lf,
            (false, _) => LineEnd::Missing,
        };
        line(self.place.line(&self.held, self.length, end));
        self.held.clear();
        self.length = 0;
        self.carriage_return = false;
    }
}
