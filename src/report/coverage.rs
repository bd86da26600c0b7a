//! What the answers are worth: a fold over everything that was read, so that "no open port" and
//! "understood nothing" never look alike.

use super::signs::Signs;
use super::verdict::{Reason, Verdict};
use crate::error::{ErrorKind, Place};
use crate::event::journal::Cause;
use crate::event::{Anomaly, EventKind, Finding, FindingKind, Front, Source, journal};
use crate::host_name::{self, ByHost};
use crate::limits::Limits;
use crate::record::transport::Encoding;
use crate::span::{InputId, LineRef};
use crate::stamp::Stamp;
use crate::state::evidence::Evidence;
use crate::text::Text;
use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// How many lines were read, and what they were.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Counts {
    /// Lines of records, the further lines of a record that spans several among them.
    pub records: u64,
    /// Lines of other programs.
    pub unrelated: u64,
    /// Lines that were recognised and then broken.
    pub malformed: u64,
    /// Remarks; they are about lines that are counted above.
    pub anomalies: u64,
}

impl Counts {
    /// All lines: those of records, the unrelated and the malformed.
    #[must_use]
    pub const fn lines(&self) -> u64 {
        self.records.saturating_add(self.unrelated).saturating_add(self.malformed)
    }

    fn add(&mut self, other: Self) {
        self.records = self.records.saturating_add(other.records);
        self.unrelated = self.unrelated.saturating_add(other.unrelated);
        self.malformed = self.malformed.saturating_add(other.malformed);
        self.anomalies = self.anomalies.saturating_add(other.anomalies);
    }
}

/// A line that was recognised and then broken: where it stands and why it was refused.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Malformed {
    /// The line.
    pub at: LineRef,
    /// The source whose record it would have been, where that could be told.
    pub source: Option<Source>,
    /// What was broken.
    pub kind: ErrorKind,
    /// The byte, counted from 0, at which it broke.
    pub offset: u64,
    /// Whether the byte counts in the line, or in a message that stands in no line as it is.
    pub place: Place,
    /// The error in words.
    pub reason: String,
}

/// What was read of one source on one host.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct SourceCoverage {
    /// Lines of its records.
    pub records: u64,
    /// Records with a meaning for what is open, or for what may be known of it.
    pub events: u64,
    /// Lines that would have been its records, and were broken.
    pub malformed: u64,
    /// The first record.
    pub first: Option<Evidence>,
    /// The last record.
    pub last: Option<Evidence>,
    /// How often its clock went back.
    pub clock_back: u64,
    /// What its records say about what it prints: versions, settings, starts, openings and
    /// closings.
    pub signs: Signs,
    clock: Vec<Clock>,
}

/// The first and the last time of one form in one input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
struct Clock {
    input: InputId,
    first: Stamp,
    last: Stamp,
}

/// Clocks kept for a source; further inputs are not watched for clocks going back.
const MOST_CLOCKS: usize = 256;

impl SourceCoverage {
    fn seen(&mut self, by: Evidence, lines: u64) {
        self.records = self.records.saturating_add(lines);
        self.first = self.first.or(Some(by));
        self.last = Some(by);
    }

    /// True if the clock went back.
    fn tick(&mut self, by: Evidence) -> bool {
        let Some(stamp) = by.stamp else { return false };
        let back = match self
            .clock
            .iter_mut()
            .find(|clock| clock.input == by.at.input() && same_form(clock.last, stamp))
        {
            Some(clock) => {
                let back = goes_back(clock.last, stamp);
                clock.last = stamp;
                back
            }
            None => {
                if self.clock.len() < MOST_CLOCKS {
                    self.clock.push(Clock { input: by.at.input(), first: stamp, last: stamp });
                }
                false
            }
        };
        self.clock_back = self.clock_back.saturating_add(u64::from(back));
        back
    }

