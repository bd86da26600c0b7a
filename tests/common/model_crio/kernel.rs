//! What stands in the kernel: sockets that CRI-O or others hold, and CRI-O's DNAT rules.

use std::collections::{BTreeMap, BTreeSet};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Family {
    V4,
    V6,
}

impl Family {
    pub const BOTH: [Self; 2] = [Self::V4, Self::V6];
}

/// One port of a pod that is to be reached on the host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mapping {
    pub protocol: &'static str,
    pub host_port: u16,
    pub container_port: u16,
    /// Empty for every address of the host.
    pub host_ip: &'static str,
}

impl Mapping {
    pub fn port(&self) -> String {
        format!("{}:{}", self.protocol, self.host_port)
    }

    /// Does the manager of a family care? A host address belongs to one family, none to both.
    pub fn concerns(&self, family: Family) -> bool {
        self.host_ip.is_empty() || self.host_ip.contains(':') == (family == Family::V6)
    }

    pub fn any_address(&self) -> bool {
        ["", "0.0.0.0", "::"].contains(&self.host_ip)
    }
}

/// A socket in a manager's table.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Socket {
    pub family: Family,
    pub host_ip: String,
    pub port: u16,
    pub protocol: String,
}

/// A DNAT rule in a pod's chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    pub mapping: Mapping,
    pub pod_ip: String,
    pub comment: String,
}

impl Rule {
    pub fn target(&self) -> String {
        match self.pod_ip.contains(':') {
            true => format!("[{}]:{}", self.pod_ip, self.mapping.container_port),
            false => format!("{}:{}", self.pod_ip, self.mapping.container_port),
        }
    }

    /// `proto:port|host ip|target|pod`, as rules are compared.
    pub fn listed(&self) -> String {
        let host_ip = if self.mapping.any_address() { "" } else { self.mapping.host_ip };
        format!("{}|{host_ip}|{}|{}", self.mapping.port(), self.target(), self.comment)
    }
}

/// A pod's chains by their sixteen letters. The mappings of a pod that differ in the container port
/// alone have their rules in one chain.
pub type Chains = BTreeMap<String, Vec<Rule>>;

/// Puts rules into the chains that they are for, which are made if they are not there.
pub fn put(chains: &mut Chains, rules: Vec<(String, Rule)>) {
    for (suffix, rule) in rules {
        chains.entry(suffix).or_default().push(rule);
    }
}

/// Each rule with its chain.
fn each(chains: &Chains) -> impl Iterator<Item = (&String, &Rule)> {
    chains.iter().flat_map(|(suffix, rules)| rules.iter().map(move |rule| (suffix, rule)))
}

#[derive(Debug, Clone, Default)]
pub struct Kernel {
    pub sockets: BTreeSet<Socket>,
    /// Ports on which processes of the host listen on every address of both families.
    pub foreign: BTreeSet<(String, u16)>,
    pub v4: Chains,
    pub v6: Chains,
}

impl Kernel {
    pub fn rules(&mut self, family: Family) -> &mut Chains {
        match family {
            Family::V4 => &mut self.v4,
            Family::V6 => &mut self.v6,
        }
    }

    /// Is the address and port taken, by CRI-O itself or by another process?
    pub fn busy(&self, family: Family, mapping: &Mapping) -> bool {
        let any = |ip: &str| ["", "0.0.0.0", "::"].contains(&ip);
        let ours = |s: &Socket| {
            let same_port =
                s.family == family && s.port == mapping.host_port && s.protocol == mapping.protocol;
            same_port && (s.host_ip == mapping.host_ip || any(&s.host_ip) || mapping.any_address())
        };
        self.sockets.iter().any(ours)
            || self.foreign.contains(&(mapping.protocol.to_owned(), mapping.host_port))
    }
}

/// What `iptables-save -t nat` prints of CRI-O's chains.
pub fn save_text(chains: &Chains) -> String {
    restore_text(&[], chains, &[], 0)
}

/// A chain name's sixteen letters: a hash over the pod and the mapping, the same in both families.
pub fn chain_suffix(pod: &str, mapping: &Mapping) -> String {
    let text = format!("{pod}{}{}{}", mapping.host_port, mapping.protocol, mapping.host_ip);
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut letters = String::new();
    for round in 0..16u8 {
        for byte in text.bytes().chain([round]) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        letters.push(char::from(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[(hash >> 33) as usize % 32]));
    }
    letters
}

