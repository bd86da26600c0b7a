//! Reports of real logs: the history and the state tell the same at every moment, lines are all
//! counted, and JSON brings a report back.

use crate::common;

use common::corpus;
use hostport_audit::report::{Moment, Report};
use hostport_audit::state::Host;
use hostport_audit::state::evidence::Certainty;
use hostport_audit::state::opening::{Holder, Opening};
use hostport_audit::{Auditor, InputId, LineRef, Lines, Text, Timeline};
use std::borrow::Cow;
use std::collections::BTreeSet;

/// What holds a port open, the port, the line since which it does, and how sure that is.
type Open = BTreeSet<(Holder, Option<(hostport_audit::Protocol, u16)>, LineRef, Certainty)>;

fn singles(opening: &Opening, since: LineRef, certainty: Certainty) -> Open {
    let Some(port) = opening.port else {
        return BTreeSet::from([(opening.holder.clone(), None, since, certainty)]);
    };
    let numbers = port.range().first()..=port.range().last();
    numbers
        .map(|number| (opening.holder.clone(), Some((port.protocol(), number)), since, certainty))
        .collect()
}

fn state(host: &Host) -> Open {
    host.openings().flat_map(|(opening, by)| singles(&opening, by.since.at, by.certainty)).collect()
}

/// The ends of some lines of a log, the last among them.
fn cuts(log: &[u8], count: usize) -> Vec<(u64, usize)> {
    let ends: Vec<usize> =
        log.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at + 1).collect();
    let step = (ends.len() / count).max(1);
    let chosen =
        ends.iter().enumerate().filter(|(nth, _)| (nth + 1) % step == 0 || nth + 1 == ends.len());
    chosen.map(|(nth, end)| (nth as u64 + 1, *end)).collect()
}

#[test]
fn at_every_moment_the_history_leaves_open_what_the_state_holds_open() {
    let mut compared = 0;
    for file in corpus::logs() {
        let mut whole = Auditor::new().keeping_history();
        whole.feed(&file.bytes);
        whole.finish();
        let history = whole.history().unwrap();
        let mut step = Auditor::new();
        let mut fed = 0;
        for (line, end) in cuts(&file.bytes, if file.bytes.len() > 200_000 { 1 } else { 3 }) {
            step.feed(&file.bytes[fed..end]);
            fed = end;
            let here = step.settled();
            if matches!(here, Cow::Owned(_)) && end < file.bytes.len() {
                continue; // In the middle of a record, which the history files under its first line.
            }
            compared += 1;
            for (name, host) in here.ledger().hosts() {
                let then = history.host(name).map(|host| {
                    host.at(Moment::Line { input: InputId::default(), line }, &Timeline::new())
                });
                let then: Open = then
                    .map(|then| {
                        then.open
                            .iter()
                            .flat_map(|open| {
                                singles(
                                    &open.opening,
                                    open.beginning.by().unwrap().at,
                                    open.certainty.unwrap(),
                                )
                            })
                            .collect()
                    })
                    .unwrap_or_default();
                let now = state(host);
                let (gone, extra): (Vec<_>, Vec<_>) =
                    (now.difference(&then).collect(), then.difference(&now).collect());
                assert!(
                    gone.is_empty() && extra.is_empty(),
                    "{} line {line}: open in the state only: {gone:?}; in the history only: {extra:?}",
                    file.name
                );
            }
        }
    }
    assert!(compared > 200, "only {compared} moments compared");
}

#[cfg(feature = "serde")]
#[test]
fn every_line_is_counted_once_and_a_report_comes_back_from_json() {
    for file in corpus::logs() {
        let mut auditor = Auditor::new().keeping_history();
        auditor.feed(&file.bytes);
        auditor.finish();
        let counts = auditor.coverage().counts();
        assert_eq!(
            counts.lines(),
            Lines::new(&file.bytes).count() as u64,
            "{}: every line is counted once",
            file.name
        );
        let report = auditor.report(&Timeline::new());
        let json = serde_json::to_string(&report).unwrap();
        let back: Report =
            serde_json::from_str(&json).unwrap_or_else(|error| panic!("{}: {error}", file.name));
        assert!(back == report && back.digest() == report.digest(), "{}", file.name);
        assert_eq!(serde_json::to_string(&back).unwrap(), json, "{}", file.name);
        let text = report.to_string();
        assert!(
            text.chars().all(|c| c == '\n' || !c.is_control()),
            "{}: nothing moves the cursor",
            file.name
        );
        for (name, host) in auditor.ledger().hosts() {
            let heard =
                host.firewalld().is_some() || host.crio().is_some() || host.ovnkube().is_some();
            assert!(!heard || report.host(name.and_then(Text::to_str)).is_some(), "{}", file.name);
        }
    }
}
