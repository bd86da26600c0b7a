//! What ovnkube says about iptables rules: the message behind the klog header, typed.

use super::rule::Rule;
use crate::error::ParseError;
use crate::family::Family;
use crate::grammar::logfmt;
use crate::grammar::ovnkube::{self, RawChange, RawMessage};
use crate::text::Text;

/// A message of OVN-Kubernetes (June 2020 to December 2024) about rules, chains or its own start.
///
/// The format strings did not change over these years but for the additions named here; their
/// places in the source did, so no message is recognised by `file.go:line`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Message<'a> {
    /// `Adding rule in table: nat, chain: OVN-KUBE-NODEPORT with args: "..." for protocol: 0 `:
    /// printed before the attempt.
    Adding(RuleChange<'a>),
    /// `Deleting rule in table: ...`: printed before the attempt, and even if there is no such
    /// rule.
    Deleting(RuleChange<'a>),
    /// `Ignoring processing rule in table due to filtering: ...` (from April 2024).
    Ignoring(RuleChange<'a>),
    /// `Chain: "OVN-KUBE-NODEPORT" in table: "nat" already exists, skipping creation`; the swapped
    /// names of 2020 and 2021 are put right.
    ChainExists {
        /// The table.
        table: Text<'a>,
        /// The chain.
        chain: Text<'a>,
    },
    /// `Creating table: nat chain: OUTPUT` (from April 2024).
    Creating {
        /// The table.
        table: Text<'a>,
        /// The chain.
        chain: Text<'a>,
    },
    /// `Recreating iptables rules for table: nat, chain: OVN-KUBE-ITP` (from April 2024).
    Recreating {
        /// The table.
        table: Text<'a>,
        /// The chain.
        chain: Text<'a>,
    },
    /// `Adding iptables rules: [{nat OVN-KUBE-NODEPORT [-p TCP ...] 0}] for service: ...` (2020 and
    /// 2021).
    AddingList(RuleList<'a>),
    /// `Deleting iptables rules: [...] for service: ...` (2020 and 2021).
    DeletingList(RuleList<'a>),
    /// `Default config: {MTU:...`: the first line of a process.
    DefaultConfig,
    /// `Logging config: {... Level:5 ...`: the second.
    LoggingConfig {
        /// The verbosity; rule lines are printed from 5 on.
        level: Option<u32>,
    },
    /// `Added *v1.Service event handler 1`: what was there before the start is dealt with.
    ServiceHandler,
    /// Failed changes: `failed to add iptables nat/OVN-KUBE-NODEPORT rule "...": running [...]:
    /// exit status 4: ...`.
    Failures(Failures<'a>),
}

impl<'a> Message<'a> {
    /// Reads the text behind a klog header: `None` if it is no such message.
    ///
    /// # Errors
    /// The words of such a message stand at its beginning, and what follows them is broken.
    pub fn parse(text: &'a [u8]) -> Result<Option<Self>, ParseError> {
        let Some(raw) = ovnkube::message(text) else {
            return Ok(Failures::find(text).map(Self::Failures));
        };
        let change = |raw: RawChange<'a>| {
            RuleChange::from_raw(&raw, args_offset(text)).map_err(|error| error.quoting(text))
        };
        Ok(Some(match raw? {
            RawMessage::Adding(raw) => Self::Adding(change(raw)?),
            RawMessage::Deleting(raw) => Self::Deleting(change(raw)?),
            RawMessage::Ignoring(raw) => Self::Ignoring(change(raw)?),
            RawMessage::ChainExists { table, chain } => {
                Self::ChainExists { table: table.into(), chain: chain.into() }
            }
            RawMessage::Creating { table, chain } => {
                Self::Creating { table: table.into(), chain: chain.into() }
            }
            RawMessage::Recreating { table, chain } => {
                Self::Recreating { table: table.into(), chain: chain.into() }
            }
            RawMessage::List { adding: true, rules } => {
                Self::AddingList(RuleList { rules: rules.into() })
            }
            RawMessage::List { adding: false, rules } => {
                Self::DeletingList(RuleList { rules: rules.into() })
            }
            RawMessage::DefaultConfig => Self::DefaultConfig,
            RawMessage::LoggingConfig { level } => Self::LoggingConfig { level },
            RawMessage::ServiceHandler => Self::ServiceHandler,
        }))
    }

    /// True if the message's format leaves no room for further lines.
    #[must_use]
    pub const fn is_one_line(&self) -> bool {
        matches!(
            self,
            Self::Adding(_)
                | Self::Deleting(_)
                | Self::Ignoring(_)
                | Self::Creating { .. }
                | Self::Recreating { .. }
                | Self::ServiceHandler
        )
    }

    /// The same message, no longer bound to the input.
    #[must_use]
    pub fn into_owned(self) -> Message<'static> {
        match self {
            Self::Adding(change) => Message::Adding(change.into_owned()),
            Self::Deleting(change) => Message::Deleting(change.into_owned()),
            Self::Ignoring(change) => Message::Ignoring(change.into_owned()),
            Self::ChainExists { table, chain } => {
                Message::ChainExists { table: table.into_owned(), chain: chain.into_owned() }
            }
            Self::Creating { table, chain } => {
                Message::Creating { table: table.into_owned(), chain: chain.into_owned() }
            }
            Self::Recreating { table, chain } => {
                Message::Recreating { table: table.into_owned(), chain: chain.into_owned() }
            }
            Self::AddingList(list) => {
                Message::AddingList(RuleList { rules: list.rules.into_owned() })
            }
            Self::DeletingList(list) => {
                Message::DeletingList(RuleList { rules: list.rules.into_owned() })
            }
            Self::DefaultConfig => Message::DefaultConfig,
            Self::LoggingConfig { level } => Message::LoggingConfig { level },
            Self::ServiceHandler => Message::ServiceHandler,
            Self::Failures(failures) => Message::Failures(Failures {
                text: failures.text.into_owned(),
                beginning: failures.beginning,
            }),
        }
    }
}

/// True if a line that is cut short or broken holds the first words of a message that changes
/// chains, unless it goes on to name a chain that does not count.
pub(crate) fn may_change_chains(line: &[u8], counts: impl Fn(&[u8], &[u8]) -> bool) -> bool {
    match ovnkube::broken_change(line) {
        Some(Some((table, chain))) => counts(table, chain),
        Some(None) => true,
        None => false,
    }
}

/// Where the arguments begin in a message: behind the first `args: "`, since no table or chain has
/// a blank in its name.
fn args_offset(text: &[u8]) -> usize {
    const BEFORE: &[u8] = b"args: \"";
    memchr::memmem::find(text, BEFORE).map_or(0, |at| at.saturating_add(BEFORE.len()))
}

/// A rule, and the chain it is put into or taken from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RuleChange<'a> {
    family: Family,
    table: Text<'a>,
    chain: Text<'a>,
    rule: Rule<'a>,
}

impl<'a> RuleChange<'a> {
    fn from_raw(raw: &RawChange<'a>, at: usize) -> Result<Self, ParseError> {
        let rule = Rule::parse(raw.args).map_err(|e| e.shifted(at))?;
        Ok(Self { family: raw.family, table: raw.table.into(), chain: raw.chain.into(), rule })
    }

    /// The family: `for protocol: 0` is IPv4, 1 is IPv6.
    #[must_use]
    pub const fn family(&self) -> Family {
        self.family
    }

    /// The table.
    #[must_use]
    pub const fn table(&self) -> &Text<'a> {
        &self.table
    }

    /// The chain.
    #[must_use]
    pub const fn chain(&self) -> &Text<'a> {
        &self.chain
    }

    /// The rule.
    #[must_use]
    pub const fn rule(&self) -> &Rule<'a> {
        &self.rule
    }

    /// The same, no longer bound to the input.
    #[must_use]
    pub fn into_owned(self) -> RuleChange<'static> {
        RuleChange {
            family: self.family,
            table: self.table.into_owned(),
            chain: self.chain.into_owned(),
            rule: self.rule.into_owned(),
        }
    }
}

