//! The truth beside ovnkube's logs, and the answers of the state in the same shape.

#![allow(clippy::print_stdout, clippy::std_instead_of_alloc, clippy::unwrap_used, clippy::panic)]

use super::corpus;
use hostport_audit::Protocol;
use hostport_audit::event::ovnkube::Kind;
use hostport_audit::state::ovnkube::{OpenPort, Ovnkube, StatedPort};
use serde_json::Value;
use std::collections::BTreeSet;

/// What was open after so many lines.
pub struct Step {
    pub lines: usize,
    pub open: BTreeSet<StatedPort>,
    pub rules_v4: Vec<String>,
    pub rules_v6: Vec<String>,
    pub label: String,
}

fn texts(value: &Value) -> Vec<String> {
    value
        .as_array()
        .map(|list| list.iter().map(|text| text.as_str().unwrap().to_owned()).collect())
        .unwrap_or_default()
}

/// The steps of a log, without those in which a dead process' rules still stand.
pub fn steps(log: &str) -> Vec<Step> {
    let stem = log.strip_suffix(".log").unwrap();
    let own = format!("{stem}.truth.jsonl");
    let of_family =
        format!("{}.truth.jsonl", stem.rsplit_once('.').map_or(stem, |(family, _)| family));
    let name = if corpus::root().join(&own).exists() { own } else { of_family };
    let text = String::from_utf8(corpus::file(&name).bytes).unwrap();
    let records = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let steps = records.filter(|record| record["op"] != "before_start").map(|record| Step {
        lines: usize::try_from(record["log_lines"].as_u64().unwrap()).unwrap(),
        open: record["open"].as_array().unwrap().iter().map(stated).collect(),
        rules_v4: texts(&record["iptables_v4"]),
        rules_v6: texts(&record["iptables_v6"]),
        label: format!("{log} step {} {} {}", record["step"], record["op"], record["service"]),
    });
    steps.collect()
}

fn stated(value: &Value) -> StatedPort {
    let text = |key: &str| value[key].as_str().unwrap();
    StatedPort {
        family: if text("family") == "v6" {
            hostport_audit::Family::Ipv6
        } else {
            hostport_audit::Family::Ipv4
        },
        protocol: text("proto").parse::<Protocol>().unwrap(),
        kind: if text("kind") == "nodeport" { Kind::NodePort } else { Kind::ExternalIp },
        address: (text("addr") != "LOCAL").then(|| text("addr").parse().unwrap()),
        port: u16::try_from(value["port"].as_u64().unwrap()).unwrap(),
    }
}

/// Ports as the truth names them; a range counts as each of its ports.
pub fn named(open: &[OpenPort]) -> BTreeSet<StatedPort> {
    let ports = open.iter().flat_map(|open| {
        let (key, range) = (open.port, open.port.port.range());
        (range.first()..=range.last()).map(move |port| StatedPort {
            family: key.family,
            protocol: key.port.protocol(),
            kind: key.kind,
            address: key.address,
            port,
        })
    });
    ports.collect()
}

/// How often the state was right, wrong and unknown.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Score {
    pub right: usize,
    pub wrong: usize,
    pub unknown: usize,
}

impl Score {
    /// Compares an answer with the truth; a wrong one is printed.
    pub fn judge(&mut self, state: &Ovnkube, truth: &BTreeSet<StatedPort>, label: &str) -> bool {
        match state.open() {
            Ok(open) if named(&open) == *truth => self.right += 1,
            Ok(open) => {
                self.wrong += 1;
                println!("{label}: expected {truth:?} got {:?}", named(&open));
            }
            Err(_) if !named(&state.at_least()).is_subset(truth) => {
                self.wrong += 1;
                println!("{label}: at least {:?} is not in {truth:?}", named(&state.at_least()));
            }
            Err(unknown) => {
                self.unknown += 1;
                println!("{label}: {unknown}");
                return false;
            }
        }
        true
    }
}
