//! What a report says of what it cannot tell: the strongest reason, in both layers, of hosts that
//! were heard of.

use crate::common;

use common::corpus;
use hostport_audit::event::Source;
use hostport_audit::event::firewalld::Layer;
use hostport_audit::report::{DefaultZone, Reason, Report, Verdict};
use hostport_audit::state::evidence::Evidence;
use hostport_audit::state::known::{Unknown, UnknownReason};
use hostport_audit::state::opening::Scope;
use hostport_audit::state::{Facts, crio, firewalld};
use hostport_audit::{Auditor, ByteSpan, HostPort, InputId, LineRef, Timeline};

fn report(log: impl AsRef<[u8]>) -> Report {
    let mut auditor = Auditor::new();
    auditor.feed(log);
    auditor.report(&Timeline::new())
}

fn found(name: &str) -> Report {
    report(corpus::file(&format!("found/logs/{name}")).bytes)
}

/// Why a scope is unknown on the only host.
fn why(report: &Report, scope: &Scope) -> Option<UnknownReason> {
    let [host] = report.hosts.as_slice() else { panic!("{} hosts", report.hosts.len()) };
    host.open.unknown.iter().find(|one| one.scope == *scope).map(|one| one.unknown.why)
}

#[test]
fn a_host_of_nothing_but_unrelated_lines_does_not_appear() {
    let report = found("F-phantom-host.log");
    let names: Vec<_> =
        report.hosts.iter().map(|host| host.host.as_ref().unwrap().to_string()).collect();
    assert_eq!(names, ["testmc"]);
    assert_eq!((report.counts.lines(), report.counts.unrelated), (2, 1), "the line is counted");
    assert!(
        report.to_string().ends_with("\n1 lines that belong to none of these hosts\n"),
        "{report}"
    );
}

#[test]
fn the_runtime_layer_is_among_what_is_not_known() {
    let report = found("F-runtime-missing-in-not-known.log");
    for layer in Layer::ALL {
        assert!(why(&report, &Scope::Zone { zone: "public".into(), layer }).is_some(), "{layer}");
    }
    let text = report.to_string();
    assert!(text.contains("  firewalld, both layers, zone public: everything"), "{text}");
}

#[test]
fn the_default_zone_is_shown_or_why_it_is_not_known() {
    let line = |text: &str| format!("2023-06-28 10:46:37 DEBUG1: {text}\n");
    let known = report(line("DefaultZoneChanged('home')"));
    assert_eq!(known.hosts[0].open.default_zone, Some(DefaultZone::Known { zone: "home".into() }));
    assert!(known.to_string().contains("default zone of firewalld: home\n"), "{known}");
    let unknown = report(line("zone.PortAdded('home', '1', 'tcp', 0)"));
    let words = "default zone of firewalld: unknown: the log begins in mid-life\n";
    assert!(unknown.to_string().contains(words), "{unknown}");
    let crio = "time=\"2023-06-25 16:24:11.3+08:00\" level=info msg=\"Starting CRI-O, version: 1.29.9, git: x\"\n";
    assert!(!report(crio).to_string().contains("default zone"));
}

#[test]
fn the_strongest_reason_is_told() {
    let line = |text: &str| format!("2023-06-28 10:46:37 {text}\n");
    let started = report(line("DEBUG1: start()"));
    for layer in Layer::ALL {
        assert_eq!(why(&started, &Scope::FirewalldLayer { layer }), Some(UnknownReason::Restart));
    }
    let quiet = report(line("WARNING: ALREADY_ENABLED: 8080:tcp").repeat(3));
    let Verdict::CannotSpeak { .. } = quiet.hosts[0].sources[&Source::Firewalld].verdict else {
        panic!("{quiet}")
    };
    assert_ne!(why(&quiet, &Scope::Firewalld), Some(UnknownReason::BeforeLog), "{quiet}");
}

#[test]
fn each_program_has_a_reason_of_its_own_for_saying_nothing_of_ports() {
    let crio = report(
        "time=\"2023-06-25 16:24:11.3+08:00\" level=info msg=\"Pulling image: a\" id=1 name=/runtime.v1.ImageService/PullImage\n",
    );
    let firewalld = report("2023-06-28 10:46:37 WARNING: COMMAND_FAILED: x\n");
    let ovnkube =
        report("I0625 09:07:00.992980 2118395 ovn.go:27] Adding rule in table: nat, chain: \n");
    for (report, source, reason) in [
        (crio, Source::Crio, Reason::NoHostPortLines),
        (firewalld, Source::Firewalld, Reason::NoPortLines),
        (ovnkube, Source::Ovnkube, Reason::NoRuleLines),
    ] {
        let Some(host) = report.hosts.first() else { continue };
        if let Verdict::CannotSpeak { reasons } = &host.sources[&source].verdict {
            assert!(reasons.contains(&reason), "{report}");
            let debug = report.to_string().contains("debug");
            assert_eq!(debug, source == Source::Firewalld, "debug is firewalld's word: {report}");
        }
    }
}

