//! Logs out of bytes: each few bytes choose a line that one of the three programs could print, or
//! nearly so.
//!
//! Names and ports are few, so that lines meet: what one opens another closes, refuses, lists,
//! renames or forgets.

use super::chooser::Chooser;

const ZONES: &[&str] = &["public", "work", "", "internal"];
const PORTS: &[&str] = &[
    "80",
    "8080",
    "8000-8010",
    "8005",
    "8010-8000",
    "http",
    "",
    "0",
    "65535",
    "70000",
    "8004-8006",
];
const PROTOCOLS: &[&str] = &["tcp", "udp", "sctp", "TCP"];
const HOST_PORTS: &[&str] = &["80", "443", "8080", "53"];
const PODS: &[&str] = &["a", "b", "c"];
const FOREIGN: &[&str] = &[
    "",
    "kernel: x",
    "\tat line 3",
    "COMMIT",
    " ",
    "{",
    "}",
    "-- No entries --",
    "2023-06-28 10:46:37",
];

/// The text of a log, and its line count.
pub fn log(chooser: &mut Chooser<'_>, most: usize) -> Vec<u8> {
    let mut log = Vec::new();
    let style = chooser.below(6);
    for number in 0..most {
        if chooser.is_empty() {
            break;
        }
        let line = line(chooser, style, number);
        log.extend_from_slice(&line);
        log.extend_from_slice(if chooser.below(32) == 31 { b"\r\n" } else { b"\n" });
    }
    log
}

fn line(chooser: &mut Chooser<'_>, style: usize, number: usize) -> Vec<u8> {
    let what = chooser.byte();
    let (identifier, message) = match what % 16 {
        0..=6 => ("firewalld", firewalld(chooser, number)),
        7..=10 => ("crio", crio(chooser, number)),
        11..=13 => ("microshift", ovnkube(chooser, number)),
        14 => return journal(chooser),
        _ => ("conmon", chooser.one_of(FOREIGN).to_owned()),
    };
    // Most logs of one style, now and then a line of another.
    let style = if what >= 240 { chooser.below(6) } else { style };
    let (minute, second) = (number / 60 % 60, number % 60);
    let host = if what & 0x70 == 0x70 { chooser.one_of(&["two", "three", ""]) } else { "one" };
    let pid = if what & 0x60 == 0x60 { 812 } else { 77216 };
    let prefix = match style {
        0 => String::new(),
        1 => format!("Jun 25 16:{minute:02}:{second:02} {host} {identifier}[{pid}]: "),
        2 => format!("2023-06-25T16:{minute:02}:{second:02}+0800 {host} {identifier}[{pid}]: "),
        3 => {
            format!(
                "2023-06-25T16:{minute:02}:{second:02}.000000001Z stderr {} ",
                if chooser.below(9) == 8 { "P" } else { "F" }
            )
        }
        4 => format!("Jun 25 16:{minute:02}:{second:02} {host} {identifier}: "),
        _ => {
            let json = serde_json::json!({"_HOSTNAME": host, "SYSLOG_IDENTIFIER": identifier, "_PID": pid.to_string(),
                "_BOOT_ID": if what & 0x30 == 0x30 { "b" } else { "a" }, "MESSAGE": message});
            return json.to_string().into_bytes();
        }
    };
    let mut line = (prefix + &message).into_bytes();
    if chooser.below(64) == 63 {
        let at = usize::from(chooser.u16()) % (line.len() + 1);
        line.truncate(at);
    }
    line
}

