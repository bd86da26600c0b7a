//! Lines in, findings out: takes the prefix off, finds out whose line it is, and reads it.

use super::context::Context;
use super::dialects::{self, Extent};
use super::expect::Expect;
use super::identifier::{self, Writer, writer};
use super::lookalike::{self, LookAlike};
use super::streams::Streams;
use crate::event::journal::{Cause, Missing};
use crate::event::{Anomaly, EventKind, Finding, FindingKind, Source, journal};
use crate::frame::RawLine;
use crate::grammar::{colour, missing, recognize};
use crate::limits::Limits;
use crate::record::transport::{self, Entry, JournalNotice, Prefix, Unwrapped};
use crate::record::{Reading, crio};
use alloc::vec::Vec;

/// Reads the lines of one input, one at a time and without looking ahead.
///
/// It is the parsers' whole work in one piece, with no state but unfinished records: for those who
/// fold by themselves.
///
/// ```
/// use hostport_audit::event::{FindingKind, EventKind};
/// use hostport_audit::{Expect, Limits, Lines, Reader};
///
/// let log = b"2023-06-28 10:46:37 DEBUG1: zone.PortAdded('public', '80', 'tcp', 0)\nanything else\n";
/// let mut reader = Reader::new(Expect::Auto, Limits::default());
/// let mut events = 0;
/// for line in Lines::new(log) {
///     reader.read(&line, &mut |finding| events += usize::from(matches!(finding.kind, FindingKind::Event(EventKind::Firewalld(_)))));
/// }
/// assert_eq!(events, 1);
/// ```
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Reader {
    expect: Expect,
    transport: transport::Reader,
    streams: Streams,
}

impl Reader {
    /// A reader for the logs of one program or of all, which holds no more than the limits allow.
    #[must_use]
    pub fn new(expect: Expect, limits: Limits) -> Self {
        Self { expect, transport: transport::Reader::new(&limits), streams: Streams::new(limits) }
    }

    /// Reads the next line and hands out what became certain by it, in order.
    pub fn read(&mut self, line: &RawLine<'_>, emit: &mut impl FnMut(Finding<'_>)) {
        let Self { expect, transport, streams } = self;
        transport.read(line, &mut |delivery| deliver(*expect, streams, delivery, emit));
    }

    /// Ends the input: what is unfinished is handed out as far as it goes.
    pub fn finish(&mut self, emit: &mut impl FnMut(Finding<'_>)) {
        let Self { expect, transport, streams } = self;
        transport.finish(&mut |delivery| deliver(*expect, streams, delivery, emit));
        streams.finish(emit);
    }

    /// True if no line waits for a further one.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.transport.is_idle() && self.streams.is_idle()
    }
}

