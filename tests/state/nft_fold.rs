//! The ruleset of nftables by listings and by the monitor, against what the kernel held.

use hostport_audit::event::nft::event;
use hostport_audit::record::checkpoint::nft::Ruleset;
use hostport_audit::state::evidence::Evidence;
use hostport_audit::state::nft::{Exposed, Exposure, Nft, Owner, comment_of};
use hostport_audit::{Family, Limits};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

const LIVES: [&str; 4] = ["life-301", "life-302", "life-303", "life-304"];
const BY: Evidence = Evidence {
    at: hostport_audit::LineRef::new(
        hostport_audit::InputId::new(0),
        1,
        hostport_audit::ByteSpan::new(0, 1),
    ),
    stamp: None,
    stated: false,
};

fn folder(life: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/evidence/nft").join(life)
}

/// A port that is led on, as the truth and the fold both tell it.
type Port = (String, String, Option<String>, u16, Option<String>, String);

/// A step of a life.
struct Step {
    number: usize,
    /// The lines that the monitor printed in the step; `None` before it began.
    lines: Option<Vec<String>>,
    exposed: BTreeSet<Port>,
}

struct Life {
    name: &'static str,
    steps: Vec<Step>,
}

impl Life {
    fn of(name: &'static str) -> Self {
        let log = fs::read_to_string(folder(name).join("monitor.log")).unwrap();
        let truth = fs::read_to_string(folder(name).join("truth.jsonl")).unwrap();
        let mut from = 0;
        let mut step = |line: &str| {
            let truth: Value = serde_json::from_str(line).unwrap();
            let lines = truth["monitor_bytes"].as_u64().map(|end| {
                let end = usize::try_from(end).unwrap();
                let part = &log[std::mem::replace(&mut from, end)..end];
                // The prefix of life-304 ends so.
                part.lines().map(|l| l.split_once("]: ").map_or(l, |x| x.1).to_owned()).collect()
            });
            let number = usize::try_from(truth["step"].as_u64().unwrap()).unwrap();
            let exposed = truth["exposed"].as_array().unwrap().iter().map(port_of_truth).collect();
            Step { number, lines, exposed }
        };
        Self { name, steps: truth.lines().map(&mut step).collect() }
    }

    fn listing(&self, step: usize, form: &str) -> Option<Vec<u8>> {
        fs::read(folder(self.name).join(format!("step-{step:03}.{form}"))).ok()
    }

    /// The state at the beginning of the monitor: nothing, or the listing of the step before.
    fn begun(&self) -> Nft {
        let mut nft = Nft::new(Limits::default());
        let before = self.steps.iter().rev().find(|step| step.lines.is_none());
        let text = before.map_or_else(Vec::new, |s| self.listing(s.number, "nft.txt").unwrap());
        nft.know(&Ruleset::parse(&text).unwrap(), BY);
        nft
    }

    /// The steps that the monitor saw, with its lines.
    fn watched(&self) -> impl Iterator<Item = (&Step, &Vec<String>)> {
        self.steps.iter().filter_map(|step| Some((step, step.lines.as_ref()?)))
    }
}

fn port_of_truth(row: &Value) -> Port {
    let text = |key: &str| row[key].as_str().map(str::to_owned);
    (
        text("family").unwrap(),
        text("protocol").unwrap(),
        text("address"),
        u16::try_from(row["port"].as_u64().unwrap()).unwrap(),
        text("target"),
        text("owner").unwrap() + &text("comment").unwrap_or_default(),
    )
}

fn port(exposure: &Exposure) -> Port {
    let owner = if exposure.owner == Owner::Crio { "crio" } else { "ovn" };
    let comment = exposure.comment.as_ref().map(ToString::to_string).unwrap_or_default();
    (
        exposure.family.to_string(),
        exposure.protocol.to_string(),
        exposure.address.map(|a| a.to_string()),
        exposure.port,
        exposure.target.map(|t| t.to_string()),
        owner.to_owned() + &comment,
    )
}

fn at_least(exposed: &Exposed) -> BTreeSet<Port> {
    exposed.at_least.iter().map(port).collect()
}

/// `None` while not known.
fn all(nft: &Nft) -> Option<BTreeSet<Port>> {
    nft.exposed().all().map(|all| all.iter().map(port).collect())
}

