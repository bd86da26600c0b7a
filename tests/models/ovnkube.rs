//! A model of ovnkube's service rules against reality and against the crate.

use crate::model_ovnkube;
use crate::model_run;
#[path = "../common/model_ovnkube_reality.rs"]
mod reality;

use hostport_audit::event::ovnkube::Kind;
use hostport_audit::state::ovnkube::{OpenPort, Ovnkube, StatedPort, Statement};
use hostport_audit::state::{Facts, Host};
use hostport_audit::{Family, Limits};
use model_ovnkube::rules::Opening;
use model_ovnkube::{Script, View, script};
use model_run::{config, judge};
use proptest::prelude::*;
use std::collections::BTreeSet;

fn openings(open: Vec<OpenPort>) -> BTreeSet<Opening> {
    open.iter()
        .map(|open| {
            let key = &open.port;
            let family = if key.family == Family::Ipv4 { "ipv4" } else { "ipv6" };
            let kind = if key.kind == Kind::NodePort { "node_port" } else { "external_ip" };
            let protocol = key.port.protocol().to_string();
            (family, protocol, kind, key.address.map(|a| a.to_string()), key.port.range().first())
        })
        .collect()
}

fn compare(ovnkube: &Ovnkube, view: &View) -> Result<bool, String> {
    judge(
        "open",
        ovnkube.open().map(openings),
        &openings(ovnkube.at_least()),
        &view.open,
        view.determined,
    )
}

fn statement(view: &View) -> Facts {
    let ports = view.open.iter().map(|(family, protocol, kind, address, port)| StatedPort {
        family: if *family == "ipv4" { Family::Ipv4 } else { Family::Ipv6 },
        protocol: protocol.parse().unwrap(),
        kind: if *kind == "node_port" { Kind::NodePort } else { Kind::ExternalIp },
        address: address.as_ref().map(|a| a.parse().unwrap()),
        port: *port,
    });
    Facts { ovnkube: Some(Statement::ports(ports)), ..Facts::default() }
}

/// Drives the crate over a script; gives the number of known answers, or the first that is not as
/// it should be.
fn drive(script: &Script) -> Result<usize, String> {
    let compare = |host: Option<&Host>, view: &View| {
        let unknown = Ovnkube::new(Limits::default());
        compare(host.and_then(Host::ovnkube).unwrap_or(&unknown), view).map(usize::from)
    };
    let problem = |problem| format!("{:?} {:?} {problem}", script.era, script.prefix);
    model_run::drive(&script.log, &script.steps, compare, statement).map_err(problem)
}

/// What the random scripts have found, each by a script of its own.
mod found {
    use super::drive;
    use crate::model_ovnkube::lines::{Era, Prefix};
    use crate::model_ovnkube::rules::{Endpoints, Kind, Port, Service};
    use crate::model_ovnkube::{Beginning, Op, run};

    fn service(kind: Kind, protocol: &'static str, etp_local: bool) -> Service {
        let node_port = if protocol == "UDP" { 30081 } else { 30080 };
        Service {
            name: String::new(),
            kind,
            dual: false,
            ports: vec![Port { protocol, port: 80, node_port }],
            addresses: if kind == Kind::NodePort { Vec::new() } else { vec!["192.0.2.20"] },
            etp_local,
            itp_local: false,
            no_node_ports: false,
            endpoints: Endpoints::None,
            number: 0,
        }
    }

    fn add(service: Service) -> Op {
        Op::Add { service, failing: 0 }
    }

    #[test]
    fn a_rule_whose_deletion_failed_is_not_surely_there_in_a_life_that_prints_no_rule_lines() {
        let both = || add(service(Kind::NodePort, "UDP", true));
        let restart = Op::Restart { gone: vec![], born: vec![], level4: true, quiet: false };
        let delete = |which, failing| Op::Delete { which, failing };
        for (first, second) in [(0, 0), (1, 0)] {
            let ops = [both(), both(), restart.clone(), delete(first, true), delete(second, false)];
            drive(&run(Era::Y2023, Prefix::None, false, &Beginning::FirstStart, false, &ops))
                .unwrap();
        }
    }

    #[test]
    fn a_stated_port_whose_known_rule_came_back_may_have_a_further_one() {
        let external = || service(Kind::ExternalIp, "SCTP", false);
        let beginning = Beginning::MidLife(vec![service(Kind::NodePort, "TCP", false), external()]);
        let endpoints = Op::Endpoints { which: 2, endpoints: Endpoints::None };
        let delete = Op::Delete { which: 2, failing: false };
        drive(&run(
            Era::Y2021,
            Prefix::None,
            false,
            &beginning,
            true,
            &[add(external()), endpoints, Op::Tell, delete],
        ))
        .unwrap();
    }
}

proptest! {
    #![proptest_config(config(96))]

    #[test]
    fn the_crate_is_never_wrong_and_knows_what_the_log_determines(script in script(25)) {
        if let Err(problem) = drive(&script) {
            prop_assert!(false, "{problem}\n{}", String::from_utf8_lossy(&script.log));
        }
    }
}
