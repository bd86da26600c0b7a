//! Typed lines: what stands in a record, without saying yet what it means.

mod reading;

pub use reading::Reading;
