//! One input, opened as often as it is needed, and held to stay what it was.

use super::{
    form::{self, Compression},
    store::{Object, changed, ended_early},
};
use crate::{
    error::{Error, ErrorKind, Result},
    model::invalid::{Invalid, Remedy},
    read::Document,
};
use encoding_rs::Encoding;
use std::{
    collections::VecDeque,
    fs::{self, File, Metadata},
    io::{self, Read, Seek, SeekFrom},
    os::unix::fs::{FileExt, MetadataExt},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, OnceLock, PoisonError},
    thread,
    time::{Duration, SystemTime},
};

/// One file or object of an input; standard input or a pipe, which are kept in a temporary file so that they can be read
/// twice.
#[derive(Debug, Clone)]
pub struct Input {
    /// The name under which it is reported: the path as it was found.
    pub name: String,
    /// The encoding that was stated for text without a mark.
    encoding: Option<&'static Encoding>,
    place: Arc<Place>,
    /// Of the bytes that are stored, where they were digested while they were read.
    digest: Arc<OnceLock<String>>,
}

#[derive(Debug)]
enum Place {
    Path(PathBuf, Stamp),
    Spooled(Arc<File>, u64),
    /// Whose version is stated with all that is read of it.
    Object(Arc<Object>),
}

/// What tells that a file is still the same, with the same content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    device_and_inode: (u64, u64),
    size: u64,
    /// Seconds and nanoseconds.
    modified: (i64, i64),
    /// Likewise of the inode: it moves where the time of modification was set back.
    changed: (i64, i64),
}

