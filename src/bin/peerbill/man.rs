//! `peerbill man`.

use crate::{args::Cli, output};
use clap::CommandFactory;
use peerbill::{Error, Result};

/// Prints the manual page, in roff.
pub fn run() -> Result<()> {
    let mut page = Vec::new();
    let rendered = clap_mangen::Man::new(Cli::command()).render(&mut page);
    rendered.map_err(|error| Error::internal(error.to_string()))?;
    output::write_bytes(&page)
}
