//! The rules that ovnkube makes of a service, in each era, and which of them open a port of the
//! host.

use super::lines::Era;
use std::collections::BTreeSet;

/// A rule exactly as it is given to iptables.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rule {
    pub v6: bool,
    pub table: &'static str,
    pub chain: &'static str,
    pub args: String,
}

/// What is open, as an auditor compares it: family, protocol, kind, address, port.
pub type Opening = (&'static str, String, &'static str, Option<String>, u16);

impl Rule {
    fn new(v6: bool, table: &'static str, chain: &'static str, args: String) -> Self {
        Self { v6, table, chain, args }
    }

    /// The port that the rule opens on the host, if it opens one.
    pub fn opening(&self) -> Option<Opening> {
        let publishes =
            ["OVN-KUBE-NODEPORT", "OVN-KUBE-EXTERNALIP", "OVN-KUBE-ETP"].contains(&self.chain);
        if self.table != "nat" || !publishes || !self.args.contains("-j DNAT") {
            return None;
        }
        let words: Vec<&str> = self.args.split(' ').collect();
        let after =
            |option: &str| words.windows(2).find(|w| w[0] == option).map(|w| w[1].to_owned());
        let address = after("-d");
        let node_port = self.chain == "OVN-KUBE-NODEPORT" || self.args.contains("--dst-type LOCAL");
        Some((
            if self.v6 { "ipv6" } else { "ipv4" },
            after("-p")?.to_lowercase(),
            if node_port { "node_port" } else { "external_ip" },
            address,
            after("--dport")?.parse().ok()?,
        ))
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Port {
    pub protocol: &'static str,
    pub port: u16,
    pub node_port: u16,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    NodePort,
    /// A ClusterIP service with external addresses.
    ExternalIp,
    LoadBalancer,
}

/// Where a service's endpoints on this node are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Endpoints {
    None,
    Pods(u8),
    HostNetwork,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    pub name: String,
    pub kind: Kind,
    pub dual: bool,
    pub ports: Vec<Port>,
    /// External addresses or ingress addresses, in the order of the API.
    pub addresses: Vec<&'static str>,
    pub etp_local: bool,
    pub itp_local: bool,
    /// `allocateLoadBalancerNodePorts: false`.
    pub no_node_ports: bool,
    pub endpoints: Endpoints,
    /// Sets the cluster addresses apart.
    pub number: u8,
}

fn bracketed(ip: &str) -> String {
    if ip.contains(':') { format!("[{ip}]") } else { ip.to_owned() }
}

impl Service {
    fn cluster_ips(&self) -> Vec<String> {
        let v4 = format!("10.43.{}.{}", self.number / 8, self.number);
        if self.dual {
            vec![v4, format!("fd02::{:x}", 0x8200 + u16::from(self.number))]
        } else {
            vec![v4]
        }
    }

    fn has_node_ports(&self) -> bool {
        match self.kind {
            Kind::NodePort => true,
            Kind::ExternalIp => false,
            Kind::LoadBalancer => !self.no_node_ports,
        }
    }

    /// The rules for the endpoints as they are.
    pub fn rules(&self, era: Era) -> Vec<Rule> {
        self.rules_for(era, self.endpoints == Endpoints::HostNetwork)
    }

    /// Both variants, as a deletion tries them.
    pub fn deletions(&self, era: Era) -> Vec<Rule> {
        let mut rules = self.rules_for(era, true);
        rules.extend(self.rules_for(era, false));
        rules
    }

