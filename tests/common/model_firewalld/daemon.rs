//! The daemon's state: zones in two layers, configuration objects and their numbers, timers, the
//! file watcher.

use super::lines::{LogFile, Version};
use super::ops::{Disk, Item, Kind, Op};
use super::ports::{Cell, PORT_PROTOCOLS, read_port};
use super::{Answer, Layer, View};
use std::collections::{BTreeMap, BTreeSet};

pub const SHIPPED: [&str; 9] =
    ["block", "dmz", "drop", "external", "home", "internal", "public", "trusted", "work"];
pub const SERVICES: [&str; 7] =
    ["http", "https", "mdns", "ssh", "dhcpv6-client", "samba-client", "kube-apiserver"];

/// The cells of a zone, by kind.
#[derive(Debug, Clone, Default)]
pub struct Zone {
    cells: [Cell; 5],
}

impl Zone {
    /// What the package ships for a zone. The log never tells it.
    pub fn shipped(name: &str) -> Self {
        let mut zone = Self::default();
        let services: &[&str] = match name {
            "public" | "work" => &["ssh", "dhcpv6-client"],
            "internal" | "home" => &["ssh", "mdns", "dhcpv6-client"],
            "dmz" | "external" => &["ssh"],
            _ => &[],
        };
        for service in services {
            zone.cell(Kind::Services).exact.insert(vec![(*service).to_owned()]);
        }
        zone
    }

    pub fn cell(&mut self, kind: Kind) -> &mut Cell {
        &mut self.cells[kind as usize]
    }

    pub fn read(&self, kind: Kind) -> &Cell {
        &self.cells[kind as usize]
    }

    /// The zone's file is read: forward ports are numbers, and two spellings of one are one.
    pub fn read_from_file(&mut self) {
        let cell = self.cell(Kind::ForwardPorts);
        cell.exact = std::mem::take(&mut cell.exact)
            .into_iter()
            .map(|args| Item { kind: Kind::ForwardPorts, args }.in_numbers().args)
            .collect();
    }

    pub fn blur(&mut self) {
        for cell in &mut self.cells {
            cell.determined = false;
        }
    }

    pub fn sharpen(&mut self) {
        for cell in &mut self.cells {
            cell.determined = true;
        }
    }
}

/// A configuration object on the bus.
#[derive(Debug, Clone, Copy)]
pub struct Object {
    pub number: usize,
    /// The log has told which zone this number stands for.
    pub told: bool,
}

#[derive(Debug, Clone)]
pub struct Timer {
    pub due: i64,
    pub zone: String,
    pub item: Item,
    /// 2.3.3 and later: the silent removal is still to come; an explicit removal of the same text
    /// takes it back, but not the signal.
    pub removes: bool,
    /// Signals of live and dead timers of one text cannot be told apart.
    pub muddled: bool,
}

/// A change on disk that the daemon has not read.
#[derive(Debug, Clone)]
pub enum OnDisk {
    Written(Zone),
    GrammarError,
    Deleted,
}

/// How the daemon refuses.
#[derive(Debug, Clone)]
pub enum Refusal {
    Warning(String),
    Error(String),
    Bare(String),
    /// The back end failed, whoever asked.
    BackEnd,
}

#[derive(Debug, Clone)]
pub struct Daemon {
    pub log: LogFile,
    /// Seconds since the daemon's world began; never goes back.
    pub now: i64,
    pub runtime: BTreeMap<String, Zone>,
    pub permanent: BTreeMap<String, Zone>,
    pub objects: BTreeMap<String, Object>,
    pub next_number: usize,
    pub default_zone: String,
    pub default_told: bool,
    pub timers: Vec<Timer>,
    pub watched: BTreeMap<String, i64>,
    pub local_files: BTreeSet<String>,
    pub on_disk: BTreeMap<String, OnDisk>,
    pub panic: bool,
    pub lockdown: bool,
    /// A reload died half way: the runtime is gone until the next load.
    pub crashed: bool,
    /// It died of a timer that is alive still, so that each reload dies.
    pub stuck: bool,
    /// The daemon's permanent view was emptied by the load that died.
    pub emptied: bool,
    /// The default zone in `firewalld.conf`.
    pub conf_zone: String,
    /// An edit was announced, and nothing was loaded since.
    pub edited: bool,
    /// A write that failed has left the file watcher off (2.3.3 and later).
    pub unwatched: bool,
    pub disk: Disk,
    pub backend_fails: bool,
    /// The time in the log of the back end's last failure.
    pub failed_at: Option<i64>,
    /// The time in the log at which the disk was read last, unless the caller has told the state
    /// since.
    pub loaded: Option<i64>,
    /// The caller vouches for it that files are kept while the daemon is away, and so they are.
    pub files_kept: bool,
    /// When the clock was last set.
    pub clock_set_at: i64,
}

