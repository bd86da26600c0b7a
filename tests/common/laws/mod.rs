//! Laws that hold for every input, each a function from bytes that panics where the law is broken.
//!
//! They are called twice: by the fuzz targets under `fuzz/`, which look for bytes that break them,
//! and by `tests/fuzz_seeds.rs`, which replays the committed seeds and mutated lines of real logs
//! on every run of the tests.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod chooser;
pub mod feed_split;
pub mod fold;
pub mod line;
pub mod merge;
pub mod records;
pub mod resolve;
mod script;
mod walk;

/// A law: it returns if the bytes keep it and panics if they break it.
pub type Law = fn(&[u8]);

/// Every law, by the name of its fuzz target and of its folder of seeds.
pub const ALL: &[(&str, Law)] = &[
    ("feed_split", feed_split::law),
    ("fold", fold::law),
    ("line", line::law),
    ("merge", merge::law),
    ("records", records::law),
    ("resolve", resolve::law),
];
