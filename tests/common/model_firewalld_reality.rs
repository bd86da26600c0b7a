//! The model of firewalld is held against logs of real daemons: the shape of its lines, and its
//! answers to the same requests.

use crate::model_firewalld::daemon::{Daemon, Zone};
use crate::model_firewalld::lines::Version;
use crate::model_firewalld::ops::{Item, Kind, Op};
use crate::model_firewalld::ports::Cell;
use crate::model_firewalld::{Layer, script};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::Value;
use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/firewalld")
}

fn read(path: &Path) -> String {
    let bytes = std::fs::read(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    String::from_utf8_lossy(&bytes).into_owned()
}

fn undated(line: &str) -> &str {
    let dated = line.starts_with("20") && line.as_bytes().get(10) == Some(&b' ');
    if dated { line.get(20..).unwrap_or(line) } else { line }
}

/// A text with numbers and quoted words taken out.
fn shape(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if c.is_ascii_digit() {
            rest = rest.trim_start_matches(|c: char| c.is_ascii_digit());
            out.push('#');
        } else if let ('\'', Some((_, after))) = (c, rest[1..].split_once('\'')) {
            rest = after;
            out.push_str("''");
        } else if let ('(', Some((word, after))) = (c, rest[1..].split_once(')')) {
            let name = !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase());
            rest = if name { after } else { &rest[1..] };
            out.push_str(if name { "(name)" } else { "(" });
        } else {
            rest = &rest[c.len_utf8()..];
            out.push(c);
        }
    }
    out
}

#[test]
fn every_line_of_the_model_has_the_shape_of_a_real_one() {
    let mut real = HashSet::new();
    for folder in ["v0.9.11", "v1.2.1", "v1.3.3", "v2.5.0"] {
        for entry in std::fs::read_dir(corpus().join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if path.to_string_lossy().contains(".log") {
                let log = read(&path);
                let distinct: HashSet<&str> =
                    log.lines().filter(|l| l.len() < 400).map(undated).collect();
                real.extend(distinct.into_iter().map(shape));
            }
        }
    }
    // Lives led astray, of which only the lines that matter are kept.
    for line in read(&corpus().join("../found/firewalld.jsonl")).lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        real.extend(case["input"].as_str().unwrap().lines().map(undated).map(shape));
    }
    // Texts whose words vary: the list in a set call, the dictionary of settings, a refusal's
    // words, the JSON of a transaction.
    let free = |line: &str| {
        [
            "setPorts(",
            "SourcePorts(",
            "setServices(",
            "ForwardPorts(",
            "setProtocols(",
            "ZoneUpdated(",
            "JSON blob",
            "RichRule",
        ]
        .iter()
        .any(|word| line.contains(word))
            || line.contains(": INVALID_PORT: ")
            || line.contains("_ENABLED: ")
            || line.contains("INVALID_ZONE: ")
            || line.contains("ZONE_ALREADY_SET: ")
            || line.contains("RUNNING_BUT_FAILED: ")
    };
    // Read in the source, or seen in a run that was not kept: a definition's port, a zone made by
    // runtime-to-permanent.
    let unseen = [
        "DEBUG#: config.service.#.addPort('', '')",
        "DEBUG#: config.service.#.update('')",
        "DEBUG#: Creating zone ''",
    ];
    let mut runner = TestRunner::deterministic();
    let mut missing = BTreeMap::new();
    for _ in 0..100 {
        let script = script(60).new_tree(&mut runner).unwrap().current();
        for line in String::from_utf8(script.log).unwrap().lines() {
            let shape = shape(undated(line));
            if !real.contains(&shape) && !free(line) && !unseen.contains(&shape.as_str()) {
                missing.insert(shape, line.to_owned());
            }
        }
    }
    assert!(missing.is_empty(), "lines that no daemon printed: {missing:#?}");
}

/// The arguments of a call: `'a', 'b', 3` gives three words.
fn arguments(text: &str) -> Vec<String> {
    text.split(", ").map(|arg| arg.trim_matches('\'').to_owned()).collect()
}

