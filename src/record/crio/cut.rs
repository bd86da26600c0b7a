//! What a line that was cut short may have been.

use super::message::{CLOSING, OPENED, RESTORING};
use crate::family::Family;
use crate::grammar::json;
use crate::grammar::logfmt::unescape;
use crate::port::HostPort;
use crate::record::logfmt::Pairs;
use crate::record::restore::remains;
use alloc::vec::Vec;

/// A line of CRI-O that is broken so that what it reported is lost, though it did happen.
///
/// journald 252 cuts lines at 48 KiB and rsyslog 8 at 8 KiB; both happens to `Restoring iptables
/// rules: ...`. A full disk or a rotation can cut any line.
///
/// ```
/// use hostport_audit::record::crio::Cut;
///
/// let line = br#"time="2023-06-25 16:24:11.657872090+08:00" level=info msg="Restoring iptables rules: *nat\n:KUBE-HP-EBF"#;
/// assert!(matches!(Cut::of(line), Some(Cut::Restoring { family: None, .. })));
/// assert_eq!(Cut::of(br#"time="2023-06-25 16:24:11.657872090+08:00" level=info msg="Checking image status: x"#), None);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Cut {
    /// A restore input: the rules of a family are others now.
    Restoring {
        /// The family, if a rule was left that shows it.
        family: Option<Family>,
        /// The host ports of the new rules that were left.
        new: Vec<HostPort>,
    },
    /// A socket was opened or closed, for a port that cannot be told.
    Socket,
    /// Cut before it can be told what it was.
    Unknown,
}

impl Cut {
    /// Looks at a line that [`Record::parse`](super::Record::parse) called malformed. `None`:
    /// nothing about ports is lost by it.
    #[must_use]
    pub fn of(line: &[u8]) -> Option<Self> {
        if line.first() == Some(&b'{') {
            return Self::of_json(line);
        }
        for pair in Pairs::new(line) {
            match pair {
                // A whole message behind which something is broken.
                Ok(pair) if pair.key() == b"msg" => {
                    let text = pair.value().text()?;
                    return text.as_bytes().strip_prefix(RESTORING).map(Self::restoring);
                }
                Ok(_) => {}
                Err(error) if crate::record::logfmt::is_cut(&error) => break,
                Err(_) => return None,
            }
        }
        let start =
            memchr::memmem::find(line, b" msg=\"").map(|at| at.saturating_add(b" msg=\"".len()));
        match start.and_then(|start| line.get(start..)) {
            Some(inside) => Self::of_message(&lenient(inside)),
            None if line.starts_with(b"time=\"") => Some(Self::Unknown),
            None => None,
        }
    }

    fn of_json(line: &[u8]) -> Option<Self> {
        const MSG: &[u8] = b"\"msg\":\"";
        let whole = json::Fields::new(line).all(|field| field.is_ok());
        if whole {
            let msg =
                json::Fields::new(line).filter_map(Result::ok).find(|field| field.key == "msg")?;
            return msg.value.into_text()?.as_bytes().strip_prefix(RESTORING).map(Self::restoring);
        }
        let at = memchr::memmem::find(line, MSG)?;
        // JSON and Go escape what occurs in a restore input alike.
        Self::of_message(&lenient(line.get(at.saturating_add(MSG.len())..)?))
    }

    fn of_message(text: &[u8]) -> Option<Self> {
        let begins = |words: &[u8]| text.starts_with(words) || words.starts_with(text);
        if let Some(input) = text.strip_prefix(RESTORING) {
            Some(Self::restoring(input))
        } else if text.starts_with(OPENED) || text.starts_with(CLOSING) {
            Some(Self::Socket)
        } else if [RESTORING, OPENED, CLOSING].into_iter().any(begins) {
            Some(Self::Unknown)
        } else {
            None
        }
    }

    fn restoring(input: &[u8]) -> Self {
        let (family, new) = remains(input);
        Self::Restoring { family, new }
    }
}

/// Undoes escapes as far as they go; a broken one ends the text.
fn lenient(inside: &[u8]) -> Vec<u8> {
    unescape(inside).into_owned()
}
