//! Laws of the mergeable summary: associative, commutative, idempotent, and right once all pieces
//! are in.

use crate::common;

use common::changes::{changes, holders, line, step};
use hostport_audit::report::{History, PortState, Summary};
use hostport_audit::state::opening::{Holder, Opening};
use hostport_audit::{HostPort, Limits, Protocol, Text};
use proptest::prelude::*;
use std::collections::BTreeSet;

/// Events of one host after another, each with the host it belongs to.
type Log = Vec<(usize, common::changes::Step)>;

fn log() -> impl Strategy<Value = Log> {
    prop::collection::vec((0usize..2, step()), 0..40)
}

fn host(nth: usize) -> Option<Text<'static>> {
    [None, Some(Text::from("n1"))][nth].clone()
}

fn summary<'a>(
    log: impl IntoIterator<Item = (usize, &'a (usize, common::changes::Step))>,
) -> Summary {
    let mut summary = Summary::default();
    for (nth, (of, step)) in log {
        summary.record(host(*of).as_ref(), line(nth as u64 + 1), &changes(step, nth as u64 + 1));
    }
    summary
}

fn ports(
    openings: impl IntoIterator<Item = Opening>,
) -> BTreeSet<(hostport_audit::state::opening::Holder, u16)> {
    openings
        .into_iter()
        .flat_map(|opening| {
            let range = opening.port.unwrap().range();
            (range.first()..=range.last()).map(move |port| (opening.holder.clone(), port))
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn joining_is_associative_commutative_and_idempotent(log in log(), owner in prop::collection::vec(0usize..3, 40)) {
        let part = |which: usize| summary(log.iter().enumerate().filter(|(nth, _)| owner[*nth] == which));
        let (a, b, c) = (part(0), part(1), part(2));
        let whole = summary(log.iter().enumerate());
        prop_assert_eq!(a.clone().join(b.clone()).join(c.clone()), whole.clone());
        prop_assert_eq!(a.clone().join(b.clone().join(c.clone())), whole.clone());
        prop_assert_eq!(c.clone().join(a.clone()).join(b.clone()), whole.clone());
        prop_assert_eq!(whole.clone().join(b), whole.clone());
        prop_assert_eq!(whole.clone().join(whole.clone()), whole);
    }

    #[test]
    fn what_is_open_is_what_the_ordered_history_leaves_open(log in log(), backwards in any::<bool>()) {
        let pieces: Vec<Summary> = log.iter().enumerate().map(|piece| summary([piece])).collect();
        let join = |all: Summary, piece: Summary| all.join(piece);
        let summary = if backwards { pieces.into_iter().rev().fold(Summary::default(), join) }
            else { pieces.into_iter().fold(Summary::default(), join) };
        let mut history = History::new(Limits::default());
        for (nth, (of, step)) in log.iter().enumerate() {
            history.record(host(*of).as_ref(), line(nth as u64 + 1), &changes(step, nth as u64 + 1));
        }
        for of in 0..2 {
            let name = host(of);
            let open = summary.open(name.as_ref());
            let want = history.host(name.as_ref()).map(|host| host.never_closed()).unwrap_or_default();
            let want = ports(want.into_iter().map(|part| Opening { port: part.port, holder: part.holder }));
            prop_assert_eq!(ports(open.iter().map(|open| open.opening.clone())), want.clone());
            for port in 0..12 {
                let state = summary.state(name.as_ref(), HostPort::single(Protocol::Tcp, port));
                // Of a zone the last words tell no interface, so whether it applies is not known.
                let held = |of: &dyn Fn(&Holder) -> bool| want.iter().any(|(holder, number)| *number == port && of(holder));
                let in_zone = held(&|holder| *holder == holders()[0] || *holder == holders()[2]);
                prop_assert_eq!(state == PortState::Open, held(&|holder| *holder == Holder::CrioSocket), "port {}", port);
                prop_assert!(state != PortState::Closed || !in_zone, "port {}", port);
            }
        }
    }
}
