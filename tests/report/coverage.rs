//! Laws of coverage: every line counted once, parts of a log add up, hosts join in any order.

use hostport_audit::event::{Anomaly, EventKind, Finding, FindingKind, Source, journal};
use hostport_audit::report::{Coverage, Reason, Verdict};
use hostport_audit::{ByteSpan, ErrorKind, InputId, Limits, LineRef, ParseError, Stamp, Text};
use proptest::prelude::*;

type Kind = FindingKind<'static>;

fn kind() -> impl Strategy<Value = Kind> {
    let source = || prop::sample::select(Source::ALL.to_vec());
    prop_oneof![
        4 => source().prop_map(FindingKind::Plain),
        3 => Just(FindingKind::Unrelated),
        1 => (prop::option::of(source()), 0usize..90).prop_map(|(source, offset)| FindingKind::Malformed {
            source,
            error: ParseError::new(ErrorKind::Port, offset, "a digit"),
        }),
        1 => Just(FindingKind::Event(EventKind::Journal(journal::Event::Boot { id: None }))),
        1 => (0u64..9).prop_map(|count| FindingKind::Event(EventKind::Journal(journal::Event::Suppressed {
            count,
            unit: Text::from("crio.service"),
            source: Some(Source::Crio),
        }))),
        1 => Just(FindingKind::Anomaly(Anomaly::NoHeader)),
        1 => Just(FindingKind::Anomaly(Anomaly::Gap)),
    ]
}

fn stamp() -> impl Strategy<Value = Option<Stamp>> {
    let texts = [
        "2024-05-01T10:00:00Z",
        "2024-05-01T09:00:00Z",
        "2024-05-01T10:00:00.5+08:00",
        "--12-31T23:59:59",
        "--01-01T00:00:00",
    ];
    prop::option::of(prop::sample::select(
        texts.map(|text| text.parse::<Stamp>().unwrap()).to_vec(),
    ))
}

fn findings() -> impl Strategy<Value = Vec<Finding<'static>>> {
    let hosts = || prop::sample::select(vec![None, Some("n1"), Some("n2")]);
    prop::collection::vec((kind(), 1u64..4, hosts(), stamp(), 0u32..2), 0..60).prop_map(|rows| {
        let rows = rows.into_iter().enumerate();
        rows.map(|(nth, (kind, lines, host, stamp, input))| Finding {
            at: LineRef::new(InputId::new(input), nth as u64 + 1, ByteSpan::default()),
            lines: if matches!(kind, FindingKind::Anomaly(_)) { 0 } else { lines },
            host: host.map(Text::from),
            boot: None,
            clock: None,
            stamp,
            kind,
        })
        .collect()
    })
}

fn read(findings: &[Finding<'_>], limits: Limits) -> Coverage {
    let mut coverage = Coverage::new(limits);
    findings.iter().for_each(|finding| coverage.count(finding));
    coverage
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn every_line_is_counted_once(findings in findings(), max_hosts in 0usize..4) {
        let coverage = read(&findings, Limits { max_hosts, ..Limits::default() });
        let counts = coverage.counts();
        prop_assert_eq!(counts.lines(), findings.iter().map(|finding| finding.lines).sum::<u64>());
        prop_assert_eq!(counts.lines(), counts.records + counts.unrelated + counts.malformed);
        prop_assert!(coverage.hosts().count() <= max_hosts);
        for (_, host) in coverage.hosts() {
            let by_source: u64 = host.sources.values().map(|source| source.records).sum();
            prop_assert!(by_source <= host.counts.records);
            prop_assert_eq!(host.counts.anomalies, host.anomalies.values().sum::<u64>());
        }
    }

    #[test]
    fn parts_add_up_in_any_tree(findings in findings(), a in 0usize..60, b in 0usize..60, max_samples in 0usize..4) {
        let (a, b) = (a.min(b).min(findings.len()), a.max(b).min(findings.len()));
        let limits = Limits { max_samples, ..Limits::default() };
        let whole = read(&findings, limits);
        let part = |from: usize, to: usize| read(&findings[from..to], limits);
        let left = part(0, a).then(part(a, b)).then(part(b, findings.len()));
        let right = part(0, a).then(part(a, b).then(part(b, findings.len())));
        // A clock that goes back just at a seam is sampled at the seam, so samples may stand in another order.
        prop_assert_eq!(without_samples(&left), without_samples(&whole));
        prop_assert_eq!(without_samples(&right), without_samples(&whole));
    }

    #[test]
    fn hosts_join_in_any_order(findings in findings()) {
        let limits = Limits::default();
        let of = |name: Option<&str>| {
            let own: Vec<_> = findings.iter().filter(|f| f.host == name.map(Text::from)).cloned().collect();
            read(&own, limits)
        };
        let whole = read(&findings, limits);
        prop_assert_eq!(of(None).then(of(Some("n1"))).then(of(Some("n2"))), whole.clone());
        prop_assert_eq!(of(Some("n2")).then(of(None)).then(of(Some("n1"))), whole);
    }
}

fn without_samples(
    coverage: &Coverage,
) -> Vec<(Option<Text<'static>>, hostport_audit::report::HostCoverage)> {
    coverage
        .hosts()
        .map(|(name, host)| {
            let mut host = host.clone();
            host.remark_samples.clear();
            (name.cloned(), host)
        })
        .collect()
}

fn line(stamp: &str, kind: Kind) -> Finding<'static> {
    Finding {
        at: LineRef::default(),
        lines: 1,
        host: None,
        boot: None,
        clock: None,
        stamp: stamp.parse().ok(),
        kind,
    }
}

