//! The set of exact rules, and the ports that they hold open.

use super::super::evidence::{Certainty, Evidence, Provenance};
use super::super::opening::{Holder, Opening};
use crate::event::ovnkube::{Chain, Kind, PortRule};
use crate::family::Family;
use crate::port::HostPort;
use crate::text::Text;
use alloc::collections::BTreeMap;
use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use core::net::IpAddr;

/// A port that rules hold open: two rules that differ in nothing of this hold the same port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct PortKey {
    /// The family.
    pub family: Family,
    /// Node port or external address.
    pub kind: Kind,
    /// The address; `None` for every local address.
    pub address: Option<IpAddr>,
    /// The port, or a range of ports.
    pub port: HostPort,
}

impl PortKey {
    /// The port that a rule opens.
    #[must_use]
    pub const fn of(family: Family, rule: &PortRule) -> Self {
        Self { family, kind: rule.kind, address: rule.address, port: rule.port }
    }

    pub(super) fn opening(self) -> Opening {
        let Self { family, kind, address, port } = self;
        let holder = match (kind, address) {
            (Kind::ExternalIp, Some(address)) => Holder::ExternalIp { family, address },
            _ => Holder::NodePort { family, address },
        };
        Opening { port: Some(port), holder }
    }
}

/// What is known of the rules of one port.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct PortState {
    /// Rules that are surely there.
    #[cfg_attr(feature = "serde", serde(with = "crate::serde_map_as_list"))]
    rules: BTreeMap<PortRule, RuleHold>,
    /// Rules that may be there.
    #[cfg_attr(feature = "serde", serde(with = "crate::serde_map_as_list"))]
    maybe: BTreeMap<PortRule, Evidence>,
    /// The caller stated the port, so there is at least one rule, whether or not the log showed
    /// it.
    stated: Option<Provenance>,
    /// A rule of the stated port was deleted, and it may have been the only one.
    stated_doubt: Option<Evidence>,
}

/// Why a rule is there, and how many lines announced it since it was last absent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
struct RuleHold {
    support: Provenance,
    tries: u32,
}

impl RuleHold {
    const fn new(support: Provenance) -> Self {
        Self { support, tries: 1 }
    }
}

/// What a reported failure to add a rule says where the rule was announced several times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FailureReports {
    /// Each failure is reported, so one of the other tries has succeeded: a rule that is there is
    /// not added again.
    Each,
    /// Chains are emptied between the tries, and equal failures may be reported once.
    Deduplicated,
}

impl PortState {
    /// Why the port is surely open: the oldest of the lines that hold it.
    fn support(&self) -> Option<Provenance> {
        self.rules
            .values()
            .map(|held| held.support)
            .chain(self.stated)
            .min_by_key(|support| support.since)
    }

    fn is_open(&self) -> bool {
        self.stated.is_some() || !self.rules.is_empty()
    }

    fn doubt(&self) -> Option<Evidence> {
        if self.is_open() {
            None
        } else {
            self.maybe.values().copied().chain(self.stated_doubt).min()
        }
    }

    fn is_nothing(&self) -> bool {
        !self.is_open() && self.maybe.is_empty() && self.stated_doubt.is_none()
    }

    fn size(&self) -> usize {
        let rules = self.rules.len().saturating_add(self.maybe.len());
        rules.saturating_add(usize::from(self.stated.is_some() || self.stated_doubt.is_some()))
    }
}

/// What a change of one rule did to its port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Transition {
    Nothing,
    Opened(Provenance),
    Closed,
}

/// All rules, by the port that they hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct Rules {
    #[cfg_attr(feature = "serde", serde(with = "crate::serde_map_as_list"))]
    ports: BTreeMap<PortKey, PortState>,
    /// The ports that may be open and may be closed.
    doubtful: BTreeSet<PortKey>,
    /// Rules whose ports are not understood, by family, chain and arguments.
    #[cfg_attr(feature = "serde", serde(with = "crate::serde_map_as_list"))]
    unreadable: BTreeMap<(Family, Chain, Text<'static>), Evidence>,
    size: usize,
    /// How many ports are open by the caller's word.
    stated: usize,
}

impl Rules {
    /// How many things are held.
    pub(super) fn size(&self) -> usize {
        self.size.saturating_add(self.unreadable.len())
    }

