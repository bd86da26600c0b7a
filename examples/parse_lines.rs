//! Only the parsers: what each line is, without any state.
//!
//! ```text
//! $ cargo run --example parse_lines
//! firewalld, 2023-06-28T10:46:37: zone.addPort(\'public\', \'8080\', \'tcp\')
//! crio, info: Opened local port tcp:443
//! klog, --06-25T09:07:00.99298: Adding rule in table: nat, chain: OVN-KUBE-NODEPORT with args: "-p TCP --dport 32718 -j DNAT --to-destination 10.96.178.142:8081" for protocol: 0
//! a broken line of CRI-O: bad quoted value at byte 84: expected a closing quote, found the end
//! no record
//! ```

use hostport_audit::record::{Reading, crio, firewalld, klog, transport};
use std::error::Error;

const LINES: [&str; 5] = [
    "2023-06-28 10:46:37 DEBUG1: zone.addPort('public', '8080', 'tcp')",
    r#"Jun 25 16:27:37 rhel92 crio[77216]: time="2023-06-25 16:27:37.033003098+08:00" level=info msg="Opened local port tcp:443""#,
    r#"I0625 09:07:00.992980 2118395 iptables.go:27] Adding rule in table: nat, chain: OVN-KUBE-NODEPORT with args: "-p TCP --dport 32718 -j DNAT --to-destination 10.96.178.142:8081" for protocol: 0"#,
    r#"time="2023-06-25 16:27:37.033003098+08:00" level=info msg="Opened local port tcp:443"#,
    "Some other program wrote this.",
];

fn main() -> Result<(), Box<dyn Error>> {
    print!("{}", run(std::env::args().skip(1))?);
    Ok(())
}

pub(crate) fn run(_arguments: impl Iterator<Item = String>) -> Result<String, Box<dyn Error>> {
    LINES.iter().map(|line| tell(line).map(|told| told + "\n")).collect()
}

/// One line tells what it is; each parser says "record", "not mine", or "mine, but broken here".
fn tell(line: &str) -> Result<String, Box<dyn Error>> {
    let (prefix, message) = transport::Prefix::of_line(line.as_bytes());
    if let Reading::Record(record) = firewalld::Record::parse(line) {
        return Ok(format!(
            "firewalld, {}: {}",
            record.stamp().map_or_else(String::new, |stamp| stamp.to_string()),
            record.message().escape_ascii()
        ));
    }
    match crio::Record::parse(message.as_bytes()) {
        Reading::Record(record) => {
            let program = prefix.program().map_or_else(String::new, ToString::to_string);
            return Ok(format!("{program}, {}: {}", record.level(), record.msg()));
        }
        Reading::Malformed(error) => return Ok(format!("a broken line of CRI-O: {error}")),
        Reading::Unrelated | Reading::Continuation(_) => {}
    }
    if let Some(record) = klog::Record::parse(line.as_bytes())? {
        return Ok(format!(
            "klog, {}: {}",
            record.stamp().map_or_else(String::new, |stamp| stamp.to_string()),
            record.message()
        ));
    }
    Ok("no record".into())
}
