//! A report as a page: what is payable, accounts with their lines, control totals and findings.

use super::{
    Lang, catalog_notes, control_totals, finding_words_in,
    lang::fill,
    named_provenance,
    page::{Block, Notices, Page, Room, Section, Sums, Yield},
    provenance_in,
    values::value,
};
use crate::{
    catalog::CatalogSummary,
    error::Result,
    model::{finding::Finding, money::Money, time::Offset},
    parallel::mapped,
    report::{ChargeCategory, Column, Report, ReportRow},
    statement::Statement,
};
use std::collections::BTreeMap;

/// How many findings of one code a screen has room for; all are in the JSON.
pub(super) const FINDINGS_SHOWN: usize = 10;

/// The page of a report, with so many findings of one code in words.
pub(super) fn page_of(report: &Report, findings_said: usize, lang: Lang) -> Result<Page> {
    let catalog = &report.catalog;
    let (month, offset) = (report.month.to_string(), report.offset.to_string());
    let values = [
        ("month", &*month),
        ("offset", &offset),
        ("catalog", &catalog.name),
        ("currency", &catalog.currency),
    ];
    let title = fill(&lang.texts().report.title, &values);
    let threads = report.text_threads();
    let mut page = Page { assumed: report.assumed(), threads, ..Page::titled(title, lang) };
    page.sections.push(payable(report, lang)?);
    let corrects = named_provenance(report, lang).into_iter().filter(|(key, ..)| *key == "corrects");
    let corrects = corrects.map(|(_, name, value)| Block::item(format!("{name}: {value}")));
    page.sections.extend(corrects.map(|item| Section::untitled([item])));
    if report.groups.is_some() {
        let rows = report.group_rows().collect::<Result<Vec<ReportRow<'_>>>>()?;
        let table = LineCells::of(report, lang).table(&grouped_columns(report), &rows);
        page.sections.push(Section::untitled([table]));
    }
    let account = |statement| account(report, statement, lang);
    page.sections.extend(mapped(threads, report.statements.iter(), account)?);
    page.sections.push(totals(report, lang));
    page.sections.push(findings(&report.findings, findings_said, lang));
    page.sections.push(basis(provenance_in(report, lang)?, catalog, lang));
    Ok(page)
}

/// What stands above the pages of several months: who pays what in which of them.
#[cfg(feature = "cli")]
pub(super) fn page_of_months(reports: &[&Report], lang: Lang) -> Result<Option<Page>> {
    let [first, .., last] = reports else { return Ok(None) };
    let (catalog, texts) = (&first.catalog, &lang.texts().report);
    let months = [first, last].map(|report| report.month.to_string());
    let offset = first.offset.to_string();
    let values = [
        ("first", &*months[0]),
        ("last", &months[1]),
        ("offset", &offset),
        ("catalog", &catalog.name),
        ("currency", &catalog.currency),
    ];
    let title = fill(&texts.title_of_months, &values);
    let assumed = reports.iter().any(|report| report.assumed());
    let mut page = Page { assumed, ..Page::titled(title, lang) };
    page.sections.push(months_of(reports, lang)?);
    Ok(Some(page))
}

/// The matrix of accounts by month.
pub(super) fn months_of(reports: &[&Report], lang: Lang) -> Result<Section> {
    let texts = &lang.texts().report;
    let Matrix { rows, of_months, total } = Matrix::of(reports)?;
    let mut header = vec![texts.account_column.clone()];
    header.extend(reports.iter().map(|report| report.month.to_string()));
    header.push(texts.total.clone());
    let mark = |(money, assumed): &(Money, bool)| format!("{money}{}", if *assumed { " *" } else { "" });
    let mut cells: Vec<Vec<String>> = Vec::new();
    for row in &rows {
        let months = row.months.iter().map(|payable| payable.as_ref().map_or_else(String::new, mark));
        cells.push([row.label.clone()].into_iter().chain(months).chain([row.total.to_string()]).collect());
    }
    let sums = of_months.iter().map(ToString::to_string).chain([total.to_string()]);
    cells.push([texts.total.clone()].into_iter().chain(sums).collect());
    let numbers: Vec<usize> = (1..header.len()).collect();
    // The total stays.
    let yields = (1..header.len() - 1).map(Yield::LeaveOut).collect();
    let currency = reports.first().map_or("", |report| &report.catalog.currency);
    let title = fill(&texts.payable_by_month, &[("currency", currency)]);
    Ok(Section::new(title, [Block::table(&header, cells, &numbers).with_yields(yields)]))
}

/// What accounts pay in several months.
pub(super) struct Matrix {
    /// By account.
    pub rows: Vec<MatrixRow>,
    /// What all accounts pay in each month.
    pub of_months: Vec<Money>,
    /// What all accounts pay in all months.
    pub total: Money,
}

