//! The changes of lists, each with its effects and its count against the limit of keys.

use super::Firewalld;
use super::lists::{Entry, List, Lists, name_opening, port_opening};
use super::zone::Zone;
use crate::event::Anomaly;
use crate::event::firewalld::{Item, Kind, Layer};
use crate::state::change::Change;
use crate::state::effects::Effects;
use crate::state::evidence::{Assumed, Certainty, Evidence, Provenance};
use crate::state::known::{Unknown, UnknownReason};
use crate::state::opening::{Opening, Scope};
use crate::text::Text;
use alloc::vec::Vec;

/// A list of a layer of a zone.
#[derive(Debug, Clone, Copy)]
pub(super) struct ListId<'z> {
    pub(super) zone: &'z Text<'static>,
    pub(super) layer: Layer,
    pub(super) kind: Kind,
}

impl ListId<'_> {
    fn scope(self) -> Scope {
        Scope::ZoneList { zone: self.zone.clone(), layer: self.layer, kind: self.kind }
    }
}

fn opened(opening: Opening, support: Provenance) -> Change {
    Change::Opened {
        opening,
        request: support.request,
        by: support.since,
        certainty: support.certainty,
    }
}

impl Firewalld {
    /// The zone, made up of unknown lists if it was not heard of; `None` if that is over the limit.
    pub(super) fn zone_mut(
        &mut self,
        name: &Text<'_>,
        by: Evidence,
        effects: &mut Effects,
    ) -> Option<&mut Zone> {
        let name = name.clone().into_owned();
        if !self.zones.contains_key(&name) {
            let zone = Zone::unknown(self.unheard.runtime, self.unheard.permanent);
            let weight = zone.weight();
            if self.keys.saturating_add(weight) > self.limits.max_keys {
                effects.remark(Anomaly::LimitReached, by);
                return None;
            }
            self.keys = self.keys.saturating_add(weight);
            self.zones.insert(name.clone(), zone);
        }
        self.zones.get_mut(&name)
    }

    pub(super) fn lists(&self, zone: &Text<'_>, layer: Layer) -> Option<&Lists> {
        self.zones.get(zone.as_bytes())?.layer(layer)
    }

    /// Runs a change of the lists of a layer and keeps the count of keys.
    fn with_lists<T>(
        &mut self,
        spot: ListId<'_>,
        change: impl FnOnce(&mut Lists) -> T,
    ) -> Option<T> {
        let lists = self.zones.get_mut(spot.zone)?.layer_mut(spot.layer).as_mut()?;
        let before = lists.weight(spot.kind);
        let out = change(lists);
        let after = lists.weight(spot.kind);
        self.keys = self.keys.saturating_sub(before).saturating_add(after);
        Some(out)
    }

    /// Adds an entry.
    pub(super) fn add(
        &mut self,
        spot: ListId<'_>,
        entry: Entry,
        support: Provenance,
        effects: &mut Effects,
    ) {
        if self.keys.saturating_add(entry.weight()) > self.limits.max_keys {
            effects.remark(Anomaly::LimitReached, support.since);
            self.forget(spot, UnknownReason::Limit, support.since, effects);
            return;
        }
        let ListId { zone, layer, kind } = spot;
        let new = self.with_lists(spot, |lists| match entry {
            Entry::Port(port) => {
                let new =
                    lists.port_set_mut(kind).map(|set| set.add(port, support)).unwrap_or_default();
                new.into_iter().map(|port| port_opening(port, zone, layer, kind)).collect()
            }
            Entry::Name(name) => {
                let new =
                    lists.name_set_mut(kind).is_some_and(|set| set.add(name.clone(), support));
                if new { Vec::from([name_opening(&name, zone, layer, kind)]) } else { Vec::new() }
            }
        });
        effects
            .changes
            .extend(new.unwrap_or_default().into_iter().map(|opening| opened(opening, support)));
    }

