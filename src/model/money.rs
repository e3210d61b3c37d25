//! Prices, exact amounts and the one place that rounds (R9, R10, R11).
//!
//! An [`Amount`] is bytes times a unit price: an integer numerator over GB x 10^scale. It stays
//! undivided until [`Amount::round`]. No binary floating point is used anywhere.

use crate::error::{Error, Result};
use crate::model::invalid::Invalid;
use rust_decimal::Decimal;
use serde::Deserialize;
use std::{fmt, str::FromStr};

/// Decimals of printed amounts and quantities.
pub const PRINTED_DECIMALS: u32 = 10;

/// What one billed GB is (R9): 2^30 bytes in both catalogs that are shipped.
///
/// ```
/// use peerbill::model::money::Gb;
///
/// assert_eq!(Gb::Binary.bytes(), 1_073_741_824);
/// assert_eq!(Gb::Binary.quantity(3 << 29)?.to_string(), "1.50");
/// assert_eq!(Gb::Decimal.quantity(1)?.to_string(), "0.000000001");
/// # Ok::<(), peerbill::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[serde(rename_all = "lowercase")]
pub enum Gb {
    /// 2^30 bytes.
    Binary,
    /// 10^9 bytes.
    Decimal,
}

impl Gb {
    /// How many bytes it is.
    pub fn bytes(self) -> u64 {
        match self {
            Self::Binary => 1 << 30,
            Self::Decimal => 1_000_000_000,
        }
    }

    /// `binary` or `decimal`, as in `catalog.toml`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Binary => "binary",
            Self::Decimal => "decimal",
        }
    }

    /// The bytes of so many GB, plain decimal text, rounded half up to a whole number.
    ///
    /// ```
    /// use peerbill::model::money::Gb;
    ///
    /// assert_eq!(Gb::Binary.bytes_of("0.5"), Ok(536_870_912));
    /// // 1.3 GB are 1395864371.2 bytes, and 1.5 billionths of one are 1.61.
    /// assert_eq!(Gb::Binary.bytes_of("1.3"), Ok(1_395_864_371));
    /// assert_eq!(Gb::Binary.bytes_of("0.0000000015"), Ok(2));
    /// ```
    ///
    /// # Errors
    ///
    /// Text that is no plain decimal number, has more than 11 digits before the point or 15 after it, or is more than
    /// 2^64-1 bytes.
    pub fn bytes_of(self, text: &str) -> Result<u64, Invalid> {
        let gb = plain_decimal(text, 11, 15)?;
        // OK because 26 digits times 2^30 stay below 2^127.
        let product = gb.mantissa().unsigned_abs() * u128::from(self.bytes());
        let divisor = 10u128.pow(gb.scale());
        let bytes = product / divisor + u128::from(product % divisor * 2 >= divisor);
        u64::try_from(bytes).map_err(|_| format!("{text:?} GB are {bytes} bytes, which exceed 2^64-1").into())
    }

    /// `bytes` in GB, with all digits: at most 30 decimals.
    ///
    /// ```
    /// use peerbill::model::money::Gb;
    ///
    /// assert_eq!(Gb::Binary.exact_quantity(3 << 20).text(2), "0.0029296875");
    /// assert_eq!(Gb::Decimal.exact_quantity(200_000_000_000).text(2), "200.00");
    /// ```
    pub fn exact_quantity(self, bytes: u128) -> Exact {
        self.of_one(Exact::from(bytes))
    }

    /// `whole` divided by the bytes of one: `1 / 2^30` is `5^30 / 10^30`, so that only what is less than one is multiplied.
    fn of_one(self, whole: Exact) -> Exact {
        const FIVE_30: u128 = 5u128.pow(30);
        match self {
            Self::Binary => Exact {
                magnitude: whole.magnitude >> 30,
                below: (whole.magnitude & ((1 << 30) - 1)) * FIVE_30,
                ..whole
            },
            Self::Decimal => Exact { scale: whole.scale + 9, ..whole },
        }
    }

    /// `bytes` in GB, rounded half to even at 10 decimals, for display.
    ///
    /// # Errors
    ///
    /// [`Overflow`](crate::ErrorKind::Overflow) where the bytes, or the GB at 10 decimals, exceed 2^127.
    pub fn quantity(self, bytes: u128) -> Result<Money> {
        let bytes =
            i128::try_from(bytes).map_err(|_| Error::overflow(format!("{bytes} bytes exceed 2^127")))?;
        divide(bytes, i128::from(self.bytes()), PRINTED_DECIMALS, Rounding::HalfEven)
    }

    /// Likewise of bytes that may be taken back, and are negative then.
    ///
    /// # Errors
    ///
    /// As [`quantity`](Self::quantity).
    pub fn signed_quantity(self, bytes: i128) -> Result<Money> {
        let magnitude = self.quantity(bytes.unsigned_abs())?;
        if bytes < 0 { Money::ZERO.checked_sub(magnitude) } else { Ok(magnitude) }
    }
}

