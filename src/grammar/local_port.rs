//! How kube-proxy, OVN-Kubernetes' port-claim watcher and the kubelet of dockershim times name a
//! host port they hold a socket for.

use super::error::{Parsed, all};
use super::{iptables, json, logfmt};
use crate::family::Family;
use crate::port::{HostPort, Protocol};
use alloc::borrow::Cow;
use core::net::IpAddr;
use memchr::memmem;
use nom::Parser;
use nom::branch::alt;
use nom::bytes::complete::{tag, take_until, take_while1};
use nom::combinator::{opt, rest, value};
use nom::sequence::{delimited, preceded, terminated};

/// A port as one of them names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RawLocalPort<'a> {
    pub(crate) description: Cow<'a, [u8]>,
    /// `None` for every local address.
    pub(crate) address: Option<IpAddr>,
    /// `None` where the version does not tell.
    pub(crate) family: Option<Family>,
    pub(crate) port: HostPort,
}

fn protocol(input: &[u8]) -> Parsed<'_, Protocol> {
    alt((
        value(Protocol::Tcp, tag("tcp")),
        value(Protocol::Udp, tag("udp")),
        value(Protocol::Sctp, tag("sctp")),
    ))
    .parse(input)
}

fn family(input: &[u8]) -> Parsed<'_, Family> {
    alt((value(Family::Ipv4, tag("4")), value(Family::Ipv6, tag("6")))).parse(input)
}

fn address(text: &[u8]) -> Option<IpAddr> {
    core::str::from_utf8(text).ok()?.parse().ok()
}

/// `10.0.0.1`, `[fd00::1]` or nothing.
fn host(input: &[u8]) -> Parsed<'_, Option<IpAddr>> {
    let bare = || take_while1(|b: u8| b.is_ascii_hexdigit() || matches!(b, b'.' | b':'));
    let dotted = || take_while1(|b: u8| b.is_ascii_digit() || b == b'.');
    opt(alt((delimited(tag("["), bare(), tag("]")), dotted())).map_opt(address)).parse(input)
}

/// `"nodePort for default/web:http" (:30080/tcp4)`: LocalPort's text in kube-proxy 1.0 to 1.25 and
/// in the port-claim watcher.
pub(crate) fn local_port(input: &[u8]) -> Parsed<'_, RawLocalPort<'_>> {
    let parts = (
        logfmt::quoted,
        tag(" ("),
        host,
        tag(":"),
        iptables::port,
        tag("/"),
        protocol,
        opt(family),
        tag(")"),
    );
    let mut port =
        parts.map_opt(|((description, _), _, address, _, port, _, protocol, family, _)| {
            (port != 0).then(|| RawLocalPort {
                description: logfmt::unescape(description),
                address,
                family: family.or(address.map(Family::of)),
                port: HostPort::single(protocol, port),
            })
        });
    port.parse(input)
}

/// LocalPort as Go's `%+v` prints the struct: `{Description:nodePort for a/b IP: IPFamily:4
/// Port:30082 Protocol:TCP}`.
fn printed_struct(input: &[u8]) -> Parsed<'_, RawLocalPort<'_>> {
    let description = preceded(tag("{Description:"), take_until(" IP:"));
    let ip = preceded(
        tag(" IP:"),
        opt(take_while1(|b: u8| b.is_ascii_hexdigit() || matches!(b, b'.' | b':'))),
    );
    let family = preceded(tag(" IPFamily:"), opt(family));
    let port = preceded(tag(" Port:"), iptables::port);
    let protocol = preceded(tag(" Protocol:"), take_while1(|b: u8| b.is_ascii_uppercase()));
    let parts = terminated((description, ip, family, port, protocol), tag("}"));
    let mut port =
        parts.map_opt(|(description, ip, family, port, protocol): (&[u8], _, _, _, _)| {
            let address = match ip {
                None => None,
                Some(text) => Some(address(text)?),
            };
            let port = (port != 0)
                .then_some(HostPort::single(Protocol::from_bytes(protocol).ok()?, port))?;
            Some(RawLocalPort {
                description: Cow::Borrowed(description),
                address,
                family: family.or(address.map(Family::of)),
                port,
            })
        });
    port.parse(input)
}

