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
    layout::{Cells, Columns, Field, header_marks, header_of},
    line::{LineReader, digest, digest_of_all, names_connection},
};
use crate::{
    error::{Causes, Error, ErrorKind, Fault, FaultCode, Result},
    model::{
        finding::{Said, Sentence},
        invalid::Invalid,
        quoted,
        time::ClockOffset,
    },
    read::{
        answer::{Members, answer_within, text_instead},
        json::{Scalar, scalar},
        rows::Rows,
        values::{Stop, Values},
    },
};
use serde_json::value::RawValue;
use std::{
    collections::{BTreeMap, HashMap, hash_map::Entry},
    io::Read,
    sync::Arc,
};

/// What a line takes until a bill is read: a million of them were measured to take 250 MB.
pub const BYTES_OF_A_LINE: u64 = 250;

/// The product whose charges peering connections are among.
pub const CDT: &str = "cdt";

/// How a bill is to be read.
#[derive(Debug, Clone)]
pub struct BillSettings {
    /// Codes of the products whose lines are read; those of others are counted.
    pub products: Vec<String>,
    /// What its columns are called, where that is not known.
    pub columns: BillColumns,
    /// Where the clocks stood that wrote the times of FOCUS, where these have no offset. All other bills are in UTC+8.
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
    /// Answers of the API with the id of a request that was met before, which count once.
    pub repeated_answers: u64,
    /// Lines without an id that stand in several inputs alike; all of them count.
    pub alike: u64,
    /// Rows of totals under the lines.
    pub totals: u64,
}

/// One of the numbers of a line.
type Column = fn(&mut BillLine) -> &mut Option<Printed>;
const COLUMNS: [Column; 3] =
    [|line| &mut line.usage, |line| &mut line.list_amount, |line| &mut line.net_amount];

impl Bill {
    /// What a reader should know of how it was read.
    pub fn notes(&self) -> Vec<Sentence> {
        let empty = self.inputs.iter().filter(|own| own.lines == 0).count() as u64;
        let counts = [
            (empty, Said::InputsWithoutLine { count: empty }),
            (self.repeated, Said::LinesRepeated { count: self.repeated }),
            (self.repeated_answers, Said::AnswersRepeated { count: self.repeated_answers }),
            (self.alike, Said::LinesAlike { count: self.alike }),
            (self.totals, Said::RowsOfTotals { count: self.totals }),
        ];
        let counts = counts.into_iter().filter(|(count, _)| *count > 0).map(|(_, said)| said);
        counts.chain(self.unknown_types()).map(Sentence::from).collect()
    }

    /// Types of lines that are not known, and taken for usage.
    fn unknown_types(&self) -> Vec<Said> {
        let mut unknown: BTreeMap<&str, u64> = BTreeMap::new();
        for BilledItem { category, line_type, .. } in self.lines.iter().map(|line| &*line.item) {
            if *category == BillCategory::Usage && !BillCategory::is_known_usage(line_type) {
                *unknown.entry(line_type).or_default() += 1;
            }
        }
        let told = |(line_type, count): (&str, u64)| Said::TypeNotKnown {
            count,
            line_type: quoted(line_type.as_bytes()),
        };
        unknown.into_iter().map(told).collect()
    }

    /// The products that it has lines of besides those that were asked for, in words; those that name connections come
    /// first.
    pub fn other_products(&self) -> String {
        const MOST: usize = 20;
        let mut others: Vec<(&str, OtherLines)> =
            self.others.iter().map(|(code, own)| (&**code, *own)).collect();
        others.sort_by_key(|(_, own)| own.of_connections == 0);
        let told = |(code, own): &(&str, OtherLines)| match own.of_connections {
            0 => format!("{code} ({})", own.lines),
            some => format!("{code} ({}, of which {some} name peering connections)", own.lines),
        };
        let more = if others.len() > MOST { " and others" } else { "" };
        let told: Vec<String> = others.iter().take(MOST).map(told).collect();
        format!("{}{more}", told.join(", "))
    }

    /// Says of whole numbers, and of those that went through single precision, that they hold to as many decimals as the
    /// others of their column do, in inputs of the same layout ([`Printed::to_decimals`]).
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
#[derive(Debug, Default)]
pub struct BillReader {
    settings: BillSettings,
    bill: Bill,
    lines: LineReader,
    /// Digests of the ids of lines, and of all that is read of these.
    ids: HashMap<[u8; 16], [u8; 16]>,
    /// Lines without an id, each with the number of its input.
    alike: HashMap<[u8; 16], usize>,
    faults: Causes,
    most_lines: Option<u64>,
    /// The layout of each line that is kept.
    layouts: Vec<&'static str>,
    /// Answers of the API, by the ids of their requests.
    answers: HashMap<Box<str>, blake3::Hash>,
    /// Names of inputs, by digests of what they hold.
    inputs: HashMap<blake3::Hash, Arc<str>>,
    pages: Pages,
}

impl BillReader {
    /// Of which nothing was read yet.
    pub fn new(settings: &BillSettings) -> Self {
        let lines = LineReader::new(settings.naive_offset);
        Self { settings: settings.clone(), lines, ..Self::default() }
    }

