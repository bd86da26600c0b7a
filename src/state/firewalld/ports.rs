//! Ports as the daemon keeps them: as ranges whose borders decide what it refuses.

use crate::port::{HostPort, PortRange};
use crate::state::evidence::{Assumed, Evidence, Provenance};
use crate::state::known::Unknown;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

/// A set of ports, exact or a part of an unknown one.
///
/// Two views of the same ports: `borders` are the ranges that the daemon lists, `held` is what
/// supports each port. The daemon merges a new range with those that overlap it, and removes only
/// what lies inside a single range (0.9 to 2.5).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct PortSet {
    #[cfg_attr(feature = "serde", serde(with = "crate::serde_map_as_list"))]
    borders: BTreeMap<HostPort, ()>,
    #[cfg_attr(feature = "serde", serde(with = "crate::serde_map_as_list"))]
    held: BTreeMap<HostPort, Provenance>,
    /// Where the daemon may hold overlapping ranges, which the borders here do not show.
    overlapping: BTreeSet<HostPort>,
    pub(super) unknown: Option<Unknown>,
    /// What is known of it holds only if this is true.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub(super) assumed: Option<Assumed>,
}

impl PortSet {
    pub(super) fn unknown(why: Unknown) -> Self {
        Self { unknown: Some(why), ..Self::default() }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (HostPort, Provenance)> + '_ {
        self.held.iter().map(|(port, support)| (*port, *support))
    }

    pub(super) fn len(&self) -> usize {
        self.borders.len().max(self.held.len())
    }

    /// True if one of the daemon's ranges covers all of it, so that it refuses to add it and would
    /// remove it.
    pub(super) fn inside_one(&self, port: HostPort) -> bool {
        overlapping(&self.borders, port).iter().any(|range| range.range().covers(port.range()))
    }

    /// True if exactly this range is listed.
    pub(super) fn lists(&self, port: HostPort) -> bool {
        self.borders.contains_key(&port)
    }

    /// True if the borders around these ports may differ from the daemon's.
    pub(super) fn is_ragged(&self, ports: HostPort) -> bool {
        let around = overlapping(&self.borders, ports);
        around
            .into_iter()
            .chain([ports])
            .any(|range| self.overlapping.iter().any(|overlapping| overlapping.overlaps(range)))
    }

    /// True if none of the ports is in the set.
    pub(super) fn lacks(&self, port: HostPort) -> bool {
        overlapping(&self.held, port).is_empty()
    }

    /// True if all of the ports are in the set.
    pub(super) fn covers(&self, port: HostPort) -> bool {
        missing(&self.held, port).is_empty()
    }

    /// The parts of it that are not in the set.
    pub(super) fn missing(&self, port: HostPort) -> Vec<HostPort> {
        missing(&self.held, port)
    }

    /// Adds ports and gives back those that were not in the set.
    pub(super) fn add(&mut self, port: HostPort, support: Provenance) -> Vec<HostPort> {
        let mut merged = port.range();
        for range in overlapping(&self.borders, port) {
            self.borders.remove(&range);
            merged = PortRange::new(
                merged.first().min(range.range().first()),
                merged.last().max(range.range().last()),
            );
        }
        self.borders.insert(HostPort::new(port.protocol(), merged), ());
        let new = missing(&self.held, port);
        for piece in &new {
            self.held.insert(*piece, support);
        }
        new
    }

    /// Removes ports and gives back those that were in the set.
    pub(super) fn remove(&mut self, port: HostPort) -> Vec<HostPort> {
        for range in overlapping(&self.borders, port) {
            self.borders.remove(&range);
            for rest in outside(range, port) {
                self.borders.insert(rest, ());
            }
        }
        let mut gone = Vec::new();
        for range in overlapping(&self.held, port) {
            let Some(support) = self.held.remove(&range) else { continue };
            for rest in outside(range, port) {
                self.held.insert(rest, support);
            }
            gone.push(common(range, port));
        }
        gone
    }

