//! The laws of the fuzz targets on stable: every committed seed is replayed, and lines of real logs
//! are, also mutated.

use crate::common;
use crate::laws;

use common::corpus;
use std::collections::BTreeSet;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

fn fuzz() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz")
}

/// The seeds of a target; none is a failure.
fn seeds(target: &str) -> Vec<(String, Vec<u8>)> {
    let folder = fuzz().join("corpus").join(target);
    let entries =
        fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut seeds: Vec<_> = entries
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.display().to_string(), fs::read(&path).unwrap()))
        .collect();
    seeds.sort();
    assert!(!seeds.is_empty(), "no seeds in {}", folder.display());
    seeds
}

/// Names the bytes that break a law before the panic goes on.
fn keep(name: &str, law: laws::Law, bytes: &[u8], from: &dyn Fn() -> String) {
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| law(bytes))) {
        eprintln!(
            "the law `{name}` is broken by {}:\n{:.600}",
            from(),
            bytes.escape_ascii().to_string()
        );
        std::panic::resume_unwind(panic);
    }
}

#[test]
fn every_seed_keeps_its_law() {
    for &(name, law) in laws::ALL {
        for (file, bytes) in seeds(name) {
            keep(name, law, &bytes, &|| file.clone());
        }
    }
}

#[test]
fn every_law_has_a_target_and_a_folder_of_seeds() {
    let laws: BTreeSet<String> = laws::ALL.iter().map(|(name, _)| (*name).to_owned()).collect();
    let manifest = fs::read_to_string(fuzz().join("Cargo.toml")).unwrap();
    let bins = manifest.split("[[bin]]").skip(1);
    let targets: BTreeSet<String> =
        bins.map(|bin| bin.split('"').nth(1).unwrap().to_owned()).collect();
    assert_eq!(targets, laws);
    let folders = fs::read_dir(fuzz().join("corpus")).unwrap();
    let folders: BTreeSet<String> =
        folders.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    assert_eq!(folders, laws);
}

#[test]
fn sampled_lines_of_every_log_keep_the_laws() {
    for file in corpus::logs() {
        let mut lines = file
            .bytes
            .split(|&byte| byte == b'\n')
            .enumerate()
            .filter(|(_, line)| line.len() < 2000)
            .peekable();
        let mut from = 0;
        while lines.peek().is_some() {
            // The first lines of a log all, then fewer and fewer.
            for (number, line) in lines.by_ref().take(1) {
                from = number;
                keep("line", laws::line::law, line, &|| {
                    format!("{}, line {}", file.name, number + 1)
                });
            }
            lines.by_ref().take(from / 8).for_each(drop);
        }
    }
}

/// A small generator (xorshift) with a fixed start: the same mutations on every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % end.max(1) as u64).unwrap()
    }
}

/// What mutation puts in: what means something to at least one of the grammars, and what means
/// something to none.
const PIECES: &[&[u8]] = &[
    b"\"",
    b"\\",
    b"'",
    b"(",
    b")",
    b"=",
    b" ",
    b"  ",
    b"\t",
    b"\r",
    b"\0",
    b"\x1b",
    b"\xff",
    b"\xc3",
    b":",
    b"]",
    b"] ",
    b", ",
    b"!",
    b"-",
    b"--",
    b"+",
    b"0",
    b"65536",
    b"99999999999999999999",
    b"\\x",
    b"\\u00",
    b"\\n",
    b"msg=",
    b"\" msg=\"",
    b"', '",
    b"')",
    b"tcp",
    b"{",
    b"}",
    b"[",
    b"null",
    b"Adding rule in table: ",
    b"Opened local port tcp:",
    b"DEBUG1: ",
    b"-j DNAT --to-destination ",
    b"\xef\xbc\x94",
];

fn mutated(line: &[u8], other: &[u8], numbers: &mut Numbers) -> Vec<u8> {
    let mut bytes = line.to_vec();
    for _ in 0..=numbers.below(2) {
        let at = numbers.below(bytes.len() + 1);
        match numbers.below(6) {
            0 => bytes.truncate(at),
            1 => drop(bytes.drain(..at)),
            2 => drop(bytes.splice(at..at, PIECES[numbers.below(PIECES.len())].iter().copied())),
            3 => drop(bytes.splice(at..(at + 1 + numbers.below(4)).min(bytes.len()), [])),
            4 => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= 1 << numbers.below(8);
                }
            }
            _ => {
                let from = numbers.below(other.len() + 1);
                bytes.truncate(at);
                bytes.extend_from_slice(&other[from..]);
            }
        }
    }
    bytes
}

#[test]
fn mutated_seeds_keep_their_laws() {
    for &(name, law) in laws::ALL {
        let seeds = seeds(name);
        let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
        // Many of small laws, fewer of those that fold whole logs.
        let each = if matches!(name, "line" | "records" | "resolve") { 40 } else { 5 };
        for (file, bytes) in &seeds {
            for _ in 0..each {
                let other = &seeds[numbers.below(seeds.len())].1;
                let mutant = mutated(bytes, other, &mut numbers);
                keep(name, law, &mutant, &|| format!("a mutant of {file}"));
            }
        }
    }
}
