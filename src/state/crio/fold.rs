//! How each event changes what is known.

use super::Crio;
use super::checkpoint::Statement;
use super::exposure::{AnonymousLine, FamilyOrder};
use super::process::{SocketLines, Start};
use super::sockets::{ANY, StartOutcome};
use crate::event::crio::{Event, EventKind, Snapshot};
use crate::event::journal::{self, Missing};
use crate::event::{Anomaly, Source};
use crate::family::Family;
use crate::port::{HostPort, Protocol};
use crate::state::change::Change;
use crate::state::effects::Effects;
use crate::state::evidence::{Evidence, Provenance};
use crate::state::known::UnknownReason;
use crate::state::opening::{Holder, Opening};
use crate::text::Text;
use alloc::vec::Vec;

impl Crio {
    /// Folds in what a record says.
    pub fn apply(&mut self, event: &Event<'_>, by: Evidence, effects: &mut Effects) {
        if !self.process.is_crio(event) {
            return;
        }
        let (told, from) = (self.tells_held(), effects.changes.len());
        let start = self.process.seen(event, by);
        if start != Start::None {
            self.requests.clear();
            self.exposure.restart(by, effects);
            if start == Start::ProcessOrMachine {
                self.exposure.may_be_gone(UnknownReason::Restart, by, effects);
            }
            if !matches!(event.kind, EventKind::Started { .. }) {
                // Another process without its banner: its first lines, or somebody else under
                // CRI-O's name.
                self.sockets.lose(UnknownReason::Restart, by, effects);
            }
        }
        self.process.note(&event.kind);
        if self.process.works_by_iptables() {
            self.exposure.none_in_nftables(by, effects);
        }
        self.kind(&event.kind, by, effects);
        self.name_sandboxes();
        if self.process.filtered {
            self.sockets.lose_sight(UnknownReason::Gap, by, effects);
            if !self.process.restores {
                self.exposure.lose_all(UnknownReason::Gap, by, effects);
            }
        }
        self.respect_limits(by, effects);
        self.tell_held(told, from, by, effects);
    }

    /// Keeps what is reported in step with what is told as held: in a filtered log the closing of
    /// any socket may be missing.
    fn tell_held(&self, told: bool, from: usize, by: Evidence, effects: &mut Effects) {
        match (told, self.tells_held()) {
            (true, true) => {}
            (false, true) => effects
                .changes
                .extend(self.sockets.held().map(|(port, support)| opened(port, support))),
            (_, false) => {
                let socket = |change: &Change| match change {
                    Change::Opened { opening, .. } if opening.holder == Holder::CrioSocket => {
                        Some(opening.clone())
                    }
                    _ => None,
                };
                let new: Vec<Opening> =
                    effects.changes.iter().skip(from).filter_map(socket).collect();
                let before = self
                    .sockets
                    .held()
                    .filter(|_| told)
                    .map(|(port, support)| opened(port, support));
                let doubted = new.into_iter().chain(before.filter_map(|change| socket(&change)));
                let doubts: Vec<Change> = doubted
                    .map(|opening| Change::Uncertain { opening, why: UnknownReason::Gap, by })
                    .collect();
                effects.changes.extend(doubts);
            }
        }
    }

