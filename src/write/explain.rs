//! One charge from its records to its amount: for a reader who does the sum again on paper, and as JSON.

use super::{
    json::{JsonLine, write_document},
    reason,
};
use crate::{
    catalog::{ContractRow, Lost, Place, PriceRow, PriceStatus, Terms},
    error::Result,
    explain::{AccountLines, ExplainedRecord, Explanation},
    meter::RefusedRecord,
    model::{
        link::{LinkChange, LinkType},
        time::Timestamp,
    },
};
use serde::{Serialize, Serializer, ser::SerializeMap};
use std::io::Write;

#[cfg(feature = "cli")]
pub(super) use page::{page_of, page_of_lines};

/// Writes an explanation as JSON, indented, with a final line feed, as `docs/explain.schema.json` has it. Numbers are text,
/// the amount with all its digits.
///
/// # Errors
///
/// [`Output`](crate::ErrorKind::Output) where `output` fails.
pub fn json(explanation: &Explanation, output: impl Write) -> Result<()> {
    let Explanation { connection, catalog, .. } = explanation;
    let types = explanation.link_types.as_ref();
    let name = |id: &str| explanation.accounts.is_some().then(|| explanation.account_name(id));
    let document = JsonExplanation {
        connection_id: &connection.id,
        sender: explanation.sender.as_str(),
        billing_account_id: &explanation.billing_account_id,
        billing_account_name: name(&explanation.billing_account_id),
        peer_account_id: &explanation.peer_account_id,
        peer_account_name: name(&explanation.peer_account_id),
        source_region: &explanation.source_region,
        destination_region: &explanation.destination_region,
        hour: explanation.hour.to_string(),
        billing_month: explanation.month.to_string(),
        offset: explanation.offset.to_string(),
        records: explanation.records.iter().map(json_record).collect(),
        refused: explanation.refused.iter().map(json_refused).collect(),
        consumed_bytes: explanation.consumed_bytes.to_string(),
        link_type_before: types.map(|own| own.before.as_str()),
        changes: types.iter().flat_map(|own| &own.changes).map(json_change).collect(),
        link_type: types.map(|own| own.levels.highest.as_str()),
        raised: types.is_some_and(|own| own.levels.switched),
        price: json_price(explanation),
        lost: lost(explanation),
        catalog: &catalog.name,
        catalog_version: &catalog.version,
        price_digest: &catalog.price_digest,
        gb_bytes: catalog.gb.bytes().to_string(),
        amount: explanation.amount.exact(catalog.gb).text(0),
        raised_amount: explanation.raised_amount.exact(catalog.gb).text(0),
        billing_currency: &catalog.currency,
        peerbill_version: env!("CARGO_PKG_VERSION"),
    };
    write_document(&document, output)
}

/// Writes the lines of an account as JSON, likewise: the columns of the report, the largest hour of each line, and the
/// command that explains it.
///
/// # Errors
///
/// [`Output`](crate::ErrorKind::Output) where `output` fails, [`Overflow`](crate::ErrorKind::Overflow) where bytes or
/// an amount are too large to be printed.
pub fn lines_json(lines: &AccountLines, commands: &[String], output: impl Write) -> Result<()> {
    let AccountLines { report, largest } = lines;
    let (columns, gb) = (report.columns(), report.catalog.gb);
    let rows = report.lines.iter().map(|line| report.line_row(line)).collect::<Result<Vec<_>>>()?;
    let lines =
        rows.into_iter().zip(largest).zip(commands).map(|((row, largest), command)| JsonAccountLine {
            line: JsonLine { columns: &columns, row },
            largest_hour: JsonLargestHour {
                hour: largest.hour.to_string(),
                consumed_bytes: largest.bytes.to_string(),
                amount: largest.amount.exact(gb).text(0),
            },
            command,
        });
    let document = JsonAccountLines {
        billing_account_id: report.options.account.as_deref().unwrap_or_default(),
        billing_month: report.month.to_string(),
        offset: report.offset.to_string(),
        billing_currency: &report.catalog.currency,
        lines: lines.collect(),
        payable: report.payable()?.to_string(),
        peerbill_version: env!("CARGO_PKG_VERSION"),
    };
    write_document(&document, output)
}

