//! From records to events.

use super::{Edit, Event, Item, Kind, Layer, Place, Severity};
use crate::record::firewalld::{Call, Label, Record, Setting};
use crate::text::Text;
use alloc::boxed::Box;
use alloc::vec::Vec;

impl<'r> Event<'r> {
    /// What a record says; `None` for what has no bearing on what is open.
    #[must_use]
    pub fn of(record: &'r Record<'_>) -> Option<Self> {
        let event = Self::of_whole(record)?;
        let says = !matches!(event, Self::OtherCall | Self::ReadingCall | Self::DaemonCall { .. });
        Some(if record.is_doubtful() && says {
            Self::Doubtful { event: Box::new(event) }
        } else {
            event
        })
    }

    fn of_whole(record: &'r Record<'_>) -> Option<Self> {
        let message = record.message();
        if message.starts_with(b"Traceback (most recent call last):") {
            return Some(Self::Traceback { labelled: record.label() != Label::Bare });
        }
        match record.label() {
            Label::Debug(1) => match record.call() {
                Some(call) => of_call(&call),
                None => of_message(message),
            },
            Label::Debug(4) if message.starts_with(b"<class 'firewall.core.fw_transaction.") => {
                Some(Self::TransactionStep)
            }
            Label::Warning => of_error(message, Severity::Warning),
            Label::Error | Label::FatalError => of_error(message, Severity::Error),
            Label::Bare if message == FILES_EDITED => Some(Self::FilesEdited),
            _ => None,
        }
    }
}

/// Printed without a label by the file watcher of 2.3.3, 2.3.4, and since 2.4.1.
const FILES_EDITED: &[u8] =
    b"Detected permanent (on-disk) configuration change out-of-band of firewalld!";

fn text(bytes: &[u8]) -> Text<'_> {
    Text::borrowed(bytes)
}

/// The text between the quotes behind `before`.
fn named<'r>(message: &'r [u8], before: &[u8]) -> Option<Text<'r>> {
    let rest = message.strip_prefix(before)?.strip_prefix(b"'")?;
    rest.get(..memchr::memchr(b'\'', rest)?).map(Text::borrowed)
}

fn of_message(message: &[u8]) -> Option<Event<'_>> {
    if message == b"Flushing rule set" || message.starts_with(b"Setting policy to 'DROP'") {
        return Some(Event::Flushed);
    }
    if let Some(path) = named(message, b"Loading zone file ") {
        let place = if memchr::memmem::find(path.as_bytes(), b"/etc/").is_some() {
            Place::Local
        } else {
            Place::Shipped
        };
        return Some(Event::ZoneFile { zone: zone_of_file(path)?, place });
    }
    named(message, b"Using default zone ")
        .map(|zone| Event::DefaultZoneLoaded { zone })
        .or_else(|| named(message, b"Copying zone ").map(|zone| Event::ZoneCopied { zone }))
        .or_else(|| named(message, b"Creating zone ").map(|zone| Event::ZoneCreated { zone }))
}

/// `public` for `/etc/firewalld/zones/public.xml`. A zone of several files lies in a folder of its
/// name.
fn zone_of_file(path: Text<'_>) -> Option<Text<'_>> {
    let bytes = match path.into_cow() {
        alloc::borrow::Cow::Borrowed(bytes) => bytes,
        alloc::borrow::Cow::Owned(_) => return None,
    };
    let below = memchr::memmem::find(bytes, b"/zones/")
        .and_then(|at| bytes.get(at.saturating_add(7)..))
        .unwrap_or(bytes);
    let name = match memchr::memchr(b'/', below) {
        Some(slash) => below.get(..slash)?,
        None => below.strip_suffix(b".xml").unwrap_or(below),
    };
    Some(text(name))
}

fn of_error(message: &[u8], severity: Severity) -> Option<Event<'_>> {
    // Printed on each permitted change while lockdown is on (1.x); the change goes through.
    if message == b"Lockdown not possible, sender not set." {
        return None;
    }
    if let Some(zone) = named(message, b"Failed to load zone file ").and_then(zone_of_file) {
        return Some(Event::ZoneFileBroken { zone });
    }
    if let Some(zone) = default_zone_instead(message) {
        return Some(Event::DefaultZoneLoaded { zone });
    }
    if message.starts_with(b"Failed to load user configuration")
        || message.starts_with(b"Failed to load full configuration")
    {
        return Some(Event::ConfigurationBroken);
    }
    let code = memchr::memchr(b':', message).and_then(|at| message.get(..at)).unwrap_or(message);
    let is_code = !code.is_empty()
        && code.iter().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || *b == b'_');
    Some(Event::Refused { code: if is_code { text(code) } else { Text::default() }, severity })
}

