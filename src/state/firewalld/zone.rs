//! What is kept of a zone beside its lists.

use super::lists::Lists;
use crate::event::firewalld::{Kind, Layer};
use crate::stamp::Stamp;
use crate::state::evidence::{Assumed, Evidence};
use crate::state::known::Unknown;
use alloc::vec::Vec;

/// What the zone's files on disk hold, compared with the daemon's permanent layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(tag = "type", rename_all = "snake_case")
)]
pub(super) enum Disk {
    /// The same.
    Same,
    /// The zone as shipped.
    AsShipped,
    /// Something else.
    Changed { why: Unknown },
}

/// A zone.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct Zone {
    /// `None` while the runtime layer has no such zone.
    pub(super) runtime: Option<Lists>,
    /// `None` while the permanent layer has no such zone.
    pub(super) permanent: Option<Lists>,
    /// What is known of the zone as shipped.
    pub(super) shipped: Lists,
    pub(super) disk: Disk,
    /// Whether a file under `/etc` makes the zone, if the log has shown that.
    pub(super) local: Option<bool>,
    /// The daemon's own write, which its file watcher will report about five seconds later.
    pub(super) own_write: Option<Evidence>,
    /// When the runtime layer was loaded from disk, unless the caller has stated it since.
    pub(super) loaded: Option<Evidence>,
}

impl Zone {
    /// A zone that is there in both layers, of which nothing is known.
    pub(super) fn unknown(runtime: Unknown, permanent: Unknown) -> Self {
        Self {
            runtime: Some(Lists::unknown(runtime)),
            permanent: Some(Lists::unknown(permanent)),
            ..Self::absent()
        }
    }

    /// A zone that is there in no layer.
    pub(super) fn absent() -> Self {
        Self {
            runtime: None,
            permanent: None,
            shipped: Lists::unknown(Unknown::BEFORE_LOG),
            disk: Disk::Same,
            local: None,
            own_write: None,
            loaded: None,
        }
    }

    pub(super) const fn layer(&self, layer: Layer) -> Option<&Lists> {
        match layer {
            Layer::Runtime => self.runtime.as_ref(),
            Layer::Permanent => self.permanent.as_ref(),
        }
    }

    pub(super) const fn layer_mut(&mut self, layer: Layer) -> &mut Option<Lists> {
        match layer {
            Layer::Runtime => &mut self.runtime,
            Layer::Permanent => &mut self.permanent,
        }
    }

    /// Remembers what is known of the permanent layer as the zone's shipped content, if no local
    /// file changed it.
    pub(super) fn learn_shipped(&mut self) {
        if self.local != Some(false) || self.disk != Disk::Same {
            return;
        }
        let Some(permanent) = &self.permanent else { return };
        for kind in Kind::ALL {
            if permanent.why_unknown(kind).is_none() {
                self.shipped.copy(kind, permanent);
            }
        }
    }

    /// What is known of the shipped content holds only if an assumption is true.
    pub(super) fn rest_on_shipped(&mut self, assumed: Assumed) {
        let known = |kind: &Kind| self.shipped.why_unknown(*kind).is_none();
        let known: Vec<Kind> = Kind::ALL.into_iter().filter(known).collect();
        known.into_iter().for_each(|kind| self.shipped.rest_on(kind, assumed));
    }

    pub(super) fn weight(&self) -> usize {
        let layers =
            Layer::ALL.into_iter().filter_map(|layer| self.layer(layer)).map(Lists::weight_of_all);
        // The shipped content is at most as much again, and not counted.
        layers.sum::<usize>().saturating_add(1)
    }
}

/// The seconds from one line to a later one, if their clock tells; negative where it went back.
pub(super) fn seconds(from: Evidence, to: Evidence) -> Option<i64> {
    match (from.stamp?, to.stamp?) {
        (Stamp::NoOffset(from), Stamp::NoOffset(to)) => Some((to - from).whole_seconds()),
        (Stamp::Instant(from), Stamp::Instant(to)) => Some((to - from).whole_seconds()),
        (Stamp::SinceBoot(from), Stamp::SinceBoot(to)) => {
            Some(to.saturating_sub(from).whole_seconds())
        }
        (
            Stamp::NoYear { month, day, time: from },
            Stamp::NoYear { month: to_month, day: to_day, time: to },
        ) if (month, day) == (to_month, to_day) => Some((to - from).whole_seconds()),
        _ => None,
    }
}
