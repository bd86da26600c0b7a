//! Views over the state: what an auditor asks.

mod allow_list;
mod at_time;
mod coverage;
mod debounce;
mod display;
mod document;
mod history;
mod interval;
mod labels;
mod open_map;
mod open_port;
mod origin;
mod port_log;
mod signs;
mod summary;
mod unknown_table;
mod verdict;
mod why;
mod zone_use;

pub use allow_list::{
    AllowList, AllowListError, AllowedPort, Comparison, Conclusion, DynamicRange, HostComparison,
    Listed, Missing, Seen, Unexpected,
};
pub use at_time::{AtMoment, Cut, Moment, OpenThen};
pub use coverage::{Counts, Coverage, HostCoverage, Malformed, SourceCoverage};
pub use debounce::{Debounce, Debounced, NetChange, NetChangeKind};
pub use document::{HistoryReport, HostReport, LineReport, Report, SourceReport};
pub use history::{History, HostHistory, PortHistory};
pub use interval::{Beginning, End, Interval};
pub use labels::pod_and_namespace;
pub use open_port::{Fact, OpenPort, OpenPorts, PortState, Presumed, Role, Row, UnknownPart};
pub use origin::Origin;
pub use port_log::{Happened, Happening, Ordering, PortLog};
pub use signs::Signs;
pub use summary::{StillOpen, Summary};
pub use verdict::{Reason, Verdict};
pub use why::Why;
pub use zone_use::{DefaultZone, ZoneUse};

pub(crate) use history::roots;
pub(crate) use labels::scope_words;
pub(crate) use origin::takes_in;
