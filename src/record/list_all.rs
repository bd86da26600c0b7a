//! What `firewall-cmd --list-all`, `--list-all-zones` and `--list-all-policies` print.

use crate::error::ParseError;
use crate::grammar::list_all::{self as grammar, Block};
use crate::port::{HostPort, PortRange, Protocol};
use crate::text::Text;
use core::fmt;

/// What a block of the output is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
pub enum Subject {
    /// A zone.
    Zone,
    /// A policy (firewalld 0.9 and later).
    Policy,
}

/// One zone, or one policy, as `firewall-cmd` and `firewall-offline-cmd` list it (firewalld 0.9 to
/// 2.5; 0.6 reads the same).
///
/// It says nothing of the layer: with `--permanent` the output looks the same, so the caller has to
/// know how it was made. Lines of keys that are not known here are kept, see
/// [`fields`](Self::fields).
///
/// ```
/// use hostport_audit::record::list_all::Listing;
///
/// let listing = Listing::parse(b"public (default, active)
///   target: default
///   icmp-block-inversion: no
///   interfaces: eth0
///   sources:
///   services: dhcpv6-client ssh
///   ports: 8443/tcp 8000-8010/udp
///   protocols:
///   forward: yes
///   masquerade: no
///   forward-ports:
/// \tport=8081:proto=tcp:toport=80:toaddr=
///   source-ports:
///   icmp-blocks:
///   rich rules:
/// ")?;
/// assert_eq!(listing.name(), "public");
/// assert!(listing.is_default() && listing.is_active());
/// let ports: Vec<_> = listing.ports().filter_map(|port| port.host_port()).collect();
/// assert_eq!(ports, ["8443/tcp".parse()?, "8000-8010/udp".parse()?]);
/// assert_eq!(listing.forward_ports().next().unwrap().to_port(), "80");
/// # Ok::<(), hostport_audit::ParseError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Listing<'a> {
    raw: Text<'a>,
    block: Block,
}

impl<'a> Listing<'a> {
    /// Reads output that holds one block, such as that of `--list-all`; a note of `firewall-cmd`
    /// before it is passed over.
    ///
    /// # Errors
    /// With the position: the errors of a block (see [`Listings`]), or more than one block.
    pub fn parse(output: &'a [u8]) -> Result<Self, ParseError> {
        Self::read(output).map_err(|error| error.quoting(output))
    }

    fn read(output: &'a [u8]) -> Result<Self, ParseError> {
        let mut listings = Listings::new(output);
        let none = || {
            ParseError::new(crate::error::ErrorKind::Listing, output.len(), "the name of a zone")
        };
        let listing = listings.next().ok_or_else(none)??;
        if listings.rest.is_empty() {
            return Ok(listing);
        }
        let at = output.len().saturating_sub(listings.rest.len());
        Err(ParseError::new(crate::error::ErrorKind::Trailing, at, "the end")
            .with_found(listings.rest.first().copied()))
    }

