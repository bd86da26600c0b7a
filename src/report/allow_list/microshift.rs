//! What MicroShift's documentation lists, as data.

use super::{AllowList, AllowedPort, DynamicRange};
use crate::port::Protocol;
use alloc::string::String;
use alloc::vec::Vec;

/// Single ports: protocol, port, and what uses it where the documentation says so.
///
/// The firewall guide lists 80, 443, 5353 and 6443 as ports that users may open; the rest are the
/// fixed ports of its services.
const PORTS: [(Protocol, u16, &str); 13] = [
    (Protocol::Tcp, 22, "sshd"),
    (Protocol::Tcp, 80, "router-default"),
    (Protocol::Tcp, 443, "router-default"),
    (Protocol::Tcp, 1936, "router-default"),
    (Protocol::Tcp, 2379, "etcd"),
    (Protocol::Tcp, 2380, "etcd"),
    (Protocol::Tcp, 6443, "kube-apiserver"),
    (Protocol::Tcp, 8445, ""),
    (Protocol::Tcp, 9537, "crio-metrics"),
    (Protocol::Tcp, 10248, "kubelet"),
    (Protocol::Tcp, 10250, "kubelet"),
    (Protocol::Tcp, 10259, "kube-scheduler"),
    (Protocol::Udp, 5353, "mdns"),
];

impl AllowList {
    /// The ports that MicroShift's documentation lists (4.15 to 4.19): all optional, since none of
    /// them must be open.
    ///
    /// Node ports are taken from 30000-32767, which is the default of Kubernetes and can be changed
    /// on a cluster.
    #[must_use]
    pub fn microshift() -> Self {
        let row = |(protocol, port, service): (Protocol, u16, &str)| AllowedPort {
            direction: String::from("Ingress"),
            protocol,
            port,
            namespace: String::new(),
            service: String::from(service),
            pod: String::new(),
            container: String::new(),
            node_group: String::new(),
            optional: true,
        };
        let node_ports = |protocol| DynamicRange {
            direction: String::from("Ingress"),
            protocol,
            min_port: 30000,
            max_port: 32767,
            description: String::from("Kubelet node ports"),
            optional: true,
        };
        Self {
            ports: PORTS.into_iter().map(row).collect(),
            ranges: [Protocol::Tcp, Protocol::Udp].into_iter().map(node_ports).collect::<Vec<_>>(),
        }
    }
}
