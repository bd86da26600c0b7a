//! `nft list ruleset` in all its forms, and the lines of `nft monitor`: what is read, and what is
//! refused.

use hostport_audit::record::checkpoint::nft::{Chain, Element, Ruleset, Set, Token};
use hostport_audit::record::nft_monitor::{Line, Object};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

const STEPS: [&str; 8] = ["000", "005", "010", "015", "020", "025", "030", "035"];
const LIVES: [&str; 4] = ["life-301", "life-302", "life-303", "life-304"];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/evidence/nft")
}

fn read(path: &str) -> Vec<u8> {
    fs::read(folder().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn step(life: &str, step: &str, form: &str) -> Vec<u8> {
    read(&format!("{life}/step-{step}.{form}"))
}

/// The lines of a monitor, without the prefix of life-304.
fn monitor(path: &str) -> Vec<String> {
    let text = String::from_utf8(read(path)).unwrap();
    text.lines().map(|l| l.split_once("]: ").map_or(l, |(_, line)| line).to_owned()).collect()
}

fn text<T: ToString>(value: &Option<T>) -> String {
    value.as_ref().map(ToString::to_string).unwrap_or_default()
}

/// An element in the words of the plain form.
fn normal(element: &Element<'_>) -> String {
    let name = |part: &[u8]| match part {
        b"6" => "tcp".into(),
        b"17" => "udp".into(),
        b"132" => "sctp".into(),
        part => String::from_utf8_lossy(part).into_owned(),
    };
    let key: Vec<_> = element.key_parts().map(name).collect();
    let data: Vec<_> = element.data_parts().map(|part| String::from_utf8_lossy(part)).collect();
    // The time that is left is not read, and the unit differs by form.
    let timeout = element.timeout.is_some();
    format!("{} {timeout} {} -> {}", key.join("."), text(&element.comment), data.join("."))
}

#[derive(Clone, Copy, PartialEq)]
enum Rules {
    Text,
    /// Without the numbers of counters.
    Stateless,
    /// Numbers stand for names.
    Count,
}

/// What all forms of a listing must tell alike.
fn digest(ruleset: &Ruleset<'_>, rules: Rules) -> Vec<String> {
    let mut lines = Vec::new();
    for table in &ruleset.tables {
        lines.push(format!("table {}", table.name));
        for set in &table.sets {
            let kind = (set.map, &set.key, &set.data, &set.flags, &set.comment);
            lines.push(format!("set {} {kind:?}", set.name));
            lines.extend(set.elements.iter().map(normal));
        }
        for chain in &table.chains {
            let hook = chain.hook.as_ref().map(|hook| {
                let number = hook.number(table.name.family).expect("a number");
                (hook.kind.to_string(), hook.hook.to_string(), number, text(&hook.policy))
            });
            lines.push(format!("chain {} {hook:?}", chain.name));
            for rule in &chain.rules {
                assert!(rule.whole, "{rule:?}");
                let text = rule.text.to_string();
                lines.push(match rules {
                    Rules::Text => text,
                    Rules::Stateless => text.replace("counter packets 0 bytes 0", "counter"),
                    Rules::Count => text.rsplit_once("comment ").map_or("", |x| x.1).to_owned(),
                });
            }
        }
    }
    lines
}

#[test]
fn each_form_of_one_moment_is_the_same_ruleset() {
    for at in STEPS {
        let with_handles = step("life-302", at, "nft.txt");
        let whole = Ruleset::parse(&with_handles).unwrap();
        for form in ["plain.txt", "s.txt", "nn.txt", "nft.json"] {
            let bytes = step("life-302", at, form);
            let other = match form {
                "nft.json" => Ruleset::parse_json(&bytes).unwrap(),
                _ => Ruleset::parse(&bytes).unwrap(),
            };
            let rules = match form {
                "nn.txt" => Rules::Count,
                "s.txt" => Rules::Stateless,
                _ => Rules::Text,
            };
            assert_eq!(digest(&whole, rules), digest(&other, rules), "{at} {form}");
        }
    }
}

#[test]
fn handles_of_the_json_form_are_those_of_the_text() {
    for at in STEPS {
        let (text, json) = (step("life-302", at, "nft.txt"), step("life-302", at, "nft.json"));
        let handles = |ruleset: &Ruleset<'_>| -> Vec<Option<u64>> {
            let tables = ruleset.tables.iter();
            tables
                .flat_map(|table| {
                    let sets = table.sets.iter().map(|set| set.handle);
                    let chains = table.chains.iter().flat_map(|chain: &Chain<'_>| {
                        let rules = chain.rules.iter().map(|rule| rule.handle);
                        rules.chain([chain.handle]).collect::<Vec<_>>()
                    });
                    sets.chain(chains).chain([table.handle]).collect::<Vec<_>>()
                })
                .collect()
        };
        let text = handles(&Ruleset::parse(&text).unwrap());
        assert!(text.iter().all(Option::is_some));
        assert_eq!(text, handles(&Ruleset::parse_json(&json).unwrap()));
    }
}

