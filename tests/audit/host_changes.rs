//! What opens and closes is told as it happens: the changes lead from nothing to what is known, and
//! any split of the input tells the same.

use hostport_audit::state::{Facts, crio};
use hostport_audit::{Auditor, HostChange, HostPort, Text, Turn};
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::io::Read;

use crate::common;
use common::corpus;

#[path = "../../examples/follow.rs"]
pub(crate) mod follow;

/// All changes of a log that comes in chunks.
fn changes<'a>(chunks: impl Iterator<Item = &'a [u8]>) -> (Auditor, Vec<HostChange>) {
    let mut told = Vec::new();
    let mut auditor = Auditor::new();
    for chunk in chunks {
        auditor.feed_with(chunk, |change| told.push(change.clone()));
    }
    auditor.finish_with(|change| told.push(change.clone()));
    (auditor, told)
}

type Open = BTreeSet<(Option<Text<'static>>, String, Option<u16>)>;

/// The single ports of what is open.
fn ports(port: Option<HostPort>) -> Vec<Option<u16>> {
    port.map_or(vec![None], |port| {
        let range = port.range();
        (range.first()..=range.last()).map(Some).collect()
    })
}

/// What is open, as the changes tell it.
fn followed(changes: &[HostChange]) -> Result<Open, String> {
    let mut open = Open::new();
    for change in changes {
        let (fact, opens) = match &change.turn {
            Turn::Opened { fact } => (fact, true),
            Turn::Closed { fact } | Turn::Uncertain { fact } => (fact, false),
            _ => continue,
        };
        let holder = format!("{:?} {:?}", fact.holder, fact.ports.map(HostPort::protocol));
        for port in ports(fact.ports) {
            let key = (change.host.clone(), holder.clone(), port);
            let news = if opens { open.insert(key) } else { open.remove(&key) };
            if !news {
                return Err(format!("{change} is no news"));
            }
        }
    }
    Ok(open)
}

fn open(auditor: &Auditor) -> Open {
    let mut open = Open::new();
    for (name, host) in auditor.ledger().hosts() {
        for (opening, _) in host.openings() {
            let holder = format!("{:?} {:?}", opening.holder, opening.port.map(HostPort::protocol));
            for port in ports(opening.port) {
                open.insert((name.cloned(), holder.clone(), port));
            }
        }
    }
    open
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_split_tells_the_same_changes_and_they_lead_to_what_is_known(
        log in 0..small_logs().len(),
        end in any::<prop::sample::Index>(),
        size in 1usize..300,
    ) {
        let file = &small_logs()[log];
        let bytes = &file.bytes[..end.index(file.bytes.len() + 1)];
        let (auditor, whole) = changes([bytes].into_iter());
        let followed = followed(&whole).map_err(TestCaseError::fail)?;
        prop_assert!(followed == open(&auditor), "{}", file.name);
        let (again, parts) = changes(bytes.chunks(size));
        prop_assert!(parts == whole, "{}", file.name);
        prop_assert!(again == auditor, "{}", file.name);
    }
}

fn small_logs() -> &'static [corpus::File] {
    static LOGS: std::sync::OnceLock<Vec<corpus::File>> = std::sync::OnceLock::new();
    LOGS.get_or_init(|| {
        corpus::logs().into_iter().filter(|file| file.bytes.len() < 40_000).collect()
    })
}

#[test]
#[cfg(feature = "serde")]
fn a_saved_auditor_goes_on_telling() {
    let file = corpus::file("crio/scenarios/plain.log");
    let (_, whole) = changes([file.bytes.as_slice()].into_iter());
    let mut told = Vec::new();
    let mut auditor = Auditor::new();
    for line in file.bytes.split_inclusive(|&byte| byte == b'\n') {
        auditor.feed_with(line, |change| told.push(change.clone()));
        let text = serde_json::to_string(&hostport_audit::Saved::new(auditor.clone())).unwrap();
        let saved: hostport_audit::Saved = serde_json::from_str(&text).unwrap();
        assert_eq!(saved.clone().into_auditor().unwrap(), auditor);
        auditor = saved.into_auditor().unwrap();
    }
    auditor.finish_with(|change| told.push(change.clone()));
    assert_eq!(told, whole);
}

#[test]
fn what_is_stated_is_told() {
    let mut told = Vec::new();
    let mut auditor = Auditor::new();
    let port: HostPort = "443/tcp".parse().unwrap();
    let statement =
        crio::Statement { sockets: Some(BTreeSet::from([port])), ..crio::Statement::default() };
    let facts = Facts { crio: Some(statement), ..Facts::default() };
    auditor.know_with(None, &facts, |change| told.push(change.turn.to_string()));
    assert_eq!(told.len(), 2);
    assert_eq!(told[0], "known sockets of CRI-O");
    assert!(told[1].starts_with("opened 443/tcp held by socket of CRI-O"), "{}", told[1]);
}

/// Hands out its bytes in pieces of a size.
struct Slow<'a>(&'a [u8], usize);

impl Read for Slow<'_> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let length = self.0.len().min(self.1).min(into.len());
        into[..length].copy_from_slice(&self.0[..length]);
        self.0 = &self.0[length..];
        Ok(length)
    }
}

fn printed(log: &[u8], size: usize) -> String {
    let mut out = Vec::new();
    follow::follow(&mut Slow(log, size), &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn the_follower_prints_the_same_whatever_the_reads_are() {
    // It opens and closes within one read, and its last line has no end.
    let log = b"2023-06-28 10:46:37 DEBUG1: zone.addPort('public', '8080', 'tcp')\n\
        2023-06-28 10:46:37 DEBUG1: zone.PortAdded('public', '8080', 'tcp', 0)\n\
        2023-06-28 10:46:39 DEBUG1: zone.removePort('public', '8080', 'tcp')\n\
        2023-06-28 10:46:39 DEBUG1: zone.PortRemoved('public', '8080', 'tcp')";
    let whole = printed(log, log.len());
    let lines: Vec<&str> = whole.lines().collect();
    assert_eq!(lines.len(), 2, "{whole}");
    assert!(
        lines[0]
            .starts_with("line 2 (2023-06-28T10:46:37): opened 8080/tcp allowed by zone public")
    );
    assert!(
        lines[1]
            .starts_with("line 4 (2023-06-28T10:46:39): closed 8080/tcp allowed by zone public")
    );
    for size in [1, 7, 64, 512] {
        assert_eq!(printed(log, size), whole, "reads of {size}");
    }
    for name in ["crio/scenarios/plain.log", "ovnk/seed_era/failing.log"] {
        let log = corpus::file(name).bytes;
        assert_eq!(printed(&log, 1), printed(&log, usize::MAX), "{name}");
    }
}
