//! What stands in front of a message on the same line: the short modes of journalctl (systemd 252),
//! rsyslog's file formats (8.2302), the container log files of CRI-O and containerd, and the marks
//! of `oc`, `kubectl` and `grep`.
//!
//! Stamp and sender are read apart: `stamp` tells by which clock text a line begins, `sender` who
//! speaks.

use crate::error::ErrorKind;
use crate::grammar::clock::{self, Day, TimeOfDay, Zone, ZoneStyle};
use crate::grammar::error::{GrammarError, Parsed, broken};
use crate::grammar::recognize::begins;
use crate::stamp::Stamp;
use memchr::{memchr, memmem};
use nom::Parser;
use nom::branch::alt;
use nom::bytes::complete::{tag, take_while, take_while_m_n};
use nom::character::complete::{char, digit1, space0};
use nom::combinator::{opt, recognize};
use nom::sequence::{preceded, terminated};
use time::{Duration, Month, OffsetDateTime, UtcOffset};

/// The clock text that a line begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Clock {
    /// `Jun 25 16:24:11`, with the number of digits of its fraction.
    Short { fraction_digits: usize },
    /// `2023-06-25T16:24:11+0800`, with the number of digits of its fraction and the style of its
    /// offset.
    Iso { fraction_digits: usize, style: ZoneStyle },
    /// `Sun 2023-06-25 16:24:11 CST`, with the number of digits of its fraction.
    Full { fraction_digits: usize },
    /// `1687681451.657908`.
    Unix,
    /// `[    5.312951]`.
    Monotonic,
    /// `[    5.312951 <    0.001147 >]`.
    Delta,
    /// `Okt 01 16:24:14`, `6月 25 16:24:11`, `25 juin 16:24:11`: the names of a month that is not
    /// English, with the number of digits of the fraction.
    Foreign { fraction_digits: usize },
}

/// A stamp that no calendar knows is none, and the line still has its prefix.
pub(crate) type Stamped = (Clock, Option<Stamp>);

/// A clock text and the blank behind it.
#[inline]
pub(crate) fn stamp(line: &[u8]) -> Parsed<'_, Stamped> {
    let text = match line.first() {
        Some(b'0'..=b'9') => alt((iso, unix)).parse(line),
        Some(b'[') => since_boot(line),
        Some(b'A' | b'D' | b'O' | b'N') => short(line),
        Some(b'W') => full(line),
        Some(b'J' | b'F' | b'M' | b'S' | b'T') => alt((short, full)).parse(line),
        _ => broken(line, ErrorKind::Prefix, "a time"),
    };
    let (rest, stamped) = text?;
    let (rest, _) = char(' ').parse(rest)?;
    Ok((rest, stamped))
}

fn short(input: &[u8]) -> Parsed<'_, Stamped> {
    let (rest, month) = terminated(clock::month_name, char(' ')).parse(input)?;
    let (rest, day) = match rest {
        [b' ', digit @ b'0'..=b'9', b' ', rest @ ..] => (rest, digit & 0x0f),
        _ => terminated(clock::two, char(' ')).parse(rest)?,
    };
    let (rest, time) = clock::time_of_day(rest)?;
    let stamp = || Stamp::no_year(Month::try_from(month).ok()?, day, time.time()?);
    Ok((rest, (Clock::Short { fraction_digits: time.fraction_digits }, stamp())))
}

/// `Okt 01 16:24:14 rhel92 crio[77216]: `: journalctl names the month in the language of whoever
/// calls it, `%b %d` of `strftime`; some languages put the day first, and a tool may add the day of
/// the week.
///
/// Words, a day and a time of day prove little. So the sender behind them must be a host and a
/// `NAME[PID]:`, or a `NAME:` right before a record, and no time is read: which month it is stays
/// open.
pub(crate) fn foreign_stamp(line: &[u8]) -> Option<(&[u8], Clock)> {
    /// No name of a month or of a day is longer.
    const LONGEST_WORD: usize = 32;
    let mut rest = line.trim_ascii_start();
    // Japanese pads the number of the month: ` 6月`.
    match line.len().saturating_sub(rest.len()) {
        0 => {}
        1 if rest.first().is_some_and(u8::is_ascii_digit) => {}
        _ => return None,
    }
    let (mut days, mut names) = (0u32, 0u32);
    loop {
        if days == 1
            && names >= 1
            && let Ok((behind, time)) = clock::time_of_day(rest)
        {
            let behind = behind.strip_prefix(b" ")?;
            let (message, sender) = sender(behind)?;
            let named = match sender.ending {
                Ending::Colon => sender.pid.is_some() || begins(message),
                Ending::Bracket => begins(message),
                Ending::Searched | Ending::Blank => false,
            };
            let clock = Clock::Foreign { fraction_digits: time.fraction_digits };
            return named.then_some((behind, clock));
        }
        let (first, behind) = word(rest.get(..LONGEST_WORD.saturating_add(1)).unwrap_or(rest));
        if first.is_empty() || first.len() > LONGEST_WORD || behind.is_empty() {
            return None;
        }
        let number = first.strip_suffix(b".").unwrap_or(first);
        if number.len() <= 2 && number.iter().all(u8::is_ascii_digit) {
            days = days.saturating_add(1);
        } else if core::str::from_utf8(first)
            .is_ok_and(|word| word.chars().all(|c| c.is_alphanumeric() || c == '.'))
        {
            names = names.saturating_add(1);
        } else {
            return None;
        }
        if days > 1 || names > 2 {
            return None;
        }
        rest = rest.get(first.len()..)?.trim_ascii_start();
    }
}

