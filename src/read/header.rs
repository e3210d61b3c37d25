//! Headers of tables: where the wanted columns stand, and what a table seems to be that lacks some of them.

use crate::{
    error::{Error, ErrorKind, Fault, FaultCode, Result},
    model::{
        did_you_mean,
        invalid::{Invalid, Remedy},
        quoted,
    },
    read::rows::{LONGEST_ROW, Row, RowRule, Rows, Shape, header_name},
};
use std::{io::Read, sync::Arc};

/// A column that a reader of tables wants: what a row is asked for, and its name in messages.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Column<'n> {
    pub index: usize,
    /// As it stands in the header.
    pub name: &'n str,
}

/// The columns that a reader of tables wants, the key of a row first.
///
/// A column is named here and nowhere else: the header is searched for it, and rows are asked for it by the [`Column`]
/// that is returned.
#[derive(Debug, Clone, Default)]
pub(crate) struct TableColumns<'n> {
    /// By [`Column::index`]: the name, and whether the header must have it.
    wanted: Vec<(&'n str, bool)>,
    /// Those that may be missing, and without which another value would be billed: a near miss is no further column.
    not_to_be_missed: Vec<usize>,
}

impl<'n> TableColumns<'n> {
    /// Wants a column that the header must have.
    pub fn required(&mut self, name: &'n str) -> Column<'n> {
        self.want(name, true)
    }

    /// Wants a column that may be missing; its values are then empty.
    pub fn optional(&mut self, name: &'n str) -> Column<'n> {
        self.want(name, false)
    }

    /// Wants a column that may be missing, but not be there under a name that is nearly its own.
    pub fn optional_as_spelled(&mut self, name: &'n str) -> Column<'n> {
        let column = self.optional(name);
        self.not_to_be_missed.push(column.index);
        column
    }

    fn want(&mut self, name: &'n str, is_required: bool) -> Column<'n> {
        let index = self.wanted.len();
        self.wanted.push((name, is_required));
        Column { index, name }
    }

    /// Of two lists of names; their columns are numbered one after the other.
    pub fn listed(required: &[&'n str], optional: &[&'n str]) -> Self {
        let listed = |names: &[&'n str], is_required| {
            names.iter().map(|name| (*name, is_required)).collect::<Vec<_>>()
        };
        let wanted = [listed(required, true), listed(optional, false)].concat();
        Self { wanted, not_to_be_missed: Vec::new() }
    }

    /// The names of the columns that are required, or of those that are not, with their indexes.
    fn names(&self, required: bool) -> impl Iterator<Item = (usize, &'n str)> {
        let wanted = self.wanted.iter().enumerate();
        wanted.filter(move |(_, (_, is))| *is == required).map(|(index, (name, _))| (index, *name))
    }
}

/// Names of columns in a file of settings, for a kind of table whose columns may be called otherwise.
#[derive(Debug, Clone, Copy)]
pub(crate) struct MappedColumns {
    /// The part of the settings, such as `columns.usage`.
    pub part: &'static str,
    /// The keys of the required columns, in their order.
    pub keys: &'static [&'static str],
}

/// The names in the header of a table that should have these columns: for readers that want further ones, whatever they
/// are called. None where there is no header; reading the table says so.
pub(crate) fn names_in(text: &[u8], wanted: &[&str]) -> Vec<String> {
    let mut rows = Rows::of(text);
    let Ok(Some(header)) = rows.header(wanted) else { return Vec::new() };
    (0..header.len()).map(|index| header_name(header.field(index)).into_owned()).collect()
}

/// Where each wanted column stands.
#[derive(Debug, Clone)]
pub(crate) struct Header {
    /// By the place of the wanted ones: where the column stands, where it is there.
    pub positions: Vec<Option<usize>>,
    width: usize,
    /// What separates fields.
    separator: u8,
    /// Where the required columns stand.
    required: Vec<usize>,
}

impl Header {
    /// Reads the header of the input `name`: all of `required` must be there. `mapped` says how they may be called
    /// otherwise.
    pub fn read(
        kind: ErrorKind,
        name: &Arc<str>,
        rows: &mut Rows<'_, impl Read>,
        required: &[&str],
        mapped: Option<MappedColumns>,
    ) -> Result<Self> {
        Self::read_columns(kind, name, rows, &TableColumns::listed(required, &[]), mapped)
    }

    /// Reads the header of the input `name`; it need not have the optional columns.
    pub fn read_columns(
        kind: ErrorKind,
        name: &Arc<str>,
        rows: &mut Rows<'_, impl Read>,
        columns: &TableColumns<'_>,
        mapped: Option<MappedColumns>,
    ) -> Result<Self> {
        let wanted: Vec<&str> = columns.wanted.iter().map(|(column, _)| *column).collect();
        let first_line = rows.line();
        let row = rows.header(&wanted).map_err(|error| Error::unusable(kind, name, error.to_string()))?;
        let line = row.as_ref().map_or(first_line, |row| row.line);
        let found = Self::find(row, columns, mapped);
        let mut header =
            found.map_err(|why| Error::new(kind, Fault::at(FaultCode::UnusableInput, name, line, why)))?;
        header.separator = rows.separator();
        rows.keep_to(header.rule());
        Ok(header)
    }

    /// Finds the columns in the first row.
    fn find(
        row: Option<Row<'_>>,
        columns: &TableColumns<'_>,
        mapped: Option<MappedColumns>,
    ) -> Result<Self, Invalid> {
        let Some(row) = row else {
            let wanted: Vec<&str> = columns.names(true).map(|(_, column)| column).collect();
            return Err(format!("the input is empty; its header should be {}", wanted.join(",")).into());
        };
        check_text(&row)?;
        let found: Vec<_> = (0..row.len()).map(|i| header_name(row.field(i)).into_owned()).collect();
        let mut positions = vec![None; columns.wanted.len()];
        for (index, column) in columns.names(true).chain(columns.names(false)) {
            let mut places = (0..found.len()).filter(|&i| found[i] == column);
            positions[index] = places.next();
            if places.next().is_some() {
                return Err(format!("the header has column {column} twice").into());
            }
        }
        let missing: Vec<(usize, &str)> =
            columns.names(true).filter(|(index, _)| positions[*index].is_none()).collect();
        if !missing.is_empty() {
            return Err(why_lacking(&row, &found, columns, &missing, mapped));
        }
        for (index, name) in columns.names(false).filter(|(index, _)| positions[*index].is_none()) {
            let spare = spare_names(&found, columns);
            if columns.not_to_be_missed.contains(&index) && nearest(name, &spare).is_some() {
                return Err(why_lacking(&row, &found, columns, &[(index, name)], mapped));
            }
        }
        let required = columns.names(true).filter_map(|(index, _)| positions[index]).collect();
        Ok(Self { positions, width: found.len(), separator: b',', required })
    }

    /// Where the column at this place of the wanted ones stands, where it is there.
    pub fn position(&self, wanted: usize) -> Option<usize> {
        self.positions[wanted]
    }

    /// How many columns it has.
    pub fn width(&self) -> usize {
        self.width
    }

    /// What separates fields.
    pub fn separator(&self) -> u8 {
        self.separator
    }

    /// What a row under it must be like to go on beyond its line: no value of a required column does.
    pub fn rule(&self) -> RowRule {
        RowRule { width: self.width, of_one_line: self.required.clone() }
    }

    /// The row's value of the first wanted column, also where the row is too short or too long.
    pub fn key(&self, row: &Row<'_>) -> Option<String> {
        let position = self.position(0).filter(|&position| position < row.len())?;
        let field = String::from_utf8(row.field(position).to_vec()).ok()?;
        Some(field).filter(|field| !field.is_empty())
    }

    /// Why `row` cannot be split into the columns of the header, where it cannot.
    pub fn malformed(&self, row: &Row<'_>) -> Option<String> {
        match row.shape {
            Shape::OpenQuote => Some(format!(
                "a quoted field is opened here and not closed on this line, and with the lines behind it there is no row of \
                 {} fields: this line alone is refused; is it a quote too many?",
                self.width
            )),
            Shape::TooLong => Some(TOO_LONG.into()),
            Shape::Fields if row.holds_nul => Some(HOLDS_NUL.into()),
            Shape::Fields if row.len() != self.width => Some(format!(
                "{} fields where the header has {}: {}{}",
                row.len(),
                self.width,
                quoted(row.raw),
                self.hint(row)
            )),
            Shape::Fields => None,
        }
    }

    /// What may be the reason that a row has other fields than the header.
    fn hint(&self, row: &Row<'_>) -> &'static str {
        let has = |byte| memchr::memchr(byte, row.raw).is_some();
        let ends_in_digits = || {
            let last = row.field(row.len() - 1);
            row.len() > self.width && !last.is_empty() && last.iter().all(u8::is_ascii_digit)
        };
        match self.separator {
            _ if has(b'\r') => "; a carriage return stands within it: are these line ends of old Macs?",
            b',' if row.len() == 1 && has(b';') => "; the header is separated by , and this row by ;",
            b',' if row.len() == 1 && has(b'\t') => "; the header is separated by , and this row by tabs",
            b',' if ends_in_digits() => "; does a number hold a comma? write it without",
            b';' | b'\t' if row.len() == 1 && has(b',') => {
                "; this row is separated by , and the header is not"
            }
            _ => "",
        }
    }
}

/// What is said of a line that is longer than [`LONGEST_ROW`].
pub(crate) const TOO_LONG: &str = "the line is longer than 1 MiB";
const _: () = assert!(LONGEST_ROW == 1 << 20);
pub(crate) const HOLDS_NUL: &str =
    "it holds a NUL byte: is the file damaged, or is it UTF-16 without its mark?";

/// Refuses a first row that is no header of a table.
fn check_text(row: &Row<'_>) -> Result<(), Invalid> {
    let why = match row.raw {
        raw if memchr::memchr(b'\r', raw.trim_ascii_end()).is_some() => {
            "its lines end with a carriage return alone, as old Macs wrote them: save it with line ends LF or CRLF"
        }
        _ if row.shape == Shape::TooLong => TOO_LONG,
        _ if row.shape == Shape::OpenQuote => "the header opens a quoted field that is not closed",
        raw if memchr::memchr(0, raw).is_some() => HOLDS_NUL,
        [b'{' | b'[', ..] => "it is JSON, and a table is wanted here: CSV under a header",
        _ => return Ok(()),
    };
    Err(why.into())
}

/// What to say of a header that lacks required columns.
fn why_lacking(
    row: &Row<'_>,
    found: &[String],
    columns: &TableColumns<'_>,
    missing: &[(usize, &str)],
    mapped: Option<MappedColumns>,
) -> Invalid {
    let names = missing.iter().map(|(_, name)| *name).collect::<Vec<_>>().join(", ");
    if std::str::from_utf8(row.raw).is_err() {
        return Invalid::not_utf8(format!("the header lacks {names}, and"));
    }
    let is_wanted = |name: &str| columns.wanted.iter().any(|(own, _)| *own == name);
    if let Some(known) = known_table(found, is_wanted) {
        let why = Invalid::new(format!("the input holds {}; its header lacks {names}", known.what));
        return known.remedy.clone().into_iter().fold(why, Invalid::with);
    }
    let spare = spare_names(found, columns);
    let near: Vec<Option<&str>> = missing.iter().map(|(_, name)| nearest(name, &spare)).collect();
    let mut why = format!("the header lacks {names}; it has {}", quoted(row.raw));
    for ((_, name), near) in missing.iter().zip(&near) {
        if let Some(near) = near {
            let near = quoted(near.as_bytes());
            why.push_str(&format!("; is {near} meant to be {name}? names are spelled exactly"));
        }
    }
    let other_unit = spare.iter().find(|name| is_other_unit(name));
    if let Some(unit) = other_unit.filter(|_| missing.iter().any(|(_, name)| *name == "bytes")) {
        let unit = quoted(unit.as_bytes());
        why.push_str(&format!(
            "; bytes are wanted, and {unit} seems to hold another unit: multiply it first"
        ));
    }
    if found.len() == 1 && columns.wanted.len() > 1 {
        why.push_str("; columns are separated by a comma, a semicolon or a tab");
    }
    let Some(mapped) = mapped else { return why.into() };
    Invalid::new(why).with(Remedy::MapColumns { lines: mapped.lines(missing, &near) })
}

impl MappedColumns {
    /// The lines of the settings that say how the missing columns are called.
    fn lines(&self, missing: &[(usize, &str)], near: &[Option<&str>]) -> Arc<[String]> {
        let line = |((index, _), near): (&(usize, &str), &Option<&str>)| {
            // A name that would need escapes is left to be filled in.
            let name = near.filter(|near| !near.contains(['"', '\\']) && !near.contains(char::is_control));
            format!("{} = \"{}\"", self.keys[*index], name.unwrap_or("NAME"))
        };
        let part = format!("[{}]", self.part);
        [part].into_iter().chain(missing.iter().zip(near).map(line)).collect()
    }
}

/// Columns that nobody wants.
fn spare_names<'f>(found: &'f [String], columns: &TableColumns<'_>) -> Vec<&'f str> {
    let is_wanted = |name: &str| columns.wanted.iter().any(|(own, _)| *own == name);
    found.iter().map(String::as_str).filter(|name| !is_wanted(name)).collect()
}

/// The kind of table that these columns show, unless it is the one that is wanted.
fn known_table(found: &[String], is_wanted: impl Fn(&str) -> bool) -> Option<&'static KnownTable> {
    KNOWN_TABLES.iter().find(|known| {
        let has_all = known.names.iter().all(|name| found.iter().any(|own| own == name));
        has_all && !known.names.iter().all(|name| is_wanted(name))
    })
}

/// What a table seems to be that is no bill of the provider.
pub(crate) fn table_that_is_no_bill(found: &[String]) -> Option<&'static str> {
    known_table(found, |_| false).map(|known| known.what).filter(|what| *what != PROVIDERS_BILL)
}

/// The name that is most like the wanted one; a column of another unit is not.
fn nearest<'n>(wanted: &str, names: &[&'n str]) -> Option<&'n str> {
    names.iter().copied().find(|name| !did_you_mean(name, [wanted]).is_empty() && !is_other_unit(name))
}

