//! What the output of `firewall-cmd --list-all` states.

use super::{Item, Kind, Layer};
use crate::error::ParseError;
use crate::record::list_all::{Listing, Listings, Subject};
use crate::text::Text;
use alloc::vec::Vec;

/// A layer of a zone as the daemon listed it: the whole content of its lists.
///
/// The output does not say which layer it shows; the caller knows how it was made (with
/// `--permanent` or without).
///
/// ```
/// use hostport_audit::event::firewalld::{Kind, Layer, ListedZone};
///
/// # let output = b"public (default, active)\n  target: default\n  icmp-block-inversion: no\n  interfaces: eth0\n  sources: \n  services: ssh\n  ports: 8443/tcp\n  protocols: \n  forward: yes\n  masquerade: no\n  forward-ports: \n  source-ports: \n  icmp-blocks: \n  rich rules: \n";
/// // The output of `firewall-cmd --list-all`.
/// let zones = ListedZone::read_all(output, Layer::Runtime)?;
/// assert_eq!(zones[0].zone, "public");
/// assert_eq!(zones[0].items(Kind::Ports).unwrap().len(), 1);
/// # Ok::<(), hostport_audit::ParseError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct ListedZone {
    /// The zone.
    pub zone: Text<'static>,
    /// The layer that the caller says it is.
    pub layer: Layer,
    /// The output calls it the default zone; false says nothing.
    pub is_default: bool,
    /// Each list that the output proves, with all its items.
    pub lists: Vec<(Kind, Vec<Item<'static>>)>,
}

impl ListedZone {
    /// What a listing states of a zone; `None` for a policy.
    #[must_use]
    pub fn of(listing: &Listing<'_>, layer: Layer) -> Option<Self> {
        (listing.subject() == Subject::Zone).then(|| Self {
            zone: listing.name().into_owned(),
            layer,
            is_default: listing.is_default(),
            lists: Kind::ALL
                .into_iter()
                .filter(|kind| proven(*kind, layer))
                .map(|kind| (kind, items(listing, kind)))
                .collect(),
        })
    }

    /// What output of `--list-all` or `--list-all-zones` states; policies in it are passed over.
    ///
    /// # Errors
    /// The first block that is broken; see [`Listings`].
    pub fn read_all(output: &[u8], layer: Layer) -> Result<Vec<Self>, ParseError> {
        Listings::new(output)
            .filter_map(|read| read.map(|listing| Self::of(&listing, layer)).transpose())
            .collect()
    }

    /// The items of a list; `None` if the output does not prove the list.
    #[must_use]
    pub fn items(&self, kind: Kind) -> Option<&[Item<'static>]> {
        self.lists.iter().find(|(listed, _)| *listed == kind).map(|(_, items)| items.as_slice())
    }
}

/// The permanent listing shows the interfaces that NetworkManager puts into the zone beside those
/// of firewalld's configuration.
const fn proven(kind: Kind, layer: Layer) -> bool {
    !matches!((kind, layer), (Kind::Interfaces, Layer::Permanent))
}

fn items(listing: &Listing<'_>, kind: Kind) -> Vec<Item<'static>> {
    let protocol = |protocol: crate::port::Protocol| Text::from(protocol.as_str());
    match kind {
        Kind::Ports => listing
            .ports()
            .map(|port| Item::Port {
                port: port.port().clone().into_owned(),
                protocol: protocol(port.protocol()),
            })
            .collect(),
        Kind::SourcePorts => listing
            .source_ports()
            .map(|port| Item::SourcePort {
                port: port.port().clone().into_owned(),
                protocol: protocol(port.protocol()),
            })
            .collect(),
        Kind::Services => {
            listing.services().map(|name| Item::Service { name: name.into_owned() }).collect()
        }
        Kind::ForwardPorts => listing
            .forward_ports()
            .map(|port| Item::ForwardPort {
                port: port.port().clone().into_owned(),
                protocol: protocol(port.protocol()),
                to_port: port.to_port().clone().into_owned(),
                to_address: port.to_address().clone().into_owned(),
            })
            .collect(),
        Kind::Protocols => {
            listing.protocols().map(|name| Item::Protocol { name: name.into_owned() }).collect()
        }
        Kind::RichRules => {
            listing.rich_rules().map(|rule| Item::RichRule { rule: rule.into_owned() }).collect()
        }
        Kind::Interfaces => {
            listing.interfaces().map(|name| Item::Interface { name: name.into_owned() }).collect()
        }
        Kind::Sources => listing
            .sources()
            .map(|address| Item::Source { address: address.into_owned() })
            .collect(),
        Kind::Masquerade => listing.masquerade().then_some(Item::Masquerade).into_iter().collect(),
        Kind::Target => Vec::from([Item::Target { target: listing.target().into_owned() }]),
    }
}
