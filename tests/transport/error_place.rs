//! The offset of an error counts in the text that the error names: in the line where the message
//! stands in it as it is, in the message where a transport writes it otherwise.

use hostport_audit::event::{Finding, FindingKind};
use hostport_audit::{Expect, Limits, Lines, ParseError, Place, Reader};
use proptest::prelude::*;
use proptest::sample::select;

/// Messages of the three programs; most bytes of them may not be changed without breaking them.
const MESSAGES: [&str; 6] = [
    r#"time="2023-06-25 16:24:11.657818578+08:00" level=info msg="Opened local port tcp:443""#,
    r#"time="2023-06-25 16:24:11.657818578+08:00" level=info msg="Closing host port \"udp:53\"""#,
    "2023-06-28 10:46:37 DEBUG1: zone.addPort('public', '8080', 'tcp')",
    "2023-06-28 10:46:37 DEBUG1: zone.PortAdded('public', '8080', 'tcp', 0)",
    "I0625 09:07:00.992980 2118395 iptables.go:27] Adding rule in table: nat, chain: \
     OVN-KUBE-NODEPORT with args: \"-p TCP -m addrtype --dst-type LOCAL --dport 32718 -j DNAT \
     --to-destination 10.96.178.142:8081\" for protocol: 0 ",
    "I0625 09:07:00.992980 2118395 iptables.go:63] Deleting rule in table: nat, chain: \
     OVN-KUBE-NODEPORT with args: \"-p TCP --dport 32718 -j DNAT --to-destination 10.1.1.1:1\" \
     for protocol: 0 ",
];

/// A message in each of the forms; the text holds no line end.
fn wrapped(message: &str) -> Vec<(&'static str, String)> {
    let json = |text: &str| serde_json::to_string(text).unwrap();
    let (head, tail) = message.split_at(message.len() / 2);
    vec![
        ("bare", format!("{message}\n")),
        ("short", format!("Jun 25 16:24:11 rhel92 crio[77216]: {message}\n")),
        ("named", format!("Jun 25 16:24:11 rhel92 firewalld[812]: {message}\n")),
        ("klog", format!("Jun 25 16:24:11 rhel92 microshift[812]: {message}\n")),
        ("padded", format!("Jun 25 16:24:11 rhel92 crio[1]: x\n{:32}{message}\n", "")),
        ("container", format!("2023-06-25T16:24:11.000000001Z stderr F {message}\n")),
        (
            "container in parts",
            format!(
                "2023-06-25T16:24:11.000000001Z stderr P {head}\n2023-06-25T16:24:11.000000001Z stderr F {tail}\n"
            ),
        ),
        ("json", format!("{{\"_HOSTNAME\":\"rhel92\",\"MESSAGE\":{}}}\n", json(message))),
        (
            "json in bytes",
            format!("{{\"MESSAGE\":{:?},\"_HOSTNAME\":\"rhel92\"}}\n", message.as_bytes()),
        ),
        ("export", format!("__CURSOR=s=1\n_HOSTNAME=rhel92\nMESSAGE={message}\n\n")),
        (
            "verbose",
            format!(
                "Sun 2023-06-25 16:24:11.657908 CST [s=a;i=1;b=2;m=3;t=4;x=5]\n    _HOSTNAME=rhel92\n    MESSAGE={message}\n"
            ),
        ),
        (
            "json-pretty",
            format!("{{\n\t\"_HOSTNAME\" : \"rhel92\",\n\t\"MESSAGE\" : {}\n}}\n", json(message)),
        ),
        (
            "docker",
            format!(
                "{{\"log\":{},\"stream\":\"stderr\",\"time\":\"2023-06-25T16:24:11Z\"}}\n",
                json(&format!("{message}\n"))
            ),
        ),
    ]
}

/// The errors of a log.
fn errors(log: &str) -> Vec<(ParseError, usize)> {
    let mut errors = Vec::new();
    let mut reader = Reader::new(Expect::Auto, Limits::default());
    let mut emit = |finding: Finding<'_>| {
        if let FindingKind::Malformed { error, .. } = finding.kind {
            errors.push((error, finding.at.line() as usize));
        }
    };
    for line in Lines::new(log.as_bytes()) {
        reader.read(&line, &mut emit);
    }
    reader.finish(&mut emit);
    errors
}

fn holds(form: &str, log: &str, message: &str) -> Result<bool, TestCaseError> {
    let errors = errors(log);
    for (error, line) in &errors {
        let line = log.lines().nth(line - 1).unwrap();
        let text = if error.place() == Place::Message { message } else { line }.as_bytes();
        prop_assert!(error.offset() <= text.len(), "{form}: {error} in {log}");
        prop_assert_eq!(
            text.get(error.offset()).copied(),
            error.found(),
            "{}: {} misquotes {}",
            form,
            error,
            log
        );
        let (shown, other) = match error.place() {
            Place::Message => (error.in_message(text), error.in_line(line.as_bytes())),
            _ => (error.in_line(text), error.in_message(message.as_bytes())),
        };
        let caret = format!("^ expected {}", error.expected());
        prop_assert!(shown.to_string().ends_with(&caret));
        prop_assert!(!other.to_string().contains("\n^") && !other.to_string().contains(" ^ "));
    }
    Ok(!errors.is_empty())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_byte_at_the_offset_is_the_byte_that_was_found(
        message in select(&MESSAGES[..]),
        at in any::<prop::sample::Index>(),
        byte in select(&[b'x', b'"', b'\\', b'+', b' ', b'9'][..]),
        cut in any::<bool>(),
    ) {
        let mut bytes = message.as_bytes().to_vec();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        if cut {
            bytes.truncate(at + 1);
        }
        let message = String::from_utf8(bytes).unwrap();
        for (form, log) in wrapped(&message) {
            holds(form, &log, &message)?;
        }
    }
}

#[test]
fn a_port_that_is_none_is_shown_in_each_form() {
    let message = MESSAGES[0].replace("443", "4x3");
    for (form, log) in wrapped(&message) {
        // Of another program's name, the line is none of CRI-O's.
        let read = !["named", "klog"].contains(&form);
        assert_eq!(holds(form, &log, &message).unwrap(), read, "{form}");
    }
    let (error, _) = errors(&wrapped(&message)[7].1)[0];
    assert_eq!(error.place(), Place::Message);
    assert!(error.to_string().contains("of the message"), "{error}");
}
