//! firewalld's zone files (`zones/NAME.xml`, firewalld 0.6 to 2.5).

use super::Refused;
use crate::error::{ErrorKind, ParseError};
use crate::grammar::service_xml::{Attribute, Element};
use crate::grammar::zone_xml::{self, Nested};
use crate::port::{HostPort, PortRange, Protocol};
use crate::service::push_once;
use crate::text::Text;
use alloc::vec::Vec;
use core::fmt;

/// Longer than any zone file.
const MOST_BYTES: usize = 1 << 20;

/// A zone as its file has it: what the permanent layer lets through.
///
/// The name of the zone is the name of its file, not part of the text. firewalld takes the file of
/// `/etc/firewalld/zones`, and of `/usr/lib/firewalld/zones` where there is none. The text for
/// people is passed over.
///
/// ```
/// use hostport_audit::record::checkpoint::zone_file::ZoneFile;
///
/// let zone = ZoneFile::parse(br#"<?xml version="1.0" encoding="utf-8"?>
/// <zone>
///   <service name="ssh"/>
///   <port port="30000-32767" protocol="tcp"/>
///   <rule family="ipv4"><source address="192.0.2.0/24"/><drop/></rule>
///   <forward/>
/// </zone>"#)?;
/// assert_eq!(zone.services, ["ssh"]);
/// assert_eq!(zone.ports[0].host_port(), Some("30000-32767/tcp".parse()?));
/// assert_eq!(
///     zone.rich_rules,
///     [r#"<rule family="ipv4"><source address="192.0.2.0/24"/><drop/></rule>"#]
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ZoneFile<'a> {
    /// `ACCEPT`, `%%REJECT%%`, `REJECT` or `DROP`; `None` for the default.
    pub target: Option<Text<'a>>,
    /// The interfaces. NetworkManager puts further ones into zones.
    pub interfaces: Vec<Text<'a>>,
    /// The sources: addresses, networks, MAC addresses, `ipset:NAME`.
    pub sources: Vec<Text<'a>>,
    /// The services, by name.
    pub services: Vec<Text<'a>>,
    /// The ports.
    pub ports: Vec<ZonePort<'a>>,
    /// The IP protocols, by name or number.
    pub protocols: Vec<Text<'a>>,
    /// Ports from which packets are let in, to whatever port.
    pub source_ports: Vec<ZonePort<'a>>,
    /// The forward ports.
    pub forward_ports: Vec<ZoneForwardPort<'a>>,
    /// The ICMP types that are blocked, or, inverted, let through.
    pub icmp_blocks: Vec<Text<'a>>,
    /// Whether the ICMP types are let through instead of blocked.
    pub icmp_block_inversion: bool,
    /// Whether packets are masqueraded.
    pub masquerade: bool,
    /// Whether packets are forwarded within the zone (firewalld 0.9 and later).
    pub forward: bool,
    /// The rich rules, each as the XML of its element.
    pub rich_rules: Vec<Text<'a>>,
}

/// A port of a zone file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub struct ZonePort<'a> {
    /// The port or ports, as they stand.
    pub port: Text<'a>,
    /// The protocol.
    pub protocol: Protocol,
}

impl ZonePort<'_> {
    /// The ports as numbers; `None` where only the host can resolve them, such as the name of a
    /// service.
    #[must_use]
    pub fn host_port(&self) -> Option<HostPort> {
        range(self.port.as_bytes()).map(|range| HostPort::new(self.protocol, range))
    }
}

impl fmt::Display for ZonePort<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.port, self.protocol)
    }
}

/// A forward port of a zone file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub struct ZoneForwardPort<'a> {
    /// The port or ports that are forwarded.
    pub from: ZonePort<'a>,
    /// The port they lead to; empty for the same port.
    pub to_port: Text<'a>,
    /// The address they lead to; empty for this host.
    pub to_address: Text<'a>,
}

