//! A model of the firewalld daemon, written from its logs and not from the crate: it carries out
//! operations, prints the lines that the versions 0.9.11, 1.2.1, 1.3.3 and 2.5.0 print for them,
//! and knows what the daemon would list and whether the log determines it.

mod calls;
pub mod daemon;
pub mod lines;
pub mod ops;
pub mod ports;
mod whole;

use crate::model_run::Step;
use daemon::Daemon;
use lines::Version;
use ops::{Kind, Op};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Layer {
    Runtime,
    Permanent,
}

/// What the daemon would answer, and whether the log so far determines the answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer<T> {
    pub truth: T,
    pub determined: bool,
}

/// The daemon's own view after an operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    /// A daemon runs and answers for its runtime: not stopped, and not after a reload that died
    /// half way.
    pub runtime_answers: bool,
    pub default_zone: Answer<String>,
    /// The items of each zone that exists in a layer, as the daemon lists them.
    pub cells: BTreeMap<(String, Layer, Kind), Answer<BTreeSet<String>>>,
}

#[derive(Clone)]
pub struct Script {
    pub log: Vec<u8>,
    /// The caller assumes that files are kept while the daemon is away, and so they are.
    pub files_kept: bool,
    pub steps: Vec<Step<View>>,
}

impl std::fmt::Debug for Script {
    /// The operations; the log itself is long.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.steps.iter().map(|step| &step.op)).finish()
    }
}

/// How the log begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Beginning {
    /// With the start of the daemon.
    Start,
    /// Somewhere in its life.
    MidLife,
}

pub fn run(version: Version, chatty: bool, beginning: Beginning, told: bool, ops: &[Op]) -> Script {
    run_daemon(Daemon::new(version, chatty), beginning, told, ops)
}

pub fn run_daemon(mut daemon: Daemon, beginning: Beginning, told: bool, ops: &[Op]) -> Script {
    if beginning == Beginning::Start {
        daemon.start();
    } else {
        daemon.forget_numbers();
        // A call of the daemon itself, as each firewall-cmd makes: the log is no filtered one.
        daemon.log.reading(7, "public", 6);
    }
    let mut steps = vec![Step {
        op: format!("{beginning:?}"),
        bytes: daemon.log.bytes.len(),
        view: daemon.view(),
        told,
    }];
    if told {
        daemon.tell();
    }
    for op in ops {
        let told = matches!(op, Op::Tell);
        daemon.perform(op);
        steps.push(Step {
            op: format!("{op:?}"),
            bytes: daemon.log.bytes.len(),
            view: daemon.view(),
            told,
        });
        if told {
            daemon.tell();
        }
    }
    Script { log: daemon.log.bytes, files_kept: daemon.files_kept, steps }
}

/// Scripts of up to `length` operations over all versions, debug levels and beginnings.
pub fn script(length: usize) -> impl Strategy<Value = Script> {
    let beginning = prop_oneof![4 => Just(Beginning::Start), 1 => Just(Beginning::MidLife)];
    let told = prop_oneof![4 => Just(true), 1 => Just(false)];
    let ops = vec(ops::op(), 1..length);
    (select(&Version::ALL[..]), any::<bool>(), any::<bool>(), beginning, told, ops).prop_map(
        |(version, chatty, files_kept, beginning, told, ops)| {
            let daemon = Daemon { files_kept, ..Daemon::new(version, chatty) };
            run_daemon(daemon, beginning, told, &ops)
        },
    )
}
