//! The fixed texts of CRI-O's messages (1.22 to 1.36), and the lines of the iptables-restore input
//! inside one of them.

use super::error::{Parsed, broken, expect};
use super::iptables;
use crate::error::ErrorKind;
use crate::family::Family;
use crate::port::{HostPort, Protocol};
use nom::Parser;
use nom::branch::alt;
use nom::bytes::complete::{tag, take_till1, take_while, take_while_m_n, take_while1};
use nom::character::complete::{char, digit1};
use nom::combinator::{opt, recognize, rest, value};
use nom::sequence::{delimited, preceded, separated_pair, terminated};

/// `tcp:443`: a protocol in lower case and a port from 1 to 65535 in plain digits.
pub(crate) fn host_port(input: &[u8]) -> Parsed<'_, HostPort> {
    let name = alt((
        value(Protocol::Tcp, tag(&b"tcp"[..])),
        value(Protocol::Udp, tag(&b"udp"[..])),
        value(Protocol::Sctp, tag(&b"sctp"[..])),
    ));
    let (digits, protocol) = terminated(
        expect(ErrorKind::Protocol, "tcp, udp or sctp", name),
        expect(ErrorKind::Protocol, "a colon behind tcp, udp or sctp", char(':')),
    )
    .parse(input)?;
    let (behind, port) = iptables::port(digits)?;
    if port == 0 {
        return broken(digits, ErrorKind::Port, "a port from 1 on");
    }
    Ok((behind, HostPort::single(protocol, port)))
}

/// `Host port tcp:443 does not have an open socket`, behind `Host port `.
pub(crate) fn no_open_socket(input: &[u8]) -> Parsed<'_, HostPort> {
    let words = expect(
        ErrorKind::Message,
        "does not have an open socket",
        tag(&b" does not have an open socket"[..]),
    );
    terminated(host_port, words).parse(input)
}

/// `[53 5353]`: a list of ports as Go prints one.
fn port_list(input: &[u8]) -> Parsed<'_, &[u8]> {
    let inside = take_while(|b: u8| b.is_ascii_digit() || b == b' ');
    let list = delimited(char('['), inside, char(']'));
    expect(ErrorKind::Message, "a list of ports in brackets", list).parse(input)
}

/// The ports of a [`port_list`].
pub(crate) fn ports(list: &[u8]) -> impl Iterator<Item = u16> + '_ {
    list.split(|&b| b == b' ')
        .filter_map(|digits| iptables::port(digits).ok().map(|(_, port)| port))
}

/// `Starting to delete udp conntrack entries: [53], isIPv6 - false` (1.22 to 1.32), behind its
/// first words.
pub(crate) fn conntrack_start(input: &[u8]) -> Parsed<'_, (&[u8], Family)> {
    let family =
        alt((value(Family::Ipv6, tag(&b"true"[..])), value(Family::Ipv4, tag(&b"false"[..]))));
    let family = expect(ErrorKind::Message, "true or false", family);
    separated_pair(
        port_list,
        expect(ErrorKind::Message, ", isIPv6 - ", tag(&b", isIPv6 - "[..])),
        family,
    )
    .parse(input)
}

/// `Deleting UDP conntrack entries for IPv4: [53]` (from 1.33 on), behind its first words.
pub(crate) fn conntrack_delete(input: &[u8]) -> Parsed<'_, (&[u8], Family)> {
    let family =
        alt((value(Family::Ipv4, tag(&b"IPv4: "[..])), value(Family::Ipv6, tag(&b"IPv6: "[..]))));
    let (rest, family) = expect(ErrorKind::Message, "IPv4 or IPv6", family).parse(input)?;
    port_list.map(|list| (list, family)).parse(rest)
}

/// `1.29.9-2.rhaos4.16.el9, git: ...`: the version's text and its first two numbers.
pub(crate) fn version(input: &[u8]) -> Parsed<'_, (&[u8], u16, u16)> {
    let number = || digit1.map_opt(|d: &[u8]| core::str::from_utf8(d).ok()?.parse::<u16>().ok());
    let (_, text) = take_till1(|b: u8| b == b',' || b == b' ').parse(input)?;
    let (_, (major, minor)) =
        preceded(opt(char('v')), separated_pair(number(), char('.'), number())).parse(text)?;
    let (behind, _) = rest.parse(input)?;
    Ok((behind, (text, major, minor)))
}

