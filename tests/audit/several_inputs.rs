//! One host in several inputs: its journal, which tells when the machine was started anew, and the
//! files of single programs, which do not. Whatever order the inputs are read in, each answer is
//! right or unknown.

use hostport_audit::event::firewalld::{Kind, Layer};
use hostport_audit::report::{PortState, Report};
use hostport_audit::state::known::UnknownReason;
use hostport_audit::state::{Facts, Host, firewalld};
use hostport_audit::time::UtcOffset;
use hostport_audit::{Auditor, InputId, Timeline, YearRule};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use std::collections::BTreeSet;

use crate::common;
use common::corpus;

/// The form of the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Short,
    ShortIso,
    Json,
}

/// Whose lines an input has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum File {
    Journal,
    Firewalld,
    Crio,
    Ovnkube,
}

const FILES: [File; 4] = [File::Journal, File::Firewalld, File::Crio, File::Ovnkube];

#[derive(Debug, Clone, Copy)]
enum Op {
    Firewalld {
        port: u16,
        open: bool,
    },
    /// firewalld's warning stands in the journal as well.
    Warning,
    Crio {
        port: u16,
        open: bool,
    },
    Ovnkube {
        port: u16,
        open: bool,
    },
    Kernel,
    Boot,
}

/// A machine: a naive model in which a start of it ends all that was open, and its logs.
struct Machine {
    form: Form,
    /// CRI-O's lines stand in the journal; otherwise in a file of their own.
    crio_in_journal: bool,
    /// Seconds since midnight, 25 June 2023.
    now: u32,
    boots: u32,
    /// Lines by file.
    lines: Vec<(File, String)>,
    firewalld: BTreeSet<u16>,
    crio: BTreeSet<u16>,
    ovnkube: BTreeSet<u16>,
}

impl Machine {
    fn clock(&self) -> (u32, String) {
        let (day, second) = (25 + self.now / 86400, self.now % 86400);
        (day, format!("{:02}:{:02}:{:02}", second / 3600, second / 60 % 60, second % 60))
    }

    fn log(&mut self, file: File, line: String) {
        self.lines.push((file, line + "\n"));
    }

    fn journal(&mut self, program: &str, pid: u32, message: &str) {
        let (day, time) = self.clock();
        let line = match self.form {
            Form::Short => format!("Jun {day} {time} rhel92 {program}[{pid}]: {message}"),
            Form::ShortIso => {
                format!("2023-06-{day}T{time}+0800 rhel92 {program}[{pid}]: {message}")
            }
            Form::Json => {
                // 25 June 2023, midnight, in the zone of the machine.
                let micros = (1_687_622_400 + u64::from(self.now)) * 1_000_000;
                serde_json::json!({"__REALTIME_TIMESTAMP": micros.to_string(), "_HOSTNAME": "rhel92",
                    "_BOOT_ID": format!("{:032x}", self.boots), "SYSLOG_IDENTIFIER": program,
                    "_PID": pid.to_string(), "MESSAGE": message})
                .to_string()
            }
        };
        self.log(File::Journal, line);
    }

    fn crio(&mut self, message: &str) {
        let (day, time) = self.clock();
        let quoted = serde_json::to_string(message).unwrap();
        let line = format!("time=\"2023-06-{day} {time}.500000000+08:00\" level=info msg={quoted}");
        if self.crio_in_journal {
            self.journal("crio", 1000 + self.boots, &line);
        } else {
            self.log(File::Crio, line);
        }
    }

