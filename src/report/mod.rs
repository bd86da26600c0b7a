//! Views over the state: what an auditor asks.

mod coverage;
mod history;
mod interval;
mod open_map;
mod open_port;
mod origin;
mod signs;
mod summary;
mod verdict;
mod words;

pub use coverage::{Counts, Coverage, HostCoverage, Malformed, SourceCoverage};
pub use history::{History, HostHistory, PortHistory};
pub use interval::{Beginning, End, Interval};
pub use open_port::{Fact, OpenPort, OpenPorts, PortState, Role, Row, Untold};
pub use origin::Origin;
pub use signs::Signs;
pub use summary::{StillOpen, Summary};
pub use verdict::{Reason, Verdict};
pub use words::pod_and_namespace;
