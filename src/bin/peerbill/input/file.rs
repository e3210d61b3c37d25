//! One input, opened as often as it is needed.

use super::compression::{Compression, decompressed};
use peerbill::{Error, ErrorKind, Result, read::Document};
use std::{
    fs::{self, File},
    io::{self, Read, Seek, SeekFrom},
    path::{Path, PathBuf},
    sync::Arc,
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

    /// Whether it is the file at this path, of which no part is a link.
    pub fn is_at(&self, canonical: &Path) -> bool {
        match &self.place {
            Place::Path(path) => fs::canonicalize(path).is_ok_and(|path| path == canonical),
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