impl Daemon {
    pub fn new(version: Version, chatty: bool) -> Self {
        let zones: BTreeMap<_, _> =
            SHIPPED.iter().map(|name| ((*name).to_owned(), Zone::shipped(name))).collect();
        let objects = zones
            .keys()
            .enumerate()
            .map(|(number, name)| (name.clone(), Object { number, told: true }))
            .collect();
        Self {
            log: LogFile::new(version, chatty),
            now: 0,
            runtime: zones.clone(),
            permanent: zones,
            objects,
            next_number: SHIPPED.len(),
            default_zone: "public".to_owned(),
            default_told: false,
            timers: Vec::new(),
            watched: BTreeMap::new(),
            local_files: BTreeSet::new(),
            on_disk: BTreeMap::new(),
            panic: false,
            lockdown: false,
            crashed: false,
            stuck: false,
            emptied: false,
            conf_zone: "public".to_owned(),
            edited: false,
            unwatched: false,
            disk: Disk::Fine,
            backend_fails: false,
            failed_at: None,
            loaded: None,
            files_kept: false,
            clock_set_at: -100,
        }
    }

    pub fn forget_numbers(&mut self) {
        self.objects.values_mut().for_each(|object| object.told = false);
    }

    /// The caller has told everything.
    pub fn tell(&mut self) {
        self.loaded = None;
        self.runtime.values_mut().chain(self.permanent.values_mut()).for_each(Zone::sharpen);
        if self.crashed {
            self.runtime.values_mut().for_each(Zone::blur);
        }
        self.default_told = true;
    }

    pub fn view(&self) -> View {
        let mut cells = BTreeMap::new();
        for (layer, zones) in [(Layer::Runtime, &self.runtime), (Layer::Permanent, &self.permanent)]
        {
            for (name, zone) in zones {
                for kind in Kind::ALL {
                    let cell = zone.read(kind);
                    cells.insert(
                        (name.clone(), layer, kind),
                        Answer { truth: cell.listed(), determined: cell.determined },
                    );
                }
            }
        }
        let default_zone =
            Answer { truth: self.default_zone.clone(), determined: self.default_told };
        View { runtime_answers: !self.crashed, default_zone, cells }
    }

    pub fn resolve(&self, zone: &str) -> String {
        if zone.is_empty() { self.default_zone.clone() } else { zone.to_owned() }
    }

    pub fn number(&self, zone: &str) -> usize {
        self.objects.get(zone).map_or(0, |object| object.number)
    }

    /// `config.zone.N.Updated('Z')`, by which the log tells what N stands for.
    pub fn updated(&mut self, zone: &str) {
        let number = self.number(zone);
        self.log.debug1(&format!("config.zone.{number}.Updated('{zone}')"));
        if let Some(object) = self.objects.get_mut(zone) {
            object.told = !self.log.mute;
        }
    }

    /// The daemon writes a zone's file: what stood there is gone, and the watcher will see it five
    /// seconds later.
    pub fn wrote_file(&mut self, zone: &str) {
        self.on_disk.remove(zone);
        self.local_files.insert(zone.to_owned());
        if !self.log.version.announces_edits() {
            self.watched.insert(zone.to_owned(), self.now + 5);
        }
    }

