//! The messages of CRI-O that have to do with host ports, and those that tell when a sandbox lives.

use crate::error::{ErrorKind, ParseError};
use crate::family::Family;
use crate::grammar::crio as grammar;
use crate::grammar::error::{Parsed, all};
use crate::port::HostPort;
use crate::record::restore::Restore;
use crate::text::Text;
use alloc::borrow::Cow;
use alloc::vec::Vec;

/// What a record of CRI-O says, by the text behind `msg=`.
///
/// The texts are those of `internal/hostport` and of the server in CRI-O 1.22 to 1.36. Up to 1.30
/// the two that name a port are [`Opened`](Message::Opened) and [`Closing`](Message::Closing);
/// [`Restoring`](Message::Restoring) exists in all with iptables.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Message<'a> {
    /// `Opened local port tcp:443`: a socket was opened to reserve the port (1.22 to 1.30).
    Opened(HostPort),
    /// `Closing host port tcp:443`: printed before the socket is closed (1.22 to 1.30).
    Closing(HostPort),
    /// `Host port tcp:443 does not have an open socket`: proves nothing by itself (1.22 to 1.30).
    NoOpenSocket(HostPort),
    /// `Ensuring kubelet hostport chains`: a pod's host ports are about to be added.
    EnsuringChains,
    /// `Restoring iptables rules: ...`: all host port rules of one family.
    Restoring(Restore<'a>),
    /// `Starting to delete udp conntrack entries: [53], isIPv6 - false` (up to 1.32) or
    /// `Deleting UDP conntrack entries for IPv4: [53]` (from 1.33 on): host ports were added.
    Conntrack(Conntrack<'a>),
    /// `Running pod sandbox: NAMESPACE/POD/POD`.
    RunningSandbox {
        /// Namespace and pod, as `NAMESPACE/POD`.
        pod: Text<'a>,
    },
    /// `Ran pod sandbox HEX with infra container: NAMESPACE/POD/POD`.
    RanSandbox {
        /// The sandbox.
        sandbox: Text<'a>,
        /// Namespace and pod, as `NAMESPACE/POD`.
        pod: Text<'a>,
    },
    /// `NetworkStart: stopping network for sandbox HEX`: the start of a pod failed, and its network
    /// is taken back.
    StoppingNetwork {
        /// The sandbox.
        sandbox: Text<'a>,
    },
    /// `runSandbox: ...`: the start of a pod failed, and something of it is about to be cleaned up.
    CleaningUpSandbox {
        /// What is cleaned up.
        step: Text<'a>,
    },
    /// `Stopping pod sandbox: HEX`.
    StoppingSandbox {
        /// The sandbox.
        sandbox: Text<'a>,
    },
    /// `Stopped pod sandbox: HEX` or `Stopped pod sandbox (already stopped): HEX`.
    StoppedSandbox {
        /// The sandbox.
        sandbox: Text<'a>,
    },
    /// `Removing pod sandbox: HEX`.
    RemovingSandbox {
        /// The sandbox.
        sandbox: Text<'a>,
    },
    /// `Removed pod sandbox: HEX`.
    RemovedSandbox {
        /// The sandbox.
        sandbox: Text<'a>,
    },
    /// `Failed to remove hostport for pod sandbox NAME(HEX): ...`.
    FailedToRemove {
        /// The name, `k8s_POD_NAMESPACE_UID_ATTEMPT`.
        name: Text<'a>,
        /// The sandbox.
        sandbox: Text<'a>,
        /// What failed.
        failure: Text<'a>,
    },
    /// `Cannot clean up hostport 443 for pod NAME: ...`: a socket could not be closed when a start
    /// was rolled back.
    FailedToCleanUp {
        /// The port; the protocol is not named.
        port: u16,
        /// The pod.
        pod: Text<'a>,
        /// What failed.
        failure: Text<'a>,
    },
    /// A message that holds `cannot open hostport 443 for pod NAME: ...` (an error at level debug).
    FailedToOpen {
        /// The port; the protocol is not named.
        port: u16,
        /// The pod.
        pod: Text<'a>,
        /// What failed.
        failure: Text<'a>,
    },
    /// `Starting CRI-O, version: 1.29.9, git: ...`.
    Starting(Version<'a>),
    /// `HostPort Mapping is Disabled in CRI-O` (from 1.28 on).
    HostPortsDisabled,
    /// `No iptables support for IPv6: ...` (from 1.33 on).
    NoIptables {
        /// The family for which iptables cannot be used.
        family: Family,
    },
    /// Any other message.
    Other,
}

/// The ports whose UDP connections are forgotten, which CRI-O does when the rules of a pod are in
/// the kernel.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Conntrack<'a> {
    family: Family,
    ports: Text<'a>,
    form: ConntrackForm,
}

/// Which of its two texts was printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ConntrackForm {
    /// `Starting to delete udp conntrack entries: ...`, up to 1.32.
    Starting,
    /// `Deleting UDP conntrack entries for ...`, from 1.33 on.
    Deleting,
}

