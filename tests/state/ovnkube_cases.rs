//! ovnkube: hostile and odd lines, starts and restarts of both kinds, failures, limits, one named
//! test each.

use crate::common;

use common::corpus;
use hostport_audit::event::ovnkube::{self, Kind};
use hostport_audit::event::{Anomaly, Source};
use hostport_audit::record::Reading;
use hostport_audit::record::klog::Reader;
use hostport_audit::state::known::UnknownReason;
use hostport_audit::state::ovnkube::{Ovnkube, Statement, Voice};
use hostport_audit::state::{Facts, change::Change};
use hostport_audit::{Auditor, Expect, Limits};
use proptest::prelude::*;

const ARGS: &str =
    "-p TCP -m addrtype --dst-type LOCAL --dport 32718 -j DNAT --to-destination 10.96.178.142:8081";

fn header(severity: char, pid: u32) -> String {
    format!("{severity}0625 09:07:00.992980 {pid:7} iptables.go:27] ")
}

fn rule(verb: &str, chain: &str, args: &str) -> String {
    format!(
        "{}{verb} rule in table: nat, chain: {chain} with args: \"{args}\" for protocol: 0 \n",
        header('I', 7)
    )
}

fn kind(pid: u32, text: &str) -> String {
    format!("{}{text}\n", header('I', pid))
}

/// The state and the remarks after a log, which begins with nothing known.
fn read(log: &str) -> (Ovnkube, Vec<Anomaly>) {
    let mut auditor = Auditor::with(Expect::Only(Source::Ovnkube), Limits::default());
    auditor.feed(log);
    state(&auditor)
}

fn state(auditor: &Auditor) -> (Ovnkube, Vec<Anomaly>) {
    let ended = auditor.settled();
    let anomalies = ended.coverage().anomalies().into_keys().collect();
    let host = ended.ledger().hosts().next().and_then(|(_, host)| host.ovnkube().cloned());
    (host.unwrap_or_else(|| Ovnkube::new(Limits::default())), anomalies)
}

/// The same after a log that begins with nothing open.
fn read_from_nothing(log: &str) -> (Ovnkube, Vec<Anomaly>) {
    let mut auditor = Auditor::with(Expect::Only(Source::Ovnkube), Limits::default());
    auditor.know(None, &Facts { ovnkube: Some(Statement::ports([])), ..Facts::default() });
    auditor.feed(log);
    state(&auditor)
}

/// What is surely open, as `family/protocol/kind/address/port`.
fn open(state: &Ovnkube) -> Vec<String> {
    let words = state.at_least().into_iter().map(|open| {
        let kind = if open.port.kind == Kind::NodePort { "node" } else { "external" };
        let address = open.port.address.map_or("*".to_owned(), |address| address.to_string());
        format!("{} {} {kind} {address}", open.port.family, open.port.port)
    });
    words.collect()
}

#[test]
fn case_30_real_lines_end_in_a_blank() {
    assert_eq!(
        open(&read(&rule("Adding", "OVN-KUBE-NODEPORT", ARGS)).0),
        ["ipv4 32718/tcp node *"]
    );
}

#[test]
fn case_31_no_header() {
    let line = format!(
        "Deleting rule in table: nat, chain: OVN-KUBE-NODEPORT with args: \"{ARGS}\" for protocol: 0\n"
    );
    let (state, anomalies) = read(&format!("{}{line}", rule("Adding", "OVN-KUBE-NODEPORT", ARGS)));
    assert_eq!(open(&state), [""; 0]);
    assert!(anomalies.contains(&Anomaly::NoHeader));
}

#[test]
fn case_32_quoted_inside_an_error() {
    let line =
        rule("Adding", "OVN-KUBE-NODEPORT", ARGS).replace("] Adding", "] sync failed: Adding");
    let (state, _) = read_from_nothing(&line);
    assert_eq!(state.open().unwrap(), []);
}

