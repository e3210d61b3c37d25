//! Files, folders, globs and standard input, plain or compressed. The only code that opens inputs.

use crate::{ahead::ReadAhead, output::say};
use indicatif::{HumanCount, ProgressBar, ProgressState, ProgressStyle};
use peerbill::{
    Error, ErrorKind, Result,
    read::{Document, ReadAt, TrafficSource},
    write::json::InputDigest,
};
use std::{
    collections::HashSet,
    fmt,
    fs::{self, File},
    io::{self, Read, Seek, SeekFrom},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

const GZIP: &[u8] = &[0x1f, 0x8b];
const ZSTD: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];
const PARQUET: &[u8] = b"PAR1";
/// The name that stands for standard input, and under which it is reported.
const STDIN: &str = "-";

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

/// Finds the inputs that arguments name; remembers whether standard input was used.
#[derive(Debug, Default)]
pub struct Inputs {
    stdin_used: bool,
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
            for path in expand(role, argument)? {
                // The same file named twice, by a folder and a glob say, is one input.
                if is_pipe(&path) {
                    let spooled = File::open(&path).and_then(|mut pipe| spool(&mut pipe));
                    let name = path.to_string_lossy().into_owned();
                    let file = spooled.map_err(|error| unreadable(&name, &error))?;
                    inputs.push(Input { name, place: Place::Spooled(Arc::new(file)) });
                } else if seen.insert(fs::canonicalize(&path).unwrap_or_else(|_| path.clone())) {
                    let name = path.to_string_lossy().into_owned();
                    inputs.push(Input { name, place: Place::Path(path) });
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
        let file = spool(&mut io::stdin().lock()).map_err(|error| unreadable(STDIN, &error))?;
        Ok(Input { name: STDIN.into(), place: Place::Spooled(Arc::new(file)) })
    }

    /// Documents of small inputs.
    pub fn documents(&mut self, role: &str, arguments: &[String]) -> Result<Vec<Document>> {
        self.find(role, arguments)?.iter().map(Input::document).collect()
    }

    /// Whether `path` is one of the inputs found so far.
    pub fn holds(&self, path: &Path) -> bool {
        let Ok(path) = fs::canonicalize(path) else { return false };
        self.found.iter().any(|(_, input)| match &input.place {
            Place::Path(own) => fs::canonicalize(own).is_ok_and(|own| own == path),
            Place::Spooled(_) => false,
        })
    }

    /// All inputs found so far, in their order: role, name, and how they are stored.
    pub fn seen(&self) -> impl Iterator<Item = (&str, &str, &'static str)> {
        self.found.iter().map(|(role, input)| (&**role, &*input.name, input.compression()))
    }

    /// Digests of all inputs found so far, by role and name.
    pub fn digests(&self) -> Result<Vec<InputDigest>> {
        // In an order of their own, not in that of the arguments (R17).
        let mut found: Vec<&(String, Input)> = self.found.iter().collect();
        found.sort_by_key(|(role, input)| (role, &input.name));
        found
            .into_iter()
            .map(|(role, input)| {
                let mut hasher = blake3::Hasher::new();
                let read = input.stored().and_then(|mut file| hasher.update_reader(&mut file).map(|_| ()));
                read.map_err(|error| unreadable(&input.name, &error))?;
                let digest = hasher.finalize().to_hex().to_string();
                Ok(InputDigest { role: role.clone(), name: input.name.clone(), digest })
            })
            .collect()
    }
}

/// Keeps what can be read only once in a temporary file.
fn spool(input: &mut impl Read) -> io::Result<File> {
    let mut file = tempfile::tempfile()?;
    io::copy(input, &mut file)?;
    Ok(file)
}

/// Whether this is neither a file nor a folder: a pipe, a device, a process substitution.
fn is_pipe(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| !metadata.is_file() && !metadata.is_dir())
}

impl Input {
    /// Its bytes as they are stored, from the beginning.
    fn stored(&self) -> io::Result<File> {
        match &self.place {
            Place::Path(path) => File::open(path),
            Place::Spooled(file) => {
                let mut file = file.try_clone()?;
                file.seek(SeekFrom::Start(0))?;
                Ok(file)
            }
        }
    }

    /// How it is compressed, as far as can be seen.
    fn compression(&self) -> &'static str {
        let mut magic = Vec::new();
        let _ = self.stored().and_then(|file| file.take(4).read_to_end(&mut magic));
        match magic {
            magic if magic.starts_with(GZIP) => "gzip",
            magic if magic == ZSTD => "zstd",
            _ => "plain",
        }
    }

    fn stored_size(&self) -> u64 {
        self.stored().and_then(|file| file.metadata()).map_or(0, |metadata| metadata.len())
    }

    /// The whole input, decompressed.
    pub fn document(&self) -> Result<Document> {
        let mut text = Vec::new();
        let read = self.stored().and_then(|file| decompressed(Box::new(file))?.read_to_end(&mut text));
        read.map_err(|error| unreadable(&self.name, &error))?;
        Ok(Document::new(&self.name, text))
    }
}

