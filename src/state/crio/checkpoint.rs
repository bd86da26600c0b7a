//! What the caller states about CRI-O's ports.

use crate::error::{ErrorKind, ParseError};
use crate::event::crio::Rule;
use crate::family::Family;
use crate::port::HostPort;
use crate::text::Text;
use alloc::collections::BTreeSet;
use core::fmt;
use core::net::IpAddr;
use core::str::FromStr;

/// Facts about a host's CRI-O; what is `None` is not stated.
///
/// In JSON a port is written `tcp:443` and a rule
/// `tcp:443|HOSTIP|10.42.0.7:8443|k8s_nginx_default_UID_0_`, the host's address empty for all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
pub struct Statement {
    /// The ports for which CRI-O holds at least one socket.
    #[cfg_attr(feature = "serde", serde(with = "words"))]
    pub sockets: Option<BTreeSet<HostPort>>,
    /// The ports with a DNAT rule in the kernel.
    #[cfg_attr(feature = "serde", serde(with = "words"))]
    pub exposed: Option<BTreeSet<HostPort>>,
    /// The DNAT rules in the kernel.
    #[cfg_attr(feature = "serde", serde(with = "words"))]
    pub dnat: Option<BTreeSet<DnatRule>>,
    /// The DNAT rules that iptables holds. From 1.33 on CRI-O's rules may be in nftables, which
    /// iptables-save does not print; so these are all rules only where the log shows that CRI-O
    /// works by iptables.
    #[cfg_attr(feature = "serde", serde(with = "words"))]
    pub iptables: Option<BTreeSet<DnatRule>>,
}

impl Statement {
    /// iptables holds these rules, and no others, in both families.
    ///
    /// They are all rules of CRI-O's if its log shows a version before 1.33, or a line of its iptables
    /// manager since its start; then ports without a rule are not exposed. Otherwise the rules are
    /// known as far as iptables holds them, and the rest stays unknown
    /// ([`UnknownReason::NftablesNotStated`](crate::state::known::UnknownReason::NftablesNotStated)), unless
    /// the caller looked there: [`Self::and_none_in_nftables`].
    ///
    /// ```
    /// use hostport_audit::ParseError;
    /// use hostport_audit::event::crio::Rule;
    /// use hostport_audit::record::save::Save;
    /// use hostport_audit::state::crio::Statement;
    ///
    /// /// `v4` is the output of `iptables-save -t nat`, `v6` that of `ip6tables-save -t nat`; a host with one family has one of them.
    /// fn stated(v4: &[u8], v6: &[u8]) -> Result<Statement, ParseError> {
    ///     let both = [Rule::saved(&Save::parse(v4)?)?, Rule::saved(&Save::parse(v6)?)?];
    ///     Ok(Statement::rules(both.into_iter().flatten()))
    /// }
    ///
    /// let nothing = b"*nat\n:PREROUTING ACCEPT [0:0]\nCOMMIT\n";
    /// assert!(stated(nothing, nothing)?.iptables.unwrap().is_empty());
    /// assert!(stated(nothing, nothing)?.and_none_in_nftables().dnat.unwrap().is_empty());
    /// # Ok::<(), ParseError>(())
    /// ```
    #[must_use]
    pub fn rules<'a>(rules: impl IntoIterator<Item = Rule<'a>>) -> Self {
        let rule = |rule: Rule<'_>| DnatRule {
            port: rule.port,
            host_ip: rule.host_ip,
            target: rule.target.into_owned(),
            pod: rule.pod.into_owned(),
        };
        Self { iptables: Some(rules.into_iter().map(rule).collect()), ..Self::default() }
    }

    /// The same, and nftables holds no rules of CRI-O's: `nft list ruleset` shows neither a table
    /// `ip crio-hostports` nor a table `ip6 crio-hostports`. So the stated rules are all.
    #[must_use]
    pub fn and_none_in_nftables(mut self) -> Self {
        if let Some(rules) = self.iptables.take() {
            self.dnat.get_or_insert(rules);
        }
        self
    }
}

