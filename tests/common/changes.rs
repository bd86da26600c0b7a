//! Changes as a state machine would tell them: random histories of two programs over a dozen ports.

use hostport_audit::event::firewalld::Layer;
use hostport_audit::state::change::Change;
use hostport_audit::state::evidence::{Certainty, Evidence};
use hostport_audit::state::known::UnknownReason;
use hostport_audit::state::opening::{Holder, Opening, Scope};
use hostport_audit::{ByteSpan, HostPort, InputId, LineRef, PortRange, Protocol, Text};
use proptest::prelude::*;

pub fn line(n: u64) -> Evidence {
    Evidence::new(LineRef::new(InputId::default(), n, ByteSpan::default()), None)
}

pub fn zone(name: &'static str, layer: Layer) -> Holder {
    Holder::ZonePort { zone: Text::from(name), layer }
}

pub fn holders() -> Vec<Holder> {
    vec![
        zone("public", Layer::Runtime),
        zone("public", Layer::Permanent),
        zone("home", Layer::Runtime),
        Holder::CrioSocket,
    ]
}

pub fn scopes() -> Vec<Scope> {
    let public = |layer| Scope::Zone { zone: Text::from("public"), layer };
    vec![
        Scope::Firewalld,
        Scope::FirewalldLayer { layer: Layer::Runtime },
        public(Layer::Runtime),
        public(Layer::Permanent),
        Scope::CrioSockets,
    ]
}

pub fn in_scope(scope: &Scope, holder: &Holder) -> bool {
    match (scope, holder) {
        (Scope::Firewalld, Holder::ZonePort { .. }) => true,
        (Scope::FirewalldLayer { layer }, Holder::ZonePort { layer: own, .. }) => layer == own,
        (Scope::Zone { zone, layer }, Holder::ZonePort { zone: name, layer: own }) => {
            zone == name && layer == own
        }
        (Scope::CrioSockets, Holder::CrioSocket) => true,
        _ => false,
    }
}

/// What happens by one line; a scope is told as a whole in two of them.
#[derive(Debug, Clone)]
pub enum Step {
    Opened(usize, PortRange, Certainty),
    Closed(usize, PortRange),
    Lost(usize),
    BecameKnown(usize, Vec<(usize, PortRange)>),
}

pub fn range() -> impl Strategy<Value = PortRange> {
    (0u16..12, 0u16..12).prop_map(|(a, b)| PortRange::new(a, b))
}

pub fn certainty() -> impl Strategy<Value = Certainty> {
    prop_oneof![Just(Certainty::Confirmed), Just(Certainty::Reported), Just(Certainty::Stated)]
}

pub fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0..4usize, range(), certainty()).prop_map(|(h, r, c)| Step::Opened(h, r, c)),
        5 => (0..4usize, range()).prop_map(|(h, r)| Step::Closed(h, r)),
        1 => (0..5usize).prop_map(Step::Lost),
        1 => (0..5usize, prop::collection::vec((0..4usize, range()), 0..3)).prop_map(|(s, o)| Step::BecameKnown(s, o)),
    ]
}

pub fn opening(holder: usize, range: PortRange) -> Opening {
    Opening { port: Some(HostPort::new(Protocol::Tcp, range)), holder: holders()[holder].clone() }
}

pub fn changes(step: &Step, at: u64) -> Vec<Change> {
    let by = line(at);
    let opened = |holder, range, certainty| Change::Opened {
        opening: opening(holder, range),
        request: None,
        by,
        certainty,
    };
    match step {
        Step::Opened(holder, range, certainty) => vec![opened(*holder, *range, *certainty)],
        Step::Closed(holder, range) => {
            vec![Change::Closed { opening: opening(*holder, *range), by }]
        }
        Step::Lost(scope) => {
            vec![Change::BecameUnknown {
                scope: scopes()[*scope].clone(),
                why: UnknownReason::Crash,
                by,
            }]
        }
        Step::BecameKnown(scope, open) => {
            let scope = scopes()[*scope].clone();
            let inside = open.iter().filter(|(holder, _)| in_scope(&scope, &holders()[*holder]));
            let told: Vec<Change> = inside
                .map(|(holder, range)| opened(*holder, *range, Certainty::Confirmed))
                .collect();
            [Change::BecameKnown { scope, by }].into_iter().chain(told).collect()
        }
    }
}
