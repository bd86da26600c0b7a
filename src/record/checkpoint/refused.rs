//! Why a text was not read.

use crate::error::ParseError;

/// The line at which a text was refused, and what broke there.
///
/// The offset of the error counts from the beginning of the whole text. A text is refused as a
/// whole: what is missing from a listing would count as "not there".
///
/// ```
/// use hostport_audit::record::checkpoint::sockets::Sockets;
///
/// let text = b"tcp LISTEN 0 128 0.0.0.0:22 0.0.0.0:*\ntcp LISTEN 0 128 0.0.0.0:http 0.0.0.0:*\n";
/// let refused = Sockets::parse(text).unwrap_err();
/// assert_eq!(refused.line(), 2);
/// assert_eq!(
///     refused.to_string(),
///     "line 2: bad port at byte 63: expected the number of a port (ss -n), found 'h'"
/// );
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[error("line {line}: {error}")]
pub struct Refused {
    line: u64,
    error: ParseError,
}

impl Refused {
    /// The refusal of a whole text, with the line in which the error's offset lies.
    pub(crate) fn of(text: &[u8], error: ParseError) -> Self {
        let before = text.get(..error.offset()).unwrap_or(text);
        let ends = memchr::memchr_iter(b'\n', before).count();
        let line = u64::try_from(ends).unwrap_or(u64::MAX).saturating_add(1);
        Self { line, error: error.quoting(text) }
    }

    /// The line, counted from 1.
    #[must_use]
    pub const fn line(&self) -> u64 {
        self.line
    }

    /// What broke, with its byte counted from the beginning of the text.
    #[must_use]
    pub const fn error(&self) -> &ParseError {
        &self.error
    }
}
