//! A pod of the API.

use super::read::{Metadata, Read};
use super::read::{address, addresses_under, needed_port, port, protocol, some_text, text, truth};
use crate::error::{ErrorKind, ParseError};
use crate::grammar::json::nested::Node;
use crate::port::Protocol;
use crate::text::Text;
use alloc::vec::Vec;
use core::net::IpAddr;

/// A pod: whose host ports it declares, and where it runs.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Pod<'a> {
    /// The namespace.
    pub namespace: Text<'a>,
    /// The name.
    pub name: Text<'a>,
    /// The uid: CRI-O's lines and the cgroups of its processes hold it too.
    pub uid: Text<'a>,
    /// True if it shares the network of its node. Its `hostPort`s are declarations then: no rule
    /// leads to them, its processes hold the ports themselves.
    pub host_network: bool,
    /// The node; `None` for a pod that has none yet.
    pub node: Option<Text<'a>>,
    /// `Pending`, `Running`, `Succeeded`, `Failed` or `Unknown`.
    pub phase: Option<Text<'a>>,
    /// The addresses of its node.
    pub host_ips: Vec<IpAddr>,
    /// Its own addresses; those of its node for a pod on the host's network.
    pub pod_ips: Vec<IpAddr>,
    /// Its containers, init containers and debug containers among them.
    pub containers: Vec<Container<'a>>,
}

/// A container of a pod.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Container<'a> {
    /// The name.
    pub name: Text<'a>,
    /// The ports that it declares. A process may hold others.
    pub ports: Vec<ContainerPort<'a>>,
}

/// A port that a container declares.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ContainerPort<'a> {
    /// The name of the port.
    pub name: Option<Text<'a>>,
    /// The port inside the pod.
    pub container_port: u16,
    /// The port of the node.
    pub host_port: Option<u16>,
    /// The only address of the node that the host port is meant for.
    pub host_ip: Option<IpAddr>,
    /// The protocol.
    pub protocol: Protocol,
}

impl<'a> Pod<'a> {
    pub(super) fn read(node: Node<'a>) -> Read<Self> {
        let at = node.at();
        let (mut metadata, mut has_spec) = (None, false);
        let mut pod = Self {
            namespace: Text::default(),
            name: Text::default(),
            uid: Text::default(),
            host_network: false,
            node: None,
            phase: None,
            host_ips: Vec::new(),
            pod_ips: Vec::new(),
            containers: Vec::new(),
        };
        for member in node.members()? {
            let (key, value) = member?;
            match key.to_str() {
                Some("metadata") => metadata = Some(Metadata::read(value)?),
                Some("spec") => {
                    has_spec = true;
                    pod.spec(value)?;
                }
                Some("status") => pod.status(value)?,
                _ => {}
            }
        }
        let Some(metadata) = metadata.filter(|_| has_spec) else {
            return Err(ParseError::new(ErrorKind::Json, at, "a pod with metadata and spec"));
        };
        (pod.name, pod.namespace, pod.uid) = (metadata.name, metadata.namespace, metadata.uid);
        Ok(pod)
    }

    fn spec(&mut self, node: Node<'a>) -> Read<()> {
        for member in node.members()? {
            let (key, value) = member?;
            match key.to_str() {
                Some("hostNetwork") => self.host_network = truth(&value)?,
                Some("nodeName") => self.node = some_text(value)?,
                Some("containers" | "initContainers" | "ephemeralContainers") => {
                    for item in value.items()? {
                        self.containers.push(Container::read(item?)?);
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn status(&mut self, node: Node<'a>) -> Read<()> {
        let (mut host_ip, mut pod_ip) = (None, None);
        for member in node.members()? {
            let (key, value) = member?;
            match key.to_str() {
                Some("phase") => self.phase = some_text(value)?,
                Some("hostIP") => host_ip = address(value)?,
                Some("podIP") => pod_ip = address(value)?,
                Some("hostIPs") => self.host_ips = addresses_under("ip", value)?,
                Some("podIPs") => self.pod_ips = addresses_under("ip", value)?,
                _ => {}
            }
        }
        for (list, one) in [(&mut self.host_ips, host_ip), (&mut self.pod_ips, pod_ip)] {
            list.extend(one.filter(|ip| !list.contains(ip)));
        }
        Ok(())
    }

    /// The same pod, no longer bound to the text.
    #[must_use]
    pub fn into_owned(self) -> Pod<'static> {
        Pod {
            namespace: self.namespace.into_owned(),
            name: self.name.into_owned(),
            uid: self.uid.into_owned(),
            host_network: self.host_network,
            node: self.node.map(Text::into_owned),
            phase: self.phase.map(Text::into_owned),
            host_ips: self.host_ips,
            pod_ips: self.pod_ips,
            containers: self.containers.into_iter().map(Container::into_owned).collect(),
        }
    }
}

impl<'a> Container<'a> {
    fn read(node: Node<'a>) -> Read<Self> {
        let mut container = Self::default();
        for member in node.members()? {
            let (key, value) = member?;
            match key.to_str() {
                Some("name") => container.name = text(value)?,
                Some("ports") => {
                    for item in value.items()? {
                        container.ports.push(ContainerPort::read(item?)?);
                    }
                }
                _ => {}
            }
        }
        Ok(container)
    }

    fn into_owned(self) -> Container<'static> {
        Container {
            name: self.name.into_owned(),
            ports: self.ports.into_iter().map(ContainerPort::into_owned).collect(),
        }
    }
}

impl<'a> ContainerPort<'a> {
    fn read(node: Node<'a>) -> Read<Self> {
        let at = node.at();
        let mut number = None;
        let (mut name, mut host_port, mut host_ip) = (None, None, None);
        let mut own = Protocol::Tcp;
        for member in node.members()? {
            let (key, value) = member?;
            match key.to_str() {
                Some("name") => name = some_text(value)?,
                Some("containerPort") => number = Some(needed_port(&value)?),
                Some("hostPort") => host_port = port(&value)?,
                Some("hostIP") => host_ip = address(value)?,
                Some("protocol") => own = protocol(value)?,
                _ => {}
            }
        }
        let none = || ParseError::new(ErrorKind::Json, at, "a port with containerPort");
        let container_port = number.ok_or_else(none)?;
        Ok(Self { name, container_port, host_port, host_ip, protocol: own })
    }

    fn into_owned(self) -> ContainerPort<'static> {
        let Self { name, container_port, host_port, host_ip, protocol } = self;
        let name = name.map(Text::into_owned);
        ContainerPort { name, container_port, host_port, host_ip, protocol }
    }
}