    /// Takes an entry out of a list, and gives back what was held of it.
    pub(super) fn take(&mut self, spot: ListId<'_>, entry: &Entry) -> Vec<Opening> {
        let ListId { zone, layer, kind } = spot;
        let gone = self.with_lists(spot, |lists| match entry {
            Entry::Port(port) => {
                let gone =
                    lists.port_set_mut(kind).map(|set| set.remove(*port)).unwrap_or_default();
                gone.into_iter().map(|port| port_opening(port, zone, layer, kind)).collect()
            }
            Entry::Name(name) => {
                let gone = lists.name_set_mut(kind).is_some_and(|set| set.remove(name));
                let opening = name_opening(name, zone, layer, kind);
                // Another spelling of the same may still be there.
                let still = lists.openings(kind, zone, layer).iter().any(|(o, _)| *o == opening);
                if gone && !still { Vec::from([opening]) } else { Vec::new() }
            }
        });
        gone.unwrap_or_default()
    }

    /// Removes an entry, as the log says it was.
    pub(super) fn remove(
        &mut self,
        spot: ListId<'_>,
        entry: &Entry,
        by: Evidence,
        effects: &mut Effects,
    ) {
        let ListId { zone, layer, kind } = spot;
        let mut gone = self.take(spot, entry);
        if gone.is_empty()
            && self.lists(zone, layer).is_some_and(|lists| lists.why_unknown(kind).is_some())
        {
            // Of an unknown list it shows that it was open until here.
            gone.push(match entry {
                Entry::Port(port) => port_opening(*port, zone, layer, kind),
                Entry::Name(name) => name_opening(name, zone, layer, kind),
            });
        }
        effects.changes.extend(gone.into_iter().map(|opening| Change::Closed { opening, by }));
    }

    /// Makes a list exactly these entries.
    pub(super) fn replace(
        &mut self,
        spot: ListId<'_>,
        entries: &[Entry],
        support: Provenance,
        effects: &mut Effects,
    ) {
        let weight: usize = entries.iter().map(Entry::weight).sum();
        if self.keys.saturating_add(weight) > self.limits.max_keys {
            effects.remark(Anomaly::LimitReached, support.since);
            self.forget(spot, UnknownReason::Limit, support.since, effects);
            return;
        }
        let Some(mut lists) = self.lists(spot.zone, spot.layer).cloned() else { return };
        if let Some(set) = lists.port_set_mut(spot.kind) {
            let ports = entries
                .iter()
                .filter_map(|entry| if let Entry::Port(port) = entry { Some(*port) } else { None });
            set.replace(ports, support);
        } else if let Some(set) = lists.name_set_mut(spot.kind) {
            let names = entries.iter().filter_map(|entry| {
                if let Entry::Name(name) = entry { Some(name.clone()) } else { None }
            });
            set.replace(names, support);
        }
        self.swap(spot, &lists, support.since, effects);
    }

    /// Takes over a list from other lists. What was there before is open since its own line, all
    /// else since this one.
    pub(super) fn swap(
        &mut self,
        spot: ListId<'_>,
        from: &Lists,
        by: Evidence,
        effects: &mut Effects,
    ) {
        let Some(old) = self.lists(spot.zone, spot.layer) else { return };
        let kind = spot.kind;
        let mut new = Lists::unknown(Unknown::BEFORE_LOG);
        new.copy(kind, from);
        new.inherit_provenance(kind, old, by);
        compare(spot, old, &new, by, effects);
        self.with_lists(spot, |lists| lists.copy(kind, &new));
    }

    /// Nothing of a list is known any more.
    pub(super) fn forget(
        &mut self,
        spot: ListId<'_>,
        why: UnknownReason,
        by: Evidence,
        effects: &mut Effects,
    ) {
        self.lose(spot, Unknown::since(why, by), by, effects);
    }

    /// The same for a reason with its own line.
    pub(super) fn lose(
        &mut self,
        spot: ListId<'_>,
        why: Unknown,
        by: Evidence,
        effects: &mut Effects,
    ) {
        let kind = spot.kind;
        let lost = self.with_lists(spot, |lists| {
            // What is unknown already, with nothing proven, stays so for its first reason, unless
            // the new one is stronger.
            let before = lists.why_unknown(kind);
            let known = before.is_none() || lists.weight(kind) > 0;
            if known || before.is_some_and(|before| before.why.yields_to(why.why)) {
                lists.forget(kind, why);
            }
            known
        });
        if lost == Some(true) {
            effects.changes.push(Change::BecameUnknown { scope: spot.scope(), why: why.why, by });
        }
    }

