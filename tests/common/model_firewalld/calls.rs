//! Calls that concern one zone: requests, their answers and the lines between.

use super::Layer;
use super::daemon::{Daemon, Object, OnDisk, Refusal, Timer, Zone, quoted};
use super::lines::Version;
use super::ops::{Disk, Item, Kind};

impl Daemon {
    /// `zone.addPort` and its like.
    pub fn runtime_call(&mut self, add: bool, zone: &str, item: &Item, timeout: u8) {
        let item = &item.in_numbers();
        let resolved = self.resolve(zone);
        let same = |t: &Timer| t.zone == resolved && t.item == *item && t.removes;
        if timeout > 0 && self.timers.iter().any(same) {
            return; // two live timers of one text: how they end was not seen
        }
        if zone.is_empty() {
            self.log.introspection();
            self.log.debug1("getDefaultZone()");
            self.log.debug1("zone.getActiveZones()");
        }
        let args = quoted(&item.args);
        let word = item.kind.word();
        match (item.kind, add) {
            (Kind::Services, true) => {
                self.log.debug1(&format!("zone.addService('{zone}', {args}, {timeout})"))
            }
            (Kind::Protocols, true) => {
                self.log.debug1(&format!("zone.enableProtocol('{zone}', {args})"))
            }
            (_, true) => self.log.debug1(&format!("zone.add{word}('{zone}', {args})")),
            (_, false) => self.log.debug1(&format!("zone.remove{word}('{zone}', {args})")),
        }
        if let Err(refusal) = self.attempt(add, &resolved, item) {
            return self.refuse(refusal);
        }
        self.log.transaction(self.now % 3 == 0);
        if !add {
            self.disarm(&resolved, item);
            return self.signal_removed(&resolved, item);
        }
        self.log.debug1(&format!("zone.{word}Added('{resolved}', {args}, {timeout})"));
        if timeout > 0 {
            let due = self.now + i64::from(timeout);
            self.timers.push(Timer {
                due,
                zone: resolved,
                item: item.clone(),
                removes: true,
                muddled: false,
            });
        }
    }

    fn attempt(&mut self, add: bool, zone: &str, item: &Item) -> Result<(), Refusal> {
        if self.lockdown {
            return Err(Refusal::Error("ACCESS_DENIED: lockdown is enabled".to_owned()));
        }
        if self.panic && self.runtime.contains_key(zone) {
            return Err(Refusal::Error("PANIC_MODE".to_owned()));
        }
        self.change_runtime(add, zone, item)
    }

    /// An explicit removal takes back the timer of the same text: wholly before 2.3.3, later only
    /// its silent half.
    fn disarm(&mut self, zone: &str, item: &Item) {
        let silent = self.log.version.silent_timers();
        for timer in self.timers.iter_mut().filter(|t| t.zone == zone && t.item == *item) {
            timer.removes = false;
        }
        if !silent {
            self.timers.retain(|t| t.removes);
        }
    }

    /// What a client does before a permanent call; gives the zone if there is one.
    fn look_up(&mut self, zone: &str, by_command: bool, stray: Option<u8>) -> Option<String> {
        let resolved = self.resolve(zone);
        let unknown_table = self.objects.get(&resolved).is_some_and(|object| !object.told);
        if unknown_table && self.disk == Disk::ReadOnly {
            return None; // which zone could not be written, no line would tell
        }
        if by_command {
            self.log.introspection();
        }
        if zone.is_empty() {
            self.log.debug1("getDefaultZone()");
            self.log.debug1("zone.getActiveZones()");
            self.log.debug1("getDefaultZone()");
        }
        self.log.debug1(&format!("config.getZoneByName('{resolved}')"));
        if !self.permanent.contains_key(&resolved) {
            self.log.refusal(&format!("INVALID_ZONE: {resolved}"));
            return None;
        }
        let number = self.number(&resolved);
        if by_command {
            self.log.zone_introspection(number);
            if self.log.version == Version::V2_5_0 {
                self.log.debug1(&format!("config.zone.{number}.getSettings2()"));
            }
        }
        if let Some(which) = stray {
            self.log.reading(which, "internal", self.number("internal"));
        }
        Some(resolved)
    }

