//! Reports as a workbook: sheets for people, whose figures are those of the CSV, and whose totals a spreadsheet computes.
//!
//! Two traps of spreadsheets decide how cells are written. A sum passes over numbers that are text, so a total over a
//! column that has such numbers is a value. Conditions on sums compare ids as numbers, of which a double holds 15 digits
//! and an id has 16, so totals are made over ranges of rows.

mod estimate;
mod rows;
mod sheet;

pub use estimate::estimate;
pub use rows::rows;

use self::sheet::{
    Book, COLUMNS_OF_A_CHART, Cell, Head, Kind, ROWS_OF_A_CHART, ROWS_OF_A_SHEET, Table, failed,
};
use super::{
    Lang, catalog_notes, control_totals,
    csv::output_error,
    finding_words_in,
    lang::{XlsxTexts, fill},
    provenance, provenance_in,
    report::{Matrix, is_number},
    values::RowText,
};
use crate::{
    error::{Error, Result},
    model::{
        money::{Amount, Money},
        time::{Hour, Offset},
        usage::Sender,
    },
    rating::DayCost,
    report::{Column, Report, ReportRow},
    statement::Statement,
};
use rust_xlsxwriter::{Chart, ChartType, DocProperties, ExcelDateTime, Workbook};
use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
    io::Write,
    ops::Range,
    panic::{self, AssertUnwindSafe},
};

/// A chart of routes shows so many, the dearest.
const ROUTES_IN_CHART: usize = 30;

/// Decimals to which totals of printed amounts are rounded, and of figures that a chart is drawn from.
const PRINTED: u32 = 10;
const CHARTED: u32 = 2;

/// Writes reports, each of another month, as one workbook: `Summary`, `Months` where there are several, `Lines`, `Hours` where they are hourly, `Days`,
/// `Routes`, `Control totals`, `Findings` and `Basis`.
///
/// Ids and months are text, numbers are numbers where a double holds all their digits (15) and text where it does not.
/// Whatever comes from an input is text, and none of it a formula. Days are there where reports were asked for them
/// ([`ReportOptions::daily`](crate::ReportOptions::daily)). Notes are in `lang`; names of sheets and columns stay English.
/// The same reports give the same bytes (R17). Tables of many rows go through a temporary file, in the system's folder
/// for those, so that they take no memory.
///
/// # Errors
///
/// [`Output`](crate::ErrorKind::Output) where `output` or a temporary file fails,
/// [`Overflow`](crate::ErrorKind::Overflow) where bytes or an amount are too large to be printed,
/// [`Usage`](crate::ErrorKind::Usage) where reports are of several currencies (R13).
pub fn reports(reports: &[&Report], lang: Lang, output: impl Write) -> Result<()> {
    save(|| workbook(reports, lang, ROWS_OF_A_SHEET), output)
}

/// Writes what `build` makes.
///
/// The library below panics where a temporary file of a large sheet cannot be written: that is an error like others.
fn save(build: impl FnOnce() -> Result<Book>, mut output: impl Write) -> Result<()> {
    let build = || build().and_then(|mut book| book.workbook.save_to_buffer().map_err(failed));
    let bytes = panic::catch_unwind(AssertUnwindSafe(build)).unwrap_or_else(|fault| {
        let words = fault.downcast_ref::<String>().filter(|words| words.contains(UNWRITTEN_SHEET));
        match words {
            Some(_) => Err(output_error(UNWRITTEN)),
            None => panic::resume_unwind(fault),
        }
    })?;
    output.write_all(&bytes).map_err(|error| output_error(&error.to_string()))
}

/// How that panic begins.
const UNWRITTEN_SHEET: &str = "Couldn't write to xml file";
const UNWRITTEN: &str = "a sheet cannot be written to a temporary file: is there room in the folder for these (the variable TMPDIR names it)?";

/// The workbook of reports whose sheets take so many rows.
fn workbook(reports: &[&Report], lang: Lang, rows_of_a_sheet: u32) -> Result<Book> {
    let mut currencies = reports.iter().map(|report| &*report.catalog.currency);
    let currency = currencies.next().unwrap_or_default();
    if currencies.any(|other| other != currency) {
        return Err(Error::usage("reports of several currencies are no workbook: they are never added up"));
    }
    let months: Vec<String> = reports.iter().map(|report| report.month.to_string()).collect();
    let title = format!("VPC peering traffic {}", months.join(", "));
    let mut book = Book { rows_of_a_sheet, ..book_of(&title)? };
    let context = Context {
        lang,
        texts: &lang.texts().xlsx,
        currency,
        has_names: reports.iter().any(|report| report.options.accounts.is_some()),
        is_assumed: reports.iter().any(|report| report.assumed()),
    };
    fill_book(&mut book, &context, reports)?;
    Ok(book)
}

/// What all sheets share.
struct Context<'a> {
    lang: Lang,
    texts: &'a XlsxTexts,
    currency: &'a str,
    /// Whether names of accounts stand beside their ids.
    has_names: bool,
    /// Whether an assumed price touched anything (R18).
    is_assumed: bool,
}

