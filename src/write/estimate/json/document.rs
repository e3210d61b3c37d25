//! The shape of the JSON of an estimate, which `docs/estimate.schema.json` describes.

use crate::write::json::{InputDigest, JsonCatalog, JsonFinding, JsonLine, JsonSetting, JsonTotals};
use serde::{Serialize, Serializer, ser::SerializeMap};

#[derive(Serialize)]
pub(super) struct JsonEstimate<'a> {
    pub source: &'a str,
    pub billing_month: Option<String>,
    pub offset: Option<String>,
    pub currency: &'a str,
    pub assumed: bool,
    pub reference: Option<&'a str>,
    pub scenarios: Vec<JsonScenario<'a>>,
    pub switches: Vec<JsonSwitches<'a>>,
    pub schedule: Option<JsonSchedule>,
    pub changes: Option<JsonChanges<'a>>,
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

#[derive(Serialize)]
pub(super) struct JsonScenario<'a> {
    pub scenario: &'a str,
    pub about: &'a str,
    pub link_type: Option<&'a str>,
    pub sla: Option<&'a str>,
    pub priced: bool,
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

#[derive(Serialize)]
pub(super) struct JsonAccount<'a> {
    pub billing_account_id: &'a str,
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
    pub total: JsonCosts,
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
}

#[derive(Serialize)]
pub(super) struct JsonAccountChange<'a> {
    pub billing_account_id: &'a str,
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
