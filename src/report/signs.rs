//! What a source says about itself: its versions and settings, its starts, and how many openings
//! and closings it printed.

use super::verdict::{Reason, Verdict};
use crate::event::{EventKind, Source, crio, firewalld, ovnkube};
use crate::state::crio::Release;
use crate::text::Text;
use alloc::collections::BTreeSet;

/// Versions kept for a source; a hostile log cannot make them grow further.
const MOST_VERSIONS: usize = 32;

/// What the records of a source say about what it is able to print.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Signs {
    /// The versions that the program named, as printed.
    pub versions: BTreeSet<Text<'static>>,
    /// Verbosities that ovnkube named at its starts.
    pub log_levels: BTreeSet<u32>,
    /// How often the program was seen to start.
    pub starts: u64,
    /// Records that open something, or say that they are about to.
    pub openings: u64,
    /// Records that close something, or say that they are about to.
    pub closings: u64,
    /// Records that tell the whole of a state at once.
    pub snapshots: u64,
    /// Further records that say something of ports, or show that the program prints what it does:
    /// requests, reloads, resyncs.
    pub others: u64,
    /// How often the program said that its host ports are switched off.
    pub disabled: u64,
    /// The releases of CRI-O that its versions, or its lines, are of.
    crio: BTreeSet<Release>,
}

const fn more(count: &mut u64) {
    *count = count.saturating_add(1);
}

impl Signs {
    /// Takes in an event.
    pub(super) fn hear(&mut self, what: &EventKind<'_>) {
        match what {
            EventKind::Firewalld(event) => self.hear_firewalld(event),
            EventKind::Crio(event) => self.hear_crio(event),
            EventKind::Ovnkube(event) => self.hear_ovnkube(event),
            EventKind::LocalPort(_) | EventKind::Journal(_) => {}
        }
    }

    fn hear_firewalld(&mut self, event: &firewalld::Event<'_>) {
        use firewalld::Event;
        match event {
            Event::Started => more(&mut self.starts),
            Event::Added { .. } => more(&mut self.openings),
            Event::Removed { .. } => more(&mut self.closings),
            // What is printed without debug output shows nothing.
            Event::Refused { .. }
            | Event::Traceback { .. }
            | Event::FilesEdited
            | Event::ZoneFileBroken { .. }
            | Event::ConfigurationBroken => {}
            _ => more(&mut self.others),
        }
    }

    fn hear_crio(&mut self, event: &crio::Event<'_>) {
        use crio::{Era, EventKind, Speaker};
        if event.era == Era::From132 && event.speaker == Speaker::Crio {
            self.crio.insert(Release::From131);
        }
        match &event.kind {
            EventKind::Started { version, numbers } => {
                more(&mut self.starts);
                self.crio.extend(numbers.map(Release::of));
                self.version(version);
            }
            EventKind::Opened { .. } => {
                self.crio.insert(Release::From122);
                more(&mut self.openings);
            }
            EventKind::Closing { .. } => {
                self.crio.insert(Release::From122);
                more(&mut self.closings);
            }
            EventKind::Restoring(_) | EventKind::RestoringCut { .. } => more(&mut self.snapshots),
            EventKind::HostPortsDisabled => more(&mut self.disabled),
            // Only versions say it that may use nftables.
            EventKind::NoIptables { .. } => {
                self.crio.insert(Release::From133);
            }
            EventKind::ConntrackCleared { from_133, .. } => {
                // It is printed on iptables too, so it does not tell that rules are not.
                self.crio.extend(from_133.then_some(Release::From131));
                more(&mut self.others);
            }
            EventKind::NoOpenSocket { .. }
            | EventKind::EnsuringChains
            | EventKind::SocketCut
            | EventKind::RemovalFailed { .. }
            | EventKind::CleanUpFailed { .. } => {
                more(&mut self.others);
            }
            _ => {}
        }
    }

