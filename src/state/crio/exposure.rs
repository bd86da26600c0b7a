//! The rules by which host ports are led to pods, family by family, as CRI-O's restore inputs tell them.
//!
//! Each input holds all rules of a family that will exist afterwards, so it replaces what was known. It is printed before it is
//! applied: what it adds is true once CRI-O goes on as it does after success, what it removes is gone unless a failure is reported.

use super::know::DnatRule;
use super::requests::names_pod;
use crate::event::Remark;
use crate::event::crio::{Failure, Snapshot};
use crate::family::Family;
use crate::port::HostPort;
use crate::state::change::Change;
use crate::state::effects::Effects;
use crate::state::evidence::{Certainty, Evidence, Support};
use crate::state::known::{Ignorance, Unknown};
use crate::state::opening::{Holder, Opening, Scope};
use crate::text::Text;
use alloc::collections::{BTreeMap, BTreeSet, btree_map};
use alloc::vec::Vec;

pub(super) const FAMILIES: [Family; 2] = [Family::Ipv4, Family::Ipv6];

type Rules = BTreeMap<DnatRule, Entry>;

/// A rule that exists.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct Entry {
    /// Its chains, for two host ports may lead alike; none for a rule that the caller stated.
    chains: BTreeSet<Text<'static>>,
    pub(super) support: Support,
}

/// The rules of one family.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct OneFamily {
    unknown: Option<Unknown>,
    /// The rules that surely exist.
    #[cfg_attr(feature = "serde", serde(with = "crate::pairs"))]
    rules: Rules,
    change: Option<Underway>,
    /// The text of an input was lost, and how it ended was not seen yet.
    text_lost: bool,
}

/// A change whose input was printed, and whose outcome was not seen yet.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
struct Underway {
    kind: Kind,
    /// The rules that exist after it and not before, or before it and not after.
    #[cfg_attr(feature = "serde", serde(with = "crate::pairs"))]
    rules: Rules,
    /// All the rules that it removes are known.
    complete: bool,
    /// The requests one of which removes; empty if it is not known which.
    removers: BTreeSet<Text<'static>>,
    /// A line about sockets came behind it, as it does after success (up to 1.30).
    answered: bool,
    by: Evidence,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
enum Kind {
    Adding,
    Removing,
}

/// An input that leaves no rule, and might be of either family.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
struct FirstOfTwo {
    chains: BTreeSet<Text<'static>>,
    removers: BTreeSet<Text<'static>>,
    by: Evidence,
}

/// What a new input means for the sockets.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    /// The ports of new rules, with the pod in the comment.
    pub(super) new: Vec<(HostPort, Text<'static>)>,
    /// The ports whose rules go; `None` if that is not known.
    pub(super) removed: Option<Vec<HostPort>>,
}

/// The order in which CRI-O goes through the families when it removes a pod's rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// IPv4 first, and each family with a line for each port of the pod, behind its input if it has one: up to 1.30.
    Ipv4First {
        /// Whether such a line stood before this input; `None` if that cannot be told.
        spoken: Option<bool>,
    },
    /// Any: later ones.
    Any,
}

#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct Exposure {
    ipv4: OneFamily,
    ipv6: OneFamily,
    /// An input that removes the same chains as the other family has, before that other family's input came.
    first_of_two: Option<FirstOfTwo>,
    /// The ports that the caller stated without the rules, true until the next line that can change them.
    stated: Option<BTreeSet<HostPort>>,
}

impl OneFamily {
    const fn new() -> Self {
        Self { unknown: Some(Unknown::BEFORE_LOG), rules: BTreeMap::new(), change: None, text_lost: false }
    }
}

fn opening(family: Family, rule: &DnatRule) -> Opening {
    let holder = Holder::CrioRule { family, host_ip: rule.host_ip, target: rule.target.clone(), pod: rule.pod.clone() };
    Opening { port: Some(rule.port), holder }
}