    /// The input of iptables-restore: all rules, those of `new` with `-I`, and what is removed.
    fn restore(&mut self, new: Option<u16>, gone: Option<u16>) {
        let mut text = String::from("Restoring iptables rules: *nat\n:KUBE-HOSTPORTS - [0:0]\n");
        let mut rules = String::new();
        for port in &self.crio {
            let verb = if new == Some(*port) { "-I" } else { "-A" };
            let comment =
                format!("-m comment --comment \"k8s_p{port}_default_u_0_ hostport {port}\"");
            text += &format!(":KUBE-HP-{port} - [0:0]\n");
            rules += &format!(
                "{verb} KUBE-HOSTPORTS {comment} -m tcp -p tcp --dport {port} -j KUBE-HP-{port}\n-A KUBE-HP-{port} {comment} -m tcp -p tcp -j DNAT --to-destination=10.42.0.7:{port}\n"
            );
        }
        if let Some(port) = gone {
            text += &format!(":KUBE-HP-{port} - [0:0]\n");
            rules += &format!("-X KUBE-HP-{port}\n");
        }
        self.crio(&format!("{text}{rules}COMMIT\n"));
    }

    fn ovnkube(&mut self, file: &str, message: &str) {
        let (day, time) = self.clock();
        let pid = 2000 + self.boots;
        let line = format!(
            "2023-06-{day}T{time}.000000001+08:00 stderr F I06{day} {time}.000001 {pid:>7} {file}] {message}"
        );
        self.log(File::Ovnkube, line);
    }

    /// Everything starts.
    fn start(&mut self) {
        self.journal("kernel", 0, "Linux version 5.14");
        self.now += 4;
        self.crio("Starting CRI-O, version: 1.29.9, git: unknown(clean)");
        self.crio("Checking image status: x");
        self.crio("Ensuring kubelet hostport chains");
        self.ovnkube("config.go:1", "Default config: {MTU:1400}");
        self.ovnkube("config.go:2", "Logging config: {File: Level:5 X:1}");
    }

    fn perform(&mut self, op: Op) {
        let (day, time) = self.clock();
        match op {
            Op::Firewalld { port, open } => {
                let (ask, done) = match (open, self.firewalld.contains(&port)) {
                    (true, false) => {
                        ("addPort", format!("PortAdded('public', '{port}', 'tcp', 0)"))
                    }
                    (false, true) => {
                        ("removePort", format!("PortRemoved('public', '{port}', 'tcp')"))
                    }
                    _ => return,
                };
                let head = format!("2023-06-{day} {time} DEBUG1: zone.");
                self.log(File::Firewalld, format!("{head}{ask}('public', '{port}', 'tcp')"));
                self.log(File::Firewalld, format!("{head}{done}"));
                if open {
                    self.firewalld.insert(port)
                } else {
                    self.firewalld.remove(&port)
                };
            }
            Op::Warning => {
                self.journal("firewalld", 700, "WARNING: AllowZoneDrifting is enabled.");
                self.log(
                    File::Firewalld,
                    format!("2023-06-{day} {time} WARNING: AllowZoneDrifting is enabled."),
                );
            }
            Op::Crio { port, open: true } if self.crio.insert(port) => {
                self.crio(&format!("Running pod sandbox: default/p{port}/POD"));
                self.crio(&format!("Opened local port tcp:{port}"));
                self.restore(Some(port), None);
                self.crio("Starting to delete udp conntrack entries: [], isIPv6 - false");
                self.crio(&format!(
                    "Ran pod sandbox s{port} with infra container: default/p{port}/POD"
                ));
            }
            Op::Crio { port, open: false } if self.crio.remove(&port) => {
                self.crio(&format!("Stopping pod sandbox: s{port}"));
                self.restore(None, Some(port));
                self.crio(&format!("Closing host port tcp:{port}"));
                self.crio(&format!("Stopped pod sandbox: s{port}"));
            }
            Op::Ovnkube { port, open } => {
                let rule = format!(
                    "in table: nat, chain: OVN-KUBE-NODEPORT with args: \"-p TCP -m addrtype --dst-type LOCAL --dport {port} -j DNAT --to-destination 10.96.178.142:8081\" for protocol: 0 "
                );
                if open && self.ovnkube.insert(port) {
                    self.ovnkube("iptables.go:27", &format!("Adding rule {rule}"));
                } else if !open && self.ovnkube.remove(&port) {
                    self.ovnkube("iptables.go:63", &format!("Deleting rule {rule}"));
                }
            }
            Op::Kernel => self.journal("kernel", 0, "eth0: link up"),
            Op::Boot => {
                self.now += 30;
                self.boots += 1;
                (self.firewalld, self.crio, self.ovnkube) = Default::default();
                if self.form != Form::Json {
                    self.log(File::Journal, format!("-- Boot {:032x} --", self.boots));
                }
                self.start();
            }
            Op::Crio { .. } => {}
        }
    }
}

