//! A model of ovnkube's service rules, written from its logs and not from the crate: services come,
//! change and go, iptables fails, processes start anew; it prints the lines of four eras under the
//! prefixes by which they are kept, and knows which host ports are open and whether the log
//! determines them.

pub mod lines;
pub mod node;
pub mod rules;

use crate::model_run::Step;
use lines::{Era, Prefix};
use node::Node;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use rules::{Endpoints, Kind, Opening, Port, Service};
use std::collections::BTreeSet;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    pub open: BTreeSet<Opening>,
    pub determined: bool,
}

#[derive(Clone)]
pub struct Script {
    pub era: Era,
    pub prefix: Prefix,
    pub log: Vec<u8>,
    pub steps: Vec<Step<View>>,
}

#[derive(Debug, Clone)]
pub enum Op {
    /// A service is added; each set bit of `failing` makes iptables fail for the rule at its place.
    Add {
        service: Service,
        failing: u8,
    },
    Delete {
        which: usize,
        failing: bool,
    },
    Update {
        which: usize,
        service: Service,
    },
    Endpoints {
        which: usize,
        endpoints: Endpoints,
    },
    /// The process starts anew; services may have gone and come meanwhile. `quiet` leaves out the
    /// lines that tell the level.
    Restart {
        gone: Vec<usize>,
        born: Vec<Service>,
        level4: bool,
        quiet: bool,
    },
    Noise(u8),
    Tell,
}

fn port() -> impl Strategy<Value = Port> {
    (select(vec!["TCP", "UDP", "SCTP"]), select(vec![80u16, 443, 8081]), 30080u16..30086)
        .prop_map(|(protocol, port, node_port)| Port { protocol, port, node_port })
}

/// Ports as the API admits them: no two alike, by port or by node port.
fn ports() -> impl Strategy<Value = Vec<Port>> {
    vec(port(), 1..3).prop_map(|mut ports| {
        if let [first, second] = ports.as_slice()
            && first.protocol == second.protocol
            && (first.port == second.port || first.node_port == second.node_port)
        {
            ports.truncate(1);
        }
        ports
    })
}

fn endpoints() -> impl Strategy<Value = Endpoints> {
    prop_oneof![1 => Just(Endpoints::None), 3 => (1u8..4).prop_map(Endpoints::Pods), 1 => Just(Endpoints::HostNetwork)]
}

fn service() -> impl Strategy<Value = Service> {
    let kind = select(vec![Kind::NodePort, Kind::ExternalIp, Kind::LoadBalancer]);
    let addresses = subsequence(vec!["172.16.47.129", "192.0.2.20", "2001:db8::129"], 0..=3);
    let flags =
        (any::<bool>(), any::<bool>(), prop::bool::weighted(0.3), prop::bool::weighted(0.3));
    (kind, ports(), addresses, flags, endpoints()).prop_map(
        |(kind, ports, addresses, (dual, etp_local, itp_local, no_node_ports), endpoints)| {
            Service {
                name: String::new(),
                kind,
                dual,
                ports,
                addresses: if kind == Kind::NodePort { Vec::new() } else { addresses },
                etp_local: etp_local && kind != Kind::ExternalIp,
                itp_local,
                no_node_ports: no_node_ports && kind == Kind::LoadBalancer,
                endpoints,
                number: 0,
            }
        },
    )
}

fn op() -> impl Strategy<Value = Op> {
    let failing = prop_oneof![7 => Just(0u8), 1 => any::<u8>()];
    let restart = (
        vec(0usize..6, 0..3),
        vec(service(), 0..2),
        prop::bool::weighted(0.15),
        prop::bool::weighted(0.2),
    );
    prop_oneof![
        10 => (service(), failing).prop_map(|(service, failing)| Op::Add { service, failing }),
        6 => (0usize..6, prop::bool::weighted(0.1)).prop_map(|(which, failing)| Op::Delete { which, failing }),
        3 => (0usize..6, service()).prop_map(|(which, service)| Op::Update { which, service }),
        3 => (0usize..6, endpoints()).prop_map(|(which, endpoints)| Op::Endpoints { which, endpoints }),
        2 => restart.prop_map(|(gone, born, level4, quiet)| Op::Restart { gone, born, level4, quiet }),
        2 => any::<u8>().prop_map(Op::Noise),
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
#[derive(Debug, Clone)]
pub enum Beginning {
    /// With the first start on a host that has none of the chains.
    FirstStart,
    /// With the start of another process, after a life that is not in the log.
    LaterStart(Vec<Service>),
    /// Somewhere in a process's life.
    MidLife(Vec<Service>),
}

fn beginning() -> impl Strategy<Value = Beginning> {
    let services = || vec(service(), 0..3);
    prop_oneof![
        4 => Just(Beginning::FirstStart),
        1 => services().prop_map(Beginning::LaterStart),
        1 => services().prop_map(Beginning::MidLife),
    ]
}

pub fn run(
    era: Era,
    prefix: Prefix,
    dual: bool,
    beginning: &Beginning,
    told: bool,
    ops: &[Op],
) -> Script {
    let mut node = Node::new(era, prefix, dual);
    match beginning {
        Beginning::FirstStart => node.start(5, false),
        Beginning::LaterStart(services) => {
            node.live(services);
            node.start(5, false);
        }
        Beginning::MidLife(services) => {
            node.live(services);
            node.klog.noise(2);
        }
    }
    let mut steps = vec![node.step(&format!("{beginning:?}"), told)];
    node.determined |= told;
    for op in ops {
        node.perform(op);
        let told = matches!(op, Op::Tell);
        steps.push(node.step(&format!("{op:?}"), told));
        node.determined |= told;
    }
    Script { era, prefix, log: node.klog.bytes, steps }
}

/// Scripts of up to `length` operations over all eras and prefixes.
pub fn script(length: usize) -> impl Strategy<Value = Script> {
    let told = prop::bool::weighted(0.3);
    (
        select(&Era::ALL[..]),
        select(&Prefix::ALL[..]),
        any::<bool>(),
        beginning(),
        told,
        vec(op(), 1..length),
    )
        .prop_map(|(era, prefix, dual, beginning, told, ops)| {
            run(era, prefix, dual, &beginning, told, &ops)
        })
}
