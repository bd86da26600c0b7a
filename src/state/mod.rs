//! The state machine: folds events into what is open, or says that the log cannot tell.

mod boots;
pub mod change;
pub mod crio;
mod effects;
pub mod evidence;
pub mod firewalld;
pub mod known;
mod ledger;
pub mod local_port;
pub mod nft;
pub mod opening;
mod order;
pub mod ovnkube;
pub mod services;

pub use effects::Effects;
pub use ledger::{Facts, Host, Ledger};
