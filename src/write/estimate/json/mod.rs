//! An estimate as JSON. Every number that matters is a string; the schema is `docs/estimate.schema.json`.

use super::{facts, findings, minutes, not_priced, reason_for, shared, supplying};
use crate::{
    error::{Error, Result},
    estimate::{
        self, AVOIDED_MINUTES, Changes, Coverage, Estimate, FORECAST, Forecast, ForecastAccount, Scenario,
        ScheduleAdvice, ServiceLevel, Timing, UnitPrices,
    },
    model::{link::LinkType, money::Money},
    read::terraform::PlanSide,
    report::{Column, Report, ReportRow},
    statement::Statement,
    write::{
        BEFORE_TAX, Lang, RAISED_IS_UPPER_BOUND, finding_words,
        json::{
            InputDigest, JsonCatalog, JsonFinding, JsonLine, JsonSetting, JsonTotals, catalog, finding,
            totals, write_document,
        },
    },
};
use serde::{Serialize, Serializer, ser::SerializeMap};
use std::io::Write;

/// Writes `estimate` and the digests of its inputs, indented, with a final line feed, as `docs/estimate.schema.json`
/// has it.
///
/// # Errors
///
/// [`Output`](crate::ErrorKind::Output) where `output` fails, [`Overflow`](crate::ErrorKind::Overflow) where bytes or
/// an amount are too large to be printed.
pub fn write(estimate: &Estimate, inputs: &[InputDigest], output: impl Write) -> Result<()> {
    let columns = estimate.columns();
    let shared = shared(estimate).ok_or_else(|| Error::internal("no scenario is priced"))?;
    let found = findings(estimate);
    let scenarios = estimate.scenarios.iter().map(|one| scenario(estimate, one, &columns));
    let document = JsonEstimate {
        source: estimate.source,
        billing_month: estimate.month.map(|month| month.to_string()),
        offset: estimate.month.map(|_| estimate.offset.to_string()),
        until: shared.until.map(|until| until.to_string()),
        currency: &estimate.catalog.currency,
        assumed: estimate.assumed(),
        reference: estimate.reference().map(|scenario| scenario.name),
        scenarios: scenarios.collect::<Result<_>>()?,
        switches: estimate.timings.iter().map(|timing| switches(estimate, timing)).collect::<Result<_>>()?,
        schedule: estimate.schedule.as_ref().map(schedule),
        service_levels: estimate.service_levels()?.iter().map(service_level).collect(),
        changes: estimate.changes.as_ref().map(|planned| changes(estimate, planned)).transpose()?,
        forecast: estimate.forecast.as_ref().map(|own| forecast(shared, own, &columns)).transpose()?,
        before_choosing: notes(estimate),
        catalog: catalog(&estimate.catalog),
        settings: estimate.settings.iter().map(|(name, value)| JsonSetting { name, value }).collect(),
        control_totals: estimate.measured.then(|| totals(shared)),
        usage_digest: facts(estimate, Lang::En)
            .into_iter()
            .find(|(name, _)| name == "usage_digest")
            .map(|(_, digest)| digest),
        findings: found.iter().map(finding).collect(),
        inputs,
        notes: [BEFORE_TAX, RAISED_IS_UPPER_BOUND],
        peerbill_version: env!("CARGO_PKG_VERSION"),
    };
    write_document(&document, output)
}

fn forecast<'e>(shared: &'e Report, own: &'e Forecast, columns: &'e [Column]) -> Result<JsonForecast<'e>> {
    let account = |account: &'e ForecastAccount| JsonForecastAccount {
        billing_account_id: &account.billing_account_id,
        billing_account_name: shared.told_name(&account.billing_account_id),
        consumed_bytes: account.bytes.to_string(),
        cost: account.cost.to_string(),
        cost_so_far: account.so_far.to_string(),
        month_estimate: account.month.to_string(),
        assumed: account.assumed,
    };
    let line = |row| Ok(JsonScenarioLine { scenario: FORECAST, line: JsonLine { columns, row: row? } });
    Ok(JsonForecast {
        is_estimate: true,
        from: own.rest.start.to_string(),
        end: own.rest.end.to_string(),
        basis_hours: own.basis.hours().to_string(),
        hours_left_out: own.left_out.to_string(),
        byte_rounding: "half_even",
        cost: own.cost()?.to_string(),
        assumed: own.assumed,
        accounts: own.accounts.iter().map(account).collect(),
        lines: own.rows().map(line).collect::<Result<_>>()?,
    })
}