#[test]
fn nothing_understood_and_nothing_open_do_not_look_alike() {
    let silent = read(&[line("", FindingKind::Unrelated)], Limits::default());
    let host = silent.host(None).unwrap();
    for source in Source::ALL {
        assert_eq!(host.verdict(source), Verdict::Silent);
    }
    let mute = read(&[line("", FindingKind::Plain(Source::Ovnkube))], Limits::default());
    let verdict = mute.host(None).unwrap().verdict(Source::Ovnkube);
    assert!(
        matches!(&verdict, Verdict::CannotSpeak { reasons } if reasons.contains(&Reason::NoRuleLines)),
        "{verdict}"
    );
}

#[test]
fn a_clock_that_goes_back_is_counted_once_and_a_new_year_is_none() {
    let plain = |stamp: &str| line(stamp, FindingKind::Plain(Source::Firewalld));
    let back = |stamps: &[&str]| {
        let findings: Vec<_> = stamps.iter().map(|stamp| plain(stamp)).collect();
        let coverage = read(&findings, Limits::default());
        let count = coverage.anomalies().get(&Anomaly::ClockBack).copied().unwrap_or(0);
        assert_eq!(coverage.host(None).unwrap().sources[&Source::Firewalld].clock_back, count);
        count
    };
    assert_eq!(back(&["2023-11-05T01:59:59", "2023-11-05T01:00:02", "2023-11-05T01:00:03"]), 1);
    assert_eq!(back(&["--12-31T23:59:59", "--01-01T00:00:00"]), 0);
    assert_eq!(back(&["--06-25T10:00:00", "--06-24T23:00:00"]), 1);
    assert_eq!(
        back(&["--06-25T10:00:00.000200", "--06-25T10:00:00.000100"]),
        0,
        "threads overtake each other"
    );
    assert_eq!(
        back(&["2023-11-05T01:59:59", "2023-11-05T01:00:02Z"]),
        0,
        "times of two forms cannot be compared"
    );
}

#[test]
fn malformed_lines_are_kept_with_place_and_reason_up_to_the_limit() {
    let error = ParseError::new(ErrorKind::Port, 7, "a digit").with_found(Some(b'+'));
    let broken = || line("", FindingKind::Malformed { source: Some(Source::Crio), error });
    let coverage =
        read(&[broken(), broken(), broken()], Limits { max_samples: 2, ..Limits::default() });
    let host = coverage.host(None).unwrap();
    assert_eq!((host.counts.malformed, host.malformed.len()), (3, 2));
    assert_eq!(host.malformed[0].reason, "bad port at byte 7: expected a digit, found '+'");
    assert_eq!((host.malformed[0].kind, host.malformed[0].offset), (ErrorKind::Port, 7));
    assert_eq!(host.sources[&Source::Crio].malformed, 3);
}
