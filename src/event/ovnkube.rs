//! What ovnkube's records mean for the rules that open host ports.

use crate::family::Family;
use crate::port::{HostPort, Protocol};
use crate::record::klog::{Form, Record};
use crate::record::ovnkube::{Failure, Message, RuleChange};
use crate::record::rule::{self, Condition, Target};
use crate::record::save::{Save, SavedRule};
use crate::text::Text;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::{self, Write};
use core::net::IpAddr;

/// What ovnkube said (OVN-Kubernetes of June 2020 to December 2024).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(tag = "type", rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum Event<'a> {
    /// A line of this process: another number than before means that ovnkube started anew.
    ProcessSeen {
        /// The process, of which klog prints the low seven digits.
        pid: u32,
    },
    /// ovnkube is starting: the echo of its start script, or its first line.
    Starting,
    /// ovnkube is starting and told its verbosity; rule lines are printed from 5 on.
    LoggingConfig {
        /// The verbosity.
        level: Option<u32>,
    },
    /// The services that were there before the start are dealt with.
    ServicesSynced,
    /// A rule is about to be added, unless it is there already.
    Adding {
        /// The rule.
        rule: Rule<'a>,
    },
    /// A rule is about to be deleted, if it is there.
    Deleting {
        /// The rule.
        rule: Rule<'a>,
    },
    /// A rule that is kept, but is none of the chain that is being rebuilt.
    Ignoring {
        /// The rule.
        rule: Rule<'a>,
    },
    /// Adding a rule failed.
    AddFailed {
        /// The rule.
        rule: Rule<'a>,
    },
    /// Deleting a rule failed.
    DeleteFailed {
        /// The rule.
        rule: Rule<'a>,
        /// It failed because there was no such rule.
        missing: bool,
    },
    /// A chain was there already when ovnkube wanted to make it.
    ChainExists {
        /// The table.
        table: Text<'a>,
        /// The chain.
        chain: Text<'a>,
    },
    /// A chain is made if it is not there.
    Creating {
        /// The table.
        table: Text<'a>,
        /// The chain.
        chain: Text<'a>,
    },
    /// A chain is emptied and filled again.
    Recreating {
        /// The table.
        table: Text<'a>,
        /// The chain.
        chain: Text<'a>,
    },
    /// A line that changed rules in a chain that opens ports, but was cut short or broken.
    GrammarError,
    /// The words of [`Event::Adding`], but they may be a part of another record's text.
    UnclearAdding {
        /// The rule.
        rule: Rule<'a>,
    },
    /// The words of [`Event::Deleting`], but they may be a part of another record's text.
    UnclearDeleting {
        /// The rule.
        rule: Rule<'a>,
    },
    /// The words of [`Event::Recreating`], but they may be a part of another record's text.
    UnclearRecreating {
        /// The table.
        table: Text<'a>,
        /// The chain.
        chain: Text<'a>,
    },
}

/// A rule in a chain.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Rule<'a> {
    /// The family.
    pub family: Family,
    /// The table.
    pub table: Text<'a>,
    /// The chain.
    pub chain: Text<'a>,
    /// The arguments, as logged.
    pub args: Text<'a>,
    /// What the rule does for host ports.
    pub role: Role,
}

/// What `iptables-save -t nat` or `ip6tables-save -t nat` printed of a family.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Saved {
    /// The family, which the output itself does not tell.
    pub family: Family,
    /// The rules of all chains.
    pub rules: Vec<Rule<'static>>,
    /// The chain `OVN-KUBE-NODEPORT` is there, with rules or without.
    pub has_chains: bool,
}

impl Saved {
    /// What an output holds.
    #[must_use]
    pub fn of(family: Family, save: &Save<'_>) -> Self {
        let rules = save.rules().iter().map(|rule| Rule::saved(family, rule).into_owned());
        let has_chains = save.declares(b"nat", Chain::NodePort.as_str().as_bytes());
        Self { family, rules: rules.collect(), has_chains }
    }
}

