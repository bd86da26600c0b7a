//! Why is this port open: `why_open [PORT/PROTOCOL [FILE]]`, by default a port of an embedded
//! sample.
//!
//! ```text
//! $ cargo run --example why_open
//! 8081/tcp on (no host name in the log): open
//!   allowed by zone public (firewalld runtime)
//!     asked for at line 56 (2026-11-22T09:52:52)
//!     confirmed at line 92 (2026-11-22T09:52:56)
//!   exposed by external address 172.16.47.129 (ovnkube rule)
//!     reported at line 155 (--11-22T09:46:41.445235); no line confirms it, none takes it back
//!   what happened to it:
//!     zone public (firewalld permanent)
//!       opened at line 56 (2026-11-22T09:52:52), requested at line 53 (2026-11-22T09:52:52) (confirmed), unknown from line 95 (2026-11-22T10:55:17) on: a write whose content is not logged
//!     external address 172.16.47.129 (ovnkube rule)
//!       opened at line 16 (--06-25T09:34:10.406067) (reported), closed at line 17 (--06-25T09:37:00.976953)
//!       opened at line 155 (--11-22T09:46:41.445235) (reported), still open
//!   not known: firewalld, runtime, zone public: everything: files may have been edited while the program was not running since line 19 (2026-11-22T09:52:50)
//!   not known: firewalld, runtime, zones block, dmz, drop, external, home, internal, trusted, work: everything: zone files are not logged since line 92 (2026-11-22T09:52:56)
//! 8081/tcp on rhel92: unknown
//!   not known: rules of CRI-O, ipv6: the log begins in mid-life
//! ```

use hostport_audit::{Auditor, HostPort, Timeline};
use std::error::Error;

const SAMPLE: &[u8] = include_bytes!("sample/sample.log");

fn main() -> Result<(), Box<dyn Error>> {
    print!("{}", run(std::env::args().skip(1))?);
    Ok(())
}

pub(crate) fn run(mut arguments: impl Iterator<Item = String>) -> Result<String, Box<dyn Error>> {
    let port = arguments.next().unwrap_or_else(|| "8081/tcp".into()).parse()?;
    let log = arguments.next().map_or_else(|| Ok(SAMPLE.to_vec()), std::fs::read)?;
    Ok(why(&log, port))
}

/// The answer of every host of the log.
fn why(log: &[u8], port: HostPort) -> String {
    let mut auditor = Auditor::new().keeping_history();
    auditor.feed(log);
    let report = auditor.report(&Timeline::new());
    report.hosts.iter().map(|host| host.why(port).to_string()).collect()
}
