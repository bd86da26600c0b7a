//! `nft list ruleset`, plain or with `-a`, `-s`, `-n`, `-nn`, `-t`, `-S`.
//!
//! ```text
//! table ip crio-hostports { # handle 2
//!     comment "HostPort rules created by CRI-O"
//!     map hostports { # handle 1
//!         type inet_proto . inet_service : ipv4_addr . inet_service
//!         elements = { tcp . 5432 comment "WD2BQ7XCBEERSDFK" : 10.42.0.8 . 9999,
//!                      tcp . 8080 comment "TBMLCPKPXE24TIHZ" : 10.42.0.7 . 80 }
//!     }
//!
//!     chain prerouting { # handle 6
//!         type nat hook prerouting priority dstnat; policy accept;
//!         fib daddr type local goto hostports # handle 20
//!     }
//! }
//! ```
//!
//! The indentation is made of tabs: none before a table, one before a block, two within it.

use super::declaration::{RawHook, RawSetHead, hook};
use super::element::{RawElement, elements};
use super::rule::{RawRule, rule};
use super::{Parsed, broken, comment, expect, name, table, until};
use crate::error::ErrorKind;
use crate::error::ParseError;
use crate::grammar::error::all;
use alloc::vec::Vec;
use nom::Parser;
use nom::bytes::complete::{tag, take_until};
use nom::character::complete::{char, u64 as number};
use nom::combinator::opt;
use nom::multi::many0;
use nom::sequence::{delimited, preceded, terminated};

/// A table with its blocks in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RawTable<'a> {
    pub(crate) family: &'a [u8],
    pub(crate) name: &'a [u8],
    pub(crate) handle: Option<u64>,
    /// `dormant`, `owner,persist`
    pub(crate) flags: Option<&'a [u8]>,
    pub(crate) comment: Option<&'a [u8]>,
    pub(crate) blocks: Vec<RawBlock<'a>>,
}

/// A block of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum RawBlock<'a> {
    Set(RawSet<'a>),
    Chain(RawChain<'a>),
    /// A counter, quota, limit, flow table, helper: its kind and name.
    Other {
        kind: &'a [u8],
        name: &'a [u8],
        handle: Option<u64>,
    },
}

/// A set or a map.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RawSet<'a> {
    pub(crate) map: bool,
    pub(crate) name: &'a [u8],
    pub(crate) handle: Option<u64>,
    pub(crate) head: RawSetHead<'a>,
    pub(crate) elements: Vec<RawElement<'a>>,
}

/// A chain with its rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RawChain<'a> {
    pub(crate) name: &'a [u8],
    pub(crate) handle: Option<u64>,
    pub(crate) comment: Option<&'a [u8]>,
    pub(crate) hook: Option<RawHook<'a>>,
    pub(crate) rules: Vec<RawRule<'a>>,
}

/// All tables of a listing; no byte may be left.
pub(crate) fn ruleset(whole: &[u8]) -> Result<Vec<RawTable<'_>>, ParseError> {
    all(whole, |input| {
        let mut tables = Vec::new();
        let mut rest = anomalies(input)?.0;
        while !rest.is_empty() {
            let (behind, table) = one_table(rest)?;
            tables.push(table);
            rest = anomalies(behind)?.0;
        }
        Ok((rest, tables))
    })
}

/// `# Warning: table ip nat is managed by iptables-nft, do not touch!`, which nft writes to
/// standard error, between tables.
fn anomalies(input: &[u8]) -> Parsed<'_, Vec<&[u8]>> {
    many0(delimited(tag("# Warning: "), take_until("\n"), char('\n'))).parse(input)
}

fn newline(input: &[u8]) -> Parsed<'_, char> {
    expect(ErrorKind::Ruleset, "the end of the line", char('\n')).parse(input)
}

/// ` {` or ` { # handle 6`, and the end of the line.
fn opening(input: &[u8]) -> Parsed<'_, Option<u64>> {
    let brace = expect(ErrorKind::Ruleset, "an opening brace", tag(" {"));
    delimited(brace, opt(preceded(tag(" # handle "), number)), newline).parse(input)
}

