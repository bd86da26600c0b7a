//! firewalld's records.

use super::{inside, printed, reading, saved, shown, text};
use hostport_audit::event::firewalld::{Edit, Event, Item};
use hostport_audit::record::firewalld::{Call, Label, Record, Setting};

/// Reads the line as a record, with its date and without.
pub fn record(line: &[u8]) {
    reading(Record::parse(line), line, |record| {
        assert!(record.stamp().is_some() || record.has_bad_time());
        walk(&record, line);
        assert_eq!(reparsed(&record), record);
    });
    reading(Record::parse_undated(line), line, |record| {
        assert!(record.stamp().is_none() && !record.has_bad_time());
        walk(&record, line);
    });
}

/// The record read once more from its own bytes.
pub fn reparsed<'r>(record: &'r Record<'_>) -> Record<'r> {
    match Record::parse(record.as_bytes()) {
        hostport_audit::record::Reading::Record(again) => again,
        other => panic!("{record:?} became {other:?}"),
    }
}

/// Calls every getter and reads the event.
pub fn walk(record: &Record<'_>, line: &[u8]) {
    assert_eq!(record.as_bytes(), line);
    printed(record, line);
    assert!(record.lines() >= 1);
    assert_eq!(record.clone().into_owned(), *record);
    assert!(line.ends_with(record.message()));
    if let Some(call) = record.call() {
        assert!(matches!(record.label(), Label::Debug(_)));
        self::call(&call, record.as_bytes());
    }
    if let Some(event) = Event::of(record) {
        self::event(&event);
    }
    shown(record);
}

fn call(call: &Call<'_>, line: &[u8]) {
    inside(call.path(), line);
    inside(call.method(), line);
    inside(call.raw_arguments(), line);
    assert!(!call.method().is_empty());
    assert_eq!(call.argument(call.arguments().len()), None);
    for argument in call.arguments() {
        inside(argument, call.raw_arguments());
    }
    for name in call.names().into_iter().flatten() {
        inside(name, line);
    }
    for part in call.tuples().into_iter().flatten().flatten() {
        inside(part, line);
    }
    for (name, setting) in call.settings().into_iter().flatten() {
        text(&name, line);
        match setting {
            Setting::List(items) => items.iter().flatten().for_each(|part| text(part, line)),
            Setting::Text(value) => text(&value, line),
            _ => {}
        }
    }
    assert!(call.object().is_none() || !call.path().is_empty());
}

/// An event keeps itself when it is owned and when it is saved.
pub fn event(event: &Event<'_>) {
    let owned = event.clone().into_owned();
    assert_eq!(owned, *event);
    saved(&owned);
    if let Event::RuntimeRequest { edit, .. } | Event::PermanentRequest { edit, .. } = event {
        match edit {
            Edit::Replace { kind, items } => assert!(items.iter().all(|item| item.kind() == *kind)),
            Edit::Add { item } | Edit::Remove { item } => assert_eq!(item.kind(), edit.kind()),
            _ => {}
        }
    }
    if let Event::Added { item: Item::Port { port, .. }, .. } = event {
        shown(port);
    }
}
