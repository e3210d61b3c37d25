//! Whole numbers and fractions of any size: where a mean price is one number of money over another of bytes, and several of
//! them are added before anything is rounded.

use std::cmp::Ordering;

/// A whole number, not negative, of any size.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Natural {
    /// Lowest first, and the last is not 0.
    limbs: Vec<u64>,
}

impl From<u128> for Natural {
    fn from(number: u128) -> Self {
        // OK because each takes its own half.
        Self { limbs: vec![number as u64, (number >> 64) as u64] }.trimmed()
    }
}

impl PartialOrd for Natural {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Natural {
    fn cmp(&self, other: &Self) -> Ordering {
        let by_size = self.limbs.len().cmp(&other.limbs.len());
        by_size.then_with(|| self.limbs.iter().rev().cmp(other.limbs.iter().rev()))
    }
}

impl Natural {
    fn trimmed(mut self) -> Self {
        while self.limbs.last() == Some(&0) {
            self.limbs.pop();
        }
        self
    }

    pub fn is_zero(&self) -> bool {
        self.limbs.is_empty()
    }

    pub fn plus(&self, other: &Self) -> Self {
        let (long, short) = if self.limbs.len() < other.limbs.len() { (other, self) } else { (self, other) };
        let mut limbs = Vec::with_capacity(long.limbs.len() + 1);
        let mut carry = 0;
        for (at, &limb) in long.limbs.iter().enumerate() {
            let (sum, over) = limb.overflowing_add(short.limbs.get(at).copied().unwrap_or_default());
            let (sum, over_by_carry) = sum.overflowing_add(carry);
            limbs.push(sum);
            carry = u64::from(over || over_by_carry);
        }
        limbs.push(carry);
        Self { limbs }.trimmed()
    }

    /// Takes away another that is not greater.
    fn take(&mut self, other: &Self) {
        let mut borrow = 0;
        for (at, limb) in self.limbs.iter_mut().enumerate() {
            let (rest, under) = limb.overflowing_sub(other.limbs.get(at).copied().unwrap_or_default());
            let (rest, under_by_borrow) = rest.overflowing_sub(borrow);
            *limb = rest;
            borrow = u64::from(under || under_by_borrow);
        }
        debug_assert_eq!(borrow, 0, "it was greater");
        *self = std::mem::take(self).trimmed();
    }

    pub fn times(&self, other: &Self) -> Self {
        let mut limbs = vec![0; self.limbs.len() + other.limbs.len()];
        for (at, &own) in self.limbs.iter().enumerate() {
            let mut carry = 0;
            for (limb, &by) in limbs[at..].iter_mut().zip(other.limbs.iter().chain([&0])) {
                // OK because (2^64-1)^2 and two more of 2^64-1 are 2^128-1.
                let product = u128::from(own) * u128::from(by) + u128::from(*limb) + carry;
                *limb = product as u64;
                carry = product >> 64;
            }
        }
        Self { limbs }.trimmed()
    }

    fn bits(&self) -> usize {
        self.limbs.last().map_or(0, |last| self.limbs.len() * 64 - last.leading_zeros() as usize)
    }

    fn doubled_so_often(&self, bits: usize) -> Self {
        let (whole, within) = (bits / 64, bits % 64);
        let mut limbs = vec![0; whole];
        let mut carry = 0;
        for &limb in &self.limbs {
            let wide = (u128::from(limb) << within) | carry;
            limbs.push(wide as u64);
            carry = wide >> 64;
        }
        limbs.push(carry as u64);
        Self { limbs }.trimmed()
    }

    fn halve(&mut self) {
        let mut carry = 0;
        for limb in self.limbs.iter_mut().rev() {
            let odd = *limb << 63;
            *limb = (*limb >> 1) | carry;
            carry = odd;
        }
        *self = std::mem::take(self).trimmed();
    }

    /// How often another, which is not 0, goes into it, rounded half to even; `None` where that is 2^126 or more.
    fn divided(mut self, by: &Self) -> Option<i128> {
        let Some(shift) = self.bits().checked_sub(by.bits()) else { return self.rounded(0, by) };
        let mut quotient = 0i128;
        if shift > 125 {
            return None;
        }
        let mut part = by.doubled_so_often(shift);
        for _ in 0..=shift {
            quotient <<= 1;
            if self >= part {
                self.take(&part);
                quotient |= 1;
            }
            part.halve();
        }
        self.rounded(quotient, by)
    }

    /// A quotient whose remainder it is.
    fn rounded(&self, quotient: i128, by: &Self) -> Option<i128> {
        let up = match self.plus(self).cmp(by) {
            Ordering::Less => false,
            Ordering::Equal => quotient % 2 == 1,
            Ordering::Greater => true,
        };
        Some(quotient + i128::from(up))
    }
}

/// A fraction of two whole numbers, not negative, not in its lowest terms.
#[derive(Debug, Clone)]
pub(crate) struct Fraction {
    numerator: Natural,
    denominator: Natural,
}

impl Default for Fraction {
    fn default() -> Self {
        Natural::default().into()
    }
}

impl From<Natural> for Fraction {
    fn from(whole: Natural) -> Self {
        Self { numerator: whole, denominator: Natural::from(1) }
    }
}

impl Fraction {
    /// `denominator` is not 0.
    pub fn of(numerator: Natural, denominator: Natural) -> Self {
        debug_assert!(!denominator.is_zero(), "a fraction of 0");
        Self { numerator, denominator }
    }

