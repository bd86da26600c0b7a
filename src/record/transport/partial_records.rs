//! Messages of containers that the runtime cut in parts, put together again stream by stream.

use super::delivery::Extent;
use super::{Entry, Prefix, Stream};
use crate::span::LineRef;
use crate::text::Text;
use alloc::collections::{BTreeMap, btree_map};
use alloc::vec::Vec;

/// The streams of which the first parts of a message are held.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct PartialRecords {
    #[cfg_attr(feature = "serde", serde(with = "crate::serde_map_as_list"))]
    pending_entry: BTreeMap<Source, PendingEntry>,
    /// Whose message began where: the oldest is the first to go.
    #[cfg_attr(feature = "serde", serde(with = "crate::serde_map_as_list"))]
    begun: BTreeMap<LineRef, Source>,
    /// How many bytes are held of all of them together.
    bytes: usize,
}

/// How many records of the greatest length may be held together; more is cut, so that many streams
/// cannot hold without bound.
const RECORDS_HELD: usize = 4;

/// Whose parts belong together.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
struct Source {
    host: Option<Text<'static>>,
    pod: Option<Text<'static>>,
    container: Option<Text<'static>>,
    stream: Option<Stream>,
}

impl Source {
    fn of(prefix: &Prefix<'_>) -> Self {
        let own = |text: &Option<Text<'_>>| text.as_ref().map(|text| text.clone().into_owned());
        Self {
            host: own(&prefix.host),
            pod: own(&prefix.pod),
            container: own(&prefix.container),
            stream: prefix.stream,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
struct PendingEntry {
    prefix: Prefix<'static>,
    message: Vec<u8>,
    at: LineRef,
    lines: u64,
    cut: u64,
}

impl PendingEntry {
    fn into_entry(self, extent: Extent) -> Entry<'static> {
        let Self { prefix, message, at, lines, cut } = self;
        Entry { prefix, message: Text::from(message), at, lines, cut, offset: None, extent }
    }
}

impl PartialRecords {
    pub(super) fn is_empty(&self) -> bool {
        self.pending_entry.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.pending_entry.len()
    }

    /// Takes a part that is not the last; gives back the oldest unfinished message if there is no
    /// room for one more.
    pub(super) fn hold(
        &mut self,
        part: Entry<'_>,
        max_record: usize,
        max_streams: usize,
    ) -> Option<Entry<'static>> {
        let source = Source::of(&part.prefix);
        let mut pushed_out = None;
        if !self.pending_entry.contains_key(&source)
            && self.pending_entry.len() >= max_streams.max(1)
        {
            pushed_out =
                self.begun.pop_first().and_then(|(_, source)| self.pending_entry.remove(&source));
        }
        self.bytes = self.bytes.saturating_sub(
            pushed_out.as_ref().map_or(0, |pending_entry| pending_entry.message.len()),
        );
        let room = max_record.saturating_mul(RECORDS_HELD).saturating_sub(self.bytes);
        let (prefix, begun) = (&part.prefix, &mut self.begun);
        let pending_entry = match self.pending_entry.entry(source) {
            btree_map::Entry::Occupied(slot) => slot.into_mut(),
            btree_map::Entry::Vacant(slot) => {
                begun.insert(part.at, slot.key().clone());
                let prefix = prefix.reborrow().into_owned();
                slot.insert(PendingEntry {
                    prefix,
                    message: Vec::new(),
                    at: part.at,
                    lines: 0,
                    cut: 0,
                })
            }
        };
        let before = pending_entry.message.len();
        append(pending_entry, &part, max_record.min(before.saturating_add(room)));
        self.bytes = self.bytes.saturating_add(pending_entry.message.len().saturating_sub(before));
        pushed_out.map(|pending_entry| pending_entry.into_entry(Extent::Unfinished))
    }

    /// Takes a last part and gives back the message.
    pub(super) fn complete<'a>(&mut self, part: Entry<'a>, max_record: usize) -> Entry<'a> {
        if self.pending_entry.is_empty() {
            return part;
        }
        match self.pending_entry.remove(&Source::of(&part.prefix)) {
            Some(mut pending_entry) => {
                self.bytes = self.bytes.saturating_sub(pending_entry.message.len());
                self.begun.remove(&pending_entry.at);
                append(&mut pending_entry, &part, max_record);
                pending_entry.into_entry(Extent::Whole)
            }
            None => part,
        }
    }

    /// All unfinished messages, in the order of their first lines.
    pub(super) fn take_unfinished(&mut self) -> Vec<Entry<'static>> {
        self.bytes = 0;
        self.begun.clear();
        let mut entries: Vec<_> = core::mem::take(&mut self.pending_entry)
            .into_values()
            .map(|pending_entry| pending_entry.into_entry(Extent::Unfinished))
            .collect();
        entries.sort_by_key(|entry| entry.at);
        entries
    }
}

fn append(pending_entry: &mut PendingEntry, part: &Entry<'_>, max_record: usize) {
    let bytes = part.message.as_bytes();
    // Once a byte is lost, what follows it would stand at the wrong place.
    let room = if pending_entry.cut > 0 {
        0
    } else {
        max_record.saturating_sub(pending_entry.message.len()).min(bytes.len())
    };
    pending_entry.message.extend_from_slice(bytes.get(..room).unwrap_or_default());
    pending_entry.cut = pending_entry
        .cut
        .saturating_add(bytes.len().saturating_sub(room) as u64)
        .saturating_add(part.cut);
    pending_entry.lines = pending_entry.lines.saturating_add(part.lines);
}
