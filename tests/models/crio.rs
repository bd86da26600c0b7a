//! A model of CRI-O's host port managers against reality and against the crate.

use crate::model_crio;
use crate::model_run;
#[path = "../common/model_crio_reality.rs"]
mod reality;

use hostport_audit::event::crio::Rule;
use hostport_audit::record::save::Save;
use hostport_audit::state::crio::{Crio, Statement};
use hostport_audit::state::{Facts, Host};
use hostport_audit::{Auditor, Limits};
use model_crio::{Script, View, script};
use model_run::{config, judge};
use proptest::prelude::*;
use std::collections::BTreeSet;

fn texts<T: ToString>(items: impl IntoIterator<Item = T>) -> BTreeSet<String> {
    items.into_iter().map(|item| item.to_string()).collect()
}

/// A port as CRI-O and the model write it.
fn port(port: &hostport_audit::HostPort) -> String {
    format!("{}:{}", port.protocol(), port.range().first())
}

fn compare(crio: &Crio, view: &View) -> Result<usize, String> {
    let ports = |set: BTreeSet<hostport_audit::HostPort>| -> BTreeSet<String> {
        set.iter().map(port).collect()
    };
    let sockets = judge(
        "sockets",
        crio.sockets().map(ports),
        &ports(crio.sockets_at_least()),
        &view.sockets,
        view.sockets_determined,
    )?;
    let exposed = judge(
        "exposed",
        crio.exposed().map(ports),
        &ports(crio.exposed_at_least()),
        &view.exposed,
        view.rules_determined,
    )?;
    let rules = judge(
        "rules",
        crio.dnat().map(texts),
        &texts(crio.dnat_at_least()),
        &view.rules,
        view.rules_determined,
    )?;
    Ok(usize::from(sockets) + usize::from(exposed) + usize::from(rules))
}

fn statement(view: &View) -> Facts {
    if let Some(saves) = &view.saves {
        let rules = saves
            .iter()
            .flat_map(|output| Rule::saved(&Save::parse(output.as_bytes()).unwrap()).unwrap());
        return Facts { crio: Some(Statement::rules(rules)), ..Facts::default() };
    }
    let set = |texts: &BTreeSet<String>| {
        texts
            .iter()
            .map(|text| {
                let (protocol, number) = text.split_once(':').unwrap();
                hostport_audit::HostPort::single(protocol.parse().unwrap(), number.parse().unwrap())
            })
            .collect()
    };
    let crio = Statement {
        sockets: Some(set(&view.sockets)),
        exposed: Some(set(&view.exposed)),
        dnat: Some(view.rules.iter().map(|rule| rule.parse().unwrap()).collect()),
        iptables: None,
    };
    Facts { crio: Some(crio), ..Facts::default() }
}

/// Drives the crate over a script; gives the number of known answers, or the first that is not as
/// it should be.
fn drive(script: &Script) -> Result<usize, String> {
    let compare = |host: Option<&Host>, view: &View| {
        let unknown = Crio::new(Limits::default());
        compare(host.and_then(Host::crio).unwrap_or(&unknown), view)
    };
    model_run::drive(&script.log, &script.steps, compare, statement)
        .map_err(|problem| format!("{:?} {problem}", script.setup))
}

/// What the random scripts have found, each by a script of its own.
mod found {
    use super::drive;
    use crate::model_crio::kernel::Mapping;
    use crate::model_crio::lines::{Mode, Setup, Version};
    use crate::model_crio::{Beginning, Op, PodSpec, Stack, run};

    const SETUP: Setup = Setup {
        version: Version::V1_29_9,
        mode: Mode::Short,
        json: false,
        debug: false,
        utc: false,
        short_messages: false,
    };

    fn pod(stack: Stack) -> PodSpec {
        let mapping = Mapping { protocol: "tcp", host_port: 80, container_port: 80, host_ip: "" };
        PodSpec { stack, mappings: vec![mapping], host_network: false }
    }

    #[test]
    fn an_input_that_empties_a_family_is_not_taken_for_the_others_whose_chains_were_only_stated() {
        let before = [pod(Stack::V6), pod(Stack::V4)];
        drive(&run(
            SETUP,
            Beginning::Start,
            true,
            &before,
            &[Op::Stop { which: 0, failing: false }],
        ))
        .unwrap();
    }

