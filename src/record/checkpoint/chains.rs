//! The rules that `iptables -t nat -nvL` and `ip6tables -t nat -nvL` list (iptables 1.8.4 to
//! 1.8.10), as sos reports hold them.
//!
//! The listing proves what the rules of one table of one family do with a new packet: which port
//! leads where (`dpt:30080 ... to:10.43.1.1:8081`), for which destination, from which interface. It
//! does not name the table. Of the modules of iptables it prints words of their own, and the text
//! of a comment is raw; a rule that holds anything that is not known here says so
//! ([`is_whole`](ListedRule::is_whole)).

use super::Refused;
use super::lines::{Line, lines};
use crate::error::{ErrorKind, ParseError};
use crate::family::Family;
use crate::grammar::error::{all, public};
use crate::grammar::iptables_list::{self as grammar, Part};
use crate::port::{PortRange, Protocol};
use crate::text::Text;
use alloc::vec::Vec;
use core::net::IpAddr;

/// The chains of a table.
///
/// ```
/// use hostport_audit::record::checkpoint::chains::Chains;
///
/// let chains = Chains::parse(b"Chain OVN-KUBE-NODEPORT (0 references)
///  pkts bytes target     prot opt in     out     source               destination
///     0     0 DNAT       6    --  *      *       0.0.0.0/0            0.0.0.0/0            ADDRTYPE match dst-type LOCAL tcp dpt:30080 to:10.43.1.1:8081
/// ")?;
/// let rule = &chains.get(b"OVN-KUBE-NODEPORT").unwrap().rules()[0];
/// assert_eq!(rule.destination_ports().unwrap().first(), 30080);
/// assert!(rule.is_local() && rule.is_whole());
/// assert_eq!(rule.to().unwrap(), "10.43.1.1:8081");
/// # Ok::<(), hostport_audit::record::checkpoint::Refused>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Chains<'a> {
    chains: Vec<Chain<'a>>,
    is_cut: bool,
}

/// A chain and its rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain<'a> {
    name: Text<'a>,
    policy: Option<Text<'a>>,
    references: Option<u64>,
    rules: Vec<ListedRule<'a>>,
}

/// Which protocol a rule asks for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RuleProtocol<'a> {
    /// None.
    Any,
    /// One that has ports.
    One(Protocol),
    /// Any other, or all but one (`!6`), as it stands.
    Other(Text<'a>),
}

/// A rule of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedRule<'a> {
    target: Text<'a>,
    protocol: RuleProtocol<'a>,
    input: Text<'a>,
    output: Text<'a>,
    source: Text<'a>,
    destination: Text<'a>,
    comment: Option<Text<'a>>,
    destination_ports: Option<PortRange>,
    is_local: bool,
    probability: Option<Text<'a>>,
    to: Option<Text<'a>>,
    is_whole: bool,
}

impl<'a> Chains<'a> {
    /// Reads the output for one table.
    ///
    /// # Errors
    /// Text of another form (no `-v`, line numbers), a chain without its columns, a rule outside a
    /// chain, a comment that goes on in another line.
    pub fn parse(text: &'a [u8]) -> Result<Self, Refused> {
        Self::read(text).map_err(|error| Refused::of(text, error))
    }

    fn read(text: &'a [u8]) -> Result<Self, ParseError> {
        let mut chains = Self::default();
        let mut wants_titles = false;
        for line in lines(text) {
            chains.is_cut = !line.ended;
            let shift = |error: ParseError| error.shifted(line.at);
            match chains.line(line, wants_titles) {
                Ok(titles) => wants_titles = titles,
                // The last line was cut inside its columns, so it is no rule.
                Err(_) if !line.ended && !chains.chains.is_empty() => {}
                Err(error) => return Err(shift(error)),
            }
        }
        if chains.chains.is_empty() || (wants_titles && !chains.is_cut) {
            let words = if wants_titles { "the columns of iptables -nvL" } else { "a chain" };
            return Err(ParseError::new(ErrorKind::Listing, text.len(), words));
        }
        Ok(chains)
    }

    /// Takes a line, and tells whether the columns have to come next.
    fn line(&mut self, line: Line<'a>, wants_titles: bool) -> Result<bool, ParseError> {
        let bytes = line.bytes;
        if wants_titles {
            return all(bytes, grammar::titles).map(|()| false);
        }
        if bytes.trim_ascii().is_empty() || bytes.starts_with(b"# ") {
            return Ok(false);
        }
        if bytes.starts_with(b"Chain ") {
            let head = all(bytes, grammar::head)?;
            self.chains.push(Chain {
                name: Text::borrowed(head.name),
                policy: head.policy.map(Text::borrowed),
                references: head.references,
                rules: Vec::new(),
            });
            return Ok(true);
        }
        let no_chain = || ParseError::new(ErrorKind::Listing, 0, "a chain");
        let chain = self.chains.last_mut().ok_or_else(no_chain)?;
        let rule = ListedRule::read(bytes)?;
        if !line.ended {
            // What a cut rule leads to is not known.
            return Err(ParseError::new(ErrorKind::Listing, bytes.len(), "the end of the line"));
        }
        chain.rules.push(rule);
        Ok(false)
    }