    /// The content of a list is not certain any more, but what is proven to be in it stays.
    pub(super) fn doubt(
        &mut self,
        spot: ListId<'_>,
        why: UnknownReason,
        by: Evidence,
        effects: &mut Effects,
    ) {
        let ListId { zone, layer, kind } = spot;
        let Some(lists) = self.lists(zone, layer) else { return };
        if lists.why_unknown(kind).is_some() {
            return;
        }
        let kept = lists.openings(kind, zone, layer);
        self.with_lists(spot, |lists| lists.doubt(kind, Unknown::since(why, by)));
        effects.changes.push(Change::BecameUnknown { scope: spot.scope(), why, by });
        effects.changes.extend(kept.into_iter().map(|(opening, support)| opened(opening, support)));
    }

    /// All that is known of a list holds only if an assumption is true.
    pub(super) fn rest_on(&mut self, spot: ListId<'_>, assumed: Assumed, effects: &mut Effects) {
        let ListId { zone, layer, kind } = spot;
        let Some(lists) = self.lists(zone, layer) else { return };
        if lists.why_unknown(kind).is_some() && lists.weight(kind) == 0 {
            return;
        }
        self.with_lists(spot, |lists| lists.rest_on(kind, assumed));
        let Some(lists) = self.lists(zone, layer) else { return };
        let held = lists.openings(kind, zone, layer);
        effects.changes.push(Change::Assumed { scope: spot.scope(), assumed });
        effects.changes.extend(held.into_iter().map(|(opening, support)| opened(opening, support)));
    }

    /// The daemon said that it holds an entry, which makes it sure where it was only assumed.
    pub(super) fn confirm(
        &mut self,
        spot: ListId<'_>,
        entry: &Entry,
        by: Evidence,
        effects: &mut Effects,
    ) {
        let ListId { zone, layer, kind } = spot;
        let support = Provenance::new(by, Certainty::Confirmed);
        let sure = self.with_lists(spot, |lists| match entry {
            Entry::Port(port) => lists
                .port_set_mut(kind)
                .map(|set| set.confirm(*port, support))
                .unwrap_or_default()
                .into_iter()
                .map(|port| port_opening(port, zone, layer, kind))
                .collect(),
            Entry::Name(name) => {
                let sure = lists.name_set_mut(kind).is_some_and(|set| set.confirm(name, support));
                if sure { Vec::from([name_opening(name, zone, layer, kind)]) } else { Vec::new() }
            }
        });
        let sure = sure.unwrap_or_default();
        effects.changes.extend(sure.into_iter().map(|opening| opened(opening, support)));
    }

    /// Nothing of a layer of a zone is known any more.
    pub(super) fn forget_layer(
        &mut self,
        zone: &Text<'static>,
        layer: Layer,
        why: UnknownReason,
        by: Evidence,
        effects: &mut Effects,
    ) {
        for kind in Kind::ALL {
            self.forget(ListId { zone, layer, kind }, why, by, effects);
        }
    }

    /// Something was added whose port is a name that cannot be resolved here: the list is not
    /// known, but that it was added is.
    pub(super) fn add_unresolved(
        &mut self,
        spot: ListId<'_>,
        item: &Item<'_>,
        support: Provenance,
        effects: &mut Effects,
    ) {
        let by = support.since;
        self.doubt(spot, UnknownReason::Unresolved, by, effects);
        let ListId { zone, layer, kind } = spot;
        let before = self.lists(zone, layer).map(|lists| lists.openings(kind, zone, layer));
        if self.keys >= self.limits.max_keys {
            return effects.remark(Anomaly::LimitReached, by);
        }
        self.with_lists(spot, |lists| lists.add_unresolved(item, support));
        let after = self.lists(zone, layer).map(|lists| lists.openings(kind, zone, layer));
        let (before, after) = (before.unwrap_or_default(), after.unwrap_or_default());
        let new = after.into_iter().filter(|opening| !before.contains(opening));
        effects.changes.extend(new.map(|(opening, support)| opened(opening, support)));
    }

    /// The daemon has read the zone's file as its permanent layer, so forward ports are numbers
    /// there. Each is open as it was, so nothing opens or closes by that.
    pub(super) fn read_forward_ports(
        &mut self,
        zone: &Text<'static>,
        by: Evidence,
        effects: &mut Effects,
    ) {
        let spot = ListId { zone, layer: Layer::Permanent, kind: Kind::ForwardPorts };
        if self.with_lists(spot, Lists::read_forward_ports) == Some(false) {
            self.doubt(spot, UnknownReason::Unresolved, by, effects);
        }
    }