#[derive(Serialize)]
struct JsonExplanation<'a> {
    connection_id: &'a str,
    sender: &'a str,
    billing_account_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    billing_account_name: Option<Option<&'a str>>,
    peer_account_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    peer_account_name: Option<Option<&'a str>>,
    source_region: &'a str,
    destination_region: &'a str,
    hour: String,
    billing_month: String,
    offset: String,
    records: Vec<JsonRecord<'a>>,
    refused: Vec<JsonRefused<'a>>,
    consumed_bytes: String,
    link_type_before: Option<&'a str>,
    changes: Vec<JsonChange<'a>>,
    link_type: Option<&'a str>,
    raised: bool,
    price: Option<JsonPrice>,
    lost: Vec<LostRow>,
    catalog: &'a str,
    catalog_version: &'a str,
    price_digest: &'a str,
    gb_bytes: String,
    amount: String,
    raised_amount: String,
    billing_currency: &'a str,
    peerbill_version: &'a str,
}

#[derive(Serialize)]
struct JsonRecord<'a> {
    input: &'a str,
    place: &'a str,
    timestamp: String,
    bytes: String,
    /// All of its bytes, where others lie in other hours.
    #[serde(skip_serializing_if = "Option::is_none")]
    split_of: Option<String>,
}

fn json_record(record: &ExplainedRecord) -> JsonRecord<'_> {
    JsonRecord {
        input: &record.input,
        place: &record.place,
        timestamp: record.timestamp.to_string(),
        bytes: bytes(record),
        split_of: record.split_of.map(|bytes| bytes.to_string()),
    }
}

/// The bytes of a record that lie in the hour, with all decimals that a rate leaves.
fn bytes(record: &ExplainedRecord) -> String {
    let fraction = format!("{:030}", record.fraction);
    match fraction.trim_end_matches('0') {
        "" => record.bytes.to_string(),
        decimals => format!("{}.{decimals}", record.bytes),
    }
}

#[derive(Serialize)]
struct JsonRefused<'a> {
    input: &'a str,
    place: String,
    code: &'a str,
    reason: String,
}

fn json_refused(record: &RefusedRecord) -> JsonRefused<'_> {
    JsonRefused {
        input: record.fault.input.as_deref().unwrap_or_default(),
        place: place_of(record),
        code: record.fault.code.as_str(),
        reason: reason(&record.fault),
    }
}

/// Where a refused record stands within its input.
fn place_of(record: &RefusedRecord) -> String {
    let line = record.fault.line.map(|line| format!("line {line}"));
    line.into_iter().chain(record.fault.path.as_deref().map(String::from)).collect::<Vec<String>>().join(", ")
}

#[derive(Serialize)]
struct JsonChange<'a> {
    changed_at: String,
    from_link_type: &'a str,
    to_link_type: &'a str,
}

fn json_change(change: &LinkChange) -> JsonChange<'_> {
    let (from_link_type, to_link_type) = (change.from.as_str(), change.to.as_str());
    JsonChange { changed_at: change.changed_at.to_string(), from_link_type, to_link_type }
}

#[derive(Serialize)]
struct JsonPrice {
    list_unit_price: Option<String>,
    contracted_unit_price: String,
    source: Option<String>,
    destination: Option<String>,
    layer: Option<&'static str>,
    overlay: Option<String>,
    status: &'static str,
    source_url: Option<String>,
    source_date: Option<String>,
    effective_from: Option<String>,
    /// The row's input and line.
    input: Option<String>,
    line: Option<String>,
    contract: Option<JsonTerms>,
}

#[derive(Serialize)]
struct JsonTerms {
    account_id: String,
    source: String,
    destination: String,
    link_type: String,
    unit_price: Option<String>,
    discount_percent: Option<String>,
    effective_from: Option<String>,
    effective_until: Option<String>,
    input: String,
    line: String,
}

