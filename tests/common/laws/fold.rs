//! Whatever the programs say, in whatever order: the state agrees with itself, with the changes it
//! reported and with the report made of it, and it can be saved and taken up again anywhere.

use super::chooser::Chooser;
use super::merge::small;
use super::{script, walk};
use hostport_audit::event::firewalld::Kind;
use hostport_audit::event::{Event, FindingKind};
use hostport_audit::report::{OpenPorts, Origin, PortState, Report};
use hostport_audit::state::change::Change;
use hostport_audit::state::evidence::Evidence;
use hostport_audit::state::opening::{Holder, Opening, Scope};
use hostport_audit::state::{Host, Ledger};
use hostport_audit::{Auditor, Expect, Limits, Lines, Reader, Text, Timeline};
use std::collections::{BTreeMap, BTreeSet};

/// The first bytes choose the limits and where it is saved; the rest is a log, written out or
/// chosen line by line.
pub fn law(data: &[u8]) {
    let mut chooser = Chooser::new(data);
    let limits = chooser.one_of(&[Limits::default(), Limits::default(), small()]);
    let every = 4 + chooser.below(29);
    let log = if chooser.flag() { script::log(&mut chooser, 100) } else { chooser.rest().to_vec() };
    events(&log, limits, every);
    audit(&log, limits, every);
}

/// What the changes led to so far, by themselves.
#[derive(Default)]
struct Mirror {
    open: BTreeMap<Option<Text<'static>>, BTreeSet<Opening>>,
}

impl Mirror {
    fn follow(&mut self, host: Option<Text<'static>>, changes: &[Change]) {
        let open = self.open.entry(host).or_default();
        for change in changes {
            match change {
                Change::Opened { opening, .. } if is_mirrored(opening) => {
                    open.insert(opening.clone());
                }
                Change::Closed { opening, .. } | Change::Uncertain { opening, .. } => {
                    open.remove(opening);
                }
                // What is lost or learnt as a whole is open only as far as what follows says so.
                Change::BecameUnknown { scope, .. } | Change::BecameKnown { scope, .. } => {
                    open.retain(|opening| !holds(scope, &opening.holder));
                }
                _ => {}
            }
        }
    }
}

/// The holder is of the scope.
fn holds(scope: &Scope, holder: &Holder) -> bool {
    let (kind, zone, layer) = match holder {
        Holder::ZonePort { zone, layer } => (Kind::Ports, zone, layer),
        Holder::ZoneSourcePort { zone, layer } => (Kind::SourcePorts, zone, layer),
        Holder::ZoneService { zone, layer, .. } => (Kind::Services, zone, layer),
        Holder::ZoneForwardPort { zone, layer, .. } => (Kind::ForwardPorts, zone, layer),
        Holder::ZoneProtocol { zone, layer, .. } => (Kind::Protocols, zone, layer),
        Holder::CrioSocket => return *scope == Scope::CrioSockets,
        Holder::CrioRule { family, .. } => return *scope == Scope::CrioRules { family: *family },
        Holder::NodePort { .. } | Holder::ExternalIp { .. } => return *scope == Scope::Ovnkube,
        Holder::LocalPort { .. } => return *scope == Scope::LocalPorts,
        _ => return false,
    };
    match scope {
        Scope::Firewalld => true,
        Scope::FirewalldLayer { layer: of } => of == layer,
        Scope::Zone { zone: of_zone, layer: of } => of == layer && of_zone == zone,
        Scope::ZoneList { zone: of_zone, layer: of, kind: of_kind } => {
            (of, of_zone, of_kind) == (layer, zone, &kind)
        }
        _ => false,
    }
}

/// Facts in words, such as rich rules, are told of by scopes that hold several kinds of them, so
/// they are not mirrored.
fn is_mirrored(opening: &Opening) -> bool {
    !matches!(opening.holder, Holder::FirewallFact { .. })
}

