//! Reads ahead: one thread decompresses while another sums.

use std::{
    io::{self, Read},
    sync::mpsc::{Receiver, sync_channel},
    thread,
};

const BLOCK: usize = 256 << 10;
/// Blocks that wait to be taken.
const WAITING: usize = 4;

/// What another thread reads; that thread ends with the input, with an error, or when nobody reads on.
pub struct ReadAhead {
    blocks: Receiver<io::Result<Vec<u8>>>,
    block: Vec<u8>,
    taken: usize,
}

impl ReadAhead {
    /// Starts to read `input`.
    pub fn new(mut input: impl Read + Send + 'static) -> Self {
        let (sender, blocks) = sync_channel(WAITING);
        thread::spawn(move || {
            loop {
                let mut block = Vec::with_capacity(BLOCK);
                let read = input.by_ref().take(BLOCK as u64).read_to_end(&mut block);
                let ended = !matches!(read, Ok(count) if count > 0);
                // What was read before an error comes first.
                let whole = block.is_empty() || sender.send(Ok(block)).is_ok();
                let went_on = read.map_or_else(|error| sender.send(Err(error)).is_ok(), |_| true);
                if ended || !whole || !went_on {
                    return;
                }
            }
        });
        Self { blocks, block: Vec::new(), taken: 0 }
    }
}

impl Read for ReadAhead {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.taken == self.block.len() {
            // No sender any more: the input has ended.
            let Ok(block) = self.blocks.recv() else { return Ok(0) };
            (self.block, self.taken) = (block?, 0);
        }
        let rest = &self.block[self.taken..];
        let count = rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        self.taken += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
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
        ReadAhead::new(io::Cursor::new(bytes.clone())).read_to_end(&mut read).unwrap();
        assert!(read == bytes);
    }

    #[test]
    fn an_error_comes_after_what_was_read_before_it() {
        let mut read = Vec::new();
        let error = ReadAhead::new(Failing(BLOCK + 7)).read_to_end(&mut read).unwrap_err();
        assert_eq!((read.len(), error.kind()), (BLOCK + 7, io::ErrorKind::UnexpectedEof));
    }
}
