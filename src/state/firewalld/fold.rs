//! The fold: one event at a time, in the order of the log.

use super::edit::ListId;
use super::lists::Entry;
use super::load::Phase;
use super::pending::{Asker, Pending, Request, Write};
use super::zone::Disk;
use super::{DefaultZone, Firewalld, facts, wholeness};
use crate::event::firewalld::{Edit, Event, Kind, Layer, Severity};
use crate::event::{Anomaly, Source, journal};
use crate::state::change::Change;
use crate::state::effects::Effects;
use crate::state::evidence::{Evidence, Provenance};
use crate::state::known::{Unknown, UnknownReason};
use crate::state::opening::Scope;
use crate::text::Text;
use alloc::format;
use alloc::vec::Vec;

/// True for the codes of errors that are found before anything is changed.
fn is_of_check(code: &Text<'_>) -> bool {
    let known = ["ACCESS_DENIED", "PANIC_MODE", "RUNNING_BUT_FAILED", "ZONE_ALREADY_SET"];
    code.as_bytes().starts_with(b"INVALID_") || known.iter().any(|known| code == known)
}

/// True for what is said in the course of a load, as `setDefaultZone` begins one without a request
/// (2.x).
const fn is_of_load(event: &Event<'_>) -> bool {
    matches!(
        event,
        Event::Flushed
            | Event::ZoneFile { .. }
            | Event::ZoneFileBroken { .. }
            | Event::ConfigurationBroken
            | Event::DefaultZoneLoaded { .. }
            | Event::DefaultZoneChanged { .. }
            | Event::TransactionStep
            | Event::Refused { .. }
            | Event::Traceback { .. }
    )
}

impl Firewalld {
    /// Folds one event in; `by` is the line that it stands on.
    pub fn apply(&mut self, event: &Event<'_>, by: Evidence, effects: &mut Effects) {
        let (before, from) = (self.wholeness.gap(), effects.changes.len());
        self.wholeness.note(event, by);
        self.fold(event, by, effects);
        self.heard = Some(by);
        if self.wholeness.is_found_out() {
            effects.remark(Anomaly::Gap, by);
        }
        match (before, self.wholeness.gap()) {
            (_, Some(gap)) => self.tell_shown(wholeness::proves(event), gap, from, by, effects),
            (Some(_), None) => {
                self.wholeness.forget_shown();
                self.tell_all(by, effects);
            }
            (None, None) => {}
        }
    }

    /// Behind a filter the changes of this line alone are sure, and those of the line before are
    /// sure no longer; `from` counts the changes that are of other lines or programs.
    fn tell_shown(
        &mut self,
        proves: bool,
        gap: Unknown,
        from: usize,
        by: Evidence,
        effects: &mut Effects,
    ) {
        let made = effects.changes.split_off(from.min(effects.changes.len()));
        effects.changes.push(Change::BecameUnknown { scope: Scope::Firewalld, why: gap.why, by });
        self.wholeness.forget_shown();
        for change in made.into_iter().filter(|_| proves) {
            match &change {
                Change::Opened { opening, request, by, certainty } => {
                    let (request, since, certainty) = (*request, *by, *certainty);
                    self.wholeness.show(opening.clone(), Provenance { request, since, certainty });
                }
                Change::Closed { .. } => {}
                _ => continue,
            }
            effects.changes.push(change);
        }
    }

    /// The log turned out to be whole after all: what is known counts again.
    fn tell_all(&self, by: Evidence, effects: &mut Effects) {
        for (name, zone) in &self.zones {
            for layer in Layer::ALL {
                let Some(lists) = zone.layer(layer) else { continue };
                for kind in Kind::ALL {
                    if lists.why_unknown(kind).is_none() {
                        let scope = Scope::ZoneList { zone: name.clone(), layer, kind };
                        effects.changes.push(Change::BecameKnown { scope, by });
                    }
                    let held = lists.openings(kind, name, layer).into_iter();
                    effects.changes.extend(held.map(|(opening, support)| Change::Opened {
                        opening,
                        request: support.request,
                        by: support.since,
                        certainty: support.certainty,
                    }));
                }
            }
        }
        for ((layer, fact), support) in &self.facts {
            effects.changes.push(Change::Opened {
                opening: facts::opening(*layer, fact),
                request: support.request,
                by: support.since,
                certainty: support.certainty,
            });
        }
    }

