//! Any bytes may be handed to any parser: it never panics, what it accepts prints back as it was
//! and can be looked at from all sides, and what it refuses it refuses at a place inside the line.

use super::walk;
use hostport_audit::record::list_all::{Listing, Listings};
use hostport_audit::record::save::Save;
use hostport_audit::record::service_file;
use hostport_audit::report::AllowList;
use hostport_audit::{HostPort, PortRange, Protocol, Stamp};

/// The bytes are the line.
pub fn law(line: &[u8]) {
    values(line);
    walk::rule::arguments(line);
    walk::firewalld::record(line);
    walk::crio::record(line);
    walk::crio::logfmt(line);
    walk::crio::restore_input(line);
    walk::klog::record(line);
    walk::klog::structured_message(line);
    walk::transport::line(line);
    walk::result(Listing::parse(line), line, |listing| {
        walk::inside(listing.as_bytes(), line);
        assert_eq!(listing.clone().into_owned(), listing);
        listing
            .ports()
            .chain(listing.source_ports())
            .for_each(|port| walk::shown(&(port.host_port(), port.port(), port.protocol())));
        listing.forward_ports().for_each(|port| walk::shown(&port));
        listing.fields().for_each(|field| walk::shown(&field));
        walk::shown(&(
            listing.name(),
            listing.subject(),
            listing.target(),
            listing.forward(),
            listing.masquerade(),
        ));
    });
    Listings::new(line).for_each(|listing| walk::shown(&listing));
    walk::result(Save::parse(line), line, |save| {
        save.rules().iter().for_each(|saved| walk::rule::walk(saved.rule(), line))
    });
    if let Ok(list) = AllowList::from_csv(line) {
        walk::shown(&list);
    }
    walk::result(service_file::parse(line), line, |service| walk::shown(&service));
}

/// Values of few bytes that are read from text.
fn values(line: &[u8]) {
    walk::result(Protocol::from_bytes(line), line, |_| {});
    let Ok(text) = core::str::from_utf8(line) else { return };
    walk::result(text.parse::<PortRange>(), line, |range| {
        assert!(
            range.contains(range.first()) && range.contains(range.last()) && range.covers(range)
        );
        assert_eq!(range.to_string().parse(), Ok(range));
    });
    walk::result(text.parse::<HostPort>(), line, |port| {
        assert_eq!(port.to_string().parse(), Ok(port))
    });
    walk::result(text.parse::<Stamp>(), line, |stamp| {
        assert_eq!(stamp.to_string().parse(), Ok(stamp))
    });
}
