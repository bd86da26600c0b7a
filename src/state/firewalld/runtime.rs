//! Signals of the runtime layer.

use super::edit::ListId;
use super::lists::Entry;
use super::pending::{Asker, Pending, Request};
use super::timers::SignalMeaning;
use super::zone::seconds;
use super::{DefaultZone, Firewalld};
use crate::event::Anomaly;
use crate::event::firewalld::{Edit, Item, Kind, Layer};
use crate::state::change::Change;
use crate::state::effects::Effects;
use crate::state::evidence::{Certainty, Evidence, Provenance};
use crate::state::known::UnknownReason;
use crate::text::Text;
use alloc::vec::Vec;

/// How long after a failure of the back end the signal of the timer comes whose removal it may
/// have been: both fall due in the same second.
const FAILURE_SECONDS: i64 = 2;

impl Firewalld {
    /// The pending request, if it is one that this signal answers. Any other request stays without
    /// an answer.
    fn answered(
        &mut self,
        edit: &Edit<'static>,
        zone: &Text<'_>,
        by: Evidence,
        effects: &mut Effects,
    ) -> Option<Pending> {
        let fits = |pending: &Pending| match &pending.what {
            Request::Runtime { zone: asked, edit: wanted, .. } => {
                wanted == edit && (asked.is_empty() || asked == zone)
            }
            _ => false,
        };
        if self.pending.as_ref().is_some_and(fits) {
            let request = self.pending.take();
            self.learn_default_zone(request.as_ref(), edit, zone);
            return request;
        }
        self.overtaken(by, effects);
        None
    }

    /// A request without the name of a zone is about the default zone, and its signal names that:
    /// `zone.addPort('', '8080', 'tcp')`, then `zone.PortAdded('public', '8080', 'tcp', 0)`.
    fn learn_default_zone(
        &mut self,
        request: Option<&Pending>,
        edit: &Edit<'static>,
        zone: &Text<'_>,
    ) {
        let unnamed = matches!(
            request,
            Some(Pending { what: Request::Runtime { zone: asked, .. }, .. }) if asked.is_empty()
        );
        let is_unknown = matches!(self.default_zone, DefaultZone::Unknown { .. });
        if unnamed && is_unknown && !zone.is_empty() && !self.is_forged(edit.kind()) {
            self.default_zone = DefaultZone::Known { zone: zone.clone().into_owned() };
        }
    }

