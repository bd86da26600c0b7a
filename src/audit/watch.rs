//! What opens and closes, told as it happens: what each line changed of the answers, and nothing
//! that it only took back again.

use crate::event::firewalld::{Kind, Layer};
use crate::host_name::ByHost;
use crate::port::{HostPort, PortRange, Protocol};
use crate::report::{Fact, Origin, roots, scope_words, takes_in};
use crate::state::change::Change;
use crate::state::evidence::{Evidence, Provenance};
use crate::state::known::Unknown;
use crate::state::opening::{Holder, Opening, Scope};
use crate::state::{Host, Ledger};
use crate::text::Text;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use core::fmt;

/// A change of what is open on a host, with the line that brought it about.
///
/// Made by [`Auditor::feed_with`](super::Auditor::feed_with).
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct HostChange {
    /// The host; `None` for lines that name none.
    pub host: Option<Text<'static>>,
    /// The line that brought it about, or the place at which the caller stated it.
    pub by: Evidence,
    /// What changed.
    pub turn: Turn,
}

/// What changed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(tag = "type", rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum Turn {
    /// Something is open from here on.
    Opened {
        /// What.
        fact: Fact,
    },
    /// Something that was open is closed from here on.
    Closed {
        /// What, as it was open.
        fact: Fact,
    },
    /// Something that was open may be closed from here on.
    Uncertain {
        /// What, as it was open.
        fact: Fact,
    },
    /// A part of the state cannot be told from here on.
    Unknown {
        /// Which part.
        scope: Scope,
        /// Why.
        unknown: Unknown,
    },
    /// A part of the state that could not be told is known from here on.
    Known {
        /// Which part.
        scope: Scope,
    },
}

/// `line 11 (2023-06-25T16:24:14+08:00): closed 443/tcp held by socket of CRI-O (crio socket) since
/// line 8 …`, without the host.
impl fmt::Display for HostChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.by, self.turn)
    }
}

impl fmt::Display for Turn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Opened { fact } => write!(f, "opened {fact}"),
            Self::Closed { fact } => write!(f, "closed {fact}"),
            Self::Uncertain { fact } => write!(f, "perhaps closed {fact}"),
            Self::Unknown { scope, unknown } => {
                write!(f, "unknown {}: {unknown}", scope_words(scope))
            }
            Self::Known { scope } => write!(f, "known {}", scope_words(scope)),
        }
    }
}

/// The answers that were told last, and the changes since.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct Watch {
    #[cfg_attr(feature = "serde", serde(with = "crate::serde_map_as_list"))]
    hosts: ByHost<Answers>,
    /// The hosts that the line changed, with what the folds say of it.
    #[cfg_attr(feature = "serde", serde(skip))]
    touched: Vec<(Option<Text<'static>>, Vec<Change>)>,
    #[cfg_attr(feature = "serde", serde(skip))]
    fresh: Vec<HostChange>,
}

/// What is open and what cannot be told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
struct Answers {
    #[cfg_attr(feature = "serde", serde(with = "crate::serde_map_as_list"))]
    open: BTreeMap<Lane, Vec<Stretch>>,
    #[cfg_attr(feature = "serde", serde(with = "crate::serde_map_as_list"))]
    unknown: BTreeMap<Scope, Unknown>,
}

/// Who holds ports open, and of which protocol; none where the log names no port.
type Lane = (Holder, Option<Protocol>);
/// The first and the last port, and since when.
type Stretch = (u16, u16, Provenance);

impl Answers {
    fn of(host: Option<&Host>) -> Self {
        let mut open: BTreeMap<Lane, Vec<Stretch>> = BTreeMap::new();
        let mut unknown = BTreeMap::new();
        for (opening, support) in host.into_iter().flat_map(Host::openings) {
            let range = opening.port.map_or(PortRange::single(0), HostPort::range);
            let lane = (opening.holder, opening.port.map(HostPort::protocol));
            open.entry(lane).or_default().push((range.first(), range.last(), support));
        }
        for (scope, why) in host.into_iter().flat_map(Host::unknowns) {
            match scope {
                Scope::Zone { zone, layer } => {
                    for kind in Kind::ALL {
                        unknown.insert(Scope::ZoneList { zone: zone.clone(), layer, kind }, why);
                    }
                }
                scope => _ = unknown.insert(scope, why),
            }
        }
        // What was not heard of is not known either.
        let silent = [
            (Origin::Firewalld, host.and_then(Host::firewalld).is_none()),
            (Origin::Crio, host.and_then(Host::crio).is_none()),
            (Origin::Ovnkube, host.and_then(Host::ovnkube).is_none()),
        ];
        let silent = silent.into_iter().filter(|(_, silent)| *silent);
        for scope in silent.flat_map(|(origin, _)| roots(origin)) {
            unknown.insert(scope, Unknown::BEFORE_LOG);
        }
        Self { open, unknown }
    }
}

impl Watch {
    /// Everything that is known now counts as told.
    pub(super) fn of(ledger: &Ledger) -> Self {
        let hosts = ledger.hosts().map(|(name, host)| (name.cloned(), Answers::of(Some(host))));
        Self { hosts: hosts.collect(), ..Self::default() }
    }

    /// Takes note that a line said something of a host, and of what the folds say that it changed.
    pub(super) fn touch(&mut self, host: Option<&Text<'_>>, changes: &[Change]) {
        self.touched.push((host.cloned().map(Text::into_owned), changes.to_vec()));
    }

    /// A host is known by another name from here on.
    pub(super) fn rename(&mut self, name: &Text<'static>) {
        crate::host_name::name_the_nameless(&mut self.hosts, name);
    }

