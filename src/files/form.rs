//! What the bytes of an input are: compressed, text in an encoding, or something that is no text and says so in front.

use crate::model::invalid::{Invalid, Remedy};
use encoding_rs::{Decoder, DecoderResult, Encoding, UTF_8, UTF_16BE, UTF_16LE};
use std::io::{self, Read};

const GZIP: &[u8] = &[0x1f, 0x8b];
const ZSTD: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];
/// What follows the first byte of a frame that readers of zstd pass over; that byte is 0x50 to 0x5f.
const SKIPPABLE: &[u8] = &[0x2a, 0x4d, 0x18];
const PARQUET: &[u8] = b"PAR1";
const ZIP: [&[u8]; 2] = [b"PK\x03\x04", b"PK\x05\x06"];
/// How many bytes in front tell what an input is.
pub const HEAD: usize = 512;
/// How much of both ends of a zip archive is searched for the names of its files.
pub const NAMES: usize = 1 << 16;

/// How an input is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    Plain,
    Gzip,
    Zstd,
}

impl Compression {
    /// As its first bytes say.
    pub fn of(head: &[u8]) -> Self {
        match head {
            head if head.starts_with(GZIP) => Self::Gzip,
            head if head.starts_with(ZSTD) || is_skippable(head) => Self::Zstd,
            _ => Self::Plain,
        }
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

fn is_skippable(head: &[u8]) -> bool {
    head.len() > 3 && head[0] & 0xf0 == 0x50 && head[1..].starts_with(SKIPPABLE)
}

/// Whether this is a Parquet file, by its first bytes.
pub fn is_parquet(head: &[u8]) -> bool {
    head.starts_with(PARQUET)
}

/// Whether this is a zip archive, by its first bytes.
pub fn is_zip(head: &[u8]) -> bool {
    ZIP.iter().any(|magic| head.starts_with(magic))
}

const AS_CSV: &str = "save it as CSV UTF-8";
const DECOMPRESS: &str = "decompress it, or download it with gzip or zstd, which are read as they are";
const UNPACK: &str = "unpack it";
const CONVERT: &str = "convert it to CSV or Parquet";

/// What is not read, by its first bytes: what it is, and the way out.
///
/// Sources: the formats' own pages, and the list of file(1).
const FOREIGN: [(&[u8], &str, &str); 16] = [
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "is an old Excel workbook, or another file of Office", AS_CSV),
    (b"\xfd7zXZ\0", "is compressed with xz", DECOMPRESS),
    (b"\x04\x22\x4d\x18", "is compressed with lz4", DECOMPRESS),
    (b"\x02\x21\x4c\x18", "is compressed with lz4", DECOMPRESS),
    (b"\xff\x06\x00\x00sNaPpY", "is compressed with snappy", DECOMPRESS),
    (b"\x1f\x9d", "is compressed with compress", DECOMPRESS),
    (b"\x1f\xa0", "is compressed with compress", DECOMPRESS),
    (b"LZIP\x01", "is compressed with lzip", DECOMPRESS),
    (b"7z\xbc\xaf\x27\x1c", "is a 7z archive", UNPACK),
    (b"Rar!\x1a\x07", "is a RAR archive", UNPACK),
    (b"%PDF-", "is a PDF document", "export the figures as CSV UTF-8"),
    (b"{\\rtf", "is a document of a word processor", AS_CSV),
    (b"Obj\x01", "is an Avro file", CONVERT),
    (b"ARROW1\0\0", "is an Arrow file", CONVERT),
    (b"ORC\n", "is an ORC file", CONVERT),
    (b"SQLite format 3\0", "is a SQLite database", CONVERT),
];

/// What an input is that is none of what is read, with the way out; `None` for what may be read.
///
/// `names` are bytes of a zip archive in which the names of its files stand.
pub fn foreign(head: &[u8], names: &[u8]) -> Option<String> {
    if is_zip(head) {
        return Some(archive(names).into());
    }
    let known = FOREIGN.iter().find(|(magic, ..)| head.starts_with(magic));
    if let Some((_, what, way_out)) = known {
        return Some(format!("{what}; {way_out}"));
    }
    if head.starts_with(b"BZh") && head.get(4..10) == Some(b"1AY&SY") {
        return Some(format!("is compressed with bzip2; {DECOMPRESS}"));
    }
    if head.get(257..262) == Some(b"ustar") {
        return Some(format!("is a tar archive; {UNPACK}"));
    }
    markup(head).map(Into::into)
}

/// The file of a zip archive, which is text: as UTF-8.
pub fn member<'a>(
    stored: Box<dyn Read + Send + 'a>,
    stated: Option<&'static Encoding>,
) -> io::Result<Box<dyn Read + Send + 'a>> {
    let (head, plain) = with_head(stored)?;
    refuse_within("zip", &head)?;
    if is_parquet(&head) {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "is a Parquet file (within zip)"));
    }
    as_text(&head, Box::new(plain), stated)
}

