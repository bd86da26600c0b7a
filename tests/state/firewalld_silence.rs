//! What becomes of the permanent layer while no firewalld runs: unknown, or as before if the caller
//! assumes that nobody touched the files.

use hostport_audit::event::Anomaly;
use hostport_audit::event::firewalld::{Kind, Layer};
use hostport_audit::report::{Reason, Report, Verdict};
use hostport_audit::state::Host;
use hostport_audit::state::evidence::Certainty;
use hostport_audit::state::known::UnknownReason;
use hostport_audit::{Assume, Auditor, Expect, Limits, Saved, Segment, Source, Timeline};

/// A daemon that starts at 10:00:00 with the zones public and work, both with local files, and sets
/// their ports.
const LIFE: &str = "\
2026-11-22 10:00:00 DEBUG1: start()
2026-11-22 10:00:00 DEBUG1: Loading zone file '/etc/firewalld/zones/public.xml'
2026-11-22 10:00:00 DEBUG1: Loading zone file '/etc/firewalld/zones/work.xml'
2026-11-22 10:00:00 DEBUG1: Using default zone 'public'
2026-11-22 10:00:00 DEBUG1: Flushing rule set
2026-11-22 10:00:00 DEBUG1: config.zone.0.GetAll('org.fedoraproject.FirewallD1.config.zone')
2026-11-22 10:00:00 DEBUG1: config.ZoneAdded('public')
2026-11-22 10:00:00 DEBUG1: config.zone.1.GetAll('org.fedoraproject.FirewallD1.config.zone')
2026-11-22 10:00:00 DEBUG1: config.ZoneAdded('work')
2026-11-22 10:00:00 DEBUG1: GetAll('org.fedoraproject.FirewallD1')
2026-11-22 10:00:10 DEBUG1: config.zone.0.setPorts('[('8080, 'tcp')]')
2026-11-22 10:00:10 DEBUG1: config.zone.0.getSettings()
2026-11-22 10:00:10 DEBUG1: config.zone.0.update('...')
2026-11-22 10:00:10 DEBUG1: config.zone.0.Updated('public')
2026-11-22 10:00:11 DEBUG1: config.zone.1.setPorts('[]')
2026-11-22 10:00:11 DEBUG1: config.zone.1.getSettings()
2026-11-22 10:00:11 DEBUG1: config.zone.1.update('...')
2026-11-22 10:00:11 DEBUG1: config.zone.1.Updated('work')
";

/// The same start at another time of the day, such as `10:00:30`.
fn start(at: &str) -> String {
    LIFE.lines().take(10).map(|line| line.replace("10:00:00", at) + "\n").collect()
}

