//! Reports as their JSON tells them, to be compared: every figure of it is redone on the way in.

use crate::{
    error::{Error, ErrorKind, Fault, FaultCode, Result},
    model::{
        id::{check_name, read_account},
        invalid::Invalid,
        link::LinkType,
        money::{Amount, Gb, Money, PRINTED_DECIMALS, Rounding, UnitPrice},
        quoted,
        time::{BillingMonth, Hour, Offset, Timestamp},
        usage::Sender,
    },
    read::{
        Document,
        json::{Lines, without_place},
    },
};
use serde::{Deserialize, Deserializer, de::IgnoredAny};
use serde_json::value::RawValue;
use std::{
    borrow::Cow,
    collections::{BTreeSet, HashSet},
    str::FromStr,
    sync::Arc,
};

/// A report of all accounts, as it was written: its lines, and what the figures rest on.
#[non_exhaustive]
#[derive(Debug, Clone)]
pub struct ReportedMonth {
    /// What it was read from.
    pub name: Arc<str>,
    /// The billing month.
    pub month: BillingMonth,
    /// The offset in which the month has its edges (R12).
    pub offset: Offset,
    /// The currency of all amounts (R13).
    pub currency: String,
    /// The catalog that priced it: its name, its version, and the digest over all its prices.
    pub catalog: [String; 3],
    /// What one GB is (R9).
    pub gb: Gb,
    /// How what is payable is rounded, and to how many decimals (R11).
    pub rounding: (Rounding, u32),
    /// The digest over the metered hours (R17).
    pub usage_digest: String,
    /// Whether each line is of one hour.
    pub hourly: bool,
    /// Whether the report told names of accounts.
    pub named: bool,
    /// What accounts pay, by id.
    pub accounts: Vec<ReportedAccount>,
}

/// What one account pays.
#[non_exhaustive]
#[derive(Debug, Clone)]
pub struct ReportedAccount {
    /// Its id.
    pub id: String,
    /// Its name, where the report told one.
    pub name: Option<String>,
    /// What it pays: rounded once (R11).
    pub payable: Money,
    /// What makes its lines add up to that.
    pub adjustment: Money,
    /// Its lines, in the order of the report.
    pub lines: Vec<ReportedLine>,
}

/// A line of a report that is not grouped.
#[non_exhaustive]
#[derive(Debug, Clone)]
pub struct ReportedLine {
    /// The connection.
    pub connection_id: Box<str>,
    /// The end that sent.
    pub sender: Sender,
    /// The regions that the bytes left and went to.
    pub regions: Arc<[Box<str>; 2]>,
    /// The hour, where lines are hourly.
    pub hour: Option<Hour>,
    /// The level that is billed; `None` inside a region, where traffic is free (R1).
    pub link_type: Option<LinkType>,
    /// Bytes sent.
    pub bytes: u128,
    /// The list price of one GB, where there is one.
    pub list_unit_price: Option<UnitPrice>,
    /// What the account pays for one GB.
    pub contracted_unit_price: UnitPrice,
}

/// The billing months of a document that `report` wrote as JSON, in its order: one, or those of a list `months`.
///
/// # Errors
///
/// [`Input`](ErrorKind::Input) where it is no such document.
pub fn reported_months(document: &Document) -> Result<Vec<BillingMonth>> {
    parts(document)?.iter().map(|part| part.month(document)).collect()
}

/// Reads the report of a month, or the only one where none is named.
///
/// Numbers are read as the digits that stand there, and all that follows from others is worked out again: the cost of
/// each line from its bytes, price and GB, and the sums of accounts, of the report, and of control totals.
///
/// # Errors
///
/// [`Input`](ErrorKind::Input) where it is no such document, has unknown members or values, or does not add up; likewise
/// where it is of one account, of grouped lines, or of corrections: none of them has all that was billed.
/// [`Usage`](ErrorKind::Usage) where it holds several months and none is named, or not the one that is.
pub fn read_reported(document: &Document, month: Option<BillingMonth>) -> Result<ReportedMonth> {
    read_one(document, &parts_by_month(document)?, month)
}

/// Reads the reports of these months, in their order, likewise.
///
/// # Errors
///
/// Those of [`read_reported`], for each of the months.
pub fn read_reported_months(document: &Document, months: &[BillingMonth]) -> Result<Vec<ReportedMonth>> {
    let parts = parts_by_month(document)?;
    months.iter().map(|month| read_one(document, &parts, Some(*month))).collect()
}

