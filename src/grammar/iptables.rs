//! The arguments of an iptables rule, as iptables, iptables-save and iptables-restore 1.8 read and
//! print them.
//!
//! Two ways of writing an argument with blanks are read: in double quotes (iptables-save,
//! iptables-restore input), and, for a comment, several bare words (ovnkube joins its argument list
//! by blanks without quoting).

use super::error::{Parsed, all, broken, expect};
use crate::error::{ErrorKind, ParseError};
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use nom::branch::alt;
use nom::bytes::complete::{tag, take_while, take_while_m_n, take_while1};
use nom::character::complete::{char, digit1};
use nom::combinator::{cut, opt, recognize, verify};
use nom::multi::fold_many_m_n;
use nom::sequence::{delimited, preceded, terminated};
use nom::{AsChar, Parser};

/// One option as it stands: `! --dport 80`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RawOption<'a> {
    pub(crate) negated: bool,
    /// With its dashes.
    pub(crate) name: &'a [u8],
    /// Without quotes; several words where the option takes several.
    pub(crate) value: Option<&'a [u8]>,
    /// The value stood in double quotes, inside which `\` escapes.
    pub(crate) quoted: bool,
}

/// How many words an option takes.
enum Takes {
    Nothing,
    One,
    Two,
    /// At least one, then all up to the next option.
    Words,
    /// An option that is not known here: all up to the next option, if any.
    Unknown,
}

fn takes(name: &[u8]) -> Takes {
    match name {
        b"-p"
        | b"--protocol"
        | b"--proto"
        | b"-s"
        | b"--source"
        | b"--src"
        | b"-d"
        | b"--destination"
        | b"--dst"
        | b"-i"
        | b"--in-interface"
        | b"-o"
        | b"--out-interface"
        | b"-j"
        | b"--jump"
        | b"-g"
        | b"--goto"
        | b"-m"
        | b"--match"
        | b"-t"
        | b"--table"
        | b"--dport"
        | b"--destination-port"
        | b"--sport"
        | b"--source-port"
        | b"--dports"
        | b"--destination-ports"
        | b"--sports"
        | b"--source-ports"
        | b"--ports"
        | b"--dst-type"
        | b"--src-type"
        | b"--to-destination"
        | b"--to-source"
        | b"--to-ports"
        | b"--to-port"
        | b"--to"
        | b"--mode"
        | b"--probability"
        | b"--every"
        | b"--packet"
        | b"--mark"
        | b"--set-xmark"
        | b"--set-mark"
        | b"--and-mark"
        | b"--or-mark"
        | b"--xor-mark"
        | b"--ctstate"
        | b"--state"
        | b"--ctproto"
        | b"--ctorigsrc"
        | b"--ctorigdst"
        | b"--ctorigsrcport"
        | b"--ctorigdstport"
        | b"--ctreplsrc"
        | b"--ctrepldst"
        | b"--ctstatus"
        | b"--ctdir"
        | b"--reject-with"
        | b"--limit"
        | b"--limit-burst"
        | b"--log-prefix"
        | b"--log-level"
        | b"--icmp-type"
        | b"--icmpv6-type"
        | b"--src-range"
        | b"--dst-range"
        | b"--uid-owner"
        | b"--gid-owner"
        | b"--physdev-in"
        | b"--physdev-out"
        | b"--set-mss"
        | b"--helper"
        | b"--zone"
        | b"--mac-source"
        | b"--tcp-option"
        | b"--nfmask"
        | b"--ctmask" => Takes::One,
        b"--tcp-flags" | b"--match-set" => Takes::Two,
        b"--comment" => Takes::Words,
        b"-f"
        | b"--fragment"
        | b"--syn"
        | b"--random"
        | b"--random-fully"
        | b"--persistent"
        | b"--socket-exists"
        | b"--notrack"
        | b"--limit-iface-in"
        | b"--limit-iface-out"
        | b"--save-mark"
        | b"--restore-mark"
        | b"--clamp-mss-to-pmtu"
        | b"--physdev-is-in"
        | b"--physdev-is-out"
        | b"--physdev-is-bridged"
        | b"--wait"
        | b"-w" => Takes::Nothing,
        _ => Takes::Unknown,
    }
}

const fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

pub(crate) fn blanks(input: &[u8]) -> Parsed<'_, &[u8]> {
    take_while1(is_blank).parse(input)
}

pub(crate) fn bare_word(input: &[u8]) -> Parsed<'_, &[u8]> {
    take_while1(|b| !is_blank(b)).parse(input)
}

