//! Chunks of bytes in, state, coverage, history and reports out.

use super::expect::Expect;
use super::folds::{Folds, Horizon};
use super::reader::Reader;
use super::segment::Segment;
use super::watch::HostChange;
use crate::assume::{Assume, Assumptions};
use crate::frame::Feeder;
use crate::limits::Limits;
use crate::report::{Coverage, History, Report};
use crate::span::{ByteSpan, InputId, LineRef};
use crate::state::evidence::Evidence;
use crate::state::{Facts, Ledger};
use crate::text::Text;
use crate::timeline::Timeline;
use alloc::borrow::Cow;
use time::OffsetDateTime;

/// Reads logs of any of the three programs and keeps what they tell of open host ports.
///
/// Bytes go in by [`feed`](Self::feed) in chunks of any size: any split gives the same. Answers may
/// be asked for at any time; they are those that hold if the input ends there.
///
/// ```
/// use hostport_audit::Auditor;
///
/// let mut auditor = Auditor::new();
/// auditor.feed(b"2023-06-28 10:46:37 DEBUG1: zone.addPort('public', '8080', 'tcp')\n");
/// auditor.feed(b"2023-06-28 10:46:37 DEBUG1: zone.PortAdded('public', '8080', 'tcp', 0)\n");
/// assert_eq!(auditor.coverage().counts().records, 2);
/// ```
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Auditor {
    feeder: Feeder,
    reader: Reader,
    folds: Folds,
    input: InputId,
    limits: Limits,
}

impl Default for Auditor {
    fn default() -> Self {
        Self::with(Expect::Auto, Limits::default())
    }
}

impl Auditor {
    /// An auditor that recognises each line by itself, with the default limits and without history.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// An auditor for the logs of one program, or of all, within limits.
    #[must_use]
    pub fn with(expect: Expect, limits: Limits) -> Self {
        Self {
            feeder: Feeder::new(&limits),
            reader: Reader::new(expect, limits),
            folds: Folds::new(limits),
            input: InputId::default(),
            limits,
        }
    }

    /// The same auditor, which keeps the changes it sees, up to [`Limits::max_history`] of each
    /// host and program.
    #[must_use]
    pub fn keeping_history(mut self) -> Self {
        self.folds.history = Some(History::new(self.limits));
        self
    }

    /// The same auditor, for which lines that name no host are lines of this one: firewalld's own
    /// file beside the node's journal, say.
    ///
    /// Without it such lines are kept apart from those of any named host. If the host has several
    /// names, see [`one_host`](Self::one_host).
    ///
    /// ```
    /// use hostport_audit::Auditor;
    ///
    /// let mut auditor = Auditor::new().of_host("rhel92");
    /// auditor.feed(b"2023-06-28 10:46:37 DEBUG1: zone.PortAdded('public', '8080', 'tcp', 0)\n");
    /// assert_eq!(auditor.ledger().hosts().next().unwrap().0.unwrap(), "rhel92");
    /// ```
    #[must_use]
    pub fn of_host(mut self, host: impl Into<Text<'static>>) -> Self {
        self.folds.host = Some(host.into());
        self
    }

    /// The same auditor, which takes something for granted that no log can show.
    ///
    /// What is known by it only says so wherever it is answered; see [`Assume`].
    ///
    /// ```
    /// use hostport_audit::{Assume, Auditor};
    ///
    /// let auditor = Auditor::new().assuming(Assume::FilesKeptWhileStopped);
    /// assert_eq!(auditor.assumptions().iter().count(), 1);
    /// ```
    #[must_use]
    pub fn assuming(mut self, assume: Assume) -> Self {
        self.folds.ledger.assume(assume);
        self
    }

    /// What the auditor assumes.
    #[must_use]
    pub const fn assumptions(&self) -> &Assumptions {
        self.folds.ledger.assumptions()
    }

    /// The same auditor, for which all lines are of one host: lines with its short name, lines with
    /// its full name, and lines without a name.
    ///
    /// The host is shown with the name given by [`of_host`](Self::of_host), or else with the first
    /// name that a line has. Names in prefixes then do not keep hosts apart.
    ///
    /// ```
    /// use hostport_audit::Auditor;
    ///
    /// let mut auditor = Auditor::new().one_host();
    /// auditor.feed(b"2023-06-28 10:46:37 DEBUG1: zone.PortAdded('public', '8080', 'tcp', 0)\n");
    /// for name in ["rhel92", "rhel92.example.com"] {
    ///     let line = format!("Jun 28 10:46:38 {name} firewalld[812]: WARNING: NOT_ENABLED: x\n");
    ///     auditor.feed(line);
    /// }
    /// let hosts: Vec<_> = auditor.ledger().hosts().map(|(name, _)| name.unwrap()).collect();
    /// assert_eq!(hosts, ["rhel92"]);
    /// ```
    #[must_use]
    pub const fn one_host(mut self) -> Self {
        self.folds.one_host = true;
        self
    }

