//! Which open ports are not allowed: `allow_list [LIST.csv [FILE]]`, by default MicroShift's list
//! and an embedded sample.
//!
//! Rows without a sign are allowed and open, `+` is listed and never seen, `-` is open and not
//! listed, `?` could not be known.
//!
//! ```text
//! $ cargo run --example allow_list
//! host (no host name in the log)
//! Direction,Protocol,Port,Namespace,Service,Pod,Container,NodeGroup,Optional
//! - Ingress,TCP,8081,,,,,,false   # open: zone public; external address 172.16.47.129
//! ? Ingress,TCP,22,,sshd,,,,true
//! ? Ingress,TCP,80,,router-default,,,,true
//! ? Ingress,TCP,443,,router-default,,,,true
//! ? Ingress,TCP,1936,,router-default,,,,true
//! ? Ingress,TCP,2379,,etcd,,,,true
//! ? Ingress,TCP,2380,,etcd,,,,true
//! ? Ingress,TCP,6443,,kube-apiserver,,,,true
//! ? Ingress,TCP,8445,,,,,,true
//! ? Ingress,TCP,9537,,crio-metrics,,,,true
//! ? Ingress,TCP,10248,,kubelet,,,,true
//! ? Ingress,TCP,10250,,kubelet,,,,true
//! ? Ingress,TCP,10259,,kube-scheduler,,,,true
//! ? Ingress,UDP,5353,,mdns,,,,true
//! ? a part of the state is unknown, so more ports may be open
//!
//! host rhel92
//! Direction,Protocol,Port,Namespace,Service,Pod,Container,NodeGroup,Optional
//! Ingress,TCP,80,,router-default,,,,true
//! Ingress,TCP,443,,router-default,,,,true
//! ? Ingress,TCP,22,,sshd,,,,true
//! ? Ingress,TCP,1936,,router-default,,,,true
//! ? Ingress,TCP,2379,,etcd,,,,true
//! ? Ingress,TCP,2380,,etcd,,,,true
//! ? Ingress,TCP,6443,,kube-apiserver,,,,true
//! ? Ingress,TCP,8445,,,,,,true
//! ? Ingress,TCP,9537,,crio-metrics,,,,true
//! ? Ingress,TCP,10248,,kubelet,,,,true
//! ? Ingress,TCP,10250,,kubelet,,,,true
//! ? Ingress,TCP,10259,,kube-scheduler,,,,true
//! ? Ingress,UDP,5353,,mdns,,,,true
//! ? a part of the state is unknown, so more ports may be open
//! ```

use hostport_audit::report::AllowList;
use hostport_audit::{Auditor, Timeline};
use std::error::Error;

const SAMPLE: &[u8] = include_bytes!("sample/sample.log");

fn main() -> Result<(), Box<dyn Error>> {
    print!("{}", run(std::env::args().skip(1))?);
    Ok(())
}

pub(crate) fn run(mut arguments: impl Iterator<Item = String>) -> Result<String, Box<dyn Error>> {
    let list = match arguments.next() {
        Some(file) => AllowList::from_csv(std::fs::read(file)?)?,
        None => AllowList::microshift(),
    };
    let log = arguments.next().map_or_else(|| Ok(SAMPLE.to_vec()), std::fs::read)?;
    Ok(check(&list, &log))
}

fn check(list: &AllowList, log: &[u8]) -> String {
    let mut auditor = Auditor::new().keeping_history();
    auditor.feed(log);
    list.check(&auditor.report(&Timeline::new())).to_string()
}
