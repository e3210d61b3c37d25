//! Where results go: standard output, or a file that is whole or absent.

use clap::builder::{PathBufValueParser, TypedValueParser};
use indicatif::{HumanCount, ProgressBar, ProgressState, ProgressStyle};
use peerbill::{
    Error, ErrorKind, Fault, FaultCode, Result,
    files::{Progress, written_here},
    write::{shown, text::Screen},
};
use signal_hook::{
    consts::{SIGHUP, SIGINT, SIGTERM, SIGXFSZ},
    iterator::Signals,
    low_level::emulate_default_handler,
};
use std::{
    env, fmt,
    fs::{self, File, Metadata, OpenOptions},
    io::{self, BufWriter, ErrorKind::BrokenPipe, IsTerminal, Write},
    os::{
        fd::{AsFd, AsRawFd},
        unix::{
            ffi::OsStrExt,
            fs::{FileTypeExt, MetadataExt},
        },
    },
    panic::{self, AssertUnwindSafe, PanicHookInfo},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::AtomicBool,
        mpsc::{self, RecvTimeoutError, Sender},
    },
    thread::{self, JoinHandle},
    time::Duration,
};
use tempfile::TempPath;

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

/// A bar that shows how far traffic is read, on a terminal alone, until it is dropped.
pub struct Bar(Option<(Sender<()>, JoinHandle<()>)>);

impl Bar {
    /// How often it moves.
    const STEP: Duration = Duration::from_millis(100);

    pub fn over(progress: &Arc<Progress>) -> Self {
        #[expect(clippy::disallowed_methods, reason = "looks at it, and prints nothing")]
        if !io::stderr().is_terminal() {
            return Self(None);
        }
        let (progress, (done, ended)) = (progress.clone(), mpsc::channel());
        let show = move || {
            let bar = progress_bar(progress.clone());
            while ended.recv_timeout(Self::STEP) == Err(RecvTimeoutError::Timeout) {
                bar.set_length(progress.size());
                bar.set_position(progress.read());
            }
            bar.finish_and_clear();
        };
        // Without a thread there is no bar.
        Self(thread::Builder::new().spawn(show).ok().map(|thread| (done, thread)))
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        if let Some((done, thread)) = self.0.take() {
            drop(done);
            let _ = thread.join();
        }
    }
}

fn progress_bar(progress: Arc<Progress>) -> ProgressBar {
    let bar = ProgressBar::new(0);
    let style = ProgressStyle::with_template("{bar:40} {bytes} of {total_bytes}, {records}, {eta} left");
    // OK because the template is a constant that a look at a terminal has shown to be right.
    let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
    let speed = move |state: &ProgressState, output: &mut dyn fmt::Write| {
        let milliseconds = state.elapsed().as_millis().max(1);
        let per_second = u128::from(progress.records()) * 1000 / milliseconds;
        // A bar is no place for an error.
        let _ = write!(output, "{} records/s", HumanCount(u64::try_from(per_second).unwrap_or(u64::MAX)));
    };
    bar.set_style(style.with_key("records", speed));
    bar
}

/// How an argument is read that says where data goes: a place in a store is refused.
pub fn place() -> impl TypedValueParser<Value = PathBuf> {
    PathBufValueParser::new().try_map(|path| written_here(&path).map(|()| path))
}

/// One place that data goes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target<F> {
    /// The file; standard output where there is none.
    pub path: Option<PathBuf>,
    /// In which format.
    pub format: F,
}

impl<F> Target<F> {
    /// Whether a file is Parquet by its name, which decides for the format of FinOps tools.
    pub fn is_parquet(&self) -> bool {
        self.path.as_deref().and_then(extension).as_deref() == Some("parquet")
    }
}

/// The extension of a file, in small letters.
pub fn extension(path: &Path) -> Option<String> {
    Some(path.extension()?.to_str()?.to_ascii_lowercase())
}

/// Writes through `render` to standard output.
pub fn write(render: impl FnOnce(&mut dyn Write) -> Result<()>) -> Result<()> {
    write_to(STDOUT, io::stdout().lock(), render)
}

/// Writes `bytes` to standard output.
pub fn write_bytes(bytes: &[u8]) -> Result<()> {
    write(|output| output.write_all(bytes).map_err(|error| failed(STDOUT, &error)))
}

