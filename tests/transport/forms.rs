//! Forms, and what only looks like one, by example.
use crate::common;

use common::reading::{deliveries, entries};
use hostport_audit::record::transport::{
    Entry, JournalNotice, OpenPart, Prefix, Reader, Stream, Transport, Unwrapped,
};
use hostport_audit::{ErrorKind, Limits, Lines};

const CRIO: &str =
    r#"time="2023-06-25 16:24:11.657818578+08:00" level=info msg="Opened local port tcp:443""#;
const KLOG: &str = "I1122 09:46:35.825084   27488 iptables.go:27] Adding rule";

/// Form, host, program, process and message of each entry.
type Brief = (Transport, String, String, Option<u32>, String);

fn brief(entry: &Entry<'_>) -> Brief {
    let prefix = entry.prefix();
    let text =
        |text: Option<&hostport_audit::Text<'_>>| text.map(ToString::to_string).unwrap_or_default();
    (
        prefix.transport(),
        text(prefix.host()),
        text(prefix.program()),
        prefix.pid(),
        entry.message().to_string(),
    )
}

fn briefs(input: &str) -> Vec<Brief> {
    entries(input.as_bytes()).iter().map(brief).collect()
}

fn one(line: &str) -> Brief {
    let mut all = briefs(line);
    assert_eq!(all.len(), 1, "{line}");
    all.remove(0)
}

#[track_caller]
fn check(
    line: &str,
    transport: Transport,
    host: &str,
    program: &str,
    pid: Option<u32>,
    message: &str,
) {
    assert_eq!(
        one(line),
        (transport, host.to_owned(), program.to_owned(), pid, message.to_owned()),
        "{line}"
    );
    let (prefix, text) = Prefix::of_line(line.as_bytes());
    assert_eq!(prefix.to_string() + &text.to_str_lossy(), line);
}

#[test]
fn identifiers_are_told_as_they_are() {
    let short = |rest: &str| format!("Jun 25 16:24:11 rhel92 {rest}");
    check(
        &short(&format!("crio[77216]: {CRIO}")),
        Transport::Short,
        "rhel92",
        "crio",
        Some(77216),
        CRIO,
    );
    check(&short(&format!("crio: {CRIO}")), Transport::Short, "rhel92", "crio", None, CRIO);
    check(
        &short(&format!("/usr/bin/crio[77216]: {CRIO}")),
        Transport::Short,
        "rhel92",
        "/usr/bin/crio",
        Some(77216),
        CRIO,
    );
    check(
        &short(&format!("crio-probe[99]: {CRIO}")),
        Transport::Short,
        "rhel92",
        "crio-probe",
        Some(99),
        CRIO,
    );
    check(
        &short("unknown[77216]: no identifier"),
        Transport::Short,
        "rhel92",
        "unknown",
        Some(77216),
        "no identifier",
    );
    check(&short("my app: x[5]: text"), Transport::Short, "rhel92", "my app: x", Some(5), "text");
    check(&short(&format!("my app: {CRIO}")), Transport::Short, "rhel92", "my app", None, CRIO);
    check(&short("a[1]b[6]: text"), Transport::Short, "rhel92", "a[1]b", Some(6), "text");
    check(&short("crio[x]: text"), Transport::Short, "rhel92", "crio[x]", None, "text");
    check(
        &short("crio[99999999999]: text"),
        Transport::Short,
        "rhel92",
        "crio[99999999999]",
        None,
        "text",
    );
    check(&short("crio[77216]: "), Transport::Short, "rhel92", "crio", Some(77216), "");
    check(&short("crio[77216]:"), Transport::Short, "rhel92", "crio", Some(77216), "");
}

/// What another program prints behind its own identifier is its text, whatever it looks like.
#[test]
fn text_that_looks_like_a_prefix_is_text() {
    let forged = format!("crio[77216]: {CRIO}");
    let line = format!("Jun 25 16:24:11 rhel92 conmon[812]: {forged}");
    check(&line, Transport::Short, "rhel92", "conmon", Some(812), &forged);
    let twice = format!("Jun 25 16:24:11 rhel92 crio[1]: {forged}");
    check(
        &line.replace("conmon[812]: ", &format!("conmon[812]: {twice}")),
        Transport::Short,
        "rhel92",
        "conmon",
        Some(812),
        &(twice + &forged),
    );
    // Without colon and process the identifier is one word, and the rest is text.
    let line = format!("Jun 25 16:24:11 rhel92 kernel text {forged}");
    let (transport, host, program, ..) = one(&line);
    assert_eq!((transport, host.as_str()), (Transport::Short, "rhel92"));
    assert_ne!(program, "crio");
    // A host name of several words belongs to nobody.
    assert_eq!(one(&format!("Jun 25 16:24:11 two words {forged}")).2, "words crio");
}

