//! commatrix' CSV, as far as RFC 4180 goes: quoted cells, doubled quotes, line ends inside quotes,
//! CRLF.

use super::{AllowList, AllowedPort, DynamicRange};
use crate::port::{PortRange, Protocol};
use alloc::borrow::Cow;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::str::FromStr;

/// Where a list is broken, and what should stand there.
///
/// Lines and columns are counted from 1, columns in bytes.
#[derive(Debug, Clone, PartialEq, Eq, Hash, thiserror::Error)]
#[error("line {line}, column {column}: expected {expected}")]
pub struct AllowListError {
    line: u64,
    column: u64,
    expected: &'static str,
}

impl AllowListError {
    /// The line, counted from 1.
    #[must_use]
    pub const fn line(&self) -> u64 {
        self.line
    }

    /// The byte of the line, counted from 1.
    #[must_use]
    pub const fn column(&self) -> u64 {
        self.column
    }

    /// What should stand there.
    #[must_use]
    pub const fn expected(&self) -> &'static str {
        self.expected
    }
}

/// A cell, and where it begins.
struct Cell<'a> {
    text: Cow<'a, str>,
    line: u64,
    column: u64,
}

impl Cell<'_> {
    const fn broken(&self, expected: &'static str) -> AllowListError {
        AllowListError { line: self.line, column: self.column, expected }
    }

    /// The error of a part of the cell that begins some bytes behind its start.
    const fn broken_at(&self, offset: usize, expected: &'static str) -> AllowListError {
        AllowListError {
            line: self.line,
            column: self.column.saturating_add(offset as u64),
            expected,
        }
    }

    fn word(&self) -> &str {
        self.text.trim_matches([' ', '\t'])
    }
}

/// What is left to read.
struct Reader<'a> {
    rest: &'a str,
    line: u64,
    column: u64,
}

impl<'a> Reader<'a> {
    /// Takes so many bytes, which end at the border of a character.
    fn take(&mut self, bytes: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at_checked(bytes).unwrap_or((self.rest, ""));
        self.rest = rest;
        match taken.rfind('\n') {
            None => self.column = self.column.saturating_add(taken.len() as u64),
            Some(at) => {
                self.line = self.line.saturating_add(taken.matches('\n').count() as u64);
                self.column = (taken.len() as u64).saturating_sub(at as u64);
            }
        }
        taken
    }

    fn take_if(&mut self, literal: &str) -> bool {
        let found = self.rest.starts_with(literal);
        if found {
            self.take(literal.len());
        }
        found
    }

    fn take_line_end(&mut self) -> bool {
        self.take_if("\r\n") || self.take_if("\n")
    }

    /// The cells of the next line that is not empty.
    fn row(&mut self) -> Result<Option<Vec<Cell<'a>>>, AllowListError> {
        while self.take_line_end() {}
        if self.rest.is_empty() {
            return Ok(None);
        }
        let mut cells = Vec::new();
        loop {
            cells.push(self.cell()?);
            if self.rest.is_empty() || self.take_line_end() {
                return Ok(Some(cells));
            }
            if !self.take_if(",") {
                return Err(AllowListError {
                    line: self.line,
                    column: self.column,
                    expected: "a comma or the end of the line",
                });
            }
        }
    }

    fn cell(&mut self) -> Result<Cell<'a>, AllowListError> {
        let (line, column) = (self.line, self.column);
        if !self.take_if("\"") {
            let end = self.rest.find([',', '\n', '"']).unwrap_or(self.rest.len());
            let end = if self.rest.get(..end).is_some_and(|cell| cell.ends_with('\r'))
                && self.rest.get(end..).is_some_and(|rest| rest.starts_with('\n'))
            {
                end.saturating_sub(1)
            } else {
                end
            };
            return Ok(Cell { text: Cow::Borrowed(self.take(end)), line, column });
        }
        let mut text: Cow<'a, str> = Cow::Borrowed("");
        loop {
            let Some(quote) = self.rest.find('"') else {
                return Err(AllowListError { line, column, expected: "a closing quote" });
            };
            let piece = self.take(quote);
            if text.is_empty() {
                text = Cow::Borrowed(piece)
            } else {
                text.to_mut().push_str(piece)
            }
            self.take(1);
            if !self.take_if("\"") {
                return Ok(Cell { text, line, column: column.saturating_add(1) });
            }
            text.to_mut().push('"');
        }
    }
}

const COLUMNS: [&str; 9] = [
    "Direction",
    "Protocol",
    "Port",
    "Namespace",
    "Service",
    "Pod",
    "Container",
    "NodeGroup",
    "Optional",
];

