//! The grammars of the log formats: the only place that names the parser library.

pub(crate) mod clock;
pub(crate) mod crio;
pub(crate) mod dbus;
pub(crate) mod error;
pub(crate) mod firewalld;
pub(crate) mod iptables;
pub(crate) mod iptables_save;
pub(crate) mod journal;
pub(crate) mod json;
pub(crate) mod json_tree;
pub(crate) mod klog;
pub(crate) mod list_all;
pub(crate) mod logfmt;
pub(crate) mod neighbour;
pub(crate) mod nft;
pub(crate) mod ovnkube;
pub(crate) mod prefix;
pub(crate) mod service_xml;