/// The inside of `"..."`, in which a backslash takes the next byte as it is; the end or a blank
/// must follow.
fn quoted_word(input: &[u8]) -> Parsed<'_, &[u8]> {
    let (inside, _) = char('"').parse(input)?;
    let mut escaped = false;
    for (at, &byte) in inside.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => {
                let Some((value, rest)) = inside.split_at_checked(at) else { break };
                let rest = rest.get(1..).unwrap_or_default();
                return match rest.first() {
                    Some(&byte) if !is_blank(byte) => {
                        broken(rest, ErrorKind::Quoting, "a blank behind the quote")
                    }
                    _ => Ok((rest, value)),
                };
            }
            _ => {}
        }
    }
    broken(input, ErrorKind::Quoting, "a closing quote")
}

/// True where an option, negated or not, begins.
fn at_option(input: &[u8]) -> bool {
    recognize((opt((char::<_, super::error::GrammarError<'_>>('!'), blanks)), char('-')))
        .parse(input)
        .is_ok()
}

/// One word and all words behind it up to the next option.
fn words(input: &[u8]) -> Parsed<'_, &[u8]> {
    let (mut rest, _) = bare_word(input)?;
    while let Ok((next, _)) = blanks(rest) {
        if at_option(next) {
            break;
        }
        match bare_word(next) {
            Ok((behind, _)) => rest = behind,
            Err(_) => break,
        }
    }
    let length = input.len().saturating_sub(rest.len());
    Ok((rest, input.get(..length).unwrap_or(input)))
}

/// `[!] -x [VALUE]`, `[!] --name [VALUE]` or `[!] --name=VALUE`; an option takes the next word,
/// whatever that looks like.
pub(crate) fn option(input: &[u8]) -> Parsed<'_, RawOption<'_>> {
    let (input, bang) = opt(terminated(char('!'), blanks)).parse(input)?;
    let name = recognize((
        char('-'),
        verify(take_while(|b| !is_blank(b) && b != b'='), |n: &[u8]| !n.is_empty() && n != b"-"),
    ));
    let (input, name) = expect(ErrorKind::RuleArgument, "an option", name).parse(input)?;
    let mut found = RawOption { negated: bang.is_some(), name, value: None, quoted: false };
    let takes = takes(name);
    let start = if input.first() == Some(&b'=') {
        input.get(1..).unwrap_or_default()
    } else {
        match (&takes, blanks(input)) {
            (Takes::Nothing, _) => return Ok((input, found)),
            (Takes::Unknown, Ok((next, _))) if next.is_empty() || at_option(next) => {
                return Ok((input, found));
            }
            (Takes::Unknown, Err(_)) => return Ok((input, found)),
            (_, Ok((next, _))) => next,
            (_, Err(_)) => return broken(input, ErrorKind::RuleArgument, "a value"),
        }
    };
    if start.first() == Some(&b'"') {
        let (rest, value) = quoted_word(start)?;
        found.value = Some(value);
        found.quoted = true;
        return Ok((rest, found));
    }
    let mut start = start;
    if matches!(takes, Takes::One)
        && let Ok((next, _)) =
            terminated(char::<_, super::error::GrammarError<'_>>('!'), blanks).parse(start)
    {
        // The old way to negate, still read by iptables with a warning: `--dport ! 80`.
        found.negated = true;
        start = next;
    }
    let taken = match takes {
        Takes::One | Takes::Nothing => bare_word(start),
        Takes::Two => recognize((bare_word, blanks, bare_word)).parse(start),
        Takes::Words | Takes::Unknown => words(start),
    };
    match taken {
        Ok((rest, value)) => {
            found.value = Some(value);
            Ok((rest, found))
        }
        Err(_) => broken(start, ErrorKind::RuleArgument, "a value"),
    }
}

/// A stretch of the rule's bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Stretch {
    start: u32,
    end: u32,
}

impl Stretch {
    pub(crate) fn of(self, whole: &[u8]) -> &[u8] {
        whole.get(self.start as usize..self.end as usize).unwrap_or_default()
    }
}

/// A value, and whether `!` stood before its option.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Piece<T> {
    pub(crate) negated: bool,
    pub(crate) value: T,
}

/// An address and the length of its mask.
pub(crate) type RawNetwork = (IpAddr, u8);

/// What a rule says, as far as it is typed here; the rest is read by going through its options.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Parts {
    pub(crate) protocol: Option<Piece<Stretch>>,
    pub(crate) source: Option<Piece<RawNetwork>>,
    pub(crate) destination: Option<Piece<RawNetwork>>,
    pub(crate) source_ports: Option<Piece<Stretch>>,
    pub(crate) destination_ports: Option<Piece<Stretch>>,
    pub(crate) destination_type: Option<Piece<Stretch>>,
    pub(crate) probability: Option<Piece<Stretch>>,
    /// The target, and whether it is reached by `-g`.
    pub(crate) target: Option<(Stretch, bool)>,
    pub(crate) to_destination: Option<Stretch>,
    pub(crate) to_source: Option<Stretch>,
    pub(crate) to_ports: Option<Stretch>,
    pub(crate) set_mark: Option<Stretch>,
    /// The comment, and whether it stood in quotes.
    pub(crate) comment: Option<(Stretch, bool)>,
}

/// Reads all arguments of a rule, the chain and the command not among them.
pub(crate) fn rule(whole: &[u8]) -> Result<Parts, ParseError> {
    if u32::try_from(whole.len()).is_err() {
        return Err(ParseError::new(ErrorKind::TooLong, 0, "a rule").quoting(whole));
    }
    let mut parts = Parts::default();
    let mut rest = whole;
    while !rest.is_empty() {
        let at = whole.len().saturating_sub(rest.len());
        let (behind, found) = option(rest).map_err(|error| super::error::public(whole, error))?;
        let end =
            whole.len().saturating_sub(behind.len()).saturating_sub(usize::from(found.quoted));
        let start = end.saturating_sub(found.value.map_or(0, <[u8]>::len));
        let stretch = Stretch {
            start: u32::try_from(start).unwrap_or_default(),
            end: u32::try_from(end).unwrap_or_default(),
        };
        let refused = |why| match why {
            Refusal::Repeated => {
                ParseError::new(ErrorKind::RuleArgument, at, "an option that was not there yet")
            }
            Refusal::Negated => {
                ParseError::new(ErrorKind::RuleArgument, at, "an option that can be negated")
            }
            Refusal::Value(error) => error.shifted(start),
        };
        take_option(&mut parts, &found, stretch).map_err(|why| refused(why).quoting(whole))?;
        rest = take_blanks(behind);
    }
    let target = parts.target.map(|(name, _)| name.of(whole));
    if target == Some(b"DNAT") && parts.to_destination.is_none() {
        return Err(ParseError::new(ErrorKind::RuleArgument, whole.len(), "--to-destination"));
    }
    Ok(parts)
}

fn take_blanks(input: &[u8]) -> &[u8] {
    blanks(input).map_or(input, |(rest, _)| rest)
}

/// Why an option does not fit into the rule.
enum Refusal {
    Repeated,
    Negated,
    Value(ParseError),
}

impl From<ParseError> for Refusal {
    fn from(error: ParseError) -> Self {
        Self::Value(error)
    }
}

fn take_option(parts: &mut Parts, found: &RawOption<'_>, at: Stretch) -> Result<(), Refusal> {
    let value = found.value.unwrap_or_default();
    let piece = Piece { negated: found.negated, value: at };
    let network = || network(value).map(|value| Piece { negated: found.negated, value });
    match found.name {
        b"-p" | b"--protocol" | b"--proto" => once(&mut parts.protocol, piece),
        b"-s" | b"--source" | b"--src" => once(&mut parts.source, network()?),
        b"-d" | b"--destination" | b"--dst" => once(&mut parts.destination, network()?),
        b"--dport" | b"--destination-port" => {
            once(&mut parts.destination_ports, ports(value, 1).map(|()| piece)?)
        }
        b"--dports" | b"--destination-ports" => {
            once(&mut parts.destination_ports, ports(value, usize::MAX).map(|()| piece)?)
        }
        b"--sport" | b"--source-port" => {
            once(&mut parts.source_ports, ports(value, 1).map(|()| piece)?)
        }
        b"--sports" | b"--source-ports" => {
            once(&mut parts.source_ports, ports(value, usize::MAX).map(|()| piece)?)
        }
        b"--dst-type" => once(&mut parts.destination_type, piece),
        b"--probability" => once(&mut parts.probability, probability(value).map(|_| piece)?),
        b"-j" | b"--jump" | b"-g" | b"--goto" => {
            let goto = matches!(found.name, b"-g" | b"--goto");
            once(&mut parts.target, (plain(found, at)?, goto))
        }
        b"--to-destination" => once(
            &mut parts.to_destination,
            target_address(value).map_err(Refusal::Value).and(plain(found, at))?,
        ),
        b"--to-source" => once(
            &mut parts.to_source,
            target_address(value).map_err(Refusal::Value).and(plain(found, at))?,
        ),
        b"--to-ports" | b"--to-port" => once(
            &mut parts.to_ports,
            target_ports(value).map_err(Refusal::Value).and(plain(found, at))?,
        ),
        b"--set-xmark" | b"--set-mark" => once(&mut parts.set_mark, plain(found, at)?),
        b"--comment" => {
            parts.comment = Some((at, found.quoted));
            Ok(())
        }
        _ => Ok(()),
    }
}

fn plain(found: &RawOption<'_>, at: Stretch) -> Result<Stretch, Refusal> {
    if found.negated { Err(Refusal::Negated) } else { Ok(at) }
}

fn once<T>(slot: &mut Option<T>, value: T) -> Result<(), Refusal> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(Refusal::Repeated),
    }
}

