//! An iptables rule as a typed value: what it matches and where it leads.

use crate::error::ParseError;
use crate::grammar::iptables::{self, Parts, Piece, Stretch};
use crate::port::{PortRange, Protocol};
use crate::text::Text;
use core::fmt;
use core::net::IpAddr;

/// The arguments of an iptables rule: options with their values, the command and the chain not
/// among them.
///
/// Read are the three ways in which programs write rules: iptables-save and iptables-restore 1.8
/// (`--comment "two words"`), CRI-O's restore input (`--to-destination=10.42.0.7:8443`), and
/// ovnkube's log, which joins its arguments by blanks without quoting them (`--comment from OVN to
/// localhost`). The bytes are kept and printed back as they were.
///
/// ```
/// use hostport_audit::record::rule::{Rule, Target};
/// use hostport_audit::{PortRange, Protocol};
///
/// let rule = Rule::parse(b"-p TCP -m addrtype --dst-type LOCAL --dport 32718 -j DNAT --to-destination 10.96.178.142:8081")?;
/// assert_eq!(rule.protocol().and_then(|p| p.plain()), Some(Protocol::Tcp));
/// assert!(rule.dst_type_local());
/// let ports = rule.dport().and_then(|p| p.plain()).and_then(|p| p.single_range());
/// assert_eq!(ports, Some(PortRange::single(32718)));
/// assert!(matches!(rule.target(), Some(Target::Dnat(to)) if to.port() == Some(8081)));
/// assert_eq!(rule.to_string(), "-p TCP -m addrtype --dst-type LOCAL --dport 32718 -j DNAT --to-destination 10.96.178.142:8081");
/// # Ok::<(), hostport_audit::ParseError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rule<'a> {
    raw: Text<'a>,
    parts: Parts,
}

impl<'a> Rule<'a> {
    /// Reads the arguments of a rule.
    ///
    /// # Errors
    /// A word that is no option where one should stand, an option without its value, an option
    /// given twice that iptables takes once, a port, address or probability in a form that
    /// iptables does not print, `-j DNAT` without `--to-destination`.
    pub fn parse(raw: &'a [u8]) -> Result<Self, ParseError> {
        Self::read(raw).map_err(|error| error.quoting(raw))
    }

    fn read(raw: &'a [u8]) -> Result<Self, ParseError> {
        Ok(Self { parts: iptables::rule(raw)?, raw: Text::borrowed(raw) })
    }

