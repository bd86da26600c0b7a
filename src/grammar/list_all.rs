//! What `firewall-cmd --list-all`, `--list-all-zones` and `--list-all-policies` print (firewalld
//! 0.6 to 2.5).
//!
//! A block a zone: its name, then indented lines of a key and a value; lists of long items go on in
//! lines that begin with a tab. The last line of a block is always `rich rules`, so a block that
//! was cut short shows.
//!
//! Output that was copied by hand is read as far as nothing in it is ambiguous: blanks that stand
//! for a tab, lines that end with CRLF, a byte order mark, blanks in empty lines.

use super::error::{GrammarError, Parsed, broken, expect, public};
use crate::error::{ErrorKind, ParseError};
use crate::port::Protocol;
use nom::bytes::complete::{is_not, tag, take_until, take_while1};
use nom::character::complete::char;
use nom::combinator::{opt, rest, verify};
use nom::sequence::{delimited, preceded, terminated};
use nom::{Offset, Parser};

/// The keys that are known here, in the order in which firewalld 2.5.0 prints them.
pub(crate) const KEYS: [&str; 21] = [
    "summary",
    "description",
    "disable",
    "priority",
    "target",
    "ingress-priority",
    "egress-priority",
    "icmp-block-inversion",
    "ingress-zones",
    "egress-zones",
    "interfaces",
    "sources",
    "services",
    "ports",
    "protocols",
    "forward",
    "masquerade",
    "forward-ports",
    "source-ports",
    "icmp-blocks",
    "rich rules",
];

/// Keys that each block has, and what to say where one is missing.
const NEEDED: [(&str, &str); 9] = [
    ("target", "the line target"),
    ("services", "the line services"),
    ("ports", "the line ports"),
    ("protocols", "the line protocols"),
    ("masquerade", "the line masquerade"),
    ("forward-ports", "the line forward-ports"),
    ("source-ports", "the line source-ports"),
    ("icmp-blocks", "the line icmp-blocks"),
    ("rich rules", "the line rich rules"),
];

/// The place of a key among all.
pub(crate) fn place(key: &[u8]) -> Option<usize> {
    KEYS.iter().position(|known| known.as_bytes() == key)
}

/// A stretch of the block's bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Stretch {
    start: u32,
    end: u32,
}

impl Stretch {
    /// The place of a part within the whole.
    fn within(whole: &[u8], part: &[u8]) -> Self {
        let start = whole.offset(part);
        let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Self { start: number(start), end: number(start.saturating_add(part.len())) }
    }

    pub(crate) fn of(self, whole: &[u8]) -> &[u8] {
        whole.get(self.start as usize..self.end as usize).unwrap_or_default()
    }
}

/// What the parentheses behind the name say.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Flags {
    pub(crate) default: bool,
    pub(crate) active: bool,
    pub(crate) disabled: bool,
}

/// A block, as stretches of its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Block {
    pub(crate) name: Stretch,
    pub(crate) flags: Flags,
    pub(crate) values: [Option<Stretch>; KEYS.len()],
}

impl Block {
    pub(crate) fn value(&self, key: &str) -> Option<Stretch> {
        place(key.as_bytes()).and_then(|at| self.values.get(at).copied().flatten())
    }
}

/// What people keep in the place of a listing, and what to say of it: how it begins, and what
/// should have stood there.
const NO_LISTINGS: [(&[u8], &str); 3] = [
    (b"FirewallD is not running", "a listing; firewalld was not running, so there is none"),
    (b"Authorization failed", "a listing; firewall-cmd was not allowed to ask for it"),
    (b"Error: ", "a listing; firewall-cmd ended with an error"),
];

const NO_PROMPT: &str = "the output alone, without the prompt and the command of a shell";

const NO_EMPTY_LINE: &str = "the lines of the zone without empty lines between them";

const NOT_SO_OLD: &str = "a listing of firewalld 0.5 or later; this is the form of 0.3 or 0.4";

fn line_end(input: &[u8]) -> Parsed<'_, ()> {
    match input {
        [] | [b'\r'] => Ok((&[], ())),
        [b'\n', behind @ ..] | [b'\r', b'\n', behind @ ..] => Ok((behind, ())),
        _ => broken(input, ErrorKind::Listing, "the end of the line"),
    }
}

/// A line without its end.
fn line(input: &[u8]) -> Parsed<'_, &[u8]> {
    let end = memchr::memchr(b'\n', input).unwrap_or(input.len());
    let (text, rest) = input.split_at_checked(end).unwrap_or((input, &[]));
    let rest = rest.strip_prefix(b"\n").unwrap_or(rest);
    Ok((rest, text.strip_suffix(b"\r").unwrap_or(text)))
}

