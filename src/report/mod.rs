//! Views over the state: what an auditor asks.

mod history;
mod interval;
mod open_map;
mod open_port;
mod origin;
mod words;

pub use history::{History, HostHistory, PortHistory};
pub use interval::{Beginning, End, Interval};
pub use open_port::{Fact, OpenPort, OpenPorts, PortState, Role, Row, Untold};
pub use origin::Origin;
pub use words::pod_and_namespace;
