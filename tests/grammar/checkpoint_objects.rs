//! Objects of the API, sandboxes of CRI-O, listed rules, records of audit and files of firewalld.

use hostport_audit::record::Reading;
use hostport_audit::record::checkpoint::chains::{Chain, Chains, ListedRule, RuleProtocol};
use hostport_audit::record::checkpoint::firewalld_conf::FirewalldConf;
use hostport_audit::record::checkpoint::objects::{Objects, Sandbox};
use hostport_audit::record::checkpoint::table_change::{TableChange, TableFamily};
use hostport_audit::record::checkpoint::zone_file::ZoneFile;
use hostport_audit::record::list_all::{Listings, Subject};
use hostport_audit::record::save::Save;
use hostport_audit::{ErrorKind, Family, Protocol};
use proptest::prelude::*;
use std::net::IpAddr;

use crate::common;
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

const ERA: &str = "evidence/samples/nft/iptables-era.iptables-t-nat-nvL.txt";
const EMPTY: &str = "evidence/samples/nft/iptables-t-nat-nvL.txt";
const TRAPS: [&str; 2] = [
    "evidence/samples/nft/iptables-traps.iptables-t-nat-nvL.txt",
    "evidence/samples/nft/iptables-traps.ip6tables-t-nat-nvL.txt",
];

fn rules<'c, 'a>(chains: &'c Chains<'a>) -> Vec<(&'c Chain<'a>, &'c ListedRule<'a>)> {
    chains.chains().iter().flat_map(|c| c.rules().iter().map(move |rule| (c, rule))).collect()
}

#[test]
fn listed_rules_tell_the_same_as_saved_ones() {
    let listed = text(ERA);
    let chains = Chains::parse(&listed).unwrap();
    assert!(chains.references_agree() && !chains.is_cut());
    assert_eq!(chains.family(), Some(Family::Ipv4));
    let saved = text("evidence/samples/nft/iptables-era.iptables-save.txt");
    let saved = Save::parse(&saved).unwrap();
    let listed = rules(&chains);
    assert_eq!(listed.len(), saved.rules().len());
    // Both go chain by chain; the chains stand in another order.
    for chain in chains.chains() {
        let of_chain = saved.rules().iter().filter(|saved| saved.chain() == chain.name());
        let of_chain: Vec<_> = of_chain.map(|saved| saved.rule()).collect();
        assert_eq!(chain.rules().len(), of_chain.len(), "{}", chain.name());
        for (listed, saved) in chain.rules().iter().zip(of_chain) {
            assert!(listed.is_whole());
            let protocol = saved.protocol().and_then(|protocol| protocol.plain());
            let protocol = protocol.map_or(RuleProtocol::Any, RuleProtocol::One);
            assert_eq!(*listed.protocol(), protocol);
            let ports = saved.dport().and_then(|ports| ports.plain()?.single_range());
            assert_eq!(listed.destination_ports(), ports);
            assert_eq!(listed.is_local(), saved.dst_type_local());
            assert_eq!(listed.comment().cloned(), saved.comment());
            let to = saved.to_destination().map(|to| to.text().clone().into_owned());
            assert_eq!(listed.to().cloned(), to);
            let jump = format!("-j {}", listed.target());
            assert!(String::from_utf8_lossy(saved.as_bytes()).contains(&jump));
            let destination = saved.destination().and_then(|network| network.plain());
            let destination = destination.map_or("0.0.0.0/0".into(), |d| d.address().to_string());
            assert_eq!(listed.destination(), &*destination);
        }
    }
    let chain = |name: &[u8]| &chains.get(name).unwrap().rules()[0];
    let host_port = chain(b"KUBE-HOSTPORTS");
    assert_eq!(host_port.destination_ports().unwrap().to_string(), "443");
    assert_eq!(host_port.comment().unwrap(), &"k8s_dual_default_UID_0_ hostport 443");
    assert_eq!(*host_port.protocol(), RuleProtocol::One(Protocol::Tcp));
    assert_eq!(chain(b"KUBE-HP-EBFULECE6UMBVPG3").to().unwrap(), &"10.42.0.9:8443");
    let node_port = chain(b"OVN-KUBE-NODEPORT");
    assert!(node_port.is_local());
    assert_eq!(node_port.destination(), &"0.0.0.0/0");
    let external = chain(b"OVN-KUBE-EXTERNALIP");
    assert_eq!((external.destination(), external.is_local()), (&"203.0.113.7".into(), false));
    assert_eq!(*external.protocol(), RuleProtocol::One(Protocol::Udp));
    assert_eq!(chain(b"OVN-KUBE-ETP").probability().unwrap(), &"0.50000000000");
    assert!(chains.get(b"PREROUTING").unwrap().policy().is_some());

    let nothing = text(EMPTY);
    let chains = Chains::parse(&nothing).unwrap();
    assert_eq!((chains.chains().len(), rules(&chains).len(), chains.family()), (4, 0, None));
}

