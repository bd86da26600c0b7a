//! Starts and reloads: the permanent layer is read from disk and becomes the runtime layer.

use super::edit::ListId;
use super::lists::Lists;
use super::pending::{Pending, Request};
use super::zone::{Disk, Zone, seconds};
use super::{DefaultZone, Firewalld, Steps};
use crate::assume::Assume;
use crate::event::Anomaly;
use crate::event::firewalld::{Kind, Layer, Place};
use crate::state::effects::Effects;
use crate::state::evidence::{Assumed, Evidence};
use crate::state::known::{Unknown, UnknownReason};
use crate::text::Text;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

/// How long one restart takes at most: `stop()` and the next `start()` carry the same second or
/// neighbouring ones. In a longer silence files may have been edited, or the daemon may have lived
/// without `--debug`.
const RESTART_SECONDS: i64 = 1;

/// What the daemon is about.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(tag = "type", rename_all = "snake_case")
)]
pub(super) enum Phase {
    /// It runs, as far as the log tells.
    Running,
    /// It starts, and reads its files.
    Starting { listing: Listing },
    /// It has started, and announces its objects.
    Started,
    /// It reloads.
    Reloading { listing: Listing, flushed: bool },
    /// It has stopped.
    Stopped { by: Evidence },
    /// It went without a word, with its machine.
    Gone,
}

/// What a load shows of the zones.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct Listing {
    /// Where each zone's file lies; a local one goes before the shipped one.
    #[cfg_attr(feature = "serde", serde(with = "crate::serde_map_as_list"))]
    files: BTreeMap<Text<'static>, Place>,
    /// Zones whose file could not be read.
    broken: Vec<Text<'static>>,
    /// The zones whose objects were announced, in the order of their numbers.
    zones: Vec<Text<'static>>,
    /// The load ran into an exception, or fell back to the shipped configuration.
    failed: bool,
    /// The default zone was named.
    default_zone: bool,
}

impl Firewalld {
    const fn listing(&mut self) -> Option<&mut Listing> {
        match &mut self.phase {
            Phase::Starting { listing } | Phase::Reloading { listing, .. } => Some(listing),
            Phase::Running | Phase::Started | Phase::Stopped { .. } | Phase::Gone => None,
        }
    }

    /// Notes a file that a load reads; false if there is no load.
    pub(super) fn load_lists_file(&mut self, name: &Text<'_>, place: Place) -> bool {
        let limit = self.limits.max_keys;
        if let Phase::Reloading { flushed, .. } = &mut self.phase {
            *flushed = true;
        }
        let Some(listing) = self.listing() else { return false };
        let name = name.clone().into_owned();
        if listing.files.len() < limit || listing.files.contains_key(&name) {
            let known = listing.files.entry(name).or_insert(place);
            *known = (*known).min(place);
        }
        true
    }

    /// Notes a file that a load cannot read; false if there is no load.
    pub(super) fn load_lists_broken(&mut self, name: &Text<'_>) -> bool {
        let limit = self.limits.max_keys;
        let Some(listing) = self.listing() else { return false };
        if listing.broken.len() < limit {
            listing.broken.push(name.clone().into_owned());
        }
        true
    }

    /// Notes an object that a load announces, and gives its number; `None` if there is no load.
    pub(super) fn load_lists_zone(
        &mut self,
        name: &Text<'static>,
        object: Option<u32>,
    ) -> Option<u32> {
        let limit = self.limits.max_keys;
        if matches!(self.phase, Phase::Started) {
            // A client that makes a zone ends the announcements.
            let asked = matches!(
                &self.pending,
                Some(Pending { what: Request::NewZone { .. } | Request::Copy { .. }, .. })
            );
            if !asked
                && let Some(object) = object
                && !self.objects.contains_key(&object)
                && !self.objects.values().any(|z| z == name)
            {
                return Some(object);
            }
            return None;
        }
        let listing = self.listing()?;
        let number = u32::try_from(listing.zones.len()).ok()?;
        if listing.zones.len() < limit {
            listing.zones.push(name.clone());
        }
        Some(object.unwrap_or(number))
    }

    pub(super) const fn load_failed(&mut self) {
        if let Some(listing) = self.listing() {
            listing.failed = true;
        }
    }

