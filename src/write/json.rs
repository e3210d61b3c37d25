//! The report as JSON. Every number that matters is a string; the schema is `docs/report.schema.json`.

use super::{
    BEFORE_TAX, RAISED_IS_UPPER_BOUND,
    csv::output_error,
    finding_words,
    shown::{is_plain, is_unseen},
    usage_digest,
    values::RowText,
};
use crate::{
    catalog::{CatalogSummary, PriceStatus},
    error::{Error, Result},
    meter::{ArchivedTotals, Archives, ControlTotals},
    model::{finding::Finding, usage::Sender},
    report::{Column, Grouping, Report, ReportRow},
    statement::Statement,
};
use serde::{
    Serialize, Serializer,
    ser::{Error as _, SerializeMap},
};
use serde_json::ser::{Formatter, PrettyFormatter};
use std::{
    cell::RefCell,
    collections::BTreeMap,
    io::{self, BufWriter, Write},
};

/// An input of the report, for `inputs`.
#[derive(Debug, Clone, Serialize)]
pub struct InputDigest {
    /// What it was given as: `usage`, `connections`, `link-changes`, `prices`, `contract`, `catalog`.
    pub role: String,
    /// Its name, usually the path.
    pub name: String,
    /// BLAKE3 of its bytes as stored, in hexadecimal.
    pub digest: String,
}

#[derive(Serialize)]
struct JsonReport<'a> {
    billing_month: String,
    offset: String,
    billing_period_start: String,
    billing_period_end: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<String>,
    currency: &'a str,
    assumed: bool,
    accounts: Vec<JsonAccount<'a>>,
    /// What lines are grouped by, where they are.
    #[serde(skip_serializing_if = "Option::is_none")]
    grouped_by: Option<Vec<&'a str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    grouped_lines: Option<Vec<JsonLine<'a>>>,
    payable: String,
    catalog: JsonCatalog<'a>,
    duplicates: &'a str,
    settings: Vec<JsonSetting<'a>>,
    control_totals: JsonTotals,
    usage_digest: &'a str,
    /// Where lines are corrections: what of.
    #[serde(skip_serializing_if = "Option::is_none")]
    corrects: Option<JsonCorrected<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    archives: Option<JsonArchives<'a>>,
    findings: Vec<JsonFinding<'a>>,
    inputs: &'a [InputDigest],
    notes: [&'a str; 2],
    peerbill_version: &'a str,
}

#[derive(Serialize)]
struct JsonAccount<'a> {
    billing_account_id: &'a str,
    /// Where names are given: null where it has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    billing_account_name: Option<Option<&'a str>>,
    lines: Vec<JsonLine<'a>>,
    subtotal: String,
    adjustment: String,
    payable: String,
    raised_hours: String,
    raised_cost: String,
    assumed: bool,
}

/// A row as a map of all its columns; those without a value are null.
pub(super) struct JsonLine<'a> {
    pub(super) columns: &'a [Column],
    pub(super) row: ReportRow<'a>,
}

impl JsonLine<'_> {
    /// Adds its columns to a map.
    pub(super) fn serialize_into<M: SerializeMap>(&self, map: &mut M) -> std::result::Result<(), M::Error> {
        let mut text = RowText::default();
        let values = text.fill(&self.row, self.columns).iter();
        self.columns.iter().zip(values).try_for_each(|(column, value)| {
            map.serialize_entry(column.name(), &Some(value).filter(|value| !value.is_empty()))
        })
    }
}

impl Serialize for JsonLine<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.columns.len()))?;
        self.serialize_into(&mut map)?;
        map.end()
    }
}

#[derive(Serialize)]
pub(super) struct JsonCatalog<'a> {
    name: &'a str,
    version: &'a str,
    site: &'a str,
    currency: &'a str,
    digest: &'a str,
    gb: &'a str,
    gb_bytes: String,
    rounding: JsonRounding<'a>,
    overlays: &'a [String],
    contract_rows: String,
    notes: &'a [String],
}