#[test]
fn case_33_the_add_that_failed() {
    let failure =
        format!("failed to add iptables nat/OVN-KUBE-NODEPORT rule {ARGS:?}: exit status 4");
    for before in ["", "Failed to create *v1.Service demo/web, error: "] {
        let log = format!(
            "{}{}{before}{failure}\n",
            rule("Adding", "OVN-KUBE-NODEPORT", ARGS),
            header('E', 7)
        );
        let (state, anomalies) = read_from_nothing(&log);
        assert_eq!(state.open().unwrap(), []);
        assert!(anomalies.contains(&Anomaly::TakenBack));
    }
}

#[test]
fn case_34_jump_rule_without_a_port() {
    assert_eq!(open(&read(&rule("Adding", "PREROUTING", "-j OVN-KUBE-NODEPORT")).0), [""; 0]);
}

#[test]
fn case_35_chain_name_as_part_of_a_longer_name() {
    let (state, anomalies) = read_from_nothing(&rule(
        "Adding",
        "OVN-KUBE-NODEPORT-TEST",
        "-p TCP --dport 22 -j DNAT --to-destination 10.0.0.1:22",
    ));
    assert_eq!(state.open().unwrap(), []);
    assert_eq!(anomalies, [Anomaly::UnknownChain]);
}

#[test]
fn case_36_negated_match() {
    let args = ARGS.replace("--dport 32718", "! --dport 22");
    let (state, anomalies) = read_from_nothing(&rule("Adding", "OVN-KUBE-NODEPORT", &args));
    assert_eq!(open(&state), [""; 0]);
    assert_eq!(state.open().unwrap_err().why, UnknownReason::Unresolved);
    assert_eq!(anomalies, [Anomaly::UnsupportedMatch]);
    let both = format!(
        "{}{}",
        rule("Adding", "OVN-KUBE-NODEPORT", &args),
        rule("Deleting", "OVN-KUBE-NODEPORT", &args)
    );
    assert_eq!(read_from_nothing(&both).0.open().unwrap(), []);
}

#[test]
fn case_37_range() {
    let args = ARGS.replace("32718", "30000:32767");
    assert_eq!(
        open(&read(&rule("Adding", "OVN-KUBE-NODEPORT", &args)).0),
        ["ipv4 30000-32767/tcp node *"]
    );
}

#[test]
fn case_38_ipv6_destination() {
    let line = rule(
        "Adding",
        "OVN-KUBE-EXTERNALIP",
        "-p TCP -d fd00::1 --dport 8081 -j DNAT --to-destination [fd01::5]:8081",
    );
    assert_eq!(
        open(&read(&line.replace("protocol: 0", "protocol: 1")).0),
        ["ipv6 8081/tcp external fd00::1"]
    );
    // An IPv6 address in a rule of IPv4 cannot be what the kernel holds.
    assert_eq!(read(&line).0.at_least(), []);
}

#[test]
fn case_39_the_same_rule_added_twice_deleted_once() {
    let add = rule("Adding", "OVN-KUBE-NODEPORT", ARGS);
    let (state, _) =
        read_from_nothing(&format!("{add}{add}{}", rule("Deleting", "OVN-KUBE-NODEPORT", ARGS)));
    assert_eq!(state.open().unwrap(), []);
}

#[test]
fn case_40_bulk_rebuild_of_a_chain() {
    let rebuild = kind(7, "Recreating iptables rules for table: nat, chain: OVN-KUBE-NODEPORT");
    let (state, _) =
        read_from_nothing(&format!("{}{rebuild}", rule("Adding", "OVN-KUBE-NODEPORT", ARGS)));
    assert_eq!((open(&state).len(), state.open().unwrap_err().why), (0, UnknownReason::Restart));
}

// Chains and shapes.

#[test]
fn the_rules_of_2020_open_the_port_once_although_two_tables_name_it() {
    let log = String::from_utf8(corpus::file("ovnk/composed_2020.txt").bytes).unwrap();
    let (state, _) = read(&log);
    assert_eq!(open(&state), ["ipv4 31112/tcp node *", "ipv4 31111/tcp node 10.1.1.4"]);
}

