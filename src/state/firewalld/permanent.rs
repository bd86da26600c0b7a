//! The permanent layer: commits, and what the file watcher says.

use super::Firewalld;
use super::edit::ListId;
use super::lists::Entry;
use super::load::Phase;
use super::pending::{Pending, Request, Write};
use super::zone::{Disk, seconds};
use crate::event::Anomaly;
use crate::event::firewalld::{Edit, Kind, Layer, Place};
use crate::state::effects::Effects;
use crate::state::evidence::{Certainty, Evidence, Provenance};
use crate::state::known::{Unknown, UnknownReason};
use crate::text::Text;
use alloc::vec::Vec;

/// How long after its own write the daemon's watcher may report it. The report is due after five
/// seconds, by the stamps after six at most unless the machine is overloaded. Somebody else's write
/// in between puts it off, so a later report may be of that one. Some versions drop it at a reload.
const ECHO_SECONDS: i64 = 6;

/// How long before the watcher's report an edited file may have been read by a reload: the report
/// comes five seconds after the last of several edits.
const EDIT_SECONDS: i64 = 12;

impl Firewalld {
    /// `update('...')`: a step of the pending change, or a client that writes all settings at once.
    pub(super) fn settings_written(&mut self, object: u32, by: Evidence, effects: &mut Effects) {
        match &mut self.pending {
            Some(Pending { what: Request::Permanent { object: asked, written, .. }, .. })
                if *asked == object =>
            {
                *written = true
            }
            // Newer versions write the copy with `update2`.
            Some(Pending { what: Request::Copy { whole, .. }, .. }) => *whole = true,
            Some(Pending { what: Request::ServiceRemoval { .. }, .. }) => {}
            _ => self.ask(
                Request::Permanent { object, write: Write::Opaque { kind: None }, written: true },
                by,
                effects,
            ),
        }
    }

    /// `config.zone.N.Updated('Z')`
    pub(super) fn committed(
        &mut self,
        object: u32,
        name: &Text<'_>,
        file: Option<&Text<'static>>,
        by: Evidence,
        effects: &mut Effects,
    ) {
        if self.zone_mut(name, by, effects).is_none() {
            return;
        }
        let name = name.clone().into_owned();
        self.begin_layer(&name, Layer::Permanent, Unknown::since(UnknownReason::BeforeLog, by));
        self.learn_object(object, &name);
        match self.pending.take() {
            Some(Pending { by: asked, what: Request::Permanent { object: number, write, .. } })
                if number == object =>
            {
                self.own_write(&name, &write, by, effects);
                let support = Provenance::new(by, Certainty::Confirmed).requested_by(asked);
                self.write(&name, &write, support, effects);
            }
            Some(Pending { what: Request::Copy { zone, whole }, .. }) if zone == name => {
                self.own_write(&name, &Write::Nothing, by, effects);
                self.copy_runtime(&name, whole, by, effects);
            }
            Some(Pending { by: asked, what: Request::ServiceRemoval { mut zones } }) => {
                self.own_write(&name, &Write::Nothing, by, effects);
                zones.push(name);
                self.pending = Some(Pending { by: asked, what: Request::ServiceRemoval { zones } });
            }
            other => {
                self.pending = other;
                self.overtaken(by, effects);
                self.foreign_commit(&name, file, by, effects);
            }
        }
    }

    fn learn_object(&mut self, object: u32, name: &Text<'static>) {
        if self.objects.len() < self.limits.max_keys || self.objects.contains_key(&object) {
            self.objects.insert(object, name.clone());
        }
    }

    /// The daemon has written the zone's file out of its own view, and its watcher will see that.
    fn own_write(
        &mut self,
        name: &Text<'static>,
        write: &Write,
        by: Evidence,
        effects: &mut Effects,
    ) {
        self.written_after_died_load(name, by, effects);
        let Some(zone) = self.zones.get_mut(name) else { return };
        zone.disk = Disk::Same;
        if matches!(write, Write::Defaults) {
            // The local file is moved away, which the watcher passes over.
            zone.local = Some(false);
            zone.own_write = None;
        } else {
            zone.local = Some(true);
            zone.own_write = Some(by);
        }
    }

    /// A load that died may have emptied the daemon's view of a zone, and a write brings that to its
    /// file (1.0; newer versions refuse the change).
    pub(super) fn written_after_died_load(
        &mut self,
        name: &Text<'static>,
        by: Evidence,
        effects: &mut Effects,
    ) {
        let Some(why) = self.load_died else { return };
        for kind in Kind::ALL {
            self.lose(ListId { zone: name, layer: Layer::Permanent, kind }, why, by, effects);
        }
    }

