//! The fold: what each event does to the set of rules.

use super::super::change::Change;
use super::super::effects::Effects;
use super::super::evidence::{Certainty, Evidence, Provenance};
use super::super::known::{Unknown, UnknownReason};
use super::super::opening::Scope;
use super::checkpoint::Statement;
use super::resync::{Process, RULE_LEVEL, Sync, Verbosity};
use super::rules::{FailureReports, PortKey};
use super::{FAMILIES, Ovnkube};
use crate::event::Anomaly;
use crate::event::ovnkube::{Chain, Event, JumpTo, PortRule, Role, Rule};
use crate::family::Family;
use crate::text::Text;
use alloc::collections::BTreeSet;
use alloc::vec::Vec;

/// How many deleted rules are remembered in case of a failure.
const MAX_DELETED: usize = 1024;

/// What a rule line does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Adding,
    Deleting,
    AddFailed,
    DeleteFailed,
    DeletedMissing,
    MaybeAdding,
    MaybeDeleting,
}

impl Ovnkube {
    pub(super) fn fold(&mut self, event: &Event<'_>, by: Evidence, effects: &mut Effects) {
        self.seen.anything = true;
        match event {
            Event::ProcessSeen { pid } => self.see_process(*pid, by, effects),
            Event::Starting => self.start(None, true, by, effects),
            Event::LoggingConfig { level } => self.learn_level(*level, by, effects),
            Event::ServicesSynced => self.services_synced(by, effects),
            Event::Adding { rule } => {
                self.rule_line();
                self.end_sync();
                if let Role::Jump { to: JumpTo::Publishing(to) } = rule.role {
                    self.jump(rule.family, &rule.chain, to, by, effects);
                }
                self.step(rule, Step::Adding, by, effects);
            }
            Event::Deleting { rule } => {
                self.rule_line();
                self.end_sync();
                if matches!(rule.role, Role::Publishes { .. }) {
                    self.handlers_run(by, effects);
                }
                self.step(rule, Step::Deleting, by, effects);
            }
            Event::Ignoring { rule } => {
                self.rule_line();
                self.process.restores = true;
                self.name_kept(rule, by, effects);
            }
            Event::AddFailed { rule } => self.step(rule, Step::AddFailed, by, effects),
            Event::DeleteFailed { rule, missing: false } => {
                self.step(rule, Step::DeleteFailed, by, effects)
            }
            Event::DeleteFailed { rule, missing: true } => {
                self.step(rule, Step::DeletedMissing, by, effects)
            }
            Event::ChainExists { table, chain } => {
                self.process.verbosity = Verbosity::Enough;
                if let Some(chain) = Chain::in_table(table.as_bytes(), chain.as_bytes()) {
                    self.process.existed(chain);
                }
            }
            Event::Creating { .. } => {
                self.process.fresh = false;
                self.process.restores = true;
            }
            Event::Recreating { table, chain } => self.recreate(table, chain, by, effects),
            Event::GrammarError => self.lose(UnknownReason::CutMessage, by, effects),
            Event::UnclearAdding { rule } => self.step(rule, Step::MaybeAdding, by, effects),
            Event::UnclearDeleting { rule } => self.step(rule, Step::MaybeDeleting, by, effects),
            Event::UnclearRecreating { table, chain } => {
                if Chain::in_table(table.as_bytes(), chain.as_bytes()).is_some() {
                    self.lose(UnknownReason::Ambiguous, by, effects);
                }
            }
        }
    }

    /// Everything held becomes unknown.
    pub(super) fn lose(&mut self, why: UnknownReason, by: Evidence, effects: &mut Effects) {
        let proven = self.rules.open().next().is_some();
        if proven && !self.is_known() {
            // If all was known until now, the same is told where the change is complete.
            effects.changes.push(Change::BecameUnknown { scope: Scope::Ovnkube, why, by });
        }
        self.rules.clear(None);
        self.deleted.clear();
        self.mark_unknown(Unknown::since(why, by));
    }

    fn rule_line(&mut self) {
        self.seen.rule_line = true;
        self.process.fresh = false;
        self.process.verbosity = Verbosity::Enough;
    }

    // The life of the process.

    fn see_process(&mut self, pid: u32, by: Evidence, effects: &mut Effects) {
        match self.process.pid {
            Some(known) if known == pid => {}
            // The start script's echo, or a line that lost its header, names no process.
            None if self.process.fresh || !self.process.start_seen => self.process.pid = Some(pid),
            _ => self.start(Some(pid), false, by, effects),
        }
    }

