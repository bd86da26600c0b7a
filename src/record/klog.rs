//! klog lines: header, message, structured values.

use super::ovnkube::Message;
use super::reading::Reading;
use super::structured::Structured;
use crate::error::ParseError;
use crate::grammar::{error, json, klog, ovnkube};
use crate::stamp::Stamp;
use crate::text::Text;
use core::fmt;
use time::OffsetDateTime;

/// How grave a klog record is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
pub enum Severity {
    /// `I`
    Info,
    /// `W`
    Warning,
    /// `E`
    Error,
    /// `F`
    Fatal,
}

/// The header of a klog line: `I0625 09:07:00.992980 2118395 iptables.go:27] `.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Header<'a> {
    severity: Severity,
    stamp: Option<Stamp>,
    pid: u32,
    file: Text<'a>,
    line: u32,
}

impl Header<'_> {
    /// How grave it is.
    #[must_use]
    pub const fn severity(&self) -> Severity {
        self.severity
    }

    /// The time, in the local time of the program, without year and offset; `None` for a day or
    /// time that does not exist.
    #[must_use]
    pub const fn stamp(&self) -> Option<Stamp> {
        self.stamp
    }

    /// The process; klog prints seven columns, so of a longer number only the low seven digits.
    #[must_use]
    pub const fn pid(&self) -> u32 {
        self.pid
    }

    /// The source file: its base name, with `--add_dir_header` its folder too, or `???`.
    #[must_use]
    pub const fn file(&self) -> &Text<'_> {
        &self.file
    }

    /// The line in the source file.
    #[must_use]
    pub const fn line(&self) -> u32 {
        self.line
    }

    fn into_owned(self) -> Header<'static> {
        Header {
            severity: self.severity,
            stamp: self.stamp,
            pid: self.pid,
            file: self.file.into_owned(),
            line: self.line,
        }
    }
}

/// Where the text of a record comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Form {
    /// A line with klog's header.
    Header,
    /// A line that has lost its header, or never had one (`--skip_headers`), and stands alone.
    NoHeader,
    /// A line without header behind a record that may have had several lines: it may belong to that
    /// record's text.
    Continuation,
    /// component-base's JSON format.
    Json,
    /// A line of the script that starts ovnkube.
    Script,
    /// The first lines of a klog file: `Log file created at: 2023/06/25 09:07:00` and the three
    /// behind it.
    Preamble,
}

/// A klog record, or one line of it.
///
/// ```
/// use hostport_audit::record::klog::{Record, Severity};
/// use hostport_audit::record::ovnkube::Message;
///
/// let line = b"I0625 09:07:00.992980 2118395 iptables.go:27] Adding rule in table: nat, chain: OVN-KUBE-NODEPORT with args: \
///              \"-p TCP --dport 32718 -j DNAT --to-destination 10.96.178.142:8081\" for protocol: 0 ";
/// let record = Record::parse(line)?.expect("a klog line");
/// assert_eq!(record.header().map(|h| h.pid()), Some(2118395));
/// assert!(matches!(record.ovnkube(), Some(Message::Adding(_))));
/// assert_eq!(record.as_bytes(), line);
/// # Ok::<(), hostport_audit::ParseError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Record<'a> {
    raw: Text<'a>,
    form: Form,
    header: Option<Header<'a>>,
    stamp: Option<Stamp>,
    message: Text<'a>,
    ovnkube: Option<Message<'a>>,
}

impl<'a> Record<'a> {
    /// Reads a whole record, which may have several lines: `None` if it begins with neither a
    /// header, nor JSON, nor a preamble, nor the words of an ovnkube message.
    ///
    /// # Errors
    /// The beginning is that of such a record, and what follows is broken.
    pub fn parse(bytes: &'a [u8]) -> Result<Option<Self>, ParseError> {
        if let Some(record) = Self::with_header(bytes)? {
            return Ok(Some(record));
        }
        if let Some(record) = Self::special(bytes)? {
            return Ok(Some(record));
        }
        Ok(Message::parse(bytes)?.map(|message| Self::bare(bytes, Form::NoHeader, message)))
    }

