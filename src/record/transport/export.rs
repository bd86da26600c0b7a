//! Entries of the journal's export form: lines of `KEY=value` up to an empty line. A value with
//! bytes that a line cannot hold comes as a line with the key, eight bytes of length (little
//! endian), that many bytes, and a line end.

use super::Transport;
use super::fields::{Fields, Key};
use super::pending_entry::{PendingEntry, Step};
use crate::error::{ErrorKind, ParseError};
use crate::frame::RawLine;
use crate::grammar::journal;
use crate::text::Text;
use alloc::vec::Vec;

/// No field of a journal is longer (systemd 252); a greater length is a fault, not a value to wait
/// for.
const LONGEST_VALUE: u64 = 768 << 20;

/// An entry whose empty line has not come yet.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct Export {
    pending_entry: PendingEntry,
    value: Option<Value>,
}

/// A value that comes as length and bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
struct Value {
    key: Option<Key>,
    /// The bytes of the length that have come.
    length: Vec<u8>,
    /// How many bytes are still to come, once the length is known.
    left: u64,
    bytes: Vec<u8>,
}

impl Export {
    /// An entry that begins with this line.
    pub(super) fn begin(line: &RawLine<'_>, max_record: usize) -> Self {
        let mut export = Self {
            pending_entry: PendingEntry::new(Fields::new(Transport::Export), line.at()),
            value: None,
        };
        export.field(line, max_record);
        export
    }

    /// What has come of the entry; of a value that had not ended, what there is of it.
    pub(super) fn into_held(mut self) -> PendingEntry {
        if let Some(Value { key: Some(key), length, left, bytes }) = self.value
            && length.len() == 8
        {
            if key == Key::Message {
                self.pending_entry.cut = self.pending_entry.cut.saturating_add(left);
            }
            self.pending_entry.fields.set(key, Text::from(bytes));
        }
        self.pending_entry
    }

    /// Takes the next line.
    pub(super) fn line(&mut self, line: &RawLine<'_>, max_record: usize) -> Step {
        if self.value.is_some() {
            self.pending_entry.count();
            return self.value_line(line, max_record);
        }
        match line.bytes() {
            [] => {
                self.pending_entry.count();
                Step::Ended
            }
            bytes if bytes.starts_with(b"__CURSOR=") => Step::EndedBefore,
            bytes => match journal::export_field(bytes) {
                Some((_, Some(_))) => {
                    self.pending_entry.count();
                    self.field(line, max_record);
                    Step::More
                }
                Some((key, None)) => {
                    self.pending_entry.count();
                    self.value = Some(Value {
                        key: Key::of(key),
                        length: Vec::new(),
                        left: 0,
                        bytes: Vec::new(),
                    });
                    Step::More
                }
                None => {
                    let error =
                        ParseError::new(ErrorKind::Prefix, 0, "KEY=value, or an empty line");
                    Step::BrokenBefore(error.with_found(bytes.first().copied()))
                }
            },
        }
    }

    fn field(&mut self, line: &RawLine<'_>, max_record: usize) {
        if let Some((key, Some(value))) = journal::export_field(line.bytes())
            && let Some(key) = Key::of(key)
        {
            let kept = value.get(..max_record).unwrap_or(value);
            if key == Key::Message {
                self.pending_entry.cut =
                    line.cut().saturating_add(value.len().saturating_sub(kept.len()) as u64);
            }
            self.pending_entry.fields.set(key, Text::from(kept.to_vec()));
        }
    }

    /// Takes a line of a binary value, line end included.
    fn value_line(&mut self, line: &RawLine<'_>, max_record: usize) -> Step {
        let Some(value) = &mut self.value else { return Step::More };
        let pieces = [line.bytes(), line.end().as_bytes()];
        let mut at = 0usize;
        for (piece, missing) in pieces.into_iter().zip([line.cut(), 0]) {
            let mut rest = piece;
            while value.length.len() < 8 {
                let [byte, behind @ ..] = rest else { break };
                value.length.push(*byte);
                rest = behind;
                at = at.saturating_add(1);
                if let Ok(length) = <[u8; 8]>::try_from(value.length.as_slice()) {
                    value.left = u64::from_le_bytes(length);
                    if value.left > LONGEST_VALUE {
                        return Step::GrammarError(ParseError::new(
                            ErrorKind::TooLong,
                            at.saturating_sub(8),
                            "a length that a field can have",
                        ));
                    }
                }
            }
            if value.length.len() < 8 {
                if missing > 0 {
                    return Step::GrammarError(ParseError::new(
                        ErrorKind::TooLong,
                        at,
                        "eight bytes of length",
                    ));
                }
                continue;
            }
            let wanted = usize::try_from(value.left).unwrap_or(usize::MAX).min(rest.len());
            let (mine, behind) = rest.split_at_checked(wanted).unwrap_or((rest, &[]));
            if value.key.is_some() {
                let room = max_record.saturating_sub(value.bytes.len()).min(mine.len());
                value.bytes.extend_from_slice(mine.get(..room).unwrap_or_default());
                if value.key == Some(Key::Message) {
                    let lost = mine.len().saturating_sub(room) as u64;
                    self.pending_entry.cut =
                        self.pending_entry.cut.saturating_add(lost).saturating_add(missing);
                }
            }
            at = at.saturating_add(mine.len());
            value.left = value.left.saturating_sub(mine.len() as u64);
            if missing > value.left {
                return Step::GrammarError(ParseError::new(
                    ErrorKind::TooLong,
                    at,
                    "a value that ends where its length says",
                ));
            }
            value.left = value.left.saturating_sub(missing);
            if !behind.is_empty() {
                // Only the line end that follows the value may be left over.
                if !matches!(behind, b"\n" | b"\r\n") {
                    let error = ParseError::new(
                        ErrorKind::Prefix,
                        at,
                        "the end of the line behind a value of this length",
                    );
                    return Step::GrammarError(error.with_found(behind.first().copied()));
                }
                if let (Some(key), Some(done)) = (value.key, self.value.take()) {
                    self.pending_entry.fields.set(key, Text::from(done.bytes));
                }
                self.value = None;
                return Step::More;
            }
        }
        Step::More
    }
}