    fn start(&mut self, pid: Option<u32>, start_seen: bool, by: Evidence, effects: &mut Effects) {
        if self.process.fresh && start_seen {
            // A second sign of the same start: the script's echo, the process's number, its first
            // line.
            self.process.start_seen = true;
            return;
        }
        self.lose(UnknownReason::Restart, by, effects);
        self.process = Process::starting(pid, start_seen);
    }

    fn learn_level(&mut self, level: Option<u32>, by: Evidence, effects: &mut Effects) {
        self.start(None, true, by, effects);
        match level {
            Some(level) if level < RULE_LEVEL => {
                self.process.verbosity = Verbosity::TooLow { level };
                self.mark_unknown(Unknown::since(UnknownReason::NeverPrinted, by));
            }
            Some(_) => self.process.verbosity = Verbosity::Enough,
            None => {}
        }
    }

    fn jump(
        &mut self,
        family: Family,
        from: &Text<'_>,
        to: Chain,
        by: Evidence,
        effects: &mut Effects,
    ) {
        if self.process.is_over(family, from, to) {
            let pid = self.process.pid;
            self.lose(UnknownReason::Restart, by, effects);
            self.process = Process::jumping(pid);
        }
        self.process.add_jump(family, from, to);
        if self.process.made(to) {
            self.unknown.remove(&(family, to));
            if family == Family::Ipv4 {
                // A cluster without IPv6 never names it; one with IPv6 makes the chains of both
                // before the first jump.
                self.unknown.remove(&(Family::Ipv6, to));
            }
        }
    }

    /// The start is over. Up to April 2024 every chain was flushed in it, and what was kept was
    /// added again, in lines.
    fn services_synced(&mut self, by: Evidence, effects: &mut Effects) {
        if self.process.starting
            && !self.process.restores
            && self.process.has_jumps(&[Chain::NodePort, Chain::ExternalIp])
        {
            self.unknown.retain(|_, unknown| {
                !matches!(
                    unknown.why,
                    UnknownReason::BeforeLog
                        | UnknownReason::Restart
                        | UnknownReason::NftablesNotStated
                )
            });
        }
        if self.process.serve() {
            self.lose(UnknownReason::Restart, by, effects);
        }
    }

    /// A rule that opens ports is deleted only by the handlers of services and endpoints, which run
    /// when the start is over. A log in which that line is missing may have been filtered, so
    /// the jump rule into the chain that the documentation's own filter leaves out must be
    /// there.
    fn handlers_run(&mut self, by: Evidence, effects: &mut Effects) {
        if self.process.starting && !self.process.restores && self.process.has_jumps(&Chain::ALL) {
            self.services_synced(by, effects);
        }
    }

    // The rebuilding of chains, from April 2024 on.

    fn recreate(
        &mut self,
        table: &Text<'_>,
        chain: &Text<'_>,
        by: Evidence,
        effects: &mut Effects,
    ) {
        self.process.fresh = false;
        self.process.restores = true;
        let first = *table == "nat" && *chain == "OVN-KUBE-ITP";
        let first_seen = self.process.start_seen && !self.process.has_synced;
        if first || (self.process.sync.is_none() && first_seen) {
            self.process.sync = Some(Sync::default());
            self.process.has_synced = true;
            self.process.born = true;
            self.process.starting = true;
            self.rules.forget_statements();
            self.mark_unknown(Unknown::since(UnknownReason::Restart, by));
        }
        if *table == "mangle"
            && *chain == "OVN-KUBE-ITP"
            && let Some(sync) = &mut self.process.sync
        {
            sync.last = true;
        }
        if let Some(chain) = Chain::in_table(table.as_bytes(), chain.as_bytes()) {
            self.rebuild(chain, by, effects);
        }
    }