    #[test]
    fn a_pod_that_runs_twice_loses_only_the_rules_of_the_sandbox_that_is_stopped() {
        // Neither restores nor rules are told on nftables. Each pod that is made takes two
        // identities, so the fifth has the first's name.
        let setup = Setup { version: Version::V1_36_3Nft, ..SETUP };
        let start = |stack| Op::Start { pod: pod(stack), failing: false };
        let ops = [
            start(Stack::V6),
            Op::Noise(0),
            Op::Noise(0),
            start(Stack::V4),
            Op::Stop { which: 0, failing: false },
        ];
        drive(&run(setup, Beginning::Start, true, &[], &ops)).unwrap();
    }

    #[test]
    fn a_sandbox_whose_rules_were_cut_is_not_taken_for_another_one_of_its_pod() {
        let setup = Setup { mode: Mode::RsyslogTraditional, short_messages: true, ..SETUP };
        let mapping =
            |host_port| Mapping { protocol: "tcp", host_port, container_port: 80, host_ip: "" };
        let with = |stack, ports: &[u16]| {
            let mappings = ports.iter().copied().map(mapping).collect();
            PodSpec { stack, mappings, host_network: false }
        };
        // The third pod that is made has the first one's name.
        let before = [with(Stack::V6, &[443]), with(Stack::V4, &[53, 443, 8443])];
        let start = Op::Start { pod: with(Stack::V4, &[80]), failing: false };
        let ops = [start, Op::Stop { which: 2, failing: false }];
        drive(&run(setup, Beginning::Start, true, &before, &ops)).unwrap();
    }

    #[test]
    fn what_is_opened_before_a_cut_text_and_closed_after_it_is_not_taken_from_another_pod() {
        let setup = Setup {
            version: Version::V1_22_5,
            mode: Mode::RsyslogTraditional,
            short_messages: true,
            ..SETUP
        };
        let mapping = |protocol, host_port, host_ip| Mapping {
            protocol,
            host_port,
            container_port: 80,
            host_ip,
        };
        let start = |stack, mappings: &[Mapping], failing| Op::Start {
            pod: PodSpec { stack, mappings: mappings.to_vec(), host_network: false },
            failing,
        };
        let three = [mapping("tcp", 443, ""), mapping("udp", 80, ""), mapping("tcp", 80, "")];
        let ops = [
            start(Stack::V6, &[mapping("tcp", 80, "::")], false),
            start(Stack::V4, &[mapping("sctp", 80, ""), mapping("tcp", 53, "")], false),
            start(Stack::V4, &three, true),
        ];
        drive(&run(setup, Beginning::Start, true, &[], &ops)).unwrap();
    }

    #[test]
    fn rules_of_a_sandbox_that_were_shown_meanwhile_are_not_taken_for_those_of_another_one_of_its_pod()
     {
        let setup = Setup {
            version: Version::V1_36_3,
            mode: Mode::RsyslogTraditional,
            short_messages: true,
            ..SETUP
        };
        let start = |stack, ports: &[u16]| {
            let mapping = |&host_port| Mapping {
                protocol: "tcp",
                host_port,
                container_port: 80,
                host_ip: "",
            };
            Op::Start {
                pod: PodSpec {
                    stack,
                    mappings: ports.iter().map(mapping).collect(),
                    host_network: false,
                },
                failing: false,
            }
        };
        let stop = |which| Op::Stop { which, failing: false };
        // Of three sandboxes the first and the third are of one pod; the text of each start that
        // adds three rules is cut.
        for mappings in [[1, 1, 1], [3, 1, 3], [3, 1, 1], [1, 3, 3], [3, 3, 3]] {
            let ports = [80, 443, 53];
            let first = start(Stack::V4, &ports[..mappings[0]]);
            let second = start(Stack::V4, &ports[..mappings[1]]);
            let third = start(Stack::Dual, &ports[..mappings[2]]);
            for order in [[0, 0, 0], [1, 0, 0], [2, 0, 0], [0, 1, 0], [1, 1, 0], [2, 1, 0]] {
                let mut ops = vec![first.clone(), second.clone(), third.clone()];
                ops.extend(order.map(stop));
                drive(&run(setup, Beginning::Start, true, &[], &ops)).unwrap();
                ops.swap(2, 3);
                drive(&run(setup, Beginning::Start, true, &[], &ops)).unwrap();
            }
        }
    }

