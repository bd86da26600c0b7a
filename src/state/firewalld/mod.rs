//! Folds firewalld's events into what its zones let through, in both layers, as the daemon itself
//! would list it.
//!
//! What the log cannot tell is unknown, list by list, with the line that made it so. Two things no
//! fold can see: a change that leaves no line (a daemon without `--debug`, a file edited while the
//! daemon is down), and a request with its signal of perfect shape that a local user wrote through
//! an argument, because firewalld prints arguments without escaping them. A signal without
//! its request counts as [`Certainty::Reported`](crate::state::evidence::Certainty::Reported); a
//! pair without the steps that the daemon prints between the two at higher debug levels is not
//! believed (whoever forges those, too, is not found out); and answers that do not fit what is held
//! show that lines are missing: then everything is unknown from there.
//!
//! What may have been edited while nothing ran is unknown: at each start that follows something of
//! the log, be it after `stop()`, a kill or the start of the machine, the permanent layer is unknown
//! list by list, unless the caller assumes [`Assume::FilesKeptWhileStopped`]. Only a restart in one
//! go, `stop()` and `start()` at most a second apart, leaves no time for that.
//!
//! Order is the position in the log. The clock serves in three places, and only to know less: a
//! daemon that was away for longer than a restart takes may have missed an edit, a file
//! that was edited may have been read by a reload shortly before its watcher saw it, and some
//! versions forget at a reload that they wrote a file themselves.

mod checkpoint;
mod doubtful;
mod edit;
mod facts;
mod fold;
mod lists;
mod load;
mod names;
mod pending;
mod permanent;
mod port_text;
mod ports;
mod runtime;
mod statement;
mod timers;
mod wholeness;
mod zone;

pub use statement::{Stated, Statement};

use crate::assume::{Assume, Assumptions};
use crate::event::firewalld::{Event, Kind, Layer};
use crate::limits::Limits;
use crate::port::HostPort;
use crate::state::evidence::{Assumed, Evidence, Provenance};
use crate::state::known::Unknown;
use crate::state::opening::{Opening, Scope};
use crate::text::Text;
use alloc::collections::BTreeMap;
use lists::Lists;
use load::Phase;
use pending::Pending;
use timers::Timers;
use wholeness::Wholeness;
use zone::Zone;

/// What is known of one firewalld.
///
/// ```
/// use hostport_audit::event::firewalld::{Event, Kind, Layer};
/// use hostport_audit::record::{Reading, firewalld::Record};
/// use hostport_audit::state::{Effects, evidence::Evidence, firewalld::Firewalld};
///
/// let mut firewall = Firewalld::new(hostport_audit::Limits::default());
/// for line in [
///     "2023-06-28 10:46:37 DEBUG1: zone.addPort('', '8080', 'tcp')",
///     "2023-06-28 10:46:37 DEBUG1: zone.PortAdded('public', '8080', 'tcp', 0)",
/// ] {
///     let Reading::Record(record) = Record::parse(line) else { panic!() };
///     let event = Event::of(&record).unwrap();
///     firewall.apply(&event, Evidence::default(), &mut Effects::default());
/// }
/// // The log begins in mid-life, so the list is not known, but this port is proven to be in it.
/// assert!(firewall.ports("public", Layer::Runtime).is_err());
/// assert_eq!(firewall.openings().count(), 1);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Firewalld {
    limits: Limits,
    /// How much is held, counted as the limit of keys counts it.
    keys: usize,
    default_zone: DefaultZone,
    /// The default zone was named in the course of a load that has not ended, so that the load can
    /// still take it back.
    default_zone_named: bool,
    #[cfg_attr(feature = "serde", serde(with = "crate::serde_map_as_list"))]
    zones: BTreeMap<Text<'static>, Zone>,
    /// The zones of the permanent objects, by number.
    #[cfg_attr(feature = "serde", serde(with = "crate::serde_map_as_list"))]
    objects: BTreeMap<u32, Text<'static>>,
    /// The object whose properties were read last: a new zone is announced right behind that.
    object_read: Option<u32>,
    phase: Phase,
    /// Whether the log holds all of what the daemon wrote.
    #[cfg_attr(feature = "serde", serde(default))]
    wholeness: Wholeness,
    /// What the caller assumes.
    #[cfg_attr(feature = "serde", serde(default))]
    assumptions: Assumptions,
    /// The last line that the daemon was heard by.
    #[cfg_attr(feature = "serde", serde(default))]
    heard: Option<Evidence>,
    pending: Option<Pending>,
    timers: Timers,
    /// True once a client called, until a warning answered it: a warning without a call belongs to
    /// a daemon without `--debug`.
    called: bool,
    /// A call was answered since the daemon started, so its start is over.
    served: bool,
    steps: Steps,
    /// The last failure of the back end.
    backend_failed: Option<Evidence>,
    /// Files were edited since the last load, as the daemon noticed. It names none of them, and
    /// says nothing of further edits.
    edited: Option<Unknown>,
    /// The last load died half way. The daemon's permanent layer may be empty since.
    load_died: Option<Unknown>,
    /// Why nothing is known of a zone that was not heard of.
    unheard: Unheard,
    /// The zone whose file was read in the line before.
    file: Option<Text<'static>>,
    /// What can open ports beside the zones: policies, direct rules.
    #[cfg_attr(feature = "serde", serde(with = "crate::serde_map_as_list"))]
    facts: BTreeMap<(Layer, Text<'static>), Provenance>,
    panic_mode: Option<(bool, Evidence)>,
}