fn scenario<'e>(
    estimate: &'e Estimate,
    scenario: &'e Scenario,
    columns: &'e [Column],
) -> Result<JsonScenario<'e>> {
    let text = |money: Money| money.to_string();
    let coverage = estimate.coverage(scenario);
    let report = scenario.report();
    let not_priced = not_priced(estimate).find(|(name, ..)| *name == scenario.name);
    Ok(JsonScenario {
        scenario: scenario.name,
        about: &scenario.about,
        link_type: scenario.link_type.map(LinkType::as_str),
        sla: scenario.link_type.map(LinkType::sla),
        downtime_minutes: scenario.link_type.map(|link_type| minutes(link_type.downtime())),
        priced: report.is_some() && coverage.is_complete(),
        coverage: json_coverage(coverage),
        partial: report.is_some_and(|report| report.options.account.is_some() || estimate.partial()),
        assumed: scenario.assumed(),
        payable: estimate.payable(scenario)?.map(text),
        difference_per_month: estimate.difference(scenario)?.map(text),
        difference_per_year: estimate.difference_per_year(scenario)?.map(text),
        difference_assumed: report.is_some() && estimate.difference_assumed(scenario),
        accounts: report.map_or(Ok(Vec::new()), |report| accounts(estimate, scenario, report, columns))?,
        grouped_lines: report.map_or(Ok(Vec::new()), |report| {
            let rows = report.group_rows();
            rows.map(|row| Ok(scenario_line(scenario, columns, scenario.with_values(row?))))
                .collect::<Result<_>>()
        })?,
        connections: connections(estimate, scenario)?,
        not_priced: not_priced.map(|(_, missing, supply)| JsonNotPriced {
            reasons: missing.iter().map(|price| reason_for(price, Lang::En)).collect(),
            supplied_by: supply.iter().map(supplying).collect(),
        }),
    })
}

fn scenario_line<'e>(scenario: &Scenario, columns: &'e [Column], row: ReportRow<'e>) -> JsonScenarioLine<'e> {
    JsonScenarioLine { scenario: scenario.name, line: JsonLine { columns, row } }
}