impl Gb {
    /// `2^30 bytes` or `10^9 bytes`.
    pub(crate) fn in_bytes(self) -> &'static str {
        match self {
            Self::Binary => "2^30 bytes",
            Self::Decimal => "10^9 bytes",
        }
    }
}

impl fmt::Display for Gb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.in_bytes())
    }
}

/// How a quotient becomes a decimal of so many places.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[serde(rename_all = "snake_case")]
pub enum Rounding {
    /// Towards zero.
    Down,
    /// To the nearest, ties away from zero.
    HalfUp,
    /// To the nearest, ties to the even digit.
    HalfEven,
}

impl Rounding {
    /// `down`, `half_up` or `half_even`, as in `catalog.toml`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Down => "down",
            Self::HalfUp => "half_up",
            Self::HalfEven => "half_even",
        }
    }
}

/// The price of one GB: not negative, below 10^9, exact to at most 18 decimals.
///
/// Equal prices are equal however many zeros they were written with. Its currency is the catalog's (R13).
///
/// ```
/// use peerbill::model::money::UnitPrice;
///
/// let list: UnitPrice = "0.480".parse()?;
/// assert_eq!(list, "0.48".parse()?);
/// assert_eq!(list.discounted("15".parse()?).to_string(), "0.408");
/// assert!("-0.48".parse::<UnitPrice>().is_err());
/// # Ok::<(), peerbill::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnitPrice(Decimal);

impl UnitPrice {
    /// The price of what is free (R1).
    pub const ZERO: Self = Self(Decimal::ZERO);

    /// A price of one: what has it costs as much as there are GB of it.
    pub(crate) const ONE: Self = Self(Decimal::ONE);

    /// This price less `discount`, exactly.
    pub fn discounted(self, discount: Discount) -> Self {
        // OK because 19 digits of price times 9 of discount fit the 28 digits of a Decimal.
        let rest = Decimal::ONE_HUNDRED - discount.0;
        let product = self.0 * rest;
        let exact = Decimal::from_i128_with_scale(product.mantissa(), product.scale() + 2);
        Self(exact.normalize())
    }

    /// Reads a price as a report prints it: at most 9 digits before the point, and 18 after it as a discounted one has.
    pub(crate) fn of_report(text: &str) -> Result<Self, Invalid> {
        plain_decimal(text, 9, 18).map(|price| Self(price.normalize()))
    }

    /// As a decimal number, without zeros at its end.
    pub fn to_decimal(self) -> Decimal {
        self.0
    }

    /// The price with all its digits.
    pub fn exact(self) -> Exact {
        Exact { scale: self.0.scale(), ..Exact::from(self.0.mantissa()) }
    }
}

impl FromStr for UnitPrice {
    type Err = Invalid;

    /// Reads plain decimal text, at most 9 digits before the point and 10 after it.
    fn from_str(text: &str) -> Result<Self, Invalid> {
        plain_decimal(text, 9, 10).map(|price| Self(price.normalize()))
    }
}

impl fmt::Display for UnitPrice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A discount in percent: 15 is 15% off; 0 to 100, at most 6 decimals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Discount(Decimal);

impl FromStr for Discount {
    type Err = Invalid;

    /// Reads plain decimal text without a percent sign, at most 3 digits before the point and 6 after it.
    fn from_str(text: &str) -> Result<Self, Invalid> {
        let percent = plain_decimal(text, 3, 6)?;
        if percent > Decimal::ONE_HUNDRED {
            return Err(format!("discount {text:?} is above 100 percent").into());
        }
        Ok(Self(percent.normalize()))
    }
}