/// A table whose bytes and amounts are summed once more under the control totals.
struct Summed {
    table: Table,
    /// The sum of its bytes, where it has any.
    bytes: Option<i128>,
    /// The column of its amounts, and their sum.
    cost: (&'static str, Money),
}

fn fill_book(book: &mut Book, context: &Context<'_>, reports: &[&Report]) -> Result<()> {
    let folded = reports.iter().map(without_hours).collect::<Result<Vec<_>>>()?;
    let folded: Vec<&Report> = folded.iter().map(|report| &**report).collect();
    let hourly: Vec<&Report> = reports.iter().copied().filter(|report| report.options.hourly).collect();
    let lines = lines(book, "Lines", &folded)?;
    let summary = summary(book, context, &folded, &lines.table)?;
    let months = if reports.len() > 1 { Some(months(book, context, &folded)?) } else { None };
    let hours = if hourly.is_empty() { None } else { Some(self::lines(book, "Hours", &hourly)?) };
    let days = days(book, context, reports)?;
    let routes = routes(book, context, &folded)?;
    let summed: Vec<Summed> = [summary, lines].into_iter().chain(hours).chain([days, routes]).collect();
    let totals = totals(book, reports, &summed)?;
    let mut tables: Vec<Table> = summed.into_iter().map(|summed| summed.table).collect();
    // Behind the summary.
    months.into_iter().for_each(|months| tables.insert(1, months));
    tables.extend([totals, findings(book, context, reports)?]);
    let basis = basis(book, context, reports, &tables)?;
    tables.push(basis);
    tables.into_iter().try_for_each(|table| table.finish(book))
}

/// The report as it is without hourly lines.
fn without_hours<'r>(report: &&'r Report) -> Result<Cow<'r, Report>> {
    match report.options.hourly {
        true => report.without_hours().map(Cow::Owned),
        false => Ok(Cow::Borrowed(report)),
    }
}

/// An empty workbook with a title. Its time is the same in all of them (R17): the format does not go without.
fn book_of(title: &str) -> Result<Book> {
    let time = ExcelDateTime::from_ymd(2000, 1, 1).map_err(failed)?;
    let properties =
        DocProperties::new().set_title(title).set_author("peerbill").set_creation_datetime(&time);
    let mut workbook = Workbook::new();
    workbook.set_properties(&properties);
    Ok(Book { workbook, rows_of_a_sheet: ROWS_OF_A_SHEET, has_cut_text: false })
}

/// The columns of a sheet, from their names; those of names of accounts stand only where there are any.
fn heads(context: &Context<'_>, columns: &[(&str, Kind)]) -> Vec<Head> {
    let shown = columns.iter().filter(|(name, _)| context.has_names || *name != ACCOUNT_NAME);
    shown.map(|(name, kind)| Head::new(name, *kind)).collect()
}

const ACCOUNT_NAME: &str = "billing_account_name";
const COST: &str = "billed_cost";
const BYTES: &str = "consumed_bytes";
const TOTAL: &str = "total";

/// Whether an assumed price touched a row (R18), as JSON writes it.
fn truth(value: bool) -> &'static str {
    if value { "true" } else { "false" }
}

/// The rows of the CSV.
fn lines(book: &mut Book, name: &'static str, reports: &[&Report]) -> Result<Summed> {
    let columns = reports.first().map_or_else(Vec::new, |report| report.columns());
    let heads = heads_of(&columns).collect();
    let count = reports.iter().map(|report| report.row_sources().count()).sum();
    let mut table = Table::new(book, name, heads, count)?;
    let rows = reports.iter().flat_map(|report| report.rows());
    let (bytes, cost) = add_rows(book, &mut table, &columns, None, rows)?;
    Ok(Summed { table, bytes: Some(bytes), cost: (COST, cost) })
}

/// Adds rows of the CSV, each behind the same cell where there is one; returns the sums of their bytes and amounts.
fn add_rows<'r>(
    book: &mut Book,
    table: &mut Table,
    columns: &[Column],
    in_front: Option<&str>,
    rows: impl Iterator<Item = Result<ReportRow<'r>>>,
) -> Result<(i128, Money)> {
    let (mut bytes, mut cost) = (0i128, Money::ZERO);
    let mut text = RowText::default();
    for row in rows {
        let row = row?;
        bytes = added(bytes, row.consumed_bytes.unwrap_or_default())?;
        cost = cost.checked_add(row.billed_cost.unwrap_or_default())?;
        table.add(book, in_front.into_iter().chain(text.fill(&row, columns).iter()))?;
    }
    Ok((bytes, cost))
}

/// The columns of the CSV.
fn heads_of(columns: &[Column]) -> impl Iterator<Item = Head> + '_ {
    columns.iter().map(|&column| Head::new(column.name(), kind_of(column)))
}

fn kind_of(column: Column) -> Kind {
    match column {
        Column::ConsumedBytes | Column::MeteredHours | Column::RaisedHours => Kind::Count,
        Column::ListUnitPrice | Column::ContractedUnitPrice => Kind::Price,
        column if is_number(column) => Kind::Amount,
        _ => Kind::Text,
    }
}

