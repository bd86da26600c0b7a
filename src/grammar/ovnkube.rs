//! The messages of OVN-Kubernetes (2020 to December 2024) that tell which iptables rules it adds
//! and deletes.

use super::error::{Parsed, all, broken, expect};
use super::logfmt;
use crate::error::{ErrorKind, ParseError};
use crate::family::Family;
use memchr::memmem;
use nom::Parser;
use nom::branch::alt;
use nom::bytes::complete::{tag, take_while, take_while1};
use nom::combinator::{opt, rest, value};
use nom::sequence::{delimited, preceded, terminated};

/// A rule in a chain, as a message names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RawChange<'a> {
    pub(crate) table: &'a [u8],
    pub(crate) chain: &'a [u8],
    pub(crate) args: &'a [u8],
    pub(crate) family: Family,
}

/// A message about rules or chains.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RawMessage<'a> {
    Adding(RawChange<'a>),
    Deleting(RawChange<'a>),
    Ignoring(RawChange<'a>),
    ChainExists {
        table: &'a [u8],
        chain: &'a [u8],
    },
    Creating {
        table: &'a [u8],
        chain: &'a [u8],
    },
    Recreating {
        table: &'a [u8],
        chain: &'a [u8],
    },
    /// `Adding iptables rules: [{...} {...}] for service: ...`: the inside of the brackets.
    List {
        adding: bool,
        rules: &'a [u8],
    },
    DefaultConfig,
    LoggingConfig {
        level: Option<u32>,
    },
    ServiceHandler,
}

/// A table or a chain.
fn name(input: &[u8]) -> Parsed<'_, &[u8]> {
    let name =
        take_while1(|b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'+'));
    expect(ErrorKind::Message, "a name", name).parse(input)
}

fn words<'a>(expected: &'static str) -> impl FnMut(&'a [u8]) -> Parsed<'a, &'a [u8]> {
    expect(ErrorKind::Message, expected, tag(expected.as_bytes()))
}

/// The final blank that these messages have, and that a transport may have taken away.
fn end(input: &[u8]) -> Parsed<'_, &[u8]> {
    take_while(|b| b == b' ').parse(input)
}

/// The family, which is printed as the number of go-iptables' Protocol.
fn family(input: &[u8]) -> Parsed<'_, Family> {
    let number = alt((value(Family::Ipv4, tag("0")), value(Family::Ipv6, tag("1"))));
    expect(ErrorKind::Protocol, "0 or 1", number).parse(input)
}

/// `TABLE, chain: CHAIN with args: "ARGS" for protocol: N `; the arguments end at the last `" for
/// protocol: `.
fn change(input: &[u8]) -> Parsed<'_, RawChange<'_>> {
    const BEHIND: &str = "\" for protocol: ";
    let (input, (table, _, chain, _)) =
        (name, words(", chain: "), name, words(" with args: \"")).parse(input)?;
    let Some((args, behind)) =
        memmem::rfind(input, BEHIND.as_bytes()).and_then(|at| input.split_at_checked(at))
    else {
        return broken(input.get(input.len()..).unwrap_or_default(), ErrorKind::Message, BEHIND);
    };
    let (behind, family) = delimited(words(BEHIND), family, end).parse(behind)?;
    Ok((behind, RawChange { table, chain, args, family }))
}

fn table_and_chain<'a>(
    between: &'static str,
) -> impl FnMut(&'a [u8]) -> Parsed<'a, (&'a [u8], &'a [u8])> {
    move |input| terminated((terminated(name, words(between)), name), end).parse(input)
}

const TABLES: [&[u8]; 5] = [b"nat", b"filter", b"mangle", b"raw", b"security"];

/// `"CHAIN" in table: "TABLE" already exists, skipping creation`, and from April 2022 on `: ERROR`.
/// From June 2020 to December 2021 the two names were swapped.
fn chain_exists(input: &[u8]) -> Parsed<'_, (&[u8], &[u8])> {
    let error = opt(preceded(words(": "), rest));
    let mut parts = (
        name,
        words("\" in table: \""),
        name,
        words("\" already exists, skipping creation"),
        end,
        error,
    );
    let (rest, (first, _, second, _, _, _)) = parts.parse(input)?;
    Ok((
        rest,
        if TABLES.contains(&first) && !TABLES.contains(&second) {
            (first, second)
        } else {
            (second, first)
        },
    ))
}

