//! The output of `firewall-cmd --list-all` and its kin: real output of five versions, laws, and
//! broken output.

use hostport_audit::event::firewalld::{Item, Kind, Layer, ListedZone};
use hostport_audit::record::list_all::{Listing, Listings, Subject};
use hostport_audit::state::Facts;
use hostport_audit::state::firewalld::Statement;
use hostport_audit::{Auditor, ErrorKind, HostPort};
use proptest::prelude::*;
use std::fs;
use std::path::{Path, PathBuf};

use crate::common;
use common::corpus;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/list_all")
}

fn data(name: &str) -> Vec<u8> {
    fs::read(folder().join(name))
        .unwrap_or_else(|error| panic!("tests/data/list_all/{name}: {error}"))
}

const VERSIONS: [&str; 5] = ["v0.9.11", "v1.2.1", "v1.3.3", "v2.3.1", "v2.5.0"];

fn all(output: &[u8]) -> Vec<Listing<'_>> {
    Listings::new(output)
        .map(|listing| listing.unwrap_or_else(|error| panic!("{}", error.in_line(output))))
        .collect()
}

fn texts<T: ToString>(items: impl Iterator<Item = T>) -> Vec<String> {
    items.map(|item| item.to_string()).collect()
}

/// All output that the data folder holds.
fn outputs() -> Vec<(String, Vec<u8>)> {
    let mut found: Vec<_> = fs::read_dir(folder())
        .expect("tests/data/list_all is there")
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".txt"))
        .map(|name| (name.clone(), data(&name)))
        .collect();
    found.sort();
    assert_eq!(found.len(), 4 * VERSIONS.len());
    found
}

#[test]
fn every_version_lists_the_same_zone() {
    for version in VERSIONS {
        for kind in ["list-all", "verbose"] {
            let output = data(&format!("{version}-{kind}.txt"));
            let zone = Listing::parse(&output).unwrap();
            assert_eq!(zone.name(), "public");
            assert_eq!(zone.subject(), Subject::Zone);
            assert_eq!(
                zone.is_active(),
                version < "v2",
                "firewall-offline-cmd 2 calls no zone active"
            );
            assert_eq!(zone.is_default(), version > "v2", "{version}");
            assert_eq!(zone.target(), "default");
            assert_eq!(zone.icmp_block_inversion(), Some(version > "v1"), "0.9 does not keep it");
            assert_eq!(texts(zone.interfaces()), ["eth0"]);
            assert_eq!(texts(zone.sources()), ["192.0.2.0/24", "ipset:bad"]);
            assert_eq!(texts(zone.services()), ["dhcpv6-client", "https", "ssh"]);
            assert_eq!(texts(zone.ports()), ["8080/tcp", "8000-8010/udp", "80/tcp"]);
            assert_eq!(texts(zone.protocols()), ["47", "gre"]);
            assert_eq!(zone.forward(), Some(version > "v1"));
            assert!(zone.masquerade());
            let forward = [
                "port=8081:proto=tcp:toport=80:toaddr=",
                "port=8090-8095:proto=udp:toport=9090-9095:toaddr=2001:db8::7",
                "port=22:proto=tcp:toport=:toaddr=192.0.2.9",
            ];
            assert_eq!(texts(zone.forward_ports()), forward);
            assert_eq!(zone.forward_ports().nth(1).unwrap().to_address(), "2001:db8::7");
            assert_eq!(texts(zone.source_ports()), ["68/udp", "1000-1010/sctp"]);
            assert_eq!(texts(zone.icmp_blocks()), ["echo-request", "redirect"]);
            let rules = texts(zone.rich_rules());
            assert_eq!(rules.len(), 2);
            assert!(rules[0].contains("log prefix=\"a  b: c\" level"), "{rules:?}");
            assert!(
                zone.fields()
                    .any(|(key, value)| key == "ports" && value == "8080/tcp 8000-8010/udp 80/tcp")
            );
            assert_eq!(zone.fields().any(|(key, _)| key == "summary"), kind == "verbose");
        }
    }
}