    fn kind(&mut self, kind: &EventKind<'_>, by: Evidence, effects: &mut Effects) {
        match kind {
            EventKind::Started { version, numbers } => self.started(version, *numbers, by, effects),
            EventKind::Opened { port } => self.opened(*port, by, effects),
            EventKind::Closing { port } => self.closing(*port, by, effects),
            EventKind::NoOpenSocket { .. } => {
                self.process.logs_sockets();
                self.socket_line();
            }
            EventKind::Restoring(snapshot) => self.restore_input(snapshot, by, effects),
            EventKind::RestoringCut { family, new } => {
                effects.remark(Anomaly::CutMessage, by);
                self.text_lost(*family, new, by, effects);
            }
            EventKind::SocketCut => {
                effects.remark(Anomaly::CutMessage, by);
                self.sockets.lose(UnknownReason::CutMessage, by, effects);
            }
            EventKind::Cut => {
                effects.remark(Anomaly::CutMessage, by);
                self.lose_all(UnknownReason::CutMessage, by, effects);
            }
            EventKind::ConntrackCleared { family, from_133 } => {
                if self.exposure.added(*family, by, effects) {
                    return;
                }
                if self.exposure.take_text_lost(*family) {
                    self.exposure.added_unseen(*family, by, effects);
                } else if *from_133 && !self.process.filtered {
                    // Rules were added without an input to iptables-restore: its nftables manager
                    // prints none.
                    self.process.nftables = true;
                    let pod = match self.requests.only_doer().filter(|_| self.process.whole) {
                        Some(AnonymousLine::Start { pod }) => Some(pod),
                        _ => None,
                    };
                    self.exposure.added_untold(*family, pod, by, effects);
                } else {
                    self.exposure.lose(*family, UnknownReason::Gap, by, effects);
                }
            }
            EventKind::SandboxStarting { request, pod } => {
                if !self.requests.is_starting(pod) {
                    self.exposure.starting(pod);
                }
                self.requests.start(request.as_ref(), pod);
            }
            EventKind::SandboxStarted { request, sandbox, pod } => {
                if !self.requests.is_starting(pod) {
                    self.exposure.start_was_unseen(by, effects);
                }
                self.start_went_through(request.as_ref(), pod, by, effects);
                let brought = self.exposure.brought(pod);
                self.requests.sandbox(sandbox, brought);
            }
            EventKind::NetworkStopping { request, sandbox } => {
                let pod = self.requests.pod_of(request.as_ref());
                if let Some(pod) = &pod {
                    self.end_start(request.as_ref(), pod, by, effects);
                    self.exposure.pod_failed(pod);
                    self.exposure.start_ended_unseen(pod, by, effects);
                    let brought = self.exposure.brought(pod);
                    self.requests.sandbox(sandbox, brought);
                } else {
                    self.exposure.start_was_unseen(by, effects);
                }
                self.sockets.end_start(pod.as_ref(), StartOutcome::Failed, by, effects);
                self.requests.removal(request.as_ref(), sandbox);
            }
            EventKind::CleaningUp { request, network } => {
                // A start whose network failed was said to before; this one got further.
                if let Some(pod) = self.requests.pod_of(request.as_ref()) {
                    self.start_went_through(request.as_ref(), &pod, by, effects);
                    let _ = self.exposure.brought(&pod);
                }
                self.removal_ended(request.as_ref(), by, effects);
                if *network {
                    self.requests.removal(request.as_ref(), &Text::default());
                }
            }
            EventKind::SandboxStopping { request, sandbox } => {
                self.requests.removal(request.as_ref(), sandbox)
            }
            EventKind::SandboxStopped { request } => {
                self.removal_ended(request.as_ref(), by, effects)
            }
            EventKind::RemovalFailed { request, pod, failure } => {
                self.requests.removal_failed(request.as_ref());
                self.exposure.not_removed(pod, request.as_ref(), failure, by, effects);
                for port in &failure.sockets {
                    self.sockets.not_closed(*port, by, effects);
                }
            }
            EventKind::CleanUpFailed { port } => self.sockets.not_cleaned_up(*port, by, effects),
            // What is known of the rules stays; what is not will never be printed.
            EventKind::NoIptables { family } if self.exposure.unknown(*family).is_some() => {
                self.exposure.lose(*family, UnknownReason::NeverPrinted, by, effects)
            }
            _ => {}
        }
    }

    fn started(
        &mut self,
        version: &Text<'_>,
        numbers: Option<(u16, u16)>,
        by: Evidence,
        effects: &mut Effects,
    ) {
        self.process.banner(version, numbers);
        self.sockets.clear(by, effects);
        if self.process.socket_lines() == SocketLines::UnloggedRules {
            self.sockets.lose(UnknownReason::NeverPrinted, by, effects);
            self.exposure.lose_all(UnknownReason::NeverPrinted, by, effects);
        }
    }

    fn opened(&mut self, port: HostPort, by: Evidence, effects: &mut Effects) {
        self.speaks_of_sockets(by, effects);
        let doubtful = !(self.process.ensures && self.process.whole);
        self.sockets.open(port, self.requests.opener(), doubtful, by, effects);
    }

    fn closing(&mut self, port: HostPort, by: Evidence, effects: &mut Effects) {
        self.speaks_of_sockets(by, effects);
        self.socket_line();
        if !self.sockets.close(port, by, effects) && !self.sockets.is_lost() {
            // What is closed was open: a line is missing, and others may be.
            effects.remark(Anomaly::CloseWithoutOpen, by);
            self.sockets.lose_sight(UnknownReason::Gap, by, effects);
        }
    }

