//! What is known of the process that speaks: its version, what its lines can tell, and whether the
//! log holds all of them.

use super::version::{Release, Speech};
use crate::event::crio::{Boots, Era, Event, EventKind, Speaker};
use crate::state::evidence::Evidence;
use crate::state::known::{Unknown, UnknownReason};
use crate::text::Text;

/// Longest version kept; real ones have about 40 bytes.
const LONGEST_VERSION: usize = 256;

#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct Process {
    pid: Option<u32>,
    /// Of the whole log: a line was seen that is surely CRI-O's.
    speaks: bool,
    version: Option<Version>,
    era: Era,
    /// A line was seen that only a CRI-O prints that logs its sockets.
    logs_sockets: bool,
    /// A line was seen that only its iptables manager prints.
    iptables: bool,
    /// Host ports were added without an input to iptables-restore.
    pub(super) nftables: bool,
    switched_off: bool,
    /// Of the whole log: a line was seen that has nothing to do with ports, so the log was not
    /// filtered for them.
    pub(super) whole: bool,
    /// Of the whole log: the line was seen that comes before all openings.
    pub(super) ensures: bool,
    /// Of the whole log: an input to iptables-restore was seen.
    pub(super) restores: bool,
    /// An opening or closing was seen without the lines that always go before it.
    pub(super) filtered: bool,
    /// The first line of the log.
    first: Option<Evidence>,
    /// The machine was started anew, and CRI-O has said nothing since.
    booted: bool,
}

/// What started with a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Start {
    None,
    /// CRI-O.
    Process,
    /// CRI-O, and perhaps the machine with it, which this log would not show.
    ProcessOrMachine,
}

#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
struct Version {
    text: Text<'static>,
    /// `None` where the version cannot be read.
    release: Option<Release>,
}

/// What this CRI-O does with sockets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SocketLines {
    /// It holds them and says so: 1.22 to 1.30.
    Printed,
    /// It holds none: from 1.31 on.
    None,
    /// It holds them, and its lines do not reach the log: before 1.22.
    UnloggedRules,
    /// Nothing has shown it yet.
    NotSeen,
}

impl Process {
    pub(super) const fn new() -> Self {
        Self {
            pid: None,
            speaks: false,
            version: None,
            era: Era::Any,
            logs_sockets: false,
            iptables: false,
            nftables: false,
            switched_off: false,
            whole: false,
            ensures: false,
            restores: false,
            filtered: false,
            first: None,
            booted: false,
        }
    }

    /// True if a record counts: it is surely CRI-O's, or one before it was. Lines of another program
    /// that logs by logrus are nothing to go by.
    pub(super) fn is_crio(&mut self, event: &Event<'_>) -> bool {
        self.speaks |= event.speaker == Speaker::Crio;
        self.speaks
    }

    /// Takes note of who speaks, and tells whether it is another process than before.
    pub(super) fn seen(&mut self, event: &Event<'_>, by: Evidence) -> Start {
        self.first.get_or_insert(by);
        self.booted = false;
        let start = match (self.pid, event.pid) {
            (Some(before), Some(now)) if before != now => Start::Process,
            _ if matches!(event.kind, EventKind::Started { .. }) => Start::Process,
            _ => Start::None,
        };
        // Numbers of processes grow until the machine is started anew.
        let smaller = self.pid.zip(event.pid).is_some_and(|(before, now)| now < before);
        let start = match (start, event.boots) {
            (Start::Process, Boots::Hidden) => Start::ProcessOrMachine,
            (Start::Process, Boots::ShownByJournal) if smaller => Start::ProcessOrMachine,
            (start, _) => start,
        };
        if start != Start::None {
            self.start();
        }
        self.pid = event.pid.or(self.pid);
        if self.era == Era::Any {
            self.era = event.era;
        }
        start
    }

    /// Forgets what holds for one process only.
    fn start(&mut self) {
        let Self { speaks, whole, ensures, restores, filtered, first, .. } = *self;
        *self = Self { speaks, whole, ensures, restores, filtered, first, ..Self::new() };
    }

    /// The machine was started anew: no CRI-O has run on it yet.
    pub(super) fn boot(&mut self) {
        self.start();
        self.booted = true;
    }

    /// Forgets the process: the next line may well be of another.
    pub(super) fn forget(&mut self) {
        self.start();
    }

