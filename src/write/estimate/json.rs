//! An estimate as JSON. Every number that matters is a string; the schema is `docs/estimate.schema.json`.

use super::{facts, findings, not_priced, reason_for, shared, supplying};
use crate::write::finding_words;
use crate::{
    error::{Error, Result},
    estimate::{self, Changes, Estimate, Scenario, ScheduleAdvice, Timing, per_year},
    model::{link::LinkType, money::Money},
    read::terraform::PlanSide,
    report::{Column, Report, ReportRow},
    statement::Statement,
    write::{
        BEFORE_TAX, RAISED_IS_UPPER_BOUND,
        csv::output_error,
        json::{
            InputDigest, JsonCatalog, JsonFinding, JsonLine, JsonSetting, JsonTotals, catalog, finding,
            totals,
        },
    },
};
use serde::{Serialize, Serializer, ser::SerializeMap};
use std::io::Write;

#[derive(Serialize)]
struct JsonEstimate<'a> {
    source: &'a str,
    billing_month: Option<String>,
    offset: Option<String>,
    currency: &'a str,
    assumed: bool,
    reference: Option<&'a str>,
    scenarios: Vec<JsonScenario<'a>>,
    switches: Vec<JsonSwitches<'a>>,
    schedule: Option<JsonSchedule>,
    changes: Option<JsonChanges<'a>>,
    before_choosing: Vec<JsonNote<'a>>,
    catalog: JsonCatalog<'a>,
    settings: Vec<JsonSetting<'a>>,
    control_totals: Option<JsonTotals>,
    usage_digest: Option<String>,
    findings: Vec<JsonFinding<'a>>,
    inputs: &'a [InputDigest],
    notes: [&'a str; 2],
    peerbill_version: &'a str,
}

#[derive(Serialize)]
struct JsonScenario<'a> {
    scenario: &'a str,
    about: &'a str,
    link_type: Option<&'a str>,
    sla: Option<&'a str>,
    priced: bool,
    assumed: bool,
    payable: Option<String>,
    difference_per_month: Option<String>,
    difference_per_year: Option<String>,
    difference_assumed: bool,
    accounts: Vec<JsonAccount<'a>>,
    grouped_lines: Vec<JsonScenarioLine<'a>>,
    connections: Vec<JsonConnection<'a>>,
    not_priced: Option<JsonNotPriced>,
}

#[derive(Serialize)]
struct JsonAccount<'a> {
    billing_account_id: &'a str,
    lines: Vec<JsonScenarioLine<'a>>,
    subtotal: String,
    adjustment: String,
    payable: String,
    raised_hours: Option<String>,
    raised_cost: String,
    assumed: bool,
}

/// A line of a report behind the name of its scenario.
struct JsonScenarioLine<'a> {
    scenario: &'a str,
    line: JsonLine<'a>,
}

impl Serialize for JsonScenarioLine<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.line.columns.len() + 1))?;
        map.serialize_entry("scenario", self.scenario)?;
        self.line.serialize_into(&mut map)?;
        map.end()
    }
}

#[derive(Serialize)]
struct JsonConnection<'a> {
    connection_id: Option<&'a str>,
    consumed_bytes: String,
    cost: String,
    raised_hours: Option<String>,
    raised_cost: String,
    assumed: bool,
}

#[derive(Serialize)]
struct JsonNotPriced {
    reasons: Vec<String>,
    supplied_by: Vec<String>,
}

#[derive(Serialize)]
struct JsonSwitches<'a> {
    scenario: &'a str,
    payable: String,
    just_after_the_hour_payable: String,
    well_timed_payable: String,
    saving: String,
    assumed: bool,
    connections: Vec<JsonSwitchCost<'a>>,
}

#[derive(Serialize)]
struct JsonSwitchCost<'a> {
    connection_id: &'a str,
    switches: String,
    raised_hours: String,
    raised_cost: String,
    cost: String,
    just_after_the_hour_cost: String,
    well_timed_cost: String,
    saving: String,
    assumed: bool,
}

