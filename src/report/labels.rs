//! How reports name things, and tables with aligned columns.

use crate::event::Anomaly;
use crate::port::HostPort;
use crate::state::opening::{Holder, Scope};
use crate::text::Text;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

/// Log text for a terminal: what could move the cursor or turn the writing direction is escaped.
pub(super) fn shown(text: &Text<'_>) -> String {
    let mut out = String::new();
    for c in text.to_str_lossy().chars() {
        let turns = matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if c.is_control() || turns { out.extend(c.escape_default()) } else { out.push(c) }
    }
    out
}

/// Pod and namespace out of the name that CRI-O gives a sandbox (`k8s_nginx_default_UID_0_`: pod
/// nginx in namespace default).
///
/// Neither name can hold an underscore, so the parts are certain; `None` for names of another form.
///
/// ```
/// use hostport_audit::Text;
/// use hostport_audit::report::pod_and_namespace;
///
/// assert_eq!(pod_and_namespace(&Text::from("k8s_nginx_default_0f1e_0_")), Some(("nginx", "default")));
/// assert_eq!(pod_and_namespace(&Text::from("nginx")), None);
/// ```
#[must_use]
pub fn pod_and_namespace<'a>(name: &'a Text<'_>) -> Option<(&'a str, &'a str)> {
    let mut parts = name.to_str()?.split('_');
    (parts.next()? == "k8s").then_some(())?;
    let (pod, namespace) = (parts.next()?, parts.next()?);
    (!pod.is_empty() && !namespace.is_empty() && parts.next().is_some()).then_some((pod, namespace))
}

/// What holds a port, in words.
pub(super) fn held_by(holder: &Holder) -> String {
    match holder {
        Holder::ZonePort { zone, .. } => format!("zone {}", shown(zone)),
        Holder::ZoneSourcePort { zone, .. } => {
            format!("zone {}: any port, from this source port", shown(zone))
        }
        Holder::ZoneService { zone, service, .. } => {
            format!("zone {}: service {}", shown(zone), shown(service))
        }
        Holder::ZoneForwardPort { zone, target, .. } => {
            format!("zone {}: forwarded to {}", shown(zone), shown(target))
        }
        Holder::ZoneProtocol { zone, protocol, .. } => {
            format!("zone {}: IP protocol {}", shown(zone), shown(protocol))
        }
        Holder::FirewallFact { zone: Some(zone), fact, .. } => {
            format!("zone {}: {}", shown(zone), shown(fact))
        }
        Holder::FirewallFact { zone: None, fact, .. } => shown(fact),
        Holder::CrioSocket => "socket of CRI-O".into(),
        Holder::CrioRule { host_ip, target, pod, .. } => {
            let pod = match pod_and_namespace(pod) {
                Some((pod, namespace)) => format!("pod {namespace}/{pod}"),
                None => format!("pod {}", shown(pod)),
            };
            match host_ip {
                Some(address) => format!("{pod} at {}, on {address}", shown(target)),
                None => format!("{pod} at {}", shown(target)),
            }
        }
        Holder::NodePort { family, address: Some(address) } => {
            format!("node port on {address} ({family})")
        }
        Holder::NodePort { family, address: None } => format!("node port ({family})"),
        Holder::ExternalIp { address, .. } => format!("external address {address}"),
        Holder::LocalPort { program, description } => {
            format!("{}: {}", shown(program), shown(description))
        }
    }
}

/// The part of the machine in which it holds the port.
pub(super) const fn layer_word(holder: &Holder) -> &'static str {
    use crate::event::firewalld::Layer;
    match super::origin::layer_of(holder) {
        Some(Layer::Runtime) => "firewalld runtime",
        Some(Layer::Permanent) => "firewalld permanent",
        None => match holder {
            Holder::CrioSocket => "crio socket",
            Holder::CrioRule { .. } => "crio rule",
            Holder::NodePort { .. } | Holder::ExternalIp { .. } => "ovnkube rule",
            _ => "neighbour",
        },
    }
}

/// A scope in words.
pub(crate) fn scope_words(scope: &Scope) -> String {
    match scope {
        Scope::Firewalld => "all of firewalld".into(),
        Scope::FirewalldLayer { layer } => format!("firewalld, {layer}, all zones"),
        Scope::Zone { zone, layer } => format!("firewalld, {layer}, zone {}", shown(zone)),
        Scope::ZoneList { zone, layer, kind } => {
            format!("firewalld, {layer}, zone {}, {}", shown(zone), kind.as_str().replace('_', " "))
        }
        Scope::CrioSockets => "sockets of CRI-O".into(),
        Scope::CrioRules { family } => format!("rules of CRI-O, {family}"),
        Scope::Ovnkube => "rules of ovnkube".into(),
        Scope::LocalPorts => "host ports of other programs".into(),
    }
}

/// A port, or a dash where the log names none.
pub(super) fn port_word(port: Option<HostPort>) -> String {
    port.map_or_else(|| "-".into(), |port| port.to_string())
}

/// A host, or words for the one whose lines have no name.
pub(super) fn host_word(host: Option<&Text<'_>>) -> String {
    host.map_or_else(|| "(no host name in the log)".into(), shown)
}

/// Counted remarks, as `2 clock went back, 1 not a port`.
pub(super) fn anomaly_words<'a>(anomalies: impl Iterator<Item = (&'a Anomaly, &'a u64)>) -> String {
    anomalies.map(|(remark, count)| format!("{count} {remark}")).collect::<Vec<_>>().join(", ")
}

/// Rows under headings, each column as wide as its widest cell, two blanks apart, no blanks at line
/// ends.
pub(super) struct Table {
    rows: Vec<Vec<String>>,
    indent: usize,
}

impl Table {
    pub(super) fn new(headings: &[&str]) -> Self {
        Self {
            rows: alloc::vec![headings.iter().map(|heading| String::from(*heading)).collect()],
            indent: 0,
        }
    }

    pub(super) fn indented(mut self, by: usize) -> Self {
        self.indent = by;
        self
    }

    pub(super) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().collect());
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rows.len() <= 1
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let widths: Vec<usize> = (0..columns)
            .map(|column| {
                self.rows
                    .iter()
                    .filter_map(|row| row.get(column))
                    .map(|cell| cell.chars().count())
                    .max()
                    .unwrap_or(0)
            })
            .collect();
        for row in &self.rows {
            let mut line = " ".repeat(self.indent);
            for (cell, width) in row.iter().zip(&widths) {
                line.push_str(&format!("{cell:<width$}  "));
            }
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}
