//! Which host ports are open: `open_ports [--source firewalld|crio|ovnkube|auto] [--one-host] [FILE
//! ...]`, with `-` for standard input.
//!
//! Without a file it reads an embedded sample of all three logs. Below what is open now stands what
//! was. A file may be larger than the memory. With `--one-host` all lines are of one host, whatever
//! name they have.
//!
//! ```text
//! $ cargo run --release --example open_ports
//! host (no host name in the log)
//!
//!   PORT       STATE    HELD BY                         LAYER              SINCE                    BY        CERTAINTY
//!   8081/tcp   allowed  zone public                     firewalld runtime  2026-11-22T09:52:56      line 92   confirmed
//!              exposed  external address 172.16.47.129  ovnkube rule       --11-22T09:46:41.445235  line 155  reported
//!   30881/tcp  exposed  node port (ipv4)                ovnkube rule       --11-22T09:46:41.439263  line 153  reported
//!
//!   default zone of firewalld: public
//!
//!   not known:
//!   WHAT                                                                                                                                      WHY
//!   firewalld, both layers, zones block, dmz, drop, external, home, internal, trusted, work: everything                                       zone files are not logged since line 92 (2026-11-22T09:52:56)
//!   firewalld, permanent, zone public: ports                                                                                                  a write whose content is not logged since line 95 (2026-11-22T10:55:17)
//!   firewalld, permanent, zone public: source ports, services, forward ports, protocols, rich rules, interfaces, sources, masquerade, target  files may have been edited while the program was not running since line 19 (2026-11-22T09:52:50)
//!   firewalld, runtime, zone public: everything                                                                                               files may have been edited while the program was not running since line 19 (2026-11-22T09:52:50)
//!
//!   SOURCE     VERDICT                   RECORDS  EVENTS  MALFORMED  VERSIONS
//!   firewalld  speaks                    89       82      0
//!   crio       silent: not a line of it  0        0       0
//!   ovnkube    speaks                    43       61      0
//!   132 lines: 132 of records, 0 unrelated, 0 malformed
//!   remarks: 1 rule line without its header
//!
//!   history:
//!   PORT       HELD BY                         LAYER                OPENED                                                                               ENDED
//!   8080/tcp   zone public                     firewalld runtime    opened at line 48 (2026-11-22T09:52:51), requested at line 47 (2026-11-22T09:52:51)  closed at line 64 (2026-11-22T09:52:54)
//!   8080/tcp   zone public                     firewalld permanent  opened at line 5 (2023-06-28T10:46:37), requested at line 2 (2023-06-28T10:46:37)    closed at line 11 (2023-06-28T10:47:57)
//!   8081/tcp   zone public                     firewalld runtime    opened at line 92 (2026-11-22T09:52:56), requested at line 56 (2026-11-22T09:52:52)  still open
//!   8081/tcp   zone public                     firewalld permanent  opened at line 56 (2026-11-22T09:52:52), requested at line 53 (2026-11-22T09:52:52)  unknown from line 95 (2026-11-22T10:55:17) on: a write whose content is not logged
//!   8081/tcp   external address 172.16.47.129  ovnkube rule         opened at line 16 (--06-25T09:34:10.406067)                                          closed at line 17 (--06-25T09:37:00.976953)
//!   8081/tcp   external address 172.16.47.129  ovnkube rule         opened at line 155 (--11-22T09:46:41.445235)                                         still open
//!   30881/tcp  node port (ipv4)                ovnkube rule         opened at line 142 (--11-22T09:46:41.338044)                                         closed at line 146 (--11-22T09:46:41.419572)
//!   30881/tcp  node port (ipv4)                ovnkube rule         opened at line 153 (--11-22T09:46:41.439263)                                         still open
//!   32718/tcp  node port (ipv4)                ovnkube rule         opened at line 14 (--06-25T09:07:00.99298)                                           closed at line 15
//!
//! host rhel92
//!
//!   PORT    STATE    HELD BY                             LAYER        SINCE                                BY        CERTAINTY
//!   80/tcp  exposed  pod default/late at 10.42.0.8:8080  crio rule    2023-06-25T16:24:16.991820428+08:00  line 109  confirmed
//!           held     socket of CRI-O                     crio socket  2023-06-25T16:24:16.984896236+08:00  line 107  confirmed
//!
//!   not known:
//!   WHAT                  WHY
//!   rules of CRI-O, ipv6  the log begins in mid-life
//!
//!   SOURCE     VERDICT                              RECORDS  EVENTS  MALFORMED  VERSIONS
//!   firewalld  silent: not a line of it             0        0       0
//!   crio       speaks partly (the clock went back)  24       24      0          1.29.9
//!   ovnkube    silent: not a line of it             0        0       0
//!   24 lines: 24 of records, 0 unrelated, 0 malformed
//!   remarks: 1 clock went back
//!
//!   history:
//!   PORT     HELD BY                                 LAYER        OPENED                                                                                                                 ENDED
//!   53/udp   socket of CRI-O                         crio socket  opened at line 100 (2023-06-25T16:24:11.65787209+08:00)                                                                closed at line 104 (2023-06-25T16:24:16.664608119+08:00)
//!   53/udp   pod default/survivor at 10.42.0.7:5353  crio rule    opened at line 102 (2023-06-25T16:24:11.660895409+08:00), requested at line 101 (2023-06-25T16:24:11.659343879+08:00)  closed at line 112 (2023-06-25T16:24:19.996667967+08:00)
//!   80/tcp   socket of CRI-O                         crio socket  opened at line 107 (2023-06-25T16:24:16.984896236+08:00)                                                               still open
//!   80/tcp   pod default/late at 10.42.0.8:8080      crio rule    opened at line 109 (2023-06-25T16:24:16.991820428+08:00), requested at line 108 (2023-06-25T16:24:16.987882878+08:00)  still open
//!   443/tcp  socket of CRI-O                         crio socket  opened at line 99 (2023-06-25T16:24:11.657818578+08:00)                                                                closed at line 104 (2023-06-25T16:24:16.664608119+08:00)
//!   443/tcp  pod default/survivor at 10.42.0.7:8443  crio rule    opened at line 102 (2023-06-25T16:24:11.660895409+08:00), requested at line 101 (2023-06-25T16:24:11.659343879+08:00)  closed at line 112 (2023-06-25T16:24:19.996667967+08:00)
//!
//! (no host name in the log) and rhel92 may be one host: say so, and they are reported as one
//! ```

