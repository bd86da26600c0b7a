//! klog: what real klog printed is read back with what was passed in, and every corpus line prints
//! back.

use hostport_audit::record::Reading;
use hostport_audit::record::klog::{Form, Reader, Record, Severity};
use hostport_audit::{ErrorKind, Stamp};
use proptest::prelude::*;
use serde_json::Value;
use std::fs;
use std::path::PathBuf;

fn corpus() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/ovnk")
}

fn logs() -> Vec<PathBuf> {
    let mut logs = Vec::new();
    for folder in ["seed_era", "era_2024_12", "retagged"] {
        let entries = fs::read_dir(corpus().join(folder)).expect("the corpus is there");
        logs.extend(
            entries
                .map(|e| e.unwrap().path())
                .filter(|p| p.extension().is_some_and(|e| e == "log")),
        );
    }
    assert!(logs.len() >= 32, "the corpus is whole");
    logs
}

fn check(vector: &Value) {
    let id = vector["id"].as_str().unwrap();
    let want = &vector["want"];
    let input = vector["input"].as_str().unwrap();
    let input = match want["msg_bytes_hex"].as_str() {
        // The one vector whose bytes JSON cannot hold: U+FFFD stands for 0xff.
        Some("ff78") => input
            .replace('\u{fffd}', "\x01")
            .into_bytes()
            .iter()
            .map(|&b| if b == 1 { 0xff } else { b })
            .collect(),
        Some(other) => panic!("{id}: {other}"),
        None => input.replace("<100000 x>", &"x".repeat(100_000)).into_bytes(),
    };
    let whole = input.strip_suffix(b"\n").unwrap_or(&input);
    if id == "second_line_looks_like_header" {
        let mut reader = Reader::new();
        for line in whole.split(|&b| b == b'\n') {
            assert!(
                matches!(reader.read(line), Reading::Record(_)),
                "{id}: two records, as nobody can tell otherwise"
            );
        }
        return;
    }
    let record = Record::parse(whole)
        .unwrap_or_else(|e| panic!("{id}: {e}"))
        .unwrap_or_else(|| panic!("{id}: no record"));
    assert_eq!(record.as_bytes(), whole, "{id}");
    assert_eq!(record.clone().into_owned(), record, "{id}");
    if want["header"] == Value::Bool(false) {
        assert_eq!(record.form(), Form::NoHeader, "{id}");
        return;
    }
    let header = record.header().unwrap_or_else(|| panic!("{id}: no header"));
    if let Some(pid) = want["pid"].as_u64() {
        assert_eq!(u64::from(header.pid()), pid % 10_000_000, "{id}");
    }
    if let Some(severity) = want["severity"].as_str() {
        let letter = match header.severity() {
            Severity::Info => "I",
            Severity::Warning => "W",
            Severity::Error => "E",
            Severity::Fatal => "F",
        };
        assert_eq!(letter, severity, "{id}");
    }
    if let (Some(month), Some(day), Some(time)) =
        (want["month"].as_u64(), want["day"].as_u64(), want["time"].as_str())
    {
        let stamp: Stamp = format!("--{month:02}-{day:02}T{time}").parse().unwrap();
        assert_eq!(header.stamp(), Some(stamp), "{id}");
    }
    for (key, have) in
        [("file", Value::from(header.file().to_string())), ("line", Value::from(header.line()))]
    {
        assert!(want[key].is_null() || want[key] == have, "{id}: {key} {have}");
    }
    if let Some(message) = want["msg"].as_str() {
        assert_eq!(record.message(), &message, "{id}");
    }
    if want["structured"] == Value::Bool(true) {
        let structured = record.structured().unwrap_or_else(|| panic!("{id}: not structured"));
        assert_eq!(structured.text(), want["s_msg"].as_str().unwrap(), "{id}");
        for (key, value) in want["s_kv"].as_object().unwrap() {
            let have = structured.value(key.as_bytes()).unwrap_or_else(|| panic!("{id}: no {key}"));
            assert!(!have.is_cut(), "{id}");
            match value {
                Value::String(text) if text == "see" || text.starts_with("rendered by") => {}
                // A block does not tell whether its text ended in a line end.
                Value::String(text) if id == "s_multi_line_value_final_newline" => {
                    assert_eq!(have.text().to_str_lossy().trim_end(), text.trim_end(), "{id}");
                }
                Value::String(text) => assert_eq!(have.text(), text.as_str(), "{id}"),
                Value::Null => assert!(have.text() == "<nil>" || have.text() == "null", "{id}"),
                other => assert_eq!(have.text(), other.to_string().as_str(), "{id}"),
            }
        }
        assert_eq!(structured.pairs().count() as u64, expected_pairs(id, want), "{id}");
    }
}

