//! The rows of `/proc/net/tcp` and its kin as sockets.

use super::super::lines::Line;
use super::{Address, Form, Socket, Sockets};
use crate::error::{ErrorKind, ParseError};
use crate::grammar::error::all;
use crate::grammar::proc_net as grammar;
use crate::port::Protocol;

/// The kernel's numbers of the states `TCP_LISTEN` and `TCP_CLOSE`; the second is that of a UDP
/// socket without a peer.
const LISTEN: u8 = 0x0a;
const CLOSE: u8 = 0x07;

pub(super) fn read<'a>(
    lines: &mut dyn Iterator<Item = Line<'a>>,
    stated: Option<Protocol>,
) -> Result<Sockets<'a>, ParseError> {
    let words = "the header of /proc/net";
    let first = lines.next().ok_or_else(|| ParseError::new(ErrorKind::Listing, 0, words))?;
    let shift = |error: ParseError| error.shifted(first.at);
    let (protocol, family) = all(first.bytes, grammar::header).map_err(shift)?;
    if !first.ended {
        // The columns of UDP begin with those of TCP.
        let at = first.bytes.len();
        return Err(shift(ParseError::new(ErrorKind::Listing, at, "the end of the line")));
    }
    if stated.is_some_and(|stated| stated != protocol) {
        let words = "the columns of the protocol that was stated";
        return Err(shift(ParseError::new(ErrorKind::Protocol, 0, words)));
    }
    let mut listing = Sockets::empty(Form::ProcNet(protocol, family));
    for line in lines {
        listing.is_cut = !line.ended;
        if line.bytes.trim_ascii().is_empty() {
            continue;
        }
        let row = match all(line.bytes, |input| grammar::row(family, input)) {
            // The last line was cut inside its columns, so it is no row.
            Err(_) if !line.ended => continue,
            result => result.map_err(|error| error.shifted(line.at))?,
        };
        let holds = row.state == if protocol == Protocol::Udp { CLOSE } else { LISTEN };
        if !holds || row.port == 0 {
            listing.pass_over();
            continue;
        }
        let mut socket = Socket::new(protocol, Address::of(row.address), row.port);
        socket.uid = Some(row.uid);
        // The number may have been cut with the line.
        socket.inode = Some(row.inode).filter(|&inode| inode != 0 && line.ended);
        listing.sockets.push(socket);
    }
    Ok(listing)
}
