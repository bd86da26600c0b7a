//! Faults that the laws found, each by the smallest log that showed it.

use hostport_audit::report::PortHistory;
use hostport_audit::{Auditor, Expect, Limits, Segment};

fn audited(log: &str) -> Auditor {
    let mut auditor = Auditor::new().keeping_history();
    auditor.feed(log);
    auditor.finish();
    auditor
}

#[test]
fn segments_whose_readings_meet_within_an_unfinished_record_join_to_the_whole() {
    let parts = [
        "2023-06-28 10:46:36 DEBUG1: zone.PortAdded('public', '80', 'tcp', 0)\n",
        "2023-06-28 10:46:37 DEBUG1: zone.addRichRule('public', 'rule\n",
        " accept')\n",
    ];
    let mut joined = Auditor::new().keeping_history();
    for part in parts {
        joined.append(&Segment::read(part.as_bytes(), Expect::Auto, Limits::default()));
    }
    joined.finish();
    assert_eq!(joined, audited(&parts.concat()));
    assert_eq!(joined.coverage().counts().records, 3);
}

#[test]
fn the_parts_of_a_container_record_are_all_counted() {
    let auditor = audited(
        "2023-06-25T16:00:02.000000001Z stderr P 2023-06-28 10:00:02 ERROR: ALREADY\n\
         2023-06-25T16:00:03.000000001Z stderr F _ENABLED: '80:tcp' already in 'public'\n",
    );
    assert_eq!(auditor.coverage().counts().lines(), 2);
}

#[test]
fn a_call_that_never_ends_is_of_the_host_that_made_it() {
    let auditor = audited(
        "Jun 25 16:24:11 one firewalld[812]: 2023-06-28 10:46:37 DEBUG1: zone.addRichRule('public', 'rule\n",
    );
    let hosts: Vec<_> =
        auditor.coverage().hosts().map(|(name, _)| name.map(ToString::to_string)).collect();
    assert_eq!(hosts, [Some("one".to_owned())]);
    assert_eq!(auditor.coverage().counts().malformed, 1);
}

#[test]
#[cfg(feature = "serde")]
fn an_auditor_that_was_saved_and_loaded_equals_itself() {
    let auditor =
        audited("Jun 25 16:24:11 one kubelet[7]: I0625 09:07:00.992980 2118395 a.go:1] x\n");
    let loaded: Auditor = serde_json::from_str(&serde_json::to_string(&auditor).unwrap()).unwrap();
    assert_eq!(loaded, auditor);
}

/// In a log from which all but the port lines were filtered, nothing is known to stay open; the
/// history must not say otherwise.
#[test]
fn the_history_of_a_filtered_log_shows_no_socket_as_open() {
    let line = |message: &str| {
        format!("time=\"2023-06-25 16:24:11.664246749+08:00\" level=info msg=\"{message}\"\n")
    };
    let restoring = "Restoring iptables rules: *nat\\n:KUBE-HP-A - [0:0]\\n-I KUBE-HOSTPORTS -m comment --comment \\\"p hostport 443\\\" \
                     -p tcp -m tcp --dport 443 -j KUBE-HP-A\\n-A KUBE-HP-A -p tcp -j DNAT --to-destination 10.42.0.7:8443\\nCOMMIT\\n";
    let auditor = audited(&[line("Opened local port tcp:443"), line(restoring)].concat());
    assert!(
        auditor
            .ledger()
            .hosts()
            .all(|(_, host)| host.crio().is_none_or(|crio| crio.sockets_at_least().is_empty()))
    );
    let history = auditor.history().unwrap();
    let open: Vec<PortHistory> =
        history.hosts().flat_map(|(_, host)| host.all()).filter(PortHistory::is_open).collect();
    assert!(open.iter().all(|port| !format!("{:?}", port).contains("CrioSocket")), "{open:?}");
}
