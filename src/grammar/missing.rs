//! What stands in a log where lines of it are missing: notes of the programs that dropped them, and
//! marks of whoever cut them out.

use memchr::memmem;

/// What the logger says of lines that it dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum JournalNotice {
    /// rsyslog dropped messages to keep to a rate: of one process, or of all.
    RateLimited {
        /// How many, where it says so.
        count: Option<u64>,
        /// Whose, where only one process was limited.
        pid: Option<u32>,
    },
    /// The journal dropped or lost messages, or did not hand them on.
    JournalLost,
}

/// What rsyslog's imjournal and imuxsock say of messages that they dropped, with the process where
/// one process was limited; the wording has changed from version to version:
/// `imjournal: 119806 messages lost due to rate-limiting (20000 allowed within 600 seconds)`,
/// `imuxsock[pid 22830]: begin to drop messages due to rate-limiting`,
/// `imuxsock[pid: 57, name: /usr/bin/crio]: 48814 messages lost due to rate-limiting`,
/// `imuxsock lost 55 messages from pid 77216 due to rate-limiting`.
pub(crate) fn of_rsyslog(message: &[u8]) -> Option<JournalNotice> {
    let limited = memmem::find(message, b"due to rate-limiting")?;
    let told = message.get(..limited)?;
    let lost = [&b"messages lost "[..], b"begin to drop ", b"begins to drop ", b" lost "]
        .iter()
        .any(|words| memmem::find(told, words).is_some());
    if !lost {
        return None;
    }
    let behind = |words: &[u8]| {
        memmem::find(told, words).and_then(|at| told.get(at.saturating_add(words.len())..))
    };
    let pid = [&b"from pid "[..], b"[pid ", b"[pid: "].into_iter().find_map(behind);
    let pid = pid.and_then(leading_number).and_then(|pid| u32::try_from(pid).ok());
    let count = behind(b" lost ").and_then(leading_number).or_else(|| {
        let before = told.get(..memmem::find(told, b" messages lost ")?)?;
        leading_number(before.rsplit(|b| *b == b' ').next()?)
    });
    Some(JournalNotice::RateLimited { count, pid })
}

/// What systemd-journald says of messages that it lost:
/// `File /run/log/journal/…/system.journal corrupted or uncleanly shut down, renaming and
/// replacing.`, `Failed to write entry (24 items, 740 bytes) despite vacuuming, ignoring: …`.
///
/// A user's own journal holds nothing of the programs of a node.
pub(crate) fn of_journald(message: &[u8]) -> Option<JournalNotice> {
    let replaced = message.starts_with(b"File ")
        && memmem::find(message, b" corrupted or uncleanly shut down").is_some()
        && memmem::find(message, b"/user-").is_none();
    (replaced || message.starts_with(b"Failed to write entry ("))
        .then_some(JournalNotice::JournalLost)
}

/// What systemd-journald says of messages that it did not hand on to syslog, so that they are
/// missing there and nowhere else: `Forwarding to syslog missed 42 messages.`
pub(crate) fn not_forwarded(message: &[u8]) -> bool {
    message.starts_with(b"Forwarding to syslog missed ")
}

fn leading_number(text: &[u8]) -> Option<u64> {
    let text = text.trim_ascii_start();
    let digits = text.iter().take_while(|b| b.is_ascii_digit()).count();
    core::str::from_utf8(text.get(..digits)?).ok()?.parse().ok()
}

/// No mark of a cut is longer.
const LONGEST_MARK: usize = 64;

/// True for a line that is nothing but the mark of a cut: `--` of `grep -C`, `...`, `[...]`, `[…]`,
/// `<snip>`, `(...)`, `-- snip --`, `[truncated]`, `[42 lines omitted]`.
#[inline]
pub(crate) fn is_cut(line: &[u8]) -> bool {
    line.len() <= LONGEST_MARK
        && !line.first().is_none_or(u8::is_ascii_alphabetic)
        && is_short_cut(line.trim_ascii())
}