#[derive(Serialize)]
struct JsonRounding<'a> {
    mode: &'a str,
    decimals: u32,
    status: PriceStatusText,
    source_url: &'a str,
    source_date: &'a str,
}

struct PriceStatusText(PriceStatus);

impl Serialize for PriceStatusText {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.as_str())
    }
}

#[derive(Serialize)]
pub(super) struct JsonSetting<'a> {
    pub(super) name: &'a str,
    pub(super) value: &'a str,
}

#[derive(Serialize)]
pub(super) struct JsonTotals {
    /// Whether only one account's statement is shown, while the totals are those of all that was read.
    partial: bool,
    records: JsonCounts,
    bytes: JsonCounts,
}

#[derive(Serialize)]
struct JsonCounts {
    read: String,
    billed: String,
    free: String,
    outside_period: String,
    refused: String,
}

#[derive(Serialize)]
struct JsonCorrected<'a> {
    usage_digest: &'a str,
    payable_before: String,
    payable_after: String,
}

#[derive(Serialize)]
struct JsonArchives<'a> {
    with_totals: Vec<JsonArchived<'a>>,
    without_totals: String,
}

#[derive(Serialize)]
struct JsonArchived<'a> {
    billing_month: String,
    offset: String,
    duplicates: &'a str,
    control_totals: JsonArchivedTotals,
    usage_digest: &'a str,
    /// By what it was metered, where the document is its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    peerbill_version: Option<&'a str>,
}

#[derive(Serialize)]
struct JsonArchivedTotals {
    records: JsonCounts,
    bytes: JsonCounts,
}

#[derive(Serialize)]
pub(super) struct JsonFinding<'a> {
    code: &'a str,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    connection_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sender: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hour: Option<String>,
}

/// Writes `report` and the digests of its inputs, indented, with a final line feed, as `docs/report.schema.json` has
/// it.
///
/// # Errors
///
/// [`Output`](crate::ErrorKind::Output) where `output` fails, [`Overflow`](crate::ErrorKind::Overflow) where bytes or
/// an amount are too large to be printed.
pub fn write(report: &Report, inputs: &[InputDigest], output: impl Write) -> Result<()> {
    write_document(&document(report, &report.columns(), inputs)?, output)
}

/// Writes reports of several months, or of a range of one, likewise: `months`, each as [`write()`] has it.
///
/// # Errors
///
/// Those of [`write()`].
pub fn months(reports: &[&Report], inputs: &[InputDigest], output: impl Write) -> Result<()> {
    let failed = RefCell::new(None);
    let months = reports.iter().map(|&report| JsonMonth { report, inputs, failed: &failed }).collect();
    let written = write_document(&JsonMonths { months }, output);
    failed.into_inner().map_or(written, Err)
}

#[derive(Serialize)]
struct JsonMonths<'a> {
    months: Vec<JsonMonth<'a>>,
}

/// The report of a month, whose lines become text when it is its turn.
struct JsonMonth<'a> {
    report: &'a Report,
    inputs: &'a [InputDigest],
    /// Why one could not be printed.
    failed: &'a RefCell<Option<Error>>,
}

impl Serialize for JsonMonth<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let columns = self.report.columns();
        document(self.report, &columns, self.inputs)
            .map_err(|error| {
                let told = S::Error::custom(&error);
                self.failed.replace(Some(error));
                told
            })?
            .serialize(serializer)
    }
}