/// Whether a zip archive is nothing but that, by the names in it: no workbook and no other document.
pub fn is_mere_archive(names: &[u8]) -> bool {
    archive(names) == MERE_ARCHIVE
}

const MERE_ARCHIVE: &str = "is a zip archive; unpack it";

/// What a zip archive is, by the names in it.
fn archive(names: &[u8]) -> &'static str {
    let has = |name: &str| memchr::memmem::find(names, name.as_bytes()).is_some();
    if has("xl/") {
        "is an Excel workbook; save it as CSV UTF-8"
    } else if has("tfplan") {
        "is the plan file itself; give the output of: terraform show -json PLAN"
    } else if has("opendocument.spreadsheet") {
        "is an OpenDocument spreadsheet; save it as CSV UTF-8"
    } else if has("Index/Document.iwa") {
        "is a Numbers spreadsheet; export it as CSV UTF-8"
    } else if has("[Content_Types].xml") {
        "is a file of Office; save its table as CSV UTF-8"
    } else {
        MERE_ARCHIVE
    }
}

/// What begins as markup does: no text that is read here begins so.
fn markup(head: &[u8]) -> Option<&'static str> {
    let text = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head).trim_ascii_start();
    let begins =
        |tag: &str| text.get(..tag.len()).is_some_and(|own| own.eq_ignore_ascii_case(tag.as_bytes()));
    if begins("<!doctype html") || begins("<html") || begins("<head") {
        Some("is a web page (HTML), such as a login or an error gives; download the file itself")
    } else if begins("<?xml") || begins("<!--") || begins("<error") || begins("<workbook") {
        Some(
            "is XML, such as an answer that tells an error; download the file itself, or save it as CSV UTF-8",
        )
    } else {
        None
    }
}

/// What text is that has two or four bytes a character and no mark in front that says how they are to be read.
pub fn wide_text(head: &[u8]) -> Option<Invalid> {
    let unmarked =
        |label| Invalid::new("looks like UTF-16 without a mark").with(Remedy::StateEncodingOf { label });
    match head {
        [0xff, 0xfe, 0, 0, ..] | [0, 0, 0xfe, 0xff, ..] => Some("is UTF-32; save it as UTF-8".into()),
        [1..=0x7f, 0, 1..=0x7f, 0, ..] => Some(unmarked("utf-16le")),
        [0, 1..=0x7f, 0, 1..=0x7f, ..] => Some(unmarked("utf-16be")),
        _ => None,
    }
}

/// The encoding that text must be read from: as the mark in front says, else as `stated`; `None` where it is UTF-8.
pub fn encoding(head: &[u8], stated: Option<&'static Encoding>) -> Option<&'static Encoding> {
    let marked = Encoding::for_bom(head).map(|(encoding, _)| encoding);
    marked.or(stated).filter(|encoding| *encoding != UTF_8)
}

/// `input` as UTF-8, without a mark of another encoding.
fn decoded<'a>(head: &[u8], input: Box<dyn Read + Send + 'a>, encoding: &'static Encoding) -> Decoded<'a> {
    let marked = Encoding::for_bom(head).is_some_and(|(marked, _)| marked == encoding);
    // A mark is two bytes long in both encodings that have one and are decoded.
    let skipped = if marked && [UTF_16LE, UTF_16BE].contains(&encoding) { 2 } else { 0 };
    Decoded {
        input,
        encoding,
        decoder: encoding.new_decoder_without_bom_handling(),
        skipped,
        raw: Vec::new(),
        text: Vec::new(),
        shown: 0,
        line: 1,
        at_end: false,
    }
}

const CHUNK: usize = 1 << 16;

/// Text of another encoding, as UTF-8. What is malformed is an error that names its line.
struct Decoded<'a> {
    input: Box<dyn Read + Send + 'a>,
    encoding: &'static Encoding,
    decoder: Decoder,
    /// Bytes in front that are no text.
    skipped: usize,
    /// What was read and not decoded yet.
    raw: Vec<u8>,
    text: Vec<u8>,
    /// How much of the text was read.
    shown: usize,
    /// The line on which the text that follows goes on.
    line: u64,
    at_end: bool,
}

