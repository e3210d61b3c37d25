//! An estimate as a workbook: scenarios side by side, what each account pays in them, the lines of the CSV, and what stands
//! beside those on a page, each kind of it as a sheet of its own.

use super::{
    ACCOUNT_NAME, BYTES, COST, Context, PRINTED, account_cells, add_rows, added, book_of, counts, heads,
    heads_of, notes_on_sheets, paid_cells, rows_of, save,
    sheet::{Book, Cell, Head, Kind, Table},
    truth,
};
use crate::{
    error::{Error, Result},
    estimate::{
        AVOIDED_MINUTES, ChangeCost, Changes, Coverage, Estimate, FORECAST, Forecast, Scenario,
        ScheduleAdvice, ServiceLevel, Share, UnitPrices, WindowAdvice, difference,
    },
    model::{finding::Finding, link::LinkType, money::Money, usage::Sender},
    read::terraform::PlanSide,
    report::{Report, ReportRow},
    statement::Statement,
    write::{
        Lang, catalog_notes,
        estimate::{
            advice, coverage, facts, findings, minutes, missing, partial_note, priced, shared, title,
        },
        finding_words_in,
        lang::fill,
        page::{Block, Section},
        report::raised,
    },
};
use std::{borrow::Cow, collections::BTreeMap, io::Write, ops::Range};

const SCENARIO: (&str, Kind) = ("scenario", Kind::Text);
const ACCOUNT: [(&str, Kind); 2] = [("billing_account_id", Kind::Text), (ACCOUNT_NAME, Kind::Text)];
const CURRENCY: (&str, Kind) = ("billing_currency", Kind::Text);
const ASSUMED: (&str, Kind) = ("assumed", Kind::Text);
const CONNECTION: (&str, Kind) = ("connection_id", Kind::Text);
/// Whether a total lacks what is not priced, or is of one account alone.
const PARTIAL: (&str, Kind) = ("partial", Kind::Text);

/// Writes an estimate as a workbook: `Scenarios`, `Summary` by account, `Lines` with the rows of the CSV, and a sheet for each
/// kind of what else a page of it has, where it has some; `Findings` and `Basis` as those of reports.
///
/// What is said is in `lang`; names of sheets and columns stay English. Ids are text, numbers are numbers where a double
/// holds them, and the same estimate gives the same bytes (R17), as with [`reports`](super::reports()).
///
/// # Errors
///
/// Those of [`reports`](super::reports()).
pub fn estimate(estimate: &Estimate, lang: Lang, output: impl Write) -> Result<()> {
    let build = || {
        let mut book = book_of(&title(estimate, Lang::En))?;
        fill_book(&mut book, estimate, lang)?;
        Ok(book)
    };
    save(build, output)
}

fn fill_book(book: &mut Book, estimate: &Estimate, lang: Lang) -> Result<()> {
    let shared = shared(estimate).ok_or_else(|| Error::internal("no scenario is priced"))?;
    let context = Context {
        lang,
        texts: &lang.texts().xlsx,
        currency: &estimate.catalog.currency,
        has_names: shared.options.accounts.is_some(),
        is_assumed: estimate.assumed(),
    };
    let hourly = parts(estimate);
    let folded = hourly.iter().map(Part::without_hours).collect::<Result<Vec<_>>>()?;
    let lines = lines(book, "Lines", &folded)?;
    let summary = summary(book, &context, estimate, &folded, &lines)?;
    let scenarios = scenarios(book, &context, estimate, &summary)?;
    let hours = match shared.options.hourly {
        true => Some(self::lines(book, "Hours", &hourly)?),
        false => None,
    };
    let totals = match estimate.measured {
        true => Some(totals(book, shared, [Some(&lines), hours.as_ref()].into_iter().flatten())?),
        false => None,
    };
    let mut tables = vec![scenarios, summary.table];
    tables.extend(changes(book, &context, estimate, shared)?);
    tables.extend(connections(book, &context, estimate)?);
    tables.push(lines.table);
    tables.extend(hours.map(|hours| hours.table));
    tables.extend(advised(book, &context, estimate)?);
    tables.extend(
        estimate
            .forecast
            .iter()
            .map(|own| forecast(book, &context, shared, own))
            .collect::<Result<Vec<_>>>()?,
    );
    tables.extend(totals);
    tables.push(findings_and_notes(book, lang, estimate)?);
    let basis = basis(book, &context, estimate, &tables)?;
    tables.push(basis);
    tables.into_iter().try_for_each(|table| table.finish(book))
}

