//! CRI-O's host ports as the kernel lists them: real output of iptables-save 1.8.9 over rules that
//! CRI-O 1.29.9 handed over.

use hostport_audit::event::crio::Rule;
use hostport_audit::record::save::Save;
use hostport_audit::state::Facts;
use hostport_audit::state::crio::Statement;
use hostport_audit::{Auditor, ErrorKind, Text};

use crate::common;
use common::corpus;

const V4: &[u8] = include_bytes!("../data/iptables_save/crio-ipv4.txt");
const V4_COUNTERS: &[u8] = include_bytes!("../data/iptables_save/crio-ipv4-counters.txt");
/// One host port of a pod that leads to two of its container ports.
const TWO: &[u8] = include_bytes!("../data/iptables_save/crio-two-rules-in-a-chain.txt");
const V6: &[u8] = include_bytes!("../data/iptables_save/crio-ipv6.txt");

fn rules(output: &[u8]) -> Vec<Rule<'static>> {
    Rule::saved(&Save::parse(output).unwrap()).unwrap()
}

fn listed(statement: &Statement) -> Vec<String> {
    statement.iptables.as_ref().unwrap().iter().map(ToString::to_string).collect()
}

#[test]
fn the_kernel_s_rules_are_those_that_cri_o_logged() {
    let truth = corpus::file("crio/scenarios/hostip.truth.jsonl").bytes;
    let step = String::from_utf8(truth).unwrap().lines().nth(2).unwrap().to_owned();
    let step: serde_json::Value = serde_json::from_str(&step).unwrap();
    let mut expected: Vec<String> = serde_json::from_value(step["dnat"].clone()).unwrap();
    expected.sort();
    let mut v4 = listed(&Statement::rules(rules(V4)));
    v4.sort();
    assert_eq!(v4, expected);
    assert_eq!(rules(V4), rules(V4_COUNTERS));
    assert!(
        String::from_utf8_lossy(V4).contains("-A KUBE-HP-EBFULECE6UMBVPG3 "),
        "a chain that nothing leads to is in it"
    );
    let v6 = "tcp:443||[fd01::7]:9443|k8s_six_default_e17bd7a2-5e0a-49f6-a813-976eadf26deb_0_";
    assert_eq!(listed(&Statement::rules(rules(V6))), [v6]);
}

#[test]
fn every_rule_of_a_chain_is_listed() {
    let two = ["tcp:8080||10.42.0.7:8443|k8s_w_d_u_0_", "tcp:8080||10.42.0.7:9443|k8s_w_d_u_0_"];
    assert_eq!(listed(&Statement::rules(rules(TWO))), two);
    // A chain that is reached by two ports is none of CRI-O's.
    let other = String::from_utf8_lossy(TWO).replacen("--dport 8080 -j", "--dport 8081 -j", 1);
    assert!(Rule::saved(&Save::parse(other.as_bytes()).unwrap()).is_err());
}

#[test]
fn stated_rules_agree_with_the_log_and_make_both_families_known() {
    let log = corpus::file("crio/scenarios/hostip.log").bytes;
    let until: Vec<u8> = log.split_inclusive(|&b| b == b'\n').take(17).flatten().copied().collect();
    let mut auditor = Auditor::new();
    auditor.feed(until);
    let anomalies = auditor.coverage().clone();
    let host = auditor
        .ledger()
        .hosts()
        .find_map(|(name, _)| name.cloned())
        .expect("the journal names the host");
    auditor
        .know(Some(&host), &Facts { crio: Some(Statement::rules(rules(V4))), ..Facts::default() });
    assert_eq!(auditor.coverage(), &anomalies, "it agrees with the log");
    let exposed = |auditor: &Auditor, host: &Text<'_>| {
        let (_, host) = auditor.ledger().hosts().find(|(name, _)| *name == Some(host)).unwrap();
        host.crio()
            .unwrap()
            .exposed()
            .map(|ports| ports.into_iter().map(|port| port.to_string()).collect::<Vec<_>>())
            .ok()
    };
    assert_eq!(exposed(&auditor, &host), Some(vec!["443/tcp".to_owned()]));
    let other = String::from_utf8_lossy(V4).replace("10.42.0.8:8443", "10.42.0.9:8443");
    auditor.know(
        Some(&host),
        &Facts { crio: Some(Statement::rules(rules(other.as_bytes()))), ..Facts::default() },
    );
    assert_ne!(auditor.coverage(), &anomalies, "it contradicts the log");
}

#[test]
fn output_without_the_table_or_cut_short_states_nothing() {
    assert!(Rule::saved(&Save::parse(b"*filter\nCOMMIT\n").unwrap()).is_err());
    assert_eq!(Rule::saved(&Save::parse(b"*nat\nCOMMIT\n").unwrap()), Ok(Vec::new()));
    for lines in 2..V4.split(|&b| b == b'\n').count() - 2 {
        let cut: Vec<u8> =
            V4.split_inclusive(|&b| b == b'\n').take(lines).flatten().copied().collect();
        assert_eq!(Save::parse(&cut).unwrap_err().kind(), ErrorKind::Message, "{lines} lines");
    }
}
