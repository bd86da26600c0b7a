//! Typed lines: what stands in a record, without saying yet what it means.

pub mod firewalld;
mod reading;
pub mod rule;

pub use reading::Reading;
