//! Text in, typed records out: each line format, each text that a caller states.
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

mod checkpoint_objects;
mod checkpoint_sockets;
mod crio_record;
mod crio_saved;
mod firewalld_record;
mod frame;
mod iptables_rule;
mod klog_vectors;
mod list_all;
mod local_ports;
mod nft_listing;
mod recognize;
mod services;
mod timeline;
