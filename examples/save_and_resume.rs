//! Saves the state in the middle of a log and goes on from it in another life: the same answer as
//! reading on.
//!
//! ```text
//! $ cargo run --features serde --example save_and_resume
//! saved in the middle of line 108 and resumed, the same as in one go: true
//! ```

use hostport_audit::{Auditor, Saved};
use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    print!("{}", run()?);
    Ok(())
}

/// What the example prints.
pub(crate) fn run() -> Result<String, Box<dyn Error>> {
    let log: &[u8] = include_bytes!("sample/sample.log");
    let (first, second) = log.split_at(log.len() / 2);

    let mut auditor = Auditor::new();
    auditor.feed(first);
    let saved = serde_json::to_string(&Saved::new(auditor))?;

    let mut resumed = serde_json::from_str::<Saved>(&saved)?.into_auditor()?;
    resumed.feed(second);

    let mut whole = Auditor::new();
    whole.feed(log);
    let line = 1 + first.iter().filter(|&&byte| byte == b'\n').count();
    Ok(format!(
        "saved in the middle of line {line} and resumed, the same as in one go: {}\n",
        resumed == whole
    ))
}
