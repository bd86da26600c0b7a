//! Timers of temporary entries.
//!
//! Up to 2.3.2, and in 2.4.0, a timer that runs out asks for the removal like a client, and an
//! explicit removal ends it. Since 2.3.3 (and 2.4.1) the signal comes from a timer that nothing
//! ends, while the removal is the work of a second, silent one that an explicit removal of the same
//! text does end: then the signal is false.

use super::zone::seconds;
use crate::event::firewalld::{Item, Kind};
use crate::state::evidence::Evidence;
use crate::text::Text;
use alloc::vec::Vec;

/// How far from its time by the stamps a timer runs out at most: the clock of the log has whole
/// seconds, and the daemon may be busy.
const DUE_SECONDS: u64 = 2;

/// How a version's timers behave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
enum TimerBehaviour {
    /// The log has not shown it yet.
    #[default]
    Unseen,
    /// The timer asks first.
    Asks,
}

/// Whether the removal that a timer stands for will come true.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
enum TimerState {
    Alive,
    Dead,
    Doubtful,
}

#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
struct Timer {
    zone: Text<'static>,
    item: Item<'static>,
    life: TimerState,
    /// The line that set it, and after how many seconds it runs out.
    set: Evidence,
    seconds: u32,
}

impl Timer {
    fn is_for(&self, zone: &Text<'_>, item: &Item<'_>) -> bool {
        self.zone.as_bytes() == zone.as_bytes() && self.item == *item
    }

    /// True if it may run out about now.
    fn may_be_due(&self, now: Evidence) -> bool {
        seconds(self.set, now)
            .is_none_or(|passed| passed.abs_diff(i64::from(self.seconds)) <= DUE_SECONDS)
    }
}

/// What a removal signal without a request is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SignalMeaning {
    /// The daemon tries the removal.
    Real,
    /// Nothing happens.
    False,
    /// One of both.
    Doubtful,
    /// No timer is known that could have sent it.
    NoTimer,
}

/// All timers of the running daemon, in the order in which they were set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct Timers {
    manner: TimerBehaviour,
    timers: Vec<Timer>,
    /// Timers that ran out although the daemon refused the removal: it keeps them on record, and
    /// an explicit removal of the same text then ends these instead of a later one.
    stale: Vec<Timer>,
}

impl Timers {
    pub(super) const fn new() -> Self {
        Self { manner: TimerBehaviour::Unseen, timers: Vec::new(), stale: Vec::new() }
    }

    pub(super) const fn len(&self) -> usize {
        self.timers.len().saturating_add(self.stale.len())
    }

    /// True if there is a timer that can print a warning without a request: those of forward ports
    /// and of masquerading.
    pub(super) fn may_warn(&self) -> bool {
        self.timers
            .iter()
            .any(|timer| matches!(timer.item.kind(), Kind::ForwardPorts | Kind::Masquerade))
    }

    /// A daemon that has just started has none.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Sets one.
    pub(super) fn set(
        &mut self,
        zone: &Text<'static>,
        item: Item<'static>,
        by: Evidence,
        seconds: u32,
    ) {
        let zone = zone.clone();
        self.timers.push(Timer { zone, item, life: TimerState::Alive, set: by, seconds });
    }

    /// True if a timer of something else may run out about now, too.
    pub(super) fn others_due(&self, zone: &Text<'_>, item: &Item<'_>, now: Evidence) -> bool {
        let others = self.timers.iter().filter(|timer| !timer.is_for(zone, item));
        others.filter(|timer| timer.life != TimerState::Dead).any(|timer| timer.may_be_due(now))
    }

    /// A client removed the item.
    pub(super) fn ended(&mut self, zone: &Text<'_>, item: &Item<'_>) {
        let stale = self.stale.iter().position(|timer| timer.is_for(zone, item));
        if let Some(place) = stale {
            self.stale.remove(place);
        }
        let alive = self
            .timers
            .iter()
            .filter(|timer| timer.is_for(zone, item) && timer.life != TimerState::Dead)
            .count();
        let life =
            if alive == 1 && stale.is_none() { TimerState::Dead } else { TimerState::Doubtful };
        for timer in self
            .timers
            .iter_mut()
            .filter(|timer| timer.is_for(zone, item) && timer.life != TimerState::Dead)
        {
            timer.life = life;
        }
        self.tidy();
    }

    /// A timer asked for the removal, as versions do of which explicit removals end timers for
    /// good.
    pub(super) fn asked(&mut self, zone: &Text<'_>, item: &Item<'_>) {
        self.manner = TimerBehaviour::Asks;
        if let Some(place) = self
            .timers
            .iter()
            .position(|timer| timer.is_for(zone, item) && timer.life != TimerState::Dead)
        {
            self.timers.remove(place);
        }
        self.tidy();
    }

    fn tidy(&mut self) {
        if self.manner == TimerBehaviour::Asks {
            self.timers.retain(|timer| timer.life != TimerState::Dead);
        }
    }

    /// A removal signal came without a request: says what it is worth, and takes its timer out.
    pub(super) fn fired(&mut self, zone: &Text<'_>, item: &Item<'_>) -> SignalMeaning {
        let mut lives =
            self.timers.iter().enumerate().filter(|(_, timer)| timer.is_for(zone, item));
        let Some((place, life)) = lives.next().map(|(place, timer)| (place, timer.life)) else {
            return SignalMeaning::NoTimer;
        };
        let same = lives.all(|(_, timer)| timer.life == life);
        self.timers.remove(place);
        if !same {
            // Which of them ran out first, the log does not tell.
            for timer in self.timers.iter_mut().filter(|timer| timer.is_for(zone, item)) {
                timer.life = TimerState::Doubtful;
            }
            return SignalMeaning::Doubtful;
        }
        match life {
            TimerState::Alive => SignalMeaning::Real,
            TimerState::Dead => SignalMeaning::False,
            TimerState::Doubtful => SignalMeaning::Doubtful,
        }
    }

    /// The daemon refused the removal that a timer asked for in silence.
    pub(super) fn refused(&mut self, zone: &Text<'static>, item: Item<'static>, by: Evidence) {
        let zone = zone.clone();
        self.stale.push(Timer { zone, item, life: TimerState::Dead, set: by, seconds: 0 });
    }

    /// The list was replaced, or the configuration was loaded anew: which timers outlived that, the
    /// log does not tell.
    pub(super) fn invalidate(&mut self, zone: Option<(&Text<'_>, Kind)>) {
        if self.manner == TimerBehaviour::Asks {
            return;
        }
        for timer in &mut self.timers {
            let meant = zone.is_none_or(|(zone, kind)| {
                timer.zone.as_bytes() == zone.as_bytes() && timer.item.kind() == kind
            });
            if meant && timer.life == TimerState::Alive {
                timer.life = TimerState::Doubtful;
            }
        }
    }
}
