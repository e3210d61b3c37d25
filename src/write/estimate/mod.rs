//! Estimates to bytes: the lines of a report with the scenario in front.

mod advice;
mod comment;
pub mod json;
mod page;

pub use advice::advice_lines;
pub(super) use comment::comment_of;
#[cfg(feature = "cli")]
pub(super) use page::page_of;
pub(super) use page::page_parts;

use super::{
    BEFORE_TAX, Lang, after_in, control_totals, finding_words,
    lang::{EstimateTexts, fill},
    named_provenance,
};
use crate::{
    error::MissingPrice,
    estimate::{Coverage, Estimate, Outcome, Scenario, Supply},
    model::{
        finding::{Finding, FindingCode, Said},
        invalid::Remedy,
    },
    report::Report,
};
use std::collections::BTreeSet;

/// An amount, with the mark of an assumed price (R18).
fn marked(money: impl ToString, assumed: bool) -> String {
    if assumed { format!("{} *", money.to_string()) } else { money.to_string() }
}

/// Why scenarios are not priced, and what would supply what is missing: name, faults, arguments.
pub(super) fn not_priced(
    estimate: &Estimate,
) -> impl Iterator<Item = (&'static str, &[MissingPrice], &[Supply])> {
    estimate.scenarios.iter().filter_map(|scenario| match &scenario.outcome {
        Outcome::Priced(_) => None,
        Outcome::NotPriced { missing, supply } => Some((scenario.name, &missing[..], &supply[..])),
    })
}

/// Why a scenario is not priced, and what to do about it.
pub(super) fn reason_for(missing: &MissingPrice, lang: Lang) -> String {
    let said = lang.texts().say(&Said::from(missing));
    format!("{said}{}", after_in(Some(&Remedy::SupplyPrice), lang))
}

/// The notes, each message once: as with findings, nothing is said twice.
fn notes_once(estimate: &Estimate) -> Vec<&Finding> {
    let mut known = BTreeSet::new();
    estimate.notes.iter().filter(|note| known.insert((note.code, &note.said))).collect()
}

/// The command that would supply a missing price: this one with another argument.
pub(super) fn supplying(supply: &Supply) -> String {
    let argument = match supply {
        Supply::Overlay(name) => format!("--prices {name}"),
        Supply::Prices => "--prices FILE".into(),
        Supply::Contract => "--contract FILE".into(),
    };
    format!("peerbill estimate ... {argument}")
}

/// Says that no total is that of all accounts, or of the whole plan, where that is so.
fn partial_note(estimate: &Estimate, lang: Lang) -> Option<String> {
    let texts = &lang.texts().estimate;
    if let Some(account) = shared(estimate).and_then(|report| report.options.account.as_deref()) {
        return Some(fill(&texts.partial_account, &[("account", account)]));
    }
    let changes = estimate.changes.as_ref().filter(|changes| changes.partial())?;
    let (changed, not_priced) = (changes.connections.len().to_string(), changes.not_priced().to_string());
    Some(match changes.not_priced() {
        0 => texts.partial_plan.clone(),
        _ => fill(&texts.partial_changes, &[("not_priced", &not_priced), ("changed", &changed)]),
    })
}

/// How much of a sum is priced.
fn priced(coverage: Coverage, texts: &EstimateTexts) -> String {
    let (priced, all) = (coverage.priced.to_string(), coverage.of.to_string());
    fill(&texts.priced, &[("priced", &priced), ("all", &all)])
}

/// What each scenario assumes, and where sums are not all.
fn abouts(estimate: &Estimate, lang: Lang) -> impl Iterator<Item = String> {
    let texts = lang.texts();
    let about = |scenario: &Scenario| {
        let about = texts.scenario(scenario.name, &scenario.about);
        fill(&texts.estimate.about_scenario, &[("scenario", scenario.name), ("about", about)])
    };
    let abouts: Vec<String> = estimate.scenarios.iter().map(about).collect();
    abouts.into_iter()
}