    /// The bytes of the block, the last line end not among them.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.raw.as_bytes()
    }

    /// The same listing, no longer bound to the output.
    #[must_use]
    pub fn into_owned(self) -> Listing<'static> {
        Listing { raw: self.raw.into_owned(), block: self.block }
    }

    /// The zone or the policy.
    #[must_use]
    pub fn name(&self) -> Text<'_> {
        Text::borrowed(self.block.name.of(self.raw.as_bytes()))
    }

    /// Whether it is a zone or a policy.
    #[must_use]
    pub fn subject(&self) -> Subject {
        if self.block.value("ingress-zones").is_some() { Subject::Policy } else { Subject::Zone }
    }

    /// True if the output says that this is the default zone: in parentheses (firewalld 2.0 and
    /// later) or in the note before it.
    ///
    /// False says nothing.
    #[must_use]
    pub const fn is_default(&self) -> bool {
        self.block.flags.default
    }

    /// True if the zone or policy is in use.
    #[must_use]
    pub const fn is_active(&self) -> bool {
        self.block.flags.active
    }

    /// True if the policy is switched off (firewalld 2.4 and later).
    #[must_use]
    pub fn is_disabled(&self) -> bool {
        self.block.flags.disabled || self.flag("disable") == Some(true)
    }

    /// What becomes of packets that nothing else decides: `default`, `ACCEPT`, `%%REJECT%%`,
    /// `DROP`, of policies also `CONTINUE`.
    #[must_use]
    pub fn target(&self) -> Text<'_> {
        Text::borrowed(self.value("target"))
    }

    /// Whether the ICMP types listed are let through instead of blocked; policies have no such
    /// line.
    #[must_use]
    pub fn icmp_block_inversion(&self) -> Option<bool> {
        self.flag("icmp-block-inversion")
    }

    /// The interfaces of the zone; `--permanent` lists those that NetworkManager puts into it among
    /// them.
    pub fn interfaces(&self) -> impl Iterator<Item = Text<'_>> {
        self.words("interfaces")
    }

    /// The sources of the zone: addresses, MAC addresses, `ipset:NAME`.
    pub fn sources(&self) -> impl Iterator<Item = Text<'_>> {
        self.words("sources")
    }

    /// The zones that the policy's packets come from.
    pub fn ingress_zones(&self) -> impl Iterator<Item = Text<'_>> {
        self.words("ingress-zones")
    }

    /// The zones that the policy's packets go to.
    pub fn egress_zones(&self) -> impl Iterator<Item = Text<'_>> {
        self.words("egress-zones")
    }

    /// The services, by name.
    pub fn services(&self) -> impl Iterator<Item = Text<'_>> {
        self.words("services")
    }

    /// The ports.
    pub fn ports(&self) -> impl Iterator<Item = ListedPort<'_>> {
        grammar::words(self.value("ports")).filter_map(ListedPort::of)
    }

    /// The IP protocols, by name or number.
    pub fn protocols(&self) -> impl Iterator<Item = Text<'_>> {
        self.words("protocols")
    }

    /// Whether packets are forwarded within the zone; `None` below firewalld 0.9 and for policies.
    #[must_use]
    pub fn forward(&self) -> Option<bool> {
        self.flag("forward")
    }

    /// Whether packets are masqueraded.
    #[must_use]
    pub fn masquerade(&self) -> bool {
        self.flag("masquerade").unwrap_or_default()
    }

    /// The forward ports.
    pub fn forward_ports(&self) -> impl Iterator<Item = ForwardPort<'_>> {
        grammar::lines(self.value("forward-ports")).filter_map(ForwardPort::of)
    }

    /// The source ports.
    pub fn source_ports(&self) -> impl Iterator<Item = ListedPort<'_>> {
        grammar::words(self.value("source-ports")).filter_map(ListedPort::of)
    }

    /// The ICMP types that are blocked, or, inverted, let through.
    pub fn icmp_blocks(&self) -> impl Iterator<Item = Text<'_>> {
        self.words("icmp-blocks")
    }

    /// The rich rules.
    pub fn rich_rules(&self) -> impl Iterator<Item = Text<'_>> {
        grammar::lines(self.value("rich rules")).map(Text::borrowed)
    }

    /// All lines in order as key and value, those of later versions among them; the value as it
    /// stands, with its further lines.
    #[must_use]
    pub fn fields(&self) -> Fields<'_> {
        let raw = self.raw.as_bytes();
        let behind =
            raw.iter().position(|&b| b == b'\n').map_or(raw.len(), |at| at.saturating_add(1));
        Fields { rest: raw.get(behind..).unwrap_or_default() }
    }

    fn value(&self, key: &str) -> &[u8] {
        self.block.value(key).map_or(&[], |stretch| stretch.of(self.raw.as_bytes()))
    }

    fn flag(&self, key: &str) -> Option<bool> {
        grammar::yes_or_no(self.value(key))
    }

    fn words(&self, key: &str) -> impl Iterator<Item = Text<'_>> {
        grammar::words(self.value(key)).map(Text::borrowed)
    }
}

impl fmt::Display for Listing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.raw, f)
    }
}

/// The lines of a [`Listing`]; made by [`Listing::fields`].
#[derive(Debug, Clone)]
pub struct Fields<'l> {
    rest: &'l [u8],
}

impl<'l> Iterator for Fields<'l> {
    type Item = (Text<'l>, Text<'l>);

    fn next(&mut self) -> Option<Self::Item> {
        let (rest, (key, value)) = grammar::entry(self.rest).ok()?;
        self.rest = rest;
        Some((Text::borrowed(key), Text::borrowed(value)))
    }
}

/// A port of a zone as it is listed: `8080/tcp`, `8000-8010/udp`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ListedPort<'l> {
    port: Text<'l>,
    protocol: Protocol,
}

impl<'l> ListedPort<'l> {
    fn of(item: &'l [u8]) -> Option<Self> {
        let (port, protocol) = grammar::port(item).ok()?;
        Some(Self { port: Text::borrowed(port), protocol })
    }

