//! Finding a host in a map by a name that borrows from the log, so that no line pays for a copy of
//! it.

use crate::text::Text;
use alloc::collections::BTreeMap;
use core::borrow::Borrow;
use core::cmp::Ordering;

/// The hosts, by name; lines without a name share the key `None`.
pub(crate) type ByHost<T> = BTreeMap<Option<Text<'static>>, T>;

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
pub(crate) fn find<'m, T>(hosts: &'m ByHost<T>, name: Option<&Text<'_>>) -> Option<&'m T> {
    let name = name.map(Text::reborrow);
    hosts.get(&name as &dyn HostName)
}

/// The same, to be changed.
pub(crate) fn find_mut<'m, T>(
    hosts: &'m mut ByHost<T>,
    name: Option<&Text<'_>>,
) -> Option<&'m mut T> {
    let name = name.map(Text::reborrow);
    hosts.get_mut(&name as &dyn HostName)
}

/// What is kept without a name is that of this host from here on.
pub(crate) fn name_the_nameless<T>(hosts: &mut ByHost<T>, name: &Text<'static>) {
    if let Some(host) = hosts.remove(&None) {
        hosts.insert(Some(name.clone()), host);
    }
}

/// True if two different names may be of one host: no name at all and any name, or `rhel92` and
/// `rhel92.example.com`.
pub(crate) fn may_be_one(one: Option<&Text<'_>>, other: Option<&Text<'_>>) -> bool {
    let (Some(one), Some(other)) = (one, other) else { return one.is_some() != other.is_some() };
    let begins = |long: &Text<'_>, short: &Text<'_>| {
        long.as_bytes().strip_prefix(short.as_bytes()).is_some_and(|rest| rest.starts_with(b"."))
    };
    begins(one, other) || begins(other, one)
}

/// What is kept of a host, to be changed; a new host is taken in while there are fewer than `most`.
pub(crate) fn entry<'m, T: Default>(
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
