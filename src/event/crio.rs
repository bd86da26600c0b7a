//! What a record of CRI-O means (1.22 to 1.36).

use crate::error::ParseError;
use crate::family::Family;
use crate::port::HostPort;
use crate::record::crio::{ConntrackForm, Cut, Form, Message, Record, TimeLayout};
use crate::record::restore::{SavedHostPort, saved_host_ports};
use crate::record::save::Save;
use crate::text::Text;
use alloc::vec::Vec;
use core::net::IpAddr;

/// What a record says, and which process says it.
///
/// There is an event for every record: also one that says nothing about ports shows which process
/// lives, and that the log was not filtered down to the lines that do.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Event<'a> {
    /// The process, from the prefix; `None` where the prefix names none.
    pub pid: Option<u32>,
    /// What the form of the line tells about the version.
    pub era: Era,
    /// Whether the log would show that the machine was started anew.
    pub boots: Boots,
    /// Whether it is surely a record of CRI-O's.
    pub speaker: Speaker,
    /// What it says.
    pub kind: EventKind<'a>,
}

/// Whether a record is surely one of CRI-O's. The form does not tell: every Go program that logs by
/// logrus, such as podman or cilium, prints `time="..." level=info msg="..."`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
pub enum Speaker {
    /// It is: its prefix names `crio`, or its words are CRI-O's own.
    Crio,
    /// It may be of another program.
    #[default]
    Unproven,
}

/// What the form of a line tells about CRI-O's version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
pub enum Era {
    /// A blank between date and time: 1.31 or older.
    UpTo131,
    /// `T` between date and time: 1.32 or newer.
    From132,
    /// The JSON form, which is the same in all.
    Any,
}

/// Whether a log shows that the machine was started anew, between the lines of a program or with
/// them.
///
/// It matters where CRI-O starts: its rules outlive the process and not the machine.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
pub enum Boots {
    /// It does: journalctl prints a line between two boots, or the boot stands with each message.
    #[default]
    Shown,
    /// It does if journalctl wrote it; rsyslog's traditional format looks the same and does not.
    ShownByJournal,
    /// It does not: a program's own file, `journalctl -o cat`, rsyslog's files.
    Hidden,
}

/// What a record says.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(tag = "type", rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum EventKind<'a> {
    /// CRI-O starts. The sockets of the process before are gone, its rules are not.
    Started {
        /// The version as printed.
        version: Text<'a>,
        /// Its first two numbers, if it begins with two.
        numbers: Option<(u16, u16)>,
    },
    /// A socket was opened to reserve a port; nothing is exposed by it yet, and it may be closed
    /// again without a word.
    Opened {
        /// The port.
        port: HostPort,
    },
    /// One of the sockets of a port is about to be closed; its rules may well stay.
    Closing {
        /// The port.
        port: HostPort,
    },
    /// One of the two families holds no socket for the port. This proves nothing about the other,
    /// nor about rules.
    NoOpenSocket {
        /// The port.
        port: HostPort,
    },
    /// Host ports of a pod are about to be added.
    EnsuringChains,
    /// The host port rules of a family are about to be replaced by these.
    Restoring(Snapshot<'a>),
    /// As [`EventKind::Restoring`], but the message was cut.
    RestoringCut {
        /// The family, if what is left shows it.
        family: Option<Family>,
        /// The host ports of new rules that were left.
        new: Vec<HostPort>,
    },
    /// A socket was opened or closed, but the message was cut in the port.
    SocketCut,
    /// A message was cut before it can be told what it was.
    Cut,
    /// The rules of a pod are in the kernel, and old UDP connections to its ports are forgotten.
    ConntrackCleared {
        /// The family.
        family: Family,
        /// True for the text that is printed from 1.33 on.
        from_133: bool,
    },
    /// A pod is about to be started.
    SandboxStarting {
        /// The request in whose course this happens.
        request: Option<Text<'a>>,
        /// `NAMESPACE/POD`.
        pod: Text<'a>,
    },
    /// A pod was started: all its rules are in the kernel.
    SandboxStarted {
        /// The request.
        request: Option<Text<'a>>,
        /// The sandbox.
        sandbox: Text<'a>,
        /// `NAMESPACE/POD`.
        pod: Text<'a>,
    },
    /// The start of a pod failed: what it opened in its last step was closed again without a word,
    /// and its rules will be removed.
    NetworkStopping {
        /// The request.
        request: Option<Text<'a>>,
        /// The sandbox.
        sandbox: Text<'a>,
    },
    /// The start of a pod failed, and its network is gone by now.
    CleaningUp {
        /// The request.
        request: Option<Text<'a>>,
        /// True if what comes next is its network.
        network: bool,
    },
    /// A pod is about to be stopped or removed.
    SandboxStopping {
        /// The request.
        request: Option<Text<'a>>,
        /// The sandbox.
        sandbox: Text<'a>,
    },
    /// A pod was stopped or removed.
    SandboxStopped {
        /// The request.
        request: Option<Text<'a>>,
    },
    /// The host ports of a pod could not all be removed.
    RemovalFailed {
        /// The request.
        request: Option<Text<'a>>,
        /// The pod's name in the comments of its rules: `k8s_POD_NAMESPACE_UID_ATTEMPT`.
        pod: Text<'a>,
        /// What failed.
        failure: Failure,
    },
    /// A socket could not be closed when a start was taken back.
    CleanUpFailed {
        /// The port's number; the protocol is not told.
        port: u16,
    },
    /// Host ports are switched off (1.28 or newer).
    HostPortsDisabled,
    /// iptables cannot be used for a family (1.33 or newer): rules of the family are kept by
    /// nftables, and nothing is printed of them.
    NoIptables {
        /// The family.
        family: Family,
    },
    /// Nothing about ports.
    Ordinary,
}

