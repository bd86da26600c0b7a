//! The rules by which host ports are led to pods, family by family, as CRI-O's restore inputs tell
//! them.
//!
//! Each input holds all rules of a family that will exist afterwards, so it replaces what was
//! known. It is printed before it is applied: what it adds is true once CRI-O goes on as it does
//! after success, what it removes is gone unless a failure is reported.

mod checkpoint;
mod empty_input;
mod failed_removal;
mod lost_text;
mod restore_input;
mod untracked;

pub(super) use lost_text::AnonymousLine;
pub(super) use restore_input::FamilyOrder;

use super::checkpoint::DnatRule;
use crate::family::Family;
use crate::port::HostPort;
use crate::state::change::Change;
use crate::state::effects::Effects;
use crate::state::evidence::{Evidence, Provenance};
use crate::state::known::{Unknown, UnknownReason};
use crate::state::opening::{Holder, Opening, Scope};
use crate::text::Text;
use alloc::collections::{BTreeMap, BTreeSet, btree_map};
use alloc::vec::Vec;
use untracked::Untracked;

pub(super) const FAMILIES: [Family; 2] = [Family::Ipv4, Family::Ipv6];

type Rules = BTreeMap<DnatRule, Entry>;

/// Stands for the rules that one sandbox brought to one family and that were not told. No two have
/// the same.
pub(in crate::state::crio) type SandboxRules = u64;

/// A rule that exists.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct Entry {
    /// Its chains, for two host ports may lead alike; none for a rule that the caller stated.
    chains: BTreeSet<Text<'static>>,
    pub(super) support: Provenance,
}

/// The rules of one family.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct OneFamily {
    unknown: Option<Unknown>,
    /// The rules that surely exist.
    #[cfg_attr(feature = "serde", serde(with = "crate::serde_map_as_list"))]
    rules: Rules,
    change: Option<PendingChange>,
    /// The text of an input was lost, and how it ended was not seen yet.
    text_lost: bool,
    /// The rules that exist besides and were not told, oldest first.
    hidden: BTreeMap<SandboxRules, UnloggedRules>,
}

/// Rules of one sandbox that were not told.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
struct UnloggedRules {
    /// `NAMESPACE/POD`.
    pod: Text<'static>,
    why: Unknown,
}

/// A change whose input was printed, and whose outcome was not seen yet.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
struct PendingChange {
    kind: Kind,
    /// The rules that exist after it and not before, or before it and not after.
    #[cfg_attr(feature = "serde", serde(with = "crate::serde_map_as_list"))]
    rules: Rules,
    /// All the rules that it removes are known.
    complete: bool,
    /// The requests one of which removes; empty if it is not known which.
    removers: BTreeSet<Text<'static>>,
    /// Whether a line about sockets came behind it, as it does after success (up to 1.30); `None`
    /// if it may be of another request.
    success_seen: Option<bool>,
    by: Evidence,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
enum Kind {
    Adding,
    Removing,
}

/// An input that leaves no rule, and might be of either family.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
struct AmbiguousRemoval {
    chains: BTreeSet<Text<'static>>,
    removers: BTreeSet<Text<'static>>,
    by: Evidence,
}

#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct Exposure {
    ipv4: OneFamily,
    ipv6: OneFamily,
    /// An input that removes the same chains as the other family has, before that other family's
    /// input came.
    first_of_two: Option<AmbiguousRemoval>,
    untracked: Untracked,
    /// How the rules name the pods that are being started.
    comments: BTreeSet<Text<'static>>,
    /// The rules that were not told of the pods (`NAMESPACE/POD`) being started.
    #[cfg_attr(feature = "serde", serde(with = "crate::serde_map_as_list"))]
    hiding: BTreeMap<(Text<'static>, Family), SandboxRules>,
    next_mark: SandboxRules,
    /// How rules that were not told are named, told just now.
    named: Vec<(SandboxRules, Text<'static>)>,
    /// An input whose text is lost, of which it is not known yet which family it changed.
    lost: Option<lost_text::Lost>,
    /// The ports that the caller stated without the rules, true until the next line that can
    /// change them.
    stated: Option<BTreeSet<HostPort>>,
}

impl OneFamily {
    const fn new() -> Self {
        Self {
            unknown: Some(Unknown::BEFORE_LOG),
            rules: BTreeMap::new(),
            change: None,
            text_lost: false,
            hidden: BTreeMap::new(),
        }
    }
}

fn opening(family: Family, rule: &DnatRule) -> Opening {
    let holder = Holder::CrioRule {
        family,
        host_ip: rule.host_ip,
        target: rule.target.clone(),
        pod: rule.pod.clone(),
    };
    Opening { port: Some(rule.port), holder }
}

impl Exposure {
    pub(super) const fn new() -> Self {
        Self {
            ipv4: OneFamily::new(),
            ipv6: OneFamily::new(),
            first_of_two: None,
            untracked: Untracked::new(),
            comments: BTreeSet::new(),
            hiding: BTreeMap::new(),
            next_mark: 0,
            named: Vec::new(),
            lost: None,
            stated: None,
        }
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
        let underway = of
            .change
            .as_ref()
            .filter(|change| !change.rules.is_empty() || !change.complete)
            .map(|change| change.by);
        let first = self.first_of_two.as_ref().map(|first| first.by);
        self.out_of_sight(family)
            .or_else(|| underway.or(first).map(|by| Unknown::since(UnknownReason::Underway, by)))
    }

    /// Why a family may have rules that were never seen, if it may.
    fn out_of_sight(&self, family: Family) -> Option<Unknown> {
        let of = self.family(family);
        let lost =
            || self.lost.as_ref().map(|lost| Unknown::since(UnknownReason::CutMessage, lost.by));
        of.unknown.or_else(|| of.hidden.values().next().map(|hidden| hidden.why)).or_else(lost)
    }

    /// The rules of a family that surely exist.
    pub(super) fn rules(&self, family: Family) -> impl Iterator<Item = (&DnatRule, &Entry)> + '_ {
        self.family(family).rules.iter()
    }

    pub(super) fn all_rules(&self) -> impl Iterator<Item = (&DnatRule, &Entry)> + '_ {
        self.ipv4.rules.iter().chain(&self.ipv6.rules)
    }