    fn rules_for(&self, era: Era, host_network: bool) -> Vec<Rule> {
        if era == Era::Y2020 {
            return self.rules_of_2020();
        }
        let mut rules = Vec::new();
        let pods =
            |v6: bool| -> Vec<String> {
                let Endpoints::Pods(n) = self.endpoints else { return Vec::new() };
                (0..n)
                    .map(|i| {
                        if v6 { format!("fd01::{:x}", 8 + i) } else { format!("10.42.0.{}", 8 + i) }
                    })
                    .collect()
            };
        for Port { protocol: p, port, node_port } in &self.ports {
            let local_pods = self.etp_local && !host_network;
            let nat =
                |v6: bool, chain: &'static str, args: String| Rule::new(v6, "nat", chain, args);
            let masquerade = |v6: bool| if v6 { "[fd69::3]" } else { "169.254.169.3" };
            for cip in self.cluster_ips().into_iter().filter(|_| self.has_node_ports()) {
                let v6 = cip.contains(':');
                let hit = format!(
                    "-p {p} -m addrtype --dst-type LOCAL --dport {node_port} -j DNAT --to-destination"
                );
                if local_pods {
                    rules.push(nat(
                        v6,
                        "OVN-KUBE-ETP",
                        format!("{hit} {}:{node_port}", masquerade(v6)),
                    ));
                    if era != Era::Y2024 {
                        rules.push(nat(
                            v6,
                            "OVN-KUBE-SNAT-MGMTPORT",
                            format!("-p {p} --dport {node_port} -j RETURN"),
                        ));
                    }
                }
                rules.push(nat(
                    v6,
                    "OVN-KUBE-NODEPORT",
                    format!("{hit} {}:{port}", bracketed(&cip)),
                ));
            }
            for address in &self.addresses {
                let v6 = address.contains(':');
                let Some(cip) = self.cluster_ips().into_iter().find(|cip| cip.contains(':') == v6)
                else {
                    continue;
                };
                let hit = format!("-p {p} -d {address} --dport {port} -j DNAT --to-destination");
                if local_pods && self.has_node_ports() {
                    rules.push(nat(
                        v6,
                        "OVN-KUBE-ETP",
                        format!("{hit} {}:{node_port}", masquerade(v6)),
                    ));
                } else if local_pods && self.kind == Kind::LoadBalancer {
                    for (n, ip) in pods(v6).iter().enumerate() {
                        let chance = 1.0 / (n as f64 + 1.0);
                        let to = format!(
                            "{}:{port} -m statistic --mode random --probability {chance:.10}",
                            bracketed(ip)
                        );
                        rules.push(nat(v6, "OVN-KUBE-ETP", format!("{hit} {to}")));
                        if era != Era::Y2024 {
                            rules.push(nat(
                                v6,
                                "OVN-KUBE-SNAT-MGMTPORT",
                                format!("-p {p} -d {ip} --dport {port} -j RETURN"),
                            ));
                        }
                    }
                }
                rules.push(nat(
                    v6,
                    "OVN-KUBE-EXTERNALIP",
                    format!("{hit} {}:{port}", bracketed(&cip)),
                ));
            }
            for cip in self.cluster_ips().into_iter().filter(|_| self.itp_local) {
                let hit = format!("-p {p} -d {cip} --dport {port} -j");
                rules.push(match host_network {
                    true => nat(
                        cip.contains(':'),
                        "OVN-KUBE-ITP",
                        format!("{hit} REDIRECT --to-port {port}"),
                    ),
                    false => Rule::new(
                        cip.contains(':'),
                        "mangle",
                        "OVN-KUBE-ITP",
                        format!("{hit} MARK --set-xmark 0x1745ec"),
                    ),
                });
            }
        }
        rules
    }

    /// July 2020: the node's address in the rule of a node port, or none, and a twin in the filter
    /// table.
    fn rules_of_2020(&self) -> Vec<Rule> {
        let mut rules = Vec::new();
        for Port { protocol: p, port, node_port } in &self.ports {
            if self.has_node_ports() {
                let to = if self.number.is_multiple_of(2) { "-d 10.1.1.4 " } else { "" };
                let hit = format!("-p {p} {to}--dport {node_port} -j");
                rules.push(Rule::new(
                    false,
                    "nat",
                    "OVN-KUBE-NODEPORT",
                    format!("{hit} DNAT --to-destination 169.254.33.2:{port}"),
                ));
                rules.push(Rule::new(
                    false,
                    "filter",
                    "OVN-KUBE-NODEPORT",
                    format!("{hit} ACCEPT"),
                ));
            }
            for address in self.addresses.iter().filter(|a| !a.contains(':')) {
                let hit = format!("-p {p} -d {address} --dport {port} -j");
                rules.push(Rule::new(
                    false,
                    "nat",
                    "OVN-KUBE-EXTERNALIP",
                    format!("{hit} DNAT --to-destination 169.254.33.2:{port}"),
                ));
                rules.push(Rule::new(
                    false,
                    "filter",
                    "OVN-KUBE-EXTERNALIP",
                    format!("{hit} ACCEPT"),
                ));
            }
        }
        rules
    }
}

/// What a set of rules opens.
pub fn open(rules: &BTreeSet<Rule>) -> BTreeSet<Opening> {
    rules.iter().filter_map(Rule::opening).collect()
}
