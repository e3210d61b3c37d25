//! Where results go: standard output, or a file that is whole or absent.

use peerbill::{Error, ErrorKind, Fault, FaultCode, Result};
use std::{
    io::{self, BufWriter, Write},
    path::Path,
};

/// Writes through `render` to `path`, or to standard output.
pub fn write(path: Option<&Path>, render: impl FnOnce(&mut dyn Write) -> Result<()>) -> Result<()> {
    match path {
        None => write_stdout(render),
        Some(path) => write_file(path, render),
    }
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

/// Written beside its place, then renamed: never half a file.
fn write_file(path: &Path, render: impl FnOnce(&mut dyn Write) -> Result<()>) -> Result<()> {
    let name = path.display().to_string();
    let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let file = tempfile::Builder::new()
        .prefix(".peerbill-")
        .permissions(permissions())
        .tempfile_in(folder)
        .map_err(|error| failed(&name, &error))?;
    let mut output = BufWriter::new(file);
    render(&mut output)?;
    let file = output.into_inner().map_err(|error| failed(&name, error.error()))?;
    file.persist(path).map_err(|error| failed(&name, &error.error))?;
    Ok(())
}

/// What a new file usually has; the umask still applies.
#[cfg(unix)]
fn permissions() -> std::fs::Permissions {
    std::os::unix::fs::PermissionsExt::from_mode(0o666)
}

fn failed(name: &str, error: &io::Error) -> Error {
    let fault =
        Fault::of_input(FaultCode::UnusableInput, name, format!("cannot be written: {}", error.kind()));
    Error::new(ErrorKind::Output, fault)
}
