//! The colours that tools put into a line: `grep --color` around what it found
//! (`ESC[01;31m ESC[K … ESC[m ESC[K`), journalctl around a message by its priority.

use alloc::vec::Vec;
use memchr::memchr;

/// The line without its colours; `None` if it has none.
pub(crate) fn without_colours(line: &[u8]) -> Option<Vec<u8>> {
    let mut at = memchr(0x1b, line)?;
    let mut plain = Vec::with_capacity(line.len());
    let mut from = 0usize;
    let mut found = false;
    loop {
        let rest = line.get(at..).unwrap_or_default();
        let behind = match sequence(rest) {
            Some(length) => {
                plain.extend_from_slice(line.get(from..at).unwrap_or_default());
                found = true;
                from = at.saturating_add(length);
                from
            }
            None => at.saturating_add(1),
        };
        match memchr(0x1b, line.get(behind..).unwrap_or_default()) {
            Some(next) => at = behind.saturating_add(next),
            None => break,
        }
    }
    plain.extend_from_slice(line.get(from..).unwrap_or_default());
    found.then_some(plain)
}

/// The length of the colour (`ESC[…m`) or of the "clear to the end" (`ESC[K`) that begins here.
fn sequence(line: &[u8]) -> Option<usize> {
    let inside = line.strip_prefix(b"\x1b[")?;
    let parameters = inside
        .iter()
        .take(32)
        .take_while(|b| b.is_ascii_digit() || matches!(b, b';' | b':'))
        .count();
    matches!(inside.get(parameters), Some(b'm' | b'K')).then(|| parameters.saturating_add(3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_come_off_and_nothing_else() {
        let plain = |line: &[u8]| without_colours(line).map(|l| l.to_vec());
        assert_eq!(
            plain(b"\x1b[01;31m\x1b[KClosing\x1b[m\x1b[K host").as_deref(),
            Some(&b"Closing host"[..])
        );
        assert_eq!(plain(b"no colour"), None);
        assert_eq!(plain(b"\x1b[2J \x1b x"), None);
        assert_eq!(plain(b"\x1b[2J\x1b[mx").as_deref(), Some(&b"\x1b[2Jx"[..]));
    }
}
