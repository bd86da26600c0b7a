use hostport_audit::{Auditor, Timeline};
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let log = std::fs::read(std::env::args().nth(1).unwrap())?;
    let mut auditor = Auditor::new().keeping_history();
    auditor.feed(&log);
    let report = auditor.report(&Timeline::new());
    println!("{report}");
    println!("{:016x}", report.digest());
    Ok(())
}
