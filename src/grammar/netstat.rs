//! The lines of `netstat` (net-tools 1.60 to 2.10): title, header, and the rows of TCP and UDP.
//!
//! Without `-W` an address of version 6 is cut so that address, colon and port are 23 characters;
//! nothing marks the cut.

use super::error::{GrammarError, Parsed, expect};
use super::ss::{blanks, number};
use crate::error::ErrorKind;
use nom::Parser;
use nom::branch::alt;
use nom::bytes::complete::{tag, take_till1, take_while1};
use nom::character::complete::{char, digit1};
use nom::combinator::{map_opt, opt, rest, value, verify};
use nom::sequence::{delimited, preceded, terminated};

/// Which columns the header names behind the state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Columns {
    pub(crate) user: bool,
    pub(crate) program: bool,
    pub(crate) timer: bool,
}

/// A row of TCP or UDP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Row<'a> {
    pub(crate) protocol: &'a [u8],
    pub(crate) local: &'a [u8],
    pub(crate) peer: &'a [u8],
    /// Empty for UDP sockets without a peer.
    pub(crate) state: &'a [u8],
    pub(crate) uid: Option<u32>,
    pub(crate) inode: Option<u64>,
    /// `901/sshd`, up to 19 characters.
    pub(crate) program: Option<(u32, &'a [u8])>,
}

fn blanks1(input: &[u8]) -> Parsed<'_, &[u8]> {
    take_while1(|b| b == b' ')(input)
}

fn word(input: &[u8]) -> Parsed<'_, &[u8]> {
    take_till1(|b| b == b' ')(input)
}

/// What `netstat` writes to its standard error, which a file may hold too.
pub(crate) fn note(input: &[u8]) -> Parsed<'_, ()> {
    let notes = alt((
        tag("(Not all processes could be identified"),
        tag(" will not be shown"),
        tag("(No info could be read for \"-p\""),
        tag("warning, got bogus "),
    ));
    value((), (notes, rest)).parse(input)
}

/// `Active Internet connections (only servers)`; a listing without servers says nothing of them.
pub(crate) fn title(input: &[u8]) -> Parsed<'_, ()> {
    let kinds = alt((tag("(only servers)"), tag("(servers and established)")));
    let title = (tag("Active Internet connections "), kinds, blanks);
    expect(ErrorKind::Listing, "the servers among the connections", value((), title)).parse(input)
}

/// The title of the next part: `Active UNIX domain sockets (only servers)`.
pub(crate) fn next_part(input: &[u8]) -> Parsed<'_, ()> {
    value((), (tag("Active "), rest)).parse(input)
}

pub(crate) fn header(input: &[u8]) -> Parsed<'_, Columns> {
    let fixed = (
        (tag("Proto Recv-Q Send-Q Local Address"), blanks1),
        (tag("Foreign Address"), blanks1, tag("State"), blanks),
    );
    let more = (
        opt((tag("User"), blanks1, tag("Inode"), blanks)),
        opt((tag("PID/Program name"), blanks)),
        opt((tag("Timer"), blanks)),
    );
    expect(ErrorKind::Listing, "the header of netstat", preceded(fixed, more))
        .map(|(user, program, timer)| Columns {
            user: user.is_some(),
            program: program.is_some(),
            timer: timer.is_some(),
        })
        .parse(input)
}

/// A row of a protocol that is not read here: `raw6`, `udplite`, `sctp`.
pub(crate) fn other(input: &[u8]) -> Parsed<'_, ()> {
    let names = [&b"raw"[..], b"raw6", b"udplite", b"udplite6", b"udpl", b"udpl6", b"sctp"];
    value((), (verify(word, |name: &[u8]| names.contains(&name)), rest)).parse(input)
}

