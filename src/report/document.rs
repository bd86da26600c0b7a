//! The report: everything an auditor asks, owned, in a fixed order, ready to be printed or
//! serialized.

use super::coverage::{Counts, Coverage, HostCoverage, Malformed};
use super::history::{History, HostHistory, PortHistory, roots};
use super::labels::shown;
use super::open_port::{Fact, OpenPort, OpenPorts, PortState, Row, UnknownPart};
use super::origin::Origin;
use super::signs::Signs;
use super::verdict::{Reason, Verdict};
use crate::event::journal::Cause;
use crate::event::{Anomaly, Front, Source};
use crate::port::HostPort;
use crate::record::transport::Encoding;
use crate::span::LineRef;
use crate::state::evidence::Evidence;
use crate::state::known::{Unknown, UnknownReason};
use crate::state::services::ServiceTable;
use crate::state::{Host, Ledger};
use crate::text::Text;
use crate::timeline::Timeline;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

/// What is open on every host, since when, by what, how sure that is, and what could not be known.
///
/// Serialized, its names are stable within one [`schema_version`](Self::schema_version); lists are
/// in a fixed order, so equal answers print equal bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Report {
    /// The version of the serialized form, [`Self::SCHEMA_VERSION`].
    pub schema_version: u32,
    /// All lines read.
    pub counts: Counts,
    /// How many events of further hosts were dropped because [`crate::Limits::max_hosts`] was
    /// reached.
    pub refused_events: u64,
    /// The hosts, in order of their names. A host of which there are nothing but unrelated lines is
    /// none of them; its lines are among [`Self::counts`].
    pub hosts: Vec<HostReport>,
    /// Pairs of hosts that may be one: lines without a name beside those of the only named host, or
    /// a short name beside its full name. [`Auditor::one_host`](crate::Auditor::one_host) makes them
    /// one.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Vec::is_empty"))]
    pub may_be_one: Vec<(Option<Text<'static>>, Option<Text<'static>>)>,
}

/// What is open on one host.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct HostReport {
    /// The host named in the prefix of its lines; `None` where the prefix names none.
    pub host: Option<Text<'static>>,
    /// What is open, joined by port, and what could not be known.
    #[cfg_attr(feature = "serde", serde(flatten))]
    pub open: OpenPorts,
    /// What was read of each source, and whether it could speak; all three are in it.
    pub sources: BTreeMap<Source, SourceReport>,
    /// What was read of the host at all.
    pub coverage: LineReport,
    /// When ports were open, if the history was kept.
    pub history: Option<HistoryReport>,
}

/// What was read of a source.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct SourceReport {
    /// Whether it could speak.
    #[cfg_attr(feature = "serde", serde(flatten))]
    pub verdict: Verdict,
    /// Lines of its records.
    pub records: u64,
    /// Records with a meaning for what is open, or for what may be known of it.
    pub events: u64,
    /// Lines that would have been its records, and were broken.
    pub malformed: u64,
    /// The first record.
    pub first: Option<Evidence>,
    /// The last record.
    pub last: Option<Evidence>,
    /// What it said about itself.
    pub signs: Signs,
}

/// What was read of a host.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct LineReport {
    /// The lines.
    #[cfg_attr(feature = "serde", serde(flatten))]
    pub counts: Counts,
    /// Remarks, by kind.
    pub remarks_by_kind: BTreeMap<Anomaly, u64>,
    /// The first remarks, with their lines.
    pub remark_samples: Vec<(Anomaly, Evidence)>,
    /// The first malformed lines.
    pub malformed_samples: Vec<Malformed>,
    /// Records of neighbours that log host ports of their own.
    pub local_ports: u64,
    /// How often the machine was started, as the journal tells it.
    pub boots: u64,
    /// How many messages the journal says that it dropped, by unit.
    #[cfg_attr(feature = "serde", serde(with = "crate::serde_map_as_list"))]
    pub suppressed: BTreeMap<Text<'static>, u64>,
    /// How many messages lost their text in the journal.
    pub texts_lost: u64,
    /// How often the log shows that lines are missing or cannot be read, by what shows it.
    pub missing: BTreeMap<Cause, u64>,
    /// How many lines hold a known message behind something that is no wrapping known here.
    #[cfg_attr(feature = "serde", serde(with = "crate::serde_map_as_list"))]
    pub look_alikes: BTreeMap<(Source, Front), u64>,
    /// Inputs that are no text that can be read, with their first lines.
    pub encoded: Vec<(Encoding, LineRef)>,
}

/// When the ports of a host were open.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct HistoryReport {
    /// All that ever was open, in order of ports.
    pub ports: Vec<PortHistory>,
    /// How many changes a limit dropped.
    pub dropped: u64,
    /// The newest line of which a change was dropped, by program.
    pub dropped_up_to: BTreeMap<Origin, Evidence>,
}