fn op() -> impl Strategy<Value = Op> {
    let port = || select(&[80u16, 443, 8080][..]);
    prop_oneof![
        4 => (port(), any::<bool>()).prop_map(|(port, open)| Op::Firewalld { port, open }),
        1 => Just(Op::Warning),
        4 => (port(), any::<bool>()).prop_map(|(port, open)| Op::Crio { port, open }),
        4 => (port(), any::<bool>()).prop_map(|(port, open)| Op::Ovnkube { port, open }),
        1 => Just(Op::Kernel),
        2 => Just(Op::Boot),
    ]
}

fn machine(form: Form, crio_in_journal: bool, ops: &[(u32, Op)]) -> Machine {
    let mut machine = Machine {
        form,
        crio_in_journal,
        now: 3600,
        boots: 1,
        lines: Vec::new(),
        firewalld: BTreeSet::new(),
        crio: BTreeSet::new(),
        ovnkube: BTreeSet::new(),
    };
    machine.start();
    for (passed, op) in ops {
        machine.now += passed;
        machine.perform(*op);
    }
    machine
}

/// The lines of each file, cut into as many inputs as there are cuts and one more.
fn inputs(machine: &Machine, cuts: &[(usize, Index)]) -> Vec<Vec<String>> {
    FILES
        .iter()
        .enumerate()
        .map(|(number, file)| {
            let lines: Vec<&str> = machine
                .lines
                .iter()
                .filter(|(of, _)| of == file)
                .map(|(_, line)| line.as_str())
                .collect();
            let mut at: Vec<usize> = cuts
                .iter()
                .filter(|(of, _)| of % FILES.len() == number)
                .map(|(_, cut)| cut.index(lines.len() + 1))
                .chain([0, lines.len()])
                .collect();
            at.sort_unstable();
            at.windows(2).map(|ends| lines[ends[0]..ends[1]].concat()).collect()
        })
        .collect()
}

/// An order of all inputs in which those of one file keep theirs.
fn ordered(mut inputs: Vec<Vec<String>>, picks: &[Index]) -> Vec<String> {
    let mut order = Vec::new();
    let mut picks = picks.iter().cycle();
    while inputs.iter().any(|file| !file.is_empty()) {
        inputs.retain(|file| !file.is_empty());
        let at = picks.next().unwrap().index(inputs.len());
        order.push(inputs[at].remove(0));
    }
    order
}

fn clock() -> Timeline {
    let offset = UtcOffset::from_hms(8, 0, 0).unwrap();
    Timeline::new().offset(offset).year(YearRule::Fixed(2023))
}

fn audited(inputs: &[String], auditor: Auditor) -> Auditor {
    let mut auditor = auditor;
    for (number, input) in (1..).zip(inputs) {
        auditor.next_input(InputId::new(number));
        auditor.feed(input);
    }
    auditor.finish();
    auditor
}

fn nothing_open() -> Facts {
    let stated = firewalld::Stated::new().with(Kind::Ports, []);
    let statement = firewalld::Statement::new().with_zone("public", Layer::Runtime, stated);
    Facts { firewalld: Some(statement), ..Facts::default() }
}

fn ports(set: &BTreeSet<u16>) -> BTreeSet<String> {
    set.iter().map(|port| format!("{port}/tcp")).collect()
}

/// A known answer is the truth, and what is surely open is part of it.
fn right_or_unknown<E>(
    what: &str,
    known: Result<BTreeSet<String>, E>,
    at_least: &BTreeSet<String>,
    truth: &BTreeSet<u16>,
) -> Result<(), TestCaseError> {
    let truth = ports(truth);
    prop_assert!(at_least.is_subset(&truth), "{what}: at least {at_least:?}, truth {truth:?}");
    if let Ok(known) = known {
        prop_assert_eq!(&known, &truth, "{}", what);
    }
    Ok(())
}

