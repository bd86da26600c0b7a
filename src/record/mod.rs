//! Typed lines: what stands in a record, without saying yet what it means.

pub mod checkpoint;
pub mod crio;
pub mod firewalld;
pub mod klog;
pub mod list_all;
pub mod local_port;
pub mod logfmt;
pub mod nft_monitor;
pub mod ovnkube;
mod reading;
pub mod restore;
pub mod rule;
pub mod save;
pub mod service_file;
pub mod structured;
pub mod transport;

pub use reading::Reading;