    /// Compares the answers with those before the line.
    pub(super) fn compare(&mut self, ledger: &Ledger, by: Evidence) {
        let mut touched = core::mem::take(&mut self.touched);
        while let Some((host, mut changes)) = touched.pop() {
            let (same, others) = core::mem::take(&mut touched)
                .into_iter()
                .partition::<Vec<_>, _>(|(other, _)| *other == host);
            touched = others;
            changes.extend(same.into_iter().flat_map(|(_, changes)| changes));
            let now = Answers::of(ledger.host(host.as_ref()));
            let before = self.hosts.insert(host.clone(), now.clone());
            let before = before.unwrap_or_else(|| Answers::of(None));
            let turns = turns(&before, &now, &changes);
            let fresh = turns.into_iter().map(|turn| HostChange { host: host.clone(), by, turn });
            self.fresh.extend(fresh);
        }
    }

    /// Hands out the changes that were not told yet.
    pub(super) fn tell(&mut self, tell: &mut dyn FnMut(&HostChange)) {
        self.fresh.drain(..).for_each(|change| tell(&change));
    }
}

fn turns(before: &Answers, now: &Answers, changes: &[Change]) -> Vec<Turn> {
    let mut turns = Vec::new();
    for (lane, was) in &before.open {
        let is = now.open.get(lane).map(Vec::as_slice).unwrap_or_default();
        for stretch in without(was, is) {
            let fact = fact(lane, stretch);
            let doubted = !says_closed(&fact, changes)
                && (now.unknown.keys().any(|scope| takes_in(scope, &fact.holder))
                    || says_doubted(&fact, changes));
            turns.push(if doubted { Turn::Uncertain { fact } } else { Turn::Closed { fact } });
        }
    }
    for (scope, unknown) in whole(&now.unknown, &before.unknown) {
        let was_unknown = match scope {
            Scope::Zone { .. } | Scope::ZoneList { .. } => {
                before.unknown.contains_key(&Scope::Firewalld)
            }
            _ => false,
        };
        if !was_unknown {
            turns.push(Turn::Unknown { scope, unknown });
        }
    }
    for (scope, _) in whole(&before.unknown, &now.unknown) {
        // Before a zone was heard of, all of firewalld was unknown; its zones may be still.
        if scope != Scope::Firewalld {
            turns.push(Turn::Known { scope });
        }
    }
    for (lane, is) in &now.open {
        let was = before.open.get(lane).map(Vec::as_slice).unwrap_or_default();
        turns.extend(without(is, was).map(|stretch| Turn::Opened { fact: fact(lane, stretch) }));
    }
    turns
}

fn fact(lane: &Lane, (first, last, support): Stretch) -> Fact {
    let port = lane.1.map(|protocol| HostPort::new(protocol, PortRange::new(first, last)));
    Fact::new(Opening { port, holder: lane.0.clone() }, support)
}

/// The parts of some stretches of ports that are in none of the others.
fn without<'a>(these: &'a [Stretch], others: &'a [Stretch]) -> impl Iterator<Item = Stretch> + 'a {
    these.iter().flat_map(move |(first, last, support)| {
        let mut rest = Vec::from([(*first, *last)]);
        for (from, to, _) in others.iter().filter(|(from, to, _)| from <= last && to >= first) {
            rest = rest
                .into_iter()
                .flat_map(|(first, last)| {
                    let below = from.checked_sub(1).map(|end| (first, end.min(last)));
                    let above = to.checked_add(1).map(|begin| (begin.max(first), last));
                    [below, above].into_iter().flatten().filter(|(first, last)| first <= last)
                })
                .collect();
        }
        rest.into_iter().map(|(first, last)| (first, last, *support))
    })
}

/// The scopes that are in one of the maps only; all lists of a layer of a zone count as one.
fn whole(
    these: &BTreeMap<Scope, Unknown>,
    others: &BTreeMap<Scope, Unknown>,
) -> Vec<(Scope, Unknown)> {
    let new = || these.iter().filter(|(scope, _)| !others.contains_key(*scope));
    let mut kinds: BTreeMap<(&Text<'static>, Layer), BTreeSet<Kind>> = BTreeMap::new();
    for (scope, _) in new() {
        if let Scope::ZoneList { zone, layer, kind } = scope {
            kinds.entry((zone, *layer)).or_default().insert(*kind);
        }
    }
    let mut scopes = Vec::new();
    for (scope, unknown) in new() {
        let scope = match scope {
            Scope::ZoneList { zone, layer, kind }
                if kinds.get(&(zone, *layer)).is_some_and(|own| own.len() == Kind::ALL.len()) =>
            {
                if Some(kind) != Kind::ALL.iter().min() {
                    continue;
                }
                Scope::Zone { zone: zone.clone(), layer: *layer }
            }
            scope => scope.clone(),
        };
        scopes.push((scope, *unknown));
    }
    scopes
}

fn is_of(opening: &Opening, fact: &Fact) -> bool {
    opening.holder == fact.holder
        && match (opening.port, fact.ports) {
            (Some(a), Some(b)) => a.overlaps(b),
            (a, b) => a == b,
        }
}

fn says_closed(fact: &Fact, changes: &[Change]) -> bool {
    let closed = |change: &Change| match change {
        Change::Closed { opening, .. } => is_of(opening, fact),
        _ => false,
    };
    changes.iter().any(closed)
}

fn says_doubted(fact: &Fact, changes: &[Change]) -> bool {
    let doubted = |change: &Change| match change {
        Change::Uncertain { opening, .. } => is_of(opening, fact),
        _ => false,
    };
    changes.iter().any(doubted)
}
