//! Numbers as JSON and bills write them, exactly: no float stands between the text and its value (R10); and what is said
//! of a text that is none.

use crate::model::{invalid::Invalid, quoted};
use std::fmt;

/// How many decimals are kept; a number with more is refused.
const DECIMALS: usize = 27;

/// A number that is not negative and less than 2^64.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Decimal {
    pub whole: u64,
    /// What is beyond, in units of 10^-27.
    pub fraction: u128,
}

impl Decimal {
    /// Reads `1048576`, `1048576.0` or `1.048576E6`. The error says what is wrong, without the value.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        const SHAPE: &str = "it is no number";
        let (number, exponent) = match text.find(['e', 'E']) {
            Some(at) => match parse_exponent(&text[at + 1..]) {
                Some(exponent) => (&text[..at], exponent),
                None => return Err(why_no_number(text).unwrap_or(SHAPE)),
            },
            None => (text, 0),
        };
        if number.starts_with('-') && number.len() > 1 && number.as_bytes()[1].is_ascii_digit() {
            return Err("it cannot be negative");
        }
        let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
        let digits_only = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if !digits_only(whole) || !digits_only(fraction) {
            return Err(why_no_number(text).unwrap_or(SHAPE));
        }
        // The usual spelling of a whole number: 1048576.0.
        if exponent == 0 && whole.len() <= 19 && fraction.bytes().all(|byte| byte == b'0') {
            let whole = whole.bytes().fold(0, |sum, digit| sum * 10 + u64::from(digit - b'0'));
            return Ok(Self { whole, fraction: 0 });
        }
        let digits = || whole.bytes().chain(fraction.bytes()).map(|byte| byte - b'0');
        let length = whole.len() + fraction.len();
        let leading = digits().take_while(|digit| *digit == 0).count();
        if leading == length {
            return Ok(Self { whole: 0, fraction: 0 });
        }
        let trailing = digits().rev().take_while(|digit| *digit == 0).count();
        // Where the point stands, counted in digits from the first that is not zero.
        let point = whole.len() as i64 - leading as i64 + exponent;
        let significant = (length - leading - trailing) as i64;
        if point > 20 {
            return Err("it is at most 2^64-1");
        }
        if significant - point > DECIMALS as i64 {
            return Err("it has more than 27 decimals");
        }
        let digit = |place: i64| match usize::try_from(place) {
            Ok(place) if place < significant as usize => digits().nth(leading + place).unwrap_or_default(),
            _ => 0,
        };
        let whole = (0..point).try_fold(0u64, |sum, at| sum.checked_mul(10)?.checked_add(digit(at).into()));
        let fraction = (point..point + DECIMALS as i64).fold(0, |sum, at| sum * 10 + u128::from(digit(at)));
        Ok(Self { whole: whole.ok_or("it is at most 2^64-1")?, fraction })
    }
}

/// What tables write where there is nothing to tell.
const NO_DATA: [&str; 13] =
    ["", "-", "--", "na", "n/a", "#n/a", "nan", "null", "nil", "none", "\\n", "\u{2013}", "\u{2014}"];
const MARK_OF_NO_DATA: &str =
    "no number; a mark for no data? leave such a record out, or write 0 where nothing was sent";
pub(crate) const EXCEL_HAS_ROUNDED: &str = "Excel has rounded this, and its digits are lost: format the column as a number \
                                            without decimals, and export again";