#[test]
fn all_zones_and_all_policies_are_listed() {
    for version in VERSIONS {
        let output = data(&format!("{version}-list-all-zones.txt"));
        let zones = all(&output);
        let names: Vec<_> = zones.iter().map(|zone| zone.name().to_string()).collect();
        assert_eq!(
            names,
            [
                "block",
                "dmz",
                "drop",
                "external",
                "home",
                "internal",
                "my_zone-1",
                "public",
                "trusted",
                "work"
            ]
        );
        let target = |name: &str| {
            zones.iter().find(|zone| zone.name() == name).unwrap().target().to_string()
        };
        assert_eq!(
            [target("trusted"), target("drop"), target("work")],
            ["ACCEPT", "DROP", "%%REJECT%%"]
        );
        let ports: Vec<HostPort> = zones[6].ports().filter_map(|port| port.host_port()).collect();
        assert_eq!(ports, ["1-65535/tcp".parse().unwrap()]);

        let output = data(&format!("{version}-list-all-policies.txt"));
        let policies = all(&output);
        let policy = policies.iter().find(|policy| policy.name() == "pol").unwrap();
        assert_eq!(policy.subject(), Subject::Policy);
        assert!(policies.iter().all(|policy| policy.subject() == Subject::Policy));
        assert_eq!(
            (texts(policy.ingress_zones()), texts(policy.egress_zones())),
            (vec!["ANY".into()], vec!["HOST".into()])
        );
        assert_eq!(
            (policy.forward(), policy.icmp_block_inversion(), policy.is_disabled()),
            (None, None, false)
        );
        assert_eq!(texts(policy.ports()), ["9000/tcp"]);
        let disabled = policies.iter().filter(|policy| policy.is_disabled()).count();
        assert_eq!(disabled, if version == "v2.5.0" { 5 } else { 0 });
    }
}

#[test]
fn the_listings_of_the_corpus_are_read() {
    let mut read = 0;
    let mut operations = 0;
    for folder in ["v0.9.11", "v1.2.1", "v1.3.3", "v2.5.0"] {
        let folder = corpus::root().join("firewalld").join(folder);
        for entry in
            fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        {
            let path = entry.unwrap().path();
            if !path.to_string_lossy().ends_with(".truth.jsonl") {
                continue;
            }
            for line in fs::read_to_string(&path).unwrap().lines() {
                let record: serde_json::Value = serde_json::from_str(line).unwrap();
                let operation = record["op"].as_str().unwrap_or_default();
                let Some(output) = record["out"].as_str() else { continue };
                operations += 1;
                if !operation.contains("--list-all") {
                    continue;
                }
                let zone = Listing::parse(output.as_bytes())
                    .unwrap_or_else(|error| panic!("{}", error.in_line(output.as_bytes())));
                let listed = texts(zone.ports());
                let truth: Vec<String> =
                    serde_json::from_value(record["runtime"][zone.name().to_string()].clone())
                        .unwrap();
                assert_eq!(listed, truth, "{}", path.display());
                let services: Vec<String> = serde_json::from_value(
                    record["runtime_services"][zone.name().to_string()].clone(),
                )
                .unwrap();
                assert_eq!(texts(zone.services()), services, "{}", path.display());
                read += 1;
            }
        }
    }
    assert!(read >= 2 && operations > 1000, "{read} listings in {operations} records");
}

#[test]
fn a_listing_is_printed_back_and_can_be_kept() {
    for (name, output) in outputs() {
        let listings = all(&output);
        let kept: Vec<Listing<'static>> =
            listings.iter().cloned().map(Listing::into_owned).collect();
        assert_eq!(kept, listings);
        let printed: Vec<String> = texts(listings.iter());
        assert_eq!(
            printed.join("\n\n"),
            String::from_utf8(output).unwrap().trim_end_matches('\n'),
            "{name}"
        );
    }
}

#[test]
fn blanks_at_the_ends_of_lines_do_not_matter() {
    for (name, output) in outputs() {
        let text = String::from_utf8(output.clone()).unwrap();
        let stripped = text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n");
        for (a, b) in all(&output).iter().zip(all(stripped.as_bytes())) {
            assert_eq!(a.fields().collect::<Vec<_>>(), b.fields().collect::<Vec<_>>(), "{name}");
            assert_eq!(texts(a.rich_rules()), texts(b.rich_rules()));
        }
    }
}

#[test]
fn the_note_on_the_default_zone_is_passed_over() {
    let zone = data("v1.3.3-list-all.txt");
    let note = "You're performing an operation over default zone ('public'),\n\
        but your connections/interfaces are in zone 'trusted,work' (see --get-active-zones)\n\
        You most likely need to use --zone=trusted option.\n\n";
    for note in
        [note.to_owned(), format!("No zone specified, using default zone, i.e. 'public'\n{note}")]
    {
        let output = [note.as_bytes(), &zone].concat();
        assert_eq!(Listings::new(&output).default_zone().unwrap(), "public");
        let read = Listing::parse(&output).unwrap();
        assert!(read.is_default());
        assert_eq!(read.as_bytes(), Listing::parse(&zone).unwrap().as_bytes());
    }
}