/// Which column each heading stands for; headings may be in any order and case, `Node Role` is the
/// older name of `NodeGroup`.
fn headings(cells: &[Cell<'_>]) -> Result<Vec<usize>, AllowListError> {
    let mut columns = Vec::new();
    for cell in cells {
        let name =
            if cell.word().eq_ignore_ascii_case("Node Role") { "NodeGroup" } else { cell.word() };
        match COLUMNS.iter().position(|column| column.eq_ignore_ascii_case(name)) {
            Some(column) if columns.contains(&column) => {
                return Err(cell.broken("each column once"));
            }
            Some(column) => columns.push(column),
            None => return Err(cell.broken("the name of a column of the matrix")),
        }
    }
    let named = |name: &str| columns.iter().any(|column| COLUMNS.get(*column) == Some(&name));
    match cells.first() {
        Some(first) if !named("Protocol") || !named("Port") => {
            Err(first.broken("the columns Protocol and Port"))
        }
        _ => Ok(columns),
    }
}

impl AllowList {
    /// Reads a list in commatrix' CSV: headings, then a port or a range of ports in each line.
    ///
    /// Columns may stand in any order; all but `Protocol` and `Port` may be missing, and a missing
    /// direction is `Ingress`.
    ///
    /// # Errors
    /// The first cell that cannot be read, with its line and column.
    pub fn from_csv(text: impl AsRef<[u8]>) -> Result<Self, AllowListError> {
        let bytes = text.as_ref();
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let text = core::str::from_utf8(bytes).map_err(|error| {
            let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
            let line = before.iter().filter(|byte| **byte == b'\n').count().saturating_add(1);
            let column =
                before.iter().rev().take_while(|byte| **byte != b'\n').count().saturating_add(1);
            AllowListError { line: line as u64, column: column as u64, expected: "UTF-8" }
        })?;
        let mut reader = Reader { rest: text, line: 1, column: 1 };
        let mut list = Self::default();
        let Some(first) = reader.row()? else { return Ok(list) };
        let columns = headings(&first)?;
        while let Some(cells) = reader.row()? {
            list.read_row(&columns, &cells)?;
        }
        Ok(list)
    }

    fn read_row(&mut self, columns: &[usize], cells: &[Cell<'_>]) -> Result<(), AllowListError> {
        if let Some(extra) = cells.get(columns.len()) {
            return Err(extra.broken("no more cells than headings"));
        }
        if let (Some(last), true) = (cells.last(), cells.len() < columns.len()) {
            return Err(last.broken_at(last.text.len(), "a cell for each heading"));
        }
        let cell = |name: &str| {
            let column = COLUMNS.iter().position(|column| *column == name);
            columns.iter().position(|own| Some(*own) == column).and_then(|at| cells.get(at))
        };
        let text = |name: &str| {
            cell(name).map(|cell| String::from(cell.text.as_ref())).unwrap_or_default()
        };
        let (Some(protocol_cell), Some(port_cell)) = (cell("Protocol"), cell("Port")) else {
            return Ok(());
        };
        let protocol = Protocol::from_str(protocol_cell.word())
            .map_err(|error| protocol_cell.broken(error.expected()))?;
        let range = PortRange::from_str(port_cell.word())
            .map_err(|error| port_cell.broken_at(error.offset(), error.expected()))?;
        let optional = match cell("Optional") {
            None => false,
            Some(cell) if cell.word().is_empty() || cell.word().eq_ignore_ascii_case("false") => {
                false
            }
            Some(cell) if cell.word().eq_ignore_ascii_case("true") => true,
            Some(cell) => return Err(cell.broken("true or false")),
        };
        let direction = match text("Direction") {
            empty if empty.is_empty() => String::from("Ingress"),
            direction => direction,
        };
        if range.first() == range.last() {
            self.ports.push(AllowedPort {
                direction,
                protocol,
                port: range.first(),
                namespace: text("Namespace"),
                service: text("Service"),
                pod: text("Pod"),
                container: text("Container"),
                node_group: text("NodeGroup"),
                optional,
            });
        } else {
            let (min_port, max_port) = (range.first(), range.last());
            self.ranges.push(DynamicRange {
                direction,
                protocol,
                min_port,
                max_port,
                description: text("Service"),
                optional,
            });
        }
        Ok(())
    }

    /// The list as commatrix prints it: ranges behind the single ports, their description in the
    /// column `Service`.
    #[must_use]
    pub fn to_csv(&self) -> String {
        let mut out = COLUMNS.join(",");
        out.push('\n');
        for row in &self.ports {
            out.push_str(&row.to_csv());
            out.push('\n');
        }
        for range in &self.ranges {
            let ports = format!("{}-{}", range.min_port, range.max_port);
            let cells = [
                &range.direction,
                &capitals(range.protocol),
                &ports,
                "",
                &range.description,
                "",
                "",
                "",
                truth(range.optional),
            ];
            out.push_str(&line(cells));
            out.push('\n');
        }
        out
    }
}

impl AllowedPort {
    /// The row as commatrix prints it, without the line end.
    #[must_use]
    pub fn to_csv(&self) -> String {
        line([
            &self.direction,
            &capitals(self.protocol),
            &format!("{}", self.port),
            &self.namespace,
            &self.service,
            &self.pod,
            &self.container,
            &self.node_group,
            truth(self.optional),
        ])
    }
}

pub(super) fn capitals(protocol: Protocol) -> String {
    protocol.as_str().to_ascii_uppercase()
}

const fn truth(value: bool) -> &'static str {
    if value { "true" } else { "false" }
}

/// Cells with commas between them, quoted where they must be.
pub(super) fn line(cells: [&str; 9]) -> String {
    let mut out = String::new();
    for (nth, cell) in cells.into_iter().enumerate() {
        if nth > 0 {
            out.push(',');
        }
        if cell.contains([',', '"', '\n', '\r']) {
            out.push('"');
            out.push_str(&cell.replace('"', "\"\""));
            out.push('"');
        } else {
            out.push_str(cell);
        }
    }
    out
}