impl Decoded<'_> {
    /// Decodes some more; without effect at the end.
    fn refill(&mut self) -> io::Result<()> {
        (self.shown, self.text) = (0, vec![0; 2 * CHUNK]);
        let is_last = self.raw.len() < CHUNK && {
            let wanted = (CHUNK - self.raw.len()) as u64;
            self.input.by_ref().take(wanted).read_to_end(&mut self.raw)? == 0
        };
        self.raw.drain(..std::mem::take(&mut self.skipped).min(self.raw.len()));
        let (result, read, written) =
            self.decoder.decode_to_utf8_without_replacement(&self.raw, &mut self.text, is_last);
        self.raw.drain(..read);
        self.text.truncate(written);
        self.line += memchr::memchr_iter(b'\n', &self.text).count() as u64;
        self.at_end = is_last && result == DecoderResult::InputEmpty;
        match result {
            DecoderResult::Malformed(..) => {
                let (line, name) = (self.line, self.encoding.name());
                let why = format!("line {line} is not {name}; state its encoding, or save it as UTF-8");
                Err(io::Error::new(io::ErrorKind::InvalidData, why))
            }
            _ => Ok(()),
        }
    }
}

impl Read for Decoded<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.shown == self.text.len() && !self.at_end {
            self.refill()?;
        }
        let rest = &self.text[self.shown..];
        let count = rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        self.shown += count;
        Ok(count)
    }
}

/// Some input behind the first bytes of it.
type Whole<'a> = io::Chain<io::Cursor<Vec<u8>>, Box<dyn Read + Send + 'a>>;

/// The first bytes of `input`, at most [`HEAD`] of them, and all of it.
fn with_head<'a>(mut input: Box<dyn Read + Send + 'a>) -> io::Result<(Vec<u8>, Whole<'a>)> {
    let mut head = Vec::new();
    input.by_ref().take(HEAD as u64).read_to_end(&mut head)?;
    Ok((head.clone(), io::Cursor::new(head).chain(input)))
}

/// The text or the Parquet file in stored bytes: decompressed, and as UTF-8.
pub fn plain<'a>(
    stored: Box<dyn Read + Send + 'a>,
    stated: Option<&'static Encoding>,
) -> io::Result<Box<dyn Read + Send + 'a>> {
    let (head, stored) = with_head(stored)?;
    let (within, plain): (_, Box<dyn Read + Send + 'a>) = match Compression::of(&head) {
        Compression::Plain => return as_text(&head, Box::new(stored), stated),
        Compression::Gzip => {
            let buffered = io::BufReader::with_capacity(1 << 17, stored);
            ("gzip", Box::new(flate2::bufread::MultiGzDecoder::new(buffered)))
        }
        Compression::Zstd => ("zstd", Box::new(zstd::stream::read::Decoder::new(stored)?)),
    };
    let (head, plain) = with_head(plain)?;
    refuse_within(within, &head)?;
    as_text(&head, Box::new(plain), stated)
}

fn as_text<'a>(
    head: &[u8],
    plain: Box<dyn Read + Send + 'a>,
    stated: Option<&'static Encoding>,
) -> io::Result<Box<dyn Read + Send + 'a>> {
    if let (None, Some(why)) = (stated, wide_text(head)) {
        return Err(io::Error::new(io::ErrorKind::InvalidData, why));
    }
    match encoding(head, stated).filter(|_| !is_parquet(head)) {
        None => Ok(plain),
        Some(encoding) => Ok(Box::new(decoded(head, plain, encoding))),
    }
}

/// Refuses what is no text though it was decompressed.
fn refuse_within(within: &str, head: &[u8]) -> io::Result<()> {
    let why = match Compression::of(head) {
        // The beginning of an archive has the names of its first files.
        Compression::Plain => foreign(head, head),
        _ => Some("is compressed twice; decompress it once".into()),
    };
    let why = why.map(|why| format!("{why} (within {within})"));
    why.map_or(Ok(()), |why| Err(io::Error::new(io::ErrorKind::InvalidData, why)))
}
