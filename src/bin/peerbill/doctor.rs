//! `peerbill doctor`.

use crate::{
    args::{DoctorArgs, DoctorFormat},
    input::Inputs,
    output, settings,
    traffic::{self, Documents},
};
use peerbill::{
    Error, Result,
    doctor::{MonthSeen, SourceSeen, examine, inventory_of, look_through},
    meter::Refused,
    model::{
        inventory::Inventory,
        time::{BillingMonth, Offset},
    },
    read::{TrafficSource, describe_connections, describe_link_changes},
    write::doctor::{InputSeen, Seen, json, table},
};
use std::{collections::BTreeSet, sync::Arc};

/// Says what the inputs hold. What is found does not fail it.
pub fn run(mut args: DoctorArgs) -> Result<()> {
    let settings = settings::fill(settings::Open {
        traffic: Some(&mut args.traffic),
        offset: Some(&mut args.offset),
        ..settings::Open::default()
    })?;
    let offset = traffic::offset(&args.offset)?;
    let month: Option<BillingMonth> = args.month.as_deref().map(str::parse).transpose()?;
    check(&args)?;
    let mut inputs = Inputs::default();
    let documents = Documents::find(&args.traffic, &mut inputs)?;
    let (sources, progress) = traffic::sources(&args.traffic, &mut inputs)?;
    traffic::check_outputs(&[("--output", &args.output)], &inputs)?;
    let threads = traffic::threads();
    // Link changes decide about no hour, and what they lack cannot be told before the months are known.
    let without_changes = documents.without_changes().inventory(&args.traffic, &|_| Ok(()), None)?;
    let look = |inventory: &Inventory| -> Result<Vec<SourceSeen>> {
        sources.iter().map(|source| look_through(source, inventory, offset, threads)).collect()
    };
    let mut seen = look(&without_changes)?;
    let named = (documents.connections.is_empty() && !sources.is_empty()).then(|| inventory_of(&seen));
    if let Some(named) = &named {
        seen = look(named)?;
    }
    let unknown: BTreeSet<String> =
        seen.iter().flat_map(|source| &source.unknown.ids).map(ToString::to_string).collect();
    let mut months: BTreeSet<BillingMonth> = seen.iter().flat_map(|source| source.months.clone()).collect();
    if let Some(month) = month {
        months = BTreeSet::from([month]);
    }
    let connections_given = !documents.connections.is_empty();
    let inventory = match named {
        Some(named) => Some(named),
        None => inventory(&args, &documents, &months, offset)?,
    };
    let inventory = inventory.map(Arc::new);
    let mut examined: Vec<MonthSeen> = Vec::new();
    if let Some(inventory) = inventory.as_ref().filter(|_| !sources.is_empty()) {
        for month in months {
            let settings = traffic::meter_settings(&args.traffic, month, offset, Refused::Count);
            examined.push(examine(&sources, inventory, settings)?);
        }
    }
    progress.finish_and_clear();
    let inputs = told(&inputs, &documents, &sources, seen)?;
    let inventory = inventory.as_deref();
    let settings = traffic::all_settings(settings, &args.traffic);
    let months = &examined[..];
    let seen = Seen {
        inputs: &inputs,
        inventory,
        connections_given,
        unknown: &unknown,
        months,
        offset,
        settings: &settings,
    };
    output::write(args.output.as_deref(), |output| match args.format {
        DoctorFormat::Table => table(&seen, output),
        DoctorFormat::Json => json(&seen, output),
    })
}

fn check(args: &DoctorArgs) -> Result<()> {
    let traffic = &args.traffic;
    if traffic.paths().next().is_none() {
        return Err(Error::usage("name something to look at: --connections, --link-changes, --usage ..."));
    }
    traffic::refuse_two_readers_of_stdin(traffic.paths())
}

/// The connections with their link changes, good for all months that are looked at.
fn inventory(
    args: &DoctorArgs,
    documents: &Documents,
    months: &BTreeSet<BillingMonth>,
    offset: Offset,
) -> Result<Option<Inventory>> {
    if args.traffic.connections.is_empty() {
        return Ok(None);
    }
    let billed_from = months.first().map(|month| month.period(offset).start);
    documents.inventory(&args.traffic, &|_| Ok(()), billed_from).map(Some)
}

/// The inputs in the order in which they were found: documents first, then traffic.
fn told(
    inputs: &Inputs,
    documents: &Documents,
    sources: &[TrafficSource],
    seen: Vec<SourceSeen>,
) -> Result<Vec<InputSeen>> {
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
    let told = inputs.seen().zip(what).map(|((role, name, stored), ((format, records), refused, hours))| {
        let (role, name) = (role.to_owned(), name.to_owned());
        InputSeen { role, name, stored, format, records, refused, hours }
    });
    Ok(told.collect())
}
