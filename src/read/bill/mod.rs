//! The provider's bills: which layout an input has, and what its lines say.
//!
//! A bill holds the charges of hundreds of products: lines of others than are asked for are counted and not read. Whatever
//! a bill may not be taken for in silence is counted as well, and told by [`Bill::notes`].

mod layout;
mod line;

pub use self::{
    layout::BillColumns,
    line::{BillCategory, BillLine, BillPeriod, BillPlace, BilledItem},
};
pub use super::decimal::Printed;

use self::{
    layout::{Columns, FIELDS, Field, header_marks},
    line::{Cells, LineReader, digest, digest_of_all, names_connection},
};
use crate::{
    error::{Causes, Error, ErrorKind, Fault, FaultCode, Result},
    model::{invalid::Invalid, quoted, time::ClockOffset},
    read::{
        header::{HOLDS_NUL, TOO_LONG},
        rows::{Row, RowRule, Rows, Shape, header_name},
        values::Values,
    },
};
use std::{
    collections::{BTreeMap, HashMap, hash_map::Entry},
    io::Read,
    sync::Arc,
};

/// The product whose charges peering connections are among.
pub const CDT: &str = "cdt";

/// How a bill is to be read.
#[derive(Debug, Clone)]
pub struct BillSettings {
    /// Codes of the products whose lines are read; those of others are counted.
    pub products: Vec<String>,
    /// What its columns are called, where that is not known.
    pub columns: BillColumns,
    /// Where the clocks stood that wrote times without an offset: UTC+8 unless stated, and in FOCUS it has to be stated.
    pub naive_offset: Option<ClockOffset>,
}

impl Default for BillSettings {
    fn default() -> Self {
        Self { products: vec![CDT.into()], columns: BillColumns::default(), naive_offset: None }
    }
}

/// How an input was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BillInput {
    /// Its name.
    pub name: Arc<str>,
    /// Its layout; `None` of an empty one.
    pub layout: Option<&'static str>,
    /// What net amounts are in it.
    pub net: &'static str,
    /// Its lines, of whatever product.
    pub lines: u64,
}

/// Lines of products that were not asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OtherLines {
    /// How many there are.
    pub lines: u64,
    /// How many of them name a peering connection.
    pub of_connections: u64,
}

/// What was read of a bill.
#[derive(Debug, Clone, Default)]
pub struct Bill {
    /// Lines of the products that were asked for, in the order of the inputs.
    pub lines: Vec<BillLine>,
    /// How each input was read.
    pub inputs: Vec<BillInput>,
    /// Lines of other products, by their codes.
    pub others: BTreeMap<Box<str>, OtherLines>,
    /// Lines whose id was met before, which count once.
    pub repeated: u64,
    /// Rows of totals under the lines.
    pub totals: u64,
}

/// One of the numbers of a line.
type Column = fn(&mut BillLine) -> &mut Option<Printed>;
const COLUMNS: [Column; 3] =
    [|line| &mut line.usage, |line| &mut line.list_amount, |line| &mut line.net_amount];

impl Bill {
    /// What a reader should know of how it was read, in sentences.
    pub fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        let mut note = |count: u64, text: &str| {
            if count > 0 {
                notes.push(format!("{count} {text}"));
            }
        };
        let of_layout = |empty: bool| self.inputs.iter().filter(move |own| (own.lines == 0) == empty).count();
        note(of_layout(true) as u64, "inputs of the bill hold no line");
        note(
            self.repeated,
            "lines of the bill have the id of a line before them, say the same, and count once",
        );
        note(self.totals, "rows of the bill are totals, and are passed over");
        let payers = self.lines.iter().filter(|line| line.item.is_payer).count();
        note(
            payers as u64,
            "lines of the bill do not tell who owns the resource: they are those of who pays",
        );
        notes
    }

    /// Says of whole numbers that they hold to as many decimals as the others of their column do, in inputs of the same
    /// layout: programs leave zeros away at the end.
    fn sharpen(&mut self, layouts: &[&'static str]) {
        for column in COLUMNS {
            let mut most: BTreeMap<&str, u32> = BTreeMap::new();
            for (line, layout) in self.lines.iter_mut().zip(layouts) {
                let scale = column(line).map_or(0, Printed::scale);
                let own = most.entry(layout).or_default();
                *own = scale.max(*own);
            }
            for (line, layout) in self.lines.iter_mut().zip(layouts) {
                let decimals = most.get(layout).copied().unwrap_or_default();
                let value = column(line);
                *value = value.map(|own| own.to_decimals(decimals));
            }
        }
    }
}

