//! The ruleset as it is held: tables with their sets and chains, each known whole or in part.
//!
//! In each map a name with no value stands for what is known to be gone while its surroundings are
//! not known whole.

use crate::record::checkpoint::nft::{Element, Hook, Rule, TableName};
use crate::state::evidence::Evidence;
use crate::state::known::Unknown;
use crate::text::Text;
use alloc::collections::{BTreeMap, VecDeque};
use alloc::vec::Vec;

/// All tables.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Ruleset {
    #[cfg_attr(feature = "serde", serde(with = "crate::serde_map_as_list"))]
    pub(super) tables: BTreeMap<TableName<'static>, Option<Table>>,
    pub(super) unknown: Option<Unknown>,
    /// How many tables, sets, chains, rules and elements are held.
    pub(super) held: usize,
}

/// A table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Table {
    pub(super) flags: Vec<Text<'static>>,
    #[cfg_attr(feature = "serde", serde(with = "crate::serde_map_as_list"))]
    pub(super) sets: BTreeMap<Text<'static>, Option<Set>>,
    #[cfg_attr(feature = "serde", serde(with = "crate::serde_map_as_list"))]
    pub(super) chains: BTreeMap<Text<'static>, Option<Chain>>,
    pub(super) unknown: Option<Unknown>,
}

/// A set or map.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Set {
    /// What it says about itself; `None` where the log begins behind that.
    pub(super) head: Option<Head>,
    /// By key, with the names of protocols for their numbers.
    #[cfg_attr(feature = "serde", serde(with = "crate::serde_map_as_list"))]
    pub(super) elements: BTreeMap<Text<'static>, Held<Element<'static>>>,
    pub(super) unknown: Option<Unknown>,
}

/// What a set or map says about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct Head {
    pub(super) map: bool,
    pub(super) key: Text<'static>,
    pub(super) data: Option<Text<'static>>,
    pub(super) flags: Vec<Text<'static>>,
}

impl Head {
    pub(super) fn has(&self, flag: &str) -> bool {
        self.flags.iter().any(|known| *known == *flag)
    }

    /// True if elements come by packets or go by time, which no line tells.
    pub(super) fn is_silent(&self) -> bool {
        self.has("timeout") || self.has("dynamic")
    }
}

/// A chain.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Chain {
    pub(super) hook: Option<Hook<'static>>,
    pub(super) rules: VecDeque<Held<Rule<'static>>>,
    /// How many of the rules without a handle are gone; which ones, no line tells.
    pub(super) gone: usize,
    /// True if a rule was put behind one whose handle is not known.
    pub(super) shuffled: bool,
    pub(super) unknown: Option<Unknown>,
}

/// Something that is held, and the line since which.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Held<T> {
    /// What is held.
    pub what: T,
    /// The line that told of it.
    pub since: Evidence,
}

impl Ruleset {
    /// Nothing is known.
    pub(super) const fn unknown(why: Unknown) -> Self {
        Self { tables: BTreeMap::new(), unknown: Some(why), held: 0 }
    }

    /// The tables that are known to be there.
    pub fn tables(&self) -> impl Iterator<Item = (&TableName<'static>, &Table)> {
        self.tables.iter().filter_map(|(name, table)| Some((name, table.as_ref()?)))
    }

    /// Why there may be other tables than those that are known; `None` if there are none.
    #[must_use]
    pub const fn others_unknown(&self) -> Option<Unknown> {
        self.unknown
    }

    /// The table, if it is known to be there; otherwise why that is not known, or nothing if it is
    /// known not to be there.
    pub(super) fn table(&self, name: &TableName<'static>) -> Result<&Table, Option<Unknown>> {
        find(&self.tables, name, self.unknown)
    }
}

impl Table {
    /// The sets and maps that are known to be there.
    pub fn sets(&self) -> impl Iterator<Item = (&Text<'static>, &Set)> {
        self.sets.iter().filter_map(|(name, set)| Some((name, set.as_ref()?)))
    }

    /// The chains that are known to be there.
    pub fn chains(&self) -> impl Iterator<Item = (&Text<'static>, &Chain)> {
        self.chains.iter().filter_map(|(name, chain)| Some((name, chain.as_ref()?)))
    }

    /// Why there may be other sets and chains than those that are known.
    #[must_use]
    pub const fn others_unknown(&self) -> Option<Unknown> {
        self.unknown
    }

    /// True if the kernel does not ask the table (`flags dormant`).
    #[must_use]
    pub fn is_dormant(&self) -> bool {
        self.flags.iter().any(|flag| *flag == "dormant")
    }

    pub(super) fn set(&self, name: &[u8]) -> Result<&Set, Option<Unknown>> {
        find(&self.sets, name, self.unknown)
    }

    pub(super) fn chain(&self, name: &[u8]) -> Result<&Chain, Option<Unknown>> {
        find(&self.chains, name, self.unknown)
    }

    /// How many parts it has, itself and those that are gone among them.
    pub(super) fn count(&self) -> usize {
        let sets = self.sets.values().map(|set| set.as_ref().map_or(1, Set::count));
        let chains = self.chains.values().map(|chain| chain.as_ref().map_or(1, Chain::count));
        sets.chain(chains).fold(1, usize::saturating_add)
    }
}

impl Set {
    /// The elements that are known to be there, by key.
    pub fn elements(&self) -> impl Iterator<Item = (&Text<'static>, &Held<Element<'static>>)> {
        self.elements.iter()
    }

    /// Why there may be other elements than those that are known.
    #[must_use]
    pub const fn others_unknown(&self) -> Option<Unknown> {
        self.unknown
    }

    pub(super) fn count(&self) -> usize {
        self.elements.len().saturating_add(1)
    }
}

impl Chain {
    /// Where the kernel calls it; `None` for a chain that only rules call.
    #[must_use]
    pub const fn hook(&self) -> Option<&Hook<'static>> {
        self.hook.as_ref()
    }

    /// The rules in order, if all are known with their order.
    pub fn rules(&self) -> Option<impl Iterator<Item = &Held<Rule<'static>>>> {
        let whole = self.unknown.is_none() && self.gone == 0 && !self.shuffled;
        whole.then(|| self.rules.iter())
    }

    /// Why there may be other rules than those that are known.
    #[must_use]
    pub const fn others_unknown(&self) -> Option<Unknown> {
        self.unknown
    }

    pub(super) fn count(&self) -> usize {
        self.rules.len().saturating_add(1)
    }

    /// The rules that are known to be there, in some order.
    pub(super) fn proven(&self) -> impl Iterator<Item = &Held<Rule<'static>>> {
        self.rules.iter().filter(|rule| self.gone == 0 || rule.what.handle.is_some())
    }
}

fn find<'m, K, Q, V>(
    map: &'m BTreeMap<K, Option<V>>,
    name: &Q,
    others: Option<Unknown>,
) -> Result<&'m V, Option<Unknown>>
where
    K: Ord + core::borrow::Borrow<Q>,
    Q: Ord + ?Sized,
{
    match map.get(name) {
        Some(Some(value)) => Ok(value),
        Some(None) => Err(None),
        None => Err(others),
    }
}