    fn write(
        &mut self,
        name: &Text<'static>,
        write: &Write,
        support: Provenance,
        effects: &mut Effects,
    ) {
        let by = support.since;
        let spot = |kind| ListId { zone: name, layer: Layer::Permanent, kind };
        match write {
            Write::Edit { edit } => {
                let spot = spot(edit.kind());
                match edit {
                    Edit::Add { item } => match Entry::of(item, Layer::Permanent) {
                        Some(entry) => {
                            if self.holds(spot, &entry) {
                                self.lines_missing(by, effects);
                                self.learn_again(name);
                            } else if self.is_of_old(spot, &entry, edit) {
                                self.doubt(spot, UnknownReason::Gap, by, effects);
                            }
                            self.add(spot, entry, support, effects);
                        }
                        None => self.add_unresolved(spot, item, support, effects),
                    },
                    Edit::Remove { item } => match Entry::of(item, Layer::Permanent) {
                        Some(entry) => {
                            if self.lacks(spot, &entry) {
                                if !spot.kind.opens_by_itself() {
                                    return self.forget(
                                        spot,
                                        UnknownReason::Unresolved,
                                        by,
                                        effects,
                                    );
                                }
                                effects.remark(Anomaly::CloseWithoutOpen, by);
                                self.lines_missing(by, effects);
                                self.learn_again(name);
                            } else if self.is_of_old(spot, &entry, edit) {
                                return self.forget(spot, UnknownReason::Gap, by, effects);
                            }
                            self.remove(spot, &entry, by, effects);
                        }
                        None => self.forget(spot, UnknownReason::Unresolved, by, effects),
                    },
                    Edit::Replace { items, .. } => {
                        let entries: Option<Vec<Entry>> =
                            items.iter().map(|item| Entry::of(item, Layer::Permanent)).collect();
                        match entries {
                            Some(entries) => self.replace(spot, &entries, support, effects),
                            None => self.forget(spot, UnknownReason::Unresolved, by, effects),
                        }
                    }
                }
            }
            Write::Opaque { kind: Some(kind) } => {
                self.forget(spot(*kind), UnknownReason::OpaqueWrite, by, effects)
            }
            Write::Opaque { kind: None } => {
                self.forget_layer(name, Layer::Permanent, UnknownReason::OpaqueWrite, by, effects)
            }
            Write::Defaults => self.as_shipped(name, UnknownReason::OpaqueWrite, by, effects),
            Write::Nothing => {}
        }
    }

    /// Lines were found missing in the middle of a commit, which itself still holds.
    fn learn_again(&mut self, name: &Text<'static>) {
        if let Some(zone) = self.zones.get_mut(name) {
            zone.local = Some(true);
        }
    }

    /// The permanent layer becomes the shipped one, as far as that is known.
    pub(super) fn as_shipped(
        &mut self,
        name: &Text<'static>,
        why: UnknownReason,
        by: Evidence,
        effects: &mut Effects,
    ) {
        let Some(shipped) = self.zones.get(name).map(|zone| zone.shipped.clone()) else { return };
        for kind in Kind::ALL {
            let spot = ListId { zone: name, layer: Layer::Permanent, kind };
            if shipped.why_unknown(kind).is_some() {
                self.forget(spot, why, by, effects);
            } else {
                self.swap(spot, &shipped, by, effects);
            }
        }
    }

    /// The runtime layer is written as the permanent one. Empty lists are left out of what is
    /// written, and what is left out stays as it was (0.9 to 2.5), unless the `whole` is written (up
    /// to 0.7).
    fn copy_runtime(
        &mut self,
        name: &Text<'static>,
        whole: bool,
        by: Evidence,
        effects: &mut Effects,
    ) {
        let Some(runtime) = self.lists(name, Layer::Runtime).cloned() else {
            return self.forget_layer(
                name,
                Layer::Permanent,
                UnknownReason::OpaqueWrite,
                by,
                effects,
            );
        };
        for kind in Kind::ALL {
            let spot = ListId { zone: name, layer: Layer::Permanent, kind };
            match kind {
                // Interfaces that NetworkManager manages are left out.
                Kind::Interfaces | Kind::Target => {
                    self.forget(spot, UnknownReason::OpaqueWrite, by, effects)
                }
                // The switch is always written.
                Kind::Masquerade => self.swap(spot, &runtime, by, effects),
                // Left out only if the runtime list is empty indeed.
                _ if runtime.is_empty(kind) && !whole => {
                    if let Some(assumed) = runtime.assumed(kind) {
                        self.rest_on(spot, assumed, effects);
                    }
                }
                _ => self.swap(spot, &runtime, by, effects),
            }
        }
    }

