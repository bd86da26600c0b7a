//! The fold against the daemon's own answers: every firewalld log of the corpus, step by step, as
//! an auditor would ask.

use crate::common;

use common::corpus;
use hostport_audit::event::firewalld::{Event, Item, Kind, Layer};
use hostport_audit::record::Reading;
use hostport_audit::record::firewalld::Reader;
use hostport_audit::state::Effects;
use hostport_audit::state::evidence::Evidence;
use hostport_audit::state::firewalld::{Firewalld, Stated, Statement};
use hostport_audit::state::known::Unknown;
use hostport_audit::{Assume, ByteSpan, HostPort, InputId, Limits, LineRef, PortRange, Protocol};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

const KINDS: [Kind; 5] =
    [Kind::Ports, Kind::SourcePorts, Kind::Services, Kind::ForwardPorts, Kind::Protocols];

/// The rotated parts of a log are put together, the oldest first; here .1 is the oldest.
fn whole_logs() -> BTreeMap<String, Vec<Vec<u8>>> {
    let mut logs: BTreeMap<String, Vec<Vec<u8>>> = BTreeMap::new();
    let files = corpus::logs_in("firewalld");
    for file in &files {
        let (stem, part) = file.name.split_once(".log").unwrap();
        if !part.is_empty() {
            logs.entry(stem.to_owned()).or_default().push(file.bytes.clone());
        }
    }
    for file in files {
        if let Some(stem) = file.name.strip_suffix(".log") {
            logs.entry(stem.to_owned()).or_default().push(file.bytes);
        }
    }
    logs
}

/// A reader and a fold over one log, or over those of its lines that a filter leaves.
struct Replay<'l> {
    log: &'l [u8],
    kept: Filter,
    at: usize,
    line: u64,
    events: u64,
    reader: Reader,
    fold: Firewalld,
    effects: Effects,
    last: Evidence,
}

impl<'l> Replay<'l> {
    fn new(log: &'l [u8], assumed: &[Assume], kept: Filter) -> Self {
        let reader = Reader::new(Limits::default());
        let mut fold = Firewalld::new(Limits::default());
        assumed.iter().for_each(|assume| fold.assume(*assume));
        Self {
            log,
            kept,
            at: 0,
            line: 0,
            events: 0,
            reader,
            fold,
            effects: Effects::default(),
            last: Evidence::default(),
        }
    }

    fn to(&mut self, position: usize) {
        while self.at < position {
            let end = self.log[self.at..]
                .iter()
                .position(|&b| b == b'\n')
                .map_or(self.log.len(), |n| self.at + n);
            let line = &self.log[self.at..end];
            self.line += u64::from((self.kept)(line));
            let at = LineRef::new(
                InputId::default(),
                self.line,
                ByteSpan::new(self.at as u64, end as u64),
            );
            self.at = end + 1;
            if !(self.kept)(line) {
                continue;
            }
            let (Reading::Record(record) | Reading::Continuation(Some(record))) =
                self.reader.read(line)
            else {
                continue;
            };
            self.last = Evidence::new(at, record.stamp());
            if let Some(event) = Event::of(&record) {
                self.events += 1;
                self.fold.apply(&event, self.last, &mut self.effects);
            }
        }
    }
}

/// Tells which lines are kept.
type Filter = fn(&[u8]) -> bool;

type Names = BTreeSet<String>;

/// Ports as single numbers, so that ranges cut in different places compare equal.
fn expanded(ports: impl Iterator<Item = HostPort>) -> Names {
    ports
        .flat_map(|port| {
            (port.range().first()..=port.range().last())
                .map(move |n| format!("{n}/{}", port.protocol()))
        })
        .collect()
}

fn answer(fold: &Firewalld, zone: &str, layer: Layer, kind: Kind) -> Result<Names, Unknown> {
    Ok(match kind {
        Kind::Ports => expanded(fold.ports(zone, layer)?.map(|(port, _)| port)),
        Kind::SourcePorts => expanded(fold.source_ports(zone, layer)?.map(|(port, _)| port)),
        _ => fold.names(zone, layer, kind)?.map(|(name, _)| name.to_string()).collect(),
    })
}

