//! A model of firewalld against reality and against the crate.

use crate::model_firewalld;
use crate::model_run;
#[path = "../common/model_firewalld_reality.rs"]
mod reality;

use hostport_audit::event::firewalld::{Item, Kind, Layer};
use hostport_audit::state::firewalld::{Firewalld, Stated, Statement};
use hostport_audit::state::known::Unknown;
use hostport_audit::state::opening::Holder;
use hostport_audit::state::{Facts, Host};
use hostport_audit::{Assume, Auditor, HostPort, Limits};
use model_firewalld::{Script, View, ops, script};
use model_run::{config, judge};
use proptest::prelude::*;
use std::collections::BTreeSet;

/// Ranges of each protocol, put together where they meet, so that ranges cut in different places
/// compare equal.
fn normal(ranges: impl IntoIterator<Item = (String, u32, u32)>) -> BTreeSet<String> {
    let mut ranges: Vec<_> = ranges.into_iter().collect();
    ranges.sort();
    let mut joined: Vec<(String, u32, u32)> = Vec::new();
    for (protocol, low, high) in ranges {
        match joined.last_mut() {
            Some((p, _, end)) if *p == protocol && low <= *end + 1 => *end = (*end).max(high),
            _ => joined.push((protocol, low, high)),
        }
    }
    joined.into_iter().map(|(protocol, low, high)| format!("{low}-{high}/{protocol}")).collect()
}

fn of_port(port: HostPort) -> (String, u32, u32) {
    (port.protocol().to_string(), u32::from(port.range().first()), u32::from(port.range().last()))
}

fn of_text(text: &str) -> (String, u32, u32) {
    let (range, protocol) = text.split_once('/').unwrap();
    let (low, high) = range.split_once('-').unwrap_or((range, range));
    (protocol.to_owned(), low.parse().unwrap(), high.parse().unwrap())
}

fn kind_of(kind: ops::Kind) -> Kind {
    match kind {
        ops::Kind::Ports => Kind::Ports,
        ops::Kind::SourcePorts => Kind::SourcePorts,
        ops::Kind::Services => Kind::Services,
        ops::Kind::ForwardPorts => Kind::ForwardPorts,
        ops::Kind::Protocols => Kind::Protocols,
    }
}

fn layer_of(layer: model_firewalld::Layer) -> Layer {
    match layer {
        model_firewalld::Layer::Runtime => Layer::Runtime,
        model_firewalld::Layer::Permanent => Layer::Permanent,
    }
}

fn answer(
    fold: &Firewalld,
    zone: &str,
    layer: Layer,
    kind: Kind,
) -> Result<BTreeSet<String>, Unknown> {
    Ok(match kind {
        Kind::Ports => normal(fold.ports(zone, layer)?.map(|(port, _)| of_port(port))),
        Kind::SourcePorts => normal(fold.source_ports(zone, layer)?.map(|(port, _)| of_port(port))),
        _ => fold.names(zone, layer, kind)?.map(|(name, _)| name.to_string()).collect(),
    })
}

/// What is surely open: the place of each opening, and its item as firewalld lists it.
fn openings(fold: &Firewalld) -> Vec<((String, Layer, Kind), String)> {
    let openings = fold.openings().filter_map(|(opening, _)| {
        let port = |port: Option<HostPort>| {
            port.map(of_port).map(|(p, low, high)| format!("{low}-{high}/{p}"))
        };
        let text = opening.port.map(|p| p.range().to_string());
        Some(match opening.holder {
            Holder::ZonePort { zone, layer } => {
                ((zone.to_string(), layer, Kind::Ports), port(opening.port)?)
            }
            Holder::ZoneSourcePort { zone, layer } => {
                ((zone.to_string(), layer, Kind::SourcePorts), port(opening.port)?)
            }
            Holder::ZoneService { zone, layer, service } => {
                ((zone.to_string(), layer, Kind::Services), service.to_string())
            }
            Holder::ZoneProtocol { zone, layer, protocol } => {
                ((zone.to_string(), layer, Kind::Protocols), protocol.to_string())
            }
            Holder::ZoneForwardPort { zone, layer, target } => {
                let protocol = opening.port?.protocol();
                let item = format!("port={}:proto={protocol}:{target}", text?);
                ((zone.to_string(), layer, Kind::ForwardPorts), item)
            }
            _ => return None,
        })
    });
    openings.collect()
}

/// Is an item within a list? Ports are, if one range of the list covers theirs.
fn within(item: &str, truth: &BTreeSet<String>, kind: Kind) -> bool {
    if !matches!(kind, Kind::Ports | Kind::SourcePorts) {
        return truth.contains(item);
    }
    let (protocol, low, high) = of_text(item);
    truth.iter().map(|text| of_text(text)).any(|(p, a, b)| p == protocol && a <= low && high <= b)
}

fn truth_of(kind: Kind, items: &BTreeSet<String>) -> BTreeSet<String> {
    match kind {
        Kind::Ports | Kind::SourcePorts => normal(items.iter().map(|text| of_text(text))),
        _ => items.clone(),
    }
}

