//! A log read in parts and joined, or saved and resumed in the middle, gives exactly what reading
//! it in one go gives.

use hostport_audit::{Auditor, Expect, Limits, Segment};
use proptest::prelude::*;
use std::sync::OnceLock;

use crate::common;
use common::corpus::{self, File};

/// The logs of the corpus that are quick to read many times, each kind of wrapping among them.
fn logs() -> &'static [File] {
    static LOGS: OnceLock<Vec<File>> = OnceLock::new();
    LOGS.get_or_init(|| {
        corpus::logs().into_iter().filter(|file| file.bytes.len() < 40_000).collect()
    })
}

fn whole(bytes: &[u8]) -> Auditor {
    let mut auditor = Auditor::new().keeping_history();
    auditor.feed(bytes);
    auditor.finish();
    auditor
}

/// Cuts behind line ends, at the given shares of the log.
fn parts<'a>(bytes: &'a [u8], shares: &[u16]) -> Vec<&'a [u8]> {
    let mut cuts: Vec<usize> = shares
        .iter()
        .filter_map(|share| {
            let near = bytes.len() * usize::from(*share) / usize::from(u16::MAX);
            bytes[near..].iter().position(|&byte| byte == b'\n').map(|at| near + at + 1)
        })
        .collect();
    cuts.push(bytes.len());
    cuts.sort_unstable();
    let mut start = 0;
    let parts = cuts.into_iter().map(|end| {
        let part = &bytes[start..end];
        start = end;
        part
    });
    parts.collect()
}

/// Joins neighbours in an order drawn at random: some tree over the parts.
fn join<'a>(mut segments: Vec<Segment<'a>>, picks: &[u16]) -> Segment<'a> {
    let mut picks = picks.iter().cycle();
    while segments.len() > 1 {
        let at = usize::from(*picks.next().unwrap_or(&0)) % (segments.len() - 1);
        let later = segments.remove(at + 1);
        let earlier = std::mem::take(&mut segments[at]);
        segments[at] = earlier.then(later);
    }
    segments.pop().unwrap_or_default()
}

fn joined(bytes: &[u8], shares: &[u16], picks: &[u16]) -> Auditor {
    let segments = parts(bytes, shares)
        .into_iter()
        .map(|part| Segment::read(part, Expect::Auto, Limits::default()))
        .collect();
    let mut auditor = Auditor::new().keeping_history();
    auditor.append(&join(segments, picks));
    auditor.finish();
    auditor
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_tree_of_any_parts_equals_the_whole(
        log in 0..logs().len(),
        shares in prop::collection::vec(any::<u16>(), 0..12),
        picks in prop::collection::vec(any::<u16>(), 1..8),
    ) {
        let file = &logs()[log];
        let (parts, whole) = (joined(&file.bytes, &shares, &picks), whole(&file.bytes));
        prop_assert_eq!(parts.ledger(), whole.ledger(), "{}", file.name);
        prop_assert_eq!(parts.history(), whole.history(), "{}", file.name);
        prop_assert_eq!(parts.coverage(), whole.coverage(), "{}", file.name);
        prop_assert!(parts == whole, "{}", file.name);
    }

    #[test]
    fn any_split_into_chunks_equals_the_whole(
        log in 0..logs().len(),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..20),
    ) {
        let file = &logs()[log];
        let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(file.bytes.len() + 1)).collect();
        cuts.sort_unstable();
        let mut auditor = Auditor::new().keeping_history();
        let mut start = 0;
        for cut in cuts.into_iter().chain([file.bytes.len()]) {
            auditor.feed(&file.bytes[start..cut]);
            start = cut;
        }
        auditor.finish();
        prop_assert!(auditor == whole(&file.bytes), "{}", file.name);
    }
}

