//! What the three model tests share: how many scripts, how the crate is driven over one, and how
//! its answers are judged.

use hostport_audit::Auditor;
use hostport_audit::state::{Facts, Host};
use proptest::prelude::ProptestConfig;
use std::collections::BTreeSet;
use std::fmt::Debug;

/// A few scripts by default, as many as `PROPTEST_CASES` says otherwise.
pub fn config(cases: u32) -> ProptestConfig {
    let default = ProptestConfig::default();
    let asked = default.cases != 256;
    ProptestConfig {
        cases: if asked { default.cases } else { cases },
        failure_persistence: None,
        max_shrink_iters: 4000,
        ..default
    }
}

/// Judges one answer: never wrong, what is surely open is open, and known where the log determines
/// it. Gives true for a known answer.
pub fn judge<T: Ord + Debug + Clone, U: Debug>(
    what: &str,
    known: Result<BTreeSet<T>, U>,
    at_least: &BTreeSet<T>,
    truth: &BTreeSet<T>,
    determined: bool,
) -> Result<bool, String> {
    match known {
        Ok(known) if known == *truth => Ok(true),
        Ok(known) => {
            let extra: Vec<_> = known.difference(truth).collect();
            let missing: Vec<_> = truth.difference(&known).collect();
            Err(format!(
                "WRONG {what}: believed but not so {extra:?}, not believed but so {missing:?}"
            ))
        }
        Err(_) if !at_least.is_subset(truth) => {
            let extra: Vec<_> = at_least.difference(truth).collect();
            Err(format!("WRONG {what}: at least {extra:?}, which is not so"))
        }
        Err(why) if determined => {
            Err(format!("UNKNOWN {what} although the log determines it: {why:?}"))
        }
        Err(_) => Ok(false),
    }
}

/// A point of a script at which the model's view is compared with the crate's.
#[derive(Debug, Clone)]
pub struct Step<V> {
    /// The operation before it, for a failure's message.
    pub op: String,
    /// How much of the log is written when the view below holds.
    pub bytes: usize,
    pub view: V,
    /// The caller tells the whole view here, after it was compared.
    pub told: bool,
}

/// Drives the crate over a script of one host; gives the number of known answers, or the first that
/// is not as it should be.
pub fn drive<V>(
    log: &[u8],
    steps: &[Step<V>],
    compare: impl Fn(Option<&Host>, &V) -> Result<usize, String>,
    facts: impl Fn(&V) -> Facts,
) -> Result<usize, String> {
    drive_auditor(Auditor::new(), log, steps, compare, facts)
}

/// The same with an auditor of the caller's.
pub fn drive_auditor<V>(
    mut auditor: Auditor,
    log: &[u8],
    steps: &[Step<V>],
    compare: impl Fn(Option<&Host>, &V) -> Result<usize, String>,
    facts: impl Fn(&V) -> Facts,
) -> Result<usize, String> {
    let mut from = 0;
    let mut known = 0;
    for (n, step) in steps.iter().enumerate() {
        auditor.feed(&log[from..step.bytes]);
        from = step.bytes;
        let settled = auditor.settled();
        let hosts: Vec<_> = settled.ledger().hosts().collect();
        if hosts.len() > 1 {
            return Err(format!("step {n} {}: {} hosts", step.op, hosts.len()));
        }
        let host = hosts.first().map(|(_, host)| *host);
        known += compare(host, &step.view)
            .map_err(|problem| format!("step {n} {}: {problem}", step.op))?;
        if step.told {
            auditor.know(None, &facts(&step.view));
        }
    }
    Ok(known)
}