/// The zone that a load takes for one that does not exist: `Default zone 'nosuch' is not valid.
/// Using 'public'.` (0.9 to 2.5)
fn default_zone_instead(message: &[u8]) -> Option<Text<'_>> {
    let rest = message.strip_prefix(b"Default zone '")?.strip_suffix(b"'.")?;
    let between = b"' is not valid. Using '";
    let at = memchr::memmem::rfind(rest, between)?;
    rest.get(at.saturating_add(between.len())..).map(Text::borrowed)
}

/// True for the methods that change nothing.
fn only_reads(method: &[u8]) -> bool {
    let verbs: [&[u8]; 6] = [b"get", b"Get", b"query", b"list", b"is", b"Introspect"];
    verbs.iter().any(|verb| method.starts_with(verb))
}

/// True for a command of iptables that shows rules, or looks for one, and changes none.
fn only_lists(arguments: &[u8]) -> bool {
    let options: [&[u8]; 6] =
        [b"'-L'", b"'--list'", b"'-S'", b"'--list-rules'", b"'-C'", b"'--check'"];
    options.iter().any(|option| memchr::memmem::find(arguments, option).is_some())
}

fn of_call<'r>(call: &Call<'r>) -> Option<Event<'r>> {
    Some(match of_any_call(call)? {
        Event::OtherCall if only_reads(call.method()) => Event::ReadingCall,
        event => event,
    })
}

fn of_any_call<'r>(call: &Call<'r>) -> Option<Event<'r>> {
    Some(match (call.path(), call.object()) {
        (b"zone", None) => of_zone(call).unwrap_or(Event::OtherCall),
        (b"config.zone", Some(object)) => of_object(call, object)?,
        (b"config", None) => match (call.method(), call.argument(0)) {
            (b"addZone", Some(zone)) => Event::NewZoneRequest { zone: text(zone) },
            (b"ZoneAdded", Some(zone)) => Event::ZoneListed { zone: text(zone) },
            // Read in the midst of a change of interfaces or sources.
            (b"getZoneOfInterface" | b"getZoneOfSource", _) => return None,
            // The objects of other kinds are announced between the zones'; reads of names go before
            // every change.
            _ => Event::OtherCall,
        },
        // Read for each object when a service is removed.
        (b"config.service" | b"config.policy", Some(_)) if call.method() == b"getSettings" => {
            return None;
        }
        (b"config.service", Some(_)) => match (call.method(), call.argument(0)) {
            (b"removeService", _) => Event::ServiceRemovalRequest,
            (b"Removed", Some(name)) => Event::ServiceRemoved { name: text(name) },
            (b"Updated", Some(name)) => Event::ServiceChanged { name: text(name) },
            _ => Event::OtherCall,
        },
        (b"config.policy", Some(_)) => match (call.method(), call.argument(0)) {
            (b"Updated", Some(name)) => {
                Event::PolicyChanged { name: text(name), layer: Layer::Permanent }
            }
            (b"Removed", Some(name)) => Event::PolicyRemoved { name: text(name) },
            _ => Event::OtherCall,
        },
        (b"policy", None) => match (call.method(), call.argument(0)) {
            (b"PolicyUpdated", Some(name)) => {
                Event::PolicyChanged { name: text(name), layer: Layer::Runtime }
            }
            _ => Event::OtherCall,
        },
        (b"direct", None) => match call.method() {
            b"RuleAdded" | b"PassthroughAdded" => {
                Event::DirectAdded { rule: text(call.raw_arguments()) }
            }
            b"RuleRemoved" | b"PassthroughRemoved" => {
                Event::DirectRemoved { rule: text(call.raw_arguments()) }
            }
            b"passthrough" if only_lists(call.raw_arguments()) => Event::ReadingCall,
            b"passthrough" => Event::PassthroughRequest { rule: text(call.raw_arguments()) },
            _ => Event::OtherCall,
        },
        (b"config.direct", None) => match call.method() {
            b"Updated" => Event::DirectChanged,
            _ => Event::OtherCall,
        },
        (b"firewalld", None) if call.method() == b"reset_to_defaults" => Event::ResetToDefaults,
        (b"", None) => of_daemon(call),
        _ => Event::OtherCall,
    })
}