/// Whether a column seems to hold GB or the like: `gb`, `Traffic (GiB)`.
fn is_other_unit(name: &str) -> bool {
    let words = name.split(|own: char| !own.is_ascii_alphanumeric());
    let units = ["kb", "mb", "gb", "tb", "kib", "mib", "gib", "tib", "bits", "mbps", "bps"];
    words.map(str::to_ascii_lowercase).any(|word| units.contains(&word.as_str()))
}

/// A kind of table, known by names of its columns.
struct KnownTable {
    what: &'static str,
    names: &'static [&'static str],
    remedy: Option<Remedy>,
}

const PROVIDERS_BILL: &str = "a bill of the provider";

/// Tables that are easily mistaken for others. The first that fits is told.
const KNOWN_TABLES: &[KnownTable] = &[
    KnownTable {
        what: "connections",
        names: &["connection_id", "requester_account_id", "accepter_account_id"],
        remedy: Some(Remedy::GiveAsConnections),
    },
    KnownTable {
        what: "link changes",
        names: &["connection_id", "changed_at", "to_link_type"],
        remedy: Some(Remedy::GiveAsLinkChanges),
    },
    KnownTable {
        what: "metered hours",
        names: &["hour", "connection_id", "sender", "bytes"],
        remedy: Some(Remedy::GiveAsMeteredHours),
    },
    KnownTable {
        what: "traffic",
        names: &["timestamp", "connection_id", "sender", "bytes"],
        remedy: Some(Remedy::GiveAsTraffic),
    },
    KnownTable {
        what: "datapoints of CloudMonitor",
        names: &["timestamp", "instanceId"],
        remedy: Some(Remedy::GiveAsDatapoints),
    },
    KnownTable {
        what: "entries of a flow log",
        names: &["srcaddr", "dstaddr"],
        remedy: Some(Remedy::GiveAsFlowLog),
    },
    KnownTable {
        what: "an account's own terms, a contract",
        names: &["account_id", "source", "destination", "discount_percent"],
        remedy: Some(Remedy::GiveAsContract),
    },
    KnownTable {
        what: "prices",
        names: &["source", "destination", "link_type", "unit_price"],
        remedy: Some(Remedy::GiveAsPrices),
    },
    KnownTable {
        what: "lines of a report that was made from traffic",
        names: &["billing_month", "billing_account_id", "connection_id"],
        remedy: None,
    },
    KnownTable {
        what: "charges in the FOCUS format, which were made from traffic",
        names: &["BillingAccountId", "BilledCost"],
        remedy: None,
    },
    KnownTable {
        what: PROVIDERS_BILL,
        names: &["BillingDetails/BillingMonth"],
        remedy: Some(Remedy::GiveAsBill),
    },
    KnownTable {
        what: PROVIDERS_BILL, names: &["账单信息/账单月份"], remedy: Some(Remedy::GiveAsBill)
    },
    KnownTable {
        what: PROVIDERS_BILL,
        names: &["资源归属账号ID", "账单月份"],
        remedy: Some(Remedy::GiveAsBill),
    },
    KnownTable { what: PROVIDERS_BILL, names: &["账期", "产品Code"], remedy: Some(Remedy::GiveAsBill) },
    KnownTable {
        what: PROVIDERS_BILL,
        names: &["BillingCycle", "ProductCode"],
        remedy: Some(Remedy::GiveAsBill),
    },
    KnownTable { what: "a list of regions", names: &["region_id", "area"], remedy: None },
];