fn iso(input: &[u8]) -> Parsed<'_, Stamped> {
    let (rest, (day, _, time, zone)) =
        (clock::day, char('T'), clock::time_of_day, clock::zone).parse(input)?;
    Ok((
        rest,
        (
            Clock::Iso { fraction_digits: time.fraction_digits, style: zone.style },
            instant(day, time, zone),
        ),
    ))
}

fn instant(day: Day, time: TimeOfDay, zone: Zone) -> Option<Stamp> {
    Some(Stamp::Instant(clock::date_time(day, time)?.assume_offset(zone.offset()?)))
}

/// `Sun 2023-06-25 16:24:11 CST` or `… +0330`. Of the names only UTC and GMT say what they mean;
/// the others leave the offset open.
pub(crate) fn full(input: &[u8]) -> Parsed<'_, Stamped> {
    let (rest, _) = weekday(input)?;
    let (rest, (day, _, time, _)) =
        (clock::day, char(' '), clock::time_of_day, char(' ')).parse(rest)?;
    let clock = Clock::Full { fraction_digits: time.fraction_digits };
    if let Ok((rest, zone)) = clock::zone(rest)
        && rest.first() == Some(&b' ')
    {
        return Ok((rest, (clock, instant(day, time, zone))));
    }
    let (rest, name) =
        take_while_m_n(1, 6, |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-'))
            .parse(rest)?;
    let local = clock::date_time(day, time);
    let stamp = match name {
        b"UTC" | b"GMT" => local.map(|at| Stamp::Instant(at.assume_offset(UtcOffset::UTC))),
        _ => local.map(Stamp::NoOffset),
    };
    Ok((rest, (clock, stamp)))
}

fn weekday(input: &[u8]) -> Parsed<'_, ()> {
    const NAMES: [&[u8]; 7] = [b"Mon ", b"Tue ", b"Wed ", b"Thu ", b"Fri ", b"Sat ", b"Sun "];
    match input.split_at_checked(4) {
        Some((name, rest)) if NAMES.contains(&name) => Ok((rest, ())),
        _ => broken(input, ErrorKind::Prefix, "a day of the week"),
    }
}

/// Seconds and six digits of microseconds.
fn seconds(input: &[u8]) -> Parsed<'_, Option<Duration>> {
    let (rest, whole) = digit1(input)?;
    match clock::fraction(rest)? {
        (rest, (nanoseconds, 6)) => {
            let duration = || Some(Duration::new(number(whole)?, i32::try_from(nanoseconds).ok()?));
            Ok((rest, duration()))
        }
        _ => broken(rest, ErrorKind::Timestamp, "six digits behind a point"),
    }
}

/// A number of at most 18 digits.
fn number(digits: &[u8]) -> Option<i64> {
    let sum = |sum: i64, b: &u8| sum.wrapping_mul(10).wrapping_add(i64::from(b & 0x0f));
    (digits.len() <= 18).then(|| digits.iter().fold(0, sum))
}

fn unix(input: &[u8]) -> Parsed<'_, Stamped> {
    let (rest, since) = seconds(input)?;
    let at = since.and_then(|since| OffsetDateTime::UNIX_EPOCH.checked_add(since));
    Ok((rest, (Clock::Unix, at.map(Stamp::Instant))))
}

