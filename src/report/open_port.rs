//! What is open, by host port: what each program says about one port, side by side.

use super::history::port_order;
use super::labels::{held_by, layer_word, pod_and_namespace, port_word, shown};
use super::origin::{Origin, hides_ports, layer_of, zone_of};
use super::zone_use::{self, DefaultZone, ZoneUse, ZoneUses};
use crate::event::firewalld::{Kind, Layer};
use crate::family::Family;
use crate::port::{HostPort, PortRange, Protocol};
use crate::stamp::Stamp;
use crate::state::Host;
use crate::state::evidence::{Assumed, Provenance};
use crate::state::known::Unknown;
use crate::state::opening::{Holder, Opening, Scope};
use crate::state::services::ServiceTable;
use crate::text::Text;
use crate::timeline::Timeline;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
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
    /// The firewall lets packets to it through if the zone applies to any, and it is not known
    /// whether it does: see [`ZoneUse::Unknown`].
    AllowedIfZoneApplies,
    /// A zone allows it that applies to no packet, so the port is not open by it: see
    /// [`ZoneUse::Unused`].
    AllowedInUnusedZone,
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
    /// It could open ports as [`Role::CanOpen`] does, but it stands in a zone that applies to no
    /// packet: see [`ZoneUse::Unused`].
    CanOpenInUnusedZone,
    /// It opens no port by itself: which interfaces and sources a zone applies to, a target that
    /// lets nothing in, masquerading, a rich rule that accepts nothing.
    Setting,
}

impl Role {
    /// What an opening does. What is in a zone of firewalld's does it to the packets that the zone
    /// applies to.
    #[must_use]
    pub fn of(opening: &Opening, zone_use: ZoneUse) -> Self {
        let names_ports =
            opening.port.is_some() && !matches!(opening.holder, Holder::ZoneSourcePort { .. });
        let unused = zone_use == ZoneUse::Unused && zone_of(&opening.holder).is_some();
        match (&opening.holder, names_ports) {
            (Holder::FirewallFact { kind: Some(kind), fact, .. }, _) if !can_open(*kind, fact) => {
                Self::Setting
            }
            (_, false) if unused => Self::CanOpenInUnusedZone,
            (_, false) => Self::CanOpen,
            (Holder::CrioSocket, _) => Self::Held,
            (Holder::CrioRule { .. } | Holder::NodePort { .. } | Holder::ExternalIp { .. }, _) => {
                Self::Exposed
            }
            (Holder::LocalPort { .. }, _) => Self::Claimed,
            _ if unused => Self::AllowedInUnusedZone,
            (holder, _) if layer_of(holder) == Some(Layer::Permanent) => Self::AllowedAfterReload,
            _ if zone_use == ZoneUse::Unknown => Self::AllowedIfZoneApplies,
            _ => Self::Allowed,
        }
    }

    /// The word used in reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::AllowedIfZoneApplies => "allowed if the zone applies",
            Self::AllowedInUnusedZone => "allowed in an unused zone",
            Self::AllowedAfterReload => "allowed after reload",
            Self::Exposed => "exposed",
            Self::Held => "held",
            Self::Claimed => "claimed",
            Self::CanOpen => "can open",
            Self::CanOpenInUnusedZone => "can open in an unused zone",
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
    pub support: Provenance,
    /// The time since which it is open, with its offset, where the caller's timeline can tell it.
    pub since: Option<Stamp>,
}

impl Fact {
    /// The fact that an opening stands for. If it is in a zone of firewalld's, it is not known yet
    /// whether the zone applies to any packet: see [`Self::with_zone_use`].
    #[must_use]
    pub fn new(opening: Opening, support: Provenance) -> Self {
        Self::in_zone(opening, support, ZoneUse::Unknown)
    }

    /// The same fact, with the role that it has if this is known of its zone.
    #[must_use]
    pub fn with_zone_use(self, zone_use: ZoneUse) -> Self {
        let Self { ports, holder, support, since, .. } = self;
        Self { since, ..Self::in_zone(Opening { port: ports, holder }, support, zone_use) }
    }

