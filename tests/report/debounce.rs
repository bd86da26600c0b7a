//! Laws of settling, and of asking for a moment of the past.

use crate::common;

use common::changes::{Step, changes, in_scope, step};
use hostport_audit::report::{Cut, Debounce, End, History, Moment, PortHistory};
use hostport_audit::state::change::Change;
use hostport_audit::state::evidence::{Certainty, Evidence};
use hostport_audit::state::opening::{Holder, Opening};
use hostport_audit::{ByteSpan, InputId, Limits, LineRef, Stamp, Timeline};
use proptest::prelude::*;
use time::{Duration, OffsetDateTime};

fn at(millis: i64) -> OffsetDateTime {
    OffsetDateTime::UNIX_EPOCH + Duration::milliseconds(millis)
}

fn evidence(line: u64, millis: Option<i64>) -> Evidence {
    Evidence::new(
        LineRef::new(InputId::default(), line, ByteSpan::default()),
        millis.map(|millis| Stamp::Instant(at(millis))),
    )
}

/// Puts a time on every line of the changes.
fn stamped(changes: Vec<Change>, by: Evidence) -> Vec<Change> {
    changes
        .into_iter()
        .map(|change| match change {
            Change::Opened { opening, certainty, .. } => {
                Change::Opened { opening, request: None, by, certainty }
            }
            Change::Closed { opening, .. } => Change::Closed { opening, by },
            Change::BecameUnknown { scope, why, .. } => Change::BecameUnknown { scope, why, by },
            Change::BecameKnown { scope, .. } => Change::BecameKnown { scope, by },
            other => other,
        })
        .collect()
}

/// Steps with the time that passed before each; a negative one is a clock that goes back, none is a
/// line without a time.
type Timed = Vec<(Step, Option<i64>)>;

fn history(log: &[(Step, Option<i64>)]) -> (History, Vec<Option<i64>>) {
    let mut history = History::new(Limits::default());
    let (mut now, mut times) = (1_000_000, Vec::new());
    for (nth, (step, passed)) in log.iter().enumerate() {
        now += passed.unwrap_or(0);
        let time = passed.map(|_| now);
        times.push(time);
        let by = evidence(nth as u64 + 1, time);
        history.record(None, by, &stamped(changes(step, by.at.line()), by));
    }
    (history, times)
}

fn log(passed: impl Strategy<Value = Option<i64>>) -> impl Strategy<Value = Timed> {
    prop::collection::vec((step(), passed), 0..40)
}

fn any_time() -> impl Strategy<Value = Option<i64>> {
    prop_oneof![8 => (0i64..50).prop_map(Some), 1 => (-100i64..0).prop_map(Some), 1 => Just(None)]
}

fn ports(history: &History) -> Vec<PortHistory> {
    history.host(None).map(|host| host.all()).unwrap_or_default()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn settling_keeps_the_ends_and_joins_more_the_longer_it_is(log in log(any_time()), millis in 0i64..60, more in 0i64..60, lines in 0u64..4) {
        let timeline = Timeline::new();
        let debounce = |millis| Debounce::within(Duration::milliseconds(millis)).or_lines(lines);
        for port in ports(&history(&log).0) {
            let settled = port.settled(debounce(millis), &timeline);
            let longer = port.settled(debounce(millis + more), &timeline);
            prop_assert_eq!(settled.history.intervals.len() + settled.joined as usize, port.intervals.len());
            prop_assert!(longer.joined >= settled.joined);
            prop_assert_eq!(settled.by_position, longer.by_position, "what times cannot tell, no settle time can");
            prop_assert_eq!(settled.history.intervals.first().map(|i| i.beginning), port.intervals.first().map(|i| i.beginning));
            prop_assert_eq!(settled.history.intervals.last().map(|i| i.end), port.intervals.last().map(|i| i.end));
            prop_assert!(settled.history.flaps() + settled.joined as usize == port.flaps());
            let again = settled.history.settled(debounce(millis), &timeline);
            prop_assert_eq!((again.joined, &again.history), (0, &settled.history), "once is enough");
        }
    }

    #[test]
    fn a_moment_is_the_fold_of_what_lies_before_it(log in log((0i64..50).prop_map(Some)), line in 0usize..41) {
        let timeline = Timeline::new();
        let line = line.min(log.len());
        let (whole, times) = history(&log);
        let (cut, _) = history(&log[..line]);
        let Some(whole) = whole.host(None) else { return Ok(()) };
        let mut want: Vec<_> = ports(&cut).into_iter().filter(PortHistory::is_open).flat_map(singles).collect();
        want.sort();
        let open = |moment| {
            let answer = whole.at(moment, &timeline);
            assert!(answer.cuts.values().all(|cut| *cut == Cut::Exact));
            let mut open: Vec<_> = answer.open.into_iter().flat_map(|then| {
                let range = then.opening.port.unwrap().range();
                (range.first()..=range.last()).map(move |port| (then.opening.holder.clone(), port))
            }).collect();
            open.sort();
            open
        };
        prop_assert_eq!(open(Moment::Line { input: InputId::default(), line: line as u64 }), want.clone());
        // By time, all lines of the same time belong to it.
        let last = times[..line].last().copied().flatten();
        if times.get(line).copied().flatten() != last {
            prop_assert_eq!(open(Moment::Time(at(last.unwrap_or(0)))), want);
        }
    }
}