/// Lines under one name: those of a scenario, or of the forecast.
struct Part<'e> {
    name: &'static str,
    /// None for the forecast.
    scenario: Option<&'e Scenario>,
    report: Cow<'e, Report>,
}

/// What the CSV has lines of, in its order.
fn parts(estimate: &Estimate) -> Vec<Part<'_>> {
    let part = |name, scenario, report| Part { name, scenario, report: Cow::Borrowed(report) };
    let priced = estimate.scenarios.iter().filter_map(|own| Some((own, own.report()?)));
    let forecast = estimate.forecast.iter().map(|own| part(FORECAST, None, &own.report));
    priced.map(|(own, report)| part(own.name, Some(own), report)).chain(forecast).collect()
}

impl Part<'_> {
    /// The same as it is without hourly lines.
    fn without_hours(&self) -> Result<Self> {
        let report = match self.report.options.hourly {
            true => Cow::Owned(self.report.without_hours()?),
            false => self.report.clone(),
        };
        Ok(Self { report, ..*self })
    }

    /// Its rows, as the CSV has them.
    fn rows(&self) -> impl Iterator<Item = Result<ReportRow<'_>>> {
        let is_forecast = self.scenario.is_none();
        let rows = self.report.rows();
        let rows = rows.filter(move |row| !(is_forecast && row.as_ref().is_ok_and(ReportRow::is_adjustment)));
        rows.map(|row| {
            row.map(|row| match self.scenario {
                Some(scenario) => scenario.with_values(row),
                None => row,
            })
        })
    }
}

/// The rows of the CSV, and those of each scenario among them.
struct Lines {
    table: Table,
    of_parts: Vec<LinesOfPart>,
}

struct LinesOfPart {
    name: &'static str,
    rows: Range<usize>,
    bytes: i128,
    cost: Money,
}

fn lines(book: &mut Book, name: &'static str, parts: &[Part<'_>]) -> Result<Lines> {
    let columns = parts.first().map_or_else(Vec::new, |part| part.report.columns());
    let heads = [Head::new(SCENARIO.0, SCENARIO.1)].into_iter().chain(heads_of(&columns)).collect();
    let count = parts.iter().map(|part| part.report.row_sources().count()).sum();
    let mut table = Table::new(book, name, heads, count)?;
    let mut of_parts = Vec::new();
    for part in parts {
        let first = table.rows();
        let (bytes, cost) = add_rows(book, &mut table, &columns, Some(part.name), part.rows())?;
        of_parts.push(LinesOfPart { name: part.name, rows: first..table.rows(), bytes, cost });
    }
    Ok(Lines { table, of_parts })
}

/// What accounts pay, and which rows are those of each scenario.
struct Summary {
    table: Table,
    of_scenarios: BTreeMap<&'static str, Range<usize>>,
}

/// A row for each scenario and account: what it pays, as the sum of its lines, and how far that is from the first scenario.
fn summary(
    book: &mut Book,
    context: &Context<'_>,
    estimate: &Estimate,
    parts: &[Part<'_>],
    lines: &Lines,
) -> Result<Summary> {
    let columns = [
        &[SCENARIO][..],
        &ACCOUNT,
        &[
            ("subtotal", Kind::Amount),
            ("adjustment", Kind::Amount),
            ("payable", Kind::Amount),
            ("difference_per_month", Kind::Amount),
            CURRENCY,
            ("raised_hours", Kind::Count),
            ("raised_cost", Kind::Amount),
            PARTIAL,
            ASSUMED,
        ],
    ]
    .concat();
    let count = parts.iter().map(|part| part.report.statements.len() + 1).sum();
    let mut table = Table::new(book, "Summary", heads(context, &columns), count)?;
    let mut of_scenarios = BTreeMap::new();
    for scenario in &estimate.scenarios {
        let first = table.rows();
        let mut own = parts.iter().zip(&lines.of_parts).filter(|(part, _)| part.name == scenario.name);
        let rows = match own.next() {
            Some((part, at)) => {
                account_rows(context, estimate, scenario, &part.report, (&lines.table, at.rows.start))?
            }
            None => Vec::new(),
        };
        if rows.is_empty() {
            let payable = total_cell(estimate, scenario, context.lang)?;
            table.add(book, without_account(context, estimate, scenario, payable))?;
        }
        rows.into_iter().try_for_each(|row| table.add(book, row))?;
        of_scenarios.insert(scenario.name, first..table.rows());
    }
    Ok(Summary { table, of_scenarios })
}

/// What all accounts pay in a scenario; how much of it is priced where that is nothing.
fn total_cell(estimate: &Estimate, scenario: &Scenario, lang: Lang) -> Result<String> {
    let text = |money: Money| money.to_string();
    let priced = || priced(estimate.coverage(scenario), &lang.texts().estimate);
    Ok(estimate.payable(scenario)?.map_or_else(priced, text))
}

/// The row of a scenario in which no account is known to pay anything.
fn without_account(
    context: &Context<'_>,
    estimate: &Estimate,
    scenario: &Scenario,
    payable: String,
) -> Vec<Cell<'static>> {
    let mut cells: Vec<Cell<'static>> = vec![scenario.name.into(), "".into()];
    cells.extend(context.has_names.then(|| "".into()));
    cells.extend(["", ""].map(Cell::from));
    cells.extend([payable.into(), "".into(), context.currency.to_owned().into()]);
    let partial = truth(is_partial(estimate, scenario));
    cells.extend(["", "", partial, truth(scenario.assumed())].map(Cell::from));
    cells
}

