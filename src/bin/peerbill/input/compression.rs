//! How inputs are compressed: by what their first bytes say, whatever their names.

use std::io::{self, Read};

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