    /// The zone that a signal means; those of rich rules repeat the empty name of the request.
    fn one_meant(&self, zone: &Text<'_>) -> Option<Text<'static>> {
        let meant = self.meant(&zone.clone().into_owned());
        match meant.as_slice() {
            [one] => Some(one.clone()),
            _ => None,
        }
    }

    /// An unnamed zone that is not known: the lists of all zones are uncertain.
    fn anywhere(&mut self, kind: Kind, by: Evidence, effects: &mut Effects) {
        let names: Vec<Text<'static>> = self.zones.keys().cloned().collect();
        for zone in &names {
            self.forget(
                ListId { zone, layer: Layer::Runtime, kind },
                UnknownReason::Unresolved,
                by,
                effects,
            );
        }
    }

    pub(super) fn added(
        &mut self,
        zone: &Text<'_>,
        item: &Item<'_>,
        timeout: u32,
        by: Evidence,
        effects: &mut Effects,
    ) {
        let item = item.clone().into_owned();
        let kind = item.kind();
        let request = self.answered(&Edit::Add { item: item.clone() }, zone, by, effects);
        if kind.opens_by_itself() {
            self.wholeness.added(request.is_some());
        }
        let support = match &request {
            Some(request) => Provenance::new(by, Certainty::Confirmed).requested_by(request.by),
            None => {
                effects.remark(Anomaly::SignalWithoutRequest, by);
                Provenance::new(by, Certainty::Reported)
            }
        };
        let Some(zone) = self.one_meant(zone) else { return self.anywhere(kind, by, effects) };
        let known = self.zone_mut(&zone, by, effects).is_some();
        if !known {
            return;
        }
        self.begin_layer(&zone, Layer::Runtime, crate::state::known::Unknown::BEFORE_LOG);
        let spot = ListId { zone: &zone, layer: Layer::Runtime, kind };
        if request.is_some() && self.is_forged(kind) {
            effects.remark(Anomaly::FalseSignal, by);
            return self.doubt(spot, UnknownReason::DoubtfulSignal, by, effects);
        }
        let Some(entry) = Entry::of(&item, Layer::Runtime) else {
            return self.add_unresolved(spot, &item, support, effects);
        };
        if request.is_some() && self.holds(spot, &entry) {
            // What is there already is refused, so what was held before was not true any more.
            self.lines_missing(by, effects);
        } else if self.is_of_old(spot, &entry, &Edit::Add { item: item.clone() }) {
            self.doubt(spot, UnknownReason::Gap, by, effects);
        }
        if matches!(kind, Kind::Interfaces | Kind::Sources) {
            // Each belongs to one zone at most.
            let others: Vec<Text<'static>> =
                self.zones.keys().filter(|other| **other != zone).cloned().collect();
            for other in &others {
                // Which of the others had it, if any, is told by none of the lines.
                let gone = self.take(ListId { zone: other, ..spot }, &entry);
                effects
                    .changes
                    .extend(gone.into_iter().map(|opening| Change::Closed { opening, by }));
            }
        }
        self.add(spot, entry, support, effects);
        if timeout > 0 {
            if self.timers.len() >= self.limits.max_keys {
                effects.remark(Anomaly::LimitReached, by);
                self.doubt(spot, UnknownReason::Limit, by, effects);
            } else {
                self.timers.set(&zone, item, by, timeout);
            }
        }
    }

    pub(super) fn removed(
        &mut self,
        zone: &Text<'_>,
        item: &Item<'_>,
        by: Evidence,
        effects: &mut Effects,
    ) {
        let item = item.clone().into_owned();
        let kind = item.kind();
        let request = self.answered(&Edit::Remove { item: item.clone() }, zone, by, effects);
        let Some(zone) = self.one_meant(zone) else { return self.anywhere(kind, by, effects) };
        let spot = ListId { zone: &zone, layer: Layer::Runtime, kind };
        let Some(entry) = Entry::of(&item, Layer::Runtime) else {
            self.forget(spot, UnknownReason::Unresolved, by, effects);
            return;
        };
        match request.map(|request| request.what) {
            Some(Request::Runtime { .. }) if self.is_forged(kind) => {
                effects.remark(Anomaly::FalseSignal, by);
                self.maybe_gone(spot, &entry, by, effects);
            }
            Some(Request::Runtime { from, .. }) => {
                if from == Asker::Client {
                    self.timers.ended(&zone, &item);
                }
                if self.lacks(spot, &entry) {
                    if !kind.opens_by_itself() {
                        // The same rule may stand here in other words.
                        return self.forget(spot, UnknownReason::Unresolved, by, effects);
                    }
                    effects.remark(Anomaly::CloseWithoutOpen, by);
                    return self.lines_missing(by, effects);
                }
                if self.is_of_old(spot, &entry, &Edit::Remove { item: item.clone() }) {
                    return self.forget(spot, UnknownReason::Gap, by, effects);
                }
                self.remove(spot, &entry, by, effects);
            }
            _ => self.run_out(spot, &item, &entry, by, effects),
        }
    }

    /// True if request and signal stand side by side although this daemon prints the steps between
    /// them.
    const fn is_forged(&self, kind: Kind) -> bool {
        kind.opens_by_itself() && self.steps.are_missing()
    }

    /// A removal signal that no one asked for: a timer's.
    fn run_out(
        &mut self,
        spot: ListId<'_>,
        item: &Item<'static>,
        entry: &Entry,
        by: Evidence,
        effects: &mut Effects,
    ) {
        let mut worth = self.timers.fired(spot.zone, item);
        if worth == SignalMeaning::NoTimer {
            effects.remark(Anomaly::SignalWithoutRequest, by);
        }
        // The removal is tried in silence, and the signal comes even if it failed (2.3.3, 2.3.4,
        // and since 2.4.1).
        let failed = self.backend_failed.is_some_and(|failed| {
            seconds(failed, by).is_none_or(|seconds| seconds <= FAILURE_SECONDS)
        });
        let stepped = self.steps.of_timer && !self.timers.others_due(spot.zone, item, by);
        worth = match worth {
            SignalMeaning::Real if failed => SignalMeaning::Doubtful,
            // A removal that is done prints its steps; one that does not take place prints none.
            SignalMeaning::Doubtful if stepped && !failed => SignalMeaning::Real,
            worth => worth,
        };
        let Some(lists) = self.lists(spot.zone, spot.layer) else { return };
        let known = lists.why_unknown(spot.kind).is_none();
        match worth {
            SignalMeaning::False => effects.remark(Anomaly::FalseSignal, by),
            SignalMeaning::Real => {
                // The removal of a port is refused, in silence, unless it lies inside one of the
                // daemon's ranges.
                let inside = match (entry, lists.port_set(spot.kind)) {
                    (Entry::Port(port), Some(set)) if known => {
                        (!set.is_ragged(*port)).then(|| set.inside_one(*port))
                    }
                    _ => Some(true),
                };
                match inside {
                    Some(true) => self.remove(spot, entry, by, effects),
                    Some(false) if !stepped => {
                        effects.remark(Anomaly::FalseSignal, by);
                        self.timers.refused(spot.zone, item.clone(), by);
                    }
                    Some(false) | None => self.maybe_gone(spot, entry, by, effects),
                }
            }
            SignalMeaning::Doubtful | SignalMeaning::NoTimer => {
                self.maybe_gone(spot, entry, by, effects)
            }
        }
    }

    /// It may be gone or still there; if it was not there at all, nothing changes either way.
    fn maybe_gone(&mut self, spot: ListId<'_>, entry: &Entry, by: Evidence, effects: &mut Effects) {
        if self.lacks(spot, entry) {
            return;
        }
        let why = UnknownReason::DoubtfulSignal;
        self.doubt(spot, why, by, effects);
        let gone = self.take(spot, entry);
        effects.changes.extend(gone.into_iter().map(|opening| Change::Uncertain {
            opening,
            why,
            by,
        }));
    }

    pub(super) fn settings_changed(
        &mut self,
        zone: &Text<'_>,
        settings: Option<&[(Kind, Vec<Item<'_>>)]>,
        by: Evidence,
        effects: &mut Effects,
    ) {
        let asked = match &self.pending {
            Some(Pending { what: Request::Settings { zone: asked }, .. })
                if asked.is_empty() || asked == zone =>
            {
                self.pending.take()
            }
            _ => None,
        };
        if asked.is_none() {
            self.overtaken(by, effects);
        }
        let Some(zone) = self.one_meant(zone) else {
            return Kind::ALL.into_iter().for_each(|kind| self.anywhere(kind, by, effects));
        };
        if self.zone_mut(&zone, by, effects).is_none() {
            return;
        }
        self.begin_layer(&zone, Layer::Runtime, crate::state::known::Unknown::BEFORE_LOG);
        let Some(settings) = settings else {
            return self.forget_layer(
                &zone,
                Layer::Runtime,
                UnknownReason::OpaqueWrite,
                by,
                effects,
            );
        };
        let support = match &asked {
            Some(request) => Provenance::new(by, Certainty::Confirmed).requested_by(request.by),
            None => {
                effects.remark(Anomaly::SignalWithoutRequest, by);
                Provenance::new(by, Certainty::Reported)
            }
        };
        for kind in Kind::ALL {
            let spot = ListId { zone: &zone, layer: Layer::Runtime, kind };
            match settings.iter().find(|(named, _)| *named == kind) {
                Some((_, items)) => {
                    self.timers.invalidate(Some((&zone, kind)));
                    let entries: Option<Vec<Entry>> =
                        items.iter().map(|item| Entry::of(item, Layer::Runtime)).collect();
                    match entries {
                        Some(entries) => self.replace(spot, &entries, support, effects),
                        None => self.forget(spot, UnknownReason::Unresolved, by, effects),
                    }
                }
                // When settings for a time run out (2.x), all settings are printed but the empty
                // ones.
                None if asked.is_none()
                    && !self
                        .lists(&zone, Layer::Runtime)
                        .is_some_and(|lists| lists.is_empty(kind)) =>
                {
                    self.forget(spot, UnknownReason::DoubtfulSignal, by, effects);
                }
                None => {}
            }
        }
    }

    /// True if a refusal cannot be: of an addition, because nothing of it is there; of a removal,
    /// because exactly it is there.
    pub(super) fn contradicts_refusal(
        &self,
        zone: &Text<'static>,
        layer: Layer,
        edit: &Edit<'static>,
    ) -> bool {
        let spot = ListId { zone, layer, kind: edit.kind() };
        match edit {
            Edit::Add { item } => Entry::of(item, layer).is_some_and(|entry| match &entry {
                Entry::Port(port) => self.list_of_ports(spot).is_some_and(|set| !set.covers(*port)),
                Entry::Name(_) => spot.kind.opens_by_itself() && self.lacks(spot, &entry),
            }),
            Edit::Remove { item } => {
                Entry::of(item, layer).is_some_and(|entry| self.holds(spot, &entry))
            }
            Edit::Replace { .. } => false,
        }
    }

    /// True if versions since 0.9 would have refused what was done: an addition inside a range, or
    /// a removal across borders. Older versions keep such entries side by side, and what is
    /// open is not their union after a removal.
    pub(super) fn is_of_old(&self, spot: ListId<'_>, entry: &Entry, edit: &Edit<'static>) -> bool {
        let (Entry::Port(port), Some(set)) = (entry, self.list_of_ports(spot)) else {
            return false;
        };
        !set.is_ragged(*port) && set.inside_one(*port) == matches!(edit, Edit::Add { .. })
    }

    fn list_of_ports(&self, spot: ListId<'_>) -> Option<&super::ports::PortSet> {
        self.lists(spot.zone, spot.layer)?.port_set(spot.kind).filter(|set| set.unknown.is_none())
    }

    /// True if the list is known, and the daemon lists exactly this.
    pub(super) fn holds(&self, spot: ListId<'_>, entry: &Entry) -> bool {
        // Of rules the daemon compares the meaning and not the text, and bindings are made in other
        // ways, too.
        if !spot.kind.opens_by_itself() {
            return false;
        }
        match entry {
            Entry::Port(port) => self.list_of_ports(spot).is_some_and(|set| set.lists(*port)),
            Entry::Name(name) => self
                .lists(spot.zone, spot.layer)
                .and_then(|lists| lists.name_set(spot.kind))
                .is_some_and(|set| set.unknown.is_none() && set.contains(name)),
        }
    }

    /// True if the list is known, and nothing of this is in it.
    pub(super) fn lacks(&self, spot: ListId<'_>, entry: &Entry) -> bool {
        match entry {
            Entry::Port(port) => self.list_of_ports(spot).is_some_and(|set| set.lacks(*port)),
            Entry::Name(name) => self
                .lists(spot.zone, spot.layer)
                .and_then(|lists| lists.name_set(spot.kind))
                .is_some_and(|set| set.unknown.is_none() && !set.contains(name)),
        }
    }
}
