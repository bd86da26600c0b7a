//! Net changes: what a moment parts is joined, so that a program replacing its rules as a whole is
//! no flapping port.

use super::history::PortHistory;
use super::interval::{Beginning, End, Interval};
use crate::state::evidence::{Certainty, Evidence};
use crate::timeline::Timeline;
use alloc::vec::Vec;
use core::fmt;
use time::Duration;

/// How long something must stay closed to count as closed.
///
/// ovnkube deletes and adds all rules of a service within milliseconds when the service changes;
/// iptables is silent in between, but no port was closed in a sense that matters. Where times
/// cannot tell, the number of lines in between does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Debounce {
    time: Duration,
    lines: u64,
}

impl Debounce {
    /// What opens again within this time was not closed.
    #[must_use]
    pub const fn within(time: Duration) -> Self {
        Self { time, lines: 0 }
    }

    /// Where one of the times cannot be resolved, or the clock went back: what opens again at most
    /// so many lines later was not closed.
    #[must_use]
    pub const fn or_lines(mut self, lines: u64) -> Self {
        self.lines = lines;
        self
    }
}

/// By what it was judged whether something stayed closed long enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Judged {
    ByTime { joins: bool },
    ByPosition { joins: bool },
}

/// Intervals of a port after a settle time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Debounced {
    /// The port and its intervals, joined where it was closed for a moment only.
    pub history: PortHistory,
    /// How many moments were joined.
    pub joined: u64,
    /// How many were judged by lines in between, since times could not tell.
    pub by_position: u64,
}

impl PortHistory {
    /// The same port, with the moments joined over which it was closed for no longer than the
    /// settle time.
    ///
    /// Only a closing and the opening after it are joined. How long something was open is never
    /// judged: a port that was open for a millisecond was open.
    #[must_use]
    pub fn settled(&self, debounce: Debounce, timeline: &Timeline) -> Debounced {
        let mut intervals: Vec<Interval> = Vec::new();
        let (mut joined, mut by_position) = (0u64, 0u64);
        for next in &self.intervals {
            let judged = intervals.last().and_then(|one| judge(one, next, debounce, timeline));
            if let Some(Judged::ByPosition { .. }) = judged {
                by_position = by_position.saturating_add(1);
            }
            match (judged, intervals.last_mut()) {
                (
                    Some(Judged::ByTime { joins: true } | Judged::ByPosition { joins: true }),
                    Some(one),
                ) => {
                    joined = joined.saturating_add(1);
                    one.end = next.end;
                    one.certainty = next.certainty.or(one.certainty);
                }
                _ => intervals.push(*next),
            }
        }
        Debounced {
            history: Self { port: self.port, holder: self.holder.clone(), intervals },
            joined,
            by_position,
        }
    }

    /// How long it was open in all, if every interval has two ends with times that can be resolved
    /// and do not go back.
    #[must_use]
    pub fn open_for(&self, timeline: &Timeline) -> Option<Duration> {
        self.intervals
            .iter()
            .try_fold(Duration::ZERO, |sum, interval| sum.checked_add(interval.lasted(timeline)?))
    }

    /// What happened to it, one change after another.
    #[must_use]
    pub fn net_changes(&self) -> Vec<NetChange> {
        let mut changes = Vec::new();
        for interval in &self.intervals {
            if let Some(by) = interval.beginning.by() {
                changes.push(NetChange {
                    by,
                    kind: NetChangeKind::Opened { certainty: interval.certainty },
                });
            }
            match interval.end {
                End::Closed { by } => changes.push(NetChange { by, kind: NetChangeKind::Closed }),
                End::BecameUnknown { by, .. } => {
                    changes.push(NetChange { by, kind: NetChangeKind::BecameUnknown })
                }
                End::StillOpen => {}
            }
        }
        changes
    }
}

impl Interval {
    /// How long it was open, if it has two ends with times that can be resolved and do not go back.
    #[must_use]
    pub fn lasted(&self, timeline: &Timeline) -> Option<Duration> {
        between(self.beginning.by()?, self.end.by()?, timeline)
    }
}

/// One net change of a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct NetChange {
    /// The line that proves it.
    pub by: Evidence,
    /// What happened.
    pub kind: NetChangeKind,
}

/// What a [`NetChange`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(tag = "type", rename_all = "snake_case")
)]
pub enum NetChangeKind {
    /// It opened, or was found open.
    Opened {
        /// How sure it is.
        certainty: Option<Certainty>,
    },
    /// It closed.
    Closed,
    /// From here on the log cannot tell.
    BecameUnknown,
}

impl fmt::Display for NetChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            NetChangeKind::Opened { certainty: Some(certainty) } => {
                write!(f, "{}: opened ({certainty})", self.by)
            }
            NetChangeKind::Opened { certainty: None } => write!(f, "{}: opened", self.by),
            NetChangeKind::Closed => write!(f, "{}: closed", self.by),
            NetChangeKind::BecameUnknown => write!(f, "{}: unknown from here on", self.by),
        }
    }
}

/// The time from one line to another; `None` if one has no time that can be resolved, or the clock
/// went back in between.
fn between(from: Evidence, to: Evidence, timeline: &Timeline) -> Option<Duration> {
    let resolve = |by: Evidence| by.stamp.and_then(|stamp| timeline.resolve(stamp).ok());
    let lasted = resolve(to)? - resolve(from)?;
    (!lasted.is_negative()).then_some(lasted)
}

fn judge(
    one: &Interval,
    next: &Interval,
    debounce: Debounce,
    timeline: &Timeline,
) -> Option<Judged> {
    let End::Closed { by: closed } = one.end else { return None };
    let Beginning::Opened { by: opened, .. } = next.beginning else { return None };
    Some(match between(closed, opened, timeline) {
        Some(gap) => Judged::ByTime { joins: gap <= debounce.time },
        None => {
            let same_input = closed.at.input() == opened.at.input();
            let lines = opened.at.line().abs_diff(closed.at.line());
            Judged::ByPosition {
                joins: same_input && debounce.lines > 0 && lines <= debounce.lines,
            }
        }
    })
}