#[test]
fn only_three_chains_of_table_nat_open_ports() {
    let rules = [
        ("OVN-KUBE-ITP", "-p TCP -d 10.43.0.1 --dport 80 -j REDIRECT --to-port 8080"),
        ("OVN-KUBE-SNAT-MGMTPORT", "-p TCP --dport 30080 -j RETURN"),
        (
            "OVN-KUBE-SNAT-MGMTPORT",
            "-o ovn-k8s-mp0 -m comment --comment OVN SNAT to Management Port -j SNAT --to-source 10.42.0.2",
        ),
        ("OVN-KUBE-EGRESS-SVC", "-m mark --mark 0x3f0 -m comment --comment DoNotSNAT -j RETURN"),
        ("POSTROUTING", "-s 169.254.169.1 -j MASQUERADE"),
    ];
    let log: String = rules.iter().map(|(chain, args)| rule("Adding", chain, args)).collect();
    let (state, anomalies) = read_from_nothing(&log);
    assert_eq!((state.open().unwrap(), anomalies), (vec![], vec![]));
    let filter = rule("Adding", "OVN-KUBE-NODEPORT", ARGS).replace("table: nat", "table: filter");
    assert_eq!(read_from_nothing(&filter).0.open().unwrap(), []);
}

#[test]
fn a_port_held_by_two_chains_closes_with_the_last() {
    let etp = ARGS.replace("10.96.178.142:8081", "169.254.169.3:32718");
    let twins = format!(
        "{}{}",
        rule("Adding", "OVN-KUBE-NODEPORT", ARGS),
        rule("Adding", "OVN-KUBE-ETP", &etp)
    );
    let one = format!("{twins}{}", rule("Deleting", "OVN-KUBE-NODEPORT", ARGS));
    assert_eq!(open(&read(&one).0).len(), 1);
    assert_eq!(open(&read(&format!("{one}{}", rule("Deleting", "OVN-KUBE-ETP", &etp))).0).len(), 0);
}

#[test]
fn the_lists_of_2021_say_what_the_lines_say() {
    let list = |verb: &str| {
        kind(
            7,
            &format!(
                "{verb} iptables rules: [{{nat OVN-KUBE-NODEPORT [{ARGS}] 0}} {{filter X [-j ACCEPT] 0}}] for service: web"
            ),
        )
    };
    assert_eq!(open(&read(&list("Adding")).0).len(), 1);
    assert_eq!(open(&read(&format!("{}{}", list("Adding"), list("Deleting"))).0).len(), 0);
}

// Failures.

fn failure(verb: &str, binary: &str) -> String {
    format!(
        "failed to {verb} iptables nat/OVN-KUBE-NODEPORT rule {ARGS:?}: running [/usr/sbin/{binary} -t nat -x --wait]: exit status 4: iptables: Resource temporarily unavailable."
    )
}

#[test]
fn a_failed_delete_leaves_the_port_open_since_it_opened() {
    let (add, delete) =
        (rule("Adding", "OVN-KUBE-NODEPORT", ARGS), rule("Deleting", "OVN-KUBE-NODEPORT", ARGS));
    let failed = kind(7, &format!("Failed to delete: {}\n: ", failure("delete", "iptables")));
    let (state, anomalies) = read_from_nothing(&format!("{add}{delete}{delete}{failed}"));
    assert_eq!(state.open().unwrap()[0].support.since.at.line(), 1);
    assert!(anomalies.contains(&Anomaly::TakenBack));
    let other_family = failed.replace("/iptables ", "/ip6tables ");
    assert_eq!(read_from_nothing(&format!("{add}{delete}{other_family}")).0.at_least(), []);
    let missing = failed.replace(
        "Resource temporarily unavailable.",
        "Bad rule (does a matching rule exist in that chain?).",
    );
    assert_eq!(read_from_nothing(&format!("{add}{delete}{missing}")).0.open().unwrap(), []);
}

