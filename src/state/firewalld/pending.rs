//! Requests that are not answered yet.

use crate::event::firewalld::{Edit, Kind};
use crate::state::evidence::Evidence;
use crate::text::Text;
use alloc::vec::Vec;

/// The call that the daemon is in: it has one thread, so there is at most one.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct Pending {
    /// The line that asked for it.
    pub(super) by: Evidence,
    pub(super) what: Request,
}

/// What was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(tag = "type", rename_all = "snake_case")
)]
pub(super) enum Request {
    /// A change of a runtime list.
    Runtime { zone: Text<'static>, edit: Edit<'static>, from: Asker },
    /// `setZoneSettings2`
    Settings { zone: Text<'static> },
    /// A change of the permanent layer; `written` once the daemon has begun to write it.
    Permanent { object: u32, write: Write, written: bool },
    /// `removeZone`
    Removal,
    /// `rename`
    Rename,
    /// `addZone`
    NewZone { zone: Text<'static> },
    /// The removal of a service's definition, and the zones that lost it so far.
    ServiceRemoval { zones: Vec<Text<'static>> },
    /// A zone's runtime layer on its way to the permanent one: the lists that hold something, or
    /// all of them (up to 0.7).
    Copy { zone: Text<'static>, whole: bool },
    /// `reset_to_defaults`
    Reset,
    /// `setDefaultZone`
    DefaultZone,
    /// `direct.passthrough`, which can only fail from here on; the rule if it is a new one.
    Passthrough { rule: Option<Text<'static>> },
}

/// Who asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
pub(super) enum Asker {
    /// A client.
    Client,
    /// A timer.
    Timer,
}

/// What is written to the permanent layer.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(tag = "type", rename_all = "snake_case")
)]
pub(super) enum Write {
    /// A known change.
    Edit { edit: Edit<'static> },
    /// A write of unknown content: of one list, or of all.
    Opaque { kind: Option<Kind> },
    /// The zone as shipped.
    Defaults,
    /// Something that no list holds.
    Nothing,
}
