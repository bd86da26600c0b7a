//! Entries of the journal's json-pretty form: one JSON object, a field a line, the elements of an
//! array one a line.

use super::Transport;
use super::fields::Fields;
use super::json_entry::journal_fields;
use super::pending_entry::Step;
use crate::error::{ErrorKind, ParseError};
use crate::frame::RawLine;
use crate::grammar::journal;
use crate::span::LineRef;
use alloc::vec::Vec;

/// An object whose closing brace has not come yet.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct Pretty {
    text: Vec<u8>,
    pub(super) at: LineRef,
    pub(super) lines: u64,
}

impl Pretty {
    /// An object that begins with this line, if it is an opening brace and nothing else.
    ///
    /// Only the next line shows whether it is an entry.
    pub(super) fn begin(line: &RawLine<'_>) -> Option<Self> {
        (line.bytes() == b"{").then(|| Self { text: b"{".to_vec(), at: line.at(), lines: 1 })
    }

    /// True while only the brace has come, which may be any program's.
    pub(super) const fn is_only_a_brace(&self) -> bool {
        self.lines == 1
    }

    /// Takes the next line.
    pub(super) fn line(&mut self, line: &RawLine<'_>, max_record: usize) -> Step {
        let bytes = line.bytes();
        if self.is_only_a_brace() && !journal::begins_pretty(bytes) {
            return Step::EndedBefore;
        }
        let end = bytes == b"}";
        if !end && !bytes.starts_with(b"\t") {
            let error = ParseError::new(ErrorKind::Json, 0, "a field behind a tab, or }");
            return Step::BrokenBefore(error.with_found(bytes.first().copied()));
        }
        self.lines = self.lines.saturating_add(1);
        if line.cut() > 0 || self.text.len().saturating_add(bytes.len()) >= max_record {
            return Step::GrammarError(ParseError::new(
                ErrorKind::TooLong,
                bytes.len(),
                "an entry within the limit",
            ));
        }
        self.text.push(b'\n');
        self.text.extend_from_slice(bytes);
        if end { Step::Ended } else { Step::More }
    }

    /// The fields that have come, and the fault behind them.
    pub(super) fn fields(&self) -> (Fields<'_>, Option<ParseError>) {
        let (fields, _, _, broken) = journal_fields(&self.text, Transport::JsonPretty);
        (fields, broken)
    }
}
