//! Rules of the fold that the logs of the corpus show too rarely, each by its own lines.

use hostport_audit::event::Anomaly;
use hostport_audit::event::firewalld::{Event, Item, Kind, Layer};
use hostport_audit::record::Reading;
use hostport_audit::record::firewalld::Reader;
use hostport_audit::state::Effects;
use hostport_audit::state::change::Change;
use hostport_audit::state::evidence::Evidence;
use hostport_audit::state::firewalld::{Firewalld, Stated, Statement};
use hostport_audit::state::known::UnknownReason;
use hostport_audit::{ByteSpan, InputId, Limits, LineRef};

/// A fold that reads the text of a log.
struct Log {
    fold: Firewalld,
    reader: Reader,
    effects: Effects,
    line: u64,
    second: u64,
}

impl Log {
    fn new(limits: Limits) -> Self {
        Self {
            fold: Firewalld::new(limits),
            reader: Reader::new(limits),
            effects: Effects::default(),
            line: 0,
            second: 0,
        }
    }

    /// A running daemon whose zones public and work are known: public has 8000-8010/tcp in both
    /// layers, nothing else is open.
    fn based() -> Self {
        let mut log = Self::new(Limits::default());
        log.start(&["public", "work"]);
        let port = || Item::Port { port: "8000-8010".into(), protocol: "tcp".into() };
        let mut statement = Statement::new().with_default_zone("public");
        for layer in Layer::ALL {
            let empty =
                || Kind::ALL.into_iter().fold(Stated::new(), |stated, kind| stated.with(kind, []));
            statement = statement.with_zone("public", layer, empty().with(Kind::Ports, [port()]));
            statement = statement.with_zone("work", layer, empty());
        }
        log.fold.know(&statement, Evidence::default(), &mut log.effects);
        log.effects.clear();
        log
    }

    /// Writes lines with the present time.
    fn write(&mut self, text: &str) -> &mut Self {
        for message in text.lines().map(str::trim).filter(|message| !message.is_empty()) {
            let label = if message.contains(": ") && message.starts_with(|c: char| c.is_uppercase())
            {
                ""
            } else {
                "DEBUG1: "
            };
            let (minutes, seconds) = (self.second / 60, self.second % 60);
            let line = format!(
                "2026-11-22 {:02}:{:02}:{seconds:02} {label}{message}",
                9 + minutes / 60,
                minutes % 60
            );
            self.line += 1;
            let (Reading::Record(record) | Reading::Continuation(Some(record))) =
                self.reader.read(line.as_bytes())
            else {
                panic!("{line}");
            };
            let by = Evidence::new(
                LineRef::new(InputId::default(), self.line, ByteSpan::default()),
                record.stamp(),
            );
            if let Some(event) = Event::of(&record) {
                self.fold.apply(&event, by, &mut self.effects);
            }
        }
        self
    }

    fn wait(&mut self, seconds: u64) -> &mut Self {
        self.second += seconds;
        self
    }

    fn listing(&mut self, zones: &[&str]) {
        for (number, zone) in zones.iter().enumerate() {
            self.write(&format!(
                "config.zone.{number}.GetAll('org.fedoraproject.FirewallD1.config.zone')"
            ));
            self.write(&format!("config.ZoneAdded('{zone}')"));
        }
    }

    fn start(&mut self, zones: &[&str]) {
        self.write("start()");
        for zone in zones {
            self.write(&format!("Loading zone file '/usr/lib/firewalld/zones/{zone}.xml'"));
        }
        self.write("Using default zone 'public'");
        self.write("Flushing rule set");
        self.listing(zones);
        self.write("getDefaultZone()");
    }

    fn reload(&mut self, zones: &[&str], local: &[&str]) {
        self.write("reload()\nSetting policy to 'DROP'\nFlushing rule set");
        for zone in zones {
            self.write(&format!("Loading zone file '/usr/lib/firewalld/zones/{zone}.xml'"));
        }
        for zone in local {
            self.write(&format!("Loading zone file '/etc/firewalld/zones/{zone}.xml'"));
        }
        self.write("Using default zone 'public'");
        self.listing(zones);
        self.write("Reloaded()");
    }

