//! What is open, by host port: what each program says about one port, side by side.

use super::history::port_order;
use super::origin::{Origin, hides_ports, layer_of};
use super::words::{held_by, layer_word, port_word};
use crate::event::firewalld::{Kind, Layer};
use crate::family::Family;
use crate::port::{HostPort, PortRange, Protocol};
use crate::stamp::Stamp;
use crate::state::Host;
use crate::state::evidence::{Assumed, Support};
use crate::state::known::Unknown;
use crate::state::opening::{Holder, Opening, Scope};
use crate::state::services::ServiceTable;
use crate::text::Text;
use crate::timeline::Timeline;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;
use core::net::IpAddr;

/// What a fact does to a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum Role {
    /// The firewall lets packets to it through.
    Allowed,
    /// The firewall would let packets to it through after a reload, and does not do so by this fact
    /// now.
    AllowedAfterReload,
    /// A DNAT rule leads packets to it elsewhere.
    Exposed,
    /// A socket is bound to it.
    Held,
    /// A neighbour says that it uses it.
    Claimed,
    /// It can open ports, but the log does not name which: a service, an IP protocol, a source
    /// port, a rich rule that accepts, a policy, a direct rule, the target ACCEPT.
    CanOpen,
    /// It opens no port by itself: which interfaces and sources a zone applies to, a target that
    /// lets nothing in, masquerading, a rich rule that accepts nothing.
    Setting,
}

impl Role {
    /// What an opening does.
    #[must_use]
    pub fn of(opening: &Opening) -> Self {
        let names_ports =
            opening.port.is_some() && !matches!(opening.holder, Holder::ZoneSourcePort { .. });
        match (&opening.holder, names_ports) {
            (Holder::FirewallFact { kind: Some(kind), fact, .. }, _) if !can_open(*kind, fact) => {
                Self::Setting
            }
            (_, false) => Self::CanOpen,
            (Holder::CrioSocket, _) => Self::Held,
            (Holder::CrioRule { .. } | Holder::NodePort { .. } | Holder::ExternalIp { .. }, _) => {
                Self::Exposed
            }
            (Holder::Neighbour { .. }, _) => Self::Claimed,
            (holder, _) if layer_of(holder) == Some(Layer::Permanent) => Self::AllowedAfterReload,
            _ => Self::Allowed,
        }
    }

    /// The word used in reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::AllowedAfterReload => "allowed after reload",
            Self::Exposed => "exposed",
            Self::Held => "held",
            Self::Claimed => "claimed",
            Self::CanOpen => "can open",
            Self::Setting => "setting",
        }
    }
}

/// True if an entry of this list of a zone can let packets in.
fn can_open(kind: Kind, fact: &Text<'_>) -> bool {
    let says = |word: &[u8]| memchr::memmem::find(fact.as_bytes(), word).is_some();
    match kind {
        Kind::Interfaces | Kind::Sources | Kind::Masquerade => false,
        Kind::Target => says(b"ACCEPT"),
        Kind::RichRules => says(b"accept") || says(b"forward-port"),
        _ => true,
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// One thing that holds a port open, or can open ports, with the lines that show it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Fact {
    /// The program whose log tells it.
    pub origin: Origin,
    /// What it does.
    pub role: Role,
    /// All ports that it opens; `None` where the log names none.
    pub ports: Option<HostPort>,
    /// What holds them.
    pub holder: Holder,
    /// The lines that show it, and how sure they make it.
    pub support: Support,
    /// The time since which it is open, with its offset, where the caller's timeline can tell it.
    pub since: Option<Stamp>,
}

impl Fact {
    /// The fact that an opening stands for.
    #[must_use]
    pub fn new(opening: Opening, support: Support) -> Self {
        let role = Role::of(&opening);
        Self {
            origin: Origin::of(&opening.holder),
            role,
            ports: opening.port,
            holder: opening.holder,
            support,
            since: None,
        }
    }

    /// True if the fact says that the port can be reached, or is held, now: not only after a
    /// reload.
    #[must_use]
    pub const fn is_now(&self) -> bool {
        !matches!(self.role, Role::AllowedAfterReload | Role::Setting)
            && !matches!(
                (self.role, layer_of(&self.holder)),
                (Role::CanOpen, Some(Layer::Permanent))
            )
    }
}

impl fmt::Display for Fact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} {} by {} ({}) since {}, {}",
            port_word(self.ports),
            self.role,
            held_by(&self.holder),
            layer_word(&self.holder),
            self.support.since,
            self.support.certainty
        )
    }
}

