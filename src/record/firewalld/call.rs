//! Calls and signals.

use crate::grammar::{dbus, firewalld as grammar};
use crate::text::Text;
use alloc::vec::Vec;

/// A call that a client made, or a signal that the daemon sent: `zone.PortAdded('public', '8080',
/// 'tcp', 0)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Call<'r>(grammar::Call<'r>);

impl<'r> Call<'r> {
    pub(super) const fn new(call: grammar::Call<'r>) -> Self {
        Self(call)
    }

    /// What stands in front of the method, without the object's number: `config.zone`. Empty for
    /// calls of the daemon itself.
    #[must_use]
    pub const fn path(&self) -> &'r [u8] {
        self.0.path
    }

    /// The number of the object: 7 in `config.zone.7`. It is assigned anew at each start and
    /// reload.
    #[must_use]
    pub const fn object(&self) -> Option<u32> {
        self.0.object
    }

    /// The method or signal.
    #[must_use]
    pub const fn method(&self) -> &'r [u8] {
        self.0.method
    }

    /// Everything between the brackets, as printed.
    #[must_use]
    pub const fn raw_arguments(&self) -> &'r [u8] {
        self.0.raw
    }

    /// The arguments without their quotes; nothing is unescaped, because nothing was escaped.
    ///
    /// Empty for methods that this crate has no use for. A printed list is one argument.
    #[must_use]
    pub fn arguments(&self) -> &[&'r [u8]] {
        self.0.arguments.as_slice()
    }

    /// The argument at a place.
    #[must_use]
    pub fn argument(&self, place: usize) -> Option<&'r [u8]> {
        self.arguments().get(place).copied()
    }

    /// The names of a printed list: `setServices('[ssh,http]')`.
    #[must_use]
    pub fn names(&self) -> Option<Vec<&'r [u8]>> {
        grammar::items(self.argument(0)?, false)
            .map(|item| item.ok()?.as_slice().first().copied())
            .collect()
    }

    /// The tuples of a printed list: `setPorts('[('8080, 'tcp'),('8081, 'udp')]')`, whose quotes
    /// the program leaves open.
    #[must_use]
    pub fn tuples(&self) -> Option<Vec<Vec<&'r [u8]>>> {
        grammar::items(self.argument(0)?, true)
            .map(|item| Some(item.ok()?.as_slice().to_vec()))
            .collect()
    }

    /// The settings in the second argument of `zone.ZoneUpdated` and `policy.PolicyUpdated`: the
    /// names of the settings and what they are set to. `None` if the text is not in the form
    /// that Python and dbus-python print.
    #[must_use]
    pub fn settings(&self) -> Option<Vec<(Text<'r>, Setting<'r>)>> {
        let printed = dbus::dictionary(self.argument(1)?).ok()?;
        Some(printed.into_iter().map(|(name, value)| (name, Setting::of(value))).collect())
    }
}

/// A value in a printed dictionary of settings.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Setting<'r> {
    /// A list; each item is one text, or the fields of a tuple.
    List(Vec<Vec<Text<'r>>>),
    /// A text.
    Text(Text<'r>),
    /// Yes or no.
    Flag(bool),
    /// A number.
    Number(i64),
}

impl<'r> Setting<'r> {
    fn of(value: dbus::Value<'r>) -> Self {
        match value {
            dbus::Value::List(items) => Self::List(items),
            dbus::Value::Text(text) => Self::Text(text),
            dbus::Value::Flag(flag) => Self::Flag(flag),
            dbus::Value::Number(number) => Self::Number(number),
        }
    }
}
