//! The rows of `ss` as sockets.

use super::super::lines::Line;
use super::{Address, Form, Process, Socket, Sockets};
use crate::error::{ErrorKind, ParseError};
use crate::grammar::error::{all, public};
use crate::grammar::ss::{self as grammar, Details, Ends, Head, Kind};
use crate::port::Protocol;
use crate::text::Text;
use alloc::vec::Vec;
use core::net::IpAddr;

/// The kernel's longest name of a command.
const LONGEST_NAME: usize = 15;

/// What was learnt from the rows so far.
#[derive(Default)]
struct Reader {
    /// The protocol of rows that tell none, as the caller stated it.
    stated: Option<Protocol>,
    /// Whether the rows have the column `Netid`.
    netid: Option<bool>,
    /// The place of the last row's kind in the order of `ss`.
    place: u8,
}

pub(super) fn read<'a>(
    lines: &mut dyn Iterator<Item = Line<'a>>,
    stated: Option<Protocol>,
) -> Result<Sockets<'a>, ParseError> {
    let mut reader = Reader { stated, ..Reader::default() };
    let mut listing = Sockets::empty(Form::Ss);
    let mut rows = 0usize;
    for line in lines {
        reader.line(&mut listing, line, rows).map_err(|error| error.shifted(line.at))?;
        rows = rows.saturating_add(1);
    }
    Ok(listing)
}

/// The listings of several nodes.
pub(super) fn nodes<'a>(
    lines: &mut dyn Iterator<Item = Line<'a>>,
    stated: Protocol,
) -> Result<Vec<(Text<'a>, Sockets<'a>)>, ParseError> {
    let fresh = || Reader { stated: Some(stated), ..Reader::default() };
    let mut nodes: Vec<(Text<'a>, Sockets<'a>)> = Vec::new();
    let mut reader = fresh();
    let mut rows = 0usize;
    for line in lines {
        let shift = |error: ParseError| error.shifted(line.at);
        if let Ok(name) = all(line.bytes, grammar::node) {
            if !line.ended {
                return Err(shift(ParseError::new(
                    ErrorKind::Listing,
                    line.bytes.len(),
                    "the end of the line",
                )));
            }
            nodes.push((Text::borrowed(name), Sockets::empty(Form::Ss)));
            (reader, rows) = (fresh(), 0);
            continue;
        }
        let no_node = || shift(ParseError::new(ErrorKind::Listing, 0, "node: NAME"));
        let (_, listing) = nodes.last_mut().ok_or_else(no_node)?;
        reader.line(listing, line, rows).map_err(shift)?;
        rows = rows.saturating_add(1);
    }
    Ok(nodes)
}