    fn ports(&self, zone: &str, layer: Layer) -> Result<String, UnknownReason> {
        match self.fold.ports(zone, layer) {
            Ok(ports) => Ok(ports.map(|(port, _)| port.to_string()).collect::<Vec<_>>().join(" ")),
            Err(unknown) => Err(unknown.why),
        }
    }

    fn has(&self, remark: Anomaly) -> bool {
        self.effects.anomalies.iter().any(|(found, _)| *found == remark)
    }
}

const RUNTIME: Layer = Layer::Runtime;
const PERMANENT: Layer = Layer::Permanent;

fn known(ports: &str) -> Result<String, UnknownReason> {
    Ok(ports.to_owned())
}

#[test]
fn a_permanent_change_opens_at_the_reload_and_not_before() {
    let mut log = Log::based();
    log.write("config.zone.0.addPort('9000', 'tcp')\nconfig.zone.0.getSettings()\nconfig.zone.0.update('...')");
    assert_eq!(log.ports("public", PERMANENT), known("8000-8010/tcp"));
    log.write("config.zone.0.Updated('public')");
    assert_eq!(log.ports("public", PERMANENT), known("8000-8010/tcp 9000/tcp"));
    assert_eq!(log.ports("public", RUNTIME), known("8000-8010/tcp"));
    log.effects.clear();
    log.reload(&["public", "work"], &["public"]);
    assert_eq!(log.ports("public", RUNTIME), known("8000-8010/tcp 9000/tcp"));
    let opened =
        log.effects.changes.iter().filter(|change| matches!(change, Change::Opened { .. })).count();
    assert_eq!(opened, 1, "only what is new opens: {:?}", log.effects.changes);
}

#[test]
fn a_request_that_nothing_answers_makes_its_list_unknown_and_nothing_else() {
    let mut log = Log::based();
    log.write("zone.addPort('public', '9000', 'tcp')\ngetDefaultZone()");
    assert_eq!(log.ports("public", RUNTIME), Err(UnknownReason::Gap));
    assert!(
        log.fold.services("public", RUNTIME).is_ok() && log.fold.ports("work", RUNTIME).is_ok()
    );
    assert!(log.has(Anomaly::RequestUnanswered));
    // What was in the list before is still proven.
    assert_eq!(log.fold.openings().count(), 2);
}

#[test]
fn a_list_that_is_set_as_a_whole_is_known_whatever_was_before() {
    let mut log = Log::new(Limits::default());
    log.start(&["public"]);
    assert_eq!(log.ports("public", PERMANENT), Err(UnknownReason::FilesNotLogged));
    log.write(
        "config.zone.0.setPorts('[('80, 'tcp'),('90, 'udp')]')\nconfig.zone.0.update('...')\nconfig.zone.0.Updated('public')",
    );
    assert_eq!(log.ports("public", PERMANENT), known("80/tcp 90/udp"));
    assert!(log.fold.services("public", PERMANENT).is_err());
}

#[test]
fn the_watchers_echo_is_nothing_new_and_an_edit_by_hand_is() {
    let mut log = Log::based();
    log.write("config.zone.0.addPort('9000', 'tcp')\nconfig.zone.0.update('...')\nconfig.zone.0.Updated('public')").wait(5);
    let watcher =
        "Loading zone file '/etc/firewalld/zones/public.xml'\nconfig.zone.0.Updated('public')";
    log.write(watcher);
    assert_eq!(log.ports("public", PERMANENT), known("8000-8010/tcp 9000/tcp"));
    log.wait(100).write(watcher);
    assert_eq!(log.ports("public", PERMANENT), Err(UnknownReason::DiskChange));
    assert_eq!(log.ports("public", RUNTIME), known("8000-8010/tcp"));
}

/// The daemon's own report may be dropped; one that comes long after its write is not its own.
#[test]
fn a_late_report_of_the_watcher_is_not_taken_for_the_daemons_own() {
    let mut log = Log::based();
    log.write("config.zone.0.addPort('9000', 'tcp')\nconfig.zone.0.update('...')\nconfig.zone.0.Updated('public')").wait(600);
    log.write(
        "Loading zone file '/etc/firewalld/zones/public.xml'\nconfig.zone.0.Updated('public')",
    );
    assert_eq!(log.ports("public", PERMANENT), Err(UnknownReason::DiskChange));
}

