//! What shows that lines are missing: notes of the loggers, marks of cuts, an order that is not
//! that of the times, bytes that are no text.

use crate::common;
use crate::state_line;

use common::corpus;
use hostport_audit::event::Anomaly;
use hostport_audit::event::journal::Cause;
use hostport_audit::record::transport::Encoding;
use hostport_audit::{Auditor, InputId, Lines, Source, Timeline};
use serde_json::{Value, json};

const CRIO: &str = concat!(
    "Jun 25 16:24:11 rhel92 crio[77216]: time=\"2023-06-25 16:24:11.345867861+08:00\" level=info msg=\"Starting CRI-O, version: 1.29.9, git: unknown(clean)\"\n",
    "Jun 25 16:24:12 rhel92 crio[77216]: time=\"2023-06-25 16:24:12.656671634+08:00\" level=info msg=\"Ensuring kubelet hostport chains\"\n",
    "Jun 25 16:24:13 rhel92 crio[77216]: time=\"2023-06-25 16:24:13.657818578+08:00\" level=info msg=\"Opened local port tcp:443\"\n",
);

fn read(bytes: impl AsRef<[u8]>) -> Auditor {
    let mut auditor = Auditor::new();
    auditor.feed(bytes);
    auditor.finish();
    auditor
}

fn answers(auditor: &Auditor) -> Value {
    let mut line = state_line::print(auditor);
    line.as_object_mut().unwrap().remove("coverage");
    line
}

fn sockets(log: &str) -> Value {
    answers(&read(log))["crio"]["sockets"].clone()
}

#[test]
fn loggers_say_that_messages_are_missing() {
    let missing = [
        "rsyslogd[950]: imjournal: 119806 messages lost due to rate-limiting (20000 allowed within 600 seconds)",
        "rsyslogd: imjournal: begin to drop messages due to rate-limiting",
        "rsyslogd[950]: imuxsock: 12 messages lost due to rate-limiting (200 allowed within 5 seconds)",
        "rsyslogd[950]: imuxsock[pid 77216]: begin to drop messages from pid 77216 due to rate-limiting",
        "rsyslogd[950]: imuxsock[pid: 77216, name: /usr/bin/crio] from <rhel92:crio>: begin to drop messages due to rate-limiting",
        "rsyslogd[950]: imjournal from <rhel92:crio>: begin to drop messages due to rate-limiting",
        "rsyslogd-2177: imuxsock lost 55 messages from pid 77216 due to rate-limiting",
        "journal: Suppressed 42 messages from /system.slice/crio.service",
        "systemd-journal[612]: Suppressed 42 messages from /system.slice/crio.service",
        "systemd-journald[612]: Suppressed 42 messages from crio.service",
        "systemd-journald[612]: File /run/log/journal/0f/system.journal corrupted or uncleanly shut down, renaming and replacing.",
        "systemd-journald[612]: Forwarding to syslog missed 42 messages.",
    ];
    for note in missing {
        let log = format!("{CRIO}Jun 25 16:24:14 rhel92 {note}\n");
        assert_eq!(sockets(&log), Value::Null, "{note}");
        let anomalies = read(&log).coverage().anomalies();
        assert!(anomalies.get(&Anomaly::Gap).is_some_and(|count| *count > 0), "{note}");
    }
    let other = [
        // Of another process.
        "rsyslogd[950]: imuxsock[pid 950]: begin to drop messages from pid 950 due to rate-limiting",
        "rsyslogd[950]: imuxsock[pid: 57, name: /usr/bin/x]: 4881 messages lost due to rate-limiting (20000 allowed within 300 seconds)",
        "rsyslogd-2177: imuxsock lost 55 messages from pid 812 due to rate-limiting",
        // Of other units, of a user's own journal, of the kernel.
        "systemd-journald[612]: Suppressed 42 messages from sshd.service",
        "systemd-journald[612]: File /var/log/journal/0f/user-1000.journal corrupted or uncleanly shut down, renaming and replacing.",
        "systemd-journald[612]: Missed 12 kernel messages",
        "rsyslogd[950]: [origin software=\"rsyslogd\"] rsyslogd was HUPed",
        // By somebody else.
        "logger[5]: imjournal: 119806 messages lost due to rate-limiting",
        "my-rsyslogd[5]: imjournal: 119806 messages lost due to rate-limiting",
    ];
    for note in other {
        let log = format!("{CRIO}Jun 25 16:24:14 rhel92 {note}\n");
        assert_eq!(sockets(&log), json!(["tcp:443"]), "{note}");
    }
}

