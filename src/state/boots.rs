//! The starts of one machine that its logs tell of, and where the lines of its programs stand to
//! them.
//!
//! Within one input the position tells what came before a start, and so it does in rotated files,
//! each of which begins when the one before it has ended. A host may have inputs that run side by
//! side, though: a journal that tells of the start, and files of single programs that do not. They
//! are read one after another, in any order. Then the times tell, as far as the caller's timeline
//! resolves them. Where they do not tell, the start may have ended what a program opened, or may
//! not.

use super::evidence::Evidence;
use crate::event::{EventKind, Source};
use crate::span::InputId;
use crate::stamp::Stamp;
use crate::text::Text;
use crate::timeline::Timeline;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use time::Duration;

/// Starts that are kept apart; of more than these the oldest two count as one.
const MOST_BOOTS: usize = 64;

/// Two times that are nearer than this do not tell which came first: some programs write whole
/// seconds, and threads of one program take their times before they write.
const SLACK: Duration = Duration::SECOND;

/// A program, or the neighbours together, whose lines stand in one order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
pub(super) enum Voice {
    Firewalld,
    Crio,
    Ovnkube,
    LocalPorts,
}

impl Voice {
    pub(super) const ALL: [Self; 4] =
        [Self::Firewalld, Self::Crio, Self::Ovnkube, Self::LocalPorts];

    /// The source whose log it is; the neighbours are none of the three.
    pub(super) const fn source(self) -> Option<Source> {
        match self {
            Self::Firewalld => Some(Source::Firewalld),
            Self::Crio => Some(Source::Crio),
            Self::Ovnkube => Some(Source::Ovnkube),
            Self::LocalPorts => None,
        }
    }

    /// Whose line it is; the journal itself has no voice.
    pub(super) const fn of(what: &EventKind<'_>) -> Option<Self> {
        match what {
            EventKind::Firewalld(_) => Some(Self::Firewalld),
            EventKind::Crio(_) => Some(Self::Crio),
            EventKind::Ovnkube(_) => Some(Self::Ovnkube),
            EventKind::LocalPort(_) => Some(Self::LocalPorts),
            EventKind::Journal(_) => None,
        }
    }
}

/// What a start of the machine means for a program at one place of its lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Start {
    /// It came between the lines that were read of the program and those that follow.
    Came(Evidence),
    /// It may have come after some of the lines that were read.
    MayHaveCome(Evidence),
}

/// What the starts mean for a line.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Place {
    /// The start that lies between this line and those of the program before it.
    pub(super) start: Option<Start>,
    /// A start that was read already and may lie after this line.
    pub(super) ahead: Option<Evidence>,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct Boots {
    /// In the order in which they were read.
    known: Vec<Boot>,
    next: u64,
    #[cfg_attr(feature = "serde", serde(with = "crate::serde_map_as_list"))]
    voices: BTreeMap<Voice, Standing>,
    chain: Chain,
}

/// The inputs that were read last and each of which begins when the one before it has ended: the
/// position of a line tells its order in all of them.
///
/// Only the times count that stand in front of the messages, for they are those of one clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
struct Chain {
    /// The first of the inputs, which stands for all.
    first: InputId,
    /// The input that is read.
    now: InputId,
    /// The last time, whatever program's line it stands in front of.
    last: Option<Stamp>,
    /// The times of the input that is read went back, or a line of a program has none in front.
    unsteady: bool,
}

impl Chain {
    /// Comes to a line, which may be the first of another input.
    fn enter(&mut self, input: InputId, clock: Option<Stamp>) {
        if input == self.now {
            return;
        }
        let follows = || self.last.zip(clock).and_then(|(last, clock)| on_one_clock(last, clock));
        if self.unsteady || follows().is_none_or(|passed| passed < Duration::ZERO) {
            (self.first, self.last) = (input, None);
        }
        (self.now, self.unsteady) = (input, false);
    }

