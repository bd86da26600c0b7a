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
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

pub(super) const FAMILIES: [Family; 2] = [Family::Ipv4, Family::Ipv6];

type Rules = BTreeMap<DnatRule, Entry>;

/// A rule that exists.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct Entry {
    /// Its chain; `None` for a rule that the caller stated.
    chain: Option<Text<'static>>,
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
    by: Evidence,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
enum Kind {
    Adding,
    Removing,
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
    /// IPv4 first: up to 1.30.
    Ipv4First,
    /// Any: later ones.
    Any,
}

#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct Exposure {
    ipv4: OneFamily,
    ipv6: OneFamily,
    /// An input that removes the same chains as the other family has, before that other family's input came.
    first_of_two: Option<(BTreeSet<Text<'static>>, Evidence)>,
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
        let first = self.first_of_two.as_ref().map(|(_, by)| *by);
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
        let mut ports: BTreeSet<HostPort> = self.all_rules().map(|(rule, _)| rule.port).collect();
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
        if let Some((chains, by)) = &self.first_of_two {
            // One of the two families still has them; which ports stay open besides is the same for both.
            let goes = |entry: &Entry| entry.chain.as_ref().is_some_and(|chain| chains.contains(chain));
            let after = |family| self.rules(family).filter(|(_, entry)| !goes(entry)).map(|(rule, _)| rule.port);
            let all = |family| self.rules(family).map(|(rule, _)| rule.port);
            let first: BTreeSet<HostPort> = after(Family::Ipv4).chain(all(Family::Ipv6)).collect();
            let second: BTreeSet<HostPort> = all(Family::Ipv4).chain(after(Family::Ipv6)).collect();
            if first != second {
                return Err(Unknown::since(Ignorance::Underway, *by));
            }
            ports = first;
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
            None => match self.emptied(&removed, order, by, effects) {
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
        if self.first_of_two.take().is_some() {
            // The other half never came.
            self.lose_all(Ignorance::Gap, by, effects);
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
            let entry = Entry { chain: Some(rule.chain.clone().into_owned()), support };
            if rule.new {
                added.push((rule.port, key.pod.clone()));
                new.insert(key, entry);
            } else {
                stay.insert(key, entry);
            }
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
            Some(Underway { kind: Kind::Adding, rules: new, complete: true, removers: BTreeSet::new(), by });
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
        let goes = |entry: &Entry| entry.chain.as_ref().is_none_or(|chain| chains.contains(chain));
        let mut rules = of.rules.clone();
        if let Some(change) = &of.change {
            // What was under way before is settled: only chains that exist are removed.
            rules.extend(change.rules.iter().filter(|(_, entry)| goes(entry)).map(|(rule, entry)| (rule.clone(), entry.clone())));
        }
        rules.retain(|rule, _| !stay.contains_key(rule));
        let known_chains: BTreeSet<&Text<'_>> = rules.values().filter_map(|entry| entry.chain.as_ref()).collect();
        let stated = rules.values().filter(|entry| entry.chain.is_none()).count();
        let not_known = chains.iter().filter(|chain| !known_chains.contains(chain)).count();
        let complete = not_known == stated;
        let ports = rules.keys().map(|rule| rule.port).collect();
        self.replace(family, stay, by, effects);
        let of = self.family_mut(family);
        of.text_lost = false;
        of.change = Some(Underway { kind: Kind::Removing, rules, complete, removers, by });
        complete.then_some(ports)
    }

    /// Which family an input empties that leaves no rule to tell by: the one that had just the removed chains.
    fn emptied(&mut self, removed: &BTreeSet<Text<'static>>, order: Order, by: Evidence, effects: &mut Effects) -> Emptied {
        if let Some((chains, _)) = self.first_of_two.take() {
            if chains == *removed {
                return Emptied::Both;
            }
            self.lose_all(Ignorance::Gap, by, effects);
            return Emptied::Unknown;
        }
        let fits = |family: Family| {
            let of = self.family(family);
            if of.unknown.is_some() {
                return None;
            }
            let fit = |rules: &Rules| {
                let chains: BTreeSet<&Text<'_>> = rules.values().filter_map(|entry| entry.chain.as_ref()).collect();
                rules.len() == removed.len() && chains.iter().all(|chain| removed.contains(*chain)) && !removed.is_empty()
            };
            let mut with_added = of.rules.clone();
            if let Some(change) = of.change.as_ref().filter(|change| change.kind == Kind::Adding) {
                with_added.extend(change.rules.clone());
            }
            Some(fit(&of.rules) || fit(&with_added))
        };
        match (fits(Family::Ipv4), fits(Family::Ipv6)) {
            (Some(true), Some(false)) => Emptied::One(Family::Ipv4),
            (Some(false), Some(true)) => Emptied::One(Family::Ipv6),
            (None, Some(false)) => Emptied::One(Family::Ipv4),
            (Some(false), None) => Emptied::One(Family::Ipv6),
            (Some(true), Some(true)) if order == Order::Ipv4First => Emptied::One(Family::Ipv4),
            (Some(true), Some(true)) => {
                self.first_of_two = Some((removed.clone(), by));
                Emptied::Unknown
            }
            // Neither had just these chains, or one that may have had them is not known.
            (first, second) => {
                if first.is_some() {
                    self.lose(Family::Ipv4, Ignorance::Unresolved, by, effects);
                }
                if second.is_some() {
                    self.lose(Family::Ipv6, Ignorance::Unresolved, by, effects);
                }
                Emptied::Unknown
            }
        }
    }

    /// The rules that were being added to a family are there. False if none were.
    pub(super) fn added(&mut self, family: Family, by: Evidence, effects: &mut Effects) -> bool {
        let of = self.family_mut(family);
        let Some(change) = of.change.take_if(|change| change.kind == Kind::Adding) else { return false };
        let request = change.by;
        let mut rules = of.rules.clone();
        rules.extend(change.rules.into_iter().map(|(rule, entry)| {
            let support = Support::new(by, Certainty::Confirmed).requested_by(request);
            (rule, Entry { chain: entry.chain, support })
        }));
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
        for family in FAMILIES {
            let named = failure.rules.contains(&family);
            let alone = failure.rules_of_some_family && failure.rules.is_empty() && meant == [family];
            if named && !meant.contains(&family) {
                self.lose(family, Ignorance::Gap, by, effects);
            } else if named || alone {
                self.take_back(family, by, effects);
            } else if failure.rules_of_some_family && (meant.contains(&family) || meant.is_empty()) {
                self.lose(family, Ignorance::Unresolved, by, effects);
            }
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
        rules.extend(change.rules);
        effects.remark(Remark::TakenBack, by);
        self.replace(family, rules, by, effects);
    }

    /// A pod may have gone whose rules this CRI-O removes without a word.
    pub(super) fn may_have_lost_rules(&mut self, by: Evidence, effects: &mut Effects) {
        for family in FAMILIES {
            let of = self.family(family);
            if of.unknown.is_none() && (!of.rules.is_empty() || of.change.is_some()) {
                self.lose(family, Ignorance::NeverPrinted, by, effects);
            }
        }
        if self.stated.as_ref().is_some_and(|ports| !ports.is_empty()) {
            self.stated = None;
        }
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
                    let stated = || Entry { chain: None, support: Support::new(by, Certainty::Stated) };
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

/// Which family an input empties.
enum Emptied {
    One(Family),
    /// This input and the one before it empty both.
    Both,
    Unknown,
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