    fn with_header(bytes: &'a [u8]) -> Result<Option<Self>, ParseError> {
        if !klog::looks_like_header(bytes) {
            return Ok(None);
        }
        if let Ok((_, (stamp, _))) = klog::script_line(bytes) {
            return Ok(Some(Self::plain(bytes, Form::Script, stamp)));
        }
        let (text, raw) = klog::header(bytes).map_err(|e| error::public(bytes, e))?;
        let severity = match raw.severity {
            b'W' => Severity::Warning,
            b'E' => Severity::Error,
            b'F' => Severity::Fatal,
            _ => Severity::Info,
        };
        let header = Header {
            severity,
            stamp: raw.stamp,
            pid: raw.pid,
            file: raw.file.into(),
            line: raw.line,
        };
        let ovnkube =
            Message::parse(text).map_err(|e| e.shifted(bytes.len().saturating_sub(text.len())))?;
        let (raw_text, message) = (bytes.into(), text.into());
        Ok(Some(Self {
            raw: raw_text,
            form: Form::Header,
            stamp: header.stamp,
            header: Some(header),
            message,
            ovnkube,
        }))
    }

    fn special(bytes: &'a [u8]) -> Result<Option<Self>, ParseError> {
        match bytes.first() {
            Some(b'{') => Ok(Self::json(bytes)),
            Some(b'L') => {
                if let Some(behind) = bytes.strip_prefix(b"Log file created at: ") {
                    let at = bytes.len().saturating_sub(behind.len());
                    let stamp = error::all(behind, klog::created_at).map_err(|e| e.shifted(at))?;
                    return Ok(Some(Self::plain(bytes, Form::Preamble, Some(stamp))));
                }
                Ok(bytes
                    .starts_with(b"Log line format: [IWEF]")
                    .then(|| Self::plain(bytes, Form::Preamble, None)))
            }
            Some(b'R') if bytes.starts_with(b"Running on machine: ") => {
                Ok(Some(Self::plain(bytes, Form::Preamble, None)))
            }
            Some(b'B') if bytes.starts_with(b"Binary: Built with ") => {
                Ok(Some(Self::plain(bytes, Form::Preamble, None)))
            }
            Some(b'0'..=b'9') if ovnkube::dated_script_line(bytes) => {
                Ok(Some(Self::plain(bytes, Form::Script, None)))
            }
            _ => Ok(None),
        }
    }

    /// One object a line with at least `ts` and `msg`; anything else is not this format.
    fn json(bytes: &'a [u8]) -> Option<Self> {
        let mut stamp = None;
        let mut message = None;
        for field in json::Fields::new(bytes) {
            let field = field.ok()?;
            match (field.key.as_bytes(), field.value) {
                (b"ts", json::Value::Number(digits)) => stamp = Some(milliseconds(digits)?),
                (b"msg", json::Value::String(text)) => message = Some(text),
                _ => {}
            }
        }
        let (stamp, message) = (stamp?, message?);
        Some(Self {
            raw: bytes.into(),
            form: Form::Json,
            header: None,
            stamp: Some(stamp),
            message,
            ovnkube: None,
        })
    }

    fn plain(bytes: &'a [u8], form: Form, stamp: Option<Stamp>) -> Self {
        Self { raw: bytes.into(), form, header: None, stamp, message: bytes.into(), ovnkube: None }
    }

    fn bare(bytes: &'a [u8], form: Form, message: Message<'a>) -> Self {
        Self {
            raw: bytes.into(),
            form,
            header: None,
            stamp: None,
            message: bytes.into(),
            ovnkube: Some(message),
        }
    }

