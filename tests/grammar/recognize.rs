//! One place decides where a record begins: what is a record by itself is the same record behind
//! every mark that tools put in front of lines.

use crate::common;

use common::corpus;
use hostport_audit::event::FindingKind;
use hostport_audit::record::transport::Prefix;
use hostport_audit::{Auditor, Expect, Limits, Lines, Reader};
use std::collections::BTreeSet;

/// What one line turns out to be in an input that holds nothing else.
fn alone(line: &[u8]) -> Vec<String> {
    let mut findings = Vec::new();
    let mut reader = Reader::new(Expect::Auto, Limits::default());
    for line in Lines::new(line) {
        reader.read(&line, &mut |finding| match &finding.kind {
            FindingKind::Unrelated => {}
            FindingKind::Malformed { source, .. } => findings.push(format!("broken {source:?}")),
            kind => findings.push(format!("{:?} {kind:?}", finding.stamp)),
        });
    }
    findings
}

/// What stands behind the klog header of a line.
fn headless(line: &[u8]) -> Option<&[u8]> {
    let at = line.windows(2).position(|two| two == b"] ")?;
    line.starts_with(b"I").then(|| &line[at + 2..])
}

#[test]
fn a_record_is_the_same_record_behind_every_mark() {
    let mut lines: BTreeSet<Vec<u8>> = BTreeSet::new();
    for log in corpus::logs() {
        for line in log.bytes.split(|&b| b == b'\n').take(300) {
            lines.insert(line.to_vec());
            lines.extend(headless(line).map(<[u8]>::to_vec));
        }
    }
    let mut records = 0;
    for line in &lines {
        // An object may wrap anything, a line with a prefix is that prefix's matter, and what the
        // journal says between its entries is no record.
        if line.starts_with(b"{")
            || line.starts_with(b"-- ")
            || !Prefix::of_line(line).0.as_bytes().is_empty()
        {
            continue;
        }
        let findings = alone(line);
        if findings.is_empty() {
            continue;
        }
        records += 1;
        for mark in ["20:", "$ ", "33:$ ", "node1.example.com "] {
            let marked = [mark.as_bytes(), line].concat();
            assert_eq!(alone(&marked), findings, "{}", String::from_utf8_lossy(&marked));
        }
    }
    assert!(records > 1000, "{records} records");
}

#[test]
fn a_chain_that_is_emptied_behind_a_line_number_leaves_no_port_open() {
    let open = |marks: [&str; 2]| {
        let log = format!(
            "{}Adding rule in table: nat, chain: OVN-KUBE-NODEPORT with args: \"-p TCP -m addrtype \
             --dst-type LOCAL --dport 32718 -j DNAT --to-destination 10.96.178.142:8081\" \
             for protocol: 0 \n\
             {}Recreating iptables rules for table: nat, chain: OVN-KUBE-NODEPORT\n",
            marks[0], marks[1]
        );
        let mut auditor = Auditor::new();
        auditor.feed(log);
        auditor.report(&hostport_audit::Timeline::default()).to_string()
    };
    assert!(!open(["", ""]).contains("32718/tcp"), "{}", open(["", ""]));
    assert!(!open(["17:", "20:"]).contains("32718/tcp"), "{}", open(["17:", "20:"]));
}
