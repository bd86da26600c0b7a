//! All lists of one layer of one zone.

use super::names::NameSet;
use super::port_text;
use super::ports::PortSet;
use crate::event::firewalld::{Item, Kind, Layer};
use crate::port::HostPort;
use crate::state::evidence::{Assumed, Evidence, Provenance};
use crate::state::known::Unknown;
use crate::state::opening::{Holder, Opening};
use crate::text::Text;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// A thing in a list as the daemon keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Entry {
    Port(HostPort),
    Name(Text<'static>),
}

impl Entry {
    /// What the daemon makes of an item that it accepted; `None` for a port that cannot be resolved
    /// here.
    pub(super) fn of(item: &Item<'_>, layer: Layer) -> Option<Self> {
        let name = |name: &Text<'_>| Self::Name(name.clone().into_owned());
        Some(match item {
            Item::Port { port, protocol } | Item::SourcePort { port, protocol } => {
                Self::Port(port_text::resolve(port.as_bytes(), protocol.as_bytes())?)
            }
            Item::ForwardPort { port, protocol, to_port, to_address } => {
                let sent = Forward {
                    port: port.to_str()?,
                    protocol: protocol.to_str()?,
                    to_port: to_port.to_str()?,
                    to_address: to_address.to_str()?,
                };
                // The runtime layer keeps the numbers. The permanent one keeps the text as sent,
                // until the daemon reads the zone's file.
                let listed = match layer {
                    Layer::Runtime => sent.in_numbers()?,
                    Layer::Permanent => sent.listed(sent.port, sent.to_port),
                };
                Self::Name(Text::from(listed))
            }
            Item::Service { name: n }
            | Item::Protocol { name: n }
            | Item::Interface { name: n } => name(n),
            Item::RichRule { rule } => name(rule),
            Item::Source { address } => name(address),
            Item::Masquerade => Self::Name(Text::from("yes")),
            Item::Target { target } => name(target),
        })
    }

    /// How much it counts against the limit of keys: long names count more.
    pub(super) fn weight(&self) -> usize {
        match self {
            Self::Port(_) => 1,
            Self::Name(name) => weight(name),
        }
    }
}

fn weight(name: &Text<'_>) -> usize {
    1usize.saturating_add(name.as_bytes().len() / 64)
}

pub(super) fn port_opening(
    port: HostPort,
    zone: &Text<'static>,
    layer: Layer,
    kind: Kind,
) -> Opening {
    let zone = zone.clone();
    let holder = if kind == Kind::SourcePorts {
        Holder::ZoneSourcePort { zone, layer }
    } else {
        Holder::ZonePort { zone, layer }
    };
    Opening { port: Some(port), holder }
}

pub(super) fn name_opening(
    name: &Text<'static>,
    zone: &Text<'static>,
    layer: Layer,
    kind: Kind,
) -> Opening {
    let (zone, name) = (zone.clone(), name.clone());
    let fact = |word: &str| Text::from(format!("{word} {name}"));
    let (port, holder) = match kind {
        Kind::Services => (None, Holder::ZoneService { zone, layer, service: name }),
        Kind::Protocols => (None, Holder::ZoneProtocol { zone, layer, protocol: name }),
        Kind::ForwardPorts => {
            let (port, target) = forward(&name);
            (port, Holder::ZoneForwardPort { zone, layer, target })
        }
        Kind::Masquerade => (
            None,
            Holder::FirewallFact {
                zone: Some(zone),
                layer,
                kind: Some(kind),
                fact: Text::from("masquerade"),
            },
        ),
        Kind::Target => (
            None,
            Holder::FirewallFact {
                zone: Some(zone),
                layer,
                kind: Some(kind),
                fact: fact("target"),
            },
        ),
        Kind::Interfaces => (
            None,
            Holder::FirewallFact {
                zone: Some(zone),
                layer,
                kind: Some(kind),
                fact: fact("interface"),
            },
        ),
        Kind::Sources => (
            None,
            Holder::FirewallFact {
                zone: Some(zone),
                layer,
                kind: Some(kind),
                fact: fact("source"),
            },
        ),
        Kind::RichRules | Kind::Ports | Kind::SourcePorts => {
            (None, Holder::FirewallFact { zone: Some(zone), layer, kind: Some(kind), fact: name })
        }
    };
    Opening { port, holder }
}

