//! The parts of a ruleset: tables, sets, chains, rules.

use crate::grammar::nft::element;
use crate::grammar::nft::rule::{RawToken, token};
use crate::text::Text;
use alloc::vec::Vec;
use core::fmt;

/// Which packets a table sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
pub enum TableFamily {
    /// IP version 4.
    Ip,
    /// IP version 6.
    Ip6,
    /// Both versions of IP.
    Inet,
    /// ARP.
    Arp,
    /// Frames that pass a bridge.
    Bridge,
    /// Frames at a device.
    Netdev,
}

impl TableFamily {
    const ALL: [Self; 6] = [Self::Ip, Self::Ip6, Self::Inet, Self::Arp, Self::Bridge, Self::Netdev];

    /// The word that nft prints.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ip => "ip",
            Self::Ip6 => "ip6",
            Self::Inet => "inet",
            Self::Arp => "arp",
            Self::Bridge => "bridge",
            Self::Netdev => "netdev",
        }
    }

    pub(crate) fn from_bytes(word: &[u8]) -> Option<Self> {
        Self::ALL.into_iter().find(|family| family.as_str().as_bytes() == word)
    }
}

impl fmt::Display for TableFamily {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A table's family and name, which together tell it from all others: `ip crio-hostports` is not
/// `inet crio-hostports`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct TableName<'a> {
    /// The family.
    pub family: TableFamily,
    /// The name.
    pub name: Text<'a>,
}

impl<'a> TableName<'a> {
    /// From the words of the grammar, which knows no other families.
    pub(crate) fn new((family, name): (&[u8], &'a [u8])) -> Self {
        let family = TableFamily::from_bytes(family).unwrap_or(TableFamily::Netdev);
        Self { family, name: name.into() }
    }

    /// The same name, no longer bound to the input.
    #[must_use]
    pub fn into_owned(self) -> TableName<'static> {
        TableName { family: self.family, name: self.name.into_owned() }
    }
}

impl fmt::Display for TableName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.family, self.name)
    }
}

/// A table with all that is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table<'a> {
    /// Family and name.
    pub name: TableName<'a>,
    /// The number that `-a` shows.
    pub handle: Option<u64>,
    /// `dormant`, `owner`, `persist`
    pub flags: Vec<Text<'a>>,
    /// What its comment says; the JSON form of 1.0.6 leaves it out.
    pub comment: Option<Text<'a>>,
    /// Sets and maps in order.
    pub sets: Vec<Set<'a>>,
    /// Chains in order.
    pub chains: Vec<Chain<'a>>,
    /// Counters, quotas, limits, flow tables, helpers.
    pub others: Vec<Other<'a>>,
}

/// A set, or a map, which is a set whose elements lead to something.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Set<'a> {
    /// True for a map.
    pub map: bool,
    /// The name.
    pub name: Text<'a>,
    /// The number that `-a` shows.
    pub handle: Option<u64>,
    /// The type of the keys, `inet_proto . inet_service`; empty where an expression stands instead.
    pub key: Text<'a>,
    /// The type of what the elements of a map lead to.
    pub data: Option<Text<'a>>,
    /// `interval`, `timeout`, `dynamic`, `constant`
    pub flags: Vec<Text<'a>>,
    /// What its comment says.
    pub comment: Option<Text<'a>>,
    /// Other declarations: `counter`, `size 65535`, `timeout 1h`.
    pub declarations: Vec<Text<'a>>,
    /// The elements in the order of the listing, which is the order of the kernel's hash.
    pub elements: Vec<Element<'a>>,
}

/// An element of a set or map.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Element<'a> {
    /// `tcp . 8080`
    pub key: Text<'a>,
    /// What its comment says.
    pub comment: Option<Text<'a>>,
    /// After which time the kernel drops it.
    pub timeout: Option<Text<'a>>,
    /// Where it leads: `10.42.0.7 . 80`.
    pub data: Option<Text<'a>>,
}

/// A chain with its rules.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Chain<'a> {
    /// The name.
    pub name: Text<'a>,
    /// The number that `-a` shows.
    pub handle: Option<u64>,
    /// What its comment says; the JSON form of 1.0.6 leaves it out.
    pub comment: Option<Text<'a>>,
    /// Where the kernel calls it; `None` for a chain that only rules call.
    pub hook: Option<Hook<'a>>,
    /// The rules in order.
    pub rules: Vec<Rule<'a>>,
}

/// Where the kernel calls a chain.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Hook<'a> {
    /// `nat`, `filter` or `route`.
    pub kind: Text<'a>,
    /// `prerouting`, `input`, `forward`, `output`, `postrouting`, `ingress`, `egress`.
    pub hook: Text<'a>,
    /// The devices of an ingress hook, as printed.
    pub devices: Option<Text<'a>>,
    /// `dstnat`, `-100`, `filter + 10`.
    pub priority: Text<'a>,
    /// What happens to a packet that no rule decides; `accept` where none is printed.
    pub policy: Option<Text<'a>>,
}

