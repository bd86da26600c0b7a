//! klog's line header (v0.1 to v2.140, unchanged in all of them), its structured messages, and its
//! log-file preamble.

use super::error::{Parsed, broken, expect};
use super::logfmt;
use crate::error::ErrorKind;
use crate::stamp::Stamp;
use memchr::{memchr, memmem};
use nom::Parser;
use nom::bytes::complete::{tag, take, take_while_m_n};
use nom::character::complete::{char, one_of};
use time::{Date, Month, PrimitiveDateTime, Time};

/// `I0625 09:07:00.992980 2118395 iptables.go:27] `.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RawHeader<'a> {
    pub(crate) severity: u8,
    /// `None` for a day or a time of day that does not exist.
    pub(crate) stamp: Option<Stamp>,
    pub(crate) pid: u32,
    pub(crate) file: &'a [u8],
    pub(crate) line: u32,
}

fn number<'a>(digits: usize) -> impl FnMut(&'a [u8]) -> Parsed<'a, u32> {
    move |input| {
        let digits = take_while_m_n(digits, digits, |b: u8| b.is_ascii_digit());
        digits.map(decimal).parse(input)
    }
}

fn decimal(digits: &[u8]) -> u32 {
    digits.iter().fold(0u32, |sum, b| sum.wrapping_mul(10).wrapping_add(u32::from(b & 0x0f)))
}

fn small(number: u32) -> u8 {
    u8::try_from(number).unwrap_or(u8::MAX)
}

/// What must stand at the beginning for a line to count as a klog line: `I0625 09:07:00.`.
pub(crate) fn looks_like_header(line: &[u8]) -> bool {
    const SHAPE: &[u8; 15] = b"L0000 00:00:00.";
    line.len() >= SHAPE.len()
        && SHAPE.iter().zip(line).all(|(shape, byte)| match shape {
            b'L' => matches!(byte, b'I' | b'W' | b'E' | b'F'),
            b'0' => byte.is_ascii_digit(),
            _ => byte == shape,
        })
}

/// Month, day, and time of day with microseconds.
fn stamp(input: &[u8]) -> Parsed<'_, Option<Stamp>> {
    let parts = (
        number(2),
        number(2),
        char(' '),
        number(2),
        char(':'),
        number(2),
        char(':'),
        number(2),
        char('.'),
        number(6),
    );
    let (rest, (month, day, _, hour, _, minute, _, second, _, micros)) =
        expect(ErrorKind::Timestamp, "mmdd hh:mm:ss.uuuuuu", parts).parse(input)?;
    let stamp = Month::try_from(small(month))
        .ok()
        .zip(Time::from_hms_micro(small(hour), small(minute), small(second), micros).ok())
        .and_then(|(month, time)| Stamp::no_year(month, small(day), time));
    Ok((rest, stamp))
}

/// Seven columns, right-aligned; pid 0 prints seven blanks, and of more than seven digits the low
/// seven.
fn pid(input: &[u8]) -> Parsed<'_, u32> {
    let (rest, columns) =
        expect(ErrorKind::SourceLocation, "a process id in seven columns", take(7usize))
            .parse(input)?;
    let digits = columns.trim_ascii_start();
    let blank =
        columns.split_at_checked(columns.len().saturating_sub(digits.len())).unwrap_or_default().0;
    if digits.iter().all(u8::is_ascii_digit) && blank.iter().all(|&b| b == b' ') {
        Ok((rest, decimal(digits)))
    } else {
        broken(input, ErrorKind::SourceLocation, "a process id in seven columns")
    }
}

/// `file.go:27]`, then a blank, which a transport may have taken from an empty message. The first
/// `]` that a blank or the end follows ends it, so nothing in the message can.
fn location(input: &[u8]) -> Parsed<'_, (&[u8], u32)> {
    let mut from = 0usize;
    while let Some(found) = input.get(from..).and_then(|rest| memchr(b']', rest)) {
        let at = from.saturating_add(found);
        let behind = input.get(at.saturating_add(1)..).unwrap_or_default();
        let rest = match behind.split_first() {
            None => behind,
            Some((b' ', rest)) => rest,
            Some(_) => {
                from = at.saturating_add(1);
                continue;
            }
        };
        let place = input.get(..at).unwrap_or_default();
        let colon = place.iter().rposition(|&b| b == b':');
        if let Some((file, line)) = colon.and_then(|colon| place.split_at_checked(colon)) {
            let digits = line.get(1..).unwrap_or_default();
            if !file.is_empty()
                && (1..=9).contains(&digits.len())
                && digits.iter().all(u8::is_ascii_digit)
            {
                return Ok((rest, (file, decimal(digits))));
            }
        }
        break;
    }
    broken(input, ErrorKind::SourceLocation, "file:line] ")
}

/// The whole header; what is left is the message.
pub(crate) fn header(input: &[u8]) -> Parsed<'_, RawHeader<'_>> {
    let severity = expect(ErrorKind::Severity, "I, W, E or F", one_of("IWEF"));
    let blank = || expect(ErrorKind::Message, "a blank", char(' '));
    let (rest, (severity, stamp, _, pid, _, (file, line))) =
        (severity, stamp, blank(), pid, blank(), location).parse(input)?;
    Ok((
        rest,
        RawHeader { severity: u8::try_from(severity).unwrap_or(b'I'), stamp, pid, file, line },
    ))
}

