//! iptables rules: what is printed is read back, whichever program printed it, and broken rules say
//! where.

use core::net::IpAddr;
use hostport_audit::record::rule::{Rule, Target};
use hostport_audit::{ErrorKind, PortRange, Protocol};
use proptest::prelude::*;

fn rule(text: &str) -> Rule<'_> {
    Rule::parse(text.as_bytes()).expect(text)
}

#[test]
fn a_comment_of_several_bare_words_ends_at_the_next_option() {
    let rule = rule(
        "-p TCP -m comment --comment from OVN to localhost ! -d 10.0.0.1 -j SNAT --to-source 169.254.169.2",
    );
    assert_eq!(rule.comment().unwrap(), "from OVN to localhost");
    assert!(rule.destination().unwrap().is_negated());
    assert!(
        matches!(rule.target(), Some(Target::Snat(Some(to))) if to.address() == "169.254.169.2".parse().ok())
    );
}

#[test]
fn a_quoted_comment_is_one_word_and_its_escapes_are_undone() {
    let text = r#"-m comment --comment "k8s_\"x\"_-d_0_ hostport 443" -m tcp -p tcp --dport 443 -j KUBE-HP-EBFULECE6UMBVPG3"#;
    let rule = rule(text);
    assert_eq!(rule.comment().unwrap(), r#"k8s_"x"_-d_0_ hostport 443"#);
    assert_eq!(rule.dport().unwrap().plain().unwrap().single_range(), Some(PortRange::single(443)));
    assert!(
        matches!(rule.target(), Some(Target::Jump(chain)) if chain == "KUBE-HP-EBFULECE6UMBVPG3")
    );
    assert_eq!(rule.to_string(), text);
}

#[test]
fn an_option_takes_the_next_word_whatever_it_looks_like() {
    let rule = rule("-m comment --comment --dport -p TCP --dport 80 -j ACCEPT");
    assert_eq!(rule.comment().unwrap(), "--dport");
    assert_eq!(rule.dport().unwrap().plain().unwrap().single_range(), Some(PortRange::single(80)));
}

#[test]
fn both_ways_of_writing_the_destination_of_a_dnat_are_read() {
    for text in
        ["-j DNAT --to-destination=[fd01::9]:8443", "-j DNAT --to-destination [fd01::9]:8443"]
    {
        let to = rule(text).to_destination().map(|to| (to.address(), to.port()));
        assert_eq!(to, Some(("fd01::9".parse().ok(), Some(8443))));
    }
    let ranges = rule("-j DNAT --to-destination 10.0.0.1-10.0.0.9:80-90/8080");
    assert_eq!(ranges.to_destination().map(|to| (to.address(), to.port())), Some((None, None)));
    let bare = rule("-j DNAT --to-destination fd01::9");
    assert_eq!(
        bare.to_destination().map(|to| (to.address(), to.port())),
        Some(("fd01::9".parse().ok(), None))
    );
}

#[test]
fn matches_may_stand_behind_the_target() {
    let rule = rule(
        "-p TCP -d 172.16.47.140 --dport 80 -j DNAT --to-destination 10.42.0.5:8080 -m statistic --mode random --probability 0.5000000000",
    );
    assert_eq!(rule.probability(), Some(1 << 30));
    assert_eq!(
        rule.destination().unwrap().plain().unwrap().single_address(),
        "172.16.47.140".parse().ok()
    );
    let saved =
        Rule::parse(b"-m statistic --mode random --probability 0.33333333349 -j ACCEPT").unwrap();
    let logged =
        Rule::parse(b"-j ACCEPT -m statistic --mode random --probability 0.3333333333").unwrap();
    assert_eq!(saved.probability(), logged.probability());
}

#[test]
fn ports_may_be_ranges_lists_or_negated() {
    let range = rule("-p TCP ! --dport 30000:32767 -j ACCEPT");
    assert!(range.dport().unwrap().is_negated());
    assert_eq!(range.dport().unwrap().value().single_range(), Some(PortRange::new(30000, 32767)));
    let list = rule("-p tcp -m multiport --dports 80,443,8000:8010 -j ACCEPT");
    let ranges: Vec<_> = list.dport().unwrap().value().ranges().collect();
    assert_eq!(ranges, [PortRange::single(80), PortRange::single(443), PortRange::new(8000, 8010)]);
    assert_eq!(list.dport().unwrap().value().single_range(), None);
    assert_eq!(
        rule("--dport 1024: -j X").dport().unwrap().value().single_range(),
        Some(PortRange::new(1024, 65535))
    );
    assert!(rule("--dport ! 80 -j X").dport().unwrap().is_negated());
}

#[test]
fn networks_have_a_length_or_a_mask() {
    let lengths = ["10.0.0.0/8", "10.0.0.0/255.0.0.0", "fd00::/8", "fd00::/ff00::"];
    for text in lengths {
        let source = format!("-s {text} -j X");
        assert_eq!(rule(&source).source().unwrap().value().prefix_length(), 8, "{text}");
    }
    for text in [
        "10.0.0.0/255.0.255.0",
        "10.0.0.0/33",
        "10.0.0.1,10.0.0.2",
        "example.org",
        "10.0.0/8",
        "10.0.0.0/+8",
    ] {
        let source = format!("-s {text} -j X");
        assert_eq!(
            Rule::parse(source.as_bytes()).unwrap_err().kind(),
            ErrorKind::Address,
            "{text}"
        );
    }
}

#[test]
fn broken_rules_say_where() {
    let cases = [
        ("-p TCP --dport 70000 -j X", ErrorKind::Port, 15),
        ("-p TCP --dport +80 -j X", ErrorKind::Port, 15),
        ("-p TCP --dport 080 -j X", ErrorKind::Port, 15),
        ("-p TCP --dport 90:80 -j X", ErrorKind::Port, 18),
        ("-p TCP --dport 80,90 -j X", ErrorKind::Trailing, 17),
        ("-p TCP --dport", ErrorKind::RuleArgument, 14),
        ("-p TCP stray", ErrorKind::RuleArgument, 7),
        ("-p TCP -p UDP", ErrorKind::RuleArgument, 7),
        ("-j DNAT", ErrorKind::RuleArgument, 7),
        ("-j DNAT --to-destination 10.0.0.1:x", ErrorKind::Port, 34),
        ("-m comment --comment \"open", ErrorKind::Quoting, 21),
        ("-m statistic --probability 1.5", ErrorKind::RuleArgument, 27),
        ("! -j X", ErrorKind::RuleArgument, 0),
    ];
    for (text, kind, offset) in cases {
        let error = Rule::parse(text.as_bytes()).unwrap_err();
        assert_eq!((error.kind(), error.offset()), (kind, offset), "{text}: {error}");
    }
}

/// A rule in the shape that programs print, and the same in words.
#[derive(Debug, Clone)]
struct Model {
    protocol: Protocol,
    source: Option<(bool, IpAddr)>,
    destination: Option<(bool, IpAddr)>,
    local: bool,
    dport: Option<(bool, PortRange)>,
    comment: Option<String>,
    to: Option<(IpAddr, u16)>,
}

#[derive(Debug, Clone, Copy)]
enum Writer {
    Ovnkube,
    Save,
    Crio,
}

fn print(model: &Model, writer: Writer) -> String {
    let mut words = Vec::new();
    let bang = |negated: bool| if negated { "! " } else { "" };
    let protocol = model.protocol.as_str();
    words.push(match writer {
        Writer::Ovnkube => format!("-p {}", protocol.to_uppercase()),
        _ => format!("-p {protocol}"),
    });
    for (option, address) in [("-s", model.source), ("-d", model.destination)] {
        if let Some((negated, address)) = address {
            let mask = if matches!(writer, Writer::Save) {
                if address.is_ipv4() { "/32" } else { "/128" }
            } else {
                ""
            };
            words.push(format!("{}{option} {address}{mask}", bang(negated)));
        }
    }
    if model.local {
        words.push("-m addrtype --dst-type LOCAL".into());
    }
    if let Some(comment) = &model.comment {
        words.push(match writer {
            Writer::Ovnkube => format!("-m comment --comment {comment}"),
            _ => format!(
                "-m comment --comment \"{}\"",
                comment.replace('\\', r"\\").replace('"', r#"\""#)
            ),
        });
    }
    if let Some((negated, range)) = model.dport {
        if matches!(writer, Writer::Save) {
            words.push(format!("-m {protocol}"));
        }
        words.push(format!("{}--dport {}", bang(negated), range.to_string().replace('-', ":")));
    }
    if let Some((address, port)) = model.to {
        let address = if address.is_ipv6() { format!("[{address}]") } else { address.to_string() };
        let equals = if matches!(writer, Writer::Crio) { "=" } else { " " };
        words.push(format!("-j DNAT --to-destination{equals}{address}:{port}"));
    } else {
        words.push("-j RETURN".into());
    }
    words.join(" ")
}

fn address() -> impl Strategy<Value = IpAddr> {
    prop_oneof![any::<[u8; 4]>().prop_map(IpAddr::from), any::<[u8; 16]>().prop_map(IpAddr::from)]
}

fn model() -> impl Strategy<Value = Model> {
    let protocol = prop_oneof![Just(Protocol::Tcp), Just(Protocol::Udp), Just(Protocol::Sctp)];
    let negatable = || proptest::option::of((any::<bool>(), address()));
    let dport = proptest::option::of(
        (any::<bool>(), any::<u16>(), any::<u16>()).prop_map(|(n, a, b)| (n, PortRange::new(a, b))),
    );
    let comment =
        proptest::option::of("[a-z_][a-z0-9_\"\\\\:.]{0,8}( [a-z][a-z0-9\"_-]{0,8}){0,3}");
    let to = proptest::option::of((address(), any::<u16>()));
    (protocol, negatable(), negatable(), any::<bool>(), dport, comment, to).prop_map(
        |(protocol, source, destination, local, dport, comment, to)| Model {
            protocol,
            source,
            destination,
            local,
            dport,
            comment,
            to,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn what_a_program_prints_is_read_back(model in model(), writer in prop_oneof![Just(Writer::Ovnkube), Just(Writer::Save), Just(Writer::Crio)]) {
        let text = print(&model, writer);
        let rule = Rule::parse(text.as_bytes()).map_err(|e| TestCaseError::fail(format!("{text}: {e}")))?;
        prop_assert_eq!(rule.to_string(), text.clone());
        prop_assert_eq!(rule.protocol().and_then(|p| p.plain()), Some(model.protocol));
        let network = |c: hostport_audit::record::rule::Condition<hostport_audit::record::rule::Network>| (c.is_negated(), c.value().single_address().unwrap());
        prop_assert_eq!(rule.source().map(network), model.source);
        prop_assert_eq!(rule.destination().map(network), model.destination);
        prop_assert_eq!(rule.dst_type_local(), model.local);
        prop_assert_eq!(rule.dport().map(|p| (p.is_negated(), p.value().single_range().unwrap())), model.dport);
        prop_assert_eq!(rule.comment().map(|c| c.to_str_lossy().into_owned()), model.comment);
        prop_assert_eq!(rule.to_destination().map(|to| (to.address().unwrap(), to.port().unwrap())), model.to);
        prop_assert_eq!(rule.clone().into_owned(), rule);
    }

    #[test]
    fn no_bytes_panic_and_what_is_read_prints_back(text in "(! )?(-[psdjmg]|--dport|--comment|--to-destination|[\"\\\\ =,:a-z0-9.\\[\\]-]){0,12}") {
        if let Ok(rule) = Rule::parse(text.as_bytes()) {
            prop_assert_eq!(rule.as_bytes(), text.as_bytes());
            prop_assert!(rule.options().count() <= text.len());
            let _ = (rule.target(), rule.comment(), rule.dport());
        }
    }
}
