//! Which family an input is of that leaves no rule to tell by.

use super::restore_input::FamilyOrder;
use super::{AmbiguousRemoval, Entry, Exposure, Kind, Rules, least_chains, merge};
use crate::family::Family;
use crate::port::HostPort;
use crate::state::crio::checkpoint::DnatRule;
use crate::state::effects::Effects;
use crate::state::evidence::Evidence;
use crate::state::known::UnknownReason;
use crate::text::Text;
use alloc::collections::BTreeSet;
use alloc::vec::Vec;

/// Whether a family can be the one that an input empties.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Match {
    No,
    /// As many rules, but the chains of some were never told.
    Maybe,
    Yes,
    /// Its rules are not known.
    NotKnown,
}

/// Which family an input empties.
pub(super) enum EmptiedFamily {
    One(Family),
    /// This input and the one before it empty both.
    Both,
    Unknown,
}

impl Exposure {
    /// Which family an input empties that leaves no rule to tell by: the one that had just the
    /// removed chains.
    pub(super) fn empty_input(
        &mut self,
        removed: &BTreeSet<Text<'static>>,
        removers: &BTreeSet<Text<'static>>,
        order: FamilyOrder,
        by: Evidence,
        effects: &mut Effects,
    ) -> EmptiedFamily {
        if let Some(first) = self.first_of_two.take() {
            if first.chains == *removed && first.removers == *removers && removers.len() <= 1 {
                return EmptiedFamily::Both;
            }
            self.untracked.add(&first.removers);
            self.untracked.add(removers);
            self.lose_all(UnknownReason::Gap, by, effects);
            return EmptiedFamily::Unknown;
        }
        // An input of the same removal that another one overtook may have been that of IPv4.
        let order = if self.untracked.has_one_of(removers) { FamilyOrder::Any } else { order };
        match (self.fit(Family::Ipv4, removed), self.fit(Family::Ipv6, removed)) {
            (Match::Yes | Match::Maybe, Match::No) | (Match::NotKnown, Match::No) => {
                EmptiedFamily::One(Family::Ipv4)
            }
            (Match::No, Match::Yes | Match::Maybe | Match::NotKnown) => {
                EmptiedFamily::One(Family::Ipv6)
            }
            (Match::Yes, Match::NotKnown) if order != FamilyOrder::Any => {
                EmptiedFamily::One(Family::Ipv4)
            }
            (Match::NotKnown, Match::Yes)
                if order == (FamilyOrder::Ipv4First { socket_line_seen: Some(true) }) =>
            {
                EmptiedFamily::One(Family::Ipv6)
            }
            (Match::Yes, Match::Yes) if order != FamilyOrder::Any => {
                EmptiedFamily::One(Family::Ipv4)
            }
            (Match::Maybe, Match::Maybe) if order != FamilyOrder::Any && self.alike() => {
                EmptiedFamily::One(Family::Ipv4)
            }
            (Match::Yes, Match::Yes) | (Match::Maybe, Match::Maybe) if self.alike() => {
                self.first_of_two = Some(AmbiguousRemoval {
                    chains: removed.clone(),
                    removers: removers.clone(),
                    by,
                });
                EmptiedFamily::Unknown
            }
            // IPv4 spoke of the pod's ports without an input, so it had no rules of this pod.
            (Match::Maybe, Match::Maybe)
                if order == (FamilyOrder::Ipv4First { socket_line_seen: Some(true) }) =>
            {
                EmptiedFamily::One(Family::Ipv6)
            }
            // Neither had just these chains, or one that may have had them is not known.
            _ => {
                self.lose_all(UnknownReason::Unresolved, by, effects);
                if removers.len() == 1 {
                    // The same from the same request once more is the other family's.
                    let first = AmbiguousRemoval {
                        chains: removed.clone(),
                        removers: removers.clone(),
                        by,
                    };
                    self.first_of_two = Some(first);
                } else {
                    self.untracked.add(removers);
                }
                EmptiedFamily::Unknown
            }
        }
    }

    /// Whether just these chains are all that a family has.
    fn fit(&self, family: Family, chains: &BTreeSet<Text<'static>>) -> Match {
        let of = self.family(family);
        if self.out_of_sight(family).is_some() {
            return Match::NotKnown;
        }
        let fit = |rules: &Rules| {
            let have: BTreeSet<&Text<'_>> =
                rules.values().flat_map(|entry| &entry.chains).collect();
            let stated = least_chains(rules);
            let others = chains.len().saturating_sub(have.len());
            let as_many = others >= stated && (stated > 0 || others == 0);
            if rules.is_empty() || !as_many || !have.iter().all(|chain| chains.contains(*chain)) {
                return Match::No;
            }
            // A chain has the same name in both families, for the same port of the same pod: the
            // other one may tell whose it is.
            let others = chains.iter().filter(|chain| !have.contains(chain));
            let owners: Vec<_> = others.map(|chain| self.owner(chain)).collect();
            let mut stated = rules
                .iter()
                .filter(|(_, entry)| entry.chains.is_empty())
                .map(|(rule, _)| Some((&rule.pod, rule.port)));
            if owners.is_empty() {
                Match::Yes
            } else if owners.contains(&None) {
                Match::Maybe
            } else if stated.all(|rule| owners.contains(&rule)) {
                Match::Yes
            } else {
                Match::No
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

    /// True if both families lead the same ports to the same pods.
    fn alike(&self) -> bool {
        let owners = |family| {
            self.rules(family).map(|(rule, _)| (&rule.pod, rule.port)).collect::<BTreeSet<_>>()
        };
        owners(Family::Ipv4) == owners(Family::Ipv6)
    }
}
