//! Choices that an input makes without holding them, so that seeds are plain files of their format.

use std::io::{self, Read};

/// Numbers that follow from an input, and from nothing else.
pub struct Chance(u64);

impl Chance {
    /// By FNV-1a over `data`.
    pub fn of(data: &[u8]) -> Self {
        let mix = |state: u64, byte: &u8| (state ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        Self(data.iter().fold(0xcbf2_9ce4_8422_2325, mix))
    }

    /// A number below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        // A step of splitmix64.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % end as u64) as usize
    }

    /// One of `values`.
    pub fn one<T: Copy>(&mut self, values: &[T]) -> T {
        values[self.below(values.len())]
    }

    /// True once in so many times.
    pub fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }
}

/// Hands its bytes out in chunks of odd sizes.
pub struct Chunks {
    bytes: std::sync::Arc<[u8]>,
    at: usize,
    chunk: usize,
}

impl Chunks {
    /// Chunks of `chunk` bytes, then fewer and more.
    pub fn new(bytes: std::sync::Arc<[u8]>, chunk: usize) -> Self {
        Self { bytes, at: 0, chunk }
    }
}

impl Read for Chunks {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let rest = &self.bytes[self.at..];
        let size = (self.chunk + self.at % 3).max(1).min(rest.len()).min(into.len());
        into[..size].copy_from_slice(&rest[..size]);
        self.at += size;
        Ok(size)
    }
}
