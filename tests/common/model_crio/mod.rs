//! A model of CRI-O's host port managers, written from their logs and not from the crate: pods come
//! and go, ports are busy, restores fail, CRI-O and the machine start anew; it prints what versions
//! 1.22 to 1.36 print, in the modes under which the lines are kept, and knows which sockets and
//! rules there are and whether the log determines them.

pub mod kernel;
pub mod lines;
pub mod node;
pub mod requests;

use crate::model_run::Step;
use kernel::Mapping;
use lines::{Mode, Setup, Version};
use node::Node;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use std::collections::BTreeSet;

/// The kernel's state after an operation, and whether the log so far determines it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    /// `tcp:443` for each port with a socket of CRI-O's.
    pub sockets: BTreeSet<String>,
    pub sockets_determined: bool,
    /// `tcp:443` for each port with a rule.
    pub exposed: BTreeSet<String>,
    /// `tcp:443|host ip|target|pod` for each rule.
    pub rules: BTreeSet<String>,
    pub rules_determined: bool,
}

#[derive(Clone)]
pub struct Script {
    pub setup: Setup,
    pub log: Vec<u8>,
    pub steps: Vec<Step<View>>,
}

/// The addresses that a pod gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stack {
    V4,
    V6,
    Dual,
}

#[derive(Debug, Clone)]
pub struct PodSpec {
    pub stack: Stack,
    pub mappings: Vec<Mapping>,
    pub host_network: bool,
}

#[derive(Debug, Clone)]
pub enum Op {
    /// A pod starts; `failing` makes iptables-restore fail for it.
    Start {
        pod: PodSpec,
        failing: bool,
    },
    /// The pod at a place among those that run is stopped; `failing` makes the restore fail.
    Stop {
        which: usize,
        failing: bool,
    },
    /// Pods start and stop side by side.
    SideBySide {
        ops: Vec<Op>,
        order: u64,
    },
    /// A stopped pod is stopped again and removed.
    StopAgain,
    /// A process of the host takes or frees a port.
    Foreign {
        protocol: &'static str,
        port: u16,
    },
    Restart,
    Reboot,
    /// Journald drops the lines of some operations and says so.
    Suppressed(Vec<Op>),
    /// Lines that say nothing of ports.
    Noise(u8),
    Tell,
}

fn mapping() -> impl Strategy<Value = Mapping> {
    let protocol = prop_oneof![8 => Just("tcp"), 4 => Just("udp"), 1 => Just("sctp")];
    let host_ip = prop_oneof![12 => Just(""), 2 => select(vec!["192.0.2.10", "192.0.2.11", "0.0.0.0"]), 1 => select(vec!["::", "2001:db8::10"])];
    (protocol, select(vec![80u16, 443, 53, 8443, 30000]), select(vec![80u16, 8080, 443]), host_ip)
        .prop_map(|(protocol, host_port, container_port, host_ip)| Mapping {
            protocol,
            host_port,
            container_port,
            host_ip,
        })
}

fn pod() -> impl Strategy<Value = PodSpec> {
    let stack = prop_oneof![5 => Just(Stack::V4), 2 => Just(Stack::V6), 4 => Just(Stack::Dual)];
    (stack, vec(mapping(), 0..4), prop::bool::weighted(0.05))
        .prop_map(|(stack, mappings, host_network)| PodSpec { stack, mappings, host_network })
}

fn request() -> impl Strategy<Value = Op> {
    prop_oneof![
        (pod(), prop::bool::weighted(0.1)).prop_map(|(pod, failing)| Op::Start { pod, failing }),
        (0usize..8, prop::bool::weighted(0.1))
            .prop_map(|(which, failing)| Op::Stop { which, failing }),
    ]
}

fn plain_op() -> impl Strategy<Value = Op> {
    prop_oneof![
        20 => request(),
        2 => (vec(request(), 2..4), any::<u64>()).prop_map(|(ops, order)| Op::SideBySide { ops, order }),
        1 => Just(Op::StopAgain),
        2 => (select(vec!["tcp", "udp"]), select(vec![80u16, 443, 53])).prop_map(|(protocol, port)| Op::Foreign { protocol, port }),
        1 => Just(Op::Restart),
        1 => Just(Op::Reboot),
        2 => any::<u8>().prop_map(Op::Noise),
    ]
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        20 => plain_op(),
        1 => vec(plain_op(), 1..4).prop_map(Op::Suppressed),
        1 => Just(Op::Tell),
    ]
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
    /// With the start of CRI-O.
    Start,
    /// Somewhere in its life, with some pods running.
    MidLife,
}

pub fn run(
    setup: Setup,
    beginning: Beginning,
    told: bool,
    before: &[PodSpec],
    ops: &[Op],
) -> Script {
    let mut node = Node::new(setup);
    node.journal.losing = true;
    node.restart();
    before.iter().for_each(|pod| node.start_pod(pod, false));
    node.journal.losing = false;
    node.forget();
    if beginning == Beginning::Start {
        node.restart();
    } else {
        node.noise(0);
    }
    let mut steps = vec![node.step(&format!("{beginning:?}"), told)];
    for op in ops {
        node.perform(op);
        steps.push(node.step(&format!("{op:?}"), matches!(op, Op::Tell)));
    }
    Script { setup, log: node.journal.bytes, steps }
}

pub fn setup() -> impl Strategy<Value = Setup> {
    let flags = (
        prop::bool::weighted(0.15),
        prop::bool::weighted(0.2),
        any::<bool>(),
        prop::bool::weighted(0.3),
    );
    (select(&Version::ALL[..]), select(&Mode::ALL[..]), flags).prop_map(
        |(version, mode, (json, debug, utc, short_messages))| Setup {
            version,
            mode,
            json,
            debug: debug && !json,
            utc,
            short_messages,
        },
    )
}

/// Scripts of up to `length` operations over all versions and modes.
pub fn script(length: usize) -> impl Strategy<Value = Script> {
    let beginning = prop_oneof![4 => Just(Beginning::Start), 1 => Just(Beginning::MidLife)];
    let told = prop::bool::weighted(0.7);
    (setup(), beginning, told, vec(pod(), 0..3), vec(op(), 1..length)).prop_map(
        |(setup, beginning, told, before, ops)| run(setup, beginning, told, &before, &ops),
    )
}

/// Two scripts in one mode that names the host and puts a record on a line. The machines are started
/// anew now and then; only JSON lines tell which of them was.
pub fn named_host(length: usize) -> impl Strategy<Value = (Script, Script)> {
    let modes = vec![
        Mode::Json,
        Mode::RsyslogTraditional,
        Mode::RsyslogFile,
        Mode::Short,
        Mode::ShortIsoPrecise,
    ];
    let ops = move || vec(prop_oneof![9 => op(), 1 => Just(Op::Reboot)], 1..length);
    (setup(), select(modes), prop::bool::weighted(0.7), ops(), ops()).prop_map(
        |(setup, mode, told, first, second)| {
            let setup = Setup { mode, ..setup };
            (
                run(setup, Beginning::Start, told, &[], &first),
                run(setup, Beginning::Start, told, &[], &second),
            )
        },
    )
}
