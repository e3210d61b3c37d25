//! Inputs as sources of traffic, which are read piece by piece while a bar shows how far.

use super::{
    ahead::ReadAhead,
    compression::{Compression, decompressed},
    file::Input,
    progress::progress_bar,
};
use indicatif::ProgressBar;
use peerbill::read::{ReadAt, TrafficSource};
use std::{
    fs::File,
    io,
    sync::{Arc, atomic::AtomicU64},
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
