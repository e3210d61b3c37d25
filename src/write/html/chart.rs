//! Charts as inline SVG: bars that patterns, labels and titles tell apart, so that colour is not needed.
//!
//! They have no view box: text keeps its size on every screen, and lengths across are percent. All lengths are integers
//! of hundredths, from exact amounts.

use super::Html;
use crate::model::money::Money;

/// Patterns that all charts of a page share.
pub(super) const PATTERNS: &str = "<svg class=\"defs\" aria-hidden=\"true\"><defs><pattern id=\"hatch\" width=\"6\" height=\"6\" \
     patternUnits=\"userSpaceOnUse\" patternTransform=\"rotate(45)\"><rect class=\"ground\" width=\"6\" height=\"6\"/>\
     <line class=\"hatch\" x1=\"1.5\" y1=\"0\" x2=\"1.5\" y2=\"6\"/></pattern></defs></svg>\n";

/// What fills a part of a bar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fill {
    /// All of one colour.
    Solid,
    /// Gold: all of one colour.
    Gold,
    /// Platinum: hatched.
    Platinum,
}

impl Fill {
    fn rect(self, html: &mut Html, x: u128, width: u128) {
        let (x, width) = (percent(x), percent(width));
        let place = [("x", x.as_str()), ("y", "0"), ("width", width.as_str()), ("height", "100%")];
        let look: &[(&str, &str)] = match self {
            Self::Solid => &[("class", "day")],
            Self::Gold => &[("class", "gold")],
            Self::Platinum => &[("fill", "url(#hatch)")],
        };
        html.open("rect", &[&place, look].concat());
        html.raw("</rect>");
        if self == Self::Platinum {
            html.open("rect", &[&place[..], &[("class", "edge")]].concat());
            html.raw("</rect>");
        }
    }

    /// A sample of it for a legend.
    pub fn sample(self, html: &mut Html) {
        html.raw("<svg aria-hidden=\"true\">");
        self.rect(html, 0, WHOLE);
        html.raw("</svg>");
    }
}

/// All of a length, in hundredths of a percent.
const WHOLE: u128 = 10_000;

/// How much of `whole` is `part`, in hundredths of a percent; nothing of what is negative.
fn share(part: Money, whole: Money) -> u128 {
    let part = part.units().max(0).unsigned_abs();
    let whole = whole.units().max(1).unsigned_abs();
    // A drawing needs no more digits than both have left where their product would be too large.
    part.checked_mul(WHOLE).map_or_else(|| part / (whole / WHOLE), |product| product / whole).min(WHOLE)
}

fn percent(hundredths: u128) -> String {
    format!("{}.{:02}%", hundredths / 100, hundredths % 100)
}

/// A bar across, whose parts stand one behind the other; all of its length is `whole`.
pub(super) fn bar(html: &mut Html, title: &str, parts: &[(Fill, Money)], whole: Money) {
    html.raw("<svg role=\"img\">");
    html.element("title", &[], title);
    let mut x = 0;
    for &(fill, part) in parts.iter().filter(|(_, part)| *part > Money::ZERO) {
        // What costs something is seen.
        let width = share(part, whole).max(20).min(WHOLE.saturating_sub(x));
        fill.rect(html, x, width);
        x += width;
    }
    html.raw("</svg>");
}

/// A day of a chart.
#[derive(Debug)]
pub(super) struct DayBar {
    /// Its date, `2026-10-01`.
    pub date: String,
    /// What was sent, in GB.
    pub quantity: Money,
    /// What it costs.
    pub cost: Money,
}

/// How high the plot of days is, and what stands above and below it, in hundredths of a pixel.
const PLOT: u128 = 15_000;
const ABOVE: u128 = 1_400;

/// Days side by side with an axis of amounts; `about` says what is seen.
pub(super) fn days(html: &mut Html, about: &str, days: &[DayBar], unit: &str) {
    let most = days.iter().map(|day| day.cost).max().unwrap_or_default().max(Money::ZERO);
    let step = step(most);
    let steps = (most.units().max(1) - 1) / step + 1;
    let top = Money::from_units(step.saturating_mul(steps));
    let marks: Vec<(String, u128)> = (0..=steps)
        .map(|mark| {
            let value = Money::from_units(step.saturating_mul(mark));
            (value.text(0), ABOVE + PLOT - share(value, top) * PLOT / WHOLE)
        })
        .collect();
    html.raw("<figure class=\"days\">\n");
    axis(html, &marks);
    html.open("svg", &[("class", "plot"), ("role", "img"), ("aria-label", about)]);
    html.raw("\n");
    for (_, y) in &marks {
        let y = pixels(*y);
        html.open("line", &[("class", "grid"), ("x1", "0"), ("x2", "100%"), ("y1", &y), ("y2", &y)]);
        html.raw("</line>\n");
    }
    let count = days.len().max(1) as u128;
    for (place, day) in days.iter().enumerate() {
        let height = (share(day.cost, top) * PLOT / WHOLE).max(if day.cost > Money::ZERO { 50 } else { 0 });
        let column = Column { place: place as u128, count, y: ABOVE + PLOT - height, height };
        if height > 0 {
            column.rect(html, &format!("{}: {} {unit}", day.date, day.cost));
        }
        let x = percent((2 * column.place + 1) * WHOLE / (2 * count));
        // On small screens every fifth day has its number.
        let number = day.date.get(8..).unwrap_or_default();
        let class = if place == 0 || (place + 1) % 5 == 0 { "" } else { "d" };
        html.element("text", &[("class", class), ("x", &x), ("y", "180"), ("text-anchor", "middle")], number);
        html.raw("\n");
    }
    html.raw("<line class=\"base\" x1=\"0\" x2=\"100%\" y1=\"164\" y2=\"164\"></line>\n</svg>\n</figure>\n");
}

