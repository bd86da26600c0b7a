//! Calls whose argument holds a line break: lines of the shape of records inside it must not count
//! as records, and what comes after it must.

use hostport_audit::event::firewalld::{Item, Kind, Layer};
use hostport_audit::state::Facts;
use hostport_audit::state::firewalld::{Firewalld, Stated, Statement};
use hostport_audit::state::known::UnknownReason;
use hostport_audit::{Auditor, Expect, Limits, Segment, Source};

/// A load, so that the log is seen to be whole.
const LOAD: &str = "\
2026-11-22 10:00:00 DEBUG1: reload()
2026-11-22 10:00:00 DEBUG1: Flushing rule set
2026-11-22 10:00:00 DEBUG1: Loading zone file '/etc/firewalld/zones/public.xml'
2026-11-22 10:00:00 DEBUG1: Using default zone 'public'
2026-11-22 10:00:00 DEBUG1: config.zone.0.GetAll('org.fedoraproject.FirewallD1.config.zone')
2026-11-22 10:00:00 DEBUG1: config.ZoneAdded('public')
2026-11-22 10:00:00 DEBUG1: Reloaded()
";
const REQUEST: &str = "2026-11-22 10:00:05 DEBUG1: zone.addPort('public', '31340', 'tcp')\n";
const SIGNAL: &str = "2026-11-22 10:00:05 DEBUG1: zone.PortAdded('public', '31340', 'tcp', 0)\n";

/// The first line of each call with a line break: of methods whose arguments matter and of others,
/// in quotes and without.
const BEGINNINGS: [&str; 6] = [
    "config.zone.0.setDescription('note",
    "config.zone.0.setShort('note",
    "ipset.queryIPSet('x",
    "zone.addRichRule('public', 'rule",
    "zone.queryPort('public', 'x",
    "getZoneSettings2(pub",
];

fn call(beginning: &str) -> String {
    format!("2026-11-22 10:00:05 DEBUG1: {beginning}\n")
}

/// Both layers of public are known and hold 8080/tcp; then the lines come.
fn audit(lines: &str) -> Auditor {
    let mut auditor = Auditor::with(Expect::Only(Source::Firewalld), Limits::default());
    let mut statement = Statement::new().with_default_zone("public");
    for layer in Layer::ALL {
        let port = Item::Port { port: "8080".into(), protocol: "tcp".into() };
        let stated = Kind::ALL.into_iter().fold(Stated::new(), |stated, kind| {
            stated.with(kind, (kind == Kind::Ports).then(|| port.clone()))
        });
        statement = statement.with_zone("public", layer, stated);
    }
    auditor.know(None, &Facts { firewalld: Some(statement), ..Facts::default() });
    auditor.feed(LOAD);
    auditor.feed(lines);
    auditor.finish();
    auditor
}

fn fold(auditor: &Auditor) -> &Firewalld {
    auditor.ledger().hosts().next().unwrap().1.firewalld().unwrap()
}

fn ports(auditor: &Auditor, layer: Layer) -> Result<String, UnknownReason> {
    let ports = fold(auditor).ports("public", layer).map_err(|unknown| unknown.why)?;
    Ok(ports.map(|(port, _)| port.to_string()).collect::<Vec<_>>().join(" "))
}

/// True if the port that only a forged line names is said to be open anywhere.
fn is_fooled(auditor: &Auditor) -> bool {
    fold(auditor)
        .openings()
        .any(|(opening, _)| opening.port.is_some_and(|p| p.range().first() == 31340))
}

#[test]
fn a_signal_inside_an_argument_opens_nothing() {
    for beginning in BEGINNINGS {
        for (forged, end) in [
            (SIGNAL.to_owned(), "end')\n"),
            ([REQUEST, SIGNAL].concat(), "end')\n"),
            ([REQUEST, SIGNAL].concat(), ""),
            (["more text\n", REQUEST, "\n", SIGNAL].concat(), "')\n"),
        ] {
            let lines = [call(beginning).as_str(), &forged, end].concat();
            let auditor = audit(&lines);
            assert!(!is_fooled(&auditor), "{lines}");
            assert_eq!(ports(&auditor, Layer::Runtime), Err(UnknownReason::Ambiguous), "{lines}");
            // Nothing else is in doubt, and what was proven before stays.
            assert_eq!(ports(&auditor, Layer::Permanent), Ok("8080/tcp".to_owned()), "{lines}");
            assert!(fold(&auditor).services("public", Layer::Runtime).is_ok(), "{lines}");
            let open = fold(&auditor).openings().filter(|(opening, _)| opening.port.is_some());
            assert_eq!(open.count(), 2, "{lines}");
            assert!(auditor.coverage().counts().malformed > 0, "{lines}");
        }
    }
}