    fn in_zone(opening: Opening, support: Provenance, zone_use: ZoneUse) -> Self {
        let role = Role::of(&opening, zone_use);
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
    /// reload, and not only if a zone applies of which that is not known.
    #[must_use]
    pub const fn is_now(&self) -> bool {
        match self.role {
            Role::Allowed | Role::Exposed | Role::Held | Role::Claimed => true,
            Role::CanOpen => !matches!(layer_of(&self.holder), Some(Layer::Permanent)),
            Role::AllowedIfZoneApplies
            | Role::AllowedInUnusedZone
            | Role::AllowedAfterReload
            | Role::CanOpenInUnusedZone
            | Role::Setting => false,
        }
    }

    /// True if the port may be reached now by this fact, and it is not known whether it can be.
    #[must_use]
    pub const fn may_be_now(&self) -> bool {
        matches!(self.role, Role::AllowedIfZoneApplies)
    }
}

impl fmt::Display for Fact {
    /// What is done to which port, by what, how sure that is and by which line: `8080/tcp allowed
    /// by zone public (firewalld runtime), confirmed at line 5`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let by = format!("{} ({})", held_by(&self.holder), layer_word(&self.holder));
        let ports = port_word(self.ports);
        match self.role {
            Role::Allowed | Role::Exposed | Role::Held | Role::Claimed => {
                write!(f, "{ports} {} by {by}", self.role)?
            }
            Role::AllowedIfZoneApplies => write!(f, "{ports} allowed by {by} if the zone applies")?,
            Role::AllowedInUnusedZone => {
                write!(f, "{ports} allowed by {by}, but the zone applies to nothing")?
            }
            Role::AllowedAfterReload => write!(f, "{ports} allowed after a reload by {by}")?,
            Role::CanOpen if self.ports.is_some() => write!(f, "{by} can open any port")?,
            Role::CanOpen => write!(f, "{by} can open ports that the log does not name")?,
            Role::CanOpenInUnusedZone => {
                write!(f, "{by} could open ports, but the zone applies to nothing")?
            }
            Role::Setting => write!(f, "{by} is set")?,
        }
        let since = self.support.since;
        match since.stated {
            true => write!(f, ", {} {}", self.support.certainty, self.support.place()),
            false => write!(f, ", {} at {since}", self.support.certainty),
        }
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
pub struct UnknownPart {
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
    /// firewalld's default zone, which applies to what no other zone applies to; `None` if nothing
    /// was read or stated of firewalld.
    pub default_zone: Option<DefaultZone>,
    /// What could not be known.
    pub unknown: Vec<UnknownPart>,
    /// What is known only by assumptions of the caller's, that it is empty among it.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Vec::is_empty"))]
    pub assumed: Vec<Presumed>,
}

impl OpenPorts {
    /// The joined view of a host.
    #[must_use]
    pub fn of(host: &Host) -> Self {
        let firewalld = host.firewalld();
        let others =
            host.unknowns().filter(|(scope, _)| Origin::of_scope(scope) != Origin::Firewalld);
        let unknowns = firewalld.into_iter().flat_map(zone_use::unknowns).chain(others);
        let mut open = Self::new(host.openings(), unknowns, firewalld.map(DefaultZone::of));
        open.assumed = host.assumed().map(|(scope, assumed)| Presumed { scope, assumed }).collect();
        open.assumed.sort();
        open
    }

    /// The joined view of openings and unknowns from anywhere.
    ///
    /// The default zone, and the interfaces and sources among the openings and unknowns, decide
    /// which zones apply to any packet.
    #[must_use]
    pub fn new(
        openings: impl IntoIterator<Item = (Opening, Provenance)>,
        unknowns: impl IntoIterator<Item = (Scope, Unknown)>,
        default_zone: Option<DefaultZone>,
    ) -> Self {
        let (settings, others): (Vec<Fact>, Vec<Fact>) = openings
            .into_iter()
            .map(|(opening, support)| Fact::new(opening, support))
            .partition(|fact| fact.role == Role::Setting);
        let unknown = unknowns.into_iter().map(|(scope, unknown)| UnknownPart { scope, unknown });
        let mut open =
            Self { settings, default_zone, unknown: unknown.collect(), ..Self::default() };
        open.settings.sort();
        open.unknown.sort();
        let uses = ZoneUses::of(&open);
        let (mut ported, mut can_open) = (Vec::new(), Vec::new());
        for fact in others {
            let zone_use = uses.of_holder(&fact.holder);
            let fact = fact.with_zone_use(zone_use);
            match (fact.role, fact.ports) {
                (Role::CanOpen | Role::CanOpenInUnusedZone, _) | (_, None) => can_open.push(fact),
                (_, Some(port)) => ported.push((port, fact)),
            }
        }
        can_open.sort();
        Self { ports: join(ported), can_open, ..open }
    }

    /// Whether a zone of firewalld's applies to any packet: now, or after a reload.
    #[must_use]
    pub fn zone_use(&self, zone: &Text<'_>, layer: Layer) -> ZoneUse {
        ZoneUses::of(self).of_zone(zone, layer)
    }