    /// The bytes as they stand in the log.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.raw.as_bytes()
    }

    /// The same rule, no longer bound to the input.
    #[must_use]
    pub fn into_owned(self) -> Rule<'static> {
        Rule { raw: self.raw.into_owned(), parts: self.parts }
    }

    /// All options in order, also those that have no getter here.
    #[must_use]
    pub fn options(&self) -> Options<'_> {
        Options { rest: self.raw.as_bytes() }
    }

    fn text(&self, stretch: Stretch) -> Text<'_> {
        Text::borrowed(stretch.of(self.raw.as_bytes()))
    }

    fn condition<T>(piece: Piece<T>) -> Condition<T> {
        Condition { negated: piece.negated, value: piece.value }
    }

    /// `-p`, if it names a protocol that has ports.
    #[must_use]
    pub fn protocol(&self) -> Option<Condition<Protocol>> {
        let name = self.protocol_name()?;
        Some(Condition {
            negated: name.negated,
            value: Protocol::from_bytes(name.value.as_bytes()).ok()?,
        })
    }

    /// `-p` as written.
    #[must_use]
    pub fn protocol_name(&self) -> Option<Condition<Text<'_>>> {
        self.parts
            .protocol
            .map(|piece| Condition { negated: piece.negated, value: self.text(piece.value) })
    }

    /// `-s`.
    #[must_use]
    pub fn source(&self) -> Option<Condition<Network>> {
        self.parts.source.map(|piece| Self::condition(piece).map(Network::from_pair))
    }

    /// `-d`.
    #[must_use]
    pub fn destination(&self) -> Option<Condition<Network>> {
        self.parts.destination.map(|piece| Self::condition(piece).map(Network::from_pair))
    }

    /// `--dport` or `--dports`.
    #[must_use]
    pub fn dport(&self) -> Option<Condition<Ports<'_>>> {
        self.ports(self.parts.destination_ports)
    }

    /// `--sport` or `--sports`.
    #[must_use]
    pub fn sport(&self) -> Option<Condition<Ports<'_>>> {
        self.ports(self.parts.source_ports)
    }

    fn ports(&self, piece: Option<Piece<Stretch>>) -> Option<Condition<Ports<'_>>> {
        piece.map(|piece| Condition {
            negated: piece.negated,
            value: Ports { list: piece.value.of(self.raw.as_bytes()) },
        })
    }

    /// `--dst-type` of the match addrtype, as written: `LOCAL`, or several types with commas
    /// between them.
    #[must_use]
    pub fn dst_type(&self) -> Option<Condition<Text<'_>>> {
        self.parts
            .destination_type
            .map(|piece| Condition { negated: piece.negated, value: self.text(piece.value) })
    }

    /// True for `--dst-type LOCAL`: the rule matches every address of the host and no other.
    #[must_use]
    pub fn dst_type_local(&self) -> bool {
        self.dst_type().and_then(Condition::plain).is_some_and(|types| types == "LOCAL")
    }

    /// `--probability` of the match statistic, in the 2^31 parts in which the kernel keeps it.
    #[must_use]
    pub fn probability(&self) -> Option<u32> {
        let piece = self.parts.probability?;
        iptables::probability(piece.value.of(self.raw.as_bytes())).ok()
    }

    /// `-j` or `-g`, with what the target takes.
    #[must_use]
    pub fn target(&self) -> Option<Target<'_>> {
        let (name, goto) = self.parts.target?;
        let ports = || {
            let text = self.parts.to_ports?.of(self.raw.as_bytes());
            iptables::target_ports(text).ok().map(|(first, last)| PortRange::new(first, last))
        };
        let name = self.text(name);
        if goto {
            return Some(Target::Goto(name));
        }
        Some(match name.as_bytes() {
            b"ACCEPT" => Target::Accept,
            b"DROP" => Target::Drop,
            b"RETURN" => Target::Return,
            b"MASQUERADE" => Target::Masquerade(ports()),
            b"REDIRECT" => Target::Redirect(ports()),
            b"MARK" => Target::Mark(self.parts.set_mark.map(|mark| self.text(mark))),
            b"DNAT" => match self.to_destination() {
                Some(to) => Target::Dnat(to),
                None => Target::Jump(name),
            },
            b"SNAT" => Target::Snat(self.parts.to_source.and_then(|at| self.address(at))),
            _ => Target::Jump(name),
        })
    }

    fn address(&self, at: Stretch) -> Option<TargetAddress<'_>> {
        let text = self.text(at);
        let (address, port) = iptables::target_address(text.as_bytes()).ok()?;
        Some(TargetAddress { text, address, port })
    }

    /// `--to-destination`.
    #[must_use]
    pub fn to_destination(&self) -> Option<TargetAddress<'_>> {
        self.parts.to_destination.and_then(|at| self.address(at))
    }

    /// `--comment`, with the escapes of a quoted comment undone; of several comments the last.
    #[must_use]
    pub fn comment(&self) -> Option<Text<'_>> {
        let (stretch, quoted) = self.parts.comment?;
        let text = stretch.of(self.raw.as_bytes());
        Some(if quoted { unescaped(text) } else { Text::borrowed(text) })
    }
}

impl fmt::Display for Rule<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.raw, f)
    }
}

/// Inside double quotes a backslash stands before a byte that is meant as it is.
fn unescaped(text: &[u8]) -> Text<'_> {
    if memchr::memchr(b'\\', text).is_none() {
        return Text::borrowed(text);
    }
    let mut plain = alloc::vec::Vec::with_capacity(text.len());
    let mut bytes = text.iter();
    while let Some(&byte) = bytes.next() {
        plain.push(if byte == b'\\' { bytes.next().copied().unwrap_or(byte) } else { byte });
    }
    Text::from(plain)
}

/// A value that a packet must have, or, negated by `!`, must not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Condition<T> {
    negated: bool,
    value: T,
}

impl<T> Condition<T> {
    /// True if `!` stands before the option.
    #[must_use]
    pub const fn is_negated(&self) -> bool {
        self.negated
    }

    /// The value, whether it is negated or not.
    #[must_use]
    pub const fn value(&self) -> &T {
        &self.value
    }

    /// The value if it is not negated.
    #[must_use]
    pub fn plain(self) -> Option<T> {
        if self.negated { None } else { Some(self.value) }
    }

    fn map<U>(self, change: impl FnOnce(T) -> U) -> Condition<U> {
        Condition { negated: self.negated, value: change(self.value) }
    }
}

/// An address with a mask: `10.42.0.0/16`; without a written mask it is one address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Network {
    address: IpAddr,
    prefix_length: u8,
}

