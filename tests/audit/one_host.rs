//! One host by one word: its short name, its full name and lines without a name.

use hostport_audit::report::{PortState, Report};
use hostport_audit::{Auditor, InputId, Timeline};

const LINES: [&str; 3] = [
    "2023-06-28 10:46:37 DEBUG1: zone.PortAdded('public', '8080', 'tcp', 0)\n",
    "Jun 28 10:46:38 rhel92 crio[77216]: time=\"2023-06-28 10:46:38+08:00\" level=info \
     msg=\"Checking image status: x\"\n",
    "Jun 28 10:46:39 rhel92.example.com crio[77216]: time=\"2023-06-28 10:46:39+08:00\" level=info \
     msg=\"Ensuring kubelet hostport chains\"\n",
];

fn report(lines: &[&str], auditor: Auditor) -> Report {
    let mut auditor = auditor.keeping_history();
    auditor.feed(lines.concat());
    auditor.finish();
    auditor.report(&Timeline::new())
}

fn names(report: &Report) -> Vec<Option<String>> {
    report.hosts.iter().map(|host| host.host.as_ref().map(ToString::to_string)).collect()
}

#[test]
fn all_names_are_one_host_when_the_caller_says_so() {
    for order in [[0, 1, 2], [1, 0, 2], [2, 1, 0]] {
        let lines = order.map(|at| LINES[at]);
        let report = report(&lines, Auditor::new().one_host());
        let first = if order[0] == 2 { "rhel92.example.com" } else { "rhel92" };
        assert_eq!(names(&report), [Some(first.to_owned())]);
        let host = &report.hosts[0];
        let ports: Vec<_> = host.open.ports.iter().map(|open| open.port).collect();
        assert_eq!(ports, ["8080/tcp".parse().unwrap()]);
        assert_eq!(host.coverage.counts.lines(), 3);
        assert_eq!(host.history.as_ref().unwrap().ports.len(), 1);
        assert_eq!(report.may_be_one, []);
    }
    let named = report(&LINES, Auditor::new().of_host("node-1").one_host());
    assert_eq!(names(&named), [Some("node-1".to_owned())]);
    assert_eq!(names(&report(&LINES[..1], Auditor::new().one_host())), [None]);
}

#[test]
fn names_that_may_be_one_host_are_remarked() {
    let apart = report(&LINES, Auditor::new());
    assert_eq!(apart.hosts.len(), 3);
    let pair =
        |one: Option<&'static str>, other: &'static str| (one.map(Into::into), Some(other.into()));
    assert_eq!(apart.may_be_one, [pair(Some("rhel92"), "rhel92.example.com")]);
    assert!(apart.to_string().contains("rhel92 and rhel92.example.com may be one host"));
    let nameless = report(&LINES[..2], Auditor::new());
    assert_eq!(nameless.may_be_one, [pair(None, "rhel92")]);
    let other = LINES[1].replace("rhel92", "rhel92b");
    assert_eq!(report(&[LINES[1], &other], Auditor::new()).may_be_one, []);
}

#[test]
fn a_boot_among_two_names_of_one_host_is_exact() {
    let boot = "-- Boot 2d30a6508937515eb84cfdeac507588e --\n";
    let mut auditor = Auditor::new().one_host();
    auditor.feed([LINES[1], boot, LINES[2]].concat());
    auditor.finish();
    let (_, host) = auditor.ledger().hosts().next().unwrap();
    assert!(host.crio().unwrap().exposed().is_ok_and(|ports| ports.is_empty()));
}

/// Nothing says that lines without a name are of another machine than the one that was started
/// anew.
#[test]
fn a_boot_of_the_named_host_may_be_one_of_the_host_without_a_name() {
    let journal = "Jun 28 09:00:00 rhel92 kernel: x\n-- Boot 2d30a6508937515eb84cfdeac507588e --\n\
                   Jun 28 16:24:11 rhel92 crio[77216]: time=\"2023-06-28 16:24:11+08:00\" level=info msg=\"x\"\n";
    for inputs in [[journal, LINES[0]], [LINES[0], journal]] {
        let mut auditor = Auditor::new();
        for (number, input) in (1..).zip(inputs) {
            auditor.next_input(InputId::new(number));
            auditor.feed(input);
        }
        auditor.finish();
        let report = auditor.report(&Timeline::new());
        let nameless = report.host(None).unwrap();
        assert_eq!(nameless.state("8080/tcp".parse().unwrap()), PortState::Unknown);
    }
}