#[test]
fn a_note_of_one_host_is_none_of_another() {
    let other = CRIO.replace("rhel92", "rhel93");
    let note = "Jun 25 16:24:14 rhel93 rsyslogd[950]: imjournal: begin to drop messages due to rate-limiting\n";
    let state = answers(&read(format!("{CRIO}{other}{note}")));
    assert_eq!(state["crio"]["hosts"]["rhel92"]["sockets"], json!(["tcp:443"]));
    assert_eq!(state["crio"]["hosts"]["rhel93"]["sockets"], Value::Null);
}

#[test]
fn a_visible_cut_makes_every_host_unknown() {
    let other = CRIO.replace("rhel92", "rhel93");
    for mark in [
        "--",
        "...",
        "[...]",
        "[\u{2026}]",
        "<snip>",
        "(...)",
        "-- snip --",
        "[truncated]",
        "[42 lines omitted]",
    ] {
        let auditor = read(format!("{CRIO}{other}{mark}\n"));
        let state = answers(&auditor);
        for host in ["rhel92", "rhel93"] {
            assert_eq!(state["crio"]["hosts"][host]["sockets"], Value::Null, "{mark}");
        }
        let report = auditor.report(&Timeline::new());
        assert!(report.hosts.iter().any(|host| host.coverage.missing.contains_key(&Cause::Cut)));
        assert!(report.to_string().contains("visible cut"), "{report}");
    }
}

/// Another file's lines are other lines: what lies between the two is not seen.
#[test]
fn another_file_of_grep_is_a_cut() {
    let of = |file: &str, text: &str| {
        text.lines().map(|line| format!("{file}:{line}\n")).collect::<String>()
    };
    assert_eq!(sockets(&of("messages", CRIO)), json!(["tcp:443"]));
    let next = "Jun 25 16:24:20 rhel92 crio[77216]: time=\"2023-06-25 16:24:20.669219847+08:00\" level=info msg=\"Checking image status: x\"\n";
    assert_eq!(sockets(&(of("messages", CRIO) + &of("messages", next))), json!(["tcp:443"]));
    assert_eq!(sockets(&(of("messages", CRIO) + &of("messages.1", next))), Value::Null);
}

/// A call that is not complete goes on in the next line, whatever that is.
#[test]
fn what_stands_in_a_call_of_firewalld_is_no_cut() {
    let log = "2023-06-28 10:46:37 DEBUG1: zone.PortAdded('public', '8080', 'tcp', 0)\n\
               2023-06-28 10:46:38 DEBUG1: zone.addRichRule('public', 'rule log prefix=\"\n--\n\" accept', 0)\n";
    let missing = |log: &str| {
        let auditor = read(log);
        auditor.coverage().hosts().map(|(_, host)| host.missing.len()).sum::<usize>()
    };
    assert_eq!(missing(log), 0);
    assert_eq!(missing(&log.replace("\n--\n", "\n--\n\" accept')\n--\n")), 1);
}

fn reversed(bytes: &[u8]) -> Vec<u8> {
    let mut lines: Vec<&[u8]> = Lines::new(bytes).map(|line| line.bytes()).collect();
    lines.reverse();
    lines.join(&b'\n')
}

#[test]
fn the_newest_line_first_tells_nothing() {
    let auditor = read(reversed(CRIO.as_bytes()));
    assert_eq!(answers(&auditor)["crio"]["sockets"], Value::Null);
    assert_eq!(auditor.coverage().anomalies().get(&Anomaly::NewestFirst), Some(&1));
    let report = auditor.report(&Timeline::new()).to_string();
    assert!(report.contains("newest line"), "{report}");
    // Where the order turns in the middle of a log, from there on.
    let more: String = (20..30)
        .map(|second| format!("Jun 25 16:24:{second} rhel92 crio[77216]: time=\"2023-06-25 16:24:{second}.669219847+08:00\" level=info msg=\"Checking image status: x\"\n"))
        .collect();
    assert_eq!(sockets(&format!("{CRIO}{more}")), json!(["tcp:443"]));
    let turned = String::from_utf8(reversed(more.as_bytes())).unwrap();
    assert_eq!(sockets(&format!("{CRIO}{turned}\n")), Value::Null);
    // What is stated holds until the next line; a new input begins anew.
    let mut auditor = read(format!("{CRIO}{turned}\n"));
    let stated = json!({"crio": {"sockets": ["tcp:80"], "dnat": []}});
    state_line::know(&mut auditor, &stated).unwrap();
    assert_eq!(answers(&auditor)["crio"]["sockets"], json!(["tcp:80"]));
    let mut same = auditor.clone();
    same.feed(CRIO.lines().next().unwrap());
    same.finish();
    assert_eq!(answers(&same)["crio"]["sockets"], Value::Null);
    auditor.next_input(InputId::new(2));
    auditor.feed(CRIO);
    assert_eq!(answers(&auditor.settled())["crio"]["sockets"], json!(["tcp:443"]));
}

