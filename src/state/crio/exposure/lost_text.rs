//! Rules that are not told: by inputs whose text is lost (`"MESSAGE":null`, or cut by the journal
//! or by rsyslog), and on nftables.
//!
//! What they changed may still be told by the lines around them. An input that was printed while
//! one pod was being started brought rules of that pod and of no other; one that was printed while
//! one pod was being stopped took the rules of that pod. So the rules of all other pods stay known,
//! and when the pod has gone all is known again.

use super::restore_input::MOST_STARTS;
use super::{Exposure, FAMILIES, Rules, SandboxRules, UnloggedRules, report_all};
use crate::family::Family;
use crate::state::change::Change;
use crate::state::crio::checkpoint::DnatRule;
use crate::state::crio::requests::{Sandbox, names_pod};
use crate::state::effects::Effects;
use crate::state::evidence::Evidence;
use crate::state::known::{Unknown, UnknownReason};
use crate::state::opening::Scope;
use crate::text::Text;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

/// In whose course an input was printed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(tag = "type", rename_all = "snake_case")
)]
pub(in crate::state::crio) enum AnonymousLine {
    /// The start of this pod (`NAMESPACE/POD`), and nothing besides.
    Start { pod: Text<'static> },
    /// This request to stop a sandbox that was seen to start, and nothing besides.
    Removal { request: Text<'static> },
}

/// An input whose text is lost, of which it is not known yet which family it changed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct Lost {
    pub(super) doer: AnonymousLine,
    pub(super) by: Evidence,
}

/// How the rules are named that were not told, now that names stand there that were not there
/// before: if there is one for one.
pub(super) fn names(
    hidden: &BTreeMap<SandboxRules, UnloggedRules>,
    new: &BTreeSet<&Text<'static>>,
) -> Vec<(SandboxRules, Text<'static>)> {
    let name = |(mark, of): (&SandboxRules, &UnloggedRules)| {
        let mut mine = new.iter().filter(|name| names_pod(name.as_bytes(), of.pod.as_bytes()));
        let alone = hidden.values().filter(|other| other.pod == of.pod).count() == 1;
        let (Some(name), None, true) = (mine.next(), mine.next(), alone) else { return None };
        Some((*mark, (*name).clone()))
    };
    hidden.iter().filter_map(name).collect()
}

impl Exposure {
    /// The text of an input was lost, of this family or of one that is not known.
    pub(in crate::state::crio) fn lose_text(
        &mut self,
        family: Option<Family>,
        doer: Option<AnonymousLine>,
        by: Evidence,
        effects: &mut Effects,
    ) {
        self.stated = None;
        let calm = self.first_of_two.is_none()
            && FAMILIES.into_iter().all(|family| self.family(family).change.is_none());
        let same = |doer: &AnonymousLine| self.lost.as_ref().is_none_or(|lost| lost.doer == *doer);
        match doer.filter(|doer| calm && same(doer)) {
            Some(doer) => {
                for family in FAMILIES {
                    let of = self.family_mut(family);
                    of.text_lost = true;
                    if of.unknown.is_none() && of.hidden.is_empty() {
                        effects.changes.push(Change::BecameUnknown {
                            scope: Scope::CrioRules { family },
                            why: UnknownReason::CutMessage,
                            by,
                        });
                        report_all(family, &of.rules, effects);
                    }
                }
                self.lost.get_or_insert(Lost { doer, by });
            }
            None => {
                for one in
                    FAMILIES.into_iter().filter(|one| family.is_none_or(|family| family == *one))
                {
                    self.lose(one, UnknownReason::CutMessage, by, effects);
                    self.family_mut(one).text_lost = true;
                }
            }
        }
    }

    /// Rules of a pod were added to a family by an input whose text is lost.
    pub(in crate::state::crio) fn added_unseen(
        &mut self,
        family: Family,
        by: Evidence,
        effects: &mut Effects,
    ) {
        if let Some(Lost { doer: AnonymousLine::Start { pod }, by: since }) = self.lost.clone() {
            self.found(by, effects);
            self.hide(family, pod, Unknown::since(UnknownReason::CutMessage, since), effects);
        }
    }

