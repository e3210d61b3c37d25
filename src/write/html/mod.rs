//! Pages of HTML for mail, screen and print: one file each, which asks nothing of any other place.
//!
//! What makes a page act is its own style and script, which a policy in its head names by their digests: nothing else
//! is run, loaded or sent, whatever stands in the inputs. Without the script nothing is missing but sorting and filters.

mod chart;
mod report;
mod rows;

pub use report::{estimate, reports};
pub use rows::rows;

use super::{
    lang::{HtmlTexts, Lang},
    page::{Block, Notices, Section, Sums, Table},
    shown::shown,
};
use crate::error::Result;
use std::borrow::Cow;

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");
/// SHA-256 of [`STYLE`] and [`SCRIPT`]; a test holds them to what they are of.
const STYLE_DIGEST: &str = "sha256-g/5zncZovkN5yD97mWgfJ4tp75aS7ho9o4VC39gSazI=";
const SCRIPT_DIGEST: &str = "sha256-4PcYeZ0F6hVGCbpnTiU9lgcAhnPb1lTcvMINylkVWuE=";

/// Text where HTML shows text or takes the value of an attribute: nothing in it is markup, acts, or is not seen.
fn escaped(text: &str) -> Cow<'_, str> {
    let visible = shown(text);
    if !visible.contains(['&', '<', '>', '"', '\'']) {
        return visible;
    }
    let mut whole = String::with_capacity(visible.len() + 16);
    for character in visible.chars() {
        match character {
            '&' => whole.push_str("&amp;"),
            '<' => whole.push_str("&lt;"),
            '>' => whole.push_str("&gt;"),
            '"' => whole.push_str("&quot;"),
            '\'' => whole.push_str("&#39;"),
            _ => whole.push(character),
        }
    }
    Cow::Owned(whole)
}

/// A page as it grows. Markup is our own, known when this was built; all else goes through [`escaped`].
#[derive(Debug, Default)]
struct Html(String);

impl Html {
    /// Our own markup.
    fn raw(&mut self, markup: &'static str) {
        self.0.push_str(markup);
    }

    /// Text, whatever it holds.
    fn text(&mut self, text: &str) {
        self.0.push_str(&escaped(text));
    }

