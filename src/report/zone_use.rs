//! Which zones of firewalld's apply to any packet: a zone that applies to none opens nothing.

use super::open_port::OpenPorts;
use super::origin::{layer_of, zone_of};
use crate::event::firewalld::{Kind, Layer};
use crate::state::firewalld::Firewalld;
use crate::state::known::Unknown;
use crate::state::opening::{Holder, Scope};
use crate::text::Text;
use alloc::collections::BTreeSet;
use core::fmt;

/// Whether a zone applies to any packet.
///
/// firewalld looks up the zone of a packet by its source address, then by the interface that it
/// came in on; what no zone claims belongs to the default zone. So a zone that has neither a source
/// nor an interface, and is not the default zone, lets nothing in, whatever ports it allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
pub enum ZoneUse {
    /// It is the default zone, or has an interface or a source.
    InUse,
    /// It has no interface and no source, and another zone is the default zone.
    Unused,
    /// Its interfaces, its sources or the default zone are not known.
    Unknown,
}

/// What is known of firewalld's default zone.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(tag = "type", rename_all = "snake_case")
)]
pub enum DefaultZone {
    /// It is this one.
    Known {
        /// The zone.
        zone: Text<'static>,
    },
    /// The log cannot tell.
    Unknown {
        /// Why.
        why: Unknown,
    },
}

impl DefaultZone {
    /// The default zone of a firewalld.
    #[must_use]
    pub fn of(firewalld: &Firewalld) -> Self {
        match firewalld.default_zone() {
            Ok(zone) => Self::Known { zone: zone.clone() },
            Err(why) => Self::Unknown { why },
        }
    }
}

/// What the log cannot tell of a firewalld, in both layers.
///
/// A layer of which not one zone was heard of is unknown as a whole. What is unknown as a whole is
/// so for the strongest reason: what made the default zone unknown, such as a start or a gap, made
/// all the rest unknown, too.
pub(super) fn unknowns(firewalld: &Firewalld) -> impl Iterator<Item = (Scope, Unknown)> + '_ {
    let of_all = firewalld.default_zone().err();
    let nothing_heard = firewalld.zones().next().is_none();
    let unheard = move |layer: &Layer| {
        // Of no zone at all the state itself says that all of firewalld is unknown.
        !nothing_heard && !firewalld.zones().any(|(_, of)| of == *layer)
    };
    let layers = Layer::ALL
        .into_iter()
        .filter(unheard)
        .map(|layer| (Scope::FirewalldLayer { layer }, Unknown::BEFORE_LOG));
    firewalld.unknowns().chain(layers).map(move |(scope, why)| match (&scope, of_all) {
        (Scope::Firewalld | Scope::FirewalldLayer { .. }, Some(of_all)) => {
            (scope, why.stronger(of_all))
        }
        _ => (scope, why),
    })
}

/// What a host's settings and unknowns say of the use of its zones.
pub(super) struct ZoneUses<'o> {
    default_zone: Option<&'o [u8]>,
    /// The layers of zones that have an interface or a source.
    applying: BTreeSet<(&'o [u8], Layer)>,
    /// The layers of zones whose interfaces or sources are not all known; `None` for all zones.
    unknown_table: BTreeSet<(Option<&'o [u8]>, Layer)>,
}

impl<'o> ZoneUses<'o> {
    pub(super) fn of(open: &'o OpenPorts) -> Self {
        let applying = open.settings.iter().filter_map(|fact| match &fact.holder {
            Holder::FirewallFact {
                zone: Some(zone),
                layer,
                kind: Some(Kind::Interfaces | Kind::Sources),
                ..
            } => Some((zone.as_bytes(), *layer)),
            _ => None,
        });
        let unknown_table = open.unknown.iter().flat_map(|unknown_table| {
            let (zone, layers): (_, &[Layer]) = match &unknown_table.scope {
                Scope::Firewalld => (None, &Layer::ALL),
                Scope::FirewalldLayer { layer } => (None, core::slice::from_ref(layer)),
                Scope::Zone { zone, layer }
                | Scope::ZoneList { zone, layer, kind: Kind::Interfaces | Kind::Sources } => {
                    (Some(zone.as_bytes()), core::slice::from_ref(layer))
                }
                _ => (None, &[]),
            };
            layers.iter().map(move |layer| (zone, *layer))
        });
        Self {
            default_zone: match &open.default_zone {
                Some(DefaultZone::Known { zone }) => Some(zone.as_bytes()),
                Some(DefaultZone::Unknown { .. }) | None => None,
            },
            applying: applying.collect(),
            unknown_table: unknown_table.collect(),
        }
    }

    /// The use of the zone that a holder belongs to; what belongs to no zone is in use.
    pub(super) fn of_holder(&self, holder: &Holder) -> ZoneUse {
        match (zone_of(holder), layer_of(holder)) {
            (Some(zone), Some(layer)) => self.of_zone(zone, layer),
            _ => ZoneUse::InUse,
        }
    }

    pub(super) fn of_zone(&self, zone: &Text<'_>, layer: Layer) -> ZoneUse {
        let zone = zone.as_bytes();
        // What is bound now is bound after a reload, too: NetworkManager sees to that.
        let layers: &[Layer] = match layer {
            Layer::Runtime => &[Layer::Runtime],
            Layer::Permanent => &Layer::ALL,
        };
        let applies = |layer: &Layer| self.applying.contains(&(zone, *layer));
        let is_untold = |layer: &Layer| {
            [None, Some(zone)].into_iter().any(|of| self.unknown_table.contains(&(of, *layer)))
        };
        if self.default_zone == Some(zone) || layers.iter().any(applies) {
            ZoneUse::InUse
        } else if self.default_zone.is_some() && !layers.iter().any(is_untold) {
            ZoneUse::Unused
        } else {
            ZoneUse::Unknown
        }
    }
}

impl fmt::Display for DefaultZone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Known { zone } => f.write_str(&super::labels::shown(zone)),
            Self::Unknown { why } => write!(f, "unknown: {why}"),
        }
    }
}