fn expected_pairs(id: &str, want: &Value) -> u64 {
    if id == "s_duplicate" { 2 } else { want["s_kv"].as_object().unwrap().len() as u64 }
}

#[test]
fn the_vectors_of_three_klog_versions_are_read_back() {
    let mut count = 0;
    for version in ["v2.30.0", "v2.100.1", "v2.130.1"] {
        let text = fs::read_to_string(corpus().join(format!("klog_vectors_{version}.jsonl")))
            .expect("the vectors are there");
        for line in text.lines() {
            check(&serde_json::from_str(line).unwrap());
            count += 1;
        }
    }
    assert_eq!(count, 156);
}

#[test]
fn every_corpus_line_is_a_record_or_continues_one_and_prints_back() {
    let mut lines = 0;
    for log in logs() {
        let bytes = fs::read(&log).unwrap();
        let mut reader = Reader::new();
        for line in bytes.strip_suffix(b"\n").unwrap().split(|&b| b == b'\n') {
            lines += 1;
            match reader.read(line) {
                Reading::Record(record) => {
                    assert_eq!(record.as_bytes(), line);
                    assert_eq!(record.form(), Form::Header);
                    if let Some(kind) = record.ovnkube() {
                        assert_eq!(&kind.clone().into_owned(), kind);
                    }
                }
                Reading::Continuation(record) => {
                    assert!(record.is_none_or(|r| r.as_bytes() == line))
                }
                other => panic!("{}: {other:?}: {}", log.display(), line.escape_ascii()),
            }
        }
    }
    assert!(lines > 10_000);
}

#[test]
fn rule_words_make_a_record_in_every_version_of_the_messages() {
    let args = "\"-p TCP --dport 80 -j DNAT --to-destination 10.0.0.1:80\" for protocol: 0 ";
    let messages = [
        format!("Adding rule in table: nat, chain: OVN-KUBE-NODEPORT with args: {args}"),
        format!("Deleting rule in table: nat, chain: OVN-KUBE-NODEPORT with args: {args}"),
        format!("Ignoring processing rule in table due to filtering: nat, chain: OVN-KUBE-NODEPORT with args: {args}"),
        format!("Ignoring processing rule in table: nat, chain: OVN-KUBE-NODEPORT with args: {args}"),
        "Chain: \"nat\" in table: \"OVN-KUBE-NODEPORT\" already exists, skipping creation".into(),
        "Chain: \"OVN-KUBE-NODEPORT\" in table: \"nat\" already exists, skipping creation: running [x]: exit status 1".into(),
        "Creating table: nat chain: OUTPUT".into(),
        "Recreating iptables rules for table: nat, chain: OVN-KUBE-ITP".into(),
        "Adding iptables rules: [{nat OVN-KUBE-NODEPORT [-p TCP --dport 80 -j DNAT --to-destination [fd01::1]:80] 1}] for service: x".into(),
    ];
    for message in &messages {
        let line = format!("I0625 09:07:00.992980       1 any/where.go:1] {message}");
        let record = Record::parse(line.as_bytes()).unwrap().unwrap();
        assert!(record.ovnkube().is_some(), "{message}");
        let bare = Record::parse(message.as_bytes()).unwrap().unwrap();
        assert_eq!((bare.form(), bare.ovnkube()), (Form::NoHeader, record.ovnkube()));
    }
}

#[test]
fn brackets_in_a_message_do_not_move_the_header() {
    let line = b"I0625 09:07:00.992980       1 a.go:7] x y.go:9] z";
    let record = Record::parse(line).unwrap().unwrap();
    assert_eq!(
        (record.header().unwrap().line(), record.message().to_str()),
        (7, Some("x y.go:9] z"))
    );
}