fn accounts<'e>(
    estimate: &Estimate,
    scenario: &'e Scenario,
    report: &'e Report,
    columns: &'e [Column],
) -> Result<Vec<JsonAccount<'e>>> {
    let account = |statement: &'e Statement| {
        // Grouped lines stand in place of the accounts' lines.
        let shown = if report.groups.is_some() { 0..0 } else { statement.lines.clone() };
        let lines = report.lines[shown].iter();
        let lines = lines.map(|line| Ok(scenario_line(scenario, columns, scenario.line_row(report, line)?)));
        Ok(JsonAccount {
            billing_account_id: &statement.billing_account_id,
            billing_account_name: report.told_name(&statement.billing_account_id),
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

fn connections<'e>(estimate: &Estimate, scenario: &'e Scenario) -> Result<Vec<JsonConnection<'e>>> {
    let gb = estimate.catalog.gb;
    let costs = scenario.connections()?.into_iter();
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
    let connections = timing.connections.iter().map(|cost| {
        Ok(JsonSwitchCost {
            connection_id: &cost.connection,
            switches: cost.switches.to_string(),
            raised_hours: cost.raised_hours.to_string(),
            raised_cost: cost.raised_cost.to_string(),
            cost: cost.amount.printed(gb)?.to_string(),
            just_after_the_hour_cost: cost.just_after.printed(gb)?.to_string(),
            well_timed_cost: cost.well_timed.printed(gb)?.to_string(),
            saving: cost.saving.to_string(),
            assumed: cost.assumed,
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
    let windows = advice.windows.iter().map(|window| JsonWindow {
        window: window.window.clone(),
        whole_hours: window.whole_hours.to_string(),
        lifted_hours: window.lifted_hours.to_string(),
        switch_up_at: window.up_at.clone(),
        switch_down_at: window.down_at.clone(),
        too_short: window.too_short(),
    });
    let shares = advice.shares.iter().map(|share| JsonShare {
        connection_id: share.connection.as_deref().map(String::from),
        in_windows_percent: share.in_windows.to_string(),
        lifted_percent: share.lifted.to_string(),
        break_even_percent: share.break_even.to_string(),
    });
    JsonSchedule {
        offset: advice.offset.to_string(),
        windows: windows.collect(),
        gaps_without_gold: advice.gaps_without_gold.clone(),
        shares: shares.collect(),
        assumed: advice.assumed,
    }
}

fn json_coverage(coverage: Coverage) -> JsonCoverage {
    JsonCoverage { priced: coverage.priced.to_string(), of: coverage.of.to_string() }
}

fn service_level(level: &ServiceLevel) -> JsonServiceLevel {
    JsonServiceLevel {
        connection_id: level.connection.clone(),
        difference_per_month: level.difference.to_string(),
        avoided_minutes: minutes(AVOIDED_MINUTES),
        per_avoided_minute: level.per_minute.to_string(),
        assumed: level.assumed,
    }
}

fn side<'p>(side: &'p PlanSide, prices: &UnitPrices) -> JsonSide<'p> {
    // R8: inside a region there is none.
    let link_type = side.link_type.filter(|_| !side.within_region());
    JsonSide {
        requester_account_id: side.requester_account.as_deref(),
        requester_region: side.requester_region.as_deref(),
        accepter_account_id: side.accepter_account.as_deref(),
        accepter_region: side.accepter_region.as_deref(),
        link_type: link_type.map(LinkType::as_str),
        sla: link_type.map(LinkType::sla),
        requester_unit_price: prices.0[0].map(|price| price.contracted.to_string()),
        accepter_unit_price: prices.0[1].map(|price| price.contracted.to_string()),
        unit_prices_assumed: prices.assumed(),
    }
}

fn changes<'e>(estimate: &'e Estimate, changes: &'e Changes) -> Result<JsonChanges<'e>> {
    let costs = |before: Option<Money>, after: Option<Money>, assumed: [bool; 2]| -> Result<JsonCosts> {
        let text = |money: Option<Money>| money.map(|money| money.to_string());
        let difference = estimate::difference(before, after)?;
        let assumed = assumed.contains(&true);
        Ok(JsonCosts { before: text(before), after: text(after), difference: text(difference), assumed })
    };
    let connections = changes.connections.iter().map(|priced| {
        Ok(JsonChange {
            connection_id: &priced.change.address,
            action: priced.change.action.as_str(),
            keeps_old: priced.change.keeps_old,
            as_it_is: priced.change.before.as_ref().map(|own| side(own, &priced.unit_prices[0])),
            as_planned: priced.change.after.as_ref().map(|own| side(own, &priced.unit_prices[1])),
            costs: costs(priced.before, priced.after, priced.assumed)?,
        })
    });
    let accounts = changes.accounts.iter().map(|account| {
        let billing_account_id = &account.billing_account_id;
        Ok(JsonAccountChange {
            billing_account_id,
            billing_account_name: shared(estimate).and_then(|report| report.told_name(billing_account_id)),
            costs: costs(account.before, account.after, account.assumed)?,
        })
    });
    Ok(JsonChanges {
        connections: connections.collect::<Result<_>>()?,
        accounts: accounts.collect::<Result<_>>()?,
        total: JsonTotal {
            priced: changes.priced().is_complete(),
            coverage: json_coverage(changes.priced()),
            costs: costs(changes.before, changes.after, changes.assumed)?,
        },
        partial: changes.partial(),
        unchanged: changes.unchanged.to_string(),
        not_known: changes.open.iter().map(finding_words).collect(),
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

#[derive(Serialize)]
pub(super) struct JsonEstimate<'a> {
    pub source: &'a str,
    pub billing_month: Option<String>,
    pub offset: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    pub currency: &'a str,
    pub assumed: bool,
    pub reference: Option<&'a str>,
    pub scenarios: Vec<JsonScenario<'a>>,
    pub switches: Vec<JsonSwitches<'a>>,
    pub schedule: Option<JsonSchedule>,
    pub service_levels: Vec<JsonServiceLevel>,
    pub changes: Option<JsonChanges<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub forecast: Option<JsonForecast<'a>>,
    pub before_choosing: Vec<JsonNote<'a>>,
    pub catalog: JsonCatalog<'a>,
    pub settings: Vec<JsonSetting<'a>>,
    pub control_totals: Option<JsonTotals>,
    pub usage_digest: Option<String>,
    pub findings: Vec<JsonFinding<'a>>,
    pub inputs: &'a [InputDigest],
    pub notes: [&'a str; 2],
    pub peerbill_version: &'a str,
}

/// The rest of a month that is not over: an estimate, and no part of what is payable.
#[derive(Serialize)]
pub(super) struct JsonForecast<'a> {
    pub is_estimate: bool,
    pub from: String,
    pub end: String,
    pub basis_hours: String,
    pub hours_left_out: String,
    pub byte_rounding: &'a str,
    pub cost: String,
    pub assumed: bool,
    pub accounts: Vec<JsonForecastAccount<'a>>,
    pub lines: Vec<JsonScenarioLine<'a>>,
}

#[derive(Serialize)]
pub(super) struct JsonForecastAccount<'a> {
    pub billing_account_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub billing_account_name: Option<Option<&'a str>>,
    pub consumed_bytes: String,
    pub cost: String,
    pub cost_so_far: String,
    pub month_estimate: String,
    pub assumed: bool,
}

#[derive(Serialize)]
pub(super) struct JsonScenario<'a> {
    pub scenario: &'a str,
    pub about: &'a str,
    pub link_type: Option<&'a str>,
    pub sla: Option<&'a str>,
    pub downtime_minutes: Option<String>,
    pub priced: bool,
    pub coverage: JsonCoverage,
    pub partial: bool,
    pub assumed: bool,
    pub payable: Option<String>,
    pub difference_per_month: Option<String>,
    pub difference_per_year: Option<String>,
    pub difference_assumed: bool,
    pub accounts: Vec<JsonAccount<'a>>,
    pub grouped_lines: Vec<JsonScenarioLine<'a>>,
    pub connections: Vec<JsonConnection<'a>>,
    pub not_priced: Option<JsonNotPriced>,
}

/// How many connections are priced, of how many.
#[derive(Serialize)]
pub(super) struct JsonCoverage {
    pub priced: String,
    pub of: String,
}

#[derive(Serialize)]
pub(super) struct JsonServiceLevel {
    pub connection_id: Option<String>,
    pub difference_per_month: String,
    pub avoided_minutes: String,
    pub per_avoided_minute: String,
    pub assumed: bool,
}

#[derive(Serialize)]
pub(super) struct JsonAccount<'a> {
    pub billing_account_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub billing_account_name: Option<Option<&'a str>>,
    pub lines: Vec<JsonScenarioLine<'a>>,
    pub subtotal: String,
    pub adjustment: String,
    pub payable: String,
    pub raised_hours: Option<String>,
    pub raised_cost: String,
    pub assumed: bool,
}

/// A line of a report behind the name of its scenario.
pub(super) struct JsonScenarioLine<'a> {
    pub scenario: &'a str,
    pub line: JsonLine<'a>,
}

