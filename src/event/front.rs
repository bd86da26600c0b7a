//! What stands in front of a known message that could not be unwrapped.

use core::fmt;

/// The form of what stands in front of a known message, where it is none that is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum Front {
    /// Blanks or tabs, among lines without them.
    Indent,
    /// `> `, the mark of a quotation, among lines without it.
    Quotation,
    /// `* `, `- ` or `+ `.
    Bullet,
    /// `# `, as in front of a comment.
    Hash,
    /// `1. `, `1) `, or the number of a line.
    ListNumber,
    /// `/var/log/messages:`, among lines without a file's name.
    File,
    /// `ovnkube-node-x7k2p ovnkube-controller `: pod and container, as stern prints them.
    PodAndContainer,
    /// `ESC[31m`.
    Colour,
    /// The field of a JSON object that no known shipper writes.
    Json,
    /// Anything else.
    Other,
}

impl Front {
    /// The form in words.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Indent => "an indent",
            Self::Quotation => "a quotation mark `>`",
            Self::Bullet => "a bullet",
            Self::Hash => "a `#`",
            Self::ListNumber => "a number",
            Self::File => "a file's name",
            Self::PodAndContainer => "a pod's and a container's name",
            Self::Colour => "a colour",
            Self::Json => "a JSON object of unknown form",
            Self::Other => "text of unknown form",
        }
    }
}

impl fmt::Display for Front {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