/// What an account pays in several months.
pub(super) struct MatrixRow {
    #[cfg_attr(not(feature = "xlsx"), allow(dead_code, reason = "a sheet alone has names beside the id"))]
    pub account_id: String,
    /// The account where people read it.
    pub label: String,
    /// By month: what is payable, and whether an assumed price touched it (R18); none without a line.
    pub months: Vec<Option<(Money, bool)>>,
    pub total: Money,
}

impl Matrix {
    /// Of reports, each of another month.
    pub fn of(reports: &[&Report]) -> Result<Self> {
        let mut rows: BTreeMap<&str, MatrixRow> = BTreeMap::new();
        for (place, report) in reports.iter().enumerate() {
            for statement in &report.statements {
                let id = statement.billing_account_id.as_str();
                let row = rows.entry(id).or_insert_with(|| MatrixRow {
                    account_id: id.to_owned(),
                    label: report.account_label(id),
                    months: vec![None; reports.len()],
                    total: Money::ZERO,
                });
                row.months[place] = Some((statement.payable, statement.assumed));
                row.total = row.total.checked_add(statement.payable)?;
            }
        }
        let of_months = reports.iter().map(|report| report.payable()).collect::<Result<Vec<Money>>>()?;
        let total = of_months.iter().try_fold(Money::ZERO, |sum, own| sum.checked_add(*own))?;
        Ok(Self { rows: rows.into_values().collect(), of_months, total })
    }
}

const LINE_COLUMNS: [Column; 13] = [
    Column::ChargePeriodStart,
    Column::ConnectionId,
    Column::Sender,
    Column::SourceRegion,
    Column::DestinationRegion,
    Column::LinkType,
    Column::PricingQuantity,
    Column::ListUnitPrice,
    Column::ContractedUnitPrice,
    Column::BilledCost,
    Column::MeteredHours,
    Column::RaisedHours,
    Column::RaisedCost,
];

/// The columns that a screen without room leaves out, the first of them first (docs/outputs.md). Names of regions go
/// before them. Others stay: when, which connection or group, and what it costs.
const GIVING_WAY: [Column; 12] = [
    Column::ConsumedBytes,
    Column::MeteredHours,
    Column::RaisedCost,
    Column::RaisedHours,
    Column::ListUnitPrice,
    Column::BillingAccountName,
    Column::DestinationRegion,
    Column::SourceRegion,
    Column::ContractedUnitPrice,
    Column::Sender,
    Column::LinkType,
    Column::PricingQuantity,
];

fn grouped_columns(report: &Report) -> Vec<Column> {
    let named = report.options.by.iter().flat_map(|by| by.columns.iter().copied());
    let mut columns: Vec<Column> = named.chain(Column::ALL.into_iter().filter(|c| c.is_summed())).collect();
    if report.columns().contains(&Column::ChargePeriodStart) {
        columns.push(Column::ChargePeriodStart);
    }
    if columns.contains(&Column::BillingAccountId) && report.options.accounts.is_some() {
        columns.push(Column::BillingAccountName);
    }
    columns.sort_unstable();
    columns.dedup();
    columns.retain(|column| *column != Column::ChargePeriodEnd);
    columns
}

/// The name of a column where people read it.
pub(super) fn heading(column: Column, lang: Lang) -> &'static str {
    lang.texts().column(column.name())
}

/// Whether its values are numbers, and line up.
pub(super) fn is_number(column: Column) -> bool {
    column.is_summed() || matches!(column, Column::ListUnitPrice | Column::ContractedUnitPrice)
}

/// Lines where people read them.
pub(super) struct LineCells<'a> {
    pub lang: Lang,
    /// Whose regions have names.
    pub catalog: &'a CatalogSummary,
    /// The offset of the days that lines are grouped by.
    pub days: Option<Offset>,
}

impl<'a> LineCells<'a> {
    fn of(report: &'a Report, lang: Lang) -> Self {
        let by_day = report.options.by.as_ref().is_some_and(|by| by.day);
        Self { lang, catalog: &report.catalog, days: by_day.then_some(report.offset) }
    }

    fn table(&self, columns: &[Column], rows: &[ReportRow<'_>]) -> Block {
        let header: Vec<&str> = columns.iter().map(|&column| self.heading(column)).collect();
        let numbers: Vec<usize> = (0..columns.len()).filter(|&i| is_number(columns[i])).collect();
        let cells = rows.iter().map(|row| columns.iter().map(|&column| self.cell(row, column)).collect());
        Block::table(&header, cells.collect(), &numbers).with_yields(yields(columns, 0))
    }

    fn heading(&self, column: Column) -> &'static str {
        match column {
            Column::ChargePeriodStart if self.days.is_some() => &self.lang.texts().report.day,
            _ => heading(column, self.lang),
        }
    }

