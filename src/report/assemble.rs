//! Metered traffic to a report: rated, looked over for findings, summed by account and group.

use super::{
    Report,
    options::{Grouping, ReportOptions, group},
    row::Column,
};
use crate::{
    catalog::{Catalog, PriceStatus},
    error::{Error, ErrorKind, Result},
    findings::{Survey, Surveyor, findings},
    meter::{Archives, Count, HourDigests, Metered, MeteredMonths, UsageDigest},
    model::{
        accounts::Accounts,
        connection::Connection,
        did_you_mean,
        finding::{Finding, FindingCode, Said},
        id::read_account,
        invalid::{Invalid, Remedy},
        inventory::Inventory,
        money::Money,
        quoted,
    },
    rating::{Line, Rated, Rating},
    statement::statements,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// Rates what was metered and makes the report of its month.
///
/// ```
/// use peerbill::{Catalog, MeterSettings, ReportOptions, TrafficSource, inventory, meter, report};
///
/// let inventory = inventory(
///     "connection_id,requester_account_id,requester_region,accepter_account_id,accepter_region,link_type\n\
///      pcc-1,1000000000000001,cn-huhehaote,1000000000000002,cn-guangzhou,Gold\n",
///     None,
/// )?;
/// let usage = "timestamp,connection_id,sender,bytes\n2026-10-05T03:00:00Z,pcc-1,requester,214748364800\n";
/// let sources = [TrafficSource::from_bytes("usage.csv", usage)];
/// let metered = meter(&sources, inventory, &MeterSettings::new("2026-10".parse()?))?;
/// let catalog = Catalog::shipped("china-site")?;
/// let report = report(&metered, &catalog, ReportOptions::default())?;
/// assert_eq!(report.payable()?.to_string(), "96.00");
/// assert_eq!(&*report.lines[0].connection_id, "pcc-1");
/// # Ok::<(), peerbill::Error>(())
/// ```
///
/// Month and connections are those of the metering, so that neither can be another one. A month is none of the options:
///
/// ```compile_fail,E0609
/// # use peerbill::{Metered, ReportOptions, catalog::Catalog, report};
/// # fn november(metered: &Metered, catalog: &Catalog) -> peerbill::Result<()> {
/// let mut options = ReportOptions::default();
/// options.month = "2026-11".parse()?;
/// # report(metered, catalog, options)?;
/// # Ok(())
/// # }
/// ```
///
/// nor is there a place for another inventory, whose accounts would pay:
///
/// ```compile_fail,E0061
/// # use peerbill::{Metered, ReportOptions, catalog::Catalog, model::inventory::Inventory, report};
/// # fn others(metered: &Metered, others: &Inventory, catalog: &Catalog) -> peerbill::Result<()> {
/// report(metered, others, catalog, ReportOptions::default())?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// [`MissingPrice`](crate::ErrorKind::MissingPrice) where traffic has no price, with every pair of regions, link type
/// and first hour (R5); [`Catalog`](crate::ErrorKind::Catalog) where two prices tie (R4);
/// [`Overflow`](crate::ErrorKind::Overflow) where an amount is too large to be exact;
/// [`Usage`](crate::ErrorKind::Usage) where options exclude each other or name an unknown account;
/// [`Internal`](crate::ErrorKind::Internal) where the control totals do not add up (R14).
pub fn report(metered: &Metered, catalog: &Catalog, options: ReportOptions) -> Result<Report> {
    Traffic { metered, options: &options, measured: true }.report(metered.inventory(), catalog)
}

/// The reports of months that were metered together: each is what [`report`] makes of its month.
///
/// # Errors
///
/// Those of [`report`]; of prices that are missing in any month all are listed, each with the first hour that needs it.
pub fn reports(metered: &MeteredMonths, catalog: &Catalog, options: &ReportOptions) -> Result<Vec<Report>> {
    let (mut reports, mut missing) = (Vec::new(), Vec::new());
    for month in metered.months() {
        match report(month, catalog, options.clone()) {
            Ok(report) => reports.push(report),
            Err(error) if error.kind() == ErrorKind::MissingPrice => missing.push(error),
            Err(error) => return Err(error),
        }
    }
    Error::of_all_missing(&missing).map_or(Ok(reports), Err)
}

impl Report {
    /// The same report with one line for all hours of a price, as it is without hourly lines.
    ///
    /// # Errors
    ///
    /// [`Overflow`](crate::ErrorKind::Overflow) where a sum is too large to be exact.
    pub fn without_hours(&self) -> Result<Self> {
        let options = ReportOptions { hourly: false, ..self.options.clone() };
        // Lines that are grouped by their hours need them still.
        let lines = if options.shows_charge_periods() { self.lines.clone() } else { self.folded_lines()? };
        let catalog = &self.catalog;
        let mut report = Self {
            options,
            statements: statements(&lines, &self.inventory, catalog.gb, &catalog.rounding)?,
            lines,
            groups: None,
            ..self.clone_without_lines()
        };
        if self.corrects.is_some() {
            // What is payable is no rounded sum there, but the difference of two.
            for (own, hourly) in report.statements.iter_mut().zip(&self.statements) {
                (own.payable, own.adjustment) = (hourly.payable, hourly.payable.checked_sub(own.subtotal)?);
            }
        }
        group_lines(&mut report)?;
        Ok(report)
    }

    /// Its lines, with one for all hours of a price.
    fn folded_lines(&self) -> Result<Vec<Line>> {
        let mut lines: Vec<Line> = Vec::new();
        let end = |line: &Line| (line.connection, line.sender);
        for of_end in self.lines.chunk_by(|one, other| end(one) == end(other)) {
            let start = lines.len();
            for line in of_end {
                match lines[start..].iter_mut().find(|sum| sum.is_priced_like(line)) {
                    Some(sum) => sum.add(line)?,
                    None => lines.push(Line { hour: None, ..line.clone() }),
                }
            }
            lines[start..].sort_unstable_by_key(|line| (line.link_type, line.price, !line.is_taken_back));
        }
        Ok(lines)
    }

    fn clone_without_lines(&self) -> Self {
        Self {
            month: self.month,
            offset: self.offset,
            until: self.until,
            duplicates: self.duplicates,
            options: self.options.clone(),
            catalog: self.catalog.clone(),
            inventory: self.inventory.clone(),
            lines: Vec::new(),
            days: self.days.clone(),
            statements: Vec::new(),
            groups: None,
            totals: self.totals,
            findings: self.findings.clone(),
            usage_digest: self.usage_digest.clone(),
            corrects: self.corrects.clone(),
            threads: self.threads,
        }
    }
}

/// What reports on the same traffic share, whatever its link types and prices.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Traffic<'t> {
    pub metered: &'t Metered,
    pub options: &'t ReportOptions,
    /// Whether the traffic was measured; there is nothing to find in quantities that were planned.
    pub measured: bool,
}

