//! Lives of real daemons that were led astray: back ends that fail, disks that are full, files that
//! somebody edits, settings that are not valid (firewalld 0.6 to 2.5). Cut down to the lines that
//! matter; `tests/corpus/found` holds them.

use hostport_audit::report::{End, History, PortHistory, Report};
use hostport_audit::state::known::UnknownReason;
use hostport_audit::state::opening::Holder;
use hostport_audit::{Auditor, Timeline};

use crate::answers;
use crate::common;

/// F8 is of firewalld up to 0.7, of which this crate promises nothing. What is wanted there does not
/// follow from its lines either: the reload in front of the copy makes the runtime layer equal to
/// the permanent one, so the copy changes nothing.
const OUTSIDE_THE_PROMISE: [&str; 1] = ["F8"];

#[test]
fn every_case_is_answered_as_it_must_be() {
    let cases = answers::cases("found/firewalld.jsonl");
    assert_eq!(cases.len(), 19);
    let problems: Vec<String> = cases
        .iter()
        .filter(|case| !OUTSIDE_THE_PROMISE.contains(&case["id"].as_str().unwrap()))
        .filter_map(|case| Some(format!("{}: {}", case["id"], answers::problem(case)?)))
        .collect();
    assert!(problems.is_empty(), "{problems:#?}");
}

fn read(name: &str) -> Auditor {
    let mut auditor = Auditor::new().keeping_history();
    auditor.feed(common::corpus::file(&format!("found/logs/{name}.log")).bytes);
    auditor.finish();
    auditor
}

fn report(name: &str) -> Report {
    read(name).report(&Timeline::new())
}

fn history(name: &str) -> Vec<PortHistory> {
    let auditor = read(name);
    let history: &History = auditor.history().unwrap();
    history.hosts().flat_map(|(_, host)| host.all()).collect()
}

/// What each holder could open or holds, in the words of the reports.
fn can_open(name: &str) -> String {
    report(name).to_string()
}

#[test]
fn a_doubtful_signal_is_no_closing_in_the_history() {
    let history = history("history-doubtful-timer");
    let ends: Vec<_> = history.iter().flat_map(|one| &one.intervals).map(|one| one.end).collect();
    assert!(ends.iter().all(|end| match end {
        End::Closed { by } => by.at.line() != 5,
        _ => true,
    }));
    let unknown = |end: &End| {
        matches!(
            end,
            End::BecameUnknown { why: UnknownReason::DoubtfulSignal, by } if by.at.line() == 5
        )
    };
    assert!(ends.iter().any(unknown), "{ends:?}");
}

#[test]
fn an_interface_is_not_taken_from_zones_that_it_was_never_in() {
    for one in history("F-interface-history") {
        let Holder::FirewallFact { zone: Some(zone), .. } = &one.holder else { panic!("{one:?}") };
        assert_eq!(zone, "home", "{one:?}");
    }
}

#[test]
fn an_error_inside_a_call_that_succeeds_does_not_end_it() {
    let auditor = read("F-prefunc");
    let (_, host) = auditor.ledger().hosts().next().unwrap();
    let (_, support) = host.openings().next().unwrap();
    assert_eq!(support.request.unwrap().at.line(), 1);
    assert_eq!(support.certainty.as_str(), "confirmed");
}

#[test]
fn a_passthrough_can_open_ports_unless_it_fails() {
    assert!(can_open("F-passthrough").contains("direct passthrough 'ipv4', '-t','nat','-A'"));
    assert_eq!(
        read("F-passthrough-failed").ledger().hosts().next().unwrap().1.openings().count(),
        0
    );
}

#[test]
fn an_opening_by_a_name_that_cannot_be_resolved_is_shown() {
    assert!(can_open("F-named-port").contains("opens `myapp`/tcp, number not known"));
}

fn reasons(name: &str) -> Vec<(String, UnknownReason, Option<u64>)> {
    let auditor = read(name);
    let (_, host) = auditor.ledger().hosts().next().unwrap();
    host.unknowns()
        .map(|(scope, why)| (format!("{scope:?}"), why.why, why.since.map(|by| by.at.line())))
        .collect()
}

#[test]
fn the_strongest_reason_for_unknown_is_given() {
    let reasons = reasons("F-reload-died-reason");
    assert!(!reasons.is_empty());
    for (scope, why, since) in reasons {
        assert_eq!((why, since), (UnknownReason::Crash, Some(3)), "{scope}");
    }
}

#[test]
fn both_layers_of_a_zone_that_a_load_lists_are_unknown() {
    let reasons = reasons("F-runtime-missing-in-not-known");
    for layer in ["Runtime", "Permanent"] {
        assert!(reasons.iter().any(|(scope, ..)| scope.contains(layer)), "{layer}: {reasons:?}");
    }
}

#[test]
fn an_edit_that_the_daemon_noticed_stands_in_the_report() {
    let cases = answers::cases("found/firewalld.jsonl");
    let case = cases.iter().find(|case| case["id"] == "F4b").unwrap();
    let mut auditor = Auditor::new();
    auditor.feed(case["input"].as_str().unwrap());
    let report = auditor.report(&Timeline::new()).to_string();
    assert!(report.contains("1 configuration files edited by somebody else"), "{report}");
}
