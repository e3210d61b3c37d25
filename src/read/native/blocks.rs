//! Blocks of whole lines, of a text or of a range of it.

use super::plain::PADDING;
use crate::read::{
    rows::{HEAD_OF_LONG_LINE, LONGEST_ROW},
    source::ReadAt,
};
use std::{
    io::{self, Read},
    ops::Range,
};

/// Reads blocks of whole lines.
pub(crate) struct LineBlocks<'b, R> {
    input: R,
    /// What was read and not taken, and room for more of it.
    buffer: &'b mut Vec<u8>,
    filled: usize,
    /// Bytes of whole lines among them.
    length: usize,
    /// How much of the buffer a block may fill.
    room: usize,
    at_end: bool,
}

/// Some whole lines.
pub(crate) struct Block<'b> {
    /// The lines, which end in a line feed each, and [`PADDING`] bytes behind them.
    pub padded: &'b [u8],
    /// Bytes of the lines.
    pub length: usize,
    /// Whether the input ends with them.
    pub is_last: bool,
}

/// Whether more can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Further {
    /// There may be more.
    Yes,
    /// All was taken.
    End,
    /// What is left is the beginning of one line, and longer than [`LONGEST_ROW`]: [`LineBlocks::skip_line`] is next.
    TooLong,
}

impl<'b, R: Read> LineBlocks<'b, R> {
    /// Blocks of `size` bytes, in a buffer that may have been used before.
    pub fn new(input: R, size: usize, buffer: &'b mut Vec<u8>) -> Self {
        Self { input, buffer, filled: 0, length: 0, room: size.max(2), at_end: false }
    }

    /// The next whole lines, with those before them that were not taken.
    pub fn next(&mut self) -> io::Result<Block<'_>> {
        self.buffer.resize(self.room + PADDING, 0);
        let (read, at_end) = fill(&mut self.input, &mut self.buffer[self.filled..self.room])?;
        self.filled += read;
        self.at_end = at_end;
        if at_end && self.filled > 0 && self.buffer[self.filled - 1] != b'\n' {
            // The last line has no line feed of its own.
            self.buffer[self.filled] = b'\n';
            self.filled += 1;
        }
        self.length = memchr::memrchr(b'\n', &self.buffer[..self.filled]).map_or(0, |newline| newline + 1);
        Ok(Block { padded: &self.buffer[..self.length + PADDING], length: self.length, is_last: at_end })
    }

    /// So many bytes of the block were taken; where none was, the next block is larger.
    pub fn took(&mut self, bytes: usize) -> Further {
        self.buffer.copy_within(bytes..self.filled, 0);
        self.filled -= bytes;
        if self.at_end {
            return Further::End;
        }
        if bytes == 0 {
            // One byte more may be the carriage return of its end.
            if self.length == 0 && self.filled > LONGEST_ROW + 1 {
                return Further::TooLong;
            }
            self.room *= 2;
        }
        Further::Yes
    }
}

impl<R: Read> LineBlocks<'_, R> {
    /// Passes over the line that is too long, and shows its beginning.
    pub fn skip_line(&mut self) -> io::Result<Vec<u8>> {
        let head = self.buffer[..HEAD_OF_LONG_LINE].to_vec();
        loop {
            if let Some(newline) = memchr::memchr(b'\n', &self.buffer[..self.filled]) {
                self.buffer.copy_within(newline + 1..self.filled, 0);
                self.filled -= newline + 1;
                return Ok(head);
            }
            let (read, at_end) = fill(&mut self.input, &mut self.buffer[..self.room])?;
            self.filled = read;
            if at_end && memchr::memchr(b'\n', &self.buffer[..read]).is_none() {
                self.filled = 0;
                return Ok(head);
            }
        }
    }
}

/// Fills `buffer` as far as `input` goes; true where it ended.
fn fill(input: &mut impl Read, buffer: &mut [u8]) -> io::Result<(usize, bool)> {
    let mut filled = 0;
    while filled < buffer.len() {
        match input.read(&mut buffer[filled..]) {
            Ok(0) => return Ok((filled, true)),
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok((filled, false))
}

/// The lines that start within a range, whole: the last one may end behind it.
pub(crate) struct LinesOf<'a> {
    blocks: &'a dyn ReadAt,
    offset: u64,
    end: u64,
}

impl<'a> LinesOf<'a> {
    /// Of a text whose records start at `data_start`.
    pub fn new(blocks: &'a dyn ReadAt, range: &Range<u64>, data_start: u64) -> io::Result<Self> {
        // A line that starts before the range belongs to the span before.
        let offset = match range.start {
            start if start <= data_start => data_start,
            start => after_line_feed(blocks, start - 1, range.end)?,
        };
        // Where no line starts, the end of the one that goes on here is the matter of its span: many spans within an
        // endless line would each read on to its end.
        let end = if offset < range.end { after_line_feed(blocks, range.end - 1, u64::MAX)? } else { offset };
        Ok(Self { blocks, offset, end })
    }
}

/// The byte after the first line feed from `offset` on, or the end; one at or beyond `limit` is not looked for.
fn after_line_feed(blocks: &dyn ReadAt, mut offset: u64, limit: u64) -> io::Result<u64> {
    let mut buffer = vec![0; 256];
    loop {
        if offset >= limit {
            return Ok(offset);
        }
        match blocks.read_at(&mut buffer, offset)? {
            0 => return Ok(offset),
            count => {
                if let Some(newline) = memchr::memchr(b'\n', &buffer[..count]) {
                    return Ok(offset + newline as u64 + 1);
                }
                offset += count as u64;
                // Lines are short, or endless.
                buffer.resize(1 << 16, 0);
            }
        }
    }
}

impl Read for LinesOf<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let rest = usize::try_from(self.end.saturating_sub(self.offset)).unwrap_or(usize::MAX);
        let wanted = rest.min(buffer.len());
        let count = self.blocks.read_at(&mut buffer[..wanted], self.offset)?;
        self.offset += count as u64;
        Ok(count)
    }
}