/// `[{nat OVN-KUBE-NODEPORT [-p TCP ...] 0}] for service: ...` (2020 and 2021).
fn list(input: &[u8]) -> Parsed<'_, &[u8]> {
    const BEHIND: &str = "] for service: ";
    let (input, _) = words("[").parse(input)?;
    match memmem::find(input, BEHIND.as_bytes()).and_then(|at| input.split_at_checked(at)) {
        Some((rules, _)) => Ok((&[], rules)),
        None => broken(input.get(input.len()..).unwrap_or_default(), ErrorKind::Message, BEHIND),
    }
}

/// The first rule of a list, `{nat OVN-KUBE-NODEPORT [-p TCP ...] 0}`, and what is behind it.
pub(crate) fn next_in_list(input: &[u8]) -> Option<(&[u8], RawChange<'_>)> {
    let head = (words("{"), name, words(" "), name, words(" ["));
    let (input, (_, table, _, chain, _)) = preceded(end, head).parse(input).ok()?;
    let mut from = 0usize;
    loop {
        let at = from.saturating_add(memmem::find(input.get(from..)?, b"] ")?);
        let tail = input.get(at..)?;
        if let Ok((behind, family)) = delimited(words("] "), family, words("}")).parse(tail) {
            return Some((behind, RawChange { table, chain, args: input.get(..at)?, family }));
        }
        from = at.saturating_add(1);
    }
}

/// ` Level:5 ` in what is behind `Logging config: {`.
fn level(input: &[u8]) -> Option<u32> {
    let behind = input.get(memmem::find(input, b" Level:")?.checked_add(7)?..)?;
    let digits = behind.iter().take(9).take_while(|b| b.is_ascii_digit()).count();
    let digits = core::str::from_utf8(behind.get(..digits)?).ok()?;
    matches!(behind.get(digits.len()), Some(b' ' | b'}')).then(|| digits.parse().ok())?
}

/// Reads a message if it is one of these: `None` if its first words are of no such message, an
/// error if they are and the rest is broken.
pub(crate) fn message(whole: &[u8]) -> Option<Result<RawMessage<'_>, ParseError>> {
    let behind = |words: &str| whole.strip_prefix(words.as_bytes());
    let at = |behind: &[u8]| whole.len().saturating_sub(behind.len());
    fn run<'a, T>(
        at: usize,
        input: &'a [u8],
        parser: impl Parser<&'a [u8], Output = T, Error = super::error::GrammarError<'a>>,
    ) -> Result<T, ParseError> {
        all(input, parser).map_err(|e| e.shifted(at))
    }
    // The first byte decides for nearly every line of a log that it is none of these.
    Some(match whole.first()? {
        b'A' => {
            if let Some(input) = behind("Adding rule in table: ") {
                run(at(input), input, change).map(RawMessage::Adding)
            } else if let Some(input) = behind("Adding iptables rules: ") {
                run(at(input), input, list).map(|rules| RawMessage::List { adding: true, rules })
            } else {
                let input = behind("Added *v1.Service event handler ")?;
                run(at(input), input, terminated(take_while1(|b: u8| b.is_ascii_digit()), end))
                    .map(|_| RawMessage::ServiceHandler)
            }
        }
        b'D' => {
            if let Some(input) = behind("Deleting rule in table: ") {
                run(at(input), input, change).map(RawMessage::Deleting)
            } else if let Some(input) = behind("Deleting iptables rules: ") {
                run(at(input), input, list).map(|rules| RawMessage::List { adding: false, rules })
            } else {
                behind("Default config: {MTU:").map(|_| Ok(RawMessage::DefaultConfig))?
            }
        }
        b'I' => {
            let input = behind("Ignoring processing rule in table")?;
            let words = alt((tag(" due to filtering: "), tag(": ")));
            let words = expect(ErrorKind::Message, "due to filtering: ", words);
            run(at(input), input, preceded(words, change)).map(RawMessage::Ignoring)
        }
        b'C' => {
            if let Some(input) = behind("Chain: \"") {
                run(at(input), input, chain_exists)
                    .map(|(table, chain)| RawMessage::ChainExists { table, chain })
            } else {
                let input = behind("Creating table: ")?;
                run(at(input), input, table_and_chain(" chain: "))
                    .map(|(table, chain)| RawMessage::Creating { table, chain })
            }
        }
        b'R' => {
            let input = behind("Recreating iptables rules for table: ")?;
            run(at(input), input, table_and_chain(", chain: "))
                .map(|(table, chain)| RawMessage::Recreating { table, chain })
        }
        b'L' => behind("Logging config: {")
            .map(|rest| Ok(RawMessage::LoggingConfig { level: level(rest) }))?,
        _ => return None,
    })
}

