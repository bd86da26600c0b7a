//! The allow list: commatrix' files read and printed back, errors with their places, and lists held
//! against reports.

use hostport_audit::event::Source;
use hostport_audit::event::firewalld::{Kind, Layer, ListedZone};
use hostport_audit::report::{
    AllowList, AllowedPort, Comparison, Conclusion, Counts, DefaultZone, DynamicRange, Fact,
    HostReport, LineReport, Missing, OpenPorts, Origin, PortState, Report, Role, Seen, Signs,
    SourceReport, Unexpected, UnknownPart, Verdict,
};
use hostport_audit::state::Facts;
use hostport_audit::state::evidence::{Certainty, Evidence, Provenance};
use hostport_audit::state::firewalld::Statement;
use hostport_audit::state::known::Unknown;
use hostport_audit::state::opening::{Holder, Opening, Scope};
use hostport_audit::state::services::builtin_services;
use hostport_audit::{Auditor, Protocol, Text, Timeline};
use proptest::prelude::*;

/// As commatrix prints it today, in three forms; ranges come behind the ports.
const CSV: &str = "Direction,Protocol,Port,Namespace,Service,Pod,Container,NodeGroup,Optional\n\
                   Ingress,TCP,22,Host system service,sshd,,,master,true\n\
                   Ingress,UDP,111,Host system service,rpcbind,,,worker,false\n\
                   Ingress,TCP,30000-32767,,Kubelet node ports,,,,false\n";

/// Older files: another name of the column, other letters for truth, no line end at the end.
const OLD_CSV: &str = "Direction,Protocol,Port,Namespace,Service,Pod,Container,Node Role,Optional\r\n\
                       Ingress,TCP,80,openshift-ingress,router-internal-default,router-default,router,master,FALSE\r\n\
                       Ingress,TCP,111,Host system service,rpcbind,,,master,TRUE";

fn text() -> impl Strategy<Value = String> {
    prop_oneof![4 => "[a-z0-9-]{0,8}", 1 => "[ ,\"\r\na-c\u{e9}]{0,6}"]
}

fn list() -> impl Strategy<Value = AllowList> {
    let protocol = || prop::sample::select(Protocol::ALL.to_vec());
    let port = (protocol(), any::<u16>(), text(), text(), text(), text(), text(), any::<bool>());
    let ports = prop::collection::vec(port, 0..6).prop_map(|rows| {
        rows.into_iter()
            .map(|(protocol, port, namespace, service, pod, container, node_group, optional)| {
                AllowedPort {
                    direction: "Ingress".into(),
                    protocol,
                    port,
                    namespace,
                    service,
                    pod,
                    container,
                    node_group,
                    optional,
                }
            })
            .collect()
    });
    let range = (protocol(), 0u16..32767, 1u16..32767, text(), any::<bool>());
    let ranges = prop::collection::vec(range, 0..3).prop_map(|rows| {
        rows.into_iter()
            .map(|(protocol, min_port, more, description, optional)| DynamicRange {
                direction: "Egress".into(),
                protocol,
                min_port,
                max_port: min_port + more,
                description,
                optional,
            })
            .collect()
    });
    (ports, ranges).prop_map(|(ports, ranges)| AllowList { ports, ranges })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn what_is_printed_is_read_back(list in list()) {
        prop_assert_eq!(AllowList::from_csv(list.to_csv()), Ok(list.clone()));
        let crlf = list.to_csv().replace('\n', "\r\n");
        prop_assert_eq!(AllowList::from_csv(crlf).map(|read| read.ports.len()), Ok(list.ports.len()));
        #[cfg(feature = "serde")]
        prop_assert_eq!(serde_json::from_str::<AllowList>(&serde_json::to_string(&list).unwrap()).unwrap(), list);
    }

    #[test]
    fn any_bytes_give_a_list_or_a_place(bytes in prop::collection::vec(prop::sample::select(b"TCPport,\"\r\n 0189-\xff".to_vec()), 0..60)) {
        let whole = [b"Protocol,Port\n".as_slice(), &bytes].concat();
        if let Err(error) = AllowList::from_csv(&whole) {
            let lines = whole.iter().filter(|byte| **byte == b'\n').count() as u64 + 1;
            prop_assert!(error.line() >= 1 && error.line() <= lines && error.column() >= 1, "{}", error);
        }
        let _ = AllowList::from_csv(&bytes);
    }

    #[test]
    fn what_is_not_allowed_is_what_no_row_covers(list in list(), first in any::<u16>(), more in 0u16..40) {
        let mut list = list;
        list.ranges.iter_mut().for_each(|range| range.direction = "ingress".into());
        let range = hostport_audit::PortRange::new(first, first.saturating_add(more));
        let port = hostport_audit::HostPort::new(Protocol::Tcp, range);
        let covered = |number: u16| {
            list.ports.iter().any(|row| row.protocol == Protocol::Tcp && row.port == number)
                || list.ranges.iter().any(|row| row.protocol == Protocol::Tcp && row.min_port <= number && number <= row.max_port)
        };
        prop_assert_eq!(list.allows(port), (range.first()..=range.last()).all(covered));
    }
}

