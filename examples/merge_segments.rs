//! Reads a log in parts side by side and joins them: the same answer as reading it in one go.
//!
//! ```text
//! $ cargo run --example merge_segments tests/corpus/firewalld/v1.3.3/random.log
//! ```

use hostport_audit::{Auditor, Expect, Limits, Segment};
use std::thread;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let log = match std::env::args().nth(1) {
        Some(file) => std::fs::read(file)?,
        None => include_bytes!("sample/sample.log").to_vec(),
    };
    let joined = thread::scope(|scope| {
        let parts: Vec<_> =
            parts(&log, 4).map(|part| scope.spawn(move || Segment::read(part, Expect::Auto, Limits::default()))).collect();
        parts.into_iter().map(|part| part.join().expect("reading does not panic")).fold(Segment::default(), Segment::then)
    });
    let mut auditor = Auditor::new();
    auditor.append(&joined);

    let mut whole = Auditor::new();
    whole.feed(&log);
    println!("{} lines in parts, the same as in one go: {}", joined.lines(), auditor == whole);
    Ok(())
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
