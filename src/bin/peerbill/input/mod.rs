//! Files, folders, globs and standard input, plain or compressed. The only code that opens inputs.

use crate::output::{is_same, say};
pub use file::Input;
use file::unreadable;
use peerbill::{Error, ErrorKind, Result, read::Document, write::json::InputDigest};
use std::{
    collections::HashSet,
    fs::{self, File},
    io,
    os::fd::AsFd,
    path::{Path, PathBuf},
};
pub use traffic::traffic_sources;

mod file;
mod traffic;

/// The name that stands for standard input, and under which it is reported.
const STDIN: &str = "-";

/// Finds the inputs that arguments name, and remembers them.
#[derive(Debug, Default)]
pub struct Inputs {
    stdin_used: bool,
    /// Each with its role: what the argument that names it is called.
    found: Vec<(String, Input)>,
}

impl Inputs {
    /// All files that `arguments` name, each once, in a stable order; `role` names them in messages and reports.
    pub fn find(&mut self, role: &str, arguments: &[String]) -> Result<Vec<Input>> {
        let mut inputs = Vec::new();
        let mut seen = HashSet::new();
        for argument in arguments {
            if argument == STDIN {
                inputs.push(self.standard_input(role)?);
                continue;
            }
            for path in files_named(role, argument)? {
                // The same file named twice, by a folder and a glob say, is one input.
                if is_pipe(&path) {
                    let name = path.to_string_lossy().into_owned();
                    inputs.push(Input::spooled(name, || Ok(Box::new(File::open(&path)?)))?);
                } else if seen.insert(fs::canonicalize(&path).unwrap_or_else(|_| path.clone())) {
                    inputs.push(Input::at(path));
                }
            }
        }
        self.found.extend(inputs.iter().map(|input| (role.to_owned(), input.clone())));
        Ok(inputs)
    }

    fn standard_input(&mut self, role: &str) -> Result<Input> {
        if std::mem::replace(&mut self.stdin_used, true) {
            return Err(Error::usage(format!("--{role} -: standard input can be read only once")));
        }
        Input::spooled(STDIN.into(), || Ok(Box::new(io::stdin().lock())))
    }

    /// Documents of small inputs.
    pub fn documents(&mut self, role: &str, arguments: &[String]) -> Result<Vec<Document>> {
        self.find(role, arguments)?.iter().map(Input::document).collect()
    }

    /// Whether `file` is one of the inputs found so far, by whatever name; also what standard input was opened from.
    pub fn holds(&self, file: &fs::Metadata) -> bool {
        let from_stdin =
            || io::stdin().as_fd().try_clone_to_owned().and_then(|own| File::from(own).metadata());
        self.found.iter().any(|(_, input)| input.is_file(file))
            || self.stdin_used && from_stdin().is_ok_and(|own| is_same(&own, file))
    }

    /// All inputs found so far, in their order: role, name, and how they are stored, as far as can be seen.
    pub fn seen(&self) -> impl Iterator<Item = (&str, &str, &'static str)> {
        self.found.iter().map(|(role, input)| {
            let stored = input.compression().map_or("plain", |compression| compression.as_str());
            (&**role, &*input.name, stored)
        })
    }

    /// Digests of all inputs found so far, by role and name: not in the order of the arguments (R17).
    pub fn digests(&self) -> Result<Vec<InputDigest>> {
        let mut found: Vec<&(String, Input)> = self.found.iter().collect();
        found.sort_by_key(|(role, input)| (role, &input.name));
        let digest = |(role, input): &(String, Input)| {
            Ok(InputDigest { role: role.clone(), name: input.name.clone(), digest: input.digest()? })
        };
        found.into_iter().map(digest).collect()
    }
}

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