    fn rebuild(&mut self, chain: Chain, by: Evidence, effects: &mut Effects) {
        let mut closed = Vec::new();
        self.rules.clear_chain(chain, |key| closed.push(key));
        for key in closed {
            effects.changes.push(Change::Closed { opening: key.opening(), by });
        }
        self.deleted.retain(|(_, rule), _| rule.chain != chain);
        let level = self.process.verbosity;
        let Some(sync) = &mut self.process.sync else {
            self.mark_chain(chain, Unknown::since(UnknownReason::Restart, by));
            return;
        };
        sync.rebuilt.insert(chain);
        let names: Vec<_> =
            sync.names.keys().filter(|(_, rule)| rule.chain == chain).copied().collect();
        let unreadable: Vec<_> = sync
            .unreadable
            .iter()
            .filter(|((_, at, _), _)| *at == chain)
            .map(|(k, v)| (k.clone(), *v))
            .collect();
        let why = match level {
            _ if sync.overflow => Some(UnknownReason::Limit),
            Verbosity::Enough => None,
            Verbosity::Unknown | Verbosity::TooLow { .. } => Some(UnknownReason::NeverPrinted),
        };
        match why {
            Some(why) => self.mark_chain(chain, Unknown::since(why, by)),
            None => self.mark_known(chain),
        }
        for (family, rule) in names {
            let turn = self.rules.insert(family, rule, Provenance::new(by, Certainty::Reported));
            self.report(PortKey::of(family, &rule), turn, by, effects);
        }
        for ((family, chain, args), at) in unreadable {
            self.rules.insert_unreadable(family, chain, args, at);
        }
    }

    fn mark_chain(&mut self, chain: Chain, why: Unknown) {
        for family in FAMILIES {
            self.unknown.insert((family, chain), why);
        }
    }

    fn name_kept(&mut self, rule: &Rule<'_>, by: Evidence, effects: &mut Effects) {
        let full = self.is_full();
        let Some(sync) = &mut self.process.sync else { return };
        let kept = match rule.role {
            Role::Publishes { rule } => rule.chain,
            Role::Unreadable { .. } => {
                match Chain::in_table(rule.table.as_bytes(), rule.chain.as_bytes()) {
                    Some(chain) => chain,
                    None => return,
                }
            }
            _ => return,
        };
        if full {
            sync.overflow = true;
            self.drop_for_limit(rule.family, kept, by, effects);
            return;
        }
        let filled = sync.rebuilt.contains(&kept);
        if let Role::Publishes { rule: published } = rule.role {
            sync.names.entry((rule.family, published)).or_insert(by);
        } else {
            let key = (rule.family, kept, rule.args.clone().into_owned());
            sync.unreadable.entry(key).or_insert(by);
            Self::remark_on(rule.role, by, effects);
        }
        if filled && let Role::Publishes { rule: published } = rule.role {
            let turn =
                self.rules.insert(rule.family, published, Provenance::new(by, Certainty::Reported));
            self.report(PortKey::of(rule.family, &published), turn, by, effects);
        } else if filled {
            self.rules.insert_unreadable(rule.family, kept, rule.args.clone().into_owned(), by);
        }
    }

    /// A sync is over when its last chain has had its turn and ovnkube does something else.
    fn end_sync(&mut self) {
        if self.process.sync.as_ref().is_some_and(|sync| sync.last) {
            self.process.sync = None;
            self.process.starting = false;
        }
    }

    // Single rules.

    fn is_full(&self) -> bool {
        let named = self.process.sync.as_ref().map_or(0, Sync::size);
        self.rules.size().saturating_add(named) >= self.limits.max_keys
    }

    fn drop_for_limit(
        &mut self,
        family: Family,
        chain: Chain,
        by: Evidence,
        effects: &mut Effects,
    ) {
        effects.remark(Anomaly::LimitReached, by);
        self.unknown.insert((family, chain), Unknown::since(UnknownReason::Limit, by));
    }

    fn step(&mut self, rule: &Rule<'_>, step: Step, by: Evidence, effects: &mut Effects) {
        if matches!(step, Step::Adding | Step::MaybeAdding) {
            Self::remark_on(rule.role, by, effects);
        }
        match rule.role {
            Role::Publishes { rule: published } => {
                self.readable(rule, &published, step, by, effects);
            }
            Role::Unreadable { .. } => {
                if let Some(chain) = Chain::in_table(rule.table.as_bytes(), rule.chain.as_bytes()) {
                    self.unreadable(rule, chain, step, by, effects);
                }
            }
            _ => {}
        }
    }

