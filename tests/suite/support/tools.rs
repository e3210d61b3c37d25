//! What tests read written files with, and serve objects with: `tests/tools.sh` installs it into the folder that `PEERBILL_TEST_TOOLS` names.
//!
//! A test whose tool is absent is skipped, and says so; `PEERBILL_TOOLS=required` says that all must be there.

use std::{
    env,
    path::PathBuf,
    process::{Command, Stdio},
};

/// A Python of the tools that has all of `modules`; `environment` is `python`, `store` or `focus`.
pub fn python(environment: &str, modules: &[&str]) -> Option<Command> {
    let own = env::var_os("PEERBILL_TEST_TOOLS")
        .map(|folder| PathBuf::from(folder).join(environment).join("bin/python"))
        .filter(|python| python.exists());
    let python = own.unwrap_or_else(|| "python3".into());
    let imports = format!("import {}", modules.join(", "));
    let has = runs(Command::new(&python).args(["-c", &imports]));
    found(&format!("python3 with {}", modules.join(", ")), has.then(|| Command::new(python)))
}

/// A program of the system that answers to `--version`.
pub fn program(name: &str) -> Option<Command> {
    found(name, runs(Command::new(name).arg("--version")).then(|| Command::new(name)))
}

fn runs(command: &mut Command) -> bool {
    let silent = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    silent.status().is_ok_and(|status| status.success())
}

fn found(what: &str, tool: Option<Command>) -> Option<Command> {
    let required = env::var("PEERBILL_TOOLS").is_ok_and(|value| value == "required");
    assert!(tool.is_some() || !required, "{what} is required");
    if tool.is_none() {
        eprintln!("skipped: {what} is absent");
    }
    tool
}