    /// A commit that no request led to.
    fn foreign_commit(
        &mut self,
        name: &Text<'static>,
        file: Option<&Text<'static>>,
        by: Evidence,
        effects: &mut Effects,
    ) {
        let watched = file == Some(name);
        let Some(zone) = self.zones.get_mut(name) else { return };
        if watched && zone.disk == Disk::Same {
            // The watcher's echo of our own write: nothing new but that the file was read.
            return self.read_forward_ports(name, by, effects);
        }
        zone.disk = Disk::Same;
        if watched {
            zone.local = Some(true);
            effects.remark(Anomaly::FilesEdited, by);
        }
        let why = if watched { UnknownReason::DiskChange } else { UnknownReason::OpaqueWrite };
        self.forget_layer(name, Layer::Permanent, why, by, effects);
    }

    /// `Loading zone file '...'`, outside of a load: the file watcher.
    pub(super) fn zone_file(
        &mut self,
        name: &Text<'_>,
        place: Place,
        by: Evidence,
        effects: &mut Effects,
    ) {
        if self.load_lists_file(name, place) {
            return;
        }
        let name = name.clone().into_owned();
        self.file = Some(name.clone());
        // Also of a zone that was not heard of before: what is stated of it later is the daemon's
        // view, not the disk's.
        let Some(zone) = self.zone_mut(&name, by, effects) else { return };
        if place == Place::Shipped {
            // Another package version, maybe: the shipped content is not known any more.
            zone.shipped =
                super::lists::Lists::unknown(Unknown::since(UnknownReason::DiskChange, by));
            if zone.local == Some(true) {
                return;
            }
        }
        let written = zone.own_write.take();
        let due = written
            .and_then(|written| seconds(written, by))
            .is_some_and(|seconds| (0..=ECHO_SECONDS).contains(&seconds));
        if due && place == Place::Local {
            return;
        }
        zone.disk = Disk::Changed { why: Unknown::since(UnknownReason::DiskChange, by) };
        self.read_early(&name, by, effects);
    }

    /// A file was edited before the watcher saw it: a reload in between may have read it already.
    fn read_early(&mut self, name: &Text<'static>, by: Evidence, effects: &mut Effects) {
        let Some(loaded) = self.zones.get(name).and_then(|zone| zone.loaded) else { return };
        if seconds(loaded, by).is_some_and(|seconds| seconds > EDIT_SECONDS) {
            return;
        }
        for layer in Layer::ALL {
            self.forget_layer(name, layer, UnknownReason::DiskChange, by, effects);
        }
    }

    /// `Failed to load zone file '...'`
    pub(super) fn zone_file_broken(
        &mut self,
        name: &Text<'_>,
        by: Evidence,
        effects: &mut Effects,
    ) {
        if self.load_lists_broken(name) {
            return;
        }
        let Some(zone) = self.zone_mut(name, by, effects) else { return };
        zone.disk = Disk::Changed { why: Unknown::since(UnknownReason::DiskChange, by) };
        let name = name.clone().into_owned();
        self.read_early(&name, by, effects);
    }

    pub(super) fn zone_removed(
        &mut self,
        object: u32,
        name: &Text<'_>,
        by: Evidence,
        effects: &mut Effects,
    ) {
        if matches!(&self.pending, Some(Pending { what: Request::Removal, .. })) {
            self.pending = None;
        } else {
            self.overtaken(by, effects);
        }
        self.objects.remove(&object);
        let name = name.clone().into_owned();
        self.end_layer(&name, Layer::Permanent, by, effects);
        if let Some(zone) = self.zones.get_mut(&name) {
            zone.own_write = None;
            zone.disk = Disk::Same;
        }
    }

    pub(super) fn zone_renamed(
        &mut self,
        object: u32,
        name: &Text<'_>,
        by: Evidence,
        effects: &mut Effects,
    ) {
        if matches!(&self.pending, Some(Pending { what: Request::Rename, .. })) {
            self.pending = None;
        } else {
            self.overtaken(by, effects);
        }
        let name = name.clone().into_owned();
        let old = self.objects.get(&object).cloned();
        self.learn_object(object, &name);
        let Some(old) = old.filter(|old| *old != name) else {
            // Which zone had the number is not known, so any of them may be the one that is gone.
            self.forget_all(Layer::Permanent, UnknownReason::BeforeLog, by, effects);
            return;
        };
        if self.new_zone(&name, by, effects).is_none() {
            return;
        }
        let Some(lists) = self.lists(&old, Layer::Permanent).cloned() else { return };
        for kind in Kind::ALL {
            self.swap(ListId { zone: &name, layer: Layer::Permanent, kind }, &lists, by, effects);
        }
        self.end_layer(&old, Layer::Permanent, by, effects);
        self.own_write(&name, &Write::Nothing, by, effects);
    }