    fn change(&mut self, key: PortKey, change: impl FnOnce(&mut PortState)) -> Transition {
        let state = self.ports.entry(key).or_default();
        let (before, size, stated) =
            (state.is_open(), state.size(), usize::from(state.stated.is_some()));
        change(state);
        self.size = self.size.saturating_sub(size).saturating_add(state.size());
        self.stated =
            self.stated.saturating_sub(stated).saturating_add(usize::from(state.stated.is_some()));
        let after = state.support();
        if state.doubt().is_some() {
            self.doubtful.insert(key);
        } else {
            self.doubtful.remove(&key);
        }
        if state.is_nothing() {
            self.ports.remove(&key);
        }
        match after {
            Some(support) if !before => Transition::Opened(support),
            None if before => Transition::Closed,
            _ => Transition::Nothing,
        }
    }

    pub(super) fn holds(&self, family: Family, rule: &PortRule) -> bool {
        self.ports
            .get(&PortKey::of(family, rule))
            .is_some_and(|state| state.rules.contains_key(rule))
    }

    /// The rule is there; one that was there already keeps its older support.
    pub(super) fn insert(
        &mut self,
        family: Family,
        rule: PortRule,
        support: Provenance,
    ) -> Transition {
        self.change(PortKey::of(family, &rule), |state| {
            state.rules.entry(rule).or_insert(RuleHold::new(support));
            state.maybe.remove(&rule);
        })
    }

    /// The same by a line that announces it.
    pub(super) fn announce(
        &mut self,
        family: Family,
        rule: PortRule,
        support: Provenance,
    ) -> Transition {
        self.change(PortKey::of(family, &rule), |state| {
            let again = |held: &mut RuleHold| held.tries = held.tries.saturating_add(1);
            state.rules.entry(rule).and_modify(again).or_insert(RuleHold::new(support));
            state.maybe.remove(&rule);
        })
    }

    /// The rule is not there; what was known of it.
    pub(super) fn remove(
        &mut self,
        family: Family,
        rule: &PortRule,
        by: Evidence,
    ) -> (Transition, Option<Provenance>) {
        let key = PortKey::of(family, rule);
        if self.stated > 0 && rule.port.range().first() != rule.port.range().last() {
            self.doubt_statements_within(key, by);
        }
        if !self.ports.contains_key(&key) {
            return (Transition::Nothing, None);
        }
        let mut support = None;
        let turn = self.change(key, |state| {
            support = state.rules.remove(rule).map(|held| held.support);
            state.maybe.remove(rule);
            // Another rule may hold the stated port too: of a second chain, or of a service that
            // takes the port over.
            if state.stated.take().is_some() {
                state.stated_doubt = Some(by);
            }
        });
        (turn, support)
    }

    /// A rule for a range of ports goes: single ports that the caller stated may have been open by
    /// it alone.
    fn doubt_statements_within(&mut self, range: PortKey, by: Evidence) {
        let within = |key: &PortKey| {
            (key.family, key.kind, key.address) == (range.family, range.kind, range.address)
                && key.port.overlaps(range.port)
        };
        let keys: Vec<PortKey> =
            self.ports.keys().filter(|key| **key != range && within(key)).copied().collect();
        for key in keys {
            self.change(key, |state| {
                if state.stated.take().is_some() {
                    state.stated_doubt = Some(by);
                }
            });
        }
    }

    /// Adding the rule failed, and nothing is said about others of the port.
    pub(super) fn retract(
        &mut self,
        family: Family,
        rule: &PortRule,
        tries: FailureReports,
        by: Evidence,
    ) -> Transition {
        let key = PortKey::of(family, rule);
        if !self.ports.contains_key(&key) {
            return Transition::Nothing;
        }
        self.change(key, |state| match state.rules.get_mut(rule) {
            Some(held) if held.tries > 1 && tries == FailureReports::Each => {
                held.tries = held.tries.saturating_sub(1)
            }
            Some(held) if held.tries > 1 => {
                state.rules.remove(rule);
                state.maybe.insert(*rule, by);
            }
            _ => {
                state.rules.remove(rule);
                state.maybe.remove(rule);
            }
        })
    }

    /// The rule is not there, and nothing is said about others of the port.
    pub(super) fn drop_missing(&mut self, family: Family, rule: &PortRule) -> Transition {
        let key = PortKey::of(family, rule);
        if !self.ports.contains_key(&key) {
            return Transition::Nothing;
        }
        self.change(key, |state| {
            state.rules.remove(rule);
            state.maybe.remove(rule);
        })
    }

    /// The rule may be there; of one that is surely there this says nothing new.
    pub(super) fn doubt_adding(
        &mut self,
        family: Family,
        rule: PortRule,
        by: Evidence,
    ) -> Transition {
        self.change(PortKey::of(family, &rule), |state| {
            if !state.rules.contains_key(&rule) {
                state.maybe.entry(rule).or_insert(by);
            }
        })
    }