    /// Takes note of the time of a line.
    fn pass(&mut self, clock: Option<Stamp>) {
        let Some(clock) = clock else { return };
        let passed = self.last.and_then(|last| on_one_clock(last, clock));
        self.unsteady |= self.last.is_some() && passed.is_none_or(|passed| passed < -SLACK);
        self.last = Some(clock);
    }
}

/// A start of the machine.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
struct Boot {
    number: u64,
    /// The line that tells it, and the time of the first line after it.
    by: Evidence,
    /// The chain of inputs that the line stands in.
    chain: InputId,
    /// The identifier of what it began, if the log names it.
    id: Option<Text<'static>>,
    /// The time of the last line before it.
    after: Option<Stamp>,
    /// It was this machine that started.
    sure: bool,
}

/// Where the lines of a program stand.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
struct Standing {
    first: Evidence,
    last: Evidence,
    /// The chain of inputs that the last line stands in.
    chain: InputId,
    /// The last time that one of the lines has.
    stamp: Option<Stamp>,
    /// Its inputs followed each other in time, as rotated files do.
    ordered: bool,
    /// Its clock went back within an input, so its times do not tell.
    unsteady: bool,
    /// The numbers of the starts that are not known to lie before its last line. True where all that
    /// the start means was told already, and no line of the program was read since.
    ahead: BTreeMap<u64, bool>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    /// The line lies before the start.
    Before,
    /// The line lies after the start.
    After,
    Unclear,
}

impl Boot {
    /// Where a line of another input lies.
    fn order(&self, line: Evidence, timeline: &Timeline) -> Order {
        let Some(stamp) = line.stamp else { return Order::Unclear };
        let at_least = |from: Option<Stamp>, to: Option<Stamp>, most: Duration| {
            from.zip(to)
                .and_then(|(from, to)| between(from, to, timeline))
                .is_some_and(|passed| passed >= most)
        };
        let (after, until) = (self.after, self.by.stamp);
        let steady = after.is_none() || until.is_none() || at_least(after, until, Duration::ZERO);
        if steady && at_least(until, Some(stamp), SLACK) {
            Order::After
        } else if steady && at_least(Some(stamp), after, SLACK) {
            Order::Before
        } else {
            Order::Unclear
        }
    }
}

/// The time from one stamp to another, if the timeline tells.
fn between(from: Stamp, to: Stamp, timeline: &Timeline) -> Option<Duration> {
    // Each start of the machine begins these anew.
    let counts = |stamp| !matches!(stamp, Stamp::SinceBoot(_));
    (counts(from) && counts(to)).then_some(())?;
    Some(timeline.resolve(to).ok()? - timeline.resolve(from).ok()?)
}

/// The time from one stamp of a clock to a later one of the same clock, which may be written without
/// year or offset.
fn on_one_clock(from: Stamp, to: Stamp) -> Option<Duration> {
    const HALF_A_YEAR: i32 = 183;
    match (from, to) {
        (Stamp::Instant(from), Stamp::Instant(to)) => Some(to - from),
        (Stamp::NoOffset(from), Stamp::NoOffset(to)) => Some(to - from),
        (
            Stamp::NoYear { month: from_month, day: from_day, time: from },
            Stamp::NoYear { month, day, time: to },
        ) => {
            let day_of_year = |month: time::Month, day: u8| {
                i32::from(u8::from(month)).saturating_mul(31).saturating_add(i32::from(day))
            };
            let days = day_of_year(month, day).saturating_sub(day_of_year(from_month, from_day));
            // From late in the year to early in the year: a new year began.
            let year = if days < HALF_A_YEAR.saturating_neg() { 372 } else { 0 };
            let days = Duration::days(i64::from(days.saturating_add(year)));
            Some(days.saturating_add(to - from))
        }
        _ => None,
    }
}

/// True if a line of another input comes after those that were read of the program before.
fn follows(before: Option<Stamp>, now: Option<Stamp>, timeline: &Timeline) -> bool {
    before
        .zip(now)
        .and_then(|(before, now)| {
            between(before, now, timeline).or_else(|| on_one_clock(before, now))
        })
        .is_some_and(|passed| passed >= -SLACK)
}

