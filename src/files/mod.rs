//! Inputs that stand in files: folders, globs and standard input, plain or compressed, and the memory that they may take;
//! with the feature `object-store` objects as well, as `s3://BUCKET/KEY` and `oss://BUCKET/KEY`, and all below a prefix.
//! The only code that opens inputs, and what a program and a package for another language both need before they bill.
//!
//! Paths are texts as on a command line. A role is what the argument or parameter is called that names a path; messages
//! and reports tell it.

mod bill;
mod file;
mod form;
mod metering;
mod sources;
mod store;

pub use bill::read_bill;
pub use file::{is_same, small_text};
pub use metering::{Given, Metering, Months, WhenFound, one_month, whole_hour};
pub use sources::{
    CounterpartPaths, Documents, PricePaths, Progress, TrafficPaths, find, find_archives, load, load_catalog,
    totals_beside,
};
pub use store::written_here;

use crate::{
    error::{Error, ErrorKind, Fault, FaultCode, Result},
    read::Document,
    write::json::InputDigest,
};
use encoding_rs::Encoding;
use file::{Input, Need, bytes_of, too_much, unreadable};
use std::{
    collections::HashSet,
    fmt,
    fs::{self, File},
    io,
    os::{fd::AsFd, unix::fs::MetadataExt},
    path::{Path, PathBuf},
    sync::Arc,
};
use store::{Location, Stores};

/// How the names of control totals end, which stand beside archives of metered hours.
const TOTALS: &str = ".totals.json";

/// The name that stands for standard input, and under which it is reported.
const STDIN: &str = "-";

/// Finds the inputs that arguments name, and remembers them.
#[derive(Debug, Default)]
pub struct Inputs {
    reading: Reading,
    stdin_used: bool,
    /// Each with its role: what the argument that names it is called.
    found: Vec<(&'static str, Input)>,
    /// The memory that documents take, in bytes.
    taken: u64,
    /// Documents are read once more where their digests are asked for.
    digested_later: bool,
    notes: Notes,
    stores: Stores,
}

type Tell = dyn Fn(&str) + Send + Sync;

/// Whom to tell what is not read.
#[derive(Clone, Default)]
struct Notes(Option<Arc<Tell>>);

impl fmt::Debug for Notes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Notes")
    }
}

impl Inputs {
    /// Inputs that are read so.
    pub fn new(reading: Reading) -> Self {
        Self { reading, ..Self::default() }
    }

    /// The same; what is passed over in a folder is told to `tell`, each once.
    #[must_use]
    pub fn telling(self, tell: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Self { notes: Notes(Some(Arc::new(tell))), ..self }
    }

    /// All files that `arguments` name, each once, in a stable order; `role` names them in messages and reports.
    pub(crate) fn find(&mut self, role: &'static str, arguments: &[String]) -> Result<Vec<Input>> {
        let mut inputs = Vec::new();
        let mut seen = HashSet::new();
        for argument in arguments {
            if argument == STDIN {
                inputs.push(self.standard_input(role)?);
                continue;
            }
            if let Some(place) = Location::of(argument) {
                let objects = self.objects_named(role, argument, &place)?;
                inputs.extend(objects.into_iter().filter(|input| seen.insert(PathBuf::from(&input.name))));
                continue;
            }
            for path in files_named(role, argument, &self.notes)? {
                // The same file named twice, by a folder and a glob say, is one input.
                if is_pipe(&path) || seen.insert(fs::canonicalize(&path).unwrap_or_else(|_| path.clone())) {
                    inputs.push(Input::at(path, self.reading.encoding)?);
                }
            }
        }
        self.found.extend(inputs.iter().map(|input| (role, input.clone())));
        Ok(inputs)
    }

    /// The objects that one argument names, in the order of their keys; those below a prefix as files below a folder.
    fn objects_named(
        &mut self,
        role: &'static str,
        argument: &str,
        place: &Location<'_>,
    ) -> Result<Vec<Input>> {
        let (mut skipped, encoding) = (Found::telling(&self.notes), self.reading.encoding);
        let objects = self.stores.find(place, |name, below, size| {
            let is_mark = below.split('/').any(|part| part.starts_with(['.', '_']));
            if is_mark && size > 0 {
                skipped.skip(Path::new(name), SKIPPED_MARK);
            }
            !is_mark && !is_totals_beside(role, name)
        })?;
        if objects.is_empty() {
            return Err(no_file(role, argument));
        }
        Ok(objects.into_iter().map(|(name, object)| Input::of_object(name, object, encoding)).collect())
    }

