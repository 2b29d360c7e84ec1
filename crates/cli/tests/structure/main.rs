//! The shape of the source: no circles between files, and nothing too large to live in.
//!
//! An arrow runs from a file to each file that defines something it names. `mod` lines and re-exports (`pub use`) are no
//! arrows by themselves: naming what is re-exported is one, to the file that defines it.
#![expect(clippy::unwrap_used, reason = "a failing test should stop where it fails")]

mod arrows;
mod source;

use std::collections::BTreeMap;
use std::path::PathBuf;

use source::{Crate, crates};

/// Lines of a file before its unit tests.
const MOST_LINES: usize = 450;
/// Lines of a function, from its signature to its closing brace.
const MOST_FUNCTION_LINES: usize = 60;
/// Source files side by side in a folder.
const MOST_FILES: usize = 15;

#[test]
fn files_do_not_import_each_other_in_circles() {
    let circles: Vec<String> = crates().iter().flat_map(arrows::circles).collect();
    assert!(circles.is_empty(), "{} circles:\n{}", circles.len(), circles.join("\n"));
}

#[test]
fn files_are_short() {
    let long = |krate: &Crate| {
        let long = krate.files.values().filter(|file| file.lines > MOST_LINES);
        long.map(|file| format!("{}: {} lines before its tests", file.path.display(), file.lines)).collect::<Vec<_>>()
    };
    let found: Vec<String> = crates().iter().flat_map(long).collect();
    assert!(found.is_empty(), "more than {MOST_LINES} lines:\n{}", found.join("\n"));
}

#[test]
fn functions_are_short() {
    let long = |krate: &Crate| {
        let functions = krate.files.values().flat_map(|file| file.functions.iter().map(move |found| (file, found)));
        let long = functions.filter(|(_, (_, lines))| *lines > MOST_FUNCTION_LINES);
        long.map(|(file, (name, lines))| format!("{}: {name} has {lines} lines", file.path.display()))
            .collect::<Vec<_>>()
    };
    let found: Vec<String> = crates().iter().flat_map(long).collect();
    assert!(found.is_empty(), "more than {MOST_FUNCTION_LINES} lines:\n{}", found.join("\n"));
}

#[test]
fn folders_hold_few_files() {
    let mut folders: BTreeMap<PathBuf, usize> = BTreeMap::new();
    for krate in crates() {
        for file in krate.files.values() {
            *folders.entry(file.path.parent().unwrap().to_path_buf()).or_default() += 1;
        }
    }
    folders.retain(|_, count| *count > MOST_FILES);
    assert!(folders.is_empty(), "more than {MOST_FILES} files side by side: {folders:?}");
}