    #[test]
    fn every_rule_of_a_chain_counts() {
        let mapping = |container_port, host_ip| Mapping {
            protocol: "tcp",
            host_port: 8080,
            container_port,
            host_ip,
        };
        let start = |stack, mappings: &[Mapping]| Op::Start {
            pod: PodSpec { stack, mappings: mappings.to_vec(), host_network: false },
            failing: false,
        };
        let stop = Op::Stop { which: 0, failing: false };
        // One host port to two container ports; CRI-O cannot remove them. One on two addresses.
        let twice = [mapping(8443, ""), mapping(9443, "")];
        let two = [mapping(8443, "192.0.2.10"), mapping(8443, "192.0.2.11")];
        for version in [Version::V1_31_0, Version::V1_32_0, Version::V1_36_3] {
            for stack in [Stack::V4, Stack::V6, Stack::Dual] {
                let ops = [
                    start(stack, &twice),
                    Op::Tell,
                    start(Stack::V4, &two),
                    stop.clone(),
                    Op::Restart,
                    stop.clone(),
                    start(stack, &twice),
                ];
                let setup = Setup { version, ..SETUP };
                drive(&run(setup, Beginning::Start, true, &[], &ops)).unwrap();
                drive(&run(setup, Beginning::MidLife, true, &[], &ops)).unwrap();
            }
        }
    }

    #[test]
    fn what_iptables_save_showed_goes_with_its_pod_though_the_text_of_the_removal_is_lost() {
        // The journal's JSON mode leaves out what is longer than 4096 bytes.
        let setup =
            Setup { version: Version::V1_36_3, mode: Mode::Json, short_messages: true, ..SETUP };
        let start = |host_port| {
            let mapping = Mapping { protocol: "tcp", host_port, container_port: 80, host_ip: "" };
            let pod = PodSpec { stack: Stack::V4, mappings: vec![mapping], host_network: false };
            Op::Start { pod, failing: false }
        };
        let nothing = PodSpec { stack: Stack::V4, mappings: Vec::new(), host_network: false };
        let missing = Op::Suppressed(vec![Op::Start { pod: nothing, failing: false }]);
        for which in 0..4 {
            let mut ops: Vec<Op> = [80, 443, 53, 8443, 30000, 81, 82].map(start).to_vec();
            ops.extend([missing.clone(), Op::TellSaves, Op::Stop { which, failing: false }]);
            drive(&run(setup, Beginning::Start, true, &[], &ops)).unwrap();
        }
    }

    #[test]
    fn requests_side_by_side() {
        let start = |stack, ports: &[u16], failing| {
            let mapping = |&host_port| Mapping {
                protocol: "tcp",
                host_port,
                container_port: 80,
                host_ip: "",
            };
            Op::Start {
                pod: PodSpec {
                    stack,
                    mappings: ports.iter().map(mapping).collect(),
                    host_network: false,
                },
                failing,
            }
        };
        let stop = |which, failing| Op::Stop { which, failing };
        let together = |ops: &[Op], order| Op::SideBySide { ops: ops.to_vec(), order };
        let (v4, v6, dual) = (Stack::V4, Stack::V6, Stack::Dual);
        let scripts: &[(Version, &[Op])] = &[
            // Of two starts of one pod the end of one is not that of the other.
            (
                Version::V1_22_5,
                &[together(
                    &[start(v4, &[], false), start(v4, &[], false), start(v6, &[443, 443], false)],
                    16390406287846473724,
                )],
            ),
            (
                Version::V1_31_0,
                &[together(
                    &[start(v4, &[], false), start(v4, &[], false), start(v4, &[80], true)],
                    8093624938216630248,
                )],
            ),
            // An input that adds is not the other half of a removal of the last rules of both
            // families.
            (
                Version::V1_31_0,
                &[
                    start(dual, &[80], false),
                    start(v4, &[], false),
                    together(
                        &[start(v6, &[80], false), stop(2, true), stop(0, false)],
                        11425556299670894030,
                    ),
                ],
            ),
        ];
        for (version, ops) in scripts {
            drive(&run(Setup { version: *version, ..SETUP }, Beginning::Start, true, &[], ops))
                .unwrap();
        }
        let short = Setup { mode: Mode::RsyslogTraditional, short_messages: true, ..SETUP };
        // An input that one of two families must have, and the text of the next one is cut.
        let ops = [
            start(dual, &[80], false),
            together(&[stop(0, false), start(v6, &[53, 80], false)], 8129898924448951248),
        ];
        drive(&run(
            Setup { version: Version::V1_31_0, ..short },
            Beginning::Start,
            true,
            &[],
            &ops,
        ))
        .unwrap();
        // A cut text counts for what was opened just before it rather than for what an earlier
        // start may have left.
        let ops = [
            together(
                &[start(v4, &[], false), start(v4, &[], false), start(v4, &[443, 443], false)],
                2013882341719479986,
            ),
            start(v4, &[80], false),
            start(v4, &[443, 53], true),
        ];
        drive(&run(
            Setup { version: Version::V1_22_5, ..short },
            Beginning::Start,
            true,
            &[],
            &ops,
        ))
        .unwrap();
    }