/// What a request line asks for.
fn request(message: &str, numbers: &BTreeMap<u64, String>) -> Option<Op> {
    let (call, args) = message.strip_suffix(')')?.split_once('(')?;
    let args = arguments(args);
    let (permanent, path) = match call.strip_prefix("config.zone.") {
        Some(rest) => (true, rest),
        None => (false, call.strip_prefix("zone.")?),
    };
    let (zone, verb, mut args) = if permanent {
        let (number, verb) = path.split_once('.')?;
        (numbers.get(&number.parse().ok()?)?.clone(), verb, args)
    } else {
        (args.first()?.clone(), path, args[1..].to_vec())
    };
    let (add, word) = match verb.strip_prefix("add").or_else(|| verb.strip_prefix("enable")) {
        Some(word) => (true, word),
        None => (false, verb.strip_prefix("remove")?),
    };
    let kind = *Kind::ALL.iter().find(|kind| kind.word() == word)?;
    let mut timeout = 0;
    if kind == Kind::Services && add && !permanent {
        timeout = args.pop()?.parse().ok()?;
    }
    let item = Item { kind, args };
    Some(if permanent {
        Op::Permanent { add, zone, item, by_command: false, stray: None }
    } else {
        Op::Runtime { add, zone, item, timeout }
    })
}

fn items(kind: Kind, listed: &Value) -> Cell {
    let items: Vec<_> = listed
        .as_array()
        .unwrap()
        .iter()
        .map(|text| {
            let text = text.as_str().unwrap();
            let args = match kind {
                Kind::Ports | Kind::SourcePorts => text.split('/').map(str::to_owned).collect(),
                Kind::ForwardPorts => {
                    text.split(':').map(|part| part.split_once('=').unwrap().1.to_owned()).collect()
                }
                Kind::Services | Kind::Protocols => vec![text.to_owned()],
            };
            Item { kind, args }
        })
        .collect();
    Daemon::filled(&items)
}

fn key(layer: &str, kind: Kind) -> String {
    match kind {
        Kind::Ports => layer.to_owned(),
        Kind::SourcePorts => format!("{layer}_source_ports"),
        Kind::Services => format!("{layer}_services"),
        Kind::ForwardPorts => format!("{layer}_forward_ports"),
        Kind::Protocols => format!("{layer}_protocols"),
    }
}

/// The layer of a truth record, as far as it says.
fn layer_of(record: &Value, layer: &str) -> BTreeMap<String, Zone> {
    let mut zones = BTreeMap::new();
    for kind in Kind::ALL {
        for (name, listed) in record[key(layer, kind)].as_object().into_iter().flatten() {
            *zones.entry(name.clone()).or_insert_with(Zone::default).cell(kind) =
                items(kind, listed);
        }
    }
    zones
}

/// Lines that tell what became of a request, without their date; a refusal's traceback counts by
/// its first line.
fn outcome(log: &str) -> Vec<String> {
    log.lines()
        .filter(|line| line.starts_with("20"))
        .map(|line| line[20..].to_owned())
        .filter(|text| {
            let reading = [
                "getDefaultZone",
                "getActiveZones",
                "Introspect",
                "getZoneByName",
                "getSettings2",
                "queryPanic",
                "GetAll",
            ];
            !reading.iter().any(|word| text.contains(word))
                && !["DEBUG2", "DEBUG3", "DEBUG4"].iter().any(|l| text.starts_with(l))
        })
        // The words of a refusal by check differ by version; that it is one does not.
        .map(|text| if text.starts_with("ERROR: ") { "ERROR".to_owned() } else { text })
        .collect()
}

