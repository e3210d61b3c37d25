//! The languages in which reports speak to people. Data formats keep their keys in any of them.
//!
//! The texts lie in `lang/`, one file per language. What a file lacks or has too much of is seen when it is read, by a
//! test that reads all of them; whoever asks for a text names a field, so that the compiler knows it is there.

use crate::model::{
    finding::{Finding, RegionName, Said, Sentence, Sum, Value},
    money::{Gb, UnitPrice},
};
use serde::Deserialize;
use std::{collections::BTreeMap, fmt, sync::LazyLock};

/// A language of labels, findings and explanations.
///
/// It is always stated, and never taken from where a program runs (R17).
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Lang {
    /// English.
    #[default]
    En,
    /// Chinese in simplified characters.
    ZhHans,
    /// Chinese in traditional characters.
    ZhHant,
}

impl Lang {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::En, Self::ZhHans, Self::ZhHant];

    /// Its tag as in BCP 47: `en`, `zh-Hans`, `zh-Hant`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::ZhHans => "zh-Hans",
            Self::ZhHant => "zh-Hant",
        }
    }

    /// Reads what it says, which otherwise the first use of it does: whoever has something else to do meanwhile lets another
    /// thread do so.
    pub fn load(self) {
        self.texts();
    }

    /// What it says.
    pub(crate) fn texts(self) -> &'static Texts {
        fn read(file: &str) -> Texts {
            toml::from_str(file).unwrap_or_else(|error| unreachable!("{error}"))
        }
        // One is enough, most often.
        static TEXTS: [LazyLock<Texts>; 3] = [
            LazyLock::new(|| read(include_str!("lang/en.toml"))),
            LazyLock::new(|| read(include_str!("lang/zh-Hans.toml"))),
            LazyLock::new(|| read(include_str!("lang/zh-Hant.toml"))),
        ];
        &TEXTS[self as usize]
    }
}

/// All texts of a language, by where they stand.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Texts {
    /// Which names regions have.
    region_names: String,
    /// Words of data as people read them, by the word.
    words: BTreeMap<String, String>,
    /// Names of columns, by their names in data.
    columns: BTreeMap<String, String>,
    /// Names of what the figures rest on, likewise.
    facts: BTreeMap<String, String>,
    /// Names of what results of rows hold, likewise: columns, totals, lists and facts.
    names: BTreeMap<String, String>,
    /// Words of data that programs rely on: each stands in front of what it means.
    codes: BTreeMap<String, String>,
    pub rows: RowsTexts,
    pub report: ReportTexts,
    pub estimate: EstimateTexts,
    /// What scenarios assume, by their names.
    scenarios: BTreeMap<String, String>,
    /// What findings, explanations and notes say, by the key of what is said.
    said: BTreeMap<String, String>,
    /// Names of areas of prices, by those of the shipped catalogs.
    areas: BTreeMap<String, String>,
    #[cfg_attr(not(feature = "cli"), allow(dead_code, reason = "only a screen says it"))]
    pub explain: ExplainTexts,
    pub catalog: CatalogTexts,
    #[cfg_attr(not(feature = "cli"), allow(dead_code, reason = "only a screen says it"))]
    pub doctor: DoctorTexts,
    pub advice: AdviceTexts,
    pub html: HtmlTexts,
    #[cfg_attr(not(feature = "xlsx"), allow(dead_code, reason = "only workbooks say it"))]
    pub xlsx: XlsxTexts,
}

/// Those of a result of rows: table, HTML and workbook.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(not(feature = "cli"), allow(dead_code, reason = "a screen alone says some of it"))]
pub(crate) struct RowsTexts {
    pub totals: String,
    pub rows: String,
    pub notes: String,
    pub not_shown: String,
    pub more_one: String,
    pub more_rows: String,
    pub quiet_one: String,
    pub quiet_rows: String,
    /// What bytes cost: one price of it, further prices, and all of it.
    sum: String,
    sum_part: String,
    sum_more: String,
}