/// The default zone.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(tag = "type", rename_all = "snake_case")
)]
enum DefaultZone {
    Known { zone: Text<'static> },
    Unknown { why: Unknown },
}

/// Why nothing is known of a zone that was not heard of, by layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
struct Unheard {
    runtime: Unknown,
    permanent: Unknown,
}

impl Unheard {
    const fn of(&mut self, layer: Layer) -> &mut Unknown {
        match layer {
            Layer::Runtime => &mut self.runtime,
            Layer::Permanent => &mut self.permanent,
        }
    }
}

/// The steps of transactions, which a daemon either prints for every change of the runtime layer or
/// for none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
struct Steps {
    /// The running daemon prints them.
    printed: bool,
    /// One was printed since the last request.
    in_call: bool,
    /// No call is open in which one could be printed.
    idle: bool,
    /// One was printed while no call was open, and nothing else since: a timer has run out.
    of_timer: bool,
}

impl Steps {
    const NONE: Self = Self { printed: false, in_call: false, idle: false, of_timer: false };

    /// One is printed.
    const fn print(&mut self) {
        *self = Self { printed: true, in_call: true, of_timer: self.idle, ..*self };
    }

    /// Anything else is said.
    fn pass(&mut self, event: &Event<'_>) {
        self.of_timer = false;
        self.idle = matches!(
            event,
            Event::Added { .. }
                | Event::Removed { .. }
                | Event::SettingsChanged { .. }
                | Event::Committed { .. }
                | Event::ReadingCall
                | Event::DaemonCall { reads: true }
                | Event::SettingsRead { .. }
                | Event::ObjectRead { .. }
                | Event::Reloaded
        );
    }

    /// True if a change of the runtime layer would have left a step that is not there: request and
    /// signal were written by someone else.
    const fn are_missing(self) -> bool {
        self.printed && !self.in_call
    }
}

impl Firewalld {
    /// Nothing is known yet.
    #[must_use]
    pub const fn new(limits: Limits) -> Self {
        Self {
            limits,
            keys: 0,
            default_zone: DefaultZone::Unknown { why: Unknown::BEFORE_LOG },
            default_zone_named: false,
            zones: BTreeMap::new(),
            objects: BTreeMap::new(),
            object_read: None,
            phase: Phase::Running,
            wholeness: Wholeness::new(),
            assumptions: Assumptions::none(),
            heard: None,
            pending: None,
            timers: Timers::new(),
            called: false,
            served: false,
            steps: Steps::NONE,
            backend_failed: None,
            edited: None,
            load_died: None,
            unheard: Unheard { runtime: Unknown::BEFORE_LOG, permanent: Unknown::BEFORE_LOG },
            file: None,
            facts: BTreeMap::new(),
            panic_mode: None,
        }
    }

    /// Takes what the caller assumes from here on.
    pub fn assume(&mut self, assume: Assume) {
        self.assumptions = core::mem::take(&mut self.assumptions).and(assume);
    }

