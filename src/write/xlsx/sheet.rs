//! Tables of a workbook: columns of one kind, rows that go on on further sheets, totals that a spreadsheet computes.
//!
//! Nothing here knows what a table is about.

use crate::{
    error::{Error, Result},
    write::{csv::output_error, shown::shown},
};
use rust_xlsxwriter::{
    Format, FormatAlign, FormatBorder, Formula, IgnoreError, Workbook, Worksheet, XlsxError,
    column_number_to_name,
};
use std::{
    borrow::Cow,
    collections::{BTreeMap, VecDeque},
    ops::Range,
};

/// So many rows has a sheet, its header among them.
pub(super) const ROWS_OF_A_SHEET: u32 = 1_048_576;

/// A table of more rows is not held in memory.
const ROWS_IN_MEMORY: usize = 20_000;

/// So much text has room in a cell, in units of UTF-16.
const TEXT_OF_A_CELL: usize = 32_767;

/// A double holds every number of so many significant digits to its last one.
const DIGITS_OF_A_DOUBLE: usize = 15;

/// A chart takes the room of so many columns without a width of their own.
pub(super) const COLUMNS_OF_A_CHART: usize = 12;
/// And of so many rows.
pub(super) const ROWS_OF_A_CHART: u32 = 24;

/// No column is wider, in characters.
const WIDEST: usize = 60;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Ids, names, months, instants: never a number, whatever it looks like.
    Text,
    /// Sentences, which may take several lines.
    Prose,
    /// Bytes, records and hours.
    Count,
    /// GB and amounts of money.
    Amount,
    /// Prices of one GB, which may have more decimals.
    Price,
}

impl Kind {
    fn is_number(self) -> bool {
        !matches!(self, Self::Text | Self::Prose)
    }

    /// How a spreadsheet shows it: with all the decimals that there are. `@` keeps a text what it is even after
    /// somebody has edited its cell.
    fn format(self) -> Format {
        match self {
            Self::Text => Format::new().set_num_format("@").set_indent(1),
            Self::Prose => Format::new().set_num_format("@").set_text_wrap().set_align(FormatAlign::Top),
            Self::Count => Format::new().set_num_format("#,##0"),
            Self::Amount => Format::new().set_num_format("#,##0.00########"),
            Self::Price => Format::new().set_num_format("0.00################"),
        }
    }
}

/// A column: its name, which stands in the header, and what it holds.
#[derive(Debug, Clone)]
pub(super) struct Head {
    pub name: String,
    pub kind: Kind,
}

impl Head {
    pub fn new(name: &str, kind: Kind) -> Self {
        Self { name: shown(name).into_owned(), kind }
    }
}

/// What stands in a cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Cell<'a> {
    /// A value, whose column says what it is; none where it is empty. A number is plain decimal text.
    Value(Cow<'a, str>),
    /// A formula, and the number that it gives.
    Formula { formula: String, result: String },
}

impl<'a> From<&'a str> for Cell<'a> {
    fn from(value: &'a str) -> Self {
        Self::Value(value.into())
    }
}

impl From<String> for Cell<'_> {
    fn from(value: String) -> Self {
        Self::Value(value.into())
    }
}

/// A workbook in the making.
pub(super) struct Book {
    pub workbook: Workbook,
    /// The rows of a sheet, fewer in a test.
    pub rows_of_a_sheet: u32,
    /// Whether a text was too long for its cell.
    pub has_cut_text: bool,
}

impl Book {
    fn text<'t>(&mut self, text: &'t str) -> Cow<'t, str> {
        let mut text = shown(text);
        // No characters of XML.
        if text.contains(['\u{fffe}', '\u{ffff}']) {
            text = text.replace('\u{fffe}', "\\u{fffe}").replace('\u{ffff}', "\\u{ffff}").into();
        }
        // A byte of UTF-8 is at least a third of a unit of UTF-16.
        if text.len() <= TEXT_OF_A_CELL || text.encode_utf16().count() <= TEXT_OF_A_CELL {
            return text;
        }
        self.has_cut_text = true;
        let mut room = TEXT_OF_A_CELL - 1;
        let fitting = text.chars().take_while(|letter| {
            let fits = letter.len_utf16() <= room;
            room = room.saturating_sub(letter.len_utf16());
            fits
        });
        Cow::Owned(fitting.chain(['…']).collect())
    }

    fn sheet(&mut self, name: &str, in_memory: bool) -> Result<Worksheet> {
        let mut sheet = match in_memory {
            true => Worksheet::new(),
            false => self.workbook.new_worksheet_with_constant_memory().map_err(failed)?,
        };
        sheet.set_name(name).map_err(failed)?;
        Ok(sheet)
    }
}

