//! Things that a zone holds by name: services, protocols, forward ports, rich rules and the like.

use crate::state::evidence::{Assumed, Certainty, Evidence, Provenance};
use crate::state::known::Unknown;
use crate::text::Text;
use alloc::collections::BTreeMap;

/// A set of names, exact or a part of an unknown one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct NameSet {
    #[cfg_attr(feature = "serde", serde(with = "crate::serde_map_as_list"))]
    held: BTreeMap<Text<'static>, Provenance>,
    pub(super) unknown: Option<Unknown>,
    /// What is known of it holds only if this is true.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub(super) assumed: Option<Assumed>,
}

impl NameSet {
    pub(super) fn unknown(why: Unknown) -> Self {
        Self { unknown: Some(why), ..Self::default() }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&Text<'static>, Provenance)> + '_ {
        self.held.iter().map(|(name, support)| (name, *support))
    }

    pub(super) fn len(&self) -> usize {
        self.held.len()
    }

    pub(super) fn contains(&self, name: &Text<'static>) -> bool {
        self.held.contains_key(name)
    }

    /// Adds a name and tells whether it is new.
    pub(super) fn add(&mut self, name: Text<'static>, support: Provenance) -> bool {
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

    /// Lets all that is known of the set hold only if an assumption is true.
    pub(super) fn rest_on(&mut self, assumed: Assumed) {
        self.assumed.get_or_insert(assumed);
        self.held.values_mut().for_each(|support| *support = support.assumed());
    }

    /// Makes a name that is held only by an assumption as sure as this; true if there was one.
    pub(super) fn confirm(&mut self, name: &Text<'static>, support: Provenance) -> bool {
        match self.held.get_mut(name) {
            Some(held) if held.certainty == Certainty::Assumed => {
                *held = support;
                true
            }
            _ => false,
        }
    }

    /// Lets each name hold since this line, but those that were held before since theirs.
    pub(super) fn inherit_provenance(&mut self, before: &Self, by: Evidence) {
        for (name, support) in &mut self.held {
            *support = before.held.get(name).copied().unwrap_or_else(|| support.carried_to(by));
        }
    }

    /// Makes the set exactly these names; what stays keeps its support, unless that was assumed.
    pub(super) fn replace(
        &mut self,
        names: impl IntoIterator<Item = Text<'static>>,
        support: Provenance,
    ) {
        let old = core::mem::take(&mut self.held);
        self.held = names
            .into_iter()
            .map(|name| {
                let before = old.get(&name).copied();
                let support = before.filter(Provenance::is_told).unwrap_or(support);
                (name, support)
            })
            .collect();
        (self.unknown, self.assumed) = (None, None);
    }
}