    /// The same auditor, which knows the clock of the logs while it reads: what
    /// [`next_input`](Self::next_input) needs to tell whether a line of one input came before or
    /// after a start of the machine that another input tells.
    #[must_use]
    pub fn with_timeline(mut self, timeline: Timeline) -> Self {
        self.folds.ledger = self.folds.ledger.with_timeline(timeline);
        self
    }

    /// The same auditor, which folds in nothing that is later than an instant: what was open at
    /// that time.
    ///
    /// The first line of a program of a host that is later ends the folding of that program's log,
    /// so the answer is that of the log cut there. Stamps that the timeline cannot resolve
    /// count by their position.
    #[must_use]
    pub fn until(mut self, instant: OffsetDateTime, timeline: Timeline) -> Self {
        self.folds.horizon = Some(Horizon::new(instant, timeline));
        self
    }

    /// Takes the next bytes of the input.
    pub fn feed(&mut self, chunk: impl AsRef<[u8]>) {
        self.take(chunk.as_ref(), &mut |_| ());
    }

    /// Takes the next bytes of the input, and tells what opens and closes as soon as a line proves
    /// it.
    ///
    /// What a line changes of the answers is told once, whatever the line took back again by
    /// itself. Any split of the input tells the same. Changes are told from the first call on, and
    /// those of calls of [`feed`](Self::feed) in between are not. Each line that says anything of
    /// ports costs a look at all that is known of its host.
    ///
    /// ```
    /// use hostport_audit::Auditor;
    ///
    /// let mut auditor = Auditor::new();
    /// let mut told = Vec::new();
    /// let log = b"2023-06-28 10:46:37 DEBUG1: zone.addPort('public', '8080', 'tcp')\n\
    ///             2023-06-28 10:46:37 DEBUG1: zone.PortAdded('public', '8080', 'tcp', 0)\n\
    ///             2023-06-28 10:46:39 DEBUG1: zone.removePort('public', '8080', 'tcp')\n\
    ///             2023-06-28 10:46:39 DEBUG1: zone.PortRemoved('public', '8080', 'tcp')";
    /// auditor.feed_with(log, |change| told.push(change.to_string()));
    /// auditor.finish_with(|change| told.push(change.to_string()));
    /// assert!(told[0].starts_with("line 2 (2023-06-28T10:46:37): opened 8080/tcp allowed by zone public"));
    /// assert!(told[1].starts_with("line 4 (2023-06-28T10:46:39): closed 8080/tcp allowed by zone public"));
    /// ```
    pub fn feed_with(&mut self, chunk: impl AsRef<[u8]>, mut tell: impl FnMut(&HostChange)) {
        self.folds.begin_watch();
        self.take(chunk.as_ref(), &mut tell);
    }

    fn take(&mut self, chunk: &[u8], tell: &mut dyn FnMut(&HostChange)) {
        let Self { feeder, reader, folds, .. } = self;
        feeder.feed(chunk, |line| {
            reader.read(&line, &mut |finding| folds.push(finding));
            folds.tell(tell);
        });
    }

    /// Takes a part of the log that was read elsewhere, as if its bytes had been fed. An unfinished
    /// line before it ends here.
    pub fn append(&mut self, segment: &Segment<'_>) {
        let Self { feeder, reader, folds, .. } = self;
        feeder.finish(|line| reader.read(&line, &mut |finding| folds.push(finding)));
        let (line, byte) = (feeder.next_line(), feeder.next_byte());
        segment.read_on(reader, line, byte, &mut |finding| folds.push(finding));
        folds.tell(&mut |_| ());
        let (line, byte) =
            (line.saturating_add(segment.lines()), byte.saturating_add(segment.len()));
        *feeder = Feeder::new(&self.limits).of_input(self.input).starting_at(line, byte);
    }

    /// Ends the input: a last line without a line end and an unfinished record count as far as they
    /// go.
    pub fn finish(&mut self) {
        self.end(&mut |_| ());
    }

    /// Ends the input, and tells what opens and closes by what was unfinished; see
    /// [`feed_with`](Self::feed_with).
    pub fn finish_with(&mut self, mut tell: impl FnMut(&HostChange)) {
        self.folds.begin_watch();
        self.end(&mut tell);
    }

    fn end(&mut self, tell: &mut dyn FnMut(&HostChange)) {
        let Self { feeder, reader, folds, .. } = self;
        feeder.finish(|line| reader.read(&line, &mut |finding| folds.push(finding)));
        reader.finish(&mut |finding| folds.push(finding));
        folds.take_all_waiting();
        folds.tell(tell);
    }

