//! How fast a whole audit goes: bytes in, what is open out; and its last part, the fold of events,
//! by itself.
#![allow(missing_docs, clippy::expect_used, clippy::panic)]

mod common;

use common::{group, lines, log};
use core::hint::black_box;
use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main};
use hostport_audit::event::{Event, FindingKind};
use hostport_audit::state::Ledger;
use hostport_audit::{Auditor, Expect, Limits, Lines, Reader, Segment, Source, Text};

const LOGS: [(Source, &str); 3] = [
    (Source::Firewalld, "firewalld/v1.3.3/random.log"),
    (Source::Crio, "crio/more/random-r1.log"),
    (Source::Ovnkube, "ovnk/seed_era/random.log"),
];

/// How many openings are known at the end, and how many lines were read.
fn audited(log: &[u8], expect: Expect) -> (usize, u64) {
    let mut auditor = Auditor::with(expect, Limits::default());
    for chunk in log.chunks(1 << 20) {
        auditor.feed(chunk);
    }
    auditor.finish();
    outcome(&auditor)
}

fn outcome(auditor: &Auditor) -> (usize, u64) {
    let open = auditor.ledger().hosts().map(|(_, host)| host.openings().count()).sum();
    (open, auditor.coverage().counts().lines())
}

fn bench_audit(group: &mut BenchmarkGroup<'_, WallTime>, name: &str, log: &[u8], expect: Expect) {
    let count = lines(log).len();
    let (open, read) = audited(log, expect);
    assert_eq!(read, count as u64, "{name}");
    group.throughput(Throughput::Bytes(log.len() as u64));
    group.bench_function(format!("{name} ({count} lines, {open} open)"), |bencher| {
        bencher.iter(|| assert_eq!(audited(black_box(log), expect), (open, read)));
    });
}

fn audit(criterion: &mut Criterion) {
    let mut group = group(criterion, "audit");
    for (source, name) in LOGS {
        let log = log(name);
        bench_audit(&mut group, source.as_str(), &log, Expect::Only(source));
        bench_audit(&mut group, &format!("{source} found out"), &log, Expect::Auto);
    }
    let mixed: Vec<u8> = LOGS.iter().flat_map(|(_, name)| log(name)).collect();
    bench_audit(&mut group, "mixed", &mixed, Expect::Auto);
    for percent in [1, 10, 100] {
        bench_audit(&mut group, &format!("{percent} % events"), &diluted(percent), Expect::Auto);
    }
    group.finish();
}

/// Lines that other programs wrote into the same journal, as long as a node's lines are on average.
const FOREIGN: [&str; 4] = [
    "Jun 25 16:24:11 rhel92 kubelet[2001]: I0625 16:24:11.657818    2001 kubelet.go:2431] \"SyncLoop (PLEG): event for pod\" pod=\"ns/x\"",
    "Jun 25 16:24:11 rhel92 systemd[1]: Started crio-conmon-4ad5c3bd8f0e3b1f8a1f6c37de1f7a0c.scope - libcrun container.",
    "Jun 25 16:24:11 rhel92 kernel: IPv6: ADDRCONF(NETDEV_CHANGE): veth3b1c2d4e: link becomes ready",
    "Jun 25 16:24:11 rhel92 ovs-vswitchd[1100]: ovs|00042|connmgr|INFO|br-int<->unix#7: 12 flow_mods in the last 59 s (8 adds, 4 deletes)",
];

/// CRI-O's lines about ports, so many in a hundred; the others are of other programs.
fn diluted(percent: usize) -> Vec<u8> {
    let crio = log("crio/more/random-r1.log");
    let mut events = lines(&crio).into_iter().cycle();
    let mut log = Vec::new();
    for number in 0..20_000 {
        // Spread evenly.
        let event = number * percent / 100 != (number + 1) * percent / 100;
        let line = if event {
            events.next()
        } else {
            FOREIGN.get(number % FOREIGN.len()).map(|line| line.as_bytes())
        };
        log.extend_from_slice(line.unwrap_or_default());
        log.push(b'\n');
    }
    log
}

fn events(log: &[u8], source: Source) -> Vec<Event<'static>> {
    let mut events = Vec::new();
    let mut reader = Reader::new(Expect::Only(source), Limits::default());
    for line in Lines::new(log) {
        reader.read(&line, &mut |finding| {
            if let FindingKind::Event(what) = finding.kind {
                let host = finding.host.map(Text::into_owned);
                events.push(Event {
                    host,
                    at: finding.at,
                    stamp: finding.stamp,
                    kind: what.into_owned(),
                });
            }
        });
    }
    events
}

fn fold(criterion: &mut Criterion) {
    let mut group = group(criterion, "fold");
    for (source, name) in LOGS {
        let log = log(name);
        let events = events(&log, source);
        let folded = || {
            let mut ledger = Ledger::new(Limits::default());
            for event in black_box(&events) {
                ledger.apply(event, &mut |_, effects| _ = black_box(effects));
            }
            ledger.hosts().map(|(_, host)| host.openings().count()).sum::<usize>()
        };
        let open = folded();
        assert!(events.len() > 100);
        group.throughput(Throughput::Elements(events.len() as u64));
        group.bench_function(
            format!("{source} ({} events, {open} open)", events.len()),
            |bencher| {
                bencher.iter(|| assert_eq!(folded(), open));
            },
        );
    }
    group.finish();
}

fn merge(criterion: &mut Criterion) {
    let mut group = group(criterion, "merge");
    for (source, name) in LOGS {
        let log = log(name);
        let expect = Expect::Only(source);
        let expected = audited(&log, expect);
        let parts = parts(&log, 16);
        let segments: Vec<Segment<'_>> =
            parts.iter().map(|part| Segment::read(part, expect, Limits::default())).collect();
        let joined = |segments: &[Segment<'_>]| {
            let mut auditor = Auditor::with(expect, Limits::default());
            segments.iter().for_each(|segment| auditor.append(segment));
            auditor.finish();
            outcome(&auditor)
        };
        group.throughput(Throughput::Bytes(log.len() as u64));
        group.bench_function(format!("reading 16 segments of {source}"), |bencher| {
            bencher.iter(|| {
                let lines = parts
                    .iter()
                    .map(|part| Segment::read(black_box(part), expect, Limits::default()).lines());
                assert_eq!(lines.sum::<u64>(), expected.1);
            });
        });
        group.bench_function(format!("joining 16 segments of {source}"), |bencher| {
            bencher.iter(|| assert_eq!(joined(black_box(&segments)), expected));
        });
    }
    group.finish();
}

/// Parts of about equal length that end at line ends.
fn parts(log: &[u8], count: usize) -> Vec<&[u8]> {
    let mut parts = Vec::new();
    let mut rest = log;
    for _ in 1..count {
        let middle = rest.get((log.len() / count).min(rest.len())..).unwrap_or_default();
        let cut = rest.len() - middle.len()
            + middle.iter().position(|&byte| byte == b'\n').map_or(middle.len(), |at| at + 1);
        let (part, behind) = rest.split_at_checked(cut).unwrap_or((rest, &[]));
        parts.push(part);
        rest = behind;
    }
    parts.push(rest);
    parts
}

criterion_group!(benches, audit, fold, merge);
criterion_main!(benches);