fn listed(value: &Value) -> Vec<String> {
    value.as_array().unwrap().iter().map(|v| v.as_str().unwrap().to_owned()).collect()
}

fn port_of(text: &str) -> HostPort {
    let (range, protocol) = text.split_once('/').unwrap();
    let (first, last) = range.split_once('-').unwrap_or((range, range));
    let number = |text: &str| text.parse().unwrap();
    HostPort::new(
        protocol.parse::<Protocol>().unwrap(),
        PortRange::new(number(first), number(last)),
    )
}

fn truth_of(kind: Kind, value: &Value) -> Names {
    match kind {
        Kind::Ports | Kind::SourcePorts => expanded(listed(value).iter().map(|text| port_of(text))),
        _ => listed(value).into_iter().collect(),
    }
}

fn items_of(kind: Kind, value: &Value) -> Vec<Item<'static>> {
    let item = |text: String| match kind {
        Kind::Ports | Kind::SourcePorts => {
            let (port, protocol) = text.split_once('/').unwrap();
            let (port, protocol) = (port.to_owned().into(), protocol.to_owned().into());
            if kind == Kind::Ports {
                Item::Port { port, protocol }
            } else {
                Item::SourcePort { port, protocol }
            }
        }
        Kind::Services => Item::Service { name: text.into() },
        Kind::Protocols => Item::Protocol { name: text.into() },
        _ => {
            let rest = text.strip_prefix("port=").unwrap();
            let (port, rest) = rest.split_once(":proto=").unwrap();
            let (protocol, rest) = rest.split_once(":toport=").unwrap();
            let (to_port, to_address) = rest.split_once(":toaddr=").unwrap();
            let own = |text: &str| text.to_owned().into();
            Item::ForwardPort {
                port: own(port),
                protocol: own(protocol),
                to_port: own(to_port),
                to_address: own(to_address),
            }
        }
    };
    listed(value).into_iter().map(item).collect()
}

#[derive(Default)]
struct Score {
    right: u64,
    wrong: Vec<String>,
    /// How many lines with a meaning the log had when each wrong answer was given.
    wrong_at: Vec<u64>,
    /// The log was taken for a filtered one at some point.
    suspected: bool,
    unknown: Vec<String>,
}

/// Folds a log to the position of each record of its truth, and compares. The first record is told
/// as a base; an answer "unknown" is followed by a statement of the truth.
fn score(name: &str, parts: &[Vec<u8>], assumed: &[Assume], kept: Filter) -> Score {
    let log = parts.concat();
    let truth = corpus::file(&format!("{name}.truth.jsonl")).bytes;
    let mut offsets = vec![0];
    offsets.extend(parts.iter().scan(0, |sum, part| {
        *sum += part.len();
        Some(*sum)
    }));
    let mut score = Score::default();
    let mut replay = Replay::new(&log, assumed, kept);
    let mut base = true;
    for (number, line) in truth.split(|&b| b == b'\n').filter(|line| !line.is_empty()).enumerate() {
        let record: Value = serde_json::from_slice(line).unwrap();
        let is =
            |key: &str| record.get(key).is_some_and(|v| !v.is_null() && *v != Value::Bool(false));
        if !is("up") || is("crashed_reload") || is("truth_error") || !is("runtime") {
            continue;
        }
        let rotations = usize::try_from(record["log_rotations"].as_u64().unwrap_or(0)).unwrap();
        replay
            .to(offsets[rotations]
                + usize::try_from(record["log_bytes"].as_u64().unwrap()).unwrap());
        score.suspected |= replay.fold.filtered().is_some();
        let mut statement = Statement::new();
        let what =
            format!("{name} record {} at line {}: {}", number + 1, replay.line, record["op"]);
        for layer in Layer::ALL {
            for kind in KINDS {
                let key =
                    if kind == Kind::Ports { layer.to_string() } else { format!("{layer}_{kind}") };
                let Some(zones) = record.get(&key).and_then(Value::as_object) else { continue };
                for (zone, value) in zones {
                    let mut tell = base;
                    let spot = format!("{zone}/{layer}/{kind}");
                    match answer(&replay.fold, zone, layer, kind) {
                        _ if base => {}
                        Err(why) => {
                            tell = true;
                            score.unknown.push(format!("{what}: {spot}: {why}"));
                        }
                        Ok(got) if got == truth_of(kind, value) => score.right += 1,
                        Ok(got) => score
                            .wrong
                            .push(format!("{what}: {spot}: expected {value}, got {got:?}")),
                    }
                    if tell {
                        statement = statement.with_zone(
                            zone.clone(),
                            layer,
                            Stated::new().with(kind, items_of(kind, value)),
                        );
                    }
                }
            }
        }
        if let Some(zone) = record["default_zone"].as_str() {
            match replay.fold.default_zone() {
                Ok(known) if !base && known == zone => score.right += 1,
                Ok(known) if !base => {
                    score.wrong.push(format!("{what}: default zone: expected {zone}, got {known}"))
                }
                _ => {
                    if !base {
                        score.unknown.push(format!("{what}: default zone"));
                    }
                    statement = statement.with_default_zone(zone.to_owned());
                }
            }
        }
        score.wrong_at.resize(score.wrong.len(), replay.events);
        replay.fold.know(&statement, replay.last, &mut replay.effects);
        if number % 64 == 3 {
            // A state that was saved and read back folds on as if nothing had been.
            let saved = serde_json::to_string(&replay.fold).unwrap();
            let read: Firewalld = serde_json::from_str(&saved).unwrap();
            assert_eq!(read, replay.fold, "{what}");
            replay.fold = read;
        }
        base = false;
    }
    score
}

