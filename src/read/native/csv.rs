//! Native traffic as rows of CSV under a header.

use super::{
    columns::{RecordKind, TRAFFIC_COLUMNS},
    fields::{NativeValues, parse_bytes, parse_sender, parse_start},
};
use crate::read::{record::Observation, rows::Row, table::Header};

/// Where the columns stand, and what a row counts.
#[derive(Debug, Clone)]
pub(crate) struct CsvLayout {
    /// By the order of [`TRAFFIC_COLUMNS`]: the column's place in a row, counted from 0.
    positions: [usize; 4],
    kind: RecordKind,
    header: Header,
}

impl CsvLayout {
    /// Under a header in which the four columns were looked for, in their order.
    pub fn new(header: Header, kind: RecordKind) -> Self {
        // OK because a header that lacks one of them is not found.
        let positions = std::array::from_fn(|column| header.position(column).unwrap_or_default());
        Self { positions, kind, header }
    }

    /// Whether a row has the native columns in their order, and no other.
    pub fn is_native(&self) -> bool {
        self.positions == [0, 1, 2, 3] && self.header.width() == TRAFFIC_COLUMNS.len()
    }

    /// What a row says; what is wrong with it becomes part of the observation.
    pub fn observe<'a>(&self, row: &Row<'a>) -> Observation<'a> {
        if let Some(why) = self.header.malformed(row) {
            return Observation::unreadable(row.line, why, row.raw);
        }
        let fields = self.positions.map(|column| row.field(column));
        let [start, connection_id, sender, bytes] = fields;
        let values = NativeValues {
            start: parse_start(self.kind, start),
            connection_id: Ok(connection_id),
            sender: parse_sender(sender),
            bytes: parse_bytes(self.kind, bytes),
        };
        let observed = values.observed(row.line, TRAFFIC_COLUMNS[1]);
        Observation { fields: Some(fields), raw: row.raw, ..observed }
    }
}
