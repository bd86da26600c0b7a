//! Real log lines for the benches, and how long a bench may take.
#![allow(dead_code, unreachable_pub, clippy::expect_used, clippy::panic)]

use core::hint::black_box;
use core::time::Duration;
use criterion::{BenchmarkGroup, Criterion, SamplingMode, Throughput, measurement::WallTime};
use std::path::Path;

/// A log of the corpus.
pub fn log(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus").join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Its lines.
pub fn lines(log: &[u8]) -> Vec<&[u8]> {
    log.strip_suffix(b"\n").unwrap_or(log).split(|&byte| byte == b'\n').collect()
}

/// What stands between two texts on those lines that hold both.
pub fn between<'a>(lines: &[&'a [u8]], before: &[u8], behind: &[u8]) -> Vec<&'a [u8]> {
    let find =
        |line: &[u8], text: &[u8]| line.windows(text.len()).position(|window| window == text);
    let cut = |line: &'a [u8]| {
        let start = find(line, before)? + before.len();
        let rest = line.get(start..)?;
        rest.get(..find(rest, behind)?)
    };
    lines.iter().filter_map(|line| cut(line)).collect()
}

/// A group with short measurements: the minimum of many short samples says more on a busy machine
/// than the mean of long ones.
pub fn group<'c>(criterion: &'c mut Criterion, name: &str) -> BenchmarkGroup<'c, WallTime> {
    let mut group = criterion.benchmark_group(name);
    group
        .sample_size(20)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(2));
    group.sampling_mode(SamplingMode::Flat);
    group
}

/// Measures how fast something goes through pieces of a log. It gives a number for each piece;
/// their sum must be the one expected.
pub fn pieces<'a>(
    group: &mut BenchmarkGroup<'_, WallTime>,
    name: &str,
    pieces: &[&'a [u8]],
    expected: usize,
    mut each: impl FnMut(&'a [u8]) -> usize,
) {
    assert!(!pieces.is_empty(), "{name} has nothing to read");
    let bytes: usize = pieces.iter().map(|piece| piece.len() + 1).sum();
    group.throughput(Throughput::Bytes(bytes as u64));
    group.bench_function(format!("{name} ({} lines)", pieces.len()), |bencher| {
        bencher.iter(|| {
            let sum: usize = pieces.iter().map(|piece| each(black_box(piece))).sum();
            assert_eq!(sum, expected, "{name}");
        });
    });
}