#[test]
fn a_listed_rule_says_what_it_does_not_tell() {
    for (name, family, to) in
        [(TRAPS[0], Family::Ipv4, "10.42.0.9:8443"), (TRAPS[1], Family::Ipv6, "[fd01::9]:8443")]
    {
        let text = text(name);
        let chains = Chains::parse(&text).unwrap_or_else(|refused| panic!("{name}: {refused}"));
        assert!(chains.references_agree());
        assert_eq!(chains.family(), Some(family));
        // The comment is `a */ tcp dpt:1 to:9.9.9.9:9`; the rule leads from port 443.
        let forged = &chains.get(b"KUBE-HOSTPORTS").unwrap().rules()[0];
        assert_eq!(
            (forged.is_whole(), forged.destination_ports(), forged.to()),
            (false, None, None)
        );
        let etp = chains.get(b"OVN-KUBE-ETP").unwrap().rules();
        assert_eq!(etp[0].destination_ports().unwrap().to_string(), "53-60");
        assert_eq!((etp[0].to().unwrap(), etp[0].is_whole()), (&to.into(), true));
        assert_eq!(*etp[1].protocol(), RuleProtocol::One(Protocol::Sctp));
        assert!(!etp[2].is_whole(), "multiport and redir are not read");
        assert_eq!((etp[3].input(), etp[3].output()), (&"lo".into(), &"!eth0".into()));
        assert!(etp[3].source().as_bytes().starts_with(b"!"));
        let prerouting = chains.get(b"PREROUTING").unwrap().rules();
        assert!(prerouting[1].target().is_empty() && prerouting[2].target().is_empty());
        assert_eq!(prerouting[1].destination_ports().unwrap().first(), 7);
        assert_eq!(chains.get(b"EMPTY").unwrap().references(), Some(0));
    }
}

#[test]
fn a_listing_of_rules_of_another_form_or_a_broken_one_is_refused() {
    let title = " pkts bytes target     prot opt in     out     source               destination";
    let rule = "    0     0 DNAT       6    --  *      *       0.0.0.0/0            0.0.0.0/0 ";
    let head = "Chain X (0 references)";
    for (text, line) in [
        (String::new(), 1),
        ("hello\n".to_owned(), 1),
        (format!("{rule}\n"), 1),
        (format!("{head}\n"), 2),
        (format!("{head}\ntarget     prot opt source               destination\n"), 2),
        (format!("{head}\nnum{title}\n"), 2),
        (format!("{head}\n{title}\n1 {rule}\n"), 3),
        (format!("{head}\n{title}\n{rule} /* a\n{rule} b */\n"), 3),
        (format!("{head}\n{title}\n    0     0 DNAT\n"), 3),
    ] {
        let refused = Chains::parse(text.as_bytes()).unwrap_err();
        assert_eq!(refused.line(), line, "{text}: {refused}");
    }
    let lost = format!("{head}\n{title}\n{rule}\n\nChain Y (1 references)\n{title}\n");
    assert!(!Chains::parse(lost.as_bytes()).unwrap().references_agree());
}

#[test]
fn a_cut_listing_of_rules_is_refused_or_a_beginning_that_says_so() {
    for name in [ERA, EMPTY, TRAPS[0], TRAPS[1]] {
        let text = text(name);
        let whole = Chains::parse(&text).unwrap();
        for end in 0..text.len() {
            let Ok(chains) = Chains::parse(&text[..end]) else { continue };
            assert_eq!(chains.is_cut(), text[end - 1] != b'\n', "{name} at {end}");
            for (part, all) in rules(&chains).iter().zip(rules(&whole)) {
                assert_eq!((part.0.name(), part.1), (all.0.name(), all.1), "{name} at {end}");
            }
        }
        let other = String::from_utf8(text.clone()).unwrap().replace('\n', "\r\n");
        assert_eq!(Chains::parse(other.as_bytes()).unwrap(), whole);
    }
}