fn holds(auditor: &Auditor, machine: &Machine) -> Result<(), TestCaseError> {
    let hosts: Vec<_> = auditor.ledger().hosts().collect();
    prop_assert_eq!(hosts.len(), 1);
    let host = hosts[0].1;
    let texts = |set: &mut dyn Iterator<Item = String>| set.collect::<BTreeSet<String>>();
    if let Some(own) = host.firewalld() {
        let known = own
            .ports("public", Layer::Runtime)
            .map(|ports| texts(&mut ports.map(|(port, _)| port.to_string())));
        let open = open_of(host, |label| label.contains("ZonePort"));
        right_or_unknown("firewalld", known, &open, &machine.firewalld)?;
    }
    if let Some(own) = host.crio() {
        let set = |set: BTreeSet<hostport_audit::HostPort>| {
            texts(&mut set.iter().map(ToString::to_string))
        };
        right_or_unknown(
            "sockets",
            own.sockets().map(set),
            &set(own.sockets_at_least()),
            &machine.crio,
        )?;
        right_or_unknown(
            "rules",
            own.exposed().map(set),
            &set(own.exposed_at_least()),
            &machine.crio,
        )?;
    }
    if let Some(own) = host.ovnkube() {
        let known =
            own.open().map(|open| texts(&mut open.iter().map(|open| open.port.port.to_string())));
        let open = open_of(host, |label| label.contains("NodePort"));
        right_or_unknown("ovnkube", known, &open, &machine.ovnkube)?;
    }
    Ok(())
}

/// The open ports whose holder has such a name.
fn open_of(host: &Host, is: impl Fn(&str) -> bool) -> BTreeSet<String> {
    host.openings()
        .filter(|(opening, _)| is(&format!("{:?}", opening.holder)))
        .filter_map(|(opening, _)| opening.port.map(|port| port.to_string()))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: if ProptestConfig::default().cases == 256 { 600 } else { ProptestConfig::default().cases },
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn any_order_of_the_inputs_of_one_host_is_right_or_unknown(
        form in select(&[Form::Short, Form::ShortIso, Form::Json][..]),
        crio_in_journal in any::<bool>(),
        ops in vec((select(&[0u32, 1, 2, 30, 4000][..]), op()), 1..14),
        cuts in vec((0usize..4, any::<Index>()), 0..4),
        picks in vec(any::<Index>(), 1..12),
        told in any::<bool>(),
        stated in any::<bool>(),
    ) {
        let machine = machine(form, crio_in_journal, &ops);
        let inputs = ordered(inputs(&machine, &cuts), &picks);
        let mut auditor = Auditor::new().one_host();
        if told {
            auditor = auditor.with_timeline(clock());
        }
        if stated {
            auditor.know(None, &nothing_open());
        }
        let auditor = audited(&inputs, auditor);
        holds(&auditor, &machine).map_err(|error| {
            TestCaseError::fail(format!("{error}\n{}", inputs.join("---- next input\n")))
        })?;
    }

    /// The journal alone, cut into rotated files, tells what it tells as one file.
    #[test]
    fn a_rotated_journal_knows_what_the_whole_journal_knows(
        form in select(&[Form::Short, Form::ShortIso, Form::Json][..]),
        ops in vec((select(&[0u32, 1, 30, 4000][..]), op()), 1..14),
        cuts in vec(any::<Index>(), 0..4),
    ) {
        let machine = machine(form, true, &ops);
        let cuts: Vec<_> = cuts.into_iter().map(|cut| (0, cut)).collect();
        let journal = |cuts| inputs(&machine, cuts).swap_remove(0);
        // A file of nothing but a boot has no time, so it is not known to follow the one before.
        let is_lone_boot = |file: &String| file.lines().count() == 1 && file.starts_with("-- Boot");
        prop_assume!(!journal(&cuts).iter().any(is_lone_boot));
        let whole = audited(&journal(&[]), Auditor::new());
        let parts = audited(&journal(&cuts), Auditor::new());
        let known = |auditor: &Auditor| -> Vec<_> {
            auditor
                .ledger()
                .hosts()
                .filter_map(|(_, host)| host.crio())
                .map(|crio| (crio.sockets().ok(), crio.exposed().ok(), crio.dnat().ok()))
                .collect()
        };
        prop_assert_eq!(known(&parts), known(&whole), "{}", journal(&cuts).join("---- next input\n"));
    }
}

