//! The forms of one line a message: what stands in front of the message is taken off, nothing is
//! copied.

use super::{Prefix, Stream, Transport};
use crate::error::ParseError;
use crate::grammar::clock::ZoneStyle;
use crate::grammar::error::public;
use crate::grammar::prefix::{self, Clock, Ending, Output, Sender};
use crate::grammar::recognize;
use crate::text::Text;
use alloc::vec::Vec;

/// What a line is by itself.
#[derive(Debug)]
pub(super) enum LineForm<'a> {
    /// A message from this byte on.
    Message(Prefix<'a>, usize),
    /// A part of a message of a container from this byte on; true for the last part.
    Part(Prefix<'a>, usize, bool),
    /// Perhaps an object from this byte on, with marks in front of it.
    Object(Prefix<'a>, usize),
    /// A form that was recognised and is broken.
    GrammarError(ParseError),
}

/// What the line before this one had that a line cannot show by itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct PreviousLine {
    /// The form of the last line that had one; `None` before the first line.
    pub(super) transport: Option<Transport>,
    /// The number that `grep -n` gave it.
    number: Option<u64>,
    /// The node named in front of it; empty for none.
    node: Vec<u8>,
    /// The file named in front of it; empty for none.
    file: Vec<u8>,
    /// The blanks and `>` in front of it; empty for none.
    quotation: Vec<u8>,
    stood: Stood,
    /// The line before came from another file than this one.
    pub(super) file_changed: bool,
}

/// How the last line stood that is a line of a log beyond doubt: it decides whether marks that may
/// as well be a program's own text are taken for marks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
enum Stood {
    /// There was none: the first one shows in which form the input comes.
    #[default]
    Unseen,
    /// At the beginning of its line.
    Bare,
    /// Behind marks.
    Marked,
}

/// Marks that tools put in front of lines of any form.
#[derive(Debug, Clone, Copy, Default)]
struct ToolPrefix<'a> {
    length: usize,
    number: Option<u64>,
    node: Option<&'a [u8]>,
    file: Option<&'a [u8]>,
    quotation: &'a [u8],
    pod: Option<(&'a [u8], &'a [u8])>,
}

impl PreviousLine {
    /// Takes the form of a line that stands in no prefix.
    pub(super) fn saw(&mut self, transport: Transport) {
        self.transport = Some(transport);
    }

    /// Takes a line without marks and without a prefix.
    #[inline]
    pub(super) fn saw_bare(&mut self) {
        self.transport = Some(Transport::None);
        self.stood = Stood::Bare;
        self.number = None;
        self.node.clear();
        self.file.clear();
        self.quotation.clear();
    }

    /// Takes the marks and the form of a line; `whole` for one that is a line of a log beyond
    /// doubt.
    fn note(&mut self, marks: &ToolPrefix<'_>, transport: Transport, whole: bool) {
        self.transport = Some(transport);
        self.number = marks.number;
        let file = marks.file.unwrap_or_default();
        self.file_changed = !file.is_empty() && !self.file.is_empty() && self.file != file;
        keep(&mut self.node, marks.node.unwrap_or_default());
        if whole {
            self.stood = if marks.length == 0 { Stood::Bare } else { Stood::Marked };
            keep(&mut self.file, file);
            keep(&mut self.quotation, marks.quotation);
        }
    }
}

fn keep(kept: &mut Vec<u8>, new: &[u8]) {
    kept.clear();
    kept.extend_from_slice(new);
}

/// True for a line that begins as the lines of the programs do, so that nothing can stand in front
/// of it. An object may be anything, and a colour may stand in front of any line.
#[inline]
pub(super) fn is_bare(line: &[u8]) -> bool {
    !matches!(line.first(), Some(b'{' | 0x1b)) && recognize::dialect(line).is_some()
}

/// Takes a line apart, and remembers what the next line may need.
#[inline]
pub(super) fn shape<'a>(line: &'a [u8], previous: &mut PreviousLine) -> LineForm<'a> {
    let none = ToolPrefix::default();
    let (marks, found) = match inner(line, 0, &none, previous) {
        Some(found) => (none, Some(found)),
        None => {
            let marks = marks(line, previous);
            let rest = line.get(marks.length..).unwrap_or_default();
            (
                marks,
                if marks.length > 0 { inner(rest, marks.length, &marks, previous) } else { None },
            )
        }
    };
    // A colour in front may hide marks.
    let whole = line.first() != Some(&0x1b)
        && matches!(found, Some(LineForm::Message(..) | LineForm::Part(..)));
    let mut shape = found.unwrap_or_else(|| LineForm::Message(Prefix::default(), marks.length));
    if let LineForm::Message(prefix, at)
    | LineForm::Part(prefix, at, _)
    | LineForm::Object(prefix, at) = &mut shape
    {
        if prefix.transport.is_prefix() {
            prefix.raw = Text::borrowed(line.get(..*at).unwrap_or(line));
        }
        if prefix.host.is_none() {
            prefix.host = marks.node.map(Text::borrowed);
        }
        prefix.pod = marks.pod.map(|(pod, _)| Text::borrowed(pod));
        prefix.container = marks.pod.map(|(_, container)| Text::borrowed(container));
        previous.note(&marks, prefix.transport, whole);
    }
    shape
}

