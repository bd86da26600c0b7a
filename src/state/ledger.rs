//! All hosts and all sources: routes each event to the fold that it belongs to.

use super::crio::{self, Crio};
use super::effects::Effects;
use super::evidence::{Evidence, Support};
use super::firewalld::{self, Firewalld};
use super::known::{Ignorance, Unknown};
use super::neighbour::Neighbours;
use super::opening::{Opening, Scope};
use super::order::Orders;
use super::ovnkube::{self, Ovnkube};
use crate::event::journal::{Cause, Missing};
use crate::event::{Event, Remark, Source, What, journal};
use crate::limits::Limits;
use crate::text::Text;
use alloc::collections::BTreeMap;

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
    boot: Option<Text<'static>>,
    /// The line that told of the last start of the machine.
    booted: Option<Evidence>,
    /// Nothing of it was read yet: all that is known of it was stated, or told without a name.
    unread: bool,
    firewalld: Option<Firewalld>,
    crio: Option<Crio>,
    ovnkube: Option<Ovnkube>,
    neighbours: Neighbours,
    /// Whether the lines of each source come in the order of their times. Of one whose lines run
    /// against them no line is folded in.
    orders: Orders,
}

impl Host {
    fn new(limits: Limits) -> Self {
        Self {
            limits,
            boot: None,
            booted: None,
            unread: true,
            firewalld: None,
            crio: None,
            ovnkube: None,
            neighbours: Neighbours::new(limits),
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
    pub const fn neighbours(&self) -> &Neighbours {
        &self.neighbours
    }

    /// Everything that is known to be open, each with what supports it: firewalld's, CRI-O's,
    /// ovnkube's.
    pub fn openings(&self) -> impl Iterator<Item = (Opening, Support)> + '_ {
        let firewalld = self.firewalld.iter().flat_map(Firewalld::openings);
        let crio = self.crio.iter().flat_map(Crio::openings);
        let ovnkube = self.ovnkube.iter().flat_map(Ovnkube::openings);
        firewalld.chain(crio).chain(ovnkube).chain(self.neighbours.openings())
    }

    /// Everything that the logs of the sources that were heard of cannot tell.
    pub fn unknowns(&self) -> impl Iterator<Item = (Scope, Unknown)> + '_ {
        let firewalld = self.firewalld.iter().flat_map(Firewalld::unknowns);
        let crio = self.crio.iter().flat_map(Crio::unknowns);
        firewalld.chain(crio).chain(self.ovnkube.iter().flat_map(Ovnkube::unknowns))
    }

    fn apply(&mut self, what: &What<'_>, by: Evidence, effects: &mut Effects) {
        self.unread = false;
        if let Some(source) = source_of(what)
            && self.is_unordered(source, by, effects)
        {
            return;
        }
        match what {
            What::Firewalld(event) => self.heard_firewalld().apply(event, by, effects),
            What::Crio(event) => self.heard_crio(effects).apply(event, by, effects),
            What::Ovnkube(event) => self.heard_ovnkube(effects).apply(event, by, effects),
            What::Neighbour(event) => self.neighbours.apply(event, by, effects),
            What::Journal(event) => self.apply_journal(event, by, effects),
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
            effects.remark(Remark::NewestFirst, by);
        }
        if order.loses() {
            self.lose_sight(source, Ignorance::NewestFirst, by, effects);
        }
        true
    }

    fn lose_sight(&mut self, source: Source, why: Ignorance, by: Evidence, effects: &mut Effects) {
        match source {
            Source::Firewalld => self.heard_firewalld().lose_sight(why, by, effects),
            Source::Crio => self.heard_crio(effects).lose_sight(why, by, effects),
            Source::Ovnkube => self.heard_ovnkube(effects).lose_sight(why, by, effects),
        }
    }

    fn heard_firewalld(&mut self) -> &mut Firewalld {
        let limits = self.limits;
        self.firewalld.get_or_insert_with(|| Firewalld::new(limits))
    }

    /// CRI-O's fold, from the last start of the machine on if that came before CRI-O's first line.
    fn heard_crio(&mut self, effects: &mut Effects) -> &mut Crio {
        let (limits, booted) = (self.limits, self.booted);
        self.crio.get_or_insert_with(|| {
            let mut crio = Crio::new(limits);
            if let Some(by) = booted {
                crio.apply_journal(&journal::Event::Boot { id: None }, by, effects);
            }
            crio
        })
    }

    fn heard_ovnkube(&mut self, effects: &mut Effects) -> &mut Ovnkube {
        let (limits, booted) = (self.limits, self.booted);
        self.ovnkube.get_or_insert_with(|| {
            let mut ovnkube = Ovnkube::new(limits);
            if let Some(by) = booted {
                ovnkube.apply_journal(&journal::Event::Boot { id: None }, by, effects);
            }
            ovnkube
        })
    }