    pub(super) fn fold(&mut self, event: &Event<'_>, by: Evidence, effects: &mut Effects) {
        let file = self.file.take();
        let object_read = self.object_read.take();
        self.default_zone_named &= self.is_reloading() || is_of_load(event);
        match event {
            Event::RuntimeRequest { zone, edit } => {
                let zone = zone.clone().into_owned();
                self.ask(
                    Request::Runtime { zone, edit: edit.clone().into_owned(), from: Asker::Client },
                    by,
                    effects,
                );
            }
            Event::TimerRequest { zone, item } => {
                let (zone, item) = (zone.clone().into_owned(), item.clone().into_owned());
                self.timers.asked(&zone, &item);
                self.ask(
                    Request::Runtime { zone, edit: Edit::Remove { item }, from: Asker::Timer },
                    by,
                    effects,
                );
            }
            Event::SettingsRequest { zone } => {
                self.ask(Request::Settings { zone: zone.clone().into_owned() }, by, effects)
            }
            Event::Added { zone, item, timeout } => self.added(zone, item, *timeout, by, effects),
            Event::Removed { zone, item } => self.removed(zone, item, by, effects),
            Event::SettingsChanged { zone, settings } => {
                self.settings_changed(zone, settings.as_deref(), by, effects)
            }
            Event::PermanentRequest { object, edit } => {
                self.ask_object(
                    *object,
                    Write::Edit { edit: edit.clone().into_owned() },
                    by,
                    effects,
                );
            }
            Event::OpaqueRequest { object, kind } => {
                self.ask_object(*object, Write::Opaque { kind: *kind }, by, effects)
            }
            Event::UnrelatedRequest { object } => {
                self.ask_object(*object, Write::Nothing, by, effects)
            }
            Event::DefaultsRequest { object } => {
                self.ask_object(*object, Write::Defaults, by, effects)
            }
            Event::RemovalRequest { .. } => self.ask(Request::Removal, by, effects),
            Event::RenameRequest { .. } => self.ask(Request::Rename, by, effects),
            Event::SettingsRead { .. } => self.called = true,
            Event::SettingsWrite { object } => self.settings_written(*object, by, effects),
            Event::Committed { object, zone } => {
                self.committed(*object, zone, file.as_ref(), by, effects)
            }
            Event::ZoneRemoved { object, zone } => self.zone_removed(*object, zone, by, effects),
            Event::ZoneRenamed { object, zone } => self.zone_renamed(*object, zone, by, effects),
            Event::ObjectRead { object } => {
                self.called = true;
                self.object_read = Some(*object);
            }
            Event::NewZoneRequest { zone } => self.new_zone_asked(zone, by, effects),
            Event::ZoneListed { zone } => {
                self.zone_listed(zone, object_read, file.as_ref(), by, effects)
            }
            Event::ServiceRemovalRequest => {
                self.ask(Request::ServiceRemoval { zones: Vec::new() }, by, effects)
            }
            Event::ServiceRemoved { name } => self.service_removed(name, by, effects),
            Event::ServiceChanged { name } => {
                self.overtaken(by, effects);
                self.fact(
                    Layer::Permanent,
                    Text::from(format!("service definition {name}")),
                    by,
                    effects,
                );
            }
            Event::Started => self.started(by, effects),
            Event::Stopped => self.stopped(by, effects),
            Event::ReloadRequest => self.reload_asked(by, effects),
            Event::Reloaded => self.reloaded(by, effects),
            Event::Flushed => self.flushed(by, effects),
            Event::DefaultZoneRequest { .. } => self.ask(Request::DefaultZone, by, effects),
            Event::DefaultZoneLoaded { zone } => {
                self.name_default_zone(zone);
                self.default_zone_loaded(by, effects);
            }
            Event::DefaultZoneChanged { zone } => {
                self.pending = None;
                self.name_default_zone(zone);
            }
            Event::ZoneFile { zone, place } => self.zone_file(zone, *place, by, effects),
            Event::ZoneFileBroken { zone } => self.zone_file_broken(zone, by, effects),
            Event::ConfigurationBroken => self.load_failed(),
            Event::FilesEdited => self.files_edited(by, effects),
            Event::RuntimeToPermanent => {
                self.called = true;
                self.overtaken(by, effects);
            }
            Event::ZoneCopied { zone } | Event::ZoneCreated { zone } => {
                let zone = zone.clone().into_owned();
                self.ask(Request::Copy { zone, whole: false }, by, effects);
            }
            Event::ResetToDefaults => self.reset(by, effects),
            Event::Refused { code, severity } => {
                self.heard_while_stopped(by, effects);
                self.refused(code, *severity, by, effects);
            }
            Event::Traceback { labelled } => {
                self.heard_while_stopped(by, effects);
                if core::mem::take(&mut self.default_zone_named) {
                    // Newer versions (2.x) set it by a reload, which was refused, or died.
                    self.forget_default_zone(UnknownReason::Crash, by);
                }
                self.traceback(*labelled, by, effects);
            }
            Event::Panic { on } => {
                self.pending = None;
                self.panic_mode = Some((*on, by));
            }
            Event::PolicyChanged { name, layer } => {
                // A policy that uses a service loses it in the same call as the zones do.
                if !matches!(
                    &self.pending,
                    Some(Pending { what: Request::ServiceRemoval { .. }, .. })
                ) {
                    self.overtaken(by, effects);
                }
                self.fact(*layer, Text::from(format!("policy {name}")), by, effects);
            }
            Event::PolicyRemoved { name } => {
                self.overtaken(by, effects);
                self.end_fact(Layer::Permanent, Text::from(format!("policy {name}")), by, effects);
            }
            Event::DirectAdded { rule } => {
                self.fact(Layer::Runtime, Text::from(format!("direct {rule}")), by, effects)
            }
            Event::DirectRemoved { rule } => {
                self.end_fact(Layer::Runtime, Text::from(format!("direct {rule}")), by, effects);
            }
            Event::DirectChanged => {
                self.fact(Layer::Permanent, Text::from("direct rules"), by, effects)
            }
            Event::PassthroughRequest { rule } => self.passthrough(rule, by, effects),
            Event::TransactionStep => {
                self.file = file;
                self.object_read = object_read;
                return self.steps.print();
            }
            Event::Doubtful { event } => self.doubt_line(event, by, effects),
            Event::DaemonCall { .. } | Event::ReadingCall | Event::OtherCall => {
                self.called = true;
                // In the list of a start or a reload the objects of other kinds are announced; they
                // answer nothing.
                self.overtaken(by, effects);
            }
        }
        self.steps.pass(event);
    }