    pub(super) fn len(&self) -> usize {
        [&self.ipv4, &self.ipv6]
            .into_iter()
            .map(|of| of.rules.len().saturating_add(of.hidden.len()))
            .fold(0, usize::saturating_add)
    }

    /// The ports that are led to pods, or why they cannot be told.
    pub(super) fn exposed(&self) -> Result<BTreeSet<HostPort>, Unknown> {
        if let (Some(stated), true) =
            (&self.stated, FAMILIES.into_iter().any(|f| self.out_of_sight(f).is_some()))
        {
            return Ok(stated.clone());
        }
        let ports: BTreeSet<HostPort> = self.all_rules().map(|(rule, _)| rule.port).collect();
        for family in FAMILIES {
            let of = self.family(family);
            if let Some(unknown) = self.out_of_sight(family) {
                return Err(unknown);
            }
            // A change of rules that does not change the set of ports leaves no doubt about the
            // ports.
            if let Some(change) = &of.change
                && (!change.complete || change.rules.keys().any(|rule| !ports.contains(&rule.port)))
            {
                return Err(Unknown::since(UnknownReason::Underway, change.by));
            }
        }
        if let Some(AmbiguousRemoval { by, .. }) = &self.first_of_two {
            // One of the two families is empty by now, and the ports of the other one are left.
            let of =
                |family| self.rules(family).map(|(rule, _)| rule.port).collect::<BTreeSet<_>>();
            if of(Family::Ipv4) != of(Family::Ipv6) {
                return Err(Unknown::since(UnknownReason::Underway, *by));
            }
        }
        Ok(ports)
    }

    /// How many sockets a port can have at most: one for each family and host address with a rule.
    /// `None` if that is not known.
    pub(super) fn places(&self, port: HostPort) -> Option<u32> {
        if FAMILIES.into_iter().any(|family| self.unknown(family).is_some()) {
            return None;
        }
        let places: BTreeSet<_> = self
            .all_rules()
            .filter(|(rule, _)| rule.port == port)
            .map(|(rule, _)| (rule.family(), rule.host_ip))
            .collect();
        u32::try_from(places.len()).ok().filter(|&n| n > 0)
    }