fn one_table(input: &[u8]) -> Parsed<'_, RawTable<'_>> {
    let keyword = expect(ErrorKind::Ruleset, "table", tag("table "));
    let (input, (family, name)) = preceded(keyword, table).parse(input)?;
    let mut brace = expect(ErrorKind::Ruleset, "an opening brace", tag(" {"));
    let (input, _) = brace.parse(input)?;
    // ` # handle 2 progname firewalld`, or either alone.
    let (input, marked) = opt(tag(" #")).parse(input)?;
    let (input, (handle, _)) = match marked {
        None => (input, (None, None)),
        Some(_) => {
            let owner = preceded(tag(" progname "), until(|byte| byte == b'\n'));
            (opt(preceded(tag(" handle "), number)), opt(owner)).parse(input)?
        }
    };
    let (mut rest, _) = newline(input)?;
    let mut found =
        RawTable { family, name, handle, flags: None, comment: None, blocks: Vec::new() };
    loop {
        if let Some(behind) = rest.strip_prefix(b"}") {
            return newline(behind).map(|(rest, _)| (rest, found));
        }
        if let Some(behind) = rest.strip_prefix(b"\n") {
            rest = behind;
            continue;
        }
        let Some(line) = rest.strip_prefix(b"\t") else {
            return broken(rest, ErrorKind::Ruleset, "a tab or the end of the table");
        };
        rest = if line.starts_with(b"comment ") {
            let (behind, text) = terminated(comment, newline).parse(line)?;
            found.comment = Some(text);
            behind
        } else if line.starts_with(b"flags ") {
            let flags = preceded(tag("flags "), until(|byte| matches!(byte, b';' | b'\n')));
            let (behind, text) = terminated(flags, (opt(char(';')), newline)).parse(line)?;
            found.flags = Some(text);
            behind
        } else {
            let (behind, block) = block(line)?;
            found.blocks.push(block);
            behind
        };
    }
}

fn block(input: &[u8]) -> Parsed<'_, RawBlock<'_>> {
    if let Some(set) = input.strip_prefix(b"set ") {
        return set_block(false, set).map(|(rest, set)| (rest, RawBlock::Set(set)));
    }
    if let Some(map) = input.strip_prefix(b"map ") {
        return set_block(true, map).map(|(rest, set)| (rest, RawBlock::Set(set)));
    }
    if let Some(chain) = input.strip_prefix(b"chain ") {
        return chain_block(chain).map(|(rest, chain)| (rest, RawBlock::Chain(chain)));
    }
    other_block(input)
}

/// True where a block ends; the line end is left.
fn closing(input: &[u8]) -> Option<&[u8]> {
    input.strip_prefix(b"\t}\n")
}

/// The two tabs before a line of a block.
fn indent(input: &[u8]) -> Parsed<'_, &[u8]> {
    expect(ErrorKind::Ruleset, "two tabs or the end of the block", tag("\t\t")).parse(input)
}

fn set_block(map: bool, input: &[u8]) -> Parsed<'_, RawSet<'_>> {
    let (input, name) = name(input)?;
    let (mut rest, handle) = opening(input)?;
    let mut set = RawSet { map, name, handle, head: RawSetHead::default(), elements: Vec::new() };
    loop {
        if let Some(behind) = closing(rest) {
            return Ok((behind, set));
        }
        let (line, _) = indent(rest)?;
        if line.starts_with(b"elements = ") {
            let (behind, found) = delimited(tag("elements = "), elements, newline).parse(line)?;
            if !set.elements.is_empty() {
                return broken(line, ErrorKind::DuplicateField, "the end of the set");
            }
            set.elements = found;
            rest = behind;
        } else {
            let (behind, declaration) =
                terminated(until(|byte| byte == b'\n'), newline).parse(line)?;
            set.head.take(declaration)?;
            rest = behind;
        }
    }
}