/// All host port rules of one family.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Snapshot<'a> {
    /// The family; `None` if no rule is left that shows it.
    pub family: Option<Family>,
    /// The rules that exist once it is done.
    pub rules: Vec<Rule<'a>>,
    /// The chains that are removed.
    pub removed: Vec<Text<'a>>,
}

/// A host port as iptables serves it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Rule<'a> {
    /// Its chain.
    pub chain: Text<'a>,
    /// The protocol and port of the host.
    pub port: HostPort,
    /// The address of the host it is bound to; `None` for all.
    pub host_ip: Option<IpAddr>,
    /// Where it leads, as written.
    pub target: Text<'a>,
    /// The pod, as CRI-O names it in comments.
    pub pod: Text<'a>,
    /// True if it is about to be added, false if it was there before.
    pub new: bool,
}

impl Rule<'static> {
    /// The host port rules that the kernel holds, as `iptables-save -t nat` or `ip6tables-save -t
    /// nat` prints them.
    ///
    /// # Errors
    /// As [`saved_host_ports`].
    pub fn saved(save: &Save<'_>) -> Result<Vec<Self>, ParseError> {
        let ports = saved_host_ports(save)?;
        let owned = |bytes: &[u8]| Text::from(bytes.to_vec());
        let rule = |saved: SavedHostPort<'_>| Rule {
            chain: owned(saved.chain),
            port: saved.port,
            host_ip: saved.host_ip,
            target: owned(saved.target),
            pod: owned(saved.pod),
            new: false,
        };
        Ok(ports.into_iter().map(rule).collect())
    }
}

/// What could not be removed.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Failure {
    /// The families whose rules are still there, as far as the message names them.
    pub rules: Vec<Family>,
    /// True if rules are still there whose family the message does not name.
    pub rules_of_some_family: bool,
    /// The ports whose sockets could not be closed, with repetitions.
    pub sockets: Vec<HostPort>,
}

