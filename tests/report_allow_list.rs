//! The allow list: commatrix' files read and printed back, errors with their places, and lists held
//! against reports.

use hostport_audit::event::Source;
use hostport_audit::event::firewalld::Layer;
use hostport_audit::report::{
    AllowList, AllowedPort, Comparison, Counts, DynamicRange, HostReport, LineReport, OpenPorts,
    Report, Seen, Signs, SourceReport, Verdict,
};
use hostport_audit::state::evidence::{Certainty, Evidence, Support};
use hostport_audit::state::known::Unknown;
use hostport_audit::state::opening::{Holder, Opening, Scope};
use hostport_audit::{Protocol, Text};
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

fn fact(port: Option<&str>, holder: Holder) -> (Opening, Support) {
    (
        Opening { port: port.map(|port| port.parse().unwrap()), holder },
        Support::new(Evidence::default(), Certainty::Confirmed),
    )
}

fn report(
    openings: Vec<(Opening, Support)>,
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
        open: OpenPorts::new(openings, unknowns),
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

fn compare(openings: Vec<(Opening, Support)>, unknowns: Vec<(Scope, Unknown)>) -> Comparison {
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
         - Ingress,TCP,32768-32769,,,,,,false   # open: zone public\n"
    );
    assert!(!comparison.is_clean());
    assert_eq!(comparison.hosts[0].seen[0].seen, Seen::Now);
}

#[test]
fn what_cannot_be_known_is_neither_seen_nor_missed() {
    let unknown = compare(vec![], vec![(Scope::Ovnkube, Unknown::BEFORE_LOG)]);
    let host = &unknown.hosts[0];
    assert_eq!((host.unknown.len(), host.never_seen.len(), host.may_be_more), (2, 0, true));
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
    assert_eq!(
        (host.never_seen.len(), host.optional_not_seen.len(), host.may_be_more),
        (1, 1, false)
    );
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