/// How many answers of a log no reader can know to be wrong.
fn most_wrong(allowed: &Value, name: &str) -> u64 {
    let rules = allowed.as_array().unwrap().iter();
    rules
        .filter(|rule| name.ends_with(rule["log"].as_str().unwrap()))
        .map(|rule| rule["max_wrong"].as_u64().unwrap())
        .sum()
}

#[test]
fn with_files_kept_while_stopped_restarts_leave_less_unknown_and_nothing_wrong() {
    let allowed: Value = serde_json::from_slice(&corpus::file("allowed.json").bytes).unwrap();
    for name in ["firewalld/v1.3.3/daemon-restart", "firewalld/v1.3.3/debug-off"] {
        let parts = &whole_logs()[name];
        let without = score(name, parts, &[], |_| true);
        let with = score(name, parts, &[Assume::FilesKeptWhileStopped], |_| true);
        assert!(with.wrong.len() as u64 <= most_wrong(&allowed, name), "{:?}", with.wrong);
        assert!(with.unknown.len() <= without.unknown.len(), "{name}");
        if name.ends_with("daemon-restart") {
            assert!(with.unknown.len() + 10 <= without.unknown.len(), "{:?}", with.unknown);
        }
    }
}

#[test]
fn the_fold_agrees_with_the_daemon_in_every_log() {
    let allowed: Value = serde_json::from_slice(&corpus::file("allowed.json").bytes).unwrap();
    let (mut right, mut unknown, mut logs) = (0, 0, 0);
    let mut bad = Vec::new();
    for (name, parts) in whole_logs() {
        let score = score(&name, &parts, &[], |_| true);
        let most = most_wrong(&allowed, &name);
        println!(
            "{name}: {} right, {} wrong, {} unknown",
            score.right,
            score.wrong.len(),
            score.unknown.len()
        );
        for line in score.wrong.iter().chain(&score.unknown) {
            println!("    {line}");
        }
        assert!(!score.suspected, "{name}: taken for a filtered log");
        if score.wrong.len() as u64 > most
            || score.wrong.iter().any(|line| !line.contains("/ports:"))
        {
            bad.extend(score.wrong);
        }
        (right, unknown, logs) = (right + score.right, unknown + score.unknown.len(), logs + 1);
    }
    println!("{right} right, {unknown} unknown in {logs} logs");
    assert!(bad.is_empty(), "wrong beyond what no log can tell:\n{}", bad.join("\n"));
    assert!(unknown <= 120, "{unknown} unknown");
    assert!(right > 23_000 && logs > 50, "{right} right in {logs} logs");
}

