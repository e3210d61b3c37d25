//! `peerbill doctor`.

use crate::{
    args::{DoctorArgs, DoctorFormat, offset_of},
    job,
    job::{meter_settings, threads},
    output::{self, Bar},
    report::tell_stopping,
    settings::{self, Open},
};
use peerbill::{
    Error, Result,
    doctor::{MonthSummary, SourceSummary, examine, inventory_of, look_through},
    files::{self, Documents, Inputs},
    meter::{MeterSettings, Refused},
    model::{
        accounts::Accounts,
        inventory::Inventory,
        time::{BillingMonth, Hour, Offset},
    },
    read::{TrafficSource, describe_connections, describe_link_changes, read_accounts},
    write::doctor::{Diagnosis, InputSummary, json},
};
use std::{collections::BTreeSet, sync::Arc};

/// Says what the inputs hold; true where a finding is there that the user asked to be stopped by.
pub fn run(mut args: DoctorArgs) -> Result<bool> {
    let used = settings::fill(Open {
        traffic: Some(&mut args.traffic),
        offset: Some(&mut args.offset),
        accounts: Some(&mut args.accounts),
        language: Some(&mut args.language),
        ..Open::default()
    })?;
    let offset = offset_of(&args.offset)?;
    let month: Option<BillingMonth> = args.month.as_deref().map(files::one_month).transpose()?;
    let until = args.until.as_deref().map(|text| files::whole_hour("until", text)).transpose()?;
    if let Some(month) = month {
        settings_of(&args, month, offset, until).check_until()?;
    }
    check(&args)?;
    let (targets, lang, stopping) = (args.to.targets()?, args.language.lang(), args.stopping.codes()?);
    let (paths, mut inputs) = (args.traffic.at_paths(), args.traffic.reading.inputs()?);
    let mut documents = Documents::find(&paths, &mut inputs)?;
    (documents.may_be_empty, documents.threads) = (true, threads());
    let progress = Arc::default();
    let sources = files::find(&paths, &mut inputs, &progress)?;
    let accounts = args.accounts.as_deref().map(|path| inputs.one_document("accounts", path)).transpose()?;
    let accounts = accounts.map(|document| read_accounts(&document)).transpose()?;
    job::outputs(&args.to.output, None, &inputs)?;
    let bar = Bar::over(&progress);
    let Looked { sources: seen, named } = look(&args, &documents, &sources, offset)?;
    let months = match month {
        Some(month) => BTreeSet::from([month]),
        None => seen.iter().flat_map(|source| source.months.clone()).collect(),
    };
    let inventory = match named {
        Some(named) => Some(named),
        None => inventory(&args, &documents, &months, offset)?,
    };
    let inventory = inventory.map(Arc::new);
    let months = examine_months(&args, &sources, inventory.as_ref(), months, offset, until)?;
    drop(bar);
    let unknown = seen.iter().flat_map(|source| &source.unknown.ids).map(ToString::to_string).collect();
    let diagnosis = Diagnosis {
        inputs: &inputs_seen(&inputs, &documents, &sources, seen, accounts.as_ref())?,
        inventory: inventory.as_deref(),
        connections_given: !documents.connections.is_empty(),
        unknown: &unknown,
        months: &months,
        offset,
        settings: &settings::shown(used, &args.traffic),
        accounts: accounts.as_ref(),
    };
    inputs.unchanged()?;
    output::print(&targets, None, |target, output| match target.format {
        DoctorFormat::Table => output::screen(target).doctor(&diagnosis, lang, output),
        DoctorFormat::Json => json(&diagnosis, output),
    })?;
    Ok(tell_stopping(&stopping, months.iter().flat_map(|month| &month.findings)))
}

fn check(args: &DoctorArgs) -> Result<()> {
    let traffic = &args.traffic;
    if traffic.paths().next().is_none() {
        return Err(Error::usage("name something to look at: --connections, --link-changes, --usage ..."));
    }
    job::one_reader_of_stdin(traffic.paths().chain(args.accounts.as_deref()))
}