/// Reads the inputs of a bill, one after the other.
///
/// ```
/// use peerbill::read::bill::{BillReader, BillSettings};
///
/// let mut reader = BillReader::new(&BillSettings::default());
/// let bill = "BillingCycle,OwnerID,ProductCode,BillingDate,InstanceID,Usage,UsageUnit,PretaxGrossAmount,Currency\n\
///             2026-10,1000000000000001,cdt,2026-10-05,pcc-1;cn-huhehaote,200,GB,96.00,CNY\n\
///             2026-10,1000000000000001,ecs,2026-10-05,i-1,24,Hour,12.00,CNY\n";
/// reader.read("bill.csv", &mut bill.as_bytes())?;
/// let bill = reader.finish()?;
/// assert_eq!(bill.lines.len(), 1);
/// assert_eq!(bill.lines[0].item.connection_id.as_deref(), Some("pcc-1"));
/// assert_eq!(bill.lines[0].period.to_string(), "2026-10-05");
/// assert_eq!(bill.others["ecs"].lines, 1);
/// # Ok::<(), peerbill::Error>(())
/// ```
#[derive(Debug)]
pub struct BillReader {
    settings: BillSettings,
    bill: Bill,
    lines: LineReader,
    /// Digests of the ids of lines, and of all that is read of these.
    ids: HashMap<[u8; 16], [u8; 16]>,
    faults: Causes,
    /// The layout of each line that is kept.
    layouts: Vec<&'static str>,
}

impl BillReader {
    /// Of which nothing was read yet.
    pub fn new(settings: &BillSettings) -> Self {
        let lines = LineReader::new(settings.naive_offset);
        let (bill, ids, faults, layouts) = Default::default();
        Self { settings: settings.clone(), bill, lines, ids, faults, layouts }
    }

    /// Reads an input, which is decompressed and UTF-8. What is wrong with it is told by [`finish`](Self::finish), with
    /// what is wrong with others.
    ///
    /// # Errors
    ///
    /// [`Input`](ErrorKind::Input) where `input` fails.
    pub fn read(&mut self, name: &str, input: &mut dyn Read) -> Result<()> {
        let name: Arc<str> = name.into();
        let failed = |error: std::io::Error| Error::unusable(ErrorKind::Input, &name, error.to_string());
        self.bill.inputs.push(BillInput { name: name.clone(), layout: None, net: "", lines: 0 });
        let mut values = Values::new(input).map_err(failed)?;
        match values.peek().map_err(failed)? {
            None => Ok(()),
            Some(_) => {
                let (rest, line) = values.rest();
                self.read_table(&name, line - 1, rest)
            }
        }
    }

    /// All that was read.
    ///
    /// # Errors
    ///
    /// [`Input`](ErrorKind::Input) with all that is wrong with the inputs, and where they hold no line at all.
    pub fn finish(self) -> Result<Bill> {
        let Self { mut bill, faults, layouts, .. } = self;
        let total = faults.total();
        if let Some(error) = Error::from_listed(ErrorKind::Input, faults.listed(), total) {
            return Err(error);
        }
        if bill.inputs.iter().all(|own| own.lines == 0) {
            let why = "the bill holds no line: are these placeholders of a bill that is not made yet?";
            let name = bill.inputs.first().map_or("", |own| &own.name);
            return Err(Error::unusable(ErrorKind::Input, name, why));
        }
        bill.sharpen(&layouts);
        Ok(bill)
    }

    fn refuse(&mut self, name: &Arc<str>, line: u64, code: FaultCode, why: impl Into<Invalid>) {
        let fault = Fault::at(code, name, line, why);
        self.faults.add(self.bill.inputs.len(), &fault, None, 1);
    }

    fn read_table(&mut self, name: &Arc<str>, lines_before: u64, input: impl Read) -> Result<()> {
        let failed = |error: std::io::Error| Error::unusable(ErrorKind::Input, name, error.to_string());
        let mut rows = Rows::new(input);
        let Some(row) = rows.header(&header_marks()).map_err(failed)? else { return Ok(()) };
        let line = row.line + lines_before;
        let header = match header_of(&row, &self.settings.columns) {
            Ok(header) => header,
            Err(why) => {
                self.refuse(name, line, FaultCode::UnusableInput, why);
                return Ok(());
            }
        };
        rows.keep_to(RowRule { width: header.width, of_one_line: header.of_one_line() });
        if let Some(own) = self.bill.inputs.last_mut() {
            (own.layout, own.net) = (Some(header.columns.layout.name), header.columns.layout.net);
        }
        while let Some(row) = rows.next().map_err(failed)? {
            let place = BillPlace { input: name.clone(), line: row.line + lines_before, item: None };
            match header.cells(&row) {
                Ok(Some(cells)) => self.take(&header.columns, &cells, place),
                Ok(None) => self.bill.totals += 1,
                Err(why) => self.refuse(name, place.line, FaultCode::UnreadableRow, why),
            }
        }
        Ok(())
    }