    /// The same, which keeps at most so many lines: each takes some [`BYTES_OF_A_LINE`] of memory.
    #[must_use]
    pub fn with_most_lines(self, most_lines: u64) -> Self {
        Self { most_lines: Some(most_lines), ..self }
    }

    /// Reads an input, which is decompressed and UTF-8. What is wrong with it is told by [`finish`](Self::finish), with
    /// what is wrong with others.
    ///
    /// # Errors
    ///
    /// [`Input`](ErrorKind::Input) where `input` fails, or has more lines than are to be kept.
    pub fn read(&mut self, name: &str, input: &mut dyn Read) -> Result<()> {
        let name: Arc<str> = name.into();
        let failed = |error: std::io::Error| Error::unusable(ErrorKind::Input, &name, error.to_string());
        self.bill.inputs.push(BillInput { name: name.clone(), layout: None, net: "", lines: 0 });
        let (kept, ids) = (self.bill.lines.len(), self.ids.len());
        let mut input = Digesting { input, hasher: blake3::Hasher::new() };
        self.read_values(&name, Values::new(&mut input).map_err(failed)?)?;
        if let Some(most) = self.most_lines.filter(|_| self.is_full()) {
            let why = format!(
                "with it the bill has more than {most} lines, which is what memory is allowed for: allow more of it"
            );
            return Err(Error::unusable(ErrorKind::Input, &name, why));
        }
        // What has ids counts once; of what has none it could not be told.
        let is_new = self.bill.lines.len() > kept && self.ids.len() == ids;
        if let (true, Some(first)) = (is_new, self.inputs.insert(input.hasher.finalize(), name.clone())) {
            let why = format!(
                "it has the same bytes as {first}, and its lines would count twice: give one of them"
            );
            self.refuse(&BillPlace { input: name, line: 1, item: None }, FaultCode::UnusableInput, why);
        }
        Ok(())
    }

    fn read_values(&mut self, name: &Arc<str>, mut values: Values<'_>) -> Result<()> {
        let failed = |error: std::io::Error| Error::unusable(ErrorKind::Input, name, error.to_string());
        match values.peek().map_err(failed)? {
            None => Ok(()),
            Some(b'{' | b'[') => self.read_answers(name, values),
            Some(_) => {
                if let Some(why) = text_instead(&values.unread()[..values.unread().len().min(BEGINNING)]) {
                    self.refuse(
                        &BillPlace { input: name.clone(), line: 1, item: None },
                        FaultCode::UnusableInput,
                        why,
                    );
                    return Ok(());
                }
                let (rest, line) = values.rest();
                self.read_table(name, line - 1, rest)
            }
        }
    }