/// A host port, or neighbouring ports of which the same is true, and all facts about it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct OpenPort {
    /// The port or ports.
    pub port: HostPort,
    /// What is known about it, at least one fact, in order.
    pub facts: Vec<Fact>,
}

impl OpenPort {
    /// True if at least one fact says that it can be reached, or is held, now.
    #[must_use]
    pub fn is_now(&self) -> bool {
        self.facts.iter().any(Fact::is_now)
    }
}

/// What the logs say of one port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
pub enum PortState {
    /// It is open.
    Open,
    /// It is closed.
    Closed,
    /// The log cannot tell.
    Unknown,
}

impl PortState {
    /// Open if one program says so, closed only if none could be hiding it.
    pub(super) fn of_all(states: [Self; 4]) -> Self {
        if states.contains(&Self::Open) {
            Self::Open
        } else if states.contains(&Self::Unknown) {
            Self::Unknown
        } else {
            Self::Closed
        }
    }

    /// The word used in reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Closed => "closed",
            Self::Unknown => "unknown",
        }
    }
}

impl fmt::Display for PortState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Something that the log cannot tell, and why.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Untold {
    /// What.
    pub scope: Scope,
    /// Why.
    pub unknown: Unknown,
}

/// Something that is known only by an assumption of the caller's.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Presumed {
    /// What.
    pub scope: Scope,
    /// The assumption, and the lines between which it was made.
    pub assumed: Assumed,
}

/// Everything that is known to be open on a host, joined by port, and what could not be known.
///
/// Ranges are cut where the facts about their ports differ; ports are in order of number, then
/// protocol.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct OpenPorts {
    /// The ports.
    pub ports: Vec<OpenPort>,
    /// What can open ports without the log naming them.
    pub can_open: Vec<Fact>,
    /// What bears on the ports without opening any: interfaces and sources of zones, targets.
    pub settings: Vec<Fact>,
    /// What could not be known.
    pub unknown: Vec<Untold>,
    /// What is known only by assumptions of the caller's, that it is empty among it.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Vec::is_empty"))]
    pub assumed: Vec<Presumed>,
}

impl OpenPorts {
    /// The joined view of a host.
    #[must_use]
    pub fn of(host: &Host) -> Self {
        let mut open = Self::new(host.openings(), host.unknowns());
        open.assumed = host.assumed().map(|(scope, assumed)| Presumed { scope, assumed }).collect();
        open.assumed.sort();
        open
    }

    /// The joined view of openings and unknowns from anywhere.
    #[must_use]
    pub fn new(
        openings: impl IntoIterator<Item = (Opening, Support)>,
        unknowns: impl IntoIterator<Item = (Scope, Unknown)>,
    ) -> Self {
        let (mut ported, mut can_open, mut settings) = (Vec::new(), Vec::new(), Vec::new());
        for (opening, support) in openings {
            let fact = Fact::new(opening, support);
            match (fact.role, fact.ports) {
                (Role::Setting, _) => settings.push(fact),
                (Role::CanOpen, _) | (_, None) => can_open.push(fact),
                (_, Some(port)) => ported.push((port, fact)),
            }
        }
        can_open.sort();
        settings.sort();
        let mut unknown: Vec<Untold> =
            unknowns.into_iter().map(|(scope, unknown)| Untold { scope, unknown }).collect();
        unknown.sort();
        Self { ports: join(ported), can_open, settings, unknown, assumed: Vec::new() }
    }