/// The rules that ovnkube of 2020 and 2021 lists before it changes them one by one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RuleList<'a> {
    rules: Text<'a>,
}

impl RuleList<'_> {
    /// The rules in order, up to the first that cannot be read.
    pub fn changes(&self) -> impl Iterator<Item = RuleChange<'_>> {
        let mut rest = self.rules.as_bytes();
        core::iter::from_fn(move || {
            let (behind, raw) = ovnkube::next_in_list(rest)?;
            rest = behind;
            RuleChange::from_raw(&raw, 0).ok()
        })
    }
}

/// The failed changes that a message tells of, each by its own words.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Failures<'a> {
    text: Text<'a>,
    beginning: bool,
}

impl<'a> Failures<'a> {
    fn find(text: &'a [u8]) -> Option<Self> {
        let failures = Self { text: text.into(), beginning: true };
        ovnkube::next_failure(text, true).is_some().then_some(failures)
    }

    /// The failed changes in order.
    pub fn iter(&self) -> impl Iterator<Item = Failure<'_>> {
        let mut rest = self.text.as_bytes();
        let mut beginning = self.beginning;
        core::iter::from_fn(move || {
            let (behind, raw) = ovnkube::next_failure(rest, beginning)?;
            rest = behind;
            beginning = false;
            Some(Failure {
                adding: raw.adding,
                family: raw.family,
                table: raw.table.into(),
                chain: raw.chain.into(),
                args: logfmt::unescape(raw.args).into(),
                reason: raw.reason.into(),
            })
        })
    }
}

/// A change that failed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Failure<'a> {
    adding: bool,
    family: Option<Family>,
    table: Text<'a>,
    chain: Text<'a>,
    args: Text<'a>,
    reason: Text<'a>,
}

impl Failure<'_> {
    /// True if the rule was to be added, false if it was to be deleted.
    #[must_use]
    pub const fn is_add(&self) -> bool {
        self.adding
    }

    /// The family, from the name of the binary (`iptables` or `ip6tables`); `None` if the error
    /// names none.
    #[must_use]
    pub const fn family(&self) -> Option<Family> {
        self.family
    }

    /// The table.
    #[must_use]
    pub const fn table(&self) -> &Text<'_> {
        &self.table
    }

    /// The chain.
    #[must_use]
    pub const fn chain(&self) -> &Text<'_> {
        &self.chain
    }

    /// The arguments of the rule, with the escapes of Go's `%q` undone; [`Rule::parse`] reads them.
    #[must_use]
    pub const fn args(&self) -> &Text<'_> {
        &self.args
    }

    /// True if the failure was that there is no such rule, so nothing was left standing.
    #[must_use]
    pub fn was_missing(&self) -> bool {
        let says = |words: &[u8]| memchr::memmem::find(self.reason.as_bytes(), words).is_some();
        !self.adding
            && (says(b"does a matching rule exist in that chain")
                || says(b"No chain/target/match by that name"))
    }
}