/// Behind `Log file created at: `: the local time in which a log file was opened, with its year.
pub(crate) fn created_at(input: &[u8]) -> Parsed<'_, Stamp> {
    let parts = (
        number(4),
        char('/'),
        number(2),
        char('/'),
        number(2),
        char(' '),
        number(2),
        char(':'),
        number(2),
        char(':'),
        number(2),
    );
    let created = parts.map_opt(|(year, _, month, _, day, _, hour, _, minute, _, second)| {
        let date = Date::from_calendar_date(
            i32::try_from(year).ok()?,
            Month::try_from(small(month)).ok()?,
            small(day),
        )
        .ok()?;
        let time = Time::from_hms(small(hour), small(minute), small(second)).ok()?;
        Some(Stamp::NoOffset(PrimitiveDateTime::new(date, time)))
    });
    expect(ErrorKind::Timestamp, "yyyy/mm/dd hh:mm:ss", created).parse(input)
}

/// A value of a structured message, as it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RawValue<'a> {
    /// What stands between the quotes.
    Quoted(&'a [u8]),
    /// The lines between `=<` and ` >`, each still behind its tab; `false` if the end is not in the
    /// input.
    Block(&'a [u8], bool),
    /// Anything else.
    Bare(&'a [u8]),
}

/// The quoted text with which a structured message begins.
pub(crate) fn structured_text(input: &[u8]) -> Parsed<'_, &[u8]> {
    let (rest, (inside, _)) = logfmt::quoted(input)?;
    match rest.first() {
        None | Some(b' ') => Ok((rest, inside)),
        Some(_) => broken(rest, ErrorKind::Quoting, "a blank"),
    }
}

/// ` key=value`; the key is raw and may hold blanks.
pub(crate) fn structured_pair(input: &[u8]) -> Parsed<'_, (&[u8], RawValue<'_>)> {
    let (rest, _) = expect(ErrorKind::LogfmtPair, "a blank", char(' ')).parse(input)?;
    let Some((key, value)) = memchr(b'=', rest).and_then(|at| rest.split_at_checked(at)) else {
        return broken(rest, ErrorKind::LogfmtPair, "key=value");
    };
    let value = value.get(1..).unwrap_or_default();
    if key.is_empty() {
        return broken(rest, ErrorKind::LogfmtPair, "a key");
    }
    let (behind, found) = match value.first() {
        Some(b'"') => {
            logfmt::quoted(value).map(|(behind, (inside, _))| (behind, RawValue::Quoted(inside)))?
        }
        Some(b'<') if matches!(value.get(1), None | Some(b'\n')) => {
            block(value.get(1..).unwrap_or_default())
        }
        _ => value
            .split_at_checked(bare_length(value))
            .map(|(bare, behind)| (behind, RawValue::Bare(bare)))
            .unwrap_or_default(),
    };
    match behind.first() {
        None | Some(b' ' | b'\n') => Ok((behind, (key, found))),
        Some(_) => broken(behind, ErrorKind::LogfmtPair, "a blank"),
    }
}

impl Default for RawValue<'_> {
    fn default() -> Self {
        Self::Bare(&[])
    }
}

/// The lines of a block, each behind a tab, up to the line ` >`.
fn block(input: &[u8]) -> (&[u8], RawValue<'_>) {
    match memmem::find(input, b"\n >") {
        Some(at) => {
            let inside = input.get(1..at).unwrap_or_default();
            (input.get(at.saturating_add(3)..).unwrap_or_default(), RawValue::Block(inside, true))
        }
        None => (&[], RawValue::Block(input.get(1..).unwrap_or_default(), false)),
    }
}

/// A value that is neither quoted nor a block: up to the closing bracket of the first one opened
/// (Go's `%+v` up to klog v2.90, JSON from v2.100.1), otherwise up to a blank. Brackets inside the
/// strings of a JSON value do not count.
fn bare_length(value: &[u8]) -> usize {
    let mut depth = 0usize;
    let mut string = false;
    let mut escaped = false;
    let json = value.starts_with(b"{\"") || value.starts_with(b"[");
    for (at, &byte) in value.iter().enumerate() {
        if string {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => string = false,
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' if json && depth > 0 => string = true,
            b'{' | b'[' => depth = depth.saturating_add(1),
            b'}' | b']' => depth = depth.saturating_sub(1),
            b' ' | b'\n' if depth == 0 => return at,
            _ => {}
        }
    }
    value.len()
}

/// A line that OpenShift's and MicroShift's start scripts print in the look of klog, but with
/// nanoseconds, without pid and file: `I0625 09:07:00.992980123 - starting ovnkube-node`,
/// `I0625 09:00:09.851842431 - copy ovn-k8s-cni-overlay`; when, and what it says.
pub(crate) fn script_line(input: &[u8]) -> Parsed<'_, (Option<Stamp>, &[u8])> {
    let (rest, _) = one_of("IWEF").parse(input)?;
    let (rest, stamp) = stamp(rest)?;
    let (rest, _) = (number(3), tag(" - ")).parse(rest)?;
    Ok((&[], (stamp, rest)))
}
