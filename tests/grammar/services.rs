//! firewalld's service definitions: files, table and stock.

use hostport_audit::record::service_file;
use hostport_audit::state::services::{Release, ServiceTable, builtin_services, stock_services_of};
use hostport_audit::{ErrorKind, HostPort, PortRange, Protocol, Service};
use proptest::prelude::*;

use crate::common;
use common::corpus;

fn ports(text: &str) -> Vec<HostPort> {
    text.split_whitespace().map(|port| port.parse().unwrap()).collect()
}

/// How many service files each release has.
const COUNTS: [(&str, usize); 9] = [
    ("0.9.0", 175),
    ("0.9.11", 175),
    ("1.0.0", 182),
    ("1.2.1", 210),
    ("1.3.3", 221),
    ("2.0.0", 241),
    ("2.3.1", 259),
    ("2.4.0", 263),
    ("2.5.0", 264),
];

#[test]
fn the_stock_has_every_service_of_a_release() {
    for (release, count) in COUNTS {
        let table = stock_services_of(release.parse().unwrap()).unwrap();
        assert_eq!(table.len(), count, "{release}");
        for (name, _) in table.iter() {
            table.resolve(name.as_bytes()).unwrap();
            table.ports(name.as_bytes()).unwrap();
        }
    }
    assert_eq!(Some(builtin_services()), stock_services_of(Release::NEWEST));
}

#[test]
fn the_stock_opens_the_ports_that_the_services_are_known_for() {
    let table = builtin_services();
    for (name, expected) in [
        ("ssh", "22/tcp"),
        ("cockpit", "9090/tcp"),
        ("dhcpv6-client", "546/udp"),
        ("mdns", "5353/udp"),
        ("http", "80/tcp"),
        ("https", "443/tcp"),
        ("dns", "53/tcp 53/udp"),
        ("kube-apiserver", "6443/tcp"),
        ("kubelet", "10250/tcp"),
        ("samba-client", "137/udp 138/udp"),
        ("samba", "137/udp 138/udp 139/tcp 445/tcp"),
        ("freeipa-4", "80/tcp 88/tcp 88/udp 389/tcp 443/tcp 464/tcp 464/udp 636/tcp"),
        ("gre", ""),
    ] {
        assert_eq!(table.ports(name.as_bytes()).unwrap(), ports(expected), "{name}");
    }
    assert_eq!(table.get(b"gre").unwrap().protocols, ["gre"]);
    assert_eq!(table.get(b"mdns").unwrap().ipv4.as_ref().unwrap(), &"224.0.0.251");
}

#[test]
fn a_service_has_the_ports_of_its_release() {
    let at = |release: &str, name: &str| {
        let table = stock_services_of(release.parse().unwrap()).unwrap();
        table.ports(name.as_bytes()).ok()
    };
    assert_eq!(at("1.3.3", "steam-streaming"), Some(ports("27031-27036/udp 27036/tcp 27037/tcp")));
    assert_eq!(
        at("2.5.0", "steam-streaming"),
        Some(ports("10400/udp 10401/udp 27031-27036/udp 27036/tcp 27037/tcp"))
    );
    assert_eq!(at("0.9.3", "syncthing"), Some(ports("21027/udp 22000/tcp")));
    assert_eq!(at("0.9.4", "syncthing"), Some(ports("21027/udp 22000/tcp 22000/udp")));
    assert_eq!(at("1.0.0", "tftp-client"), None);
    for unknown in ["0.8.0", "0.9.12", "1.4.0", "2.5.1", "3.0.0"] {
        assert_eq!(stock_services_of(unknown.parse().unwrap()), None, "{unknown}");
    }
}

#[test]
fn a_release_is_three_numbers() {
    for wrong in ["", "1", "1.2", "1.2.3.4", "v1.2.3", "1.2.x", "1.2.+3", "1.2.256", "1..3"] {
        assert!(wrong.parse::<Release>().is_err(), "{wrong}");
    }
    assert_eq!("2.5.0".parse::<Release>().unwrap().to_string(), "2.5.0");
}