/// The error of a workbook that cannot be written.
pub(super) fn failed(error: XlsxError) -> Error {
    output_error(&error.to_string())
}

/// A table, on one sheet or on as many as it needs, each with the header.
pub(super) struct Table {
    name: String,
    heads: Vec<Head>,
    in_memory: bool,
    /// Whether all of it, with a total, will stand on one sheet.
    is_one_sheet: bool,
    /// The rows of data that one sheet takes.
    rows_of_a_sheet: usize,
    sheets: Vec<Worksheet>,
    /// The rows of data so far, on all sheets.
    rows: usize,
    /// The row of the last sheet that is written next.
    next: u32,
    /// For each column of numbers, the rows whose number is text, in order.
    texts: Vec<Vec<usize>>,
    /// The widest text of each column so far, in characters.
    widths: Vec<usize>,
    /// A second, small table to the right, from whose rows a chart is drawn.
    beside: VecDeque<Vec<Cell<'static>>>,
    beside_kinds: Vec<Kind>,
}

impl Table {
    /// An empty one, which will have so many rows.
    pub fn new(book: &mut Book, name: impl Into<String>, heads: Vec<Head>, rows: usize) -> Result<Self> {
        let rows_of_a_sheet = book.rows_of_a_sheet as usize - 1;
        let mut table = Self {
            name: name.into(),
            in_memory: rows <= ROWS_IN_MEMORY,
            // A total stands below, a blank row apart.
            is_one_sheet: rows + 2 <= rows_of_a_sheet,
            rows_of_a_sheet,
            sheets: Vec::new(),
            rows: 0,
            next: 0,
            texts: vec![Vec::new(); heads.len()],
            widths: vec![0; heads.len()],
            heads,
            beside: VecDeque::new(),
            beside_kinds: Vec::new(),
        };
        table.begin_sheet(book)?;
        Ok(table)
    }

    /// Puts a small table to the right of it, from which a chart between them is drawn, on its first sheet; before any row
    /// is added.
    pub fn put_beside(
        &mut self,
        book: &mut Book,
        heads: &[Head],
        rows: impl IntoIterator<Item = Vec<Cell<'static>>>,
    ) -> Result<()> {
        let (first, sheet) = (self.beside_column(), &mut self.sheets[0]);
        self.widths.resize(first + heads.len(), 0);
        for (column, head) in (first..).zip(heads) {
            write_head(book, sheet, &mut self.widths, column, head)?;
        }
        self.beside_kinds = heads.iter().map(|head| head.kind).collect();
        self.beside = rows.into_iter().collect();
        Ok(())
    }

    /// The name of its first sheet.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How many rows of data it has.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The names of its sheets.
    pub fn names(&self) -> Vec<String> {
        (0..self.sheets.len()).map(|index| self.sheet_name(index)).collect()
    }

    fn sheet_name(&self, index: usize) -> String {
        if index == 0 { self.name.clone() } else { format!("{} {}", self.name, index + 1) }
    }

    /// The index of a column by its name.
    fn column(&self, name: &str) -> Option<usize> {
        self.heads.iter().position(|head| head.name == name)
    }

    /// Its first sheet, for a chart.
    pub fn first_sheet(&mut self) -> &mut Worksheet {
        &mut self.sheets[0]
    }

    /// The index of the column in which a chart begins, to the right of it.
    pub fn chart_column(&self) -> usize {
        self.heads.len() + 1
    }

    /// The index of the column in which the table beside begins, behind the chart.
    pub fn beside_column(&self) -> usize {
        self.chart_column() + COLUMNS_OF_A_CHART + 1
    }

    /// Begins a sheet, with the header.
    fn begin_sheet(&mut self, book: &mut Book) -> Result<()> {
        let mut sheet = book.sheet(&self.sheet_name(self.sheets.len()), self.in_memory)?;
        for (column, head) in self.heads.iter().enumerate() {
            write_head(book, &mut sheet, &mut self.widths, column, head)?;
        }
        sheet.set_freeze_panes(1, 0).map_err(failed)?;
        sheet.set_landscape().set_paper_size(A4).set_print_fit_to_pages(1, 0);
        sheet.set_repeat_rows(0, 0).map_err(failed)?;
        self.sheets.push(sheet);
        self.next = 1;
        Ok(())
    }

