//! What a line proves of CRI-O, and of those beside it: who speaks, which version, what is missing,
//! what cannot be read.

use hostport_audit::event::Anomaly;
use hostport_audit::report::Reason;
use hostport_audit::state::Host;
use hostport_audit::state::known::UnknownReason;
use hostport_audit::{Auditor, Timeline};

fn read(log: &str) -> Auditor {
    let mut auditor = Auditor::new();
    auditor.feed(log);
    auditor.finish();
    auditor
}

fn only(auditor: &Auditor) -> &Host {
    auditor.ledger().hosts().next().expect("a host").1
}

fn crio(message: &str) -> String {
    format!(
        "Jun 25 16:24:11 rhel92 crio[77216]: time=\"2023-06-25 16:24:11.345867861+08:00\" level=info msg=\"{message}\"\n"
    )
}

fn banner(version: &str) -> String {
    crio(&format!("Starting CRI-O, version: {version}, git: unknown(clean)"))
}

const ADDING: &str = "I0625 09:07:00.992980 2118395 iptables.go:27] Adding rule in table: nat, chain: OVN-KUBE-NODEPORT \
    with args: \"-p TCP -m addrtype --dst-type LOCAL --dport 32718 -j DNAT --to-destination 10.96.178.142:8081\" \
    for protocol: 0 \n";

#[test]
fn a_line_of_logrus_alone_does_not_prove_that_cri_o_speaks() {
    // podman, cilium and containerd's tools log by the same library.
    let others = [
        "time=\"2020-03-17T13:07:25Z\" level=info msg=\"waiting for exitfd to be closed\"\n",
        "{\"level\":\"info\",\"msg\":\"x\",\"time\":\"2023-06-25T16:24:11+08:00\"}\n",
    ];
    for other in others {
        let auditor = read(other);
        let crio = only(&auditor).crio().unwrap();
        assert!(crio.sockets().is_err() && crio.exposed().is_err(), "{other}");
        // The first line that only CRI-O prints is proof.
        let auditor = read(&format!(
            "{other}time=\"2023-06-25T16:24:11.3Z\" level=info msg=\"Ensuring kubelet hostport chains\"\n"
        ));
        assert_eq!(only(&auditor).crio().unwrap().sockets().map(|ports| ports.len()), Ok(0));
    }
    // So is a prefix that names it.
    let named =
        "Jun 25 16:24:11 rhel92 crio[7]: time=\"2023-06-25T16:24:11.3Z\" level=info msg=\"x\"\n";
    assert!(only(&read(named)).crio().unwrap().sockets().is_ok());
}

#[test]
fn a_version_that_cannot_be_read_says_nothing() {
    for version in ["", "v", "unknown", "1", "0.x", "devel-1.29"] {
        let auditor = read(&banner(version));
        let crio = only(&auditor).crio().unwrap();
        let report = auditor.report(&Timeline::default());
        let reasons = format!(
            "{:?}",
            auditor.coverage().hosts().next().unwrap().1.verdict(hostport_audit::Source::Crio)
        );
        for reason in [Reason::TooOld, Reason::NoSocketLinesInVersion, Reason::NoRulesOnNftables] {
            assert!(!reasons.contains(&format!("{reason:?}")), "{version:?}: {reasons}");
            assert!(!report.to_string().contains(reason.as_str()), "{version:?}\n{report}");
        }
        assert_eq!(crio.tells_sockets().as_str(), "not seen yet", "{version:?}");
    }
}

