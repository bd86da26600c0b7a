//! The readers of the three programs' records for one stream of messages.

use super::context::{Context, placed};
use super::expect::Expect;
use crate::error::{ErrorKind, ParseError};
use crate::event::{self, Anomaly, EventKind, Finding, FindingKind, Source, journal};
use crate::grammar::recognize::{self, Dialect};
use crate::limits::Limits;
use crate::record::firewalld::{self, Dates};
use crate::record::{Reading, crio, klog};
use crate::span::LineRef;
use crate::text::Text;

/// Whether a message is there as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Extent {
    Whole,
    /// A limit of the caller's cut its end off.
    Cut,
}

/// What is remembered of a stream: unfinished records, and whose record a line without a mark of
/// its own continues.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct Dialects {
    limits: Limits,
    firewalld: firewalld::Reader,
    /// Whether firewalld's lines carry dates in this stream: those of its system log target do
    /// not.
    dated: Option<bool>,
    klog: klog::Reader,
    /// Whose record was the last one.
    last: Option<Source>,
    /// The process that wrote it, where the prefix names it.
    pid: Option<u32>,
    /// Where the record that is held began.
    held: Option<PendingCall>,
}

/// The first line of a record that is held, how many lines it has so far, and whose it is.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
struct PendingCall {
    at: LineRef,
    lines: u64,
    host: Option<Text<'static>>,
    /// The byte of the first line at which the record begins, if it stands there as it is.
    offset: Option<u32>,
}

impl PendingCall {
    /// The error of the record that is given up: a record of several lines is no part of a line.
    fn placed(&self, error: ParseError) -> ParseError {
        placed(error, self.offset.filter(|_| self.lines <= 1).map(|at| at as usize))
    }
}

