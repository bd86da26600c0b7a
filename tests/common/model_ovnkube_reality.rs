//! The model of ovnkube is held against logs of the real code: the same services give the same rule
//! lines and the same open ports.

use crate::model_ovnkube::Op;
use crate::model_ovnkube::lines::{Era, Prefix};
use crate::model_ovnkube::node::Node;
use crate::model_ovnkube::rules::{Endpoints, Kind, Opening, Port, Service};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;

fn corpus(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/ovnk").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

const ADDRESSES: [&str; 8] = [
    "172.16.47.129",
    "172.16.47.130",
    "172.16.47.131",
    "172.16.47.132",
    "172.16.47.140",
    "192.0.2.10",
    "192.0.2.11",
    "192.0.2.20",
];

/// A service as the API of a truth record holds it.
fn service(record: &Value, name: &str) -> Service {
    let entries: Vec<&Value> =
        record["services"].as_array().into_iter().flatten().filter(|s| s["svc"] == name).collect();
    let first = entries[0];
    let strings = |key: &str| {
        first[key].as_array().into_iter().flatten().map(|v| v.as_str().unwrap().to_owned())
    };
    let addresses = strings("external_ips").chain(strings("ingress"));
    let number = |v: &Value| v.as_u64().unwrap() as u16;
    Service {
        name: name.to_owned(),
        kind: match first["type"].as_str().unwrap() {
            "NodePort" => Kind::NodePort,
            "LoadBalancer" => Kind::LoadBalancer,
            _ => Kind::ExternalIp,
        },
        dual: first["cluster_ips"].as_array().unwrap().len() == 2,
        ports: entries
            .iter()
            .map(|s| Port {
                protocol: ["TCP", "UDP", "SCTP"].into_iter().find(|p| s["proto"] == *p).unwrap(),
                port: number(&s["port"]),
                node_port: number(&s["node_port"]),
            })
            .collect(),
        addresses: addresses
            .map(|a| {
                ADDRESSES.into_iter().chain(["2001:db8::129"]).find(|known| *known == a).unwrap()
            })
            .collect(),
        etp_local: first["etp"] == "Local",
        itp_local: false,
        no_node_ports: number(&first["node_port"]) == 0,
        endpoints: Endpoints::None,
        number: 0,
    }
}

/// The messages that tell of rules, without header and without the cluster addresses, which the
/// model draws for itself.
fn messages(log: &str) -> Vec<String> {
    let told = ["rule in table", "Recreating iptables", "Creating table", "already exists"];
    log.lines()
        .filter(|line| told.iter().any(|word| line.contains(word)))
        .map(|line| line.split_once(".go:").unwrap().1.to_owned())
        .map(|line| {
            let words = line.split(' ').map(|w| {
                let cluster =
                    w.starts_with("10.43.") || w.starts_with("10.96.") || w.starts_with("[fd02::");
                if cluster {
                    format!("CIP:{}", w.rsplit(':').next().unwrap())
                } else {
                    w.to_owned()
                }
            });
            words.collect::<Vec<_>>().join(" ")
        })
        .map(|line| line.split_once("] ").unwrap().1.to_owned())
        .collect()
}

fn opened(record: &Value) -> BTreeSet<Opening> {
    record["open"]
        .as_array()
        .unwrap()
        .iter()
        .map(|o| {
            let text = |key: &str| o[key].as_str().unwrap();
            let address = (text("addr") != "LOCAL").then(|| text("addr").to_owned());
            let family = if text("family") == "v4" { "ipv4" } else { "ipv6" };
            let kind = if text("kind") == "nodeport" { "node_port" } else { "external_ip" };
            (family, text("proto").to_owned(), kind, address, o["port"].as_u64().unwrap() as u16)
        })
        .collect()
}

fn names(record: &Value) -> Vec<String> {
    let mut names: Vec<String> = record["services"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|s| s["svc"].as_str().unwrap().to_owned())
        .collect();
    names.dedup();
    names
}

fn compare(folder: &str, era: Era, name: &str) {
    let log = corpus(&format!("{folder}/{name}.log"));
    let lines: Vec<&str> = log.lines().collect();
    let mut node = Node::new(era, Prefix::None, name == "dualstack");
    let mut held: Vec<(String, Service)> = Vec::new();
    let mut from = 0;
    for line in corpus(&format!("{folder}/{name}.truth.jsonl")).lines() {
        let record: Value = serde_json::from_str(line).unwrap();
        let to = record["log_lines"].as_u64().unwrap() as usize;
        let real = lines[from..to].join("\n");
        let text = |key: &str| record[key].as_str().unwrap_or("").to_owned();
        let (op, subject) = (text("op"), text("service"));
        let which = held.iter().position(|(held, _)| *held == subject).unwrap_or(0);
        let before = node.klog.bytes.len();
        let mut exact = true;
        match op.as_str() {
            "before_start" => continue,
            "started" if held.is_empty() => node.start(5, false),
            "started" => {
                let gone: Vec<usize> = held
                    .iter()
                    .enumerate()
                    .rev()
                    .filter(|(_, (name, old))| {
                        !names(&record).contains(name) || service(&record, name) != *old
                    })
                    .map(|(at, _)| at)
                    .collect();
                gone.iter().for_each(|at| _ = held.remove(*at));
                let new: Vec<String> = names(&record)
                    .into_iter()
                    .filter(|name| !held.iter().any(|(held, _)| held == name))
                    .collect();
                let born: Vec<Service> = new.iter().map(|name| service(&record, name)).collect();
                held.extend(new.into_iter().zip(born.clone()));
                node.perform(&Op::Restart { gone, born, level4: false, quiet: false });
                exact = false; // the order of the services is another
            }
            "add_service" => {
                let service = service(&record, &subject);
                let failing = if name == "failing" && subject == "demo/dns" { 0xff } else { 0 };
                node.perform(&Op::Add { service: service.clone(), failing });
                if failing == 0 || era != Era::Y2024 {
                    held.push((subject.clone(), service));
                }
            }
            "update_service" => {
                let service = service(&record, &subject);
                node.perform(&Op::Update { which, service: service.clone() });
                held[which].1 = service;
            }
            "delete_service" if held.iter().any(|(held, _)| *held == subject) => {
                node.perform(&Op::Delete {
                    which,
                    failing: name == "failing" && subject == "demo/sig",
                });
                held.remove(which);
            }
            _ => {}
        }
        from = to;
        let printed = String::from_utf8(node.klog.bytes[before..].to_vec()).unwrap();
        let (mut ours, mut theirs) = (messages(&printed), messages(&real));
        if !exact {
            ours.sort();
            theirs.sort();
            ours.dedup();
            theirs.dedup();
        }
        let chain = |line: &String| line.starts_with("Chain:") || line.starts_with("Creating");
        ours.retain(|line| !chain(line));
        theirs.retain(|line| !chain(line));
        assert_eq!(ours, theirs, "{folder}/{name}: {op} {subject}");
        if !record["open"].is_null() {
            assert_eq!(
                node.step("", false).view.open,
                opened(&record),
                "{folder}/{name}: {op} {subject}"
            );
        }
    }
}

#[test]
fn the_scenarios_give_the_same_rules_and_the_same_open_ports() {
    for (folder, era) in [("seed_era", Era::Y2023), ("era_2024_12", Era::Y2024)] {
        for name in [
            "nodeport",
            "loadbalancer",
            "externalip",
            "shared_port",
            "update",
            "failing",
            "restart",
            "dualstack",
        ] {
            compare(folder, era, name);
        }
    }
}

#[test]
fn a_failure_is_told_in_the_words_of_the_real_code() {
    for (folder, era) in [("seed_era", Era::Y2023), ("era_2024_12", Era::Y2024)] {
        let log = corpus(&format!("{folder}/failing.log"));
        let mut node = Node::new(era, Prefix::None, false);
        node.start(5, false);
        let port = |protocol| Port { protocol, port: 53, node_port: 30053 };
        let service = Service {
            name: String::new(),
            kind: Kind::NodePort,
            dual: false,
            ports: vec![port("UDP"), port("TCP")],
            addresses: Vec::new(),
            etp_local: false,
            itp_local: false,
            no_node_ports: false,
            endpoints: Endpoints::None,
            number: 0,
        };
        node.perform(&Op::Add { service, failing: 0xff });
        let ours = String::from_utf8(node.klog.bytes.clone()).unwrap();
        let record = |log: &str| {
            let from = log.find("AddService failed").unwrap();
            let text: String = log[from..].lines().take(3).collect::<Vec<_>>().join("\n");
            text.replace("10.43.0.53", "CIP")
                .replace("10.43.0.1", "CIP")
                .replace("demo/dns", "NAME")
                .replace("demo/svc1", "NAME")
        };
        assert_eq!(record(&ours), record(&log), "{folder}");
    }
}
