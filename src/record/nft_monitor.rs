//! Lines of `nft monitor` and `nft -a monitor` (nft 1.0.6): each change of the kernel's ruleset.
//!
//! A line names one change. The line `# new generation N` ends a transaction: all changes before it
//! took place at once. What the kernel refused leaves no line.
//!
//! A map is named `map` where it is added and `set` where it is deleted, and its elements go with
//! it without lines of their own. Only `-a` shows a rule's handle where it is added, so only then
//! it is known which rule a `delete rule` takes away.

use super::checkpoint::nft::{Chain, Element, Other, Rule, Set, TableName};
use crate::error::ParseError;
use crate::grammar::nft::monitor::{self, RawLine, RawVerb, RawWhat};
use crate::text::Text;
use alloc::vec::Vec;

/// What a line does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
pub enum Verb {
    /// `add` or `create`.
    Add,
    /// `insert`: a rule that did not go behind all others.
    Insert,
    /// `replace`; the kernel announces a rule that was replaced as deleted and added.
    Replace,
    /// `delete` or `destroy`.
    Delete,
    /// `flush`: what is named loses all that is in it.
    Flush,
}

/// A line.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
#[non_exhaustive]
#[expect(clippy::large_enum_variant, reason = "nearly all lines are changes")]
pub enum Line<'a> {
    /// A change within a table.
    Change(Change<'a>),
    /// `flush ruleset`: all tables go.
    FlushRuleset,
    /// `# new generation 11 by process 26937 (nft)`: the end of a transaction.
    Generation(Generation<'a>),
    /// `# ERROR: We lost some netlink events!`
    Lost,
    /// ` # handle 2` alone: the handle of the rule before, into whose line another text was
    /// written, as `XT target DNAT not found` is for rules of iptables.
    Handle(u64),
    /// A line without text, which follows such a rule without `-a`.
    Empty,
}

/// A change within a table.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Change<'a> {
    /// What it does.
    pub verb: Verb,
    /// The table.
    pub table: TableName<'a>,
    /// What it does it to.
    pub object: Object<'a>,
}

/// What a change is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum Object<'a> {
    /// The table itself.
    Table {
        /// `dormant`
        flags: Vec<Text<'a>>,
    },
    /// A chain, never with rules.
    Chain(Chain<'a>),
    /// A set or map, never with elements. Where it is deleted, only the name counts.
    Set(Set<'a>),
    /// Elements of a set or map.
    Elements {
        /// The set or map.
        set: Text<'a>,
        /// The elements; in practice one.
        elements: Vec<Element<'a>>,
    },
    /// A rule that comes.
    Rule {
        /// The chain.
        chain: Text<'a>,
        /// The handle of the rule right before it, be it added or inserted; none for the first and
        /// the last rule of a chain.
        behind: Option<u64>,
        /// The rule.
        rule: Rule<'a>,
    },
    /// A rule that goes, named by its handle.
    RuleAt {
        /// The chain.
        chain: Text<'a>,
        /// Its handle.
        handle: u64,
    },
    /// A counter, quota, limit, flow table, helper.
    Other(Other<'a>),
}

/// The end of a transaction.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Generation<'a> {
    /// The number of the transaction; the kernel counts by one.
    pub number: u32,
    /// The process that asked for it.
    pub process: u32,
    /// The name of its program.
    pub program: Text<'a>,
}

impl<'a> Line<'a> {
    /// Reads a line without its line end and without the prefix of a transport.
    ///
    /// ```
    /// use hostport_audit::record::nft_monitor::Line;
    ///
    /// let line = Line::parse(b"# new generation 11 by process 26937 (nft)")?;
    /// let Line::Generation(generation) = line else { unreachable!() };
    /// assert_eq!(generation.number, 11);
    /// assert!(Line::parse(b"add element ip t m { tcp . 80").is_err());
    /// # Ok::<(), hostport_audit::ParseError>(())
    /// ```
    ///
    /// # Errors
    /// The first byte that nft does not print there, or the end of a line that was cut.
    pub fn parse(line: &'a [u8]) -> Result<Self, ParseError> {
        Ok(match monitor::line(line).map_err(|error| error.quoting(line))? {
            RawLine::Change { verb, table, what } => Self::Change(Change {
                verb: match verb {
                    RawVerb::Add => Verb::Add,
                    RawVerb::Insert => Verb::Insert,
                    RawVerb::Replace => Verb::Replace,
                    RawVerb::Delete => Verb::Delete,
                    RawVerb::Flush => Verb::Flush,
                },
                table: TableName::new(table),
                object: Object::from(what),
            }),
            RawLine::FlushRuleset => Self::FlushRuleset,
            RawLine::Generation { number, process, program } => {
                Self::Generation(Generation { number, process, program: program.into() })
            }
            RawLine::Lost => Self::Lost,
            RawLine::Handle(handle) => Self::Handle(handle),
            RawLine::Empty => Self::Empty,
        })
    }

    /// The same line, no longer bound to the input.
    #[must_use]
    pub fn into_owned(self) -> Line<'static> {
        match self {
            Self::Change(change) => Line::Change(change.into_owned()),
            Self::FlushRuleset => Line::FlushRuleset,
            Self::Generation(Generation { number, process, program }) => {
                Line::Generation(Generation { number, process, program: program.into_owned() })
            }
            Self::Lost => Line::Lost,
            Self::Handle(handle) => Line::Handle(handle),
            Self::Empty => Line::Empty,
        }
    }
}