#[test]
fn audit_tells_which_table_changed() {
    let text = text("evidence/samples/audit/dmesg-netfilter_cfg.txt");
    let text = String::from_utf8(text).unwrap();
    let mut changes = Vec::new();
    for line in text.lines() {
        match TableChange::parse(line.as_bytes()) {
            Reading::Record(change) => changes.push(change),
            other => assert_eq!(other, Reading::Unrelated, "{line}"),
        }
    }
    let told: Vec<_> = changes
        .iter()
        .map(|c| (c.family(), c.table().to_str().unwrap(), c.generation().unwrap(), c.entries()))
        .collect();
    assert_eq!(
        told,
        [
            (TableFamily::Ip, "crio-hostports", 2, 15),
            (TableFamily::Ip, "crio-hostports", 3, 2),
            (TableFamily::Inet, "ovn-kubernetes", 4, 1),
            (TableFamily::Inet, "ovn-kubernetes", 5, 3)
        ]
    );
    let first = &changes[0];
    let moment = first.moment().unwrap();
    assert_eq!((moment.seconds, moment.milliseconds, moment.number), (1_795_604_719, 385, 2));
    assert_eq!((first.operation(), first.pid()), (&"nft_register_chain".into(), Some(12763)));
    assert_eq!(first.clone().into_owned(), *first);
}

#[test]
fn every_form_of_an_audit_record_tells_the_same() {
    let fields = "table=firewalld:7 family=1 entries=85 op=nft_register_rule pid=9 subj=system_u:system_r:firewalld_t:s0 comm=\"firewalld\"";
    let read = |line: &str| match TableChange::parse(line.as_bytes()) {
        Reading::Record(change) => change.into_owned(),
        other => panic!("{line}: {other:?}"),
    };
    let file = read(&format!("type=NETFILTER_CFG msg=audit(1795604719.385:2): {fields}"));
    for line in [
        format!("node=edge-1 type=NETFILTER_CFG msg=audit(1795604719.385:2): {fields}"),
        format!("type=NETFILTER_CFG msg=audit(1795604719.385:2) : {fields}").replace(") :", "):"),
        format!("audit: type=1325 audit(1795604719.385:2): {fields}"),
        format!("[   12.345678] audit: type=1325 audit(1795604719.385:2): {fields}"),
        format!("type=NETFILTER_CFG msg=audit(1795604719.385:2): {fields}\x1dSUBJ=\"x\""),
    ] {
        assert_eq!(read(&line), file, "{line}");
    }
    let journal = read(&format!("NETFILTER_CFG {fields}"));
    assert_eq!((journal.moment(), journal.table()), (None, file.table()));
    let old = read(
        "type=NETFILTER_CFG msg=audit(1.000:2): table=nat family=10 entries=5 op=xt_replace pid=1 comm=6E66742061",
    );
    assert_eq!((old.generation(), old.family()), (None, TableFamily::Ip6));
    assert_eq!(old.command().unwrap(), &"nft a");

    for broken in [
        "type=NETFILTER_CFG msg=audit(1.000:2): table=firewalld:1;filter_FORWARD:85 family=inet entries=1 op=register",
        "type=NETFILTER_CFG msg=audit(1.000:2): table=nat family=10 entries=5",
        "type=NETFILTER_CFG msg=audit(1.000:2): table=ovn-kubernetes family=1 entries=5 op=nft_register_set pid=3 comm=\"nft\"",
    ] {
        assert!(matches!(TableChange::parse(broken.as_bytes()), Reading::Malformed(_)), "{broken}");
    }
    let whole = format!("type=NETFILTER_CFG msg=audit(1795604719.385:2): {fields}");
    for end in 0..whole.len() {
        if let Reading::Record(change) = TableChange::parse(&whole.as_bytes()[..end]) {
            // A line that ends behind a whole field lacks the fields behind it and no more.
            assert_eq!((change.table(), change.generation()), (file.table(), file.generation()));
            assert_eq!(change.family(), file.family());
        }
    }
}

