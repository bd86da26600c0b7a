//! How a report reads in a terminal, and its digest.

use super::at_time::OpenThen;
use super::document::{HistoryReport, HostReport, LineReport, Report};
use super::history::PortHistory;
use super::labels::{Table, anomaly_words, held_by, host_word, layer_word, port_word, shown};
use super::open_port::{Fact, OpenPorts};
use super::unknown_table;
use crate::port::HostPort;
use alloc::string::{String, ToString};
use core::fmt::{self, Write};

impl fmt::Display for Report {
    /// A block for each host: open ports, what can open more, what is not known, and what each
    /// source was worth.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let of_nothing = self.is_of_nothing();
        if of_nothing {
            let lines = self.counts.lines();
            writeln!(
                f,
                "nothing was read: no line of firewalld, CRI-O or ovnkube (lines in all: {lines})"
            )?;
        }
        for (nth, host) in self.hosts.iter().enumerate() {
            if nth > 0 || of_nothing {
                writeln!(f)?;
            }
            write!(f, "{host}")?;
        }
        let shown = self.hosts.iter().map(|host| host.coverage.counts.lines());
        let others = shown.fold(self.counts.lines(), u64::saturating_sub);
        if others > 0 && !of_nothing {
            writeln!(f, "\n{others} lines that belong to none of these hosts")?;
        }
        for (one, other) in &self.may_be_one {
            writeln!(
                f,
                "\n{} and {} may be one host: say so, and they are reported as one",
                host_word(one.as_ref()),
                host_word(other.as_ref())
            )?;
        }
        if self.refused_events > 0 {
            writeln!(
                f,
                "\n{} events of further hosts were dropped by the limit on hosts",
                self.refused_events
            )?;
        }
        Ok(())
    }
}

impl fmt::Display for HostReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "host {}", host_word(self.host.as_ref()))?;
        writeln!(f)?;
        write!(f, "{}", self.open)?;
        let mut sources =
            Table::new(&["SOURCE", "VERDICT", "RECORDS", "EVENTS", "MALFORMED", "VERSIONS"])
                .indented(2);
        for (source, own) in &self.sources {
            let versions =
                own.signs.versions.iter().map(shown).collect::<alloc::vec::Vec<_>>().join(" ");
            let counts = [own.records, own.events, own.malformed].map(|count| count.to_string());
            sources.row(
                [source.to_string(), own.verdict.to_string()]
                    .into_iter()
                    .chain(counts)
                    .chain([versions]),
            );
        }
        writeln!(f)?;
        write!(f, "{sources}{}", self.coverage)?;
        match &self.history {
            Some(history) => write!(f, "{history}"),
            None => Ok(()),
        }
    }
}

/// The cells of a fact, without the port.
fn cells(fact: &Fact) -> [String; 6] {
    let since = &fact.support.since;
    let time = fact.since.or(since.stamp).map_or_else(|| "-".into(), |stamp| stamp.to_string());
    [
        fact.role.to_string(),
        held_by(&fact.holder),
        layer_word(&fact.holder).to_string(),
        time,
        fact.support.place(),
        fact.support.certainty.to_string(),
    ]
}

impl fmt::Display for OpenPorts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const HEADINGS: [&str; 7] =
            ["PORT", "STATE", "HELD BY", "LAYER", "SINCE", "BY", "CERTAINTY"];
        if self.ports.is_empty() {
            writeln!(f, "  no port is known to be open")?;
        } else {
            let mut table = Table::new(&HEADINGS).indented(2);
            for open in &self.ports {
                let mut port = Some(open.port);
                for fact in &open.facts {
                    let first =
                        port.take().map_or_else(String::new, |port: HostPort| port.to_string());
                    table.row([first].into_iter().chain(cells(fact)));
                }
            }
            write!(f, "{table}")?;
        }
        if !self.can_open.is_empty() {
            writeln!(f, "\n  can open ports that the log does not name:")?;
            let mut table = Table::new(&HEADINGS).indented(2);
            for fact in &self.can_open {
                table.row([port_word(fact.ports)].into_iter().chain(cells(fact)));
            }
            write!(f, "{table}")?;
        }
        if let Some(default_zone) = &self.default_zone {
            writeln!(f, "\n  default zone of firewalld: {default_zone}")?;
        }
        if !self.settings.is_empty() {
            writeln!(f, "\n  settings that bear on it:")?;
            let mut table = Table::new(&["WHAT", "LAYER", "SINCE", "BY", "CERTAINTY"]).indented(2);
            for fact in &self.settings {
                let [_, what, layer, since, by, certainty] = cells(fact);
                table.row([what, layer, since, by, certainty]);
            }
            write!(f, "{table}")?;
        }
        if !self.unknown.is_empty() {
            writeln!(f, "\n  not known:")?;
            let mut table = Table::new(&["WHAT", "WHY"]).indented(2);
            for (what, why) in unknown_table::rows(&self.unknown) {
                table.row([what, why]);
            }
            write!(f, "{table}")?;
        }
        if !self.assumed.is_empty() {
            writeln!(f, "\n  known only by an assumption:")?;
            let mut table = Table::new(&["WHAT", "ASSUMED"]).indented(2);
            for (what, assumed) in unknown_table::assumed_rows(&self.assumed) {
                table.row([what, assumed]);
            }
            write!(f, "{table}")?;
        }
        Ok(())
    }
}

