//! The input of iptables-restore that CRI-O 1.22 to 1.36 logs as `Restoring iptables rules: ...`.
//!
//! It is a full picture of one IP family: all host port rules that will exist afterwards. Rules
//! that were there before stand as `-A` in iptables-save's form, rules of a new pod as `-I`, chains
//! of a pod that goes as `-X`.

use crate::error::{ErrorKind, ParseError};
use crate::family::Family;
use crate::grammar::crio::{RestoreLine, restore_line};
use crate::grammar::error::all;
use crate::grammar::iptables;
use crate::port::{HostPort, Protocol};
use crate::record::rule::Rule;
use crate::record::save::Save;
use crate::text::Text;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::net::IpAddr;

/// The chain from which the chains of the single host ports are reached.
const HOSTPORTS: &[u8] = b"KUBE-HOSTPORTS";
/// How the chains of the single host ports begin.
const HOSTPORT: &[u8] = b"KUBE-HP-";

/// A restore input, checked line by line, with the host port rules in it joined from their two
/// halves.
///
/// ```
/// use hostport_audit::record::restore::Restore;
///
/// let restore = Restore::parse("*nat\n:KUBE-HP-EBFU - [0:0]\n:KUBE-HOSTPORTS - [0:0]\n\
///     -I KUBE-HOSTPORTS -m comment --comment \"k8s_nginx_default_UID_0_ hostport 443\" -m tcp -p tcp --dport 443 -j KUBE-HP-EBFU\n\
///     -A KUBE-HP-EBFU -m comment --comment \"k8s_nginx_default_UID_0_ hostport 443\" -m tcp -p tcp -j DNAT --to-destination=10.42.0.7:8443\n\
///     COMMIT\n")?;
/// let rule = restore.rules().next().unwrap();
/// assert_eq!(rule.port(), "tcp:443".parse()?);
/// assert_eq!(rule.target(), b"10.42.0.7:8443");
/// assert_eq!(rule.pod(), b"k8s_nginx_default_UID_0_");
/// assert!(rule.is_new());
/// # Ok::<(), hostport_audit::ParseError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Restore<'a> {
    text: Text<'a>,
    rules: Vec<Entry>,
    removed: Vec<Place>,
}

/// Where something stands in the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Place {
    start: u32,
    end: u32,
}

impl Place {
    fn of(self, whole: &[u8]) -> &[u8] {
        whole.get(self.start as usize..self.end as usize).unwrap_or_default()
    }

    /// The place of a part that was cut out of the whole.
    fn within(whole: &[u8], part: &[u8]) -> Self {
        let start = (part.as_ptr() as usize).saturating_sub(whole.as_ptr() as usize);
        let end = start.saturating_add(part.len());
        Self {
            start: u32::try_from(start).unwrap_or(u32::MAX),
            end: u32::try_from(end).unwrap_or(u32::MAX),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Entry {
    chain: Place,
    port: HostPort,
    host_ip: Option<IpAddr>,
    target: Place,
    family: Family,
    pod: Place,
    new: bool,
}

impl<'a> Restore<'a> {
    /// Reads what stands behind `Restoring iptables rules: `, escapes undone.
    ///
    /// # Errors
    /// A line that iptables-restore would not take, a rule of the host port chains that is not
    /// understood, another table than nat, or no `COMMIT` at the end.
    pub fn parse(text: impl Into<Text<'a>>) -> Result<Self, ParseError> {
        let text = text.into();
        let bytes = text.as_bytes();
        let halves = halves(bytes).map_err(|error| error.quoting(bytes))?;
        let rules = halves.rules(bytes);
        let removed = halves.removed.iter().map(|chain| Place::within(bytes, chain)).collect();
        Ok(Self { rules, removed, text })
    }

    /// The input as CRI-O gave it to iptables-restore.
    #[must_use]
    pub const fn text(&self) -> &Text<'a> {
        &self.text
    }

    /// The same input, no longer bound to the line.
    #[must_use]
    pub fn into_owned(self) -> Restore<'static> {
        Restore { text: self.text.into_owned(), rules: self.rules, removed: self.removed }
    }

    /// All host port rules that exist once the input is applied, in the order of their chains'
    /// names; those of one chain in the order in which they stand there.
    pub fn rules(&self) -> impl Iterator<Item = HostPortRule<'_>> + '_ {
        self.rules.iter().map(|entry| HostPortRule { whole: self.text.as_bytes(), entry })
    }

    /// The host port chains that it removes.
    pub fn removed_chains(&self) -> impl Iterator<Item = &[u8]> + '_ {
        self.removed.iter().map(|place| place.of(self.text.as_bytes()))
    }

