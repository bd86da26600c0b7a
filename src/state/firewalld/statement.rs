//! Facts that the caller states.

use crate::event::firewalld::{Item, Kind, Layer, ListedZone};
use crate::text::Text;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

/// A fact about firewalld that holds at a position of the log: a base, or the output of
/// `firewall-cmd --list-all`.
///
/// It says what it names and nothing more. Items are given as the daemon lists them.
///
/// ```
/// use hostport_audit::event::firewalld::{Item, Kind, Layer};
/// use hostport_audit::state::firewalld::{Stated, Statement};
///
/// let ports = [Item::Port { port: "8080".into(), protocol: "tcp".into() }];
/// let statement = Statement::new()
///     .with_default_zone("public")
///     .with_zone("public", Layer::Runtime, Stated::new().with(Kind::Ports, ports));
/// assert_eq!(statement.zones().count(), 1);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Statement {
    default_zone: Option<Text<'static>>,
    #[cfg_attr(feature = "serde", serde(with = "crate::serde_map_as_list"))]
    zones: BTreeMap<(Text<'static>, Layer), Stated>,
}

impl Statement {
    /// A statement that says nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The same, and the default zone.
    #[must_use]
    pub fn with_default_zone(mut self, zone: impl Into<Text<'static>>) -> Self {
        self.default_zone = Some(zone.into());
        self
    }

    /// The same, and what holds of a layer of a zone; what was stated of it before stays where this
    /// says nothing.
    #[must_use]
    pub fn with_zone(
        mut self,
        zone: impl Into<Text<'static>>,
        layer: Layer,
        stated: Stated,
    ) -> Self {
        self.zones.entry((zone.into(), layer)).or_default().lists.extend(stated.lists);
        self
    }

    /// The same, and what output of `firewall-cmd --list-all` or `--list-all-zones` says of a
    /// layer.
    ///
    /// ```
    /// use hostport_audit::event::firewalld::{Kind, Layer, ListedZone};
    /// use hostport_audit::state::firewalld::Statement;
    ///
    /// # let output = b"public (default)\n  target: default\n  icmp-block-inversion: no\n  interfaces: eth0\n  sources: \n  services: ssh\n  ports: 8443/tcp\n  protocols: \n  forward: yes\n  masquerade: no\n  forward-ports: \n  source-ports: \n  icmp-blocks: \n  rich rules: \n";
    /// let statement = Statement::new().with_listed(ListedZone::read_all(output, Layer::Runtime)?);
    /// assert_eq!(statement.default_zone().unwrap(), &"public");
    /// let (_, _, stated) = statement.zones().next().unwrap();
    /// assert!(stated.lists().any(|(kind, items)| kind == Kind::Ports && items.len() == 1));
    /// # Ok::<(), hostport_audit::ParseError>(())
    /// ```
    #[must_use]
    pub fn with_listed(mut self, zones: impl IntoIterator<Item = ListedZone>) -> Self {
        for ListedZone { zone, layer, is_default, lists } in zones {
            if is_default {
                self.default_zone = Some(zone.clone());
            }
            let stated = lists
                .into_iter()
                .fold(Stated::new(), |stated, (kind, items)| stated.with(kind, items));
            self = self.with_zone(zone, layer, stated);
        }
        self
    }

    /// The default zone, if it is stated.
    #[must_use]
    pub const fn default_zone(&self) -> Option<&Text<'static>> {
        self.default_zone.as_ref()
    }

    /// The layers of zones of which something is stated.
    pub fn zones(&self) -> impl Iterator<Item = (&Text<'static>, Layer, &Stated)> + '_ {
        self.zones.iter().map(|((zone, layer), stated)| (zone, *layer, stated))
    }
}

/// What is stated of one layer of a zone: the whole content of each list that is named.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Stated {
    #[cfg_attr(feature = "serde", serde(with = "crate::serde_map_as_list"))]
    lists: BTreeMap<Kind, Vec<Item<'static>>>,
}

impl Stated {
    /// Nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The same, and the whole content of a list; items of other lists are left out.
    #[must_use]
    pub fn with(mut self, kind: Kind, items: impl IntoIterator<Item = Item<'static>>) -> Self {
        self.lists.insert(kind, items.into_iter().filter(|item| item.kind() == kind).collect());
        self
    }

    /// The lists that are named, with their content.
    pub fn lists(&self) -> impl Iterator<Item = (Kind, &[Item<'static>])> + '_ {
        self.lists.iter().map(|(kind, items)| (*kind, items.as_slice()))
    }
}
