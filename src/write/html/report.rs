//! The page of a report: who pays what, then what it is made of, day by day, route by route, line by line.

use super::{
    Html, Lang,
    chart::{DayBar, Fill, PATTERNS, bar, days, spark},
    document,
};
use crate::{
    attribution::attribute,
    catalog::PriceStatus,
    error::Result,
    estimate::Estimate,
    model::{
        checked_add_signed,
        link::LinkType,
        money::{Amount, Gb, Money},
        time::Hour,
    },
    rating::Line,
    report::{Column, Report, ReportRow},
    statement::Statement,
    write::{
        catalog_notes, control_totals,
        csv::output_error,
        estimate::page_parts,
        finding_words_in,
        lang::{HtmlTexts, fill},
        page::Section,
        provenance_in,
        report::{group_cell, is_number, months_of, raised, region_name},
        values::value,
    },
};
use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, BinaryHeap},
    io::Write,
};

/// So many routes and connections have a bar of their own: the dearest ones.
const MOST_BARS: usize = 20;
/// So many accounts have a small chart of their days.
const MOST_SPARKS: usize = 60;
/// So many findings of one code are listed.
const MOST_FINDINGS: usize = 50;
/// The word of traffic inside a region (R1).
const FREE: &str = "free";
/// So many lines stand in a table at most: the largest ones.
const MOST_LINES: usize = 2000;

/// Writes reports as one page, a month each, in their order; all are in the currency and the GB of the first.
///
/// An element with `data-account` and `data-month` for each account and month holds one with `data-payable`; the lines
/// are `table#lines`, with a `th` for each column of the CSV. Costs of days are shown where the report has
/// [`days`](Report::days). No input is named (R17).
///
/// # Errors
///
/// [`Output`](crate::ErrorKind::Output) where `output` fails, [`Overflow`](crate::ErrorKind::Overflow) where bytes or
/// an amount are too large to be printed.
pub fn reports(reports: &[&Report], lang: Lang, output: impl Write) -> Result<()> {
    let Some(first) = reports.first() else { return write_all(output, &document(lang, "", |_| Ok(()))?) };
    let page = ReportPage {
        reports,
        first,
        lang,
        texts: &lang.texts().html,
        currency: &first.catalog.currency,
        gb: first.catalog.gb,
    };
    let title = format!("{}, {}", page.texts.title, page.months());
    write_all(output, &document(lang, &title, |html| page.write(html, &title))?)
}

/// Writes an estimate as a page: scenarios side by side, what switches cost and what a plan changes, and the lines of
/// every scenario.
///
/// # Errors
///
/// As [`reports`].
pub fn estimate(estimate: &Estimate, lang: Lang, output: impl Write) -> Result<()> {
    let texts = &lang.texts().html;
    let (page, behind) = page_parts(estimate, lang)?;
    let title = page.title.unwrap_or_default();
    let whole = document(lang, &title, |html| {
        html.raw(PATTERNS);
        html.raw("<header>\n");
        html.element("h1", &[], &title);
        html.raw("\n");
        if page.assumed {
            assumed_mark(html, texts);
        }
        html.raw("</header>\n");
        html.section("scenarios", &texts.scenarios, |html| scenarios(html, estimate, texts))?;
        page.sections.iter().for_each(|section| html.page_section(section));
        let (columns, currency) = (estimate.columns(), estimate.catalog.currency.as_str());
        LinesTable { lang, texts, columns, scenarios: true, currency }.write(html, || {
            estimate
                .scenarios
                .iter()
                .flat_map(|own| own.rows().map(|row| row.map(|row| (Some(own.name), row))))
        })?;
        behind.iter().for_each(|section: &Section| html.page_section(section));
        Ok(())
    })?;
    write_all(output, &whole)
}

fn write_all(mut output: impl Write, text: &str) -> Result<()> {
    output.write_all(text.as_bytes()).map_err(|error| output_error(&error.to_string()))
}

/// That an assumed price is somewhere on the page (R18).
fn assumed_mark(html: &mut Html, texts: &HtmlTexts) {
    html.raw("<p class=\"mark\">");
    html.text(&texts.assumed);
    html.raw("</p>\n");
}

