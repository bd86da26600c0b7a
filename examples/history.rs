//! When ports were open, and which of them flapped: `history [FILE]`, by default an embedded
//! sample.
//!
//! ovnkube replaces all rules of a service when it changes; what opens again within a second was
//! not closed.
//!
//! ```text
//! $ cargo run --example history
//! host without a name
//! 8080/tcp  zone public (firewalld runtime)
//!   opened at line 48 (2026-11-22T09:52:51), requested at line 47 (2026-11-22T09:52:51) (confirmed), closed at line 64 (2026-11-22T09:52:54)
//! 8080/tcp  zone public (firewalld permanent)
//!   opened at line 5 (2023-06-28T10:46:37), requested at line 2 (2023-06-28T10:46:37) (confirmed), closed at line 11 (2023-06-28T10:47:57)
//! 8081/tcp  zone public (firewalld runtime)
//!   opened at line 92 (2026-11-22T09:52:56), requested at line 56 (2026-11-22T09:52:52) (confirmed), still open
//! 8081/tcp  zone public (firewalld permanent)
//!   opened at line 56 (2026-11-22T09:52:52), requested at line 53 (2026-11-22T09:52:52) (confirmed), unknown from line 95 (2026-11-22T10:55:17) on: a write whose content is not logged
//! 8081/tcp  external address 172.16.47.129 (ovnkube rule)
//!   opened at line 16 (--06-25T09:34:10.406067) (reported), closed at line 17 (--06-25T09:37:00.976953)
//!   opened at line 155 (--11-22T09:46:41.445235) (reported), still open
//!   reopened: 1, joined: 0, judged by lines: 0
//! 30881/tcp  node port (ipv4) (ovnkube rule)
//!   opened at line 142 (--11-22T09:46:41.338044) (reported), still open
//!   reopened: 0, joined: 1, judged by lines: 0
//! 32718/tcp  node port (ipv4) (ovnkube rule)
//!   opened at line 14 (--06-25T09:07:00.99298) (reported), closed at line 15
//! never closed: 3, closed but never opened: 0
//! host rhel92
//! 53/udp  socket of CRI-O (crio socket)
//!   opened at line 100 (2023-06-25T16:24:11.65787209+08:00) (confirmed), closed at line 104 (2023-06-25T16:24:16.664608119+08:00)
//! 53/udp  pod default/survivor at 10.42.0.7:5353 (crio rule)
//!   opened at line 102 (2023-06-25T16:24:11.660895409+08:00), requested at line 101 (2023-06-25T16:24:11.659343879+08:00) (confirmed), closed at line 112 (2023-06-25T16:24:19.996667967+08:00)
//! 80/tcp  socket of CRI-O (crio socket)
//!   opened at line 107 (2023-06-25T16:24:16.984896236+08:00) (confirmed), still open
//! 80/tcp  pod default/late at 10.42.0.8:8080 (crio rule)
//!   opened at line 109 (2023-06-25T16:24:16.991820428+08:00), requested at line 108 (2023-06-25T16:24:16.987882878+08:00) (confirmed), still open
//! 443/tcp  socket of CRI-O (crio socket)
//!   opened at line 99 (2023-06-25T16:24:11.657818578+08:00) (confirmed), closed at line 104 (2023-06-25T16:24:16.664608119+08:00)
//! 443/tcp  pod default/survivor at 10.42.0.7:8443 (crio rule)
//!   opened at line 102 (2023-06-25T16:24:11.660895409+08:00), requested at line 101 (2023-06-25T16:24:11.659343879+08:00) (confirmed), closed at line 112 (2023-06-25T16:24:19.996667967+08:00)
//! never closed: 2, closed but never opened: 0
//! ```

use hostport_audit::report::Debounce;
use hostport_audit::time::{Duration, UtcOffset};
use hostport_audit::{Auditor, Timeline, YearRule};
use std::error::Error;
use std::fmt::Write;

const SAMPLE: &[u8] = include_bytes!("sample/sample.log");

fn main() -> Result<(), Box<dyn Error>> {
    print!("{}", run(std::env::args().skip(1))?);
    Ok(())
}

pub(crate) fn run(mut arguments: impl Iterator<Item = String>) -> Result<String, Box<dyn Error>> {
    let log = arguments.next().map_or_else(|| Ok(SAMPLE.to_vec()), std::fs::read)?;
    history(&log)
}

fn history(log: &[u8]) -> Result<String, Box<dyn Error>> {
    let timeline = Timeline::new().offset(UtcOffset::UTC).year(YearRule::Fixed(2026));
    let debounce = Debounce::within(Duration::SECOND).or_lines(20);
    let mut auditor = Auditor::new().keeping_history();
    auditor.feed(log);
    auditor.finish();

    let mut out = String::new();
    for (name, host) in auditor.history().into_iter().flat_map(|history| history.hosts()) {
        writeln!(
            out,
            "host {}",
            name.map_or_else(|| "without a name".into(), ToString::to_string)
        )?;
        for port in host.all().iter().filter(|port| port.port.is_some()) {
            let settled = port.settled(debounce, &timeline);
            writeln!(out, "{}", settled.history)?;
            if settled.joined + settled.by_position > 0 || settled.history.flaps() > 0 {
                let (flaps, joined, by_lines) =
                    (settled.history.flaps(), settled.joined, settled.by_position);
                writeln!(
                    out,
                    "  reopened: {flaps}, joined: {joined}, judged by lines: {by_lines}"
                )?;
            }
        }
        writeln!(
            out,
            "never closed: {}, closed but never opened: {}",
            host.never_closed().len(),
            host.never_opened().len()
        )?;
    }
    Ok(out)
}