#[test]
fn a_real_journal_with_a_boot_may_be_cut_at_any_line() {
    for mode in ["short", "short-iso", "short-precise", "short-unix", "json", "with-unit"] {
        let file = corpus::file(&format!("crio/modes/reboot.{mode}.log"));
        let text = String::from_utf8(file.bytes.clone()).unwrap();
        let known = |inputs: &[String]| {
            let auditor = audited(inputs, Auditor::new());
            let (_, host) = auditor.ledger().hosts().next().unwrap();
            let crio = host.crio().unwrap();
            (crio.sockets().ok(), crio.exposed().ok(), crio.dnat().ok())
        };
        let whole = known(std::slice::from_ref(&text));
        let lines: Vec<&str> = text.split_inclusive('\n').collect();
        for cut in 1..lines.len() {
            let parts = [lines[..cut].concat(), lines[cut..].concat()];
            assert_eq!(known(&parts), whole, "{mode}, cut behind line {cut}");
        }
    }
}

const JOURNAL: &str = "Jun 28 09:00:00 rhel92 kernel: x\n-- Boot 2d30a6508937515eb84cfdeac507588e --\n\
                       Jun 28 16:24:11 rhel92 kernel: x\n";
const BEFORE: &str = "2023-06-28 08:00:00 DEBUG1: zone.addPort('', '8080', 'tcp')\n\
                      2023-06-28 08:00:00 DEBUG1: zone.PortAdded('public', '8080', 'tcp', 0)\n";
const AFTER: &str = "2023-06-28 17:00:00 DEBUG1: zone.addPort('', '9090', 'tcp')\n\
                     2023-06-28 17:00:00 DEBUG1: zone.PortAdded('public', '9090', 'tcp', 0)\n";

fn report(inputs: &[&str], timeline: Timeline) -> Report {
    let inputs: Vec<String> = inputs.iter().map(|input| (*input).to_owned()).collect();
    audited(&inputs, Auditor::new().of_host("rhel92").with_timeline(timeline)).report(&timeline)
}

#[test]
fn a_port_that_was_open_before_the_boot_of_another_input_is_not_open() {
    for inputs in [[JOURNAL, BEFORE], [BEFORE, JOURNAL]] {
        for timeline in [Timeline::new(), clock()] {
            let report = report(&inputs, timeline);
            assert_eq!(report.hosts.len(), 1);
            assert_eq!(report.hosts[0].state("8080/tcp".parse().unwrap()), PortState::Unknown);
        }
    }
}

#[test]
fn a_port_that_was_opened_after_the_boot_of_another_input_is_open_where_the_times_tell() {
    let port = "9090/tcp".parse().unwrap();
    let both = [BEFORE, AFTER].concat();
    for firewalld in [AFTER, &both] {
        for inputs in [[JOURNAL, firewalld], [firewalld, JOURNAL]] {
            let times_tell = report(&inputs, clock());
            // Read last, the boot is not known to lie before all lines of the file.
            let certain = firewalld == AFTER || inputs[0] == JOURNAL;
            let state = if certain { PortState::Open } else { PortState::Unknown };
            assert_eq!(times_tell.hosts[0].state(port), state);
            let nothing_tells = report(&inputs, Timeline::new());
            assert_eq!(nothing_tells.hosts[0].state(port), PortState::Unknown);
            assert!(nothing_tells.hosts[0].open.unknown.iter().any(|unknown_table| {
                unknown_table.unknown.why == UnknownReason::MayHaveBooted
            }));
        }
    }
}

