//! firewalld's service files (`services/NAME.xml`).

use crate::error::{ErrorKind, ParseError};
use crate::family::Family;
use crate::grammar::service_xml::{self, Attribute, Element};
use crate::port::Protocol;
use crate::service::{Service, Side, push_once};
use crate::text::Text;
use alloc::vec::Vec;
use core::net::{Ipv4Addr, Ipv6Addr};

/// Longer than any service file; firewalld's own are below 4 KiB.
const MOST_BYTES: usize = 1 << 20;

/// Reads the text of a service file, `/usr/lib/firewalld/services/NAME.xml` or
/// `/etc/firewalld/services/NAME.xml`.
///
/// Taken are the elements and attributes of firewalld 0.9 to 2.5; what firewalld itself refuses is
/// an error here. The name of the service is the name of its file, not part of the text. The text
/// for people (`short`, `description`) is passed over.
///
/// ```
/// use hostport_audit::record::service_file;
///
/// let service = service_file::parse(br#"<?xml version="1.0" encoding="utf-8"?>
/// <service>
///   <short>My application</short>
///   <port protocol="tcp" port="8443"/>
///   <include service="ssh"/>
/// </service>"#)?;
/// assert_eq!(service.to_string(), "8443/tcp include:ssh");
/// # Ok::<(), hostport_audit::ParseError>(())
/// ```
///
/// # Errors
/// With the position: text that is not XML, white space before the XML declaration, a document type
/// (and with it every entity of its own), an element or attribute that no service file has, an
/// attribute that is missing, a text that is no port (above 65535, `80 , 443`), another protocol
/// than tcp, udp, sctp or dccp, a destination that is no address.
/// [`ParseError::in_line`] shows the broken line of the file with its number.
pub fn parse(xml: &[u8]) -> Result<Service, ParseError> {
    service(xml).map_err(|error| error.quoting(xml))
}

fn service(xml: &[u8]) -> Result<Service, ParseError> {
    if xml.len() > MOST_BYTES {
        return Err(ParseError::new(ErrorKind::TooLong, MOST_BYTES, "a service file"));
    }
    let (root, children) = service_xml::file(xml)?;
    if root.name != b"service" {
        return Err(ParseError::new(ErrorKind::Xml, root.at, "the element service"));
    }
    only(&root, &[b"name", b"version"])?;
    let mut service = Service::new();
    for child in &children {
        take(&mut service, child)?;
    }
    Ok(service)
}

fn take(service: &mut Service, child: &Element<'_>) -> Result<(), ParseError> {
    match child.name {
        b"short" | b"description" => only(child, &[]),
        b"port" => port(service, child, Side::Destination),
        b"source-port" => port(service, child, Side::Source),
        b"protocol" => {
            only(child, &[b"value"])?;
            let value = needed(child, b"value")?;
            ip_protocol(value)?;
            push_once(&mut service.protocols, owned(value));
            Ok(())
        }
        b"include" => {
            only(child, &[b"service"])?;
            push_once(&mut service.includes, owned(needed(child, b"service")?));
            Ok(())
        }
        b"helper" => {
            only(child, &[b"name"])?;
            push_once(&mut service.helpers, owned(needed(child, b"name")?));
            Ok(())
        }
        b"module" => {
            only(child, &[b"name"])?;
            push_once(&mut service.helpers, helper_of_module(&needed(child, b"name")?.value));
            Ok(())
        }
        b"destination" => {
            only(child, &[b"ipv4", b"ipv6"])?;
            // The first one counts, as in firewalld.
            for (name, family, place) in [
                (&b"ipv4"[..], Family::Ipv4, &mut service.ipv4),
                (b"ipv6", Family::Ipv6, &mut service.ipv6),
            ] {
                let Some(address) = find(child, name) else { continue };
                destination(address, family)?;
                if place.is_none() {
                    *place = Some(owned(address));
                }
            }
            Ok(())
        }
        _ => Err(ParseError::new(ErrorKind::Xml, child.at, "an element of a service file")),
    }
}

