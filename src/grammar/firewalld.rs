//! firewalld's log lines: date, label, and the calls and signals among the messages (firewalld 0.3
//! to 2.5).
//!
//! Arguments are printed with `'%s'`, never escaped, so a call is told apart by the number of its
//! arguments alone: one that has more or fewer than its method takes is broken, because then no one
//! can say where one argument ends.

use super::error::{Parsed, expect};
use crate::error::{ErrorKind, ParseError};
use nom::Parser;
use nom::branch::alt;
use nom::bytes::complete::{tag, take, take_while1};
use nom::character::complete::{char, one_of};
use nom::combinator::{eof, map, opt, peek, recognize, value, verify};
use nom::sequence::terminated;
use time::{Date, Month, PrimitiveDateTime, Time};

/// Most arguments that a call of which the arguments are read can have.
pub(crate) const MOST_ARGUMENTS: usize = 6;

/// Where the date and the label of a line end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Head<'a> {
    /// The date and time; `None` for one that does not exist.
    pub(crate) stamp: Option<PrimitiveDateTime>,
    /// `DEBUG1`, `ERROR` and so on; empty where none is printed.
    pub(crate) label: &'a [u8],
    /// The offset of the message in the line.
    pub(crate) message_at: usize,
}

/// A number of exactly `count` digits.
fn digits<'a>(count: usize) -> impl FnMut(&'a [u8]) -> Parsed<'a, u16> {
    move |input| {
        map(verify(take(count), |d: &[u8]| d.iter().all(u8::is_ascii_digit)), |d: &[u8]| {
            d.iter().fold(0u16, |sum, b| sum.wrapping_mul(10).wrapping_add(u16::from(b & 0x0f)))
        })
        .parse(input)
    }
}

/// `2023-06-28 10:46:37`; the inner `None` stands for digits that are no date or no time of day.
fn stamp(input: &[u8]) -> Parsed<'_, Option<PrimitiveDateTime>> {
    let (rest, (year, _, month, _, day, _)) =
        (digits(4), char('-'), digits(2), char('-'), digits(2), char(' ')).parse(input)?;
    let (rest, (hour, _, minute, _, second)) =
        (digits(2), char(':'), digits(2), char(':'), digits(2)).parse(rest)?;
    let small = |n: u16| u8::try_from(n).ok();
    let date = || {
        Date::from_calendar_date(i32::from(year), Month::try_from(small(month)?).ok()?, small(day)?)
            .ok()
    };
    let time = || Time::from_hms(small(hour)?, small(minute)?, small(second)?).ok();
    Ok((rest, date().zip(time()).map(|(date, time)| PrimitiveDateTime::new(date, time))))
}

/// `DEBUG1: `; a line that ends behind the colon lost its last blank on the way.
fn label(input: &[u8]) -> Parsed<'_, &[u8]> {
    let debug = recognize((tag("DEBUG"), one_of("123456789")));
    terminated(
        alt((debug, tag("ERROR"), tag("WARNING"), tag("FATAL ERROR"))),
        (char(':'), alt((value((), char(' ')), value((), peek(eof))))),
    )
    .parse(input)
}

/// Date, label and where the message begins; `None` if the line does not begin with a date.
pub(crate) fn dated(line: &[u8]) -> Option<Head<'_>> {
    let (rest, stamp) =
        terminated(stamp, alt((value((), char(' ')), value((), peek(eof))))).parse(line).ok()?;
    Some(Head { stamp, ..undated(rest, line.len()) })
}

/// Label and message of a line that the system's logger dated.
pub(crate) fn undated(rest: &[u8], whole: usize) -> Head<'_> {
    let (message, label) = opt(label).parse(rest).unwrap_or((rest, None));
    Head {
        stamp: None,
        label: label.unwrap_or_default(),
        message_at: whole.saturating_sub(message.len()),
    }
}

/// What a message is, as far as calls go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Called<'a> {
    /// No call.
    No,
    /// A whole call.
    Whole(Call<'a>),
    /// The beginning of a call; an argument with a line break may go on in the next line.
    Unfinished(ParseError),
    /// A call with more arguments than its method has.
    GrammarError(ParseError),
}

/// A call or signal: `config.zone.7.addPort('8080', 'tcp')`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Call<'a> {
    /// What stands in front of the method, without the object's number: `config.zone`; empty for
    /// the daemon itself.
    pub(crate) path: &'a [u8],
    /// The object's number.
    pub(crate) object: Option<u32>,
    /// The method or signal.
    pub(crate) method: &'a [u8],
    /// What stands between the brackets.
    pub(crate) raw: &'a [u8],
    /// The arguments, their quotes taken off; for methods that are not of interest here, none.
    pub(crate) arguments: Arguments<'a>,
}