fn json_price(explanation: &Explanation) -> Option<JsonPrice> {
    let own = explanation.price.as_ref()?;
    let terms = own.contract.as_ref().map(json_terms);
    // Of what is paid: the contract's row where that names a unit price, else that of the list price.
    let row = own.row.as_ref().filter(|_| !explanation.by_contract());
    let by_contract = terms.as_ref().filter(|_| explanation.by_contract());
    let of_row = |value: &dyn Fn(&PriceRow) -> String| row.map(value).filter(|text| !text.is_empty());
    let either = |of_terms: &dyn Fn(&JsonTerms) -> Option<String>, value: &dyn Fn(&PriceRow) -> String| {
        by_contract.map_or_else(|| of_row(value), of_terms)
    };
    let (layer, overlay) = match row {
        Some(row) => layer_of(explanation, row),
        None => (by_contract.map(|_| "contract"), None),
    };
    Some(JsonPrice {
        list_unit_price: own.price.list.map(|price| price.to_string()),
        contracted_unit_price: own.price.contracted.to_string(),
        source: either(&|terms| Some(terms.source.clone()), &|row| row.source.to_string()),
        destination: either(&|terms| Some(terms.destination.clone()), &|row| row.destination.to_string()),
        layer,
        overlay,
        status: own.price.status.as_str(),
        source_url: of_row(&|row| row.source_url.clone()),
        source_date: of_row(&|row| row.source_date.clone()),
        effective_from: either(&|terms| terms.effective_from.clone(), &|row| instant(row.validity.from)),
        input: either(&|terms| Some(terms.input.clone()), &|row| row.input.to_string()),
        line: either(&|terms| Some(terms.line.clone()), &|row| row.line.to_string()),
        contract: terms,
    })
}

fn json_terms(row: &ContractRow) -> JsonTerms {
    let (unit_price, discount_percent) = match row.terms {
        Terms::UnitPrice(price) => (Some(price.to_string()), None),
        Terms::Discount(discount) => (None, Some(discount.to_string())),
    };
    JsonTerms {
        account_id: row.account_id.as_deref().unwrap_or("*").to_owned(),
        source: any_place(row.source.as_ref()),
        destination: any_place(row.destination.as_ref()),
        link_type: row.link_type.map_or("*", LinkType::as_str).to_owned(),
        unit_price,
        discount_percent,
        effective_from: row.validity.from.map(|at| at.to_string()),
        effective_until: row.validity.until.map(|at| at.to_string()),
        input: row.input.to_string(),
        line: row.line.to_string(),
    }
}

fn any_place(place: Option<&Place>) -> String {
    place.map_or_else(|| "*".to_owned(), Place::to_string)
}

/// An instant; nothing where there is none.
fn instant(at: Option<Timestamp>) -> String {
    at.map_or_else(String::new, |at| at.to_string())
}

/// Of which layer a row is, and the name of its overlay.
fn layer_of(explanation: &Explanation, row: &PriceRow) -> (Option<&'static str>, Option<String>) {
    match row.layer.checked_sub(1) {
        None => (Some("catalog"), None),
        Some(overlay) => (Some("overlay"), explanation.catalog.overlays.get(overlay).cloned()),
    }
}

/// A row that is not what is paid.
#[derive(Serialize)]
struct LostRow {
    layer: &'static str,
    overlay: Option<String>,
    account_id: Option<String>,
    source: String,
    destination: String,
    link_type: String,
    unit_price: Option<String>,
    discount_percent: Option<String>,
    status: &'static str,
    effective_from: Option<String>,
    effective_until: Option<String>,
    source_url: Option<String>,
    source_date: Option<String>,
    input: String,
    line: String,
    why: &'static str,
}

fn lost(explanation: &Explanation) -> Vec<LostRow> {
    let rows = explanation.lost_rows.iter().map(|(row, why)| lost_row(explanation, row, *why));
    rows.chain(explanation.lost_terms.iter().map(|(row, why)| lost_term(row, *why))).collect()
}

fn lost_row(explanation: &Explanation, row: &PriceRow, why: Lost) -> LostRow {
    let (layer, overlay) = layer_of(explanation, row);
    let told = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
    LostRow {
        layer: layer.unwrap_or_default(),
        overlay,
        account_id: None,
        source: row.source.to_string(),
        destination: row.destination.to_string(),
        link_type: row.link_type.to_string(),
        unit_price: Some(row.unit_price.to_string()),
        discount_percent: None,
        status: row.status.as_str(),
        effective_from: row.validity.from.map(|at| at.to_string()),
        effective_until: row.validity.until.map(|at| at.to_string()),
        source_url: told(&row.source_url),
        source_date: told(&row.source_date),
        input: row.input.to_string(),
        line: row.line.to_string(),
        why: why.as_str(),
    }
}

