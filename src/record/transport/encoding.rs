//! Inputs that are no lines of text as they stand, told by their first bytes.

use core::fmt;

/// What an input is if its lines cannot be read as they stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum Encoding {
    /// Text of two bytes a character, as PowerShell's `>` writes it.
    Utf16,
    /// What `gzip` writes: `journal.log.gz`.
    Gzip,
    /// What `xz` writes.
    Xz,
    /// What `zstd` writes.
    Zstd,
    /// What `bzip2` writes.
    Bzip2,
    /// What `zip` writes.
    Zip,
    /// A file of the journal itself, which `journalctl --file` prints.
    Journal,
}

impl Encoding {
    /// What the first bytes of an input show; `None` for bytes that may be lines of text.
    ///
    /// ```
    /// use hostport_audit::record::transport::Encoding;
    ///
    /// assert_eq!(Encoding::of(b"\x1f\x8b\x08\x00"), Some(Encoding::Gzip));
    /// assert_eq!(Encoding::of(b"Jun 25 16:24:11 rhel92 crio[77216]: x"), None);
    /// ```
    #[must_use]
    pub fn of(bytes: &[u8]) -> Option<Self> {
        const MAGIC: [(&[u8], Encoding); 8] = [
            (b"\x1f\x8b", Encoding::Gzip),
            (b"\xfd7zXZ\x00", Encoding::Xz),
            (b"\x28\xb5\x2f\xfd", Encoding::Zstd),
            (b"BZh", Encoding::Bzip2),
            (b"PK\x03\x04", Encoding::Zip),
            (b"LPKSHHRH", Encoding::Journal),
            (b"\xff\xfe", Encoding::Utf16),
            (b"\xfe\xff", Encoding::Utf16),
        ];
        let magic = MAGIC.iter().find(|(first, _)| bytes.starts_with(first));
        magic.map(|(_, encoding)| *encoding).or_else(|| {
            /// Pairs that must all have their NUL at the same side.
            const PAIRS: usize = 8;
            let head = bytes.get(..PAIRS.saturating_mul(2))?;
            let nul_at = |side: usize| {
                head.chunks_exact(2).all(|pair| {
                    let other = 1usize.saturating_sub(side);
                    pair.get(side) == Some(&0) && pair.get(other).is_some_and(|b| *b != 0)
                })
            };
            (nul_at(0) || nul_at(1)).then_some(Self::Utf16)
        })
    }

    /// The name used in reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Utf16 => "UTF-16 text",
            Self::Gzip => "gzip data",
            Self::Xz => "xz data",
            Self::Zstd => "zstd data",
            Self::Bzip2 => "bzip2 data",
            Self::Zip => "a zip archive",
            Self::Journal => "a journal file, not journalctl's output",
        }
    }
}

impl fmt::Display for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