impl Serialize for JsonScenarioLine<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.line.columns.len() + 1))?;
        map.serialize_entry("scenario", self.scenario)?;
        self.line.serialize_into(&mut map)?;
        map.end()
    }
}

#[derive(Serialize)]
pub(super) struct JsonConnection<'a> {
    pub connection_id: Option<&'a str>,
    pub consumed_bytes: String,
    pub cost: String,
    pub raised_hours: Option<String>,
    pub raised_cost: String,
    pub assumed: bool,
}

#[derive(Serialize)]
pub(super) struct JsonNotPriced {
    pub reasons: Vec<String>,
    pub supplied_by: Vec<String>,
}

#[derive(Serialize)]
pub(super) struct JsonSwitches<'a> {
    pub scenario: &'a str,
    pub payable: String,
    pub just_after_the_hour_payable: String,
    pub well_timed_payable: String,
    pub saving: String,
    pub assumed: bool,
    pub connections: Vec<JsonSwitchCost<'a>>,
}

#[derive(Serialize)]
pub(super) struct JsonSwitchCost<'a> {
    pub connection_id: &'a str,
    pub switches: String,
    pub raised_hours: String,
    pub raised_cost: String,
    pub cost: String,
    pub just_after_the_hour_cost: String,
    pub well_timed_cost: String,
    pub saving: String,
    pub assumed: bool,
}

