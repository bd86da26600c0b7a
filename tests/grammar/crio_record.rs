//! CRI-O's lines as records: the logfmt vectors, every line of the corpus, what cut and forged
//! lines become.

use crate::common;

use common::corpus;
use hostport_audit::record::crio::{Cut, Form, Message, Record, TimeLayout};
use hostport_audit::record::logfmt::{Pairs, Value, is_cut};
use hostport_audit::record::{Reading, crio};
use hostport_audit::{ErrorKind, Family, ParseError};

const HEAD: &str = "time=\"2023-06-25 16:27:37.033003098+08:00\" level=info msg=";

fn record(line: &[u8]) -> Record<'_> {
    match Record::parse(line) {
        Reading::Record(record) => record,
        other => panic!("{}: {other:?}", line.escape_ascii()),
    }
}

fn malformed(line: &[u8]) -> ParseError {
    match Record::parse(line) {
        Reading::Malformed(error) => error,
        other => panic!("{}: {other:?}", line.escape_ascii()),
    }
}

/// `{"text"}`, `{"hex"}` or `{"repeat"}` of the vectors; a bare string is text.
fn bytes(value: &serde_json::Value) -> Vec<u8> {
    if let Some(text) = value.as_str().or_else(|| value["text"].as_str()) {
        return text.as_bytes().to_vec();
    }
    if let Some(hex) = value["hex"].as_str() {
        return (0..hex.len() / 2)
            .map(|i| u8::from_str_radix(&hex[2 * i..2 * i + 2], 16).unwrap())
            .collect();
    }
    let repeat = &value["repeat"];
    let text = |key: &str| repeat[key].as_str().unwrap_or_default().to_owned();
    let middle = text("char")
        .repeat(repeat["times"].as_u64().expect("a vector has text, hex or repeat") as usize);
    (text("prefix") + &middle + &text("suffix")).into_bytes()
}

#[test]
fn every_logfmt_vector_is_read_as_recommended() {
    let vectors: serde_json::Value =
        serde_json::from_slice(&corpus::file("crio/logfmt_vectors.json").bytes).unwrap();
    let mut checked = 0;
    for vector in vectors["vectors"].as_array().unwrap() {
        let (name, recommended) = (vector["name"].as_str().unwrap(), &vector["recommended"]);
        let input = bytes(&vector["input"]);
        let read: Result<Vec<_>, _> = Pairs::new(&input).collect();
        if recommended == "reject" {
            assert!(read.is_err(), "{name}: {read:?}");
        } else if let Some(pairs) = recommended.as_array() {
            let wanted: Vec<_> = pairs
                .iter()
                .map(|p| (bytes(&p[0]), (!p[1].is_null()).then(|| bytes(&p[1]))))
                .collect();
            let read: Vec<_> = read
                .unwrap_or_else(|error| panic!("{name}: {error}"))
                .into_iter()
                .map(|pair| {
                    (pair.key().to_vec(), pair.value().text().map(|text| text.as_bytes().to_vec()))
                })
                .collect();
            assert_eq!(read, wanted, "{name}");
        } else {
            continue;
        }
        checked += 1;
    }
    assert!(checked >= 48, "only {checked} vectors have an answer");
}