#[test]
fn what_is_not_in_the_table_is_unknown_and_named() {
    let mut table = ServiceTable::new();
    assert_eq!(table.ports(b"app").unwrap_err().to_string(), "no definition of service app");
    table.insert("app", "1/tcp include:base".parse().unwrap());
    assert_eq!(
        table.ports(b"app").unwrap_err().to_string(),
        "no definition of base, which belongs to service app"
    );
    table.insert("base", "http/tcp source:dns/udp".parse().unwrap());
    assert_eq!(*table.ports(b"app").unwrap_err().missing(), "http/tcp");
    table.insert("base", "2/tcp source:dns/udp".parse().unwrap());
    assert_eq!(table.ports(b"app").unwrap(), ports("1/tcp 2/tcp"));
}

#[test]
fn services_that_include_each_other_are_taken_once() {
    let table: ServiceTable =
        [("a", "1/tcp include:b"), ("b", "2/tcp include:c include:a"), ("c", "3/tcp include:c")]
            .into_iter()
            .map(|(name, words)| (name, words.parse::<Service>().unwrap()))
            .collect();
    assert_eq!(table.ports(b"a").unwrap(), ports("1/tcp 2/tcp 3/tcp"));
    assert_eq!(
        table.resolve(b"b").unwrap().iter().map(|(name, _)| name.to_string()).collect::<Vec<_>>(),
        ["b", "c", "a"]
    );
}

const FILE: &str = r#"<?xml version="1.0" encoding="utf-8"?>
<!-- a comment -- no: two dashes end it here -->
"#;

const WHOLE: &str = "\u{feff}<?xml version='1.0'?>
<!-- above --><service version=\"1.0\" >
  <short>A &amp; B</short><description>two
  lines <![CDATA[<port>]]></description>
  <port protocol='udp' port=\"53\"/>
  <port
     port = \"8010-8000\"
     protocol = \"tcp\"></port>
  <!-- <port protocol=\"tcp\" port=\"22\"/> -->
  <port port=\"\" protocol=\"esp\"/>
  <port port=\"http\" protocol=\"tcp\"/>
  <protocol value=\"&#x67;re\"/>
  <source-port port=\"68\" protocol=\"udp\"/>
  <module name=\"nf_conntrack_netbios_ns\"/>
  <helper name=\"ftp\"/>
  <include service=\"dns\"/><include service=\"dns\"/>
  <destination ipv4=\"224.0.0.251\"/>
</service >
<?end?>";

#[test]
fn a_service_file_is_read_whole() {
    let service = service_file::parse(WHOLE.as_bytes()).unwrap();
    assert_eq!(
        service.to_string(),
        "53/udp 8000-8010/tcp protocol:esp protocol:gre source:68/udp http/tcp include:dns helper:netbios-ns helper:ftp \
         ipv4:224.0.0.251"
    );
    assert_eq!(service, service.to_string().parse().unwrap());
}

