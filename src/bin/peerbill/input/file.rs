//! One input, opened as often as it is needed.

use crate::output::is_same;
use peerbill::{Error, ErrorKind, Result, read::Document};
use std::{
    fs::{self, File},
    io::{self, Read, Seek, SeekFrom},
    path::PathBuf,
    sync::{
        Arc,
        mpsc::{Receiver, sync_channel},
    },
    thread,
};

/// One file of an input; standard input or a pipe, which are kept in a temporary file so that they can be read twice.
#[derive(Debug, Clone)]
pub struct Input {
    /// The name under which it is reported: the path as it was found.
    pub name: String,
    place: Place,
}

#[derive(Debug, Clone)]
enum Place {
    Path(PathBuf),
    Spooled(Arc<File>),
}

impl Input {
    /// The file at `path`; one that is not there says so when it is opened.
    pub fn at(path: PathBuf) -> Self {
        Self { name: path.to_string_lossy().into_owned(), place: Place::Path(path) }
    }

    /// What can be read only once, kept in a temporary file.
    pub fn spooled(name: String, open: impl FnOnce() -> io::Result<Box<dyn Read>>) -> Result<Self> {
        match open().and_then(|mut input| spool(&mut input)) {
            Ok(file) => Ok(Self { name, place: Place::Spooled(Arc::new(file)) }),
            Err(error) => Err(unreadable(&name, &error)),
        }
    }

    /// Whether it is this file, by whatever name.
    pub fn is_file(&self, file: &fs::Metadata) -> bool {
        match &self.place {
            Place::Path(path) => fs::metadata(path).is_ok_and(|own| is_same(&own, file)),
            Place::Spooled(_) => false,
        }
    }

    /// Its bytes as they are stored, from the beginning.
    pub fn stored(&self) -> io::Result<File> {
        match &self.place {
            Place::Path(path) => File::open(path),
            Place::Spooled(file) => {
                let mut file = file.try_clone()?;
                file.seek(SeekFrom::Start(0))?;
                Ok(file)
            }
        }
    }

    /// How many bytes are stored, as far as can be seen.
    pub fn stored_size(&self) -> u64 {
        self.stored().and_then(|file| file.metadata()).map_or(0, |metadata| metadata.len())
    }

    /// How it is compressed.
    pub fn compression(&self) -> io::Result<Compression> {
        Compression::read(self.stored()?)
    }

    /// The digest of the bytes that are stored.
    pub fn digest(&self) -> Result<String> {
        let mut hasher = blake3::Hasher::new();
        let read = self.stored().and_then(|mut file| hasher.update_reader(&mut file).map(|_| ()));
        read.map_err(|error| unreadable(&self.name, &error))?;
        Ok(hasher.finalize().to_hex().to_string())
    }

    /// The whole input, decompressed.
    pub fn document(&self) -> Result<Document> {
        let mut text = Vec::new();
        let read = self.stored().and_then(|file| decompressed(file)?.read_to_end(&mut text));
        read.map_err(|error| unreadable(&self.name, &error))?;
        Ok(Document::new(&self.name, text))
    }
}

fn spool(input: &mut impl Read) -> io::Result<File> {
    let mut file = tempfile::tempfile()?;
    io::copy(input, &mut file)?;
    Ok(file)
}

/// The error of an input that cannot be read.
pub fn unreadable(name: &str, error: &io::Error) -> Error {
    Error::unusable(ErrorKind::Input, name, error.to_string())
}

const GZIP: &[u8] = &[0x1f, 0x8b];
const ZSTD: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];
const PARQUET: &[u8] = b"PAR1";

/// How an input is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    Plain,
    Gzip,
    Zstd,
}

impl Compression {
    /// As its first bytes say.
    fn of(first_bytes: &[u8]) -> Self {
        match first_bytes {
            bytes if bytes.starts_with(GZIP) => Self::Gzip,
            bytes if bytes.starts_with(ZSTD) => Self::Zstd,
            _ => Self::Plain,
        }
    }

    /// That of an input, of which the first bytes are taken.
    pub fn read(input: impl Read) -> io::Result<Self> {
        first_bytes(input).map(|bytes| Self::of(&bytes))
    }

    /// As it is shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        }
    }
}

fn first_bytes(input: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    input.take(ZSTD.len() as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The bytes of an input as they were before it was compressed.
pub fn decompressed(mut stored: impl Read + Send + 'static) -> io::Result<Box<dyn Read + Send>> {
    let first_bytes = first_bytes(&mut stored)?;
    let compression = Compression::of(&first_bytes);
    if first_bytes == PARQUET {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "is a Parquet file, and only CSV and JSON are read here",
        ));
    }
    let whole = io::Cursor::new(first_bytes).chain(stored);
    Ok(match compression {
        Compression::Plain => Box::new(whole),
        Compression::Gzip => {
            Box::new(flate2::read::MultiGzDecoder::new(io::BufReader::with_capacity(1 << 17, whole)))
        }
        Compression::Zstd => Box::new(zstd::stream::read::Decoder::new(whole)?),
    })
}

const BLOCK: usize = 256 << 10;
/// Blocks that wait to be taken.
const WAITING: usize = 4;

/// What another thread reads; that thread ends with the input, with an error, or when nobody reads on.
pub struct ReadAhead {
    blocks: Receiver<io::Result<Vec<u8>>>,
    block: Vec<u8>,
    taken: usize,
}

impl ReadAhead {
    /// Starts to read `input`.
    pub fn new(mut input: impl Read + Send + 'static) -> Self {
        let (sender, blocks) = sync_channel(WAITING);
        thread::spawn(move || {
            loop {
                let mut block = Vec::with_capacity(BLOCK);
                let read = input.by_ref().take(BLOCK as u64).read_to_end(&mut block);
                let ended = !matches!(read, Ok(count) if count > 0);
                // What was read before an error comes first.
                let whole = block.is_empty() || sender.send(Ok(block)).is_ok();
                let went_on = read.map_or_else(|error| sender.send(Err(error)).is_ok(), |_| true);
                if ended || !whole || !went_on {
                    return;
                }
            }
        });
        Self { blocks, block: Vec::new(), taken: 0 }
    }
}

impl Read for ReadAhead {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.taken == self.block.len() {
            // No sender any more: the input has ended.
            let Ok(block) = self.blocks.recv() else { return Ok(0) };
            (self.block, self.taken) = (block?, 0);
        }
        let rest = &self.block[self.taken..];
        let count = rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        self.taken += count;
        Ok(count)
    }
}

#[cfg(test)]
mod ahead_tests {
    use super::*;

    /// Gives some bytes, then fails.
    struct Failing(usize);

    impl Read for Failing {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let count = self.0.min(buffer.len());
            self.0 -= count;
            if count == 0 { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(count) }
        }
    }

    #[test]
    fn all_bytes_come_in_order_and_then_the_end() {
        let bytes: Vec<u8> = (0..3 * BLOCK + 5).map(|index| (index % 251) as u8).collect();
        let mut read = Vec::new();
        ReadAhead::new(io::Cursor::new(bytes.clone())).read_to_end(&mut read).unwrap();
        assert!(read == bytes);
    }

    #[test]
    fn an_error_comes_after_what_was_read_before_it() {
        let mut read = Vec::new();
        let error = ReadAhead::new(Failing(BLOCK + 7)).read_to_end(&mut read).unwrap_err();
        assert_eq!((read.len(), error.kind()), (BLOCK + 7, io::ErrorKind::UnexpectedEof));
    }
}