/// What a first look through the traffic shows.
struct Looked {
    sources: Vec<SourceSummary>,
    /// The connections that the traffic names, where none were given.
    named: Option<Inventory>,
}

/// Looks through the traffic: which connections it names, in which months.
fn look(
    args: &DoctorArgs,
    documents: &Documents,
    sources: &[TrafficSource],
    offset: Offset,
) -> Result<Looked> {
    let look = |inventory: &Inventory| -> Result<Vec<SourceSummary>> {
        sources.iter().map(|source| look_through(source, inventory, offset, threads())).collect()
    };
    // Link changes decide about no hour, and what they lack cannot be told before the months are known.
    let without_changes =
        documents.without_changes().inventory(&args.traffic.at_paths(), &|_| Ok(()), None)?;
    let seen = look(&without_changes)?;
    if !documents.connections.is_empty() || sources.is_empty() {
        return Ok(Looked { sources: seen, named: None });
    }
    let named = inventory_of(&seen);
    Ok(Looked { sources: look(&named)?, named: Some(named) })
}

/// The connections with their link changes, good for all months that are looked at; `None` where none were given.
fn inventory(
    args: &DoctorArgs,
    documents: &Documents,
    months: &BTreeSet<BillingMonth>,
    offset: Offset,
) -> Result<Option<Inventory>> {
    if documents.connections.is_empty() {
        return Ok(None);
    }
    let billed_from = months.first().map(|month| month.period(offset).start);
    documents.inventory(&args.traffic.at_paths(), &|_| Ok(()), billed_from).map(Some)
}

/// Meters each month as a bill would, where there are connections and traffic.
fn examine_months(
    args: &DoctorArgs,
    sources: &[TrafficSource],
    inventory: Option<&Arc<Inventory>>,
    months: BTreeSet<BillingMonth>,
    offset: Offset,
    until: Option<Hour>,
) -> Result<Vec<MonthSummary>> {
    let Some(inventory) = inventory.filter(|_| !sources.is_empty()) else { return Ok(Vec::new()) };
    let examine_month = |month| examine(sources, inventory, settings_of(args, month, offset, until));
    months.into_iter().map(examine_month).collect()
}

fn settings_of(args: &DoctorArgs, month: BillingMonth, offset: Offset, until: Option<Hour>) -> MeterSettings {
    let mut settings = meter_settings(&args.traffic, month, offset, Refused::Count);
    settings.until = until;
    settings
}

/// The inputs in the order in which they were found: documents first, then traffic, then names of accounts.
fn inputs_seen(
    inputs: &Inputs,
    documents: &Documents,
    sources: &[TrafficSource],
    seen: Vec<SourceSummary>,
    accounts: Option<&Accounts>,
) -> Result<Vec<InputSummary>> {
    let mut what = Vec::new();
    for document in &documents.connections {
        what.push((describe_connections(document)?, None, None));
    }
    for document in documents.changes.iter().flatten() {
        what.push((describe_link_changes(document)?, None, None));
    }
    debug_assert_eq!(sources.len(), seen.len());
    what.extend(seen.into_iter().map(|source| {
        // Entries of flow logs name no connection: without an inventory their hours are all that is known.
        let hours = source.hours.or(source.unknown.hours.filter(|_| documents.connections.is_empty()));
        ((source.format.to_owned(), source.records), Some(source.refused), hours)
    }));
    what.extend(accounts.map(|accounts| (("CSV".to_owned(), accounts.len() as u64), None, None)));
    let seen = inputs.seen().zip(what).map(|((role, name, stored), ((format, records), refused, hours))| {
        let (role, name) = (role.to_owned(), name.to_owned());
        InputSummary { role, name, stored, format, records, refused, hours }
    });
    Ok(seen.collect())
}
