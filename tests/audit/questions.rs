//! The questions of an auditor, each asked of real logs: of one, of several logs of one host, of
//! many hosts.

use crate::common;

use common::corpus;
use hostport_audit::event::firewalld::Layer;
use hostport_audit::report::{
    AllowList, Beginning, Debounce, End, HostReport, Moment, Origin, PortState, Reason, Report,
    Role, Summary, Verdict,
};
use hostport_audit::state::evidence::Certainty;
use hostport_audit::state::opening::Holder;
use hostport_audit::time::{Duration, UtcOffset};
use hostport_audit::{Auditor, HostPort, InputId, Segment, Source, Text, Timeline, YearRule};

fn timeline() -> Timeline {
    Timeline::new().offset(UtcOffset::UTC).year(YearRule::Fixed(2026))
}

fn port(text: &str) -> HostPort {
    text.parse().unwrap()
}

/// The first lines of a log of the corpus.
fn lines(name: &str, count: usize) -> Vec<u8> {
    corpus::file(name)
        .bytes
        .split_inclusive(|byte| *byte == b'\n')
        .take(count)
        .flatten()
        .copied()
        .collect()
}

fn whole(name: &str) -> Vec<u8> {
    corpus::file(name).bytes
}

/// One host whose logs are read one after another.
fn audit(logs: &[&[u8]]) -> Auditor {
    let mut auditor = Auditor::new().keeping_history().of_host("rhel92");
    for (number, log) in (0..).zip(logs) {
        auditor.next_input(InputId::new(number));
        auditor.feed(log);
    }
    auditor.finish();
    auditor
}

fn report(logs: &[&[u8]]) -> Report {
    audit(logs).report(&timeline())
}

fn only(report: &Report) -> &HostReport {
    let [host] = report.hosts.as_slice() else { panic!("{} hosts", report.hosts.len()) };
    host
}

/// The three logs of one host, each cut while something is open.
fn three_logs() -> [Vec<u8>; 3] {
    [
        include_bytes!("../../examples/sample/sample.log")
            .split_inclusive(|b| *b == b'\n')
            .skip(17)
            .take(75)
            .flatten()
            .copied()
            .collect(),
        lines("crio/scenarios/restart.log", 23),
        lines("ovnk/era_2024_12/update.log", 66),
    ]
}

fn three() -> Report {
    let logs = three_logs();
    report(&[&logs[0], &logs[1], &logs[2]])
}

#[test]
fn q1_what_is_open_now_by_source_and_how_sure() {
    // One log: sockets and rules stand apart, with their lines.
    let crio = report(&[&lines("crio/scenarios/restart.log", 23)]);
    let facts: Vec<(String, Role, Certainty)> = only(&crio)
        .open
        .ports
        .iter()
        .flat_map(|open| {
            open.facts.iter().map(|fact| (open.port.to_string(), fact.role, fact.support.certainty))
        })
        .collect();
    let of = |port: &str, role| (port.to_owned(), role, Certainty::Confirmed);
    assert_eq!(
        facts,
        [
            of("53/udp", Role::Exposed),
            of("80/tcp", Role::Exposed),
            of("80/tcp", Role::Held),
            of("443/tcp", Role::Exposed)
        ]
        .into_iter()
        .collect::<Vec<_>>()
    );

    // Several logs of one host: one view by port, and what a silent source leaves open.
    let report = three();
    let host = only(&report);
    assert_eq!(host.state_by(Origin::Firewalld, port("8081/tcp")), PortState::Open);
    assert_eq!(
        host.state_by(Origin::Ovnkube, port("8081/tcp")),
        PortState::Closed,
        "it was seen to start from nothing"
    );
    assert_eq!(host.state_by(Origin::Ovnkube, port("30100/tcp")), PortState::Open);
    assert_eq!(host.state(port("80/tcp")), PortState::Open);
    assert_eq!(
        host.state(port("8082/tcp")),
        PortState::Unknown,
        "services of the zone are not told"
    );
    let rows = host.open.rows();
    assert!(
        rows.iter()
            .any(|row| (row.port.as_str(), row.source.as_str()) == ("8081", "firewalld runtime"))
    );
    assert!(
        rows.iter()
            .any(|row| (row.port.as_str(), row.source.as_str()) == ("8081", "firewalld permanent"))
    );
    assert!(rows.is_sorted_by_key(|row| {
        row.port.split('-').next().and_then(|first| first.parse::<u16>().ok())
    }));

    // Many hosts.
    let mut many = Auditor::new();
    let node = |name: &str| {
        String::from_utf8(lines("crio/scenarios/restart.log", 23)).unwrap().replace("rhel92", name)
    };
    many.feed(node("n1"));
    many.feed(node("n2").replace("tcp:443", "tcp:444").replace("443", "444"));
    let many = many.report(&timeline());
    let hosts: Vec<String> =
        many.hosts.iter().map(|host| host.host.clone().unwrap().to_string()).collect();
    assert_eq!(hosts, ["n1", "n2"]);
    assert_eq!(many.host(Some("n1")).unwrap().state(port("443/tcp")), PortState::Open);
    assert_ne!(many.host(Some("n2")).unwrap().state(port("443/tcp")), PortState::Open);
}

