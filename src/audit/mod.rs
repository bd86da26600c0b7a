//! The front door: bytes in, answers out.

mod auditor;
mod context;
mod dialects;
mod expect;
mod folds;
mod identifier;
mod lookalike;
mod reader;
mod saved;
mod segment;
mod streams;
mod watch;

pub use auditor::Auditor;
pub use expect::Expect;
pub use reader::Reader;
pub use saved::{LoadError, SCHEMA_VERSION, Saved};
pub use segment::Segment;
pub use watch::{HostChange, Turn};
