//! The machine behind all history: changes go in, intervals come out as they end, what is open
//! stays.
//!
//! Ranges are kept as disjoint pieces, so that a range opened as a whole and closed port by port is
//! right for each port.

use super::interval::{Beginning, End, Interval};
use super::origin::takes_in;
use crate::port::{HostPort, PortRange, Protocol};
use crate::state::change::Change;
use crate::state::evidence::Certainty;
use crate::state::known::Unknown;
use crate::state::opening::{Holder, Opening, Scope};
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

/// One holder and one protocol; `None` for openings whose ports the log does not name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct HolderPorts {
    pub(super) protocol: Option<Protocol>,
    pub(super) holder: Holder,
}

impl HolderPorts {
    pub(super) fn ports(&self, first: u16, last: u16) -> Option<HostPort> {
        self.protocol.map(|protocol| HostPort::new(protocol, PortRange::new(first, last)))
    }
}

/// Neighbouring ports that opened together and are open still.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
struct OpenRange {
    last: u16,
    beginning: Beginning,
    certainty: Certainty,
    /// How it ends if the event that spoke of its whole scope does not name it, too.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pending_end: Option<End>,
}

impl OpenRange {
    const fn ended(&self, end: End) -> Interval {
        Interval { beginning: self.beginning, end, certainty: Some(self.certainty) }
    }
}

/// Ports of a lane that an interval is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) lane: HolderPorts,
    pub(super) first: u16,
    pub(super) last: u16,
    pub(super) interval: Interval,
}

/// What is open, and what is unknown, after the changes applied so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct OpenMap {
    #[cfg_attr(feature = "serde", serde(with = "crate::serde_map_as_list"))]
    lanes: BTreeMap<HolderPorts, BTreeMap<u16, OpenRange>>,
    /// What was said of scopes as a whole, the last word on each; `None` once it was learnt.
    #[cfg_attr(feature = "serde", serde(with = "crate::serde_map_as_list"))]
    scopes: BTreeMap<Scope, Option<Unknown>>,
}

impl OpenMap {
    /// Applies the changes that one event brought about, in their order, and hands out each
    /// interval that ends.
    ///
    /// With a window, only openings that have a port in common with it are looked at, cut down to
    /// it.
    pub(super) fn apply(
        &mut self,
        changes: &[Change],
        window: Option<HostPort>,
        ended: &mut impl FnMut(Row),
    ) {
        let mut learnt: Vec<&Scope> = Vec::new();
        let mut swept = false;
        for change in changes {
            match change {
                Change::Opened { opening, request, by, certainty } => {
                    if let Some((lane, first, last)) = lane_of(opening, window) {
                        let found = learnt.iter().any(|scope| takes_in(scope, &lane.holder));
                        let beginning = if found {
                            Beginning::Found { by: *by }
                        } else {
                            Beginning::Opened { request: *request, by: *by }
                        };
                        self.open(lane, first, last, beginning, *certainty);
                    }
                }
                Change::Closed { opening, by } => {
                    if let Some((lane, first, last)) = lane_of(opening, window) {
                        self.end(lane, first, last, End::Closed { by: *by }, ended);
                    }
                }
                Change::Uncertain { opening, why, by } => {
                    if let Some((lane, first, last)) = lane_of(opening, window) {
                        self.end(
                            lane,
                            first,
                            last,
                            End::BecameUnknown { why: *why, by: *by },
                            ended,
                        );
                    }
                }
                Change::BecameUnknown { scope, why, by } => {
                    self.note_scope(scope, Some(Unknown::since(*why, *by)));
                    self.sweep(scope, End::BecameUnknown { why: *why, by: *by });
                    swept = true;
                }
                // What follows is open as it was, but no surer than the assumption.
                Change::Assumed { scope, .. } => self.make_assumed(scope),
                Change::BecameKnown { scope, by } => {
                    self.note_scope(scope, None);
                    self.sweep(scope, End::Closed { by: *by });
                    learnt.push(scope);
                    swept = true;
                }
            }
        }
        if swept {
            self.end_unnamed(ended);
        }
    }

    /// Everything in a scope ends so, unless the same event goes on to name it as open.
    fn sweep(&mut self, scope: &Scope, end: End) {
        for (_, pieces) in self.lanes.iter_mut().filter(|(lane, _)| takes_in(scope, &lane.holder)) {
            pieces.values_mut().for_each(|piece| piece.pending_end = Some(end));
        }
    }

    fn make_assumed(&mut self, scope: &Scope) {
        for (_, pieces) in self.lanes.iter_mut().filter(|(lane, _)| takes_in(scope, &lane.holder)) {
            pieces.values_mut().for_each(|piece| piece.certainty = Certainty::Assumed);
        }
    }

