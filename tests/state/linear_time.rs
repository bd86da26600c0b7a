//! Time grows with the length of the input and not faster, whatever the input: eight times the
//! bytes must not take sixteen times as long, and late lines no longer than early ones.
use hostport_audit::record::logfmt::Pairs;
use hostport_audit::record::restore::Restore;
use hostport_audit::record::rule::Rule;
use hostport_audit::record::structured::Structured;
use hostport_audit::record::transport::Prefix;
use hostport_audit::record::{crio, firewalld, klog, service_file};
use hostport_audit::{Auditor, Expect, Limits, Text};
use std::hint::black_box;
use std::time::{Duration, Instant};

/// What stands first, what is repeated, what stands last.
const INPUTS: &[(&str, &str, &str)] = &[
    ("", "a=", ""),
    ("time=\"2023-06-25 16:27:37.033003098+08:00\" level=info msg=\"", "\\", ""),
    ("time=\"2023-06-25 16:27:37.033003098+08:00\" level=info msg=\"", "\\\\", "\""),
    (
        "time=\"2023-06-25 16:27:37.033003098+08:00\" level=info msg=\"Restoring iptables rules: *nat\\n",
        "-A KUBE-HOSTPORTS -j X\\n",
        "COMMIT\\n\"",
    ),
    (
        "time=\"2023-06-25 16:27:37.033003098+08:00\" level=info msg=\"cannot open hostport ",
        "cannot open hostport ",
        "\"",
    ),
    ("time=\"2023-06-25 16:27:37.033003098+08:00\" level=info msg=\"x\"", " a=\"\"", ""),
    ("\x1b[36mINFO\x1b[0m[2023-06-25 16:27:37.033003098+08:00] x", " \x1b[36ma\x1b[0m=b", ""),
    ("2023-06-28 10:46:37 DEBUG1: config.zone.7.addPort(", "(", ""),
    ("2023-06-28 10:46:37 DEBUG1: zone.addRichRule('", "', '", "')"),
    ("2023-06-28 10:46:37 DEBUG1: config.zone.7.setPorts('", "[('", "')"),
    ("2023-06-28 10:46:37 DEBUG1: config.zone.7.setPorts('[", "('1, 'tcp'),", "]')"),
    ("2023-06-28 10:46:37 DEBUG1: zone.ZoneUpdated('public', '", "{", "')"),
    (
        "2023-06-28 10:46:37 DEBUG1: zone.ZoneUpdated('public', '{",
        "'ports': [('80', 'tcp')], ",
        "}')",
    ),
    ("2023-06-28 10:46:37 DEBUG1: zone.addRichRule('public', 'rule", "\n)", ""),
    ("{\"level\":\"info\",\"msg\":", "[", ""),
    ("{\"level\":\"info\",\"msg\":\"", "\\u0041", "\",\"time\":\"x\"}"),
    ("{", "\"a\":{\"b\":1},", "}"),
    ("I0625 09:07:00.992980 2118395 a.go:27] \"x\"", " k=\"v\"", ""),
    ("E0625 09:07:00.992980 2118395 a.go:27] ", "failed to add iptables nat/X rule \"a\": ", ""),
    (
        "I0625 09:07:00.992980 2118395 a.go:27] Adding rule in table: nat, chain: X with args: \"",
        "-m comment --comment a ",
        "\" for protocol: 0 ",
    ),
    (
        "I0625 09:07:00.992980 2118395 a.go:27] Adding iptables rules: [",
        "{nat X [-p TCP] 0} ",
        "] for service: x",
    ),
    ("-p tcp --dports ", "1,", "2"),
    ("", "! ", ""),
    ("-m comment --comment \"", "\\\"", "\""),
    ("", "[pod/a/b] ", ""),
    ("", "$ ", ""),
    ("", "1:", ""),
    ("", " ", ""),
    ("", "\n", ""),
    ("", "\r\n", ""),
    ("", "-- Boot x --\n", ""),
    ("__CURSOR=x\n", "MESSAGE\n", ""),
    ("__CURSOR=x\n", "A=b\n", ""),
    ("{\n", "\t\"A\" : \"b\",\n", "}\n"),
    ("", "2023-06-25T16:00:02.000000001Z stderr P x\n", ""),
    ("", "Jun 25 16:27:37 one crio[7]: time=\"x\n", ""),
    ("<service>", "<port port=\"1\" protocol=\"tcp\"/>", "</service>"),
    ("<service>", "<!-- ", ""),
    ("<service><short>", "&amp;", "</short></service>"),
    ("public (active)\n", "  ports: 80/tcp\n", ""),
    ("public\n  ports: ", "80/tcp ", "\n"),
];

