//! Lines of `nft monitor`, with `-a` (handles) or without.
//!
//! ```text
//! add element ip crio-hostports hostports { tcp . 80 comment "TBMLCPKPXE24TIHZ" : 10.42.0.7 . 80 }
//! add rule ip crio-hostports prerouting handle 49 fib daddr type local goto hostports # handle 51
//! delete rule ip crio-hostports hostports handle 18
//! delete set inet ovn-kubernetes nodeports-v4
//! # new generation 11 by process 26937 (nft)
//! # ERROR: We lost some netlink events!
//! ```

use super::declaration::{RawHook, RawSetHead, hook, with_semicolons};
use super::element::{RawElement, elements};
use super::rule::{RawRule, rule};
use super::{
    Parsed, blank, broken, comment, expect, handle_note, name, table, until, where_begins, word,
};
use crate::error::{ErrorKind, ParseError};
use crate::grammar::error::all;
use alloc::vec::Vec;
use nom::Parser;
use nom::branch::alt;
use nom::bytes::complete::tag;
use nom::character::complete::{char, u32 as small, u64 as number};
use nom::combinator::{all_consuming, map, opt, rest, value};
use nom::sequence::{delimited, preceded, terminated};

/// What a line does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RawVerb {
    Add,
    Insert,
    Replace,
    Delete,
    Flush,
}

/// A line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum RawLine<'a> {
    Change {
        verb: RawVerb,
        table: (&'a [u8], &'a [u8]),
        what: RawWhat<'a>,
    },
    /// `flush ruleset`
    FlushRuleset,
    Generation {
        number: u32,
        process: u32,
        program: &'a [u8],
    },
    Lost,
    /// ` # handle 2` alone: the end of a rule into which another text with a line end was written.
    Handle(u64),
    Empty,
}

/// What the line is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum RawWhat<'a> {
    Table {
        flags: Option<&'a [u8]>,
        handle: Option<u64>,
    },
    Chain {
        name: &'a [u8],
        comment: Option<&'a [u8]>,
        hook: Option<RawHook<'a>>,
        handle: Option<u64>,
    },
    Set {
        map: bool,
        name: &'a [u8],
        head: RawSetHead<'a>,
        handle: Option<u64>,
    },
    Elements {
        set: &'a [u8],
        elements: Vec<RawElement<'a>>,
    },
    /// With the handle of the rule behind which it is put.
    Rule {
        chain: &'a [u8],
        behind: Option<u64>,
        rule: RawRule<'a>,
    },
    /// A rule that is named by its handle only.
    RuleAt {
        chain: &'a [u8],
        handle: u64,
    },
    /// A counter, quota, limit, flow table, helper.
    Other {
        kind: &'a [u8],
        name: &'a [u8],
    },
}

/// Reads a line without its line end.
pub(crate) fn line(whole: &[u8]) -> Result<RawLine<'_>, ParseError> {
    all(whole, any_line)
}

fn any_line(input: &[u8]) -> Parsed<'_, RawLine<'_>> {
    match input {
        _ if input.trim_ascii().is_empty() => Ok((b"", RawLine::Empty)),
        [b'#', ..] => remark(input),
        [b' ', b'#', ..] => map(handle_note, RawLine::Handle).parse(input),
        _ => change(input),
    }
}

fn remark(input: &[u8]) -> Parsed<'_, RawLine<'_>> {
    if input.starts_with(b"# ERROR") {
        return map(rest, |_| RawLine::Lost).parse(input);
    }
    let (input, number) = preceded(tag("# new generation "), small).parse(input)?;
    let (input, process) = opt(preceded(tag(" by process "), small)).parse(input)?;
    let Some(process) = process else {
        return Ok((input, RawLine::Generation { number, process: 0, program: b"" }));
    };
    // The name of a program may hold brackets itself.
    let mut program = preceded(expect(ErrorKind::Ruleset, "the program", tag(" (")), rest);
    let (_, name) = program.parse(input)?;
    let Some(program) = name.strip_suffix(b")") else {
        return broken(b"", ErrorKind::Ruleset, "a closing bracket");
    };
    Ok((b"", RawLine::Generation { number, process, program }))
}

fn verb(input: &[u8]) -> Parsed<'_, RawVerb> {
    let words = alt((
        value(RawVerb::Add, alt((tag("add "), tag("create ")))),
        value(RawVerb::Insert, tag("insert ")),
        value(RawVerb::Replace, tag("replace ")),
        value(RawVerb::Delete, alt((tag("delete "), tag("destroy ")))),
        value(RawVerb::Flush, tag("flush ")),
    ));
    expect(ErrorKind::Ruleset, "add, create, insert, replace, delete, destroy or flush", words)
        .parse(input)
}

fn change(input: &[u8]) -> Parsed<'_, RawLine<'_>> {
    let (input, verb) = verb(input)?;
    if verb == RawVerb::Flush && input == b"ruleset" {
        return Ok((b"", RawLine::FlushRuleset));
    }
    // `ct helper`, `ct timeout`, `ct expectation` are the kinds of two words.
    let (from, first) = word(input)?;
    let (behind, kind) = if first == b"ct" {
        let (behind, _) = (char(' '), word).parse(from)?;
        let length = input.len().saturating_sub(behind.len());
        (behind, input.get(..length).unwrap_or_default())
    } else {
        (from, first)
    };
    let (input, table) = preceded(blank, table).parse(behind)?;
    let named = |input| preceded(blank, name).parse(input);
    let (input, what) = match kind {
        b"table" => whole_table(input)?,
        b"chain" => chain(named(input)?)?,
        b"set" | b"map" => set(kind == b"map", named(input)?)?,
        b"element" => {
            let (input, (set, elements)) = (named, preceded(blank, elements)).parse(input)?;
            (input, RawWhat::Elements { set, elements })
        }
        b"rule" => one_rule(verb, named(input)?)?,
        _ => {
            let (input, (name, _)) = (named, rest).parse(input)?;
            (input, RawWhat::Other { kind, name })
        }
    };
    Ok((input, RawLine::Change { verb, table, what }))
}