#[test]
fn firewallds_table_is_the_same_in_text_and_json() {
    let text = read("samples/nft-list-table-inet-firewalld.txt");
    let json = read("samples/nft-j-list-table-inet-firewalld.json");
    let (text, json) = (Ruleset::parse(&text).unwrap(), Ruleset::parse_json(&json).unwrap());
    assert_eq!(digest(&text, Rules::Text), digest(&json, Rules::Text));
}

#[test]
fn modules_of_iptables_make_a_rule_of_the_json_form_not_whole() {
    let json = read("samples/iptables-era.nft-list-ruleset.json");
    let ruleset = Ruleset::parse_json(&json).unwrap();
    let rule = &ruleset.tables[0].chains[0].rules[0];
    assert!(!rule.whole);
    assert!(rule.text.to_string().contains("?xt"), "{rule:?}");
}

#[test]
fn a_terse_listing_shows_no_elements_and_all_else() {
    for at in STEPS {
        let (bytes, json) = (step("life-302", at, "t.txt"), step("life-302", at, "t.json"));
        let (terse, json) = (Ruleset::parse(&bytes).unwrap(), Ruleset::parse_json(&json).unwrap());
        assert!(!terse.shows_elements() && !json.shows_elements());
        let full = step("life-302", at, "plain.txt");
        let mut full = Ruleset::parse(&full).unwrap();
        let sets = full.tables.iter_mut().flat_map(|table| &mut table.sets);
        sets.for_each(|set| set.elements.clear());
        assert_eq!(full, terse);
        assert_eq!(digest(&terse, Rules::Text), digest(&json, Rules::Text));
    }
}

#[test]
fn names_of_ports_stay_in_quotes() {
    let bytes = step("life-302", "025", "S.txt");
    let ruleset = Ruleset::parse(&bytes).unwrap();
    let sets = ruleset.tables.iter().flat_map(|table| &table.sets);
    let named = sets
        .flat_map(|set| &set.elements)
        .filter(|element| element.key_parts().chain(element.data_parts()).any(|p| p[0] == b'"'));
    assert_eq!(named.count(), 7);
}

/// The listing that `-a` prints of these parts.
fn print(ruleset: &Ruleset<'_>) -> String {
    let mut out = String::new();
    for table in &ruleset.tables {
        writeln!(out, "table {} {{ # handle {}", table.name, table.handle.unwrap()).unwrap();
        if let Some(comment) = &table.comment {
            writeln!(out, "\tcomment \"{comment}\"").unwrap();
        }
        let sets = table.sets.iter().map(print_set);
        let chains = table.chains.iter().map(print_chain);
        out += &sets.chain(chains).collect::<Vec<_>>().join("\n");
        out += "}\n";
    }
    out
}