/// What a rule does for host ports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(tag = "type", rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum Role {
    /// It opens host ports.
    Publishes {
        /// Which, and where they lead.
        rule: PortRule,
    },
    /// It stands in a chain that opens host ports, but what it matches is not understood, so
    /// neither are its ports.
    Unreadable {
        /// What is wrong: a number that is no port, or a match.
        not_a_port: bool,
    },
    /// It rewrites destinations in a chain whose name only resembles those that open host ports.
    UnknownChain,
    /// It leads from one of the kernel's own chains into this one.
    Jump {
        /// The chain.
        to: JumpTo,
    },
    /// It has nothing to do with host ports.
    None,
}

/// A chain of ovnkube's that a jump rule leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(tag = "type", content = "chain", rename_all = "snake_case")
)]
pub enum JumpTo {
    /// One that opens host ports.
    Publishing(Chain),
    /// Another one.
    Other,
}

/// The chains of table nat that open host ports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
pub enum Chain {
    /// `OVN-KUBE-NODEPORT`
    NodePort,
    /// `OVN-KUBE-EXTERNALIP`
    ExternalIp,
    /// `OVN-KUBE-ETP` (from December 2021): services with `externalTrafficPolicy: Local`.
    Etp,
}

impl Chain {
    /// All of them, in order.
    pub const ALL: [Self; 3] = [Self::NodePort, Self::ExternalIp, Self::Etp];

    /// The name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NodePort => "OVN-KUBE-NODEPORT",
            Self::ExternalIp => "OVN-KUBE-EXTERNALIP",
            Self::Etp => "OVN-KUBE-ETP",
        }
    }

    /// The chain with exactly this name.
    #[must_use]
    pub fn from_bytes(name: &[u8]) -> Option<Self> {
        Self::ALL.into_iter().find(|chain| chain.as_str().as_bytes() == name)
    }

    /// The chain with exactly this name in table nat.
    #[must_use]
    pub fn in_table(table: &[u8], chain: &[u8]) -> Option<Self> {
        if table == b"nat" { Self::from_bytes(chain) } else { None }
    }
}

impl fmt::Display for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// To which kind of address an open port belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
pub enum Kind {
    /// A node port: on the host's own addresses.
    NodePort,
    /// An external or load balancer address, which may or may not be one of the host's.
    ExternalIp,
}

impl Kind {
    /// The name used in reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NodePort => "node_port",
            Self::ExternalIp => "external_ip",
        }
    }
}

/// A rule that opens host ports, told by everything in it that counts; two rules of the same family
/// that differ in nothing of it are the same rule to the kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct PortRule {
    /// The chain.
    pub chain: Chain,
    /// The kind.
    pub kind: Kind,
    /// `--dst-type LOCAL` is among the matches.
    pub local: bool,
    /// `-d`; `None` if it is not among the matches.
    pub address: Option<IpAddr>,
    /// The host port, or a range of them.
    pub port: HostPort,
    /// The address that it leads to.
    pub to: IpAddr,
    /// The port that it leads to; `None` keeps the number.
    pub to_port: Option<u16>,
    /// Of 2^31 packets how many it takes; `None` is all.
    pub share: Option<u32>,
}

