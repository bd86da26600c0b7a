//! Chunks of bytes in, state, coverage, history and reports out.

use super::book::{Book, Horizon};
use super::expect::Expect;
use super::reader::Reader;
use super::segment::Segment;
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
    book: Book,
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
            book: Book::new(limits),
            input: InputId::default(),
            limits,
        }
    }

    /// The same auditor, which keeps the changes it sees, up to [`Limits::max_history`] of each
    /// host and program.
    #[must_use]
    pub fn keeping_history(mut self) -> Self {
        self.book.history = Some(History::new(self.limits));
        self
    }

    /// The same auditor, for which lines that name no host are lines of this one: firewalld's own
    /// file beside the node's journal, say.
    ///
    /// Without it such lines are kept apart from those of any named host.
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
        self.book.host = Some(host.into());
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
        self.book.ledger.assume(assume);
        self
    }

    /// What the auditor assumes.
    #[must_use]
    pub const fn assumptions(&self) -> &Assumptions {
        self.book.ledger.assumptions()
    }

    /// The same auditor, which folds in nothing that is later than an instant: what was open at
    /// that time.
    ///
    /// The first line of a program of a host that is later ends the folding of that program's log,
    /// so the answer is that of the log cut there. Stamps that the timeline cannot resolve
    /// count by their position.
    #[must_use]
    pub fn until(mut self, instant: OffsetDateTime, timeline: Timeline) -> Self {
        self.book.horizon = Some(Horizon::new(instant, timeline));
        self
    }

    /// Takes the next bytes of the input.
    pub fn feed(&mut self, chunk: impl AsRef<[u8]>) {
        let Self { feeder, reader, book, .. } = self;
        feeder.feed(chunk.as_ref(), |line| reader.read(&line, &mut |finding| book.enter(finding)));
    }

    /// Takes a part of the log that was read elsewhere, as if its bytes had been fed. An unfinished
    /// line before it ends here.
    pub fn append(&mut self, segment: &Segment<'_>) {
        let Self { feeder, reader, book, .. } = self;
        feeder.finish(|line| reader.read(&line, &mut |finding| book.enter(finding)));
        let (line, byte) = (feeder.next_line(), feeder.next_byte());
        segment.read_on(reader, line, byte, &mut |finding| book.enter(finding));
        let (line, byte) =
            (line.saturating_add(segment.lines()), byte.saturating_add(segment.len()));
        *feeder = Feeder::new(&self.limits).of_input(self.input).starting_at(line, byte);
    }

    /// Ends the input: a last line without a line end and an unfinished record count as far as they
    /// go.
    pub fn finish(&mut self) {
        let Self { feeder, reader, book, .. } = self;
        feeder.finish(|line| reader.read(&line, &mut |finding| book.enter(finding)));
        reader.finish(&mut |finding| book.enter(finding));
        book.take_all_waiting();
    }

    /// Ends the input and begins another one, whose lines are numbered from 1 again and told apart
    /// by `id`.
    ///
    /// Rotated files are inputs in their order, oldest first.
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
        let here = ByteSpan::new(self.feeder.next_byte(), self.feeder.next_byte());
        let here = LineRef::new(self.input, self.feeder.next_line().saturating_sub(1), here);
        let by = Evidence::statement(here);
        if self.feeder.is_idle() && self.reader.is_idle() {
            self.book.know(host, facts, by);
        } else {
            // What was fed last may yet turn out to be a record; it came before the facts.
            self.book.know_later(host, facts, by);
        }
    }

    /// The state of every host, as of what was read; see [`settled`](Self::settled) for an
    /// unfinished record.
    #[must_use]
    pub const fn ledger(&self) -> &Ledger {
        &self.book.ledger
    }

    /// What was read, understood and refused.
    #[must_use]
    pub const fn coverage(&self) -> &Coverage {
        &self.book.coverage
    }

    /// The changes, if they are kept.
    #[must_use]
    pub const fn history(&self) -> Option<&History> {
        self.book.history.as_ref()
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