#[test]
fn a_file_edited_just_before_a_reload_leaves_neither_layer_known() {
    let mut log = Log::based();
    log.write("config.zone.0.addPort('9000', 'tcp')\nconfig.zone.0.update('...')\nconfig.zone.0.Updated('public')").wait(5);
    let watcher =
        "Loading zone file '/etc/firewalld/zones/public.xml'\nconfig.zone.0.Updated('public')";
    log.write(watcher).wait(60);
    log.reload(&["public", "work"], &["public"]);
    log.wait(4).write(watcher);
    assert_eq!(log.ports("public", RUNTIME), Err(UnknownReason::DiskChange));
    assert_eq!(log.ports("public", PERMANENT), Err(UnknownReason::DiskChange));
    assert!(log.ports("work", RUNTIME).is_ok());
}

#[test]
fn a_local_file_that_vanished_gives_the_zone_as_shipped() {
    let mut log = Log::based();
    log.write("config.zone.0.addPort('9000', 'tcp')\nconfig.zone.0.update('...')\nconfig.zone.0.Updated('public')").wait(60);
    log.reload(&["public", "work"], &[]);
    assert_eq!(log.ports("public", RUNTIME), known("8000-8010/tcp"));
    log.write("config.zone.0.addPort('9000', 'tcp')\nconfig.zone.0.update('...')\nconfig.zone.0.Updated('public')");
    log.write("config.zone.0.loadDefaults()\nconfig.zone.0.Updated('public')");
    assert_eq!(log.ports("public", PERMANENT), known("8000-8010/tcp"));
}

#[test]
fn a_restart_at_once_keeps_the_permanent_layer_and_a_long_pause_does_not() {
    let mut log = Log::based();
    log.write(
        "zone.addPort('', '9000', 'tcp')\nzone.PortAdded('public', '9000', 'tcp', 0)\nstop()",
    );
    assert_eq!(log.ports("public", RUNTIME), Err(UnknownReason::NotRunning));
    log.wait(1).start(&["public", "work"]);
    assert_eq!(log.ports("public", RUNTIME), known("8000-8010/tcp"));
    log.write("stop()").wait(2).start(&["public", "work"]);
    assert_eq!(log.ports("public", RUNTIME), Err(UnknownReason::EditedWhileStopped));
}

#[test]
fn a_file_that_came_while_the_daemon_was_down_is_seen_at_the_start() {
    let mut log = Log::based();
    log.write("stop()").wait(1);
    log.write(
        "start()\nLoading zone file '/usr/lib/firewalld/zones/public.xml'\nLoading zone file '/usr/lib/firewalld/zones/work.xml'",
    );
    log.write("Loading zone file '/etc/firewalld/zones/public.xml'\nUsing default zone 'public'");
    assert_eq!(log.ports("public", RUNTIME), Err(UnknownReason::DiskChange));
    assert_eq!(log.ports("work", RUNTIME), known(""));
}

#[test]
fn a_warning_without_a_call_shows_a_life_without_debug() {
    let mut log = Log::based();
    log.write("stop()").wait(20).write("WARNING: ALREADY_ENABLED: '8083:tcp' already in 'public'");
    assert_eq!(log.ports("public", RUNTIME), Err(UnknownReason::Gap));
    assert_eq!(log.ports("public", PERMANENT), Err(UnknownReason::Gap));
    assert!(log.has(Anomaly::Gap) && log.fold.default_zone().is_err());
}

