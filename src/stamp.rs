//! Points in time exactly as the logs write them.

use crate::error::{ErrorKind, ParseError};
use core::fmt;
use core::str::FromStr;
use time::{Date, Duration, Month, OffsetDateTime, PrimitiveDateTime, Time, UtcOffset};

/// A time stamp as written: with what it says, and without what it leaves out.
///
/// Nothing is filled in here; A timeline does that, from what the caller knows. The printed form is
/// RFC 3339 as far as the stamp goes: without an offset none is printed, a missing year is printed
/// as in ISO 8601 (`--06-25`), a time since boot as a duration.
///
/// ```
/// use hostport_audit::Stamp;
///
/// let klog: Stamp = "--06-25T09:07:00.99298".parse()?;
/// assert!(matches!(klog, Stamp::NoYear { day: 25, .. }));
/// assert_eq!(klog.to_string(), "--06-25T09:07:00.99298");
/// # Ok::<(), hostport_audit::ParseError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Stamp {
    /// Date, time and offset: CRI-O's `time=`, container logs, journal modes with a zone.
    Instant(OffsetDateTime),
    /// Date and time of a clock whose offset is not written: firewalld's log.
    NoOffset(PrimitiveDateTime),
    /// Month, day and time, neither year nor offset: klog headers, the journal's short mode. 29
    /// February is allowed.
    NoYear {
        /// The month.
        month: Month,
        /// The day of the month, from 1.
        day: u8,
        /// The time of day.
        time: Time,
    },
    /// Time since the machine started: the journal's monotonic modes.
    SinceBoot(Duration),
}

impl Stamp {
    /// Month, day and time if such a day exists in a leap year.
    #[must_use]
    pub fn no_year(month: Month, day: u8, time: Time) -> Option<Self> {
        (day >= 1 && day <= month.length(2000)).then_some(Self::NoYear { month, day, time })
    }

    /// A time since boot if no machine contradicts it: not negative, and less than a billion
    /// seconds.
    #[must_use]
    pub fn since_boot(since: Duration) -> Option<Self> {
        (!since.is_negative() && since.whole_seconds() < 1_000_000_000)
            .then_some(Self::SinceBoot(since))
    }
}

impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Instant(at) => {
                write_date(f, at.date())?;
                write_time(f, at.time())?;
                write_offset(f, at.offset())
            }
            Self::NoOffset(at) => {
                write_date(f, at.date())?;
                write_time(f, at.time())
            }
            Self::NoYear { month, day, time } => {
                write!(f, "--{:02}-{day:02}", u8::from(month))?;
                write_time(f, time)
            }
            Self::SinceBoot(since) => {
                write!(f, "PT{}", since.whole_seconds())?;
                write_fraction(f, since.subsec_nanoseconds().unsigned_abs())?;
                f.write_str("S")
            }
        }
    }
}

fn write_date(f: &mut fmt::Formatter<'_>, date: Date) -> fmt::Result {
    write!(f, "{:04}-{:02}-{:02}", date.year(), u8::from(date.month()), date.day())
}

fn write_time(f: &mut fmt::Formatter<'_>, time: Time) -> fmt::Result {
    write!(f, "T{:02}:{:02}:{:02}", time.hour(), time.minute(), time.second())?;
    write_fraction(f, time.nanosecond())
}

fn write_fraction(f: &mut fmt::Formatter<'_>, nanos: u32) -> fmt::Result {
    if nanos == 0 {
        return Ok(());
    }
    let (mut value, mut width) = (nanos, 9usize);
    while value % 10 == 0 {
        value /= 10;
        width = width.saturating_sub(1);
    }
    write!(f, ".{value:0width$}")
}

fn write_offset(f: &mut fmt::Formatter<'_>, offset: UtcOffset) -> fmt::Result {
    if offset.is_utc() {
        return f.write_str("Z");
    }
    let (hours, minutes, seconds) = offset.as_hms();
    let sign = if offset.is_negative() { '-' } else { '+' };
    write!(f, "{sign}{:02}:{:02}", hours.unsigned_abs(), minutes.unsigned_abs())?;
    if seconds != 0 {
        write!(f, ":{:02}", seconds.unsigned_abs())?;
    }
    Ok(())
}

impl FromStr for Stamp {
    type Err = ParseError;