/// Whether what a scenario costs is not all that it would, as JSON has it.
fn is_partial(estimate: &Estimate, scenario: &Scenario) -> bool {
    let of_one_account = |report: &Report| report.options.account.is_some();
    scenario.report().is_some_and(|report| of_one_account(report) || estimate.partial())
}

/// What each account pays in a scenario, whose lines begin at a row of a table.
fn account_rows(
    context: &Context<'_>,
    estimate: &Estimate,
    scenario: &Scenario,
    report: &Report,
    (lines, first): (&Table, usize),
) -> Result<Vec<Vec<Cell<'static>>>> {
    let mut others = reference_payables(estimate);
    let groups = report.groups.as_ref().map(Vec::len);
    let mut next_line = first + groups.unwrap_or_default();
    let partial = truth(is_partial(estimate, scenario));
    let mut rows = Vec::new();
    for statement in &report.statements {
        let own = rows_of(statement, next_line, groups.is_some());
        next_line = own.whole.end;
        let Statement { billing_account_id, payable, .. } = statement;
        let other = others.remove(&**billing_account_id).unwrap_or_default();
        let raised_hours = estimate.measured.then(|| statement.raised_hours.to_string());
        let mut cells: Vec<Cell<'static>> = vec![scenario.name.into()];
        cells.extend(account_cells(context, report, billing_account_id));
        cells.extend(paid_cells(report, statement, lines, &own));
        cells.extend([
            payable.checked_sub(other)?.to_string().into(),
            context.currency.to_owned().into(),
            raised_hours.unwrap_or_default().into(),
            statement.raised_cost.to_string().into(),
            partial.into(),
            truth(statement.assumed).into(),
        ]);
        rows.push(cells);
    }
    // Who pays something in the first scenario alone pays nothing here, so that differences add up.
    for (account, other) in others {
        let mut cells: Vec<Cell<'static>> = vec![scenario.name.into()];
        cells.extend(account_cells(context, report, account));
        cells.extend([Money::ZERO; 3].map(|money| Cell::from(money.to_string())));
        let difference = Money::ZERO.checked_sub(other)?.to_string();
        cells.extend([difference.into(), context.currency.to_owned().into()]);
        cells.extend(["", "", partial, truth(estimate.difference_assumed(scenario))].map(Cell::from));
        rows.push(cells);
    }
    Ok(rows)
}

/// What accounts pay in the scenario that the others are compared with.
fn reference_payables(estimate: &Estimate) -> BTreeMap<&str, Money> {
    let statements = shared(estimate).into_iter().flat_map(|report| &report.statements);
    statements.map(|own| (&*own.billing_account_id, own.payable)).collect()
}