#[test]
fn broken_headers_are_malformed_and_say_where() {
    let cases: [(&[u8], ErrorKind, usize); 6] = [
        (b"I0625 09:07:00.99298", ErrorKind::Timestamp, 15),
        (b"I0625 09:07:00.992980 211839 iptables.go:27] x", ErrorKind::SourceLocation, 22),
        (b"I0625 09:07:00.992980 2118395 iptables.go] x", ErrorKind::SourceLocation, 30),
        (b"I0625 09:07:00.992980 2118395 iptables.go:27 x", ErrorKind::SourceLocation, 30),
        (b"I0625 09:07:00.992980       1 a.go:1] Recreating iptables rules for table: nat", ErrorKind::Message, 78),
        (
            b"I0625 09:07:00.992980       1 a.go:1] Adding rule in table: nat, chain: X with args: \"-p\" for protocol: 0",
            ErrorKind::RuleArgument,
            88,
        ),
    ];
    for (line, kind, offset) in cases {
        match Reader::new().read(line) {
            Reading::Malformed(error) => assert_eq!(
                (error.kind(), error.offset()),
                (kind, offset),
                "{}",
                error.in_line(line)
            ),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn days_and_times_that_do_not_exist_leave_the_record_without_time() {
    for line in [
        "I0230 09:07:00.992980       1 a.go:1] x",
        "I1301 09:07:00.992980       1 a.go:1] x",
        "I0101 24:00:00.000000       1 a.go:1] x",
    ] {
        let record = Record::parse(line.as_bytes()).unwrap().unwrap();
        assert_eq!(record.header().unwrap().stamp(), None, "{line}");
    }
}

#[test]
fn preamble_json_and_script_lines_are_records_of_their_own_form() {
    let cases: [(&[u8], Form, Option<&str>); 6] = [
        (b"Log file created at: 2023/06/25 09:07:00", Form::Preamble, Some("2023-06-25T09:07:00")),
        (b"Log line format: [IWEF]mmdd hh:mm:ss.uuuuuu threadid file:line] msg", Form::Preamble, None),
        (
            br#"{"ts":1687684020992.98,"caller":"x/y.go:7","msg":"Opened local port","v":0,"port":"p"}"#,
            Form::Json,
            Some("2023-06-25T09:07:00.99298Z"),
        ),
        (b"I0625 09:07:00.992980123 - starting ovnkube-node", Form::Script, Some("--06-25T09:07:00.99298")),
        (b"2023-06-25T09:00:00+00:00 - starting ovnkube-master, Node: n IP: 10.0.0.1", Form::Script, None),
        (b"Running on machine: n", Form::Preamble, None),
    ];
    for (line, form, stamp) in cases {
        let record = Record::parse(line).unwrap().unwrap();
        assert_eq!(
            (record.form(), record.stamp()),
            (form, stamp.map(|s| s.parse().unwrap())),
            "{}",
            line.escape_ascii()
        );
    }
}

#[test]
fn headerless_lines_stand_alone_only_where_no_record_is_open() {
    let rule = b"Deleting rule in table: nat, chain: OVN-KUBE-NODEPORT with args: \"-p TCP --dport 1 -j RETURN\" for protocol: 0";
    let mut reader = Reader::new();
    assert!(matches!(reader.read(b"some text"), Reading::Unrelated));
    assert!(matches!(reader.read(rule), Reading::Record(r) if r.form() == Form::NoHeader));
    let mut closed = b"I0625 09:07:00.992980       1 a.go:1] ".to_vec();
    closed.extend_from_slice(rule);
    assert!(matches!(reader.read(&closed), Reading::Record(r) if r.form() == Form::Header));
    assert!(reader.is_idle());
    assert!(matches!(reader.read(rule), Reading::Record(r) if r.form() == Form::NoHeader));
    assert!(matches!(
        reader.read(b"E0625 09:07:00.992980       1 a.go:1] sync failed: "),
        Reading::Record(_)
    ));
    assert!(!reader.is_idle());
    assert!(
        matches!(reader.read(rule), Reading::Continuation(Some(r)) if r.form() == Form::Continuation)
    );
    assert!(matches!(reader.read(b"some text"), Reading::Continuation(None)));
    reader.finish();
    assert!(matches!(reader.read(b"some text"), Reading::Unrelated));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn mutated_lines_never_panic_and_print_back(pick in any::<prop::sample::Index>(), at in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<prop::sample::Index>()) {
        let logs = logs();
        let bytes = fs::read(pick.get(&logs)).unwrap();
        let lines: Vec<&[u8]> = bytes.split(|&b| b == b'\n').filter(|l| !l.is_empty()).collect();
        let mut line = at.get(&lines).to_vec();
        let place = cut.index(line.len());
        line[place] = byte;
        for line in [&line[..], &line[..place]] {
            if let Reading::Record(record) | Reading::Continuation(Some(record)) = Reader::new().read(line) {
                prop_assert_eq!(record.as_bytes(), line);
                let _ = record.structured().map(|s| s.pairs().count());
                prop_assert_eq!(record.clone().into_owned(), record);
            }
        }
    }
}
