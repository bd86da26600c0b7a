//! The serialized and the printed form of reports of real logs, byte for byte.
//!
//! With `HOSTPORT_AUDIT_BLESS` set in the environment the files under `tests/golden` are written
//! instead; look at the difference then.

use crate::common;

use common::corpus;
use hostport_audit::report::Report;
use hostport_audit::time::UtcOffset;
use hostport_audit::{Auditor, Timeline, YearRule};
use std::fs;
use std::path::Path;

/// Name of the golden files, and the log; the sample of the examples holds lines of all three
/// programs.
const REPORTS: [(&str, &str); 4] = [
    ("firewalld", "firewalld/v1.3.3/seed-example.log"),
    ("crio", "crio/scenarios/hostip.log"),
    ("ovnkube", "ovnk/era_2024_12/loadbalancer.log"),
    ("sample", "../../examples/sample/sample.log"),
];

fn report(log: &str) -> Report {
    let mut auditor = Auditor::new().keeping_history();
    auditor.feed(corpus::file(log).bytes);
    auditor.report(&Timeline::new().offset(UtcOffset::UTC).year(YearRule::Fixed(2026)))
}

fn holds(file: &str, now: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(file);
    if std::env::var_os("HOSTPORT_AUDIT_BLESS").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, now).unwrap();
        return;
    }
    let golden =
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let differs = golden.lines().zip(now.lines()).position(|(golden, now)| golden != now);
    if golden != now {
        let at = differs.unwrap_or_else(|| golden.lines().count().min(now.lines().count()));
        panic!(
            "{file}, line {}: {:?} instead of {:?}",
            at + 1,
            now.lines().nth(at),
            golden.lines().nth(at)
        );
    }
}

#[test]
fn the_printed_form() {
    for (name, log) in REPORTS {
        holds(&format!("{name}.txt"), &report(log).to_string());
    }
}

#[cfg(feature = "serde")]
#[test]
fn the_serialized_form() {
    for (name, log) in REPORTS {
        let report = report(log);
        let json = serde_json::to_string_pretty(&report).unwrap() + "\n";
        holds(&format!("{name}.json"), &json);
        let golden = fs::read(
            Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/golden/{name}.json")),
        )
        .unwrap();
        assert_eq!(serde_json::from_slice::<Report>(&golden).unwrap(), report, "{name}: read back");
        assert!(json.contains(&format!("\"schema_version\": {}", Report::SCHEMA_VERSION)));
    }
}