fn has(line: &[u8], word: &str) -> bool {
    line.windows(word.len()).any(|part| part.eq_ignore_ascii_case(word.as_bytes()))
}

fn is_dated(line: &[u8]) -> bool {
    line.first().is_some_and(u8::is_ascii_digit) && line.get(4) == Some(&b'-')
}

/// Filters as people type them.
const FILTERS: [(&str, Filter); 11] = [
    ("grep -i port", |line| has(line, "port")),
    ("grep 'zone[.]'", |line| has(line, "zone.")),
    ("grep 'config.zone'", |line| has(line, "config.zone")),
    ("grep -E 'addPort|removePort|PortAdded|PortRemoved|Reloaded'", |line| {
        ["addPort", "removePort", "PortAdded", "PortRemoved", "Reloaded"]
            .iter()
            .any(|word| has(line, word))
    }),
    ("grep -E 'addPort|removePort'", |line| has(line, "addPort") || has(line, "removePort")),
    ("grep -E 'PortAdded|PortRemoved'", |line| has(line, "PortAdded") || has(line, "PortRemoved")),
    ("grep PortAdded", |line| has(line, "PortAdded")),
    ("grep -E 'Added|Removed'", |line| has(line, "Added") || has(line, "Removed")),
    ("grep -v config", |line| !has(line, "config")),
    ("grep -E 'addPort|Updated|Reloaded'", |line| {
        ["addPort", "Updated", "Reloaded"].iter().any(|word| has(line, word))
    }),
    ("grep -v zone.add", |line| !has(line, "zone.add")),
];

/// Filters that take nothing that matters.
const INNOCENT: [(&str, Filter); 4] = [
    ("grep DEBUG1", |line| has(line, " DEBUG1: ")),
    ("grep '^20'", is_dated),
    ("grep -v Loading", |line| !has(line, "Loading ")),
    ("grep -v -E 'WARNING|ERROR'", |line| !has(line, "WARNING: ") && !has(line, "ERROR: ")),
];

/// Logs of every version, short enough for all filters.
const FILTERED: [&str; 8] = [
    "firewalld/v0.9.11/permanent-add-reload",
    "firewalld/v0.9.11/failing-runtime",
    "firewalld/v1.2.1/seed-example",
    "firewalld/v1.3.3/debug-level-1",
    "firewalld/v1.3.3/reload-drops-runtime",
    "firewalld/v1.3.3/services",
    "firewalld/v2.5.0/policies",
    "firewalld/v2.5.0/timeouts",
];

/// How many lines with a meaning a filter may leave before it can be recognised: a whole log may
/// begin with so many.
const FEW_LINES: u64 = 20;

#[test]
fn what_a_filter_may_have_eaten_is_unknown() {
    let logs = whole_logs();
    for (filter, kept) in FILTERS {
        let (mut answers, mut early) = (0, 0);
        for name in FILTERED {
            let score = score(name, &logs[name], &[], kept);
            let late = score.wrong_at.iter().position(|line| *line > FEW_LINES);
            assert_eq!(late.map(|at| &score.wrong[at]), None, "{filter}");
            answers += score.right + score.wrong.len() as u64 + score.unknown.len() as u64;
            early += score.wrong.len() as u64;
        }
        println!("{filter}: {early} wrong of {answers}, all before the filter can show");
        assert!(early * 10 < answers, "{filter}: {early} of {answers}");
    }
}

#[test]
fn filters_that_take_nothing_that_matters_change_nothing() {
    let logs = whole_logs();
    for name in FILTERED {
        let whole = score(name, &logs[name], &[], |_| true);
        assert!(!whole.suspected && whole.wrong.is_empty(), "{name}");
        for (filter, kept) in INNOCENT {
            let score = score(name, &logs[name], &[], kept);
            assert!(!score.suspected, "{filter}: {name}");
            assert_eq!(score.wrong, [""; 0], "{filter}: {name}");
        }
    }
}
