//! State that outlives the process.

use super::auditor::Auditor;

/// The version of the saved form. It changes whenever a state saved before can no longer be read.
pub const SCHEMA_VERSION: u32 = 2;

/// An auditor with the version of its form, to be serialized and loaded again.
///
/// ```
/// # #[cfg(feature = "serde")] {
/// use hostport_audit::{Auditor, Saved};
///
/// let text = serde_json::to_string(&Saved::new(Auditor::new())).unwrap();
/// let saved: Saved = serde_json::from_str(&text).unwrap();
/// assert_eq!(saved.into_auditor().unwrap(), Auditor::new());
/// # }
/// ```
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Saved {
    schema_version: u32,
    auditor: Auditor,
}

/// A state saved by a version of the crate whose form this one does not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[error("saved in form {found}, this version reads form {SCHEMA_VERSION}")]
pub struct LoadError {
    /// The form it was saved in.
    found: u32,
}

impl LoadError {
    /// The form it was saved in.
    #[must_use]
    pub const fn found(&self) -> u32 {
        self.found
    }
}

impl Saved {
    /// The state of an auditor at this moment, unfinished lines and records included.
    #[must_use]
    pub const fn new(auditor: Auditor) -> Self {
        Self { schema_version: SCHEMA_VERSION, auditor }
    }

    /// The auditor, ready to go on.
    ///
    /// # Errors
    /// [`LoadError`] if it was saved in another form.
    pub fn into_auditor(self) -> Result<Auditor, LoadError> {
        if self.schema_version == SCHEMA_VERSION {
            Ok(self.auditor)
        } else {
            Err(LoadError { found: self.schema_version })
        }
    }
}