    /// Whether there is a file or an object of this name.
    pub(crate) fn is_there(&mut self, name: &str) -> Result<bool> {
        match Location::of(name) {
            Some(place) => self.stores.has(&place),
            None => Ok(Path::new(name).is_file()),
        }
    }

    fn standard_input(&mut self, role: &'static str) -> Result<Input> {
        if std::mem::replace(&mut self.stdin_used, true) {
            return Err(Error::setting(role, "-: standard input can be read only once"));
        }
        Input::spooled(STDIN.into(), self.reading.encoding, || Ok(Box::new(io::stdin().lock())))
    }

    /// Documents of small inputs, as far as there is memory for all of them.
    ///
    /// # Errors
    ///
    /// [`Input`](ErrorKind::Input) where one cannot be found or read, or where all of them take too much memory.
    pub fn documents(&mut self, role: &'static str, arguments: &[String]) -> Result<Vec<Document>> {
        let mut documents = Vec::new();
        for input in self.find(role, arguments)? {
            let mut need = Need::of(role, &input.name);
            let limit = self.reading.memory / need.part();
            let document = input.document(limit, !self.digested_later, &mut need)?;
            self.taken = self.taken.saturating_add(need.bytes());
            match document {
                Some(document) if self.taken <= self.reading.memory => documents.push(document),
                _ => return Err(too_much(&input.name, self.taken, self.reading.memory)),
            }
        }
        Ok(documents)
    }

    /// The one document that an argument names.
    ///
    /// # Errors
    ///
    /// As [`documents`](Self::documents); [`Usage`](ErrorKind::Usage) where it names several.
    pub fn one_document(&mut self, role: &'static str, argument: &str) -> Result<Document> {
        let mut documents = self.documents(role, &[argument.to_owned()])?;
        match (documents.pop(), documents.is_empty()) {
            (Some(document), true) => Ok(document),
            _ => Err(Error::setting(role, format!("{argument}: name one file"))),
        }
    }

    /// Whether `file` is one of the inputs found so far, by whatever name; also what standard input was opened from.
    pub fn holds(&self, file: &fs::Metadata) -> bool {
        let from_stdin =
            || io::stdin().as_fd().try_clone_to_owned().and_then(|own| File::from(own).metadata());
        self.found.iter().any(|(_, input)| input.is_file(file))
            || self.stdin_used && from_stdin().is_ok_and(|own| is_same(&own, file))
    }

    /// Refuses all that came of inputs that did not stay what they were: to be asked when all was read, before anything
    /// of it is shown.
    ///
    /// # Errors
    ///
    /// [`Input`](ErrorKind::Input) with the first that changed.
    pub fn unchanged(&self) -> Result<()> {
        self.found.iter().try_for_each(|(_, input)| input.unchanged())
    }

    /// All inputs found so far, in their order: role, name, and how they are stored, as far as can be seen.
    pub fn seen(&self) -> impl Iterator<Item = (&str, &str, &'static str)> {
        self.found.iter().map(|(role, input)| {
            let stored = input.compression().map_or("plain", |compression| compression.as_str());
            (*role, &*input.name, stored)
        })
    }

    /// Documents are not digested while they are read: for who most likely asks for no digests, for which they would be read
    /// once more.
    pub fn digest_later(&mut self) {
        self.digested_later = true;
    }

    /// Digests of all inputs found so far, by role and name: not in the order of the arguments (R17).
    ///
    /// # Errors
    ///
    /// [`Input`](ErrorKind::Input) where one cannot be read, or did not stay what it was.
    pub fn digests(&self) -> Result<Vec<InputDigest>> {
        let mut found: Vec<&(&'static str, Input)> = self.found.iter().collect();
        found.sort_by_key(|(role, input)| (role, &input.name));
        let digest = |(role, input): &(&'static str, Input)| {
            Ok(InputDigest { role: (*role).to_owned(), name: input.name.clone(), digest: input.digest()? })
        };
        let digests = found.into_iter().map(digest).collect();
        self.unchanged()?;
        digests
    }
}

/// Whether this is neither a file nor a folder: a pipe, a device, a process substitution.
fn is_pipe(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| !metadata.is_file() && !metadata.is_dir())
}