    pub fn plus(&self, other: &Self) -> Self {
        if self.numerator.is_zero() {
            return other.clone();
        }
        let (own, others, denominator) = self.over_one_denominator(other);
        Self { numerator: own.plus(&others), denominator }
    }

    /// The numerators of both over one denominator, and that: the one that they share, or the product of theirs.
    fn over_one_denominator(&self, other: &Self) -> (Natural, Natural, Natural) {
        let (one, two) = (&self.denominator, &other.denominator);
        if one == two {
            return (self.numerator.clone(), other.numerator.clone(), one.clone());
        }
        (self.numerator.times(two), other.numerator.times(one), one.times(two))
    }

    /// How many of `unit`, which is not 0, it is more than another, rounded half to even; `None` where those are 2^126 or
    /// more.
    pub fn difference_in(&self, other: &Self, unit: &Natural) -> Option<i128> {
        let (own, others, denominator) = self.over_one_denominator(other);
        let (mut more, less, negative) =
            if own < others { (others, own, true) } else { (own, others, false) };
        more.take(&less);
        let units = more.divided(&denominator.times(unit))?;
        Some(if negative { -units } else { units })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use num_bigint::{BigInt, BigUint};
    use num_rational::BigRational;
    use proptest::prelude::*;

    fn natural(number: &BigUint) -> Natural {
        Natural { limbs: number.to_u64_digits() }
    }

    /// Of many sizes, with limbs of only zeros and only ones among them.
    fn numbers() -> impl Strategy<Value = BigUint> {
        let limb = prop_oneof![Just(0), Just(1), Just(u32::MAX), any::<u32>()];
        prop::collection::vec(limb, 0..24).prop_map(BigUint::new)
    }

    /// The nearest whole number, that of two which is even.
    fn half_even(exact: &BigRational) -> BigInt {
        let (floor, half) = (exact.floor().to_integer(), BigRational::new(1.into(), 2.into()));
        let rest = exact - BigRational::from(floor.clone());
        let up = rest > half || (rest == half && floor.bit(0));
        floor + i32::from(up)
    }

    proptest! {
        #[test]
        fn sums_products_and_differences_are_those_of_another_library(a in numbers(), b in numbers()) {
            prop_assert_eq!(natural(&a).plus(&natural(&b)), natural(&(&a + &b)));
            prop_assert_eq!(natural(&a).times(&natural(&b)), natural(&(&a * &b)));
            prop_assert_eq!(natural(&a).cmp(&natural(&b)), a.cmp(&b));
            let (less, more) = if a < b { (&a, &b) } else { (&b, &a) };
            let mut rest = natural(more);
            rest.take(&natural(less));
            prop_assert_eq!(rest, natural(&(more - less)));
        }

        #[test]
        fn fractions_are_rounded_to_the_even_one_of_two(
            a in numbers(), b in numbers(), c in numbers(), d in numbers(), unit in numbers(), same in any::<bool>(), half in any::<bool>(),
        ) {
            let (mut b, mut d, unit) = (b + 1u32, d + 1u32, unit + 1u32);
            if same { d = b.clone() }
            if half { (b, d) = (2u32.into(), 2u32.into()) }
            let exact = |n: &BigUint, d: &BigUint| BigRational::new(n.clone().into(), d.clone().into());
            let (one, other) = (Fraction::of(natural(&a), natural(&b)), Fraction::of(natural(&c), natural(&d)));
            let less = (exact(&a, &b) - exact(&c, &d)) / BigRational::from(BigInt::from(unit.clone()));
            let nearest = half_even(&less);
            match one.difference_in(&other, &natural(&unit)) {
                Some(units) => prop_assert_eq!(BigInt::from(units), nearest),
                None => prop_assert!(nearest.bits() > 125),
            }
            let sum = (exact(&a, &b) + exact(&c, &d)) / BigRational::from(BigInt::from(unit.clone()));
            match one.plus(&other).difference_in(&Fraction::default(), &natural(&unit)) {
                Some(units) => prop_assert_eq!(BigInt::from(units), half_even(&sum)),
                None => prop_assert!(half_even(&sum).bits() > 125),
            }
        }
    }

    #[test]
    fn halves_go_to_the_even_one() {
        let halves = |n: u128| Fraction::of(Natural::from(n), Natural::from(2));
        let rounded = |n| halves(n).difference_in(&Fraction::default(), &Natural::from(1));
        assert_eq!([1, 3, 5, 6].map(rounded), [0, 2, 2, 3].map(Some));
        assert_eq!(Fraction::default().difference_in(&halves(3), &Natural::from(1)), Some(-2));
    }
}
