//! Ports as all three logs mean them: a transport protocol and one or more port numbers.

use crate::error::{ErrorKind, ParseError};
use core::fmt;
use core::str::FromStr;

/// A transport protocol that has ports.
///
/// firewalld and CRI-O print it in lower case, ovnkube in capitals; both are read, lower case is
/// printed.
///
/// ```
/// use hostport_audit::Protocol;
///
/// assert_eq!("SCTP".parse::<Protocol>()?, Protocol::Sctp);
/// assert_eq!(Protocol::Tcp.to_string(), "tcp");
/// # Ok::<(), hostport_audit::ParseError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum Protocol {
    /// Transmission Control Protocol.
    Tcp,
    /// User Datagram Protocol.
    Udp,
    /// Stream Control Transmission Protocol.
    Sctp,
    /// Datagram Congestion Control Protocol; only firewalld knows it.
    Dccp,
}

impl Protocol {
    /// All of them, in order.
    pub const ALL: [Self; 4] = [Self::Tcp, Self::Udp, Self::Sctp, Self::Dccp];

    /// The name in lower case.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
            Self::Sctp => "sctp",
            Self::Dccp => "dccp",
        }
    }

    /// The protocol with this name, in capitals or lower case.
    ///
    /// # Errors
    /// [`ErrorKind::Protocol`] at byte 0 for any other text.
    pub fn from_bytes(name: &[u8]) -> Result<Self, ParseError> {
        Self::ALL
            .into_iter()
            .find(|protocol| protocol.as_str().as_bytes().eq_ignore_ascii_case(name))
            .ok_or_else(|| {
                ParseError::new(ErrorKind::Protocol, 0, "tcp, udp, sctp or dccp")
                    .with_found(name.first().copied())
            })
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Protocol {
    type Err = ParseError;

    fn from_str(name: &str) -> Result<Self, ParseError> {
        Self::from_bytes(name.as_bytes())
    }
}

/// One or more neighbouring ports, first and last included.
///
/// Port 0 can be held, because firewalld accepts and lists it.
///
/// ```
/// use hostport_audit::PortRange;
///
/// let ports: PortRange = "8000-8010".parse()?;
/// assert!(ports.contains(8005));
/// assert_eq!(ports.to_string(), "8000-8010");
/// assert_eq!(PortRange::single(80).to_string(), "80");
/// # Ok::<(), hostport_audit::ParseError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct PortRange {
    first: u16,
    last: u16,
}

impl PortRange {
    /// The ports from the smaller to the larger number, both included.
    #[must_use]
    pub const fn new(a: u16, b: u16) -> Self {
        if a <= b { Self { first: a, last: b } } else { Self { first: b, last: a } }
    }

    /// One port.
    #[must_use]
    pub const fn single(port: u16) -> Self {
        Self { first: port, last: port }
    }

    /// The lowest port.
    #[must_use]
    pub const fn first(self) -> u16 {
        self.first
    }

    /// The highest port.
    #[must_use]
    pub const fn last(self) -> u16 {
        self.last
    }

    /// True if the port is one of them.
    #[must_use]
    pub const fn contains(self, port: u16) -> bool {
        self.first <= port && port <= self.last
    }

    /// True if every port of the other is one of these.
    #[must_use]
    pub const fn covers(self, other: Self) -> bool {
        self.first <= other.first && other.last <= self.last
    }

    /// True if at least one port is in both.
    #[must_use]
    pub const fn overlaps(self, other: Self) -> bool {
        self.first <= other.last && other.first <= self.last
    }
}

impl fmt::Display for PortRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.first == self.last {
            write!(f, "{}", self.first)
        } else {
            write!(f, "{}-{}", self.first, self.last)
        }
    }
}

impl FromStr for PortRange {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let range = match text.split_once('-') {
            None => parse_port(text.as_bytes(), 0).map(Self::single),
            Some((first, last)) => ordered_range(first.as_bytes(), last.as_bytes()),
        };
        range.map_err(|error| error.quoting(text.as_bytes()))
    }
}