    /// The chains in order.
    #[must_use]
    pub fn chains(&self) -> &[Chain<'a>] {
        &self.chains
    }

    /// The chain with this name.
    #[must_use]
    pub fn get(&self, name: &[u8]) -> Option<&Chain<'a>> {
        self.chains.iter().find(|chain| chain.name == *name)
    }

    /// The family, if a rule shows it.
    #[must_use]
    pub fn family(&self) -> Option<Family> {
        let address = |rule: &ListedRule<'_>| {
            let text = rule.source.to_str()?.trim_start_matches('!');
            text.split('/').next()?.parse::<IpAddr>().ok().map(Family::of)
        };
        self.chains.iter().flat_map(|chain| &chain.rules).find_map(address)
    }

    /// True if the text ends inside a line, so rules may be missing.
    #[must_use]
    pub const fn is_cut(&self) -> bool {
        self.is_cut
    }

    /// True if as many rules lead to each chain as its header says, and each chain that a rule
    /// leads to is listed. A text that lost lines with such rules, or chains that rules lead to,
    /// shows it here.
    #[must_use]
    pub fn references_agree(&self) -> bool {
        let mut rules: Vec<&[u8]> = self.chains.iter().flat_map(|c| &c.rules).map(target).collect();
        rules.sort_unstable();
        let count = |name: &[u8]| {
            let from = rules.partition_point(|target| *target < name);
            rules.partition_point(|target| *target <= name).saturating_sub(from)
        };
        self.chains.iter().all(|chain| match chain.references {
            Some(told) => u64::try_from(count(chain.name.as_bytes())) == Ok(told),
            None => true,
        })
    }

    /// The same chains, no longer bound to the text.
    #[must_use]
    pub fn into_owned(self) -> Chains<'static> {
        let chains = self.chains.into_iter().map(Chain::into_owned).collect();
        Chains { chains, is_cut: self.is_cut }
    }
}

fn target<'r>(rule: &'r ListedRule<'_>) -> &'r [u8] {
    rule.target.as_bytes()
}

impl<'a> Chain<'a> {
    /// The name.
    #[must_use]
    pub const fn name(&self) -> &Text<'a> {
        &self.name
    }

    /// The policy of a chain of the kernel, `ACCEPT` or `DROP`.
    #[must_use]
    pub const fn policy(&self) -> Option<&Text<'a>> {
        self.policy.as_ref()
    }

    /// How many rules lead to it, for a chain of a program.
    #[must_use]
    pub const fn references(&self) -> Option<u64> {
        self.references
    }

    /// The rules in order.
    #[must_use]
    pub fn rules(&self) -> &[ListedRule<'a>] {
        &self.rules
    }

    fn into_owned(self) -> Chain<'static> {
        Chain {
            name: self.name.into_owned(),
            policy: self.policy.map(Text::into_owned),
            references: self.references,
            rules: self.rules.into_iter().map(ListedRule::into_owned).collect(),
        }
    }
}

impl<'a> ListedRule<'a> {
    fn read(line: &'a [u8]) -> Result<Self, ParseError> {
        let (rest, columns) = grammar::columns(line).map_err(|error| public(line, error))?;
        for text in [columns.source, columns.destination] {
            if !is_network(text) {
                let at = grammar::place(line, text);
                return Err(ParseError::new(ErrorKind::Address, at, "an address (iptables -n)"));
            }
        }
        let mut rule = Self {
            target: Text::borrowed(columns.target),
            protocol: protocol(columns.protocol),
            input: Text::borrowed(columns.input),
            output: Text::borrowed(columns.output),
            source: Text::borrowed(columns.source),
            destination: Text::borrowed(columns.destination),
            comment: None,
            destination_ports: None,
            is_local: false,
            probability: None,
            to: None,
            is_whole: !columns.fragments,
        };
        let mut left = rest.trim_ascii_start();
        let open = memchr::memmem::find(left, b"/*").is_some();
        if open && memchr::memmem::find(left, b"*/").is_none() {
            let words = "the end of the comment";
            return Err(ParseError::new(ErrorKind::Listing, line.len(), words));
        }
        if grammar::is_ambiguous(left) {
            // Which of the words are the comment's is not known.
            rule.is_whole = false;
            return Ok(rule);
        }
        while !left.is_empty() {
            let Ok((behind, part)) = grammar::part(left) else {
                rule.is_whole = false;
                let next = left.iter().position(|&b| b == b' ').unwrap_or(left.len());
                left = left.get(next..).unwrap_or_default().trim_ascii_start();
                continue;
            };
            match part {
                Part::Comment(text) => rule.comment = Some(Text::borrowed(text)),
                Part::DestinationPort(ports) => rule.destination_ports = Some(ports),
                Part::Local => rule.is_local = true,
                Part::Probability(text) => rule.probability = Some(Text::borrowed(text)),
                Part::To(text) => rule.to = Some(Text::borrowed(text)),
                Part::Nothing => {}
            }
            left = behind;
        }
        Ok(rule)
    }