fn firewalld(chooser: &mut Chooser<'_>, number: usize) -> String {
    let zone = chooser.one_of(ZONES);
    let port = chooser.one_of(PORTS);
    let protocol = chooser.one_of(PROTOCOLS);
    let object = chooser.below(4);
    let item = format!("'{port}', '{protocol}'");
    let call = match chooser.below(48) {
        0 | 1 => format!("zone.addPort('{zone}', {item})"),
        2 | 3 => format!("zone.PortAdded('{zone}', {item}, {})", chooser.one_of(&[0, 60])),
        4 => format!("zone.removePort('{zone}', {item})"),
        5 | 6 => format!("zone.PortRemoved('{zone}', {item})"),
        7 => format!("zone.disableTimedPort('{zone}', {item})"),
        8 => format!("zone.addService('{zone}', 'http')"),
        9 => format!("zone.ServiceAdded('{zone}', 'http', 0)"),
        10 => format!("zone.ServiceRemoved('{zone}', 'http')"),
        11 => format!("zone.ForwardPortAdded('{zone}', {item}, '80', '10.0.0.1', 0)"),
        12 => format!("zone.ForwardPortRemoved('{zone}', {item}, '80', '10.0.0.1')"),
        13 => format!("zone.SourcePortAdded('{zone}', {item}, 0)"),
        14 => format!("zone.ProtocolAdded('{zone}', 'gre', 0)"),
        15 => format!(
            "zone.RichRuleAdded('{zone}', 'rule port port=\"{port}\" protocol=\"{protocol}\" accept', 0)"
        ),
        16 | 17 => format!("config.zone.{object}.addPort({item})"),
        18 => format!("config.zone.{object}.removePort({item})"),
        19 => format!("config.zone.{object}.getSettings()"),
        20 | 21 => format!("config.zone.{object}.update('...')"),
        22 | 23 => format!("config.zone.{object}.Updated('{zone}')"),
        24 => format!("config.zone.{object}.update2('...')"),
        25 => format!("config.zone.{object}.setPorts('[('{port}, '{protocol}'),('22, 'tcp')]')"),
        26 => format!("config.zone.{object}.rename('{zone}')"),
        27 => format!("config.zone.{object}.Renamed('{zone}')"),
        28 => format!("config.zone.{object}.removeZone()"),
        29 => format!("config.zone.{object}.Removed('{zone}')"),
        30 => format!("config.zone.{object}.loadDefaults()"),
        31 => format!("config.addZone('{zone}')"),
        32 | 33 => format!("config.ZoneAdded('{zone}')"),
        34 => "reload()".to_owned(),
        35 => "Reloaded()".to_owned(),
        36 => "completeReload()".to_owned(),
        37 => "start()".to_owned(),
        38 => "stop()".to_owned(),
        39 => "copyRuntimeToPermanent()".to_owned(),
        40 => format!("Copying zone '{zone}' settings"),
        41 => format!("setDefaultZone('{zone}')"),
        42 => format!("DefaultZoneChanged('{zone}')"),
        43 => format!("Using default zone '{zone}'"),
        44 => "firewalld.reset_to_defaults()".to_owned(),
        45 => format!("zone.changeZoneOfInterface('{zone}', 'eth0')"),
        46 => format!("setZoneSettings2({zone})"),
        _ => format!("Loading zone file '/etc/firewalld/zones/{zone}.xml'"),
    };
    let (label, text) = match chooser.below(12) {
        8 => ("ERROR", format!("ALREADY_ENABLED: '{port}:{protocol}' already in '{zone}'")),
        9 => ("WARNING", format!("NOT_ENABLED: '{port}:{protocol}' not in '{zone}'")),
        10 => ("DEBUG1", "Traceback (most recent call last):".to_owned()),
        11 => ("DEBUG2", call),
        _ => ("DEBUG1", call),
    };
    format!("2023-06-28 10:{:02}:{:02} {label}: {text}", number / 60 % 60, number % 60)
}

fn crio(chooser: &mut Chooser<'_>, number: usize) -> String {
    let port = chooser.one_of(HOST_PORTS);
    let protocol = chooser.one_of(&["tcp", "udp", "sctp"]);
    let pod = chooser.one_of(PODS);
    let message = match chooser.below(24) {
        0..=3 => format!("Opened local port {protocol}:{port}"),
        4..=6 => format!("Closing host port {protocol}:{port}"),
        7 => format!("Host port {protocol}:{port} does not have an open socket"),
        8 => "Ensuring kubelet hostport chains".to_owned(),
        9..=12 => format!("Restoring iptables rules: {}", restore(chooser)),
        13 => {
            format!("Starting to delete udp conntrack entries: [53], isIPv6 - {}", chooser.flag())
        }
        14 => format!("Running pod sandbox: default/{pod}/POD"),
        15 => format!("Ran pod sandbox {pod}{pod} with infra container: default/{pod}/POD"),
        16 => format!("NetworkStart: stopping network for sandbox {pod}{pod}"),
        17 => format!("Stopping pod sandbox: {pod}{pod}"),
        18 => format!("Stopped pod sandbox: {pod}{pod}"),
        19 => format!(
            "Failed to remove hostport for pod sandbox k8s_{pod}_default_u_0({pod}{pod}): failed"
        ),
        20 => format!("Cannot clean up hostport {port} for pod k8s_{pod}_default_u_0: failed"),
        21 => format!(
            "Starting CRI-O, version: {}, git: x(clean)",
            chooser.one_of(&["1.29.9", "1.22.5", "1.36.3", "2.0.0"])
        ),
        22 => "HostPort Mapping is Disabled in CRI-O".to_owned(),
        _ => "Checking image status: x".to_owned(),
    };
    let quoted = serde_json::to_string(&message).expect("text");
    let request = if chooser.flag() { format!(" id={}", chooser.below(3)) } else { String::new() };
    let (minute, second) = (number / 60 % 60, number % 60);
    format!(
        "time=\"2023-06-25 16:{minute:02}:{second:02}.033003098+08:00\" level=info msg={quoted}{request}"
    )
}