impl<'a> ZoneFile<'a> {
    /// Reads the text of a zone file.
    ///
    /// # Errors
    /// With the position: text that is not XML, a document type, an element or an attribute that no
    /// zone file has, an attribute that is missing, a port above 65535, another protocol than tcp,
    /// udp, sctp or dccp, an unknown target. firewalld refuses such a file too.
    pub fn parse(xml: &'a [u8]) -> Result<Self, Refused> {
        Self::read(xml).map_err(|error| Refused::of(xml, error))
    }

    fn read(xml: &'a [u8]) -> Result<Self, ParseError> {
        if xml.len() > MOST_BYTES {
            return Err(ParseError::new(ErrorKind::TooLong, MOST_BYTES, "a zone file"));
        }
        let root = zone_xml::file(xml)?;
        let outer = &root.element;
        if outer.name != b"zone" {
            return Err(ParseError::new(ErrorKind::Xml, outer.at, "the element zone"));
        }
        only(
            outer,
            &["name", "version", "immutable", "target", "ingress-priority", "egress-priority"],
        )?;
        let mut zone = Self::default();
        if let Some(target) = find(outer, "target") {
            zone.target = match &*target.value {
                b"" | b"default" => None,
                b"ACCEPT" | b"%%REJECT%%" | b"REJECT" | b"DROP" => Some(owned(target)),
                _ => {
                    let words = "ACCEPT, %%REJECT%%, DROP or default";
                    return Err(ParseError::new(ErrorKind::Xml, target.value_at, words));
                }
            };
        }
        for child in root.children {
            zone.take(&child)?;
        }
        Ok(zone)
    }

    fn take(&mut self, child: &Nested<'a>) -> Result<(), ParseError> {
        let element = &child.element;
        if element.name != b"rule"
            && let Some(stray) = child.children.first()
        {
            let at = stray.element.at;
            return Err(ParseError::new(ErrorKind::Xml, at, "no element inside this one"));
        }
        match element.name {
            b"short" | b"description" => only(element, &[]),
            b"interface" => name(&mut self.interfaces, element, "name"),
            b"service" => name(&mut self.services, element, "name"),
            b"protocol" => name(&mut self.protocols, element, "value"),
            b"icmp-block" => name(&mut self.icmp_blocks, element, "name"),
            b"source" => self.source(element),
            b"port" => {
                only(element, &["port", "protocol"])?;
                push_once(&mut self.ports, port(element)?);
                Ok(())
            }
            b"source-port" => {
                only(element, &["port", "protocol"])?;
                push_once(&mut self.source_ports, port(element)?);
                Ok(())
            }
            b"forward-port" => {
                only(element, &["port", "protocol", "to-port", "to-addr"])?;
                let text = |key| find(element, key).map(owned).unwrap_or_default();
                let (to_port, to_address) = (text("to-port"), text("to-addr"));
                let from = port(element)?;
                push_once(&mut self.forward_ports, ZoneForwardPort { from, to_port, to_address });
                Ok(())
            }
            b"masquerade" => {
                only(element, &["enabled"])?;
                self.masquerade = true;
                Ok(())
            }
            b"forward" => {
                only(element, &[])?;
                self.forward = true;
                Ok(())
            }
            b"icmp-block-inversion" => {
                only(element, &[])?;
                self.icmp_block_inversion = true;
                Ok(())
            }
            b"rule" => {
                only(element, &["family", "priority"])?;
                self.rich_rules.push(Text::borrowed(child.raw));
                Ok(())
            }
            _ => Err(ParseError::new(ErrorKind::Xml, element.at, "an element of a zone file")),
        }
    }

    fn source(&mut self, element: &Element<'a>) -> Result<(), ParseError> {
        only(element, &["address", "mac", "family", "ipset"])?;
        let wrong = |words| Err(ParseError::new(ErrorKind::Xml, element.at, words));
        let source = match (find(element, "address"), find(element, "ipset")) {
            (Some(address), None) => owned(address),
            (None, Some(set)) => Text::from([b"ipset:", &*set.value].concat()),
            (None, None) => return wrong("an address or an ipset"),
            (Some(_), Some(_)) => return wrong("one of address and ipset"),
        };
        push_once(&mut self.sources, source);
        Ok(())
    }

