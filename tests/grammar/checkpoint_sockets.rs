//! Listings of sockets: each form of two nodes, what the forms hide, cut and broken text.

use hostport_audit::record::checkpoint::Refused;
use hostport_audit::record::checkpoint::sockets::{Address, Form, Socket, Sockets, State};
use hostport_audit::{ErrorKind, Family, Protocol};
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::fs;
use std::net::IpAddr;

use crate::common;
use common::corpus;

const ROOMY: &str = "evidence/samples/ss";
const TRAPS: &str = "evidence/samples/ss-traps";

fn text(name: &str) -> Vec<u8> {
    corpus::file(name).bytes
}

/// The protocol of files whose rows tell none.
fn stated(name: &str) -> Option<Protocol> {
    let name = name.rsplit('/').next().unwrap();
    match name {
        "ss-anpltH.txt" | "ss-ltnH.txt" | "ss-tanp.txt" => Some(Protocol::Tcp),
        "ss-anpluH.txt" => Some(Protocol::Udp),
        _ => None,
    }
}

fn read<'a>(name: &str, text: &'a [u8]) -> Result<Sockets<'a>, Refused> {
    match stated(name) {
        Some(protocol) => Sockets::parse_of(text, protocol),
        None => Sockets::parse(text),
    }
}

fn parsed<'a>(name: &str, text: &'a [u8]) -> Sockets<'a> {
    read(name, text).unwrap_or_else(|refused| panic!("{name}: {refused}"))
}

/// All files of a folder of the corpus.
fn files(folder: &str) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(corpus::root().join(folder))
        .unwrap()
        .map(|entry| format!("{folder}/{}", entry.unwrap().file_name().to_str().unwrap()))
        .collect();
    names.sort();
    assert!(!names.is_empty());
    names
}

/// The files that are meant to be read.
fn samples() -> Vec<String> {
    let refused = ["ss-names.txt", "netstat-names.txt", "ss-l.txt", "ss-traps/ss-peaonmi.txt"];
    let all = [ROOMY, TRAPS, "evidence/reach"].into_iter().flat_map(files);
    all.filter(|name| !refused.iter().any(|end| name.ends_with(end))).collect()
}

/// Protocol, address, device and port, as far as every form tells them.
type Key = (Protocol, String, Option<String>, u16);

fn key(socket: &Socket<'_>, form: Form) -> Key {
    let address = match socket.address() {
        _ if form == Form::Netstat && socket.address() == Address::Cut => "cut".into(),
        Address::Any | Address::AnyIpv6 if !form.tells_devices() => {
            Address::AnyIpv6PerhapsIpv4.to_string()
        }
        address => address.to_string(),
    };
    let device = socket.device().filter(|_| form.tells_devices()).map(ToString::to_string);
    (socket.protocol(), address, device, socket.port())
}

fn keys(listing: &Sockets<'_>, form: Form) -> BTreeSet<Key> {
    listing.sockets().iter().map(|socket| key(socket, form)).collect()
}

type Holders = Vec<(u16, Protocol, Vec<(String, u32, Option<u32>)>)>;

fn processes(listing: &Sockets<'_>) -> Holders {
    let of = |socket: &Socket<'_>| {
        let processes = socket.processes().iter();
        let mut list: Vec<_> = processes
            .map(|process| (process.name().to_string(), process.pid(), process.descriptor()))
            .collect();
        list.sort();
        (socket.port(), socket.protocol(), list)
    };
    let mut all: Vec<_> = listing.sockets().iter().map(of).collect();
    all.sort();
    all
}