    /// The same view, with the services of zones turned into the ports that they stand for.
    ///
    /// A service that is not in the table, or opens more than ports (IP protocols, source ports,
    /// helpers, names that only the host can resolve), stays among [`Self::can_open`].
    #[must_use]
    pub fn with_services(mut self, services: &ServiceTable) -> Self {
        let mut ported: BTreeSet<(HostPort, Fact)> = BTreeSet::new();
        let named = self.ports.into_iter().flat_map(|open| open.facts);
        ported.extend(named.filter_map(|fact| Some((fact.ports?, fact))));
        self.can_open.retain(|fact| {
            let Holder::ZoneService { service, .. } = &fact.holder else { return true };
            let Ok(parts) = services.resolve(service.as_bytes()) else { return true };
            let mut opens_more = false;
            for (_, part) in parts {
                for port in &part.ports {
                    let opening = Opening { port: Some(*port), holder: fact.holder.clone() };
                    ported.insert((
                        *port,
                        Fact { since: fact.since, ..Fact::new(opening, fact.support) },
                    ));
                }
                opens_more |= !(part.protocols.is_empty()
                    && part.source_ports.is_empty()
                    && part.unresolved.is_empty()
                    && part.helpers.is_empty());
            }
            opens_more
        });
        self.ports = join(ported.into_iter().collect());
        self
    }

    /// Tells the times of all facts by a timeline.
    pub(super) fn resolve(&mut self, timeline: &Timeline) {
        let facts = self
            .ports
            .iter_mut()
            .flat_map(|open| &mut open.facts)
            .chain(&mut self.can_open)
            .chain(&mut self.settings);
        for fact in facts {
            fact.since = fact
                .support
                .since
                .stamp
                .and_then(|stamp| timeline.resolve(stamp).ok())
                .map(Stamp::Instant);
        }
    }

    /// The facts about one port, or about ports of which it is one.
    pub fn facts(&self, port: HostPort) -> impl Iterator<Item = &Fact> + '_ {
        self.ports.iter().filter(move |open| open.port.overlaps(port)).flat_map(|open| &open.facts)
    }

    /// What one program's log says of a port now.
    ///
    /// A source that was silent leaves its part unknown in the state; [`super::Coverage`] says what
    /// its silence is worth.
    #[must_use]
    pub fn state_by(&self, origin: Origin, port: HostPort) -> PortState {
        if self.facts(port).any(|fact| fact.origin == origin && fact.is_now()) {
            return PortState::Open;
        }
        let untold = self
            .unknown
            .iter()
            .any(|untold| Origin::of_scope(&untold.scope) == origin && hides_ports(&untold.scope));
        let could = self.can_open.iter().any(|fact| fact.origin == origin && fact.is_now());
        if untold || could { PortState::Unknown } else { PortState::Closed }
    }

    /// What all logs together say of a port: open if one says so, closed only if none could be
    /// hiding it.
    #[must_use]
    pub fn state(&self, port: HostPort) -> PortState {
        PortState::of_all(Origin::ALL.map(|origin| self.state_by(origin, port)))
    }

    /// Flat rows, one per port and fact, for tools that want tables of text.
    #[must_use]
    pub fn rows(&self) -> Vec<Row> {
        self.ports
            .iter()
            .flat_map(|open| open.facts.iter().map(|fact| Row::new(Some(open.port), fact)))
            .chain(self.can_open.iter().map(|fact| Row::new(fact.ports, fact)))
            .collect()
    }
}

