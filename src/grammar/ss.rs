//! The lines of `ss` (iproute2 5.0 to 6.x): its header, and the rows of TCP and UDP sockets.
//!
//! A row is made of words between blanks; the width of the columns depends on the longest word, so
//! it says nothing. `ss` cuts no word, in a narrow window either. Only the name of a process can
//! hold blanks and quotes. It holds no `)`: `ss` takes the name up to the first one.

use super::error::{Parsed, broken, expect};
use crate::error::ErrorKind;
use alloc::vec::Vec;
use nom::branch::alt;
use nom::bytes::complete::{tag, take_till1, take_until, take_while, take_while1};
use nom::character::complete::{char, digit1, hex_digit1};
use nom::combinator::{all_consuming, cut, map_opt, opt, recognize, rest, value, verify};
use nom::multi::separated_list1;
use nom::sequence::{delimited, preceded, terminated};
use nom::{Offset, Parser};

/// The kinds of sockets in the order in which `ss` lists them.
const KINDS: [(&str, Kind); 22] = [
    ("nl", Kind::Other(0)),
    ("p_raw", Kind::Other(1)),
    ("p_dgr", Kind::Other(1)),
    ("u_str", Kind::Unix),
    ("u_dgr", Kind::Unix),
    ("u_seq", Kind::Unix),
    ("raw", Kind::Other(3)),
    ("icmp6", Kind::Other(3)),
    ("???", Kind::Other(3)),
    ("udp", Kind::Udp),
    ("tcp", Kind::Tcp),
    ("mptcp", Kind::Other(6)),
    ("dccp", Kind::Other(6)),
    ("sctp", Kind::Other(6)),
    ("v_str", Kind::Other(6)),
    ("v_dgr", Kind::Other(6)),
    ("ti_rd", Kind::Other(6)),
    ("ti_dg", Kind::Other(6)),
    ("ti_sq", Kind::Other(6)),
    ("ti_st", Kind::Other(6)),
    ("xdp", Kind::Other(6)),
    ("unknown", Kind::Other(6)),
];

/// The states that `ss` prints.
const STATES: [&str; 14] = [
    "ESTAB",
    "SYN-SENT",
    "SYN-RECV",
    "FIN-WAIT-1",
    "FIN-WAIT-2",
    "TIME-WAIT",
    "UNCONN",
    "CLOSE-WAIT",
    "LAST-ACK",
    "LISTEN",
    "CLOSING",
    "UNKNOWN",
    "UNDEF",
    "CLOSED",
];

/// What kind of socket a row is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Tcp,
    Udp,
    /// A UNIX socket. Its name is printed raw, line ends included.
    Unix,
    /// Any other kind, with its place in the order.
    Other(u8),
}

impl Kind {
    /// The place of the kind among those that `ss` prints one behind the other.
    pub(crate) const fn place(self) -> u8 {
        match self {
            Self::Unix => 2,
            Self::Udp => 4,
            Self::Tcp => 5,
            Self::Other(place) => place,
        }
    }
}

/// The beginning of a row: what kind of socket it is about, if there is such a column, and its
/// state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Head<'a> {
    pub(crate) kind: Option<Kind>,
    pub(crate) state: &'a [u8],
}

/// The addresses of a row, as they stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ends<'a> {
    pub(crate) local: &'a [u8],
    pub(crate) device: Option<&'a [u8]>,
    pub(crate) port: &'a [u8],
    pub(crate) peer_port: &'a [u8],
}

/// A process of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct User<'a> {
    pub(crate) name: &'a [u8],
    pub(crate) pid: u32,
    pub(crate) fd: u32,
}

/// What stands behind the processes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Details<'a> {
    pub(crate) uid: Option<u32>,
    pub(crate) inode: Option<u64>,
    pub(crate) cgroup: Option<&'a [u8]>,
    pub(crate) v6only: Option<bool>,
}

pub(crate) fn blanks(input: &[u8]) -> Parsed<'_, &[u8]> {
    take_while(|b| b == b' ')(input)
}

fn blanks1(input: &[u8]) -> Parsed<'_, &[u8]> {
    take_while1(|b| b == b' ')(input)
}

fn word(input: &[u8]) -> Parsed<'_, &[u8]> {
    take_till1(|b| b == b' ')(input)
}

