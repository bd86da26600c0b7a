//! The logs of real programs under `tests/corpus`; a test that finds none fails.

use std::fs;
use std::path::{Path, PathBuf};

/// A file of the corpus.
pub struct File {
    /// Its path below `tests/corpus`, with `/` between the parts.
    pub name: String,
    /// What it holds.
    pub bytes: Vec<u8>,
}

impl core::fmt::Debug for File {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{} ({} bytes)", self.name, self.bytes.len())
    }
}

/// The folder of the corpus.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus")
}

/// A file of the corpus.
pub fn file(name: &str) -> File {
    let bytes =
        fs::read(root().join(name)).unwrap_or_else(|error| panic!("tests/corpus/{name}: {error}"));
    File { name: name.to_owned(), bytes }
}

/// All logs of programs that were run, in the order of their names; not those under `found`, which
/// are texts as people post them, each cut down to one thing, and not those under `evidence`, which
/// are logs of other programs.
pub fn logs() -> Vec<File> {
    let mut logs = logs_in("");
    logs.retain(|file| !["found/", "evidence/"].iter().any(|other| file.name.starts_with(other)));
    logs
}

/// All logs below a folder of the corpus, in the order of their names.
pub fn logs_in(folder: &str) -> Vec<File> {
    let mut names = Vec::new();
    collect(&root().join(folder), &mut names);
    names.sort();
    assert!(!names.is_empty(), "no logs in tests/corpus/{folder}");
    names.iter().map(|name| file(name)).collect()
}

fn collect(folder: &Path, names: &mut Vec<String>) {
    let entries =
        fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, names);
        } else if path.file_name().unwrap().to_string_lossy().split('.').any(|part| part == "log") {
            let name = path.strip_prefix(root()).unwrap();
            names
                .push(name.iter().map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("/"));
        }
    }
}
