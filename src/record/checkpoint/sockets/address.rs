//! The addresses on which a socket holds its port.

use crate::family::Family;
use core::fmt;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The addresses on which a socket holds its port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Address {
    /// All of both families: `*` of `ss`.
    Any,
    /// All of IP version 4 and none of version 6: `0.0.0.0`, or `::ffff:0.0.0.0`.
    AnyIpv4,
    /// All of version 6 and none of version 4: `[::]` of `ss`.
    AnyIpv6,
    /// All of version 6. The form does not tell whether version 4 belongs to them: `:::6443` of
    /// `netstat`, zeros in `/proc/net/tcp6`, and `*` of an `ss -e` that says nothing of `v6only`.
    AnyIpv6PerhapsIpv4,
    /// One. A version 4 address of a version 6 socket (`[::ffff:192.0.2.1]`) is told as what it is
    /// reached at, `192.0.2.1`.
    One(IpAddr),
    /// One of version 6 whose text `netstat` may have cut to its column, so it is not known.
    Cut,
}

impl Address {
    pub(super) const fn of(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(ip) => Self::of_ipv4(ip),
            IpAddr::V6(ip) => match ip.to_ipv4_mapped() {
                Some(mapped) => Self::of_ipv4(mapped),
                None if ip.is_unspecified() => Self::AnyIpv6PerhapsIpv4,
                None => Self::One(address),
            },
        }
    }

    const fn of_ipv4(ip: Ipv4Addr) -> Self {
        if ip.is_unspecified() { Self::AnyIpv4 } else { Self::One(IpAddr::V4(ip)) }
    }

    /// Whether it holds the port for packets of a family; `None` where the listing does not tell.
    #[must_use]
    pub const fn holds(self, family: Family) -> Option<bool> {
        match (self, family) {
            (Self::AnyIpv6PerhapsIpv4, Family::Ipv4) => None,
            (Self::Any, _)
            | (Self::AnyIpv4, Family::Ipv4)
            | (Self::AnyIpv6 | Self::AnyIpv6PerhapsIpv4 | Self::Cut, Family::Ipv6)
            | (Self::One(IpAddr::V4(_)), Family::Ipv4)
            | (Self::One(IpAddr::V6(_)), Family::Ipv6) => Some(true),
            _ => Some(false),
        }
    }

    /// Whether it holds the port for packets to an address of the node; `None` where the listing
    /// does not tell.
    #[must_use]
    pub fn takes(self, address: IpAddr) -> Option<bool> {
        match self {
            Self::One(own) => Some(own == address),
            Self::Cut if address.is_ipv6() => None,
            _ => self.holds(Family::of(address)),
        }
    }

    /// The one address, if it is one.
    #[must_use]
    pub const fn ip(self) -> Option<IpAddr> {
        match self {
            Self::One(ip) => Some(ip),
            _ => None,
        }
    }

    /// True for `127.0.0.0/8` and `::1`: nobody outside reaches it.
    #[must_use]
    pub const fn is_loopback(self) -> bool {
        match self {
            Self::One(IpAddr::V4(ip)) => ip.is_loopback(),
            Self::One(IpAddr::V6(ip)) => ip.is_loopback(),
            _ => false,
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.pad("*"),
            Self::AnyIpv4 => fmt::Display::fmt(&Ipv4Addr::UNSPECIFIED, f),
            Self::AnyIpv6 => fmt::Display::fmt(&Ipv6Addr::UNSPECIFIED, f),
            Self::AnyIpv6PerhapsIpv4 => f.pad(":: and perhaps 0.0.0.0"),
            Self::One(ip) => fmt::Display::fmt(ip, f),
            Self::Cut => f.pad("an address that was cut"),
        }
    }
}