/// The monotonic form and the delta form; the first line of the latter has blanks where the
/// difference stands, and an asterisk marks a difference across a boot.
fn since_boot(input: &[u8]) -> Parsed<'_, Stamped> {
    let (rest, since) = preceded((char('['), space0), seconds).parse(input)?;
    let stamp = since.and_then(Stamp::since_boot);
    if let Some(rest) = rest.strip_prefix(b"]") {
        return Ok((rest, (Clock::Monotonic, stamp)));
    }
    let (rest, _) = take_while_m_n(1, 32, |b| b == b' ').parse(rest)?;
    let difference = recognize((
        char('<'),
        space0,
        opt(char('+')),
        seconds,
        alt((char(' '), char('*'))),
        char('>'),
    ));
    let (rest, _) = terminated(opt(difference), char(']')).parse(rest)?;
    Ok((rest, (Clock::Delta, stamp)))
}

/// Who speaks: host, identifier, process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sender<'a> {
    pub(crate) host: Option<&'a [u8]>,
    pub(crate) identifier: &'a [u8],
    pub(crate) pid: Option<u32>,
    /// How the identifier ends.
    pub(crate) ending: Ending,
}

/// How an identifier ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// `crio[77216]: ` or `crio: ` in one word: nothing else can be meant.
    Colon,
    /// `crio[77216] `: rsyslog with a message that came in as RFC 5424.
    Bracket,
    /// An identifier of several words, which ends in `[77216]: ` or stands right before a message
    /// that is recognised.
    Searched,
    /// `crio `: rsyslog with a message that came in as RFC 5424 and names no process.
    Blank,
}

/// Who speaks, read behind a stamp; the message is what is left.
///
/// The host is the first word. A host name of several words cannot be told from an identifier of
/// several words; its further words are then read as part of the identifier, so that such a line
/// belongs to nobody rather than to the wrong one.
#[inline]
pub(crate) fn sender(input: &[u8]) -> Option<(&[u8], Sender<'_>)> {
    let (first, behind_host) = word(input);
    if let Some((identifier, pid, Ending::Colon)) = tag_word(first) {
        return Some((behind_host, Sender { host: None, identifier, pid, ending: Ending::Colon }));
    }
    if !first.first()?.is_ascii_alphanumeric() {
        return hidden_host(input);
    }
    let (second, message) = word(behind_host);
    if let Some((identifier, pid, ending)) = tag_word(second) {
        return Some((message, Sender { host: Some(first), identifier, pid, ending }));
    }
    for colon in memmem::find_iter(behind_host, b": ") {
        let (tag, message) = behind_host.split_at_checked(colon)?;
        let message = message.get(2..).unwrap_or_default();
        let (identifier, pid) = with_pid(tag);
        if pid.is_some() || begins(message) {
            return Some((
                message,
                Sender { host: Some(first), identifier, pid, ending: Ending::Searched },
            ));
        }
    }
    let identifier = (!second.is_empty()).then_some(second)?;
    Some((message, Sender { host: Some(first), identifier, pid: None, ending: Ending::Blank }))
}

/// `<redacted> crio[77216]: `, `*** crio[77216]: `: somebody put marks where the host's name stood.
///
/// The mark is told as the host, as written. Only a `NAME[PID]:` behind it, or a `NAME:` right
/// before a record, shows that it is one.
fn hidden_host(input: &[u8]) -> Option<(&[u8], Sender<'_>)> {
    /// No mark is longer.
    const LONGEST_MARK: usize = 64;
    let closing = match input.first()? {
        b'<' => Some(b'>'),
        b'[' => Some(b']'),
        b'(' => Some(b')'),
        b'{' => Some(b'}'),
        _ => None,
    };
    let head = input.get(..LONGEST_MARK).unwrap_or(input);
    let closed =
        closing.and_then(|closing| memchr(closing, head)).map_or(0, |at| at.saturating_add(1));
    let end = closed.saturating_add(memchr(b' ', input.get(closed..)?)?);
    let (host, behind) = input.split_at_checked(end)?;
    let (tag, message) = word(behind.strip_prefix(b" ")?);
    match tag_word(tag)? {
        (identifier, pid, ending)
            if host.len() <= LONGEST_MARK
                && (begins(message) || (ending == Ending::Colon && pid.is_some())) =>
        {
            Some((message, Sender { host: Some(host), identifier, pid, ending }))
        }
        _ => None,
    }
}

/// The identifier of a word that is `NAME[PID]:` or `NAME[PID]`, wherever it stands.
pub(crate) fn named_process(word: &[u8]) -> Option<(&[u8], u32)> {
    match tag_word(word)? {
        (identifier, Some(pid), _) => Some((identifier, pid)),
        _ => None,
    }
}