fn ordered_range(first: &[u8], last: &[u8]) -> Result<PortRange, ParseError> {
    let behind = first.len().saturating_add(1);
    let range = PortRange { first: parse_port(first, 0)?, last: parse_port(last, behind)? };
    if range.first > range.last {
        return Err(ParseError::new(
            ErrorKind::Port,
            behind,
            "a last port that is not below the first",
        ));
    }
    Ok(range)
}

/// Decimal ASCII digits, 0 to 65535: no sign, no other digits of Unicode, no wrapping.
fn parse_port(digits: &[u8], at: usize) -> Result<u16, ParseError> {
    let mut value = 0u16;
    for (i, &byte) in digits.iter().enumerate() {
        let broken = |expected| {
            ParseError::new(ErrorKind::Port, at.saturating_add(i), expected).with_found(Some(byte))
        };
        if !byte.is_ascii_digit() {
            return Err(broken("a digit"));
        }
        value = value
            .checked_mul(10)
            .and_then(|tens| tens.checked_add(u16::from(byte & 0x0f)))
            .ok_or_else(|| broken("a port up to 65535"))?;
    }
    if digits.is_empty() {
        return Err(ParseError::new(ErrorKind::Port, at, "a digit"));
    }
    Ok(value)
}

/// A transport protocol with one port or a range of ports.
///
/// Printed as firewalld prints it (`8080/tcp`); read in that form and in CRI-O's (`tcp:443`).
///
/// ```
/// use hostport_audit::{HostPort, Protocol};
///
/// let port: HostPort = "tcp:443".parse()?;
/// assert_eq!(port, "443/tcp".parse()?);
/// assert_eq!(port, HostPort::single(Protocol::Tcp, 443));
/// assert_eq!("1000-1010/udp".parse::<HostPort>()?.to_string(), "1000-1010/udp");
/// # Ok::<(), hostport_audit::ParseError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct HostPort {
    protocol: Protocol,
    #[cfg_attr(feature = "serde", serde(flatten))]
    range: PortRange,
}

impl HostPort {
    /// Ports of a protocol.
    #[must_use]
    pub const fn new(protocol: Protocol, range: PortRange) -> Self {
        Self { protocol, range }
    }

    /// One port of a protocol.
    #[must_use]
    pub const fn single(protocol: Protocol, port: u16) -> Self {
        Self { protocol, range: PortRange::single(port) }
    }

    /// The protocol.
    #[must_use]
    pub const fn protocol(self) -> Protocol {
        self.protocol
    }

    /// The ports.
    #[must_use]
    pub const fn range(self) -> PortRange {
        self.range
    }

    /// True if both have a port in common.
    #[must_use]
    pub fn overlaps(self, other: Self) -> bool {
        self.protocol == other.protocol && self.range.overlaps(other.range)
    }
}

impl fmt::Display for HostPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.range, self.protocol)
    }
}

impl FromStr for HostPort {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let port = if let Some((range, protocol)) = text.split_once('/') {
            range_then_protocol(range, protocol)
        } else if let Some((protocol, range)) = text.split_once(':') {
            protocol_then_range(protocol, range)
        } else {
            Err(ParseError::new(ErrorKind::Port, text.len(), "PORT/PROTOCOL or PROTOCOL:PORT"))
        };
        port.map_err(|error| error.quoting(text.as_bytes()))
    }
}

fn range_then_protocol(range: &str, protocol: &str) -> Result<HostPort, ParseError> {
    let behind = range.len().saturating_add(1);
    Ok(HostPort {
        range: range.parse()?,
        protocol: protocol.parse::<Protocol>().map_err(|error| error.shifted(behind))?,
    })
}

fn protocol_then_range(protocol: &str, range: &str) -> Result<HostPort, ParseError> {
    let behind = protocol.len().saturating_add(1);
    Ok(HostPort {
        protocol: protocol.parse()?,
        range: range.parse::<PortRange>().map_err(|error| error.shifted(behind))?,
    })
}
