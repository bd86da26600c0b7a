//! The sample of the main example: real lines, and an answer of each kind from each program.

use hostport_audit::event::firewalld::Layer;
use hostport_audit::state::opening::{Holder, Opening, Scope};
use hostport_audit::{Auditor, Text};

use crate::common;
use common::corpus;

const SAMPLE: &[u8] = include_bytes!("../../examples/sample/sample.log");

fn lines(bytes: &[u8]) -> Vec<&[u8]> {
    bytes.strip_suffix(b"\n").unwrap_or(bytes).split(|&b| b == b'\n').collect()
}

#[test]
fn each_line_stands_in_a_log_of_the_corpus_in_this_order() {
    let sample = lines(SAMPLE);
    assert!(sample.len() < 160, "{} lines", sample.len());
    assert_eq!(sample[..17], lines(include_bytes!("../data/documentation.log")));
    for (part, file) in [
        (17..92, "firewalld/v1.3.3/debug-level-1.log"),
        (92..95, "firewalld/v1.3.3/random.log"),
        (95..117, "crio/scenarios/restart.log"),
        (117..156, "ovnk/seed_era/loadbalancer.log"),
    ] {
        let file = corpus::file(file);
        let mut rest = lines(&file.bytes).into_iter();
        for line in &sample[part] {
            assert!(rest.any(|other| other == *line), "{}: {}", file.name, line.escape_ascii());
        }
    }
}

/// The openings of a host as `PORT holder`, sorted.
fn open(auditor: &Auditor, host: Option<&str>) -> Vec<String> {
    let (_, host) = auditor
        .ledger()
        .hosts()
        .find(|(name, _)| name.map(Text::to_string).as_deref() == host)
        .expect("the host");
    let mut open: Vec<String> = host
        .openings()
        .map(|(Opening { port, holder }, _)| {
            let port = port.map_or_else(String::new, |port| port.to_string());
            let holder = match holder {
                Holder::ZonePort { zone, layer } => format!("{zone} {layer}"),
                Holder::CrioSocket => "socket".to_owned(),
                Holder::CrioRule { .. } => "rule".to_owned(),
                Holder::NodePort { .. } => "node port".to_owned(),
                Holder::ExternalIp { address, .. } => address.to_string(),
                other => format!("{other:?}"),
            };
            format!("{port} {holder}")
        })
        .collect();
    open.sort();
    open
}

#[test]
fn each_program_shows_something_open() {
    let mut auditor = Auditor::new();
    auditor.feed(SAMPLE);
    assert_eq!(
        open(&auditor, None),
        ["30881/tcp node port", "8081/tcp 172.16.47.129", "8081/tcp public runtime"]
    );
    assert_eq!(open(&auditor, Some("rhel92")), ["80/tcp rule", "80/tcp socket"]);
    let counts = auditor.coverage().counts();
    assert_eq!((counts.lines(), counts.malformed), (156, 0));
}

#[test]
fn each_program_shows_something_closed() {
    let sample = lines(SAMPLE);
    let at = |line: usize, host: Option<&str>| {
        let mut auditor = Auditor::new();
        auditor.feed([sample[..line].join(&b'\n'), b"\n".to_vec()].concat());
        open(&auditor, host)
    };
    for (port, opened, closed, host) in [
        ("8080/tcp public permanent", 5, 11, None),
        ("32718/tcp node port", 14, 15, None),
        ("8081/tcp 172.16.47.129", 16, 17, None),
        ("8080/tcp public runtime", 48, 64, None),
        ("443/tcp rule", 103, 113, Some("rhel92")),
        ("53/udp rule", 103, 113, Some("rhel92")),
    ] {
        let has = |line| at(line, host).iter().any(|open| open == port);
        assert_eq!((has(opened), has(closed)), (true, false), "{port}");
    }
}

#[test]
fn what_the_sample_cannot_tell_is_unknown() {
    let mut auditor = Auditor::new();
    auditor.feed(SAMPLE);
    let unknown = |host: Option<&str>| -> Vec<Scope> {
        let (_, host) = auditor
            .ledger()
            .hosts()
            .find(|(name, _)| name.map(Text::to_string).as_deref() == host)
            .unwrap();
        host.unknowns().map(|(scope, _)| scope).collect()
    };
    let node = unknown(None);
    assert!(!node.contains(&Scope::Ovnkube), "its start from nothing was seen");
    let of_public = |layer: Layer| {
        node.iter().any(|scope| {
            format!("{scope:?}").contains("public")
                && format!("{scope:?}").contains(&format!("{layer:?}"))
        })
    };
    assert!(of_public(Layer::Permanent) && of_public(Layer::Runtime), "{node:?}");
    assert!(unknown(Some("rhel92")).iter().any(|scope| matches!(scope, Scope::CrioRules { .. })));
}

#[test]
fn a_port_of_the_permanent_layer_is_open_at_runtime_since_the_reload() {
    let mut auditor = Auditor::new();
    auditor.feed(SAMPLE);
    let (_, host) = auditor.ledger().hosts().next().expect("a host");
    let lines: Vec<_> = host
        .openings()
        .filter(|(opening, _)| {
            matches!(opening.holder, Holder::ZonePort { layer: Layer::Runtime, .. })
        })
        .map(|(_, support)| (support.request.map(|line| line.at.line()), support.since.at.line()))
        .collect();
    assert_eq!(
        lines,
        [(Some(56), 92)],
        "written to the zone's file at line 56, let through since line 92"
    );
}