/// What is behind the empty line at the start of the input, if one is there; one that holds nothing
/// but blanks counts.
fn empty_line(input: &[u8]) -> Option<&[u8]> {
    let (rest, text) = line(input).ok()?;
    (!input.is_empty() && text.iter().all(|b| matches!(b, b' ' | b'\t'))).then_some(rest)
}

/// True for a line of a shell: `[root@host1 ~]# firewall-cmd --list-all`.
///
/// A name of a zone has no blank behind it, and no `@` in it.
fn is_prompt(line: &[u8]) -> bool {
    let has = |word: &[u8]| memchr::memmem::find(line, word).is_some();
    let command = has(b"firewall-cmd ") || has(b"firewall-offline-cmd ");
    let mark = [&b"# "[..], b"$ ", b"#", b"$"].iter().any(|mark| line.ends_with(mark));
    !line.starts_with(b" ") && (command || (has(b"@") && mark))
}

/// `public`, `public (active)`, `public (default, active)`.
fn header(input: &[u8]) -> Parsed<'_, (&[u8], Flags)> {
    if let Some((_, wanted)) = NO_LISTINGS.iter().find(|(words, _)| input.starts_with(words)) {
        return broken(input, ErrorKind::Listing, wanted);
    }
    if line(input).is_ok_and(|(_, line)| is_prompt(line)) {
        return broken(input, ErrorKind::Listing, NO_PROMPT);
    }
    let is_name = |b: u8| b > b' ' && !matches!(b, b'(' | b')' | b':' | b',' | b'\'' | b'"' | 0x7f);
    let (mut rest, name) =
        expect(ErrorKind::Listing, "the name of a zone", take_while1(is_name)).parse(input)?;
    let mut flags = Flags::default();
    if let Ok((mut behind, _)) = tag::<_, _, GrammarError<'_>>(" (").parse(rest) {
        loop {
            let (after, flag) =
                expect(ErrorKind::Listing, "default, active or disabled", is_not(",)\r\n"))
                    .parse(behind)?;
            let place = match flag {
                b"default" => &mut flags.default,
                b"active" => &mut flags.active,
                b"disabled" => &mut flags.disabled,
                _ => return broken(behind, ErrorKind::Listing, "default, active or disabled"),
            };
            if core::mem::replace(place, true) {
                return broken(behind, ErrorKind::DuplicateField, "a word that was not there yet");
            }
            let (after, comma) = opt(tag(", ")).parse(after)?;
            behind = after;
            if comma.is_none() {
                break;
            }
        }
        (rest, _) = expect(ErrorKind::Listing, "a closing parenthesis", char(')')).parse(behind)?;
    }
    let (rest, ()) = line_end(rest)?;
    Ok((rest, (name, flags)))
}

/// A line of key and value, with the lines that go on with the value: all that stands between the
/// blank behind the colon and the last line end. A blank that ends the value may have been
/// stripped.
pub(crate) fn entry(input: &[u8]) -> Parsed<'_, (&[u8], &[u8])> {
    let is_key = |b: u8| b.is_ascii_lowercase() || b == b'-' || b == b' ';
    let key =
        verify(take_while1(is_key), |key: &[u8]| !key.starts_with(b" ") && !key.ends_with(b" "));
    let key = delimited(tag("  "), key, char(':'));
    let (start, key) =
        expect(ErrorKind::Listing, "two blanks, a key and a colon", key).parse(input)?;
    let start = match start {
        [b' ', behind @ ..] => behind,
        [] | [b'\n' | b'\r', ..] => start,
        _ => return broken(start, ErrorKind::Listing, "a blank behind the colon"),
    };
    let (mut rest, _) = line(start)?;
    let goes_on = |next: &[u8]| match key {
        // Text for people may go on in lines of any kind.
        b"description" => {
            !next.is_empty()
                && empty_line(next).is_none()
                && ![&b"  target: "[..], b"  priority: ", b"  disable: "]
                    .iter()
                    .any(|k| next.starts_with(k))
        }
        // A tab, or the blanks that a terminal shows for it: deeper than any key stands.
        _ => (next.starts_with(b"\t") || next.starts_with(b"   ")) && empty_line(next).is_none(),
    };
    while goes_on(rest) {
        (rest, _) = line(rest)?;
    }
    let taken = start.len().saturating_sub(rest.len());
    let value = start.get(..taken).unwrap_or_default();
    Ok((rest, (key, without_line_end(value))))
}

