//! Logs behind the marks of tools, shippers and people: read where the whole text stands behind
//! them, and never a wrong answer where some lines do.

use crate::common;
#[allow(dead_code)]
use crate::state_line;

use common::corpus::{self, File};
use hostport_audit::event::Front;
use hostport_audit::{Auditor, Expect, Limits, Lines, Segment, Source};
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use std::sync::OnceLock;

/// Logs of one line a message, and of one host, whose lines no tool has marked.
fn logs() -> &'static [File] {
    static LOGS: OnceLock<Vec<File>> = OnceLock::new();
    LOGS.get_or_init(|| {
        let several_lines =
            ["odd.", "json", "export", "verbose", "cat.", "/prefixed/", "proto23", "pretty"];
        let mut files = corpus::logs();
        files.retain(|file| {
            let name = file.name.as_str();
            file.bytes.len() < 40_000
                && !name.starts_with("found")
                && !name.starts_with("attacks")
                && !several_lines.iter().any(|part| name.contains(part))
                && Auditor::hosts_of(&file.bytes) == 1
        });
        assert!(files.len() > 80, "{}", files.len());
        files
    })
}

trait Hosts {
    fn hosts_of(bytes: &[u8]) -> usize;
}

impl Hosts for Auditor {
    fn hosts_of(bytes: &[u8]) -> usize {
        read(bytes).ledger().hosts().count()
    }
}