    /// Lets time pass, second by second, with the timers and watchers that fall due.
    pub fn pass(&mut self, seconds: i64) {
        for _ in 0..seconds {
            self.now += 1;
            self.log.clock += 1;
            self.fire_timers();
            let due: Vec<_> = self
                .watched
                .iter()
                .filter(|(_, due)| **due <= self.now)
                .map(|(zone, _)| zone.clone())
                .collect();
            for zone in due {
                let written = self.watched.remove(&zone).unwrap_or_default() - 5;
                if self.clock_set_at >= written {
                    // By the stamps this may be another write than the daemon's own.
                    self.permanent.get_mut(&zone).into_iter().for_each(Zone::blur);
                    self.runtime.get_mut(&zone).into_iter().for_each(Zone::blur);
                }
                if self.permanent.contains_key(&zone) && !self.on_disk.contains_key(&zone) {
                    self.log
                        .debug1(&format!("Loading zone file '/etc/firewalld/zones/{zone}.xml'"));
                    self.updated(&zone);
                    self.permanent.get_mut(&zone).into_iter().for_each(Zone::read_from_file);
                }
            }
        }
    }

    /// The back end fails, whoever asked.
    fn backend_failed(&mut self) {
        self.log.transaction_failed();
        self.failed_at = Some(self.log.clock);
    }

    /// A change of the runtime layer, which the back end has to take over.
    pub fn change_runtime(&mut self, add: bool, zone: &str, item: &Item) -> Result<(), Refusal> {
        let before = self.runtime.get(zone).map(|content| content.read(item.kind).clone());
        self.change(Layer::Runtime, add, zone, item)?;
        if self.backend_fails {
            if let (Some(content), Some(before)) = (self.runtime.get_mut(zone), before) {
                *content.cell(item.kind) = before;
            }
            return Err(Refusal::BackEnd);
        }
        Ok(())
    }

    fn fire_timers(&mut self) {
        while let Some(at) = self.timers.iter().position(|timer| timer.due <= self.now) {
            let timer = self.timers.remove(at);
            if self.log.version.silent_timers() {
                self.fire_silently(&timer);
            } else {
                self.fire_loudly(&timer);
            }
        }
    }

    /// Before 2.3.3: the removal is a call like any other, and prints so; that of a forward port
    /// prints its signal only.
    fn fire_loudly(&mut self, timer: &Timer) {
        let Timer { zone, item, .. } = timer;
        if item.kind != Kind::ForwardPorts {
            self.log.debug1(&format!(
                "zone.disableTimed{}('{zone}', {})",
                item.kind.word(),
                quoted(&item.args)
            ));
        }
        match self.change_runtime(false, zone, item) {
            Ok(()) => {
                self.log.transaction(false);
                self.signal_removed(zone, item);
                if item.kind == Kind::ForwardPorts {
                    self.doubt_after_failure(zone, item.kind);
                }
            }
            Err(refusal) => self.refuse(refusal),
        }
    }

    /// By the stamps the back end's last failure may have been the removal behind a signal that has
    /// no request.
    fn doubt_after_failure(&mut self, zone: &str, kind: Kind) {
        if self.failed_at.is_some_and(|failed| self.log.clock - failed <= 2)
            && let Some(zone) = self.runtime.get_mut(zone)
        {
            zone.cell(kind).determined = false;
        }
    }

    /// From 2.3.3 on: the removal prints nothing, whether it works or not, and the signal comes in
    /// any case.
    fn fire_silently(&mut self, timer: &Timer) {
        let Timer { zone, item, removes, muddled, .. } = timer;
        let others = self.timers.iter().filter(|t| t.zone == *zone && t.item == *item);
        let mixed = *muddled || others.clone().any(|t| t.removes != *removes);
        if *removes && !self.crashed {
            match self.change_runtime(false, zone, item) {
                Ok(()) => self.log.transaction(false),
                Err(Refusal::BackEnd) => self.backend_failed(),
                Err(_) => {}
            }
            self.doubt_after_failure(zone, item.kind);
        }
        if mixed {
            self.timers
                .iter_mut()
                .filter(|t| t.zone == *zone && t.item == *item)
                .for_each(|t| t.muddled = true);
            if let Some(zone) = self.runtime.get_mut(zone) {
                zone.cell(item.kind).determined = false;
            }
        }
        self.signal_removed(zone, item);
    }

