//! Files, folders, globs and standard input, plain or compressed, and the memory that they may take. The only code that
//! opens inputs.

use crate::output::is_same;
use encoding_rs::Encoding;
pub use file::{Input, small_text};
use peerbill::{Error, ErrorKind, Result, read::Document, write::json::InputDigest};
use std::{
    collections::HashSet,
    fs::{self, File},
    io,
    os::fd::AsFd,
    path::Path,
};
pub use traffic::traffic_sources;

mod file;
mod find;
mod form;
mod traffic;

/// The name that stands for standard input, and under which it is reported.
const STDIN: &str = "-";

/// Finds the inputs that arguments name, and remembers them.
#[derive(Debug, Default)]
pub struct Inputs {
    reading: Reading,
    stdin_used: bool,
    /// Each with its role: what the argument that names it is called.
    found: Vec<(String, Input)>,
    /// The memory that documents take, in bytes.
    taken: u64,
}

impl Inputs {
    /// Inputs that are read so.
    pub fn new(reading: Reading) -> Self {
        Self { reading, ..Self::default() }
    }

    /// All files that `arguments` name, each once, in a stable order; `role` names them in messages and reports.
    pub fn find(&mut self, role: &str, arguments: &[String]) -> Result<Vec<Input>> {
        let mut inputs = Vec::new();
        let mut seen = HashSet::new();
        for argument in arguments {
            if argument == STDIN {
                inputs.push(self.standard_input(role)?);
                continue;
            }
            for path in find::files_named(role, argument)? {
                // The same file named twice, by a folder and a glob say, is one input.
                if is_pipe(&path) || seen.insert(fs::canonicalize(&path).unwrap_or_else(|_| path.clone())) {
                    inputs.push(Input::at(path, self.reading.encoding)?);
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
        Input::spooled(STDIN.into(), self.reading.encoding, || Ok(Box::new(io::stdin().lock())))
    }

    /// Documents of small inputs, as far as there is memory for all of them.
    pub fn documents(&mut self, role: &str, arguments: &[String]) -> Result<Vec<Document>> {
        let mut documents = Vec::new();
        for input in self.find(role, arguments)? {
            let mut need = Need::of(role, &input.name);
            let document = input.document(self.reading.memory / need.part(), &mut need)?;
            self.taken = self.taken.saturating_add(need.bytes());
            match document {
                Some(document) if self.taken <= self.reading.memory => documents.push(document),
                _ => return Err(too_much(&input.name, self.taken, self.reading.memory)),
            }
        }
        Ok(documents)
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
    pub fn unchanged(&self) -> Result<()> {
        self.found.iter().try_for_each(|(_, input)| input.unchanged())
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
/// A document may be this part of the memory: it is kept beside what is made of it.
const PART_OF_A_DOCUMENT: u64 = 8;
/// TOML makes far more of its bytes than other text does.
const PART_OF_TOML: u64 = 512;
/// What one row of a table takes until the traffic is read: as values, as a connection and in the inventory. A million
/// connections were measured to take 620 bytes each, and rows of nothing but faults no more.
const BYTES_OF_A_ROW: u64 = 1000;
/// What values of JSON take: a node of a map, a member of it, and an element of a list.
const BYTES_OF_AN_OBJECT: u64 = 640;
const BYTES_OF_A_MEMBER: u64 = 110;
const BYTES_OF_A_LIST: u64 = 144;
const BYTES_OF_AN_ELEMENT: u64 = 64;

/// How inputs are read.
#[derive(Debug, Clone, Copy)]
pub struct Reading {
    /// Of text that has no mark in front; UTF-8 where it is not stated.
    pub encoding: Option<&'static Encoding>,
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

/// The error of a document with which all of them take more memory than there is, in bytes.
fn too_much(name: &str, needed: u64, memory: u64) -> Error {
    let (needed, memory) = (shown(needed), shown(memory));
    let why = format!(
        "what is held as a whole takes about {needed} of memory with it, and {memory} are allowed; state more with \
         --memory {needed}, or split it"
    );
    Error::unusable(ErrorKind::Input, name, why)
}

/// What a document may take until all is read: an estimate that errs on the side of more.
#[derive(Debug)]
pub struct Need {
    kind: TextKind,
    size: u64,
    /// Line ends of either kind, of which one ends a row.
    line_ends: [u64; 2],
    /// What values of JSON take, in bytes.
    tree: u64,
    in_text: bool,
    is_escaped: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TextKind {
    Toml,
    Json,
    Table,
    /// Not seen yet: nothing but blanks came.
    Open,
}

impl Need {
    fn of(role: &str, name: &str) -> Self {
        let is_toml = role == "plan" || name.ends_with(".toml");
        let kind = if is_toml { TextKind::Toml } else { TextKind::Open };
        Self { kind, size: 0, line_ends: [0; 2], tree: 0, in_text: false, is_escaped: false }
    }

    /// The text itself may be this part of the memory.
    fn part(&self) -> u64 {
        if self.kind == TextKind::Toml { PART_OF_TOML } else { PART_OF_A_DOCUMENT }
    }

    /// Adds more of the text.
    pub fn add(&mut self, text: &[u8]) {
        self.size += text.len() as u64;
        if self.kind == TextKind::Open {
            let text = text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(text).trim_ascii_start();
            self.kind = match text.first() {
                None => TextKind::Open,
                Some(b'{' | b'[') => TextKind::Json,
                Some(_) => TextKind::Table,
            };
        }
        match self.kind {
            TextKind::Json => text.iter().for_each(|byte| self.add_json(*byte)),
            _ => {
                for (count, end) in self.line_ends.iter_mut().zip(*b"\n\r") {
                    *count += memchr::memchr_iter(end, text).count() as u64;
                }
            }
        }
    }

    fn add_json(&mut self, byte: u8) {
        match byte {
            _ if self.is_escaped => self.is_escaped = false,
            b'\\' if self.in_text => self.is_escaped = true,
            b'"' => self.in_text = !self.in_text,
            _ if self.in_text => {}
            b'{' => self.tree += BYTES_OF_AN_OBJECT,
            b':' => self.tree += BYTES_OF_A_MEMBER,
            b'[' => self.tree += BYTES_OF_A_LIST,
            b',' => self.tree += BYTES_OF_AN_ELEMENT,
            _ => {}
        }
    }

    /// All that it takes, in bytes.
    fn bytes(&self) -> u64 {
        let [line_feeds, carriage_returns] = self.line_ends;
        let rows = line_feeds.max(carriage_returns) * BYTES_OF_A_ROW;
        let further = if self.kind == TextKind::Toml { 0 } else { self.tree + rows };
        (self.size * self.part()).max(self.size + further)
    }
}

const UNITS: [(&str, u32); 12] = [
    ("kib", 10),
    ("mib", 20),
    ("gib", 30),
    ("tib", 40),
    ("kb", 10),
    ("mb", 20),
    ("gb", 30),
    ("tb", 40),
    ("k", 10),
    ("m", 20),
    ("g", 30),
    ("t", 40),
];

/// A size as people write it, in bytes: a whole number and a unit, each 1024 times the one before; bytes without one.
fn bytes_of(size: &str) -> Option<u64> {
    let size = size.trim().to_ascii_lowercase();
    let unit = UNITS.iter().find_map(|(unit, shift)| Some((size.strip_suffix(unit)?, *shift)));
    let (number, shift) = unit.unwrap_or((size.strip_suffix('b').unwrap_or(&size), 0));
    let number: u64 = number.trim().parse().ok()?;
    number.checked_mul(1 << shift).filter(|bytes| *bytes > 0)
}

/// A size as it is stated, rounded up.
fn shown(bytes: u64) -> String {
    let (unit, shift) = match bytes {
        0..0x10_0000 => ("KiB", 10),
        0x10_0000..0x1_0000_0000 => ("MiB", 20),
        _ => ("GiB", 30),
    };
    format!("{}{unit}", bytes.div_ceil(1 << shift))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_as_people_write_them_and_shown_rounded_up() {
        for (size, bytes) in
            [("4GiB", 4 << 30), ("4 g", 4 << 30), ("512MB", 512 << 20), ("1024", 1024), ("7b", 7)]
        {
            assert_eq!(bytes_of(size), Some(bytes), "{size}");
        }
        for size in ["", "0", "-1", "1.5GiB", "GiB", "99999999999TiB", "4 PiB"] {
            assert_eq!(bytes_of(size), None, "{size}");
        }
        assert_eq!([1, (4 << 30) - 1, (4 << 30) + 1].map(shown), ["1KiB", "4096MiB", "5GiB"]);
    }

    #[test]
    fn what_stands_within_text_of_json_is_no_value() {
        let tree = |text: &str| {
            let mut need = Need::of("connections", "list.json");
            text.as_bytes().chunks(3).for_each(|part| need.add(part));
            need.tree
        };
        assert_eq!(tree(r#"{"a,[{\"":"[[{,"}"#), BYTES_OF_AN_OBJECT + BYTES_OF_A_MEMBER);
        assert_eq!(tree(" [1,[]]"), 2 * BYTES_OF_A_LIST + BYTES_OF_AN_ELEMENT);
    }
}
