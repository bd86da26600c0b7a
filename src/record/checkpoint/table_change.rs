//! Records of the kernel's audit that a table of the packet filter changed (`NETFILTER_CFG`, Linux
//! 5.13 to 6.x).

use crate::error::{ErrorKind, ParseError};
use crate::grammar::audit::{self as grammar, Command};
use crate::grammar::error::all;
use crate::record::Reading;
use crate::text::Text;
use alloc::vec::Vec;
use core::fmt;

/// Which packets a table sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum TableFamily {
    /// `inet`: IP version 4 and 6.
    Inet,
    /// `ip`: version 4.
    Ip,
    /// `arp`.
    Arp,
    /// `netdev`: all packets of a device.
    Netdev,
    /// `bridge`.
    Bridge,
    /// `ip6`: version 6.
    Ip6,
    /// Another, by its number.
    Other(u8),
}

impl TableFamily {
    const fn of(number: u8) -> Self {
        match number {
            1 => Self::Inet,
            2 => Self::Ip,
            3 => Self::Arp,
            5 => Self::Netdev,
            7 => Self::Bridge,
            10 => Self::Ip6,
            other => Self::Other(other),
        }
    }
}

impl fmt::Display for TableFamily {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Inet => f.pad("inet"),
            Self::Ip => f.pad("ip"),
            Self::Arp => f.pad("arp"),
            Self::Netdev => f.pad("netdev"),
            Self::Bridge => f.pad("bridge"),
            Self::Ip6 => f.pad("ip6"),
            Self::Other(number) => write!(f, "family {number}"),
        }
    }
}

/// When a record was written, by the clock of the machine; the records of one event have the same
/// number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub struct AuditMoment {
    /// Seconds since 1970.
    pub seconds: u64,
    /// Thousandths of a second.
    pub milliseconds: u16,
    /// The number of the event since the machine was started.
    pub number: u64,
}

/// A table changed: from here on what a listing said of it is old.
///
/// The kernel writes one record a table and transaction, with the number of objects and the first
/// operation. It tells no port. The generation is the one that `nft monitor` prints behind the
/// transaction, so it says whether a listing came before or after.
///
/// ```
/// use hostport_audit::record::Reading;
/// use hostport_audit::record::checkpoint::table_change::{TableChange, TableFamily};
///
/// let line = br#"type=NETFILTER_CFG msg=audit(1795604719.385:2): table=crio-hostports:2 family=2 entries=15 op=nft_register_chain pid=12763 comm="nft""#;
/// let Reading::Record(change) = TableChange::parse(line) else { panic!("a record") };
/// assert_eq!((change.family(), change.generation()), (TableFamily::Ip, Some(2)));
/// assert_eq!(change.table(), "crio-hostports");
/// assert_eq!(change.command().unwrap(), "nft");
/// assert_eq!(TableChange::parse(b"type=SYSCALL msg=audit(1.000:2): arch=c000003e"), Reading::Unrelated);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TableChange<'a> {
    moment: Option<AuditMoment>,
    family: TableFamily,
    table: Text<'a>,
    generation: Option<u64>,
    entries: u64,
    operation: Text<'a>,
    pid: Option<u32>,
    command: Option<Text<'a>>,
}

impl<'a> TableChange<'a> {
    /// Reads a line without its line end: of auditd's file, of the kernel's messages (`audit:
    /// type=1325 ...`, with or without the kernel's clock before it), or the message that journald
    /// made of a record.
    ///
    /// A record of another type is unrelated. One with other fields, as kernels of 5.8 to 5.12
    /// print them, or a cut one, is malformed.
    #[must_use]
    pub fn parse(line: &'a [u8]) -> Reading<Self> {
        let Ok((rest, moment)) = grammar::start(line) else { return Reading::Unrelated };
        let at = line.len().saturating_sub(rest.len());
        let read = all(rest, |input| grammar::fields(moment, input));
        let record = match read {
            Ok(record) => record,
            Err(error) => return Reading::Malformed(error.shifted(at).quoting(line)),
        };
        if record.generation.is_none() && record.operation.starts_with(b"nft_") {
            let error = ParseError::new(ErrorKind::Message, at, "table=NAME:GENERATION");
            return Reading::Malformed(error.quoting(line));
        }
        let moment = record.moment.map(|(seconds, milliseconds, number)| AuditMoment {
            seconds,
            milliseconds,
            number,
        });
        Reading::Record(Self {
            moment,
            family: TableFamily::of(record.family),
            table: Text::borrowed(record.table),
            generation: record.generation,
            entries: record.entries,
            operation: Text::borrowed(record.operation),
            pid: record.pid,
            command: record.command.map(command),
        })
    }

    /// When; `None` in a message of journald, which has the time itself.
    #[must_use]
    pub const fn moment(&self) -> Option<AuditMoment> {
        self.moment
    }

    /// The family of the table.
    #[must_use]
    pub const fn family(&self) -> TableFamily {
        self.family
    }

    /// The name of the table.
    #[must_use]
    pub const fn table(&self) -> &Text<'a> {
        &self.table
    }

    /// The generation of the rules; the older interface of iptables has none.
    #[must_use]
    pub const fn generation(&self) -> Option<u64> {
        self.generation
    }

    /// How many objects the transaction touched.
    #[must_use]
    pub const fn entries(&self) -> u64 {
        self.entries
    }

    /// The first operation, such as `nft_register_chain` or `xt_replace`.
    #[must_use]
    pub const fn operation(&self) -> &Text<'a> {
        &self.operation
    }

    /// The process.
    #[must_use]
    pub const fn pid(&self) -> Option<u32> {
        self.pid
    }

    /// The name of the command: `nft` also for CRI-O and OVN-Kubernetes, which run it.
    #[must_use]
    pub const fn command(&self) -> Option<&Text<'a>> {
        self.command.as_ref()
    }

    /// The same record, no longer bound to the line.
    #[must_use]
    pub fn into_owned(self) -> TableChange<'static> {
        TableChange {
            moment: self.moment,
            family: self.family,
            table: self.table.into_owned(),
            generation: self.generation,
            entries: self.entries,
            operation: self.operation.into_owned(),
            pid: self.pid,
            command: self.command.map(Text::into_owned),
        }
    }
}

fn command(command: Command<'_>) -> Text<'_> {
    let digits = match command {
        Command::Plain(name) => return Text::borrowed(name),
        Command::Hex(digits) => digits,
    };
    let byte = |pair: &[u8]| u8::from_str_radix(core::str::from_utf8(pair).ok()?, 16).ok();
    let bytes: Option<Vec<u8>> = digits.chunks(2).map(byte).collect();
    bytes.filter(|_| digits.len().is_multiple_of(2)).map_or(Text::borrowed(digits), Text::from)
}
