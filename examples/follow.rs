//! Follows a log as it grows: `journalctl -f -u crio | follow`. Prints what opens and closes as soon as a line proves it.
//!
//! ```text
//! $ cargo run --example follow < tests/corpus/crio/scenarios/plain.log
//! ```

use hostport_audit::Auditor;
use hostport_audit::report::Fact;
use std::collections::BTreeMap;
use std::io::{self, Read, Write};

fn main() -> io::Result<()> {
    let mut auditor = Auditor::new();
    let mut before = BTreeMap::new();
    let mut chunk = vec![0; 1 << 16];
    loop {
        let length = io::stdin().read(&mut chunk)?;
        if length == 0 {
            return Ok(());
        }
        auditor.feed(&chunk[..length]);
        let now = open(&auditor);
        let mut out = io::stdout().lock();
        for (_, fact) in now.iter().filter(|(key, _)| !before.contains_key(*key)) {
            writeln!(out, "opened {fact}")?;
        }
        for (_, fact) in before.iter().filter(|(key, _)| !now.contains_key(*key)) {
            writeln!(out, "closed {fact}")?;
        }
        before = now;
    }
}

/// What is open, by host and opening.
fn open(auditor: &Auditor) -> BTreeMap<impl Ord + use<>, Fact> {
    let hosts = auditor.ledger().hosts();
    hosts
        .flat_map(|(name, host)| {
            let name = name.cloned();
            host.openings().map(move |(opening, support)| ((name.clone(), opening.clone()), Fact::new(opening, support)))
        })
        .collect()
}
