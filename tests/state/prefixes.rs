//! No proper prefix of a message says what the whole message says: cut lines open and close
//! nothing.

use hostport_audit::event::{Event, Finding, FindingKind};
use hostport_audit::state::change::Change;
use hostport_audit::state::{Effects, Ledger};
use hostport_audit::{Auditor, Expect, Limits, Lines, Reader};

/// What must stand before the line for it to count, the line, and how many of its last bytes may be
/// missing.
const LINES: &[(&str, &str, usize)] = &[
    ("", "2023-06-28 10:46:37 DEBUG1: zone.PortAdded('public', '8080', 'tcp', 0)", 0),
    (
        "2023-06-28 10:46:37 DEBUG1: zone.PortAdded('public', '8080', 'tcp', 0)\n\
         2023-06-28 10:46:38 DEBUG1: zone.removePort('public', '8080', 'tcp')\n",
        "2023-06-28 10:46:38 DEBUG1: zone.PortRemoved('public', '8080', 'tcp')",
        0,
    ),
    (
        "time=\"2023-06-25 16:24:11.345867861+08:00\" level=info msg=\"Starting CRI-O, version: 1.29.9, git: unknown(clean)\"\n\
         time=\"2023-06-25 16:24:11.656671634+08:00\" level=info msg=\"Ensuring kubelet hostport chains\"\n",
        "time=\"2023-06-25 16:24:11.657818578+08:00\" level=info msg=\"Opened local port tcp:443\"",
        0,
    ),
    // The documentation's own copies of these lines lost the final blank.
    (
        "",
        "I0625 09:07:00.992980 2118395 iptables.go:27] Adding rule in table: nat, chain: OVN-KUBE-NODEPORT with args: \
         \"-p TCP -m addrtype --dst-type LOCAL --dport 32718 -j DNAT --to-destination 10.96.178.142:8081\" for protocol: 0 ",
        1,
    ),
    (
        "",
        "Adding rule in table: nat, chain: OVN-KUBE-EXTERNALIP with args: \
         \"-p TCP -d fd00::1 --dport 8081 -j DNAT --to-destination [fd01::5]:8081\" for protocol: 1 ",
        1,
    ),
];

/// How many openings and closings the last line of a log brought about. That something became
/// unknown by it counts as neither.
fn changes(before: &str, line: &str) -> usize {
    let (mut reader, mut ledger) =
        (Reader::new(Expect::Auto, Limits::default()), Ledger::new(Limits::default()));
    let mut effects = Effects::default();
    let mut enter = |finding: Finding<'_>, effects: &mut Effects| {
        if let FindingKind::Event(what) = finding.kind {
            ledger.apply(
                &Event { host: finding.host, at: finding.at, stamp: finding.stamp, kind: what },
                &mut |_, told| effects.changes.extend(told.changes.iter().cloned()),
            );
        }
    };
    for line in Lines::new(before.as_bytes()) {
        reader.read(&line, &mut |finding| enter(finding, &mut effects));
    }
    effects.clear();
    for line in Lines::new(line.as_bytes()) {
        reader.read(&line, &mut |finding| enter(finding, &mut effects));
    }
    reader.finish(&mut |finding| enter(finding, &mut effects));
    effects
        .changes
        .iter()
        .filter(|change| matches!(change, Change::Opened { .. } | Change::Closed { .. }))
        .count()
}

#[test]
fn a_line_that_was_cut_opens_and_closes_nothing() {
    for &(before, line, may_lack) in LINES {
        assert!(changes(before, line) > 0, "the whole line says nothing: {line}");
        for length in 0..line.len() - may_lack {
            let cut = &line.as_bytes()[..length];
            let cut = core::str::from_utf8(cut).unwrap();
            assert_eq!(changes(before, cut), 0, "{cut}");
            // As a line of its own, too: a full disk or a rotation may leave the next line behind
            // it.
            assert_eq!(changes(before, &format!("{cut}\n")), 0, "{cut}");
        }
    }
}

/// A prefix that could be a different, shorter port is one of the ways to be wrong.
#[test]
fn no_shorter_port_is_read_from_a_cut_line() {
    for &(before, line, _) in LINES {
        let mut auditor = Auditor::new().keeping_history();
        auditor.feed(before);
        for length in 0..line.len() {
            auditor.feed(&line.as_bytes()[..length]);
            auditor.feed("\n");
        }
        let ports: Vec<_> = auditor
            .settled()
            .ledger()
            .hosts()
            .flat_map(|(_, host)| {
                host.openings().filter_map(|(opening, _)| opening.port).collect::<Vec<_>>()
            })
            .collect();
        assert!(
            ports.iter().all(|port| line.contains(&port.range().first().to_string())),
            "{ports:?} from {line}"
        );
        assert!(
            ports.iter().all(|port| [443, 8080, 32718, 8081].contains(&port.range().first())),
            "{ports:?} from {line}"
        );
    }
}