    /// The same zone, no longer bound to the text.
    #[must_use]
    pub fn into_owned(self) -> ZoneFile<'static> {
        let texts = |list: Vec<Text<'a>>| list.into_iter().map(Text::into_owned).collect();
        let ports = |list: Vec<ZonePort<'a>>| list.into_iter().map(ZonePort::into_owned).collect();
        let forward = |port: ZoneForwardPort<'a>| ZoneForwardPort {
            from: port.from.into_owned(),
            to_port: port.to_port.into_owned(),
            to_address: port.to_address.into_owned(),
        };
        ZoneFile {
            target: self.target.map(Text::into_owned),
            interfaces: texts(self.interfaces),
            sources: texts(self.sources),
            services: texts(self.services),
            ports: ports(self.ports),
            protocols: texts(self.protocols),
            source_ports: ports(self.source_ports),
            forward_ports: self.forward_ports.into_iter().map(forward).collect(),
            icmp_blocks: texts(self.icmp_blocks),
            icmp_block_inversion: self.icmp_block_inversion,
            masquerade: self.masquerade,
            forward: self.forward,
            rich_rules: texts(self.rich_rules),
        }
    }
}

impl ZonePort<'_> {
    fn into_owned(self) -> ZonePort<'static> {
        ZonePort { port: self.port.into_owned(), protocol: self.protocol }
    }
}

fn name<'a>(
    list: &mut Vec<Text<'a>>,
    element: &Element<'a>,
    key: &'static str,
) -> Result<(), ParseError> {
    only(element, &[key])?;
    push_once(list, owned(needed(element, key)?));
    Ok(())
}

fn port<'a>(element: &Element<'a>) -> Result<ZonePort<'a>, ParseError> {
    let (port, protocol) = (needed(element, "port")?, needed(element, "protocol")?);
    let known = Protocol::ALL.into_iter().find(|own| own.as_str().as_bytes() == &*protocol.value);
    let wrong = || {
        let at = protocol.value_at;
        ParseError::new(ErrorKind::Protocol, at, "tcp, udp, sctp or dccp")
    };
    let protocol = known.ok_or_else(wrong)?;
    let digits = |b: &u8| b.is_ascii_digit() || *b == b'-';
    if port.value.is_empty() || (port.value.iter().all(digits) && range(&port.value).is_none()) {
        return Err(ParseError::new(ErrorKind::Port, port.value_at, "a port or a range of ports"));
    }
    Ok(ZonePort { port: owned(port), protocol })
}

/// `8080`, `8000-8010`, in either order, as firewalld reads them.
fn range(text: &[u8]) -> Option<PortRange> {
    let number = |digits: &[u8]| {
        let all = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
        core::str::from_utf8(digits).ok().filter(|_| all)?.parse::<u16>().ok()
    };
    let mut parts = text.split(|&b| b == b'-');
    let first = number(parts.next()?)?;
    let last = parts.next().map_or(Some(first), number)?;
    parts.next().is_none().then(|| PortRange::new(first, last))
}

fn owned<'a>(attribute: &Attribute<'a>) -> Text<'a> {
    Text::from(attribute.value.clone())
}

fn find<'e, 'a>(element: &'e Element<'a>, key: &str) -> Option<&'e Attribute<'a>> {
    element.attributes.iter().find(|attribute| attribute.name == key.as_bytes())
}

fn needed<'e, 'a>(element: &'e Element<'a>, key: &str) -> Result<&'e Attribute<'a>, ParseError> {
    let none = || ParseError::new(ErrorKind::Xml, element.at, "all attributes of the element");
    find(element, key).ok_or_else(none)
}

fn only(element: &Element<'_>, keys: &[&str]) -> Result<(), ParseError> {
    let stray =
        |attribute: &&Attribute<'_>| !keys.iter().any(|key| key.as_bytes() == attribute.name);
    match element.attributes.iter().find(stray) {
        None => Ok(()),
        Some(stray) => {
            Err(ParseError::new(ErrorKind::Xml, stray.at, "an attribute of the element"))
        }
    }
}