    /// The rule may be gone; `unseen` tells that rules may be there that the log did not show.
    pub(super) fn doubt_deleting(
        &mut self,
        family: Family,
        rule: PortRule,
        by: Evidence,
    ) -> Transition {
        let key = PortKey::of(family, &rule);
        if !self.ports.contains_key(&key) {
            return Transition::Nothing;
        }
        self.change(key, |state| {
            if state.rules.remove(&rule).is_some() {
                state.maybe.entry(rule).or_insert(by);
            }
            if state.stated.take().is_some() {
                state.stated_doubt = Some(by);
            }
        })
    }

    pub(super) fn insert_unreadable(
        &mut self,
        family: Family,
        chain: Chain,
        args: Text<'static>,
        by: Evidence,
    ) {
        self.unreadable.entry((family, chain, args)).or_insert(by);
    }

    /// True if it was there.
    pub(super) fn remove_unreadable(
        &mut self,
        family: Family,
        chain: Chain,
        args: &Text<'_>,
    ) -> bool {
        self.unreadable.remove(&(family, chain, args.clone().into_owned())).is_some()
    }

    /// Forgets all rules of a chain, and calls for each port that thereby closed.
    pub(super) fn clear_chain(&mut self, chain: Chain, mut closed: impl FnMut(PortKey)) {
        self.unreadable.retain(|(_, at, _), _| *at != chain);
        let keys: Vec<PortKey> = self.ports.keys().copied().collect();
        for key in keys {
            let turn = self.change(key, |state| {
                state.rules.retain(|rule, _| rule.chain != chain);
                state.maybe.retain(|rule, _| rule.chain != chain);
            });
            if turn == Transition::Closed {
                closed(key);
            }
        }
    }

    /// Forgets what the caller stated, but not the rules that the log showed.
    pub(super) fn forget_statements(&mut self) {
        let stated = |state: &PortState| state.stated.is_some() || state.stated_doubt.is_some();
        let keys: Vec<PortKey> =
            self.ports.iter().filter(|(_, state)| stated(state)).map(|(key, _)| *key).collect();
        for key in keys {
            self.change(key, |state| {
                state.stated = None;
                state.stated_doubt = None;
            });
        }
    }

    /// Forgets everything, of one family or of both.
    pub(super) fn clear(&mut self, family: Option<Family>) {
        let gone = |of: Family| family.is_none_or(|family| family == of);
        self.unreadable.retain(|(family, _, _), _| !gone(*family));
        self.ports.retain(|key, _| !gone(key.family));
        self.doubtful.retain(|key| !gone(key.family));
        self.size = self.ports.values().map(PortState::size).sum();
        self.stated = self.ports.values().filter(|state| state.stated.is_some()).count();
    }

    /// The port is open by the caller's word. `complete` tells that all its rules are known.
    pub(super) fn state(&mut self, key: PortKey, by: Evidence, complete: bool) {
        self.change(key, |state| {
            let doubtful = state.stated_doubt.take().is_some();
            if !complete || doubtful || state.rules.is_empty() {
                state.stated = Some(Provenance::new(by, Certainty::Stated));
            }
        });
    }

    pub(super) fn forget_unreadable(&mut self) {
        self.unreadable.clear();
    }

    /// Forgets a port.
    pub(super) fn forget(&mut self, key: PortKey) {
        self.change(key, |state| *state = PortState::default());
    }

    /// A rule that may make the answer wrong, if there is one: since when.
    pub(super) fn first_doubt(&self) -> Option<Evidence> {
        self.doubtful.iter().filter_map(|key| self.ports.get(key)?.doubt()).min()
    }

    pub(super) fn first_unreadable(&self) -> Option<Evidence> {
        self.unreadable.values().copied().min()
    }

    pub(super) fn has_doubt(&self) -> bool {
        !self.doubtful.is_empty()
    }

    pub(super) fn has_unreadable(&self) -> bool {
        !self.unreadable.is_empty()
    }

    /// The ports that are surely open, each with its rules.
    pub(super) fn open(&self) -> impl Iterator<Item = (PortKey, Provenance)> {
        self.ports.iter().filter_map(|(key, state)| Some((*key, state.support()?)))
    }

    /// The rules that surely hold a port.
    pub(super) fn of_port(&self, key: PortKey) -> impl Iterator<Item = (PortRule, Provenance)> {
        let rules = self.ports.get(&key).into_iter().flat_map(|state| &state.rules);
        rules.map(|(rule, held)| (*rule, held.support))
    }

    /// The ports of which something is held, open or not.
    pub(super) fn keys(&self) -> impl Iterator<Item = PortKey> {
        self.ports.keys().copied()
    }

    pub(super) fn is_open(&self, key: &PortKey) -> bool {
        self.ports.get(key).is_some_and(PortState::is_open)
    }
}