/// Reads two reports that are to be compared: where one month is named, that of each which holds several; where two are, the
/// one of the first and that of the second.
///
/// # Errors
///
/// Those of [`read_reported`]; [`Usage`](ErrorKind::Usage) where one month is named that neither is of.
pub fn read_reported_pair(documents: [&Document; 2], months: &[BillingMonth]) -> Result<[ReportedMonth; 2]> {
    let read = |side: usize| -> Result<ReportedMonth> {
        let document = documents[side];
        let month = match months {
            [month] if reported_months(document)?.len() > 1 => Some(*month),
            [_] => None,
            _ => months.get(side).copied(),
        };
        read_reported(document, month)
    };
    let reports = [read(0)?, read(1)?];
    match months {
        [month] if reports.iter().all(|report| report.month != *month) => {
            let held = reports.map(|report| report.month.to_string()).join(" and ");
            Err(Error::setting("month", format!("{month}: the reports are of {held}")))
        }
        _ => Ok(reports),
    }
}

fn parts_by_month(document: &Document) -> Result<Vec<(BillingMonth, Part<'_>)>> {
    parts(document)?.into_iter().map(|part| Ok((part.month(document)?, part))).collect()
}

fn read_one(
    document: &Document,
    parts: &[(BillingMonth, Part<'_>)],
    month: Option<BillingMonth>,
) -> Result<ReportedMonth> {
    let held = || parts.iter().map(|(month, _)| month.to_string()).collect::<Vec<_>>().join(", ");
    let mut wanted = parts.iter().filter(|(own, _)| month.is_none_or(|month| month == *own));
    match (wanted.next(), wanted.next()) {
        (Some((_, part)), None) => part.read(document),
        (Some(_), Some(_)) => {
            let what = month.map_or("several months", |_| "this month more than once");
            Err(Error::setting(
                "month",
                format!("must tell which: {} holds {what}: {}", document.name, held()),
            ))
        }
        (None, _) => {
            let asked = month.map_or_else(String::new, |month| month.to_string());
            Err(Error::setting("month", format!("{asked}: {} holds {}", document.name, held())))
        }
    }
}

/// One report within a document.
struct Part<'a> {
    text: &'a str,
    /// The line on which it begins.
    line: u64,
    /// What stands before the paths within it: `months[1].`, or nothing.
    path: String,
}

/// What tells the forms of documents apart, and reports that do not have all that was billed.
#[derive(Deserialize)]
struct Outline<'a> {
    #[serde(borrow, default)]
    months: Option<Vec<&'a RawValue>>,
    #[serde(default)]
    billing_month: Option<Cow<'a, str>>,
    #[serde(default)]
    grouped_by: Option<IgnoredAny>,
    #[serde(default)]
    grouped_lines: Option<IgnoredAny>,
    #[serde(default)]
    corrects: Option<IgnoredAny>,
}

fn parts(document: &Document) -> Result<Vec<Part<'_>>> {
    let unusable = |why| Error::unusable(ErrorKind::Input, &document.name, why);
    let text = std::str::from_utf8(&document.text).map_err(|_| unusable(Invalid::not_utf8("it")))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if !text.trim_start().starts_with('{') {
        return Err(unusable("is no report that was written as JSON: that is one object".into()));
    }
    let whole = Part { text, line: 1, path: String::new() };
    let Some(months) = whole.parse::<Outline<'_>>(document)?.months else { return Ok(vec![whole]) };
    if months.is_empty() {
        return Err(unusable("holds no month".into()));
    }
    let mut lines = Lines::on(1, text);
    let parts = months.into_iter().map(RawValue::get).enumerate();
    Ok(parts.map(|(at, text)| Part { line: lines.of(text), text, path: format!("months[{at}].") }).collect())
}

