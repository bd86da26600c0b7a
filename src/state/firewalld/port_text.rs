//! Port text as firewalld reads it (`getPortRange`, 0.9 to 2.5).

use crate::port::{HostPort, PortRange, Protocol};

/// The ports that the daemon makes of a text that it accepted; `None` for a text that cannot be
/// resolved here.
///
/// Accepted are numbers as Python's `int()` reads them, ranges in either order, a range with nothing
/// behind the dash (one port), and names of services as the system's table has them, in ranges, too.
pub(super) fn resolve(port: &[u8], protocol: &[u8]) -> Option<HostPort> {
    // The daemon compares the protocol as it stands, so other letter cases were never accepted.
    let protocol = Protocol::ALL.into_iter().find(|known| known.as_str().as_bytes() == protocol)?;
    Some(HostPort::new(protocol, range(port)?))
}

/// What a part of a port text stands for (`getPortID`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Id {
    /// A port.
    Port(u16),
    /// No port: a number that is too big, or a text that can be no name either.
    None,
    /// Maybe the name of a service that only the host's own table knows.
    Name,
}

/// Cuts a text at each of its dashes, the last one first, and takes what both sides make together;
/// a text that is two things is refused.
fn range(text: &[u8]) -> Option<PortRange> {
    let text = core::str::from_utf8(text).ok()?;
    // A name with a dash in it goes before every cut. That a text of which both sides are ports is
    // a name, too, is true of no table.
    if let Id::Port(port) = id(text) {
        return Some(PortRange::single(port));
    }
    let mut found = None;
    for (dash, _) in text.rmatch_indices('-') {
        let (first, last) = (text.get(..dash)?, text.get(dash.saturating_add(1)..)?);
        let read = match (id(first), id(last)) {
            (Id::Port(first), Id::Port(last)) => PortRange::new(first, last),
            (Id::Port(first), _) if last.is_empty() => PortRange::single(first),
            (Id::None, _) | (_, Id::None) => continue,
            (Id::Name, _) | (_, Id::Name) => return None,
        };
        if found.replace(read).is_some() {
            return None;
        }
    }
    found
}

fn id(text: &str) -> Id {
    let text = text.trim_matches(is_space);
    if let Some(number) = number(text) {
        return number.map_or(Id::None, Id::Port);
    }
    match NAMES.iter().find(|(known, _)| *known == text) {
        Some((_, port)) => Id::Port(*port),
        None if text.chars().any(char::is_alphabetic) => Id::Name,
        None => Id::None,
    }
}

/// White space as Python sees it.
fn is_space(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{1c}'..='\u{1f}')
}

/// A number as Python's `int()` reads it: a sign, digits of any script, single underscores between
/// them. `None` for any other text; the inner `None` stands for a number that is no port.
fn number(text: &str) -> Option<Option<u16>> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let mut value = Some(0u16);
    for part in digits.split('_') {
        if part.is_empty() {
            return None;
        }
        for c in part.chars() {
            let digit = digit(c)?;
            value = value.and_then(|value| value.checked_mul(10)?.checked_add(digit));
        }
    }
    Some(value.filter(|value| !negative || *value == 0))
}

/// The value of a decimal digit of any script.
fn digit(c: char) -> Option<u16> {
    let zeros = DIGIT_ZEROS.iter().map(|zero| u32::from(*zero));
    let value = zeros.map(|zero| u32::from(c).wrapping_sub(zero)).find(|value| *value < 10)?;
    u16::try_from(value).ok()
}