    /// Sets the rules of a family that surely exist, and reports what that opens and closes.
    fn replace(&mut self, family: Family, rules: Rules, by: Evidence, effects: &mut Effects) {
        let of = self.family_mut(family);
        let before = core::mem::replace(&mut of.rules, rules);
        let hidden = core::mem::take(&mut of.hidden);
        if of.unknown.is_none() {
            let told =
                of.rules.keys().filter(|rule| !before.contains_key(*rule)).map(|rule| &rule.pod);
            let named = lost_text::names(&hidden, &told.collect());
            self.named.extend(named);
        }
        let of = self.family_mut(family);
        if of.unknown.take().is_some() || !hidden.is_empty() {
            effects.changes.push(Change::BecameKnown { scope: Scope::CrioRules { family }, by });
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
    pub(super) fn lose(
        &mut self,
        family: Family,
        why: UnknownReason,
        by: Evidence,
        effects: &mut Effects,
    ) {
        self.stated = None;
        self.overtake(family);
        let first = self.first_of_two.take();
        if let Some(first) = &first {
            self.untracked.add(&first.removers);
        }
        let lost = self.lost.take();
        if let Some(lost_text::Lost { doer: AnonymousLine::Removal { request }, .. }) = &lost {
            self.untracked.add(&BTreeSet::from([request.clone()]));
        }
        if first.is_some() || lost.is_some() {
            // Either may be of the other family.
            FAMILIES.into_iter().for_each(|family| self.lose(family, why, by, effects));
        }
        let of = self.family_mut(family);
        of.change = None;
        of.hidden.clear();
        let had = !of.rules.is_empty();
        of.rules.clear();
        if of.unknown.is_none() || had {
            effects.changes.push(Change::BecameUnknown {
                scope: Scope::CrioRules { family },
                why,
                by,
            });
        }
        // What was stated of iptables is gone with the rest.
        of.unknown.take_if(|unknown| unknown.why == UnknownReason::NftablesNotStated);
        of.unknown.get_or_insert(Unknown::since(why, by));
    }

    pub(super) fn lose_all(&mut self, why: UnknownReason, by: Evidence, effects: &mut Effects) {
        FAMILIES.into_iter().for_each(|family| self.lose(family, why, by, effects));
    }

    /// No rule exists: the machine was started anew.
    pub(super) fn clear(&mut self, by: Evidence, effects: &mut Effects) {
        self.stated = None;
        (self.first_of_two, self.lost) = (None, None);
        for family in FAMILIES {
            let of = self.family_mut(family);
            (of.change, of.text_lost) = (None, false);
            self.replace(family, Rules::new(), by, effects);
        }
    }

    /// The process is another: rules stay as they are, but a change that was under way may have
    /// been made or not.
    pub(super) fn restart(&mut self, by: Evidence, effects: &mut Effects) {
        self.forget_requests();
        let torn = self.first_of_two.take().is_some() | self.lost.take().is_some();
        for family in FAMILIES {
            let of = self.family_mut(family);
            of.text_lost = false;
            let change = of.change.take();
            if of.unknown.is_none()
                && (torn
                    || change.is_some_and(|change| !change.rules.is_empty() || !change.complete))
            {
                if torn {
                    of.rules.clear();
                }
                of.unknown = Some(Unknown::since(UnknownReason::Crash, by));
                effects.changes.push(Change::BecameUnknown {
                    scope: Scope::CrioRules { family },
                    why: UnknownReason::Crash,
                    by,
                });
                report_all(family, &of.rules, effects);
            }
        }
    }

    /// The machine may have been started anew, and then no rule exists.
    pub(super) fn may_be_gone(&mut self, why: UnknownReason, by: Evidence, effects: &mut Effects) {
        self.stated = self.stated.take().filter(BTreeSet::is_empty);
        for family in FAMILIES {
            if !self.family(family).rules.is_empty() || self.family(family).change.is_some() {
                self.lose(family, why, by, effects);
            }
        }
    }
}

/// How many chains the rules that the caller stated have at least. Rules of one pod, host port and
/// host address may share a chain; others never do.
fn least_chains(rules: &Rules) -> usize {
    let stated = rules.iter().filter(|(_, entry)| entry.chains.is_empty());
    let of: BTreeSet<_> = stated.map(|(rule, _)| (&rule.pod, rule.port, rule.host_ip)).collect();
    of.len()
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
    let Provenance { request, since, certainty } = entry.support;
    effects.changes.push(Change::Opened {
        opening: opening(family, rule),
        request,
        by: since,
        certainty,
    });
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
