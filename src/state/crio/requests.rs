//! Which pods are being started and which removals are under way, by the requests that CRI-O's
//! server logs.
//!
//! CRI-O serves requests side by side, and the lines about host ports do not say to which they
//! belong. A request is therefore only taken as the owner of such a line as long as no other can
//! be.

use super::exposure::{AnonymousLine, SandboxRules};
use super::sockets::PossibleOpener;
use crate::family::Family;
use crate::text::Text;
use alloc::collections::{BTreeMap, BTreeSet, VecDeque};

/// More requests than this are never served at once: a kubelet runs a few hundred pods at most.
const MOST: usize = 512;
/// Among more starts at once it is not told apart whose a socket is.
const MOST_OPENERS: usize = 8;
/// A node runs fewer sandboxes than this.
const MOST_SANDBOXES: usize = 4096;
/// A sandbox is named by 64 hexadecimal digits.
const LONGEST_NAME: usize = 64;

/// A sandbox that was seen to start. A pod may have several at once.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct Sandbox {
    /// `NAMESPACE/POD`.
    pub(super) pod: Text<'static>,
    /// How its rules name it, if that was told.
    pub(super) comment: Option<Text<'static>>,
    /// The rules that it brought and that were not told.
    pub(super) hidden: BTreeMap<Family, SandboxRules>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct Requests {
    /// Request and pod (`NAMESPACE/POD`) of each start that has not ended, oldest first.
    starts: VecDeque<(Option<Text<'static>>, Text<'static>)>,
    /// The requests in whose course rules are being removed, with the sandbox whose rules they
    /// are.
    #[cfg_attr(feature = "serde", serde(with = "crate::serde_map_as_list"))]
    removals: BTreeMap<Text<'static>, Option<Text<'static>>>,
    /// The sandboxes that were seen to start.
    #[cfg_attr(feature = "serde", serde(with = "crate::serde_map_as_list"))]
    sandboxes: BTreeMap<Text<'static>, Sandbox>,
    /// Whether a line about sockets was seen since the only removal began; `None` if it may be of
    /// another request.
    socket_line_seen: Option<bool>,
    /// A removal was seen whose request is not known, so nothing can be said of who owns one.
    unnamed_removals: bool,
}

impl Requests {
    /// Forgets the requests: the process that served them is gone. Sandboxes outlive it.
    pub(super) fn clear(&mut self) {
        *self = Self { sandboxes: core::mem::take(&mut self.sandboxes), ..Self::default() };
    }

    pub(super) fn sandbox(&mut self, name: &Text<'_>, sandbox: Sandbox) {
        if self.sandboxes.len() < MOST_SANDBOXES && name.as_bytes().len() <= LONGEST_NAME {
            self.sandboxes.insert(name.clone().into_owned(), sandbox);
        }
    }

    /// How the rules are named that a sandbox brought without a word.
    pub(super) fn name_sandbox(&mut self, mark: SandboxRules, name: Text<'static>) {
        if let Some(sandbox) = self
            .sandboxes
            .values_mut()
            .find(|sandbox| sandbox.hidden.values().any(|of| *of == mark))
        {
            sandbox.comment.get_or_insert(name);
        }
    }

    /// In whose course a line is printed that names no request, if there is just one that can be
    /// meant.
    pub(super) fn only_doer(&self) -> Option<AnonymousLine> {
        if self.unnamed_removals {
            return None;
        }
        let mut removals = self.removals.iter();
        match (removals.next(), removals.next()) {
            (None, _) => {
                let (_, pod) = self.starts.front().filter(|_| self.starts.len() == 1)?;
                Some(AnonymousLine::Start { pod: pod.clone() })
            }
            (Some((request, Some(sandbox))), None) if self.starts.is_empty() => self
                .sandboxes
                .contains_key(sandbox)
                .then(|| AnonymousLine::Removal { request: request.clone() }),
            _ => None,
        }
    }

    pub(super) fn start(&mut self, request: Option<&Text<'_>>, pod: &Text<'_>) {
        if self.starts.len() >= MOST {
            self.starts.pop_front();
        }
        self.starts.push_back((request.cloned().map(Text::into_owned), pod.clone().into_owned()));
    }