/// An input of iptables-restore: a picture of some ports.
fn restore(chooser: &mut Chooser<'_>) -> String {
    let v6 = chooser.below(4) == 3;
    let mut chains = String::from(":KUBE-HOSTPORTS - [0:0]\n");
    let mut rules = String::new();
    let which = chooser.byte();
    for (bit, port) in HOST_PORTS.iter().enumerate() {
        if which >> bit & 1 == 0 {
            continue;
        }
        let new = which >> (bit + 4) & 1 == 1;
        let pod = PODS[bit % PODS.len()];
        let (verb, target) =
            (if new { "-I" } else { "-A" }, if v6 { "[fd01::9]" } else { "10.42.0.7" });
        let protocol = if bit == 3 { "udp" } else { "tcp" };
        let comment = format!("-m comment --comment \"k8s_{pod}_default_u_0_ hostport {port}\"");
        chains += &format!(":KUBE-HP-{bit} - [0:0]\n");
        rules += &format!(
            "{verb} KUBE-HOSTPORTS -p {protocol} {comment} -m {protocol} --dport {port} -j KUBE-HP-{bit}\n"
        );
        rules += &format!(
            "-A KUBE-HP-{bit} -p {protocol} {comment} -m {protocol} -j DNAT --to-destination {target}:8443\n"
        );
    }
    if chooser.below(8) == 7 {
        rules += "-X KUBE-HP-0\n";
    }
    format!("*nat\n{chains}{rules}COMMIT\n")
}

fn ovnkube(chooser: &mut Chooser<'_>, number: usize) -> String {
    let (minute, second) = (number / 60 % 60, number % 60);
    let pid = chooser.one_of(&[2_118_395, 2_118_395, 2_118_395, 99]);
    let header = |letter: &str, file: &str| {
        format!("{letter}0625 09:{minute:02}:{second:02}.992980 {pid:>7} {file}] ")
    };
    let port = chooser.one_of(&["32718", "80", "30000:32767", "0"]);
    let family = chooser.below(8) / 7;
    let chain = chooser.one_of(&[
        "OVN-KUBE-NODEPORT",
        "OVN-KUBE-NODEPORT",
        "OVN-KUBE-EXTERNALIP",
        "OVN-KUBE-ETP",
        "OVN-KUBE-ITP",
        "PREROUTING",
    ]);
    let target = if family == 1 { "[fd01::5]" } else { "10.96.178.142" };
    let destination = match (chain, family) {
        ("OVN-KUBE-EXTERNALIP", 1) => "-d fd00::1 ",
        ("OVN-KUBE-EXTERNALIP", _) => chooser.one_of(&["-d 172.16.1.1 ", "-d 172.16.1.2 "]),
        _ => "-m addrtype --dst-type LOCAL ",
    };
    let negated = if chooser.below(16) == 15 { "! " } else { "" };
    let args = format!(
        "-p TCP {destination}{negated}--dport {port} -j DNAT --to-destination {target}:8081"
    );
    let change = |verb: &str| {
        format!("{verb}: nat, chain: {chain} with args: \"{args}\" for protocol: {family} ")
    };
    match chooser.below(16) {
        0..=4 => header("I", "iptables.go:27") + &change("Adding rule in table"),
        5..=7 => header("I", "iptables.go:63") + &change("Deleting rule in table"),
        8 => {
            header("I", "iptables.go:143")
                + &change("Ignoring processing rule in table due to filtering")
        }
        9 => {
            header("I", "gateway_iptables.go:617")
                + &format!("Recreating iptables rules for table: nat, chain: {chain}")
        }
        10 => {
            header("I", "iptables.go:20")
                + &format!("Chain: \"{chain}\" in table: \"nat\" already exists, skipping creation")
        }
        11 => header("I", "config.go:1") + "Default config: {MTU:1400}",
        12 => header("I", "config.go:2") + "Logging config: {File: Level:5 X:1}",
        13 => header("I", "factory.go:9") + "Added *v1.Service event handler 1",
        14 => {
            let verb = chooser.one_of(&["add", "delete"]);
            header("E", "node.go:44")
                + &format!(
                    "failed to {verb} iptables nat/{chain} rule \"{args}\": running [/usr/sbin/iptables]: exit status 4: x"
                )
        }
        _ => change("Deleting rule in table"),
    }
}

fn journal(chooser: &mut Chooser<'_>) -> Vec<u8> {
    let line = match chooser.below(4) {
        0 => "-- Boot 2d30a6508937515eb84cfdeac507588e --",
        1 => "Jun 25 16:30:00 one systemd-journald[812]: Suppressed 42 messages from crio.service",
        2 => "Jun 25 16:30:00 one crio[77216]: [12B blob data]",
        _ => "-- Reboot --",
    };
    line.as_bytes().to_vec()
}