    /// The zone of what no other zone claims.
    ///
    /// # Errors
    /// Why it is unknown.
    pub const fn default_zone(&self) -> Result<&Text<'static>, Unknown> {
        match (self.wholeness.gap(), &self.default_zone) {
            (Some(gap), _) => Err(gap),
            (None, DefaultZone::Known { zone }) => Ok(zone),
            (None, DefaultZone::Unknown { why }) => Err(*why),
        }
    }

    /// The zones that were heard of, in order, with the layers that have them.
    pub fn zones(&self) -> impl Iterator<Item = (&Text<'static>, Layer)> + '_ {
        self.zones.iter().flat_map(|(name, zone)| {
            Layer::ALL
                .into_iter()
                .filter(|layer| zone.layer(*layer).is_some())
                .map(move |layer| (name, layer))
        })
    }

    /// Why the log does not seem whole, if so: lines that go together are not all there, as a
    /// filter leaves them. Then nothing is known but what the last line proves by itself.
    #[must_use]
    pub const fn filtered(&self) -> Option<Unknown> {
        self.wholeness.gap()
    }

    fn known(&self, zone: &str, layer: Layer, kind: Kind) -> Result<&Lists, Unknown> {
        if let Some(gap) = self.wholeness.gap() {
            return Err(gap);
        }
        let lists = self.zones.get(zone.as_bytes()).and_then(|zone| zone.layer(layer)).ok_or(
            match layer {
                Layer::Runtime => self.unheard.runtime,
                Layer::Permanent => self.unheard.permanent,
            },
        )?;
        match lists.why_unknown(kind) {
            None => Ok(lists),
            Some(why) => Err(why),
        }
    }

    /// The ports of a zone. Ranges are cut where their support differs.
    ///
    /// # Errors
    /// Why they are unknown; so they are, too, for a zone that was not heard of.
    pub fn ports(
        &self,
        zone: &str,
        layer: Layer,
    ) -> Result<impl Iterator<Item = (HostPort, Provenance)> + '_, Unknown> {
        self.port_list(zone, layer, Kind::Ports)
    }