/// Gives the model each lone request of a real log, from the state that the daemon had, and
/// compares lines and state afterwards.
fn replay(name: &str, version: Version) -> usize {
    let log = std::fs::read(corpus().join(format!("{name}.log"))).unwrap();
    let mut daemon = Daemon::new(version, false);
    let mut compared = 0;
    let mut from = 0;
    let mut known = false;
    for line in read(&corpus().join(format!("{name}.truth.jsonl"))).lines() {
        let record: Value = serde_json::from_str(line).unwrap();
        let to = record["log_bytes"].as_u64().unwrap() as usize;
        let text = String::from_utf8_lossy(&log[from..to]).into_owned();
        from = record["log_bytes_end"].as_u64().map_or(to, |end| end as usize);
        if record["up"] == false
            || record["runtime"].is_null()
            || !record["crashed_reload"].is_null()
        {
            known = false;
            continue;
        }
        let numbers: BTreeMap<u64, String> = record["zone_ids"]
            .as_object()
            .into_iter()
            .flatten()
            .map(|(zone, n)| (n.as_u64().unwrap(), zone.clone()))
            .collect();
        let requests: Vec<Op> = text
            .lines()
            .filter_map(|line| request(line.get(20..)?.strip_prefix("DEBUG1: ")?, &numbers))
            .collect();
        let others = [
            "Loading zone",
            "disableTimed",
            "reload",
            "start()",
            "set",
            "update2",
            "Reload",
            "opy",
            "RichRule",
            "PANIC",
            "myapp",
        ];
        let alone = requests.len() == 1
            && !others.iter().any(|word| text.contains(word))
            && !text.contains("timeout");
        if let (true, true, [op]) = (known, alone, requests.as_slice()) {
            let mut op = op.clone();
            if let Op::Runtime { timeout, .. } = &mut op {
                // Only the signal tells how long it is to last.
                let signal = text.lines().find(|line| line.contains("Added('"));
                let told =
                    signal.and_then(|s| s.strip_suffix(')')?.rsplit(", ").next()?.parse().ok());
                *timeout = told.unwrap_or(*timeout);
            }
            daemon.timers.clear();
            daemon.log.bytes.clear();
            daemon.perform(&op);
            let printed = String::from_utf8(daemon.log.bytes.clone()).unwrap();
            assert_eq!(outcome(&printed), outcome(&text), "{name}: {op:?}");
            for (layer, word) in [(Layer::Runtime, "runtime"), (Layer::Permanent, "permanent")] {
                let ours =
                    if layer == Layer::Runtime { &daemon.runtime } else { &daemon.permanent };
                for (zone, theirs) in layer_of(&record, word) {
                    for kind in Kind::ALL {
                        let ours = ours.get(&zone).map(|ours| ours.read(kind).listed());
                        assert_eq!(
                            ours,
                            Some(theirs.read(kind).listed()),
                            "{name}: {op:?}: {word} {kind:?} of {zone}"
                        );
                    }
                }
            }
            compared += 1;
        }
        daemon.runtime = layer_of(&record, "runtime");
        daemon.permanent = layer_of(&record, "permanent");
        daemon.default_zone = record["default_zone"].as_str().unwrap().to_owned();
        daemon.panic = record["panic"] == true;
        daemon.objects = numbers
            .iter()
            .map(|(n, zone)| {
                (
                    zone.clone(),
                    crate::model_firewalld::daemon::Object { number: *n as usize, told: true },
                )
            })
            .collect();
        known = true;
    }
    compared
}

#[test]
fn the_model_answers_requests_as_the_daemons_did() {
    let mut compared = 0;
    for (folder, version) in
        [("v0.9.11", Version::V0_9_11), ("v1.3.3", Version::V1_3_3), ("v2.5.0", Version::V2_5_0)]
    {
        for name in [
            "ranges",
            "failing-runtime",
            "failing-permanent",
            "random",
            "forward-ports",
            "source-ports",
            "protocols",
            "services",
            "seed-example",
        ] {
            if corpus().join(format!("{folder}/{name}.log")).exists() {
                compared += replay(&format!("{folder}/{name}"), version);
            }
        }
    }
    assert!(compared > 450, "only {compared} requests compared");
}