fn of_daemon<'r>(call: &Call<'r>) -> Event<'r> {
    match (call.method(), call.argument(0)) {
        (b"start", _) => Event::Started,
        (b"stop", _) => Event::Stopped,
        (b"reload" | b"completeReload", _) => Event::ReloadRequest,
        (b"Reloaded", _) => Event::Reloaded,
        (b"copyRuntimeToPermanent", _) => Event::RuntimeToPermanent,
        (b"PanicModeEnabled", _) => Event::Panic { on: true },
        (b"PanicModeDisabled", _) => Event::Panic { on: false },
        (b"setDefaultZone", Some(zone)) => Event::DefaultZoneRequest { zone: text(zone) },
        (b"DefaultZoneChanged", Some(zone)) => Event::DefaultZoneChanged { zone: text(zone) },
        (b"setZoneSettings2", Some(zone)) => Event::SettingsRequest { zone: text(zone) },
        (method, _) if call.raw_arguments().is_empty() => {
            Event::DaemonCall { reads: only_reads(method) }
        }
        _ => Event::OtherCall,
    }
}

/// What a method of the runtime layer does.
enum Verb {
    Add,
    Remove,
    Expire,
    Added,
    Removed,
}

/// Method and kind of a runtime call. Protocols are asked for by `enableProtocol` to this day,
/// ports were by `enablePort` before 0.4.2.
fn verb(method: &[u8]) -> Option<(Verb, Kind)> {
    let kind = |noun: &[u8]| {
        Some(match noun {
            b"Port" => Kind::Ports,
            b"SourcePort" => Kind::SourcePorts,
            b"Service" => Kind::Services,
            b"ForwardPort" => Kind::ForwardPorts,
            b"Protocol" => Kind::Protocols,
            b"RichRule" => Kind::RichRules,
            b"Masquerade" => Kind::Masquerade,
            b"Interface" => Kind::Interfaces,
            b"Source" => Kind::Sources,
            _ => return None,
        })
    };
    let verbs: [(&[u8], Verb); 5] = [
        (b"disableTimed", Verb::Expire),
        (b"add", Verb::Add),
        (b"enable", Verb::Add),
        (b"remove", Verb::Remove),
        (b"disable", Verb::Remove),
    ];
    for (prefix, verb) in verbs {
        if let Some(noun) = method.strip_prefix(prefix) {
            return Some((verb, kind(noun)?));
        }
    }
    match method {
        b"changeZoneOfInterface" => return Some((Verb::Add, Kind::Interfaces)),
        b"changeZoneOfSource" => return Some((Verb::Add, Kind::Sources)),
        b"ZoneOfInterfaceChanged" => return Some((Verb::Added, Kind::Interfaces)),
        b"ZoneOfSourceChanged" => return Some((Verb::Added, Kind::Sources)),
        _ => {}
    }
    if let Some(noun) = method.strip_suffix(b"Added") {
        return Some((Verb::Added, kind(noun)?));
    }
    Some((Verb::Removed, kind(method.strip_suffix(b"Removed")?)?))
}