    /// All that was read.
    ///
    /// # Errors
    ///
    /// [`Input`](ErrorKind::Input) with all that is wrong with the inputs, and where they hold no line at all.
    pub fn finish(self) -> Result<Bill> {
        let Self { mut bill, mut faults, layouts, pages, .. } = self;
        pages.faults().iter().for_each(|fault| faults.add(bill.inputs.len() + 1, fault, None, 1));
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

    fn refuse(&mut self, place: &BillPlace, code: FaultCode, why: impl Into<Invalid>) {
        let path = place.item.map(|item| format!("Items[{item}]").into());
        let fault = Fault { path, ..Fault::at(code, &place.input, place.line, why) };
        self.faults.add(self.bill.inputs.len(), &fault, None, 1);
    }

    fn read_table(&mut self, name: &Arc<str>, lines_before: u64, input: impl Read) -> Result<()> {
        let failed = |error: std::io::Error| Error::unusable(ErrorKind::Input, name, error.to_string());
        let mut rows = Rows::new(input);
        let Some(row) = rows.header(&header_marks()).map_err(failed)? else { return Ok(()) };
        let place = |line| BillPlace { input: name.clone(), line: line + lines_before, item: None };
        let line = row.line;
        let header = match header_of(&row, &self.settings.columns) {
            Ok(header) => header,
            Err(why) => {
                self.refuse(&place(line), FaultCode::UnusableInput, why);
                return Ok(());
            }
        };
        rows.keep_to(header.rule());
        self.note_layout(&header.columns);
        while let Some(row) = rows.next().map_err(failed)? {
            let place = place(row.line);
            if self.is_full() {
                break;
            }
            match header.cells(&row) {
                Ok(Some(cells)) => self.take(&header.columns, &cells, place),
                Ok(None) => self.bill.totals += 1,
                Err(why) => self.refuse(&place, FaultCode::UnreadableRow, why),
            }
        }
        Ok(())
    }

    /// Whether there are more lines than may be kept.
    fn is_full(&self) -> bool {
        self.most_lines.is_some_and(|most| self.bill.lines.len() as u64 > most)
    }

    fn note_layout(&mut self, columns: &Columns) {
        if let Some(own) = self.bill.inputs.last_mut() {
            (own.layout, own.net) = (Some(columns.layout.name), columns.layout.net);
        }
    }

    /// Reads answers of the API: one, an array of them, or one after the other.
    fn read_answers(&mut self, name: &Arc<str>, mut values: Values<'_>) -> Result<()> {
        let mut columns = None;
        loop {
            let place = |line| BillPlace { input: name.clone(), line, item: None };
            match values.next() {
                Ok(None) => return Ok(()),
                Ok(Some(_)) if self.is_full() => return Ok(()),
                Ok(Some((line, text))) => {
                    if let Err(why) = self.read_answer(&place(line), text, &mut columns) {
                        self.refuse(&place(line), FaultCode::UnusableInput, why);
                    }
                }
                Err(Stop::Unreadable(error)) => {
                    return Err(Error::unusable(ErrorKind::Input, name, error.to_string()));
                }
                Err(Stop::Malformed(line, why)) => {
                    self.refuse(&place(line), FaultCode::UnusableInput, why);
                    return Ok(());
                }
            }
        }
    }

    fn read_answer(
        &mut self,
        place: &BillPlace,
        text: &mut [u8],
        columns: &mut Option<ItemColumns>,
    ) -> Result<(), Invalid> {
        let answer = answer_within(text)?;
        let digest = blake3::hash(&text[answer.clone()]);
        let text = std::str::from_utf8(&text[answer]).map_err(|_| Invalid::not_utf8("it"))?;
        let members = Members::read(text)?;
        let within = match members.get("Data") {
            _ if has_failed(&members) => {
                return Err(members.error().unwrap_or_else(|| UNSUCCESSFUL.into()).into());
            }
            Some(data) => Members::read(data.get()).map_err(|why| format!("Data: {why}"))?,
            None if members.has("ProductCode") => {
                return self.take_item(place.clone(), text, &Page::default(), columns);
            }
            None => Members::read(text)?,
        };
        let Some(items) = within.list("Items")? else { return Err(NO_ANSWER.into()) };
        let request = members.shown("RequestId");
        if !request.is_empty() {
            match self.answers.entry(request.into()) {
                Entry::Vacant(entry) => drop(entry.insert(digest)),
                Entry::Occupied(entry) if *entry.get() == digest => {
                    self.bill.repeated_answers += 1;
                    return Ok(());
                }
                Entry::Occupied(entry) => {
                    let id = quoted(entry.key().as_bytes());
                    return Err(format!(
                        "an answer with the RequestId {id} was met before, and says something else"
                    )
                    .into());
                }
            }
        }
        let page = Page { month: within.shown("BillingCycle"), payer: within.shown("AccountID") };
        self.pages.add(place, &page, &within, &items)?;
        for (index, item) in (0..).zip(&items) {
            let place = BillPlace { item: Some(index), ..place.clone() };
            if let Err(why) = self.take_item(place.clone(), item.get(), &page, columns) {
                self.refuse(&place, FaultCode::UnreadableRow, why);
            }
        }
        Ok(())
    }

    /// Takes an item of an answer, or one that stands without it.
    fn take_item(
        &mut self,
        place: BillPlace,
        text: &str,
        page: &Page,
        columns: &mut Option<ItemColumns>,
    ) -> Result<(), Invalid> {
        let members = Members::read(text)?;
        let own = match columns {
            Some(own) if own.fit(&members) => own,
            other => {
                let own = ItemColumns::find(&members, &self.settings.columns)?;
                self.note_layout(&own.columns);
                other.insert(own)
            }
        };
        let cells = own.cells(&members, page)?;
        let columns = own.columns.clone();
        self.take(&columns, &cells, place);
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
        let own = place.clone();
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
            Err(why) => self.refuse(&own, FaultCode::UnreadableRow, why),
        }
    }

    /// Whether no line with the id of this one was met before.
    fn is_new(&mut self, cells: &Cells<'_>) -> Result<bool, Invalid> {
        let all = digest_of_all(cells);
        // What some programs write into the column of the key is the product.
        let is_key = |id: &&str| !id.eq_ignore_ascii_case(cells.text(Field::Product));
        let Some(id) = cells.given(Field::LineId).filter(is_key) else {
            self.note_alike(all);
            return Ok(true);
        };
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

    /// Notes a line without an id, and whether another input has one like it: a folder may hold files of days and of
    /// their month.
    fn note_alike(&mut self, line: [u8; 16]) {
        const COUNTED: usize = usize::MAX;
        let input = self.bill.inputs.len();
        match self.alike.entry(line) {
            Entry::Vacant(entry) => drop(entry.insert(input)),
            Entry::Occupied(entry) if [input, COUNTED].contains(entry.get()) => {}
            Entry::Occupied(mut entry) => {
                entry.insert(COUNTED);
                self.bill.alike += 1;
            }
        }
    }
}

/// Digests what is read.
struct Digesting<'a> {
    input: &'a mut dyn Read,
    hasher: blake3::Hasher,
}

impl Read for Digesting<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.input.read(buffer)?;
        self.hasher.update(&buffer[..count]);
        Ok(count)
    }
}

/// So many bytes of a text show that it is the error of a command line.
const BEGINNING: usize = 4096;
const UNSUCCESSFUL: &str = "the provider did not answer with success; ask again";
const NO_ANSWER: &str = "it is no answer of DescribeInstanceBill or QueryInstanceBill, which has Data with Items, and no \
                         item of one";