/// Writes every target through `render`, all of them or none; puts a further file in its place as late as any of them can
/// still fail.
pub fn print<F>(
    targets: &[Target<F>],
    beside: Option<Staged>,
    render: impl Fn(&Target<F>, &mut dyn Write) -> Result<()>,
) -> Result<()> {
    let (mut staged, mut direct) = (Vec::new(), Vec::new());
    for target in targets {
        let Some(path) = &target.path else {
            direct.push((STDOUT.to_owned(), None, target));
            continue;
        };
        let name = path.display().to_string();
        match Place::of(path).map_err(|error| failed(&name, &error))? {
            Place::File(place) => staged.push(stage_file(&name, place, |output| render(target, output))?),
            place => direct.push((name, Some(place), target)),
        }
    }
    beside.map_or(Ok(()), Staged::commit)?;
    for (name, place, target) in direct {
        match place {
            Some(place) => write_directly(&name, &place, |output| render(target, output))?,
            None => write(|output| render(target, output))?,
        }
    }
    staged.into_iter().try_for_each(Staged::commit)
}

/// Begins text with the mark of UTF-8, which some spreadsheets need.
pub fn write_bom(output: &mut dyn Write) -> Result<()> {
    // The watch knows why it could not be written, and under which name.
    output.write_all("\u{feff}".as_bytes()).map_err(|error| failed(STDOUT, &error))
}

/// The screen that a target is shown on: as wide as the terminal that it is, and in colours unless `NO_COLOR` forbids
/// them; plain and without an end where it is none (R17).
pub fn screen<F>(target: &Target<F>) -> Screen {
    if target.path.is_some() || !io::stdout().is_terminal() {
        return Screen::default();
    }
    let width = rustix::termios::tcgetwinsize(io::stdout()).ok().map(|size| usize::from(size.ws_col));
    // An empty value counts as none (no-color.org).
    let refused = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let dumb = env::var_os("TERM").is_none_or(|term| term == "dumb");
    Screen { width: width.filter(|width| *width > 0), styled: !refused && !dumb }
}

/// Whether an output is a terminal; standard output where it has no path.
pub fn is_terminal(path: Option<&Path>) -> bool {
    let Some(path) = path else { return io::stdout().is_terminal() };
    let device = || Place::of(path).ok().filter(|place| !matches!(place, Place::File(_)));
    // Nothing else is opened: a pipe would wait for its reader.
    let is_device = |place: &Place| place.metadata().is_some_and(|own| own.file_type().is_char_device());
    let open = |place: Place| OpenOptions::new().write(true).open(place.path()).ok();
    device().filter(is_device).and_then(open).is_some_and(|file| file.is_terminal())
}

/// Writes through `render` to a file beside `path`, which [`Staged::commit`] puts in its place: never half a file.
///
/// A link is followed, and a device, a pipe or an open descriptor is written to as it is.
pub fn stage(path: &Path, render: impl FnOnce(&mut dyn Write) -> Result<()>) -> Result<Staged> {
    let name = path.display().to_string();
    match Place::of(path).map_err(|error| failed(&name, &error))? {
        Place::File(place) => stage_file(&name, place, render),
        place => write_directly(&name, &place, render).map(|()| Staged(None)),
    }
}

/// What stands at the name of an output.
#[derive(Debug, PartialEq, Eq)]
pub enum Place {
    /// A file, or nothing yet; no part of its path is a link.
    File(PathBuf),
    /// A descriptor that is already open: `/dev/stdout` may be the end of a log.
    Descriptor(PathBuf),
    /// A device or a pipe.
    Device(PathBuf),
}

impl Place {
    /// Follows links, also one to a file that is not there yet.
    pub fn of(path: &Path) -> io::Result<Self> {
        // As many as Linux follows.
        const LINKS: usize = 40;
        let mut path = path.to_owned();
        for _ in 0..LINKS {
            let is_folder = path.as_os_str().as_bytes().ends_with(b"/") || path.file_name().is_none();
            let Some(name) = path.file_name().filter(|_| !is_folder) else {
                return Err(io::ErrorKind::IsADirectory.into());
            };
            let folder = fs::canonicalize(folder_of(&path))?;
            let whole = folder.join(name);
            if fs::canonicalize("/dev/fd").is_ok_and(|descriptors| descriptors == folder) {
                return Ok(Self::Descriptor(whole));
            }
            match fs::read_link(&whole) {
                Ok(target) => path = folder.join(target),
                Err(_) => return Self::without_links(whole),
            }
        }
        Err(io::Error::other("too many links"))
    }

