//! What the caller's limits bound stays bounded, and what they drop is counted and makes the answer
//! unknown.
//!
//! How much is held is measured by the printed form of the whole auditor: whatever it keeps is in
//! there.

use hostport_audit::event::{Anomaly, Source};
use hostport_audit::report::Origin;
use hostport_audit::state::opening::Scope;
use hostport_audit::{Auditor, Expect, Limits};

/// Few of everything, so that a short log goes far beyond.
fn few() -> Limits {
    Limits {
        max_line: 4096,
        max_record: 4096,
        max_streams: 16,
        max_hosts: 16,
        max_keys: 64,
        max_history: 64,
        max_samples: 4,
    }
}

/// How large the auditor is when a log of `count` lines has been read, and the auditor.
fn after(limits: Limits, count: usize, line: impl Fn(usize) -> String) -> (usize, Auditor) {
    let mut auditor = Auditor::with(Expect::Auto, limits).keeping_history();
    for number in 0..count {
        auditor.feed(line(number));
        auditor.feed("\n");
    }
    (format!("{auditor:?}").len(), auditor)
}

/// Eight times the log must not need more room, but for longer numbers.
fn stays_bounded(limits: Limits, count: usize, line: impl Fn(usize) -> String) -> Auditor {
    let (small, _) = after(limits, count, &line);
    let (large, auditor) = after(limits, count * 8, &line);
    assert!(
        large < small + small / 4,
        "{small} characters after {count} lines, {large} after {}",
        count * 8
    );
    let counts = auditor.settled().coverage().counts();
    assert_eq!(counts.lines(), count as u64 * 8, "{counts:?}");
    auditor
}

fn remarked(auditor: &Auditor, remark: Anomaly) -> u64 {
    auditor.coverage().anomalies().get(&remark).copied().unwrap_or_default()
}

fn crio(host: &str, message: &str) -> String {
    format!(
        "Jun 25 16:27:37 {host} crio[77216]: time=\"2023-06-25 16:27:37.033003098+08:00\" level=info msg=\"{message}\""
    )
}

#[test]
fn hosts_without_end() {
    let auditor =
        stays_bounded(few(), 2000, |n| crio(&format!("host{n}"), "Opened local port tcp:443"));
    assert!(auditor.ledger().hosts().count() <= 16);
    assert!(auditor.ledger().refused_hosts() >= 15_900, "{}", auditor.ledger().refused_hosts());
    assert!(auditor.coverage().refused().lines() >= 15_900);
}

#[test]
fn rules_for_addresses_without_end() {
    let auditor = stays_bounded(few(), 2000, |n| {
        let (a, b) = (n / 250 % 250, n % 250);
        format!(
            "I0625 09:07:00.992980 2118395 iptables.go:27] Adding rule in table: nat, chain: OVN-KUBE-EXTERNALIP with args: \
             \"-p TCP -d 172.16.{a}.{b} --dport {} -j DNAT --to-destination 10.96.178.142:8081\" for protocol: 0 ",
            1 + n / 62_500
        )
    });
    assert!(remarked(&auditor, Anomaly::LimitReached) > 0);
    let (_, host) = auditor.ledger().hosts().next().unwrap();
    assert!(
        host.unknowns().any(|(scope, _)| scope == Scope::Ovnkube),
        "what was dropped is not told"
    );
}

#[test]
fn openings_and_closings_of_one_port_without_end() {
    let auditor = stays_bounded(few(), 4000, |n| match n % 2 {
        0 => crio("one", "Opened local port tcp:443"),
        _ => crio("one", "Closing host port tcp:443"),
    });
    assert_eq!(auditor.ledger().hosts().count(), 1);

    let auditor = stays_bounded(few(), 4000, |n| match n % 4 {
        0 => "2023-06-28 10:46:37 DEBUG1: zone.addPort('public', '80', 'tcp')".to_owned(),
        1 => "2023-06-28 10:46:37 DEBUG1: zone.PortAdded('public', '80', 'tcp', 0)".to_owned(),
        2 => "2023-06-28 10:46:38 DEBUG1: zone.removePort('public', '80', 'tcp')".to_owned(),
        _ => "2023-06-28 10:46:38 DEBUG1: zone.PortRemoved('public', '80', 'tcp')".to_owned(),
    });
    let history = auditor.history().unwrap();
    assert!(history.dropped() > 10_000, "{} changes dropped", history.dropped());
    let (_, host) = history.hosts().next().unwrap();
    assert!(host.kept() <= 64);
    assert!(host.dropped_up_to().any(|(origin, _)| origin == Origin::Firewalld));
}

#[test]
fn ports_of_crio_without_end() {
    // Sockets may be opened whose port is never closed, and rules may never be taken away.
    let auditor = stays_bounded(few(), 1000, |n| {
        crio("one", &format!("Opened local port tcp:{}", 1 + n % 60_000))
    });
    assert!(remarked(&auditor, Anomaly::LimitReached) > 0);
    let (_, host) = auditor.ledger().hosts().next().unwrap();
    assert!(host.unknowns().any(|(scope, _)| scope == Scope::CrioSockets));
    stays_bounded(few(), 1000, |n| {
        crio("one", &format!("Running pod sandbox: default/pod{n}/POD\" id=request{n} name=\"x"))
    });
}