    /// Joins a later part; gives back how often the clock went back between the two.
    fn append(&mut self, later: Self) -> u64 {
        self.records = self.records.saturating_add(later.records);
        self.events = self.events.saturating_add(later.events);
        self.malformed = self.malformed.saturating_add(later.malformed);
        self.first = self.first.or(later.first);
        self.last = later.last.or(self.last);
        self.signs.append(later.signs);
        let mut seams = 0u64;
        for theirs in later.clock {
            if let Some(ours) = self
                .clock
                .iter_mut()
                .find(|ours| ours.input == theirs.input && same_form(ours.last, theirs.first))
            {
                seams = seams.saturating_add(u64::from(goes_back(ours.last, theirs.first)));
                ours.last = theirs.last;
            } else if self.clock.len() < MOST_CLOCKS {
                self.clock.push(theirs);
            }
        }
        self.clock_back = self.clock_back.saturating_add(later.clock_back).saturating_add(seams);
        seams
    }
}

fn same_form(a: Stamp, b: Stamp) -> bool {
    core::mem::discriminant(&a) == core::mem::discriminant(&b)
}

/// True if the second time is more than a second before the first.
///
/// Less is no clock that went back: threads of one program write their times before they take the
/// lock of the log.
fn goes_back(before: Stamp, now: Stamp) -> bool {
    const SLACK: time::Duration = time::Duration::SECOND;
    match (before, now) {
        (Stamp::Instant(before), Stamp::Instant(now)) => before - now > SLACK,
        (Stamp::NoOffset(before), Stamp::NoOffset(now)) => before - now > SLACK,
        (Stamp::SinceBoot(before), Stamp::SinceBoot(now)) => before.saturating_sub(now) > SLACK,
        (
            Stamp::NoYear { month, day, time },
            Stamp::NoYear { month: to_month, day: to_day, time: to_time },
        ) => {
            let months = u8::from(month).saturating_sub(u8::from(to_month));
            // From late in the year to early in the year: a new year began.
            let days_back = (month, day) > (to_month, to_day);
            let back = days_back || ((month, day) == (to_month, to_day) && time - to_time > SLACK);
            back && months <= 6
        }
        _ => false,
    }
}

/// What was read on one host.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct HostCoverage {
    /// All lines of the host.
    pub counts: Counts,
    /// What was read of each source; a source that is not in it was silent.
    pub sources: BTreeMap<Source, SourceCoverage>,
    /// Records of neighbours that log host ports of their own.
    pub local_ports: u64,
    /// Remarks, by kind.
    pub anomalies: BTreeMap<Anomaly, u64>,
    /// The first remarks, with their lines; at most [`Limits::max_samples`].
    pub remark_samples: Vec<(Anomaly, Evidence)>,
    /// The first malformed lines; at most [`Limits::max_samples`].
    pub malformed: Vec<Malformed>,
    /// How often the machine was started, as the journal tells it.
    pub boots: u64,
    /// How many messages the journal says that it dropped, by unit as the journal names it.
    #[cfg_attr(feature = "serde", serde(with = "crate::serde_map_as_list"))]
    pub suppressed: BTreeMap<Text<'static>, u64>,
    /// How many messages lost their text in the journal.
    pub texts_lost: u64,
    /// How often the log shows that lines are missing or cannot be read, by what shows it.
    pub missing: BTreeMap<Cause, u64>,
    /// How many lines hold a known message behind something that is no wrapping known here: by the
    /// source whose message it is, and by what stands in front of it.
    #[cfg_attr(feature = "serde", serde(with = "crate::serde_map_as_list"))]
    pub look_alikes: BTreeMap<(Source, Front), u64>,
    /// Inputs that are no text that can be read; at most [`Limits::max_samples`].
    pub encoded: Vec<(Encoding, LineRef)>,
}

/// Units that the journal dropped messages of, told apart; a hostile log cannot make it grow
/// further.
const MOST_UNITS: usize = 64;

impl HostCoverage {
    /// What was read of a source, if anything was.
    #[must_use]
    pub fn source(&self, source: Source) -> Option<&SourceCoverage> {
        self.sources.get(&source)
    }

