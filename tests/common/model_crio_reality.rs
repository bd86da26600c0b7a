//! The model of CRI-O is held against logs of the real code: the same operations give the same
//! messages and the same kernel.

use crate::model_crio::kernel::Mapping;
use crate::model_crio::lines::{Mode, Setup, Version};
use crate::model_crio::node::Node;
use crate::model_crio::{Op, PodSpec, Stack, Telling};
use serde_json::Value;
use std::path::Path;

fn corpus(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/crio").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// A word without what is drawn at random: uids, sandboxes, hashed chains, addresses, pods,
/// attempts.
fn word(word: &str) -> String {
    for prefix in ["KUBE-HP-", "CRIO-MASQ-"] {
        if word.starts_with(prefix) {
            return format!("{prefix}#");
        }
    }
    let hex = word.len() >= 32 && word.chars().all(|c| c.is_ascii_hexdigit() || c == '-');
    if hex || word.starts_with("10.42.0.") {
        return "#".to_owned();
    }
    let Some(rest) = word.strip_prefix("k8s_") else { return word.to_owned() };
    let mut parts = rest.splitn(3, '_');
    let (_, namespace, tail) =
        (parts.next(), parts.next().unwrap_or(""), parts.next().unwrap_or(""));
    // The attempt counts up in the driver of the real code only.
    format!("k8s_#_{namespace}_#{}", tail.get(36..).unwrap_or("").replace("_1", "_0"))
}

/// A message in a form that two runs share: the chain lines of a restore, and the rules that are
/// kept, come in an order of their own.
fn normal(message: &str) -> String {
    let mut text = message.to_owned();
    while let Some(at) = text.find("fd01::") {
        let end = text[at + 6..]
            .find(|c: char| !c.is_ascii_hexdigit())
            .map_or(text.len(), |n| at + 6 + n);
        text.replace_range(at..end, "#");
    }
    let separators = " \"()[]=:/,\\";
    let mut lines: Vec<String> = text
        .split("\\n")
        .map(|line| {
            let pieces = line.split_inclusive(|c: char| separators.contains(c));
            let split = |piece: &'_ str| {
                piece.strip_suffix(|c: char| separators.contains(c)).map_or(piece.len(), str::len)
            };
            pieces
                .map(|piece| format!("{}{}", word(&piece[..split(piece)]), &piece[split(piece)..]))
                .collect()
        })
        .collect();
    lines.sort();
    lines.join("\\n")
}

/// The message of a line, without time and request; `None` for lines of the server that the model
/// leaves out.
fn message(line: &str) -> Option<String> {
    let text = line.split_once(" level=")?.1;
    let left_out = [
        "Node configuration",
        "Using default cap",
        "Using the internal",
        "runSandbox: ",
        "Starting CRI-O",
        "Request: ",
    ];
    if left_out.iter().any(|word| text.contains(word)) {
        return None;
    }
    let text = text.split(" id=").next()?;
    let text = text.split(" file=").next()?;
    Some(text.split(" pod sandbox: default/").next()?.to_owned())
}

fn messages(log: &str) -> Vec<String> {
    log.lines()
        .filter_map(message)
        .map(|m| normal(m.split(" with infra").next().unwrap()))
        .collect()
}

fn map(
    protocol: &'static str,
    host_port: u16,
    container_port: u16,
    host_ip: &'static str,
) -> Mapping {
    Mapping { protocol, host_port, container_port, host_ip }
}

fn start(stack: Stack, mappings: &[Mapping]) -> Op {
    Op::Start {
        pod: PodSpec { stack, mappings: mappings.to_vec(), host_network: false },
        failing: false,
    }
}

fn failing(op: Op) -> Op {
    match op {
        Op::Start { pod, .. } => Op::Start { pod, failing: true },
        Op::Stop { which, .. } => Op::Stop { which, failing: true },
        other => other,
    }
}

const STOP: Op = Op::Stop { which: 0, failing: false };

fn compare(name: &str, version: Version, debug: bool, ops: &[Op]) {
    let log = corpus(&format!("{name}.log"));
    let truth = corpus(&format!("{name}.truth.jsonl"));
    let lines: Vec<&str> = log.lines().collect();
    let mode = Mode::Short;
    let mut node = Node::new(Setup {
        version,
        mode,
        json: false,
        debug,
        utc: version == Version::V1_36_3,
        short_messages: false,
    });
    node.restart();
    let mut from = truth
        .lines()
        .next()
        .map(|l| serde_json::from_str::<Value>(l).unwrap()["line"].as_u64().unwrap() as usize)
        .unwrap();
    let records: Vec<Value> =
        truth.lines().skip(1).map(|l| serde_json::from_str(l).unwrap()).collect();
    assert_eq!(records.len(), ops.len(), "{name}: operations and records");
    for (record, op) in records.iter().zip(ops) {
        let to = record["line"].as_u64().unwrap() as usize;
        let real = lines[from..to].join("\n");
        from = to;
        let before = node.journal.bytes.len();
        node.perform(op);
        let printed = String::from_utf8(node.journal.bytes[before..].to_vec()).unwrap();
        assert_eq!(messages(&printed), messages(&real), "{name}: {op:?}");
        let view = node.step("", Telling::Nothing).view;
        let list = |key: &str| {
            record[key].as_array().unwrap().iter().map(|v| v.as_str().unwrap().to_owned()).collect()
        };
        assert_eq!(view.sockets, list("open"), "{name}: {op:?}: sockets");
        assert_eq!(view.exposed, list("exposed"), "{name}: {op:?}: exposed");
        assert_eq!(
            view.rules.len(),
            record["dnat"].as_array().unwrap().len(),
            "{name}: {op:?}: rules"
        );
    }
}