/// The scenarios side by side: what all accounts pay, and how far that is from the first that is priced.
fn scenarios(
    book: &mut Book,
    context: &Context<'_>,
    estimate: &Estimate,
    summary: &Summary,
) -> Result<Table> {
    let columns = [
        SCENARIO,
        ("link_type", Kind::Text),
        ("sla", Kind::Text),
        ("downtime_minutes", Kind::Amount),
        ("payable", Kind::Amount),
        ("difference_per_month", Kind::Amount),
        ("difference_per_year", Kind::Amount),
        CURRENCY,
        ("raised_hours", Kind::Count),
        ("raised_cost", Kind::Amount),
        ("priced", Kind::Text),
        PARTIAL,
        ASSUMED,
        ("about", Kind::Prose),
    ];
    let text = |money: Option<Money>| money.map_or_else(String::new, |money| money.to_string());
    let texts = context.lang.texts();
    let decimals = estimate.catalog.rounding.decimals;
    let mut rows = Vec::new();
    for scenario in &estimate.scenarios {
        let report = scenario.report();
        let (link_type, own_rows) = (scenario.link_type, summary.of_scenarios[scenario.name].clone());
        let payable = total_cell(estimate, scenario, context.lang)?;
        let raised = report.filter(|_| estimate.measured).map(raised).transpose()?;
        rows.push(vec![
            scenario.name.into(),
            link_type.map_or("", LinkType::as_str).into(),
            link_type.map_or("", LinkType::sla).into(),
            link_type.map_or_else(String::new, |own| minutes(own.downtime())).into(),
            summary.table.sum("payable", own_rows, &payable, decimals),
            text(estimate.difference(scenario)?).into(),
            text(estimate.difference_per_year(scenario)?).into(),
            context.currency.to_owned().into(),
            raised.map_or_else(String::new, |(hours, _)| hours.to_string()).into(),
            text(raised.map(|(_, cost)| cost)).into(),
            priced(estimate.coverage(scenario), &texts.estimate).into(),
            truth(is_partial(estimate, scenario)).into(),
            truth(scenario.assumed()).into(),
            texts.scenario(scenario.name, &scenario.about).to_owned().into(),
        ]);
    }
    table_of(book, "Scenarios", heads(context, &columns), rows)
}

fn table_of(book: &mut Book, name: &str, heads: Vec<Head>, rows: Vec<Vec<Cell<'_>>>) -> Result<Table> {
    let mut table = Table::new(book, name, heads, rows.len())?;
    rows.into_iter().try_for_each(|row| table.add(book, row))?;
    Ok(table)
}

/// What every connection costs in each scenario, where connections have names.
fn connections(book: &mut Book, context: &Context<'_>, estimate: &Estimate) -> Result<Option<Table>> {
    let columns = [
        SCENARIO,
        CONNECTION,
        (BYTES, Kind::Count),
        ("pricing_quantity", Kind::Amount),
        ("cost", Kind::Amount),
        CURRENCY,
        ("raised_hours", Kind::Count),
        ("raised_cost", Kind::Amount),
        ASSUMED,
    ];
    let gb = estimate.catalog.gb;
    let mut rows: Vec<Vec<Cell<'_>>> = Vec::new();
    for scenario in &estimate.scenarios {
        for (id, cost) in scenario.connections()?.into_iter().filter(|(id, _)| !id.is_empty()) {
            let raised_hours = estimate.measured.then(|| cost.raised_hours.to_string());
            rows.push(vec![
                scenario.name.into(),
                id.into(),
                cost.bytes.to_string().into(),
                gb.quantity(cost.bytes)?.text(0).into(),
                cost.amount.printed(gb)?.to_string().into(),
                context.currency.into(),
                raised_hours.unwrap_or_default().into(),
                cost.raised_amount.printed(gb)?.to_string().into(),
                truth(cost.assumed).into(),
            ]);
        }
    }
    let table = (!rows.is_empty()).then(|| table_of(book, "Connections", heads(context, &columns), rows));
    table.transpose()
}

/// What a plan changes, by connection and by account.
fn changes(
    book: &mut Book,
    context: &Context<'_>,
    estimate: &Estimate,
    shared: &Report,
) -> Result<Vec<Table>> {
    let Some(changes) = &estimate.changes else { return Ok(Vec::new()) };
    let mut tables = vec![changed_connections(book, context, changes)?];
    if !changes.accounts.is_empty() {
        let mut rows = Vec::new();
        for own in &changes.accounts {
            let mut cells: Vec<Cell<'_>> = account_cells(context, shared, &own.billing_account_id).collect();
            cells.extend(cost_cells(context, [own.before, own.after], own.assumed)?);
            cells.push(truth(changes.partial()).into());
            rows.push(cells);
        }
        let heads = heads(context, &[&ACCOUNT[..], &COSTS, &[PARTIAL]].concat());
        tables.push(table_of(book, "Changes by account", heads, rows)?);
    }
    Ok(tables)
}