#[test]
fn q2_what_was_open_at_a_time_is_what_the_lines_up_to_it_say() {
    let log = whole("crio/scenarios/restart.log");
    let auditor = audit(&[&log]);
    let (name, history) = auditor.history().unwrap().hosts().next().unwrap();
    assert_eq!(name.map(Text::to_string).as_deref(), Some("rhel92"));
    let end = log.split_inclusive(|byte| *byte == b'\n').count();
    for line in 0..=end {
        let then =
            history.at(Moment::Line { input: InputId::default(), line: line as u64 }, &timeline());
        let cut = report(&[&lines("crio/scenarios/restart.log", line)]);
        let now: Vec<String> = cut
            .hosts
            .iter()
            .flat_map(|host| &host.open.ports)
            .map(|open| open.port.to_string())
            .collect();
        let mut open: Vec<String> =
            then.open.iter().map(|open| open.opening.port.unwrap().to_string()).collect();
        open.dedup();
        assert_eq!(open, now, "line {line}");
    }
    // The same by time; the stamp of the last line of the cut.
    let stamp = "2023-06-25T16:24:16.995+08:00".parse().unwrap();
    let hostport_audit::Stamp::Instant(instant) = stamp else { panic!() };
    let then = history.at(Moment::Time(instant), &timeline());
    let mut until = Auditor::new().until(instant, timeline());
    until.feed(&log);
    let until = until.report(&timeline());
    assert_eq!(then.open.len(), until.rows().count());
    assert!(!then.open.is_empty());
}

#[test]
fn q3_when_was_a_port_open_how_long_how_often() {
    let auditor = audit(&[&whole("ovnk/era_2024_12/random.log")]);
    let history = auditor.history().unwrap().hosts().next().unwrap().1;
    let debounce = Debounce::within(Duration::SECOND).or_lines(100);
    let (mut flaps, mut joined, mut lasted) = (0, 0, 0);
    for port in history.all() {
        let settled = port.settled(debounce, &timeline());
        assert_eq!(settled.history.flaps() + settled.joined as usize, port.flaps());
        flaps += port.flaps();
        joined += settled.joined;
        lasted +=
            usize::from(port.open_for(&timeline()).is_some_and(|time| time >= Duration::ZERO));
        for interval in &port.intervals {
            assert!(
                interval
                    .beginning
                    .by()
                    .is_none_or(|from| interval.end.by().is_none_or(|to| from.at <= to.at))
            );
        }
    }
    assert!(flaps > 10 && joined > 10 && lasted > 10, "{flaps} {joined} {lasted}");

    // An update replaces all rules within milliseconds.
    let update = audit(&[&whole("ovnk/seed_era/update.log")]);
    let history = update.history().unwrap().hosts().next().unwrap().1;
    let kept = &history.port(port("30100/tcp"))[0];
    assert!(kept.flaps() > 0 && kept.settled(debounce, &timeline()).history.flaps() == 0, "{kept}");
}