/// The amounts beside a plot.
fn axis(html: &mut Html, marks: &[(String, u128)]) {
    let longest = marks.iter().map(|(text, _)| text.len()).max().unwrap_or_default();
    let width = (longest * 7 + 10).to_string();
    let end = (longest * 7 + 2).to_string();
    html.open("svg", &[("width", &width), ("height", "190"), ("aria-hidden", "true")]);
    for (text, y) in marks {
        html.element("text", &[("x", &end), ("y", &pixels(y + 400)), ("text-anchor", "end")], text);
    }
    html.raw("</svg>\n");
}

/// A bar upright among others.
struct Column {
    place: u128,
    count: u128,
    y: u128,
    height: u128,
}

impl Column {
    /// Takes three quarters of its place.
    fn rect(&self, html: &mut Html, title: &str) {
        let width = WHOLE * 3 / (4 * self.count);
        let x = self.place * WHOLE / self.count + WHOLE / (8 * self.count);
        html.raw("<rect class=\"day\"");
        let attributes = [
            (" x=\"", percent(x)),
            ("\" y=\"", pixels(self.y)),
            ("\" width=\"", percent(width)),
            ("\" height=\"", pixels(self.height)),
        ];
        for (name, value) in attributes {
            html.raw(name);
            html.text(&value);
        }
        html.raw("\">");
        html.element("title", &[], title);
        html.raw("</rect>");
    }
}

/// Days side by side, small and without an axis; the highest of them is `most`.
pub(super) fn spark(html: &mut Html, about: &str, days: &[DayBar], most: Money) {
    const HEIGHT: u128 = 3_400;
    html.open("svg", &[("class", "spark"), ("role", "img"), ("aria-label", about)]);
    let count = days.len().max(1) as u128;
    for (place, day) in days.iter().enumerate() {
        let height = (share(day.cost, most) * HEIGHT / WHOLE).max(50);
        let column = Column { place: place as u128, count, y: HEIGHT - height, height };
        column.rect(html, &format!("{}: {}", day.date, day.cost));
    }
    html.raw("</svg>\n");
}

fn pixels(hundredths: u128) -> String {
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

/// The distance of marks of an axis up to `most`: 1, 2 or 5 of a power of ten, so that there are at most five marks.
fn step(most: Money) -> i128 {
    let mut step = 1i128;
    for factor in [2, 5, 10].into_iter().cycle() {
        let next = match factor {
            2 => step.checked_mul(2),
            5 => (step / 2).checked_mul(5),
            _ => (step / 5).checked_mul(10),
        };
        match next {
            Some(next) if most.units() / step >= 4 => step = next,
            _ => break,
        }
    }
    step
}

#[cfg(test)]
mod tests {
    use super::*;

    fn units(units: i128) -> Money {
        Money::from_units(units)
    }

    #[test]
    fn lengths_are_shares_of_any_size() {
        assert_eq!(share(units(1), units(3)), 3333);
        assert_eq!(share(units(-5), units(3)), 0);
        assert_eq!(share(units(5), units(0)), WHOLE);
        assert_eq!(share(units(i128::MAX / 4), units(i128::MAX)), 2500);
        assert_eq!(percent(3333), "33.33%");
        assert_eq!(percent(WHOLE), "100.00%");
        assert_eq!(pixels(5), "0.05");
    }

    #[test]
    fn an_axis_has_few_round_marks() {
        for (most, expected) in [(0, 1), (3, 1), (4, 2), (8, 5), (20, 10), (39, 10), (40, 20), (12_345, 5000)]
        {
            assert_eq!(step(units(most)), expected, "{most}");
        }
        assert!(units(i128::MAX).units() / step(units(i128::MAX)) < 5);
    }
}