#[derive(Serialize)]
struct JsonSchedule {
    offset: String,
    windows: Vec<JsonWindow>,
    gaps_without_gold: Vec<String>,
    shares: Vec<JsonShare>,
    assumed: bool,
}

#[derive(Serialize)]
struct JsonWindow {
    window: String,
    whole_hours: String,
    lifted_hours: String,
    switch_up_at: String,
    switch_down_at: String,
    too_short: bool,
}

#[derive(Serialize)]
struct JsonShare {
    connection_id: Option<String>,
    in_windows_percent: String,
    lifted_percent: String,
    break_even_percent: String,
}

#[derive(Serialize)]
struct JsonChanges<'a> {
    connections: Vec<JsonChange<'a>>,
    accounts: Vec<JsonAccountChange<'a>>,
    total: JsonCosts,
    unchanged: String,
    not_known: Vec<String>,
}

#[derive(Serialize)]
struct JsonChange<'a> {
    connection_id: &'a str,
    action: &'a str,
    as_it_is: Option<JsonSide<'a>>,
    as_planned: Option<JsonSide<'a>>,
    #[serde(flatten)]
    costs: JsonCosts,
}

/// A connection on one side of a plan; what the plan does not tell is null.
#[derive(Serialize)]
struct JsonSide<'a> {
    requester_account_id: Option<&'a str>,
    requester_region: Option<&'a str>,
    accepter_account_id: Option<&'a str>,
    accepter_region: Option<&'a str>,
    link_type: Option<&'a str>,
    sla: Option<&'a str>,
}

#[derive(Serialize)]
struct JsonAccountChange<'a> {
    billing_account_id: &'a str,
    #[serde(flatten)]
    costs: JsonCosts,
}

#[derive(Serialize)]
struct JsonCosts {
    before: Option<String>,
    after: Option<String>,
    difference: Option<String>,
    assumed: bool,
}

#[derive(Serialize)]
struct JsonNote<'a> {
    code: &'a str,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    connection_id: Option<&'a str>,
}

/// Writes `estimate` and the digests of its inputs, indented, with a final line feed.
pub fn write(estimate: &Estimate, inputs: &[InputDigest], mut output: impl Write) -> Result<()> {
    let columns = estimate.columns();
    let shared = shared(estimate).ok_or_else(|| Error::internal("no scenario is priced"))?;
    let found = findings(estimate);
    let scenarios = estimate.scenarios.iter().map(|own| scenario(estimate, own, &columns));
    let document = JsonEstimate {
        source: estimate.source,
        billing_month: estimate.month.map(|month| month.to_string()),
        offset: estimate.month.map(|_| estimate.offset.to_string()),
        currency: &estimate.catalog.currency,
        assumed: estimate.assumed(),
        reference: estimate.reference().map(|scenario| scenario.name),
        scenarios: scenarios.collect::<Result<_>>()?,
        switches: estimate.timings.iter().map(|timing| switches(estimate, timing)).collect::<Result<_>>()?,
        schedule: estimate.schedule.as_ref().map(schedule),
        changes: estimate.changes.as_ref().map(changes).transpose()?,
        before_choosing: notes(estimate),
        catalog: catalog(&estimate.catalog),
        settings: estimate.settings.iter().map(|(name, value)| JsonSetting { name, value }).collect(),
        control_totals: estimate.measured.then(|| totals(shared)),
        usage_digest: facts(estimate)
            .into_iter()
            .find(|(name, _)| name == "usage_digest")
            .map(|(_, own)| own),
        findings: found.iter().map(finding).collect(),
        inputs,
        notes: [BEFORE_TAX, RAISED_IS_UPPER_BOUND],
        peerbill_version: env!("CARGO_PKG_VERSION"),
    };
    serde_json::to_writer_pretty(&mut output, &document).map_err(|error| output_error(&error.to_string()))?;
    output.write_all(b"\n").map_err(|error| output_error(&error.to_string()))
}