/// Whether an answer says that it is none of success.
fn has_failed(members: &Members<'_>) -> bool {
    let code = members.shown("Code");
    members.shown("Success") == "false" || !matches!(code.as_str(), "" | "200" | "Success" | "success")
}

/// What an answer says of all of its items.
#[derive(Debug, Default)]
struct Page {
    month: String,
    payer: String,
}

/// The columns of items, which have their members in the same order mostly.
#[derive(Debug)]
struct ItemColumns {
    names: Vec<String>,
    columns: Columns,
}

impl ItemColumns {
    fn find(members: &Members<'_>, settings: &BillColumns) -> Result<Self, Invalid> {
        let names: Vec<String> = members.names().map(str::to_owned).collect();
        // What an answer says once may be told of all its items.
        let columns = Columns::find(&names, settings, &[Field::Month, Field::Payer])?;
        Ok(Self { names, columns })
    }

    fn fit(&self, members: &Members<'_>) -> bool {
        members.names().eq(self.names.iter().map(String::as_str))
    }

    fn cells<'a>(&self, members: &Members<'a>, page: &'a Page) -> Result<Cells<'a>, Invalid> {
        let mut cells = Cells::default();
        for (field, of_page) in [(Field::Month, &page.month), (Field::Payer, &page.payer)] {
            cells.set(field, of_page.as_str(), false);
        }
        for field in Field::ALL {
            let Some(position) = self.columns.positions[field as usize] else { continue };
            let Some(value) = members.value_at(position) else { continue };
            let Scalar { text, is_number } = scalar(&self.names[position], Some(value))?;
            if !text.is_empty() {
                cells.set(field, text, is_number);
            }
        }
        Ok(cells)
    }
}

/// Pages of answers, by what they are pages of: month, account, day and how many items there are of it.
#[derive(Debug, Default)]
struct Pages(BTreeMap<(String, String, String, Option<u64>), PageCount>);

/// How much of a list of pages is here.
#[derive(Debug)]
struct PageCount {
    /// Where the first of them stands.
    place: BillPlace,
    items: u64,
    /// Pages that begin a list, as they have the number 1, or that end it, as no token follows.
    lists: u64,
    /// Whether a page says that another follows.
    goes_on: bool,
}

impl Pages {
    fn add(
        &mut self,
        place: &BillPlace,
        page: &Page,
        data: &Members<'_>,
        items: &[&RawValue],
    ) -> Result<(), Invalid> {
        let count = |name: &str| match data.shown(name) {
            text if text.is_empty() => Ok(None),
            text => text
                .parse::<u64>()
                .map(Some)
                .map_err(|_| Invalid::new(format!("{name}: {text:?} is no count"))),
        };
        let total = count("TotalCount")?;
        let first = items.first().map(|item| Members::read(item.get())).transpose()?;
        let day = first.map_or_else(String::new, |item| item.shown("BillingDate"));
        let key = (page.month.clone(), page.payer.clone(), day, total);
        let own = self.0.entry(key).or_insert_with(|| PageCount {
            place: place.clone(),
            items: 0,
            lists: 0,
            goes_on: false,
        });
        let follows = !data.shown("NextToken").is_empty();
        let bounds_list = count("PageNum")?.map_or(!follows, |number| number == 1);
        own.items += items.len() as u64;
        own.lists += u64::from(bounds_list);
        own.goes_on |= follows;
        Ok(())
    }