/// The memory that documents may take where no other figure is stated, in bytes.
const DEFAULT_MEMORY: u64 = 4 << 30;
/// How inputs are read.
#[derive(Debug, Clone, Copy)]
pub struct Reading {
    /// Of text that has no mark in front; UTF-8 where it is not stated.
    encoding: Option<&'static Encoding>,
    /// What documents may take, in bytes.
    pub memory: u64,
}

impl Default for Reading {
    fn default() -> Self {
        Self { encoding: None, memory: DEFAULT_MEMORY }
    }
}

impl Reading {
    /// As an encoding and a size of memory are stated.
    ///
    /// # Errors
    ///
    /// [`Usage`](ErrorKind::Usage) where either is not known.
    pub fn parse(encoding: Option<&str>, memory: Option<&str>) -> Result<Self> {
        let encoding = encoding.map(|label| {
            Encoding::for_label_no_replacement(label.as_bytes()).ok_or_else(|| {
                let known =
                    "it takes a label of the web's, such as gbk, gb18030, big5, utf-16le or windows-1252";
                Error::setting("encoding", format!("{label:?} is no encoding that is known; {known}"))
            })
        });
        let memory = memory.map(|size| {
            bytes_of(size).ok_or_else(|| {
                Error::setting("memory", format!("{size:?} is no size; write it as 8GiB or 512MiB"))
            })
        });
        let default = Self::default();
        Ok(Self { encoding: encoding.transpose()?, memory: memory.transpose()?.unwrap_or(default.memory) })
    }
}

/// The files that one argument names, sorted; `role` is what the argument is called.
fn files_named(role: &'static str, argument: &str, notes: &Notes) -> Result<Vec<PathBuf>> {
    let path = PathBuf::from(argument);
    let mut found = Found::telling(notes);
    if path.is_dir() {
        found.add_below(&path)?;
    } else if path.symlink_metadata().is_ok() || !argument.contains(['*', '?', '[']) {
        // A file that is not there says so when it is opened.
        return Ok(vec![path]);
    } else {
        found.add_matching(argument)?;
    }
    let mut files = found.files;
    files.retain(|file| !is_totals_beside(role, &file.to_string_lossy()));
    files.sort();
    files.dedup();
    if files.is_empty() {
        return Err(no_file(role, argument));
    }
    Ok(files)
}

/// Whether it stands beside an archive of metered hours, and is no hours.
fn is_totals_beside(role: &str, name: &str) -> bool {
    ["metered", "corrects", "merge"].contains(&role) && name.ends_with(TOTALS)
}

fn no_file(role: &'static str, argument: &str) -> Error {
    let fault = Fault::of_input(FaultCode::UnusableInput, argument, format!("{argument} names no file"));
    Error::new(ErrorKind::Input, Fault { setting: Some(role), ..fault })
}

/// What was found so far.
#[derive(Default)]
struct Found {
    files: Vec<PathBuf>,
    /// Folders of which all files were taken, by device and inode: a link may lead back to one.
    folders: HashSet<(u64, u64)>,
    /// Folders that `**` went through, with how many parts of the pattern were left behind it.
    passed: HashSet<((u64, u64), usize)>,
    /// What was said to be skipped.
    skipped: HashSet<PathBuf>,
    notes: Notes,
}

impl Found {
    fn telling(notes: &Notes) -> Self {
        Self { notes: notes.clone(), ..Self::default() }
    }

    /// Adds all files below a folder, which is seen once.
    fn add_below(&mut self, folder: &Path) -> Result<()> {
        if !self.folders.insert(identity(folder)?) {
            self.skip(folder, READ_ALREADY);
            return Ok(());
        }
        for path in entries(folder)? {
            if !self.is_mark(&path) {
                self.add(path)?;
            }
        }
        Ok(())
    }

    /// Adds a file, or all files below a folder.
    fn add(&mut self, path: PathBuf) -> Result<()> {
        if path.is_dir() {
            return self.add_below(&path);
        }
        self.files.push(path);
        Ok(())
    }