impl Network {
    const fn from_pair((address, prefix_length): (IpAddr, u8)) -> Self {
        Self { address, prefix_length }
    }

    /// The address as written.
    #[must_use]
    pub const fn address(self) -> IpAddr {
        self.address
    }

    /// How many bits of it count.
    #[must_use]
    pub const fn prefix_length(self) -> u8 {
        self.prefix_length
    }

    /// The address, if all its bits count.
    #[must_use]
    pub const fn single_address(self) -> Option<IpAddr> {
        let bits = if self.address.is_ipv4() { 32 } else { 128 };
        if self.prefix_length == bits { Some(self.address) } else { None }
    }
}

/// The ports of a match: one, a range, or a list of both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ports<'a> {
    list: &'a [u8],
}

impl<'a> Ports<'a> {
    /// The ranges in the order in which they are written; a single port is a range of one.
    #[must_use]
    pub const fn ranges(self) -> PortRanges<'a> {
        PortRanges { rest: self.list }
    }

    /// The range, if there is just one.
    #[must_use]
    pub fn single_range(self) -> Option<PortRange> {
        let mut ranges = self.ranges();
        let first = ranges.next()?;
        if ranges.next().is_none() { Some(first) } else { None }
    }
}

/// Iterates over the ranges of [`Ports`].
#[derive(Debug, Clone)]
pub struct PortRanges<'a> {
    rest: &'a [u8],
}

impl Iterator for PortRanges<'_> {
    type Item = PortRange;

    fn next(&mut self) -> Option<PortRange> {
        let (rest, (first, last)) = iptables::next_range(self.rest)?;
        self.rest = rest;
        Some(PortRange::new(first, last))
    }
}

/// The address and port that a target puts into a packet: `10.42.0.7:8443`, `[fd01::9]:8443`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TargetAddress<'a> {
    text: Text<'a>,
    address: Option<IpAddr>,
    port: Option<u16>,
}

impl TargetAddress<'_> {
    /// As written.
    #[must_use]
    pub const fn text(&self) -> &Text<'_> {
        &self.text
    }

    /// The address; `None` for a range of addresses and where only a port is written.
    #[must_use]
    pub const fn address(&self) -> Option<IpAddr> {
        self.address
    }

    /// The port; `None` for a range of ports and where none is written.
    #[must_use]
    pub const fn port(&self) -> Option<u16> {
        self.port
    }
}

/// Where a rule leads.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Target<'a> {
    /// The packet may pass.
    Accept,
    /// The packet is dropped.
    Drop,
    /// Back to the chain before.
    Return,
    /// Its destination is rewritten.
    Dnat(TargetAddress<'a>),
    /// Its source is rewritten.
    Snat(Option<TargetAddress<'a>>),
    /// Its source is rewritten to the address of the way out.
    Masquerade(Option<PortRange>),
    /// Its destination is rewritten to the host itself, at these ports.
    Redirect(Option<PortRange>),
    /// It is marked, with the value of `--set-xmark` or `--set-mark`.
    Mark(Option<Text<'a>>),
    /// On to a chain, or to a target without type here.
    Jump(Text<'a>),
    /// On to a chain without coming back.
    Goto(Text<'a>),
}

/// Iterates over the options of a [`Rule`].
#[derive(Debug, Clone)]
pub struct Options<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Options<'a> {
    type Item = RuleOption<'a>;

    fn next(&mut self) -> Option<RuleOption<'a>> {
        let (rest, found) = iptables::option(self.rest).ok()?;
        self.rest = iptables::blanks(rest).map_or(rest, |(rest, _)| rest);
        let value = found
            .value
            .map(|value| if found.quoted { unescaped(value) } else { Text::borrowed(value) });
        Some(RuleOption { negated: found.negated, name: found.name, value })
    }
}

/// One option of a rule: `! --dport 80`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RuleOption<'a> {
    negated: bool,
    name: &'a [u8],
    value: Option<Text<'a>>,
}

impl<'a> RuleOption<'a> {
    /// True if `!` stands before it.
    #[must_use]
    pub const fn is_negated(&self) -> bool {
        self.negated
    }

    /// The name with its dashes.
    #[must_use]
    pub const fn name(&self) -> &'a [u8] {
        self.name
    }

    /// The value, with the escapes of a quoted one undone; several words where the option takes
    /// several.
    #[must_use]
    pub const fn value(&self) -> Option<&Text<'a>> {
        self.value.as_ref()
    }
}