    /// Takes a line of whatever product.
    fn take(&mut self, columns: &Columns, cells: &Cells<'_>, place: BillPlace) {
        if let Some(own) = self.bill.inputs.last_mut() {
            own.lines += 1;
        }
        let product = cells.text(Field::Product);
        if !product.is_empty() && !self.settings.products.iter().any(|own| own == product) {
            let others = match self.bill.others.get_mut(product) {
                Some(others) => others,
                None => self.bill.others.entry(product.into()).or_default(),
            };
            others.lines += 1;
            others.of_connections += u64::from(names_connection(cells));
            return;
        }
        let (input, line) = (place.input.clone(), place.line);
        let taken = self.is_new(cells).and_then(|is_new| match is_new {
            true => self.lines.read(columns.layout, cells, place).map(Some),
            false => Ok(None),
        });
        match taken {
            Ok(Some(line)) => {
                self.bill.lines.push(line);
                self.layouts.push(columns.layout.name);
            }
            Ok(None) => self.bill.repeated += 1,
            Err(why) => self.refuse(&input, line, FaultCode::UnreadableRow, why),
        }
    }

    /// Whether no line with the id of this one was met before.
    fn is_new(&mut self, cells: &Cells<'_>) -> Result<bool, Invalid> {
        let Some(id) = cells.given(Field::LineId) else { return Ok(true) };
        // What some programs write into the column of the key is the product.
        if id.eq_ignore_ascii_case(cells.text(Field::Product)) {
            return Ok(true);
        }
        let all = digest_of_all(cells);
        match self.ids.entry(digest(cells, [Field::LineId].into_iter())) {
            Entry::Vacant(entry) => {
                entry.insert(all);
                Ok(true)
            }
            Entry::Occupied(entry) if *entry.get() == all => Ok(false),
            Entry::Occupied(_) => {
                let id = quoted(id.as_bytes());
                Err(format!("a line with the id {id} was met before, and says something else").into())
            }
        }
    }
}

/// The header of a table.
struct TableHeader {
    columns: Columns,
    width: usize,
}

/// Reads the first row of a table.
fn header_of(row: &Row<'_>, settings: &BillColumns) -> Result<TableHeader, Invalid> {
    match row.shape {
        Shape::TooLong => return Err(TOO_LONG.into()),
        Shape::OpenQuote => return Err("the header opens a quoted field that is not closed".into()),
        Shape::Fields if memchr::memchr(0, row.raw).is_some() => return Err(HOLDS_NUL.into()),
        Shape::Fields if std::str::from_utf8(row.raw).is_err() => {
            return Err(Invalid::not_utf8("the header"));
        }
        Shape::Fields => {}
    }
    let names: Vec<String> = (0..row.len()).map(|at| header_name(row.field(at)).into_owned()).collect();
    Ok(TableHeader { columns: Columns::find(&names, settings)?, width: names.len() })
}

impl TableHeader {
    /// Fields of which none goes on beyond its line.
    fn of_one_line(&self) -> Vec<usize> {
        let fields = [Field::Owner, Field::Product, Field::Month, Field::Day, Field::List];
        fields.into_iter().filter_map(|field| self.columns.positions[field as usize]).collect()
    }

    /// The cells of a row that are read; `None` of one that tells totals.
    fn cells<'r>(&self, row: &'r Row<'_>) -> Result<Option<Cells<'r>>, Invalid> {
        if row.shape == Shape::Fields && is_total(row) && row.len() != self.width {
            return Ok(None);
        }
        if let Some(why) = self.malformed(row) {
            return Err(why.into());
        }
        let mut cells = Cells::default();
        for field in Field::ALL {
            let Some(position) = self.columns.positions[field as usize] else { continue };
            let raw = row.field(position);
            let text = std::str::from_utf8(raw).map_err(|_| Invalid::not_utf8(quoted(raw)))?;
            cells.set(field, text, false);
        }
        Ok(Some(cells).filter(|cells| !(cells.tells_nothing() && is_total(row))))
    }

