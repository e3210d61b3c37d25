//! An account's own terms: fixed unit prices and discounts.

use super::{Place, Regions, Timeline, Validity};
use crate::{
    error::{Error, ErrorKind, Fault, FaultCode, Result},
    model::{
        id::{read_account, unwrapped},
        link::LinkType,
        money::{Discount, UnitPrice},
        time::{Hour, Timestamp, parse_effective},
    },
    read::{
        Document,
        table::{Column, RowFaults, TableColumns, TableRow, faults_of, read_all},
    },
};
use std::{collections::HashMap, sync::Arc};

/// What a contract row grants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Terms {
    /// A price of one GB in the catalog's currency, which needs no list price.
    UnitPrice(UnitPrice),
    /// A discount on the list price, which must be known.
    Discount(Discount),
}

/// One row of a contract. `None` stands for `*`, which matches any. The most specific row wins (R4).
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContractRow {
    /// For which account: the one that pays.
    pub account_id: Option<Arc<str>>,
    /// Where the traffic leaves.
    pub source: Option<Place>,
    /// Where it goes.
    pub destination: Option<Place>,
    /// Over which link type.
    pub link_type: Option<LinkType>,
    /// What is granted.
    pub terms: Terms,
    /// When it is in force.
    pub validity: Validity,
    /// The input it was read from.
    pub input: Arc<str>,
    /// Its line there, counted from 1.
    pub line: u64,
}

/// How specific a row is: compared by account, then region pair (region ids, then areas), then link type.
pub(super) type Specificity = (bool, usize, usize, bool);

impl ContractRow {
    pub(super) fn specificity(&self) -> Specificity {
        let sides = [&self.source, &self.destination];
        let regions = sides.iter().filter(|side| matches!(side, Some(Place::Region(_)))).count();
        let areas = sides.iter().filter(|side| matches!(side, Some(Place::Area(_)))).count();
        (self.account_id.is_some(), regions, areas, self.link_type.is_some())
    }

    #[cfg(test)]
    pub(super) fn matches(
        &self,
        account: &str,
        sides: &[(Place, Option<Place>); 2],
        link_type: LinkType,
        hour: Hour,
    ) -> bool {
        self.is_for(account, sides, link_type) && self.validity.covers(hour)
    }

    /// Whether it matches what `account` sends between these places, whenever it is in force.
    pub(super) fn is_for(
        &self,
        account: &str,
        [source, destination]: &[(Place, Option<Place>); 2],
        link_type: LinkType,
    ) -> bool {
        let covers = |side: &Option<Place>, (region, area): &(Place, Option<Place>)| {
            side.as_ref().is_none_or(|place| place == region || Some(place) == area.as_ref())
        };
        self.account_id.as_deref().is_none_or(|own| own == account)
            && covers(&self.source, source)
            && covers(&self.destination, destination)
            && self.link_type.is_none_or(|own| own == link_type)
    }

    #[cfg(test)]
    /// Whether some account, pair, link type and hour could be matched by both, equally specifically.
    pub(super) fn ties_with(&self, other: &Self, regions: &Regions) -> bool {
        let within = |region: &str, area: &Place| regions.places_of(region).1.as_ref() == Some(area);
        let places = |a: &Option<Place>, b: &Option<Place>| match (a, b) {
            (Some(Place::Region(region)), Some(area @ Place::Area(_)))
            | (Some(area @ Place::Area(_)), Some(Place::Region(region))) => within(region, area),
            (Some(a), Some(b)) => a == b,
            _ => true,
        };
        let before =
            |a: Validity, b: Validity| a.until.zip(b.from).is_some_and(|(until, from)| until <= from);
        self.specificity() == other.specificity()
            && (self.account_id == other.account_id)
            && places(&self.source, &other.source)
            && places(&self.destination, &other.destination)
            && self.link_type == other.link_type
            && !before(self.validity, other.validity)
            && !before(other.validity, self.validity)
    }

    pub(super) fn describe(&self) -> String {
        let place = |side: &Option<Place>| side.as_ref().map_or("*".into(), ToString::to_string);
        let terms = match self.terms {
            Terms::UnitPrice(price) => format!("unit_price,{price}"),
            Terms::Discount(percent) => format!("discount_percent,{percent}"),
        };
        // Digests of reports that are kept are made of it: it stays as it is, whatever these types become.
        let instant = |at: Option<Timestamp>| match at {
            None => "None".to_owned(),
            Some(at) => {
                let (seconds, nanos) = (at.seconds(), at.nanos());
                format!("Some(Timestamp {{ seconds: {seconds}, nanos: {nanos} }})")
            }
        };
        format!(
            "contract,{},{},{},{},{terms},Validity {{ from: {}, until: {} }}",
            self.account_id.as_deref().unwrap_or("*"),
            place(&self.source),
            place(&self.destination),
            self.link_type.map_or("*", LinkType::as_str),
            instant(self.validity.from),
            instant(self.validity.until)
        )
    }
}

