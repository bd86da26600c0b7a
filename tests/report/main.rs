//! What a report says: history, coverage, reasons, allow lists, golden files.
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

mod allow_list;
mod corpus;
mod coverage;
mod debounce;
mod golden;
mod history;
mod reasons;
mod summary;