fn added(one: i128, other: i128) -> Result<i128> {
    one.checked_add(other).ok_or_else(|| Error::overflow("bytes of a workbook exceed 2^127"))
}

/// A row for each account and month: what it pays, as the sum of its lines.
fn summary(book: &mut Book, context: &Context<'_>, reports: &[&Report], lines: &Table) -> Result<Summed> {
    let columns = [
        ("billing_month", Kind::Text),
        ("billing_account_id", Kind::Text),
        (ACCOUNT_NAME, Kind::Text),
        ("subtotal", Kind::Amount),
        ("adjustment", Kind::Amount),
        ("payable", Kind::Amount),
        ("billing_currency", Kind::Text),
        ("raised_hours", Kind::Count),
        ("raised_cost", Kind::Amount),
        ("assumed", Kind::Text),
    ];
    let count = reports.iter().map(|report| report.statements.len()).sum();
    let mut table = Table::new(book, "Summary", heads(context, &columns), count)?;
    let mut sums = [Money::ZERO; 4];
    let (mut raised_hours, mut next_line, mut decimals) = (0, 0, 0);
    for report in reports {
        let groups = report.groups.as_ref().map(Vec::len);
        next_line += groups.unwrap_or_default();
        decimals = decimals.max(report.catalog.rounding.decimals);
        for statement in &report.statements {
            let own = rows_of(statement, next_line, groups.is_some());
            next_line = own.whole.end;
            table.add(book, statement_cells(context, report, statement, lines, &own))?;
            let Statement { subtotal, adjustment, payable, raised_cost, .. } = statement;
            for (sum, own) in sums.iter_mut().zip([subtotal, adjustment, payable, raised_cost]) {
                *sum = sum.checked_add(*own)?;
            }
            raised_hours += statement.raised_hours;
        }
    }
    let [subtotal, adjustment, payable, raised_cost] = sums;
    let totals = [
        ("subtotal", subtotal.to_string(), PRINTED),
        ("adjustment", adjustment.to_string(), PRINTED),
        ("payable", payable.to_string(), decimals),
        ("raised_hours", raised_hours.to_string(), PRINTED),
        ("raised_cost", raised_cost.to_string(), PRINTED),
    ];
    table.total(book, TOTAL, &totals)?;
    Ok(Summed { table, bytes: None, cost: ("payable", payable) })
}

/// What each account pays in each month.
fn months(book: &mut Book, context: &Context<'_>, reports: &[&Report]) -> Result<Table> {
    let Matrix { rows, of_months, total } = Matrix::of(reports)?;
    let decimals = reports.iter().map(|report| report.catalog.rounding.decimals).max().unwrap_or_default();
    let names: Vec<String> = reports.iter().map(|report| report.month.to_string()).collect();
    let accounts = [("billing_account_id", Kind::Text), (ACCOUNT_NAME, Kind::Text)];
    let mut heads = heads(context, &accounts);
    let first = heads.len();
    heads.extend(names.iter().map(|name| Head::new(name, Kind::Amount)));
    heads.push(Head::new(TOTAL, Kind::Amount));
    let mut table = Table::new(book, "Months", heads, rows.len())?;
    for row in &rows {
        let last = reports.last().map_or(&[][..], std::slice::from_ref);
        let mut cells: Vec<Cell<'_>> =
            last.iter().flat_map(|report| account_cells(context, report, &row.account_id)).collect();
        let paid: Vec<String> =
            row.months.iter().map(|own| own.map_or_else(String::new, |(own, _)| own.to_string())).collect();
        cells.extend(paid.iter().map(|own| Cell::from(own.clone())));
        cells.push(table.sum_across(first, &paid, &row.total.to_string(), decimals));
        table.add(book, cells)?;
    }
    let sums = of_months.iter().chain([&total]).map(ToString::to_string);
    let named = names.iter().map(String::as_str).chain([TOTAL]).zip(sums);
    let totals: Vec<(&str, String, u32)> = named.map(|(name, sum)| (name, sum, decimals)).collect();
    table.total(book, TOTAL, &totals)?;
    Ok(table)
}

/// Which rows of the lines are an account's.
struct RowsOfAccount {
    /// Its lines; none where lines are grouped, where they need not be of one account.
    lines: Range<usize>,
    /// The same with its adjustment.
    whole: Range<usize>,
}

fn rows_of(statement: &Statement, next: usize, is_grouped: bool) -> RowsOfAccount {
    let count = if is_grouped { 0 } else { statement.lines.len() };
    let adjustment = usize::from(statement.adjustment != Money::ZERO);
    RowsOfAccount { lines: next..next + count, whole: next..next + count + adjustment }
}

fn statement_cells(
    context: &Context<'_>,
    report: &Report,
    statement: &Statement,
    lines: &Table,
    own: &RowsOfAccount,
) -> Vec<Cell<'static>> {
    let mut cells = vec![report.month.to_string().into()];
    cells.extend(account_cells(context, report, &statement.billing_account_id));
    cells.extend(paid_cells(report, statement, lines, own));
    cells.extend([
        context.currency.to_owned().into(),
        statement.raised_hours.to_string().into(),
        statement.raised_cost.to_string().into(),
        truth(statement.assumed).into(),
    ]);
    cells
}