/// The same struct as JSON: `{"Description":"nodePort for
/// a/b","IP":"","IPFamily":"4","Port":30082,"Protocol":"TCP"}`.
fn json_struct(input: &[u8]) -> Option<RawLocalPort<'_>> {
    let (mut description, mut ip, mut family_name, mut port, mut protocol) =
        (None, None, None, None, None);
    for field in json::Fields::new(input) {
        let field = field.ok()?;
        match (field.key.as_bytes(), field.value) {
            (b"Description", json::Value::String(text)) => description = Some(text.into_cow()),
            (b"IP", json::Value::String(text)) if !text.is_empty() => {
                ip = Some(address(text.as_bytes())?)
            }
            (b"IPFamily", json::Value::String(text)) => {
                family_name = all(text.as_bytes(), family).ok()
            }
            (b"Port", json::Value::Number(digits)) => {
                port = all(digits, iptables::port).ok().filter(|&port| port != 0)
            }
            (b"Protocol", json::Value::String(text)) => {
                protocol = Protocol::from_bytes(text.as_bytes()).ok()
            }
            _ => {}
        }
    }
    let port = HostPort::single(protocol?, port?);
    Some(RawLocalPort {
        description: description?,
        address: ip,
        family: family_name.or(ip.map(Family::of)),
        port,
    })
}

/// A LocalPort as the value of a structured message, in any of its three forms.
pub(crate) fn local_port_value(text: &[u8]) -> Option<RawLocalPort<'_>> {
    match text.first()? {
        b'"' => all(text, local_port).ok(),
        b'{' if text.starts_with(b"{\"") => json_struct(text),
        b'{' => all(text, printed_struct).ok(),
        _ => None,
    }
}

/// `tcp:443`: the kubelet's hostport of dockershim times.
pub(crate) fn kubelet_port(text: &[u8]) -> Option<HostPort> {
    let parts = (terminated(protocol, tag(":")), iptables::port);
    let (protocol, port) = all(text, parts).ok()?;
    (port != 0).then_some(HostPort::single(protocol, port))
}

/// What a message does with a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verb {
    Opened,
    /// About to be opened.
    Opening,
    StillOpen,
    Closing,
    /// Could not be opened.
    Refused,
}

/// Which program's words they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Speaker {
    KubeProxy,
    PortClaim,
    Kubelet,
}

/// First words of the unstructured messages that are about a port and nothing else.
pub(crate) const PORT_WORDS: [&str; 5] = [
    "Opened local port ",
    "Closing local port ",
    "Closing host port ",
    "Opening socket for LocalPort ",
    "Closing socket for LocalPort ",
];

/// Reads an unstructured message that names a port.
pub(crate) fn message(text: &[u8]) -> Option<(Speaker, Verb, RawLocalPort<'_>)> {
    let local = |words: &str, speaker, verb| {
        let behind = text.strip_prefix(words.as_bytes())?;
        let port = all(behind, terminated(local_port, opt(tag(" ")))).ok()?;
        Some((speaker, verb, port))
    };
    let kubelet = |words: &str, verb| {
        let behind = text.strip_prefix(words.as_bytes())?;
        let port = kubelet_port(behind)?;
        Some((
            Speaker::Kubelet,
            verb,
            RawLocalPort { description: Cow::Borrowed(behind), address: None, family: None, port },
        ))
    };
    match text.first()? {
        b'O' => local("Opened local port ", Speaker::KubeProxy, Verb::Opened)
            .or_else(|| local("Opening socket for LocalPort ", Speaker::PortClaim, Verb::Opening))
            .or_else(|| kubelet("Opened local port ", Verb::Opened)),
        b'C' => local("Closing local port ", Speaker::KubeProxy, Verb::Closing)
            .or_else(|| local("Closing socket for LocalPort ", Speaker::PortClaim, Verb::Closing))
            .or_else(|| kubelet("Closing host port ", Verb::Closing)),
        b'P' => {
            let behind = text.strip_prefix(b"Port ")?;
            let port =
                all(behind, terminated(local_port, tag(" was open before and is still needed")))
                    .ok()?;
            Some((Speaker::KubeProxy, Verb::StillOpen, port))
        }
        b'c' => {
            let behind = text.strip_prefix(b"can't open ")?;
            let skipping = memmem::find(behind, b", skipping this nodePort: ").is_some();
            let port = all(behind, terminated(local_port, preceded(tag(", skipping this "), rest)))
                .ok()?;
            skipping.then_some((Speaker::KubeProxy, Verb::Refused, port))
        }
        _ => None,
    }
}
