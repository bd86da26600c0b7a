//! The last word on every opening, joined in any order: for fleets, where pieces come late, twice
//! and mixed up.

use super::history::{port_order, roots};
use super::open_map::is_within;
use super::open_port::PortState;
use super::origin::{Origin, hides_ports, layer_of, takes_in, zone_of};
use crate::event::firewalld::{Kind, Layer};
use crate::host_name::{self, ByHost};
use crate::port::{HostPort, PortRange, Protocol};
use crate::span::LineRef;
use crate::state::change::Change;
use crate::state::evidence::{Certainty, Evidence};
use crate::state::known::UnknownReason;
use crate::state::opening::{Holder, Opening, Scope};
use crate::text::Text;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

/// Where a change stands among all changes of a host: its input and line, then its number among the
/// changes of one event.
///
/// Inputs are ordered by the numbers that the caller gave them, so the files of a host are to be
/// numbered from the oldest to the newest.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
struct Order {
    at: LineRef,
    nth: u32,
}

/// The last word on one opening.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(tag = "type", rename_all = "snake_case")
)]
enum Word {
    /// It closed.
    Closed {
        /// The line that proves it.
        by: Evidence,
    },
    /// It may have been closed.
    Uncertain,
    /// It opened.
    Opened {
        /// The line that proves it.
        by: Evidence,
        /// How sure it is.
        certainty: Certainty,
    },
}

/// The last word on a scope as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(tag = "type", rename_all = "snake_case")
)]
enum ScopeWord {
    BecameKnown,
    Lost { why: UnknownReason },
}

/// The last word on every opening of every host.
///
/// [`Self::join`] is associative, commutative and idempotent: for each host and opening the word
/// with the larger order wins. So pieces may come in any order, and twice. What needs the order of
/// things, such as durations and flapping, is in [`super::History`].
///
/// ```
/// use hostport_audit::report::{PortState, Summary};
/// use hostport_audit::state::change::Change;
/// use hostport_audit::state::evidence::{Certainty, Evidence};
/// use hostport_audit::state::opening::{Holder, Opening};
/// use hostport_audit::{ByteSpan, InputId, LineRef};
///
/// let line = |n| Evidence::new(LineRef::new(InputId::default(), n, ByteSpan::default()), None);
/// let opening = || Opening { port: "443/tcp".parse().ok(), holder: Holder::CrioSocket };
/// let (mut early, mut late) = (Summary::default(), Summary::default());
/// early.record(None, line(3), &[Change::Opened { opening: opening(), request: None, by: line(3), certainty: Certainty::Confirmed }]);
/// late.record(None, line(9), &[Change::Closed { opening: opening(), by: line(9) }]);
///
/// let joined = late.clone().join(early.clone());
/// assert_eq!(joined, early.join(late));
/// assert_eq!(joined.state(None, "443/tcp".parse()?), PortState::Unknown, "that socket is closed; of all else nothing is known");
/// # Ok::<(), hostport_audit::ParseError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Summary {
    #[cfg_attr(feature = "serde", serde(with = "crate::serde_map_as_list"))]
    hosts: ByHost<HostSummary>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
struct HostSummary {
    #[cfg_attr(feature = "serde", serde(with = "crate::serde_map_as_list"))]
    openings: BTreeMap<Opening, (Order, Word)>,
    #[cfg_attr(feature = "serde", serde(with = "crate::serde_map_as_list"))]
    scopes: BTreeMap<Scope, (Order, ScopeWord)>,
}

/// A word on an opening, with its order.
type EventKind<'a> = (Order, &'a Word, &'a Opening);

/// True if the second is the same as the first, and its ports follow at once.
fn joins(one: &StillOpen, next: &StillOpen) -> bool {
    let adjacent = one
        .opening
        .port
        .zip(next.opening.port)
        .is_some_and(|(a, b)| a.range().last().checked_add(1) == Some(b.range().first()));
    adjacent
        && (one.by, one.certainty, &one.opening.holder)
            == (next.by, next.certainty, &next.opening.holder)
}

/// An opening that the last word on it leaves open.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct StillOpen {
    /// What.
    pub opening: Opening,
    /// The line that proves it.
    pub by: Evidence,
    /// How sure it is.
    pub certainty: Certainty,
}

