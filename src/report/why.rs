//! Why is this port open: the chain of evidence, as data and as text.

use super::document::HostReport;
use super::history::PortHistory;
use super::labels::{held_by, host_word, layer_word};
use super::open_port::{Fact, PortState, Presumed, UnknownPart};
use super::origin::{Origin, hides_ports};
use super::unknown_table;
use crate::port::HostPort;
use crate::state::evidence::{Certainty, Evidence};
use crate::text::Text;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::fmt;

/// Everything that the logs say about a port of a host.
///
/// Printed, it reads from what is sure to what is not: what holds the port open, with the line that
/// asked for it and the line that proves it; what happened to it before; what else could open it;
/// and what is unknown about it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Why {
    /// The host.
    pub host: Option<Text<'static>>,
    /// The port.
    pub port: HostPort,
    /// What all programs together say.
    pub state: PortState,
    /// What each program says.
    pub states: BTreeMap<Origin, PortState>,
    /// What holds it open, or will after a reload.
    pub facts: Vec<Fact>,
    /// When it was open, by what held it; empty if no history was kept.
    pub history: Vec<PortHistory>,
    /// What could open it, too: openings whose ports the log does not name.
    pub could: Vec<Fact>,
    /// What is not known and could concern it.
    pub unknown: Vec<UnknownPart>,
    /// What is known only by an assumption and could concern it.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Vec::is_empty"))]
    pub assumed: Vec<Presumed>,
}

impl HostReport {
    /// Why a port is open, or is not.
    #[must_use]
    pub fn why(&self, port: HostPort) -> Why {
        let mut facts: Vec<Fact> = self.open.facts(port).cloned().collect();
        facts.sort();
        facts.dedup();
        let history =
            self.history.as_ref().map(|history| history.ports.as_slice()).unwrap_or_default();
        Why {
            host: self.host.clone(),
            port,
            state: self.state(port),
            states: Origin::ALL
                .into_iter()
                .map(|origin| (origin, self.state_by(origin, port)))
                .collect(),
            facts,
            history: history
                .iter()
                .filter(|one| one.port.is_some_and(|own| own.overlaps(port)))
                .cloned()
                .collect(),
            could: self.open.can_open.clone(),
            unknown: self
                .open
                .unknown
                .iter()
                .filter(|unknown_table| hides_ports(&unknown_table.scope))
                .cloned()
                .collect(),
            assumed: self
                .open
                .assumed
                .iter()
                .filter(|presumed| hides_ports(&presumed.scope))
                .cloned()
                .collect(),
        }
    }
}

impl Why {
    /// The lines that the answer stands on, in the order of the logs: requests, proofs, closings.
    #[must_use]
    pub fn evidence(&self) -> Vec<Evidence> {
        let supports =
            self.facts.iter().flat_map(|fact| [fact.support.request, Some(fact.support.since)]);
        let ends = self.history.iter().flat_map(|history| &history.intervals);
        let ends = ends.flat_map(|interval| [interval.beginning.by(), interval.end.by()]);
        let mut lines: Vec<Evidence> = supports.chain(ends).flatten().collect();
        lines.sort_unstable();
        lines.dedup();
        lines
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} on {}: {}", self.port, host_word(self.host.as_ref()), self.state)?;
        for fact in &self.facts {
            writeln!(
                f,
                "  {} by {} ({})",
                fact.role,
                held_by(&fact.holder),
                layer_word(&fact.holder)
            )?;
            if let Some(ports) = fact.ports.filter(|ports| *ports != self.port) {
                writeln!(f, "    as part of {ports}")?;
            }
            if let Some(request) = fact.support.request {
                writeln!(f, "    asked for at {request}")?;
            }
            match fact.support.certainty {
                Certainty::Confirmed => writeln!(f, "    confirmed at {}", fact.support.since)?,
                Certainty::Reported => {
                    writeln!(
                        f,
                        "    reported at {}; no line confirms it, none takes it back",
                        fact.support.since
                    )?;
                }
                Certainty::Stated => {
                    writeln!(f, "    stated by the caller, {}", fact.support.place())?
                }
                Certainty::Assumed => writeln!(
                    f,
                    "    so at {}, and since only by an assumption",
                    fact.support.since
                )?,
            }
        }
        let past = self
            .history
            .iter()
            .filter(|one| one.intervals.len() > 1 || !one.is_open())
            .collect::<Vec<_>>();
        if !past.is_empty() {
            writeln!(f, "  what happened to it:")?;
        }
        for one in past {
            writeln!(f, "    {} ({})", held_by(&one.holder), layer_word(&one.holder))?;
            for interval in &one.intervals {
                writeln!(f, "      {interval}")?;
            }
        }
        for fact in &self.could {
            writeln!(
                f,
                "  could be opened, too, by {} ({}), {}",
                held_by(&fact.holder),
                layer_word(&fact.holder),
                fact.support.since
            )?;
        }
        for (what, why) in unknown_table::rows(&self.unknown) {
            writeln!(f, "  not known: {what}: {why}")?;
        }
        for (what, assumed) in unknown_table::assumed_rows(&self.assumed) {
            writeln!(f, "  assumed: {what}: {assumed}")?;
        }
        Ok(())
    }
}