/// The zeros of the scripts that have decimal digits (Unicode 9). Digits of newer ones are not
/// resolved here.
const DIGIT_ZEROS: [char; 58] = [
    '0',
    '\u{660}',
    '\u{6f0}',
    '\u{7c0}',
    '\u{966}',
    '\u{9e6}',
    '\u{a66}',
    '\u{ae6}',
    '\u{b66}',
    '\u{be6}',
    '\u{c66}',
    '\u{ce6}',
    '\u{d66}',
    '\u{de6}',
    '\u{e50}',
    '\u{ed0}',
    '\u{f20}',
    '\u{1040}',
    '\u{1090}',
    '\u{17e0}',
    '\u{1810}',
    '\u{1946}',
    '\u{19d0}',
    '\u{1a80}',
    '\u{1a90}',
    '\u{1b50}',
    '\u{1bb0}',
    '\u{1c40}',
    '\u{1c50}',
    '\u{a620}',
    '\u{a8d0}',
    '\u{a900}',
    '\u{a9d0}',
    '\u{a9f0}',
    '\u{aa50}',
    '\u{abf0}',
    '\u{ff10}',
    '\u{104a0}',
    '\u{11066}',
    '\u{110f0}',
    '\u{11136}',
    '\u{111d0}',
    '\u{112f0}',
    '\u{11450}',
    '\u{114d0}',
    '\u{11650}',
    '\u{116c0}',
    '\u{11730}',
    '\u{118e0}',
    '\u{11c50}',
    '\u{16a60}',
    '\u{16b50}',
    '\u{1d7ce}',
    '\u{1d7d8}',
    '\u{1d7e2}',
    '\u{1d7ec}',
    '\u{1d7f6}',
    '\u{1e950}',
];

/// The port as the daemon prints it back: forward ports of the runtime layer are kept in this form.
pub(super) fn normal(port: &[u8]) -> Option<PortRange> {
    range(port)
}

/// Names on which the service tables of all systems agree, among the ports that people open by
/// name.
const NAMES: [(&str, u16); 28] = [
    ("ssh", 22),
    ("telnet", 23),
    ("smtp", 25),
    ("domain", 53),
    ("http", 80),
    ("kerberos", 88),
    ("pop3", 110),
    ("sunrpc", 111),
    ("ntp", 123),
    ("netbios-ns", 137),
    ("netbios-ssn", 139),
    ("imap2", 143),
    ("snmp", 161),
    ("ldap", 389),
    ("https", 443),
    ("microsoft-ds", 445),
    ("syslog", 514),
    ("submission", 587),
    ("ldaps", 636),
    ("imaps", 993),
    ("pop3s", 995),
    ("openvpn", 1194),
    ("nfs", 2049),
    ("mysql", 3306),
    ("postgresql", 5432),
    ("amqp", 5672),
    ("http-alt", 8080),
    ("ftp", 21),
];

#[cfg(test)]
mod tests {
    use super::resolve;
    use alloc::string::ToString;

    #[test]
    fn port_text_is_read_as_the_daemon_reads_it() {
        let read = |text: &str| resolve(text.as_bytes(), b"tcp").map(|port| port.to_string());
        for (text, expected) in [
            ("8080", Some("8080/tcp")),
            ("08001", Some("8001/tcp")),
            ("9000-9000", Some("9000/tcp")),
            ("9010-9005", Some("9005-9010/tcp")),
            ("22-", Some("22/tcp")),
            ("0", Some("0/tcp")),
            ("http", Some("80/tcp")),
            ("netbios-ns", Some("137/tcp")),
            ("22 ", Some("22/tcp")),
            (" 22\t", Some("22/tcp")),
            ("80\n", Some("80/tcp")),
            ("+22", Some("22/tcp")),
            ("2_2", Some("22/tcp")),
            ("٢٢", Some("22/tcp")),
            ("８０-９０", Some("80-90/tcp")),
            ("80-90 ", Some("80-90/tcp")),
            ("-0", Some("0/tcp")),
            ("ssh-telnet", Some("22-23/tcp")),
            ("https-80", Some("80-443/tcp")),
            ("http-alt", Some("8080/tcp")),
            ("http-alt-https", None),
            ("myapp-80", None),
            ("80-myapp", None),
            ("22- ", None),
            ("2__2", None),
            ("_22", None),
            ("+ 22", None),
            ("22-23-24", None),
            ("99999", None),
            ("80-99999", None),
            ("-22", None),
            ("", None),
            ("nosuchname", None),
        ] {
            assert_eq!(read(text).as_deref(), expected, "{text}");
        }
        assert_eq!(resolve(b"80", b"TCP"), None);
    }
}