/// What something costs before and after.
const COSTS: [(&str, Kind); 5] = [
    ("cost_before", Kind::Amount),
    ("cost_after", Kind::Amount),
    ("difference", Kind::Amount),
    CURRENCY,
    ASSUMED,
];

/// Their cells; what is not priced says so.
fn cost_cells(
    context: &Context<'_>,
    costs: [Option<Money>; 2],
    assumed: [bool; 2],
) -> Result<[Cell<'static>; 5]> {
    let [before, after] = costs;
    let not_priced = &context.lang.texts().estimate.not_priced;
    let text = |money: Option<Money>| money.map_or_else(|| not_priced.clone(), |money| money.to_string());
    Ok([
        text(before).into(),
        text(after).into(),
        text(difference(before, after)?).into(),
        context.currency.to_owned().into(),
        truth(assumed.contains(&true)).into(),
    ])
}

/// What is told of each side of a change, which stands there before and after.
const OF_A_SIDE: [(&str, Kind); 9] = [
    ("link_type", Kind::Text),
    ("sla", Kind::Text),
    ("requester_account_id", Kind::Text),
    ("requester_region", Kind::Text),
    ("accepter_account_id", Kind::Text),
    ("accepter_region", Kind::Text),
    ("requester_unit_price", Kind::Price),
    ("accepter_unit_price", Kind::Price),
    ("unit_prices_assumed", Kind::Text),
];

fn changed_connections(book: &mut Book, context: &Context<'_>, changes: &Changes) -> Result<Table> {
    let columns = [&[CONNECTION, ("action", Kind::Text), ("keeps_old", Kind::Text)][..], &COSTS].concat();
    let mut heads = heads(context, &columns);
    let names = OF_A_SIDE
        .iter()
        .flat_map(|(name, kind)| ["before", "after"].map(|side| (format!("{name}_{side}"), *kind)));
    heads.extend(names.map(|(name, kind)| Head::new(&name, kind)));
    let mut rows = Vec::new();
    for own in &changes.connections {
        let ChangeCost { change, .. } = own;
        let mut cells: Vec<Cell<'_>> =
            vec![(&*change.address).into(), change.action.as_str().into(), truth(change.keeps_old).into()];
        cells.extend(cost_cells(context, [own.before, own.after], own.assumed)?);
        let before = side_cells(change.before.as_ref(), &own.unit_prices[0]);
        let after = side_cells(change.after.as_ref(), &own.unit_prices[1]);
        cells.extend(before.into_iter().zip(after).flat_map(|(before, after)| [before, after]));
        rows.push(cells);
    }
    let mut table = table_of(book, "Changes", heads, rows)?;
    let texts = &context.lang.texts().estimate;
    let label = if changes.partial() { &texts.total_of_priced } else { &texts.total };
    let totals = change_totals(context, changes, &table)?;
    table.total_of_cells(book, label, totals)?;
    Ok(table)
}

/// What a connection is on one side of a plan; nothing where it is not there.
fn side_cells<'p>(side: Option<&'p PlanSide>, prices: &UnitPrices) -> [Cell<'p>; 9] {
    let Some(side) = side else { return [""; 9].map(Cell::from) };
    // R8: inside a region there is none.
    let link_type = side.link_type.filter(|_| !side.within_region());
    let text = |value: &'p Option<String>| Cell::from(value.as_deref().unwrap_or_default());
    let [requester, accepter] =
        prices.0.map(|price| price.map_or_else(String::new, |own| own.contracted.to_string()));
    [
        link_type.map_or("", LinkType::as_str).into(),
        link_type.map_or("", LinkType::sla).into(),
        text(&side.requester_account),
        text(&side.requester_region),
        text(&side.accepter_account),
        text(&side.accepter_region),
        requester.into(),
        accepter.into(),
        truth(prices.assumed()).into(),
    ]
}