#[test]
fn of_two_reasons_the_stronger_is_told_in_any_order() {
    let at =
        |line| Evidence::new(LineRef::new(InputId::default(), line, ByteSpan::default()), None);
    let all = [
        UnknownReason::BeforeLog,
        UnknownReason::OpaqueWrite,
        UnknownReason::DiskChange,
        UnknownReason::Crash,
        UnknownReason::Restart,
        UnknownReason::Gap,
        UnknownReason::CutMessage,
        UnknownReason::NeverPrinted,
        UnknownReason::Ambiguous,
        UnknownReason::Unresolved,
        UnknownReason::Underway,
        UnknownReason::DoubtfulSignal,
        UnknownReason::NotRunning,
        UnknownReason::Limit,
    ];
    let reasons: Vec<Unknown> = all
        .into_iter()
        .flat_map(|why| {
            [Unknown { why, since: None }, Unknown::since(why, at(1)), Unknown::since(why, at(2))]
        })
        .collect();
    for a in &reasons {
        for b in &reasons {
            let told = a.stronger(*b);
            assert_eq!(told, b.stronger(*a), "{a} and {b}");
            assert!(told == *a || told == *b);
            assert_eq!(told.why.strength(), a.why.strength().max(b.why.strength()), "{a} and {b}");
            for c in &reasons {
                assert_eq!(told.stronger(*c), a.stronger(b.stronger(*c)), "{a}, {b} and {c}");
            }
        }
    }
}

#[test]
fn what_was_stated_is_said_of_no_line() {
    let line = "2023-06-28 10:46:37 DEBUG1: DefaultZoneChanged('public')\n";
    let ports = [hostport_audit::event::firewalld::Item::Port {
        port: "8080".into(),
        protocol: "tcp".into(),
    }];
    let zone = firewalld::Stated::new().with(hostport_audit::event::firewalld::Kind::Ports, ports);
    let statement = firewalld::Statement::new().with_zone("public", Layer::Runtime, zone);
    let sockets: HostPort = "443/tcp".parse().unwrap();
    let facts = Facts {
        firewalld: Some(statement),
        crio: Some(crio::Statement { sockets: Some([sockets].into()), ..Default::default() }),
        ..Facts::default()
    };
    for (before, place) in [(false, "behind line 1"), (true, "before the first line")] {
        let mut auditor = Auditor::new().keeping_history();
        if before {
            auditor.know(None, &facts);
        }
        auditor.feed(line);
        if !before {
            auditor.know(None, &facts);
        }
        let report = auditor.report(&Timeline::new());
        let stated: Vec<_> = report.open_ports().flat_map(|(_, port)| &port.facts).collect();
        assert_eq!(stated.len(), 2);
        for fact in stated {
            assert!(fact.support.since.stated, "{fact}");
            assert!(fact.to_string().ends_with(&format!(", stated {place}")), "{fact}");
        }
        for row in report.rows() {
            assert_eq!(
                (row.input.as_str(), row.line.as_str(), row.certainty.as_str()),
                ("", "", "stated")
            );
        }
        let text = report.to_string();
        assert!(text.contains(place) && !text.contains("line 0"), "{text}");
        let why = report.hosts[0].why("8080/tcp".parse().unwrap()).to_string();
        assert!(why.contains(&format!("stated by the caller, {place}")), "{why}");
    }
}

#[test]
fn without_iptables_the_rules_of_a_family_are_never_printed() {
    let line =
        |said: &str| format!("time=\"2026-03-01T10:00:00+01:00\" level=info msg=\"{said}\"\n");
    let start = line("Starting CRI-O, version: 1.34.1, git: unknown(clean)");
    let report = report(start + &line("No iptables support for IPv6: exit status 3"));
    let of = |family| why(&report, &Scope::CrioRules { family });
    assert_eq!(of(hostport_audit::Family::Ipv6), Some(UnknownReason::NeverPrinted), "{report}");
    assert_eq!(of(hostport_audit::Family::Ipv4), Some(UnknownReason::NeverPrinted), "{report}");
    let Verdict::CannotSpeak { reasons } = &report.hosts[0].sources[&Source::Crio].verdict else {
        panic!("{report}")
    };
    assert!(reasons.contains(&Reason::NoRulesOnNftables), "{report}");
}

#[test]
fn a_number_that_breaks_off_names_the_digit() {
    let report = report(
        "time=\"2023-06-25 16:24:11.3+08:00\" level=info msg=\"Opened local port tcp:4x3\"\n",
    );
    let broken = &report.hosts[0].coverage.malformed_samples[0].reason;
    assert!(broken.ends_with("expected a digit or the end, found 'x'"), "{broken}");
}

#[test]
fn a_row_names_the_host_what_holds_the_port_and_its_line() {
    let mut auditor = Auditor::new().of_host("n1");
    auditor.feed(corpus::file("crio/scenarios/plain.log").bytes);
    auditor.next_input(InputId::new(3));
    auditor.feed("2023-06-28 10:46:37 DEBUG1: DefaultZoneChanged('dmz')\n");
    auditor.feed("2023-06-28 10:46:37 DEBUG1: zone.PortAdded('dmz', '8080', 'tcp', 0)\n");
    let report = auditor.report(&Timeline::new());
    let rows: Vec<_> = report.rows().collect();
    let row = rows.iter().find(|row| row.port == "8080").unwrap();
    assert_eq!(
        (row.host.as_str(), row.zone.as_str(), row.held_by.as_str()),
        ("n1", "dmz", "zone dmz")
    );
    assert_eq!((row.input.as_str(), row.line.as_str(), row.state.as_str()), ("3", "2", "allowed"));
    for row in &rows {
        assert_eq!(row.cells().len(), hostport_audit::report::Row::COLUMNS.len());
    }
    let names = hostport_audit::report::Row::COLUMNS;
    assert!(names.contains(&"namespace") && !names.contains(&"closed_at"));
}