#[test]
fn files_of_all_ages_are_read() {
    let list = AllowList::from_csv(CSV).unwrap();
    assert_eq!((list.ports.len(), list.ranges.len()), (2, 1));
    assert_eq!(list.to_csv(), CSV);
    let old = AllowList::from_csv(OLD_CSV).unwrap();
    assert_eq!(
        (old.ports[0].node_group.as_str(), old.ports[0].optional, old.ports[1].optional),
        ("master", false, true)
    );
    assert_eq!(
        AllowList::from_csv("port,PROTOCOL\n5353,udp\n").unwrap().ports[0].protocol,
        Protocol::Udp
    );
    assert_eq!(AllowList::from_csv("").unwrap(), AllowList::default());
}

#[test]
fn a_broken_file_is_refused_with_its_place() {
    let error = |text: &str| AllowList::from_csv(text).unwrap_err().to_string();
    assert_eq!(error("Port\n1\n"), "line 1, column 1: expected the columns Protocol and Port");
    assert_eq!(
        error("Protocol,Port,Colour\n"),
        "line 1, column 15: expected the name of a column of the matrix"
    );
    assert_eq!(error("Protocol,Port\nTCP,80x\n"), "line 2, column 7: expected a digit");
    assert_eq!(
        error("Protocol,Port\nTCP,9-8\n"),
        "line 2, column 7: expected a last port that is not below the first"
    );
    assert_eq!(
        error("Protocol,Port\nICMP,80\n"),
        "line 2, column 1: expected tcp, udp, sctp or dccp"
    );
    assert_eq!(error("Protocol,Port\nTCP\n"), "line 2, column 4: expected a cell for each heading");
    assert_eq!(
        error("Protocol,Port\nTCP,80,x\n"),
        "line 2, column 8: expected no more cells than headings"
    );
    assert_eq!(
        error("Protocol,Port,Optional\nTCP,80,maybe\n"),
        "line 2, column 8: expected true or false"
    );
    assert_eq!(
        error("Protocol,Port,Service\nTCP,80,\"a\nb\n"),
        "line 2, column 8: expected a closing quote"
    );
    assert_eq!(
        error("Protocol,Port,Service\n\nTCP,80,\"a\nb\"x\n"),
        "line 4, column 3: expected a comma or the end of the line"
    );
}