/// What all of a plan costs before and after: exact sums, which are formulas where they are those of the printed rows too.
fn change_totals(
    context: &Context<'_>,
    changes: &Changes,
    table: &Table,
) -> Result<BTreeMap<&'static str, Cell<'static>>> {
    let [before, after] = changes.coverage();
    let more = difference(changes.before, changes.after)?;
    let mut totals = BTreeMap::new();
    for (name, total, coverage, cost_of) in [
        (
            "cost_before",
            changes.before,
            before,
            (|own| Ok(own.before)) as fn(&ChangeCost) -> Result<Option<Money>>,
        ),
        ("cost_after", changes.after, after, |own| Ok(own.after)),
        ("difference", more, changes.priced(), |own| difference(own.before, own.after)),
    ] {
        let mut printed = Money::ZERO;
        for cost in &changes.connections {
            printed = printed.checked_add(cost_of(cost)?.unwrap_or_default())?;
        }
        let cell = match total {
            Some(total) if coverage.is_complete() && printed == total => {
                table.own_sum(name, 0..table.rows(), &total.to_string(), PRINTED)
            }
            total => total_words(context, total, coverage).into(),
        };
        totals.insert(name, cell);
    }
    totals.insert(CURRENCY.0, context.currency.to_owned().into());
    totals.insert(ASSUMED.0, truth(changes.assumed.contains(&true)).into());
    Ok(totals)
}

/// A total as people read it: with how much of it is priced where that is not all.
fn total_words(context: &Context<'_>, total: Option<Money>, coverage: Coverage) -> String {
    let texts = &context.lang.texts().estimate;
    match total {
        Some(total) if coverage.is_complete() => total.to_string(),
        Some(total) => {
            let values = [("amount", &*total.to_string()), ("priced", &priced(coverage, texts))];
            fill(&texts.with_coverage, &values)
        }
        None => priced(coverage, texts),
    }
}

/// What an estimate advises: figures in tables of their own, sentences in one.
fn advised(book: &mut Book, context: &Context<'_>, estimate: &Estimate) -> Result<Vec<Table>> {
    let mut tables = Vec::new();
    tables.extend(switches(book, context, estimate)?);
    if let Some(advice) = &estimate.schedule {
        tables.push(windows(book, context, advice)?);
        tables.extend(shares(book, context, advice)?);
    }
    tables.extend(service_levels(book, context, estimate)?);
    tables.extend(sentences(book, context, estimate)?);
    Ok(tables)
}

/// What switches cost, and what they would have cost at the edge of an hour.
fn switches(book: &mut Book, context: &Context<'_>, estimate: &Estimate) -> Result<Option<Table>> {
    let columns = [
        SCENARIO,
        CONNECTION,
        ("switches", Kind::Count),
        ("raised_hours", Kind::Count),
        ("raised_cost", Kind::Amount),
        ("cost", Kind::Amount),
        ("just_after_the_hour_cost", Kind::Amount),
        ("well_timed_cost", Kind::Amount),
        ("saving", Kind::Amount),
        CURRENCY,
        ASSUMED,
    ];
    let gb = estimate.catalog.gb;
    let mut rows: Vec<Vec<Cell<'_>>> = Vec::new();
    for timing in &estimate.timings {
        for cost in &timing.connections {
            rows.push(vec![
                timing.scenario.into(),
                (&*cost.connection).into(),
                cost.switches.to_string().into(),
                cost.raised_hours.to_string().into(),
                cost.raised_cost.to_string().into(),
                cost.amount.printed(gb)?.to_string().into(),
                cost.just_after.printed(gb)?.to_string().into(),
                cost.well_timed.printed(gb)?.to_string().into(),
                cost.saving.to_string().into(),
                context.currency.into(),
                truth(cost.assumed).into(),
            ]);
        }
    }
    (!rows.is_empty()).then(|| table_of(book, "Switches", heads(context, &columns), rows)).transpose()
}

/// When to switch for the windows of a schedule.
fn windows(book: &mut Book, context: &Context<'_>, advice: &ScheduleAdvice) -> Result<Table> {
    let columns = [
        ("window", Kind::Text),
        ("offset", Kind::Text),
        ("whole_hours", Kind::Count),
        ("lifted_hours", Kind::Count),
        ("switch_up_at", Kind::Text),
        ("switch_down_at", Kind::Text),
        ("too_short", Kind::Text),
    ];
    let row = |own: &WindowAdvice| {
        vec![
            own.window.clone().into(),
            advice.offset.to_string().into(),
            own.whole_hours.to_string().into(),
            own.lifted_hours.to_string().into(),
            own.up_at.clone().into(),
            own.down_at.clone().into(),
            truth(own.too_short()).into(),
        ]
    };
    table_of(book, "Schedule", heads(context, &columns), advice.windows.iter().map(row).collect())
}

