//! How fast lines are cut, read and refused: each grammar on real lines of its kind.
#![allow(missing_docs, clippy::expect_used, clippy::panic)]

mod common;

use common::{between, group, lines, log, pieces};
use core::hint::black_box;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use hostport_audit::record::rule::Rule;
use hostport_audit::record::transport::{Prefix, Reader, Transport, Unwrapped};
use hostport_audit::record::{Reading, crio, firewalld, klog, logfmt::Pairs, restore::Restore};
use hostport_audit::{Feeder, Limits, Lines, Text};

fn line(criterion: &mut Criterion) {
    let mut group = group(criterion, "line");

    let log_of_firewalld = log("firewalld/v1.3.3/random.log");
    let of_firewalld = lines(&log_of_firewalld);
    let called = |line| match firewalld::Record::parse(line) {
        Reading::Record(record) => {
            usize::from(record.call().is_some_and(|call| !call.arguments().is_empty()))
        }
        _ => 0,
    };
    let calls = of_firewalld.iter().copied().map(called).sum();
    assert!(calls > 1000);
    pieces(&mut group, "firewalld record and call", &of_firewalld, calls, called);

    let log_of_crio = log("crio/more/random-r1.log");
    let wrapped = lines(&log_of_crio);
    let short = |line| usize::from(Prefix::of_line(line).0.transport() == Transport::Short);
    pieces(
        &mut group,
        "journal short prefix",
        &wrapped,
        wrapped.iter().copied().map(short).sum(),
        short,
    );

    let of_crio: Vec<&[u8]> = wrapped
        .iter()
        .filter_map(|line| line.get(line.windows(5).position(|w| w == b"time=")?..))
        .collect();
    assert!(of_crio.len() > 100);
    pieces(&mut group, "crio record", &of_crio, of_crio.len(), |line| {
        usize::from(
            matches!(crio::Record::parse(line), Reading::Record(record) if record.stamp().is_some()),
        )
    });
    let pairs = of_crio.iter().map(|line| Pairs::new(line).count()).sum();
    pieces(&mut group, "logfmt all pairs", &of_crio, pairs, |line| {
        Pairs::new(line)
            .filter(|pair| pair.as_ref().is_ok_and(|pair| pair.value().raw().is_some()))
            .count()
    });

    let inputs: Vec<Vec<u8>> = of_crio
        .iter()
        .filter_map(|line| match crio::Record::parse(line) {
            Reading::Record(record) => {
                Some(record.msg().as_bytes().strip_prefix(b"Restoring iptables rules: ")?.to_vec())
            }
            _ => None,
        })
        .collect();
    let inputs: Vec<&[u8]> = inputs.iter().map(Vec::as_slice).collect();
    let rules =
        |input| Restore::parse(Text::borrowed(input)).map_or(0, |restore| restore.rules().count());
    let all = inputs.iter().copied().map(rules).sum();
    assert!(all > 100);
    pieces(&mut group, "restore input", &inputs, all, rules);

    let log_of_ovnkube = log("ovnk/seed_era/random.log");
    let of_ovnkube = lines(&log_of_ovnkube);
    let messages = |line| {
        usize::from(
            klog::Record::parse(line).is_ok_and(|r| r.is_some_and(|r| r.ovnkube().is_some())),
        )
    };
    let about_rules = of_ovnkube.iter().copied().map(messages).sum();
    assert!(about_rules > 1000);
    pieces(&mut group, "klog header and rule", &of_ovnkube, about_rules, messages);
    let arguments = between(&of_ovnkube, b"with args: \"", b"\" for protocol");
    pieces(&mut group, "iptables arguments", &arguments, arguments.len(), |args| {
        usize::from(Rule::parse(args).is_ok_and(|rule| rule.target().is_some()))
    });
    group.finish();
}