impl PortRule {
    /// Reads a rule of table nat: `None` if it is not in a chain that opens ports, or leads
    /// nowhere.
    fn of(family: Family, chain: Chain, rule: &rule::Rule<'_>) -> Role {
        let Some(Target::Dnat(to)) = rule.target() else { return Role::None };
        let unreadable = Role::Unreadable { not_a_port: false };
        let understood = rule.options().all(|option| {
            !option.is_negated()
                && match option.name() {
                    b"-p" | b"-d" | b"--dport" | b"-j" | b"--to-destination" | b"--comment"
                    | b"--probability" => true,
                    b"--dst-type" => option.value().is_some_and(|value| *value == "LOCAL"),
                    b"--mode" => option.value().is_some_and(|value| *value == "random"),
                    b"-m" => option.value().is_some_and(|value| {
                        matches!(
                            value.as_bytes(),
                            b"addrtype" | b"statistic" | b"comment" | b"tcp" | b"udp" | b"sctp"
                        )
                    }),
                    _ => false,
                }
        });
        let protocol = rule.protocol().and_then(Condition::plain);
        let ports = rule.dport().and_then(Condition::plain).and_then(|ports| ports.single_range());
        let (Some(protocol), Some(ports), true) = (protocol, ports, understood) else {
            return unreadable;
        };
        if ports.first() == 0 {
            return Role::Unreadable { not_a_port: true };
        }
        let address = match rule.destination().and_then(Condition::plain) {
            None => None,
            Some(network) => match network.single_address() {
                Some(address) => Some(address),
                None => return unreadable,
            },
        };
        let local = rule.dst_type_local();
        let kind =
            if local || chain == Chain::NodePort { Kind::NodePort } else { Kind::ExternalIp };
        let fits = |address: IpAddr| Family::of(address) == family;
        match to.address() {
            Some(target)
                if fits(target)
                    && address.is_none_or(fits)
                    && (kind == Kind::NodePort || address.is_some()) =>
            {
                let (to, to_port, share) = (target, to.port(), rule.probability());
                let port = HostPort::new(protocol, ports);
                Role::Publishes {
                    rule: Self { chain, kind, local, address, port, to, to_port, share },
                }
            }
            _ => unreadable,
        }
    }
}

/// Printed as ovnkube prints the arguments.
impl fmt::Display for PortRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.port.protocol() {
            Protocol::Tcp => "-p TCP",
            Protocol::Udp => "-p UDP",
            Protocol::Sctp => "-p SCTP",
            Protocol::Dccp => "-p DCCP",
        })?;
        if self.local {
            f.write_str(" -m addrtype --dst-type LOCAL")?;
        }
        if let Some(address) = self.address {
            write!(f, " -d {address}")?;
        }
        let ports = self.port.range();
        write!(f, " --dport {}", ports.first())?;
        if ports.first() != ports.last() {
            write!(f, ":{}", ports.last())?;
        }
        match self.to {
            IpAddr::V4(to) => write!(f, " -j DNAT --to-destination {to}")?,
            IpAddr::V6(to) => write!(f, " -j DNAT --to-destination [{to}]")?,
        }
        if let Some(port) = self.to_port {
            write!(f, ":{port}")?;
        }
        if let Some(share) = self.share {
            let decimals = decimals(share);
            write!(
                f,
                " -m statistic --mode random --probability {}.{:010}",
                decimals / TEN_DIGITS,
                decimals % TEN_DIGITS
            )?;
        }
        Ok(())
    }
}

const TEN_DIGITS: u64 = 10_000_000_000;

/// A share of 2^31 as a decimal of ten digits; ovnkube's shares are one nth, which is printed as
/// such where the kernel's number fits.
fn decimals(share: u32) -> u64 {
    const ALL: u64 = 1 << 31;
    let nearest =
        |whole: u64, of: u64| whole.saturating_add(of / 2).checked_div(of).unwrap_or_default();
    let nth = nearest(ALL, u64::from(share));
    if nth > 0 && nearest(ALL, nth) == u64::from(share) {
        return nearest(TEN_DIGITS, nth);
    }
    nearest(u64::from(share).saturating_mul(TEN_DIGITS), ALL)
}

/// The chains of ovnkube's that are known to open no host ports, though some name them.
const OTHER_CHAINS: [&[u8]; 8] = [
    b"OVN-KUBE-ITP",
    b"OVN-KUBE-SNAT-MGMTPORT",
    b"OVN-KUBE-EGRESS-SVC",
    b"OVN-KUBE-EGRESS-IP-MULTI-NIC",
    b"OVN-KUBE-UDN-MASQUERADE",
    b"OVN-KUBE-UDN-OPEN-PORT",
    b"OVN-KUBE-EXTERNAL-IP",
    b"OVN-KUBE-MASQUERADE",
];