#[test]
fn an_answer_that_does_not_fit_shows_that_lines_are_missing() {
    for answer in [
        "zone.addPort('public', '9000', 'tcp')\nWARNING: ALREADY_ENABLED: '9000:tcp' already in 'public'",
        "zone.removePort('public', '8000-8010', 'tcp')\nWARNING: NOT_ENABLED: '8000-8010:tcp' not in 'public'",
        "zone.removePort('public', '9000', 'tcp')\nzone.PortRemoved('public', '9000', 'tcp')",
        "zone.addPort('public', '8000-8010', 'tcp')\nzone.PortAdded('public', '8000-8010', 'tcp', 0)",
        "config.zone.0.addPort('9000', 'tcp')\nWARNING: ALREADY_ENABLED: 9000:tcp",
    ] {
        let mut log = Log::based();
        log.write(answer);
        assert_eq!(log.ports("work", PERMANENT), Err(UnknownReason::Gap), "{answer}");
    }
    // A removal across the borders of ranges is refused although all of it is open.
    let mut log = Log::based();
    log.write("zone.addPort('public', '8011', 'tcp')\nzone.PortAdded('public', '8011', 'tcp', 0)");
    log.write("zone.removePort('public', '8010-8011', 'tcp')\nWARNING: NOT_ENABLED: '8010-8011:tcp' not in 'public'");
    assert_eq!(log.ports("public", RUNTIME), known("8000-8010/tcp 8011/tcp"));
}

#[test]
fn a_late_signal_of_a_timer_whose_port_was_removed_is_false() {
    let mut log = Log::based();
    log.write("zone.addPort('', '9000', 'tcp')\nzone.PortAdded('public', '9000', 'tcp', 60)");
    log.write("zone.removePort('', '9000', 'tcp')\nzone.PortRemoved('public', '9000', 'tcp')");
    log.write("zone.addPort('', '9000', 'tcp')\nzone.PortAdded('public', '9000', 'tcp', 0)")
        .wait(60);
    log.write("zone.PortRemoved('public', '9000', 'tcp')");
    assert_eq!(log.ports("public", RUNTIME), known("8000-8010/tcp 9000/tcp"));
    assert!(log.has(Anomaly::FalseSignal));
    // No further timer is known, so a further signal is doubtful.
    log.write("zone.PortRemoved('public', '9000', 'tcp')");
    assert_eq!(log.ports("public", RUNTIME), Err(UnknownReason::DoubtfulSignal));
}

#[test]
fn a_timer_closes_and_one_that_meets_split_ranges_does_not() {
    let mut log = Log::based();
    log.write(
        "zone.addPort('', '9000-9010', 'tcp')\nzone.PortAdded('public', '9000-9010', 'tcp', 60)",
    )
    .wait(60);
    log.write("zone.PortRemoved('public', '9000-9010', 'tcp')");
    assert_eq!(log.ports("public", RUNTIME), known("8000-8010/tcp"));
    log.write(
        "zone.addPort('', '9000-9010', 'tcp')\nzone.PortAdded('public', '9000-9010', 'tcp', 60)",
    );
    log.write("zone.removePort('', '9005', 'tcp')\nzone.PortRemoved('public', '9005', 'tcp')")
        .wait(60);
    log.write("zone.PortRemoved('public', '9000-9010', 'tcp')");
    assert_eq!(log.ports("public", RUNTIME), known("8000-8010/tcp 9000-9004/tcp 9006-9010/tcp"));
}

/// Whether overlapping ranges of settings stay apart is not in the log, so neither is whether a
/// timer's port lies inside one of them.
#[test]
fn a_timer_within_ranges_that_overlap_is_doubtful_and_one_elsewhere_is_not() {
    let mut log = Log::based();
    let ports = "[('5000-5010', 'tcp'), ('5005-5020', 'tcp')]";
    log.write(&format!(
        "setZoneSettings2(public)\nzone.ZoneUpdated('public', '{{'ports': {ports}}}')"
    ));
    for port in ["6000", "5015-5030"] {
        log.write(&format!(
            "zone.addPort('', '{port}', 'tcp')\nzone.PortAdded('public', '{port}', 'tcp', 60)"
        ));
    }
    log.wait(60).write("zone.PortRemoved('public', '6000', 'tcp')");
    assert_eq!(log.ports("public", RUNTIME), known("5000-5010/tcp 5011-5020/tcp 5021-5030/tcp"));
    log.write("zone.PortRemoved('public', '5015-5030', 'tcp')");
    assert_eq!(log.ports("public", RUNTIME), Err(UnknownReason::DoubtfulSignal));
}

