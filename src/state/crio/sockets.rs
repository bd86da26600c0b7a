//! The sockets by which CRI-O up to 1.30 reserves host ports: how many for each port, as far as the
//! log tells.
//!
//! A port may be held several times (two families, several host addresses), and the lines name the
//! port alone. So for each port there is a number of sockets that are surely held, a number that
//! may be held besides, and those that were opened and wait for the rules that confirm them: if the
//! start of the pod fails before, they are closed without a word.

use super::requests::names_pod;
use crate::event::Anomaly;
use crate::port::HostPort;
use crate::state::change::Change;
use crate::state::effects::Effects;
use crate::state::evidence::{Certainty, Evidence, Provenance};
use crate::state::known::{Unknown, UnknownReason};
use crate::state::opening::{Holder, Opening, Scope};
use crate::text::Text;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

/// No upper bound.
pub(super) const ANY: u32 = u32::MAX;
/// More sockets never wait for their rules at once: a manager opens those of one pod and writes its
/// rules before it turns to the next.
const MOST_WAITING: usize = 1024;

#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct Sockets {
    /// Why nothing but a part is known; `None` when all is.
    unknown: Option<Unknown>,
    #[cfg_attr(feature = "serde", serde(with = "crate::serde_map_as_list"))]
    ports: BTreeMap<HostPort, PortSockets>,
    /// The ports with sockets that wait for their rules, and how many sockets these are.
    waiting: BTreeSet<HostPort>,
    wait: usize,
    /// The ports of which it is not known whether one socket at least is held.
    unsure: BTreeSet<HostPort>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
struct PortSockets {
    /// Sockets that are held.
    sure: u32,
    /// Sockets that may be held besides.
    maybe: u32,
    /// How many of these were sure until their rules went; the line that closes them is still to
    /// come, if it is not missing.
    closing: u32,
    /// Sockets that were opened and not yet confirmed by rules.
    opened: Vec<Opened>,
    /// Since when at least one is held.
    support: Provenance,
    /// Why it is not known, where it is not.
    doubt: Unknown,
    /// It was reported as open and not yet as closed.
    reported: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
struct Opened {
    opener: PossibleOpener,
    /// It may have been closed again by now.
    doubtful: bool,
}

/// For whom a socket was opened.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
pub(super) enum PossibleOpener {
    /// For a pod that no line told of, or no longer.
    NotSeen,
    /// For one of these, which were being started.
    OneOf(BTreeSet<Text<'static>>),
    /// For one of more pods than it is worth to keep apart.
    Crowd,
}

impl PossibleOpener {
    fn is(&self, pod: &Text<'_>) -> bool {
        matches!(self, Self::OneOf(pods) if pods.iter().any(|of| of.as_bytes() == pod.as_bytes()))
    }

    /// It was not for this pod. True if there was but this one.
    fn rule_out(&mut self, pod: &Text<'_>) -> bool {
        let Self::OneOf(pods) = self else { return false };
        pods.retain(|of| of.as_bytes() != pod.as_bytes());
        let none_left = pods.is_empty();
        if none_left {
            *self = Self::NotSeen;
        }
        none_left
    }
}

impl Opened {
    /// True if the end of this pod's start changes what is known of it.
    fn is_concerned(&self, pod: Option<&Text<'_>>, end: StartOutcome) -> bool {
        match pod {
            Some(pod) if self.opener.is(pod) => true,
            _ if end == StartOutcome::Started => false,
            Some(_) => !matches!(self.opener, PossibleOpener::OneOf(_)) && !self.doubtful,
            None => self.opener == PossibleOpener::NotSeen || !self.doubtful,
        }
    }
}

impl PortSockets {
    fn new(by: Evidence) -> Self {
        let doubt = Unknown::since(UnknownReason::Gap, by);
        Self {
            sure: 0,
            maybe: 0,
            closing: 0,
            opened: Vec::new(),
            support: Provenance::new(by, Certainty::Reported),
            doubt,
            reported: false,
        }
    }

    fn is_held(&self) -> bool {
        self.sure > 0 || self.opened.iter().any(|opened| !opened.doubtful)
    }

    fn is_unsure(&self) -> bool {
        !self.is_held() && (self.maybe > 0 || !self.opened.is_empty())
    }

