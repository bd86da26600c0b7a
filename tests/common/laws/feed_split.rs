//! Every split of the input gives what the whole gives, also when the reader is saved and loaded
//! between two chunks.

use super::chooser::{Chooser, parts};
use super::walk;
use hostport_audit::{Auditor, Expect, Feeder, InputId, Limits, LineEnd, LineRef, Lines, RawLine};

type Owned = (Vec<u8>, LineRef, LineEnd);

/// The first bytes choose the limit and the cuts, the rest is the input.
pub fn law(data: &[u8]) {
    let mut chooser = Chooser::new(data);
    let max_line = match chooser.byte() {
        255 => usize::MAX,
        short => usize::from(short),
    };
    let cuts = chooser.cuts(6, data.len());
    lines(chooser.rest(), &cuts, max_line);
    findings(chooser.rest(), &cuts, max_line);
}

/// The whole audit, history and all.
fn findings(input: &[u8], cuts: &[usize], max_line: usize) {
    let limits = Limits { max_line, ..Limits::default() };
    let audit = |chunks: &mut dyn Iterator<Item = &[u8]>| {
        let mut auditor = Auditor::with(Expect::Auto, limits).keeping_history();
        for chunk in chunks {
            auditor.feed(chunk);
            if chunk.len() > 8 {
                walk::saved(&auditor);
            }
        }
        auditor.finish();
        auditor
    };
    let whole = audit(&mut [input].into_iter());
    walk::same(&audit(&mut parts(input, cuts).into_iter()), &whole, "cut");
    walk::same(&audit(&mut input.chunks(1)), &whole, "byte by byte");
}

fn lines(input: &[u8], cuts: &[usize], max_line: usize) {
    let limits = Limits { max_line, ..Limits::default() };
    let whole: Vec<Owned> =
        Lines::with_limits(input, &limits).of_input(InputId::new(1)).map(own).collect();
    assert_eq!(fed(parts(input, cuts), &limits), whole);
    assert_eq!(fed(input.chunks(1), &limits), whole);

    let mut copy = Vec::new();
    for (line, number) in Lines::new(input).zip(1..) {
        assert_eq!(line.at().line(), number);
        assert_eq!(line.at().span().start(), copy.len() as u64);
        assert_eq!(line.cut(), 0);
        copy.extend_from_slice(line.bytes());
        assert_eq!(line.at().span().end(), copy.len() as u64);
        copy.extend_from_slice(line.end().as_bytes());
    }
    assert_eq!(copy, input, "lines and their ends put together are not the input");
}

fn fed<'a>(chunks: impl IntoIterator<Item = &'a [u8]>, limits: &Limits) -> Vec<Owned> {
    let mut lines = Vec::new();
    let mut feeder = Feeder::new(limits).of_input(InputId::new(1));
    for chunk in chunks {
        feeder.feed(chunk, |line| lines.push(own(line)));
        #[cfg(feature = "serde")]
        if chunk.len() > 1 {
            feeder = walk::saved_and_loaded(&feeder);
        }
    }
    feeder.finish(|line| lines.push(own(line)));
    assert!(feeder.is_idle());
    lines
}

fn own(line: RawLine<'_>) -> Owned {
    (line.bytes().to_vec(), line.at(), line.end())
}