fn port(service: &mut Service, element: &Element<'_>, side: Side) -> Result<(), ParseError> {
    only(element, &[b"port", b"protocol"])?;
    let port = needed(element, b"port")?;
    let protocol = needed(element, b"protocol")?;
    if port.value.is_empty() && side == Side::Destination {
        // The old way to write an IP protocol.
        ip_protocol(protocol)?;
        push_once(&mut service.protocols, owned(protocol));
        return Ok(());
    }
    let wrong = |error: ParseError| error.shifted(protocol.value_at);
    let known =
        Protocol::ALL.into_iter().find(|known| known.as_str().as_bytes() == &*protocol.value);
    let known = known
        .ok_or_else(|| wrong(ParseError::new(ErrorKind::Protocol, 0, "tcp, udp, sctp or dccp")))?;
    service.push_port(&port.value, known, side).map_err(|error| error.shifted(port.value_at))
}

/// Refuses what cannot be an IP protocol: a number above 255, or a text that no line of
/// `/etc/protocols` can have as a name.
fn ip_protocol(attribute: &Attribute<'_>) -> Result<(), ParseError> {
    let text = attribute.value.trim_ascii();
    let is_number = !text.is_empty() && text.iter().all(u8::is_ascii_digit);
    let number = core::str::from_utf8(text).ok().and_then(|text| text.parse::<u8>().ok());
    // Such as `gre`, `ipv6-icmp`, `a/n`, `3pc`.
    let is_name = attribute.value.iter().any(u8::is_ascii_alphabetic)
        && attribute.value.iter().all(|&b| b.is_ascii_graphic() && b != b'#');
    if is_name || (is_number && number.is_some()) {
        return Ok(());
    }
    Err(ParseError::new(ErrorKind::Protocol, attribute.value_at, "an IP protocol"))
}

/// Refuses a destination that is no address of its family: `224.0.0.251`, `ff02::fb`,
/// `fe80::/64`, `10.0.0.0/255.0.0.0`.
fn destination(attribute: &Attribute<'_>, family: Family) -> Result<(), ParseError> {
    let holds = || -> Option<bool> {
        let text = core::str::from_utf8(&attribute.value).ok()?;
        let (address, mask) = match text.split_once('/') {
            Some((address, mask)) => (address, Some(mask)),
            None => (text, None),
        };
        let length = mask.map(|mask| mask.trim().parse::<u8>());
        Some(match family {
            Family::Ipv4 => {
                address.parse::<Ipv4Addr>().is_ok()
                    && match (mask, length) {
                        (Some(mask), Some(Err(_))) => mask.parse::<Ipv4Addr>().is_ok(),
                        (_, Some(Ok(bits))) => bits <= 32,
                        _ => true,
                    }
            }
            Family::Ipv6 => {
                address.trim_matches(['[', ']']).parse::<Ipv6Addr>().is_ok()
                    && match length {
                        Some(Err(_)) => false,
                        Some(Ok(bits)) => bits <= 128,
                        None => true,
                    }
            }
        })
    };
    if holds() == Some(true) {
        return Ok(());
    }
    let expected = match family {
        Family::Ipv4 => "an IPv4 address, alone or with its mask",
        Family::Ipv6 => "an IPv6 address, alone or with its prefix length",
    };
    Err(ParseError::new(ErrorKind::Address, attribute.value_at, expected))
}

/// Old files name the kernel's module: `nf_conntrack_netbios_ns` for the helper `netbios-ns`.
fn helper_of_module(module: &[u8]) -> Text<'static> {
    match module.strip_prefix(b"nf_conntrack_") {
        Some(name) => {
            Text::from(name.iter().map(|&b| if b == b'_' { b'-' } else { b }).collect::<Vec<u8>>())
        }
        None => Text::from(module.to_vec()),
    }
}

fn owned(attribute: &Attribute<'_>) -> Text<'static> {
    Text::from(attribute.value.to_vec())
}

fn find<'e, 'a>(element: &'e Element<'a>, name: &[u8]) -> Option<&'e Attribute<'a>> {
    element.attributes.iter().find(|attribute| attribute.name == name)
}

fn needed<'e, 'a>(element: &'e Element<'a>, name: &[u8]) -> Result<&'e Attribute<'a>, ParseError> {
    find(element, name)
        .ok_or_else(|| ParseError::new(ErrorKind::Xml, element.at, "all attributes of the element"))
}

fn only(element: &Element<'_>, names: &[&[u8]]) -> Result<(), ParseError> {
    match element.attributes.iter().find(|attribute| !names.contains(&attribute.name)) {
        None => Ok(()),
        Some(stray) => {
            Err(ParseError::new(ErrorKind::Xml, stray.at, "an attribute of the element"))
        }
    }
}
