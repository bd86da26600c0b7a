//! Which family an input is of that leaves no rule to tell by.

use super::restoring::Order;
use super::{Entry, Exposure, FirstOfTwo, Kind, Rules, least_chains, merge};
use crate::family::Family;
use crate::port::HostPort;
use crate::state::crio::know::DnatRule;
use crate::state::effects::Effects;
use crate::state::evidence::Evidence;
use crate::state::known::Ignorance;
use crate::text::Text;
use alloc::collections::BTreeSet;
use alloc::vec::Vec;

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
pub(super) enum Emptied {
    One(Family),
    /// This input and the one before it empty both.
    Both,
    Unknown,
}

impl Exposure {
    /// Which family an input empties that leaves no rule to tell by: the one that had just the
    /// removed chains.
    pub(super) fn emptied(
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
            self.overtaken.add(&first.removers);
            self.overtaken.add(removers);
            self.lose_all(Ignorance::Gap, by, effects);
            return Emptied::Unknown;
        }
        // An input of the same removal that another one overtook may have been that of IPv4.
        let order = if self.overtaken.has_one_of(removers) { Order::Any } else { order };
        match (self.fit(Family::Ipv4, removed), self.fit(Family::Ipv6, removed)) {
            (Fit::Yes | Fit::Maybe, Fit::No) | (Fit::NotKnown, Fit::No) => {
                Emptied::One(Family::Ipv4)
            }
            (Fit::No, Fit::Yes | Fit::Maybe | Fit::NotKnown) => Emptied::One(Family::Ipv6),
            (Fit::Yes, Fit::NotKnown) if order != Order::Any => Emptied::One(Family::Ipv4),
            (Fit::NotKnown, Fit::Yes) if order == (Order::Ipv4First { spoken: Some(true) }) => {
                Emptied::One(Family::Ipv6)
            }
            (Fit::Yes, Fit::Yes) if order != Order::Any => Emptied::One(Family::Ipv4),
            (Fit::Maybe, Fit::Maybe) if order != Order::Any && self.alike() => {
                Emptied::One(Family::Ipv4)
            }
            (Fit::Yes, Fit::Yes) | (Fit::Maybe, Fit::Maybe) if self.alike() => {
                self.first_of_two =
                    Some(FirstOfTwo { chains: removed.clone(), removers: removers.clone(), by });
                Emptied::Unknown
            }
            // IPv4 spoke of the pod's ports without an input, so it had no rules of this pod.
            (Fit::Maybe, Fit::Maybe) if order == (Order::Ipv4First { spoken: Some(true) }) => {
                Emptied::One(Family::Ipv6)
            }
            // Neither had just these chains, or one that may have had them is not known.
            _ => {
                self.lose_all(Ignorance::Unresolved, by, effects);
                if removers.len() == 1 {
                    // The same from the same request once more is the other family's.
                    let first =
                        FirstOfTwo { chains: removed.clone(), removers: removers.clone(), by };
                    self.first_of_two = Some(first);
                } else {
                    self.overtaken.add(removers);
                }
                Emptied::Unknown
            }
        }
    }

    /// Whether just these chains are all that a family has.
    fn fit(&self, family: Family, chains: &BTreeSet<Text<'static>>) -> Fit {
        let of = self.family(family);
        if self.out_of_sight(family).is_some() {
            return Fit::NotKnown;
        }
        let fit = |rules: &Rules| {
            let have: BTreeSet<&Text<'_>> =
                rules.values().flat_map(|entry| &entry.chains).collect();
            let stated = least_chains(rules);
            let others = chains.len().saturating_sub(have.len());
            let as_many = others >= stated && (stated > 0 || others == 0);
            if rules.is_empty() || !as_many || !have.iter().all(|chain| chains.contains(*chain)) {
                return Fit::No;
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

    /// True if both families lead the same ports to the same pods.
    fn alike(&self) -> bool {
        let owners = |family| {
            self.rules(family).map(|(rule, _)| (&rule.pod, rule.port)).collect::<BTreeSet<_>>()
        };
        owners(Family::Ipv4) == owners(Family::Ipv6)
    }
}