/// What all accounts pay in each scenario.
fn scenarios(html: &mut Html, estimate: &Estimate, texts: &HtmlTexts) -> Result<()> {
    let currency = &estimate.catalog.currency;
    let mut payables = Vec::new();
    for scenario in &estimate.scenarios {
        payables.push((scenario, estimate.payable(scenario)?));
    }
    let most = payables.iter().filter_map(|(_, payable)| *payable).max().unwrap_or_default();
    bars_head(html, &texts.scenarios, &texts.scenario, &[&texts.payable], currency);
    for (scenario, payable) in payables {
        html.raw("<tr><th scope=\"row\">");
        html.text(scenario.name);
        html.raw("</th><td class=\"b\">");
        match payable {
            Some(payable) => {
                let title = format!("{}: {payable} {currency}", scenario.name);
                bar(html, &title, &[(Fill::Solid, payable)], most);
                html.raw("</td><td class=\"n\">");
                html.amount(&payable.to_string(), "", scenario.assumed());
            }
            None => {
                html.raw("</td><td class=\"n\">");
                html.text(&texts.not_priced);
            }
        }
        html.raw("</td></tr>\n");
    }
    html.raw("</tbody></table>\n");
    Ok(())
}

/// The beginning of a table with a bar in each row, up to its body.
fn bars_head(html: &mut Html, caption: &str, label: &str, values: &[&str], unit: &str) {
    html.raw("<table class=\"bars\">");
    html.element("caption", &[("class", "unseen")], caption);
    html.raw("<thead><tr>");
    html.element("th", &[("scope", "col")], label);
    html.open("th", &[("scope", "col"), ("class", "b")]);
    html.element("span", &[("class", "unseen")], caption);
    html.close("th");
    for (place, value) in values.iter().enumerate() {
        let unit = if place + 1 == values.len() { format!(" ({unit})") } else { String::new() };
        html.element("th", &[("scope", "col"), ("class", "n")], &format!("{value}{unit}"));
    }
    html.raw("</tr></thead>\n<tbody>\n");
}

/// A report, or those of several months.
struct ReportPage<'r> {
    reports: &'r [&'r Report],
    first: &'r Report,
    lang: Lang,
    texts: &'static HtmlTexts,
    currency: &'r str,
    gb: Gb,
}

impl<'r> ReportPage<'r> {
    /// `2026-10`, or the first and the last month.
    fn months(&self) -> String {
        match self.reports {
            [first, .., last] => format!("{} – {}", first.month, last.month),
            _ => self.first.month.to_string(),
        }
    }

    fn write(&self, html: &mut Html, title: &str) -> Result<()> {
        let texts = self.texts;
        html.raw(PATTERNS);
        self.header(html, title)?;
        html.section("accounts", &texts.accounts, |html| {
            self.each_month(html, |html, own| self.accounts(html, own))
        })?;
        if self.reports.len() > 1 {
            let Section { title, blocks, .. } = months_of(self.reports, self.lang)?;
            let title = title.unwrap_or_default();
            html.section("months", &title, |html| {
                blocks.iter().for_each(|block| html.block(block, &title));
                Ok(())
            })?;
        }
        if self.reports.iter().any(|report| report.days.is_some()) {
            html.section("days", &texts.days, |html| {
                self.each_month(html, |html, own| self.days(html, own))
            })?;
        }
        html.section("routes", &texts.routes, |html| self.routes(html))?;
        html.section("connections", &texts.connections, |html| self.connections(html))?;
        html.section("raised", &texts.raised, |html| self.raised(html))?;
        self.lines(html)?;
        html.section("totals", &texts.totals, |html| {
            self.each_month(html, |html, own| self.totals(html, own))
        })?;
        html.section("findings", &texts.findings, |html| {
            self.each_month(html, |html, own| self.findings(html, own))
        })?;
        html.section("basis", &texts.basis, |html| {
            self.each_month(html, |html, report| basis(html, report, self.lang))
        })?;
        html.raw("<footer>\n");
        html.paragraph(&self.lang.texts().report.before_tax);
        html.raw("</footer>\n");
        Ok(())
    }

