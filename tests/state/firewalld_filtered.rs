//! What is said of a log that somebody filtered. That nothing wrong is said of it, and that whole
//! logs are not taken for filtered ones, is held against real logs in `firewalld_truth.rs`.

use crate::common;

use common::corpus;
use hostport_audit::event::firewalld::Layer;
use hostport_audit::report::{Reason, Verdict};
use hostport_audit::state::Host;
use hostport_audit::state::known::UnknownReason;
use hostport_audit::{Auditor, Source, Timeline};

/// A real log, or the lines of it that hold one of the words.
fn audit(log: &str, words: &[&str]) -> Auditor {
    let mut auditor = Auditor::new().keeping_history();
    for line in corpus::file(log).bytes.split_inclusive(|&b| b == b'\n') {
        let text = String::from_utf8_lossy(line);
        if words.is_empty() || words.iter().any(|word| text.contains(word)) {
            auditor.feed(line);
        }
    }
    auditor.finish();
    auditor
}

fn host(auditor: &Auditor) -> &Host {
    auditor.ledger().hosts().next().unwrap().1
}

const LOG: &str = "firewalld/v1.3.3/runtime-add-remove.log";

#[test]
fn the_report_names_the_suspicion() {
    let auditor = audit(LOG, &["addPort", "removePort", "PortAdded", "PortRemoved"]);
    let firewalld = host(&auditor).firewalld().unwrap();
    assert_eq!(firewalld.filtered().unwrap().why, UnknownReason::Filtered);
    assert_eq!(
        firewalld.ports("public", Layer::Runtime).err().unwrap().why,
        UnknownReason::Filtered
    );
    assert_eq!(firewalld.default_zone().unwrap_err().why, UnknownReason::Filtered);
    let report = auditor.report(&Timeline::default());
    let own = report.host(None).unwrap();
    let Verdict::SpeaksPartly { reasons } = &own.sources[&Source::Firewalld].verdict else {
        panic!("{report}")
    };
    assert!(reasons.contains(&Reason::Filtered));
    assert!(report.to_string().contains("the log looks filtered"), "{report}");

    let whole = audit(LOG, &[]);
    assert_eq!(host(&whole).firewalld().unwrap().filtered(), None);
    assert!(!whole.report(&Timeline::default()).to_string().contains("filtered"));
}

#[test]
fn what_the_last_line_proves_is_open_whatever_was_filtered() {
    let mut auditor = audit(LOG, &["PortAdded"]);
    let open = |auditor: &Auditor, port: &str| {
        let port = Some(port.parse().unwrap());
        host(auditor).openings().any(|(opening, _)| opening.port == port)
    };
    let line = |port: &str| {
        format!("2026-11-22 12:00:00 DEBUG1: zone.PortAdded('public', '{port}', 'tcp', 0)\n")
    };
    auditor.feed(line("7001"));
    assert!(open(&auditor, "7001/tcp"));
    // The removal of the first may have been filtered away.
    auditor.feed(line("7002"));
    assert!(!open(&auditor, "7001/tcp") && open(&auditor, "7002/tcp"));
    auditor.finish();
    let history = auditor.history().unwrap();
    let still: Vec<_> = history.hosts().flat_map(|(_, host)| host.never_closed()).collect();
    assert_eq!(still.len(), 1, "{still:?}");
}

#[test]
fn a_log_that_shows_late_that_it_is_whole_is_believed_again() {
    let mut auditor = Auditor::new();
    for port in 7001..7008 {
        auditor.feed(format!(
            "2026-11-22 12:00:00 DEBUG1: zone.addPort('public', '{port}', 'tcp')\n\
             2026-11-22 12:00:00 DEBUG1: zone.PortAdded('public', '{port}', 'tcp', 0)\n"
        ));
    }
    assert!(host(&auditor).firewalld().unwrap().filtered().is_some());
    assert_eq!(host(&auditor).openings().count(), 1);
    auditor.feed("2026-11-22 12:00:01 DEBUG1: getDefaultZone()\n");
    assert!(host(&auditor).firewalld().unwrap().filtered().is_none());
    assert_eq!(host(&auditor).openings().count(), 7);
}