/// True if a line reads whole behind its marks: a wrapping comes off it, or it begins as the lines
/// of the programs do.
pub(super) fn is_whole(line: &[u8], previous: &PreviousLine) -> bool {
    let marks = marks(line, previous);
    let rest = line.get(marks.length..).unwrap_or_default();
    inner(rest, marks.length, &marks, previous).is_some()
}

/// How many bytes of a line are marks in front of `-- `, with which the remarks of journalctl begin;
/// `None` for all other lines.
pub(super) fn marks_of_remark(line: &[u8], previous: &PreviousLine) -> Option<usize> {
    // The longest of them is `-- Logs begin at …`, and none of them has many marks in front.
    if !line.ends_with(b" --") || line.len() > 512 {
        return None;
    }
    let length = marks(line, previous).length;
    (length > 0 && line.get(length..)?.starts_with(b"-- ")).then_some(length)
}

/// How many bytes of a line are marks of tools, so that what follows them is the line as the log
/// had it.
pub(super) fn marks_length(line: &[u8], previous: &PreviousLine) -> usize {
    match inner(line, 0, &ToolPrefix::default(), previous) {
        Some(_) => 0,
        None => marks(line, previous).length,
    }
}

/// The marks in front of a line. A number or a name is one if what follows shows it, or if the line
/// before had its like.
///
/// A program may print a blank, a word or `word:` in front of text that it quotes. So an indent, a
/// `>`, a file's and a node's name are marks only where the input has not shown lines without them:
/// an input in which one line among others has such a mark is told as it stands.
fn marks<'a>(line: &'a [u8], previous: &PreviousLine) -> ToolPrefix<'a> {
    let mut marks = ToolPrefix::default();
    let mut rest = line;
    if let Some(behind) = rest.strip_prefix(b"\xef\xbb\xbf") {
        rest = behind;
    }
    let open = previous.stood != Stood::Bare;
    let quotation = prefix::quotation(rest);
    if quotation > 0
        && open
        && let Some((quoted, behind)) = rest.split_at_checked(quotation)
    {
        let as_before = || !previous.quotation.is_empty() && rest.starts_with(&previous.quotation);
        if shows_itself(behind) || begins_marks(behind) || names(behind).is_some() {
            (marks.quotation, rest) = (quoted, behind);
        } else if as_before() {
            (marks.quotation, rest) =
                rest.split_at_checked(previous.quotation.len()).unwrap_or((quoted, behind));
        }
    }
    if let Some((file, number, behind)) = file_as_before(rest, previous).or_else(|| {
        let (file, number, behind) = names(rest)?;
        (open || !previous.file.is_empty()).then_some((file, number, behind))
    }) {
        (marks.file, marks.number, rest) = (Some(file), number, behind);
    } else if let Ok((behind, number)) = prefix::line_number(rest)
        && (previous.number.is_some_and(|last| last.checked_add(1) == Some(number))
            || shows_itself(behind)
            || begins_marks(behind))
    {
        marks.number = Some(number);
        rest = behind;
    }
    if let Ok((behind, node)) = prefix::node(rest)
        && (previous.node == node
            || ((open || !previous.node.is_empty()) && shows_itself(behind))
            || names_its_process(behind))
    {
        marks.node = Some(node);
        rest = behind;
    }
    if let Some(behind) = rest.strip_prefix(b"$ ") {
        rest = behind;
    }
    if let Ok((behind, pod)) = prefix::pod(rest) {
        marks.pod = Some(pod);
        rest = behind;
    }
    marks.length = line.len().saturating_sub(rest.len());
    marks
}

/// A file's name, the number of its line if `grep -n` gave one, and a line that shows itself.
fn names(line: &[u8]) -> Option<(&[u8], Option<u64>, &[u8])> {
    prefix::file_names(line).find_map(|(name, behind)| {
        if shows_itself(behind) {
            return Some((name, None, behind));
        }
        let (behind, number) = prefix::line_number(behind).ok()?;
        shows_itself(behind).then_some((name, Some(number), behind))
    })
}

