//! Rows of a row group, and the record of each.

use super::cells::{Amounts, Instants, Texts};
use crate::{
    error::Result,
    model::{invalid::Invalid, time::Timestamp, usage::Sender},
    read::{
        native::columns::{NativeValues, RecordKind, TRAFFIC_COLUMNS, parse_sender},
        record::{Observation, Place},
    },
};

/// Some rows of a row group, one number a row and column.
pub(crate) struct Rows<'a> {
    /// What the texts of `connection_id` are known as; negative where they are not.
    pub connections: &'a [i32],
    /// Likewise of `sender`.
    pub senders: &'a [i32],
    /// What distinguishes instants; equal numbers are the same instant.
    pub ticks: &'a [i64],
    /// The bytes, where each of them is a number and none of the row's columns is null.
    pub bytes: Option<&'a [u64]>,
    /// The row group, counted from 1.
    pub(super) group: usize,
    /// How many rows of the group are before these.
    pub(super) before: usize,
    pub(super) kind: RecordKind,
    pub(super) instants: &'a Instants,
    /// Of the connections and of the senders.
    pub(super) texts: [&'a Texts<'a>; 2],
    pub(super) amounts: &'a Amounts,
}

impl Rows<'_> {
    /// When the record of a row starts.
    pub fn start(&self, row: usize) -> Result<Timestamp, Invalid> {
        self.kind.checked_start(self.instants.instant(row)?)
    }

    /// Shows the record of a row, in the general way; what is wrong with it becomes part of the observation.
    ///
    /// `line` is its place in the input; `id_of` and `sender_of` give the texts of what is known by a number.
    pub fn observe<'i>(
        &self,
        row: usize,
        line: u64,
        id_of: impl Fn(usize) -> &'i str,
        sender_of: impl Fn(usize) -> Sender,
        show: impl FnOnce(Observation<'_>) -> Result<()>,
    ) -> Result<()> {
        let [ids, senders] = self.texts;
        let number = |known: i32| usize::try_from(known).ok();
        let known_id = || number(self.connections[row]).map_or("", id_of).as_bytes();
        let known_sender =
            || number(self.senders[row]).map_or("", |number| sender_of(number).as_str()).as_bytes();
        let id = ids.unknown(row).map(|unknown| unknown.unwrap_or_else(known_id));
        let sender = senders.unknown(row).map(|unknown| unknown.unwrap_or_else(known_sender));
        let (start, amount) = (self.instants.text(row), self.amounts.text(row));
        let [id_text, sender_text] = [&id, &sender].map(|text| text.as_ref().map_or(&b""[..], |text| *text));
        let fields = [start.as_bytes(), id_text, sender_text, amount.as_bytes()];
        let values = NativeValues {
            start: self.start(row),
            connection_id: id.clone().map_err(Invalid::from),
            sender: sender.clone().map_err(Invalid::from).and_then(parse_sender),
            bytes: self.amounts.bytes(row, self.kind).map_err(Invalid::from),
        };
        let place = Place::Row { group: self.group, row: self.before + row + 1 };
        let observed = values.observed(line, TRAFFIC_COLUMNS[1]);
        show(Observation { place: Some(place), fields: Some(fields), ..observed })
    }
}