    pub(super) fn is_starting(&self, pod: &Text<'_>) -> bool {
        self.starts.iter().any(|(_, of)| of.as_bytes() == pod.as_bytes())
    }

    /// For whom a socket is opened now: for one of the pods that are being started.
    pub(super) fn opener(&self) -> PossibleOpener {
        match self.starts.len() {
            0 => PossibleOpener::NotSeen,
            1..=MOST_OPENERS => {
                PossibleOpener::OneOf(self.starts.iter().map(|(_, pod)| pod.clone()).collect())
            }
            _ => PossibleOpener::Crowd,
        }
    }

    /// The pod whose start this request is.
    pub(super) fn pod_of(&self, request: Option<&Text<'_>>) -> Option<Text<'static>> {
        let request = request?.as_bytes();
        let of = |(of, _): &&(Option<Text<'static>>, _)| {
            of.as_ref().is_some_and(|of| of.as_bytes() == request)
        };
        self.starts.iter().find(of).map(|(_, pod)| pod.clone())
    }

    /// The start of a pod ended, in the course of this request. False if it cannot be told from
    /// another start of the pod.
    pub(super) fn end_start(&mut self, request: Option<&Text<'_>>, pod: &Text<'_>) -> bool {
        let same = |(of, _): &(Option<Text<'static>>, _)| match (of, request) {
            (Some(of), Some(request)) => of.as_bytes() == request.as_bytes(),
            _ => false,
        };
        let before = self.starts.len();
        self.starts.retain(|start| !same(start));
        if before == self.starts.len() {
            self.starts.retain(|(_, of)| of.as_bytes() != pod.as_bytes());
        }
        before.saturating_sub(self.starts.len()) <= 1 && !self.is_starting(pod)
    }

    pub(super) fn removal(&mut self, request: Option<&Text<'_>>, sandbox: &Text<'_>) {
        self.socket_line_seen = self.removals.is_empty().then_some(false);
        match request {
            Some(request) if self.removals.len() < MOST => {
                let known = self
                    .sandboxes
                    .get_key_value(&sandbox.clone().into_owned())
                    .map(|(sandbox, _)| sandbox.clone());
                self.removals.insert(request.clone().into_owned(), known);
            }
            _ => self.unnamed_removals = true,
        }
    }

    /// A removal ended; the sandbox whose rules it removed, if that is known.
    pub(super) fn end_removal(&mut self, request: Option<&Text<'_>>) -> Option<Sandbox> {
        let sandbox = self.removals.remove(&request?.clone().into_owned())??;
        self.sandboxes.remove(&sandbox)
    }

    /// A removal failed: what becomes of the rules of its pod is another matter.
    pub(super) fn removal_failed(&mut self, request: Option<&Text<'_>>) {
        if let Some(sandbox) =
            request.and_then(|request| self.removals.get_mut(&request.clone().into_owned()))
        {
            *sandbox = None;
        }
    }

    /// True if a removal is under way.
    pub(super) fn are_removing(&self) -> bool {
        !self.removals.is_empty() || self.unnamed_removals
    }

    /// True if nothing but one removal is under way, as far as is seen.
    pub(super) fn is_only_removal(&self) -> bool {
        self.removals.len() == 1 && self.starts.is_empty() && !self.unnamed_removals
    }

    pub(super) fn socket_line(&mut self) {
        let alone = self.is_only_removal();
        self.socket_line_seen = self.socket_line_seen.filter(|_| alone).map(|_| true);
    }

    /// Whether a line about sockets was seen since the only removal began; `None` if that cannot be
    /// told.
    pub(super) fn socket_line_seen(&self) -> Option<bool> {
        self.socket_line_seen.filter(|_| self.removals.len() == 1 && !self.unnamed_removals)
    }

    /// The requests one of which removes the rules that are being removed now; empty if it cannot
    /// be told.
    pub(super) fn removers(&self) -> BTreeSet<Text<'static>> {
        if self.unnamed_removals {
            BTreeSet::new()
        } else {
            self.removals.keys().cloned().collect()
        }
    }
}

/// True if the comment of a rule (`k8s_POD_NAMESPACE_UID_ATTEMPT_`) names this pod
/// (`NAMESPACE/POD`).
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
