//! Holds the tower of layers: each file imports only what lies below it, and the parser library is
//! named in the grammar alone.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The modules from the ground up; a module may import those of lower rows and its own files.
const ROWS: [&[&str]; 10] = [
    &["text", "span", "limits", "family", "serde_map_as_list"],
    &["error", "host_name"],
    &["port", "stamp", "frame", "assume"],
    &["timeline", "service"],
    &["grammar"],
    &["record"],
    &["event"],
    &["state"],
    &["report"],
    &["audit"],
];

fn row_of(module: &str) -> Option<usize> {
    ROWS.iter().position(|row| row.contains(&module))
}

fn sources(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("src is there") {
        let path = entry.expect("a readable entry").path();
        if path.is_dir() {
            sources(&path, into);
        } else if path.extension().is_some_and(|e| e == "rs") {
            into.push(path);
        }
    }
}

/// The code of a file without its comments.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).expect("a readable source file");
    text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

fn module_of(path: &Path, root: &Path) -> String {
    let first = path.strip_prefix(root).expect("below src").components().next().expect("a name");
    first.as_os_str().to_string_lossy().trim_end_matches(".rs").to_owned()
}

/// Every `crate::name` in the code.
fn imports(code: &str) -> Vec<String> {
    code.match_indices("crate::")
        .filter(|(at, _)| {
            !code[..*at].ends_with(['_', '$']) && !code[..*at].ends_with(char::is_alphanumeric)
        })
        .map(|(at, word)| {
            let rest = &code[at + word.len()..];
            rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_' || *c == '{').collect()
        })
        .collect()
}

#[test]
fn each_file_imports_only_what_lies_below_it() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    let mut seen = BTreeMap::new();
    let mut faults = Vec::new();
    for file in files.iter().filter(|file| !file.ends_with("src/lib.rs")) {
        let module = module_of(file, &root);
        let Some(row) = row_of(&module) else {
            faults.push(format!("{}: not in any row", file.display()));
            continue;
        };
        *seen.entry(module.clone()).or_insert(0) += 1;
        for import in imports(&code(file)) {
            match row_of(&import) {
                Some(other) if other < row || import == module => {}
                Some(_) => faults.push(format!(
                    "{}: imports {import}, which does not lie below {module}",
                    file.display()
                )),
                None => faults.push(format!(
                    "{}: imports crate::{import}, which names no module",
                    file.display()
                )),
            }
        }
    }
    assert!(seen.len() > 10, "only {seen:?} were read");
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn the_parser_library_is_named_in_the_grammar_only() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    let mut inside = 0;
    for file in files {
        let names_nom = code(&file).contains("nom::");
        if module_of(&file, &root) == "grammar" {
            inside += usize::from(names_nom);
        } else {
            assert!(!names_nom, "{} names the parser library", file.display());
        }
    }
    assert!(inside > 0, "no grammar names the parser library");
}
