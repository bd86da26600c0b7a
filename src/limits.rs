//! Bounds that the caller sets on everything that can grow.

/// How much memory the crate may hold on to. What a limit drops is counted and makes the answer
/// unknown, never silent.
///
/// ```
/// use hostport_audit::Limits;
///
/// let limits = Limits { max_line: 64 * 1024, ..Limits::default() };
/// assert_eq!(limits.max_hosts, Limits::default().max_hosts);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Limits {
    /// Longest line in bytes, without its line end; what goes beyond is cut off.
    pub max_line: usize,
    /// Longest record in bytes that is joined out of several lines.
    pub max_record: usize,
    /// Most streams (host, container, pod) of which an unfinished record is held at once.
    pub max_streams: usize,
    /// Most hosts that are kept apart.
    pub max_hosts: usize,
    /// Most keys (ports, rules, zones, chains, timers) held for one source of one host.
    pub max_keys: usize,
    /// Most changes kept as history.
    pub max_history: usize,
    /// Most malformed lines of which the position and the reason are kept.
    pub max_samples: usize,
}

impl Default for Limits {
    /// Generous for a node's log: lines of 1 MiB, 65,536 keys a source, 1,024 hosts.
    fn default() -> Self {
        Self {
            max_line: 1 << 20,
            max_record: 4 << 20,
            max_streams: 1 << 10,
            max_hosts: 1 << 10,
            max_keys: 1 << 16,
            max_history: 1 << 16,
            max_samples: 16,
        }
    }
}
