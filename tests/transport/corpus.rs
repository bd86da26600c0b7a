//! The wrapping of every log of the corpus is recognised, counted and printed back.
use crate::common;

use common::{corpus, reading};
use hostport_audit::record::transport::{Reader, Transport, Unwrapped};
use hostport_audit::{Limits, Lines};

#[test]
fn lines_add_up_and_prefix_and_message_are_the_line() {
    let mut printed_back = 0u64;
    for file in corpus::logs() {
        let (mut lines, mut delivered) = (0, 0);
        let mut reader = Reader::new(&Limits::default());
        for line in Lines::new(&file.bytes) {
            lines += 1;
            reader.read(&line, &mut |delivery: Unwrapped<'_>| {
                delivered += delivery.lines();
                let Unwrapped::Entry(entry) = &delivery else { return };
                if entry.prefix().transport().is_prefix() && entry.lines() == 1 {
                    assert_eq!(entry.at(), line.at(), "{}", file.name);
                    let joined = [entry.prefix().as_bytes(), entry.message().as_bytes()].concat();
                    assert_eq!(joined, line.bytes(), "{} {}", file.name, entry.at());
                    assert_eq!(entry.message_offset(), Some(entry.prefix().as_bytes().len()));
                    assert!(entry.message().is_borrowed());
                    printed_back += 1;
                }
            });
        }
        reader.finish(&mut |delivery: Unwrapped<'_>| delivered += delivery.lines());
        assert_eq!(delivered, lines, "{}", file.name);
        assert!(reader.is_idle());
    }
    assert!(printed_back > 100_000, "only {printed_back} lines");
}

#[test]
fn nothing_that_a_program_printed_is_malformed_or_unfinished() {
    for file in corpus::logs() {
        let all = reading::deliveries(&file.bytes, &Limits::default());
        let last = all.len() - 1;
        for (i, delivery) in all.iter().enumerate() {
            match delivery {
                Unwrapped::Malformed { error, at, .. } => panic!("{} {at}: {error}", file.name),
                // Only the next header tells that an entry in verbose mode has ended.
                Unwrapped::Entry(entry) => assert!(
                    entry.is_complete()
                        || (i == last && entry.prefix().transport() == Transport::Verbose),
                    "{} {}",
                    file.name,
                    entry.at()
                ),
                _ => {}
            }
        }
    }
}

/// The forms that a file of the corpus may show, by its name.
fn forms(name: &str) -> Vec<Transport> {
    let modes = [
        (".short.log", Transport::Short),
        (".short-precise.log", Transport::ShortPrecise),
        (".short-iso.log", Transport::ShortIso),
        (".short-iso-precise.log", Transport::ShortIsoPrecise),
        (".short-full.log", Transport::ShortFull),
        (".short-unix.log", Transport::ShortUnix),
        (".short-monotonic.log", Transport::ShortMonotonic),
        (".short-delta.log", Transport::ShortDelta),
        (".with-unit.log", Transport::WithUnit),
        (".cat.log", Transport::None),
        (".json.log", Transport::Json),
        (".json-seq.log", Transport::JsonSeq),
        (".json-sse.log", Transport::JsonSse),
        (".json-pretty.log", Transport::JsonPretty),
        (".export.log", Transport::Export),
        (".verbose.log", Transport::Verbose),
        (".from-rfc3164.traditional.log", Transport::Short),
        (".traditional.log", Transport::RsyslogTraditional),
        (".file.log", Transport::RsyslogFile),
        (".proto23.log", Transport::RsyslogProtocol23),
        (".cri.log", Transport::Container),
        (".cri_partial.log", Transport::Container),
        (".docker_json.log", Transport::Docker),
        (".oc_timestamps.log", Transport::Timestamps),
        (".journal.log", Transport::Short),
        ("F-interface-history.log", Transport::Short),
        ("host-dotted.log", Transport::ShortPrecise),
        ("tz-half-hour.log", Transport::ShortIso),
        ("tz-name-odd.log", Transport::ShortFull),
    ];
    let known = modes.iter().find(|(end, _)| name.ends_with(end)).map(|(_, transport)| *transport);
    match known {
        // An entry without a unit shows its identifier.
        Some(Transport::WithUnit) => vec![Transport::WithUnit, Transport::ShortFull],
        Some(transport) => vec![transport],
        None if name.starts_with("crio/") => vec![Transport::Short],
        None => vec![Transport::None],
    }
}

#[test]
fn each_file_shows_its_form_and_no_other() {
    for file in corpus::logs() {
        let forms = forms(&file.name);
        let entries = reading::entries(&file.bytes);
        assert!(!entries.is_empty(), "{}", file.name);
        for entry in &entries {
            let transport = entry.prefix().transport();
            assert!(
                forms.contains(&transport),
                "{} {}: {transport} {:?}",
                file.name,
                entry.at(),
                entry.message()
            );
        }
        assert!(
            entries.iter().any(|entry| entry.prefix().transport() == forms[0]),
            "{}",
            file.name
        );
    }
}

#[test]
fn a_program_s_own_file_has_no_prefix() {
    let folders = ["firewalld", "ovnk/seed_era", "ovnk/era_2024_12", "ovnk/retagged"];
    for file in folders.into_iter().flat_map(corpus::logs_in) {
        let entries = reading::entries(&file.bytes);
        let lines: Vec<_> = Lines::new(&file.bytes).collect();
        assert_eq!(entries.len(), lines.len(), "{}", file.name);
        for (entry, line) in entries.iter().zip(&lines) {
            assert!(
                *entry.message() == *line.bytes() && entry.prefix().as_bytes().is_empty(),
                "{} {}",
                file.name,
                entry.at()
            );
            assert_eq!((entry.prefix().host(), entry.prefix().stamp()), (None, None));
        }
    }
}

/// ovnkube's lines behind eight prefixes are the lines of the same run without one.
#[test]
fn every_prefix_comes_off_ovnkube_s_lines() {
    for name in ["nodeport", "loadbalancer", "dualstack"] {
        let bare = corpus::file(&format!("ovnk/seed_era/{name}.log"));
        let expected: Vec<Vec<u8>> =
            Lines::new(&bare.bytes).map(|line| line.bytes().to_vec()).collect();
        let mut forms = vec![
            "cri",
            "crlf",
            "docker_json",
            "dollar",
            "grep_n",
            "journal",
            "oc_timestamps",
            "prefix_flag",
        ];
        if name == "nodeport" {
            forms.push("cri_partial");
        }
        for form in forms {
            let file = corpus::file(&format!("ovnk/prefixed/{name}.{form}.log"));
            let entries = reading::entries(&file.bytes);
            let messages: Vec<Vec<u8>> =
                entries.iter().map(|entry| entry.message().as_bytes().to_vec()).collect();
            assert!(messages == expected, "{}", file.name);
            for entry in &entries {
                let prefix = entry.prefix();
                let what = format!("{} {}", file.name, entry.at());
                assert_eq!(
                    prefix.stream().is_some(),
                    matches!(form, "cri" | "cri_partial" | "docker_json"),
                    "{what}"
                );
                assert_eq!(
                    prefix.stamp().is_some(),
                    !matches!(form, "crlf" | "dollar" | "grep_n" | "prefix_flag"),
                    "{what}"
                );
                let pod = prefix
                    .pod()
                    .zip(prefix.container())
                    .map(|(pod, container)| format!("{pod}/{container}"));
                let expected = (form == "prefix_flag")
                    .then(|| "ovnkube-master-n2shv/ovnkube-master".to_owned());
                assert_eq!(pod, expected, "{what}");
            }
        }
    }
}