#[test]
fn what_logrus_was_given_comes_back() {
    let vectors: serde_json::Value =
        serde_json::from_slice(&corpus::file("crio/logfmt_vectors.json").bytes).unwrap();
    let mut checked = 0;
    for vector in vectors["vectors"].as_array().unwrap() {
        let (name, given) = (vector["name"].as_str().unwrap(), &vector["given"]);
        // Keys that break logfmt, a raw line feed in the terminal form, a byte that the JSON form
        // replaces, a shortened restore.
        if given.is_null()
            || ["logrus-key-with-space", "logrus-colour-newline", "logrus-json", "logrus-restoring"]
                .contains(&name)
        {
            continue;
        }
        let line = bytes(&vector["input"]);
        let record = record(&line);
        assert_eq!(record.msg().as_bytes(), bytes(&given["msg"]), "{name}");
        assert_eq!(record.level().as_str(), given["level"].as_str().unwrap(), "{name}");
        assert!(record.stamp().is_some(), "{name}");
        for (key, value) in given["fields"].as_object().unwrap() {
            let clash = ["time", "level", "msg", "error", "func", "file"].contains(&key.as_str());
            let key = if clash { format!("fields.{key}") } else { key.clone() };
            if name == "logrus-clash-fields-msg" {
                continue;
            }
            let found = record.fields().find(|(k, _)| k.as_bytes() == key.as_bytes());
            assert_eq!(
                found.map(|(_, v)| v.as_bytes().to_vec()),
                Some(bytes(value)),
                "{name} {key}"
            );
        }
        checked += 1;
    }
    assert!(checked >= 40, "only {checked} vectors were checked");
}

/// The text behind journalctl's short prefix, if the line is one of CRI-O's.
fn text_of(line: &[u8]) -> Option<&[u8]> {
    let at = memchr::memmem::find(line, b"time=\"")?;
    line.get(at..)
}

#[test]
fn every_line_of_the_corpus_is_a_record_or_a_cut_one() {
    let (mut records, mut restores, mut cut) = (0, 0, 0);
    for corpus::File { name, bytes } in corpus::logs_in("crio") {
        if ["json", "verbose", "export"].iter().any(|mode| name.contains(mode)) {
            continue;
        }
        for line in bytes.split(|&b| b == b'\n') {
            let Some(text) = text_of(line) else { continue };
            match Record::parse(text) {
                Reading::Record(record) => {
                    assert_eq!(record.as_bytes(), text);
                    assert!(record.stamp().is_some());
                    assert_eq!(record.fields().count(), Pairs::new(text).count());
                    if let Message::Restoring(restore) = record.message() {
                        restores += 1;
                        assert_eq!(
                            restore.lines().count(),
                            restore.text().as_bytes().split(|&b| b == b'\n').count() - 1
                        );
                        assert!(
                            restore.rules().all(|rule| Some(rule.family()) == restore.family())
                        );
                        assert!(
                            restore.rules().next().is_some()
                                || restore.removed_chains().next().is_some()
                        );
                    }
                    assert_eq!(record.clone().into_owned(), record);
                    records += 1;
                }
                Reading::Malformed(error) => {
                    assert!(is_cut(&error), "{name}: {error}: {}", text.escape_ascii());
                    assert!(matches!(Cut::of(text), Some(Cut::Restoring { .. })), "{name}");
                    cut += 1;
                }
                other => panic!("{name}: {other:?}: {}", text.escape_ascii()),
            }
        }
    }
    assert!(
        records > 1500 && restores > 200 && cut > 0,
        "{records} records, {restores} restores, {cut} cut"
    );
}

#[test]
fn the_json_form_says_the_same_as_the_text_form() {
    let log = corpus::file("crio/more/version-steal-json.log").bytes;
    let mut opened = 0;
    for line in log.split(|&b| b == b'\n').filter(|line| !line.is_empty()) {
        let text = &line[memchr::memchr(b'{', line).unwrap()..];
        let record = record(text);
        assert_eq!((record.form(), record.time_layout()), (Form::Json, TimeLayout::T));
        assert_eq!(record.as_bytes(), text);
        opened += usize::from(matches!(record.message(), Message::Opened(_)));
        if matches!(record.message(), Message::RunningSandbox { .. }) {
            assert_eq!(record.request().unwrap().as_bytes().len(), 36);
        }
    }
    assert!(opened > 0);
}

