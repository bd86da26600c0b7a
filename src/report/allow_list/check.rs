//! An allow list held against a report.

use super::conclusion::{Conclusion, Missing};
use super::csv::{capitals, line};
use super::{AllowList, AllowedPort, DynamicRange};
use crate::port::HostPort;
use crate::report::document::{HostReport, Report};
use crate::report::labels::{held_by, host_word};
use crate::report::open_port::{Fact, PortState, Role};
use crate::report::zone_use::{ZoneUse, ZoneUses};
use crate::state::opening::Holder;
use crate::text::Text;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

/// When a listed port was seen open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum Seen {
    /// It is open.
    Now,
    /// It was open, and is not any more; told only if the history was kept.
    Before,
}

/// A listed port that was seen open.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Listed {
    /// The row of the list.
    pub row: AllowedPort,
    /// When it was seen.
    pub seen: Seen,
}

/// A port that is open and not on the list.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Unexpected {
    /// The port or ports.
    pub port: HostPort,
    /// What holds them open.
    pub facts: Vec<Fact>,
    /// False if they open after a reload of the firewall only.
    pub now: bool,
}

/// A host held against an allow list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct HostComparison {
    /// The host.
    pub host: Option<Text<'static>>,
    /// Open, and not on the list.
    pub unexpected: Vec<Unexpected>,
    /// On the list, and seen open.
    pub seen: Vec<Listed>,
    /// On the list as ports that must be open, and never seen open although every source could
    /// have told.
    pub never_seen: Vec<AllowedPort>,
    /// On the list as ports that may be open, and never seen open.
    pub optional_not_seen: Vec<AllowedPort>,
    /// On the list, not seen open, and the logs could not have told.
    pub unknown: Vec<AllowedPort>,
    /// What can open ports that are not on the list, and it is not known that it does: what opens
    /// ports that the log does not name, and ports that a zone allows which applies to no packet,
    /// or of which that is not known.
    pub can_open: Vec<Fact>,
    /// What is missing to tell every port that is open; empty if none can be hidden.
    pub missing: Vec<Missing>,
}

impl HostComparison {
    /// Whether the host keeps to the list.
    #[must_use]
    pub fn conclusion(&self) -> Conclusion {
        Conclusion::new(self.violations().next().is_some(), self.missing.iter().cloned())
    }

    /// The ports that are open and not on the list: for an exit code, whatever else is unknown.
    pub fn violations(&self) -> impl Iterator<Item = &Unexpected> + '_ {
        self.unexpected.iter()
    }
}

/// What holding an [`AllowList`] against a [`Report`] led to.
///
/// Printed in the shape of commatrix' differences: `+` stands before a row that is on the list and
/// was never seen, `-` before an open port that is not on the list, nothing before what agrees, and
/// `?` before what could not be known.
///
/// ```
/// use hostport_audit::report::{AllowList, Conclusion, Missing};
/// use hostport_audit::{Auditor, Timeline};
///
/// let list = AllowList::from_csv("Protocol,Port\nTCP,22\n")?;
/// let mut auditor = Auditor::new();
/// let check = |auditor: &Auditor| list.check(&auditor.report(&Timeline::new()));
/// // A log of which nothing was read is not clean.
/// let conclusion = check(&auditor).conclusion();
/// assert_eq!(conclusion, Conclusion::CannotTell { missing: [Missing::NothingRead].into() });
///
/// auditor.feed(b"2023-06-28 10:46:37 DEBUG1: DefaultZoneChanged('public')\n");
/// auditor.feed(b"2023-06-28 10:46:37 DEBUG1: zone.PortAdded('public', '8080', 'tcp', 0)\n");
/// let comparison = check(&auditor);
/// // The exit code of a program that fails a build where a port is open that must not be.
/// let exit_code = match comparison.conclusion() {
///     Conclusion::Clean => 0,
///     Conclusion::Violated => 1,
///     Conclusion::CannotTell { .. } => 2,
/// };
/// assert_eq!(exit_code, 1);
/// let (_, violation) = comparison.violations().next().unwrap();
/// assert_eq!(violation.port, "8080/tcp".parse()?);
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Comparison {
    /// The ranges of the list, which allow ports and are never missed.
    pub ranges: Vec<DynamicRange>,
    /// The hosts, in order of their names.
    pub hosts: Vec<HostComparison>,
    /// How many events of further hosts were dropped by a limit, so that nothing is told of those
    /// hosts.
    pub refused_events: u64,
}

impl Comparison {
    /// Whether all hosts keep to the list.
    #[must_use]
    pub fn conclusion(&self) -> Conclusion {
        let nothing = self.hosts.is_empty().then_some(Missing::NothingRead);
        let events = self.refused_events;
        let dropped = (events > 0).then_some(Missing::Hosts { events });
        let missing = self.hosts.iter().flat_map(|host| host.missing.iter().cloned());
        Conclusion::new(self.has_violations(), missing.chain(nothing).chain(dropped))
    }

    /// True if at least one port of a host is open and not on the list.
    #[must_use]
    pub fn has_violations(&self) -> bool {
        self.violations().next().is_some()
    }