impl Summary {
    /// Adds the changes that one event of a host brought about, all together and in their order;
    /// `by` is its line.
    pub fn record(&mut self, host: Option<&Text<'_>>, by: Evidence, changes: &[Change]) {
        if changes.is_empty() {
            return;
        }
        let Some(own) = host_name::entry(&mut self.hosts, host, usize::MAX) else { return };
        for (change, nth) in changes.iter().zip(0u32..) {
            let order = Order { at: by.at, nth };
            match change {
                Change::Opened { opening, by, certainty, .. } => {
                    own.say(
                        opening.clone(),
                        order,
                        Word::Opened { by: *by, certainty: *certainty },
                    );
                }
                Change::Closed { opening, by } => {
                    own.say(opening.clone(), order, Word::Closed { by: *by })
                }
                Change::Uncertain { opening, .. } => {
                    own.say(opening.clone(), order, Word::Uncertain)
                }
                Change::BecameUnknown { scope, why, .. } => {
                    own.say_of_scope(scope.clone(), order, ScopeWord::Lost { why: *why })
                }
                // What is open in the scope follows, with its certainty.
                Change::Assumed { .. } => {}
                Change::BecameKnown { scope, .. } => {
                    own.say_of_scope(scope.clone(), order, ScopeWord::BecameKnown)
                }
            }
        }
    }

    /// Both, whichever came first.
    #[must_use]
    pub fn join(mut self, other: Self) -> Self {
        for (name, theirs) in other.hosts {
            let ours = self.hosts.entry(name).or_default();
            theirs
                .openings
                .into_iter()
                .for_each(|(opening, (order, word))| ours.say(opening, order, word));
            theirs
                .scopes
                .into_iter()
                .for_each(|(scope, (order, word))| ours.say_of_scope(scope, order, word));
        }
        self
    }

    /// The hosts of which something is known, in order of their names.
    pub fn hosts(&self) -> impl Iterator<Item = Option<&Text<'static>>> + '_ {
        self.hosts.keys().map(Option::as_ref)
    }

    /// What the last words leave open on a host, in order of ports; ranges of which a part has
    /// closed are told in pieces.
    #[must_use]
    pub fn open(&self, host: Option<&Text<'_>>) -> Vec<StillOpen> {
        let Some(own) = self.of(host) else { return Vec::new() };
        let mut lanes: BTreeMap<(Option<Protocol>, &Holder), Vec<EventKind<'_>>> = BTreeMap::new();
        for (opening, (order, word)) in &own.openings {
            lanes
                .entry((opening.port.map(HostPort::protocol), &opening.holder))
                .or_default()
                .push((*order, word, opening));
        }
        let mut open: Vec<StillOpen> =
            lanes.into_values().flat_map(|kind| own.left_open(kind)).collect();
        open.sort_by(|a, b| {
            (port_order(a.opening.port), &a.opening.holder)
                .cmp(&(port_order(b.opening.port), &b.opening.holder))
        });
        open
    }

    /// What one program's last words say of a single port now.
    ///
    /// A port of a zone of firewalld's is open if the zone has an interface or a source. Whether
    /// the zone is the default zone is not among the last words, so without them it is unknown.
    #[must_use]
    pub fn state_by(&self, host: Option<&Text<'_>>, origin: Origin, port: HostPort) -> PortState {
        let Some(own) = self.of(host) else { return PortState::Unknown };
        // The last word for each holder, whatever range it was said of.
        let mut last: BTreeMap<_, (Order, &Opening, &Word)> = BTreeMap::new();
        let mut could = false;
        for (opening, (order, word)) in &own.openings {
            let now = layer_of(&opening.holder) != Some(Layer::Permanent);
            if Origin::of(&opening.holder) != origin || !now {
                continue;
            }
            match opening.port {
                Some(ports) if ports.overlaps(port) => {
                    let slot = last.entry(&opening.holder).or_insert((*order, opening, word));
                    if (*order, word) > (slot.0, slot.2) {
                        *slot = (*order, opening, word);
                    }
                }
                Some(_) => {}
                None => {
                    could |= matches!(word, Word::Opened { .. })
                        && own.scope_since(opening, *order).is_none()
                }
            }
        }
        let opened = last.values().filter(|(order, opening, word)| {
            matches!(word, Word::Opened { .. }) && own.scope_since(opening, *order).is_none()
        });
        let (mut open, mut in_zone) = (false, false);
        for (_, opening, _) in opened {
            let applies = zone_of(&opening.holder).is_none_or(|zone| own.applies(zone));
            open |= applies;
            in_zone |= !applies;
        }
        could |= in_zone;
        could |= last.values().any(|(_, _, word)| matches!(word, Word::Uncertain));
        if open {
            PortState::Open
        } else if could || !own.knows_all_of(origin) {
            PortState::Unknown
        } else {
            PortState::Closed
        }
    }