impl Dialects {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            limits,
            firewalld: firewalld::Reader::new(limits),
            dated: None,
            klog: klog::Reader::new(),
            last: None,
            pid: None,
            held: None,
        }
    }

    /// True if forgetting it changes nothing.
    pub(super) fn is_fresh(&self) -> bool {
        *self == Self::new(self.limits)
    }

    pub(super) fn is_idle(&self) -> bool {
        self.firewalld.is_idle() && self.klog.is_idle()
    }

    /// Reads a message and hands out what it led to.
    pub(super) fn read(
        &mut self,
        expect: Expect,
        message: &[u8],
        extent: Extent,
        context: &Context<'_>,
        emit: &mut impl FnMut(Finding<'_>),
    ) {
        if extent == Extent::Cut {
            return read_cut(expect, message, context, emit);
        }
        let source = match expect {
            Expect::Only(source) => Some(source),
            Expect::Auto => shape(message).or(self.last),
        };
        match source {
            Some(Source::Firewalld) => self.read_firewalld(message, context, emit),
            Some(Source::Crio) => read_crio(message, context, emit),
            Some(Source::Ovnkube) => self.read_klog(message, context, emit),
            None => emit(context.finding(FindingKind::Unrelated)),
        }
        if source.is_some() {
            self.last = source;
            self.pid = context.pid.or(self.pid);
        }
    }

    /// True if a call of firewalld is not complete, so that the next line may be its text.
    pub(super) fn holds_call(&self) -> bool {
        !self.firewalld.is_idle()
    }

    /// The program of the stream, if this process wrote its last record.
    pub(super) fn of_process(&self, pid: u32) -> Option<Source> {
        self.last.filter(|_| self.pid == Some(pid))
    }

    fn read_firewalld(
        &mut self,
        message: &[u8],
        context: &Context<'_>,
        emit: &mut impl FnMut(Finding<'_>),
    ) {
        if context.is_named {
            self.follow_dates(shape(message) == Some(Source::Firewalld));
        }
        let reading = self.firewalld.read(message);
        let given_up = self.firewalld.take_unfinished();
        // What is given up includes this line only if nothing else came of it.
        let includes_this =
            matches!(reading, Reading::Continuation(None)) && self.firewalld.is_idle();
        if let Some(unfinished) = given_up {
            let mut held = self.take_held(context);
            if includes_this {
                held.lines = held.lines.saturating_add(context.lines);
            }
            let error = held.placed(unfinished.error);
            let kind = FindingKind::Malformed { source: Some(Source::Firewalld), error };
            give_up(Finding { at: held.at, lines: held.lines, ..context.finding(kind) }, emit);
            if includes_this {
                return;
            }
        }
        match reading {
            Reading::Record(record) => {
                emit_firewalld(&record, context, context.at, context.lines, emit)
            }
            Reading::Continuation(Some(record)) => {
                let PendingCall { at, lines, .. } = self.take_held(context);
                emit_firewalld(&record, context, at, lines.saturating_add(context.lines), emit);
            }
            Reading::Continuation(None) if self.firewalld.is_idle() => {
                emit(context.finding(FindingKind::Plain(Source::Firewalld)))
            }
            Reading::Continuation(None) => {
                let host = || context.host().map(Text::into_owned);
                let held = self.held.get_or_insert_with(|| PendingCall {
                    at: context.at,
                    lines: 0,
                    host: host(),
                    offset: context.offset.and_then(|at| u32::try_from(at).ok()),
                });
                held.lines = held.lines.saturating_add(context.lines);
            }
            Reading::Unrelated => emit(context.finding(FindingKind::Unrelated)),
            Reading::Malformed(error) => {
                give_up(context.malformed(Some(Source::Firewalld), error), emit)
            }
        }
    }
}

impl Dialects {
    /// The record that was held; if none was, one that begins with this line.
    fn take_held(&mut self, context: &Context<'_>) -> PendingCall {
        self.held.take().unwrap_or(PendingCall {
            at: context.at,
            lines: 0,
            host: None,
            offset: None,
        })
    }

    /// A line without a date is a record of its own in a stream in which no line has shown a date
    /// yet.
    fn follow_dates(&mut self, dated: bool) {
        if self.dated.is_none() || (dated && self.dated == Some(false)) {
            self.dated = Some(dated);
            let dates = if dated { Dates::Written } else { Dates::Absent };
            self.firewalld = self.firewalld.clone().with_dates(dates);
        }
    }

    fn read_klog(
        &mut self,
        message: &[u8],
        context: &Context<'_>,
        emit: &mut impl FnMut(Finding<'_>),
    ) {
        match self.klog.read(message) {
            Reading::Record(record) | Reading::Continuation(Some(record)) => {
                emit_klog(&record, context, emit)
            }
            Reading::Continuation(None) => {
                emit(context.finding(FindingKind::Plain(Source::Ovnkube)))
            }
            Reading::Unrelated => emit(context.finding(FindingKind::Unrelated)),
            Reading::Malformed(error) => {
                emit(context.malformed(Some(Source::Ovnkube), error));
                if let Some(event) = event::ovnkube::broken(message) {
                    emit(context.aside(FindingKind::Event(EventKind::Ovnkube(event))));
                }
            }
        }
    }

    /// Ends the input: a call that is not complete is malformed.
    pub(super) fn finish(&mut self, emit: &mut impl FnMut(Finding<'_>)) {
        self.firewalld.finish();
        self.klog.finish();
        if let (Some(unfinished), Some(held)) = (self.firewalld.take_unfinished(), self.held.take())
        {
            let error = held.placed(unfinished.error);
            let PendingCall { at, lines, host, .. } = held;
            let kind = FindingKind::Malformed { source: Some(Source::Firewalld), error };
            let (boot, stamp, clock) = (None, None, None);
            give_up(Finding { at, lines, host, boot, stamp, clock, kind }, emit);
        }
    }
}

/// Reads what a limit left of a message. What it says cannot be trusted, but that something was
/// said can.
fn read_cut(
    expect: Expect,
    message: &[u8],
    context: &Context<'_>,
    emit: &mut impl FnMut(Finding<'_>),
) {
    let source = match expect {
        Expect::Only(source) => Some(source),
        Expect::Auto => shape(message),
    };
    let error = ParseError::new(ErrorKind::TooLong, message.len(), "a line within the limit");
    emit(context.malformed(source, error));
    emit(context.aside(FindingKind::Anomaly(Anomaly::LineTooLong)));
    let lost = match source {
        Some(Source::Crio) => match event::crio::Event::of_cut(message, context.pid) {
            Some(event) => {
                let event = in_context(event, context);
                return emit(context.aside(FindingKind::Event(EventKind::Crio(event))));
            }
            None => false,
        },
        // Only calls and signals matter, and these are debug messages of the first level.
        Some(Source::Firewalld) => {
            memchr::memmem::find(message.get(..40).unwrap_or(message), b" DEBUG1: ").is_some()
        }
        Some(Source::Ovnkube) => true,
        None => false,
    };
    if let (Some(source), true) = (source, lost) {
        emit(
            context.aside(FindingKind::Event(EventKind::Journal(journal::Event::Lost { source }))),
        );
    }
}

/// A call of firewalld that cannot be read is still another call: no request before it can be
/// answered any more.
fn give_up(finding: Finding<'_>, emit: &mut impl FnMut(Finding<'_>)) {
    let Finding { at, stamp, clock, .. } = finding;
    let host = finding.host.clone();
    emit(finding);
    let kind = FindingKind::Event(EventKind::Firewalld(event::firewalld::Event::OtherCall));
    emit(Finding { at, lines: 0, host, boot: None, stamp, clock, kind });
}

fn emit_firewalld(
    record: &firewalld::Record<'_>,
    context: &Context<'_>,
    at: LineRef,
    lines: u64,
    emit: &mut impl FnMut(Finding<'_>),
) {
    let kind = match event::firewalld::Event::of(record) {
        Some(event) => FindingKind::Event(EventKind::Firewalld(event)),
        None => FindingKind::Plain(Source::Firewalld),
    };
    let stamp = context.best_stamp(record.stamp());
    emit(Finding { at, lines, ..context.stamped(stamp, kind) });
    if record.has_bad_time() {
        emit(context.aside(FindingKind::Anomaly(Anomaly::BadTime)));
    }
}

/// What the log around a record of CRI-O's says of it; a prefix that names a program names CRI-O.
fn in_context<'a>(event: event::crio::Event<'a>, context: &Context<'_>) -> event::crio::Event<'a> {
    let event = event.in_log(context.boots);
    if context.is_named { event.of_crio() } else { event }
}

fn read_crio(message: &[u8], context: &Context<'_>, emit: &mut impl FnMut(Finding<'_>)) {
    match crio::Record::parse(message) {
        Reading::Record(record) | Reading::Continuation(Some(record)) => {
            let event = event::crio::Event::of(&record, context.pid);
            let event = in_context(event, context);
            emit(context.stamped(
                context.best_stamp(record.stamp()),
                FindingKind::Event(EventKind::Crio(event)),
            ));
            if record.stamp().is_none() {
                emit(context.aside(FindingKind::Anomaly(Anomaly::BadTime)));
            }
        }
        Reading::Unrelated | Reading::Continuation(None) => {
            emit(context.finding(FindingKind::Unrelated))
        }
        Reading::Malformed(error) => {
            let unknown_protocol = error.kind() == ErrorKind::Protocol;
            emit(context.malformed(Some(Source::Crio), error));
            if unknown_protocol {
                emit(context.aside(FindingKind::Anomaly(Anomaly::NotAPort)));
            }
            if let Some(event) = event::crio::Event::of_cut(message, context.pid) {
                let event = in_context(event, context);
                emit(context.aside(FindingKind::Event(EventKind::Crio(event))));
            }
        }
    }
}

fn emit_klog(record: &klog::Record<'_>, context: &Context<'_>, emit: &mut impl FnMut(Finding<'_>)) {
    let stamp = context.best_stamp(record.stamp());
    let ovnkube = event::ovnkube::events(record).map(EventKind::Ovnkube);
    let local_port = event::local_port::event(record).map(EventKind::LocalPort);
    let mut lines = context.lines;
    for what in ovnkube.chain(local_port) {
        emit(Finding { lines, ..context.stamped(stamp, FindingKind::Event(what)) });
        lines = 0;
    }
    if lines > 0 {
        emit(context.stamped(stamp, FindingKind::Plain(Source::Ovnkube)));
    }
    if record.form() == klog::Form::NoHeader {
        emit(context.aside(FindingKind::Anomaly(Anomaly::NoHeader)));
    }
    if record.has_bad_time() {
        emit(context.aside(FindingKind::Anomaly(Anomaly::BadTime)));
    }
    if event::local_port::is_unreadable(record) {
        emit(context.aside(FindingKind::Anomaly(Anomaly::NotAPort)));
    }
}

/// Whose record a message is by its first bytes; they suffice, for each grammar then decides
/// exactly.
fn shape(message: &[u8]) -> Option<Source> {
    recognize::dialect(message).map(|dialect| match dialect {
        Dialect::Firewalld => Source::Firewalld,
        Dialect::Crio => Source::Crio,
        Dialect::Ovnkube => Source::Ovnkube,
    })
}

/// True if the text of another program looks like a record that would count if one of the three had
/// written it.
pub(super) fn is_look_alike(expect: Expect, message: &[u8]) -> bool {
    let Some(source) = shape(message).filter(|source| expect.includes(*source)) else {
        return false;
    };
    match source {
        Source::Crio => match crio::Record::parse(message) {
            Reading::Record(record) => {
                event::crio::Event::of(&record, None).kind != event::crio::EventKind::Ordinary
            }
            _ => false,
        },
        Source::Firewalld => match firewalld::Record::parse(message) {
            Reading::Record(record) => event::firewalld::Event::of(&record).is_some(),
            _ => false,
        },
        Source::Ovnkube => match klog::Record::parse(message) {
            Ok(Some(record)) => event::ovnkube::events(&record).next().is_some(),
            _ => false,
        },
    }
}
