//! What the prefix and the place of a message say, for the findings it leads to.

use crate::error::ParseError;
use crate::event::crio::Boots;
use crate::event::{Finding, FindingKind, Source};
use crate::record::transport::{Prefix, Transport};
use crate::span::LineRef;
use crate::stamp::Stamp;
use crate::text::Text;

/// What the prefix and the place of a message say, for the findings it leads to.
#[derive(Debug, Clone)]
pub(super) struct Context<'a> {
    pub(super) at: LineRef,
    pub(super) lines: u64,
    /// The byte of the line at which the message begins, if the message stands there as it is.
    pub(super) offset: Option<usize>,
    host: Option<Text<'a>>,
    boot: Option<Text<'a>>,
    /// The prefix names the program.
    pub(super) is_named: bool,
    pub(super) pid: Option<u32>,
    /// Whether this form shows that the machine was started anew.
    pub(super) boots: Boots,
    stamp: Option<Stamp>,
    /// The prefix gives the time as the journal or the container runtime measured it, not as
    /// rsyslog guessed its year.
    measured: bool,
}

impl<'a> Context<'a> {
    pub(super) fn new(prefix: &'a Prefix<'_>, at: LineRef, lines: u64) -> Self {
        let host = prefix.host().or_else(|| prefix.pod()).map(Text::reborrow);
        let guessed = matches!(
            prefix.transport(),
            Transport::RsyslogTraditional | Transport::RsyslogFile | Transport::RsyslogProtocol23
        );
        let boot = prefix.boot().map(Text::reborrow);
        Self {
            at,
            lines,
            offset: None,
            host,
            boot,
            is_named: prefix.program().is_some(),
            pid: prefix.pid(),
            boots: boots(prefix.transport()),
            stamp: prefix.stamp(),
            measured: !guessed,
        }
    }

    /// The host named in the prefix, or else the pod.
    pub(super) fn host(&self) -> Option<Text<'_>> {
        self.host.as_ref().map(Text::reborrow)
    }

    pub(super) fn with_offset(mut self, offset: Option<usize>) -> Self {
        self.offset = offset;
        self
    }

    /// A finding that accounts for the lines.
    pub(super) fn finding<'f>(&'f self, kind: FindingKind<'f>) -> Finding<'f> {
        self.stamped(self.stamp, kind)
    }

    /// A finding that accounts for no line of its own.
    pub(super) fn aside<'f>(&'f self, kind: FindingKind<'f>) -> Finding<'f> {
        Finding { lines: 0, ..self.finding(kind) }
    }

    /// A finding that accounts for the lines, with a time of its own.
    pub(super) fn stamped<'f>(
        &'f self,
        stamp: Option<Stamp>,
        kind: FindingKind<'f>,
    ) -> Finding<'f> {
        Finding {
            at: self.at,
            lines: self.lines,
            host: self.host.as_ref().map(Text::reborrow),
            boot: self.boot.as_ref().map(Text::reborrow),
            stamp,
            clock: self.stamp,
            kind,
        }
    }

    /// The time the program wrote, unless it leaves out what a clock in the prefix says.
    pub(super) fn best_stamp(&self, written: Option<Stamp>) -> Option<Stamp> {
        match (written, self.stamp) {
            (Some(Stamp::Instant(_)), _) | (Some(_), None) => written,
            (Some(_), Some(Stamp::Instant(_))) if self.measured => self.stamp,
            (Some(_), Some(_)) => written,
            (None, prefix) => prefix,
        }
    }

    /// A finding for a message that broke.
    pub(super) fn malformed(&self, source: Option<Source>, error: ParseError) -> Finding<'_> {
        self.finding(FindingKind::Malformed { source, error: placed(error, self.offset) })
    }
}

/// The error of a message, told in offsets of the line if the message stands there as it is, from
/// this byte on.
pub(super) fn placed(error: ParseError, message_at: Option<usize>) -> ParseError {
    match message_at {
        Some(at) => error.shifted(at),
        None => error.of_message(),
    }
}

const fn boots(transport: Transport) -> Boots {
    match transport {
        Transport::Short => Boots::ShownByJournal,
        transport if transport.is_journal() => Boots::Shown,
        _ => Boots::Hidden,
    }
}