    /// Whether a source was able to tell which ports it opened and closed.
    #[must_use]
    pub fn verdict(&self, source: Source) -> Verdict {
        let alike = self.look_alikes.iter().filter(|((own, _), _)| *own == source);
        let alike = alike.fold(0u64, |sum, (_, count)| sum.saturating_add(*count));
        let encoded = u64::try_from(self.encoded.len()).unwrap_or(u64::MAX);
        let Some(own) = self.sources.get(&source) else {
            let reasons = [(alike, Reason::NotUnwrapped), (encoded, Reason::NoText)];
            let reasons = reasons.into_iter().filter(|(count, _)| *count > 0);
            return Verdict::silent(reasons.map(|(_, reason)| reason).collect());
        };
        let mut verdict = own.signs.verdict(source, own.records);
        let mut partly = |reason: Reason, count: u64| {
            if count > 0 {
                verdict.add(reason);
            }
        };
        let of = |remark| self.anomalies.get(&remark).copied().unwrap_or(0);
        partly(Reason::Malformed, own.malformed);
        partly(Reason::NotUnwrapped, alike);
        partly(Reason::NoText, encoded);
        partly(Reason::NewestFirst, of(Anomaly::NewestFirst));
        partly(Reason::ClockWentBack, own.clock_back);
        partly(
            Reason::MessagesSuppressed,
            self.suppressed.values().fold(0, |sum, count| sum.saturating_add(*count)),
        );
        partly(Reason::TextLost, self.texts_lost);
        partly(
            Reason::CutMessages,
            of(Anomaly::CutMessage).saturating_add(of(Anomaly::LineTooLong)),
        );
        partly(Reason::LinesMissing, of(Anomaly::Gap));
        if source == Source::Firewalld {
            partly(Reason::Assumed, of(Anomaly::Assumed));
        }
        partly(Reason::LimitReached, of(Anomaly::LimitReached));
        verdict
    }

    fn read(&mut self, finding: &Finding<'_>, limits: Limits) {
        let by = Evidence::new(finding.at, finding.stamp);
        let lines = finding.lines;
        let source = match &finding.kind {
            FindingKind::Event(what) => {
                self.counts.records = self.counts.records.saturating_add(lines);
                self.hear(what)
            }
            FindingKind::Plain(source) => {
                self.counts.records = self.counts.records.saturating_add(lines);
                Some(*source)
            }
            FindingKind::Unrelated => {
                self.counts.unrelated = self.counts.unrelated.saturating_add(lines);
                None
            }
            FindingKind::Malformed { source, error } => {
                self.counts.malformed = self.counts.malformed.saturating_add(lines);
                if let Some(source) = source {
                    let own = self.sources.entry(*source).or_default();
                    own.malformed = own.malformed.saturating_add(lines);
                }
                if self.malformed.len() < limits.max_samples {
                    self.malformed.push(Malformed {
                        at: finding.at,
                        source: *source,
                        kind: error.kind(),
                        offset: u64::try_from(error.offset()).unwrap_or(u64::MAX),
                        place: error.place(),
                        reason: error.to_string(),
                    });
                }
                None
            }
            FindingKind::LookAlike { source, front } => {
                self.counts.unrelated = self.counts.unrelated.saturating_add(lines);
                let count = self.look_alikes.entry((*source, *front)).or_default();
                *count = count.saturating_add(lines);
                self.remark(Anomaly::LookAlike, by, limits);
                None
            }
            FindingKind::Encoded(encoding) => {
                self.counts.malformed = self.counts.malformed.saturating_add(lines);
                if self.encoded.len() < limits.max_samples {
                    self.encoded.push((*encoding, finding.at));
                }
                None
            }
            FindingKind::Anomaly(remark) => {
                self.counts.unrelated = self.counts.unrelated.saturating_add(lines);
                self.remark(*remark, by, limits);
                None
            }
        };
        if let Some(source) = source {
            let own = self.sources.entry(source).or_default();
            own.seen(by, lines);
            if own.tick(by) {
                self.remark(Anomaly::ClockBack, by, limits);
            }
        }
    }

