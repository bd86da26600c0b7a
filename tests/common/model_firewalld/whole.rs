//! What concerns the whole daemon: start, reload, runtime to permanent, hand edits, and lines of
//! its neighbours.

use super::Layer;
use super::daemon::{Daemon, Object, OnDisk, SHIPPED, Zone};
use super::lines::Version;
use super::ops::{Disk, Item, Kind, Reload};

impl Daemon {
    /// What the disk holds becomes the permanent layer; objects get new numbers.
    fn read_disk(&mut self) {
        for (zone, change) in std::mem::take(&mut self.on_disk) {
            let mut content = match change {
                OnDisk::Written(content) => content,
                OnDisk::GrammarError if !SHIPPED.contains(&zone.as_str()) => {
                    self.permanent.remove(&zone);
                    continue;
                }
                OnDisk::GrammarError | OnDisk::Deleted => Zone::shipped(&zone),
            };
            content.blur();
            self.permanent.insert(zone, content);
        }
        self.permanent.values_mut().for_each(Zone::read_from_file);
        if std::mem::take(&mut self.edited) {
            self.permanent.values_mut().for_each(Zone::blur);
        }
        self.emptied = false;
        self.unwatched = false;
        self.loaded = Some(self.log.clock);
        self.objects = self
            .permanent
            .keys()
            .enumerate()
            .map(|(number, name)| (name.clone(), Object { number, told: true }))
            .collect();
        self.next_number = self.permanent.len();
    }

    fn load_files(&mut self) {
        self.log.configuration();
        for zone in SHIPPED {
            self.log.zone_file(zone, true, false);
        }
        self.log.debug1("Loading policy file '/usr/lib/firewalld/policies/allow-host-ipv6.xml'");
        for zone in self.local_files.clone() {
            self.log.zone_file(&zone, SHIPPED.contains(&zone.as_str()), true);
            if let Some(OnDisk::GrammarError) = self.on_disk.get(&zone) {
                self.log.error(&format!(
                    "Failed to load zone file '/etc/firewalld/zones/{zone}.xml': INVALID_PORT: port number in '99999' is too big"
                ));
            }
        }
        self.read_disk();
    }

    fn listing(&mut self) {
        let zones: Vec<_> = self.permanent.keys().cloned().collect();
        self.log.listing(zones.iter());
    }

    /// The default zone of the file, or the one that takes its place, and the rules.
    fn apply_loaded(&mut self) {
        self.runtime = self.permanent.clone();
        let in_file = self.conf_zone.clone();
        let valid = self.permanent.contains_key(&in_file);
        self.default_zone = if valid { in_file.clone() } else { "public".to_owned() };
        self.default_told = true;
        self.log.applying(&in_file, &self.default_zone);
    }

    /// The start of the daemon, up to the first client's calls.
    pub fn start(&mut self) {
        self.log.debug1("start()");
        self.load_files();
        self.timers.clear();
        self.watched.clear();
        self.panic = false;
        self.crashed = false;
        self.stuck = false;
        self.failed_at = None;
        self.apply_loaded();
        self.log.debug1("GetAll('org.fedoraproject.FirewallD1')");
        self.listing();
        self.log.debug1("config.GetAll('org.fedoraproject.FirewallD1.config')");
        self.log.debug1("config.getZoneNames()");
    }

    fn stop(&mut self) {
        self.log.debug1("stop()");
        self.log.debug1("Flushing rule set");
        self.log.debug1("Setting policy to 'ACCEPT'");
    }

    fn broken_file(&self) -> bool {
        self.on_disk.values().any(|change| matches!(change, OnDisk::GrammarError))
    }

    /// The daemon is away for a while: what somebody does to its files meanwhile leaves no line.
    pub fn restart(&mut self, killed: bool, after: i64, edit: Option<&(String, Item)>) {
        if self.broken_file() || self.backend_fails {
            return; // a start with a broken file was not seen
        }
        if !killed {
            self.stop();
        }
        self.timers.clear();
        self.watched.clear();
        self.pass(after);
        let one_go = !killed && after <= 1;
        if let Some((zone, item)) = edit.filter(|_| !one_go && !self.files_kept) {
            self.write_unseen(zone, item);
        }
        if !one_go && !self.files_kept {
            self.permanent.values_mut().for_each(Zone::blur);
        }
        self.start();
    }

    fn write_unseen(&mut self, zone: &str, item: &Item) {
        let Some(content) = self.permanent.get(zone) else { return };
        if Self::acceptable(item).is_err() {
            return;
        }
        let mut edited = content.clone();
        *edited.cell(item.kind) = Self::filled(std::slice::from_ref(item));
        self.local_files.insert(zone.to_owned());
        self.on_disk.insert(zone.to_owned(), OnDisk::Written(edited));
    }