    /// What the last words of all programs together say of a single port now.
    #[must_use]
    pub fn state(&self, host: Option<&Text<'_>>, port: HostPort) -> PortState {
        PortState::of_all(Origin::ALL.map(|origin| self.state_by(host, origin, port)))
    }

    fn of(&self, host: Option<&Text<'_>>) -> Option<&HostSummary> {
        host_name::find(&self.hosts, host)
    }
}

impl HostSummary {
    fn say(&mut self, opening: Opening, order: Order, word: Word) {
        let slot = self.openings.entry(opening).or_insert((order, word));
        *slot = (*slot).max((order, word));
    }

    fn say_of_scope(&mut self, scope: Scope, order: Order, word: ScopeWord) {
        let slot = self.scopes.entry(scope).or_insert((order, word));
        *slot = (*slot).max((order, word));
    }

    /// What the words on one holder leave open, painted over each other from the oldest to the
    /// newest.
    fn left_open(&self, mut kind: Vec<EventKind<'_>>) -> Vec<StillOpen> {
        kind.sort_unstable();
        let range = |opening: &Opening| opening.port.map_or(PortRange::single(0), HostPort::range);
        let mut edges: Vec<u32> = Vec::new();
        for (_, _, opening) in &kind {
            edges.push(u32::from(range(opening).first()));
            edges.push(u32::from(range(opening).last()).saturating_add(1));
        }
        edges.sort_unstable();
        edges.dedup();
        let mut pieces: BTreeMap<u16, (u16, Option<&EventKind<'_>>)> = BTreeMap::new();
        for (from, to) in edges.iter().zip(edges.iter().skip(1)) {
            if let (Ok(first), Ok(last)) =
                (u16::try_from(*from), u16::try_from(to.saturating_sub(1)))
            {
                pieces.insert(first, (last, None));
            }
        }
        for word in &kind {
            let range = range(word.2);
            pieces
                .range_mut(range.first()..=range.last())
                .for_each(|(_, (_, last_word))| *last_word = Some(word));
        }
        let mut open: Vec<StillOpen> = Vec::new();
        for (first, (last, word)) in pieces {
            let Some((order, Word::Opened { by, certainty }, opening)) = word else { continue };
            if self.scope_since(opening, *order).is_some() {
                continue;
            }
            let port = opening
                .port
                .map(|port| HostPort::new(port.protocol(), PortRange::new(first, last)));
            let piece = StillOpen {
                opening: Opening { port, holder: opening.holder.clone() },
                by: *by,
                certainty: *certainty,
            };
            match open.last_mut() {
                Some(before) if joins(before, &piece) => {
                    before.opening.port = before.opening.port.zip(port).map(|(a, b)| {
                        HostPort::new(
                            a.protocol(),
                            PortRange::new(a.range().first(), b.range().last()),
                        )
                    });
                }
                _ => open.push(piece),
            }
        }
        open
    }

    /// True if the zone has an interface or a source now.
    fn applies(&self, zone: &Text<'_>) -> bool {
        self.openings.iter().any(|(opening, (order, word))| {
            matches!(
                &opening.holder,
                Holder::FirewallFact {
                    zone: Some(of),
                    layer: Layer::Runtime,
                    kind: Some(Kind::Interfaces | Kind::Sources),
                    ..
                } if of == zone
            ) && matches!(word, Word::Opened { .. })
                && self.scope_since(opening, *order).is_none()
        })
    }

    /// The last word on a scope that takes the opening in, if it was said after the word on the
    /// opening itself.
    fn scope_since(&self, opening: &Opening, order: Order) -> Option<ScopeWord> {
        let scopes = self.scopes.iter().filter(|(scope, _)| takes_in(scope, &opening.holder));
        scopes
            .map(|(_, kind)| *kind)
            .filter(|(later, _)| *later > order)
            .max()
            .map(|(_, word)| word)
    }

    /// True if the last word on all that a program tells of is that it is known, and no part of it
    /// was lost since.
    fn knows_all_of(&self, origin: Origin) -> bool {
        roots(origin).iter().all(|root| {
            let runtime = Scope::FirewalldLayer { layer: Layer::Runtime };
            let root_word = match root {
                Scope::Firewalld => self.scopes.get(root).max(self.scopes.get(&runtime)),
                _ => self.scopes.get(root),
            };
            let lost = self.scopes.iter().any(|(scope, (order, word))| {
                Origin::of_scope(scope) == origin
                    && is_within(scope, root)
                    && hides_ports(scope)
                    && matches!(word, ScopeWord::Lost { .. })
                    && root_word.is_none_or(|(root_order, _)| order >= root_order)
            });
            matches!(root_word, Some((_, ScopeWord::BecameKnown))) && !lost
        })
    }
}
