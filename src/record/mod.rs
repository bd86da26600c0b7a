//! Typed lines: what stands in a record, without saying yet what it means.

pub mod crio;
pub mod firewalld;
pub mod logfmt;
mod reading;
pub mod restore;
pub mod rule;
pub mod transport;

pub use reading::Reading;
