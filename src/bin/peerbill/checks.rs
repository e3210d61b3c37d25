//! What arguments are refused for before anything is metered.

use crate::{args::TrafficArgs, input::Inputs};
use peerbill::{Error, Result};
use std::path::{Path, PathBuf};

/// Traffic and connections must be given; `others` are further inputs of the verb.
pub fn inputs_of_traffic<'a>(args: &'a TrafficArgs, others: impl Iterator<Item = &'a str>) -> Result<()> {
    let no_native = args.usage.is_empty() && args.metered.is_empty();
    if no_native && args.metrics.cloudmonitor.is_empty() && args.flow_logs.is_empty() {
        let others = "--cloudmonitor METRIC=PATH, --flow-logs PATH or --metered PATH";
        return Err(Error::usage(format!("--usage is needed: the traffic to read; or {others}")));
    }
    if args.connections.is_empty() {
        return Err(Error::usage("--connections is needed: without it no record can be attributed"));
    }
    one_reader_of_stdin(args.paths().chain(others))
}

/// Standard input can be read once.
pub fn one_reader_of_stdin<'a>(paths: impl Iterator<Item = &'a str>) -> Result<()> {
    if paths.filter(|path| *path == "-").count() > 1 {
        return Err(Error::usage("- stands for standard input, which can be read only once"));
    }
    Ok(())
}

/// An output that is also an input would be lost, and so would one of two outputs to one place. Each is given with the
/// argument that names it.
pub fn outputs(outputs: &[(&str, &Option<PathBuf>)], inputs: &Inputs) -> Result<()> {
    let mut places: Vec<(&str, PathBuf)> = Vec::new();
    for (flag, path) in outputs.iter().filter_map(|(flag, path)| path.as_deref().map(|path| (*flag, path))) {
        if inputs.holds(path) {
            return Err(Error::usage(format!("{flag} {}: this is one of the inputs", path.display())));
        }
        let place = place_of(path);
        if let Some((other, _)) = places.iter().find(|(_, other)| *other == place) {
            return Err(Error::usage(format!("{other} and {flag} name the same file")));
        }
        places.push((flag, place));
    }
    Ok(())
}

/// Where an output would lie, whether it is there or not.
fn place_of(path: &Path) -> PathBuf {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let folder = std::fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
    std::fs::canonicalize(path).unwrap_or_else(|_| folder.join(path.file_name().unwrap_or_default()))
}
