//! ovnkube's life: which process speaks, how much it says, and what its start makes known.
//!
//! Two ways to start over are known. Up to April 2024 the jump rules are logged again, each chain
//! is flushed without a line, and all kept rules are added again, in lines; when that is done the
//! service handler is reported. From April 2024 on a line `Recreating iptables rules for table: T,
//! chain: C` stands for each chain, and its kept rules are put back by iptables-restore
//! without a line; they are named by the `Ignoring processing rule` lines under the other chains'
//! Recreating lines.

use super::super::evidence::Evidence;
use crate::event::ovnkube::{Chain, PortRule};
use crate::family::Family;
use crate::text::Text;
use alloc::collections::{BTreeMap, BTreeSet};

/// How much the process says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(tag = "type", rename_all = "snake_case")
)]
pub(super) enum Verbosity {
    /// It has not shown.
    #[default]
    Unknown,
    /// Rule lines are printed.
    Enough,
    /// They are not.
    TooLow {
        /// The level.
        level: u32,
    },
}

/// The level from which on rule lines are printed.
pub(super) const RULE_LEVEL: u32 = 5;

/// What is known of the process that speaks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct Process {
    pub(super) pid: Option<u32>,
    /// It has said nothing but that it starts.
    pub(super) fresh: bool,
    /// Its first lines are in the log.
    pub(super) start_seen: bool,
    /// Its start, or a part of it, is in the log.
    pub(super) born: bool,
    /// It has not finished dealing with what was there before it.
    pub(super) starting: bool,
    /// It has said that it has dealt with that.
    served: bool,
    pub(super) verbosity: Verbosity,
    /// It fills chains by iptables-restore, as ovnkube does from April 2024 on.
    pub(super) restores: bool,
    /// It has rebuilt chains before.
    pub(super) has_synced: bool,
    /// The chains that were there before it made them.
    existed: BTreeSet<Chain>,
    /// The jump rules into chains that open ports that it added: the family, the chain they stand
    /// in, and where they lead.
    jumps: BTreeSet<(Family, Text<'static>, Chain)>,
    /// It has added or deleted rules that open ports.
    pub(super) had_rules: bool,
    /// It works by iptables: it has added or deleted such rules, or the caller stated its chains.
    pub(super) by_iptables: bool,
    pub(super) sync: Option<Sync>,
}

/// How many different jump rules are remembered; a process adds two or three into each of three
/// chains, for two families.
const MAX_JUMPS: usize = 64;

impl Process {
    pub(super) fn starting(pid: Option<u32>, start_seen: bool) -> Self {
        Self { pid, start_seen, fresh: true, born: true, starting: true, ..Self::default() }
    }

    /// A process that is told from the one before by nothing but a jump rule, which each process
    /// adds once, before any other rule.
    pub(super) fn jumping(pid: Option<u32>) -> Self {
        Self { pid, born: true, starting: true, verbosity: Verbosity::Enough, ..Self::default() }
    }

    pub(super) fn existed(&mut self, chain: Chain) {
        if self.jumps.is_empty() {
            self.existed.insert(chain);
        }
    }

    /// True if a jump rule shows that another process speaks now: each adds its jump rules once,
    /// when it starts.
    pub(super) fn is_over(&self, family: Family, from: &Text<'_>, to: Chain) -> bool {
        let first = self.jumps.is_empty();
        if first {
            self.had_rules || !self.starting
        } else {
            self.jumps.contains(&(family, from.clone().into_owned(), to))
        }
    }

    pub(super) fn add_jump(&mut self, family: Family, from: &Text<'_>, to: Chain) {
        if self.jumps.len() < MAX_JUMPS {
            self.jumps.insert((family, from.clone().into_owned(), to));
        }
    }

    /// True if the process made this chain itself, so that it was empty at first.
    pub(super) fn made(&self, chain: Chain) -> bool {
        self.start_seen && !self.existed.contains(&chain)
    }

    /// True if the jump rules into these chains were added, as up to April 2024 at each start.
    pub(super) fn has_jumps(&self, chains: &[Chain]) -> bool {
        chains.iter().all(|chain| self.jumps.iter().any(|(_, _, to)| to == chain))
    }

    /// The start is over. True if nothing of it was seen before: another process speaks then.
    pub(super) fn serve(&mut self) -> bool {
        let repeats_itself = self.served && self.pid.is_some();
        let unseen = !self.starting && !repeats_itself;
        self.born = true;
        self.starting = false;
        self.served = true;
        self.fresh = false;
        self.sync = None;
        unseen
    }

    /// True if facts that the caller states will hold until a line changes them: not while chains
    /// are emptied without a line, and not if it changes rules without a line.
    pub(super) fn keeps_facts(&self) -> bool {
        match self.verbosity {
            _ if self.starting => false,
            Verbosity::Enough => true,
            Verbosity::Unknown => !self.born,
            Verbosity::TooLow { .. } => false,
        }
    }
}

/// A rebuilding of all chains.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct Sync {
    /// The rules that are kept, as the Ignoring lines named them.
    #[cfg_attr(feature = "serde", serde(with = "crate::serde_map_as_list"))]
    pub(super) names: BTreeMap<(Family, PortRule), Evidence>,
    /// The kept rules whose ports are not understood.
    #[cfg_attr(feature = "serde", serde(with = "crate::serde_map_as_list"))]
    pub(super) unreadable: BTreeMap<(Family, Chain, Text<'static>), Evidence>,
    /// The chains that are filled already.
    pub(super) rebuilt: BTreeSet<Chain>,
    /// Names were dropped because of a limit.
    pub(super) overflow: bool,
    /// The last chain, mangle's OVN-KUBE-ITP, has had its turn.
    pub(super) last: bool,
}

impl Sync {
    pub(super) fn size(&self) -> usize {
        self.names.len().saturating_add(self.unreadable.len())
    }
}
