//! What stands around messages.

use super::{inside, saved, shown, text};
use hostport_audit::record::transport::{Entry, JournalNotice, Prefix, Unwrapped};

/// Takes the prefix off the line.
pub fn line(line: &[u8]) {
    let (prefix, message) = Prefix::of_line(line);
    walk(&prefix);
    assert!(message.is_borrowed());
    text(&message, line);
    if prefix.transport().is_prefix() {
        let mut together = prefix.as_bytes().to_vec();
        together.extend_from_slice(message.as_bytes());
        assert_eq!(together, line, "prefix and message together are not the line");
        inside(prefix.as_bytes(), line);
        if prefix.transport() == hostport_audit::record::transport::Transport::None {
            assert_eq!(prefix.stamp(), None);
        }
    }
}

/// Calls every getter.
pub fn walk(prefix: &Prefix<'_>) {
    let texts = [
        prefix.host(),
        prefix.identifier(),
        prefix.unit(),
        prefix.boot(),
        prefix.pod(),
        prefix.container(),
    ];
    for part in texts.into_iter().flatten() {
        assert_eq!(part.clone().into_owned(), part.reborrow());
    }
    assert_eq!(
        prefix.program().is_some(),
        prefix.identifier().is_some() || prefix.unit().is_some()
    );
    assert_eq!(prefix.to_string(), String::from_utf8_lossy(prefix.as_bytes()));
    shown(&(prefix.pid(), prefix.stream(), prefix.stamp()));
    let owned = prefix.clone().into_owned();
    assert_eq!(owned, *prefix);
    assert_eq!(owned, prefix.reborrow());
    saved(&owned);
}

/// Calls every getter of what a reader handed out.
pub fn delivery(delivery: &Unwrapped<'_>) {
    match delivery {
        Unwrapped::Entry(entry) => self::entry(entry),
        Unwrapped::JournalNotice { note, prefix, .. } => {
            walk(prefix);
            if let JournalNotice::Suppressed { count, .. } = note {
                shown(count);
            }
        }
        Unwrapped::Malformed { error, lines, .. } => {
            assert!(*lines > 0);
            assert!(!error.expected().is_empty() && !error.to_string().is_empty());
        }
        _ => {}
    }
    assert_eq!(delivery.clone().into_owned(), *delivery);
}

fn entry(entry: &Entry<'_>) {
    walk(entry.prefix());
    assert!(entry.lines() > 0 && entry.at().line() > 0);
    let (prefix, message) = entry.clone().into_parts();
    assert_eq!((&prefix, &message), (entry.prefix(), entry.message()));
    assert!(entry.message_offset().is_none_or(|offset| offset as u64 <= entry.at().span().len()));
    shown(&(entry.cut(), entry.is_continuation(), entry.is_complete()));
}
