//! What journalctl (systemd 252) prints around messages: its remarks, the lines of its verbose and
//! export modes, and its stand-ins for text that it does not show.

use crate::error::ErrorKind;
use crate::grammar::error::{Parsed, broken};
use crate::grammar::prefix;
use crate::stamp::Stamp;
use memchr::memchr;
use nom::Parser;
use nom::bytes::complete::{tag, take_until, take_while1};
use nom::character::complete::{char, digit1, one_of};
use nom::combinator::{all_consuming, opt, verify};
use nom::sequence::{delimited, preceded};
use time::{Duration, OffsetDateTime};

/// A line that journalctl puts between entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum JournalMarker<'a> {
    /// `-- Boot 2d30a6508937515eb84cfdeac507588e --`, or `-- Reboot --` of older versions.
    Boot(Option<&'a [u8]>),
    /// `-- No entries --`, `-- Logs begin at … --`, `-- Journal begins at … --`, `-- cursor: …`.
    Frame,
}

/// The remark that a line is, all of it.
pub(crate) fn remark(line: &[u8]) -> Option<JournalMarker<'_>> {
    let inside = line.strip_prefix(b"-- ")?;
    if inside.starts_with(b"cursor: s=") {
        return Some(JournalMarker::Frame);
    }
    let inside = inside.strip_suffix(b" --")?;
    match inside {
        b"Reboot" => Some(JournalMarker::Boot(None)),
        b"No entries" => Some(JournalMarker::Frame),
        _ if inside.starts_with(b"Logs begin at ") || inside.starts_with(b"Journal begins at ") => {
            Some(JournalMarker::Frame)
        }
        _ => {
            let id = inside.strip_prefix(b"Boot ")?;
            (id.len() == 32 && id.iter().all(u8::is_ascii_hexdigit))
                .then_some(JournalMarker::Boot(Some(id)))
        }
    }
}

/// True for `[12B blob data]` and `[48.2K blob data]`: a message that is not shown.
pub(crate) fn blob(message: &[u8]) -> bool {
    let size = (digit1::<_, nom::error::Error<_>>, opt((char('.'), digit1)), one_of("BKMGTPE"));
    message.ends_with(b" blob data]")
        && all_consuming((char('['), size, tag(&b" blob data]"[..]))).parse(message).is_ok()
}

/// Number and unit of `Suppressed 42 messages from crio.service`.
pub(crate) fn suppressed(message: &[u8]) -> Option<(u64, &[u8])> {
    let count = preceded(tag::<_, _, nom::error::Error<_>>(&b"Suppressed "[..]), digit1);
    let (unit, digits) = (count, tag(&b" messages from "[..]))
        .parse(message)
        .ok()
        .map(|(unit, (digits, _))| (unit, digits))?;
    let count = core::str::from_utf8(digits).ok()?.parse().unwrap_or(u64::MAX);
    Some((count, unit))
}

/// What the cursor in a verbose header says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cursor<'a> {
    pub(crate) boot: Option<&'a [u8]>,
    pub(crate) realtime: Option<Stamp>,
}

/// `Sun 2023-06-25 16:24:11.657908 CST [s=…;i=8;b=…;m=…;t=…;x=…]`: the line before the fields of an
/// entry in verbose mode.
pub(crate) fn verbose_header(line: &[u8]) -> Parsed<'_, (Option<Stamp>, Cursor<'_>)> {
    let (rest, (_, stamp)) = prefix::full(line)?;
    let cursor = delimited(tag(&b" ["[..]), take_until(&b"]"[..]), char(']'));
    let (rest, cursor) = verify(cursor, |cursor: &[u8]| cursor.starts_with(b"s=")).parse(rest)?;
    if !rest.is_empty() {
        return broken(rest, ErrorKind::Prefix, "the end of the header");
    }
    let part = |name: &[u8]| cursor.split(|&b| b == b';').find_map(|part| part.strip_prefix(name));
    Ok((
        rest,
        (
            stamp,
            Cursor { boot: part(b"b="), realtime: part(b"t=").and_then(hex).and_then(realtime) },
        ),
    ))
}

fn hex(digits: &[u8]) -> Option<i64> {
    i64::from_str_radix(core::str::from_utf8(digits).ok()?, 16).ok()
}