/// Compares all forms of a node with the fullest one.
fn forms_agree(folder: &str, skip: &[&str]) -> usize {
    let fullest = text(&format!("{folder}/ss-tulpneH.txt"));
    let fullest = parsed("ss-tulpneH.txt", &fullest);
    let mut compared = 0;
    for name in files(folder) {
        if skip.iter().any(|end| name.ends_with(end)) {
            continue;
        }
        let text = text(&name);
        let listing = parsed(&name, &text);
        let form = listing.form();
        let of_form = |socket: &&Socket<'_>| match form {
            Form::ProcNet(protocol, Family::Ipv4) => {
                socket.protocol() == protocol
                    && socket.address().holds(Family::Ipv6) == Some(false)
                    && !is_mapped(socket)
            }
            Form::ProcNet(protocol, Family::Ipv6) => {
                socket.protocol() == protocol
                    && (socket.address().holds(Family::Ipv6) == Some(true) || is_mapped(socket))
            }
            _ => stated(&name).is_none_or(|protocol| socket.protocol() == protocol),
        };
        let expected: BTreeSet<Key> =
            fullest.sockets().iter().filter(of_form).map(|socket| key(socket, form)).collect();
        assert_eq!(keys(&listing, form), expected, "{name}");
        if form == Form::Ss && !name.ends_with("nopid.txt") && !name.ends_with("-ltnH.txt") {
            let all = processes(&fullest).into_iter();
            let all: Vec<_> = all
                .filter(|(_, own, _)| stated(&name).is_none_or(|protocol| *own == protocol))
                .collect();
            assert_eq!(processes(&listing), all, "{name}");
        }
        for socket in listing.sockets() {
            let twin = fullest.sockets().iter().find(|twin| {
                key(twin, form) == key(socket, form)
                    && socket.inode().is_none_or(|inode| twin.inode() == Some(inode))
            });
            let twin = twin.unwrap_or_else(|| panic!("{name}: {socket:?} is of no inode known"));
            if socket.uid().is_some() {
                assert_eq!(socket.uid(), twin.uid(), "{name}");
            }
        }
        assert!(!listing.is_cut(), "{name}");
        compared += 1;
    }
    compared
}

/// True for the two sockets of the second node that are version 6 and hold version 4.
fn is_mapped(socket: &Socket<'_>) -> bool {
    matches!((socket.protocol(), socket.port()), (Protocol::Tcp, 80) | (Protocol::Udp, 1812))
}

#[test]
fn every_form_of_one_node_lists_the_same_sockets() {
    let other = ["ss-tulpneH-cgroup.txt"];
    assert_eq!(forms_agree(ROOMY, &other), 18);
}

#[test]
fn every_form_lists_the_same_sockets_where_addresses_are_rare() {
    // Cut addresses are in the listing without -W, and names of ports are no numbers.
    let other = ["names.txt", "netstat-tulpn.txt", "ss-l.txt", "ss-peaonmi.txt"];
    assert_eq!(forms_agree(TRAPS, &other), 13);
}

#[test]
fn the_listings_of_many_steps_are_read() {
    let mut sockets = 0;
    for name in files("evidence/reach") {
        let text = text(&name);
        let listing = parsed(&name, &text);
        assert_eq!(listing.sockets().len(), text.iter().filter(|b| **b == b'\n').count(), "{name}");
        for socket in listing.sockets() {
            assert_eq!(socket.processes().len(), 1);
            assert!(socket.inode().is_some() && socket.uid() == Some(0));
            assert_eq!(socket.cgroup().unwrap(), "/");
            assert_eq!(socket.pod(), None);
        }
        sockets += listing.sockets().len();
    }
    assert_eq!(sockets, 50);
}