#[test]
fn q4_opened_and_never_closed_closed_and_never_opened() {
    let auditor = audit(&[&lines("crio/scenarios/restart.log", 23)]);
    let history = auditor.history().unwrap().hosts().next().unwrap().1;
    let open: Vec<String> =
        history.never_closed().iter().map(|port| port.port.unwrap().to_string()).collect();
    assert_eq!(open, ["53/udp", "80/tcp", "80/tcp", "443/tcp"]);
    assert!(history.never_opened().is_empty());

    // A log that begins behind the opening: the closing shows that it was open.
    let log = whole("firewalld/v1.3.3/runtime-add-remove.log");
    let signal = b"zone.PortAdded('public', '8080', 'tcp'";
    let behind = log.windows(signal.len()).position(|window| window == signal).unwrap();
    let behind = behind + log[behind..].iter().position(|byte| *byte == b'\n').unwrap() + 1;
    let late = audit(&[&log[behind..]]);
    let never = late.history().unwrap().hosts().next().unwrap().1.never_opened();
    let web = never
        .iter()
        .find(|one| one.port == Some(port("8080/tcp")))
        .expect("closed and never opened");
    assert!(
        web.intervals[0].beginning == Beginning::NotSeen
            && matches!(web.intervals[0].end, End::Closed { .. }),
        "{web}"
    );

    // The documented filter ate the closings: nothing is claimed to be open, and the reason is
    // named.
    let report = report(&[&whole("crio/more/grep-local-port.log")]);
    let host = only(&report);
    assert!(
        host.open.ports.iter().flat_map(|open| &open.facts).all(|fact| fact.role != Role::Held)
    );
    let Verdict::SpeaksPartly { reasons } = &host.sources[&Source::Crio].verdict else {
        panic!("{}", host.sources[&Source::Crio].verdict)
    };
    assert!(
        reasons.contains(&Reason::OnlyPortLines) && reasons.contains(&Reason::NoClosings),
        "{reasons:?}"
    );
}

#[test]
fn q5_who_holds_it() {
    let report = three();
    let host = only(&report);
    let holders: Vec<&Holder> =
        host.open.ports.iter().flat_map(|open| &open.facts).map(|fact| &fact.holder).collect();
    let zone = Holder::ZonePort { zone: Text::from("public"), layer: Layer::Runtime };
    assert!(holders.contains(&&zone));
    assert!(holders.iter().any(|holder| matches!(holder, Holder::CrioRule { pod, target, .. }
        if hostport_audit::report::pod_and_namespace(pod) == Some(("late", "default")) && *target == "10.42.0.8:8080")));
    assert!(holders.iter().any(|holder| matches!(holder, Holder::NodePort { address: None, .. })));
    let external = self::report(&[&lines("ovnk/seed_era/externalip.log", 80)]);
    let all = external.hosts.iter().flat_map(|host| host.history.as_ref().unwrap().ports.clone());
    assert!(all.into_iter().any(
        |port| matches!(port.holder, Holder::ExternalIp { address, .. } if address.is_ipv4())
    ));
    let why = host.why(port("80/tcp"));
    assert!(
        why.to_string().contains("exposed by pod default/late at 10.42.0.8:8080 (crio rule)"),
        "{why}"
    );
    assert!(why.evidence().is_sorted() && why.evidence().len() >= 2);
}

