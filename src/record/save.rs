//! The output of `iptables-save` and `ip6tables-save`: what the kernel holds, as a caller can state
//! it.

use super::rule::Rule;
use crate::error::{ErrorKind, ParseError};
use crate::grammar::error::all;
use crate::grammar::iptables_save::{SaveLine, whole_line};
use crate::text::Text;
use alloc::vec::Vec;

/// All chains and rules of all tables that were printed.
///
/// ```
/// use hostport_audit::record::save::Save;
///
/// let save = Save::parse(b"*nat\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -j OVN-KUBE-NODEPORT\nCOMMIT\n")?;
/// assert_eq!(save.rules().len(), 1);
/// assert!(save.has_table(b"nat"));
/// assert!(save.declares(b"nat", b"PREROUTING"));
/// # Ok::<(), hostport_audit::ParseError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Save<'a> {
    tables: Vec<Text<'a>>,
    /// Table and chain of each line `:CHAIN POLICY [COUNTERS]`.
    chains: Vec<(Text<'a>, Text<'a>)>,
    rules: Vec<SavedRule<'a>>,
}

/// A rule, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedRule<'a> {
    table: Text<'a>,
    chain: Text<'a>,
    rule: Rule<'a>,
}

impl<'a> SavedRule<'a> {
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
}

impl<'a> Save<'a> {
    /// Reads the whole output; counters and remarks are passed over.
    ///
    /// # Errors
    /// A line that iptables-save does not print, a rule outside a table, or a table without its
    /// `COMMIT`: the output was cut. The offset counts from the beginning of the output.
    pub fn parse(output: &'a [u8]) -> Result<Self, ParseError> {
        Self::read(output).map_err(|error| error.quoting(output))
    }

    fn read(output: &'a [u8]) -> Result<Self, ParseError> {
        let mut save = Self { tables: Vec::new(), chains: Vec::new(), rules: Vec::new() };
        let mut table: Option<&[u8]> = None;
        let mut at = 0usize;
        for line in output.split(|&b| b == b'\n') {
            let text = line.strip_suffix(b"\r").unwrap_or(line);
            match all(text, whole_line).map_err(|e| e.shifted(at))? {
                SaveLine::Comment => {}
                SaveLine::Chain(chain) => {
                    let table = table.ok_or(ParseError::new(ErrorKind::Message, at, "a table"))?;
                    save.chains.push((table.into(), chain.into()));
                }
                SaveLine::Table(_) if table.is_some() => {
                    return Err(ParseError::new(ErrorKind::Message, at, "COMMIT"));
                }
                SaveLine::Table(name) => table = Some(name),
                SaveLine::Commit => match table.take() {
                    Some(name) => save.tables.push(name.into()),
                    None => return Err(ParseError::new(ErrorKind::Message, at, "a table")),
                },
                SaveLine::Append { chain, args } => {
                    let Some(table) = table else {
                        return Err(ParseError::new(ErrorKind::Message, at, "a table"));
                    };
                    let before = text.len().saturating_sub(args.len());
                    let rule =
                        Rule::parse(args).map_err(|e| e.shifted(at.saturating_add(before)))?;
                    save.rules.push(SavedRule { table: table.into(), chain: chain.into(), rule });
                }
            }
            at = at.saturating_add(line.len()).saturating_add(1);
        }
        if table.is_some() {
            return Err(ParseError::new(ErrorKind::Message, output.len(), "COMMIT"));
        }
        Ok(save)
    }

    /// True if the table was printed as a whole.
    #[must_use]
    pub fn has_table(&self, name: &[u8]) -> bool {
        self.tables.iter().any(|table| *table == *name)
    }

    /// True if the chain is there, with rules or without: `:OVN-KUBE-NODEPORT - [0:0]`.
    #[must_use]
    pub fn declares(&self, table: &[u8], chain: &[u8]) -> bool {
        self.chains.iter().any(|(of, name)| *of == *table && *name == *chain)
    }

    /// The rules in order.
    #[must_use]
    pub fn rules(&self) -> &[SavedRule<'a>] {
        &self.rules
    }
}
