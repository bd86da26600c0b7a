//! What the caller knows about the clock of a log: it turns stamps as written into points in time.

use crate::stamp::Stamp;
use time::{Date, Duration, Month, OffsetDateTime, PrimitiveDateTime, Time, UtcOffset};

/// How to find the year of a stamp that has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum YearRule {
    /// This year.
    Fixed(i32),
    /// The year that brings the stamp nearest to this instant, such as the time at which the file
    /// was last written.
    NearestTo(#[cfg_attr(feature = "serde", serde(with = "saved::instant"))] OffsetDateTime),
    /// The latest year that does not bring the stamp behind this instant, such as the time at which
    /// the log was collected.
    NotAfter(#[cfg_attr(feature = "serde", serde(with = "saved::instant"))] OffsetDateTime),
    /// Only what other lines of the log say: see [`CarriedYear`].
    Carried,
}

/// What the caller knows and the log leaves out: the offset of its clock, its years, and when the
/// machine was started.
///
/// Nothing is assumed: what is needed and not given is an error, and no clock is read.
///
/// ```
/// use hostport_audit::time::UtcOffset;
/// use hostport_audit::{ResolveError, Stamp, Timeline, YearRule};
///
/// let klog: Stamp = "--06-25T09:07:00.99298".parse()?;
/// let collected: Stamp = "2024-01-03T00:00:00Z".parse()?;
/// let Stamp::Instant(collected) = collected else { unreachable!() };
///
/// let timeline = Timeline::new().offset(UtcOffset::from_hms(8, 0, 0)?).year(YearRule::NotAfter(collected));
/// let at = timeline.resolve(klog)?;
/// assert_eq!(Stamp::Instant(at).to_string(), "2023-06-25T09:07:00.99298+08:00");
///
/// assert_eq!(Timeline::new().resolve(klog), Err(ResolveError::MissingYear));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Timeline {
    #[cfg_attr(feature = "serde", serde(with = "saved::offset"))]
    offset: Option<UtcOffset>,
    year: Option<YearRule>,
    #[cfg_attr(feature = "serde", serde(with = "saved::instant_if_known"))]
    boot: Option<OffsetDateTime>,
}

/// Why a stamp names no point in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum ResolveError {
    /// The stamp has no year, and nothing told it.
    #[error("the year is not known")]
    MissingYear,
    /// The stamp has no offset, and the caller gave none.
    #[error("the offset from UTC is not known")]
    MissingOffset,
    /// The stamp counts from the start of the machine, and the caller did not say when that was.
    #[error("the time of the boot is not known")]
    MissingBoot,
    /// The day does not exist in the year: 29 February.
    #[error("there is no day {day} of {month} in {year}")]
    NoSuchDay {
        /// The month.
        month: Month,
        /// The day of the month.
        day: u8,
        /// The year.
        year: i32,
    },
    /// The point in time lies outside the years that can be told.
    #[error("the time is out of range")]
    OutOfRange,
}

impl Timeline {
    /// A timeline that knows nothing; it resolves stamps that are complete.
    #[must_use]
    pub const fn new() -> Self {
        Self { offset: None, year: None, boot: None }
    }

    /// With the offset of stamps that have none.
    #[must_use]
    pub const fn offset(mut self, offset: UtcOffset) -> Self {
        self.offset = Some(offset);
        self
    }

    /// With a rule for the year of stamps that have none.
    #[must_use]
    pub const fn year(mut self, rule: YearRule) -> Self {
        self.year = Some(rule);
        self
    }

    /// With the instant from which [`Stamp::SinceBoot`] counts.
    #[must_use]
    pub const fn boot(mut self, boot: OffsetDateTime) -> Self {
        self.boot = Some(boot);
        self
    }

    /// The point in time that a stamp names.
    ///
    /// # Errors
    /// What the stamp leaves out and the timeline does not know, or a day or an instant that does
    /// not exist.
    pub fn resolve(&self, stamp: Stamp) -> Result<OffsetDateTime, ResolveError> {
        match stamp {
            Stamp::Instant(at) => Ok(at),
            Stamp::NoOffset(local) => self.at_offset(local),
            Stamp::NoYear { month, day, time } => self.at_offset(self.local(month, day, time)?),
            Stamp::SinceBoot(since) => {
                let boot = self.boot.ok_or(ResolveError::MissingBoot)?;
                boot.checked_add(since).ok_or(ResolveError::OutOfRange)
            }
        }
    }