impl<'a> Part<'a> {
    fn parse<T: Deserialize<'a>>(&self, document: &Document) -> Result<T> {
        serde_json::from_str(self.text).map_err(|error| {
            let line = self.line + (error.line() as u64).saturating_sub(1);
            let why = format!("is no report that was written as JSON: {}", without_place(&error));
            Error::new(ErrorKind::Input, Fault::at(FaultCode::UnusableInput, &document.name, line, why))
        })
    }

    /// The month that it is of.
    fn month(&self, document: &Document) -> Result<BillingMonth> {
        let refuse = |why: String| {
            let why = format!("is no report that was written as JSON: {why}");
            Error::new(ErrorKind::Input, Fault::at(FaultCode::UnusableInput, &document.name, self.line, why))
        };
        let Some(month) = self.parse::<Outline<'_>>(document)?.billing_month else {
            return Err(refuse("it has no billing_month".into()));
        };
        month.parse().map_err(|why: Invalid| refuse(format!("billing_month: {}", why.message())))
    }

    fn read(&self, document: &Document) -> Result<ReportedMonth> {
        let outline: Outline<'_> = self.parse(document)?;
        let refuse = |what: &str| {
            let why = format!("is a report {what}: write it again without that");
            Err(Error::unusable(ErrorKind::Input, &document.name, why))
        };
        if outline.corrects.is_some() {
            return refuse("of corrections, which are not all that was billed");
        }
        if outline.grouped_by.is_some() || outline.grouped_lines.is_some() {
            return refuse("of grouped lines, which do not tell connections and prices apart");
        }
        let json: JsonReport<'_> = self.parse(document)?;
        if json.control_totals.partial {
            return refuse("of one account, which has not all that was billed");
        }
        let mut faults = Faults { document, path: &self.path, found: Vec::new() };
        let read = json.check(&mut faults);
        Error::from_faults(ErrorKind::Input, faults.found).map_or(Ok(()), Err)?;
        // OK because there is a fault where nothing was read.
        read.ok_or_else(|| Error::internal("a report is neither read nor refused"))
    }
}

/// What is wrong with the report, so far.
struct Faults<'a> {
    document: &'a Document,
    path: &'a str,
    found: Vec<Fault>,
}

impl Faults<'_> {
    fn add(&mut self, path: &str, why: impl Into<Invalid>) {
        let path = Some(format!("{}{path}", self.path).into());
        let fault = Fault::of_input(FaultCode::UnusableInput, &self.document.name, why);
        self.found.push(Fault { path, ..fault });
    }

    /// Notes why a value could not be read.
    fn take<T>(&mut self, path: &str, read: Result<T, Invalid>) -> Option<T> {
        read.map_err(|why| self.add(path, why)).ok()
    }

    /// Notes a figure that is not what it follows to be.
    fn expect<T: PartialEq + ToString>(&mut self, path: &str, stated: &T, follows: Result<T>, from: &str) {
        match follows {
            Ok(follows) if follows == *stated => {}
            Ok(follows) => {
                let (stated, follows) = (stated.to_string(), follows.to_string());
                self.add(path, format!("{stated} does not add up: {from} gives {follows}"));
            }
            Err(error) => self.add(path, error.to_string()),
        }
    }
}

/// Text, which is borrowed where nothing in it is escaped.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

impl Text<'_> {
    /// The value, which must be written as it is printed here: no sign, zero or blank more.
    fn read<T: FromStr<Err = Invalid> + ToString>(&self) -> Result<T, Invalid> {
        self.canonical(self.0.parse()?)
    }

    fn canonical<T: ToString>(&self, value: T) -> Result<T, Invalid> {
        match value.to_string() == self.0 {
            true => Ok(value),
            false => {
                Err(format!("{} is not how {} is written", quoted(self.0.as_bytes()), value.to_string())
                    .into())
            }
        }
    }

    fn whole(&self) -> Result<u128, Invalid> {
        let unreadable = || Invalid::new(format!("{} is no whole number", quoted(self.0.as_bytes())));
        self.canonical(self.0.parse().map_err(|_| unreadable())?)
    }

    fn money(&self) -> Result<Money, Invalid> {
        self.canonical(money(&self.0).ok_or_else(|| {
            Invalid::new(format!("{} is no amount such as 14.40", quoted(self.0.as_bytes())))
        })?)
    }

    fn hour(&self) -> Result<Hour, Invalid> {
        self.canonical(Timestamp::parse(&self.0)?.hour())
    }
}

/// An amount of at most 10 decimals, which may be negative.
fn money(text: &str) -> Option<Money> {
    let (whole, fraction) = text.split_once('.')?;
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let sound = digits(whole.strip_prefix('-').unwrap_or(whole)) && digits(fraction) && fraction.len() <= 10;
    let units = sound.then(|| format!("{whole}{fraction:0<10}").parse().ok())??;
    Some(Money::from_units(units))
}

