//! Follows a log as it grows: `journalctl -f -u crio | follow`. Prints what opens and closes as
//! soon as a line proves it.
//!
//! ```text
//! $ cargo run --example follow < tests/corpus/crio/scenarios/plain.log
//! opened 443/tcp held by socket of CRI-O (crio socket), reported at line 8 (2023-06-25T16:24:11.657818578+08:00)
//! opened 443/tcp exposed by pod default/nginx at 10.42.0.7:8443 (crio rule), confirmed at line 10 (2023-06-25T16:24:11.659343879+08:00)
//! closed 443/tcp held by socket of CRI-O (crio socket), confirmed at line 8 (2023-06-25T16:24:11.657818578+08:00)
//! closed 443/tcp exposed by pod default/nginx at 10.42.0.7:8443 (crio rule), confirmed at line 10 (2023-06-25T16:24:11.659343879+08:00)
//! ```

use hostport_audit::Auditor;
use hostport_audit::report::Fact;
use std::collections::BTreeMap;
use std::error::Error;
use std::io::{self, Read, Write};

fn main() -> Result<(), Box<dyn Error>> {
    follow(&mut io::stdin(), &mut io::stdout())
}

/// Reads from the input as it comes, and prints as it goes.
pub(crate) fn follow(input: &mut dyn Read, out: &mut dyn Write) -> Result<(), Box<dyn Error>> {
    let mut auditor = Auditor::new();
    let mut before = BTreeMap::new();
    let mut chunk = [0; 512];
    loop {
        let length = input.read(&mut chunk)?;
        if length == 0 {
            return Ok(());
        }
        auditor.feed(&chunk[..length]);
        let now = open(&auditor);
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
            host.openings().map(move |(opening, support)| {
                ((name.clone(), opening.clone()), Fact::new(opening, support))
            })
        })
        .collect()
}