    /// True if it brings rules of a new pod.
    #[must_use]
    pub fn has_new_rules(&self) -> bool {
        self.rules.iter().any(|entry| entry.new)
    }

    /// The family, from the addresses that the rules lead to; `None` if no rule is left.
    #[must_use]
    pub fn family(&self) -> Option<Family> {
        self.rules.first().map(|entry| entry.family)
    }

    /// Every line of the input, as it is typed by iptables.
    pub fn lines(&self) -> impl Iterator<Item = Line<'_>> + '_ {
        self.text.as_bytes().split(|&b| b == b'\n').filter_map(|line| {
            Some(match all(line, restore_line).ok()? {
                RestoreLine::Table(table) => Line::Table(table),
                RestoreLine::Chain(chain) => Line::Chain(chain),
                RestoreLine::Append { chain, rule } => {
                    Line::Append { chain, rule: Rule::parse(rule).ok()? }
                }
                RestoreLine::Insert { chain, rule } => {
                    Line::Insert { chain, rule: Rule::parse(rule).ok()? }
                }
                RestoreLine::DeleteChain(chain) => Line::DeleteChain(chain),
                RestoreLine::Commit => Line::Commit,
            })
        })
    }
}

/// Checks an input line by line.
fn halves(bytes: &[u8]) -> Result<Halves<'_>, ParseError> {
    if u32::try_from(bytes.len()).is_err() {
        return Err(ParseError::new(ErrorKind::TooLong, 0, "an iptables-restore input"));
    }
    let mut halves = Halves::default();
    let mut at = 0usize;
    let mut committed = false;
    for line in bytes.strip_suffix(b"\n").unwrap_or(bytes).split(|&b| b == b'\n') {
        let wrong = |expected| {
            ParseError::new(ErrorKind::RuleArgument, at, expected).with_found(line.first().copied())
        };
        if committed {
            return Err(wrong("the end behind COMMIT"));
        }
        match all(line, restore_line).map_err(|error| error.shifted(at))? {
            RestoreLine::Table(b"nat") if at == 0 => {}
            _ if at == 0 => return Err(wrong("*nat")),
            RestoreLine::Table(_) => return Err(wrong("a chain, a rule or COMMIT")),
            RestoreLine::Commit => committed = true,
            other => halves.take(other).map_err(|error| error.shifted(at))?,
        }
        at = at.saturating_add(line.len()).saturating_add(1);
    }
    if !committed {
        return Err(ParseError::new(ErrorKind::RuleArgument, bytes.len(), "COMMIT"));
    }
    Ok(halves)
}

/// The host port rules among those that the kernel holds, in the order of [`Restore::rules`].
///
/// `iptables-save -t nat` and `ip6tables-save -t nat` (iptables 1.8) print them; the rules are the
/// same that CRI-O hands over, so they are read in the same way. A chain that nothing leads to is
/// not among them.
///
/// ```
/// use hostport_audit::record::{restore, save::Save};
///
/// let save = Save::parse(b"*nat\n\
///     -A KUBE-HOSTPORTS -p tcp -m comment --comment \"k8s_nginx_default_UID_0_ hostport 443\" -m tcp --dport 443 -j KUBE-HP-EBFU\n\
///     -A KUBE-HP-EBFU -p tcp -m comment --comment \"k8s_nginx_default_UID_0_ hostport 443\" -m tcp -j DNAT --to-destination 10.42.0.7:8443\n\
///     COMMIT\n")?;
/// let ports = restore::saved_host_ports(&save)?;
/// assert_eq!((ports[0].port, ports[0].target), ("tcp:443".parse()?, &b"10.42.0.7:8443"[..]));
/// # Ok::<(), hostport_audit::ParseError>(())
/// ```
///
/// # Errors
/// The table nat was not printed, or a rule of the host port chains is not understood.
pub fn saved_host_ports<'s>(save: &'s Save<'_>) -> Result<Vec<SavedHostPort<'s>>, ParseError> {
    if !save.has_table(b"nat") {
        return Err(ParseError::new(ErrorKind::Message, 0, "the table nat"));
    }
    let mut halves = Halves::default();
    for saved in save.rules().iter().filter(|saved| saved.table().as_bytes() == b"nat") {
        halves.take(RestoreLine::Append {
            chain: saved.chain().as_bytes(),
            rule: saved.rule().as_bytes(),
        })?;
    }
    let rule = |(chain, jump, dnat): Joined<'s>| SavedHostPort {
        chain,
        port: jump.port,
        host_ip: dnat.host_ip.or(jump.host_ip),
        target: dnat.target,
        pod: jump.pod,
    };
    Ok(halves.joined().map(rule).collect())
}