/// What a text that is no number seems to be, where it is something that people and spreadsheets write.
pub(crate) fn why_no_number(text: &str) -> Option<&'static str> {
    if NO_DATA.contains(&text.trim().to_ascii_lowercase().as_str()) {
        return Some(MARK_OF_NO_DATA);
    }
    if text.trim() != text {
        return Some("blanks stand around it: take them off");
    }
    if text.bytes().all(|byte| !byte.is_ascii_digit()) && text.chars().any(char::is_numeric) {
        return Some("its digits are not 0 to 9: write it as digits only");
    }
    if is_rounded(text) {
        return Some(EXCEL_HAS_ROUNDED);
    }
    if has_thousands_separators(text) {
        return Some("these are thousands separators: write it as digits only");
    }
    let number = text.trim_end_matches(|own: char| own.is_ascii_alphabetic());
    if number.len() < text.len() && Decimal::parse(number.trim_end()).is_ok() {
        return Some("a unit stands behind it: give bytes, as digits only");
    }
    let (whole, fraction) = text.split_once(',')?;
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    (digits(whole) && digits(fraction)).then_some("decimal commas are not read: write it as digits only")
}

/// A number that a spreadsheet has cut to a few digits: `1.07374E+11`, whose digits do not reach the unit.
pub(crate) fn is_rounded(text: &str) -> bool {
    let Some((number, exponent)) = text.split_once("E+") else { return false };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let exponent = exponent.parse::<usize>().ok().filter(|_| digits(exponent));
    !whole.is_empty() && digits(whole) && digits(fraction) && exponent.is_some_and(|own| fraction.len() < own)
}

/// Groups of three digits with one and the same mark between them; of points there are several, as one is no separator.
fn has_thousands_separators(text: &str) -> bool {
    let is_mark = |own: char| ",.'_ \u{a0}\u{202f}\u{2019}\u{ff0c}".contains(own);
    let Some(mark) = text.chars().find(|own| is_mark(*own)) else { return false };
    let mut groups = text.split(mark);
    let digits = |group: &str| !group.is_empty() && group.bytes().all(|byte| byte.is_ascii_digit());
    let first = groups.next().is_some_and(|group| digits(group) && group.len() <= 3);
    let (count, alike) = groups
        .fold((0, true), |(count, alike), group| (count + 1, alike && digits(group) && group.len() == 3));
    first && alike && (count > 1 || mark != '.')
}

/// An exponent, cut where it is far beyond any number that is read.
fn parse_exponent(text: &str) -> Option<i64> {
    let (sign, digits) = match text.as_bytes() {
        [b'-', ..] => (-1, &text[1..]),
        [b'+', ..] => (1, &text[1..]),
        _ => (1, text),
    };
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let size = digits.bytes().fold(0i64, |sum, digit| (sum * 10 + i64::from(digit - b'0')).min(1 << 40));
    Some(sign * size)
}

/// So many digits before the point, and so many behind it, are read.
const MOST_DIGITS: usize = 18;
/// So many significant digits of a number hold that went through single precision.
const SINGLE_DIGITS: i32 = 7;

/// A number as a bill prints it: its digits exactly, and within what the value that was printed may be off.
///
/// That is half a unit of its last decimal. A whole number prints none: where others of its column have decimals, it holds
/// to as many as the most of them. Amounts in the JSON of the provider's API, which are of single precision, hold to half
/// a unit of their seventh significant digit.
///
/// ```
/// use peerbill::read::bill::Printed;
///
/// let amount = Printed::parse("-1,234.50")?;
/// assert_eq!((amount.units(), amount.scale()), (-123_450, 2));
/// assert_eq!(amount.tolerance(), (5, 3), "0.005");
/// assert_eq!(Printed::parse_single("14.4")?.tolerance(), (5, 6), "0.000005");
/// assert!(Printed::parse("1,234").is_err(), "a decimal comma, or a mark of thousands?");
/// # Ok::<(), peerbill::Error>(())
/// ```
// Packed: a bill of a million lines holds millions of them.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
#[repr(Rust, packed(4))]
pub struct Printed {
    units: i128,
    scale: u8,
    /// How many halves of a unit of the decimal below it may be off.
    halves: u8,
    /// The exponent of ten of the last digit that holds.
    last: i8,
}

