//! JSON objects in which a shipper of logs carries messages: fluentd and fluent-bit (`log`,
//! `message`), Vector (`message`), Loki (`line`, `values`), filebeat and Elasticsearch (`message`,
//! `_source`), OpenShift's logging (`message` beside `kubernetes` and `systemd`).
//!
//! Every shipper may be told to rename its fields. So an object counts by the field that holds the
//! message, and host, program and time are taken where a field of a known name gives them; nothing
//! is guessed.

use super::{Prefix, Stream, Transport};
use crate::error::ParseError;
use crate::grammar::json::{self, Value};
use crate::grammar::prefix::process;
use crate::stamp::Stamp;
use crate::text::Text;
use alloc::boxed::Box;
use alloc::vec::Vec;
use time::{Duration, OffsetDateTime};

/// Objects deeper than this are not looked into.
const DEEPEST: u32 = 4;

/// A message that a shipper carried.
#[derive(Debug)]
pub(super) struct Shipped {
    pub(super) prefix: Prefix<'static>,
    pub(super) message: Text<'static>,
    /// False for a part of a message that the container's runtime cut.
    pub(super) last: bool,
}

/// What an object of a shipper turned out to be.
#[derive(Debug)]
pub(super) enum Opened {
    /// What it carried.
    Messages(Vec<Shipped>),
    /// It breaks here; and what had been read of it.
    GrammarError(ParseError, Box<Prefix<'static>>),
}

/// Opens an object; `None` if it is not a shipper's.
pub(super) fn open(bytes: &[u8]) -> Option<Opened> {
    let mut found = Found::default();
    if let Err(error) = found.fields(bytes, Place::Top, 0) {
        return found
            .is_shipper
            .then(|| Opened::GrammarError(error, Box::new(found.into_prefix())));
    }
    // A program that logs in JSON has its own words for these two.
    if found.is_program {
        return None;
    }
    if let Some(values) = found.values.take() {
        return Some(Opened::Messages(found.of_values(&values)));
    }
    let message = found.message.take()?;
    let last = !found.is_part;
    Some(Opened::Messages(alloc::vec![unwrapped(found.into_prefix(), message, last)]))
}

/// Which object a field stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Top,
    /// `kubernetes`, of the metadata that fluentd, Vector and filebeat add.
    Kubernetes,
    /// `kubernetes.pod`, `kubernetes.container`, `kubernetes.node` of filebeat.
    Pod,
    Container,
    Node,
    /// `host` of filebeat.
    Host,
    /// `systemd` and its `t` and `u` of OpenShift's logging; `systemd.unit` of filebeat.
    Systemd,
    /// `syslog` and `log.syslog` of filebeat, `process`.
    Syslog,
    Process,
    /// `labels`, or `stream` where it is an object, of Loki.
    Labels,
}

/// What was found in an object so far.
#[derive(Debug, Default)]
struct Found {
    message: Option<Text<'static>>,
    values: Option<Vec<u8>>,
    host: Option<Text<'static>>,
    identifier: Option<Text<'static>>,
    unit: Option<Text<'static>>,
    pid: Option<u32>,
    boot: Option<Text<'static>>,
    pod: Option<Text<'static>>,
    container: Option<Text<'static>>,
    stream: Option<Stream>,
    stamp: Option<Stamp>,
    is_part: bool,
    is_shipper: bool,
    is_program: bool,
}

fn set(slot: &mut Option<Text<'static>>, text: Option<Text<'_>>) {
    if slot.is_none() {
        *slot = text.filter(|text| !text.is_empty()).map(Text::into_owned);
    }
}

impl Found {
    fn fields(&mut self, bytes: &[u8], place: Place, depth: u32) -> Result<(), ParseError> {
        for field in json::Fields::new(bytes) {
            let field = field?;
            let key = field.key.as_bytes();
            match field.value {
                Value::Nested(raw) => self.nested(key, raw, place, depth)?,
                value => self.field(key, value, place),
            }
        }
        Ok(())
    }

    fn nested(
        &mut self,
        key: &[u8],
        raw: &[u8],
        place: Place,
        depth: u32,
    ) -> Result<(), ParseError> {
        let inside = match (place, key) {
            (Place::Top, b"_source" | b"fields" | b"event" | b"data") => Place::Top,
            (Place::Top, b"kubernetes") => Place::Kubernetes,
            (Place::Top, b"host") => Place::Host,
            (Place::Top, b"systemd") => Place::Systemd,
            (Place::Systemd, b"t" | b"u") => Place::Systemd,
            (Place::Top, b"syslog" | b"log" | b"journald") => Place::Syslog,
            (Place::Syslog, b"syslog") => Place::Syslog,
            (Place::Syslog, b"host") => Place::Host,
            (Place::Syslog, b"process") | (Place::Top, b"process") => Place::Process,
            (Place::Top, b"labels" | b"stream" | b"metric") => Place::Labels,
            (Place::Kubernetes, b"pod") => Place::Pod,
            (Place::Kubernetes, b"container") => Place::Container,
            (Place::Kubernetes, b"node") => Place::Node,
            (Place::Top, b"values") => {
                self.values = Some(raw.to_vec());
                return Ok(());
            }
            // One stream of Loki's answer; more of them are other objects.
            (Place::Top, b"streams" | b"result") => {
                let mut streams = json::elements(raw);
                return match (streams.next(), streams.next(), depth < DEEPEST) {
                    (Some(Value::Nested(one)), None, true) => {
                        self.fields(one, Place::Top, depth.saturating_add(1))
                    }
                    _ => Ok(()),
                };
            }
            _ => return Ok(()),
        };
        if matches!(key, b"_source" | b"kubernetes" | b"systemd" | b"journald") {
            self.is_shipper = true;
        }
        if depth < DEEPEST && raw.starts_with(b"{") {
            return self.fields(raw, inside, depth.saturating_add(1));
        }
        Ok(())
    }

