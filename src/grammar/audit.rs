//! The records `NETFILTER_CFG` of the kernel's audit (Linux 5.13 to 6.x): as `auditd` writes them
//! to its file, as the kernel prints them, and as journald hands them on.

use super::error::{Parsed, expect};
use super::ss::number;
use crate::error::ErrorKind;
use nom::Parser;
use nom::branch::alt;
use nom::bytes::complete::{tag, take_till, take_till1, take_until, take_while_m_n, take_while1};
use nom::character::complete::{char, digit1, space0};
use nom::combinator::{map_opt, opt, value};
use nom::sequence::{delimited, preceded, terminated};

/// When a record was written: seconds, milliseconds and number.
pub(crate) type Moment = (u64, u16, u64);

/// A record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Record<'a> {
    pub(crate) moment: Option<Moment>,
    pub(crate) table: &'a [u8],
    pub(crate) generation: Option<u64>,
    pub(crate) family: u8,
    pub(crate) entries: u64,
    pub(crate) operation: &'a [u8],
    pub(crate) pid: Option<u32>,
    pub(crate) command: Option<Command<'a>>,
}

/// The name of a command: in quotes, or as hex digits where it holds a quote, a blank or a control
/// character.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Command<'a> {
    Plain(&'a [u8]),
    Hex(&'a [u8]),
}

/// `audit(1795604719.385:2): `
fn moment(input: &[u8]) -> Parsed<'_, Moment> {
    let milliseconds = map_opt(take_while_m_n(3, 3, |b: u8| b.is_ascii_digit()), |digits| {
        number(digits).and_then(|n| u16::try_from(n).ok())
    });
    let parts = (
        terminated(map_opt(digit1, number), char('.')),
        terminated(milliseconds, char(':')),
        map_opt(digit1, number),
    );
    let moment = delimited(tag("audit("), parts, (tag("):"), space0));
    expect(ErrorKind::Timestamp, "audit(SECONDS.MILLISECONDS:NUMBER):", moment).parse(input)
}

/// What stands before the fields: `type=NETFILTER_CFG msg=audit(…): `, `audit: type=1325
/// audit(…): ` with or without the kernel's clock, or `NETFILTER_CFG `.
pub(crate) fn start(input: &[u8]) -> Parsed<'_, Option<Moment>> {
    let node = opt((tag("node="), take_till1(|b| b == b' '), char(' ')));
    let name = alt((tag("NETFILTER_CFG"), tag("UNKNOWN[1325]"), tag("1325")));
    let file = (node, tag("type="), name, tag(" msg="));
    let clock =
        (char('['), space0, take_while1(|b: u8| b.is_ascii_digit() || b == b'.'), tag("] "));
    let kernel = (opt(clock), tag("audit: type=1325 "));
    let with = preceded(alt((value((), file), value((), kernel))), moment).map(Some);
    let journal = value(None, tag("NETFILTER_CFG "));
    alt((with, journal)).parse(input)
}

/// `table=crio-hostports:2 family=2 entries=15 op=nft_register_chain pid=12763 comm="nft"`. The
/// kernels of 5.8 to 5.12 print other fields and are refused.
pub(crate) fn fields(moment: Option<Moment>, input: &[u8]) -> Parsed<'_, Record<'_>> {
    let word = || take_till1(|b| b == b' ');
    let table = preceded(tag("table="), take_until(" family="));
    let table = expect(ErrorKind::Message, "table=NAME family=", table);
    let family = map_opt(digit1, |digits| number(digits).and_then(|n| u8::try_from(n).ok()));
    let family =
        expect(ErrorKind::Message, "the number of a family", preceded(tag(" family="), family));
    let entries = preceded(tag(" entries="), map_opt(digit1, number));
    let entries = expect(ErrorKind::Message, "entries=NUMBER", entries);
    let operation = expect(ErrorKind::Message, "op=NAME", preceded(tag(" op="), word()));
    let (rest, (table, family, entries, operation)) =
        (table, family, entries, operation).parse(input)?;
    let small = map_opt(digit1, |digits| number(digits).and_then(|n| u32::try_from(n).ok()));
    let pid = expect(ErrorKind::Message, "pid=NUMBER", preceded(tag(" pid="), small));
    let (rest, pid) = if rest.is_empty() { (rest, None) } else { pid.map(Some).parse(rest)? };
    let (rest, _) = opt(preceded(tag(" subj="), word())).parse(rest)?;
    let quoted = delimited(char('"'), take_till(|b| b == b'"'), char('"')).map(Command::Plain);
    let hex = take_while1(|b: u8| b.is_ascii_hexdigit()).map(Command::Hex);
    let command = preceded(tag(" comm="), alt((quoted, hex)));
    let (rest, command) = if rest.is_empty() {
        (rest, None)
    } else {
        expect(ErrorKind::Message, "comm=NAME", command).map(Some).parse(rest)?
    };
    // auditd adds names for numbers behind a separator of its own.
    let (rest, _) = opt((char('\x1d'), take_till(|b| b == b'\n'))).parse(rest)?;
    let (rest, _) = space0(rest)?;
    let (table, generation) = split(table);
    Ok((rest, Record { moment, table, generation, family, entries, operation, pid, command }))
}

/// The name of a table and its generation, which the older interface of iptables does not have.
fn split(table: &[u8]) -> (&[u8], Option<u64>) {
    let at = table.iter().rposition(|&b| b == b':');
    let parts = at.and_then(|at| Some((table.get(..at)?, table.get(at.checked_add(1)?..)?)));
    match parts {
        Some((name, digits)) if !digits.is_empty() && digits.iter().all(u8::is_ascii_digit) => {
            (name, number(digits))
        }
        _ => (table, None),
    }
}
