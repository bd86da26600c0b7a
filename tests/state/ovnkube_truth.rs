//! ovnkube's fold against the kernel: after every step of every log in the corpus the ports are
//! those of `iptables-save`.

use crate::common;

use common::corpus;
use common::ovnkube::{Score, Step, steps};
use hostport_audit::event::Source;
use hostport_audit::state::Facts;
use hostport_audit::state::ovnkube::{Ovnkube, Statement};
use hostport_audit::{Auditor, Expect, Limits};

fn logs() -> Vec<corpus::File> {
    let mut logs = corpus::logs_in("ovnk");
    logs.retain(|log| log.name.ends_with(".log"));
    logs
}

/// The lines after which the truth was taken. Where a record may be several lines (CRI's `P` parts)
/// the truth counts records.
fn positions(log: &corpus::File, steps: &[Step]) -> Vec<usize> {
    let lines: Vec<&[u8]> = log.bytes.split_inclusive(|&b| b == b'\n').collect();
    if !log.name.contains(".cri_partial") {
        return steps.iter().map(|step| step.lines).collect();
    }
    let is_part = |line: &[u8]| line.windows(10).any(|window| window == b" stderr P ");
    let whole: Vec<usize> =
        (1..=lines.len()).filter(|number| !is_part(lines[number - 1])).collect();
    steps.iter().map(|step| whole[step.lines - 1]).collect()
}

fn state(auditor: &Auditor) -> Ovnkube {
    let settled = auditor.settled();
    let mut hosts = settled.ledger().hosts();
    let state = hosts.next().map_or_else(
        || Ovnkube::new(Limits::default()),
        |(_, host)| host.ovnkube().cloned().unwrap_or_else(|| Ovnkube::new(Limits::default())),
    );
    assert!(hosts.next().is_none(), "one host");
    state
}

/// Drives a log as an auditor would who tells the truth after each answer "unknown".
fn score(log: &corpus::File, expect: Expect) -> Score {
    let steps = steps(&log.name);
    let mut lines = log.bytes.split_inclusive(|&b| b == b'\n');
    let mut auditor = Auditor::with(expect, Limits::default());
    let mut score = Score::default();
    let mut at = 0;
    for (step, position) in steps.iter().zip(positions(log, &steps)) {
        lines.by_ref().take(position - at).for_each(|line| auditor.feed(line));
        at = position;
        let state = state(&auditor);
        if !score.judge(&state, &step.open, &step.label) {
            let facts = Statement::ports(step.open.iter().copied());
            auditor.know(None, &Facts { ovnkube: Some(facts), ..Facts::default() });
        }
    }
    score
}

fn total(expect: Expect) -> Score {
    let scores = logs().into_iter().map(|log| score(&log, expect));
    scores.fold(Score::default(), |sum, one| Score {
        right: sum.right + one.right,
        wrong: sum.wrong + one.wrong,
        unknown: sum.unknown + one.unknown,
    })
}

#[test]
fn every_step_of_every_log_is_right() {
    assert_eq!(total(Expect::Only(Source::Ovnkube)), Score { right: 703, wrong: 0, unknown: 0 });
}

#[test]
fn every_step_is_right_when_each_line_is_recognised_by_itself() {
    assert_eq!(total(Expect::Auto), Score { right: 703, wrong: 0, unknown: 0 });
}