fn print_set(set: &Set<'_>) -> String {
    let kind = if set.map { "map" } else { "set" };
    let mut out = format!("\t{kind} {} {{ # handle {}\n", set.name, set.handle.unwrap());
    let data = set.data.as_ref().map(|data| format!(" : {data}")).unwrap_or_default();
    writeln!(out, "\t\ttype {}{data}", set.key).unwrap();
    if let Some(comment) = &set.comment {
        writeln!(out, "\t\tcomment \"{comment}\"").unwrap();
    }
    let elements: Vec<_> = set
        .elements
        .iter()
        .map(|element| {
            let comment = element.comment.as_ref().map(|c| format!(" comment \"{c}\""));
            let data = element.data.as_ref().map(|data| format!(" : {data}"));
            format!("{}{}{}", element.key, text(&comment), text(&data))
        })
        .collect();
    if !elements.is_empty() {
        writeln!(out, "\t\telements = {{ {} }}", elements.join(",\n\t\t\t     ")).unwrap();
    }
    out + "\t}\n"
}

fn print_chain(chain: &Chain<'_>) -> String {
    let mut out = format!("\tchain {} {{ # handle {}\n", chain.name, chain.handle.unwrap());
    if let Some(comment) = &chain.comment {
        writeln!(out, "\t\tcomment \"{comment}\"").unwrap();
    }
    if let Some(hook) = &chain.hook {
        let (kind, at, policy) = (&hook.kind, &hook.hook, hook.policy.as_ref().unwrap());
        let priority = &hook.priority;
        writeln!(out, "\t\ttype {kind} hook {at} priority {priority}; policy {policy};").unwrap();
    }
    for rule in &chain.rules {
        writeln!(out, "\t\t{} # handle {}", rule.text, rule.handle.unwrap()).unwrap();
    }
    out + "\t}\n"
}

#[test]
fn what_was_read_prints_as_the_listing_again() {
    let mut printed = 0;
    for life in LIVES {
        for at in STEPS {
            let bytes = step(life, at, "nft.txt");
            let listing = String::from_utf8(bytes).unwrap();
            // That table has sets of other kinds, and a counter.
            if !listing.contains("table inet odd") {
                assert_eq!(print(&Ruleset::parse(listing.as_bytes()).unwrap()), listing);
                printed += 1;
            }
        }
    }
    assert!(printed > 20, "{printed}");
}

#[test]
fn a_listing_that_was_cut_is_refused_with_its_place() {
    for (life, at) in [("life-302", "025"), ("life-304", "035")] {
        let whole = step(life, at, "nft.txt");
        let all = Ruleset::parse(&whole).unwrap();
        let mut between_tables = 0;
        for cut in (0..whole.len()).filter(|cut| cut % 41 == 0 || whole[*cut] == b'\n' || *cut < 99)
        {
            for cut in [cut, cut + 1] {
                match Ruleset::parse(&whole[..cut]) {
                    Err(error) => {
                        assert!(error.offset() <= cut, "{error}");
                        assert!(error.line_in(&whole) >= 1);
                    }
                    // nft could have printed that: the rest begins with a table, or is nothing.
                    Ok(part) => {
                        assert!(whole[cut..].starts_with(b"table ") || cut == whole.len());
                        assert_eq!(part.tables, all.tables[..part.tables.len()]);
                        between_tables += 1;
                    }
                }
            }
        }
        assert!(between_tables >= all.tables.len());
        let json = step("life-302", "010", "nft.json");
        let body = json.trim_ascii_end();
        for cut in (0..body.len()).step_by(37) {
            assert!(Ruleset::parse_json(&body[..cut]).is_err());
        }
    }
}

#[test]
fn errors_say_what_should_have_stood_where() {
    let text =
        b"table ip t {\n\tmap m {\n\t\ttype inet_proto\n\t\telements = { tcp . , }\n\t}\n}\n";
    let error = Ruleset::parse(text).unwrap_err();
    assert_eq!((error.line_in(text), error.expected(), error.found()), (4, "a value", Some(b',')));
    for (wrong, at) in [
        (&b"table ipx t {\n}\n"[..], 6),
        (b"table ip t {\nx", 13),
        (b"table ip t {\n}\nx", 15),
        (b"table ip t {\n\tchain c {\n\t\tdrop }\n\t}\n}\n", 31),
        (b"table ip t {\n\tset s {\n\t\tcomment \"a\n", 35),
    ] {
        assert_eq!(Ruleset::parse(wrong).unwrap_err().offset(), at, "{}", wrong.escape_ascii());
    }
    for wrong in [
        &b"[]"[..],
        b"{\"nftables\": [{\"rule\": {\"family\": \"ip\", \"table\": \"t\"}}]}",
        b"{\"nftables\": [{\"table\": {\"family\": \"ip\"}}]}",
    ] {
        assert!(Ruleset::parse_json(wrong).is_err());
    }
}

