//! Dates, times of day and offsets in the shapes that the logs share.
//!
//! The parsers here read digits and separators; whether such a day or hour exists is asked
//! afterwards, so that a record with an impossible time can still be read as a record.

use crate::error::ErrorKind;
use crate::grammar::error::{GrammarError, Parsed, broken};
use nom::Parser;
use nom::branch::alt;
use nom::bytes::complete::tag;
use nom::combinator::{opt, value};
use nom::error::ParseError;
use time::{Date, Month, PrimitiveDateTime, Time, UtcOffset};

/// A year, a month and a day as written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Day {
    pub(crate) year: i32,
    pub(crate) month: u8,
    pub(crate) day: u8,
}

impl Day {
    /// The date, if there is such a day.
    pub(crate) fn date(self) -> Option<Date> {
        Date::from_calendar_date(self.year, Month::try_from(self.month).ok()?, self.day).ok()
    }
}

/// A time of day as written, with the number of digits of its fraction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TimeOfDay {
    pub(crate) hour: u8,
    pub(crate) minute: u8,
    pub(crate) second: u8,
    pub(crate) nanosecond: u32,
    pub(crate) fraction_digits: usize,
}

impl TimeOfDay {
    /// The time, if there is such an hour, minute and second.
    pub(crate) fn time(self) -> Option<Time> {
        Time::from_hms_nano(self.hour, self.minute, self.second, self.nanosecond).ok()
    }
}

/// An offset from UTC as written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Zone {
    negative: bool,
    hours: u8,
    minutes: u8,
    seconds: u8,
    pub(crate) style: ZoneStyle,
}

/// How an offset is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ZoneStyle {
    /// `Z`.
    Letter,
    /// `+08:00`.
    Colon,
    /// `+0800`, or `+08`.
    Digits,
}

impl Zone {
    /// The offset, if there is such a one.
    pub(crate) fn offset(self) -> Option<UtcOffset> {
        let [hours, minutes, seconds] =
            [self.hours, self.minutes, self.seconds].map(|n| i8::try_from(n).unwrap_or(i8::MAX));
        let sign = if self.negative { -1 } else { 1 };
        UtcOffset::from_hms(hours * sign, minutes * sign, seconds * sign).ok()
    }
}

/// The number that two digits make.
const fn pair(tens: u8, ones: u8) -> u8 {
    (tens & 0x0f) * 10 + (ones & 0x0f)
}

/// Two digits.
#[inline]
pub(crate) fn two(input: &[u8]) -> Parsed<'_, u8> {
    match input {
        [a @ b'0'..=b'9', b @ b'0'..=b'9', rest @ ..] => Ok((rest, pair(*a, *b))),
        _ => broken(input, ErrorKind::Timestamp, "two digits"),
    }
}

/// `2023-06-25`.
#[inline]
pub(crate) fn day(input: &[u8]) -> Parsed<'_, Day> {
    // The shape at one glance; where it differs, the parsers below say at which byte.
    if let [c0, c1, y0, y1, b'-', m0, m1, b'-', d0, d1, rest @ ..] = input
        && [c0, c1, y0, y1, m0, m1, d0, d1].into_iter().all(u8::is_ascii_digit)
    {
        let year = i32::from(pair(*c0, *c1)) * 100 + i32::from(pair(*y0, *y1));
        return Ok((rest, Day { year, month: pair(*m0, *m1), day: pair(*d0, *d1) }));
    }
    let (rest, (century, year, _, month, _, day)) =
        (two, two, tag(&b"-"[..]), two, tag(&b"-"[..]), two).parse(input)?;
    Ok((rest, Day { year: i32::from(century) * 100 + i32::from(year), month, day }))
}