#[cfg(test)]
mod tests {
    use super::*;

    const USAGE: [&str; 4] = ["timestamp", "connection_id", "sender", "bytes"];
    const MAPPED: MappedColumns = MappedColumns { part: "columns.usage", keys: &USAGE };

    fn read(text: &[u8]) -> Result<Header, Box<Fault>> {
        let mut rows = Rows::new(text);
        let read = Header::read(ErrorKind::Input, &"t.csv".into(), &mut rows, &USAGE, Some(MAPPED));
        read.map_err(|error| Box::new(error.faults()[0].clone()))
    }

    #[test]
    fn blanks_around_names_and_separators_are_no_part_of_them() {
        for text in [
            "timestamp,connection_id,sender,bytes \n",
            "\u{feff} timestamp ,connection_id,\u{a0}sender,\"bytes\t\"\r\n",
            "timestamp;\"connection_id\";sender;bytes",
            "bytes\tsender\ttimestamp\tconnection_id\r\n",
            ",,,\n\nnote, bytes,sender,timestamp,connection_id\n",
        ] {
            assert!(read(text.as_bytes()).is_ok(), "{text}");
        }
        assert!(
            read(b"timestamp,bytes,connection_id,sender,bytes \n")
                .unwrap_err()
                .message
                .contains("column bytes twice")
        );
    }

