//! The lines of `iptables -nvL` and `ip6tables -nvL` (iptables 1.8.4 to 1.8.10, both variants).

use super::error::{Parsed, expect};
pub(crate) use super::ss::place;
use super::ss::{blanks, number};
use crate::error::ErrorKind;
use crate::port::PortRange;
use nom::Parser;
use nom::branch::alt;
use nom::bytes::complete::{tag, take_till1, take_until, take_while1};
use nom::character::complete::{alpha1, char, digit1};
use nom::combinator::{all_consuming, map_opt, opt, value};
use nom::sequence::{delimited, preceded, terminated};

/// The header of a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Head<'a> {
    pub(crate) name: &'a [u8],
    /// The policy of a chain of the kernel.
    pub(crate) policy: Option<&'a [u8]>,
    /// How many rules lead to a chain of a program.
    pub(crate) references: Option<u64>,
}

/// A rule, as far as its columns go, and what is behind them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Columns<'a> {
    /// Empty for a rule without a target.
    pub(crate) target: &'a [u8],
    pub(crate) protocol: &'a [u8],
    pub(crate) fragments: bool,
    pub(crate) input: &'a [u8],
    pub(crate) output: &'a [u8],
    pub(crate) source: &'a [u8],
    pub(crate) destination: &'a [u8],
}

/// What a rule says behind its columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part<'a> {
    /// `/* kube hostport portals */`
    Comment(&'a [u8]),
    /// `dpt:443`, `dpts:53:60`
    DestinationPort(PortRange),
    /// `ADDRTYPE match dst-type LOCAL`
    Local,
    /// `statistic mode random probability 0.50000000000`
    Probability(&'a [u8]),
    /// `to:10.43.1.1:8081`
    To(&'a [u8]),
    /// A word that changes nothing: the name of a module of a protocol, `random`, `persistent`.
    Nothing,
}

fn blanks1(input: &[u8]) -> Parsed<'_, &[u8]> {
    take_while1(|b| b == b' ')(input)
}

fn word(input: &[u8]) -> Parsed<'_, &[u8]> {
    take_till1(|b| b == b' ')(input)
}

/// `Chain INPUT (policy ACCEPT 0 packets, 0 bytes)`, `Chain KUBE-HOSTPORTS (1 references)`
pub(crate) fn head(input: &[u8]) -> Parsed<'_, Head<'_>> {
    let count = (blanks1, take_while1(|b: u8| b.is_ascii_alphanumeric()));
    let counters = opt((count, tag(" packets,"), blanks1, word, tag(" bytes")));
    let policy = delimited(tag("policy "), alpha1, counters).map(|policy| (Some(policy), None));
    let references =
        terminated(map_opt(digit1, number), tag(" references")).map(|count| (None, Some(count)));
    let inside = delimited(char('('), alt((policy, references)), (char(')'), blanks));
    let (rest, (name, (policy, references))) = expect(
        ErrorKind::Listing,
        "Chain NAME and its policy or references",
        (preceded(tag("Chain "), terminated(word, char(' '))), inside),
    )
    .parse(input)?;
    Ok((rest, Head { name, policy, references }))
}

/// The names of the columns. Without `-v` the interfaces are missing, and with them half of what a
/// rule asks for.
pub(crate) fn titles(input: &[u8]) -> Parsed<'_, ()> {
    const TITLES: [&str; 9] =
        ["pkts", "bytes", "target", "prot", "opt", "in", "out", "source", "destination"];
    let mut left = input;
    for title in TITLES {
        let title = preceded(blanks, tag(title));
        (left, _) =
            expect(ErrorKind::Listing, "the columns of iptables -nvL", title).parse(left)?;
    }
    value((), blanks).parse(left)
}

pub(crate) fn columns(input: &[u8]) -> Parsed<'_, Columns<'_>> {
    let counter = |input| {
        let digits = (digit1, opt(alt((char('K'), char('M'), char('G'), char('T')))));
        preceded(blanks, expect(ErrorKind::Listing, "a counter", digits)).parse(input)
    };
    let (rest, _) = (counter, counter).parse(input)?;
    let (rest, gap) = blanks1(rest)?;
    // The target has its column at the first blank behind the counters.
    let (rest, target) =
        if gap.len() == 1 { terminated(word, blanks1).parse(rest)? } else { (rest, &[][..]) };
    let column = |input| {
        terminated(expect(ErrorKind::Listing, "the columns of a rule", word), opt(blanks1))
            .parse(input)
    };
    let (rest, protocol) = column(rest)?;
    // `ip6tables` of old leaves the column empty.
    let option = terminated(alt((tag("--"), tag("-f"), tag("!f"))), blanks1);
    let (rest, option) = opt(option).parse(rest)?;
    let (rest, (input_device, output, source)) = (column, column, column).parse(rest)?;
    let (rest, destination) =
        expect(ErrorKind::Listing, "the columns of a rule", word).parse(rest)?;
    Ok((
        rest,
        Columns {
            target,
            protocol,
            fragments: option.is_some_and(|option| option != b"--"),
            input: input_device,
            output,
            source,
            destination,
        },
    ))
}

/// What may hold a `*/` and what follows it, so where the comment ends is not known.
pub(crate) fn is_ambiguous(input: &[u8]) -> bool {
    let count = |mark: &[u8]| memchr::memmem::find_iter(input, mark).count();
    count(b"/*") > 1 || count(b"*/") > 1
}

/// The next part behind the columns.
pub(crate) fn part(input: &[u8]) -> Parsed<'_, Part<'_>> {
    let comment = delimited(tag("/* "), take_until(" */"), tag(" */"));
    let empty = value(&b""[..], tag("/*  */"));
    let port = || map_opt(digit1, |digits| number(digits).and_then(|n| u16::try_from(n).ok()));
    let single = preceded(tag("dpt:"), port()).map(PortRange::single);
    let range = preceded(tag("dpts:"), (terminated(port(), char(':')), port()))
        .map(|(first, last)| PortRange::new(first, last));
    let local = (tag("ADDRTYPE match"), blanks1, tag("dst-type LOCAL"));
    let chance = preceded((tag("statistic mode random"), blanks1, tag("probability ")), word);
    let names = alt((
        tag("tcp"),
        tag("udp"),
        tag("sctp"),
        tag("random-fully"),
        tag("random"),
        tag("persistent"),
    ));
    let mut one = terminated(
        alt((
            alt((empty, comment)).map(Part::Comment),
            alt((single, range)).map(Part::DestinationPort),
            value(Part::Local, local),
            chance.map(Part::Probability),
            preceded(tag("to:"), word).map(Part::To),
            value(Part::Nothing, names),
        )),
        alt((value((), blanks1), value((), all_consuming(tag(""))))),
    );
    one.parse(input)
}
