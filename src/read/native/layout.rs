//! How records stand in the lines of a text. What differs between texts is data here, not another way to read them.

use super::columns::{
    NativeValues, RecordKind, TRAFFIC_COLUMNS, TrafficColumns, parse_bytes, parse_sender, parse_start,
};
use crate::{
    model::{
        invalid::{Invalid, Remedy},
        time::Timestamp,
    },
    read::{
        header::Header,
        record::Observation,
        rows::{Row, RowRule},
    },
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
    /// An object with these keys; and whether an offset was stated for times without one.
    Json(TrafficColumns, bool),
    /// An entry of a flow log.
    FlowLog,
}

impl LineLayout {
    /// Of a text without a header, whose first line starts behind so many bytes.
    pub fn without_header(shape: LineShape, data_start: u64) -> Self {
        Self { shape, data_start, first_line: 1, plain: None }
    }
}

/// Where the columns stand, and what a row counts.
#[derive(Debug, Clone)]
pub(crate) struct CsvLayout {
    /// By the order of [`TRAFFIC_COLUMNS`]: the column's place in a row, counted from 0.
    positions: [usize; 4],
    kind: RecordKind,
    header: Header,
    rule: RowRule,
    /// An offset was stated for times without one; it is none of these.
    offset_stated: bool,
}

impl CsvLayout {
    /// Under a header in which the four columns were looked for, in their order.
    pub fn new(header: Header, kind: RecordKind, offset_stated: bool) -> Self {
        // OK because a header that lacks one of them is not found.
        let positions = std::array::from_fn(|column| header.position(column).unwrap_or_default());
        Self { positions, kind, rule: header.rule(), header, offset_stated }
    }

    /// Whether a row has the native columns in their order, and no other, with commas between them.
    pub fn is_native(&self) -> bool {
        let is_in_order = self.positions == [0, 1, 2, 3] && self.header.width() == TRAFFIC_COLUMNS.len();
        is_in_order && self.separator() == b','
    }

    /// What separates fields.
    pub fn separator(&self) -> u8 {
        self.header.separator()
    }

    /// What a row must be like that goes on beyond its line.
    pub fn rule(&self) -> &RowRule {
        &self.rule
    }

    /// What a row says; what is wrong with it becomes part of the observation.
    pub fn observe<'a>(&self, row: &Row<'a>) -> Observation<'a> {
        if let Some(why) = self.header.malformed(row) {
            return Observation::unreadable(row.line, why, row.raw);
        }
        let fields = self.positions.map(|column| row.field(column));
        let [start, connection_id, sender, bytes] = fields;
        let values = NativeValues {
            start: parse_start(self.kind, start)
                .map_err(|why| with_offset_stated(self.offset_stated, start, why)),
            connection_id: Ok(connection_id),
            sender: parse_sender(sender),
            bytes: parse_bytes(self.kind, bytes),
        };
        let observed = values.observed(row.line, TRAFFIC_COLUMNS[1]);
        Observation { fields: Some(fields), raw: row.raw, ..observed }
    }
}

/// A time without an offset, where one was stated for such times: it holds for other inputs, and that is told.
pub(super) fn with_offset_stated(stated: bool, field: &[u8], why: Invalid) -> Invalid {
    let lacks_offset = || std::str::from_utf8(field).is_ok_and(Timestamp::lacks_offset);
    if stated && lacks_offset() { why.with(Remedy::WriteOffset) } else { why }
}