/// The parts of a forward port.
#[derive(Debug, Clone, Copy)]
struct Forward<'t> {
    port: &'t str,
    protocol: &'t str,
    to_port: &'t str,
    to_address: &'t str,
}

impl<'t> Forward<'t> {
    /// Out of what the daemon lists: `port=8080:proto=tcp:toport=80:toaddr=`.
    fn of(listed: &'t Text<'static>) -> Option<Self> {
        let rest = listed.to_str()?.strip_prefix("port=")?;
        let (port, rest) = rest.split_once(":proto=")?;
        let (protocol, rest) = rest.split_once(":toport=")?;
        let (to_port, to_address) = rest.split_once(":toaddr=")?;
        Some(Self { port, protocol, to_port, to_address })
    }

    fn listed(&self, port: &str, to_port: &str) -> String {
        let Self { protocol, to_address, .. } = self;
        format!("port={port}:proto={protocol}:toport={to_port}:toaddr={to_address}")
    }

    /// Both ports as numbers, as the daemon keeps them in the runtime layer, and in the permanent
    /// one once it has read the zone's file; `None` if a name cannot be resolved here.
    fn in_numbers(&self) -> Option<String> {
        let number = |text: &str| match text {
            "" => Some(String::new()),
            text => port_text::normal(text.as_bytes()).map(|range| format!("{range}")),
        };
        Some(self.listed(&number(self.port)?, &number(self.to_port)?))
    }
}

/// Port and target of a listed forward port, the same for every spelling of its ports.
fn forward(listed: &Text<'static>) -> (Option<HostPort>, Text<'static>) {
    let parts = || {
        let spelled = Forward::of(listed)?;
        let in_numbers = spelled.in_numbers().map(Text::from);
        let one = in_numbers.as_ref().and_then(Forward::of).unwrap_or(spelled);
        Some((
            port_text::resolve(one.port.as_bytes(), one.protocol.as_bytes()),
            Text::from(format!("toport={}:toaddr={}", one.to_port, one.to_address)),
        ))
    };
    parts().unwrap_or_else(|| (None, listed.clone()))
}

/// What an entry of a list opens whose port is a name that cannot be resolved here; `None` for
/// other entries.
fn unresolved_words(item: &Item<'_>) -> Option<String> {
    Some(match item {
        Item::Port { port, protocol } => {
            format!("opens `{port}`/{protocol}, number not known")
        }
        Item::SourcePort { port, protocol } => {
            format!("opens from source port `{port}`/{protocol}, number not known")
        }
        Item::ForwardPort { port, protocol, to_port, to_address } => format!(
            "forwards `{port}`/{protocol} to `{to_port}` at `{to_address}`, numbers not known"
        ),
        _ => return None,
    })
}

/// The lists of one layer of a zone.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct Lists {
    ports: PortSet,
    source_ports: PortSet,
    services: NameSet,
    forward_ports: NameSet,
    protocols: NameSet,
    rich_rules: NameSet,
    interfaces: NameSet,
    sources: NameSet,
    masquerade: NameSet,
    target: NameSet,
    /// What was added by a name that cannot be resolved here, in words. The list that it is in is
    /// unknown.
    #[cfg_attr(feature = "serde", serde(with = "crate::serde_map_as_list"))]
    unresolved: BTreeMap<(Kind, Text<'static>), Provenance>,
}