#[test]
fn of_two_tries_to_delete_the_second_may_succeed_where_each_failure_is_told() {
    let creating = kind(7, "Creating table: nat chain: OVN-KUBE-NODEPORT");
    let (add, delete) =
        (rule("Adding", "OVN-KUBE-NODEPORT", ARGS), rule("Deleting", "OVN-KUBE-NODEPORT", ARGS));
    let one = format!("failed to delete rules: [{}\n]", failure("delete", "iptables"));
    let two = format!(
        "failed to delete rules: [{}\n, {}\n]",
        failure("delete", "iptables"),
        failure("delete", "iptables")
    );
    let log = |failed: &str| format!("{creating}{add}{delete}{delete}{}{failed}\n", header('E', 7));
    assert_eq!(open(&read_from_nothing(&log(&one)).0).len(), 0);
    assert_eq!(open(&read_from_nothing(&log(&two)).0).len(), 1);
}

#[test]
fn a_failure_counts_only_where_programs_join_errors() {
    let add = rule("Adding", "OVN-KUBE-NODEPORT", ARGS);
    for text in [
        format!("it said \"{}\"", failure("add", "iptables")),
        format!("have{}", failure("add", "iptables")),
    ] {
        assert_eq!(open(&read(&format!("{add}{}", kind(7, &text))).0).len(), 1, "{text}");
    }
}

#[test]
fn of_two_tries_to_add_the_second_succeeded_if_one_failed() {
    let add = rule("Adding", "OVN-KUBE-NODEPORT", ARGS);
    let failed = kind(7, &failure("add", "iptables"));
    assert_eq!(read_from_nothing(&format!("{add}{add}{failed}")).0.open().unwrap().len(), 1);
    assert_eq!(read_from_nothing(&format!("{add}{add}{failed}{failed}")).0.open().unwrap(), []);
    // Chains are emptied between the tries of a start, so there it cannot be told.
    let begun = format!("{}{}{add}{add}{failed}", start(7, 5), jumps());
    assert_eq!((read(&begun).0.at_least(), read(&begun).0.open().is_err()), (vec![], true));
}

// Lines without header.

#[test]
fn a_rule_line_inside_another_record_makes_its_port_unknown_and_nothing_else() {
    let bare = |verb: &str, args: &str| {
        format!(
            "{verb} rule in table: nat, chain: OVN-KUBE-NODEPORT with args: \"{args}\" for protocol: 0 \n"
        )
    };
    let other = ARGS.replace("32718", "30080");
    let log = format!("{}{}", rule("Adding", "OVN-KUBE-NODEPORT", ARGS), kind(7, "sync failed: "));
    let added = format!("{log}{}", bare("Adding", &other));
    let (state, _) = read_from_nothing(&added);
    assert_eq!((open(&state).len(), state.open().unwrap_err().why), (1, UnknownReason::Ambiguous));
    let settled = format!("{added}{}", rule("Deleting", "OVN-KUBE-NODEPORT", &other));
    assert_eq!(read_from_nothing(&settled).0.open().unwrap().len(), 1);
    let deleted = format!("{log}{}", bare("Deleting", ARGS));
    let (state, _) = read_from_nothing(&deleted);
    assert_eq!((open(&state).len(), state.open().unwrap_err().why), (0, UnknownReason::Ambiguous));
    let repeated = format!("{log}{}", bare("Adding", ARGS));
    assert_eq!(read_from_nothing(&repeated).0.open().unwrap().len(), 1);
}

#[test]
fn a_cut_rule_line_makes_all_unknown_if_its_chain_may_count() {
    let add = rule("Adding", "OVN-KUBE-NODEPORT", ARGS);
    for (cut, known) in [
        ("Adding rule in table: nat, chain: OVN-KUBE-NODEPORT with args: \"-p TCP", false),
        ("Deleting rule in table: na", false),
        ("Adding rule in table: nat, chain: OVN-KUBE-ITP with args: \"-p TCP", true),
        ("Adding service web in name", true),
    ] {
        let (state, _) = read_from_nothing(&format!("{add}{}", kind(7, cut)));
        assert_eq!(state.open().is_ok(), known, "{cut}");
    }
}

