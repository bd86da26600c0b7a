//! Stamps are read back as they are written, and a point in time that a timeline finds for one
//! shows what the stamp says.

use super::chooser::Chooser;
use super::walk;
use hostport_audit::time::{
    Date, Duration, Month, OffsetDateTime, PrimitiveDateTime, Time, UtcOffset,
};
use hostport_audit::{CarriedYear, ResolveError, Stamp, Timeline, YearRule};

/// The bytes choose what the caller knows and a log of stamps.
pub fn law(data: &[u8]) {
    let mut chooser = Chooser::new(data);
    let known = known(&mut chooser);
    let timeline = known.timeline();
    let mut year = CarriedYear::new();
    let mut last: Option<OffsetDateTime> = None;
    for _ in 0..64 {
        if chooser.is_empty() {
            break;
        }
        let Some(stamp) = stamp(&mut chooser) else { continue };
        let text = stamp.to_string();
        assert_eq!(text.parse(), Ok(stamp), "{text}");
        walk::saved(&stamp);
        resolved(stamp, &known, timeline.resolve(stamp));
        let carried = year.resolve(stamp, &timeline);
        if let (Ok(at), Some(last), Stamp::NoYear { .. }) = (carried, last, stamp) {
            // 92 days by the clock of the log, which may have been set to another offset, by up to
            // 25 hours either way.
            assert!(at >= last - Duration::days(95), "{at} lies too far before {last}");
        }
        if let Ok(at) = carried {
            shows(stamp, at, &known);
            last = (!matches!(stamp, Stamp::SinceBoot(_))).then_some(at).or(last);
        }
        walk::saved(&year);
    }
}

/// What the caller knows.
struct Known {
    offset: Option<UtcOffset>,
    year: Option<YearRule>,
    boot: Option<OffsetDateTime>,
}

impl Known {
    fn timeline(&self) -> Timeline {
        let mut timeline = Timeline::new();
        if let Some(offset) = self.offset {
            timeline = timeline.offset(offset);
        }
        if let Some(rule) = self.year {
            timeline = timeline.year(rule);
        }
        if let Some(boot) = self.boot {
            timeline = timeline.boot(boot);
        }
        timeline
    }
}

fn known(chooser: &mut Chooser<'_>) -> Known {
    let offset = if chooser.flag() { offset(chooser) } else { Some(UtcOffset::UTC) };
    let reference = instant(chooser);
    let year = match (chooser.below(5), reference) {
        (1, _) => Some(YearRule::Fixed(i32::from(chooser.u16() % 10_001))),
        (2, Some(reference)) => Some(YearRule::NearestTo(reference)),
        (3, Some(reference)) => Some(YearRule::NotAfter(reference)),
        (4, _) => Some(YearRule::Carried),
        _ => None,
    };
    Known {
        offset: offset.filter(|_| !chooser.flag()),
        year,
        boot: reference.filter(|_| chooser.flag()),
    }
}

/// The answer is the stamp with what the caller knows, or names what he does not.
fn resolved(stamp: Stamp, known: &Known, answer: Result<OffsetDateTime, ResolveError>) {
    match answer {
        Ok(at) => {
            shows(stamp, at, known);
            if let Stamp::NoYear { month, day, time } = stamp {
                let local = PrimitiveDateTime::new(at.date(), at.time());
                match known.year {
                    Some(YearRule::Fixed(year)) => assert_eq!(at.year(), year),
                    Some(YearRule::NotAfter(reference)) => assert!(at <= reference),
                    Some(YearRule::NearestTo(reference)) => {
                        let near = reference.to_offset(at.offset());
                        let near = PrimitiveDateTime::new(near.date(), near.time());
                        for year in (local.year() - 9).max(0)..=(local.year() + 9).min(9999) {
                            let Ok(date) = Date::from_calendar_date(year, month, day) else {
                                continue;
                            };
                            let other = PrimitiveDateTime::new(date, time);
                            assert!(
                                (local - near).abs() <= (other - near).abs(),
                                "{other} is nearer to {near} than {local}"
                            );
                        }
                    }
                    _ => panic!("a year out of nothing: {at}"),
                }
            }
        }
        Err(ResolveError::MissingYear) => {
            assert!(
                matches!(stamp, Stamp::NoYear { .. })
                    && matches!(known.year, None | Some(YearRule::Carried))
            );
        }
        Err(ResolveError::MissingOffset) => {
            assert!(
                known.offset.is_none()
                    && matches!(stamp, Stamp::NoYear { .. } | Stamp::NoOffset(_))
            );
        }
        Err(ResolveError::MissingBoot) => {
            assert!(known.boot.is_none() && matches!(stamp, Stamp::SinceBoot(_)))
        }
        Err(ResolveError::NoSuchDay { month: Month::February, day: 29, .. }) => {
            assert!(matches!(stamp, Stamp::NoYear { month: Month::February, day: 29, .. }));
        }
        Err(ResolveError::OutOfRange) => assert!(!matches!(stamp, Stamp::Instant(_))),
        Err(error) => panic!("{error} for {stamp}"),
    }
}