impl fmt::Display for Discount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Reads digits with at most one point: no sign, no exponent, no separator, nothing that would be rounded.
pub(super) fn plain_decimal(
    text: &str,
    most_digits: usize,
    most_decimals: usize,
) -> Result<Decimal, Invalid> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(fraction) {
        let hint = match text.as_bytes() {
            [.., b'%'] => ": write it without the %",
            _ if text.contains(',') => ": write it with a point, and without separators",
            _ => "",
        };
        return Err(format!("{text:?} is not a plain decimal number such as 0.48{hint}").into());
    }
    if whole.trim_start_matches('0').len() > most_digits
        || fraction.trim_end_matches('0').len() > most_decimals
    {
        return Err(format!(
            "{text:?} cannot be read exactly: at most {most_digits} digits before the point and {most_decimals} after it"
        )
        .into());
    }
    let trimmed = format!("0{}.{}0", whole.trim_start_matches('0'), fraction.trim_end_matches('0'));
    Decimal::from_str_exact(&trimmed).map_err(|error| format!("{text:?} cannot be read: {error}").into())
}

/// An exact amount of money: `numerator / (GB x 10^scale)`, where GB is the catalog's, and so is the currency (R10).
///
/// ```
/// use peerbill::model::money::{Amount, Gb, Rounding};
///
/// let amount = Amount::of(1, "0.48".parse()?)?;
/// assert_eq!(amount.printed(Gb::Binary)?.to_string(), "0.0000000004");
/// let sum = amount.checked_add(Amount::of(200 << 30, "0.48".parse()?)?)?;
/// assert_eq!(sum.round(Gb::Binary, 2, Rounding::Down)?.to_string(), "96.00");
/// # Ok::<(), peerbill::Error>(())
/// ```
// Packed: a month of a million connections holds millions of them, and 16-byte alignment would add half.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[repr(Rust, packed(4))]
pub struct Amount {
    numerator: i128,
    scale: u32,
}

impl Amount {
    /// Nothing.
    pub const ZERO: Self = Self { numerator: 0, scale: 0 };

    /// `bytes` at `price` per GB, exactly.
    ///
    /// # Errors
    ///
    /// [`Overflow`](crate::ErrorKind::Overflow) where the numerator exceeds 2^127.
    pub fn of(bytes: u128, price: UnitPrice) -> Result<Self> {
        let numerator = i128::try_from(bytes)
            .ok()
            .and_then(|bytes| bytes.checked_mul(price.0.mantissa()))
            .ok_or_else(|| Error::overflow(format!("{bytes} bytes at {price} per GB exceed 2^127")))?;
        Ok(Self { numerator, scale: price.0.scale() })
    }

    /// Its numerator, and the scale of the GB below it.
    #[cfg(feature = "serde")]
    pub(super) fn parts(self) -> (i128, u32) {
        (self.numerator, self.scale)
    }

    /// The exact sum; both are of the same GB and currency, which is up to the caller.
    ///
    /// # Errors
    ///
    /// [`Overflow`](crate::ErrorKind::Overflow) where a numerator, at the finer scale of the two, exceeds 2^127.
    pub fn checked_add(self, other: Self) -> Result<Self> {
        let scale = self.scale.max(other.scale);
        self.numerator_at(scale)
            .zip(other.numerator_at(scale))
            .and_then(|(a, b)| a.checked_add(b))
            .map(|numerator| Self { numerator, scale })
            .ok_or_else(|| Error::overflow("a sum of amounts exceeds 2^127"))
    }

    /// The exact difference.
    ///
    /// # Errors
    ///
    /// As [`checked_add`](Self::checked_add).
    pub fn checked_sub(self, other: Self) -> Result<Self> {
        self.checked_add(Self { numerator: -other.numerator, ..other })
    }

    /// Its numerator over GB x 10^`scale`; `None` where that exceeds 2^127 or `scale` is too coarse for it.
    pub(crate) fn numerator_at(self, scale: u32) -> Option<i128> {
        match scale.checked_sub(self.scale)? {
            0 => Some(self.numerator),
            finer => 10i128.checked_pow(finer)?.checked_mul(self.numerator),
        }
    }

    /// The amount `numerator / (GB x 10^scale)`.
    pub(crate) fn of_numerator(numerator: i128, scale: u32) -> Self {
        Self { numerator, scale }
    }

    /// The amount in money, rounded at `decimals` (at most 10): the only division there is (R11).
    ///
    /// # Errors
    ///
    /// [`Overflow`](crate::ErrorKind::Overflow) where the quotient has too many digits.
    ///
    /// # Panics
    ///
    /// Where `decimals` is above 10 and the amount is not 0.
    pub fn round(self, gb: Gb, decimals: u32, rounding: Rounding) -> Result<Money> {
        if self.numerator == 0 {
            return Ok(Money::ZERO);
        }
        let divisor = 10i128
            .checked_pow(self.scale)
            .and_then(|power| power.checked_mul(i128::from(gb.bytes())))
            .ok_or_else(|| Error::overflow("an amount has too many decimals"))?;
        divide(self.numerator, divisor, decimals, rounding)
    }

