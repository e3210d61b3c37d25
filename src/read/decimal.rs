//! Numbers as JSON writes them, exactly: no float stands between the text and its value (R10); and what is said of a
//! text that is none.

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