fn crio_line(host: &str, second: u32, message: &str) -> String {
    let time = format!("16:24:{second:02}");
    format!(
        "Jun 25 {time} {host} crio[77216]: time=\"2023-06-25 {time}.5+08:00\" level=info msg=\"{message}\"\n"
    )
}

fn life(host: &str) -> String {
    ["Starting CRI-O, version: 1.29.9, git: x", "Checking image status: x", "Ensuring kubelet hostport chains",
        "Running pod sandbox: default/a/POD", "Opened local port tcp:443",
        "Restoring iptables rules: *nat\\n:KUBE-HP-A - [0:0]\\n-I KUBE-HOSTPORTS -m comment --comment \\\"k8s_a_default_u_0_ hostport 443\\\" -m tcp -p tcp --dport 443 -j KUBE-HP-A\\n-A KUBE-HP-A -m tcp -p tcp -j DNAT --to-destination=10.42.0.7:8443\\nCOMMIT\\n",
        "Starting to delete udp conntrack entries: [], isIPv6 - false",
        "Ran pod sandbox aa with infra container: default/a/POD"]
    .iter()
    .zip(11..)
    .map(|(message, second)| crio_line(host, second, message))
    .collect()
}

/// What two machines say of a port after a log, by name.
fn exposed(log: &str) -> Vec<(String, Option<usize>)> {
    let auditor = audited(&[log.to_owned()], Auditor::new());
    auditor
        .ledger()
        .hosts()
        .filter_map(|(name, host)| Some((name?.to_string(), host.crio()?.exposed().ok()?.len())))
        .map(|(name, count)| (name, Some(count)))
        .collect()
}

#[test]
fn a_boot_of_one_of_two_hosts_empties_neither() {
    const BOOT: &str = "-- Boot 2d30a6508937515eb84cfdeac507588e --\n";
    let (one, two) = (life("one"), life("two"));
    let both = [one.as_str(), &two].concat();
    // Unknown: neither is among those that know.
    let behind = [both.as_str(), BOOT, &crio_line("two", 30, "Checking image status: y")].concat();
    assert_eq!(exposed(&behind), []);
    // journalctl prints the line between messages of two machines, too.
    let between = [one.as_str(), BOOT, &crio_line("two", 30, "Checking image status: y")];
    assert_eq!(exposed(&between.concat()), []);
    assert_eq!(exposed(&[both.as_str(), BOOT].concat()), []);
    // Of a single host it is exact.
    let single = [one.as_str(), BOOT, &crio_line("one", 30, "Checking image status: y")];
    assert_eq!(exposed(&single.concat()), [("one".to_owned(), Some(0))]);
    assert_eq!(exposed(&[one.as_str(), BOOT].concat()), [("one".to_owned(), Some(0))]);
}

#[test]
fn a_boot_told_by_name_is_of_that_host_alone() {
    let line = |host: &str, boot: &str, message: &str| {
        serde_json::json!({"_HOSTNAME": host, "_BOOT_ID": boot, "SYSLOG_IDENTIFIER": "crio",
            "_PID": "77216", "MESSAGE": message})
        .to_string()
            + "\n"
    };
    let whole = |host: &str| -> String {
        life(host).lines().map(|text| line(host, "a", text.split_once("]: ").unwrap().1)).collect()
    };
    let other = crio_line("one", 40, "Checking image status: y");
    let other = other.trim_end().split_once("]: ").unwrap().1;
    let log = [whole("one"), whole("two"), line("one", "b", other)].concat();
    // IPv6 of both is not known before the boot.
    assert_eq!(exposed(&log), [("one".to_owned(), Some(0))]);
    let auditor = audited(&[log], Auditor::new());
    let two = auditor.ledger().hosts().find(|(name, _)| name.is_some_and(|name| name == "two"));
    assert_eq!(two.unwrap().1.crio().unwrap().exposed_at_least().len(), 1);
}
