//! Entries of the journal's verbose form: a header with a cursor, then fields, each indented by
//! four blanks. Further lines of a value are indented to where the value began, so no text in a
//! value can pass for a field.

use super::Transport;
use super::fields::{Fields, Key, Message};
use super::pending_entry::{PendingEntry, Step};
use crate::frame::RawLine;
use crate::grammar::journal;
use crate::text::Text;
use alloc::vec::Vec;

/// How far the further lines of a message are indented: four blanks and `MESSAGE=`.
const MESSAGE_INDENT: &[u8] = b"            ";

/// An entry whose next header has not come yet.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct Verbose {
    pending_entry: PendingEntry,
    /// The message as far as it has come, while its lines go on.
    message: Option<Vec<u8>>,
    /// Empty lines that belong to the message if more of it follows.
    empty: u64,
}

impl Verbose {
    /// The entry that begins with this line, if it is a header.
    pub(super) fn begin(line: &RawLine<'_>) -> Option<Self> {
        let (_, (stamp, cursor)) = journal::verbose_header(line.bytes()).ok()?;
        let mut fields = Fields::new(Transport::Verbose);
        fields.prefix.stamp = cursor.realtime.or(stamp);
        fields.prefix.boot = cursor.boot.map(|id| Text::from(id.to_vec()));
        Some(Self { pending_entry: PendingEntry::new(fields, line.at()), message: None, empty: 0 })
    }

    /// What has come of the entry.
    pub(super) fn into_held(mut self) -> PendingEntry {
        self.end_message();
        self.pending_entry
    }

    /// Takes the next line.
    pub(super) fn line(&mut self, line: &RawLine<'_>, max_record: usize) -> Step {
        let bytes = line.bytes();
        if !bytes.starts_with(b"    ") {
            if bytes.is_empty() && self.message.is_some() {
                self.pending_entry.count();
                self.empty = self.empty.saturating_add(1);
                return Step::More;
            }
            return Step::EndedBefore;
        }
        self.pending_entry.count();
        if let Some(message) = &mut self.message
            && let Some(more) = bytes.strip_prefix(MESSAGE_INDENT)
        {
            for _ in 0..core::mem::take(&mut self.empty).saturating_add(1) {
                self.pending_entry.cut =
                    self.pending_entry.cut.saturating_add(append(message, b"\n", max_record));
            }
            self.pending_entry.cut = self
                .pending_entry
                .cut
                .saturating_add(append(message, more, max_record))
                .saturating_add(line.cut());
            return Step::More;
        }
        if let Some((key, value)) = journal::verbose_field(bytes) {
            self.end_message();
            match Key::of(key) {
                Some(Key::Message) => {
                    let mut message = Vec::new();
                    self.pending_entry.cut =
                        append(&mut message, value, max_record).saturating_add(line.cut());
                    self.message = Some(message);
                }
                Some(Key::Realtime | Key::Monotonic | Key::Boot) | None => {}
                Some(key) => self.pending_entry.fields.set(key, Text::from(value.to_vec())),
            }
        }
        Step::More
    }

    fn end_message(&mut self) {
        self.empty = 0;
        if let Some(message) = self.message.take() {
            let message = if journal::blob(&message) {
                Message::Lost
            } else {
                Message::Text(Text::from(message))
            };
            self.pending_entry.fields.set_message(message);
        }
    }
}

/// Adds what there is room for, and tells how much there was not.
fn append(message: &mut Vec<u8>, bytes: &[u8], max_record: usize) -> u64 {
    let room = max_record.saturating_sub(message.len()).min(bytes.len());
    message.extend_from_slice(bytes.get(..room).unwrap_or_default());
    bytes.len().saturating_sub(room) as u64
}
