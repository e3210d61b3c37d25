//! Volumes and rates of traffic as people write them: `2TB`, `500 GB`, `1,000`; so many Mbit/s for so many hours a day.

use super::{
    did_you_mean,
    error::Result,
    finding::{Finding, FindingCode, Said},
    invalid::Invalid,
    money::{Gb, plain_decimal},
    usage::Sender,
};
use rust_decimal::Decimal;
use std::fmt;

/// Units that mean what the catalog's GB means, each with how often 1,024 or 1,000 stand between it and a byte.
const UNITS: [(&str, u32); 4] = [("MB", 2), ("GB", 3), ("TB", 4), ("PB", 5)];

/// Units that are powers of 1,024 wherever they stand.
const BINARY_UNITS: [(&str, u32); 4] = [("MiB", 2), ("GiB", 3), ("TiB", 4), ("PiB", 5)];

impl Gb {
    /// The bytes of a volume, rounded half up to a whole number: a decimal number with a unit, of GB where it has none.
    ///
    /// MB, TB and PB follow the GB (R9): a TB is 1,024 GB of 2^30 bytes, or 1,000 of 10^9. Digits of the whole part may
    /// stand in threes behind commas. MiB, GiB, TiB and PiB are the same where the GB is 2^30 bytes, and refused where
    /// it is not.
    ///
    /// ```
    /// use peerbill::model::money::Gb;
    ///
    /// assert_eq!(Gb::Binary.volume("1,000"), Gb::Binary.bytes_of("1000"));
    /// assert_eq!(Gb::Binary.volume("2TB"), Gb::Binary.bytes_of("2048"));
    /// assert_eq!(Gb::Decimal.volume("0.5 TB"), Ok(500_000_000_000));
    /// assert!(Gb::Binary.volume("1,5").is_err());
    /// ```
    ///
    /// # Errors
    ///
    /// A number that is not plain, has more than 11 digits before the point or 15 after it, or a comma that may be a
    /// point; a unit that is none of these; more than 2^64-1 bytes.
    pub fn volume(self, text: &str) -> Result<u64, Invalid> {
        let trimmed = text.trim();
        let end = trimmed.find(|c: char| !matches!(c, '0'..='9' | '.' | ',')).unwrap_or(trimmed.len());
        let (number, unit) = trimmed.split_at(end);
        let factor = self.bytes_in(unit.trim_start(), text)?;
        let number = plain_decimal(&without_commas(number)?, 11, 15)?;
        let bytes = number.mantissa().unsigned_abs().checked_mul(factor);
        let bytes = bytes.map(|product| half_up(product, 10u128.pow(number.scale())));
        let whole = bytes.and_then(|bytes| u64::try_from(bytes).ok());
        whole.ok_or_else(|| too_many(text, bytes))
    }

    /// How many bytes a unit has; `text` is what it stands in.
    fn bytes_in(self, unit: &str, text: &str) -> Result<u128, Invalid> {
        let base: u128 = match self {
            Self::Binary => 1024,
            Self::Decimal => 1000,
        };
        let find =
            |units: &[(&str, u32)]| units.iter().find(|(name, _)| *name == unit).map(|(_, power)| *power);
        match (unit, find(&UNITS), find(&BINARY_UNITS), self) {
            ("", ..) => Ok(u128::from(self.bytes())),
            (_, Some(power), ..) | (_, _, Some(power), Self::Binary) => Ok(base.pow(power)),
            (_, _, Some(_), Self::Decimal) => Err(format!(
                "{text:?}: one GB of this catalog is {self}, and {unit} is a power of 1,024: write it in MB, GB, TB or PB"
            )
            .into()),
            _ => Err(unknown_unit(unit, text)),
        }
    }
}

/// What stands behind the number is no unit.
fn unknown_unit(unit: &str, text: &str) -> Invalid {
    if unit.starts_with(|c: char| c.is_ascii_digit()) {
        return format!("{text:?} has a blank between its digits: write 1000 or 1,000").into();
    }
    let names = UNITS.iter().chain(&BINARY_UNITS).map(|(name, _)| *name);
    let near = did_you_mean(unit, names);
    format!("{text:?} is not a plain decimal number such as 200, 0.5, 1,000 or 2TB{near}").into()
}