#[test]
fn a_broken_service_file_is_an_error_at_its_place() {
    for (text, kind, place) in [
        ("", ErrorKind::Xml, ""),
        ("<zone/>", ErrorKind::Xml, "<zone/>"),
        ("<service>", ErrorKind::Xml, ""),
        ("<service></services>", ErrorKind::Xml, "services>"),
        ("<service/>x", ErrorKind::Trailing, "x"),
        ("<service><port port='1'/></service>", ErrorKind::Xml, "<port"),
        ("<service><port port='1' protocol='icmp'/></service>", ErrorKind::Protocol, "icmp"),
        ("<service><port port='1' protocol='TCP'/></service>", ErrorKind::Protocol, "TCP"),
        ("<service><port port='65536' protocol='tcp'/></service>", ErrorKind::Port, "65536"),
        ("<service><port port='1-99999' protocol='tcp'/></service>", ErrorKind::Port, "99999"),
        ("<service><port port='1' protocol='tcp' nat='1'/></service>", ErrorKind::Xml, "nat"),
        (
            "<service><port port='1' port='2' protocol='tcp'/></service>",
            ErrorKind::DuplicateField,
            "port='2'",
        ),
        ("<service><rule/></service>", ErrorKind::Xml, "<rule"),
        ("<service><port port=1 protocol='tcp'/></service>", ErrorKind::Xml, "1 protocol"),
        ("<service><include service='&x;'/></service>", ErrorKind::Xml, "x;"),
        ("<service><include service='a<b'/></service>", ErrorKind::Xml, "<b"),
        ("<!DOCTYPE s [<!ENTITY a 'b'>]><service/>", ErrorKind::Xml, "<!DOCTYPE"),
        ("<service><!-- </service>", ErrorKind::Xml, " </service>"),
        (FILE, ErrorKind::Xml, "-- no: two"),
    ] {
        let error = service_file::parse(text.as_bytes()).unwrap_err();
        assert_eq!(error.kind(), kind, "{text}: {error}");
        assert!(
            text.as_bytes()[error.offset()..].starts_with(place.as_bytes()),
            "{text}: {error}, not at {place}"
        );
        assert!(
            !place.is_empty() || error.offset() == text.len(),
            "{text}: {error}, not at the end"
        );
    }
}

fn port() -> impl Strategy<Value = HostPort> {
    (any::<u16>(), any::<u16>(), any::<bool>(), 0..4usize).prop_map(|(a, b, single, protocol)| {
        HostPort::new(
            Protocol::ALL[protocol],
            if single { PortRange::single(a) } else { PortRange::new(a, b) },
        )
    })
}

fn names() -> impl Strategy<Value = Vec<String>> {
    prop::collection::btree_set("[a-zA-Z0-9_-]{1,12}", 0..4)
        .prop_map(|set| set.into_iter().collect())
}

prop_compose! {
    fn service()(
        opened in prop::collection::btree_set(port(), 0..5),
        source in prop::collection::btree_set(port(), 0..3),
        protocols in prop::collection::vec("[a-z3][a-z][a-z0-9/-]{0,9}", 0..4),
        includes in names(), helpers in names(),
        named in prop::option::of("[a-z][a-z0-9/]{0,8}"),
        ipv6 in prop::option::of((any::<u128>(), 0u8..=128).prop_map(|(address, bits)| format!("{}/{bits}", std::net::Ipv6Addr::from(address)))),
    ) -> Service {
        let mut service = includes.into_iter().fold(Service::new(), Service::with_include);
        service = opened.into_iter().fold(service, Service::with_port);
        service.source_ports = source.into_iter().collect();
        for name in protocols.into_iter().map(hostport_audit::Text::from) {
            if !service.protocols.contains(&name) {
                service.protocols.push(name);
            }
        }
        service.helpers = helpers.into_iter().map(Into::into).collect();
        service.unresolved = named.into_iter().map(|name| format!("{name}/tcp").into()).collect();
        service.ipv6 = ipv6.map(Into::into);
        service
    }
}