#[test]
fn lines_that_the_journal_dropped_are_heeded_whatever_the_unit_is_called() {
    let suppressed = |unit: &str| {
        format!(
            "Jun 25 16:24:20 rhel92 systemd-journald[612]: Suppressed 42 messages from {unit}\n"
        )
    };
    let on_host = |line: &str| format!("Jun 25 09:07:00 rhel92 ovnkube[7]: {line}");
    for unit in [
        "microshift.service",
        "microshift",
        "ovnkube.service",
        "ovnkube-node.service",
        "ovn-kubernetes-node.service",
        "kubelet.service",
        "/usr/bin/microshift",
    ] {
        let auditor = read(&(on_host(ADDING) + &suppressed(unit)));
        assert_eq!(only(&auditor).ovnkube().unwrap().at_least(), [], "{unit}");
    }
    for unit in ["openvswitch.service", "my-microshift.service", "sshd.service"] {
        let auditor = read(&(on_host(ADDING) + &suppressed(unit)));
        assert_eq!(only(&auditor).ovnkube().unwrap().at_least().len(), 1, "{unit}");
    }
    let opened = banner("1.29.9")
        + &crio("Ensuring kubelet hostport chains")
        + &crio("Opened local port tcp:443");
    for unit in ["crio.service", "crio", "/usr/bin/crio"] {
        let auditor = read(&(opened.clone() + &suppressed(unit)));
        assert!(only(&auditor).crio().unwrap().sockets().is_err(), "{unit}");
    }
    let started = "Jun 25 16:24:11 rhel92 firewalld[950]: 2023-06-28 10:46:37 DEBUG1: zone.addPort('public', '8080', 'tcp')\n\
                   Jun 25 16:24:11 rhel92 firewalld[950]: 2023-06-28 10:46:37 DEBUG1: zone.PortAdded('public', '8080', 'tcp', 0)\n";
    for unit in ["firewalld.service", "firewalld", "/usr/sbin/firewalld"] {
        let auditor = read(&format!("{started}{}", suppressed(unit)));
        assert_eq!(only(&auditor).firewalld().unwrap().openings().count(), 0, "{unit}");
    }
}

#[test]
fn a_start_of_the_machine_is_the_last_thing_that_is_known() {
    let boot = "-- Boot 2d30a6508937515eb84cfdeac507588e --\n";
    let opened = crio("Opened local port tcp:443");
    let whole = banner("1.29.9") + &crio("Ensuring kubelet hostport chains") + &opened;
    // The second log was filtered for its port lines: behind the start nothing is missing yet.
    for log in [&whole, &opened] {
        let auditor = read(&format!("{log}{boot}"));
        let crio = only(&auditor).crio().unwrap();
        assert_eq!(crio.sockets().map(|ports| ports.len()), Ok(0), "{log}");
        assert_eq!(crio.exposed().map(|ports| ports.len()), Ok(0), "{log}");
    }
    let auditor = read(&format!("{opened}{boot}{opened}"));
    assert_eq!(only(&auditor).crio().unwrap().sockets().unwrap_err().why, UnknownReason::Gap);
    // Lines are missing between the start and the first line that is left.
    let dropped =
        "Jun 25 16:24:20 rhel92 systemd-journald[612]: Suppressed 42 messages from crio.service\n";
    let auditor = read(&format!("{boot}{dropped}{}", crio("Ensuring kubelet hostport chains")));
    assert!(only(&auditor).crio().unwrap().exposed().is_err());
}

#[test]
fn a_port_with_a_protocol_that_is_not_known_is_remarked() {
    let klog = |message: &str| format!("I0625 09:07:00.992980 2118395 x.go:1] {message}\n");
    let lines = [
        crio("Opened local port dccp:443"),
        crio("Closing host port dccp:443"),
        crio("Host port dccp:443 does not have an open socket"),
        klog("Opened local port dccp:443"),
        klog("Closing host port dccp:443"),
        klog("Opened local port \"nodePort for default/web:http\" (:30080/dccp)"),
        klog("\"Opened local port\" port=\"\\\"nodePort for default/web:http\\\" (:30080/dccp4)\""),
    ];
    for line in lines {
        let auditor = read(&line);
        assert_eq!(auditor.coverage().anomalies().get(&Anomaly::NotAPort), Some(&1), "{line}");
        assert_eq!(
            auditor.ledger().hosts().map(|(_, host)| host.openings().count()).sum::<usize>(),
            0
        );
        let known = read(&line.replace("dccp", "tcp"));
        assert_eq!(known.coverage().anomalies().get(&Anomaly::NotAPort), None, "{line}");
    }
}

#[test]
fn a_klog_header_with_a_time_that_does_not_exist_is_remarked() {
    for time in
        ["1325 09:07:00", "0632 09:07:00", "0625 25:07:00", "0625 09:60:00", "0625 09:07:61"]
    {
        let auditor = read(&ADDING.replace("0625 09:07:00", time));
        assert_eq!(auditor.coverage().anomalies().get(&Anomaly::BadTime), Some(&1), "{time}");
        assert_eq!(only(&auditor).ovnkube().unwrap().at_least().len(), 1, "the record counts");
    }
    assert_eq!(read(ADDING).coverage().anomalies().get(&Anomaly::BadTime), None);
}