    fn note_scope(&mut self, scope: &Scope, word: Option<Unknown>) {
        self.scopes.retain(|narrower, _| !is_within(narrower, scope));
        self.scopes.insert(scope.clone(), word);
    }

    fn open(
        &mut self,
        lane: HolderPorts,
        first: u16,
        last: u16,
        beginning: Beginning,
        certainty: Certainty,
    ) {
        let pieces = self.lanes.entry(lane).or_default();
        split_at(pieces, first);
        split_behind(pieces, last);
        // Pieces that are open already stay as they began, and may become surer; the gaps between
        // them open now.
        let mut gaps = Vec::new();
        let mut next = Some(first);
        for (&start, piece) in pieces.range_mut(first..=last) {
            piece.pending_end = None;
            piece.certainty = surer(piece.certainty, certainty);
            if let Some(from) = next
                && from < start
            {
                gaps.push((from, start.saturating_sub(1)));
            }
            next = piece.last.checked_add(1);
        }
        if let Some(from) = next
            && from <= last
        {
            gaps.push((from, last));
        }
        for (from, to) in gaps {
            pieces.insert(from, OpenRange { last: to, beginning, certainty, pending_end: None });
        }
    }

    fn end(
        &mut self,
        lane: HolderPorts,
        first: u16,
        last: u16,
        end: End,
        ended: &mut impl FnMut(Row),
    ) {
        let mut emit =
            |first, last, interval| ended(Row { lane: lane.clone(), first, last, interval });
        // To doubt what was not known to be open says nothing; to close it shows that it was.
        let closes = matches!(end, End::Closed { .. });
        let not_seen = Interval { beginning: Beginning::NotSeen, end, certainty: None };
        let mut next = Some(first);
        if let Some(pieces) = self.lanes.get_mut(&lane) {
            split_at(pieces, first);
            split_behind(pieces, last);
            let inside: Vec<u16> = pieces.range(first..=last).map(|(&start, _)| start).collect();
            for start in inside {
                let Some(piece) = pieces.remove(&start) else { continue };
                if let Some(from) = next
                    && from < start
                    && closes
                {
                    emit(from, start.saturating_sub(1), not_seen);
                }
                emit(start, piece.last, piece.ended(end));
                next = piece.last.checked_add(1);
            }
        }
        if let Some(from) = next
            && from <= last
            && closes
        {
            emit(from, last, not_seen);
        }
        if self.lanes.get(&lane).is_some_and(BTreeMap::is_empty) {
            self.lanes.remove(&lane);
        }
    }

    fn end_unnamed(&mut self, ended: &mut impl FnMut(Row)) {
        self.lanes.retain(|lane, pieces| {
            pieces.retain(|&first, piece| match piece.pending_end {
                Some(end) => {
                    ended(Row {
                        lane: lane.clone(),
                        first,
                        last: piece.last,
                        interval: piece.ended(end),
                    });
                    false
                }
                None => true,
            });
            !pieces.is_empty()
        });
    }

    /// Everything that is open now, as intervals that have not ended, in order of protocol, holder
    /// and port.
    pub(super) fn open_rows(&self) -> impl Iterator<Item = Row> + '_ {
        self.lanes.iter().flat_map(|(lane, pieces)| {
            pieces.iter().map(|(&first, piece)| Row {
                lane: lane.clone(),
                first,
                last: piece.last,
                interval: piece.ended(End::StillOpen),
            })
        })
    }

    /// The same, cut down to the ports of a window.
    pub(super) fn cut_to(&self, window: HostPort) -> Self {
        let mut cut = Self { lanes: BTreeMap::new(), scopes: self.scopes.clone() };
        for (lane, pieces) in
            self.lanes.iter().filter(|(lane, _)| lane.protocol == Some(window.protocol()))
        {
            let (first, last) = (window.range().first(), window.range().last());
            let mut inside = pieces.clone();
            split_at(&mut inside, first);
            split_behind(&mut inside, last);
            inside.retain(|start, _| first <= *start && *start <= last);
            if !inside.is_empty() {
                cut.lanes.insert(lane.clone(), inside);
            }
        }
        cut
    }

    /// The last word on each scope: unknown, or known.
    pub(super) fn scopes(&self) -> impl Iterator<Item = (&Scope, Option<&Unknown>)> + '_ {
        self.scopes.iter().map(|(scope, word)| (scope, word.as_ref()))
    }
}