    /// Adds a row of data: a cell for each column.
    pub fn add<'c>(
        &mut self,
        book: &mut Book,
        cells: impl IntoIterator<Item = impl Into<Cell<'c>>>,
    ) -> Result<()> {
        if self.rows > 0 && self.rows.is_multiple_of(self.rows_of_a_sheet) {
            self.begin_sheet(book)?;
        }
        self.write(book, cells)?;
        self.rows += 1;
        Ok(())
    }

    /// Adds a total below all rows, a blank one apart: `label`, and the total of each of some columns of numbers. It is
    /// no row of data.
    pub fn total(&mut self, book: &mut Book, label: &str, totals: &[(&str, String, u32)]) -> Result<()> {
        let sum = |(name, total, decimals): &(&str, String, u32)| {
            self.own_sum(name, 0..self.rows, total, *decimals)
        };
        let cells: Vec<Cell<'_>> = totals.iter().map(sum).collect();
        self.total_of_cells(book, label, totals.iter().map(|(name, ..)| *name).zip(cells).collect())
    }

    /// Likewise with what stands in each of some columns.
    pub fn total_of_cells(
        &mut self,
        book: &mut Book,
        label: &str,
        mut totals: BTreeMap<&str, Cell<'_>>,
    ) -> Result<()> {
        if self.next + 2 > book.rows_of_a_sheet {
            self.begin_sheet(book)?;
        }
        let names = self.heads.iter().enumerate();
        let cells: Vec<Cell<'_>> = names
            .map(|(column, head)| match totals.remove(&*head.name) {
                Some(total) => total,
                None if column == 0 => label.into(),
                None => "".into(),
            })
            .collect();
        self.write(book, [""; 0])?;
        self.write(book, cells)
    }

    /// Writes the next row of the last sheet, with that of the table beside.
    fn write<'c>(
        &mut self,
        book: &mut Book,
        cells: impl IntoIterator<Item = impl Into<Cell<'c>>>,
    ) -> Result<()> {
        for (column, cell) in cells.into_iter().enumerate() {
            let is_text = self.write_cell(book, column, self.heads[column].kind, cell.into())?;
            if is_text && self.heads[column].kind.is_number() {
                self.texts[column].push(self.rows);
            }
        }
        let beside = if self.sheets.len() == 1 { self.beside.pop_front() } else { None };
        for (index, cell) in beside.into_iter().flatten().enumerate() {
            self.write_cell(book, self.beside_column() + index, self.beside_kinds[index], cell)?;
        }
        self.next += 1;
        Ok(())
    }

    /// Writes a cell into the next row of the last sheet; true where it is a text.
    fn write_cell(&mut self, book: &mut Book, column: usize, kind: Kind, cell: Cell<'_>) -> Result<bool> {
        let (row, at) = (self.next, index_of_column(column)?);
        let sheet = self.sheets.last_mut().ok_or_else(|| Error::internal("a table without a sheet"))?;
        let value = match cell {
            Cell::Value(value) if value.is_empty() => return Ok(false),
            Cell::Formula { formula, result } => {
                widen(&mut self.widths, column, width(&result) + 2);
                let formula = Formula::new(formula).set_result(result);
                sheet.write_formula(row, at, formula).map_err(failed)?;
                return Ok(false);
            }
            Cell::Value(value) => value,
        };
        let text = book.text(&value);
        widen(&mut self.widths, column, width(&text) + if kind.is_number() { 2 + text.len() / 4 } else { 0 });
        match kind.is_number().then(|| write_number(sheet, row, at, &text)).flatten() {
            Some(written) => written.map(|()| false),
            None if kind.is_number() => {
                let number = Format::new().set_num_format("@").set_align(FormatAlign::Right);
                sheet.write_string_with_format(row, at, &*text, &number).map_err(failed)?;
                Ok(true)
            }
            None => {
                // Always a string: what begins with `=` is no formula.
                sheet.write_string(row, at, &*text).map_err(failed)?;
                Ok(true)
            }
        }
    }

    /// The total of some rows of a column of numbers, which is `total`, for a cell of this table.
    pub fn own_sum(&self, column: &str, rows: Range<usize>, total: &str, decimals: u32) -> Cell<'static> {
        self.sum_of(column, rows, total, decimals, !self.is_one_sheet)
    }

    /// Likewise for a cell of another table.
    pub fn sum(&self, column: &str, rows: Range<usize>, total: &str, decimals: u32) -> Cell<'static> {
        self.sum_of(column, rows, total, decimals, true)
    }

    fn sum_of(
        &self,
        column: &str,
        rows: Range<usize>,
        total: &str,
        decimals: u32,
        names_sheets: bool,
    ) -> Cell<'static> {
        match self.column(column) {
            Some(column) => self.total_of(
                column,
                rows.clone(),
                total,
                decimals,
                self.has_text(column, &rows),
                names_sheets,
            ),
            None => total.to_owned().into(),
        }
    }

    /// The total of numbers that stand beside one another in the row that is added next, from a column on, for a cell of
    /// that row; empty ones count nothing.
    pub fn sum_across(&self, column: usize, numbers: &[String], total: &str, decimals: u32) -> Cell<'static> {
        let is_text = |number: &String| !number.is_empty() && !is_held(number);
        if numbers.is_empty() || numbers.iter().any(is_text) || !is_held(total) {
            return total.to_owned().into();
        }
        let begins_sheet = self.rows > 0 && self.rows.is_multiple_of(self.rows_of_a_sheet);
        let row = if begins_sheet { 2 } else { self.next + 1 };
        let (from, to) = (letters(column), letters(column + numbers.len() - 1));
        let formula = format!("ROUND(SUM({from}{row}:{to}{row}),{decimals})");
        Cell::Formula { formula, result: total.to_owned() }
    }

    /// Likewise for a cell beside it, of rows that it does not have yet; `numbers` are theirs.
    pub fn sum_beside<'n>(
        &self,
        column: &str,
        rows: Range<usize>,
        mut numbers: impl Iterator<Item = &'n str>,
        total: &str,
        decimals: u32,
    ) -> Cell<'static> {
        let has_text = numbers.any(|number| !is_held(number));
        match self.column(column) {
            Some(column) => self.total_of(column, rows, total, decimals, has_text, !self.is_one_sheet),
            None => total.to_owned().into(),
        }
    }

    /// A formula over rows of a column, rounded, so that no trace of binary fractions stays; the value itself where a
    /// number of them is text, which a sum would pass over, or the total has too many digits for a double.
    fn total_of(
        &self,
        column: usize,
        rows: Range<usize>,
        total: &str,
        decimals: u32,
        has_text: bool,
        names_sheets: bool,
    ) -> Cell<'static> {
        if rows.is_empty() || has_text || !is_held(total) {
            return total.to_owned().into();
        }
        let ranges = self.ranges(column, rows, names_sheets).join(",");
        Cell::Formula { formula: format!("ROUND(SUM({ranges}),{decimals})"), result: total.to_owned() }
    }

    /// Whether a number of these rows is text.
    fn has_text(&self, column: usize, rows: &Range<usize>) -> bool {
        let texts = &self.texts[column];
        texts.get(texts.partition_point(|row| *row < rows.start)).is_some_and(|row| *row < rows.end)
    }

    /// Where rows of a column stand, as formulas name them.
    fn ranges(&self, column: usize, rows: Range<usize>, names_sheets: bool) -> Vec<String> {
        let letters = letters(column);
        let mut found = Vec::new();
        let mut start = rows.start;
        while start < rows.end {
            let sheet = start / self.rows_of_a_sheet;
            let first = sheet * self.rows_of_a_sheet;
            let end = rows.end.min(first + self.rows_of_a_sheet);
            let place = match names_sheets {
                true => format!("'{}'!", self.sheet_name(sheet)),
                false => String::new(),
            };
            // Rows are counted from 1, and the first is the header.
            found.push(format!("{place}{letters}{}:{letters}{}", start - first + 2, end - first + 1));
            start = end;
        }
        found
    }

    /// Gives the sheets to the workbook, with widths and filters.
    pub fn finish(mut self, book: &mut Book) -> Result<()> {
        while !self.beside.is_empty() && self.sheets.len() == 1 {
            self.write(book, [""; 0])?;
        }
        let last_column = index_of_column(self.heads.len().saturating_sub(1))?;
        for (index, mut sheet) in self.sheets.into_iter().enumerate() {
            let before = index * self.rows_of_a_sheet;
            let rows = self.rows.saturating_sub(before).min(self.rows_of_a_sheet);
            let last_row = u32::try_from(rows).map_err(|_| Error::internal("a sheet is too long"))?;
            sheet.autofilter(0, 0, last_row, last_column).map_err(failed)?;
            if index == 0 && !self.beside_kinds.is_empty() {
                // On paper the chart, and not the figures that it is drawn from.
                let right = last_column + 1 + COLUMNS_OF_A_CHART as u16;
                let printed = sheet.set_print_area(0, 0, (last_row + 2).max(ROWS_OF_A_CHART + 1), right);
                printed.map_err(failed)?;
            }
            for (column, width) in (0..).zip(&self.widths).filter(|(_, width)| **width > 0) {
                // OK because a width is at most WIDEST.
                let width = (*width).min(WIDEST) as u32 + 1;
                sheet.set_column_width(column, width).map_err(failed)?;
            }
            if rows > 0 {
                let range =
                    sheet.ignore_error_range(1, 0, last_row, last_column, IgnoreError::NumberStoredAsText);
                range.map_err(failed)?;
            }
            book.workbook.push_worksheet(sheet);
        }
        Ok(())
    }
}

