//! Whose record begins here: the one place that knows the first bytes of the lines of firewalld,
//! CRI-O and OVN-Kubernetes.
//!
//! The readers of the prefixes ask it what may stand behind a prefix or a mark; the readers of the
//! records ask it which grammar a message is for. That grammar then decides exactly.

use super::klog;
use super::ovnkube;
use memchr::memmem;

/// A log format by its program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// firewalld's debug log: `2023-06-28 10:46:37 DEBUG1: ...`.
    Firewalld,
    /// CRI-O's logrus lines: `time="2023-06-25 16:24:11.657818578+08:00" level=info ...`.
    Crio,
    /// OVN-Kubernetes' klog lines: `I0625 09:07:00.992980 2118395 iptables.go:27] ...`.
    Ovnkube,
}

/// The words with which a message of ovnkube begins that is known without its klog header.
pub(crate) const OVNKUBE_WORDS: [&[u8]; 11] = [
    b"Adding rule in table: ",
    b"Deleting rule in table: ",
    b"Ignoring processing rule in table",
    b"Recreating iptables rules for table: ",
    b"Creating table: ",
    b"Chain: \"",
    b"Adding iptables rules: [",
    b"Deleting iptables rules: [",
    b"Default config: {MTU:",
    b"Logging config: {",
    b"Added *v1.Service event handler ",
];

/// The format of the record that begins with these bytes; `None` for a line of no known form.
///
/// A JSON object is told by a key that only one of the formats has: `"level":` of logrus,
/// `"caller":` of klog.
#[inline]
pub(crate) fn dialect(line: &[u8]) -> Option<Dialect> {
    let is = |begins: bool, dialect| begins.then_some(dialect);
    match line.first()? {
        b't' => is(line.starts_with(b"time="), Dialect::Crio),
        // logrus on a terminal: `ESC[36mINFO ESC[0m[2023-06-25 16:27:37.033003098+08:00] ...`.
        b'\x1b' => is(true, Dialect::Crio),
        b'{' => {
            let has = |key: &[u8]| memmem::find(line, key).is_some();
            is(has(b"\"level\":"), Dialect::Crio)
                .or_else(|| is(has(b"\"caller\":"), Dialect::Ovnkube))
        }
        b'0'..=b'9' => is(firewalld_date(line), Dialect::Firewalld)
            .or_else(|| is(ovnkube::dated_script_line(line), Dialect::Ovnkube)),
        b'I' | b'W' | b'E' | b'F' if klog::looks_like_header(line) => Some(Dialect::Ovnkube),
        b'A' | b'C' | b'D' | b'I' | b'L' | b'R' => is(
            OVNKUBE_WORDS.iter().any(|words| line.starts_with(words))
                || line.starts_with(b"Log file created at: "),
            Dialect::Ovnkube,
        ),
        _ => None,
    }
}

/// True where a line of one of the three may begin: at its own first bytes, or at a JSON object,
/// which may wrap one. journalctl puts a byte 0x1e (`json-seq`) or `data: ` (`json-sse`) in front
/// of its objects.
#[inline]
pub(crate) fn begins(line: &[u8]) -> bool {
    let object = match line {
        [0x1e, object @ ..] => object,
        [b'd', ..] => line.strip_prefix(b"data: ").unwrap_or(line),
        line => line,
    };
    match object.first() {
        Some(b'{') => object.starts_with(b"{\""),
        _ => dialect(line).is_some(),
    }
}

/// firewalld's `2023-06-28 10:46:37 `.
fn firewalld_date(line: &[u8]) -> bool {
    const SHAPE: &[u8; 20] = b"0000-00-00 00:00:00 ";
    line.len() >= SHAPE.len()
        && SHAPE.iter().zip(line).all(|(shape, byte)| match shape {
            b'0' => byte.is_ascii_digit(),
            _ => byte == shape,
        })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_words_are_those_of_the_grammar_of_messages() {
        for words in OVNKUBE_WORDS {
            assert!(
                ovnkube::message(words).is_some(),
                "no message begins with {}",
                core::str::from_utf8(words).unwrap()
            );
        }
    }

    #[test]
    fn a_time_that_does_not_exist_still_marks_a_record() {
        let of = |line: &str| dialect(line.as_bytes());
        assert_eq!(of("I1332 25:07:60.992980 2118395 x.go:1] "), Some(Dialect::Ovnkube));
        assert_eq!(of("2023-13-32 25:46:60 DEBUG1: x"), Some(Dialect::Firewalld));
        assert_eq!(of("I am no header"), None);
    }
}