// Starts.

const CONFIG: &str = "Default config: {MTU:1400 RoutableMTU:0}";

fn level(level: u32) -> String {
    format!("Logging config: {{File: CNIFile:/x Level:{level} LogFileMaxSize:100}}")
}

fn jumps() -> String {
    let all = [
        ("PREROUTING", "NODEPORT"),
        ("OUTPUT", "NODEPORT"),
        ("PREROUTING", "EXTERNALIP"),
        ("OUTPUT", "EXTERNALIP"),
        ("PREROUTING", "ETP"),
    ];
    all.iter().map(|(from, to)| rule("Adding", from, &format!("-j OVN-KUBE-{to}"))).collect()
}

fn start(pid: u32, verbosity: u32) -> String {
    format!("{}{}", kind(pid, CONFIG), kind(pid, &level(verbosity)))
}

const SYNCED: &str = "Added *v1.Service event handler 1";

#[test]
fn a_first_start_on_a_clean_host_knows_that_nothing_is_open() {
    assert!(read(&start(7, 5)).0.open().is_err());
    assert_eq!(read(&format!("{}{}", start(7, 5), jumps())).0.open().unwrap(), []);
    // Without its first lines the chains may have been there before.
    assert!(read(&jumps()).0.open().is_err());
    assert_eq!(read(&format!("{}{}", jumps(), kind(7, SYNCED))).0.open().unwrap(), []);
}

#[test]
fn a_later_start_is_unknown_until_its_services_are_dealt_with() {
    let exists =
        kind(7, "Chain: \"OVN-KUBE-NODEPORT\" in table: \"nat\" already exists, skipping creation");
    let begun =
        format!("{}{exists}{}{}", start(7, 5), jumps(), rule("Adding", "OVN-KUBE-NODEPORT", ARGS));
    let (state, _) = read(&begun);
    assert_eq!((state.open().unwrap_err().why, open(&state).len()), (UnknownReason::Restart, 1));
    assert_eq!(read(&format!("{begun}{}", kind(7, SYNCED))).0.open().unwrap().len(), 1);
}

#[test]
fn another_process_makes_all_unknown() {
    let add = rule("Adding", "OVN-KUBE-NODEPORT", ARGS);
    let signs = [
        kind(8, CONFIG),
        kind(7, CONFIG),
        kind(7, &level(5)),
        "I0625 09:07:00.992980123 - starting ovnkube-node\n".to_owned(),
        "2023-06-25T09:00:00+00:00 - starting ovnkube-master, Node: n IP: 10.0.0.1\n".to_owned(),
        kind(8, "Creating table: nat chain: OUTPUT"),
        jumps(),
    ];
    for sign in signs {
        let (state, _) = read_from_nothing(&format!("{add}{sign}"));
        assert_eq!(
            (state.at_least(), state.open().unwrap_err().why),
            (vec![], UnknownReason::Restart),
            "{sign}"
        );
    }
}

#[test]
fn facts_are_not_taken_where_what_follows_would_go_unseen() {
    let facts = Facts { ovnkube: Some(Statement::ports([])), ..Facts::default() };
    for (log, taken) in [
        (start(7, 4), false),
        (start(7, 5), false),
        (format!("{}{}{}", start(7, 5), jumps(), kind(7, SYNCED)), true),
        (kind(7, SYNCED), false),
        (rule("Adding", "OVN-KUBE-ITP", "-j RETURN"), true),
        (String::new(), true),
    ] {
        let mut auditor = Auditor::with(Expect::Only(Source::Ovnkube), Limits::default());
        auditor.feed(&log);
        auditor.know(None, &facts);
        assert_eq!(state(&auditor).0.open().is_ok(), taken, "{log}");
    }
}