    /// The beginning of an element.
    fn open(&mut self, name: &'static str, attributes: &[(&'static str, &str)]) {
        self.raw("<");
        self.raw(name);
        for (attribute, value) in attributes {
            self.raw(" ");
            self.raw(attribute);
            self.raw("=\"");
            self.text(value);
            self.raw("\"");
        }
        self.raw(">");
    }

    /// The end of an element.
    fn close(&mut self, name: &'static str) {
        self.raw("</");
        self.raw(name);
        self.raw(">");
    }

    /// An element that holds text alone.
    fn element(&mut self, name: &'static str, attributes: &[(&'static str, &str)], text: &str) {
        self.open(name, attributes);
        self.text(text);
        self.close(name);
    }

    /// A decimal, its whole digits in threes for the eye; what is copied of it is the plain decimal.
    fn decimal(&mut self, decimal: &str) {
        let (whole, fraction) = decimal.split_at(decimal.find('.').unwrap_or(decimal.len()));
        let (sign, digits) = whole.split_at(usize::from(whole.starts_with('-')));
        self.text(sign);
        let first = match digits.len() % 3 {
            0 => digits.len().min(3),
            few => few,
        };
        let (mut group, mut rest) = digits.split_at_checked(first).unwrap_or((digits, ""));
        while !rest.is_empty() {
            self.element("span", &[("class", "k")], group);
            (group, rest) = rest.split_at_checked(3).unwrap_or((rest, ""));
        }
        self.text(group);
        self.text(fraction);
    }

    /// An amount with its unit, where that does not stand above, and the mark of an assumed price where one touched it (R18).
    fn amount(&mut self, amount: &str, unit: &str, assumed: bool) {
        self.decimal(amount);
        if !unit.is_empty() {
            self.element("span", &[("class", "unit")], &format!(" {unit}"));
        }
        if assumed {
            self.raw(" <span class=\"mark\">*</span>");
        }
    }

    /// Names and values, in pairs.
    fn facts<'t>(&mut self, facts: impl IntoIterator<Item = (&'t str, &'t str)>) {
        self.raw("<dl class=\"facts\">\n");
        for (name, value) in facts {
            self.element("dt", &[], name);
            self.element("dd", &[], value);
            self.raw("\n");
        }
        self.raw("</dl>\n");
    }

    /// Sentences, one below the other.
    fn items(&mut self, items: &[String]) {
        match items {
            [] => {}
            [item] => self.paragraph(item),
            items => {
                self.raw("<ul>\n");
                for item in items {
                    self.element("li", &[], item);
                    self.raw("\n");
                }
                self.raw("</ul>\n");
            }
        }
    }

    fn paragraph(&mut self, text: &str) {
        self.element("p", &[], text);
        self.raw("\n");
    }

    /// What a reader should know: each with its code.
    fn notices<'t>(&mut self, notices: impl IntoIterator<Item = (&'static str, &'t str)>) {
        self.raw("<ul class=\"notices\">\n");
        for (code, message) in notices {
            self.raw("<li>");
            self.element("code", &[], code);
            self.raw(" ");
            self.text(message);
            self.raw("</li>\n");
        }
        self.raw("</ul>\n");
    }

    /// A table, whose first column tells what its rows are; `caption` is for those who hear it.
    fn table(&mut self, table: &Table, caption: &str) {
        self.open(
            "div",
            &[("class", "scroll"), ("tabindex", "0"), ("role", "region"), ("aria-label", caption)],
        );
        self.raw("<table>");
        self.element("caption", &[("class", "unseen")], caption);
        self.raw("\n<thead><tr>");
        for (column, name) in table.header.iter().enumerate() {
            let class = if table.numbers.contains(&column) { "n" } else { "" };
            match name.as_str() {
                "" => self.raw("<td></td>"),
                name => self.element("th", &[("scope", "col"), ("class", class)], name),
            }
        }
        self.raw("</tr></thead>\n<tbody>\n");
        for row in &table.rows {
            self.raw("<tr>");
            for (column, cell) in row.iter().enumerate() {
                match (column, table.numbers.contains(&column)) {
                    (0, _) => self.element("th", &[("scope", "row")], cell),
                    (_, true) => self.element("td", &[("class", "n")], cell),
                    (_, false) => self.element("td", &[], cell),
                }
            }
            self.raw("</tr>\n");
        }
        self.raw("</tbody></table></div>\n");
    }

    /// What the script shows beside `table#lines` where it runs; `count` is the sentence on how much is shown.
    fn controls(&mut self, texts: &HtmlTexts, count: &str) {
        let attributes =
            [("class", "controls"), ("id", "controls"), ("data-all", &*texts.all), ("hidden", "")];
        self.open("div", &attributes);
        self.open("label", &[("for", "filter")]);
        self.text(&texts.filter);
        self.raw("<input type=\"search\" id=\"filter\" autocomplete=\"off\"></label>");
        self.element("button", &[("type", "button"), ("id", "reset")], &texts.reset);
        let attributes = [("id", "count"), ("for", "filter"), ("aria-live", "polite"), ("data-text", count)];
        self.element("output", &attributes, "");
        self.raw("</div>\n");
    }

    /// The head of a column of `table#lines`, by its name in data.
    fn column_head(&mut self, name: &str, is_number: bool) {
        let class = if is_number { "n" } else { "" };
        self.open("th", &[("scope", "col"), ("class", class), ("data-column", name)]);
        // Where print is narrow, a name may break behind an underscore.
        for (place, part) in name.split('_').enumerate() {
            self.raw(if place > 0 { "_<wbr>" } else { "" });
            self.text(part);
        }
        self.raw("</th>");
    }

    /// A section under its heading, whose id is `id`.
    fn section(
        &mut self,
        id: &'static str,
        title: &str,
        fill: impl FnOnce(&mut Self) -> Result<()>,
    ) -> Result<()> {
        let heading = format!("{id}-heading");
        self.open("section", &[("id", id), ("aria-labelledby", &heading)]);
        self.raw("\n");
        self.element("h2", &[("id", &heading)], title);
        self.raw("\n");
        fill(self)?;
        self.raw("</section>\n");
        Ok(())
    }

    /// A section of a page that other formats show as well.
    fn page_section(&mut self, section: &Section) {
        self.raw("<section>\n");
        if let Some(title) = &section.title {
            self.element("h2", &[], title);
            self.raw("\n");
        }
        let caption = section.title.as_deref().unwrap_or_default();
        section.blocks.iter().for_each(|block| self.block(block, caption));
        self.raw("</section>\n");
    }

    fn block(&mut self, block: &Block, caption: &str) {
        match block {
            Block::Paragraph(sentence) => self.paragraph(sentence),
            Block::Items(items) => self.items(items),
            Block::Table(table) => self.table(table, caption),
            Block::Facts(facts) => {
                self.facts(facts.iter().map(|(name, value)| (name.as_str(), value.as_str())));
            }
            Block::Sums(Sums { amounts, total_last: _ }) => {
                let amounts = amounts.iter();
                let sums: Vec<_> =
                    amounts.map(|(name, (amount, unit))| (name, format!("{amount} {unit}"))).collect();
                self.facts(sums.iter().map(|(name, amount)| (name.as_str(), amount.as_str())));
            }
            Block::Notices(Notices { notices, room: _ }) => {
                self.notices(notices.iter().map(|(code, message)| (*code, message.as_str())));
            }
        }
    }
}