fn lost_term(row: &ContractRow, why: Lost) -> LostRow {
    let terms = json_terms(row);
    LostRow {
        layer: "contract",
        overlay: None,
        account_id: Some(terms.account_id),
        source: terms.source,
        destination: terms.destination,
        link_type: terms.link_type,
        unit_price: terms.unit_price,
        discount_percent: terms.discount_percent,
        status: PriceStatus::Contract.as_str(),
        effective_from: terms.effective_from,
        effective_until: terms.effective_until,
        source_url: None,
        source_date: None,
        input: terms.input,
        line: terms.line,
        why: why.as_str(),
    }
}

#[derive(Serialize)]
struct JsonAccountLines<'a> {
    billing_account_id: &'a str,
    billing_month: String,
    offset: String,
    billing_currency: &'a str,
    lines: Vec<JsonAccountLine<'a>>,
    payable: String,
    peerbill_version: &'a str,
}

struct JsonAccountLine<'a> {
    line: JsonLine<'a>,
    largest_hour: JsonLargestHour,
    command: &'a str,
}

impl Serialize for JsonAccountLine<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        self.line.serialize_into(&mut map)?;
        map.serialize_entry("largest_hour", &self.largest_hour)?;
        map.serialize_entry("command", self.command)?;
        map.end()
    }
}

#[derive(Serialize)]
struct JsonLargestHour {
    hour: String,
    consumed_bytes: String,
    amount: String,
}

/// What a screen shows.
#[cfg(feature = "cli")]
mod page {
    use super::*;
    use crate::{
        catalog::Validity,
        explain::HourLinkTypes,
        model::{
            money::{Exact, UnitPrice},
            usage::Sender,
        },
        report::{Column, ReportRow},
        write::{
            Lang,
            page::{Block, Page, Section},
            report::{LineCells, heading, is_number},
        },
    };

    /// The page of an explanation.
    pub fn page_of(own: &Explanation) -> Page {
        let title = format!(
            "{}, sent by its {}, in the hour {} (billing month {} at {})",
            own.connection.id, own.sender, own.hour, own.month, own.offset
        );
        let assumed = own.price.as_ref().is_some_and(|price| price.price.status == PriceStatus::Assumed);
        let mut page = Page { assumed, ..Page::titled(title, Lang::En) };
        page.sections = vec![records(own)];
        page.sections.extend((!own.refused.is_empty()).then(|| refused(own)));
        page.sections.push(account(own));
        page.sections.push(link_type(own));
        page.sections.push(price(own));
        page.sections
            .extend((!own.lost_rows.is_empty() || !own.lost_terms.is_empty()).then(|| lost_rows(own)));
        page.sections.push(amount(own));
        page
    }

    fn records(own: &Explanation) -> Section {
        if !own.has_records() {
            let what = if own.refused.is_empty() { "lies" } else { "is billed" };
            let mut words =
                vec![format!("no record of this end {what} in this hour: the bill has no line of it")];
            words.extend(why_no_life(own));
            return Section::new("Records: 0", [Block::Items(words)]);
        }
        let mut rows: Vec<Vec<String>> = own
            .records
            .iter()
            .map(|record| {
                let (input, at) = (record.input.to_string(), record.timestamp.to_string());
                vec![input, record.format.into(), record.place.clone(), at, bytes(record)]
            })
            .collect();
        rows.push(["sum", "", "", "", &own.consumed_bytes.to_string()].map(String::from).into());
        let header = ["input", "format", "place", "timestamp", "bytes"];
        let mut blocks = vec![Block::table(&header, rows, &[4])];
        blocks.extend(notes_on_records(own).map(Block::item));
        Section::new(format!("Records: {}", own.records.len()), blocks)
    }