    fn may_have(&mut self, more: u32, why: UnknownReason, by: Evidence) {
        self.maybe = self.maybe.saturating_add(more);
        self.doubt = Unknown::since(why, by);
    }
}

/// How the start of a pod ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StartOutcome {
    Started,
    Failed,
}

fn opening(port: HostPort) -> Opening {
    Opening { port: Some(port), holder: Holder::CrioSocket }
}

impl Sockets {
    pub(super) const fn new() -> Self {
        Self {
            unknown: Some(Unknown::BEFORE_LOG),
            ports: BTreeMap::new(),
            waiting: BTreeSet::new(),
            wait: 0,
            unsure: BTreeSet::new(),
        }
    }

    /// Why it cannot be told which ports are held.
    pub(super) fn unknown(&self) -> Option<Unknown> {
        let doubt =
            || self.unsure.first().and_then(|port| self.ports.get(port)).map(|held| held.doubt);
        self.unknown.or_else(doubt)
    }

    pub(super) const fn is_lost(&self) -> bool {
        self.unknown.is_some()
    }

    pub(super) fn held(&self) -> impl Iterator<Item = (HostPort, Provenance)> + '_ {
        self.ports
            .iter()
            .filter(|(_, held)| held.is_held())
            .map(|(port, held)| (*port, held.support))
    }

    pub(super) fn len(&self) -> usize {
        self.ports.len()
    }

    /// More sockets wait for their rules than any CRI-O opens at once, so these lines are not all
    /// of them.
    pub(super) const fn overflows(&self) -> bool {
        self.wait > MOST_WAITING
    }

    /// Changes what is known of a port, and reports what that opens or closes.
    fn with(
        &mut self,
        port: HostPort,
        by: Evidence,
        effects: &mut Effects,
        change: impl FnOnce(&mut PortSockets),
    ) {
        self.change(port, by, Certainty::Confirmed, effects, change);
    }

    fn change(
        &mut self,
        port: HostPort,
        by: Evidence,
        certainty: Certainty,
        effects: &mut Effects,
        change: impl FnOnce(&mut PortSockets),
    ) {
        let held = self.ports.entry(port).or_insert_with(|| PortSockets::new(by));
        let before = held.is_held();
        let waited = held.opened.len();
        let mut surer = false;
        change(held);
        if held.is_held() && !before {
            let certainty = if held.sure > 0 { certainty } else { Certainty::Reported };
            held.support = Provenance::new(by, certainty);
        } else if held.sure > 0 && held.support.certainty == Certainty::Reported {
            held.support.certainty = Certainty::Confirmed;
            surer = true;
        }
        if held.is_held() && (surer || !held.reported) {
            held.reported = true;
            let Provenance { since, certainty, .. } = held.support;
            effects.changes.push(Change::Opened {
                opening: opening(port),
                request: None,
                by: since,
                certainty,
            });
        } else if held.reported && !held.is_held() {
            held.reported = false;
            effects.changes.push(if held.is_unsure() {
                Change::Uncertain { opening: opening(port), why: held.doubt.why, by }
            } else {
                Change::Closed { opening: opening(port), by }
            });
        }
        set(&mut self.waiting, port, !held.opened.is_empty());
        self.wait = self.wait.saturating_sub(waited).saturating_add(held.opened.len());
        set(&mut self.unsure, port, held.is_unsure());
        if held.sure == 0 && held.maybe == 0 && held.opened.is_empty() {
            self.ports.remove(&port);
        }
    }

    /// Every socket is closed: the process that held them is gone.
    pub(super) fn clear(&mut self, by: Evidence, effects: &mut Effects) {
        for (port, held) in core::mem::take(&mut self.ports) {
            if held.reported {
                effects.changes.push(Change::Closed { opening: opening(port), by });
            }
        }
        self.waiting.clear();
        self.wait = 0;
        self.unsure.clear();
        if self.unknown.take().is_some() {
            effects.changes.push(Change::BecameKnown { scope: Scope::CrioSockets, by });
        }
    }

    /// Nothing is known any more.
    pub(super) fn lose(&mut self, why: UnknownReason, by: Evidence, effects: &mut Effects) {
        let had = !self.ports.is_empty();
        self.ports.clear();
        self.waiting.clear();
        self.wait = 0;
        self.unsure.clear();
        if self.unknown.is_none() || had {
            effects.changes.push(Change::BecameUnknown { scope: Scope::CrioSockets, why, by });
        }
        self.unknown.get_or_insert(Unknown::since(why, by));
    }