/// Not known, and nothing claimed that is not so; or right. True if known.
fn never_wrong(nft: &Nft, truth: &BTreeSet<Port>, at: &str) -> bool {
    let exposed = nft.exposed();
    let proven = at_least(&exposed);
    assert!(proven.is_subset(truth), "{at}: {:?}", proven.difference(truth).next());
    let known = exposed.all().is_some();
    assert!(!known || proven == *truth, "{at}: {:?}", truth.difference(&proven).next());
    known
}

fn feed(nft: &mut Nft, lines: &[String]) {
    for line in lines {
        nft.apply(&event(line.as_bytes()).unwrap(), BY);
    }
}

fn stated(text: &[u8]) -> Nft {
    let mut nft = Nft::new(Limits::default());
    nft.know(&Ruleset::parse(text).unwrap(), BY);
    nft
}

#[test]
fn each_listing_tells_what_is_led_on() {
    let (mut known, mut not_known) = (0, 0);
    for life in LIVES.map(Life::of) {
        let mut nft = Nft::new(Limits::default());
        for step in &life.steps {
            for form in ["nft.txt", "plain.txt", "s.txt", "nn.txt", "nft.json"] {
                let Some(text) = life.listing(step.number, form) else { continue };
                let ruleset = match form {
                    "nft.json" => Ruleset::parse_json(&text).unwrap(),
                    _ => Ruleset::parse(&text).unwrap(),
                };
                nft.know(&ruleset, BY);
                let right = never_wrong(&nft, &step.exposed, &format!("{} {form}", life.name));
                // Where no set shows an element the listing may be a terse one.
                assert!(right || !ruleset.shows_elements());
                if right { known += 1 } else { not_known += 1 }
            }
        }
    }
    assert_eq!((known, not_known), (57, 8));
}

#[test]
fn listings_that_leave_something_out_are_never_wrong() {
    let life = Life::of("life-302");
    let mut whole = 0;
    for step in &life.steps {
        for form in ["t.txt", "S.txt", "t.json"] {
            let Some(text) = life.listing(step.number, form) else { continue };
            let ruleset = match form {
                "t.json" => Ruleset::parse_json(&text).unwrap(),
                _ => Ruleset::parse(&text).unwrap(),
            };
            // What was known before is not known any more.
            let mut nft = stated(b"");
            nft.know(&ruleset, BY);
            whole += usize::from(never_wrong(&nft, &step.exposed, form));
        }
    }
    // Names for ports everywhere but at one step.
    assert_eq!(whole, 0);
}

#[test]
fn a_terse_listing_still_tells_which_maps_there_are_not() {
    let text = b"table inet ovn-kubernetes {\n\tmap nodeports-v4 {\n\
        \t\ttype inet_proto . inet_service : ipv4_addr . inet_service\n\t}\n}\n";
    let exposed = stated(text).exposed();
    let [(place, _)] = &exposed.unknown[..] else { panic!("{exposed:?}") };
    assert_eq!((place.owner, place.family), (Owner::Ovn, Some(Family::Ipv4)));
    assert_eq!(place.name, "nodeports-v4");
    assert!(all(&stated(b"table ip other {\n\tset s {\n\t\ttype mark\n\t}\n}\n")).is_some());
}

#[test]
fn the_monitor_tells_each_change() {
    for life in LIVES.map(Life::of) {
        let mut nft = life.begun();
        for (step, lines) in life.watched() {
            feed(&mut nft, lines);
            let at = format!("{} step {}", life.name, step.number);
            assert!(never_wrong(&nft, &step.exposed, &at), "{at}: {:?}", nft.exposed().unknown);
        }
        assert_eq!(nft.dropped(), 0);
    }
}

/// All that is held, in order, without the lines that told of it.
fn digest(nft: &Nft) -> Vec<String> {
    let mut out = Vec::new();
    assert!(nft.ruleset().others_unknown().is_none());
    for (name, table) in nft.ruleset().tables() {
        out.push(format!("table {name} {}", table.is_dormant()));
        assert!(table.others_unknown().is_none());
        for (name, set) in table.sets() {
            out.push(format!("set {name} {}", set.others_unknown().is_some()));
            for (key, element) in set.elements() {
                let element = &element.what;
                out.push(format!("{key} {:?} {:?}", element.comment, element.data));
            }
        }
        for (name, chain) in table.chains() {
            out.push(format!("chain {name} {:?}", chain.hook()));
            for rule in chain.rules().expect("all rules in order") {
                out.push(format!("{:?} {}", rule.what.handle, rule.what.text));
            }
        }
    }
    out
}

