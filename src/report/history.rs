//! When was a port open: the changes of each host, kept within a limit, and the intervals that
//! follow from them.

use super::interval::{Beginning, End, Interval};
use super::open_map::{OpenMap, Row, group};
use super::origin::Origin;
use crate::host_name::{self, ByHost};
use crate::limits::Limits;
use crate::port::HostPort;
use crate::state::change::Change;
use crate::state::evidence::Evidence;
use crate::state::known::UnknownReason;
use crate::state::opening::{Holder, Opening, Scope};
use crate::text::Text;
use alloc::collections::{BTreeMap, VecDeque};
use alloc::vec::Vec;

/// The changes of every host in the order of the log.
///
/// For each host and each program at most [`Limits::max_history`] changes are kept; the oldest go
/// first, are counted, and what they opened is still known with its evidence, so the newest answers
/// stay right.
///
/// ```
/// use hostport_audit::report::{History, Interval};
/// use hostport_audit::state::change::Change;
/// use hostport_audit::state::evidence::{Certainty, Evidence};
/// use hostport_audit::state::opening::{Holder, Opening};
/// use hostport_audit::{ByteSpan, InputId, Limits, LineRef};
///
/// let line = |n| Evidence::new(LineRef::new(InputId::default(), n, ByteSpan::default()), None);
/// let opening = Opening { port: Some("443/tcp".parse()?), holder: Holder::CrioSocket };
/// let mut history = History::new(Limits::default());
/// let certainty = Certainty::Confirmed;
/// history.record(None, line(3), &[Change::Opened { opening: opening.clone(), request: None, by: line(3), certainty }]);
/// history.record(None, line(9), &[Change::Closed { opening, by: line(9) }]);
///
/// let ports = history.host(None).map(|host| host.port("443/tcp".parse().unwrap())).unwrap_or_default();
/// assert_eq!(ports[0].intervals[0].to_string(), "opened at line 3 (confirmed), closed at line 9");
/// # Ok::<(), hostport_audit::ParseError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct History {
    limits: Limits,
    #[cfg_attr(feature = "serde", serde(with = "crate::serde_map_as_list"))]
    hosts: ByHost<HostHistory>,
    refused: u64,
}

impl History {
    /// An empty history with bounds on what it holds.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self { limits, hosts: ByHost::new(), refused: 0 }
    }

    /// Adds the changes that one event of a host brought about, in the order of
    /// [`crate::state::Effects::changes`]; `by` is its line.
    pub fn record(&mut self, host: Option<&Text<'_>>, by: Evidence, changes: &[Change]) {
        if changes.is_empty() {
            return;
        }
        match host_name::entry(&mut self.hosts, host, self.limits.max_hosts) {
            Some(own) => own.record(by, changes, self.limits.max_history),
            None => {
                self.refused =
                    self.refused.saturating_add(u64::try_from(changes.len()).unwrap_or(u64::MAX))
            }
        }
    }

    /// What was kept without a name is that of this host.
    pub(crate) fn name_the_nameless(&mut self, name: &Text<'static>) {
        host_name::name_the_nameless(&mut self.hosts, name);
    }

    /// The hosts of which something is kept, in order of their names.
    pub fn hosts(&self) -> impl Iterator<Item = (Option<&Text<'static>>, &HostHistory)> + '_ {
        self.hosts.iter().map(|(name, host)| (name.as_ref(), host))
    }

    /// The history of one host.
    #[must_use]
    pub fn host(&self, name: Option<&Text<'_>>) -> Option<&HostHistory> {
        host_name::find(&self.hosts, name)
    }

    /// How many changes were dropped because [`Limits::max_history`] or [`Limits::max_hosts`] was
    /// reached.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.hosts.values().fold(self.refused, |sum, host| sum.saturating_add(host.dropped()))
    }

    /// This history, and then that of the next stretch of the same logs.
    ///
    /// Joining stretches is associative as long as nothing was dropped. Where the later one has
    /// dropped changes, what was open before is unknown from there on.
    #[must_use]
    pub fn then(mut self, later: Self) -> Self {
        self.refused = self.refused.saturating_add(later.refused);
        for (name, theirs) in later.hosts {
            if self.hosts.contains_key(&name) || self.hosts.len() < self.limits.max_hosts {
                self.hosts.entry(name).or_default().append(theirs, self.limits.max_history);
            } else {
                self.refused =
                    self.refused.saturating_add(theirs.dropped()).saturating_add(theirs.kept());
            }
        }
        self
    }
}

