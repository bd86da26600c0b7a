//! The sockets that hold ports of a node: what `ss`, `netstat` and `/proc/net` list.
//!
//! Read are `ss` of iproute2 5.0 to 6.x in all forms with numbers (`-n`): `-tulpn` with or without
//! `-e`, `-H`, `-O`, `-a`, `-T`, `-Z`, `--cgroup`, the `ss -peaonmi` of sos reports, and the files
//! `raw-ss-tcp` and `raw-ss-udp` of `oc commatrix` (`ss -anpltH`, `ss -anpluH`). Further `netstat`
//! of net-tools 1.60 to 2.10 with numbers (`-n`), and `/proc/net/tcp`, `tcp6`, `udp` and `udp6` of
//! a machine with the usual byte order (x86, ARM, POWER in its little-endian mode).
//!
//! The best form is `ss -tulpneH`: it alone tells processes, devices, both families and the cgroup,
//! which names the pod.
//!
//! What such a listing does not tell:
//! - Which protocols and families it was asked for. A listing without a UDP row may come from
//!   `ss -tln`.
//! - Host ports and node ports that are DNAT rules: no socket holds them.
//! - Whether a UDP socket serves anybody. A client that waits for an answer looks the same, so a
//!   UDP socket is [bound](State::Bound) and nothing more.
//! - SCTP: `ss` prints one of the addresses of a socket that may have several. Such rows are
//!   counted by [`passed_over`](Sockets::passed_over).
//! - What was cut off at a line end. None of the programs marks the end of its output.

mod address;
mod cgroup;
mod netstat;
mod proc_net;
mod ss;

pub use address::Address;
pub use cgroup::PodCgroup;

use super::Refused;
use super::lines::{Line, lines};
use crate::error::{ErrorKind, ParseError};
use crate::family::Family;
use crate::grammar::error::all;
use crate::grammar::{netstat as netstat_grammar, proc_net as proc_net_grammar};
use crate::port::Protocol;
use crate::text::Text;
use alloc::vec::Vec;

/// Which program printed a listing of sockets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Form {
    /// `ss`. A socket without a device is bound to none.
    Ss,
    /// `netstat`. It tells no device, nor whether `:::6443` takes IP version 4 too.
    Netstat,
    /// `/proc/net/tcp` and its kin. They tell no process and no device.
    ProcNet(Protocol, Family),
}

impl Form {
    /// True if a socket that is bound to a device shows it.
    #[must_use]
    pub const fn tells_devices(self) -> bool {
        matches!(self, Self::Ss)
    }
}

/// How a socket holds its port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// A TCP socket that takes connections.
    Listening,
    /// A UDP socket without a peer: a server, or a client that waits for an answer.
    Bound,
}

/// A process that has a socket open.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Process<'a> {
    name: Text<'a>,
    name_may_be_cut: bool,
    pid: u32,
    descriptor: Option<u32>,
}

impl<'a> Process<'a> {
    /// The name: of `ss` the kernel's name of the command, of `netstat` the name it was called by.
    /// A process may give itself any name.
    #[must_use]
    pub const fn name(&self) -> &Text<'a> {
        &self.name
    }

    /// True if the name is as long as the program prints any (15 bytes of `ss`, of `netstat` 19
    /// with the number), so it may go on.
    #[must_use]
    pub const fn name_may_be_cut(&self) -> bool {
        self.name_may_be_cut
    }

    /// Its number.
    #[must_use]
    pub const fn pid(&self) -> u32 {
        self.pid
    }

    /// The number of its file descriptor; `netstat` tells none.
    #[must_use]
    pub const fn descriptor(&self) -> Option<u32> {
        self.descriptor
    }

    fn into_owned(self) -> Process<'static> {
        let Self { name, name_may_be_cut, pid, descriptor } = self;
        Process { name: name.into_owned(), name_may_be_cut, pid, descriptor }
    }
}

/// A socket that holds a port.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Socket<'a> {
    protocol: Protocol,
    address: Address,
    device: Option<Text<'a>>,
    port: u16,
    state: State,
    processes: Vec<Process<'a>>,
    uid: Option<u32>,
    inode: Option<u64>,
    cgroup: Option<Text<'a>>,
}

impl<'a> Socket<'a> {
    fn new(protocol: Protocol, address: Address, port: u16) -> Self {
        let state = if protocol == Protocol::Udp { State::Bound } else { State::Listening };
        Self {
            protocol,
            address,
            device: None,
            port,
            state,
            processes: Vec::new(),
            uid: None,
            inode: None,
            cgroup: None,
        }
    }

    /// TCP or UDP.
    #[must_use]
    pub const fn protocol(&self) -> Protocol {
        self.protocol
    }