/// A port as programs print it: no sign, no leading zero (which iptables would read as octal), at
/// most 65535.
pub(crate) fn port(input: &[u8]) -> Parsed<'_, u16> {
    let (rest, digits) = expect(ErrorKind::Port, "a digit", digit1).parse(input)?;
    let value = digits
        .iter()
        .try_fold(0u16, |sum, b| sum.checked_mul(10)?.checked_add(u16::from(b & 0x0f)));
    match value {
        None => broken(input, ErrorKind::Port, "a port up to 65535"),
        Some(_) if digits.len() > 1 && digits.first() == Some(&b'0') => {
            broken(input, ErrorKind::Port, "a port without leading zero")
        }
        Some(value) => Ok((rest, value)),
    }
}

/// `80`, `80:90`, `:90` or `80:`, the first not above the last.
pub(crate) fn port_range(input: &[u8]) -> Parsed<'_, (u16, u16)> {
    let (rest, first) = match input.first() {
        Some(b':') => (input, 0),
        _ => port(input)?,
    };
    let (rest, colon) = opt(char(':')).parse(rest)?;
    if colon.is_none() {
        return Ok((rest, (first, first)));
    }
    let (behind, last) = match rest.first() {
        Some(byte) if byte.is_ascii_digit() => port(rest)?,
        _ => (rest, u16::MAX),
    };
    if first > last {
        return broken(rest, ErrorKind::Port, "a last port that is not below the first");
    }
    Ok((behind, (first, last)))
}