/// Every parser and every way to audit, by name.
fn readers() -> Vec<(&'static str, fn(&[u8]))> {
    fn audit(bytes: &[u8]) {
        let mut auditor =
            Auditor::with(Expect::Auto, Limits { max_line: 64 << 20, ..Limits::default() });
        auditor.feed(bytes);
        auditor.finish();
        black_box(auditor.coverage().counts());
    }
    vec![
        ("audit", audit),
        ("firewalld", |bytes| {
            if let hostport_audit::record::Reading::Record(record) = firewalld::Record::parse(bytes)
            {
                black_box(record.call().map(|call| (call.tuples(), call.names(), call.settings())));
            }
        }),
        ("crio", |bytes| drop(black_box(crio::Record::parse(bytes)))),
        ("cut", |bytes| drop(black_box(crio::Cut::of(bytes)))),
        ("klog", |bytes| drop(black_box(klog::Record::parse(bytes)))),
        ("structured", |bytes| {
            drop(black_box(Structured::parse(bytes).map(|s| s.pairs().count())))
        }),
        ("logfmt", |bytes| {
            black_box(Pairs::new(bytes).count());
        }),
        ("rule", |bytes| drop(black_box(Rule::parse(bytes).map(|rule| rule.options().count())))),
        ("restore", |bytes| {
            drop(black_box(Restore::parse(Text::borrowed(bytes)).map(|r| r.lines().count())))
        }),
        ("prefix", |bytes| drop(black_box(Prefix::of_line(bytes)))),
        ("service file", |bytes| drop(black_box(service_file::parse(bytes)))),
    ]
}

fn input(&(first, repeated, last): &(&str, &str, &str), length: usize) -> Vec<u8> {
    let mut bytes = first.as_bytes().to_vec();
    while bytes.len() < length {
        bytes.extend_from_slice(repeated.as_bytes());
    }
    bytes.extend_from_slice(last.as_bytes());
    bytes
}

/// How long this thread has been running: other work on the machine does not count, where the
/// kernel tells them apart.
fn run_time(since: Instant) -> Duration {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanos = told.and_then(|told| told.split(' ').next()?.parse().ok());
    nanos.map_or_else(|| since.elapsed(), Duration::from_nanos)
}

fn time(reader: fn(&[u8]), bytes: &[u8], enough: Duration) -> Duration {
    let since = Instant::now();
    let mut least = Duration::MAX;
    for _ in 0..4 {
        let start = run_time(since);
        reader(black_box(bytes));
        least = least.min(run_time(since).saturating_sub(start));
        if least <= enough {
            break;
        }
    }
    least
}

#[test]
fn eight_times_the_bytes_take_no_sixteen_times_the_time() {
    const SMALL: usize = 8 << 10;
    // The kernel's clock of a thread goes by steps as long as this.
    const STEP: Duration = Duration::from_millis(4);
    let mut slow = Vec::new();
    for shape in INPUTS {
        let (small, large) = (input(shape, SMALL), input(shape, SMALL * 8));
        for (name, reader) in readers() {
            let eight = time(reader, &large, STEP * 16);
            if eight > STEP * 16 {
                let one = time(reader, &small, Duration::ZERO);
                if eight > one.max(STEP) * 16 {
                    slow.push(format!("{name}: {one:?}, then {eight:?} for {shape:?}"));
                }
            }
        }
    }
    assert!(slow.is_empty(), "{slow:#?}");
}

/// Inputs of the size that an attacker would take; anything that is not linear would not come to an
/// end here.
#[test]
fn large_hostile_lines_are_read_to_their_end() {
    let lines = [
        "a=".repeat(5 << 20),
        format!(
            "time=\"2023-06-25 16:27:37.033003098+08:00\" level=info msg=\"{}",
            "\\".repeat(1 << 20)
        ),
        format!("2023-06-28 10:46:37 DEBUG1: config.zone.7.addPort({}", "(".repeat(1 << 20)),
    ];
    for limits in [
        Limits::default(),
        Limits { max_line: 64 << 20, max_record: 64 << 20, ..Limits::default() },
    ] {
        let mut auditor = Auditor::with(Expect::Auto, limits);
        for line in &lines {
            auditor.feed(line);
            auditor.feed("\n2023-06-28 10:46:37 DEBUG1: start()\n");
        }
        auditor.finish();
        let counts = auditor.coverage().counts();
        assert_eq!(counts.lines(), 6, "{counts:?}");
        assert!(counts.malformed >= 2, "{counts:?}");
    }
}

