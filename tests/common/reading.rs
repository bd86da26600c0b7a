//! A log read to its end, with everything that was handed out.

use hostport_audit::record::transport::{Entry, Reader, Unwrapped};
use hostport_audit::{Limits, Lines};

/// Everything that a reader hands out for an input.
pub fn deliveries(input: &[u8], limits: &Limits) -> Vec<Unwrapped<'static>> {
    let mut all = Vec::new();
    let mut reader = Reader::new(limits);
    for line in Lines::with_limits(input, limits) {
        reader.read(&line, &mut |delivery: Unwrapped<'_>| all.push(delivery.into_owned()));
    }
    reader.finish(&mut |delivery: Unwrapped<'_>| all.push(delivery.into_owned()));
    assert!(reader.is_idle(), "something is held behind the end");
    all
}

/// The messages alone.
pub fn entries(input: &[u8]) -> Vec<Entry<'static>> {
    let entry = |delivery| match delivery {
        Unwrapped::Entry(entry) => Some(entry),
        _ => None,
    };
    deliveries(input, &Limits::default()).into_iter().filter_map(entry).collect()
}
