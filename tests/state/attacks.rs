//! Hostile and odd inputs, each with the answer that a careful auditor must be given. The cases,
//! and what an expectation may say, are described in `tests/corpus/attacks`.

use serde_json::Value;
use std::collections::BTreeSet;

use crate::answers;

fn cases() -> Vec<Value> {
    answers::cases("attacks/cases.jsonl")
}

fn check(id: &str) {
    let case =
        cases().into_iter().find(|case| case["id"] == id).unwrap_or_else(|| panic!("no case {id}"));
    assert_eq!(answers::problem(&case), None);
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
