//! State lines: one JSON object of what the crate believes, and facts read back from the same
//! shape.

use hostport_audit::event::firewalld::{Item, Kind, Layer};
use hostport_audit::event::ovnkube as ovnkube_event;
use hostport_audit::state::Facts;
use hostport_audit::state::crio::{self, Crio};
use hostport_audit::state::firewalld::{self, Firewalld, Stated};
use hostport_audit::state::ovnkube::{self, OpenPort, Ovnkube};
use hostport_audit::{Auditor, Family, HostPort, ParseError, Text};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::error::Error;
use std::str::FromStr;

/// What is believed, as one object.
pub(crate) fn print(auditor: &Auditor) -> Value {
    let counts = auditor.coverage().counts();
    let hosts: Vec<_> = auditor.ledger().hosts().collect();
    let mut line = Map::new();
    if let Some(firewalld) = only(hosts.iter().filter_map(|(_, host)| host.firewalld())) {
        line.insert("firewalld".into(), print_firewalld(firewalld));
    }
    let crio: Vec<_> =
        hosts.iter().filter_map(|(name, host)| Some((*name, host.crio()?))).collect();
    match crio.as_slice() {
        [] => {}
        [(_, crio)] => drop(line.insert("crio".into(), print_crio(crio))),
        several => {
            let named = several.iter().map(|(name, crio)| {
                (name.map(Text::to_string).unwrap_or_default(), print_crio(crio))
            });
            let hosts: Map<_, _> = named.collect();
            line.insert(
                "crio".into(),
                json!({"sockets": null, "exposed": null, "dnat": null, "hosts": hosts}),
            );
        }
    }
    if let Some(ovnkube) = only(hosts.iter().filter_map(|(_, host)| host.ovnkube())) {
        line.insert("ovnkube".into(), print_ovnkube(ovnkube));
    }
    line.insert(
        "coverage".into(),
        json!({"lines": counts.lines(), "records": counts.records, "unrelated": counts.unrelated,
               "malformed": counts.malformed, "anomalies": counts.anomalies}),
    );
    Value::Object(line)
}

/// What there is exactly one of: a state line names no host for these.
fn only<T>(mut items: impl Iterator<Item = T>) -> Option<T> {
    let first = items.next();
    if items.next().is_some() { None } else { first }
}

fn words<T: ToString>(items: impl IntoIterator<Item = T>) -> Value {
    let sorted: BTreeSet<String> = items.into_iter().map(|item| item.to_string()).collect();
    json!(sorted)
}

fn print_firewalld(firewalld: &Firewalld) -> Value {
    let mut zones = Map::new();
    for (zone, layer) in firewalld.zones() {
        let Some(name) = zone.to_str() else { continue };
        let mut lists = Map::new();
        for (kind, ports) in [
            (Kind::Ports, firewalld.ports(name, layer).ok().map(words_of_ports)),
            (Kind::SourcePorts, firewalld.source_ports(name, layer).ok().map(words_of_ports)),
        ] {
            lists.insert(kind.as_str().into(), ports.unwrap_or_default());
        }
        for kind in [Kind::Services, Kind::ForwardPorts, Kind::Protocols] {
            let names = firewalld
                .names(name, layer, kind)
                .ok()
                .map(|names| words(names.map(|(name, _)| name.to_string())));
            lists.insert(kind.as_str().into(), names.unwrap_or_default());
        }
        let zone = zones.entry(name).or_insert_with(|| json!({}));
        zone[layer.to_string()] = Value::Object(lists);
    }
    let default_zone = firewalld.default_zone().ok().map(Text::to_string);
    let mut object = json!({"default_zone": default_zone, "zones": zones});
    let assumed: Vec<_> = firewalld
        .assumptions()
        .map(|(what, assumed)| json!({"what": what, "assumed": assumed.to_string()}))
        .collect();
    if !assumed.is_empty() {
        object["assumed"] = json!(assumed);
    }
    object
}

fn words_of_ports<S>(ports: impl Iterator<Item = (HostPort, S)>) -> Value {
    words(ports.map(|(port, _)| port))
}

fn print_crio(crio: &Crio) -> Value {
    let ports = |ports: BTreeSet<HostPort>| {
        words(ports.into_iter().map(|port| format!("{}:{}", port.protocol(), port.range())))
    };
    let mut object = json!({
        "sockets": crio.sockets().ok().map(ports),
        "exposed": crio.exposed().ok().map(ports),
        "dnat": crio.dnat().ok().map(words),
    });
    if crio.sockets().is_err() {
        object["sockets_at_least"] = ports(crio.sockets_at_least());
    }
    if crio.exposed().is_err() {
        object["exposed_at_least"] = ports(crio.exposed_at_least());
    }
    object
}

fn print_ovnkube(ovnkube: &Ovnkube) -> Value {
    match ovnkube.open() {
        Ok(open) => json!({"open": open_ports(&open)}),
        Err(_) => json!({"open": null, "at_least": open_ports(&ovnkube.at_least())}),
    }
}

/// One object a port; a rule for a range of ports gives one for each.
fn open_ports(open: &[OpenPort]) -> Value {
    let each = open.iter().flat_map(|open| {
        let key = open.port;
        (key.port.range().first()..=key.port.range().last()).map(move |port| {
            json!({"family": key.family.to_string(), "protocol": key.port.protocol().as_str(), "kind": key.kind.as_str(),
                   "address": key.address.map(|address| address.to_string()), "port": port})
        })
    });
    each.collect()
}

