//! Which host ports are open: `open_ports [--source firewalld|crio|ovnkube|auto] [FILE ...]`, with `-` for standard input.
//!
//! Without a file it reads an embedded sample of all three logs.

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

fn run(mut arguments: impl Iterator<Item = String>) -> Result<String, Box<dyn Error>> {
    let (mut expect, mut files) = (Expect::Auto, Vec::new());
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--source" => expect = arguments.next().ok_or("--source wants firewalld, crio, ovnkube or auto")?.parse()?,
            option if option.starts_with("--") => return Err(format!("unknown option {option}").into()),
            _ => files.push(argument),
        }
    }
    let mut auditor = Auditor::with(expect, Limits::default());
    if files.is_empty() {
        auditor.feed(SAMPLE);
    }
    for (number, file) in (0..).zip(&files) {
        auditor.next_input(InputId::new(number));
        let mut input: Box<dyn Read> = if file == "-" { Box::new(io::stdin()) } else { Box::new(open(file)?) };
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
