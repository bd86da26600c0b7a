//! What one event changed, so that history can be kept without comparing states.

use super::evidence::{Assumed, Certainty, Evidence};
use super::known::UnknownReason;
use super::opening::{Opening, Scope};

/// A change of what is open.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(tag = "type", rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum Change {
    /// Something opened.
    Opened {
        /// What.
        opening: Opening,
        /// The line that asked for it, where one did.
        request: Option<Evidence>,
        /// The line that proves it.
        by: Evidence,
        /// How sure it is.
        certainty: Certainty,
    },
    /// Something closed.
    Closed {
        /// What.
        opening: Opening,
        /// The line that proves it.
        by: Evidence,
    },
    /// Something that was open may have been closed; the log cannot tell. If it turns out to be
    /// open, it follows as `Opened` again.
    Uncertain {
        /// What.
        opening: Opening,
        /// Why.
        why: UnknownReason,
        /// The line that made it so.
        by: Evidence,
    },
    /// Everything in a scope became unknown.
    BecameUnknown {
        /// What.
        scope: Scope,
        /// Why.
        why: UnknownReason,
        /// The line that made it so.
        by: Evidence,
    },
    /// What is known of a scope holds from here on only if an assumption is true; what is open in it
    /// follows as `Opened` again.
    Assumed {
        /// What.
        scope: Scope,
        /// The assumption, and the lines between which it was made.
        assumed: Assumed,
    },
    /// What was unknown in a scope is known from here on; what is open in it follows as `Opened` in
    /// the effects of the same event, and what does not follow is closed.
    BecameKnown {
        /// What.
        scope: Scope,
        /// The line that made it so.
        by: Evidence,
    },
}