/// The sets, chains and order of rules; not only the ports.
#[test]
fn what_the_monitor_makes_of_one_listing_is_the_next_listing() {
    let mut compared = 0;
    for life in LIVES.map(Life::of) {
        let mut held: Vec<Nft> = vec![life.begun()];
        for (step, lines) in life.watched() {
            held.iter_mut().for_each(|nft| feed(nft, lines));
            let Some(text) = life.listing(step.number, "nft.txt") else { continue };
            let ruleset = Ruleset::parse(&text).unwrap();
            if !ruleset.shows_elements() {
                continue;
            }
            let mut listed = Nft::new(Limits::default());
            listed.know(&ruleset, BY);
            for nft in &held {
                assert_eq!(digest(nft), digest(&listed), "{} step {}", life.name, step.number);
                compared += 1;
            }
            held.push(listed);
        }
    }
    assert!(compared > 80, "{compared}");
}

/// The place of a rule: beside others, at either end, of one that was replaced.
#[test]
fn rules_stand_where_the_kernel_has_them() {
    let log = fs::read_to_string(folder("order").join("monitor.log")).unwrap();
    let ends = fs::read_to_string(folder("order").join("monitor_bytes.txt")).unwrap();
    let (mut nft, mut from, mut compared) = (stated(b""), 0, 0);
    for (step, end) in ends.lines().map(|end| end.parse::<usize>().unwrap()).enumerate() {
        let lines: Vec<_> = log[from..end].lines().map(str::to_owned).collect();
        feed(&mut nft, &lines);
        from = end;
        if let Ok(text) = fs::read(folder("order").join(format!("step-{step:03}.nft.txt"))) {
            assert_eq!(digest(&nft), digest(&stated(&text)), "step {step}");
            compared += 1;
        }
    }
    assert_eq!(compared, 15);
}

/// The line before a rule may name one that a later line brings, and a replaced rule keeps its
/// handle and its place, though it is added without a neighbour.
#[test]
fn a_rule_may_stand_behind_one_that_comes_later() {
    let mut nft = stated(b"table ip t {\n\tchain c { # handle 1\n\t\taccept # handle 2\n\t}\n}\n");
    let lines = [
        "insert rule ip t c handle 7 tcp dport 91 drop # handle 6",
        "insert rule ip t c tcp dport 92 drop # handle 7",
        "# new generation 4 by process 16257 (nft)",
        "delete rule ip t c handle 7",
        "delete set ip t __set0",
        "add rule ip t c tcp dport 93 drop # handle 7",
        "# new generation 5 by process 16265 (nft)",
    ];
    feed(&mut nft, &lines.map(str::to_owned));
    let (_, table) = nft.ruleset().tables().next().unwrap();
    let (_, chain) = table.chains().next().unwrap();
    let handles: Vec<_> = chain.rules().unwrap().map(|rule| rule.what.handle.unwrap()).collect();
    assert_eq!(handles, [7, 6, 2]);
    // One that never comes tells that something is missing.
    let lines =
        ["add rule ip t c handle 99 drop # handle 100", "# new generation 6 by process 1 (nft)"];
    feed(&mut nft, &lines.map(str::to_owned));
    assert!(nft.ruleset().others_unknown().is_some());
}

/// The note stands where the monitor noticed the loss, which is before lines of transactions that
/// were done earlier; behind it nothing is to be trusted.
#[test]
fn a_real_loss_is_noticed_before_lines_that_are_older() {
    let log = fs::read_to_string(folder("samples").join("lost.a-monitor.txt")).unwrap();
    let mut nft = stated(b"table ip t {\n\tset s {\n\t\ttype inet_service\n\t}\n}\n");
    for line in log.lines() {
        feed(&mut nft, &[line.to_owned()]);
        if line.starts_with("# ERROR") {
            assert!(nft.exposed().all().is_none());
            nft.know(&Ruleset::parse(b"").unwrap(), BY);
        }
    }
    assert!(nft.exposed().all().is_none());
}