/// The changes of one host.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct HostHistory {
    streams: BTreeMap<Origin, Stream>,
}

/// The changes told by one program, in the order of its log; one noisy program cannot push out what
/// another one told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct Stream {
    /// What held before the oldest change that is kept.
    pub(super) base: OpenMap,
    /// The changes, those of one event together with its line.
    pub(super) events: VecDeque<(Evidence, Vec<Change>)>,
    kept: usize,
    dropped: u64,
    /// The newest line of which a change was dropped.
    pub(super) dropped_up_to: Option<Evidence>,
}

impl Stream {
    fn push(&mut self, by: Evidence, changes: Vec<Change>, most: usize) {
        self.kept = self.kept.saturating_add(changes.len());
        self.events.push_back((by, changes));
        while self.kept > most
            && let Some((by, oldest)) = self.events.pop_front()
        {
            self.kept = self.kept.saturating_sub(oldest.len());
            self.dropped =
                self.dropped.saturating_add(u64::try_from(oldest.len()).unwrap_or(u64::MAX));
            self.dropped_up_to = Some(by);
            self.base.apply(&oldest, None, &mut |_| ());
        }
    }

    /// All intervals, in the order in which they end; what is open comes last.
    fn rows(&self, window: Option<HostPort>) -> Vec<Row> {
        let mut map = match window {
            Some(window) => self.base.cut_to(window),
            None => self.base.clone(),
        };
        let mut rows = Vec::new();
        for (_, changes) in &self.events {
            map.apply(changes, window, &mut |row| rows.push(row));
        }
        rows.extend(map.open_rows());
        rows
    }
}

/// The program that a change belongs to.
fn origin_of(change: &Change) -> Origin {
    match change {
        Change::Opened { opening, .. }
        | Change::Closed { opening, .. }
        | Change::Uncertain { opening, .. } => Origin::of(&opening.holder),
        Change::BecameUnknown { scope, .. }
        | Change::Assumed { scope, .. }
        | Change::BecameKnown { scope, .. } => Origin::of_scope(scope),
    }
}

impl HostHistory {
    fn record(&mut self, by: Evidence, changes: &[Change], most: usize) {
        for origin in Origin::ALL {
            let own: Vec<Change> =
                changes.iter().filter(|change| origin_of(change) == origin).cloned().collect();
            if !own.is_empty() {
                self.streams.entry(origin).or_default().push(by, own, most);
            }
        }
    }

    fn append(&mut self, later: Self, most: usize) {
        for (origin, theirs) in later.streams {
            let ours = self.streams.entry(origin).or_default();
            if let Some(by) = theirs.dropped_up_to {
                let lost = roots(origin).into_iter().map(|scope| Change::BecameUnknown {
                    scope,
                    why: UnknownReason::Limit,
                    by,
                });
                let open = theirs.base.open_rows().map(|row| reopened(row, by));
                ours.push(by, lost.chain(open).collect(), most);
                ours.dropped = ours.dropped.saturating_add(theirs.dropped);
            }
            for (by, changes) in theirs.events {
                ours.push(by, changes, most);
            }
        }
    }