/// Those of a report's page: table and Markdown.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(not(feature = "cli"), allow(dead_code, reason = "a screen alone says some of it"))]
pub(crate) struct ReportTexts {
    pub title: String,
    pub title_of_months: String,
    pub payable_by_month: String,
    pub total: String,
    pub assumed: String,
    pub assumed_in_markdown: String,
    pub day: String,
    pub name: String,
    pub without_value: String,
    pub account: String,
    pub account_column: String,
    pub subtotal: String,
    pub adjustment: String,
    pub payable: String,
    pub raised_of_account: String,
    pub payable_of_one: String,
    pub payable_of_all: String,
    pub raised: String,
    pub raised_is_upper_bound: String,
    pub control_totals: String,
    pub control_totals_partial: String,
    pub records: String,
    pub bytes: String,
    pub no_findings: String,
    pub findings: String,
    pub more_findings: String,
    pub left_out: String,
    pub basis: String,
    pub catalog_and_version: String,
    pub rounding: String,
    pub setting: String,
    pub corrected: String,
    pub before_tax: String,
    /// What stands between the things of a list.
    pub comma: String,
    /// What stands between figures that hold together.
    pub and: String,
    /// What stands between two sentences of a line, and behind the last of them.
    pub semicolon: String,
    pub stop: String,
}

/// Those of an estimate: table, Markdown and HTML.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EstimateTexts {
    pub title: String,
    pub about: String,
    pub month: String,
    pub month_and_offset: String,
    pub newest_prices: String,
    pub headline_of_plan: String,
    pub headline_not_known: String,
    pub headline: String,
    pub priced: String,
    pub with_coverage: String,
    pub about_scenario: String,
    pub scenario: String,
    pub sla: String,
    pub downtime: String,
    pub payable: String,
    pub difference: String,
    pub partial: String,
    pub per_year: String,
    pub raised_hours: String,
    pub raised_cost: String,
    pub by_hour: String,
    pub by_connection: String,
    pub per_month: String,
    pub account_payable: String,
    pub account: String,
    pub connection: String,
    pub gb: String,
    pub before_choosing: String,
    pub before_choosing_count: String,
    pub not_priced: String,
    pub not_priced_scenario: String,
    pub supplied_by: String,
    pub scenarios: String,
    pub payable_by_account: String,
    pub cost_by_connection: String,
    pub changes: String,
    pub changes_by_account: String,
    pub lines: String,
    pub changed: String,
    pub total: String,
    pub total_of_priced: String,
    pub action: String,
    pub route: String,
    pub link_type: String,
    pub price_per_gb: String,
    pub before: String,
    pub after: String,
    pub change: String,
    pub old_one_kept: String,
    pub not_known: String,
    pub from_to: String,
    pub switches_of: String,
    pub switches: String,
    pub cost: String,
    pub just_after: String,
    pub well_timed: String,
    pub saving: String,
    pub all_pay: String,
    pub well_timed_pays: String,
    pub schedule: String,
    pub platinum_in: String,
    pub whole_hours: String,
    pub lifted_hours: String,
    pub up_at: String,
    pub down_at: String,
    pub too_short: String,
    pub no_gold_hour: String,
    pub no_share: String,
    pub forecast: String,
    pub forecast_rest: String,
    pub forecast_so_far: String,
    pub forecast_month: String,
    pub forecast_about: String,
    pub forecast_left_out: String,
    pub shares: String,
    pub in_windows: String,
    pub in_lifted: String,
    pub break_even: String,
    pub all: String,
    pub service_level: String,
    pub service_level_in: String,
    pub platinum_costs: String,
    pub per_minute: String,
    pub downtimes: String,
    pub partial_account: String,
    pub partial_plan: String,
    pub partial_changes: String,
}

/// Those of the explanation of a charge.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(not(feature = "cli"), allow(dead_code, reason = "only a screen says it"))]
pub(crate) struct ExplainTexts {
    pub title: String,
    pub records: String,
    pub no_record: String,
    pub no_record_billed: String,
    pub input: String,
    pub format: String,
    pub place: String,
    pub timestamp: String,
    pub bytes: String,
    pub sum: String,
    pub split: String,
    pub fraction: String,
    pub created: String,
    pub deleted: String,
    pub refused: String,
    pub code: String,
    pub reason: String,
    pub account: String,
    pub pays: String,
    pub goes_to: String,
    pub inbound: String,
    pub outbound: String,
    pub flow_logs: String,
    pub link_type: String,
    pub no_link_type: String,
    pub before: String,
    pub before_since: String,
    pub before_not_given: String,
    pub changed_at: String,
    pub from: String,
    pub to: String,
    pub highest: String,
    pub unchanged: String,
    pub price: String,
    pub price_of: String,
    pub price_not_known: String,
    pub price_free: String,
    pub list_price: String,
    pub price_and_status: String,
    pub row: String,
    pub route: String,
    pub layer: String,
    pub of_catalog: String,
    pub of_overlay: String,
    pub catalog: String,
    pub source: String,
    pub in_force: String,
    pub always: String,
    pub in_force_from: String,
    pub in_force_until: String,
    pub in_force_between: String,
    pub assumed: String,
    pub nobody_published: String,
    pub contract: String,
    pub contract_row: String,
    pub terms_row: String,
    pub unit_price_of: String,
    pub discount_of: String,
    pub discount: String,
    pub lost: String,
    pub row_price: String,
    pub why_not: String,
    pub not_yet: String,
    pub ended: String,
    pub lost_assumed: String,
    pub less_specific: String,
    pub reverse: String,
    pub earlier_start: String,
    pub earlier_layer: String,
    pub by_contract: String,
    pub amount: String,
    pub no_amount: String,
    pub no_charge: String,
    pub gb: String,
    pub product: String,
    pub quotient: String,
    pub rounded_once: String,
    pub would_cost: String,
    pub raised: String,
    pub lines_title: String,
    pub line: String,
    pub largest_hour: String,
    pub its_bytes: String,
    pub payable: String,
    pub what_explains: String,
    pub command: String,
}

