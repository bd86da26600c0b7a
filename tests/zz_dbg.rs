//! Debug.
use hostport_audit::Auditor;
#[test]
fn dbg() {
    let log = std::fs::read(std::env::var("DBG").unwrap()).unwrap();
    let mut a = Auditor::new().keeping_history();
    a.feed(&log);
    a.finish();
    let j = serde_json::to_value(a.history().unwrap()).unwrap();
    let needle = std::env::var("NEEDLE").unwrap();
    for host in j["hosts"].as_array().unwrap() {
        for (_, s) in host[1]["streams"].as_object().unwrap() {
            for e in s["events"].as_array().unwrap() {
                for c in e[1].as_array().unwrap() {
                    let t = c.to_string();
                    if needle.split('|').any(|n| t.contains(n)) {
                        println!("EV @{} {} {}", e[0]["at"]["line"], c["type"], t);
                    }
                }
            }
        }
    }
}