#[test]
fn only_the_exact_key_msg_is_the_message() {
    for line in [
        "\"Pulling image: a\" image=\"Opened local port tcp:4444\"",
        "\"Running pod sandbox: ns/p/POD\" fields.msg=\"Opened local port tcp:23\"",
        "\"Checking image status: x\\\" level=info msg=\\\"Opened local port tcp:22\"",
        "\"Retry: Opened local port tcp:443\"",
        "\"Creating container: ns/p/c\\nJun 25 16:27:38 rhel92 crio[77216]: time=\\\"2023-06-25 16:27:38.000000000+08:00\\\" \
         level=info msg=\\\"Opened local port tcp:22\\\"\"",
    ] {
        let line = format!("{HEAD}{line}");
        assert!(
            matches!(
                record(line.as_bytes()).message(),
                Message::Other | Message::RunningSandbox { .. }
            ),
            "{line}"
        );
    }
}

#[test]
fn a_forged_or_broken_port_line_is_malformed_with_its_place() {
    let cases = [
        ("\"Opened local port tcp:443 was refused by policy\"", ErrorKind::Trailing),
        ("\"Opened local port tcp:70000\"", ErrorKind::Port),
        ("\"Opened local port tcp:0\"", ErrorKind::Port),
        ("\"Opened local port tcp:+443\"", ErrorKind::Port),
        ("\"Opened local port tcp:0443\"", ErrorKind::Port),
        ("\"Opened local port tcp:\u{ff14}\u{ff14}\u{ff13}\"", ErrorKind::Port),
        ("\"Opened local port TCP:443\"", ErrorKind::Protocol),
        ("\"Opened local port sctp:443\"", ErrorKind::Protocol),
        ("\"Opened local port tcp:44", ErrorKind::Quoting),
        ("\"Closing host port tcp:443 \"", ErrorKind::Trailing),
        (
            "\"Running pod sandbox: ns/p/POD\" msg=\"Opened local port tcp:23\"",
            ErrorKind::DuplicateField,
        ),
        ("\"a\"id=x", ErrorKind::LogfmtPair),
    ];
    for (line, kind) in cases {
        let line = format!("{HEAD}{line}");
        assert_eq!(malformed(line.as_bytes()).kind(), kind, "{line}");
    }
    let twice = format!("{HEAD}\"a\" msg=\"b\"");
    assert_eq!(malformed(twice.as_bytes()).offset(), twice.len() - "msg=\"b\"".len());
    let port = format!("{HEAD}\"Opened local port tcp:+443\"");
    assert_eq!(malformed(port.as_bytes()).offset(), port.len() - "+443\"".len());
    let journal_half = br#"time=\"2023-06-25 16:27:41.000000000+08:00\" level=info msg=\"Opened local port tcp:22\""#;
    assert_eq!(malformed(journal_half).kind(), ErrorKind::Quoting);
}

#[test]
fn a_time_that_does_not_exist_leaves_a_record_without_time() {
    let record = record(
        br#"time="2023-02-30 25:61:61.000000000+99:99" level=info msg="Opened local port tcp:443""#,
    );
    assert_eq!((record.stamp(), record.time_layout()), (None, TimeLayout::Bad));
    assert_eq!(record.message(), &Message::Opened("tcp:443".parse().unwrap()));
}

#[test]
fn fields_behind_the_message_are_allowed() {
    let line = format!(
        "{HEAD}\"Opened local port tcp:443\" file=\"hostport/hostport.go:120\" id=e17b name=/a/B"
    );
    let record = record(line.as_bytes());
    assert!(matches!(record.message(), Message::Opened(_)));
    assert_eq!(record.request().unwrap(), "e17b");
}