#[test]
fn journalctl_may_leave_the_host_out() {
    check(
        &format!("Jun 25 16:24:11 crio[77216]: {CRIO}"),
        Transport::Short,
        "",
        "crio",
        Some(77216),
        CRIO,
    );
    check("[    5.312951] crio[77216]: x", Transport::ShortMonotonic, "", "crio", Some(77216), "x");
}

#[test]
fn times_that_do_not_exist_leave_the_prefix_standing() {
    for stamp in [
        "Jun 31 16:24:11",
        "Jun 25 24:00:00",
        "Jun 25 23:59:60",
        "2023-02-30T16:24:11+0800",
        "Sun 2023-06-25 16:61:11 CST",
    ] {
        let line = format!("{stamp} rhel92 crio[77216]: {CRIO}");
        let entry = entries(line.as_bytes()).remove(0);
        assert_eq!(
            (entry.prefix().stamp(), entry.message().to_string()),
            (None, CRIO.to_owned()),
            "{stamp}"
        );
        assert_eq!(entry.prefix().identifier().unwrap(), "crio");
    }
    let stamp = |line: &str| entries(line.as_bytes())[0].prefix().stamp().unwrap().to_string();
    assert_eq!(stamp("Feb 29 16:24:11 rhel92 crio[1]: x"), "--02-29T16:24:11");
    assert_eq!(stamp("Jun  5 16:24:11 rhel92 crio[1]: x"), "--06-05T16:24:11");
    assert_eq!(stamp("Jun 05 16:24:11 rhel92 crio[1]: x"), "--06-05T16:24:11");
    assert_eq!(
        stamp("Sun 2023-06-25 11:54:11 +0330 rhel92 crio[1]: x"),
        "2023-06-25T11:54:11+03:30"
    );
    assert_eq!(stamp("Sun 2023-06-25 11:54:11 UTC rhel92 crio[1]: x"), "2023-06-25T11:54:11Z");
    assert_eq!(stamp("Sun 2023-06-25 11:54:11 CST rhel92 crio[1]: x"), "2023-06-25T11:54:11");
}

#[test]
fn lines_of_the_programs_themselves_have_no_prefix() {
    let lines = [
        KLOG,
        CRIO,
        "2023-06-28 10:46:37 DEBUG1: config.zone.7.addPort('8080', 'tcp')",
        "2023-06-25T09:00:00+00:00 - starting ovnkube-master, Node: rhel92 IP: 10.0.0.1",
        "2023-06-25T09:00:00Z - starting ovnkube-master, Node: rhel92 IP: 10.0.0.1",
        "I0625 09:07:00.992980123 - starting ovnkube-node",
        "+ iptables -t raw -A PREROUTING -j x",
        "Adding rule in table: nat, chain: OVN-KUBE-NODEPORT with args: \"-p TCP\" for protocol: 0 ",
        "       1: *security",
        "  File \"x.py\", line 12, in f",
        "[    0.000000] Linux version 5.14.0 (mock)",
        r#"{"level":"info","msg":"Opened local port tcp:443","time":"2023-06-25T16:24:11+08:00"}"#,
        r#"{"level":"info","msg":"Opened local"#,
        r#"{"time":"2023-06-25T16:24:11+08:00","msg":"Opened local"#,
        r#"{"ts":1687681451657.9,"caller":"x.go:1","msg":"x","v":0}"#,
        r#"{"MTU":1400}"#,
        "Sun 2023-06-25 16:24:11 CST",
        "Jun 25 16:24:11",
        "Jun 25 16:24:11 rhel92",
        "12:30 something",
        "",
    ];
    for line in lines {
        let all = entries(format!("{line}\n").as_bytes());
        assert_eq!(
            (all[0].prefix(), all[0].message().to_string()),
            (&Prefix::default(), line.to_owned())
        );
    }
}

