//! Port text as firewalld reads it (`getPortRange`, 0.9 to 2.5).

use crate::port::{HostPort, PortRange, Protocol};

/// The ports that the daemon makes of a text that it accepted; `None` for a text that cannot be
/// resolved here.
///
/// Accepted are numbers with leading zeros, ranges in either order, a range with nothing behind the
/// dash (one port), and names of services as the system's table has them.
pub(super) fn resolve(port: &[u8], protocol: &[u8]) -> Option<HostPort> {
    // The daemon compares the protocol as it stands, so other letter cases were never accepted.
    let protocol = Protocol::ALL.into_iter().find(|known| known.as_str().as_bytes() == protocol)?;
    Some(HostPort::new(protocol, range(port)?))
}

fn range(text: &[u8]) -> Option<PortRange> {
    if let Some(port) = number(text) {
        return Some(PortRange::single(port));
    }
    if let Some(dash) = memchr::memchr(b'-', text) {
        let (first, last) = (text.get(..dash)?, text.get(dash.saturating_add(1)..)?);
        match (number(first), number(last)) {
            (Some(first), Some(last)) => return Some(PortRange::new(first, last)),
            (Some(first), None) if last.is_empty() => return Some(PortRange::single(first)),
            _ => {}
        }
    }
    let name = core::str::from_utf8(text).ok()?;
    NAMES.iter().find(|(known, _)| *known == name).map(|(_, port)| PortRange::single(*port))
}

/// Decimal digits with any number of zeros in front, up to 65535.
fn number(text: &[u8]) -> Option<u16> {
    if text.is_empty() || !text.iter().all(u8::is_ascii_digit) {
        return None;
    }
    text.iter().try_fold(0u16, |sum, b| sum.checked_mul(10)?.checked_add(u16::from(b & 0x0f)))
}

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
            ("99999", None),
            ("-22", None),
            ("", None),
            ("nosuchname", None),
        ] {
            assert_eq!(read(text).as_deref(), expected, "{text}");
        }
        assert_eq!(resolve(b"80", b"TCP"), None);
    }
}
