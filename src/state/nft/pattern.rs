//! Which maps and rules lead ports on: the names that CRI-O (1.33.0 to main of August 2026) and
//! OVN-Kubernetes (master of August 2026) give them, and the forms of their elements and rules.
//!
//! Family, table and map count together: a map `hostports` in a table `ip admin` or `inet
//! crio-hostports` is somebody else's.

use super::exposed::Owner;
use super::ruleset::Head;
use crate::family::Family;
use crate::port::Protocol;
use crate::record::checkpoint::nft::{Element, Rule, TableFamily, Token};
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// A map whose elements lead ports on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Map {
    pub(super) owner: Owner,
    pub(super) table: (TableFamily, &'static str),
    pub(super) name: &'static str,
    pub(super) family: Family,
    pub(super) shape: Shape,
}

/// What the key of an element is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// `tcp . 8080`: all addresses of the host.
    Port,
    /// `192.168.122.10 . tcp . 443`: one address.
    AddressPort,
}

const fn crio(family: Family, table: TableFamily, name: &'static str, shape: Shape) -> Map {
    Map { owner: Owner::Crio, table: (table, "crio-hostports"), name, family, shape }
}

const OVN: (TableFamily, &str) = (TableFamily::Inet, "ovn-kubernetes");

const fn ovn(family: Family, name: &'static str, shape: Shape) -> Map {
    Map { owner: Owner::Ovn, table: OVN, name, family, shape }
}

/// All maps that lead ports on.
pub(super) const MAPS: [Map; 12] = {
    use Family::{Ipv4, Ipv6};
    use Shape::{AddressPort, Port};
    use TableFamily::{Ip, Ip6};
    [
        crio(Ipv4, Ip, "hostports", Port),
        crio(Ipv4, Ip, "hostipports", AddressPort),
        crio(Ipv6, Ip6, "hostports", Port),
        crio(Ipv6, Ip6, "hostipports", AddressPort),
        ovn(Ipv4, "nodeports-v4", Port),
        ovn(Ipv6, "nodeports-v6", Port),
        ovn(Ipv4, "nodeports-etp-local-v4", Port),
        ovn(Ipv6, "nodeports-etp-local-v6", Port),
        ovn(Ipv4, "external-ips-v4", AddressPort),
        ovn(Ipv6, "external-ips-v6", AddressPort),
        ovn(Ipv4, "external-ips-etp-local-v4", AddressPort),
        ovn(Ipv6, "external-ips-etp-local-v6", AddressPort),
    ]
};

/// The chain of OVN-Kubernetes whose rules lead ports on by themselves: load balancers with
/// `externalTrafficPolicy: Local` that have no node ports.
pub(super) const CHAIN: ((TableFamily, &str), &str) = (OVN, "services-etp-no-nodeport");

/// An address, a protocol and a port, and where they lead.
pub(super) struct Led {
    pub(super) address: Option<IpAddr>,
    pub(super) protocol: Protocol,
    pub(super) port: u16,
    pub(super) target: Option<SocketAddr>,
}

impl Map {
    /// True if the map says about itself what its owner writes.
    pub(super) fn fits(&self, head: &Head) -> bool {
        let (plain, with_address, data): (&str, &str, &str) = match self.family {
            Family::Ipv4 => (
                "inet_proto . inet_service",
                "ipv4_addr . inet_proto . inet_service",
                "ipv4_addr . inet_service",
            ),
            Family::Ipv6 => (
                "inet_proto . inet_service",
                "ipv6_addr . inet_proto . inet_service",
                "ipv6_addr . inet_service",
            ),
        };
        let key = if self.shape == Shape::Port { plain } else { with_address };
        head.map
            && head.key == key
            && head.data.as_ref().is_some_and(|is| *is == data)
            && head.flags.is_empty()
    }

    /// Reads an element of the map.
    pub(super) fn element(&self, element: &Element<'_>) -> Option<Led> {
        let mut key = element.key_parts();
        let address = match self.shape {
            Shape::Port => None,
            Shape::AddressPort => Some(address(key.next()?, self.family)?),
        };
        let (protocol, port) = (protocol(key.next()?)?, number(key.next()?)?);
        let mut data = element.data_parts();
        let target =
            SocketAddr::new(self::address(data.next()?, self.family)?, number(data.next()?)?);
        let nothing_more = key.next().is_none() && data.next().is_none();
        (nothing_more && element.timeout.is_none()).then_some(Led {
            address,
            protocol,
            port,
            target: Some(target),
        })
    }
}

/// Reads a rule of OVN's chain:
/// `ip daddr 198.51.100.9 tcp dport 9000 dnat ip to numgen random mod 2
/// map { 0 : 10.42.0.20 . 9001, 1 : 10.42.0.21 . 9001 } comment "demo/nonp:x"`
pub(super) fn rule(rule: &Rule<'_>) -> Option<(Family, Led)> {
    let mut tokens = rule.tokens();
    let mut word = || match tokens.next()? {
        Token::Word(word) => Some(word),
        Token::Quoted(_) | Token::Mark(_) => None,
    };
    let family_word = word()?;
    let family = match family_word {
        b"ip" => Family::Ipv4,
        b"ip6" => Family::Ipv6,
        _ => return None,
    };
    if word()? != b"daddr" {
        return None;
    }
    let address = address(word()?, family)?;
    let protocol = protocol(word()?)?;
    if word()? != b"dport" {
        return None;
    }
    let port = number(word()?)?;
    let leads = [b"dnat", family_word, b"to", b"numgen", b"random", b"mod"];
    for expected in leads {
        if word()? != expected {
            return None;
        }
    }
    let (_, map) = (number(word()?)?, word()?);
    if map != b"map" || tokens.next() != Some(Token::Mark(b'{')) {
        return None;
    }
    // One of the endpoints takes the packet, whichever.
    let behind = tokens.skip_while(|token| *token != Token::Mark(b'}')).skip(1);
    let comment = |token: &Token<'_>| matches!(token, Token::Word(b"comment") | Token::Quoted(_));
    let nothing_more = rule.whole && behind.take(3).all(|token| comment(&token));
    nothing_more.then_some((family, Led { address: Some(address), protocol, port, target: None }))
}

fn address(text: &[u8], family: Family) -> Option<IpAddr> {
    let text = core::str::from_utf8(text).ok()?;
    match family {
        Family::Ipv4 => text.parse::<Ipv4Addr>().ok().map(IpAddr::V4),
        Family::Ipv6 => text.parse::<Ipv6Addr>().ok().map(IpAddr::V6),
    }
}

/// `-nn` prints the number of the protocol.
fn protocol(text: &[u8]) -> Option<Protocol> {
    match text {
        b"tcp" | b"6" => Some(Protocol::Tcp),
        b"udp" | b"17" => Some(Protocol::Udp),
        b"sctp" | b"132" => Some(Protocol::Sctp),
        _ => None,
    }
}

/// Digits and nothing else; `-S` prints a name in quotes.
fn number(text: &[u8]) -> Option<u16> {
    let digits = text.iter().all(u8::is_ascii_digit);
    core::str::from_utf8(text).ok().filter(|_| digits)?.parse().ok()
}