#[test]
fn q6_what_is_not_on_the_allow_list_and_what_of_it_never_appeared() {
    let list = AllowList::from_csv(
        "Direction,Protocol,Port,Namespace,Service,Pod,Container,NodeGroup,Optional\n\
         Ingress,TCP,80,,,,,,false\n\
         Ingress,TCP,30000-32767,,Kubelet node ports,,,,false\n\
         Ingress,UDP,53,,,,,,true\n",
    )
    .unwrap();
    let comparison = list.check(&three());
    let host = &comparison.hosts[0];
    let unexpected: Vec<String> = host.unexpected.iter().map(|one| one.port.to_string()).collect();
    assert_eq!(unexpected, ["443/tcp", "8081/tcp"]);
    let seen: Vec<u16> = host.seen.iter().map(|listed| listed.row.port).collect();
    assert_eq!(seen, [80, 53]);
    assert!(!host.missing.is_empty() && !comparison.is_clean());
    assert!(
        comparison.to_string().contains(
            "\n- Ingress,TCP,443,default,,survivor,,,false   # open: pod default/survivor"
        ),
        "{comparison}"
    );
}

#[test]
fn q7_was_the_source_able_to_tell() {
    let verdict =
        |log: &str, source| only(&report(&[&whole(log)])).sources[&source].verdict.clone();
    let reasons = |verdict: Verdict| match verdict {
        Verdict::SpeaksPartly { reasons } | Verdict::CannotSpeak { reasons } => reasons,
        other => panic!("{other}"),
    };
    assert_eq!(verdict("crio/scenarios/plain.log", Source::Crio), Verdict::Speaks);
    assert_eq!(verdict("crio/scenarios/plain.log", Source::Ovnkube), Verdict::Silent);
    assert_eq!(verdict("ovnk/era_2024_12/nodeport.log", Source::Ovnkube), Verdict::Speaks);
    assert!(
        reasons(verdict("crio/more/version-plain-1.36-ipt.log", Source::Crio))
            .contains(&Reason::NoSocketLinesInVersion)
    );
    assert!(
        reasons(verdict("crio/more/version-plain-1.36-nft.log", Source::Crio))
            .contains(&Reason::NoRulesOnNftables)
    );
    assert!(
        reasons(verdict("firewalld/v1.3.3/clock-dst.log", Source::Firewalld))
            .contains(&Reason::ClockWentBack)
    );

    // Log level 4, MicroShift's default: records of ovnkube, but no rule lines.
    let quiet = String::from_utf8(whole("ovnk/era_2024_12/nodeport.log"))
        .unwrap()
        .replace("Level:5", "Level:4");
    let quiet: String = quiet
        .lines()
        .filter(|line| !line.contains("iptables"))
        .map(|line| format!("{line}\n"))
        .collect();
    let report = report(&[quiet.as_bytes()]);
    let host = only(&report);
    assert!(
        matches!(&host.sources[&Source::Ovnkube].verdict, Verdict::CannotSpeak { reasons } if reasons.contains(&Reason::LogLevelTooLow))
    );
    assert_eq!(host.state(port("30080/tcp")), PortState::Unknown);
    // "No open port" and "understood nothing" do not look alike.
    let nothing = self::report(&[b"a line of something else\n"]);
    assert!(
        nothing.to_string().starts_with(
            "nothing was read: no line of firewalld, CRI-O or ovnkube (lines in all: 1)\n"
        ) && nothing.counts.unrelated == 1
    );
    assert!(nothing.is_of_nothing());
}

