//! Pieces of a source, which several workers read at once.

use super::{
    layout::Layout,
    source::{Content, TrafficSource},
};
use crate::error::Result;
use std::ops::Range;

/// A piece of a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Piece {
    /// The lines that start in this range of its bytes.
    Lines(Range<u64>),
    /// These row groups of a Parquet file.
    #[cfg(feature = "parquet")]
    Groups(Range<usize>),
    /// All of it, from the beginning to the end.
    Whole,
}

/// The pieces of a source, in their order; `span` is how many bytes of lines one has.
pub(crate) fn pieces(source: &TrafficSource, layout: &Layout<'_>, span: u64) -> Result<Vec<Piece>> {
    match (layout, source.content()) {
        #[cfg(feature = "parquet")]
        (Layout::Columns(file), _) => Ok(file.pieces().into_iter().map(Piece::Groups).collect()),
        (Layout::Lines(lines), Content::Blocks(blocks)) => {
            let size = blocks.size().map_err(|error| source.unreadable(&error))?;
            let mut pieces = Vec::new();
            let mut start = lines.data_start;
            while start < size {
                let end = size.min(start + span);
                pieces.push(Piece::Lines(start..end));
                start = end;
            }
            Ok(pieces)
        }
        _ => Ok(vec![Piece::Whole]),
    }
}