    /// The addresses that it holds the port on.
    #[must_use]
    pub const fn address(&self) -> Address {
        self.address
    }

    /// The device that it is bound to, or that a link-local address belongs to. None says "bound to
    /// no device" only in a form that [tells devices](Form::tells_devices).
    #[must_use]
    pub const fn device(&self) -> Option<&Text<'a>> {
        self.device.as_ref()
    }

    /// The port.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Whether it takes connections or is just bound.
    #[must_use]
    pub const fn state(&self) -> State {
        self.state
    }

    /// The processes that have it open. None are listed without `-p`, without the rights to see
    /// them, and for sockets of the kernel itself.
    #[must_use]
    pub fn processes(&self) -> &[Process<'a>] {
        &self.processes
    }

    /// The number of its user.
    #[must_use]
    pub const fn uid(&self) -> Option<u32> {
        self.uid
    }

    /// Its inode, by which the rows of several listings can be told to be of one socket.
    #[must_use]
    pub const fn inode(&self) -> Option<u64> {
        self.inode
    }

    /// The path of the cgroup in which it was made (`ss -e` or `ss --cgroup`).
    #[must_use]
    pub const fn cgroup(&self) -> Option<&Text<'a>> {
        self.cgroup.as_ref()
    }

    /// The pod and the container that the cgroup names.
    #[must_use]
    pub fn pod(&self) -> Option<PodCgroup<'_>> {
        PodCgroup::of(self.cgroup.as_ref()?.as_bytes())
    }

    /// The same socket, no longer bound to the text.
    #[must_use]
    pub fn into_owned(self) -> Socket<'static> {
        let Self { protocol, address, device, port, state, processes, uid, inode, cgroup } = self;
        Socket {
            protocol,
            address,
            device: device.map(Text::into_owned),
            port,
            state,
            processes: processes.into_iter().map(Process::into_owned).collect(),
            uid,
            inode,
            cgroup: cgroup.map(Text::into_owned),
        }
    }
}

/// The sockets of a listing that hold ports.
///
/// ```
/// use hostport_audit::record::checkpoint::sockets::{Form, Sockets, State};
/// use hostport_audit::{Family, Protocol};
///
/// let listing = Sockets::parse(br#"udp UNCONN 0 0           0.0.0.0:5353  0.0.0.0:* users:(("avahi",pid=7,fd=9)) ino:8393 sk:1 cgroup:/ <->
/// tcp LISTEN 0 128               *:10250       *:* users:(("kubelet",pid=9,fd=3)) ino:8392 sk:9 cgroup:/ v6only:0 <->
/// tcp LISTEN 0 128    0.0.0.0%lo:9999    0.0.0.0:* users:(("test",pid=10,fd=3)) ino:8391 sk:8 cgroup:/ <->
/// "#)?;
/// assert_eq!(listing.form(), Form::Ss);
/// let [mdns, kubelet, local] = listing.sockets() else { panic!("three sockets") };
/// assert_eq!((mdns.protocol(), mdns.port(), mdns.state()), (Protocol::Udp, 5353, State::Bound));
/// assert_eq!(kubelet.address().holds(Family::Ipv4), Some(true));
/// assert_eq!(kubelet.processes()[0].name(), "kubelet");
/// assert_eq!(local.device().unwrap(), "lo");
/// # Ok::<(), hostport_audit::record::checkpoint::Refused>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sockets<'a> {
    form: Form,
    sockets: Vec<Socket<'a>>,
    passed_over: usize,
    lists_unix_sockets: bool,
    is_blank: bool,
    is_cut: bool,
}

impl<'a> Sockets<'a> {
    /// Reads a listing whose rows tell their protocol.
    ///
    /// # Errors
    /// Text of no known form; rows without the column `Netid`, which `ss` leaves out where it was
    /// asked for one protocol, see [`parse_of`](Self::parse_of); names in place of ports and
    /// addresses (no `-n`); rows out of the order in which `ss` prints the kinds of sockets, which
    /// is how a row in the raw name of a UNIX socket shows.
    pub fn parse(text: &'a [u8]) -> Result<Self, Refused> {
        Self::read(&mut lines(text), None).map_err(|error| Refused::of(text, error))
    }

    /// Reads a listing of one protocol, such as the output of `ss -tlnp` or a file of `/proc/net`.
    ///
    /// ```
    /// use hostport_audit::Protocol;
    /// use hostport_audit::record::checkpoint::sockets::Sockets;
    ///
    /// let text = b"LISTEN 0 128 127.0.0.1:10248 0.0.0.0:*\n";
    /// assert!(Sockets::parse(text).is_err());
    /// let listing = Sockets::parse_of(text, Protocol::Tcp)?;
    /// assert!(listing.sockets()[0].address().is_loopback());
    /// # Ok::<(), hostport_audit::record::checkpoint::Refused>(())
    /// ```
    ///
    /// # Errors
    /// As [`parse`](Self::parse), and a header that tells another protocol than TCP or UDP as
    /// stated.
    pub fn parse_of(text: &'a [u8], protocol: Protocol) -> Result<Self, Refused> {
        Self::read(&mut lines(text), Some(protocol)).map_err(|error| Refused::of(text, error))
    }