#[test]
fn marks_of_tools_come_off() {
    check(&format!("$ {KLOG}"), Transport::None, "", "", None, KLOG);
    check(&format!("33:{KLOG}"), Transport::None, "", "", None, KLOG);
    check(&format!("33:$ {KLOG}"), Transport::None, "", "", None, KLOG);
    check(&format!("\u{feff}{KLOG}"), Transport::None, "", "", None, KLOG);
    check(
        &format!("33:Jun 25 16:24:11 rhel92 crio[7]: {CRIO}"),
        Transport::Short,
        "rhel92",
        "crio",
        Some(7),
        CRIO,
    );
    check(
        &format!("node-1.example.com {CRIO}"),
        Transport::None,
        "node-1.example.com",
        "",
        None,
        CRIO,
    );
    check(
        &format!("node-1 Jun 25 16:24:11 rhel92 crio[7]: {CRIO}"),
        Transport::Short,
        "rhel92",
        "crio",
        Some(7),
        CRIO,
    );
    check(
        &format!("2023-06-25T09:07:00.992980000Z {KLOG}"),
        Transport::Timestamps,
        "",
        "",
        None,
        KLOG,
    );
    let pod =
        format!("[pod/ovnkube-master-n2shv/ovnkube-master] 2023-06-25T09:07:00.99298Z {KLOG}");
    check(&pod, Transport::Timestamps, "", "", None, KLOG);
    let entry = entries(pod.as_bytes()).remove(0);
    assert_eq!(
        (entry.prefix().pod().unwrap().to_str(), entry.prefix().container().unwrap().to_str()),
        (Some("ovnkube-master-n2shv"), Some("ovnkube-master"))
    );
}

/// A line that shows nothing by itself is marked if the one before it was, and the numbers go on.
#[test]
fn marks_go_on_over_lines_that_show_nothing() {
    let input = format!("7:{KLOG}\n8:: exit status 4\n10:9: x\n11:{KLOG}\n");
    let messages: Vec<String> = briefs(&input).into_iter().map(|brief| brief.4).collect();
    assert_eq!(messages, [KLOG, ": exit status 4", "10:9: x", KLOG]);
    let input = format!("node-1 {KLOG}\nnode-1 : exit status 4\nnode-2 {KLOG}\nnode-1 text\n");
    let hosts: Vec<(String, String)> =
        briefs(&input).into_iter().map(|brief| (brief.1, brief.4)).collect();
    let expected =
        [("node-1", KLOG), ("node-1", ": exit status 4"), ("node-2", KLOG), ("", "node-1 text")];
    assert_eq!(hosts, expected.map(|(host, message)| (host.to_owned(), message.to_owned())));
    // In a log that is not marked, a first word in front of such a line is text.
    let input = format!("{KLOG}\nnested {KLOG}\n");
    assert_eq!(briefs(&input)[1].4, format!("nested {KLOG}"));
}

fn notes(input: &str) -> Vec<(u64, JournalNotice<'static>)> {
    let note = |delivery| match delivery {
        Unwrapped::JournalNotice { note, at, .. } => Some((at.line(), note)),
        _ => None,
    };
    deliveries(input.as_bytes(), &Limits::default()).into_iter().filter_map(note).collect()
}

#[test]
fn a_boot_is_told_only_where_the_journal_can_tell_it() {
    let boot = "-- Boot 2d30a6508937515eb84cfdeac507588e --";
    let line = "Jun 25 16:24:11 rhel92 crio[77216]: x";
    assert_eq!(notes(&format!("{line}\n{boot}\n{line}\n")).len(), 1);
    assert_eq!(
        notes(&format!("{line}\n-- Reboot --\n{line}\n")),
        [(2, JournalNotice::Boot { id: None })]
    );
    for text in [
        format!("{line}\n{line} {boot}\n"),
        format!("{line}\n {boot}\n"),
        format!("{KLOG}\n{boot}\n"),
        format!("{line}\n                                    {boot}\n"),
    ] {
        assert_eq!(notes(&text), [], "{text}");
    }
    let frame = deliveries(
        b"-- Logs begin at Sun 2023-06-25 16:24:11 CST, end at Mon 2023-06-26 16:24:11 CST. --\n-- No entries --\n",
        &Limits::default(),
    );
    assert!(frame.iter().all(|delivery| matches!(delivery, Unwrapped::Separator { lines: 1, .. })));
}