/// The time of `__REALTIME_TIMESTAMP` and of a cursor: microseconds since 1970.
pub(crate) fn realtime(microseconds: i64) -> Option<Stamp> {
    OffsetDateTime::UNIX_EPOCH.checked_add(Duration::microseconds(microseconds)).map(Stamp::Instant)
}

/// A number of microseconds in decimal digits.
pub(crate) fn microseconds(digits: &[u8]) -> Option<i64> {
    if !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    core::str::from_utf8(digits).ok()?.parse().ok()
}

/// Key and value of `    KEY=value`, four blanks in front: a field in verbose mode.
pub(crate) fn verbose_field(line: &[u8]) -> Option<(&[u8], &[u8])> {
    match export_field(line.strip_prefix(b"    ")?)? {
        (key, Some(value)) => Some((key, value)),
        _ => None,
    }
}

/// Key and value of `KEY=value`, or only the key of a field whose value follows as length and
/// bytes.
pub(crate) fn export_field(line: &[u8]) -> Option<(&[u8], Option<&[u8]>)> {
    let (key, value) = match memchr(b'=', line.get(..65).unwrap_or(line))
        .and_then(|at| line.split_at_checked(at))
    {
        Some((key, [_, value @ ..])) => (key, Some(value)),
        _ => (line, None),
    };
    let name = take_while1::<_, _, nom::error::Error<_>>(|b: u8| {
        b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_'
    });
    (key.len() <= 64 && all_consuming(name).parse(key).is_ok()).then_some((key, value))
}

/// True if an entry in export mode begins here: with the cursor, or, where the beginning is lost,
/// with a field that only the journal has.
pub(crate) fn begins_export(line: &[u8]) -> bool {
    match line.first() {
        Some(b'_') => export_field(line)
            .is_some_and(|(key, value)| value.is_some() && key.iter().any(u8::is_ascii_uppercase)),
        Some(b'M') => line.starts_with(b"MESSAGE="),
        Some(b'S') => {
            line.starts_with(b"SYSLOG_IDENTIFIER=") || line.starts_with(b"SYSLOG_FACILITY=")
        }
        Some(b'P') => line.starts_with(b"PRIORITY="),
        _ => false,
    }
}

/// True if the line begins an entry in json-pretty mode, given that the line before it was `{`.
pub(crate) fn begins_pretty(line: &[u8]) -> bool {
    let key = || {
        let key = line.strip_prefix(b"\t\"")?;
        let (key, behind) = key.split_at_checked(memchr(b'"', key)?)?;
        Some(export_field(key)?.1.is_none() && behind.starts_with(b"\" : "))
    };
    key() == Some(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remarks_are_whole_lines() {
        let boot = b"-- Boot 2d30a6508937515eb84cfdeac507588e --";
        assert_eq!(
            remark(boot),
            Some(JournalMarker::Boot(Some(b"2d30a6508937515eb84cfdeac507588e")))
        );
        assert_eq!(remark(b"-- Reboot --"), Some(JournalMarker::Boot(None)));
        for frame in [
            "-- No entries --",
            "-- Logs begin at Sun 2023-06-25 16:24:11 CST, end at Mon. --",
            "-- cursor: s=1;i=2",
        ] {
            assert_eq!(remark(frame.as_bytes()), Some(JournalMarker::Frame));
        }
        for text in [
            "-- Boot --",
            "-- Boot 2d30 --",
            " -- Reboot --",
            "-- Reboot -- ",
            "-- No entries",
            "--",
        ] {
            assert_eq!(remark(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn stand_ins_for_text_are_exact() {
        assert!(blob(b"[12B blob data]") && blob(b"[48.2K blob data]"));
        for text in [
            "[B blob data]",
            "x [12B blob data]",
            "[12B blob data] ",
            "[12 blob data]",
            "[1.B blob data]",
        ] {
            assert!(!blob(text.as_bytes()), "{text}");
        }
        assert_eq!(
            suppressed(b"Suppressed 42 messages from crio.service"),
            Some((42, &b"crio.service"[..]))
        );
        assert_eq!(suppressed(b"Suppressed x messages from crio.service"), None);
    }
}