fn document<'a>(
    report: &'a Report,
    columns: &'a [Column],
    inputs: &'a [InputDigest],
) -> Result<JsonReport<'a>> {
    let period = report.month.period(report.offset);
    let groups = report.groups.is_some();
    let by_account =
        report.options.by.as_ref().is_some_and(|by| by.columns.contains(&Column::BillingAccountId));
    let mut grouped = grouped_lines(report, columns)?;
    let mut of_accounts: BTreeMap<&str, Vec<JsonLine<'_>>> = BTreeMap::new();
    if by_account {
        for line in grouped.drain(..) {
            let account = line.row.billing_account_id.unwrap_or_default();
            of_accounts.entry(account).or_default().push(line);
        }
    }
    let accounts = report.statements.iter().map(|statement| {
        let lines = if groups {
            of_accounts.remove(&*statement.billing_account_id).unwrap_or_default()
        } else {
            lines_of(report, statement, columns)?
        };
        Ok(account(report, statement, lines))
    });
    Ok(JsonReport {
        billing_month: report.month.to_string(),
        offset: report.offset.to_string(),
        billing_period_start: period.start.to_string(),
        billing_period_end: period.end.to_string(),
        until: report.until.map(|until| until.to_string()),
        currency: &report.catalog.currency,
        assumed: report.assumed(),
        accounts: accounts.collect::<Result<_>>()?,
        grouped_by: report.options.by.as_ref().map(Grouping::names),
        grouped_lines: (groups && !by_account).then_some(grouped),
        payable: report.payable()?.to_string(),
        catalog: catalog(&report.catalog),
        duplicates: report.duplicates.as_str(),
        settings: report.options.settings.iter().map(|(name, value)| JsonSetting { name, value }).collect(),
        control_totals: totals(report),
        usage_digest: usage_digest(report)?,
        corrects: report.corrects.as_ref().map(|own| JsonCorrected {
            usage_digest: &own.usage_digest,
            payable_before: own.payable_before.to_string(),
            payable_after: own.payable_after.to_string(),
        }),
        archives: archives(&report.options.archives),
        findings: report.findings.iter().map(finding).collect(),
        inputs,
        notes: [BEFORE_TAX, RAISED_IS_UPPER_BOUND],
        peerbill_version: env!("CARGO_PKG_VERSION"),
    })
}

/// Writes a document, indented, with a final line feed: the one way in which this crate writes JSON.
///
/// JSON leaves most of what acts on a terminal as it is; here it stands as `\u` escapes, which mean the same.
pub(super) fn write_document(document: &impl Serialize, output: impl Write) -> Result<()> {
    let failed = |error: io::Error| output_error(&error.to_string());
    // Documents are written in small pieces.
    let mut output = BufWriter::new(output);
    let mut serializer = serde_json::Serializer::with_formatter(&mut output, Visible(PrettyFormatter::new()));
    document.serialize(&mut serializer).map_err(|error| failed(error.into()))?;
    output.write_all(b"\n").and_then(|()| output.flush()).map_err(failed)
}

/// Indented JSON in which nothing of a text acts on a terminal.
struct Visible(PrettyFormatter<'static>);

impl Formatter for Visible {
    fn write_string_fragment<W: Write + ?Sized>(&mut self, writer: &mut W, text: &str) -> io::Result<()> {
        if is_plain(text) {
            return writer.write_all(text.as_bytes());
        }
        let mut seen_from = 0;
        for (at, character) in text.char_indices().filter(|(_, character)| is_unseen(*character)) {
            writer.write_all(&text.as_bytes()[seen_from..at])?;
            for unit in character.encode_utf16(&mut [0; 2]) {
                write!(writer, "\\u{unit:04x}")?;
            }
            seen_from = at + character.len_utf8();
        }
        writer.write_all(&text.as_bytes()[seen_from..])
    }

    fn begin_array<W: Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_array(writer)
    }

    fn end_array<W: Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_array(writer)
    }

    fn begin_array_value<W: Write + ?Sized>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_array_value(writer, first)
    }

    fn end_array_value<W: Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_array_value(writer)
    }

    fn begin_object<W: Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object(writer)
    }

    fn end_object<W: Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object(writer)
    }

    fn begin_object_key<W: Write + ?Sized>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_object_key(writer, first)
    }

    fn begin_object_value<W: Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object_value(writer)
    }

    fn end_object_value<W: Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object_value(writer)
    }
}

