//! firewalld's records: every line of the real logs, and the odd shapes that they can take.

use crate::common;

use common::corpus;
use hostport_audit::event::firewalld::Event;
use hostport_audit::record::Reading;
use hostport_audit::record::firewalld::{Dates, Label, Reader, Record};
use hostport_audit::{ErrorKind, Limits};

/// Every log of the corpus, in order.
fn logs() -> Vec<(String, Vec<u8>)> {
    corpus::logs_in("firewalld").into_iter().map(|file| (file.name, file.bytes)).collect()
}

fn lines(log: &[u8]) -> impl Iterator<Item = &[u8]> {
    log.strip_suffix(b"\n").unwrap_or(log).split(|&b| b == b'\n').filter(|_| !log.is_empty())
}

#[test]
fn every_line_of_the_corpus_is_a_record_or_continues_one_and_prints_back() {
    let (mut records, mut continued, mut broken) = (0u64, 0u64, Vec::new());
    for (name, log) in logs() {
        let mut reader = Reader::new(Limits::default());
        for (number, line) in lines(&log).enumerate() {
            match reader.read(line) {
                Reading::Record(record) => {
                    records += 1;
                    assert_eq!(record.as_bytes(), line);
                    assert_eq!(record.to_string(), String::from_utf8_lossy(line));
                    assert_eq!(record.clone().into_owned(), record);
                    assert!(record.stamp().is_some(), "{name}:{number}");
                }
                Reading::Continuation(joined) => {
                    continued += 1;
                    if let Some(joined) = joined {
                        assert!(joined.as_bytes().ends_with(line) && joined.call().is_some());
                    }
                }
                // A log that was rotated while a record was written goes on in the next file.
                Reading::Unrelated => {
                    assert!(number == 0 && name.contains("rotation"), "{name}:{number}")
                }
                Reading::Malformed(_) => broken.push(format!("{name}:{}", number + 1)),
            }
            if let Some(held) = reader.take_unfinished() {
                broken
                    .push(format!("{name}:{}", number + 1 - usize::try_from(held.lines).unwrap()));
            }
        }
        reader.finish();
        assert!(reader.take_unfinished().is_none(), "{name} ends within a call");
    }
    // Where a client wrote a line break and a date into an argument; nothing else breaks.
    let expected = [
        "v1.3.3/hostile-strings.log:1045",
        "v1.3.3/hostile-strings.log:1054",
        "v1.3.3/polkit-user.log:1080",
        "v1.3.3/polkit-user.log:1096",
        "v1.3.3/polkit-user.log:1099",
        "v2.5.0/hostile-strings.log:1253",
        "v2.5.0/hostile-strings.log:1262",
    ];
    assert_eq!(broken, expected.map(|place| format!("firewalld/{place}")));
    assert!(
        records > 100_000 && continued > 10_000,
        "{records} records, {continued} continuations"
    );
}

fn record(text: &str) -> Record<'_> {
    match Record::parse(text) {
        Reading::Record(record) => record,
        other => panic!("{text}: {other:?}"),
    }
}

fn event_of(text: &str) -> Option<Event<'static>> {
    Event::of(&record(&format!("2023-06-28 10:46:37 {text}"))).map(Event::into_owned)
}

#[test]
fn labels_are_told_apart_and_messages_may_be_empty() {
    let labels = [
        ("DEBUG1: start()", Label::Debug(1), "start()"),
        ("DEBUG9: x", Label::Debug(9), "x"),
        ("DEBUG1: ", Label::Debug(1), ""),
        ("DEBUG1:", Label::Debug(1), ""),
        ("ERROR: x", Label::Error, "x"),
        ("WARNING: x", Label::Warning, "x"),
        ("FATAL ERROR: x", Label::FatalError, "x"),
        ("DEBUG10: x", Label::Bare, "DEBUG10: x"),
        ("Dropped Linux capabilities", Label::Bare, "Dropped Linux capabilities"),
        ("", Label::Bare, ""),
    ];
    for (text, label, message) in labels {
        let text = format!("2023-06-28 10:46:37 {text}");
        let record = record(&text);
        assert_eq!((record.label(), record.message()), (label, message.as_bytes()), "{text}");
    }
}

#[test]
fn a_time_that_does_not_exist_still_begins_a_record() {
    let record = record("2023-02-30 25:61:61 DEBUG1: start()");
    assert!(record.has_bad_time() && record.stamp().is_none() && record.call().is_some());
}

#[test]
fn a_line_without_date_is_a_record_only_when_the_caller_says_so() {
    let line = "DEBUG1: zone.addPort('public', '8080', 'tcp')";
    assert_eq!(Record::parse(line), Reading::Unrelated);
    let mut reader = Reader::new(Limits::default());
    assert_eq!(reader.read(line.as_bytes()), Reading::Unrelated);
    let mut reader = Reader::new(Limits::default()).with_dates(Dates::Absent);
    let Reading::Record(record) = reader.read(line.as_bytes()) else { panic!() };
    assert_eq!(record.call().unwrap().arguments(), [b"public", &b"8080"[..], b"tcp"]);
    assert!(!record.has_bad_time());
}

