//! The grammars of the log formats: the only place that names the parser library.

pub(crate) mod clock;
pub(crate) mod error;
pub(crate) mod iptables;
pub(crate) mod json;