/// The arguments of a call.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Arguments<'a> {
    items: [&'a [u8]; MOST_ARGUMENTS],
    count: usize,
}

impl<'a> Arguments<'a> {
    pub(crate) fn as_slice(&self) -> &[&'a [u8]] {
        self.items.get(..self.count).unwrap_or_default()
    }

    fn push(&mut self, item: &'a [u8]) {
        if let Some(slot) = self.items.get_mut(self.count) {
            *slot = item;
            self.count = self.count.saturating_add(1);
        }
    }
}

/// How the arguments of a method are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// Nothing between the brackets.
    Nothing,
    /// `'a', 'b'`
    Quoted(usize),
    /// `'a', 'b', 60`
    QuotedNumber(usize),
    /// `'a', 'b'`, where the last is free text that may hold the separator.
    Free(usize),
    /// The same with a number behind it.
    FreeNumber(usize),
    /// `public`, without quotes.
    Bare,
    /// `'[...]'`
    List,
    /// A method of which the arguments are not read.
    Any,
}

fn shape(path: &[u8], method: &[u8]) -> Shape {
    match path {
        b"zone" => runtime_shape(method),
        b"config.zone" => permanent_shape(method),
        b"config" => match method {
            b"addZone" | b"ZoneAdded" | b"getZoneByName" => Shape::Quoted(1),
            _ => Shape::Any,
        },
        b"policy" => match method {
            b"PolicyUpdated" => Shape::Free(2),
            b"setPolicySettings" => Shape::Bare,
            _ => Shape::Any,
        },
        b"config.policy" | b"config.service" => match method {
            b"Updated" | b"Removed" | b"Renamed" => Shape::Quoted(1),
            _ => Shape::Any,
        },
        b"" => match method {
            b"setDefaultZone" | b"DefaultZoneChanged" => Shape::Quoted(1),
            b"setZoneSettings2" => Shape::Bare,
            b"start"
            | b"stop"
            | b"reload"
            | b"completeReload"
            | b"Reloaded"
            | b"copyRuntimeToPermanent"
            | b"enablePanicMode"
            | b"disablePanicMode"
            | b"PanicModeEnabled"
            | b"PanicModeDisabled" => Shape::Nothing,
            _ => Shape::Any,
        },
        _ => Shape::Any,
    }
}

fn runtime_shape(method: &[u8]) -> Shape {
    match method {
        b"addPort"
        | b"enablePort"
        | b"removePort"
        | b"disablePort"
        | b"disableTimedPort"
        | b"PortRemoved"
        | b"addSourcePort"
        | b"enableSourcePort"
        | b"removeSourcePort"
        | b"disableSourcePort"
        | b"disableTimedSourcePort"
        | b"SourcePortRemoved" => Shape::Quoted(3),
        b"PortAdded" | b"SourcePortAdded" => Shape::QuotedNumber(3),
        b"addService" | b"ServiceAdded" | b"ProtocolAdded" => Shape::QuotedNumber(2),
        b"removeService"
        | b"disableTimedService"
        | b"ServiceRemoved"
        | b"addProtocol"
        | b"enableProtocol"
        | b"removeProtocol"
        | b"disableProtocol"
        | b"disableTimedProtocol"
        | b"ProtocolRemoved" => Shape::Quoted(2),
        b"addForwardPort"
        | b"removeForwardPort"
        | b"disableTimedForwardPort"
        | b"ForwardPortRemoved" => Shape::Quoted(5),
        b"ForwardPortAdded" => Shape::QuotedNumber(5),
        b"addRichRule"
        | b"removeRichRule"
        | b"disableTimedRichRule"
        | b"RichRuleRemoved"
        | b"ZoneUpdated" => Shape::Free(2),
        b"RichRuleAdded" => Shape::FreeNumber(2),
        b"addMasquerade"
        | b"removeMasquerade"
        | b"disableTimedMasquerade"
        | b"MasqueradeRemoved" => Shape::Quoted(1),
        b"MasqueradeAdded" => Shape::QuotedNumber(1),
        b"addInterface"
        | b"changeZoneOfInterface"
        | b"removeInterface"
        | b"InterfaceAdded"
        | b"InterfaceRemoved"
        | b"ZoneOfInterfaceChanged"
        | b"addSource"
        | b"changeZoneOfSource"
        | b"removeSource"
        | b"SourceAdded"
        | b"SourceRemoved"
        | b"ZoneOfSourceChanged" => Shape::Quoted(2),
        _ => Shape::Any,
    }
}

