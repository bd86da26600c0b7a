//! Each example prints what its head comment says. With `HOSTPORT_AUDIT_BLESS` set in the
//! environment the comments are rewritten instead.

use crate::host_changes::follow;
use std::error::Error;
use std::path::Path;
use std::{fs, iter};

#[path = "../../examples/allow_list.rs"]
mod allow_list;
#[path = "../../examples/at_time.rs"]
mod at_time;
#[path = "../../examples/history.rs"]
mod history;
#[cfg(feature = "serde")]
#[path = "../../examples/json_report.rs"]
mod json_report;
#[path = "../../examples/merge_segments.rs"]
mod merge_segments;
#[path = "../../examples/open_ports.rs"]
mod open_ports;
#[path = "../../examples/parse_lines.rs"]
mod parse_lines;
#[cfg(feature = "serde")]
#[path = "../../examples/save_and_resume.rs"]
mod save_and_resume;
#[path = "../../examples/why_open.rs"]
mod why_open;

/// Compares the block behind the `$` line of the head comment with what the example prints.
fn holds(name: &str, printed: Result<String, Box<dyn Error>>) {
    let printed = printed.unwrap_or_else(|error| panic!("{name}: {error}"));
    let file =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(name).with_extension("rs");
    let text = fs::read_to_string(&file).unwrap();
    let begin = text
        .find("//! $ ")
        .and_then(|at| text[at..].find('\n').map(|end| at + end + 1))
        .expect("a `$` line");
    let end = begin + text[begin..].find("//! ```").expect("the end of the block");
    let want: String =
        printed.lines().map(|line| format!("//! {line}").trim_end().to_owned() + "\n").collect();
    if std::env::var_os("HOSTPORT_AUDIT_BLESS").is_some() {
        fs::write(&file, format!("{}{want}{}", &text[..begin], &text[end..])).unwrap();
    } else {
        assert_eq!(&text[begin..end], want, "{name}");
    }
}

fn followed(log: &str) -> Result<String, Box<dyn Error>> {
    let mut out = Vec::new();
    follow::follow(
        &mut fs::File::open(Path::new(env!("CARGO_MANIFEST_DIR")).join(log))?,
        &mut out,
    )?;
    Ok(String::from_utf8(out)?)
}

#[test]
fn the_head_comments_show_what_is_printed() {
    holds("allow_list", allow_list::compare(iter::empty()).map(|found| found.to_string()));
    holds("at_time", at_time::run(iter::empty()));
    holds("history", history::run(iter::empty()));
    #[cfg(feature = "serde")]
    holds("json_report", json_report::run(iter::empty()));
    holds("follow", followed("tests/corpus/crio/scenarios/plain.log"));
    holds("merge_segments", merge_segments::run(iter::empty()));
    holds("open_ports", open_ports::run(iter::empty()));
    #[cfg(feature = "serde")]
    holds("save_and_resume", save_and_resume::run());
    holds("parse_lines", parse_lines::run(iter::empty()));
    holds("why_open", why_open::run(iter::empty()));
}