    fn without_links(whole: PathBuf) -> io::Result<Self> {
        match fs::metadata(&whole) {
            Ok(metadata) if metadata.is_dir() => Err(io::ErrorKind::IsADirectory.into()),
            Ok(metadata) if !metadata.is_file() => Ok(Self::Device(whole)),
            _ => Ok(Self::File(whole)),
        }
    }

    fn path(&self) -> &Path {
        match self {
            Self::File(path) | Self::Descriptor(path) | Self::Device(path) => path,
        }
    }

    /// What is there, if anything is.
    pub fn metadata(&self) -> Option<Metadata> {
        fs::metadata(self.path()).ok()
    }
}

/// Standard output, where it goes into a file.
pub fn redirected() -> Option<Metadata> {
    let file = io::stdout().as_fd().try_clone_to_owned().map(File::from);
    file.and_then(|file| file.metadata()).ok().filter(Metadata::is_file)
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// A file that is written but not yet in its place; `None` where it was written to directly.
pub struct Staged(Option<Written>);

struct Written {
    file: Beside,
    /// As the user named it.
    name: String,
    place: PathBuf,
}

/// A file in the folder of its place.
enum Beside {
    /// It has no name, so that nothing stays behind whatever ends the program.
    Unnamed(File),
    /// Where the file system has no such files.
    Named(File, TempPath),
}

impl Staged {
    /// Puts it in its place, and waits until the folder is on the disk.
    pub fn commit(self) -> Result<()> {
        let Some(Written { file, name, place }) = self.0 else { return Ok(()) };
        let folder = folder_of(&place);
        let put = undisturbed(|leftovers| {
            let named = match file {
                Beside::Unnamed(file) => beside(folder, |path| give_name(&file, path))?.1,
                Beside::Named(_, named) => named,
            };
            leftovers.retain(|path| **path != *named);
            named.persist(&place).map_err(|error| error.error)
        });
        put.and_then(|()| sync_folder(folder)).map_err(|error| failed(&name, &error))
    }
}

/// Makes something under a name of its own in `folder`.
fn beside<T>(folder: &Path, make: impl FnMut(&Path) -> io::Result<T>) -> io::Result<(T, TempPath)> {
    Ok(tempfile::Builder::new().prefix(".peerbill-").make_in(folder, make)?.into_parts())
}

#[cfg(target_os = "linux")]
fn unnamed_file(folder: &Path) -> Option<File> {
    use rustix::fs::{Mode, OFlags};
    let flags = OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC;
    let file = File::from(rustix::fs::open(folder, flags, Mode::from_raw_mode(0o666)).ok()?);
    // By this name it is linked later.
    fs::metadata(descriptor(&file)).is_ok().then_some(file)
}

#[cfg(target_os = "linux")]
fn give_name(file: &File, path: &Path) -> io::Result<()> {
    use rustix::fs::{AtFlags, CWD, linkat};
    Ok(linkat(CWD, descriptor(file), CWD, path, AtFlags::SYMLINK_FOLLOW)?)
}

#[cfg(not(target_os = "linux"))]
fn unnamed_file(_: &Path) -> Option<File> {
    None
}

#[cfg(not(target_os = "linux"))]
fn give_name(_: &File, _: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(target_os = "linux")]
fn descriptor(file: &File) -> PathBuf {
    format!("/proc/self/fd/{}", file.as_raw_fd()).into()
}

impl Beside {
    fn new(folder: &Path) -> io::Result<Self> {
        unnamed_file(folder).map_or_else(|| Self::named(folder), |file| Ok(Self::Unnamed(file)))
    }

    fn named(folder: &Path) -> io::Result<Self> {
        undisturbed(|leftovers| {
            let open = |path: &Path| OpenOptions::new().write(true).create_new(true).open(path);
            let (file, path) = beside(folder, open)?;
            leftovers.push(path.to_path_buf());
            Ok(Self::Named(file, path))
        })
    }

    fn file(&self) -> &File {
        match self {
            Self::Unnamed(file) | Self::Named(file, _) => file,
        }
    }
}

fn stage_file(
    name: &str,
    place: PathBuf,
    render: impl FnOnce(&mut dyn Write) -> Result<()>,
) -> Result<Staged> {
    let named = |error| failed(name, &error);
    let existing = existing(&place).map_err(named)?;
    let file = Beside::new(folder_of(&place)).map_err(named)?;
    write_to(name, file.file(), render)?;
    existing.map_or(Ok(()), |existing| become_like(file.file(), &existing)).map_err(named)?;
    file.file().sync_all().map_err(named)?;
    Ok(Staged(Some(Written { file, name: name.to_owned(), place })))
}

/// What is to be replaced, which must be open to writing: one that is protected stays as it is.
fn existing(place: &Path) -> io::Result<Option<Metadata>> {
    match OpenOptions::new().write(true).open(place) {
        Ok(file) => file.metadata().map(Some),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Gives a file the mode of the one that it replaces, and its owner where that is allowed.
fn become_like(file: &File, existing: &Metadata) -> io::Result<()> {
    let own = file.metadata()?;
    if (own.uid(), own.gid()) != (existing.uid(), existing.gid()) {
        let _ = std::os::unix::fs::fchown(file, Some(existing.uid()), Some(existing.gid()));
    }
    file.set_permissions(existing.permissions())
}

/// Waits until what was put into a folder is on the disk; some folders cannot be waited for.
fn sync_folder(folder: &Path) -> io::Result<()> {
    let Ok(opened) = File::open(folder) else { return Ok(()) };
    match opened.sync_all() {
        Err(error) if matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported) => {
            Ok(())
        }
        done => done,
    }
}

fn write_directly(
    name: &str,
    place: &Place,
    render: impl FnOnce(&mut dyn Write) -> Result<()>,
) -> Result<()> {
    let path = place.path();
    let of_descriptor = matches!(place, Place::Descriptor(_)).then(|| path.file_name()).flatten();
    if of_descriptor.is_some_and(|number| number == "1") {
        return write_to(name, io::stdout().lock(), render);
    }
    // What a log already holds stays in it.
    let append = of_descriptor.is_some();
    let file = OpenOptions::new().write(true).append(append).open(path);
    write_to(name, file.map_err(|error| failed(name, &error))?, render)
}

/// Writes through `render` to an output, to its end.
fn write_to(name: &str, output: impl Write, render: impl FnOnce(&mut dyn Write) -> Result<()>) -> Result<()> {
    let mut output = Watched { output: BufWriter::new(output), failure: None };
    let rendered = render(&mut output);
    if rendered.is_ok() {
        // The watch knows if it failed.
        let _ = output.flush();
    }
    match output.failure {
        // A reader that has seen enough is no error.
        Some(BrokenPipe) => Ok(()),
        Some(kind) => Err(failed(name, &kind.into())),
        None => rendered,
    }
}

/// An output that remembers why it could not be written: what renders knows no names.
struct Watched<W: Write> {
    output: W,
    failure: Option<io::ErrorKind>,
}

impl<W: Write> Watched<W> {
    fn note<T>(&mut self, result: io::Result<T>) -> io::Result<T> {
        if let Err(error) = &result
            && error.kind() != io::ErrorKind::Interrupted
        {
            self.failure.get_or_insert(error.kind());
        }
        result
    }
}

impl<W: Write> Write for Watched<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let result = self.output.write(bytes);
        self.note(result)
    }

    fn flush(&mut self) -> io::Result<()> {
        let result = self.output.flush();
        self.note(result)
    }
}

