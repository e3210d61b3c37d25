//! The files that an argument names: itself, all below a folder, or what matches a pattern.

use super::file::unreadable;
use crate::output::say;
use peerbill::{Error, ErrorKind, Result};
use std::{
    collections::HashSet,
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

/// The files that one argument names, sorted; `role` is what the argument is called.
pub fn files_named(role: &str, argument: &str) -> Result<Vec<PathBuf>> {
    let path = PathBuf::from(argument);
    let mut found = Found::default();
    if path.is_dir() {
        found.add_below(&path)?;
    } else if path.symlink_metadata().is_ok() || !argument.contains(['*', '?', '[']) {
        // A file that is not there says so when it is opened.
        return Ok(vec![path]);
    } else {
        found.add_matching(argument)?;
    }
    let mut files = found.files;
    files.sort();
    files.dedup();
    if files.is_empty() {
        let why = format!("--{role} {argument} names no file");
        return Err(Error::unusable(ErrorKind::Input, argument, why));
    }
    Ok(files)
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
}

impl Found {
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
            self.skip(path, "is skipped; name the file itself to have it read");
        }
        is_mark
    }

    /// Says once that something is not read.
    fn skip(&mut self, path: &Path, why: &str) {
        let path = path.strip_prefix("./").unwrap_or(path);
        if self.skipped.insert(path.to_owned()) {
            say!("peerbill: {} {why}", path.display());
        }
    }
}

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
    let read = || -> std::io::Result<Vec<PathBuf>> {
        fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path())).collect()
    };
    let mut paths = read().map_err(|error| of(folder, &error))?;
    paths.sort();
    Ok(paths)
}

fn of(path: &Path, error: &std::io::Error) -> Error {
    unreadable(&path.to_string_lossy(), error)
}
