//! What happened to a port, one line after another, over all programs.

use super::history::{HostHistory, PortHistory};
use super::interval::{Beginning, End};
use super::labels::{held_by, layer_word, port_word};
use crate::port::HostPort;
use crate::span::InputId;
use crate::state::evidence::Evidence;
use crate::state::opening::Holder;
use crate::timeline::Timeline;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::fmt;
use time::OffsetDateTime;

/// How the entries of a [`PortLog`] are ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
pub enum Ordering {
    /// All lines stand in one input, in its order.
    Position,
    /// Each input in its own order, and the inputs against each other by time.
    PositionThenTime,
    /// Each input in its own order; the inputs one after another, since some times cannot be
    /// resolved or go back.
    InputAfterInput,
}

/// One thing that happened to a port.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Happening {
    /// The line that proves it.
    pub by: Evidence,
    /// The ports it happened to.
    pub port: Option<HostPort>,
    /// What held them.
    pub holder: Holder,
    /// What happened.
    pub what: Happened,
}

/// What happened to a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(tag = "type", rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum Happened {
    /// It opened.
    Opened {
        /// How.
        beginning: Beginning,
    },
    /// It ended.
    Ended {
        /// How.
        end: End,
    },
}

/// What happened to a port, in order; printed, one line for each thing.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct PortLog {
    /// What happened.
    pub happenings: Vec<Happening>,
    /// How it is ordered.
    pub ordering: Ordering,
}

impl HostHistory {
    /// What happened to the port, over all programs.
    ///
    /// Lines of one input stand in their order, whatever their clocks say; inputs are ordered
    /// against each other by time.
    #[must_use]
    pub fn log_of(&self, port: HostPort, timeline: &Timeline) -> PortLog {
        let mut inputs: BTreeMap<InputId, Vec<Happening>> = BTreeMap::new();
        for one in self.port(port).iter().flat_map(happenings) {
            inputs.entry(one.by.at.input()).or_default().push(one);
        }
        for happenings in inputs.values_mut() {
            // A line may close and open; the end comes first, as the derived order has it the other
            // way round.
            happenings.sort_by(|a, b| {
                (a.by.at, is_opening(a), &a.holder).cmp(&(b.by.at, is_opening(b), &b.holder))
            });
        }
        let many = inputs.len() > 1;
        let merged = many.then(|| merge(&inputs, timeline)).flatten();
        let ordering = match (many, &merged) {
            (false, _) => Ordering::Position,
            (true, Some(_)) => Ordering::PositionThenTime,
            (true, None) => Ordering::InputAfterInput,
        };
        PortLog {
            happenings: merged.unwrap_or_else(|| inputs.into_values().flatten().collect()),
            ordering,
        }
    }
}

fn is_opening(one: &Happening) -> bool {
    matches!(one.what, Happened::Opened { .. })
}

fn happenings(history: &PortHistory) -> Vec<Happening> {
    let one = |by, what| Happening { by, port: history.port, holder: history.holder.clone(), what };
    let mut all = Vec::new();
    for interval in &history.intervals {
        all.extend(
            interval
                .beginning
                .by()
                .map(|by| one(by, Happened::Opened { beginning: interval.beginning })),
        );
        all.extend(interval.end.by().map(|by| one(by, Happened::Ended { end: interval.end })));
    }
    all
}

/// All inputs by time; `None` if a time cannot be resolved, or goes back within an input.
fn merge(
    inputs: &BTreeMap<InputId, Vec<Happening>>,
    timeline: &Timeline,
) -> Option<Vec<Happening>> {
    let mut timed: Vec<(OffsetDateTime, &Happening)> = Vec::new();
    for happenings in inputs.values() {
        let mut before: Option<OffsetDateTime> = None;
        for one in happenings {
            let at = timeline.resolve(one.by.stamp?).ok()?;
            if before.is_some_and(|before| before > at) {
                return None;
            }
            before = Some(at);
            timed.push((at, one));
        }
    }
    timed.sort_by_key(|(at, _)| *at);
    Some(timed.into_iter().map(|(_, one)| one.clone()).collect())
}

impl fmt::Display for PortLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for one in &self.happenings {
            let (holder, layer) = (held_by(&one.holder), layer_word(&one.holder));
            let port = port_word(one.port);
            match &one.what {
                Happened::Opened { beginning: Beginning::Found { .. } } => {
                    writeln!(f, "{}: {port} found open, {holder} ({layer})", one.by)?;
                }
                Happened::Opened {
                    beginning: Beginning::Opened { request: Some(request), by },
                } if request.at != by.at => {
                    writeln!(
                        f,
                        "{}: {port} opened, {holder} ({layer}), asked for at {}",
                        one.by, request.at
                    )?;
                }
                Happened::Opened { .. } => {
                    writeln!(f, "{}: {port} opened, {holder} ({layer})", one.by)?
                }
                Happened::Ended { end: End::BecameUnknown { why, .. } } => {
                    writeln!(
                        f,
                        "{}: {port} unknown from here on, {holder} ({layer}): {why}",
                        one.by
                    )?;
                }
                Happened::Ended { .. } => {
                    writeln!(f, "{}: {port} closed, {holder} ({layer})", one.by)?
                }
            }
        }
        match self.ordering {
            Ordering::InputAfterInput => {
                writeln!(f, "(inputs stand one after another: their times cannot order them)")
            }
            Ordering::Position | Ordering::PositionThenTime => Ok(()),
        }
    }
}
