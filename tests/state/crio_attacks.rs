//! The hostile and odd inputs of the corpus that are about CRI-O, each as a test of its own.

use crate::common;

use common::corpus;
use hostport_audit::event::Source;
use hostport_audit::state::crio::Crio;
use hostport_audit::{Auditor, Expect, HostPort, Limits};
use serde_json::Value;
use std::collections::BTreeSet;

fn case(id: &str) -> Value {
    let file = corpus::file("attacks/cases.jsonl");
    let text = String::from_utf8(file.bytes).unwrap();
    let mut cases = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    cases.find(|case| case["id"] == id).unwrap_or_else(|| panic!("no case {id}"))
}

fn ports(list: &Value) -> BTreeSet<HostPort> {
    list.as_array().unwrap().iter().map(|port| port.as_str().unwrap().parse().unwrap()).collect()
}

/// Whether an answer is as expected: `None` is unknown.
fn fits(answer: Option<&BTreeSet<HostPort>>, expected: &Value) -> bool {
    if expected.is_null() {
        return answer.is_none();
    }
    if expected.is_array() {
        return answer == Some(&ports(expected));
    }
    expected.as_object().unwrap().iter().all(|(word, list)| match (word.as_str(), answer) {
        ("exactly", Some(answer)) => *answer == ports(list),
        ("contains", Some(answer)) => ports(list).is_subset(answer),
        ("lacks", Some(answer)) => ports(list).is_disjoint(answer),
        ("lacks", None) => true,
        (_, None) => false,
        (other, _) => panic!("{other}"),
    })
}

fn check(id: &str) {
    let case = case(id);
    assert_eq!(case["source"], "crio");
    let mut auditor = Auditor::with(Expect::Only(Source::Crio), Limits::default());
    auditor.feed(case["input"].as_str().unwrap());
    auditor.finish();
    let none = Crio::new(Limits::default());
    let crio = auditor.ledger().hosts().next().and_then(|(_, host)| host.crio()).unwrap_or(&none);
    let expected: Vec<&Value> = match case.get("expect_any") {
        Some(any) => any.as_array().unwrap().iter().collect(),
        None => vec![&case["expect"]],
    };
    let fit = expected.iter().any(|expected| {
        expected["crio"].as_object().unwrap().iter().all(|(key, expected)| {
            let (sure, least) = match key.trim_end_matches('?') {
                "sockets" => (crio.sockets(), crio.sockets_at_least()),
                "exposed" => (crio.exposed(), crio.exposed_at_least()),
                other => panic!("{other}"),
            };
            match (sure, key.ends_with('?')) {
                (Ok(sure), _) => fits(Some(&sure), expected),
                (Err(_), true) => fits(Some(&least), expected),
                (Err(_), false) => fits(None, expected),
            }
        })
    });
    assert!(fit, "{}: {crio:#?}", case["title"]);
    let counts = auditor.coverage().counts();
    if case["anomaly"] == true {
        assert!(counts.malformed + counts.anomalies > 0, "{}: no anomaly", case["title"]);
    }
}

macro_rules! cases {
    ($($name:ident: $id:literal;)*) => {
        $(#[test] fn $name() { check($id); })*

        #[test]
        fn every_case_about_crio_has_its_test() {
            let file = corpus::file("attacks/cases.jsonl");
            let text = String::from_utf8(file.bytes).unwrap();
            let cases = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
            let ids: Vec<_> = cases.filter(|c| c["source"] == "crio").map(|c| c["id"].as_str().unwrap().to_owned()).collect();
            assert_eq!(ids, [$($id),*]);
        }
    };
}

cases! {
    an_escaped_quote_breaks_out_of_nothing: "01";
    event_text_in_another_field: "02";
    a_second_msg_key: "03";
    a_renamed_clashing_field: "04";
    text_behind_the_port: "05";
    text_in_front_of_the_event: "06";
    a_port_out_of_range: "07";
    port_zero: "08";
    a_plus_sign: "09";
    full_width_digits: "10";
    another_program_with_the_same_text: "11";
    an_identifier_that_only_begins_so: "12";
    the_closing_line_that_the_published_grep_loses: "13";
    a_cut_line: "14";
    the_second_half_of_a_line_that_the_journal_split: "15";
    an_escaped_line_break_is_no_line: "16";
    a_time_that_is_no_date: "17";
    a_restart_between_opening_and_closing: "18";
    the_message_that_proves_nothing: "19";
    the_same_text_for_two_families: "20";
}
