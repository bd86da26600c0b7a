//! What a failed removal leaves behind.

use super::{Exposure, FAMILIES, Kind, merge};
use crate::event::Anomaly;
use crate::event::crio::Failure;
use crate::family::Family;
use crate::state::crio::checkpoint::DnatRule;
use crate::state::effects::Effects;
use crate::state::evidence::Evidence;
use crate::state::known::UnknownReason;
use crate::text::Text;
use alloc::vec::Vec;

impl Exposure {
    /// Rules of a pod could not be removed: they are still there.
    pub(in crate::state::crio) fn not_removed(
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
        let meant: Vec<Family> =
            FAMILIES.into_iter().filter(|family| self.may_remove(*family, pod, request)).collect();
        let untracked = self
            .untracked
            .has_one_of(&request.into_iter().map(|request| request.clone().into_owned()).collect());
        let failed = if untracked { Vec::new() } else { self.failed_of(&meant, failure) };
        if failed.is_empty() {
            // It cannot be told which, or what failed was not seen to begin, or what it left was
            // told by another request's input.
            let doubtful = if meant.is_empty() && !untracked { FAMILIES.to_vec() } else { meant };
            doubtful
                .into_iter()
                .for_each(|family| self.lose(family, UnknownReason::Unresolved, by, effects));
        } else {
            failed.into_iter().for_each(|family| self.take_back(family, by, effects));
        }
    }

    /// Which of the families that may be meant have failed; none if that cannot be told.
    fn failed_of(&self, meant: &[Family], failure: &Failure) -> Vec<Family> {
        let failures =
            failure.rules.len().saturating_add(usize::from(failure.rules_of_some_family));
        if failures >= meant.len() {
            return meant.to_vec();
        }
        // After success lines about sockets follow, and after failure none; with other requests at
        // work they may be theirs.
        let change = |family: Family| self.family(family).change.as_ref();
        let alone = meant
            .iter()
            .all(|family| change(*family).is_some_and(|change| change.removers.len() == 1));
        let success_seen = |family: Family| change(family).and_then(|change| change.success_seen);
        let told = meant.iter().all(|family| success_seen(*family).is_some());
        let silent: Vec<Family> =
            meant.iter().copied().filter(|family| success_seen(*family) == Some(false)).collect();
        if alone && told && silent.len() == failures {
            return silent;
        }
        // The tool of IPv6 names itself so; that of IPv4 may be a wrapper's name for both.
        if failure.rules == [Family::Ipv6] && !failure.rules_of_some_family {
            failure.rules.clone()
        } else {
            Vec::new()
        }
    }

    /// A line about sockets: the input before it was applied, if the line is surely of the same
    /// request.
    pub(in crate::state::crio) fn success_seen(&mut self, surely: bool) {
        if !surely {
            for family in FAMILIES {
                if let Some(change) = &mut self.family_mut(family).change {
                    change.success_seen = None;
                }
            }
            return;
        }
        let last = FAMILIES
            .into_iter()
            .filter_map(|family| {
                self.family(family).change.as_ref().map(|change| (change.by.at, family))
            })
            .max();
        if let Some(change) = last.and_then(|(_, family)| self.family_mut(family).change.as_mut()) {
            change.success_seen = change.success_seen.map(|_| true);
        }
    }

    fn may_remove(&self, family: Family, pod: &Text<'_>, request: Option<&Text<'_>>) -> bool {
        self.family(family)
            .change
            .as_ref()
            .filter(|change| change.kind == Kind::Removing)
            .is_some_and(|change| {
                let named = |rule: &DnatRule| {
                    let behind = rule.pod.as_bytes().strip_prefix(pod.as_bytes());
                    behind.is_some_and(|rest| rest.is_empty() || rest == b"_")
                };
                let owner = || {
                    request.is_some_and(|request| {
                        change.removers.contains(&request.clone().into_owned())
                    })
                };
                if change.complete && !change.rules.is_empty() {
                    change.rules.keys().any(named)
                } else {
                    owner()
                }
            })
    }

    fn take_back(&mut self, family: Family, by: Evidence, effects: &mut Effects) {
        let of = self.family_mut(family);
        let Some(change) = of.change.take() else { return };
        if !change.complete {
            self.lose(family, UnknownReason::Unresolved, by, effects);
            return;
        }
        let mut rules = of.rules.clone();
        merge(&mut rules, change.rules);
        effects.remark(Anomaly::TakenBack, by);
        self.replace(family, rules, by, effects);
    }
}
