//! Inputs as sources of traffic, which are read piece by piece while a bar shows how far.

use super::file::{Input, OpenFiles};
use indicatif::{HumanCount, ProgressBar, ProgressState, ProgressStyle};
use peerbill::read::{ReadAt, TrafficSource};
use std::{
    fmt,
    io::{self, Read},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc::{Receiver, sync_channel},
    },
    thread,
};

/// Traffic sources, and the bar that shows their progress on a terminal while they are read.
pub fn traffic_sources(inputs: Vec<Input>) -> (Vec<TrafficSource>, ProgressBar) {
    let records = Arc::new(AtomicU64::new(0));
    let progress = progress_bar(inputs.iter().map(Input::stored_size).sum(), records.clone());
    let files = Arc::new(OpenFiles::default());
    let source =
        |(number, input)| traffic_source(input, number, &files, progress.clone()).counted_by(records.clone());
    let sources = inputs.into_iter().enumerate().map(source).collect();
    (sources, progress)
}

fn traffic_source(
    input: Input,
    number: usize,
    files: &Arc<OpenFiles>,
    progress: ProgressBar,
) -> TrafficSource {
    let name = input.name.clone();
    match input.is_plain() {
        Ok(true) => {
            TrafficSource::from_blocks(&name, FileBlocks { input, number, files: files.clone(), progress })
        }
        // What cannot be opened says so when it is read.
        _ => TrafficSource::from_stream(&name, move || {
            let shown = |stored| Box::new(progress.wrap_read(stored)) as Box<dyn Read + Send>;
            Ok(Box::new(ReadAhead::new(input.plain(shown)?)))
        }),
    }
}

/// A file that is read as it is stored, which several threads may read at once.
struct FileBlocks {
    input: Input,
    /// Among all inputs of traffic.
    number: usize,
    files: Arc<OpenFiles>,
    progress: ProgressBar,
}

impl ReadAt for FileBlocks {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let count = self.files.read_at(self.number, &self.input, buffer, offset)?;
        self.progress.inc(count as u64);
        Ok(count)
    }

    fn size(&self) -> io::Result<u64> {
        Ok(self.input.stored_size())
    }
}

/// A bar on standard error; hidden where that is no terminal. `records` is how many have been read.
pub fn progress_bar(bytes: u64, records: Arc<AtomicU64>) -> ProgressBar {
    let bar = ProgressBar::new(bytes);
    let style = ProgressStyle::with_template("{bar:40} {bytes} of {total_bytes}, {records}, {eta} left");
    // OK because the template is a constant that a look at a terminal has shown to be right.
    let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
    let speed = move |state: &ProgressState, output: &mut dyn fmt::Write| {
        let milliseconds = state.elapsed().as_millis().max(1);
        let per_second = u128::from(records.load(Ordering::Relaxed)) * 1000 / milliseconds;
        // A bar is no place for an error.
        let _ = write!(output, "{} records/s", HumanCount(u64::try_from(per_second).unwrap_or(u64::MAX)));
    };
    bar.set_style(style.with_key("records", speed));
    bar
}

const BLOCK: usize = 256 << 10;
/// Blocks that wait to be taken.
const WAITING: usize = 4;

/// What another thread reads once more than a first block is wanted; that thread ends with the input, with an error, or
/// when nobody reads on.
pub struct ReadAhead {
    blocks: Blocks,
    block: Vec<u8>,
    taken: usize,
}

enum Blocks {
    /// Not begun: many a reader does not go beyond the first block, which needs no thread.
    First(Box<dyn Read + Send>),
    Further(Box<dyn Read + Send>),
    Coming(Receiver<io::Result<Vec<u8>>>),
    Ended,
}

impl ReadAhead {
    /// Reads `input` ahead.
    pub fn new(input: Box<dyn Read + Send>) -> Self {
        Self { blocks: Blocks::First(input), block: Vec::new(), taken: 0 }
    }

    /// The next block; an empty one at the end.
    fn next(&mut self) -> io::Result<Vec<u8>> {
        let blocks = match std::mem::replace(&mut self.blocks, Blocks::Ended) {
            Blocks::First(mut input) => {
                let mut block = vec![0; BLOCK];
                let count = input.read(&mut block)?;
                block.truncate(count);
                self.blocks = Blocks::Further(input);
                return Ok(block);
            }
            Blocks::Further(input) => read_ahead(input),
            Blocks::Coming(blocks) => blocks,
            Blocks::Ended => return Ok(Vec::new()),
        };
        // Its thread says so where it comes to the end.
        let gone = || io::Error::other("it could not be read to its end");
        let block = blocks.recv().map_err(|_| gone())??;
        if !block.is_empty() {
            self.blocks = Blocks::Coming(blocks);
        }
        Ok(block)
    }
}

/// The blocks of `input`, and an empty one at its end.
fn read_ahead(mut input: Box<dyn Read + Send>) -> Receiver<io::Result<Vec<u8>>> {
    let (sender, blocks) = sync_channel(WAITING);
    thread::spawn(move || {
        loop {
            let mut block = Vec::with_capacity(BLOCK);
            let read = input.by_ref().take(BLOCK as u64).read_to_end(&mut block);
            let ended = !matches!(read, Ok(count) if count > 0);
            // What was read before an error comes first.
            let sent = (read.is_err() && block.is_empty()) || sender.send(Ok(block)).is_ok();
            let went_on = read.map_or_else(|error| sender.send(Err(error)).is_ok(), |_| true);
            if ended || !sent || !went_on {
                return;
            }
        }
    });
    blocks
}

impl Read for ReadAhead {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.taken == self.block.len() {
            (self.block, self.taken) = (self.next()?, 0);
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
        ReadAhead::new(Box::new(io::Cursor::new(bytes.clone()))).read_to_end(&mut read).unwrap();
        assert!(read == bytes);
    }

    #[test]
    fn an_error_comes_after_what_was_read_before_it() {
        let mut read = Vec::new();
        let failing = Box::new(Failing(2 * BLOCK + 7));
        let error = ReadAhead::new(failing).read_to_end(&mut read).unwrap_err();
        assert_eq!((read.len(), error.kind()), (2 * BLOCK + 7, io::ErrorKind::UnexpectedEof));
    }

    #[test]
    fn an_input_whose_reader_panics_has_not_ended() {
        struct Panicking(bool);
        impl Read for Panicking {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                assert!(!std::mem::replace(&mut self.0, true), "no second read");
                Ok(1)
            }
        }
        assert!(ReadAhead::new(Box::new(Panicking(false))).read_to_end(&mut Vec::new()).is_err());
    }
}