impl Hook<'_> {
    /// The number of the priority; chains with lower numbers are called first.
    ///
    /// The names are those of nft 1.0.6, which stand for other numbers in the family `bridge`.
    #[must_use]
    pub fn number(&self, family: TableFamily) -> Option<i32> {
        let text = self.priority.to_str()?;
        let (base, offset) = if let Some((base, add)) = text.split_once(" + ") {
            (base, add.parse::<i32>().ok()?)
        } else if let Some((base, sub)) = text.split_once(" - ") {
            (base, sub.parse::<i32>().ok()?.checked_neg()?)
        } else {
            (text, 0)
        };
        let base: i32 = match (base, family) {
            ("dstnat", TableFamily::Bridge) => -300,
            ("filter", TableFamily::Bridge) => -200,
            ("out", TableFamily::Bridge) => 100,
            ("srcnat", TableFamily::Bridge) => 300,
            ("raw", _) => -300,
            ("mangle", _) => -150,
            ("dstnat", _) => -100,
            ("filter", _) => 0,
            ("security", _) => 50,
            ("srcnat", _) => 100,
            (number, _) => number.parse().ok()?,
        };
        base.checked_add(offset)
    }
}

/// A rule.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Rule<'a> {
    /// The rule as nft prints it, without its handle.
    pub text: Text<'a>,
    /// What its comment says.
    pub comment: Option<Text<'a>>,
    /// The number that `-a` shows.
    pub handle: Option<u64>,
    /// False where the JSON form holds a statement that is not read here; the text then has the
    /// statement's key behind a question mark.
    pub whole: bool,
}

impl Rule<'_> {
    /// The words of the rule.
    ///
    /// ```
    /// use hostport_audit::record::checkpoint::nft::{Ruleset, Token};
    ///
    /// let text = b"table ip t {\n\tchain c {\n\t\ttcp dport { 80, 81 } drop\n\t}\n}\n";
    /// let ruleset = Ruleset::parse(text)?;
    /// let tokens: Vec<_> = ruleset.tables[0].chains[0].rules[0].tokens().collect();
    /// assert_eq!(tokens[1], Token::Word(b"dport"));
    /// assert_eq!(tokens[4], Token::Mark(b','));
    /// # Ok::<(), hostport_audit::ParseError>(())
    /// ```
    #[must_use]
    pub fn tokens(&self) -> Tokens<'_> {
        Tokens { rest: self.text.as_bytes() }
    }
}

/// A word of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Token<'a> {
    /// Anything without a blank: `tcp`, `8080`, `@hostports`, `==`.
    Word(&'a [u8]),
    /// What stands between double quotes.
    Quoted(&'a [u8]),
    /// One of `{ } ( ) ,`, or a colon that stands alone.
    Mark(u8),
}

/// The words of a rule, in order; made by [`Rule::tokens`].
#[derive(Debug, Clone)]
pub struct Tokens<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        let (found, rest) = token(self.rest)?;
        self.rest = rest;
        Some(match found {
            RawToken::Word(word) => Token::Word(word),
            RawToken::Quoted(text) => Token::Quoted(text),
            RawToken::Mark(mark) => Token::Mark(mark),
        })
    }
}

/// An object that bears on no port by itself: a counter, quota, limit, flow table, helper.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Other<'a> {
    /// `counter`, `ct helper`
    pub kind: Text<'a>,
    /// The name.
    pub name: Text<'a>,
}

impl Element<'_> {
    /// The parts of the key: `tcp` and `8080` of `tcp . 8080`.
    pub fn key_parts(&self) -> impl Iterator<Item = &[u8]> {
        element::parts(self.key.as_bytes())
    }

    /// The parts of what the element leads to.
    pub fn data_parts(&self) -> impl Iterator<Item = &[u8]> {
        element::parts(self.data.as_ref().map_or(&[], Text::as_bytes))
    }

    /// The same element, no longer bound to the input.
    #[must_use]
    pub fn into_owned(self) -> Element<'static> {
        Element {
            key: self.key.into_owned(),
            comment: self.comment.map(Text::into_owned),
            timeout: self.timeout.map(Text::into_owned),
            data: self.data.map(Text::into_owned),
        }
    }
}

impl Rule<'_> {
    /// The same rule, no longer bound to the input.
    #[must_use]
    pub fn into_owned(self) -> Rule<'static> {
        Rule {
            text: self.text.into_owned(),
            comment: self.comment.map(Text::into_owned),
            handle: self.handle,
            whole: self.whole,
        }
    }
}

impl Hook<'_> {
    /// The same hook, no longer bound to the input.
    #[must_use]
    pub fn into_owned(self) -> Hook<'static> {
        Hook {
            kind: self.kind.into_owned(),
            hook: self.hook.into_owned(),
            devices: self.devices.map(Text::into_owned),
            priority: self.priority.into_owned(),
            policy: self.policy.map(Text::into_owned),
        }
    }
}

impl Chain<'_> {
    /// The same chain, no longer bound to the input.
    #[must_use]
    pub fn into_owned(self) -> Chain<'static> {
        Chain {
            name: self.name.into_owned(),
            handle: self.handle,
            comment: self.comment.map(Text::into_owned),
            hook: self.hook.map(Hook::into_owned),
            rules: self.rules.into_iter().map(Rule::into_owned).collect(),
        }
    }
}

impl Set<'_> {
    /// The same set, no longer bound to the input.
    #[must_use]
    pub fn into_owned(self) -> Set<'static> {
        Set {
            map: self.map,
            name: self.name.into_owned(),
            handle: self.handle,
            key: self.key.into_owned(),
            data: self.data.map(Text::into_owned),
            flags: self.flags.into_iter().map(Text::into_owned).collect(),
            comment: self.comment.map(Text::into_owned),
            declarations: self.declarations.into_iter().map(Text::into_owned).collect(),
            elements: self.elements.into_iter().map(Element::into_owned).collect(),
        }
    }
}
