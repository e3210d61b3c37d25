//! Which files an argument names: one file, all below a folder, or those that a pattern matches.

use super::file::unreadable;
use crate::output::say;
use peerbill::{Error, ErrorKind, Result};
use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// The files that one argument names, sorted; `role` is what the argument is called.
pub fn files_named(role: &str, argument: &str) -> Result<Vec<PathBuf>> {
    let path = PathBuf::from(argument);
    let mut files = Vec::new();
    if path.is_dir() {
        add_files_below(&path, &mut files).map_err(|error| unreadable(argument, &error))?;
    } else if path.exists() || !argument.contains(['*', '?', '[']) {
        // A file that is not there says so when it is opened.
        return Ok(vec![path]);
    } else {
        add_matching(argument, &mut files)?;
    }
    files.sort();
    if files.is_empty() {
        let why = format!("--{role} {argument} names no file");
        return Err(Error::unusable(ErrorKind::Input, argument, why));
    }
    Ok(files)
}

/// Adds the files that match a pattern, and those below folders that do.
fn add_matching(pattern: &str, files: &mut Vec<PathBuf>) -> Result<()> {
    let bad = |why: String| Error::unusable(ErrorKind::Input, pattern, why);
    for found in glob::glob(pattern).map_err(|error| bad(format!("bad pattern: {error}")))? {
        let found = found.map_err(|error| bad(error.to_string()))?;
        if found.is_dir() {
            add_files_below(&found, files).map_err(|error| unreadable(pattern, &error))?;
        } else {
            files.push(found);
        }
    }
    Ok(())
}

/// Adds all files below a folder. Names that begin with a dot or an underscore are marks of other programs, not data.
fn add_files_below(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.starts_with(['.', '_']) {
            if path.metadata().is_ok_and(|metadata| metadata.is_file() && metadata.len() > 0) {
                say!("peerbill: {} is skipped; name the file itself to have it read", path.display());
            }
            continue;
        }
        if path.is_dir() {
            add_files_below(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}

/// Whether this is neither a file nor a folder: a pipe, a device, a process substitution.
pub fn is_pipe(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| !metadata.is_file() && !metadata.is_dir())
}