/// `k8s_POD_NS_UID_ATTEMPT(HEX): what failed`.
pub(crate) fn failed_sandbox(input: &[u8]) -> Parsed<'_, (&[u8], &[u8], &[u8])> {
    let name = take_while1(|b: u8| b != b'(' && b != b' ');
    let hex = delimited(char('('), take_while1(|b: u8| b.is_ascii_hexdigit()), char(')'));
    (name, hex, preceded(tag(&b": "[..]), rest)).parse(input)
}

/// `443 for pod NAME: why`.
pub(crate) fn port_for_pod(input: &[u8]) -> Parsed<'_, (u16, &[u8], &[u8])> {
    let name = take_while1(|b: u8| b != b' ' && b != b':');
    (terminated(iptables::port, tag(&b" for pod "[..])), terminated(name, tag(&b": "[..])), rest)
        .parse(input)
}

/// A line of an iptables-restore input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RestoreLine<'a> {
    /// `*nat`.
    Table(&'a [u8]),
    /// `:KUBE-HOSTPORTS - [0:0]`.
    Chain(&'a [u8]),
    /// `-A CHAIN RULE`.
    Append { chain: &'a [u8], rule: &'a [u8] },
    /// `-I CHAIN RULE`.
    Insert { chain: &'a [u8], rule: &'a [u8] },
    /// `-X CHAIN`.
    DeleteChain(&'a [u8]),
    /// `COMMIT`.
    Commit,
}

fn word(input: &[u8]) -> Parsed<'_, &[u8]> {
    expect(ErrorKind::RuleArgument, "a name", take_till1(|b: u8| b <= b' ')).parse(input)
}

/// One line of an iptables-restore input, without its line end.
pub(crate) fn restore_line(input: &[u8]) -> Parsed<'_, RestoreLine<'_>> {
    let counters = (char('['), digit1, char(':'), digit1, char(']'));
    let policy = expect(
        ErrorKind::RuleArgument,
        "a policy and counters",
        recognize((
            char(' '),
            take_while_m_n(1, 8, |b: u8| b == b'-' || b.is_ascii_alphabetic()),
            char(' '),
            counters,
        )),
    );
    let in_chain = |input| (terminated(word, opt(char(' '))), rest).parse(input);
    let command = alt((
        preceded(char(':'), terminated(word, policy)).map(RestoreLine::Chain),
        preceded(tag(&b"-A "[..]), in_chain)
            .map(|(chain, rule)| RestoreLine::Append { chain, rule }),
        preceded(tag(&b"-I "[..]), in_chain)
            .map(|(chain, rule)| RestoreLine::Insert { chain, rule }),
        preceded(tag(&b"-X "[..]), word).map(RestoreLine::DeleteChain),
        preceded(char('*'), word).map(RestoreLine::Table),
        value(RestoreLine::Commit, tag(&b"COMMIT"[..])),
    ));
    expect(ErrorKind::RuleArgument, "a line of iptables-restore input", command).parse(input)
}

/// The coloured form that logrus prints on a terminal: `ESC[36mINFO ESC[0m[TIME]` and a blank; its
/// four letters and its time.
pub(crate) fn terminal_head(input: &[u8]) -> Parsed<'_, (&[u8], &[u8])> {
    let colour = |input| (tag(&b"\x1b["[..]), digit1, char('m')).parse(input);
    let level = take_while_m_n(4, 4, |b: u8| b.is_ascii_uppercase());
    let time = take_till1(|b: u8| b == b']');
    (delimited(colour, level, tag(&b"\x1b[0m["[..])), terminated(time, tag(&b"] "[..])))
        .parse(input)
}

/// A field of the coloured form: ` ESC[36mid ESC[0m=`; its key.
pub(crate) fn terminal_key(input: &[u8]) -> Parsed<'_, &[u8]> {
    let colour = (tag(&b"\x1b["[..]), digit1, char('m'));
    delimited(colour, take_till1(|b: u8| b <= b' ' || b == b'\x1b'), tag(&b"\x1b[0m="[..]))
        .parse(input)
}
