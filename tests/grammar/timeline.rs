//! Laws of stamps and of the timeline that resolves them.
use hostport_audit::time::{
    Date, Duration, Month, OffsetDateTime, PrimitiveDateTime, Time, UtcOffset,
};
use hostport_audit::{CarriedYear, ResolveError, Stamp, Timeline, YearRule};
use proptest::prelude::*;

fn time_of_day() -> impl Strategy<Value = Time> {
    (0u8..24, 0u8..60, 0u8..60, prop_oneof![Just(0u32), Just(500_000_000), 0u32..1_000_000_000])
        .prop_map(|(hour, minute, second, nano)| {
            Time::from_hms_nano(hour, minute, second, nano).unwrap()
        })
}

fn date_time(years: core::ops::Range<i32>) -> impl Strategy<Value = PrimitiveDateTime> {
    (years, 1u16..=366, time_of_day()).prop_map(|(year, ordinal, time)| {
        let date = Date::from_ordinal_date(year, ordinal)
            .unwrap_or_else(|_| Date::from_ordinal_date(year, 365).unwrap());
        PrimitiveDateTime::new(date, time)
    })
}

fn offset() -> impl Strategy<Value = UtcOffset> {
    let seconds = prop_oneof![
        Just(0),
        Just(28_800),
        Just(-12_600),
        Just(-1800),
        Just(20_700),
        -90_000i32..=90_000
    ];
    seconds.prop_map(|seconds| UtcOffset::from_whole_seconds(seconds).unwrap())
}

fn without_year(at: PrimitiveDateTime) -> Stamp {
    Stamp::no_year(at.month(), at.day(), at.time()).unwrap()
}

fn stamp() -> impl Strategy<Value = Stamp> {
    prop_oneof![
        (date_time(0..10_000), offset())
            .prop_map(|(at, offset)| Stamp::Instant(at.assume_offset(offset))),
        date_time(0..10_000).prop_map(Stamp::NoOffset),
        date_time(2000..2030).prop_map(without_year),
        (0i64..1_000_000_000, 0i32..1_000_000_000)
            .prop_map(|(s, n)| Stamp::since_boot(Duration::new(s, n)).unwrap()),
    ]
}

fn instant(text: &str) -> OffsetDateTime {
    match text.parse().unwrap() {
        Stamp::Instant(at) => at,
        other => panic!("{other} is no instant"),
    }
}

fn read(text: &str) -> Stamp {
    text.parse().unwrap()
}

proptest! {
    #[test]
    fn what_is_printed_is_read_back(stamp in stamp()) {
        let printed = stamp.to_string();
        prop_assert_eq!(printed.parse::<Stamp>(), Ok(stamp), "{}", printed);
        #[cfg(feature = "serde")]
        prop_assert_eq!(serde_json::from_str::<Stamp>(&serde_json::to_string(&stamp).unwrap()).unwrap(), stamp);
    }

    #[test]
    fn any_text_is_read_or_refused(text in "[-PTZ0-9:.+ ]{0,32}") {
        if let Ok(stamp) = text.parse::<Stamp>() {
            prop_assert_eq!(stamp.to_string().parse::<Stamp>(), Ok(stamp));
        }
    }

    #[test]
    fn the_nearest_year_is_found_again(at in date_time(1..9998), offset in offset(), near_by in -180i64 * 86_400..180 * 86_400) {
        let at = at.assume_offset(offset);
        let reference = at.saturating_add(Duration::seconds(near_by));
        let timeline = Timeline::new().offset(offset).year(YearRule::NearestTo(reference));
        let written = without_year(PrimitiveDateTime::new(at.date(), at.time()));
        prop_assert_eq!(timeline.resolve(written), Ok(at));
        let collected = reference.max(at);
        let timeline = Timeline::new().offset(offset).year(YearRule::NotAfter(collected));
        prop_assert_eq!(timeline.resolve(written), Ok(at));
        let timeline = Timeline::new().offset(offset).year(YearRule::Fixed(at.year()));
        prop_assert_eq!(timeline.resolve(written), Ok(at));
    }

    #[test]
    fn resolving_never_panics_and_keeps_what_is_written(stamp in stamp(), offset in offset(), reference in date_time(0..10_000), rule in 0..4) {
        let reference = reference.assume_utc();
        let rule = match rule {
            0 => YearRule::Fixed(reference.year()),
            1 => YearRule::NearestTo(reference),
            2 => YearRule::NotAfter(reference),
            _ => YearRule::Carried,
        };
        let timeline = Timeline::new().offset(offset).year(rule).boot(reference);
        if let (Ok(at), Stamp::NoYear { month, day, time }) = (timeline.resolve(stamp), stamp) {
            prop_assert_eq!((at.month(), at.day(), at.time(), at.offset()), (month, day, time, offset));
        }
        let mut year = CarriedYear::new();
        prop_assert_eq!(year.resolve(stamp, &timeline), timeline.resolve(stamp));
    }

    /// A log that goes on by up to nine months, or back by up to a quarter, keeps its years.
    #[test]
    fn the_year_is_carried_along(start in date_time(1950..2050), steps in prop::collection::vec(-92i64 * 86_400..273 * 86_400, 1..40)) {
        let timeline = Timeline::new().offset(UtcOffset::UTC).year(YearRule::Carried);
        let mut year = CarriedYear::new();
        year.saw(Stamp::NoOffset(start));
        let mut at = start;
        for step in steps {
            at = at.saturating_add(Duration::seconds(step));
            prop_assert_eq!(year.resolve(without_year(at), &timeline), Ok(at.assume_utc()));
        }
    }
}