fn compare(fold: &Firewalld, view: &View) -> Result<usize, String> {
    let default_zone = fold.default_zone().map(|zone| BTreeSet::from([zone.to_string()]));
    let truth = BTreeSet::from([view.default_zone.truth.clone()]);
    let mut known = usize::from(judge(
        "default zone",
        default_zone,
        &BTreeSet::new(),
        &truth,
        view.default_zone.determined,
    )?);
    let mut places = std::collections::BTreeMap::new();
    for ((zone, layer, kind), answer_of) in &view.cells {
        let (layer, kind) = (layer_of(*layer), kind_of(*kind));
        let truth = truth_of(kind, &answer_of.truth);
        // An opening names the ports as numbers, however they are spelled.
        let in_numbers = |text: &String| match kind {
            Kind::ForwardPorts => model_firewalld::ports::forward_in_numbers(text),
            _ => text.clone(),
        };
        places.insert((zone.clone(), layer, kind), truth.iter().map(in_numbers).collect());
        if layer == Layer::Runtime && !view.runtime_answers {
            continue;
        }
        let what = format!("{kind:?} of {zone} ({layer:?})");
        let told = answer(fold, zone, layer, kind);
        known += usize::from(judge(&what, told, &BTreeSet::new(), &truth, answer_of.determined)?);
    }
    for (place, item) in openings(fold) {
        if place.1 == Layer::Runtime && !view.runtime_answers {
            continue;
        }
        match places.get(&place) {
            Some(truth) if within(&item, truth, place.2) => {}
            truth => return Err(format!("WRONG {place:?}: at least {item}, of {truth:?}")),
        }
    }
    Ok(known)
}

fn item(kind: ops::Kind, text: &str) -> Item<'static> {
    let own = |text: &str| text.to_owned().into();
    let mut parts =
        text.splitn(4, ':').map(|part| own(part.split_once('=').map_or(part, |(_, value)| value)));
    let mut next = || parts.next().unwrap();
    match kind {
        ops::Kind::Ports | ops::Kind::SourcePorts => {
            let (port, protocol) = text.split_once('/').map(|(a, b)| (own(a), own(b))).unwrap();
            if kind == ops::Kind::Ports {
                Item::Port { port, protocol }
            } else {
                Item::SourcePort { port, protocol }
            }
        }
        ops::Kind::Services => Item::Service { name: own(text) },
        ops::Kind::Protocols => Item::Protocol { name: own(text) },
        ops::Kind::ForwardPorts => Item::ForwardPort {
            port: next(),
            protocol: next(),
            to_port: next(),
            to_address: next(),
        },
    }
}

fn statement(view: &View) -> Facts {
    let mut statement = Statement::new().with_default_zone(view.default_zone.truth.clone());
    for ((zone, layer, kind), answer) in &view.cells {
        if *layer == model_firewalld::Layer::Runtime && !view.runtime_answers {
            continue;
        }
        let items = answer.truth.iter().map(|text| item(*kind, text));
        statement = statement.with_zone(
            zone.clone(),
            layer_of(*layer),
            Stated::new().with(kind_of(*kind), items),
        );
    }
    Facts { firewalld: Some(statement), ..Facts::default() }
}

/// Drives the crate over a script; gives the number of known answers, or the first that is not as
/// it should be.
fn drive(script: &Script) -> Result<usize, String> {
    let compare = |host: Option<&Host>, view: &View| {
        let unknown = Firewalld::new(Limits::default());
        compare(host.and_then(Host::firewalld).unwrap_or(&unknown), view)
    };
    let mut auditor = Auditor::new();
    if script.files_kept {
        auditor = auditor.assuming(Assume::FilesKeptWhileStopped);
    }
    model_run::drive_auditor(auditor, &script.log, &script.steps, compare, statement)
}

/// What the random scripts have found, each by a script of its own.
mod found {
    use super::drive;
    use crate::model_firewalld::lines::Version;
    use crate::model_firewalld::ops::{Item, Kind, Op, Reload};
    use crate::model_firewalld::{Beginning, run};

    fn port() -> Item {
        Item::new(Kind::Ports, &["8080", "tcp"])
    }

    #[test]
    fn a_file_written_before_its_zone_was_heard_of_is_still_read_by_the_next_reload() {
        let edit = Op::HandEdit { zone: "public".to_owned(), item: port(), broken: false };
        let ops = [edit, Op::Tell, Op::Reload(Reload::Plain)];
        drive(&run(Version::V1_3_3, false, Beginning::MidLife, false, &ops)).unwrap();
    }
}

proptest! {
    #![proptest_config(config(64))]

    #[test]
    fn the_crate_is_never_wrong_and_knows_what_the_log_determines(script in script(40)) {
        if let Err(problem) = drive(&script) {
            prop_assert!(false, "{problem}\n{}", String::from_utf8_lossy(&script.log));
        }
    }
}
