//! The pod and the container that the path of a cgroup names.

use crate::text::Text;
use alloc::string::String;

/// The classes of pods that have a slice of their own, and how the slices of such pods begin.
const CLASSES: [(&[u8], &[u8]); 2] = [
    (b"kubepods-burstable.slice", b"kubepods-burstable-pod"),
    (b"kubepods-besteffort.slice", b"kubepods-besteffort-pod"),
];

/// A pod by its uid and a container by its id, as the path of a cgroup names them.
///
/// The kubelet, with systemd as its driver (Kubernetes 1.20 and later), makes
/// `/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-podUID.slice` with `_` for each `-`
/// of the uid, and CRI-O (1.20 and later) `crio-ID.scope` below. The path is read from the root
/// on, because a user may make cgroups of any name below a cgroup of his own.
///
/// ```
/// use hostport_audit::record::checkpoint::sockets::Sockets;
///
/// let text = format!(
///     "tcp LISTEN 0 5 0.0.0.0:9100 0.0.0.0:* ino:97450 sk:18 cgroup:/kubepods.slice/\
///      kubepods-pod3c0de7a1_2222_4b1f_9a5e_0123456789ab.slice/crio-{:064x}.scope <->\n",
///     0xc0ffee
/// );
/// let listing = Sockets::parse(text.as_bytes())?;
/// let pod = listing.sockets()[0].pod().unwrap();
/// assert_eq!(pod.uid(), "3c0de7a1-2222-4b1f-9a5e-0123456789ab");
/// assert!(pod.container().to_str().unwrap().ends_with("c0ffee"));
/// # Ok::<(), hostport_audit::record::checkpoint::Refused>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PodCgroup<'a> {
    uid: String,
    container: Text<'a>,
}

impl<'a> PodCgroup<'a> {
    pub(super) fn of(path: &'a [u8]) -> Option<Self> {
        let mut steps = path.strip_prefix(b"/")?.split(|&b| b == b'/');
        // Only the root user makes cgroups at the root, so a prefix of the name does no harm.
        steps.next()?.strip_suffix(b"kubepods.slice")?;
        let mut step = steps.next()?;
        let mut prefix = &b"kubepods-pod"[..];
        for (slice, below) in CLASSES {
            if step == slice {
                (step, prefix) = (steps.next()?, below);
                break;
            }
        }
        let uid = step.strip_prefix(prefix)?.strip_suffix(b".slice")?;
        let is_uid = |b: &u8| b.is_ascii_hexdigit() || *b == b'_';
        if uid.len() < 32 || !uid.iter().all(is_uid) {
            return None;
        }
        let container = steps.next()?.strip_prefix(b"crio-")?.strip_suffix(b".scope")?;
        if container.len() != 64 || !container.iter().all(u8::is_ascii_hexdigit) {
            return None;
        }
        let dashes = |&b: &u8| if b == b'_' { '-' } else { char::from(b) };
        Some(Self { uid: uid.iter().map(dashes).collect(), container: Text::borrowed(container) })
    }

    /// The uid of the pod, as the API has it; of a static pod the hash of its file.
    #[must_use]
    pub fn uid(&self) -> &str {
        &self.uid
    }

    /// The id of the container, 64 hex digits.
    #[must_use]
    pub const fn container(&self) -> &Text<'a> {
        &self.container
    }
}