/// Event by event: the changes tell how the state changed, and the state can be saved.
fn events(log: &[u8], limits: Limits, every: usize) {
    let mut reader = Reader::new(Expect::Auto, limits);
    let mut ledger = Ledger::new(limits);
    let mut mirror = Mirror::default();
    let mut count = 0;
    let mut enter = |finding: hostport_audit::event::Finding<'_>| {
        let FindingKind::Event(what) = finding.kind else { return };
        let host = finding.host.map(Text::into_owned);
        let event = Event { host: host.clone(), at: finding.at, stamp: finding.stamp, kind: what };
        if count < 8 {
            walk::saved(&event.clone().into_owned());
        }
        let by = Evidence::new(event.at, event.stamp);
        let mut changes = Vec::new();
        let before: Vec<_> = ledger.hosts().map(|(name, _)| name.cloned()).collect();
        ledger.apply(&event, &mut |host, effects| {
            let host = host.map(|host| host.clone().into_owned());
            changes.push((host, effects.changes.clone()));
        });
        if before == [None] && ledger.hosts().all(|(name, _)| name.is_some()) {
            // What was told without a name is of the first host that is named.
            let name = ledger.hosts().next().unwrap().0.cloned();
            let open = mirror.open.remove(&None).unwrap_or_default();
            mirror.open.insert(name, open);
        }
        for (host, changes) in &changes {
            for change in changes {
                let (Change::Opened { by: of, .. }
                | Change::Closed { by: of, .. }
                | Change::Uncertain { by: of, .. }
                | Change::BecameUnknown { by: of, .. }
                | Change::BecameKnown { by: of, .. }) = change
                else {
                    continue;
                };
                assert!(of.at <= by.at, "{change:?} is of a line behind {by}");
            }
            mirror.follow(host.clone(), changes);
        }
        count += 1;
        for (name, host) in ledger.hosts() {
            let open: Vec<Opening> = host.openings().map(|(opening, _)| opening).collect();
            let set: BTreeSet<Opening> = open.iter().cloned().collect();
            assert_eq!(set.len(), open.len(), "an opening is listed twice: {open:?}");
            let set: BTreeSet<Opening> = set.into_iter().filter(is_mirrored).collect();
            let mirrored = mirror.open.get(&name.cloned()).cloned().unwrap_or_default();
            assert_eq!(
                set,
                mirrored,
                "the changes of {event:?} tell something else than the state: {:.3000}",
                format!("{changes:?}")
            );
            if count % every == 0 {
                host_agrees_with_itself(host);
            }
        }
        assert!(ledger.hosts().count() <= limits.max_hosts);
        if count % every == 0 {
            #[cfg(feature = "serde")]
            {
                ledger = walk::saved_and_loaded(&ledger);
            }
        }
    };
    for line in Lines::with_limits(log, &limits) {
        reader.read(&line, &mut enter);
    }
    reader.finish(&mut enter);
}

/// Known and unknown exclude each other, and what is surely open is part of what is known to be
/// open.
fn host_agrees_with_itself(host: &Host) {
    let unknowns: BTreeSet<Scope> = host.unknowns().map(|(scope, _)| scope).collect();
    assert_eq!(unknowns.len(), host.unknowns().count(), "a scope is unknown twice");
    host_agrees_on_crio(host, &unknowns);
    host_agrees_on_ovnkube(host, &unknowns);
    host_agrees_on_firewalld(host, &unknowns);
    let open = OpenPorts::of(host);
    for (opening, _) in host.openings() {
        if let Some(port) = opening.port {
            let origin = Origin::of(&opening.holder);
            let now = open.facts(port).any(|fact| {
                fact.holder == opening.holder && fact.ports == opening.port && fact.is_now()
            });
            if now {
                assert_eq!(open.state_by(origin, port), PortState::Open, "{opening:?}");
                assert_eq!(open.state(port), PortState::Open);
            }
        }
    }
}

/// CRI-O's answers agree with each other.
fn host_agrees_on_crio(host: &Host, unknowns: &BTreeSet<Scope>) {
    let Some(crio) = host.crio() else { return };
    assert_eq!(crio.sockets().is_err(), unknowns.contains(&Scope::CrioSockets));
    if let Ok(sockets) = crio.sockets() {
        assert_eq!(sockets, crio.sockets_at_least());
    }
    let rules_unknown = unknowns.iter().any(|scope| matches!(scope, Scope::CrioRules { .. }));
    assert_eq!(crio.dnat().is_err(), rules_unknown);
    if let Ok(exposed) = crio.exposed() {
        // Which ports are exposed may be known where it is not known by which rules.
        assert!(
            crio.exposed_at_least().is_subset(&exposed)
                && (rules_unknown || crio.exposed_at_least() == exposed)
        );
    }
    let ports: BTreeSet<_> = crio.dnat_at_least().iter().map(|rule| rule.port).collect();
    assert_eq!(ports, crio.exposed_at_least());
}