    /// What is wrong with lists of which not all pages are here, or some twice: a part of a bill is compared with none.
    fn faults(&self) -> Vec<Fault> {
        let mut faults = Vec::new();
        for ((month, _, day, total), PageCount { place, items, lists, goes_on }) in &self.0 {
            let of = if day.is_empty() { month } else { day };
            let wanted = total.map_or(*items, |total| total.saturating_mul(*lists.max(&1)));
            let why = if *goes_on && *lists == 0 {
                format!(
                    "the last answer for {of} says that another one follows: give the answers with the other pages"
                )
            } else if *items < wanted {
                format!("{items} of {wanted} items for {of} are here: give the answers with the other pages")
            } else if *items > wanted {
                format!(
                    "{items} items for {of} are here, and the answers count {wanted}: is a page given twice?"
                )
            } else {
                continue;
            };
            faults.push(Fault::at(FaultCode::UnusableInput, &place.input, place.line, why));
        }
        faults
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::invalid::Remedy;

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

    const DETAILS: &str = "资源购买账号ID,资源归属账号ID,账单月份,账单日期,费用类型,产品Code,资产/资源实例ID,计费项Code,用量,用量单位,目录价,\
                           目录总价,优惠券抵扣金额,应付金额,定价币种,主键\r\n";
    const DETAIL: &str = "账期,账号ID,Owner账号ID,产品Code,消费类型,账单开始时间,账单结束时间,账单类型,实例ID,地域,计费项Code,单价,用量,\
                          用量单位,官网价,优惠券抵扣,应付金额,币种,主键\n";
    const OSS: &str = "BillingCycle,AccountID,OwnerID,ProductCode,UsageStartTime,UsageEndTime,Item,InstanceID,Region,\
                       PretaxGrossAmount,DeductedByCoupons,PretaxAmount\n";
    const FOCUS: &str = "BillingAccountId,SubAccountId,ChargePeriodStart,ChargePeriodEnd,ChargeCategory,x_CommodityCode,\
                         X_InstanceID,RegionId,PricingQuantity,PricingUnit,ListCost,BilledCost,BillingCurrency\n";

    #[test]
    fn each_layout_is_known_by_its_names() {
        let english = "\u{feff}IdentityDetails/ResourceOwnerAccountId;BillingDetails/BillingMonth;BillingDetails/BillingDate;\
                       ProductDetails/ProductCode;ResourceDetails/InstanceId;UsageDetails/Usage;FeeDetails/GrossAmount;\
                       DiscountDetails/DiscountAmount;PricingDetails/Currency\n\
                       1000000000000001;202610;20261005;cdt;pcc-1;2;0.96;0.06;CNY\n";
        let details = format!(
            "{DETAILS}1000000000000009,1000000000000001,202610,20261005,PayAsYouGoBill,cdt,pcc-1;x,i,2,GB,0.48,0.96,0.01,0.95,CNY,cdt\r\n"
        );
        let detail = format!(
            "{DETAIL}202610,1000000000000009,1000000000000001,cdt,,2026-10-05 11:00:00,2026-10-05 12:00:00,后付费账单,pcc-1,\
             华北,i,0.48,2,GB,0.96,0,0.96,CNY,k1\n\
             202610,1000000000000009,1000000000000001,cdt,,2026-10-05 12:00:00,2026-10-05 12:59:59,后付费账单,pcc-1,\
             华北,i,0.48,2,GB,0.96,0,0.96,CNY,k2\n"
        );
        let oss = format!(
            "{OSS}2026-10,1000000000000009,1000000000000001,cdt,2026-10-05 00:00:00,2026-10-06 00:00:00,PayAsYouGoBill,pcc-1,x,\
             0.96,0.00,0.96\n2026-10,1000000000000009,0,cdt,,,Refund,,,-1.00,0.00,-1.00\n"
        );
        let focus = format!(
            "{FOCUS}1000000000000009,1000000000000001,2026-10-05T03:00:00Z,2026-10-05T04:00:00Z,Usage,cdt,pcc-1;x,cn-huhehaote,\
             2,GB,0.96,0.95,CNY\n"
        );
        const NUMBERS: &str = "2 ± 5e-1 0.96 ± 5e-3";
        for (text, lines_read) in [
            (english, vec![format!("2 1000000000000001 2026-10-05 pcc-1 usage {NUMBERS} 0.9 ± 10e-3")]),
            (&details, vec![format!("2 1000000000000001 2026-10-05 pcc-1 usage {NUMBERS} 0.96 ± 10e-3")]),
            (
                &detail,
                [(2, 3), (3, 4)]
                    .map(|(line, hour)| {
                        format!(
                            "{line} 1000000000000001 2026-10-05T0{hour}:00:00Z pcc-1 usage {NUMBERS} 0.96 ± 5e-3"
                        )
                    })
                    .to_vec(),
            ),
            (
                &oss,
                vec![
                    "2 1000000000000001 2026-10-05 pcc-1 usage None 0.96 ± 5e-3 0.96 ± 5e-3".into(),
                    "3 1000000000000009 2026-10 - refund None -1 ± 5e-3 -1 ± 5e-3".into(),
                ],
            ),
            (
                &focus,
                vec![format!("2 1000000000000001 2026-10-05T03:00:00Z pcc-1 usage {NUMBERS} 0.95 ± 5e-3")],
            ),
        ] {
            let expected: Vec<String> = lines_read.iter().map(|line| format!("bill.csv:{line}")).collect();
            assert_eq!(lines(text), expected);
        }
    }

    /// An answer of `DescribeInstanceBill`.
    fn answer(request: &str, day: &str, total: u64, token: &str, items: &str) -> String {
        let items = items.replace("DAY", day);
        format!(
            "{{\"RequestId\":\"{request}\",\"Success\":true,\"Code\":\"Success\",\"Message\":\"\",\"Data\":{{\"BillingCycle\":\
             \"2026-10\",\"AccountID\":\"1000000000000009\",\"TotalCount\":{total},\"NextToken\":\"{token}\",\"Items\":[{items}]}}}}"
        )
    }

    const ITEM: &str = r#"{"ProductCode":"cdt","Item":"PayAsYouGoBill","InstanceID":"pcc-1;cn-huhehaote","Usage":"2.50",
        "UsageUnit":"GB","ListPrice":"0.48","PretaxGrossAmount":1.2,"DeductedByCoupons":0.0,"PretaxAmount":1.2,
        "Currency":"CNY","BillingDate":"DAY","OwnerID":"1000000000000001"}"#;