    /// Lets all that is known of the set hold only if an assumption is true.
    pub(super) fn rest_on(&mut self, assumed: Assumed) {
        self.assumed.get_or_insert(assumed);
        self.held.values_mut().for_each(|support| *support = support.assumed());
    }

    /// Makes those of the ports that are held only by an assumption as sure as this, and gives them
    /// back.
    pub(super) fn confirm(&mut self, port: HostPort, support: Provenance) -> Vec<HostPort> {
        let assumed = overlapping(&self.held, port)
            .into_iter()
            .filter(|held| self.held.get(held).is_some_and(|support| !support.is_told()));
        let both: Vec<HostPort> = assumed.map(|held| common(held, port)).collect();
        both.iter().for_each(|piece| self.set_provenance(*piece, support));
        both
    }

    /// Makes the set exactly these ports; what stays keeps its support, unless that was assumed.
    pub(super) fn replace(
        &mut self,
        ports: impl IntoIterator<Item = HostPort>,
        support: Provenance,
    ) {
        let mut new = Self::default();
        for port in ports {
            if !overlapping(&new.borders, port).is_empty() && !new.lists(port) {
                new.overlapping.insert(port);
            }
            for piece in new.add(port, support) {
                new.recolour_as_before(piece, self, Provenance::is_told);
            }
        }
        *self = new;
    }

    /// Lets each port hold since this line, but those that were held before since theirs.
    pub(super) fn inherit_provenance(&mut self, before: &Self, by: Evidence) {
        let ports: Vec<HostPort> = self.held.keys().copied().collect();
        for support in self.held.values_mut() {
            *support = support.carried_to(by);
        }
        for port in ports {
            self.recolour_as_before(port, before, |_| true);
        }
    }

    /// What was held before keeps the line since which it is open, if its support is as wanted.
    fn recolour_as_before(
        &mut self,
        piece: HostPort,
        before: &Self,
        wanted: impl Fn(&Provenance) -> bool,
    ) {
        for old in overlapping(&before.held, piece) {
            let Some(support) = before.held.get(&old).filter(|support| wanted(support)) else {
                continue;
            };
            self.set_provenance(common(old, piece), *support);
        }
    }

    fn set_provenance(&mut self, port: HostPort, support: Provenance) {
        for range in overlapping(&self.held, port) {
            let Some(old) = self.held.remove(&range) else { continue };
            for rest in outside(range, port) {
                self.held.insert(rest, old);
            }
        }
        self.held.insert(port, support);
    }
}

/// The ranges of a map of disjoint ranges that have a port in common with this one.
fn overlapping<V>(map: &BTreeMap<HostPort, V>, port: HostPort) -> Vec<HostPort> {
    let (protocol, range) = (port.protocol(), port.range());
    let from = HostPort::new(protocol, PortRange::single(range.first()));
    let before =
        map.range(..from).next_back().map(|(key, _)| *key).filter(|key| key.overlaps(port));
    let until = HostPort::new(protocol, PortRange::new(range.last(), u16::MAX));
    before.into_iter().chain(map.range(from..=until).map(|(key, _)| *key)).collect()
}

/// The parts of `port` that no range of the map covers.
fn missing<V>(map: &BTreeMap<HostPort, V>, port: HostPort) -> Vec<HostPort> {
    let mut out = Vec::new();
    let mut next = u32::from(port.range().first());
    for range in overlapping(map, port) {
        let first = u32::from(range.range().first());
        if first > next {
            out.extend(piece(port, next, first.saturating_sub(1)));
        }
        next = next.max(u32::from(range.range().last()).saturating_add(1));
    }
    if next <= u32::from(port.range().last()) {
        out.extend(piece(port, next, u32::from(port.range().last())));
    }
    out
}