const STDOUT: &str = "standard output";

/// The error of an output, by the name that the user knows.
fn failed(name: &str, error: &io::Error) -> Error {
    let why = match error.kind() {
        io::ErrorKind::NotFound => "its folder does not exist".to_owned(),
        io::ErrorKind::IsADirectory => "it is a folder; name a file in it".to_owned(),
        io::ErrorKind::Other => error.to_string(),
        kind => kind.to_string(),
    };
    let fault = Fault::of_input(FaultCode::UnusableInput, name, format!("cannot be written: {why}"));
    Error::new(ErrorKind::Output, fault)
}

/// Files that are written and not yet in their place.
static LEFTOVERS: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());
/// The first fault of the program itself, in its words.
static FAULT: Mutex<Option<String>> = Mutex::new(None);

/// Takes signals that end the program, and faults of its own, from here on.
pub fn prepare() {
    panic::set_hook(Box::new(note_fault));
    // Beyond a limit on the size of files a write fails, as on a full disk, instead of ending the program.
    let _ = signal_hook::flag::register(SIGXFSZ, Arc::new(AtomicBool::new(false)));
    let ignored = ignored();
    let taken = [SIGINT, SIGTERM, SIGHUP].into_iter().filter(|signal| ignored >> (signal - 1) & 1 == 0);
    // Without them, or without a thread that waits for them, the program still runs; a signal then ends it as it always did.
    let (sender, signals) = mpsc::channel();
    let waits = thread::Builder::new().spawn(move || signals.recv().map(end_at_first));
    if waits.is_ok()
        && let Ok(signals) = Signals::new(taken)
    {
        let _ = sender.send(signals);
    }
}