    #[test]
    fn answers_of_the_api_are_read_in_pages_and_as_sdks_hand_them_over() {
        let one = answer("R1", "2026-10-05", 1, "", ITEM);
        let seen = "Items[0] 1000000000000001 2026-10-05 pcc-1 usage 2.5 ± 5e-3 1.2 ± 5e-3 1.2 ± 5e-3";
        assert_eq!(lines(&one), [format!("bill.csv:1: {seen}")]);
        let small = one.replace("\"Data\"", "\"data\"").replace("\"Items\"", "\"items\"");
        let small = small.replace("\"ProductCode\"", "\"productCode\"").replace("\"OwnerID\"", "\"ownerID\"");
        let text = serde_json::to_string(&one).unwrap();
        let item = one.replace("\"Items\":[", "\"Items\":{\"Item\":[").replace("]}}", "]}}}");
        for other in [
            small,
            format!("[{one}]"),
            format!("{{\"headers\":{{}},\"statusCode\":200,\"body\":{one}}}"),
            format!("{{\"headers\":{{}},\"statusCode\":200,\"body\":{text}}}"),
            item,
        ] {
            assert_eq!(lines(&other), [format!("bill.csv:1: {seen}")], "{other}");
        }
        let pages = [answer("R1", "2026-10-05", 2, "t", ITEM), answer("R2", "2026-10-05", 2, "", ITEM)];
        assert_eq!(lines(&pages.join("\n")).len(), 2);
        // The pages of a day stand in as many inputs as one likes, and in any order.
        let inputs = [("2.json", &*pages[1]), ("1.json", &*pages[0]), ("3.json", &*one.replace("R1", "R3"))];
        assert_eq!(bill_of(&inputs, &BillSettings::default()).unwrap().lines.len(), 3);
        let bare =
            ITEM.replace("DAY", "20261005").replace("\"Item\"", "\"BillingCycle\":\"2026-10\",\"Item\"");
        assert_eq!(lines(&format!("[{bare},{bare}]")).len(), 2);
        let again = read(&format!("{one}{one}")).unwrap();
        assert_eq!((again.lines.len(), again.repeated_answers), (1, 1));
    }

    #[test]
    fn answers_that_are_a_part_of_a_bill_are_refused() {
        let first = answer("R1", "2026-10-05", 2, "t", ITEM);
        let last = answer("R2", "2026-10-05", 2, "", ITEM);
        let day = "2026-10-05";
        for (text, expected) in [
            (first.clone(), format!("the last answer for {day} says that another one follows")),
            (last.clone(), format!("1 of 2 items for {day} are here: give the answers with the other pages")),
            (
                format!("{first}{last}{}", last.replace("R2", "R3")),
                format!("3 of 4 items for {day} are here"),
            ),
            (
                format!("{first}{}{last}", first.replace("R1", "R3")),
                format!("3 items for {day} are here, and the answers count 2: is a page given twice?"),
            ),
            (
                format!("{first}{}", last.replace("R2", "R1")),
                "the RequestId \"R1\" was met before, and says something else".into(),
            ),
            (
                last.replace("\"TotalCount\":2", "\"PageNum\":2,\"TotalCount\":2"),
                format!("1 of 2 items for {day} are here"),
            ),
            (
                "{\"Success\":false,\"Code\":\"NotAuthorized\",\"Message\":\"no\"}".into(),
                "the provider answered with the error NotAuthorized: no".into(),
            ),
            ("{\"Success\":false}".into(), "did not answer with success".into()),
            ("{\"a\":1}".into(), "no answer of DescribeInstanceBill".into()),
            ("[1]".into(), "an object should".into()),
            ("ERROR: SDKError\nCode: Throttling\n".into(), "Throttling; ask again".into()),
            (answer("R1", "x", 1, "", "{\"ProductCode\":\"cdt\"}"), "header".into()),
            (
                answer("R1", "2026-10-05", 1, "", &ITEM.replace("1.2,", "true,")),
                "bill.csv:1: Items[0]: PretaxGrossAmount \"true\" is neither a number nor text".into(),
            ),
        ] {
            let why = why(&text);
            assert!(why.contains(&expected), "{expected}: {why}");
        }
    }

    #[test]
    fn a_line_counts_once_and_is_not_taken_for_another_with_its_id() {
        let row = |id: &str, amount: &str| {
            format!("{id},,1000000000000001,202610,20261005,,cdt,,pcc-1,1,GB,CNY,{amount},{amount}\r\n")
        };
        let (first, second) = (format!("{NEW}{}{}", row("L1", "1.00"), row("L2", "1.00")), row("L1", "1.00"));
        let bill = read(&format!("{first}{second}")).unwrap();
        assert_eq!((bill.lines.len(), bill.repeated), (2, 1));
        assert_eq!(
            bill.notes().iter().map(ToString::to_string).collect::<Vec<_>>(),
            ["1 lines of the bill have the id of a line before them, say the same, and count once"]
        );
        assert!(
            why(&format!("{first}{}", row("L1", "1.01")))
                .contains("bill.csv:4: a line with the id \"L1\" was met before, and says something else")
        );
        // Without ids, what is given twice as a whole is seen.
        let without = format!("{NEW}{}", row("", "1.00"));
        let twice =
            bill_of(&[("a.csv", &without), ("b.csv", &without)], &BillSettings::default()).unwrap_err();
        assert!(twice.to_string().contains("b.csv:1: it has the same bytes as a.csv"), "{twice}");
        assert_eq!(
            bill_of(&[("a.csv", &first), ("b.csv", &first)], &BillSettings::default()).unwrap().repeated,
            2
        );
        let more = format!("{without}{}", row("", "1.00"));
        for inputs in [[("a.csv", &*without), ("b.csv", &*more)], [("b.csv", &*more), ("a.csv", &*without)]] {
            let bill = bill_of(&inputs, &BillSettings::default()).unwrap();
            assert_eq!((bill.lines.len(), bill.alike), (3, 1));
        }
    }

