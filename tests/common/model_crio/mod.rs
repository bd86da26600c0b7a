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
    /// What `iptables-save` and `ip6tables-save` print, where the caller tells that and no more.
    pub saves: Option<[String; 2]>,
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
    /// The caller tells the whole state.
    Tell,
    /// The caller tells what iptables-save and ip6tables-save print.
    TellSaves,
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

/// A mapping, and now and then a second one of the same host port: to another container port, or on
/// another address of the host.
fn mappings() -> impl Strategy<Value = Vec<Mapping>> {
    let alone = mapping().prop_map(|mapping| vec![mapping]);
    let to_two_ports = mapping().prop_map(|first| {
        vec![first.clone(), Mapping { container_port: first.container_port + 1, ..first }]
    });
    let on_two_addresses = mapping().prop_map(|first| {
        let on = |host_ip| Mapping { host_ip, ..first.clone() };
        vec![on("192.0.2.10"), on("192.0.2.11")]
    });
    prop_oneof![16 => alone, 2 => to_two_ports, 2 => on_two_addresses]
}

fn pod() -> impl Strategy<Value = PodSpec> {
    let stack = prop_oneof![5 => Just(Stack::V4), 2 => Just(Stack::V6), 4 => Just(Stack::Dual)];
    (stack, vec(mappings(), 0..4), prop::bool::weighted(0.05)).prop_map(
        |(stack, mappings, host_network)| PodSpec {
            stack,
            mappings: mappings.concat(),
            host_network,
        },
    )
}

/// Two pods on one host port, each on an address of its own.
fn local_ports() -> impl Strategy<Value = Vec<Op>> {
    mapping().prop_map(|mapping| {
        let on = |host_ip| PodSpec {
            stack: Stack::V4,
            mappings: vec![Mapping { host_ip, ..mapping.clone() }],
            host_network: false,
        };
        ["192.0.2.10", "192.0.2.11"].map(|ip| Op::Start { pod: on(ip), failing: false }).to_vec()
    })
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
        1 => Just(Op::TellSaves),
    ]
}

/// Up to about `length` operations.
fn ops(length: usize) -> impl Strategy<Value = Vec<Op>> {
    let some = prop_oneof![24 => op().prop_map(|op| vec![op]), 1 => local_ports()];
    vec(some, 1..length).prop_map(|some| some.concat())
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

/// What the caller tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Telling {
    Nothing,
    All,
    Saves,
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
    let telling = if told { Telling::All } else { Telling::Nothing };
    let mut steps = vec![node.step(&format!("{beginning:?}"), telling)];
    for op in ops {
        node.perform(op);
        let telling = match op {
            Op::Tell => Telling::All,
            Op::TellSaves => Telling::Saves,
            _ => Telling::Nothing,
        };
        steps.push(node.step(&format!("{op:?}"), telling));
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
    (setup(), beginning, told, vec(pod(), 0..3), ops(length)).prop_map(
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
    let ops = move || ops(length);
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
