//! The same messages under every prefix by which they are kept: the states are the same, step by
//! step.

use crate::common;
use crate::model_crio;
use crate::model_ovnkube;

use common::corpus;
use common::ovnkube::{named, steps};
use hostport_audit::state::Facts;
use hostport_audit::state::crio::Statement;
use hostport_audit::{Auditor, Expect, Limits, Source};
use model_crio::lines::{Journal, Mode, Setup, Version};
use model_ovnkube::lines::Prefix;
use std::collections::BTreeSet;

/// What is told of sockets, exposed ports and rules, each if it is known.
type Answers = [Option<BTreeSet<String>>; 3];

/// The places of a scenario at which the kernel was looked at, in lines.
fn crio_steps(name: &str) -> Vec<usize> {
    let truth = corpus::file(&format!("{}.truth.jsonl", name.strip_suffix(".log").unwrap())).bytes;
    let line = |text: &str| {
        serde_json::from_str::<serde_json::Value>(text).unwrap()["line"].as_u64().unwrap()
    };
    String::from_utf8(truth)
        .unwrap()
        .lines()
        .map(|text| usize::try_from(line(text)).unwrap())
        .collect()
}

/// Prints a log that was kept in the journal's short mode in another mode; gives the number of
/// bytes behind each of its lines.
fn in_mode(short: &str, mode: Mode) -> (Vec<u8>, Vec<usize>) {
    let setup = Setup {
        version: Version::V1_29_9,
        mode,
        json: false,
        debug: false,
        utc: false,
        short_messages: false,
    };
    let mut journal = Journal::new(setup);
    let mut behind = Vec::new();
    for line in short.lines() {
        journal.clock += 1_153;
        if line.starts_with("-- Boot ") {
            journal.boot();
        } else {
            let (head, message) = line.split_once("]: ").unwrap();
            let (head, pid) = head.rsplit_once('[').unwrap();
            let identifier = head.rsplit(' ').next().unwrap();
            journal.entry(
                identifier,
                &format!("{identifier}.service"),
                pid.parse().unwrap(),
                message,
            );
        }
        behind.push(journal.bytes.len());
    }
    (journal.bytes, behind)
}

/// The answers after each step of a log that begins with nothing open.
fn crio_answers(log: &[u8], behind: &[usize], steps: &[usize]) -> Vec<Answers> {
    let nothing = Statement {
        sockets: Some(BTreeSet::new()),
        exposed: Some(BTreeSet::new()),
        dnat: Some(BTreeSet::new()),
        iptables: None,
    };
    let nothing = Facts { crio: Some(nothing), ..Facts::default() };
    let mut auditor = Auditor::with(Expect::Only(Source::Crio), Limits::default());
    let mut from = 0;
    let mut answers = Vec::new();
    for (number, step) in steps.iter().enumerate() {
        let to = step.checked_sub(1).map_or(0, |last| behind[last]);
        auditor.feed(&log[from..to]);
        from = to;
        if number == 0 {
            auditor.know(None, &nothing);
        }
        let settled = auditor.settled();
        let (_, host) = settled.ledger().hosts().next().unwrap();
        let crio = host.crio().unwrap();
        let texts =
            |set: BTreeSet<hostport_audit::HostPort>| set.iter().map(ToString::to_string).collect();
        let rules = crio.dnat().map(|rules| rules.iter().map(ToString::to_string).collect());
        answers.push([crio.sockets().map(texts).ok(), crio.exposed().map(texts).ok(), rules.ok()]);
    }
    answers
}

#[test]
fn every_scenario_of_crio_in_every_mode_gives_the_same_states() {
    let mut scenarios = 0;
    let mut known = 0;
    for corpus::File { name, bytes } in
        corpus::logs_in("crio/scenarios").into_iter().filter(|file| file.name.ends_with(".log"))
    {
        let short = String::from_utf8(bytes).unwrap();
        let steps = crio_steps(&name);
        let (log, behind) = in_mode(&short, Mode::Short);
        let measure = crio_answers(&log, &behind, &steps);
        scenarios += 1;
        known += measure.iter().flatten().flatten().count();
        for mode in Mode::ALL {
            let (log, behind) = in_mode(&short, mode);
            let read = crio_answers(&log, &behind, &steps);
            if mode.tells_boots() {
                assert_eq!(read, measure, "{name} {mode:?}");
                continue;
            }
            // Where no boot shows, a start of CRI-O may be one of the machine: what hangs on that
            // is unknown, and nothing is another.
            let starts = short.matches("Starting CRI-O").count();
            for (step, (read, measure)) in read.iter().zip(&measure).enumerate() {
                for (answer, measure) in read.iter().zip(measure) {
                    assert!(
                        answer == measure || (answer.is_none() && starts > 1),
                        "{name} {mode:?} step {step}: {read:?}"
                    );
                }
            }
        }
    }
    assert!(scenarios >= 15 && known > 150, "{scenarios} scenarios with {known} known answers");
}

#[test]
fn every_log_of_ovnkube_under_every_prefix_gives_the_same_states() {
    // Without its header a record of several lines cannot be told from several records.
    let prefixes: Vec<Prefix> =
        Prefix::ALL.into_iter().filter(|prefix| *prefix != Prefix::NoHeader).collect();
    let mut known = 0;
    for era in ["ovnk/seed_era", "ovnk/era_2024_12"] {
        for corpus::File { name, bytes } in
            corpus::logs_in(era).into_iter().filter(|file| file.name.ends_with(".log"))
        {
            let plain = String::from_utf8(bytes).unwrap();
            let steps = steps(&name);
            let answers = |prefix: Prefix| {
                let mut auditor = Auditor::with(Expect::Only(Source::Ovnkube), Limits::default());
                let mut lines = plain.lines();
                let mut read = 0;
                let mut answers = Vec::new();
                for step in &steps {
                    let kept = lines
                        .by_ref()
                        .take(step.lines - read)
                        .map(|line| prefix.kept("09:46:35.825084", line));
                    auditor.feed(kept.collect::<String>());
                    read = step.lines;
                    let settled = auditor.settled();
                    let host = settled.ledger().hosts().next();
                    let open = host
                        .and_then(|(_, host)| host.ovnkube())
                        .and_then(|ovnkube| ovnkube.open().ok());
                    answers.push(open.map(|open| named(&open)));
                }
                answers
            };
            let measure = answers(Prefix::None);
            known += measure.iter().flatten().count();
            for prefix in &prefixes {
                assert_eq!(answers(*prefix), measure, "{name} {prefix:?}");
            }
        }
    }
    assert!(known > 100, "{known} known answers");
}
