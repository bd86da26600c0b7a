//! Every log of the corpus through the front door: each line accounted for, and nothing refused but
//! what is forged or cut.

use hostport_audit::event::FindingKind;
use hostport_audit::{Auditor, Expect, Limits, Lines, Reader, Source};
use std::collections::BTreeMap;

use crate::common;
use common::corpus::{self, File};

/// The lines that are malformed, and why that is right.
const REFUSED: [(&str, &[u64], &str); 4] = [
    ("crio/more/journald-line-max.short.log", &[39], "journald cut a restore message at 48 KiB"),
    (
        "firewalld/v1.3.3/hostile-strings.log",
        &[1045, 1054],
        "an argument with a quote makes a signal of another arity",
    ),
    (
        "firewalld/v1.3.3/polkit-user.log",
        &[1080, 1096, 1099],
        "signals forged through an unescaped argument, not well enough",
    ),
    (
        "firewalld/v2.5.0/hostile-strings.log",
        &[1253, 1262],
        "an argument with a quote makes a signal of another arity",
    ),
];

fn source(file: &File) -> Source {
    match file.name.split('/').next() {
        Some("firewalld" | "found") => Source::Firewalld,
        Some("crio") => Source::Crio,
        Some("ovnk") => Source::Ovnkube,
        _ => panic!("{file:?}"),
    }
}

#[test]
fn each_line_is_accounted_for_and_only_forged_or_cut_ones_are_malformed() {
    let allowed: BTreeMap<_, _> =
        REFUSED.iter().map(|(name, lines, _)| (*name, lines.to_vec())).collect();
    let mut refused = BTreeMap::new();
    for file in corpus::logs() {
        for expect in [Expect::Only(source(&file)), Expect::Auto] {
            let (mut accounted, mut malformed) = (0, Vec::new());
            let mut reader = Reader::new(expect, Limits::default());
            let mut note = |finding: hostport_audit::event::Finding<'_>| {
                accounted += finding.lines;
                if let FindingKind::Malformed { .. } = finding.kind {
                    malformed.push(finding.at.line());
                }
            };
            for line in Lines::new(&file.bytes) {
                reader.read(&line, &mut note);
            }
            reader.finish(&mut note);
            let lines = Lines::new(&file.bytes).count() as u64;
            assert_eq!(accounted, lines, "{}: lines accounted for", file.name);
            assert_eq!(
                malformed,
                allowed.get(file.name.as_str()).cloned().unwrap_or_default(),
                "{} {expect}",
                file.name
            );
            if !malformed.is_empty() {
                refused.insert(file.name.clone(), malformed);
            }
        }
    }
    assert_eq!(refused.len(), allowed.len(), "a named log is missing: {refused:?}");
}

#[test]
fn recognising_each_line_by_itself_leads_to_the_same_state() {
    for file in corpus::logs() {
        let read = |expect| {
            let mut auditor = Auditor::with(expect, Limits::default());
            auditor.feed(&file.bytes);
            auditor.finish();
            auditor
        };
        let (told, found_out) = (read(Expect::Only(source(&file))), read(Expect::Auto));
        // Foreign lines may name hosts of their own.
        let folds = |auditor: &Auditor| {
            auditor
                .ledger()
                .hosts()
                .map(|(name, host)| (name.cloned(), host.clone()))
                .collect::<Vec<_>>()
        };
        assert_eq!(folds(&told), folds(&found_out), "{}", file.name);
        assert_eq!(
            told.coverage().counts().records,
            found_out.coverage().counts().records,
            "{}",
            file.name
        );
    }
}

#[test]
fn the_documentations_own_lines_are_records() {
    let text = include_bytes!("../data/documentation.log");
    let mut auditor = Auditor::new();
    auditor.feed(text);
    auditor.finish();
    let counts = auditor.coverage().counts();
    assert_eq!((counts.records, counts.unrelated, counts.malformed), (17, 0, 0));
}