    /// A value where people read it.
    pub fn cell(&self, row: &ReportRow<'_>, column: Column) -> String {
        let texts = self.lang.texts();
        match column {
            Column::LinkType if is_free(row) => texts.word("free").to_owned(),
            Column::LinkType | Column::Sender | Column::ChargeCategory | Column::PriceStatus => {
                texts.word(&value(row, column)).to_owned()
            }
            Column::SourceRegion | Column::DestinationRegion => self.region(&value(row, column)),
            Column::ChargePeriodStart => match row.charge_period_start.zip(self.days) {
                Some((hour, offset)) => offset.date_of(hour),
                None => value(row, column),
            },
            // R18: the mark of an assumed price.
            Column::BilledCost if row.is_assumed() => format!("{} *", value(row, column)),
            _ => group_cell(row, column, self.lang),
        }
    }

    /// A region by its id, and where the language is not that of ids, by its name behind it.
    pub fn region(&self, id: &str) -> String {
        region_in(self.catalog, id, self.lang)
    }
}

/// A region as people of a language read it: its id, and behind it the name that it has in their language.
pub(crate) fn region_in(catalog: &CatalogSummary, id: &str, lang: Lang) -> String {
    let name = if lang == Lang::En { None } else { region_name(catalog, id, lang) };
    name.map_or_else(|| id.to_owned(), |name| format!("{id} {name}"))
}

/// The name that a region has in a language, where it has one.
pub(super) fn region_name<'c>(catalog: &'c CatalogSummary, id: &str, lang: Lang) -> Option<&'c str> {
    let region = catalog.regions.get(id)?;
    let (traditional, simplified) = (&*region.name_zh_hant, &*region.name_zh);
    let names = match lang {
        Lang::En => [&*region.name_en, ""],
        Lang::ZhHans => [simplified, ""],
        Lang::ZhHant => [traditional, simplified],
    };
    names.into_iter().find(|name| !name.is_empty())
}

/// What data says of a line; but a group without a value is told as such.
pub(super) fn group_cell(row: &ReportRow<'_>, column: Column, lang: Lang) -> String {
    let texts = &lang.texts().report;
    let without = match column {
        Column::BillingAccountName if row.billing_account_name.is_none() => texts.name.as_str(),
        Column::Account(key) if row.account_value(key).is_none() => key.key(),
        Column::Tag(key) if row.tag(key).is_none() => key.key(),
        _ => return value(row, column),
    };
    match row.is_adjustment() {
        true => String::new(),
        false => fill(&texts.without_value, &[("key", without)]),
    }
}

fn is_free(row: &ReportRow<'_>) -> bool {
    let of_traffic = [ChargeCategory::Free, ChargeCategory::Correction].map(Some);
    of_traffic.contains(&row.charge_category) && row.link_type.is_none()
}

/// How a table of lines gives way, whose columns stand behind so many others.
pub(super) fn yields(columns: &[Column], behind: usize) -> Vec<Yield> {
    let place = |wanted: &Column| columns.iter().position(|column| column == wanted);
    let regions = [Column::SourceRegion, Column::DestinationRegion];
    let shorter = regions.iter().filter_map(place).map(|index| Yield::Shorten(index + behind));
    let left_out = GIVING_WAY.iter().filter_map(place).map(|index| Yield::LeaveOut(index + behind));
    shorter.chain(left_out).collect()
}

fn account(report: &Report, statement: &Statement, lang: Lang) -> Result<Section> {
    let (currency, texts) = (&report.catalog.currency, &lang.texts().report);
    let account = report.account_label(&statement.billing_account_id);
    let mut section = Section::new(fill(&texts.account, &[("account", &account)]), []);
    if report.groups.is_none() {
        section.blocks.push(lines_of(report, statement, lang)?);
    }
    let amounts = [
        (&texts.subtotal, statement.subtotal),
        (&texts.adjustment, statement.adjustment),
        (&texts.payable, statement.payable),
    ];
    let amounts = amounts.map(|(name, money)| (name.clone(), marked(money, currency, statement.assumed)));
    section.blocks.push(Block::Sums(Sums { amounts: amounts.into(), total_last: true }));
    if statement.raised_hours > 0 {
        let (hours, cost) = (statement.raised_hours.to_string(), statement.raised_cost.to_string());
        let values = [("hours", &*hours), ("cost", &cost), ("currency", currency)];
        section.blocks.push(Block::item(fill(&texts.raised_of_account, &values)));
    }
    Ok(section)
}