/// Logs whose lines all differ, by the number of the line: what they leave behind grows as long as
/// a limit lets it.
const LOGS: &[(&str, fn(usize) -> String)] = &[
    ("pods that never get started", |n| {
        format!(
            "{CRIO}\"Running pod sandbox: default/p{n}/POD\" id=r{n}\n{CRIO}\"Opened local port tcp:{}\"\n",
            n % 60_000 + 1
        )
    }),
    ("pods that fail, with others under way", |n| {
        let running = format!("{CRIO}\"Running pod sandbox: default/p{n}/POD\" id=r{n}\n");
        let failed = format!(
            "{CRIO}\"NetworkStart: stopping network for sandbox {n:064x}\" id=r{}\n",
            n / 2
        );
        format!("{running}{CRIO}\"Opened local port tcp:{}\"\n{failed}", n % 60_000 + 1)
    }),
    ("pods that start without rules", |n| {
        let running = format!(
            "{CRIO}\"Running pod sandbox: default/p{n}/POD\" id=r{n}\n{CRIO}\"Opened local port udp:{}\"\n",
            n % 60_000 + 1
        );
        format!(
            "{running}{CRIO}\"Ran pod sandbox {n:064x} with infra container: default/p{}/POD\" id=r{n}\n",
            n / 2
        )
    }),
    ("one port that is opened again and again", |n| {
        format!("{CRIO}\"Opened local port tcp:80\" x={n}\n")
    }),
    ("sandboxes that are stopped without an end", |n| {
        format!("{CRIO}\"Stopping pod sandbox: {n:064x}\" id=r{n}\n")
    }),
    ("rules that come and are cut", |n| {
        let rule = |n: usize| {
            format!(
                "-I KUBE-HOSTPORTS -m comment --comment \\\"k8s_p{n}_default_u_0_ hostport {n}\\\" -m tcp -p tcp --dport {n} -j KUBE-HP-{n:016}\\n"
            )
        };
        format!(
            "{CRIO}\"Running pod sandbox: default/p{n}/POD\" id=r{n}\n{CRIO}\"Restoring iptables rules: *nat\\n{}\n",
            rule(n % 60_000 + 1)
        )
    }),
    ("ports with a time", |n| {
        let port = n % 60_000 + 1;
        format!(
            "{FWD}zone.addPort('public', '{port}', 'tcp')\n{FWD}zone.PortAdded('public', '{port}', 'tcp', 3600)\n"
        )
    }),
    ("rules that are added and not removed", |n| {
        let port = n % 60_000 + 1;
        let args = format!(
            "-p TCP -m addrtype --dst-type LOCAL --dport {port} -j DNAT --to-destination 10.96.0.1:{n}"
        );
        format!(
            "I0625 09:07:00.992980 2118395 iptables.go:27] Adding rule in table: nat, chain: OVN-KUBE-NODEPORT with args: \"{args}\" for protocol: 0 \n"
        )
    }),
    ("containers each with a part of a line", |n| {
        format!("[pod/p{n}/c] 2023-06-25T16:00:02.000000001Z stderr P x\n")
    }),
    ("hosts", |n| format!("Jun 25 16:27:37 host{n} crio[7]: {CRIO}\"Opened local port tcp:80\"\n")),
    ("processes", |n| {
        format!("Jun 25 16:27:37 host crio[{n}]: {CRIO}\"Opened local port tcp:80\"\n")
    }),
];

const CRIO: &str = "time=\"2023-06-25 16:27:37.033003098+08:00\" level=info msg=";
const FWD: &str = "2023-06-28 10:46:37 DEBUG1: ";

/// How long the second thousand lines of a log take, and the eighth.
fn early_and_late(line: fn(usize) -> String) -> (Duration, Duration) {
    let mut auditor = Auditor::new();
    let since = Instant::now();
    let mut timed = |from: usize, to: usize| {
        let lines: String = (from..to).map(line).collect();
        let start = run_time(since);
        auditor.feed(&lines);
        run_time(since).saturating_sub(start)
    };
    timed(0, 1000);
    let early = timed(1000, 2000);
    timed(2000, 7000);
    let late = timed(7000, 8000);
    auditor.finish();
    black_box(auditor.coverage().counts());
    (early, late)
}

#[test]
fn late_lines_take_no_longer_than_early_ones() {
    let mut slow = Vec::new();
    for (name, line) in LOGS {
        let grows =
            |(early, late): (Duration, Duration)| late > early.max(Duration::from_millis(10)) * 3;
        let mut times = early_and_late(*line);
        if grows(times) {
            // Other work on the machine may have come in between; what grows with the log does so
            // again.
            let again = early_and_late(*line);
            times = (times.0.max(again.0), times.1.min(again.1));
        }
        if grows(times) {
            slow.push(format!("{name}: {times:?}"));
        }
    }
    assert!(slow.is_empty(), "{slow:#?}");
}
