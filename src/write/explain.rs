//! One charge from its records to its amount: for a reader who does the sum again on paper, and as JSON.

use super::{
    Lang,
    json::{JsonLine, write_document},
    reason,
};
use crate::{
    catalog::{ContractRow, Lost, Place, PriceRow, PriceStatus, Terms},
    error::Result,
    explain::{AccountLines, ExplainedRecord, Explanation},
    meter::RefusedRecord,
    model::{
        finding::{Said, Sentence},
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
    place: String,
    timestamp: String,
    bytes: String,
    /// All of its bytes, where others lie in other hours.
    #[serde(skip_serializing_if = "Option::is_none")]
    split_of: Option<String>,
}

fn json_record(record: &ExplainedRecord) -> JsonRecord<'_> {
    JsonRecord {
        input: &record.input,
        place: record.place.to_string(),
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

/// Where a refused record stands within its input, in English.
fn place_of(record: &RefusedRecord) -> String {
    place_in(record, Lang::En)
}

/// The same in a language.
fn place_in(record: &RefusedRecord, lang: Lang) -> String {
    let line = record.fault.line.map(|line| Sentence::from(Said::Line { line }).in_language(lang));
    let path = record.fault.path.as_deref().map(String::from);
    line.into_iter().chain(path).collect::<Vec<String>>().join(&lang.texts().report.comma)
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
            lang::{ExplainTexts, Texts, fill},
            page::{Block, Page, Section},
            report::{LineCells, heading, is_number, region_in},
        },
    };

    /// The page of an explanation.
    pub fn page_of(own: &Explanation, lang: Lang) -> Page {
        let page = Explained { own, lang, all: lang.texts(), texts: &lang.texts().explain };
        let assumed = own.price.as_ref().is_some_and(|price| price.price.status == PriceStatus::Assumed);
        let mut sections = vec![page.records()];
        sections.extend((!own.refused.is_empty()).then(|| page.refused()));
        sections.push(page.account());
        sections.push(page.link_type());
        sections.push(page.price());
        sections.extend((!own.lost_rows.is_empty() || !own.lost_terms.is_empty()).then(|| page.lost_rows()));
        sections.push(page.amount());
        Page { assumed, sections, ..Page::titled(page.title(), lang) }
    }

    /// An explanation in a language.
    struct Explained<'e> {
        own: &'e Explanation,
        lang: Lang,
        all: &'e Texts,
        texts: &'e ExplainTexts,
    }

    impl Explained<'_> {
        fn title(&self) -> String {
            let Explanation { connection, sender, hour, month, offset, .. } = self.own;
            let values = [
                ("id", &*connection.id),
                ("sender", self.sender(*sender)),
                ("hour", &hour.to_string()),
                ("month", &month.to_string()),
                ("offset", &offset.to_string()),
            ];
            fill(&self.texts.title, &values)
        }

        fn sender(&self, sender: Sender) -> &str {
            self.all.word(sender.as_str())
        }

        fn type_named(&self, link_type: LinkType) -> &str {
            self.all.word(link_type.as_str())
        }

        fn region(&self, id: &str) -> String {
            region_in(&self.own.catalog, id, self.lang)
        }

        fn place(&self, place: &Place) -> String {
            match place {
                Place::Region(id) => self.region(id),
                Place::Area(name) => self.all.area(name).to_owned(),
            }
        }

        fn records(&self) -> Section {
            let (own, texts) = (self.own, self.texts);
            let title = fill(&texts.records, &[("count", &own.records.len().to_string())]);
            if !own.has_records() {
                let what = if own.refused.is_empty() { &texts.no_record } else { &texts.no_record_billed };
                let words = [what.clone()].into_iter().chain(self.why_no_life()).collect();
                return Section::new(title, [Block::Items(words)]);
            }
            let row = |record: &ExplainedRecord| {
                let (input, at) = (record.input.to_string(), record.timestamp.to_string());
                let (format, place) =
                    (self.all.word(record.format).to_owned(), record.place.in_language(self.lang));
                vec![input, format, place, at, bytes(record)]
            };
            let mut rows: Vec<Vec<String>> = own.records.iter().map(row).collect();
            rows.push([&texts.sum, "", "", "", &own.consumed_bytes.to_string()].map(String::from).into());
            let header = [&texts.input, &texts.format, &texts.place, &texts.timestamp, &texts.bytes];
            let mut blocks = vec![Block::table(&header, rows, &[4])];
            blocks.extend(self.notes_on_records().map(Block::item));
            Section::new(title, blocks)
        }

        /// What a reader must know to add the records up.
        fn notes_on_records(&self) -> impl Iterator<Item = String> + '_ {
            let splits = self.own.records.iter().filter_map(|record| {
                let (whole, place) = (record.split_of?.to_string(), record.place.in_language(self.lang));
                let values = [("input", &*record.input), ("place", &place), ("bytes", &whole)];
                Some(fill(&self.texts.split, &values))
            });
            let has_fraction = self.own.records.iter().any(|record| record.fraction > 0);
            splits.chain(has_fraction.then(|| self.texts.fraction.clone()))
        }

        /// Why records in this hour would be refused (R15).
        fn why_no_life(&self) -> Option<String> {
            let connection = &self.own.connection;
            let at = |text: &str, at: Timestamp| fill(text, &[("at", &at.to_string())]);
            if let Some(created) = connection.created_at.filter(|_| connection.before_creation(self.own.hour))
            {
                return Some(at(&self.texts.created, created));
            }
            let deleted = connection.deleted_at.filter(|_| connection.after_deletion(self.own.hour))?;
            Some(at(&self.texts.deleted, deleted))
        }

        fn refused(&self) -> Section {
            let texts = self.texts;
            let rows = self.own.refused.iter().map(|record| {
                let input = record.fault.input.as_deref().unwrap_or_default().to_owned();
                let code = record.fault.code.as_str().to_owned();
                vec![input, place_in(record, self.lang), code, reason(&record.fault)]
            });
            let header = [&texts.input, &texts.place, &texts.code, &texts.reason];
            let table = Block::table(&header, rows.collect(), &[]);
            let count = self.own.refused.len().to_string();
            Section::new(fill(&texts.refused, &[("count", &count)]), [table])
        }

        /// An account with its name, where that is known.
        fn named(&self, account_id: &str) -> String {
            match self.own.account_name(account_id) {
                Some(name) => format!("{account_id} ({name})"),
                None => account_id.to_owned(),
            }
        }

        fn account(&self) -> Section {
            let (own, texts) = (self.own, self.texts);
            let end = |text: &str, account: &str, sender, region: &str| {
                let (account, region) = (self.named(account), self.region(region));
                let values = [("account", &*account), ("sender", self.sender(sender)), ("region", &region)];
                fill(text, &values)
            };
            let other = if own.sender == Sender::Requester { Sender::Accepter } else { Sender::Requester };
            let mut words = vec![
                end(&texts.pays, &own.billing_account_id, own.sender, &own.source_region),
                end(&texts.goes_to, &own.peer_account_id, other, &own.destination_region),
            ];
            if own.records.iter().any(|record| record.format == "CloudMonitor datapoints") {
                words.push(match own.sender {
                    Sender::Requester => texts.inbound.clone(),
                    Sender::Accepter => texts.outbound.clone(),
                });
            }
            if own.records.iter().any(|record| record.format == "VPC flow log") {
                words.push(texts.flow_logs.clone());
            }
            Section::new(&texts.account, [Block::Items(words)])
        }

        fn link_type(&self) -> Section {
            let texts = self.texts;
            let Some(types) = &self.own.link_types else {
                return Section::new(&texts.link_type, [Block::item(&texts.no_link_type)]);
            };
            let before = self.type_named(types.before);
            let before = match types.since {
                Some(since) => {
                    let values = [("link_type", before), ("since", &since.to_string())];
                    fill(&texts.before_since, &values)
                }
                None if types.changes_given => fill(&texts.before, &[("link_type", before)]),
                None => fill(&texts.before_not_given, &[("link_type", before)]),
            };
            let mut blocks = vec![Block::item(before)];
            if !types.changes.is_empty() {
                let rows = types.changes.iter().map(|change| {
                    let [from, to] = [change.from, change.to].map(|own| self.type_named(own).to_owned());
                    vec![change.changed_at.to_string(), from, to]
                });
                let header = [&texts.changed_at, &texts.from, &texts.to];
                blocks.push(Block::table(&header, rows.collect(), &[]));
            }
            blocks.push(Block::item(self.rule_of(types)));
            Section::new(&texts.link_type, blocks)
        }

        /// The rule that decides the level, applied.
        fn rule_of(&self, types: &HourLinkTypes) -> String {
            let highest = types.levels.highest;
            let text = if types.levels.switched { &self.texts.highest } else { &self.texts.unchanged };
            fill(text, &[("link_type", self.type_named(highest)), ("sla", highest.sla())])
        }

        fn price(&self) -> Section {
            let (own, texts) = (self.own, self.texts);
            let Some(found) = &own.price else {
                let types = own.link_types.as_ref();
                let link_type = types.map_or(LinkType::Gold, |types| types.levels.highest);
                let [source, destination] =
                    [&own.source_region, &own.destination_region].map(|id| self.region(id));
                let values = [
                    ("source", &*source),
                    ("destination", &destination),
                    ("link_type", self.type_named(link_type)),
                    ("catalog", &own.catalog.name),
                ];
                return Section::new(&texts.price, [Block::item(fill(&texts.price_not_known, &values))]);
            };
            if own.link_types.is_none() {
                let region = self.region(&own.source_region);
                let words = fill(&texts.price_free, &[("region", &region)]);
                return Section::new(&texts.price, [Block::item(words)]);
            }
            let mut facts = Vec::new();
            if let Some(row) = &found.row {
                facts.extend(self.facts_of_row(row));
            }
            if let Some(row) = &found.contract {
                let list = found.row.as_ref().map(|row| row.unit_price);
                facts.extend(self.facts_of_terms(row, list, found.price.contracted));
            }
            let facts = facts.into_iter().map(|(name, value)| (name.clone(), value)).collect();
            let price = found.price.contracted.to_string();
            let title = fill(&texts.price_of, &[("price", &price), ("currency", &own.catalog.currency)]);
            Section::new(title, [Block::Facts(facts)])
        }

        /// A price row as it is told: from where to where, and over which link type.
        fn route(&self, source: &str, destination: &str, link_type: &str) -> String {
            let values = [("source", source), ("destination", destination), ("link_type", link_type)];
            fill(&self.texts.route, &values)
        }

        fn route_of(&self, row: &PriceRow) -> String {
            let [source, destination] = [&row.source, &row.destination].map(|place| self.place(place));
            self.route(&source, &destination, self.type_named(row.link_type))
        }

        fn facts_of_row(&self, row: &PriceRow) -> Vec<(&String, String)> {
            let (own, texts) = (self.own, self.texts);
            let (_, overlay) = layer_of(own, row);
            let (catalog, status) = (&own.catalog, row.status);
            let layer = match &overlay {
                None => {
                    let values = [("name", &*catalog.name), ("version", &catalog.version)];
                    fill(&texts.of_catalog, &values)
                }
                Some(name) => fill(&texts.of_overlay, &[("name", name)]),
            };
            let price = row.unit_price.to_string();
            let status_told = self.all.word(status.as_str());
            let list = [("price", &*price), ("currency", &catalog.currency), ("status", status_told)];
            let mut facts = vec![
                (&texts.list_price, fill(&texts.price_and_status, &list)),
                (&texts.row, self.route_of(row)),
                (&texts.layer, layer),
                (&texts.source, format!("{} ({})", row.source_url, row.source_date)),
                (&texts.in_force, self.in_force(row.validity)),
                (&texts.place, format!("{}:{}", row.input, row.line)),
            ];
            if status == PriceStatus::Assumed {
                facts.push((&texts.assumed, texts.nobody_published.clone()));
            }
            facts
        }

        fn facts_of_terms(
            &self,
            row: &ContractRow,
            list: Option<UnitPrice>,
            contracted: UnitPrice,
        ) -> Vec<(&String, String)> {
            let texts = self.texts;
            let what = match (row.terms, list) {
                (Terms::UnitPrice(price), _) => fill(&texts.unit_price_of, &[("price", &price.to_string())]),
                (Terms::Discount(percent), Some(list)) => {
                    let [percent, list, price] =
                        [percent.to_string(), list.to_string(), contracted.to_string()];
                    let values = [("percent", &*percent), ("list", &list), ("price", &price)];
                    fill(&texts.discount_of, &values)
                }
                (Terms::Discount(percent), None) => {
                    fill(&texts.discount, &[("percent", &percent.to_string())])
                }
            };
            vec![
                (&texts.contract, what),
                (&texts.contract_row, self.terms_row(row)),
                (&texts.in_force, self.in_force(row.validity)),
                (&texts.place, format!("{}:{}", row.input, row.line)),
            ]
        }

        fn terms_row(&self, row: &ContractRow) -> String {
            let place = |place: Option<&Place>| place.map_or_else(|| "*".to_owned(), |own| self.place(own));
            let (source, destination) = (place(row.source.as_ref()), place(row.destination.as_ref()));
            let link_type = row.link_type.map_or("*", |own| self.type_named(own));
            let route = self.route(&source, &destination, link_type);
            let account = row.account_id.as_deref().unwrap_or("*");
            fill(&self.texts.terms_row, &[("account", account), ("route", &route)])
        }

        fn in_force(&self, validity: Validity) -> String {
            let texts = self.texts;
            let [from, until] = [validity.from, validity.until].map(instant);
            let values = [("from", &*from), ("until", &until)];
            match (validity.from, validity.until) {
                (None, None) => texts.always.clone(),
                (Some(_), None) => fill(&texts.in_force_from, &values),
                (None, Some(_)) => fill(&texts.in_force_until, &values),
                (Some(_), Some(_)) => fill(&texts.in_force_between, &values),
            }
        }

        fn lost_rows(&self) -> Section {
            let (own, texts) = (self.own, self.texts);
            let rows = own.lost_rows.iter().map(|(row, why)| {
                let (_, overlay) = layer_of(own, row);
                let overlay = overlay.map(|name| fill(&texts.of_overlay, &[("name", &name)]));
                vec![
                    self.route_of(row),
                    row.unit_price.to_string(),
                    overlay.unwrap_or_else(|| texts.catalog.clone()),
                    self.in_force(row.validity),
                    format!("{}:{}", row.input, row.line),
                    self.words_of(*why).to_owned(),
                ]
            });
            let terms = own.lost_terms.iter().map(|(row, why)| {
                let granted = match row.terms {
                    Terms::UnitPrice(price) => price.to_string(),
                    Terms::Discount(percent) => fill(&texts.discount, &[("percent", &percent.to_string())]),
                };
                vec![
                    self.terms_row(row),
                    granted,
                    texts.contract.clone(),
                    self.in_force(row.validity),
                    format!("{}:{}", row.input, row.line),
                    self.words_of(*why).to_owned(),
                ]
            });
            let header =
                [&texts.row, &texts.row_price, &texts.layer, &texts.in_force, &texts.place, &texts.why_not];
            let table = Block::table(&header, rows.chain(terms).collect(), &[1]);
            Section::new(&texts.lost, [table])
        }

        /// Why a row lost, in a few words.
        fn words_of(&self, why: Lost) -> &str {
            let texts = self.texts;
            match why {
                Lost::NotYet => &texts.not_yet,
                Lost::Ended => &texts.ended,
                Lost::Assumed => &texts.lost_assumed,
                Lost::LessSpecific => &texts.less_specific,
                Lost::Reverse => &texts.reverse,
                Lost::EarlierStart => &texts.earlier_start,
                Lost::EarlierLayer => &texts.earlier_layer,
                Lost::Contract => &texts.by_contract,
            }
        }

        fn amount(&self) -> Section {
            let (own, texts) = (self.own, self.texts);
            let (gb, currency) = (own.catalog.gb, &*own.catalog.currency);
            let Some(found) = &own.price else {
                return Section::new(&texts.no_amount, [Block::item(&texts.no_charge)]);
            };
            let [amount, gb_bytes] = [own.amount.exact(gb).text(0), gb.bytes().to_string()];
            let [bytes, price] = [own.consumed_bytes.to_string(), found.price.contracted.to_string()];
            let values = [("bytes", &*gb_bytes), ("gb", self.all.word(gb.in_bytes()))];
            let mut words = vec![fill(&texts.gb, &values)];
            if own.has_records() {
                let product = product(own.consumed_bytes, found.price.contracted);
                let values = [("bytes", &*bytes), ("price", &price), ("product", &product)];
                words.push(fill(&texts.product, &values));
                let values =
                    [("product", &*product), ("gb", &gb_bytes), ("amount", &amount), ("currency", currency)];
                words.push(fill(&texts.quotient, &values));
                words.push(texts.rounded_once.clone());
            } else {
                words.push(fill(&texts.would_cost, &[("price", &price), ("currency", currency)]));
            }
            let levels = own.link_types.as_ref().map(|types| types.levels);
            if let Some(levels) = levels.filter(|levels| levels.switched && own.has_records()) {
                let raised = own.raised_amount.exact(gb).text(0);
                let link_type = self.type_named(levels.lowest);
                let values = [("link_type", link_type), ("amount", &raised), ("currency", currency)];
                words.push(fill(&texts.raised, &values));
            }
            let title = fill(&texts.amount, &[("amount", &amount), ("currency", currency)]);
            Section::new(title, [Block::Items(words)])
        }
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
    pub fn page_of_lines(own: &AccountLines, commands: &[String], lang: Lang) -> Result<Page> {
        let AccountLines { report, largest } = own;
        let texts = &lang.texts().explain;
        let account = report.options.account.as_deref().unwrap_or_default();
        let (month, offset) = (report.month.to_string(), report.offset.to_string());
        let values = [("account", account), ("month", &month), ("offset", &offset)];
        let title = fill(&texts.lines_title, &values);
        let mut page = Page { assumed: report.assumed(), ..Page::titled(title, lang) };
        let rows = report.lines.iter().map(|line| report.line_row(line)).collect::<Result<Vec<_>>>()?;
        let line_cells = LineCells { lang, catalog: &report.catalog, days: None };
        let rows =
            (1..).zip(&rows).zip(largest).map(|((number, row), largest): ((usize, &ReportRow<'_>), _)| {
                let largest = [largest.hour.to_string(), largest.bytes.to_string()];
                let cells = COLUMNS.iter().map(|column| line_cells.cell(row, *column));
                [number.to_string()].into_iter().chain(cells).chain(largest).collect()
            });
        let names = COLUMNS.iter().map(|column| heading(*column, lang));
        let header: Vec<&str> =
            [&*texts.line].into_iter().chain(names).chain([&*texts.largest_hour, &texts.its_bytes]).collect();
        let numbers = (1..).zip(COLUMNS).filter(|(_, column)| is_number(*column)).map(|(place, _)| place);
        let numbers: Vec<usize> = [0].into_iter().chain(numbers).chain([header.len() - 1]).collect();
        page.sections.push(Section::untitled([Block::table(&header, rows.collect(), &numbers)]));
        let payable = report.payable()?.to_string();
        let values = [("amount", &*payable), ("currency", &report.catalog.currency)];
        page.sections.push(Section::untitled([Block::item(fill(&texts.payable, &values))]));
        let commands = (1..).zip(commands).map(|(number, command): (usize, _)| {
            fill(&texts.command, &[("number", &number.to_string()), ("command", command)])
        });
        let commands = Block::Items(commands.collect());
        page.sections.push(Section::new(&texts.what_explains, [commands]));
        Ok(page)
    }
}