/// Lines that other programs wrote, as they fill a node's journal.
const FOREIGN: &[&str] = &[
    "kernel: IPv6: ADDRCONF(NETDEV_CHANGE): veth3b1c2d4e: link becomes ready",
    "systemd[1]: Started crio-conmon-4ad5c3bd8f0e3b1f.scope - libcrun container.",
    "I0625 09:07:00.992980 2118395 kubelet.go:2431] \"SyncLoop (PLEG): event for pod\" pod=\"openshift-dns/dns-default-x\"",
    "{\"level\":\"info\",\"ts\":\"2023-06-25T09:07:00.992Z\",\"caller\":\"etcdserver/server.go:1\",\"msg\":\"saved snapshot\"}",
    "audit[1201]: AVC avc: denied { read } for pid=1201 comm=\"sshd\" name=\"port\" dev=\"dm-0\" ino=25",
    "time is 09:07, port 8080 is in use by another process (tcp)",
    "10.42.0.1 - - [25/Jun/2023:09:07:00 +0000] \"GET /healthz HTTP/1.1\" 200 2 \"-\" \"kube-probe/1.26\"",
    "",
];

fn reject(criterion: &mut Criterion) {
    let mut group = group(criterion, "reject");
    let foreign: Vec<&[u8]> =
        FOREIGN.iter().map(|line| line.as_bytes()).cycle().take(FOREIGN.len() * 64).collect();
    pieces(&mut group, "firewalld", &foreign, foreign.len(), |line| {
        usize::from(matches!(firewalld::Record::parse(line), Reading::Unrelated))
    });
    pieces(&mut group, "crio", &foreign, foreign.len(), |line| {
        usize::from(matches!(crio::Record::parse(line), Reading::Unrelated))
    });
    pieces(&mut group, "ovnkube message", &foreign, foreign.len(), |line| {
        usize::from(
            klog::Record::parse(line)
                .is_ok_and(|record| record.is_none_or(|record| record.ovnkube().is_none())),
        )
    });
    pieces(&mut group, "prefix", &foreign, foreign.len(), |line| {
        usize::from(Prefix::of_line(line).0.host().is_none())
    });
    group.finish();
}

fn frame(criterion: &mut Criterion) {
    let mut group = group(criterion, "frame");
    let buffer = log("firewalld/v1.3.3/random.log");
    let count = lines(&buffer).len();
    group.throughput(Throughput::Bytes(buffer.len() as u64));
    group.bench_function("lines of a buffer", |bencher| {
        bencher.iter(|| assert_eq!(Lines::new(black_box(&buffer)).count(), count));
    });
    group.bench_function("lines of 64 KiB chunks", |bencher| {
        bencher.iter(|| {
            let mut seen = 0;
            let mut feeder = Feeder::new(&Limits::default());
            for chunk in black_box(&buffer).chunks(1 << 16) {
                feeder.feed(chunk, |line| seen += usize::from(line.at().line() > 0));
            }
            feeder.finish(|_| seen += 1);
            assert_eq!(seen, count);
        });
    });
    for mode in ["short", "json", "export", "verbose"] {
        let wrapped = log(&format!("crio/modes/plain.{mode}.log")).repeat(20);
        let entries = deliveries(&wrapped);
        assert!(entries > 100);
        group.throughput(Throughput::Bytes(wrapped.len() as u64));
        group.bench_function(format!("journal {mode}"), |bencher| {
            bencher.iter(|| assert_eq!(deliveries(black_box(&wrapped)), entries));
        });
    }
    group.finish();
}

fn deliveries(log: &[u8]) -> usize {
    let mut entries = 0;
    let mut reader = Reader::new(&Limits::default());
    let mut deliver =
        |delivery: Unwrapped<'_>| entries += usize::from(matches!(delivery, Unwrapped::Entry(_)));
    for line in Lines::new(log) {
        reader.read(&line, &mut deliver);
    }
    reader.finish(&mut deliver);
    entries
}

criterion_group!(benches, line, reject, frame);
criterion_main!(benches);
