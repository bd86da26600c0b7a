//! A service of the API.

use super::read::{Metadata, Read};
use super::read::{address, addresses, needed_port, port, protocol, some_text, truth};
use crate::error::{ErrorKind, ParseError};
use crate::grammar::json::nested::Node;
use crate::port::Protocol;
use crate::text::Text;
use alloc::vec::Vec;
use core::net::IpAddr;

/// A service: its addresses, and the ports of the nodes that lead to it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Service<'a> {
    /// The namespace.
    pub namespace: Text<'a>,
    /// The name.
    pub name: Text<'a>,
    /// The uid.
    pub uid: Text<'a>,
    /// `ClusterIP`, `NodePort`, `LoadBalancer` or `ExternalName`.
    pub kind: Text<'a>,
    /// The addresses inside the cluster; none for a headless service. Rules name these.
    pub cluster_ips: Vec<IpAddr>,
    /// Addresses outside the cluster that its ports are also to be reached at.
    pub external_ips: Vec<IpAddr>,
    /// What the load balancer gave it.
    pub ingress: Vec<Ingress<'a>>,
    /// `Cluster` or `Local`.
    pub external_traffic_policy: Option<Text<'a>>,
    /// `Cluster` or `Local`.
    pub internal_traffic_policy: Option<Text<'a>>,
    /// False for a load balancer that wants no node ports.
    pub allocates_node_ports: bool,
    /// The port at which the nodes tell the load balancer whether they have a pod of it.
    pub health_check_node_port: Option<u16>,
    /// The only sources that the load balancer is to let in, as they stand.
    pub source_ranges: Vec<Text<'a>>,
    /// The ports.
    pub ports: Vec<ServicePort<'a>>,
}

/// An address or a name that a load balancer gave a service.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Ingress<'a> {
    /// The address.
    pub ip: Option<IpAddr>,
    /// The name.
    pub host_name: Option<Text<'a>>,
    /// `VIP` or `Proxy` (Kubernetes 1.29 and later). Rules lead to a `VIP` alone.
    pub ip_mode: Option<Text<'a>>,
}

/// A port of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServicePort<'a> {
    /// The name.
    pub name: Option<Text<'a>>,
    /// The protocol.
    pub protocol: Protocol,
    /// The port at the service's addresses.
    pub port: u16,
    /// The port of the pods: a number, or the name of a port of the containers.
    pub target_port: Option<Text<'a>>,
    /// The port at all addresses of the nodes.
    pub node_port: Option<u16>,
}

impl<'a> Service<'a> {
    pub(super) fn read(node: Node<'a>) -> Read<Self> {
        let at = node.at();
        let (mut metadata, mut has_spec) = (None, false);
        let mut service = Self {
            namespace: Text::default(),
            name: Text::default(),
            uid: Text::default(),
            kind: Text::from("ClusterIP"),
            cluster_ips: Vec::new(),
            external_ips: Vec::new(),
            ingress: Vec::new(),
            external_traffic_policy: None,
            internal_traffic_policy: None,
            allocates_node_ports: true,
            health_check_node_port: None,
            source_ranges: Vec::new(),
            ports: Vec::new(),
        };
        for member in node.members()? {
            let (key, value) = member?;
            match key.to_str() {
                Some("metadata") => metadata = Some(Metadata::read(value)?),
                Some("spec") => {
                    has_spec = true;
                    service.spec(value)?;
                }
                Some("status") => service.status(value)?,
                _ => {}
            }
        }
        let Some(metadata) = metadata.filter(|_| has_spec) else {
            return Err(ParseError::new(ErrorKind::Json, at, "a service with metadata and spec"));
        };
        (service.name, service.namespace) = (metadata.name, metadata.namespace);
        service.uid = metadata.uid;
        Ok(service)
    }