    #[test]
    fn what_is_lacking_is_told_with_the_lines_that_map_it() {
        let lines = |text: &str| {
            let fault = read(text.as_bytes()).unwrap_err();
            match &fault.remedy {
                Some(Remedy::MapColumns { lines }) if lines[0] == "[columns.usage]" => {
                    (fault.message.clone(), lines[1..].to_vec())
                }
                other => panic!("{text}: {other:?}"),
            }
        };
        let (message, mapped) = lines("Timestamp,connection_id,sender,octets\n");
        assert!(
            message.contains("lacks timestamp, bytes")
                && message.contains("\"Timestamp\" meant to be timestamp")
        );
        assert_eq!(mapped, ["timestamp = \"Timestamp\"", "bytes = \"NAME\""]);
        let (message, mapped) = lines("timestamp,connection_id,sender,gb\n");
        assert!(message.contains("\"gb\" seems to hold another unit"), "{message}");
        assert_eq!(mapped, ["bytes = \"NAME\""]);
        assert_eq!(lines("时间,连接ID,发送方,字节\n").1.len(), 4);
        assert!(lines("timestamp|connection_id|sender|bytes\n").0.contains("a comma, a semicolon or a tab"));
    }

    #[test]
    fn another_table_is_named_as_what_it_is() {
        for (header, what, remedy) in [
            (
                "connection_id;requester_account_id;accepter_account_id;x",
                "connections",
                Some(Remedy::GiveAsConnections),
            ),
            (
                "connection_id,changed_at,from_link_type,to_link_type",
                "link changes",
                Some(Remedy::GiveAsLinkChanges),
            ),
            ("hour,connection_id,sender,bytes", "metered hours", Some(Remedy::GiveAsMeteredHours)),
            ("timestamp,instanceId,Sum", "datapoints", Some(Remedy::GiveAsDatapoints)),
            (
                "account_id,source,destination,link_type,unit_price,discount_percent",
                "contract",
                Some(Remedy::GiveAsContract),
            ),
            ("billing_month,billing_account_id,connection_id,sender", "a report", None),
        ] {
            let fault = read(format!("{header}\n").as_bytes()).unwrap_err();
            assert!(fault.message.contains(what), "{header}: {fault}");
            assert_eq!(fault.remedy, remedy, "{header}");
        }
    }

    #[test]
    fn what_is_no_table_is_named() {
        for (text, why) in [
            (&b"timestamp,connection_id,sender,bytes\r2026,p,requester,5\r"[..], "old Macs"),
            (b"[1]", "it is JSON"),
            (b"t\0i\0m\0", "NUL"),
            (b"timestamp,\"connection_id\n", "not closed"),
            (b"", "the input is empty"),
            (b"\n,,\n", "the input is empty"),
        ] {
            let fault = read(text).unwrap_err();
            assert!(fault.message.contains(why), "{fault}");
        }
        let endless = [b"timestamp,".repeat(200_000), b"\n".to_vec()].concat();
        assert!(read(&endless).unwrap_err().message.contains("longer than 1 MiB"));
    }
}