impl<'a> Event<'a> {
    /// What a record says; the process is the one in its prefix.
    #[must_use]
    pub fn of(record: &'a Record<'_>, pid: Option<u32>) -> Self {
        let era = match (record.form(), record.time_layout()) {
            (Form::Json, _) | (_, TimeLayout::Bad) => Era::Any,
            (_, TimeLayout::T) => Era::From132,
            _ => Era::UpTo131,
        };
        let request = || record.request();
        let kind = match record.message() {
            Message::Starting(version) => EventKind::Started {
                version: version.text().reborrow(),
                numbers: version.numbers(),
            },
            Message::Opened(port) => EventKind::Opened { port: *port },
            Message::Closing(port) => EventKind::Closing { port: *port },
            Message::NoOpenSocket(port) => EventKind::NoOpenSocket { port: *port },
            Message::EnsuringChains => EventKind::EnsuringChains,
            Message::Restoring(restore) => EventKind::Restoring(Snapshot {
                family: restore.family(),
                rules: restore
                    .rules()
                    .map(|rule| Rule {
                        chain: Text::borrowed(rule.chain()),
                        port: rule.port(),
                        host_ip: rule.host_ip(),
                        target: Text::borrowed(rule.target()),
                        pod: Text::borrowed(rule.pod()),
                        new: rule.is_new(),
                    })
                    .collect(),
                removed: restore.removed_chains().map(Text::borrowed).collect(),
            }),
            Message::Conntrack(conntrack) => EventKind::ConntrackCleared {
                family: conntrack.family(),
                from_133: conntrack.form() == ConntrackForm::Deleting,
            },
            Message::RunningSandbox { pod } => {
                EventKind::SandboxStarting { request: request(), pod: pod.reborrow() }
            }
            Message::RanSandbox { sandbox, pod } => EventKind::SandboxStarted {
                request: request(),
                sandbox: sandbox.reborrow(),
                pod: pod.reborrow(),
            },
            Message::StoppingNetwork { sandbox } => {
                EventKind::NetworkStopping { request: request(), sandbox: sandbox.reborrow() }
            }
            Message::CleaningUpSandbox { step } => {
                let network = memchr::memmem::find(step.as_bytes(), b"network").is_some();
                EventKind::CleaningUp { request: request(), network }
            }
            Message::StoppingSandbox { sandbox } | Message::RemovingSandbox { sandbox } => {
                EventKind::SandboxStopping { request: request(), sandbox: sandbox.reborrow() }
            }
            Message::StoppedSandbox { .. } | Message::RemovedSandbox { .. } => {
                EventKind::SandboxStopped { request: request() }
            }
            Message::FailedToRemove { name, failure, .. } => EventKind::RemovalFailed {
                request: request(),
                pod: name.reborrow(),
                failure: Failure::of(failure.as_bytes()),
            },
            Message::FailedToCleanUp { port, .. } => EventKind::CleanUpFailed { port: *port },
            Message::HostPortsDisabled => EventKind::HostPortsDisabled,
            Message::NoIptables { family } => EventKind::NoIptables { family: *family },
            _ => EventKind::Ordinary,
        };
        // All other messages are in words that other programs may use.
        let own_words = kind != EventKind::Ordinary;
        let speaker = if own_words { Speaker::Crio } else { Speaker::Unproven };
        Self { pid, era, boots: Boots::default(), speaker, kind }
    }

    /// What a line tells that [`Record::parse`] called malformed: that something happened whose
    /// account was cut. `None` for one that tells nothing, such as a forged line.
    #[must_use]
    pub fn of_cut(line: &[u8], pid: Option<u32>) -> Option<Event<'static>> {
        let kind = match Cut::of(line)? {
            Cut::Restoring { family, new } => EventKind::RestoringCut { family, new },
            Cut::Socket => EventKind::SocketCut,
            _ => EventKind::Cut,
        };
        let speaker = if kind == EventKind::Cut { Speaker::Unproven } else { Speaker::Crio };
        Some(Event { pid, era: Era::Any, boots: Boots::default(), speaker, kind })
    }

    /// The same event out of a log that shows boots otherwise than by default.
    #[must_use]
    pub const fn in_log(mut self, boots: Boots) -> Self {
        self.boots = boots;
        self
    }

    /// The same event under a prefix that names CRI-O.
    #[must_use]
    pub const fn of_crio(mut self) -> Self {
        self.speaker = Speaker::Crio;
        self
    }

    /// The same event, no longer bound to the input.
    #[must_use]
    pub fn into_owned(self) -> Event<'static> {
        let Self { pid, era, boots, speaker, kind } = self;
        Event { pid, era, boots, speaker, kind: kind.into_owned() }
    }
}

