//! A line of the monitor changes the ruleset that is held.
//!
//! A line that contradicts what is known tells that lines are missing, and then all is unknown. An
//! `add map` is none: each time CRI-O adds a host port it adds its maps and chains again, and the
//! kernel (6.18) announces those that are there already once more.

use super::order::{Vacated, Waiting};
use super::ruleset::{Chain, Head, Held, Ruleset, Set, Table};
use crate::event::nft::{Change, Event, Object, Verb};
use crate::record::checkpoint::nft as listed;
use crate::state::evidence::Evidence;
use crate::state::known::{Unknown, UnknownReason};
use crate::text::Text;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

/// Why a change could not be made.
pub(super) enum Refused {
    /// It contradicts what is known.
    Contradiction,
    /// It found no room; what it would have been put into says so.
    NoRoom,
}

pub(super) type Made = Result<(), Refused>;

/// Makes the changes of a transaction; gives back how many parts found no room.
pub(super) fn apply(
    ruleset: &mut Ruleset,
    lines: &[(Event<'static>, Evidence)],
    most: usize,
) -> u64 {
    let by = lines.last().map(|(_, by)| *by).unwrap_or_default();
    let mut edit = Edit { ruleset, by, most, waiting: Vec::new(), vacated: None };
    let mut missing = 0u64;
    for (event, by) in lines {
        edit.by = *by;
        missing = missing.saturating_add(u64::from(edit.line(event)));
    }
    if !edit.waiting.is_empty() {
        edit.forget(UnknownReason::Gap);
    }
    missing
}

/// A set or map without elements.
pub(super) fn new_set(set: &listed::Set<'_>, by: Evidence) -> Set {
    let head = Head {
        map: set.map,
        key: set.key.clone().into_owned(),
        data: set.data.clone().map(Text::into_owned),
        flags: set.flags.iter().cloned().map(Text::into_owned).collect(),
    };
    let unknown = head.is_silent().then(|| Unknown::since(UnknownReason::NeverPrinted, by));
    Set { head: Some(head), elements: BTreeMap::new(), unknown }
}

/// The types of the parts of a key, behind them those of the data.
pub(super) fn types(head: Option<&Head>) -> (Vec<Text<'static>>, Vec<Text<'static>>) {
    let split = |text: &Text<'_>| -> Vec<Text<'static>> {
        let words = text.as_bytes().split(|&b| b == b' ').filter(|word| *word != b".");
        words.map(|word| Text::from(word.to_vec())).collect()
    };
    head.map_or_else(Default::default, |head| {
        (split(&head.key), head.data.as_ref().map(split).unwrap_or_default())
    })
}

type Types = (Vec<Text<'static>>, Vec<Text<'static>>);

/// True if a name stands where a port belongs, as `nft -S` prints.
pub(super) fn names_a_port(element: &listed::Element<'_>, (key, data): &Types) -> bool {
    let named = |part: &[u8], of: &Text<'_>| {
        *of == "inet_service" && part.iter().any(|b| !matches!(b, b'0'..=b'9' | b'-' | b'*'))
    };
    element.key_parts().zip(key).any(|(part, of)| named(part, of))
        || element.data_parts().zip(data).any(|(part, of)| named(part, of))
}

/// The key of an element, the same whether protocols stand as names or (`nft -nn`) as numbers.
pub(super) fn key(element: &listed::Element<'_>, (types, _): &Types) -> Text<'static> {
    let mut key = Vec::with_capacity(element.key.as_bytes().len());
    for (index, part) in element.key_parts().enumerate() {
        if index > 0 {
            key.extend_from_slice(b" . ");
        }
        let of_protocol = types.get(index).is_some_and(|of| *of == "inet_proto");
        key.extend_from_slice(match part {
            b"6" if of_protocol => b"tcp",
            b"17" if of_protocol => b"udp",
            b"132" if of_protocol => b"sctp",
            part => part,
        });
    }
    Text::from(key)
}

/// The changes of a transaction, while they are made.
pub(super) struct Edit<'r> {
    pub(super) ruleset: &'r mut Ruleset,
    /// The line.
    pub(super) by: Evidence,
    pub(super) most: usize,
    /// Rules that stand behind one which a later line brings.
    pub(super) waiting: Vec<Waiting<'r>>,
    /// The rule that the line before took away.
    pub(super) vacated: Option<Vacated<'r>>,
}

impl<'r> Edit<'r> {
    fn forget(&mut self, why: UnknownReason) {
        *self.ruleset = Ruleset::unknown(Unknown::since(why, self.by));
        self.waiting.clear();
        self.vacated = None;
    }

    /// Makes the change of one line; true if it found no room.
    fn line(&mut self, event: &'r Event<'static>) -> bool {
        let made = match event {
            Event::Change(change) => self.change(change),
            Event::FlushRuleset => {
                *self.ruleset = Ruleset::default();
                Ok(())
            }
            Event::Unreadable => {
                self.forget(UnknownReason::CutMessage);
                Ok(())
            }
            _ => Ok(()),
        };
        match (made, event) {
            (Ok(()), _) => false,
            (Err(Refused::Contradiction), Event::Change(change)) => {
                self.forget(UnknownReason::Gap);
                // What the line tells by itself still holds, and nothing known contradicts it.
                self.change(change).is_err()
            }
            (Err(_), _) => true,
        }
    }

    fn change(&mut self, change: &'r Change<'static>) -> Made {
        let Change { verb, table, object } = change;
        // A set without a name goes with its rule, between the two lines of a replaced rule.
        if !matches!(object, Object::Rule { .. } | Object::Set(_)) {
            self.vacated = None;
        }
        match object {
            Object::Table { flags } => self.table(*verb, table, flags),
            Object::Set(set) => self.set(*verb, table, set),
            Object::Chain(chain) => self.chain(*verb, table, chain),
            Object::Elements { set, elements } => {
                elements.iter().try_for_each(|one| self.element(*verb, table, set, one))
            }
            Object::Rule { chain, behind, rule } => self.rule(*verb, (table, chain), *behind, rule),
            Object::RuleAt { chain, handle } => self.delete_rule((table, chain), *handle),
            Object::Other(_) => Ok(()),
        }
    }

    /// Makes room for one part more.
    fn room(&mut self) -> Result<(), Unknown> {
        if self.ruleset.held >= self.most {
            return Err(Unknown::since(UnknownReason::Limit, self.by));
        }
        self.ruleset.held = self.ruleset.held.saturating_add(1);
        Ok(())
    }

    fn freed(&mut self, count: usize) {
        self.ruleset.held = self.ruleset.held.saturating_sub(count);
    }

    fn table(&mut self, verb: Verb, name: &listed::TableName<'_>, flags: &[Text<'_>]) -> Made {
        let name = name.clone().into_owned();
        if verb == Verb::Delete {
            let Ruleset { tables, unknown, held } = &mut *self.ruleset;
            let gone = remove(tables, name, *unknown, (held, self.most))?;
            self.freed(gone.as_ref().map_or(0, Table::count));
            return Ok(());
        }
        if verb == Verb::Flush {
            let (table, _) = self.in_table(&name)?;
            let mut gone = 0usize;
            for chain in table.chains.values_mut().flatten() {
                gone = gone.saturating_add(core::mem::take(&mut chain.rules).len());
                chain.gone = 0;
            }
            self.freed(gone);
            return Ok(());
        }
        match self.ruleset.tables.get_mut(&name) {
            Some(Some(_)) => {}
            Some(gone @ None) => *gone = Some(Table::default()),
            None => {
                let unknown = self.ruleset.unknown;
                if let Err(full) = self.room() {
                    self.ruleset.unknown = Some(full);
                    return Err(Refused::NoRoom);
                }
                let table = Table { unknown, ..Table::default() };
                self.ruleset.tables.insert(name.clone(), Some(table));
            }
        }
        if let Some(Some(table)) = self.ruleset.tables.get_mut(&name) {
            table.flags = flags.iter().cloned().map(Text::into_owned).collect();
        }
        Ok(())
    }

    /// The table in which something changes, and how many parts are held.
    pub(super) fn in_table(
        &mut self,
        name: &listed::TableName<'_>,
    ) -> Result<(&mut Table, &mut usize), Refused> {
        let Ruleset { tables, unknown, held } = &mut *self.ruleset;
        let partly = |unknown| Table { unknown: Some(unknown), ..Table::default() };
        let table =
            enter(tables, name.clone().into_owned(), unknown, (held, self.most, self.by), partly)?;
        Ok((table, held))
    }

    fn set(&mut self, verb: Verb, table: &listed::TableName<'_>, set: &listed::Set<'_>) -> Made {
        // Parts of rules, whose coming no line tells: `__map0`.
        if set.name.as_bytes().starts_with(b"__") {
            return Ok(());
        }
        let (by, most) = (self.by, self.most);
        let (table, held) = self.in_table(table)?;
        let name = set.name.clone().into_owned();
        if verb == Verb::Delete {
            let gone = remove(&mut table.sets, name, table.unknown, (held, most))?;
            *held = held.saturating_sub(gone.as_ref().map_or(0, Set::count));
            return Ok(());
        }
        if verb == Verb::Flush {
            let Table { sets, unknown, .. } = table;
            let set = enter(sets, name, unknown, (held, most, by), partly_known_set)?;
            *held = held.saturating_sub(core::mem::take(&mut set.elements).len());
            if set.head.as_ref().is_some_and(|head| !head.is_silent()) {
                set.unknown = None;
            }
            return Ok(());
        }
        let new = new_set(set, by);
        match table.sets.get_mut(&name) {
            Some(Some(there)) => {
                if there.head.is_some() && there.head != new.head {
                    return Err(Refused::Contradiction);
                }
                there.head = new.head;
                Ok(())
            }
            Some(gone @ None) => {
                *gone = Some(new);
                Ok(())
            }
            None if *held >= most => {
                table.unknown = Some(Unknown::since(UnknownReason::Limit, by));
                Err(Refused::NoRoom)
            }
            None => {
                *held = held.saturating_add(1);
                let unknown = table.unknown.or(new.unknown);
                table.sets.insert(name, Some(Set { unknown, ..new }));
                Ok(())
            }
        }
    }

    fn chain(
        &mut self,
        verb: Verb,
        table: &listed::TableName<'_>,
        chain: &listed::Chain<'_>,
    ) -> Made {
        let (by, most) = (self.by, self.most);
        let (table, held) = self.in_table(table)?;
        let name = chain.name.clone().into_owned();
        if verb == Verb::Delete {
            let gone = remove(&mut table.chains, name, table.unknown, (held, most))?;
            *held = held.saturating_sub(gone.as_ref().map_or(0, Chain::count));
            return Ok(());
        }
        let Table { chains, unknown, .. } = table;
        if verb == Verb::Flush {
            let chain = enter(chains, name, unknown, (held, most, by), partly_known_chain)?;
            *held = held.saturating_sub(chain.rules.len());
            *chain = Chain { hook: chain.hook.take(), ..Chain::default() };
            return Ok(());
        }
        let there = match chains.get_mut(&name) {
            Some(Some(there)) => there,
            // A chain that was not there is known whole from here on.
            Some(gone @ None) => gone.insert(Chain::default()),
            None if *held >= most => {
                *unknown = Some(Unknown::since(UnknownReason::Limit, by));
                return Err(Refused::NoRoom);
            }
            None => {
                *held = held.saturating_add(1);
                let new = Chain { unknown: *unknown, ..Chain::default() };
                chains.entry(name).or_default().insert(new)
            }
        };
        if let Some(hook) = &chain.hook {
            there.hook = Some(hook.clone().into_owned());
        }
        Ok(())
    }

    fn element(
        &mut self,
        verb: Verb,
        table: &listed::TableName<'_>,
        set: &Text<'_>,
        element: &listed::Element<'_>,
    ) -> Made {
        let (by, most) = (self.by, self.most);
        let (table, held) = self.in_table(table)?;
        let Table { sets, unknown, .. } = table;
        let name = set.clone().into_owned();
        let set = enter(sets, name, unknown, (held, most, by), partly_known_set)?;
        let types = types(set.head.as_ref());
        let key = key(element, &types);
        let interval = set.head.as_ref().is_some_and(|head| head.has("interval"));
        if verb == Verb::Delete {
            if set.elements.remove(&key).is_some() {
                *held = held.saturating_sub(1);
            } else if interval {
                // Ranges may be printed as they were added or as they were joined.
                set.unknown = Some(Unknown::since(UnknownReason::Unresolved, by));
            } else if set.unknown.is_none() {
                return Err(Refused::Contradiction);
            }
            return Ok(());
        }
        let found = set.elements.get_mut(&key);
        if let Some(there) = found {
            // The kernel refuses other data for a key that is there.
            let same = there.what.data == element.data;
            there.what = element.clone().into_owned();
            return if same || interval { Ok(()) } else { Err(Refused::Contradiction) };
        }
        if *held >= most {
            set.unknown = Some(Unknown::since(UnknownReason::Limit, by));
            return Err(Refused::NoRoom);
        }
        *held = held.saturating_add(1);
        set.elements.insert(key, Held { what: element.clone().into_owned(), since: by });
        Ok(())
    }
}