/// What an account pays, as sums of its rows: subtotal, adjustment and what is payable.
fn paid_cells(
    report: &Report,
    statement: &Statement,
    lines: &Table,
    own: &RowsOfAccount,
) -> [Cell<'static>; 3] {
    let decimals = report.catalog.rounding.decimals;
    let (subtotal, payable) = (statement.subtotal.to_string(), statement.payable.to_string());
    let (subtotal, payable) = match own.lines.is_empty() {
        true => (subtotal.into(), payable.into()),
        false => (
            lines.sum(COST, own.lines.clone(), &subtotal, PRINTED),
            lines.sum(COST, own.whole.clone(), &payable, decimals),
        ),
    };
    [subtotal, statement.adjustment.to_string().into(), payable]
}

/// An account's id, and its name where accounts have names.
fn account_cells(
    context: &Context<'_>,
    report: &Report,
    account: &str,
) -> impl Iterator<Item = Cell<'static>> + use<> {
    let name = report.account_name(account).unwrap_or_default().to_owned();
    let name = context.has_names.then(|| name.into());
    [Cell::from(account.to_owned())].into_iter().chain(name)
}

/// What each account pays for each local day, by day, and the cost of each day for the chart.
fn days(book: &mut Book, context: &Context<'_>, reports: &[&Report]) -> Result<Summed> {
    let columns = [
        ("billing_month", Kind::Text),
        ("day", Kind::Text),
        ("billing_account_id", Kind::Text),
        (ACCOUNT_NAME, Kind::Text),
        (BYTES, Kind::Count),
        ("pricing_quantity", Kind::Amount),
        (COST, Kind::Amount),
        ("billing_currency", Kind::Text),
        ("assumed", Kind::Text),
    ];
    let rows = day_rows(reports)?;
    let mut table = Table::new(book, "Days", heads(context, &columns), rows.len())?;
    let charted = charted_days(reports, &rows, &table)?;
    let charted_count = charted.len();
    let heads = [Head::new("chart_day", Kind::Text), Head::new("chart_billed_cost", Kind::Amount)];
    table.put_beside(book, &heads, charted)?;
    let (mut bytes, mut cost) = (0, Money::ZERO);
    for row in &rows {
        let DayCost { billing_account_id: account, .. } = row.day;
        let mut cells =
            vec![row.report.month.to_string().into(), day_text(row.day.start, row.report.offset).into()];
        cells.extend(account_cells(context, row.report, account));
        cells.extend([
            row.day.bytes.to_string().into(),
            row.report.catalog.gb.signed_quantity(row.day.bytes)?.text(0).into(),
            row.cost.to_string().into(),
            context.currency.to_owned().into(),
            truth(row.is_assumed).into(),
        ]);
        table.add(book, cells)?;
        bytes = added(bytes, row.day.bytes)?;
        cost = cost.checked_add(row.cost)?;
    }
    table.total(book, TOTAL, &[(BYTES, bytes.to_string(), PRINTED), (COST, cost.to_string(), PRINTED)])?;
    chart(&mut table, context, &context.texts.cost_per_day, ChartType::Column, charted_count)?;
    Ok(Summed { table, bytes: Some(bytes), cost: (COST, cost) })
}

/// What an account pays for a day, as it is printed.
struct DayRow<'r> {
    report: &'r Report,
    day: &'r DayCost,
    cost: Money,
    is_assumed: bool,
}

fn day_rows<'r>(reports: &[&'r Report]) -> Result<Vec<DayRow<'r>>> {
    let mut rows = Vec::new();
    for &report in reports {
        let assumed = report.statements.iter().filter(|statement| statement.assumed);
        let assumed: BTreeSet<&str> = assumed.map(|statement| &*statement.billing_account_id).collect();
        for day in report.days.iter().flatten() {
            let cost = day.amount.printed(report.catalog.gb)?;
            let is_assumed = assumed.contains(&*day.billing_account_id);
            rows.push(DayRow { report, day, cost, is_assumed });
        }
    }
    rows.sort_by(|one, other| {
        let key = |row: &DayRow<'r>| (row.day.start, &*row.day.billing_account_id);
        key(one).cmp(&key(other))
    });
    Ok(rows)
}