    /// The amount with all its digits: bytes over a GB are a finite decimal.
    ///
    /// ```
    /// use peerbill::model::money::{Amount, Gb};
    ///
    /// let amount = Amount::of(1, "0.48".parse()?)?;
    /// assert_eq!(amount.exact(Gb::Binary).text(2), "0.0000000004470348358154296875");
    /// assert_eq!(amount.exact(Gb::Decimal).rounded(10)?, 5, "4.8 of 10^-10");
    /// # Ok::<(), peerbill::Error>(())
    /// ```
    pub fn exact(self, gb: Gb) -> Exact {
        gb.of_one(Exact { scale: self.scale, ..Exact::from(self.numerator) })
    }

    /// The amount that is just this money.
    ///
    /// # Errors
    ///
    /// [`Overflow`](crate::ErrorKind::Overflow) where the numerator exceeds 2^127.
    pub(crate) fn of_money(money: Money, gb: Gb) -> Result<Self> {
        let numerator = money.0.checked_mul(i128::from(gb.bytes()));
        let numerator =
            numerator.ok_or_else(|| Error::overflow(format!("{money} times a GB exceeds 2^127")))?;
        Ok(Self { numerator, scale: PRINTED_DECIMALS })
    }

    /// How many percent of `whole` it is, half to even at 2 decimals; `None` where `whole` is nothing or less.
    ///
    /// # Errors
    ///
    /// [`Overflow`](crate::ErrorKind::Overflow) where a hundred times the amount exceeds 2^127.
    pub fn percent_of(self, whole: Self) -> Result<Option<Money>> {
        let scale = self.scale.max(whole.scale);
        let overflow = || Error::overflow("a share of an amount exceeds 2^127");
        let divisor = whole.numerator_at(scale).ok_or_else(overflow)?;
        if divisor <= 0 {
            return Ok(None);
        }
        let percent = self.numerator_at(scale).and_then(|own| own.checked_mul(100)).ok_or_else(overflow)?;
        divide(percent, divisor, 2, Rounding::HalfEven).map(Some)
    }

    /// Whether it is nothing.
    pub(crate) fn is_zero(self) -> bool {
        self.numerator == 0
    }

    /// The amount as it is printed: half to even at 10 decimals (R11).
    ///
    /// # Errors
    ///
    /// As [`round`](Self::round).
    pub fn printed(self, gb: Gb) -> Result<Money> {
        self.round(gb, PRINTED_DECIMALS, Rounding::HalfEven)
    }
}

/// `dividend / divisor` rounded at `decimals`, ties decided exactly. `divisor` is positive.
fn divide(dividend: i128, divisor: i128, decimals: u32, rounding: Rounding) -> Result<Money> {
    assert!(decimals <= PRINTED_DECIMALS, "money has 10 decimals");
    let overflow = || Error::overflow(format!("{dividend} / {divisor} has too many digits"));
    let unit = 10i128.pow(decimals);
    // The whole part is split off first, so that only the remainder is scaled up.
    let (dividend_abs, divisor_abs) = (dividend.unsigned_abs(), divisor.unsigned_abs());
    let whole = i128::try_from(dividend_abs / divisor_abs).map_err(|_| overflow())?;
    let scaled = (dividend_abs % divisor_abs).checked_mul(unit.unsigned_abs()).ok_or_else(overflow)?;
    let (fraction, rest) = (scaled / divisor_abs, scaled % divisor_abs);
    let fraction = i128::try_from(fraction).map_err(|_| overflow())?;
    let units = whole.checked_mul(unit).and_then(|whole| whole.checked_add(fraction)).ok_or_else(overflow)?;
    let to_half = rest.cmp(&(divisor_abs - rest));
    let up = match rounding {
        Rounding::Down => false,
        Rounding::HalfUp => to_half.is_ge(),
        Rounding::HalfEven => to_half.is_gt() || (to_half.is_eq() && units % 2 == 1),
    };
    let magnitude = units
        .checked_add(i128::from(up))
        .and_then(|units| units.checked_mul(10i128.pow(PRINTED_DECIMALS - decimals)))
        .ok_or_else(overflow)?;
    Ok(Money(if dividend < 0 { -magnitude } else { magnitude }))
}