#[test]
fn a_reload_refused_before_the_flush_changes_nothing_and_one_that_dies_later_loses_the_runtime_layer()
 {
    let mut log = Log::based();
    log.write("reload()\nTraceback (most recent call last):\nERROR: INVALID_PORT: port number in '99999' is too big");
    assert_eq!(log.ports("public", RUNTIME), known("8000-8010/tcp"));
    log.write(
        "reload()\nSetting policy to 'DROP'\nFlushing rule set\nTraceback (most recent call last):",
    );
    assert_eq!(log.ports("public", RUNTIME), Err(UnknownReason::Crash));
    assert_eq!(log.ports("public", PERMANENT), known("8000-8010/tcp"));
    log.reload(&["public", "work"], &[]);
    assert_eq!(log.ports("public", RUNTIME), known("8000-8010/tcp"));
}

#[test]
fn settings_that_are_set_at_once_change_the_lists_they_name() {
    let mut log = Log::based();
    log.write("setZoneSettings2(public)\nzone.ZoneUpdated('public', '{'ports': [('80', 'tcp')], 'services': ['http']}')");
    assert_eq!(log.ports("public", RUNTIME), known("80/tcp"));
    assert_eq!(log.fold.services("public", RUNTIME).unwrap().count(), 1);
    assert!(log.fold.protocols("public", RUNTIME).is_ok());
    log.write("setZoneSettings2(public)\nzone.ZoneUpdated('public', '{'ports': object()}')");
    assert!(log.fold.protocols("public", RUNTIME).is_err());
}

#[test]
fn settings_that_fail_half_way_leave_the_runtime_layer_unknown() {
    let mut log = Log::based();
    log.write(
        "setZoneSettings2(public)\nTraceback (most recent call last):\nERROR: INVALID_PORT: port number in '99999' is too big",
    );
    assert_eq!(log.ports("public", RUNTIME), known("8000-8010/tcp"));
    log.write("setZoneSettings2(public)\nTraceback (most recent call last):\nERROR: COMMAND_FAILED: x\ngetDefaultZone()");
    assert_eq!(log.ports("public", RUNTIME), Err(UnknownReason::OpaqueWrite));
    assert!(log.ports("public", PERMANENT).is_ok() && log.ports("work", RUNTIME).is_ok());
}

#[test]
fn the_runtime_layer_is_copied_without_its_empty_lists() {
    let mut log = Log::based();
    log.write(
        "zone.removePort('', '8000-8010', 'tcp')\nzone.PortRemoved('public', '8000-8010', 'tcp')",
    );
    log.write("zone.addService('public', 'http', 0)\nzone.ServiceAdded('public', 'http', 0)");
    log.write(
        "copyRuntimeToPermanent()\nCopying zone 'public' settings\nconfig.zone.0.update2('...')\nconfig.zone.0.Updated('public')",
    );
    assert_eq!(log.ports("public", PERMANENT), known("8000-8010/tcp"));
    assert_eq!(log.fold.services("public", PERMANENT).unwrap().count(), 1);
}

#[test]
fn numbers_follow_the_listing_and_names_follow_renaming_and_removal() {
    let mut log = Log::based();
    log.write("config.zone.1.rename('aaa')\nconfig.zone.1.Renamed('aaa')");
    assert_eq!(log.ports("aaa", PERMANENT), known(""));
    assert_eq!(log.ports("work", RUNTIME), known(""));
    log.write("config.zone.1.addPort('1', 'tcp')\nconfig.zone.1.update('...')\nconfig.zone.1.Updated('aaa')");
    log.reload(&["aaa", "public"], &["aaa"]);
    assert_eq!(log.ports("aaa", RUNTIME), known("1/tcp"));
    assert!(log.fold.zones().all(|(zone, _)| zone != "work"));
    log.write("config.zone.0.removeZone()\nconfig.zone.0.Removed('aaa')");
    assert_eq!(log.ports("aaa", RUNTIME), known("1/tcp"));
    assert_eq!(
        log.fold.zones().filter(|(zone, layer)| *zone == "aaa" && *layer == PERMANENT).count(),
        0
    );
}