/// States facts in the shape of a state line.
pub(crate) fn know(auditor: &mut Auditor, facts: &Value) -> Result<(), Box<dyn Error>> {
    if let Some(stated) = facts.get("firewalld") {
        auditor.know(None, &Facts { firewalld: Some(read_firewalld(stated)?), ..Facts::default() });
    }
    if let Some(stated) = facts.get("crio") {
        let hosts = stated.get("hosts").and_then(Value::as_object);
        for (host, stated) in hosts.into_iter().flatten() {
            auditor.know(
                Some(&Text::from(host.as_str())),
                &Facts { crio: Some(read_crio(stated)?), ..Facts::default() },
            );
        }
        if hosts.is_none() {
            auditor.know(None, &Facts { crio: Some(read_crio(stated)?), ..Facts::default() });
        }
    }
    if let Some(open) =
        facts.get("ovnkube").and_then(|stated| stated.get("open")).and_then(Value::as_array)
    {
        let open = open.iter().map(read_open_port).collect::<Result<Vec<_>, _>>()?;
        auditor.know(
            None,
            &Facts { ovnkube: Some(ovnkube::Statement::ports(open)), ..Facts::default() },
        );
    }
    Ok(())
}

fn read_crio(stated: &Value) -> Result<crio::Statement, Box<dyn Error>> {
    Ok(crio::Statement {
        sockets: read_list(stated, "sockets")?,
        exposed: read_list(stated, "exposed")?,
        dnat: read_list(stated, "dnat")?,
        iptables: read_list(stated, "iptables")?,
    })
}

/// A list of texts; `None` where nothing is stated.
fn read_list<T: Ord + FromStr<Err = ParseError>>(
    stated: &Value,
    key: &str,
) -> Result<Option<BTreeSet<T>>, ParseError> {
    let Some(list) = stated.get(key).and_then(Value::as_array) else { return Ok(None) };
    list.iter()
        .map(|item| item.as_str().unwrap_or_default().parse())
        .collect::<Result<_, _>>()
        .map(Some)
}

fn read_open_port(stated: &Value) -> Result<ovnkube::StatedPort, Box<dyn Error>> {
    let text = |key| stated.get(key).and_then(Value::as_str);
    Ok(ovnkube::StatedPort {
        family: if text("family") == Some("ipv6") { Family::Ipv6 } else { Family::Ipv4 },
        protocol: text("protocol").unwrap_or_default().parse()?,
        kind: if text("kind") == Some("external_ip") {
            ovnkube_event::Kind::ExternalIp
        } else {
            ovnkube_event::Kind::NodePort
        },
        address: text("address").map(str::parse).transpose()?,
        port: u16::try_from(stated.get("port").and_then(Value::as_u64).unwrap_or_default())?,
    })
}

fn read_firewalld(stated: &Value) -> Result<firewalld::Statement, Box<dyn Error>> {
    let mut statement = firewalld::Statement::new();
    if let Some(zone) = stated.get("default_zone").and_then(Value::as_str) {
        statement = statement.with_default_zone(zone.to_owned());
    }
    for (zone, layers) in stated.get("zones").and_then(Value::as_object).into_iter().flatten() {
        for layer in Layer::ALL {
            let Some(lists) = layers.get(layer.to_string()).and_then(Value::as_object) else {
                continue;
            };
            let mut known = Stated::new();
            for kind in [
                Kind::Ports,
                Kind::SourcePorts,
                Kind::Services,
                Kind::ForwardPorts,
                Kind::Protocols,
            ] {
                let Some(items) = lists.get(kind.as_str()).and_then(Value::as_array) else {
                    continue;
                };
                let items =
                    items.iter().map(|item| read_item(kind, item.as_str().unwrap_or_default()));
                known = known.with(kind, items.collect::<Result<Vec<_>, _>>()?);
            }
            statement = statement.with_zone(zone.to_owned(), layer, known);
        }
    }
    Ok(statement)
}

/// An item as the daemon lists it.
fn read_item(kind: Kind, listed: &str) -> Result<Item<'static>, String> {
    let text = |text: &str| Text::from(text.to_owned());
    let broken = || format!("{listed} is none of {kind}");
    Ok(match kind {
        Kind::Ports | Kind::SourcePorts => {
            let (port, protocol) = listed.split_once('/').ok_or_else(broken)?;
            let (port, protocol) = (text(port), text(protocol));
            if kind == Kind::Ports {
                Item::Port { port, protocol }
            } else {
                Item::SourcePort { port, protocol }
            }
        }
        Kind::Services => Item::Service { name: text(listed) },
        Kind::Protocols => Item::Protocol { name: text(listed) },
        _ => {
            let mut rest = listed.strip_prefix("port=").ok_or_else(broken)?;
            let mut part = |mark| {
                let (part, behind) = rest.split_once(mark)?;
                rest = behind;
                Some(text(part))
            };
            let (port, protocol, to_port) = (part(":proto="), part(":toport="), part(":toaddr="));
            let (Some(port), Some(protocol), Some(to_port)) = (port, protocol, to_port) else {
                return Err(broken());
            };
            Item::ForwardPort { port, protocol, to_port, to_address: text(rest) }
        }
    })
}