/// A finite decimal with all its digits: an amount, a quantity or a price before anything rounds it.
///
/// It is `(magnitude + below / 10^30) / 10^scale`, and negative or not.
#[derive(Debug, Clone, Copy)]
pub struct Exact {
    negative: bool,
    magnitude: u128,
    /// What is below one, as a number of 10^-30.
    below: u128,
    scale: u32,
}

impl From<i128> for Exact {
    fn from(whole: i128) -> Self {
        Self { negative: whole < 0, magnitude: whole.unsigned_abs(), below: 0, scale: 0 }
    }
}

impl From<u128> for Exact {
    fn from(whole: u128) -> Self {
        Self { negative: false, magnitude: whole, below: 0, scale: 0 }
    }
}

impl Exact {
    /// So many 10^-`decimals`.
    pub(crate) fn of_units(units: i128, decimals: u32) -> Self {
        Self { scale: decimals, ..Self::from(units) }
    }

    /// As much of the other sign.
    pub(crate) fn negated(self) -> Self {
        Self { negative: !self.negative, ..self }
    }

    /// Whether it is nothing.
    pub fn is_zero(self) -> bool {
        self.magnitude | self.below == 0
    }

    /// Plain decimal text with at least `least` decimals and no zeros beyond them; `-` only where it is not nothing.
    pub fn text(self, least: usize) -> String {
        let (digits, scale) = self.digits();
        let (whole, fraction) = digits.split_at(digits.len() - scale);
        let shown = fraction.trim_end_matches('0').len();
        let zeros = least.saturating_sub(shown);
        let sign = if self.negative && !self.is_zero() { "-" } else { "" };
        let point = if shown + zeros > 0 { "." } else { "" };
        format!("{sign}{whole}{point}{}{:0<zeros$}", &fraction[..shown], "")
    }

    /// Rounded half to even at `decimals`, as a number of 10^-`decimals`.
    ///
    /// # Errors
    ///
    /// [`Overflow`](crate::ErrorKind::Overflow) where that exceeds 2^127.
    pub fn rounded(self, decimals: u32) -> Result<i128> {
        let (digits, scale) = self.digits();
        let decimals = decimals as usize;
        let kept = (digits.len() + decimals).saturating_sub(scale);
        let (head, rest) = digits.split_at(kept.min(digits.len()));
        let zeros = decimals.saturating_sub(scale);
        let up = match rest.as_bytes() {
            [] | [b'0'..=b'4', ..] => false,
            [b'5', more @ ..] if more.iter().all(|digit| *digit == b'0') => {
                head.as_bytes().last().is_some_and(|last| last % 2 == 1)
            }
            _ => true,
        };
        format!("0{head}{:0<zeros$}", "")
            .parse::<i128>()
            .ok()
            .and_then(|units| units.checked_add(i128::from(up)))
            .map(|units| if self.negative { -units } else { units })
            .ok_or_else(|| Error::overflow(format!("{} has too many digits", self.text(0))))
    }

    /// All digits, at least one of them before the point, and how many stand behind it.
    fn digits(self) -> (String, usize) {
        let below = if self.below == 0 { String::new() } else { format!("{:030}", self.below) };
        let scale = self.scale as usize + below.len();
        let digits = format!("{}{below}", self.magnitude);
        (format!("{digits:0>least$}", least = scale + 1), scale)
    }
}

/// A finished amount, in the catalog's currency, or a quantity: an integer number of 10^-10. It may be negative.
///
/// ```
/// use peerbill::Money;
///
/// let cost: Money = "14.4".parse()?;
/// assert_eq!(cost.units(), 144_000_000_000);
/// assert_eq!(cost.to_string(), "14.40");
/// assert_eq!(Money::ZERO.checked_sub(cost)?.text(0), "-14.4");
/// # Ok::<(), peerbill::Error>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Money(i128);

impl Money {
    /// Nothing.
    pub const ZERO: Self = Self(0);
    /// An amount is shown with at least so many decimals.
    pub(crate) const LEAST_DECIMALS: usize = 2;

    /// The number of 10^-10 in it.
    pub fn units(self) -> i128 {
        self.0
    }

    /// From a number of 10^-10.
    pub fn from_units(units: i128) -> Self {
        Self(units)
    }

    /// The exact sum; both are of the same currency, which is up to the caller.
    ///
    /// # Errors
    ///
    /// [`Overflow`](crate::ErrorKind::Overflow) where it exceeds 2^127 units of 10^-10.
    pub fn checked_add(self, other: Self) -> Result<Self> {
        self.0
            .checked_add(other.0)
            .map(Self)
            .ok_or_else(|| Error::overflow("a sum of money exceeds 2^127 units of 10^-10"))
    }