/// `Netid State Recv-Q Send-Q Local Address:Port Peer Address:PortProcess`, and whether the first
/// column is there.
pub(crate) fn header(input: &[u8]) -> Parsed<'_, bool> {
    let columns = (
        opt((tag("Netid"), blanks1)),
        (tag("State"), blanks1, tag("Recv-Q"), blanks1, tag("Send-Q"), blanks1),
        (tag("Local Address:Port"), blanks1, tag("Peer Address:Port"), blanks),
        (opt(tag("Process")), blanks),
    );
    expect(ErrorKind::Listing, "the header of ss", columns)
        .map(|(netid, _, _, _)| netid.is_some())
        .parse(input)
}

/// What `ss` writes to its standard error, which a file may hold too.
pub(crate) fn note(input: &[u8]) -> Parsed<'_, ()> {
    let notes =
        alt((tag("RTNETLINK answers: "), tag("Failed to open cgroup2 "), tag("Failed to get ")));
    value((), (notes, rest)).parse(input)
}

/// `node: worker-0`, which stands before the lines of each node in the files of
/// `oc commatrix`.
pub(crate) fn node(input: &[u8]) -> Parsed<'_, &[u8]> {
    preceded(tag("node: "), terminated(word, blanks)).parse(input)
}

/// The kind and the state at the beginning of a row.
pub(crate) fn head(input: &[u8]) -> Parsed<'_, Head<'_>> {
    let kind =
        |word: &[u8]| KINDS.iter().find(|(name, _)| name.as_bytes() == word).map(|(_, kind)| *kind);
    let netid = terminated(map_opt(word, kind), blanks1);
    let known = |word: &[u8]| STATES.iter().any(|state| state.as_bytes() == word);
    let state = expect(ErrorKind::Listing, "the state of a socket", verify(word, known));
    let (rest, (kind, state)) = (opt(netid), state).parse(input)?;
    Ok((rest, Head { kind, state }))
}

/// A row of an association below an SCTP socket: "`` `- ESTAB``".
pub(crate) fn association(input: &[u8]) -> Parsed<'_, ()> {
    value((), (blanks, tag("`- "), rest)).parse(input)
}

/// The queues and the addresses of a TCP or UDP row.
pub(crate) fn ends(input: &[u8]) -> Parsed<'_, Ends<'_>> {
    let queue = |input| {
        preceded(blanks1, expect(ErrorKind::Listing, "the length of a queue", digit1)).parse(input)
    };
    let (rest, _) = (queue, queue).parse(input)?;
    let (rest, (local, peer)) =
        (preceded(blanks1, address), preceded(blanks1, address)).parse(rest)?;
    let Endpoint { address: local, device, port } = local;
    Ok((rest, Ends { local, device, port, peer_port: peer.port }))
}

/// One side of a socket.
struct Endpoint<'a> {
    address: &'a [u8],
    device: Option<&'a [u8]>,
    port: &'a [u8],
}

/// `0.0.0.0:22`, `[::1]%lo:53`, `*:6443`: the address, the device and the port.
fn address(input: &[u8]) -> Parsed<'_, Endpoint<'_>> {
    let bracketed = recognize((
        char('['),
        take_while1(|b: u8| b.is_ascii_hexdigit() || b":.".contains(&b)),
        char(']'),
    ));
    let plain = take_while1(|b: u8| b.is_ascii_digit() || b == b'.');
    let address = alt((tag("*"), bracketed, plain));
    let device = preceded(char('%'), take_while1(|b: u8| b > b' ' && b != b':' && b != b'/'));
    (
        expect(ErrorKind::Address, "an address (ss -n)", address),
        opt(device),
        preceded(expect(ErrorKind::Address, "a colon and a port", char(':')), word),
    )
        .map(|(address, device, port)| Endpoint { address, device, port })
        .parse(input)
}

/// A port as a number, or `*`.
pub(crate) fn port(text: &[u8]) -> Parsed<'_, Option<u16>> {
    let number =
        map_opt(digit1, |digits: &[u8]| number(digits).and_then(|n| u16::try_from(n).ok()));
    let port = alt((value(None, char('*')), number.map(Some)));
    expect(ErrorKind::Port, "the number of a port (ss -n)", all_consuming(port)).parse(text)
}

/// Where a part of a line begins in it.
pub(crate) fn place(line: &[u8], part: &[u8]) -> usize {
    line.offset(part)
}

pub(crate) fn number(digits: &[u8]) -> Option<u64> {
    core::str::from_utf8(digits).ok()?.parse().ok()
}

fn small(input: &[u8]) -> Parsed<'_, u32> {
    map_opt(digit1, |digits| number(digits).and_then(|n| u32::try_from(n).ok())).parse(input)
}