    fn hear_ovnkube(&mut self, event: &ovnkube::Event<'_>) {
        use ovnkube::Event;
        match event {
            Event::Starting => more(&mut self.starts),
            Event::LoggingConfig { level } => {
                more(&mut self.starts);
                if let (Some(level), true) = (level, self.log_levels.len() < MOST_VERSIONS) {
                    self.log_levels.insert(*level);
                }
            }
            Event::Adding { .. } => more(&mut self.openings),
            Event::Deleting { .. } => more(&mut self.closings),
            Event::Recreating { .. } => more(&mut self.snapshots),
            Event::Ignoring { .. } | Event::AddFailed { .. } | Event::DeleteFailed { .. } => {
                more(&mut self.others)
            }
            _ => {}
        }
    }

    fn version(&mut self, version: &Text<'_>) {
        if self.versions.len() < MOST_VERSIONS {
            self.versions.insert(version.clone().into_owned());
        }
    }

    pub(super) fn append(&mut self, later: Self) {
        for version in later.versions {
            self.version(&version);
        }
        for level in later.log_levels {
            if self.log_levels.len() < MOST_VERSIONS {
                self.log_levels.insert(level);
            }
        }
        self.starts = self.starts.saturating_add(later.starts);
        self.openings = self.openings.saturating_add(later.openings);
        self.closings = self.closings.saturating_add(later.closings);
        self.snapshots = self.snapshots.saturating_add(later.snapshots);
        self.others = self.others.saturating_add(later.others);
        self.disabled = self.disabled.saturating_add(later.disabled);
        self.crio.extend(later.crio);
    }

    /// Records that say something about ports.
    const fn about_ports(&self) -> u64 {
        self.openings
            .saturating_add(self.closings)
            .saturating_add(self.snapshots)
            .saturating_add(self.others)
    }

    /// What the source could tell at best, judged by its own words alone; `records` is how many it
    /// wrote.
    pub(super) fn verdict(&self, source: Source, records: u64) -> Verdict {
        let mut reasons = BTreeSet::new();
        let mut speaks = self.about_ports() > 0;
        let mut full_version = false;
        match source {
            Source::Firewalld => {}
            Source::Crio => {
                full_version = self.crio.contains(&Release::From122);
                for release in &self.crio {
                    match release {
                        Release::UpTo121 => _ = reasons.insert(Reason::TooOld),
                        Release::From122 => {}
                        Release::From131 => _ = reasons.insert(Reason::NoSocketLinesInVersion),
                        Release::From133 => reasons
                            .extend([Reason::NoSocketLinesInVersion, Reason::NoRulesOnNftables]),
                    }
                }
                if self.disabled > 0 {
                    reasons.insert(Reason::HostPortsDisabled);
                }
                // A version that prints its port lines, and has none, has no host ports; so has one
                // that says they are off.
                let newest = self.crio.last();
                speaks |= full_version || self.disabled > 0 || newest == Some(&Release::From131);
            }
            Source::Ovnkube => {
                full_version = self.log_levels.iter().any(|level| *level >= 5);
                if self.log_levels.iter().any(|level| *level < 5) {
                    reasons.insert(Reason::LogLevelTooLow);
                }
                // Chains are made and rebuilt in lines of every level; what is in them is told from
                // level 5 on only.
                speaks = full_version || self.openings > 0 || self.closings > 0 || self.others > 0;
            }
        }
        if !speaks {
            if reasons.is_empty()
                || (source == Source::Crio && self.crio.contains(&Release::From133))
            {
                reasons.insert(match source {
                    Source::Firewalld => Reason::NoPortLines,
                    Source::Crio => Reason::NoHostPortLines,
                    Source::Ovnkube => Reason::NoRuleLines,
                });
            }
            return Verdict::CannotSpeak { reasons };
        }
        // A log with nothing but such lines was filtered: whoever wrote it writes others, too.
        let only_ports = self.openings.saturating_add(self.closings);
        let filtered =
            only_ports > 0 && only_ports >= records && !(full_version && self.starts > 0);
        if filtered {
            reasons.insert(Reason::OnlyPortLines);
            if self.closings == 0 {
                reasons.insert(Reason::NoClosings);
            }
            if self.openings == 0 {
                reasons.insert(Reason::NoOpenings);
            }
        }
        if reasons.is_empty() { Verdict::Speaks } else { Verdict::SpeaksPartly { reasons } }
    }
}
