//! Looks at parsed things from all sides: every getter is called, every part must lie inside the
//! line, every form must print back.

pub mod crio;
pub mod firewalld;
pub mod klog;
pub mod rule;
pub mod transport;

use core::fmt::{Debug, Display};
use hostport_audit::record::Reading;
use hostport_audit::{ParseError, Text};

/// Walks what a parser accepted, or checks that what it refused it refused at a place inside the
/// line.
pub fn result<T: Debug>(result: Result<T, ParseError>, line: &[u8], walk: impl FnOnce(T)) {
    match result {
        Ok(value) => walk(value),
        Err(error) => refusal(&error, line),
    }
}

/// The same for a parser that also knows lines of other programs.
pub fn reading<R: Debug>(reading: Reading<R>, line: &[u8], walk: impl FnOnce(R)) {
    match reading {
        Reading::Record(record) => walk(record),
        Reading::Malformed(error) => refusal(&error, line),
        Reading::Unrelated => {}
        Reading::Continuation(_) => {
            panic!("a line that stands alone continues nothing: {}", line.escape_ascii())
        }
    }
}

/// An error tells the place and the byte that stands there, in words that can be shown.
pub fn refusal(error: &ParseError, line: &[u8]) {
    assert!(
        error.offset() <= line.len(),
        "{error:?} lies behind the end of {}",
        line.escape_ascii()
    );
    assert_eq!(
        error.found(),
        line.get(error.offset()).copied(),
        "{error:?} misquotes {}",
        line.escape_ascii()
    );
    assert!(!error.expected().is_empty());
    let shown = error.in_line(line).to_string();
    assert!(shown.contains(error.expected()) && error.to_string().contains(error.expected()));
    let (above, below) = shown.rsplit_once('\n').expect("two lines");
    // Of a text of several lines the broken one alone is shown, with its number before it.
    let above = above.rsplit_once('\n').map_or(above, |(_, line)| line);
    assert!(below.find('^').is_some_and(|caret| caret <= above.len()));
}

/// The bytes are a stretch of the line; none at all may come from anywhere.
pub fn inside(part: &[u8], line: &[u8]) {
    if part.is_empty() {
        return;
    }
    let (part, line) = (part.as_ptr_range(), line.as_ptr_range());
    assert!(
        line.start <= part.start && part.end <= line.end,
        "a part that lies outside of its line"
    );
}

/// The text shows itself, and where it is borrowed it lies inside the line.
pub fn text(text: &Text<'_>, line: &[u8]) {
    if text.is_borrowed() && !text.is_empty() {
        inside(text.as_bytes(), line);
    }
    assert_eq!(text.to_str_lossy(), text.to_string());
    assert_eq!(text.clone().into_owned(), text.reborrow());
    shown(text);
}

/// The thing can be shown.
pub fn shown(thing: &impl Debug) {
    assert!(!format!("{thing:?}").is_empty());
}

/// `Display` writes the line, with what is not UTF-8 replaced.
pub fn printed(thing: &impl Display, line: &[u8]) {
    assert_eq!(thing.to_string(), String::from_utf8_lossy(line));
}

/// The thing survives being saved and loaded, if it can be saved in this build.
#[cfg(feature = "serde")]
pub fn saved<T>(thing: &T)
where
    T: serde::Serialize + serde::de::DeserializeOwned + PartialEq + Debug,
{
    saved_and_loaded(thing);
}

/// The thing survives being saved and loaded, if it can be saved in this build.
#[cfg(not(feature = "serde"))]
pub fn saved<T>(_: &T) {}

/// The thing after a round trip through JSON, which must not change it.
#[cfg(feature = "serde")]
pub fn saved_and_loaded<T>(thing: &T) -> T
where
    T: serde::Serialize + serde::de::DeserializeOwned + PartialEq + Debug,
{
    let json = serde_json::to_string(thing).expect("every value can be saved");
    let loaded: T = serde_json::from_str(&json).unwrap_or_else(|error| panic!("{error} in {json}"));
    same(&loaded, thing, "changed by saving and loading");
    loaded
}

/// Two large things are equal; shows where they begin to differ if they are not.
pub fn same<T: PartialEq + Debug>(one: &T, other: &T, what: &str) {
    if one == other {
        return;
    }
    let (one, other) = (format!("{one:?}"), format!("{other:?}"));
    let at = one.bytes().zip(other.bytes()).take_while(|(a, b)| a == b).count();
    let near = |text: &str| {
        text.as_bytes()[at.saturating_sub(400)..text.len().min(at + 400)].escape_ascii().to_string()
    };
    panic!("{what}:\n{}\nis not\n{}", near(&one), near(&other));
}