fn chain_block(input: &[u8]) -> Parsed<'_, RawChain<'_>> {
    let (input, name) = name(input)?;
    let (mut rest, handle) = opening(input)?;
    let mut chain = RawChain { name, handle, comment: None, hook: None, rules: Vec::new() };
    loop {
        if let Some(behind) = closing(rest) {
            return Ok((behind, chain));
        }
        let (line, _) = indent(rest)?;
        let declares = chain.rules.is_empty();
        rest = if declares && chain.comment.is_none() && line.starts_with(b"comment ") {
            let (behind, text) = terminated(comment, newline).parse(line)?;
            chain.comment = Some(text);
            behind
        } else if declares && chain.hook.is_none() && line.starts_with(b"type ") {
            let (behind, found) = terminated(hook, newline).parse(line)?;
            chain.hook = Some(found);
            behind
        } else {
            let (behind, found) = terminated(rule, newline).parse(line)?;
            chain.rules.push(found);
            behind
        };
    }
}

/// `counter hits {`, `ct helper helper-tftp-udp {`: one or two words, the name, and lines that are
/// passed over.
fn other_block(input: &[u8]) -> Parsed<'_, RawBlock<'_>> {
    let (behind, head) = until(|byte| matches!(byte, b'{' | b'\n')).parse(input)?;
    let head = head.strip_suffix(b" ").unwrap_or(head);
    let cut = memchr::memrchr(b' ', head).and_then(|at| head.split_at_checked(at));
    let Some((kind, found)) = cut else {
        return broken(behind, ErrorKind::Ruleset, "the kind and the name of a block");
    };
    let (_, name) = name(found.get(1..).unwrap_or_default())?;
    let brace = input.get(head.len()..).unwrap_or_default();
    let (mut rest, handle) = opening(brace)?;
    loop {
        if let Some(behind) = closing(rest) {
            return Ok((behind, RawBlock::Other { kind, name, handle }));
        }
        let (line, _) = indent(rest)?;
        (rest, _) = terminated(until(|byte| byte == b'\n'), newline).parse(line)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LISTING: &[u8] =
        b"table inet odd { # handle 8\n\tcounter hits { # handle 3\n\t\tcomment \"c\"\n\t}\n\n\
        \tset nets { # handle 1\n\t\ttype ipv4_addr\n\t\tflags interval,timeout\n\t\tcounter\n\
        \t\telements = { 10.0.0.0/8 counter packets 0 bytes 0 }\n\t}\n\n\
        \tchain in { # handle 4\n\t\ttype filter hook input priority filter + 5; policy accept;\n\
        \t\ttcp dport vmap @vm counter packets 0 bytes 0 comment \"a } { b\" # handle 5\n\t}\n}\n";

    #[test]
    fn a_table_has_its_blocks_in_order() {
        let tables = ruleset(LISTING).unwrap();
        assert_eq!(tables.len(), 1);
        assert_eq!((tables[0].name, tables[0].handle), (&b"odd"[..], Some(8)));
        let [RawBlock::Other { kind, name, handle }, RawBlock::Set(set), RawBlock::Chain(chain)] =
            &tables[0].blocks[..]
        else {
            panic!("{tables:?}");
        };
        assert_eq!((*kind, *name, *handle), (&b"counter"[..], &b"hits"[..], Some(3)));
        assert_eq!(set.head.flags, Some(&b"interval,timeout"[..]));
        assert_eq!(set.head.others, [b"counter"]);
        assert_eq!(set.elements[0].key, b"10.0.0.0/8");
        assert_eq!(chain.hook.unwrap().priority, b"filter + 5");
        assert_eq!(chain.rules[0].comment, Some(&b"a } { b"[..]));
    }

    #[test]
    fn a_listing_that_is_cut_is_refused_at_its_end() {
        assert!(ruleset(b"").unwrap().is_empty());
        for cut in 1..LISTING.len() {
            let error = ruleset(&LISTING[..cut]).unwrap_err();
            assert!(error.offset() <= cut, "{error}");
        }
    }

    #[test]
    fn owners_and_warnings_are_passed_over() {
        let text = b"# Warning: table ip nat is managed by iptables-nft, do not touch!\n\
            table inet firewalld { # progname firewalld\n\tflags owner,persist\n}\n";
        assert_eq!(ruleset(text).unwrap()[0].flags, Some(&b"owner,persist"[..]));
    }
}
