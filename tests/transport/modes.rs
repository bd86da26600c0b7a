//! One run of a program, printed in every mode of journalctl and in rsyslog's formats: all of them
//! must tell the same.
//!
//! The export form is the measure, because it holds every byte. What another form cannot hold is
//! named here, with its cause.
use crate::common;

use common::{corpus, reading};
use hostport_audit::record::transport::{Entry, JournalNotice, Prefix, Unwrapped};
use hostport_audit::time::{Duration, OffsetDateTime, UtcOffset};
use hostport_audit::{Limits, Stamp, Timeline, YearRule};

/// What one entry says.
#[derive(Debug, Clone, PartialEq, Eq)]
struct EventKind {
    host: Option<String>,
    identifier: Option<String>,
    unit: Option<String>,
    pid: Option<u32>,
    /// `None` where the text is lost.
    message: Option<Vec<u8>>,
}

fn kind(prefix: &Prefix<'_>, message: Option<&[u8]>) -> EventKind {
    EventKind {
        host: prefix.host().map(ToString::to_string),
        identifier: prefix.identifier().map(ToString::to_string),
        unit: prefix.unit().map(ToString::to_string),
        pid: prefix.pid(),
        message: message.map(<[u8]>::to_vec),
    }
}

/// What a log says, further lines of a message put to their first one, and the boots at which it
/// says that.
fn read(name: &str) -> (Vec<EventKind>, Vec<(usize, String)>) {
    let (mut all, mut boots) = (Vec::<EventKind>::new(), Vec::new());
    for delivery in reading::deliveries(&corpus::file(name).bytes, &Limits::default()) {
        match delivery {
            Unwrapped::Entry(entry) if entry.is_continuation() => {
                let last = all.last_mut().unwrap();
                let again = kind(entry.prefix(), None);
                assert_eq!(
                    (&again.host, &again.identifier, again.pid),
                    (&last.host, &last.identifier, last.pid),
                    "{name}"
                );
                last.message.as_mut().unwrap().extend([b"\n", entry.message().as_bytes()].concat());
            }
            Unwrapped::Entry(entry) => {
                all.push(kind(entry.prefix(), Some(entry.message().as_bytes())))
            }
            Unwrapped::JournalNotice { note: JournalNotice::TextLost, prefix, .. } => {
                all.push(kind(&prefix, None))
            }
            Unwrapped::JournalNotice { note: JournalNotice::Boot { id }, .. } => {
                boots.push((all.len(), id.unwrap().to_string()))
            }
            Unwrapped::Separator { .. } => {}
            other => panic!("{name}: {other:?}"),
        }
    }
    (all, boots)
}

fn without_escapes(message: &[u8]) -> Vec<u8> {
    let text = String::from_utf8(message.to_vec()).unwrap();
    let mut rest = text.as_str();
    let mut kept = String::new();
    while let Some((before, sequence)) = rest.split_once("\x1b[") {
        kept.push_str(before);
        rest = sequence.split_once('m').unwrap().1;
    }
    kept.push_str(rest);
    kept.into_bytes()
}

/// Journalctl shows bytes that are no text, and NUL and CR, as `[12B blob data]`.
fn unprintable(message: &[u8]) -> bool {
    core::str::from_utf8(message).is_err() || message.contains(&0) || message.contains(&b'\r')
}

fn trimmed(message: &[u8]) -> Vec<u8> {
    message.trim_ascii_end().to_vec()
}

const SHORT_MODES: [&str; 8] = [
    "short",
    "short-precise",
    "short-iso",
    "short-iso-precise",
    "short-full",
    "short-unix",
    "short-monotonic",
    "short-delta",
];