pub(crate) fn row(columns: Columns, input: &[u8]) -> Parsed<'_, Row<'_>> {
    let protocols = [&b"tcp"[..], b"tcp6", b"udp", b"udp6"];
    let protocol = verify(word, |name: &[u8]| protocols.contains(&name));
    let protocol = expect(ErrorKind::Protocol, "tcp, tcp6, udp or udp6", protocol);
    let queue = |input| {
        preceded(blanks1, expect(ErrorKind::Listing, "the length of a queue", digit1)).parse(input)
    };
    let address = |input| {
        preceded(blanks1, expect(ErrorKind::Address, "an address and a port", word)).parse(input)
    };
    let (rest, (protocol, _, _, local, peer)) =
        (protocol, queue, queue, address, address).parse(input)?;
    let upper = take_while1(|b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_');
    let state = verify(upper, |word: &[u8]| word.first().is_some_and(u8::is_ascii_uppercase));
    let (mut rest, state) = opt(preceded(blanks1, state)).parse(rest)?;
    let mut row = Row {
        protocol,
        local,
        peer,
        state: state.unwrap_or_default(),
        uid: None,
        inode: None,
        program: None,
    };
    if columns.user {
        let small = |digits: &[u8]| number(digits).and_then(|n| u32::try_from(n).ok());
        let uid =
            expect(ErrorKind::Listing, "the number of a user (netstat -n)", map_opt(digit1, small));
        let inode = expect(ErrorKind::Listing, "an inode", map_opt(digit1, number));
        let (after, (uid, inode)) =
            (preceded(blanks1, uid), preceded(blanks1, inode)).parse(rest)?;
        (row.uid, row.inode, rest) = (Some(uid), Some(inode), after);
    }
    if columns.program {
        let (after, (program, _)) = (preceded(blanks1, program), blanks).parse(rest)?;
        (row.program, rest) = (program, after);
    } else if columns.timer {
        (rest, _) = timer(rest)?;
    }
    let (rest, _) = blanks(rest)?;
    Ok((rest, row))
}

/// ` off (0.00/0/0)`
fn timer(input: &[u8]) -> Parsed<'_, ()> {
    let number = |b: u8| b.is_ascii_digit() || b == b'.' || b == b'-';
    let parts =
        (take_while1(number), char('/'), take_while1(number), char('/'), take_while1(number));
    let name = take_while1(|b: u8| b.is_ascii_alphanumeric() || b == b'-');
    let timer = (blanks1, name, char(' '), delimited(char('('), parts, char(')')));
    expect(ErrorKind::Listing, "a timer", value((), timer)).parse(input)
}

/// `-`, or `901/sshd` and what is behind it. A name may hold blanks, so it goes up to the timer or
/// the end of the line.
fn program(input: &[u8]) -> Parsed<'_, Option<(u32, &[u8])>> {
    if let Ok((rest, _)) = char::<_, GrammarError<'_>>('-').parse(input)
        && !rest.starts_with(b"/")
    {
        let (rest, _) = opt(timer).parse(rest)?;
        return Ok((rest, None));
    }
    let pid = map_opt(digit1, |digits| number(digits).and_then(|n| u32::try_from(n).ok()));
    let (name, pid) =
        expect(ErrorKind::Listing, "PID/NAME", terminated(pid, char('/'))).parse(input)?;
    let (_, whole) = rest(name)?;
    let trimmed = whole.trim_ascii_end();
    // A timer begins at the first blank of several, so each run of blanks is looked at once.
    let starts = (1..trimmed.len()).rev().filter(|&at| {
        let before = trimmed.get(at.saturating_sub(1)).copied();
        trimmed.get(at).copied() == Some(b' ') && before != Some(b' ')
    });
    let at = starts
        .into_iter()
        .find(|&at| trimmed.get(at..).is_some_and(|text| matches!(timer(text), Ok(([], ())))));
    let own = at.and_then(|at| trimmed.get(..at)).unwrap_or(trimmed);
    Ok((&[], Some((pid, own.trim_ascii_end()))))
}

/// Where the port begins: behind the last colon.
pub(crate) fn split(field: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = field.iter().rposition(|&b| b == b':')?;
    Some((field.get(..at)?, field.get(at.checked_add(1)?..)?))
}
