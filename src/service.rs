//! What the name of a firewalld service stands for.

use crate::error::{ErrorKind, ParseError};
use crate::port::{HostPort, PortRange, Protocol};
use crate::text::Text;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::str::FromStr;

/// The definition of a firewalld service: what a zone that has the service lets through.
///
/// firewalld (2.5.0) takes it from `services/NAME.xml`; its log names services and never their
/// ports. A definition can be written down in one line, ports first: `139/tcp 445/tcp
/// include:samba-client`. The words are `PORT/PROTOCOL`, `protocol:NAME` (an IP protocol),
/// `source:PORT/PROTOCOL`, `include:SERVICE`, `helper:NAME`, `ipv4:ADDRESS` and `ipv6:ADDRESS`
/// (destinations).
///
/// ```
/// use hostport_audit::Service;
///
/// let samba: Service = "139/tcp 445/tcp include:samba-client".parse()?;
/// assert_eq!(samba.ports, ["139/tcp".parse()?, "445/tcp".parse()?]);
/// assert_eq!(samba.includes, ["samba-client"]);
/// assert_eq!(samba.to_string(), "139/tcp 445/tcp include:samba-client");
/// # Ok::<(), hostport_audit::ParseError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
#[non_exhaustive]
pub struct Service {
    /// The ports that the service lets in.
    pub ports: Vec<HostPort>,
    /// IP protocols that it lets in as a whole, by name or number (`esp`, `112`).
    pub protocols: Vec<Text<'static>>,
    /// Ports from which it lets packets in, to whatever port.
    pub source_ports: Vec<HostPort>,
    /// Ports given in a form that only the host itself can resolve (`http/tcp`,
    /// `source:http/tcp`), as they stand.
    pub unresolved: Vec<Text<'static>>,
    /// Other services that belong to it.
    pub includes: Vec<Text<'static>>,
    /// Connection trackers that let further, related connections in.
    pub helpers: Vec<Text<'static>>,
    /// The only IP version 4 destination that it holds for.
    pub ipv4: Option<Text<'static>>,
    /// The only IP version 6 destination that it holds for.
    pub ipv6: Option<Text<'static>>,
}

impl Service {
    /// A service that lets nothing in.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The same service with a port more.
    #[must_use]
    pub fn with_port(mut self, port: HostPort) -> Self {
        self.ports.push(port);
        self
    }

    /// The same service with a service more that belongs to it.
    #[must_use]
    pub fn with_include(mut self, service: impl Into<Text<'static>>) -> Self {
        self.includes.push(service.into());
        self
    }

    /// The same service with a port more, in the words of a service file.
    pub(crate) fn push_port(
        &mut self,
        port: &[u8],
        protocol: Protocol,
        side: Side,
    ) -> Result<(), ParseError> {
        match port_text(port)? {
            Some(range) => {
                let ports = match side {
                    Side::Destination => &mut self.ports,
                    Side::Source => &mut self.source_ports,
                };
                push_once(ports, HostPort::new(protocol, range));
            }
            None => {
                let mut text = Vec::new();
                if side == Side::Source {
                    text.extend_from_slice(b"source:");
                }
                text.extend_from_slice(port);
                text.push(b'/');
                text.extend_from_slice(protocol.as_str().as_bytes());
                push_once(&mut self.unresolved, Text::from(text));
            }
        }
        Ok(())
    }
}

/// Which end of a connection a port stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Destination,
    Source,
}

pub(crate) fn push_once<T: PartialEq>(list: &mut Vec<T>, item: T) {
    if !list.contains(&item) {
        list.push(item);
    }
}