impl Stamp {
    fn of(metadata: &Metadata) -> Self {
        Self {
            device_and_inode: (metadata.dev(), metadata.ino()),
            size: metadata.len(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }
}

/// File systems tell times in steps; a second change within one step leaves no trace.
const STEP: Duration = Duration::from_millis(20);

/// What is known of a file once its last change lies a step behind, so that every later one shows.
fn settled(path: &Path) -> io::Result<Metadata> {
    let metadata = fs::metadata(path)?;
    let seconds = u64::try_from(metadata.ctime()).unwrap_or_default();
    let nanoseconds = u32::try_from(metadata.ctime_nsec()).unwrap_or_default();
    let changed = SystemTime::UNIX_EPOCH + Duration::new(seconds, nanoseconds);
    #[expect(clippy::disallowed_methods, reason = "decides about a moment of waiting, and about no result")]
    let now = SystemTime::now();
    if now.duration_since(changed).is_ok_and(|ago| ago < STEP) {
        thread::sleep(STEP);
        return fs::metadata(path);
    }
    Ok(metadata)
}

impl Input {
    /// The file at `path`, which must stay as it is from now on.
    pub fn at(path: PathBuf, encoding: Option<&'static Encoding>) -> Result<Self> {
        let name = path.to_string_lossy().into_owned();
        let metadata = settled(&path).map_err(|error| unreadable(&name, &missing(&path, error)))?;
        // Files of /proc have content and tell no size; what is really empty stays in its place.
        if !metadata.is_file() || (metadata.len() == 0 && has_content(&path)) {
            return Self::spooled(name, encoding, || Ok(Box::new(File::open(&path)?)));
        }
        Ok(Self::new(name, encoding, Place::Path(path, Stamp::of(&metadata))))
    }

    /// What can be read only once, kept in a temporary file.
    pub fn spooled(
        name: String,
        encoding: Option<&'static Encoding>,
        open: impl FnOnce() -> io::Result<Box<dyn Read>>,
    ) -> Result<Self> {
        match open().and_then(|mut input| spool(&mut input)) {
            Ok((file, size)) => Ok(Self::new(name, encoding, Place::Spooled(Arc::new(file), size))),
            Err(error) => Err(unreadable(&name, &error)),
        }
    }

    /// An object of a store.
    pub fn of_object(name: String, object: Arc<Object>, encoding: Option<&'static Encoding>) -> Self {
        Self::new(name, encoding, Place::Object(object))
    }

    fn new(name: String, encoding: Option<&'static Encoding>, place: Place) -> Self {
        Self { name, encoding, place: Arc::new(place), digest: Arc::default() }
    }

    /// Whether it is this file, by whatever name.
    pub fn is_file(&self, file: &Metadata) -> bool {
        match &*self.place {
            Place::Path(path, _) => fs::metadata(path).is_ok_and(|own| is_same(&own, file)),
            Place::Spooled(..) | Place::Object(_) => false,
        }
    }

    /// Refuses it where it is no longer what it was when it was found.
    pub fn unchanged(&self) -> Result<()> {
        let Place::Path(path, stamp) = &*self.place else { return Ok(()) };
        match fs::metadata(path) {
            Ok(metadata) if Stamp::of(&metadata) == *stamp => Ok(()),
            _ => Err(unreadable(&self.name, &changed())),
        }
    }

    fn open(&self) -> io::Result<Bytes> {
        match &*self.place {
            Place::Path(path, stamp) => {
                let file = File::open(path).map_err(|error| match error.kind() {
                    // It was there.
                    io::ErrorKind::NotFound => changed(),
                    _ => error,
                })?;
                if Stamp::of(&file.metadata()?) == *stamp {
                    Ok(Bytes::File(Arc::new(file)))
                } else {
                    Err(changed())
                }
            }
            Place::Spooled(file, _) => Ok(Bytes::File(file.clone())),
            Place::Object(object) => Ok(Bytes::Object(object.clone())),
        }
    }

    /// How many bytes are stored.
    pub fn stored_size(&self) -> u64 {
        match &*self.place {
            Place::Path(_, stamp) => stamp.size,
            Place::Spooled(_, size) => *size,
            Place::Object(object) => object.size(),
        }
    }

    /// Its bytes as they are stored, from the beginning; all of them or an error.
    pub fn stored(&self) -> io::Result<Stored> {
        Ok(Stored { bytes: self.open()?, offset: 0, size: self.stored_size() })
    }

    /// Its first bytes as they are stored, which are of something that is read.
    pub fn head(&self) -> io::Result<Vec<u8>> {
        let mut head = Vec::new();
        self.stored()?.take(form::HEAD as u64).read_to_end(&mut head)?;
        let names = if form::is_zip(&head) { self.both_ends()? } else { Vec::new() };
        let foreign = form::foreign(&head, &names);
        foreign.map_or(Ok(head), |why| Err(io::Error::new(io::ErrorKind::InvalidData, why)))
    }

    /// The encoding that was stated for text without a mark.
    pub fn encoding(&self) -> Option<&'static Encoding> {
        self.encoding
    }

    /// Whether it is a zip archive of files, and no document that is stored as one.
    pub fn is_archive(&self) -> io::Result<bool> {
        let mut head = Vec::new();
        self.stored()?.take(form::HEAD as u64).read_to_end(&mut head)?;
        Ok(form::is_zip(&head) && form::is_mere_archive(&self.both_ends()?))
    }

    /// What stands in front and at the end, where archives tell the names of their files.
    fn both_ends(&self) -> io::Result<Vec<u8>> {
        let mut ends = Vec::new();
        let end = self.stored_size().saturating_sub(form::NAMES as u64);
        for offset in [0, end] {
            let from = Stored { offset, ..self.stored()? };
            from.take(form::NAMES as u64).read_to_end(&mut ends)?;
        }
        Ok(ends)
    }

    /// How it is compressed.
    pub fn compression(&self) -> io::Result<Compression> {
        self.head().map(|head| Compression::of(&head))
    }

    /// Whether its bytes are read as they are stored.
    pub fn is_plain(&self) -> io::Result<bool> {
        let head = self.head()?;
        let is_plain = Compression::of(&head) == Compression::Plain;
        let is_wide = self.encoding.is_none() && form::wide_text(&head).is_some();
        let is_coded = is_wide || form::encoding(&head, self.encoding).is_some();
        Ok(is_plain && (!is_coded || form::is_parquet(&head)))
    }

    /// Its text or its Parquet file, from the beginning; `shown` may look on while stored bytes are read.
    pub fn plain(
        &self,
        shown: impl FnOnce(Stored) -> Box<dyn Read + Send>,
    ) -> io::Result<Box<dyn Read + Send>> {
        self.head()?;
        form::plain(shown(self.stored()?), self.encoding)
    }

    /// The digest of the bytes that are stored.
    pub fn digest(&self) -> Result<String> {
        if let Some(digest) = self.digest.get() {
            return Ok(digest.clone());
        }
        let mut hasher = blake3::Hasher::new();
        let read = self.stored().and_then(|mut file| hasher.update_reader(&mut file).map(|_| ()));
        read.map_err(|error| unreadable(&self.name, &error))?;
        Ok(hasher.finalize().to_hex().to_string())
    }

    /// The whole input as text; `None` where that has more than `limit` bytes. `need` sees all of it in both cases, or as
    /// much as leaves no doubt. Its bytes are digested on the way where that `is_digested`.
    pub fn document(&self, limit: u64, is_digested: bool, need: &mut Need) -> Result<Option<Document>> {
        let failed = |error: io::Error| unreadable(&self.name, &error);
        let hasher = is_digested.then(|| Arc::new(Mutex::new((blake3::Hasher::new(), 0))));
        let digesting = |stored| -> Box<dyn Read + Send> {
            match &hasher {
                Some(hasher) => Box::new(Digesting(stored, hasher.clone())),
                None => Box::new(stored),
            }
        };
        let mut input = self.plain(digesting).map_err(failed)?;
        // As much as is stored, most often.
        let mut text = Vec::with_capacity(self.stored_size().min(limit).min(MOST_AT_FIRST) as usize + 1);
        input.by_ref().take(limit + 1).read_to_end(&mut text).map_err(failed)?;
        need.add(&text);
        if text.len() as u64 > limit {
            drop(text);
            add_rest(input.take(limit.saturating_mul(FURTHER)), need).map_err(failed)?;
            return Ok(None);
        }
        drop(input);
        self.unchanged()?;
        if form::is_parquet(&text) {
            let why = "is a Parquet file, and only CSV and JSON are read here";
            return Err(Error::unusable(ErrorKind::Input, &self.name, why));
        }
        if let Some(hasher) = hasher {
            let (hasher, digested) = &*hasher.lock().unwrap_or_else(PoisonError::into_inner);
            if *digested == self.stored_size() {
                let _ = self.digest.set(hasher.finalize().to_hex().to_string());
            }
        }
        Ok(Some(Document::new(&self.name, text)))
    }
}

/// The most room that is made for a document before it is read.
const MOST_AT_FIRST: u64 = 1 << 26;
/// How many times as much as may be held is looked at, to tell how much would be needed.
const FURTHER: u64 = 4;

fn add_rest(mut input: impl Read, need: &mut Need) -> io::Result<()> {
    let mut block = vec![0; 1 << 16];
    loop {
        match input.read(&mut block)? {
            0 => return Ok(()),
            count => need.add(&block[..count]),
        }
    }
}

/// Whether a file of no size has content all the same.
fn has_content(path: &Path) -> bool {
    File::open(path).and_then(|mut file| file.read(&mut [0])).is_ok_and(|count| count > 0)
}

/// What keeps a path from being found, where a link leads nowhere.
fn missing(path: &Path, error: io::Error) -> io::Error {
    match (error.kind(), fs::read_link(path)) {
        (io::ErrorKind::NotFound, Ok(target)) => {
            let why = format!("it is a link to {}, which is not there", target.display());
            io::Error::other(why)
        }
        _ => error,
    }
}

fn spool(input: &mut impl Read) -> io::Result<(File, u64)> {
    let mut file = tempfile::tempfile()?;
    let size = io::copy(input, &mut file)?;
    Ok((file, size))
}

/// The error of an input that cannot be read.
pub fn unreadable(name: &str, error: &io::Error) -> Error {
    Error::unusable(ErrorKind::Input, name, Invalid::of_io(error))
}

/// Whether both are one file, by whatever names.
pub fn is_same(one: &Metadata, other: &Metadata) -> bool {
    (one.dev(), one.ino()) == (other.dev(), other.ino())
}

/// Where bytes are read from.
#[derive(Debug, Clone)]
enum Bytes {
    File(Arc<File>),
    Object(Arc<Object>),
}

/// The bytes of an input as they are stored, as many as it had when it was found.
pub struct Stored {
    bytes: Bytes,
    offset: u64,
    size: u64,
}

impl Read for Stored {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.bytes.read_at(buffer, self.offset, self.size)?;
        self.offset += count as u64;
        Ok(count)
    }
}