    /// The exact difference.
    ///
    /// # Errors
    ///
    /// As [`checked_add`](Self::checked_add).
    pub fn checked_sub(self, other: Self) -> Result<Self> {
        self.checked_add(Self(-other.0))
    }

    /// The amount times a fraction, half to even at 10 decimals. `denominator` is positive and below 10^20.
    ///
    /// # Errors
    ///
    /// [`Overflow`](crate::ErrorKind::Overflow) where the product exceeds 2^127 units of 10^-10.
    pub(crate) fn times(self, numerator: i128, denominator: i128) -> Result<Self> {
        let product = self.0.checked_mul(numerator);
        let product =
            product.ok_or_else(|| Error::overflow(format!("{self} x {numerator} exceeds 2^127")))?;
        divide(product, denominator * 10i128.pow(PRINTED_DECIMALS), PRINTED_DECIMALS, Rounding::HalfEven)
    }

    /// Plain decimal text with at least `least` decimals and no zeros beyond them: `14.40`, `0.0000000001`.
    pub fn text(self, least: usize) -> String {
        let mut text = String::with_capacity(24);
        // OK because writing to a String does not fail.
        let _ = self.write(least, &mut text);
        text
    }

    /// Writes [`text`](Self::text), of at most 10 decimals.
    pub(crate) fn write(self, least: usize, output: &mut impl fmt::Write) -> fmt::Result {
        const UNIT: u64 = 10u64.pow(PRINTED_DECIMALS);
        let magnitude = self.0.unsigned_abs();
        // Nearly all amounts are divided fast.
        let (whole, fraction) = match u64::try_from(magnitude) {
            Ok(magnitude) => (u128::from(magnitude / UNIT), magnitude % UNIT),
            Err(_) => (magnitude / u128::from(UNIT), (magnitude % u128::from(UNIT)) as u64),
        };
        // With a one in front, so that none of the zeros behind it is lost.
        let mut digits = itoa::Buffer::new();
        let digits = &digits.format(UNIT + fraction)[1..];
        let shown = digits.trim_end_matches('0').len().max(least);
        if self.0 < 0 {
            output.write_char('-')?;
        }
        output.write_str(itoa::Buffer::new().format(whole))?;
        if shown > 0 {
            output.write_char('.')?;
        }
        output.write_str(&digits[..shown])
    }
}

impl FromStr for Money {
    type Err = Invalid;

    /// Reads plain decimal text without a sign, at most 15 digits before the point and 10 after it.
    fn from_str(text: &str) -> Result<Self, Invalid> {
        let amount = plain_decimal(text, 15, PRINTED_DECIMALS as usize)?.normalize();
        // OK because the scale is at most 10 after zeros are taken off, and 25 digits fit.
        Ok(Self(amount.mantissa() * 10i128.pow(PRINTED_DECIMALS - amount.scale())))
    }
}