fn of_zone<'r>(call: &Call<'r>) -> Option<Event<'r>> {
    let arguments = call.arguments();
    let (&zone, rest) = arguments.split_first()?;
    let zone = text(zone);
    if call.method() == b"ZoneUpdated" {
        return Some(Event::SettingsChanged { zone, settings: settings(call) });
    }
    let (verb, kind) = verb(call.method())?;
    let item = item(kind, rest)?;
    Some(match verb {
        Verb::Add => Event::RuntimeRequest { zone, edit: Edit::Add { item } },
        Verb::Remove => Event::RuntimeRequest { zone, edit: Edit::Remove { item } },
        Verb::Expire => Event::TimerRequest { zone, item },
        Verb::Removed => Event::Removed { zone, item },
        Verb::Added => {
            let seconds =
                rest.last().and_then(|last| core::str::from_utf8(last).ok()).unwrap_or_default();
            // Interfaces and sources have no timer, so theirs is no number and stands for none.
            let timed = !matches!(kind, Kind::Interfaces | Kind::Sources);
            Event::Added {
                zone,
                item,
                timeout: if timed { seconds.parse().unwrap_or(u32::MAX) } else { 0 },
            }
        }
    })
}

/// An item out of the arguments behind the zone.
fn item<'r>(kind: Kind, fields: &[&'r [u8]]) -> Option<Item<'r>> {
    let field = |place: usize| fields.get(place).map(|field| text(field));
    Some(match kind {
        Kind::Ports => Item::Port { port: field(0)?, protocol: field(1)? },
        Kind::SourcePorts => Item::SourcePort { port: field(0)?, protocol: field(1)? },
        Kind::Services => Item::Service { name: field(0)? },
        Kind::ForwardPorts => Item::ForwardPort {
            port: field(0)?,
            protocol: field(1)?,
            to_port: field(2)?,
            to_address: field(3)?,
        },
        Kind::Protocols => Item::Protocol { name: field(0)? },
        Kind::RichRules => Item::RichRule { rule: field(0)? },
        Kind::Interfaces => Item::Interface { name: field(0)? },
        Kind::Sources => Item::Source { address: field(0)? },
        Kind::Masquerade => Item::Masquerade,
        Kind::Target => Item::Target { target: field(0)? },
    })
}

/// The lists that a printed dictionary names; `None` if any of them cannot be read.
fn settings<'r>(call: &Call<'r>) -> Option<Vec<(Kind, Vec<Item<'r>>)>> {
    let mut out = Vec::new();
    for (name, value) in call.settings()? {
        let Some(kind) =
            Kind::ALL.into_iter().find(|kind| setting_name(*kind).as_bytes() == name.as_bytes())
        else {
            continue;
        };
        let items = match (kind, value) {
            (Kind::Masquerade, Setting::Flag(on)) => {
                on.then_some(Item::Masquerade).into_iter().collect()
            }
            (Kind::Target, Setting::Text(target)) => Vec::from([Item::Target { target }]),
            (_, Setting::List(list)) => {
                list.into_iter().map(|fields| owned_item(kind, fields)).collect::<Option<_>>()?
            }
            _ => return None,
        };
        out.push((kind, items));
    }
    Some(out)
}

const fn setting_name(kind: Kind) -> &'static str {
    match kind {
        Kind::RichRules => "rules_str",
        other => other.as_str(),
    }
}

/// An item out of the fields of a list in a dictionary.
fn owned_item<'r>(kind: Kind, fields: Vec<Text<'r>>) -> Option<Item<'r>> {
    let mut fields = fields.into_iter();
    let mut field = || fields.next();
    let item = match kind {
        Kind::Ports => Item::Port { port: field()?, protocol: field()? },
        Kind::SourcePorts => Item::SourcePort { port: field()?, protocol: field()? },
        Kind::Services => Item::Service { name: field()? },
        Kind::ForwardPorts => Item::ForwardPort {
            port: field()?,
            protocol: field()?,
            to_port: field()?,
            to_address: field()?,
        },
        Kind::Protocols => Item::Protocol { name: field()? },
        Kind::RichRules => Item::RichRule { rule: field()? },
        Kind::Interfaces => Item::Interface { name: field()? },
        Kind::Sources => Item::Source { address: field()? },
        Kind::Masquerade | Kind::Target => return None,
    };
    field().is_none().then_some(item)
}