/// The number without the commas that part its thousands.
fn without_commas(number: &str) -> Result<String, Invalid> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if !number.contains(',') {
        return Ok(number.to_owned());
    }
    let mut groups = whole.split(',');
    let first = groups.next().unwrap_or_default();
    let in_threes =
        (1..=3).contains(&first.len()) && !first.starts_with('0') && groups.all(|own| own.len() == 3);
    if in_threes && !fraction.contains(',') {
        return Ok(number.replace(',', ""));
    }
    let point = number.replace(',', ".");
    let example = if point.matches('.').count() == 1 { point.as_str() } else { "1.5" };
    Err(format!(
        "{number:?} is not clear: write {example} with a point for decimals, or 1,000 with digits in threes"
    )
    .into())
}

/// The quotient as a whole number, rounded half up.
fn half_up(dividend: u128, divisor: u128) -> u128 {
    dividend / divisor + u128::from(dividend % divisor * 2 >= divisor)
}

fn too_many(text: impl fmt::Display, bytes: Option<u128>) -> Invalid {
    let bytes = bytes.map_or_else(String::new, |bytes| format!("are {bytes} bytes, which "));
    format!("{text} {bytes}exceed 2^64-1 bytes").into()
}

/// A rate that holds for some hours of every day.
///
/// ```
/// use peerbill::model::{money::Gb, quantity::DailyRate, usage::Sender};
///
/// let rate = DailyRate::parse("100", "8")?;
/// assert_eq!(rate.bytes_in(30)?, 10_800_000_000_000);
/// assert_eq!(
///     rate.note(Sender::Requester, 30, Gb::Decimal)?.message(),
///     "what the requester sends a month: 100 Mbit/s x 450000000 bytes an hour of each x 8 hours a day x 30 days = \
///      10800000000000 bytes, 10800 GB"
/// );
/// # Ok::<(), peerbill::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DailyRate {
    /// Mbit/s.
    mbps: Decimal,
    /// More than none and at most 24.
    hours_a_day: Decimal,
}

impl DailyRate {
    /// Bytes that 1 Mbit/s carries in an hour: 10^6 / 8 x 3600.
    const BYTES_PER_HOUR: u128 = 450_000_000;

    /// Reads plain decimal numbers of Mbit/s, also with commas in threes, and of hours a day.
    ///
    /// # Errors
    ///
    /// A number that is not plain, of more than 9 digits or 6 decimals; hours that are 0 or more than 24.
    pub fn parse(mbps: &str, hours_a_day: &str) -> Result<Self, Invalid> {
        let rate = plain_decimal(&without_commas(mbps.trim())?, 9, 6)?;
        let hours = plain_decimal(hours_a_day.trim(), 2, 6)?;
        if hours.is_zero() || hours > Decimal::from(24) {
            return Err(format!("a day has more than 0 and at most 24 hours, not {hours_a_day}").into());
        }
        Ok(Self { mbps: rate.normalize(), hours_a_day: hours.normalize() })
    }

    /// The bytes of so many days, rounded half up to a whole number.
    ///
    /// # Errors
    ///
    /// More than 2^64-1 bytes.
    pub fn bytes_in(self, days: u32) -> Result<u64, Invalid> {
        let factors = [
            self.mbps.mantissa().unsigned_abs(),
            self.hours_a_day.mantissa().unsigned_abs(),
            u128::from(days),
            Self::BYTES_PER_HOUR,
        ];
        let product = factors.into_iter().try_fold(1_u128, u128::checked_mul);
        let divisor = 10u128.pow(self.mbps.scale() + self.hours_a_day.scale());
        let bytes = product.map(|product| half_up(product, divisor));
        let whole = bytes.and_then(|bytes| u64::try_from(bytes).ok());
        whole.ok_or_else(|| too_many(format_args!("{} Mbit/s", self.mbps), bytes))
    }

