//! Laws of the history: against a naive replay port by port, under limits, and joined from
//! stretches.

use crate::common;

use common::changes::{Step, changes, holders, in_scope, line, scopes, step, zone};
use hostport_audit::event::firewalld::Layer;
use hostport_audit::report::{Beginning, End, History, HostHistory, Interval};
use hostport_audit::state::change::Change;
use hostport_audit::state::evidence::Certainty;
use hostport_audit::state::known::UnknownReason;
use hostport_audit::state::opening::{Holder, Opening};
use hostport_audit::{HostPort, Limits, Protocol};
use proptest::prelude::*;
use std::collections::BTreeMap;

/// The intervals of one port of one holder, found by looking at nothing else.
fn naive(steps: &[Step], holder: usize, port: u16) -> Vec<Interval> {
    let mut done = Vec::new();
    let mut open: Option<(Beginning, Certainty)> = None;
    let rank = |c: Certainty| match c {
        Certainty::Confirmed => 0,
        Certainty::Stated => 1,
        _ => 2,
    };
    for (nth, step) in steps.iter().enumerate() {
        let by = line(nth as u64 + 1);
        let mut end = |open: &mut Option<(Beginning, Certainty)>, end| {
            if let Some((beginning, certainty)) = open.take() {
                done.push(Interval { beginning, end, certainty: Some(certainty) });
            }
        };
        match step {
            Step::Opened(h, range, certainty) if *h == holder && range.contains(port) => {
                match &mut open {
                    Some((_, sure)) if rank(*certainty) < rank(*sure) => *sure = *certainty,
                    Some(_) => {}
                    None => open = Some((Beginning::Opened { request: None, by }, *certainty)),
                }
            }
            Step::Closed(h, range) if *h == holder && range.contains(port) => {
                if open.is_none() {
                    done.push(Interval {
                        beginning: Beginning::NotSeen,
                        end: End::Closed { by },
                        certainty: None,
                    });
                } else {
                    end(&mut open, End::Closed { by });
                }
            }
            Step::Lost(scope) if in_scope(&scopes()[*scope], &holders()[holder]) => {
                end(&mut open, End::BecameUnknown { why: UnknownReason::Crash, by });
            }
            Step::BecameKnown(scope, told) if in_scope(&scopes()[*scope], &holders()[holder]) => {
                match (
                    told.iter().any(|(h, range)| *h == holder && range.contains(port)),
                    &mut open,
                ) {
                    (true, Some((_, sure))) => *sure = Certainty::Confirmed,
                    (true, None) => open = Some((Beginning::Found { by }, Certainty::Confirmed)),
                    (false, _) => end(&mut open, End::Closed { by }),
                }
            }
            _ => {}
        }
    }
    if let Some((beginning, certainty)) = open {
        done.push(Interval { beginning, end: End::StillOpen, certainty: Some(certainty) });
    }
    done
}

fn record(steps: &[Step], limits: Limits, first_line: u64) -> History {
    let mut history = History::new(limits);
    for (nth, step) in steps.iter().enumerate() {
        history.record(
            None,
            line(first_line + nth as u64),
            &changes(step, first_line + nth as u64),
        );
    }
    history
}

fn host(history: &History) -> HostHistory {
    history.host(None).cloned().unwrap_or_default()
}

/// Intervals by holder and port number, out of the full listing.
fn flat(host: &HostHistory) -> BTreeMap<(Holder, u16), Vec<Interval>> {
    let mut map = BTreeMap::new();
    for part in host.all() {
        let range = part.port.unwrap().range();
        for port in range.first()..=range.last() {
            assert!(
                map.insert((part.holder.clone(), port), part.intervals.clone()).is_none(),
                "ports listed twice"
            );
        }
    }
    map
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn the_history_of_each_port_is_that_of_a_naive_replay(steps in prop::collection::vec(step(), 0..40)) {
        let host = host(&record(&steps, Limits::default(), 1));
        let listed = flat(&host);
        for (nth, holder) in holders().into_iter().enumerate() {
            for port in 0..12 {
                let want = naive(&steps, nth, port);
                let single = HostPort::single(Protocol::Tcp, port);
                let asked: Vec<_> = host.port(single).into_iter().filter(|part| part.holder == holder).collect();
                prop_assert_eq!(asked.first().map(|part| part.intervals.clone()).unwrap_or_default(), want.clone());
                prop_assert!(asked.len() <= 1 && asked.iter().all(|part| part.port == Some(single)));
                prop_assert_eq!(listed.get(&(holder.clone(), port)).cloned().unwrap_or_default(), want);
            }
        }
    }

    #[test]
    fn a_limit_drops_the_oldest_and_leaves_what_is_open(steps in prop::collection::vec(step(), 0..40), most in 0usize..12) {
        let whole = host(&record(&steps, Limits::default(), 1));
        let history = record(&steps, Limits { max_history: most, ..Limits::default() }, 1);
        let cut = host(&history);
        prop_assert!(cut.kept() <= 2 * most as u64, "two programs, each within the limit");
        prop_assert_eq!(cut.kept() + cut.dropped(), whole.kept());
        prop_assert_eq!(history.dropped(), cut.dropped());
        let (all, left) = (flat(&whole), flat(&cut));
        for (key, intervals) in &all {
            let left = left.get(key).cloned().unwrap_or_default();
            prop_assert_eq!(
                intervals.last().filter(|last| last.is_open()),
                left.last().filter(|last| last.is_open()),
                "what is open stays, with its evidence"
            );
            prop_assert!(intervals.ends_with(&left) , "what is left is the end of what was");
        }
    }

    #[test]
    fn stretches_join_to_the_whole(steps in prop::collection::vec(step(), 0..40), a in 0usize..40, b in 0usize..40) {
        let (a, b) = (a.min(b).min(steps.len()), a.max(b).min(steps.len()));
        let limits = Limits::default();
        let part = |from: usize, to: usize| record(&steps[from..to], limits, from as u64 + 1);
        let whole = record(&steps, limits, 1);
        prop_assert_eq!(part(0, a).then(part(a, b)).then(part(b, steps.len())), whole.clone());
        prop_assert_eq!(part(0, a).then(part(a, b).then(part(b, steps.len()))), whole);
    }
}