#[test]
fn the_end_of_a_start_that_was_not_seen_makes_all_unknown() {
    let add = rule("Adding", "OVN-KUBE-NODEPORT", ARGS);
    let (state, _) = read_from_nothing(&format!("{add}{}", kind(7, SYNCED)));
    assert_eq!((state.at_least(), state.open().unwrap_err().why), (vec![], UnknownReason::Restart));
    let synced = format!("{}{}{}{add}", start(7, 5), jumps(), kind(7, SYNCED));
    assert_eq!(
        read(&format!("{synced}{}", kind(7, SYNCED))).0.open().unwrap().len(),
        1,
        "another handler of the same process"
    );
}

#[test]
fn a_deleted_rule_shows_that_the_start_is_over_where_its_end_was_filtered_out() {
    let log = format!(
        "{}{}{}",
        jumps(),
        rule("Adding", "OVN-KUBE-NODEPORT", ARGS),
        rule("Deleting", "OVN-KUBE-ETP", ARGS)
    );
    assert_eq!(read(&log).0.open().unwrap().len(), 1);
    // What the documentation's own filter leaves has no rules of OVN-KUBE-ETP alone.
    let grep = log
        .lines()
        .filter(|line| line.contains("OVN-KUBE-NODEPORT") || line.contains("OVN-KUBE-EXTERNALIP"));
    let grep: String = grep.map(|line| format!("{line}\n")).collect();
    assert!(
        read(&format!("{grep}{}", rule("Deleting", "OVN-KUBE-EXTERNALIP", ARGS))).0.open().is_err()
    );
}

fn recreate(chains: &[&str]) -> String {
    chains
        .iter()
        .map(|chain| kind(7, &format!("Recreating iptables rules for table: {chain}")))
        .collect()
}

const REST: [&str; 5] = [
    "nat, chain: OVN-KUBE-EGRESS-SVC",
    "nat, chain: OVN-KUBE-NODEPORT",
    "nat, chain: OVN-KUBE-EXTERNALIP",
    "nat, chain: OVN-KUBE-ETP",
    "mangle, chain: OVN-KUBE-ITP",
];

fn ignoring() -> String {
    rule("Ignoring processing", "OVN-KUBE-NODEPORT", ARGS)
        .replace("table:", "table due to filtering:")
}

#[test]
fn a_rebuilding_keeps_what_its_ignoring_lines_name() {
    let first = recreate(&["nat, chain: OVN-KUBE-ITP"]);
    let kept = format!("{first}{}{}", ignoring(), recreate(&REST));
    assert_eq!(read(&kept).0.open().unwrap().len(), 1);
    // The rules are named under the lines of other chains, before or after that of their own.
    let after = format!(
        "{first}{}{}{}",
        kind(7, "Chain: \"X\" in table: \"nat\" already exists, skipping creation"),
        recreate(&REST),
        ignoring()
    );
    assert_eq!(read(&after).0.open().unwrap().len(), 1);
    // The names of a rebuilding before do not count.
    let again = format!("{kept}{first}{}", recreate(&REST));
    assert_eq!(read(&again).0.open().unwrap(), []);
    // Outside a rebuilding such a line proves nothing.
    let over = format!("{again}{}{}", rule("Deleting", "OVN-KUBE-ETP", ARGS), ignoring());
    assert_eq!(read(&over).0.open().unwrap(), []);
}

#[test]
fn a_rebuilding_tells_nothing_where_rule_lines_are_not_printed() {
    let all = format!("{}{}", recreate(&["nat, chain: OVN-KUBE-ITP"]), recreate(&REST));
    assert_eq!(read(&all).0.open().unwrap_err().why, UnknownReason::NeverPrinted);
    assert_eq!(
        read(&format!("{}{all}", start(7, 4))).0.open().unwrap_err().why,
        UnknownReason::NeverPrinted
    );
    assert_eq!(read(&format!("{}{all}", start(7, 5))).0.open().unwrap(), []);
    assert!(read(&recreate(&REST)).0.open().is_err(), "its beginning is not in the log");
}

