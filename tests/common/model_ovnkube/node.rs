//! The node: services, the rules in the kernel, and processes that come and go.

use super::lines::{Era, Klog, Prefix};
use super::rules::{Rule, Service, open};
use super::{Op, Step, View};
use std::collections::BTreeSet;

/// The chains of the start, in its order, and where their jumps hang.
const JUMPS: [(&str, &str, &str); 8] = [
    ("mangle", "OUTPUT", "OVN-KUBE-ITP"),
    ("nat", "OUTPUT", "OVN-KUBE-ITP"),
    ("nat", "POSTROUTING", "OVN-KUBE-EGRESS-SVC"),
    ("nat", "PREROUTING", "OVN-KUBE-NODEPORT"),
    ("nat", "OUTPUT", "OVN-KUBE-NODEPORT"),
    ("nat", "PREROUTING", "OVN-KUBE-EXTERNALIP"),
    ("nat", "OUTPUT", "OVN-KUBE-EXTERNALIP"),
    ("nat", "PREROUTING", "OVN-KUBE-ETP"),
];

const RECREATED: [(&str, &str); 6] = [
    ("nat", "OVN-KUBE-ITP"),
    ("nat", "OVN-KUBE-EGRESS-SVC"),
    ("nat", "OVN-KUBE-NODEPORT"),
    ("nat", "OVN-KUBE-EXTERNALIP"),
    ("nat", "OVN-KUBE-ETP"),
    ("mangle", "OVN-KUBE-ITP"),
];

const OWN_CHAINS: [&str; 5] = [
    "OVN-KUBE-ITP",
    "OVN-KUBE-EGRESS-SVC",
    "OVN-KUBE-NODEPORT",
    "OVN-KUBE-EXTERNALIP",
    "OVN-KUBE-ETP",
];

#[derive(Debug, Clone)]
pub struct Node {
    pub klog: Klog,
    dual: bool,
    rules: BTreeSet<Rule>,
    services: Vec<Service>,
    chains: bool,
    pub determined: bool,
    /// The rules themselves are determined, and not only, by what the caller told, the ports.
    rules_determined: bool,
    made: u8,
}

impl Node {
    pub fn new(era: Era, prefix: Prefix, dual: bool) -> Self {
        Self {
            klog: Klog::new(era, prefix),
            dual: dual && era != Era::Y2020,
            rules: BTreeSet::new(),
            services: Vec::new(),
            chains: false,
            determined: false,
            rules_determined: false,
            made: 0,
        }
    }

    fn era(&self) -> Era {
        self.klog.era
    }

    pub fn step(&self, op: &str, told: bool) -> Step<View> {
        let view = View { open: open(&self.rules), determined: self.determined };
        Step { op: op.to_owned(), bytes: self.klog.bytes.len(), view, told }
    }

    /// A process starts: its level, its chains, its jumps, then the sync of what is kept.
    pub fn start(&mut self, level: u8, quiet: bool) {
        self.klog.pid += 3_097;
        self.klog.level = level;
        if !quiet {
            self.klog.configuration();
        }
        self.klog.noise(1);
        if self.chains && self.era() >= Era::Y2023 {
            for chain in OWN_CHAINS {
                let text = format!(
                    "Chain: \"{chain}\" in table: \"nat\" already exists, skipping creation: running [/usr/sbin/iptables -t nat -N \
                     {chain} --wait]: exit status 1: iptables: Chain already exists."
                );
                if level >= 5 {
                    self.klog.record('I', "gateway_iptables.go:560", &text);
                }
            }
        }
        let families: &[bool] = if self.dual { &[false, true] } else { &[false] };
        for jumps in JUMPS.chunk_by(|a, b| a.2 == b.2) {
            for (v6, (table, chain, target)) in
                families.iter().flat_map(|v6| jumps.iter().map(|jump| (*v6, *jump)))
            {
                let rule = Rule { v6, table, chain, args: format!("-j {target}") };
                self.klog.chain(v6, table, chain, true);
                if self.era() != Era::Y2024 || !self.chains {
                    self.klog.adding(&rule);
                }
            }
        }
        self.chains = true;
        let kept: Vec<Rule> = self.services.iter().flat_map(|s| s.rules(self.era())).collect();
        match self.era() {
            Era::Y2024 => {
                for (table, chain) in RECREATED {
                    self.klog.recreating(table, chain);
                    kept.iter()
                        .filter(|r| (r.table, r.chain) != (table, chain))
                        .for_each(|rule| self.klog.ignoring(rule));
                }
            }
            _ => {
                for _ in 0..7 {
                    kept.iter().for_each(|rule| self.klog.adding(rule));
                }
            }
        }
        self.rules = kept.iter().cloned().collect();
        self.klog.noise(0);
        self.klog.record('I', "factory.go:769", "Added *v1.Service event handler 1");
        self.klog.record('I', "factory.go:769", "Added *v1.EndpointSlice event handler 2");
        self.determined =
            level >= 5 && self.klog.prefix != Prefix::NoHeader && self.era() >= Era::Y2023;
        self.rules_determined = self.determined;
    }

