//! What the grammar found becomes the parts of a ruleset, without copying.

use super::parts::{Chain, Element, Hook, Other, Rule, Set, Table, TableName};
use crate::grammar::nft::declaration::{RawHook, RawSetHead};
use crate::grammar::nft::element::RawElement;
use crate::grammar::nft::listing::{RawBlock, RawChain, RawSet, RawTable};
use crate::grammar::nft::rule::RawRule;
use crate::text::Text;
use alloc::vec::Vec;

impl<'a> From<RawElement<'a>> for Element<'a> {
    fn from(raw: RawElement<'a>) -> Self {
        Self {
            key: raw.key.into(),
            comment: raw.comment.map(Text::from),
            timeout: raw.timeout.map(Text::from),
            data: raw.data.map(Text::from),
        }
    }
}

impl<'a> From<RawHook<'a>> for Hook<'a> {
    fn from(raw: RawHook<'a>) -> Self {
        Self {
            kind: raw.kind.into(),
            hook: raw.hook.into(),
            devices: raw.devices.map(Text::from),
            priority: raw.priority.into(),
            policy: raw.policy.map(Text::from),
        }
    }
}

impl<'a> From<RawRule<'a>> for Rule<'a> {
    fn from(raw: RawRule<'a>) -> Self {
        let comment = raw.comment.map(Text::from);
        Self { text: raw.text.into(), comment, handle: raw.handle, whole: true }
    }
}

/// The words of `interval,timeout`.
pub(crate) fn flags(text: Option<&[u8]>) -> Vec<Text<'_>> {
    text.into_iter().flat_map(|text| text.split(|&b| b == b',')).map(Text::from).collect()
}

/// A set without elements, from its declarations.
pub(crate) fn set<'a>(
    map: bool,
    name: &'a [u8],
    handle: Option<u64>,
    head: RawSetHead<'a>,
) -> Set<'a> {
    Set {
        map,
        name: name.into(),
        handle,
        key: head.key.into(),
        data: head.data.map(Text::from),
        flags: flags(head.flags),
        comment: head.comment.map(Text::from),
        declarations: head.others.into_iter().map(Text::from).collect(),
        elements: Vec::new(),
    }
}

impl<'a> From<RawSet<'a>> for Set<'a> {
    fn from(raw: RawSet<'a>) -> Self {
        let elements = raw.elements.into_iter().map(Element::from).collect();
        Self { elements, ..set(raw.map, raw.name, raw.handle, raw.head) }
    }
}

impl<'a> From<RawChain<'a>> for Chain<'a> {
    fn from(raw: RawChain<'a>) -> Self {
        Self {
            name: raw.name.into(),
            handle: raw.handle,
            comment: raw.comment.map(Text::from),
            hook: raw.hook.map(Hook::from),
            rules: raw.rules.into_iter().map(Rule::from).collect(),
        }
    }
}

impl<'a> From<RawTable<'a>> for Table<'a> {
    fn from(raw: RawTable<'a>) -> Self {
        let mut table = Self {
            name: TableName::new((raw.family, raw.name)),
            handle: raw.handle,
            flags: flags(raw.flags),
            comment: raw.comment.map(Text::from),
            sets: Vec::new(),
            chains: Vec::new(),
            others: Vec::new(),
        };
        for block in raw.blocks {
            match block {
                RawBlock::Set(set) => table.sets.push(set.into()),
                RawBlock::Chain(chain) => table.chains.push(chain.into()),
                RawBlock::Other { kind, name, .. } => {
                    table.others.push(Other { kind: kind.into(), name: name.into() });
                }
            }
        }
        table
    }
}
