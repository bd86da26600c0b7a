//! The requests that the server works at, one behind the other or side by side.

use super::kernel::Family;
use super::node::{Node, Pod, RUN, STOP};
use super::{Op, PodSpec};
use std::collections::VecDeque;

/// A request that the server works at.
#[derive(Debug, Clone)]
struct Work {
    pod: Pod,
    id: String,
    failing: bool,
    /// Why the pod could not be started.
    failure: Option<String>,
    /// What could not be removed.
    errors: Vec<String>,
    left: VecDeque<Step>,
}

#[derive(Debug, Clone, Copy)]
enum Step {
    Running,
    Add(Family),
    Ran,
    NetworkStopping,
    CleanedUp,
    Stopping,
    Remove(Family),
    Stopped,
    /// Looks whether the log tells what failed.
    Unclear,
}

impl Node {
    /// In which order a pod is removed from the families; it is free from 1.33 on.
    fn removal_order(&self) -> [Family; 2] {
        let mut families = Family::BOTH;
        if !self.version().is_old_manager() && self.made.is_multiple_of(2) {
            families.reverse();
        }
        families
    }

    pub fn start_pod(&mut self, spec: &PodSpec, failing: bool) {
        let work = self.start(spec, failing);
        self.finish(work);
    }

    pub fn stop_pod(&mut self, which: usize, failing: bool) {
        if let Some(work) = self.stop(which, failing) {
            self.finish(work);
        }
    }

    fn finish(&mut self, mut work: Work) {
        while self.go_on(&mut work).is_some() {}
    }

    fn start(&mut self, spec: &PodSpec, failing: bool) -> Work {
        let pod = self.make(spec);
        let id = self.identity().0;
        self.journal.clock += 3_000_000;
        let left = [Step::Running, Step::Add(Family::V4), Step::Add(Family::V6), Step::Ran];
        let left = if spec.host_network { vec![Step::Running, Step::Ran] } else { left.to_vec() };
        Work { pod, id, failing, failure: None, errors: Vec::new(), left: left.into() }
    }

    fn stop(&mut self, which: usize, failing: bool) -> Option<Work> {
        if self.running.is_empty() {
            return None;
        }
        let pod = self.running.remove(which % self.running.len());
        let id = self.identity().0;
        self.journal.clock += 3_000_000;
        let [first, second] = self.removal_order();
        let left = [Step::Stopping, Step::Remove(first), Step::Remove(second), Step::Stopped];
        Some(Work { pod, id, failing, failure: None, errors: Vec::new(), left: left.into() })
    }

    /// The warning that CRI-O goes on with when it could not remove all of a pod's rules.
    fn not_removed(&mut self, pod: &Pod, id: &str, name: &str, errors: &[String]) {
        if !errors.is_empty() {
            let (full, sandbox) = (pod.full_name(), &pod.sandbox);
            let text = format!(
                "Failed to remove hostport for pod sandbox {full}({sandbox}): {}",
                errors.join("\n")
            );
            self.journal.log("warning", &text, "server/sandbox_network.go:232", Some((id, name)));
        }
    }