#[test]
fn a_monitor_that_begins_in_mid_life_knows_nothing_whole_until_a_listing() {
    for life in LIVES.map(Life::of) {
        let watched: Vec<_> = life.watched().collect();
        let mut nft = Nft::new(Limits::default());
        let mut listed = false;
        for (index, (step, lines)) in watched.iter().enumerate() {
            feed(&mut nft, lines);
            let at = format!("{} step {}", life.name, step.number);
            let known = never_wrong(&nft, &step.exposed, &at);
            assert!(known || !listed, "{at}: {:?}", nft.exposed().unknown);
            if index * 2 >= watched.len()
                && !listed
                && let Some(text) = life.listing(step.number, "nft.txt")
            {
                let listing = Ruleset::parse(&text).unwrap();
                nft.know(&listing, BY);
                listed = listing.shows_elements();
            }
        }
        assert!(listed);
    }
}

#[test]
fn a_transaction_counts_as_a_whole_and_only_its_end() {
    let mut nft = stated(b"");
    let mut say = |line: &str| {
        nft.apply(&event(line.as_bytes()).unwrap(), BY);
        all(&nft).map(|ports| ports.len())
    };
    say("add table ip crio-hostports # handle 1");
    let map = "type inet_proto . inet_service : ipv4_addr . inet_service; } ";
    say(&format!("add map ip crio-hostports hostports {{ # handle 2 {map}"));
    let element = "element ip crio-hostports hostports { tcp . 80 : 10.42.0.7 . 80 }";
    assert_eq!(say(&format!("add {element}")), Some(0));
    assert_eq!(say("# new generation 2 by process 7 (nft)"), Some(1));
    say(&format!("delete {element}"));
    say(&format!("add {element}"));
    assert_eq!(say(&format!("delete {element}")), Some(1));
    assert_eq!(say("# new generation 3 by process 7 (nft)"), Some(0));
}

#[test]
fn an_element_of_somebody_elses_table_leads_on_nothing() {
    for table in ["ip admin", "inet crio-hostports", "inet kube"] {
        let text = format!(
            "table {table} {{\n\tmap hostports {{\n\
             \t\ttype inet_proto . inet_service : ipv4_addr . inet_service\n\
             \t\telements = {{ tcp . 7003 comment \"table ip crio-hostports {{\" : 10.9.9.9 . 1 }}\n\
             \t}}\n}}\n"
        );
        assert_eq!(all(&stated(text.as_bytes())), Some(BTreeSet::new()));
    }
}

#[test]
fn a_map_or_rule_of_another_form_is_not_known() {
    let table = |body: &str| format!("table ip crio-hostports {{\n{body}}}\n");
    let set = |head: &str, elements: &str| {
        table(&format!("\tmap hostports {{\n\t\t{head}\n\t\telements = {{ {elements} }}\n\t}}\n"))
    };
    let usual = "type inet_proto . inet_service : ipv4_addr . inet_service";
    assert_eq!(all(&stated(set(usual, "tcp . 80 : 10.0.0.1 . 80").as_bytes())).unwrap().len(), 1);
    for (head, elements) in [
        ("type inet_proto . inet_service : verdict", "tcp . 80 : drop"),
        ("type inet_service : ipv4_addr . inet_service", "80 : 10.0.0.1 . 80"),
        (&format!("{usual}\n\t\tflags timeout"), "tcp . 80 timeout 1h : 10.0.0.1 . 80"),
        (&format!("{usual}\n\t\tflags interval"), "tcp . 80-90 : 10.0.0.1 . 80"),
        (usual, "tcp . \"http\" : 10.0.0.1 . 80"),
        (usual, "tcp . 80 : 10.0.0.1 . \"http\""),
        (usual, "icmp . 80 : 10.0.0.1 . 80"),
    ] {
        let exposed = stated(set(head, elements).as_bytes()).exposed();
        assert!(exposed.all().is_none() && exposed.at_least.is_empty(), "{head} {elements}");
    }
    let sleeping = table("\tflags dormant\n\tmap hostports {\n\t\ttype mark : mark\n\t}\n");
    assert!(all(&stated(sleeping.as_bytes())).is_none());
    let rule = |rule: &str| {
        format!(
            "table inet ovn-kubernetes {{\n\tchain services-etp-no-nodeport {{\n\t\t{rule}\n\t}}\n}}\n"
        )
    };
    let leads = "dnat ip to numgen random mod 1 map { 0 : 10.42.1.16 . 80 }";
    let whole = format!("ip daddr 192.0.2.1 tcp dport 80 {leads} comment \"a/b:c\"");
    assert_eq!(all(&stated(rule(&whole).as_bytes())).unwrap().len(), 1);
    for other in [
        format!("ip saddr 192.0.2.1 tcp dport 80 {leads}"),
        format!("ip daddr 192.0.2.1 tcp dport \"http\" {leads}"),
        format!("ip daddr 192.0.2.1 tcp dport 80-90 {leads}"),
        format!("ip daddr 192.0.2.1 tcp dport 80 {leads} counter"),
        "accept".to_owned(),
    ] {
        assert!(all(&stated(rule(&other).as_bytes())).is_none(), "{other}");
    }
}