/// ovnkube's answers agree with each other.
fn host_agrees_on_ovnkube(host: &Host, unknowns: &BTreeSet<Scope>) {
    let Some(ovnkube) = host.ovnkube() else { return };
    match ovnkube.open() {
        Ok(open) => {
            assert_eq!(open, ovnkube.at_least());
            assert!(!unknowns.contains(&Scope::Ovnkube));
        }
        Err(_) => assert!(unknowns.contains(&Scope::Ovnkube)),
    }
    assert!(ovnkube.at_least().iter().all(|open| !open.rules.is_empty()));
}

/// firewalld's lists are those of its openings, and are known where no scope that holds them is
/// unknown.
fn host_agrees_on_firewalld(host: &Host, unknowns: &BTreeSet<Scope>) {
    let Some(firewalld) = host.firewalld() else { return };
    let openings: Vec<Opening> = firewalld.openings().map(|(opening, _)| opening).collect();
    for (zone, layer) in firewalld.zones() {
        let Some(name) = zone.to_str() else { continue };
        let zone = || zone.clone();
        let of = |holder: Holder| {
            let known = !unknowns.iter().any(|scope| holds(scope, &holder));
            let ports = openings
                .iter()
                .filter(|opening| opening.holder == holder)
                .filter_map(|opening| opening.port);
            (known, ports.collect::<Vec<_>>())
        };
        let (known, open) = of(Holder::ZonePort { zone: zone(), layer });
        let ports = firewalld
            .ports(name, layer)
            .map(|ports| ports.map(|(port, _)| port).collect::<Vec<_>>());
        assert_eq!(ports.is_ok(), known, "ports of {name}, {layer}: {ports:?}");
        assert!(ports.is_err() || ports == Ok(open), "ports of {name}, {layer}");
        let (known, open) = of(Holder::ZoneSourcePort { zone: zone(), layer });
        let ports = firewalld
            .source_ports(name, layer)
            .map(|ports| ports.map(|(port, _)| port).collect::<Vec<_>>());
        assert_eq!(ports.is_ok(), known, "source ports of {name}, {layer}: {ports:?}");
        assert!(ports.is_err() || ports == Ok(open), "source ports of {name}, {layer}");
        for (service, _) in firewalld.services(name, layer).into_iter().flatten() {
            let holder = Holder::ZoneService { zone: zone(), layer, service: service.clone() };
            assert!(
                of(holder.clone()).0 && openings.iter().any(|opening| opening.holder == holder),
                "{service} of {name}"
            );
        }
    }
}

/// The front door: lines are accounted for, a report can be made anywhere, and what was saved and
/// loaded goes on as if it had not been.
fn audit(log: &[u8], limits: Limits, every: usize) {
    let mut whole = Auditor::with(Expect::Auto, limits).keeping_history();
    whole.feed(log);
    whole.finish();
    let count = Lines::with_limits(log, &limits).count() as u64;
    let counts = whole.coverage().counts();
    assert_eq!(counts.lines(), count, "{counts:?} in {:.1500}", log.escape_ascii().to_string());

    let mut resumed = Auditor::with(Expect::Auto, limits).keeping_history();
    for (number, line) in log.split_inclusive(|&byte| byte == b'\n').enumerate() {
        resumed.feed(line);
        if number % every == 0 && number < 4 * every {
            #[cfg(feature = "serde")]
            {
                resumed = walk::saved_and_loaded(&resumed);
            }
            let settled = resumed.settled();
            assert_eq!(
                settled.coverage().counts().lines(),
                number as u64 + 1,
                "lines are not settled"
            );
        }
    }
    resumed.finish();
    walk::same(&resumed, &whole, "taken up again");

    let report = Report::new(whole.ledger(), whole.coverage(), whole.history(), &Timeline::new());
    walk::saved(&report);
    assert!(!report.to_string().is_empty());
}
