//! Messages of programs beside the three that are read here, where their text determines a host
//! port.

use super::klog::Record;
use super::structured::Structured;
use crate::family::Family;
use crate::grammar::local_port::{self, RawLocalPort, Speaker, Verb};
use crate::port::HostPort;
use crate::text::Text;
use core::fmt;
use core::net::IpAddr;

/// A program that logs host ports in words much like CRI-O's and ovnkube's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum Program {
    /// kube-proxy up to 1.25, which held a socket for each node port.
    KubeProxy,
    /// OVN-Kubernetes' port-claim watcher, which holds a socket for each node port and external
    /// address.
    PortClaim,
    /// The kubelet while it had dockershim (up to 1.23).
    Kubelet,
}

impl Program {
    /// The name used in reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::KubeProxy => "kube-proxy",
            Self::PortClaim => "port-claim watcher",
            Self::Kubelet => "kubelet",
        }
    }
}

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What a message does with a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum Action {
    /// A socket was opened.
    Opened,
    /// A socket is about to be opened.
    Opening,
    /// A socket is still held.
    StillOpen,
    /// A socket is about to be closed.
    Closing,
    /// A socket could not be opened, so the program holds none; the port may work nevertheless.
    Refused,
}

/// A message of a neighbour that names a host port.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Message<'a> {
    program: Program,
    action: Action,
    description: Text<'a>,
    address: Option<IpAddr>,
    family: Option<Family>,
    port: HostPort,
}

impl<'a> Message<'a> {
    /// Reads the message of a klog record: `None` unless it names a port.
    #[must_use]
    pub fn of(record: &'a Record<'_>) -> Option<Self> {
        record.header()?;
        let text = record.message().as_bytes();
        if text.first() == Some(&b'"') {
            return Self::structured(record);
        }
        let (speaker, verb, port) = local_port::message(text)?;
        Some(Self::new(speaker, verb, port))
    }

    /// True for a record with the words of such a message, and a port that cannot be read.
    #[must_use]
    pub fn is_unreadable(record: &Record<'_>) -> bool {
        let text = record.message().as_bytes();
        let begins = |words: &str| text.starts_with(words.as_bytes());
        record.header().is_some()
            && (local_port::PORT_WORDS.into_iter().any(begins)
                || STRUCTURED.into_iter().any(|(words, _)| begins(words)))
            && Message::of(record).is_none()
    }

    fn structured(record: &'a Record<'_>) -> Option<Self> {
        // The first words are looked at before anything is taken apart: most structured messages
        // are about other things.
        let raw = record.message().as_bytes();
        let (speaker, verb) =
            STRUCTURED.into_iter().find(|(words, _)| raw.starts_with(words.as_bytes()))?.1;
        let message = Structured::parse(raw).ok()?;
        let port = message.value(b"port")?.text();
        if let Some(port) = local_port::local_port_value(port.as_bytes()) {
            return Some(Message::new(speaker, verb, port).into_owned());
        }
        let number = local_port::kubelet_port(port.as_bytes())?;
        let (program, action) = (Program::Kubelet, action(verb));
        Some(Self { program, action, description: port, address: None, family: None, port: number })
    }

    fn new(speaker: Speaker, verb: Verb, port: RawLocalPort<'a>) -> Self {
        let program = match speaker {
            Speaker::KubeProxy => Program::KubeProxy,
            Speaker::PortClaim => Program::PortClaim,
            Speaker::Kubelet => Program::Kubelet,
        };
        let RawLocalPort { description, address, family, port } = port;
        Self {
            program,
            action: action(verb),
            description: description.into(),
            address,
            family,
            port,
        }
    }

    /// The program whose words these are.
    #[must_use]
    pub const fn program(&self) -> Program {
        self.program
    }

    /// What it does.
    #[must_use]
    pub const fn action(&self) -> Action {
        self.action
    }

    /// What the program says the port is for: `nodePort for default/web:http`.
    #[must_use]
    pub const fn description(&self) -> &Text<'a> {
        &self.description
    }

    /// The description, borrowed from the input if it was.
    #[must_use]
    pub fn into_description(self) -> Text<'a> {
        self.description
    }

    /// The local address; `None` for all.
    #[must_use]
    pub const fn address(&self) -> Option<IpAddr> {
        self.address
    }

    /// The family; `None` where the version does not tell.
    #[must_use]
    pub const fn family(&self) -> Option<Family> {
        self.family
    }

    /// The port.
    #[must_use]
    pub const fn port(&self) -> HostPort {
        self.port
    }

    /// The same message, no longer bound to the input.
    #[must_use]
    pub fn into_owned(self) -> Message<'static> {
        Message {
            program: self.program,
            action: self.action,
            description: self.description.into_owned(),
            address: self.address,
            family: self.family,
            port: self.port,
        }
    }
}

const STRUCTURED: [(&str, (Speaker, Verb)); 5] = [
    ("\"Opened local port\" ", (Speaker::KubeProxy, Verb::Opened)),
    ("\"Closing local port\" ", (Speaker::KubeProxy, Verb::Closing)),
    ("\"Closing host port\" ", (Speaker::Kubelet, Verb::Closing)),
    ("\"can't open port, skipping it\" ", (Speaker::KubeProxy, Verb::Refused)),
    ("\"Port was open before and is still needed\" ", (Speaker::KubeProxy, Verb::StillOpen)),
];

const fn action(verb: Verb) -> Action {
    match verb {
        Verb::Opened => Action::Opened,
        Verb::Opening => Action::Opening,
        Verb::StillOpen => Action::StillOpen,
        Verb::Closing => Action::Closing,
        Verb::Refused => Action::Refused,
    }
}