impl Conntrack<'_> {
    /// The family.
    #[must_use]
    pub const fn family(&self) -> Family {
        self.family
    }

    /// The ports; none without UDP ports.
    pub fn ports(&self) -> impl Iterator<Item = u16> + '_ {
        grammar::ports(self.ports.as_bytes())
    }

    /// Which of its two texts was printed.
    #[must_use]
    pub const fn form(&self) -> ConntrackForm {
        self.form
    }
}

/// CRI-O's version as it prints it: `1.29.9`, `1.27.0-2.rhaos4.14.el9`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version<'a> {
    text: Text<'a>,
    numbers: Option<(u16, u16)>,
}

impl Version<'_> {
    /// As printed.
    #[must_use]
    pub const fn text(&self) -> &Text<'_> {
        &self.text
    }

    /// The first two numbers, of which the second is that of the Kubernetes version; `None` where
    /// the text does not begin with two numbers.
    #[must_use]
    pub const fn numbers(&self) -> Option<(u16, u16)> {
        self.numbers
    }
}

/// How the message begins that holds a whole iptables-restore input.
pub(super) const RESTORING: &[u8] = b"Restoring iptables rules: ";
/// How the two messages begin that open and close.
pub(super) const OPENED: &[u8] = b"Opened local port ";
pub(super) const CLOSING: &[u8] = b"Closing host port ";

/// Types a message. What begins like a message that names ports and goes on otherwise is an error,
/// with the offset in the message.
pub(super) fn message(text: Text<'_>) -> Result<Message<'_>, ParseError> {
    match text.into_cow() {
        Cow::Borrowed(bytes) => typed(bytes),
        Cow::Owned(mut bytes) => {
            if bytes.starts_with(RESTORING) {
                let input: Vec<u8> = bytes.split_off(RESTORING.len());
                return restoring(Text::from(input));
            }
            typed(&bytes).map(Message::into_owned)
        }
    }
}

fn restoring(input: Text<'_>) -> Result<Message<'_>, ParseError> {
    Restore::parse(input).map(Message::Restoring).map_err(|error| error.shifted(RESTORING.len()))
}

fn typed(text: &[u8]) -> Result<Message<'_>, ParseError> {
    // Most messages differ in their first byte; nothing else is compared then.
    Ok(match text.first() {
        Some(b'O') => match text.strip_prefix(OPENED) {
            Some(port) => {
                Message::Opened(socket(port).map_err(|error| error.shifted(OPENED.len()))?)
            }
            None => Message::Other,
        },
        Some(b'C') => {
            match (text.strip_prefix(CLOSING), text.strip_prefix(b"Cannot clean up hostport ")) {
                (Some(port), _) => {
                    Message::Closing(socket(port).map_err(|error| error.shifted(CLOSING.len()))?)
                }
                (_, Some(rest)) => match grammar::port_for_pod(rest) {
                    Ok((_, (port, pod, failure))) => Message::FailedToCleanUp {
                        port,
                        pod: Text::borrowed(pod),
                        failure: Text::borrowed(failure),
                    },
                    Err(_) => Message::Other,
                },
                _ => Message::Other,
            }
        }
        Some(b'H') => host_port(text)?,
        Some(b'R') => match text.strip_prefix(RESTORING) {
            Some(input) => restoring(Text::borrowed(input))?,
            None => run_or_removal(text),
        },
        Some(b'S' | b'D') => start_or_stop(text)?,
        Some(b'E') if text == b"Ensuring kubelet hostport chains" => Message::EnsuringChains,
        Some(b'N') => match text.strip_prefix(b"NetworkStart: stopping network for sandbox ") {
            Some(sandbox) => Message::StoppingNetwork { sandbox: Text::borrowed(sandbox) },
            None => no_iptables(text),
        },
        Some(b'F') => match text.strip_prefix(b"Failed to remove hostport for pod sandbox ") {
            Some(rest) => match grammar::failed_sandbox(rest) {
                Ok((_, (name, sandbox, failure))) => Message::FailedToRemove {
                    name: Text::borrowed(name),
                    sandbox: Text::borrowed(sandbox),
                    failure: Text::borrowed(failure),
                },
                Err(_) => {
                    let at = text.len().saturating_sub(rest.len());
                    return Err(ParseError::new(
                        ErrorKind::Message,
                        at,
                        "NAME(SANDBOX): what failed",
                    ));
                }
            },
            None => open_failure(text),
        },
        Some(b'r') => match text.strip_prefix(b"runSandbox: ") {
            Some(step) => Message::CleaningUpSandbox { step: Text::borrowed(step) },
            None => Message::Other,
        },
        _ => Message::Other,
    })
}

/// A port that has a socket: SCTP ports have none.
fn socket(text: &[u8]) -> Result<HostPort, ParseError> {
    let port = all(text, grammar::host_port)?;
    match port.protocol() {
        crate::port::Protocol::Sctp => Err(ParseError::new(ErrorKind::Protocol, 0, "tcp or udp")),
        _ => Ok(port),
    }
}

fn host_port(text: &[u8]) -> Result<Message<'_>, ParseError> {
    const WORDS: &[u8] = b"Host port ";
    if text == b"HostPort Mapping is Disabled in CRI-O" {
        return Ok(Message::HostPortsDisabled);
    }
    match text.strip_prefix(WORDS) {
        // Other sentences may begin with these two words.
        Some(rest)
            if grammar::host_port(rest).is_ok()
                || memchr::memmem::find(rest, b"does not have an open").is_some() =>
        {
            all(rest, grammar::no_open_socket)
                .map(Message::NoOpenSocket)
                .map_err(|error| error.shifted(WORDS.len()))
        }
        _ => Ok(Message::Other),
    }
}

