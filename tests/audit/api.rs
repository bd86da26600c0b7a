//! What the types promise: they can be shared between threads and kept as long as one likes, and
//! errors are small.

use hostport_audit::{
    Auditor, ByteSpan, CarriedYear, ErrorKind, Expect, Family, Feeder, HostPort, InputId, Limits,
    LineEnd, LineRef, LoadError, ParseError, PortRange, Protocol, Reader, ResolveError, Saved,
    Segment, Stamp, Text, Timeline, YearRule,
};
use hostport_audit::{event, record, report, state};

const fn shared<T: Send + Sync + 'static>() {}

const fn error<T: core::error::Error + Send + Sync + Clone + 'static>() {}

#[test]
fn public_types_can_be_sent_shared_and_kept() {
    shared::<(Auditor, Saved, Reader, Segment<'static>, Expect, Limits, Feeder)>();
    shared::<(
        Text<'static>,
        ByteSpan,
        LineRef,
        InputId,
        LineEnd,
        ErrorKind,
        HostPort,
        PortRange,
        Protocol,
        Family,
    )>();
    shared::<(Stamp, Timeline, YearRule, CarriedYear)>();
    shared::<(
        record::firewalld::Record<'static>,
        record::firewalld::Reader,
        record::klog::Record<'static>,
        record::klog::Reader,
    )>();
    shared::<(
        record::crio::Record<'static>,
        record::restore::Restore<'static>,
        record::rule::Rule<'static>,
    )>();
    shared::<(
        record::transport::Reader,
        record::transport::Prefix<'static>,
        record::transport::Unwrapped<'static>,
    )>();
    shared::<(
        record::logfmt::Pairs<'static>,
        record::structured::Structured<'static>,
        hostport_audit::Service,
    )>();
    shared::<(
        event::Event<'static>,
        event::EventKind<'static>,
        event::Finding<'static>,
        event::Anomaly,
        event::Source,
    )>();
    shared::<(
        state::Ledger,
        state::Host,
        state::Facts,
        state::Effects,
        state::change::Change,
        state::evidence::Evidence,
    )>();
    shared::<(state::firewalld::Firewalld, state::crio::Crio, state::ovnkube::Ovnkube)>();
    shared::<(
        report::Report,
        report::Coverage,
        report::History,
        report::Summary,
        report::OpenPort,
        report::AllowList,
    )>();
}

#[test]
fn errors_are_errors_and_hold_no_input() {
    error::<ParseError>();
    error::<ResolveError>();
    error::<LoadError>();
    error::<report::AllowListError>();
    assert!(size_of::<ParseError>() <= 40, "{} bytes", size_of::<ParseError>());
}

/// Values that are handed about by the thousand stay small.
#[test]
fn values_that_are_copied_are_small() {
    assert!(size_of::<LineRef>() <= 32);
    assert!(size_of::<HostPort>() <= 8);
    assert!(size_of::<Stamp>() <= 24);
    assert!(size_of::<state::evidence::Evidence>() <= 64);
}