    /// Ends the input and begins another one, whose lines are numbered from 1 again and told apart
    /// by `id`; each input has an `id` of its own.
    ///
    /// Rotated files of one log are inputs in their order, oldest first.
    ///
    /// # Several inputs of one host
    ///
    /// A host may have several logs: its journal, firewalld's own file, the log of ovnkube's
    /// container. Each is an input, and they may be read in any order. Say that they are of one
    /// host by [`of_host`](Self::of_host) or [`one_host`](Self::one_host), for some of them name no
    /// host.
    ///
    /// One fact of one input bears on the others: the journal tells when the machine was started
    /// anew (`-- Boot … --`, or another `_BOOT_ID`), and that ends what all programs had opened.
    /// Where the start and a line stand in one input, or in rotated files of one log, the position
    /// tells which came first. Otherwise the times tell, if the timeline resolves both; give it by
    /// [`with_timeline`](Self::with_timeline) before the first line. CRI-O's times and the
    /// journal's machine-readable forms are complete; firewalld's times lack the offset, klog's and
    /// the journal's usual ones the year as well. Where the times do not tell, what the start may
    /// have ended is unknown: [`UnknownReason::MayHaveBooted`](crate::state::known::UnknownReason). So the
    /// order of the inputs never makes an answer wrong; with the journal first the fewest are unknown.
    ///
    /// ```
    /// use hostport_audit::event::firewalld::Layer;
    /// use hostport_audit::{Auditor, InputId};
    ///
    /// let journal = "Jun 28 09:00:00 rhel92 kernel: x\n-- Boot 2d30a6508937515eb84cfdeac507588e --\n\
    ///                Jun 28 16:24:11 rhel92 kernel: x\n";
    /// let firewalld = "2023-06-28 10:00:00 DEBUG1: zone.PortAdded('public', '8080', 'tcp', 0)\n";
    /// for inputs in [[journal, firewalld], [firewalld, journal]] {
    ///     let mut auditor = Auditor::new().one_host();
    ///     for (number, input) in (1..).zip(inputs) {
    ///         auditor.next_input(InputId::new(number));
    ///         auditor.feed(input);
    ///     }
    ///     auditor.finish();
    ///     let (_, host) = auditor.ledger().hosts().next().unwrap();
    ///     assert!(host.firewalld().unwrap().ports("public", Layer::Runtime).is_err());
    ///     assert_eq!(host.openings().count(), 0, "nobody told whether the boot came later");
    /// }
    /// ```
    pub fn next_input(&mut self, id: InputId) {
        self.finish();
        self.input = id;
        self.feeder = Feeder::new(&self.limits).of_input(id);
    }

    /// Takes facts about a host that hold at the present position; without a name, of the only
    /// host.
    ///
    /// A base before the log and a checkpoint within it are told alike. What contradicts the fold
    /// so far is remarked as such. Behind a line or a record that is not finished they are
    /// taken in when it is: see [`settled`](Self::settled).
    pub fn know(&mut self, host: Option<&Text<'_>>, facts: &Facts) {
        self.take_facts(host, facts);
        self.folds.tell(&mut |_| ());
    }

    fn take_facts(&mut self, host: Option<&Text<'_>>, facts: &Facts) {
        let here = ByteSpan::new(self.feeder.next_byte(), self.feeder.next_byte());
        let here = LineRef::new(self.input, self.feeder.next_line().saturating_sub(1), here);
        let by = Evidence::statement(here);
        if self.feeder.is_idle() && self.reader.is_idle() {
            self.folds.know(host, facts, by);
        } else {
            // What was fed last may yet turn out to be a record; it came before the facts.
            self.folds.know_later(host, facts, by);
        }
    }

    /// Takes facts, and tells what opens and closes by them; see [`know`](Self::know) and
    /// [`feed_with`](Self::feed_with).
    pub fn know_with(
        &mut self,
        host: Option<&Text<'_>>,
        facts: &Facts,
        mut tell: impl FnMut(&HostChange),
    ) {
        self.folds.begin_watch();
        self.take_facts(host, facts);
        self.folds.tell(&mut tell);
    }

    /// The state of every host, as of what was read; see [`settled`](Self::settled) for an
    /// unfinished record.
    #[must_use]
    pub const fn ledger(&self) -> &Ledger {
        &self.folds.ledger
    }

    /// What was read, understood and refused.
    #[must_use]
    pub const fn coverage(&self) -> &Coverage {
        &self.folds.coverage
    }

    /// The changes, if they are kept.
    #[must_use]
    pub const fn history(&self) -> Option<&History> {
        self.folds.history.as_ref()
    }

    /// The auditor as it is if the input ends here: itself, unless a line or a record is
    /// unfinished.
    #[must_use]
    pub fn settled(&self) -> Cow<'_, Self> {
        if self.feeder.is_idle() && self.reader.is_idle() {
            return Cow::Borrowed(self);
        }
        let mut ended = self.clone();
        ended.finish();
        Cow::Owned(ended)
    }

    /// Everything an auditor asks, as if the input ended here; the timeline tells the times since
    /// which ports are open.
    #[must_use]
    pub fn report(&self, timeline: &Timeline) -> Report {
        let settled = self.settled();
        Report::new(settled.ledger(), settled.coverage(), settled.history(), timeline)
    }
}