#[test]
fn a_stated_fact_that_contradicts_the_log_is_remarked_and_taken() {
    let mut log = Log::based();
    let stated =
        Stated::new().with(Kind::Ports, [Item::Port { port: "1".into(), protocol: "tcp".into() }]);
    log.fold.know(
        &Statement::new().with_zone("work", RUNTIME, stated),
        Evidence::default(),
        &mut log.effects,
    );
    assert!(log.has(Anomaly::Contradiction));
    assert_eq!(log.ports("work", RUNTIME), known("1/tcp"));
}

#[test]
fn a_port_name_that_cannot_be_resolved_makes_the_list_unknown_and_known_ones_are_numbers() {
    let mut log = Log::based();
    log.write("zone.addPort('', 'http', 'tcp')\nzone.PortAdded('public', 'http', 'tcp', 0)");
    assert_eq!(log.ports("public", RUNTIME), known("80/tcp 8000-8010/tcp"));
    log.write(
        "zone.addPort('', 'sometool', 'tcp')\nzone.PortAdded('public', 'sometool', 'tcp', 0)",
    );
    assert_eq!(log.ports("public", RUNTIME), Err(UnknownReason::Unresolved));
}

#[test]
fn what_a_limit_drops_is_unknown_and_remarked() {
    let mut log = Log::new(Limits { max_keys: 40, ..Limits::default() });
    log.start(&["public"]);
    let empty = Stated::new().with(Kind::Ports, []);
    log.fold.know(
        &Statement::new().with_zone("public", RUNTIME, empty),
        Evidence::default(),
        &mut log.effects,
    );
    for port in 0..60 {
        log.write(&format!(
            "zone.addPort('', '{}', 'tcp')\nzone.PortAdded('public', '{}', 'tcp', 0)",
            port * 10,
            port * 10
        ));
    }
    assert!(
        log.has(Anomaly::LimitReached) && log.ports("public", RUNTIME) == Err(UnknownReason::Limit)
    );
    assert!(log.fold.openings().count() <= 40);
    for zone in 0..60 {
        log.write(&format!(
            "zone.addPort('zone{zone}', '1', 'tcp')\nzone.PortAdded('zone{zone}', '1', 'tcp', 0)"
        ));
    }
    assert!(log.fold.zones().count() <= 80);
}

#[test]
fn a_default_zone_set_by_a_reload_that_is_refused_is_unknown() {
    let mut log = Log::based();
    log.write("setDefaultZone('work')\nDefaultZoneChanged('work')");
    assert_eq!(log.fold.default_zone().map(ToString::to_string), Ok("work".to_owned()));
    log.write("setDefaultZone('public')\nDefaultZoneChanged('public')\nTraceback (most recent call last):");
    assert!(log.fold.default_zone().is_err());
}

#[test]
fn policies_and_direct_rules_are_told_although_their_ports_are_not_in_the_log() {
    let mut log = Log::based();
    log.write("policy.setPolicySettings(pol)\npolicy.PolicyUpdated('pol', '{}')");
    log.write("direct.addRule('ipv4', 'filter')\ndirect.RuleAdded('ipv4', 'filter', 'INPUT', 0, '-p','tcp')");
    log.write("config.policy.0.update('...')\nconfig.policy.0.Updated('other')");
    let facts =
        |log: &Log| log.fold.openings().filter(|(opening, _)| opening.port.is_none()).count();
    assert_eq!(facts(&log), 3);
    log.effects.clear();
    log.reload(&["public", "work"], &[]);
    // The policy of the permanent layer is the only one in the runtime layer now.
    assert_eq!(facts(&log), 2);
    let direct = |change: &&Change| matches!(change, Change::Closed { opening, .. } if format!("{opening:?}").contains("direct"));
    assert_eq!(log.effects.changes.iter().filter(direct).count(), 1, "{:?}", log.effects.changes);
}

#[test]
fn a_layer_that_is_unknown_as_a_whole_is_told_once() {
    let mut log = Log::based();
    log.write("stop()\nstop()\nconfig.zone.0.update2('...')\nconfig.zone.0.Updated('public')");
    assert_eq!(log.fold.unknowns().count(), 3, "{:?}", log.fold.unknowns().collect::<Vec<_>>());
    assert_eq!(
        log.effects.changes.len(),
        3 * Kind::ALL.len(),
        "each list is lost once: {:?}",
        log.effects.changes
    );
}