fn lines_of<'a>(
    report: &'a Report,
    statement: &Statement,
    columns: &'a [Column],
) -> Result<Vec<JsonLine<'a>>> {
    let lines = report.lines[statement.lines.clone()].iter();
    lines.map(|line| Ok(JsonLine { columns, row: report.line_row(line)? })).collect()
}

fn grouped_lines<'a>(report: &'a Report, columns: &'a [Column]) -> Result<Vec<JsonLine<'a>>> {
    let groups = report.group_rows();
    groups.map(|row| Ok(JsonLine { columns, row: row? })).collect()
}

fn account<'a>(report: &'a Report, statement: &'a Statement, lines: Vec<JsonLine<'a>>) -> JsonAccount<'a> {
    let id = &statement.billing_account_id;
    JsonAccount {
        billing_account_id: id,
        billing_account_name: report.told_name(id),
        lines,
        subtotal: statement.subtotal.to_string(),
        adjustment: statement.adjustment.to_string(),
        payable: statement.payable.to_string(),
        raised_hours: statement.raised_hours.to_string(),
        raised_cost: statement.raised_cost.to_string(),
        assumed: statement.assumed,
    }
}

pub(super) fn catalog(catalog: &CatalogSummary) -> JsonCatalog<'_> {
    let rounding = &catalog.rounding;
    JsonCatalog {
        name: &catalog.name,
        version: &catalog.version,
        site: &catalog.site,
        currency: &catalog.currency,
        digest: &catalog.price_digest,
        gb: catalog.gb.as_str(),
        gb_bytes: catalog.gb.bytes().to_string(),
        rounding: JsonRounding {
            mode: rounding.mode.as_str(),
            decimals: rounding.decimals,
            status: PriceStatusText(rounding.status),
            source_url: &rounding.source_url,
            source_date: &rounding.source_date,
        },
        overlays: &catalog.overlays,
        contract_rows: catalog.contract_rows.to_string(),
        notes: &catalog.notes,
    }
}

pub(super) fn totals(report: &Report) -> JsonTotals {
    let [records, bytes] = counts(&report.totals);
    JsonTotals { partial: report.options.account.is_some(), records, bytes }
}

/// Records and bytes.
fn counts(totals: &ControlTotals) -> [JsonCounts; 2] {
    let counts = |[read, billed, free, outside_period, refused]: [String; 5]| JsonCounts {
        read,
        billed,
        free,
        outside_period,
        refused,
    };
    let rows = super::totals(totals);
    [counts(rows.each_ref().map(|row| row.1.clone())), counts(rows.map(|row| row.2))]
}

fn archives(archives: &Archives) -> Option<JsonArchives<'_>> {
    (!archives.is_empty()).then(|| JsonArchives {
        with_totals: archives.totals.iter().map(archived).collect(),
        without_totals: archives.without_totals.to_string(),
    })
}

fn archived(own: &ArchivedTotals) -> JsonArchived<'_> {
    let [records, bytes] = counts(&own.totals);
    JsonArchived {
        billing_month: own.month.to_string(),
        offset: own.offset.to_string(),
        duplicates: own.duplicates.as_str(),
        control_totals: JsonArchivedTotals { records, bytes },
        usage_digest: &own.usage_digest,
        peerbill_version: None,
    }
}

/// Writes the control totals of an archive as a document of their own.
pub(super) fn write_archived(own: &ArchivedTotals, output: impl Write) -> Result<()> {
    write_document(
        &JsonArchived { peerbill_version: Some(env!("CARGO_PKG_VERSION")), ..archived(own) },
        output,
    )
}

pub(super) fn finding(found: &Finding) -> JsonFinding<'_> {
    JsonFinding {
        code: found.code.as_str(),
        message: finding_words(found),
        connection_id: found.connection_id.as_deref(),
        sender: found.sender.map(Sender::as_str),
        hour: found.hour.map(|hour| hour.to_string()),
    }
}