    #[test]
    fn facts_hold_behind_a_record_that_was_not_complete_when_they_were_stated() {
        let setup = Setup { mode: Mode::Verbose, ..SETUP };
        let start = || Op::Start { pod: pod(Stack::V4), failing: false };
        drive(&run(
            setup,
            Beginning::Start,
            true,
            &[],
            &[Op::Suppressed(vec![start()]), Op::Tell, start()],
        ))
        .unwrap();
    }
}

/// Two hosts write into one stream, step by step in turn; each must be judged as if it were alone,
/// but that `-- Boot … --` tells of a start of one of them without naming it: from there on neither
/// need be known until it is stated, and neither may be wrong.
fn drive_two(first: &Script, second: &Script) -> Result<usize, String> {
    let mut auditor = Auditor::new();
    let mut known = 0;
    let mut from = [0, 0];
    let mut may_have_booted = [false, false];
    for n in 0..first.steps.len().max(second.steps.len()) {
        for (which, (script, name)) in
            [(first, "rhel92"), (second, "edge07")].into_iter().enumerate()
        {
            let Some(step) = script.steps.get(n) else { continue };
            let text = String::from_utf8_lossy(&script.log[from[which]..step.bytes])
                .replace("rhel92", name);
            auditor.feed(text.as_bytes());
            from[which] = step.bytes;
            if text.lines().any(|line| line.starts_with("-- Boot ")) {
                may_have_booted = [true, true];
            }
            let mut view = step.view.clone();
            view.sockets_determined &= !may_have_booted[which];
            view.rules_determined &= !may_have_booted[which];
            let settled = auditor.settled();
            let unknown = Crio::new(Limits::default());
            let host =
                settled.ledger().hosts().find(|(host, _)| host.is_some_and(|host| *host == *name));
            let crio = host.and_then(|(_, host)| host.crio()).unwrap_or(&unknown);
            known += compare(crio, &view)
                .map_err(|e| format!("{name} {:?} step {n} {}: {e}", script.setup, step.op))?;
            if step.told {
                auditor.know(Some(&name.into()), &statement(&step.view));
                // What iptables-save prints says nothing of sockets.
                may_have_booted[which] &= step.view.saves.is_some();
            }
        }
    }
    Ok(known)
}

/// The log for a reader: the beginnings of its lines.
fn brief(script: &Script) -> String {
    String::from_utf8_lossy(&script.log)
        .lines()
        .map(|line| line.chars().take(330).collect::<String>() + "\n")
        .collect()
}

proptest! {
    #![proptest_config(config(96))]

    #[test]
    fn the_crate_is_never_wrong_and_knows_what_the_log_determines(script in script(25)) {
        if let Err(problem) = drive(&script) {
            prop_assert!(false, "{problem}\n{}", brief(&script));
        }
    }

    #[test]
    fn hosts_in_one_stream_are_kept_apart((first, second) in model_crio::named_host(12)) {
        if let Err(problem) = drive_two(&first, &second) {
            prop_assert!(false, "{problem}\n{}\n{}", brief(&first), brief(&second));
        }
    }
}
