//! The folds over findings: state, coverage and, if the caller wants it, history.

use super::watch::{HostChange, Watch};
use crate::event::{Event, EventKind, Finding, FindingKind, Source, journal};
use crate::limits::Limits;
use crate::report::{Coverage, History};
use crate::span::LineRef;
use crate::stamp::Stamp;
use crate::state::evidence::Evidence;
use crate::state::{Effects, Facts, Ledger};
use crate::text::Text;
use crate::timeline::Timeline;
use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use time::OffsetDateTime;

/// Where folding stops although reading goes on: nothing that is later than an instant is folded
/// in.
///
/// Position rules: with the first line of a source of a host that is later, folding of that source
/// ends for good, whatever times follow.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct Horizon {
    #[cfg_attr(feature = "serde", serde(with = "crate::timeline::saved::instant"))]
    until: OffsetDateTime,
    timeline: Timeline,
    passed: BTreeSet<(Option<Text<'static>>, Option<Source>)>,
}

impl Horizon {
    pub(super) fn new(until: OffsetDateTime, timeline: Timeline) -> Self {
        Self { until, timeline, passed: BTreeSet::new() }
    }

    fn is_passed(&mut self, finding: &Finding<'_>) -> bool {
        let source = finding.source();
        let later = |stamp: Stamp| self.timeline.resolve(stamp).is_ok_and(|at| at > self.until);
        let key = (finding.host.clone().map(Text::into_owned), source);
        if finding.stamp.is_some_and(later) {
            self.passed.insert(key);
            return true;
        }
        self.passed.contains(&key)
    }
}

/// Facts that hold behind a record that was not complete when they were stated.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
struct Waiting {
    host: Option<Text<'static>>,
    facts: Facts,
    by: Evidence,
}

impl Waiting {
    fn is_before(&self, line: LineRef) -> bool {
        let here = self.by.at;
        line.input() != here.input() || line.span().start() >= here.span().start()
    }
}

/// What has been found so far.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct Folds {
    /// Whose the lines without a host's name are.
    pub(super) host: Option<Text<'static>>,
    /// All lines are of one host, whatever name they have.
    pub(super) one_host: bool,
    pub(super) ledger: Ledger,
    pub(super) coverage: Coverage,
    pub(super) history: Option<History>,
    /// In the order in which they were stated.
    waiting: Vec<Waiting>,
    pub(super) horizon: Option<Horizon>,
    /// What changes is told.
    pub(super) watch: Option<Watch>,
}

