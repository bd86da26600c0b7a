//! The arguments of an iptables rule.

use super::{inside, printed, result, shown, text};
use hostport_audit::record::rule::{Rule, Target, TargetAddress};

/// Reads the line as the arguments of a rule.
pub fn arguments(line: &[u8]) {
    result(Rule::parse(line), line, |rule| {
        assert_eq!(rule.as_bytes(), line);
        walk(&rule, line);
        printed(&rule, line);
        assert_eq!(Rule::parse(rule.as_bytes()).as_ref(), Ok(&rule));
        assert_eq!(rule.clone().into_owned(), rule);
    });
}

/// Calls every getter.
pub fn walk(rule: &Rule<'_>, line: &[u8]) {
    for option in rule.options() {
        inside(option.name(), line);
        assert!(option.name().starts_with(b"-"));
        if let Some(value) = option.value() {
            text(value, line);
        }
    }
    for ports in [rule.dport(), rule.sport()].into_iter().flatten() {
        let count = ports.value().ranges().count();
        assert!(count > 0, "an empty list of ports was accepted");
        assert_eq!(ports.value().single_range().is_some(), count == 1);
        assert_eq!(ports.is_negated(), ports.plain().is_none());
    }
    for network in [rule.source(), rule.destination()].into_iter().flatten() {
        let network = network.value();
        assert!(network.prefix_length() <= if network.address().is_ipv4() { 32 } else { 128 });
        assert!(network.single_address().is_none_or(|address| address == network.address()));
    }
    for named in [rule.protocol_name(), rule.dst_type()].into_iter().flatten() {
        text(named.value(), line);
    }
    assert!(rule.protocol().is_none() || rule.protocol_name().is_some());
    assert!(!rule.dst_type_local() || rule.dst_type().is_some());
    assert!(rule.probability().is_none_or(|parts| parts <= 1 << 31));
    if let Some(comment) = rule.comment() {
        text(&comment, line);
    }
    match rule.target() {
        Some(Target::Dnat(to)) => {
            assert_eq!(rule.to_destination().as_ref(), Some(&to));
            address(&to, line);
        }
        Some(Target::Snat(Some(to))) => address(&to, line),
        Some(Target::Mark(Some(name)) | Target::Jump(name) | Target::Goto(name)) => {
            text(&name, line)
        }
        _ => {}
    }
    shown(rule);
}

fn address(to: &TargetAddress<'_>, line: &[u8]) {
    text(to.text(), line);
    shown(&to.port());
    shown(&to.address());
}
