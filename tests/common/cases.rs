//! Cases: an input, what is stated before it, and what must be answered after it. What an
//! expectation may say is described in `tests/corpus/attacks`.

#![allow(
    unreachable_pub,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    clippy::expect_used
)]

use crate::common::corpus;
use crate::state_line;
use hostport_audit::{Auditor, Limits};
use serde_json::Value;
use std::collections::BTreeSet;

/// The cases of a file of the corpus, one a line.
pub fn cases(file: &str) -> Vec<Value> {
    let file = corpus::file(file);
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

/// How a case is answered: `None` if as it must be.
pub fn problem(case: &Value) -> Option<String> {
    let expect = case["source"].as_str().expect("a source").parse().expect("a known source");
    let mut auditor = Auditor::with(expect, Limits::default());
    if let Some(facts) = case.get("know").filter(|facts| !facts.is_null()) {
        state_line::know(&mut auditor, facts).expect("facts");
    }
    auditor.feed(input(case));
    let state = state_line::print(&auditor.settled());
    let wanted = match case.get("expect_any").and_then(Value::as_array) {
        Some(any) => any.clone(),
        None => vec![case["expect"].clone()],
    };
    let misfits: Vec<_> = wanted.iter().map(|want| misfit(want, &state, "")).collect();
    if misfits.iter().all(Option::is_some) {
        return Some(format!("{}: {misfits:?}", case["title"]));
    }
    let odd = state["coverage"]["anomalies"].as_u64().unwrap()
        + state["coverage"]["malformed"].as_u64().unwrap();
    match case.get("anomaly").and_then(Value::as_bool) {
        Some(true) if odd == 0 => Some(format!("{}: passed over in silence", case["title"])),
        Some(false) if odd > 0 => Some(format!("{}: {odd} anomalies", case["title"])),
        _ => None,
    }
}