/// A host port that is led to a pod.
///
/// ```
/// use hostport_audit::state::crio::DnatRule;
///
/// let text = "tcp:443|192.0.2.10|10.42.0.7:8443|k8s_nginx_default_69c8_0_";
/// let rule: DnatRule = text.parse()?;
/// assert_eq!(rule.to_string(), text);
/// assert_eq!(rule.pod_name().unwrap(), ("nginx", "default", "69c8"));
/// # Ok::<(), hostport_audit::ParseError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct DnatRule {
    /// The protocol and port of the host.
    pub port: HostPort,
    /// The address of the host it is bound to; `None` for all.
    pub host_ip: Option<IpAddr>,
    /// Where it leads, as iptables prints it: `10.42.0.7:8443`, `[fd01::9]:8443`.
    pub target: Text<'static>,
    /// The pod, as CRI-O names it in the rule's comment: `k8s_POD_NAMESPACE_UID_ATTEMPT`, up to
    /// 1.30 with `_` behind it.
    pub pod: Text<'static>,
}

impl DnatRule {
    /// The family, from where it leads.
    #[must_use]
    pub fn family(&self) -> Family {
        if self.target.as_bytes().first() == Some(&b'[') { Family::Ipv6 } else { Family::Ipv4 }
    }

    /// Name, namespace and uid of the pod.
    #[must_use]
    pub fn pod_name(&self) -> Option<(&str, &str, &str)> {
        let mut parts = self.pod.to_str()?.strip_prefix("k8s_")?.split('_');
        Some((parts.next()?, parts.next()?, parts.next()?))
    }
}

/// `tcp:443`, as CRI-O prints a port.
pub(super) struct CrioPort(pub(super) HostPort);

impl fmt::Display for CrioPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.0.protocol(), self.0.range())
    }
}

impl fmt::Display for DnatRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}|", CrioPort(self.port))?;
        if let Some(address) = self.host_ip {
            write!(f, "{address}")?;
        }
        write!(f, "|{}|{}", self.target, self.pod)
    }
}

impl FromStr for DnatRule {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let missing = || ParseError::new(ErrorKind::Message, text.len(), "PORT|HOSTIP|TARGET|POD");
        let mut parts = text.splitn(4, '|');
        let (Some(port), Some(host_ip), Some(target), Some(pod)) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(missing());
        };
        let at = port.len().saturating_add(1);
        let host_ip = match host_ip {
            "" => None,
            address => Some(
                address
                    .parse()
                    .map_err(|_| ParseError::new(ErrorKind::Address, at, "an IP address"))?,
            ),
        };
        let owned = |text: &str| Text::from(alloc::string::String::from(text));
        Ok(Self { port: port.parse()?, host_ip, target: owned(target), pod: owned(pod) })
    }
}

/// Sets written as lists of words.
#[cfg(feature = "serde")]
mod words {
    use super::{CrioPort, DnatRule};
    use crate::port::HostPort;
    use alloc::collections::BTreeSet;
    use alloc::string::{String, ToString};
    use alloc::vec::Vec;
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

    pub(super) trait Word: Sized + Ord {
        fn write(&self) -> String;
        fn read(text: &str) -> Option<Self>;
    }

    impl Word for HostPort {
        fn write(&self) -> String {
            CrioPort(*self).to_string()
        }

        fn read(text: &str) -> Option<Self> {
            text.parse().ok()
        }
    }

    impl Word for DnatRule {
        fn write(&self) -> String {
            self.to_string()
        }

        fn read(text: &str) -> Option<Self> {
            text.parse().ok()
        }
    }

    pub(super) fn serialize<T: Word, S: Serializer>(
        set: &Option<BTreeSet<T>>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        set.as_ref()
            .map(|set| set.iter().map(Word::write).collect::<Vec<_>>())
            .serialize(serializer)
    }

    pub(super) fn deserialize<'de, T: Word, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<BTreeSet<T>>, D::Error> {
        let Some(words) = Option::<Vec<String>>::deserialize(deserializer)? else {
            return Ok(None);
        };
        words
            .iter()
            .map(|word| {
                T::read(word).ok_or_else(|| {
                    D::Error::custom(
                        "a port like tcp:443, or a rule like tcp:443||10.42.0.7:8443|POD",
                    )
                })
            })
            .collect::<Result<_, _>>()
            .map(Some)
    }
}