/// A host port as the kernel serves it; found by [`saved_host_ports`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub struct SavedHostPort<'s> {
    /// Its chain, `KUBE-HP-` and a hash.
    pub chain: &'s [u8],
    /// The protocol and port of the host.
    pub port: HostPort,
    /// The address of the host it is bound to; `None` for all.
    pub host_ip: Option<IpAddr>,
    /// Where it leads: `10.42.0.7:8443`, `[fd01::9]:8443`.
    pub target: &'s [u8],
    /// The pod, as CRI-O names it in the comment.
    pub pod: &'s [u8],
}

/// What can still be read of an input that was cut: the family, if a rule shows it, and the ports
/// of the new rules that are left.
pub(crate) fn remains(text: &[u8]) -> (Option<Family>, Vec<HostPort>) {
    let mut halves = Halves::default();
    for line in text.split(|&b| b == b'\n') {
        // The last line is cut, and may read as something else than it was; a rule is only taken
        // with what makes it whole.
        if let Ok(line) = all(line, restore_line) {
            let _ = halves.take(line);
        }
    }
    let family = halves.chains.values().find_map(|of| of.dnats.first().map(|dnat| dnat.family));
    let new = halves
        .chains
        .values()
        .filter_map(|of| of.jump.filter(|jump| jump.new).map(|jump| jump.port));
    (family, new.collect())
}

/// What makes up the rules of a chain: the jump that leads to it out of `KUBE-HOSTPORTS`, and the
/// DNAT rules in it.
///
/// The chain's name is a hash of sandbox, host port, protocol and host address (1.19.1 to 1.36.3).
/// The container port is not in it, so a pod that leads one host port to two of its container ports
/// has both rules in one chain, and the same jump to it twice.
#[derive(Debug, Clone, Default)]
struct PortChain<'t> {
    jump: Option<Jump<'t>>,
    dnats: Vec<Dnat<'t>>,
}

/// A rule: its chain, the jump to that chain, and the DNAT.
type Joined<'t> = (&'t [u8], Jump<'t>, Dnat<'t>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Jump<'t> {
    port: HostPort,
    host_ip: Option<IpAddr>,
    pod: &'t [u8],
    new: bool,
}

#[derive(Debug, Clone, Copy)]
struct Dnat<'t> {
    family: Family,
    host_ip: Option<IpAddr>,
    target: &'t [u8],
}

#[derive(Debug, Default)]
struct Halves<'t> {
    chains: BTreeMap<&'t [u8], PortChain<'t>>,
    removed: Vec<&'t [u8]>,
}

impl<'t> Halves<'t> {
    fn take(&mut self, line: RestoreLine<'t>) -> Result<(), ParseError> {
        match line {
            RestoreLine::Append { chain, rule } | RestoreLine::Insert { chain, rule }
                if chain == HOSTPORTS =>
            {
                let new = matches!(line, RestoreLine::Insert { .. });
                let (target, jump) = jump(rule, new)
                    .map_err(|error| error.shifted("-A ".len().saturating_add(chain.len())))?;
                if let Some(target) = target {
                    let of = self.chains.entry(target).or_default();
                    if of.jump.is_some_and(|other| other != jump) {
                        let expected = "one port and one pod for each chain";
                        return Err(ParseError::new(ErrorKind::RuleArgument, 0, expected));
                    }
                    of.jump = Some(jump);
                }
            }
            RestoreLine::Append { chain, rule } | RestoreLine::Insert { chain, rule }
                if chain.starts_with(HOSTPORT) =>
            {
                let dnat = dnat(rule)
                    .map_err(|error| error.shifted("-A ".len().saturating_add(chain.len())))?;
                if let Some(dnat) = dnat {
                    self.chains.entry(chain).or_default().dnats.push(dnat);
                }
            }
            RestoreLine::DeleteChain(chain) if chain.starts_with(HOSTPORT) => {
                self.removed.push(chain)
            }
            _ => {}
        }
        Ok(())
    }

    /// The rules of all chains that a jump leads to.
    fn joined(&self) -> impl Iterator<Item = Joined<'t>> + '_ {
        self.chains.iter().flat_map(|(chain, of)| {
            of.jump
                .into_iter()
                .flat_map(move |jump| of.dnats.iter().map(move |dnat| (*chain, jump, *dnat)))
        })
    }

    fn rules(&self, whole: &[u8]) -> Vec<Entry> {
        let entry = |(chain, jump, dnat): Joined<'t>| Entry {
            chain: Place::within(whole, chain),
            port: jump.port,
            host_ip: dnat.host_ip.or(jump.host_ip),
            target: Place::within(whole, dnat.target),
            family: dnat.family,
            pod: Place::within(whole, jump.pod),
            new: jump.new,
        };
        self.joined().map(entry).collect()
    }
}