/// The signals at which whoever started the program wants it to go on, as `nohup` does: a bit for each, the first the lowest.
fn ignored() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|digits| u64::from_str_radix(digits.trim(), 16).ok()).unwrap_or_default()
}

/// Waits for a signal, removes what is half written, and ends the program by that signal.
fn end_at_first(mut signals: Signals) {
    for signal in signals.forever() {
        // Held to the end: no other file begins meanwhile, and none is put in its place.
        let leftovers = leftovers();
        remove(&leftovers);
        let _ = emulate_default_handler(signal);
    }
}

/// Removes files, as far as they are there.
pub fn remove(files: &[PathBuf]) {
    for path in files {
        let _ = fs::remove_file(path);
    }
}

fn leftovers() -> MutexGuard<'static, Vec<PathBuf>> {
    LEFTOVERS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Takes a step that no signal comes between; it is given the files to remove if one comes later.
pub fn undisturbed<T>(step: impl FnOnce(&mut Vec<PathBuf>) -> T) -> T {
    step(&mut leftovers())
}

/// What `run` gives, or the words of the fault of the program that ended it.
pub fn guarded<T>(run: impl FnOnce() -> T) -> Result<T, String> {
    panic::catch_unwind(AssertUnwindSafe(run)).map_err(|_| {
        let fault = FAULT.lock().unwrap_or_else(PoisonError::into_inner).take();
        fault.unwrap_or_else(|| "no words".into())
    })
}

/// Keeps the first fault; nothing is printed here, where a thread knows of no other.
fn note_fault(info: &PanicHookInfo<'_>) {
    let words = info.payload_as_str().unwrap_or("no words");
    let place = info.location().map_or_else(String::new, |place| format!(" at {place}"));
    let mut fault = FAULT.lock().unwrap_or_else(PoisonError::into_inner);
    fault.get_or_insert_with(|| format!("{words}{place}"));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::remove;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    fn leftovers_in(folder: &Path) -> Vec<PathBuf> {
        undisturbed(|all| all.iter().filter(|path| path.starts_with(folder)).cloned().collect())
    }

    #[test]
    fn where_files_have_names_at_once_they_are_remembered_until_they_are_in_their_place() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("out.csv");
        let staged = |file| Staged(Some(Written { file, name: "out.csv".into(), place: place.clone() }));
        let file = Beside::named(folder.path()).unwrap();
        file.file().write_all(b"whole").unwrap();
        assert_eq!(leftovers_in(folder.path()).len(), 1);
        staged(file).commit().unwrap();
        assert_eq!(
            (names(folder.path()), fs::read(&place).unwrap()),
            (vec!["out.csv".to_owned()], b"whole".into())
        );
        assert!(leftovers_in(folder.path()).is_empty());
    }

    #[test]
    fn what_is_remembered_can_be_removed_and_goes_with_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let file = Beside::named(folder.path()).unwrap();
        remove(&leftovers_in(folder.path()));
        assert!(names(folder.path()).is_empty());
        drop(file);
        drop(Beside::named(folder.path()).unwrap());
        assert!(names(folder.path()).is_empty());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_file_without_a_name_gets_that_of_its_place() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("out.csv");
        fs::write(&place, "old").unwrap();
        let Some(file) = unnamed_file(folder.path()) else { return };
        (&file).write_all(b"whole").unwrap();
        assert_eq!(names(folder.path()), ["out.csv"]);
        let written = Written { file: Beside::Unnamed(file), name: "out.csv".into(), place: place.clone() };
        Staged(Some(written)).commit().unwrap();
        assert_eq!(
            (names(folder.path()), fs::read(&place).unwrap()),
            (vec!["out.csv".to_owned()], b"whole".into())
        );
    }
}

#[cfg(test)]
mod stop_tests {
    use super::*;

    #[test]
    fn a_fault_of_the_program_is_told_in_its_words() {
        let hook = panic::take_hook();
        panic::set_hook(Box::new(note_fault));
        let outcome = guarded(|| {
            thread::scope(|scope| scope.spawn(|| panic!("no {}", "ground")).join()).ok();
            if true {
                panic!("and no second");
            }
        });
        panic::set_hook(hook);
        let words = outcome.unwrap_err();
        assert!(words.starts_with("no ground at src"), "{words}");
    }

    #[test]
    fn no_signal_is_ignored_that_nobody_asked_to_be() {
        assert_eq!(ignored() >> (SIGTERM - 1) & 1, 0);
    }
}
