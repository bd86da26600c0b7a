//! Port texts as firewalld reads them, and what a zone holds of one kind.

use std::collections::BTreeSet;

/// What firewalld makes of a port text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    pub low: u16,
    pub high: u16,
    /// The text names a service (`http`), so that its number is not in the log.
    pub named: bool,
}

/// Reads a port text as `getPortRange` does; `None` for text that it refuses.
pub fn read_port(text: &str) -> Option<Reading> {
    let number = |part: &str| -> Option<(u16, bool)> {
        match part {
            "http" => Some((80, true)),
            "ssh" => Some((22, true)),
            _ if !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()) => {
                Some((part.parse().ok()?, false))
            }
            _ => None,
        }
    };
    if let Some((low, named)) = number(text) {
        return Some(Reading { low, high: low, named });
    }
    let (first, last) = text.split_once('-')?;
    if last.is_empty() {
        let (low, named) = number(first)?;
        return Some(Reading { low, high: low, named });
    }
    let ((first, _), (last, _)) = (number(first)?, number(last)?);
    Some(Reading { low: first.min(last), high: first.max(last), named: false })
}

/// A port text as the daemon prints it back.
pub fn in_numbers(text: &str) -> String {
    match read_port(text) {
        Some(Reading { low, high, .. }) if low == high => low.to_string(),
        Some(Reading { low, high, .. }) => format!("{low}-{high}"),
        None => text.to_owned(),
    }
}

/// The same of a listed forward port.
pub fn forward_in_numbers(listed: &str) -> String {
    let parts: Vec<&str> = listed.splitn(4, ':').collect();
    let number = |part: &str| {
        let (name, port) = part.split_once('=').unwrap();
        format!("{name}={}", in_numbers(port))
    };
    [number(parts[0]), parts[1].to_owned(), number(parts[2]), parts[3].to_owned()].join(":")
}

pub const PORT_PROTOCOLS: [&str; 4] = ["tcp", "udp", "sctp", "dccp"];

/// The items of one kind in one layer of one zone, with the borders of ranges that the daemon
/// itself keeps.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cell {
    pub ranges: Vec<(String, u16, u16)>,
    pub exact: BTreeSet<Vec<String>>,
    /// The log up to here, with what the caller has told, leaves no doubt about the items.
    pub determined: bool,
}

impl Cell {
    /// Does a text lie inside one range of its protocol? Only then is it "enabled" to the daemon.
    pub fn holds(&self, low: u16, high: u16, protocol: &str) -> bool {
        self.ranges.iter().any(|(p, a, b)| p == protocol && *a <= low && high <= *b)
    }

    pub fn has_protocol(&self, protocol: &str) -> bool {
        self.ranges.iter().any(|(p, ..)| p == protocol)
    }

    /// Adds a range and merges it with every one that it overlaps; neighbours that only touch stay
    /// apart.
    pub fn join(&mut self, mut low: u16, mut high: u16, protocol: &str) {
        loop {
            let overlapping =
                self.ranges.iter().position(|(p, a, b)| p == protocol && *a <= high && low <= *b);
            let Some(at) = overlapping else { break };
            let (_, a, b) = self.ranges.remove(at);
            low = low.min(a);
            high = high.max(b);
        }
        self.ranges.push((protocol.to_owned(), low, high));
    }

    /// Takes a range out of all that it overlaps.
    pub fn cut(&mut self, low: u16, high: u16, protocol: &str) {
        for (p, a, b) in std::mem::take(&mut self.ranges) {
            if p != protocol || high < a || b < low {
                self.ranges.push((p, a, b));
                continue;
            }
            if a < low {
                self.ranges.push((p.clone(), a, low - 1));
            }
            if high < b {
                self.ranges.push((p, high + 1, b));
            }
        }
    }

    /// The items as `firewall-cmd --list-…` prints them.
    pub fn listed(&self) -> BTreeSet<String> {
        let ranges = self
            .ranges
            .iter()
            .map(|(p, a, b)| if a == b { format!("{a}/{p}") } else { format!("{a}-{b}/{p}") });
        let exact = self.exact.iter().map(|args| match args.as_slice() {
            [port, proto, toport, toaddr] => {
                format!("port={port}:proto={proto}:toport={toport}:toaddr={toaddr}")
            }
            [name] => name.clone(),
            other => panic!("an item of {} words", other.len()),
        });
        ranges.chain(exact).collect()
    }
}