    /// What an event adds beside its lines; gives back the source it belongs to.
    fn hear(&mut self, what: &EventKind<'_>) -> Option<Source> {
        let source = match what {
            EventKind::Firewalld(_) => Source::Firewalld,
            EventKind::Crio(_) => Source::Crio,
            EventKind::Ovnkube(_) => Source::Ovnkube,
            EventKind::LocalPort(_) => {
                self.local_ports = self.local_ports.saturating_add(1);
                return None;
            }
            EventKind::Journal(event) => {
                self.hear_journal(event);
                return None;
            }
        };
        let own = self.sources.entry(source).or_default();
        own.events = own.events.saturating_add(1);
        own.signs.hear(what);
        Some(source)
    }

    fn hear_journal(&mut self, event: &journal::Event<'_>) {
        match event {
            journal::Event::Boot { .. } | journal::Event::BootOfOne { .. } => {
                self.boots = self.boots.saturating_add(1);
            }
            journal::Event::Suppressed { count, unit, .. } => {
                self.add_suppressed(unit.clone().into_owned(), *count)
            }
            journal::Event::Lost { .. } => {}
            journal::Event::Missing { cause, .. } => {
                let count = self.missing.entry(*cause).or_default();
                *count = count.saturating_add(1);
            }
            journal::Event::TextLost { .. } => self.texts_lost = self.texts_lost.saturating_add(1),
        }
    }

    fn add_suppressed(&mut self, unit: Text<'static>, count: u64) {
        let known = self.suppressed.contains_key(&unit) || self.suppressed.len() < MOST_UNITS;
        let unit = if known { unit } else { Text::from("(further units)") };
        let sum = self.suppressed.entry(unit).or_default();
        *sum = sum.saturating_add(count);
    }

    fn remark(&mut self, remark: Anomaly, by: Evidence, limits: Limits) {
        self.counts.anomalies = self.counts.anomalies.saturating_add(1);
        let count = self.anomalies.entry(remark).or_default();
        *count = count.saturating_add(1);
        if self.remark_samples.len() < limits.max_samples {
            self.remark_samples.push((remark, by));
        }
    }

    fn append(&mut self, later: Self, limits: Limits) {
        self.counts.add(later.counts);
        self.local_ports = self.local_ports.saturating_add(later.local_ports);
        self.boots = self.boots.saturating_add(later.boots);
        self.texts_lost = self.texts_lost.saturating_add(later.texts_lost);
        for (unit, count) in later.suppressed {
            self.add_suppressed(unit, count);
        }
        for (cause, count) in later.missing {
            let sum = self.missing.entry(cause).or_default();
            *sum = sum.saturating_add(count);
        }
        for (form, count) in later.look_alikes {
            let sum = self.look_alikes.entry(form).or_default();
            *sum = sum.saturating_add(count);
        }
        keep_first(&mut self.encoded, later.encoded, limits.max_samples);
        for (remark, count) in later.anomalies {
            let sum = self.anomalies.entry(remark).or_default();
            *sum = sum.saturating_add(count);
        }
        let mut seams = Vec::new();
        for (source, theirs) in later.sources {
            let first = theirs.first;
            let count = self.sources.entry(source).or_default().append(theirs);
            seams.extend((0..count).filter_map(|_| first));
        }
        for by in seams {
            self.remark(Anomaly::ClockBack, by, limits);
        }
        keep_first(&mut self.remark_samples, later.remark_samples, limits.max_samples);
        keep_first(&mut self.malformed, later.malformed, limits.max_samples);
    }
}

fn keep_first<T>(ours: &mut Vec<T>, theirs: Vec<T>, most: usize) {
    let room = most.saturating_sub(ours.len());
    ours.extend(theirs.into_iter().take(room));
}