/// Each way to end without a word about files, and the lines behind it up to the next start.
fn ends() -> [(&'static str, String); 3] {
    [
        ("stop()", format!("2026-11-22 10:00:20 DEBUG1: stop()\n{}", start("10:00:22"))),
        ("killed", start("10:00:12")),
        ("killed, hours ago", start("17:30:00")),
    ]
}

fn audit(log: &str, assume: bool) -> Auditor {
    let mut auditor = Auditor::with(Expect::Only(Source::Firewalld), Limits::default());
    if assume {
        auditor = auditor.assuming(Assume::FilesKeptWhileStopped);
    }
    auditor.feed(log);
    auditor
}

fn host(auditor: &Auditor) -> &Host {
    auditor.ledger().hosts().next().unwrap().1
}

/// The ports of a layer of a zone with their certainty, or why they are unknown.
fn ports(
    auditor: &Auditor,
    zone: &str,
    layer: Layer,
) -> Result<Vec<(String, Certainty)>, UnknownReason> {
    let firewalld = host(auditor).firewalld().unwrap();
    let ports = firewalld.ports(zone, layer).map_err(|unknown| unknown.why)?;
    Ok(ports.map(|(port, support)| (port.to_string(), support.certainty)).collect())
}

fn one(port: &str, certainty: Certainty) -> Result<Vec<(String, Certainty)>, UnknownReason> {
    Ok(vec![(port.to_owned(), certainty)])
}

#[test]
fn whatever_ended_the_daemon_the_permanent_layer_is_unknown_at_the_next_start() {
    for (end, lines) in ends() {
        let auditor = audit(&(LIFE.to_owned() + &lines), false);
        for zone in ["public", "work"] {
            for layer in Layer::ALL {
                let answer = ports(&auditor, zone, layer);
                assert_eq!(answer, Err(UnknownReason::EditedWhileStopped), "{end} {zone} {layer}");
            }
        }
        assert_eq!(host(&auditor).openings().count(), 0, "{end}: nothing is proven open");
        let unknown = host(&auditor).firewalld().unwrap().ports("public", Layer::Runtime).err();
        let told = unknown.unwrap().since.unwrap().at.line();
        let start = 1 + LIFE.lines().count() + usize::from(end == "stop()");
        assert_eq!(told, start as u64, "{end}: the line of the start");
    }
}

#[test]
fn a_boot_of_the_machine_is_a_silent_end_however_soon_the_daemon_starts() {
    let in_journal = |text: &str| -> String {
        text.lines()
            .map(|line| match line.split_once(" DEBUG1: ") {
                Some(_) => format!("Nov 22 {} node firewalld[812]: {line}\n", &line[11..19]),
                None => format!("{line}\n"),
            })
            .collect()
    };
    let boot = "-- Boot 0123456789abcdef0123456789abcdef --\n";
    let log = in_journal(LIFE) + boot + &in_journal(&start("10:00:12"));
    let auditor = audit(&log, false);
    assert_eq!(ports(&auditor, "public", Layer::Runtime), Err(UnknownReason::EditedWhileStopped));
    let auditor = audit(&log, true);
    assert_eq!(ports(&auditor, "public", Layer::Runtime), one("8080/tcp", Certainty::Assumed));
}

#[test]
fn with_files_kept_the_permanent_layer_outlives_every_end_and_says_so() {
    for (end, lines) in ends() {
        let auditor = audit(&(LIFE.to_owned() + &lines), true);
        let fold = host(&auditor).firewalld().unwrap();
        for layer in Layer::ALL {
            assert_eq!(
                ports(&auditor, "public", layer),
                one("8080/tcp", Certainty::Assumed),
                "{end} {layer}"
            );
            // A list that is empty by the assumption is recognised, too.
            assert_eq!(ports(&auditor, "work", layer), Ok(Vec::new()), "{end} {layer}");
            let assumed = fold.assumed("work", layer, Kind::Ports).unwrap();
            let last = LIFE.lines().count() + usize::from(end == "stop()");
            assert_eq!(assumed.from.at.line(), last as u64, "{end}");
            assert_eq!(assumed.to.at.line(), last as u64 + 1, "{end}");
        }
    }
}

#[test]
fn the_report_names_what_is_assumed_and_between_which_lines() {
    let log = LIFE.to_owned() + &ends()[0].1;
    let mut auditor = audit(&log, true).keeping_history();
    auditor.finish();
    let report = auditor.report(&Timeline::default());
    let own = report.host(None).unwrap();
    assert!(own.open.assumed.iter().any(|told| told.assumed.what == Assume::FilesKeptWhileStopped));
    let Verdict::SpeaksPartly { reasons } = &own.sources[&Source::Firewalld].verdict else {
        panic!("{:?}", own.sources)
    };
    assert!(reasons.contains(&Reason::Assumed));
    assert_eq!(own.coverage.remarks_by_kind[&Anomaly::Assumed], 1);
    let text = report.to_string();
    let words = "files kept while firewalld was stopped, between line 19 (2026-11-22T10:00:20) \
                 and line 20 (2026-11-22T10:00:22)";
    assert!(text.contains("known only by an assumption:"), "{text}");
    assert!(text.contains(words), "{text}");
    assert!(own.why("8080/tcp".parse().unwrap()).to_string().contains(words));
    let json = serde_json::to_string(&report).unwrap();
    assert!(json.contains("\"what\":\"files_kept_while_stopped\""), "{json}");
    assert_eq!(serde_json::from_str::<Report>(&json).unwrap(), report);
    // Nothing of it is in a report without the assumption.
    let plain = audit(&log, false).report(&Timeline::default());
    assert!(!plain.to_string().contains("assum"));
    assert!(!serde_json::to_string(&plain).unwrap().contains("assum"));
}

#[test]
fn what_the_log_confirms_anew_is_assumed_no_longer() {
    let log = LIFE.to_owned()
        + &ends()[0].1
        + "2026-11-22 10:01:00 DEBUG1: zone.addPort('public', '8080', 'tcp')\n\
           2026-11-22 10:01:00 WARNING: ALREADY_ENABLED: '8080:tcp' already in 'public'\n\
           2026-11-22 10:01:01 DEBUG1: config.zone.1.setPorts('[]')\n\
           2026-11-22 10:01:01 DEBUG1: config.zone.1.getSettings()\n\
           2026-11-22 10:01:01 DEBUG1: config.zone.1.update('...')\n\
           2026-11-22 10:01:01 DEBUG1: config.zone.1.Updated('work')\n";
    let auditor = audit(&log, true);
    assert_eq!(ports(&auditor, "public", Layer::Runtime), one("8080/tcp", Certainty::Confirmed));
    assert_eq!(ports(&auditor, "public", Layer::Permanent), one("8080/tcp", Certainty::Assumed));
    let fold = host(&auditor).firewalld().unwrap();
    // That nothing else is in the list is still an assumption; of a list set as a whole it is not.
    assert!(fold.assumed("public", Layer::Runtime, Kind::Ports).is_some());
    assert!(fold.assumed("work", Layer::Permanent, Kind::Ports).is_none());
}

#[test]
fn an_announced_edit_and_a_life_without_debug_win_over_the_assumption() {
    let edit = "2026-11-22 10:00:40 DEBUG1: Loading zone file '/etc/firewalld/zones/work.xml'\n\
                2026-11-22 10:00:40 ERROR: Failed to load zone file 'work.xml': INVALID_PORT: x\n";
    let log = LIFE.to_owned() + edit + &start("11:00:00");
    let auditor = audit(&log, true);
    assert_eq!(ports(&auditor, "work", Layer::Runtime), Err(UnknownReason::DiskChange));
    assert_eq!(ports(&auditor, "public", Layer::Runtime), one("8080/tcp", Certainty::Assumed));

    let blind = "2026-11-22 10:00:20 DEBUG1: stop()\n\
                 2026-11-22 10:30:00 ERROR: INVALID_PORT: 70000\n";
    let auditor = audit(&(LIFE.to_owned() + blind + &start("11:00:00")), true);
    assert!(ports(&auditor, "public", Layer::Runtime).is_err());
}

#[test]
fn a_write_that_the_end_cut_short_is_unknown_even_with_files_kept() {
    let cut = "2026-11-22 10:00:30 DEBUG1: config.zone.0.removePort('8080', 'tcp')\n\
               2026-11-22 10:00:30 DEBUG1: config.zone.0.getSettings()\n\
               2026-11-22 10:00:30 DEBUG1: config.zone.0.update('...')\n";
    let auditor = audit(&(LIFE.to_owned() + cut + &start("11:00:00")), true);
    assert!(ports(&auditor, "public", Layer::Permanent).is_err());
    assert_eq!(ports(&auditor, "work", Layer::Permanent), Ok(Vec::new()));
}

#[test]
fn the_assumption_is_kept_in_the_saved_state_and_holds_for_segments() {
    let log = LIFE.to_owned() + &ends()[0].1;
    let whole = audit(&log, true);
    let (before, after) = log.split_at(LIFE.len());
    let saved = serde_json::to_string(&Saved::new(audit(before, true))).unwrap();
    let mut resumed = serde_json::from_str::<Saved>(&saved).unwrap().into_auditor().unwrap();
    resumed.feed(after);
    assert_eq!(resumed, whole);

    let read = |part| Segment::read(part, Expect::Only(Source::Firewalld), Limits::default());
    let mut joined = audit("", true);
    joined.append(&read(before.as_bytes()).then(read(after.as_bytes())));
    assert_eq!(joined.ledger(), whole.ledger());
}