#[test]
fn a_log_without_rule_lines_is_told_from_a_silent_one() {
    assert_eq!(read("").0.voice(), Voice::Silent);
    assert_eq!(read(&kind(7, CONFIG)).0.voice(), Voice::NoRuleLines);
    assert_eq!(read(&start(7, 4)).0.voice(), Voice::TooQuiet { level: 4 });
    assert_eq!(
        read(&format!("{}{}", start(7, 5), rule("Adding", "OVN-KUBE-NODEPORT", ARGS))).0.voice(),
        Voice::Speaks
    );
}

#[test]
fn the_verdict_on_a_log_of_chains_alone_is_that_it_cannot_speak() {
    use hostport_audit::report::Verdict;
    let rebuilt = format!("{}{}", recreate(&["nat, chain: OVN-KUBE-ITP"]), recreate(&REST));
    let creating = kind(7, "Creating table: nat chain: OVN-KUBE-NODEPORT");
    for (log, speaks) in [
        (format!("{}{creating}{rebuilt}", start(7, 4)), false),
        (format!("{creating}{rebuilt}"), false),
        (format!("{}{creating}{rebuilt}", start(7, 5)), true),
        (format!("{rebuilt}{}", ignoring()), true),
    ] {
        let mut auditor = Auditor::with(Expect::Only(Source::Ovnkube), Limits::default());
        auditor.feed(&log);
        let verdict = auditor.coverage().host(None).unwrap().verdict(Source::Ovnkube);
        assert_eq!(verdict.speaks(), speaks, "{verdict}");
        assert!(speaks || matches!(verdict, Verdict::CannotSpeak { .. }), "{verdict}");
    }
}

// Limits.

#[test]
fn more_rules_than_the_limit_make_the_answer_unknown_until_the_next_rebuilding() {
    let limits = Limits { max_keys: 3, ..Limits::default() };
    let mut auditor = Auditor::with(Expect::Only(Source::Ovnkube), limits);
    auditor.know(None, &Facts { ovnkube: Some(Statement::ports([])), ..Facts::default() });
    for port in 30000..30100 {
        auditor.feed(rule(
            "Adding",
            "OVN-KUBE-NODEPORT",
            &ARGS.replace("32718", &port.to_string()),
        ));
    }
    let (state, anomalies) = state(&auditor);
    assert_eq!((state.at_least().len(), state.open().unwrap_err().why), (3, UnknownReason::Limit));
    assert!(anomalies.contains(&Anomaly::LimitReached));
    let all = format!("{}{}", recreate(&["nat, chain: OVN-KUBE-ITP"]), recreate(&REST));
    auditor.feed(all);
    assert_eq!(self::state(&auditor).0.open().unwrap(), []);
}

#[test]
fn a_statement_that_contradicts_the_log_is_remarked() {
    let mut auditor =
        Auditor::with(Expect::Only(Source::Ovnkube), Limits::default()).keeping_history();
    auditor.feed(rule("Adding", "OVN-KUBE-NODEPORT", ARGS));
    auditor.know(None, &Facts { ovnkube: Some(Statement::ports([])), ..Facts::default() });
    let (state, anomalies) = state(&auditor);
    assert_eq!((state.open().unwrap(), anomalies), (vec![], vec![Anomaly::Contradiction]));
}

// Laws.

#[test]
fn no_proper_prefix_of_a_rule_line_opens_or_closes_a_port() {
    for verb in ["Adding", "Deleting"] {
        let line = rule(verb, "OVN-KUBE-NODEPORT", ARGS);
        let whole = line.trim_end();
        for end in 0..whole.len() {
            let reading = Reader::new().read(&whole.as_bytes()[..end]);
            if let Reading::Record(record) | Reading::Continuation(Some(record)) = reading {
                assert_eq!(ovnkube::events(&record).count(), 0, "{}", &whole[..end]);
            }
        }
    }
}

