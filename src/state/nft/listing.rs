//! A listing becomes the ruleset that is held.
//!
//! A terse listing (`nft -t`) prints sets as if they were empty. So where no named set of a listing
//! shows an element, the elements of all its sets are unknown; the tables, chains and rules are
//! known all the same. In a listing with names for ports (`nft -S`) the sets with such names are
//! known in part.

use super::fold;
use super::ruleset::{Chain, Held, Ruleset, Set, Table};
use crate::record::checkpoint::nft as listed;
use crate::state::evidence::Evidence;
use crate::state::known::{Unknown, UnknownReason};
use crate::text::Text;

/// Fills an empty ruleset with what is listed; gives back how many parts found no room.
pub(super) fn state(
    listing: &listed::Ruleset<'_>,
    by: Evidence,
    most: usize,
    ruleset: &mut Ruleset,
) -> u64 {
    let terse = !listing.shows_elements();
    let mut missing = 0u64;
    for table in &listing.tables {
        let mut held = Table {
            flags: table.flags.iter().cloned().map(Text::into_owned).collect(),
            ..Table::default()
        };
        for set in &table.sets {
            held.sets.insert(set.name.clone().into_owned(), Some(one_set(set, by, terse)));
        }
        for chain in &table.chains {
            held.chains.insert(chain.name.clone().into_owned(), Some(one_chain(chain, by)));
        }
        // A table that finds no room is left out whole; one is either known or not.
        let count = held.count();
        if ruleset.held.saturating_add(count) > most {
            ruleset.unknown = Some(Unknown::since(UnknownReason::Limit, by));
            missing = missing.saturating_add(u64::try_from(count).unwrap_or(u64::MAX));
            continue;
        }
        ruleset.held = ruleset.held.saturating_add(count);
        ruleset.tables.insert(table.name.clone().into_owned(), Some(held));
    }
    missing
}

fn one_set(set: &listed::Set<'_>, by: Evidence, terse: bool) -> Set {
    let mut held = fold::new_set(set, by);
    if terse {
        held.unknown = Some(Unknown::since(UnknownReason::NeverPrinted, by));
    }
    let types = fold::types(held.head.as_ref());
    for element in &set.elements {
        if fold::names_a_port(element, &types) {
            held.unknown = Some(Unknown::since(UnknownReason::Unresolved, by));
            continue;
        }
        let key = fold::key(element, &types);
        held.elements.insert(key, Held { what: element.clone().into_owned(), since: by });
    }
    held
}

fn one_chain(chain: &listed::Chain<'_>, by: Evidence) -> Chain {
    let rules = chain.rules.iter().cloned();
    Chain {
        hook: chain.hook.clone().map(listed::Hook::into_owned),
        rules: rules.map(|rule| Held { what: rule.into_owned(), since: by }).collect(),
        ..Chain::default()
    }
}