/// A clock that is set back makes one step; two threads may swap their lines; equal times say
/// nothing.
#[test]
fn single_steps_back_are_no_order() {
    let line = |time: &str| {
        format!("time=\"2023-06-25 {time}+08:00\" level=info msg=\"Checking image status: x\"\n")
    };
    let log = |times: &[&str]| {
        let lines: String = times.iter().map(|time| line(time)).collect();
        let auditor = read(lines);
        auditor.coverage().anomalies().contains_key(&Anomaly::NewestFirst)
    };
    assert!(!log(&["03:00:00.1", "02:00:00.1", "02:00:00.2", "02:00:00.1", "02:00:00.3"]));
    assert!(!log(&["03:00:00.1", "03:00:00.2", "02:00:00.2", "02:00:00.1", "02:00:00.3"]));
    assert!(!log(&["03:00:00.1", "03:00:00.1", "03:00:00.1", "03:00:00.1"]));
    assert!(log(&["03:00:00.3", "03:00:00.2", "03:00:00.1"]));
    assert!(log(&["03:00:00.3", "03:00:00.4", "03:00:00.3", "03:00:00.2", "03:00:00.1"]));
}

fn wrong(got: &Value, truth: &Value, key: &str) -> Option<String> {
    match (got, truth) {
        (Value::Null, _) | (_, Value::Null) => None,
        (Value::Object(got), Value::Object(truth)) => got.iter().find_map(|(part, value)| {
            let least = part.strip_suffix("_at_least").or((part == "at_least").then_some("open"));
            if let Some(name) = least {
                let all = truth.get(name)?.as_array()?;
                let found = value.as_array()?.iter().find(|item| !all.contains(item));
                return found.map(|item| format!("{key}.{part}: {item}"));
            }
            wrong(value, truth.get(part)?, &format!("{key}.{part}"))
        }),
        (got, truth) => (got != truth).then(|| format!("{key}: {got}, and it is {truth}")),
    }
}

/// Every log turned upside down: what is still told at its end is true there.
#[test]
fn a_log_turned_upside_down_gives_no_wrong_answer() {
    let several_lines = [
        "json_pretty",
        "json-pretty",
        "export",
        "verbose",
        "partial",
        "hosts",
        "attacks",
        "found/",
    ];
    let mut turned = 0;
    for file in corpus::logs() {
        if file.bytes.len() > 60_000 || several_lines.iter().any(|part| file.name.contains(part)) {
            continue;
        }
        let truth = answers(&read(&file.bytes));
        let auditor = read(reversed(&file.bytes));
        let seen = auditor.coverage().anomalies().contains_key(&Anomaly::NewestFirst);
        turned += usize::from(seen);
        if !seen {
            // All in one second of firewalld's clock, say.
            continue;
        }
        let problem = wrong(&answers(&auditor), &truth, "");
        assert!(problem.is_none(), "{}: {problem:?}", file.name);
    }
    assert!(turned > 100, "{turned}");
}

#[test]
fn bytes_that_are_no_text_are_named() {
    let utf16: Vec<u8> = CRIO.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let big: Vec<u8> = CRIO.encode_utf16().flat_map(u16::to_be_bytes).collect();
    let with_mark = [&b"\xff\xfe"[..], &utf16].concat();
    let inputs: [(&[u8], Encoding, &str); 8] = [
        (b"\x1f\x8b\x08\x00\x00\n\x01", Encoding::Gzip, "gzip data"),
        (b"\xfd7zXZ\x00\x00\x04", Encoding::Xz, "xz data"),
        (b"\x28\xb5\x2f\xfd\x04", Encoding::Zstd, "zstd data"),
        (b"BZh91AY&SY", Encoding::Bzip2, "bzip2 data"),
        (b"PK\x03\x04\x14", Encoding::Zip, "zip archive"),
        (&with_mark, Encoding::Utf16, "UTF-16 text"),
        (&utf16, Encoding::Utf16, "UTF-16 text"),
        (&big, Encoding::Utf16, "UTF-16 text"),
    ];
    for (bytes, encoding, words) in inputs {
        // It may hold what was said after the log before it.
        let mut auditor = Auditor::new();
        auditor.feed(CRIO);
        auditor.next_input(InputId::new(2));
        auditor.feed(bytes);
        auditor.finish();
        assert_eq!(answers(&auditor)["crio"]["sockets"], Value::Null, "{encoding}");
        let report = read(bytes).report(&Timeline::new());
        assert!(report.to_string().contains(words), "{report}");
        for host in &report.hosts {
            assert_eq!(host.coverage.encoded.first().map(|(own, _)| *own), Some(encoding));
            assert!(
                Source::ALL
                    .iter()
                    .all(|source| !host.sources[source].verdict.to_string().contains("silent"))
            );
        }
    }
    // The mark of UTF-8 says nothing.
    assert_eq!(sockets(&format!("\u{feff}{CRIO}")), json!(["tcp:443"]));
}
