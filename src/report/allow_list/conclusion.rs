//! What a comparison with an allow list comes to, and what stands in the way of an answer.

use crate::event::Source;
use crate::report::document::HostReport;
use crate::report::open_port::{Fact, UnknownPart};
use crate::report::origin::hides_ports;
use crate::report::unknown_table;
use crate::report::verdict::Verdict;
use alloc::collections::BTreeSet;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

/// What holding a list against a report came to.
///
/// That nothing was found is no proof: a log that is empty, or was read from a wrong path, shows no
/// open port either. So "clean" is said only where every source could have told.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(tag = "type", rename_all = "snake_case")
)]
pub enum Conclusion {
    /// At least one open port is not on the list, whatever else is unknown.
    Violated,
    /// No port is open that is not on the list, and none can be hidden.
    Clean,
    /// No open port was found that is not on the list, but one may be hidden.
    CannotTell {
        /// What is missing for an answer; at least one thing.
        missing: BTreeSet<Missing>,
    },
}

impl Conclusion {
    pub(super) fn new(violated: bool, missing: impl IntoIterator<Item = Missing>) -> Self {
        let missing: BTreeSet<Missing> = missing.into_iter().collect();
        if violated {
            Self::Violated
        } else if missing.is_empty() {
            Self::Clean
        } else {
            Self::CannotTell { missing }
        }
    }
}

impl fmt::Display for Conclusion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Violated => f.write_str("violated"),
            Self::Clean => f.write_str("clean"),
            Self::CannotTell { missing } => {
                let missing = missing.iter().map(ToString::to_string).collect::<Vec<_>>();
                write!(f, "cannot tell: {}", missing.join("; "))
            }
        }
    }
}

/// What is missing for a list to be held against all that is open.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(tag = "type", rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum Missing {
    /// Nothing was read or stated: there is not one host.
    NothingRead,
    /// Events of further hosts were dropped, since [`crate::Limits::max_hosts`] was reached.
    Hosts {
        /// How many events.
        events: u64,
    },
    /// A source could not tell what it opened.
    Source {
        /// The source.
        source: Source,
        /// What its log is worth.
        verdict: Verdict,
    },
    /// A part of the state is unknown.
    State {
        /// What, and why.
        unknown_table: UnknownPart,
    },
    /// It is not known whether a zone applies to any packet, and with that whether a port that is
    /// not on the list is open.
    ZoneUse {
        /// What the zone allows.
        fact: Fact,
    },
    /// Something can open ports that the log does not name: a service, a rich rule.
    Ports {
        /// What.
        fact: Fact,
    },
}

impl Missing {
    /// All that is missing on a host, for a list that some ports of zones are not on.
    pub(super) fn of(host: &HostReport, may_be_open: &[Fact]) -> Vec<Self> {
        let sources = host.sources.iter().filter(|(_, own)| !own.verdict.speaks());
        let sources = sources
            .map(|(source, own)| Self::Source { source: *source, verdict: own.verdict.clone() });
        let unknown =
            host.open.unknown.iter().filter(|unknown_table| hides_ports(&unknown_table.scope));
        let can_open = host.open.can_open.iter().filter(|fact| fact.is_now());
        let zones = may_be_open.iter().filter(|fact| fact.may_be_now());
        sources
            .chain(
                unknown.map(|unknown_table| Self::State { unknown_table: unknown_table.clone() }),
            )
            .chain(zones.map(|fact| Self::ZoneUse { fact: fact.clone() }))
            .chain(can_open.map(|fact| Self::Ports { fact: fact.clone() }))
            .collect()
    }
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NothingRead => {
                f.write_str("nothing was read: no line of firewalld, CRI-O or ovnkube")
            }
            Self::Hosts { events } => {
                write!(f, "{events} events of further hosts were dropped by the limit on hosts")
            }
            Self::Source { source, verdict } => write!(f, "{source} {verdict}"),
            Self::State { unknown_table } => {
                let rows = unknown_table::rows(core::slice::from_ref(unknown_table));
                let rows = rows.into_iter().map(|(what, why)| alloc::format!("{what}: {why}"));
                f.write_str(&rows.collect::<Vec<String>>().join("; "))
            }
            Self::ZoneUse { fact } | Self::Ports { fact } => write!(f, "{fact}"),
        }
    }
}
