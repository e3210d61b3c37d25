//! Where results go: standard output, or a file that is whole or absent.

use peerbill::{Error, ErrorKind, Fault, FaultCode, Result, write::shown};
use std::{
    fs,
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};
use tempfile::NamedTempFile;

/// Prints a line to standard error; see [`say_line`].
macro_rules! say {
    ($($argument:tt)*) => { $crate::output::say_line(&format!($($argument)*)) };
}
pub(crate) use say;

/// Prints a line to standard error, with whatever it quotes made visible; where nobody can read it, nothing is lost by
/// that.
pub fn say_line(line: &str) {
    // At once, so that no line of another program comes between.
    let line = format!("{}\n", shown(line));
    #[expect(clippy::disallowed_methods, reason = "the one place that prints messages")]
    let _ = io::stderr().write_all(line.as_bytes());
}

/// Writes through `render` to `path`, or to standard output.
pub fn write(path: Option<&Path>, render: impl FnOnce(&mut dyn Write) -> Result<()>) -> Result<()> {
    match path {
        None => write_stdout(render),
        Some(path) => stage(path, render)?.commit(),
    }
}

/// Writes `bytes` to standard output.
pub fn write_bytes(bytes: &[u8]) -> Result<()> {
    write(None, |output| output.write_all(bytes).map_err(|error| failed("standard output", &error)))
}

/// Writes likewise, and puts a second file in its place as late as either can still fail.
pub fn print(
    path: Option<&Path>,
    beside: Option<Staged>,
    render: impl FnOnce(&mut dyn Write) -> Result<()> + Copy,
) -> Result<()> {
    let staged = path.map(|path| stage(path, render)).transpose()?;
    beside.map_or(Ok(()), Staged::commit)?;
    staged.map_or_else(|| write_stdout(render), Staged::commit)
}

/// A file that is written but not yet in its place.
pub struct Staged {
    /// `None` where the place is no regular file and was written to directly.
    file: Option<NamedTempFile>,
    place: PathBuf,
}

impl Staged {
    /// Puts it in its place.
    pub fn commit(self) -> Result<()> {
        let Some(file) = self.file else { return Ok(()) };
        let persisted = file.persist(&self.place);
        persisted.map(|_| ()).map_err(|error| failed(&self.place.display().to_string(), &error.error))
    }
}

/// Writes through `render` to a file beside `path`, which [`Staged::commit`] renames: never half a file.
///
/// A link is followed, and a device or a pipe is written to as it is.
pub fn stage(path: &Path, render: impl FnOnce(&mut dyn Write) -> Result<()>) -> Result<Staged> {
    let name = path.display().to_string();
    let place = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    if fs::metadata(&place).is_ok_and(|metadata| !metadata.is_file()) {
        let file = fs::OpenOptions::new().write(true).open(&place).map_err(|error| failed(&name, &error))?;
        let mut output = BufWriter::new(file);
        render(&mut output)?;
        output.flush().map_err(|error| failed(&name, &error))?;
        return Ok(Staged { file: None, place });
    }
    let folder = place.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let file = tempfile::Builder::new()
        .prefix(".peerbill-")
        .permissions(permissions())
        .tempfile_in(folder)
        .map_err(|error| failed(&name, &error))?;
    let mut output = BufWriter::new(file);
    render(&mut output)?;
    let file = output.into_inner().map_err(|error| failed(&name, error.error()))?;
    Ok(Staged { file: Some(file), place })
}

fn write_stdout(render: impl FnOnce(&mut dyn Write) -> Result<()>) -> Result<()> {
    let mut output = Pipe { output: BufWriter::new(io::stdout().lock()), broken: false };
    let result =
        render(&mut output).and_then(|()| output.flush().map_err(|error| failed("standard output", &error)));
    // A reader that has seen enough is no error.
    if output.broken { Ok(()) } else { result }
}

/// Standard output that remembers whether its reader has gone.
struct Pipe<W: Write> {
    output: W,
    broken: bool,
}

impl<W: Write> Pipe<W> {
    fn note<T>(&mut self, result: io::Result<T>) -> io::Result<T> {
        self.broken |= result.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::BrokenPipe);
        result
    }
}

impl<W: Write> Write for Pipe<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let result = self.output.write(bytes);
        self.note(result)
    }

    fn flush(&mut self) -> io::Result<()> {
        let result = self.output.flush();
        self.note(result)
    }
}

/// What a new file usually has; the umask still applies.
#[cfg(unix)]
fn permissions() -> fs::Permissions {
    std::os::unix::fs::PermissionsExt::from_mode(0o666)
}

fn failed(name: &str, error: &io::Error) -> Error {
    let fault =
        Fault::of_input(FaultCode::UnusableInput, name, format!("cannot be written: {}", error.kind()));
    Error::new(ErrorKind::Output, fault)
}
