//! Neighbours: programs that log host ports in much the same words are recognised with their name,
//! and never taken for ovnkube.

use hostport_audit::event::local_port::{self, Action, Program};
use hostport_audit::event::ovnkube;
use hostport_audit::record::klog::Record;
use hostport_audit::{Family, HostPort};

/// Program, action, description, family and port.
type Told<'a> = (Program, Action, &'a str, Option<Family>, &'a str);

fn check(message: &str, want: Option<Told<'_>>) {
    let line = format!("I0625 09:07:00.992980       1 any.go:1] {message}");
    let record = Record::parse(line.as_bytes()).unwrap().unwrap();
    assert_eq!(ovnkube::events(&record).count(), 0, "{message}");
    let event = local_port::event(&record);
    let told = event
        .as_ref()
        .map(|e| (e.program, e.action, e.description.to_str().unwrap(), e.family, e.port));
    let want = want.map(|(program, action, text, family, port)| {
        (program, action, text, family, port.parse::<HostPort>().unwrap())
    });
    assert_eq!(told, want, "{message}");
}

#[test]
fn published_lines_name_their_program_and_port() {
    use Action::{Closing, Opened, Opening, Refused, StillOpen};
    use Program::{KubeProxy, Kubelet, PortClaim};
    let web = "nodePort for demo/web";
    check(
        r#"Opened local port "nodePort for openstack/keystone-api:ks-pub" (:30500/tcp)"#,
        Some((KubeProxy, Opened, "nodePort for openstack/keystone-api:ks-pub", None, "30500/tcp")),
    );
    check(
        r#"Opened local port "nodePort for demo/web" (:30080/tcp4)"#,
        Some((KubeProxy, Opened, web, Some(Family::Ipv4), "30080/tcp")),
    );
    check(
        r#"Opened local port "externalIP for demo/web" ([fd00::1]:53/udp)"#,
        Some((KubeProxy, Opened, "externalIP for demo/web", Some(Family::Ipv6), "53/udp")),
    );
    check(
        r#"Port "nodePort for kube-system/default-http-backend:http" (:31429/tcp) was open before and is still needed"#,
        Some((
            KubeProxy,
            StillOpen,
            "nodePort for kube-system/default-http-backend:http",
            None,
            "31429/tcp",
        )),
    );
    check(
        r#"can't open "nodePort for default/kube-processor-service" (:36527/tcp), skipping this nodePort: listen tcp4 :36527: bind: address already in use"#,
        Some((
            KubeProxy,
            Refused,
            "nodePort for default/kube-processor-service",
            None,
            "36527/tcp",
        )),
    );
    check(
        r#""can't open port, skipping it" err="listen tcp4 :32179: socket: too many open files" port="\"nodePort for default/temp-svc:370\" (:32179/tcp4)""#,
        Some((
            KubeProxy,
            Refused,
            "nodePort for default/temp-svc:370",
            Some(Family::Ipv4),
            "32179/tcp",
        )),
    );
    check(
        r#""Opened local port" port={Description:nodePort for istio-system/istio-ingressgateway:status-port IP: IPFamily:4 Port:30082 Protocol:TCP}"#,
        Some((
            KubeProxy,
            Opened,
            "nodePort for istio-system/istio-ingressgateway:status-port",
            Some(Family::Ipv4),
            "30082/tcp",
        )),
    );
    check(
        r#""Opened local port" port={"Description":"nodePort for demo/web","IP":"","IPFamily":"6","Port":30080,"Protocol":"UDP"}"#,
        Some((KubeProxy, Opened, web, Some(Family::Ipv6), "30080/udp")),
    );
    check(
        r#"Closing local port "nodePort for demo/web" (:30080/tcp)"#,
        Some((KubeProxy, Closing, web, None, "30080/tcp")),
    );
    check(
        r#"Opening socket for LocalPort "nodePort for demo/web" (:30080/tcp)"#,
        Some((PortClaim, Opening, web, None, "30080/tcp")),
    );
    check(
        r#"Closing socket for LocalPort "nodePort for demo/web" (:30080/tcp)"#,
        Some((PortClaim, Closing, web, None, "30080/tcp")),
    );
    check("Opened local port tcp:443", Some((Kubelet, Opened, "tcp:443", None, "443/tcp")));
    check("Closing host port udp:53", Some((Kubelet, Closing, "udp:53", None, "53/udp")));
    check(
        r#""Opened local port" port="tcp:443""#,
        Some((Kubelet, Opened, "tcp:443", None, "443/tcp")),
    );
}

#[test]
fn a_port_that_the_text_does_not_determine_is_no_event() {
    for message in [
        "Svc demo/web: port 30080 is already open, no action needed",
        r#"Opened local port "nodePort for demo/web" (:0/tcp)"#,
        r#"Opened local port "nodePort for demo/web" (:70000/tcp)"#,
        r#"Opened local port "nodePort for demo/web" (:30080/tcp) by mistake"#,
        r#"retry: Opened local port "nodePort for demo/web" (:30080/tcp)"#,
        "Opened local port tcp:+443",
        r#""Opened local port" other="tcp:443""#,
        r#""Opened local port" port={Description:nodePort for demo/web IP: Port:30080}"#,
    ] {
        check(message, None);
    }
}