impl Traffic<'_> {
    pub fn inventory(&self) -> &Inventory {
        self.metered.inventory()
    }

    /// Rates the traffic over the link types of `link_types`, whose connections are those of the inventory, and
    /// makes the report.
    pub fn report(&self, link_types: &Inventory, catalog: &Catalog) -> Result<Report> {
        let Self { metered, options, measured } = self;
        self.check()?;
        let usage = metered.usage();
        let split = options.split(metered.offset());
        let days = options.daily.then(|| metered.offset());
        let rating = Rating::new(usage, link_types, catalog, split, days, options.account.as_deref());
        let RatedHours { rated: Rated { lines, days }, survey, usage_digest } =
            rate_hours(metered, &rating, options.without_digest)?;
        let mut report = Report {
            month: metered.month(),
            offset: metered.offset(),
            until: metered.until(),
            duplicates: metered.duplicates(),
            options: (*options).clone(),
            catalog: Arc::new(catalog.summary()),
            inventory: metered.inventory().clone(),
            statements: statements(&lines, metered.inventory(), catalog.gb, &catalog.rounding)?,
            lines,
            days,
            groups: None,
            totals: metered.totals(),
            findings: if *measured { self.findings(&survey) } else { Vec::new() },
            usage_digest,
            corrects: None,
            threads: usage.threads(),
        };
        report.findings.extend(assumed_prices(&report));
        report.findings.extend(if *measured { not_named(&report) } else { Vec::new() });
        report.findings.extend(of_archives(&report.options.archives));
        report.findings.extend(over_budget(&report)?);
        report.findings.extend(if *measured { budgets_without_charge(&report) } else { Vec::new() });
        report.findings.sort_by_key(|finding| finding.code);
        group_lines(&mut report)?;
        Ok(report)
    }

    /// Fails where no such report can be made of it, whatever the prices.
    fn check(&self) -> Result<()> {
        let Self { metered, options, .. } = self;
        metered.totals().check()?;
        if options.hourly && options.by.as_ref().is_some_and(|by| by.day) {
            return Err(Error::setting("hourly", "and lines grouped by day exclude each other"));
        }
        options.by.as_ref().map_or(Ok(()), |by| check_tags(by, metered.inventory()))?;
        options.by.as_ref().map_or(Ok(()), |by| check_account_columns(by, options.accounts.as_deref()))?;
        options.account.as_deref().map_or(Ok(()), |account| check_account(account, metered.inventory()))
    }

    /// What a reader should know about the traffic.
    fn findings(&self, survey: &Survey) -> Vec<Finding> {
        let mut findings = findings(self.metered, survey);
        findings.extend(refused_records(self.metered));
        if let Some(account) = &self.options.account {
            findings.retain(|finding| {
                let index = finding.connection_id.as_ref().and_then(|id| self.inventory().index_of(id));
                let connection = index.map(|index| self.inventory().connection(index));
                connection.is_none_or(|connection| owns_an_end(account, connection))
            });
        }
        findings
    }
}

