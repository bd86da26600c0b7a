//! `/proc/net/tcp`, `tcp6`, `udp` and `udp6` (Linux 3.10 to 6.x).

use super::error::{Parsed, broken, expect};
use super::ss::{blanks, number};
use crate::error::ErrorKind;
use crate::family::Family;
use crate::port::Protocol;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use nom::Parser;
use nom::bytes::complete::{tag, take_while_m_n, take_while1};
use nom::character::complete::{char, digit1, hex_digit1};
use nom::combinator::{map_opt, opt, rest, verify};
use nom::sequence::{preceded, separated_pair, terminated};

/// A row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) address: IpAddr,
    pub(crate) port: u16,
    pub(crate) state: u8,
    pub(crate) uid: u32,
    pub(crate) inode: u64,
}

/// The words of the header; the last three stand in the files of UDP alone.
const COLUMNS: [&str; 9] =
    ["st", "tx_queue", "rx_queue", "tr", "tm->when", "retrnsmt", "uid", "timeout", "inode"];

fn blanks1(input: &[u8]) -> Parsed<'_, &[u8]> {
    take_while1(|b| b == b' ')(input)
}

/// The header, and which of the four files has it.
pub(crate) fn header(input: &[u8]) -> Parsed<'_, (Protocol, Family)> {
    let start = (blanks, tag("sl"), blanks1, tag("local_address"));
    let (mut left, _) =
        expect(ErrorKind::Listing, "the header of /proc/net", start).parse(input)?;
    let family = if let Ok((after, _)) = named("rem_address", left) {
        left = after;
        Family::Ipv4
    } else {
        (left, _) = named("remote_address", left)?;
        Family::Ipv6
    };
    for column in COLUMNS {
        (left, _) = named(column, left)?;
    }
    let udp = |input| {
        let (input, _) = named("ref", input)?;
        let (input, _) = named("pointer", input)?;
        named("drops", input)
    };
    let (left, udp) = opt(udp).parse(left)?;
    let (left, _) = blanks(left)?;
    if !left.is_empty() {
        return broken(left, ErrorKind::Listing, "the end of the header of /proc/net");
    }
    Ok((left, (if udp.is_some() { Protocol::Udp } else { Protocol::Tcp }, family)))
}

fn named<'a>(name: &'static str, input: &'a [u8]) -> Parsed<'a, &'a [u8]> {
    expect(ErrorKind::Listing, "the header of /proc/net", preceded(blanks1, tag(name))).parse(input)
}

/// `   0: 0100007F:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 83926 1 …`
pub(crate) fn row(family: Family, input: &[u8]) -> Parsed<'_, Row> {
    let start = (blanks, digit1, char(':'));
    let (left, _) = expect(ErrorKind::Listing, "the number of the row", start).parse(input)?;
    let end = |input| preceded(blanks1, |input| end(family, input)).parse(input);
    let (left, ((address, port), _)) = (end, end).parse(left)?;
    let state = map_opt(take_while_m_n(2, 2, is_hex), hex);
    let state = expect(ErrorKind::Listing, "a state", preceded(blanks1, state));
    let pair = |input| {
        let pair = separated_pair(hex_digit1, char(':'), hex_digit1);
        expect(ErrorKind::Listing, "two hex numbers", preceded(blanks1, pair)).parse(input)
    };
    let retransmits = expect(ErrorKind::Listing, "a hex number", preceded(blanks1, hex_digit1));
    let decimal = |input| {
        expect(ErrorKind::Listing, "a number", preceded(blanks1, map_opt(digit1, number)))
            .parse(input)
    };
    let timeout = preceded(opt(char('-')), digit1);
    let timeout = expect(ErrorKind::Listing, "a number", preceded(blanks1, timeout));
    let (left, (state, _, _, _, uid, _, inode)) =
        (state.map(u8::try_from), pair, pair, retransmits, decimal, timeout, decimal)
            .parse(left)?;
    let behind = verify(rest, |rest: &[u8]| matches!(rest, [] | [b' ', ..]));
    let (left, _) = expect(ErrorKind::Listing, "a blank behind the inode", behind).parse(left)?;
    let uid = u32::try_from(uid).unwrap_or(u32::MAX);
    Ok((left, Row { address, port, state: state.unwrap_or_default(), uid, inode }))
}

fn is_hex(byte: u8) -> bool {
    byte.is_ascii_hexdigit()
}

fn hex(digits: &[u8]) -> Option<u32> {
    u32::from_str_radix(core::str::from_utf8(digits).ok()?, 16).ok()
}

/// `0100007F:0016`: each word of 32 bits as a machine of the usual byte order (x86, ARM, POWER in
/// its little-endian mode) has it in memory.
fn end(family: Family, input: &[u8]) -> Parsed<'_, (IpAddr, u16)> {
    let word = |input| {
        map_opt(take_while_m_n(8, 8, is_hex), |digits| hex(digits).map(u32::to_le_bytes))
            .parse(input)
    };
    let address = |input| match family {
        Family::Ipv4 => word(input).map(|(rest, bytes)| (rest, IpAddr::V4(Ipv4Addr::from(bytes)))),
        Family::Ipv6 => {
            let (rest, ([a, b, c, d], [e, f, g, h], [i, j, k, l], [m, n, o, p])) =
                (word, word, word, word).parse(input)?;
            let bytes = [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p];
            Ok((rest, IpAddr::V6(Ipv6Addr::from(bytes))))
        }
    };
    let port = map_opt(take_while_m_n(4, 4, is_hex), |digits| {
        hex(digits).and_then(|port| u16::try_from(port).ok())
    });
    let both = (terminated(expect(ErrorKind::Address, "a hex address", address), char(':')), port);
    expect(ErrorKind::Address, "a hex address and port", both).parse(input)
}