/// Those of the check of a catalog.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CatalogTexts {
    pub severity: String,
    pub kind: String,
    pub about: String,
    pub fault: String,
    pub note: String,
}

/// Those of what inputs hold.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(not(feature = "cli"), allow(dead_code, reason = "only a screen says it"))]
pub(crate) struct DoctorTexts {
    pub inputs: String,
    pub given_as: String,
    pub input: String,
    pub stored: String,
    pub format: String,
    pub records: String,
    pub refused: String,
    pub first_hour: String,
    pub last_hour: String,
    pub connections: String,
    pub connections_with_changes: String,
    pub connections_named: String,
    pub connections_none: String,
    pub more: String,
    pub unknown: String,
    pub unknown_and_more: String,
    pub setting: String,
    pub no_month: String,
    pub month: String,
    pub refused_as: String,
    pub silent: String,
    pub silent_or_refused: String,
    pub connection: String,
    pub sender: String,
    pub account: String,
    pub hours: String,
    pub with_records: String,
    pub longest_gap: String,
    pub gap: String,
    pub more_ends: String,
}

/// What can be done about findings.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AdviceTexts {
    pub supply_price: String,
    pub use_catalog: String,
    pub state_requester_accounts: String,
    pub state_requester_account_of: String,
    pub state_requester_region_of: String,
    pub state_region_of_reference: String,
    pub choose_month: String,
    pub give_monthly_traffic: String,
    pub give_traffic: String,
    pub choose_region: String,
}

impl Texts {
    /// A word of data as people read it.
    pub fn word<'t>(&'t self, word: &'t str) -> &'t str {
        self.words.get(word).map_or(word, String::as_str)
    }

    /// The name of a column as people read it; a tag's is its own.
    pub fn column<'t>(&'t self, name: &'t str) -> &'t str {
        self.columns.get(name).map_or(name, String::as_str)
    }

    /// The name of a fact as people read it.
    pub fn fact<'t>(&'t self, name: &'t str) -> &'t str {
        self.facts.get(name).map_or(name, String::as_str)
    }

    /// The name of what a result of rows holds, as people read it.
    pub fn name<'t>(&'t self, name: &'t str) -> &'t str {
        self.names.get(name).map_or(name, String::as_str)
    }

    /// A word that programs rely on, with what it means behind it.
    pub fn code<'t>(&'t self, code: &'t str) -> &'t str {
        self.codes.get(code).map_or(code, String::as_str)
    }

    /// The name of an area of prices as people read it.
    pub fn area<'t>(&'t self, area: &'t str) -> &'t str {
        self.areas.get(area).map_or(area, String::as_str)
    }

    /// What a scenario assumes; `about` where it is none of those that are known.
    pub fn scenario<'t>(&'t self, name: &str, about: &'t str) -> &'t str {
        self.scenarios.get(name).map_or(about, String::as_str)
    }

    /// What is said.
    pub fn say(&self, said: &Said) -> String {
        let (key, values) = said.parts();
        let values: Vec<(&str, String)> =
            values.into_iter().map(|(name, value)| (name, self.value(value))).collect();
        let values: Vec<(&str, &str)> = values.iter().map(|(name, value)| (*name, &**value)).collect();
        fill(self.said.get(key).map_or(key, String::as_str), &values)
    }