    fn readable(
        &mut self,
        whole: &Rule<'_>,
        rule: &PortRule,
        step: Step,
        by: Evidence,
        effects: &mut Effects,
    ) {
        if matches!(step, Step::Adding | Step::Deleting) {
            self.process.had_rules = true;
            self.works_by_iptables();
        }
        let family = whole.family;
        let key = PortKey::of(family, rule);
        let turn = match step {
            Step::Adding => {
                self.deleted.remove(&(family, *rule));
                return self.add(whole, by, effects);
            }
            Step::Deleting => {
                let (turn, support) = self.rules.remove(family, rule, by);
                if self.deleted.len() >= MAX_DELETED.min(self.limits.max_keys) {
                    self.deleted.clear();
                }
                let (_, times) = self.deleted.entry((family, *rule)).or_insert((support, 0));
                *times = times.saturating_add(1);
                turn
            }
            Step::AddFailed => {
                effects.remark(Anomaly::TakenBack, by);
                self.deleted.remove(&(family, *rule));
                let tries = if self.process.starting {
                    FailureReports::Deduplicated
                } else {
                    FailureReports::Each
                };
                self.rules.retract(family, rule, tries, by)
            }
            Step::DeleteFailed => {
                effects.remark(Anomaly::TakenBack, by);
                return self.delete_failed(whole, rule, by, effects);
            }
            Step::DeletedMissing => self.rules.drop_missing(family, rule),
            Step::MaybeAdding if self.is_full() => {
                return self.drop_for_limit(family, rule.chain, by, effects);
            }
            Step::MaybeAdding => self.rules.doubt_adding(family, *rule, by),
            Step::MaybeDeleting => self.rules.doubt_deleting(family, *rule, by),
        };
        self.report(key, turn, by, effects);
    }

    /// The rule is there, or about to be.
    fn add(&mut self, rule: &Rule<'_>, by: Evidence, effects: &mut Effects) {
        let family = rule.family;
        match rule.role {
            Role::Publishes { rule } => {
                if !self.rules.holds(family, &rule) && self.is_full() {
                    return self.drop_for_limit(family, rule.chain, by, effects);
                }
                let turn =
                    self.rules.announce(family, rule, Provenance::new(by, Certainty::Reported));
                self.report(PortKey::of(family, &rule), turn, by, effects);
            }
            Role::Unreadable { .. } => {
                let Some(chain) = Chain::in_table(rule.table.as_bytes(), rule.chain.as_bytes())
                else {
                    return;
                };
                if self.is_full() {
                    return self.drop_for_limit(family, chain, by, effects);
                }
                self.rules.insert_unreadable(family, chain, rule.args.clone().into_owned(), by);
            }
            _ => {}
        }
    }

    /// ovnkube tries to delete a rule more than once, and looks first whether it is there. From
    /// April 2024 on every failure is reported, so the rule stays only if as many are reported
    /// as there were tries; before, equal failures are reported once.
    fn delete_failed(
        &mut self,
        whole: &Rule<'_>,
        rule: &PortRule,
        by: Evidence,
        effects: &mut Effects,
    ) {
        let family = whole.family;
        let mut support = None;
        if let Some((before, times)) = self.deleted.get_mut(&(family, *rule)) {
            *times = times.saturating_sub(1);
            if self.process.restores && *times > 0 {
                return;
            }
            support = *before;
            self.deleted.remove(&(family, *rule));
        }
        if self.process.verbosity != Verbosity::Enough {
            // The rule is there now, but the line of a later try that deletes it would not be seen.
            return;
        }
        if self.is_full() && !self.rules.holds(family, rule) {
            return self.drop_for_limit(family, rule.chain, by, effects);
        }
        let turn = self.rules.insert(
            family,
            *rule,
            support.unwrap_or(Provenance::new(by, Certainty::Reported)),
        );
        self.report(PortKey::of(family, rule), turn, by, effects);
    }

    fn unreadable(
        &mut self,
        rule: &Rule<'_>,
        chain: Chain,
        step: Step,
        by: Evidence,
        effects: &mut Effects,
    ) {
        match step {
            Step::Adding | Step::DeleteFailed => self.add(rule, by, effects),
            Step::Deleting => {
                if !self.rules.remove_unreadable(rule.family, chain, &rule.args)
                    && self.unknown.is_empty()
                {
                    // A rule that was not known to be there: the ports that it held may be among
                    // those the caller stated.
                    self.unknown.insert(
                        (rule.family, chain),
                        Unknown::since(UnknownReason::Unresolved, by),
                    );
                }
            }
            Step::AddFailed | Step::DeletedMissing => {
                self.rules.remove_unreadable(rule.family, chain, &rule.args);
            }
            Step::MaybeAdding | Step::MaybeDeleting => {
                self.unknown
                    .insert((rule.family, chain), Unknown::since(UnknownReason::Ambiguous, by));
            }
        }
    }

