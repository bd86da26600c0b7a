//! Whether the lines of a program come in the order of their times.

use super::evidence::Evidence;
use crate::event::Source;
use crate::span::InputId;
use crate::stamp::Stamp;
use core::cmp::Ordering;

/// What the times of one program's lines tell of their order, in one input.
///
/// `journalctl -r` and many web pages print the newest line first. Read in that order, a closing
/// comes before its opening, and a start, which empties all, comes last. A clock that is set back
/// makes one step back and then goes on; threads of one program may swap two lines. So only several
/// steps back in a row contradict the order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct Order {
    input: InputId,
    last: Option<Stamp>,
    /// Steps back since the last step forward, as far as they are counted.
    back: u8,
    /// There was a step forward.
    forward: bool,
    newest_first: bool,
    /// All that the lines told is unknown by now, because they are not in order.
    is_lost: bool,
}

/// The orders of all sources on a host.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct Orders {
    firewalld: Order,
    crio: Order,
    ovnkube: Order,
}

impl Orders {
    pub(super) const fn of(&self, source: Source) -> &Order {
        match source {
            Source::Firewalld => &self.firewalld,
            Source::Crio => &self.crio,
            Source::Ovnkube => &self.ovnkube,
        }
    }

    pub(super) const fn of_mut(&mut self, source: Source) -> &mut Order {
        match source {
            Source::Firewalld => &mut self.firewalld,
            Source::Crio => &mut self.crio,
            Source::Ovnkube => &mut self.ovnkube,
        }
    }
}

/// Steps back in a row by which the newest line comes first.
const STEPS_BACK: u8 = 3;

/// So many suffice where no line ever came later than the one before it.
const FIRST_STEPS_BACK: u8 = 2;

impl Order {
    /// True if the lines of the input so far contradict the order.
    pub(super) const fn is_newest_first(&self) -> bool {
        self.newest_first
    }

    /// True once after each line by which, or since which, what the lines told is to be given up.
    pub(super) const fn loses(&mut self) -> bool {
        !core::mem::replace(&mut self.is_lost, true)
    }

    /// The caller stated facts: they hold until the next line.
    pub(super) const fn facts_were_stated(&mut self) {
        self.is_lost = false;
    }

    /// Takes the next line; true if the order is contradicted in its input so far.
    #[inline]
    pub(super) fn takes(&mut self, by: Evidence) -> bool {
        if self.input != by.at.input() {
            *self = Self { input: by.at.input(), ..Self::default() };
        }
        let Some(stamp) = by.stamp else { return self.newest_first };
        match self.last.map(|last| in_order(last, stamp)) {
            None | Some(Some(Ordering::Equal)) => {}
            Some(Some(Ordering::Greater)) => self.back = self.back.saturating_add(1),
            Some(Some(Ordering::Less)) => {
                self.back = 0;
                self.forward = true;
            }
            // Times of two forms cannot be compared, and what came before is no longer at hand.
            Some(None) => {
                self.back = 0;
                self.forward = true;
            }
        }
        self.last = Some(stamp);
        let enough = if self.forward { STEPS_BACK } else { FIRST_STEPS_BACK };
        self.newest_first |= self.back >= enough;
        self.newest_first
    }
}

/// How two times of one form lie to each other.
fn in_order(before: Stamp, now: Stamp) -> Option<Ordering> {
    match (before, now) {
        (Stamp::Instant(before), Stamp::Instant(now)) => Some(before.cmp(&now)),
        (Stamp::NoOffset(before), Stamp::NoOffset(now)) => Some(before.cmp(&now)),
        (Stamp::SinceBoot(before), Stamp::SinceBoot(now)) => Some(before.cmp(&now)),
        (
            Stamp::NoYear { month, day, time },
            Stamp::NoYear { month: to_month, day: to_day, time: to_time },
        ) => {
            let order = (month, day, time).cmp(&(to_month, to_day, to_time));
            // More than half a year apart: a new year lies between them.
            let apart = u8::from(month).abs_diff(u8::from(to_month));
            Some(if apart > 6 { order.reverse() } else { order })
        }
        _ => None,
    }
}
