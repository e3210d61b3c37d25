//! What the fuzzer has stored, each input through its target: as plain tests, without a fuzzer.

#[path = "../../fuzz/src/targets/mod.rs"]
mod targets;

use std::{collections::BTreeSet, fs, panic::catch_unwind, path::Path};

/// One folder for each target.
fn folder() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/fuzz/corpus"))
}

#[test]
fn every_stored_input_keeps_what_its_target_promises() {
    let mut broken = Vec::new();
    for (name, target) in targets::ALL {
        let inputs = fs::read_dir(folder().join(name)).expect("each target has a folder");
        for input in inputs.map(|input| input.expect("a readable folder").path()) {
            let bytes = fs::read(&input).expect("a readable input");
            if catch_unwind(|| target(&bytes)).is_err() {
                broken.push(input);
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn targets_have_a_binary_and_a_folder_each() {
    let names = |folder: &Path| -> BTreeSet<String> {
        let entries = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
        entries.map(|path| path.file_stem().expect("a name").to_string_lossy().into_owned()).collect()
    };
    let own: BTreeSet<String> = targets::ALL.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert!(own.is_subset(&names(folder())), "corpus");
    assert_eq!(names(&folder().join("../src/bin")), names(folder()), "binaries");
}