impl Reader {
    fn line<'a>(
        &mut self,
        listing: &mut Sockets<'a>,
        line: Line<'a>,
        before: usize,
    ) -> Result<(), ParseError> {
        if !line.ended {
            listing.is_cut = true;
        }
        match line.bytes {
            // More about the row above, or an empty line at the end.
            [b'\t', ..] if before > 0 => return Ok(()),
            bytes if bytes.trim_ascii().is_empty() => return Ok(()),
            _ => {}
        }
        if all(line.bytes, grammar::note).is_ok() {
            return Ok(());
        }
        if self.netid.is_none() && (line.bytes.starts_with(b"Netid") || is_header(line.bytes)) {
            self.netid = Some(all(line.bytes, grammar::header)?);
            return Ok(());
        }
        if all(line.bytes, grammar::association).is_ok() {
            listing.pass_over();
            return Ok(());
        }
        match self.row(listing, line) {
            // The last line was cut inside its columns, so it is no row.
            Err(_) if !line.ended && before > 0 => Ok(()),
            result => result,
        }
    }

    fn row<'a>(&mut self, listing: &mut Sockets<'a>, line: Line<'a>) -> Result<(), ParseError> {
        let whole = line.bytes;
        let positioned = |error| public(whole, error);
        let (rest, head) = grammar::head(whole).map_err(positioned)?;
        if self.netid.is_some_and(|netid| netid != head.kind.is_some()) {
            return Err(ParseError::new(ErrorKind::Listing, 0, "the columns of the rows before"));
        }
        self.netid = Some(head.kind.is_some());
        let Some(protocol) = self.protocol(listing, head)? else {
            listing.pass_over();
            return Ok(());
        };
        let (rest, ends) = grammar::ends(rest).map_err(positioned)?;
        let port = self.holds(whole, head, ends)?;
        let Some(port) = port else {
            listing.pass_over();
            return Ok(());
        };
        let (users, details) = behind(whole, rest, line.ended)?;
        let address = address(whole, ends, details, line.ended)?;
        let mut socket = Socket::new(protocol, address, port);
        socket.device = ends.device.map(Text::borrowed);
        let process = |user: grammar::User<'a>| Process {
            name: Text::borrowed(user.name),
            name_may_be_cut: user.name.len() >= LONGEST_NAME,
            pid: user.pid,
            descriptor: Some(user.fd),
        };
        socket.processes = users.into_iter().map(process).collect();
        // `ss` leaves out the user 0.
        socket.uid = details.uid.or(details.inode.map(|_| 0));
        socket.inode = details.inode;
        let path = details.cgroup.filter(|path| path.starts_with(b"/"));
        socket.cgroup = path.map(Text::borrowed);
        listing.sockets.push(socket);
        Ok(())
    }

    /// TCP or UDP; `None` for another kind.
    fn protocol(
        &mut self,
        listing: &mut Sockets<'_>,
        head: Head<'_>,
    ) -> Result<Option<Protocol>, ParseError> {
        let Some(kind) = head.kind else {
            let none =
                || ParseError::new(ErrorKind::Listing, 0, "the column Netid, or a stated protocol");
            return self.stated.map(Some).ok_or_else(none);
        };
        if kind.place() < self.place {
            return Err(ParseError::new(
                ErrorKind::Listing,
                0,
                "the kinds of sockets in the order of ss",
            ));
        }
        self.place = kind.place();
        listing.lists_unix_sockets |= kind == Kind::Unix;
        let own = match kind {
            Kind::Tcp => Protocol::Tcp,
            Kind::Udp => Protocol::Udp,
            Kind::Unix | Kind::Other(_) => return Ok(None),
        };
        match self.stated {
            Some(stated) if stated != own => {
                Err(ParseError::new(ErrorKind::Protocol, 0, "the protocol that was stated"))
            }
            _ => Ok(Some(own)),
        }
    }

    /// The port, if the socket holds one.
    fn holds(
        &self,
        whole: &[u8],
        head: Head<'_>,
        ends: Ends<'_>,
    ) -> Result<Option<u16>, ParseError> {
        let udp = match head.kind {
            Some(kind) => kind == Kind::Udp,
            None => self.stated == Some(Protocol::Udp),
        };
        if head.state != if udp { &b"UNCONN"[..] } else { b"LISTEN" } {
            return Ok(None);
        }
        let peer = |error: ParseError| error.shifted(grammar::place(whole, ends.peer_port));
        if all(ends.peer_port, grammar::port).map_err(peer)?.is_some() {
            return Err(peer(ParseError::new(ErrorKind::Port, 0, "* as the port of the peer")));
        }
        all(ends.port, grammar::port)
            .map_err(|error| error.shifted(grammar::place(whole, ends.port)))
    }
}

fn is_header(line: &[u8]) -> bool {
    line.starts_with(b"State ")
}

/// The processes and what is behind them. In a line without its end the last word may have been
/// cut, so it is not read.
fn behind<'a>(
    whole: &[u8],
    rest: &'a [u8],
    ended: bool,
) -> Result<(Vec<grammar::User<'a>>, Details<'a>), ParseError> {
    let shift = |error: ParseError, part: &[u8]| error.shifted(grammar::place(whole, part));
    let has_users = rest.trim_ascii_start().starts_with(b"users:");
    let (users, rest) = match grammar::users(rest) {
        Ok((rest, users)) => (users, rest),
        Err(_) if !has_users || !ended => (Vec::new(), if has_users { &[][..] } else { rest }),
        Err(error) => return Err(shift(public(rest, error), rest)),
    };
    if ended {
        let details = all(rest, grammar::details).map_err(|error| shift(error, rest))?;
        return Ok((users, details));
    }
    let whole_words = rest.iter().rposition(|&b| b == b' ').and_then(|at| rest.get(..at));
    let details = all(whole_words.unwrap_or_default(), grammar::details);
    Ok((users, details.unwrap_or_default()))
}

fn address(
    whole: &[u8],
    ends: Ends<'_>,
    details: Details<'_>,
    ended: bool,
) -> Result<Address, ParseError> {
    if ends.local == b"*" {
        // `ss -e` tells the option beside it, unless the kernel did not tell `ss`; then `*` is how
        // it prints a socket of version 6 alone too.
        return Ok(match (details.v6only, details.inode) {
            (Some(false), _) => Address::Any,
            (None, None) if ended => Address::Any,
            _ => Address::AnyIpv6PerhapsIpv4,
        });
    }
    let inside = ends.local.strip_prefix(b"[").and_then(|inside| inside.strip_suffix(b"]"));
    let text = core::str::from_utf8(inside.unwrap_or(ends.local)).unwrap_or_default();
    let wrong =
        || ParseError::new(ErrorKind::Address, grammar::place(whole, ends.local), "an address");
    let ip = match text.parse().map_err(|_| wrong())? {
        IpAddr::V4(_) if inside.is_some() => return Err(wrong()),
        ip => ip,
    };
    Ok(match Address::of(ip) {
        Address::AnyIpv6PerhapsIpv4 => Address::AnyIpv6,
        address => address,
    })
}
