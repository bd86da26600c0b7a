//! What the caller states.

use super::edit::ListId;
use super::lists::Entry;
use super::statement::Statement;
use super::{DefaultZone, Firewalld};
use crate::event::Anomaly;
use crate::event::firewalld::{Kind, Layer};
use crate::state::effects::Effects;
use crate::state::evidence::{Certainty, Evidence, Provenance};
use crate::state::known::{Unknown, UnknownReason};
use alloc::vec::Vec;

impl Firewalld {
    /// Takes what the caller states as fact from here on; `by` is the position at which it holds.
    ///
    /// What it names and the log could not tell is known from now on. What contradicts the log is
    /// remarked and taken over.
    ///
    /// Of a log that does not seem whole nothing is known behind the statement, either: a filter may
    /// have taken what came next. What is stated counts if the log turns out to be whole.
    pub fn know(&mut self, statement: &Statement, by: Evidence, effects: &mut Effects) {
        let from = effects.changes.len();
        self.take_statement(statement, by, effects);
        if self.filtered().is_some() {
            effects.changes.truncate(from);
        }
    }

    fn take_statement(&mut self, statement: &Statement, by: Evidence, effects: &mut Effects) {
        if let Some(stated) = statement.default_zone() {
            if matches!(&self.default_zone, DefaultZone::Known { zone } if zone != stated) {
                effects.remark(Anomaly::Contradiction, by);
            }
            self.default_zone = DefaultZone::Known { zone: stated.clone() };
        }
        let support = Provenance::new(by, Certainty::Stated);
        for (name, layer, stated) in statement.zones() {
            if self.zone_mut(name, by, effects).is_none() {
                continue;
            }
            self.begin_layer(name, layer, Unknown::BEFORE_LOG);
            for (kind, items) in stated.lists() {
                let spot = ListId { zone: name, layer, kind };
                let entries: Option<Vec<Entry>> =
                    items.iter().map(|item| Entry::of(item, layer)).collect();
                let Some(entries) = entries else {
                    self.forget(spot, UnknownReason::Unresolved, by, effects);
                    continue;
                };
                if self.contradicts(spot, &entries) {
                    effects.remark(Anomaly::Contradiction, by);
                }
                self.replace(spot, &entries, support, effects);
            }
            let Some(zone) = self.zones.get_mut(name) else { continue };
            match layer {
                Layer::Runtime => zone.loaded = None,
                Layer::Permanent => zone.learn_shipped(),
            }
        }
    }

    /// True if the list cannot be what is stated: it is known to be otherwise, or something proven
    /// is not stated.
    fn contradicts(&self, spot: ListId<'_>, entries: &[Entry]) -> bool {
        // The log has these as the client wrote them, a listing as the daemon writes them: two
        // spellings of one thing.
        if matches!(spot.kind, Kind::RichRules | Kind::Sources) {
            return false;
        }
        let Some(lists) = self.lists(spot.zone, spot.layer) else { return false };
        let mut stated = super::lists::Lists::unknown(Unknown::BEFORE_LOG);
        let support = Provenance::new(Evidence::default(), Certainty::Stated);
        if let Some(set) = stated.port_set_mut(spot.kind) {
            set.replace(
                entries
                    .iter()
                    .filter_map(|e| if let Entry::Port(port) = e { Some(*port) } else { None }),
                support,
            );
        } else if let Some(set) = stated.name_set_mut(spot.kind) {
            let names = entries
                .iter()
                .filter_map(|e| if let Entry::Name(name) = e { Some(name.clone()) } else { None });
            set.replace(names, support);
        }
        let known = lists.why_unknown(spot.kind).is_none();
        if let (Some(held), Some(stated)) = (lists.port_set(spot.kind), stated.port_set(spot.kind))
        {
            let beyond = held.iter().any(|(port, _)| !stated.covers(port));
            return beyond || (known && stated.iter().any(|(port, _)| !held.covers(port)));
        }
        if let (Some(held), Some(stated)) = (lists.name_set(spot.kind), stated.name_set(spot.kind))
        {
            let beyond = held.iter().any(|(name, _)| !stated.contains(name));
            return beyond || (known && stated.iter().any(|(name, _)| !held.contains(name)));
        }
        false
    }
}