use hostport_audit::{Auditor, Expect, InputId, Limits, Timeline};
use std::error::Error;
use std::fs::File;
use std::io::{self, Read, Write};
use std::process::ExitCode;

const SAMPLE: &[u8] = include_bytes!("sample/sample.log");

fn main() -> ExitCode {
    match run(std::env::args().skip(1)) {
        Ok(report) => ExitCode::from(u8::from(io::stdout().write_all(report.as_bytes()).is_err())),
        Err(error) => {
            eprintln!("open_ports: {error}");
            ExitCode::from(2)
        }
    }
}

/// What the example prints.
pub(crate) fn run(mut arguments: impl Iterator<Item = String>) -> Result<String, Box<dyn Error>> {
    let (mut expect, mut one_host, mut files) = (Expect::Auto, false, Vec::new());
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--source" => {
                expect = arguments
                    .next()
                    .ok_or("--source wants firewalld, crio, ovnkube or auto")?
                    .parse()?
            }
            "--one-host" => one_host = true,
            option if option.starts_with("--") => {
                return Err(format!("unknown option {option}").into());
            }
            _ => files.push(argument),
        }
    }
    let mut auditor = Auditor::with(expect, Limits::default()).keeping_history();
    if one_host {
        auditor = auditor.one_host();
    }
    if files.is_empty() {
        auditor.feed(SAMPLE);
    }
    for (number, file) in (0..).zip(&files) {
        auditor.next_input(InputId::new(number));
        let mut input: Box<dyn Read> =
            if file == "-" { Box::new(io::stdin()) } else { Box::new(open(file)?) };
        stream(&mut auditor, &mut input).map_err(|error| format!("{file}: {error}"))?;
    }
    Ok(auditor.report(&Timeline::new()).to_string())
}

fn open(file: &str) -> Result<File, String> {
    File::open(file).map_err(|error| format!("{file}: {error}"))
}

/// Chunk by chunk, so that a file may be larger than the memory.
fn stream(auditor: &mut Auditor, input: &mut dyn Read) -> io::Result<()> {
    let mut chunk = vec![0; 1 << 16];
    loop {
        match input.read(&mut chunk) {
            Ok(0) => return Ok(()),
            Ok(length) => auditor.feed(&chunk[..length]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}
