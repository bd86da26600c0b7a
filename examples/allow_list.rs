//! Which open ports are not allowed: `allow_list [LIST.csv [FILE]]`, by default MicroShift's list
//! and an embedded sample.
//!
//! Rows without a sign are allowed and open, `+` is listed and never seen, `-` is open and not
//! listed, `?` could not be known. The last line of a host is what it comes to, and so is the exit
//! code: 0 clean, 1 violated, 2 cannot tell.
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
//! violated
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
//! cannot tell: firewalld silent: not a line of it; ovnkube silent: not a line of it; rules of CRI-O, ipv6: the log begins in mid-life
//! ```

use hostport_audit::report::{AllowList, Comparison, Conclusion};
use hostport_audit::{Auditor, Timeline};
use std::error::Error;
use std::process::ExitCode;

const SAMPLE: &[u8] = include_bytes!("sample/sample.log");

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let comparison = compare(std::env::args().skip(1))?;
    print!("{comparison}");
    Ok(match comparison.conclusion() {
        Conclusion::Clean => ExitCode::SUCCESS,
        Conclusion::Violated => ExitCode::from(1),
        Conclusion::CannotTell { .. } => ExitCode::from(2),
    })
}

pub(crate) fn compare(
    mut arguments: impl Iterator<Item = String>,
) -> Result<Comparison, Box<dyn Error>> {
    let list = match arguments.next() {
        Some(file) => AllowList::from_csv(std::fs::read(file)?)?,
        None => AllowList::microshift(),
    };
    let log = arguments.next().map_or_else(|| Ok(SAMPLE.to_vec()), std::fs::read)?;
    let mut auditor = Auditor::new().keeping_history();
    auditor.feed(log);
    Ok(list.check(&auditor.report(&Timeline::new())))
}
