//! A model of ovnkube's service rules against reality and against the crate.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::string_slice)]
#![allow(clippy::std_instead_of_core, clippy::std_instead_of_alloc, unreachable_pub, dead_code)]

#[path = "common/model_ovnkube/mod.rs"]
mod model_ovnkube;
#[path = "common/model_run.rs"]
mod model_run;
#[path = "common/model_ovnkube_reality.rs"]
mod reality;

use hostport_audit::event::ovnkube::Kind;
use hostport_audit::state::Facts;
use hostport_audit::state::ovnkube::{OpenPort, Ovnkube, StatedPort, Statement};
use hostport_audit::{Auditor, Family, Limits};
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
    judge("open", ovnkube.open().map(openings), &openings(ovnkube.at_least()), &view.open, view.determined)
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

/// Drives the crate over a script; gives the number of known answers, or the first that is not as it should be.
fn drive(script: &Script) -> Result<usize, String> {
    let mut auditor = Auditor::new();
    let mut from = 0;
    let mut known = 0;
    for (n, step) in script.steps.iter().enumerate() {
        auditor.feed(&script.log[from..step.bytes]);
        from = step.bytes;
        let settled = auditor.settled();
        let hosts: Vec<_> = settled.ledger().hosts().collect();
        let unknown = Ovnkube::new(Limits::default());
        let ovnkube = hosts.first().map_or(&unknown, |(_, host)| host.ovnkube().unwrap_or(&unknown));
        if hosts.len() > 1 {
            return Err(format!("{} hosts", hosts.len()));
        }
        let problem = |e| format!("{:?} {:?} step {n} {}: {e}", script.era, script.prefix, step.op);
        known += usize::from(compare(ovnkube, &step.view).map_err(problem)?);
        if step.told {
            auditor.know(None, &statement(&step.view));
        }
    }
    Ok(known)
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
