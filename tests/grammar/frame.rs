//! Laws of framing: every split gives the same lines, and the lines and their ends put together are
//! the input.
use crate::common;

use common::corpus;
use hostport_audit::{ByteSpan, Feeder, InputId, Limits, LineEnd, LineRef, Lines, RawLine};
use proptest::prelude::*;

type Owned = (Vec<u8>, LineRef, LineEnd, u64);

fn own(line: RawLine<'_>) -> Owned {
    (line.bytes().to_vec(), line.at(), line.end(), line.cut())
}

fn whole(input: &[u8], limits: &Limits) -> Vec<Owned> {
    Lines::with_limits(input, limits).map(own).collect()
}

/// Feeds the input cut at the given places; empty chunks occur.
fn fed(input: &[u8], cuts: &[usize], limits: &Limits) -> Vec<Owned> {
    let mut lines = Vec::new();
    let mut feeder = Feeder::new(limits);
    let mut from = 0;
    for &cut in cuts {
        let to = cut.clamp(from, input.len());
        feeder.feed(&input[from..to], |line| lines.push(own(line)));
        from = to;
    }
    feeder.feed(&input[from..], |line| lines.push(own(line)));
    feeder.finish(|line| lines.push(own(line)));
    assert!(feeder.is_idle());
    lines
}

/// Text with many line ends, CRs and NULs, or a run of long lines.
fn input() -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![3 => Just(b'\n'), 3 => Just(b'\r'), 1 => Just(0u8), 8 => any::<u8>()];
    prop::collection::vec(byte, 0..200)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_split_gives_the_lines_of_the_whole(input in input(), mut cuts in prop::collection::vec(0usize..200, 0..12), max_line in 0usize..40) {
        cuts.sort_unstable();
        let limits = Limits { max_line, ..Limits::default() };
        prop_assert_eq!(fed(&input, &cuts, &limits), whole(&input, &limits));
        let every: Vec<usize> = (0..input.len()).collect();
        prop_assert_eq!(fed(&input, &every, &limits), whole(&input, &limits));
    }

    #[test]
    fn lines_and_their_ends_are_the_input(input in input(), max_line in 0usize..40) {
        let mut copy = Vec::new();
        for (i, line) in Lines::new(&input).enumerate() {
            prop_assert_eq!(line.at().line(), i as u64 + 1);
            prop_assert_eq!(line.at().span().start(), copy.len() as u64);
            copy.extend_from_slice(line.bytes());
            prop_assert_eq!(line.at().span().end(), copy.len() as u64);
            prop_assert_eq!(line.cut(), 0);
            copy.extend_from_slice(line.end().as_bytes());
        }
        prop_assert_eq!(&copy, &input);
        let limits = Limits { max_line, ..Limits::default() };
        for (cut, line) in Lines::with_limits(&input, &limits).zip(Lines::new(&input)) {
            prop_assert_eq!(cut.at(), line.at());
            prop_assert_eq!(cut.bytes(), &line.bytes()[..line.bytes().len().min(max_line)]);
            prop_assert_eq!(cut.cut() as usize + cut.bytes().len(), line.bytes().len());
        }
    }

    #[test]
    fn parts_of_a_buffer_number_their_lines_as_the_whole_does(input in input(), cut in 0usize..200) {
        let first_part = input[..cut.min(input.len())].iter().rposition(|&b| b == b'\n').map_or(0, |lf| lf + 1);
        let (before, after) = input.split_at(first_part);
        let mut lines = Lines::new(before);
        let mut parts: Vec<_> = lines.by_ref().map(own).collect();
        parts.extend(Lines::new(after).starting_at(lines.next_line(), lines.next_byte()).map(own));
        prop_assert_eq!(parts, whole(&input, &Limits::default()));
    }

    #[test]
    fn a_saved_feeder_goes_on(input in input(), cut in 0usize..200) {
        let (before, after) = input.split_at(cut.min(input.len()));
        let mut lines = Vec::new();
        let mut feeder = Feeder::new(&Limits::default()).of_input(InputId::new(2));
        feeder.feed(before, |line| lines.push(own(line)));
        #[cfg(feature = "serde")]
        let mut feeder: Feeder = serde_json::from_str(&serde_json::to_string(&feeder).unwrap()).unwrap();
        feeder.feed(after, |line| lines.push(own(line)));
        feeder.finish(|line| lines.push(own(line)));
        let expected: Vec<_> = Lines::new(&input).of_input(InputId::new(2)).map(own).collect();
        prop_assert_eq!(lines, expected);
    }
}

#[test]
fn corpus_files_give_the_same_lines_in_chunks_of_any_size() {
    for file in corpus::logs() {
        let expected = file.bytes.iter().filter(|&&b| b == b'\n').count()
            + usize::from(!file.bytes.ends_with(b"\n"));
        let lines = whole(&file.bytes, &Limits::default());
        assert_eq!(lines.len(), expected, "{}", file.name);
        for size in [7, 4096, 65_536] {
            let cuts: Vec<usize> = (0..file.bytes.len()).step_by(size).collect();
            assert!(
                fed(&file.bytes, &cuts, &Limits::default()) == lines,
                "{} in chunks of {size}",
                file.name
            );
        }
    }
}

#[test]
fn a_line_without_end_is_held_only_up_to_the_limit() {
    let limits = Limits { max_line: 1000, ..Limits::default() };
    let mut feeder = Feeder::new(&limits);
    let chunk = vec![b'x'; 1 << 16];
    for _ in 0..160 {
        feeder.feed(&chunk, |_| panic!("no line has ended"));
    }
    let mut lines = Vec::new();
    feeder.feed(b"\r\nnext\n", |line| lines.push(own(line)));
    let length = 160 * (1 << 16);
    assert_eq!(
        lines[0],
        (
            vec![b'x'; 1000],
            LineRef::new(InputId::new(0), 1, ByteSpan::new(0, length)),
            LineEnd::CrLf,
            length - 1000
        )
    );
    assert_eq!(lines[1].0, b"next");
    assert_eq!(lines[1].1.span().start(), length + 2);
}

#[test]
fn only_lf_ends_a_line() {
    let lines: Vec<_> =
        Lines::new(b"a\rb\x0b\x0c\xe2\x80\xa8c\x00\r\r\n\r\n\n\r").map(own).collect();
    let texts: Vec<_> = lines.iter().map(|line| (&line.0[..], line.2)).collect();
    assert_eq!(
        texts,
        [
            (&b"a\rb\x0b\x0c\xe2\x80\xa8c\x00\r"[..], LineEnd::CrLf),
            (b"", LineEnd::CrLf),
            (b"", LineEnd::Lf),
            (b"\r", LineEnd::Missing),
        ]
    );
}