    /// The rules are taken away. Some calls (`setDefaultZone` in 2.x, `setLogDenied`) reload
    /// without saying so first.
    pub(super) fn flushed(&mut self, by: Evidence, effects: &mut Effects) {
        match &mut self.phase {
            Phase::Reloading { flushed, .. } => *flushed = true,
            Phase::Starting { .. } | Phase::Stopped { .. } | Phase::Gone => {}
            // A start does it after it has read its files, and before anyone can call.
            Phase::Started if !self.called && !self.served => {}
            Phase::Running | Phase::Started => {
                self.overtaken(by, effects);
                self.phase = Phase::Reloading { listing: Listing::default(), flushed: true };
            }
        }
    }

    pub(super) fn started(&mut self, by: Evidence, effects: &mut Effects) {
        self.overtaken(by, effects);
        if let Some(heard) = self.heard.filter(|_| !self.is_restart(by)) {
            self.silence_ended(heard, by, effects);
        }
        self.end_of_life(UnknownReason::Restart, by, effects);
        self.default_zone =
            DefaultZone::Unknown { why: Unknown::since(UnknownReason::Restart, by) };
        self.panic_mode = Some((false, by));
        self.phase = Phase::Starting { listing: Listing::default() };
    }

    /// True if `stop()` and this start are one restart, which leaves no time for an edit. A daemon
    /// that was killed may have been away for longer than its last line tells, and what it wrote
    /// last may be lost.
    fn is_restart(&self, by: Evidence) -> bool {
        let Phase::Stopped { by: stop } = self.phase else { return false };
        seconds(stop, by).is_some_and(|seconds| (0..=RESTART_SECONDS).contains(&seconds))
    }

    /// The daemon starts after a silence in which nothing told of edits: `stop()`, a kill without a
    /// word, or the start of the machine. What the files hold is unknown, or as before if the
    /// caller assumes so; an edit that was announced counts either way.
    fn silence_ended(&mut self, heard: Evidence, by: Evidence, effects: &mut Effects) {
        let assume = Assume::FilesKeptWhileStopped;
        if !self.assumptions.holds(assume) {
            let why = Unknown::since(UnknownReason::EditedWhileStopped, by);
            self.forget_all(Layer::Permanent, why.why, by, effects);
            for zone in self.zones.values_mut() {
                zone.shipped = Lists::unknown(why);
                zone.disk = Disk::Changed { why };
                zone.local = None;
            }
            return;
        }
        effects.remark(Anomaly::Assumed, by);
        let assumed = Assumed { what: assume, from: heard, to: by };
        let names: Vec<Text<'static>> = self.zones.keys().cloned().collect();
        for zone in &names {
            for kind in Kind::ALL {
                self.rest_on(ListId { zone, layer: Layer::Permanent, kind }, assumed, effects);
            }
            if let Some(zone) = self.zones.get_mut(zone) {
                zone.rest_on_shipped(assumed);
            }
        }
    }

    /// `Using default zone 'Z'`: all files are read.
    pub(super) fn default_zone_loaded(&mut self, by: Evidence, effects: &mut Effects) {
        if let Some(listing) = self.listing() {
            listing.default_zone = true;
        }
        match &mut self.phase {
            Phase::Starting { listing } => {
                let listing = core::mem::take(listing);
                self.phase = Phase::Started;
                self.wholeness.files_read();
                self.load(&listing, by, effects);
            }
            Phase::Reloading { .. } => {}
            // Printed by loads alone, and the beginning of this one is missing.
            Phase::Running | Phase::Started | Phase::Stopped { .. } | Phase::Gone => {
                let default_zone = self.default_zone.clone();
                self.lines_missing(by, effects);
                self.default_zone = default_zone;
            }
        }
    }

    pub(super) fn stopped(&mut self, by: Evidence, effects: &mut Effects) {
        self.overtaken(by, effects);
        self.end_of_life(UnknownReason::NotRunning, by, effects);
        self.phase = Phase::Stopped { by };
    }

    /// The machine was started anew, which ended the daemon without a word.
    pub(super) fn machine_started(&mut self, by: Evidence, effects: &mut Effects) {
        self.overtaken(by, effects);
        self.end_of_life(UnknownReason::Restart, by, effects);
        self.heard.get_or_insert(by);
        self.phase = Phase::Gone;
    }