fn of_object<'r>(call: &Call<'r>, object: u32) -> Option<Event<'r>> {
    let first = call.argument(0);
    let arguments = call.arguments();
    let edit = |edit| Event::PermanentRequest { object, edit };
    Some(match (call.method(), first) {
        (b"getSettings", _) => Event::SettingsRead { object },
        // A client's own reads: nothing changes by them, and they are part of no change.
        (b"update", _) => Event::SettingsWrite { object },
        (b"update2", _) => Event::OpaqueRequest { object, kind: None },
        (b"loadDefaults", _) => Event::DefaultsRequest { object },
        (b"removeZone", _) => Event::RemovalRequest { object },
        (b"rename", Some(name)) => Event::RenameRequest { object, name: text(name) },
        (b"Updated", Some(zone)) => Event::Committed { object, zone: text(zone) },
        (b"Removed", Some(zone)) => Event::ZoneRemoved { object, zone: text(zone) },
        (b"Renamed", Some(zone)) => Event::ZoneRenamed { object, zone: text(zone) },
        (b"GetAll", _) => Event::ObjectRead { object },
        (b"Introspect", _) => return None,
        (b"setTarget", Some(target)) => edit(Edit::Replace {
            kind: Kind::Target,
            items: Vec::from([Item::Target { target: text(target) }]),
        }),
        (b"setPorts", _) => replaced(call, object, Kind::Ports, Some(2)),
        (b"setSourcePorts", _) => replaced(call, object, Kind::SourcePorts, Some(2)),
        (b"setForwardPorts", _) => replaced(call, object, Kind::ForwardPorts, Some(4)),
        (b"setServices", _) => replaced(call, object, Kind::Services, None),
        (b"setProtocols", _) => replaced(call, object, Kind::Protocols, None),
        (b"setRichRules", _) => Event::OpaqueRequest { object, kind: Some(Kind::RichRules) },
        (b"setInterfaces", _) => Event::OpaqueRequest { object, kind: Some(Kind::Interfaces) },
        (b"setSources", _) => Event::OpaqueRequest { object, kind: Some(Kind::Sources) },
        (b"setMasquerade", _) => Event::OpaqueRequest { object, kind: Some(Kind::Masquerade) },
        (method, _) => match verb(method) {
            Some((Verb::Add, kind)) => match item(kind, arguments) {
                Some(item) => edit(Edit::Add { item }),
                None => Event::OpaqueRequest { object, kind: Some(kind) },
            },
            Some((Verb::Remove, kind)) => match item(kind, arguments) {
                Some(item) => edit(Edit::Remove { item }),
                None => Event::OpaqueRequest { object, kind: Some(kind) },
            },
            _ if method.starts_with(b"set")
                || method.starts_with(b"add")
                || method.starts_with(b"remove") =>
            {
                // Descriptions, ICMP blocks and the like: the object is written, and none of the
                // lists changes.
                Event::UnrelatedRequest { object }
            }
            _ => Event::OtherCall,
        },
    })
}

/// A list that is replaced as a whole; opaque if it cannot be read.
fn replaced<'r>(call: &Call<'r>, object: u32, kind: Kind, fields: Option<usize>) -> Event<'r> {
    let items: Option<Vec<Item<'r>>> = match fields {
        Some(count) => call.tuples().and_then(|tuples| {
            tuples
                .iter()
                .map(|tuple| if tuple.len() == count { item(kind, tuple) } else { None })
                .collect()
        }),
        None => {
            call.names().and_then(|names| names.iter().map(|name| item(kind, &[name])).collect())
        }
    };
    match items {
        Some(items) => Event::PermanentRequest { object, edit: Edit::Replace { kind, items } },
        None => Event::OpaqueRequest { object, kind: Some(kind) },
    }
}