    fn apply_journal(&mut self, event: &journal::Event<'_>, by: Evidence, effects: &mut Effects) {
        if let journal::Event::Boot { id } = event {
            self.boot = id.clone().map(Text::into_owned);
            self.booted = Some(by);
            self.neighbours.boot(by, effects);
        }
        // Of a source that is not in order all is unknown, and stays so.
        let ordered = |source| !self.orders.of(source).is_newest_first();
        let [firewalld_ordered, crio_ordered, ovnkube_ordered] = Source::ALL.map(ordered);
        if let journal::Event::Missing { what, cause } = event
            && *cause != Cause::LookAlike
            && self.hears_any(*what)
        {
            effects.remark(Remark::Gap, by);
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
        if let Some(stated) = &facts.crio {
            self.heard_crio(effects).know(stated, by, effects);
        }
        if let Some(stated) = &facts.ovnkube {
            self.heard_ovnkube(effects).know(stated, by, effects);
        }
    }
}

/// The source whose own line an event is.
const fn source_of(what: &What<'_>) -> Option<Source> {
    match what {
        What::Firewalld(_) => Some(Source::Firewalld),
        What::Crio(_) => Some(Source::Crio),
        What::Ovnkube(_) => Some(Source::Ovnkube),
        What::Neighbour(_) | What::Journal(_) => None,
    }
}

/// The state of every host in the input.
///
/// Hosts are kept apart by the name in the prefix of their lines; lines without a name share the
/// key `None`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Ledger {
    limits: Limits,
    #[cfg_attr(feature = "serde", serde(with = "crate::pairs"))]
    hosts: BTreeMap<Option<Text<'static>>, Host>,
    refused_hosts: u64,
}

impl Ledger {
    /// An empty ledger with bounds on what it holds.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self { limits, hosts: BTreeMap::new(), refused_hosts: 0 }
    }

    /// The hosts seen, in order of their names.
    pub fn hosts(&self) -> impl Iterator<Item = (Option<&Text<'static>>, &Host)> + '_ {
        self.hosts.iter().map(|(name, host)| (name.as_ref(), host))
    }

    /// How many events of further hosts were dropped because [`Limits::max_hosts`] was reached.
    #[must_use]
    pub const fn refused_hosts(&self) -> u64 {
        self.refused_hosts
    }

    /// Folds one event in.
    ///
    /// A boot that is told without a host's name is that of the only host; among several hosts it
    /// makes all of them unknown.
    pub fn apply(&mut self, event: &Event<'_>, effects: &mut Effects) {
        let by = Evidence::new(event.at, event.stamp);
        match (&event.what, &event.host) {
            (What::Journal(boot @ journal::Event::Boot { .. }), None) => {
                self.nameless_boot(boot, by, effects)
            }
            _ => {
                if let Some(host) = self.host(event.host.as_ref(), by, effects) {
                    host.apply(&event.what, by, effects);
                }
            }
        }
    }

    /// Takes the time of a line of a source that says nothing, for whether its lines come in the
    /// order of their times.
    pub fn saw_line(
        &mut self,
        host: Option<&Text<'_>>,
        source: Source,
        by: Evidence,
        effects: &mut Effects,
    ) {
        let key = host.cloned().map(Text::into_owned);
        if by.stamp.is_some()
            && let Some(host) = self.hosts.get_mut(&key)
        {
            host.is_unordered(source, by, effects);
        }
    }

    /// A start that names no host is that of the only host, or of the first one to come; among
    /// several it can be any of them.
    fn nameless_boot(&mut self, boot: &journal::Event<'_>, by: Evidence, effects: &mut Effects) {
        if self.hosts.len() <= 1 {
            let only = self.only_host().cloned();
            if let Some(host) = self.host(only.as_ref(), by, effects) {
                host.apply_journal(boot, by, effects);
            }
        } else {
            for host in self.hosts.values_mut() {
                for source in Source::ALL {
                    host.apply_journal(&journal::Event::Lost { source }, by, effects);
                }
            }
        }
    }

    /// Tells the boot that a line of a host was written in; another one than before means that the
    /// machine was started anew.
    pub fn boot(
        &mut self,
        host: Option<&Text<'_>>,
        boot: &Text<'_>,
        by: Evidence,
        effects: &mut Effects,
    ) {
        let Some(host) = self.host(host, by, effects) else { return };
        match &host.boot {
            Some(before) if before == boot => {}
            Some(_) => {
                host.apply(
                    &What::Journal(journal::Event::Boot { id: Some(boot.reborrow()) }),
                    by,
                    effects,
                );
            }
            None => host.boot = Some(boot.clone().into_owned()),
        }
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
        let Some(host) = self.host(host.or(only.as_ref()), by, effects) else { return };
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

    fn host(
        &mut self,
        name: Option<&Text<'_>>,
        by: Evidence,
        effects: &mut Effects,
    ) -> Option<&mut Host> {
        let key = name.cloned().map(Text::into_owned);
        // What was stated before the first line, without a name, is about the first host that is
        // named.
        if key.is_some()
            && self.hosts.len() == 1
            && self.hosts.get(&None).is_some_and(|host| host.unread)
        {
            let host = self.hosts.remove(&None)?;
            self.hosts.insert(key.clone(), host);
        }
        if !self.hosts.contains_key(&key) && self.hosts.len() >= self.limits.max_hosts {
            self.refused_hosts = self.refused_hosts.saturating_add(1);
            effects.remark(Remark::LimitReached, by);
            return None;
        }
        let limits = self.limits;
        Some(self.hosts.entry(key).or_insert_with(|| Host::new(limits)))
    }
}
