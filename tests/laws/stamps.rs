//! Every stamp that can be written is read back as the same stamp.

use super::chooser::Chooser;
use hostport_audit::Stamp;
use hostport_audit::time::{Date, Duration, Month, PrimitiveDateTime, Time, UtcOffset};

/// The bytes choose the numbers of a stamp.
pub fn law(data: &[u8]) {
    let mut chooser = Chooser::new(data);
    let Some(stamp) = stamp(&mut chooser) else { return };
    let text = stamp.to_string();
    assert_eq!(text.parse(), Ok(stamp), "{text}");
    super::walk::saved(&stamp);
}

/// A stamp of any shape, if the numbers chosen are those of a day and a time.
pub fn stamp(chooser: &mut Chooser<'_>) -> Option<Stamp> {
    let shape = chooser.below(4);
    if shape == 3 {
        return Some(Stamp::SinceBoot(Duration::new(i64::from(chooser.u32() % 1_000_000_000), nanos(chooser).cast_signed())));
    }
    let month = Month::try_from(chooser.byte() % 13).ok()?;
    let day = chooser.byte() % 33;
    let time = Time::from_hms_nano(chooser.byte() % 25, chooser.byte() % 61, chooser.byte() % 61, nanos(chooser)).ok()?;
    if shape == 2 {
        return Stamp::no_year(month, day, time);
    }
    let at = PrimitiveDateTime::new(Date::from_calendar_date(i32::from(chooser.u16() % 10_000), month, day).ok()?, time);
    if shape == 1 {
        return Some(Stamp::NoOffset(at));
    }
    let sign = if chooser.flag() { -1 } else { 1 };
    let (hours, minutes, seconds) = (chooser.byte() % 26, chooser.byte() % 60, chooser.one_of(&[0, 0, 0, 28]));
    let [hours, minutes, seconds] = [hours, minutes, seconds].map(|part| part.cast_signed() * sign);
    Some(Stamp::Instant(at.assume_offset(UtcOffset::from_hms(hours, minutes, seconds).ok()?)))
}

fn nanos(chooser: &mut Chooser<'_>) -> u32 {
    match chooser.byte() % 3 {
        0 => 0,
        1 => chooser.u32() % 1_000 * 1_000_000,
        _ => chooser.u32() % 1_000_000_000,
    }
}
