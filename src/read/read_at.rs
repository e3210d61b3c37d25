//! Bytes that can be read from any place.

use std::{
    io::{self, Read},
    sync::Arc,
};

/// Bytes that can be read from any place, by several threads at once: a file, a buffer, an object in a store.
///
/// They must stay the same for as long as a source is read from them.
pub trait ReadAt: Send + Sync {
    /// Reads some bytes from `offset` on, counted in bytes from the start, into the start of `buffer`; returns how many,
    /// which is 0 at the end alone.
    ///
    /// # Errors
    ///
    /// Whatever keeps the bytes from being read; it becomes an error of the whole input.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize>;

    /// How many bytes there are.
    ///
    /// # Errors
    ///
    /// Whatever keeps that from being known; it becomes an error of the whole input.
    fn size(&self) -> io::Result<u64>;
}

impl ReadAt for Vec<u8> {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let start = usize::try_from(offset).unwrap_or(usize::MAX).min(self.len());
        let rest = &self[start..];
        let count = rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        Ok(count)
    }

    fn size(&self) -> io::Result<u64> {
        Ok(self.len() as u64)
    }
}

/// Reads on from an offset.
pub(crate) struct ReadFrom {
    blocks: Arc<dyn ReadAt>,
    offset: u64,
}

impl ReadFrom {
    /// From this byte on.
    pub fn new(blocks: &Arc<dyn ReadAt>, offset: u64) -> Self {
        Self { blocks: blocks.clone(), offset }
    }
}

impl Read for ReadFrom {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.blocks.read_at(buffer, self.offset)?;
        self.offset += count as u64;
        Ok(count)
    }
}
