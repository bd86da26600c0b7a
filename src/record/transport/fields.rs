//! The fields of a journal entry, in whichever of the record forms they came.

use super::{Prefix, Transport};
use crate::grammar::{journal, prefix::process};
use crate::stamp::Stamp;
use crate::text::Text;

/// What is known of the message of an entry.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
pub(super) enum Message<'a> {
    /// No such field yet.
    #[default]
    Absent,
    /// The text.
    Text(Text<'a>),
    /// There is one, and its text is not shown.
    Lost,
    /// The field stands there more than once, so no value of it is the message.
    Twice,
}

/// The fields of an entry that are asked for; the others are passed over.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct Fields<'a> {
    pub(super) message: Message<'a>,
    pub(super) prefix: Prefix<'a>,
    /// `_COMM`, which names the program where it gave no identifier.
    command: Option<Text<'a>>,
    /// `SYSLOG_PID`, for where the journal saw no process.
    claimed_pid: Option<u32>,
}

/// The fields that are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
pub(super) enum Key {
    Message,
    Host,
    Identifier,
    Command,
    Pid,
    ClaimedPid,
    Unit,
    Boot,
    Realtime,
    Monotonic,
}

impl Key {
    pub(super) fn of(name: &[u8]) -> Option<Self> {
        Some(match name {
            b"MESSAGE" => Self::Message,
            b"_HOSTNAME" => Self::Host,
            b"SYSLOG_IDENTIFIER" => Self::Identifier,
            b"_COMM" => Self::Command,
            b"_PID" => Self::Pid,
            b"SYSLOG_PID" => Self::ClaimedPid,
            b"_SYSTEMD_UNIT" => Self::Unit,
            b"_BOOT_ID" => Self::Boot,
            b"__REALTIME_TIMESTAMP" => Self::Realtime,
            b"__MONOTONIC_TIMESTAMP" => Self::Monotonic,
            _ => return None,
        })
    }
}

impl<'a> Fields<'a> {
    pub(super) fn new(transport: Transport) -> Self {
        Self { prefix: Prefix { transport, ..Prefix::default() }, ..Self::default() }
    }

    /// Takes a message, or the news that there is one; a second one makes neither of them the
    /// message.
    pub(super) fn set_message(&mut self, message: Message<'a>) {
        self.message = match self.message {
            Message::Absent => message,
            _ => Message::Twice,
        };
    }

    /// Takes a field. Of a field that stands twice the first value counts, as for a message of
    /// which a second is a fault.
    pub(super) fn set(&mut self, key: Key, value: Text<'a>) {
        let prefix = &mut self.prefix;
        let place = match key {
            Key::Message => return self.set_message(Message::Text(value)),
            Key::Pid => {
                prefix.pid = prefix.pid.or(process(value.as_bytes()));
                return;
            }
            Key::ClaimedPid => {
                self.claimed_pid = self.claimed_pid.or(process(value.as_bytes()));
                return;
            }
            Key::Realtime => {
                prefix.stamp = journal::microseconds(value.as_bytes())
                    .and_then(journal::realtime)
                    .or(prefix.stamp);
                return;
            }
            Key::Monotonic => {
                let since =
                    || journal::microseconds(value.as_bytes()).map(time::Duration::microseconds);
                prefix.stamp = prefix.stamp.or_else(|| since().and_then(Stamp::since_boot));
                return;
            }
            Key::Host => &mut prefix.host,
            Key::Identifier => &mut prefix.identifier,
            Key::Command => &mut self.command,
            Key::Unit => &mut prefix.unit,
            Key::Boot => &mut prefix.boot,
        };
        if place.is_none() {
            *place = Some(value);
        }
    }

    /// The prefix and the message, as journalctl's short modes would name the program.
    pub(super) fn into_parts(self) -> (Prefix<'a>, Message<'a>) {
        let Self { message, mut prefix, command, claimed_pid } = self;
        prefix.identifier = prefix.identifier.or(command);
        prefix.pid = prefix.pid.or(claimed_pid);
        (prefix, message)
    }
}