impl Report {
    /// The version of the serialized form that this crate writes.
    pub const SCHEMA_VERSION: u32 = 2;

    /// The report of a ledger, of what was read for it, and of its history if that was kept.
    ///
    /// The timeline resolves the times since which ports are open; those that it cannot resolve are
    /// left out, the stamps stay as written.
    #[must_use]
    pub fn new(
        ledger: &Ledger,
        coverage: &Coverage,
        history: Option<&History>,
        timeline: &Timeline,
    ) -> Self {
        let mut names: BTreeSet<Option<&Text<'static>>> = ledger
            .hosts()
            .map(|(name, _)| name)
            .chain(coverage.hosts().map(|(name, _)| name))
            .collect();
        let states: BTreeMap<_, _> = ledger.hosts().collect();
        let covers: BTreeMap<_, _> = coverage.hosts().collect();
        let is_told = |name: &Option<&Text<'static>>| {
            states.get(name).is_some_and(|host| is_heard(host))
                || covers.get(name).is_some_and(|host| is_about_hosts_ports(host))
        };
        names.retain(is_told);
        let may_be_one = may_be_one(&names);
        let hosts = names.into_iter().map(|name| {
            let history = history.and_then(|history| history.host(name));
            HostReport::new(
                name,
                states.get(&name).copied(),
                covers.get(&name).copied(),
                history,
                timeline,
            )
        });
        Self {
            schema_version: Self::SCHEMA_VERSION,
            counts: coverage.counts(),
            refused_events: ledger.refused_hosts(),
            hosts: hosts.collect(),
            may_be_one,
        }
    }

    /// The same report, with the services of firewalld's zones turned into the ports that they
    /// stand for.
    ///
    /// The log names services only; the table says what they are, be it the stock of a release or
    /// the files of the host.
    #[must_use]
    pub fn with_services(mut self, services: &ServiceTable) -> Self {
        for host in &mut self.hosts {
            host.open = core::mem::take(&mut host.open).with_services(services);
        }
        self
    }

    /// True if there is not a line of firewalld, CRI-O or ovnkube in what was read, and nothing was
    /// stated: that no port is in the report says nothing then.
    #[must_use]
    pub fn is_of_nothing(&self) -> bool {
        let nothing = |host: &HostReport| {
            host.open.ports.is_empty()
                && host.open.can_open.is_empty()
                && host.open.settings.is_empty()
                && host.sources.values().all(|own| own.records == 0 && own.malformed == 0)
        };
        self.hosts.iter().all(nothing)
    }

    /// The report of one host.
    #[must_use]
    pub fn host(&self, name: Option<&str>) -> Option<&HostReport> {
        self.hosts
            .iter()
            .find(|host| host.host.as_ref().map(Text::as_bytes) == name.map(str::as_bytes))
    }

    /// Every open port of every host.
    pub fn open_ports(&self) -> impl Iterator<Item = (Option<&Text<'static>>, &OpenPort)> + '_ {
        self.hosts
            .iter()
            .flat_map(|host| host.open.ports.iter().map(|port| (host.host.as_ref(), port)))
    }

    /// Flat rows of all hosts, for tools that want tables of text.
    pub fn rows(&self) -> impl Iterator<Item = Row> + '_ {
        self.hosts.iter().flat_map(|host| {
            let name = host.host.as_ref().map(shown).unwrap_or_default();
            host.open.rows().into_iter().map(move |row| Row { host: name.clone(), ..row })
        })
    }
}

impl HostReport {
    fn new(
        name: Option<&Text<'static>>,
        state: Option<&Host>,
        coverage: Option<&HostCoverage>,
        history: Option<&HostHistory>,
        timeline: &Timeline,
    ) -> Self {
        let mut open = state.map(OpenPorts::of).unwrap_or_else(nothing_known);
        open.resolve(timeline);
        let nothing = HostCoverage::default();
        let coverage = coverage.unwrap_or(&nothing);
        let mut sources: BTreeMap<Source, SourceReport> = Source::ALL
            .into_iter()
            .map(|source| (source, SourceReport::new(coverage, source)))
            .collect();
        if let (Some(crio), Some(own)) =
            (state.and_then(Host::crio), sources.get_mut(&Source::Crio))
        {
            own.verdict.hear_speech([crio.tells_sockets(), crio.tells_rules()]);
        }
        if let (Some(firewalld), Some(own)) =
            (state.and_then(Host::firewalld), sources.get_mut(&Source::Firewalld))
            && firewalld.filtered().is_some()
        {
            own.verdict.add(Reason::Filtered);
        }
        // A program that never prints the answer has more to do with it than where its log begins.
        for unknown_table in &mut open.unknown {
            let origin = Origin::of_scope(&unknown_table.scope);
            let mute = sources.iter().any(|(source, own)| {
                Origin::from(*source) == origin
                    && matches!(own.verdict, Verdict::CannotSpeak { .. })
            });
            if mute && unknown_table.unknown == Unknown::BEFORE_LOG {
                let never = Unknown { why: UnknownReason::NeverPrinted, since: None };
                unknown_table.unknown = unknown_table.unknown.stronger(never);
            }
        }
        Self {
            host: name.cloned(),
            open,
            sources,
            coverage: LineReport::new(coverage),
            history: history.map(HistoryReport::new),
        }
    }