impl Printed {
    /// Reads digits with at most one point; a minus, commas between thousands and an exponent are read where they cannot
    /// mean anything else.
    ///
    /// # Errors
    ///
    /// Everything else, with the way out: a single comma, which may be one of decimals or of thousands, a unit, a number
    /// that a spreadsheet has rounded, one of more than 18 digits before or behind the point.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let bad = |why: &str| Invalid::new(format!("{}: {why}", quoted(text.as_bytes())));
        let (negative, digits) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        if is_rounded(digits) {
            return Err(bad(EXCEL_HAS_ROUNDED));
        }
        let plain = without_thousands(digits).ok_or_else(|| bad(ONE_COMMA))?;
        let (units, scale) = read_digits(&plain).map_err(|why| bad(&why))?;
        let units = if negative { -units } else { units };
        let last = -i32::from(scale);
        // OK because a scale is at most 18.
        Ok(Self { units, scale, halves: 1, last: last as i8 })
    }

    /// Reads a number of JSON that went through single precision.
    ///
    /// # Errors
    ///
    /// As [`parse`](Self::parse).
    pub fn parse_single(text: &str) -> Result<Self, Invalid> {
        let own = Self::parse(text)?;
        let magnitude = own.units.unsigned_abs();
        if magnitude == 0 {
            return Ok(Self { halves: 0, ..own });
        }
        let first = magnitude.ilog10() as i32 - i32::from(own.scale);
        // OK because it lies between -25 and 12.
        Ok(Self { last: (first - SINGLE_DIGITS + 1) as i8, ..own })
    }

    /// The value as a number of 10^-[`scale`](Self::scale).
    pub fn units(self) -> i128 {
        self.units
    }

    /// How many decimals it was printed with: at most 18.
    pub fn scale(self) -> u32 {
        self.scale.into()
    }

    /// Within what the value may be off: a number of units, and the decimals of that unit.
    pub fn tolerance(self) -> (i128, u32) {
        let (halves, last) = (i128::from(self.halves) * 5, i32::from(self.last));
        // OK because a last digit stands between 10^-25 and 10^12.
        if last > 0 { (halves * 10i128.pow(last as u32 - 1), 0) } else { (halves, (1 - last) as u32) }
    }

    /// Whether it is nothing.
    pub fn is_zero(self) -> bool {
        self.units == 0
    }

    /// Plain decimal text, without zeros behind the last decimal that is none.
    pub fn text(self) -> String {
        let (sign, width) = (if self.units < 0 { "-" } else { "" }, usize::from(self.scale) + 1);
        let digits = format!("{:0>width$}", { self.units }.unsigned_abs());
        let (whole, fraction) = digits.split_at(digits.len() + 1 - width);
        match fraction.trim_end_matches('0') {
            "" => format!("{sign}{whole}"),
            fraction => format!("{sign}{whole}.{fraction}"),
        }
    }

    /// The sum of two printed numbers, which may be off by as much as both together.
    pub(crate) fn plus(self, other: Self) -> Option<Self> {
        let scale = self.scale.max(other.scale);
        let units = self.units_at(scale)?.checked_add(other.units_at(scale)?)?;
        let (coarser, finer) = if self.last >= other.last { (self, other) } else { (other, self) };
        let halves = if coarser.halves == 0 {
            return Some(Self { units, scale, ..finer });
        } else {
            coarser.halves.saturating_add(finer.halves)
        };
        Some(Self { units, scale, halves, last: coarser.last })
    }

    /// The same with the other sign.
    pub(crate) fn negated(self) -> Self {
        Self { units: -self.units, ..self }
    }

    /// Whether it was printed without decimals, by which nothing is said of those that the value has.
    pub(crate) fn is_whole(self) -> bool {
        self.scale == 0 && self.last == 0 && self.halves == 1
    }

    /// As one of a column whose numbers have at most so many decimals: programs leave zeros away at the end, so that a whole
    /// number holds to all of them, and one that went through single precision to no more than these, but to cents.
    pub(crate) fn to_decimals(self, decimals: u32) -> Self {
        // OK because decimals are at most 18.
        let (own, cents) = (-(decimals as i8), -(decimals.max(2) as i8));
        match self.is_whole() {
            true => Self { last: own, ..self },
            false if self.is_single() => Self { last: self.last.max(cents), ..self },
            false => self,
        }
    }

    /// Whether it went through single precision, by which it holds to another digit than its last one.
    fn is_single(self) -> bool {
        self.halves == 1 && i32::from(self.last) != -i32::from(self.scale)
    }

    fn units_at(self, scale: u8) -> Option<i128> {
        { self.units }.checked_mul(10i128.checked_pow(u32::from(scale.checked_sub(self.scale)?))?)
    }
}

