//! What a firewalld record means.
//!
//! A request is logged before any check, so it proves nothing; a signal of the runtime layer, or
//! the commit of an object of the permanent layer, is the fact (firewalld 0.3 to 2.5).

mod item;
mod listing;
mod reading;

pub use item::{Edit, Item, Kind};
pub use listing::ListedZone;

use crate::text::Text;
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;

/// firewalld's two layers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
pub enum Layer {
    /// What the firewall lets through now.
    Runtime,
    /// What a reload or a start would make of it.
    Permanent,
}

impl Layer {
    /// Both, in order.
    pub const ALL: [Self; 2] = [Self::Runtime, Self::Permanent];
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Runtime => "runtime",
            Self::Permanent => "permanent",
        })
    }
}

/// Where a zone's file lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
pub enum Place {
    /// Under `/etc/firewalld`: made or changed on this host.
    Local,
    /// Under `/usr/lib/firewalld`: as shipped.
    Shipped,
}

/// The label of a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
pub enum Severity {
    /// `WARNING`: since 0.4.4.3 for what is already, or not, enabled.
    Warning,
    /// `ERROR` or `FATAL ERROR`
    Error,
}

/// What a record says.
///
/// Numbers (`object`) are those of `config.zone.N`; they are assigned anew at each start and
/// reload. An empty zone in a request or in a signal of a rich rule stands for the default zone.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(tag = "type", rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum Event<'a> {
    /// A client asks for a change of the runtime layer: `zone.addPort('public', '8080', 'tcp')`.
    RuntimeRequest {
        /// The zone as sent.
        zone: Text<'a>,
        /// The change.
        edit: Edit<'a>,
    },
    /// A timer has run out and asks for the removal: `zone.disableTimedPort('public', '8080',
    /// 'tcp')` (up to 2.3.2, and 2.4.0).
    TimerRequest {
        /// The zone.
        zone: Text<'a>,
        /// What is to be removed.
        item: Item<'a>,
    },
    /// A client asks for several settings of a zone at once: `setZoneSettings2(public)`.
    SettingsRequest {
        /// The zone as sent.
        zone: Text<'a>,
    },
    /// Added to the runtime layer: `zone.PortAdded('public', '8080', 'tcp', 60)`.
    Added {
        /// The zone.
        zone: Text<'a>,
        /// What was added.
        item: Item<'a>,
        /// For how many seconds; 0 stands for no end.
        timeout: u32,
    },
    /// Removed from the runtime layer, or so a timer says: `zone.PortRemoved('public', '8080',
    /// 'tcp')`.
    Removed {
        /// The zone.
        zone: Text<'a>,
        /// What was removed.
        item: Item<'a>,
    },
    /// Settings of a zone's runtime layer were replaced: `zone.ZoneUpdated('public', '{...}')`.
    SettingsChanged {
        /// The zone.
        zone: Text<'a>,
        /// Each list that was named, with its new content; `None` if the text could not be read.
        settings: Option<Vec<(Kind, Vec<Item<'a>>)>>,
    },
    /// A client asks for a change of the permanent layer: `config.zone.7.addPort('8080', 'tcp')`.
    PermanentRequest {
        /// The object's number.
        object: u32,
        /// The change.
        edit: Edit<'a>,
    },
    /// A client writes settings that are not logged: `config.zone.7.update2('...')`,
    /// `setRichRules`.
    OpaqueRequest {
        /// The object's number.
        object: u32,
        /// The one list that it can change; `None` for all.
        kind: Option<Kind>,
    },
    /// A client changes something of a zone that has no bearing on what is open:
    /// `config.zone.7.setShort('Public')`.
    UnrelatedRequest {
        /// The object's number.
        object: u32,
    },
    /// A client asks for the zone as shipped: `config.zone.7.loadDefaults()`.
    DefaultsRequest {
        /// The object's number.
        object: u32,
    },
    /// A client asks for the removal of a zone: `config.zone.7.removeZone()`.
    RemovalRequest {
        /// The object's number.
        object: u32,
    },
    /// A client asks for another name: `config.zone.7.rename('new')`.
    RenameRequest {
        /// The object's number.
        object: u32,
        /// The new name.
        name: Text<'a>,
    },
    /// The settings of an object are read, by a client or in the course of a change:
    /// `config.zone.7.getSettings()`.
    SettingsRead {
        /// The object's number.
        object: u32,
    },
    /// The settings of an object are about to be written in the course of a change:
    /// `config.zone.7.update('...')`.
    SettingsWrite {
        /// The object's number.
        object: u32,
    },
    /// The object was written, or its file was read anew: `config.zone.7.Updated('public')`.
    Committed {
        /// The object's number.
        object: u32,
        /// The zone.
        zone: Text<'a>,
    },
    /// The zone was removed: `config.zone.7.Removed('public')`.
    ZoneRemoved {
        /// The object's number.
        object: u32,
        /// The zone.
        zone: Text<'a>,
    },
    /// The zone has another name: `config.zone.7.Renamed('new')`.
    ZoneRenamed {
        /// The object's number.
        object: u32,
        /// The new name.
        zone: Text<'a>,
    },
    /// All properties of the zone with this number are read: by a client, or because the object is
    /// new.
    ObjectRead {
        /// The object's number.
        object: u32,
    },
    /// A client asks for a new zone, whose settings are not logged: `config.addZone('new')`.
    NewZoneRequest {
        /// The name.
        zone: Text<'a>,
    },
    /// An object for the zone is there: in the list of a start or a reload, or because the zone is
    /// new.
    ZoneListed {
        /// The zone.
        zone: Text<'a>,
    },
    /// A client asks for the removal of a service's definition: `config.service.3.removeService()`.
    ServiceRemovalRequest,
    /// A service's definition was removed, and with it its name from each zone:
    /// `config.service.3.Removed('myapp')`.
    ServiceRemoved {
        /// The service.
        name: Text<'a>,
    },
    /// A service's definition was written; what it opens is not logged:
    /// `config.service.3.Updated('myapp')`.
    ServiceChanged {
        /// The service.
        name: Text<'a>,
    },
    /// The daemon starts: `start()`.
    Started,
    /// The daemon stops: `stop()`.
    Stopped,
    /// The permanent layer is about to be loaded: `reload()`, `completeReload()`.
    ReloadRequest,
    /// The permanent layer was loaded: `Reloaded()`.
    Reloaded,
    /// The rules in the kernel are taken away, or about to be, in the course of a reload, a start
    /// or a stop.
    Flushed,
    /// A client asks for another default zone: `setDefaultZone('work')`.
    DefaultZoneRequest {
        /// The zone as sent.
        zone: Text<'a>,
    },
    /// The default zone as loaded: `Using default zone 'public'`, or, where the file names a zone
    /// that does not exist, `Default zone 'nosuch' is not valid. Using 'public'.`
    DefaultZoneLoaded {
        /// The zone.
        zone: Text<'a>,
    },
    /// The default zone was changed: `DefaultZoneChanged('public')`.
    DefaultZoneChanged {
        /// The zone.
        zone: Text<'a>,
    },
    /// A zone's file is read: `Loading zone file '/etc/firewalld/zones/public.xml'`.
    ZoneFile {
        /// The zone, by the name of the file.
        zone: Text<'a>,
        /// Where the file lies.
        place: Place,
    },
    /// A zone's file cannot be read: `Failed to load zone file 'public.xml': ...`.
    ZoneFileBroken {
        /// The zone, by the name of the file.
        zone: Text<'a>,
    },
    /// The configuration could not be loaded, and the shipped one takes its place.
    ConfigurationBroken,
    /// Somebody else wrote or replaced a file of the configuration: `Detected permanent (on-disk)
    /// configuration change out-of-band of firewalld!` (2.3.3, 2.3.4, and since 2.4.1).
    ///
    /// The daemon does not read the file, does not name it, and says this once until the next
    /// load.
    FilesEdited,
    /// The runtime layer is copied to the permanent one: `copyRuntimeToPermanent()`.
    RuntimeToPermanent,
    /// A zone's runtime layer is about to be written as its permanent one: `Copying zone 'public'
    /// settings`.
    ZoneCopied {
        /// The zone.
        zone: Text<'a>,
    },
    /// A zone that only the runtime layer has is about to be made permanent: `Creating zone
    /// 'public'`.
    ZoneCreated {
        /// The zone.
        zone: Text<'a>,
    },
    /// All of the permanent layer is put back as shipped: `firewalld.reset_to_defaults()`.
    ResetToDefaults,
    /// The call ends with an error or a warning: `ALREADY_ENABLED: '8080:tcp' already in 'public'`.
    Refused {
        /// The code in front of the colon; empty if there is none.
        code: Text<'a>,
        /// How it is labelled.
        severity: Severity,
    },
    /// The call, or the daemon, ran into an exception: `Traceback (most recent call last):`.
    Traceback {
        /// The daemon expected it and labels it (`DEBUG1: Traceback`): its error follows in a
        /// record of its own. What nothing caught, as a disk that is full, has no label.
        labelled: bool,
    },
    /// Panic mode, in which nothing passes, was switched.
    Panic {
        /// True if it is on now.
        on: bool,
    },
    /// A policy, which can open ports between zones, was changed.
    PolicyChanged {
        /// The policy.
        name: Text<'a>,
        /// The layer.
        layer: Layer,
    },
    /// A policy was removed from the permanent layer.
    PolicyRemoved {
        /// The policy.
        name: Text<'a>,
    },
    /// A direct rule or a passthrough was added to the runtime layer.
    DirectAdded {
        /// Its arguments as printed.
        rule: Text<'a>,
    },
    /// A direct rule or a passthrough was removed from the runtime layer.
    DirectRemoved {
        /// Its arguments as printed.
        rule: Text<'a>,
    },
    /// Direct rules of the permanent layer were written; their content is not logged.
    DirectChanged,
    /// A step of a transaction: rules are about to change in the kernel. Printed with `--debug=4`
    /// and more, between a request of the runtime layer and its signal.
    TransactionStep,
    /// A client runs a command of iptables, ip6tables or ebtables through the daemon:
    /// `direct.passthrough('ipv4', '-I','INPUT','-p','tcp','--dport','8080','-j','ACCEPT')`. It runs
    /// at once, and nothing but a failure is printed after it.
    PassthroughRequest {
        /// Its arguments as printed.
        rule: Text<'a>,
    },
    /// A client only reads: `zone.getZones()`. No request before it can be answered any more.
    ReadingCall,
    /// A line that may be a part of the text of a call before it that is not finished, and then
    /// says nothing.
    Doubtful {
        /// What it says if it is none.
        event: Box<Event<'a>>,
    },
    /// A client called something of the daemon itself, without arguments, that changes nothing here:
    /// `getDefaultZone()`.
    DaemonCall {
        /// It only reads.
        reads: bool,
    },
    /// A client called something else, so that no request before it can be answered any more.
    OtherCall,
}