impl Seek for Stored {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let place = match to {
            SeekFrom::Start(offset) => Some(offset),
            SeekFrom::End(by) => self.size.checked_add_signed(by),
            SeekFrom::Current(by) => self.offset.checked_add_signed(by),
        };
        self.offset = place.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
        Ok(self.offset)
    }
}

impl Bytes {
    /// Reads from `offset` on, as far as the `size` that there was when it was found; an end before that is an error.
    fn read_at(&self, buffer: &mut [u8], offset: u64, size: u64) -> io::Result<usize> {
        let left = usize::try_from(size.saturating_sub(offset)).unwrap_or(usize::MAX);
        let wanted = left.min(buffer.len());
        let buffer = &mut buffer[..wanted];
        let read = match self {
            Self::File(file) => file.read_at(buffer, offset),
            Self::Object(object) => object.read_at(buffer, offset),
        };
        match read? {
            0 if wanted > 0 => Err(ended_early(size)),
            count => Ok(count),
        }
    }
}

/// Digests what is read, and counts it.
struct Digesting(Stored, Arc<Mutex<(blake3::Hasher, u64)>>);

impl Read for Digesting {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.0.read(buffer)?;
        let (hasher, digested) = &mut *self.1.lock().unwrap_or_else(PoisonError::into_inner);
        hasher.update(&buffer[..count]);
        *digested += count as u64;
        Ok(count)
    }
}