    /// The ports that are open and not on the list, with their hosts.
    pub fn violations(&self) -> impl Iterator<Item = (Option<&Text<'static>>, &Unexpected)> + '_ {
        self.hosts.iter().flat_map(|host| host.violations().map(|one| (host.host.as_ref(), one)))
    }

    /// True if no open port is missing on the list, on no host, and none could be hidden: the
    /// [`conclusion`](Self::conclusion) is [`Conclusion::Clean`].
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.conclusion() == Conclusion::Clean
    }
}

impl AllowList {
    /// Holds the list against a report: which open ports are not on it, and which of its ports were
    /// seen.
    ///
    /// The whole list counts for every host; see [`Self::for_node_group`].
    #[must_use]
    pub fn check(&self, report: &Report) -> Comparison {
        Comparison {
            ranges: self.ranges.clone(),
            refused_events: report.refused_events,
            hosts: report.hosts.iter().map(|host| self.check_host(host)).collect(),
        }
    }

    /// Holds the list against the report of one host.
    #[must_use]
    pub fn check_host(&self, host: &HostReport) -> HostComparison {
        let mut answer = HostComparison { host: host.host.clone(), ..HostComparison::default() };
        let uses = ZoneUses::of(&host.open);
        let mut may_be_open = Vec::new();
        for open in &host.open.ports {
            for port in self.not_allowed(open.port) {
                // Sure is what a zone that applies opens, now or after a reload.
                let is_sure = |fact: &Fact| uses.of_holder(&fact.holder) == ZoneUse::InUse;
                let (facts, doubtful): (Vec<Fact>, Vec<Fact>) =
                    open.facts.iter().cloned().partition(is_sure);
                // The part of the fact's ports that is not on the list.
                may_be_open
                    .extend(doubtful.into_iter().map(|fact| Fact { ports: Some(port), ..fact }));
                if !facts.is_empty() {
                    answer.unexpected.push(Unexpected { port, facts, now: open.is_now() });
                }
            }
        }
        for row in self.ports.iter().filter(|row| row.is_ingress()) {
            let port = row.host_port();
            let was_open = || {
                let ports = host.history.iter().flat_map(|history| &history.ports);
                let mut own = ports.filter(|one| one.port.is_some_and(|own| own.overlaps(port)));
                own.any(|one| is_now(port, &one.holder))
            };
            match host.state(port) {
                PortState::Open => answer.seen.push(Listed { row: row.clone(), seen: Seen::Now }),
                _ if was_open() => {
                    answer.seen.push(Listed { row: row.clone(), seen: Seen::Before })
                }
                PortState::Unknown => answer.unknown.push(row.clone()),
                PortState::Closed if row.optional => answer.optional_not_seen.push(row.clone()),
                PortState::Closed => answer.never_seen.push(row.clone()),
            }
        }
        answer.missing = Missing::of(host, &may_be_open);
        answer.can_open.clone_from(&host.open.can_open);
        answer.can_open.extend(may_be_open);
        answer
    }
}

fn is_now(port: HostPort, holder: &Holder) -> bool {
    let opening = crate::state::opening::Opening { port: Some(port), holder: holder.clone() };
    Role::of(&opening, ZoneUse::InUse) != Role::AllowedAfterReload
}

impl Unexpected {
    /// The row that the list would need, as far as the log tells it.
    fn row(&self) -> String {
        let pod = self.facts.iter().find_map(|fact| match &fact.holder {
            Holder::CrioRule { pod, .. } => crate::report::pod_and_namespace(pod),
            _ => None,
        });
        let (pod, namespace) = pod.unwrap_or_default();
        let ports = self.port.range().to_string();
        line([
            "Ingress",
            &capitals(self.port.protocol()),
            &ports,
            namespace,
            "",
            pod,
            "",
            "",
            "false",
        ])
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.hosts.is_empty() {
            writeln!(f, "{}", self.conclusion())?;
        }
        for (nth, host) in self.hosts.iter().enumerate() {
            if nth > 0 {
                writeln!(f)?;
            }
            write!(f, "{host}")?;
        }
        Ok(())
    }
}

impl fmt::Display for HostComparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "host {}", host_word(self.host.as_ref()))?;
        writeln!(f, "Direction,Protocol,Port,Namespace,Service,Pod,Container,NodeGroup,Optional")?;
        for listed in &self.seen {
            writeln!(f, "{}", listed.row.to_csv())?;
        }
        for row in &self.never_seen {
            writeln!(f, "+ {}", row.to_csv())?;
        }
        for one in &self.unexpected {
            let when = if one.now { "" } else { " after a reload" };
            let held =
                one.facts.iter().map(|fact| held_by(&fact.holder)).collect::<Vec<_>>().join("; ");
            writeln!(f, "- {}   # open{when}: {held}", one.row())?;
        }
        for row in &self.unknown {
            writeln!(f, "? {}", row.to_csv())?;
        }
        for fact in &self.can_open {
            writeln!(f, "? {fact}")?;
        }
        writeln!(f, "{}", self.conclusion())
    }
}
