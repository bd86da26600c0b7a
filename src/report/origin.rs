//! Which program an opening or a scope belongs to, and which openings a scope takes in.

use crate::event::Source;
use crate::event::firewalld::{Kind, Layer};
use crate::state::opening::{Holder, Scope};
use core::fmt;

/// The program whose log tells of an opening.
///
/// Wider than [`Source`]: the neighbours, which log host ports of their own, count as one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum Origin {
    /// firewalld.
    Firewalld,
    /// CRI-O.
    Crio,
    /// OVN-Kubernetes' node process.
    Ovnkube,
    /// kube-proxy, the port-claim watcher, the kubelet.
    LocalPort,
}

impl Origin {
    /// All of them, in order.
    pub const ALL: [Self; 4] = [Self::Firewalld, Self::Crio, Self::Ovnkube, Self::LocalPort];

    /// The name in lower case.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Firewalld => "firewalld",
            Self::Crio => "crio",
            Self::Ovnkube => "ovnkube",
            Self::LocalPort => "neighbour",
        }
    }

    /// The program that an opening belongs to.
    #[must_use]
    pub const fn of(holder: &Holder) -> Self {
        match holder {
            Holder::ZonePort { .. }
            | Holder::ZoneSourcePort { .. }
            | Holder::ZoneService { .. }
            | Holder::ZoneForwardPort { .. }
            | Holder::ZoneProtocol { .. }
            | Holder::FirewallFact { .. } => Self::Firewalld,
            Holder::CrioSocket | Holder::CrioRule { .. } => Self::Crio,
            Holder::NodePort { .. } | Holder::ExternalIp { .. } => Self::Ovnkube,
            Holder::LocalPort { .. } => Self::LocalPort,
        }
    }

    /// The program that a scope belongs to.
    #[must_use]
    pub const fn of_scope(scope: &Scope) -> Self {
        match scope {
            Scope::Firewalld
            | Scope::FirewalldLayer { .. }
            | Scope::Zone { .. }
            | Scope::ZoneList { .. } => Self::Firewalld,
            Scope::CrioSockets | Scope::CrioRules { .. } => Self::Crio,
            Scope::Ovnkube => Self::Ovnkube,
            Scope::LocalPorts => Self::LocalPort,
        }
    }
}

impl From<Source> for Origin {
    fn from(source: Source) -> Self {
        match source {
            Source::Firewalld => Self::Firewalld,
            Source::Crio => Self::Crio,
            Source::Ovnkube => Self::Ovnkube,
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The layer of firewalld's that a holder belongs to; `None` for all others.
pub(crate) const fn layer_of(holder: &Holder) -> Option<Layer> {
    match holder {
        Holder::ZonePort { layer, .. }
        | Holder::ZoneSourcePort { layer, .. }
        | Holder::ZoneService { layer, .. }
        | Holder::ZoneForwardPort { layer, .. }
        | Holder::ZoneProtocol { layer, .. }
        | Holder::FirewallFact { layer, .. } => Some(*layer),
        _ => None,
    }
}

/// The zone a holder belongs to.
pub(super) const fn zone_of(holder: &Holder) -> Option<&crate::text::Text<'static>> {
    match holder {
        Holder::ZonePort { zone, .. }
        | Holder::ZoneSourcePort { zone, .. }
        | Holder::ZoneService { zone, .. }
        | Holder::ZoneForwardPort { zone, .. }
        | Holder::ZoneProtocol { zone, .. } => Some(zone),
        Holder::FirewallFact { zone, .. } => zone.as_ref(),
        _ => None,
    }
}

/// True if what is said of the whole scope is said of this holder, too.
pub(crate) fn takes_in(scope: &Scope, holder: &Holder) -> bool {
    match scope {
        Scope::Firewalld => Origin::of(holder) == Origin::Firewalld,
        Scope::FirewalldLayer { layer } => layer_of(holder) == Some(*layer),
        Scope::Zone { zone, layer } => {
            layer_of(holder) == Some(*layer) && zone_of(holder) == Some(zone)
        }
        Scope::ZoneList { zone, layer, kind } => {
            layer_of(holder) == Some(*layer)
                && zone_of(holder) == Some(zone)
                && is_of_kind(holder, *kind)
        }
        Scope::CrioSockets => matches!(holder, Holder::CrioSocket),
        Scope::CrioRules { family } => {
            matches!(holder, Holder::CrioRule { family: of_rule, .. } if of_rule == family)
        }
        Scope::Ovnkube => Origin::of(holder) == Origin::Ovnkube,
        Scope::LocalPorts => Origin::of(holder) == Origin::LocalPort,
    }
}

/// True if the scope speaks of what a reload would bring only, and nothing in it lets a packet
/// through now.
const fn is_permanent(scope: &Scope) -> bool {
    matches!(
        scope,
        Scope::FirewalldLayer { layer: Layer::Permanent }
            | Scope::Zone { layer: Layer::Permanent, .. }
            | Scope::ZoneList { layer: Layer::Permanent, .. }
    )
}

/// True if what is unknown in the scope could let packets through to ports now. What a reload would
/// bring cannot. Nor do unknown interfaces and sources of a zone hide a port: the ports of the zone
/// are told, with a [`super::Role`] that says whether the zone applies.
pub(crate) const fn hides_ports(scope: &Scope) -> bool {
    !is_permanent(scope)
        && !matches!(
            scope,
            Scope::ZoneList { kind: Kind::Interfaces | Kind::Sources | Kind::Masquerade, .. }
        )
}

/// True if the holder stands in a list of this kind.
fn is_of_kind(holder: &Holder, kind: Kind) -> bool {
    match holder {
        Holder::ZonePort { .. } => matches!(kind, Kind::Ports),
        Holder::ZoneSourcePort { .. } => matches!(kind, Kind::SourcePorts),
        Holder::ZoneService { .. } => matches!(kind, Kind::Services),
        Holder::ZoneForwardPort { .. } => matches!(kind, Kind::ForwardPorts),
        Holder::ZoneProtocol { .. } => matches!(kind, Kind::Protocols),
        Holder::FirewallFact { kind: Some(own), .. } => *own == kind,
        _ => false,
    }
}