impl Exposure {
    pub(super) const fn new() -> Self {
        Self { ipv4: OneFamily::new(), ipv6: OneFamily::new(), first_of_two: None, stated: None }
    }

    fn family(&self, family: Family) -> &OneFamily {
        match family {
            Family::Ipv4 => &self.ipv4,
            Family::Ipv6 => &self.ipv6,
        }
    }

    fn family_mut(&mut self, family: Family) -> &mut OneFamily {
        match family {
            Family::Ipv4 => &mut self.ipv4,
            Family::Ipv6 => &mut self.ipv6,
        }
    }

    /// Why the rules of a family cannot be told.
    pub(super) fn unknown(&self, family: Family) -> Option<Unknown> {
        let of = self.family(family);
        let underway = of.change.as_ref().filter(|change| !change.rules.is_empty() || !change.complete).map(|change| change.by);
        let first = self.first_of_two.as_ref().map(|first| first.by);
        of.unknown.or_else(|| underway.or(first).map(|by| Unknown::since(Ignorance::Underway, by)))
    }

    /// The rules of a family that surely exist.
    pub(super) fn rules(&self, family: Family) -> impl Iterator<Item = (&DnatRule, &Entry)> + '_ {
        self.family(family).rules.iter()
    }

    pub(super) fn all_rules(&self) -> impl Iterator<Item = (&DnatRule, &Entry)> + '_ {
        self.ipv4.rules.iter().chain(&self.ipv6.rules)
    }

    pub(super) fn len(&self) -> usize {
        self.ipv4.rules.len().saturating_add(self.ipv6.rules.len())
    }

    /// The ports that are led to pods, or why they cannot be told.
    pub(super) fn exposed(&self) -> Result<BTreeSet<HostPort>, Unknown> {
        if let (Some(stated), true) = (&self.stated, self.ipv4.unknown.is_some() || self.ipv6.unknown.is_some()) {
            return Ok(stated.clone());
        }
        let ports: BTreeSet<HostPort> = self.all_rules().map(|(rule, _)| rule.port).collect();
        for family in FAMILIES {
            let of = self.family(family);
            if let Some(unknown) = of.unknown {
                return Err(unknown);
            }
            // A change of rules that does not change the set of ports leaves no doubt about the ports.
            if let Some(change) = &of.change
                && (!change.complete || change.rules.keys().any(|rule| !ports.contains(&rule.port)))
            {
                return Err(Unknown::since(Ignorance::Underway, change.by));
            }
        }
        if let Some(FirstOfTwo { by, .. }) = &self.first_of_two {
            // One of the two families is empty by now, and the ports of the other one are left.
            let of = |family| self.rules(family).map(|(rule, _)| rule.port).collect::<BTreeSet<_>>();
            if of(Family::Ipv4) != of(Family::Ipv6) {
                return Err(Unknown::since(Ignorance::Underway, *by));
            }
        }
        Ok(ports)
    }

    /// How many sockets a port can have at most: one for each family and host address with a rule. `None` if that is not known.
    pub(super) fn places(&self, port: HostPort) -> Option<u32> {
        if FAMILIES.into_iter().any(|family| self.unknown(family).is_some()) {
            return None;
        }
        let places: BTreeSet<_> =
            self.all_rules().filter(|(rule, _)| rule.port == port).map(|(rule, _)| (rule.family(), rule.host_ip)).collect();
        u32::try_from(places.len()).ok().filter(|&n| n > 0)
    }

    /// Sets the rules of a family that surely exist, and reports what that opens and closes.
    fn replace(&mut self, family: Family, rules: Rules, by: Evidence, effects: &mut Effects) {
        let of = self.family_mut(family);
        let before = core::mem::replace(&mut of.rules, rules);
        if of.unknown.take().is_some() {
            effects.changes.push(Change::Learnt { scope: Scope::CrioRules { family }, by });
            report_all(family, &of.rules, effects);
            return;
        }
        for rule in before.keys().filter(|rule| !of.rules.contains_key(*rule)) {
            effects.changes.push(Change::Closed { opening: opening(family, rule), by });
        }
        for (rule, entry) in of.rules.iter().filter(|(rule, _)| !before.contains_key(*rule)) {
            report(family, rule, entry, effects);
        }
    }

    /// Nothing is known of a family any more.
    pub(super) fn lose(&mut self, family: Family, why: Ignorance, by: Evidence, effects: &mut Effects) {
        self.stated = None;
        self.first_of_two = None;
        let of = self.family_mut(family);
        of.change = None;
        let had = !of.rules.is_empty();
        of.rules.clear();
        if of.unknown.is_none() || had {
            effects.changes.push(Change::Lost { scope: Scope::CrioRules { family }, why, by });
        }
        of.unknown.get_or_insert(Unknown::since(why, by));
    }

    pub(super) fn lose_all(&mut self, why: Ignorance, by: Evidence, effects: &mut Effects) {
        FAMILIES.into_iter().for_each(|family| self.lose(family, why, by, effects));
    }

    /// The text of an input was lost, of this family or of one that is not known.
    pub(super) fn lose_text(&mut self, family: Option<Family>, by: Evidence, effects: &mut Effects) {
        for one in FAMILIES.into_iter().filter(|one| family.is_none_or(|family| family == *one)) {
            self.lose(one, Ignorance::CutMessage, by, effects);
            self.family_mut(one).text_lost = true;
        }
    }

    pub(super) fn is_text_lost(&self) -> bool {
        self.ipv4.text_lost || self.ipv6.text_lost
    }

    /// No rule exists: the machine was started anew.
    pub(super) fn clear(&mut self, by: Evidence, effects: &mut Effects) {
        self.stated = None;
        self.first_of_two = None;
        for family in FAMILIES {
            let of = self.family_mut(family);
            (of.change, of.text_lost) = (None, false);
            self.replace(family, Rules::new(), by, effects);
        }
    }

    /// The process is another: rules stay as they are, but a change that was under way may have been made or not.
    pub(super) fn restart(&mut self, by: Evidence, effects: &mut Effects) {
        let torn = self.first_of_two.take().is_some();
        for family in FAMILIES {
            let of = self.family_mut(family);
            of.text_lost = false;
            let change = of.change.take();
            if of.unknown.is_none() && (torn || change.is_some_and(|change| !change.rules.is_empty() || !change.complete)) {
                if torn {
                    of.rules.clear();
                }
                of.unknown = Some(Unknown::since(Ignorance::Crash, by));
                effects.changes.push(Change::Lost { scope: Scope::CrioRules { family }, why: Ignorance::Crash, by });
                report_all(family, &of.rules, effects);
            }
        }
    }

    /// The machine may have been started anew, and then no rule exists.
    pub(super) fn may_be_gone(&mut self, by: Evidence, effects: &mut Effects) {
        self.stated = self.stated.take().filter(BTreeSet::is_empty);
        for family in FAMILIES {
            if !self.family(family).rules.is_empty() || self.family(family).change.is_some() {
                self.lose(family, Ignorance::Restart, by, effects);
            }
        }
    }

    /// A whole input. `removers` are the requests one of which removes rules, if it removes.
    pub(super) fn restoring(
        &mut self,
        snapshot: &Snapshot<'_>,
        removers: BTreeSet<Text<'static>>,
        order: Order,
        by: Evidence,
        effects: &mut Effects,
    ) -> Outcome {
        self.stated = None;
        let removed: BTreeSet<Text<'static>> = snapshot.removed.iter().map(|chain| chain.clone().into_owned()).collect();
        let family = match snapshot.family {
            Some(family) => family,
            None => match self.emptied(&removed, &removers, order, by, effects) {
                Emptied::One(family) => family,
                Emptied::Both => {
                    let first = self.remove(Family::Ipv4, Rules::new(), &removed, removers.clone(), by, effects);
                    let second = self.remove(Family::Ipv6, Rules::new(), &removed, removers, by, effects);
                    let ports = first.zip(second).map(|(mut first, second)| {
                        first.extend(second);
                        first
                    });
                    return Outcome { new: Vec::new(), removed: ports };
                }
                Emptied::Unknown => return Outcome::default(),
            },
        };
        if let Some(first) = self.first_of_two.take() {
            self.lose_all(Ignorance::Gap, by, effects);
            if first.removers == removers && removers.len() == 1 {
                // This is the other half, so that was the other family's.
                let other = if family == Family::Ipv4 { Family::Ipv6 } else { Family::Ipv4 };
                self.remove(other, Rules::new(), &first.chains, first.removers, by, effects);
            }
        }
        let (mut stay, mut new, mut added) = (Rules::new(), Rules::new(), Vec::new());
        for rule in &snapshot.rules {
            let key = DnatRule {
                port: rule.port,
                host_ip: rule.host_ip,
                target: rule.target.clone().into_owned(),
                pod: rule.pod.clone().into_owned(),
            };
            let known = self.known_support(family, &key);
            let support = known.unwrap_or_else(|| Support::new(by, Certainty::Confirmed));
            if rule.new {
                added.push((rule.port, key.pod.clone()));
            }
            let rules = if rule.new { &mut new } else { &mut stay };
            let entry = rules.entry(key).or_insert_with(|| Entry { chains: BTreeSet::new(), support });
            entry.chains.insert(rule.chain.clone().into_owned());
        }
        self.family_mut(family).text_lost = false;
        if new.is_empty() {
            let removed = self.remove(family, stay, &removed, removers, by, effects);
            return Outcome { new: added, removed };
        }
        let of = self.family(family);
        let surprise = of.unknown.is_none() && of.change.is_none() && !of.rules.keys().eq(stay.keys());
        if surprise {
            // iptables-save told CRI-O something else than this log: another program, or lines that are missing.
            effects.remark(Remark::Contradiction, by);
        }
        self.replace(family, stay, by, effects);
        self.family_mut(family).change =
            Some(Underway { kind: Kind::Adding, rules: new, complete: true, removers: BTreeSet::new(), answered: false, by });
        Outcome { new: added, removed: Some(Vec::new()) }
    }

    fn known_support(&self, family: Family, rule: &DnatRule) -> Option<Support> {
        let of = self.family(family);
        let underway = of.change.as_ref().and_then(|change| Some((change.kind, change.rules.get(rule)?.support)));
        match (of.rules.get(rule), underway) {
            (Some(entry), _) => Some(entry.support),
            (None, Some((Kind::Removing, support))) => Some(support),
            (None, Some((Kind::Adding, support))) => Some(support),
            _ => None,
        }
    }

    /// An input that leaves these rules, adds none, and removes these chains. The ports whose rules go, if that is known.
    fn remove(
        &mut self,
        family: Family,
        stay: Rules,
        chains: &BTreeSet<Text<'static>>,
        removers: BTreeSet<Text<'static>>,
        by: Evidence,
        effects: &mut Effects,
    ) -> Option<Vec<HostPort>> {
        let of = self.family(family);
        let goes = |entry: &Entry| entry.chains.is_empty() || entry.chains.iter().any(|chain| chains.contains(chain));
        let mut rules = of.rules.clone();
        if let Some(change) = &of.change {
            // What was under way before is settled: only chains that exist are removed.
            merge(
                &mut rules,
                change.rules.iter().filter(|(_, entry)| goes(entry)).map(|(rule, entry)| (rule.clone(), entry.clone())),
            );
        }
        let known_chains: BTreeSet<&Text<'_>> = rules.values().flat_map(|entry| &entry.chains).collect();
        let not_known = chains.iter().filter(|chain| !known_chains.contains(chain)).count();
        rules.retain(|rule, entry| !stay.contains_key(rule) || (goes(entry) && !entry.chains.is_empty()));
        let stated = rules.values().filter(|entry| entry.chains.is_empty()).count();
        let complete = not_known >= stated && (stated > 0 || not_known == 0);
        let ports = rules.keys().map(|rule| rule.port).collect();
        self.replace(family, stay, by, effects);
        let of = self.family_mut(family);
        of.text_lost = false;
        of.change = Some(Underway { kind: Kind::Removing, rules, complete, removers, answered: false, by });
        complete.then_some(ports)
    }

    /// Which family an input empties that leaves no rule to tell by: the one that had just the removed chains.
    fn emptied(
        &mut self,
        removed: &BTreeSet<Text<'static>>,
        removers: &BTreeSet<Text<'static>>,
        order: Order,
        by: Evidence,
        effects: &mut Effects,
    ) -> Emptied {
        if let Some(first) = self.first_of_two.take() {
            if first.chains == *removed && first.removers == *removers && removers.len() <= 1 {
                return Emptied::Both;
            }
            self.lose_all(Ignorance::Gap, by, effects);
            return Emptied::Unknown;
        }
        match (self.fit(Family::Ipv4, removed), self.fit(Family::Ipv6, removed)) {
            (Fit::Yes | Fit::Maybe, Fit::No) | (Fit::NotKnown, Fit::No) => Emptied::One(Family::Ipv4),
            (Fit::No, Fit::Yes | Fit::Maybe | Fit::NotKnown) => Emptied::One(Family::Ipv6),
            (Fit::Yes, Fit::NotKnown) if order != Order::Any || self.alone(Family::Ipv4) => Emptied::One(Family::Ipv4),
            (Fit::NotKnown, Fit::Yes) if order == (Order::Ipv4First { spoken: Some(true) }) || self.alone(Family::Ipv6) => {
                Emptied::One(Family::Ipv6)
            }
            (Fit::Yes, Fit::Yes) if order != Order::Any => Emptied::One(Family::Ipv4),
            (Fit::Maybe, Fit::Maybe) if order != Order::Any && self.alike() => Emptied::One(Family::Ipv4),
            (Fit::Yes, Fit::Yes) | (Fit::Maybe, Fit::Maybe) if self.alike() => {
                self.first_of_two = Some(FirstOfTwo { chains: removed.clone(), removers: removers.clone(), by });
                Emptied::Unknown
            }
            // IPv4 spoke of the pod's ports without an input, so it had no rules of this pod.
            (Fit::Maybe, Fit::Maybe) if order == (Order::Ipv4First { spoken: Some(true) }) => Emptied::One(Family::Ipv6),
            // Neither had just these chains, or one that may have had them is not known.
            (first, second) => {
                for (family, fit) in [(Family::Ipv4, first), (Family::Ipv6, second)] {
                    if fit != Fit::NotKnown {
                        self.lose(family, Ignorance::Unresolved, by, effects);
                    }
                }
                if removers.len() == 1 {
                    // The same from the same request once more is the other family's.
                    let first = FirstOfTwo { chains: removed.clone(), removers: removers.clone(), by };
                    self.first_of_two = Some(first);
                }
                Emptied::Unknown
            }
        }
    }

    /// Whether just these chains are all that a family has.
    fn fit(&self, family: Family, chains: &BTreeSet<Text<'static>>) -> Fit {
        let of = self.family(family);
        if of.unknown.is_some() {
            return Fit::NotKnown;
        }
        let fit = |rules: &Rules| {
            let have: BTreeSet<&Text<'_>> = rules.values().flat_map(|entry| &entry.chains).collect();
            let stated = rules.values().filter(|entry| entry.chains.is_empty()).count();
            let others = chains.len().saturating_sub(have.len());
            // A stated rule has one chain or more.
            let as_many = others >= stated && (stated > 0 || others == 0);
            if rules.is_empty() || !as_many || !have.iter().all(|chain| chains.contains(*chain)) {
                return Fit::No;
            }
            // A chain has the same name in both families, for the same port of the same pod: the other one may tell whose it is.
            let others = chains.iter().filter(|chain| !have.contains(chain));
            let owners: Vec<_> = others.map(|chain| self.owner(chain)).collect();
            let mut stated =
                rules.iter().filter(|(_, entry)| entry.chains.is_empty()).map(|(rule, _)| Some((&rule.pod, rule.port)));
            if owners.is_empty() {
                Fit::Yes
            } else if owners.contains(&None) {
                Fit::Maybe
            } else if stated.all(|rule| owners.contains(&rule)) {
                Fit::Yes
            } else {
                Fit::No
            }
        };
        let mut with_added = of.rules.clone();
        if let Some(change) = of.change.as_ref().filter(|change| change.kind == Kind::Adding) {
            merge(&mut with_added, change.rules.clone());
        }
        fit(&of.rules).max(fit(&with_added))
    }

    /// The pod and port that a chain is for.
    fn owner(&self, chain: &Text<'_>) -> Option<(&Text<'static>, HostPort)> {
        let of_chain = |(_, entry): &(&DnatRule, &Entry)| entry.chains.contains(chain);
        self.all_rules().find(of_chain).map(|(rule, _)| (&rule.pod, rule.port))
    }

    /// True if the pods of a family were all added since the other one is unknown: each family is told of when a pod is added.
    fn alone(&self, family: Family) -> bool {
        let other = if family == Family::Ipv4 { &self.ipv6 } else { &self.ipv4 };
        let since = other.unknown.and_then(|unknown| unknown.since).map(|since| since.at);
        self.rules(family).all(|(_, entry)| entry.support.request.is_some_and(|added| Some(added.at) > since))
    }

    /// True if both families lead the same ports to the same pods.
    fn alike(&self) -> bool {
        let owners = |family| self.rules(family).map(|(rule, _)| (&rule.pod, rule.port)).collect::<BTreeSet<_>>();
        owners(Family::Ipv4) == owners(Family::Ipv6)
    }

    /// The rules that were being added to a family are there. False if none were.
    pub(super) fn added(&mut self, family: Family, by: Evidence, effects: &mut Effects) -> bool {
        let of = self.family_mut(family);
        let Some(change) = of.change.take_if(|change| change.kind == Kind::Adding) else { return false };
        let request = change.by;
        let mut rules = of.rules.clone();
        let support = Support::new(by, Certainty::Confirmed).requested_by(request);
        merge(&mut rules, change.rules.into_iter().map(|(rule, entry)| (rule, Entry { support, ..entry })));
        self.replace(family, rules, by, effects);
        true
    }

    /// A text was lost whose rules are there by now: they are not known.
    pub(super) fn take_text_lost(&mut self, family: Family) -> bool {
        core::mem::take(&mut self.family_mut(family).text_lost)
    }

    /// The start of a pod went through: its rules are there.
    pub(super) fn pod_started(&mut self, pod: &Text<'_>, by: Evidence, effects: &mut Effects) {
        for family in self.adding_for(pod) {
            self.added(family, by, effects);
        }
    }

    /// The start of a pod failed: what was being added for it is not there.
    pub(super) fn pod_failed(&mut self, pod: &Text<'_>) {
        for family in self.adding_for(pod) {
            self.family_mut(family).change = None;
        }
    }

    fn adding_for(&self, pod: &Text<'_>) -> Vec<Family> {
        let adds = |family: &Family| {
            self.family(*family).change.as_ref().is_some_and(|change| {
                change.kind == Kind::Adding && change.rules.keys().all(|rule| names_pod(rule.pod.as_bytes(), pod.as_bytes()))
            })
        };
        FAMILIES.into_iter().filter(adds).collect()
    }

    /// A request goes on beyond the removal of rules: they are gone, if no other can have removed them.
    pub(super) fn removal_ended(&mut self, request: Option<&Text<'_>>, by: Evidence, effects: &mut Effects) {
        let Some(request) = request else { return };
        if self.first_of_two.is_some() {
            // The other half never came.
            self.lose_all(Ignorance::Gap, by, effects);
        }
        for family in FAMILIES {
            let of = self.family_mut(family);
            if let Some(change) = of.change.as_mut().filter(|change| change.kind == Kind::Removing) {
                let owned = change.removers.remove(&request.clone().into_owned());
                if owned && change.removers.is_empty() {
                    of.change = None;
                }
            }
        }
    }

    /// Rules of a pod could not be removed: they are still there.
    pub(super) fn not_removed(
        &mut self,
        pod: &Text<'_>,
        request: Option<&Text<'_>>,
        failure: &Failure,
        by: Evidence,
        effects: &mut Effects,
    ) {
        if failure.rules.is_empty() && !failure.rules_of_some_family {
            return;
        }
        self.stated = None;
        let meant: Vec<Family> = FAMILIES.into_iter().filter(|family| self.may_remove(*family, pod, request)).collect();
        let failed = self.failed_of(&meant, failure);
        if failed.is_empty() {
            // It cannot be told which, or what failed was not seen to begin.
            let doubtful = if meant.is_empty() { FAMILIES.to_vec() } else { meant };
            doubtful.into_iter().for_each(|family| self.lose(family, Ignorance::Unresolved, by, effects));
        } else {
            failed.into_iter().for_each(|family| self.take_back(family, by, effects));
        }
    }

    /// Which of the families that may be meant have failed; none if that cannot be told.
    fn failed_of(&self, meant: &[Family], failure: &Failure) -> Vec<Family> {
        let failures = failure.rules.len().saturating_add(usize::from(failure.rules_of_some_family));
        if failures >= meant.len() {
            return meant.to_vec();
        }
        // After success lines about sockets follow, and after failure none; with other requests at work they may be theirs.
        let change = |family: Family| self.family(family).change.as_ref();
        let alone = meant.iter().all(|family| change(*family).is_some_and(|change| change.removers.len() == 1));
        let silent: Vec<Family> = meant.iter().copied().filter(|f| change(*f).is_some_and(|change| !change.answered)).collect();
        if alone && silent.len() == failures {
            return silent;
        }
        // The tool of IPv6 names itself so; that of IPv4 may be a wrapper's name for both.
        if failure.rules == [Family::Ipv6] && !failure.rules_of_some_family { failure.rules.clone() } else { Vec::new() }
    }

    /// A line about sockets: the input before it was applied.
    pub(super) fn answered(&mut self) {
        let last = FAMILIES
            .into_iter()
            .filter_map(|family| self.family(family).change.as_ref().map(|change| (change.by.at, family)))
            .max();
        if let Some(change) = last.and_then(|(_, family)| self.family_mut(family).change.as_mut()) {
            change.answered = true;
        }
    }

    fn may_remove(&self, family: Family, pod: &Text<'_>, request: Option<&Text<'_>>) -> bool {
        self.family(family).change.as_ref().filter(|change| change.kind == Kind::Removing).is_some_and(|change| {
            let named = |rule: &DnatRule| {
                let behind = rule.pod.as_bytes().strip_prefix(pod.as_bytes());
                behind.is_some_and(|rest| rest.is_empty() || rest == b"_")
            };
            let owner = || request.is_some_and(|request| change.removers.contains(&request.clone().into_owned()));
            if change.complete && !change.rules.is_empty() { change.rules.keys().any(named) } else { owner() }
        })
    }

    fn take_back(&mut self, family: Family, by: Evidence, effects: &mut Effects) {
        let of = self.family_mut(family);
        let Some(change) = of.change.take() else { return };
        if !change.complete {
            self.lose(family, Ignorance::Unresolved, by, effects);
            return;
        }
        let mut rules = of.rules.clone();
        merge(&mut rules, change.rules);
        effects.remark(Remark::TakenBack, by);
        self.replace(family, rules, by, effects);
    }

    /// A pod may have gone whose rules were removed without a word: those of nftables, which only the caller can have stated. Rules
    /// of iptables, whose comments name the pod, go by a restore input and by nothing else.
    pub(super) fn may_have_lost_rules(&mut self, by: Evidence, effects: &mut Effects) {
        for family in FAMILIES {
            let of = self.family(family);
            if of.unknown.is_none() && of.rules.keys().any(|rule| !rule.pod.as_bytes().starts_with(b"k8s_")) {
                self.lose(family, Ignorance::NeverPrinted, by, effects);
            }
        }
        self.stated = self.stated.take().filter(BTreeSet::is_empty);
    }

    /// Exactly these rules exist.
    pub(super) fn know(&mut self, told: &BTreeSet<DnatRule>, by: Evidence, effects: &mut Effects) {
        self.stated = None;
        self.first_of_two = None;
        for family in FAMILIES {
            let told: BTreeSet<&DnatRule> = told.iter().filter(|rule| rule.family() == family).collect();
            let of = self.family_mut(family);
            let is = |rules: &Rules| rules.keys().eq(told.iter().copied());
            let contradicted = of.change.is_none() && of.unknown.is_none() && !is(&of.rules);
            if contradicted || of.rules.keys().any(|rule| !told.contains(rule)) {
                effects.remark(Remark::Contradiction, by);
            }
            // A change under way goes on if its rules are still as they were before it.
            let goes_on = of.change.as_ref().is_some_and(|change| {
                change.rules.keys().all(|rule| told.contains(rule) == (change.kind == Kind::Removing)) && change.complete
            });
            let mut change = of.change.take().filter(|_| goes_on);
            let mut rules = Rules::new();
            for rule in told {
                let underway =
                    change.as_mut().is_some_and(|change| change.kind == Kind::Removing && change.rules.contains_key(rule));
                if !underway {
                    let entry = of.rules.get(rule).cloned();
                    let stated = || Entry { chains: BTreeSet::new(), support: Support::new(by, Certainty::Stated) };
                    rules.insert(rule.clone(), entry.unwrap_or_else(stated));
                }
            }
            of.change = change;
            self.replace(family, rules, by, effects);
        }
    }

    /// Exactly these ports are led to pods; by which rules is not said.
    pub(super) fn know_ports(&mut self, told: &BTreeSet<HostPort>, by: Evidence, effects: &mut Effects) {
        if told.is_empty() {
            self.know(&BTreeSet::new(), by, effects);
            return;
        }
        match self.exposed() {
            Ok(ports) if ports == *told => {}
            Ok(_) => {
                effects.remark(Remark::Contradiction, by);
                self.lose_all(Ignorance::Unresolved, by, effects);
                self.stated = Some(told.clone());
            }
            Err(_) => {
                let surely: Vec<HostPort> = self.all_rules().map(|(rule, _)| rule.port).collect();
                if surely.iter().any(|port| !told.contains(port)) {
                    effects.remark(Remark::Contradiction, by);
                }
                self.stated = Some(told.clone());
            }
        }
    }
}