impl fmt::Display for LineReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = &self.counts;
        writeln!(
            f,
            "  {} lines: {} of records, {} unrelated, {} malformed",
            counts.lines(),
            counts.records,
            counts.unrelated,
            counts.malformed
        )?;
        for malformed in &self.malformed_samples {
            writeln!(f, "    {}: {}", malformed.at, malformed.reason)?;
        }
        if counts.anomalies > 0 {
            writeln!(f, "  remarks: {}", anomaly_words(self.remarks_by_kind.iter()))?;
        }
        if self.boots > 0 {
            writeln!(f, "  starts of the machine: {}", self.boots)?;
        }
        for (unit, count) in &self.suppressed {
            writeln!(f, "  {count} messages of {} were dropped by the journal", shown(unit))?;
        }
        for (encoding, at) in &self.encoded {
            writeln!(f, "  the input that begins at {at} is {encoding}: nothing of it was read")?;
        }
        for ((source, front), count) in &self.look_alikes {
            writeln!(f, "  {count} lines of {source} stand behind {front} and were not read")?;
        }
        for (cause, count) in &self.missing {
            writeln!(f, "  lines may be missing: {cause}, {count} times")?;
        }
        if self.texts_lost > 0 {
            writeln!(f, "  {} messages lost their text in the journal", self.texts_lost)?;
        }
        Ok(())
    }
}

impl fmt::Display for HistoryReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.ports.is_empty() {
            writeln!(f, "\n  history:")?;
        }
        let mut table = Table::new(&["PORT", "HELD BY", "LAYER", "OPENED", "ENDED"]).indented(2);
        for port in &self.ports {
            for interval in &port.intervals {
                table.row([
                    port_word(port.port),
                    held_by(&port.holder),
                    layer_word(&port.holder).to_string(),
                    interval.beginning.to_string(),
                    interval.end.to_string(),
                ]);
            }
        }
        if !table.is_empty() {
            write!(f, "{table}")?;
        }
        if self.dropped > 0 {
            writeln!(f, "  {} older changes were dropped by the limit on history", self.dropped)?;
        }
        Ok(())
    }
}

impl Report {
    /// A hash of the whole content, to compare in one line what was computed in two ways: FNV-1a,
    /// 64 bit, over the content in words.
    ///
    /// It is the same on every machine for the same version of the crate.
    #[must_use]
    pub fn digest(&self) -> u64 {
        let mut hash = Fnv(0xcbf2_9ce4_8422_2325);
        // Writing to the hash cannot fail.
        let _ = write!(hash, "{}\n{self}", self.schema_version);
        for row in self.rows() {
            let _ = write!(hash, "{:?}", row.cells());
        }
        for host in &self.hosts {
            let _ = write!(
                hash,
                "{:?}{:?}{:?}",
                host.host,
                host.coverage.remark_samples,
                format_args!("{:?}", host.sources)
            );
        }
        hash.0
    }
}

struct Fnv(u64);

impl Write for Fnv {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for byte in text.bytes() {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
        Ok(())
    }
}

/// A port with its facts on one line each.
impl fmt::Display for super::open_port::OpenPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.port)?;
        for fact in &self.facts {
            write!(f, "; {} by {}", fact.role, held_by(&fact.holder))?;
        }
        Ok(())
    }
}

impl fmt::Display for PortHistory {
    /// The port, what held it, and a line for each interval.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}  {} ({})",
            port_word(self.port),
            held_by(&self.holder),
            layer_word(&self.holder)
        )?;
        for interval in &self.intervals {
            write!(f, "\n  {interval}")?;
        }
        Ok(())
    }
}

impl fmt::Display for OpenThen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let holder = &self.opening.holder;
        write!(
            f,
            "{}  {} ({}), {}",
            port_word(self.opening.port),
            held_by(holder),
            layer_word(holder),
            self.beginning
        )?;
        match self.certainty {
            Some(certainty) => write!(f, ", {certainty}"),
            None => Ok(()),
        }
    }
}