#[test]
fn the_scenarios_give_the_same_messages_and_the_same_kernel() {
    let tcp443 = map("tcp", 443, 8443, "");
    let v29 = Version::V1_29_9;
    compare(
        "scenarios/plain",
        v29,
        false,
        &[start(Stack::V4, std::slice::from_ref(&tcp443)), STOP],
    );
    let dual = [start(Stack::Dual, &[tcp443.clone(), map("udp", 53, 5353, "")]), STOP];
    compare("scenarios/dual", v29, false, &dual);
    compare("more/version-dual-1.36-ipt", Version::V1_36_3, false, &dual);
    let on = |ip| start(Stack::V4, &[map("tcp", 443, 8443, ip)]);
    compare("scenarios/hostip", v29, false, &[on("192.0.2.10"), on("192.0.2.11"), STOP, STOP]);
    let busy = Op::Foreign { protocol: "tcp", port: 8080 };
    let two = start(Stack::V4, &[map("tcp", 80, 80, ""), map("tcp", 8080, 80, "")]);
    compare("scenarios/rollback", v29, false, &[busy, two]);
    compare(
        "scenarios/samepod",
        v29,
        false,
        &[start(Stack::V4, &[tcp443.clone(), map("tcp", 443, 9443, "")])],
    );
    let again = start(Stack::V4, &[map("tcp", 443, 9443, "")]);
    compare(
        "scenarios/steal",
        v29,
        false,
        &[start(Stack::V4, std::slice::from_ref(&tcp443)), again.clone(), again, STOP, STOP],
    );
    let six = start(Stack::V6, &[map("tcp", 443, 9443, "")]);
    compare(
        "scenarios/families",
        v29,
        false,
        &[start(Stack::V4, std::slice::from_ref(&tcp443)), six, STOP, STOP],
    );
    compare(
        "scenarios/v6only",
        v29,
        false,
        &[start(Stack::V6, &[map("tcp", 443, 9443, ""), map("udp", 53, 53, "::")]), STOP],
    );
    compare(
        "scenarios/sctp",
        v29,
        false,
        &[start(Stack::V4, &[map("sctp", 9999, 9999, ""), map("tcp", 9999, 9999, "")]), STOP],
    );
    let survivor = start(Stack::V4, &[tcp443.clone(), map("udp", 53, 5353, "")]);
    let late = start(Stack::V4, &[map("tcp", 80, 8080, "")]);
    compare("scenarios/restart", v29, false, &[survivor, Op::Restart, late.clone(), STOP, STOP]);
    compare(
        "scenarios/reboot",
        v29,
        false,
        &[start(Stack::V4, std::slice::from_ref(&tcp443)), Op::Reboot, late],
    );
    let norules = start(Stack::V4, std::slice::from_ref(&tcp443));
    compare(
        "scenarios/restorefail",
        v29,
        false,
        &[failing(norules.clone()), norules, failing(STOP)],
    );
    for (name, version, debug) in [
        ("more/version-plain-1.30", Version::V1_30_14, false),
        ("more/version-plain-1.36-ipt", Version::V1_36_3, false),
        ("more/version-plain-debug", v29, true),
    ] {
        compare(name, version, debug, &[start(Stack::V4, std::slice::from_ref(&tcp443)), STOP]);
    }
}

/// A line with every run of digits taken for one.
fn shape(line: &str) -> String {
    let mut out = String::new();
    for c in line.chars() {
        let c = if c.is_ascii_digit() { '#' } else { c };
        if c != '#' || !out.ends_with('#') {
            out.push(c);
        }
    }
    out
}

#[test]
fn each_mode_puts_in_front_what_the_journal_and_rsyslog_put_there() {
    let files = [
        (Mode::Short, "modes/plain.short.log"),
        (Mode::ShortPrecise, "modes/plain.short-precise.log"),
        (Mode::ShortIsoPrecise, "modes/plain.short-iso-precise.log"),
        (Mode::WithUnit, "modes/plain.with-unit.log"),
        (Mode::Cat, "modes/plain.cat.log"),
        (Mode::RsyslogTraditional, "rsyslog/plain.from-rfc5424.traditional.log"),
        (Mode::RsyslogFile, "rsyslog/plain.from-rfc5424.file.log"),
    ];
    for (mode, file) in files {
        let mut node = Node::new(Setup {
            version: Version::V1_29_9,
            mode,
            json: false,
            debug: false,
            utc: false,
            short_messages: false,
        });
        node.restart();
        node.perform(&start(Stack::V4, &[map("tcp", 443, 8443, "")]));
        let ours = String::from_utf8(node.journal.bytes.clone()).unwrap();
        let theirs = corpus(file);
        for word in ["Starting CRI-O", "Opened local port"] {
            let find = |log: &str| shape(log.lines().find(|line| line.contains(word)).unwrap());
            assert_eq!(find(&ours), find(&theirs), "{mode:?}");
        }
    }
    let keys = |log: &str| {
        let fields: serde_json::Map<String, Value> =
            serde_json::from_str(log.lines().next().unwrap()).unwrap();
        fields.keys().filter(|key| *key != "_MACHINE_ID").cloned().collect::<Vec<_>>()
    };
    let mut node = Node::new(Setup {
        version: Version::V1_29_9,
        mode: Mode::Json,
        json: false,
        debug: false,
        utc: false,
        short_messages: false,
    });
    node.restart();
    assert_eq!(
        keys(std::str::from_utf8(&node.journal.bytes).unwrap()),
        keys(&corpus("modes/plain.json.log"))
    );
}