/// What one pass over all metered hours gives.
struct RatedHours {
    rated: Rated,
    survey: Survey,
    usage_digest: Option<String>,
}

/// Goes over every metered hour once: to rate it, to survey it, and to digest it.
fn rate_hours(metered: &Metered, rating: &Rating<'_>, without_digest: bool) -> Result<RatedHours> {
    let (usage, inventory) = (metered.usage(), metered.inventory());
    let surveyor = Surveyor::new(inventory);
    let digest = (!without_digest).then(|| UsageDigest::new(usage, inventory));
    let new = || (rating.rater(), surveyor.survey(), HourDigests::default());
    let parts = usage.fold(new, |(rater, survey, digests), row| {
        rater.add_row(row)?;
        surveyor.add_row(survey, row)?;
        digest.as_ref().map_or(Ok(()), |digest| digest.add_row(digests, row))
    })?;
    let (mut raters, mut surveys, mut digests) = (Vec::new(), Vec::new(), Vec::new());
    for (rater, survey, of_thread) in parts {
        raters.push(rater);
        surveys.push(survey);
        digests.push(of_thread);
    }
    // Lines last, when the others need no memory any more.
    let survey = surveyor.merge(surveys);
    let usage_digest = digest.as_ref().map(|digest| digest.finish(digests));
    drop((surveyor, digest));
    let rated = rating.rated(raters)?;
    Ok(RatedHours { rated, survey, usage_digest })
}

fn owns_an_end(account: &str, connection: &Connection) -> bool {
    [&connection.requester, &connection.accepter].iter().any(|end| &*end.account_id == account)
}

fn check_account(account: &str, inventory: &Inventory) -> Result<()> {
    let connections = inventory.connections();
    // The accounts of a connection whose row is bad are not known.
    let unknown = inventory.faulty().next().is_some();
    if unknown || connections.iter().any(|connection| owns_an_end(account, connection)) {
        return Ok(());
    }
    let known = connections
        .iter()
        .flat_map(|connection| [&*connection.requester.account_id, &*connection.accepter.account_id]);
    let near = did_you_mean(account, known);
    if let Err(why) = read_account(account).as_ref()
        && near.is_empty()
    {
        return Err(Error::setting("account", why.clone()));
    }
    let why = format!("{account}: no connection of the inventory has this account{near}");
    Err(Error::setting("account", why))
}