/// The name of the file that was named in front of the line before, and what stands behind it.
fn file_as_before<'a>(
    line: &'a [u8],
    previous: &PreviousLine,
) -> Option<(&'a [u8], Option<u64>, &'a [u8])> {
    if previous.file.is_empty() || !line.starts_with(&previous.file) {
        return None;
    }
    let (name, behind) = line.split_at_checked(previous.file.len())?;
    let behind = behind.strip_prefix(b":").or_else(|| behind.strip_prefix(b"-"))?;
    match (previous.number, prefix::line_number(behind)) {
        (Some(_), Ok((behind, number))) => Some((name, Some(number), behind)),
        _ => Some((name, None, behind)),
    }
}

/// True for a line of one of the logs, wrapped or bare.
fn shows_itself(line: &[u8]) -> bool {
    recognize::begins(line) || prefix::stamp(line).is_ok() || prefix::foreign_stamp(line).is_some()
}

/// True for a line with a stamp and a `NAME[PID]:`, which no word in front of it makes another one.
fn names_its_process(line: &[u8]) -> bool {
    let Ok((rest, _)) = prefix::stamp(line) else { return prefix::foreign_stamp(line).is_some() };
    prefix::sender(rest)
        .is_some_and(|(_, sender)| sender.ending == Ending::Colon && sender.pid.is_some())
}

fn begins_marks(line: &[u8]) -> bool {
    line.starts_with(b"$ ") || prefix::pod(line).is_ok()
}

/// The form of a line without marks; `before` bytes of the physical line stand in front of it.
#[inline]
fn inner<'a>(
    line: &'a [u8],
    before: usize,
    marks: &ToolPrefix<'a>,
    previous: &PreviousLine,
) -> Option<LineForm<'a>> {
    let message = |prefix, rest: &[u8]| {
        Some(LineForm::Message(
            prefix,
            before.saturating_add(line.len().saturating_sub(rest.len())),
        ))
    };
    match line.first()? {
        b'{' => {
            return Some(LineForm::Object(
                Prefix { transport: Transport::Json, ..Prefix::default() },
                before,
            ));
        }
        0x1e if line.get(1) == Some(&b'{') => {
            return Some(LineForm::Object(
                Prefix { transport: Transport::JsonSeq, ..Prefix::default() },
                before.saturating_add(1),
            ));
        }
        b'd' if line.starts_with(b"data: {") => {
            return Some(LineForm::Object(
                Prefix { transport: Transport::JsonSse, ..Prefix::default() },
                before.saturating_add(6),
            ));
        }
        b'<' => return syslog(line, before),
        _ if recognize::begins(line) => return message(Prefix::default(), line),
        _ => {}
    }
    let (rest, (clock, stamp)) = match prefix::stamp(line) {
        Ok(stamped) => stamped,
        Err(_) => {
            let (rest, clock) = prefix::foreign_stamp(line)?;
            (rest, (clock, None))
        }
    };
    let bare = |transport| Prefix { transport, stamp, ..Prefix::default() };
    if let Clock::Iso { fraction_digits, style } = clock {
        if let Ok((text, (output, last))) = prefix::container(rest) {
            let prefix = Prefix { stream: Some(stream(output)), ..bare(Transport::Container) };
            return Some(LineForm::Part(
                prefix,
                before.saturating_add(line.len().saturating_sub(text.len())),
                last,
            ));
        }
        let timestamps = fraction_digits >= 7
            || marks.pod.is_some()
            || (style != ZoneStyle::Digits
                && (recognize::begins(rest) || previous.transport == Some(Transport::Timestamps)));
        if timestamps {
            return message(bare(Transport::Timestamps), rest);
        }
    }
    let Some((text, sender)) = prefix::sender(rest) else {
        return stamp_only(clock, rest).and_then(|form| message(bare(form), rest));
    };
    match form(clock, &sender) {
        Some(Transport::Timestamps) => message(bare(Transport::Timestamps), rest),
        Some(transport) => message(with_sender(bare(transport), &sender), text),
        None => stamp_only(clock, rest).and_then(|form| message(bare(form), rest)),
    }
}

/// The form of a line that has a stamp and no sender.
fn stamp_only(clock: Clock, rest: &[u8]) -> Option<Transport> {
    (matches!(clock, Clock::Iso { style: ZoneStyle::Letter, .. }) && !rest.starts_with(b"- "))
        .then_some(Transport::Timestamps)
}