    /// The machine may have been started anew. If it was, what only a running daemon has is gone; if
    /// it was not, nothing changed.
    pub(super) fn machine_may_have_started(&mut self, by: Evidence, effects: &mut Effects) {
        let why = UnknownReason::MayHaveBooted;
        self.forget_all(Layer::Runtime, why, by, effects);
        let zones: Vec<Text<'static>> = self.zones.keys().cloned().collect();
        for zone in &zones {
            // It may have been loaded with the start.
            self.begin_layer(zone, Layer::Runtime, Unknown::since(why, by));
        }
        self.doubt_runtime_facts(UnknownReason::MayHaveBooted, by, effects);
        self.panic_mode = None;
    }

    /// Nothing of what only a running daemon has outlives it.
    fn end_of_life(&mut self, why: UnknownReason, by: Evidence, effects: &mut Effects) {
        self.called = false;
        self.served = false;
        self.steps = Steps::NONE;
        self.backend_failed = None;
        self.default_zone_named = false;
        self.timers.clear();
        self.objects.clear();
        for zone in self.zones.values_mut() {
            zone.own_write = None;
        }
        self.forget_all(Layer::Runtime, why, by, effects);
        self.end_runtime_facts(by, effects);
    }

    pub(super) fn reload_asked(&mut self, by: Evidence, effects: &mut Effects) {
        self.called = true;
        if matches!(&self.pending, Some(Pending { what: Request::Reset, .. })) {
            self.pending = None;
        }
        self.overtaken(by, effects);
        self.phase = Phase::Reloading { listing: Listing::default(), flushed: false };
    }

    /// `reset_to_defaults`: the files are put back, and a reload follows in the same call.
    pub(super) fn reset(&mut self, by: Evidence, effects: &mut Effects) {
        self.ask(Request::Reset, by, effects);
        for zone in self.zones.values_mut() {
            zone.disk = Disk::AsShipped;
            zone.own_write = None;
        }
    }

    pub(super) const fn is_reloading(&self) -> bool {
        matches!(self.phase, Phase::Reloading { .. })
    }

    /// Somebody edited files, and the daemon has read none of them. It says so once until the next
    /// load, so a write of the daemon's own does not put the zone's file right: it may have been
    /// edited again.
    pub(super) fn files_edited(&mut self, by: Evidence, effects: &mut Effects) {
        effects.remark(Anomaly::FilesEdited, by);
        self.edited.get_or_insert(Unknown::since(UnknownReason::DiskChange, by));
    }

    /// What the disk holds is not known any more, but the daemon has not read it.
    pub(super) fn forget_disk(&mut self, why: UnknownReason, by: Evidence) {
        for zone in self.zones.values_mut() {
            zone.disk = Disk::Changed { why: Unknown::since(why, by) };
        }
    }

    /// An exception during a load; false if there is no load.
    pub(super) fn load_died(&mut self, by: Evidence, effects: &mut Effects) -> bool {
        match &mut self.phase {
            Phase::Starting { listing } => {
                listing.failed = true;
                true
            }
            Phase::Reloading { flushed, .. } => {
                // Before anything is flushed, what is on disk is only checked: the reload was
                // refused.
                let lost = *flushed;
                self.phase = Phase::Running;
                self.pending = None;
                if lost {
                    effects.remark(Anomaly::TakenBack, by);
                    self.timers.invalidate(None);
                    self.forget_all(Layer::Runtime, UnknownReason::Crash, by, effects);
                    let died = Unknown::since(UnknownReason::Crash, by);
                    self.explain(Layer::Permanent, died);
                    self.load_died = Some(died);
                }
                true
            }
            // The files are read, but the rules are not in the kernel.
            Phase::Started if !self.called && !self.served => {
                self.forget_all(Layer::Runtime, UnknownReason::Crash, by, effects);
                true
            }
            Phase::Running | Phase::Started | Phase::Stopped { .. } | Phase::Gone => false,
        }
    }

    pub(super) fn reloaded(&mut self, by: Evidence, effects: &mut Effects) {
        self.pending = None;
        self.default_zone_named = false;
        match core::mem::replace(&mut self.phase, Phase::Running) {
            Phase::Reloading { listing, .. } => {
                self.wholeness.loaded(!listing.zones.is_empty());
                if self.edited.is_some() && !listing.default_zone {
                    self.forget_default_zone(UnknownReason::DiskChange, by);
                }
                self.objects = listing
                    .zones
                    .iter()
                    .enumerate()
                    .filter_map(|(number, zone)| Some((u32::try_from(number).ok()?, zone.clone())))
                    .collect();
                self.timers.invalidate(None);
                self.load(&listing, by, effects);
            }
            // The beginning of the reload is missing.
            _ => {
                self.wholeness.unbegun();
                self.lines_missing(by, effects);
            }
        }
    }