/// The contract rows in use.
#[derive(Debug, Clone, Default)]
pub struct Contract {
    rows: Vec<ContractRow>,
    /// By account; those of `*` under `None`.
    by_account: HashMap<Option<Arc<str>>, HashMap<Matched, Timeline<InForce>>>,
}

/// What a row matches of source, destination and link type.
type Matched = (Option<Place>, Option<Place>, Option<LinkType>);
/// The first two rows that are in force, as indices.
type InForce = [Option<usize>; 2];

impl Contract {
    pub(super) fn read(document: &Document, regions: &Regions, currency: &str) -> Result<Self> {
        let name = &document.name;
        let (columns, table) = Columns::new();
        let (found, malformed) = read_all(ErrorKind::Catalog, name, &document.text, &table)?;
        let mut faults = faults_of(malformed);
        let mut rows = Vec::new();
        for row in found.iter() {
            match read_row(&columns, &row, name, regions, currency) {
                Ok(read) => rows.push(read),
                Err(why) => {
                    let why = all_faults(&columns, &row, regions, why);
                    faults.push(Fault::at(FaultCode::BadPrice, name, row.line, why));
                }
            }
        }
        faults.sort_by_key(|fault| fault.line);
        let mut contract = Self::default();
        contract.extend(rows);
        Error::from_faults(ErrorKind::Catalog, faults).map_or(Ok(contract), Err)
    }

    /// Adds rows behind those that there are.
    pub(super) fn extend(&mut self, rows: impl IntoIterator<Item = ContractRow>) {
        self.rows.extend(rows);
        let mut indices: HashMap<_, HashMap<Matched, Vec<usize>>> = HashMap::new();
        for (index, row) in self.rows.iter().enumerate() {
            let matched = (row.source.clone(), row.destination.clone(), row.link_type);
            indices.entry(row.account_id.clone()).or_default().entry(matched).or_default().push(index);
        }
        let timeline = |indices: Vec<usize>| {
            let rows = indices.into_iter().map(|index| (self.rows[index].validity, index));
            Timeline::new(rows, |in_force| {
                let mut first = in_force.iter().copied();
                [first.next(), first.next()]
            })
        };
        let timelines = |of_account: HashMap<Matched, Vec<usize>>| {
            of_account.into_iter().map(|(matched, indices)| (matched, timeline(indices))).collect()
        };
        self.by_account = indices.into_iter().map(|(account, own)| (account, timelines(own))).collect();
    }

    /// All rows, in the order in which they were read.
    pub fn rows(&self) -> &[ContractRow] {
        &self.rows
    }

    /// The most specific row that matches; two equally specific ones are an error.
    pub(super) fn in_force(
        &self,
        account: &str,
        sides: &[(Place, Option<Place>); 2],
        link_type: LinkType,
        hour: Hour,
    ) -> Result<Option<&ContractRow>> {
        if self.rows.is_empty() {
            return Ok(None);
        }
        let matching = self.matching(account, sides, link_type, hour);
        let most = matching.iter().map(|&index| self.rows[index].specificity()).max();
        let mut best: Vec<usize> =
            matching.into_iter().filter(|&index| Some(self.rows[index].specificity()) == most).collect();
        best.sort_unstable();
        let [first, second] = [0, 1].map(|place| best.get(place).map(|&index| &self.rows[index]));
        let Some(second) = second else { return Ok(first) };
        let [(source, _), (destination, _)] = sides;
        let faults = first.into_iter().chain([second]).map(|row| {
            Fault::at(
                FaultCode::BadPrice,
                &row.input,
                row.line,
                format!(
                    "ties with another contract row for account {account}, {source} to {destination}, \
                     {link_type}, in {hour}; make one of them more specific or end it"
                ),
            )
        });
        // OK because a tie has two rows.
        Err(Error::from_faults(ErrorKind::Catalog, faults.collect()).expect("a tie has rows"))
    }

    /// The rows that match, at least two of those that are alike in all that they match; as indices.
    fn matching(
        &self,
        account: &str,
        [source, destination]: &[(Place, Option<Place>); 2],
        link_type: LinkType,
        hour: Hour,
    ) -> Vec<usize> {
        let covering = |(region, area): &(Place, Option<Place>)| {
            [Some(Some(region.clone())), area.clone().map(Some), Some(None)].into_iter().flatten()
        };
        let mut matching = Vec::new();
        for of_account in [Some(account.into()), None].iter().filter_map(|own| self.by_account.get(own)) {
            for from in covering(source) {
                for to in covering(destination) {
                    for own in [Some(link_type), None] {
                        let timeline = of_account.get(&(from.clone(), to.clone(), own));
                        matching.extend(timeline.map(|own| own.at(hour)).into_iter().flatten().flatten());
                    }
                }
            }
        }
        matching
    }
}

/// The columns of a contract.
struct Columns {
    account_id: Column<'static>,
    source: Column<'static>,
    destination: Column<'static>,
    link_type: Column<'static>,
    unit_price: Column<'static>,
    discount_percent: Column<'static>,
    effective_from: Column<'static>,
    effective_until: Column<'static>,
    currency: Column<'static>,
}