/// The lane of an opening and its first and last port; `None` if the window shuts it out.
fn lane_of(opening: &Opening, window: Option<HostPort>) -> Option<(HolderPorts, u16, u16)> {
    let lane = HolderPorts {
        protocol: opening.port.map(HostPort::protocol),
        holder: opening.holder.clone(),
    };
    match (opening.port, window) {
        (None, None) => Some((lane, 0, 0)),
        (None, Some(_)) => None,
        (Some(port), None) => Some((lane, port.range().first(), port.range().last())),
        (Some(port), Some(window)) => port.overlaps(window).then(|| {
            let first = port.range().first().max(window.range().first());
            let last = port.range().last().min(window.range().last());
            (lane, first, last)
        }),
    }
}

/// The surer of two: what a program confirmed, then what the caller stated, then what a program
/// only announced, then what is only assumed.
const fn surer(a: Certainty, b: Certainty) -> Certainty {
    match (a, b) {
        (Certainty::Confirmed, _) | (_, Certainty::Confirmed) => Certainty::Confirmed,
        (Certainty::Stated, _) | (_, Certainty::Stated) => Certainty::Stated,
        (Certainty::Reported, _) | (_, Certainty::Reported) => Certainty::Reported,
        (Certainty::Assumed, Certainty::Assumed) => Certainty::Assumed,
    }
}

/// Makes a piece begin at the port, if one reaches over it.
fn split_at(pieces: &mut BTreeMap<u16, OpenRange>, at: u16) {
    let Some(before) = at.checked_sub(1) else { return };
    if let Some((_, piece)) = pieces.range_mut(..at).next_back()
        && piece.last >= at
    {
        let behind = *piece;
        piece.last = before;
        pieces.insert(at, behind);
    }
}

fn split_behind(pieces: &mut BTreeMap<u16, OpenRange>, last: u16) {
    if let Some(next) = last.checked_add(1) {
        split_at(pieces, next);
    }
}

/// True if the first scope is the second one, or a part of it.
pub(super) fn is_within(narrow: &Scope, wide: &Scope) -> bool {
    match (narrow, wide) {
        (
            Scope::Firewalld
            | Scope::FirewalldLayer { .. }
            | Scope::Zone { .. }
            | Scope::ZoneList { .. },
            Scope::Firewalld,
        ) => true,
        (
            Scope::Zone { layer, .. } | Scope::ZoneList { layer, .. },
            Scope::FirewalldLayer { layer: wide },
        ) => layer == wide,
        (Scope::ZoneList { zone, layer, .. }, Scope::Zone { zone: wide_zone, layer: wide }) => {
            layer == wide && zone == wide_zone
        }
        (narrow, wide) => narrow == wide,
    }
}

/// Groups rows by equal ports and holder: neighbouring ports with the same fate stay together,
/// however the log cut them.
pub(super) fn group(rows: Vec<Row>) -> Vec<(HolderPorts, u16, u16, Vec<Interval>)> {
    let mut lanes: BTreeMap<HolderPorts, Vec<(u16, u16, Interval)>> = BTreeMap::new();
    for row in rows {
        lanes.entry(row.lane).or_default().push((row.first, row.last, row.interval));
    }
    let mut groups: Vec<(HolderPorts, u16, u16, Vec<Interval>)> = Vec::new();
    for (lane, rows) in lanes {
        let mut pieces: BTreeMap<u16, (u16, Vec<Interval>)> = BTreeMap::new();
        let mut edges: Vec<u32> = rows
            .iter()
            .flat_map(|(first, last, _)| [u32::from(*first), u32::from(*last).saturating_add(1)])
            .collect();
        edges.sort_unstable();
        edges.dedup();
        for (from, to) in edges.iter().zip(edges.iter().skip(1)) {
            let bounds = (u16::try_from(*from), u16::try_from(to.saturating_sub(1)));
            if let (Ok(first), Ok(last)) = bounds {
                pieces.insert(first, (last, Vec::new()));
            }
        }
        for (first, last, interval) in rows {
            pieces.range_mut(first..=last).for_each(|(_, (_, intervals))| intervals.push(interval));
        }
        let mut open_group: Option<(u16, u16, Vec<Interval>)> = None;
        for (first, (last, intervals)) in
            pieces.into_iter().filter(|(_, (_, intervals))| !intervals.is_empty())
        {
            match &mut open_group {
                Some((_, to, same)) if to.checked_add(1) == Some(first) && *same == intervals => {
                    *to = last
                }
                _ => {
                    if let Some((from, to, intervals)) =
                        open_group.replace((first, last, intervals))
                    {
                        groups.push((lane.clone(), from, to, intervals));
                    }
                }
            }
        }
        if let Some((from, to, intervals)) = open_group {
            groups.push((lane, from, to, intervals));
        }
    }
    groups
}
