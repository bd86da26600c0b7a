//! An allow list held against a report.

use super::csv::{capitals, line};
use super::{AllowList, AllowedPort, DynamicRange};
use crate::port::HostPort;
use crate::report::document::{HostReport, Report};
use crate::report::open_port::{Fact, PortState, Role};
use crate::report::words::{held_by, host_word};
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
    /// What can open ports that the log does not name, so that the list cannot be held against
    /// them.
    pub can_open: Vec<Fact>,
    /// True if a part of the state is unknown, so that further ports may be open that are not on
    /// the list.
    pub may_be_more: bool,
}

/// What holding an [`AllowList`] against a [`Report`] led to.
///
/// Printed in the shape of commatrix' differences: `+` stands before a row that is on the list and
/// was never seen, `-` before an open port that is not on the list, nothing before what agrees, and
/// `?` before what could not be known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Comparison {
    /// The ranges of the list, which allow ports and are never missed.
    pub ranges: Vec<DynamicRange>,
    /// The hosts, in order of their names.
    pub hosts: Vec<HostComparison>,
}

impl Comparison {
    /// True if no open port is missing on the list, on no host, and none could be hidden.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.hosts
            .iter()
            .all(|host| host.unexpected.is_empty() && host.can_open.is_empty() && !host.may_be_more)
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
            hosts: report.hosts.iter().map(|host| self.check_host(host)).collect(),
        }
    }

    /// Holds the list against the report of one host.
    #[must_use]
    pub fn check_host(&self, host: &HostReport) -> HostComparison {
        let mut answer = HostComparison { host: host.host.clone(), ..HostComparison::default() };
        for open in &host.open.ports {
            for port in self.not_allowed(open.port) {
                answer.unexpected.push(Unexpected {
                    port,
                    facts: open.facts.clone(),
                    now: open.is_now(),
                });
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
        answer.can_open.clone_from(&host.open.can_open);
        answer.may_be_more = host.is_incomplete();
        answer
    }
}

fn is_now(port: HostPort, holder: &Holder) -> bool {
    let opening = crate::state::opening::Opening { port: Some(port), holder: holder.clone() };
    Role::of(&opening) != Role::AllowedAfterReload
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
            writeln!(f, "? can open ports that the log does not name: {}", held_by(&fact.holder))?;
        }
        if self.may_be_more {
            writeln!(f, "? a part of the state is unknown, so more ports may be open")?;
        }
        Ok(())
    }
}
