//! Lists of pods and services.

use super::super::Refused;
use super::read::{Read, text};
use super::{Pod, Service};
use crate::error::{ErrorKind, ParseError};
use crate::grammar::json::nested::{Node, document};
use crate::text::Text;
use alloc::vec::Vec;

/// The pods and services of an output of `oc get -o json`.
///
/// ```
/// use hostport_audit::record::checkpoint::objects::Objects;
///
/// let objects = Objects::parse(br#"{"apiVersion": "v1", "kind": "List", "items": [
///   {"kind": "Service", "metadata": {"name": "web", "namespace": "demo"}, "spec": {
///     "type": "NodePort", "clusterIP": "10.43.1.1", "ports": [{"port": 80, "nodePort": 30080}]}},
///   {"kind": "Pod", "metadata": {"name": "dns", "namespace": "demo"}, "spec": {"containers": [
///     {"name": "dns", "ports": [{"containerPort": 53, "hostPort": 5353, "protocol": "UDP"}]}]}}
/// ]}"#)?;
/// assert_eq!(objects.services()[0].ports[0].node_port, Some(30080));
/// assert_eq!(objects.pods()[0].containers[0].ports[0].host_port, Some(5353));
/// # Ok::<(), hostport_audit::record::checkpoint::Refused>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Objects<'a> {
    pods: Vec<Pod<'a>>,
    services: Vec<Service<'a>>,
    has_pods: bool,
    has_services: bool,
    passed_over: usize,
    is_partial: bool,
}

impl<'a> Objects<'a> {
    /// Reads a `List`, a `PodList`, a `ServiceList`, one pod or one service.
    ///
    /// # Errors
    /// Text that is not one whole JSON object, another kind of object, a pod or a service without
    /// its name, a value of another type than the API's.
    pub fn parse(text: &'a [u8]) -> Result<Self, Refused> {
        Self::read(text).map_err(|error| Refused::of(text, error))
    }

    fn read(text: &'a [u8]) -> Read<Self> {
        let (body, start) = match text.strip_prefix(b"\xef\xbb\xbf") {
            Some(body) => (body, 3),
            None => (text, 0),
        };
        let mut kind = None;
        for member in document(body, start) {
            let (key, value) = member?;
            if key == "kind" {
                kind = Some(value.text()?);
            }
        }
        let mut objects = Self::default();
        let known = kind.as_ref().and_then(Text::to_str);
        match known {
            Some("Pod" | "Service") => {
                let whole = Node::whole(body, start);
                objects.take(whole, known.unwrap_or_default())?;
            }
            Some("List" | "PodList" | "ServiceList") => {
                let item_kind = match known {
                    Some("PodList") => "Pod",
                    Some("ServiceList") => "Service",
                    _ => "",
                };
                let mut has_items = false;
                for member in document(body, start) {
                    let (key, value) = member?;
                    match key.to_str() {
                        Some("items") => {
                            has_items = true;
                            objects.items(value, item_kind)?;
                        }
                        Some("metadata") => objects.is_partial = goes_on(value)?,
                        _ => {}
                    }
                }
                if !has_items {
                    return Err(ParseError::new(ErrorKind::Json, start, "a list with items"));
                }
                objects.has_pods |= item_kind == "Pod";
                objects.has_services |= item_kind == "Service";
            }
            _ => {
                let words = "a list, a pod or a service";
                return Err(ParseError::new(ErrorKind::Json, start, words));
            }
        }
        Ok(objects)
    }

    fn items(&mut self, node: Node<'a>, list_kind: &str) -> Read<()> {
        for item in node.items()? {
            let item = item?;
            let mut own = None;
            for member in item.clone().members()? {
                let (key, value) = member?;
                if key == "kind" {
                    own = Some(text(value)?);
                }
            }
            // The API server leaves the kind out of the items of a typed list.
            let kind = own.as_ref().and_then(Text::to_str).filter(|kind| !kind.is_empty());
            self.take(item, kind.unwrap_or(list_kind))?;
        }
        Ok(())
    }

    fn take(&mut self, node: Node<'a>, kind: &str) -> Read<()> {
        match kind {
            "Pod" => {
                self.has_pods = true;
                self.pods.push(Pod::read(node)?);
            }
            "Service" => {
                self.has_services = true;
                self.services.push(Service::read(node)?);
            }
            "" => return Err(ParseError::new(ErrorKind::Json, node.at(), "an item with a kind")),
            _ => self.passed_over = self.passed_over.saturating_add(1),
        }
        Ok(())
    }

    /// The pods in order.
    #[must_use]
    pub fn pods(&self) -> &[Pod<'a>] {
        &self.pods
    }

    /// The services in order.
    #[must_use]
    pub fn services(&self) -> &[Service<'a>] {
        &self.services
    }

    /// True if pods were asked for, as far as the text shows it: it is a list of pods or holds one.
    #[must_use]
    pub const fn has_pods(&self) -> bool {
        self.has_pods
    }

    /// True if services were asked for, as far as the text shows it.
    #[must_use]
    pub const fn has_services(&self) -> bool {
        self.has_services
    }

    /// How many objects of other kinds the list holds.
    #[must_use]
    pub const fn passed_over(&self) -> usize {
        self.passed_over
    }

    /// True if the server says that the list goes on in another one.
    #[must_use]
    pub const fn is_partial(&self) -> bool {
        self.is_partial
    }

    /// The same objects, no longer bound to the text.
    #[must_use]
    pub fn into_owned(self) -> Objects<'static> {
        Objects {
            pods: self.pods.into_iter().map(Pod::into_owned).collect(),
            services: self.services.into_iter().map(Service::into_owned).collect(),
            has_pods: self.has_pods,
            has_services: self.has_services,
            passed_over: self.passed_over,
            is_partial: self.is_partial,
        }
    }
}

/// Whether the metadata of a list says that more is to come.
fn goes_on(node: Node<'_>) -> Read<bool> {
    for member in node.members()? {
        let (key, value) = member?;
        let more = match key.to_str() {
            Some("continue") => !text(value)?.is_empty(),
            Some("remainingItemCount") => !value.is_null() && value.number()? != b"0",
            _ => false,
        };
        if more {
            return Ok(true);
        }
    }
    Ok(false)
}