    pub fn signal_removed(&mut self, zone: &str, item: &Item) {
        self.log.debug1(&format!(
            "zone.{}Removed('{zone}', {})",
            item.kind.word(),
            quoted(&item.args)
        ));
    }

    pub fn refuse(&mut self, refusal: Refusal) {
        match refusal {
            Refusal::Warning(text) => self.log.warning(&text),
            Refusal::Error(text) => self.log.refusal(&text),
            Refusal::Bare(text) => self.log.bare_traceback(&text),
            Refusal::BackEnd => {
                self.backend_failed();
                self.log.refusal("COMMAND_FAILED: 'python-nftables' failed: injected failure");
            }
        }
    }

    /// Adds an item to a zone or removes it, by the daemon's rules.
    pub fn change(
        &mut self,
        layer: Layer,
        add: bool,
        zone: &str,
        item: &Item,
    ) -> Result<(), Refusal> {
        let zones = match layer {
            Layer::Runtime if self.crashed => {
                return Err(Refusal::Error(format!("INVALID_ZONE: {zone}")));
            }
            Layer::Runtime => &mut self.runtime,
            Layer::Permanent => &mut self.permanent,
        };
        let Some(content) = zones.get_mut(zone) else {
            return Err(Refusal::Error(format!("INVALID_ZONE: {zone}")));
        };
        let cell = content.cell(item.kind);
        let id = item.args.join(":");
        let warning = |code: &str| match (layer, code) {
            (Layer::Runtime, "ALREADY_ENABLED") => {
                Refusal::Warning(format!("ALREADY_ENABLED: '{id}' already in '{zone}'"))
            }
            (Layer::Runtime, code) => Refusal::Warning(format!("{code}: '{id}' not in '{zone}'")),
            (Layer::Permanent, code) => Refusal::Warning(format!("{code}: {id}")),
        };
        if !item.kind.is_range() {
            check_exact(layer, zone, item, add)?;
            let done = if add {
                cell.exact.insert(item.args.clone())
            } else {
                cell.exact.remove(&item.args)
            };
            return if done {
                Ok(())
            } else {
                Err(warning(if add { "ALREADY_ENABLED" } else { "NOT_ENABLED" }))
            };
        }
        let (text, protocol) = (item.args[0].as_str(), item.args[1].as_str());
        let Some(reading) = read_port(text) else {
            return Err(match (cell.has_protocol(protocol), add) {
                (true, _) => {
                    Refusal::Bare("TypeError: object of type 'int' has no len()".to_owned())
                }
                (false, true) => Refusal::Error(format!("INVALID_PORT: {text}")),
                (false, false) => warning("NOT_ENABLED"),
            });
        };
        let held = cell.holds(reading.low, reading.high, protocol);
        if add == held {
            return Err(warning(if add { "ALREADY_ENABLED" } else { "NOT_ENABLED" }));
        }
        if add && !PORT_PROTOCOLS.contains(&protocol) {
            return Err(Refusal::Error(format!(
                "INVALID_PROTOCOL: '{protocol}' not in {{'tcp'|'udp'|'sctp'|'dccp'}}"
            )));
        }
        if add {
            cell.join(reading.low, reading.high, protocol);
        } else {
            cell.cut(reading.low, reading.high, protocol);
        }
        cell.determined &= !reading.named && reading.low > 0;
        Ok(())
    }

    /// Does an item pass the check of a whole zone's settings?
    pub fn acceptable(item: &Item) -> Result<(), String> {
        if item.kind.is_range() {
            let text = &item.args[0];
            read_port(text)
                .ok_or_else(|| format!("INVALID_PORT: port number in '{text}' is too big"))?;
            let protocol = &item.args[1];
            if !PORT_PROTOCOLS.contains(&protocol.as_str()) {
                return Err(format!(
                    "INVALID_PROTOCOL: '{protocol}' not from {{'tcp'|'udp'|'sctp'|'dccp'}}"
                ));
            }
            return Ok(());
        }
        match check_exact(Layer::Permanent, "public", item, true) {
            Err(Refusal::Error(text)) => Err(text),
            _ => Ok(()),
        }
    }