/// What was read, by host and source: a fold over findings.
///
/// Coverages of consecutive parts of a log are joined by [`Self::then`], which is associative;
/// coverages of different hosts may be joined in any order.
///
/// ```
/// use hostport_audit::event::{Finding, FindingKind, Source};
/// use hostport_audit::report::{Coverage, Verdict};
/// use hostport_audit::{Limits, LineRef};
///
/// let finding = |kind| Finding { at: LineRef::default(), lines: 1, host: None, boot: None, stamp: None, clock: None, kind };
/// let mut coverage = Coverage::new(Limits::default());
/// coverage.count(&finding(FindingKind::Unrelated));
/// coverage.count(&finding(FindingKind::Plain(Source::Crio)));
/// assert_eq!((coverage.counts().lines(), coverage.counts().records), (2, 1));
///
/// let host = coverage.host(None).cloned().unwrap_or_default();
/// assert!(matches!(host.verdict(Source::Crio), Verdict::CannotSpeak { .. }), "records, but none about ports");
/// assert_eq!(host.verdict(Source::Ovnkube), Verdict::Silent);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Coverage {
    limits: Limits,
    #[cfg_attr(feature = "serde", serde(with = "crate::serde_map_as_list"))]
    hosts: ByHost<HostCoverage>,
    refused: Counts,
}

impl Coverage {
    /// Nothing read yet, with bounds on the samples and hosts that are kept.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self { limits, hosts: BTreeMap::new(), refused: Counts::default() }
    }

    /// Counts one finding in.
    pub fn count(&mut self, finding: &Finding<'_>) {
        let limits = self.limits;
        match self.entry(finding.host.as_ref()) {
            Some(host) => host.read(finding, limits),
            None => {
                let mut host = HostCoverage::default();
                host.read(finding, limits);
                self.refused.add(host.counts);
            }
        }
    }

    /// Counts remarks that did not come with a finding: those that the state machine made, as in
    /// [`crate::state::Effects::anomalies`].
    pub fn remark(&mut self, host: Option<&Text<'_>>, anomalies: &[(Anomaly, Evidence)]) {
        if anomalies.is_empty() {
            return;
        }
        let limits = self.limits;
        match self.entry(host) {
            Some(host) => {
                anomalies.iter().for_each(|(remark, by)| host.remark(*remark, *by, limits))
            }
            None => {
                let count = u64::try_from(anomalies.len()).unwrap_or(u64::MAX);
                self.refused.anomalies = self.refused.anomalies.saturating_add(count);
            }
        }
    }

    fn entry(&mut self, name: Option<&Text<'_>>) -> Option<&mut HostCoverage> {
        host_name::entry(&mut self.hosts, name, self.limits.max_hosts)
    }

    /// What was counted without a name is of this host.
    pub(crate) fn name_the_nameless(&mut self, name: &Text<'static>) {
        host_name::name_the_nameless(&mut self.hosts, name);
    }

    /// The hosts seen, in order of their names.
    pub fn hosts(&self) -> impl Iterator<Item = (Option<&Text<'static>>, &HostCoverage)> + '_ {
        self.hosts.iter().map(|(name, host)| (name.as_ref(), host))
    }

    /// What was read on one host.
    #[must_use]
    pub fn host(&self, name: Option<&Text<'_>>) -> Option<&HostCoverage> {
        host_name::find(&self.hosts, name)
    }

    /// The lines of all hosts, those refused by [`Limits::max_hosts`] among them.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let mut sum = self.refused;
        self.hosts.values().for_each(|host| sum.add(host.counts));
        sum
    }

    /// The lines of hosts that were refused because [`Limits::max_hosts`] was reached.
    #[must_use]
    pub const fn refused(&self) -> Counts {
        self.refused
    }

    /// Remarks of all hosts, by kind.
    #[must_use]
    pub fn anomalies(&self) -> BTreeMap<Anomaly, u64> {
        let mut sum: BTreeMap<Anomaly, u64> = BTreeMap::new();
        for (remark, count) in self.hosts.values().flat_map(|host| &host.anomalies) {
            let total = sum.entry(*remark).or_default();
            *total = total.saturating_add(*count);
        }
        sum
    }

    /// This coverage, and then that of the next part of the same logs, or of other hosts.
    #[must_use]
    pub fn then(mut self, later: Self) -> Self {
        let limits = self.limits;
        self.refused.add(later.refused);
        for (name, theirs) in later.hosts {
            match self.entry(name.as_ref()) {
                Some(ours) => ours.append(theirs, limits),
                None => self.refused.add(theirs.counts),
            }
        }
        self
    }
}
