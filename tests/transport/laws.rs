//! Laws of reading wrapped lines: for any split, after a save, from any place to begin, and for
//! broken and hostile input.
use crate::common;

use common::corpus::{self, File};
use common::reading::deliveries;
use hostport_audit::record::transport::{OpenPart, Reader, Unwrapped};
use hostport_audit::{Feeder, Limits, Lines, RawLine};
use proptest::prelude::*;
use std::sync::OnceLock;

/// Logs of all forms, none of them long.
fn samples() -> &'static [File] {
    static SAMPLES: OnceLock<Vec<File>> = OnceLock::new();
    SAMPLES.get_or_init(|| {
        let folders = ["crio/modes", "crio/more", "crio/rsyslog", "ovnk/prefixed"];
        let mut files: Vec<File> = folders
            .into_iter()
            .flat_map(corpus::logs_in)
            .filter(|file| file.bytes.len() < 60_000)
            .collect();
        // All of one run after another: every change of form in the middle of an input.
        let mixed = files
            .iter()
            .filter(|file| file.name.contains("/odd.") || file.name.contains("/plain."));
        files.push(File {
            name: "mixed".to_owned(),
            bytes: mixed.flat_map(|file| file.bytes.clone()).collect(),
        });
        assert!(files.len() > 80);
        files
    })
}

fn sample() -> impl Strategy<Value = &'static File> {
    (0..samples().len()).prop_map(|i| &samples()[i])
}

fn keep<'a>(all: &'a mut Vec<Unwrapped<'static>>) -> impl FnMut(Unwrapped<'_>) + 'a {
    |delivery| all.push(delivery.into_owned())
}

/// Small limits, so that what they cut is cut often.
fn tight() -> Limits {
    Limits { max_line: 300, max_record: 500, max_streams: 2, max_hosts: 2, ..Limits::default() }
}

/// Bytes that mean something to one form or another.
const TELLING: [&[u8]; 22] = [
    b"\n",
    b"\r\n",
    b"\0",
    b"{",
    b"}",
    b"\"",
    b"\\",
    b"    ",
    b"\t",
    b"=",
    b": ",
    b"[1]: ",
    b" P ",
    b"\n\n",
    b"\n{\n",
    b"\n__CURSOR=s=1\n",
    b"MESSAGE\n\x0a\0\0\0\0\0\0\0",
    b"MESSAGE\n\xff\xff\xff\xff\xff\xff\xff\xff",
    b"\n-- Boot 2d30a6508937515eb84cfdeac507588e --\n",
    b"\n-- Reboot --\n",
    b"2023-11-22T09:46:36.018734713+08:00 stderr P half",
    b"\xff",
];

/// A few places of a log overwritten, cut out or filled in.
fn broken(file: &File, changes: &[(prop::sample::Index, usize, usize)]) -> Vec<u8> {
    let mut bytes = file.bytes.clone();
    for (place, cut, what) in changes {
        if bytes.is_empty() {
            break;
        }
        let at = place.index(bytes.len());
        let end = (at + cut).min(bytes.len());
        bytes.splice(at..end, TELLING[what % TELLING.len()].iter().copied());
    }
    bytes
}