#[test]
fn a_cut_behind_every_line_of_a_log_of_each_kind_equals_the_whole() {
    for name in [
        "firewalld/v1.2.1/seed-example.log",
        "crio/scenarios/steal.log",
        "crio/modes/reboot.export.log",
        "crio/modes/reboot.verbose.log",
        "crio/modes/reboot.json-pretty.log",
        "ovnk/seed_era/failing.log",
        "ovnk/prefixed/nodeport.cri_partial.log",
    ] {
        let file = corpus::file(name);
        let lines: Vec<&[u8]> = file.bytes.split_inclusive(|&byte| byte == b'\n').collect();
        let stride = lines.len().div_ceil(120);
        let all: Segment<'_> = lines
            .chunks(stride)
            .scan(0, |start, chunk| {
                let end = *start + chunk.iter().map(|line| line.len()).sum::<usize>();
                let part = &file.bytes[*start..end];
                *start = end;
                Some(Segment::read(part, Expect::Auto, Limits::default()))
            })
            .fold(Segment::default(), Segment::then);
        let mut auditor = Auditor::new().keeping_history();
        auditor.append(&all);
        auditor.finish();
        assert_eq!(auditor, whole(&file.bytes), "{name}");
    }
}

#[cfg(feature = "serde")]
mod saving {
    use super::*;
    use hostport_audit::time::{OffsetDateTime, UtcOffset};
    use hostport_audit::{Lines, Reader, Saved, Stamp, Timeline, YearRule};

    /// The clock of the machines that wrote the corpus.
    fn timeline(carried: bool) -> Timeline {
        let collected = match "2026-12-31T23:59:59.25+08:00".parse() {
            Ok(Stamp::Instant(at)) => at,
            _ => unreachable!(),
        };
        let year = if carried { YearRule::Fixed(2023) } else { YearRule::NotAfter(collected) };
        Timeline::new().offset(UtcOffset::from_hms(8, 0, 0).unwrap()).year(year).boot(collected)
    }

    /// The times of all lines of a log.
    fn instants(bytes: &[u8], timeline: &Timeline) -> Vec<OffsetDateTime> {
        let mut instants = Vec::new();
        let mut reader = Reader::new(Expect::Auto, Limits::default());
        for line in Lines::new(bytes) {
            reader.read(&line, &mut |finding| {
                instants.extend(finding.stamp.and_then(|stamp| timeline.resolve(stamp).ok()));
            });
        }
        instants
    }

    fn saved_and_resumed(auditor: &Auditor) -> Auditor {
        let text = serde_json::to_string(&Saved::new(auditor.clone())).unwrap();
        serde_json::from_str::<Saved>(&text).unwrap().into_auditor().unwrap()
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn a_saved_state_goes_on_to_the_same_end(log in 0..logs().len(), cut in any::<prop::sample::Index>()) {
            let file = &logs()[log];
            let (first, second) = file.bytes.split_at(cut.index(file.bytes.len() + 1));
            let mut auditor = Auditor::new().keeping_history();
            auditor.feed(first);
            let mut resumed = saved_and_resumed(&auditor);
            prop_assert!(resumed == auditor, "{}: the saved state is another", file.name);
            resumed.feed(second);
            resumed.finish();
            prop_assert!(resumed == whole(&file.bytes), "{}", file.name);
        }

        #[test]
        fn an_auditor_that_stops_at_an_instant_stops_there_after_it_was_saved(
            log in 0..logs().len(),
            cut in any::<prop::sample::Index>(),
            instant in any::<prop::sample::Index>(),
            carried in any::<bool>(),
        ) {
            let file = &logs()[log];
            let timeline = timeline(carried);
            let instants = instants(&file.bytes, &timeline);
            prop_assume!(!instants.is_empty());
            let until = *instant.get(&instants);
            let begin = || Auditor::new().keeping_history().until(until, timeline);
            let mut unsaved = begin();
            unsaved.feed(&file.bytes);
            unsaved.finish();
            let (first, second) = file.bytes.split_at(cut.index(file.bytes.len() + 1));
            let mut resumed = begin();
            resumed.feed(first);
            let before = resumed;
            let mut resumed = saved_and_resumed(&before);
            prop_assert!(resumed == before, "{}: the saved state is another", file.name);
            resumed.feed(second);
            resumed.finish();
            prop_assert!(resumed == unsaved, "{}", file.name);
        }
    }
}