#[test]
fn complete_stamps_need_nothing_and_others_name_what_they_need() {
    let bare = Timeline::new();
    let at = read("2023-06-25T16:24:11.657818578+08:00");
    assert_eq!(bare.resolve(at).map(Stamp::Instant), Ok(at));
    assert_eq!(bare.resolve(read("2023-06-25T16:24:11")), Err(ResolveError::MissingOffset));
    assert_eq!(bare.resolve(read("--06-25T16:24:11")), Err(ResolveError::MissingYear));
    assert_eq!(bare.resolve(read("PT5.312951S")), Err(ResolveError::MissingBoot));
    let year = bare.year(YearRule::Fixed(2023));
    assert_eq!(year.resolve(read("--06-25T16:24:11")), Err(ResolveError::MissingOffset));
    let booted = bare.boot(instant("2023-06-25T08:24:06.344957Z"));
    assert_eq!(booted.resolve(read("PT5.312951S")), Ok(instant("2023-06-25T08:24:11.657908Z")));
    let last = bare.boot(instant("9999-12-31T23:59:59Z"));
    assert_eq!(last.resolve(read("PT1S")), Err(ResolveError::OutOfRange));
}

#[test]
fn the_29th_of_february_finds_its_leap_year() {
    let leap_day = read("--02-29T12:00:00");
    let utc = Timeline::new().offset(UtcOffset::UTC);
    let year = |rule| utc.year(rule).resolve(leap_day).map(OffsetDateTime::year);
    let no_such_day = ResolveError::NoSuchDay { month: Month::February, day: 29, year: 2023 };
    assert_eq!(year(YearRule::Fixed(2023)), Err(no_such_day));
    assert_eq!(no_such_day.to_string(), "there is no day 29 of February in 2023");
    assert_eq!(year(YearRule::Fixed(2024)), Ok(2024));
    assert_eq!(year(YearRule::Fixed(i32::MAX)), Err(ResolveError::OutOfRange));
    assert_eq!(year(YearRule::NearestTo(instant("2022-02-01T00:00:00Z"))), Ok(2020));
    assert_eq!(year(YearRule::NearestTo(instant("2022-04-01T00:00:00Z"))), Ok(2024));
    assert_eq!(year(YearRule::NotAfter(instant("2024-02-29T11:59:59Z"))), Ok(2020));
    assert_eq!(year(YearRule::NotAfter(instant("2024-02-29T12:00:00Z"))), Ok(2024));
    // 1900 was no leap year: eight years lie between two.
    assert_eq!(year(YearRule::NotAfter(instant("1904-01-01T00:00:00Z"))), Ok(1896));
    let mut carried = CarriedYear::new();
    carried.saw(read("1897-01-01T00:00:00"));
    assert_eq!(carried.resolve(leap_day, &utc).map(OffsetDateTime::year), Ok(1904));
}

/// A log of December read in January, and one of 1 January written by a clock ahead of the
/// reader's.
#[test]
fn the_year_ends_where_the_clock_of_the_log_says() {
    let east = Timeline::new().offset(UtcOffset::from_hms(8, 0, 0).unwrap());
    let read_at = YearRule::NotAfter(instant("2023-12-31T17:00:00Z"));
    assert_eq!(east.year(read_at).resolve(read("--01-01T00:30:00")).unwrap().year(), 2024);
    assert_eq!(east.year(read_at).resolve(read("--01-01T01:00:01")).unwrap().year(), 2023);
    assert_eq!(east.year(read_at).resolve(read("--12-31T23:00:00")).unwrap().year(), 2023);
}

#[test]
fn a_clock_set_back_starts_no_year() {
    let timeline = Timeline::new().offset(UtcOffset::UTC).year(YearRule::Fixed(2023));
    let mut year = CarriedYear::new();
    let years: Vec<i32> = [
        "--10-29T02:59:59",
        "--10-29T02:00:00",
        "--12-31T23:59:59",
        "--01-01T00:00:01",
        "--12-31T23:59:58",
        "--01-01T00:00:02",
    ]
    .iter()
    .map(|text| year.resolve(read(text), &timeline).unwrap().year())
    .collect();
    assert_eq!(years, [2023, 2023, 2023, 2024, 2023, 2024]);
}

#[test]
fn the_year_is_carried_while_the_offset_is_missing() {
    let mut year = CarriedYear::new();
    year.saw(read("2023-12-31T23:00:00+08:00"));
    let unknown = Timeline::new();
    assert_eq!(year.resolve(read("--01-02T00:00:00"), &unknown), Err(ResolveError::MissingOffset));
    let known = unknown.offset(UtcOffset::UTC);
    assert_eq!(year.resolve(read("--01-02T00:00:01"), &known), Ok(instant("2024-01-02T00:00:01Z")));
    year.saw(read("PT1S"));
    assert_eq!(year.resolve(read("--01-02T00:00:02"), &known), Ok(instant("2024-01-02T00:00:02Z")));
}

#[test]
fn no_year_is_found_that_a_log_cannot_write() {
    let timeline = Timeline::new().offset(UtcOffset::UTC).year(YearRule::Carried);
    let mut year = CarriedYear::new();
    year.saw("0000-01-02T00:00:00".parse().unwrap());
    let at = year.resolve("--12-02T00:00:00".parse().unwrap(), &timeline).unwrap();
    assert_eq!(Stamp::Instant(at).to_string(), "0000-12-02T00:00:00Z");
}
