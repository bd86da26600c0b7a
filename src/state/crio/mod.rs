//! CRI-O's host ports: the sockets it holds, and the rules by which ports are exposed. Two truths, kept apart.

mod know;
mod version;

pub use know::{DnatRule, Statement};
pub use version::Speech;

use super::effects::Effects;
use super::evidence::{Evidence, Support};
use super::known::Unknown;
use super::opening::{Opening, Scope};
use crate::event::crio::Event;
use crate::event::journal;
use crate::limits::Limits;
use crate::port::HostPort;
use alloc::collections::BTreeSet;

/// What is known of CRI-O's host ports on one host.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Crio {
    limits: Limits,
}

impl Crio {
    /// Nothing known, with bounds on what is held.
    #[must_use]
    pub const fn new(limits: Limits) -> Self {
        Self { limits }
    }

    /// Folds in what a record says.
    pub fn apply(&mut self, _event: &Event<'_>, _by: Evidence, _effects: &mut Effects) {}

    /// Folds in what the journal says; of no effect if it is about another program.
    pub fn apply_journal(&mut self, _event: &journal::Event<'_>, _by: Evidence, _effects: &mut Effects) {}

    /// Takes facts as true from here on.
    pub fn know(&mut self, _facts: &Statement, _by: Evidence, _effects: &mut Effects) {}

    /// The ports for which CRI-O holds at least one socket.
    ///
    /// # Errors
    /// Why, and since when, that is unknown.
    pub fn sockets(&self) -> Result<BTreeSet<HostPort>, Unknown> {
        Err(Unknown::BEFORE_LOG)
    }

    /// The ports for which CRI-O surely holds a socket, whatever else is unknown.
    #[must_use]
    pub fn sockets_at_least(&self) -> BTreeSet<HostPort> {
        BTreeSet::new()
    }

    /// The ports that are led to a pod by a rule.
    ///
    /// # Errors
    /// Why, and since when, that is unknown.
    pub fn exposed(&self) -> Result<BTreeSet<HostPort>, Unknown> {
        Err(Unknown::BEFORE_LOG)
    }

    /// The ports that are surely led to a pod by a rule, whatever else is unknown.
    #[must_use]
    pub fn exposed_at_least(&self) -> BTreeSet<HostPort> {
        BTreeSet::new()
    }

    /// The rules that lead ports to pods.
    ///
    /// # Errors
    /// Why, and since when, they are unknown.
    pub fn dnat(&self) -> Result<BTreeSet<DnatRule>, Unknown> {
        Err(Unknown::BEFORE_LOG)
    }

    /// Everything that is surely open, and by which line.
    pub fn openings(&self) -> impl Iterator<Item = (Opening, Support)> + '_ {
        core::iter::empty()
    }

    /// What cannot be told, why, and since when.
    pub fn unknowns(&self) -> impl Iterator<Item = (Scope, Unknown)> + '_ {
        core::iter::empty()
    }

    /// What the log of this CRI-O tells about sockets.
    #[must_use]
    pub const fn tells_sockets(&self) -> Speech {
        Speech::NotSeen
    }

    /// What the log of this CRI-O tells about rules.
    #[must_use]
    pub const fn tells_rules(&self) -> Speech {
        Speech::NotSeen
    }
}
