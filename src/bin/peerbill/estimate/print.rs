//! An estimate in the format that is asked for.

use crate::{
    args::{EstimateArgs, EstimateFormat},
    input::Inputs,
    output::{self, say},
};
use peerbill::{Result, estimate::Estimate, write};

/// Prints the estimate, and puts the quarantine in its place as late as either can still fail.
pub fn print(
    args: &EstimateArgs,
    estimate: &Estimate,
    inputs: &Inputs,
    quarantine: Option<output::Staged>,
) -> Result<()> {
    let digests = if args.format == EstimateFormat::Json { inputs.digests()? } else { Vec::new() };
    let render = |output: &mut dyn std::io::Write| match args.format {
        EstimateFormat::Table => write::text::estimate(estimate, output),
        EstimateFormat::Json => write::estimate::json::write(estimate, &digests, output),
        EstimateFormat::Markdown => write::markdown::estimate(estimate, output),
        EstimateFormat::Csv => write::estimate::csv::write(estimate, output),
    };
    output::print(args.output.as_deref(), quarantine, render)?;
    if args.format == EstimateFormat::Csv {
        for line in write::estimate::provenance_lines(estimate) {
            say!("{line}");
        }
    }
    Ok(())
}
