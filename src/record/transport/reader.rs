//! Physical lines in, messages out.

use super::delivery::Extent;
use super::export::Export;
use super::fields::{Fields, Message};
use super::json_entry::{self, Object};
use super::line::{self, LineForm, PreviousLine};
use super::marker::Marker;
use super::memory::{Boots, Hosts, Padding};
use super::partial_records::PartialRecords;
use super::pending_entry::{PendingEntry, Step};
use super::pretty::Pretty;
use super::shipped::Shipped;
use super::verbose::Verbose;
use super::{Encoding, Entry, JournalNotice, Prefix, Transport, Unwrapped};
use crate::error::{ErrorKind, ParseError};
use crate::frame::RawLine;
use crate::grammar::colour::without_colours;
use crate::grammar::journal::{self, JournalMarker};
use crate::grammar::missing;
use crate::limits::Limits;
use crate::span::LineRef;
use crate::text::Text;
use alloc::vec::Vec;

/// Takes the lines of one input and hands out the messages in them.
///
/// It holds what it must: an entry of several lines until it is complete, parts of container
/// records, and a few bytes about the line before. All of it can be cloned, and with the `serde`
/// feature saved. Call [`Reader::finish`] where the input ends; to see what is known at a place in
/// between, call it on a clone.
///
/// ```
/// use hostport_audit::record::transport::{Unwrapped, Reader};
/// use hostport_audit::{Limits, Lines};
///
/// let log = b"Jun 25 16:24:11 rhel92 crio[77216]: one\nJun 25 16:24:12 rhel92 conmon[812]: two\n";
/// let mut programs = Vec::new();
/// let mut reader = Reader::new(&Limits::default());
/// for line in Lines::new(log) {
///     reader.read(&line, &mut |delivery: Unwrapped<'_>| {
///         if let Unwrapped::Entry(entry) = delivery {
///             programs.extend(entry.prefix().identifier().map(ToString::to_string));
///         }
///     });
/// }
/// assert_eq!(programs, ["crio", "conmon"]);
/// assert!(reader.is_idle());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Reader {
    limits: Limits,
    /// A line of the input was read.
    begun: bool,
    previous: PreviousLine,
    record: Record,
    partial_records: PartialRecords,
    padding: Padding,
    boots: Boots,
    hosts: Hosts,
    marker: Option<Marker>,
}

/// The entry of several lines that has not ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
enum Record {
    #[default]
    None,
    Export(Export),
    Verbose(Verbose),
    Pretty(Pretty),
}

/// What is held at a place between two lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum OpenPart {
    /// Nothing: every line so far has been handed out.
    Nothing,
    /// An entry of this form that has not ended.
    Record(Transport),
    /// First parts of container records, of so many streams.
    Streams(usize),
    /// A line `-- Boot … --`, which is told with the message behind it.
    Boot,
}

impl Reader {
    /// A reader at the start of an input.
    #[must_use]
    pub fn new(limits: &Limits) -> Self {
        Self {
            limits: *limits,
            begun: false,
            previous: PreviousLine::default(),
            record: Record::None,
            partial_records: PartialRecords::default(),
            padding: Padding::default(),
            boots: Boots::default(),
            hosts: Hosts::default(),
            marker: None,
        }
    }