/// `16:24:11`, or with one to nine digits of a fraction.
#[inline]
pub(crate) fn time_of_day(input: &[u8]) -> Parsed<'_, TimeOfDay> {
    if let [h0, h1, b':', m0, m1, b':', s0, s1, rest @ ..] = input
        && [h0, h1, m0, m1, s0, s1].into_iter().all(u8::is_ascii_digit)
    {
        let (rest, (nanosecond, fraction_digits)) = fraction(rest)?;
        let (hour, minute, second) = (pair(*h0, *h1), pair(*m0, *m1), pair(*s0, *s1));
        return Ok((rest, TimeOfDay { hour, minute, second, nanosecond, fraction_digits }));
    }
    let (rest, (hour, _, minute, _, second)) =
        (two, tag(&b":"[..]), two, tag(&b":"[..]), two).parse(input)?;
    let (rest, (nanosecond, fraction_digits)) = fraction(rest)?;
    Ok((rest, TimeOfDay { hour, minute, second, nanosecond, fraction_digits }))
}

/// Nanoseconds and the number of digits of `.657908`; none when there is no point.
#[inline]
pub(crate) fn fraction(input: &[u8]) -> Parsed<'_, (u32, usize)> {
    let Some(digits) = input.strip_prefix(b".") else { return Ok((input, (0, 0))) };
    let count = digits.iter().take(10).take_while(|b| b.is_ascii_digit()).count();
    match digits.split_at_checked(count) {
        Some((digits, rest)) if (1..=9).contains(&count) => {
            let value = digits
                .iter()
                .fold(0u32, |sum, b| sum.wrapping_mul(10).wrapping_add(u32::from(b & 0x0f)));
            Ok((rest, ((count..9).fold(value, |v, _| v.wrapping_mul(10)), count)))
        }
        _ => broken(digits, ErrorKind::Timestamp, "one to nine digits"),
    }
}

/// `Z`, `+08:00`, `+08:00:01`, `+0800` or `+08`.
#[inline]
pub(crate) fn zone(input: &[u8]) -> Parsed<'_, Zone> {
    if let Some(rest) = input.strip_prefix(b"Z") {
        return Ok((
            rest,
            Zone { negative: false, hours: 0, minutes: 0, seconds: 0, style: ZoneStyle::Letter },
        ));
    }
    let (rest, negative) =
        alt((value(false, tag(&b"+"[..])), value(true, tag(&b"-"[..])))).parse(input)?;
    let (rest, hours) = two(rest)?;
    let (rest, style) = match opt(tag::<_, _, GrammarError<'_>>(&b":"[..])).parse(rest)? {
        (rest, Some(_)) => (rest, ZoneStyle::Colon),
        (rest, None) => (rest, ZoneStyle::Digits),
    };
    if style == ZoneStyle::Digits {
        let (rest, minutes) = opt(two).parse(rest)?;
        return Ok((
            rest,
            Zone { negative, hours, minutes: minutes.unwrap_or(0), seconds: 0, style },
        ));
    }
    let (rest, minutes) = two(rest)?;
    let (rest, seconds) = match rest {
        [b':', b'0'..=b'9', ..] => two(rest.get(1..).unwrap_or_default())?,
        _ => (rest, 0),
    };
    Ok((rest, Zone { negative, hours, minutes, seconds, style }))
}

/// Jan to Dec, as a number from 1.
#[inline]
pub(crate) fn month_name(input: &[u8]) -> Parsed<'_, u8> {
    const NAMES: [&[u8; 3]; 12] = [
        b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov",
        b"Dec",
    ];
    let (name, rest) = input.split_at_checked(3).unwrap_or_default();
    match NAMES.iter().zip(1..).find(|(known, _)| &known[..] == name) {
        Some((_, number)) => Ok((rest, number)),
        None => {
            Err(nom::Err::Error(GrammarError::from_error_kind(input, nom::error::ErrorKind::Tag)))
        }
    }
}

/// A day and a time of day together, if both exist.
pub(crate) fn date_time(day: Day, time: TimeOfDay) -> Option<PrimitiveDateTime> {
    Some(PrimitiveDateTime::new(day.date()?, time.time()?))
}