    /// What one program's log says of a port now; a source that could not speak leaves it unknown.
    #[must_use]
    pub fn state_by(&self, origin: Origin, port: HostPort) -> PortState {
        let speaks = Source::ALL
            .into_iter()
            .find(|source| Origin::from(*source) == origin)
            .is_none_or(|source| self.sources.get(&source).is_some_and(|own| own.verdict.speaks()));
        match self.open.state_by(origin, port) {
            PortState::Closed if !speaks => PortState::Unknown,
            state => state,
        }
    }

    /// True if ports may be open that are not in the report: a part of the state is unknown, a
    /// source could not speak, or something can open ports that the log does not name.
    #[must_use]
    pub fn is_incomplete(&self) -> bool {
        let unknown_table = self
            .open
            .unknown
            .iter()
            .any(|unknown_table| super::origin::hides_ports(&unknown_table.scope));
        let could = self.open.can_open.iter().any(Fact::is_now)
            || self.open.ports.iter().flat_map(|open| &open.facts).any(Fact::may_be_now);
        unknown_table || could || self.sources.values().any(|own| !own.verdict.speaks())
    }

    /// What all logs together say of a port: open if one says so, closed only if every source could
    /// speak and none could be hiding it.
    #[must_use]
    pub fn state(&self, port: HostPort) -> PortState {
        PortState::of_all(Origin::ALL.map(|origin| self.state_by(origin, port)))
    }
}

/// True if a program of the host was heard of, or something was stated of it.
fn is_heard(host: &Host) -> bool {
    host.firewalld().is_some()
        || host.crio().is_some()
        || host.ovnkube().is_some()
        || host.local_ports().openings().next().is_some()
}

/// True if not all lines of the host are unrelated.
const fn is_about_hosts_ports(host: &HostCoverage) -> bool {
    host.counts.records > 0 || host.counts.malformed > 0 || host.counts.anomalies > 0
}

/// Pairs of names that may be of one host.
fn may_be_one(
    names: &BTreeSet<Option<&Text<'static>>>,
) -> Vec<(Option<Text<'static>>, Option<Text<'static>>)> {
    let mut named = names.iter().flatten();
    let only = named.next().filter(|_| named.next().is_none() && names.contains(&None));
    let mut pairs: Vec<_> = only.map(|name| (None, Some((*name).clone()))).into_iter().collect();
    for full in names.iter().flatten() {
        let dots = full.as_bytes().iter().enumerate().filter(|(_, byte)| **byte == b'.');
        for (dot, _) in dots {
            let short = Text::from(full.as_bytes().get(..dot).unwrap_or_default().to_vec());
            if names.contains(&Some(&short)) {
                pairs.push((Some(short), Some((*full).clone())));
            }
        }
    }
    pairs
}

/// The view of a host of which no record was read.
fn nothing_known() -> OpenPorts {
    let unknown = Origin::ALL
        .into_iter()
        .flat_map(roots)
        .map(|scope| UnknownPart { scope, unknown: Unknown::BEFORE_LOG })
        .collect();
    OpenPorts { unknown, ..OpenPorts::default() }
}

impl SourceReport {
    fn new(coverage: &HostCoverage, source: Source) -> Self {
        let own = coverage.source(source).cloned().unwrap_or_default();
        Self {
            verdict: coverage.verdict(source),
            records: own.records,
            events: own.events,
            malformed: own.malformed,
            first: own.first,
            last: own.last,
            signs: own.signs,
        }
    }
}

impl LineReport {
    fn new(coverage: &HostCoverage) -> Self {
        Self {
            counts: coverage.counts,
            remarks_by_kind: coverage.anomalies.clone(),
            remark_samples: coverage.remark_samples.clone(),
            malformed_samples: coverage.malformed.clone(),
            local_ports: coverage.local_ports,
            boots: coverage.boots,
            suppressed: coverage.suppressed.clone(),
            texts_lost: coverage.texts_lost,
            missing: coverage.missing.clone(),
            look_alikes: coverage.look_alikes.clone(),
            encoded: coverage.encoded.clone(),
        }
    }
}

impl HistoryReport {
    fn new(history: &HostHistory) -> Self {
        Self {
            ports: history.all(),
            dropped: history.dropped(),
            dropped_up_to: history.dropped_up_to().collect(),
        }
    }
}
