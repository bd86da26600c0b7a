//! CRI-O's host ports: the sockets it holds, and the rules by which ports are exposed. Two truths,
//! kept apart.
//!
//! A socket only reserves a port; traffic reaches a pod by DNAT rules. After a restart of CRI-O all
//! sockets are gone, and every port is reachable as before. So there are two answers, and each may
//! be unknown while the other is not.

mod checkpoint;
mod exposure;
mod fold;
mod process;
mod requests;
mod sockets;
mod version;

pub use checkpoint::{DnatRule, Statement};
pub use version::{Release, Speech};

use super::evidence::Provenance;
use super::known::Unknown;
use super::opening::{Holder, Opening, Scope};
use crate::family::Family;
use crate::limits::Limits;
use crate::port::HostPort;
use crate::text::Text;
use alloc::collections::BTreeSet;
use exposure::{Entry, Exposure, FAMILIES};
use process::{Process, SocketLines};
use requests::Requests;
use sockets::Sockets;

/// What is known of CRI-O's host ports on one host, folded from
/// [events](crate::event::crio::Event).
///
/// ```
/// use hostport_audit::event::crio::Event;
/// use hostport_audit::record::{Reading, crio::Record};
/// use hostport_audit::state::{Effects, crio::Crio, evidence::Evidence};
/// use hostport_audit::Limits;
///
/// let mut crio = Crio::new(Limits::default());
/// let mut effects = Effects::default();
/// for line in [
///     r#"time="2023-06-25 16:24:11.345867861+08:00" level=info msg="Starting CRI-O, version: 1.29.9, git: unknown(clean)""#,
///     r#"time="2023-06-25 16:24:11.656671634+08:00" level=info msg="Ensuring kubelet hostport chains""#,
///     r#"time="2023-06-25 16:24:11.657818578+08:00" level=info msg="Opened local port tcp:443""#,
/// ] {
///     let Reading::Record(record) = Record::parse(line.as_bytes()) else { panic!("not a record") };
///     crio.apply(&Event::of(&record, Some(77216)), Evidence::default(), &mut effects);
/// }
/// assert_eq!(crio.sockets().unwrap().into_iter().collect::<Vec<_>>(), ["tcp:443".parse()?]);
/// assert!(crio.exposed().is_err(), "rules from before the log may exist, and outlive a restart");
/// # Ok::<(), hostport_audit::ParseError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Crio {
    limits: Limits,
    process: Process,
    requests: Requests,
    sockets: Sockets,
    exposure: Exposure,
}

impl Crio {
    /// Nothing known, with bounds on what is held.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            process: Process::new(),
            requests: Requests::default(),
            sockets: Sockets::new(),
            exposure: Exposure::new(),
        }
    }

    /// The version that the process named when it started.
    #[must_use]
    pub fn version(&self) -> Option<&Text<'static>> {
        self.process.version()
    }

    /// What the log of this CRI-O tells about sockets.
    #[must_use]
    pub fn tells_sockets(&self) -> Speech {
        self.process.tells_sockets()
    }

    /// What the log of this CRI-O tells about rules.
    #[must_use]
    pub fn tells_rules(&self) -> Speech {
        self.process.tells_rules()
    }

    /// Why it is unknown which sockets are held, if it is. From 1.31 on CRI-O holds none, whatever
    /// the log tells.
    fn sockets_unknown(&self) -> Option<Unknown> {
        if self.process.socket_lines() == SocketLines::None {
            return None;
        }
        self.sockets.unknown().or_else(|| self.process.gap())
    }

    /// The ports for which CRI-O holds at least one socket. That a port is held says nothing about
    /// whether it is reachable.
    ///
    /// # Errors
    /// Why, and since when, that is unknown.
    pub fn sockets(&self) -> Result<BTreeSet<HostPort>, Unknown> {
        match self.sockets_unknown() {
            Some(unknown) => Err(unknown),
            None => Ok(self.held().map(|(port, _)| port).collect()),
        }
    }

    /// The ports for which CRI-O surely holds a socket, whatever else is unknown.
    #[must_use]
    pub fn sockets_at_least(&self) -> BTreeSet<HostPort> {
        self.held().map(|(port, _)| port).collect()
    }

    fn held(&self) -> impl Iterator<Item = (HostPort, Provenance)> + '_ {
        let tells = self.tells_held();
        self.sockets.held().filter(move |_| tells)
    }

    /// True if what is known to be held can be told: in a filtered log the closing of any of them
    /// may be missing.
    fn tells_held(&self) -> bool {
        !self.process.filtered && self.process.socket_lines() != SocketLines::None
    }

    /// The ports that are led to a pod by a rule: what can be reached from outside, as far as CRI-O
    /// decides that.
    ///
    /// # Errors
    /// Why, and since when, that is unknown.
    pub fn exposed(&self) -> Result<BTreeSet<HostPort>, Unknown> {
        match self.process.gap() {
            Some(gap) => Err(self.exposure.exposed().err().unwrap_or(gap)),
            None => self.exposure.exposed(),
        }
    }

    /// The ports that are surely led to a pod by a rule, whatever else is unknown.
    #[must_use]
    pub fn exposed_at_least(&self) -> BTreeSet<HostPort> {
        self.rules().map(|(_, rule, _)| rule.port).collect()
    }

    /// Why the rules of a family are unknown, if they are.
    fn rules_unknown(&self, family: Family) -> Option<Unknown> {
        self.exposure.unknown(family).or_else(|| self.process.gap())
    }

    fn rules(&self) -> impl Iterator<Item = (Family, &DnatRule, &Entry)> + '_ {
        // In a log without restore inputs the removal of any of them may be missing.
        let tells = !self.process.filtered || self.process.restores;
        FAMILIES
            .into_iter()
            .flat_map(|family| {
                self.exposure.rules(family).map(move |(rule, entry)| (family, rule, entry))
            })
            .filter(move |_| tells)
    }

    /// The rules that lead ports to pods.
    ///
    /// # Errors
    /// Why, and since when, they are unknown.
    pub fn dnat(&self) -> Result<BTreeSet<DnatRule>, Unknown> {
        match FAMILIES.into_iter().find_map(|family| self.rules_unknown(family)) {
            Some(unknown) => Err(unknown),
            None => Ok(self.dnat_at_least()),
        }
    }

    /// The rules that surely exist, whatever else is unknown.
    #[must_use]
    pub fn dnat_at_least(&self) -> BTreeSet<DnatRule> {
        self.rules().map(|(_, rule, _)| rule.clone()).collect()
    }

    /// Everything that is surely open, and by which line: sockets, then rules of IPv4, then of
    /// IPv6.
    pub fn openings(&self) -> impl Iterator<Item = (Opening, Provenance)> + '_ {
        let sockets = self.held().map(|(port, support)| {
            (Opening { port: Some(port), holder: Holder::CrioSocket }, support)
        });
        let rules =
            self.rules().map(|(family, rule, entry)| (Entry::opening(family, rule), entry.support));
        sockets.chain(rules)
    }

    /// What cannot be told, why, and since when.
    pub fn unknowns(&self) -> impl Iterator<Item = (Scope, Unknown)> + '_ {
        let sockets = self.sockets_unknown().map(|unknown| (Scope::CrioSockets, unknown));
        let rules = FAMILIES.into_iter().filter_map(|family| {
            self.rules_unknown(family).map(|unknown| (Scope::CrioRules { family }, unknown))
        });
        sockets.into_iter().chain(rules)
    }
}