    /// A life without `--debug` between two with it: changes leave no line, refusals a warning or
    /// an error.
    pub fn blind_life(&mut self, zone: &str, item: &Item) {
        if self.broken_file() || self.backend_fails || !self.permanent.contains_key(zone) {
            return;
        }
        self.stop();
        self.log.mute = true;
        self.start();
        self.permanent_call(true, zone, item, false, None);
        self.runtime_call(true, zone, item, 0);
        self.log.warning("ALREADY_ENABLED: '31337:tcp' already in 'public'");
        self.log.mute = false;
        self.permanent.values_mut().for_each(Zone::blur);
        self.start();
    }

    pub fn reload(&mut self, how: Reload) {
        self.log.debug1(match how {
            Reload::Complete => "completeReload()",
            Reload::Plain | Reload::Hangup => "reload()",
        });
        if self.lockdown && how != Reload::Hangup {
            return self.log.refusal("ACCESS_DENIED: lockdown is enabled");
        }
        let _ = self.load_anew(how);
    }

    /// The part of a reload behind the request; false if nothing was loaded.
    fn load_anew(&mut self, how: Reload) -> bool {
        if self.log.version.checks_before_reload() && self.broken_file() {
            self.log.refusal("INVALID_PORT: port number in '99999' is too big");
            return false;
        }
        if !self.panic {
            match self.log.version {
                Version::V2_5_0 => {
                    self.log.debug1("Setting policy to 'DROP' (ReloadPolicy=INPUT:DROP,FORWARD:DROP,OUTPUT:DROP)");
                }
                _ => self.log.debug1("Setting policy to 'DROP'"),
            }
        }
        if self.backend_fails && (self.panic || how != Reload::Complete) {
            if self.panic {
                self.log.debug1("Flushing rule set");
            }
            self.refuse(super::daemon::Refusal::BackEnd);
            return self.died();
        }
        self.log.debug1("Flushing rule set");
        if self.backend_fails {
            self.log.debug1("Unloading firewall modules");
            self.log.bare_traceback(
                "FileNotFoundError: [Errno 2] No such file or directory: '/proc/modules'",
            );
            self.emptied = !self.log.version.refuses_in_failed_state();
            return self.died();
        }
        if self.log.version.silent_timers() && (self.stuck || self.timers.iter().any(|t| t.removes))
        {
            self.log.bare_traceback("RuntimeError: dictionary changed size during iteration");
            self.stuck = true;
            return self.died();
        }
        self.crashed = false;
        self.load_files();
        self.apply_loaded();
        self.listing();
        self.log.debug1("Reloaded()");
        true
    }

    fn died(&mut self) -> bool {
        self.runtime.values_mut().for_each(Zone::blur);
        self.crashed = true;
        false
    }

    /// Each zone of the runtime is written to the permanent layer; a list that is empty is left out
    /// and stays as it was (v1.3.3/random.log:17796, the forward ports of public).
    pub fn runtime_to_permanent(&mut self) {
        if !self.writes() || self.lockdown || !self.timers.is_empty() {
            return;
        }
        self.log.debug1("copyRuntimeToPermanent()");
        self.log.debug1("config.getZoneNames()");
        for (name, content) in self.runtime.clone() {
            self.log.debug1(&format!("getZoneSettings2({name})"));
            if let Some(object) = self.objects.get(&name).copied() {
                self.log.debug1(&format!("config.getZoneByName('{name}')"));
                self.log.debug1(&format!("Copying zone '{name}' settings"));
                self.log.debug1(&format!("config.zone.{}.update2('...')", object.number));
                self.copy_over(&name, &content);
                self.wrote_file(&name);
                self.updated(&name);
            } else {
                let number = self.next_number;
                self.next_number += 1;
                self.log.debug1(&format!("Creating zone '{name}'"));
                self.log.debug1(&format!("config.addZone('{name}')"));
                self.objects.insert(name.clone(), Object { number, told: true });
                self.permanent.insert(name.clone(), content);
                self.log.debug1(&format!(
                    "config.zone.{number}.GetAll('org.fedoraproject.FirewallD1.config.zone')"
                ));
                self.log.debug1(&format!("config.ZoneAdded('{name}')"));
                self.wrote_file(&name);
            }
        }
        self.log.debug1("config.getPolicyNames()");
        self.log.debug1("config.policy.0.update('...')");
        self.log.debug1("config.policy.0.Updated('allow-host-ipv6')");
    }

    /// What is empty in the runtime is left out of the settings that are written, and so keeps what
    /// it was.
    fn copy_over(&mut self, zone: &str, runtime: &Zone) {
        let Some(permanent) = self.permanent.get_mut(zone) else { return };
        for kind in Kind::ALL {
            let (from, to) = (runtime.read(kind), permanent.cell(kind));
            if from.ranges.is_empty() && from.exact.is_empty() {
                to.determined &= from.determined;
            } else {
                *to = from.clone();
            }
        }
    }

