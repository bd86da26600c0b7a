//! Parts of a log that are read by themselves and then joined, in any grouping, give what the whole
//! gives.

use super::chooser::Chooser;
use super::script;
use super::walk::same;
use hostport_audit::{Auditor, Expect, Limits, Segment, Source};

/// The first bytes choose the cuts, the grouping and the limits; the rest is a log, written out or
/// chosen line by line.
pub fn law(data: &[u8]) {
    let mut chooser = Chooser::new(data);
    let expect = chooser.one_of(&[
        Expect::Auto,
        Expect::Auto,
        Expect::Only(Source::Firewalld),
        Expect::Only(Source::Crio),
        Expect::Only(Source::Ovnkube),
    ]);
    let limits = chooser.one_of(&[Limits::default(), small()]);
    let grouping = chooser.byte();
    let cuts = chooser.cuts(5, usize::from(u16::MAX));
    let log = if chooser.flag() { script::log(&mut chooser, 100) } else { chooser.rest().to_vec() };
    joined(&log, &cuts, grouping, expect, limits);
}

/// Limits that a short log reaches.
pub fn small() -> Limits {
    Limits {
        max_line: 400,
        max_record: 400,
        max_streams: 2,
        max_hosts: 2,
        max_keys: 4,
        max_history: 8,
        max_samples: 2,
    }
}

fn joined(log: &[u8], cuts: &[usize], grouping: u8, expect: Expect, limits: Limits) {
    let whole = audit(expect, limits, |auditor| auditor.feed(log));

    // Segments begin and end at line ends.
    let mut from = 0;
    let mut segments = Vec::new();
    for &cut in cuts.iter().chain([&log.len()]) {
        let to = cut.min(log.len());
        let to = log[..to].iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1).max(from);
        let to = if cut == log.len() { log.len() } else { to };
        segments.push(Segment::read(&log[from..to], expect, limits));
        from = to;
    }
    segments.push(Segment::read(&log[from..], expect, limits));

    let one_by_one = audit(expect, limits, |auditor| {
        segments.iter().for_each(|segment| auditor.append(segment))
    });
    same(&one_by_one, &whole, "segments one by one");

    // Any tree: neighbours are joined where the bits of the grouping say so.
    let mut turn = grouping;
    while segments.len() > 1 {
        let at = usize::from(turn) % (segments.len() - 1);
        let later = segments.remove(at + 1);
        let earlier = std::mem::take(&mut segments[at]);
        segments[at] = earlier.then(later);
        turn = turn.rotate_left(3) ^ 0x5a;
    }
    let tree = audit(expect, limits, |auditor| auditor.append(&segments[0]));
    same(&tree, &whole, "segments joined in a tree");
}

fn audit(expect: Expect, limits: Limits, read: impl FnOnce(&mut Auditor)) -> Auditor {
    let mut auditor = Auditor::with(expect, limits).keeping_history();
    read(&mut auditor);
    auditor.finish();
    // The place at which the next input would go on is not compared: an unfinished last line counts
    // differently there.
    auditor
}