#[test]
fn the_lists_of_the_program_have_unbalanced_quotes() {
    for (text, expected) in [
        (
            "config.zone.6.setPorts('[('8080, 'tcp'),('8081, 'udp')]')",
            vec![vec!["8080", "tcp"], vec!["8081", "udp"]],
        ),
        ("config.zone.6.setPorts('[]')", vec![]),
        (
            "config.zone.6.setForwardPorts('[('8080, 'tcp', '80', ''),('53, 'udp', '', '192.0.2.1')]')",
            vec![vec!["8080", "tcp", "80", ""], vec!["53", "udp", "", "192.0.2.1"]],
        ),
    ] {
        let text = format!("2023-06-28 10:46:37 DEBUG1: {text}");
        let record = record(&text);
        let tuples = record.call().unwrap().tuples().unwrap();
        let tuples: Vec<Vec<&str>> = tuples
            .iter()
            .map(|t| t.iter().map(|f| core::str::from_utf8(f).unwrap()).collect())
            .collect();
        assert_eq!(tuples, expected, "{text}");
    }
    let record = record("2023-06-28 10:46:37 DEBUG1: config.zone.6.setServices('[ssh,http]')");
    assert_eq!(record.call().unwrap().names(), Some(vec![&b"ssh"[..], b"http"]));
}

#[test]
fn a_call_with_too_many_arguments_is_malformed_where_they_begin() {
    // Port text `1', 'tcp') zone.addPort('public', '22`, printed without escaping.
    let line = "2023-06-28 10:46:37 DEBUG1: zone.addPort('public', '1', 'tcp') zone.addPort('public', '22', 'tcp')";
    let Reading::Malformed(error) = Record::parse(line) else { panic!() };
    assert_eq!((error.kind(), error.offset()), (ErrorKind::Call, 83));
    for line in [
        "zone.addPort('public', '80')",
        "zone.PortAdded('public', '80', 'tcp', 0', 'x')",
        "start(1)",
        "zone.addPort(80)",
    ] {
        let line = format!("2023-06-28 10:46:37 DEBUG1: {line}");
        assert!(matches!(Record::parse(line.as_str()), Reading::Malformed(_)), "{line}");
    }
}

#[test]
fn the_call_right_behind_the_label_decides_and_nested_text_does_not() {
    let event = event_of(
        "DEBUG1: zone.addRichRule('public', 'rule log prefix=\"zone.addPort('public', '22', 'tcp')\" accept')",
    );
    let text = format!("{event:?}");
    assert!(
        text.contains("RuntimeRequest") && text.contains("RichRule") && text.contains("prefix"),
        "{text}"
    );
    assert_eq!(event_of("DEBUG3: zone.addPort('public', '22', 'tcp')"), None);
    assert_eq!(event_of("zone.addPort('public', '22', 'tcp')"), None);
    assert_eq!(event_of("DEBUG1: config.service.3.addPort('22', 'tcp')"), Some(Event::OtherCall));
}

#[test]
fn settings_are_read_as_dbus_python_and_as_python_print_them() {
    let dbus = "DEBUG1: zone.ZoneUpdated('public', 'dbus.Dictionary({dbus.String('ports'): dbus.Array([dbus.Struct((dbus.String('7070'), \
                dbus.String('tcp')), signature=None)], signature=dbus.Signature('(ss)'), variant_level=1), dbus.String('masquerade'): \
                dbus.Boolean(False, variant_level=1)}, signature=dbus.Signature('sv'))')";
    let plain =
        "DEBUG1: zone.ZoneUpdated('public', '{'ports': [('7070', 'tcp')], 'masquerade': False}')";
    let Some(Event::SettingsChanged { settings: Some(lists), .. }) = event_of(dbus) else {
        panic!()
    };
    assert_eq!(lists.len(), 2);
    let Some(Event::SettingsChanged { settings: Some(same), .. }) = event_of(plain) else {
        panic!()
    };
    assert_eq!(lists, same);
    let odd = event_of("DEBUG1: zone.ZoneUpdated('public', '{'ports': object()}')");
    assert!(matches!(odd, Some(Event::SettingsChanged { settings: None, .. })));
}

#[test]
fn a_held_call_is_bounded() {
    let limits = Limits { max_record: 200, ..Limits::default() };
    let mut reader = Reader::new(limits);
    assert_eq!(
        reader.read(b"2023-06-28 10:46:37 DEBUG1: zone.addRichRule('public', 'x"),
        Reading::Continuation(None)
    );
    for _ in 0..10 {
        assert_eq!(reader.read(&[b'y'; 50]), Reading::Continuation(None));
    }
    let broken = reader.take_unfinished().unwrap();
    assert_eq!((broken.error.kind(), broken.lines), (ErrorKind::TooLong, 4));
    assert!(reader.is_idle());
}

#[test]
fn mutations_of_real_lines_never_panic() {
    let text = corpus::file("firewalld/v1.3.3/hostile-strings.log").bytes;
    let mut seed = 1u64;
    for line in lines(&text).filter(|line| line.contains(&b'(')) {
        for _ in 0..4 {
            seed = seed
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let at = usize::try_from(seed >> 33).unwrap() % line.len();
            let mut mutant = line.to_vec();
            match seed % 3 {
                0 => mutant.truncate(at),
                1 => drop(mutant.remove(at)),
                _ => mutant[at] = u8::try_from(seed >> 56).unwrap(),
            }
            if let Reading::Record(record) = Record::parse(mutant.as_slice()) {
                assert_eq!(record.as_bytes(), mutant);
                let _ = Event::of(&record);
            }
        }
    }
}

#[test]
fn a_bracket_at_a_line_break_inside_an_argument_does_not_end_the_call() {
    let mut reader = Reader::new(Limits::default());
    let lines = [
        "2026-11-22 09:40:33 DEBUG1: zone.addRichRule('public', 'rule",
        "family=ipv4)",
        "accept')",
    ];
    assert_eq!(reader.read(lines[0].as_bytes()), Reading::Continuation(None));
    assert_eq!(reader.read(lines[1].as_bytes()), Reading::Continuation(None));
    let Reading::Continuation(Some(record)) = reader.read(lines[2].as_bytes()) else {
        panic!("the call is lost")
    };
    assert_eq!(record.as_bytes(), lines.join("\n").as_bytes());
    assert_eq!(record.lines(), 3);
}
