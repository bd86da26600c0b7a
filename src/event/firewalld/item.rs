//! The things that a zone holds, and the changes of them.

use crate::text::Text;
use alloc::vec::Vec;
use core::fmt;

/// The lists of a zone. The first five are what opens ports by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum Kind {
    /// Ports.
    Ports,
    /// Source ports.
    SourcePorts,
    /// Services.
    Services,
    /// Forward ports.
    ForwardPorts,
    /// IP protocols.
    Protocols,
    /// Rich rules.
    RichRules,
    /// Interfaces that the zone applies to.
    Interfaces,
    /// Sources that the zone applies to.
    Sources,
    /// Masquerading: one item or none.
    Masquerade,
    /// The target of what nothing else decides: one item.
    Target,
}

impl Kind {
    /// All of them, in order.
    pub const ALL: [Self; 10] = [
        Self::Ports,
        Self::SourcePorts,
        Self::Services,
        Self::ForwardPorts,
        Self::Protocols,
        Self::RichRules,
        Self::Interfaces,
        Self::Sources,
        Self::Masquerade,
        Self::Target,
    ];

    /// The name, as used for the settings of a zone.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ports => "ports",
            Self::SourcePorts => "source_ports",
            Self::Services => "services",
            Self::ForwardPorts => "forward_ports",
            Self::Protocols => "protocols",
            Self::RichRules => "rich_rules",
            Self::Interfaces => "interfaces",
            Self::Sources => "sources",
            Self::Masquerade => "masquerade",
            Self::Target => "target",
        }
    }

    /// True for the lists that `firewall-cmd --list-all` shows as what the zone lets through:
    /// ports, source ports, services, forward ports and protocols.
    #[must_use]
    pub const fn opens_by_itself(self) -> bool {
        matches!(
            self,
            Self::Ports | Self::SourcePorts | Self::Services | Self::ForwardPorts | Self::Protocols
        )
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// One thing in a list of a zone, as sent: nothing is checked or resolved yet.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(tag = "type", rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum Item<'a> {
    /// A port or a range of ports.
    Port {
        /// `8080`, `8000-8010`, `http`
        port: Text<'a>,
        /// `tcp`
        protocol: Text<'a>,
    },
    /// A port or a range of ports that packets come from.
    SourcePort {
        /// `8080`, `8000-8010`, `http`
        port: Text<'a>,
        /// `tcp`
        protocol: Text<'a>,
    },
    /// A service.
    Service {
        /// Its name.
        name: Text<'a>,
    },
    /// A port that is forwarded.
    ForwardPort {
        /// The port.
        port: Text<'a>,
        /// Its protocol.
        protocol: Text<'a>,
        /// The port it leads to; may be empty.
        to_port: Text<'a>,
        /// The address it leads to; may be empty.
        to_address: Text<'a>,
    },
    /// An IP protocol.
    Protocol {
        /// Its name or number.
        name: Text<'a>,
    },
    /// A rich rule.
    RichRule {
        /// Its text.
        rule: Text<'a>,
    },
    /// An interface.
    Interface {
        /// Its name.
        name: Text<'a>,
    },
    /// A source.
    Source {
        /// Its address, MAC address or `ipset:NAME`.
        address: Text<'a>,
    },
    /// Masquerading.
    Masquerade,
    /// A target.
    Target {
        /// `default`, `ACCEPT`, `%%REJECT%%`, `DROP`
        target: Text<'a>,
    },
}

impl Item<'_> {
    /// The list it stands in.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Port { .. } => Kind::Ports,
            Self::SourcePort { .. } => Kind::SourcePorts,
            Self::Service { .. } => Kind::Services,
            Self::ForwardPort { .. } => Kind::ForwardPorts,
            Self::Protocol { .. } => Kind::Protocols,
            Self::RichRule { .. } => Kind::RichRules,
            Self::Interface { .. } => Kind::Interfaces,
            Self::Source { .. } => Kind::Sources,
            Self::Masquerade => Kind::Masquerade,
            Self::Target { .. } => Kind::Target,
        }
    }

    /// The same item, no longer bound to the input.
    #[must_use]
    pub fn into_owned(self) -> Item<'static> {
        match self {
            Self::Port { port, protocol } => {
                Item::Port { port: port.into_owned(), protocol: protocol.into_owned() }
            }
            Self::SourcePort { port, protocol } => {
                Item::SourcePort { port: port.into_owned(), protocol: protocol.into_owned() }
            }
            Self::Service { name } => Item::Service { name: name.into_owned() },
            Self::ForwardPort { port, protocol, to_port, to_address } => Item::ForwardPort {
                port: port.into_owned(),
                protocol: protocol.into_owned(),
                to_port: to_port.into_owned(),
                to_address: to_address.into_owned(),
            },
            Self::Protocol { name } => Item::Protocol { name: name.into_owned() },
            Self::RichRule { rule } => Item::RichRule { rule: rule.into_owned() },
            Self::Interface { name } => Item::Interface { name: name.into_owned() },
            Self::Source { address } => Item::Source { address: address.into_owned() },
            Self::Masquerade => Item::Masquerade,
            Self::Target { target } => Item::Target { target: target.into_owned() },
        }
    }
}

/// A change of a list of a zone.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(tag = "type", rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum Edit<'a> {
    /// One more.
    Add {
        /// The thing.
        item: Item<'a>,
    },
    /// One less.
    Remove {
        /// The thing.
        item: Item<'a>,
    },
    /// All of them anew.
    Replace {
        /// The list.
        kind: Kind,
        /// Its new content.
        items: Vec<Item<'a>>,
    },
}

impl Edit<'_> {
    /// The list it changes.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Add { item } | Self::Remove { item } => item.kind(),
            Self::Replace { kind, .. } => *kind,
        }
    }

    /// The same change, no longer bound to the input.
    #[must_use]
    pub fn into_owned(self) -> Edit<'static> {
        match self {
            Self::Add { item } => Edit::Add { item: item.into_owned() },
            Self::Remove { item } => Edit::Remove { item: item.into_owned() },
            Self::Replace { kind, items } => {
                Edit::Replace { kind, items: items.into_iter().map(Item::into_owned).collect() }
            }
        }
    }
}