/// How the traffic lies to the windows, in percent.
fn shares(book: &mut Book, context: &Context<'_>, advice: &ScheduleAdvice) -> Result<Option<Table>> {
    let columns = [
        CONNECTION,
        ("in_windows_percent", Kind::Amount),
        ("lifted_percent", Kind::Amount),
        ("break_even_percent", Kind::Amount),
        ASSUMED,
    ];
    let all = &context.lang.texts().estimate.all;
    let row = |own: &Share| {
        vec![
            own.connection.as_deref().unwrap_or(all).to_owned().into(),
            own.in_windows.to_string().into(),
            own.lifted.to_string().into(),
            own.break_even.to_string().into(),
            truth(advice.assumed).into(),
        ]
    };
    let rows: Vec<_> = advice.shares.iter().map(row).collect();
    (!rows.is_empty()).then(|| table_of(book, "Shares", heads(context, &columns), rows)).transpose()
}

/// What Platinum costs more, by the minute that it may be down less.
fn service_levels(book: &mut Book, context: &Context<'_>, estimate: &Estimate) -> Result<Option<Table>> {
    let columns = [
        CONNECTION,
        ("difference_per_month", Kind::Amount),
        ("avoided_minutes", Kind::Amount),
        ("per_avoided_minute", Kind::Amount),
        CURRENCY,
        ASSUMED,
    ];
    let levels = estimate.service_levels()?;
    let all = &context.lang.texts().estimate.all;
    let row = |own: &ServiceLevel| {
        vec![
            own.connection.as_ref().unwrap_or(all).clone().into(),
            own.difference.to_string().into(),
            minutes(AVOIDED_MINUTES).into(),
            own.per_minute.to_string().into(),
            context.currency.into(),
            truth(own.assumed).into(),
        ]
    };
    let rows: Vec<_> = levels.iter().map(row).collect();
    (!rows.is_empty()).then(|| table_of(book, "Service levels", heads(context, &columns), rows)).transpose()
}

/// Every sentence that a page has between its tables, under its heading.
fn sentences(book: &mut Book, context: &Context<'_>, estimate: &Estimate) -> Result<Option<Table>> {
    let lang = context.lang;
    let mut sections = Vec::new();
    if let Some(changes) = &estimate.changes {
        let title = &lang.texts().estimate.changes;
        sections.push(Section::new(title, [Block::Items(vec![coverage(changes, lang)])]));
    }
    sections.extend(advice(estimate, lang)?);
    sections.extend(missing(estimate, lang));
    let mut rows: Vec<Vec<Cell<'_>>> = Vec::new();
    for section in sections {
        let about = section.title.unwrap_or_default();
        let items = section.blocks.into_iter().filter_map(|block| match block {
            Block::Items(items) => Some(items),
            _ => None,
        });
        rows.extend(items.flatten().map(|item| vec![about.clone().into(), item.into()]));
    }
    let heads = vec![Head::new("about", Kind::Prose), Head::new("advice", Kind::Prose)];
    (!rows.is_empty()).then(|| table_of(book, "Advice", heads, rows)).transpose()
}

/// What the rest of a month that is not over would cost, by account: an estimate, and marked as one on every row.
fn forecast(book: &mut Book, context: &Context<'_>, shared: &Report, own: &Forecast) -> Result<Table> {
    const SUMS: [&str; 3] = ["cost", "cost_so_far", "month_estimate"];
    let columns = [
        &ACCOUNT[..],
        &[("is_estimate", Kind::Text), ("from", Kind::Text), ("end", Kind::Text), (BYTES, Kind::Count)],
        &[("pricing_quantity", Kind::Amount)],
        &SUMS.map(|name| (name, Kind::Amount)),
        &[CURRENCY, ASSUMED],
    ]
    .concat();
    let gb = shared.catalog.gb;
    let (mut rows, mut bytes, mut sums) = (Vec::new(), 0, [Money::ZERO; 3]);
    for account in &own.accounts {
        let amounts = [account.cost, account.so_far, account.month];
        for (sum, amount) in sums.iter_mut().zip(amounts) {
            *sum = sum.checked_add(amount)?;
        }
        let mut cells: Vec<Cell<'_>> = account_cells(context, shared, &account.billing_account_id).collect();
        cells.extend([
            truth(true).into(),
            own.rest.start.to_string().into(),
            own.rest.end.to_string().into(),
        ]);
        cells.extend([account.bytes.to_string().into(), gb.quantity(account.bytes)?.text(0).into()]);
        cells.extend(amounts.map(|amount| Cell::from(amount.to_string())));
        cells.extend([context.currency.into(), truth(account.assumed).into()]);
        rows.push(cells);
        bytes = added(
            bytes,
            i128::try_from(account.bytes).map_err(|_| Error::overflow("a forecast has 2^127 bytes"))?,
        )?;
    }
    let mut table = table_of(book, "Forecast", heads(context, &columns), rows)?;
    let mut totals = vec![(BYTES, bytes.to_string(), PRINTED)];
    totals.extend(SUMS.into_iter().zip(sums).map(|(name, sum)| (name, sum.to_string(), PRINTED)));
    table.total(book, &context.lang.texts().estimate.total, &totals)?;
    Ok(table)
}