fn whole_table(input: &[u8]) -> Parsed<'_, RawWhat<'_>> {
    let flags = delimited(tag(" { flags "), until(|byte| matches!(byte, b';' | b'}')), tag("; }"));
    let (input, (flags, handle)) = (opt(flags), opt(handle_note)).parse(input)?;
    Ok((input, RawWhat::Table { flags, handle }))
}

fn chain<'a>((input, name): (&'a [u8], &'a [u8])) -> Parsed<'a, RawWhat<'a>> {
    let (input, body) =
        where_begins(" {", delimited(tag(" { "), chain_body, tag("}"))).parse(input)?;
    let (comment, hook) = body.unwrap_or_default();
    let (input, handle) = opt(handle_note).parse(input)?;
    Ok((input, RawWhat::Chain { name, comment, hook, handle }))
}

type ChainBody<'a> = (Option<&'a [u8]>, Option<RawHook<'a>>);

fn chain_body(input: &[u8]) -> Parsed<'_, ChainBody<'_>> {
    let text = || where_begins("comment ", terminated(comment, tag("; ")));
    let (input, first) = text().parse(input)?;
    let (input, hook) = where_begins("type ", terminated(hook, char(' '))).parse(input)?;
    let (input, second) = text().parse(input)?;
    Ok((input, (first.or(second), hook)))
}

fn set<'a>(map: bool, (input, name): (&'a [u8], &'a [u8])) -> Parsed<'a, RawWhat<'a>> {
    let mut head = RawSetHead::default();
    let Some(behind) = input.strip_prefix(b" { ") else {
        return Ok((input, RawWhat::Set { map, name, head, handle: None }));
    };
    let (behind, handle) =
        where_begins("# ", delimited(tag("# handle "), number, char(' '))).parse(behind)?;
    let end = (tag("}"), opt(char(' ')));
    let (input, declarations) = terminated(with_semicolons, end).parse(behind)?;
    for declaration in declarations {
        head.take(declaration)?;
    }
    Ok((input, RawWhat::Set { map, name, head, handle }))
}

fn one_rule<'a>(verb: RawVerb, (input, chain): (&'a [u8], &'a [u8])) -> Parsed<'a, RawWhat<'a>> {
    let behind = preceded(tag(" handle "), number);
    if verb == RawVerb::Delete {
        let handle = expect(ErrorKind::Ruleset, "the handle of a rule", all_consuming(behind));
        return map(handle, |handle| RawWhat::RuleAt { chain, handle }).parse(input);
    }
    let (input, behind) = opt(behind).parse(input)?;
    let (input, rule) = preceded(blank, rule).parse(input)?;
    Ok((input, RawWhat::Rule { chain, behind, rule }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn what(text: &[u8]) -> RawWhat<'_> {
        match line(text).unwrap() {
            RawLine::Change { what, .. } => what,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_first_handle_is_the_neighbour_and_the_last_the_rules_own() {
        let text = b"add rule ip t c handle 49 ip daddr 10.0.0.1 drop # handle 51";
        let RawWhat::Rule { chain: b"c", behind: Some(49), rule } = what(text) else { panic!() };
        assert_eq!((rule.text, rule.handle), (&b"ip daddr 10.0.0.1 drop"[..], Some(51)));
        let gone = RawWhat::RuleAt { chain: b"c", handle: 18 };
        assert_eq!(what(b"delete rule ip t c handle 18"), gone);
        assert!(line(b"delete rule ip t c handle 18 x").is_err());
    }

    #[test]
    fn sets_and_chains_carry_their_declarations() {
        let text = b"add map ip t m { # handle 2 type inet_service : verdict; comment \"a; }\"; } ";
        let RawWhat::Set { map: true, head, handle: Some(2), .. } = what(text) else { panic!() };
        assert_eq!((head.key, head.data), (&b"inet_service"[..], Some(&b"verdict"[..])));
        assert_eq!(head.comment, Some(&b"a; }"[..]));
        let text = b"add chain inet t c { type filter hook input priority filter + 5; \
            policy accept; } # handle 4";
        let RawWhat::Chain { hook: Some(hook), handle: Some(4), .. } = what(text) else { panic!() };
        assert_eq!((hook.hook, hook.priority), (&b"input"[..], &b"filter + 5"[..]));
    }

    #[test]
    fn the_end_of_a_transaction_names_its_process() {
        let text = b"# new generation 11 by process 26937 (a (b))";
        let end = RawLine::Generation { number: 11, process: 26937, program: b"a (b)" };
        assert_eq!(line(text).unwrap(), end);
        assert_eq!(line(b"# ERROR: We lost some netlink events!").unwrap(), RawLine::Lost);
        assert!(line(b"# new generation 11 by process 26").is_err());
        assert_eq!(line(b" # handle 2").unwrap(), RawLine::Handle(2));
    }
}
