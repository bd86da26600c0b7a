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
                text.extend_from_slice(port.trim_ascii());
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

/// The port or ports of a text as firewalld's reader takes it (`getPortRange`, 0.9 to 2.5): a number,
/// two of them around a dash in either order, or a number with nothing behind its dash.
///
/// `Ok(None)` stands for what only the host itself can resolve: the name of a service in its
/// `/etc/services`. A text that is neither, such as `80 , 443`, is an error there as here.
fn port_text(text: &[u8]) -> Result<Option<PortRange>, ParseError> {
    let wrong = |at: usize, expected| {
        ParseError::new(ErrorKind::Port, at, expected).with_found(text.get(at).copied())
    };
    if text.is_empty() {
        return Err(wrong(0, "a port"));
    }
    let one =
        |value: u32, at: usize| u16::try_from(value).map_err(|_| wrong(at, "a port up to 65535"));
    if let Some(value) = number(text) {
        return Ok(Some(PortRange::single(one(value, 0)?)));
    }
    if let Some(dash) = text.iter().position(|&b| b == b'-') {
        let behind = dash.saturating_add(1);
        let (first, last) =
            (text.get(..dash).unwrap_or_default(), text.get(behind..).unwrap_or_default());
        match (number(first), number(last)) {
            (Some(first), Some(last)) => {
                return Ok(Some(PortRange::new(one(first, 0)?, one(last, behind)?)));
            }
            (Some(first), None) if last.is_empty() => {
                return Ok(Some(PortRange::single(one(first, 0)?)));
            }
            _ => {}
        }
    }
    const NEITHER: &str = "a port, a range of ports or the name of a service";
    let name = text.trim_ascii();
    if let Some(at) = name.iter().position(|&b| !is_of_service_name(b)) {
        let before = text.len().saturating_sub(text.trim_ascii_start().len());
        return Err(wrong(before.saturating_add(at), NEITHER));
    }
    if !name.iter().any(|b| b.is_ascii_alphabetic() || !b.is_ascii()) {
        return Err(wrong(0, NEITHER));
    }
    Ok(None)
}

/// A number as Python's `int` reads it, as far as ASCII goes: blanks around it, a plus sign, single
/// underscores between digits. So large a number that it cannot be a port stays too large.
fn number(text: &[u8]) -> Option<u32> {
    let text = text.trim_ascii();
    let digits = text.strip_prefix(b"+").unwrap_or(text);
    let mut groups = digits.split(|&b| b == b'_');
    groups.all(|group| !group.is_empty() && group.iter().all(u8::is_ascii_digit)).then(|| {
        digits
            .iter()
            .filter(|&&b| b != b'_')
            .fold(0u32, |sum, b| sum.saturating_mul(10).saturating_add(u32::from(b & 0x0f)))
    })
}

/// The bytes of names in `/etc/services`, aliases such as `whois++` and `914c/g` among them, and of
/// the digits that are not ASCII's, which Python reads, too.
const fn is_of_service_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || !byte.is_ascii()
        || matches!(byte, b'-' | b'_' | b'.' | b'+' | b'/' | b'*')
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
        // Names of services have slashes, too: `914c/g/tcp`.
        let Some((port, protocol)) = word.rsplit_once('/') else {
            return Err(ParseError::new(ErrorKind::Port, word.len(), "PORT/PROTOCOL"));
        };
        let protocol = protocol
            .parse::<Protocol>()
            .map_err(|error| error.shifted(port.len().saturating_add(1)))?;
        self.push_port(port.as_bytes(), protocol, side)
    }
}
