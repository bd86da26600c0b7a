//! How the values of an object are read.

use crate::error::{ErrorKind, ParseError};
use crate::grammar::json::nested::Node;
use crate::port::Protocol;
use crate::text::Text;
use alloc::vec::Vec;
use core::net::IpAddr;

/// What a text of an object gave, or where it broke.
pub(super) type Read<T> = Result<T, ParseError>;

/// A string; `null` is empty, as an absent one.
pub(super) fn text<'a>(node: Node<'a>) -> Read<Text<'a>> {
    if node.is_null() { Ok(Text::default()) } else { node.text() }
}

/// A string that is not empty.
pub(super) fn some_text<'a>(node: Node<'a>) -> Read<Option<Text<'a>>> {
    Ok(Some(text(node)?).filter(|text| !text.is_empty()))
}

pub(super) fn truth(node: &Node<'_>) -> Read<bool> {
    if node.is_null() { Ok(false) } else { node.truth() }
}

/// A port; 0 stands for none.
pub(super) fn port(node: &Node<'_>) -> Read<Option<u16>> {
    if node.is_null() {
        return Ok(None);
    }
    let digits = core::str::from_utf8(node.number()?).unwrap_or_default();
    let wrong = |_| ParseError::new(ErrorKind::Port, node.at(), "a port up to 65535");
    digits.parse::<u16>().map(|port| Some(port).filter(|&port| port != 0)).map_err(wrong)
}

/// A port that has to be there.
pub(super) fn needed_port(node: &Node<'_>) -> Read<u16> {
    let none = || ParseError::new(ErrorKind::Port, node.at(), "a port from 1 to 65535");
    port(node)?.ok_or_else(none)
}

/// An address; `None` for an empty text and for `None`, which a headless service has.
pub(super) fn address(node: Node<'_>) -> Read<Option<IpAddr>> {
    let at = node.at();
    let text = text(node)?;
    match text.to_str() {
        Some("" | "None") => Ok(None),
        Some(text) => text
            .parse()
            .map(Some)
            .map_err(|_| ParseError::new(ErrorKind::Address, at, "an IP address")),
        None => Err(ParseError::new(ErrorKind::Address, at, "an IP address")),
    }
}

/// An array of addresses.
pub(super) fn addresses(node: Node<'_>) -> Read<Vec<IpAddr>> {
    let mut list = Vec::new();
    for item in node.items()? {
        list.extend(address(item?)?);
    }
    Ok(list)
}

/// An array of objects that each hold an address under a key: `[{"ip":"192.0.2.1"}]`.
pub(super) fn addresses_under(key: &str, node: Node<'_>) -> Read<Vec<IpAddr>> {
    let mut list = Vec::new();
    for item in node.items()? {
        for member in item?.members()? {
            let (name, value) = member?;
            if name == key {
                list.extend(address(value)?);
            }
        }
    }
    Ok(list)
}

pub(super) fn protocol(node: Node<'_>) -> Read<Protocol> {
    let at = node.at();
    let text = text(node)?;
    if text.is_empty() {
        return Ok(Protocol::Tcp);
    }
    Protocol::from_bytes(text.as_bytes()).map_err(|error| error.shifted(at))
}

/// Refuses an object without a name.
pub(super) fn named<'a>(name: Text<'a>, at: usize) -> Read<Text<'a>> {
    if name.is_empty() {
        return Err(ParseError::new(ErrorKind::Json, at, "an object with a name"));
    }
    Ok(name)
}

/// The name, the namespace and the uid of an object.
#[derive(Debug, Default)]
pub(super) struct Metadata<'a> {
    pub(super) name: Text<'a>,
    pub(super) namespace: Text<'a>,
    pub(super) uid: Text<'a>,
}

impl<'a> Metadata<'a> {
    pub(super) fn read(node: Node<'a>) -> Read<Self> {
        let at = node.at();
        let mut metadata = Self::default();
        for member in node.members()? {
            let (key, value) = member?;
            match key.to_str() {
                Some("name") => metadata.name = text(value)?,
                Some("namespace") => metadata.namespace = text(value)?,
                Some("uid") => metadata.uid = text(value)?,
                _ => {}
            }
        }
        metadata.name = named(metadata.name, at)?;
        Ok(metadata)
    }
}
