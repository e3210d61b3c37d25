//! The program: reads arguments, runs one verb, prints errors once and chooses the exit code.

mod args;
mod catalog;
mod checks;
mod cloudmonitor;
mod completions;
mod doctor;
mod documents;
mod estimate;
mod input;
mod job;
mod man;
mod meter;
mod output;
mod pricing;
mod report;
mod settings;
mod sources;

use args::{Cli, Verb};
use clap::Parser;
use output::say;
use peerbill::{Error, ErrorKind, FaultCode, Result, write::explained};
use std::process::ExitCode;

const DONE: u8 = 0;
/// Done, with findings that the user asked to be stopped by.
const FINDINGS: u8 = 1;
const USAGE: u8 = 2;
const BAD_INPUT: u8 = 3;
const BAD_OUTPUT_OR_INTERNAL: u8 = 4;

fn main() -> ExitCode {
    let cli = Cli::parse();
    // What did not happen, in the words of the verb.
    let nothing = match cli.verb {
        Verb::Estimate(_) => "nothing was estimated",
        _ => "nothing was billed",
    };
    let code = match run(cli.verb) {
        Ok(true) => FINDINGS,
        Ok(false) => DONE,
        Err(error) => {
            tell(&error, nothing);
            exit_code(error.kind())
        }
    };
    ExitCode::from(code)
}

/// Runs one verb; true where it is done with findings that the user asked to be stopped by.
fn run(verb: Verb) -> Result<bool> {
    match verb {
        Verb::Report(args) => report::run(*args),
        Verb::Estimate(args) => estimate::run(*args),
        Verb::Meter(args) => meter::run(*args),
        Verb::Doctor(args) => doctor::run(*args).map(|()| false),
        Verb::Catalog(verb) => catalog::run(&verb).map(|()| false),
        Verb::Completions { shell } => completions::run(shell).map(|()| false),
        Verb::Man => man::run().map(|()| false),
    }
}

fn exit_code(kind: ErrorKind) -> u8 {
    match kind {
        ErrorKind::Usage => USAGE,
        ErrorKind::Input | ErrorKind::Catalog | ErrorKind::MissingPrice | ErrorKind::Overflow => BAD_INPUT,
        _ => BAD_OUTPUT_OR_INTERNAL,
    }
}

/// Prints every fault on a line of its own, then what to do about them together.
fn tell(error: &Error, nothing: &str) {
    for fault in error.faults() {
        say!("peerbill: {}", explained(fault));
    }
    let more = error.total() - error.faults().len() as u64;
    if more > 0 {
        say!("peerbill: ... and {more} more");
    }
    match error.kind() {
        ErrorKind::Input if error.faults().iter().all(|fault| fault.code != FaultCode::UnusableInput) => {
            say!("peerbill: {nothing}; mend the input, or set refused records aside with --quarantine FILE");
        }
        ErrorKind::MissingPrice => {
            say!("peerbill: {nothing}; a missing price is never zero. See: peerbill catalog price --help");
        }
        _ => {}
    }
}
