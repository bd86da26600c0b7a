//! What the caller states of rules.

use super::{Entry, Exposure, FAMILIES, Kind, Rules, report_all};
use crate::event::Anomaly;
use crate::family::Family;
use crate::port::HostPort;
use crate::state::change::Change;
use crate::state::crio::checkpoint::DnatRule;
use crate::state::effects::Effects;
use crate::state::evidence::{Certainty, Evidence, Provenance};
use crate::state::known::{Unknown, UnknownReason};
use crate::state::opening::Scope;
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
                self.lose(family, UnknownReason::NeverPrinted, by, effects);
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
                effects.remark(Anomaly::Contradiction, by);
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
                        support: Provenance::new(by, Certainty::Stated),
                    };
                    rules.insert(rule.clone(), entry.unwrap_or_else(stated));
                }
            }
            of.change = change;
            self.replace(family, rules, by, effects);
        }
    }

    /// iptables holds exactly these rules; what nftables holds is not said.
    pub(in crate::state::crio) fn know_iptables(
        &mut self,
        told: &BTreeSet<DnatRule>,
        by: Evidence,
        effects: &mut Effects,
    ) {
        let known = |this: &Self, family: Family| {
            let of = this.family(family);
            let told = told.iter().filter(|rule| rule.family() == family);
            this.unknown(family).is_none() && of.rules.keys().eq(told)
        };
        let known: Vec<Family> =
            FAMILIES.into_iter().filter(|family| known(self, *family)).collect();
        if known == FAMILIES {
            // The log has told all of it already, what nftables holds included.
            return;
        }
        self.know(told, by, effects);
        for family in FAMILIES.into_iter().filter(|family| !known.contains(family)) {
            let why = UnknownReason::NftablesNotStated;
            self.family_mut(family).unknown = Some(Unknown::since(why, by));
            effects.changes.push(Change::BecameUnknown {
                scope: Scope::CrioRules { family },
                why,
                by,
            });
            report_all(family, &self.family(family).rules, effects);
        }
    }

    /// Rules are in iptables alone, so what was stated of iptables is all.
    pub(in crate::state::crio) fn none_in_nftables(&mut self, by: Evidence, effects: &mut Effects) {
        for family in FAMILIES {
            let of = self.family_mut(family);
            if of
                .unknown
                .take_if(|unknown| unknown.why == UnknownReason::NftablesNotStated)
                .is_some()
                && of.hidden.is_empty()
            {
                effects
                    .changes
                    .push(Change::BecameKnown { scope: Scope::CrioRules { family }, by });
                report_all(family, &of.rules, effects);
            }
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
                effects.remark(Anomaly::Contradiction, by);
                self.lose_all(UnknownReason::Unresolved, by, effects);
                self.stated = Some(told.clone());
            }
            Err(_) => {
                let surely: Vec<HostPort> = self.all_rules().map(|(rule, _)| rule.port).collect();
                if surely.iter().any(|port| !told.contains(port)) {
                    effects.remark(Anomaly::Contradiction, by);
                }
                self.stated = Some(told.clone());
            }
        }
    }
}
