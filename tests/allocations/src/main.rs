//! Counts allocations: parsing an accepted line takes none, unless an escape has to be undone.
//!
//! Run by `cargo run --manifest-path tests/allocations/Cargo.toml` in the repository; it fails if a line takes more than it may.

use hostport_audit::record::rule::Rule;
use hostport_audit::record::transport::Prefix;
use hostport_audit::record::{Reading, crio, firewalld, klog, logfmt::Pairs};
use hostport_audit::{Auditor, Expect, Limits, Lines, Source};
use std::alloc::{GlobalAlloc, Layout, System};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

static COUNT: AtomicUsize = AtomicUsize::new(0);

struct Counting;

// SAFETY: every call is passed on to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.fetch_add(1, Ordering::Relaxed);
        // SAFETY: as for the caller.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as for the caller.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        COUNT.fetch_add(1, Ordering::Relaxed);
        // SAFETY: as for the caller.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn log(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../corpus").join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Runs something over pieces and gives the pieces that were accepted and the allocations they took.
fn count<'a>(pieces: impl IntoIterator<Item = &'a [u8]>, mut accepts: impl FnMut(&'a [u8]) -> bool) -> (usize, usize) {
    let (mut accepted, mut allocations) = (0, 0);
    for piece in pieces {
        let before = COUNT.load(Ordering::Relaxed);
        if accepts(piece) {
            accepted += 1;
            allocations += COUNT.load(Ordering::Relaxed) - before;
        }
    }
    (accepted, allocations)
}

fn main() {
    let firewalld_log = log("firewalld/v1.3.3/random.log");
    let crio_log = log("crio/more/random-r1.log");
    let ovnkube_log = log("ovnk/seed_era/random.log");
    let lines = |log: &'static [u8]| Lines::new(log).map(|line| line.bytes()).collect::<Vec<_>>();
    let firewalld_lines = lines(firewalld_log.leak());
    let crio_lines = lines(crio_log.leak());
    let ovnkube_lines = lines(ovnkube_log.leak());
    let crio_messages: Vec<&[u8]> =
        crio_lines.iter().filter_map(|line| line.get(line.windows(5).position(|w| w == b"time=")?..)).collect();

    let mut failed = false;
    let mut check = |name: &str, (accepted, allocations): (usize, usize)| {
        println!("{name}: {accepted} lines, {allocations} allocations");
        failed |= accepted == 0 || allocations > 0;
    };
    check(
        "firewalld records and calls",
        count(firewalld_lines.iter().copied(), |line| match firewalld::Record::parse(line) {
            Reading::Record(record) => record.call().is_none_or(|call| !call.method().is_empty()),
            _ => false,
        }),
    );
    check(
        "CRI-O records without escapes",
        count(crio_messages.iter().copied(), |line| {
            !line.contains(&b'\\') && matches!(crio::Record::parse(line), Reading::Record(_))
        }),
    );
    check("logfmt pairs", count(crio_messages.iter().copied(), |line| Pairs::new(line).all(|pair| pair.is_ok())));
    check("journal prefixes", count(crio_lines.iter().copied(), |line| Prefix::of_line(line).0.host().is_some()));
    check(
        "klog headers and rules",
        count(ovnkube_lines.iter().copied(), |line| klog::Record::parse(line).is_ok_and(|record| record.is_some())),
    );
    check(
        "iptables arguments",
        count([&b"-p TCP -m addrtype --dst-type LOCAL --dport 32718 -j DNAT --to-destination 10.96.178.142:8081"[..]], |args| {
            Rule::parse(args).is_ok_and(|rule| rule.target().is_some())
        }),
    );

    // What a whole audit takes is told, not bounded: what it keeps grows with what is open.
    for (source, lines) in [(Source::Firewalld, &firewalld_lines), (Source::Crio, &crio_lines), (Source::Ovnkube, &ovnkube_lines)]
    {
        let mut auditor = Auditor::with(Expect::Only(source), Limits::default());
        let before = COUNT.load(Ordering::Relaxed);
        for line in lines {
            auditor.feed(line);
            auditor.feed("\n");
        }
        let allocations = COUNT.load(Ordering::Relaxed) - before;
        println!("audit of {source}: {:.2} allocations a line", allocations as f64 / lines.len() as f64);
    }
    assert!(!failed, "a parser allocates, or had nothing to read");
}
