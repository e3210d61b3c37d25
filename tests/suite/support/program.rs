//! Runs the program as a user does.

use std::{
    ffi::OsStr,
    io::Write,
    path::Path,
    process::{Command, Stdio},
};

/// What a run left behind.
#[derive(Debug, PartialEq, Eq)]
pub struct Outcome {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

/// The program, to be started in `folder`.
pub fn peerbill(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_peerbill"));
    command.current_dir(folder).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Runs it with `args` in `folder`, without standard input.
pub fn run(folder: &Path, args: &[impl AsRef<OsStr>]) -> Outcome {
    finish(peerbill(folder).args(args), b"")
}

/// Runs `command` to its end, handing it `stdin`.
pub fn finish(command: &mut Command, stdin: &[u8]) -> Outcome {
    let mut child = command.stdin(Stdio::piped()).spawn().expect("the program starts");
    // A program that stops at its arguments does not read on.
    let _ = child.stdin.take().expect("a pipe").write_all(stdin);
    let output = child.wait_with_output().expect("the program ends");
    Outcome {
        code: output.status.code().expect("the program is not killed"),
        stdout: String::from_utf8(output.stdout).expect("output is UTF-8"),
        stderr: String::from_utf8(output.stderr).expect("messages are UTF-8"),
    }
}
