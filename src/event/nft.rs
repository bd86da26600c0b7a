//! What `nft monitor` said: the changes of the kernel's ruleset, transaction by transaction.

use crate::record::nft_monitor::Line;

pub use crate::record::nft_monitor::{Change, Generation, Object, Verb};

/// What a line of `nft monitor` says.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(tag = "what", rename_all = "snake_case")
)]
#[non_exhaustive]
#[expect(clippy::large_enum_variant, reason = "nearly all lines are changes")]
pub enum Event<'a> {
    /// A change, which counts once its transaction has ended.
    Change(Change<'a>),
    /// All tables go, once the transaction has ended.
    FlushRuleset,
    /// The handle of the rule that was added last.
    Handle {
        /// The handle.
        handle: u64,
    },
    /// The end of a transaction.
    Generation(Generation<'a>),
    /// The monitor could not keep pace with the kernel and lost some changes.
    Lost,
    /// A monitor was started: what changed between two monitors is in no line.
    Began,
    /// A line that was cut, or that no version known here prints: some change, nobody knows which.
    Unreadable,
}

/// What a line of `nft monitor` says, without its line end and the prefix of a transport; nothing
/// for an empty one.
///
/// ```
/// use hostport_audit::event::nft::{Event, event};
///
/// assert_eq!(event(b"# ERROR: We lost some netlink events!"), Some(Event::Lost));
/// assert_eq!(event(b"delete element ip t m { tcp . 8"), Some(Event::Unreadable));
/// assert_eq!(event(b""), None);
/// ```
#[must_use]
pub fn event(line: &[u8]) -> Option<Event<'_>> {
    Some(match Line::parse(line) {
        Ok(Line::Change(change)) => Event::Change(change),
        Ok(Line::FlushRuleset) => Event::FlushRuleset,
        Ok(Line::Generation(generation)) => Event::Generation(generation),
        Ok(Line::Lost) => Event::Lost,
        Ok(Line::Handle(handle)) => Event::Handle { handle },
        Ok(Line::Empty) => return None,
        Err(_) => Event::Unreadable,
    })
}

impl Event<'_> {
    /// The same event, no longer bound to the input.
    #[must_use]
    pub fn into_owned(self) -> Event<'static> {
        match self {
            Self::Change(change) => Event::Change(change.into_owned()),
            Self::FlushRuleset => Event::FlushRuleset,
            Self::Handle { handle } => Event::Handle { handle },
            Self::Generation(Generation { number, process, program }) => {
                Event::Generation(Generation { number, process, program: program.into_owned() })
            }
            Self::Lost => Event::Lost,
            Self::Began => Event::Began,
            Self::Unreadable => Event::Unreadable,
        }
    }
}