fn partly_known_set(unknown: Unknown) -> Set {
    Set { unknown: Some(unknown), ..Set::default() }
}

pub(super) fn partly_known_chain(unknown: Unknown) -> Chain {
    Chain { unknown: Some(unknown), ..Chain::default() }
}

/// Takes a part away; where its surroundings are not known whole, it is known to be gone.
fn remove<K: Ord, V>(
    map: &mut BTreeMap<K, Option<V>>,
    name: K,
    others: Option<Unknown>,
    (held, most): (&mut usize, usize),
) -> Result<Option<V>, Refused> {
    match (map.remove(&name), others) {
        (Some(None), _) | (None, None) => Err(Refused::Contradiction),
        (found, None) => Ok(found.flatten()),
        (found, Some(_)) => {
            // Without room it counts as one of those that may be there.
            if *held < most {
                *held = held.saturating_add(1);
                map.insert(name, None);
            }
            Ok(found.flatten())
        }
    }
}

/// The part in which something changes. One that was never named, in surroundings that are not
/// known whole, is there, and known in part.
pub(super) fn enter<'m, K: Ord, V>(
    map: &'m mut BTreeMap<K, Option<V>>,
    name: K,
    others: &mut Option<Unknown>,
    (held, most, by): (&mut usize, usize, Evidence),
    partly: impl FnOnce(Unknown) -> V,
) -> Result<&'m mut V, Refused> {
    use alloc::collections::btree_map::Entry;
    match map.entry(name) {
        Entry::Occupied(entry) => entry.into_mut().as_mut().ok_or(Refused::Contradiction),
        Entry::Vacant(entry) => {
            let unknown = others.ok_or(Refused::Contradiction)?;
            if *held >= most {
                *others = Some(Unknown::since(UnknownReason::Limit, by));
                return Err(Refused::NoRoom);
            }
            *held = held.saturating_add(1);
            entry.insert(Some(partly(unknown))).as_mut().ok_or(Refused::Contradiction)
        }
    }
}