/// What is left of an entry in a mode, given all of it.
fn in_mode(mode: &str, all: &EventKind) -> EventKind {
    let mut left = all.clone();
    let message = all.message.clone().unwrap();
    match mode {
        "json" | "json-seq" | "json-sse" | "json-pretty" => {
            // Fields of 4096 bytes and more are `null`.
            if message.len() + "MESSAGE=".len() >= 4096 {
                left.message = None;
            }
        }
        "verbose" => {
            // What is not printable is a blob, ESC included; newlines at the end are not shown.
            left.message =
                (!unprintable(&message) && !message.contains(&0x1b)).then(|| trimmed(&message));
        }
        "with-unit" => {
            left = in_mode("short", all);
            // The unit stands where the identifier stood, if there is one.
            if all.unit.is_some() {
                left.identifier = None;
                left.unit.clone_from(&all.unit);
            }
            // The further words of a host name count to what stands behind it, as in the other
            // short modes.
            if all.host.as_deref() == Some("two words") {
                left.unit = Some("words crio.service".to_owned());
            }
        }
        _ if SHORT_MODES.contains(&mode) => {
            left.unit = None;
            // A program that gave no identifier is called so.
            left.identifier = Some(all.identifier.clone().unwrap_or_else(|| "unknown".to_owned()));
            // A host name of several words: no mark tells where it ends.
            if all.host.as_deref() == Some("two words") {
                left.host = Some("two".to_owned());
                left.identifier = Some(format!("words {}", left.identifier.unwrap()));
            }
            // Escape sequences are removed, tabs become eight blanks, what stands at the end and is
            // blank is not shown.
            left.message = (!unprintable(&message)).then(|| {
                let text = String::from_utf8(without_escapes(&message)).unwrap();
                trimmed(text.replace('\t', "        ").as_bytes())
            });
        }
        "export" => {}
        other => panic!("no such mode: {other}"),
    }
    left
}

#[test]
fn all_modes_tell_the_same() {
    for (folder, run) in [("modes", "plain"), ("modes", "reboot"), ("more", "odd")] {
        let (all, boots) = read(&format!("crio/{folder}/{run}.export.log"));
        assert!(all.len() >= 16 && boots.len() == usize::from(run == "reboot"));
        let records =
            ["export", "json", "json-seq", "json-sse", "json-pretty", "verbose", "with-unit"];
        for mode in SHORT_MODES.into_iter().chain(records) {
            let name = format!("crio/{folder}/{run}.{mode}.log");
            let (told, told_boots) = read(&name);
            assert_eq!(told_boots, boots, "{name}");
            assert_eq!(told.len(), all.len(), "{name}");
            for (told, all) in told.iter().zip(&all) {
                let mut expected = in_mode(mode, all);
                if mode == "with-unit" && told.unit.is_none() {
                    expected.unit = None;
                    expected.identifier.clone_from(&told.identifier);
                    assert_eq!(told.identifier, all.identifier, "{name}");
                }
                assert_eq!(*told, expected, "{name}");
            }
        }
    }
}

/// Only the messages, and a message of several lines as so many messages.
#[test]
fn the_cat_mode_tells_the_messages() {
    for (folder, run) in [("modes", "plain"), ("modes", "reboot"), ("more", "odd")] {
        let (all, _) = read(&format!("crio/{folder}/{run}.export.log"));
        let lines: Vec<Vec<u8>> = all
            .iter()
            .flat_map(|kind| {
                kind.message
                    .as_deref()
                    .unwrap()
                    .split(|&b| b == b'\n')
                    .map(<[u8]>::to_vec)
                    .collect::<Vec<_>>()
            })
            .collect();
        let cat = reading::entries(&corpus::file(&format!("crio/{folder}/{run}.cat.log")).bytes);
        let told: Vec<Vec<u8>> =
            cat.iter().map(|entry| entry.message().as_bytes().to_vec()).collect();
        assert_eq!(told, lines, "{run}");
    }
}

fn entries_of(name: &str) -> Vec<Entry<'static>> {
    reading::entries(&corpus::file(name).bytes)
}