    /// Tells why a layer is unknown, where that was not known better.
    pub(super) fn explain(&mut self, layer: Layer, why: Unknown) {
        let unheard = self.unheard.of(layer);
        if unheard.why.yields_to(why.why) {
            *unheard = why;
        }
        for lists in self.zones.values_mut().filter_map(|zone| zone.layer_mut(layer).as_mut()) {
            lists.explain(why);
        }
    }

    /// Nothing of a layer is known any more, in any zone.
    pub(super) fn forget_all(
        &mut self,
        layer: Layer,
        why: UnknownReason,
        by: Evidence,
        effects: &mut Effects,
    ) {
        self.explain(layer, Unknown::since(why, by));
        let names: Vec<Text<'static>> = self.zones.keys().cloned().collect();
        for zone in &names {
            self.forget_layer(zone, layer, why, by, effects);
        }
    }

    /// A layer of a zone is there from now on, with all its lists unknown; nothing is done if it is
    /// there.
    pub(super) fn begin_layer(&mut self, name: &Text<'static>, layer: Layer, why: Unknown) {
        let Some(zone) = self.zones.get_mut(name) else { return };
        if zone.layer(layer).is_none() {
            *zone.layer_mut(layer) = Some(Lists::unknown(why));
        }
    }

    /// A layer of a zone is gone.
    pub(super) fn end_layer(
        &mut self,
        name: &Text<'static>,
        layer: Layer,
        by: Evidence,
        effects: &mut Effects,
    ) {
        let Some(zone) = self.zones.get_mut(name) else { return };
        let Some(lists) = zone.layer_mut(layer).take() else { return };
        self.keys = self.keys.saturating_sub(lists.weight_of_all());
        for kind in Kind::ALL {
            let gone = lists.openings(kind, name, layer);
            effects
                .changes
                .extend(gone.into_iter().map(|(opening, _)| Change::Closed { opening, by }));
        }
    }
}

/// The effects of one list taking the place of another.
fn compare(spot: ListId<'_>, old: &Lists, new: &Lists, by: Evidence, effects: &mut Effects) {
    let ListId { zone, layer, kind } = spot;
    let all_opened = || {
        new.openings(kind, zone, layer)
            .into_iter()
            .map(|(opening, support)| opened(opening, support))
    };
    match (old.why_unknown(kind), new.why_unknown(kind)) {
        (_, Some(why)) => {
            // What an unknown list is proven to hold may become less, too.
            if old.why_unknown(kind) != Some(why)
                || old.openings(kind, zone, layer) != new.openings(kind, zone, layer)
            {
                effects.changes.push(Change::BecameUnknown {
                    scope: spot.scope(),
                    why: why.why,
                    by,
                });
                effects.changes.extend(all_opened());
            }
        }
        (Some(_), None) => {
            effects.changes.push(Change::BecameKnown { scope: spot.scope(), by });
            effects.changes.extend(all_opened());
        }
        (None, None) => match (old.list(kind), new.list(kind)) {
            (List::Ports(old), List::Ports(new)) => {
                for (port, _) in old.iter() {
                    let gone = new.missing(port);
                    effects.changes.extend(gone.into_iter().map(|port| Change::Closed {
                        opening: port_opening(port, zone, layer, kind),
                        by,
                    }));
                }
                for (port, support) in new.iter() {
                    let come = old.missing(port);
                    effects.changes.extend(
                        come.into_iter()
                            .map(|port| opened(port_opening(port, zone, layer, kind), support)),
                    );
                }
            }
            (List::Names(old), List::Names(new)) => {
                let gone = old.iter().filter(|(name, _)| !new.contains(name));
                effects.changes.extend(gone.map(|(name, _)| Change::Closed {
                    opening: name_opening(name, zone, layer, kind),
                    by,
                }));
                let come = new.iter().filter(|(name, _)| !old.contains(name));
                effects.changes.extend(
                    come.map(|(name, support)| {
                        opened(name_opening(name, zone, layer, kind), support)
                    }),
                );
            }
            _ => {}
        },
    }
}