/// One list of a zone.
pub(super) enum List<'a> {
    Ports(&'a PortSet),
    Names(&'a NameSet),
}

impl Lists {
    /// All of them unknown.
    pub(super) fn unknown(why: Unknown) -> Self {
        let (ports, names) = (|| PortSet::unknown(why), || NameSet::unknown(why));
        Self {
            ports: ports(),
            source_ports: ports(),
            services: names(),
            forward_ports: names(),
            protocols: names(),
            rich_rules: names(),
            interfaces: names(),
            sources: names(),
            masquerade: names(),
            target: names(),
            unresolved: BTreeMap::new(),
        }
    }

    pub(super) const fn port_set(&self, kind: Kind) -> Option<&PortSet> {
        match kind {
            Kind::Ports => Some(&self.ports),
            Kind::SourcePorts => Some(&self.source_ports),
            _ => None,
        }
    }

    pub(super) const fn port_set_mut(&mut self, kind: Kind) -> Option<&mut PortSet> {
        match kind {
            Kind::Ports => Some(&mut self.ports),
            Kind::SourcePorts => Some(&mut self.source_ports),
            _ => None,
        }
    }

    pub(super) const fn name_set(&self, kind: Kind) -> Option<&NameSet> {
        Some(match kind {
            Kind::Ports | Kind::SourcePorts => return None,
            Kind::Services => &self.services,
            Kind::ForwardPorts => &self.forward_ports,
            Kind::Protocols => &self.protocols,
            Kind::RichRules => &self.rich_rules,
            Kind::Interfaces => &self.interfaces,
            Kind::Sources => &self.sources,
            Kind::Masquerade => &self.masquerade,
            Kind::Target => &self.target,
        })
    }

    pub(super) const fn name_set_mut(&mut self, kind: Kind) -> Option<&mut NameSet> {
        Some(match kind {
            Kind::Ports | Kind::SourcePorts => return None,
            Kind::Services => &mut self.services,
            Kind::ForwardPorts => &mut self.forward_ports,
            Kind::Protocols => &mut self.protocols,
            Kind::RichRules => &mut self.rich_rules,
            Kind::Interfaces => &mut self.interfaces,
            Kind::Sources => &mut self.sources,
            Kind::Masquerade => &mut self.masquerade,
            Kind::Target => &mut self.target,
        })
    }

    /// The list of a kind.
    pub(super) const fn list(&self, kind: Kind) -> List<'_> {
        match (self.port_set(kind), self.name_set(kind)) {
            (Some(ports), _) => List::Ports(ports),
            (None, Some(names)) => List::Names(names),
            // Every kind is one or the other.
            (None, None) => List::Names(&self.services),
        }
    }

    /// Why a list is unknown, if it is.
    pub(super) const fn why_unknown(&self, kind: Kind) -> Option<Unknown> {
        match self.list(kind) {
            List::Ports(ports) => ports.unknown,
            List::Names(names) => names.unknown,
        }
    }

    /// The assumption that what is known of a list rests on, if there is one.
    pub(super) const fn assumed(&self, kind: Kind) -> Option<Assumed> {
        match self.list(kind) {
            List::Ports(ports) => ports.assumed,
            List::Names(names) => names.assumed,
        }
    }

    /// Lets all that is known of a list hold only if an assumption is true.
    pub(super) fn rest_on(&mut self, kind: Kind, assumed: Assumed) {
        if let Some(ports) = self.port_set_mut(kind) {
            ports.rest_on(assumed);
        } else if let Some(names) = self.name_set_mut(kind) {
            names.rest_on(assumed);
        }
    }

    /// Makes a list unknown; nothing that was known of it stays.
    pub(super) fn forget(&mut self, kind: Kind, why: Unknown) {
        self.unresolved.retain(|(of, _), _| *of != kind);
        if let Some(ports) = self.port_set_mut(kind) {
            *ports = PortSet::unknown(why);
        } else if let Some(names) = self.name_set_mut(kind) {
            *names = NameSet::unknown(why);
        }
    }

    /// Gives each list that is unknown a stronger reason, if this one is.
    pub(super) fn explain(&mut self, why: Unknown) {
        for kind in Kind::ALL {
            if self.why_unknown(kind).is_some_and(|before| before.why.yields_to(why.why)) {
                self.doubt(kind, why);
            }
        }
    }

    /// Makes a list unknown, but keeps what is proven to be in it.
    pub(super) const fn doubt(&mut self, kind: Kind, why: Unknown) {
        if let Some(ports) = self.port_set_mut(kind) {
            ports.unknown = Some(why);
        } else if let Some(names) = self.name_set_mut(kind) {
            names.unknown = Some(why);
        }
    }

    /// Notes that something was added whose port is a name that cannot be resolved here.
    pub(super) fn add_unresolved(&mut self, item: &Item<'_>, support: Provenance) {
        if let Some(words) = unresolved_words(item) {
            self.unresolved.entry((item.kind(), Text::from(words))).or_insert(support);
        }
    }

    fn unresolved(&self, kind: Kind) -> impl Iterator<Item = (&Text<'static>, Provenance)> + '_ {
        let of_kind = self.unresolved.iter().filter(move |((of, _), _)| *of == kind);
        of_kind.map(|((_, words), support)| (words, *support))
    }

    /// The daemon has read the zone's file: forward ports are numbers now, and two spellings of
    /// one are one (0.9 to 2.5). False if there is one whose number is not known here.
    pub(super) fn read_forward_ports(&mut self) -> bool {
        let mut all = true;
        self.forward_ports.rename(|name| {
            let numbers = Forward::of(name).and_then(|forward| forward.in_numbers());
            all &= numbers.is_some();
            numbers.map_or_else(|| name.clone(), Text::from)
        });
        all
    }

    /// Takes over one list of another layer.
    pub(super) fn copy(&mut self, kind: Kind, from: &Self) {
        self.unresolved.retain(|(of, _), _| *of != kind);
        for (words, support) in from.unresolved(kind) {
            self.unresolved.insert((kind, words.clone()), support);
        }
        if let (Some(to), Some(from)) = (self.port_set_mut(kind), from.port_set(kind)) {
            *to = from.clone();
        } else if let (Some(to), Some(from)) = (self.name_set_mut(kind), from.name_set(kind)) {
            *to = from.clone();
        }
    }

    /// Lets a list that was taken over hold since this line, but for what this layer held before.
    pub(super) fn inherit_provenance(&mut self, kind: Kind, before: &Self, by: Evidence) {
        if let (Some(set), Some(before)) = (self.port_set_mut(kind), before.port_set(kind)) {
            set.inherit_provenance(before, by);
        } else if let (Some(set), Some(before)) = (self.name_set_mut(kind), before.name_set(kind)) {
            set.inherit_provenance(before, by);
        }
        for (key, support) in self.unresolved.iter_mut().filter(|((of, _), _)| *of == kind) {
            *support =
                before.unresolved.get(key).copied().unwrap_or_else(|| support.carried_to(by));
        }
    }

    /// True if a list is known and empty.
    pub(super) fn is_empty(&self, kind: Kind) -> bool {
        self.why_unknown(kind).is_none() && self.len(kind) == 0
    }

    fn len(&self, kind: Kind) -> usize {
        match self.list(kind) {
            List::Ports(ports) => ports.len(),
            List::Names(names) => names.len(),
        }
    }

    /// How much a list counts against the limit of keys.
    pub(super) fn weight(&self, kind: Kind) -> usize {
        let unresolved: usize = self.unresolved(kind).map(|(words, _)| weight(words)).sum();
        unresolved.saturating_add(match self.list(kind) {
            List::Ports(ports) => ports.len(),
            List::Names(names) => names.iter().map(|(name, _)| weight(name)).sum(),
        })
    }

    pub(super) fn weight_of_all(&self) -> usize {
        Kind::ALL.into_iter().map(|kind| self.weight(kind)).sum()
    }

    /// Everything that stands in a list, with what supports it.
    pub(super) fn openings(
        &self,
        kind: Kind,
        zone: &Text<'static>,
        layer: Layer,
    ) -> Vec<(Opening, Provenance)> {
        let mut openings: Vec<(Opening, Provenance)> = match self.list(kind) {
            List::Ports(ports) => {
                ports.iter().map(|(port, by)| (port_opening(port, zone, layer, kind), by)).collect()
            }
            List::Names(names) => {
                names.iter().map(|(name, by)| (name_opening(name, zone, layer, kind), by)).collect()
            }
        };
        openings.extend(self.unresolved(kind).map(|(words, by)| {
            let (zone, fact) = (Some(zone.clone()), words.clone());
            let holder = Holder::FirewallFact { zone, layer, kind: Some(kind), fact };
            (Opening { port: None, holder }, by)
        }));
        openings
    }
}
