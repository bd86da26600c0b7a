//! firewalld's part of the attack cases: odd and hostile lines, each with what must not be believed
//! of them.

use crate::common;

use common::corpus;
use hostport_audit::event::firewalld::{Event, Item, Kind, Layer};
use hostport_audit::record::Reading;
use hostport_audit::record::firewalld::Reader;
use hostport_audit::state::Effects;
use hostport_audit::state::evidence::{Certainty, Evidence};
use hostport_audit::state::firewalld::{Firewalld, Stated, Statement};
use hostport_audit::{HostPort, Limits, Protocol};
use serde_json::Value;

/// What a case led to.
struct Outcome {
    fold: Firewalld,
    records: u64,
    malformed: u64,
    anomalies: usize,
}

impl Outcome {
    /// True if the port is claimed to be open.
    fn open(&self, layer: Layer, port: u16) -> bool {
        self.fold
            .ports("public", layer)
            .is_ok_and(|mut ports| ports.any(|(known, _)| known == tcp(port)))
    }

    fn known_and_empty(&self, layer: Layer) -> bool {
        self.fold.ports("public", layer).is_ok_and(|ports| ports.count() == 0)
    }
}

fn tcp(port: u16) -> HostPort {
    HostPort::single(Protocol::Tcp, port)
}

/// Runs the case with this number: states what it states at the start, and folds its lines.
fn run(id: &str) -> Outcome {
    let cases = corpus::file("attacks/cases.jsonl").bytes;
    let case = cases
        .split(|&b| b == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_slice::<Value>(line).unwrap())
        .find(|case| case["id"] == id)
        .unwrap();
    let mut fold = Firewalld::new(Limits::default());
    let mut effects = Effects::default();
    let mut statement = Statement::new();
    for layer in Layer::ALL {
        let ports = &case["know"]["firewalld"]["zones"]["public"][layer.to_string()]["ports"];
        let items = ports.as_array().unwrap().iter().map(|port| {
            let (port, protocol) = port.as_str().unwrap().split_once('/').unwrap();
            Item::Port { port: port.to_owned().into(), protocol: protocol.to_owned().into() }
        });
        statement = statement.with_zone("public", layer, Stated::new().with(Kind::Ports, items));
    }
    fold.know(&statement, Evidence::default(), &mut effects);
    let mut outcome = Outcome { fold, records: 0, malformed: 0, anomalies: 0 };
    let mut reader = Reader::new(Limits::default());
    for line in case["input"].as_str().unwrap().lines() {
        match reader.read(line.as_bytes()) {
            Reading::Record(record) | Reading::Continuation(Some(record)) => {
                outcome.records += 1;
                if let Some(event) = Event::of(&record) {
                    outcome.fold.apply(&event, Evidence::default(), &mut effects);
                }
            }
            Reading::Malformed(_) => outcome.malformed += 1,
            Reading::Continuation(None) | Reading::Unrelated => {}
        }
    }
    reader.finish();
    outcome.malformed += u64::from(reader.take_unfinished().is_some());
    outcome.anomalies = effects.anomalies.len();
    outcome
}

#[test]
fn case_21_permanent_configuration_is_not_an_open_port() {
    let outcome = run("21");
    assert!(outcome.known_and_empty(Layer::Runtime) && !outcome.open(Layer::Permanent, 8080));
}

#[test]
fn case_22_a_runtime_request_is_not_a_fact() {
    let outcome = run("22");
    assert!(!outcome.open(Layer::Runtime, 8080) && outcome.known_and_empty(Layer::Permanent));
}

#[test]
fn case_23_a_signal_without_its_request_is_marked() {
    let outcome = run("23");
    let (_, support) = outcome.fold.ports("public", Layer::Runtime).unwrap().next().unwrap();
    assert_eq!((support.certainty, support.request), (Certainty::Reported, None));
    assert_eq!(outcome.anomalies, 1);
}

#[test]
fn case_24_a_removal_that_no_one_asked_for_leaves_nothing_certainly_open() {
    let outcome = run("24");
    assert!(!outcome.open(Layer::Runtime, 8080));
    assert_eq!(outcome.fold.openings().count(), 0);
}

#[test]
fn case_25_a_refused_request_changes_nothing() {
    let outcome = run("25");
    assert!(outcome.known_and_empty(Layer::Runtime) && outcome.known_and_empty(Layer::Permanent));
}

#[test]
fn case_26_two_calls_on_one_line_are_none() {
    let outcome = run("26");
    assert!(!outcome.open(Layer::Runtime, 1) && !outcome.open(Layer::Runtime, 22));
    assert_eq!((outcome.records, outcome.malformed), (0, 1));
}

#[test]
fn case_27_a_call_inside_an_argument_is_none() {
    assert!(!run("27").open(Layer::Runtime, 22));
}

#[test]
fn case_28_a_service_object_is_no_zone() {
    let outcome = run("28");
    assert!(outcome.known_and_empty(Layer::Runtime) && outcome.known_and_empty(Layer::Permanent));
}

#[test]
fn case_29_a_request_for_a_service_is_a_record_and_opens_nothing() {
    let outcome = run("29");
    assert!(outcome.known_and_empty(Layer::Runtime) && outcome.records == 1);
    assert!(
        outcome.fold.services("public", Layer::Runtime).is_err()
            && outcome.fold.openings().count() == 0
    );
}