/// A tag that no connection has groups nothing: it is most likely a typing error.
fn check_tags(by: &Grouping, inventory: &Inventory) -> Result<()> {
    let has = |key: &str| inventory.connections().iter().any(|own| own.tags.get(key).is_some());
    let Some(unknown) = by.tags().find(|key| !has(key.key())) else { return Ok(()) };
    let tags = inventory.connections().iter().flat_map(|connection| connection.tags.iter());
    let known: BTreeSet<&str> = tags.map(|(key, _)| key).collect();
    let near = did_you_mean(unknown.key(), known.iter().copied());
    let known = match known.is_empty() {
        true => "none has any".into(),
        false => format!("there are {}", known.into_iter().collect::<Vec<_>>().join(", ")),
    };
    let key = quoted(unknown.key().as_bytes());
    Err(Error::setting("by", format!("tag:KEY: no connection has the tag {key}; {known}{near}")))
}

/// What nothing is noted of groups nothing: it is most likely a typing error, or the file was forgotten.
fn check_account_columns(by: &Grouping, accounts: Option<&Accounts>) -> Result<()> {
    let mut named = by.columns.iter().filter(|column| match column {
        Column::Account(key) => accounts.is_none_or(|accounts| !has_column(accounts, key.key())),
        column => **column == Column::BillingAccountName && accounts.is_none(),
    });
    let Some(unknown) = named.next() else { return Ok(()) };
    let name = quoted(unknown.name().as_bytes());
    let (Some(accounts), Column::Account(key)) = (accounts, unknown) else {
        let why = Invalid::new(format!("{name}: no names of accounts are given"));
        return Err(Error::setting("by", why.with(Remedy::GiveAccounts)));
    };
    let known = accounts.columns();
    let near = did_you_mean(key.key(), known.iter().map(String::as_str));
    let why = format!("{name}: accounts have no such column; there are {}{near}", known.join(", "));
    Err(Error::setting("by", why))
}

fn has_column(accounts: &Accounts, name: &str) -> bool {
    accounts.columns().iter().any(|column| column == name)
}

/// Accounts with traffic of which nothing is noted, where something is of others.
fn not_named(report: &Report) -> Vec<Finding> {
    let Some(accounts) = &report.options.accounts else { return Vec::new() };
    let ids = report.statements.iter().map(|statement| &statement.billing_account_id);
    let unknown = ids.filter(|id| accounts.get(id).is_none());
    let said = |id: &String| Said::AccountNotNamed { id: id.clone() };
    unknown.map(|id| Finding::of(FindingCode::AccountNotNamed, said(id))).collect()
}

/// Accounts that pay more than their budgets.
fn over_budget(report: &Report) -> Result<Vec<Finding>> {
    let mut found = Vec::new();
    let Some(budgets) = &report.options.budgets else { return Ok(found) };
    for statement in &report.statements {
        let id = &statement.billing_account_id;
        let Some(budget) = budgets.get(id).filter(|budget| statement.payable > *budget) else { continue };
        let account = report.account_label(id);
        let (payable, over) = (statement.payable, statement.payable.checked_sub(budget)?);
        let currency = &report.catalog.currency;
        let said = Said::OverBudget { account, payable, over, budget, currency: currency.clone() };
        found.push(Finding::of(FindingCode::OverBudget, said));
    }
    Ok(found)
}

/// Budgets of accounts that have no line: an id that is wrong would never be over its budget.
fn budgets_without_charge(report: &Report) -> Vec<Finding> {
    let budgets = report.options.budgets.as_ref().filter(|_| report.options.account.is_none());
    let charged: BTreeSet<&str> =
        report.statements.iter().map(|statement| &*statement.billing_account_id).collect();
    let without =
        budgets.into_iter().flat_map(|budgets| budgets.accounts()).filter(|id| !charged.contains(id));
    let said = |id| Said::BudgetWithoutCharge { account: report.account_label(id) };
    without.map(|id| Finding::of(FindingCode::BudgetWithoutCharge, said(id))).collect()
}