/// What ends the knowledge: each at a step in the middle of a life.
#[test]
fn what_is_lost_is_unknown_until_a_listing() {
    let life = Life::of("life-302");
    let faults: [(&str, &[&str]); 4] = [
        ("lost", &["# ERROR: We lost some netlink events!"]),
        ("cut", &["add element ip crio-hostports hostports { tcp . 80"]),
        ("absent", &["delete element ip crio-hostports hostports { tcp . 1 : 10.0.0.1 . 1 }"]),
        ("jump", &["# new generation 7777 by process 1 (nft)"]),
    ];
    for (name, fault) in faults {
        let mut nft = life.begun();
        for (step, lines) in life.watched() {
            if step.number == 11 {
                feed(&mut nft, &fault.iter().map(ToString::to_string).collect::<Vec<_>>());
            }
            feed(&mut nft, lines);
            let at = format!("{name} step {}", step.number);
            let known = never_wrong(&nft, &step.exposed, &at);
            let listed = match name {
                // After a loss the monitor is not to be trusted again.
                "lost" => false,
                _ => step.number > 20,
            };
            assert_eq!(known, step.number < 11 || listed, "{at}");
            if step.number == 20 {
                let text = life.listing(20, "nft.txt").unwrap();
                nft.know(&Ruleset::parse(&text).unwrap(), BY);
                assert!(never_wrong(&nft, &step.exposed, name) && all(&nft).is_some());
            }
        }
    }
}

#[test]
fn another_monitor_is_trusted_from_the_next_listing_on() {
    let life = Life::of("life-302");
    let mut nft = life.begun();
    for (step, lines) in life.watched() {
        match step.number {
            9 => nft.apply(&event(b"# ERROR: We lost some netlink events!").unwrap(), BY),
            // This monitor begins behind step 10, so it sees 11 and later.
            11 => nft.apply(&hostport_audit::event::nft::Event::Began, BY),
            _ => {}
        }
        if step.number != 10 {
            feed(&mut nft, lines);
        }
        let known = never_wrong(&nft, &step.exposed, &step.number.to_string());
        assert_eq!(known, step.number < 9 || step.number > 15, "{}", step.number);
        if step.number == 15 {
            nft.know(&Ruleset::parse(&life.listing(15, "nft.txt").unwrap()).unwrap(), BY);
        }
    }
}

/// Transactions that are missing show by their numbers.
#[test]
fn transactions_that_are_missing_never_make_it_wrong() {
    for life in LIVES.map(Life::of) {
        let watched: Vec<_> = life.watched().collect();
        for gone in 0..watched.len() - 1 {
            let mut nft = life.begun();
            let missing = watched[gone].1.iter().any(|line| line.starts_with("# new"));
            for (index, (step, lines)) in watched.iter().enumerate() {
                if index == gone {
                    continue;
                }
                feed(&mut nft, lines);
                // The first number of a log has nothing before it that it could be compared with.
                if index > gone && gone > 0 {
                    let at = format!("{} without {gone}, step {}", life.name, step.number);
                    let silent = lines.is_empty() && !missing;
                    let seen = watched[gone + 1..=index].iter().any(|step| !step.1.is_empty());
                    if seen || silent {
                        never_wrong(&nft, &step.exposed, &at);
                    }
                }
            }
        }
    }
}