    /// The start of a pod ended, well or not: what was added for it by an input whose text is lost
    /// is there, in one family or in both.
    pub(in crate::state::crio) fn start_ended_unseen(
        &mut self,
        pod: &Text<'_>,
        by: Evidence,
        effects: &mut Effects,
    ) {
        match self.lost.clone() {
            Some(Lost { doer: AnonymousLine::Start { pod: started }, by: since })
                if started.as_bytes() == pod.as_bytes() =>
            {
                self.found(by, effects);
                let why = Unknown::since(UnknownReason::CutMessage, since);
                FAMILIES
                    .into_iter()
                    .for_each(|family| self.hide(family, started.clone(), why, effects));
            }
            _ => {}
        }
    }

    /// A pod is being started, and no other sandbox of it: what is left of an earlier start, whose
    /// end was not seen, is not its own.
    pub(in crate::state::crio) fn starting(&mut self, pod: &Text<'_>) {
        self.comments.retain(|comment| !names_pod(comment.as_bytes(), pod.as_bytes()));
        self.hiding.retain(|(of, _), _| of.as_bytes() != pod.as_bytes());
    }

    /// One of several starts of a pod ended, and which of them brought what was told cannot be
    /// told.
    pub(in crate::state::crio) fn starts_unclear(
        &mut self,
        pod: &Text<'_>,
        by: Evidence,
        effects: &mut Effects,
    ) {
        self.starting(pod);
        for family in self.adding_for(pod) {
            self.lose(family, UnknownReason::Unresolved, by, effects);
        }
    }

    /// A start ended whose beginning was not seen: what was taken for the rules of another pod may
    /// be those of this one.
    pub(in crate::state::crio) fn start_was_unseen(&mut self, by: Evidence, effects: &mut Effects) {
        for family in FAMILIES {
            if self.lost.is_some() || !self.family(family).hidden.is_empty() {
                self.lose(family, UnknownReason::Gap, by, effects);
            }
        }
    }

    /// No request is under way any more whose end will be seen.
    pub(in crate::state::crio) fn forget_requests(&mut self) {
        self.comments.clear();
        self.hiding.clear();
        self.untracked.clear();
    }

    /// What the start of a pod brought, now that it ended.
    pub(in crate::state::crio) fn brought(&mut self, pod: &Text<'_>) -> Sandbox {
        let (mut mine, others) = core::mem::take(&mut self.comments)
            .into_iter()
            .partition::<BTreeSet<_>, _>(|c| names_pod(c.as_bytes(), pod.as_bytes()));
        self.comments = others;
        // Rules of two sandboxes of one pod, started side by side: whose are whose cannot be told.
        let several = mine.len() > 1;
        let comment = mine.pop_first().filter(|_| !several);
        let pod = pod.clone().into_owned();
        let hiding = &mut self.hiding;
        let hidden = FAMILIES
            .into_iter()
            .filter_map(|family| Some((family, hiding.remove(&(pod.clone(), family))?)))
            .collect();
        Sandbox { pod, comment, hidden }
    }

    /// How rules are named that were not told before.
    pub(in crate::state::crio) fn take_named(&mut self) -> Vec<(SandboxRules, Text<'static>)> {
        core::mem::take(&mut self.named)
    }

