//! Whether a source was able to tell which ports it opened and closed.

use crate::state::crio::Speech;
use alloc::collections::BTreeSet;
use alloc::string::ToString;
use alloc::vec::Vec;
use core::fmt;

/// Why a source could tell only a part, or nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum Reason {
    /// firewalld has records, but none of them says anything about ports: debug is off, or a filter
    /// took them.
    NoPortLines,
    /// CRI-O has records, but none of them says anything about host ports: no pod asked for one, or
    /// a filter took them.
    NoHostPortLines,
    /// ovnkube has records, but none of them says anything about rules: the log level is below 5,
    /// no service asked for a rule, or a filter took them.
    NoRuleLines,
    /// CRI-O from 1.31 on prints neither openings nor closings of sockets; it holds none.
    NoSocketLinesInVersion,
    /// CRI-O from 1.33 on may use nftables, and then prints no rules.
    NoRulesOnNftables,
    /// CRI-O before 1.22 does not print its port lines to the journal.
    TooOld,
    /// CRI-O's host port manager is switched off.
    HostPortsDisabled,
    /// ovnkube prints its rules from log level 5 on, and the level is lower.
    LogLevelTooLow,
    /// Each of its lines opens or closes a port: a filter took the others, so starts and resyncs
    /// cannot be seen.
    OnlyPortLines,
    /// Lines that always go together are not all there: a filter took some.
    Filtered,
    /// There are openings, but not one closing: a filter that looks for the words of openings only
    /// takes the others.
    NoClosings,
    /// There are closings, but not one opening.
    NoOpenings,
    /// It ran without debug output for a while.
    DebugOff,
    /// Lines of it stand behind something that is no wrapping known here.
    NotUnwrapped,
    /// An input is no text that can be read: compressed, or in another encoding.
    NoText,
    /// The lines run against their own times, so their order tells nothing.
    NewestFirst,
    /// Lines were recognised and then broken.
    Malformed,
    /// Messages were cut short.
    CutMessages,
    /// The journal dropped messages.
    MessagesSuppressed,
    /// The journal lost the text of messages.
    TextLost,
    /// Lines are missing.
    LinesMissing,
    /// The clock went back, so times do not tell the order.
    ClockWentBack,
    /// A part of what is known is known only by an assumption of the caller's.
    Assumed,
    /// A limit of the caller's was reached, and something was dropped.
    LimitReached,
}

impl Reason {
    /// The reason in words.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NoPortLines => "no line about ports: debug off, or filtered",
            Self::NoHostPortLines => "no line about host ports: no pod has one, or filtered",
            Self::NoRuleLines => "no line about rules: log level below 5, no service, or filtered",
            Self::NoSocketLinesInVersion => "this version prints no socket lines",
            Self::NoRulesOnNftables => "this version prints no rules on nftables",
            Self::TooOld => "this version does not print its port lines to the journal",
            Self::HostPortsDisabled => "its host ports are switched off",
            Self::LogLevelTooLow => "log level below 5, where the rule lines are printed",
            Self::OnlyPortLines => {
                "only lines about ports, as a filter leaves them: starts cannot be seen"
            }
            Self::Filtered => "lines are missing that always go with others: filtered?",
            Self::NoClosings => "openings but not one closing: filtered?",
            Self::NoOpenings => "closings but not one opening: filtered?",
            Self::DebugOff => "debug was off for a while",
            Self::NotUnwrapped => "lines of it that could not be unwrapped",
            Self::NoText => "an input that is no readable text",
            Self::NewestFirst => "the newest line comes first",
            Self::Malformed => "broken lines",
            Self::CutMessages => "messages cut short",
            Self::MessagesSuppressed => "messages dropped by the journal",
            Self::TextLost => "texts lost by the journal",
            Self::LinesMissing => "lines missing",
            Self::ClockWentBack => "the clock went back",
            Self::Assumed => "an assumption stands in for what it cannot tell",
            Self::LimitReached => "a limit was reached",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Whether a source was able to tell which ports it opened and closed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(tag = "verdict", rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum Verdict {
    /// It tells all that it does; what it does not name open is closed as far as its state is
    /// known.
    Speaks,
    /// It tells a part.
    SpeaksPartly {
        /// What stands in the way.
        reasons: BTreeSet<Reason>,
    },
    /// It wrote lines, and could not tell anything about ports by them.
    CannotSpeak {
        /// Why.
        reasons: BTreeSet<Reason>,
    },
    /// There is not a line of it.
    Silent,
}

impl Verdict {
    /// The verdict on a source of which no line was read; it was not silent if lines of it may be
    /// there.
    pub(super) fn silent(reasons: BTreeSet<Reason>) -> Self {
        if reasons.is_empty() { Self::Silent } else { Self::CannotSpeak { reasons } }
    }

    /// True if the source told anything about ports at all.
    #[must_use]
    pub const fn speaks(&self) -> bool {
        matches!(self, Self::Speaks | Self::SpeaksPartly { .. })
    }

    /// Adds what the fold over CRI-O's log found out about what that log tells, of sockets and of
    /// rules.
    pub(super) fn hear_speech(&mut self, speeches: [Speech; 2]) {
        for speech in speeches {
            match speech {
                Speech::Filtered => self.add(Reason::OnlyPortLines),
                Speech::Nftables => self.add(Reason::NoRulesOnNftables),
                Speech::TooOld => self.add(Reason::TooOld),
                Speech::SwitchedOff => self.add(Reason::HostPortsDisabled),
                Speech::NothingToTell => self.add(Reason::NoSocketLinesInVersion),
                _ => {}
            }
        }
    }

    /// Adds what stands in the way; a source that speaks then speaks partly.
    pub(super) fn add(&mut self, reason: Reason) {
        match self {
            Self::Speaks => *self = Self::SpeaksPartly { reasons: BTreeSet::from([reason]) },
            Self::SpeaksPartly { reasons } | Self::CannotSpeak { reasons } => {
                reasons.insert(reason);
            }
            Self::Silent => {}
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |reasons: &BTreeSet<Reason>| {
            reasons.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
        };
        match self {
            Self::Speaks => f.write_str("speaks"),
            Self::SpeaksPartly { reasons } => write!(f, "speaks partly ({})", list(reasons)),
            Self::CannotSpeak { reasons } => write!(f, "cannot speak ({})", list(reasons)),
            Self::Silent => f.write_str("silent: not a line of it"),
        }
    }
}
