//! `peerbill completions`.

use crate::{args::Cli, output};
use clap::CommandFactory;
use clap_complete::Shell;
use peerbill::Result;

/// Prints completions for a shell.
pub fn run(shell: Shell) -> Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "peerbill", &mut script);
    output::write_bytes(&script)
}