/// The service as a file, in one of several ways to write the same.
fn written(service: &Service, style: u64) -> String {
    let mut style = style;
    let mut pick = |of: u64| {
        let picked = style % of;
        style = style.rotate_right(7) ^ 0x9e37;
        picked
    };
    let mut lines = Vec::new();
    let mut element = |name: &str, attributes: &[(&str, String)]| {
        let mut attributes = attributes.to_vec();
        if pick(2) == 0 {
            attributes.reverse();
        }
        let quote = if pick(2) == 0 { '"' } else { '\'' };
        let blank = [" ", "\n\t", "  "][pick(3) as usize];
        let mut line: String = format!("<{name}");
        for (name, value) in attributes {
            let value = if pick(3) == 0 {
                value.chars().map(|c| format!("&#{};", c as u32)).collect()
            } else {
                value
            };
            line += &format!("{blank}{name}={quote}{value}{quote}");
        }
        line += &if pick(2) == 0 { "/>".to_owned() } else { format!("><!-- - --></{name}>") };
        if pick(4) == 0 {
            line += "<!--<port/>-->";
        }
        lines.push(line);
    };
    for (name, list) in [("port", &service.ports), ("source-port", &service.source_ports)] {
        for port in list {
            element(
                name,
                &[("port", port.range().to_string()), ("protocol", port.protocol().to_string())],
            );
        }
    }
    for port in &service.unresolved {
        let port = port.to_str().unwrap().strip_suffix("/tcp").unwrap().to_owned();
        element("port", &[("port", port), ("protocol", "tcp".to_owned())]);
    }
    for (name, attribute, list) in [
        ("protocol", "value", &service.protocols),
        ("include", "service", &service.includes),
        ("helper", "name", &service.helpers),
    ] {
        for value in list {
            element(name, &[(attribute, value.to_string())]);
        }
    }
    if let Some(ipv6) = &service.ipv6 {
        element("destination", &[("ipv6", ipv6.to_string())]);
    }
    format!(
        "<?xml version=\"1.0\"?>\n<service>\n<short>x</short>\n{}\n</service>\n",
        lines.join("\n")
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn a_service_is_the_same_in_words_and_in_a_file(service in service(), style in any::<u64>()) {
        prop_assert_eq!(&service.to_string().parse::<Service>().unwrap(), &service);
        let file = written(&service, style);
        prop_assert_eq!(service_file::parse(file.as_bytes()).map_err(|e| e.in_line(file.as_bytes()).to_string()), Ok(service));
    }

    #[test]
    fn a_mutated_file_is_read_or_refused_at_a_place_inside_it(at in any::<prop::sample::Index>(), byte in any::<u8>(), kind in 0..3) {
        let mut file = WHOLE.as_bytes().to_vec();
        let at = at.index(file.len());
        match kind {
            0 => file[at] = byte,
            1 => drop(file.remove(at)),
            _ => file.truncate(at),
        }
        if let Err(error) = service_file::parse(&file) {
            prop_assert!(error.offset() <= file.len());
        }
    }

    #[test]
    fn words_of_any_kind_never_panic(text in "\\PC{0,40}") {
        if let Ok(service) = text.parse::<Service>() {
            prop_assert_eq!(service.to_string().parse::<Service>().unwrap(), service);
        }
    }
}

/// A service file as people post it, under `tests/corpus/found/services`.
fn found(name: &str) -> Vec<u8> {
    corpus::file(&format!("found/services/{name}")).bytes
}

#[test]
fn what_firewalld_s_own_reader_refuses_is_shown_with_its_line() {
    for (name, shown) in [
        (
            "99c-leading-newline.xml",
            "line 2:\n<?xml version=\\\"1.0\\\" encoding=\\\"utf-8\\\"?>\n^ expected nothing, not even a \
             blank, before the XML declaration",
        ),
        (
            "99l-comma.xml",
            "line 3:\n  <port port=\\\"80 , 443\\\" protocol=\\\"tcp\\\"/>\n                 ^ expected a \
             port, a range of ports or the name of a service",
        ),
    ] {
        let file = found(name);
        let error = service_file::parse(&file).unwrap_err();
        assert_eq!(error.in_line(&file).to_string(), shown, "{name}");
    }
}

/// A service file with one port.
fn with_port(port: &str) -> String {
    format!("<service><port port='{port}' protocol='tcp'/></service>")
}

#[test]
fn a_port_is_read_as_firewalld_reads_it_or_refused() {
    let read = |port: &str| service_file::parse(with_port(port).as_bytes());
    for (port, kind) in [
        ("22", "22/tcp"),
        (" 22 ", "22/tcp"),
        ("+22", "22/tcp"),
        ("2_2", "22/tcp"),
        ("022", "22/tcp"),
        ("22-", "22/tcp"),
        ("30-20", "20-30/tcp"),
        ("20 - 30", "20-30/tcp"),
        ("http", "http/tcp"),
        (" http-alt ", "http-alt/tcp"),
        ("whois++", "whois++/tcp"),
        ("914c/g", "914c/g/tcp"),
        ("ssh-telnet", "ssh-telnet/tcp"),
    ] {
        let service = read(port).unwrap_or_else(|error| panic!("{port:?}: {error}"));
        assert_eq!(service.to_string(), kind, "{port:?}");
        assert_eq!(kind.parse::<Service>().unwrap(), service, "{port:?}");
    }
    for port in [
        "80 , 443",
        "80,443",
        "80 443",
        "80:90",
        "80;90",
        "-22",
        "--",
        "-",
        " ",
        "1-2-3",
        "2__2",
        "_22",
        "99999",
        "80-99999",
        "65536-70000",
        "80#",
        "'",
        "*",
    ] {
        let port = port.replace('\'', "&apos;");
        let error = read(&port).expect_err(&port);
        assert_eq!(error.kind(), ErrorKind::Port, "{port:?}: {error}");
    }
}

#[test]
fn what_expat_and_firewalld_s_checks_refuse_is_an_error() {
    for text in [
        " <?xml version='1.0'?><service/>",
        "<!-- a --><?xml version='1.0'?><service/>",
        "\u{feff}\n<?xml version='1.0'?><service/>",
        "<?xml version='1.0'?><?xml version='1.0'?><service/>",
        "<?xml encoding='utf-8' version='1.0'?><service/>",
        "<?xml?><service/>",
        "<?xml version='1.0'><service/>",
        "<? php ?><service/>",
        "<service><?xml version='1.0'?></service>",
        "<service>]]></service>",
        "<service><protocol value='256'/></service>",
        "<service><protocol value=''/></service>",
        "<service><protocol value='a b'/></service>",
        "<service><port port='' protocol='a b'/></service>",
        "<service><destination ipv4='ff02::fb'/></service>",
        "<service><destination ipv4='224.0.0.251/33'/></service>",
        "<service><destination ipv6='224.0.0.251'/></service>",
        "<service><destination ipv6='ff02::fb/x'/></service>",
        "<service><destination ipv4=''/></service>",
    ] {
        assert!(service_file::parse(text.as_bytes()).is_err(), "{text}");
    }
    let latin = b"<service><short>caf\xe9</short></service>";
    let error = service_file::parse(latin).unwrap_err();
    assert_eq!((error.kind(), error.found()), (ErrorKind::Xml, Some(0xe9)));
    let named = [b"<?xml version=\"1.0\" encoding='ISO-8859-1' ?>".as_slice(), latin].concat();
    assert!(service_file::parse(&named).is_ok());
    for text in [
        "\u{feff}<?xml version='1.0' encoding=\"UTF-8\" standalone='yes'?>\n<service/>\n",
        "\n\n<service/>",
        "<service><protocol value='47'/><protocol value='a/n'/><protocol value='3pc'/></service>",
        "<service><destination ipv4='10.0.0.0/255.0.0.0' ipv6='[ff02::fb]'/></service>",
        "<service><destination ipv4='10.0.0.0/8' ipv6='fe80::/64'/></service>",
    ] {
        service_file::parse(text.as_bytes())
            .unwrap_or_else(|error| panic!("{}", error.in_line(text.as_bytes())));
    }
}

#[cfg(feature = "serde")]
#[test]
fn a_table_survives_json() {
    let table = builtin_services();
    let json = serde_json::to_string(&table).unwrap();
    assert_eq!(serde_json::from_str::<ServiceTable>(&json).unwrap(), table);
}
