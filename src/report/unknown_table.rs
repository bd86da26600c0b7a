//! What could not be known, short enough to be read: lists of zones that are unknown for the same
//! reason stand in one row.

use super::labels::{scope_words, shown};
use super::open_port::{Presumed, UnknownPart};
use crate::event::firewalld::{Kind, Layer};
use crate::family::Family;
use crate::state::opening::Scope;
use crate::text::Text;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// What and why, in words, in the order of what.
pub(super) fn rows(unknown: &[UnknownPart]) -> Vec<(String, String)> {
    joined(
        unknown
            .iter()
            .map(|unknown_table| (&unknown_table.scope, unknown_table.unknown.to_string())),
    )
}

/// What is known only by an assumption, and which, in words.
pub(super) fn assumed_rows(assumed: &[Presumed]) -> Vec<(String, String)> {
    joined(assumed.iter().map(|presumed| (&presumed.scope, presumed.assumed.to_string())))
}

fn joined<'s>(kind: impl Iterator<Item = (&'s Scope, String)>) -> Vec<(String, String)> {
    let mut rows: Vec<(String, String)> = Vec::new();
    let mut by_why: BTreeMap<String, Vec<&Scope>> = BTreeMap::new();
    for (scope, why) in kind {
        by_why.entry(why).or_default().push(scope);
    }
    for (why, scopes) in by_why {
        let words = zones(&scopes).into_iter().chain(others(&scopes));
        rows.extend(words.map(|what| (what, why.clone())));
    }
    rows.sort();
    rows
}

/// The lists of zones among the scopes: kinds of one layer of a zone together, then layers, then
/// zones.
fn zones(scopes: &[&Scope]) -> Vec<String> {
    let mut kinds: BTreeMap<(&Text<'static>, Layer), BTreeSet<Kind>> = BTreeMap::new();
    for scope in scopes {
        match scope {
            Scope::Zone { zone, layer } => {
                kinds.entry((zone, *layer)).or_default().extend(Kind::ALL)
            }
            Scope::ZoneList { zone, layer, kind } => {
                kinds.entry((zone, *layer)).or_default().insert(*kind);
            }
            _ => {}
        }
    }
    let mut layers: BTreeMap<(&Text<'static>, BTreeSet<Kind>), BTreeSet<Layer>> = BTreeMap::new();
    for ((zone, layer), kinds) in kinds {
        layers.entry((zone, kinds)).or_default().insert(layer);
    }
    let mut zones: BTreeMap<(BTreeSet<Layer>, BTreeSet<Kind>), Vec<&Text<'static>>> =
        BTreeMap::new();
    for ((zone, kinds), layers) in layers {
        zones.entry((layers, kinds)).or_default().push(zone);
    }
    zones.into_iter().map(|((layers, kinds), zones)| words(&layers, &kinds, &zones)).collect()
}

fn words(layers: &BTreeSet<Layer>, kinds: &BTreeSet<Kind>, zones: &[&Text<'static>]) -> String {
    let layer = match layers.first() {
        Some(only) if layers.len() == 1 => only.to_string(),
        _ => "both layers".into(),
    };
    let what = if Kind::ALL.iter().all(|kind| kinds.contains(kind)) {
        "everything".into()
    } else {
        kinds.iter().map(|kind| kind.as_str().replace('_', " ")).collect::<Vec<_>>().join(", ")
    };
    let zone = if zones.len() == 1 { "zone" } else { "zones" };
    let names = zones.iter().map(|zone| shown(zone)).collect::<Vec<_>>().join(", ");
    format!("firewalld, {layer}, {zone} {names}: {what}")
}

/// All other scopes.
fn others(scopes: &[&Scope]) -> Vec<String> {
    let rules = |family| scopes.iter().any(|scope| **scope == Scope::CrioRules { family });
    let both = rules(Family::Ipv4) && rules(Family::Ipv6);
    let mut words = Vec::new();
    for scope in scopes {
        match scope {
            Scope::Zone { .. } | Scope::ZoneList { .. } => {}
            Scope::CrioRules { family: Family::Ipv4 } if both => {
                words.push("rules of CRI-O, both families".into())
            }
            Scope::CrioRules { .. } if both => {}
            scope => words.push(scope_words(scope)),
        }
    }
    words
}
