//! Readers that join lines: every line belongs to one record or to none, and what they join is what stands in the log.

use hostport_audit::record::Reading;
use hostport_audit::record::firewalld::{Reader, Record};
use hostport_audit::{Limits, Lines};

/// The bytes are a log.
pub fn law(log: &[u8]) {
    firewalld(log);
}

/// A firewalld call that a line break in an argument cut is joined at the first line with which it is whole.
fn firewalld(log: &[u8]) {
    let mut reader = Reader::new(Limits::default());
    let mut begun: Option<Vec<u8>> = None;
    for line in Lines::new(log) {
        let line = line.bytes();
        match (reader.read(line), Record::parse(line)) {
            (Reading::Record(record), Reading::Record(alone)) => {
                assert_eq!(record, alone);
                begun = None;
            }
            (Reading::Malformed(error), Reading::Malformed(alone)) => {
                assert_eq!(error, alone);
                begun = None;
            }
            // Held until the call ends.
            (Reading::Continuation(None), Reading::Malformed(_)) => begun = Some(line.to_vec()),
            (Reading::Continuation(joined), Reading::Unrelated) => {
                let Some(text) = &mut begun else {
                    assert!(joined.is_none(), "joined to nothing: {joined:?}");
                    continue;
                };
                text.push(b'\n');
                text.extend_from_slice(line);
                let whole = match Record::parse(&text[..]) {
                    Reading::Record(record) if line.ends_with(b")") => Some(record),
                    _ => None,
                };
                assert_eq!(
                    joined.as_ref().map(Record::as_bytes),
                    whole.as_ref().map(Record::as_bytes),
                    "{}",
                    text.escape_ascii()
                );
                if joined.is_some() {
                    begun = None;
                }
            }
            (Reading::Unrelated, Reading::Unrelated) => assert!(!reader.has_begun()),
            (read, alone) => panic!("{read:?} is {alone:?} when it stands alone"),
        }
        if reader.take_unfinished().is_some() && !matches!(Record::parse(line), Reading::Malformed(_)) {
            begun = None;
        }
    }
    reader.finish();
    reader.take_unfinished();
    assert!(reader.is_idle() && !reader.has_begun());
}
