//! What the caller states about ovnkube's ports and rules.

use super::rules::PortKey;
use crate::event::ovnkube::{Kind, Role, Rule};
use crate::family::Family;
use crate::port::{HostPort, Protocol};
use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use core::net::IpAddr;

/// An open port as it is stated and answered:
/// `{"family":"ipv4","protocol":"tcp","kind":"node_port","address":null,"port":32718}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct StatedPort {
    /// The family.
    pub family: Family,
    /// The protocol.
    pub protocol: Protocol,
    /// Node port or external address.
    pub kind: Kind,
    /// The address; `None` for every local address.
    #[cfg_attr(feature = "serde", serde(default))]
    pub address: Option<IpAddr>,
    /// The port.
    pub port: u16,
}

impl StatedPort {
    pub(super) const fn key(self) -> PortKey {
        let Self { family, protocol, kind, address, port } = self;
        PortKey { family, kind, address, port: HostPort::single(protocol, port) }
    }
}

/// Facts about the rules of a host.
///
/// ```
/// use hostport_audit::Limits;
/// use hostport_audit::state::ovnkube::{Ovnkube, Statement};
/// use hostport_audit::state::{Effects, evidence::Evidence};
///
/// let mut ovnkube = Ovnkube::new(Limits::default());
/// assert!(ovnkube.open().is_err());
/// ovnkube.know(&Statement::ports([]), Evidence::default(), &mut Effects::default());
/// assert_eq!(ovnkube.open().unwrap(), []);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
pub struct Statement {
    /// All ports that are open, of both families; their rules are not stated.
    pub open: Option<BTreeSet<StatedPort>>,
    /// All rules of a family in the chains that open ports, as `iptables-save -t nat` and
    /// `ip6tables-save -t nat` print them.
    pub rules: Vec<StatedRules>,
}

/// All rules of one family.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct StatedRules {
    /// The family.
    pub family: Family,
    /// The rules; those that have nothing to do with host ports may be among them.
    pub rules: Vec<Rule<'static>>,
}

impl Statement {
    /// These ports are open, and no others.
    #[must_use]
    pub fn ports(open: impl IntoIterator<Item = StatedPort>) -> Self {
        Self { open: Some(open.into_iter().collect()), rules: Vec::new() }
    }

    /// These rules of a family are there, and no others.
    ///
    /// They are read from `iptables-save -t nat` or `ip6tables-save -t nat`; ask for both families,
    /// unless the host has but one:
    ///
    /// ```
    /// use hostport_audit::event::ovnkube::Rule;
    /// use hostport_audit::record::save::Save;
    /// use hostport_audit::state::ovnkube::{Ovnkube, Statement};
    /// use hostport_audit::state::{Effects, evidence::Evidence};
    /// use hostport_audit::{Family, Limits, ParseError};
    ///
    /// fn stated(family: Family, output: &str) -> Result<Statement, ParseError> {
    ///     let save = Save::parse(output.as_bytes())?;
    ///     Ok(Statement::rules(family, save.rules().iter().map(|rule| Rule::saved(family, rule))))
    /// }
    ///
    /// let v4 = "*nat\n-A OVN-KUBE-NODEPORT -p tcp -m addrtype --dst-type LOCAL -m tcp --dport 32718 -j DNAT --to-destination 10.0.0.1:80\nCOMMIT\n";
    /// let facts = stated(Family::Ipv4, v4)?.and(stated(Family::Ipv6, "*nat\nCOMMIT\n")?);
    /// let mut ovnkube = Ovnkube::new(Limits::default());
    /// ovnkube.know(&facts, Evidence::default(), &mut Effects::default());
    /// assert_eq!(ovnkube.open().unwrap().len(), 1);
    /// # Ok::<(), ParseError>(())
    /// ```
    #[must_use]
    pub fn rules<'a>(family: Family, rules: impl IntoIterator<Item = Rule<'a>>) -> Self {
        let ours =
            |rule: &Rule<'_>| matches!(rule.role, Role::Publishes { .. } | Role::Unreadable { .. });
        let rules = rules.into_iter().filter(ours).map(Rule::into_owned).collect();
        Self { open: None, rules: alloc::vec![StatedRules { family, rules }] }
    }

    /// This statement and another one about the other family.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.open = self.open.or(other.open);
        self.rules.extend(other.rules);
        self
    }
}