fn is_short_cut(line: &[u8]) -> bool {
    if line == b"--" {
        return true;
    }
    let Ok(text) = core::str::from_utf8(line) else { return false };
    let framed = |c: char| {
        matches!(
            c,
            '[' | ']' | '(' | ')' | '<' | '>' | '{' | '}' | '*' | '-' | '=' | '~' | '8' | '✂' | ' '
        )
    };
    let inside = text.trim_matches(framed);
    let dots = inside.trim_matches(|c: char| matches!(c, '.' | '…' | ' '));
    if dots.is_empty() {
        // Dots alone; a rule of dashes or stars parts a text and cuts nothing out.
        return inside.contains("..") || inside.contains('…');
    }
    const CUT: [&str; 10] = [
        "snip",
        "snipped",
        "snippet",
        "cut",
        "truncated",
        "omitted",
        "skipped",
        "removed",
        "elided",
        "trimmed",
    ];
    const AROUND: [&str; 15] = [
        "lines", "line", "more", "output", "log", "logs", "messages", "entries", "rest", "some",
        "many", "repeated", "for", "brevity", "of",
    ];
    let cut = |word: &str| CUT.iter().any(|known| word.eq_ignore_ascii_case(known));
    let around = |word: &str| {
        AROUND.iter().any(|known| word.eq_ignore_ascii_case(known))
            || word.bytes().all(|b| b.is_ascii_digit() || b == b',')
    };
    let mut has_cut = false;
    for word in dots.split_ascii_whitespace() {
        let word = word.trim_matches(|c: char| matches!(c, ',' | ':' | '.' | '…'));
        if cut(word) {
            has_cut = true;
        } else if !around(word) && !word.is_empty() {
            return false;
        }
    }
    // `snip` without a frame is a word of a text as well.
    has_cut && (dots.len() < text.len() || dots.contains(' '))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_of_cuts_are_whole_lines() {
        for mark in [
            "--",
            "...",
            "....",
            "…",
            "[...]",
            "[…]",
            "(...)",
            "<snip>",
            "-- snip --",
            "[snip]",
            "---8<--- snip ---8<---",
            "[truncated]",
            "<output omitted>",
            "[42 lines omitted]",
            "... 42 lines omitted ...",
            "...skipped...",
            " ... ",
            "<...>",
            "*** 1,204 lines removed ***",
            "42 lines omitted",
        ] {
            assert!(is_cut(mark.as_bytes()), "{mark}");
        }
        for text in [
            "",
            "-",
            "---",
            "-----",
            "***",
            "=====",
            ".",
            "snip",
            "cut",
            "lines",
            "a ... b",
            "-- Boot 2d30a6508937515eb84cfdeac507588e --",
            "-- No entries --",
            "COMMIT",
            "42",
            "[42]",
            "error: line 4 omitted because of x",
            "}",
            "{",
            ">",
        ] {
            assert!(!is_cut(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn notes_of_rsyslog() {
        let note = |text: &str| of_rsyslog(text.as_bytes());
        assert_eq!(
            note(
                "imjournal: 119806 messages lost due to rate-limiting (20000 allowed within 600 seconds)"
            ),
            Some(JournalNotice::RateLimited { count: Some(119_806), pid: None })
        );
        assert_eq!(
            note("imjournal: begin to drop messages due to rate-limiting"),
            Some(JournalNotice::RateLimited { count: None, pid: None })
        );
        assert_eq!(
            note("imuxsock[pid 123]: begin to drop messages from pid 123 due to rate-limiting"),
            Some(JournalNotice::RateLimited { count: None, pid: Some(123) })
        );
        assert_eq!(
            note(
                "imuxsock[pid 123]: 7 messages lost due to rate-limiting (200 allowed within 5 seconds)"
            ),
            Some(JournalNotice::RateLimited { count: Some(7), pid: Some(123) })
        );
        assert_eq!(
            note("imuxsock lost 55 messages from pid 77216 due to rate-limiting"),
            Some(JournalNotice::RateLimited { count: Some(55), pid: Some(77216) })
        );
        assert_eq!(note("action 'x' resumed"), None);
        assert_eq!(note("rate-limiting is on"), None);
    }

    #[test]
    fn notes_of_journald() {
        let replaced = b"File /run/log/journal/1/system.journal corrupted or uncleanly shut down, renaming and replacing.";
        assert_eq!(of_journald(replaced), Some(JournalNotice::JournalLost));
        let user = b"File /var/log/journal/1/user-1000.journal corrupted or uncleanly shut down, renaming and replacing.";
        assert_eq!(of_journald(user), None);
        assert_eq!(of_journald(b"Missed 12 kernel messages"), None);
    }
}
