//! The README is tried by running it: every `sh` block exits 0, and prints the `text` block right after it.

use std::{fs, process::Command};

/// The fenced blocks of a text: language and content.
fn blocks(text: &str) -> Vec<(String, String)> {
    let mut blocks = Vec::new();
    let mut open: Option<(String, String)> = None;
    for line in text.lines() {
        match (line.strip_prefix("```"), &mut open) {
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (Some(language), None) => open = Some((language.to_owned(), String::new())),
            (None, Some((_, content))) => {
                content.push_str(line);
                content.push('\n');
            }
            (None, None) => {}
        }
    }
    blocks
}

#[test]
fn every_command_of_the_readme_runs_and_prints_what_it_says() {
    let root = env!("CARGO_MANIFEST_DIR");
    fs::create_dir_all(format!("{root}/target")).unwrap();
    let readme = fs::read_to_string(format!("{root}/README.md")).unwrap();
    let blocks = blocks(&readme);
    let mut ran = 0;
    for (index, (_, commands)) in blocks.iter().enumerate().filter(|(_, (language, _))| language == "sh") {
        let commands = commands.replace("./target/release/peerbill", env!("CARGO_BIN_EXE_peerbill"));
        let run = Command::new("sh").args(["-e", "-c", &commands]).current_dir(root).output().unwrap();
        assert!(run.status.success(), "{commands}\n{}", String::from_utf8_lossy(&run.stderr));
        if let Some((_, expected)) = blocks.get(index + 1).filter(|(language, _)| language == "text") {
            assert_eq!(&String::from_utf8_lossy(&run.stdout), expected, "{commands}");
        }
        ran += 1;
    }
    assert!(ran >= 4, "the README has lost its commands");
}