fn changes() -> impl Strategy<Value = Vec<(prop::sample::Index, usize, usize)>> {
    prop::collection::vec(
        (
            any::<prop::sample::Index>(),
            prop_oneof![Just(0usize), 0usize..4, 0usize..400],
            0usize..100,
        ),
        0..8,
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_split_gives_the_deliveries_of_the_whole(file in sample(), mut cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..30), tiny in any::<bool>()) {
        let limits = if tiny { tight() } else { Limits::default() };
        let mut cuts: Vec<usize> = cuts.drain(..).map(|cut| cut.index(file.bytes.len())).collect();
        cuts.extend([0, file.bytes.len()]);
        cuts.sort_unstable();
        let (mut feeder, mut reader, mut all) = (Feeder::new(&limits), Reader::new(&limits), Vec::new());
        for pair in cuts.windows(2) {
            feeder.feed(&file.bytes[pair[0]..pair[1]], |line| reader.read(&line, &mut keep(&mut all)));
        }
        feeder.finish(|line| reader.read(&line, &mut keep(&mut all)));
        reader.finish(&mut keep(&mut all));
        prop_assert!(all == deliveries(&file.bytes, &limits), "{}", file.name);
    }

    #[test]
    fn a_saved_reader_goes_on(file in sample(), place in any::<prop::sample::Index>(), changes in changes()) {
        let input = broken(file, &changes);
        let lines: Vec<RawLine<'_>> = Lines::new(&input).collect();
        let stop = place.index(lines.len() + 1);
        let (mut reader, mut all) = (Reader::new(&Limits::default()), Vec::new());
        for (i, line) in lines.iter().enumerate() {
            if i == stop {
                #[cfg(feature = "serde")]
                {
                    let saved = serde_json::to_string(&reader).unwrap();
                    let restored: Reader = serde_json::from_str(&saved).unwrap();
                    prop_assert_eq!(&restored, &reader);
                    reader = restored;
                }
                // Looking at what is known so far changes nothing.
                reader.clone().finish(&mut |_: Unwrapped<'_>| {});
            }
            reader.read(line, &mut keep(&mut all));
        }
        reader.finish(&mut keep(&mut all));
        prop_assert!(all == deliveries(&input, &Limits::default()), "{} at line {stop}", file.name);
    }

    #[test]
    fn broken_logs_are_counted_line_by_line(file in sample(), changes in changes(), tiny in any::<bool>()) {
        let limits = if tiny { tight() } else { Limits::default() };
        let input = broken(file, &changes);
        let all = deliveries(&input, &limits);
        let lines = Lines::with_limits(&input, &limits).count() as u64;
        prop_assert_eq!(all.iter().map(Unwrapped::lines).sum::<u64>(), lines, "{}", file.name);
        for delivery in &all {
            if let Unwrapped::Entry(entry) = delivery {
                prop_assert!(entry.message().as_bytes().len() <= limits.max_record.max(limits.max_line));
                let place = entry.at().span();
                prop_assert!(entry.cut() > 0 || !entry.prefix().transport().is_prefix() || entry.lines() > 1
                    || entry.prefix().as_bytes().len() + entry.message().as_bytes().len() == place.len() as usize);
            }
        }
    }

    /// The lines so far, as far as they go, are what a log that ends there tells.
    #[test]
    fn finishing_a_clone_tells_what_a_log_that_ends_there_tells(file in sample(), place in any::<prop::sample::Index>()) {
        let lines: Vec<RawLine<'_>> = Lines::new(&file.bytes).collect();
        let stop = place.index(lines.len() + 1);
        let (mut reader, mut all) = (Reader::new(&Limits::default()), Vec::new());
        for line in &lines[..stop] {
            reader.read(line, &mut keep(&mut all));
        }
        let held = reader.open_part() != OpenPart::Nothing;
        let before = all.len();
        let mut there = reader.clone();
        there.finish(&mut keep(&mut all));
        prop_assert_eq!(held, all.len() > before);
        let end = stop.checked_sub(1).map_or(0, |last| lines[last].at().span().end() as usize + lines[last].end().as_bytes().len());
        prop_assert!(all == deliveries(&file.bytes[..end], &Limits::default()), "{} at line {stop}", file.name);
    }
}

/// In the forms of one line a message, a reader that begins at any line with its own prefix tells
/// what one that read all before tells.
#[test]
fn one_line_forms_may_be_read_from_any_line_on() {
    for file in samples().iter().filter(|file| file.name != "mixed") {
        let lines: Vec<RawLine<'_>> = Lines::new(&file.bytes).collect();
        let mut reader = Reader::new(&Limits::default());
        let mut at_line: Vec<Vec<Unwrapped<'static>>> = Vec::new();
        for line in &lines {
            let mut told = Vec::new();
            reader.read(line, &mut keep(&mut told));
            at_line.push(told);
        }
        for (line, told) in lines.iter().zip(&at_line) {
            let [Unwrapped::Entry(entry)] = told.as_slice() else { continue };
            if entry.lines() > 1 || entry.is_continuation() || entry.prefix().as_bytes().is_empty()
            {
                continue;
            }
            let (mut fresh, mut again) = (Reader::new(&Limits::default()), Vec::new());
            fresh.read(line, &mut keep(&mut again));
            assert_eq!(&again, told, "{} {}", file.name, line.at());
        }
    }
}

fn read_one(line: &[u8]) -> Vec<Unwrapped<'static>> {
    deliveries(line, &Limits { max_line: usize::MAX, max_record: usize::MAX, ..Limits::default() })
}