    /// A zone that the permanent layer has from now on, and the runtime layer has not yet.
    fn new_zone(
        &mut self,
        name: &Text<'static>,
        by: Evidence,
        effects: &mut Effects,
    ) -> Option<()> {
        if !self.zones.contains_key(name) {
            self.zone_mut(name, by, effects)?;
            self.end_layer(name, Layer::Runtime, by, effects);
        }
        self.begin_layer(name, Layer::Permanent, Unknown::since(UnknownReason::OpaqueWrite, by));
        Some(())
    }

    pub(super) fn new_zone_asked(&mut self, name: &Text<'_>, by: Evidence, effects: &mut Effects) {
        // A zone that only the runtime layer has is made by the same method when it is copied.
        if !matches!(&self.pending, Some(Pending { what: Request::Copy { zone, .. }, .. }) if zone == name)
        {
            self.ask(Request::NewZone { zone: name.clone().into_owned() }, by, effects);
        }
    }

    /// `config.ZoneAdded('Z')`
    pub(super) fn zone_listed(
        &mut self,
        name: &Text<'_>,
        object: Option<u32>,
        file: Option<&Text<'static>>,
        by: Evidence,
        effects: &mut Effects,
    ) {
        let name = name.clone().into_owned();
        if let Some(number) = self.load_lists_zone(&name, object) {
            self.learn_object(number, &name);
            if matches!(self.phase, Phase::Started) && self.zone_mut(&name, by, effects).is_some() {
                for layer in Layer::ALL {
                    let not_logged = Unknown::since(UnknownReason::FilesNotLogged, by);
                    self.begin_layer(&name, layer, not_logged);
                }
            }
            return;
        }
        if let Some(object) = object {
            self.learn_object(object, &name);
        }
        let asked = matches!(
            self.pending.as_ref().map(|pending| &pending.what),
            Some(Request::NewZone { zone } | Request::Copy { zone, .. }) if *zone == name
        );
        let request = if asked { self.pending.take().map(|pending| pending.what) } else { None };
        self.overtaken(by, effects);
        if !asked && file != Some(&name) && !self.zones.contains_key(&name) {
            // Nobody made it here: the log begins in the list of a load, and of its content nothing
            // is known in either layer.
            self.zone_mut(&name, by, effects);
            return;
        }
        if self.new_zone(&name, by, effects).is_none() {
            return;
        }
        match request {
            Some(Request::Copy { .. }) => {
                // What is left out as empty is empty in a new zone.
                self.own_write(&name, &Write::Nothing, by, effects);
                if let Some(runtime) = self.lists(&name, Layer::Runtime).cloned() {
                    for kind in Kind::ALL
                        .into_iter()
                        .filter(|kind| !matches!(kind, Kind::Interfaces | Kind::Target))
                    {
                        self.swap(
                            ListId { zone: &name, layer: Layer::Permanent, kind },
                            &runtime,
                            by,
                            effects,
                        );
                    }
                }
            }
            _ => {
                // The settings that a client gives to a new zone are not logged, nor is the content
                // of a new file.
                let why = if file == Some(&name) {
                    effects.remark(Anomaly::FilesEdited, by);
                    UnknownReason::DiskChange
                } else {
                    UnknownReason::OpaqueWrite
                };
                self.forget_layer(&name, Layer::Permanent, why, by, effects);
                self.own_write(&name, &Write::Nothing, by, effects);
            }
        }
    }

    /// `config.service.N.Removed('S')`
    pub(super) fn service_removed(
        &mut self,
        service: &Text<'_>,
        by: Evidence,
        effects: &mut Effects,
    ) {
        let Some(Pending { what: Request::ServiceRemoval { zones }, .. }) = self.pending.take()
        else {
            return;
        };
        let entry = Entry::Name(service.clone().into_owned());
        for zone in &zones {
            self.remove(
                ListId { zone, layer: Layer::Permanent, kind: Kind::Services },
                &entry,
                by,
                effects,
            );
        }
    }
}