    fn spec(&mut self, node: Node<'a>) -> Read<()> {
        let mut cluster_ip = None;
        for member in node.members()? {
            let (key, value) = member?;
            match key.to_str() {
                Some("type") => self.kind = some_text(value)?.unwrap_or(Text::from("ClusterIP")),
                Some("clusterIP") => cluster_ip = address(value)?,
                Some("clusterIPs") => self.cluster_ips = addresses(value)?,
                Some("externalIPs") => self.external_ips = addresses(value)?,
                Some("externalTrafficPolicy") => self.external_traffic_policy = some_text(value)?,
                Some("internalTrafficPolicy") => self.internal_traffic_policy = some_text(value)?,
                Some("allocateLoadBalancerNodePorts") => {
                    self.allocates_node_ports = value.is_null() || truth(&value)?;
                }
                Some("healthCheckNodePort") => self.health_check_node_port = port(&value)?,
                Some("loadBalancerSourceRanges") => {
                    for item in value.items()? {
                        self.source_ranges.push(item?.text()?);
                    }
                }
                Some("ports") => {
                    for item in value.items()? {
                        self.ports.push(ServicePort::read(item?)?);
                    }
                }
                _ => {}
            }
        }
        let list = &mut self.cluster_ips;
        list.extend(cluster_ip.filter(|ip| !list.contains(ip)));
        Ok(())
    }

    fn status(&mut self, node: Node<'a>) -> Read<()> {
        for member in node.members()? {
            let (key, value) = member?;
            if key != "loadBalancer" {
                continue;
            }
            for member in value.members()? {
                let (key, value) = member?;
                if key != "ingress" {
                    continue;
                }
                for item in value.items()? {
                    self.ingress.push(Ingress::read(item?)?);
                }
            }
        }
        Ok(())
    }

    /// The same service, no longer bound to the text.
    #[must_use]
    pub fn into_owned(self) -> Service<'static> {
        Service {
            namespace: self.namespace.into_owned(),
            name: self.name.into_owned(),
            uid: self.uid.into_owned(),
            kind: self.kind.into_owned(),
            cluster_ips: self.cluster_ips,
            external_ips: self.external_ips,
            ingress: self.ingress.into_iter().map(Ingress::into_owned).collect(),
            external_traffic_policy: self.external_traffic_policy.map(Text::into_owned),
            internal_traffic_policy: self.internal_traffic_policy.map(Text::into_owned),
            allocates_node_ports: self.allocates_node_ports,
            health_check_node_port: self.health_check_node_port,
            source_ranges: self.source_ranges.into_iter().map(Text::into_owned).collect(),
            ports: self.ports.into_iter().map(ServicePort::into_owned).collect(),
        }
    }
}

impl<'a> Ingress<'a> {
    fn read(node: Node<'a>) -> Read<Self> {
        let mut ingress = Self::default();
        for member in node.members()? {
            let (key, value) = member?;
            match key.to_str() {
                Some("ip") => ingress.ip = address(value)?,
                Some("hostname") => ingress.host_name = some_text(value)?,
                Some("ipMode") => ingress.ip_mode = some_text(value)?,
                _ => {}
            }
        }
        Ok(ingress)
    }

    fn into_owned(self) -> Ingress<'static> {
        let Self { ip, host_name, ip_mode } = self;
        let host_name = host_name.map(Text::into_owned);
        Ingress { ip, host_name, ip_mode: ip_mode.map(Text::into_owned) }
    }
}

impl<'a> ServicePort<'a> {
    fn read(node: Node<'a>) -> Read<Self> {
        let at = node.at();
        let mut number = None;
        let (mut name, mut target_port, mut node_port) = (None, None, None);
        let mut own = Protocol::Tcp;
        for member in node.members()? {
            let (key, value) = member?;
            match key.to_str() {
                Some("name") => name = some_text(value)?,
                Some("protocol") => own = protocol(value)?,
                Some("port") => number = Some(needed_port(&value)?),
                Some("targetPort") if !value.is_null() => {
                    target_port = Some(value.text_or_number()?);
                }
                Some("nodePort") => node_port = port(&value)?,
                _ => {}
            }
        }
        let none = || ParseError::new(ErrorKind::Json, at, "a port with its number");
        let port = number.ok_or_else(none)?;
        Ok(Self { name, protocol: own, port, target_port, node_port })
    }

    fn into_owned(self) -> ServicePort<'static> {
        let Self { name, protocol, port, target_port, node_port } = self;
        let name = name.map(Text::into_owned);
        let target_port = target_port.map(Text::into_owned);
        ServicePort { name, protocol, port, target_port, node_port }
    }
}