/// One range, or a list of at most `at_most` of them.
fn ports(value: &[u8], at_most: usize) -> Result<(), ParseError> {
    let mut list = recognize(fold_many_m_n(
        0,
        at_most.saturating_sub(1),
        preceded(char(','), port_range),
        || (),
        |(), _| (),
    ));
    all(value, |input| preceded(port_range, |rest| list.parse(rest)).parse(input))
        .map(|_: &[u8]| ())
}

/// The ranges of a list that was read before.
pub(crate) fn next_range(list: &[u8]) -> Option<(&[u8], (u16, u16))> {
    terminated(port_range, opt(char(','))).parse(list).ok()
}

fn address_text(input: &[u8]) -> Parsed<'_, &[u8]> {
    take_while_m_n(2, 45, |b: u8| b.is_hex_digit() || matches!(b, b':' | b'.')).parse(input)
}

fn parse_ip<T: core::str::FromStr>(text: &[u8]) -> Option<T> {
    core::str::from_utf8(text).ok()?.parse().ok()
}

/// An address with or without a mask, which is a length or itself an address.
fn network(value: &[u8]) -> Result<RawNetwork, ParseError> {
    let wrong = |at, expected| {
        ParseError::new(ErrorKind::Address, at, expected).with_found(value.get(at).copied())
    };
    let (rest, text) = address_text(value).map_err(|_| wrong(0, "an IP address"))?;
    let address: IpAddr = parse_ip(text).ok_or_else(|| wrong(0, "an IP address"))?;
    let bits = if address.is_ipv4() { 32 } else { 128 };
    let Some(mask) = rest.strip_prefix(b"/") else {
        return if rest.is_empty() {
            Ok((address, bits))
        } else {
            Err(wrong(text.len(), "a slash or the end"))
        };
    };
    let length = match address {
        IpAddr::V4(_) => parse_ip::<Ipv4Addr>(mask)
            .and_then(|mask| mask_length(u128::from(mask.to_bits()) << 96)),
        IpAddr::V6(_) => parse_ip::<Ipv6Addr>(mask).and_then(|mask| mask_length(mask.to_bits())),
    };
    let length = length.or_else(|| {
        port(mask).ok().filter(|(rest, _)| rest.is_empty()).and_then(|(_, n)| u8::try_from(n).ok())
    });
    match length {
        Some(length) if length <= bits => Ok((address, length)),
        _ => Err(wrong(text.len().saturating_add(1), "a mask")),
    }
}