    /// The port or ports, as they stand.
    #[must_use]
    pub const fn port(&self) -> &Text<'l> {
        &self.port
    }

    /// The protocol.
    #[must_use]
    pub const fn protocol(&self) -> Protocol {
        self.protocol
    }

    /// The ports as numbers; `None` where only the host can resolve them, such as the name of a
    /// service (`http/tcp`).
    #[must_use]
    pub fn host_port(&self) -> Option<HostPort> {
        let range: PortRange = self.port.to_str()?.parse().ok()?;
        Some(HostPort::new(self.protocol, range))
    }
}

impl fmt::Display for ListedPort<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.port, self.protocol)
    }
}

/// A forward port as it is listed: `port=8081:proto=tcp:toport=80:toaddr=192.0.2.7`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ForwardPort<'l> {
    port: Text<'l>,
    protocol: Protocol,
    to_port: Text<'l>,
    to_address: Text<'l>,
}

impl<'l> ForwardPort<'l> {
    fn of(item: &'l [u8]) -> Option<Self> {
        let (port, protocol, to_port, to_address) = grammar::forward_port(item).ok()?;
        Some(Self {
            port: Text::borrowed(port),
            protocol,
            to_port: Text::borrowed(to_port),
            to_address: Text::borrowed(to_address),
        })
    }

    /// The port or ports that are forwarded, as they stand.
    #[must_use]
    pub const fn port(&self) -> &Text<'l> {
        &self.port
    }

    /// The protocol.
    #[must_use]
    pub const fn protocol(&self) -> Protocol {
        self.protocol
    }

    /// The port they lead to; empty for the same port.
    #[must_use]
    pub const fn to_port(&self) -> &Text<'l> {
        &self.to_port
    }

    /// The address they lead to; empty for this host.
    #[must_use]
    pub const fn to_address(&self) -> &Text<'l> {
        &self.to_address
    }
}

impl fmt::Display for ForwardPort<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "port={}:proto={}:toport={}:toaddr={}",
            self.port, self.protocol, self.to_port, self.to_address
        )
    }
}

/// The blocks of output that may hold several, in order; behind a broken block it goes on with the
/// next.
///
/// A block is broken, and told with its position, if it lacks a line that each version prints
/// (`rich rules` is always the last, so output that was cut short is found out), has one twice, or
/// has a value that firewalld does not print. Refused in words of their own are the form of
/// firewalld 0.3 and 0.4, a prompt of a shell, and what `firewall-cmd` says in the place of a
/// listing (`FirewallD is not running`).
///
/// Blanks where firewalld prints a tab, CRLF line ends and a byte order mark in front are read.
///
/// ```
/// use hostport_audit::record::list_all::Listings;
///
/// let output = b"block\n  target: %%REJECT%%\n";
/// let error = Listings::new(output).next().unwrap().unwrap_err();
/// assert_eq!(error.to_string(), "bad listing at byte 27: expected the line services, found the end");
/// ```
#[derive(Debug, Clone)]
pub struct Listings<'a> {
    whole: usize,
    rest: &'a [u8],
    default: Option<&'a [u8]>,
}

impl<'a> Listings<'a> {
    /// The blocks of an output.
    #[must_use]
    pub fn new(output: &'a [u8]) -> Self {
        let text = grammar::without_mark(output);
        let (rest, default) = match grammar::note(text) {
            Ok((rest, default)) => (rest, Some(default)),
            Err(_) => (text, None),
        };
        Self { whole: output.len(), rest: grammar::empty_lines(rest), default }
    }

    /// The default zone, where a note of `firewall-cmd` before the first block names it.
    #[must_use]
    pub fn default_zone(&self) -> Option<Text<'a>> {
        self.default.map(Text::borrowed)
    }
}

impl<'a> Iterator for Listings<'a> {
    type Item = Result<Listing<'a>, ParseError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let start = self.rest;
        let at = self.whole.saturating_sub(start.len());
        match grammar::block(start) {
            Ok((mut block, rest)) => {
                self.rest = grammar::empty_lines(rest);
                let raw = start.get(..start.len().saturating_sub(rest.len())).unwrap_or_default();
                let raw = grammar::without_line_end(raw);
                block.flags.default |= self.default.is_some_and(|name| name == block.name.of(raw));
                Some(Ok(Listing { raw: Text::borrowed(raw), block }))
            }
            Err(error) => {
                self.rest = grammar::next_block(start);
                Some(Err(error.shifted(at)))
            }
        }
    }
}