    /// How many changes were dropped because [`Limits::max_history`] was reached.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.streams.values().fold(0, |sum, stream| sum.saturating_add(stream.dropped))
    }

    /// How many changes are kept.
    #[must_use]
    pub fn kept(&self) -> u64 {
        self.streams.values().fold(0, |sum, stream| {
            sum.saturating_add(u64::try_from(stream.kept).unwrap_or(u64::MAX))
        })
    }

    /// The newest line of which a change was dropped, by program: before it the history has holes.
    pub fn dropped_up_to(&self) -> impl Iterator<Item = (Origin, Evidence)> + '_ {
        self.streams
            .iter()
            .filter_map(|(origin, stream)| stream.dropped_up_to.map(|by| (*origin, by)))
    }

    /// The changes that are kept, those of one event together with its line: program by program,
    /// each in the order of its log.
    pub fn events(&self) -> impl Iterator<Item = (Evidence, &[Change])> + '_ {
        self.streams
            .values()
            .flat_map(|stream| stream.events.iter().map(|(by, changes)| (*by, changes.as_slice())))
    }

    pub(super) fn streams(&self) -> impl Iterator<Item = (Origin, &Stream)> + '_ {
        self.streams.iter().map(|(origin, stream)| (*origin, stream))
    }

    /// Everything that ever was open, and when: in order of ports, then of what held them.
    ///
    /// Ranges are cut where their parts had different fates.
    #[must_use]
    pub fn all(&self) -> Vec<PortHistory> {
        self.histories(None)
    }

    /// When the port, or each part of the range, was open, by what held it open.
    ///
    /// Openings whose ports the log does not name (services, IP protocols, rich rules) are not
    /// among them; see [`Self::all`].
    #[must_use]
    pub fn port(&self, port: HostPort) -> Vec<PortHistory> {
        self.histories(Some(port))
    }

    /// What was opened and is open still.
    #[must_use]
    pub fn never_closed(&self) -> Vec<PortHistory> {
        let mut all = self.all();
        all.retain(|history| history.intervals.last().is_some_and(Interval::is_open));
        all
    }

    /// What was closed without an opening in the log: it was open before the log, or its opening
    /// lines are not in this input.
    #[must_use]
    pub fn never_opened(&self) -> Vec<PortHistory> {
        let mut all = self.all();
        all.retain(|history| {
            history.intervals.first().is_some_and(|first| first.beginning == Beginning::NotSeen)
        });
        all
    }

    fn histories(&self, window: Option<HostPort>) -> Vec<PortHistory> {
        let rows = self.streams.values().flat_map(|stream| stream.rows(window)).collect();
        let mut histories: Vec<PortHistory> = group(rows)
            .into_iter()
            .map(|(lane, first, last, intervals)| PortHistory {
                port: lane.ports(first, last),
                holder: lane.holder,
                intervals,
            })
            .collect();
        histories
            .sort_by(|a, b| (port_order(a.port), &a.holder).cmp(&(port_order(b.port), &b.holder)));
        histories
    }
}

/// The order in which reports list ports: by number, then by protocol; what has no number comes
/// last.
pub(super) fn port_order(
    port: Option<HostPort>,
) -> (bool, Option<(u16, crate::port::Protocol, u16)>) {
    (port.is_none(), port.map(|port| (port.range().first(), port.protocol(), port.range().last())))
}

/// The scopes that together are all that a program tells of.
pub(crate) fn roots(origin: Origin) -> Vec<Scope> {
    use crate::family::Family;
    match origin {
        Origin::Firewalld => alloc::vec![Scope::Firewalld],
        Origin::Crio => {
            alloc::vec![
                Scope::CrioSockets,
                Scope::CrioRules { family: Family::Ipv4 },
                Scope::CrioRules { family: Family::Ipv6 }
            ]
        }
        Origin::Ovnkube => alloc::vec![Scope::Ovnkube],
        Origin::LocalPort => Vec::new(),
    }
}

/// What an open row was opened by, as a change.
fn reopened(row: Row, at: Evidence) -> Change {
    let opening = Opening { port: row.lane.ports(row.first, row.last), holder: row.lane.holder };
    let certainty = row.interval.certainty.unwrap_or(crate::state::evidence::Certainty::Reported);
    match row.interval.beginning {
        Beginning::Opened { request, by } => Change::Opened { opening, request, by, certainty },
        Beginning::Found { by } => Change::Opened { opening, request: None, by, certainty },
        Beginning::NotSeen => Change::Opened { opening, request: None, by: at, certainty },
    }
}

/// When a port, or ports with the same fate, were held open by one holder.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct PortHistory {
    /// The port or ports; `None` where the log names none.
    pub port: Option<HostPort>,
    /// What held it open.
    pub holder: Holder,
    /// When, in the order of the log.
    pub intervals: Vec<Interval>,
}

impl PortHistory {
    /// How often it was closed and opened again.
    ///
    /// A program that replaces its rules as a whole looks like flapping here; [`Self::settled`]
    /// joins what a moment parts.
    #[must_use]
    pub fn flaps(&self) -> usize {
        let again = self.intervals.iter().skip(1);
        self.intervals
            .iter()
            .zip(again)
            .filter(|(one, next)| {
                matches!(one.end, End::Closed { .. })
                    && matches!(next.beginning, Beginning::Opened { .. })
            })
            .count()
    }

    /// True if it is open where the log ends.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.intervals.last().is_some_and(Interval::is_open)
    }
}