    /// Further ports than those that are known may be held.
    pub(super) fn lose_sight(&mut self, why: UnknownReason, by: Evidence, effects: &mut Effects) {
        if self.unknown.is_some() {
            return;
        }
        self.unknown = Some(Unknown::since(why, by));
        effects.changes.push(Change::BecameUnknown { scope: Scope::CrioSockets, why, by });
        for (port, held) in &mut self.ports {
            held.reported = held.is_held();
            if held.reported {
                let Provenance { since, certainty, .. } = held.support;
                effects.changes.push(Change::Opened {
                    opening: opening(*port),
                    request: None,
                    by: since,
                    certainty,
                });
            }
        }
    }

    /// `Opened local port`.
    pub(super) fn open(
        &mut self,
        port: HostPort,
        opener: PossibleOpener,
        doubtful: bool,
        by: Evidence,
        effects: &mut Effects,
    ) {
        self.with(port, by, effects, |held| {
            held.opened.push(Opened { opener, doubtful });
            held.doubt = Unknown::since(UnknownReason::Gap, by);
        });
    }

    /// A new rule for the port, of a pod if that is known: the socket that was opened for it stays.
    /// False if none was.
    pub(super) fn confirm(
        &mut self,
        port: HostPort,
        pod: &[u8],
        by: Evidence,
        effects: &mut Effects,
    ) -> bool {
        let mut found = false;
        self.with(port, by, effects, |held| {
            let rank = |opened: &Opened| {
                let named = matches!(&opened.opener, PossibleOpener::OneOf(pods) if pods.iter().any(|of| names_pod(pod, of.as_bytes())));
                (named, pod.is_empty() || !matches!(opened.opener, PossibleOpener::OneOf(_)), !opened.doubtful)
            };
            if let Some((at, _)) = held.opened.iter().enumerate().max_by_key(|(_, opened)| rank(opened)) {
                held.opened.remove(at);
                found = true;
            }
            if found || held.sure == 0 {
                held.sure = held.sure.saturating_add(1);
            } else {
                held.may_have(1, UnknownReason::Gap, by);
            }
        });
        found
    }

    /// Rules are written, and the message with them is lost: they confirm what was opened if it is
    /// `alone`, for one pod that is being started while nothing else is done; otherwise they
    /// may.
    pub(super) fn confirm_unseen(&mut self, alone: bool, by: Evidence, effects: &mut Effects) {
        for port in self.waiting.clone() {
            self.with(port, by, effects, |held| {
                for opened in core::mem::take(&mut held.opened) {
                    if alone && !opened.doubtful {
                        held.sure = held.sure.saturating_add(1);
                    } else {
                        held.may_have(1, UnknownReason::CutMessage, by);
                    }
                }
            });
        }
    }

    /// The start of a pod ended; `None` if it is not known of which.
    pub(super) fn end_start(
        &mut self,
        pod: Option<&Text<'_>>,
        end: StartOutcome,
        by: Evidence,
        effects: &mut Effects,
    ) {
        let concerned =
            |held: &PortSockets| held.opened.iter().any(|opened| opened.is_concerned(pod, end));
        let ports: Vec<HostPort> = self
            .waiting
            .iter()
            .copied()
            .filter(|port| self.ports.get(port).is_some_and(concerned))
            .collect();
        for port in ports {
            self.with(port, by, effects, |held| {
                let mut opened = core::mem::take(&mut held.opened);
                opened.retain_mut(|opened| {
                    let owned = pod.is_some_and(|pod| opened.opener.is(pod));
                    let alone = pod.is_some_and(|pod| opened.opener.rule_out(pod));
                    match end {
                        // It was opened for this pod, all of whose sockets are held; the confirming
                        // text went by unseen.
                        StartOutcome::Started if alone && !opened.doubtful => {
                            held.sure = held.sure.saturating_add(1);
                            false
                        }
                        StartOutcome::Started => !alone,
                        StartOutcome::Failed if alone => false,
                        // Started before the log began, as far as can be told, both the pod and the
                        // socket.
                        StartOutcome::Failed
                            if pod.is_none() && opened.opener == PossibleOpener::NotSeen =>
                        {
                            false
                        }
                        // Of another pod.
                        StartOutcome::Failed
                            if pod.is_some()
                                && !owned
                                && matches!(opened.opener, PossibleOpener::OneOf(_)) =>
                        {
                            true
                        }
                        StartOutcome::Failed => {
                            opened.doubtful = true;
                            held.doubt = Unknown::since(UnknownReason::Underway, by);
                            true
                        }
                    }
                });
                held.opened = opened;
            });
        }
    }