/// Every day of the months, also one without traffic, with the sum of its rows.
fn charted_days(reports: &[&Report], rows: &[DayRow<'_>], table: &Table) -> Result<Vec<Vec<Cell<'static>>>> {
    let mut charted = Vec::new();
    for report in reports.iter().filter(|report| report.days.is_some()) {
        let period = report.month.period(report.offset);
        let mut start = period.start;
        while start < period.end {
            let end = report.offset.day_of(start).end;
            let first = rows.partition_point(|row| row.day.start < start);
            let next = rows.partition_point(|row| row.day.start < end);
            let cost = charted_cost(table, rows, |row| row.cost, first..next)?;
            charted.push(vec![day_text(start, report.offset).into(), cost]);
            start = end;
        }
    }
    Ok(charted)
}

/// The sum of the costs of some rows, rounded so that a chart has only numbers.
fn charted_cost<R>(
    table: &Table,
    rows: &[R],
    cost_of: impl Fn(&R) -> Money,
    range: Range<usize>,
) -> Result<Cell<'static>> {
    let costs: Vec<Money> = rows[range.clone()].iter().map(cost_of).collect();
    let sum = costs.iter().try_fold(Money::ZERO, |sum, cost| sum.checked_add(*cost))?;
    let costs: Vec<String> = costs.iter().map(Money::to_string).collect();
    let total = as_charted(sum).to_string();
    Ok(table.sum_beside(COST, range, costs.iter().map(String::as_str), &total, CHARTED))
}

/// Rounded to two decimals as a spreadsheet does it: ties away from zero.
fn as_charted(money: Money) -> Money {
    const UNIT: i128 = 10i128.pow(PRINTED - CHARTED);
    let units = money.units();
    let half = if units < 0 { -UNIT / 2 } else { UNIT / 2 };
    Money::from_units((units + half) / UNIT * UNIT)
}

/// The local date of a day that begins with this hour.
fn day_text(start: Hour, offset: Offset) -> String {
    let local = Hour(start.0 + offset.hours()).to_string();
    local.split('T').next().unwrap_or_default().to_owned()
}

/// What traffic between two regions costs, by route and month, the dearest first, and the sum of each for the chart.
fn routes(book: &mut Book, context: &Context<'_>, reports: &[&Report]) -> Result<Summed> {
    let columns = [
        ("billing_month", Kind::Text),
        ("source_region", Kind::Text),
        ("destination_region", Kind::Text),
        (BYTES, Kind::Count),
        ("pricing_quantity", Kind::Amount),
        (COST, Kind::Amount),
        ("billing_currency", Kind::Text),
        ("metered_hours", Kind::Count),
        ("raised_hours", Kind::Count),
        ("raised_cost", Kind::Amount),
        ("assumed", Kind::Text),
    ];
    let routes = routes_of(reports)?;
    let count = routes.iter().map(|route| route.months.len()).sum();
    let mut table = Table::new(book, "Routes", heads(context, &columns), count)?;
    let charted = charted_routes(&routes, &table)?;
    let charted_count = charted.len();
    let heads = [Head::new("chart_route", Kind::Text), Head::new("chart_billed_cost", Kind::Amount)];
    table.put_beside(book, &heads, charted)?;
    let mut sum = RouteSum::default();
    let (mut cost, mut raised_cost) = (Money::ZERO, Money::ZERO);
    for (route, month) in routes.iter().flat_map(|route| route.months.iter().map(move |month| (route, month)))
    {
        table.add(book, route_cells(context, route, month)?)?;
        sum.bytes = added(sum.bytes, month.sum.bytes)?;
        sum.metered_hours += month.sum.metered_hours;
        sum.raised_hours += month.sum.raised_hours;
        cost = cost.checked_add(month.cost)?;
        raised_cost = raised_cost.checked_add(month.raised_cost()?)?;
    }
    let totals = [
        (BYTES, sum.bytes.to_string(), PRINTED),
        (COST, cost.to_string(), PRINTED),
        ("metered_hours", sum.metered_hours.to_string(), PRINTED),
        ("raised_hours", sum.raised_hours.to_string(), PRINTED),
        ("raised_cost", raised_cost.to_string(), PRINTED),
    ];
    table.total(book, TOTAL, &totals)?;
    chart(&mut table, context, &context.texts.cost_per_route, ChartType::Bar, charted_count)?;
    Ok(Summed { table, bytes: Some(sum.bytes), cost: (COST, cost) })
}

/// From one region to another.
struct Route<'r> {
    between: (&'r str, &'r str),
    months: Vec<RouteMonth<'r>>,
    /// The sum of its months, as they are printed.
    cost: Money,
}

/// A route in a month.
struct RouteMonth<'r> {
    report: &'r Report,
    sum: RouteSum,
    cost: Money,
}

impl RouteMonth<'_> {
    fn raised_cost(&self) -> Result<Money> {
        self.sum.raised_amount.printed(self.report.catalog.gb)
    }
}

#[derive(Default)]
struct RouteSum {
    bytes: i128,
    amount: Amount,
    metered_hours: i64,
    raised_hours: i64,
    raised_amount: Amount,
    is_assumed: bool,
}

fn routes_of<'r>(reports: &[&'r Report]) -> Result<Vec<Route<'r>>> {
    let mut found: BTreeMap<(&'r str, &'r str), Route<'r>> = BTreeMap::new();
    for &report in reports {
        for (between, sum) in routes_in(report)? {
            let cost = sum.amount.printed(report.catalog.gb)?;
            let route = found.entry(between).or_insert_with(|| Route {
                between,
                months: Vec::new(),
                cost: Money::ZERO,
            });
            route.cost = route.cost.checked_add(cost)?;
            route.months.push(RouteMonth { report, sum, cost });
        }
    }
    let mut routes: Vec<Route<'r>> = found.into_values().collect();
    routes.sort_by_key(|route| (std::cmp::Reverse(route.cost), route.between));
    Ok(routes)
}

