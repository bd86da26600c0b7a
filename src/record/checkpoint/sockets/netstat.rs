//! The rows of `netstat` as sockets.

use super::super::lines::Line;
use super::{Address, Form, Process, Socket, Sockets};
use crate::error::{ErrorKind, ParseError};
use crate::grammar::error::all;
use crate::grammar::netstat::{self as grammar, Columns, Row};
use crate::grammar::ss::{place, port};
use crate::port::Protocol;
use crate::text::Text;
use core::net::IpAddr;

/// How long an address with its port is, where `netstat` without `-W` has cut the address.
const WIDTH: usize = 23;

/// How long a process number, a slash and a name are, where `netstat` may have cut the name.
const LONGEST_PROGRAM: usize = 19;

pub(super) fn read<'a>(
    lines: &mut dyn Iterator<Item = Line<'a>>,
    stated: Option<Protocol>,
) -> Result<Sockets<'a>, ParseError> {
    let mut listing = Sockets::empty(Form::Netstat);
    let mut columns = None;
    let mut perhaps_cut = alloc::vec::Vec::new();
    let mut wide = false;
    let mut title = false;
    let mut end = 0usize;
    for line in lines {
        end = line.at.saturating_add(line.bytes.len());
        let shift = |error: ParseError| error.shifted(line.at);
        if !title {
            all(line.bytes, grammar::title).map_err(shift)?;
            title = true;
            continue;
        }
        let Some(known) = columns else {
            columns = Some(all(line.bytes, grammar::header).map_err(shift)?);
            listing.is_cut = !line.ended;
            continue;
        };
        if all(line.bytes, grammar::next_part).is_ok() {
            return Ok(finished(listing, wide, &perhaps_cut));
        }
        listing.is_cut = !line.ended;
        if line.bytes.trim_ascii().is_empty() || all(line.bytes, grammar::note).is_ok() {
            continue;
        }
        if all(line.bytes, grammar::other).is_ok() {
            listing.pass_over();
            continue;
        }
        let row = match all(line.bytes, |input| grammar::row(known, input)) {
            Ok(row) if line.ended || behind_addresses(known, &row) => row,
            // The last line was cut inside its columns, so it is no row.
            _ if !line.ended => continue,
            result => result.map_err(shift)?,
        };
        wide |= row.local.len() > WIDTH || row.peer.len() > WIDTH;
        match socket(line.bytes, &row).map_err(shift)? {
            Some(mut socket) => {
                if !line.ended {
                    // The last column may have been cut with the line.
                    socket.processes.clear();
                    socket.inode = socket.inode.filter(|_| known.program);
                }
                if row.local.len() == WIDTH && row.protocol.ends_with(b"6") {
                    perhaps_cut.push(listing.sockets.len());
                }
                let other = stated.is_some_and(|stated| stated != socket.protocol);
                if other {
                    let words = "the protocol that was stated";
                    return Err(shift(ParseError::new(ErrorKind::Protocol, 0, words)));
                }
                listing.sockets.push(socket);
            }
            None => listing.pass_over(),
        }
    }
    if columns.is_none() {
        let words = "the header of netstat";
        return Err(ParseError::new(ErrorKind::Listing, end, words));
    }
    Ok(finished(listing, wide, &perhaps_cut))
}

/// Whether a row without its line end is known to have its state and more, so its addresses are
/// whole.
fn behind_addresses(columns: Columns, row: &Row<'_>) -> bool {
    let udp = row.protocol.starts_with(b"udp");
    row.state == b"LISTEN" || (udp && columns.user && row.uid.is_some())
}

/// The listing once all rows were seen: an address longer than the column shows that none was cut.
fn finished<'a>(mut listing: Sockets<'a>, wide: bool, perhaps_cut: &[usize]) -> Sockets<'a> {
    if !wide {
        for &index in perhaps_cut {
            if let Some(socket) = listing.sockets.get_mut(index) {
                socket.address = Address::Cut;
            }
        }
    }
    listing
}

fn socket<'a>(line: &[u8], row: &Row<'a>) -> Result<Option<Socket<'a>>, ParseError> {
    let protocol = if row.protocol.starts_with(b"tcp") { Protocol::Tcp } else { Protocol::Udp };
    let holds = match protocol {
        Protocol::Tcp => row.state == b"LISTEN",
        _ => row.state.is_empty(),
    };
    if !holds {
        return Ok(None);
    }
    let at = |part: &[u8]| place(line, part);
    let no_colon =
        |field: &[u8]| ParseError::new(ErrorKind::Address, at(field), "an address and a port");
    let (_, peer_port) = grammar::split(row.peer).ok_or_else(|| no_colon(row.peer))?;
    if all(peer_port, port).map_err(|error| error.shifted(at(peer_port)))?.is_some() {
        let words = "* as the port of the peer";
        return Err(ParseError::new(ErrorKind::Port, at(peer_port), words));
    }
    let (address, own) = grammar::split(row.local).ok_or_else(|| no_colon(row.local))?;
    let own = all(own, port).map_err(|error| error.shifted(at(own)))?;
    let Some(own) = own else { return Ok(None) };
    let mut socket = Socket::new(protocol, self::address(row, address, at(address))?, own);
    socket.uid = row.uid;
    socket.inode = row.inode.filter(|&inode| inode != 0);
    if let Some((pid, name)) = row.program {
        let length = digits(pid).saturating_add(1).saturating_add(name.len());
        let name_may_be_cut = length >= LONGEST_PROGRAM;
        socket.processes.push(Process {
            name: Text::borrowed(name),
            name_may_be_cut,
            pid,
            descriptor: None,
        });
    }
    Ok(Some(socket))
}

fn address(row: &Row<'_>, text: &[u8], at: usize) -> Result<Address, ParseError> {
    let version_6 = row.protocol.ends_with(b"6");
    let text = core::str::from_utf8(text).unwrap_or_default();
    let wrong = || ParseError::new(ErrorKind::Address, at, "an address (netstat -n)");
    match text.parse::<IpAddr>() {
        Ok(IpAddr::V6(_)) if !version_6 => Err(wrong()),
        Ok(ip) => Ok(Address::of(ip)),
        Err(_) if version_6 && row.local.len() == WIDTH && is_start(text.as_bytes()) => {
            Ok(Address::Cut)
        }
        Err(_) => Err(wrong()),
    }
}

/// The letters of an address of version 6.
fn is_start(text: &[u8]) -> bool {
    text.contains(&b':') && text.iter().all(|b| b.is_ascii_hexdigit() || b":.".contains(b))
}

fn digits(mut value: u32) -> usize {
    let mut count = 1usize;
    while value >= 10 {
        value /= 10;
        count = count.saturating_add(1);
    }
    count
}