/// An amount, and what stands behind it: the currency, and the mark of an assumed price (R18).
fn marked(money: Money, currency: &str, assumed: bool) -> (String, String) {
    (money.to_string(), format!("{currency}{}", if assumed { " *" } else { "" }))
}

fn lines_of(report: &Report, statement: &Statement, lang: Lang) -> Result<Block> {
    let lines = report.lines[statement.lines.clone()].iter();
    let rows = lines.map(|line| report.line_row(line)).collect::<Result<Vec<ReportRow<'_>>>>()?;
    let shown = report.columns();
    let discounted = |row: &ReportRow<'_>| row.list_unit_price != row.contracted_unit_price;
    let list_price = rows.iter().any(discounted);
    let columns: Vec<Column> = LINE_COLUMNS
        .into_iter()
        .filter(|column| shown.contains(column))
        .filter(|column| *column != Column::ListUnitPrice || list_price)
        .collect();
    Ok(LineCells::of(report, lang).table(&columns, &rows))
}

/// What is payable: of all accounts, then of each where there are several.
fn payable(report: &Report, lang: Lang) -> Result<Section> {
    let (currency, texts) = (&report.catalog.currency, &lang.texts().report);
    let (accounts, amount) = (report.statements.len().to_string(), report.payable()?.to_string());
    let title = if report.statements.len() == 1 { &texts.payable_of_one } else { &texts.payable_of_all };
    let values = [("accounts", &*accounts), ("amount", &amount), ("currency", currency)];
    let mark = if report.assumed() { " *" } else { "" };
    let mut section = Section::new(format!("{}{mark}", fill(title, &values)), []);
    if report.statements.len() > 1 {
        let each = report.statements.iter().map(|statement| {
            let account = report.account_label(&statement.billing_account_id);
            (account, marked(statement.payable, currency, statement.assumed))
        });
        section.blocks.push(Block::Sums(Sums { amounts: each.collect(), total_last: false }));
    }
    let (hours, cost) = raised(report)?;
    let (number, cost) = (hours.to_string(), cost.to_string());
    let values = [("hours", &*number), ("cost", &cost), ("currency", currency)];
    section.blocks.push(Block::Paragraph(fill(&texts.raised, &values)));
    if hours > 0 {
        section.blocks.push(Block::item(&texts.raised_is_upper_bound));
    }
    Ok(section)
}

/// The raised hours of all accounts shown, and what they cost.
pub(super) fn raised(report: &Report) -> Result<(i64, Money)> {
    let costs = report.statements.iter().map(|statement| statement.raised_cost);
    let cost = costs.into_iter().try_fold(Money::ZERO, Money::checked_add)?;
    Ok((report.statements.iter().map(|statement| statement.raised_hours).sum(), cost))
}

/// Where every record went (R14).
pub(super) fn totals(report: &Report, lang: Lang) -> Section {
    let texts = &lang.texts().report;
    let title = match &report.options.account {
        Some(account) => fill(&texts.control_totals_partial, &[("account", account)]),
        None => texts.control_totals.clone(),
    };
    Section::new(title, [totals_table(control_totals(report), lang)])
}

/// Control totals as a table.
pub(super) fn totals_table(totals: [(&'static str, String, String); 5], lang: Lang) -> Block {
    let texts = lang.texts();
    let rows = totals.map(|(name, records, bytes)| vec![texts.word(name).to_owned(), records, bytes]);
    Block::table(&["", &texts.report.records, &texts.report.bytes], rows.into(), &[1, 2])
}

/// What was found (R16), so many of one code in words: an inventory may have thousands, and nobody sees the others.
pub(super) fn findings(findings: &[Finding], said: usize, lang: Lang) -> Section {
    let texts = &lang.texts().report;
    if findings.is_empty() {
        return Section::new(&texts.no_findings, []);
    }
    let words = |(index, finding): (usize, &Finding)| {
        let words = if index < said { finding_words_in(finding, lang) } else { String::new() };
        (finding.code.as_str(), words)
    };
    let of_code = findings.chunk_by(|a, b| a.code == b.code);
    let notices = of_code.flat_map(|same| same.iter().enumerate().map(words)).collect();
    let notices = Notices { notices, room: Room::OfEachCode(FINDINGS_SHOWN) };
    let title = fill(&texts.findings, &[("count", &findings.len().to_string())]);
    Section::new(title, [Block::Notices(notices)])
}

/// What the figures rest on.
pub(super) fn basis(facts: Vec<(String, String)>, catalog: &CatalogSummary, lang: Lang) -> Section {
    let texts = &lang.texts().report;
    let mut notes = catalog_notes(catalog, lang);
    notes.push(texts.before_tax.clone());
    Section { folded: true, ..Section::new(&texts.basis, [Block::Facts(facts), Block::Items(notes)]) }
}
