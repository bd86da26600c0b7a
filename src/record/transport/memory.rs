//! What a reader remembers of the lines before: for padded lines, for boots, and for remarks that
//! name no host.

use super::Prefix;
use crate::text::Text;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

/// The last message in a short mode, of which further lines may follow behind blanks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct Padding {
    /// How many blanks mark a further line; none when there is no such message.
    pub(super) width: usize,
    /// The prefix and the first bytes of the message, which give the prefix again.
    pub(super) line: Vec<u8>,
}

/// The hosts that lines with a prefix named: a remark of the journal names none, and is about the
/// only one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct Hosts {
    first: Vec<u8>,
    several: bool,
}

impl Hosts {
    #[inline]
    pub(super) fn saw(&mut self, prefix: &Prefix<'_>) {
        let Some(host) = prefix.host() else { return };
        if self.several || self.first == host.as_bytes() {
            return;
        }
        if self.first.is_empty() && host.as_bytes().len() <= LONGEST_NAME {
            self.first.extend_from_slice(host.as_bytes());
        } else {
            self.several = true;
        }
    }

    /// True if more than one host was named, this one among them.
    pub(super) fn are_several_with(&self, host: Option<&Text<'_>>) -> bool {
        let another = |host: &Text<'_>| !self.first.is_empty() && self.first != host.as_bytes();
        self.several || host.is_some_and(another)
    }

    pub(super) fn only(&self) -> Option<Text<'_>> {
        (!self.several && !self.first.is_empty()).then(|| Text::borrowed(&self.first))
    }
}

/// How much of a message helps to tell where its prefix ended.
const TELLING: usize = 40;

impl Padding {
    pub(super) fn set(&mut self, prefix: &[u8], message: &[u8]) {
        self.width = prefix.len();
        self.line.clear();
        self.line.extend_from_slice(prefix);
        self.line.extend_from_slice(message.get(..TELLING).unwrap_or(message));
    }
}

/// No host has a longer name, so none is remembered under one.
const LONGEST_NAME: usize = 255;

/// The boot that each host was last seen in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct Boots {
    #[cfg_attr(feature = "serde", serde(with = "crate::serde_map_as_list"))]
    seen: BTreeMap<Vec<u8>, Vec<u8>>,
    /// The boot told by a remark since the last entry.
    pub(super) told: Option<Vec<u8>>,
}

impl Boots {
    /// Takes the boot of an entry; true if the host was started anew and no remark has just told
    /// so.
    pub(super) fn changes(&mut self, prefix: &Prefix<'_>, max_hosts: usize) -> bool {
        let told = self.told.take();
        let Some(boot) = prefix.boot() else { return false };
        let (boot, host) = (boot.as_bytes(), prefix.host().map(Text::as_bytes).unwrap_or_default());
        match self.seen.get_mut(host) {
            Some(last) if last == boot => false,
            Some(last) => {
                last.clear();
                last.extend_from_slice(boot);
                told.as_deref() != Some(boot)
            }
            None => {
                if self.seen.len() < max_hosts
                    && host.len() <= LONGEST_NAME
                    && boot.len() <= LONGEST_NAME
                {
                    self.seen.insert(host.to_vec(), boot.to_vec());
                }
                false
            }
        }
    }

    /// The only host that was seen in this boot.
    pub(super) fn host_of(&self, boot: &[u8]) -> Option<&[u8]> {
        let mut hosts =
            self.seen.iter().filter(|(_, last)| *last == boot).map(|(host, _)| host.as_slice());
        let host = hosts.next()?;
        (hosts.next().is_none() && !host.is_empty()).then_some(host)
    }
}