    /// How the bytes of so many days come about, which `sender` is to send.
    ///
    /// # Errors
    ///
    /// Those of [`bytes_in`](Self::bytes_in).
    pub fn note(self, sender: Sender, days: u32, gb: Gb) -> Result<Finding> {
        let bytes = self.bytes_in(days)?;
        let said = Said::VolumeFromBandwidth {
            sender,
            mbps: self.mbps.to_string(),
            each: Self::BYTES_PER_HOUR,
            hours: self.hours_a_day.to_string(),
            days,
            bytes,
            gb: gb.quantity(bytes.into())?.text(0),
        };
        Ok(Finding::of(FindingCode::VolumeFromBandwidth, said))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn binary(text: &str) -> Result<u64, String> {
        Gb::Binary.volume(text).map_err(String::from)
    }

    #[test]
    fn r9_units_follow_the_gb_of_the_catalog() {
        for (text, bytes) in [
            ("1", 1_u64 << 30),
            ("1GB", 1 << 30),
            ("500 GB", 500 << 30),
            ("2TB", 2 << 40),
            ("2 TiB", 2 << 40),
            ("1.5GiB", 3 << 29),
            ("512\u{a0}MB", 1 << 29),
            ("16383PB", 16383 << 50),
            ("1,000", 1000 << 30),
            ("1,234,567.5 MB", 1_294_537_850_880),
            ("0.0000000015", 2),
            ("  7 ", 7 << 30),
            ("0", 0),
        ] {
            assert_eq!(binary(text), Ok(bytes), "{text}");
        }
        for (text, bytes) in [
            ("1", 1_000_000_000),
            ("2TB", 2_000_000_000_000),
            ("1MB", 1_000_000),
            ("1PB", 1_000_000_000_000_000),
        ] {
            assert_eq!(Gb::Decimal.volume(text), Ok(bytes), "{text}");
        }
        for unit in ["MiB", "GiB", "TiB", "PiB"] {
            let refused = Gb::Decimal.volume(&format!("1{unit}")).unwrap_err().to_string();
            assert!(refused.contains("10^9 bytes") && refused.contains("write it in"), "{refused}");
        }
    }

    #[test]
    fn r10_what_is_not_clear_is_refused_with_the_way_out() {
        for (text, words) in [
            ("1,5", "write 1.5 with a point"),
            ("0,500", "write 0.500 with a point"),
            ("1,00", "not clear"),
            ("1,0000", "not clear"),
            ("1000,000", "not clear"),
            ("1.000,5", "not clear"),
            ("1,000,5", "not clear"),
            ("1,000.5,1", "not clear"),
            (",500", "not clear"),
            ("1.000.000", "plain decimal"),
            ("1 000", "has a blank"),
            ("500gb", "did you mean \"GB\"?"),
            ("2Tb", "did you mean \"TB\"?"),
            ("1e3", "plain decimal"),
            ("-1", "plain decimal"),
            ("GB", "plain decimal"),
            ("", "plain decimal"),
            ("１", "plain decimal"),
            ("5.", "plain decimal"),
            ("0.1234567890123456", "at most 11 digits before the point and 15 after it"),
            ("123456789012", "at most 11 digits"),
        ] {
            let refused = binary(text).expect_err(text);
            assert!(refused.contains(words), "{text:?}, no {words:?} in {refused}");
        }
    }

    #[test]
    fn r10_at_the_limit_is_read_and_beyond_it_is_not() {
        assert_eq!(binary("17179869183.999999999"), Ok(u64::MAX));
        for text in ["17179869184", "16777216TB", "16384PB", "99999999999 PB", "17179869183.9999999999"] {
            assert!(binary(text).expect_err(text).contains("exceed 2^64-1"), "{text}");
        }
    }

    #[test]
    fn a_rate_for_some_hours_of_every_day_is_exact_bytes() {
        let bytes = |mbps: &str, hours: &str, days| {
            DailyRate::parse(mbps, hours).and_then(|rate| rate.bytes_in(days))
        };
        assert_eq!(bytes("1", "1", 1), Ok(450_000_000));
        assert_eq!(bytes("1024", "24", 31), Ok(342_835_200_000_000));
        assert_eq!(bytes("1,024.0", "24.00", 31), Ok(342_835_200_000_000));
        assert_eq!(bytes("0.000001", "0.001", 1), Ok(0));
        assert_eq!(bytes("0.000001", "0.001112", 1), Ok(1));
        assert_eq!(bytes("0", "1", 30), Ok(0));
        assert_eq!(bytes("2.5", "7.5", 28), Ok(236_250_000_000));
        for (mbps, hours) in [
            ("1", "0"),
            ("1", "24.000001"),
            ("1", "25"),
            ("1", "-1"),
            ("-1", "1"),
            ("1,5", "1"),
            ("1", "1,5"),
            ("1e3", "1"),
            ("", "1"),
            ("1", ""),
        ] {
            assert!(DailyRate::parse(mbps, hours).is_err(), "{mbps} {hours}");
        }
        assert!(bytes("999999999.999999", "24", 31).unwrap_err().to_string().contains("exceed 2^64-1"));
    }
}