fn no_iptables(text: &[u8]) -> Message<'_> {
    let family = match text.strip_prefix(b"No iptables support for ") {
        Some(rest) if rest.starts_with(b"IPv4: ") => Family::Ipv4,
        Some(rest) if rest.starts_with(b"IPv6: ") => Family::Ipv6,
        _ => return Message::Other,
    };
    Message::NoIptables { family }
}

fn run_or_removal(text: &[u8]) -> Message<'_> {
    if let Some(rest) = text.strip_prefix(b"Running pod sandbox: ") {
        return pod_of(rest).map_or(Message::Other, |pod| Message::RunningSandbox { pod });
    }
    if let Some(rest) = text.strip_prefix(b"Ran pod sandbox ") {
        const WORDS: &[u8] = b" with infra container: ";
        let Some(at) = memchr::memmem::find(rest, WORDS) else { return Message::Other };
        let (sandbox, behind) = rest.split_at_checked(at).unwrap_or((rest, &[]));
        let Some(pod) = behind.strip_prefix(WORDS).and_then(pod_of) else { return Message::Other };
        return Message::RanSandbox { sandbox: Text::borrowed(sandbox), pod };
    }
    if let Some(sandbox) = text.strip_prefix(b"Removing pod sandbox: ") {
        return Message::RemovingSandbox { sandbox: Text::borrowed(sandbox) };
    }
    if let Some(sandbox) = text.strip_prefix(b"Removed pod sandbox: ") {
        return Message::RemovedSandbox { sandbox: Text::borrowed(sandbox) };
    }
    open_failure(text)
}

/// `NAMESPACE/POD/POD`: the last word is the name of the infra container.
fn pod_of(text: &[u8]) -> Option<Text<'_>> {
    let pod = text.strip_suffix(b"/POD")?;
    let (namespace, name) = pod.split_at_checked(memchr::memchr(b'/', pod)?)?;
    (!namespace.is_empty() && name.len() > 1).then(|| Text::borrowed(pod))
}

