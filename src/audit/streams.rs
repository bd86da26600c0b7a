//! The streams of messages (a host's, a pod's, a program's), each with the record that a further
//! line may continue.

use super::context::Context;
use super::dialects::{Dialects, Extent};
use super::expect::Expect;
use crate::event::journal::{self, Cause, Missing};
use crate::event::{EventKind, Finding, FindingKind};
use crate::limits::Limits;
use crate::record::transport::{Prefix, Stream};
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

/// Bounded by [`Limits::max_streams`]: the messages of further streams are read one by one, without
/// joining them to records.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct Streams {
    limits: Limits,
    /// The stream of lines without any prefix, which most files are made of.
    bare: Dialects,
    #[cfg_attr(feature = "serde", serde(with = "crate::serde_map_as_list"))]
    named: BTreeMap<Vec<u8>, Dialects>,
    #[cfg_attr(feature = "serde", serde(skip))]
    key: Vec<u8>,
}

impl Streams {
    pub(super) fn new(limits: Limits) -> Self {
        Self { limits, bare: Dialects::new(limits), named: BTreeMap::new(), key: Vec::new() }
    }

    /// Reads a message of the stream that its prefix names.
    pub(super) fn read(
        &mut self,
        expect: Expect,
        prefix: &Prefix<'_>,
        message: &[u8],
        extent: Extent,
        context: &Context<'_>,
        emit: &mut impl FnMut(Finding<'_>),
    ) {
        let mut key = core::mem::take(&mut self.key);
        name(prefix, &mut key);
        self.read_of(&key, expect, message, extent, context, emit);
        // The room is kept, the name is not: two readers that hold the same records are equal.
        key.clear();
        self.key = key;
    }

    fn read_of(
        &mut self,
        key: &[u8],
        expect: Expect,
        message: &[u8],
        extent: Extent,
        context: &Context<'_>,
        emit: &mut impl FnMut(Finding<'_>),
    ) {
        if key.is_empty() {
            return self.bare.read(expect, message, extent, context, emit);
        }
        if let Some(dialects) = self.named.get_mut(key) {
            return dialects.read(expect, message, extent, context, emit);
        }
        let mut dialects = Dialects::new(self.limits);
        dialects.read(expect, message, extent, context, emit);
        if !dialects.is_fresh() {
            if self.named.len() < self.limits.max_streams {
                self.named.insert(key.to_vec(), dialects);
            } else {
                dialects.finish(emit);
            }
        }
    }

    /// True if a record of the stream that a prefix names is not complete, so that the next line may
    /// be its text.
    pub(super) fn hold_record(&self, prefix: &Prefix<'_>) -> bool {
        let mut key = Vec::new();
        name(prefix, &mut key);
        let dialects = if key.is_empty() { Some(&self.bare) } else { self.named.get(&key) };
        dialects.is_some_and(Dialects::holds_call)
    }

    /// Tells that messages of a process are missing: of the program that last wrote as this
    /// process on the host of the prefix, if it is one of the three.
    pub(super) fn lost_of_process(
        &self,
        prefix: &Prefix<'_>,
        pid: u32,
        context: &Context<'_>,
        emit: &mut impl FnMut(Finding<'_>),
    ) {
        let mut host = prefix.host().map(|host| host.as_bytes().to_vec()).unwrap_or_default();
        host.push(0);
        let streams =
            self.named.range(host.clone()..).take_while(|(key, _)| key.starts_with(&host));
        for source in streams.filter_map(|(_, dialects)| dialects.of_process(pid)) {
            let what = Missing::Of(source);
            let event = journal::Event::Missing { what, cause: Cause::RateLimited };
            emit(context.aside(FindingKind::Event(EventKind::Journal(event))));
        }
    }

    /// Ends the input: what is unfinished is malformed.
    pub(super) fn finish(&mut self, emit: &mut impl FnMut(Finding<'_>)) {
        self.bare.finish(emit);
        for dialects in self.named.values_mut() {
            dialects.finish(emit);
        }
        self.named.clear();
    }

    pub(super) fn is_idle(&self) -> bool {
        self.bare.is_idle() && self.named.values().all(Dialects::is_idle)
    }
}

/// The name of a stream: host, pod, container and program; empty without any of them.
fn name(prefix: &Prefix<'_>, key: &mut Vec<u8>) {
    key.clear();
    let stream = prefix.stream().map(|stream| match stream {
        Stream::Stdout => &b"stdout"[..],
        Stream::Stderr => b"stderr",
    });
    let parts = [prefix.host(), prefix.pod(), prefix.container(), prefix.program()]
        .map(|part| part.map(AsRef::as_ref));
    for part in parts.into_iter().chain([stream]) {
        if part.is_some() || !key.is_empty() {
            key.extend_from_slice(part.unwrap_or_default());
            key.push(0);
        }
    }
}
