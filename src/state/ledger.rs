//! All hosts and all sources: routes each event to the fold that it belongs to.

use super::boots::{Boots, Start, Voice};
use super::crio::{self, Crio};
use super::effects::Effects;
use super::evidence::{Assumed, Evidence, Provenance};
use super::firewalld::{self, Firewalld};
use super::known::{Unknown, UnknownReason};
use super::local_port::LocalPorts;
use super::opening::{Opening, Scope};
use super::order::Orders;
use super::ovnkube::{self, Ovnkube};
use crate::assume::{Assume, Assumptions};
use crate::event::journal::{Cause, Missing};
use crate::event::{Anomaly, Event, EventKind, Source, journal};
use crate::host_name::{self, ByHost};
use crate::limits::Limits;
use crate::span::LineRef;
use crate::stamp::Stamp;
use crate::text::Text;
use crate::timeline::Timeline;
use alloc::collections::BTreeSet;
use alloc::vec::Vec;

/// Facts about one host that the caller states; what is `None` is not stated.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
pub struct Facts {
    /// firewalld's zones, as `firewall-cmd --list-all` prints them.
    pub firewalld: Option<firewalld::Statement>,
    /// CRI-O's sockets and rules.
    pub crio: Option<crio::Statement>,
    /// ovnkube's rules, as `iptables-save` prints them.
    pub ovnkube: Option<ovnkube::Statement>,
}

/// What is known of one host: a fold for each source that was heard of.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Host {
    limits: Limits,
    boots: Boots,
    /// The newest boot that was named.
    boot: Option<NamedBoot>,
    /// The line that told of the last start of the machine.
    booted: Option<Evidence>,
    /// The sources of which lines are missing since then.
    missing: BTreeSet<Source>,
    /// Nothing of it was read yet: all that is known of it was stated, or told without a name.
    unread: bool,
    firewalld: Option<Firewalld>,
    crio: Option<Crio>,
    ovnkube: Option<Ovnkube>,
    local_ports: LocalPorts,
    /// Whether the lines of each source come in the order of their times. Of one whose lines run
    /// against them no line is folded in.
    orders: Orders,
    #[cfg_attr(feature = "serde", serde(default))]
    assumptions: Assumptions,
}

/// A boot that lines name, as `_BOOT_ID` and `-- Boot … --` do.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
struct NamedBoot {
    id: Text<'static>,
    /// The first line that named it.
    since: Evidence,
    /// The boot before it that another input goes back to.
    back_in: Option<Text<'static>>,
}

/// Longest name of a boot that is kept; real ones are 32 digits.
const LONGEST_BOOT: usize = 64;

/// The part of a boot's name that is kept and compared.
fn kept<'a>(id: &'a Text<'_>) -> Text<'a> {
    let id = id.as_bytes();
    Text::borrowed(id.get(..LONGEST_BOOT).unwrap_or(id))
}

impl Host {
    fn new(limits: Limits, assumptions: Assumptions) -> Self {
        Self {
            limits,
            assumptions,
            boots: Boots::default(),
            boot: None,
            booted: None,
            missing: BTreeSet::new(),
            unread: true,
            firewalld: None,
            crio: None,
            ovnkube: None,
            local_ports: LocalPorts::new(limits),
            orders: Orders::default(),
        }
    }

    /// What is known of firewalld's zones; `None` if no record or statement told of it.
    #[must_use]
    pub const fn firewalld(&self) -> Option<&Firewalld> {
        self.firewalld.as_ref()
    }

    /// What is known of CRI-O's sockets and rules; `None` if no record or statement told of them.
    #[must_use]
    pub const fn crio(&self) -> Option<&Crio> {
        self.crio.as_ref()
    }

    /// What is known of ovnkube's rules; `None` if no record or statement told of them.
    #[must_use]
    pub const fn ovnkube(&self) -> Option<&Ovnkube> {
        self.ovnkube.as_ref()
    }

    /// What other programs said of host ports of their own.
    #[must_use]
    pub const fn local_ports(&self) -> &LocalPorts {
        &self.local_ports
    }

