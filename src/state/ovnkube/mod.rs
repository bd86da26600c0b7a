//! ovnkube's host ports: the set of exact rules that its lines add and delete, as the kernel holds
//! them.

mod checkpoint;
mod fold;
mod resync;
mod rules;

pub use checkpoint::{StatedPort, StatedRules, Statement};
pub use rules::PortKey;

use super::change::Change;
use super::effects::Effects;
use super::evidence::{Evidence, Provenance};
use super::known::{Unknown, UnknownReason};
use super::opening::{Opening, Scope};
use crate::event::ovnkube::{Chain, Event, PortRule, Role};
use crate::event::{Anomaly, Source, journal};
use crate::family::Family;
use crate::limits::Limits;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use resync::{Process, Verbosity};
use rules::{Rules, Transition};

/// What is known of the host ports that ovnkube opens on one host (OVN-Kubernetes of June 2020 to
/// December 2024).
///
/// The state is a set of exact rules. A port is open while at least one rule holds it; lines are
/// never counted, for ovnkube logs the same change many times. A rule counts from the line that
/// announces it, and a failure reported later takes it back. What several tries of one change came
/// to is told from how many of them are reported to have failed, as far as the version reports
/// each; up to April 2024 ovnkube merges equal error texts of tries to delete, and then all of them
/// count as failed.
///
/// What the set holds is complete, per family and chain, when the log shows it: a chain that the
/// process itself made, the end of a start (see [`Event::ServicesSynced`]), a rebuilt chain, or a
/// [`Statement`]. Until then [`Self::open`] is unknown.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Ovnkube {
    limits: Limits,
    rules: Rules,
    /// Why a chain may hold rules that are not in the set; a chain that is not named here is
    /// known.
    #[cfg_attr(feature = "serde", serde(with = "crate::serde_map_as_list"))]
    unknown: BTreeMap<(Family, Chain), Unknown>,
    process: Process,
    /// Rules that were deleted, with what supported them and how often they were deleted, in case
    /// it is reported to have failed.
    #[cfg_attr(feature = "serde", serde(with = "crate::serde_map_as_list"))]
    deleted: BTreeMap<(Family, PortRule), (Option<Provenance>, u32)>,
    seen: Seen,
}

/// What kinds of lines the log has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
struct Seen {
    anything: bool,
    rule_line: bool,
}

const FAMILIES: [Family; 2] = [Family::Ipv4, Family::Ipv6];

/// What this log can tell at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(tag = "type", rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum Voice {
    /// Not a line of ovnkube's about rules or its start.
    Silent,
    /// ovnkube started, and not one rule line follows: it prints them from level 5 on only.
    NoRuleLines,
    /// ovnkube itself told a verbosity at which it prints no rule lines.
    TooQuiet {
        /// The level; rule lines are printed from 5 on.
        level: u32,
    },
    /// There are rule lines.
    Speaks,
}

/// A port that is open, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct OpenPort {
    /// The port.
    pub port: PortKey,
    /// The rules that the log, or the caller, showed to hold it; printed as ovnkube prints them.
    /// Of a port that was only stated there may be none.
    pub rules: Vec<(PortRule, Provenance)>,
    /// Since which line it is open, and how sure that is.
    pub support: Provenance,
}