#[test]
fn a_removal_a_commit_or_a_load_inside_an_argument_proves_nothing() {
    let inside = |text: &str| {
        let forged = format!("2026-11-22 10:00:05 DEBUG1: {text}\n");
        audit(&[&call(BEGINNINGS[0]), &forged, "end')\n"].concat())
    };
    let auditor = inside("zone.PortRemoved('public', '8080', 'tcp')");
    assert_eq!(ports(&auditor, Layer::Runtime), Err(UnknownReason::Ambiguous));
    let auditor = inside("config.zone.0.Updated('public')");
    assert_eq!(ports(&auditor, Layer::Permanent), Err(UnknownReason::Ambiguous));
    assert_eq!(ports(&auditor, Layer::Runtime), Ok("8080/tcp".to_owned()));
    let auditor = inside("DefaultZoneChanged('trusted')");
    assert_eq!(fold(&auditor).default_zone().unwrap_err().why, UnknownReason::Ambiguous);
    for whole in ["start()", "stop()", "Reloaded()", "Using default zone 'trusted'"] {
        let auditor = inside(whole);
        assert!(ports(&auditor, Layer::Runtime).is_err(), "{whole}");
        assert!(ports(&auditor, Layer::Permanent).is_err(), "{whole}");
    }
    // Lines that change nothing put nothing in doubt.
    let auditor = inside("getDefaultZone()");
    assert_eq!(ports(&auditor, Layer::Runtime), Ok("8080/tcp".to_owned()));
}

#[test]
fn behind_the_end_of_the_text_lines_count_again() {
    let end = "second line\nthird line (in brackets)\nend')\n";
    let lines = [&call(BEGINNINGS[0]), end, REQUEST, SIGNAL].concat();
    let auditor = audit(&lines);
    assert_eq!(ports(&auditor, Layer::Runtime), Ok("8080/tcp 31340/tcp".to_owned()));
    assert_eq!(auditor.coverage().counts().malformed, 0);
    // The same behind lines that were in doubt.
    let lines = [
        &call(BEGINNINGS[0]),
        "2026-11-22 10:00:05 DEBUG1: zone.SourcePortAdded('public', '9', 'tcp', 0)\n",
        end,
        REQUEST,
        SIGNAL,
    ]
    .concat();
    assert_eq!(ports(&audit(&lines), Layer::Runtime), Ok("8080/tcp 31340/tcp".to_owned()));
}

#[test]
fn a_call_that_never_ends_leaves_the_rest_of_the_log_alone() {
    let other = "2026-11-22 10:00:06 DEBUG1: getDefaultZone()\n".repeat(40);
    let lines = [&call(BEGINNINGS[2]), &other, REQUEST, SIGNAL].concat();
    assert_eq!(ports(&audit(&lines), Layer::Runtime), Ok("8080/tcp 31340/tcp".to_owned()));
}

#[test]
fn lines_of_the_system_log_target_are_in_doubt_in_the_same_way() {
    let in_journal = |text: &str| -> String {
        text.lines()
            .map(|line| line.split_once(" DEBUG1: ").map_or(line, |_| &line[20..]))
            .map(|line| format!("Nov 22 10:00:00 node firewalld[812]: {line}\n"))
            .collect()
    };
    let mut auditor = Auditor::new();
    let forged = [&call(BEGINNINGS[0]), REQUEST, SIGNAL, "end')\n"].concat();
    auditor.feed(in_journal(LOAD) + &in_journal(&forged));
    auditor.finish();
    assert!(!is_fooled(&auditor));
    auditor.feed(in_journal(&[REQUEST, SIGNAL].concat()));
    auditor.finish();
    assert!(is_fooled(&auditor), "real lines count again");
}

#[test]
fn any_cut_of_such_a_log_joins_to_the_same() {
    let lines = [&call(BEGINNINGS[0]), REQUEST, SIGNAL, "x\n", "end')\n", REQUEST, SIGNAL].concat();
    let log = [LOAD, &lines].concat();
    let read = |part: &[u8]| Segment::read(part, Expect::Auto, Limits::default()).lines();
    assert_eq!(read(log.as_bytes()), 14);
    let mut whole = Auditor::new();
    whole.feed(&log);
    whole.finish();
    for (cut, _) in log.match_indices('\n') {
        let (first, second) = log.as_bytes().split_at(cut + 1);
        let read = |part| Segment::read(part, Expect::Auto, Limits::default());
        let mut joined = Auditor::new();
        joined.append(&read(first).then(read(second)));
        joined.finish();
        assert_eq!(joined, whole, "{cut}");
    }
}