fn scenario<'e>(
    estimate: &'e Estimate,
    own: &'e Scenario,
    columns: &'e [Column],
) -> Result<JsonScenario<'e>> {
    let text = |money: Money| money.to_string();
    let difference = estimate.difference(own)?;
    let per_year = difference.filter(|_| !estimate.measured).map(per_year).transpose()?;
    let report = own.report();
    let not_priced = not_priced(estimate).find(|(name, ..)| *name == own.name);
    Ok(JsonScenario {
        scenario: own.name,
        about: &own.about,
        link_type: own.link_type.map(LinkType::as_str),
        sla: own.link_type.map(LinkType::sla),
        priced: report.is_some(),
        assumed: own.assumed(),
        payable: own.payable()?.map(text),
        difference_per_month: difference.map(text),
        difference_per_year: per_year.map(text),
        difference_assumed: report.is_some() && estimate.difference_assumed(own),
        accounts: report.map_or(Ok(Vec::new()), |report| accounts(estimate, own, report, columns))?,
        grouped_lines: report.map_or(Ok(Vec::new()), |report| {
            let rows = report.group_rows();
            rows.map(|row| Ok(scenario_line(own, columns, own.with_values(row?)))).collect::<Result<_>>()
        })?,
        connections: connections(estimate, own)?,
        not_priced: not_priced.map(|(_, missing, supply)| JsonNotPriced {
            reasons: missing.iter().map(reason_for).collect(),
            supplied_by: supply.iter().map(|argument| supplying(argument)).collect(),
        }),
    })
}

fn scenario_line<'e>(own: &Scenario, columns: &'e [Column], row: ReportRow<'e>) -> JsonScenarioLine<'e> {
    JsonScenarioLine { scenario: own.name, line: JsonLine { columns, row } }
}

fn accounts<'e>(
    estimate: &Estimate,
    own: &'e Scenario,
    report: &'e Report,
    columns: &'e [Column],
) -> Result<Vec<JsonAccount<'e>>> {
    let account = |statement: &'e Statement| {
        // Grouped lines stand in place of the accounts' lines.
        let shown = if report.groups.is_some() { 0..0 } else { statement.lines.clone() };
        let lines = report.lines[shown].iter();
        let lines = lines.map(|line| Ok(scenario_line(own, columns, own.line_row(report, line)?)));
        Ok(JsonAccount {
            billing_account_id: &statement.billing_account_id,
            lines: lines.collect::<Result<_>>()?,
            subtotal: statement.subtotal.to_string(),
            adjustment: statement.adjustment.to_string(),
            payable: statement.payable.to_string(),
            raised_hours: estimate.measured.then(|| statement.raised_hours.to_string()),
            raised_cost: statement.raised_cost.to_string(),
            assumed: statement.assumed,
        })
    };
    report.statements.iter().map(account).collect()
}

fn connections<'e>(estimate: &Estimate, own: &'e Scenario) -> Result<Vec<JsonConnection<'e>>> {
    let gb = estimate.catalog.gb;
    let costs = own.connections()?.into_iter();
    costs
        .map(|(id, cost)| {
            Ok(JsonConnection {
                connection_id: Some(id).filter(|id| !id.is_empty()),
                consumed_bytes: cost.bytes.to_string(),
                cost: cost.amount.printed(gb)?.to_string(),
                raised_hours: estimate.measured.then(|| cost.raised_hours.to_string()),
                raised_cost: cost.raised_amount.printed(gb)?.to_string(),
                assumed: cost.assumed,
            })
        })
        .collect()
}

