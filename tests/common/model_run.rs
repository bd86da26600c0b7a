//! What the three model tests share: how many scripts, and how answers are judged.

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

/// Judges one answer: never wrong, what is surely open is open, and known where the log determines it. Gives true for a known answer.
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
            Err(format!("WRONG {what}: believed but not so {extra:?}, not believed but so {missing:?}"))
        }
        Err(_) if !at_least.is_subset(truth) => {
            let extra: Vec<_> = at_least.difference(truth).collect();
            Err(format!("WRONG {what}: at least {extra:?}, which is not so"))
        }
        Err(why) if determined => Err(format!("UNKNOWN {what} although the log determines it: {why:?}")),
        Err(_) => Ok(false),
    }
}