    fn insert(&mut self, rules: &[Rule], failing: &dyn Fn(usize) -> bool) -> Vec<Rule> {
        let mut failed = Vec::new();
        for (n, rule) in rules.iter().enumerate() {
            let exists = self.rules.contains(rule);
            if exists && self.era() == Era::Y2024 {
                continue;
            }
            self.klog.chain(rule.v6, rule.table, rule.chain, true);
            self.klog.adding(rule);
            if exists {
                continue;
            }
            if failing(n) {
                failed.push(rule.clone());
            } else {
                self.rules.insert(rule.clone());
            }
        }
        failed
    }

    fn delete(&mut self, rules: &[Rule], failing: &dyn Fn(&Rule) -> bool) -> Vec<Rule> {
        let mut failed = Vec::new();
        for rule in rules {
            self.klog.deleting(rule);
            // A port that was told to be open may have other rules than those that the log has
            // shown.
            self.determined &= self.rules_determined || rule.opening().is_none();
            if self.rules.contains(rule) && failing(rule) {
                failed.push(rule.clone());
            } else {
                self.rules.remove(rule);
            }
        }
        failed
    }

    fn add_service(&mut self, service: &Service, failing: u8) {
        if self.services.len() >= 6 {
            return;
        }
        let mut service = service.clone();
        self.made = self.made.wrapping_add(1);
        service.number = self.made;
        service.name = format!("svc{}", self.made);
        service.dual &= self.dual;
        if self.era() == Era::Y2020 {
            service.etp_local = false;
            service.itp_local = false;
        }
        self.klog.record(
            'I',
            "gateway_shared_intf.go:554",
            &format!("Adding service {} in namespace demo", service.name),
        );
        let rules = service.rules(self.era());
        let failed = self.insert(&rules, &|n| failing >> (n % 8) & 1 == 1);
        if failed.is_empty() {
            return self.services.push(service);
        }
        if self.klog.level < 5 {
            self.determined = false;
        }
        if self.era() == Era::Y2024 {
            self.delete(&service.deletions(Era::Y2024), &|_| false);
        } else {
            self.services.push(service.clone());
        }
        self.klog.failure(&service.name, true, &failed);
    }

    fn delete_service(&mut self, which: usize, failing: bool) {
        if self.services.is_empty() {
            return;
        }
        let at = which % self.services.len();
        let service = self.services.remove(at);
        self.klog.record(
            'I',
            "gateway_shared_intf.go:640",
            &format!("Deleting service {} in namespace demo", service.name),
        );
        let doomed = service.deletions(self.era());
        let target = doomed.get(which % doomed.len().max(1)).cloned();
        let mut failed = self.delete(&doomed, &|rule| failing && Some(rule) == target.as_ref());
        if failed.is_empty() {
            return;
        }
        if self.era() != Era::Y2024 {
            let mut seen = BTreeSet::new();
            failed.retain(|rule| seen.insert(rule.clone()));
        }
        self.klog.failure(&service.name, false, &failed);
    }

    /// All rules go and come again, changed or not.
    fn replace(&mut self, which: usize, change: &dyn Fn(&mut Service)) {
        if self.services.is_empty() {
            return;
        }
        let at = which % self.services.len();
        let old = self.services[at].clone();
        change(&mut self.services[at]);
        let new = self.services[at].clone();
        self.delete(&old.deletions(self.era()), &|_| false);
        self.insert(&new.rules(self.era()), &|_| false);
    }

    pub fn perform(&mut self, op: &Op) {
        match op {
            Op::Add { service, failing } => self.add_service(service, *failing),
            Op::Delete { which, failing } => self.delete_service(*which, *failing),
            Op::Update { which, service } => {
                let dual = self.dual;
                self.replace(*which, &|old| {
                    old.dual = service.dual && dual;
                    old.ports.clone_from(&service.ports);
                    old.addresses.clone_from(&service.addresses);
                    old.kind = service.kind;
                });
            }
            Op::Endpoints { which, endpoints } => {
                if self.era() == Era::Y2020 {
                    return;
                }
                // Rules of endpoints that left are deleted by those endpoints' own names.
                self.replace(*which, &|service| service.endpoints = *endpoints);
            }
            Op::Restart { gone, born, level4, quiet } => {
                if self.era() < Era::Y2023 {
                    return; // what these versions did at a start was not seen
                }
                for which in gone {
                    if !self.services.is_empty() {
                        let at = which % self.services.len();
                        self.services.remove(at);
                    }
                }
                for service in born {
                    self.made = self.made.wrapping_add(1);
                    let (number, name) = (self.made, format!("svc{}", self.made));
                    self.services.push(Service {
                        number,
                        name,
                        dual: service.dual && self.dual,
                        ..service.clone()
                    });
                }
                // Without headers a start at level 4 would leave nothing at all.
                let level4 = *level4 && self.klog.prefix != Prefix::NoHeader;
                self.start(if level4 { 4 } else { 5 }, *quiet);
            }
            Op::Noise(which) => self.klog.noise(*which),
            Op::Tell => {}
        }
        if self.klog.level < 5 {
            self.determined = false;
            self.rules_determined = false;
        }
    }

    /// A life before the log begins.
    pub fn live(&mut self, services: &[Service]) {
        self.start(5, false);
        services.iter().for_each(|service| self.add_service(service, 0));
        self.klog.bytes.clear();
        self.determined = false;
        self.rules_determined = false;
    }
}