    /// A cell with exactly these items, as set at once; ranges are kept as they were sent.
    pub fn filled(items: &[Item]) -> Cell {
        let mut cell = Cell { determined: true, ..Cell::default() };
        for item in items {
            if let (true, Some(reading)) = (item.kind.is_range(), read_port(&item.args[0])) {
                let range = (item.args[1].clone(), reading.low, reading.high);
                if !cell.ranges.contains(&range) {
                    cell.ranges.push(range);
                }
                cell.determined &= !reading.named && reading.low > 0;
            } else {
                cell.exact.insert(item.args.clone());
            }
        }
        cell
    }

    pub fn perform(&mut self, op: &Op) {
        match op {
            Op::Runtime { add, zone, item, timeout } => {
                self.runtime_call(*add, zone, item, *timeout)
            }
            Op::Permanent { add, zone, item, by_command, stray } => {
                self.permanent_call(*add, zone, item, *by_command, *stray)
            }
            Op::SetList { zone, items, kind } => self.set_list(zone, items, *kind),
            Op::Update2 { zone, items, kind } => self.update2(zone, items, *kind),
            Op::LoadDefaults { zone } => self.load_defaults(zone),
            Op::ZoneSettings { zone, items, kind } => self.zone_settings(zone, items, *kind),
            Op::AddZone { name, with } => self.add_zone(name, with.as_ref()),
            Op::RemoveZone { name } => self.remove_zone(name),
            Op::RenameZone { from, to } => self.rename_zone(from, to),
            Op::SetDefaultZone { zone } => self.set_default_zone(zone),
            Op::Reload(how) => self.reload(*how),
            Op::RuntimeToPermanent => self.runtime_to_permanent(),
            Op::ResetToDefaults => self.reset_to_defaults(),
            Op::Restart { killed, after, edit } => {
                self.restart(*killed, i64::from(*after), edit.as_ref())
            }
            Op::BlindLife { zone, item } => self.blind_life(zone, item),
            Op::Panic(on) => self.set_panic(*on),
            Op::Lockdown(on) => self.set_lockdown(*on),
            Op::HandEdit { zone, item, broken } => self.hand_edit(zone, item, *broken),
            Op::HandDelete { zone } => self.hand_delete(zone),
            Op::EditConf { zone } => self.edit_conf(zone),
            Op::Disk(disk) => self.disk = *disk,
            Op::BackEnd { fails } => self.backend_fails = *fails,
            Op::Wait(seconds) => self.pass(i64::from(*seconds)),
            // Several steps back in a row would be a log that was printed newest first.
            Op::ClockBack if self.clock_set_at >= 0 => {}
            Op::ClockBack => {
                self.log.clock -= 3600;
                self.clock_set_at = self.now;
            }
            Op::Reading { which, zone } => self.log.reading(*which, zone, self.number(zone)),
            Op::LocalPort(which) => self.local_port(*which),
            Op::Polkit | Op::Tell => {}
        }
    }
}

fn check_exact(layer: Layer, zone: &str, item: &Item, add: bool) -> Result<(), Refusal> {
    let name = &item.args[0];
    let problem = match item.kind {
        Kind::Services if !SERVICES.contains(&name.as_str()) => Some(match layer {
            Layer::Runtime => format!("INVALID_SERVICE: {name}"),
            Layer::Permanent => {
                format!("INVALID_SERVICE: Zone '{zone}': '{name}' not among existing services")
            }
        }),
        Kind::Protocols if name == "nosuchproto" => Some(format!("INVALID_PROTOCOL: {name}")),
        Kind::ForwardPorts if item.args[2].is_empty() && item.args[3].is_empty() => {
            Some("INVALID_FORWARD: port-forwarding is missing to-port AND to-addr".to_owned())
        }
        _ => None,
    };
    match problem {
        Some(text) if add || (layer == Layer::Runtime && item.kind == Kind::Services) => {
            Err(Refusal::Error(text))
        }
        _ => Ok(()),
    }
}

/// Arguments as `'%s', '%s'` writes them: never escaped.
pub fn quoted(args: &[String]) -> String {
    args.iter().map(|arg| format!("'{arg}'")).collect::<Vec<_>>().join(", ")
}