/// A member that may be null, but not absent.
fn nullable<'de: 'a, 'a, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Text<'a>>, D::Error> {
    Option::deserialize(deserializer)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct JsonReport<'a> {
    #[serde(borrow)]
    billing_month: Text<'a>,
    #[serde(borrow)]
    offset: Text<'a>,
    #[serde(borrow)]
    billing_period_start: Text<'a>,
    #[serde(borrow)]
    billing_period_end: Text<'a>,
    /// Absent where the month was not cut off; its lines tell what was billed.
    #[serde(rename = "until", default)]
    _until: IgnoredAny,
    #[serde(borrow)]
    currency: Text<'a>,
    #[serde(rename = "assumed")]
    _assumed: bool,
    #[serde(borrow)]
    accounts: Vec<JsonAccount<'a>>,
    #[serde(borrow)]
    payable: Text<'a>,
    #[serde(borrow)]
    catalog: JsonCatalog<'a>,
    #[serde(rename = "duplicates")]
    _duplicates: IgnoredAny,
    #[serde(rename = "settings")]
    _settings: IgnoredAny,
    #[serde(borrow)]
    control_totals: JsonTotals<'a>,
    #[serde(borrow)]
    usage_digest: Text<'a>,
    #[serde(default, rename = "archives")]
    _archives: IgnoredAny,
    #[serde(rename = "findings")]
    _findings: IgnoredAny,
    #[serde(rename = "inputs")]
    _inputs: IgnoredAny,
    #[serde(rename = "notes")]
    _notes: IgnoredAny,
    #[serde(rename = "peerbill_version")]
    _peerbill_version: IgnoredAny,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct JsonAccount<'a> {
    #[serde(borrow)]
    billing_account_id: Text<'a>,
    /// Absent where no names were given.
    #[serde(borrow, default)]
    billing_account_name: Option<Text<'a>>,
    #[serde(borrow)]
    lines: Vec<JsonLine<'a>>,
    #[serde(borrow)]
    subtotal: Text<'a>,
    #[serde(borrow)]
    adjustment: Text<'a>,
    #[serde(borrow)]
    payable: Text<'a>,
    #[serde(rename = "raised_hours")]
    _raised_hours: IgnoredAny,
    #[serde(rename = "raised_cost")]
    _raised_cost: IgnoredAny,
    #[serde(rename = "assumed")]
    _assumed: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct JsonLine<'a> {
    #[serde(borrow)]
    billing_month: Text<'a>,
    #[serde(borrow, default)]
    charge_period_start: Option<Text<'a>>,
    #[serde(borrow, default)]
    charge_period_end: Option<Text<'a>>,
    #[serde(borrow)]
    billing_account_id: Text<'a>,
    #[serde(default, rename = "billing_account_name")]
    _billing_account_name: Option<IgnoredAny>,
    #[serde(borrow)]
    connection_id: Text<'a>,
    #[serde(borrow)]
    sender: Text<'a>,
    #[serde(borrow)]
    source_region: Text<'a>,
    #[serde(borrow)]
    destination_region: Text<'a>,
    #[serde(rename = "peer_account_id")]
    _peer_account_id: Text<'a>,
    #[serde(borrow, deserialize_with = "nullable")]
    link_type: Option<Text<'a>>,
    #[serde(borrow)]
    charge_category: Text<'a>,
    #[serde(borrow)]
    consumed_bytes: Text<'a>,
    #[serde(borrow)]
    pricing_quantity: Text<'a>,
    #[serde(borrow, deserialize_with = "nullable")]
    list_unit_price: Option<Text<'a>>,
    #[serde(borrow)]
    contracted_unit_price: Text<'a>,
    #[serde(borrow)]
    billed_cost: Text<'a>,
    #[serde(borrow)]
    billing_currency: Text<'a>,
    #[serde(rename = "metered_hours")]
    _metered_hours: Text<'a>,
    #[serde(rename = "raised_hours")]
    _raised_hours: Text<'a>,
    #[serde(rename = "raised_cost")]
    _raised_cost: Text<'a>,
    #[serde(rename = "price_status")]
    _price_status: Text<'a>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct JsonCatalog<'a> {
    #[serde(borrow)]
    name: Text<'a>,
    #[serde(borrow)]
    version: Text<'a>,
    #[serde(rename = "site")]
    _site: Text<'a>,
    #[serde(borrow)]
    currency: Text<'a>,
    #[serde(borrow)]
    digest: Text<'a>,
    gb: Gb,
    #[serde(borrow)]
    gb_bytes: Text<'a>,
    rounding: JsonRounding,
    #[serde(rename = "overlays")]
    _overlays: IgnoredAny,
    #[serde(rename = "contract_rows")]
    _contract_rows: Text<'a>,
    #[serde(rename = "notes")]
    _notes: IgnoredAny,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct JsonRounding {
    mode: Rounding,
    decimals: u32,
    #[serde(rename = "status")]
    _status: IgnoredAny,
    #[serde(rename = "source_url")]
    _source_url: IgnoredAny,
    #[serde(rename = "source_date")]
    _source_date: IgnoredAny,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct JsonTotals<'a> {
    partial: bool,
    #[serde(borrow)]
    records: JsonCounts<'a>,
    #[serde(borrow)]
    bytes: JsonCounts<'a>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct JsonCounts<'a> {
    #[serde(borrow)]
    read: Text<'a>,
    #[serde(borrow)]
    billed: Text<'a>,
    #[serde(borrow)]
    free: Text<'a>,
    #[serde(borrow)]
    outside_period: Text<'a>,
    #[serde(borrow)]
    refused: Text<'a>,
}

impl JsonReport<'_> {
    /// The report, where nothing is wrong with what it rests on; of lines and sums all faults are noted.
    fn check(&self, faults: &mut Faults<'_>) -> Option<ReportedMonth> {
        let month: BillingMonth = faults.take("billing_month", self.billing_month.read())?;
        let offset: Offset = faults.take("offset", self.offset.read())?;
        let period = month.period(offset);
        for (path, stated, edge) in [
            ("billing_period_start", &self.billing_period_start, period.start),
            ("billing_period_end", &self.billing_period_end, period.end),
        ] {
            let stated = faults.take(path, stated.hour())?;
            faults.expect(path, &stated, Ok(edge), "the month in its offset");
        }
        let (catalog, gb) = (&self.catalog, self.catalog.gb);
        faults.expect("catalog.currency", &&*catalog.currency.0, Ok(&*self.currency.0), "currency");
        faults.expect("catalog.gb_bytes", &&*catalog.gb_bytes.0, Ok(&*gb.bytes().to_string()), "catalog.gb");
        if catalog.rounding.decimals > PRINTED_DECIMALS {
            faults.add("catalog.rounding.decimals", format!("{} is above 10", catalog.rounding.decimals));
            return None;
        }
        let mut sums = Sums::default();
        let mut accounts = Vec::with_capacity(self.accounts.len());
        for (at, account) in self.accounts.iter().enumerate() {
            accounts.extend(account.check(&format!("accounts[{at}]"), self, &mut sums, faults));
        }
        // What follows from lines that could not be read would only be wrong as well.
        if faults.found.is_empty() {
            self.check_sums(&accounts, &sums, faults);
        }
        Some(ReportedMonth {
            name: faults.document.name.clone(),
            month,
            offset,
            currency: self.currency.0.clone().into_owned(),
            catalog: [&catalog.name, &catalog.version, &catalog.digest]
                .map(|text| text.0.clone().into_owned()),
            gb,
            rounding: (catalog.rounding.mode, catalog.rounding.decimals),
            usage_digest: self.usage_digest.0.clone().into_owned(),
            hourly: sums.hourly == Some(true),
            named: self.accounts.iter().any(|account| account.billing_account_name.is_some()),
            accounts,
        })
    }

    fn check_sums(&self, accounts: &[ReportedAccount], sums: &Sums, faults: &mut Faults<'_>) {
        let mut ids = BTreeSet::new();
        for (at, account) in accounts.iter().enumerate().filter(|(_, account)| !ids.insert(&*account.id)) {
            faults.add(&format!("accounts[{at}]"), format!("{} stands twice", account.id));
        }
        let payable = accounts.iter().try_fold(Money::ZERO, |sum, account| sum.checked_add(account.payable));
        if let Some(stated) = faults.take("payable", self.payable.money()) {
            faults.expect("payable", &stated, payable, "the sum over the accounts");
        }
        let JsonTotals { records, bytes, .. } = &self.control_totals;
        records.check("control_totals.records", faults);
        let Some([billed, free]) = bytes.check("control_totals.bytes", faults) else { return };
        faults.expect("control_totals.bytes.billed", &billed, Ok(sums.billed), "the sum over the lines");
        faults.expect("control_totals.bytes.free", &free, Ok(sums.free), "the sum over the lines");
    }
}

impl JsonCounts<'_> {
    /// R14: all that was read went somewhere; the billed ones and the free ones.
    fn check(&self, path: &str, faults: &mut Faults<'_>) -> Option<[u128; 2]> {
        let mut count = |name: &str, text: &Text<'_>| faults.take(&format!("{path}.{name}"), text.whole());
        let read = count("read", &self.read)?;
        let parts = [
            count("billed", &self.billed)?,
            count("free", &self.free)?,
            count("outside_period", &self.outside_period)?,
            count("refused", &self.refused)?,
        ];
        let sum = parts.iter().try_fold(0u128, |sum, part| sum.checked_add(*part));
        let sum = sum.ok_or_else(|| Error::overflow("a control total exceeds 2^128"));
        faults.expect(&format!("{path}.read"), &read, sum, "the sum of the others");
        Some([parts[0], parts[1]])
    }
}

/// What the lines of all accounts add up to.
#[derive(Default)]
struct Sums {
    billed: u128,
    free: u128,
    /// Whether lines are hourly, once one is known.
    hourly: Option<bool>,
    /// Pairs of regions, each held once.
    regions: HashSet<Arc<[Box<str>; 2]>>,
}

impl Sums {
    fn regions(&mut self, pair: [&str; 2]) -> Arc<[Box<str>; 2]> {
        let pair = pair.map(Box::from);
        match self.regions.get(&pair) {
            Some(known) => known.clone(),
            None => {
                let new = Arc::new(pair);
                self.regions.insert(new.clone());
                new
            }
        }
    }
}

impl JsonAccount<'_> {
    fn check(
        &self,
        path: &str,
        report: &JsonReport<'_>,
        sums: &mut Sums,
        faults: &mut Faults<'_>,
    ) -> Option<ReportedAccount> {
        let JsonCatalog { gb, rounding, .. } = &report.catalog;
        let id_path = format!("{path}.billing_account_id");
        let id = faults.take(&id_path, read_account(&self.billing_account_id.0))?.to_owned();
        let (mut lines, mut exact, mut printed) =
            (Vec::with_capacity(self.lines.len()), Amount::ZERO, Money::ZERO);
        let before = faults.found.len();
        for (at, line) in self.lines.iter().enumerate() {
            let path = format!("{path}.lines[{at}]");
            let Some((line, amount, cost)) = line.check(&path, &id, report, sums, faults) else { continue };
            let added = exact.checked_add(amount).and_then(|exact| Ok((exact, printed.checked_add(cost)?)));
            match added {
                Ok(added) => (exact, printed) = added,
                Err(error) => faults.add(&path, error.to_string()),
            }
            lines.push(line);
        }
        let mut stated = |name: &str, text: &Text<'_>| faults.take(&format!("{path}.{name}"), text.money());
        let subtotal = stated("subtotal", &self.subtotal)?;
        let adjustment = stated("adjustment", &self.adjustment)?;
        let payable = stated("payable", &self.payable)?;
        // What follows from lines that could not be read would only be wrong as well.
        if faults.found.len() == before {
            faults.expect(&format!("{path}.subtotal"), &subtotal, Ok(printed), "the sum over the lines");
            let sum = subtotal.checked_add(adjustment);
            faults.expect(&format!("{path}.payable"), &payable, sum, "subtotal and adjustment");
            let rounded = exact.round(*gb, rounding.decimals, rounding.mode);
            faults.expect(
                &format!("{path}.payable"),
                &payable,
                rounded,
                "the catalog's rounding of the exact sum",
            );
        }
        let name = self.billing_account_name.as_ref().map(|name| name.0.clone().into_owned());
        Some(ReportedAccount { id, name, payable, adjustment, lines })
    }
}