/// The form that a stamp and the end of the identifier make together, if journalctl or rsyslog
/// writes such a line.
fn form(clock: Clock, sender: &Sender<'_>) -> Option<Transport> {
    let of_journal = matches!(sender.ending, Ending::Colon | Ending::Searched);
    let transport = match clock {
        Clock::Short { fraction_digits: 0 } if of_journal => Transport::Short,
        Clock::Short { fraction_digits: 0 } => return Some(Transport::RsyslogTraditional),
        Clock::Foreign { fraction_digits: 0 } if of_journal => Transport::Short,
        Clock::Foreign { fraction_digits: 0 } => return Some(Transport::RsyslogTraditional),
        Clock::Short { .. } | Clock::Foreign { .. } => Transport::ShortPrecise,
        Clock::Iso { fraction_digits: 0, style: ZoneStyle::Digits } => Transport::ShortIso,
        Clock::Iso { style: ZoneStyle::Digits, .. } => Transport::ShortIsoPrecise,
        Clock::Iso { style: ZoneStyle::Letter, .. } if sender.ending == Ending::Blank => {
            return Some(Transport::Timestamps);
        }
        Clock::Iso { .. } => return Some(Transport::RsyslogFile),
        Clock::Full { .. } if is_unit(sender.identifier) => Transport::WithUnit,
        Clock::Full { .. } => Transport::ShortFull,
        Clock::Unix => Transport::ShortUnix,
        Clock::Monotonic => Transport::ShortMonotonic,
        Clock::Delta => Transport::ShortDelta,
    };
    of_journal.then_some(transport)
}

fn is_unit(identifier: &[u8]) -> bool {
    [&b".service"[..], b".scope", b".slice", b".socket", b".mount", b".timer", b".target"]
        .iter()
        .any(|end| identifier.ends_with(end))
}

fn with_sender<'a>(prefix: Prefix<'a>, sender: &Sender<'a>) -> Prefix<'a> {
    let named = Some(Text::borrowed(sender.identifier));
    let (identifier, unit) =
        if prefix.transport == Transport::WithUnit { (None, named) } else { (named, None) };
    Prefix { host: sender.host.map(Text::borrowed), identifier, unit, pid: sender.pid, ..prefix }
}

const fn stream(output: Output) -> Stream {
    match output {
        Output::Stdout => Stream::Stdout,
        Output::Stderr => Stream::Stderr,
    }
}

/// `<30>1 …` is RFC 5424; without the version the priority is only a mark in front of a stamp.
fn syslog(line: &[u8], before: usize) -> Option<LineForm<'_>> {
    let (rest, versioned) = prefix::priority(line).ok()?;
    let at = |rest: &[u8]| before.saturating_add(line.len().saturating_sub(rest.len()));
    if !versioned {
        let (rest, (clock, stamp)) = prefix::stamp(rest).ok()?;
        let (text, sender) = prefix::sender(rest)?;
        let prefix = Prefix { transport: form(clock, &sender)?, stamp, ..Prefix::default() };
        return Some(LineForm::Message(with_sender(prefix, &sender), at(text)));
    }
    let (rest, stamp) = match rest.strip_prefix(b"- ") {
        Some(rest) => (rest, None),
        None => {
            let (rest, (clock, stamp)) = prefix::stamp(rest).ok()?;
            matches!(clock, Clock::Iso { .. }).then_some((rest, stamp))?
        }
    };
    match prefix::syslog_header(rest) {
        Ok((text, (host, program, pid))) => {
            let prefix = Prefix {
                transport: Transport::RsyslogProtocol23,
                stamp,
                host: host.map(Text::borrowed),
                identifier: program.map(Text::borrowed),
                pid,
                ..Prefix::default()
            };
            Some(LineForm::Message(prefix, at(text)))
        }
        Err(error) => Some(LineForm::GrammarError(public(rest, error).shifted(at(rest)))),
    }
}

impl<'a> Prefix<'a> {
    /// Takes the prefix off one line, read by itself; a line without one is all message.
    ///
    /// Parts of container records are not put together, and JSON objects are not opened: a
    /// [`Reader`](super::Reader) does that.
    #[must_use]
    pub fn of_line(line: &'a [u8]) -> (Self, Text<'a>) {
        match shape(line, &mut PreviousLine::default()) {
            LineForm::Message(prefix, at) | LineForm::Part(prefix, at, _) => {
                (prefix, Text::borrowed(line.get(at..).unwrap_or_default()))
            }
            LineForm::Object(..) | LineForm::GrammarError(_) => {
                (Self::default(), Text::borrowed(line))
            }
        }
    }
}
