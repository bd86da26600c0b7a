//! Views over the state: what an auditor asks.

mod allow_list;
mod coverage;
mod document;
mod history;
mod interval;
mod moment;
mod open_map;
mod open_port;
mod origin;
mod port_log;
mod settle;
mod show;
mod signs;
mod summary;
mod untold;
mod verdict;
mod why;
mod words;
mod zone_use;

pub use allow_list::{
    AllowList, AllowListError, AllowedPort, Comparison, Conclusion, DynamicRange, HostComparison,
    Listed, Missing, Seen, Unexpected,
};
pub use coverage::{Counts, Coverage, HostCoverage, Malformed, SourceCoverage};
pub use document::{HistoryReport, HostReport, LineReport, Report, SourceReport};
pub use history::{History, HostHistory, PortHistory};
pub use interval::{Beginning, End, Interval};
pub use moment::{AtMoment, Cut, Moment, OpenThen};
pub use open_port::{Fact, OpenPort, OpenPorts, PortState, Presumed, Role, Row, Untold};
pub use origin::Origin;
pub use port_log::{Happened, Happening, Ordering, PortLog};
pub use settle::{NetChange, NetChangeKind, Settle, Settled};
pub use signs::Signs;
pub use summary::{StillOpen, Summary};
pub use verdict::{Reason, Verdict};
pub use why::Why;
pub use words::pod_and_namespace;
pub use zone_use::{DefaultZone, ZoneUse};

pub(crate) use history::roots;
pub(crate) use origin::takes_in;
pub(crate) use words::scope_words;
