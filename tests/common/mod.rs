//! Helpers that the tests share; one small file for each idea.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    clippy::expect_used
)]

pub mod changes;
pub mod corpus;
pub mod ovnkube;
pub mod reading;