/// Replaces a piece of the listing of 2.5.0 and gives back what the error says, and the text where
/// it stands.
fn broken(from: &str, to: &str) -> (ErrorKind, String) {
    let output = String::from_utf8(data("v2.5.0-list-all.txt")).unwrap();
    assert!(output.contains(from), "{from}");
    let output = output.replacen(from, to, 1);
    let error = Listing::parse(output.as_bytes()).expect_err(to);
    (error.kind(), output[error.offset()..].chars().take(8).collect())
}

#[test]
fn what_firewalld_does_not_print_is_an_error_at_its_place() {
    use ErrorKind as E;
    for (from, to, kind, place) in [
        ("public (default)", "public (defaul)", E::Listing, "defaul)\n"),
        ("public (default)", "public (default, default)", E::DuplicateField, "default)"),
        ("public (default)", "public (default", E::Listing, "\n  targe"),
        ("public (default)", " public", E::Listing, " public\n"),
        ("  target: default", " target: default", E::Listing, " target:"),
        ("  target: default", "  target=default", E::Listing, "=default"),
        ("forward: yes", "forward: true", E::Listing, "true\n  m"),
        ("8080/tcp", "8080/TCP", E::Protocol, "TCP 8000"),
        ("8080/tcp", "8080", E::Port, "8080 800"),
        ("8080/tcp", "/tcp", E::Port, "/tcp 800"),
        ("68/udp", "68", E::Port, "68 1000-"),
        ("\tport=8081:proto=tcp", "\tport=8081:proto=ip", E::Protocol, "ip:topor"),
        ("\tport=8081:", "\tport:", E::Listing, "port:pro"),
        ("\tport=22:", "\tport=:", E::Listing, ":proto=t"),
        ("  services: dhcpv6-client https ssh\n", "", E::Listing, ""),
        ("  interfaces: eth0\n", "", E::Listing, ""),
        ("  ports: ", "  ports: 1/tcp\n  ports: ", E::DuplicateField, "  ports:"),
        (
            "  icmp-blocks: echo-request redirect\n  rich rules: ",
            "  rich rules: \n  icmp-blocks: ",
            E::Listing,
            "  icmp-b",
        ),
        ("\trule family", "rule family", E::Listing, "rule fam"),
    ] {
        assert_eq!(broken(from, to), (kind, place.to_owned()), "{from} -> {to}");
    }
}

#[test]
fn an_empty_output_is_no_listing_and_two_are_more_than_one() {
    assert_eq!(Listings::new(b"").count(), 0);
    assert_eq!(Listings::new(b"\n\n").count(), 0);
    assert_eq!(
        Listing::parse(b"").unwrap_err().to_string(),
        "bad listing at byte 0: expected the name of a zone, found the end"
    );
    let zones = data("v1.2.1-list-all-zones.txt");
    let error = Listing::parse(&zones).unwrap_err();
    assert_eq!((error.kind(), &zones[error.offset()..][..3]), (ErrorKind::Trailing, &b"dmz"[..]));
}

#[test]
fn a_broken_block_leaves_the_others_readable() {
    let text = String::from_utf8(data("v1.2.1-list-all-zones.txt")).unwrap().replacen(
        "target: DROP",
        "target: DR OP",
        1,
    );
    let read: Vec<_> = Listings::new(text.as_bytes()).collect();
    assert_eq!((read.len(), read.iter().filter(|zone| zone.is_err()).count()), (10, 1));
    let error = read[2].as_ref().unwrap_err();
    assert!(text[error.offset()..].starts_with("DR OP"), "{error}");
}

