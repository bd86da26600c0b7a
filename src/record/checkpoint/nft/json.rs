//! `nft -j list ruleset`: a list of objects, each with the names of the table and chain it is in.
//!
//! ```text
//! {"nftables": [{"metainfo": {"version": "1.0.6", "json_schema_version": 1}},
//! {"table": {"family": "ip", "name": "crio-hostports", "handle": 2}},
//! {"map": {"family": "ip", "name": "hostports", "table": "crio-hostports",
//!   "type": ["inet_proto", "inet_service"], "map": "ipv4_addr . inet_service",
//!   "elem": [[{"concat": ["tcp", 8080]}, {"concat": ["10.42.0.7", 80]}]]}}, …]}
//! ```

use super::Ruleset;
use super::parts::{Chain, Element, Hook, Other, Rule, Set, Table, TableFamily, TableName};
use super::statement::Words;
use crate::error::ParseError;
use crate::grammar::json_tree::{Node, Tree, tree};
use crate::text::Text;
use alloc::collections::BTreeMap;
use alloc::string::ToString;
use alloc::vec::Vec;

pub(super) fn ruleset(text: &[u8]) -> Result<Ruleset<'_>, ParseError> {
    let root = tree(text)?;
    let list = root.get("nftables").and_then(Node::items);
    let list = list.ok_or_else(|| root.wrong("an object with the list nftables"))?;
    let mut listing = Listing::default();
    for object in list {
        let (kind, what) = object.only().ok_or_else(|| object.wrong("an object of one field"))?;
        listing.take(kind.as_bytes(), what)?;
    }
    Ok(Ruleset { tables: listing.tables })
}

/// The tables so far, and where each table and chain stands.
#[derive(Default)]
struct Listing<'a> {
    tables: Vec<Table<'a>>,
    table_places: BTreeMap<TableName<'a>, usize>,
    chain_places: BTreeMap<(usize, Text<'a>), usize>,
}

impl<'a> Listing<'a> {
    fn take(&mut self, kind: &[u8], what: &Node<'a>) -> Result<(), ParseError> {
        match kind {
            b"metainfo" => return Ok(()),
            b"table" => {
                let table = table(what)?;
                self.table_places.insert(table.name.clone(), self.tables.len());
                self.tables.push(table);
                return Ok(());
            }
            _ => {}
        }
        let name = needed_text(what, "table", "the name of its table")?.clone();
        let place = self.table_places.get(&TableName { family: family(what)?, name }).copied();
        let table = place.and_then(|place| Some((place, self.tables.get_mut(place)?)));
        let (place, table) = table.ok_or_else(|| what.wrong("a table that was listed before"))?;
        match kind {
            b"set" | b"map" => table.sets.push(set(kind == b"map", what)?),
            b"chain" => {
                let chain = chain(what)?;
                self.chain_places.insert((place, chain.name.clone()), table.chains.len());
                table.chains.push(chain);
            }
            b"rule" => {
                let name = needed_text(what, "chain", "the name of its chain")?.clone();
                let place = self.chain_places.get(&(place, name)).copied();
                let chain = place.and_then(|place| table.chains.get_mut(place));
                let chain = chain.ok_or_else(|| what.wrong("a chain that was listed before"))?;
                chain.rules.push(rule(what)?);
            }
            kind => {
                let name = needed_text(what, "name", "a name")?.clone();
                table.others.push(Other { kind: Text::from(kind.to_vec()), name });
            }
        }
        Ok(())
    }
}

fn needed_text<'n, 'a>(
    node: &'n Node<'a>,
    key: &str,
    expected: &'static str,
) -> Result<&'n Text<'a>, ParseError> {
    node.get(key).and_then(Node::text).ok_or_else(|| node.wrong(expected))
}

fn text<'a>(node: &Node<'a>, key: &str) -> Option<Text<'a>> {
    node.get(key).and_then(Node::text).cloned()
}

fn handle(node: &Node<'_>) -> Option<u64> {
    node.get("handle").and_then(Node::number)
}

fn family(node: &Node<'_>) -> Result<TableFamily, ParseError> {
    let word = needed_text(node, "family", "a family")?;
    TableFamily::from_bytes(word.as_bytes())
        .ok_or_else(|| node.wrong("ip, ip6, inet, arp, bridge or netdev"))
}

/// `"flags": "interval"`, `"flags": ["interval", "timeout"]`
fn flags<'a>(node: &Node<'a>) -> Result<Vec<Text<'a>>, ParseError> {
    let Some(flags) = node.get("flags") else { return Ok(Vec::new()) };
    let wrong = || flags.wrong("a word or a list of words");
    match &flags.value {
        Tree::String(flag) => Ok(Vec::from([flag.clone()])),
        Tree::Array(items) => {
            items.iter().map(|item| item.text().cloned().ok_or_else(wrong)).collect()
        }
        _ => Err(wrong()),
    }
}