#[test]
fn addresses_are_what_packets_are_sent_to() {
    let text = text("evidence/samples/ss-traps/ss-tulpneH.txt");
    let listing = parsed("ss-tulpneH.txt", &text);
    let at = |protocol, port| {
        let of = |socket: &&Socket<'_>| (socket.protocol(), socket.port()) == (protocol, port);
        let all: Vec<_> = listing.sockets().iter().filter(of).collect();
        all.iter().map(|socket| socket.address()).collect::<Vec<_>>()
    };
    let ip = |text: &str| text.parse::<IpAddr>().unwrap();
    assert_eq!(at(Protocol::Tcp, 22), [Address::AnyIpv4]);
    assert_eq!(at(Protocol::Tcp, 6443), [Address::Any]);
    assert_eq!(at(Protocol::Tcp, 443), [Address::AnyIpv6]);
    assert_eq!(at(Protocol::Tcp, 80), [Address::One(ip("192.168.122.10"))]);
    assert_eq!(at(Protocol::Udp, 1812), [Address::AnyIpv4]);
    assert!(at(Protocol::Tcp, 9001)[0].is_loopback());
    assert_eq!(at(Protocol::Tcp, 5355), [Address::One(ip("fe80::1234:5678:9abc:def0"))]);
    let device = |protocol, port| {
        let mut sockets = listing.sockets().iter();
        let socket = sockets.find(|s| (s.protocol(), s.port()) == (protocol, port)).unwrap();
        socket.device().map(ToString::to_string)
    };
    assert_eq!(device(Protocol::Udp, 53).as_deref(), Some("n0"));
    assert_eq!(device(Protocol::Tcp, 5355).as_deref(), Some("n0"));
    assert_eq!(device(Protocol::Tcp, 9999).as_deref(), Some("lo"));
    assert_eq!(device(Protocol::Tcp, 22), None);
    let users: Vec<_> = listing.sockets().iter().filter(|s| s.uid() != Some(0)).collect();
    assert_eq!((users.len(), users[0].uid(), users[0].port()), (1, Some(1000), 8444));

    let any = Address::Any;
    assert_eq!((any.takes(ip("192.0.2.1")), any.takes(ip("::1"))), (Some(true), Some(true)));
    let six = Address::AnyIpv6;
    assert_eq!((six.takes(ip("192.0.2.1")), six.takes(ip("::1"))), (Some(false), Some(true)));
    let perhaps = Address::AnyIpv6PerhapsIpv4;
    assert_eq!((perhaps.takes(ip("192.0.2.1")), perhaps.takes(ip("::1"))), (None, Some(true)));
    assert_eq!(
        (Address::Cut.takes(ip("192.0.2.1")), Address::Cut.takes(ip("::1"))),
        (Some(false), None)
    );
}

#[test]
fn udp_is_bound_and_connections_are_passed_over() {
    let name = "evidence/samples/ss/ss-peaonmi.txt";
    let text = text(name);
    let listing = parsed(name, &text);
    let rows = listing.sockets().len() + listing.passed_over();
    let rest = String::from_utf8_lossy(&text);
    let lines = rest.lines().skip(2).filter(|line| !line.starts_with('\t')).count();
    assert_eq!(rows, lines);
    for socket in listing.sockets() {
        let udp = socket.protocol() == Protocol::Udp;
        assert_eq!(socket.state(), if udp { State::Bound } else { State::Listening });
    }
    assert!(listing.sockets().iter().all(|socket| ![47102, 54419].contains(&socket.port())));
    let clients = b"UNCONN 0 0 0.0.0.0:68 0.0.0.0:*\nESTAB 0 0 192.0.2.1:5000 192.0.2.2:53\n";
    let listing = Sockets::parse_of(clients, Protocol::Udp).unwrap();
    assert_eq!((listing.sockets().len(), listing.passed_over()), (1, 1));
}

#[test]
fn the_name_of_a_process_forges_nothing() {
    let row = |name: &str| {
        format!(
            "tcp LISTEN 0 5 0.0.0.0:22 0.0.0.0:* users:((\"{name}\",pid=90,fd=3),(\"b\",pid=8,fd=4))\n"
        )
    };
    for name in
        ["we(ird \"x\\y", "\",pid=7,fd=3", "a\",pid=7,fd=", "", "a, b", "users:((\"", "0.0.0.0:1"]
    {
        let text = row(name);
        let listing = Sockets::parse(text.as_bytes()).unwrap();
        let processes = listing.sockets()[0].processes();
        assert_eq!((processes.len(), processes[0].pid(), processes[1].pid()), (2, 90, 8));
        assert_eq!(processes[0].name(), name);
        assert!(!processes[0].name_may_be_cut() && processes[0].name().is_borrowed());
    }
    let text = row("kube-controller");
    let listing = Sockets::parse(text.as_bytes()).unwrap();
    assert!(listing.sockets()[0].processes()[0].name_may_be_cut());
    // The kernel's own sockets, and all without -p, name none.
    let text = b"tcp LISTEN 0 5 0.0.0.0:2049 0.0.0.0:* ino:1 sk:2 cgroup:/ <->\n";
    assert!(Sockets::parse(text).unwrap().sockets()[0].processes().is_empty());
}