    fn socket_line(&mut self) {
        self.exposure.success_seen(self.requests.is_only_removal());
        self.requests.socket_line();
    }

    /// A version that holds no sockets does not open or close them.
    fn speaks_of_sockets(&mut self, by: Evidence, effects: &mut Effects) {
        if self.process.socket_lines() == SocketLines::None {
            effects.remark(Anomaly::Contradiction, by);
            self.process.distrust_version();
            self.sockets.lose(UnknownReason::Gap, by, effects);
        }
        self.process.logs_sockets();
    }

    fn restore_input(&mut self, snapshot: &Snapshot<'_>, by: Evidence, effects: &mut Effects) {
        let order = match self.process.socket_lines() {
            SocketLines::Printed => {
                FamilyOrder::Ipv4First { socket_line_seen: self.requests.socket_line_seen() }
            }
            _ => FamilyOrder::Any,
        };
        let outcome =
            self.exposure.restore_input(snapshot, self.requests.removers(), order, by, effects);
        if self.process.socket_lines() == SocketLines::None {
            return;
        }
        self.confirm(outcome.new.into_iter(), by, effects);
        if !self.process.whole && !snapshot.removed.is_empty() {
            // The lines that close the sockets of these rules may have been filtered away.
            match outcome.removed {
                Some(ports) => {
                    ports.into_iter().for_each(|port| self.sockets.weaken(port, by, effects))
                }
                None => self.sockets.lose(UnknownReason::Gap, by, effects),
            }
        }
    }

    /// An input to iptables-restore whose text is lost, all or in part; the ports of new rules that
    /// are left of it.
    fn text_lost(
        &mut self,
        family: Option<Family>,
        new: &[HostPort],
        by: Evidence,
        effects: &mut Effects,
    ) {
        let doer = self.requests.only_doer().filter(|_| self.process.whole);
        if self.process.socket_lines() != SocketLines::None {
            self.confirm(new.iter().map(|port| (*port, Text::default())), by, effects);
            if !matches!(doer, Some(AnonymousLine::Removal { .. })) {
                self.sockets.confirm_unseen(doer.is_some(), by, effects);
            }
        }
        if doer.is_none() && self.requests.are_removing() {
            self.exposure.overtake_removals(&self.requests.removers());
        }
        self.exposure.lose_text(family, doer, by, effects);
    }