    #[test]
    fn rows_that_are_no_lines_are_passed_over_and_counted() {
        let row = "2026-10,1000000000000009,1000000000000001,cdt,,,,,,1.00,0.00,1.00\n";
        let bill =
            read(&format!("{OSS}{row},,,,,,,,,,,\n\n合计,,,,,,,,,1.00,0.00,1.00\nTotal: 1.00\n")).unwrap();
        assert_eq!((bill.lines.len(), bill.totals), (1, 2));
        assert!(why(&format!("{OSS}{row}note\n")).contains("bill.csv:3: 1 fields where the header has 12"));
        let inputs =
            [("a.csv", ""), ("b.csv", OSS), ("c.csv", "\u{feff}\r\n"), ("d.csv", &*format!("{OSS}{row}"))];
        let bill = bill_of(&inputs, &BillSettings::default()).unwrap();
        assert_eq!(bill.notes()[0].to_string(), "3 inputs of the bill hold no line");
        let nothing = bill_of(&inputs[..3], &BillSettings::default()).unwrap_err();
        assert!(nothing.to_string().contains("the bill holds no line"), "{nothing}");
        assert_eq!(nothing.kind(), ErrorKind::Input);
    }

    #[test]
    fn a_bill_of_more_lines_than_are_to_be_kept_is_refused() {
        let row = "2026-10,1000000000000009,1000000000000001,cdt,,,,,,1.00,0.00,1.00\n";
        let read = |rows: usize| {
            let mut reader = BillReader::new(&BillSettings::default()).with_most_lines(2);
            reader.read("bill.csv", &mut format!("{OSS}{}", row.repeat(rows)).as_bytes())
        };
        assert!(read(2).is_ok());
        assert!(
            read(3).unwrap_err().to_string().starts_with("bill.csv: with it the bill has more than 2 lines")
        );
    }

    #[test]
    fn lines_of_other_products_are_counted_and_not_read() {
        let other = "nonsense,,x,ecs,,,,pcc-9,,one,two,three\n";
        let row = "2026-10,1000000000000009,1000000000000001,cdt,,,,,,1.00,0.00,1.00\n";
        let bill = read(&format!("{OSS}{other}{row}")).unwrap();
        assert_eq!(bill.lines.len(), 1);
        assert_eq!(bill.others["ecs"], OtherLines { lines: 1, of_connections: 1 });
        let bill = read(&format!("{OSS}{other}{}", other.replace("ecs", "a").replace("pcc-9", ""))).unwrap();
        assert_eq!(bill.other_products(), "ecs (1, of which 1 name peering connections), a (1)");
    }

    #[test]
    fn columns_may_be_called_otherwise() {
        let columns: BillColumns = toml::from_str(
            "account-id = \"who\"\nbilling-date = \"day\"\nproduct-code = \"what\"\nlist-amount = \"cost\"\n\
             instance-id = \"id\"\nline-id = \"\"\n",
        )
        .unwrap();
        let settings = BillSettings { columns, ..BillSettings::default() };
        let text = "what,who,day,id,cost\ncdt,1000000000000001,2026-10-05,pcc-1,1.00\n";
        let bill = bill_of(&[("bill.csv", text)], &settings).unwrap();
        assert_eq!(
            shown(&bill.lines[0]),
            "bill.csv:2 1000000000000001 2026-10-05 pcc-1 usage None 1 ± 5e-3 None"
        );
        // A name holds in each layout that has it; elsewhere the known ones do, and an empty one has no column.
        let renamed = format!("{NEW}L1,,1,202610,20261005,,cdt,,pcc-1,1,GB,CNY,1.00,1.00\r\nL1,,1,202610,20261006,,cdt,,pcc-1,1,GB,CNY,2.00,2.00\r\n")
            .replace("费用信息/目录总价", "费用信息/cost");
        let mapped: BillColumns =
            toml::from_str("list-amount = \"费用信息/cost\"\nline-id = \"\"\n").unwrap();
        let settings = BillSettings { columns: mapped, ..settings };
        assert_eq!(bill_of(&[("bill.csv", &renamed)], &settings).unwrap().lines.len(), 2);
        assert!(toml::from_str::<BillColumns>("line_id = \"a\"").is_err());
    }

