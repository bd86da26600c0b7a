//! The names of things that can be open: one vocabulary for all three sources.

use crate::event::firewalld::{Kind, Layer};
use crate::family::Family;
use crate::port::HostPort;
use crate::text::Text;
use core::net::IpAddr;

/// What holds a port open, without the port.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(tag = "type", rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum Holder {
    /// firewalld lets the port of a zone through.
    ZonePort {
        /// The zone.
        zone: Text<'static>,
        /// The layer.
        layer: Layer,
    },
    /// firewalld lets packets from this source port of a zone through.
    ZoneSourcePort {
        /// The zone.
        zone: Text<'static>,
        /// The layer.
        layer: Layer,
    },
    /// firewalld lets a service of a zone through; its ports are those of its definition.
    ZoneService {
        /// The zone.
        zone: Text<'static>,
        /// The layer.
        layer: Layer,
        /// The service.
        service: Text<'static>,
    },
    /// firewalld forwards the port of a zone.
    ZoneForwardPort {
        /// The zone.
        zone: Text<'static>,
        /// The layer.
        layer: Layer,
        /// Where to, as firewalld lists it (`toport=80:toaddr=`).
        target: Text<'static>,
    },
    /// firewalld lets an IP protocol of a zone through.
    ZoneProtocol {
        /// The zone.
        zone: Text<'static>,
        /// The layer.
        layer: Layer,
        /// The protocol, as sent.
        protocol: Text<'static>,
    },
    /// Another fact of a zone, or of the whole firewall, that bears on what is open: a rich rule, a
    /// policy, a direct rule, a target, an interface.
    FirewallFact {
        /// The zone; `None` for the whole firewall.
        zone: Option<Text<'static>>,
        /// The layer.
        layer: Layer,
        /// The list of the zone that it stands in; `None` for a policy or a direct rule.
        kind: Option<Kind>,
        /// The fact in words, as the log has it.
        fact: Text<'static>,
    },
    /// CRI-O holds a socket for the port.
    CrioSocket,
    /// A DNAT rule of CRI-O's host port manager.
    CrioRule {
        /// The family.
        family: Family,
        /// The host address it is bound to; `None` for all.
        host_ip: Option<IpAddr>,
        /// Where it leads, as printed (`10.42.0.7:8443`).
        target: Text<'static>,
        /// The pod, as CRI-O names it (`k8s_nginx_default_UID_0_`).
        pod: Text<'static>,
    },
    /// At least one DNAT rule of ovnkube for a node port.
    NodePort {
        /// The family.
        family: Family,
        /// The address it is bound to; `None` for every local address.
        address: Option<IpAddr>,
    },
    /// At least one DNAT rule of ovnkube for an external or load balancer address.
    ExternalIp {
        /// The family.
        family: Family,
        /// The address.
        address: IpAddr,
    },
    /// A neighbour that logs host ports of its own: kube-proxy, the port-claim watcher, the
    /// kubelet.
    LocalPort {
        /// The program.
        program: Text<'static>,
        /// What it says about the port.
        description: Text<'static>,
    },
}

/// Something that is, was or may be open.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Opening {
    /// The port or ports; `None` where the log names none (a service, a protocol, a name that
    /// cannot be resolved).
    pub port: Option<HostPort>,
    /// What holds it open.
    pub holder: Holder,
}

/// A part of the state that is known or unknown as a whole.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(tag = "type", rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum Scope {
    /// All of firewalld.
    Firewalld,
    /// One layer of all zones.
    FirewalldLayer {
        /// The layer.
        layer: Layer,
    },
    /// One layer of a zone.
    Zone {
        /// The zone.
        zone: Text<'static>,
        /// The layer.
        layer: Layer,
    },
    /// One list of one layer of a zone.
    ZoneList {
        /// The zone.
        zone: Text<'static>,
        /// The layer.
        layer: Layer,
        /// The list.
        kind: Kind,
    },
    /// CRI-O's sockets.
    CrioSockets,
    /// CRI-O's rules of a family.
    CrioRules {
        /// The family.
        family: Family,
    },
    /// ovnkube's rules.
    Ovnkube,
    /// What the neighbours say of host ports of their own.
    LocalPorts,
}