/// A mebibyte or ten in one line, or in one entry: a second pass over all of it for each piece of
/// it would not end.
#[test]
fn hostile_input_is_read_in_linear_time() {
    let heads: [&[u8]; 22] = [
        b"",
        b"Jun 25 16:24:11 rhel92 ",
        b"Jun 25 16:24:11 ",
        b"2023-06-25T16:24:11+08:00 ",
        b"Sun 2023-06-25 16:24:11 CST rhel92 ",
        b"Sun 2023-06-25 16:24:11.657908 CST [s=",
        b"[    5.312951] rhel92 ",
        b"[",
        b"[pod/",
        b"<30>1 2026-06-25T16:24:11+08:00 rhel92 crio 77216 - [x ",
        b"2023-11-22T09:46:35.825084079+08:00 stderr P ",
        b"{\"MESSAGE\":\"",
        b"{\"log\":\"",
        b"{\"MESSAGE\":",
        b"{\n\t\"MESSAGE\" : \"",
        b"__CURSOR=s\nMESSAGE=",
        b"__CURSOR=s\nMESSAGE\n",
        b"__CURSOR=s\n",
        b"$ ",
        b"1:",
        b"-- Boot ",
        b"\x1e{",
    ];
    let bodies: [&[u8]; 12] = [
        b"a=",
        b": ",
        b"[1]",
        b"[",
        b" ",
        b"\\",
        b"\\\"",
        b"1",
        b"1:",
        b"-- ",
        b"\x1e{\"",
        b"x: y[1] Jun 25 16:24:11 rhel92 ",
    ];
    let pairs =
        heads.iter().flat_map(|head| bodies.iter().map(move |body| (*head, *body, 1 << 16)));
    let long = [
        (heads[1], bodies[1]),
        (heads[11], bodies[6]),
        (heads[13], bodies[3]),
        (heads[16], bodies[0]),
    ];
    for (head, body, size) in pairs.chain(long.map(|(head, body)| (head, body, 10 << 20))) {
        let mut input = head.to_vec();
        while input.len() < size {
            input.extend_from_slice(body);
        }
        let all = read_one(&input);
        let lines = input.iter().filter(|&&b| b == b'\n').count() as u64 + 1;
        assert_eq!(all.iter().map(Unwrapped::lines).sum::<u64>(), lines);
    }
}

/// Lines that are each the start of something.
#[test]
fn many_openings_hold_no_more_than_the_limits_allow() {
    let limits = Limits { max_record: 4096, max_streams: 8, ..Limits::default() };
    let mut reader = Reader::new(&limits);
    let (mut entries, mut lost) = (0u64, 0u64);
    let mut count = |delivery: Unwrapped<'_>| {
        if let Unwrapped::Entry(entry) = delivery {
            assert!(!entry.is_complete() && entry.message().as_bytes().len() <= 4096);
            entries += 1;
            lost += entry.cut();
        }
    };
    let mut input = String::new();
    for i in 0..20_000u32 {
        input += &format!(
            "[pod/p{}/c] 2023-11-22T09:46:35.825084079+08:00 stderr P {}\n",
            i % 5000,
            "x".repeat(200)
        );
    }
    for line in Lines::new(input.as_bytes()) {
        reader.read(&line, &mut count);
        assert!(matches!(reader.open_part(), OpenPart::Streams(1..=8)));
    }
    reader.finish(&mut count);
    assert_eq!(entries, 20_000, "every stream was pushed out by others before its second part");
    assert_eq!(lost, 0);
    let (mut given, mut kept) = (0u64, 0u64);
    let mut reader = Reader::new(&limits);
    for _ in 0..20_000u32 {
        let line = format!("2023-11-22T09:46:35.825084079+08:00 stderr P {}", "x".repeat(200));
        given += 200;
        reader.read(&RawLine::alone(line.as_bytes()), &mut |_: Unwrapped<'_>| {
            panic!("nothing has ended")
        });
    }
    reader.finish(&mut |delivery: Unwrapped<'_>| {
        if let Unwrapped::Entry(entry) = delivery {
            kept = entry.message().as_bytes().len() as u64 + entry.cut();
            assert_eq!(entry.message().as_bytes().len(), 4096);
        }
    });
    assert_eq!(kept, given);
}
