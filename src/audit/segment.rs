//! Stretches of a log read by themselves, to be joined with their neighbours.

use super::expect::Expect;
use super::reader::Reader;
use crate::event::{Finding, FindingKind};
use crate::frame::Lines;
use crate::limits::Limits;
use alloc::vec;
use alloc::vec::Vec;

/// How many findings at the start of a stretch are kept one by one: those that reading it behind
/// another stretch may replace.
const OPEN_HEAD: usize = 256;

/// A part of a log, read without knowing what came before it.
///
/// Segments of one log may be read side by side, in threads or on machines, and are joined in order
/// with [`Segment::then`], in any grouping. [`Auditor::append`](super::Auditor::append) folds them
/// in: the result is exactly that of reading the whole log in one go. Reading, by far the larger
/// part of the work, is done once; only the first lines of each stretch are read again behind the
/// stretch before it, until the two readings have come to the same state (after one line, nearly
/// always).
///
/// ```
/// use hostport_audit::{Auditor, Expect, Limits, Segment};
///
/// let log = b"2023-06-28 10:46:37 DEBUG1: zone.PortAdded('public', '80', 'tcp', 0)\n\
///             2023-06-28 10:46:39 DEBUG1: zone.PortRemoved('public', '80', 'tcp')\n";
/// let behind_first = 1 + log.iter().position(|&b| b == b'\n').unwrap();
/// let (first, second) = log.split_at(behind_first);
/// let read = |bytes| Segment::read(bytes, Expect::Auto, Limits::default());
///
/// let mut joined = Auditor::new();
/// joined.append(&read(first).then(read(second)));
/// let mut whole = Auditor::new();
/// whole.feed(log);
/// assert_eq!(joined, whole);
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Segment<'a> {
    stretches: Vec<Stretch<'a>>,
}

/// A stretch as it was read: its bytes, what its lines led to, and the reader at its end.
#[derive(Debug, Clone, PartialEq)]
struct Stretch<'a> {
    bytes: &'a [u8],
    limits: Limits,
    lines: u64,
    /// How many of the lines are in no record that goes on behind the stretch; the others are read
    /// again at a join.
    settled: u64,
    /// What the settled lines led to.
    findings: Vec<Finding<'static>>,
    fresh: Reader,
    /// The reader behind the settled lines.
    tail: Reader,
}

impl<'a> Segment<'a> {
    /// Reads a part of a log that begins at a line and ends behind a line end, or at the end of the
    /// log.
    #[must_use]
    pub fn read(bytes: &'a [u8], expect: Expect, limits: Limits) -> Self {
        let fresh = Reader::new(expect, limits);
        let mut stretch = Stretch {
            bytes,
            limits,
            lines: 0,
            settled: 0,
            findings: Vec::new(),
            tail: fresh.clone(),
            fresh,
        };
        for line in Lines::with_limits(bytes, &limits) {
            stretch.lines = stretch.lines.saturating_add(1);
            let findings = &mut stretch.findings;
            stretch.tail.read(&line, &mut |finding| push(findings, finding));
            if stretch.tail.is_idle() {
                stretch.settled = stretch.lines;
            }
        }
        if stretch.settled < stretch.lines {
            // The stretch ends within a record: how the reader stood before it began is found by
            // reading once more.
            stretch.findings.clear();
            stretch.tail = stretch.fresh.clone();
            for (_, line) in (0..stretch.settled).zip(Lines::with_limits(bytes, &limits)) {
                let findings = &mut stretch.findings;
                stretch.tail.read(&line, &mut |finding| push(findings, finding));
            }
        }
        Self { stretches: vec![stretch] }
    }

    /// Joins the segment that comes right behind this one.
    #[must_use]
    pub fn then(mut self, later: Self) -> Self {
        self.stretches.extend(later.stretches);
        self
    }

    /// How many lines it holds.
    #[must_use]
    pub fn lines(&self) -> u64 {
        self.stretches.iter().map(|stretch| stretch.lines).sum()
    }

    /// How many bytes it holds, line ends included.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.stretches.iter().map(|stretch| stretch.bytes.len() as u64).sum()
    }

    /// True if it holds nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Reads on with a reader that knows what came before; the first line has number `line` and
    /// begins at `byte`.
    pub(super) fn read_on(
        &self,
        reader: &mut Reader,
        mut line: u64,
        mut byte: u64,
        push: &mut impl FnMut(Finding<'_>),
    ) {
        for stretch in &self.stretches {
            stretch.read_on(reader, line, byte, push);
            line = line.saturating_add(stretch.lines);
            byte = byte.saturating_add(stretch.bytes.len() as u64);
        }
    }
}

impl Stretch<'_> {
    fn read_on(
        &self,
        reader: &mut Reader,
        first_line: u64,
        first_byte: u64,
        push: &mut impl FnMut(Finding<'_>),
    ) {
        let mut fresh = self.fresh.clone();
        let mut replaced = 0usize;
        let alone = Lines::with_limits(self.bytes, &self.limits);
        let placed =
            Lines::with_limits(self.bytes, &self.limits).starting_at(first_line, first_byte);
        let mut lines = alone.zip(placed);
        let mut read = 0u64;
        while *reader != fresh || replaced > OPEN_HEAD {
            let Some((alone, placed)) = lines.next() else { return };
            read = read.saturating_add(1);
            reader.read(&placed, push);
            if replaced <= OPEN_HEAD {
                fresh.read(&alone, &mut |_| replaced = replaced.saturating_add(1));
            }
        }
        // Readings that meet only behind the settled lines leave nothing of what was read before to
        // be taken over.
        if read <= self.settled {
            for finding in self.findings.iter().skip(replaced) {
                let mut finding = finding.clone();
                finding.at = finding.at.shifted(first_line.saturating_sub(1), first_byte);
                push(finding);
            }
            *reader = self.tail.clone();
        }
        let settled = first_line.saturating_add(self.settled);
        for (_, line) in lines.filter(|(_, line)| line.at().line() >= settled) {
            reader.read(&line, push);
        }
    }
}

/// Adds a finding; behind the open head a run of lines without meaning is kept as its first and its
/// last line.
fn push(findings: &mut Vec<Finding<'static>>, finding: Finding<'_>) {
    let finding = finding.into_owned();
    let behind_head = findings.len() > OPEN_HEAD.saturating_add(1);
    if behind_head
        && let [.., before, last] = findings.as_mut_slice()
        && same_run(before, last)
        && same_run(last, &finding)
        && before.stamp <= last.stamp
        && last.stamp <= finding.stamp
        && before.clock <= last.clock
        && last.clock <= finding.clock
    {
        before.lines = before.lines.saturating_add(last.lines);
        *last = finding;
        return;
    }
    findings.push(finding);
}

fn same_run(a: &Finding<'_>, b: &Finding<'_>) -> bool {
    let plain = match (&a.kind, &b.kind) {
        (FindingKind::Plain(a), FindingKind::Plain(b)) => a == b,
        (FindingKind::Unrelated, FindingKind::Unrelated) => true,
        _ => false,
    };
    plain && a.host == b.host && a.boot == b.boot
}
