//! Texts as people post and keep them: in other languages, quoted, indented, coloured, cut, in
//! another order. Rebuilt from public reports and shortened; `tests/corpus/found` holds them.

#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeSet;

#[path = "common/cases.rs"]
mod answers;
mod common;
#[path = "../examples/replay/state_line.rs"]
mod state_line;

/// The cases that are answered as they must be.
const ANSWERED: [&str; 12] =
    ["r01", "r02", "r03", "r05", "r06", "r07", "r08", "r10", "r13", "r18", "r20", "r21"];

#[test]
fn every_case_is_answered_as_it_must_be() {
    let cases = answers::cases("found/cases.jsonl");
    let ids: BTreeSet<&str> = cases.iter().map(|case| case["id"].as_str().unwrap()).collect();
    assert!(ANSWERED.iter().all(|id| ids.contains(id)));
    let problems: Vec<String> = cases
        .iter()
        .filter(|case| ANSWERED.contains(&case["id"].as_str().unwrap()))
        .filter_map(|case| Some(format!("{}: {}", case["id"], answers::problem(case)?)))
        .collect();
    assert!(problems.is_empty(), "{problems:#?}");
}