impl Boots {
    /// Takes note of the time in front of a line, whatever the line says.
    pub(super) fn saw(&mut self, input: InputId, clock: Option<Stamp>) {
        if clock.is_some() {
            self.chain.enter(input, clock);
            self.chain.pass(clock);
        }
    }

    /// Takes note of a start, and tells what it means for each program of which anything is known.
    pub(super) fn start(
        &mut self,
        by: Evidence,
        id: Option<&Text<'_>>,
        sure: bool,
        timeline: &Timeline,
        mut tell: impl FnMut(Voice, Start),
    ) {
        self.chain.enter(by.at.input(), by.stamp);
        let after = self.chain.last;
        self.chain.pass(by.stamp);
        let boot = Boot {
            number: self.next,
            by,
            chain: self.chain.first,
            id: id.map(|id| id.clone().into_owned()),
            after,
            sure,
        };
        self.next = self.next.saturating_add(1);
        // Another input may have told of the same start.
        let same: Vec<u64> = self
            .known
            .iter()
            .filter(|known| known.id.is_some() && known.id == boot.id && known.sure)
            .map(|known| known.number)
            .collect();
        for voice in Voice::ALL {
            let start = match self.voices.get_mut(&voice) {
                Some(standing) if standing.has_passed(&same, boot.chain) => None,
                Some(standing) => standing.meet(&boot, timeline),
                // What was only stated held before the line that tells the start.
                None => Some(Start::Came(by)),
            };
            match start {
                Some(Start::Came(by)) if !sure => tell(voice, Start::MayHaveCome(by)),
                Some(start) => tell(voice, start),
                None => {}
            }
        }
        self.keep(boot);
    }

    /// Takes note that the machine was started before a line, although the input that tells it
    /// goes back to what came before that start.
    pub(super) fn started_before(&mut self, line: Evidence) {
        let number = self.next;
        self.next = self.next.saturating_add(1);
        let chain = line.at.input();
        self.keep(Boot { number, by: line, chain, id: None, after: None, sure: true });
    }

    fn keep(&mut self, boot: Boot) {
        self.known.push(boot);
        if self.known.len() <= MOST_BOOTS {
            return;
        }
        let oldest = self.known.remove(0);
        let Some(next) = self.known.first_mut() else { return };
        if next.chain == oldest.chain {
            (next.after, next.sure) = (oldest.after, next.sure && oldest.sure);
        } else {
            (next.after, next.by.stamp, next.sure) = (None, None, false);
        }
        for standing in self.voices.values_mut() {
            if standing.ahead.remove(&oldest.number).is_some() {
                let met = standing.ahead.get(&next.number).copied().unwrap_or(false);
                standing.ahead.insert(next.number, met);
            }
        }
    }

    /// Takes over the starts of what may be the same machine.
    pub(super) fn adopt(&mut self, other: &Self) {
        for boot in &other.known {
            self.keep(Boot { number: self.next, sure: false, ..boot.clone() });
            self.next = self.next.saturating_add(1);
        }
    }