impl fmt::Debug for Printed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (units, scale) = self.tolerance();
        write!(f, "{} ± {units}e-{scale}", self.text())
    }
}

const ONE_COMMA: &str =
    "a comma may stand for decimals or for thousands: write it with a point, and without separators";

/// The digits without commas between thousands; `None` where a comma may be something else.
fn without_thousands(text: &str) -> Option<String> {
    if !text.contains(',') {
        return Some(text.to_owned());
    }
    let (whole, fraction) = text.split_once('.').map_or((text, None), |(whole, rest)| (whole, Some(rest)));
    let mut groups = whole.split(',');
    let digits = |group: &str| !group.is_empty() && group.bytes().all(|byte| byte.is_ascii_digit());
    let first = groups.next().is_some_and(|group| digits(group) && group.len() <= 3);
    let rest: Vec<&str> = groups.collect();
    let is_sure = fraction.is_some_and(digits) || rest.len() > 1;
    let grouped = first && is_sure && rest.iter().all(|group| digits(group) && group.len() == 3);
    grouped.then(|| text.replace(',', ""))
}

/// Digits with at most one point and an exponent, as a number of 10^-scale.
fn read_digits(text: &str) -> Result<(i128, u8), String> {
    const SHAPE: &str = "it is no number: write it as digits, with a point before decimals";
    let shape = || why_no_number(text).unwrap_or(SHAPE).to_owned();
    let (number, exponent) = match text.split_once(['e', 'E']) {
        Some((number, exponent)) => (number, read_exponent(exponent).ok_or_else(shape)?),
        None => (text, 0),
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(fraction) {
        return Err(shape());
    }
    let fraction = if number.contains('.') { fraction } else { "" };
    let too_long = || format!("it has more than {MOST_DIGITS} digits before the point or behind it");
    let shown = format!("{whole}{fraction}");
    let (mut digits, mut scale) = (shown.trim_start_matches('0'), fraction.len() as i64 - exponent);
    // Zeros that single steps of an exponent or of a program left behind: beyond 18 decimals they say nothing.
    while scale > MOST_DIGITS as i64 && (digits.is_empty() || digits.ends_with('0')) {
        digits = digits.strip_suffix('0').unwrap_or(digits);
        scale -= 1;
    }
    let zeros = usize::try_from(-scale).unwrap_or_default();
    let scale = u8::try_from(scale.max(0)).map_err(|_| too_long())?;
    if usize::from(scale) > MOST_DIGITS || (digits.len() + zeros).saturating_sub(scale.into()) > MOST_DIGITS {
        if digits.is_empty() {
            return Ok((0, 0));
        }
        return Err(too_long());
    }
    let units = format!("0{digits}{:0<zeros$}", "").parse().map_err(|_| too_long())?;
    Ok((units, scale))
}

/// A decimal exponent of at most three digits.
fn read_exponent(text: &str) -> Option<i64> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let is_read = (1..=3).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| is_read)
}

#[cfg(test)]
mod tests {
    use super::*;
    use num_bigint::BigInt;
    use num_rational::BigRational;
    use proptest::prelude::*;