fn routes_in(report: &Report) -> Result<BTreeMap<(&str, &str), RouteSum>> {
    let mut routes: BTreeMap<(&str, &str), RouteSum> = BTreeMap::new();
    for line in &report.lines {
        let row = report.line_row(line)?;
        let between = (row.source_region.unwrap_or_default(), row.destination_region.unwrap_or_default());
        let sum = routes.entry(between).or_default();
        let (metered_hours, raised_hours) = line.signed_hours();
        sum.bytes = added(sum.bytes, line.signed_bytes()?)?;
        sum.amount = sum.amount.checked_add(line.amount)?;
        sum.metered_hours += metered_hours;
        sum.raised_hours += raised_hours;
        sum.raised_amount = sum.raised_amount.checked_add(line.raised_amount)?;
        sum.is_assumed |= row.is_assumed();
    }
    Ok(routes)
}

fn route_cells(
    context: &Context<'_>,
    route: &Route<'_>,
    month: &RouteMonth<'_>,
) -> Result<Vec<Cell<'static>>> {
    let (source, destination) = route.between;
    let RouteMonth { report, sum, cost } = month;
    Ok(vec![
        report.month.to_string().into(),
        source.to_owned().into(),
        destination.to_owned().into(),
        sum.bytes.to_string().into(),
        report.catalog.gb.signed_quantity(sum.bytes)?.text(0).into(),
        cost.to_string().into(),
        context.currency.to_owned().into(),
        sum.metered_hours.to_string().into(),
        sum.raised_hours.to_string().into(),
        month.raised_cost()?.to_string().into(),
        truth(sum.is_assumed).into(),
    ])
}

