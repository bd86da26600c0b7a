//! Follows a log as it grows: `journalctl -f -u crio | follow`. Prints what opens and closes as
//! soon as a line proves it, and what can no longer be told.
//!
//! Each line is printed once, however the bytes arrive; a last line without its end counts when the
//! input ends.
//!
//! ```text
//! $ cargo run --example follow < tests/corpus/crio/scenarios/plain.log
//! rhel92, line 1 (2023-06-25T16:24:11.345867861+08:00): known sockets of CRI-O
//! rhel92, line 8 (2023-06-25T16:24:11.657818578+08:00): opened 443/tcp held by socket of CRI-O (crio socket), reported at line 8 (2023-06-25T16:24:11.657818578+08:00)
//! rhel92, line 10 (2023-06-25T16:24:11.659343879+08:00): known rules of CRI-O, ipv4
//! rhel92, line 10 (2023-06-25T16:24:11.659343879+08:00): opened 443/tcp exposed by pod default/nginx at 10.42.0.7:8443 (crio rule), confirmed at line 10 (2023-06-25T16:24:11.659343879+08:00)
//! rhel92, line 13 (2023-06-25T16:24:14.665089054+08:00): closed 443/tcp exposed by pod default/nginx at 10.42.0.7:8443 (crio rule), confirmed at line 10 (2023-06-25T16:24:11.659343879+08:00)
//! rhel92, line 13 (2023-06-25T16:24:14.665089054+08:00): unknown rules of CRI-O, ipv4: a change is under way since line 13 (2023-06-25T16:24:14.665089054+08:00)
//! rhel92, line 14 (2023-06-25T16:24:14.665259734+08:00): closed 443/tcp held by socket of CRI-O (crio socket), confirmed at line 8 (2023-06-25T16:24:11.657818578+08:00)
//! rhel92, line 16 (2023-06-25T16:24:14.669219847+08:00): known rules of CRI-O, ipv4
//! ```

use hostport_audit::{Auditor, HostChange};
use std::error::Error;
use std::io::{self, Read, Write};

fn main() -> Result<(), Box<dyn Error>> {
    follow(&mut io::stdin(), &mut io::stdout())
}

/// Reads from the input as it comes, and prints as it goes.
pub(crate) fn follow(input: &mut dyn Read, out: &mut dyn Write) -> Result<(), Box<dyn Error>> {
    let mut auditor = Auditor::new();
    let mut chunk = [0; 512];
    loop {
        let mut printed = Ok(());
        let mut print = |change: &HostChange| {
            let host = change.host.as_ref().map(|host| format!("{host}, ")).unwrap_or_default();
            if printed.is_ok() {
                printed = writeln!(out, "{host}{change}");
            }
        };
        let length = match input.read(&mut chunk) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            length => length?,
        };
        match length {
            0 => auditor.finish_with(&mut print),
            _ => auditor.feed_with(&chunk[..length], &mut print),
        }
        printed?;
        if length == 0 {
            return Ok(());
        }
    }
}
