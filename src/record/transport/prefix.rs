//! What the wrapping of a message says.

use super::{Stream, Transport};
use crate::stamp::Stamp;
use crate::text::Text;
use core::fmt;

/// What a transport says about a message: when, where and by whom it was written.
///
/// Everything is told as written, and nothing is made up: a form that does not name the host leaves
/// it open. Whether an identifier is the expected one is for the caller to judge, and never by its
/// beginning: `crio-probe` is not `crio`.
///
/// ```
/// use hostport_audit::record::transport::{Prefix, Transport};
///
/// let (prefix, message) = Prefix::of_line(b"Jun 25 16:24:11 rhel92 crio[77216]: time=\"2023-06-25 16:24:11\" msg=x");
/// assert_eq!(prefix.transport(), Transport::Short);
/// assert_eq!(prefix.host().unwrap(), "rhel92");
/// assert_eq!(prefix.identifier().unwrap(), "crio");
/// assert_eq!(prefix.pid(), Some(77216));
/// assert_eq!(message, "time=\"2023-06-25 16:24:11\" msg=x");
/// assert_eq!(prefix.to_string(), "Jun 25 16:24:11 rhel92 crio[77216]: ");
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Prefix<'a> {
    pub(super) raw: Text<'a>,
    pub(super) transport: Transport,
    pub(super) stamp: Option<Stamp>,
    pub(super) host: Option<Text<'a>>,
    pub(super) identifier: Option<Text<'a>>,
    pub(super) unit: Option<Text<'a>>,
    pub(super) pid: Option<u32>,
    pub(super) stream: Option<Stream>,
    pub(super) boot: Option<Text<'a>>,
    pub(super) pod: Option<Text<'a>>,
    pub(super) container: Option<Text<'a>>,
}

impl<'a> Prefix<'a> {
    /// The form of the wrapping.
    #[must_use]
    pub const fn transport(&self) -> Transport {
        self.transport
    }

    /// The time it gives; `None` if it gives none, or one that no calendar knows.
    #[must_use]
    pub const fn stamp(&self) -> Option<Stamp> {
        self.stamp
    }

    /// The host, or else the node whose name `oc adm node-logs` put in front.
    #[must_use]
    pub const fn host(&self) -> Option<&Text<'a>> {
        self.host.as_ref()
    }

    /// The identifier of the program.
    #[must_use]
    pub const fn identifier(&self) -> Option<&Text<'a>> {
        self.identifier.as_ref()
    }

    /// The unit of the program.
    #[must_use]
    pub const fn unit(&self) -> Option<&Text<'a>> {
        self.unit.as_ref()
    }

    /// What names the program: the identifier, or the unit in the mode that shows it in its place.
    #[must_use]
    pub fn program(&self) -> Option<&Text<'a>> {
        self.identifier.as_ref().or(self.unit.as_ref())
    }

    /// The process.
    #[must_use]
    pub const fn pid(&self) -> Option<u32> {
        self.pid
    }

    /// The identifier of the boot.
    #[must_use]
    pub const fn boot(&self) -> Option<&Text<'a>> {
        self.boot.as_ref()
    }

    /// The stream of the container.
    #[must_use]
    pub const fn stream(&self) -> Option<Stream> {
        self.stream
    }

    /// The pod.
    #[must_use]
    pub const fn pod(&self) -> Option<&Text<'a>> {
        self.pod.as_ref()
    }

    /// The container in the pod.
    #[must_use]
    pub const fn container(&self) -> Option<&Text<'a>> {
        self.container.as_ref()
    }

    /// The bytes in front of the message; empty in the forms that [wrap it in
    /// fields](Transport::is_prefix).
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.raw.as_bytes()
    }

    /// The same prefix, no longer bound to the input.
    #[must_use]
    pub fn into_owned(self) -> Prefix<'static> {
        Prefix {
            raw: self.raw.into_owned(),
            transport: self.transport,
            stamp: self.stamp,
            host: self.host.map(Text::into_owned),
            identifier: self.identifier.map(Text::into_owned),
            unit: self.unit.map(Text::into_owned),
            pid: self.pid,
            stream: self.stream,
            boot: self.boot.map(Text::into_owned),
            pod: self.pod.map(Text::into_owned),
            container: self.container.map(Text::into_owned),
        }
    }

    /// A second handle to the same prefix, without copying its texts.
    #[must_use]
    pub fn reborrow(&self) -> Prefix<'_> {
        Prefix {
            raw: self.raw.reborrow(),
            transport: self.transport,
            stamp: self.stamp,
            host: self.host.as_ref().map(Text::reborrow),
            identifier: self.identifier.as_ref().map(Text::reborrow),
            unit: self.unit.as_ref().map(Text::reborrow),
            pid: self.pid,
            stream: self.stream,
            boot: self.boot.as_ref().map(Text::reborrow),
            pod: self.pod.as_ref().map(Text::reborrow),
            container: self.container.as_ref().map(Text::reborrow),
        }
    }
}

/// The bytes in front of the message, as far as they are UTF-8.
impl fmt::Display for Prefix<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.raw.fmt(f)
    }
}