/// The bytes up to a blank, and what stands behind that blank.
#[inline]
fn word(input: &[u8]) -> (&[u8], &[u8]) {
    match memchr(b' ', input).and_then(|blank| input.split_at_checked(blank)) {
        Some((word, [_, rest @ ..])) => (word, rest),
        _ => (input, &[]),
    }
}

/// A word that is an identifier by its end alone.
#[inline]
fn tag_word(word: &[u8]) -> Option<(&[u8], Option<u32>, Ending)> {
    if let Some(tag) = word.strip_suffix(b":") {
        let (identifier, pid) = with_pid(tag);
        return (!identifier.is_empty()).then_some((identifier, pid, Ending::Colon));
    }
    let (identifier, pid) = with_pid(word);
    pid.map(|pid| (identifier, Some(pid), Ending::Bracket))
}

/// The identifier and the process number of `crio[77216]`; the number must have something in front
/// of its bracket.
#[inline]
fn with_pid(tag: &[u8]) -> (&[u8], Option<u32>) {
    let split = || {
        let inside = tag.strip_suffix(b"]")?;
        let digits = inside.iter().rev().take(11).take_while(|b| b.is_ascii_digit()).count();
        let (before, digits) = inside.split_at_checked(inside.len().checked_sub(digits)?)?;
        let identifier = before.strip_suffix(b"[")?;
        (!identifier.is_empty()).then_some((identifier, process(digits)?))
    };
    match split() {
        Some((identifier, pid)) => (identifier, Some(pid)),
        None => (tag, None),
    }
}

/// A process number.
pub(crate) fn process(digits: &[u8]) -> Option<u32> {
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    number(digits).and_then(|n| u32::try_from(n).ok())
}

/// The stream of a container that a line was written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Output {
    Stdout,
    Stderr,
}

/// `stderr F `, behind the stamp of a container log file: the stream, and whether the line is the
/// last part of its record.
pub(crate) fn container(input: &[u8]) -> Parsed<'_, (Output, bool)> {
    let (rest, output) = match input.split_at_checked(7) {
        Some((b"stdout ", rest)) => (rest, Output::Stdout),
        Some((b"stderr ", rest)) => (rest, Output::Stderr),
        _ => return broken(input, ErrorKind::Prefix, "stdout or stderr"),
    };
    let (tags, message) = word(rest);
    match tags.split(|&b| b == b':').next() {
        Some(b"F") => Ok((message, (output, true))),
        Some(b"P") => Ok((message, (output, false))),
        _ => broken(rest, ErrorKind::Prefix, "P or F"),
    }
}

/// Host, program and process of RFC 5424.
pub(crate) type SyslogHeader<'a> = (Option<&'a [u8]>, Option<&'a [u8]>, Option<u32>);

/// What stands behind the stamp of RFC 5424; message id and structured data are passed over.
pub(crate) fn syslog_header(input: &[u8]) -> Parsed<'_, SyslogHeader<'_>> {
    let (rest, (host, program, process_id, _)) =
        (syslog_word, syslog_word, syslog_word, syslog_word).parse(input)?;
    let (rest, ()) = structured_data(rest)?;
    let rest = match rest {
        [] => rest,
        // A message that came in as RFC 3164 keeps the blank that stood behind its tag.
        [b' ', b' ', message @ ..] | [b' ', message @ ..] => message,
        _ => return broken(rest, ErrorKind::Prefix, "a blank"),
    };
    Ok((rest, (not_nil(host), not_nil(program), not_nil(process_id).and_then(process))))
}

fn not_nil(word: &[u8]) -> Option<&[u8]> {
    (word != b"-").then_some(word)
}

fn syslog_word(input: &[u8]) -> Parsed<'_, &[u8]> {
    terminated(take_while_m_n(1, 255, |b: u8| b.is_ascii_graphic()), char(' ')).parse(input)
}

/// `-`, or elements in brackets with quoted values; a backslash in a value keeps the next byte from
/// ending it.
fn structured_data(input: &[u8]) -> Parsed<'_, ()> {
    if let Some(rest) = input.strip_prefix(b"-") {
        return Ok((rest, ()));
    }
    let mut rest = input;
    while let Some(element) = rest.strip_prefix(b"[") {
        let (mut quoted, mut escaped) = (false, false);
        let end = element.iter().position(|&b| {
            let ends = !quoted && b == b']';
            if !escaped && b == b'"' {
                quoted = !quoted;
            }
            escaped = quoted && !escaped && b == b'\\';
            ends
        });
        match end.and_then(|end| element.get(end.saturating_add(1)..)) {
            Some(behind) => rest = behind,
            None => return broken(rest, ErrorKind::Prefix, "an element that ends in ]"),
        }
    }
    if rest.len() == input.len() {
        broken(input, ErrorKind::Prefix, "- or [")
    } else {
        Ok((rest, ()))
    }
}