fn start_or_stop(text: &[u8]) -> Result<Message<'_>, ParseError> {
    const STARTING: &[u8] = b"Starting to delete udp conntrack entries: ";
    const DELETING: &[u8] = b"Deleting UDP conntrack entries for ";
    if let Some(sandbox) = text.strip_prefix(b"Stopping pod sandbox: ") {
        return Ok(Message::StoppingSandbox { sandbox: Text::borrowed(sandbox) });
    }
    let stopped = text.strip_prefix(b"Stopped pod sandbox: ");
    if let Some(sandbox) =
        stopped.or_else(|| text.strip_prefix(b"Stopped pod sandbox (already stopped): "))
    {
        return Ok(Message::StoppedSandbox { sandbox: Text::borrowed(sandbox) });
    }
    if let Some(rest) = text.strip_prefix(STARTING) {
        return conntrack(rest, grammar::conntrack_start, ConntrackForm::Starting)
            .map_err(|e| e.shifted(STARTING.len()));
    }
    if let Some(rest) = text.strip_prefix(DELETING) {
        return conntrack(rest, grammar::conntrack_delete, ConntrackForm::Deleting)
            .map_err(|e| e.shifted(DELETING.len()));
    }
    if let Some(rest) = text.strip_prefix(b"Starting CRI-O, version: ") {
        return Ok(Message::Starting(match grammar::version(rest) {
            Ok((_, (text, major, minor))) => {
                Version { text: Text::borrowed(text), numbers: Some((major, minor)) }
            }
            Err(_) => Version { text: Text::borrowed(rest), numbers: None },
        }));
    }
    Ok(Message::Other)
}

fn conntrack<'a>(
    text: &'a [u8],
    parser: impl FnMut(&'a [u8]) -> Parsed<'a, (&'a [u8], Family)>,
    form: ConntrackForm,
) -> Result<Message<'a>, ParseError> {
    let (ports, family) = all(text, parser)?;
    Ok(Message::Conntrack(Conntrack { family, ports: Text::borrowed(ports), form }))
}

/// `Response error: ... cannot open hostport 443 for pod NAME: ...`, printed at level debug; the
/// same words from other places.
fn open_failure(text: &[u8]) -> Message<'_> {
    const WORDS: &[u8] = b"cannot open hostport ";
    if !(text.starts_with(b"Response error: ") || text.starts_with(b"Failed to ")) {
        return Message::Other;
    }
    let rest =
        memchr::memmem::find(text, WORDS).and_then(|at| text.get(at.saturating_add(WORDS.len())..));
    match rest.map(grammar::port_for_pod) {
        Some(Ok((_, (port, pod, failure)))) => Message::FailedToOpen {
            port,
            pod: Text::borrowed(pod),
            failure: Text::borrowed(failure),
        },
        _ => Message::Other,
    }
}

impl Message<'_> {
    /// The same message, no longer bound to the line.
    #[must_use]
    pub fn into_owned(self) -> Message<'static> {
        let own = Text::into_owned;
        match self {
            Self::Opened(port) => Message::Opened(port),
            Self::Closing(port) => Message::Closing(port),
            Self::NoOpenSocket(port) => Message::NoOpenSocket(port),
            Self::EnsuringChains => Message::EnsuringChains,
            Self::Restoring(restore) => Message::Restoring(restore.into_owned()),
            Self::Conntrack(Conntrack { family, ports, form }) => {
                Message::Conntrack(Conntrack { family, ports: own(ports), form })
            }
            Self::RunningSandbox { pod } => Message::RunningSandbox { pod: own(pod) },
            Self::RanSandbox { sandbox, pod } => {
                Message::RanSandbox { sandbox: own(sandbox), pod: own(pod) }
            }
            Self::StoppingNetwork { sandbox } => Message::StoppingNetwork { sandbox: own(sandbox) },
            Self::CleaningUpSandbox { step } => Message::CleaningUpSandbox { step: own(step) },
            Self::StoppingSandbox { sandbox } => Message::StoppingSandbox { sandbox: own(sandbox) },
            Self::StoppedSandbox { sandbox } => Message::StoppedSandbox { sandbox: own(sandbox) },
            Self::RemovingSandbox { sandbox } => Message::RemovingSandbox { sandbox: own(sandbox) },
            Self::RemovedSandbox { sandbox } => Message::RemovedSandbox { sandbox: own(sandbox) },
            Self::FailedToRemove { name, sandbox, failure } => Message::FailedToRemove {
                name: own(name),
                sandbox: own(sandbox),
                failure: own(failure),
            },
            Self::FailedToCleanUp { port, pod, failure } => {
                Message::FailedToCleanUp { port, pod: own(pod), failure: own(failure) }
            }
            Self::FailedToOpen { port, pod, failure } => {
                Message::FailedToOpen { port, pod: own(pod), failure: own(failure) }
            }
            Self::Starting(Version { text, numbers }) => {
                Message::Starting(Version { text: own(text), numbers })
            }
            Self::HostPortsDisabled => Message::HostPortsDisabled,
            Self::NoIptables { family } => Message::NoIptables { family },
            Self::Other => Message::Other,
        }
    }
}