    /// The default zone is named; if it is another one than before, the load that this is a part of
    /// may still take it back.
    fn name_default_zone(&mut self, zone: &Text<'_>) {
        let same =
            matches!(&self.default_zone, DefaultZone::Known { zone: known } if known == zone);
        self.default_zone_named |= !same;
        self.default_zone = DefaultZone::Known { zone: zone.clone().into_owned() };
    }

    pub(super) fn forget_default_zone(&mut self, why: UnknownReason, by: Evidence) {
        self.default_zone = DefaultZone::Unknown { why: Unknown::since(why, by) };
    }

    /// Folds in what the journal says about lines of firewalld.
    pub fn apply_journal(
        &mut self,
        event: &journal::Event<'_>,
        by: Evidence,
        effects: &mut Effects,
    ) {
        let from = effects.changes.len();
        self.fold_journal(event, by, effects);
        if let Some(gap) = self.wholeness.gap() {
            self.tell_shown(false, gap, from, by, effects);
        }
    }

    fn fold_journal(&mut self, event: &journal::Event<'_>, by: Evidence, effects: &mut Effects) {
        match event {
            // The rules are gone with the machine, and the daemon has not yet said what it loaded.
            journal::Event::Boot { .. } => self.machine_started(by, effects),
            journal::Event::BootOfOne { .. } => self.machine_may_have_started(by, effects),
            journal::Event::Suppressed { source: Some(Source::Firewalld), .. } => {
                self.lines_missing(by, effects)
            }
            journal::Event::Lost { source: Source::Firewalld } => self.lines_missing(by, effects),
            journal::Event::Missing { what, cause } if what.concerns(Source::Firewalld) => {
                self.lose_sight((*cause).into(), by, effects);
            }
            // Long texts are lost: dumps of rules, which say nothing, or the answer to a request,
            // which then stays unanswered.
            journal::Event::TextLost { source: Some(Source::Firewalld), .. } => {
                effects.remark(Anomaly::CutMessage, by)
            }
            _ => {}
        }
    }

