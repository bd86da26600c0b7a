//! What sets, maps and chains say about themselves.
//!
//! The listing writes a declaration a line, the monitor puts `;` behind each:
//!
//! ```text
//! type ipv4_addr . inet_service : verdict
//! flags interval,timeout
//! type nat hook prerouting priority dstnat; policy accept;
//! ```

use super::{Parsed, broken, comment, expect, until, where_begins, word};
use crate::error::ErrorKind;
use alloc::vec::Vec;
use nom::Parser;
use nom::bytes::complete::tag;
use nom::combinator::all_consuming;
use nom::sequence::{delimited, preceded};

/// What a set or map says about itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct RawSetHead<'a> {
    /// `ipv4_addr . inet_service`; empty where the text names an expression (`typeof`) instead.
    pub(crate) key: &'a [u8],
    /// `verdict`, `ipv4_addr . inet_service`; only a map has it.
    pub(crate) data: Option<&'a [u8]>,
    /// `interval,timeout`
    pub(crate) flags: Option<&'a [u8]>,
    /// What the comment says.
    pub(crate) comment: Option<&'a [u8]>,
    /// Other declarations: `counter`, `size 65535`, `timeout 1h`, `typeof ip saddr`.
    pub(crate) others: Vec<&'a [u8]>,
}

impl<'a> RawSetHead<'a> {
    /// Takes in one declaration.
    pub(crate) fn take(
        &mut self,
        declaration: &'a [u8],
    ) -> Result<(), nom::Err<super::GrammarError<'a>>> {
        if let Some(types) = declaration.strip_prefix(b"type ") {
            let colon = types.windows(3).position(|three| three == b" : ");
            let cut =
                colon.and_then(|at| Some((types.get(..at)?, types.get(at.checked_add(3)?..)?)));
            (self.key, self.data) = cut.map_or((types, None), |(key, data)| (key, Some(data)));
        } else if let Some(flags) = declaration.strip_prefix(b"flags ") {
            self.flags = Some(flags);
        } else if declaration.starts_with(b"comment ") {
            let (_, text) = all_consuming(comment).parse(declaration)?;
            self.comment = Some(text);
        } else {
            self.others.push(declaration);
        }
        Ok(())
    }
}

/// Where in the kernel a base chain is called, and what it does with a packet that no rule decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RawHook<'a> {
    /// `nat`, `filter`, `route`
    pub(crate) kind: &'a [u8],
    /// `prerouting`
    pub(crate) hook: &'a [u8],
    /// `device "eth0"`, `devices = { "eth0", "eth1" }`
    pub(crate) devices: Option<&'a [u8]>,
    /// `dstnat`, `-100`, `filter + 10`
    pub(crate) priority: &'a [u8],
    /// `accept`, `drop`
    pub(crate) policy: Option<&'a [u8]>,
}

/// `type nat hook prerouting priority dstnat; policy accept;`
pub(crate) fn hook(input: &[u8]) -> Parsed<'_, RawHook<'_>> {
    let (input, kind) = preceded(tag("type "), word).parse(input)?;
    let (input, hook) =
        preceded(expect(ErrorKind::Ruleset, "hook", tag(" hook ")), word).parse(input)?;
    let (input, devices) = where_begins(" device", devices).parse(input)?;
    let until_semicolon = until(|byte| matches!(byte, b';' | b'\n'));
    let priority = expect(ErrorKind::Ruleset, "priority", tag(" priority "));
    let semicolon = || expect(ErrorKind::Ruleset, "a semicolon", tag(";"));
    let (input, priority) = delimited(priority, &until_semicolon, semicolon()).parse(input)?;
    let (input, policy) =
        where_begins(" policy", delimited(tag(" policy "), word, semicolon())).parse(input)?;
    Ok((input, RawHook { kind, hook, devices, priority, policy }))
}

fn devices(input: &[u8]) -> Parsed<'_, &[u8]> {
    let mut from = input;
    // The words end where the priority begins; a device's name stands in quotes.
    loop {
        match from {
            [b'"', ..] => (from, _) = super::quoted(from)?,
            [b'\n', ..] | [] => return broken(from, ErrorKind::Ruleset, "priority"),
            _ if from.starts_with(b" priority ") => break,
            [_, behind @ ..] => from = behind,
        }
    }
    let length = input.len().saturating_sub(from.len());
    Ok((from, input.get(1..length).unwrap_or_default()))
}

/// The declarations of the monitor: `type inet_proto; comment "x"; `, up to the closing brace.
pub(crate) fn with_semicolons(input: &[u8]) -> Parsed<'_, Vec<&[u8]>> {
    let mut found = Vec::new();
    let mut from = input;
    while !from.starts_with(b"}") {
        let (behind, declaration) =
            until(|byte| matches!(byte, b';' | b'}' | b'\n')).parse(from)?;
        let (behind, _) = expect(ErrorKind::Ruleset, "a semicolon", tag("; ")).parse(behind)?;
        found.push(declaration);
        from = behind;
    }
    Ok((from, found))
}