    fn whole(text: &str) -> Result<u64, &'static str> {
        Decimal::parse(text).map(|decimal| {
            assert_eq!(decimal.fraction, 0, "{text}");
            decimal.whole
        })
    }

    #[test]
    fn r10_a_whole_number_in_any_spelling_is_that_integer() {
        for text in [
            "1048576",
            "1048576.0",
            "1.048576E6",
            "1.048576e+6",
            "10485760e-1",
            "0001048576.000",
            "0.1048576E7",
        ] {
            assert_eq!(whole(text), Ok(1_048_576), "{text}");
        }
        assert_eq!(whole("9007199254740993.0"), Ok(9_007_199_254_740_993));
        assert_eq!(whole("1.8446744073709551615E19"), Ok(u64::MAX));
        assert_eq!(whole("0e999999999999999999999"), Ok(0));
        assert_eq!(whole("0.0"), Ok(0));
    }

    #[test]
    fn what_is_no_number_is_named_for_what_it_seems_to_be() {
        for (texts, why) in [
            (&["", "-", "--", "NA", "N/A", "null", "NaN", "#N/A", " ", "\u{2014}"][..], "a mark for no data"),
            (
                &["107,374,182,400", "1,000", "53.687.091.200", "53 687 091 200", "5\u{a0}000", "5'000"],
                "thousands",
            ),
            (&["12,5", "0,48", "1234,567"], "decimal commas"),
            (&["100 GB", "12.5GiB", "100B", "7 bytes"], "a unit"),
            (&[" 7", "7 ", "\u{3000}7"], "blanks"),
            (&["\u{ff11}\u{ff12}", "\u{663}"], "not 0 to 9"),
        ] {
            for text in texts {
                let said = Decimal::parse(text).unwrap_err();
                assert!(said.contains(why), "{text}: {said}");
            }
        }
        assert_eq!(Decimal::parse("-5"), Err("it cannot be negative"));
        for text in ["1.07374E+11", "5E+10", "1.E+5"] {
            assert!(is_rounded(text), "{text}");
        }
        for text in ["1.07374E11", "1.5E+1", "1.073741824000E+11x", "1E-5", "E+5", "7"] {
            assert!(!is_rounded(text), "{text}");
        }
    }

    #[test]
    fn r15_what_cannot_be_held_exactly_is_refused() {
        for text in [
            "", "-1", "-0.0", "+1", "1.", ".5", "1e", "1e+", "1.5.5", "0x10", " 1", "1 ", "NaN", "1_000",
            "\u{663}",
        ] {
            assert!(Decimal::parse(text).is_err(), "{text}");
        }
        for text in ["18446744073709551616", "1e20", "1e999999999999999999999", "0.1e-27"] {
            assert!(Decimal::parse(text).is_err(), "{text}");
        }
        assert_eq!(Decimal::parse("1e-27").unwrap().fraction, 1);
        assert_eq!(Decimal::parse("1048576.5").unwrap().fraction, 5 * 10_u128.pow(26));
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn r10_every_number_is_what_big_rationals_say(
            digits in "[0-9]{1,12}", decimals in "[0-9]{1,12}", exponent in -18i32..12,
        ) {
            let read = Decimal::parse(&format!("{digits}.{decimals}e{exponent}"));
            let ten = BigRational::from_integer(BigInt::from(10));
            let number: BigInt = format!("{digits}{decimals}").parse().unwrap();
            let expected = BigRational::from_integer(number) * ten.pow(exponent - decimals.len() as i32);
            let units = &expected * ten.pow(27);
            if expected >= ten.pow(19) || !units.is_integer() {
                prop_assert!(read.is_err() || units.is_integer());
            } else {
                let read = read.unwrap();
                let value = BigRational::from_integer(BigInt::from(read.whole))
                    + BigRational::from_integer(BigInt::from(read.fraction)) / ten.pow(27);
                prop_assert_eq!(value, expected);
            }
        }
    }
}

#[cfg(test)]
mod printed_tests {
    use super::*;

    fn read(text: &str) -> (i128, u32, (i128, u32)) {
        let own = Printed::parse(text).unwrap();
        (own.units(), own.scale(), own.tolerance())
    }