    /// Reads the printed form back.
    fn from_str(text: &str) -> Result<Self, ParseError> {
        let mut cursor = Cursor { rest: text.as_bytes(), at: 0 };
        let stamp = if cursor.take(b"PT") { cursor.since_boot() } else { cursor.date_and_time() };
        match stamp {
            Some(stamp) if cursor.rest.is_empty() => Ok(stamp),
            _ => Err(ParseError::new(ErrorKind::Timestamp, cursor.at, "an RFC 3339 date and time")
                .with_found(cursor.rest.first().copied())),
        }
    }
}

/// What is left of a printed stamp, and how far the reading came.
struct Cursor<'a> {
    rest: &'a [u8],
    at: usize,
}

impl Cursor<'_> {
    fn take(&mut self, literal: &[u8]) -> bool {
        match self.rest.strip_prefix(literal) {
            Some(rest) => {
                self.rest = rest;
                self.at = self.at.saturating_add(literal.len());
                true
            }
            None => false,
        }
    }

    fn digits(&mut self, at_most: usize) -> Option<(u32, usize)> {
        let count = self.rest.iter().take(at_most).take_while(|b| b.is_ascii_digit()).count();
        let (digits, rest) = self.rest.split_at_checked(count)?;
        let value = digits
            .iter()
            .fold(0u32, |sum, b| sum.wrapping_mul(10).wrapping_add(u32::from(b & 0x0f)));
        self.rest = rest;
        self.at = self.at.saturating_add(count);
        (count > 0).then_some((value, count))
    }

    fn two(&mut self) -> Option<u8> {
        let (value, count) = self.digits(2)?;
        (count == 2).then_some(u8::try_from(value).ok()?)
    }

    fn fraction(&mut self) -> Option<u32> {
        if !self.take(b".") {
            return Some(0);
        }
        let (value, count) = self.digits(9)?;
        Some((count..9).fold(value, |v, _| v.wrapping_mul(10)))
    }

    fn since_boot(&mut self) -> Option<Stamp> {
        let (seconds, _) = self.digits(9)?;
        let nanos = self.fraction()?;
        self.take(b"S").then_some(Stamp::SinceBoot(Duration::new(
            i64::from(seconds),
            i32::try_from(nanos).ok()?,
        )))
    }

    fn date_and_time(&mut self) -> Option<Stamp> {
        let year = if self.take(b"--") {
            None
        } else {
            let (year, count) = self.digits(4)?;
            (count == 4 && self.take(b"-")).then_some(())?;
            Some(i32::try_from(year).ok()?)
        };
        let month = Month::try_from(self.two()?).ok()?;
        self.take(b"-").then_some(())?;
        let day = self.two()?;
        self.take(b"T").then_some(())?;
        let hour = self.two()?;
        self.take(b":").then_some(())?;
        let minute = self.two()?;
        self.take(b":").then_some(())?;
        let second = self.two()?;
        let time = Time::from_hms_nano(hour, minute, second, self.fraction()?).ok()?;
        let Some(year) = year else { return Stamp::no_year(month, day, time) };
        let local = PrimitiveDateTime::new(Date::from_calendar_date(year, month, day).ok()?, time);
        if self.rest.is_empty() {
            Some(Stamp::NoOffset(local))
        } else {
            Some(Stamp::Instant(local.assume_offset(self.offset()?)))
        }
    }

    fn offset(&mut self) -> Option<UtcOffset> {
        if self.take(b"Z") {
            return Some(UtcOffset::UTC);
        }
        let sign = if self.take(b"-") { -1 } else { self.take(b"+").then_some(1)? };
        let hours = i8::try_from(self.two()?).ok()?;
        self.take(b":").then_some(())?;
        let minutes = i8::try_from(self.two()?).ok()?;
        let seconds = if self.take(b":") { i8::try_from(self.two()?).ok()? } else { 0 };
        UtcOffset::from_hms(
            hours.checked_mul(sign)?,
            minutes.checked_mul(sign)?,
            seconds.checked_mul(sign)?,
        )
        .ok()
    }
}

/// Serialized in the printed form.
#[cfg(feature = "serde")]
mod serialized {
    use super::Stamp;
    use alloc::string::String;
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

    impl Serialize for Stamp {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_str(self)
        }
    }

    impl<'de> Deserialize<'de> for Stamp {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
        }
    }
}