/// `<30>`, or `<30>1 ` with a version; true when the version stands there.
pub(crate) fn priority(input: &[u8]) -> Parsed<'_, bool> {
    let (rest, _) =
        (char('<'), take_while_m_n(1, 3, |b: u8| b.is_ascii_digit()), char('>')).parse(input)?;
    let (rest, version) = opt(tag::<_, _, GrammarError<'_>>(&b"1 "[..])).parse(rest)?;
    Ok((rest, version.is_some()))
}

/// `[pod/NAME/CONTAINER] `, as `oc logs --prefix` and `kubectl logs --prefix` write it.
pub(crate) fn pod(input: &[u8]) -> Parsed<'_, (&[u8], &[u8])> {
    let name = |input| {
        take_while(|b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_'))
            .parse(input)
    };
    let (rest, (_, pod, _, container, _)) =
        (tag(&b"[pod/"[..]), name, char('/'), name, tag(&b"] "[..])).parse(input)?;
    Ok((rest, (pod, container)))
}

/// `33:`, as `grep -n` writes it, or `33-` in front of a line that it shows as context.
pub(crate) fn line_number(input: &[u8]) -> Parsed<'_, u64> {
    let end = alt((char(':'), char('-')));
    let (rest, digits) =
        terminated(take_while_m_n(1, 18, |b: u8| b.is_ascii_digit()), end).parse(input)?;
    Ok((rest, number(digits).and_then(|n| u64::try_from(n).ok()).unwrap_or(0)))
}

/// `/var/log/firewalld:`, as `grep -H` writes it, or `/var/log/firewalld-` in front of a line that
/// it shows as context: the name, for each place at which it may end, and what stands behind it.
///
/// A name may itself hold colons and dashes, so what follows has to tell. Names with blanks, quotes
/// or brackets are not looked for.
pub(crate) fn file_names(input: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    /// The longest path that Linux takes for a name; no more is looked at.
    const LONGEST_NAME: usize = 255;
    let in_name = |b: &u8| {
        b.is_ascii_alphanumeric()
            || *b >= 0x80
            || matches!(b, b'/' | b'.' | b'_' | b'-' | b':' | b'+' | b'~' | b'@' | b'%')
    };
    let length = input.iter().take(LONGEST_NAME).take_while(|b| in_name(b)).count();
    let ends = input.iter().take(length).enumerate().skip(1);
    ends.filter(|(_, b)| matches!(b, b':' | b'-')).filter_map(|(at, _)| {
        let (name, behind) = input.split_at_checked(at)?;
        // Digits alone are the number of a line.
        let is_name = name.iter().any(|b| b.is_ascii_alphabetic() || *b >= 0x80);
        is_name.then_some((name, behind.get(1..)?))
    })
}

/// Blanks, tabs and `>` in front of a line: an indent, or the mark of a quotation in a letter or in
/// Markdown. How many bytes they take.
///
/// Fewer than sixteen blanks alone, for journalctl pads the further lines of a message with as many
/// blanks as the prefix before it is long, and no prefix is that short.
pub(crate) fn quotation(line: &[u8]) -> usize {
    const SHORTEST_PADDING: usize = 16;
    let length =
        line.iter().take(SHORTEST_PADDING).take_while(|b| matches!(b, b' ' | b'\t' | b'>')).count();
    if length < SHORTEST_PADDING { length } else { 0 }
}

/// A node's name and the blank behind it, as `oc adm node-logs --path` writes it in front of each
/// line of several nodes.
///
/// A day of the week is none: behind it stands a date that would pass for firewalld's.
pub(crate) fn node(input: &[u8]) -> Parsed<'_, &[u8]> {
    if weekday(input).is_ok() {
        return broken(input, ErrorKind::Prefix, "a node's name");
    }
    let (rest, name) =
        take_while_m_n(1, 253, |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.'))
            .parse(input)?;
    let (rest, _) = char(' ').parse(rest)?;
    // `- ` and `1. ` stand in front of the items of a list.
    match (name.first(), name.last()) {
        (Some(first), Some(last))
            if first.is_ascii_alphanumeric()
                && last.is_ascii_alphanumeric()
                && name.iter().any(u8::is_ascii_alphabetic) =>
        {
            Ok((rest, name))
        }
        _ => broken(input, ErrorKind::Prefix, "a node's name"),
    }
}
