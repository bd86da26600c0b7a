//! What the records of neighbours mean: programs that hold sockets for host ports and say so in
//! klog lines.

use crate::family::Family;
use crate::port::HostPort;
use crate::record::klog::Record;
use crate::record::local_port::Message;
use crate::text::Text;
use core::net::IpAddr;

pub use crate::record::local_port::{Action, Program};

/// What a neighbour said about a host port.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Event<'a> {
    /// The program.
    pub program: Program,
    /// Its process, of which klog prints the low seven digits.
    pub pid: u32,
    /// What it did.
    pub action: Action,
    /// What the program says the port is for: `nodePort for default/web:http`.
    pub description: Text<'a>,
    /// The local address; `None` for all.
    pub address: Option<IpAddr>,
    /// The family; `None` where the version does not tell.
    pub family: Option<Family>,
    /// The port.
    pub port: HostPort,
}

/// What a klog record says as a neighbour's; nothing for most records.
#[must_use]
pub fn event<'r>(record: &'r Record<'_>) -> Option<Event<'r>> {
    let message = Message::of(record)?;
    Some(Event {
        program: message.program(),
        pid: record.header()?.pid(),
        action: message.action(),
        address: message.address(),
        family: message.family(),
        port: message.port(),
        description: message.into_description(),
    })
}

/// True for a klog record with the words of a neighbour's port line, whose port cannot be read:
/// `Opened local port dccp:443`.
#[must_use]
pub fn is_unreadable(record: &Record<'_>) -> bool {
    Message::is_unreadable(record)
}

impl Event<'_> {
    /// The same event, no longer bound to the input.
    #[must_use]
    pub fn into_owned(self) -> Event<'static> {
        Event {
            program: self.program,
            pid: self.pid,
            action: self.action,
            description: self.description.into_owned(),
            address: self.address,
            family: self.family,
            port: self.port,
        }
    }
}