    /// All local files go, and a reload follows.
    pub fn reset_to_defaults(&mut self) {
        let ready = self.writes() && !self.backend_fails;
        if self.log.version < Version::V1_3_3 || self.lockdown || !ready {
            return;
        }
        if !SHIPPED.contains(&self.default_zone.as_str()) || self.timers.iter().any(|t| t.removes) {
            return;
        }
        self.log.debug1("firewalld.reset_to_defaults()");
        self.permanent =
            SHIPPED.iter().map(|name| ((*name).to_owned(), Zone::shipped(name))).collect();
        self.local_files.clear();
        self.on_disk.clear();
        self.watched.clear();
        self.conf_zone = "public".to_owned();
        self.reload(Reload::Plain);
    }

    pub fn set_default_zone(&mut self, zone: &str) {
        self.log.debug1(&format!("setDefaultZone('{zone}')"));
        if self.lockdown {
            return self.log.refusal("ACCESS_DENIED: lockdown is enabled");
        }
        if self.crashed || !self.runtime.contains_key(zone) || !self.permanent.contains_key(zone) {
            return self.log.refusal(&format!("INVALID_ZONE: {zone}"));
        }
        if zone == self.default_zone {
            return self.log.warning(&format!("ZONE_ALREADY_SET: {zone}"));
        }
        let reloads = self.log.version.reloads_for_default_zone();
        if self.disk != Disk::Fine {
            let problem =
                "[Errno 30] Read-only file system: '/etc/firewalld/firewalld.conf.4sllbphy'";
            self.log.error(&format!("Failed to open temporary file: {problem}"));
            self.log.bare_traceback(&format!("OSError: {problem}"));
            self.unwatched |= self.log.version.announces_edits();
            if !reloads {
                self.default_zone = zone.to_owned();
            }
            self.default_told = false;
            return;
        }
        self.conf_zone = zone.to_owned();
        if reloads {
            self.log.debug1(&format!("DefaultZoneChanged('{zone}')"));
            self.default_told = self.load_anew(Reload::Plain);
            return;
        }
        self.default_zone = zone.to_owned();
        self.log.debug1(&format!("Applying policy (zone_{zone}_HOST) derived from zone '{zone}'"));
        if self.backend_fails {
            self.refuse(super::daemon::Refusal::BackEnd);
            self.default_told = false;
            return;
        }
        self.log.debug1("");
        self.log.debug1(&format!("DefaultZoneChanged('{zone}')"));
        self.default_told = true;
    }

    /// The file watcher of 2.3.3 and later says that a file was edited, once until the next load.
    fn announce_edit(&mut self, broken: bool) {
        self.pass(6);
        if std::mem::replace(&mut self.edited, true) {
            return;
        }
        self.log
            .info("Detected permanent (on-disk) configuration change out-of-band of firewalld!");
        if broken {
            self.log.warning("INVALID_PORT: port number in '99999' is too big");
            self.log.warning(
                "Unfortunately, the new configuration cannot be loaded by the running firewalld.",
            );
        } else {
            self.log.info("To load the new configuration, reload firewalld:");
            self.log.info("  # firewall-cmd --reload");
        }
    }

    /// Somebody writes another default zone into `firewalld.conf`. The next load names it.
    pub fn edit_conf(&mut self, zone: &str) {
        if self.unwatched {
            return; // no line shows it
        }
        self.conf_zone = zone.to_owned();
        if self.log.version.announces_edits() {
            self.announce_edit(false);
        }
    }

    pub fn set_panic(&mut self, on: bool) {
        if self.crashed || self.lockdown || self.backend_fails {
            return;
        }
        let (verb, word, policy) =
            if on { ("enable", "Enabled", "PANIC") } else { ("disable", "Disabled", "ACCEPT") };
        self.log.debug1(&format!("{verb}PanicMode()"));
        if self.panic == on {
            let code = if on {
                "ALREADY_ENABLED: panic mode already enabled"
            } else {
                "NOT_ENABLED: panic mode is not enabled"
            };
            return self.log.warning(code);
        }
        self.log.debug1(&format!("Setting policy to '{policy}'"));
        self.log.debug1(&format!("PanicMode{word}()"));
        self.panic = on;
    }

