//! The wrapping of lines: journal modes, rsyslog, container logs, tools.
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
#[path = "../../examples/replay/state_line.rs"]
mod state_line;

mod corpus;
mod error_place;
mod forms;
mod laws;
mod missing;
mod modes;
mod wrapped;