#[cfg(feature = "serde")]
#[test]
fn the_json_forms_of_all_ages_are_read_and_unknown_fields_refused() {
    let row = r#"{"direction":"Ingress","protocol":"tcp","port":22,"namespace":"","service":"sshd","pod":"","container":"","nodeRole":"master","optional":true}"#;
    let read = |text: &str| serde_json::from_str::<AllowList>(text);
    for text in [
        format!("[{row}]"),
        format!(r#"{{"Matrix":[{row}]}}"#),
        format!(r#"{{"Ports":[{row}],"DynamicRanges":null}}"#),
    ] {
        let list = read(&text).unwrap();
        assert_eq!((list.ports.len(), list.ports[0].node_group.as_str()), (1, "master"));
        assert!(serde_json::to_string(&list).unwrap().contains(r#""protocol":"TCP","port":22"#));
    }
    let range = r#"{"direction":"Ingress","protocol":"UDP","minPort":30000,"maxPort":32767,"description":"Kubelet node ports","optional":false}"#;
    assert_eq!(
        read(&format!(r#"{{"Ports":null,"DynamicRanges":[{range}]}}"#)).unwrap().ranges[0].min_port,
        30000
    );
    let unknown = row.replace("container", "colour");
    assert!(
        read(&format!("[{unknown}]")).unwrap_err().to_string().contains("unknown field `colour`")
    );
    assert!(read(r#"{"Ports":[],"Colours":[]}"#).is_err());
}

fn fact(port: Option<&str>, holder: Holder) -> (Opening, Provenance) {
    (
        Opening { port: port.map(|port| port.parse().unwrap()), holder },
        Provenance::new(Evidence::default(), Certainty::Confirmed),
    )
}

fn default_zone(zone: &'static str) -> DefaultZone {
    DefaultZone::Known { zone: Text::from(zone) }
}

fn report(
    openings: Vec<(Opening, Provenance)>,
    unknowns: Vec<(Scope, Unknown)>,
    verdict: &Verdict,
) -> Report {
    let source = |verdict: &Verdict| SourceReport {
        verdict: verdict.clone(),
        records: 1,
        events: 1,
        malformed: 0,
        first: None,
        last: None,
        signs: Signs::default(),
    };
    let host = HostReport {
        host: Some(Text::from("n1")),
        open: OpenPorts::new(openings, unknowns, Some(default_zone("public"))),
        sources: Source::ALL.into_iter().map(|of| (of, source(verdict))).collect(),
        coverage: LineReport::default(),
        history: None,
    };
    Report {
        may_be_one: Vec::new(),
        schema_version: Report::SCHEMA_VERSION,
        counts: Counts::default(),
        refused_events: 0,
        hosts: vec![host],
    }
}

fn compare(openings: Vec<(Opening, Provenance)>, unknowns: Vec<(Scope, Unknown)>) -> Comparison {
    AllowList::from_csv(CSV).unwrap().check(&report(openings, unknowns, &Verdict::Speaks))
}

fn zone(layer: Layer) -> Holder {
    Holder::ZonePort { zone: Text::from("public"), layer }
}

#[test]
fn a_list_is_held_against_what_is_open() {
    let pod = Holder::CrioRule {
        family: hostport_audit::Family::Ipv4,
        host_ip: None,
        target: Text::from("10.42.0.7:8443"),
        pod: Text::from("k8s_web_shop_UID_0_"),
    };
    let comparison = compare(
        vec![
            fact(Some("22/tcp"), Holder::CrioSocket),
            fact(Some("8443/tcp"), pod),
            fact(Some("32766-32769/tcp"), zone(Layer::Runtime)),
            fact(Some("99/tcp"), zone(Layer::Permanent)),
        ],
        vec![],
    );
    assert_eq!(
        comparison.to_string(),
        "host n1\n\
         Direction,Protocol,Port,Namespace,Service,Pod,Container,NodeGroup,Optional\n\
         Ingress,TCP,22,Host system service,sshd,,,master,true\n\
         + Ingress,UDP,111,Host system service,rpcbind,,,worker,false\n\
         - Ingress,TCP,99,,,,,,false   # open after a reload: zone public\n\
         - Ingress,TCP,8443,shop,,web,,,false   # open: pod shop/web at 10.42.0.7:8443\n\
         - Ingress,TCP,32768-32769,,,,,,false   # open: zone public\n\
         violated\n"
    );
    assert!(!comparison.is_clean());
    assert_eq!(comparison.hosts[0].seen[0].seen, Seen::Now);
}

#[test]
fn what_cannot_be_known_is_neither_seen_nor_missed() {
    let unknown = compare(vec![], vec![(Scope::Ovnkube, Unknown::BEFORE_LOG)]);
    let host = &unknown.hosts[0];
    assert_eq!((host.unknown.len(), host.never_seen.len()), (2, 0));
    let unknown_table = UnknownPart { scope: Scope::Ovnkube, unknown: Unknown::BEFORE_LOG };
    assert_eq!(host.missing, [Missing::State { unknown_table }]);
    assert!(matches!(unknown.conclusion(), Conclusion::CannotTell { .. }));
    assert!(!unknown.is_clean());

    let service = Holder::ZoneService {
        zone: Text::from("public"),
        layer: Layer::Runtime,
        service: Text::from("ssh"),
    };
    let could = compare(vec![fact(None, service)], vec![]);
    assert_eq!((could.hosts[0].unknown.len(), could.hosts[0].can_open.len()), (2, 1));

    let silent = AllowList::from_csv(CSV).unwrap().check(&report(vec![], vec![], &Verdict::Silent));
    assert_eq!(
        (silent.hosts[0].unknown.len(), silent.is_clean()),
        (2, false),
        "silence is no proof"
    );

    let known = compare(vec![], vec![]);
    let host = &known.hosts[0];
    assert_eq!((host.never_seen.len(), host.optional_not_seen.len()), (1, 1));
    assert_eq!((host.missing.as_slice(), host.conclusion()), (&[][..], Conclusion::Clean));
    assert!(known.is_clean());
}

#[test]
fn the_list_of_microshift_allows_its_ports_and_demands_none() {
    let list = AllowList::microshift();
    for port in ["22/tcp", "443/tcp", "5353/udp", "6443/tcp", "30000-32767/tcp", "32767/udp"] {
        assert!(list.allows(port.parse().unwrap()), "{port}");
    }
    for port in ["8080/tcp", "5353/tcp", "29999-30000/tcp", "443/sctp"] {
        assert!(!list.allows(port.parse().unwrap()), "{port}");
    }
    assert!(list.ports.iter().all(|row| row.optional));
    assert_eq!(AllowList::from_csv(list.to_csv()), Ok(list));
}

/// The report of what was stated of a layer, of a log that says nothing else of firewalld.
fn stated(listing: &str, default_zone: Option<&'static str>) -> Report {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/list_all");
    let output = std::fs::read(path.join(listing)).unwrap();
    let listed = ListedZone::read_all(&output, Layer::Runtime).unwrap();
    let mut statement = Statement::new().with_listed(listed);
    if let Some(zone) = default_zone {
        statement = statement.with_default_zone(zone);
    }
    let mut auditor = Auditor::new();
    auditor.know(None, &Facts { firewalld: Some(statement), ..Facts::default() });
    auditor.report(&Timeline::new())
}

fn roles(report: &Report, port: &str) -> Vec<Role> {
    report.hosts[0].open.facts(port.parse().unwrap()).map(|fact| fact.role).collect()
}

#[test]
fn a_zone_that_applies_to_nothing_opens_nothing() {
    let list = AllowList::from_csv(CSV).unwrap();
    let zones_of = |violations: &[Unexpected]| -> Vec<String> {
        let facts = violations.iter().flat_map(|one| &one.facts);
        facts.map(|fact| fact.holder.clone()).map(|holder| format!("{holder:?}")).collect()
    };
    // `my_zone-1` allows 1-65535/tcp, and has neither an interface nor a source.
    for (listing, default_zone) in
        [("v1.3.3-list-all-zones.txt", Some("public")), ("v2.5.0-list-all-zones.txt", None)]
    {
        let report = stated(listing, default_zone).with_services(&builtin_services());
        assert_eq!(roles(&report, "12345/tcp"), [Role::AllowedInUnusedZone], "{listing}");
        assert_ne!(report.hosts[0].open.state("12345/tcp".parse().unwrap()), PortState::Open);
        assert_eq!(roles(&report, "8080/tcp"), [Role::Allowed, Role::AllowedInUnusedZone]);
        let host = &list.check(&report).hosts[0];
        assert!(zones_of(&host.unexpected).iter().all(|zone| zone.contains("public")), "{host}");
        assert!(host.can_open.iter().any(|fact| fact.role == Role::AllowedInUnusedZone), "{host}");
        let trusted = |fact: &&Fact| fact.role == Role::CanOpenInUnusedZone && !fact.is_now();
        assert!(report.hosts[0].open.can_open.iter().any(|fact| trusted(&fact)));
    }
    // The output of 1.3.3 does not name the default zone, so it may be any.
    let report = stated("v1.3.3-list-all-zones.txt", None);
    assert_eq!(roles(&report, "12345/tcp"), [Role::AllowedIfZoneApplies]);
    assert_eq!(
        report.hosts[0].open.state("12345/tcp".parse().unwrap()),
        PortState::Unknown,
        "neither open nor closed is certain"
    );
    assert_eq!(roles(&report, "8080/tcp"), [Role::Allowed, Role::AllowedIfZoneApplies]);
    let other = stated("v1.3.3-list-all-zones.txt", Some("my_zone-1"));
    assert_eq!(roles(&other, "12345/tcp"), [Role::Allowed], "the default zone takes all the rest");
}

#[test]
fn a_log_tells_which_zones_apply() {
    let roles_after = |lines: &[&str]| {
        let mut auditor = Auditor::new();
        for line in lines {
            auditor.feed(format!("2023-06-28 10:46:37 DEBUG1: {line}\n"));
        }
        roles(&auditor.report(&Timeline::new()), "8080/tcp")
    };
    let added = "zone.PortAdded('dmz', '8080', 'tcp', 0)";
    assert_eq!(roles_after(&[added]), [Role::AllowedIfZoneApplies]);
    assert_eq!(roles_after(&["DefaultZoneChanged('dmz')", added]), [Role::Allowed]);
    assert_eq!(
        roles_after(&["DefaultZoneChanged('public')", added]),
        [Role::AllowedIfZoneApplies],
        "its interfaces and sources are not known"
    );
    assert_eq!(
        roles_after(&["zone.addPort('', '8080', 'tcp')", added]),
        [Role::Allowed],
        "a request without a zone is about the default zone"
    );
    for bound in ["zone.InterfaceAdded('dmz', 'eth1')", "zone.SourceAdded('dmz', '192.0.2.0/24')"] {
        assert_eq!(roles_after(&[added, bound]), [Role::Allowed], "{bound}");
        let gone = bound.replace("Added", "Removed");
        assert_eq!(roles_after(&[added, bound, &gone]), [Role::AllowedIfZoneApplies], "{gone}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// What is open by a zone against a model: firewalld looks for a source or an interface, and
    /// falls back on the default zone.
    #[test]
    fn a_zone_opens_what_it_allows_where_it_applies(
        zones in prop::collection::vec((any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>()), 1..4),
        default in prop::option::of(0usize..4),
    ) {
        let names = ["dmz", "home", "public", "work"];
        let mut openings = Vec::new();
        let mut unknowns = Vec::new();
        for (name, (interface, source, interfaces_known, sources_known)) in names.iter().zip(&zones) {
            let zone = Text::from(*name);
            let fact = |kind, fact: &'static str| Holder::FirewallFact {
                zone: Some(zone.clone()), layer: Layer::Runtime, kind: Some(kind), fact: Text::from(fact),
            };
            openings.push(self::fact(Some("443/tcp"), Holder::ZonePort { zone: zone.clone(), layer: Layer::Runtime }));
            if *interface {
                openings.push(self::fact(None, fact(Kind::Interfaces, "interface eth0")));
            }
            if *source {
                openings.push(self::fact(None, fact(Kind::Sources, "source 192.0.2.0/24")));
            }
            for (kind, known) in [(Kind::Interfaces, *interfaces_known), (Kind::Sources, *sources_known)] {
                if !known {
                    let list = Scope::ZoneList { zone: zone.clone(), layer: Layer::Runtime, kind };
                    unknowns.push((list, Unknown::BEFORE_LOG));
                }
            }
        }
        let default_zone = default.map(|nth| self::default_zone(names[nth]));
        let open = OpenPorts::new(openings, unknowns, default_zone);
        let mut states = Vec::new();
        for (nth, (interface, source, interfaces_known, sources_known)) in zones.iter().enumerate() {
            let applies = *interface || *source || default == Some(nth);
            let may_apply = default.is_none() || !interfaces_known || !sources_known;
            let role = match (applies, may_apply) {
                (true, _) => Role::Allowed,
                (false, true) => Role::AllowedIfZoneApplies,
                (false, false) => Role::AllowedInUnusedZone,
            };
            let told = open.facts("443/tcp".parse().unwrap()).find(|fact| format!("{:?}", fact.holder).contains(names[nth]));
            prop_assert_eq!(told.map(|fact| fact.role), Some(role), "{}", names[nth]);
            states.push(role);
        }
        let state = open.state_by(Origin::Firewalld, "443/tcp".parse().unwrap());
        let want = if states.contains(&Role::Allowed) {
            PortState::Open
        } else if states.contains(&Role::AllowedIfZoneApplies) {
            PortState::Unknown
        } else {
            PortState::Closed
        };
        prop_assert_eq!(state, want);
    }
}

#[test]
fn an_input_without_a_line_is_never_clean() {
    let list = AllowList::from_csv(CSV).unwrap();
    let report = |log: &str| {
        let mut auditor = Auditor::new();
        auditor.feed(log);
        auditor.report(&Timeline::new())
    };
    let nothing = Conclusion::CannotTell { missing: [Missing::NothingRead].into() };
    for log in ["", "\n", "a line of something else\n", "\u{25cf} firewalld.service - firewalld\n"]
    {
        let report = report(log);
        let comparison = list.check(&report);
        assert_eq!(comparison.conclusion(), nothing, "{log:?}");
        assert!(!comparison.is_clean() && !comparison.has_violations(), "{log:?}");
        let first = "nothing was read: no line of firewalld, CRI-O or ovnkube";
        assert!(report.to_string().starts_with(first), "{report}");
        assert!(comparison.to_string().contains(first), "{comparison}");
    }
    let silent = list.check(&report("2023-06-28 10:46:37 DEBUG1: DefaultZoneChanged('a')\n"));
    let Conclusion::CannotTell { missing } = silent.conclusion() else { panic!("{silent}") };
    assert!(missing.iter().any(|one| matches!(one, Missing::Source { source: Source::Crio, .. })));
    let violated = report(
        "2023-06-28 10:46:37 DEBUG1: DefaultZoneChanged('a')\n2023-06-28 10:46:37 DEBUG1: zone.PortAdded('a', '8080', 'tcp', 0)\n",
    );
    let comparison = list.check(&violated);
    assert_eq!(comparison.conclusion(), Conclusion::Violated, "whatever else is unknown");
    let (_, violation) = comparison.violations().next().unwrap();
    assert_eq!(violation.port, "8080/tcp".parse().unwrap());
}