    /// Everything that is known to be open, each with what supports it: firewalld's, CRI-O's,
    /// ovnkube's.
    pub fn openings(&self) -> impl Iterator<Item = (Opening, Provenance)> + '_ {
        let firewalld = self.firewalld.iter().flat_map(Firewalld::openings);
        let crio = self.crio.iter().flat_map(Crio::openings);
        let ovnkube = self.ovnkube.iter().flat_map(Ovnkube::openings);
        firewalld.chain(crio).chain(ovnkube).chain(self.local_ports.openings())
    }

    /// Everything that the logs of the sources that were heard of cannot tell.
    pub fn unknowns(&self) -> impl Iterator<Item = (Scope, Unknown)> + '_ {
        let firewalld = self.firewalld.iter().flat_map(Firewalld::unknowns);
        let crio = self.crio.iter().flat_map(Crio::unknowns);
        let ovnkube = self.ovnkube.iter().flat_map(Ovnkube::unknowns);
        firewalld.chain(crio).chain(ovnkube).chain(self.local_ports.unknowns())
    }

    /// Everything that is known only by an assumption of the caller's.
    pub fn assumed(&self) -> impl Iterator<Item = (Scope, Assumed)> + '_ {
        self.firewalld.iter().flat_map(Firewalld::assumptions)
    }

    fn assume(&mut self, assume: Assume) {
        self.assumptions = core::mem::take(&mut self.assumptions).and(assume);
        if let Some(firewalld) = &mut self.firewalld {
            firewalld.assume(assume);
        }
    }

    fn apply(
        &mut self,
        what: &EventKind<'_>,
        by: Evidence,
        clock: Option<Stamp>,
        timeline: &Timeline,
        effects: &mut Effects,
    ) {
        self.unread = false;
        let Some(voice) = Voice::of(what) else {
            if let EventKind::Journal(event) = what {
                self.apply_journal(event, by, effects);
            }
            return;
        };
        if let Some(source) = voice.source()
            && self.is_unordered(source, by, effects)
        {
            return;
        }
        let place = self.boots.line(voice, by, clock, timeline);
        // Of a source that is heard first a start tells how it began, if no line since then is
        // missing.
        if let Some(start) = place.start.filter(|_| self.hears(voice) || !self.misses(voice)) {
            match voice {
                Voice::Firewalld => _ = self.heard_firewalld(),
                Voice::Crio => _ = self.heard_crio(),
                Voice::Ovnkube => _ = self.heard_ovnkube(),
                Voice::LocalPorts => {}
            }
            self.start(voice, start, effects);
        }
        let told = effects.changes.len();
        match what {
            EventKind::Firewalld(event) => self.heard_firewalld().apply(event, by, effects),
            EventKind::Crio(event) => self.heard_crio().apply(event, by, effects),
            EventKind::Ovnkube(event) => self.heard_ovnkube().apply(event, by, effects),
            EventKind::LocalPort(event) => self.local_ports.apply(event, by, effects),
            EventKind::Journal(_) => {}
        }
        // A line that may come from before a start: what it opened may have ended.
        if let Some(boot) = place.ahead
            && effects.changes.len() > told
        {
            self.start(voice, Start::MayHaveCome(boot), effects);
        }
    }

    /// Takes the time of a source's line; true if the lines of that source run against their times,
    /// so that what they say must not be folded in.
    #[inline]
    fn is_unordered(&mut self, source: Source, by: Evidence, effects: &mut Effects) -> bool {
        let order = self.orders.of_mut(source);
        let was_in_order = !order.is_newest_first();
        if !order.takes(by) {
            return false;
        }
        if was_in_order {
            effects.remark(Anomaly::NewestFirst, by);
        }
        if order.loses() {
            self.lose_sight(source, UnknownReason::NewestFirst, by, effects);
        }
        true
    }

    fn lose_sight(
        &mut self,
        source: Source,
        why: UnknownReason,
        by: Evidence,
        effects: &mut Effects,
    ) {
        match source {
            Source::Firewalld => self.heard_firewalld().lose_sight(why, by, effects),
            Source::Crio => self.heard_crio().lose_sight(why, by, effects),
            Source::Ovnkube => self.heard_ovnkube().lose_sight(why, by, effects),
        }
    }

    fn heard_firewalld(&mut self) -> &mut Firewalld {
        let (limits, assumptions) = (self.limits, &self.assumptions);
        self.firewalld.get_or_insert_with(|| {
            let mut firewalld = Firewalld::new(limits);
            assumptions.iter().for_each(|assume| firewalld.assume(assume));
            firewalld
        })
    }

    /// True if something was read or stated of a program.
    fn hears(&self, voice: Voice) -> bool {
        match voice {
            Voice::Firewalld => self.firewalld.is_some(),
            Voice::Crio => self.crio.is_some(),
            Voice::Ovnkube => self.ovnkube.is_some(),
            Voice::LocalPorts => true,
        }
    }

    /// True if lines of a program are missing since the last start of the machine.
    fn misses(&self, voice: Voice) -> bool {
        voice.source().is_some_and(|source| self.missing.contains(&source))
    }

    fn heard_crio(&mut self) -> &mut Crio {
        let limits = self.limits;
        self.crio.get_or_insert_with(|| Crio::new(limits))
    }

    fn heard_ovnkube(&mut self) -> &mut Ovnkube {
        let limits = self.limits;
        self.ovnkube.get_or_insert_with(|| Ovnkube::new(limits))
    }

    /// A program was started anew with the machine, or may have been.
    fn start(&mut self, voice: Voice, start: Start, effects: &mut Effects) {
        let (event, by) = match start {
            Start::Came(by) => (journal::Event::Boot { id: None }, by),
            Start::MayHaveCome(by) => (journal::Event::BootOfOne { id: None }, by),
        };
        // Of a source that is not in order all is unknown, and stays so.
        if voice.source().is_some_and(|source| self.orders.of(source).is_newest_first()) {
            return;
        }
        match voice {
            Voice::Firewalld => {
                if let Some(firewalld) = &mut self.firewalld {
                    firewalld.apply_journal(&event, by, effects);
                }
            }
            Voice::Crio => {
                if let Some(crio) = &mut self.crio {
                    crio.apply_journal(&event, by, effects);
                }
            }
            Voice::Ovnkube => {
                if let Some(ovnkube) = &mut self.ovnkube {
                    ovnkube.apply_journal(&event, by, effects);
                }
            }
            Voice::LocalPorts => self.local_ports.apply_journal(&event, by, effects),
        }
    }

    /// The machine was started anew; if that is not `sure`, it was this machine or another one.
    fn machine_start(
        &mut self,
        id: Option<&Text<'_>>,
        sure: bool,
        by: Evidence,
        timeline: &Timeline,
        effects: &mut Effects,
    ) {
        let id = id.map(kept);
        if let Some(id) = id.as_ref().filter(|_| sure)
            && !self.names_new(id, by, timeline)
        {
            return;
        }
        if sure {
            self.booted = Some(by);
            self.missing.clear();
        }
        let mut starts = Vec::new();
        self.boots.start(by, id.as_ref(), sure, timeline, |voice, start| {
            starts.push((voice, start));
        });
        for (voice, start) in starts {
            self.start(voice, start, effects);
        }
    }

    /// Takes note of the name of a boot; false if nothing was started: the boot is known, or the
    /// input goes back to an earlier one.
    fn names_new(&mut self, id: &Text<'_>, by: Evidence, timeline: &Timeline) -> bool {
        let named = || NamedBoot { id: id.clone().into_owned(), since: by, back_in: None };
        let Some(newest) = &mut self.boot else {
            self.boot = Some(named());
            return true;
        };
        let same_input = newest.since.at.input() == by.at.input();
        if newest.id.as_bytes() == id.as_bytes() {
            return !same_input;
        }
        if newest.back_in.as_ref().is_some_and(|back| back.as_bytes() == id.as_bytes()) {
            return false;
        }
        if !same_input && is_before(by, newest.since, timeline) {
            if newest.back_in.is_none() {
                self.boots.started_before(newest.since);
            }
            newest.back_in = Some(id.clone().into_owned());
            return false;
        }
        self.boot = Some(named());
        true
    }

    /// Takes note of a line, and of the boot that it names; another one than before means that the
    /// machine was started anew.
    fn read(
        &mut self,
        boot: Option<&Text<'_>>,
        clock: Option<Stamp>,
        by: Evidence,
        timeline: &Timeline,
        effects: &mut Effects,
    ) {
        if let Some(id) = boot.map(kept) {
            match &self.boot {
                Some(newest) if newest.id.as_bytes() == id.as_bytes() => {}
                Some(_) => {
                    self.unread = false;
                    self.machine_start(Some(&id), true, by, timeline, effects);
                }
                None => {
                    let id = id.into_owned();
                    self.boot = Some(NamedBoot { id, since: by, back_in: None });
                }
            }
        }
        self.boots.saw(by.at.input(), clock);
    }

    fn apply_journal(&mut self, event: &journal::Event<'_>, by: Evidence, effects: &mut Effects) {
        let is_missing = |source: &Source| match event {
            journal::Event::Suppressed { source: Some(own), .. }
            | journal::Event::TextLost { source: Some(own), .. }
            | journal::Event::Lost { source: own } => own == source,
            journal::Event::Missing { what, .. } => what.concerns(*source),
            _ => false,
        };
        self.missing.extend(Source::ALL.into_iter().filter(is_missing));
        // Of a source that is not in order all is unknown, and stays so.
        let ordered = |source| !self.orders.of(source).is_newest_first();
        let [firewalld_ordered, crio_ordered, ovnkube_ordered] = Source::ALL.map(ordered);
        if let journal::Event::Missing { what, cause } = event
            && *cause != Cause::LookAlike
            && self.hears_any(*what)
        {
            effects.remark(Anomaly::Gap, by);
        }
        if let Some(firewalld) = self.firewalld.as_mut().filter(|_| firewalld_ordered) {
            firewalld.apply_journal(event, by, effects);
        }
        if let Some(crio) = self.crio.as_mut().filter(|_| crio_ordered) {
            crio.apply_journal(event, by, effects);
        }
        if let Some(ovnkube) = self.ovnkube.as_mut().filter(|_| ovnkube_ordered) {
            ovnkube.apply_journal(event, by, effects);
        }
    }

    /// True if something of a source was heard that may have spoken in lines that are missing.
    fn hears_any(&self, what: Missing) -> bool {
        let heard = [self.firewalld.is_some(), self.crio.is_some(), self.ovnkube.is_some()];
        Source::ALL.into_iter().zip(heard).any(|(source, heard)| heard && what.concerns(source))
    }

    fn know(&mut self, facts: &Facts, by: Evidence, effects: &mut Effects) {
        // What is stated holds up to the next line.
        Source::ALL.into_iter().for_each(|source| self.orders.of_mut(source).facts_were_stated());
        if let Some(stated) = &facts.firewalld {
            self.heard_firewalld().know(stated, by, effects);
        }
        let booted = self.booted.map(Start::Came);
        if let Some(stated) = &facts.crio {
            let new = self.crio.is_none() && !self.misses(Voice::Crio);
            self.heard_crio();
            if let Some(start) = booted.filter(|_| new) {
                self.start(Voice::Crio, start, effects);
            }
            self.heard_crio().know(stated, by, effects);
        }
        if let Some(stated) = &facts.ovnkube {
            let new = self.ovnkube.is_none() && !self.misses(Voice::Ovnkube);
            self.heard_ovnkube();
            if let Some(start) = booted.filter(|_| new) {
                self.start(Voice::Ovnkube, start, effects);
            }
            self.heard_ovnkube().know(stated, by, effects);
        }
    }
}