    /// `config.zone.N.addPort` and its like, with the name lookup before it.
    pub fn permanent_call(
        &mut self,
        add: bool,
        zone: &str,
        item: &Item,
        by_command: bool,
        stray: Option<u8>,
    ) {
        let Some(zone) = self.look_up(zone, by_command, stray) else { return };
        let number = self.number(&zone);
        let verb = if add { "add" } else { "remove" };
        self.log.debug1(&format!(
            "config.zone.{number}.{verb}{}({})",
            item.kind.word(),
            quoted(&item.args)
        ));
        if self.refuses_permanent() {
            return;
        }
        self.log.debug1(&format!("config.zone.{number}.getSettings()"));
        let before = self.permanent.get(&zone).cloned().unwrap_or_default();
        if self.emptied {
            self.permanent.insert(zone.clone(), Zone::default());
        }
        match self.change(Layer::Permanent, add, &zone, item) {
            Ok(()) => {
                self.log.debug1(&format!("config.zone.{number}.update('...')"));
                return self.commit(&zone, before, Some(item.kind));
            }
            Err(Refusal::Error(text)) => {
                self.log.debug1(&format!("config.zone.{number}.update('...')"));
                self.log.refusal(&text);
            }
            Err(other) => self.refuse(other),
        }
        self.permanent.insert(zone, before);
    }

    /// Zones can be made and taken away now.
    pub fn writes(&self) -> bool {
        self.disk == Disk::Fine && !self.crashed
    }

    /// Refuses a change of the permanent layer, if none is allowed now.
    fn refuses_permanent(&mut self) -> bool {
        if self.crashed && !self.stuck && self.log.version.refuses_in_failed_state() {
            self.log.refusal(
                "RUNNING_BUT_FAILED: Changing permanent configuration is not allowed while firewalld is in FAILED state.",
            );
        } else if self.lockdown {
            self.log.refusal("ACCESS_DENIED: lockdown is enabled");
        } else {
            return false;
        }
        true
    }

    /// Writes a zone, whose content is given as it was before the change of a list, or of any.
    fn commit(&mut self, zone: &str, before: Zone, kind: Option<Kind>) {
        let file = format!("/etc/firewalld/zones/{zone}.xml");
        match self.disk {
            Disk::Fine => {}
            Disk::NoBackup => self.log.error(&format!(
                "Backup of file '{file}' failed: [Errno 28] No space left on device: '{file}.old'"
            )),
            Disk::ReadOnly => {
                let problem = format!("[Errno 30] Read-only file system: '{file}");
                self.log.error(&format!("Backup of file '{file}' failed: {problem}.old'"));
                self.log.bare_traceback(&format!("OSError: {problem}'"));
                self.unwatched |= self.log.version.announces_edits();
                self.on_disk.entry(zone.to_owned()).or_insert(OnDisk::Written(before.clone()));
                let Some(content) = self.permanent.get_mut(zone) else { return };
                if self.log.version != Version::V0_9_11 {
                    *content = before;
                }
                match kind.filter(|_| !self.crashed) {
                    Some(kind) => content.cell(kind).determined = false,
                    None => content.blur(),
                }
                return;
            }
        }
        self.wrote_file(zone);
        self.updated(zone);
        if self.crashed {
            self.permanent.get_mut(zone).into_iter().for_each(Zone::blur);
        }
    }