    /// Each report, under its month where there are several.
    fn each_month(&self, html: &mut Html, write: impl Fn(&mut Html, &'r Report) -> Result<()>) -> Result<()> {
        for report in self.reports {
            if self.reports.len() > 1 {
                html.element("h3", &[], &report.month.to_string());
                html.raw("\n");
            }
            write(html, report)?;
        }
        Ok(())
    }

    /// What all accounts pay, and where to look for what.
    fn header(&self, html: &mut Html, title: &str) -> Result<()> {
        let (texts, catalog) = (self.texts, &self.first.catalog);
        html.raw("<header>\n");
        html.element("h1", &[], title);
        html.raw("\n<p class=\"soft\">");
        let (months, offset) = (self.months(), self.first.offset.to_string());
        let values = [
            ("month", months.as_str()),
            ("offset", &offset),
            ("catalog", &catalog.name),
            ("version", &catalog.version),
        ];
        html.text(&fill(&texts.about, &values));
        html.raw("</p>\n");
        let mut payable = Money::ZERO;
        for report in self.reports {
            payable = payable.checked_add(report.payable()?)?;
        }
        let accounts = self.reports.iter().flat_map(|report| &report.statements);
        let accounts: BTreeSet<&str> = accounts.map(|own| own.billing_account_id.as_str()).collect();
        html.raw("<p class=\"total\"><span>");
        html.text(&fill(&texts.total, &[("accounts", &accounts.len().to_string())]));
        html.raw("</span> <strong>");
        let assumed = self.reports.iter().any(|report| report.assumed());
        html.amount(&payable.to_string(), self.currency, assumed);
        html.raw("</strong></p>\n");
        if assumed {
            assumed_mark(html, texts);
        }
        html.raw("<nav>\n<ul>\n");
        let places = [
            ("#days", &texts.days),
            ("#routes", &texts.routes),
            ("#connections", &texts.connections),
            ("#raised", &texts.raised),
            ("#all-lines", &texts.lines),
            ("#totals", &texts.totals),
            ("#findings", &texts.findings),
            ("#basis", &texts.basis),
        ];
        for (place, name) in places {
            if place != "#days" || self.reports.iter().any(|report| report.days.is_some()) {
                html.raw("<li>");
                html.element("a", &[("href", place)], name);
                html.raw("</li>\n");
            }
        }
        html.raw("</ul>\n</nav>\n</header>\n");
        Ok(())
    }

    fn accounts(&self, html: &mut Html, report: &Report) -> Result<()> {
        let mut sparks: Vec<Vec<DayBar>> = Vec::new();
        if report.statements.len() <= MOST_SPARKS {
            for own in &report.statements {
                sparks.extend(self.day_bars(report, Some(&own.billing_account_id))?);
            }
        }
        let most = sparks.iter().flatten().map(|day| day.cost).max().unwrap_or_default();
        html.raw("<div class=\"accounts\">\n");
        for (place, own) in report.statements.iter().enumerate() {
            self.account(html, report, own, sparks.get(place).map(|days| (&days[..], most)));
        }
        html.raw("</div>\n");
        Ok(())
    }

    fn account(
        &self,
        html: &mut Html,
        report: &Report,
        own: &Statement,
        spark_of: Option<(&[DayBar], Money)>,
    ) {
        let (texts, id) = (self.texts, own.billing_account_id.as_str());
        let heading = if self.reports.len() > 1 { "h4" } else { "h3" };
        html.open(
            "article",
            &[("class", "account"), ("data-account", id), ("data-month", &report.month.to_string())],
        );
        html.raw("\n");
        html.open(heading, &[]);
        if let Some(name) = report.account_name(id) {
            html.element("span", &[("class", "name")], name);
            html.raw(" ");
        }
        html.text(id);
        html.close(heading);
        let payable = own.payable.to_string();
        html.raw("\n");
        html.open("p", &[("class", "payable"), ("data-payable", &payable)]);
        html.amount(&payable, self.currency, own.assumed);
        html.raw("</p>\n");
        if let Some((bars, most)) = spark_of {
            let highest = bars.iter().max_by_key(|day| (day.cost, Reverse(&day.date)));
            let highest = highest.map_or_else(String::new, |day| self.highest(day));
            spark(html, &format!("{}, {id}: {highest}", texts.days), bars, most);
        }
        html.raw("<dl>\n");
        let mut facts = vec![
            (&texts.subtotal, own.subtotal.to_string()),
            (&texts.adjustment, own.adjustment.to_string()),
        ];
        if own.raised_hours > 0 {
            facts.push((&texts.raised_hours, own.raised_hours.to_string()));
            facts.push((&texts.raised_cost, own.raised_cost.to_string()));
        }
        for (name, amount) in facts {
            html.element("dt", &[], name);
            html.element("dd", &[], &amount);
            html.raw("\n");
        }
        html.raw("</dl>\n</article>\n");
    }

    fn highest(&self, day: &DayBar) -> String {
        let values =
            [("day", day.date.as_str()), ("cost", &day.cost.to_string()), ("currency", self.currency)];
        fill(&self.texts.highest, &values)
    }

    /// The days of a month, of one account or of all; `None` where the report does not tell them.
    fn day_bars(&self, report: &Report, account: Option<&str>) -> Result<Option<Vec<DayBar>>> {
        let Some(costs) = &report.days else { return Ok(None) };
        let mut sums: BTreeMap<Hour, (i128, Amount)> = BTreeMap::new();
        for cost in costs.iter().filter(|cost| account.is_none_or(|id| cost.billing_account_id == id)) {
            let (bytes, amount) = sums.entry(cost.start).or_default();
            checked_add_signed(bytes, cost.bytes, "a day")?;
            *amount = amount.checked_add(cost.amount)?;
        }
        let period = report.month.period(report.offset);
        let mut bars = Vec::new();
        for start in (period.start.index()..period.end.index()).step_by(24) {
            let (bytes, amount) = sums.get(&Hour::from_index(start)).copied().unwrap_or_default();
            // An hour is written in UTC: the local day begins so many hours later there.
            let local = Hour::from_index(start + report.offset.hours()).to_string();
            bars.push(DayBar {
                date: local.get(..10).unwrap_or_default().to_owned(),
                quantity: self.gb.signed_quantity(bytes)?,
                cost: amount.printed(self.gb)?,
            });
        }
        Ok(Some(bars))
    }

    fn days(&self, html: &mut Html, report: &Report) -> Result<()> {
        let Some(bars) = self.day_bars(report, None)? else { return Ok(()) };
        let highest = bars.iter().max_by_key(|day| (day.cost, Reverse(&day.date)));
        let about = highest.map_or_else(String::new, |day| self.highest(day));
        html.raw("<p class=\"soft\">");
        html.text(&about);
        html.raw("</p>\n");
        days(html, &format!("{}: {about}", self.texts.days), &bars, self.currency);
        html.raw("<details>");
        html.element("summary", &[], &self.texts.days_table);
        html.raw("\n<div class=\"daily\"><table>");
        html.element("caption", &[("class", "unseen")], &self.texts.days);
        html.raw("<thead><tr>");
        html.element("th", &[("scope", "col")], &self.texts.day);
        html.element("th", &[("scope", "col"), ("class", "n")], "GB");
        html.element(
            "th",
            &[("scope", "col"), ("class", "n")],
            &format!("{} ({})", self.texts.cost, self.currency),
        );
        html.raw("</tr></thead>\n<tbody>\n");
        for day in &bars {
            html.raw("<tr>");
            html.element("th", &[("scope", "row")], &day.date);
            html.element("td", &[("class", "n")], &day.quantity.text(0));
            html.element("td", &[("class", "n")], &day.cost.to_string());
            html.raw("</tr>\n");
        }
        html.raw("</tbody></table></div></details>\n");
        Ok(())
    }

    fn routes(&self, html: &mut Html) -> Result<()> {
        let costs = self.costs_by(|report, line| {
            let to = attribute(report.inventory.connection(line.connection), line.sender);
            (to.source_region, to.destination_region)
        })?;
        let name = |id: &str| region_name(&self.first.catalog, id, self.lang);
        let label = |(source, destination): &(&str, &str)| {
            let names = name(source).zip(name(destination));
            (format!("{source} → {destination}"), names.map(|(from, to)| format!("{from} → {to}")))
        };
        self.bars(html, &self.texts.routes, &self.texts.route, costs, label)
    }

    fn connections(&self, html: &mut Html) -> Result<()> {
        let costs = self.costs_by(|report, line| {
            let connection = report.inventory.connection(line.connection);
            (&*connection.id, connection.name.as_deref())
        })?;
        let label = |(id, name): &(&str, Option<&str>)| ((*id).to_owned(), name.map(str::to_owned));
        self.bars(html, &self.texts.connections, &self.texts.connection, costs, label)
    }

    /// What lines cost that share a key, the dearest first.
    fn costs_by<K: Ord>(&self, key: impl Fn(&'r Report, &'r Line) -> K) -> Result<Vec<(K, Cost)>> {
        let mut costs: BTreeMap<K, Cost> = BTreeMap::new();
        for report in self.reports {
            for line in &report.lines {
                costs.entry(key(report, line)).or_default().add(line)?;
            }
        }
        let mut costs: Vec<(K, Cost)> = costs.into_iter().collect();
        for (_, cost) in &mut costs {
            cost.printed = cost.gold.checked_add(cost.platinum)?.printed(self.gb)?;
        }
        costs.sort_by_key(|(_, cost)| Reverse(cost.printed));
        Ok(costs)
    }

    /// Costs as bars, the parts of link types told apart; those that have no room stand in one row.
    fn bars<K>(
        &self,
        html: &mut Html,
        caption: &str,
        heading: &str,
        mut costs: Vec<(K, Cost)>,
        label: impl Fn(&K) -> (String, Option<String>),
    ) -> Result<()> {
        let texts = self.texts;
        let most = costs.first().map_or(Money::ZERO, |(_, cost)| cost.printed);
        let others = costs.split_off(costs.len().min(MOST_BARS));
        html.raw("<ul class=\"legend\" aria-hidden=\"true\">\n");
        for (fill, link_type) in [(Fill::Gold, LinkType::Gold), (Fill::Platinum, LinkType::Platinum)] {
            html.raw("<li>");
            fill.sample(html);
            html.text(self.lang.texts().word(link_type.as_str()));
            html.raw("</li>\n");
        }
        html.raw("</ul>\n");
        bars_head(html, caption, heading, &["GB", &texts.cost], self.currency);
        for (key, cost) in &costs {
            let (label, small) = label(key);
            self.bar_row(html, &label, small.as_deref(), cost, most)?;
        }
        if !others.is_empty() {
            let mut sum = Cost::default();
            for (_, other) in &others {
                sum.merge(other)?;
            }
            sum.printed = sum.gold.checked_add(sum.platinum)?.printed(self.gb)?;
            let label = fill(&texts.others, &[("count", &others.len().to_string())]);
            self.bar_row(html, &label, None, &sum, most.max(sum.printed))?;
        }
        html.raw("</tbody></table>\n");
        Ok(())
    }

    fn bar_row(
        &self,
        html: &mut Html,
        label: &str,
        small: Option<&str>,
        cost: &Cost,
        most: Money,
    ) -> Result<()> {
        let (words, currency) = (self.lang.texts(), self.currency);
        let [gold, platinum] = [cost.gold.printed(self.gb)?, cost.platinum.printed(self.gb)?];
        html.raw("<tr><th scope=\"row\">");
        html.text(label);
        if let Some(small) = small {
            html.raw(" ");
            html.element("small", &[], small);
        }
        html.raw("</th><td class=\"b\">");
        let parts = [(LinkType::Gold, gold), (LinkType::Platinum, platinum)];
        let told = parts.iter().filter(|(_, part)| *part != Money::ZERO);
        let told: Vec<String> =
            told.map(|(own, part)| format!("{} {part}", words.word(own.as_str()))).collect();
        let title = match cost.between_regions {
            true => format!("{label}: {} {currency} ({})", cost.printed, told.join(", ")),
            false => format!("{label}: {}", words.word(FREE)),
        };
        bar(html, &title, &[(Fill::Gold, gold), (Fill::Platinum, platinum)], most);
        html.raw("</td><td class=\"n\">");
        html.text(&self.gb.signed_quantity(cost.bytes)?.text(0));
        html.raw("</td><td class=\"n\">");
        match cost.between_regions {
            true => html.amount(&cost.printed.to_string(), "", cost.assumed),
            false => html.text(words.word(FREE)),
        }
        html.raw("</td></tr>\n");
        Ok(())
    }

    /// What the hours cost more in which link types were switched.
    fn raised(&self, html: &mut Html) -> Result<()> {
        let texts = self.texts;
        let (mut hours, mut cost, mut payable) = (0, Money::ZERO, Money::ZERO);
        for report in self.reports {
            let (own_hours, own_cost) = raised(report)?;
            hours += own_hours;
            cost = cost.checked_add(own_cost)?;
            payable = payable.checked_add(report.payable()?)?;
        }
        if hours == 0 {
            html.paragraph(&texts.raised_none);
            return Ok(());
        }
        let (hours, cost, payable) = (hours.to_string(), cost.to_string(), payable.to_string());
        let values =
            [("hours", hours.as_str()), ("cost", &cost), ("payable", &payable), ("currency", self.currency)];
        html.paragraph(&fill(&texts.raised_sum, &values));
        html.raw("<p class=\"soft\">");
        html.text(&self.lang.texts().report.raised_is_upper_bound);
        html.raw("</p>\n");
        let costs = self.costs_by(|report, line| &*report.inventory.connection(line.connection).id)?;
        let mut raised = Vec::new();
        for (id, own) in costs.iter().filter(|(_, own)| own.raised_hours > 0) {
            raised.push((own.raised.printed(self.gb)?, *id, own));
        }
        raised.sort_by_key(|(cost, id, _)| (Reverse(*cost), *id));
        let most = raised.first().map_or(Money::ZERO, |(cost, ..)| *cost);
        bars_head(
            html,
            &texts.raised,
            &texts.connection,
            &[&texts.raised_hours, &texts.raised_cost],
            self.currency,
        );
        for (cost, id, own) in raised.into_iter().take(MOST_BARS) {
            html.raw("<tr>");
            html.element("th", &[("scope", "row")], id);
            html.raw("<td class=\"b\">");
            bar(html, &format!("{id}: {cost} {}", self.currency), &[(Fill::Solid, cost)], most);
            html.raw("</td>");
            html.element("td", &[("class", "n")], &own.raised_hours.to_string());
            html.raw("<td class=\"n\">");
            html.amount(&cost.to_string(), "", own.assumed);
            html.raw("</td></tr>\n");
        }
        html.raw("</tbody></table>\n");
        Ok(())
    }

    fn lines(&self, html: &mut Html) -> Result<()> {
        let (columns, currency) = (self.first.columns(), self.currency);
        LinesTable { lang: self.lang, texts: self.texts, columns, scenarios: false, currency }
            .write(html, || {
                self.reports.iter().flat_map(|report| report.rows().map(|row| row.map(|row| (None, row))))
            })
    }

    /// Where every record went (R14).
    fn totals(&self, html: &mut Html, report: &Report) -> Result<()> {
        let texts = self.texts;
        if let Some(account) = &report.options.account {
            html.paragraph(&fill(&texts.totals_partial, &[("account", account)]));
        }
        html.raw("<div class=\"scroll\"><table>");
        html.element("caption", &[("class", "unseen")], &texts.totals);
        html.raw("<thead><tr><td></td>");
        for name in [&texts.records, &texts.bytes] {
            html.element("th", &[("scope", "col"), ("class", "n")], name);
        }
        html.raw("</tr></thead>\n<tbody>\n");
        for (key, records, bytes) in control_totals(report) {
            html.open("tr", &[("data-total", key)]);
            html.element("th", &[("scope", "row")], self.lang.texts().word(key));
            html.element("td", &[("class", "n")], &records);
            html.element("td", &[("class", "n")], &bytes);
            html.raw("</tr>\n");
        }
        html.raw("</tbody></table></div>\n");
        Ok(())
    }

    /// What was found (R16).
    fn findings(&self, html: &mut Html, report: &Report) -> Result<()> {
        if report.findings.is_empty() {
            html.paragraph(&self.texts.findings_none);
            return Ok(());
        }
        for of_code in report.findings.chunk_by(|one, other| one.code == other.code) {
            let words: Vec<String> =
                of_code.iter().take(MOST_FINDINGS).map(|found| finding_words_in(found, self.lang)).collect();
            html.notices(words.iter().map(|words| (of_code[0].code.as_str(), words.as_str())));
            if of_code.len() > MOST_FINDINGS {
                let (code, count) = (of_code[0].code.as_str(), (of_code.len() - MOST_FINDINGS).to_string());
                html.paragraph(&fill(&self.texts.findings_more, &[("count", &count), ("code", code)]));
            }
        }
        Ok(())
    }
}

/// What the figures rest on.
fn basis(html: &mut Html, report: &Report, lang: Lang) -> Result<()> {
    let facts = provenance_in(report, lang)?;
    html.facts(facts.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    html.items(&catalog_notes(&report.catalog, lang));
    Ok(())
}

/// What some lines cost.
#[derive(Debug, Default)]
struct Cost {
    bytes: i128,
    gold: Amount,
    platinum: Amount,
    /// All of it as it is printed, where that is known.
    printed: Money,
    raised_hours: i64,
    raised: Amount,
    /// Whether any of it has a link type, and is not free by itself (R1).
    between_regions: bool,
    assumed: bool,
}

impl Cost {
    fn add(&mut self, line: &Line) -> Result<()> {
        let part = match line.link_type {
            Some(LinkType::Platinum) => &mut self.platinum,
            _ => &mut self.gold,
        };
        *part = part.checked_add(line.amount)?;
        checked_add_signed(&mut self.bytes, line.signed_bytes()?, "a sum of lines")?;
        self.raised_hours += line.signed_hours().1;
        self.raised = self.raised.checked_add(line.raised_amount)?;
        self.between_regions |= line.link_type.is_some();
        self.assumed |= line.price.status == PriceStatus::Assumed;
        Ok(())
    }

    fn merge(&mut self, other: &Self) -> Result<()> {
        self.gold = self.gold.checked_add(other.gold)?;
        self.platinum = self.platinum.checked_add(other.platinum)?;
        checked_add_signed(&mut self.bytes, other.bytes, "a sum of lines")?;
        self.between_regions |= other.between_regions;
        self.assumed |= other.assumed;
        Ok(())
    }
}

/// A row with the scenario in front, where it is one of an estimate.
type LineOf<'r> = (Option<&'static str>, ReportRow<'r>);

/// Lines with their columns.
struct LinesTable<'t> {
    lang: Lang,
    texts: &'t HtmlTexts,
    columns: Vec<Column>,
    /// Whether a scenario stands in front.
    scenarios: bool,
    currency: &'t str,
}

impl LinesTable<'_> {
    /// Writes the section of the lines that `rows` gives every time; the table is `#lines`.
    fn write<'r, R: Iterator<Item = Result<LineOf<'r>>>>(
        &self,
        html: &mut Html,
        rows: impl Fn() -> R,
    ) -> Result<()> {
        let texts = self.texts;
        let (all, kept) = largest(rows())?;
        html.raw("<div class=\"wide\">\n");
        html.section("all-lines", &texts.lines, |html| {
            // What scenarios cost is no sum.
            html.controls(texts, &if self.scenarios {
                texts.count.clone()
            } else {
                fill(&texts.count_sum, &[("currency", self.currency)])
            });
            html.raw("<div class=\"scroll tall\" tabindex=\"0\" role=\"region\" aria-labelledby=\"all-lines-heading\">\n");
            html.raw("<table id=\"lines\">");
            let caption = match &kept {
                None => texts.lines_all.clone(),
                Some(kept) => {
                    let (shown, all) = (kept.len().to_string(), all.to_string());
                    fill(&texts.lines_largest, &[("shown", &shown), ("all", &all)])
                }
            };
            html.element("caption", &[("class", if kept.is_some() { "" } else { "unseen" })], &caption);
            self.header(html);
            let rests = self.body(html, rows(), kept.as_ref())?;
            self.rests(html, &rests);
            html.raw("</table>\n</div>\n");
            Ok(())
        })?;
        html.raw("</div>\n");
        Ok(())
    }