    /// Tells that lines are missing here, so that anything may have changed.
    pub fn lines_missing(&mut self, by: Evidence, effects: &mut Effects) {
        let from = effects.changes.len();
        self.forget_everything(by, effects);
        if let Some(gap) = self.wholeness.gap() {
            self.tell_shown(false, gap, from, by, effects);
        }
    }

    /// Lines are missing, so that anything may have changed.
    fn forget_everything(&mut self, by: Evidence, effects: &mut Effects) {
        effects.remark(Anomaly::Gap, by);
        self.lose_sight(UnknownReason::Gap, by, effects);
    }

    /// Lines are missing, or their order tells nothing: anything may have changed.
    pub(in crate::state) fn lose_sight(
        &mut self,
        why: UnknownReason,
        by: Evidence,
        effects: &mut Effects,
    ) {
        self.pending = None;
        self.file = None;
        self.timers.clear();
        self.objects.clear();
        self.phase = Phase::Running;
        for layer in Layer::ALL {
            self.forget_all(layer, why, by, effects);
        }
        for zone in self.zones.values_mut() {
            zone.own_write = None;
            zone.local = None;
        }
        self.forget_default_zone(why, by);
        self.panic_mode = None;
    }

    /// An error or a warning after `stop()`: a daemon lives without `--debug`, and what it changes
    /// leaves no line.
    fn heard_while_stopped(&mut self, by: Evidence, effects: &mut Effects) {
        if matches!(self.phase, Phase::Stopped { .. } | Phase::Gone) {
            self.forget_all(Layer::Permanent, UnknownReason::Gap, by, effects);
        }
    }

    /// A client, or the daemon itself, asks for something.
    pub(super) fn ask(&mut self, what: Request, by: Evidence, effects: &mut Effects) {
        self.called = true;
        self.overtaken(by, effects);
        self.steps.in_call = false;
        self.pending = Some(Pending { by, what });
    }

    fn ask_object(&mut self, object: u32, write: Write, by: Evidence, effects: &mut Effects) {
        // The copy of a zone is written by the method that clients use, too.
        if matches!(&self.pending, Some(Pending { what: Request::Copy { .. }, .. }))
            && matches!(write, Write::Opaque { kind: None })
        {
            return;
        }
        // These write at once; the others read the settings first, and say when they write.
        let written = matches!(write, Write::Opaque { kind: None } | Write::Defaults);
        self.ask(Request::Permanent { object, write, written }, by, effects);
    }

    /// A request is followed by something that cannot follow it, so its answer is missing, and what
    /// it asked for is uncertain.
    pub(super) fn overtaken(&mut self, by: Evidence, effects: &mut Effects) {
        let Some(Pending { by: asked, what }) = self.pending.take() else { return };
        if !matches!(
            what,
            Request::Copy { .. } | Request::ServiceRemoval { .. } | Request::Passthrough { .. }
        ) {
            effects.remark(Anomaly::RequestUnanswered, asked);
        }
        self.maybe_done(what, UnknownReason::Gap, by, effects);
    }

    /// What was asked for may have been done, as a whole or in part, or not.
    fn maybe_done(
        &mut self,
        what: Request,
        why: UnknownReason,
        by: Evidence,
        effects: &mut Effects,
    ) {
        match what {
            Request::Runtime { zone, edit, .. } => {
                for zone in self.meant(&zone) {
                    self.uncertain(&zone, Layer::Runtime, &edit, why, by, effects);
                }
            }
            Request::Settings { zone } => {
                for zone in self.meant(&zone) {
                    self.forget_layer(&zone, Layer::Runtime, why, by, effects);
                }
            }
            Request::Permanent { object, write, .. } => {
                for zone in self.named_by(object) {
                    match &write {
                        Write::Edit { edit } => {
                            self.uncertain(&zone, Layer::Permanent, edit, why, by, effects)
                        }
                        Write::Opaque { kind: Some(kind) } => {
                            let spot = ListId { zone: &zone, layer: Layer::Permanent, kind: *kind };
                            self.forget(spot, why, by, effects);
                        }
                        Write::Opaque { kind: None } | Write::Defaults => {
                            self.forget_layer(&zone, Layer::Permanent, why, by, effects);
                        }
                        Write::Nothing => {}
                    }
                }
            }
            Request::Copy { zone, .. } => {
                self.forget_layer(&zone, Layer::Permanent, why, by, effects)
            }
            Request::ServiceRemoval { zones } => {
                for zone in &zones {
                    let spot = ListId { zone, layer: Layer::Permanent, kind: Kind::Services };
                    self.forget(spot, why, by, effects);
                }
            }
            Request::Removal | Request::Rename | Request::Reset => {
                self.forget_all(Layer::Permanent, why, by, effects);
                self.objects.clear();
            }
            Request::NewZone { zone } => {
                let zone = zone.clone();
                if self.zone_mut(&zone, by, effects).is_some() {
                    self.begin_layer(&zone, Layer::Permanent, Unknown::since(why, by));
                }
            }
            Request::DefaultZone => self.forget_default_zone(why, by),
            Request::Passthrough { .. } => {}
        }
    }

