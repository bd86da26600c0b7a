//! The ruleset of nftables as `nft list ruleset` prints it (nft 1.0.6).
//!
//! | form | what differs |
//! |---|---|
//! | plain, `-a` | `-a` adds the handle of each rule, chain, set and table |
//! | `-s` | without the numbers of counters and without the time that is left of timeouts |
//! | `-nn` | numbers for names: `6 . 8080` for `tcp . 8080`, `-100` for `dstnat` |
//! | `-t` | without the elements of named sets and maps: the same text as if they were empty |
//! | `-S` | ports by the names of `/etc/services`: `tcp . "http-alt"` |
//! | `-j` | JSON, read by [`Ruleset::parse_json`] |
//!
//! All are read into one [`Ruleset`], the rules of the JSON form as the text that the other forms
//! would show. A terse listing (`-t`) cannot be told from one of empty sets, see
//! [`Ruleset::shows_elements`].
//!
//! nft escapes nothing in a comment, so a comment may hold braces, commas, colons and
//! `# handle 9`; quoted text is read first. A text that was cut is refused. Only a cut right behind
//! the last line of a table leaves a text that nft could have printed.

mod expression;
mod json;
mod parts;
mod read;
mod statement;

pub use parts::{
    Chain, Element, Hook, Other, Rule, Set, Table, TableFamily, TableName, Token, Tokens,
};
pub(crate) use read::{flags, set};

use crate::error::ParseError;
use crate::grammar::nft::listing;
use alloc::vec::Vec;

/// All tables of the kernel in one network namespace.
///
/// ```
/// use hostport_audit::record::checkpoint::nft::Ruleset;
///
/// let text = b"table ip crio-hostports {
/// \tmap hostports {
/// \t\ttype inet_proto . inet_service : ipv4_addr . inet_service
/// \t\telements = { tcp . 8080 comment \"TBMLCPKPXE24TIHZ\" : 10.42.0.7 . 80 }
/// \t}
/// }
/// ";
/// let ruleset = Ruleset::parse(text)?;
/// let element = &ruleset.tables[0].sets[0].elements[0];
/// assert_eq!(element.key, "tcp . 8080");
/// assert_eq!(element.data.as_ref().unwrap(), &"10.42.0.7 . 80");
///
/// let cut = Ruleset::parse(&text[..text.len() - 2]).unwrap_err();
/// assert_eq!(cut.line_in(text), 6);
/// # Ok::<(), hostport_audit::ParseError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ruleset<'a> {
    /// The tables in the order of the listing.
    pub tables: Vec<Table<'a>>,
}

impl<'a> Ruleset<'a> {
    /// Reads what `nft list ruleset` prints, with any of `-a`, `-s`, `-n`, `-nn`, `-t`, `-S`. The
    /// empty text is an empty ruleset.
    ///
    /// # Errors
    /// The first byte that nft does not print there, or the end of a text that was cut.
    /// [`ParseError::line_in`] tells its line.
    pub fn parse(text: &'a [u8]) -> Result<Self, ParseError> {
        let tables = listing::ruleset(text).map_err(|error| error.quoting(text))?;
        Ok(Self { tables: tables.into_iter().map(Table::from).collect() })
    }

    /// Reads what `nft -j list ruleset` prints.
    ///
    /// ```
    /// use hostport_audit::record::checkpoint::nft::Ruleset;
    ///
    /// let text = br#"{"nftables": [{"metainfo": {"version": "1.0.6", "json_schema_version": 1}},
    ///     {"table": {"family": "ip", "name": "t", "handle": 1}},
    ///     {"chain": {"family": "ip", "table": "t", "name": "c", "handle": 2}},
    ///     {"rule": {"family": "ip", "table": "t", "chain": "c", "handle": 3, "expr": [
    ///         {"match": {"op": "==", "left": {"payload": {"protocol": "tcp", "field": "dport"}},
    ///             "right": 80}}, {"drop": null}]}}]}"#;
    /// let ruleset = Ruleset::parse_json(text)?;
    /// assert_eq!(ruleset.tables[0].chains[0].rules[0].text, "tcp dport 80 drop");
    /// # Ok::<(), hostport_audit::ParseError>(())
    /// ```
    ///
    /// # Errors
    /// A text that is not JSON or was cut, or an object that lacks what each of its kind has.
    pub fn parse_json(text: &'a [u8]) -> Result<Self, ParseError> {
        json::ruleset(text).map_err(|error| error.quoting(text))
    }

    /// True if an element of a named set or map is shown, which a terse listing never does.
    ///
    /// Where it is false, each set without elements may have some in the kernel. Anonymous sets are
    /// parts of rules, which a terse listing prints whole.
    #[must_use]
    pub fn shows_elements(&self) -> bool {
        self.tables.iter().flat_map(|table| &table.sets).any(|set| !set.elements.is_empty())
    }

    /// The table with this family and name.
    #[must_use]
    pub fn table(&self, family: TableFamily, name: &[u8]) -> Option<&Table<'a>> {
        self.tables.iter().find(|table| table.name.family == family && table.name.name == *name)
    }
}
