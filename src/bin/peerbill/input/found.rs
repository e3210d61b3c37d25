//! All inputs of a run, as they are found.

use super::{
    file::Input,
    names::{files_named, is_pipe},
};
use peerbill::{Error, Result, read::Document, write::json::InputDigest};
use std::{
    collections::HashSet,
    fs::{self, File},
    io,
    path::Path,
};

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

    /// Whether `path` is one of the inputs found so far.
    pub fn holds(&self, path: &Path) -> bool {
        let Ok(path) = fs::canonicalize(path) else { return false };
        self.found.iter().any(|(_, input)| input.is_at(&path))
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
