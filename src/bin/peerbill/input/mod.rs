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
            let limit = self.reading.largest_document(role, &input.name);
            let document = input.document(limit, |size| self.reading.too_large(role, &input.name, size))?;
            self.taken = self.taken.saturating_add(need(role, &document));
            if self.taken > self.reading.memory {
                return Err(self.reading.too_much(&input.name, self.taken));
            }
            documents.push(document);
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
/// What one row of a table takes until the traffic is read: as values, as a connection and in the inventory; measured
/// with a million connections.
const BYTES_OF_A_ROW: u64 = 1500;
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

    /// How many bytes of text a document may have.
    pub fn largest_document(&self, role: &str, name: &str) -> u64 {
        self.memory / part_of(role, name)
    }

    /// The error of a document that has `size` bytes or more.
    pub fn too_large(&self, role: &str, name: &str, size: u64) -> Error {
        let (limit, needed) = (self.largest_document(role, name), size.saturating_mul(part_of(role, name)));
        let why = format!(
            "it is held as a whole and larger than the {} that such an input may have; state the memory it may take \
             with --memory {} or more, or split it",
            shown(limit),
            shown(needed)
        );
        Error::unusable(ErrorKind::Input, name, why)
    }

    /// The error of a document with which all of them take more memory than there is.
    pub fn too_much(&self, name: &str, needed: u64) -> Error {
        let why = format!(
            "what is held as a whole takes about {} of memory with it, and {} are allowed; state more with --memory {}",
            shown(needed),
            shown(self.memory),
            shown(needed)
        );
        Error::unusable(ErrorKind::Input, name, why)
    }
}

fn part_of(role: &str, name: &str) -> u64 {
    if is_toml(role, name) { PART_OF_TOML } else { PART_OF_A_DOCUMENT }
}

fn is_toml(role: &str, name: &str) -> bool {
    role == "plan" || name.ends_with(".toml")
}

/// What a document may take until all is read, in bytes: an estimate that errs on the side of more.
pub fn need(role: &str, document: &Document) -> u64 {
    let text = &document.text;
    let is_json = matches!(
        text.trim_ascii_start().strip_prefix(b"\xEF\xBB\xBF").unwrap_or(text).trim_ascii_start().first(),
        Some(b'{' | b'[')
    );
    let further = match () {
        () if is_toml(role, &document.name) => (PART_OF_TOML - 1) * text.len() as u64,
        () if is_json => tree(text),
        () => rows(text) * BYTES_OF_A_ROW,
    };
    text.len() as u64 + further
}

/// At most so many rows stand in a table.
fn rows(text: &[u8]) -> u64 {
    let count = |end| memchr::memchr_iter(end, text).count() as u64;
    count(b'\n').max(count(b'\r')) + 1
}

/// At most so many bytes do the values of a JSON text take.
fn tree(text: &[u8]) -> u64 {
    let (mut bytes, mut in_text, mut escaped): (u64, bool, bool) = (0, false, false);
    for byte in text {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            _ if in_text => {}
            b'{' => bytes += BYTES_OF_AN_OBJECT,
            b':' => bytes += BYTES_OF_A_MEMBER,
            b'[' => bytes += BYTES_OF_A_LIST,
            b',' => bytes += BYTES_OF_AN_ELEMENT,
            _ => {}
        }
    }
    bytes
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
        assert_eq!(tree(br#"{"a,[{\"":"[[{,"}"#), BYTES_OF_AN_OBJECT + BYTES_OF_A_MEMBER);
        assert_eq!(tree(b"[1,[]]"), 2 * BYTES_OF_A_LIST + BYTES_OF_AN_ELEMENT);
    }
}