    /// The same view, with the services of zones turned into the ports that they stand for.
    ///
    /// A service that is not in the table, or opens more than ports (IP protocols, source ports,
    /// helpers, names that only the host can resolve), stays among [`Self::can_open`].
    #[must_use]
    pub fn with_services(mut self, services: &ServiceTable) -> Self {
        let mut ported: BTreeSet<(HostPort, Fact)> = BTreeSet::new();
        let named = core::mem::take(&mut self.ports).into_iter().flat_map(|open| open.facts);
        ported.extend(named.filter_map(|fact| Some((fact.ports?, fact))));
        let mut can_open = core::mem::take(&mut self.can_open);
        let uses = ZoneUses::of(&self);
        can_open.retain(|fact| {
            let Holder::ZoneService { service, .. } = &fact.holder else { return true };
            let Ok(parts) = services.resolve(service.as_bytes()) else { return true };
            let mut opens_more = false;
            for (_, part) in parts {
                for port in &part.ports {
                    let named = Fact { ports: Some(*port), ..fact.clone() };
                    ported.insert((*port, named.with_zone_use(uses.of_holder(&fact.holder))));
                }
                opens_more |= !(part.protocols.is_empty()
                    && part.source_ports.is_empty()
                    && part.unresolved.is_empty()
                    && part.helpers.is_empty());
            }
            opens_more
        });
        self.can_open = can_open;
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
        let unknown_table = self.unknown.iter().any(|unknown_table| {
            Origin::of_scope(&unknown_table.scope) == origin && hides_ports(&unknown_table.scope)
        });
        let could = self.can_open.iter().any(|fact| fact.origin == origin && fact.is_now())
            || self.facts(port).any(|fact| fact.origin == origin && fact.may_be_now());
        if unknown_table || could { PortState::Unknown } else { PortState::Closed }
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
#[non_exhaustive]
pub struct Row {
    /// The host named in the prefix of its lines; empty where the prefix names none, and for the
    /// rows of [`OpenPorts::rows`], which know no host.
    pub host: String,
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
    /// What holds it, in words (`zone public: service ssh`, `pod shop/web at 10.42.0.7:8443`).
    pub held_by: String,
    /// The zone of firewalld's; empty for what is in none.
    pub zone: String,
    /// The namespace of the pod; empty where the log names none.
    pub namespace: String,
    /// The pod; empty where the log names none.
    pub pod: String,
    /// `confirmed`, `reported`, `stated`, `assumed`.
    pub certainty: String,
    /// The time of the line since which it is open, as the log writes it; empty without one.
    pub opened_at: String,
    /// The number of the input of that line; empty for what the caller stated.
    pub input: String,
    /// The number of the line since which it is open; empty for what the caller stated.
    pub line: String,
}

impl Row {
    /// The names of the columns, in order.
    pub const COLUMNS: [&'static str; 15] = [
        "host",
        "port",
        "protocol",
        "family",
        "address",
        "source",
        "state",
        "held_by",
        "zone",
        "namespace",
        "pod",
        "certainty",
        "opened_at",
        "input",
        "line",
    ];

    fn new(port: Option<HostPort>, fact: &Fact) -> Self {
        let (family, address) = family_and_address(&fact.holder);
        let (pod, namespace) = match &fact.holder {
            Holder::CrioRule { pod, .. } => match pod_and_namespace(pod) {
                Some((pod, namespace)) => (String::from(pod), String::from(namespace)),
                None => (shown(pod), String::new()),
            },
            _ => (String::new(), String::new()),
        };
        let since = Some(fact.support.since).filter(|since| !since.stated);
        Self {
            host: String::new(),
            port: port.map(|port| port.range().to_string()).unwrap_or_default(),
            protocol: port.map(|port| port.protocol().to_string()).unwrap_or_default(),
            family: family.map(|family| family.to_string()).unwrap_or_default(),
            address: address.map(|address| address.to_string()).unwrap_or_default(),
            source: layer_word(&fact.holder).into(),
            state: fact.role.to_string(),
            held_by: held_by(&fact.holder),
            zone: zone_of(&fact.holder).map(shown).unwrap_or_default(),
            namespace,
            pod,
            certainty: fact.support.certainty.to_string(),
            opened_at: fact.support.since.stamp.map(|stamp| stamp.to_string()).unwrap_or_default(),
            input: since.map(|since| since.at.input().number().to_string()).unwrap_or_default(),
            line: since.map(|since| since.at.line().to_string()).unwrap_or_default(),
        }
    }

    /// The cells in the order of [`Self::COLUMNS`].
    #[must_use]
    pub fn cells(&self) -> [&str; 15] {
        [
            &self.host,
            &self.port,
            &self.protocol,
            &self.family,
            &self.address,
            &self.source,
            &self.state,
            &self.held_by,
            &self.zone,
            &self.namespace,
            &self.pod,
            &self.certainty,
            &self.opened_at,
            &self.input,
            &self.line,
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
