//! All hosts and all sources: routes each event to the fold that it belongs to.

use super::crio::{self, Crio};
use super::effects::Effects;
use super::evidence::{Evidence, Support};
use super::firewalld::{self, Firewalld};
use super::known::Unknown;
use super::neighbour::Neighbours;
use super::opening::{Opening, Scope};
use super::ovnkube::{self, Ovnkube};
use crate::event::{Event, Remark, What, journal};
use crate::limits::Limits;
use crate::text::Text;
use alloc::collections::BTreeMap;

/// Facts about one host that the caller states; what is `None` is not stated.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
pub struct Facts {
    /// firewalld's zones.
    pub firewalld: Option<firewalld::Statement>,
    /// CRI-O's sockets and rules.
    pub crio: Option<crio::Statement>,
    /// ovnkube's ports or rules.
    pub ovnkube: Option<ovnkube::Statement>,
}

/// What is known of one host: a fold for each source.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Host {
    boot: Option<Text<'static>>,
    firewalld: Firewalld,
    /// Nothing of it was read yet: all that is known of it was stated.
    only_stated: bool,
    crio: Crio,
    ovnkube: Ovnkube,
    neighbours: Neighbours,
}

impl Host {
    fn new(limits: Limits) -> Self {
        Self {
            boot: None,
            only_stated: true,
            firewalld: Firewalld::new(limits),
            crio: Crio::new(limits),
            ovnkube: Ovnkube::new(limits),
            neighbours: Neighbours::new(limits),
        }
    }

    /// What is known of firewalld's zones.
    #[must_use]
    pub const fn firewalld(&self) -> &Firewalld {
        &self.firewalld
    }

    /// What is known of CRI-O's sockets and rules.
    #[must_use]
    pub const fn crio(&self) -> &Crio {
        &self.crio
    }

    /// What is known of the rules of ovnkube's that open ports.
    #[must_use]
    pub const fn ovnkube(&self) -> &Ovnkube {
        &self.ovnkube
    }

    /// The sockets that other programs say they hold.
    #[must_use]
    pub const fn neighbours(&self) -> &Neighbours {
        &self.neighbours
    }

    /// Everything that is known to be open, each with what supports it: firewalld's, then CRI-O's, then ovnkube's, then the neighbours'.
    pub fn openings(&self) -> impl Iterator<Item = (Opening, Support)> + '_ {
        self.firewalld.openings().chain(self.crio.openings()).chain(self.ovnkube.openings()).chain(self.neighbours.openings())
    }

    /// Everything that the log cannot tell.
    pub fn unknowns(&self) -> impl Iterator<Item = (Scope, Unknown)> + '_ {
        self.firewalld.unknowns().chain(self.crio.unknowns()).chain(self.ovnkube.unknowns())
    }

    fn apply(&mut self, what: &What<'_>, by: Evidence, effects: &mut Effects) {
        self.only_stated = false;
        match what {
            What::Firewalld(event) => self.firewalld.apply(event, by, effects),
            What::Crio(event) => self.crio.apply(event, by, effects),
            What::Ovnkube(event) => self.ovnkube.apply(event, by, effects),
            What::Neighbour(event) => self.neighbours.apply(event, by, effects),
            What::Journal(event) => {
                if let journal::Event::Boot { id } = event {
                    self.boot = id.clone().map(Text::into_owned);
                    self.neighbours.boot(by, effects);
                }
                self.firewalld.apply_journal(event, by, effects);
                self.crio.apply_journal(event, by, effects);
                self.ovnkube.apply_journal(event, by, effects);
            }
            _ => {}
        }
    }
}

/// The state of every host in the input.
///
/// Hosts are kept apart by the name in the prefix of their lines; lines without a name share the key `None`.
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
    /// A boot that is told without a host's name is one of every host seen so far.
    pub fn apply(&mut self, event: &Event<'_>, effects: &mut Effects) {
        let by = Evidence::new(event.at, event.stamp);
        if let (What::Journal(journal::Event::Boot { .. }), None) = (&event.what, &event.host)
            && !self.hosts.is_empty()
        {
            for host in self.hosts.values_mut() {
                host.apply(&event.what, by, effects);
            }
        } else if let Some(host) = self.host(event.host.as_ref(), by, effects) {
            host.apply(&event.what, by, effects);
        }
    }

    /// Tells the boot that a line of a host was written in; another one than before means that the machine was started anew.
    pub fn boot(&mut self, host: Option<&Text<'_>>, boot: &Text<'_>, by: Evidence, effects: &mut Effects) {
        let Some(host) = self.host(host, by, effects) else { return };
        match &host.boot {
            Some(before) if before == boot => {}
            Some(_) => {
                host.apply(&What::Journal(journal::Event::Boot { id: Some(boot.reborrow()) }), by, effects);
            }
            None => host.boot = Some(boot.clone().into_owned()),
        }
    }

    /// Takes facts that the caller states as true from here on; without a name they are those of the only host.
    pub fn know(&mut self, host: Option<&Text<'_>>, facts: &Facts, by: Evidence, effects: &mut Effects) {
        let only = self.only_host().cloned();
        let Some(host) = self.host(host.or(only.as_ref()), by, effects) else { return };
        if let Some(facts) = &facts.firewalld {
            host.firewalld.know(facts, by, effects);
        }
        if let Some(facts) = &facts.crio {
            host.crio.know(facts, by, effects);
        }
        if let Some(facts) = &facts.ovnkube {
            host.ovnkube.know(facts, by, effects);
        }
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

    fn host(&mut self, name: Option<&Text<'_>>, by: Evidence, effects: &mut Effects) -> Option<&mut Host> {
        let key = name.cloned().map(Text::into_owned);
        // Facts that were stated before the first line, without a name, are those of the first host that is named.
        if key.is_some() && self.hosts.len() == 1 && self.hosts.get(&None).is_some_and(|host| host.only_stated) {
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