/// Writes the name of a column into the first row, and says what the column holds.
fn write_head(
    book: &mut Book,
    sheet: &mut Worksheet,
    widths: &mut [usize],
    column: usize,
    head: &Head,
) -> Result<()> {
    let at = index_of_column(column)?;
    let bold = Format::new().set_bold().set_num_format("@").set_border_bottom(FormatBorder::Thin);
    // Names stand above what they name: numbers line up at the right.
    let bold = if head.kind.is_number() { bold.set_align(FormatAlign::Right) } else { bold.set_indent(1) };
    let name = book.text(&head.name);
    sheet.set_column_format(at, &head.kind.format()).map_err(failed)?;
    sheet.write_string_with_format(0, at, &*name, &bold).map_err(failed)?;
    // The arrow of a filter takes its room.
    widen(widths, column, width(&name) + 3);
    Ok(())
}

/// The number of the paper size A4 in a workbook.
const A4: u8 = 9;

fn index_of_column(column: usize) -> Result<u16> {
    u16::try_from(column).map_err(|_| Error::internal("a table has too many columns"))
}

/// The letters of a column, counted from 0: `A` to `Z`, then `AA`.
fn letters(column: usize) -> String {
    column_number_to_name(u16::try_from(column).unwrap_or(u16::MAX))
}