    /// Lockdown of 1.x; here the driving client is not on its list, but for one permanent change
    /// that is let through.
    pub fn set_lockdown(&mut self, on: bool) {
        if self.log.version == Version::V2_5_0 || self.lockdown == on || !self.writes() {
            return;
        }
        let (value, word) = if on { ("yes", "Enabled") } else { ("no", "Disabled") };
        self.log.debug1(&format!(
            "config.Set('org.fedoraproject.FirewallD1.config', 'Lockdown', '{value}')"
        ));
        self.log.debug1(&format!("Lockdown{word}()"));
        self.lockdown = on;
        if !on {
            return;
        }
        let item = Item::new(Kind::Ports, &["6443", "tcp"]);
        let number = self.number("public");
        self.log.debug1("config.getZoneByName('public')");
        self.log.debug1(&format!("config.zone.{number}.addPort('6443', 'tcp')"));
        self.log.access_check();
        self.log.debug1(&format!("config.zone.{number}.getSettings()"));
        if let Err(refusal) = self.change(Layer::Permanent, true, "public", &item) {
            return self.refuse(refusal);
        }
        self.log.debug1(&format!("config.zone.{number}.update('...')"));
        self.log.error("Lockdown not possible, sender not set.");
        self.wrote_file("public");
        self.updated("public");
    }

    /// Somebody writes a zone's file, and the watcher sees it; the pairs that the daemon's own
    /// writes are owed come first.
    pub fn hand_edit(&mut self, zone: &str, item: &Item, broken: bool) {
        let Some(content) = self.permanent.get(zone) else { return };
        if self.unwatched {
            return; // no line shows it
        }
        if Self::acceptable(item).is_err() {
            return;
        }
        let mut edited = content.clone();
        *edited.cell(item.kind) = Self::filled(std::slice::from_ref(item));
        edited.blur();
        if self.log.version.announces_edits() {
            let change = if broken { OnDisk::GrammarError } else { OnDisk::Written(edited) };
            self.on_disk.insert(zone.to_owned(), change);
            self.local_files.insert(zone.to_owned());
            return self.announce_edit(broken);
        }
        self.pass(6);
        let existed = self.local_files.contains(zone)
            && !matches!(self.on_disk.get(zone), Some(OnDisk::Deleted));
        self.local_files.insert(zone.to_owned());
        self.log.debug1(&format!("Loading zone file '/etc/firewalld/zones/{zone}.xml'"));
        if broken {
            self.log.error(&format!("Failed to load zone file '{zone}.xml': INVALID_PORT: port number in '99999' is too big"));
            self.on_disk.insert(zone.to_owned(), OnDisk::GrammarError);
        } else if existed {
            self.on_disk.remove(zone);
            self.permanent.insert(zone.to_owned(), edited);
            self.updated(zone);
        } else {
            self.on_disk.insert(zone.to_owned(), OnDisk::Written(edited));
        }
        self.permanent.get_mut(zone).into_iter().for_each(Zone::blur);
        // The watcher waits for five seconds without an edit, so a reload shortly before may have
        // read one.
        if self.loaded.is_some_and(|loaded| self.log.clock - loaded <= 12)
            && let Some(content) = self.runtime.get_mut(zone)
        {
            content.blur();
        }
    }

    /// Somebody deletes a zone's file: no line, until a reload or a start lists the files that are
    /// there.
    pub fn hand_delete(&mut self, zone: &str) {
        if !self.local_files.contains(zone) || !SHIPPED.contains(&zone) {
            return;
        }
        self.pass(6);
        self.local_files.remove(zone);
        self.on_disk.insert(zone.to_owned(), OnDisk::Deleted);
    }

    /// Lines of things that are not compared, some of which look much like those that are.
    pub fn local_port(&mut self, which: u8) {
        match which % 5 {
            0 => {
                let rule = "rule port port=\"8080\" protocol=\"tcp\" log prefix=\"zone.addPort('public', '22', 'tcp')\" accept";
                self.log.debug1(&format!("zone.addRichRule('', '{rule}')"));
                self.log.transaction(false);
                self.log.debug1(&format!("zone.RichRuleAdded('', '{rule}', 0)"));
            }
            1 => {
                self.log.debug1("config.getServiceByName('public')");
                self.log.debug1("config.service.6.update2('...')");
                self.log.debug1("config.service.6.Updated('public')");
            }
            2 => {
                self.log.debug1("config.getPolicyByName('public')");
                self.log.debug1("config.policy.6.getSettings()");
                self.log.debug1("config.policy.6.update('...')");
                self.log.debug1("config.policy.6.Updated('public')");
            }
            3 => {
                self.log.debug1("config.service.6.addPort('8080', 'tcp')");
                self.log.debug1("config.service.6.getSettings()");
                self.log.debug1("config.service.6.update('...')");
                self.log.debug1("config.service.6.Updated('public')");
            }
            _ => {
                self.log.debug1("direct.addRule('ipv4', 'filter', 'INPUT', 0, '-p','tcp','--dport','8080','-j','ACCEPT')");
                self.log.debug1("direct.RuleAdded('ipv4', 'filter', 'INPUT', 0, '-p','tcp','--dport','8080','-j','ACCEPT')");
            }
        }
    }
}