    fn field(&mut self, key: &[u8], value: Value<'_>, place: Place) {
        if let Value::Number(digits) = value {
            if matches!((place, key), (Place::Process, b"pid") | (_, b"_PID" | b"PID" | b"procid"))
            {
                self.pid = self.pid.or(process(digits));
            }
            return;
        }
        let text = value.into_text();
        match (place, key) {
            (Place::Top, b"message" | b"log" | b"line" | b"MESSAGE") => {
                self.is_shipper |= key != b"line";
                set(&mut self.message, text);
            }
            (Place::Top, b"@timestamp" | b"timestamp" | b"time" | b"_timestamp") => {
                self.is_shipper |= key == b"@timestamp";
                let stamp = |text: Text<'_>| text.to_str().and_then(|text| text.parse().ok());
                self.stamp = self.stamp.or_else(|| text.and_then(stamp));
            }
            (Place::Top, b"msg" | b"caller") => self.is_program = true,
            (Place::Top, b"logtag") => self.is_part = text.is_some_and(|text| text == "P"),
            (Place::Top | Place::Labels, b"stream") => {
                self.stream = match text.as_ref().and_then(Text::to_str) {
                    Some("stdout") => Some(Stream::Stdout),
                    Some("stderr") => Some(Stream::Stderr),
                    _ => self.stream,
                };
            }
            (_, b"_HOSTNAME" | b"HOSTNAME")
            | (Place::Top | Place::Labels, b"hostname" | b"host" | b"nodename" | b"node_name")
            | (Place::Host | Place::Node, b"name" | b"hostname")
            | (Place::Kubernetes, b"host" | b"pod_node_name" | b"node_name") => {
                set(&mut self.host, text);
            }
            (_, b"SYSLOG_IDENTIFIER" | b"syslog_identifier")
            | (Place::Top | Place::Labels, b"ident" | b"appname" | b"program")
            | (Place::Syslog, b"identifier" | b"appname") => set(&mut self.identifier, text),
            (_, b"_SYSTEMD_UNIT" | b"SYSTEMD_UNIT" | b"systemd_unit")
            | (Place::Systemd | Place::Top | Place::Labels, b"unit") => set(&mut self.unit, text),
            (_, b"_BOOT_ID" | b"BOOT_ID") => set(&mut self.boot, text),
            (_, b"_PID" | b"PID" | b"procid") => {
                self.pid = self.pid.or(text.and_then(|text| process(text.as_bytes())));
            }
            (Place::Kubernetes, b"pod_name" | b"pod")
            | (Place::Pod, b"name")
            | (Place::Labels, b"pod" | b"kubernetes_pod_name") => set(&mut self.pod, text),
            (Place::Kubernetes, b"container_name" | b"container")
            | (Place::Container, b"name")
            | (Place::Labels, b"container" | b"kubernetes_container_name") => {
                set(&mut self.container, text);
            }
            _ => {}
        }
    }

    /// A container's name is the name of the program that runs in it.
    fn into_prefix(self) -> Prefix<'static> {
        Prefix {
            raw: Text::default(),
            transport: Transport::Shipped,
            stamp: self.stamp,
            host: self.host,
            identifier: self.identifier.or_else(|| self.container.clone()),
            unit: self.unit,
            pid: self.pid,
            stream: self.stream,
            boot: self.boot,
            pod: self.pod,
            container: self.container,
        }
    }

    /// The pairs of a time in nanoseconds and a line, as Loki answers.
    fn of_values(self, values: &[u8]) -> Vec<Shipped> {
        let prefix = self.into_prefix();
        let pairs = json::elements(values).filter_map(|pair| match pair {
            Value::Nested(pair) => Some(pair),
            _ => None,
        });
        let message = |pair| {
            let mut pair = json::elements(pair);
            let (at, line) = (pair.next()?.into_text()?, pair.next()?.into_text()?);
            let nanoseconds = at.to_str().and_then(|at| at.parse().ok());
            let stamp = nanoseconds.and_then(|since| {
                OffsetDateTime::UNIX_EPOCH
                    .checked_add(Duration::nanoseconds(since))
                    .map(Stamp::Instant)
            });
            let prefix = Prefix { stamp: stamp.or(prefix.stamp), ..prefix.clone() };
            Some(unwrapped(prefix, line.into_owned(), true))
        };
        pairs.filter_map(message).collect()
    }
}

/// The message without its line end; where no field names its program, a shipper may have carried
/// a line of a file as it stood there, with a prefix of its own.
fn unwrapped(outer: Prefix<'static>, message: Text<'static>, last: bool) -> Shipped {
    let bytes = message.as_bytes();
    let ended = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    let ended = ended.strip_suffix(b"\r").unwrap_or(ended);
    let (inner, text) = match outer.program() {
        Some(_) => (Prefix::default(), Text::borrowed(ended)),
        None => Prefix::of_line(ended),
    };
    let own = |text: Option<&Text<'_>>| text.cloned().map(Text::into_owned);
    let prefix = Prefix {
        stamp: inner.stamp.or(outer.stamp),
        host: own(inner.host()).or(outer.host),
        identifier: own(inner.identifier()).or(outer.identifier),
        unit: own(inner.unit()).or(outer.unit),
        pid: inner.pid.or(outer.pid),
        stream: inner.stream.or(outer.stream),
        pod: own(inner.pod()).or(outer.pod),
        container: own(inner.container()).or(outer.container),
        ..outer
    };
    let text = text.into_owned();
    Shipped { prefix, message: text, last }
}