#[test]
fn zones_ports_and_timers_without_end() {
    let signal = |n: usize| match n % 3 {
        0 => format!("zone.PortAdded('zone{n}', '80', 'tcp', 0)"),
        1 => format!("zone.PortAdded('public', '{}', 'tcp', 60)", 1 + n * 2 % 65_000),
        _ => format!("config.zone.{n}.Updated('zone{n}')"),
    };
    let auditor =
        stays_bounded(few(), 1000, |n| format!("2023-06-28 10:46:37 DEBUG1: {}", signal(n)));
    assert!(remarked(&auditor, Anomaly::LimitReached) > 0);
    let auditor = stays_bounded(few(), 1000, |n| {
        format!("2023-06-28 10:46:37 DEBUG1: zone.RichRuleAdded('public', 'rule {n}', 0)")
    });
    assert!(remarked(&auditor, Anomaly::LimitReached) > 0);
    stays_bounded(few(), 1000, |n| {
        format!("2023-06-28 10:46:37 DEBUG1: zone.addPort('zone{n}', '80', 'tcp')")
    });
    stays_bounded(few(), 1000, |n| {
        format!("2023-06-28 10:46:37 DEBUG1: config.ZoneAdded('zone{n}')")
    });
}

#[test]
fn sockets_of_neighbours_without_end() {
    stays_bounded(few(), 1000, |n| {
        format!(
            "I0625 09:07:00.992980       7 proxier.go:1] \"Opened local port\" port=\"\\\"nodePort for default/x{n}:http\\\" (:{}/tcp4)\"",
            1 + n % 65_000
        )
    });
}

#[test]
fn unfinished_records_of_streams_without_end() {
    // Parts of container records of which the last part never comes, each of another pod.
    stays_bounded(few(), 1000, |n| {
        format!("[pod/pod{n}/c] 2023-06-25T16:00:02.000000001Z stderr P part")
    });
    // A firewalld call that never ends, on each of many hosts.
    stays_bounded(few(), 1000, |n| {
        format!(
            "Jun 25 16:27:37 host{n} firewalld[7]: 2023-06-28 10:46:37 DEBUG1: zone.addRichRule('public', 'rule"
        )
    });
    // The same on one, with more and more lines behind it.
    stays_bounded(few(), 4000, |n| match n {
        0 => "2023-06-28 10:46:37 DEBUG1: zone.addRichRule('public', 'rule".to_owned(),
        _ => format!("and on {n}"),
    });
    // A journal entry that never ends.
    stays_bounded(few(), 4000, |n| {
        if n == 0 { "__CURSOR=x".to_owned() } else { format!("FIELD_{n}=value") }
    });
}

#[test]
fn malformed_lines_without_end() {
    let auditor = stays_bounded(few(), 2000, |n| {
        crio("one", &format!("Opened local port tcp:{}", 70_000 + n))
    });
    let (_, host) = auditor.coverage().hosts().next().unwrap();
    assert_eq!(host.counts.malformed, 16_000);
    let source = host.source(Source::Crio).unwrap();
    assert!(format!("{source:?}").len() < 10_000);
}

#[test]
fn a_line_beyond_the_limit_is_counted_and_what_it_may_have_said_is_unknown() {
    let mut auditor = Auditor::with(Expect::Auto, few());
    let long = crio(
        "one",
        &format!("Restoring iptables rules: *nat\\n{}", ":KUBE-HP-X - [0:0]\\n".repeat(1000)),
    );
    auditor.feed(long.as_bytes());
    auditor.feed("\n");
    assert_eq!(remarked(&auditor, Anomaly::LineTooLong), 1);
    let (_, host) = auditor.ledger().hosts().next().unwrap();
    assert!(host.crio().unwrap().exposed().is_err());
}

#[test]
fn good_lines_are_found_among_any_bytes() {
    let good = crio("one", "Starting CRI-O, version: 1.29.9, git: x(clean)");
    let mut noise = 0x9e37_79b9_7f4a_7c15_u64;
    let mut auditor = Auditor::new();
    let mut lines = 0;
    for round in 0..200 {
        let mut bytes: Vec<u8> = (0..round)
            .map(|_| {
                noise ^= noise << 13;
                noise ^= noise >> 7;
                noise ^= noise << 17;
                noise.to_le_bytes()[3]
            })
            .collect();
        bytes.push(b'\n');
        lines += bytes.iter().filter(|&&byte| byte == b'\n').count() + 1;
        auditor.feed(&bytes);
        auditor.feed(format!("{good}\n"));
    }
    let settled = auditor.settled();
    assert_eq!(settled.coverage().counts().lines(), lines as u64);
    let host = settled
        .coverage()
        .hosts()
        .find(|(name, _)| name.is_some_and(|name| name == "one"))
        .unwrap()
        .1;
    assert_eq!(host.counts.records, 200);
}
