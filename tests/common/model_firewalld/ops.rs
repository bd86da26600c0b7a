//! What happens to the daemon: operations, and proptest strategies that draw them.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

/// The five kinds that are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Ports,
    SourcePorts,
    Services,
    ForwardPorts,
    Protocols,
}

impl Kind {
    pub const ALL: [Self; 5] =
        [Self::Ports, Self::SourcePorts, Self::Services, Self::ForwardPorts, Self::Protocols];

    pub fn is_range(self) -> bool {
        matches!(self, Self::Ports | Self::SourcePorts)
    }

    /// The word in the calls: `addPort`, `zone.SourcePortAdded`, `setServices`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Ports => "Port",
            Self::SourcePorts => "SourcePort",
            Self::Services => "Service",
            Self::ForwardPorts => "ForwardPort",
            Self::Protocols => "Protocol",
        }
    }
}

/// One item as a client sends it: `[port, protocol]`, `[service]`, `[port, protocol, to port, to
/// address]`, `[protocol]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    pub kind: Kind,
    pub args: Vec<String>,
}

impl Item {
    pub fn new(kind: Kind, args: &[&str]) -> Self {
        Self { kind, args: args.iter().map(|a| (*a).to_owned()).collect() }
    }

    /// The same with the ports of a forward port as numbers.
    pub fn in_numbers(&self) -> Self {
        let mut item = self.clone();
        if let (Kind::ForwardPorts, [port, _, to_port, _]) = (self.kind, item.args.as_mut_slice()) {
            *port = super::ports::in_numbers(port);
            *to_port = super::ports::in_numbers(to_port);
        }
        item
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reload {
    Plain,
    Complete,
    Hangup,
}

/// What becomes of a zone's file that the daemon writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disk {
    Fine,
    /// The old file cannot be kept beside it.
    NoBackup,
    /// Nothing can be written.
    ReadOnly,
}

#[derive(Debug, Clone)]
pub enum Op {
    /// A runtime call; an empty zone stands for the default zone.
    Runtime {
        add: bool,
        zone: String,
        item: Item,
        timeout: u8,
    },
    /// A permanent call, by firewall-cmd or over D-Bus.
    Permanent {
        add: bool,
        zone: String,
        item: Item,
        by_command: bool,
        stray: Option<u8>,
    },
    /// `setPorts` and its like: the list is in the log.
    SetList {
        zone: String,
        items: Vec<Item>,
        kind: Kind,
    },
    /// `update2('...')`: the content is not.
    Update2 {
        zone: String,
        items: Vec<Item>,
        kind: Kind,
    },
    LoadDefaults {
        zone: String,
    },
    /// `setZoneSettings2`: the dictionary is in the signal.
    ZoneSettings {
        zone: String,
        items: Vec<Item>,
        kind: Kind,
    },
    AddZone {
        name: String,
        with: Option<Item>,
    },
    RemoveZone {
        name: String,
    },
    RenameZone {
        from: String,
        to: String,
    },
    SetDefaultZone {
        zone: String,
    },
    Reload(Reload),
    RuntimeToPermanent,
    ResetToDefaults,
    /// The daemon ends, by `stop()` or without a word, and starts again; meanwhile somebody may have
    /// written a zone's file.
    Restart {
        killed: bool,
        after: u8,
        edit: Option<(String, Item)>,
    },
    /// A life without `--debug`, of which only a warning is seen.
    BlindLife {
        zone: String,
        item: Item,
    },
    Panic(bool),
    Lockdown(bool),
    /// A zone's file is written by hand, well formed or not.
    HandEdit {
        zone: String,
        item: Item,
        broken: bool,
    },
    HandDelete {
        zone: String,
    },
    /// The default zone is changed in `firewalld.conf` by hand.
    EditConf {
        zone: String,
    },
    /// What becomes of files that the daemon writes from here on.
    Disk(Disk),
    /// The back end fails from here on, or works again.
    BackEnd {
        fails: bool,
    },
    Wait(u8),
    /// The end of summer time.
    ClockBack,
    /// Calls that only read.
    Reading {
        which: u8,
        zone: String,
    },
    /// Rich rules, services' definitions, policies, interfaces: lines that look like those of
    /// interest.
    LocalPort(u8),
    /// Refused by polkit: no line at all.
    Polkit,
    /// The caller tells what `firewall-cmd --list-all-zones`, with and without `--permanent`, says.
    Tell,
}

fn owned(words: &'static [&'static str]) -> impl Strategy<Value = String> {
    select(words).prop_map(str::to_owned)
}

fn port_text() -> impl Strategy<Value = String> {
    prop_oneof![
        10 => (8080u16..8092).prop_map(|p| p.to_string()),
        8 => (8078u16..8092, 0u16..8).prop_map(|(p, n)| format!("{p}-{}", p + n)),
        3 => owned(&["22", "80", "443", "1-65535", "8000-9000", "5000-5010", "5005"]),
        2 => owned(&["08081", "8090-8085", "8083-", "8084-8084", "0", "http", "ssh"]),
        1 => owned(&["99999", "abc", "", "70000", "-5", "8080-99999"]),
    ]
}

fn port_protocol() -> impl Strategy<Value = String> {
    prop_oneof![12 => Just("tcp".to_owned()), 4 => owned(&["udp", "sctp", "dccp"]), 1 => owned(&["icmp", "foo"])]
}

