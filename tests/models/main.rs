//! Models of the three programs against reality and against the crate.
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
#[path = "../common/model_crio/mod.rs"]
mod model_crio;
#[path = "../common/model_firewalld/mod.rs"]
mod model_firewalld;
#[path = "../common/model_ovnkube/mod.rs"]
mod model_ovnkube;
#[path = "../common/model_run.rs"]
mod model_run;

mod crio;
mod firewalld;
mod modes;
mod ovnkube;