    fn header(&self, html: &mut Html) {
        html.raw("\n<thead><tr>");
        if self.scenarios {
            html.element("th", &[("scope", "col"), ("data-column", "scenario")], "scenario");
        }
        for &column in &self.columns {
            html.column_head(column.name(), is_number(column));
        }
        html.raw("</tr></thead>\n");
    }

    /// The lines that are kept; returns the sums of the others.
    fn body<'r>(
        &self,
        html: &mut Html,
        rows: impl Iterator<Item = Result<LineOf<'r>>>,
        kept: Option<&BTreeSet<usize>>,
    ) -> Result<Vec<Rest>> {
        let mut rests: Vec<Rest> = Vec::new();
        html.raw("<tbody>\n");
        for (place, line) in rows.enumerate() {
            let (scenario, row) = line?;
            if kept.is_none_or(|kept| kept.contains(&place)) {
                self.row(html, scenario, &row);
                continue;
            }
            match rests.last_mut().filter(|rest| rest.scenario == scenario) {
                Some(rest) => rest.add(&row)?,
                None => rests.push(Rest::of(scenario, &row)?),
            }
        }
        html.raw("</tbody>\n");
        Ok(rests)
    }

    fn row(&self, html: &mut Html, scenario: Option<&'static str>, row: &ReportRow<'_>) {
        html.raw(if row.is_assumed() { "<tr class=\"assumed\">" } else { "<tr>" });
        if self.scenarios {
            html.element("td", &[], scenario.unwrap_or_default());
        }
        for &column in &self.columns {
            // What the CSV says; but a group without a value is told as such.
            let text = group_cell(row, column, self.lang);
            html.raw(match column {
                Column::BilledCost => "<td class=\"n cost\">",
                column if is_number(column) => "<td class=\"n\">",
                _ => "<td>",
            });
            html.text(&text);
            html.raw("</td>");
        }
        html.raw("</tr>\n");
    }

    /// A row for each sum of lines that the table has no room for.
    fn rests(&self, html: &mut Html, rests: &[Rest]) {
        if rests.is_empty() {
            return;
        }
        html.raw("<tfoot>\n");
        for rest in rests {
            let sum = ReportRow {
                consumed_bytes: Some(rest.bytes),
                pricing_quantity: Some(rest.quantity),
                billed_cost: Some(rest.cost),
                billing_currency: Some(self.currency),
                metered_hours: Some(rest.metered_hours),
                raised_hours: Some(rest.raised_hours),
                raised_cost: Some(rest.raised_cost),
                ..ReportRow::default()
            };
            html.raw(if rest.assumed { "<tr class=\"assumed\">" } else { "<tr>" });
            if self.scenarios {
                html.element("td", &[], rest.scenario.unwrap_or_default());
            }
            let label = fill(&self.texts.rest, &[("count", &rest.count.to_string())]);
            for (place, &column) in self.columns.iter().enumerate() {
                let class = match column {
                    Column::BilledCost => "n cost",
                    column if is_number(column) => "n",
                    _ => "",
                };
                match place {
                    0 => html.element("th", &[("scope", "row")], &label),
                    _ => html.element("td", &[("class", class)], &value(&sum, column)),
                }
            }
            html.raw("</tr>\n");
        }
        html.raw("</tfoot>");
    }
}