    /// The source ports of a zone.
    ///
    /// # Errors
    /// As for [`Firewalld::ports`].
    pub fn source_ports(
        &self,
        zone: &str,
        layer: Layer,
    ) -> Result<impl Iterator<Item = (HostPort, Provenance)> + '_, Unknown> {
        self.port_list(zone, layer, Kind::SourcePorts)
    }

    fn port_list(
        &self,
        zone: &str,
        layer: Layer,
        kind: Kind,
    ) -> Result<impl Iterator<Item = (HostPort, Provenance)> + '_, Unknown> {
        Ok(self.known(zone, layer, kind)?.port_set(kind).into_iter().flat_map(ports::PortSet::iter))
    }

    /// Any list of a zone but the ports and source ports, as the daemon lists it: services,
    /// protocols, forward ports (`port=8080:proto=tcp:toport=80:toaddr=`), rich rules,
    /// interfaces, sources, masquerade (`yes` or nothing), target.
    ///
    /// # Errors
    /// As for [`Firewalld::ports`].
    pub fn names(
        &self,
        zone: &str,
        layer: Layer,
        kind: Kind,
    ) -> Result<impl Iterator<Item = (&Text<'static>, Provenance)> + '_, Unknown> {
        Ok(self.known(zone, layer, kind)?.name_set(kind).into_iter().flat_map(names::NameSet::iter))
    }

    /// The services of a zone.
    ///
    /// # Errors
    /// As for [`Firewalld::ports`].
    pub fn services(
        &self,
        zone: &str,
        layer: Layer,
    ) -> Result<impl Iterator<Item = (&Text<'static>, Provenance)> + '_, Unknown> {
        self.names(zone, layer, Kind::Services)
    }

    /// The forward ports of a zone, as listed: `port=8080:proto=tcp:toport=80:toaddr=`.
    ///
    /// # Errors
    /// As for [`Firewalld::ports`].
    pub fn forward_ports(
        &self,
        zone: &str,
        layer: Layer,
    ) -> Result<impl Iterator<Item = (&Text<'static>, Provenance)> + '_, Unknown> {
        self.names(zone, layer, Kind::ForwardPorts)
    }

    /// The IP protocols of a zone.
    ///
    /// # Errors
    /// As for [`Firewalld::ports`].
    pub fn protocols(
        &self,
        zone: &str,
        layer: Layer,
    ) -> Result<impl Iterator<Item = (&Text<'static>, Provenance)> + '_, Unknown> {
        self.names(zone, layer, Kind::Protocols)
    }

    /// Whether panic mode is on, and since which line; `None` if the log does not tell.
    #[must_use]
    pub const fn panic_mode(&self) -> Option<(bool, Evidence)> {
        if self.wholeness.gap().is_some() { None } else { self.panic_mode }
    }

    /// Everything that is proven to be open, or that can open something: first the zones' lists in
    /// order, then policies and direct rules. In a list that is unknown these are at least what
    /// is open.
    pub fn openings(&self) -> impl Iterator<Item = (Opening, Provenance)> + '_ {
        let whole = self.wholeness.gap().is_none();
        let lists = self.zones.iter().filter(move |_| whole).flat_map(|(name, zone)| {
            Layer::ALL.into_iter().filter_map(|layer| Some((layer, zone.layer(layer)?))).flat_map(
                move |(layer, lists)| {
                    Kind::ALL.into_iter().flat_map(move |kind| lists.openings(kind, name, layer))
                },
            )
        });
        let facts = self
            .facts
            .iter()
            .filter(move |_| whole)
            .map(|((layer, fact), support)| (facts::opening(*layer, fact), *support));
        let shown = self.wholeness.shown().iter().cloned();
        lists.chain(facts).chain(shown)
    }

    /// The assumption that what is known of a list rests on, be it that the list is empty; `None`
    /// if the log itself tells what is known of it.
    ///
    /// A list that went through several silences names the first of them.
    #[must_use]
    pub fn assumed(&self, zone: &str, layer: Layer, kind: Kind) -> Option<Assumed> {
        self.known(zone, layer, kind).ok()?.assumed(kind)
    }

    /// Everything that holds only by an assumption of the caller's: a whole layer of a zone where
    /// all its lists share one, else list by list.
    pub fn assumptions(&self) -> impl Iterator<Item = (Scope, Assumed)> + '_ {
        self.by_list(|lists, kind| lists.assumed(kind))
    }

    /// Everything that the log cannot tell, and why: a whole layer of a zone where all its lists
    /// share one reason, else list by list. Before any zone was heard of, all of firewalld is
    /// unknown, or each of its layers where the reasons differ.
    pub fn unknowns(&self) -> impl Iterator<Item = (Scope, Unknown)> + '_ {
        let Unheard { runtime, permanent } = self.unheard;
        let unheard = if let Some(gap) = self.wholeness.gap() {
            [Some((Scope::Firewalld, gap)), None]
        } else if !self.zones.is_empty() {
            [None, None]
        } else if runtime == permanent {
            [Some((Scope::Firewalld, runtime)), None]
        } else {
            let of = |layer, why| Some((Scope::FirewalldLayer { layer }, why));
            [of(Layer::Runtime, runtime), of(Layer::Permanent, permanent)]
        };
        unheard.into_iter().flatten().chain(self.by_list(|lists, kind| lists.why_unknown(kind)))
    }

    /// What is said of lists: of a whole layer of a zone where it is the same of all its lists,
    /// else list by list.
    fn by_list<T: Copy + PartialEq>(
        &self,
        said: impl Fn(&Lists, Kind) -> Option<T> + Copy,
    ) -> impl Iterator<Item = (Scope, T)> {
        let whole = self.wholeness.gap().is_none();
        self.zones.iter().filter(move |_| whole).flat_map(move |(name, zone)| {
            Layer::ALL.into_iter().filter_map(|layer| Some((layer, zone.layer(layer)?))).flat_map(
                move |(layer, lists)| {
                    let of = move |kind| said(lists, kind);
                    let whole = of(Kind::Ports)
                        .filter(|said| Kind::ALL.into_iter().all(|kind| of(kind) == Some(*said)));
                    let zone = whole.map(|said| (Scope::Zone { zone: name.clone(), layer }, said));
                    let kinds = Kind::ALL.into_iter().filter_map(move |kind| {
                        let said = of(kind).filter(|_| whole.is_none())?;
                        Some((Scope::ZoneList { zone: name.clone(), layer, kind }, said))
                    });
                    zone.into_iter().chain(kinds)
                },
            )
        })
    }
}