    /// Reads `raw-ss-tcp` or `raw-ss-udp` of `oc commatrix`: for each node a line with its name,
    /// then the lines of `ss` there.
    ///
    /// ```
    /// use hostport_audit::Protocol;
    /// use hostport_audit::record::checkpoint::sockets::Sockets;
    ///
    /// let text = b"node: master-0\nLISTEN 0 128 0.0.0.0:22 0.0.0.0:*\n\nnode: worker-0\n\n";
    /// let nodes = Sockets::parse_nodes(text, Protocol::Tcp)?;
    /// assert_eq!(nodes[0].0, "master-0");
    /// assert_eq!(nodes[0].1.sockets()[0].port(), 22);
    /// assert!(nodes[1].1.sockets().is_empty());
    /// # Ok::<(), hostport_audit::record::checkpoint::Refused>(())
    /// ```
    ///
    /// # Errors
    /// As [`parse`](Self::parse), and a line before the first node.
    pub fn parse_nodes(
        text: &'a [u8],
        protocol: Protocol,
    ) -> Result<Vec<(Text<'a>, Self)>, Refused> {
        ss::nodes(&mut lines(text), protocol).map_err(|error| Refused::of(text, error))
    }

    fn read(
        lines: &mut dyn Iterator<Item = Line<'a>>,
        protocol: Option<Protocol>,
    ) -> Result<Self, ParseError> {
        if !matches!(protocol, None | Some(Protocol::Tcp | Protocol::Udp)) {
            return Err(ParseError::new(ErrorKind::Protocol, 0, "tcp or udp as the protocol"));
        }
        let mut lines = lines.peekable();
        loop {
            let Some(&first) = lines.peek() else {
                return Ok(Self { is_blank: true, ..Self::empty(Form::Ss) });
            };
            let trimmed = first.bytes.trim_ascii_start();
            if all(first.bytes, netstat_grammar::note).is_ok() {
                lines.next();
            } else if trimmed.starts_with(b"Active ") {
                return netstat::read(&mut lines, protocol);
            } else if all(first.bytes, proc_net_grammar::header).is_ok()
                || trimmed.starts_with(b"sl ")
            {
                return proc_net::read(&mut lines, protocol);
            } else {
                return ss::read(&mut lines, protocol);
            }
        }
    }

    /// The program.
    #[must_use]
    pub const fn form(&self) -> Form {
        self.form
    }

    /// The sockets that hold ports, in order.
    #[must_use]
    pub fn sockets(&self) -> &[Socket<'a>] {
        &self.sockets
    }

    /// How many rows were of no such socket: connections, and kinds of sockets that are not read.
    #[must_use]
    pub const fn passed_over(&self) -> usize {
        self.passed_over
    }

    /// True if UNIX sockets are listed before the others, as `ss -a` without `-t` and `-u` does.
    ///
    /// Their names are printed raw. A local program can put a line end and a row of its own making
    /// into one. The row shows by its place among the others, see [`parse`](Self::parse), but not
    /// if it copies the kind that follows next. `ss -tulpneH` leaves no such room.
    #[must_use]
    pub const fn lists_unix_sockets(&self) -> bool {
        self.lists_unix_sockets
    }

    /// True if the text holds no byte. `ss -H` prints nothing where there is no socket, and so does
    /// a program that failed; which of the two it was only the caller can know.
    #[must_use]
    pub const fn is_blank(&self) -> bool {
        self.is_blank
    }

    /// True if the text ends inside a line, so rows may be missing.
    #[must_use]
    pub const fn is_cut(&self) -> bool {
        self.is_cut
    }

    /// The same sockets, no longer bound to the text.
    #[must_use]
    pub fn into_owned(self) -> Sockets<'static> {
        let Self { form, sockets, passed_over, lists_unix_sockets, is_blank, is_cut } = self;
        let sockets = sockets.into_iter().map(Socket::into_owned).collect();
        Sockets { form, sockets, passed_over, lists_unix_sockets, is_blank, is_cut }
    }

    const fn empty(form: Form) -> Self {
        Self {
            form,
            sockets: Vec::new(),
            passed_over: 0,
            lists_unix_sockets: false,
            is_blank: false,
            is_cut: false,
        }
    }

    fn pass_over(&mut self) {
        self.passed_over = self.passed_over.saturating_add(1);
    }
}