    #[test]
    fn a_number_holds_to_half_a_unit_of_its_last_decimal() {
        assert_eq!(read("14.40"), (1440, 2, (5, 3)));
        assert_eq!(read("-0.0000000001"), (-1, 10, (5, 11)));
        assert_eq!(read("14"), (14, 0, (5, 1)));
        assert_eq!(read("1.5E-7"), (15, 8, (5, 9)));
        assert_eq!(read("1.5e3"), (1500, 0, (5, 1)));
        assert_eq!(read("1,234,567"), (1_234_567, 0, (5, 1)));
        assert_eq!(read("12,345.6"), (123_456, 1, (5, 2)));
        assert_eq!(read("0E-30"), (0, 18, (5, 19)));
        assert_eq!(read("0.1000000000000000000000"), (100_000_000_000_000_000, 18, (5, 19)));
        assert_eq!(Printed::parse("14").unwrap().to_decimals(6).tolerance(), (5, 7));
        assert_eq!(Printed::parse("14.4").unwrap().to_decimals(6).tolerance(), (5, 2));
    }

    #[test]
    fn a_number_of_single_precision_holds_to_its_seventh_digit() {
        for (text, tolerance) in [
            ("0.89", (5, 8)),
            ("14.4", (5, 6)),
            ("14.399999618530273", (5, 6)),
            ("1234567.0", (5, 1)),
            ("123456789", (50, 0)),
            ("0.0", (0, 2)),
            ("8.9E-5", (5, 12)),
        ] {
            assert_eq!(Printed::parse_single(text).unwrap().tolerance(), tolerance, "{text}");
        }
    }

    /// A column of the API that is rounded to cents has no seventh digit to hold to; one that is not has.
    #[test]
    fn a_number_of_single_precision_holds_to_no_more_than_its_column() {
        for (text, decimals, tolerance) in [
            ("0.89", 2, (5, 3)),
            ("0.9", 2, (5, 3)),
            ("96", 2, (5, 3)),
            ("14.4", 1, (5, 3)),
            ("0.8888888", 7, (5, 8)),
            ("0.5", 7, (5, 8)),
            ("17151.447", 3, (5, 3)),
            ("0", 2, (0, 1)),
        ] {
            let own = Printed::parse_single(text).unwrap().to_decimals(decimals);
            assert_eq!(own.tolerance(), tolerance, "{text} {decimals}");
        }
    }

    #[test]
    fn what_may_mean_two_things_is_refused_with_the_way_out() {
        for (text, why) in [
            ("1,234", "a comma may stand for decimals or for thousands"),
            ("12,5", "a comma may stand"),
            ("1.234,56", "a comma may stand"),
            ("1.07374E+11", "Excel has rounded"),
            ("12 GB", "a unit stands behind it"),
            ("¥12", "no number"),
            ("(12.00)", "no number"),
            ("--5", "no number"),
            ("+5", "no number"),
            ("1.5.5", "no number"),
            ("1234567890123456789", "more than 18 digits"),
            ("0.1234567890123456789", "more than 18 digits"),
            ("1e19", "more than 18 digits"),
            ("1e9999", "no number"),
            ("\u{ff11}", "not 0 to 9"),
        ] {
            let error = Printed::parse(text).unwrap_err();
            assert!(error.message().contains(why), "{text}: {error}");
        }
    }

    #[test]
    fn sums_may_be_off_by_as_much_as_their_parts() {
        let of = |text: &str| Printed::parse(text).unwrap();
        let sum = of("1.25").plus(of("0.5")).unwrap();
        assert_eq!((sum.text(), sum.tolerance()), ("1.75".into(), (10, 2)));
        let exact = of("1.25").plus(Printed::parse_single("0").unwrap()).unwrap();
        assert_eq!((exact.text(), exact.tolerance()), ("1.25".into(), (5, 3)));
        assert_eq!(of("1.25").plus(of("0.50").negated()).unwrap().text(), "0.75");
        assert_eq!([of("-0.050").text(), of("100").text(), of("-0").text()], ["-0.05", "100", "0"]);
    }
}