/// ` users:(("sshd",pid=901,fd=3),("systemd",pid=1,fd=50))`
pub(crate) fn users(input: &[u8]) -> Parsed<'_, Vec<User<'_>>> {
    let one = delimited(tag("("), take_until(")"), tag(")"));
    let one = expect(ErrorKind::Listing, "(\"NAME\",pid=N,fd=N)", map_opt(one, user));
    let list = delimited(tag("users:("), separated_list1(char(','), one), char(')'));
    preceded(blanks1, list).parse(input)
}

/// `"sshd",pid=901,fd=3`. The name may hold such a text itself, so the last one counts.
fn user(entry: &[u8]) -> Option<User<'_>> {
    let mark = b"\",pid=";
    let at = memchr::memmem::rfind(entry, mark)?;
    let name = entry.get(..at)?.strip_prefix(b"\"")?;
    let numbers = entry.get(at.checked_add(mark.len())?..)?;
    let until_comma = || take_till1::<_, _, super::error::GrammarError<'_>>(|b| b == b',');
    let (_, (pid, _, _, fd, _)) = (
        small,
        opt(preceded(tag(",tid="), digit1)),
        opt((tag(",proc_ctx="), take_until(",fd="))),
        preceded(tag(",fd="), small),
        all_consuming(opt((tag(",sock_ctx="), until_comma(), rest))),
    )
        .parse(numbers)
        .ok()?;
    Some(User { name, pid, fd })
}

/// All that stands behind the processes, up to the end of the line. What stands behind the cgroup
/// is not taken for a fact of the socket, because the name of a cgroup may hold blanks.
pub(crate) fn details(input: &[u8]) -> Parsed<'_, Details<'_>> {
    let mut details = Details::default();
    let (mut rest, mut behind_cgroup) = (input, false);
    loop {
        (rest, _) = take_while(|b| b == b' ' || b == b'\t').parse(rest)?;
        if rest.is_empty() {
            return Ok((rest, details));
        }
        let (after, detail) =
            expect(ErrorKind::Listing, "a word of ss about a socket", detail).parse(rest)?;
        match detail {
            Detail::Uid(uid) if !behind_cgroup => details.uid = details.uid.or(Some(uid)),
            Detail::Inode(inode) if !behind_cgroup => {
                details.inode = details.inode.or(Some(inode));
            }
            Detail::Cgroup(path) if !behind_cgroup => {
                details.cgroup = Some(path);
                behind_cgroup = true;
            }
            Detail::V6Only(only) => details.v6only = Some(only),
            // The path went on behind a blank, so it is not known.
            Detail::Uid(_) | Detail::Inode(_) | Detail::Other(false) if behind_cgroup => {
                details.cgroup = None;
            }
            _ => {}
        }
        rest = after;
    }
}

#[derive(Clone, Copy)]
enum Detail<'a> {
    Uid(u32),
    Inode(u64),
    Cgroup(&'a [u8]),
    V6Only(bool),
    /// Any other, and whether it can stand behind the cgroup.
    Other(bool),
}

fn detail(input: &[u8]) -> Parsed<'_, Detail<'_>> {
    let shut = (alt((char('<'), char('-'))), char('-'), alt((char('>'), char('-'))));
    // Once begun, a group has to end, or a line of many beginnings would be searched for each.
    let group = |name: &'static str| (tag(name), tag("("), cut((take_until(")"), char(')'))));
    let lower = take_while1(|b: u8| b.is_ascii_lowercase());
    let named = (lower, take_till1(|b| b == b' ' || b == b'\t'));
    let rate = (take_while1(|b: u8| b.is_ascii_digit()), tag("bps"));
    let mut one = alt((
        preceded(tag("uid:"), small).map(Detail::Uid),
        preceded(tag("ino:"), map_opt(digit1, number)).map(Detail::Inode),
        preceded(tag("cgroup:"), word).map(Detail::Cgroup),
        preceded(tag("v6only:"), alt((value(false, char('0')), value(true, char('1')))))
            .map(Detail::V6Only),
        value(Detail::Other(true), shut),
        value(Detail::Other(true), alt((group("skmem:"), group("inet-sockopt: ")))),
        value(Detail::Other(false), (tag("sk:"), hex_digit1)),
        value(Detail::Other(true), (alt((tag("tos:"), tag("tclass:"), tag("class_id:"))), word)),
        value(Detail::Other(false), group("timer:")),
        value(Detail::Other(false), named),
        value(Detail::Other(false), take_while1(|b: u8| b.is_ascii_lowercase())),
        value(Detail::Other(false), rate),
    ));
    let (rest, detail) = one.parse(input)?;
    match rest {
        [] | [b' ' | b'\t', ..] => Ok((rest, detail)),
        _ => broken(rest, ErrorKind::Listing, "a blank behind a word of ss"),
    }
}