fn quoted_comment(rule: &Rule) -> String {
    format!("-m comment --comment \"{} hostport {}\"", rule.comment, rule.mapping.host_port)
}

/// The text given to iptables-restore: chains, the new rules as CRI-O writes them, the kept ones as
/// iptables-save prints them, the chains to delete. A mapping that shares its chain with another one
/// writes the lines of the chain once more. `turn` moves the order of the chain lines, which is
/// random.
pub fn restore_text(new: &[(String, Rule)], kept: &Chains, gone: &[String], turn: usize) -> String {
    let suffixes = new.iter().map(|(s, _)| s).chain(kept.keys()).chain(gone);
    let mut chains: Vec<String> =
        suffixes.flat_map(|s| [format!("KUBE-HP-{s}"), format!("CRIO-MASQ-{s}")]).collect();
    chains.extend(["CRIO-HOSTPORTS-MASQ".to_owned(), "KUBE-HOSTPORTS".to_owned()]);
    let turn = turn % chains.len();
    chains.rotate_left(turn);
    let mut text = String::from("*nat\n");
    chains.iter().for_each(|chain| text.push_str(&format!(":{chain} - [0:0]\n")));
    for (suffix, rule) in new {
        let (m, note, ip) = (&rule.mapping, quoted_comment(rule), &rule.pod_ip);
        let p = m.protocol;
        let to = if m.any_address() { String::new() } else { format!("-d {} ", m.host_ip) };
        text.push_str(&format!(
            "-I KUBE-HOSTPORTS {note} -m {p} -p {p} --dport {} -j KUBE-HP-{suffix}\n",
            m.host_port
        ));
        text.push_str(&format!("-I CRIO-HOSTPORTS-MASQ {note} -j CRIO-MASQ-{suffix}\n"));
        text.push_str(&format!(
            "-A KUBE-HP-{suffix} {note} -m {p} -p {p} {to}-j DNAT --to-destination={}\n",
            rule.target()
        ));
        text.push_str(&format!(
            "-A CRIO-MASQ-{suffix} {note} -m conntrack --ctorigdstport {} -m {p} -p {p} --dport {} -s {ip} -d {ip} -j MASQUERADE\n",
            m.host_port, m.container_port
        ));
    }
    for (suffix, rule) in each(kept) {
        text.push_str(&format!(
            "-A CRIO-HOSTPORTS-MASQ {} -j CRIO-MASQ-{suffix}\n",
            quoted_comment(rule)
        ));
    }
    let mask = |ip: &str| format!("{ip}/{}", if ip.contains(':') { 128 } else { 32 });
    for (suffix, rule) in each(kept) {
        let (m, ip) = (&rule.mapping, mask(&rule.pod_ip));
        text.push_str(&format!(
            "-A CRIO-MASQ-{suffix} -s {ip} -d {ip} -p {} {} -m conntrack --ctorigdstport {} -m {} --dport {} -j MASQUERADE\n",
            m.protocol,
            quoted_comment(rule),
            m.host_port,
            m.protocol,
            m.container_port
        ));
    }
    for (suffix, rule) in each(kept) {
        let (m, note) = (&rule.mapping, quoted_comment(rule));
        text.push_str(&format!(
            "-A KUBE-HOSTPORTS -p {} {note} -m {} --dport {} -j KUBE-HP-{suffix}\n",
            m.protocol, m.protocol, m.host_port
        ));
    }
    for (suffix, rule) in each(kept) {
        let (m, note) = (&rule.mapping, quoted_comment(rule));
        let to = if m.any_address() { String::new() } else { format!("-d {} ", mask(m.host_ip)) };
        let (p, target) = (m.protocol, rule.target());
        text.push_str(&format!(
            "-A KUBE-HP-{suffix} {to}-p {p} {note} -m {p} -j DNAT --to-destination {target}\n"
        ));
    }
    for suffix in gone {
        text.push_str(&format!("-X KUBE-HP-{suffix}\n-X CRIO-MASQ-{suffix}\n"));
    }
    text.push_str("COMMIT\n");
    text
}