#[test]
fn a_row_inside_the_name_of_a_unix_socket_is_found_out_by_its_place() {
    for name in ["ss-l.txt", "ss-peaonmi.txt"] {
        let text = text(&format!("{TRAPS}/{name}"));
        let refused = Sockets::parse(&text).unwrap_err();
        let lines = String::from_utf8_lossy(&text);
        let line = lines.lines().nth(usize::try_from(refused.line()).unwrap() - 1).unwrap();
        assert!(line.starts_with("raw   UNCONN"), "{refused}: {line}");
    }
    let honest = b"u_str LISTEN 0 1 /run/a 33283 * 0\nudp UNCONN 0 0 0.0.0.0:68 0.0.0.0:*\n";
    let listing = Sockets::parse(honest).unwrap();
    assert!(listing.lists_unix_sockets());
    // The rest of the row behind a forged one is no word of a TCP row.
    let forged = b"u_str LISTEN 0 1 @x\ntcp LISTEN 0 5 0.0.0.0:4444 0.0.0.0:* 33283 * 0\n";
    assert!(Sockets::parse(forged).is_err());
}

#[test]
fn an_address_that_netstat_cut_is_not_taken_for_another() {
    // `fd00:122::1234:56` is an address, and not that of the socket on port 31000.
    let cut = text("evidence/samples/ss-traps/netstat-tulpn.txt");
    let cut = parsed("netstat", &cut);
    let ports: BTreeSet<_> =
        cut.sockets().iter().filter(|s| s.address() == Address::Cut).map(Socket::port).collect();
    assert_eq!(ports, [546, 5355, 8080, 31000].into());
    for name in ["netstat-W.txt", "netstat-tulpnW.txt"] {
        let wide = text(&format!("evidence/samples/ss-traps/{name}"));
        let wide = parsed("netstat", &wide);
        assert!(wide.sockets().iter().all(|socket| socket.address() != Address::Cut), "{name}");
        assert_eq!(wide.sockets().len(), cut.sockets().len());
    }
    // An address of version 4 is never as long as the column.
    let longest = b"Active Internet connections (only servers)\n\
        Proto Recv-Q Send-Q Local Address           Foreign Address         State      \n\
        tcp        0      0 192.168.122.100:31000   0.0.0.0:*               LISTEN     \n";
    let listing = Sockets::parse(longest).unwrap();
    assert_eq!(listing.sockets()[0].address().to_string(), "192.168.122.100");
}

#[test]
fn star_means_both_families_only_where_ss_says_so() {
    let of = |row: &str| Sockets::parse(row.as_bytes()).unwrap().sockets()[0].address();
    assert_eq!(of("tcp LISTEN 0 5 *:1 *:*\n"), Address::Any);
    assert_eq!(of("tcp LISTEN 0 5 *:1 *:* ino:5 sk:1 v6only:0 <->\n"), Address::Any);
    // Without the kernel's answer `ss -e` prints no v6only, and `*` for either kind.
    let perhaps = Address::AnyIpv6PerhapsIpv4;
    assert_eq!(of("tcp LISTEN 0 5 *:1 *:* ino:5 sk:1\n"), perhaps);
    assert_eq!(of("tcp LISTEN 0 5 *:1 *:* ino:5 sk:1 v6only:1 <->\n"), perhaps);
    assert_eq!(of("tcp LISTEN 0 5 [::]:1 [::]:*\n"), Address::AnyIpv6);
}

