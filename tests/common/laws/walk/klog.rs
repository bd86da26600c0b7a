//! klog's records, ovnkube's and the neighbours' messages in them.

use super::{printed, refusal, result, rule, saved, shown, text};
use hostport_audit::event::{local_port as neighbour_event, ovnkube as ovnkube_event};
use hostport_audit::record::klog::{Form, Reader, Record};
use hostport_audit::record::ovnkube::Message;
use hostport_audit::record::rule::Rule;
use hostport_audit::record::structured::Structured;
use hostport_audit::record::{Reading, local_port};

/// Reads the line as a record.
pub fn record(line: &[u8]) {
    result(Record::parse(line), line, |record| {
        let Some(record) = record else { return };
        assert_eq!(record.as_bytes(), line);
        printed(&record, line);
        walk(&record, line);
        assert_eq!(record.clone().into_owned(), record);
        let elsewhere = [b" ", line].concat();
        assert_eq!(Record::parse(&elsewhere[1..]), Ok(Some(record)));
    });
    let mut reader = Reader::new();
    match reader.read(line) {
        Reading::Record(record) => assert_eq!(Record::parse(line), Ok(Some(record))),
        Reading::Malformed(error) => assert_eq!(Record::parse(line), Err(error)),
        Reading::Unrelated => assert_eq!(Record::parse(line), Ok(None)),
        Reading::Continuation(_) => {
            panic!("the first line continues nothing: {}", line.escape_ascii())
        }
    }
}

fn walk(record: &Record<'_>, line: &[u8]) {
    match (record.form(), record.header()) {
        (Form::Header, Some(header)) => {
            text(header.file(), line);
            assert!(header.pid() < 10_000_000, "klog prints seven columns");
            assert_eq!(header.stamp(), record.stamp());
            shown(&(header.severity(), header.line()));
            assert!(line.ends_with(record.message().as_bytes()));
        }
        (Form::Header, None) | (_, Some(_)) => {
            panic!("a header without the form, or the form without it: {record:?}")
        }
        _ => {}
    }
    text(record.message(), line);
    if let Some(found) = record.ovnkube() {
        message(found, line);
    }
    if let Some(structured) = record.structured() {
        self::structured(&structured);
    }
    for event in ovnkube_event::events(record) {
        ovnkube_event(&event);
    }
    if let Some(found) = local_port::Message::of(record) {
        assert!(found.port().range().first() == found.port().range().last());
        shown(&(found.program(), found.action(), found.address(), found.family()));
        assert_eq!(found.clone().into_owned(), found);
    }
    if let Some(event) = neighbour_event::event(record) {
        let owned = event.clone().into_owned();
        assert_eq!(owned, event);
        saved(&owned);
    }
    shown(record);
}

fn message(message: &Message<'_>, line: &[u8]) {
    match message {
        Message::Adding(change) | Message::Deleting(change) | Message::Ignoring(change) => {
            text(change.table(), line);
            text(change.chain(), line);
            rule::walk(change.rule(), line);
            assert_eq!(change.clone().into_owned(), *change);
        }
        Message::AddingList(list) | Message::DeletingList(list) => {
            for change in list.changes() {
                rule::walk(change.rule(), line);
            }
        }
        Message::ChainExists { table, chain }
        | Message::Creating { table, chain }
        | Message::Recreating { table, chain } => {
            text(table, line);
            text(chain, line);
        }
        Message::Failures(failures) => {
            let mut count = 0;
            for failure in failures.iter() {
                count += 1;
                text(failure.table(), line);
                text(failure.chain(), line);
                result(
                    Rule::parse(failure.args().as_bytes()),
                    failure.args().as_bytes(),
                    |found| {
                        rule::walk(&found, failure.args().as_bytes());
                    },
                );
                assert!(!failure.was_missing() || !failure.is_add());
                shown(&failure);
            }
            assert!(count > 0, "failures without a failure");
        }
        _ => {}
    }
    assert_eq!(message.clone().into_owned(), *message);
}

/// An event keeps itself when it is owned and when it is saved.
pub fn ovnkube_event(event: &ovnkube_event::Event<'_>) {
    let owned = event.clone().into_owned();
    assert_eq!(owned, *event);
    saved(&owned);
}

/// Reads the line as a structured message.
pub fn structured_message(line: &[u8]) {
    match Structured::parse(line) {
        Ok(found) => structured(&found),
        Err(error) => refusal(&error, line),
    }
}

fn structured(structured: &Structured<'_>) {
    shown(&structured.text());
    for (key, value) in structured.pairs() {
        shown(&value.text());
        assert!(!value.is_cut() || value.is_string());
        assert!(structured.value(key.as_bytes()).is_some());
    }
}