/// How many files are held open to be read from any place.
const HELD: usize = 32;

/// Open files, by the number of their input; those that were not read for longest are closed first.
#[derive(Debug, Default)]
pub struct OpenFiles(Mutex<VecDeque<(usize, Bytes)>>);

impl OpenFiles {
    /// Reads from the file of `input`, which has this number, as [`ReadAt`](crate::read::ReadAt) says.
    pub fn read_at(&self, number: usize, input: &Input, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.held(number, input)?.read_at(buffer, offset, input.stored_size())
    }

    fn held(&self, number: usize, input: &Input) -> io::Result<Bytes> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, file)) = held.iter().find(|(other, _)| *other == number) {
            return Ok(file.clone());
        }
        if held.len() == HELD {
            held.pop_front();
        }
        let file = input.open()?;
        held.push_back((number, file.clone()));
        Ok(file)
    }
}

/// The most that settings may have, in bytes.
const SMALL: u64 = 1 << 20;

/// The text of a small file, such as settings; nothing but a file is waited for.
///
/// # Errors
///
/// Where it cannot be read, is larger than 1 MiB, or is no text.
pub fn small_text(path: &Path) -> io::Result<String> {
    let invalid = |why: &str| io::Error::new(io::ErrorKind::InvalidData, why);
    let metadata = fs::metadata(path).map_err(|error| missing(path, error))?;
    if metadata.len() > SMALL {
        return Err(invalid("it is larger than 1 MiB"));
    }
    if !metadata.is_file() {
        return Err(invalid("it is no file, but a folder, a pipe or a device"));
    }
    let file = File::open(path)?;
    let mut text = Vec::new();
    form::plain(Box::new(file.take(SMALL + 1)), None)?.take(SMALL + 1).read_to_end(&mut text)?;
    if text.len() as u64 > SMALL {
        return Err(invalid("it is larger than 1 MiB"));
    }
    String::from_utf8(text).map_err(|_| invalid("it is not UTF-8; save it as UTF-8"))
}

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

/// The error of a document with which all of them take more memory than there is, in bytes.
pub fn too_much(name: &str, needed: u64, memory: u64) -> Error {
    let (needed, memory) = (shown(needed), shown(memory));
    let why =
        format!("what is held as a whole takes {needed} of memory or more with it, and {memory} are allowed");
    Error::unusable(
        ErrorKind::Input,
        name,
        Invalid::new(why).with(Remedy::StateMemory { size: needed.into() }),
    )
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
    /// Of a document of this role and name, of which nothing was seen yet.
    pub fn of(role: &str, name: &str) -> Self {
        let is_toml = role == "plan" || name.ends_with(".toml");
        let kind = if is_toml { TextKind::Toml } else { TextKind::Open };
        Self { kind, size: 0, line_ends: [0; 2], tree: 0, in_text: false, is_escaped: false }
    }

    /// The text itself may be this part of the memory.
    pub fn part(&self) -> u64 {
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
    pub fn bytes(&self) -> u64 {
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
pub fn bytes_of(size: &str) -> Option<u64> {
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
mod memory_tests {
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
