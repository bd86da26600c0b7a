//! A sandbox of CRI-O.

use super::super::Refused;
use super::read::{Metadata, Read};
use super::read::{address, addresses_under, needed_port, port, protocol, some_text, text};
use crate::error::{ErrorKind, ParseError};
use crate::grammar::json::nested::{Node, document, documents};
use crate::port::Protocol;
use crate::text::Text;
use alloc::vec::Vec;
use core::net::IpAddr;

/// CRI-O's own annotations of a sandbox.
const PORT_MAPPINGS: &str = "io.kubernetes.cri-o.PortMappings";
const HOST_NETWORK: &str = "io.kubernetes.cri-o.HostNetwork";
const NAMESPACE_OPTIONS: &str = "io.kubernetes.cri-o.NamespaceOptions";

/// A pod's sandbox, as `crictl inspectp` prints it beside CRI-O.
///
/// The host ports stand in an annotation of the runtime's specification, as JSON inside a string.
/// CRI-O (main of August 2026 as well) adds the pod's own annotations and labels behind its own, so
/// a pod can put a text of its making in place of CRI-O's. `status` shows the pod's annotations and
/// labels: where one of them has the name of CRI-O's, what it says is not known.
///
/// ```
/// use hostport_audit::Protocol;
/// use hostport_audit::record::checkpoint::objects::Sandbox;
///
/// let text = format!(r#"{{"status": {{"id": "{:064x}", "state": "SANDBOX_READY",
///   "metadata": {{"name": "web", "namespace": "demo", "uid": "u1", "attempt": 0}},
///   "network": {{"additionalIps": [], "ip": "10.42.0.7"}},
///   "linux": {{"namespaces": {{"options": {{"network": "POD"}}}}}}}},
///  "info": {{"runtimeSpec": {{"annotations": {{
///    "io.kubernetes.cri-o.HostNetwork": "false",
///    "io.kubernetes.cri-o.PortMappings":
///      "[{{\"HostPort\":8080,\"ContainerPort\":80,\"Protocol\":\"TCP\",\"HostIP\":\"\"}}]"
///  }}}}}}}}"#, 7);
/// let sandbox = Sandbox::parse(text.as_bytes())?;
/// assert_eq!((sandbox.name, sandbox.host_network), ("web".into(), Some(false)));
/// let mappings = sandbox.port_mappings.unwrap();
/// assert_eq!((mappings[0].protocol, mappings[0].host_port), (Protocol::Tcp, 8080));
/// # Ok::<(), hostport_audit::record::checkpoint::Refused>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Sandbox<'a> {
    /// The id, 64 hex digits, as CRI-O's lines have it.
    pub id: Text<'a>,
    /// The namespace of the pod.
    pub namespace: Text<'a>,
    /// The name of the pod.
    pub name: Text<'a>,
    /// The uid of the pod.
    pub uid: Text<'a>,
    /// `SANDBOX_READY` or `SANDBOX_NOTREADY`.
    pub state: Option<Text<'a>>,
    /// Its addresses; none on the host's network.
    pub ips: Vec<IpAddr>,
    /// True on the host's network; `None` if the text does not tell.
    pub host_network: Option<bool>,
    /// The host ports it was given; `None` if the text does not tell. On the host's network they
    /// are declarations: CRI-O makes no rule for them.
    pub port_mappings: Option<Vec<PortMapping>>,
}

/// A host port of a sandbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub struct PortMapping {
    /// The protocol.
    pub protocol: Protocol,
    /// The port of the node.
    pub host_port: u16,
    /// The port inside the pod.
    pub container_port: u16,
    /// The only address of the node that it holds for; `None` for all.
    pub host_ip: Option<IpAddr>,
}