impl Folds {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            host: None,
            one_host: false,
            ledger: Ledger::new(limits),
            coverage: Coverage::new(limits),
            history: None,
            waiting: Vec::new(),
            horizon: None,
            watch: None,
        }
    }

    /// Enters a finding in all of them.
    pub(super) fn push(&mut self, mut finding: Finding<'_>) {
        if self.waiting.first().is_some_and(|told| told.is_before(finding.at)) {
            self.take_waiting(|told| told.is_before(finding.at));
        }
        self.name_host(&mut finding);
        self.coverage.count(&finding);
        if self.horizon.as_mut().is_some_and(|horizon| horizon.is_passed(&finding)) {
            return;
        }
        let Finding { at, host, boot, stamp, clock, kind, .. } = finding;
        let by = Evidence::new(at, stamp);
        let Self { ledger, coverage, history, watch, .. } = self;
        let mut note = |host: Option<&Text<'_>>, effects: &Effects| {
            note(host, by, effects, coverage, history, watch);
        };
        // A start lies between the lines before and behind it; it has no time of its own.
        let is_start = matches!(
            kind,
            FindingKind::Event(EventKind::Journal(
                journal::Event::Boot { .. } | journal::Event::BootOfOne { .. }
            ))
        );
        if !is_start {
            ledger.read(host.as_ref(), boot.as_ref(), clock, by, &mut note);
        }
        match kind {
            FindingKind::Event(what) => {
                let event = Event { host, at, stamp, kind: what };
                ledger.apply(&event, &mut note);
                // What is known may change although nothing opens or closes: a change came to its
                // end.
                if let Some(watch) = watch {
                    watch.touch(event.host.as_ref(), &[]);
                }
            }
            FindingKind::Plain(source) => {
                ledger.saw_line(host.as_ref(), source, by, &mut note);
                if let Some(watch) = watch {
                    watch.touch(host.as_ref(), &[]);
                }
            }
            _ => {}
        }
        if let Some(watch) = watch {
            watch.compare(ledger, by);
        }
    }

    /// Gives a finding the name under which its host is kept.
    fn name_host(&mut self, finding: &mut Finding<'_>) {
        if !self.one_host {
            finding.host = finding.host.take().or_else(|| self.host.clone());
            return;
        }
        if self.host.is_none()
            && let Some(name) = finding.host.as_ref()
        {
            let name = name.clone().into_owned();
            self.ledger.name_the_nameless(&name);
            self.coverage.name_the_nameless(&name);
            if let Some(history) = &mut self.history {
                history.name_the_nameless(&name);
            }
            if let Some(watch) = &mut self.watch {
                watch.rename(&name);
            }
            self.host = Some(name);
        }
        finding.host.clone_from(&self.host);
        // Names that differ are no several hosts.
        if let FindingKind::Event(EventKind::Journal(journal::Event::BootOfOne { id })) =
            &mut finding.kind
        {
            let id = id.take();
            finding.kind = FindingKind::Event(EventKind::Journal(journal::Event::Boot { id }));
        }
    }

    /// Takes what the caller states behind a record that is not complete yet: it will be entered
    /// first.
    pub(super) fn know_later(&mut self, host: Option<&Text<'_>>, facts: &Facts, by: Evidence) {
        let host = host.map(|host| host.clone().into_owned());
        self.waiting.push(Waiting { host, facts: facts.clone(), by });
    }

    /// The records before all waiting facts are entered.
    pub(super) fn take_all_waiting(&mut self) {
        self.take_waiting(|_| true);
    }

    fn take_waiting(&mut self, due: impl Fn(&Waiting) -> bool) {
        let (due, later) =
            core::mem::take(&mut self.waiting).into_iter().partition::<Vec<_>, _>(due);
        self.waiting = later;
        for Waiting { host, facts, by } in due {
            self.know(host.as_ref(), &facts, by);
        }
    }

    /// Takes what the caller states.
    pub(super) fn know(&mut self, host: Option<&Text<'_>>, facts: &Facts, by: Evidence) {
        let mut effects = Effects::default();
        let host = host.filter(|_| !self.one_host);
        let only = self.host.clone().or_else(|| self.ledger.only_host().cloned());
        let host = host.or(only.as_ref());
        let Self { ledger, coverage, history, watch, .. } = self;
        ledger.know(host, facts, by, &mut effects);
        note(host, by, &effects, coverage, history, watch);
        if let Some(watch) = watch {
            watch.compare(ledger, by);
        }
    }

    /// Hands out the changes that were not told yet.
    pub(super) fn tell(&mut self, tell: &mut dyn FnMut(&HostChange)) {
        if let Some(watch) = &mut self.watch {
            watch.tell(tell);
        }
    }

    /// Tells changes from here on.
    pub(super) fn begin_watch(&mut self) {
        let ledger = &self.ledger;
        self.watch.get_or_insert_with(|| Watch::of(ledger));
    }
}

/// Passes on what an event or a statement brought about.
fn note(
    host: Option<&Text<'_>>,
    by: Evidence,
    effects: &Effects,
    coverage: &mut Coverage,
    history: &mut Option<History>,
    watch: &mut Option<Watch>,
) {
    coverage.remark(host, &effects.anomalies);
    if let Some(history) = history {
        history.record(host, by, &effects.changes);
    }
    if let Some(watch) = watch.as_mut().filter(|_| !effects.changes.is_empty()) {
        watch.touch(host, &effects.changes);
    }
}