    /// What a reader must know to add the records up.
    fn notes_on_records(own: &Explanation) -> impl Iterator<Item = String> + '_ {
        let splits = own.records.iter().filter_map(|record| {
            let whole = record.split_of?;
            let (input, place) = (&record.input, &record.place);
            Some(format!(
                "{input} {place}: {whole} bytes in all, split by time; this is the part in this hour (R6)"
            ))
        });
        let has_fraction = own.records.iter().any(|record| record.fraction > 0);
        let fraction =
            has_fraction.then(|| "the sum of the rates is rounded half up, once, to whole bytes".into());
        splits.chain(fraction)
    }

    /// Why records in this hour would be refused (R15).
    fn why_no_life(own: &Explanation) -> Option<String> {
        let connection = &own.connection;
        let refused = "a record in this hour would be refused (R15)";
        if let Some(created) = connection.created_at.filter(|_| connection.before_creation(own.hour)) {
            return Some(format!("the connection was created at {created}: {refused}"));
        }
        let deleted = connection.deleted_at.filter(|_| connection.after_deletion(own.hour))?;
        Some(format!("the connection was deleted at {deleted}: {refused}"))
    }

    fn refused(own: &Explanation) -> Section {
        let rows = own.refused.iter().map(|record| {
            let input = record.fault.input.as_deref().unwrap_or_default().to_owned();
            vec![input, place_of(record), record.fault.code.as_str().to_owned(), reason(&record.fault)]
        });
        let table = Block::table(&["input", "place", "code", "reason"], rows.collect(), &[]);
        Section::new(format!("Refused, not billed: {} (R15)", own.refused.len()), [table])
    }

    /// An account with its name, where that is known.
    fn named(own: &Explanation, account_id: &str) -> String {
        match own.account_name(account_id) {
            Some(name) => format!("{account_id} ({name})"),
            None => account_id.to_owned(),
        }
    }

    fn account(own: &Explanation) -> Section {
        let mut words = vec![format!(
            "{} pays: it owns the {}'s VPC in {}, which the bytes leave (R2)",
            named(own, &own.billing_account_id),
            own.sender,
            own.source_region
        )];
        words.push(format!(
            "they go to the {}'s VPC in {}, of account {}",
            if own.sender == Sender::Requester { Sender::Accepter } else { Sender::Requester },
            own.destination_region,
            named(own, &own.peer_account_id)
        ));
        if own.records.iter().any(|record| record.format == "CloudMonitor datapoints") {
            let view = match own.sender {
                Sender::Requester => "inbound traffic of a connection is what its requester sends",
                Sender::Accepter => "outbound traffic of a connection is what its accepter sends",
            };
            words.push(format!("monitoring's view is the connection's: {view} (R3)"));
        }
        if own.records.iter().any(|record| record.format == "VPC flow log") {
            words.push(
                "entries of flow logs are joined to it by the VPC they leave and the address they go to"
                    .into(),
            );
        }
        Section::new("Account", [Block::Items(words)])
    }

    fn link_type(own: &Explanation) -> Section {
        let Some(types) = &own.link_types else {
            let words = "none: both ends are in one region (R8)";
            return Section::new("Link type", [Block::item(words)]);
        };
        let before = match types.since {
            Some(since) => format!("{} just before the hour, since {since}", types.before),
            None if types.changes_given => {
                format!("{} just before the hour, with no change before it", types.before)
            }
            None => format!("{}, as the connections have it: link changes were not given", types.before),
        };
        let mut blocks = vec![Block::item(before)];
        if !types.changes.is_empty() {
            let rows = types.changes.iter().map(|change| {
                vec![change.changed_at.to_string(), change.from.to_string(), change.to.to_string()]
            });
            blocks.push(Block::table(&["changed at", "from", "to"], rows.collect(), &[]));
        }
        blocks.push(Block::item(rule_of(types)));
        Section::new("Link type", blocks)
    }

    /// The rule that decides the level, applied.
    fn rule_of(types: &HourLinkTypes) -> String {
        let highest = types.levels.highest;
        if types.levels.switched {
            return format!(
                "billed: {highest} ({}), all of the hour: the highest level in effect at any moment of it, the type just \
                 before the change included (R7)",
                highest.sla()
            );
        }
        format!("billed: {highest} ({}): no change lies in the hour (R7)", highest.sla())
    }

    fn price(own: &Explanation) -> Section {
        let catalog = &own.catalog;
        let Some(found) = &own.price else {
            let types = own.link_types.as_ref();
            let link_type = types.map_or(LinkType::Gold, |types| types.levels.highest);
            let words = format!(
                "not known: {} to {}, {link_type}, in catalog {}; a record in this hour would stop the bill (R5)",
                own.source_region, own.destination_region, catalog.name
            );
            return Section::new("Price", [Block::item(words)]);
        };
        if own.link_types.is_none() {
            let words = format!(
                "0: both ends are in {}, and traffic inside a region is free (R1)",
                own.source_region
            );
            return Section::new("Price", [Block::item(words)]);
        }
        let mut facts = Vec::new();
        if let Some(row) = &found.row {
            facts.extend(facts_of_row(own, row));
        }
        if let Some(row) = &found.contract {
            facts.extend(facts_of_terms(
                row,
                found.row.as_ref().map(|row| row.unit_price),
                found.price.contracted,
            ));
        }
        let title = format!("Price: {} {} per GB (R4)", found.price.contracted, catalog.currency);
        Section::new(title, [Block::Facts(facts)])
    }

    fn facts_of_row(own: &Explanation, row: &PriceRow) -> Vec<(String, String)> {
        let (_, overlay) = layer_of(own, row);
        let (catalog, status) = (&own.catalog, row.status);
        let layer = match overlay {
            None => format!("catalog {} version {}", catalog.name, catalog.version),
            Some(name) => format!("overlay {name}"),
        };
        let mut facts = vec![
            ("list price", format!("{} {}, {status}", row.unit_price, catalog.currency)),
            ("row", format!("{} to {}, {}", row.source, row.destination, row.link_type)),
            ("layer", layer),
            ("source", format!("{} ({})", row.source_url, row.source_date)),
            ("in force", in_force(row.validity)),
            ("place", format!("{}:{}", row.input, row.line)),
        ];
        if status == PriceStatus::Assumed {
            facts.push(("assumed", "nobody published this price (R18)".into()));
        }
        facts.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    fn facts_of_terms(
        row: &ContractRow,
        list: Option<UnitPrice>,
        contracted: UnitPrice,
    ) -> Vec<(String, String)> {
        let what = match (row.terms, list) {
            (Terms::UnitPrice(price), _) => format!("a unit price of {price}"),
            (Terms::Discount(percent), Some(list)) => format!("{percent}% off {list}: {contracted}"),
            (Terms::Discount(percent), None) => format!("{percent}% off"),
        };
        [
            ("contract", what),
            ("its row", terms_row(row)),
            ("in force", in_force(row.validity)),
            ("place", format!("{}:{}", row.input, row.line)),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into()
    }

    fn terms_row(row: &ContractRow) -> String {
        let terms = json_terms(row);
        format!(
            "account {}, {} to {}, {}",
            terms.account_id, terms.source, terms.destination, terms.link_type
        )
    }

    fn in_force(validity: Validity) -> String {
        match (validity.from, validity.until) {
            (None, None) => "as far back as is known".into(),
            (Some(from), None) => format!("from {from}"),
            (None, Some(until)) => format!("until {until}"),
            (Some(from), Some(until)) => format!("from {from} until {until}"),
        }
    }

    fn lost_rows(own: &Explanation) -> Section {
        let rows = own.lost_rows.iter().map(|(row, why)| {
            let (_, overlay) = layer_of(own, row);
            vec![
                format!("{} to {}, {}", row.source, row.destination, row.link_type),
                row.unit_price.to_string(),
                overlay.map_or("catalog".into(), |name| format!("overlay {name}")),
                in_force(row.validity),
                format!("{}:{}", row.input, row.line),
                words_of(*why).into(),
            ]
        });
        let terms = own.lost_terms.iter().map(|(row, why)| {
            let granted = match row.terms {
                Terms::UnitPrice(price) => price.to_string(),
                Terms::Discount(percent) => format!("{percent}% off"),
            };
            let place = format!("{}:{}", row.input, row.line);
            vec![
                terms_row(row),
                granted,
                "contract".into(),
                in_force(row.validity),
                place,
                words_of(*why).into(),
            ]
        });
        let header = ["row", "price", "layer", "in force", "place", "why not"];
        let table = Block::table(&header, rows.chain(terms).collect(), &[1]);
        Section::new("Rows that lost (R4)", [table])
    }

    /// Why a row lost, in a few words.
    fn words_of(why: Lost) -> &'static str {
        match why {
            Lost::NotYet => "not yet in force at the start of the hour",
            Lost::Ended => "no longer in force at the start of the hour",
            Lost::Assumed => "assumed, and a published one is in force (R18)",
            Lost::LessSpecific => "another one is more specific",
            Lost::Reverse => "of the opposite direction, and this one has its own",
            Lost::EarlierStart => "another one is in force from a later date on",
            Lost::EarlierLayer => "another one is of a later layer",
            Lost::Contract => "the contract names a unit price",
        }
    }

    fn amount(own: &Explanation) -> Section {
        let (gb, currency) = (own.catalog.gb, &own.catalog.currency);
        let Some(found) = &own.price else {
            return Section::new("Amount: 0", [Block::item("no record, no charge")]);
        };
        let amount = own.amount.exact(gb).text(0);
        let (bytes, price) = (own.consumed_bytes, found.price.contracted);
        let mut words = vec![format!("one GB is {} bytes: {gb} (R9)", gb.bytes())];
        if own.has_records() {
            let product = product(bytes, price);
            words.push(format!("{bytes} bytes x {price} = {product}"));
            words.push(format!("{product} / {} = {amount} {currency}, all digits of it (R10)", gb.bytes()));
            words.push("an account's month is rounded once, this hour is not (R11)".into());
        } else {
            words.push(format!("one GB in this hour would have cost {price} {currency}"));
        }
        let levels = own.link_types.as_ref().map(|types| types.levels);
        if let Some(levels) = levels.filter(|levels| levels.switched && own.has_records()) {
            let raised = own.raised_amount.exact(gb).text(0);
            words.push(format!("over {} all of it would have cost {raised} {currency} less", levels.lowest));
        }
        Section::new(format!("Amount: {amount} {currency}"), [Block::Items(words)])
    }

    /// Bytes times price, with all digits.
    fn product(bytes: u128, price: UnitPrice) -> String {
        let price = price.to_decimal();
        let product = i128::try_from(bytes).ok().and_then(|bytes| bytes.checked_mul(price.mantissa()));
        // OK because what was rated did not exceed this either.
        product.map_or_else(String::new, |product| Exact::of_units(product, price.scale()).text(0))
    }

    /// What tells the lines of an account apart, and what they cost.
    const COLUMNS: [Column; 7] = [
        Column::ConnectionId,
        Column::Sender,
        Column::LinkType,
        Column::ContractedUnitPrice,
        Column::PricingQuantity,
        Column::BilledCost,
        Column::MeteredHours,
    ];

    /// The page of an account's lines.
    pub fn page_of_lines(own: &AccountLines, commands: &[String]) -> Result<Page> {
        let AccountLines { report, largest } = own;
        let account = report.options.account.as_deref().unwrap_or_default();
        let (month, offset) = (report.month, report.offset);
        let title =
            format!("Account {account}, billing month {month} ({offset}): lines and their largest hours");
        let mut page = Page { assumed: report.assumed(), ..Page::titled(title, Lang::En) };
        let rows = report.lines.iter().map(|line| report.line_row(line)).collect::<Result<Vec<_>>>()?;
        let line_cells = LineCells { lang: Lang::En, catalog: &report.catalog, days: None };
        let rows =
            (1..).zip(&rows).zip(largest).map(|((number, row), largest): ((usize, &ReportRow<'_>), _)| {
                let largest = [largest.hour.to_string(), largest.bytes.to_string()];
                let cells = COLUMNS.iter().map(|column| line_cells.cell(row, *column));
                [number.to_string()].into_iter().chain(cells).chain(largest).collect()
            });
        let names = COLUMNS.iter().map(|column| heading(*column, Lang::En));
        let header: Vec<&str> =
            ["line"].into_iter().chain(names).chain(["largest hour", "its bytes"]).collect();
        let numbers = (1..).zip(COLUMNS).filter(|(_, column)| is_number(*column)).map(|(place, _)| place);
        let numbers: Vec<usize> = [0].into_iter().chain(numbers).chain([header.len() - 1]).collect();
        page.sections.push(Section::untitled([Block::table(&header, rows.collect(), &numbers)]));
        let payable = format!("payable: {} {}", report.payable()?, report.catalog.currency);
        page.sections.push(Section::untitled([Block::item(payable)]));
        let commands =
            (1..).zip(commands).map(|(number, command): (usize, _)| format!("line {number}: {command}"));
        page.sections.push(Section::new(
            "What explains the largest hour of a line",
            [Block::Items(commands.collect())],
        ));
        Ok(page)
    }
}
