//! The program as a user meets it: exit codes, messages, inputs in every form, output that is whole or absent.

mod catalog;
mod estimates;
mod exit_codes;
mod exports;
mod faults;
mod field;
mod hostile;
mod inputs;
mod opening;
mod output;
mod parquet;
mod refusals;
mod settings;
mod tables;
mod terraform;
use crate::support::program::{Outcome, finish, peerbill, run};
use std::{
    fs::{self, File},
    io::Write,
    path::Path,
    process::Stdio,
};
use tempfile::TempDir;

const USAGE: &str = "timestamp,connection_id,sender,bytes\n\
                     2026-10-05T03:00:00Z,pcc-1,requester,214748364800\n\
                     2026-10-05T04:00:00Z,pcc-1,accepter,107374182400\n";
const CONNECTIONS: &str = "connection_id,requester_account_id,requester_region,accepter_account_id,accepter_region,link_type\n\
                           pcc-1,1000000000000001,cn-huhehaote,1000000000000002,cn-guangzhou,Gold\n";
const CHANGES: &str = "connection_id,changed_at,from_link_type,to_link_type\n";
const MONTH: [&str; 4] = ["--catalog", "china-site", "--month", "2026-10"];
/// What account 1000000000000001 pays for [`USAGE`], and account 1000000000000002.
const LINES: &str = "\
2026-10,1000000000000001,pcc-1,requester,cn-huhehaote,cn-guangzhou,1000000000000002,Gold,usage,214748364800,200,0.48,0.48,96.00,CNY,1,0,0.00,published
2026-10,1000000000000002,pcc-1,accepter,cn-guangzhou,cn-huhehaote,1000000000000001,Gold,usage,107374182400,100,0.48,0.48,48.00,CNY,1,0,0.00,published
";

/// A working folder with the published example in it.
struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        let folder = Self(tempfile::tempdir().expect("a temporary folder"));
        folder.write("usage.csv", USAGE);
        folder.write("connections.csv", CONNECTIONS);
        folder
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().expect("a file has a folder")).expect("a folder");
        fs::write(path, content).expect("a file");
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path().join(name)).expect("a file")
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.path()).expect("a folder");
        let mut names: Vec<String> = entries
            .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    fn run(&self, args: &[&str]) -> Outcome {
        run(self.path(), args)
    }

    /// `report` on the inputs of the folder, for October 2026 of the China site, as CSV unless `args` say otherwise.
    fn report(&self, args: &[&str]) -> Outcome {
        self.report_on(&["usage.csv"], args)
    }

    /// The same on other usage.
    fn report_on(&self, usage: &[&str], args: &[&str]) -> Outcome {
        self.run(&report_args(usage, args))
    }

    /// Runs `args`, which must fail with `code`, print nothing, and say all of `words`.
    fn refused(&self, code: i32, args: &[&str], words: &[&str]) -> String {
        let outcome = self.run(args);
        let told = format!("{args:?}: {}", outcome.stderr);
        assert_eq!((outcome.code, outcome.stdout.as_str()), (code, ""), "{told}");
        for word in words {
            assert!(outcome.stderr.contains(word), "no {word:?} in {told}");
        }
        outcome.stderr
    }
}

fn report_args<'a>(usage: &[&'a str], args: &[&'a str]) -> Vec<&'a str> {
    let format = if args.contains(&"--format") { &[][..] } else { &["--format", "csv"] };
    let inputs: [&[&str]; 4] = [&["report", "--usage"], usage, &["--connections", "connections.csv"], &MONTH];
    inputs.concat().into_iter().chain(format.iter().copied()).chain(args.iter().copied()).collect()
}

fn lines_of(outcome: &Outcome) -> &str {
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    outcome.stdout.split_once('\n').expect("a header").1
}

fn json_of(outcome: &Outcome) -> serde_json::Value {
    serde_json::from_str(&outcome.stdout).unwrap_or_else(|error| panic!("{error}: {}", outcome.stderr))
}

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(text.as_bytes()).expect("compressed");
    encoder.finish().expect("compressed")
}
