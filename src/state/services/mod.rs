//! What the services of a zone open, by a table that the caller gives.

mod builtin;

pub use builtin::{Release, builtin_services, stock_services_of};

use crate::port::HostPort;
use crate::service::Service;
use crate::text::Text;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use core::fmt;

/// Definitions of firewalld services by name.
///
/// The log names services, never their ports. A table says what they stand for: [`builtin_services`],
/// with what the host's own `/etc/firewalld/services` adds or overrides.
///
/// ```
/// use hostport_audit::state::services::builtin_services;
///
/// let mut table = builtin_services();
/// assert_eq!(table.ports(b"ssh")?, ["22/tcp".parse().unwrap()]);
/// assert!(table.ports(b"my-app").is_err());
/// table.insert("my-app", "8443/tcp include:http".parse().unwrap());
/// assert_eq!(table.ports(b"my-app")?, ["80/tcp".parse().unwrap(), "8443/tcp".parse().unwrap()]);
/// # Ok::<(), hostport_audit::state::services::UnknownService>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
pub struct ServiceTable {
    #[cfg_attr(feature = "serde", serde(with = "crate::serde_map_as_list"))]
    services: BTreeMap<Text<'static>, Service>,
}

impl ServiceTable {
    /// A table without services.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Defines a service, and gives back the definition that it replaces.
    pub fn insert(&mut self, name: impl Into<Text<'static>>, service: Service) -> Option<Service> {
        self.services.insert(name.into(), service)
    }

    /// Takes a service out.
    pub fn remove(&mut self, name: &[u8]) -> Option<Service> {
        self.services.remove(&Text::borrowed(name).into_owned())
    }

    /// The definition of a service, the services it includes not among it.
    #[must_use]
    pub fn get(&self, name: &[u8]) -> Option<&Service> {
        self.services.get(&Text::borrowed(name).into_owned())
    }

    /// All services, in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = (&Text<'static>, &Service)> + '_ {
        self.services.iter()
    }

    /// How many services are defined.
    #[must_use]
    pub fn len(&self) -> usize {
        self.services.len()
    }

    /// True if none is defined.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.services.is_empty()
    }

    /// The service and all that it includes, directly or not, each once, itself first; each holds
    /// for its own destination.
    ///
    /// Services that include each other are taken once, as firewalld (2.5.0) does.
    ///
    /// # Errors
    /// The service, or one that it includes, is not in the table.
    pub fn resolve(&self, name: &[u8]) -> Result<Vec<(&Text<'static>, &Service)>, UnknownService> {
        let mut found = Vec::new();
        let mut seen = BTreeSet::new();
        let mut open = Vec::from([Text::borrowed(name).into_owned()]);
        while let Some(next) = open.pop() {
            if seen.contains(&next) {
                continue;
            }
            let unknown = || UnknownService {
                service: Text::borrowed(name).into_owned(),
                missing: next.clone(),
            };
            let (key, service) = self.services.get_key_value(&next).ok_or_else(unknown)?;
            open.extend(service.includes.iter().rev().cloned());
            found.push((key, service));
            seen.insert(next);
        }
        Ok(found)
    }

    /// The ports that a zone with the service lets in, those of the services it includes among
    /// them, sorted, each once.
    ///
    /// The IP protocols, source ports and helpers of a service open more;
    /// [`resolve`](Self::resolve) tells them.
    ///
    /// # Errors
    /// The service, or one that it includes, is not in the table, or has a port that only the host
    /// can resolve.
    pub fn ports(&self, name: &[u8]) -> Result<Vec<HostPort>, UnknownService> {
        let mut ports = BTreeSet::new();
        for (_, service) in self.resolve(name)? {
            if let Some(port) =
                service.unresolved.iter().find(|port| !port.as_bytes().starts_with(b"source:"))
            {
                return Err(UnknownService {
                    service: Text::borrowed(name).into_owned(),
                    missing: port.clone(),
                });
            }
            ports.extend(service.ports.iter().copied());
        }
        let mut ports: Vec<HostPort> = ports.into_iter().collect();
        ports.sort_by_key(|port| (port.range(), port.protocol()));
        Ok(ports)
    }
}

impl<N: Into<Text<'static>>> FromIterator<(N, Service)> for ServiceTable {
    fn from_iter<I: IntoIterator<Item = (N, Service)>>(services: I) -> Self {
        Self {
            services: services.into_iter().map(|(name, service)| (name.into(), service)).collect(),
        }
    }
}

impl<N: Into<Text<'static>>> Extend<(N, Service)> for ServiceTable {
    fn extend<I: IntoIterator<Item = (N, Service)>>(&mut self, services: I) {
        self.services.extend(services.into_iter().map(|(name, service)| (name.into(), service)));
    }
}

/// The ports of a service cannot be told: its definition, or a part of it, is not in the table.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct UnknownService {
    service: Text<'static>,
    missing: Text<'static>,
}

impl UnknownService {
    /// The service that was asked for.
    #[must_use]
    pub const fn service(&self) -> &Text<'static> {
        &self.service
    }

    /// What is missing: the service itself, one that it includes, or a port that only the host can
    /// resolve (`http/tcp`).
    #[must_use]
    pub const fn missing(&self) -> &Text<'static> {
        &self.missing
    }
}

impl fmt::Display for UnknownService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.service == self.missing {
            write!(f, "no definition of service {}", self.service)
        } else {
            write!(
                f,
                "no definition of {}, which belongs to service {}",
                self.missing, self.service
            )
        }
    }
}

impl core::error::Error for UnknownService {}