#[test]
fn no_proper_prefix_of_an_event_line_is_an_event() {
    let restoring = "\"Restoring iptables rules: *nat\\n:KUBE-HP-A - [0:0]\\n:KUBE-HOSTPORTS - [0:0]\\n-I KUBE-HOSTPORTS -m comment --comment \
        \\\"k8s_a_b_c_0_ hostport 443\\\" -m tcp -p tcp --dport 443 -j KUBE-HP-A\\n-A KUBE-HP-A -m comment --comment \
        \\\"k8s_a_b_c_0_ hostport 443\\\" -m tcp -p tcp -j DNAT --to-destination=10.42.0.7:8443\\nCOMMIT\\n\"";
    for event in ["\"Opened local port tcp:443\"", "\"Closing host port udp:53\"", restoring] {
        let line = format!("{HEAD}{event}");
        assert!(!matches!(record(line.as_bytes()).message(), Message::Other));
        for end in 0..line.len() {
            match Record::parse(&line.as_bytes()[..end]) {
                Reading::Record(record) => {
                    assert_eq!(record.message(), &Message::Other, "{}", &line[..end])
                }
                Reading::Malformed(_) | Reading::Unrelated => {}
                other => panic!("{other:?}"),
            }
        }
    }
    // A cut restore input is recognised, with what can still be read of it.
    let line = format!("{HEAD}{restoring}");
    let whole_rules = line.find("COMMIT").unwrap();
    let cut = Cut::of(&line.as_bytes()[..whole_rules]);
    assert_eq!(
        cut,
        Some(Cut::Restoring { family: Some(Family::Ipv4), new: vec!["tcp:443".parse().unwrap()] })
    );
    assert_eq!(
        Cut::of(&line.as_bytes()[..line.len() - 30]),
        Some(Cut::Restoring { family: None, new: vec!["tcp:443".parse().unwrap()] })
    );
    assert_eq!(Cut::of(format!("{HEAD}\"Opened local port tcp:44").as_bytes()), Some(Cut::Socket));
    assert_eq!(Cut::of(format!("{HEAD}\"Op").as_bytes()), Some(Cut::Unknown));
    assert_eq!(Cut::of(format!("{HEAD}\"Checking image stat").as_bytes()), None);
}

#[test]
fn the_terminal_form_is_a_record_too() {
    let line = b"\x1b[36mINFO\x1b[0m[2023-06-25 16:27:37.033003098+08:00] Opened local port tcp:443                     \x1b[36mid\x1b[0m=\"x y\"";
    let record = record(line);
    assert_eq!((record.form(), record.level()), (Form::Terminal, crio::Level::Info));
    assert_eq!(record.message(), &Message::Opened("tcp:443".parse().unwrap()));
    let fields: Vec<_> = record.fields().map(|(k, v)| (k.to_string(), v.to_string())).collect();
    assert_eq!(fields, [("id".to_owned(), "x y".to_owned())]);
    assert_eq!(record.as_bytes(), line);
}

#[test]
fn values_are_borrowed_until_an_escape_must_be_undone() {
    let pairs: Vec<_> = Pairs::new(br#"a="plain text" b="x\ty""#).map(Result::unwrap).collect();
    assert!(pairs[0].value().text().unwrap().is_borrowed());
    let Value::Quoted(quoted) = pairs[1].value() else { panic!() };
    assert_eq!(quoted.raw(), br"x\ty");
    assert_eq!(quoted.text(), "x\ty");
}

#[test]
fn mutated_lines_never_panic_and_print_back() {
    let log = corpus::file("crio/scenarios/dual.log").bytes;
    let lines: Vec<_> = log.split(|&b| b == b'\n').filter_map(text_of).collect();
    let mut seed = 7u64;
    let mut next = |below: usize| {
        seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        ((seed >> 33) as usize) % below
    };
    for round in 0..20_000 {
        let mut line = lines[round % lines.len()].to_vec();
        for _ in 0..=next(3) {
            let at = next(line.len().max(1)).min(line.len().saturating_sub(1));
            if line.is_empty() {
                break;
            }
            match next(3) {
                0 => line[at] = b"\"\\=\n \x1b\xff0:-[]{}"[next(14)],
                1 => drop(line.remove(at)),
                _ => line.truncate(at.max(1)),
            }
        }
        match Record::parse(&line) {
            Reading::Record(record) => {
                assert_eq!(record.as_bytes(), line);
                let _ = (record.msg(), record.request(), record.fields().count());
            }
            Reading::Malformed(error) => {
                assert!(error.offset() <= line.len());
                let _ = Cut::of(&line);
            }
            _ => {}
        }
    }
}
