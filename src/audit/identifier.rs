//! Whose line it is, by the name that the journal or syslog put in front of it: the one place that
//! knows the names of programs and of their units.

use crate::event::Source;

/// The program that the identifier of a prefix names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Writer {
    /// The prefix names none: the text has to tell.
    Unnamed,
    /// One of the three sources, or a neighbour that writes klog lines of its own.
    Named(Source),
    /// Another program: what its text looks like does not count.
    Foreign,
}

/// The source whose lines a program or a unit of this name writes.
pub(super) fn source(name: &[u8]) -> Option<Source> {
    match writer(Some(name)) {
        Writer::Named(source) => Some(source),
        Writer::Unnamed | Writer::Foreign => None,
    }
}

/// The journal's name for CRI-O is exactly `crio`, a path that ends in `/crio`, or its unit; never
/// a name that only begins so.
pub(super) fn writer(identifier: Option<&[u8]>) -> Writer {
    let Some(identifier) = identifier else { return Writer::Unnamed };
    let name = identifier.rsplit(|&b| b == b'/').next().unwrap_or(identifier);
    let name = name.strip_suffix(b".service").unwrap_or(name);
    match name {
        b"crio" => Writer::Named(Source::Crio),
        b"firewalld" => Writer::Named(Source::Firewalld),
        _ if writes_klog(name) => Writer::Named(Source::Ovnkube),
        _ => Writer::Foreign,
    }
}

/// Programs that carry ovnkube's lines, or log host ports in klog lines of their own.
fn writes_klog(name: &[u8]) -> bool {
    const EXACT: [&[u8]; 5] =
        [b"microshift", b"kube-proxy", b"kubelet", b"hyperkube", b"openshift-sdn"];
    EXACT.contains(&name) || name.starts_with(b"ovnkube") || name.starts_with(b"ovn-kube")
}