#[test]
fn q8_requested_permanent_runtime_confirmed_failed() {
    let report = report(&[&whole("firewalld/v1.3.3/permanent-add-reload.log")]);
    let history = only(&report).history.as_ref().unwrap();
    let of = |layer| move |holder: &Holder| matches!(holder, Holder::ZonePort { layer: own, .. } if *own == layer);
    let first = |layer: Layer| {
        let own = history.ports.iter().filter(|port| of(layer)(&port.holder));
        own.flat_map(|port| &port.intervals)
            .filter_map(|interval| match interval.beginning {
                Beginning::Opened { by, request } => {
                    Some((by.at.line(), request.map(|request| request.at.line())))
                }
                _ => None,
            })
            .min()
    };
    let (permanent, runtime) = (first(Layer::Permanent).unwrap(), first(Layer::Runtime).unwrap());
    assert!(permanent.0 < runtime.0, "nothing permanent is open before the reload");
    assert!(
        permanent.1.is_some_and(|request| request < permanent.0),
        "the request stands before what confirms it"
    );

    // Requests that failed open nothing.
    let failing = self::report(&[&whole("firewalld/v1.3.3/failing-runtime.log")]);
    let ports =
        only(&failing).open.ports.iter().map(|open| open.port.to_string()).collect::<Vec<_>>();
    let text = String::from_utf8(whole("firewalld/v1.3.3/failing-runtime.log")).unwrap();
    assert!(
        text.contains("zone.addPort('public', '99999', 'tcp')") || text.contains("INVALID_PORT")
    );
    assert!(ports.iter().all(|port| text.contains("PortAdded") && !port.starts_with("99999")));
}

#[test]
fn q9_which_lines_were_refused_and_why() {
    let mut log = whole("crio/scenarios/plain.log");
    log.extend_from_slice(b"Jun 25 16:27:37 rhel92 crio[77216]: time=\"2023-06-25 16:27:37.033003098+08:00\" level=info msg=\"Opened local port tcp:443\n");
    let report = report(&[&log]);
    let host = only(&report);
    assert_eq!(host.coverage.counts.malformed, 1);
    let refused = &host.coverage.malformed_samples[0];
    let last = log.split_inclusive(|byte| *byte == b'\n').count() as u64;
    assert_eq!((refused.at.line(), refused.source), (last, Some(Source::Crio)));
    assert!(refused.reason.contains("expected") && refused.offset > 0, "{}", refused.reason);
    assert!(report.to_string().contains(&format!("line {last}: {}", refused.reason)));
    assert_eq!(report.counts.lines(), last);
}

#[test]
fn q10_the_answer_stays_the_same_however_it_is_computed() {
    let log = include_bytes!("../../examples/sample/sample.log");
    let digest = |auditor: &Auditor| auditor.report(&timeline()).digest();
    let mut whole = Auditor::new().keeping_history();
    whole.feed(log);
    let mut chunks = Auditor::new().keeping_history();
    log.chunks(7).for_each(|chunk| chunks.feed(chunk));
    assert_eq!(digest(&whole), digest(&chunks));
    let middle =
        log.len() / 2 + log[log.len() / 2..].iter().position(|byte| *byte == b'\n').unwrap() + 1;
    let part = |bytes| {
        Segment::read(bytes, hostport_audit::Expect::Auto, hostport_audit::Limits::default())
    };
    let mut joined = Auditor::new().keeping_history();
    joined.append(&part(&log[..middle]).then(part(&log[middle..])));
    assert_eq!(digest(&whole), digest(&joined));

    // Many nodes, in any order: each host by itself, joined in a summary.
    let node = |name: &str| {
        let mut auditor = Auditor::new().keeping_history();
        auditor.feed(
            String::from_utf8(lines("crio/scenarios/restart.log", 23))
                .unwrap()
                .replace("rhel92", name),
        );
        auditor.finish();
        let mut summary = Summary::default();
        for (host, history) in auditor.history().unwrap().hosts() {
            history.events().for_each(|(by, changes)| summary.record(host, by, changes));
        }
        summary
    };
    let (a, b, c) = (node("n1"), node("n2"), node("n3"));
    let joined = a.clone().join(b.clone()).join(c.clone());
    assert_eq!(joined, c.join(a.clone()).join(b).join(a));
    assert_eq!(joined.hosts().count(), 3);
    assert_eq!(joined.state(Some(&Text::from("n2")), port("80/tcp")), PortState::Open);
}