/// A whole document: `body` fills what stands in its `<main>`.
fn document(lang: Lang, title: &str, body: impl FnOnce(&mut Html) -> Result<()>) -> Result<String> {
    let policy = format!(
        "default-src 'none'; style-src '{STYLE_DIGEST}'; script-src '{SCRIPT_DIGEST}'; img-src data:; base-uri 'none'; \
         form-action 'none'"
    );
    let mut html = Html::default();
    html.raw("<!DOCTYPE html>\n");
    html.open("html", &[("lang", lang.as_str())]);
    html.raw("\n<head>\n<meta charset=\"utf-8\">\n");
    html.open("meta", &[("http-equiv", "Content-Security-Policy"), ("content", &policy)]);
    html.raw("\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
    html.raw("<meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"referrer\" content=\"no-referrer\">\n");
    // Without one, browsers ask the place that they have a page from for an icon.
    html.raw("<link rel=\"icon\" href=\"data:,\">\n");
    html.element("title", &[], title);
    html.raw("\n<style>");
    html.raw(STYLE);
    html.raw("</style>\n</head>\n<body>\n<main>\n");
    body(&mut html)?;
    html.raw("</main>\n<script>");
    html.raw(SCRIPT);
    html.raw("</script>\n</body>\n</html>\n");
    Ok(html.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_becomes_markup() {
        assert_eq!(
            escaped("<img src=x onerror='a()'>&\""),
            "&lt;img src=x onerror=&#39;a()&#39;&gt;&amp;&quot;"
        );
        assert_eq!(escaped("a\u{202e}b\n\u{1b}"), "a\\u{202e}b\\n\\u{1b}");
        assert!(matches!(escaped("杭州 – pcc-1"), Cow::Borrowed("杭州 – pcc-1")));
        let mut html = Html::default();
        html.element("p", &[("title", "\"><script>")], "</p>");
        assert_eq!(html.0, "<p title=\"&quot;&gt;&lt;script&gt;\">&lt;/p&gt;</p>");
    }

    #[test]
    fn digits_stand_in_threes_for_the_eye_alone() {
        for (decimal, groups) in [
            ("0.00", "0.00"),
            ("-96.5", "-96.5"),
            ("144", "144"),
            ("-1234.5678", "-1|234.5678"),
            ("123456", "123|456"),
            ("1234567.00", "1|234|567.00"),
            ("", ""),
        ] {
            let mut html = Html::default();
            html.decimal(decimal);
            let plain = html.0.replace("<span class=\"k\">", "").replace("</span>", "|");
            assert_eq!(plain, groups);
            assert_eq!(plain.replace('|', ""), decimal);
        }
    }

    /// Neither can end the element that it stands in.
    #[test]
    fn style_and_script_stay_in_their_elements() {
        assert!(!STYLE.contains("</") && !SCRIPT.contains("</") && !SCRIPT.contains("<!--"));
    }
}
