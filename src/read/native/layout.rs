//! How records stand in the lines of a text. What differs between texts is data here, not another way to read them.

use super::{
    columns::{RecordKind, TrafficColumns},
    csv::CsvLayout,
};

/// What the beginning of a text says about its lines.
#[derive(Debug, Clone)]
pub(crate) struct LineLayout {
    /// What stands on a line.
    pub shape: LineShape,
    /// Where the records start, in bytes.
    pub data_start: u64,
    /// The line on which they start, counted from 1.
    pub first_line: u64,
    /// What plain lines are read as, many at once, where the layout has such lines.
    pub plain: Option<RecordKind>,
}

/// What stands on a line.
#[derive(Debug, Clone)]
pub(crate) enum LineShape {
    /// A row of CSV, which may go on on the next line.
    Csv(CsvLayout),
    /// An object with these keys.
    Json(TrafficColumns),
    /// An entry of a flow log.
    FlowLog,
}

impl LineLayout {
    /// Of a text without a header, whose first line starts behind so many bytes.
    pub fn without_header(shape: LineShape, data_start: u64) -> Self {
        Self { shape, data_start, first_line: 1, plain: None }
    }
}