    /// Takes note of a line of a program, with the time in front of it, and tells where it stands to
    /// the starts.
    pub(super) fn line(
        &mut self,
        voice: Voice,
        line: Evidence,
        clock: Option<Stamp>,
        timeline: &Timeline,
    ) -> Place {
        self.chain.enter(line.at.input(), clock);
        self.chain.unsteady |= clock.is_none();
        let Self { known, voices, chain, .. } = self;
        let chain = chain.first;
        let first = !voices.contains_key(&voice);
        let standing = voices.entry(voice).or_insert_with(|| Standing::new(line, chain));
        let before = standing.before();
        let follows = before.last.at.input() == line.at.input()
            || before.chain == chain
            || follows(before.stamp, line.stamp, timeline);
        standing.go_on(line, chain, follows);
        if known.is_empty() {
            return Place::default();
        }
        if first || !follows {
            standing.ahead = known.iter().map(|boot| (boot.number, false)).collect();
        }
        if standing.ahead.is_empty() {
            return Place::default();
        }
        let mut place = Place::default();
        for boot in known.iter() {
            let Some(met) = standing.ahead.get_mut(&boot.number) else { continue };
            let here = boot.chain == chain;
            let order = match standing.unsteady {
                _ if here => Order::After,
                true => Order::Unclear,
                false => boot.order(line, timeline),
            };
            if order != Order::After {
                *met = false;
                place.ahead = place.ahead.or(Some(boot.by));
                continue;
            }
            let met = standing.ahead.remove(&boot.number).unwrap_or(false);
            let start = match (first, here) {
                _ if met => None,
                (true, true) if boot.sure => Some(Start::Came(boot.by)),
                // Nothing tells what the program did between the start and this line.
                (true, _) => None,
                (false, _) if boot.sure && before.is_all_before(boot, timeline) => {
                    Some(Start::Came(boot.by))
                }
                (false, _) => Some(Start::MayHaveCome(boot.by)),
            };
            place.start = match (place.start, start) {
                (Some(Start::Came(_)), Some(Start::MayHaveCome(_))) | (_, None) => place.start,
                (_, start) => start,
            };
        }
        place
    }
}

/// Where a program's lines stood before the line that is read.
#[derive(Debug, Clone, Copy)]
struct Before {
    last: Evidence,
    chain: InputId,
    stamp: Option<Stamp>,
    ordered: bool,
    unsteady: bool,
}

impl Before {
    /// True if all lines of the program so far lie before a start.
    fn is_all_before(&self, boot: &Boot, timeline: &Timeline) -> bool {
        let before = self.chain == boot.chain || boot.order(self.last, timeline) == Order::Before;
        self.ordered && !self.unsteady && before
    }
}

impl Standing {
    const fn new(line: Evidence, chain: InputId) -> Self {
        Self {
            first: line,
            last: line,
            chain,
            stamp: line.stamp,
            ordered: true,
            unsteady: false,
            ahead: BTreeMap::new(),
        }
    }

    const fn before(&self) -> Before {
        Before {
            last: self.last,
            chain: self.chain,
            stamp: self.stamp,
            ordered: self.ordered,
            unsteady: self.unsteady,
        }
    }

    fn go_on(&mut self, line: Evidence, chain: InputId, follows: bool) {
        self.ordered &= follows;
        if line.at.input() == self.last.at.input()
            && self.stamp.zip(line.stamp).is_some_and(|(before, now)| {
                on_one_clock(before, now).is_some_and(|passed| passed < -SLACK)
            })
        {
            self.unsteady = true;
        }
        (self.last, self.chain) = (line, chain);
        self.stamp = line.stamp.or(self.stamp);
    }

    /// True if its last line lies after one of these starts, which another input told.
    fn has_passed(&self, starts: &[u64], chain: InputId) -> bool {
        self.chain != chain && starts.iter().any(|start| !self.ahead.contains_key(start))
    }

    /// What a start means that is read after the lines so far.
    fn meet(&mut self, boot: &Boot, timeline: &Timeline) -> Option<Start> {
        let (came, may) = (Start::Came(boot.by), Start::MayHaveCome(boot.by));
        let tells = self.ordered && !self.unsteady;
        let order = |line| if tells { boot.order(line, timeline) } else { Order::Unclear };
        let start = match (order(self.first), order(self.last)) {
            _ if self.chain == boot.chain && self.ordered => came,
            _ if self.chain == boot.chain => may,
            (Order::After, _) => return None,
            (_, Order::After) => return Some(may),
            (_, Order::Before) => came,
            (_, Order::Unclear) => may,
        };
        let met = self.chain == boot.chain || start == came;
        self.ahead.insert(boot.number, met);
        Some(start)
    }
}