/// The ports that two overlapping ranges of one protocol have in common.
fn common(a: HostPort, b: HostPort) -> HostPort {
    let first = a.range().first().max(b.range().first());
    HostPort::new(a.protocol(), PortRange::new(first, a.range().last().min(b.range().last())))
}

/// What is left of `range` without `port`.
fn outside(range: HostPort, port: HostPort) -> impl Iterator<Item = HostPort> {
    let (whole, cut) = (range.range(), port.range());
    let below = (cut.first() > whole.first())
        .then(|| piece(range, u32::from(whole.first()), u32::from(cut.first()).saturating_sub(1)))
        .flatten();
    let above = (cut.last() < whole.last())
        .then(|| piece(range, u32::from(cut.last()).saturating_add(1), u32::from(whole.last())))
        .flatten();
    below.into_iter().chain(above)
}

fn piece(of: HostPort, first: u32, last: u32) -> Option<HostPort> {
    Some(HostPort::new(
        of.protocol(),
        PortRange::new(u16::try_from(first).ok()?, u16::try_from(last).ok()?),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::evidence::{Certainty, Evidence};
    use alloc::string::{String, ToString};

    fn support() -> Provenance {
        Provenance::new(Evidence::default(), Certainty::Confirmed)
    }

    fn set(ports: &[&str]) -> PortSet {
        let mut set = PortSet::default();
        for port in ports {
            set.add(port.parse().unwrap(), support());
        }
        set
    }

    fn listed(set: &PortSet) -> Vec<String> {
        set.borders.keys().map(ToString::to_string).collect()
    }

    #[test]
    fn overlapping_ranges_merge_and_neighbours_stay_apart() {
        assert_eq!(listed(&set(&["8080-8090/tcp", "8091/tcp"])), ["8080-8090/tcp", "8091/tcp"]);
        assert_eq!(
            listed(&set(&["8080-8090/tcp", "8085-8100/tcp", "8080/udp"])),
            ["8080-8100/tcp", "8080/udp"]
        );
        assert_eq!(listed(&set(&["1-65535/tcp", "0/tcp"])), ["0/tcp", "1-65535/tcp"]);
    }

    #[test]
    fn removal_splits_and_tells_what_was_there() {
        let mut set = set(&["8080-8090/tcp"]);
        assert!(set.inside_one("8084/tcp".parse().unwrap()));
        let gone = set.remove("8084/tcp".parse().unwrap());
        assert_eq!(gone, ["8084/tcp".parse().unwrap()]);
        assert_eq!(listed(&set), ["8080-8083/tcp", "8085-8090/tcp"]);
        assert!(!set.inside_one("8080-8090/tcp".parse().unwrap()));
        assert_eq!(
            set.add("8083-8086/tcp".parse().unwrap(), support()),
            ["8084/tcp".parse().unwrap()]
        );
        assert_eq!(listed(&set), ["8080-8090/tcp"]);
    }

    #[test]
    fn both_views_hold_the_same_ports_after_any_changes() {
        let mut seed = 7u64;
        let (mut set, mut truth) = (PortSet::default(), [false; 64]);
        for _ in 0..4000 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let (a, b) = (
                usize::try_from(seed >> 40 & 63).unwrap(),
                usize::try_from(seed >> 50 & 63).unwrap(),
            );
            let port = HostPort::new(
                crate::port::Protocol::Tcp,
                PortRange::new(u16::try_from(a).unwrap(), u16::try_from(b).unwrap()),
            );
            let add = seed >> 60 & 1 == 0;
            if add {
                set.add(port, support());
            } else {
                set.remove(port);
            }
            truth[a.min(b)..=a.max(b)].fill(add);
            for (number, open) in truth.iter().enumerate() {
                let one =
                    HostPort::single(crate::port::Protocol::Tcp, u16::try_from(number).unwrap());
                assert_eq!(set.covers(one), *open);
                assert_eq!(set.lacks(one), !*open);
                assert_eq!(set.inside_one(one), *open);
            }
        }
    }
}