/// How many lines there are, and the places of the largest ones where a table has no room for all: by what they cost,
/// then by their bytes.
fn largest<'r>(lines: impl Iterator<Item = Result<LineOf<'r>>>) -> Result<(usize, Option<BTreeSet<usize>>)> {
    let (mut heap, mut all) = (BinaryHeap::with_capacity(MOST_LINES + 1), 0);
    for (place, line) in lines.enumerate() {
        let (_, row) = line?;
        let cost = row.billed_cost.unwrap_or_default().units().unsigned_abs();
        heap.push(Reverse((cost, row.consumed_bytes.unwrap_or_default(), Reverse(place))));
        if heap.len() > MOST_LINES {
            heap.pop();
        }
        all += 1;
    }
    let kept = heap.into_iter().map(|Reverse((_, _, Reverse(place)))| place).collect();
    Ok((all, (all > MOST_LINES).then_some(kept)))
}

/// The sum of lines as they would be printed, so that a table adds up.
#[derive(Debug, Default)]
struct Rest {
    scenario: Option<&'static str>,
    count: u64,
    bytes: i128,
    quantity: Money,
    cost: Money,
    metered_hours: i64,
    raised_hours: i64,
    raised_cost: Money,
    assumed: bool,
}

impl Rest {
    fn of(scenario: Option<&'static str>, row: &ReportRow<'_>) -> Result<Self> {
        let mut rest = Self { scenario, ..Self::default() };
        rest.add(row)?;
        Ok(rest)
    }

