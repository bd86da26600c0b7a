//! What opens ports beside the zones: policies and direct rules.

use super::Firewalld;
use super::pending::Request;
use crate::event::Anomaly;
use crate::event::firewalld::Layer;
use crate::state::change::Change;
use crate::state::effects::Effects;
use crate::state::evidence::{Certainty, Evidence, Provenance};
use crate::state::known::UnknownReason;
use crate::state::opening::{Holder, Opening};
use crate::text::Text;
use alloc::format;
use alloc::vec::Vec;

pub(super) fn opening(layer: Layer, fact: &Text<'static>) -> Opening {
    Opening {
        port: None,
        holder: Holder::FirewallFact { zone: None, layer, kind: None, fact: fact.clone() },
    }
}

impl Firewalld {
    /// Something beside the zones that can open ports.
    pub(super) fn fact(
        &mut self,
        layer: Layer,
        fact: Text<'static>,
        by: Evidence,
        effects: &mut Effects,
    ) {
        self.new_fact(layer, fact, Provenance::new(by, Certainty::Confirmed), effects);
    }

    /// The same, on any support; tells whether it is new.
    fn new_fact(
        &mut self,
        layer: Layer,
        fact: Text<'static>,
        support: Provenance,
        effects: &mut Effects,
    ) -> bool {
        let (by, certainty) = (support.since, support.certainty);
        let key = (layer, fact);
        if self.facts.contains_key(&key) {
            return false;
        }
        if self.keys >= self.limits.max_keys {
            effects.remark(Anomaly::LimitReached, by);
            return false;
        }
        self.keys = self.keys.saturating_add(1);
        let opening = opening(layer, &key.1);
        effects.changes.push(Change::Opened { opening, request: None, by, certainty });
        self.facts.insert(key, support);
        true
    }

    /// `direct.passthrough(...)`: the command runs at once, and only a failure is told.
    pub(super) fn passthrough(&mut self, rule: &Text<'_>, by: Evidence, effects: &mut Effects) {
        let fact = Text::from(format!("direct passthrough {rule}"));
        let support = Provenance::new(by, Certainty::Reported);
        let new = self.new_fact(Layer::Runtime, fact.clone(), support, effects);
        self.ask(Request::Passthrough { rule: new.then_some(fact) }, by, effects);
    }

    /// The command failed, so nothing came of it.
    pub(super) fn passthrough_failed(
        &mut self,
        rule: Option<Text<'static>>,
        by: Evidence,
        effects: &mut Effects,
    ) {
        let Some(fact) = rule else { return };
        effects.remark(Anomaly::TakenBack, by);
        self.end_fact(Layer::Runtime, fact, by, effects);
    }

    /// It is gone.
    pub(super) fn end_fact(
        &mut self,
        layer: Layer,
        fact: Text<'static>,
        by: Evidence,
        effects: &mut Effects,
    ) {
        let key = (layer, fact);
        if self.facts.remove(&key).is_some() {
            self.keys = self.keys.saturating_sub(1);
            effects.changes.push(Change::Closed { opening: opening(layer, &key.1), by });
        }
    }

    /// Those of the runtime layer are gone.
    pub(super) fn end_runtime_facts(&mut self, by: Evidence, effects: &mut Effects) {
        for fact in self.facts_of(Layer::Runtime) {
            self.end_fact(Layer::Runtime, fact, by, effects);
        }
    }

    /// Those of the runtime layer may be gone.
    pub(super) fn doubt_runtime_facts(
        &mut self,
        why: UnknownReason,
        by: Evidence,
        effects: &mut Effects,
    ) {
        for fact in self.facts_of(Layer::Runtime) {
            let key = (Layer::Runtime, fact);
            self.facts.remove(&key);
            self.keys = self.keys.saturating_sub(1);
            let opening = opening(Layer::Runtime, &key.1);
            effects.changes.push(Change::Uncertain { opening, why, by });
        }
    }

    /// Those of the permanent layer are those of the runtime layer now.
    pub(super) fn load_facts(&mut self, by: Evidence, effects: &mut Effects) {
        self.end_runtime_facts(by, effects);
        for fact in self.facts_of(Layer::Permanent) {
            self.fact(Layer::Runtime, fact, by, effects);
        }
    }

    fn facts_of(&self, layer: Layer) -> Vec<Text<'static>> {
        self.facts.keys().filter(|(of, _)| *of == layer).map(|(_, fact)| fact.clone()).collect()
    }
}