fn permanent_shape(method: &[u8]) -> Shape {
    match method {
        b"addPort" | b"removePort" | b"addSourcePort" | b"removeSourcePort" => Shape::Quoted(2),
        b"addForwardPort" | b"removeForwardPort" => Shape::Quoted(4),
        b"addService" | b"removeService" | b"addProtocol" | b"removeProtocol" | b"addInterface"
        | b"removeInterface" | b"addSource" | b"removeSource" | b"setTarget" | b"rename"
        | b"Updated" | b"Removed" | b"Renamed" | b"update" | b"update2" | b"GetAll" => {
            Shape::Quoted(1)
        }
        b"addRichRule" | b"removeRichRule" => Shape::Free(1),
        b"setPorts" | b"setSourcePorts" | b"setForwardPorts" | b"setServices" | b"setProtocols" => {
            Shape::List
        }
        b"loadDefaults" | b"removeZone" | b"addMasquerade" | b"removeMasquerade"
        | b"getSettings" | b"getSettings2" => Shape::Nothing,
        _ => Shape::Any,
    }
}

/// `config.zone.7.addPort(`: path, number, method.
fn head(input: &[u8]) -> Parsed<'_, (&[u8], Option<u32>, &[u8])> {
    let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    let (rest, dotted) = expect(
        ErrorKind::Call,
        "a method and its bracket",
        terminated(take_while1(move |b| word(b) || b == b'.'), char('(')),
    )
    .parse(input)?;
    let (path, method) = match dotted.iter().rposition(|&b| b == b'.') {
        Some(dot) => (
            dotted.get(..dot).unwrap_or_default(),
            dotted.get(dot.saturating_add(1)..).unwrap_or_default(),
        ),
        None => (<&[u8]>::default(), dotted),
    };
    let named = |part: &[u8]| part.first().is_some_and(|b| b.is_ascii_alphabetic() || *b == b'_');
    let number = |part: &[u8]| {
        core::str::from_utf8(part)
            .ok()
            .filter(|t| t.bytes().all(|b| b.is_ascii_digit()))?
            .parse()
            .ok()
    };
    if !named(method) || !(path.is_empty() || named(path)) {
        return super::error::broken(input, ErrorKind::Call, "a method's name");
    }
    let object = path.iter().rposition(|&b| b == b'.').and_then(|dot| {
        let (front, back) = path.split_at_checked(dot)?;
        Some((front, number(back.get(1..)?)?))
    });
    Ok(match object {
        Some((path, object)) => (rest, (path, Some(object), method)),
        None => (rest, (path, None, method)),
    })
}

/// Reads a message as a call. Offsets in errors count from the start of the message.
pub(crate) fn call(message: &[u8]) -> Called<'_> {
    let Ok((rest, (path, object, method))) = head(message) else { return Called::No };
    let at = message.len().saturating_sub(rest.len());
    let shape = shape(path, method);
    let whole = |raw, arguments| Called::Whole(Call { path, object, method, raw, arguments });
    let bad = |offset: usize, expected| {
        ParseError::new(ErrorKind::Call, at.saturating_add(offset), expected)
            .with_found(rest.get(offset).copied())
    };
    let Some(raw) = rest.strip_suffix(b")") else {
        // An argument can go on in the next line; other text with a bracket is a message like any
        // other.
        let quoted = rest.first() == Some(&b'\'');
        return match shape {
            Shape::Any if quoted || is_bare_call(method) => {
                Called::Unfinished(bad(rest.len(), "the bracket that ends the call"))
            }
            Shape::Any => Called::No,
            Shape::Nothing => Called::GrammarError(bad(0, "the bracket that ends the call")),
            _ => Called::Unfinished(bad(rest.len(), "the bracket that ends the call")),
        };
    };
    match arguments(shape, raw) {
        Ok(arguments) => whole(raw, arguments),
        Err(Misfit { at, expected, more: true }) => Called::Unfinished(bad(at, expected)),
        Err(Misfit { at, expected, more: false }) => Called::GrammarError(bad(at, expected)),
    }
}

/// True for methods whose argument some calls print without quotes: `getZoneSettings2(public)`.
fn is_bare_call(method: &[u8]) -> bool {
    [&b"get"[..], b"set", b"query"].iter().any(|verb| method.starts_with(verb))
}