#[test]
fn comments_may_look_like_the_listing() {
    let text = b"table ip t { # handle 1\n\tmap m { # handle 2\n\t\ttype inet_service : verdict\n\
        \t\telements = { 1 comment \"}, 2 : drop }\n\t}\n}\n\" : accept }\n\t}\n\n\
        \tchain c { # handle 3\n\t\taccept comment \"x # handle 9\" # handle 4\n\t}\n}\n";
    let ruleset = Ruleset::parse(text).unwrap();
    assert_eq!(ruleset.tables[0].sets[0].elements.len(), 1);
    let rule = &ruleset.tables[0].chains[0].rules[0];
    assert_eq!(
        (rule.handle, rule.tokens().last()),
        (Some(4), Some(Token::Quoted(b"x # handle 9")))
    );
}

#[test]
fn every_line_of_a_monitor_is_read() {
    let mut rules_without_handle = 0;
    let logs = LIVES.map(|life| format!("{life}/monitor.log"));
    let samples =
        ["nft-a-monitor-firewalld.txt", "a-monitor-edge.txt"].map(|s| format!("samples/{s}"));
    for log in logs.iter().chain(&samples) {
        for line in monitor(log) {
            let read =
                Line::parse(line.as_bytes()).unwrap_or_else(|error| panic!("{line}: {error}"));
            if let Line::Change(change) = &read
                && let Object::Rule { rule, .. } = &change.object
            {
                rules_without_handle += usize::from(rule.handle.is_none());
            }
            assert_eq!(read.clone().into_owned(), read);
        }
    }
    // The rule of iptables whose line holds an error message and a line end.
    assert_eq!(rules_without_handle, 1);
    for line in monitor("samples/monitor-edge.txt") {
        Line::parse(line.as_bytes()).unwrap_or_else(|error| panic!("{line}: {error}"));
    }
}

#[test]
fn an_element_that_was_cut_is_refused() {
    for line in monitor("life-304/monitor.log") {
        if line.contains(" element ") {
            for cut in 0..line.len() {
                assert!(Line::parse(&line.as_bytes()[..cut]).is_err() || cut == 0, "{line} {cut}");
            }
        }
    }
}

/// Numbers that look random and are the same in each run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((self.0 >> 33) % bound as u64).unwrap()
    }
}

fn mutated(dice: &mut Dice, bytes: &[u8]) -> Vec<u8> {
    let marks = b"\"{}:;,. \n\t#0a@\\\xff";
    let mut bytes = bytes.to_vec();
    for _ in 0..=dice.below(3) {
        let at = dice.below(bytes.len().max(1));
        match dice.below(4) {
            0 if !bytes.is_empty() => drop(bytes.remove(at)),
            1 => bytes.insert(at, marks[dice.below(marks.len())]),
            2 if !bytes.is_empty() => bytes[at] = marks[dice.below(marks.len())],
            _ => bytes.truncate(at),
        }
    }
    bytes
}

#[test]
fn a_text_that_was_changed_never_panics() {
    let mut dice = Dice(7);
    for line in monitor("life-302/monitor.log") {
        for _ in 0..20 {
            let _ = Line::parse(&mutated(&mut dice, line.as_bytes()));
        }
    }
    let (text, json) = (step("life-302", "025", "nft.txt"), step("life-302", "025", "nft.json"));
    for _ in 0..300 {
        if let Ok(ruleset) = Ruleset::parse(&mutated(&mut dice, &text)) {
            let chains = ruleset.tables.iter().flat_map(|table| &table.chains);
            chains
                .flat_map(|chain| &chain.rules)
                .for_each(|rule| assert!(rule.tokens().count() < 9999));
        }
        let _ = Ruleset::parse_json(&mutated(&mut dice, &json));
    }
}