impl Failure {
    /// Reads the words behind the sandbox: one error, or several in brackets with commas between
    /// them.
    fn of(text: &[u8]) -> Self {
        const RESTORE: &[u8] = b"failed to execute iptables-restore";
        const CLOSE: &[u8] = b"failed to close host port ";
        let mut failure = Self::default();
        let starts: Vec<usize> = memchr::memmem::find_iter(text, RESTORE).collect();
        for (i, start) in starts.iter().enumerate() {
            // The tool names itself in its own words, and it is another one for each family.
            let from = start.saturating_add(RESTORE.len());
            let to = starts.get(i.saturating_add(1)).copied().unwrap_or(text.len());
            let words = text.get(from..to).unwrap_or_default();
            if memchr::memmem::find(words, b"ip6tables-restore").is_some() {
                failure.rules.push(Family::Ipv6);
            } else if memchr::memmem::find(words, b"iptables-restore").is_some() {
                failure.rules.push(Family::Ipv4);
            } else {
                failure.rules_of_some_family = true;
            }
        }
        for at in memchr::memmem::find_iter(text, CLOSE) {
            let words = text.get(at.saturating_add(CLOSE.len())..).unwrap_or_default();
            let port = words
                .split(|&b| b == b' ')
                .next()
                .and_then(|word| core::str::from_utf8(word.strip_suffix(b":")?).ok());
            failure.sockets.extend(port.and_then(|port| port.parse::<HostPort>().ok()));
        }
        failure
    }
}

impl EventKind<'_> {
    fn into_owned(self) -> EventKind<'static> {
        let own = |text: Option<Text<'_>>| text.map(Text::into_owned);
        match self {
            Self::Started { version, numbers } => {
                EventKind::Started { version: version.into_owned(), numbers }
            }
            Self::Opened { port } => EventKind::Opened { port },
            Self::Closing { port } => EventKind::Closing { port },
            Self::NoOpenSocket { port } => EventKind::NoOpenSocket { port },
            Self::EnsuringChains => EventKind::EnsuringChains,
            Self::Restoring(snapshot) => EventKind::Restoring(Snapshot {
                family: snapshot.family,
                rules: snapshot.rules.into_iter().map(Rule::into_owned).collect(),
                removed: snapshot.removed.into_iter().map(Text::into_owned).collect(),
            }),
            Self::RestoringCut { family, new } => EventKind::RestoringCut { family, new },
            Self::SocketCut => EventKind::SocketCut,
            Self::Cut => EventKind::Cut,
            Self::ConntrackCleared { family, from_133 } => {
                EventKind::ConntrackCleared { family, from_133 }
            }
            Self::SandboxStarting { request, pod } => {
                EventKind::SandboxStarting { request: own(request), pod: pod.into_owned() }
            }
            Self::SandboxStarted { request, sandbox, pod } => EventKind::SandboxStarted {
                request: own(request),
                sandbox: sandbox.into_owned(),
                pod: pod.into_owned(),
            },
            Self::NetworkStopping { request, sandbox } => {
                EventKind::NetworkStopping { request: own(request), sandbox: sandbox.into_owned() }
            }
            Self::CleaningUp { request, network } => {
                EventKind::CleaningUp { request: own(request), network }
            }
            Self::SandboxStopping { request, sandbox } => {
                EventKind::SandboxStopping { request: own(request), sandbox: sandbox.into_owned() }
            }
            Self::SandboxStopped { request } => EventKind::SandboxStopped { request: own(request) },
            Self::RemovalFailed { request, pod, failure } => {
                EventKind::RemovalFailed { request: own(request), pod: pod.into_owned(), failure }
            }
            Self::CleanUpFailed { port } => EventKind::CleanUpFailed { port },
            Self::HostPortsDisabled => EventKind::HostPortsDisabled,
            Self::NoIptables { family } => EventKind::NoIptables { family },
            Self::Ordinary => EventKind::Ordinary,
        }
    }
}

impl Rule<'_> {
    /// The same rule, no longer bound to the input.
    #[must_use]
    pub fn into_owned(self) -> Rule<'static> {
        Rule {
            chain: self.chain.into_owned(),
            port: self.port,
            host_ip: self.host_ip,
            target: self.target.into_owned(),
            pod: self.pod.into_owned(),
            new: self.new,
        }
    }
}