fn widen(widths: &mut [usize], column: usize, width: usize) {
    if let Some(widest) = widths.get_mut(column) {
        *widest = width.max(*widest);
    }
}

/// How wide text is, in characters: those of Chinese take the room of two.
fn width(text: &str) -> usize {
    text.chars().map(|letter| if letter.len_utf8() > 2 { 2 } else { 1 }).sum()
}

/// Whether a double holds a number, plain decimal text, to its last digit.
fn is_held(number: &str) -> bool {
    let digits = number.bytes().filter(u8::is_ascii_digit);
    let mut significant = digits.skip_while(|digit| *digit == b'0').collect::<Vec<_>>();
    while significant.last() == Some(&b'0') {
        significant.pop();
    }
    significant.len() <= DIGITS_OF_A_DOUBLE
}

/// Writes a number; `None` where a double does not hold it to its last digit.
///
/// The one place where a number becomes a double: the format of workbooks has no other numbers. It is the last step,
/// made from the exact digits, and nothing is computed with it.
fn write_number(sheet: &mut Worksheet, row: u32, column: u16, digits: &str) -> Option<Result<()>> {
    #[expect(clippy::disallowed_types, reason = "numbers of a workbook are doubles")]
    let number: f64 = digits.parse().ok().filter(|_| is_held(digits))?;
    Some(sheet.write_number(row, column, number).map(|_| ()).map_err(failed))
}

#[cfg(test)]
mod tests {
    use super::is_held;

    #[test]
    fn a_double_is_asked_for_fifteen_digits_and_not_for_one_more() {
        for held in ["123456789012345", "-0.00123456789012345", "12345678901234500000", "0.00", "96.00"] {
            assert!(is_held(held), "{held}");
        }
        for not_held in ["1234567890123456", "12345.67890123456", "-100000000000000.1"] {
            assert!(!is_held(not_held), "{not_held}");
        }
    }
}