impl JsonLine<'_> {
    /// The line, its exact amount and the printed one.
    fn check(
        &self,
        path: &str,
        account: &str,
        report: &JsonReport<'_>,
        sums: &mut Sums,
        faults: &mut Faults<'_>,
    ) -> Option<(ReportedLine, Amount, Money)> {
        let read = self.read(account, report, sums);
        let (line, amount, cost) = faults.take(path, read)?;
        if let Some(quantity) = faults.take(path, self.quantity()) {
            let path = format!("{path}.pricing_quantity");
            faults.expect(&path, &quantity, report.catalog.gb.quantity(line.bytes), "consumed_bytes");
        }
        let printed = amount.printed(report.catalog.gb);
        faults.expect(&format!("{path}.billed_cost"), &cost, printed, "bytes times price");
        Some((line, amount, cost))
    }

    fn read(
        &self,
        account: &str,
        report: &JsonReport<'_>,
        sums: &mut Sums,
    ) -> Result<(ReportedLine, Amount, Money), Invalid> {
        let same = |name: &str, own: &str, all: &str| match own == all {
            true => Ok(()),
            false => Err(Invalid::new(format!("{name} {} is not {all}", quoted(own.as_bytes())))),
        };
        same("billing_account_id", &self.billing_account_id.0, account)?;
        same("billing_month", &self.billing_month.0, &report.billing_month.0)?;
        same("billing_currency", &self.billing_currency.0, &report.currency.0)?;
        check_name("connection_id", &self.connection_id.0)?;
        let link_type: Option<LinkType> = self.link_type.as_ref().map(Text::read).transpose()?;
        let category = if link_type.is_some() { "usage" } else { "free" };
        same("charge_category", &self.charge_category.0, category)?;
        let about = |name: &'static str| move |why: Invalid| why.about(name);
        let bytes = self.consumed_bytes.whole().map_err(about("consumed_bytes"))?;
        let price = |text: &Text<'_>| text.canonical(UnitPrice::of_report(&text.0)?);
        let contracted = price(&self.contracted_unit_price).map_err(about("contracted_unit_price"))?;
        let list = self.list_unit_price.as_ref().map(price).transpose().map_err(about("list_unit_price"))?;
        if link_type.is_none() && contracted != UnitPrice::ZERO {
            return Err(format!("contracted_unit_price {contracted} of free traffic is not 0").into());
        }
        let hour = self.hour(report)?;
        if *sums.hourly.get_or_insert(hour.is_some()) != hour.is_some() {
            return Err("some lines are hourly and others are not".into());
        }
        let sum = if link_type.is_some() { &mut sums.billed } else { &mut sums.free };
        *sum = sum.checked_add(bytes).ok_or_else(|| Invalid::new("the bytes of all lines exceed 2^128"))?;
        let amount = Amount::of(bytes, contracted).map_err(|error| Invalid::new(error.to_string()))?;
        let line = ReportedLine {
            connection_id: (&*self.connection_id.0).into(),
            sender: self.sender.read()?,
            regions: sums.regions([&self.source_region.0, &self.destination_region.0]),
            hour,
            link_type,
            bytes,
            list_unit_price: list,
            contracted_unit_price: contracted,
        };
        Ok((line, amount, self.billed_cost.money().map_err(about("billed_cost"))?))
    }

    /// Its hour, where it has one: an hour of the month.
    fn hour(&self, report: &JsonReport<'_>) -> Result<Option<Hour>, Invalid> {
        let (start, end) = match (&self.charge_period_start, &self.charge_period_end) {
            (None, None) => return Ok(None),
            (Some(start), Some(end)) => (start.hour()?, end.hour()?),
            _ => return Err("a charge period has a start and an end".into()),
        };
        let inside =
            report.billing_period_start.hour()? <= start && end <= report.billing_period_end.hour()?;
        match inside && end == start.next() {
            true => Ok(Some(start)),
            false => Err(format!("from {start} to {end} is no hour of the month").into()),
        }
    }

    /// Its GB, which are written without zeros at their end.
    fn quantity(&self) -> Result<Money, Invalid> {
        let text = &self.pricing_quantity.0;
        let padded = if text.contains('.') { text.clone() } else { format!("{text}.0").into() };
        let read = money(&padded).filter(|quantity| quantity.text(0) == **text);
        read.ok_or_else(|| {
            format!("pricing_quantity: {} is no quantity such as 1.5", quoted(text.as_bytes())).into()
        })
    }
}
