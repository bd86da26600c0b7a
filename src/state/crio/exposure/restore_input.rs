//! What an input to iptables-restore changes, and when that is certain.

use super::empty_input::EmptiedFamily;
use super::{Entry, Exposure, FAMILIES, Kind, PendingChange, Rules, least_chains, merge};
use crate::event::Anomaly;
use crate::event::crio::Snapshot;
use crate::family::Family;
use crate::port::HostPort;
use crate::state::crio::checkpoint::DnatRule;
use crate::state::crio::requests::names_pod;
use crate::state::effects::Effects;
use crate::state::evidence::{Certainty, Evidence, Provenance};
use crate::state::known::UnknownReason;
use crate::text::Text;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

/// More pods are never started at once.
pub(super) const MOST_STARTS: usize = 512;

/// What a new input means for the sockets.
#[derive(Debug, Default)]
pub(in crate::state::crio) struct Outcome {
    /// The ports of new chains, with the pod in the comment: for each chain one socket was opened
    /// (up to 1.30), whatever the number of its rules.
    pub(in crate::state::crio) new: Vec<(HostPort, Text<'static>)>,
    /// The ports whose rules go; `None` if that is not known.
    pub(in crate::state::crio) removed: Option<Vec<HostPort>>,
}

/// The order in which CRI-O goes through the families when it removes a pod's rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::state::crio) enum FamilyOrder {
    /// IPv4 first, and each family with a line for each port of the pod, behind its input if it has
    /// one: up to 1.30.
    Ipv4First {
        /// Whether such a line stood before this input; `None` if that cannot be told.
        socket_line_seen: Option<bool>,
    },
    /// Any: later ones.
    Any,
}

