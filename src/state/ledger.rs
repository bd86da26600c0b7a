//! All hosts and all sources: routes each event to the fold that it belongs to.

use super::effects::Effects;
use super::evidence::{Evidence, Support};
use super::known::Unknown;
use super::opening::{Opening, Scope};
use crate::event::{Event, Remark, What};
use crate::limits::Limits;
use crate::text::Text;
use alloc::collections::BTreeMap;

/// What is known of one host: a fold for each source.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Host {
    boot: Option<Text<'static>>,
}

impl Host {
    fn new(_limits: Limits) -> Self {
        Self { boot: None }
    }

    /// Everything that is known to be open, each with what supports it: firewalld's, then CRI-O's, then ovnkube's, then the neighbours'.
    pub fn openings(&self) -> impl Iterator<Item = (Opening, Support)> + '_ {
        core::iter::empty()
    }

    /// Everything that the log cannot tell.
    pub fn unknowns(&self) -> impl Iterator<Item = (Scope, Unknown)> + '_ {
        core::iter::empty()
    }
}

/// The state of every host in the input.
///
/// Hosts are kept apart by the name in the prefix of their lines; lines without a name share the key `None`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Ledger {
    limits: Limits,
    #[cfg_attr(feature = "serde", serde(with = "crate::pairs"))]
    hosts: BTreeMap<Option<Text<'static>>, Host>,
    refused_hosts: u64,
}

impl Ledger {
    /// An empty ledger with bounds on what it holds.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self { limits, hosts: BTreeMap::new(), refused_hosts: 0 }
    }

    /// The hosts seen, in order of their names.
    pub fn hosts(&self) -> impl Iterator<Item = (Option<&Text<'static>>, &Host)> + '_ {
        self.hosts.iter().map(|(name, host)| (name.as_ref(), host))
    }

    /// How many events of further hosts were dropped because [`Limits::max_hosts`] was reached.
    #[must_use]
    pub const fn refused_hosts(&self) -> u64 {
        self.refused_hosts
    }

    /// Folds one event in.
    pub fn apply(&mut self, event: &Event<'_>, effects: &mut Effects) {
        let by = Evidence::new(event.at, event.stamp);
        let Some(_host) = self.host(event.host.as_ref()) else {
            self.refused_hosts = self.refused_hosts.saturating_add(1);
            effects.remark(Remark::LimitReached, by);
            return;
        };
        match &event.what {
            What::Remark(remark) => effects.remark(*remark, by),
            _ => {}
        }
    }

    fn host(&mut self, name: Option<&Text<'_>>) -> Option<&mut Host> {
        let key = name.cloned().map(Text::into_owned);
        if !self.hosts.contains_key(&key) && self.hosts.len() >= self.limits.max_hosts {
            return None;
        }
        let limits = self.limits;
        Some(self.hosts.entry(key).or_insert_with(|| Host::new(limits)))
    }
}
