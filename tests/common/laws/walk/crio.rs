//! CRI-O's records, and the grammars inside them: logfmt, the messages, the restore input.

use super::{inside, printed, reading, refusal, result, rule, saved, shown, text};
use hostport_audit::Family;
use hostport_audit::event::crio::Event;
use hostport_audit::record::Reading;
use hostport_audit::record::crio::{Cut, Form, Message, Record, TimeLayout};
use hostport_audit::record::logfmt::{Pairs, Value, is_cut};
use hostport_audit::record::restore::{Line, Restore};

/// Reads the line as a record.
pub fn record(line: &[u8]) {
    let parsed = Record::parse(line);
    let elsewhere = [b" ", line].concat();
    assert_eq!(
        Record::parse(&elsewhere[1..]),
        parsed,
        "the same bytes elsewhere give another record"
    );
    if !matches!(parsed, Reading::Malformed(_)) {
        shown(&Cut::of(line));
    } else if let Some(Cut::Restoring { new, .. }) = Cut::of(line) {
        assert!(new.iter().all(|port| port.range().first() == port.range().last()));
    }
    if let Some(event) = Event::of_cut(line, None) {
        saved(&event);
    }
    reading(parsed, line, |record| {
        assert_eq!(record.as_bytes(), line);
        printed(&record, line);
        walk(&record, line);
        let owned = record.clone().into_owned();
        assert_eq!(owned, record);
        assert_eq!(owned.msg(), record.msg());
        assert_eq!(owned.request(), record.request());
    });
}

fn walk(record: &Record<'_>, line: &[u8]) {
    assert_eq!(record.stamp().is_none(), record.time_layout() == TimeLayout::Bad);
    text(&record.msg(), line);
    let fields: Vec<_> = record.fields().collect();
    for (key, value) in &fields {
        text(key, line);
        text(value, line);
    }
    if record.form() != Form::Terminal {
        let field = |name: &str| {
            fields.iter().filter(|(key, _)| *key == name).map(|(_, value)| value).next_back()
        };
        assert_eq!(field("level").map(|level| *level == record.level().as_str()), Some(true));
        assert_eq!(field("msg").cloned().unwrap_or_default(), record.msg());
        assert_eq!(field("id").cloned(), record.request());
    }
    message(record.message(), &record.msg());
    let event = Event::of(record, Some(7));
    let owned = event.clone().into_owned();
    assert_eq!(owned, event);
    saved(&owned);
    shown(record);
}

/// The message names what its text names.
fn message(message: &Message<'_>, msg: &hostport_audit::Text<'_>) {
    let says = |part: &[u8]| {
        assert!(memchr_find(msg.as_bytes(), part), "{message:?} is not in {msg:?}");
    };
    match message {
        Message::Opened(port) => {
            assert_eq!(
                msg.to_str(),
                Some(format!("Opened local port {}:{}", port.protocol(), port.range()).as_str())
            )
        }
        Message::Closing(port) => {
            assert_eq!(
                msg.to_str(),
                Some(format!("Closing host port {}:{}", port.protocol(), port.range()).as_str())
            )
        }
        Message::NoOpenSocket(port) => {
            assert_eq!(
                msg.to_str(),
                Some(
                    format!(
                        "Host port {}:{} does not have an open socket",
                        port.protocol(),
                        port.range()
                    )
                    .as_str()
                )
            );
        }
        Message::Restoring(restore) => {
            says(restore.text().as_bytes());
            self::restore(restore);
        }
        Message::Conntrack(conntrack) => assert!(conntrack.ports().all(|port| port > 0)),
        Message::RunningSandbox { pod } => says(pod.as_bytes()),
        Message::RanSandbox { sandbox, pod } => {
            says(sandbox.as_bytes());
            says(pod.as_bytes());
        }
        Message::StoppingNetwork { sandbox }
        | Message::StoppingSandbox { sandbox }
        | Message::StoppedSandbox { sandbox }
        | Message::RemovingSandbox { sandbox }
        | Message::RemovedSandbox { sandbox } => says(sandbox.as_bytes()),
        Message::FailedToRemove { name, sandbox, failure } => {
            for part in [name, sandbox, failure] {
                says(part.as_bytes());
            }
        }
        Message::FailedToCleanUp { pod, failure, .. }
        | Message::FailedToOpen { pod, failure, .. } => {
            says(pod.as_bytes());
            says(failure.as_bytes());
        }
        Message::Starting(version) => {
            says(version.text().as_bytes());
            if let Some((major, minor)) = version.numbers() {
                let text = version.text().to_string();
                let text = text.trim_start_matches('v');
                assert!(text.starts_with(|c: char| c.is_ascii_digit()), "{text}");
                shown(&(major, minor));
            }
        }
        _ => {}
    }
}

fn memchr_find(whole: &[u8], part: &[u8]) -> bool {
    part.is_empty() || whole.windows(part.len()).any(|window| window == part)
}

/// Reads the line as logfmt.
pub fn logfmt(line: &[u8]) {
    let mut pairs = Pairs::new(line);
    let mut before = line.len() + 1;
    while let Some(pair) = pairs.next() {
        match pair {
            Ok(pair) => {
                assert!(!pair.key().is_empty());
                inside(pair.key(), line);
                if let Some(raw) = pair.value().raw() {
                    inside(raw, line);
                    text(&pair.value().text().expect("what stands in the line has a text"), line);
                }
                match pair.value() {
                    Value::Quoted(quoted) => {
                        assert_eq!(quoted.is_escaped(), quoted.raw().contains(&b'\\'))
                    }
                    value => assert!(
                        value
                            .text()
                            .is_none_or(|text| text.as_bytes() == value.raw().unwrap_or_default())
                    ),
                }
            }
            Err(error) => {
                refusal(&error, line);
                shown(&is_cut(&error));
                assert!(pairs.next().is_none(), "it goes on behind an error");
            }
        }
        assert!(pairs.rest().len() < before, "no progress");
        before = pairs.rest().len().max(1);
    }
    assert!(pairs.rest().is_empty());
}

/// Reads the bytes as the input of iptables-restore.
pub fn restore_input(input: &[u8]) {
    result(Restore::parse(hostport_audit::Text::borrowed(input)), input, |restore| {
        assert_eq!(restore.text(), &hostport_audit::Text::borrowed(input));
        self::restore(&restore);
        assert_eq!(restore.clone().into_owned(), restore);
        assert_eq!(
            Restore::parse(hostport_audit::Text::from(input.to_vec())).as_ref(),
            Ok(&restore)
        );
    });
}

fn restore(restore: &Restore<'_>) {
    let whole = restore.text().as_bytes();
    for host_port in restore.rules() {
        for part in [host_port.chain(), host_port.target(), host_port.pod()] {
            inside(part, whole);
        }
        assert!(host_port.chain().starts_with(b"KUBE-HP-"));
        assert_eq!(host_port.port().range().first(), host_port.port().range().last());
        assert_eq!(host_port.family() == Family::Ipv6, host_port.target().starts_with(b"["));
    }
    assert_eq!(restore.has_new_rules(), restore.rules().any(|rule| rule.is_new()));
    assert_eq!(restore.family(), restore.rules().next().map(|rule| rule.family()));
    for chain in restore.removed_chains() {
        inside(chain, whole);
    }
    for line in restore.lines() {
        match &line {
            Line::Append { chain, rule } | Line::Insert { chain, rule } => {
                inside(chain, whole);
                rule::walk(rule, rule.as_bytes());
            }
            Line::Table(name) | Line::Chain(name) | Line::DeleteChain(name) => inside(name, whole),
            _ => {}
        }
        shown(&line);
    }
}