/// Where every record went (R14), and the sums of each scenario's lines.
fn totals<'l>(
    book: &mut Book,
    shared: &Report,
    sheets: impl Iterator<Item = &'l Lines> + Clone,
) -> Result<Table> {
    let of_scenarios = || {
        sheets.clone().flat_map(|sheet| {
            sheet.of_parts.iter().filter(|part| part.name != FORECAST).map(move |part| (&sheet.table, part))
        })
    };
    let mut table = counts(book, &[shared], of_scenarios().count())?;
    for (sheet, part) in of_scenarios() {
        let bytes = sheet.sum(BYTES, part.rows.clone(), &part.bytes.to_string(), PRINTED);
        let cost = sheet.sum(COST, part.rows.clone(), &part.cost.to_string(), PRINTED);
        let name = format!("sum of {}, {}", sheet.name(), part.name);
        table.add(book, ["".into(), name.into(), "".into(), bytes, cost, "".into()])?;
    }
    Ok(table)
}

/// What a reader should know before choosing, and what was found in the traffic (R16).
fn findings_and_notes(book: &mut Book, lang: Lang, estimate: &Estimate) -> Result<Table> {
    let names = ["part", "code", "message", "connection_id", "sender", "hour"];
    let kind = |name| if name == "message" { Kind::Prose } else { Kind::Text };
    let found = findings(estimate);
    let row = |part: &'static str| {
        move |own: &Finding| -> Vec<Cell<'static>> {
            vec![
                part.into(),
                own.code.as_str().into(),
                finding_words_in(own, lang).into(),
                own.connection_id.as_deref().unwrap_or_default().to_owned().into(),
                own.sender.map_or("", Sender::as_str).into(),
                own.hour.map_or_else(String::new, |hour| hour.to_string()).into(),
            ]
        }
    };
    let notes = estimate.notes.iter().map(row("before_choosing"));
    let rows = notes.chain(found.iter().map(row("findings"))).collect();
    table_of(book, "Findings", names.map(|name| Head::new(name, kind(name))).into(), rows)
}

/// What the figures rest on, and how to read them.
fn basis(book: &mut Book, context: &Context<'_>, estimate: &Estimate, tables: &[Table]) -> Result<Table> {
    let lang = context.lang;
    let mut rows = vec![("estimate".to_owned(), title(estimate, lang))];
    // Names are keys, which stay English.
    let values = facts(estimate, lang).into_iter().map(|(_, value)| value);
    rows.extend(facts(estimate, Lang::En).into_iter().map(|(name, _)| name).zip(values));
    rows.extend(partial_note(estimate, lang).map(|partial| ("partial".to_owned(), partial)));
    let notes = notes(context, estimate, tables, book.has_cut_text);
    rows.extend(notes.into_iter().map(|note| ("note".to_owned(), note)));
    let heads = vec![Head::new("name", Kind::Text), Head::new("value", Kind::Prose)];
    let rows = rows.into_iter().map(|(name, value)| vec![name.into(), value.into()]);
    table_of(book, "Basis", heads, rows.collect())
}

fn notes(context: &Context<'_>, estimate: &Estimate, tables: &[Table], has_cut_text: bool) -> Vec<String> {
    let texts = context.lang.texts();
    let reference = estimate.reference().map_or("", |scenario| scenario.name);
    let mut notes = vec![fill(&texts.estimate.scenarios, &[("reference", reference)])];
    notes.push(texts.report.before_tax.clone());
    notes.extend(catalog_notes(&estimate.catalog, context.lang));
    notes.extend(estimate.measured.then(|| texts.report.raised_is_upper_bound.clone()));
    notes.extend(estimate.changes.is_some().then(|| texts.estimate.changes.clone()));
    notes.push(texts.xlsx.digits.clone());
    notes.extend(context.is_assumed.then(|| texts.html.assumed.clone()));
    notes.extend(notes_on_sheets(context.texts, tables, has_cut_text));
    notes
}
