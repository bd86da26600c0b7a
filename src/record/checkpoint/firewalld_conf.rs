//! `/etc/firewalld/firewalld.conf` (firewalld 0.6 to 2.5).

use super::Refused;
use super::lines::lines;
use crate::error::{ErrorKind, ParseError};
use crate::text::Text;
use alloc::vec::Vec;

/// The keys that firewalld 2.5.0 and its forerunners know.
const KEYS: [&str; 18] = [
    "DefaultZone",
    "MinimalMark",
    "CleanupOnExit",
    "CleanupModulesOnExit",
    "IPv6_rpfilter",
    "IndividualCalls",
    "LogDenied",
    "AutomaticHelpers",
    "FirewallBackend",
    "FlushAllOnReload",
    "ReloadPolicy",
    "RFC3964_IPv4",
    "AllowZoneDrifting",
    "NftablesFlowtable",
    "NftablesCounters",
    "NftablesTableOwner",
    "StrictForwardPorts",
    "Lockdown",
];

/// The settings of firewalld's main file, read as firewalld reads it.
///
/// Of a key that stands twice the first one counts. Lines that are no setting are passed over and
/// counted. A key that is missing has firewalld's default, which differs by version: it is told as
/// `None`, except where all versions agree.
///
/// The file tells what firewalld will do when it is started or reloaded next, and what it does now
/// only if it was not edited since.
///
/// ```
/// use hostport_audit::record::checkpoint::firewalld_conf::FirewalldConf;
///
/// let conf = FirewalldConf::parse(b"# the default zone\nDefaultZone=public\nStrictForwardPorts=no\n")?;
/// assert_eq!(conf.default_zone(), "public");
/// assert!(!conf.strict_forward_ports());
/// assert_eq!(conf.get("FirewallBackend"), None);
/// # Ok::<(), hostport_audit::record::checkpoint::Refused>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FirewalldConf<'a> {
    settings: Vec<(&'static str, Text<'a>)>,
    passed_over: usize,
    is_cut: bool,
}

impl<'a> FirewalldConf<'a> {
    /// Reads the file.
    ///
    /// # Errors
    /// A text with lines of which none is a setting: another file.
    pub fn parse(text: &'a [u8]) -> Result<Self, Refused> {
        let mut conf = Self::default();
        let mut first_stray = None;
        for line in lines(text) {
            let bytes = line.bytes.trim_ascii();
            conf.is_cut = !line.ended;
            if matches!(bytes, [] | [b'#' | b';', ..]) {
                continue;
            }
            match setting(bytes) {
                // Of a value without its line end a part may be missing.
                Some(_) if !line.ended => {}
                Some((key, value)) if conf.get(key).is_none() => {
                    conf.settings.push((key, Text::borrowed(value)));
                }
                _ => {
                    conf.passed_over = conf.passed_over.saturating_add(1);
                    first_stray = first_stray.or(Some(line.at));
                }
            }
        }
        match first_stray {
            Some(at) if conf.settings.is_empty() => {
                let error = ParseError::new(ErrorKind::Message, at, "a setting of firewalld");
                Err(Refused::of(text, error))
            }
            _ => Ok(conf),
        }
    }

    /// The value of a key, if it is there.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Text<'a>> {
        self.settings.iter().find(|(own, _)| *own == key).map(|(_, value)| value)
    }

    /// The settings in order.
    pub fn settings(&self) -> impl Iterator<Item = (&'static str, &Text<'a>)> {
        self.settings.iter().map(|(key, value)| (*key, value))
    }

    /// The zone of interfaces and sources that are in none: `public` if the file names none.
    #[must_use]
    pub fn default_zone(&self) -> Text<'_> {
        self.get("DefaultZone").map_or(Text::from("public"), Text::reborrow)
    }

    /// Whether ports that other programs map (DNAT) are shut unless a zone has a forward-port of
    /// that number (firewalld 2.3.0 and later; before it no value has any effect).
    #[must_use]
    pub fn strict_forward_ports(&self) -> bool {
        // Any other text than these two switches it on.
        self.get("StrictForwardPorts").is_some_and(|value| !is_one_of(value, &["no", "false"]))
    }

    /// Whether rules are changed one by one. The debug log has other lines then.
    #[must_use]
    pub fn individual_calls(&self) -> bool {
        self.get("IndividualCalls").is_some_and(|value| is_one_of(value, &["yes", "true"]))
    }

    /// Whether the rules go when firewalld is stopped.
    #[must_use]
    pub fn cleanup_on_exit(&self) -> bool {
        !self.get("CleanupOnExit").is_some_and(|value| is_one_of(value, &["no", "false"]))
    }

    /// Whether a reload takes runtime changes away, interfaces apart. Unknown values count as yes,
    /// as in firewalld.
    #[must_use]
    pub fn flush_all_on_reload(&self) -> bool {
        !self.get("FlushAllOnReload").is_some_and(|value| is_one_of(value, &["no", "false"]))
    }

    /// `nftables` or `iptables`; `None` if the file names none, then it depends on the version.
    #[must_use]
    pub fn backend(&self) -> Option<&Text<'a>> {
        self.get("FirewallBackend")
    }

    /// How many lines are no setting, or one of a key that was there before.
    #[must_use]
    pub const fn passed_over(&self) -> usize {
        self.passed_over
    }

    /// True if the text ends inside a line, so settings may be missing.
    #[must_use]
    pub const fn is_cut(&self) -> bool {
        self.is_cut
    }

    /// The same settings, no longer bound to the text.
    #[must_use]
    pub fn into_owned(self) -> FirewalldConf<'static> {
        let own = |(key, value): (&'static str, Text<'a>)| (key, value.into_owned());
        FirewalldConf {
            settings: self.settings.into_iter().map(own).collect(),
            passed_over: self.passed_over,
            is_cut: self.is_cut,
        }
    }
}

/// `KEY=VALUE` with exactly one equals sign, blanks around either, and a value.
fn setting(line: &[u8]) -> Option<(&'static str, &[u8])> {
    let mut parts = line.split(|&b| b == b'=').map(<[u8]>::trim_ascii);
    let (key, value) = (parts.next()?, parts.next()?);
    if parts.next().is_some() || value.is_empty() {
        return None;
    }
    KEYS.into_iter().find(|known| known.as_bytes() == key).map(|known| (known, value))
}

fn is_one_of(value: &Text<'_>, words: &[&str]) -> bool {
    words.iter().any(|word| value.as_bytes().eq_ignore_ascii_case(word.as_bytes()))
}