    fn add(&mut self, row: &ReportRow<'_>) -> Result<()> {
        self.count += 1;
        checked_add_signed(&mut self.bytes, row.consumed_bytes.unwrap_or_default(), "the rest of the lines")?;
        self.quantity = self.quantity.checked_add(row.pricing_quantity.unwrap_or_default())?;
        self.cost = self.cost.checked_add(row.billed_cost.unwrap_or_default())?;
        self.metered_hours += row.metered_hours.unwrap_or_default();
        self.raised_hours += row.raised_hours.unwrap_or_default();
        self.raised_cost = self.raised_cost.checked_add(row.raised_cost.unwrap_or_default())?;
        self.assumed |= row.is_assumed();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(costs: &[i128]) -> (usize, Option<Vec<usize>>) {
        let row =
            |cost: &i128| ReportRow { billed_cost: Some(Money::from_units(*cost)), ..ReportRow::default() };
        let (all, kept) = largest(costs.iter().map(|cost| Ok((None, row(cost))))).unwrap();
        (all, kept.map(|kept| kept.into_iter().collect()))
    }

    #[test]
    fn the_largest_lines_stay_where_there_are_too_many() {
        assert_eq!(kept(&vec![1; MOST_LINES]), (MOST_LINES, None));
        let mut costs = vec![5; MOST_LINES + 3];
        (costs[0], costs[7], costs[9]) = (-6, 1, -1);
        // The last of those that cost the same goes first.
        let expected = (0..MOST_LINES + 2).filter(|place| ![7, 9].contains(place)).collect();
        assert_eq!(kept(&costs), (MOST_LINES + 3, Some(expected)));
    }
}