impl fmt::Display for Money {
    /// With at least 2 decimals: `14.40`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match f.width() {
            Some(_) => f.pad(&self.text(Self::LEAST_DECIMALS)),
            None => self.write(Self::LEAST_DECIMALS, f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn price(text: &str) -> UnitPrice {
        text.parse().unwrap()
    }

    fn payable(bytes: u128, unit_price: &str, gb: Gb) -> String {
        Amount::of(bytes, price(unit_price)).unwrap().round(gb, 2, Rounding::Down).unwrap().to_string()
    }

    #[test]
    fn money_on_both_sides_of_64_bits_has_all_its_digits() {
        for (units, text) in [
            (i128::from(u64::MAX), "1844674407.3709551615"),
            (i128::from(u64::MAX) + 1, "1844674407.3709551616"),
            (-i128::from(u64::MAX) - 1, "-1844674407.3709551616"),
            (i128::MAX, "17014118346046923173168730371.5884105727"),
            (10_000_000_000 * 12, "12.00"),
            (10_000_000_000 * 12 + 500_000_000, "12.05"),
            (10_000_000_000 * 12 + 10, "12.000000001"),
            (-1, "-0.0000000001"),
        ] {
            assert_eq!(Money::from_units(units).to_string(), text);
        }
    }

    #[test]
    fn r9_the_published_example_in_both_sizes_of_a_gb() {
        assert_eq!(payable(200 << 30, "0.072", Gb::Binary), "14.40");
        assert_eq!(payable(100 << 30, "0.072", Gb::Binary), "7.20");
        assert_eq!(payable(200 * 1_000_000_000, "0.072", Gb::Decimal), "14.40");
        assert_eq!(payable(200 << 30, "0.072", Gb::Decimal), "15.46");
    }

    #[test]
    fn r10_one_byte_is_not_lost() {
        // 2^-30 has 30 decimals, more than a Decimal can hold.
        let one = Amount::of(1, price("0.48")).unwrap();
        let gib_less_one = Amount::of((1 << 30) - 1, price("0.48")).unwrap();
        let sum = one.checked_add(gib_less_one).unwrap();
        assert_eq!(sum.round(Gb::Binary, 10, Rounding::Down).unwrap().to_string(), "0.48");
        assert_eq!(one.printed(Gb::Binary).unwrap().to_string(), "0.0000000004");
    }

    #[test]
    fn r10_all_digits_are_those_of_a_division_by_hand() {
        let exact =
            |bytes: u128, unit_price: &str, gb| Amount::of(bytes, price(unit_price)).unwrap().exact(gb);
        assert_eq!(exact(1, "1", Gb::Binary).text(0), "0.000000000931322574615478515625");
        assert_eq!(exact(3 << 29, "0.48", Gb::Binary).text(2), "0.72");
        assert_eq!(exact(1 << 30, "14", Gb::Binary).text(2), "14.00");
        assert_eq!(exact(1 << 30, "14", Gb::Binary).text(0), "14");
        assert_eq!(exact(7, "0.0000000001", Gb::Decimal).text(0), "0.0000000000000000007");
        assert_eq!(exact(0, "0.48", Gb::Binary).text(2), "0.00");
        let less = Amount::ZERO.checked_sub(Amount::of(1 << 29, price("0.01")).unwrap()).unwrap();
        assert_eq!(less.exact(Gb::Binary).text(2), "-0.005");
        assert_eq!(
            Amount::of_money(Money(-1), Gb::Binary).unwrap().exact(Gb::Binary).text(2),
            "-0.0000000001"
        );
        assert_eq!(price("0.0123456789").exact().text(2), "0.0123456789");
        assert_eq!(
            Gb::Binary.exact_quantity(u128::MAX).text(0).split('.').next(),
            Some("316912650057057350374175801343")
        );
    }

    #[test]
    fn all_digits_are_rounded_half_to_even() {
        let rounded = |units, decimals, at| Exact::of_units(units, decimals).rounded(at).unwrap();
        assert_eq!(rounded(25, 2, 1), 2);
        assert_eq!(rounded(35, 2, 1), 4);
        assert_eq!(rounded(2_500_001, 7, 1), 3);
        assert_eq!(rounded(-25, 2, 1), -2);
        assert_eq!(rounded(-26, 2, 1), -3);
        assert_eq!(rounded(5, 1, 0), 0);
        assert_eq!(rounded(15, 1, 0), 2);
        assert_eq!(rounded(5, 3, 0), 0);
        assert_eq!(rounded(99, 0, 18), 99 * 10i128.pow(18));
        assert_eq!(rounded(7, 3, 18), 7 * 10i128.pow(15));
        assert_eq!(Gb::Binary.exact_quantity(1).rounded(18).unwrap(), 931_322_575);
        assert!(Exact::from(i128::MAX).rounded(1).is_err());
        assert_eq!(Exact::from(i128::MAX).rounded(0).unwrap(), i128::MAX);
    }

    #[test]
    fn r11_ties_are_decided_exactly() {
        let printed = |numerator: i128, rounding| divide(numerator, 4, 1, rounding).unwrap().text(1);
        // 0.25, 0.75, -0.25
        assert_eq!(printed(1, Rounding::HalfEven), "0.2");
        assert_eq!(printed(3, Rounding::HalfEven), "0.8");
        assert_eq!(printed(1, Rounding::HalfUp), "0.3");
        assert_eq!(printed(-1, Rounding::HalfUp), "-0.3");
        assert_eq!(printed(-1, Rounding::HalfEven), "-0.2");
        assert_eq!(printed(3, Rounding::Down), "0.7");
        assert_eq!(printed(-3, Rounding::Down), "-0.7");
        // 0.5, 1.5, 2.5, 1.75, -1.5, where no decimals are left: whether the whole is even decides.
        let whole = |numerator: i128| divide(numerator, 4, 0, Rounding::HalfEven).unwrap().text(0);
        assert_eq!([2, 6, 10, 7, -6].map(whole), ["0", "2", "2", "2", "-2"]);
    }

    #[test]
    fn r10_beyond_the_limit_is_an_error_and_at_the_limit_is_not() {
        assert!(Amount::of(i128::MAX.unsigned_abs(), price("1")).is_ok());
        assert!(Amount::of(i128::MAX.unsigned_abs() + 1, price("1")).is_err());
        assert!(Amount::of(i128::MAX.unsigned_abs(), price("1.1")).is_err());
        let most = Amount::of(i128::MAX.unsigned_abs(), price("1")).unwrap();
        assert!(most.checked_add(Amount::of(1, price("1")).unwrap()).is_err());
        assert!(most.checked_add(Amount::of(1, price("0.1")).unwrap()).is_err());
        // Finished money has 10 decimals, so its limit comes before that of an amount.
        assert!(most.round(Gb::Binary, 10, Rounding::Down).is_err());
        let large = Amount::of(1 << 123, price("1")).unwrap();
        assert_eq!(large.round(Gb::Binary, 10, Rounding::Down).unwrap().text(0), (1_u128 << 93).to_string());
    }

    #[test]
    fn amounts_of_different_scales_add_up() {
        let sum = Amount::of(1 << 30, price("0.788")).unwrap();
        let sum = sum.checked_add(Amount::of(1 << 30, price("5.6")).unwrap()).unwrap();
        assert_eq!(sum.printed(Gb::Binary).unwrap().to_string(), "6.388");
        let back = sum.checked_sub(Amount::of(2 << 30, price("5.6")).unwrap()).unwrap();
        assert_eq!(back.printed(Gb::Binary).unwrap().to_string(), "-4.812");
    }

    #[test]
    fn prices_that_would_be_rounded_or_misread_are_refused() {
        for text in [
            "",
            "-1",
            "+1",
            "1e3",
            "1_000",
            "1,5",
            ".5",
            "5.",
            "0.12345678901",
            "1234567890",
            " 1",
            "1 ",
            "٣",
        ] {
            assert!(text.parse::<UnitPrice>().is_err(), "{text}");
        }
        assert_eq!(price("0.480"), price("0.48"));
        assert_eq!(price("0000.4800000000000").to_string(), "0.48");
        assert_eq!(price("999999999.0123456789").to_string(), "999999999.0123456789");
        assert_eq!(price("0").to_string(), "0");
    }

    #[test]
    fn a_discount_is_exact() {
        let discounted =
            |list: &str, percent: &str| price(list).discounted(percent.parse().unwrap()).to_string();
        assert_eq!(discounted("0.788", "15"), "0.6698");
        assert_eq!(discounted("0.48", "0"), "0.48");
        assert_eq!(discounted("0.48", "100"), "0");
        assert_eq!(discounted("999999999.0123456789", "0.000001"), "999999989.012345688776543211");
        assert!("100.1".parse::<Discount>().is_err());
        assert!("-1".parse::<Discount>().is_err());
    }

    #[test]
    fn money_is_read_exactly() {
        let read = |text: &str| text.parse::<Money>();
        assert_eq!(read("14.40").map(Money::units), Ok(144_000_000_000));
        assert_eq!(read("0.0000000001"), Ok(Money(1)));
        assert_eq!(
            read("999999999999999.0000000000000"),
            Ok(Money::from_units(9_999_999_999_999_990_000_000_000))
        );
        for text in ["", "-1", "1e3", "0.00000000001", "1,5"] {
            assert!(read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn r11_a_part_of_an_amount_is_rounded_half_to_even() {
        let part = |text: &str, numerator, denominator| {
            text.parse::<Money>().unwrap().times(numerator, denominator).unwrap().to_string()
        };
        assert_eq!(part("72", 100, 1944), "3.7037037037");
        assert_eq!(part("0.0000000001", 1, 2), "0.00");
        assert_eq!(part("0.0000000003", 1, 2), "0.0000000002");
        assert_eq!(Money(-3).times(1, 2).unwrap(), Money(-2));
        assert!(Money::from_units(i128::MAX).times(2, 1).is_err());
    }

    #[test]
    fn money_is_plain_decimal_text() {
        assert_eq!(Money(144_000_000_000).to_string(), "14.40");
        assert_eq!(Money(-1).to_string(), "-0.0000000001");
        assert_eq!(Money(10_000_000_000).text(0), "1");
        assert_eq!(Money::ZERO.text(0), "0");
    }
}