#[test]
fn every_rule_that_opens_ports_prints_as_ovnkube_printed_it() {
    let mut printed = 0;
    for log in corpus::logs_in("ovnk")
        .iter()
        .filter(|log| log.name.contains("era") && log.name.ends_with(".log"))
    {
        let mut reader = Reader::new();
        for line in log.bytes.split(|&b| b == b'\n') {
            let Reading::Record(record) = reader.read(line) else { continue };
            for event in ovnkube::events(&record) {
                if let ovnkube::Event::Adding { rule }
                | ovnkube::Event::Deleting { rule }
                | ovnkube::Event::Ignoring { rule } = event
                    && let ovnkube::Role::Publishes { rule: published } = rule.role
                {
                    assert_eq!(rule.args, published.to_string().as_str());
                    printed += 1;
                }
            }
        }
    }
    assert!(printed > 3000, "{printed}");
}

fn changes(bytes: &[u8]) -> (Ovnkube, Vec<Change>) {
    use hostport_audit::state::Effects;
    use hostport_audit::state::evidence::Evidence;
    let mut state = Ovnkube::new(Limits { max_keys: 64, ..Limits::default() });
    let mut reader = Reader::new();
    let mut effects = Effects::default();
    for (number, line) in bytes.split(|&b| b == b'\n').enumerate() {
        let at =
            hostport_audit::LineRef::new(Default::default(), number as u64 + 1, Default::default());
        if let Reading::Record(record) | Reading::Continuation(Some(record)) = reader.read(line) {
            for event in ovnkube::events(&record) {
                let owned = event.clone().into_owned();
                assert_eq!(owned, event);
                state.apply(&event, Evidence::new(at, None), &mut effects);
            }
        }
    }
    (state, effects.changes)
}

/// What is open by the changes alone.
fn replay(changes: &[Change]) -> Vec<String> {
    let mut open = std::collections::BTreeSet::new();
    for change in changes {
        match change {
            Change::Opened { opening, .. } => {
                open.insert(format!("{opening:?}"));
            }
            Change::Closed { opening, .. } => {
                open.remove(&format!("{opening:?}"));
            }
            Change::BecameUnknown { .. } | Change::BecameKnown { .. } => open.clear(),
            other => panic!("{other:?}"),
        }
    }
    open.into_iter().collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// Lines of real logs in any order, cut and changed: nothing panics, the state stays within its limits, survives being saved, and
    /// the changes told add up to what it holds.
    #[test]
    fn the_changes_add_up_to_the_state(
        pick in any::<prop::sample::Index>(),
        lines in proptest::collection::vec((any::<prop::sample::Index>(), 0u8..12, any::<prop::sample::Index>()), 1..120),
    ) {
        let logs = corpus::logs_in("ovnk/era_2024_12").into_iter().chain(corpus::logs_in("ovnk/seed_era")).collect::<Vec<_>>();
        let logs: Vec<_> = logs.iter().filter(|log| log.name.ends_with(".log")).collect();
        let log = pick.get(&logs);
        let all: Vec<&[u8]> = log.bytes.split(|&b| b == b'\n').collect();
        let mut text = Vec::new();
        for (which, how, place) in &lines {
            let mut line = which.get(&all).to_vec();
            if !line.is_empty() && *how == 0 {
                line.truncate(place.index(line.len()));
            }
            if !line.is_empty() && *how == 1 {
                let at = place.index(line.len());
                line[at] = line[at].wrapping_add(1);
            }
            text.extend_from_slice(&line);
            text.push(b'\n');
        }
        let (state, changes) = changes(&text);
        let mut held: Vec<String> = state.openings().map(|(opening, _)| format!("{opening:?}")).collect();
        held.sort();
        held.dedup();
        prop_assert_eq!(replay(&changes), held);
        let saved = serde_json::to_string(&state).unwrap();
        prop_assert_eq!(&serde_json::from_str::<Ovnkube>(&saved).unwrap(), &state);
        prop_assert!(state.at_least().iter().map(|open| open.rules.len()).sum::<usize>() <= 64);
    }
}