    pub(super) fn banner(&mut self, version: &Text<'_>, numbers: Option<(u16, u16)>) {
        let text = version.as_bytes().get(..LONGEST_VERSION).unwrap_or_else(|| version.as_bytes());
        let text = Text::from(text.to_vec());
        self.version = Some(Version { text, release: numbers.map(Release::of) });
    }

    /// A version that contradicts its own lines is not believed.
    pub(super) fn distrust_version(&mut self) {
        (self.version, self.era) = (None, Era::UpTo131);
    }

    /// Takes note of the kind of line.
    pub(super) fn note(&mut self, kind: &EventKind<'_>) {
        match kind {
            EventKind::Opened { .. }
            | EventKind::Closing { .. }
            | EventKind::NoOpenSocket { .. } => {
                let opened = matches!(kind, EventKind::Opened { .. });
                if !self.ensures && (opened || !self.whole) {
                    self.filtered = true;
                }
            }
            EventKind::EnsuringChains => {
                (self.ensures, self.filtered, self.iptables) = (true, false, true)
            }
            EventKind::Restoring(_) | EventKind::RestoringCut { .. } => {
                (self.restores, self.iptables) = (true, true)
            }
            EventKind::HostPortsDisabled => (self.switched_off, self.whole) = (true, true),
            EventKind::SocketCut | EventKind::Cut | EventKind::ConntrackCleared { .. } => {}
            EventKind::RemovalFailed { .. } | EventKind::CleanUpFailed { .. } => {}
            _ => self.whole = true,
        }
    }

    /// Why nothing can be told of the lines that this log would have to hold: they may have been
    /// filtered away.
    pub(super) fn gap(&self) -> Option<Unknown> {
        // Where the machine was just started, nothing has happened that a line would have to tell.
        let missing = !self.booted && (self.filtered || !self.whole);
        let first = self.first.filter(|_| missing)?;
        Some(Unknown::since(UnknownReason::Gap, first))
    }

    pub(super) const fn logs_sockets(&mut self) {
        self.logs_sockets = true;
    }

    pub(super) fn version(&self) -> Option<&Text<'static>> {
        self.version.as_ref().map(|version| &version.text)
    }

    fn release(&self) -> Option<Release> {
        self.version.as_ref().and_then(|version| version.release)
    }

    pub(super) fn socket_lines(&self) -> SocketLines {
        match (self.release(), self.era) {
            (Some(Release::UpTo121), _) => SocketLines::UnloggedRules,
            (Some(Release::From122), _) => SocketLines::Printed,
            (Some(Release::From131 | Release::From133), _) => SocketLines::None,
            (None, Era::From132) => SocketLines::None,
            (None, _) if self.logs_sockets => SocketLines::Printed,
            (None, _) => SocketLines::NotSeen,
        }
    }

    /// True if each change of rules shows in the log.
    pub(super) fn logs_rules(&self) -> bool {
        let old_form = self.release().is_none() && self.era == Era::UpTo131;
        !self.nftables
            && (self.iptables || self.logs_sockets || self.is_before_nftables() || old_form)
    }

    /// True if the rules are in iptables and nowhere else: the version knows nothing else, or a line
    /// was seen that only its iptables manager prints.
    pub(super) fn works_by_iptables(&self) -> bool {
        self.logs_rules() || (!self.nftables && self.release() == Some(Release::UpTo121))
    }

    /// True for a version that knows iptables only, and says what it does there.
    fn is_before_nftables(&self) -> bool {
        matches!(self.release(), Some(Release::From122 | Release::From131))
    }

    pub(super) fn tells_sockets(&self) -> Speech {
        match self.socket_lines() {
            SocketLines::None => Speech::NothingToTell,
            SocketLines::UnloggedRules => Speech::TooOld,
            _ if self.filtered => Speech::Filtered,
            _ if self.switched_off => Speech::SwitchedOff,
            SocketLines::Printed => Speech::Tells,
            SocketLines::NotSeen => Speech::NotSeen,
        }
    }

    pub(super) fn tells_rules(&self) -> Speech {
        if self.socket_lines() == SocketLines::UnloggedRules {
            Speech::TooOld
        } else if self.nftables {
            Speech::Nftables
        } else if self.filtered && !self.restores {
            Speech::Filtered
        } else if self.switched_off {
            Speech::SwitchedOff
        } else if self.iptables || self.is_before_nftables() {
            Speech::Tells
        } else {
            Speech::NotSeen
        }
    }
}
