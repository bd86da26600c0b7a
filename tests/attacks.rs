//! Hostile and odd inputs, each with the answer that a careful auditor must be given. The cases,
//! and what an expectation may say, are described in `tests/corpus/attacks`.

use hostport_audit::{Auditor, Limits};
use serde_json::Value;
use std::collections::BTreeSet;

mod common;
#[path = "../examples/replay/state_line.rs"]
mod state_line;

fn cases() -> Vec<Value> {
    let file = common::corpus::file("attacks/cases.jsonl");
    let lines = std::str::from_utf8(&file.bytes).expect("text").lines();
    lines.map(|line| serde_json::from_str(line).expect("a case")).collect()
}

fn input(case: &Value) -> Vec<u8> {
    match &case["input"] {
        Value::String(text) => text.clone().into_bytes(),
        hex => {
            let digits = hex["hex"].as_str().expect("hex").as_bytes();
            digits
                .chunks(2)
                .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
                .collect()
        }
    }
}

/// An element of a list: ports one by one, everything else as it is.
fn elements(key: &str, list: &Value) -> BTreeSet<String> {
    let list = list.as_array().unwrap_or_else(|| panic!("{key}: {list} is no list"));
    let ports = matches!(key, "ports" | "source_ports");
    list.iter()
        .flat_map(|item| match (ports, item.as_str().and_then(|text| text.split_once('/'))) {
            (true, Some((range, protocol))) => {
                let (first, last) = range.split_once('-').unwrap_or((range, range));
                (first.parse::<u16>().unwrap()..=last.parse().unwrap())
                    .map(|port| format!("{port}/{protocol}"))
                    .collect()
            }
            _ => vec![item.to_string()],
        })
        .collect()
}

/// `None` if what was answered fits the expectation.
fn misfit(want: &Value, got: &Value, key: &str) -> Option<String> {
    let words = |value: &Value| {
        value
            .as_object()
            .map(|object| object.keys().cloned().collect::<BTreeSet<_>>())
            .unwrap_or_default()
    };
    let asks = words(want);
    let only = |allowed: &[&str]| {
        !asks.is_empty() && asks.iter().all(|word| allowed.contains(&word.as_str()))
    };
    let name = key.trim_end_matches('?');
    match want {
        Value::Object(how) if only(&["contains", "lacks", "exactly"]) => {
            how.iter().find_map(|(how, value)| {
                let value = elements(name, value);
                let have = (!got.is_null()).then(|| elements(name, got));
                let fits = match (how.as_str(), &have) {
                    ("lacks", have) => have.as_ref().is_none_or(|have| value.is_disjoint(have)),
                    (_, None) => false,
                    ("contains", Some(have)) => value.is_subset(have),
                    (_, Some(have)) => *have == value,
                };
                (!fits).then(|| format!("{key}: {how} {value:?}, got {got}"))
            })
        }
        Value::Object(bounds) if only(&["min", "max"]) => {
            let number = got.as_i64();
            let fits = number.is_some_and(|number| {
                bounds.get("min").is_none_or(|min| number >= min.as_i64().unwrap())
                    && bounds.get("max").is_none_or(|max| number <= max.as_i64().unwrap())
            });
            (!fits).then(|| format!("{key}: wanted {want}, got {got}"))
        }
        Value::Object(parts) => parts.iter().find_map(|(part, want)| {
            let claimed = part.ends_with('?');
            let name = part.trim_end_matches('?');
            let mut value = got.get(name).cloned().unwrap_or_default();
            if claimed && value.is_null() {
                let least =
                    if name == "open" { "at_least".to_owned() } else { format!("{name}_at_least") };
                value = got
                    .get(&least)
                    .cloned()
                    .filter(|value| !value.is_null())
                    .unwrap_or_else(|| Value::Array(Vec::new()));
            }
            misfit(want, &value, part)
        }),
        Value::Array(_) => misfit(&serde_json::json!({"exactly": want}), got, key),
        _ => (want != got).then(|| format!("{key}: wanted {want}, got {got}")),
    }
}

fn check(id: &str) {
    let case =
        cases().into_iter().find(|case| case["id"] == id).unwrap_or_else(|| panic!("no case {id}"));
    let expect = case["source"].as_str().expect("a source").parse().expect("a known source");
    let mut auditor = Auditor::with(expect, Limits::default());
    if let Some(facts) = case.get("know").filter(|facts| !facts.is_null()) {
        state_line::know(&mut auditor, facts).expect("facts");
    }
    auditor.feed(input(&case));
    let state = state_line::print(&auditor.settled());
    let wanted = match case.get("expect_any").and_then(Value::as_array) {
        Some(any) => any.clone(),
        None => vec![case["expect"].clone()],
    };
    let misfits: Vec<_> = wanted.iter().map(|want| misfit(want, &state, "")).collect();
    assert!(misfits.iter().any(Option::is_none), "{}: {misfits:?}", case["title"]);
    let odd = state["coverage"]["anomalies"].as_u64().unwrap()
        + state["coverage"]["malformed"].as_u64().unwrap();
    match case.get("anomaly").and_then(Value::as_bool) {
        Some(true) => assert!(odd > 0, "{}: passed over in silence", case["title"]),
        Some(false) => assert_eq!(odd, 0, "{}", case["title"]),
        None => {}
    }
}

macro_rules! cases {
    ($($name:ident $id:literal)*) => {
        $(#[test] fn $name() { check($id); })*

        #[test]
        fn every_case_has_a_test() {
            let named = BTreeSet::from([$($id),*]);
            let cases = cases();
            assert_eq!(cases.iter().map(|case| case["id"].as_str().unwrap()).collect::<BTreeSet<_>>(), named);
        }
    };
}

cases! {
    an_escaped_quote_does_not_end_msg "01"
    event_text_in_another_field "02"
    two_msg_keys "03"
    a_renamed_clash_field "04"
    text_behind_the_port "05"
    text_before_the_event "06"
    a_port_out_of_range "07"
    port_zero "08"
    a_plus_sign_in_front_of_the_port "09"
    full_width_digits "10"
    another_program_with_the_same_text "11"
    an_identifier_that_only_starts_with_crio "12"
    a_closing_that_the_published_filter_loses "13"
    a_cut_line "14"
    the_second_half_of_a_split_line "15"
    an_escaped_newline_makes_no_line "16"
    a_time_that_is_none "17"
    a_restart_between_opening_and_closing "18"
    no_open_socket_proves_nothing "19"
    the_same_text_for_two_addresses "20"
    the_permanent_layer_opens_nothing "21"
    the_runtime_form_is_a_request "22"
    the_signal_is_the_fact "23"
    a_timeout_closes_without_a_request "24"
    a_request_that_fails "25"
    two_calls_through_one_argument "26"
    a_call_inside_a_rich_rule "27"
    a_service_object_is_no_zone "28"
    a_service_opens_without_a_port_in_the_line "29"
    real_rule_lines_end_in_a_blank "30"
    a_rule_line_without_header "31"
    a_rule_line_quoted_in_an_error "32"
    an_addition_that_failed "33"
    a_jump_rule_without_port "34"
    a_chain_whose_name_is_longer "35"
    a_negated_match "36"
    a_range_of_ports "37"
    an_ipv6_address "38"
    added_twice_and_deleted_once "39"
    a_chain_is_rebuilt "40"
}
