//! The README and the pages that it leads to are tried by running them: every `sh` block of a page exits 0 and prints the
//! `text` block right after it, and every `console` block is what happens. Links lead to something that is there.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// Pages whose commands are run. On each the blocks run in order, the first one from the root, and the folder that one
/// of them enters stays for the next.
const PAGES: [&str; 7] = [
    "README.md",
    "README.zh-Hans.md",
    "README.zh-Hant.md",
    "docs/inputs.md",
    "docs/outputs.md",
    "docs/estimates.md",
    "pricing/README.md",
];

/// A line of commands longer than this does not fit a screen.
const SCREEN: usize = 100;

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

/// A shell that goes through a page: in a copy of the examples, so that what commands write stays out of the tree.
struct Shell {
    copy: tempfile::TempDir,
    folder: PathBuf,
    path: String,
}

impl Shell {
    fn new() -> Self {
        let copy = tempfile::tempdir().unwrap();
        copy_folder(&Path::new(ROOT).join("examples"), &copy.path().join("examples"));
        let programs = Path::new(env!("CARGO_BIN_EXE_peerbill")).parent().unwrap().display();
        let path = format!("{programs}:{}", env::var("PATH").unwrap());
        Self { folder: copy.path().to_owned(), copy, path }
    }

    /// Runs commands; the next ones run where these end.
    fn run(&mut self, commands: &str) -> Output {
        let last_folder = self.copy.path().join("last-folder");
        let script = format!("trap 'pwd > \"{}\"' EXIT\n{commands}", last_folder.display());
        let mut shell = Command::new("sh");
        shell.args(["-e", "-c", &script]).env("PATH", &self.path).current_dir(&self.folder);
        let run = shell.output().unwrap();
        self.folder = fs::read_to_string(last_folder).unwrap().trim_end().into();
        run
    }
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let from = entry.unwrap().path();
        let to = to.join(from.file_name().unwrap());
        if from.is_dir() {
            copy_folder(&from, &to);
        } else {
            fs::copy(&from, &to).unwrap();
        }
    }
}

#[test]
fn every_command_of_the_pages_runs_and_prints_what_it_says() {
    // The pages are about the program as it is built by default.
    if cfg!(not(all(feature = "parquet", feature = "xlsx"))) {
        return eprintln!("skipped: this build lacks formats that the pages write");
    }
    for page in PAGES {
        let (mut shell, mut ran) = (Shell::new(), 0);
        let blocks = blocks(&fs::read_to_string(Path::new(ROOT).join(page)).unwrap());
        for (index, (language, content)) in blocks.iter().enumerate() {
            match language.as_str() {
                "sh" => {
                    let run = shell.run(content);
                    assert!(
                        run.status.success(),
                        "{page}\n{content}{}",
                        String::from_utf8_lossy(&run.stderr)
                    );
                    if let Some((_, expected)) = blocks.get(index + 1).filter(|(next, _)| next == "text") {
                        assert_eq!(&String::from_utf8_lossy(&run.stdout), expected, "{page}\n{content}");
                    }
                }
                "console" => follow(&mut shell, page, content),
                _ => continue,
            }
            ran += 1;
        }
        assert!(ran >= 2, "{page} has lost its commands");
    }
}

/// Follows a transcript: after each command stands what it prints to both outputs, whether it went well or not. A line
/// `...` stands for any lines.
fn follow(shell: &mut Shell, page: &str, transcript: &str) {
    for part in format!("\n{transcript}").split("\n$ ").skip(1) {
        let lines: Vec<&str> = part.lines().collect();
        let (mut command, mut expected) = (String::new(), &lines[..]);
        while let [line, rest @ ..] = expected {
            command.push_str(line);
            command.push('\n');
            expected = rest;
            if !line.ends_with('\\') {
                break;
            }
        }
        let run = shell.run(&format!("exec 2>&1\n{command}"));
        let printed = String::from_utf8(run.stdout).unwrap();
        let printed: Vec<&str> = printed.lines().collect();
        let as_expected = match expected.split(|line| *line == "...").collect::<Vec<_>>()[..] {
            [start, end] => printed.starts_with(start) && printed.ends_with(end),
            _ => printed == expected,
        };
        assert!(as_expected, "{page}\n{command}{}", printed.join("\n"));
    }
}

#[test]
fn every_command_fits_a_screen() {
    for page in PAGES {
        for (language, content) in blocks(&fs::read_to_string(Path::new(ROOT).join(page)).unwrap()) {
            let commands = content.lines().filter(|line| match language.as_str() {
                "sh" | "bash" => true,
                "console" => line.starts_with("$ ") || line.ends_with('\\'),
                _ => false,
            });
            for line in commands {
                assert!(line.chars().count() <= SCREEN, "{page}: {line}");
            }
        }
    }
}

#[test]
fn every_link_leads_to_a_file_and_a_heading_that_are_there() {
    let mut pages: Vec<PathBuf> = ["docs", "docs/decisions", "examples", "pricing", "tests/cases", ""]
        .iter()
        .filter_map(|folder| fs::read_dir(Path::new(ROOT).join(folder)).ok())
        .flat_map(|folder| folder.map(|entry| entry.unwrap().path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .collect();
    pages.sort();
    let dead: Vec<String> = pages.iter().flat_map(|page| dead_links(page)).collect();
    assert!(dead.is_empty(), "links to nothing:\n{}", dead.join("\n"));
}

/// The links of a page that lead to no file or heading of this repository.
fn dead_links(page: &Path) -> Vec<String> {
    let text = prose(&fs::read_to_string(page).unwrap());
    let links = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let local = links.filter(|link| !link.contains("://"));
    let is_dead = |link: &&str| {
        let (file, heading) = link.split_once('#').unwrap_or((link, ""));
        let file = if file.is_empty() { page.to_owned() } else { page.parent().unwrap().join(file) };
        !file.exists() || (!heading.is_empty() && !headings(&file).iter().any(|own| own == heading))
    };
    local.filter(is_dead).map(|link| format!("{}: {link}", page.display())).collect()
}

/// A text without its fenced blocks.
fn prose(text: &str) -> String {
    text.split("\n```").step_by(2).collect::<Vec<_>>().join("\n")
}

/// The headings of a page as links name them.
fn headings(page: &Path) -> Vec<String> {
    let text = prose(&fs::read_to_string(page).unwrap());
    let titles = text.lines().filter(|line| line.starts_with('#')).map(|line| line.trim_start_matches('#'));
    let kept = |letter: &char| letter.is_alphanumeric() || matches!(letter, ' ' | '-' | '_');
    let name = |title: &str| title.trim().to_lowercase().chars().filter(kept).collect::<String>();
    titles.map(|title| name(title).replace(' ', "-")).collect()
}