    #[test]
    fn a_header_that_is_none_of_a_bill_is_told_apart() {
        for (text, expected) in [
            ("timestamp,connection_id,sender,bytes\n", "the input holds traffic, and a bill"),
            ("a,b,c\n1,2,3\n", "its header is that of no bill which is known; it has \"a,b,c\""),
            (
                "BillingAccountId,BilledCost,ChargePeriodStart,x_Sender,x_LinkType\n",
                "charges that were made from traffic",
            ),
            (
                "BillingCycle,ProductCode,PretaxAmount\n",
                "it is read as a file of OSS, or items of the API, and no column says what is its account-id",
            ),
            (
                "BillingCycle,OwnerID,ProductCode,Product_Code,PretaxAmount\n",
                "the header has the column \"Product_Code\" twice",
            ),
        ] {
            let why = why(text);
            assert!(why.contains(expected), "{expected}: {why}");
        }
        let renamed = format!(
            "{}1",
            NEW.replace("产品Code", "产品 Codes").replace("目录总价", "总价").replace("优惠后金额", "x")
        );
        let mut reader = BillReader::new(&BillSettings::default());
        reader.read("bill.csv", &mut renamed.as_bytes()).unwrap();
        let remedy = reader.finish().unwrap_err().faults()[0].remedy.clone();
        let lines = ["[columns.bill]", "product-code = \"产品信息/产品 Codes\"", "list-amount = \"NAME\""];
        assert_eq!(remedy, Some(Remedy::MapColumns { lines: lines.map(String::from).into() }));
        let gbk = [b"BillingCycle,OwnerID,\xb2\xfa\xc6\xb7\n".as_slice()].concat();
        let mut reader = BillReader::new(&BillSettings::default());
        reader.read("bill.csv", &mut &gbk[..]).unwrap();
        let error = reader.finish().unwrap_err();
        assert!(error.to_string().contains("the header is not UTF-8"), "{error}");
        assert!(error.faults()[0].remedy.is_some());
    }

    #[test]
    fn what_cannot_be_told_for_certain_is_refused() {
        let row = |account: &str, instance: &str, span: &str, amount: &str| {
            why(&format!("{OSS}2026-10,1000000000000009,{account},cdt,{span},,{instance},,{amount},0,1\n"))
        };
        const ONE: &str = "1000000000000001";
        for (why, expected) in [
            (row("1.00E+15", "", ",", "1"), "a spreadsheet has shortened it"),
            (row(ONE, "pcc-1;pcc-2", ",", "1"), "names two connections, pcc-1 and pcc-2"),
            (row(ONE, "", "2026-10-05 11:00,yesterday", "1"), "end \"yesterday\""),
            (row(ONE, "", ",", "\"1,234\""), "list amount: \"1,234\": a comma may stand"),
            (row(ONE, "", ",", "1.2E+5"), "Excel has rounded"),
            (why(&format!("{OSS},,{ONE},cdt,,,,,,1,0,1\n")), "it tells neither day nor month"),
            (why(&format!("{OSS}2026-10,,,cdt,,,,,,1,0,1\n")), "it names no account"),
            (why(&format!("{OSS}2026-10,,{ONE},,,,,,,1,0,1\n")), "it names no product"),
            (
                why(&format!(
                    "{FOCUS}1,{ONE},2026-10-05 03:00:00,2026-10-05 04:00:00,Usage,cdt,,,1,GB,1,1,CNY\n"
                )),
                "the offset is missing",
            ),
        ] {
            assert!(why.contains(expected), "{expected}: {why}");
        }
    }

    #[test]
    fn whole_numbers_hold_to_the_decimals_of_their_column() {
        let row = |amount: &str| format!("2026-10,,1000000000000001,cdt,,,,,,{amount},,{amount}\n");
        let text = format!("{OSS}{}{}{}", row("14"), row("0.25"), row("0"));
        let tolerances: Vec<_> =
            read(&text).unwrap().lines.iter().map(|line| line.list_amount.unwrap().tolerance()).collect();
        assert_eq!(tolerances, [(5, 3), (5, 3), (5, 3)]);
        let alone = read(&format!("{OSS}{}", row("14"))).unwrap();
        assert_eq!(alone.lines[0].list_amount.unwrap().tolerance(), (5, 1));
    }

    #[test]
    fn a_bill_that_ends_early_is_an_error_or_lacks_whole_lines() {
        let row =
            "L1,,1000000000000001,202610,20261005,,cdt,\"[{\"\"a\"\":1}]\",pcc-1,1.5,GB,CNY,1.25,1.25\r\n";
        let all = format!("{NEW}{row}{}", row.replace("L1", "L2"));
        let whole = read(&all).unwrap().lines;
        for end in (0..all.len()).filter(|end| all.is_char_boundary(*end)) {
            // Where an amount is cut, it cannot be seen: the last line is read, with fewer digits.
            match read(&all[..end]) {
                Ok(bill) => {
                    assert!(bill.lines.len() <= whole.len() && bill.lines[0].item == whole[0].item, "{end}");
                }
                Err(error) => assert_eq!(error.kind(), ErrorKind::Input, "{end}"),
            }
        }
        let answer = answer("R1", "2026-10-05", 1, "", ITEM);
        for end in 1..answer.len() {
            assert!(read(&answer[..end]).is_err(), "{end}");
        }
    }
}
