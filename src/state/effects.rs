//! What folding one event brought about, beside the new state.

use super::change::Change;
use super::evidence::Evidence;
use crate::event::Anomaly;
use alloc::vec::Vec;

/// The changes and remarks of one event; the caller of a fold hands it in empty and reads it
/// afterwards.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Effects {
    /// What opened, closed, became unknown or known.
    pub changes: Vec<Change>,
    /// What an auditor should hear.
    pub anomalies: Vec<(Anomaly, Evidence)>,
}

impl Effects {
    /// Forgets all, keeps the memory.
    pub fn clear(&mut self) {
        self.changes.clear();
        self.anomalies.clear();
    }

    /// Notes a remark.
    pub fn remark(&mut self, remark: Anomaly, by: Evidence) {
        self.anomalies.push((remark, by));
    }
}