fn singles(port: PortHistory) -> impl Iterator<Item = (Holder, u16)> {
    let range = port.port.unwrap().range();
    (range.first()..=range.last()).map(move |number| (port.holder.clone(), number))
}

fn opening() -> Opening {
    Opening { port: Some("8080/tcp".parse().unwrap()), holder: Holder::CrioSocket }
}

fn opened(line: u64, millis: i64) -> Change {
    Change::Opened {
        opening: opening(),
        request: None,
        by: evidence(line, Some(millis)),
        certainty: Certainty::Confirmed,
    }
}

fn closed(line: u64, millis: i64) -> Change {
    Change::Closed { opening: opening(), by: evidence(line, Some(millis)) }
}

fn by(change: &Change) -> Evidence {
    match change {
        Change::Opened { by, .. } | Change::Closed { by, .. } => *by,
        other => panic!("{other:?}"),
    }
}

fn record(changes: &[Change]) -> History {
    let mut history = History::new(Limits::default());
    changes
        .iter()
        .for_each(|change| history.record(None, by(change), std::slice::from_ref(change)));
    history
}

#[test]
fn rules_replaced_within_a_moment_are_no_flapping() {
    let history = record(&[
        opened(1, 0),
        closed(2, 5000),
        opened(3, 5003),
        closed(4, 60_000),
        opened(5, 90_000),
    ]);
    let port = &ports(&history)[0];
    assert_eq!(port.flaps(), 2);
    let settled = port.settled(Debounce::within(Duration::seconds(1)), &Timeline::new());
    assert_eq!((settled.joined, settled.history.flaps()), (1, 1));
    assert_eq!(settled.history.intervals[0].lasted(&Timeline::new()), Some(Duration::minutes(1)));
    let lines: Vec<u64> =
        settled.history.net_changes().iter().map(|change| change.by.at.line()).collect();
    assert_eq!(lines, [1, 4, 5]);
}

#[test]
fn a_clock_that_goes_back_is_judged_by_lines_and_said() {
    let history = record(&[opened(1, 10_000), closed(2, 20_000), opened(3, 5000)]);
    let port = &ports(&history)[0];
    let timeline = Timeline::new();
    let settled = port.settled(Debounce::within(Duration::hours(9)), &timeline);
    assert_eq!(
        (settled.joined, settled.by_position),
        (0, 1),
        "times do not tell, and no lines were allowed"
    );
    let settled = port.settled(Debounce::within(Duration::ZERO).or_lines(1), &timeline);
    assert_eq!((settled.joined, settled.by_position), (1, 1));
    let then = history.host(None).unwrap().at(Moment::Time(at(19_000)), &timeline);
    assert_eq!(then.open.len(), 1, "cut before the first line that is later");
    assert!(then.cuts.values().all(|cut| *cut == Cut::ClockWentBack { changes: 1 }));
}

#[test]
fn a_time_before_what_a_limit_left_is_unknown() {
    let mut history = History::new(Limits { max_history: 1, ..Limits::default() });
    for change in [opened(1, 0), closed(2, 1000), opened(3, 2000)] {
        history.record(None, by(&change), &[change]);
    }
    let host = history.host(None).unwrap();
    let ask = |millis| host.at(Moment::Time(at(millis)), &Timeline::new());
    assert!(
        ask(500).cuts.values().all(|cut| *cut == Cut::Dropped)
            && ask(500).open.is_empty()
            && !ask(500).unknown.is_empty()
    );
    assert!(ask(1500).cuts.values().all(|cut| *cut == Cut::Exact) && ask(1500).open.is_empty());
    assert_eq!(ask(2000).open.len(), 1);
    assert_eq!(host.all()[0].intervals[0].end, End::StillOpen);
    let _ = in_scope;
}

#[test]
fn the_log_of_a_port_orders_inputs_by_time_and_says_when_it_cannot() {
    let in_input = |input, line, millis: Option<i64>| {
        Evidence::new(
            LineRef::new(InputId::new(input), line, ByteSpan::default()),
            millis.map(|millis| Stamp::Instant(at(millis))),
        )
    };
    let rule = |holder| Opening { port: Some("8080/tcp".parse().unwrap()), holder };
    let zone = || Holder::ZonePort {
        zone: "public".into(),
        layer: hostport_audit::event::firewalld::Layer::Runtime,
    };
    let certainty = Certainty::Confirmed;
    let log = |last: Option<i64>| {
        let opened = |opening, by| Change::Opened { opening, request: None, by, certainty };
        let history = record(&[
            opened(rule(Holder::CrioSocket), in_input(0, 7, Some(2000))),
            opened(rule(zone()), in_input(1, 1, Some(1000))),
            Change::Closed { opening: rule(zone()), by: in_input(1, 2, last) },
        ]);
        history
            .host(None)
            .unwrap()
            .log_of("8080/tcp".parse().unwrap(), &Timeline::new())
            .to_string()
    };
    assert_eq!(
        log(Some(3000)),
        "input 1 line 1 (1970-01-01T00:00:01Z): 8080/tcp opened, zone public (firewalld runtime)\n\
         line 7 (1970-01-01T00:00:02Z): 8080/tcp opened, socket of CRI-O (crio socket)\n\
         input 1 line 2 (1970-01-01T00:00:03Z): 8080/tcp closed, zone public (firewalld runtime)\n"
    );
    assert!(
        log(None).ends_with("(inputs stand one after another: their times cannot order them)\n")
    );
    assert!(log(Some(500)).starts_with("line 7"), "a clock that goes back orders nothing");
}