    /// A sandbox was stopped, and no failure was reported: none of its rules is left.
    pub(in crate::state::crio) fn sandbox_gone(
        &mut self,
        request: &Text<'_>,
        sandbox: &Sandbox,
        by: Evidence,
        effects: &mut Effects,
    ) {
        let unseen = match &self.lost {
            Some(Lost { doer: AnonymousLine::Removal { request: lost }, .. }) => {
                lost.as_bytes() == request.as_bytes()
            }
            _ => false,
        };
        if unseen {
            self.found(by, effects);
        }
        for family in FAMILIES {
            let never_told = sandbox
                .hidden
                .get(&family)
                .is_some_and(|mark| self.unhide(family, *mark, by, effects));
            if never_told || !unseen {
                continue;
            }
            let of = self.family(family);
            let gone = |rule: &DnatRule| match &sandbox.comment {
                Some(comment) => rule.pod == *comment,
                None => names_pod(rule.pod.as_bytes(), sandbox.pod.as_bytes()),
            };
            let left: Rules = of
                .rules
                .iter()
                .filter(|(rule, _)| !gone(rule))
                .map(|(rule, entry)| (rule.clone(), entry.clone()))
                .collect();
            if left.len() == of.rules.len() {
                continue;
            }
            if sandbox.comment.is_none() {
                // These rules are of the pod, and of which of its sandboxes was not told.
                self.lose(family, UnknownReason::CutMessage, by, effects);
                continue;
            }
            // What is not known besides stays so: rules of others that are not told, or those of a
            // back end that nobody looked at.
            let of = self.family_mut(family);
            let (hidden, unknown) = (core::mem::take(&mut of.hidden), of.unknown.take());
            self.replace(family, left, by, effects);
            let of = self.family_mut(family);
            (of.hidden, of.unknown) = (hidden, unknown);
        }
    }

    /// Rules that were not told are gone. False if they were told meanwhile.
    fn unhide(
        &mut self,
        family: Family,
        mark: SandboxRules,
        by: Evidence,
        effects: &mut Effects,
    ) -> bool {
        let of = self.family_mut(family);
        if of.hidden.remove(&mark).is_none() {
            return false;
        }
        if of.hidden.is_empty() && of.unknown.is_none() {
            effects.changes.push(Change::BecameKnown { scope: Scope::CrioRules { family }, by });
            report_all(family, &of.rules, effects);
        }
        true
    }

    /// A removal ended that was not the whole of one pod's rules.
    pub(in crate::state::crio) fn removal_unclear(
        &mut self,
        request: &Text<'_>,
        by: Evidence,
        effects: &mut Effects,
    ) {
        match &self.lost {
            Some(Lost { doer: AnonymousLine::Removal { request: lost }, .. })
                if lost.as_bytes() == request.as_bytes() =>
            {
                self.lose_all(UnknownReason::CutMessage, by, effects);
            }
            _ => {}
        }
    }

    /// It is clear what an input changed whose text is lost: what was known before it is known
    /// again.
    fn found(&mut self, by: Evidence, effects: &mut Effects) {
        self.lost = None;
        for family in FAMILIES {
            let of = self.family_mut(family);
            of.text_lost = false;
            if of.unknown.is_none() && of.hidden.is_empty() {
                effects
                    .changes
                    .push(Change::BecameKnown { scope: Scope::CrioRules { family }, by });
                report_all(family, &of.rules, effects);
            }
        }
    }

    /// Rules of a pod were added to a family without a word, as its nftables manager does. `None`:
    /// it is not known of which pod.
    pub(in crate::state::crio) fn added_untold(
        &mut self,
        family: Family,
        pod: Option<Text<'static>>,
        by: Evidence,
        effects: &mut Effects,
    ) {
        self.stated = None;
        match pod {
            Some(pod) => {
                self.hide(family, pod, Unknown::since(UnknownReason::NeverPrinted, by), effects)
            }
            None => self.lose(family, UnknownReason::NeverPrinted, by, effects),
        }
    }

    fn hide(&mut self, family: Family, pod: Text<'static>, why: Unknown, effects: &mut Effects) {
        if self.hiding.contains_key(&(pod.clone(), family)) {
            return;
        }
        let mark = self.next_mark;
        self.next_mark = mark.wrapping_add(1);
        let of = self.family_mut(family);
        if let (None, true, Some(by)) = (of.unknown, of.hidden.is_empty(), why.since) {
            effects.changes.push(Change::BecameUnknown {
                scope: Scope::CrioRules { family },
                why: why.why,
                by,
            });
            report_all(family, &of.rules, effects);
        }
        of.hidden.insert(mark, UnloggedRules { pod: pod.clone(), why });
        if self.hiding.len() < MOST_STARTS {
            self.hiding.insert((pod, family), mark);
        }
    }
}
