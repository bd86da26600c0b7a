//! Folds a log step by step and prints what the crate believes after each step, for a program that
//! compares it with the truth.
//!
//! `replay --source firewalld|crio|ovnkube|auto [--utc-offset +08:00] [--year 2023] [--one-host]
//! [--assume files-kept-while-stopped] FILE` reads one JSON command a line from standard input:
//! `{"to_byte": N}`, `{"to_line": N}`, `{"to_end": true}` fold on and print a state line;
//! `{"know": {...}}` states facts in the shape of a state line.
//!
//! `--assume` states what no log can show: `files-kept-while-stopped` says that nobody edited
//! firewalld's files while it was not running. A state line names what is known only by that.

mod state_line;

use hostport_audit::{Assume, Auditor, Expect, Limits, Stamp};
use serde_json::Value;
use std::error::Error;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::process::ExitCode;

fn main() -> ExitCode {
    match run(std::env::args().skip(1)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("replay: {error}");
            ExitCode::from(2)
        }
    }
}

fn run(mut arguments: impl Iterator<Item = String>) -> Result<(), Box<dyn Error>> {
    let (mut expect, mut one_host, mut file) = (None, false, None);
    let mut assumed: Vec<Assume> = Vec::new();
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or_else(|| format!("{argument} wants a value"));
        match argument.as_str() {
            "--source" => expect = Some(value()?.parse::<Expect>()?),
            // The state lines show no times, but an offset or a year that makes no sense is a usage
            // error all the same.
            "--utc-offset" => offset(&value()?)?,
            "--year" => _ = value()?.parse::<i32>().map_err(|error| format!("--year: {error}"))?,
            "--assume" => assumed.push(value()?.parse()?),
            "--one-host" => one_host = true,
            option if option.starts_with("--") => {
                return Err(format!("unknown option {option}").into());
            }
            _ if file.is_none() => file = Some(argument),
            _ => return Err("one FILE at a time".into()),
        }
    }
    let expect = expect.ok_or("--source firewalld|crio|ovnkube|auto is missing")?;
    let file = file.ok_or("FILE is missing")?;
    let log = BufReader::new(File::open(&file).map_err(|error| format!("{file}: {error}"))?);
    let auditor =
        assumed.into_iter().fold(Auditor::with(expect, Limits::default()), Auditor::assuming);
    let auditor = if one_host { auditor.one_host() } else { auditor };
    let mut log = Log { log, at_byte: 0, at_line: 0, auditor };
    for line in io::stdin().lock().lines() {
        let line = line?;
        if !line.trim().is_empty() {
            log.command(&serde_json::from_str(&line)?)?;
        }
    }
    Ok(())
}

fn offset(text: &str) -> Result<(), String> {
    match format!("2000-01-01T00:00:00{text}").parse() {
        Ok(Stamp::Instant(_)) => Ok(()),
        _ => Err(format!("--utc-offset: {text} is no offset")),
    }
}

/// The file, how far it was folded, and the auditor that folds it.
struct Log {
    log: BufReader<File>,
    at_byte: u64,
    at_line: u64,
    auditor: Auditor,
}

impl Log {
    fn command(&mut self, command: &Value) -> Result<(), Box<dyn Error>> {
        if let Some(facts) = command.get("know") {
            return state_line::know(&mut self.auditor, facts);
        }
        let (to_byte, to_line) = (
            command.get("to_byte").and_then(Value::as_u64),
            command.get("to_line").and_then(Value::as_u64),
        );
        if to_byte.is_none()
            && to_line.is_none()
            && command.get("to_end") != Some(&Value::Bool(true))
        {
            return Err(format!("not a command: {command}").into());
        }
        self.fold(to_byte.unwrap_or(u64::MAX), to_line.unwrap_or(u64::MAX))?;
        let mut out = io::stdout().lock();
        writeln!(out, "{}", state_line::print(&self.auditor.settled()))?;
        Ok(out.flush()?)
    }

    /// Folds on up to a byte and a line, whichever comes first.
    fn fold(&mut self, to_byte: u64, to_line: u64) -> io::Result<()> {
        while self.at_byte < to_byte && self.at_line < to_line {
            let chunk = self.log.fill_buf()?;
            if chunk.is_empty() {
                break;
            }
            let left =
                usize::try_from(to_byte - self.at_byte).unwrap_or(usize::MAX).min(chunk.len());
            let end =
                chunk[..left].iter().position(|&byte| byte == b'\n').map_or(left, |at| at + 1);
            self.at_line += u64::from(chunk[end - 1] == b'\n');
            self.auditor.feed(&chunk[..end]);
            self.at_byte += end as u64;
            self.log.consume(end);
        }
        Ok(())
    }
}