impl Columns {
    /// The columns, and what the header is searched for.
    fn new() -> (Self, TableColumns<'static>) {
        let mut table = TableColumns::default();
        let columns = Self {
            account_id: table.required("account_id"),
            source: table.required("source"),
            destination: table.required("destination"),
            link_type: table.required("link_type"),
            unit_price: table.required("unit_price"),
            discount_percent: table.required("discount_percent"),
            effective_from: table.required("effective_from"),
            effective_until: table.required("effective_until"),
            currency: table.optional_as_spelled("currency"),
        };
        (columns, table)
    }
}

fn read_row(
    columns: &Columns,
    row: &TableRow<'_>,
    input: &Arc<str>,
    regions: &Regions,
    currency: &str,
) -> Result<ContractRow, String> {
    check_currency(row.text(columns.currency), currency)?;
    let link_type = row.text(columns.link_type);
    let any = |text: &str| text == "*";
    let account_id = match unwrapped(row.text(columns.account_id)) {
        "" => return Err("account_id is empty; * matches any account".into()),
        "*" => None,
        id => Some(read_account(id).map_err(|why| format!("account_id {why}"))?),
    };
    let place = |text: &str| if any(text) { Ok(None) } else { regions.read_place(text).map(Some) };
    let terms = read_terms(columns, row)?;
    Ok(ContractRow {
        account_id: account_id.map(Into::into),
        source: place(row.text(columns.source))?,
        destination: place(row.text(columns.destination))?,
        link_type: if any(link_type) { None } else { Some(link_type.parse()?) },
        terms,
        validity: read_validity(row.text(columns.effective_from), row.text(columns.effective_until))?,
        input: input.clone(),
        line: row.line,
    })
}

fn read_terms(columns: &Columns, row: &TableRow<'_>) -> Result<Terms, String> {
    match (row.text(columns.unit_price), row.text(columns.discount_percent)) {
        (price, "") if !price.is_empty() => {
            price.parse().map(Terms::UnitPrice).map_err(|why| format!("unit_price {why}"))
        }
        ("", percent) if !percent.is_empty() => {
            percent.parse().map(Terms::Discount).map_err(|why| format!("discount_percent {why}"))
        }
        _ => Err("give one of unit_price and discount_percent, and not both".into()),
    }
}

/// All that is wrong with a row, of which this was met first.
fn all_faults(columns: &Columns, row: &TableRow<'_>, regions: &Regions, why: String) -> String {
    let mut faults = RowFaults::first(why);
    let [source, destination, link_type] = [columns.source, columns.destination, columns.link_type]
        .map(|column| Some(row.text(column)).filter(|text| *text != "*"));
    for place in [source, destination].into_iter().flatten() {
        faults.note(regions.read_known_place(place));
    }
    faults.note(link_type.map(str::parse::<LinkType>).transpose());
    faults.note(read_terms(columns, row));
    faults.note(read_validity(row.text(columns.effective_from), row.text(columns.effective_until)));
    faults.joined()
}

/// R13: a table in another currency is never converted and never mixed in.
pub(super) fn check_currency(own: &str, catalog: &str) -> Result<(), String> {
    if own.is_empty() || own == catalog {
        return Ok(());
    }
    Err(format!("currency {own} is not the catalog's {catalog}; amounts are never converted"))
}

/// When a row is in force; an empty text is no limit.
pub(super) fn read_validity(from: &str, until: &str) -> Result<Validity, String> {
    let instant = |name: &str, text: &str| -> Result<Option<Timestamp>, String> {
        if text.is_empty() {
            return Ok(None);
        }
        parse_effective(text).map(Some).map_err(|why| format!("{name} {text:?}: {why}"))
    };
    let validity = match (instant("effective_from", from), instant("effective_until", until)) {
        (Ok(from), Ok(until)) => Validity { from, until },
        (Err(from), Err(until)) => return Err(format!("{from}; {until}")),
        (Err(why), _) | (_, Err(why)) => return Err(why),
    };
    match (validity.from, validity.until) {
        (Some(start), Some(end)) if end <= start => {
            Err(format!("effective_until {until} is not after effective_from {from}"))
        }
        _ => Ok(validity),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_described_as_in_the_digests_of_reports_that_are_kept() {
        let text = "account_id,source,destination,link_type,unit_price,discount_percent,effective_from,effective_until\n\
                    *,*,*,*,,10,2026-01-01,2026-11-01T12:00:00.5+08:00\n\
                    7,cn-beijing,cn-shanghai,Gold,0.3,,,\n";
        let regions = Regions::shipped().unwrap();
        let contract = Contract::read(&Document::new("contract.csv", text), &regions, "CNY").unwrap();
        let described: Vec<String> = contract.rows().iter().map(ContractRow::describe).collect();
        let dated = "contract,*,*,*,*,discount_percent,10,Validity { from: Some(Timestamp { seconds: 1767196800, nanos: 0 }), \
                     until: Some(Timestamp { seconds: 1793505600, nanos: 500000000 }) }";
        let undated =
            "contract,7,cn-beijing,cn-shanghai,Gold,unit_price,0.3,Validity { from: None, until: None }";
        assert_eq!(described, [dated, undated]);
    }
}