#[test]
fn a_cgroup_names_a_pod_only_where_the_kubelet_made_it() {
    let id = "1f00ba5eba11c0ffee00112233445566778899aabbccddeeff00112233445566";
    let pod = "pod3c0de7a1_2222_4b1f_9a5e_0123456789ab.slice";
    let named = |path: &str| {
        let text = format!("tcp LISTEN 0 5 0.0.0.0:9 0.0.0.0:* ino:9 sk:1 cgroup:{path} <->\n");
        let listing = Sockets::parse(text.as_bytes()).unwrap();
        let pod = listing.sockets()[0].pod()?;
        Some((pod.uid().to_owned(), pod.container().to_string()))
    };
    let known = Some(("3c0de7a1-2222-4b1f-9a5e-0123456789ab".to_owned(), id.to_owned()));
    for path in [
        format!(
            "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-{pod}/crio-{id}.scope"
        ),
        format!(
            "/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-{pod}/crio-{id}.scope"
        ),
        format!("/kubepods.slice/kubepods-{pod}/crio-{id}.scope"),
        format!("/kubepods.slice/kubepods-{pod}/crio-{id}.scope/container"),
        format!(
            "/r1kubepods.slice/kubepods-burstable.slice/kubepods-burstable-{pod}/crio-{id}.scope"
        ),
    ] {
        assert_eq!(named(&path), known, "{path}");
    }
    let user = "/user.slice/user-1000.slice/user@1000.service";
    for path in [
        format!("{user}/kubepods.slice/kubepods-{pod}/crio-{id}.scope"),
        format!(
            "/kubepods.slice/kubepods-burstable.slice/kubepods-besteffort-{pod}/crio-{id}.scope"
        ),
        format!("/kubepods.slice/kubepods-{pod}/crio-conmon-{id}.scope"),
        format!("/kubepods.slice/kubepods-{pod}/crio-{}.scope", &id[1..]),
        format!("/kubepods.slice/kubepods-{pod}"),
        "/system.slice/sshd.service".to_owned(),
        "unreachable:3f2".to_owned(),
        "/".to_owned(),
    ] {
        assert_eq!(named(&path), None, "{path}");
    }
    let sample = text("evidence/samples/ss/ss-tulpneH-cgroup.txt");
    let sample = parsed("ss", &sample);
    assert!(sample.sockets().iter().all(|socket| socket.pod().unwrap().container() == id));
    // What stands behind a cgroup whose name holds a blank is no fact of the socket.
    let text = b"tcp LISTEN 0 5 *:9 *:* ino:9 sk:1 cgroup:/a uid:7 ino:8 v6only:0 <->\n";
    let listing = Sockets::parse(text).unwrap();
    let socket = &listing.sockets()[0];
    assert_eq!((socket.uid(), socket.inode(), socket.cgroup()), (Some(0), Some(9), None));
}