impl Role {
    /// What a rule does for host ports.
    #[must_use]
    pub fn of(family: Family, table: &[u8], chain: &[u8], rule: &rule::Rule<'_>) -> Self {
        if table != b"nat" {
            return Self::None;
        }
        if let Some(chain) = Chain::from_bytes(chain) {
            return PortRule::of(family, chain, rule);
        }
        match rule.target() {
            Some(Target::Dnat(_))
                if chain.starts_with(b"OVN-KUBE-") && !OTHER_CHAINS.contains(&chain) =>
            {
                Self::UnknownChain
            }
            Some(Target::Jump(to))
                if to.as_bytes().starts_with(b"OVN-KUBE-") && !chain.starts_with(b"OVN-KUBE-") =>
            {
                let to = Chain::from_bytes(to.as_bytes()).map_or(JumpTo::Other, JumpTo::Publishing);
                Self::Jump { to }
            }
            _ => Self::None,
        }
    }
}

impl<'a> Rule<'a> {
    /// A rule in a chain.
    #[must_use]
    pub fn new(family: Family, table: Text<'a>, chain: Text<'a>, rule: &'a rule::Rule<'_>) -> Self {
        let role = Role::of(family, table.as_bytes(), chain.as_bytes(), rule);
        Self { family, table, chain, args: Text::borrowed(rule.as_bytes()), role }
    }

    fn of(change: &'a RuleChange<'_>) -> Self {
        Self::new(
            change.family(),
            change.table().reborrow(),
            change.chain().reborrow(),
            change.rule(),
        )
    }

    /// A rule of `iptables-save` or `ip6tables-save`, which do not tell the family themselves.
    #[must_use]
    pub fn saved(family: Family, saved: &'a SavedRule<'_>) -> Self {
        Self::new(family, saved.table().reborrow(), saved.chain().reborrow(), saved.rule())
    }

    /// The rule of a failure. Where the error does not name the binary, the address that the rule
    /// leads to tells the family.
    fn of_failure(failure: &Failure<'_>) -> Option<Rule<'static>> {
        let args = rule::Rule::parse(failure.args().as_bytes()).ok()?;
        let family =
            failure.family().or_else(|| args.to_destination()?.address().map(Family::of))?;
        let (table, chain) = (failure.table().reborrow(), failure.chain().reborrow());
        Some(Rule::new(family, table, chain, &args).into_owned())
    }

    /// The same, no longer bound to the input.
    #[must_use]
    pub fn into_owned(self) -> Rule<'static> {
        Rule {
            family: self.family,
            table: self.table.into_owned(),
            chain: self.chain.into_owned(),
            args: self.args.into_owned(),
            role: self.role,
        }
    }

    /// In words that name it fully: family, table, chain and arguments.
    #[must_use]
    pub fn to_words(&self) -> String {
        let mut words = String::new();
        // Writing to a string cannot fail.
        let _ = write!(words, "{} {} {} {}", self.family, self.table, self.chain, self.args);
        words
    }
}

/// What a klog record says as ovnkube's, in order; nothing for most records.
pub fn events<'r>(record: &'r Record<'_>) -> impl Iterator<Item = Event<'r>> {
    let kind = record.ovnkube();
    let clear = record.form() != Form::Continuation;
    let says_start = || memchr::memmem::find(record.as_bytes(), b" - starting ovnkube").is_some();
    let script = (record.form() == Form::Script && says_start()).then_some(Event::Starting);
    let speaks = kind.filter(|message| !matches!(message, Message::Failures(_)));
    let process =
        speaks.and(record.header()).map(|header| Event::ProcessSeen { pid: header.pid() });
    let one = kind.and_then(|message| if clear { stated(message) } else { unclear(message) });
    let failures = kind.into_iter().flat_map(|message| match message {
        Message::Failures(failures) => Some(failures.iter().filter_map(|failure| failed(&failure))),
        _ => None,
    });
    let listed = kind.filter(|_| clear).into_iter().flat_map(|message| match message {
        Message::AddingList(list) | Message::DeletingList(list) => {
            let adding = matches!(message, Message::AddingList(_));
            Some(list.changes().map(move |change| {
                let rule = Rule::of(&change).into_owned();
                if adding { Event::Adding { rule } } else { Event::Deleting { rule } }
            }))
        }
        _ => None,
    });
    script.into_iter().chain(process).chain(one).chain(failures.flatten()).chain(listed.flatten())
}