impl Change<'_> {
    /// The same change, no longer bound to the input.
    #[must_use]
    pub fn into_owned(self) -> Change<'static> {
        let object = match self.object {
            Object::Table { flags } => {
                Object::Table { flags: flags.into_iter().map(Text::into_owned).collect() }
            }
            Object::Chain(chain) => Object::Chain(chain.into_owned()),
            Object::Set(set) => Object::Set(set.into_owned()),
            Object::Elements { set, elements } => Object::Elements {
                set: set.into_owned(),
                elements: elements.into_iter().map(Element::into_owned).collect(),
            },
            Object::Rule { chain, behind, rule } => {
                Object::Rule { chain: chain.into_owned(), behind, rule: rule.into_owned() }
            }
            Object::RuleAt { chain, handle } => {
                Object::RuleAt { chain: chain.into_owned(), handle }
            }
            Object::Other(Other { kind, name }) => {
                Object::Other(Other { kind: kind.into_owned(), name: name.into_owned() })
            }
        };
        Change { verb: self.verb, table: self.table.into_owned(), object }
    }
}

impl<'a> From<RawWhat<'a>> for Object<'a> {
    fn from(what: RawWhat<'a>) -> Self {
        match what {
            RawWhat::Table { flags, .. } => {
                Self::Table { flags: super::checkpoint::nft::flags(flags) }
            }
            RawWhat::Chain { name, comment, hook, handle } => Self::Chain(Chain {
                name: name.into(),
                handle,
                comment: comment.map(Text::from),
                hook: hook.map(Into::into),
                rules: Vec::new(),
            }),
            RawWhat::Set { map, name, head, handle } => {
                Self::Set(super::checkpoint::nft::set(map, name, handle, head))
            }
            RawWhat::Elements { set, elements } => Self::Elements {
                set: set.into(),
                elements: elements.into_iter().map(Element::from).collect(),
            },
            RawWhat::Rule { chain, behind, rule } => {
                Self::Rule { chain: chain.into(), behind, rule: rule.into() }
            }
            RawWhat::RuleAt { chain, handle } => Self::RuleAt { chain: chain.into(), handle },
            RawWhat::Other { kind, name } => {
                Self::Other(Other { kind: kind.into(), name: name.into() })
            }
        }
    }
}