    fn at_offset(&self, local: PrimitiveDateTime) -> Result<OffsetDateTime, ResolveError> {
        let at = local.assume_offset(self.offset.ok_or(ResolveError::MissingOffset)?);
        at.checked_to_offset(UtcOffset::UTC).map(|_| at).ok_or(ResolveError::OutOfRange)
    }

    /// Day and time with the year that the rule finds.
    fn local(&self, month: Month, day: u8, time: Time) -> Result<PrimitiveDateTime, ResolveError> {
        let in_year = |year| on(year, month, day, time);
        // Only 29 February is not there every year; between two of them there are at most eight
        // years.
        let reach = if month == Month::February && day == 29 { 8 } else { 1 };
        match self.year {
            None | Some(YearRule::Carried) => Err(ResolveError::MissingYear),
            Some(YearRule::Fixed(year)) => {
                in_year(year).ok_or_else(|| no_such_day(year, month, day))
            }
            Some(YearRule::NearestTo(reference)) => {
                let near = self.here(reference)?;
                let years = near.year().saturating_sub(reach)..=near.year().saturating_add(reach);
                years
                    .filter_map(in_year)
                    .min_by_key(|local| (*local - near).abs())
                    .ok_or(ResolveError::OutOfRange)
            }
            Some(YearRule::NotAfter(reference)) => {
                let last = self.here(reference)?;
                let years = (last.year().saturating_sub(reach)..=last.year()).rev();
                years
                    .filter_map(in_year)
                    .find(|local| *local <= last)
                    .ok_or(ResolveError::OutOfRange)
            }
        }
    }

    /// What the clock of the log showed at an instant.
    fn here(&self, instant: OffsetDateTime) -> Result<PrimitiveDateTime, ResolveError> {
        let offset = self.offset.ok_or(ResolveError::MissingOffset)?;
        let here = instant.checked_to_offset(offset).ok_or(ResolveError::OutOfRange)?;
        Ok(PrimitiveDateTime::new(here.date(), here.time()))
    }
}

/// No log writes a year outside these.
const YEARS: core::ops::RangeInclusive<i32> = 0..=9999;

fn on(year: i32, month: Month, day: u8, time: Time) -> Option<PrimitiveDateTime> {
    YEARS.contains(&year).then_some(())?;
    Some(PrimitiveDateTime::new(Date::from_calendar_date(year, month, day).ok()?, time))
}

fn no_such_day(year: i32, month: Month, day: u8) -> ResolveError {
    match Date::from_calendar_date(year, Month::January, 1) {
        Ok(_) => ResolveError::NoSuchDay { month, day, year },
        Err(_) => ResolveError::OutOfRange,
    }
}

/// How far a log may go back without having come into another year: clocks are set back, summer
/// time ends, and tools that merge the logs of several machines sort the names of months as text,
/// so that two months can change places.
const STEP_BACK: Duration = Duration::days(92);

/// The year carried along a log: from a preamble or from lines that tell it to those that do not.
///
/// The first stamp takes its year from the timeline's rule, unless another stamp told it before.
/// From then on a stamp without a year lies in the earliest year that does not bring it more than
/// 92 days before the last one: so December is followed by January of the next year, and a clock
/// that was set back stays in its year. A log that was silent for more than nine months comes out
/// too early.
///
/// ```
/// use hostport_audit::time::UtcOffset;
/// use hostport_audit::{CarriedYear, Stamp, Timeline, YearRule};
///
/// let timeline = Timeline::new().offset(UtcOffset::UTC).year(YearRule::Carried);
/// let mut year = CarriedYear::new();
/// // `Log file created at: 2023/12/31 23:59:58`, the first line of a klog file.
/// year.saw("2023-12-31T23:59:58".parse()?);
/// let last = year.resolve("--12-31T23:59:59.5".parse()?, &timeline)?;
/// let next = year.resolve("--01-01T00:00:00.1".parse()?, &timeline)?;
/// assert_eq!((last.year(), next.year()), (2023, 2024));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct CarriedYear {
    /// What the clock of the log last showed, with its year.
    last: Option<Stamp>,
}