#[test]
fn a_port_of_a_range_that_is_closed_alone_is_closed_alone() {
    let public = || zone("public", Layer::Runtime);
    let open = |ports: &str| Opening { port: Some(ports.parse().unwrap()), holder: public() };
    let mut history = History::new(Limits::default());
    let certainty = Certainty::Confirmed;
    history.record(
        None,
        line(2),
        &[Change::Opened {
            opening: open("8000-8010/tcp"),
            request: Some(line(1)),
            by: line(2),
            certainty,
        }],
    );
    history.record(None, line(5), &[Change::Closed { opening: open("8005/tcp"), by: line(5) }]);
    let host = host(&history);
    let ports: Vec<String> = host.all().iter().map(|part| part.port.unwrap().to_string()).collect();
    assert_eq!(ports, ["8000-8004/tcp", "8005/tcp", "8006-8010/tcp"]);
    assert_eq!(
        host.port("8005/tcp".parse().unwrap())[0].intervals[0].to_string(),
        "opened at line 2, requested at line 1 (confirmed), closed at line 5"
    );
    assert_eq!(host.port("8006/tcp".parse().unwrap())[0].intervals[0].end, End::StillOpen);
    assert!(host.port("8006/udp".parse().unwrap()).is_empty());
    assert_eq!(host.never_closed().len(), 2);
    assert!(host.never_opened().is_empty());
}

#[test]
fn what_a_later_stretch_dropped_is_unknown_after_joining() {
    let open = |port| Opening {
        port: Some(HostPort::single(Protocol::Tcp, port)),
        holder: Holder::CrioSocket,
    };
    let certainty = Certainty::Confirmed;
    let opened =
        |port, at| Change::Opened { opening: open(port), request: None, by: line(at), certainty };
    let mut earlier = History::new(Limits::default());
    earlier.record(None, line(1), &[opened(80, 1)]);
    let mut later = History::new(Limits { max_history: 1, ..Limits::default() });
    later.record(None, line(2), &[Change::Closed { opening: open(80), by: line(2) }]);
    later.record(None, line(3), &[opened(443, 3)]);
    let host = host(&earlier.then(later));
    let http = &host.port("80/tcp".parse().unwrap())[0];
    assert!(matches!(http.intervals[0].end, End::BecameUnknown { why: UnknownReason::Limit, .. }));
    assert!(host.port("443/tcp".parse().unwrap())[0].is_open());
    assert_eq!(host.dropped(), 1);
}

#[test]
fn what_is_lost_and_named_as_open_by_the_same_event_stays_one_interval() {
    let opening = || Opening { port: Some("443/tcp".parse().unwrap()), holder: Holder::CrioSocket };
    let certainty = Certainty::Confirmed;
    let opened = || Change::Opened { opening: opening(), request: None, by: line(1), certainty };
    let scope = || hostport_audit::state::opening::Scope::CrioSockets;
    let lost = |at| Change::BecameUnknown { scope: scope(), why: UnknownReason::Gap, by: line(at) };
    let mut history = History::new(Limits::default());
    history.record(None, line(1), &[opened()]);
    history.record(None, line(2), &[lost(2), opened()]);
    history.record(None, line(3), &[Change::BecameKnown { scope: scope(), by: line(3) }, opened()]);
    let port = &host(&history).port("443/tcp".parse().unwrap())[0];
    assert_eq!(port.intervals.len(), 1, "{port}");
    assert!(port.is_open());

    history.record(None, line(4), &[lost(4)]);
    history.record(
        None,
        line(5),
        &[Change::Uncertain { opening: opening(), why: UnknownReason::Gap, by: line(5) }],
    );
    let port = &host(&history).port("443/tcp".parse().unwrap())[0];
    let unknown = End::BecameUnknown { why: UnknownReason::Gap, by: line(4) };
    assert_eq!(
        port.intervals.iter().map(|interval| interval.end).collect::<Vec<_>>(),
        [unknown],
        "a doubt of what is unknown adds nothing"
    );
}