impl Ovnkube {
    /// Nothing known, with bounds on what is held.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        let mut new = Self {
            limits,
            rules: Rules::default(),
            unknown: BTreeMap::new(),
            process: Process::default(),
            deleted: BTreeMap::new(),
            seen: Seen::default(),
        };
        new.mark_unknown(Unknown::BEFORE_LOG);
        new
    }

    /// All ports that are open, in order, each with the rules that hold it.
    ///
    /// # Errors
    /// Why, and since when, the log cannot tell.
    pub fn open(&self) -> Result<Vec<OpenPort>, Unknown> {
        match self.first_unknown() {
            Some(unknown) => Err(unknown),
            None => Ok(self.at_least()),
        }
    }

    /// The ports that are surely open, whatever else is unknown.
    #[must_use]
    pub fn at_least(&self) -> Vec<OpenPort> {
        let open = self.rules.open();
        open.map(|(port, support)| OpenPort {
            port,
            support,
            rules: self.rules.of_port(port).collect(),
        })
        .collect()
    }

    /// Everything that is surely open, and by which line.
    pub fn openings(&self) -> impl Iterator<Item = (Opening, Provenance)> + '_ {
        self.rules.open().map(|(key, support)| (key.opening(), support))
    }

    /// What cannot be told, why, and since when.
    pub fn unknowns(&self) -> impl Iterator<Item = (Scope, Unknown)> + '_ {
        self.first_unknown().map(|unknown| (Scope::Ovnkube, unknown)).into_iter()
    }

    /// What this log can tell at all.
    #[must_use]
    pub const fn voice(&self) -> Voice {
        match self.process.verbosity {
            _ if self.seen.rule_line => Voice::Speaks,
            Verbosity::TooLow { level } => Voice::TooQuiet { level },
            _ if self.seen.anything => Voice::NoRuleLines,
            _ => Voice::Silent,
        }
    }

    /// Why the set may not be the whole truth; `None` if it is.
    fn first_unknown(&self) -> Option<Unknown> {
        let chain = self.unknown.values().min_by_key(|unknown| unknown.since).copied();
        let doubt =
            || self.rules.first_doubt().map(|at| Unknown::since(UnknownReason::Ambiguous, at));
        let unreadable = || {
            self.rules.first_unreadable().map(|at| Unknown::since(UnknownReason::Unresolved, at))
        };
        chain.or_else(doubt).or_else(unreadable)
    }

    fn is_known(&self) -> bool {
        self.unknown.is_empty() && !self.rules.has_doubt() && !self.rules.has_unreadable()
    }

    fn mark_unknown(&mut self, why: Unknown) {
        for family in FAMILIES {
            for chain in Chain::ALL {
                self.unknown.insert((family, chain), why);
            }
        }
    }

    fn mark_known(&mut self, chain: Chain) {
        for family in FAMILIES {
            self.unknown.remove(&(family, chain));
        }
    }

    /// Folds in what a record says.
    pub fn apply(&mut self, event: &Event<'_>, by: Evidence, effects: &mut Effects) {
        self.report_known_change(by, effects, |this, effects| this.fold(event, by, effects));
    }

    /// Folds in what the journal says; of no effect if it is about another program.
    pub fn apply_journal(
        &mut self,
        event: &journal::Event<'_>,
        by: Evidence,
        effects: &mut Effects,
    ) {
        let why = match event {
            journal::Event::Boot { .. } => UnknownReason::Restart,
            // Where no rule is there is nothing that a start would end.
            journal::Event::BootOfOne { .. } if self.is_known() && self.at_least().is_empty() => {
                return;
            }
            journal::Event::BootOfOne { .. } => UnknownReason::MayHaveBooted,
            journal::Event::Lost { source: Source::Ovnkube } => UnknownReason::CutMessage,
            journal::Event::Missing { what, cause } if what.concerns(Source::Ovnkube) => {
                (*cause).into()
            }
            journal::Event::Suppressed { source: Some(Source::Ovnkube), .. }
            | journal::Event::TextLost { source: Some(Source::Ovnkube), .. } => UnknownReason::Gap,
            _ => return,
        };
        self.report_known_change(by, effects, |this, effects| {
            this.lose(why, by, effects);
            if why == UnknownReason::Restart {
                this.process = Process::default();
            }
        });
    }

    /// Lines are missing, or their order tells nothing: anything may have changed.
    pub(in crate::state) fn lose_sight(
        &mut self,
        why: UnknownReason,
        by: Evidence,
        effects: &mut Effects,
    ) {
        self.report_known_change(by, effects, |this, effects| this.lose(why, by, effects));
    }

    /// Takes facts as true from here on.
    ///
    /// They are not taken while ovnkube starts, for it empties chains then without a line, and not
    /// if its start was seen but no sign that it prints rule lines: what it changes would go
    /// unseen. Where the log has shown nothing of its start, they are; then [`Self::voice`]
    /// tells whether there is a rule line at all.
    pub fn know(&mut self, facts: &Statement, by: Evidence, effects: &mut Effects) {
        self.report_known_change(by, effects, |this, effects| this.take(facts, by, effects));
    }

    /// Runs a change and tells if all of the state became unknown or known by it.
    fn report_known_change(
        &mut self,
        by: Evidence,
        effects: &mut Effects,
        run: impl FnOnce(&mut Self, &mut Effects),
    ) {
        let before = self.is_known();
        let told = effects.changes.len();
        run(self, effects);
        let scope = Scope::Ovnkube;
        match (before, self.is_known()) {
            (true, false) => {
                // What was told to open or close on the way is part of what follows.
                let why =
                    self.first_unknown().map_or(UnknownReason::Ambiguous, |unknown| unknown.why);
                effects.changes.truncate(told);
                effects.changes.push(Change::BecameUnknown { scope, why, by });
                self.report_all(effects);
            }
            (false, true) => {
                effects.changes.truncate(told);
                effects.changes.push(Change::BecameKnown { scope, by });
                self.report_all(effects);
            }
            _ => {}
        }
    }

    fn report_all(&self, effects: &mut Effects) {
        for (key, support) in self.rules.open() {
            effects.changes.push(opened(key, support));
        }
    }

    fn report(&self, key: PortKey, turn: Transition, by: Evidence, effects: &mut Effects) {
        match turn {
            Transition::Nothing => {}
            Transition::Opened(support) => effects.changes.push(opened(key, support)),
            Transition::Closed => {
                effects.changes.push(Change::Closed { opening: key.opening(), by })
            }
        }
    }

    /// Remarks about a rule that cannot count.
    fn remark_on(role: Role, by: Evidence, effects: &mut Effects) {
        match role {
            Role::UnknownChain => effects.remark(Anomaly::UnknownChain, by),
            Role::Unreadable { not_a_port: true } => effects.remark(Anomaly::NotAPort, by),
            Role::Unreadable { not_a_port: false } => effects.remark(Anomaly::UnsupportedMatch, by),
            _ => {}
        }
    }
}

fn opened(key: PortKey, support: Provenance) -> Change {
    let Provenance { request, since, certainty } = support;
    Change::Opened { opening: key.opening(), request, by: since, certainty }
}