/// Cuts ranges where the facts about their ports change.
fn join(facts: Vec<(HostPort, Fact)>) -> Vec<OpenPort> {
    let mut by_protocol: BTreeMap<Protocol, Vec<(PortRange, Fact)>> = BTreeMap::new();
    for (port, fact) in facts {
        by_protocol.entry(port.protocol()).or_default().push((port.range(), fact));
    }
    let mut ports = Vec::new();
    for (protocol, mut facts) in by_protocol {
        facts.sort_by(|(_, a), (_, b)| a.cmp(b));
        // At each port number: the facts that begin there, and those that ended just before it.
        let mut edges: BTreeMap<u32, (Vec<usize>, Vec<usize>)> = BTreeMap::new();
        for (nth, (range, _)) in facts.iter().enumerate() {
            edges.entry(u32::from(range.first())).or_default().0.push(nth);
            edges.entry(u32::from(range.last()).saturating_add(1)).or_default().1.push(nth);
        }
        let mut active: BTreeSet<usize> = BTreeSet::new();
        let mut ends = edges.keys().copied().skip(1).collect::<Vec<_>>().into_iter();
        for (from, (begin, end)) in edges {
            active.extend(begin);
            end.iter().for_each(|nth| {
                active.remove(nth);
            });
            let behind = ends.next().unwrap_or(from);
            if let (Ok(first), Ok(last), false) =
                (u16::try_from(from), u16::try_from(behind.saturating_sub(1)), active.is_empty())
            {
                let held = active
                    .iter()
                    .filter_map(|nth| facts.get(*nth))
                    .map(|(_, fact)| fact.clone())
                    .collect();
                ports.push(OpenPort {
                    port: HostPort::new(protocol, PortRange::new(first, last)),
                    facts: held,
                });
            }
        }
    }
    ports.sort_by_key(|open| port_order(Some(open.port)));
    ports
}

/// A flat row: one port and one fact about it, all in text, names as in osquery's tables.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Row {
    /// The port or range (`443`, `8000-8010`); empty where the log names none.
    pub port: String,
    /// The protocol in lower case; empty where the log names none.
    pub protocol: String,
    /// `ipv4`, `ipv6`; empty where the fact holds for both or the log does not say.
    pub family: String,
    /// The host address; empty for all addresses.
    pub address: String,
    /// The program and the part of it (`firewalld runtime`, `crio socket`).
    pub source: String,
    /// `allowed`, `exposed`, `held` and the like.
    pub state: String,
    /// `confirmed`, `reported`, `stated`, `assumed`.
    pub certainty: String,
    /// The time of the line since which it is open, as the log writes it; empty without one.
    pub opened_at: String,
    /// The time of the line that closed it; empty while it is open.
    pub closed_at: String,
    /// The number of the last line that says something about it.
    pub last_line: String,
}

impl Row {
    /// The names of the columns, in order.
    pub const COLUMNS: [&'static str; 10] = [
        "port",
        "protocol",
        "family",
        "address",
        "source",
        "state",
        "certainty",
        "opened_at",
        "closed_at",
        "last_line",
    ];

    fn new(port: Option<HostPort>, fact: &Fact) -> Self {
        let (family, address) = family_and_address(&fact.holder);
        Self {
            port: port.map(|port| port.range().to_string()).unwrap_or_default(),
            protocol: port.map(|port| port.protocol().to_string()).unwrap_or_default(),
            family: family.map(|family| family.to_string()).unwrap_or_default(),
            address: address.map(|address| address.to_string()).unwrap_or_default(),
            source: layer_word(&fact.holder).into(),
            state: fact.role.to_string(),
            certainty: fact.support.certainty.to_string(),
            opened_at: fact.support.since.stamp.map(|stamp| stamp.to_string()).unwrap_or_default(),
            closed_at: String::new(),
            last_line: fact.support.since.at.line().to_string(),
        }
    }

    /// The cells in the order of [`Self::COLUMNS`].
    #[must_use]
    pub fn cells(&self) -> [&str; 10] {
        [
            &self.port,
            &self.protocol,
            &self.family,
            &self.address,
            &self.source,
            &self.state,
            &self.certainty,
            &self.opened_at,
            &self.closed_at,
            &self.last_line,
        ]
    }
}

/// The IP family and the host address that a holder is bound to.
pub(super) fn family_and_address(holder: &Holder) -> (Option<Family>, Option<IpAddr>) {
    match holder {
        Holder::CrioRule { family, host_ip, .. } => (Some(*family), *host_ip),
        Holder::NodePort { family, address } => (Some(*family), *address),
        Holder::ExternalIp { family, address } => (Some(*family), Some(*address)),
        _ => (None, None),
    }
}
