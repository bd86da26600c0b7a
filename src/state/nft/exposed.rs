//! The ports that CRI-O and OVN-Kubernetes lead on.

use super::pattern::{self, CHAIN, Led, MAPS, Map};
use super::ruleset::{Ruleset, Table};
use super::sandbox;
use crate::family::Family;
use crate::port::Protocol;
use crate::record::checkpoint::nft::{TableFamily, TableName};
use crate::state::evidence::Evidence;
use crate::state::known::{Unknown, UnknownReason};
use crate::text::Text;
use alloc::vec::Vec;
use core::net::{IpAddr, SocketAddr};

/// Whose map or rule it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum Owner {
    /// CRI-O, for a pod's host port.
    Crio,
    /// OVN-Kubernetes, for a service.
    Ovn,
}

/// A port that an element or a rule leads on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Exposure {
    /// Whose.
    pub owner: Owner,
    /// The family of the packets that are led on.
    pub family: Family,
    /// The protocol.
    pub protocol: Protocol,
    /// The address that packets must be sent to; `None` for all addresses of the host. It need not
    /// be an address of the host.
    pub address: Option<IpAddr>,
    /// The port.
    pub port: u16,
    /// Where packets go; `None` for a rule that picks one of several endpoints.
    pub target: Option<SocketAddr>,
    /// What the comment says: for CRI-O a hash of the pod's sandbox ([`Exposure::is_of_sandbox`]),
    /// for a rule of OVN-Kubernetes the service (`demo/web:http`).
    pub comment: Option<Text<'static>>,
    /// The line that told of it.
    pub since: Evidence,
}

impl Exposure {
    /// True if CRI-O made the element for the pod with this sandbox id, 64 hex digits as its log
    /// has them.
    #[must_use]
    pub fn is_of_sandbox(&self, id: &[u8]) -> bool {
        let comment = self.comment.as_ref().map(Text::as_bytes);
        self.owner == Owner::Crio && comment == Some(&sandbox::comment_of(id)[..])
    }
}

/// A map or chain that may lead on more ports than are known.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Place {
    /// Whose it is.
    pub owner: Owner,
    /// The family of its ports; `None` for both.
    pub family: Option<Family>,
    /// The table.
    pub table: TableName<'static>,
    /// The map or chain.
    pub name: Text<'static>,
}

/// The ports that are led on, and where more of them may be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Exposed {
    /// What is proven.
    pub at_least: Vec<Exposure>,
    /// What is not known whole, and why.
    pub unknown: Vec<(Place, Unknown)>,
}

impl Exposed {
    /// All ports that are led on; `None` while that is not known.
    #[must_use]
    pub fn all(&self) -> Option<&[Exposure]> {
        self.unknown.is_empty().then_some(&self.at_least)
    }

    pub(super) fn of(ruleset: &Ruleset) -> Self {
        let mut exposed = Self::default();
        for map in MAPS {
            exposed.map(ruleset, map);
        }
        exposed.chain(ruleset);
        exposed
    }

    fn map(&mut self, ruleset: &Ruleset, map: Map) {
        let place = Place {
            owner: map.owner,
            family: Some(map.family),
            table: name(map.table),
            name: map.name.into(),
        };
        let table = match awake(ruleset, &place.table) {
            Ok(table) => table,
            Err(why) => return self.unknown.extend(why.map(|why| (place, why))),
        };
        let set = match table.set(map.name.as_bytes()) {
            Ok(set) => set,
            Err(why) => return self.unknown.extend(why.map(|why| (place, why))),
        };
        let mut why = set.unknown;
        if set.head.as_ref().is_some_and(|head| !map.fits(head)) {
            why = why.or(Some(Unknown { why: UnknownReason::Unresolved, since: None }));
            return self.unknown.extend(why.map(|why| (place, why)));
        }
        for held in set.elements.values() {
            match map.element(&held.what) {
                Some(led) => {
                    let comment = held.what.comment.clone();
                    self.push(map.owner, map.family, led, comment, held.since);
                }
                None => why = why.or(Some(Unknown::since(UnknownReason::Unresolved, held.since))),
            }
        }
        self.unknown.extend(why.map(|why| (place, why)));
    }

    fn chain(&mut self, ruleset: &Ruleset) {
        let (table, chain) = CHAIN;
        let place =
            Place { owner: Owner::Ovn, family: None, table: name(table), name: chain.into() };
        let found = awake(ruleset, &place.table).and_then(|table| table.chain(chain.as_bytes()));
        let chain = match found {
            Ok(chain) => chain,
            Err(why) => return self.unknown.extend(why.map(|why| (place, why))),
        };
        let mut why = chain.unknown;
        if chain.gone > 0 {
            why = why.or(Some(Unknown { why: UnknownReason::NeverPrinted, since: None }));
        }
        for held in chain.proven() {
            match pattern::rule(&held.what) {
                Some((family, led)) => {
                    let comment = held.what.comment.clone();
                    self.push(Owner::Ovn, family, led, comment, held.since);
                }
                None => why = why.or(Some(Unknown::since(UnknownReason::Unresolved, held.since))),
            }
        }
        self.unknown.extend(why.map(|why| (place, why)));
    }

    fn push(
        &mut self,
        owner: Owner,
        family: Family,
        led: Led,
        comment: Option<Text<'static>>,
        since: Evidence,
    ) {
        let Led { address, protocol, port, target } = led;
        self.at_least.push(Exposure {
            owner,
            family,
            protocol,
            address,
            port,
            target,
            comment,
            since,
        });
    }
}

fn name((family, name): (TableFamily, &'static str)) -> TableName<'static> {
    TableName { family, name: name.into() }
}

/// A table that the kernel asks. One that is dormant leads nothing on, but may be woken by a line
/// that names no more than the table, so its maps count as not known.
fn awake<'r>(
    ruleset: &'r Ruleset,
    name: &TableName<'static>,
) -> Result<&'r Table, Option<Unknown>> {
    match ruleset.table(name) {
        Ok(table) if table.is_dormant() => {
            Err(Some(Unknown { why: UnknownReason::Unresolved, since: None }))
        }
        found => found,
    }
}
