//! What folding one event brought about, beside the new state.

use super::change::Change;
use super::evidence::Evidence;
use crate::event::Remark;
use alloc::vec::Vec;

/// The changes and remarks of one event; the caller of a fold hands it in empty and reads it
/// afterwards.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Effects {
    /// What opened, closed, became unknown or known.
    pub changes: Vec<Change>,
    /// What an auditor should hear.
    pub remarks: Vec<(Remark, Evidence)>,
}

impl Effects {
    /// Forgets all, keeps the memory.
    pub fn clear(&mut self) {
        self.changes.clear();
        self.remarks.clear();
    }

    /// Notes a remark.
    pub fn remark(&mut self, remark: Remark, by: Evidence) {
        self.remarks.push((remark, by));
    }
}
