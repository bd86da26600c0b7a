//! Things that a zone holds by name: services, protocols, forward ports, rich rules and the like.

use crate::state::evidence::{Evidence, Support};
use crate::state::known::Unknown;
use crate::text::Text;
use alloc::collections::BTreeMap;

/// A set of names, exact or a part of an unknown one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct NameSet {
    #[cfg_attr(feature = "serde", serde(with = "crate::pairs"))]
    held: BTreeMap<Text<'static>, Support>,
    pub(super) unknown: Option<Unknown>,
}

impl NameSet {
    pub(super) fn unknown(why: Unknown) -> Self {
        Self { unknown: Some(why), ..Self::default() }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&Text<'static>, Support)> + '_ {
        self.held.iter().map(|(name, support)| (name, *support))
    }

    pub(super) fn len(&self) -> usize {
        self.held.len()
    }

    pub(super) fn contains(&self, name: &Text<'static>) -> bool {
        self.held.contains_key(name)
    }

    /// Adds a name and tells whether it is new.
    pub(super) fn add(&mut self, name: Text<'static>, support: Support) -> bool {
        let new = !self.contains(&name);
        self.held.entry(name).or_insert(support);
        new
    }

    /// Removes a name and tells whether it was there.
    pub(super) fn remove(&mut self, name: &Text<'static>) -> bool {
        self.held.remove(name).is_some()
    }

    /// Gives each name the one that it has now. Where two become one, it holds since the earlier of
    /// their lines.
    pub(super) fn rename(&mut self, mut now: impl FnMut(&Text<'static>) -> Text<'static>) {
        for (name, support) in core::mem::take(&mut self.held) {
            let name = now(&name);
            let held = self.held.entry(name).or_insert(support);
            if support.since.at < held.since.at {
                *held = support;
            }
        }
    }

    /// Lets each name hold since this line, but those that were held before since theirs.
    pub(super) fn carry(&mut self, before: &Self, by: Evidence) {
        for (name, support) in &mut self.held {
            *support = before.held.get(name).copied().unwrap_or_else(|| support.carried_to(by));
        }
    }

    /// Makes the set exactly these names; what stays keeps its support.
    pub(super) fn replace(
        &mut self,
        names: impl IntoIterator<Item = Text<'static>>,
        support: Support,
    ) {
        let old = core::mem::take(&mut self.held);
        self.held = names
            .into_iter()
            .map(|name| {
                let support = old.get(&name).copied().unwrap_or(support);
                (name, support)
            })
            .collect();
        self.unknown = None;
    }
}