#[test]
fn text_that_is_no_listing_of_numbers_is_refused_with_its_place() {
    let cases: [(&[u8], u64, ErrorKind, usize); 11] = [
        (b"hello\n", 1, ErrorKind::Listing, 0),
        (b"hello", 1, ErrorKind::Listing, 0),
        (b"LISTEN 0 5 0.0.0.0:22 0.0.0.0:*\n", 1, ErrorKind::Listing, 0),
        (b"tcp LISTEN 0 5 0.0.0.0:ssh 0.0.0.0:*\n", 1, ErrorKind::Port, 23),
        (b"tcp LISTEN 0 5 0.0.0.0:70000 0.0.0.0:*\n", 1, ErrorKind::Port, 23),
        (b"tcp LISTEN 0 5 localhost:22 0.0.0.0:*\n", 1, ErrorKind::Address, 15),
        (b"tcp LISTEN 0 5 256.0.0.1:22 0.0.0.0:*\n", 1, ErrorKind::Address, 15),
        (b"tcp LISTEN 0 5 0.0.0.0:22 0.0.0.0:7\n", 1, ErrorKind::Port, 34),
        (b"tcp LISTEN 0 5 0.0.0.0:22 0.0.0.0:*\nx\n", 2, ErrorKind::Listing, 36),
        (
            b"tcp LISTEN 0 5 0.0.0.0:22 0.0.0.0:*\nLISTEN 0 5 0.0.0.0:23 0.0.0.0:*\n",
            2,
            ErrorKind::Listing,
            36,
        ),
        (
            b"tcp LISTEN 0 5 0.0.0.0:22 0.0.0.0:* users:((\"a\",pid=x,fd=1))\n",
            1,
            ErrorKind::Listing,
            43,
        ),
    ];
    for (text, line, kind, offset) in cases {
        let refused = Sockets::parse(text).unwrap_err();
        let found = (refused.line(), refused.error().kind(), refused.error().offset());
        assert_eq!(found, (line, kind, offset), "{}: {refused}", text.escape_ascii());
        assert_eq!(refused.error().found(), text.get(offset).copied());
    }
    for name in ["ss-names.txt", "netstat-names.txt"] {
        let text = text(&format!("evidence/samples/ss-traps/{name}"));
        let refused = Sockets::parse(&text).unwrap_err();
        assert_eq!(
            (refused.line(), refused.error().kind()),
            match name {
                "ss-names.txt" => (2, ErrorKind::Port),
                _ => (3, ErrorKind::Port),
            }
        );
    }
    let tcp = text("evidence/samples/ss/proc-net-tcp.txt");
    assert!(Sockets::parse_of(&tcp, Protocol::Tcp).is_ok());
    assert!(Sockets::parse_of(&tcp, Protocol::Udp).is_err());
    assert!(Sockets::parse_of(&tcp, Protocol::Sctp).is_err());
    let silent = b"Active Internet connections (w/o servers)\n";
    assert!(Sockets::parse(silent).is_err());
}

#[test]
fn a_listing_of_no_socket_is_told_by_its_header() {
    // `ss -H` has no header, so its output is empty.
    assert!(Sockets::parse(b"").unwrap().is_blank());
    for name in ["ss-tulpn.txt", "netstat-tulpn.txt", "proc-net-tcp.txt", "proc-net-udp6.txt"] {
        let text = text(&format!("{ROOMY}/{name}"));
        let header = if name.starts_with("netstat") { 2 } else { 1 };
        let lines = text.split_inclusive(|b| *b == b'\n').take(header);
        let text: Vec<u8> = lines.flatten().copied().collect();
        let listing = Sockets::parse(&text).unwrap_or_else(|refused| panic!("{name}: {refused}"));
        assert!(listing.sockets().is_empty() && !listing.is_cut(), "{name}");
        assert!(!listing.is_blank(), "{name}");
    }
}

#[test]
fn the_files_of_several_nodes_are_read() {
    let tcp = text("evidence/samples/ss/ss-anpltH.txt");
    let mut file = b"node: master-0\n".to_vec();
    file.extend_from_slice(&tcp);
    file.extend_from_slice(b"\nnode: worker-0\n");
    file.extend_from_slice(&tcp);
    file.extend_from_slice(b"\n");
    let nodes = Sockets::parse_nodes(&file, Protocol::Tcp).unwrap();
    let alone = Sockets::parse_of(&tcp, Protocol::Tcp).unwrap();
    assert_eq!(nodes.len(), 2);
    assert_eq!(
        (nodes[0].0.to_string(), nodes[1].0.to_string()),
        ("master-0".into(), "worker-0".into())
    );
    assert!(nodes.iter().all(|(_, listing)| listing.sockets() == alone.sockets()));
    let refused = Sockets::parse_nodes(&tcp, Protocol::Tcp).unwrap_err();
    assert_eq!((refused.line(), refused.error().expected()), (1, "node: NAME"));
}

