//! Data flows one way: no two files reach each other, and no file reaches a later layer of the library.
//!
//! A file reaches another where it imports an item of it or names one. Items count where they are defined, not where
//! they are exported again; that a module holds and exports its children is no reach, that it uses them is. Tests are
//! left out, features are not: what is compiled for none of them is read all the same. Methods and the names of enum
//! variants are not followed.

mod checks;
mod graph;
mod modules;

use graph::Graph;
use modules::Modules;
use std::{fs, path::Path};

/// The layers of the library, each a file or folder of `src`. A file reaches files of its own layer and of earlier ones.
const LAYERS: &[&str] = &[
    "model",
    "parallel",
    "rows",
    "read",
    "catalog",
    "attribution",
    "meter",
    "rating",
    "statement",
    "findings",
    "report",
    "dataframe",
    "doctor",
    "estimate",
    "explain",
    "compare",
    "reconcile",
    "crosscheck",
    "write",
    "files",
];

/// What the files under `folder`, which is named from the root of the repository, reach from `root` on.
fn read(folder: &str, root: &str) -> Graph {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    Graph::of(&Modules::read(root, &|file| fs::read_to_string(folder.join(file)).ok()))
}

/// Fails with a list of what is wrong, where something is.
fn assert_none(what: &str, found: &[String]) {
    assert!(found.is_empty(), "{what}:\n\n{}\n", found.join("\n"));
}

#[test]
fn no_files_of_the_library_reach_each_other() {
    assert_none("files of the library reach each other", &read("src", "lib.rs").circles());
}

#[test]
fn no_files_of_the_program_reach_each_other() {
    assert_none("files of the program reach each other", &read("src/bin/peerbill", "main.rs").circles());
}

#[test]
fn no_file_of_the_library_reaches_a_later_layer() {
    let against = read("src", "lib.rs").against(LAYERS);
    assert_none(&format!("files reach against the order {}", LAYERS.join(", ")), &against);
}