/// The dearest routes, each with the sum of its rows.
fn charted_routes(routes: &[Route<'_>], table: &Table) -> Result<Vec<Vec<Cell<'static>>>> {
    let mut charted = Vec::new();
    let mut first = 0;
    let months: Vec<&RouteMonth<'_>> = routes.iter().flat_map(|route| &route.months).collect();
    for route in routes.iter().take(ROUTES_IN_CHART) {
        let next = first + route.months.len();
        let cost = charted_cost(table, &months, |month| month.cost, first..next)?;
        let (source, destination) = route.between;
        charted.push(vec![format!("{source} → {destination}").into(), cost]);
        first = next;
    }
    Ok(charted)
}

/// Draws the rows of the table beside, between both.
fn chart(table: &mut Table, context: &Context<'_>, title: &str, kind: ChartType, rows: usize) -> Result<()> {
    let (at, labels) = (table.chart_column() as u16, table.beside_column() as u16);
    let last = u32::try_from(rows).map_err(|_| Error::internal("a chart is too long"))?;
    if last == 0 {
        return Ok(());
    }
    let mark =
        if context.is_assumed { format!(" {}", context.texts.with_assumed_prices) } else { String::new() };
    let title = format!("{}{mark}", fill(title, &[("currency", context.currency)]));
    let sheet = table.first_sheet();
    let name = sheet.name();
    let mut chart = Chart::new(kind);
    chart
        .add_series()
        .set_categories((&*name, 1, labels, last, labels))
        .set_values((&*name, 1, labels + 1, last, labels + 1))
        .set_gap(40);
    chart.title().set_name(&title);
    chart.legend().set_hidden();
    if kind == ChartType::Bar {
        // Bars lie: the axis of labels stands, and the dearest, which is the first, is on top of it.
        chart.y_axis().set_reverse();
        chart.x_axis().set_num_format("#,##0");
    } else {
        chart.y_axis().set_num_format("#,##0");
    }
    // A filter of the table hides rows; the chart stays whole.
    chart.show_hidden_data().set_alt_text(&title);
    chart.set_width(COLUMNS_OF_A_CHART as u32 * 64).set_height(ROWS_OF_A_CHART * 20);
    sheet.insert_chart(1, at, &chart).map_err(failed)?;
    Ok(())
}

/// Where every record went (R14), and the sums of all sheets that have bytes or amounts.
fn totals(book: &mut Book, reports: &[&Report], sheets: &[Summed]) -> Result<Table> {
    let mut table = counts(book, reports, sheets.len())?;
    for Summed { table: sheet, bytes, cost: (column, cost) } in sheets {
        let rows = 0..sheet.rows();
        let bytes =
            bytes.map_or_else(|| "".into(), |sum| sheet.sum(BYTES, rows.clone(), &sum.to_string(), PRINTED));
        let cost = sheet.sum(column, rows, &cost.to_string(), PRINTED);
        let name = format!("sum of {}", sheet.name());
        table.add(book, ["".into(), name.into(), "".into(), bytes, cost, "".into()])?;
    }
    Ok(table)
}

/// Where every record went (R14), with room for so many sums.
fn counts(book: &mut Book, reports: &[&Report], sums: usize) -> Result<Table> {
    let heads = vec![
        Head::new("billing_month", Kind::Text),
        Head::new("total", Kind::Text),
        Head::new("records", Kind::Count),
        Head::new("bytes", Kind::Count),
        Head::new(COST, Kind::Amount),
        Head::new("partial", Kind::Text),
    ];
    let mut table = Table::new(book, "Control totals", heads, reports.len() * 6 + sums)?;
    for report in reports {
        add_counts(book, &mut table, report)?;
    }
    Ok(table)
}

/// Where the records of one report went, and the sum of those places: it is what was read.
fn add_counts(book: &mut Book, table: &mut Table, report: &Report) -> Result<()> {
    let month = report.month.to_string();
    let partial = truth(report.options.account.is_some());
    let counts = control_totals(report);
    let first = table.rows();
    for (name, records, bytes) in &counts {
        table.add(book, [&month, *name, records, bytes, "", partial])?;
    }
    let [(_, records, bytes), ..] = &counts;
    let places = first + 1..table.rows();
    let records = table.own_sum("records", places.clone(), records, PRINTED);
    let bytes = table.own_sum("bytes", places, bytes, PRINTED);
    table.add(book, [month.into(), "accounted_for".into(), records, bytes, "".into(), partial.into()])
}

/// What a reader should know (R16), each with its place.
fn findings(book: &mut Book, context: &Context<'_>, reports: &[&Report]) -> Result<Table> {
    let names = ["billing_month", "code", "message", "connection_id", "sender", "hour"];
    let kind = |name| if name == "message" { Kind::Prose } else { Kind::Text };
    let heads = names.map(|name| Head::new(name, kind(name))).into();
    let count = reports.iter().map(|report| report.findings.len()).sum();
    let mut table = Table::new(book, "Findings", heads, count)?;
    for report in reports {
        let month = report.month.to_string();
        for finding in &report.findings {
            let hour = finding.hour.map_or_else(String::new, |hour| hour.to_string());
            let connection = finding.connection_id.as_deref().unwrap_or_default();
            let sender = finding.sender.map_or("", Sender::as_str);
            let message = finding_words_in(finding, context.lang);
            table.add(book, [&*month, finding.code.as_str(), &message, connection, sender, &hour])?;
        }
    }
    Ok(table)
}

/// What the figures rest on, and how to read them.
fn basis(book: &mut Book, context: &Context<'_>, reports: &[&Report], tables: &[Table]) -> Result<Table> {
    let heads = vec![
        Head::new("billing_month", Kind::Text),
        Head::new("name", Kind::Text),
        Head::new("value", Kind::Prose),
    ];
    let mut table = Table::new(book, "Basis", heads, 0)?;
    for report in reports {
        let month = report.month.to_string();
        // Names are keys, which stay English.
        let values = provenance_in(report, context.lang)?.into_iter().map(|(_, value)| value);
        for ((name, _), value) in provenance(report).into_iter().zip(values) {
            table.add(book, [&*month, &name, &value])?;
        }
        if let Some(account) = &report.options.account {
            let partial = fill(&context.texts.partial, &[("account", account)]);
            table.add(book, [&*month, "partial", &partial])?;
        }
    }
    for note in notes(context, reports, tables, book.has_cut_text) {
        table.add(book, ["", "note", &note])?;
    }
    Ok(table)
}

fn notes(context: &Context<'_>, reports: &[&Report], tables: &[Table], has_cut_text: bool) -> Vec<String> {
    let texts = context.texts;
    let mut notes = vec![context.lang.texts().report.before_tax.clone()];
    let mut of_catalogs: Vec<String> =
        reports.iter().flat_map(|report| catalog_notes(&report.catalog, context.lang)).collect();
    of_catalogs.dedup();
    notes.extend(of_catalogs);
    notes.push(context.lang.texts().report.raised_is_upper_bound.clone());
    notes.extend([&texts.unrounded, &texts.digits].map(String::clone));
    if reports.iter().any(|report| report.days.is_none()) {
        notes.push(texts.no_days.clone());
    }
    notes.extend(notes_on_sheets(texts, tables, has_cut_text));
    notes
}

/// Which tables go on on further sheets, and whether a text was cut.
fn notes_on_sheets(texts: &XlsxTexts, tables: &[Table], has_cut_text: bool) -> Vec<String> {
    let continued = tables.iter().filter(|table| table.names().len() > 1).map(|table| {
        let (rows, sheets) = (table.rows().to_string(), table.names().join(", "));
        fill(&texts.continued, &[("sheet", table.name()), ("rows", &rows), ("sheets", &sheets)])
    });
    continued.chain(has_cut_text.then(|| texts.cut.clone())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Catalog, MeterSettings, ReportOptions, TrafficSource, inventory, meter, report};

    /// The hourly report of a connection with so many hours of traffic from one end.
    fn hourly(hours: u32) -> Report {
        let inventory = inventory(
            "connection_id,requester_account_id,requester_region,accepter_account_id,accepter_region,link_type\n\
             pcc-1,1000000000000001,cn-huhehaote,1000000000000002,cn-guangzhou,Gold\n",
            None,
        );
        let rows = (0..hours).map(|hour| format!("2026-10-05T{hour:02}:00:00Z,pcc-1,requester,1073741824\n"));
        let usage = format!("timestamp,connection_id,sender,bytes\n{}", rows.collect::<String>());
        let sources = [TrafficSource::from_bytes("usage.csv", usage)];
        let metered = meter(&sources, inventory.unwrap(), &MeterSettings::new("2026-10".parse().unwrap()));
        let options = ReportOptions { hourly: true, daily: true, ..ReportOptions::default() };
        report(&metered.unwrap(), &Catalog::shipped("china-site").unwrap(), options).unwrap()
    }

    #[test]
    fn rows_that_a_sheet_does_not_hold_go_on_on_the_next() {
        let report = hourly(10);
        let folded = [&report];
        let mut book = Book { workbook: Workbook::new(), rows_of_a_sheet: 5, has_cut_text: false };
        let hours = lines(&mut book, "Hours", &folded).unwrap();
        assert_eq!(hours.table.names(), ["Hours", "Hours 2", "Hours 3"]);
        let sum = hours.table.sum(COST, 0..hours.table.rows(), &hours.cost.1.to_string(), PRINTED);
        let formula = "ROUND(SUM('Hours'!P2:P5,'Hours 2'!P2:P5,'Hours 3'!P2:P3),10)".to_owned();
        assert_eq!(sum, Cell::Formula { formula, result: "4.80".into() });
        let some = hours.table.sum(COST, 3..5, "0.96", CHARTED);
        let formula = "ROUND(SUM('Hours'!P5:P5,'Hours 2'!P2:P2),2)".to_owned();
        assert_eq!(some, Cell::Formula { formula, result: "0.96".into() });
        let mut book = workbook(&[&report], Lang::En, 5).unwrap();
        let names: Vec<String> =
            book.workbook.worksheets().iter().map(rust_xlsxwriter::Worksheet::name).collect();
        for name in ["Lines", "Hours", "Hours 2", "Hours 3", "Basis", "Basis 2"] {
            assert!(names.contains(&name.to_owned()), "{names:?}");
        }
    }

    #[test]
    fn whole_sheets_and_totals_at_their_end_have_their_place() {
        // 10 hours and no adjustment, on sheets of 11 rows: full to the last row, and no further one.
        let report = hourly(10);
        let mut book = workbook(&[&report], Lang::En, 11).unwrap();
        let names: Vec<String> =
            book.workbook.worksheets().iter().map(rust_xlsxwriter::Worksheet::name).collect();
        assert!(!names.contains(&"Hours 2".to_owned()), "{names:?}");
        let mut book = Book { workbook: Workbook::new(), rows_of_a_sheet: 4, has_cut_text: false };
        let heads = vec![Head::new("a", Kind::Text), Head::new("b", Kind::Count)];
        let mut table = Table::new(&mut book, "T", heads, 2).unwrap();
        table.add(&mut book, ["x", "1"]).unwrap();
        table.add(&mut book, ["y", "2"]).unwrap();
        // Two rows and a header leave no room for a blank one and a total.
        table.total(&mut book, TOTAL, &[("b", "3".into(), PRINTED)]).unwrap();
        assert_eq!((table.names(), table.rows()), (vec!["T".to_owned(), "T 2".to_owned()], 2));
        let formula = "ROUND(SUM('T'!B2:B3),10)".to_owned();
        assert_eq!(table.own_sum("b", 0..2, "3", PRINTED), Cell::Formula { formula, result: "3".into() });
    }

    #[test]
    fn reports_of_several_months_have_a_row_for_each_account_and_month() {
        let report = hourly(3);
        let mut book = workbook(&[&report, &report], Lang::En, ROWS_OF_A_SHEET).unwrap();
        assert_eq!(book.workbook.worksheets().len(), 9);
        assert!(!book.workbook.save_to_buffer().unwrap().is_empty());
        let mut other = report.clone();
        other.catalog = std::sync::Arc::new(crate::catalog::CatalogSummary {
            currency: "USD".into(),
            ..(*report.catalog).clone()
        });
        assert!(reports(&[&report, &other], Lang::En, Vec::new()).is_err(), "R13");
        assert!(reports(&[], Lang::En, Vec::new()).is_ok());
    }

    #[test]
    fn charted_figures_are_rounded_as_a_spreadsheet_does_it() {
        let charted = |text: &str| as_charted(text.parse().unwrap()).to_string();
        for (exact, rounded) in
            [("0.005", "0.01"), ("0.0049999999", "0.00"), ("0", "0.00"), ("7563.7150335275", "7563.72")]
        {
            assert_eq!(charted(exact), rounded);
        }
        let negative = Money::ZERO.checked_sub("0.005".parse().unwrap()).unwrap();
        assert_eq!(as_charted(negative).to_string(), "-0.01");
    }
}
