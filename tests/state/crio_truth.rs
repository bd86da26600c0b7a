//! CRI-O's real logs against what the kernel said after each step, in every form in which the lines
//! were wrapped.

use crate::common;

use common::corpus;
use hostport_audit::event::Source;
use hostport_audit::state::Facts;
use hostport_audit::state::crio::{Crio, DnatRule, Statement};
use hostport_audit::{Auditor, Expect, HostPort, Limits};
use std::collections::{BTreeMap, BTreeSet};

#[derive(serde::Deserialize)]
struct Step {
    line: usize,
    open: BTreeSet<String>,
    exposed: BTreeSet<String>,
    dnat: BTreeSet<String>,
    note: String,
}

/// What a log tells of the truth after each step, counted.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
struct Score {
    right: usize,
    unknown: usize,
    wrong: Vec<String>,
}

fn steps(name: &str) -> Option<Vec<Step>> {
    let truth = corpus::root().join(name.replace(".log", ".truth.jsonl"));
    let text = std::fs::read_to_string(truth).ok()?;
    Some(text.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
}

fn ports(words: &BTreeSet<String>) -> BTreeSet<HostPort> {
    words.iter().map(|word| word.parse().unwrap()).collect()
}

fn rules(words: &BTreeSet<String>) -> BTreeSet<DnatRule> {
    words.iter().map(|word| word.parse().unwrap()).collect()
}

/// The answers of the only host, or of one that nothing is known of.
fn crio(auditor: &Auditor) -> Crio {
    let settled = auditor.settled();
    let mut hosts = settled.ledger().hosts();
    let host = hosts.next().and_then(|(_, host)| host.crio().cloned());
    assert!(hosts.next().is_none(), "one host");
    host.unwrap_or_else(|| Crio::new(Limits::default()))
}

/// Replays a log step by step; after an unknown answer the truth is told, as somebody with a
/// checkpoint would.
fn replay(name: &str, log: &[u8], steps: &[Step], mut each: impl FnMut(&Auditor)) -> Score {
    let nftables = name.contains("-nft");
    let version =
        memchr::memmem::find(log, b"Starting CRI-O, version: 1.").map(|at| &log[at + 27..at + 29]);
    let no_sockets = version.is_some_and(|minor| minor >= b"31");
    let mut score = Score::default();
    let mut auditor = Auditor::with(Expect::Only(Source::Crio), Limits::default());
    let mut lines = log.split_inclusive(|&b| b == b'\n');
    let mut read = 0;
    for (number, step) in steps.iter().enumerate() {
        for line in lines.by_ref().take(step.line - read) {
            auditor.feed(line);
        }
        read = step.line;
        each(&auditor);
        let crio = crio(&auditor);
        let mut told = Statement::default();
        let mut judge = |what: &str, answer: Option<bool>, at_least: bool| {
            if number == 0 {
                return true;
            }
            match answer {
                Some(true) => score.right += 1,
                None if at_least => score.unknown += 1,
                _ => score
                    .wrong
                    .push(format!("{name}: {what} after step {number}, {}: {crio:?}", step.note)),
            }
            answer.is_none()
        };
        let tell = number == 0 || !nftables;
        let sockets = ports(&step.open);
        if !no_sockets && !nftables {
            let answer = crio.sockets().ok().map(|answer| answer == sockets);
            if judge("sockets", answer, crio.sockets_at_least().is_subset(&sockets)) {
                told.sockets = Some(sockets);
            }
        }
        let exposed = ports(&step.exposed);
        let answer = crio.exposed().ok().map(|answer| answer == exposed);
        if judge("exposed", answer, crio.exposed_at_least().is_subset(&exposed)) && tell {
            told.exposed = Some(exposed);
        }
        if !nftables {
            let dnat = rules(&step.dnat);
            let answer = crio.dnat().ok().map(|answer| answer == dnat);
            if judge("dnat", answer, crio.dnat_at_least().is_subset(&dnat)) {
                told.dnat = Some(dnat);
            }
        }
        if told != Statement::default() {
            let facts = Facts { crio: Some(told), ..Facts::default() };
            auditor.know(None, &facts);
        }
    }
    score
}

#[test]
fn no_answer_is_wrong_and_few_are_unknown() {
    let mut total = Score::default();
    let mut logs = 0;
    let mut unknown = BTreeMap::new();
    for corpus::File { name, bytes } in corpus::logs_in("crio") {
        let Some(steps) = steps(&name) else { continue };
        let score = replay(&name, &bytes, &steps, |_| {});
        logs += 1;
        total.right += score.right;
        total.unknown += score.unknown;
        total.wrong.extend(score.wrong);
        if score.unknown > 0 {
            unknown.insert(name, score.unknown);
        }
    }
    println!("{logs} logs: {} right, {} unknown: {unknown:?}", total.right, total.unknown);
    assert!(total.wrong.is_empty(), "{} wrong: {}", total.wrong.len(), total.wrong[0]);
    assert!(logs > 90, "{logs} logs");
    let elsewhere: usize =
        unknown.iter().filter(|(name, _)| !name.contains("grep-")).map(|(_, n)| n).sum();
    assert!(total.unknown - elsewhere <= 300 && elsewhere <= 18, "{unknown:?}");
    assert!(total.right >= 1044, "{} right", total.right);
}

/// What the fold answers after each step, as far as it is known.
type Answers = Vec<[Option<BTreeSet<String>>; 3]>;

fn answers(name: &str) -> Answers {
    let steps = steps(name).unwrap_or_else(|| panic!("{name} has no truth"));
    let mut all = Answers::new();
    replay(name, &corpus::file(name).bytes, &steps, |auditor| {
        let crio = crio(auditor);
        let texts =
            |set: BTreeSet<HostPort>| set.iter().map(ToString::to_string).collect::<BTreeSet<_>>();
        let rules =
            |set: BTreeSet<DnatRule>| set.iter().map(ToString::to_string).collect::<BTreeSet<_>>();
        all.push([
            crio.sockets().ok().map(texts),
            crio.exposed().ok().map(texts),
            crio.dnat().ok().map(rules),
        ]);
    });
    all
}

const MODES: [&str; 16] = [
    "short",
    "short-precise",
    "short-iso",
    "short-iso-precise",
    "short-full",
    "short-unix",
    "short-monotonic",
    "short-delta",
    "with-unit",
    "cat",
    "json",
    "json-seq",
    "json-sse",
    "json-pretty",
    "export",
    "verbose",
];

#[test]
fn every_mode_of_journalctl_leads_to_the_same_answers() {
    for scenario in ["modes/plain", "modes/reboot", "more/odd"] {
        let measure = answers(&format!("crio/{scenario}.export.log"));
        assert!(
            measure.last().unwrap().iter().all(Option::is_some),
            "{scenario}: all is known at the end"
        );
        for mode in MODES {
            let read = answers(&format!("crio/{scenario}.{mode}.log"));
            assert_eq!(read.len(), measure.len());
            for (step, (answer, measure)) in read.iter().zip(&measure).enumerate() {
                if mode == "cat" && scenario == "modes/reboot" && step == 2 {
                    // This mode has no line between two boots: the start may be one of CRI-O alone,
                    // which rules outlive.
                    assert_eq!(answer, &[Some(BTreeSet::new()), None, None]);
                } else {
                    assert_eq!(answer, measure, "{scenario} {mode} step {step}");
                }
            }
        }
    }
}

#[test]
fn state_survives_being_saved_between_any_two_steps() {
    for name in [
        "scenarios/steal",
        "scenarios/dual",
        "scenarios/restorefail",
        "scenarios/restart",
        "more/version-dual-1.36-ipt",
    ] {
        let name = format!("crio/{name}.log");
        let log = corpus::file(&name).bytes;
        let mut whole = Auditor::with(Expect::Only(Source::Crio), Limits::default());
        let mut saved = Crio::new(Limits::default());
        let mut effects = hostport_audit::state::Effects::default();
        for line in log.split_inclusive(|&b| b == b'\n') {
            whole.feed(line);
            let state = crio(&whole);
            let json = serde_json::to_string(&state).unwrap();
            assert_eq!(serde_json::from_str::<Crio>(&json).unwrap(), state, "{name}");
            let text = &line[memchr::memmem::find(line, b"time=").unwrap()..line.len() - 1];
            let hostport_audit::record::Reading::Record(record) =
                hostport_audit::record::crio::Record::parse(text)
            else {
                panic!()
            };
            let pid = memchr::memchr(b'[', line)
                .map(|at| &line[at + 1..memchr::memchr(b']', line).unwrap()])
                .unwrap();
            let pid = std::str::from_utf8(pid).unwrap().parse().unwrap();
            let event = hostport_audit::event::crio::Event::of(&record, Some(pid)).into_owned();
            let event: hostport_audit::event::crio::Event<'_> =
                serde_json::from_str(&serde_json::to_string(&event).unwrap()).unwrap();
            saved = serde_json::from_str(&serde_json::to_string(&saved).unwrap()).unwrap();
            saved.apply(&event, hostport_audit::state::evidence::Evidence::default(), &mut effects);
            assert_eq!(
                (saved.sockets().ok(), saved.exposed().ok(), saved.dnat().ok()),
                (state.sockets().ok(), state.exposed().ok(), state.dnat().ok()),
                "{name}"
            );
        }
    }
}

/// Takes the text of some restore inputs away, as the journal and rsyslog do with long ones.
fn with_lost_texts(log: &[u8], seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut draw = |below: usize| {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        ((state >> 33) as usize) % below
    };
    let mut lost = Vec::new();
    for line in log.split_inclusive(|&b| b == b'\n') {
        let restoring = memchr::memmem::find(line, b"msg=\"Restoring iptables rules: ");
        match restoring.zip(memchr::memmem::find(line, b"time=\"")) {
            Some((text, start)) if seed == 0 || draw(3) > 0 => {
                if draw(2) == 0 {
                    lost.extend_from_slice(&line[..start]);
                    lost.extend_from_slice(b"[5120B blob data]\n");
                } else {
                    let from = text + b"msg=\"Restoring iptables rules: ".len();
                    lost.extend_from_slice(&line[..from + draw(line.len() - from)]);
                    lost.push(b'\n');
                }
            }
            _ => lost.extend_from_slice(line),
        }
    }
    lost
}

#[test]
fn lost_texts_lead_to_no_wrong_answer() {
    let (mut right, mut unknown) = (0, 0);
    for corpus::File { name, bytes } in
        corpus::logs_in("crio/scenarios").into_iter().chain(corpus::logs_in("crio/more"))
    {
        let short = memchr::memmem::find(&bytes, b"rhel92 crio[77216]: time=\"").is_some();
        let Some(steps) = steps(&name).filter(|_| short && !name.contains("big-line")) else {
            continue;
        };
        for seed in 0..if name.contains("random") { 12 } else { 24 } {
            let score = replay(&name, &with_lost_texts(&bytes, seed), &steps, |_| {});
            assert!(score.wrong.is_empty(), "seed {seed}: {}", score.wrong[0]);
            right += score.right;
            unknown += score.unknown;
        }
    }
    println!("{right} right, {unknown} unknown");
    assert!(2 * right > unknown, "{right} right, {unknown} unknown");
}

#[test]
fn what_a_lost_text_brought_is_known_again_when_its_pod_is_gone() {
    let log = corpus::file("crio/scenarios/plain.log").bytes;
    let steps = steps("crio/scenarios/plain.log").unwrap();
    let mut known = Vec::new();
    let score = replay("crio/scenarios/plain.log", &with_lost_texts(&log, 0), &steps, |auditor| {
        let crio = crio(auditor);
        known.push((crio.sockets().is_ok(), crio.exposed().is_ok(), crio.dnat().is_ok()));
    });
    assert!(score.wrong.is_empty(), "{:?}", score.wrong);
    assert_eq!(known[1..], [(true, false, false), (true, true, true)]);
}

fn at_the_end(name: &str) -> Crio {
    let mut auditor = Auditor::with(Expect::Only(Source::Crio), Limits::default());
    auditor.feed(corpus::file(name).bytes);
    auditor.finish();
    crio(&auditor)
}

#[test]
fn each_log_says_what_it_can_tell() {
    use hostport_audit::state::crio::Speech;
    for (name, version, sockets, rules) in [
        ("scenarios/plain", Some("1.29.9"), Speech::Tells, Speech::Tells),
        ("more/version-plain-1.30", Some("1.30.14"), Speech::Tells, Speech::Tells),
        ("more/version-plain-json", Some("1.29.9"), Speech::Tells, Speech::Tells),
        ("more/version-plain-1.36-ipt", Some("1.36.3"), Speech::NothingToTell, Speech::Tells),
        ("more/version-plain-1.36-nft", Some("1.36.3"), Speech::NothingToTell, Speech::Nftables),
        ("more/grep-local-port", None, Speech::Filtered, Speech::Filtered),
        ("more/grep-both", None, Speech::Filtered, Speech::Filtered),
    ] {
        let crio = at_the_end(&format!("crio/{name}.log"));
        assert_eq!(crio.version().map(ToString::to_string).as_deref(), version, "{name}");
        assert_eq!((crio.tells_sockets(), crio.tells_rules()), (sockets, rules), "{name}");
    }
    assert!(
        at_the_end("crio/more/grep-both.log").sockets_at_least().is_empty(),
        "a closing may be missing of each"
    );
    assert_eq!(
        at_the_end("crio/more/version-plain-1.36-nft.log").sockets(),
        Ok(BTreeSet::new()),
        "this version holds none"
    );
}

#[test]
fn what_a_limit_drops_is_unknown_and_never_wrong() {
    use hostport_audit::state::known::UnknownReason;
    let mut limited = 0;
    for name in
        ["crio/more/random-r1.log", "crio/more/random-r2.log", "crio/more/big-line.short.log"]
    {
        let steps = steps(name).unwrap();
        let limits = Limits { max_keys: 6, ..Limits::default() };
        let mut auditor = Auditor::with(Expect::Only(Source::Crio), limits);
        let bytes = corpus::file(name).bytes;
        let mut lines = bytes.split_inclusive(|&b| b == b'\n');
        let mut read = 0;
        for step in steps {
            lines.by_ref().take(step.line - read).for_each(|line| auditor.feed(line));
            read = step.line;
            let crio = crio(&auditor);
            let (sockets, exposed) = (ports(&step.open), ports(&step.exposed));
            assert!(crio.sockets().map_or_else(
                |_| crio.sockets_at_least().is_subset(&sockets),
                |known| known == sockets
            ));
            assert!(crio.exposed().map_or_else(
                |_| crio.exposed_at_least().is_subset(&exposed),
                |known| known == exposed
            ));
            limited += usize::from(
                crio.unknowns().any(|(_, unknown)| unknown.why == UnknownReason::Limit),
            );
        }
    }
    assert!(limited > 0);
}
