//! What was open at a time: `at_time [TIME [FILE]]`, the time in RFC 3339; by default a time of an
//! embedded sample.
//!
//! The log's own times may lack the year and the offset; whoever asks says what they are. Here:
//! 2026, and UTC.
//!
//! ```text
//! $ cargo run --example at_time
//! host without a name, 2026-11-22T09:52:54Z
//!   8081/tcp  zone public (firewalld permanent), opened at line 56 (2026-11-22T09:52:52), requested at line 53 (2026-11-22T09:52:52), confirmed
//!   8081/tcp  external address 172.16.47.129 (ovnkube rule), opened at line 155 (--11-22T09:46:41.445235), reported
//!   30881/tcp  node port (ipv4) (ovnkube rule), opened at line 153 (--11-22T09:46:41.439263), reported
//!   how well firewalld could tell the time: exact
//!   how well ovnkube could tell the time: by position for changes without a time that can be resolved: 1
//! host rhel92, 2026-11-22T09:52:54Z
//!   80/tcp  socket of CRI-O (crio socket), opened at line 107 (2023-06-25T16:24:16.984896236+08:00), confirmed
//!   80/tcp  pod default/late at 10.42.0.8:8080 (crio rule), opened at line 109 (2023-06-25T16:24:16.991820428+08:00), requested at line 108 (2023-06-25T16:24:16.987882878+08:00), confirmed
//!   how well crio could tell the time: exact
//! ```

use hostport_audit::report::Moment;
use hostport_audit::{Auditor, Stamp, Timeline, YearRule, time::UtcOffset};
use std::error::Error;
use std::fmt::Write;

const SAMPLE: &[u8] = include_bytes!("sample/sample.log");

fn main() -> Result<(), Box<dyn Error>> {
    print!("{}", run(std::env::args().skip(1))?);
    Ok(())
}

pub(crate) fn run(mut arguments: impl Iterator<Item = String>) -> Result<String, Box<dyn Error>> {
    let time = arguments.next().unwrap_or_else(|| "2026-11-22T09:52:54Z".into());
    let log = arguments.next().map_or_else(|| Ok(SAMPLE.to_vec()), std::fs::read)?;
    at(&log, &time)
}

fn at(log: &[u8], time: &str) -> Result<String, Box<dyn Error>> {
    let Stamp::Instant(instant) = time.parse()? else {
        return Err("a time with its offset, please".into());
    };
    let timeline = Timeline::new().offset(UtcOffset::UTC).year(YearRule::Fixed(2026));
    let mut auditor = Auditor::new().keeping_history();
    auditor.feed(log);
    auditor.finish();

    let mut out = String::new();
    for (name, history) in auditor.history().into_iter().flat_map(|history| history.hosts()) {
        let then = history.at(Moment::Time(instant), &timeline);
        writeln!(
            out,
            "host {}, {time}",
            name.map_or_else(|| "without a name".into(), ToString::to_string)
        )?;
        for open in then.open.iter().filter(|open| open.opening.port.is_some()) {
            writeln!(out, "  {open}")?;
        }
        for (program, cut) in &then.cuts {
            writeln!(out, "  how well {program} could tell the time: {cut}")?;
        }
    }
    Ok(out)
}