    fn malformed(&self, row: &Row<'_>) -> Option<String> {
        match row.shape {
            Shape::TooLong => Some(TOO_LONG.into()),
            Shape::OpenQuote => Some("a quoted field is opened here and not closed".into()),
            Shape::Fields if memchr::memchr(0, row.raw).is_some() => Some(HOLDS_NUL.into()),
            Shape::Fields if row.len() != self.width => {
                Some(format!("{} fields where the header has {}: {}", row.len(), self.width, quoted(row.raw)))
            }
            Shape::Fields => None,
        }
    }
}

/// Whether a row says by its first word that it adds up the others.
fn is_total(row: &Row<'_>) -> bool {
    const WORDS: [&str; 6] = ["合计", "总计", "小计", "Total", "Sum", "Subtotal"];
    let fields = (0..row.len()).map(|at| row.field(at).trim_ascii());
    let first = fields.into_iter().find(|field| !field.is_empty()).unwrap_or_default();
    WORDS
        .iter()
        .any(|word| first.get(..word.len()).is_some_and(|own| own.eq_ignore_ascii_case(word.as_bytes())))
}

const _: () = assert!(FIELDS <= 64, "cells note numbers in 64 bits");

#[cfg(test)]
mod tests {
    use super::*;

    fn bill_of(inputs: &[(&str, &str)], settings: &BillSettings) -> Result<Bill> {
        let mut reader = BillReader::new(settings);
        for (name, text) in inputs {
            reader.read(name, &mut text.as_bytes())?;
        }
        reader.finish()
    }

    fn read(text: &str) -> Result<Bill> {
        bill_of(&[("bill.csv", text)], &BillSettings::default())
    }

    /// A line in words: place, account, period, connection, and the numbers with how far they may be off.
    fn shown(line: &BillLine) -> String {
        let item = &line.item;
        let connection = item.connection_id.as_deref().unwrap_or("-");
        let numbers = [line.usage, line.list_amount, line.net_amount].map(|number| format!("{number:?}"));
        format!(
            "{} {} {} {} {} {}",
            line.place,
            item.account_id,
            line.period,
            connection,
            item.category.as_str(),
            numbers.join(" ").replace("Some(", "").replace(')', "")
        )
    }

    fn lines(text: &str) -> Vec<String> {
        read(text).unwrap().lines.iter().map(shown).collect()
    }

    fn why(text: &str) -> String {
        read(text).unwrap_err().to_string()
    }

    const NEW: &str = "\u{feff}标识信息/账单明细ID,身份信息/资源购买账号ID,身份信息/资源归属账号ID,账单信息/账单月份,\
                       账单信息/账单日期,账单信息/费用类型,产品信息/产品Code,产品信息/选型配置,资源信息/实例ID（出账粒度）,用量信息/用量,\
                       用量信息/用量单位,定价信息/定价币种,费用信息/目录总价,优惠信息/优惠后金额\r\n";

    #[test]
    fn the_new_bill_is_read_with_its_tabs_its_json_and_its_mark() {
        let text = format!(
            "{NEW}L1,1000000000000009\t,\t1000000000000001\t,202610,20261005,云资源按量费用,cdt,\"[{{\"\"name\"\":\"\"a\"\"}}]\",\
             pcc-1;cn-huhehaote;x,200.5,GB,CNY,96.24,90\r\nL2,1000000000000009\t,,202610,,抹零调整,cdt,,,,,CNY,-0.004,-0.004\r\n"
        );
        assert_eq!(
            lines(&text),
            [
                "bill.csv:2 1000000000000001 2026-10-05 pcc-1 usage 200.5 ± 5e-2 96.24 ± 5e-3 90 ± 5e-4",
                "bill.csv:3 1000000000000009 2026-10 - rounding None -0.004 ± 5e-4 -0.004 ± 5e-4",
            ]
        );
    }

    #[test]
    fn all_that_is_wrong_with_a_row_is_one_fault_of_its_line() {
        let text = format!("{NEW}L1,1,1.00E+15,2026-1,202610055,,cdt,,,1,GB,CNY,\"1,5\",2\r\n");
        assert_eq!(
            why(&text),
            "bill.csv:2: account of the owner: \"1.00E+15\" is no account id: a spreadsheet has shortened it; format the \
             column as text and export again; month \"2026-1\": write it as 2026-10; day \"202610055\": write it as \
             2026-10-05 or 20261005; list amount: \"1,5\": a comma may stand for decimals or for thousands: write it with \
             a point, and without separators"
        );
    }
}