    /// An edit that may or may not have been made.
    fn uncertain(
        &mut self,
        zone: &Text<'static>,
        layer: Layer,
        edit: &Edit<'static>,
        why: UnknownReason,
        by: Evidence,
        effects: &mut Effects,
    ) {
        let spot = ListId { zone, layer, kind: edit.kind() };
        match edit {
            Edit::Add { .. } => self.doubt(spot, why, by, effects),
            // What is proven may be what was removed.
            Edit::Remove { .. } | Edit::Replace { .. } => self.forget(spot, why, by, effects),
        }
    }

    /// The zones that a request may mean: an empty name stands for the default zone.
    pub(super) fn meant(&self, zone: &Text<'static>) -> Vec<Text<'static>> {
        match (&self.default_zone, zone.is_empty()) {
            (_, false) => Vec::from([zone.clone()]),
            (DefaultZone::Known { zone }, true) => Vec::from([zone.clone()]),
            (DefaultZone::Unknown { .. }, true) => self.zones.keys().cloned().collect(),
        }
    }

    /// The zones that an object's number may stand for.
    fn named_by(&self, object: u32) -> Vec<Text<'static>> {
        match self.objects.get(&object) {
            Some(zone) => Vec::from([zone.clone()]),
            None => self
                .zones
                .keys()
                .filter(|zone| !self.objects.values().any(|known| known == *zone))
                .cloned()
                .collect(),
        }
    }

    /// The call ended with an error or a warning.
    fn refused(
        &mut self,
        code: &Text<'_>,
        severity: Severity,
        by: Evidence,
        effects: &mut Effects,
    ) {
        let of_state = ["ALREADY_ENABLED", "NOT_ENABLED"].iter().any(|known| code == known);
        if severity == Severity::Error && code.is_empty() && self.goes_on() {
            return;
        }
        if severity == Severity::Error && (code.is_empty() || code == "COMMAND_FAILED") {
            self.backend_failed = Some(by);
        }
        match self.pending.take() {
            Some(Pending { what: Request::Runtime { zone, edit, .. }, .. }) if of_state => {
                if let [zone] = self.meant(&zone).as_slice() {
                    self.refused_by_state(zone, Layer::Runtime, &edit, by, effects);
                }
            }
            Some(Pending {
                what: Request::Permanent { object, write: Write::Edit { edit }, .. },
                ..
            }) if of_state => {
                // After a load that died the daemon judges by a view that may be empty.
                if self.load_died.is_none()
                    && let Some(zone) = self.objects.get(&object).cloned()
                {
                    self.refused_by_state(&zone, Layer::Permanent, &edit, by, effects);
                }
            }
            // Who may, and the whole, is checked before the first part is changed; an error of
            // another sort came in between.
            Some(Pending { what: Request::Settings { zone }, .. }) if !is_of_check(code) => {
                self.half_done(&zone, by, effects);
            }
            Some(Pending { what: Request::ServiceRemoval { zones }, .. }) => {
                for zone in &zones {
                    let spot = ListId { zone, layer: Layer::Permanent, kind: Kind::Services };
                    self.forget(spot, UnknownReason::Crash, by, effects);
                }
            }
            Some(Pending { what: Request::Reset, .. }) => {
                self.forget_disk(UnknownReason::Crash, by)
            }
            // The zone is taken over before the rules are made (0.9 to 1.3).
            Some(Pending { what: Request::DefaultZone, .. }) if !is_of_check(code) => {
                self.forget_default_zone(UnknownReason::Crash, by);
            }
            Some(Pending { what: Request::Passthrough { rule }, .. }) => {
                self.passthrough_failed(rule, by, effects)
            }
            // Up to 2.3.2 a forward port's timer that finds nothing to remove prints nothing but
            // this.
            None if code == "NOT_ENABLED" && self.timers.may_warn() => {}
            None if of_state && severity == Severity::Warning && !self.called => {
                self.lines_missing(by, effects)
            }
            _ => {}
        }
        if of_state {
            self.served |= self.called;
            self.called = false;
        }
    }