    /// New rules: their ports were opened just before.
    fn confirm(
        &mut self,
        new: impl Iterator<Item = (HostPort, Text<'static>)>,
        by: Evidence,
        effects: &mut Effects,
    ) {
        for (port, pod) in
            new.filter(|(port, _)| matches!(port.protocol(), Protocol::Tcp | Protocol::Udp))
        {
            if self.process.socket_lines() == SocketLines::NotSeen {
                // Either this version opens no sockets, or the line that told of it is missing.
                self.sockets.lose_sight(UnknownReason::Gap, by, effects);
            } else if !self.sockets.confirm(port, pod.as_bytes(), by, effects) {
                self.sockets.lose_sight(UnknownReason::Gap, by, effects);
            }
        }
    }

    fn end_start(
        &mut self,
        request: Option<&Text<'_>>,
        pod: &Text<'_>,
        by: Evidence,
        effects: &mut Effects,
    ) {
        if !self.requests.end_start(request, pod) {
            self.exposure.starts_unclear(pod, by, effects);
            self.sockets.starts_unclear(pod, by, effects);
        }
    }

    fn start_went_through(
        &mut self,
        request: Option<&Text<'_>>,
        pod: &Text<'_>,
        by: Evidence,
        effects: &mut Effects,
    ) {
        self.end_start(request, pod, by, effects);
        self.exposure.pod_started(pod, by, effects);
        self.exposure.start_ended_unseen(pod, by, effects);
        self.sockets.end_start(Some(pod), StartOutcome::Started, by, effects);
    }

    fn removal_ended(&mut self, request: Option<&Text<'_>>, by: Evidence, effects: &mut Effects) {
        let sandbox = self.requests.end_removal(request);
        self.exposure.removal_ended(request, by, effects);
        match (request, sandbox) {
            (Some(request), Some(sandbox)) => {
                self.exposure.sandbox_gone(request, &sandbox, by, effects)
            }
            (Some(request), None) => self.exposure.removal_unclear(request, by, effects),
            (None, _) => {}
        }
        if !self.process.logs_rules() {
            self.exposure.may_have_lost_rules(by, effects);
        }
    }

    /// Rules were told whose sandbox is known, and not how they name it.
    fn name_sandboxes(&mut self) {
        for (mark, name) in self.exposure.take_named() {
            self.requests.name_sandbox(mark, name);
        }
    }

    fn lose_all(&mut self, why: UnknownReason, by: Evidence, effects: &mut Effects) {
        self.requests.clear();
        self.sockets.lose(why, by, effects);
        self.exposure.lose_all(why, by, effects);
        self.exposure.forget_requests();
    }

    fn respect_limits(&mut self, by: Evidence, effects: &mut Effects) {
        if self.sockets.len() > self.limits.max_keys || self.sockets.overflows() {
            effects.remark(Anomaly::LimitReached, by);
            self.sockets.lose(UnknownReason::Limit, by, effects);
        }
        if self.exposure.len() > self.limits.max_keys {
            effects.remark(Anomaly::LimitReached, by);
            self.exposure.lose_all(UnknownReason::Limit, by, effects);
        }
    }

    /// Folds in what the journal says; of no effect if it is about another program.
    pub fn apply_journal(
        &mut self,
        event: &journal::Event<'_>,
        by: Evidence,
        effects: &mut Effects,
    ) {
        match event {
            journal::Event::Boot { .. } => {
                self.process.boot();
                self.requests.clear();
                self.sockets.clear(by, effects);
                self.exposure.clear(by, effects);
            }
            journal::Event::BootOfOne { .. } => {
                // Where nothing is held there is nothing that a start would end.
                if self.sockets.len() > 0 {
                    self.sockets.lose(UnknownReason::MayHaveBooted, by, effects);
                }
                self.exposure.may_be_gone(UnknownReason::MayHaveBooted, by, effects);
            }
            journal::Event::Suppressed { source: Some(Source::Crio), .. } => {
                effects.remark(Anomaly::Gap, by);
                self.lose_sight(UnknownReason::Gap, by, effects);
            }
            journal::Event::Lost { source: Source::Crio } => {
                effects.remark(Anomaly::Gap, by);
                self.lose_all(UnknownReason::Gap, by, effects);
            }
            journal::Event::Missing { what: Missing::CrioSockets, cause } => {
                self.sockets.lose((*cause).into(), by, effects);
            }
            journal::Event::Missing { what, cause } if what.concerns(Source::Crio) => {
                self.lose_sight((*cause).into(), by, effects);
            }
            journal::Event::TextLost { source: Some(Source::Crio), .. } => {
                // Only long texts are lost, and of those only restore inputs have to do with ports.
                effects.remark(Anomaly::CutMessage, by);
                self.text_lost(None, &[], by, effects);
            }
            _ => {}
        }
    }

    /// Lines are missing, or their order tells nothing: anything may have been said.
    pub(in crate::state) fn lose_sight(
        &mut self,
        why: UnknownReason,
        by: Evidence,
        effects: &mut Effects,
    ) {
        // Another process may speak by now, and its banner is among what is missing.
        self.process.forget();
        self.lose_all(why, by, effects);
    }

    /// Takes facts as true from here on. What is not stated stays as it is.
    pub fn know(&mut self, facts: &Statement, by: Evidence, effects: &mut Effects) {
        match (&facts.dnat, &facts.exposed) {
            (Some(rules), ports) => {
                self.exposure.know(rules, by, effects);
                let of_rules = rules.iter().map(|rule| rule.port).collect();
                if ports.as_ref().is_some_and(|ports| *ports != of_rules) {
                    effects.remark(Anomaly::Contradiction, by);
                }
            }
            (None, Some(ports)) => self.exposure.know_ports(ports, by, effects),
            (None, None) => {}
        }
        if let (Some(rules), None) = (&facts.iptables, &facts.dnat) {
            if self.process.works_by_iptables() {
                self.exposure.know(rules, by, effects);
            } else {
                self.exposure.know_iptables(rules, by, effects);
            }
        }
        if let Some(sockets) = &facts.sockets {
            let exposure = &self.exposure;
            self.sockets.know(sockets, |port| exposure.places(port).unwrap_or(ANY), by, effects);
        }
        self.name_sandboxes();
        self.respect_limits(by, effects);
    }
}

fn opened(port: HostPort, support: Provenance) -> Change {
    let opening = Opening { port: Some(port), holder: Holder::CrioSocket };
    let Provenance { request, since, certainty } = support;
    Change::Opened { opening, request, by: since, certainty }
}
