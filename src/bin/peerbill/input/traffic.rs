//! Inputs as sources of traffic, which are read piece by piece while a bar shows how far.

use super::file::{Compression, Input, ReadAhead, decompressed};
use indicatif::{HumanCount, ProgressBar, ProgressState, ProgressStyle};
use peerbill::read::{ReadAt, TrafficSource};
use std::{
    fmt,
    fs::File,
    io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

/// Traffic sources, and the bar that shows their progress on a terminal while they are read.
pub fn traffic_sources(inputs: Vec<Input>) -> (Vec<TrafficSource>, ProgressBar) {
    let records = Arc::new(AtomicU64::new(0));
    let progress = progress_bar(inputs.iter().map(Input::stored_size).sum(), records.clone());
    let source = |input| traffic_source(input, progress.clone()).counted_by(records.clone());
    let sources = inputs.into_iter().map(source).collect();
    (sources, progress)
}

fn traffic_source(input: Input, progress: ProgressBar) -> TrafficSource {
    let name = input.name.clone();
    match (input.compression(), input.stored()) {
        (Ok(Compression::Plain), Ok(file)) => {
            TrafficSource::from_blocks(&name, FileBlocks { file, progress })
        }
        // What cannot be opened says so when it is read.
        _ => TrafficSource::from_stream(&name, move || {
            let bytes = decompressed(progress.wrap_read(input.stored()?))?;
            Ok(Box::new(ReadAhead::new(bytes)))
        }),
    }
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
