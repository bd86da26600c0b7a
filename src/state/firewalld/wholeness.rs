//! Whether the log holds all that firewalld wrote, or only what a filter left of it.
//!
//! A whole log shows it by what never stands alone. From 0.9 to 2.5 and at each debug level
//!
//! - `config.zone.7.addPort('8080', 'tcp')` is followed by `config.zone.7.getSettings()`, or by the
//!   traceback of a refusal;
//! - `zone.PortAdded(...)` comes behind its request `zone.addPort(...)`;
//! - between `reload()` and `Reloaded()`, and behind each start, the zones are listed:
//!   `config.ZoneAdded('public')`;
//! - a client asks the daemon itself, too: `getDefaultZone()`.
//!
//! `grep -i port` and its like leave the first two kinds, or parts of them, and none of the others.
//! Lines with other labels than `DEBUG1`, lines without a date and the names of files are no part
//! of it, so a log without these counts as whole.

use crate::event::firewalld::Event;
use crate::state::evidence::{Evidence, Provenance};
use crate::state::known::{Unknown, UnknownReason};
use crate::state::opening::Opening;
use alloc::vec::Vec;

/// How many changes, and how many lines of any kind, may come before the first line that only a
/// whole log holds.
const MOST_CHANGES: u32 = 3;
const MOST_LINES: u32 = 16;

/// How often lines that go together must have come apart before a log that seemed whole is doubted.
const APART: u32 = 3;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
pub(super) struct Wholeness {
    /// The first line of the log.
    first: Option<Evidence>,
    /// A line was seen that filters for ports or zones take away.
    neutral: bool,
    /// Changes so far: a request with all that belongs to it, or a signal or commit without one.
    changes: u32,
    /// Lines with a meaning so far.
    lines: u32,
    /// The last line belongs to a change that is not at its end.
    in_change: bool,
    /// The object whose change was asked for in the event before.
    asked: Option<u32>,
    settings: Tally,
    requests: Tally,
    listings: Tally,
    /// A start has read its files, and no zone was listed yet.
    unlisted: bool,
    /// Loads that ended, and had not begun.
    unbegun: u32,
    /// The log was found to be filtered for good.
    filtered: bool,
    /// What the last line proves by itself.
    shown: Vec<(Opening, Provenance)>,
}

/// How often a line had its companion, and how often not.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
struct Tally {
    with: u32,
    without: u32,
}

impl Tally {
    fn count(&mut self, with: bool) {
        let side = if with { &mut self.with } else { &mut self.without };
        *side = side.saturating_add(1);
    }

    const fn is_apart(self, often: u32) -> bool {
        self.without >= often && self.without > self.with
    }
}

impl Wholeness {
    pub(super) const fn new() -> Self {
        const NONE: Tally = Tally { with: 0, without: 0 };
        Self {
            first: None,
            neutral: false,
            changes: 0,
            lines: 0,
            in_change: false,
            asked: None,
            settings: NONE,
            requests: NONE,
            listings: NONE,
            unlisted: false,
            unbegun: 0,
            filtered: false,
            shown: Vec::new(),
        }
    }

    /// Takes note of an event, before it is folded.
    pub(super) fn note(&mut self, event: &Event<'_>, by: Evidence) {
        self.first.get_or_insert(by);
        if let Some(asked) = self.asked.take() {
            match event {
                Event::SettingsRead { object } if *object == asked => self.settings.count(true),
                // Refused; or only the reading is not shown.
                Event::Refused { .. } | Event::Traceback { .. } | Event::SettingsWrite { .. } => {}
                _ => self.settings.count(false),
            }
        }
        match event {
            Event::DaemonCall { .. } | Event::Flushed | Event::TransactionStep => {
                self.neutral = true
            }
            Event::Refused { .. } | Event::Traceback { .. } | Event::ZoneFile { .. } => {}
            _ => self.lines = self.lines.saturating_add(1),
        }
        self.count_change(event);
        match event {
            Event::PermanentRequest { object, .. } => self.asked = Some(*object),
            Event::ZoneListed { .. } if self.unlisted => self.loaded(true),
            _ => {}
        }
        // Clients can call once the zones are listed.
        let called = matches!(
            event,
            Event::PermanentRequest { .. }
                | Event::RuntimeRequest { .. }
                | Event::DaemonCall { .. }
        );
        if self.unlisted && called {
            self.loaded(false);
        }
    }

    /// True once: when a log that seemed whole turns out to be filtered for good.
    pub(super) fn is_found_out(&mut self) -> bool {
        let apart = self.settings.is_apart(APART)
            || self.requests.is_apart(APART)
            || self.listings.is_apart(1);
        let found_out = self.neutral && apart && !self.filtered;
        self.filtered |= found_out;
        found_out
    }

    /// What the last line proved holds no longer.
    pub(super) fn forget_shown(&mut self) {
        self.shown.clear();
    }

    fn count_change(&mut self, event: &Event<'_>) {
        let (begins, ends) = match event {
            Event::RuntimeRequest { .. }
            | Event::TimerRequest { .. }
            | Event::PermanentRequest { .. }
            | Event::OpaqueRequest { .. }
            | Event::UnrelatedRequest { .. } => (true, false),
            Event::Added { .. } | Event::Removed { .. } | Event::Committed { .. } => {
                (!self.in_change, true)
            }
            Event::SettingsRead { .. } | Event::SettingsWrite { .. } => (false, !self.in_change),
            _ => (false, true),
        };
        self.in_change = begins || !ends;
        if begins {
            self.changes = self.changes.saturating_add(1);
            self.in_change = !ends;
        }
    }

    /// A signal that something was added came, behind its request or without one.
    pub(super) fn added(&mut self, asked: bool) {
        self.requests.count(asked);
    }

    /// A reload ended, or a start has listed its zones or not.
    pub(super) fn loaded(&mut self, listed: bool) {
        self.unlisted = false;
        self.neutral |= listed;
        self.listings.count(listed);
    }

    /// A start has read its files: the list of zones comes next.
    pub(super) fn files_read(&mut self) {
        self.unlisted = true;
    }

    /// A load ended that had not begun.
    pub(super) fn unbegun(&mut self) {
        self.unbegun = self.unbegun.saturating_add(1);
    }

    /// Why nothing is known, if the log does not seem whole.
    pub(super) const fn gap(&self) -> Option<Unknown> {
        let bare = self.changes > MOST_CHANGES
            || self.lines > MOST_LINES
            || self.settings.without > 0
            || self.requests.without > 1
            || self.unbegun > 0;
        match self.first {
            Some(first) if self.filtered || (!self.neutral && bare) => {
                Some(Unknown::since(UnknownReason::Filtered, first))
            }
            _ => None,
        }
    }

    /// Keeps what the last line proves by itself.
    pub(super) fn show(&mut self, opening: Opening, support: Provenance) {
        self.shown.push((opening, support));
    }

    /// What the last line proves by itself: that much is open whatever a filter took.
    pub(super) fn shown(&self) -> &[(Opening, Provenance)] {
        &self.shown
    }
}

/// True for events that prove by themselves what they add or take away.
pub(super) const fn proves(event: &Event<'_>) -> bool {
    matches!(event, Event::Added { .. } | Event::Removed { .. } | Event::Committed { .. })
}