    // Facts.

    /// ovnkube works by iptables, so what was stated of iptables is all.
    fn works_by_iptables(&mut self) {
        self.process.by_iptables = true;
        self.unknown.retain(|_, unknown| unknown.why != UnknownReason::NftablesNotStated);
    }

    pub(super) fn take(&mut self, facts: &Statement, by: Evidence, effects: &mut Effects) {
        if !self.process.keeps_facts() {
            return;
        }
        if facts.rules.iter().any(|stated| stated.has_chains) {
            self.works_by_iptables();
        }
        for stated in &facts.rules {
            self.take_rules(stated.family, &stated.rules, by, effects);
        }
        if let Some(open) = &facts.open {
            let keys = open.iter().map(|port| port.key()).collect();
            self.take_ports(&keys, by, effects);
        }
    }

    fn take_rules(
        &mut self,
        family: Family,
        rules: &[Rule<'static>],
        by: Evidence,
        effects: &mut Effects,
    ) {
        let published = rules.iter().filter_map(|rule| match rule.role {
            Role::Publishes { rule: published } if rule.family == family => Some(published),
            _ => None,
        });
        let stated: BTreeSet<PortRule> = published.collect();
        let was_known =
            Chain::ALL.iter().all(|chain| !self.unknown.contains_key(&(family, *chain)));
        let held: Vec<(PortRule, Provenance)> = self
            .rules
            .open()
            .filter(|(key, _)| key.family == family)
            .flat_map(|(key, _)| self.rules.of_port(key))
            .collect();
        let contradicts = held.iter().any(|(rule, _)| !stated.contains(rule))
            || (was_known && held.len() != stated.len());
        if contradicts {
            effects.remark(Anomaly::Contradiction, by);
        }
        let before: Vec<PortKey> = self.rules.open().map(|(key, _)| key).collect();
        self.rules.clear(Some(family));
        self.deleted.retain(|(of, _), _| *of != family);
        self.unknown.retain(|(of, _), _| *of != family);
        if !self.process.by_iptables && (contradicts || !was_known) {
            let why = Unknown::since(UnknownReason::NftablesNotStated, by);
            self.unknown.extend(Chain::ALL.map(|chain| ((family, chain), why)));
        }
        for rule in rules {
            if let Role::Publishes { rule: published } = rule.role {
                let older =
                    held.iter().find(|(held, _)| *held == published).map(|(_, support)| *support);
                if self.is_full() {
                    self.drop_for_limit(family, published.chain, by, effects);
                    break;
                }
                self.rules.insert(
                    family,
                    published,
                    older.unwrap_or(Provenance::new(by, Certainty::Stated)),
                );
            } else {
                self.add(rule, by, effects);
            }
        }
        self.report_difference(&before, by, effects);
    }

    fn take_ports(&mut self, stated: &BTreeSet<PortKey>, by: Evidence, effects: &mut Effects) {
        let complete = self.is_known();
        let before: Vec<PortKey> = self.rules.open().map(|(key, _)| key).collect();
        let known: Vec<PortKey> = self.rules.keys().collect();
        let missing = complete && stated.iter().any(|key| !self.rules.is_open(key));
        if missing || before.iter().any(|key| !stated.contains(key)) {
            effects.remark(Anomaly::Contradiction, by);
        }
        for key in known.iter().filter(|key| !stated.contains(key)) {
            self.rules.forget(*key);
        }
        self.deleted.clear();
        self.rules.forget_unreadable();
        self.unknown.clear();
        for key in stated {
            if self.is_full() && !self.rules.is_open(key) {
                self.drop_for_limit(key.family, Chain::NodePort, by, effects);
                break;
            }
            self.rules.state(*key, by, complete);
        }
        self.report_difference(&before, by, effects);
    }

    fn report_difference(&self, before: &[PortKey], by: Evidence, effects: &mut Effects) {
        for key in before.iter().filter(|key| !self.rules.is_open(key)) {
            effects.changes.push(Change::Closed { opening: key.opening(), by });
        }
        for (key, support) in self.rules.open().filter(|(key, _)| !before.contains(key)) {
            effects.changes.push(super::opened(key, support));
        }
    }
}