#[derive(Serialize)]
pub(super) struct JsonSchedule {
    pub offset: String,
    pub windows: Vec<JsonWindow>,
    pub gaps_without_gold: Vec<String>,
    pub shares: Vec<JsonShare>,
    pub assumed: bool,
}

#[derive(Serialize)]
pub(super) struct JsonWindow {
    pub window: String,
    pub whole_hours: String,
    pub lifted_hours: String,
    pub switch_up_at: String,
    pub switch_down_at: String,
    pub too_short: bool,
}

#[derive(Serialize)]
pub(super) struct JsonShare {
    pub connection_id: Option<String>,
    pub in_windows_percent: String,
    pub lifted_percent: String,
    pub break_even_percent: String,
}

#[derive(Serialize)]
pub(super) struct JsonChanges<'a> {
    pub connections: Vec<JsonChange<'a>>,
    pub accounts: Vec<JsonAccountChange<'a>>,
    pub total: JsonTotal,
    pub partial: bool,
    pub unchanged: String,
    pub not_known: Vec<String>,
}

#[derive(Serialize)]
pub(super) struct JsonChange<'a> {
    pub connection_id: &'a str,
    pub action: &'a str,
    pub keeps_old: bool,
    pub as_it_is: Option<JsonSide<'a>>,
    pub as_planned: Option<JsonSide<'a>>,
    #[serde(flatten)]
    pub costs: JsonCosts,
}

/// A connection on one side of a plan; what the plan does not tell is null.
#[derive(Serialize)]
pub(super) struct JsonSide<'a> {
    pub requester_account_id: Option<&'a str>,
    pub requester_region: Option<&'a str>,
    pub accepter_account_id: Option<&'a str>,
    pub accepter_region: Option<&'a str>,
    pub link_type: Option<&'a str>,
    pub sla: Option<&'a str>,
    pub requester_unit_price: Option<String>,
    pub accepter_unit_price: Option<String>,
    pub unit_prices_assumed: bool,
}

/// What all that a plan changes costs, of what is priced of it.
#[derive(Serialize)]
pub(super) struct JsonTotal {
    pub priced: bool,
    pub coverage: JsonCoverage,
    #[serde(flatten)]
    pub costs: JsonCosts,
}

#[derive(Serialize)]
pub(super) struct JsonAccountChange<'a> {
    pub billing_account_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub billing_account_name: Option<Option<&'a str>>,
    #[serde(flatten)]
    pub costs: JsonCosts,
}

#[derive(Serialize)]
pub(super) struct JsonCosts {
    pub before: Option<String>,
    pub after: Option<String>,
    pub difference: Option<String>,
    pub assumed: bool,
}

#[derive(Serialize)]
pub(super) struct JsonNote<'a> {
    pub code: &'a str,
    pub message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connection_id: Option<&'a str>,
}