    /// Takes the next step of a request; gives the family whose manager did it, if one did. `None`
    /// when nothing is left.
    fn go_on(&mut self, work: &mut Work) -> Option<Option<Family>> {
        let step = work.left.pop_front()?;
        let Work { pod, id, failing, failure, errors, left } = work;
        match step {
            Step::Running => {
                if self.journal.setup.debug {
                    self.request(pod, id);
                }
                self.server(&format!("Running pod sandbox: default/{}/POD", pod.name), id, RUN);
            }
            Step::Add(family) => {
                if let Err(error) = self.add(family, pod, *failing) {
                    *failure = Some(error);
                    *failing = false;
                    let [first, second] = self.removal_order();
                    *left = [
                        Step::NetworkStopping,
                        Step::Remove(first),
                        Step::Remove(second),
                        Step::CleanedUp,
                    ]
                    .into();
                }
                return Some(Some(family));
            }
            Step::Ran => {
                let text = format!(
                    "Ran pod sandbox {} with infra container: default/{}/POD",
                    pod.sandbox, pod.name
                );
                self.server(&text, id, RUN);
                self.running.push(pod.clone());
            }
            Step::NetworkStopping => {
                self.server(
                    &format!("NetworkStart: stopping network for sandbox {}", pod.sandbox),
                    id,
                    RUN,
                );
            }
            Step::CleanedUp => {
                self.not_removed(pod, id, RUN, errors);
                self.clean_up(pod, id, failure.as_deref().unwrap_or_default());
            }
            Step::Stopping => {
                self.server(&format!("Stopping pod sandbox: {}", pod.sandbox), id, STOP);
                let mut has = |family| !self.chains_of(family, pod).is_empty();
                let both = has(Family::V4) && has(Family::V6);
                let mut fails = |family| *failing || self.deletes_twice(family, pod);
                let failing = fails(Family::V4) || fails(Family::V6);
                if both && failing && !self.version().holds_sockets() {
                    // Without lines of sockets only the tool's name tells which of two restores
                    // failed, and a wrapper may have that of IPv4. With its
                    // rules the names of a family's chains are forgotten.
                    left.push_back(Step::Unclear);
                }
            }
            Step::Remove(family) => {
                if let Err(error) = self.remove(family, pod, *failing) {
                    errors.push(error);
                    *failing = false;
                }
                return Some(Some(family));
            }
            Step::Stopped => {
                self.not_removed(pod, id, STOP, errors);
                self.server(&format!("Stopped pod sandbox: {}", pod.sandbox), id, STOP);
                self.stopped = Some(pod.sandbox.clone());
            }
            Step::Unclear => {
                if errors.iter().any(|error| !error.contains("ip6tables")) {
                    self.rules_known = [false; 2];
                    self.named.clear();
                }
            }
        }
        Some(None)
    }

    /// Requests side by side. What a manager does for one it does at once; the managers of the two
    /// families, and the server, do not wait for each other, so their lines are mixed.
    pub fn side_by_side(&mut self, ops: &[Op], order: u64) {
        if matches!(self.journal.setup.mode, super::Mode::Export | super::Mode::Verbose) {
            return;
        }
        let mut works: Vec<Work> = Vec::new();
        for op in ops {
            match op {
                Op::Start { pod, failing } => works.push(self.start(pod, *failing)),
                Op::Stop { which, failing } => works.extend(self.stop(*which, *failing)),
                _ => {}
            }
        }
        let mut dice = order | 1;
        let mut roll = |sides: usize| {
            dice = dice
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (dice >> 33) as usize % sides
        };
        // Where the last step's lines begin, of which request they are and by which manager.
        let mut last: Option<(usize, usize, Option<Family>)> = None;
        while !works.is_empty() {
            let which = roll(works.len());
            let from = self.journal.bytes.len();
            let Some(family) = self.go_on(&mut works[which]) else {
                works.remove(which);
                last = None;
                continue;
            };
            let apart = |(_, of, by): &(usize, usize, Option<Family>)| {
                *of != which && (family.is_none() || *by != family)
            };
            last = match last.filter(apart) {
                Some((start, ..)) if roll(2) == 0 => {
                    let tail = self.journal.bytes.split_off(start);
                    self.mix(&tail, from - start, &mut roll);
                    None
                }
                _ => Some((from, which, family)),
            };
        }
    }

    /// Writes the lines of two texts, each in its order.
    fn mix(&mut self, both: &[u8], middle: usize, roll: &mut impl FnMut(usize) -> usize) {
        let (first, second) = both.split_at(middle);
        let mut first = first.split_inclusive(|b| *b == b'\n').peekable();
        let mut second = second.split_inclusive(|b| *b == b'\n').peekable();
        while first.peek().is_some() || second.peek().is_some() {
            let take_first = second.peek().is_none() || (first.peek().is_some() && roll(2) == 0);
            let line = if take_first { first.next() } else { second.next() };
            self.journal.bytes.extend_from_slice(line.unwrap_or_default());
        }
    }
}