fn read(bytes: &[u8]) -> Auditor {
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

/// Text in front of a line, by what it is called; `{n}` stands for the number of the line.
const READ: [(&str, &str); 11] = [
    ("indent", "    "),
    ("tab", "\t"),
    ("quotation", "> "),
    ("quotation of a quotation", "> > "),
    ("grep -H", "/var/log/messages:"),
    ("grep -H of a dated file", "log/crio-2023-06-25.log:"),
    ("grep -Hn", "journal.txt:{n}:"),
    ("grep -n", "{n}:"),
    ("grep -n of context", "{n}-"),
    ("grep -Hn of context", "journal.txt-{n}-"),
    ("a node's name", "node-1.example.com "),
];

/// Marks that are no wrapping known here.
const UNREAD: [(&str, Front); 10] = [
    ("* ", Front::Bullet),
    ("- ", Front::Bullet),
    ("# ", Front::Hash),
    ("1. ", Front::ListNumber),
    ("12) ", Front::ListNumber),
    ("ovnkube-node-x7k2p ovnkube-controller ", Front::PodAndContainer),
    ("ovnkube-controller | ", Front::Other),
    ("seen: ", Front::File),
    ("\u{2022} ", Front::Bullet),
    ("[worker 1] ", Front::Other),
];

fn mark(mark: &str, number: usize) -> String {
    mark.replace("{n}", &number.to_string())
}

/// The log with something done to each of its lines, given its number.
fn each_line(bytes: &[u8], mut change: impl FnMut(usize, &[u8]) -> Vec<u8>) -> Vec<u8> {
    let mut out = Vec::new();
    for (number, line) in (1..).zip(Lines::new(bytes)) {
        out.extend(change(number, line.bytes()));
        out.push(b'\n');
    }
    out
}

/// The value of `key` in the answers of the one host, with no word about that host.
fn without_host(mut answers: Value) -> Value {
    if let Some(hosts) = answers["crio"]["hosts"].as_object() {
        assert_eq!(hosts.len(), 1);
        answers["crio"] = hosts.values().next().unwrap().clone();
    }
    answers
}

#[test]
fn a_text_that_stands_behind_marks_as_a_whole_is_read() {
    for file in logs() {
        let bare = without_host(answers(&read(&file.bytes)));
        for (name, front) in READ {
            let marked = each_line(&file.bytes, |number, line| {
                [mark(front, number).as_bytes(), line].concat()
            });
            let auditor = read(&marked);
            assert_eq!(without_host(answers(&auditor)), bare, "{}: {name}", file.name);
        }
    }
}

/// What precedes the first blank behind a time of day: `Jun 25 16:24:11`.
fn short_stamp(line: &[u8]) -> Option<(&str, &str)> {
    let text = std::str::from_utf8(line).ok()?;
    (text.len() > 16 && text.is_char_boundary(7) && text.starts_with("Jun 25 "))
        .then(|| ("Jun 25", &text[6..]))
}

#[test]
fn months_of_other_languages_are_read() {
    for file in logs() {
        let bare = answers(&read(&file.bytes));
        for day in ["6月 25", "Juin 25", "25 juin", " 6月 25", "25. Juni", "июн 25", "dim. 25 juin"]
        {
            let mut changed = false;
            let other = each_line(&file.bytes, |_, line| match short_stamp(line) {
                Some((_, rest)) => {
                    changed = true;
                    format!("{day}{rest}").into_bytes()
                }
                None => line.to_vec(),
            });
            if changed {
                assert_eq!(answers(&read(&other)), bare, "{}: {day}", file.name);
            }
        }
    }
}

#[test]
fn hidden_host_names_are_hosts() {
    for file in logs() {
        let bare = answers(&read(&file.bytes));
        for host in ["<redacted>", "***", "[host name]", "\u{2588}\u{2588}\u{2588}", "xxxx", "___"]
        {
            let other = each_line(&file.bytes, |_, line| {
                String::from_utf8_lossy(line)
                    .replacen(" rhel92 crio", &format!(" {host} crio"), 1)
                    .into_bytes()
            });
            assert_eq!(answers(&read(&other)), bare, "{}: {host}", file.name);
        }
    }
}

/// `grep --color` marks what it found, wherever that stands.
#[test]
fn colours_come_off() {
    for file in logs() {
        let bare = answers(&read(&file.bytes));
        for word in ["port", "zone", "rule", "crio", "Jun", "time", "2023", "I", "level"] {
            let coloured = each_line(&file.bytes, |_, line| {
                let red = format!("\x1b[01;31m\x1b[K{word}\x1b[m\x1b[K");
                let text = String::from_utf8_lossy(line);
                if text.contains('\u{fffd}') || text.contains('\x1b') {
                    return line.to_vec();
                }
                text.replace(word, &red).into_bytes()
            });
            assert_eq!(answers(&read(&coloured)), bare, "{}: {word}", file.name);
        }
    }
}

/// The objects of shippers that carried a line of a file as it stood there.
fn shipped(form: &str, line: &str) -> String {
    let at = "2023-06-25T08:24:11.657Z";
    let object = match form {
        "fluent-bit" => json!({"date": 1687681451.657, "log": line}),
        "fluentd" => json!({"message": line, "hostname": "rhel92"}),
        "vector" => {
            json!({"file": "/var/log/messages", "host": "rhel92", "message": line, "source_type": "file", "timestamp": at})
        }
        "filebeat" => {
            json!({"@timestamp": at, "agent": {"type": "filebeat"}, "host": {"name": "rhel92"}, "log": {"file": {"path": "/var/log/messages"}, "offset": 7}, "message": line})
        }
        "elasticsearch" => {
            json!({"_index": "infra-000001", "_id": "x", "_source": {"@timestamp": at, "message": line, "hostname": "rhel92"}})
        }
        "loki line" => {
            json!({"labels": {"filename": "/var/log/messages", "host": "rhel92"}, "line": line, "timestamp": at})
        }
        "loki values" => {
            json!({"stream": {"host": "rhel92"}, "values": [["1687681451657000000", line]]})
        }
        other => panic!("{other}"),
    };
    object.to_string()
}

#[test]
fn lines_that_a_shipper_carried_are_read() {
    let forms = [
        "fluent-bit",
        "fluentd",
        "vector",
        "filebeat",
        "elasticsearch",
        "loki line",
        "loki values",
    ];
    // A shipper does not carry what journalctl prints between messages.
    let carried =
        |file: &&File| std::str::from_utf8(&file.bytes).is_ok_and(|text| !text.contains("\n-- "));
    for file in logs().iter().filter(carried) {
        let bare = without_host(answers(&read(&file.bytes)));
        for form in forms {
            let other = each_line(&file.bytes, |_, line| {
                shipped(form, std::str::from_utf8(line).unwrap()).into_bytes()
            });
            assert_eq!(without_host(answers(&read(&other))), bare, "{}: {form}", file.name);
        }
    }
}

/// What a shipper tells of a message that it took out of the journal or out of a container.
#[test]
fn the_fields_of_shippers_tell_who_speaks() {
    let start = [
        r#"time="2023-06-25 16:24:11.345867861+08:00" level=info msg="Starting CRI-O, version: 1.29.9, git: unknown(clean)""#,
        r#"time="2023-06-25 16:24:12.656671634+08:00" level=info msg="Ensuring kubelet hostport chains""#,
        r#"time="2023-06-25 16:24:13.657818578+08:00" level=info msg="Opened local port tcp:443""#,
    ];
    let klog = "I1122 09:46:36.018734   27488 iptables.go:27] Adding rule in table: nat, chain: OVN-KUBE-NODEPORT with args: \"-p TCP -m addrtype --dst-type LOCAL --dport 32718 -j DNAT --to-destination 10.96.178.142:8081\" for protocol: 0 ";
    let open = |objects: &[Value]| {
        let lines: String = objects.iter().map(|object| format!("{object}\n")).collect();
        let auditor = read(lines.as_bytes());
        let hosts = auditor.ledger().hosts();
        hosts
            .flat_map(|(name, host)| {
                let name = name.map(ToString::to_string).unwrap_or_default();
                host.openings()
                    .map(|(opening, _)| format!("{name} {}", opening.port.unwrap()))
                    .collect::<Vec<_>>()
            })
            .collect::<Vec<_>>()
    };
    let sockets = |of: &dyn Fn(&str) -> Value| open(&start.map(of));
    let of_crio = ["rhel92 443/tcp"].map(String::from);
    assert_eq!(
        sockets(
            &|text| json!({"@timestamp": "2023-06-25T08:24:13Z", "message": text, "hostname": "rhel92", "systemd": {"t": {"SYSLOG_IDENTIFIER": "crio", "PID": "77216"}, "u": {"SYSLOG_FACILITY": "3"}}})
        ),
        of_crio
    );
    assert_eq!(
        sockets(
            &|text| json!({"message": text, "host": {"hostname": "rhel92"}, "systemd": {"unit": "crio.service"}, "process": {"pid": 77216}})
        ),
        of_crio
    );
    assert_eq!(
        sockets(
            &|text| json!({"date": 1.5, "_HOSTNAME": "rhel92", "SYSLOG_IDENTIFIER": "crio", "MESSAGE": text})
        ),
        of_crio
    );
    assert_eq!(
        sockets(&|text| json!({"host": "rhel92", "SYSLOG_IDENTIFIER": "conmon", "message": text})),
        [""; 0]
    );
    let pod = |container: &str| {
        open(&[
            json!({"log": format!("{klog}\n"), "stream": "stderr", "time": "2023-11-22T09:46:36.018734Z", "kubernetes": {"pod_name": "x-1", "container_name": container, "host": "rhel92"}}),
        ])
    };
    assert_eq!(pod("ovnkube-controller"), ["rhel92 32718/tcp"]);
    assert_eq!(pod("nginx"), [""; 0], "what a pod prints opens nothing");
    // A program's own objects stay what they are.
    let own = json!({"level": "info", "msg": "Opened local port tcp:443", "time": "2023-06-25T16:24:11+08:00"});
    assert_eq!(read(own.to_string().as_bytes()).coverage().counts().records, 1);
}

/// `None` if what was answered is unknown or right.
fn wrong(got: &Value, truth: &Value, key: &str) -> Option<String> {
    match (got, truth) {
        (Value::Null, _) => None,
        (Value::Object(got), Value::Object(truth)) => got.iter().find_map(|(part, value)| {
            if let Some(name) =
                part.strip_suffix("_at_least").or((part == "at_least").then_some("open"))
            {
                let all = truth.get(name)?.as_array()?;
                let found = value.as_array()?.iter().find(|item| !all.contains(item));
                return found.map(|item| format!("{key}.{part}: {item}"));
            }
            match truth.get(part) {
                Some(truth) => wrong(value, truth, &format!("{key}.{part}")),
                None => None,
            }
        }),
        (_, Value::Null) => None,
        (got, truth) => (got != truth).then(|| format!("{key}: {got}, and it is {truth}")),
    }
}

/// Which lines are marked, and how.
fn marked_lines() -> impl Strategy<Value = Vec<(usize, usize)>> {
    prop::collection::vec((0usize..1000, 0usize..1000), 1..12)
}

fn partly_marked(bytes: &[u8], marks: &[(usize, usize)]) -> Vec<u8> {
    let count = Lines::new(bytes).count();
    let all: Vec<&str> =
        READ.iter().map(|(_, text)| *text).chain(UNREAD.iter().map(|(text, _)| *text)).collect();
    each_line(bytes, |number, line| {
        let own = marks.iter().find(|(at, _)| at % count == number - 1);
        match own {
            Some((_, which)) => [mark(all[which % all.len()], number).as_bytes(), line].concat(),
            None => line.to_vec(),
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn marks_on_some_lines_make_no_answer_wrong(which in any::<prop::sample::Index>(), marks in marked_lines()) {
        let file = &logs()[which.index(logs().len())];
        let truth = without_host(answers(&read(&file.bytes)));
        let marked = partly_marked(&file.bytes, &marks);
        let auditor = read(&marked);
        let got = answers(&auditor);
        let got = match got["crio"]["hosts"].as_object() {
            // A node's name on a line without a host makes that line one of another host.
            Some(hosts) => Value::Object(hosts.values().map(|own| ("crio".to_owned(), own.clone())).collect::<Map<_, _>>()),
            None => got,
        };
        let problem = wrong(&got, &truth, "");
        prop_assert!(problem.is_none(), "{}: {}\n{}", file.name, problem.unwrap(), String::from_utf8_lossy(&marked));
    }

    /// However the text is handed over.
    #[test]
    fn marked_texts_read_in_parts_are_the_same(which in any::<prop::sample::Index>(), marks in marked_lines(), cut in any::<prop::sample::Index>()) {
        let file = &logs()[which.index(logs().len())];
        let marked = partly_marked(&file.bytes, &marks);
        let whole = read(&marked);
        let lines: Vec<usize> = marked.iter().enumerate().filter(|(_, b)| **b == b'\n').map(|(at, _)| at + 1).collect();
        let at = lines[cut.index(lines.len())];
        let segment = |bytes| Segment::read(bytes, Expect::Auto, Limits::default());
        let mut joined = Auditor::new();
        joined.append(&segment(&marked[..at]).then(segment(&marked[at..])));
        joined.finish();
        prop_assert!(joined == whole, "{} at {at}: segments", file.name);
        let mut fed = Auditor::new();
        fed.feed(&marked[..at / 2]);
        #[cfg(feature = "serde")]
        {
            let saved = serde_json::to_string(&fed).unwrap();
            fed = serde_json::from_str(&saved).unwrap();
        }
        fed.feed(&marked[at / 2..]);
        fed.finish();
        prop_assert!(fed == whole, "{} at {}: fed", file.name, at / 2);
    }
}

/// The report names the form, and does not say that the log is silent.
#[test]
fn what_was_not_unwrapped_is_told_by_its_form() {
    let klog = "I1122 09:46:36.018734   27488 iptables.go:27] Adding rule in table: nat, chain: OVN-KUBE-NODEPORT with args: \"-p TCP -m addrtype --dst-type LOCAL --dport 32718 -j DNAT --to-destination 10.96.178.142:8081\" for protocol: 0 ";
    let crio = r#"Jun 25 16:24:14 rhel92 crio[77216]: time="2023-06-25 16:24:14.665259734+08:00" level=info msg="Closing host port tcp:443""#;
    let zone = "2023-06-28 10:46:37 DEBUG1: zone.PortRemoved('public', '8080', 'tcp')";
    for (text, front) in UNREAD {
        for (line, source) in
            [(klog, Source::Ovnkube), (crio, Source::Crio), (zone, Source::Firewalld)]
        {
            let auditor = read(format!("{text}{line}\n").repeat(3).as_bytes());
            let report = auditor.report(&hostport_audit::Timeline::new());
            let found: Vec<_> =
                report.hosts.iter().flat_map(|host| &host.coverage.look_alikes).collect();
            assert_eq!(found, [(&(source, front), &3)], "{text}{line}");
            let shown = report.to_string();
            assert!(shown.contains(front.as_str()), "{shown}");
            let own = report.hosts.iter().map(|host| host.sources[&source].verdict.to_string());
            assert!(own.clone().all(|verdict| !verdict.contains("silent")), "{shown}");
        }
    }
}

/// Whoever writes text into a message of another program makes nothing open, closed or unknown.
#[test]
fn text_in_a_message_of_another_program_changes_nothing() {
    let start = concat!(
        "Jun 25 16:24:11 rhel92 crio[77216]: time=\"2023-06-25 16:24:11.345867861+08:00\" level=info msg=\"Starting CRI-O, version: 1.29.9, git: unknown(clean)\"\n",
        "Jun 25 16:24:12 rhel92 crio[77216]: time=\"2023-06-25 16:24:12.656671634+08:00\" level=info msg=\"Ensuring kubelet hostport chains\"\n",
        "Jun 25 16:24:13 rhel92 crio[77216]: time=\"2023-06-25 16:24:13.657818578+08:00\" level=info msg=\"Opened local port tcp:443\"\n",
    );
    let text =
        r#"time="2023-06-25 16:24:14.665259734+08:00" level=info msg="Closing host port tcp:443""#;
    let full = format!("Jun 25 16:24:14 rhel92 crio[77216]: {text}");
    let before = answers(&read(start.as_bytes()));
    let inside = [
        text.to_owned(),
        full.clone(),
        format!("> {full}"),
        format!("    {full}"),
        format!("\x1b[31m{text}\x1b[m"),
        format!("x:{full}"),
        "...".to_owned(),
        "--".to_owned(),
        "<snip>".to_owned(),
        "imjournal: 5 messages lost due to rate-limiting".to_owned(),
        json!({"message": text}).to_string(),
    ];
    for told in inside {
        for front in [
            "Jun 25 16:24:14 rhel92 conmon[812]: ",
            "Okt 25 16:24:14 rhel92 conmon[812]: ",
            "* Jun 25 16:24:14 rhel92 conmon[812]: ",
            "    Jun 25 16:24:14 rhel92 conmon[812]: ",
            "{Jun} 25 rhel92 conmon[812]: ",
        ] {
            let log = format!("{start}{front}{told}\n");
            assert_eq!(answers(&read(log.as_bytes())), before, "{front}{told}");
        }
        let object = json!({"message": told, "SYSLOG_IDENTIFIER": "conmon", "hostname": "rhel92"});
        assert_eq!(answers(&read(format!("{start}{object}\n").as_bytes())), before, "{object}");
    }
}