#[test]
fn the_start_script_s_own_lines_are_no_broken_lines() {
    let script = "I0625 09:00:09.851842431 - copy ovn-k8s-cni-overlay\n\
                  I0625 09:00:09.900000000 - disable conntrack on geneve port\n\
                  I0625 09:00:09.950000000 - starting ovnkube-node\n";
    let auditor = read(&format!("{script}{ADDING}"));
    let counts = auditor.coverage().counts();
    assert_eq!((counts.malformed, counts.records), (0, 4));
    assert_eq!(only(&auditor).ovnkube().unwrap().at_least().len(), 1);
}

mod stated_by_iptables_save {
    use super::{banner, crio, only};
    use hostport_audit::event::crio::Rule;
    use hostport_audit::record::save::Save;
    use hostport_audit::state::Facts;
    use hostport_audit::state::crio::{Crio, Statement};
    use hostport_audit::state::known::UnknownReason;
    use hostport_audit::{Auditor, Text};

    const NOTHING: &str = "*nat\n:PREROUTING ACCEPT [0:0]\nCOMMIT\n";
    const ONE: &str = include_str!("../data/iptables_save/crio-ipv4.txt");

    fn statement(v4: &str) -> Statement {
        let rules = [v4, NOTHING]
            .map(|output| Rule::saved(&Save::parse(output.as_bytes()).unwrap()).unwrap());
        Statement::rules(rules.into_iter().flatten())
    }

    /// A log, then what iptables-save printed, then the rest of the log.
    fn told(before: &str, facts: Statement, after: &str) -> Crio {
        let mut auditor = Auditor::new();
        auditor.feed(before);
        let host = Text::borrowed(b"rhel92");
        auditor.know(Some(&host), &Facts { crio: Some(facts), ..Facts::default() });
        auditor.feed(after);
        only(&auditor).crio().unwrap().clone()
    }

    fn why(crio: &Crio) -> Result<usize, UnknownReason> {
        crio.exposed().map(|ports| ports.len()).map_err(|unknown| unknown.why)
    }

    #[test]
    fn an_output_without_rules_says_nothing_of_nftables() {
        let nft = crio("Deleting UDP conntrack entries for IPv4: []");
        let unknown = Err(UnknownReason::NftablesNotStated);
        // The form of times that 1.32 and later print tells nothing of 1.33.
        let new_form = |line: String| line.replace("06-25 16", "06-25T16");
        let logs =
            [String::new(), banner("1.34.2"), new_form(banner("unknown")), new_form(crio("x"))];
        for log in logs {
            assert_eq!(why(&told(&log, statement(NOTHING), "")), unknown, "{log}");
            let crio = told(&log, statement(ONE), "");
            assert_eq!(why(&crio), unknown, "{log}");
            assert_eq!(crio.exposed_at_least().len(), 1, "what was stated is surely there");
        }
        // A port was added on nftables before, or is added after.
        assert!(why(&told(&(banner("1.34.2") + &nft), statement(NOTHING), "")).is_err());
        let after = crio("Ensuring kubelet hostport chains");
        let crio = told(&banner("1.34.2"), statement(NOTHING), &(nft + &banner("1.34.2") + &after));
        assert!(why(&crio).is_err());
    }

    #[test]
    fn it_is_all_where_the_log_shows_that_cri_o_works_by_iptables() {
        let ensuring = crio("Ensuring kubelet hostport chains");
        let restoring = crio(
            "Restoring iptables rules: *nat\\n:KUBE-HOSTPORTS - [0:0]\\n-X KUBE-HP-A\\nCOMMIT\\n",
        );
        let logs = [banner("1.29.9"), banner("1.32.0"), crio("x"), banner("1.34.2") + &ensuring];
        for log in logs {
            assert_eq!(why(&told(&log, statement(NOTHING), "")), Ok(0), "{log}");
            assert_eq!(why(&told(&log, statement(ONE), "")), Ok(1), "{log}");
            assert_eq!(why(&told("", statement(ONE), &log)), Ok(1), "shown later: {log}");
        }
        assert!(why(&told(&(banner("1.34.2") + &restoring), statement(NOTHING), "")).is_ok());
        // Or where the caller looked.
        let looked = statement(NOTHING).and_none_in_nftables();
        assert_eq!(why(&told(&banner("1.34.2"), looked, "")), Ok(0));
    }
}
