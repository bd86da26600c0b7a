//! The ruleset of nftables: a listing that a caller states, kept up by the lines of `nft monitor`,
//! and the ports that CRI-O and OVN-Kubernetes lead on in it.
//!
//! The whole ruleset is held, not only what opens ports, so that other rules can be asked too.
//!
//! # What is known when
//! - Before a listing is stated nothing is known but what the monitor adds; each part of the
//!   ruleset (a table, a set, a chain) is known whole, or some of it is.
//! - A transaction counts when its last line, `# new generation N`, is there.
//! - The numbers of generations grow by one. Another number tells that a transaction is missing:
//!   all is unknown until the next listing.
//! - After `# ERROR: We lost some netlink events!` the monitor itself no longer knows which sets
//!   there are, and leaves out changes of those that it does not know. A listing then holds until
//!   the next transaction, and so on until another monitor is started. The note stands where the
//!   monitor noticed the loss, which is before lines of changes that were made earlier.
//! - A line that cannot have been, such as one that deletes an element which is not there, tells
//!   that something is missing, too.

mod exposed;
mod fold;
mod listing;
mod order;
mod pattern;
mod ruleset;
mod sandbox;
mod sha256;

pub use exposed::{Exposed, Exposure, Owner, Place};
pub use ruleset::{Chain, Held, Ruleset, Set, Table};
pub use sandbox::comment_of;

use super::evidence::Evidence;
use super::known::{Unknown, UnknownReason};
use crate::event::nft::{Change, Event, Generation, Object};
use crate::limits::Limits;
use crate::record::checkpoint;
use alloc::vec::Vec;

/// The ruleset of one host, as far as listings and the monitor tell.
///
/// ```
/// use hostport_audit::Limits;
/// use hostport_audit::event::nft::event;
/// use hostport_audit::record::checkpoint::nft::Ruleset;
/// use hostport_audit::state::evidence::Evidence;
/// use hostport_audit::state::nft::Nft;
///
/// let mut nft = Nft::new(Limits::default());
/// assert!(nft.exposed().all().is_none());
///
/// nft.know(&Ruleset::parse(b"")?, Evidence::default());
/// let log = [
///     "add table ip crio-hostports # handle 1",
///     "add map ip crio-hostports hostports { # handle 2 \
///         type inet_proto . inet_service : ipv4_addr . inet_service; } ",
///     "add element ip crio-hostports hostports { tcp . 8080 : 10.42.0.7 . 80 }",
///     "# new generation 2 by process 26937 (nft)",
/// ];
/// for line in log {
///     nft.apply(&event(line.as_bytes()).unwrap(), Evidence::default());
/// }
/// let exposed = nft.exposed();
/// assert_eq!(exposed.all().unwrap()[0].port, 8080);
/// # Ok::<(), hostport_audit::ParseError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Nft {
    limits: Limits,
    ruleset: Ruleset,
    /// The lines of the transaction that has not ended yet.
    transaction: Transaction,
    /// The last generation that was named.
    generation: Option<u32>,
    /// The line since which the monitor leaves out changes.
    lost: Option<Evidence>,
    dropped: u64,
}

/// The lines of a transaction that has not ended yet.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
struct Transaction {
    lines: Vec<(Event<'static>, Evidence)>,
    /// True if a listing was stated behind some of its lines: the kernel had done all by then.
    listed: bool,
    /// The first line that found no room.
    overflow: Option<Evidence>,
}

impl Nft {
    /// Nothing known, with bounds on what is held.
    #[must_use]
    pub const fn new(limits: Limits) -> Self {
        Self {
            limits,
            ruleset: Ruleset::unknown(Unknown::BEFORE_LOG),
            transaction: Transaction { lines: Vec::new(), listed: false, overflow: None },
            generation: None,
            lost: None,
            dropped: 0,
        }
    }

    /// Takes a listing as true at this position. It replaces all that was known.
    pub fn know(&mut self, listing: &checkpoint::nft::Ruleset<'_>, by: Evidence) {
        let mut ruleset = Ruleset::default();
        let missing = listing::state(listing, by, self.limits.max_keys, &mut ruleset);
        self.dropped = self.dropped.saturating_add(missing);
        self.ruleset = ruleset;
        let begun = !self.transaction.lines.is_empty() || self.transaction.listed;
        self.transaction = Transaction { listed: begun, ..Transaction::default() };
    }

    /// Folds in what a line of the monitor says.
    pub fn apply(&mut self, event: &Event<'_>, by: Evidence) {
        match event {
            Event::Change(_) | Event::FlushRuleset | Event::Unreadable => self.keep(event, by),
            Event::Handle { handle } => self.name_last_rule(*handle, by),
            Event::Generation(generation) => self.end_transaction(generation, by),
            Event::Lost => {
                self.lost = Some(by);
                self.transaction = Transaction::default();
                self.ruleset = Ruleset::unknown(Unknown::since(UnknownReason::Gap, by));
            }
            // The number of its first generation tells if something is missing.
            Event::Began => {
                self.lost = None;
                self.transaction = Transaction::default();
            }
        }
    }

    fn keep(&mut self, event: &Event<'_>, by: Evidence) {
        let transaction = &mut self.transaction;
        if transaction.listed || transaction.overflow.is_some() {
            return;
        }
        if transaction.lines.len() >= self.limits.max_keys {
            transaction.overflow = Some(by);
            self.dropped = self.dropped.saturating_add(1);
            return;
        }
        transaction.lines.push((event.clone().into_owned(), by));
    }

    /// The handle stands in a line of its own where an error message with a line end was written
    /// into the rule.
    fn name_last_rule(&mut self, handle: u64, by: Evidence) {
        match self.transaction.lines.last_mut() {
            Some((Event::Change(Change { object: Object::Rule { rule, .. }, .. }), _))
                if rule.handle.is_none() =>
            {
                rule.handle = Some(handle);
            }
            _ => self.keep(&Event::Unreadable, by),
        }
    }

    fn end_transaction(&mut self, generation: &Generation<'_>, by: Evidence) {
        let Transaction { lines, listed, overflow } = core::mem::take(&mut self.transaction);
        let before = self.generation.replace(generation.number);
        if let Some(lost) = self.lost {
            self.ruleset = Ruleset::unknown(Unknown::since(UnknownReason::Gap, lost));
            return;
        }
        // The kernel leaves out the number 0.
        if before.is_some_and(|before| before.wrapping_add(1).max(1) != generation.number) {
            self.ruleset = Ruleset::unknown(Unknown::since(UnknownReason::Gap, by));
        }
        if listed {
            return;
        }
        let missing = fold::apply(&mut self.ruleset, &lines, self.limits.max_keys);
        self.dropped = self.dropped.saturating_add(missing);
        if let Some(at) = overflow {
            self.ruleset = Ruleset::unknown(Unknown::since(UnknownReason::Limit, at));
        }
    }

    /// The ruleset after the last transaction that has ended.
    #[must_use]
    pub const fn ruleset(&self) -> &Ruleset {
        &self.ruleset
    }

    /// The ports that CRI-O and OVN-Kubernetes lead on.
    #[must_use]
    pub fn exposed(&self) -> Exposed {
        Exposed::of(&self.ruleset)
    }

    /// How many parts were not taken in because [`Limits::max_keys`] was reached.
    #[must_use]
    pub const fn dropped(&self) -> u64 {
        self.dropped
    }
}