impl CarriedYear {
    /// Before the first line.
    #[must_use]
    pub const fn new() -> Self {
        Self { last: None }
    }

    /// Takes note of a stamp that the log shows at this place; only one that has a year tells
    /// anything.
    pub fn saw(&mut self, stamp: Stamp) {
        match stamp {
            Stamp::Instant(at) => {
                self.last = Some(Stamp::NoOffset(PrimitiveDateTime::new(at.date(), at.time())))
            }
            Stamp::NoOffset(_) => self.last = Some(stamp),
            Stamp::NoYear { .. } | Stamp::SinceBoot(_) => {}
        }
    }

    /// The point in time that the next stamp of the log names.
    ///
    /// # Errors
    /// As [`Timeline::resolve`]; the year is carried on even where only the offset is missing.
    pub fn resolve(
        &mut self,
        stamp: Stamp,
        timeline: &Timeline,
    ) -> Result<OffsetDateTime, ResolveError> {
        let stamp = match (stamp, self.last) {
            (Stamp::NoYear { month, day, time }, Some(Stamp::NoOffset(last))) => {
                Stamp::NoOffset(following(last, month, day, time).ok_or(ResolveError::OutOfRange)?)
            }
            (Stamp::NoYear { month, day, time }, _) => {
                Stamp::NoOffset(timeline.local(month, day, time)?)
            }
            (stamp, _) => stamp,
        };
        self.saw(stamp);
        timeline.resolve(stamp)
    }
}

/// The earliest such day and time that is not too far before the last one.
fn following(
    last: PrimitiveDateTime,
    month: Month,
    day: u8,
    time: Time,
) -> Option<PrimitiveDateTime> {
    let earliest = last.checked_sub(STEP_BACK).unwrap_or(PrimitiveDateTime::MIN);
    let years = earliest.year()..=earliest.year().saturating_add(9);
    years.filter_map(|year| on(year, month, day, time)).find(|local| *local >= earliest)
}

/// How instants and offsets are written into a saved state: an instant as its [`Stamp`] is printed,
/// an offset as its seconds east of Greenwich.
#[cfg(feature = "serde")]
pub(crate) mod saved {
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

    pub(crate) mod instant {
        use super::*;
        use crate::stamp::Stamp;
        use time::OffsetDateTime;

        pub(crate) fn serialize<S: Serializer>(
            at: &OffsetDateTime,
            serializer: S,
        ) -> Result<S::Ok, S::Error> {
            Stamp::Instant(*at).serialize(serializer)
        }

        pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
            deserializer: D,
        ) -> Result<OffsetDateTime, D::Error> {
            match Stamp::deserialize(deserializer)? {
                Stamp::Instant(at) => Ok(at),
                _ => Err(D::Error::custom("a time without its offset")),
            }
        }
    }

    pub(crate) mod instant_if_known {
        use super::*;
        use crate::stamp::Stamp;
        use time::OffsetDateTime;

        pub(crate) fn serialize<S: Serializer>(
            at: &Option<OffsetDateTime>,
            serializer: S,
        ) -> Result<S::Ok, S::Error> {
            at.map(Stamp::Instant).serialize(serializer)
        }

        pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
            deserializer: D,
        ) -> Result<Option<OffsetDateTime>, D::Error> {
            match Option::<Stamp>::deserialize(deserializer)? {
                None => Ok(None),
                Some(Stamp::Instant(at)) => Ok(Some(at)),
                Some(_) => Err(D::Error::custom("a time without its offset")),
            }
        }
    }

    pub(crate) mod offset {
        use super::*;
        use time::UtcOffset;

        pub(crate) fn serialize<S: Serializer>(
            offset: &Option<UtcOffset>,
            serializer: S,
        ) -> Result<S::Ok, S::Error> {
            offset.map(UtcOffset::whole_seconds).serialize(serializer)
        }

        pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
            deserializer: D,
        ) -> Result<Option<UtcOffset>, D::Error> {
            let seconds = Option::<i32>::deserialize(deserializer)?;
            let offset = seconds.map(UtcOffset::from_whole_seconds).transpose();
            offset.map_err(|_| D::Error::custom("an offset of more than a day"))
        }
    }
}
