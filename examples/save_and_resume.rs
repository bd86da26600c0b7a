//! Saves the state in the middle of a log and goes on from it in another life: the same answer as reading on.
//!
//! ```text
//! $ cargo run --features serde --example save_and_resume
//! ```

use hostport_audit::{Auditor, Saved};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let log: &[u8] = include_bytes!("sample/sample.log");
    let (first, second) = log.split_at(log.len() / 2);

    let mut auditor = Auditor::new();
    auditor.feed(first);
    let text = serde_json::to_string(&Saved::new(auditor))?;
    println!("saved {} bytes of state", text.len());

    let mut resumed = serde_json::from_str::<Saved>(&text)?.into_auditor()?;
    resumed.feed(second);

    let mut whole = Auditor::new();
    whole.feed(log);
    println!("resumed, the same as in one go: {}", resumed == whole);
    Ok(())
}