    /// `setPorts` and its like.
    pub fn set_list(&mut self, zone: &str, items: &[Item], kind: Kind) {
        let Some(zone) = self.look_up(zone, false, None) else { return };
        let number = self.number(&zone);
        let list: Vec<_> = items
            .iter()
            .map(|item| match item.args.as_slice() {
                [name] => name.clone(),
                [port, rest @ ..] => format!("('{port}, {})", quoted(rest)),
                [] => String::new(),
            })
            .collect();
        self.log.debug1(&format!(
            "config.zone.{number}.set{}s('[{}]')",
            kind.word(),
            list.join(",")
        ));
        if self.refuses_permanent() {
            return;
        }
        self.log.debug1(&format!("config.zone.{number}.getSettings()"));
        self.log.debug1(&format!("config.zone.{number}.update('...')"));
        if let Some(problem) = items.iter().find_map(|item| Self::acceptable(item).err()) {
            return self.log.refusal(&problem);
        }
        let before = self.permanent.get(&zone).cloned().unwrap_or_default();
        if let Some(content) = self.permanent.get_mut(&zone) {
            *content.cell(kind) = Self::filled(items);
        }
        self.commit(&zone, before, Some(kind));
    }

    /// `update2('...')`: nothing of its content is in the log.
    pub fn update2(&mut self, zone: &str, items: &[Item], kind: Kind) {
        let Some(zone) = self.look_up(zone, false, None) else { return };
        let number = self.number(&zone);
        self.log.debug1(&format!("config.zone.{number}.update2('...')"));
        if self.refuses_permanent() {
            return;
        }
        if let Some(problem) = items.iter().find_map(|item| Self::acceptable(item).err()) {
            return self.log.refusal(&problem);
        }
        let before = self.permanent.get(&zone).cloned().unwrap_or_default();
        if let Some(content) = self.permanent.get_mut(&zone) {
            *content.cell(kind) = Self::filled(items);
            content.blur();
        }
        self.commit(&zone, before, None);
    }

    /// `loadDefaults()`: the local file goes, and with it the watcher's interest.
    pub fn load_defaults(&mut self, zone: &str) {
        if !self.local_files.contains(zone)
            || !super::daemon::SHIPPED.contains(&zone)
            || self.lockdown
            || !self.writes()
        {
            return;
        }
        let Some(zone) = self.look_up(zone, true, None) else { return };
        let number = self.number(&zone);
        self.log.debug1(&format!("config.zone.{number}.loadDefaults()"));
        self.permanent.insert(zone.clone(), Zone::shipped(&zone));
        self.local_files.remove(&zone);
        self.watched.remove(&zone);
        self.on_disk.remove(&zone);
        self.updated(&zone);
    }

    /// `setZoneSettings2`: only the keys in the dictionary change, and the dictionary stands in the
    /// signal.
    pub fn zone_settings(&mut self, zone: &str, items: &[Item], kind: Kind) {
        let items: Vec<Item> = items.iter().map(Item::in_numbers).collect();
        let items = items.as_slice();
        let timed = self.timers.iter().any(|t| t.zone == zone && t.item.kind == kind);
        if timed || self.panic || self.backend_fails {
            return; // what becomes of the timers was not seen
        }
        self.log.debug1(&format!("setZoneSettings2({zone})"));
        let refusal = if self.lockdown {
            Some("ACCESS_DENIED: lockdown is enabled".to_owned())
        } else if self.crashed || !self.runtime.contains_key(zone) {
            Some(format!("INVALID_ZONE: {zone}"))
        } else {
            items.iter().find_map(|item| Self::acceptable(item).err())
        };
        if let Some(text) = refusal {
            // Of a dictionary that is refused half way a part may have been done.
            self.runtime.get_mut(zone).into_iter().for_each(Zone::blur);
            return self.log.refusal(&text);
        }
        if let Some(content) = self.runtime.get_mut(zone) {
            *content.cell(kind) = Self::filled(items);
        }
        let (key, signature) = match kind {
            Kind::Ports => ("ports", "(ss)"),
            Kind::SourcePorts => ("source_ports", "(ss)"),
            Kind::Services => ("services", "s"),
            Kind::ForwardPorts => ("forward_ports", "(ssss)"),
            Kind::Protocols => ("protocols", "s"),
        };
        let string = |text: &String| format!("dbus.String('{text}')");
        let elements: Vec<_> = items
            .iter()
            .map(|item| match item.args.as_slice() {
                [name] => string(name),
                args => format!(
                    "dbus.Struct(({}), signature=None)",
                    args.iter().map(string).collect::<Vec<_>>().join(", ")
                ),
            })
            .collect();
        let array = format!(
            "dbus.Array([{}], signature=dbus.Signature('{signature}'), variant_level=1)",
            elements.join(", ")
        );
        let dictionary = format!(
            "dbus.Dictionary({{dbus.String('{key}'): {array}}}, signature=dbus.Signature('sv'))"
        );
        self.log.debug1(&format!("zone.ZoneUpdated('{zone}', '{dictionary}')"));
    }