#[test]
fn a_zone_file_tells_the_permanent_layer() {
    let text = text("evidence/samples/firewalld/public.xml");
    let zone = ZoneFile::parse(&text).unwrap();
    assert_eq!(zone.services, ["ssh", "dhcpv6-client"]);
    assert_eq!(zone.ports[0].host_port(), Some("443/tcp".parse().unwrap()));
    assert!(zone.forward && zone.target.is_none() && zone.services[0].is_borrowed());

    let full = r#"<?xml version="1.0" encoding="utf-8"?>
<!-- a comment -->
<zone version="1" target="%%REJECT%%" ingress-priority="5">
  <short>My &amp; zone</short>
  <interface name="eth0"/><interface name="eth1"/>
  <source address="192.0.2.0/24"/><source ipset="bad"/>
  <port port="8000-8010" protocol="udp"/><port port="http" protocol="tcp"/>
  <protocol value="gre"/>
  <source-port port="68" protocol="udp"/>
  <forward-port port="2222" protocol="tcp" to-port="22" to-addr="10.0.0.5"/>
  <forward-port port="81" protocol="tcp" to-port="80"/>
  <icmp-block name="redirect"/><icmp-block-inversion/>
  <masquerade/>
  <rule family="ipv4" priority="-1">
    <source address="192.0.2.0/24" invert="True"/>
    <port port="9443" protocol="tcp"/>
    <log prefix="a &gt; b" level="info"><limit value="1/m"/></log>
    <accept><limit value="2/m"/></accept>
  </rule>
  <rule><service name="ssh"/><drop/></rule>
</zone>
"#;
    let zone = ZoneFile::parse(full.as_bytes()).unwrap_or_else(|refused| panic!("{refused}"));
    assert_eq!(zone.target.as_ref().unwrap(), &"%%REJECT%%");
    assert_eq!(zone.interfaces, ["eth0", "eth1"]);
    assert_eq!(zone.sources, ["192.0.2.0/24", "ipset:bad"]);
    let ports: Vec<_> = zone.ports.iter().map(ToString::to_string).collect();
    assert_eq!(ports, ["8000-8010/udp", "http/tcp"]);
    assert_eq!(zone.ports[1].host_port(), None);
    assert_eq!(zone.source_ports[0].to_string(), "68/udp");
    assert_eq!(zone.forward_ports[0].to_address, "10.0.0.5");
    assert_eq!(
        (zone.forward_ports[1].to_port.to_string(), zone.forward_ports[1].to_address.is_empty()),
        ("80".into(), true)
    );
    assert!(zone.masquerade && zone.icmp_block_inversion && !zone.forward);
    assert_eq!(zone.rich_rules.len(), 2);
    assert_eq!(zone.rich_rules[1], r#"<rule><service name="ssh"/><drop/></rule>"#);
    assert!(zone.rich_rules[0].to_str().unwrap().ends_with("</rule>"));
    assert_eq!(zone.clone().into_owned(), zone);
    let marked = [b"\xef\xbb\xbf", full.replace('\n', "\r\n").as_bytes()].concat();
    let other = ZoneFile::parse(&marked).unwrap();
    assert_eq!((other.ports, other.sources), (zone.ports.clone(), zone.sources.clone()));

    for (from, to, kind) in [
        ("<masquerade/>", "<masquerde/>", ErrorKind::Xml),
        ("8000-8010", "8000-80100", ErrorKind::Port),
        ("\"udp\"/><port", "\"icmp\"/><port", ErrorKind::Protocol),
        ("%%REJECT%%", "reject", ErrorKind::Xml),
        ("name=\"eth0\"", "nam=\"eth0\"", ErrorKind::Xml),
        ("<limit value=\"1/m\"/>", "<limit><a><b/></a></limit>", ErrorKind::Xml),
        ("<zone ", "<!DOCTYPE zone [<!ENTITY a \"b\">]><zone ", ErrorKind::Xml),
        ("<source ipset=\"bad\"/>", "<source/>", ErrorKind::Xml),
    ] {
        let broken = full.replacen(from, to, 1);
        assert_ne!(broken, full);
        let refused = ZoneFile::parse(broken.as_bytes()).unwrap_err();
        assert_eq!(refused.error().kind(), kind, "{to}: {refused}");
    }
    for end in 0..full.trim_end().len() {
        assert!(ZoneFile::parse(&full.as_bytes()[..end]).is_err(), "at {end}");
    }
}

#[test]
fn firewalld_conf_is_read_as_firewalld_reads_it() {
    let builtin = text("evidence/samples/firewalld/firewalld.conf");
    let conf = FirewalldConf::parse(&builtin).unwrap();
    assert_eq!(
        (conf.default_zone(), conf.backend().unwrap()),
        ("public".into(), &"nftables".into())
    );
    assert!(!conf.strict_forward_ports() && !conf.individual_calls());
    assert!(conf.cleanup_on_exit() && conf.flush_all_on_reload());
    assert_eq!((conf.settings().count(), conf.passed_over(), conf.is_cut()), (14, 0, false));

    for end in 0..builtin.len() {
        // A value without its line end may lack a part: `DefaultZone=public` cut to `pub`.
        let Ok(cut) = FirewalldConf::parse(&builtin[..end]) else { continue };
        assert_eq!(cut.is_cut(), end > 0 && builtin[end - 1] != b'\n');
        for (key, value) in cut.settings() {
            assert_eq!(conf.get(key).unwrap(), value, "at {end}");
        }
    }

    let text = b"\xef\xbb\xbf ; note\r\n DefaultZone = edge \r\nDefaultZone=drop\r\nStrictForwardPorts=Yes\r\n\
        IndividualCalls=TRUE\r\nCleanupOnExit=no\r\nNoSuchKey=1\r\nLogDenied=\r\nFlushAllOnReload=a=b\r\n";
    let conf = FirewalldConf::parse(text).unwrap();
    assert_eq!(conf.default_zone(), "edge", "the first one counts");
    assert!(conf.strict_forward_ports() && conf.individual_calls() && !conf.cleanup_on_exit());
    assert_eq!((conf.passed_over(), conf.get("LogDenied")), (4, None));
    // Any text but no and false switches it on.
    for (value, strict) in [("no", false), ("False", false), ("true", true), ("maybe", true)] {
        let text = format!("StrictForwardPorts={value}\n");
        assert_eq!(FirewalldConf::parse(text.as_bytes()).unwrap().strict_forward_ports(), strict);
    }
    let nothing = FirewalldConf::parse(b"# all defaults\n").unwrap();
    assert_eq!((nothing.default_zone(), nothing.backend()), ("public".into(), None));
    let refused = FirewalldConf::parse(b"# a\nhello\n").unwrap_err();
    assert_eq!((refused.line(), refused.error().offset()), (2, 4));
}

#[test]
fn policies_of_a_node_are_listed() {
    let text = text("evidence/samples/firewalld/list-all-policies.txt");
    let policies: Vec<_> = Listings::new(&text).map(Result::unwrap).collect();
    assert_eq!((policies.len(), policies[0].subject()), (1, Subject::Policy));
    assert_eq!(policies[0].name(), "allow-host-ipv6");
    assert!(policies[0].is_active());
    assert_eq!(policies[0].target(), "CONTINUE");
    assert_eq!(policies[0].rich_rules().count(), 4);
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

    #[test]
    fn other_broken_texts_never_panic(edits in edits(), pick in 0usize..4) {
        let rules = edited(text([ERA, EMPTY, TRAPS[0], TRAPS[1]][pick]), &edits);
        if let Ok(chains) = Chains::parse(&rules) {
            prop_assert_eq!(&chains.clone().into_owned(), &chains);
            let _ = (chains.references_agree(), chains.family());
        }
        for line in edited(text("evidence/samples/audit/dmesg-netfilter_cfg.txt"), &edits).split(|b| *b == b'\n') {
            if let Reading::Malformed(error) = TableChange::parse(line) {
                prop_assert!(error.offset() <= line.len());
            }
        }
        let zone = edited(text("evidence/samples/firewalld/public.xml"), &edits);
        if let Ok(zone) = ZoneFile::parse(&zone) {
            prop_assert_eq!(&zone.clone().into_owned(), &zone);
        }
        let conf = edited(text("evidence/samples/firewalld/firewalld.conf"), &edits);
        if let Ok(conf) = FirewalldConf::parse(&conf) {
            prop_assert_eq!(&conf.clone().into_owned(), &conf);
        }
    }
}
