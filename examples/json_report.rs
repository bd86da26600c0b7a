//! The whole report as JSON: `json_report [FILE]`, by default the lines of MicroShift's
//! documentation.
//!
//! The last line is its digest, which is the same for every way to compute the same report.
//!
//! ```text
//! $ cargo run --features serde --example json_report
//! [
//!   {
//!     "port": {
//!       "protocol": "tcp",
//!       "first": 8080,
//!       "last": 8080
//!     },
//!     "facts": [
//!       {
//!         "origin": "firewalld",
//!         "role": "allowed_if_zone_applies",
//!         "ports": {
//!           "protocol": "tcp",
//!           "first": 8080,
//!           "last": 8080
//!         },
//!         "holder": {
//!           "type": "zone_port",
//!           "zone": "public",
//!           "layer": "runtime"
//!         },
//!         "support": {
//!           "request": {
//!             "at": {
//!               "input": 0,
//!               "line": 1,
//!               "span": {
//!                 "start": 0,
//!                 "end": 65
//!               }
//!             },
//!             "stamp": "2023-06-28T10:46:37"
//!           },
//!           "since": {
//!             "at": {
//!               "input": 0,
//!               "line": 2,
//!               "span": {
//!                 "start": 66,
//!                 "end": 136
//!               }
//!             },
//!             "stamp": "2023-06-28T10:46:37"
//!           },
//!           "certainty": "confirmed"
//!         },
//!         "since": null
//!       }
//!     ]
//!   }
//! ]
//! 2013 bytes in all, digest 62bc03b3521b9654
//! ```

use hostport_audit::{Auditor, Timeline};
use std::error::Error;

const SAMPLE: &[u8] = b"\
    2023-06-28 10:46:37 DEBUG1: zone.addPort('public', '8080', 'tcp')\n\
    2023-06-28 10:46:37 DEBUG1: zone.PortAdded('public', '8080', 'tcp', 0)\n";

fn main() -> Result<(), Box<dyn Error>> {
    print!("{}", run(std::env::args().skip(1))?);
    Ok(())
}

pub(crate) fn run(mut arguments: impl Iterator<Item = String>) -> Result<String, Box<dyn Error>> {
    let log = arguments.next().map_or_else(|| Ok(SAMPLE.to_vec()), std::fs::read)?;
    json(&log)
}

fn json(log: &[u8]) -> Result<String, Box<dyn Error>> {
    let mut auditor = Auditor::new();
    auditor.feed(log);
    let report = auditor.report(&Timeline::new());
    let ports = serde_json::to_string_pretty(&report.hosts[0].open.ports)?;
    let whole = serde_json::to_string(&report)?;
    Ok(format!("{ports}\n{} bytes in all, digest {:016x}\n", whole.len(), report.digest()))
}
