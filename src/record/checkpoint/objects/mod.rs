//! Pods and services as the API server and CRI-O have them: what `oc get svc,pods -A -o json` and
//! `crictl inspectp` print.
//!
//! They tell what each pod was given and each service asks for, and the names of both. They do not
//! tell that the kernel has the rules.
//!
//! Read is JSON as `kubectl` and `oc` print it (Kubernetes 1.20 to 1.35; `v1` of both kinds has had
//! the same fields since), and of `crictl` (1.20 and later) beside CRI-O (1.20 and later). Of an
//! object the fields below are read, all others are passed over. A field that is there and of
//! another type than the API's refuses the whole text.

mod list;
mod pod;
mod read;
mod sandbox;
mod service;

pub use list::Objects;
pub use pod::{Container, ContainerPort, Pod};
pub use sandbox::{PortMapping, Sandbox};
pub use service::{Ingress, Service, ServicePort};
