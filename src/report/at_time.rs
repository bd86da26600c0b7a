//! What was open at a time in the past.

use super::history::{HostHistory, port_order, roots};
use super::interval::Beginning;
use super::open_map::{OpenMap, is_within};
use super::open_port::UnknownPart;
use super::origin::Origin;
use crate::span::InputId;
use crate::state::change::Change;
use crate::state::evidence::{Certainty, Evidence};
use crate::state::known::Unknown;
use crate::state::opening::{Opening, Scope};
use crate::timeline::Timeline;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::fmt;
use time::OffsetDateTime;

/// A place in the logs, or a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Moment {
    /// After this line of an input; inputs with smaller numbers lie before it.
    Line {
        /// The input.
        input: InputId,
        /// The line, counted from 1.
        line: u64,
    },
    /// At this time, with all that the lines of this very time did.
    Time(OffsetDateTime),
}

/// How well a time could be told apart in the log of one program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(tag = "type", rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum Cut {
    /// All changes before it are earlier, all changes behind it later.
    Exact,
    /// The clock went back: changes behind the cut carry times that are not later. The first later
    /// change is where the log was cut.
    ClockWentBack {
        /// How many.
        changes: u64,
    },
    /// The times of some changes cannot be resolved; they counted with the line before them.
    Unresolved {
        /// How many.
        changes: u64,
    },
    /// The oldest changes were dropped by a limit, and the time lies before what is kept: nothing
    /// is known of it.
    Dropped,
}

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact => f.write_str("exact"),
            Self::ClockWentBack { changes } => {
                write!(f, "the clock went back, later changes with earlier times: {changes}")
            }
            Self::Unresolved { changes } => {
                write!(f, "by position for changes without a time that can be resolved: {changes}")
            }
            Self::Dropped => f.write_str("before the oldest change that is kept"),
        }
    }
}

/// Something that was open at a moment.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct OpenThen {
    /// What.
    pub opening: Opening,
    /// How it had become open.
    pub beginning: Beginning,
    /// How sure it is.
    pub certainty: Option<Certainty>,
}

/// What was open on a host at a moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct AtMoment {
    /// What was open, in order of ports.
    pub open: Vec<OpenThen>,
    /// What was not known.
    pub unknown: Vec<UnknownPart>,
    /// How well the moment could be told, by program.
    pub cuts: BTreeMap<Origin, Cut>,
}

impl HostHistory {
    /// What was open at a moment: what a fold over the changes up to it leaves open.
    ///
    /// Position rules: the log of a program is cut before its first change that is later, whatever
    /// times follow; [`AtMoment::cuts`] tells where that was in doubt.
    #[must_use]
    pub fn at(&self, moment: Moment, timeline: &Timeline) -> AtMoment {
        let mut answer = AtMoment::default();
        for (origin, stream) in self.streams() {
            let (events, cut) = cut(stream.events.iter(), moment, timeline);
            let cut = match (stream.dropped_up_to, events.is_empty()) {
                (Some(by), true) if !is_up_to(by, moment, timeline) => Cut::Dropped,
                _ => cut,
            };
            answer.cuts.insert(origin, cut);
            if cut == Cut::Dropped {
                let why = crate::state::known::UnknownReason::Limit;
                let unknown = Unknown { why, since: None };
                answer
                    .unknown
                    .extend(roots(origin).into_iter().map(|scope| UnknownPart { scope, unknown }));
                continue;
            }
            let mut map = stream.base.clone();
            events.iter().for_each(|changes| map.apply(changes, None, &mut |_| ()));
            answer.open.extend(map.open_rows().map(|row| OpenThen {
                opening: Opening {
                    port: row.lane.ports(row.first, row.last),
                    holder: row.lane.holder,
                },
                beginning: row.interval.beginning,
                certainty: row.interval.certainty,
            }));
            answer.unknown.extend(unknowns(origin, &map));
        }
        for origin in Origin::ALL.into_iter().filter(|origin| !answer.cuts.contains_key(origin)) {
            let unknown = Unknown::BEFORE_LOG;
            answer
                .unknown
                .extend(roots(origin).into_iter().map(|scope| UnknownPart { scope, unknown }));
        }
        answer.open.sort_by(|a, b| {
            (port_order(a.opening.port), &a.opening.holder)
                .cmp(&(port_order(b.opening.port), &b.opening.holder))
        });
        answer.unknown.sort();
        answer
    }
}

/// The unknown parts of a program's state: what was lost and not learnt since, and what was never
/// learnt.
fn unknowns(origin: Origin, map: &OpenMap) -> Vec<UnknownPart> {
    let mut unknown: Vec<UnknownPart> = roots(origin)
        .into_iter()
        .filter(|root| !map.scopes().any(|(scope, _)| scope == root || is_within(root, scope)))
        .map(|scope| UnknownPart { scope, unknown: Unknown::BEFORE_LOG })
        .collect();
    // A part that was learnt is taken out of the whole that was not, by naming the other parts.
    let learnt_layer = |layer| {
        map.scopes()
            .any(|(scope, word)| *scope == Scope::FirewalldLayer { layer } && word.is_none())
    };
    if unknown.iter().any(|unknown_table| unknown_table.scope == Scope::Firewalld) {
        use crate::event::firewalld::Layer;
        let layers = [Layer::Runtime, Layer::Permanent];
        if layers.into_iter().any(learnt_layer) {
            unknown.retain(|unknown_table| unknown_table.scope != Scope::Firewalld);
            let left = layers.into_iter().filter(|layer| !learnt_layer(*layer));
            unknown.extend(left.map(|layer| UnknownPart {
                scope: Scope::FirewalldLayer { layer },
                unknown: Unknown::BEFORE_LOG,
            }));
        }
    }
    let lost = map
        .scopes()
        .filter_map(|(scope, word)| Some(UnknownPart { scope: scope.clone(), unknown: *word? }));
    unknown.extend(lost);
    unknown
}

/// True if a line lies at or before a moment; a line whose time cannot be resolved does.
fn is_up_to(by: Evidence, moment: Moment, timeline: &Timeline) -> bool {
    match moment {
        Moment::Line { input, line } => (by.at.input(), by.at.line()) <= (input, line),
        Moment::Time(time) => {
            by.stamp.and_then(|stamp| timeline.resolve(stamp).ok()).is_none_or(|at| at <= time)
        }
    }
}

/// The changes of the events up to a moment, and how well it could be told.
fn cut<'a>(
    events: impl Iterator<Item = &'a (Evidence, Vec<Change>)>,
    moment: Moment,
    timeline: &Timeline,
) -> (Vec<&'a [Change]>, Cut) {
    let (mut before, mut behind) = (Vec::new(), false);
    let (mut went_back, mut unresolved) = (0u64, 0u64);
    for (by, changes) in events {
        let by = *by;
        let count = u64::try_from(changes.len()).unwrap_or(u64::MAX);
        let timeless = matches!(moment, Moment::Time(_))
            && by.stamp.is_none_or(|stamp| timeline.resolve(stamp).is_err());
        if timeless {
            unresolved = unresolved.saturating_add(count);
        }
        let up_to = is_up_to(by, moment, timeline);
        if behind && up_to && !timeless {
            went_back = went_back.saturating_add(count);
        }
        behind |= !up_to;
        if !behind {
            before.push(changes.as_slice());
        }
    }
    let cut = if went_back > 0 {
        Cut::ClockWentBack { changes: went_back }
    } else if unresolved > 0 {
        Cut::Unresolved { changes: unresolved }
    } else {
        Cut::Exact
    };
    (before, cut)
}
