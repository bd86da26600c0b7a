//! What the record forms have in common while an entry is not complete.

use super::fields::Fields;
use crate::error::ParseError;
use crate::span::LineRef;

/// The fields of an entry that have come so far, and the lines they took.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct PendingEntry {
    pub(super) fields: Fields<'static>,
    pub(super) at: LineRef,
    pub(super) lines: u64,
    /// How many bytes of the message were dropped.
    pub(super) cut: u64,
}

impl PendingEntry {
    /// An entry of which the first line has come.
    pub(super) const fn new(fields: Fields<'static>, at: LineRef) -> Self {
        Self { fields, at, lines: 1, cut: 0 }
    }

    /// Counts one more line.
    pub(super) const fn count(&mut self) {
        self.lines = self.lines.saturating_add(1);
    }
}

/// What a line did to an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// It belongs to the entry, which goes on.
    More,
    /// It ended the entry.
    Ended,
    /// The entry had ended before it; the line is to be read afresh.
    EndedBefore,
    /// It belongs to the entry and broke it.
    GrammarError(ParseError),
    /// The entry was broken by its absence; the line is to be read afresh.
    BrokenBefore(ParseError),
}
