//! The program: reads arguments, runs one verb, prints errors once and chooses the exit code.

// Messages go through `say!`, which makes what they quote visible.
#![deny(clippy::print_stderr)]

use args::{Cli, Verb};
use clap::{CommandFactory, Parser};
use clap_complete::Shell;
use output::say;
use peerbill::{
    Error, ErrorKind, FaultCode, Result,
    write::{explained, shown},
};
use std::{
    ffi::OsString,
    io::{self, Write},
    process::ExitCode,
};

mod args;
mod catalog;
mod compare;
mod doctor;
mod estimate;
mod explain;
mod format;
mod job;
mod meter;
mod output;
mod reconcile;
mod report;
mod settings;

const DONE: u8 = 0;
/// Done, with findings that the user asked to be stopped by.
const FINDINGS: u8 = 1;
const USAGE: u8 = 2;
const BAD_INPUT: u8 = 3;
const BAD_OUTPUT_OR_INTERNAL: u8 = 4;

fn main() -> ExitCode {
    keep_memory();
    output::prepare();
    let code = output::guarded(|| Cli::try_parse().map_or_else(|error| tell_usage(&error), carry_out));
    ExitCode::from(code.unwrap_or_else(|fault| tell_fault(&fault)))
}

/// Lets the allocator keep blocks up to this size that are given back: pages that were touched once need not be fetched from the
/// system again. glibc goes by the largest block that it gave back itself (mallopt(3), `M_MMAP_THRESHOLD`), and it gives this one back
/// untouched; another allocator does no more than that.
fn keep_memory() {
    const KEPT: usize = 16 << 20;
    let mut block: Vec<u8> = Vec::new();
    // Where there is no such room, nothing is lost.
    let _ = block.try_reserve_exact(KEPT);
    drop(std::hint::black_box(block));
}

/// Runs the verb and tells how that ended.
fn carry_out(cli: Cli) -> u8 {
    // What can be done about records that are refused: bills have no quarantine.
    let way_out = match cli.verb {
        Verb::Compare(_) => "mend the input",
        Verb::Reconcile(_) => {
            "mend the input; records of traffic, but not lines of a bill, can be set aside with --quarantine FILE"
        }
        _ => "mend the input, or set refused records aside with --quarantine FILE",
    };
    // What did not happen, in the words of the verb.
    let nothing = match cli.verb {
        Verb::Estimate(_) => "nothing was estimated",
        Verb::Explain(_) => "nothing was explained",
        Verb::Sql(_) => "nothing was written",
        Verb::Compare(_) | Verb::Reconcile(_) => "nothing was compared",
        Verb::Crosscheck(_) => "nothing was checked",
        _ => "nothing was billed",
    };
    match run(cli.verb) {
        Ok(true) => FINDINGS,
        Ok(false) => DONE,
        Err(error) => {
            tell(&error, nothing, way_out);
            exit_code(error.kind())
        }
    }
}

/// Prints what clap has to say: help and version are what was asked for, all else is a usage error.
fn tell_usage(error: &clap::Error) -> u8 {
    if error.use_stderr() {
        // It quotes arguments within lines of its own: read once more, it quotes them as they may be shown.
        let arguments = std::env::args_os().map(|text| OsString::from(&*shown(&text.to_string_lossy())));
        match Cli::try_parse_from(arguments) {
            Err(error) => drop(error.print()),
            Ok(_) => error.render().to_string().lines().for_each(output::say_line),
        }
        return USAGE;
    }
    match error.print().and_then(|()| io::stdout().flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            say!("peerbill: standard output: cannot be written: {}", error.kind());
            BAD_OUTPUT_OR_INTERNAL
        }
        _ => DONE,
    }
}

/// Tells of a fault of the program itself.
fn tell_fault(fault: &str) -> u8 {
    say!("peerbill: internal fault: {fault}; please report it");
    BAD_OUTPUT_OR_INTERNAL
}

/// Runs one verb; true where it is done with findings that the user asked to be stopped by.
fn run(verb: Verb) -> Result<bool> {
    match verb {
        Verb::Report(args) => report::run(*args),
        Verb::Estimate(args) => estimate::run(*args),
        Verb::Meter(args) => meter::run(*args),
        Verb::Explain(args) => explain::run(*args),
        Verb::Reconcile(args) => reconcile::run(*args),
        Verb::Doctor(args) => doctor::run(*args),
        Verb::Crosscheck(args) => compare::crosscheck(*args),
        Verb::Compare(args) => compare::compare(*args).map(|()| false),
        Verb::Sql(args) => meter::sql(args).map(|()| false),
        Verb::Catalog(verb) => catalog::run(&verb).map(|()| false),
        Verb::Completions { shell } => print_completions(shell).map(|()| false),
        Verb::Man => print_man().map(|()| false),
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
fn tell(error: &Error, nothing: &str, way_out: &str) {
    for fault in error.faults() {
        say!("peerbill: {}", explained(fault));
    }
    let more = error.unlisted();
    if more > 0 {
        say!("peerbill: ... and {more} more");
    }
    match error.kind() {
        ErrorKind::Input if error.faults().iter().all(|fault| fault.code != FaultCode::UnusableInput) => {
            say!("peerbill: {nothing}; {way_out}");
        }
        ErrorKind::MissingPrice => {
            say!("peerbill: {nothing}; a missing price is never zero. See: peerbill catalog price --help");
        }
        _ => {}
    }
}

/// Prints completions for a shell.
fn print_completions(shell: Shell) -> Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "peerbill", &mut script);
    output::write_bytes(&script)
}

/// Prints the manual page, in roff.
fn print_man() -> Result<()> {
    let mut page = Vec::new();
    let rendered = clap_mangen::Man::new(Cli::command()).render(&mut page);
    rendered.map_err(|error| Error::internal(error.to_string()))?;
    output::write_bytes(&page)
}