/// True if the times of two lines tell that the first one came before the second.
fn is_before(first: Evidence, second: Evidence, timeline: &Timeline) -> bool {
    first.stamp.zip(second.stamp).is_some_and(|(first, second)| {
        match (timeline.resolve(first), timeline.resolve(second)) {
            (Ok(first), Ok(second)) => first < second,
            _ => false,
        }
    })
}

/// The state of every host in the input.
///
/// Hosts are kept apart by the name in the prefix of their lines; lines without a name share the
/// key `None`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Ledger {
    limits: Limits,
    timeline: Timeline,
    #[cfg_attr(feature = "serde", serde(with = "crate::serde_map_as_list"))]
    hosts: ByHost<Host>,
    /// The starts that name no machine, for hosts to come: they may have been theirs.
    nameless: Boots,
    /// The line that is read, and the time in front of it.
    reading: Option<(LineRef, Option<Stamp>)>,
    refused_hosts: u64,
    #[cfg_attr(feature = "serde", serde(default))]
    assumptions: Assumptions,
}

impl Ledger {
    /// An empty ledger with bounds on what it holds.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self { limits, ..Self::default() }
    }

    /// The same ledger, which resolves the times of lines by a timeline where one input tells that
    /// the machine was started anew and another one does not.
    #[must_use]
    pub const fn with_timeline(mut self, timeline: Timeline) -> Self {
        self.timeline = timeline;
        self
    }

    /// Takes what the caller assumes of every host from here on.
    pub fn assume(&mut self, assume: Assume) {
        self.assumptions = core::mem::take(&mut self.assumptions).and(assume);
        self.hosts.values_mut().for_each(|host| host.assume(assume));
    }

    /// What the caller assumes.
    #[must_use]
    pub const fn assumptions(&self) -> &Assumptions {
        &self.assumptions
    }

    /// The hosts seen, in order of their names.
    pub fn hosts(&self) -> impl Iterator<Item = (Option<&Text<'static>>, &Host)> + '_ {
        self.hosts.iter().map(|(name, host)| (name.as_ref(), host))
    }

    /// The state of one host.
    pub(crate) fn host(&self, name: Option<&Text<'_>>) -> Option<&Host> {
        host_name::find(&self.hosts, name)
    }

    /// What is known without a name is of this host.
    pub(crate) fn name_the_nameless(&mut self, name: &Text<'static>) {
        host_name::name_the_nameless(&mut self.hosts, name);
    }

    /// How many events of further hosts were dropped because [`Limits::max_hosts`] was reached.
    #[must_use]
    pub const fn refused_hosts(&self) -> u64 {
        self.refused_hosts
    }

    /// Folds one event in, and hands out what it brought about, host by host.
    ///
    /// Most events are of one host. A start of the machine that is told without a host's name is
    /// that of the only host. Among several hosts it may have been any of them: what a start ends
    /// is unknown from there on for each of them, and for hosts that come later.
    ///
    /// ```
    /// use hostport_audit::event::{Event, EventKind, journal};
    /// use hostport_audit::state::Ledger;
    /// use hostport_audit::{Limits, LineRef};
    ///
    /// let boot = EventKind::Journal(journal::Event::Boot { id: None });
    /// let event = Event { host: Some("rhel92".into()), at: LineRef::default(), stamp: None, kind: boot };
    /// let mut hosts = Vec::new();
    /// Ledger::new(Limits::default())
    ///     .apply(&event, &mut |host, _| hosts.extend(host.map(ToString::to_string)));
    /// assert_eq!(hosts, ["rhel92"]);
    /// ```
    pub fn apply(&mut self, event: &Event<'_>, told: &mut impl FnMut(Option<&Text<'_>>, &Effects)) {
        let by = Evidence::new(event.at, event.stamp);
        match &event.kind {
            EventKind::Journal(journal::Event::Boot { id }) => {
                let only = self.only_host().cloned();
                let host = event.host.as_ref().or(only.as_ref());
                if event.host.is_none() {
                    self.nameless.start(by, None, false, &self.timeline, |_, _| {});
                }
                if host.is_some() || self.hosts.len() <= 1 {
                    self.boot(host, id.as_ref(), by, told);
                } else {
                    self.boot_of_one(id.as_ref(), by, told);
                }
            }
            EventKind::Journal(journal::Event::BootOfOne { id }) => {
                self.nameless.start(by, None, false, &self.timeline, |_, _| {});
                self.boot_of_one(id.as_ref(), by, told);
            }
            what @ EventKind::Journal(journal::Event::Missing { .. }) if event.host.is_none() => {
                let mut effects = Effects::default();
                let clock = self.clock(by);
                for (name, host) in &mut self.hosts {
                    effects.clear();
                    host.apply(what, by, clock, &self.timeline, &mut effects);
                    told(name.as_ref(), &effects);
                }
            }
            what => {
                let timeline = self.timeline;
                let clock = self.clock(by);
                self.with(event.host.as_ref(), by, told, |host, effects| {
                    host.apply(what, by, clock, &timeline, effects);
                });
            }
        }
    }

    /// The time in front of the line that is read.
    fn clock(&self, by: Evidence) -> Option<Stamp> {
        self.reading.filter(|(at, _)| *at == by.at).and_then(|(_, clock)| clock)
    }

    /// A machine was started anew: this one, or one of several names that may be its own.
    fn boot(
        &mut self,
        name: Option<&Text<'_>>,
        id: Option<&Text<'_>>,
        by: Evidence,
        told: &mut impl FnMut(Option<&Text<'_>>, &Effects),
    ) {
        let timeline = self.timeline;
        self.with(name, by, told, |host, effects| {
            host.unread &= name.is_none();
            host.machine_start(id, true, by, &timeline, effects);
        });
        self.may_have_booted(id, by, |other| host_name::may_be_one(name, other), told);
    }

    /// One of several machines was started anew.
    fn boot_of_one(
        &mut self,
        id: Option<&Text<'_>>,
        by: Evidence,
        told: &mut impl FnMut(Option<&Text<'_>>, &Effects),
    ) {
        self.may_have_booted(id, by, |_| true, told);
    }

    fn may_have_booted(
        &mut self,
        id: Option<&Text<'_>>,
        by: Evidence,
        which: impl Fn(Option<&Text<'_>>) -> bool,
        told: &mut impl FnMut(Option<&Text<'_>>, &Effects),
    ) {
        let mut effects = Effects::default();
        for (name, host) in self.hosts.iter_mut().filter(|(name, _)| which(name.as_ref())) {
            effects.clear();
            host.machine_start(id, false, by, &self.timeline, &mut effects);
            told(name.as_ref(), &effects);
        }
    }

    /// Takes note of a line, whatever it says: the boot that it was written in, and the time in
    /// front of it. Another boot than before means that the machine was started anew.
    pub fn read(
        &mut self,
        host: Option<&Text<'_>>,
        boot: Option<&Text<'_>>,
        clock: Option<Stamp>,
        by: Evidence,
        told: &mut impl FnMut(Option<&Text<'_>>, &Effects),
    ) {
        let timeline = self.timeline;
        self.reading = Some((by.at, clock));
        if boot.is_some() {
            self.with(host, by, told, |host, effects| {
                host.read(boot, clock, by, &timeline, effects)
            });
        } else if let Some(host) = host_name::find_mut(&mut self.hosts, host) {
            host.boots.saw(by.at.input(), clock);
        }
        if host.is_none() {
            self.nameless.saw(by.at.input(), clock);
        }
    }

    /// Takes the time of a line of a source that says nothing, for whether its lines come in the
    /// order of their times.
    pub fn saw_line(
        &mut self,
        name: Option<&Text<'_>>,
        source: Source,
        by: Evidence,
        told: &mut impl FnMut(Option<&Text<'_>>, &Effects),
    ) {
        if by.stamp.is_none() {
            return;
        }
        let mut effects = Effects::default();
        if let Some(host) = host_name::find_mut(&mut self.hosts, name) {
            host.is_unordered(source, by, &mut effects);
        }
        told(name, &effects);
    }

    /// Takes facts that the caller states as true from here on; without a name they are those of
    /// the only host.
    pub fn know(
        &mut self,
        host: Option<&Text<'_>>,
        facts: &Facts,
        by: Evidence,
        effects: &mut Effects,
    ) {
        let only = self.only_host().cloned();
        let Some(host) = self.entry(host.or(only.as_ref()), by, effects) else { return };
        host.know(facts, by, effects);
    }

    /// The name of the only host, if there is one host and it has a name.
    #[must_use]
    pub fn only_host(&self) -> Option<&Text<'static>> {
        let mut names = self.hosts.keys();
        match (names.next(), names.next()) {
            (Some(name), None) => name.as_ref(),
            _ => None,
        }
    }

    /// Changes what is known of one host, and hands out what that brought about.
    fn with(
        &mut self,
        name: Option<&Text<'_>>,
        by: Evidence,
        told: &mut impl FnMut(Option<&Text<'_>>, &Effects),
        change: impl FnOnce(&mut Host, &mut Effects),
    ) {
        let mut effects = Effects::default();
        if let Some(host) = self.entry(name, by, &mut effects) {
            change(host, &mut effects);
        }
        told(name, &effects);
    }

    fn entry(
        &mut self,
        name: Option<&Text<'_>>,
        by: Evidence,
        effects: &mut Effects,
    ) -> Option<&mut Host> {
        if host_name::find(&self.hosts, name).is_none() {
            self.begin(name, by, effects)?;
        }
        host_name::find_mut(&mut self.hosts, name)
    }

    /// Takes a further host in; `None` if that are too many.
    fn begin(
        &mut self,
        name: Option<&Text<'_>>,
        by: Evidence,
        effects: &mut Effects,
    ) -> Option<()> {
        let key = name.cloned().map(Text::into_owned);
        // What was stated before the first line, without a name, is about the first host that is
        // named.
        if key.is_some()
            && self.hosts.len() == 1
            && self.hosts.get(&None).is_some_and(|host| host.unread)
        {
            let host = self.hosts.remove(&None)?;
            self.hosts.insert(key, host);
            return Some(());
        }
        if self.hosts.len() >= self.limits.max_hosts {
            self.refused_hosts = self.refused_hosts.saturating_add(1);
            effects.remark(Anomaly::LimitReached, by);
            return None;
        }
        let mut host = Host::new(self.limits, self.assumptions.clone());
        host.boots.saw(by.at.input(), self.clock(by));
        host.boots.adopt(&self.nameless);
        for (other, known) in &self.hosts {
            if host_name::may_be_one(name, other.as_ref()) {
                host.boots.adopt(&known.boots);
            }
        }
        self.hosts.insert(key, host);
        Some(())
    }
}