#[test]
fn a_line_of_a_later_version_is_kept() {
    let text = String::from_utf8(data("v2.5.0-list-all.txt")).unwrap().replacen(
        "  sources:",
        "  new-thing: a b\n  sources:",
        1,
    );
    let zone = Listing::parse(text.as_bytes()).unwrap();
    assert!(zone.fields().any(|(key, value)| key == "new-thing" && value == "a b"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn output_that_was_cut_short_is_never_taken_for_a_shorter_listing(version in 0..5usize, at in any::<prop::sample::Index>()) {
        let output = data(&format!("{}-list-all.txt", VERSIONS[version]));
        let rules = output.windows(12).position(|w| w == b"  rich rules").unwrap();
        let cut = &output[..at.index(rules + "  rich rules".len())];
        prop_assert!(Listings::new(cut).all(|listing| listing.is_err()));
    }

    #[test]
    fn changed_bytes_never_panic_and_errors_lie_inside(
        file in any::<prop::sample::Index>(), at in any::<prop::sample::Index>(), byte in any::<u8>(), kind in 0..3,
    ) {
        let files = outputs();
        let mut output = files[file.index(files.len())].1.clone();
        let at = at.index(output.len());
        match kind {
            0 => output[at] = byte,
            1 => drop(output.remove(at)),
            _ => output.insert(at, byte),
        }
        for listing in Listings::new(&output) {
            match listing {
                Err(error) => prop_assert!(error.offset() <= output.len()),
                Ok(zone) => {
                    prop_assert_eq!(Listing::parse(zone.as_bytes()).unwrap().fields().count(), zone.fields().count());
                    let _ = (zone.forward_ports().count(), zone.rich_rules().count(), zone.source_ports().count());
                }
            }
        }
    }

    #[test]
    fn what_is_printed_in_firewalld_s_way_is_read(
        name in "[a-zA-Z0-9_/-]{1,17}", default in any::<bool>(), active in any::<bool>(), late in any::<bool>(),
        ports in prop::collection::vec("([1-9][0-9]{0,3}|[1-4][0-9]{3}-[5-9][0-9]{3})/(tcp|udp|sctp|dccp)", 0..4),
        services in prop::collection::vec("[a-z0-9_-]{1,12}", 0..4),
        forward in prop::collection::vec("port=[1-9][0-9]{0,3}:proto=(tcp|udp):toport=[0-9]{0,4}:toaddr=([0-9a-f:]{0,9}|192\\.0\\.2\\.7)", 0..3),
        rules in prop::collection::vec("rule [ -~]{1,40}", 0..3),
    ) {
        let flags: Vec<&str> = [(default, "default"), (active, "active")].iter().filter(|(on, _)| *on).map(|(_, word)| *word).collect();
        let flags = if flags.is_empty() { String::new() } else { format!(" ({})", flags.join(", ")) };
        let lines = |items: &[String]| items.iter().map(|item| format!("\n\t{item}")).collect::<String>();
        let priority = if late { "  ingress-priority: 0\n  egress-priority: -5\n" } else { "" };
        let (listed, served) = (ports.join(" "), services.join(" "));
        let output = format!(
            "{name}{flags}\n  target: default\n{priority}  icmp-block-inversion: no\n  interfaces: \n  sources: \n  services: {served}\n  \
             ports: {listed}\n  protocols: \n  forward: no\n  masquerade: no\n  forward-ports: {}\n  source-ports: \n  icmp-blocks: \n  \
             rich rules: {}\n",
            lines(&forward), lines(&rules),
        );
        let zone = Listing::parse(output.as_bytes()).map_err(|error| TestCaseError::fail(error.in_line(output.as_bytes()).to_string()))?;
        prop_assert_eq!(zone.name().to_string(), name);
        prop_assert_eq!((zone.is_default(), zone.is_active()), (default, active));
        prop_assert_eq!(texts(zone.ports()), ports);
        prop_assert_eq!(texts(zone.services()), services);
        prop_assert_eq!(texts(zone.forward_ports()), forward);
        prop_assert_eq!(texts(zone.rich_rules()), rules);
        prop_assert_eq!(format!("{zone}\n"), output);
    }
}

#[test]
fn a_listing_states_the_lists_of_a_layer() {
    let output = data("v2.5.0-list-all-zones.txt");
    for layer in Layer::ALL {
        let zones = ListedZone::read_all(&output, layer).unwrap();
        assert_eq!(zones.len(), 10);
        let public = zones.iter().find(|zone| zone.zone == "public").unwrap();
        assert_eq!((public.layer, public.is_default), (layer, true));
        for kind in Kind::ALL {
            let items = public.items(kind);
            if (kind, layer) == (Kind::Interfaces, Layer::Permanent) {
                assert_eq!(items, None, "NetworkManager's interfaces stand in it");
                continue;
            }
            let items = items.unwrap();
            assert!(
                !items.is_empty() && items.iter().all(|item| item.kind() == kind),
                "{kind}: {items:?}"
            );
        }
        assert_eq!(
            public.items(Kind::Ports).unwrap()[0],
            Item::Port { port: "8080".into(), protocol: "tcp".into() }
        );
    }
    assert_eq!(
        ListedZone::read_all(&data("v2.5.0-list-all-policies.txt"), Layer::Runtime),
        Ok(Vec::new())
    );
    assert!(ListedZone::read_all(&output[..output.len() / 2], Layer::Runtime).is_err());
}

/// The log of a corpus file up to its first `--list-all`, and the output of that.
fn until_listed(name: &str) -> (Vec<u8>, String) {
    let log = corpus::file(&format!("firewalld/{name}.log")).bytes;
    let truth = corpus::file(&format!("firewalld/{name}.truth.jsonl")).bytes;
    let records = String::from_utf8(truth).unwrap();
    let mut records =
        records.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let listed =
        records.find(|record| record["op"].as_str().unwrap().contains("--list-all")).unwrap();
    let bytes = usize::try_from(listed["log_bytes"].as_u64().unwrap()).unwrap();
    (log[..bytes].to_vec(), listed["out"].as_str().unwrap().to_owned())
}

#[test]
fn a_listing_makes_known_what_the_log_could_not_tell() {
    for name in ["v0.9.11/runtime-add-remove", "v1.3.3/runtime-add-remove"] {
        let (log, output) = until_listed(name);
        let mut auditor = Auditor::new();
        auditor.feed(&log);
        let firewall = |auditor: &Auditor| {
            auditor.ledger().hosts().next().unwrap().1.firewalld().unwrap().clone()
        };
        let known = |auditor: &Auditor, layer| {
            firewall(auditor)
                .ports("public", layer)
                .map(|ports| texts(ports.map(|(port, _)| port)))
                .ok()
        };
        let anomalies = auditor.coverage().clone();
        assert_eq!(
            known(&auditor, Layer::Runtime),
            None,
            "the content of zone files is not in the log"
        );

        let statement = Statement::new()
            .with_listed(ListedZone::read_all(output.as_bytes(), Layer::Runtime).unwrap());
        auditor.know(None, &Facts { firewalld: Some(statement), ..Facts::default() });
        assert_eq!(known(&auditor, Layer::Runtime), Some(vec!["8443/tcp".to_owned()]), "{name}");
        assert_eq!(known(&auditor, Layer::Permanent), None, "the other layer was not listed");
        assert_eq!(auditor.coverage(), &anomalies, "it agrees with the log");

        let other = output.replace("ports: 8443/tcp", "ports: 8444/tcp");
        let statement = Statement::new()
            .with_listed(ListedZone::read_all(other.as_bytes(), Layer::Runtime).unwrap());
        auditor.know(None, &Facts { firewalld: Some(statement), ..Facts::default() });
        assert_ne!(auditor.coverage(), &anomalies, "it contradicts the log");
    }
}

/// A listing as people post it, under `tests/corpus/found/listings`.
fn found(name: &str) -> Vec<u8> {
    corpus::file(&format!("found/listings/{name}")).bytes
}

#[test]
fn listings_that_were_copied_by_hand_are_read() {
    let output = found("20-2x-blanks-for-tab.txt");
    let zone = Listing::parse(&output).unwrap();
    assert_eq!(texts(zone.forward_ports()), ["port=19105:proto=tcp:toport=15537:toaddr=127.0.0.1"]);
    let rule = "rule source NOT ipset=\"cn\" port port=\"19107\" protocol=\"tcp\" drop";
    assert_eq!(texts(zone.rich_rules()), [rule], "blanks stand where firewalld prints a tab");

    let output = found("30-policy.txt");
    let policy = Listing::parse(&output).unwrap();
    assert_eq!((policy.subject(), policy.rich_rules().count()), (Subject::Policy, 2));
    assert_eq!(texts(policy.egress_zones()), ["HOST"]);

    for (name, ports) in [("a-crlf.txt", 0), ("bom.txt", 1)] {
        let output = found(name);
        let zone = Listing::parse(&output).unwrap();
        assert_eq!(zone.name(), "external", "{name}");
        assert_eq!((zone.is_active(), zone.target() == "default"), (true, true), "{name}");
        assert_eq!(texts(zone.services()), ["ssh"], "{name}");
        assert_eq!(zone.ports().count(), ports, "{name}");
        let forward = [
            "port=22:proto=tcp:toport=:toaddr=192.0.2.3",
            "port=80:proto=tcp:toport=:toaddr=192.0.2.3",
        ];
        assert_eq!(texts(zone.forward_ports()), forward, "{name}");
        let rules = ["rule protocol value=\"ipv6-icmp\" accept", "rule priority=\"32767\" reject"];
        assert_eq!(texts(zone.rich_rules()), rules, "{name}");
        assert!(zone.masquerade(), "{name}");
    }
}

#[test]
fn what_is_no_listing_is_refused_once_with_its_line_and_its_reason() {
    for (name, shown) in [
        (
            "21-0.3.9-centos7.txt",
            "line 2:\n  interfaces: enp0s3 enp0s8\n^ expected a listing of firewalld 0.5 or later; \
             this is the form of 0.3 or 0.4",
        ),
        (
            "24-shell-session.txt",
            "line 1:\n[root@host1 ~]# firewall-cmd --add-masquerade \n^ expected the output alone, \
             without the prompt and the command of a shell",
        ),
        (
            "33-not-running.txt",
            "FirewallD is not running\n^ expected a listing; firewalld was not running, so there \
             is none",
        ),
        (
            "36-double-spaced.txt",
            "line 2:\n\n^ expected the lines of the zone without empty lines between them",
        ),
    ] {
        let output = found(name);
        let read: Vec<_> = Listings::new(&output).collect();
        assert_eq!(read.len(), 1, "{name}: one refusal, not one a line");
        let error = *read[0].as_ref().unwrap_err();
        assert_eq!(error.in_line(&output).to_string(), shown, "{name}");
        assert_eq!(Listing::parse(&output), Err(error), "{name}");
        assert_eq!(ListedZone::read_all(&output, Layer::Runtime), Err(error), "{name}");
    }
}

#[test]
fn a_broken_line_is_shown_alone_with_its_number() {
    let text = String::from_utf8(data("v1.3.3-list-all-zones.txt")).unwrap();
    let text = text.replacen("ports: 8080/tcp", "ports: 8080/tpc", 1);
    let error = Listings::new(text.as_bytes()).find_map(Result::err).unwrap();
    let number = text.lines().position(|line| line.contains("tpc")).unwrap() + 1;
    assert_eq!(error.line_in(text.as_bytes()), number as u64);
    assert_eq!(
        error.in_line(text.as_bytes()).to_string(),
        format!(
            "line {number}:\n  ports: 8080/tpc 8000-8010/udp 80/tcp\n              ^ expected tcp, \
             udp, sctp or dccp"
        )
    );
}

#[test]
fn a_prompt_behind_a_listing_is_named() {
    let output = [data("v1.3.3-list-all.txt"), b"[root@host1 ~]# ".to_vec()].concat();
    let error = Listing::parse(&output).unwrap_err();
    assert_eq!(error.expected(), "the output alone, without the prompt and the command of a shell");
}

/// The keys of a listing, each with the words of its value.
type Words = Vec<(String, Vec<String>)>;

/// What a listing says, whatever its line ends and blanks are.
fn kind(output: &[u8]) -> Vec<(ListedZone, Words)> {
    all(output)
        .iter()
        .filter_map(|listing| {
            let fields = listing.fields().map(|(key, value)| {
                let words = value.to_string();
                (key.to_string(), words.split_whitespace().map(str::to_owned).collect())
            });
            Some((ListedZone::of(listing, Layer::Runtime)?, fields.collect()))
        })
        .collect()
}

#[test]
fn line_ends_marks_and_blanks_for_tabs_change_nothing_of_what_is_said() {
    for (name, output) in outputs() {
        let text = String::from_utf8(output.clone()).unwrap();
        let whole = kind(&output);
        let empty_lines = text.replace("\n\n", "\n  \n\t\n");
        for (way, other) in [
            ("CRLF", text.replace('\n', "\r\n")),
            ("a byte order mark", format!("\u{feff}{text}")),
            ("eight blanks for a tab", text.replace('\t', "        ")),
            ("three blanks for a tab", text.replace('\t', "   ")),
            ("blanks in empty lines", empty_lines),
            ("all", format!("\u{feff}{}", text.replace('\t', "    ").replace('\n', "\r\n"))),
        ] {
            assert_eq!(kind(other.as_bytes()), whole, "{name}: {way}");
        }
    }
}