/// The times differ in nothing but what the mode leaves out: the fraction, the year, the offset.
#[test]
fn all_modes_tell_the_same_times() {
    let clock =
        Timeline::new().offset(UtcOffset::from_hms(8, 0, 0).unwrap()).year(YearRule::Fixed(2023));
    for run in ["plain", "reboot"] {
        let exact: Vec<OffsetDateTime> = entries_of(&format!("crio/modes/{run}.export.log"))
            .iter()
            .map(|entry| clock.resolve(entry.prefix().stamp().unwrap()).unwrap())
            .collect();
        let precise = [
            "short-precise",
            "short-iso-precise",
            "short-unix",
            "verbose",
            "json",
            "json-seq",
            "json-sse",
            "json-pretty",
        ];
        let seconds = ["short", "short-iso", "short-full", "with-unit"];
        for (mode, whole_seconds) in
            precise.map(|mode| (mode, false)).into_iter().chain(seconds.map(|mode| (mode, true)))
        {
            let name = format!("crio/modes/{run}.{mode}.log");
            let told = entries_of(&name);
            assert_eq!(told.len(), exact.len(), "{name}");
            for (told, exact) in told.iter().zip(&exact) {
                let at = clock.resolve(told.prefix().stamp().unwrap()).unwrap();
                let fraction = if whole_seconds { exact.nanosecond() } else { 0 };
                assert_eq!(
                    at,
                    *exact - Duration::nanoseconds(i64::from(fraction)),
                    "{name} {}",
                    told.at()
                );
            }
        }
        for mode in ["short-monotonic", "short-delta"] {
            let told = entries_of(&format!("crio/modes/{run}.{mode}.log"));
            let mut starts: Vec<OffsetDateTime> = told
                .iter()
                .zip(&exact)
                .map(|(told, exact)| match told.prefix().stamp() {
                    Some(Stamp::SinceBoot(since)) => *exact - since,
                    other => panic!("{other:?}"),
                })
                .collect();
            starts.dedup();
            assert_eq!(
                starts.len(),
                if run == "reboot" { 2 } else { 1 },
                "{mode}: one start a boot"
            );
        }
    }
}

/// rsyslog's files hold what came in; a message that came in as RFC 3164 has the year in which it
/// was received.
#[test]
fn rsyslog_tells_the_same() {
    for (run, source) in
        [("plain", "crio/modes/plain.short.log"), ("restart", "crio/scenarios/restart.log")]
    {
        let (all, _) = read(source);
        for origin in ["from-rfc3164", "from-rfc5424"] {
            for format in ["traditional", "file", "proto23"] {
                let name = format!("crio/rsyslog/{run}.{origin}.{format}.log");
                assert_eq!(read(&name).0, all, "{name}");
                for (entry, short) in entries_of(&name).iter().zip(entries_of(source)) {
                    let year = match entry.prefix().stamp().unwrap() {
                        Stamp::Instant(at) => at.year(),
                        Stamp::NoYear { .. } => {
                            assert_eq!(entry.prefix().stamp(), short.prefix().stamp(), "{name}");
                            continue;
                        }
                        other => panic!("{name}: {other}"),
                    };
                    assert_eq!(year, if origin == "from-rfc3164" { 2026 } else { 2023 }, "{name}");
                }
            }
        }
    }
    let odd: Vec<_> =
        read("crio/rsyslog/odd.traditional.log").0.into_iter().rev().take(5).collect();
    let brief: Vec<_> =
        odd.iter().map(|kind| (kind.identifier.as_deref().unwrap(), kind.pid)).collect();
    assert_eq!(
        brief,
        [
            ("kernel", None),
            ("crio", None),
            ("crio", Some(77216)),
            ("crio", Some(77216)),
            ("crio", Some(77216))
        ]
    );
    assert!(odd.iter().all(|kind| kind.host.as_deref() == Some("node-1.example.com")));
    assert_eq!(odd[0].message.as_deref(), Some(&b"IN=eth0 DPT=443"[..]));
}

/// Long messages: the json mode has lost two of them, the others have all.
#[test]
fn long_messages_are_whole_or_known_to_be_lost() {
    let (short, _) = read("crio/more/big-line.short.log");
    let (verbose, _) = read("crio/more/big-line.verbose.log");
    let (json, _) = read("crio/more/big-line.json.log");
    let text =
        |kind: &[EventKind]| kind.iter().map(|kind| kind.message.clone()).collect::<Vec<_>>();
    assert_eq!(text(&short), text(&verbose));
    assert_eq!(json.len(), short.len());
    for (json, short) in json.iter().zip(&short) {
        let fits = short.message.as_ref().unwrap().len() < 4088;
        assert_eq!(json.message.is_some(), fits);
        assert!(!fits || json.message == short.message);
        assert_eq!((json.pid, &json.identifier), (short.pid, &short.identifier));
    }
    assert_eq!(json.iter().filter(|kind| kind.message.is_none()).count(), 2);
}
