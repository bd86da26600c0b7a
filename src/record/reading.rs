//! The results that reading a line can have.

use crate::error::ParseError;

/// What a line turned out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reading<R> {
    /// A record.
    Record(R),
    /// A further line of the record before it; the record, if this line completed it.
    Continuation(Option<R>),
    /// A line of another program, or of no interest.
    Unrelated,
    /// A line that was recognised and then broken.
    Malformed(ParseError),
}
