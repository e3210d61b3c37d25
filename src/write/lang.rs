//! The languages in which reports speak to people. Data formats keep their keys in any of them.
//!
//! The texts lie in `lang/`, one file per language. What a file lacks or has too much of is seen when it is read, by a
//! test that reads all of them; whoever asks for a text names a field, so that the compiler knows it is there.

use serde::Deserialize;
use std::sync::LazyLock;

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

    /// What it says.
    pub(crate) fn texts(self) -> &'static Texts {
        static TEXTS: LazyLock<[Texts; 3]> = LazyLock::new(|| {
            [
                include_str!("lang/en.toml"),
                include_str!("lang/zh-Hans.toml"),
                include_str!("lang/zh-Hant.toml"),
            ]
            .map(|file| toml::from_str(file).unwrap_or_else(|error| unreachable!("{error}")))
        });
        &TEXTS[self as usize]
    }
}

/// All texts of a language, by where they stand.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Texts {
    pub report: ReportTexts,
    pub html: HtmlTexts,
    #[cfg_attr(not(feature = "xlsx"), allow(dead_code, reason = "only workbooks say it"))]
    pub xlsx: XlsxTexts,
}

/// Those of a report's page: table and Markdown.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReportTexts {
    pub payable: String,
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
    pub gold: String,
    pub platinum: String,
    pub free: String,
    pub raised: String,
    pub raised_hours: String,
    pub raised_cost: String,
    pub raised_none: String,
    pub raised_sum: String,
    pub raised_bound: String,
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
    pub read: String,
    pub billed: String,
    pub outside_period: String,
    pub refused: String,
    pub findings: String,
    pub findings_none: String,
    pub findings_more: String,
    pub basis: String,
    pub before_tax: String,
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
    use std::collections::BTreeMap;

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
    fn texts_are_filled_by_name() {
        assert_eq!(fill("{a} of {b}, {c}", &[("a", "1"), ("b", "{a}")]), "1 of {a}, {c}");
        assert_eq!(fill("open { brace", &[]), "open { brace");
    }
}
