//! The front door: whole audits, segments, saved states, the examples, the shape of the crate.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::large_enum_variant,
    clippy::disallowed_methods,
    clippy::type_complexity,
    clippy::print_stderr,
    dropping_copy_types,
    unreachable_pub,
    dead_code
)]

#[path = "../common/mod.rs"]
mod common;

mod api;
mod corpus_audit;
mod examples;
mod host_changes;
mod layering;
mod one_host;
mod questions;
mod sample;
mod segments;
mod several_inputs;