/// What the parts of the text say.
#[derive(Default)]
struct Parts<'a> {
    id: Option<Text<'a>>,
    metadata: Option<Metadata<'a>>,
    state: Option<Text<'a>>,
    ips: Vec<IpAddr>,
    network: Option<(Text<'a>, usize)>,
    mappings: Option<(Text<'a>, usize)>,
    host_network: Option<(Text<'a>, usize)>,
    /// Whether the pod itself has an annotation or a label of that name.
    own_mappings: bool,
    own_network: bool,
}

impl<'a> Sandbox<'a> {
    /// Reads the output for one sandbox.
    ///
    /// # Errors
    /// Text that is not one whole JSON object, a sandbox without its id or its pod's name, a value
    /// of another type than CRI-O's.
    pub fn parse(text: &'a [u8]) -> Result<Self, Refused> {
        let (body, start) = body(text);
        Self::read(body, start).map_err(|error| Refused::of(text, error))
    }

    /// Reads the output for any number of sandboxes: objects one behind the other, or in an array.
    ///
    /// # Errors
    /// As [`parse`](Self::parse).
    pub fn parse_all(text: &'a [u8]) -> Result<Vec<Self>, Refused> {
        let (body, start) = body(text);
        documents(body)
            .map(|object| {
                let (raw, at) = object.map_err(|error| error.shifted(start))?;
                Self::read(raw, at.saturating_add(start))
            })
            .collect::<Read<_>>()
            .map_err(|error| Refused::of(text, error))
    }

    fn read(text: &'a [u8], start: usize) -> Read<Self> {
        let mut parts = Parts::default();
        for member in document(text, start) {
            let (key, value) = member?;
            match key.to_str() {
                Some("status") => parts.status(value)?,
                Some("info") => parts.info(value)?,
                _ => {}
            }
        }
        let (Some(id), Some(metadata)) = (parts.id.take(), parts.metadata.take()) else {
            let words = "a sandbox with its id and metadata";
            return Err(ParseError::new(ErrorKind::Json, start, words));
        };
        let host_network = parts.host_network()?;
        let port_mappings = match parts.mappings {
            Some((text, at)) if !parts.own_mappings => {
                Some(mappings(text.as_bytes()).map_err(|error| error.moved_to(at))?)
            }
            _ => None,
        };
        Ok(Self {
            id,
            namespace: metadata.namespace,
            name: metadata.name,
            uid: metadata.uid,
            state: parts.state,
            ips: parts.ips,
            host_network,
            port_mappings,
        })
    }

    /// The same sandbox, no longer bound to the text.
    #[must_use]
    pub fn into_owned(self) -> Sandbox<'static> {
        Sandbox {
            id: self.id.into_owned(),
            namespace: self.namespace.into_owned(),
            name: self.name.into_owned(),
            uid: self.uid.into_owned(),
            state: self.state.map(Text::into_owned),
            ips: self.ips,
            host_network: self.host_network,
            port_mappings: self.port_mappings,
        }
    }
}

fn body(text: &[u8]) -> (&[u8], usize) {
    match text.strip_prefix(b"\xef\xbb\xbf") {
        Some(body) => (body, 3),
        None => (text, 0),
    }
}

impl<'a> Parts<'a> {
    fn status(&mut self, node: Node<'a>) -> Read<()> {
        for member in node.members()? {
            let (key, value) = member?;
            match key.to_str() {
                Some("id") => self.id = some_text(value)?,
                Some("metadata") => self.metadata = Some(Metadata::read(value)?),
                Some("state") => self.state = some_text(value)?,
                Some("network") => {
                    for member in value.members()? {
                        let (key, value) = member?;
                        match key.to_str() {
                            Some("ip") => {
                                let first = address(value)?;
                                self.ips.splice(0..0, first);
                            }
                            Some("additionalIps") => {
                                self.ips.extend(addresses_under("ip", value)?);
                            }
                            _ => {}
                        }
                    }
                }
                Some("linux") => self.linux(value)?,
                Some("annotations" | "labels") => {
                    for member in value.members()? {
                        let (key, _) = member?;
                        self.own_mappings |= key == PORT_MAPPINGS;
                        self.own_network |= key == HOST_NETWORK || key == NAMESPACE_OPTIONS;
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// `{"namespaces":{"options":{"network":"POD"}}}`
    fn linux(&mut self, node: Node<'a>) -> Read<()> {
        for member in node.members()? {
            let (key, value) = member?;
            if key != "namespaces" {
                continue;
            }
            for member in value.members()? {
                let (key, value) = member?;
                if key != "options" {
                    continue;
                }
                for member in value.members()? {
                    let (key, value) = member?;
                    if key == "network" {
                        let at = value.at();
                        self.network = Some((text(value)?, at));
                    }
                }
            }
        }
        Ok(())
    }

    /// `{"runtimeSpec":{"annotations":{...}}}`
    fn info(&mut self, node: Node<'a>) -> Read<()> {
        for member in node.members()? {
            let (key, value) = member?;
            if key != "runtimeSpec" {
                continue;
            }
            for member in value.members()? {
                let (key, value) = member?;
                if key != "annotations" {
                    continue;
                }
                for member in value.members()? {
                    let (key, value) = member?;
                    let at = value.at();
                    match key.to_str() {
                        Some(PORT_MAPPINGS) => self.mappings = Some((text(value)?, at)),
                        Some(HOST_NETWORK) => self.host_network = Some((text(value)?, at)),
                        _ => {}
                    }
                }
            }
        }
        Ok(())
    }

    fn host_network(&self) -> Read<Option<bool>> {
        if self.own_network {
            return Ok(None);
        }
        let mode = match &self.network {
            Some((text, at)) => Some(match text.to_str() {
                Some("NODE") => true,
                Some("POD" | "") => false,
                _ => return Err(ParseError::new(ErrorKind::Json, *at, "NODE or POD")),
            }),
            None => None,
        };
        let annotation = match &self.host_network {
            Some((text, at)) => Some(match text.to_str() {
                Some("true") => true,
                Some("false") => false,
                _ => return Err(ParseError::new(ErrorKind::Json, *at, "true or false")),
            }),
            None => None,
        };
        match (mode, annotation) {
            (Some(mode), Some(annotation)) if mode != annotation => Ok(None),
            _ => Ok(mode.or(annotation)),
        }
    }
}

/// `[{"HostPort":8080,"ContainerPort":80,"Protocol":"TCP","HostIP":""}]`: Go's names of the fields.
fn mappings(text: &[u8]) -> Read<Vec<PortMapping>> {
    let mut mappings = Vec::new();
    if text.trim_ascii() == b"null" {
        return Ok(mappings);
    }
    if !text.trim_ascii_start().starts_with(b"[") {
        return Err(ParseError::new(ErrorKind::Json, 0, "an array of port mappings"));
    }
    for object in documents(text) {
        let (raw, at) = object?;
        let (mut host_port, mut container_port) = (None, None);
        let (mut own, mut host_ip) = (Protocol::Tcp, None);
        for member in document(raw, at) {
            let (key, value) = member?;
            match key.to_str() {
                Some("HostPort") => host_port = port(&value)?,
                Some("ContainerPort") => container_port = Some(needed_port(&value)?),
                Some("Protocol") => own = protocol(value)?,
                Some("HostIP") => host_ip = address(value)?,
                _ => {}
            }
        }
        let (Some(host_port), Some(container_port)) = (host_port, container_port) else {
            return Err(ParseError::new(ErrorKind::Json, at, "HostPort and ContainerPort"));
        };
        let host_ip = host_ip.filter(|ip| !ip.is_unspecified());
        mappings.push(PortMapping { protocol: own, host_port, container_port, host_ip });
    }
    Ok(mappings)
}