/// The report that all scenarios share their traffic, prices and settings with.
pub(super) fn shared(estimate: &Estimate) -> Option<&Report> {
    estimate.reference().and_then(Scenario::report)
}

/// An account where people read it: its id, and its name behind it where names are given.
pub(super) fn account_label(estimate: &Estimate, id: &str) -> String {
    shared(estimate).map_or_else(|| id.to_owned(), |report| report.account_label(id))
}

/// What was found in the traffic, once, and which scenarios use assumed prices.
pub(super) fn findings(estimate: &Estimate) -> Vec<Finding> {
    let of_scenario =
        |finding: &&Finding| matches!(finding.code, FindingCode::AssumedPrice | FindingCode::OverBudget);
    let shared = shared(estimate).into_iter().flat_map(|report| &report.findings);
    let mut findings: Vec<Finding> = shared.filter(|finding| !of_scenario(finding)).cloned().collect();
    for scenario in &estimate.scenarios {
        let assumed = scenario.report().into_iter().flat_map(|report| &report.findings).filter(of_scenario);
        findings.extend(assumed.map(|finding| Finding {
            said: Said::OfScenario { scenario: scenario.name, said: Box::new(finding.said.clone()) },
            ..finding.clone()
        }));
    }
    findings.sort_by_key(|finding| finding.code);
    findings
}

/// The provenance of an estimate, as names and values in a fixed order; names no input (R17).
pub(super) fn facts(estimate: &Estimate, lang: Lang) -> Vec<(String, String)> {
    let unknown = |name: &str| match name {
        "billing_month" | "offset" => estimate.month.is_none(),
        "duplicates" | "usage_digest" => !estimate.measured,
        _ => false,
    };
    let facts = shared(estimate).map(|shared| named_provenance(shared, lang)).unwrap_or_default();
    facts.into_iter().filter(|(name, ..)| !unknown(name)).map(|(_, name, value)| (name, value)).collect()
}

/// What the CSV itself has no place for, line by line: control totals, what is not priced, notes and findings; with
/// `in_full` all that the figures rest on.
pub fn provenance_lines(estimate: &Estimate, in_full: bool) -> Vec<String> {
    const SHOWN_OF_A_CODE: usize = 20;
    let mut lines: Vec<String> = facts(estimate, Lang::En)
        .into_iter()
        .filter(|_| in_full)
        .map(|(name, value)| format!("{name}: {value}"))
        .collect();
    if let Some(report) = shared(estimate).filter(|_| estimate.measured) {
        let totals = control_totals(report).into_iter();
        lines
            .extend(totals.map(|(name, records, bytes)| format!("{name}: {records} records, {bytes} bytes")));
    }
    lines.extend(partial_note(estimate, Lang::En));
    for (name, missing, supply) in not_priced(estimate) {
        lines.extend(
            missing.iter().map(|price| format!("{name} is not priced: {}", reason_for(price, Lang::En))),
        );
        lines.extend(
            supply.first().map(|argument| format!("{name} would be priced by: {}", supplying(argument))),
        );
    }
    lines.extend(
        notes_once(estimate)
            .iter()
            .map(|note| format!("note: [{}] {}", note.code.as_str(), finding_words(note))),
    );
    for same in findings(estimate).chunk_by(|one, other| one.code == other.code) {
        let line = |finding| format!("finding: [{}] {}", same[0].code.as_str(), finding_words(finding));
        lines.extend(same.iter().take(SHOWN_OF_A_CODE).map(line));
        if let more @ 1.. = same.len().saturating_sub(SHOWN_OF_A_CODE) {
            let code = same[0].code.as_str();
            lines.push(format!("finding: [{code}] ... and {more} more; --format json has them all"));
        }
    }
    lines.extend(in_full.then(|| BEFORE_TAX.to_owned()));
    lines
}