#[test]
fn another_boot_of_the_same_host_is_told_once() {
    let entry = |host: &str, boot: &str| {
        format!("{{\"_HOSTNAME\":\"{host}\",\"_BOOT_ID\":\"{boot}\",\"MESSAGE\":\"x\"}}\n")
    };
    let input =
        [("a", "1"), ("b", "2"), ("a", "1"), ("b", "3"), ("a", "1"), ("a", "4"), ("a", "4")]
            .map(|(host, boot)| entry(host, boot))
            .concat();
    let boots: Vec<(u64, String)> = notes(&input)
        .into_iter()
        .map(|(line, note)| match note {
            JournalNotice::Boot { id } => (line, id.unwrap().to_string()),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(boots, [(4, "3".to_owned()), (6, "4".to_owned())]);
}

#[test]
fn missing_messages_are_told_by_journald_alone() {
    let line = |program: &str| {
        format!("Jun 25 16:24:11 rhel92 {program}[612]: Suppressed 42 messages from crio.service\n")
    };
    let suppressed = JournalNotice::Suppressed { count: 42, unit: "crio.service".into() };
    assert_eq!(notes(&line("systemd-journald")), [(1, suppressed.clone())]);
    assert_eq!(
        notes(
            &line("systemd-journald")
                .replace("Jun 25 16:24:11", "Sun 2023-06-25 16:24:11 CST")
                .replace("journald[", "journald.service[")
        ),
        [(1, suppressed)]
    );
    assert_eq!(notes(&line("conmon")), []);
    let blob = "Jun 25 16:24:11 rhel92 crio[77216]: [12B blob data]\n";
    assert_eq!(notes(blob), [(1, JournalNotice::TextLost)]);
    // In a form that keeps every byte these words are a message.
    assert_eq!(notes("{\"MESSAGE\":\"[12B blob data]\",\"_PID\":\"1\"}\n"), []);
    assert_eq!(notes("{\"MESSAGE\":null,\"_PID\":\"1\"}\n"), [(1, JournalNotice::TextLost)]);
}

#[track_caller]
fn malformed(input: &[u8]) -> (ErrorKind, usize, u64, u64) {
    match deliveries(input, &Limits::default()).as_slice() {
        [Unwrapped::Malformed { error, at, lines, .. }] => {
            (error.kind(), error.offset(), at.line(), *lines)
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_was_recognised_and_is_broken_is_malformed() {
    assert_eq!(malformed(b"{\"_PID\":\"1\",\"MESSAGE\":\"cut"), (ErrorKind::Json, 26, 1, 1));
    assert_eq!(malformed(b"\x1e{\"_PID\":\"1\",\"MESSAGE\":x}"), (ErrorKind::Json, 23, 1, 1));
    assert_eq!(malformed(b"{\"MESSAGE\":[\"a\",\"b\"]}"), (ErrorKind::Json, 11, 1, 1));
    assert_eq!(
        malformed(b"{\"MESSAGE\":\"a\",\"MESSAGE\":\"b\"}"),
        (ErrorKind::DuplicateField, 0, 1, 1)
    );
    assert_eq!(malformed(b"{\"log\":\"a\\n\",\"stream\":\"stderr"), (ErrorKind::Json, 29, 1, 1));
    assert_eq!(malformed(b"{\n\t\"MESSAGE\" : x\n}\n"), (ErrorKind::Json, 15, 1, 3));
    assert_eq!(
        malformed(b"<30>1 2023-06-25T16:24:11+08:00 rhel92 crio 7 - [x msg"),
        (ErrorKind::Prefix, 48, 1, 1)
    );
    assert_eq!(
        malformed(b"__CURSOR=s\nMESSAGE\n\xff\xff\xff\xff\xff\xff\xff\xffx\n"),
        (ErrorKind::TooLong, 0, 3, 3)
    );
    assert_eq!(
        malformed(b"__CURSOR=s\nMESSAGE\n\x02\0\0\0\0\0\0\0abc\n"),
        (ErrorKind::Prefix, 10, 3, 3)
    );
}

/// Whose message is lost is told as far as it was read, and a remark of the journal is about the
/// host of the message behind it, if no other was named.
#[test]
fn what_breaks_tells_whose_it_was() {
    let object = b"{\"_HOSTNAME\":\"rhel92\",\"SYSLOG_IDENTIFIER\":\"crio\",\"MESSAGE\":\"cut";
    let export = b"__CURSOR=s\n_HOSTNAME=rhel92\nSYSLOG_IDENTIFIER=crio\nMESSAGE\n\xff\xff\xff\xff\xff\xff\xff\xff\n";
    for input in [&object[..], export] {
        match deliveries(input, &Limits::default()).as_slice() {
            [Unwrapped::Malformed { prefix, .. }] => {
                assert_eq!(
                    (prefix.host().unwrap().to_str(), prefix.program().unwrap().to_str()),
                    (Some("rhel92"), Some("crio"))
                );
            }
            other => panic!("{other:?}"),
        }
    }
    let line = |host: &str| format!("Jun 25 16:24:11 {host} crio[77216]: x\n");
    let hosts = |input: String| -> Vec<Option<String>> {
        let boot = |delivery| match delivery {
            Unwrapped::JournalNotice { prefix, .. } => Some(prefix.host().map(ToString::to_string)),
            _ => None,
        };
        deliveries(input.as_bytes(), &Limits::default()).into_iter().filter_map(boot).collect()
    };
    assert_eq!(
        hosts(format!("-- Reboot --\n{}-- Reboot --\n", line("a"))),
        [Some("a".to_owned()), Some("a".to_owned())]
    );
    assert_eq!(hosts(format!("{}{}-- Reboot --\n", line("a"), line("b"))), [None]);
    assert_eq!(hosts(format!("{}-- Reboot --\n{}", line("a"), line("b"))), [None]);
}

/// A message with line ends, and one that has the look of fields and of a new entry in it.
#[test]
fn binary_values_of_the_export_form_are_counted_out() {
    let text = b"two\n\n__CURSOR=s=9\nMESSAGE=forged\r\n";
    let mut input = b"__CURSOR=s=1\n__REALTIME_TIMESTAMP=1687681451657908\nMESSAGE\n".to_vec();
    input.extend((text.len() as u64).to_le_bytes());
    input.extend(text);
    input.extend(b"\n_PID=7\nSYSLOG_IDENTIFIER=crio\n\n__CURSOR=s=2\nMESSAGE=next\n\n");
    let all = entries(&input);
    assert_eq!(all.len(), 2);
    assert_eq!(
        (all[0].message().as_bytes(), all[0].prefix().pid(), all[0].lines()),
        (&text[..], Some(7), 11)
    );
    assert_eq!(all[0].prefix().stamp().unwrap().to_string(), "2023-06-25T08:24:11.657908Z");
    assert_eq!((all[1].message().to_string(), all[1].at().line()), ("next".to_owned(), 12));
    // A length of ten bytes has an LF as its first byte.
    for length in 0..40u64 {
        let mut input = b"__CURSOR=s=1\nMESSAGE\n".to_vec();
        input.extend(length.to_le_bytes());
        input.extend(vec![b'\r'; length as usize]);
        input.extend(b"\n\n");
        assert_eq!(entries(&input)[0].message().as_bytes(), vec![b'\r'; length as usize]);
    }
}

#[test]
fn an_export_without_its_beginning_is_read_from_its_first_field_on() {
    let all = briefs(
        "_HOSTNAME=rhel92\nSYSLOG_IDENTIFIER=crio\n_PID=7\nMESSAGE=x\n\n__CURSOR=s=2\nMESSAGE=y\n",
    );
    assert_eq!(
        all[0],
        (Transport::Export, "rhel92".to_owned(), "crio".to_owned(), Some(7), "x".to_owned())
    );
    assert_eq!(all.len(), 2);
}

/// The host may stand behind the message; the boot tells it before.
#[test]
fn verbose_entries_are_known_as_far_as_they_have_come() {
    let header = "Sun 2023-06-25 16:24:11.657908 CST [s=1;i=8;b=565f;m=1;t=5feeff56b8639;x=1]";
    let entry =
        format!("{header}\n    MESSAGE=one\n            two\n    _HOSTNAME=rhel92\n    _PID=7\n");
    let mut reader = Reader::new(&Limits::default());
    let mut told = Vec::new();
    let input = entry.repeat(2);
    let lines: Vec<_> = Lines::new(input.as_bytes()).collect();
    for line in &lines[..8] {
        reader.read(line, &mut |delivery: Unwrapped<'_>| told.push(delivery.into_owned()));
    }
    assert_eq!(reader.open_part(), OpenPart::Record(Transport::Verbose));
    reader.finish(&mut |delivery: Unwrapped<'_>| told.push(delivery.into_owned()));
    let told: Vec<_> = told
        .into_iter()
        .map(|delivery| match delivery {
            Unwrapped::Entry(entry) => {
                (brief(&entry), entry.is_complete(), entry.prefix().stamp().unwrap().to_string())
            }
            other => panic!("{other:?}"),
        })
        .collect();
    let at = "2023-06-25T08:24:11.657785Z".to_owned();
    let stamp = told[0].2.clone();
    assert!(stamp.starts_with(&at[..22]), "{stamp}");
    let brief =
        |pid| (Transport::Verbose, "rhel92".to_owned(), String::new(), pid, "one\ntwo".to_owned());
    assert_eq!(told, [(brief(Some(7)), true, stamp.clone()), (brief(None), false, stamp)]);
}

#[test]
fn parts_of_container_records_are_put_together_stream_by_stream() {
    let line =
        |stream: &str, rest: &str| format!("2023-11-22T09:46:36.018734713+08:00 {stream} {rest}\n");
    let input = [
        line("stderr", "P one "),
        line("stdout", "F out"),
        line("stderr", "P two "),
        line("stdout", "P half"),
        line("stderr", "F three"),
    ]
    .concat();
    let all = entries(input.as_bytes());
    let told: Vec<_> = all
        .iter()
        .map(|e| {
            (
                e.message().to_string(),
                e.prefix().stream().unwrap(),
                e.at().line(),
                e.lines(),
                e.is_complete(),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            ("out".to_owned(), Stream::Stdout, 2, 1, true),
            ("one two three".to_owned(), Stream::Stderr, 1, 3, true),
            ("half".to_owned(), Stream::Stdout, 4, 1, false),
        ]
    );
    let docker = "{\"log\":\"one \",\"stream\":\"stderr\"}\n{\"log\":\"two\\n\",\"stream\":\"stderr\",\"time\":\"2023-11-22T09:46:35.825084084Z\"}\n";
    assert_eq!(briefs(docker).remove(0).4, "one two");
}

#[test]
fn a_brace_alone_is_any_program_s() {
    assert_eq!(briefs("{\n  \"nftables\": [\n").len(), 2);
    assert_eq!(briefs("{\n{\n{").len(), 3);
    assert_eq!(
        briefs("{\n\t\"MESSAGE\" : \"x\",\n\t\"_PID\" : \"7\"\n}\n"),
        [(Transport::JsonPretty, String::new(), String::new(), Some(7), "x".to_owned())]
    );
}

/// Further lines of a message belong to its program, so that they cannot pass for those of another.
#[test]
fn padded_lines_belong_to_the_message_before_them() {
    let prefix = "Jun 25 16:24:11 rhel92 conmon[812]: ";
    let pad = " ".repeat(prefix.len());
    let input = format!("{prefix}one\n{pad}{CRIO}\n{pad}  three\n {CRIO}\n");
    let all = entries(input.as_bytes());
    let told: Vec<_> = all
        .iter()
        .map(|e| {
            (
                e.is_continuation(),
                e.prefix().identifier().map(ToString::to_string),
                e.message().to_string(),
            )
        })
        .collect();
    let conmon = Some("conmon".to_owned());
    assert_eq!(
        told,
        [
            (false, conmon.clone(), "one".to_owned()),
            (true, conmon.clone(), CRIO.to_owned()),
            (true, conmon, "  three".to_owned()),
            (false, None, format!(" {CRIO}")),
        ]
    );
}

#[test]
fn cut_lines_say_how_much_is_missing() {
    let limits = Limits { max_line: 40, ..Limits::default() };
    let line = format!("Jun 25 16:24:11 rhel92 crio[77216]: {CRIO}");
    match deliveries(line.as_bytes(), &limits).as_slice() {
        [Unwrapped::Entry(entry)] => {
            assert_eq!(
                (entry.message().to_string(), entry.cut() as usize),
                ("time".to_owned(), line.len() - 40)
            )
        }
        other => panic!("{other:?}"),
    }
    let object = format!("{{\"_PID\":\"7\",\"MESSAGE\":\"{}\"}}", "x".repeat(50));
    assert!(
        matches!(deliveries(object.as_bytes(), &limits).as_slice(), [Unwrapped::Malformed { error, .. }] if error.kind() == ErrorKind::TooLong)
    );
}
