//! The folds against what the daemons and the kernel themselves listed.
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

#[path = "../common/cases.rs"]
mod answers;
#[path = "../common/mod.rs"]
mod common;
#[path = "../../examples/replay/state_line.rs"]
mod state_line;

mod attacks;
mod crio_attacks;
mod crio_evidence;
mod crio_truth;
mod firewalld_attacks;
mod firewalld_filtered;
mod firewalld_fold;
mod firewalld_found;
mod firewalld_silence;
mod firewalld_since;
mod firewalld_truth;
mod firewalld_unfinished;
mod found_cases;
mod limits;
mod linear_time;
mod nft_fold;
mod ovnkube_cases;
mod ovnkube_checkpoint;
mod ovnkube_truth;
mod prefixes;