/// Arguments that do not fit: where, and whether more text could mend it.
struct Misfit {
    at: usize,
    expected: &'static str,
    more: bool,
}

fn arguments(shape: Shape, raw: &[u8]) -> Result<Arguments<'_>, Misfit> {
    let mut out = Arguments::default();
    match shape {
        Shape::Any => {}
        Shape::Nothing if raw.is_empty() => {}
        Shape::Nothing => return Err(Misfit { at: 0, expected: "no arguments", more: false }),
        Shape::Bare => out.push(raw),
        Shape::List => {
            out.push(raw.strip_prefix(b"'[").and_then(|inner| inner.strip_suffix(b"]'")).ok_or(
                Misfit { at: raw.len(), expected: "a list in quotes", more: raw.starts_with(b"'") },
            )?)
        }
        Shape::Quoted(count) => quoted(raw, count, false, &mut out)?,
        Shape::Free(count) => quoted(raw, count, true, &mut out)?,
        Shape::QuotedNumber(count) | Shape::FreeNumber(count) => {
            let misfit = |more| Misfit { at: raw.len(), expected: "a number of seconds", more };
            let comma = memchr::memmem::rfind(raw, b", ").ok_or(misfit(true))?;
            let (front, number) = raw.split_at_checked(comma).ok_or(misfit(true))?;
            let number = number.get(2..).unwrap_or_default();
            if number.is_empty() || !number.iter().all(u8::is_ascii_digit) {
                return Err(misfit(true));
            }
            quoted(front, count, matches!(shape, Shape::FreeNumber(_)), &mut out)?;
            out.push(number);
        }
    }
    Ok(out)
}

/// `'a', 'b', 'c'`: exactly `count` of them, the last of which may hold the separator if it is
/// `free`.
fn quoted<'a>(
    raw: &'a [u8],
    count: usize,
    free: bool,
    out: &mut Arguments<'a>,
) -> Result<(), Misfit> {
    let misfit = |at, expected, more| Misfit { at, expected, more };
    let inner = raw.strip_prefix(b"'").ok_or(misfit(0, "a quote", false))?;
    let mut rest = inner.strip_suffix(b"'").ok_or(misfit(raw.len(), "a quote", true))?;
    for _ in 1..count {
        let Some(separator) = memchr::memmem::find(rest, b"', '") else {
            return Err(misfit(raw.len(), "one more argument", true));
        };
        out.push(rest.get(..separator).unwrap_or_default());
        rest = rest.get(separator.saturating_add(4)..).unwrap_or_default();
    }
    if !free && let Some(extra) = memchr::memmem::find(rest, b"', '") {
        let at = raw.len().saturating_sub(1).saturating_sub(rest.len()).saturating_add(extra);
        return Err(misfit(at, "the end of the arguments", false));
    }
    out.push(rest);
    Ok(())
}

/// The items of a printed list: `('8080, 'tcp'),('8081, 'udp')` (the quotes are unbalanced in the
/// program), or `ssh,http`.
#[derive(Debug, Clone)]
pub(crate) struct Items<'a> {
    rest: Option<&'a [u8]>,
    tuples: bool,
}

/// The items of a list of tuples or of names.
pub(crate) const fn items(inner: &[u8], tuples: bool) -> Items<'_> {
    Items { rest: if inner.is_empty() { None } else { Some(inner) }, tuples }
}

impl<'a> Iterator for Items<'a> {
    /// The fields of an item; an error where it is none.
    type Item = Result<Arguments<'a>, ()>;

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.rest.take()?;
        let mut out = Arguments::default();
        if !self.tuples {
            let end = memchr::memchr(b',', rest).unwrap_or(rest.len());
            out.push(rest.get(..end).unwrap_or_default());
            self.rest = rest.get(end.saturating_add(1)..);
            return Some(Ok(out));
        }
        let end = memchr::memmem::find(rest, b"),(").map_or(rest.len(), |at| at.saturating_add(1));
        let Some(mut inner) = rest
            .get(..end)
            .and_then(|item| item.strip_prefix(b"('"))
            .and_then(|item| item.strip_suffix(b"')"))
        else {
            return Some(Err(()));
        };
        // Only the first field lacks its closing quote.
        let mut separator: &[u8] = b", '";
        while let Some(at) = memchr::memmem::find(inner, separator) {
            out.push(inner.get(..at).unwrap_or_default());
            inner = inner.get(at.saturating_add(separator.len())..).unwrap_or_default();
            separator = b"', '";
        }
        out.push(inner);
        self.rest = rest.get(end.saturating_add(1)..);
        Some(Ok(out))
    }
}