/// What a klog line that could not be read, as its end is missing or broken, means nevertheless:
/// `None` unless it may have changed rules in a chain that opens ports.
#[must_use]
pub fn broken(line: &[u8]) -> Option<Event<'static>> {
    crate::record::ovnkube::may_change_chains(line, |table, chain| {
        Chain::in_table(table, chain).is_some()
    })
    .then_some(Event::GrammarError)
}

fn stated<'r>(message: &'r Message<'_>) -> Option<Event<'r>> {
    Some(match message {
        Message::Adding(change) => Event::Adding { rule: Rule::of(change) },
        Message::Deleting(change) => Event::Deleting { rule: Rule::of(change) },
        Message::Ignoring(change) => Event::Ignoring { rule: Rule::of(change) },
        Message::ChainExists { table, chain } => {
            Event::ChainExists { table: table.reborrow(), chain: chain.reborrow() }
        }
        Message::Creating { table, chain } => {
            Event::Creating { table: table.reborrow(), chain: chain.reborrow() }
        }
        Message::Recreating { table, chain } => {
            Event::Recreating { table: table.reborrow(), chain: chain.reborrow() }
        }
        Message::DefaultConfig => Event::Starting,
        Message::LoggingConfig { level } => Event::LoggingConfig { level: *level },
        Message::ServiceHandler => Event::ServicesSynced,
        Message::AddingList(_) | Message::DeletingList(_) | Message::Failures(_) => return None,
    })
}

fn unclear<'r>(message: &'r Message<'_>) -> Option<Event<'r>> {
    match message {
        Message::Adding(change) => Some(Event::UnclearAdding { rule: Rule::of(change) }),
        Message::Deleting(change) => Some(Event::UnclearDeleting { rule: Rule::of(change) }),
        Message::Recreating { table, chain } => {
            Some(Event::UnclearRecreating { table: table.reborrow(), chain: chain.reborrow() })
        }
        _ => None,
    }
}

fn failed(failure: &Failure<'_>) -> Option<Event<'static>> {
    let rule = Rule::of_failure(failure)?;
    let missing = failure.was_missing();
    Some(if failure.is_add() {
        Event::AddFailed { rule }
    } else {
        Event::DeleteFailed { rule, missing }
    })
}

impl Event<'_> {
    /// The same event, no longer bound to the input.
    #[must_use]
    pub fn into_owned(self) -> Event<'static> {
        match self {
            Self::ProcessSeen { pid } => Event::ProcessSeen { pid },
            Self::Starting => Event::Starting,
            Self::LoggingConfig { level } => Event::LoggingConfig { level },
            Self::ServicesSynced => Event::ServicesSynced,
            Self::Adding { rule } => Event::Adding { rule: rule.into_owned() },
            Self::Deleting { rule } => Event::Deleting { rule: rule.into_owned() },
            Self::Ignoring { rule } => Event::Ignoring { rule: rule.into_owned() },
            Self::AddFailed { rule } => Event::AddFailed { rule: rule.into_owned() },
            Self::DeleteFailed { rule, missing } => {
                Event::DeleteFailed { rule: rule.into_owned(), missing }
            }
            Self::ChainExists { table, chain } => {
                Event::ChainExists { table: table.into_owned(), chain: chain.into_owned() }
            }
            Self::Creating { table, chain } => {
                Event::Creating { table: table.into_owned(), chain: chain.into_owned() }
            }
            Self::Recreating { table, chain } => {
                Event::Recreating { table: table.into_owned(), chain: chain.into_owned() }
            }
            Self::GrammarError => Event::GrammarError,
            Self::UnclearAdding { rule } => Event::UnclearAdding { rule: rule.into_owned() },
            Self::UnclearDeleting { rule } => Event::UnclearDeleting { rule: rule.into_owned() },
            Self::UnclearRecreating { table, chain } => {
                Event::UnclearRecreating { table: table.into_owned(), chain: chain.into_owned() }
            }
        }
    }
}