pub fn item_of(kind: Kind) -> BoxedStrategy<Item> {
    let args = match kind {
        Kind::Ports | Kind::SourcePorts => {
            (port_text(), port_protocol()).prop_map(|(a, b)| vec![a, b]).boxed()
        }
        Kind::Services => {
            prop_oneof![9 => owned(&["http", "ssh", "mdns", "https"]), 1 => owned(&["nosuch"])]
                .prop_map(|s| vec![s])
                .boxed()
        }
        Kind::Protocols => {
            prop_oneof![9 => owned(&["gre", "esp", "icmp", "47"]), 1 => owned(&["nosuchproto"])]
                .prop_map(|s| vec![s])
                .boxed()
        }
        Kind::ForwardPorts => (
            owned(&["22", "8080", "443", "ssh", "08080", "http", "443-450"]),
            owned(&["tcp", "udp"]),
            owned(&["", "80", "8443", "http", "0080"]),
            owned(&["", "192.0.2.9"]),
        )
            .prop_map(|(a, b, c, d)| vec![a, b, c, d])
            .boxed(),
    };
    args.prop_map(move |args| Item { kind, args }).boxed()
}

fn kind() -> impl Strategy<Value = Kind> {
    prop_oneof![6 => Just(Kind::Ports), 4 => select(&Kind::ALL[1..])]
}

fn item() -> impl Strategy<Value = Item> {
    kind().prop_flat_map(item_of)
}

fn items() -> impl Strategy<Value = (Kind, Vec<Item>)> {
    kind().prop_flat_map(|kind| (Just(kind), vec(item_of(kind), 0..4)))
}

fn zone() -> impl Strategy<Value = String> {
    prop_oneof![12 => owned(&["public", "work"]), 3 => owned(&["app", "aaa", "internal"]), 1 => owned(&["nosuch"])]
}

fn zone_or_default() -> impl Strategy<Value = String> {
    prop_oneof![3 => zone(), 1 => Just(String::new())]
}

fn new_zone() -> impl Strategy<Value = String> {
    owned(&["app", "aaa", "zzz", "ppp"])
}

pub fn op() -> impl Strategy<Value = Op> {
    let timeout = prop_oneof![4 => Just(0u8), 1 => 1u8..6];
    prop_oneof![
        30 => (any::<bool>(), zone_or_default(), item(), timeout).prop_map(|(add, zone, item, timeout)| {
            Op::Runtime { add, zone, item, timeout: if add { timeout } else { 0 } }
        }),
        26 => (any::<bool>(), zone_or_default(), item(), any::<bool>(), proptest::option::weighted(0.2, any::<u8>())).prop_map(
            |(add, zone, item, by_command, stray)| Op::Permanent { add, zone, item, by_command, stray }
        ),
        5 => (zone(), items()).prop_map(|(zone, (kind, items))| Op::SetList { zone, items, kind }),
        1 => (zone(), items()).prop_map(|(zone, (kind, items))| Op::Update2 { zone, items, kind }),
        1 => zone().prop_map(|zone| Op::LoadDefaults { zone }),
        3 => (zone(), items()).prop_map(|(zone, (kind, items))| Op::ZoneSettings { zone, items, kind }),
        2 => (new_zone(), proptest::option::of(item())).prop_map(|(name, with)| Op::AddZone { name, with }),
        1 => prop_oneof![new_zone(), zone()].prop_map(|name| Op::RemoveZone { name }),
        1 => (new_zone(), new_zone()).prop_map(|(from, to)| Op::RenameZone { from, to }),
        2 => zone().prop_map(|zone| Op::SetDefaultZone { zone }),
        6 => select(vec![Reload::Plain, Reload::Plain, Reload::Complete, Reload::Hangup]).prop_map(Op::Reload),
        1 => Just(Op::RuntimeToPermanent),
        1 => Just(Op::ResetToDefaults),
        3 => (any::<bool>(), prop_oneof![0u8..4, 4u8..200], proptest::option::of((zone(), item())))
            .prop_map(|(killed, after, edit)| Op::Restart { killed, after, edit }),
        1 => (zone(), item()).prop_map(|(zone, item)| Op::BlindLife { zone, item }),
        1 => any::<bool>().prop_map(Op::Panic),
        1 => any::<bool>().prop_map(Op::Lockdown),
        1 => (zone(), item(), any::<bool>()).prop_map(|(zone, item, broken)| Op::HandEdit { zone, item, broken }),
        1 => zone().prop_map(|zone| Op::HandDelete { zone }),
        1 => zone().prop_map(|zone| Op::EditConf { zone }),
        1 => select(vec![Disk::NoBackup, Disk::ReadOnly]).prop_map(Op::Disk),
        2 => Just(Op::Disk(Disk::Fine)),
        1 => Just(Op::BackEnd { fails: true }),
        2 => Just(Op::BackEnd { fails: false }),
        8 => (1u8..8).prop_map(Op::Wait),
        1 => Just(Op::ClockBack),
        5 => (any::<u8>(), zone()).prop_map(|(which, zone)| Op::Reading { which, zone }),
        3 => any::<u8>().prop_map(Op::LocalPort),
        1 => Just(Op::Polkit),
        4 => Just(Op::Tell),
    ]
}