    /// True if the call goes on behind an error that has no code: `ERROR: Calling pre func <...>
    /// failed: ...`, `ERROR: Backup of file '/etc/firewalld/zones/public.xml' failed: ...`. What
    /// ends a call has a code, or a traceback before it.
    const fn goes_on(&self) -> bool {
        match &self.pending {
            None | Some(Pending { what: Request::Settings { .. }, .. }) => false,
            Some(_) => true,
        }
    }

    /// The daemon refused to add what it holds, or to remove what it does not.
    fn refused_by_state(
        &mut self,
        zone: &Text<'static>,
        layer: Layer,
        edit: &Edit<'static>,
        by: Evidence,
        effects: &mut Effects,
    ) {
        if self.contradicts_refusal(zone, layer, edit) {
            self.lines_missing(by, effects);
        } else if let Edit::Add { item } = edit
            && let Some(entry) = Entry::of(item, layer)
        {
            self.confirm(ListId { zone, layer, kind: edit.kind() }, &entry, by, effects);
        }
    }

    /// The call, or the daemon, ran into an exception.
    fn traceback(&mut self, labelled: bool, by: Evidence, effects: &mut Effects) {
        if self.load_died(by, effects) {
            return;
        }
        // The code of the error, if there is one, follows in the next record.
        if matches!(&self.pending, Some(Pending { what: Request::Settings { .. }, .. }))
            || (labelled
                && matches!(&self.pending, Some(Pending { what: Request::DefaultZone, .. })))
        {
            return;
        }
        match self.pending.take().map(|pending| pending.what) {
            Some(Request::Passthrough { rule }) => self.passthrough_failed(rule, by, effects),
            // Nothing caught it, so no check found it: the file could not be written.
            Some(Request::DefaultZone) => self.forget_default_zone(UnknownReason::Crash, by),
            Some(
                what @ (Request::Permanent { written: true, .. }
                | Request::Copy { .. }
                | Request::Removal
                | Request::Rename
                | Request::NewZone { .. }),
            ) if !labelled => self.write_died(what, by, effects),
            Some(Request::ServiceRemoval { zones }) => {
                for zone in &zones {
                    let spot = ListId { zone, layer: Layer::Permanent, kind: Kind::Services };
                    self.forget(spot, UnknownReason::Crash, by, effects);
                }
            }
            Some(Request::Reset) => self.forget_disk(UnknownReason::Crash, by),
            _ => {}
        }
    }

    /// A file could not be written, or not to its end: the daemon's view may have changed, and what
    /// the disk holds is not known.
    fn write_died(&mut self, what: Request, by: Evidence, effects: &mut Effects) {
        let zones = match &what {
            Request::Permanent { object, .. } => self.named_by(*object),
            Request::Copy { zone, .. } | Request::NewZone { zone } => Vec::from([zone.clone()]),
            _ => self.zones.keys().cloned().collect(),
        };
        self.maybe_done(what, UnknownReason::Crash, by, effects);
        for name in &zones {
            self.written_after_died_load(name, by, effects);
            if let Some(zone) = self.zones.get_mut(name) {
                zone.disk = Disk::Changed { why: Unknown::since(UnknownReason::Crash, by) };
            }
        }
    }

    /// Several settings of a zone were to be changed, and only some were.
    fn half_done(&mut self, zone: &Text<'static>, by: Evidence, effects: &mut Effects) {
        for zone in self.meant(zone) {
            self.forget_layer(&zone, Layer::Runtime, UnknownReason::OpaqueWrite, by, effects);
        }
    }
}
