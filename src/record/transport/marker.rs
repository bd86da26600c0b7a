//! `-- Boot 2d30a6508937515eb84cfdeac507588e --`: journalctl prints this line right before the first
//! message of another boot (systemd 252). The line itself names neither a host nor a time.
//!
//! So it waits for the message behind it, which names both.

use super::memory::Hosts;
use super::{JournalNotice, Prefix, Unwrapped};
use crate::span::LineRef;
use crate::text::Text;
use alloc::vec::Vec;

/// A `-- Boot … --` line of which the message behind it has not been read.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct Marker {
    pub(super) id: Option<Vec<u8>>,
    pub(super) at: LineRef,
}

impl Marker {
    /// The boot, told with the host and the time of the message behind it; `hosts` are those that
    /// were named before that message.
    pub(super) fn before<'a>(&'a self, next: &'a Unwrapped<'_>, hosts: &'a Hosts) -> Unwrapped<'a> {
        let prefix = match next {
            Unwrapped::Entry(entry) => Some(&entry.prefix),
            Unwrapped::JournalNotice { prefix, .. } | Unwrapped::Malformed { prefix, .. } => {
                Some(prefix)
            }
            Unwrapped::Separator { .. } | Unwrapped::Encoded { .. } => None,
        };
        let host = prefix.and_then(Prefix::host).map(Text::reborrow);
        if hosts.are_several_with(host.as_ref()) {
            return self.of_one();
        }
        let stamp = prefix.and_then(Prefix::stamp);
        let host = host.or_else(|| hosts.only());
        self.told(
            JournalNotice::Boot { id: self.id() },
            Prefix { host, stamp, ..Prefix::default() },
        )
    }

    /// The boot, behind which nothing follows.
    pub(super) fn at_end<'a>(&'a self, hosts: &'a Hosts) -> Unwrapped<'a> {
        if hosts.are_several_with(None) {
            return self.of_one();
        }
        let prefix = Prefix { host: hosts.only(), ..Prefix::default() };
        self.told(JournalNotice::Boot { id: self.id() }, prefix)
    }

    /// The boot of one of several hosts.
    fn of_one(&self) -> Unwrapped<'_> {
        self.told(JournalNotice::BootOfOne { id: self.id() }, Prefix::default())
    }

    fn id(&self) -> Option<Text<'_>> {
        self.id.as_deref().map(Text::borrowed)
    }

    const fn told<'a>(&self, note: JournalNotice<'a>, prefix: Prefix<'a>) -> Unwrapped<'a> {
        Unwrapped::JournalNotice { note, prefix, at: self.at, lines: 1 }
    }
}