/// The text without a line end behind it.
pub(crate) fn without_line_end(text: &[u8]) -> &[u8] {
    let text = text.strip_suffix(b"\n").unwrap_or(text);
    text.strip_suffix(b"\r").unwrap_or(text)
}

/// Reads one block, up to the end or an empty line, and gives back what is behind it.
pub(crate) fn block(whole: &[u8]) -> Result<(Block, &[u8]), ParseError> {
    let positioned = |error| public(whole, error);
    let missing_at = |rest, expected| {
        positioned(nom::Err::Error(GrammarError::new(rest, ErrorKind::Listing, expected)))
    };
    let (mut rest, (name, flags)) = header(whole).map_err(positioned)?;
    let mut block = Block { name: Stretch::within(whole, name), flags, values: [None; KEYS.len()] };
    if empty_line(rest).is_some() && !is_header(empty_lines(rest)) {
        return Err(missing_at(rest, NO_EMPTY_LINE));
    }
    let entries = rest;
    let mut last: &[u8] = b"";
    let mut old = false;
    while !rest.is_empty() && empty_line(rest).is_none() {
        if line(rest).is_ok_and(|(_, line)| is_prompt(line)) {
            return Err(missing_at(rest, NO_PROMPT));
        }
        if last == b"rich rules" {
            return Err(positioned(nom::Err::Error(GrammarError::new(
                rest,
                ErrorKind::Listing,
                "an empty line or the end",
            ))));
        }
        let (behind, (key, value)) = entry(rest).map_err(positioned)?;
        let at =
            GrammarError::new(rest, ErrorKind::DuplicateField, "a line that was not there yet");
        let stretch = Stretch::within(whole, value);
        // A key of a later version is kept, and read by going through the lines.
        if let Some(slot) = place(key).and_then(|index| block.values.get_mut(index)) {
            if slot.replace(stretch).is_some() {
                return Err(positioned(nom::Err::Error(at)));
            }
            check(key, value).map_err(|error| error.shifted(stretch.start as usize))?;
        }
        // As firewalld 0.4 writes it; 0.3 has neither this line nor a target.
        old |= key == b"sourceports";
        last = key;
        rest = behind;
    }
    if last == b"rich rules" && (old || block.value("target").is_none()) {
        return Err(missing_at(entries, NOT_SO_OLD));
    }
    let missing = |expected| missing_at(rest, expected);
    for (key, expected) in NEEDED {
        if block.value(key).is_none() {
            return Err(missing(expected));
        }
    }
    let both = |a: &str, b: &str| block.value(a).is_some() && block.value(b).is_some();
    if !both("interfaces", "sources") && !both("ingress-zones", "egress-zones") {
        return Err(missing("the lines interfaces and sources"));
    }
    if last != b"rich rules" {
        return Err(missing("the line rich rules as the last one"));
    }
    Ok((block, rest))
}

/// Refuses a value that firewalld does not print for the key.
fn check(key: &[u8], value: &[u8]) -> Result<(), ParseError> {
    let wrong = |expected| {
        Err(ParseError::new(ErrorKind::Listing, 0, expected).with_found(value.first().copied()))
    };
    let at = |item: &[u8]| value.offset(item);
    match key {
        b"icmp-block-inversion" | b"forward" | b"masquerade" | b"disable"
            if yes_or_no(value).is_none() =>
        {
            wrong("yes or no")
        }
        b"target" if value.is_empty() || value.contains(&b' ') => wrong("a target"),
        b"ports" | b"source-ports" => words(value)
            .try_for_each(|item| port(item).map(|_| ()).map_err(|error| error.shifted(at(item)))),
        b"forward-ports" => lines(value).try_for_each(|item| {
            forward_port(item).map(|_| ()).map_err(|error| error.shifted(at(item)))
        }),
        // Only the keys above and the rules go on in further lines.
        b"rich rules" | b"description" => Ok(()),
        _ if value.contains(&b'\n') => wrong("a value of one line"),
        _ => Ok(()),
    }
}

pub(crate) fn yes_or_no(value: &[u8]) -> Option<bool> {
    match value {
        b"yes" => Some(true),
        b"no" => Some(false),
        _ => None,
    }
}

/// The items of a list in one line.
pub(crate) fn words(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|&b| b == b' ').filter(|word| !word.is_empty())
}

/// The items of a list in several lines; none of them begins with a blank.
pub(crate) fn lines(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value
        .split(|&b| b == b'\n')
        .map(|line| {
            let start = line.iter().position(|b| !matches!(b, b' ' | b'\t'));
            let line = line.get(start.unwrap_or(line.len())..).unwrap_or_default();
            line.strip_suffix(b"\r").unwrap_or(line)
        })
        .filter(|line| !line.is_empty())
}

