//! Which ports may be open: lists in the shape of commatrix, the communication matrix of OpenShift
//! (openshift-kni/commatrix, 2026).

mod check;
mod conclusion;
mod csv;
mod microshift;
#[cfg(feature = "serde")]
mod shape;

pub use check::{Comparison, HostComparison, Listed, Seen, Unexpected};
pub use conclusion::{Conclusion, Missing};
pub use csv::AllowListError;

use crate::port::{HostPort, PortRange, Protocol};
use alloc::string::String;
use alloc::vec::Vec;

/// A port that may or must be open: a row of the matrix.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "camelCase", deny_unknown_fields)
)]
pub struct AllowedPort {
    /// `Ingress`, in any case; rows of another direction say nothing about open ports.
    pub direction: String,
    /// The protocol; printed in capitals, read in any case.
    #[cfg_attr(feature = "serde", serde(with = "shape::capitals"))]
    pub protocol: Protocol,
    /// The port.
    pub port: u16,
    /// The namespace of the pod, or `Host system service`.
    pub namespace: String,
    /// The service.
    pub service: String,
    /// The pod.
    pub pod: String,
    /// The container.
    pub container: String,
    /// The nodes that it concerns; called `nodeRole` in older files.
    #[cfg_attr(feature = "serde", serde(alias = "nodeRole"))]
    pub node_group: String,
    /// True if the port may be open and need not be.
    pub optional: bool,
}

/// A range out of which ports are taken as they are needed: node ports, ephemeral ports.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "camelCase", deny_unknown_fields)
)]
pub struct DynamicRange {
    /// `Ingress`, in any case; ranges of another direction say nothing about open ports.
    pub direction: String,
    /// The protocol; printed in capitals, read in any case.
    #[cfg_attr(feature = "serde", serde(with = "shape::capitals"))]
    pub protocol: Protocol,
    /// The lowest port.
    pub min_port: u16,
    /// The highest port.
    pub max_port: u16,
    /// What takes ports out of it.
    pub description: String,
    /// Kept as written: a range only allows ports, and none is missed when nothing is taken out of
    /// it.
    pub optional: bool,
}

/// Ports that may be open.
///
/// Reads and prints commatrix' CSV ([`Self::from_csv`], [`Self::to_csv`]); with the `serde` feature
/// it has the shape of its JSON and YAML, of today's (`Ports` and `DynamicRanges`) and of older
/// ones (`Matrix`, or the rows alone). Fields that are not known are refused.
///
/// ```
/// use hostport_audit::report::AllowList;
///
/// let list = AllowList::from_csv(
///     "Direction,Protocol,Port,Namespace,Service,Pod,Container,NodeGroup,Optional\n\
///      Ingress,TCP,22,Host system service,sshd,,,master,true\n\
///      Ingress,TCP,30000-32767,,Kubelet node ports,,,,false\n",
/// )?;
/// assert_eq!((list.ports[0].port, list.ranges[0].max_port), (22, 32767));
/// assert!(list.allows("30080/tcp".parse().unwrap()));
/// assert_eq!(AllowList::from_csv("Protocol,Port\nTCP,65536\n").unwrap_err().to_string(), "line 2, column 9: expected a port up to 65535");
/// # Ok::<(), hostport_audit::report::AllowListError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct AllowList {
    /// The single ports.
    #[cfg_attr(feature = "serde", serde(rename = "Ports"))]
    pub ports: Vec<AllowedPort>,
    /// The ranges.
    #[cfg_attr(feature = "serde", serde(rename = "DynamicRanges"))]
    pub ranges: Vec<DynamicRange>,
}

impl AllowedPort {
    /// The port that it is about.
    #[must_use]
    pub const fn host_port(&self) -> HostPort {
        HostPort::single(self.protocol, self.port)
    }

    fn is_ingress(&self) -> bool {
        self.direction.eq_ignore_ascii_case("ingress")
    }
}

impl DynamicRange {
    /// The ports that it is about.
    #[must_use]
    pub const fn host_port(&self) -> HostPort {
        HostPort::new(self.protocol, PortRange::new(self.min_port, self.max_port))
    }

    fn is_ingress(&self) -> bool {
        self.direction.eq_ignore_ascii_case("ingress")
    }
}

impl AllowList {
    /// The rows for one group of nodes, and those that name none.
    #[must_use]
    pub fn for_node_group(mut self, group: &str) -> Self {
        self.ports.retain(|row| row.node_group.is_empty() || row.node_group == group);
        self
    }

    /// True if every one of the ports is on the list.
    #[must_use]
    pub fn allows(&self, port: HostPort) -> bool {
        self.not_allowed(port).is_empty()
    }

    /// The allowed ports as they stand on the list, single ones and ranges.
    fn allowed(&self) -> impl Iterator<Item = HostPort> + '_ {
        let single = self.ports.iter().filter(|row| row.is_ingress()).map(AllowedPort::host_port);
        single.chain(
            self.ranges.iter().filter(|range| range.is_ingress()).map(DynamicRange::host_port),
        )
    }

    /// The parts of a range that are not on the list.
    fn not_allowed(&self, port: HostPort) -> Vec<HostPort> {
        let mut allowed: Vec<PortRange> =
            self.allowed().filter(|other| other.overlaps(port)).map(HostPort::range).collect();
        allowed.sort_unstable();
        let mut rest = Vec::new();
        let mut next = Some(port.range().first());
        for range in allowed {
            if let Some(from) = next
                && from < range.first()
            {
                rest.push(HostPort::new(
                    port.protocol(),
                    PortRange::new(from, range.first().saturating_sub(1)),
                ));
            }
            next = next.and_then(|from| range.last().checked_add(1).map(|behind| behind.max(from)));
        }
        if let Some(from) = next
            && from <= port.range().last()
        {
            rest.push(HostPort::new(port.protocol(), PortRange::new(from, port.range().last())));
        }
        rest
    }
}
