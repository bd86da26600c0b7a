//! Reads a log in parts side by side and joins them: the same answer as reading it in one go.
//! `merge_segments [FILE]`
//!
//! ```text
//! $ cargo run --example merge_segments
//! 156 lines in 4 parts, the same as in one go: true
//! ```

use hostport_audit::{Auditor, Expect, Limits, Segment};
use std::error::Error;
use std::thread;

fn main() -> Result<(), Box<dyn Error>> {
    print!("{}", run(std::env::args().skip(1))?);
    Ok(())
}

/// What the example prints.
pub(crate) fn run(mut arguments: impl Iterator<Item = String>) -> Result<String, Box<dyn Error>> {
    let log = match arguments.next() {
        Some(file) => std::fs::read(file)?,
        None => include_bytes!("sample/sample.log").to_vec(),
    };
    let joined = thread::scope(|scope| {
        let read = |part| scope.spawn(move || Segment::read(part, Expect::Auto, Limits::default()));
        let parts: Vec<_> = parts(&log, 4).map(read).collect();
        parts
            .into_iter()
            .map(|part| part.join().expect("reading does not panic"))
            .fold(Segment::default(), Segment::then)
    });
    let mut auditor = Auditor::new();
    auditor.append(&joined);

    let mut whole = Auditor::new();
    whole.feed(&log);
    let same = auditor.settled() == whole.settled();
    Ok(format!("{} lines in 4 parts, the same as in one go: {same}\n", joined.lines()))
}

/// About equal parts that end behind a line end.
fn parts(mut log: &[u8], count: usize) -> impl Iterator<Item = &[u8]> {
    (0..count).rev().map(move |left| {
        let target = log.len() / (left + 1);
        let end = match log[target..].iter().position(|&b| b == b'\n') {
            Some(at) if left > 0 => target + at + 1,
            _ => log.len(),
        };
        let (part, rest) = log.split_at(end);
        log = rest;
        part
    })
}
