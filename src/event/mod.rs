//! What a record means: the vocabulary between the parsers and the state machine.
//!
//! The state machine sees nothing but these, so it can be driven by any source of events: these
//! parsers, a test, a JSON file.

mod anomaly;
pub mod crio;
mod finding;
pub mod firewalld;
mod front;
pub mod journal;
pub mod local_port;
pub mod nft;
pub mod ovnkube;

pub use anomaly::Anomaly;
pub use finding::{Finding, FindingKind, Source};
pub use front::Front;

use crate::span::LineRef;
use crate::stamp::Stamp;
use crate::text::Text;

/// What a line of a log says, with its place, its time and its host.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Event<'a> {
    /// The host named in the prefix; `None` where the prefix names none.
    pub host: Option<Text<'a>>,
    /// The line, or the first line of a record that spans several.
    pub at: LineRef,
    /// The time the program wrote, or else the time in the prefix.
    pub stamp: Option<Stamp>,
    /// What it says.
    pub kind: EventKind<'a>,
}

impl Event<'_> {
    /// The same event, no longer bound to the input.
    #[must_use]
    pub fn into_owned(self) -> Event<'static> {
        Event {
            host: self.host.map(Text::into_owned),
            at: self.at,
            stamp: self.stamp,
            kind: self.kind.into_owned(),
        }
    }
}

/// What an event says, by program.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(tag = "source", content = "event", rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum EventKind<'a> {
    /// firewalld said it.
    Firewalld(firewalld::Event<'a>),
    /// CRI-O said it.
    Crio(crio::Event<'a>),
    /// ovnkube said it.
    Ovnkube(ovnkube::Event<'a>),
    /// Another program that logs host ports said it.
    LocalPort(local_port::Event<'a>),
    /// The journal said it.
    Journal(journal::Event<'a>),
}

impl EventKind<'_> {
    /// The same, no longer bound to the input.
    #[must_use]
    pub fn into_owned(self) -> EventKind<'static> {
        match self {
            Self::Firewalld(event) => EventKind::Firewalld(event.into_owned()),
            Self::Crio(event) => EventKind::Crio(event.into_owned()),
            Self::Ovnkube(event) => EventKind::Ovnkube(event.into_owned()),
            Self::LocalPort(event) => EventKind::LocalPort(event.into_owned()),
            Self::Journal(event) => EventKind::Journal(event.into_owned()),
        }
    }
}
