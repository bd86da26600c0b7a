//! Texts that show how things stand at one moment, which a caller states as true at a position of
//! the logs: listings of sockets, of pods and services, of rules and of firewalld's settings.

pub mod chains;
pub mod firewalld_conf;
mod lines;
pub mod nft;
pub mod objects;
mod refused;
pub mod sockets;
pub mod table_change;
pub mod zone_file;

pub use refused::Refused;