#[test]
fn a_listing_behind_the_first_lines_of_a_transaction_holds_all_of_it() {
    let life = Life::of("life-304");
    let text = life.listing(20, "nft.txt").unwrap();
    let truth = &life.steps[20].exposed;
    let (_, lines) = life.watched().find(|(step, _)| step.number == 20).unwrap();
    for behind in 0..=lines.len() {
        let mut nft = Nft::new(Limits::default());
        feed(&mut nft, &lines[..behind]);
        let ended = behind == 0 || lines[behind - 1].starts_with("# new generation");
        if ended && behind < lines.len() {
            // There the listing would be one of a moment that was before.
            continue;
        }
        nft.know(&Ruleset::parse(&text).unwrap(), BY);
        feed(&mut nft, &lines[behind..]);
        let later = lines[behind..].iter().filter(|l| l.starts_with("# new generation")).count();
        if later <= 1 {
            assert!(never_wrong(&nft, truth, &behind.to_string()), "{behind}");
        }
    }
}

#[test]
fn without_handles_elements_are_known_and_deleted_rules_are_not() {
    let mut known = 0;
    for life in LIVES.map(Life::of) {
        let mut nft = life.begun();
        for (step, lines) in life.watched() {
            let bare: Vec<String> = lines
                .iter()
                .map(|line| match line.rsplit_once(" # handle ") {
                    Some((text, _)) if line.contains(" rule ") => text.to_owned(),
                    _ => line.clone(),
                })
                .collect();
            feed(&mut nft, &bare);
            known += usize::from(never_wrong(&nft, &step.exposed, life.name));
            let others = nft.exposed().unknown;
            assert!(others.iter().all(|(place, _)| place.name == "services-etp-no-nodeport"));
        }
    }
    assert!(known > 40, "{known}");
}

#[test]
fn a_limit_makes_it_unknown_and_never_wrong() {
    for life in LIVES.map(Life::of) {
        for max_keys in [0, 1, 3, 20, 60, 90, 110, 130] {
            let mut nft = Nft::new(Limits { max_keys, ..Limits::default() });
            nft.know(&Ruleset::parse(b"").unwrap(), BY);
            if life.steps[0].lines.is_none() {
                continue;
            }
            for (step, lines) in life.watched() {
                feed(&mut nft, lines);
                never_wrong(&nft, &step.exposed, &format!("{} {max_keys}", life.name));
                if let Some(text) = life.listing(step.number, "nft.txt")
                    && step.number % 15 == 0
                {
                    nft.know(&Ruleset::parse(&text).unwrap(), BY);
                    never_wrong(&nft, &step.exposed, &format!("{} {max_keys}", life.name));
                }
            }
            assert!(nft.dropped() > 0 || max_keys > 60, "{max_keys}");
        }
    }
}

#[cfg(feature = "serde")]
#[test]
fn a_saved_state_goes_on_as_if_it_had_not_been_saved() {
    for life in LIVES.map(Life::of) {
        let (mut nft, mut saved) = (life.begun(), life.begun());
        for (_, lines) in life.watched() {
            for half in lines.chunks(lines.len() / 2 + 1) {
                feed(&mut nft, half);
                feed(&mut saved, half);
                let text = serde_json::to_string(&saved).unwrap();
                saved = serde_json::from_str(&text).unwrap();
                assert_eq!(nft, saved);
            }
        }
    }
}

#[test]
fn a_comment_names_its_pod() {
    for life in LIVES.map(Life::of) {
        let ids = fs::read_to_string(folder(life.name).join("sandboxes.txt")).unwrap();
        let ids: Vec<&str> = ids.split_whitespace().collect();
        let comments: BTreeSet<_> = ids.iter().map(|id| comment_of(id.as_bytes())).collect();
        assert_eq!(comments.len(), ids.len());
        let mut nft = life.begun();
        let mut named = 0;
        for (_, lines) in life.watched() {
            feed(&mut nft, lines);
            for exposure in nft.exposed().at_least.iter().filter(|e| e.owner == Owner::Crio) {
                let of = ids.iter().filter(|id| exposure.is_of_sandbox(id.as_bytes())).count();
                // Elements by hand have no pod.
                let hash = |c: &str| c.len() == 16 && !c.contains(' ');
                let comment = exposure.comment.as_ref().and_then(|comment| comment.to_str());
                assert_eq!(of, usize::from(comment.is_some_and(hash)), "{comment:?}");
                named += of;
            }
        }
        assert!(named > 20, "{named}");
    }
}