/// Whether a family can be the one that an input empties.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    No,
    /// As many rules, but the chains of some were never told.
    Maybe,
    Yes,
    /// Its rules are not known.
    NotKnown,
}

/// Which family an input empties.
enum Emptied {
    One(Family),
    /// This input and the one before it empty both.
    Both,
    Unknown,
}

/// Adds rules; one that is there already gets the further chains.
fn merge(rules: &mut Rules, more: impl IntoIterator<Item = (DnatRule, Entry)>) {
    for (rule, entry) in more {
        match rules.entry(rule) {
            btree_map::Entry::Vacant(slot) => _ = slot.insert(entry),
            btree_map::Entry::Occupied(mut slot) => slot.get_mut().chains.extend(entry.chains),
        }
    }
}

fn report(family: Family, rule: &DnatRule, entry: &Entry, effects: &mut Effects) {
    let Support { request, since, certainty } = entry.support;
    effects.changes.push(Change::Opened { opening: opening(family, rule), request, by: since, certainty });
}

fn report_all(family: Family, rules: &Rules, effects: &mut Effects) {
    rules.iter().for_each(|(rule, entry)| report(family, rule, entry, effects));
}

impl Entry {
    /// How a rule is named in answers.
    pub(super) fn opening(family: Family, rule: &DnatRule) -> Opening {
        opening(family, rule)
    }
}