    /// The runtime layer becomes what the disk holds.
    fn load(&mut self, listing: &Listing, by: Evidence, effects: &mut Effects) {
        let is_listed = |name: &Text<'static>| {
            if listing.zones.is_empty() {
                listing.files.contains_key(name)
            } else {
                listing.zones.contains(name)
            }
        };
        let edited = self.edited.take();
        self.load_died = None;
        for layer in Layer::ALL {
            *self.unheard.of(layer) = Unknown::since(UnknownReason::FilesNotLogged, by);
        }
        let nothing_listed = listing.zones.is_empty() && listing.files.is_empty();
        for name in listing.zones.iter().chain(listing.files.keys()) {
            if is_listed(name) && self.zone_mut(name, by, effects).is_none() {
                break;
            }
        }
        let names: Vec<Text<'static>> = self.zones.keys().cloned().collect();
        for name in &names {
            if !nothing_listed && !is_listed(name) {
                for layer in Layer::ALL {
                    self.end_layer(name, layer, by, effects);
                }
                if let Some(zone) = self.zones.remove(name) {
                    self.keys = self.keys.saturating_sub(zone.weight());
                }
                continue;
            }
            self.load_zone(name, listing, edited, by, effects);
        }
        self.load_facts(by, effects);
    }

    fn load_zone(
        &mut self,
        name: &Text<'static>,
        listing: &Listing,
        edited: Option<Unknown>,
        by: Evidence,
        effects: &mut Effects,
    ) {
        let found = listing.files.get(name).map(|place| *place == Place::Local);
        let Some(zone) = self.zones.get_mut(name) else { return };
        let disk = core::mem::replace(&mut zone.disk, Disk::Same);
        let before = zone.local;
        zone.local = found.or(before);
        zone.loaded = Some(by);
        if let Some(why) = edited {
            // The files that came with the package are watched, too.
            zone.shipped = Lists::unknown(why);
        }
        let not_logged = Unknown::since(UnknownReason::FilesNotLogged, by);
        for layer in Layer::ALL {
            self.begin_layer(name, layer, not_logged);
        }
        let changed = Unknown::since(UnknownReason::DiskChange, by);
        // What the files say, compared with what is known of them.
        enum Content {
            Same,
            Shipped,
            Unknown(Unknown),
        }
        let content = if listing.failed {
            Content::Unknown(Unknown::since(UnknownReason::Crash, by))
        } else if listing.broken.contains(name) {
            Content::Unknown(changed)
        } else if let Some(why) = edited {
            Content::Unknown(why)
        } else {
            match (disk, before, found) {
                (Disk::Same, None | Some(false), Some(false)) => Content::Same,
                (_, _, Some(false)) | (Disk::AsShipped, _, None) => Content::Shipped,
                (Disk::Changed { why }, ..) => Content::Unknown(why),
                (Disk::AsShipped, _, Some(true)) | (Disk::Same, Some(false), Some(true)) => {
                    Content::Unknown(changed)
                }
                (Disk::Same, ..) => Content::Same,
            }
        };
        match content {
            Content::Same => {}
            Content::Shipped => self.as_shipped(name, UnknownReason::DiskChange, by, effects),
            Content::Unknown(why) => {
                for kind in Kind::ALL {
                    self.lose(
                        ListId { zone: name, layer: Layer::Permanent, kind },
                        why,
                        by,
                        effects,
                    );
                }
            }
        }
        self.read_forward_ports(name, by, effects);
        if let Some(zone) = self.zones.get_mut(name) {
            zone.learn_shipped();
            if let Some(permanent) = &mut zone.permanent {
                permanent.explain(not_logged);
            }
        }
        let Some(permanent) = self.zones.get(name).and_then(|zone: &Zone| zone.permanent.clone())
        else {
            return;
        };
        for kind in Kind::ALL {
            self.swap(ListId { zone: name, layer: Layer::Runtime, kind }, &permanent, by, effects);
        }
        // NetworkManager binds its interfaces again, and some settings keep those that were bound.
        self.doubt(
            ListId { zone: name, layer: Layer::Runtime, kind: Kind::Interfaces },
            UnknownReason::Restart,
            by,
            effects,
        );
    }
}
