//! Finding a host in a map by a name that borrows from the log, so that no line pays for a copy of
//! it.

use crate::text::Text;
use alloc::collections::BTreeMap;
use core::borrow::Borrow;
use core::cmp::Ordering;

/// The hosts, by name; lines without a name share the key `None`.
pub(super) type ByHost<T> = BTreeMap<Option<Text<'static>>, T>;

/// A name of any lifetime, ordered as the keys of the map are.
trait HostName {
    fn name(&self) -> Option<&[u8]>;
}

impl HostName for Option<Text<'_>> {
    fn name(&self) -> Option<&[u8]> {
        self.as_ref().map(Text::as_bytes)
    }
}

impl PartialEq for dyn HostName + '_ {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name()
    }
}

impl Eq for dyn HostName + '_ {}

impl PartialOrd for dyn HostName + '_ {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for dyn HostName + '_ {
    fn cmp(&self, other: &Self) -> Ordering {
        self.name().cmp(&other.name())
    }
}

impl<'a> Borrow<dyn HostName + 'a> for Option<Text<'static>> {
    fn borrow(&self) -> &(dyn HostName + 'a) {
        self
    }
}

/// What is kept of a host.
pub(super) fn find<'m, T>(hosts: &'m ByHost<T>, name: Option<&Text<'_>>) -> Option<&'m T> {
    let name = name.map(Text::reborrow);
    hosts.get(&name as &dyn HostName)
}

/// The same, to be changed; a new host is taken in while there are fewer than `most`.
pub(super) fn entry<'m, T: Default>(
    hosts: &'m mut ByHost<T>,
    name: Option<&Text<'_>>,
    most: usize,
) -> Option<&'m mut T> {
    let borrowed = name.map(Text::reborrow);
    if !hosts.contains_key(&borrowed as &dyn HostName) {
        if hosts.len() >= most {
            return None;
        }
        hosts.insert(name.cloned().map(Text::into_owned), T::default());
    }
    hosts.get_mut(&borrowed as &dyn HostName)
}