    /// The chain or the verdict it leads to, such as `KUBE-HP-EBFULECE6UMBVPG3` or `DNAT`; empty
    /// for a rule that counts and does nothing else.
    #[must_use]
    pub const fn target(&self) -> &Text<'a> {
        &self.target
    }

    /// The protocol.
    #[must_use]
    pub const fn protocol(&self) -> &RuleProtocol<'a> {
        &self.protocol
    }

    /// The interface that packets come from, `*` for any; `!eth0` for any but one.
    #[must_use]
    pub const fn input(&self) -> &Text<'a> {
        &self.input
    }

    /// The interface that packets go to.
    #[must_use]
    pub const fn output(&self) -> &Text<'a> {
        &self.output
    }

    /// The network or address that packets come from; `!` before it for all others.
    #[must_use]
    pub const fn source(&self) -> &Text<'a> {
        &self.source
    }

    /// The network or address that packets go to.
    #[must_use]
    pub const fn destination(&self) -> &Text<'a> {
        &self.destination
    }

    /// The comment. Whoever made the rule chose its text.
    #[must_use]
    pub const fn comment(&self) -> Option<&Text<'a>> {
        self.comment.as_ref()
    }

    /// The ports that packets go to.
    #[must_use]
    pub const fn destination_ports(&self) -> Option<PortRange> {
        self.destination_ports
    }

    /// True if the destination has to be an address of the node.
    #[must_use]
    pub const fn is_local(&self) -> bool {
        self.is_local
    }

    /// The share of packets that it takes by chance, from 0 to 1.
    #[must_use]
    pub const fn probability(&self) -> Option<&Text<'a>> {
        self.probability.as_ref()
    }

    /// Where a `DNAT` leads: `10.43.1.1:8081`, `[fd02::11]:80`, or only an address.
    #[must_use]
    pub const fn to(&self) -> Option<&Text<'a>> {
        self.to.as_ref()
    }

    /// False if the rule holds words that are not known here, or a comment that ends in more than
    /// one place; it may take fewer packets than it seems, or others.
    #[must_use]
    pub const fn is_whole(&self) -> bool {
        self.is_whole
    }

    fn into_owned(self) -> ListedRule<'static> {
        ListedRule {
            target: self.target.into_owned(),
            protocol: match self.protocol {
                RuleProtocol::Any => RuleProtocol::Any,
                RuleProtocol::One(one) => RuleProtocol::One(one),
                RuleProtocol::Other(text) => RuleProtocol::Other(text.into_owned()),
            },
            input: self.input.into_owned(),
            output: self.output.into_owned(),
            source: self.source.into_owned(),
            destination: self.destination.into_owned(),
            comment: self.comment.map(Text::into_owned),
            destination_ports: self.destination_ports,
            is_local: self.is_local,
            probability: self.probability.map(Text::into_owned),
            to: self.to.map(Text::into_owned),
            is_whole: self.is_whole,
        }
    }
}

/// `0.0.0.0/0`, `!10.42.0.9`
fn is_network(text: &[u8]) -> bool {
    let text = text.strip_prefix(b"!").unwrap_or(text);
    let address = text.split(|&b| b == b'/').next().unwrap_or_default();
    core::str::from_utf8(address).is_ok_and(|address| address.parse::<IpAddr>().is_ok())
}

/// `tcp`, or its number, as versions from 1.8.9 on print it with `-n`.
fn protocol(text: &[u8]) -> RuleProtocol<'_> {
    match text {
        b"all" | b"0" => RuleProtocol::Any,
        b"tcp" | b"6" => RuleProtocol::One(Protocol::Tcp),
        b"udp" | b"17" => RuleProtocol::One(Protocol::Udp),
        b"dccp" | b"33" => RuleProtocol::One(Protocol::Dccp),
        b"sctp" | b"132" => RuleProtocol::One(Protocol::Sctp),
        other => RuleProtocol::Other(Text::borrowed(other)),
    }
}