/// What became of records that were refused (R15).
fn refused_records(metered: &Metered) -> Vec<Finding> {
    let for_cause = metered.refused_for_cause();
    let dropped = metered.totals().refused.records - for_cause;
    [
        (for_cause, FindingCode::RecordsQuarantined, Said::RecordsQuarantined { count: for_cause }),
        (dropped, FindingCode::CopiesDropped, Said::CopiesDropped { count: dropped }),
    ]
    .into_iter()
    .filter(|(count, ..)| *count > 0)
    .map(|(_, code, said)| Finding::of(code, said))
    .collect()
}

/// What was refused when archives were made, and what is not known of that.
fn of_archives(archives: &Archives) -> Vec<Finding> {
    let refused = archives.totals.iter().filter(|own| own.totals.refused.records > 0).map(|own| {
        let Count { records, bytes, .. } = own.totals.refused;
        Finding::of(FindingCode::ArchiveRefused, Said::ArchiveRefused { month: own.month, records, bytes })
    });
    let count = archives.without_totals;
    let without = Finding::of(FindingCode::ArchiveWithoutTotals, Said::ArchiveWithoutTotals { count });
    refused.chain((count > 0).then_some(without)).collect()
}

/// How many lines have a price that the provider does not publish (R18).
fn assumed_prices(report: &Report) -> Option<Finding> {
    let assumed = report.lines.iter().filter(|line| line.price.status == PriceStatus::Assumed);
    let count = assumed.count();
    let said = Said::AssumedPrice { count, overlays: report.catalog.overlays.join(", ") };
    (count > 0).then(|| Finding::of(FindingCode::AssumedPrice, said))
}

/// Groups the lines where that is asked for, and lets the adjustments make the groups add up to what is payable.
fn group_lines(report: &mut Report) -> Result<()> {
    let Some(grouping) = report.options.grouping() else { return Ok(()) };
    let named = |line: &Line| report.named_values(line, &grouping);
    let groups = group(&report.lines, &grouping, |line| report.values(line), named)?;
    let payer = |line: &Line| Payer::of(report, &grouping, line);
    // What is payable, less groups and adjustments; by what tells payers apart.
    let mut rest: BTreeMap<Payer<'_>, Money> = BTreeMap::new();
    for group in &groups {
        let rest = rest.entry(payer(&group.first)).or_default();
        *rest = rest.checked_sub(group.amount.printed(report.catalog.gb)?)?;
    }
    let mut statements = report.statements.clone();
    for statement in &mut statements {
        statement.subtotal = statement.exact.printed(report.catalog.gb)?;
        statement.adjustment = statement.payable.checked_sub(statement.subtotal)?;
        let rest = rest.entry(payer(&report.lines[statement.lines.start])).or_default();
        *rest = rest.checked_add(statement.subtotal)?;
    }
    // Groups that mix accounts round differently from accounts: the last digit goes to the last account of each payer.
    for statement in statements.iter_mut().rev() {
        let Some(rest) = rest.remove(&payer(&report.lines[statement.lines.start])) else { continue };
        statement.adjustment = statement.adjustment.checked_add(rest)?;
        statement.subtotal = statement.payable.checked_sub(statement.adjustment)?;
    }
    report.statements = statements;
    report.groups = Some(groups);
    Ok(())
}

/// Who pays, as far as a grouping tells accounts apart: whatever else it names, no group mixes two of them.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Payer<'r> {
    id: Option<&'r str>,
    name: Option<&'r str>,
    noted: Vec<Option<&'r str>>,
}

impl<'r> Payer<'r> {
    fn of(report: &'r Report, grouping: &Grouping, line: &Line) -> Self {
        let row = report.named_values(line, grouping);
        let noted = grouping.accounts().map(|key| row.account?.value(key.key())).collect();
        Self { id: row.billing_account_id, name: row.billing_account_name, noted }
    }
}