/// The point in time shows all that the stamp says.
fn shows(stamp: Stamp, at: OffsetDateTime, known: &Known) {
    match stamp {
        Stamp::Instant(same) => assert_eq!((at, at.offset()), (same, same.offset())),
        Stamp::NoOffset(local) => {
            assert_eq!(PrimitiveDateTime::new(at.date(), at.time()), local);
            assert_eq!(Some(at.offset()), known.offset);
        }
        Stamp::NoYear { month, day, time } => {
            assert_eq!((at.month(), at.day(), at.time()), (month, day, time));
            assert_eq!(Some(at.offset()), known.offset);
        }
        Stamp::SinceBoot(since) => assert_eq!(known.boot.map(|boot| at - boot), Some(since)),
        _ => panic!("a stamp of another shape: {stamp}"),
    }
}

fn offset(chooser: &mut Chooser<'_>) -> Option<UtcOffset> {
    let sign = if chooser.flag() { -1 } else { 1 };
    let (hours, minutes, seconds) =
        (chooser.byte() % 26, chooser.byte() % 60, chooser.one_of(&[0, 0, 0, 28]));
    let [hours, minutes, seconds] = [hours, minutes, seconds].map(|part| part.cast_signed() * sign);
    UtcOffset::from_hms(hours, minutes, seconds).ok()
}

fn instant(chooser: &mut Chooser<'_>) -> Option<OffsetDateTime> {
    let (year, day) = (i32::from(chooser.u16() % 10_000), chooser.u16() % 367);
    let midnight = Date::from_ordinal_date(year, day).ok()?.midnight().assume_utc();
    midnight
        .checked_add(Duration::seconds(i64::from(chooser.u32() % 86_400)))?
        .checked_to_offset(offset(chooser)?)
}

/// A stamp of any shape, if the numbers chosen are those of a day and a time.
pub fn stamp(chooser: &mut Chooser<'_>) -> Option<Stamp> {
    let shape = chooser.below(4);
    if shape == 3 {
        return Some(Stamp::SinceBoot(Duration::new(
            i64::from(chooser.u32() % 1_000_000_000),
            nanos(chooser).cast_signed(),
        )));
    }
    let month = Month::try_from(chooser.byte() % 13).ok()?;
    let day = chooser.byte() % 33;
    let time = Time::from_hms_nano(
        chooser.byte() % 25,
        chooser.byte() % 61,
        chooser.byte() % 61,
        nanos(chooser),
    )
    .ok()?;
    if shape == 2 {
        return Stamp::no_year(month, day, time);
    }
    let at = PrimitiveDateTime::new(
        Date::from_calendar_date(i32::from(chooser.u16() % 10_000), month, day).ok()?,
        time,
    );
    if shape == 1 {
        return Some(Stamp::NoOffset(at));
    }
    let at = at.assume_offset(offset(chooser)?);
    // A point in time that no clock at UTC can show is none.
    at.checked_to_offset(UtcOffset::UTC).map(|_| Stamp::Instant(at))
}

fn nanos(chooser: &mut Chooser<'_>) -> u32 {
    match chooser.byte() % 3 {
        0 => 0,
        1 => chooser.u32() % 1_000 * 1_000_000,
        _ => chooser.u32() % 1_000_000_000,
    }
}