    fn value(&self, value: Value<'_>) -> String {
        match value {
            Value::Text(text) => text.to_string(),
            Value::Sender(sender) => self.word(sender.as_str()).to_owned(),
            Value::LinkType(link_type) => self.word(link_type.as_str()).to_owned(),
            Value::Word(word) => self.word(word).to_owned(),
            Value::Place(place) => self.area(place).to_owned(),
            Value::Named(RegionName { english, simplified, traditional }) => {
                let names = match self.region_names.as_str() {
                    "traditional" => [traditional, simplified],
                    "simplified" => [simplified, english],
                    _ => [english, english],
                };
                names.into_iter().find(|name| !name.is_empty()).unwrap_or(english).to_string()
            }
            Value::Sum(sum) => self.sum(sum),
            Value::Said(said) => self.say(said),
            Value::All(all) => self.say_all(all, &self.report.comma),
            Value::Clauses(all) => self.say_all(all, &self.report.semicolon),
            Value::Figures(figures) => figures.join(&self.report.and),
            Value::Nothing => String::new(),
        }
    }

    fn say_all(&self, all: &[Said], separator: &str) -> String {
        all.iter().map(|said| self.say(said)).collect::<Vec<_>>().join(separator)
    }

    fn sum(&self, sum: &Sum) -> String {
        let gb = if sum.gb == Gb::Binary { "2^30" } else { "10^9" };
        let part = |(bytes, price): &(u128, UnitPrice)| {
            let values = [("bytes", &*bytes.to_string()), ("gb", gb), ("price", &price.to_string())];
            fill(&self.rows.sum_part, &values)
        };
        let more = (sum.more > 0).then(|| fill(&self.rows.sum_more, &[("count", &sum.more.to_string())]));
        let parts: Vec<String> = sum.parts.iter().map(part).chain(more).collect();
        let values = [("parts", &*parts.join(" + ")), ("cost", &sum.cost.to_string())];
        fill(&self.rows.sum, &values)
    }
}

impl Sentence {
    /// What is said, in a language.
    pub fn in_language(&self, lang: Lang) -> String {
        lang.texts().say(self.said())
    }
}

impl fmt::Display for Sentence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.in_language(Lang::En))
    }
}

impl Finding {
    /// What it says, in English words; they may change, the code does not.
    pub fn message(&self) -> String {
        self.message_in(Lang::En)
    }

    /// What it says in a language.
    pub fn message_in(&self, lang: Lang) -> String {
        lang.texts().say(&self.said.said())
    }

    /// Where the rule was read that it applies, where it applies one of the provider: a page, a call of its API.
    pub fn source_in(&self, lang: Lang) -> Option<String> {
        self.source.as_ref().map(|source| lang.texts().say(source))
    }
}

/// With its `message` in English, as all data is.
#[cfg(feature = "serde")]
impl serde::Serialize for Finding {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;
        let mut finding = serializer.serialize_struct("Finding", 7)?;
        finding.serialize_field("code", &self.code)?;
        finding.serialize_field("message", &self.message())?;
        finding.serialize_field("connection_id", &self.connection_id)?;
        finding.serialize_field("sender", &self.sender)?;
        finding.serialize_field("hour", &self.hour)?;
        finding.serialize_field("remedy", &self.remedy)?;
        finding.serialize_field("source", &self.source_in(Lang::En))?;
        finding.end()
    }
}

/// Those of a page of HTML.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct HtmlTexts {
    pub title: String,
    pub about: String,
    pub total: String,
    pub accounts: String,
    pub payable: String,
    pub subtotal: String,
    pub adjustment: String,
    pub assumed: String,
    pub highest: String,
    pub days: String,
    pub days_table: String,
    pub day: String,
    pub cost: String,
    pub routes: String,
    pub route: String,
    pub connections: String,
    pub connection: String,
    pub others: String,
    pub raised: String,
    pub raised_hours: String,
    pub raised_cost: String,
    pub raised_none: String,
    pub raised_sum: String,
    pub lines: String,
    pub lines_all: String,
    pub lines_largest: String,
    pub rest: String,
    pub filter: String,
    pub reset: String,
    pub all: String,
    pub count: String,
    pub count_sum: String,
    pub totals: String,
    pub totals_partial: String,
    pub records: String,
    pub bytes: String,
    pub findings: String,
    pub findings_none: String,
    pub findings_more: String,
    pub basis: String,
    pub scenarios: String,
    pub scenario: String,
    pub not_priced: String,
}

/// Those of a workbook: titles of charts, and notes on how to read it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(not(feature = "xlsx"), allow(dead_code, reason = "only workbooks say it"))]
pub(crate) struct XlsxTexts {
    pub cost_per_day: String,
    pub cost_per_route: String,
    pub with_assumed_prices: String,
    pub partial: String,
    pub unrounded: String,
    pub digits: String,
    pub no_days: String,
    pub continued: String,
    pub cut: String,
}

