//! Removals whose input is not followed to its outcome, so that a failure reported later may be of
//! that input.

use super::{Exposure, Kind};
use crate::family::Family;
use crate::text::Text;
use alloc::collections::BTreeSet;

/// Removals of which an input was seen and is not followed any further, because its text is lost,
/// because another one of the same family came behind it, or because the family is not known: a
/// failure that is reported later may be of that input.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct Untracked {
    requests: BTreeSet<Text<'static>>,
    /// One of which the request is not known.
    unnamed: bool,
}

impl Untracked {
    pub(super) const fn new() -> Self {
        Self { requests: BTreeSet::new(), unnamed: false }
    }

    pub(super) fn clear(&mut self) {
        *self = Self::new();
    }

    /// The request ended: its failure would have been reported.
    pub(super) fn end(&mut self, request: &Text<'_>) {
        self.requests.retain(|of| of.as_bytes() != request.as_bytes());
    }

    pub(super) fn add(&mut self, removers: &BTreeSet<Text<'static>>) {
        self.unnamed |= removers.is_empty();
        self.requests.extend(removers.iter().cloned());
    }

    /// True if one of these requests' may be among them; none of them: the request is not known.
    pub(super) fn has_one_of(&self, requests: &BTreeSet<Text<'static>>) -> bool {
        self.unnamed
            || (requests.is_empty() && !self.requests.is_empty())
            || !self.requests.is_disjoint(requests)
    }
}

impl Exposure {
    /// An input was lost that may be of one of these removals; none of them: the request is not
    /// known.
    pub(in crate::state::crio) fn overtake_removals(&mut self, removers: &BTreeSet<Text<'static>>) {
        self.untracked.add(removers);
    }

    /// What was under way in a family is not followed any further.
    pub(super) fn overtake(&mut self, family: Family) {
        let of = match family {
            Family::Ipv4 => &self.ipv4,
            Family::Ipv6 => &self.ipv6,
        };
        if let Some(change) = of.change.as_ref().filter(|change| change.kind == Kind::Removing) {
            self.untracked.add(&change.removers);
        }
    }
}