#[test]
fn a_line_of_many_beginnings_is_read_once() {
    let title = "Active Internet connections (only servers)\n\
        Proto Recv-Q Send-Q Local Address           Foreign Address         State       \
        PID/Program name    Timer\n\
        tcp 0 0 0.0.0.0:22 0.0.0.0:* LISTEN 7/";
    let row = "tcp LISTEN 0 5 0.0.0.0:22 0.0.0.0:* ";
    for (start, part, sockets) in [
        (title, " ", Some(1)),
        (title, " off (", Some(1)),
        (row, "skmem:(", None),
        (row, "users:((", None),
        (row, "a ", Some(1)),
    ] {
        let text = format!("{start}{}x\n", part.repeat(1 << 16));
        let read = Sockets::parse(text.as_bytes()).ok();
        assert_eq!(read.map(|listing| listing.sockets().len()), sockets, "{part:?}");
    }
}

/// True if `cut` says no more of a socket than `whole`.
fn is_part(cut: &Socket<'_>, whole: &Socket<'_>) -> bool {
    let less = |a: Option<u64>, b: Option<u64>| a.is_none() || a == b;
    let address = cut.address() == whole.address()
        || cut.address() == Address::Cut
        || (cut.address() == Address::AnyIpv6PerhapsIpv4 && whole.address() == Address::Any);
    address
        && (cut.protocol(), cut.port(), cut.device())
            == (whole.protocol(), whole.port(), whole.device())
        && (cut.processes().is_empty() || cut.processes() == whole.processes())
        && less(cut.uid().map(u64::from), whole.uid().map(u64::from))
        && less(cut.inode(), whole.inode())
        && (cut.cgroup().is_none() || cut.cgroup() == whole.cgroup())
}

#[test]
fn a_cut_text_is_refused_or_a_beginning_that_says_so() {
    for name in samples() {
        let text = text(&name);
        let whole = parsed(&name, &text);
        let step = text.len() / 800 + 1;
        for end in (0..text.len()).step_by(step) {
            let cut = &text[..end];
            let Ok(listing) = read(&name, cut) else { continue };
            let in_line = cut.last().is_some_and(|byte| *byte != b'\n');
            let behind = cut.windows(8).any(|at| at == b"\nActive ");
            assert_eq!(listing.is_cut(), in_line && !behind, "{name} at {end}");
            assert!(listing.sockets().len() <= whole.sockets().len());
            for (part, all) in listing.sockets().iter().zip(whole.sockets()) {
                assert!(is_part(part, all), "{name} at {end}:\n{part:?}\n{all:?}");
            }
        }
    }
}

#[test]
fn line_ends_of_other_systems_and_a_mark_in_front_change_nothing() {
    for name in samples() {
        let text = text(&name);
        let whole = parsed(&name, &text);
        let mut marked = b"\xef\xbb\xbf".to_vec();
        for line in text.split_inclusive(|b| *b == b'\n') {
            match line.strip_suffix(b"\n") {
                Some(line) => marked.extend([line, b"\r\n"].concat()),
                None => marked.extend(line),
            }
        }
        let other = parsed(&name, &marked);
        assert_eq!(other.sockets(), whole.sockets(), "{name}");
        assert_eq!(other.clone().into_owned(), other);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn a_broken_text_never_panics(
        pick in any::<prop::sample::Index>(),
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0u8..4), 1..6),
    ) {
        let names = samples();
        let name = &names[pick.index(names.len())];
        let mut text = text(name);
        for (at, byte, kind) in edits {
            let at = at.index(text.len().max(1)).min(text.len());
            match kind {
                0 if at < text.len() => text[at] = byte,
                1 if at < text.len() => drop(text.remove(at)),
                2 => text.insert(at, byte),
                _ => text.truncate(at.max(1)),
            }
        }
        match read(name, &text) {
            Ok(listing) => prop_assert_eq!(&listing.clone().into_owned(), &listing),
            Err(refused) => {
                prop_assert!(refused.error().offset() <= text.len());
                let before = &text[..refused.error().offset()];
                let lines = before.iter().filter(|b| **b == b'\n').count() as u64 + 1;
                prop_assert_eq!(refused.line(), lines);
            }
        }
        for protocol in [Protocol::Tcp, Protocol::Udp] {
            let _ = Sockets::parse_nodes(&text, protocol);
        }
    }
}