/// Traffic sources, and the bar that shows their progress on a terminal while they are read.
pub fn traffic_sources(inputs: Vec<Input>) -> (Vec<TrafficSource>, ProgressBar) {
    let records = Arc::new(AtomicU64::new(0));
    let progress = progress_bar(inputs.iter().map(Input::stored_size).sum(), records.clone());
    let sources = inputs
        .into_iter()
        .map(|input| {
            let progress = progress.clone();
            let name = input.name.clone();
            let compressed = input.stored().and_then(is_compressed);
            let source = match input.stored() {
                Ok(file) if matches!(compressed, Ok(false)) => {
                    TrafficSource::from_blocks(&name, FileBlocks { file, progress })
                }
                // What cannot be opened says so when it is read.
                _ => TrafficSource::from_stream(&name, move || {
                    let file = input.stored()?;
                    let bytes = decompressed(Box::new(progress.wrap_read(file)))?;
                    Ok(Box::new(ReadAhead::new(bytes)))
                }),
            };
            source.counted_by(records.clone())
        })
        .collect();
    (sources, progress)
}

/// A plain file, which several threads may read at once.
struct FileBlocks {
    file: File,
    progress: ProgressBar,
}

impl ReadAt for FileBlocks {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let count = std::os::unix::fs::FileExt::read_at(&self.file, buffer, offset)?;
        self.progress.inc(count as u64);
        Ok(count)
    }

    fn size(&self) -> io::Result<u64> {
        self.file.metadata().map(|metadata| metadata.len())
    }
}

fn is_compressed(mut file: File) -> io::Result<bool> {
    let mut magic = [0; 4];
    let mut read = 0;
    while read < magic.len() {
        match file.read(&mut magic[read..])? {
            0 => break,
            count => read += count,
        }
    }
    let magic = &magic[..read];
    Ok(magic.starts_with(GZIP) || magic == ZSTD)
}

/// A bar on standard error; hidden where that is no terminal.
fn progress_bar(bytes: u64, records: Arc<AtomicU64>) -> ProgressBar {
    let bar = ProgressBar::new(bytes);
    let style = ProgressStyle::with_template("{bar:40} {bytes} of {total_bytes}, {records}, {eta} left");
    // OK because the template is a constant that a look at a terminal has shown to be right.
    let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
    let told = move |state: &ProgressState, output: &mut dyn fmt::Write| {
        let milliseconds = state.elapsed().as_millis().max(1);
        let per_second = u128::from(records.load(Ordering::Relaxed)) * 1000 / milliseconds;
        // A bar is no place for an error.
        let _ = write!(output, "{} records/s", HumanCount(u64::try_from(per_second).unwrap_or(u64::MAX)));
    };
    bar.set_style(style.with_key("records", told));
    bar
}

fn unreadable(name: &str, error: &io::Error) -> Error {
    Error::unusable(ErrorKind::Input, name, error.to_string())
}

/// Decompresses by what the first bytes say, whatever the name.
fn decompressed(mut stored: Box<dyn Read + Send>) -> io::Result<Box<dyn Read + Send>> {
    let mut magic = Vec::new();
    stored.by_ref().take(4).read_to_end(&mut magic)?;
    let kind = magic.clone();
    let whole = io::Cursor::new(magic).chain(stored);
    if kind.starts_with(GZIP) {
        Ok(Box::new(flate2::read::MultiGzDecoder::new(io::BufReader::with_capacity(1 << 17, whole))))
    } else if kind == ZSTD {
        Ok(Box::new(zstd::stream::read::Decoder::new(whole)?))
    } else if kind == PARQUET {
        Err(io::Error::new(io::ErrorKind::InvalidData, "is a Parquet file; CSV is read here"))
    } else {
        Ok(Box::new(whole))
    }
}

/// The files that one argument names, sorted.
fn expand(role: &str, argument: &str) -> Result<Vec<PathBuf>> {
    let bad = |why: String| Error::unusable(ErrorKind::Input, argument, why);
    let path = PathBuf::from(argument);
    let mut files = Vec::new();
    if path.is_dir() {
        walk(&path, &mut files).map_err(|error| unreadable(argument, &error))?;
    } else if path.exists() || !argument.contains(['*', '?', '[']) {
        // A file that is not there says so when it is opened.
        return Ok(vec![path]);
    } else {
        for found in glob::glob(argument).map_err(|error| bad(format!("bad pattern: {error}")))? {
            let found = found.map_err(|error| bad(error.to_string()))?;
            if found.is_dir() {
                walk(&found, &mut files).map_err(|error| unreadable(argument, &error))?;
            } else {
                files.push(found);
            }
        }
    }
    files.sort();
    if files.is_empty() {
        return Err(bad(format!("--{role} {argument} names no file")));
    }
    Ok(files)
}

/// All files below a folder. Names that begin with a dot or an underscore are marks of other programs, not data.
fn walk(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.starts_with(['.', '_']) {
            if path.metadata().is_ok_and(|metadata| metadata.is_file() && metadata.len() > 0) {
                say!("peerbill: {} is passed over; name it itself if it is to be read", path.display());
            }
            continue;
        }
        if path.is_dir() {
            walk(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}