/// `-p tcp -m comment --comment "POD hostport 443" -m tcp --dport 443 -j KUBE-HP-...`; the chain it
/// leads to.
fn jump(rule: &[u8], new: bool) -> Result<(Option<&[u8]>, Jump<'_>), ParseError> {
    let parts = iptables::rule(rule)?;
    let missing = |expected| ParseError::new(ErrorKind::RuleArgument, rule.len(), expected);
    let protocol =
        parts.protocol.filter(|p| !p.negated).ok_or_else(|| missing("-p"))?.value.of(rule);
    let protocol = Protocol::from_bytes(protocol)?;
    let dport = parts
        .destination_ports
        .filter(|p| !p.negated)
        .ok_or_else(|| missing("--dport"))?
        .value
        .of(rule);
    let port = all(dport, iptables::port)?;
    let comment = parts.comment.map(|(comment, _)| comment.of(rule)).unwrap_or_default();
    let pod = memchr::memmem::rfind(comment, b" hostport ")
        .and_then(|at| comment.get(..at))
        .unwrap_or(comment);
    let host_ip = single_address(&parts)?;
    let target = parts.target.map(|(target, _)| target.of(rule));
    Ok((target, Jump { port: HostPort::single(protocol, port), host_ip, pod, new }))
}

/// `[-d HOSTIP] -p tcp ... -j DNAT --to-destination 10.42.0.7:8443`.
fn dnat(rule: &[u8]) -> Result<Option<Dnat<'_>>, ParseError> {
    let parts = iptables::rule(rule)?;
    let Some(to) = parts.to_destination else { return Ok(None) };
    let target = to.of(rule);
    let (_, _) = iptables::target_address(target)?;
    let family = if target.first() == Some(&b'[') { Family::Ipv6 } else { Family::Ipv4 };
    Ok(Some(Dnat { family, host_ip: single_address(&parts)?, target }))
}

fn single_address(parts: &iptables::Parts) -> Result<Option<IpAddr>, ParseError> {
    match parts.destination {
        None => Ok(None),
        Some(piece) => {
            let (address, bits) = piece.value;
            let whole = if address.is_ipv4() { 32 } else { 128 };
            if piece.negated || bits != whole {
                return Err(ParseError::new(ErrorKind::Address, 0, "one address"));
            }
            Ok(Some(address))
        }
    }
}

/// A host port as iptables serves it: a port of the host, and where packets to it are led.
#[derive(Debug, Clone, Copy)]
pub struct HostPortRule<'r> {
    whole: &'r [u8],
    entry: &'r Entry,
}

impl<'r> HostPortRule<'r> {
    /// The chain of this host port, `KUBE-HP-` and a hash of the sandbox and the port.
    #[must_use]
    pub fn chain(&self) -> &'r [u8] {
        self.entry.chain.of(self.whole)
    }

    /// The protocol and the port of the host.
    #[must_use]
    pub const fn port(&self) -> HostPort {
        self.entry.port
    }

    /// The address of the host it is bound to; `None` for all.
    #[must_use]
    pub const fn host_ip(&self) -> Option<IpAddr> {
        self.entry.host_ip
    }

    /// Where it leads, as written: `10.42.0.7:8443`, `[fd01::9]:8443`.
    #[must_use]
    pub fn target(&self) -> &'r [u8] {
        self.entry.target.of(self.whole)
    }

    /// The family, from the address it leads to.
    #[must_use]
    pub const fn family(&self) -> Family {
        self.entry.family
    }

    /// The pod, as CRI-O names it in the comment: `k8s_POD_NAMESPACE_UID_ATTEMPT`, up to 1.30 with
    /// `_` behind it.
    #[must_use]
    pub fn pod(&self) -> &'r [u8] {
        self.entry.pod.of(self.whole)
    }

    /// True for a rule that is brought by this input (`-I`), false for one that was there before
    /// (`-A`).
    #[must_use]
    pub const fn is_new(&self) -> bool {
        self.entry.new
    }
}

/// A line of an iptables-restore input.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Line<'a> {
    /// `*nat`.
    Table(&'a [u8]),
    /// `:KUBE-HOSTPORTS - [0:0]`.
    Chain(&'a [u8]),
    /// `-A CHAIN RULE`.
    Append {
        /// The chain.
        chain: &'a [u8],
        /// The rule.
        rule: Rule<'a>,
    },
    /// `-I CHAIN RULE`.
    Insert {
        /// The chain.
        chain: &'a [u8],
        /// The rule.
        rule: Rule<'a>,
    },
    /// `-X CHAIN`.
    DeleteChain(&'a [u8]),
    /// `COMMIT`.
    Commit,
}
