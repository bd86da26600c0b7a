//! Since which line a port is open, where one layer takes over the lists of the other.

use hostport_audit::Auditor;
use hostport_audit::event::firewalld::{Item, Kind, Layer};
use hostport_audit::state::Facts;
use hostport_audit::state::firewalld::{Stated, Statement};
use hostport_audit::state::opening::{Holder, Opening};

const BEGIN: &str = "\
2026-11-22 09:52:50 DEBUG1: start()
2026-11-22 09:52:50 DEBUG1: Using default zone 'public'
2026-11-22 09:52:50 DEBUG1: config.zone.0.GetAll('org.fedoraproject.FirewallD1.config.zone')
2026-11-22 09:52:50 DEBUG1: config.ZoneAdded('public')
2026-11-22 09:52:50 DEBUG1: GetAll('org.fedoraproject.FirewallD1')
";

const RELOAD: &str = "\
2026-11-22 09:52:55 DEBUG1: reload()
2026-11-22 09:52:56 DEBUG1: Using default zone 'public'
2026-11-22 09:52:56 DEBUG1: config.zone.0.GetAll('org.fedoraproject.FirewallD1.config.zone')
2026-11-22 09:52:56 DEBUG1: config.ZoneAdded('public')
2026-11-22 09:52:56 DEBUG1: Reloaded()
";

fn runtime_add(port: &str) -> String {
    format!(
        "2026-11-22 09:52:52 DEBUG1: zone.addPort('public', '{port}', 'tcp')\n\
         2026-11-22 09:52:52 DEBUG1: zone.PortAdded('public', '{port}', 'tcp', 0)\n"
    )
}

fn permanent_add(port: &str) -> String {
    format!(
        "2026-11-22 09:52:53 DEBUG1: config.zone.0.addPort('{port}', 'tcp')\n\
         2026-11-22 09:52:53 DEBUG1: config.zone.0.getSettings()\n\
         2026-11-22 09:52:53 DEBUG1: config.zone.0.update('...')\n\
         2026-11-22 09:52:53 DEBUG1: config.zone.0.Updated('public')\n"
    )
}

/// `PORT LINE` of the ports that the runtime layer lets through, and the line since which it does.
fn since(auditor: &Auditor) -> Vec<String> {
    let (_, host) = auditor.ledger().hosts().next().unwrap();
    let runtime = |opening: &Opening| {
        matches!(opening.holder, Holder::ZonePort { layer: Layer::Runtime, .. })
    };
    let mut lines: Vec<String> = host
        .openings()
        .filter(|(opening, _)| runtime(opening))
        .map(|(opening, support)| format!("{} {}", opening.port.unwrap(), support.since.at.line()))
        .collect();
    lines.sort();
    lines
}

fn begun() -> Auditor {
    let mut auditor = Auditor::new();
    auditor.feed(BEGIN);
    let nothing = |layer| {
        Statement::new().with_zone(
            "public",
            layer,
            Stated::new().with(Kind::Ports, Vec::<Item<'static>>::new()),
        )
    };
    for layer in Layer::ALL {
        auditor.know(None, &Facts { firewalld: Some(nothing(layer)), ..Facts::default() });
    }
    auditor
}

#[test]
fn a_reload_opens_what_was_only_permanent() {
    let mut auditor = begun();
    auditor.feed(permanent_add("8081") + RELOAD);
    assert_eq!(since(&auditor), ["8081/tcp 14"]);
}

#[test]
fn what_was_open_before_the_reload_stays_open_since_its_own_line() {
    let mut auditor = begun();
    auditor.feed(runtime_add("8080") + &permanent_add("8080") + RELOAD);
    assert_eq!(since(&auditor), ["8080/tcp 7"]);
}

#[test]
fn of_a_range_each_port_has_its_own_line() {
    let mut auditor = begun();
    auditor.feed(runtime_add("8003-8004") + &permanent_add("8000-8010") + RELOAD);
    assert_eq!(since(&auditor), ["8000-8002/tcp 16", "8003-8004/tcp 7", "8005-8010/tcp 16"]);
    auditor.feed(RELOAD);
    assert_eq!(since(&auditor), ["8000-8002/tcp 16", "8003-8004/tcp 7", "8005-8010/tcp 16"]);
}