fn switches<'e>(estimate: &Estimate, timing: &'e Timing) -> Result<JsonSwitches<'e>> {
    let gb = estimate.catalog.gb;
    let connections = timing.connections.iter().map(|own| {
        Ok(JsonSwitchCost {
            connection_id: &own.connection,
            switches: own.switches.to_string(),
            raised_hours: own.raised_hours.to_string(),
            raised_cost: own.raised_cost.to_string(),
            cost: own.amount.printed(gb)?.to_string(),
            just_after_the_hour_cost: own.just_after.printed(gb)?.to_string(),
            well_timed_cost: own.well_timed.printed(gb)?.to_string(),
            saving: own.saving.to_string(),
            assumed: own.assumed,
        })
    });
    Ok(JsonSwitches {
        scenario: timing.scenario,
        payable: timing.payable.to_string(),
        just_after_the_hour_payable: timing.just_after_payable.to_string(),
        well_timed_payable: timing.well_timed_payable.to_string(),
        saving: timing.saving()?.to_string(),
        assumed: timing.assumed,
        connections: connections.collect::<Result<_>>()?,
    })
}

fn schedule(advice: &ScheduleAdvice) -> JsonSchedule {
    let windows = advice.windows.iter().map(|own| JsonWindow {
        window: own.window.clone(),
        whole_hours: own.whole_hours.to_string(),
        lifted_hours: own.lifted_hours.to_string(),
        switch_up_at: own.up_at.clone(),
        switch_down_at: own.down_at.clone(),
        too_short: own.too_short(),
    });
    let shares = advice.shares.iter().map(|own| JsonShare {
        connection_id: own.connection.as_deref().map(String::from),
        in_windows_percent: own.in_windows.to_string(),
        lifted_percent: own.lifted.to_string(),
        break_even_percent: own.break_even.to_string(),
    });
    JsonSchedule {
        offset: advice.offset.to_string(),
        windows: windows.collect(),
        gaps_without_gold: advice.gaps_without_gold.clone(),
        shares: shares.collect(),
        assumed: advice.assumed,
    }
}

fn side(side: &PlanSide) -> JsonSide<'_> {
    // R8: inside a region there is none.
    let link_type = side.link_type.filter(|_| !side.within_region());
    JsonSide {
        requester_account_id: side.requester_account.as_deref(),
        requester_region: side.requester_region.as_deref(),
        accepter_account_id: side.accepter_account.as_deref(),
        accepter_region: side.accepter_region.as_deref(),
        link_type: link_type.map(LinkType::as_str),
        sla: link_type.map(LinkType::sla),
    }
}

fn changes(changes: &Changes) -> Result<JsonChanges<'_>> {
    let costs = |before: Option<Money>, after: Option<Money>, assumed: [bool; 2]| -> Result<JsonCosts> {
        let text = |money: Option<Money>| money.map(|money| money.to_string());
        let difference = estimate::difference(before, after)?;
        let assumed = assumed.contains(&true);
        Ok(JsonCosts { before: text(before), after: text(after), difference: text(difference), assumed })
    };
    let connections = changes.connections.iter().map(|own| {
        Ok(JsonChange {
            connection_id: &own.change.address,
            action: own.change.action.as_str(),
            as_it_is: own.change.before.as_ref().map(side),
            as_planned: own.change.after.as_ref().map(side),
            costs: costs(own.before, own.after, own.assumed)?,
        })
    });
    let accounts = changes.accounts.iter().map(|own| {
        let billing_account_id = &own.billing_account_id;
        Ok(JsonAccountChange { billing_account_id, costs: costs(own.before, own.after, own.assumed)? })
    });
    Ok(JsonChanges {
        connections: connections.collect::<Result<_>>()?,
        accounts: accounts.collect::<Result<_>>()?,
        total: costs(changes.before, changes.after, changes.assumed)?,
        unchanged: changes.unchanged.to_string(),
        not_known: changes.open.iter().map(crate::write::words).collect(),
    })
}

fn notes<'e>(estimate: &'e Estimate) -> Vec<JsonNote<'e>> {
    let notes = estimate.notes.iter();
    notes
        .map(|note| JsonNote {
            code: note.code.as_str(),
            message: finding_words(note),
            connection_id: note.connection_id.as_deref(),
        })
        .collect()
}