impl Event<'_> {
    /// The same event, no longer bound to the input.
    #[must_use]
    pub fn into_owned(self) -> Event<'static> {
        use Event as E;
        match self {
            Self::RuntimeRequest { zone, edit } => {
                E::RuntimeRequest { zone: zone.into_owned(), edit: edit.into_owned() }
            }
            Self::TimerRequest { zone, item } => {
                E::TimerRequest { zone: zone.into_owned(), item: item.into_owned() }
            }
            Self::SettingsRequest { zone } => E::SettingsRequest { zone: zone.into_owned() },
            Self::Added { zone, item, timeout } => {
                E::Added { zone: zone.into_owned(), item: item.into_owned(), timeout }
            }
            Self::Removed { zone, item } => {
                E::Removed { zone: zone.into_owned(), item: item.into_owned() }
            }
            Self::SettingsChanged { zone, settings } => E::SettingsChanged {
                zone: zone.into_owned(),
                settings: settings.map(|lists| {
                    lists
                        .into_iter()
                        .map(|(kind, items)| {
                            (kind, items.into_iter().map(Item::into_owned).collect())
                        })
                        .collect()
                }),
            },
            Self::PermanentRequest { object, edit } => {
                E::PermanentRequest { object, edit: edit.into_owned() }
            }
            Self::OpaqueRequest { object, kind } => E::OpaqueRequest { object, kind },
            Self::UnrelatedRequest { object } => E::UnrelatedRequest { object },
            Self::DefaultsRequest { object } => E::DefaultsRequest { object },
            Self::RemovalRequest { object } => E::RemovalRequest { object },
            Self::RenameRequest { object, name } => {
                E::RenameRequest { object, name: name.into_owned() }
            }
            Self::SettingsRead { object } => E::SettingsRead { object },
            Self::SettingsWrite { object } => E::SettingsWrite { object },
            Self::Committed { object, zone } => E::Committed { object, zone: zone.into_owned() },
            Self::ZoneRemoved { object, zone } => {
                E::ZoneRemoved { object, zone: zone.into_owned() }
            }
            Self::ZoneRenamed { object, zone } => {
                E::ZoneRenamed { object, zone: zone.into_owned() }
            }
            Self::ObjectRead { object } => E::ObjectRead { object },
            Self::NewZoneRequest { zone } => E::NewZoneRequest { zone: zone.into_owned() },
            Self::ZoneListed { zone } => E::ZoneListed { zone: zone.into_owned() },
            Self::ServiceRemovalRequest => E::ServiceRemovalRequest,
            Self::ServiceRemoved { name } => E::ServiceRemoved { name: name.into_owned() },
            Self::ServiceChanged { name } => E::ServiceChanged { name: name.into_owned() },
            Self::Started => E::Started,
            Self::Stopped => E::Stopped,
            Self::ReloadRequest => E::ReloadRequest,
            Self::Reloaded => E::Reloaded,
            Self::Flushed => E::Flushed,
            Self::DefaultZoneRequest { zone } => E::DefaultZoneRequest { zone: zone.into_owned() },
            Self::DefaultZoneLoaded { zone } => E::DefaultZoneLoaded { zone: zone.into_owned() },
            Self::DefaultZoneChanged { zone } => E::DefaultZoneChanged { zone: zone.into_owned() },
            Self::ZoneFile { zone, place } => E::ZoneFile { zone: zone.into_owned(), place },
            Self::ZoneFileBroken { zone } => E::ZoneFileBroken { zone: zone.into_owned() },
            Self::ConfigurationBroken => E::ConfigurationBroken,
            Self::FilesEdited => E::FilesEdited,
            Self::RuntimeToPermanent => E::RuntimeToPermanent,
            Self::ZoneCopied { zone } => E::ZoneCopied { zone: zone.into_owned() },
            Self::ZoneCreated { zone } => E::ZoneCreated { zone: zone.into_owned() },
            Self::ResetToDefaults => E::ResetToDefaults,
            Self::Refused { code, severity } => E::Refused { code: code.into_owned(), severity },
            Self::Traceback { labelled } => E::Traceback { labelled },
            Self::Panic { on } => E::Panic { on },
            Self::PolicyChanged { name, layer } => {
                E::PolicyChanged { name: name.into_owned(), layer }
            }
            Self::PolicyRemoved { name } => E::PolicyRemoved { name: name.into_owned() },
            Self::DirectAdded { rule } => E::DirectAdded { rule: rule.into_owned() },
            Self::DirectRemoved { rule } => E::DirectRemoved { rule: rule.into_owned() },
            Self::DirectChanged => E::DirectChanged,
            Self::TransactionStep => E::TransactionStep,
            Self::PassthroughRequest { rule } => E::PassthroughRequest { rule: rule.into_owned() },
            Self::ReadingCall => E::ReadingCall,
            Self::DaemonCall { reads } => E::DaemonCall { reads },
            Self::Doubtful { event } => E::Doubtful { event: Box::new(event.into_owned()) },
            Self::OtherCall => E::OtherCall,
        }
    }
}