    /// The bytes as they stand in the log.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.raw.as_bytes()
    }

    /// Where its text comes from.
    #[must_use]
    pub const fn form(&self) -> Form {
        self.form
    }

    /// The header, if there is one.
    #[must_use]
    pub const fn header(&self) -> Option<&Header<'a>> {
        self.header.as_ref()
    }

    /// The time of the header, of the JSON object, of the script's echo, or in which the log file
    /// was opened.
    #[must_use]
    pub const fn stamp(&self) -> Option<Stamp> {
        self.stamp
    }

    /// True for a header whose day or time of day does not exist: `I1325 25:07:00.992980`.
    #[must_use]
    pub fn has_bad_time(&self) -> bool {
        self.header.as_ref().is_some_and(|header| header.stamp.is_none())
    }

    /// The message: everything behind the header, a final blank included.
    #[must_use]
    pub const fn message(&self) -> &Text<'a> {
        &self.message
    }

    /// The message as one of ovnkube's about rules, if it is one.
    #[must_use]
    pub const fn ovnkube(&self) -> Option<&Message<'a>> {
        self.ovnkube.as_ref()
    }

    /// The message as a structured one (klog's `InfoS` and `ErrorS`): quoted text and pairs.
    #[must_use]
    pub fn structured(&self) -> Option<Structured<'_>> {
        Structured::parse(self.message.as_bytes()).ok()
    }

    /// The same record, no longer bound to the input.
    #[must_use]
    pub fn into_owned(self) -> Record<'static> {
        Record {
            raw: self.raw.into_owned(),
            form: self.form,
            header: self.header.map(Header::into_owned),
            stamp: self.stamp,
            message: self.message.into_owned(),
            ovnkube: self.ovnkube.map(Message::into_owned),
        }
    }
}

impl fmt::Display for Record<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.raw, f)
    }
}

/// Milliseconds since 1970, with up to six decimals, as component-base's JSON format prints its
/// time.
fn milliseconds(digits: &[u8]) -> Option<Stamp> {
    let text = core::str::from_utf8(digits).ok()?;
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    let mut nanos = whole.parse::<i128>().ok()?.checked_mul(1_000_000)?;
    let mut unit = 100_000i128;
    for digit in decimals.bytes().take(6) {
        nanos = nanos.checked_add(i128::from(digit.checked_sub(b'0')?).checked_mul(unit)?)?;
        unit /= 10;
    }
    OffsetDateTime::from_unix_timestamp_nanos(nanos).ok().map(Stamp::Instant)
}

/// Reads the lines of one program's klog output, one at a time and in order.
///
/// Each line is given out at once; nothing is held back, so nothing grows. A line with a header
/// begins a record, and a line without one continues the record before it, with these exceptions:
///
/// - The words of an ovnkube message at the beginning of a header-less line make it a record of its
///   own where no record is open: before the first header, and behind a record whose format ends
///   with its line (`Adding rule in table: ...`).
/// - Behind any other record such a line may be a record that lost its header, or a line of that
///   record's text. It comes as [`Reading::Continuation`] with a record of [`Form::Continuation`],
///   which proves nothing by itself.
/// - Failures (`failed to add iptables ...`) count in every line of a record; iptables' own line
///   ends make such records multi-line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Reader {
    open: Open,
}

/// What a line without header can be.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
enum Open {
    /// No record has been seen.
    #[default]
    Nothing,
    /// The record before it ended with its line.
    Closed,
    /// The record before it may go on.
    Record,
}

impl Reader {
    /// A reader that has seen nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads the next line, its transport's prefix already taken off.
    pub fn read<'a>(&mut self, message: &'a [u8]) -> Reading<Record<'a>> {
        match Record::with_header(message) {
            Err(error) => {
                self.open = Open::Nothing;
                return Reading::Malformed(error);
            }
            Ok(Some(record)) => {
                let ended = record.form == Form::Script
                    || record.ovnkube.as_ref().is_some_and(Message::is_one_line);
                self.open = if ended { Open::Closed } else { Open::Record };
                return Reading::Record(record);
            }
            Ok(None) => {}
        }
        if self.open == Open::Record {
            return self.continuation(message);
        }
        match Record::parse(message) {
            Ok(Some(record)) => Reading::Record(record),
            Ok(None) => Reading::Unrelated,
            Err(error) => Reading::Malformed(error),
        }
    }

    fn continuation<'a>(&mut self, line: &'a [u8]) -> Reading<Record<'a>> {
        if let Ok(Some(record)) = Record::special(line) {
            self.open = Open::Nothing;
            return Reading::Record(record);
        }
        match Message::parse(line) {
            Ok(Some(message)) => {
                Reading::Continuation(Some(Record::bare(line, Form::Continuation, message)))
            }
            Ok(None) | Err(_) => Reading::Continuation(None),
        }
    }

    /// Forgets the record that may be open: the stream ended, or lines of it are missing.
    pub fn finish(&mut self) {
        self.open = Open::Nothing;
    }

    /// True if the next line without header would not count as part of a record before it.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.open != Open::Record
    }
}