impl Exposure {
    /// A whole input. `removers` are the requests one of which removes rules, if it removes.
    pub(in crate::state::crio) fn restore_input(
        &mut self,
        snapshot: &Snapshot<'_>,
        removers: BTreeSet<Text<'static>>,
        order: FamilyOrder,
        by: Evidence,
        effects: &mut Effects,
    ) -> Outcome {
        self.stated = None;
        if self.lost.is_some() {
            // Which family's text was lost cannot be told any more; one's state is in this text.
            self.lose_all(UnknownReason::CutMessage, by, effects);
        }
        let removed: BTreeSet<Text<'static>> =
            snapshot.removed.iter().map(|chain| chain.clone().into_owned()).collect();
        let family = match snapshot.family {
            Some(family) => family,
            None => match self.empty_input(&removed, &removers, order, by, effects) {
                EmptiedFamily::One(family) => family,
                EmptiedFamily::Both => {
                    FAMILIES.into_iter().for_each(|family| self.overtake(family));
                    let first = self.remove(
                        Family::Ipv4,
                        Rules::new(),
                        &removed,
                        removers.clone(),
                        by,
                        effects,
                    );
                    let second =
                        self.remove(Family::Ipv6, Rules::new(), &removed, removers, by, effects);
                    let ports = first.zip(second).map(|(mut first, second)| {
                        first.extend(second);
                        first
                    });
                    return Outcome { new: Vec::new(), removed: ports };
                }
                EmptiedFamily::Unknown => return Outcome::default(),
            },
        };
        if let Some(first) = self.first_of_two.take() {
            self.lose_all(UnknownReason::Gap, by, effects);
            let removes = snapshot.rules.iter().all(|rule| !rule.new);
            if removes && first.removers == removers && removers.len() == 1 {
                // This is the other half, so that was the other family's.
                let other = if family == Family::Ipv4 { Family::Ipv6 } else { Family::Ipv4 };
                self.remove(other, Rules::new(), &first.chains, first.removers, by, effects);
            } else {
                self.untracked.add(&first.removers);
            }
        }
        let (mut stay, mut new) = (Rules::new(), Rules::new());
        let mut added: BTreeMap<&Text<'_>, (HostPort, Text<'static>)> = BTreeMap::new();
        for rule in &snapshot.rules {
            let key = DnatRule {
                port: rule.port,
                host_ip: rule.host_ip,
                target: rule.target.clone().into_owned(),
                pod: rule.pod.clone().into_owned(),
            };
            let known = self.known_support(family, &key);
            let support = known.unwrap_or_else(|| Provenance::new(by, Certainty::Confirmed));
            if rule.new {
                added.insert(&rule.chain, (rule.port, key.pod.clone()));
                if self.comments.len() >= MOST_STARTS {
                    self.comments.clear();
                }
                self.comments.insert(key.pod.clone());
            }
            let rules = if rule.new { &mut new } else { &mut stay };
            let entry =
                rules.entry(key).or_insert_with(|| Entry { chains: BTreeSet::new(), support });
            entry.chains.insert(rule.chain.clone().into_owned());
        }
        let added = added.into_values().collect();
        self.family_mut(family).text_lost = false;
        self.overtake(family);
        if new.is_empty() {
            let removed = self.remove(family, stay, &removed, removers, by, effects);
            return Outcome { new: added, removed };
        }
        let of = self.family(family);
        let surprise = of.unknown.is_none()
            && of.hidden.is_empty()
            && of.change.is_none()
            && !of.rules.keys().eq(stay.keys());
        if surprise {
            // iptables-save told CRI-O something else than this log: another program, or lines that
            // are missing.
            effects.remark(Anomaly::Contradiction, by);
        }
        self.replace(family, stay, by, effects);
        self.family_mut(family).change = Some(PendingChange {
            kind: Kind::Adding,
            rules: new,
            complete: true,
            removers: BTreeSet::new(),
            success_seen: Some(false),
            by,
        });
        Outcome { new: added, removed: Some(Vec::new()) }
    }

    fn known_support(&self, family: Family, rule: &DnatRule) -> Option<Provenance> {
        let of = self.family(family);
        let underway = of
            .change
            .as_ref()
            .and_then(|change| Some((change.kind, change.rules.get(rule)?.support)));
        match (of.rules.get(rule), underway) {
            (Some(entry), _) => Some(entry.support),
            (None, Some((Kind::Removing, support))) => Some(support),
            (None, Some((Kind::Adding, support))) => Some(support),
            _ => None,
        }
    }

    /// An input that leaves these rules, adds none, and removes these chains. The ports whose rules
    /// go, if that is known.
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
        let goes = |entry: &Entry| {
            entry.chains.is_empty() || entry.chains.iter().any(|chain| chains.contains(chain))
        };
        let mut rules = of.rules.clone();
        if let Some(change) = &of.change {
            // What was under way before is settled: only chains that exist are removed.
            merge(
                &mut rules,
                change
                    .rules
                    .iter()
                    .filter(|(_, entry)| goes(entry))
                    .map(|(rule, entry)| (rule.clone(), entry.clone())),
            );
        }
        let known_chains: BTreeSet<&Text<'_>> =
            rules.values().flat_map(|entry| &entry.chains).collect();
        let not_known = chains.iter().filter(|chain| !known_chains.contains(chain)).count();
        rules.retain(|rule, entry| {
            !stay.contains_key(rule) || (goes(entry) && !entry.chains.is_empty())
        });
        let stated = least_chains(&rules);
        let complete = not_known >= stated && (stated > 0 || not_known == 0);
        let ports = rules.keys().map(|rule| rule.port).collect();
        self.replace(family, stay, by, effects);
        let of = self.family_mut(family);
        of.text_lost = false;
        of.change = Some(PendingChange {
            kind: Kind::Removing,
            rules,
            complete,
            removers,
            success_seen: Some(false),
            by,
        });
        complete.then_some(ports)
    }
    /// The rules that were being added to a family are there. False if none were.
    pub(in crate::state::crio) fn added(
        &mut self,
        family: Family,
        by: Evidence,
        effects: &mut Effects,
    ) -> bool {
        let of = self.family_mut(family);
        let Some(change) = of.change.take_if(|change| change.kind == Kind::Adding) else {
            return false;
        };
        let request = change.by;
        let mut rules = of.rules.clone();
        let support = Provenance::new(by, Certainty::Confirmed).requested_by(request);
        merge(
            &mut rules,
            change.rules.into_iter().map(|(rule, entry)| (rule, Entry { support, ..entry })),
        );
        self.replace(family, rules, by, effects);
        true
    }

    /// A text was lost whose rules are there by now: they are not known.
    pub(in crate::state::crio) fn take_text_lost(&mut self, family: Family) -> bool {
        core::mem::take(&mut self.family_mut(family).text_lost)
    }

    /// The start of a pod went through: its rules are there.
    pub(in crate::state::crio) fn pod_started(
        &mut self,
        pod: &Text<'_>,
        by: Evidence,
        effects: &mut Effects,
    ) {
        for family in self.adding_for(pod) {
            self.added(family, by, effects);
        }
    }

    /// The start of a pod failed: what was being added for it is not there.
    pub(in crate::state::crio) fn pod_failed(&mut self, pod: &Text<'_>) {
        for family in self.adding_for(pod) {
            self.family_mut(family).change = None;
        }
    }

    pub(super) fn adding_for(&self, pod: &Text<'_>) -> Vec<Family> {
        let adds = |family: &Family| {
            self.family(*family).change.as_ref().is_some_and(|change| {
                change.kind == Kind::Adding
                    && change
                        .rules
                        .keys()
                        .all(|rule| names_pod(rule.pod.as_bytes(), pod.as_bytes()))
            })
        };
        FAMILIES.into_iter().filter(adds).collect()
    }

    /// A request goes on beyond the removal of rules: they are gone, if no other can have removed
    /// them.
    pub(in crate::state::crio) fn removal_ended(
        &mut self,
        request: Option<&Text<'_>>,
        by: Evidence,
        effects: &mut Effects,
    ) {
        let Some(request) = request else { return };
        if self.first_of_two.is_some() {
            // The other half never came.
            self.lose_all(UnknownReason::Gap, by, effects);
        }
        for family in FAMILIES {
            let of = self.family_mut(family);
            if let Some(change) = of.change.as_mut().filter(|change| change.kind == Kind::Removing)
            {
                let owned = change.removers.remove(&request.clone().into_owned());
                if owned && change.removers.is_empty() {
                    of.change = None;
                }
            }
        }
        self.untracked.end(request);
    }
}
