//! Which pods are being started and which removals are under way, by the requests that CRI-O's server logs.
//!
//! CRI-O serves requests side by side, and the lines about host ports do not say to which they belong. A request is therefore only
//! taken as the owner of such a line as long as no other can be.

use crate::text::Text;
use alloc::collections::{BTreeSet, VecDeque};

/// More requests than this are never served at once: a kubelet runs a few hundred pods at most.
const MOST: usize = 512;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct Requests {
    /// Request and pod (`NAMESPACE/POD`) of each start that has not ended, oldest first.
    starts: VecDeque<(Option<Text<'static>>, Text<'static>)>,
    /// The requests in whose course rules are being removed.
    removals: BTreeSet<Text<'static>>,
    /// A line about sockets was seen since the only removal began.
    spoken: bool,
    /// A removal was seen whose request is not known, so nothing can be said of who owns one.
    unnamed_removals: bool,
}

impl Requests {
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    pub(super) fn start(&mut self, request: Option<&Text<'_>>, pod: &Text<'_>) {
        if self.starts.len() >= MOST {
            self.starts.pop_front();
        }
        self.starts.push_back((request.cloned().map(Text::into_owned), pod.clone().into_owned()));
    }

    /// The pods being started.
    pub(super) fn pods(&self) -> BTreeSet<Text<'static>> {
        self.starts.iter().map(|(_, pod)| pod.clone()).collect()
    }

    /// True if at most one pod is being started.
    pub(super) fn at_most_one_start(&self) -> bool {
        let mut pods = self.starts.iter().map(|(_, pod)| pod);
        let first = pods.next();
        pods.all(|pod| Some(pod) == first)
    }

    /// The pod whose start this request is.
    pub(super) fn pod_of(&self, request: Option<&Text<'_>>) -> Option<Text<'static>> {
        let request = request?.as_bytes();
        let of = |(of, _): &&(Option<Text<'static>>, _)| of.as_ref().is_some_and(|of| of.as_bytes() == request);
        self.starts.iter().find(of).map(|(_, pod)| pod.clone())
    }

    /// The start of a pod ended; a second request for the same pod can only have waited for the first.
    pub(super) fn end_start(&mut self, pod: &Text<'_>) {
        self.starts.retain(|(_, of)| of.as_bytes() != pod.as_bytes());
    }

    pub(super) fn removal(&mut self, request: Option<&Text<'_>>) {
        self.spoken = false;
        match request {
            Some(request) if self.removals.len() < MOST => {
                self.removals.insert(request.clone().into_owned());
            }
            _ => self.unnamed_removals = true,
        }
    }

    pub(super) fn end_removal(&mut self, request: Option<&Text<'_>>) {
        if let Some(request) = request {
            self.removals.remove(&request.clone().into_owned());
        }
    }

    pub(super) const fn socket_line(&mut self) {
        self.spoken = true;
    }

    /// Whether a line about sockets was seen since the only removal began; `None` with several removals side by side.
    pub(super) fn spoken(&self) -> Option<bool> {
        (self.removals.len() == 1 && !self.unnamed_removals).then_some(self.spoken)
    }

    /// The requests one of which removes the rules that are being removed now; empty if it cannot be told.
    pub(super) fn removers(&self) -> BTreeSet<Text<'static>> {
        if self.unnamed_removals { BTreeSet::new() } else { self.removals.clone() }
    }
}

/// True if the comment of a rule (`k8s_POD_NAMESPACE_UID_ATTEMPT_`) names this pod (`NAMESPACE/POD`).
pub(super) fn names_pod(comment: &[u8], pod: &[u8]) -> bool {
    let Some(slash) = pod.iter().position(|&b| b == b'/') else { return false };
    let (namespace, name) = pod.split_at_checked(slash).unwrap_or_default();
    comment
        .strip_prefix(b"k8s_")
        .and_then(|rest| rest.strip_prefix(name.strip_prefix(b"/")?))
        .and_then(|rest| rest.strip_prefix(b"_"))
        .and_then(|rest| rest.strip_prefix(namespace))
        .is_some_and(|rest| rest.first() == Some(&b'_'))
}
