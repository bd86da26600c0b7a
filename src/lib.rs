#![doc = include_str!("../README.md")]
#![no_std]
#![deny(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::todo,
    clippy::unimplemented,
    clippy::unreachable,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::std_instead_of_core,
    clippy::std_instead_of_alloc,
    clippy::alloc_instead_of_core
)]
#![cfg_attr(docsrs, feature(doc_cfg))]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

mod assume;
mod audit;
mod error;
pub mod event;
mod family;
mod frame;
mod grammar;
mod host_name;
mod limits;
mod port;
pub mod record;
pub mod report;
#[cfg(feature = "serde")]
mod serde_map_as_list;
mod service;
mod span;
mod stamp;
pub mod state;
mod text;
mod timeline;

pub use assume::{Assume, Assumptions};
pub use audit::{
    Auditor, Expect, HostChange, LoadError, Reader, SCHEMA_VERSION, Saved, Segment, Turn,
};
pub use error::{ErrorKind, InLine, ParseError, Place};
pub use event::Source;
pub use family::Family;
pub use frame::{Feeder, LineEnd, Lines, RawLine};
pub use limits::Limits;
pub use port::{HostPort, PortRange, Protocol};
pub use service::Service;
pub use span::{ByteSpan, InputId, LineRef};
pub use stamp::Stamp;
pub use text::Text;
pub use time;
pub use timeline::{CarriedYear, ResolveError, Timeline, YearRule};