fn table<'a>(node: &Node<'a>) -> Result<Table<'a>, ParseError> {
    let name = needed_text(node, "name", "the name of a table")?.clone();
    Ok(Table {
        name: TableName { family: family(node)?, name },
        handle: handle(node),
        flags: flags(node)?,
        comment: text(node, "comment"),
        sets: Vec::new(),
        chains: Vec::new(),
        others: Vec::new(),
    })
}

/// The type of keys or data: `"inet_service"`, `"ipv4_addr . inet_service"`, or a list.
fn type_words<'a>(node: &Node<'a>) -> Option<Text<'a>> {
    match &node.value {
        Tree::String(text) => Some(text.clone()),
        Tree::Array(items) => {
            let names: Option<Vec<&[u8]>> =
                items.iter().map(|item| item.text().map(Text::as_bytes)).collect();
            Some(Text::from(names?.join(&b" . "[..])))
        }
        // An expression (`typeof`).
        _ => None,
    }
}

fn set<'a>(map: bool, node: &Node<'a>) -> Result<Set<'a>, ParseError> {
    let key = node.get("type").ok_or_else(|| node.wrong("the type of a set"))?;
    let key = type_words(key).unwrap_or_default();
    let data = match node.get("map") {
        Some(data) if map => Some(type_words(data).unwrap_or_default()),
        None if !map => None,
        _ => return Err(node.wrong("the type of what a map leads to")),
    };
    // What makes the set another one than its type tells.
    let told = ["policy", "size", "timeout", "gc-interval", "auto-merge", "stmt"];
    let declarations = told.into_iter().filter(|key| node.get(key).is_some());
    let mut set = Set {
        map,
        name: needed_text(node, "name", "the name of a set")?.clone(),
        handle: handle(node),
        key,
        data,
        flags: flags(node)?,
        comment: text(node, "comment"),
        declarations: declarations.map(Text::from).collect(),
        elements: Vec::new(),
    };
    let Some(elements) = node.get("elem") else { return Ok(set) };
    let items = elements.items().ok_or_else(|| elements.wrong("a list of elements"))?;
    for item in items {
        let element = element(&set, item)?;
        set.elements.push(element);
    }
    Ok(set)
}

/// An element; one of a map is a pair of key and data.
fn element<'a>(set: &Set<'a>, item: &Node<'a>) -> Result<Element<'a>, ParseError> {
    let (key, data) = match item.items() {
        Some([key, data]) if set.map => (key, Some(data)),
        None if !set.map => (item, None),
        _ => return Err(item.wrong("an element of the set")),
    };
    let (value, notes) = match key.get("elem") {
        Some(notes) => (notes.get("val").ok_or_else(|| notes.wrong("a value"))?, Some(notes)),
        None => (key, None),
    };
    let timeout = notes.and_then(|notes| notes.get("timeout")).and_then(Node::number);
    Ok(Element {
        key: value_text(value, &set.key)?,
        comment: notes.and_then(|notes| text(notes, "comment")),
        timeout: timeout.map(|seconds| Text::from(seconds.to_string() + "s")),
        data: match data {
            Some(data) => Some(value_text(data, set.data.as_ref().unwrap_or(&set.key))?),
            None => None,
        },
    })
}

/// A key or data in the words of the other forms; names of devices stand in quotes.
fn value_text<'a>(node: &Node<'a>, of: &Text<'_>) -> Result<Text<'a>, ParseError> {
    let quoting = *of == "ifname";
    if let (Some(text), false) = (node.text(), quoting) {
        return Ok(text.clone());
    }
    let mut words = Words::new();
    words.value(node, quoting);
    let (text, whole) = words.finish();
    if whole { Ok(text) } else { Err(node.wrong("a value that is known")) }
}

fn chain<'a>(node: &Node<'a>) -> Result<Chain<'a>, ParseError> {
    let hook = match (text(node, "type"), text(node, "hook"), node.get("prio")) {
        (Some(kind), Some(hook), Some(priority)) => {
            let mut words = Words::new();
            words.value(priority, false);
            let devices = node.get("dev").map(|device| {
                let mut words = Words::new();
                words.word(b"device");
                words.value(device, true);
                words.finish().0
            });
            let policy = text(node, "policy");
            Some(Hook { kind, hook, devices, priority: words.finish().0, policy })
        }
        (None, None, None) => None,
        _ => return Err(node.wrong("the type, hook and priority of a chain")),
    };
    Ok(Chain {
        name: needed_text(node, "name", "the name of a chain")?.clone(),
        handle: handle(node),
        comment: text(node, "comment"),
        hook,
        rules: Vec::new(),
    })
}

fn rule<'a>(node: &Node<'a>) -> Result<Rule<'a>, ParseError> {
    let statements = node.get("expr").and_then(Node::items);
    let mut words = Words::new();
    for statement in statements.ok_or_else(|| node.wrong("the statements of a rule"))? {
        words.statement(statement);
    }
    let comment = text(node, "comment");
    if let Some(comment) = &comment {
        words.comment(comment.as_bytes());
    }
    let (text, whole) = words.finish();
    Ok(Rule { text, comment, handle: handle(node), whole })
}
