//! The sockets that neighbours say they hold: kube-proxy, the port-claim watcher, the kubelet of
//! dockershim times.

use super::change::Change;
use super::effects::Effects;
use super::evidence::{Certainty, Evidence, Provenance};
use super::known::{Unknown, UnknownReason};
use super::opening::{Holder, Opening, Scope};
use crate::event::local_port::{Action, Event, Program};
use crate::event::{Anomaly, journal};
use crate::family::Family;
use crate::limits::Limits;
use crate::port::HostPort;
use crate::text::Text;
use alloc::collections::BTreeMap;
use alloc::string::String;
use core::net::IpAddr;

/// The sockets of neighbours on one host, by program.
///
/// What these programs leave unsaid bounds what is known: kube-proxy logs no ordinary close, so a
/// socket of its counts as [`Certainty::Reported`] until another process of it speaks. The
/// port-claim watcher announces both opening and closing before it tries. The kubelet tells both
/// afterwards.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct LocalPorts {
    limits: Limits,
    #[cfg_attr(feature = "serde", serde(with = "crate::serde_map_as_list"))]
    sockets: BTreeMap<Socket, (Text<'static>, Provenance)>,
    #[cfg_attr(feature = "serde", serde(with = "crate::serde_map_as_list"))]
    processes: BTreeMap<Program, u32>,
    dropped: u64,
    /// Why sockets may be held beside those that are known.
    unknown: Option<Unknown>,
}

/// A socket: two of one program that differ in nothing of this cannot be held at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Socket {
    /// The program that holds it.
    pub program: Program,
    /// The protocol and port.
    pub port: HostPort,
    /// The family; `None` where the version does not tell.
    pub family: Option<Family>,
    /// The local address; `None` for all.
    pub address: Option<IpAddr>,
}

/// True if a program logs when it closes a socket.
const fn tells_closing(program: Program) -> bool {
    !matches!(program, Program::KubeProxy)
}

impl LocalPorts {
    /// No sockets, with bounds on what is held.
    #[must_use]
    pub const fn new(limits: Limits) -> Self {
        Self {
            limits,
            sockets: BTreeMap::new(),
            processes: BTreeMap::new(),
            dropped: 0,
            unknown: None,
        }
    }

    /// Folds in what a record says.
    pub fn apply(&mut self, event: &Event<'_>, by: Evidence, effects: &mut Effects) {
        if self.processes.insert(event.program, event.pid).is_some_and(|before| before != event.pid)
        {
            // Sockets do not outlive their process.
            self.close(by, effects, |socket| socket.program == event.program);
        }
        let socket = Socket {
            program: event.program,
            port: event.port,
            family: event.family,
            address: event.address,
        };
        match event.action {
            Action::Opened | Action::Opening | Action::StillOpen => {
                self.open(socket, event, by, effects)
            }
            Action::Closing | Action::Refused => self.close(by, effects, |held| *held == socket),
        }
    }

    /// Folds in what the journal says: no socket outlives the machine.
    pub fn apply_journal(
        &mut self,
        event: &journal::Event<'_>,
        by: Evidence,
        effects: &mut Effects,
    ) {
        match event {
            journal::Event::Boot { .. } => {
                self.close(by, effects, |_| true);
                self.processes.clear();
                if self.unknown.take().is_some() {
                    effects.changes.push(Change::BecameKnown { scope: Scope::LocalPorts, by });
                }
            }
            journal::Event::BootOfOne { .. } if !self.sockets.is_empty() => {
                let why = UnknownReason::MayHaveBooted;
                self.sockets.clear();
                self.unknown.get_or_insert(Unknown::since(why, by));
                effects.changes.push(Change::BecameUnknown { scope: Scope::LocalPorts, why, by });
            }
            _ => {}
        }
    }

    /// What cannot be told, why, and since when.
    pub fn unknowns(&self) -> impl Iterator<Item = (Scope, Unknown)> + '_ {
        self.unknown.map(|unknown| (Scope::LocalPorts, unknown)).into_iter()
    }

    fn open(&mut self, socket: Socket, event: &Event<'_>, by: Evidence, effects: &mut Effects) {
        if self.sockets.contains_key(&socket) {
            return;
        }
        if self.sockets.len() >= self.limits.max_keys {
            self.dropped = self.dropped.saturating_add(1);
            effects.remark(Anomaly::LimitReached, by);
            return;
        }
        let sure = tells_closing(socket.program) && event.action != Action::Opening;
        let certainty = if sure { Certainty::Confirmed } else { Certainty::Reported };
        let description = event.description.clone().into_owned();
        let opening = opening(socket, &description);
        self.sockets.insert(socket, (description, Provenance::new(by, certainty)));
        effects.changes.push(Change::Opened { opening, request: None, by, certainty });
    }

    fn close(&mut self, by: Evidence, effects: &mut Effects, gone: impl Fn(&Socket) -> bool) {
        self.sockets.retain(|socket, (description, _)| {
            let gone = gone(socket);
            if gone {
                effects.changes.push(Change::Closed { opening: opening(*socket, description), by });
            }
            !gone
        });
    }

    /// The sockets that were opened and not, as far as their programs tell, closed since; each with
    /// what it is for.
    pub fn sockets(&self) -> impl Iterator<Item = (&Socket, &Text<'static>, &Provenance)> + '_ {
        self.sockets.iter().map(|(socket, (description, support))| (socket, description, support))
    }

    /// The same in the vocabulary of all sources.
    pub fn openings(&self) -> impl Iterator<Item = (Opening, Provenance)> + '_ {
        self.sockets
            .iter()
            .map(|(socket, (description, support))| (opening(*socket, description), *support))
    }

    /// How many sockets were not taken in because [`Limits::max_keys`] was reached.
    #[must_use]
    pub const fn dropped(&self) -> u64 {
        self.dropped
    }
}

fn opening(socket: Socket, description: &Text<'static>) -> Opening {
    let program = Text::from(String::from(socket.program.as_str()));
    Opening {
        port: Some(socket.port),
        holder: Holder::LocalPort { program, description: description.clone() },
    }
}
