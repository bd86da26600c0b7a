//! What the caller states of rules.

use super::{Entry, Exposure, FAMILIES, Kind, Rules};
use crate::event::Remark;
use crate::port::HostPort;
use crate::state::crio::know::DnatRule;
use crate::state::effects::Effects;
use crate::state::evidence::{Certainty, Evidence, Support};
use crate::state::known::Ignorance;
use alloc::collections::BTreeSet;
use alloc::vec::Vec;

impl Exposure {
    /// A pod may have gone whose rules were removed without a word: those of nftables, which only
    /// the caller can have stated. Rules of iptables, whose comments name the pod, go by a
    /// restore input and by nothing else.
    pub(in crate::state::crio) fn may_have_lost_rules(
        &mut self,
        by: Evidence,
        effects: &mut Effects,
    ) {
        for family in FAMILIES {
            let of = self.family(family);
            if of.unknown.is_none()
                && of.rules.keys().any(|rule| !rule.pod.as_bytes().starts_with(b"k8s_"))
            {
                self.lose(family, Ignorance::NeverPrinted, by, effects);
            }
        }
        self.stated = self.stated.take().filter(BTreeSet::is_empty);
    }

    /// Exactly these rules exist.
    pub(in crate::state::crio) fn know(
        &mut self,
        told: &BTreeSet<DnatRule>,
        by: Evidence,
        effects: &mut Effects,
    ) {
        self.stated = None;
        let lost = self.lost.take().is_some() | self.first_of_two.take().is_some();
        for family in FAMILIES {
            let told: BTreeSet<&DnatRule> =
                told.iter().filter(|rule| rule.family() == family).collect();
            let of = self.family_mut(family);
            let is = |rules: &Rules| rules.keys().eq(told.iter().copied());
            let contradicted = of.change.is_none()
                && of.unknown.is_none()
                && of.hidden.is_empty()
                && !lost
                && !is(&of.rules);
            if contradicted || of.rules.keys().any(|rule| !told.contains(rule)) {
                effects.remark(Remark::Contradiction, by);
            }
            // A change under way goes on if its rules are still as they were before it.
            let goes_on = of.change.as_ref().is_some_and(|change| {
                change
                    .rules
                    .keys()
                    .all(|rule| told.contains(rule) == (change.kind == Kind::Removing))
                    && change.complete
            });
            let mut change = of.change.take().filter(|_| goes_on);
            let mut rules = Rules::new();
            for rule in told {
                let underway = change.as_mut().is_some_and(|change| {
                    change.kind == Kind::Removing && change.rules.contains_key(rule)
                });
                if !underway {
                    let entry = of.rules.get(rule).cloned();
                    let stated = || Entry {
                        chains: BTreeSet::new(),
                        support: Support::new(by, Certainty::Stated),
                    };
                    rules.insert(rule.clone(), entry.unwrap_or_else(stated));
                }
            }
            of.change = change;
            self.replace(family, rules, by, effects);
        }
    }

    /// Exactly these ports are led to pods; by which rules is not said.
    pub(in crate::state::crio) fn know_ports(
        &mut self,
        told: &BTreeSet<HostPort>,
        by: Evidence,
        effects: &mut Effects,
    ) {
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