    /// Adds the files that match a pattern, and those below folders that do.
    fn add_matching(&mut self, argument: &str) -> Result<()> {
        let start = PathBuf::from(if argument.starts_with('/') { "/" } else { "" });
        let parts: Vec<&str> = argument.split('/').filter(|part| !part.is_empty()).collect();
        for part in &parts {
            glob::Pattern::new(part).map_err(|error| {
                Error::unusable(ErrorKind::Input, argument, format!("bad pattern: {error}"))
            })?;
        }
        self.add_parts(&start, &parts)
    }

    /// Likewise of what stands at `place`, with the `parts` of the pattern that are left.
    fn add_parts(&mut self, place: &Path, parts: &[&str]) -> Result<()> {
        let Some((part, rest)) = parts.split_first() else { return self.add(place.to_owned()) };
        if *part == "**" {
            return self.add_at_any_depth(place, rest);
        }
        if !part.contains(['*', '?', '[']) {
            let next = place.join(part);
            return if next.symlink_metadata().is_ok() { self.add_parts(&next, rest) } else { Ok(()) };
        }
        for path in self.matching(place, part)? {
            if rest.is_empty() || path.is_dir() {
                self.add_parts(&path, rest)?;
            }
        }
        Ok(())
    }

    /// `**`: this folder and all below it.
    fn add_at_any_depth(&mut self, folder: &Path, rest: &[&str]) -> Result<()> {
        if !here(folder).is_dir() {
            return Ok(());
        }
        if rest.iter().all(|part| *part == "**") {
            return self.add_below(here(folder));
        }
        if !self.passed.insert((identity(here(folder))?, rest.len())) {
            self.skip(folder, READ_ALREADY);
            return Ok(());
        }
        self.add_parts(folder, rest)?;
        for path in self.matching(folder, "*")? {
            if path.is_dir() {
                self.add_at_any_depth(&path, rest)?;
            }
        }
        Ok(())
    }

    /// What stands in a folder under a name that matches; names that are not UTF-8 match as far as they are.
    fn matching(&mut self, folder: &Path, part: &str) -> Result<Vec<PathBuf>> {
        if !here(folder).is_dir() {
            return Ok(Vec::new());
        }
        // OK because the parts of a pattern were looked at before.
        let Ok(pattern) = glob::Pattern::new(part) else { return Ok(Vec::new()) };
        let marks = part.starts_with(['.', '_']);
        let mut found = Vec::new();
        for path in entries(here(folder))? {
            let name = path.file_name().unwrap_or_default();
            if pattern.matches(&name.to_string_lossy()) && (marks || !self.is_mark(&path)) {
                found.push(folder.join(name));
            }
        }
        Ok(found)
    }

    /// Whether its name begins with a dot or an underscore: that is a mark of another program, and no data.
    fn is_mark(&mut self, path: &Path) -> bool {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let is_mark = name.starts_with(['.', '_']);
        if is_mark && path.metadata().is_ok_and(|metadata| metadata.is_file() && metadata.len() > 0) {
            self.skip(path, SKIPPED_MARK);
        }
        is_mark
    }

    /// Says once that something is not read.
    fn skip(&mut self, path: &Path, why: &str) {
        let path = path.strip_prefix("./").unwrap_or(path);
        if let Notes(Some(tell)) = &self.notes
            && self.skipped.insert(path.to_owned())
        {
            tell(&format!("{} {why}", path.display()));
        }
    }
}

const SKIPPED_MARK: &str = "is skipped; name the file itself to have it read";
const READ_ALREADY: &str = "is skipped: it is a folder that was read already, by another way";

/// The device and the inode of a folder.
fn identity(folder: &Path) -> Result<(u64, u64)> {
    let metadata = fs::metadata(folder).map_err(|error| of(folder, &error))?;
    Ok((metadata.dev(), metadata.ino()))
}

/// The folder, where an empty path stands for the working folder.
fn here(folder: &Path) -> &Path {
    if folder.as_os_str().is_empty() { Path::new(".") } else { folder }
}

/// What stands in a folder, sorted.
fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let read = || -> io::Result<Vec<PathBuf>> {
        fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path())).collect()
    };
    let mut paths = read().map_err(|error| of(folder, &error))?;
    paths.sort();
    Ok(paths)
}

fn of(path: &Path, error: &io::Error) -> Error {
    unreadable(&path.to_string_lossy(), error)
}