fn deliver(
    expect: Expect,
    streams: &mut Streams,
    delivery: Unwrapped<'_>,
    emit: &mut impl FnMut(Finding<'_>),
) {
    match delivery {
        Unwrapped::Entry(entry) => read_entry(expect, streams, &entry, emit),
        Unwrapped::JournalNotice { note, prefix, at, lines } => {
            let context = Context::new(&prefix, at, lines);
            match note {
                JournalNotice::RateLimited { pid: Some(pid), .. } => {
                    emit(context.finding(FindingKind::Unrelated));
                    streams.lost_of_process(&prefix, pid, &context, emit);
                }
                note => read_note(expect, note, &prefix, &context, emit),
            }
        }
        Unwrapped::Encoded { encoding, at, lines } => {
            let prefix = Prefix::default();
            let context = Context::new(&prefix, at, lines);
            emit(context.finding(FindingKind::Encoded(encoding)));
            let (what, cause) = (Missing::Anything, Cause::Encoded);
            let event = journal::Event::Missing { what, cause };
            emit(context.aside(FindingKind::Event(EventKind::Journal(event))));
        }
        Unwrapped::Separator { at, lines } => {
            emit(Context::new(&Prefix::default(), at, lines).finding(FindingKind::Unrelated))
        }
        Unwrapped::Malformed { error, prefix, at, lines } => {
            let context = Context::new(&prefix, at, lines);
            let writer = writer(prefix.program().map(AsRef::as_ref));
            let source = if let Writer::Named(source) = writer { Some(source) } else { None };
            emit(context.finding(FindingKind::Malformed { source, error }));
            // There was a message in it, of this program or of any.
            for lost in Source::ALL {
                if writer != Writer::Foreign
                    && source.is_none_or(|source| source == lost)
                    && expect.includes(lost)
                {
                    emit(context.aside(FindingKind::Event(EventKind::Journal(
                        journal::Event::Lost { source: lost },
                    ))));
                }
            }
        }
    }
}

fn read_entry(
    expect: Expect,
    streams: &mut Streams,
    entry: &Entry<'_>,
    emit: &mut impl FnMut(Finding<'_>),
) {
    let prefix = entry.prefix();
    let raw = entry.message().as_bytes();
    let plain = without_colours(raw);
    // What ends a message that an object wraps is not the end of the line, and bytes behind a
    // colour code that was taken off stand elsewhere in the line.
    let is_part_of_line = prefix.transport().is_prefix() && plain.is_none();
    let offset = entry.message_offset().filter(|_| is_part_of_line);
    let context = Context::new(prefix, entry.at(), entry.lines()).with_offset(offset);
    let message = plain.as_deref().unwrap_or(raw);
    let whole = if entry.cut() > 0 { Extent::Cut } else { Extent::Whole };
    match writer(prefix.program().map(AsRef::as_ref)) {
        Writer::Unnamed if missing::is_cut(message) && !streams.hold_record(prefix) => {
            let (what, cause) = (Missing::Anything, Cause::Cut);
            let event = journal::Event::Missing { what, cause };
            emit(context.finding(FindingKind::Event(EventKind::Journal(event))));
        }
        Writer::Unnamed => {
            streams.read(expect, prefix, message, whole, &context, &mut |finding| {
                read_nothing_of(expect, message, &context, finding, emit);
            });
        }
        Writer::Named(source) if expect.includes(source) => {
            streams.read(Expect::Only(source), prefix, message, whole, &context, emit)
        }
        Writer::Named(_) => emit(context.finding(FindingKind::Unrelated)),
        Writer::Foreign => {
            emit(context.finding(FindingKind::Unrelated));
            if dialects::is_look_alike(expect, message) {
                emit(context.aside(FindingKind::Anomaly(Anomaly::ForeignIdentifier)));
            }
        }
    }
}

fn read_note(
    expect: Expect,
    note: JournalNotice<'_>,
    prefix: &Prefix<'_>,
    context: &Context<'_>,
    emit: &mut impl FnMut(Finding<'_>),
) {
    let counts = match (&note, writer(prefix.program().map(AsRef::as_ref))) {
        (JournalNotice::TextLost, Writer::Named(source)) => expect.includes(source),
        (JournalNotice::TextLost, _) => false,
        _ => true,
    };
    emit(context.finding(match counts {
        true => FindingKind::Event(EventKind::Journal(journal::Event::of_note(
            note,
            prefix,
            identifier::source,
        ))),
        false => FindingKind::Unrelated,
    }));
}

/// The message without the colours that a tool put into it; `None` if it has none, or if they are
/// those of logrus on a terminal.
fn without_colours(message: &[u8]) -> Option<Vec<u8>> {
    memchr::memchr(0x1b, message)?;
    match crio::Record::parse(message) {
        Reading::Record(_) if message.first() == Some(&0x1b) => None,
        _ => colour::without_colours(message),
    }
}

/// Hands a finding on; one that tells of a line in which nothing was read is told as a look-alike
/// if the line holds a known message.
#[inline]
fn read_nothing_of(
    expect: Expect,
    message: &[u8],
    context: &Context<'_>,
    finding: Finding<'_>,
    emit: &mut impl FnMut(Finding<'_>),
) {
    let nothing = match finding.kind {
        FindingKind::Unrelated => true,
        // A line that goes on a record; the records themselves begin as such.
        FindingKind::Plain(_) => recognize::dialect(message).is_none(),
        _ => false,
    };
    match nothing.then(|| lookalike::find(expect, message)).flatten() {
        Some(look_alike) => emit_look_alike(look_alike, context, emit),
        None => emit(finding),
    }
}

#[cold]
fn emit_look_alike(
    look_alike: LookAlike,
    context: &Context<'_>,
    emit: &mut impl FnMut(Finding<'_>),
) {
    let LookAlike { front, source, missing, host } = look_alike;
    let own = context.host().or(host);
    let of_host = |finding| Finding { host: own.clone(), ..finding };
    emit(of_host(context.finding(FindingKind::LookAlike { source, front })));
    if let Some(what) = missing {
        let event = journal::Event::Missing { what, cause: Cause::LookAlike };
        emit(of_host(context.aside(FindingKind::Event(EventKind::Journal(event)))));
    }
}
