//! Readers that join lines: every line belongs to one record or to none, and what they join is what
//! stands in the log.

use super::chooser::Chooser;
use super::walk;
use hostport_audit::record::firewalld::{Reader, Record};
use hostport_audit::record::{Reading, transport};
use hostport_audit::{Limits, Lines};

/// The first byte chooses how much may be held, the rest is a log.
pub fn law(data: &[u8]) {
    let mut chooser = Chooser::new(data);
    let most = chooser.one_of(&[4 << 20, 4 << 20, 300, 30]);
    let limits = Limits {
        max_record: most,
        max_streams: 3,
        max_line: most,
        max_hosts: 2,
        ..Limits::default()
    };
    let log = chooser.rest();
    firewalld(log);
    wrapped(log, &limits);
}

/// The lines of all deliveries add up to the lines of the log, whatever the forms, and a reader
/// that was saved and loaded goes on as one that was not.
fn wrapped(log: &[u8], limits: &Limits) {
    let mut reader = transport::Reader::new(limits);
    let mut deliveries = Vec::new();
    let mut count = 0;
    for line in Lines::with_limits(log, limits) {
        count += 1;
        let before = deliveries.len();
        reader.read(&line, &mut |delivery| deliveries.push(delivery.into_owned()));
        for delivery in &deliveries[before..] {
            walk::transport::delivery(delivery);
        }
        let read: u64 = deliveries.iter().map(transport::Unwrapped::lines).sum();
        assert!(read <= count);
        if reader.is_idle() {
            assert_eq!(read, count, "lines are lost: {deliveries:?}");
        }
        #[cfg(feature = "serde")]
        if count % 4 == 3 {
            reader = walk::saved_and_loaded(&reader);
        }
    }
    reader.clone().finish(&mut |delivery| deliveries.push(delivery.into_owned()));
    assert_eq!(
        deliveries.iter().map(transport::Unwrapped::lines).sum::<u64>(),
        count,
        "{deliveries:?}"
    );
    reader.finish(&mut |_| {});
    assert!(reader.is_idle());
    let mut last = 0;
    for delivery in &deliveries {
        if let transport::Unwrapped::Entry(entry) = delivery {
            assert!(entry.at().line() <= count);
            last = last.max(entry.at().line());
        }
    }
}

/// A firewalld call that a line break in an argument cut is joined at the first line with which it
/// is whole.
fn firewalld(log: &[u8]) {
    let mut reader = Reader::new(Limits::default());
    let mut begun: Option<Vec<u8>> = None;
    for line in Lines::new(log) {
        let line = line.bytes();
        match (reader.read(line), Record::parse(line)) {
            (Reading::Record(record), Reading::Record(alone)) => {
                // Only whether it may be a part of a text depends on what came before.
                let shape = |record: &Record<'_>| (record.label(), record.stamp(), record.lines());
                assert_eq!(record.as_bytes(), alone.as_bytes());
                assert_eq!(shape(&record), shape(&alone));
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
        if reader.take_unfinished().is_some()
            && !matches!(Record::parse(line), Reading::Malformed(_))
        {
            begun = None;
        }
    }
    reader.finish();
    reader.take_unfinished();
    assert!(reader.is_idle() && !reader.has_begun());
}
