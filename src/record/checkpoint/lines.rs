//! The lines of a text that is there as a whole.

use crate::frame::{LineEnd, Lines};
use crate::limits::Limits;

/// A line, where it begins, and whether it has its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Line<'a> {
    /// The bytes without the line end.
    pub(super) bytes: &'a [u8],
    /// The first byte, counted from the beginning of the text.
    pub(super) at: usize,
    /// False for a last line without a line end: the text may have been cut inside it.
    pub(super) ended: bool,
}

/// All lines of a text, behind a byte order mark if there is one; a CR before the LF belongs to the
/// line end.
pub(super) fn lines(text: &[u8]) -> impl Iterator<Item = Line<'_>> {
    let (body, start) = match text.strip_prefix(b"\xef\xbb\xbf") {
        Some(body) => (body, 3),
        None => (text, 0),
    };
    let limits = Limits { max_line: usize::MAX, ..Limits::default() };
    Lines::with_limits(body, &limits).starting_at(1, start).map(|line| Line {
        bytes: line.bytes(),
        at: usize::try_from(line.at().span().start()).unwrap_or(usize::MAX),
        ended: line.end() != LineEnd::Missing,
    })
}
