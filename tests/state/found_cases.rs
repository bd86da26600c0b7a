//! Texts as people post and keep them: in other languages, quoted, indented, coloured, cut, in
//! another order. Rebuilt from public reports and shortened; `tests/corpus/found` holds them.

use crate::answers;

#[test]
fn every_case_is_answered_as_it_must_be() {
    let cases = answers::cases("found/cases.jsonl");
    assert_eq!(cases.len(), 14, "the cases of the corpus");
    let problems: Vec<String> = cases
        .iter()
        .filter_map(|case| Some(format!("{}: {}", case["id"], answers::problem(case)?)))
        .collect();
    assert!(problems.is_empty(), "{problems:#?}");
}