fn mask_length(mask: u128) -> Option<u8> {
    let ones = mask.leading_ones();
    (ones.saturating_add(mask.trailing_zeros()) >= 128).then(|| u8::try_from(ones).ok())?
}

/// The address and the port that a packet is sent on to, each `None` where it is left out or is a
/// range.
pub(crate) type RawTarget = (Option<IpAddr>, Option<u16>);

/// `10.0.0.1:80`, `[fd01::5]:80`, `fd01::5`, `10.0.0.1-10.0.0.9:80-90/80`, `:80`.
pub(crate) fn target_address(value: &[u8]) -> Result<RawTarget, ParseError> {
    let v6 = |text: &[u8]| parse_ip::<Ipv6Addr>(text).map(IpAddr::V6);
    let v4_text =
        || recognize((digit1, char('.'), take_while(|b: u8| b.is_ascii_digit() || b == b'.')));
    let bracketed =
        delimited(char('['), (address_text, opt(preceded(char('-'), address_text))), char(']'));
    let dotted = (v4_text(), opt(preceded(char('-'), v4_text())));
    let with_ports =
        (opt(alt((bracketed, dotted))), opt(preceded(char(':'), cut(target_port_range))));
    let wrong = || {
        ParseError::new(ErrorKind::Address, 0, "an address and a port")
            .with_found(value.first().copied())
    };
    let resolve = |text: &[u8]| {
        parse_ip::<IpAddr>(text)
            .filter(|ip| ip.is_ipv4() != value.starts_with(b"["))
            .ok_or_else(wrong)
    };
    match all(value, with_ports) {
        Ok((None, None)) => Err(wrong()),
        Ok((addresses, ports)) => {
            let address = match addresses {
                None => None,
                Some((one, None)) => Some(resolve(one)?),
                Some((from, Some(to))) => {
                    resolve(from)?;
                    resolve(to)?;
                    None
                }
            };
            Ok((address, ports.and_then(|(first, last)| (first == last).then_some(first))))
        }
        Err(error) => match v6(value) {
            Some(address) => Ok((Some(address), None)),
            None => Err(error),
        },
    }
}

/// `80`, `80-90`, and behind a range the base port of a shifted mapping (`80-90/8080`).
fn target_port_range(input: &[u8]) -> Parsed<'_, (u16, u16)> {
    let (rest, first) = port(input)?;
    let (rest, last) =
        opt(preceded(char('-'), (port, opt(preceded(char('/'), port))))).parse(rest)?;
    let last = last.map_or(first, |(last, _)| last);
    if first > last {
        return broken(input, ErrorKind::Port, "a last port that is not below the first");
    }
    Ok((rest, (first, last)))
}

/// The ports of REDIRECT and MASQUERADE: `80` or `80-90`.
pub(crate) fn target_ports(value: &[u8]) -> Result<(u16, u16), ParseError> {
    all(value, target_port_range)
}

/// A probability as the kernel keeps it: a number of 2^31 parts, rounded to the nearest; at most
/// twelve decimals count.
pub(crate) fn probability(value: &[u8]) -> Result<u32, ParseError> {
    let decimals = preceded(char('.'), digit1);
    let (whole, decimals) = all(
        value,
        expect(
            ErrorKind::RuleArgument,
            "a probability from 0 to 1",
            (alt((tag("0"), tag("1"))), opt(decimals)),
        ),
    )?;
    const ONE: u128 = 1_000_000_000_000;
    let mut parts = u128::from(whole == b"1");
    for place in 0..12usize {
        let digit = decimals.and_then(|d: &[u8]| d.get(place)).map_or(0, |b| u128::from(b & 0x0f));
        parts = parts.wrapping_mul(10).wrapping_add(digit);
    }
    if parts > ONE {
        return Err(ParseError::new(ErrorKind::RuleArgument, 0, "a probability from 0 to 1")
            .with_found(value.first().copied()));
    }
    let scaled = parts.saturating_mul(1 << 31).saturating_add(ONE / 2) / ONE;
    Ok(u32::try_from(scaled).unwrap_or(u32::MAX))
}
