//! What the caller states about ovnkube's ports and rules.

use super::rules::PortKey;
use crate::event::ovnkube::{Kind, Role, Rule, Saved};
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
    /// The chain `OVN-KUBE-NODEPORT` is there, with rules or without: ovnkube works by iptables. It
    /// makes the chain at its start in each family that the cluster uses; where it works by nftables
    /// it deletes it.
    #[cfg_attr(feature = "serde", serde(default))]
    pub has_chains: bool,
}

impl Statement {
    /// These ports are open, and no others.
    #[must_use]
    pub fn ports(open: impl IntoIterator<Item = StatedPort>) -> Self {
        Self { open: Some(open.into_iter().collect()), rules: Vec::new() }
    }

    /// What `iptables-save -t nat` or `ip6tables-save -t nat` printed of a family; ask for both
    /// families, unless the host has but one.
    ///
    /// These are all rules of ovnkube's if one of the two outputs has the line
    /// `:OVN-KUBE-NODEPORT - [0:0]`, or if the log shows that ovnkube works by iptables. Otherwise
    /// its rules may be in nftables, which iptables-save does not print: those that were stated are
    /// known, and what is open besides stays unknown
    /// ([`UnknownReason::NftablesNotStated`](crate::state::known::UnknownReason::NftablesNotStated)).
    ///
    /// ```
    /// use hostport_audit::event::ovnkube::Saved;
    /// use hostport_audit::record::save::Save;
    /// use hostport_audit::state::ovnkube::{Ovnkube, Statement};
    /// use hostport_audit::state::{Effects, evidence::Evidence};
    /// use hostport_audit::{Family, Limits, ParseError};
    ///
    /// fn stated(family: Family, output: &str) -> Result<Statement, ParseError> {
    ///     Ok(Statement::saved(Saved::of(family, &Save::parse(output.as_bytes())?)))
    /// }
    ///
    /// let v4 = "*nat\n:OVN-KUBE-NODEPORT - [0:0]\n-A OVN-KUBE-NODEPORT -p tcp -m addrtype --dst-type LOCAL -m tcp --dport 32718 -j DNAT --to-destination 10.0.0.1:80\nCOMMIT\n";
    /// let facts = stated(Family::Ipv4, v4)?.and(stated(Family::Ipv6, "*nat\nCOMMIT\n")?);
    /// let mut ovnkube = Ovnkube::new(Limits::default());
    /// ovnkube.know(&facts, Evidence::default(), &mut Effects::default());
    /// assert_eq!(ovnkube.open().unwrap().len(), 1);
    ///
    /// let nothing = stated(Family::Ipv4, "*nat\nCOMMIT\n")?.and(stated(Family::Ipv6, "*nat\nCOMMIT\n")?);
    /// let mut ovnkube = Ovnkube::new(Limits::default());
    /// ovnkube.know(&nothing, Evidence::default(), &mut Effects::default());
    /// assert!(ovnkube.open().is_err(), "its rules may be in nftables");
    /// # Ok::<(), ParseError>(())
    /// ```
    #[must_use]
    pub fn saved(saved: Saved) -> Self {
        let Saved { family, rules, has_chains } = saved;
        let mut this = Self::rules(family, rules);
        this.rules.iter_mut().for_each(|stated| stated.has_chains |= has_chains);
        this
    }

    /// The same of rules that were read otherwise; a rule in the chains that open ports shows that
    /// ovnkube works by iptables.
    #[must_use]
    pub fn rules<'a>(family: Family, rules: impl IntoIterator<Item = Rule<'a>>) -> Self {
        let ours =
            |rule: &Rule<'_>| matches!(rule.role, Role::Publishes { .. } | Role::Unreadable { .. });
        let rules: Vec<_> = rules.into_iter().filter(ours).map(Rule::into_owned).collect();
        let has_chains = !rules.is_empty();
        Self { open: None, rules: alloc::vec![StatedRules { family, rules, has_chains }] }
    }

    /// This statement and another one about the other family.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.open = self.open.or(other.open);
        self.rules.extend(other.rules);
        self
    }
}
