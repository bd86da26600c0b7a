//! Objects of the API, sandboxes of CRI-O, listed rules, records of audit and files of firewalld.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice
)]

use hostport_audit::record::checkpoint::objects::{Objects, Sandbox};
use hostport_audit::{ErrorKind, Protocol};
use proptest::prelude::*;
use std::net::IpAddr;

mod common;
use common::corpus;

fn text(name: &str) -> Vec<u8> {
    corpus::file(name).bytes
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn ips(list: &[&str]) -> Vec<IpAddr> {
    list.iter().map(|text| ip(text)).collect()
}

const LIST: &str = "evidence/objects/list.json";
const INSPECTP: &str = "evidence/objects/inspectp.json";

#[test]
fn services_tell_every_address_and_port() {
    let text = text(LIST);
    let objects = Objects::parse(&text).unwrap();
    let [web, headless, elsewhere] = objects.services() else { panic!("three services") };
    assert_eq!((web.namespace.to_string(), web.name.to_string()), ("demo".into(), "web".into()));
    assert!(web.name.is_borrowed());
    assert_eq!(web.kind, "LoadBalancer");
    assert_eq!(web.cluster_ips, ips(&["10.43.1.1", "fd02::11"]));
    assert_eq!(web.external_ips, ips(&["203.0.113.9"]));
    assert_eq!(web.external_traffic_policy.as_ref().unwrap(), &"Local");
    assert_eq!(web.health_check_node_port, Some(31999));
    assert_eq!(web.source_ranges, ["198.51.100.0/24"]);
    assert_eq!(web.ingress[0].ip, Some(ip("192.168.122.10")));
    assert_eq!(web.ingress[0].ip_mode.as_ref().unwrap(), &"VIP");
    assert_eq!(web.ingress[1].host_name.as_ref().unwrap(), &"lb.example.com");
    let ports: Vec<_> = web
        .ports
        .iter()
        .map(|port| {
            (
                port.protocol,
                port.port,
                port.node_port.unwrap(),
                port.target_port.as_ref().unwrap().to_string(),
            )
        })
        .collect();
    assert_eq!(
        ports,
        [
            (Protocol::Tcp, 80, 30080, "8080".to_owned()),
            (Protocol::Udp, 53, 30053, "dns-udp".to_owned()),
            (Protocol::Sctp, 36412, 30036, "36412".to_owned())
        ]
    );
    assert!(headless.cluster_ips.is_empty());
    assert_eq!((headless.ports[0].node_port, headless.ports[0].protocol), (None, Protocol::Tcp));
    assert_eq!(elsewhere.kind, "ExternalName");
    assert_eq!((objects.passed_over(), objects.is_partial()), (1, false));
    assert!(objects.has_pods() && objects.has_services());
}

#[test]
fn pods_tell_what_they_were_given_and_where() {
    let text = text(LIST);
    let objects = Objects::parse(&text).unwrap();
    let [dns, exporter, waiting] = objects.pods() else { panic!("three pods") };
    assert_eq!(
        (dns.uid.to_string(), dns.host_network),
        ("3c0de7a1-2222-4b1f-9a5e-0123456789ab".into(), false)
    );
    assert_eq!(dns.host_ips, ips(&["192.168.122.10", "fd00:122::10"]));
    assert_eq!(dns.pod_ips, ips(&["10.42.0.7", "fd01::7"]));
    assert_eq!(
        (dns.node.as_ref().unwrap(), dns.phase.as_ref().unwrap()),
        (&"edge-1".into(), &"Running".into())
    );
    let ports: Vec<_> = dns
        .containers
        .iter()
        .flat_map(|container| {
            container.ports.iter().map(move |port| (container.name.to_string(), port))
        })
        .filter(|(_, port)| port.host_port.is_some())
        .map(|(name, port)| {
            (name, port.protocol, port.host_port.unwrap(), port.host_ip, port.container_port)
        })
        .collect();
    assert_eq!(
        ports,
        [
            ("dns".to_owned(), Protocol::Tcp, 5300, Some(ip("192.168.122.10")), 53),
            ("proxy".to_owned(), Protocol::Sctp, 9000, None, 9000)
        ]
    );
    assert!(exporter.host_network);
    assert_eq!(exporter.host_ips, ips(&["192.168.122.10"]));
    assert_eq!((waiting.node.is_none(), waiting.pod_ips.len()), (true, 0));
}

#[test]
fn single_objects_and_typed_lists_are_read() {
    let pod =
        r#"{"metadata":{"name":"a","namespace":"b"},"spec":{"hostNetwork":true,"containers":[]}}"#;
    for (text, partial) in [
        (pod.replacen('{', r#"{"kind":"Pod","#, 1), false),
        (
            format!(r#"{{"items":[{pod}],"kind":"PodList","metadata":{{"resourceVersion":"9"}}}}"#),
            false,
        ),
        (format!(r#"{{"kind":"PodList","metadata":{{"continue":"abc"}},"items":[{pod}]}}"#), true),
        (
            format!(
                r#"{{"kind":"PodList","metadata":{{"remainingItemCount":3}},"items":[{pod}]}}"#
            ),
            true,
        ),
    ] {
        let objects =
            Objects::parse(text.as_bytes()).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert!(objects.pods()[0].host_network && objects.has_pods() && !objects.has_services());
        assert_eq!(objects.is_partial(), partial, "{text}");
    }
    let none = Objects::parse(br#"{"kind":"ServiceList","items":null}"#).unwrap();
    assert!(none.has_services() && none.services().is_empty());
}

#[test]
fn a_sandbox_tells_its_host_ports_and_its_network() {
    let text = text(INSPECTP);
    let sandbox = Sandbox::parse(&text).unwrap();
    assert_eq!(sandbox.id, "1f00ba5eba11c0ffee00112233445566778899aabbccddeeff00112233445566");
    assert_eq!(
        (sandbox.namespace, sandbox.name),
        ("openshift-dns".into(), "dns-default-x7k2p".into())
    );
    assert_eq!(sandbox.ips, ips(&["10.42.0.7", "fd01::7"]));
    assert_eq!(sandbox.host_network, Some(false));
    let mappings: Vec<_> = sandbox
        .port_mappings
        .unwrap()
        .iter()
        .map(|m| (m.protocol, m.host_port, m.container_port, m.host_ip))
        .collect();
    assert_eq!(
        mappings,
        [(Protocol::Tcp, 5300, 53, Some(ip("192.168.122.10"))), (Protocol::Sctp, 9000, 9000, None)]
    );
    let several = [&text[..], &text[..]].concat();
    assert_eq!(Sandbox::parse_all(&several).unwrap().len(), 2);
    let array = [b"[", &text[..], b",", &text[..], b"]\n"].concat();
    assert_eq!(Sandbox::parse_all(&array).unwrap().len(), 2);
    assert!(Sandbox::parse(&several).is_err());
}

#[test]
fn an_annotation_of_the_pod_hides_no_host_port() {
    let text = String::from_utf8(text(INSPECTP)).unwrap();
    let own = |key: &str| {
        let more = format!(
            "\"annotations\": {{\n      \"{key}\": \"[]\",\n      \"kubernetes.io/config.seen\""
        );
        text.replacen("\"annotations\": {\n      \"kubernetes.io/config.seen\"", &more, 1)
    };
    let forged = own("io.kubernetes.cri-o.PortMappings");
    let sandbox = Sandbox::parse(forged.as_bytes()).unwrap();
    assert_eq!((sandbox.port_mappings, sandbox.host_network), (None, Some(false)));
    for key in ["io.kubernetes.cri-o.HostNetwork", "io.kubernetes.cri-o.NamespaceOptions"] {
        let forged = own(key);
        let sandbox = Sandbox::parse(forged.as_bytes()).unwrap();
        assert_eq!((sandbox.port_mappings.map(|m| m.len()), sandbox.host_network), (Some(2), None));
    }
    // The two places that tell the mode disagree.
    let forged = text.replace("\"network\": \"POD\"", "\"network\": \"NODE\"");
    assert_eq!(Sandbox::parse(forged.as_bytes()).unwrap().host_network, None);
    // Without the runtime's specification nothing is said of host ports.
    let short = br#"{"status":{"id":"a","metadata":{"name":"n"}}}"#;
    let sandbox = Sandbox::parse(short).unwrap();
    assert_eq!((sandbox.port_mappings, sandbox.host_network), (None, None));
}

#[test]
fn broken_objects_are_refused_with_their_place() {
    let list = String::from_utf8(text(LIST)).unwrap();
    let mut refused = 0;
    for (from, to, kind) in [
        ("30080", "70000", ErrorKind::Port),
        ("30080", "\"30080\"", ErrorKind::Json),
        ("30080", "-1", ErrorKind::Port),
        ("\"SCTP\"", "\"ICMP\"", ErrorKind::Protocol),
        ("203.0.113.9", "203.0.113", ErrorKind::Address),
        ("\"hostNetwork\": true", "\"hostNetwork\": \"true\"", ErrorKind::Json),
        ("\"name\": \"web\"", "\"name\": \"\"", ErrorKind::Json),
        ("\"kind\": \"List\"", "\"kind\": \"Table\"", ErrorKind::Json),
        ("\"containerPort\": 9100", "\"port\": 9100", ErrorKind::Json),
    ] {
        let broken = list.replacen(from, to, 1);
        assert_ne!(broken, list);
        let error = Objects::parse(broken.as_bytes()).unwrap_err();
        assert_eq!(error.error().kind(), kind, "{to}: {error}");
        let before = &broken.as_bytes()[..error.error().offset()];
        assert_eq!(error.line(), before.iter().filter(|b| **b == b'\n').count() as u64 + 1);
        if kind == ErrorKind::Port {
            assert!(broken[error.error().offset()..].starts_with(to), "{error}");
        }
        refused += 1;
    }
    assert_eq!(refused, 9);
    let inspectp = String::from_utf8(text(INSPECTP)).unwrap();
    for (from, to) in [
        ("\\\"HostPort\\\":5300", "\\\"HostPort\\\":true"),
        ("[{\\\"", "x[{\\\""),
        ("\"id\"", "\"di\""),
    ] {
        let broken = inspectp.replacen(from, to, 1);
        assert_ne!(broken, inspectp);
        assert!(Sandbox::parse(broken.as_bytes()).is_err(), "{to}");
    }
}

#[test]
fn a_cut_object_is_refused() {
    for name in [LIST, INSPECTP] {
        let text = text(name);
        let end = text.trim_ascii_end().len();
        for at in (0..end).step_by(3).chain(end - 20..end) {
            assert!(Objects::parse(&text[..at]).is_err(), "{name} at {at}");
            assert!(Sandbox::parse(&text[..at]).is_err(), "{name} at {at}");
        }
        let mut marked = b"\xef\xbb\xbf".to_vec();
        marked.extend(String::from_utf8(text.clone()).unwrap().replace('\n', "\r\n").bytes());
        if name == LIST {
            assert_eq!(Objects::parse(&marked).unwrap(), Objects::parse(&text).unwrap());
        } else {
            assert_eq!(Sandbox::parse(&marked).unwrap(), Sandbox::parse(&text).unwrap());
        }
    }
}

/// Changes, takes away and adds bytes.
fn edited(mut text: Vec<u8>, edits: &[(prop::sample::Index, u8, u8)]) -> Vec<u8> {
    for (at, byte, kind) in edits {
        let at = at.index(text.len().max(1)).min(text.len());
        match kind {
            0 if at < text.len() => text[at] = *byte,
            1 if at < text.len() => drop(text.remove(at)),
            2 => text.insert(at, *byte),
            _ => text.truncate(at.max(1)),
        }
    }
    text
}

fn edits() -> impl Strategy<Value = Vec<(prop::sample::Index, u8, u8)>> {
    prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0u8..4), 1..5)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn broken_objects_never_panic(edits in edits()) {
        let list = edited(text(LIST), &edits);
        if let Ok(objects) = Objects::parse(&list) {
            prop_assert_eq!(&objects.clone().into_owned(), &objects);
        }
        let inspectp = edited(text(INSPECTP), &edits);
        for sandbox in Sandbox::parse_all(&inspectp).unwrap_or_default() {
            prop_assert_eq!(&sandbox.clone().into_owned(), &sandbox);
        }
    }
}