/// A text with the values of its `{names}`.
pub(crate) fn fill(text: &str, values: &[(&str, &str)]) -> String {
    let mut filled = String::with_capacity(text.len() + 16);
    let mut rest = text;
    while let Some((before, name, after)) = next_name(rest) {
        filled.push_str(before);
        match values.iter().find(|(known, _)| *known == name) {
            Some((_, value)) => filled.push_str(value),
            None => filled.extend(["{", name, "}"]),
        }
        rest = after;
    }
    filled + rest
}

/// What stands before the next `{name}`, the name, and what stands behind it.
fn next_name(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once('{')?;
    let (name, after) = rest.split_once('}')?;
    Some((before, name, after))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        crosscheck::DifferenceClass,
        model::{link::LinkType, usage::Sender},
        reconcile::{Basis, Class},
        report::Column,
    };

    /// Every text by its path, with the names that it has values for.
    fn names(file: &str) -> BTreeMap<String, Vec<String>> {
        let mut found = BTreeMap::new();
        collect("", &toml::from_str(file).unwrap(), &mut found);
        found
    }

    fn collect(path: &str, value: &toml::Value, found: &mut BTreeMap<String, Vec<String>>) {
        if let Some(table) = value.as_table() {
            return table.iter().for_each(|(key, value)| collect(&format!("{path}.{key}"), value, found));
        }
        let (mut names, mut rest) = (Vec::new(), value.as_str().unwrap());
        while let Some((_, name, after)) = next_name(rest) {
            names.push(name.to_owned());
            rest = after;
        }
        names.sort();
        names.dedup();
        found.insert(path.to_owned(), names);
    }

    #[test]
    fn every_language_has_every_text_with_the_same_names() {
        let english = names(include_str!("lang/en.toml"));
        assert_eq!(names(include_str!("lang/zh-Hans.toml")), english);
        assert_eq!(names(include_str!("lang/zh-Hant.toml")), english);
        assert_eq!(
            Lang::ALL.map(|lang| lang.texts().report.payable.as_str()),
            ["payable", "应付金额", "應付金額"]
        );
    }

    #[test]
    fn every_saying_has_a_text_with_its_names_and_there_are_no_others() {
        let mut said: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (key, names) in Said::KEYS {
            let mut names: Vec<String> = names.iter().map(ToString::to_string).collect();
            names.sort();
            assert!(said.insert(format!(".said.{key}"), names).is_none(), "{key} twice");
        }
        let mut texts = names(include_str!("lang/en.toml"));
        texts.retain(|path, _| path.starts_with(".said."));
        assert_eq!(texts, said);
    }

    #[test]
    fn every_column_and_every_word_of_data_has_a_name_in_each_language() {
        for texts in Lang::ALL.map(Lang::texts) {
            for column in Column::ALL {
                assert!(texts.columns.contains_key(column.name()), "{}", column.name());
            }
            let words = LinkType::ALL.map(LinkType::as_str).into_iter();
            let words = words.chain(Sender::ALL.map(Sender::as_str));
            let bases = [Basis::List, Basis::Net].map(Basis::as_str);
            for word in words.chain(bases).chain([
                "usage",
                "free",
                "adjustment",
                "published",
                "assumed",
                "contract",
                "payable",
                "coupon",
                "refund",
                "here",
                "counterpart",
            ]) {
                assert!(texts.words.contains_key(word), "{word}");
            }
        }
    }

    #[test]
    fn every_class_of_a_difference_has_a_label_and_there_are_no_others() {
        let classes = Class::ALL.map(Class::as_str).into_iter();
        let classes = classes.chain(DifferenceClass::ALL.map(DifferenceClass::as_str));
        let mut classes: Vec<&str> = classes.collect();
        classes.sort_unstable();
        for texts in Lang::ALL.map(Lang::texts) {
            assert_eq!(texts.codes.keys().collect::<Vec<_>>(), classes);
        }
    }

    #[test]
    fn what_is_said_under_data_is_what_english_pages_say() {
        let texts = &Lang::En.texts().report;
        assert_eq!(texts.raised_is_upper_bound, super::super::RAISED_IS_UPPER_BOUND);
        assert_eq!(texts.before_tax, super::super::BEFORE_TAX);
    }

    #[test]
    fn texts_are_filled_by_name() {
        assert_eq!(fill("{a} of {b}, {c}", &[("a", "1"), ("b", "{a}")]), "1 of {a}, {c}");
        assert_eq!(fill("open { brace", &[]), "open { brace");
    }
}