fn protocol(name: &[u8]) -> Option<Protocol> {
    Protocol::ALL.into_iter().find(|known| known.as_str().as_bytes() == name)
}

/// `8080/tcp`, `8000-8010/udp`, `http/tcp`.
pub(crate) fn port(item: &[u8]) -> Result<(&[u8], Protocol), ParseError> {
    let slash = item
        .iter()
        .position(|&b| b == b'/' || b <= b' ')
        .filter(|&at| at > 0 && item.get(at) == Some(&b'/'));
    let Some((port, name)) = slash.and_then(|at| item.split_at_checked(at)) else {
        return Err(
            ParseError::new(ErrorKind::Port, 0, "PORT/PROTOCOL").with_found(item.first().copied())
        );
    };
    let name = name.get(1..).unwrap_or_default();
    let wrong = || {
        let at = port.len().saturating_add(1);
        ParseError::new(ErrorKind::Protocol, at, "tcp, udp, sctp or dccp")
            .with_found(name.first().copied())
    };
    Ok((port, protocol(name).ok_or_else(wrong)?))
}

/// A forward port: the port, the protocol, where to.
pub(crate) type RawForwardPort<'a> = (&'a [u8], Protocol, &'a [u8], &'a [u8]);

/// `port=8081:proto=tcp:toport=80:toaddr=192.0.2.7`; an address of version 6 has colons of its own.
pub(crate) fn forward_port(item: &[u8]) -> Result<RawForwardPort<'_>, ParseError> {
    let until = |mark: &'static str| terminated(take_until(mark), tag(mark));
    let port = preceded(tag("port="), verify(until(":proto="), |port: &[u8]| !port.is_empty()));
    let parts = (port, until(":toport="), until(":toaddr="), rest);
    let mut parts =
        expect(ErrorKind::Listing, "port=PORT:proto=PROTOCOL:toport=PORT:toaddr=ADDRESS", parts);
    let (_, (port, name, to_port, to_address)) =
        parts(item).map_err(|error| public(item, error))?;
    let wrong = || {
        let at = "port=:proto=".len().saturating_add(port.len());
        ParseError::new(ErrorKind::Protocol, at, "tcp, udp, sctp or dccp")
            .with_found(name.first().copied())
    };
    Ok((port, protocol(name).ok_or_else(wrong)?, to_port, to_address))
}

/// Lines without meaning for the blocks behind them: empty ones.
pub(crate) fn empty_lines(mut input: &[u8]) -> &[u8] {
    while let Some(behind) = empty_line(input) {
        input = behind;
    }
    input
}

fn is_header(input: &[u8]) -> bool {
    header(input).is_ok()
}

/// Where to go on behind a broken block: at the next name of a zone or policy that stands behind an
/// empty line. Text with an empty line behind each line is one broken block.
pub(crate) fn next_block(mut input: &[u8]) -> &[u8] {
    while !input.is_empty() {
        let behind = empty_lines(input);
        if behind.len() < input.len() && is_header(behind) {
            return behind;
        }
        input = line(behind).map_or(&[][..], |(rest, _)| rest);
    }
    input
}

/// The output without the byte order mark that some editors put in front.
pub(crate) fn without_mark(output: &[u8]) -> &[u8] {
    output.strip_prefix(b"\xef\xbb\xbf").unwrap_or(output)
}

/// The note that `firewall-cmd` prints first where it was given no zone, and the default zone that
/// it names.
///
/// Either three lines and an empty one, where the default zone is not in use, or (with `-v`) one
/// line.
pub(crate) fn note(input: &[u8]) -> Parsed<'_, &[u8]> {
    let verbose = delimited(
        tag("No zone specified, using default zone, i.e. '"),
        is_not("'\n"),
        (tag("'"), line_end),
    );
    let (input, verbose) = opt(verbose).parse(input)?;
    let default = delimited(
        tag("You're performing an operation over default zone ('"),
        is_not("'\n"),
        (tag("'),"), line_end),
    );
    let in_use = preceded(tag("but your connections/interfaces are in zone "), line);
    let advice = preceded(tag("You most likely need to use --zone="), line);
    let (input, unused) = opt(terminated(default, (in_use, advice))).parse(input)?;
    match unused.or(verbose) {
        Some(name) => Ok((input, name)),
        None => broken(input, ErrorKind::Listing, "a note"),
    }
}