#[test]
fn a_pair_without_the_steps_that_this_daemon_prints_is_not_believed() {
    let pair = |port: u16| {
        format!(
            "zone.addPort('public', '{port}', 'tcp')\nzone.PortAdded('public', '{port}', 'tcp', 0)"
        )
    };
    let step = b"2026-11-22 09:00:00 DEBUG4: <class 'firewall.core.fw_transaction.FirewallTransaction'>.pre()";
    let mut log = Log::based();
    log.write(&pair(9000));
    assert_eq!(
        log.ports("public", RUNTIME),
        known("8000-8010/tcp 9000/tcp"),
        "a daemon with --debug=1 prints none"
    );
    let Reading::Record(record) = log.reader.read(step) else { panic!() };
    let step = Event::of(&record).unwrap();
    log.write("zone.addPort('public', '9001', 'tcp')");
    log.fold.apply(&step, Evidence::default(), &mut log.effects);
    log.write("zone.PortAdded('public', '9001', 'tcp', 0)");
    assert_eq!(log.ports("public", RUNTIME), known("8000-8010/tcp 9000/tcp 9001/tcp"));
    log.write(&pair(9002));
    assert_eq!(log.ports("public", RUNTIME), Err(UnknownReason::DoubtfulSignal));
    assert!(
        log.has(Anomaly::FalseSignal)
            && log.fold.openings().all(|(opening, _)| opening.port != "9002/tcp".parse().ok())
    );
}

/// A step of a transaction, as `--debug=4` and more print it.
const STEP: &str =
    "DEBUG4: <class 'firewall.core.fw_transaction.FirewallTransaction'>.execute(True)";

#[test]
fn a_doubtful_timer_whose_removal_prints_its_steps_is_real() {
    let settings = "zone.ZoneUpdated('public', 'dbus.Dictionary({dbus.String('ports'): dbus.Array([dbus.Struct((dbus.String('9000'), dbus.String('tcp')), signature=None)], signature=dbus.Signature('(ss)'), variant_level=1)}, signature=dbus.Signature('sv'))')";
    for (steps, expected) in [(true, known("")), (false, Err(UnknownReason::DoubtfulSignal))] {
        let mut log = Log::based();
        log.write(&format!(
            "zone.addPort('public', '9000', 'tcp')\n{STEP}\nzone.PortAdded('public', '9000', 'tcp', 5)"
        ));
        // What becomes of the timer when the list is replaced, the log does not tell.
        log.write(&format!("setZoneSettings2(public)\n{STEP}\n{settings}"));
        log.wait(5);
        if steps {
            log.write(STEP);
        }
        log.write("zone.PortRemoved('public', '9000', 'tcp')");
        assert_eq!(log.ports("public", RUNTIME), expected, "steps: {steps}");
    }
}

#[test]
fn steps_of_another_timer_prove_nothing() {
    let mut log = Log::based();
    for port in ["9000", "9001"] {
        log.write(&format!(
            "zone.addPort('public', '{port}', 'tcp')\n{STEP}\nzone.PortAdded('public', '{port}', 'tcp', 5)"
        ));
    }
    log.write(&format!(
        "zone.removePort('public', '9000', 'tcp')\n{STEP}\nzone.PortRemoved('public', '9000', 'tcp')"
    ));
    log.write(&format!(
        "zone.addPort('public', '9000', 'tcp')\n{STEP}\nzone.PortAdded('public', '9000', 'tcp', 5)"
    ));
    log.wait(5);
    log.write(&format!("{STEP}\nzone.PortRemoved('public', '9000', 'tcp')"));
    assert_eq!(log.ports("public", RUNTIME), Err(UnknownReason::DoubtfulSignal));
}

#[test]
fn a_failure_after_a_refused_call_is_not_one_of_the_start() {
    let mut log = Log::based();
    log.write("zone.addPort('public', '8000', 'tcp')\nWARNING: ALREADY_ENABLED: '8000:tcp' already in 'public'");
    // A timer's removal fails; no call is open.
    log.write("Traceback (most recent call last):\nERROR: 'python-nftables' failed: x");
    assert_eq!(log.ports("public", RUNTIME), known("8000-8010/tcp"));
}