    /// One of several starts of a pod ended: which of them opened what, cannot be told.
    pub(super) fn starts_unclear(&mut self, pod: &Text<'_>, by: Evidence, effects: &mut Effects) {
        let of_pod = |held: &PortSockets| held.opened.iter().any(|opened| opened.opener.is(pod));
        let ports: Vec<HostPort> = self
            .waiting
            .iter()
            .copied()
            .filter(|port| self.ports.get(port).is_some_and(of_pod))
            .collect();
        for port in ports {
            self.with(port, by, effects, |held| {
                for opened in held.opened.iter_mut().filter(|opened| opened.opener.is(pod)) {
                    (opened.opener, opened.doubtful) = (PossibleOpener::Crowd, true);
                }
                held.doubt = Unknown::since(UnknownReason::Unresolved, by);
            });
        }
    }

    /// `Closing host port`. False if no socket was known that could be meant.
    pub(super) fn close(&mut self, port: HostPort, by: Evidence, effects: &mut Effects) -> bool {
        let mut known = true;
        self.with(port, by, effects, |held| {
            if held.closing > 0 && held.maybe != ANY {
                held.closing = held.closing.saturating_sub(1);
                held.maybe = held.maybe.saturating_sub(1);
            } else if held.sure > 0 {
                held.sure = held.sure.saturating_sub(1);
            } else if held.maybe > 0 {
                if held.maybe != ANY {
                    held.maybe = held.maybe.saturating_sub(1);
                }
            } else if let Some(at) = held.opened.iter().position(|opened| !opened.doubtful) {
                held.opened.remove(at);
            } else if held.opened.pop().is_none() {
                known = false;
            }
        });
        known
    }

    /// The rules of a port are removed, and the line that closes its socket may be missing from
    /// this log.
    pub(super) fn weaken(&mut self, port: HostPort, by: Evidence, effects: &mut Effects) {
        if self.ports.get(&port).is_some_and(|held| held.sure > 0) {
            self.with(port, by, effects, |held| {
                held.sure = held.sure.saturating_sub(1);
                held.closing = held.closing.saturating_add(1);
                held.may_have(1, UnknownReason::Gap, by);
            });
        }
    }

    /// The socket could not be closed, or could: the error tells neither.
    pub(super) fn not_closed(&mut self, port: HostPort, by: Evidence, effects: &mut Effects) {
        self.with(port, by, effects, |held| held.may_have(1, UnknownReason::Unresolved, by));
    }

    /// A socket with this number, opened for a pod whose start failed, could perhaps not be closed.
    pub(super) fn not_cleaned_up(&mut self, number: u16, by: Evidence, effects: &mut Effects) {
        let ports: Vec<HostPort> =
            self.waiting.iter().copied().filter(|port| port.range().first() == number).collect();
        for port in ports {
            self.not_closed(port, by, effects);
        }
    }

    /// Exactly these ports are held; `most` tells how often a port can be held at most.
    pub(super) fn know(
        &mut self,
        told: &BTreeSet<HostPort>,
        most: impl Fn(HostPort) -> u32,
        by: Evidence,
        effects: &mut Effects,
    ) {
        let before = self.unknown.take();
        if before.is_some() {
            effects.changes.push(Change::BecameKnown { scope: Scope::CrioSockets, by });
            self.ports.values_mut().for_each(|held| held.reported = false);
        }
        let mut contradicted = false;
        let others: Vec<HostPort> =
            self.ports.keys().copied().filter(|port| !told.contains(port)).collect();
        for port in others {
            contradicted |= self.ports.get(&port).is_some_and(PortSockets::is_held);
            self.with(port, by, effects, |held| {
                *held = PortSockets { reported: held.reported, ..PortSockets::new(by) }
            });
        }
        for &port in told {
            contradicted |= before.is_none() && !self.ports.contains_key(&port);
            let most = most(port);
            self.change(port, by, Certainty::Stated, effects, |held| {
                if before.is_none() && held.is_held() {
                    return;
                }
                let opened = u32::try_from(core::mem::take(&mut held.opened).len()).unwrap_or(ANY);
                let could = held.sure.saturating_add(held.maybe).saturating_add(opened);
                held.sure = held.sure.max(1);
                // How many more may be held is what the log leaves open, or else what the rules
                // allow.
                let most = if before.is_none() && could > 0 { could } else { most };
                held.maybe = if most == ANY { ANY } else { most.saturating_sub(held.sure) };
                held.doubt = Unknown { why: UnknownReason::BeforeLog, since: None };
            });
        }
        if contradicted {
            effects.remark(Anomaly::Contradiction, by);
        }
    }
}

fn set(ports: &mut BTreeSet<HostPort>, port: HostPort, is_in: bool) {
    if is_in {
        ports.insert(port);
    } else {
        ports.remove(&port);
    }
}