/// A table and a chain.
pub(crate) type Place<'a> = (&'a [u8], &'a [u8]);

/// Looks into a line that could not be read: `None` if it does not hold the first words of a
/// message that changes chains; then the table and the chain, if they are there as a whole.
pub(crate) fn broken_change(line: &[u8]) -> Option<Option<Place<'_>>> {
    const WORDS: [&[u8]; 5] = [
        b"Adding rule in table: ",
        b"Deleting rule in table: ",
        b"Ignoring processing rule in table due to filtering: ",
        b"Ignoring processing rule in table: ",
        b"Recreating iptables rules for table: ",
    ];
    let message = super::klog::header(line).map_or(line, |(message, _)| message);
    let behind = WORDS.iter().find_map(|words| message.strip_prefix(*words))?;
    let names = terminated((name, words(", chain: "), name), words(" ")).parse(behind);
    Some(names.ok().map(|(_, (table, _, chain))| (table, chain)))
}

/// One failed change inside an error: `failed to add iptables nat/OVN-KUBE-NODEPORT rule "ARGS":
/// running [/usr/sbin/iptables ...`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RawFailure<'a> {
    pub(crate) adding: bool,
    pub(crate) table: &'a [u8],
    pub(crate) chain: &'a [u8],
    /// As Go's `%q` wrote them, without the quotes.
    pub(crate) args: &'a [u8],
    /// From the name of the binary; `None` if none is named.
    pub(crate) family: Option<Family>,
    /// What iptables said about it, as far as it stands in the same line.
    pub(crate) reason: &'a [u8],
}

/// `failed to add iptables nat/OVN-KUBE-NODEPORT rule "ARGS": `; family and reason are told by what
/// is behind it.
fn failure(input: &[u8]) -> Parsed<'_, RawFailure<'_>> {
    let verb = alt((value(true, tag("add")), value(false, tag("delete"))));
    let mut parts = (
        tag("failed to "),
        verb,
        tag(" iptables "),
        name,
        tag("/"),
        name,
        tag(" rule "),
        logfmt::quoted,
        tag(": "),
    );
    let (rest, (_, adding, _, table, _, chain, _, (args, _), _)) = parts.parse(input)?;
    Ok((rest, RawFailure { adding, table, chain, args, family: None, reason: &[] }))
}

/// The first failed change in a line, and what is behind its arguments. It counts at the beginning,
/// or behind the separator with which Go programs join errors: not inside a word, and not inside
/// quotes.
pub(crate) fn next_failure<'a>(
    input: &'a [u8],
    beginning: bool,
) -> Option<(&'a [u8], RawFailure<'a>)> {
    let mut from = 0usize;
    loop {
        let at = from.saturating_add(memmem::find(input.get(from..)?, b"failed to ")?);
        let before = input.get(..at)?;
        let tail = input.get(at..)?;
        let joined = (at == 0 && beginning)
            || before.ends_with(b": ")
            || before.ends_with(b", ")
            || before.ends_with(b"[");
        if joined && let Ok((behind, failure)) = failure(tail) {
            let line =
                memchr::memchr(b'\n', behind).and_then(|end| behind.get(..end)).unwrap_or(behind);
            let reason =
                memmem::find(line, b"failed to ").and_then(|next| line.get(..next)).unwrap_or(line);
            return Some((behind, RawFailure { family: binary_family(reason), reason, ..failure }));
        }
        from = at.saturating_add(1);
    }
}

/// The family from `running [/usr/sbin/ip6tables -t nat ...`.
fn binary_family(reason: &[u8]) -> Option<Family> {
    let command = reason.strip_prefix(b"running [")?;
    let binary = command.split(|&b| b == b' ').next()?;
    let binary = binary.rsplit(|&b| b == b'/').next()?;
    if binary.starts_with(b"ip6tables") {
        Some(Family::Ipv6)
    } else {
        binary.starts_with(b"iptables").then_some(Family::Ipv4)
    }
}

/// `2023-06-25T09:00:00+00:00 - starting ovnkube-master, Node: .. IP: ..`: true for this echo of a
/// start script.
pub(crate) fn dated_script_line(line: &[u8]) -> bool {
    memmem::find(line.get(..line.len().min(64)).unwrap_or_default(), b" - starting ovnkube")
        .is_some_and(|at| {
            line.get(..at).is_some_and(|date| {
                date.len() >= 19
                    && date.iter().all(|b| {
                        b.is_ascii_digit() || matches!(b, b'-' | b'+' | b':' | b'T' | b'Z' | b'.')
                    })
            })
        })
}