    /// Takes the next line and hands out what is complete with it.
    #[inline]
    pub fn read(&mut self, line: &RawLine<'_>, deliver: &mut impl FnMut(Unwrapped<'_>)) {
        if !self.begun {
            self.begun = true;
            if let Some(encoding) = Encoding::of(line.bytes()) {
                return deliver(Unwrapped::Encoded { encoding, at: line.at(), lines: 1 });
            }
        }
        match self.marker.take() {
            None => self.line(line, deliver),
            Some(marker) => self.line_behind(marker, line, deliver),
        }
    }

    /// Reads a line behind a boot that waits for a message.
    #[cold]
    fn line_behind(
        &mut self,
        marker: Marker,
        line: &RawLine<'_>,
        deliver: &mut impl FnMut(Unwrapped<'_>),
    ) {
        let hosts = self.hosts.clone();
        let mut waiting = Some(marker);
        let mut told_first = |delivery: Unwrapped<'_>| {
            if let Some(marker) = waiting.take() {
                deliver(marker.before(&delivery, &hosts));
            }
            deliver(delivery);
        };
        let told_first: &mut dyn FnMut(Unwrapped<'_>) = &mut told_first;
        self.line(line, &mut { told_first });
        match (waiting, &self.marker) {
            (Some(marker), Some(_)) => deliver(marker.at_end(&hosts)),
            (Some(marker), None) => self.marker = Some(marker),
            (None, _) => {}
        }
    }

    #[inline]
    fn line(&mut self, line: &RawLine<'_>, deliver: &mut impl FnMut(Unwrapped<'_>)) {
        if matches!(self.record, Record::None) || self.goes_on(line, deliver) {
            self.fresh(line, deliver);
        }
    }

    /// Hands out what is held, as far as it goes: the input ended here.
    pub fn finish(&mut self, deliver: &mut impl FnMut(Unwrapped<'_>)) {
        let (marker, hosts) = (self.marker.take(), core::mem::take(&mut self.hosts));
        let mut waiting = marker.as_ref();
        self.finish_held(&mut |delivery| {
            if let Some(marker) = waiting.take() {
                deliver(marker.before(&delivery, &hosts));
            }
            deliver(delivery);
        });
        if let Some(marker) = waiting {
            deliver(marker.at_end(&hosts));
        }
        // What follows is another input, and may be of another form and another host.
        (self.previous, self.padding, self.hosts) = Default::default();
    }

    fn finish_held(&mut self, deliver: &mut impl FnMut(Unwrapped<'_>)) {
        match core::mem::take(&mut self.record) {
            Record::None => {}
            Record::Export(export) => self.entry(export.into_held(), Extent::Unfinished, deliver),
            Record::Verbose(verbose) => {
                let mut pending_entry = verbose.into_held();
                // The host may stand behind the message; the boot shows it as well.
                if pending_entry.fields.prefix.host.is_none() {
                    let boot = pending_entry
                        .fields
                        .prefix
                        .boot
                        .as_ref()
                        .map(Text::as_bytes)
                        .unwrap_or_default();
                    pending_entry.fields.prefix.host =
                        self.boots.host_of(boot).map(|host| Text::from(host.to_vec()));
                }
                self.entry(pending_entry, Extent::Unfinished, deliver);
            }
            Record::Pretty(pretty) if pretty.is_only_a_brace() => lone_brace(&pretty, deliver),
            Record::Pretty(pretty) => {
                let (fields, _) = pretty.fields();
                self.fields(fields, None, Place::of(&pretty, Extent::Unfinished), deliver);
            }
        }
        for entry in self.partial_records.take_unfinished() {
            deliver(Unwrapped::Entry(entry));
        }
        // The next input shows its form anew.
        self.begun = false;
        self.previous = PreviousLine::default();
        self.padding.width = 0;
    }

    /// True when nothing is held: every line has been handed out.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.open_part() == OpenPart::Nothing
    }

    /// What is held at this place.
    #[must_use]
    pub fn open_part(&self) -> OpenPart {
        match &self.record {
            Record::Export(_) => OpenPart::Record(Transport::Export),
            Record::Verbose(_) => OpenPart::Record(Transport::Verbose),
            Record::Pretty(_) => OpenPart::Record(Transport::JsonPretty),
            Record::None if self.partial_records.is_empty() && self.marker.is_some() => {
                OpenPart::Boot
            }
            Record::None if self.partial_records.is_empty() => OpenPart::Nothing,
            Record::None => OpenPart::Streams(self.partial_records.len()),
        }
    }

    /// Gives a line to the entry that is held; true if the line is to be read afresh.
    fn goes_on(&mut self, line: &RawLine<'_>, deliver: &mut impl FnMut(Unwrapped<'_>)) -> bool {
        let max_record = self.limits.max_record;
        let step = match &mut self.record {
            Record::None => return true,
            Record::Export(export) => export.line(line, max_record),
            Record::Verbose(verbose) => verbose.line(line, max_record),
            Record::Pretty(pretty) => pretty.line(line, max_record),
        };
        let (afresh, fault) = match step {
            Step::More => return false,
            Step::Ended => (false, None),
            Step::EndedBefore => (true, None),
            Step::GrammarError(error) => (false, Some(error)),
            Step::BrokenBefore(error) => (true, Some(error)),
        };
        match (core::mem::take(&mut self.record), fault) {
            (Record::None, _) => {}
            (Record::Export(export), Some(error)) => {
                let PendingEntry { fields, lines, .. } = export.into_held();
                deliver(Unwrapped::Malformed {
                    error,
                    prefix: fields.into_parts().0,
                    at: line.at(),
                    lines,
                });
            }
            (Record::Verbose(verbose), Some(error)) => {
                let PendingEntry { fields, lines, .. } = verbose.into_held();
                deliver(Unwrapped::Malformed {
                    error,
                    prefix: fields.into_parts().0,
                    at: line.at(),
                    lines,
                });
            }
            (Record::Pretty(pretty), Some(error)) => {
                let prefix = pretty.fields().0.into_parts().0;
                deliver(Unwrapped::Malformed { error, prefix, at: line.at(), lines: pretty.lines });
            }
            (Record::Export(export), None) => {
                self.entry(export.into_held(), Extent::Whole, deliver)
            }
            (Record::Verbose(verbose), None) => {
                self.entry(verbose.into_held(), Extent::Whole, deliver)
            }
            (Record::Pretty(pretty), None) if pretty.is_only_a_brace() => {
                lone_brace(&pretty, deliver)
            }
            (Record::Pretty(pretty), None) => {
                let place = Place::of(&pretty, Extent::Whole);
                match pretty.fields() {
                    (fields, None) => self.fields(fields, None, place, deliver),
                    (fields, Some(error)) => {
                        let prefix = fields.into_parts().0;
                        deliver(Unwrapped::Malformed {
                            error,
                            prefix,
                            at: pretty.at,
                            lines: pretty.lines,
                        });
                    }
                }
            }
        }
        afresh
    }

    /// Reads a line that no held entry waits for.
    #[inline]
    fn fresh(&mut self, line: &RawLine<'_>, deliver: &mut impl FnMut(Unwrapped<'_>)) {
        let bytes = line.bytes();
        // Most lines of the programs' own files.
        if line::is_bare(bytes) {
            self.previous.saw_bare();
            self.padding.width = 0;
            return deliver(Unwrapped::Entry(whole(line, Prefix::default(), 0)));
        }
        match bytes.first() {
            Some(b' ') if self.padding.width > 0 && self.padded(line, 0, deliver) => return,
            Some(b'-') if self.remark(line, 0, deliver) => return,
            Some(b'{') if bytes.len() == 1 => {
                if let Some(pretty) = Pretty::begin(line) {
                    self.record = Record::Pretty(pretty);
                    return;
                }
            }
            Some(b'_' | b'M' | b'P' | b'S') if journal::begins_export(bytes) => {
                self.previous.saw(Transport::Export);
                self.record = Record::Export(Export::begin(line, self.limits.max_record));
                return;
            }
            None if self.previous.transport == Some(Transport::JsonSse) => {
                return deliver(Unwrapped::Separator { at: line.at(), lines: 1 });
            }
            _ => {}
        }
        if bytes.ends_with(b"]")
            && let Some(verbose) = Verbose::begin(line)
        {
            self.previous.saw(Transport::Verbose);
            self.padding.width = 0;
            self.record = Record::Verbose(verbose);
            return;
        }
        self.one_line(line, deliver);
    }

    fn one_line(&mut self, line: &RawLine<'_>, deliver: &mut impl FnMut(Unwrapped<'_>)) {
        let bytes = line.bytes();
        if self.padding.width > 0 && matches!(bytes.first(), Some(b'0'..=b'9' | b'$')) {
            let marks = line::marks_length(bytes, &self.previous);
            if marks > 0 && self.padded(line, marks, deliver) {
                return;
            }
        }
        if let Some(marks) = line::marks_of_remark(bytes, &self.previous)
            && self.remark(line, marks, deliver)
        {
            return;
        }
        let shape = line::shape(bytes, &mut self.previous);
        if core::mem::take(&mut self.previous.file_changed) {
            let prefix = Prefix::default();
            deliver(Unwrapped::JournalNotice {
                note: JournalNotice::Cut,
                prefix,
                at: line.at(),
                lines: 0,
            });
        }
        match shape {
            LineForm::Message(prefix, offset)
                if may_be_coloured(&prefix) && self.coloured(line, offset, deliver) => {}
            LineForm::Message(prefix, offset) => self.message(line, prefix, offset, deliver),
            LineForm::Part(prefix, offset, last) => {
                self.padding.width = 0;
                self.part(whole(line, prefix, offset), last, deliver);
            }
            LineForm::Object(prefix, offset) => {
                self.padding.width = 0;
                self.json_entry(line, prefix, offset, deliver);
            }
            LineForm::GrammarError(error) => {
                self.padding.width = 0;
                deliver(Unwrapped::Malformed {
                    error,
                    prefix: Prefix::default(),
                    at: line.at(),
                    lines: 1,
                });
            }
        }
    }

    /// Takes a line that reads whole once the colours in its marks and its prefix are gone.
    fn coloured(
        &mut self,
        line: &RawLine<'_>,
        offset: usize,
        deliver: &mut impl FnMut(Unwrapped<'_>),
    ) -> bool {
        let Some(plain) = without_colours(line.bytes()) else { return false };
        // What is left of the prefix is a prefix, or the message begins as those of the programs.
        if offset == 0 && !line::is_whole(&plain, &self.previous) {
            return false;
        }
        match line::shape(&plain, &mut self.previous) {
            LineForm::Message(prefix, offset) => {
                self.padding.width = 0;
                let message = Text::borrowed(plain.get(offset..).unwrap_or_default());
                deliver_entry(Entry { message, offset: None, ..whole(line, prefix, 0) }, deliver);
                true
            }
            _ => false,
        }
    }

    #[inline]
    fn message<'a>(
        &mut self,
        line: &RawLine<'a>,
        prefix: Prefix<'a>,
        offset: usize,
        deliver: &mut impl FnMut(Unwrapped<'_>),
    ) {
        let entry = whole(line, prefix, offset);
        let message = entry.message.as_bytes();
        let transport = entry.prefix.transport;
        if !transport.pads_lines() {
            self.padding.width = 0;
            return deliver(Unwrapped::Entry(entry));
        }
        self.boots.told = None;
        self.hosts.saw(&entry.prefix);
        self.padding.set(entry.prefix.as_bytes(), message);
        if transport.is_journal() && message.ends_with(b" blob data]") && journal::blob(message) {
            return deliver(Unwrapped::JournalNotice {
                note: JournalNotice::TextLost,
                prefix: entry.prefix,
                at: entry.at,
                lines: 1,
            });
        }
        deliver_entry(entry, deliver);
    }

    /// Takes a line that begins with as many blanks as the prefix before it is long.
    fn padded(
        &mut self,
        line: &RawLine<'_>,
        marks: usize,
        deliver: &mut impl FnMut(Unwrapped<'_>),
    ) -> bool {
        let width = self.padding.width;
        let end = marks.saturating_add(width);
        let Some(blanks) = line.bytes().get(marks..end) else { return false };
        if !blanks.iter().all(|b| *b == b' ') {
            return false;
        }
        let (prefix, _) = Prefix::of_line(&self.padding.line);
        let prefix =
            Prefix { raw: Text::borrowed(line.bytes().get(..end).unwrap_or_default()), ..prefix };
        deliver(Unwrapped::Entry(Entry {
            extent: Extent::Continuation,
            ..whole(line, prefix, end)
        }));
        true
    }

    /// Takes a line that journalctl puts between entries; where the lines come in another form it
    /// is text.
    fn remark(
        &mut self,
        line: &RawLine<'_>,
        marks: usize,
        deliver: &mut impl FnMut(Unwrapped<'_>),
    ) -> bool {
        let bytes = line.bytes().get(marks..).unwrap_or_default();
        let among_entries = match self.previous.transport {
            None => true,
            Some(transport) => transport.pads_lines() || transport == Transport::Verbose,
        };
        let Some(remark) = journal::remark(bytes).filter(|_| among_entries) else {
            return false;
        };
        self.padding.width = 0;
        match remark {
            JournalMarker::Frame => deliver(Unwrapped::Separator { at: line.at(), lines: 1 }),
            JournalMarker::Boot(id) => {
                let id = id.map(<[u8]>::to_vec);
                self.boots.told.clone_from(&id);
                self.marker = Some(Marker { id, at: line.at() });
            }
        }
        true
    }

    fn part(&mut self, part: Entry<'_>, last: bool, deliver: &mut impl FnMut(Unwrapped<'_>)) {
        let Limits { max_record, max_streams, .. } = self.limits;
        let entry = if last {
            Some(self.partial_records.complete(part, max_record))
        } else {
            self.partial_records.hold(part, max_record, max_streams)
        };
        if let Some(entry) = entry {
            deliver(Unwrapped::Entry(entry));
        }
    }

    fn json_entry(
        &mut self,
        line: &RawLine<'_>,
        marks: Prefix<'_>,
        offset: usize,
        deliver: &mut impl FnMut(Unwrapped<'_>),
    ) {
        let bytes = line.bytes().get(offset..).unwrap_or_default();
        match json_entry::open(bytes, marks.transport) {
            Object::Journal(mut fields, message_at) => {
                if fields.prefix.host.is_none() {
                    fields.prefix.host = marks.host;
                }
                let borrowed = matches!(&fields.message, Message::Text(text) if text.is_borrowed());
                let at = borrowed.then(|| narrow(offset.saturating_add(message_at))).flatten();
                let place =
                    Place { at: line.at(), lines: 1, cut: line.cut(), extent: Extent::Whole };
                self.fields(fields, at, place, deliver);
            }
            Object::Docker(mut prefix, message, last) => {
                self.previous.saw(Transport::Docker);
                prefix.host = marks.host;
                let entry = Entry {
                    prefix,
                    message,
                    at: line.at(),
                    lines: 1,
                    cut: 0,
                    offset: None,
                    extent: Extent::Whole,
                };
                self.part(entry, last, deliver);
            }
            Object::Shipped(messages) => {
                self.previous.saw(Transport::Shipped);
                self.shipped(line, messages, marks.host.as_ref(), deliver);
            }
            Object::Other => {
                self.previous.saw(Transport::None);
                let prefix = Prefix {
                    transport: Transport::None,
                    raw: Text::borrowed(line.bytes().get(..offset).unwrap_or_default()),
                    ..marks
                };
                deliver(Unwrapped::Entry(whole(line, prefix, offset)));
            }
            Object::GrammarError(error, mut prefix) => {
                prefix.host = prefix.host.or(marks.host);
                let error = if line.cut() > 0 {
                    ParseError::new(
                        ErrorKind::TooLong,
                        line.bytes().len(),
                        "an object within the limit",
                    )
                } else {
                    error.shifted(offset)
                };
                deliver(Unwrapped::Malformed { error, prefix, at: line.at(), lines: 1 });
            }
        }
    }

    /// Hands out what a shipper carried in one line.
    fn shipped(
        &mut self,
        line: &RawLine<'_>,
        messages: Vec<Shipped>,
        node: Option<&Text<'_>>,
        deliver: &mut impl FnMut(Unwrapped<'_>),
    ) {
        let mut lines = 1;
        for Shipped { mut prefix, message, last } in messages {
            if prefix.host.is_none() {
                prefix.host = node.cloned().map(Text::into_owned);
            }
            self.hosts.saw(&prefix);
            let (at, extent) = (line.at(), Extent::Whole);
            let entry = Entry { prefix, message, at, lines, cut: 0, offset: None, extent };
            lines = 0;
            if entry.prefix.stream.is_some() || !last {
                self.part(entry, last, deliver);
            } else {
                deliver_entry(entry, deliver);
            }
        }
        if lines > 0 {
            deliver(Unwrapped::Separator { at: line.at(), lines });
        }
    }

    fn entry(
        &mut self,
        pending_entry: PendingEntry,
        extent: Extent,
        deliver: &mut impl FnMut(Unwrapped<'_>),
    ) {
        let PendingEntry { fields, at, lines, cut } = pending_entry;
        self.fields(fields, None, Place { at, lines, cut, extent }, deliver);
    }

    /// Hands out an entry of which the fields are known.
    fn fields(
        &mut self,
        fields: Fields<'_>,
        offset: Option<u32>,
        place: Place,
        deliver: &mut impl FnMut(Unwrapped<'_>),
    ) {
        let (prefix, message) = fields.into_parts();
        let Place { at, lines, cut, extent } = place;
        self.hosts.saw(&prefix);
        if self.boots.changes(&prefix, self.limits.max_hosts) {
            let note = JournalNotice::Boot { id: prefix.boot.as_ref().map(Text::reborrow) };
            deliver(Unwrapped::JournalNotice { note, prefix: prefix.reborrow(), at, lines: 0 });
        }
        match message {
            Message::Text(message) => {
                deliver_entry(Entry { prefix, message, at, lines, cut, offset, extent }, deliver)
            }
            Message::Absent => deliver(Unwrapped::Separator { at, lines }),
            Message::Lost => deliver(Unwrapped::JournalNotice {
                note: JournalNotice::TextLost,
                prefix,
                at,
                lines,
            }),
            Message::Twice => {
                let error =
                    ParseError::new(ErrorKind::DuplicateField, 0, "one MESSAGE in an entry");
                deliver(Unwrapped::Malformed { error, prefix, at, lines });
            }
        }
    }
}

/// Where an entry stands and how much of it there is.
struct Place {
    at: LineRef,
    lines: u64,
    cut: u64,
    extent: Extent,
}

impl Place {
    const fn of(pretty: &Pretty, extent: Extent) -> Self {
        Self { at: pretty.at, lines: pretty.lines, cut: 0, extent }
    }
}

/// The message from a byte of a line on.
#[inline]
fn whole<'a>(line: &RawLine<'a>, prefix: Prefix<'a>, offset: usize) -> Entry<'a> {
    let message = Text::borrowed(line.bytes().get(offset..).unwrap_or_default());
    Entry {
        prefix,
        message,
        at: line.at(),
        lines: 1,
        cut: line.cut(),
        offset: narrow(offset),
        extent: Extent::Whole,
    }
}

fn narrow(offset: usize) -> Option<u32> {
    u32::try_from(offset).ok()
}

/// A brace alone on a line, after which no entry of json-pretty followed.
fn lone_brace(pretty: &Pretty, deliver: &mut impl FnMut(Unwrapped<'_>)) {
    let message = Text::borrowed(b"{");
    let prefix = Prefix::default();
    deliver(Unwrapped::Entry(Entry {
        prefix,
        message,
        at: pretty.at,
        lines: 1,
        cut: 0,
        offset: Some(0),
        extent: Extent::Whole,
    }));
}

/// True for a line of which a colour may hide the form: nothing was recognised, or a colour stands
/// in what was.
fn may_be_coloured(prefix: &Prefix<'_>) -> bool {
    prefix.transport == Transport::None || prefix.raw.as_bytes().contains(&0x1b)
}

/// Hands out a message of the journal, or what the journal or rsyslog says of itself in it.
#[inline]
fn deliver_entry(entry: Entry<'_>, deliver: &mut impl FnMut(Unwrapped<'_>)) {
    if let Some(program) = entry.prefix.program()
        && let Some(note) = logger_note(program.as_bytes(), &entry)
    {
        return deliver(Unwrapped::JournalNotice {
            note,
            prefix: entry.prefix.reborrow(),
            at: entry.at,
            lines: entry.lines,
        });
    }
    deliver(Unwrapped::Entry(entry));
}

/// What the logger says of messages that are missing.
#[inline]
fn logger_note<'a>(program: &[u8], entry: &'a Entry<'_>) -> Option<JournalNotice<'a>> {
    // All of their names have one of these letters at their beginning.
    if !matches!(program.first(), Some(b's' | b'r' | b'j' | b'/')) {
        return None;
    }
    let name = program.rsplit(|b| *b == b'/').next().unwrap_or(program);
    let name = name.strip_suffix(b".service").unwrap_or(name);
    let message = entry.message.as_bytes();
    let told = match name {
        // `systemd-journal` is the name of the process, which the kernel cuts; syslog of
        // systemd 219 has `journal`.
        b"systemd-journald" | b"systemd-journal" | b"journal" => {
            if let Some((count, unit)) = journal::suppressed(message) {
                return Some(JournalNotice::Suppressed { count, unit: Text::borrowed(unit) });
            }
            let transport = entry.prefix.transport;
            let in_syslog = !transport.is_journal() || transport == Transport::Short;
            missing::of_journald(message).or_else(|| {
                (in_syslog && missing::not_forwarded(message))
                    .then_some(missing::JournalNotice::JournalLost)
            })
        }
        // Up to 5.8 the number of its web page stood behind the name: `rsyslogd-2177`.
        _ if name == b"rsyslogd" || name == b"rsyslog" || name.starts_with(b"rsyslogd-") => {
            missing::of_rsyslog(message)
        }
        _ => None,
    };
    Some(match told? {
        missing::JournalNotice::RateLimited { count, pid } => {
            JournalNotice::RateLimited { count, pid }
        }
        missing::JournalNotice::JournalLost => JournalNotice::JournalLost,
    })
}