/// Digits, or two of them around a dash in either order, as firewalld reads them; `None` for what
/// else it may accept, such as the name of a service in the host's `/etc/services`.
fn port_text(text: &[u8]) -> Result<Option<PortRange>, ParseError> {
    let number = |digits: &[u8], at: usize| -> Result<Option<u16>, ParseError> {
        if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
            return Ok(None);
        }
        let value = digits
            .iter()
            .fold(0u32, |sum, b| sum.saturating_mul(10).saturating_add(u32::from(b & 0x0f)));
        let too_big = |_| {
            ParseError::new(ErrorKind::Port, at, "a port up to 65535")
                .with_found(digits.first().copied())
        };
        u16::try_from(value).map(Some).map_err(too_big)
    };
    if text.is_empty() {
        return Err(ParseError::new(ErrorKind::Port, 0, "a port"));
    }
    match text
        .iter()
        .position(|&b| b == b'-')
        .and_then(|dash| Some((dash, text.split_at_checked(dash)?)))
    {
        None => Ok(number(text, 0)?.map(PortRange::single)),
        Some((dash, (first, last))) => {
            let behind = dash.saturating_add(1);
            let last = number(last.get(1..).unwrap_or_default(), behind)?;
            Ok(number(first, 0)?.zip(last).map(|(first, last)| PortRange::new(first, last)))
        }
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut between = "";
        let mut word = |f: &mut fmt::Formatter<'_>, mark: &str, text: &dyn fmt::Display| {
            write!(f, "{between}{mark}{text}")?;
            between = " ";
            Ok(())
        };
        for port in &self.ports {
            word(f, "", port)?;
        }
        for protocol in &self.protocols {
            word(f, "protocol:", protocol)?;
        }
        for port in &self.source_ports {
            word(f, "source:", port)?;
        }
        for port in &self.unresolved {
            word(f, "", port)?;
        }
        for name in &self.includes {
            word(f, "include:", name)?;
        }
        for name in &self.helpers {
            word(f, "helper:", name)?;
        }
        for (mark, address) in [("ipv4:", &self.ipv4), ("ipv6:", &self.ipv6)] {
            if let Some(address) = address {
                word(f, mark, address)?;
            }
        }
        Ok(())
    }
}

impl FromStr for Service {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let mut service = Self::new();
        let mut at = 0usize;
        for word in text.split(' ') {
            if !word.is_empty() {
                service.take_word(word).map_err(|error| error.shifted(at))?;
            }
            at = at.saturating_add(word.len()).saturating_add(1);
        }
        Ok(service)
    }
}

impl Service {
    fn take_word(&mut self, word: &str) -> Result<(), ParseError> {
        let owned = |value: &str| Text::from(String::from(value));
        let missing = |mark: &str| {
            ParseError::new(
                ErrorKind::Message,
                mark.len().saturating_add(1),
                "a value behind the colon",
            )
        };
        match word.split_once(':') {
            Some((mark, "")) => Err(missing(mark)),
            Some(("protocol", name)) => {
                push_once(&mut self.protocols, owned(name));
                Ok(())
            }
            Some(("include", name)) => {
                push_once(&mut self.includes, owned(name));
                Ok(())
            }
            Some(("helper", name)) => {
                push_once(&mut self.helpers, owned(name));
                Ok(())
            }
            Some(("ipv4", address)) => {
                self.ipv4 = Some(owned(address));
                Ok(())
            }
            Some(("ipv6", address)) => {
                self.ipv6 = Some(owned(address));
                Ok(())
            }
            Some(("source", port)) => {
                self.take_port(port, Side::Source).map_err(|error| error.shifted("source:".len()))
            }
            Some(_) => Err(ParseError::new(
                ErrorKind::Message,
                0,
                "protocol, source, include, helper, ipv4 or ipv6",
            )),
            None => self.take_port(word, Side::Destination),
        }
    }

    fn take_port(&mut self, word: &str, side: Side) -> Result<(), ParseError> {
        let Some((port, protocol)) = word.split_once('/') else {
            return Err(ParseError::new(ErrorKind::Port, word.len(), "PORT/PROTOCOL"));
        };
        let protocol = protocol
            .parse::<Protocol>()
            .map_err(|error| error.shifted(port.len().saturating_add(1)))?;
        self.push_port(port.as_bytes(), protocol, side)
    }
}