    /// `addZone`, or `addZone2` with settings that the log does not show; both print the same.
    pub fn add_zone(&mut self, name: &str, with: Option<&Item>) {
        if !self.writes() {
            return; // what becomes of the zone was not seen
        }
        let with = with.filter(|item| Self::acceptable(item).is_ok());
        self.log.introspection();
        self.log.debug1(&format!("config.addZone('{name}')"));
        if self.lockdown {
            return self.log.refusal("ACCESS_DENIED: lockdown is enabled");
        }
        if self.permanent.contains_key(name) {
            return self.log.refusal(&format!("NAME_CONFLICT: new_zone(): '{name}'"));
        }
        let number = self.next_number;
        self.next_number += 1;
        let mut zone = Zone::default();
        if let Some(item) = with {
            *zone.cell(item.kind) = Self::filled(std::slice::from_ref(item));
        }
        zone.blur();
        self.permanent.insert(name.to_owned(), zone);
        self.objects.insert(name.to_owned(), Object { number, told: true });
        self.log.debug1(&format!(
            "config.zone.{number}.GetAll('org.fedoraproject.FirewallD1.config.zone')"
        ));
        self.log.debug1(&format!("config.ZoneAdded('{name}')"));
        self.wrote_file(name);
    }

    fn drop_file(&mut self, zone: &str) {
        self.local_files.remove(zone);
        self.watched.remove(zone);
        self.on_disk.remove(zone);
    }

    pub fn remove_zone(&mut self, name: &str) {
        if name == self.default_zone || !self.writes() {
            return; // the default zone would have to move: not seen
        }
        let Some(name) = self.look_up(name, true, None) else { return };
        let number = self.number(&name);
        self.log.debug1(&format!("config.zone.{number}.removeZone()"));
        if self.lockdown {
            return self.log.refusal("ACCESS_DENIED: lockdown is enabled");
        }
        if super::daemon::SHIPPED.contains(&name.as_str()) {
            return self.log.refusal(&format!("BUILTIN_ZONE: '{name}' is built-in zone"));
        }
        self.log.debug1(&format!("config.zone.{number}.Removed('{name}')"));
        self.permanent.remove(&name);
        self.objects.remove(&name);
        self.drop_file(&name);
    }

    pub fn rename_zone(&mut self, from: &str, to: &str) {
        if from == self.default_zone
            || self.permanent.contains_key(to)
            || self.lockdown
            || !self.writes()
        {
            return;
        }
        let Some(from) = self.look_up(from, false, None) else { return };
        let Some(object) = self.objects.remove(&from) else { return };
        let Some(mut zone) = self.permanent.remove(&from) else { return };
        self.log.debug1(&format!("config.zone.{}.rename('{to}')", object.number));
        self.log.debug1(&format!("config.zone.{}.Renamed('{to}')", object.number));
        if !object.told {
            // Any zone whose number the log has not told may be the one that lost its name.
            zone.blur();
            for (name, other) in &mut self.permanent {
                if self.objects.get(name).is_none_or(|object| !object.told) {
                    other.blur();
                }
            }
        }
        self.drop_file(&from);
        self.wrote_file(to);
        self.permanent.insert(to.to_owned(), zone);
        self.objects.insert(to.to_owned(), Object { number: object.number, told: true });
    }
}
