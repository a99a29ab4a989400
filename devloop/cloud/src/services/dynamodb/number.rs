//! DynamoDB numbers: exact decimals of up to 38 digits, with a magnitude between 1E-130 and just below 1E+126.
//!
//! Numbers are normalised, so that equal numbers are equal values whatever text they were parsed from.

use std::{cmp::Ordering, fmt, str::FromStr};

use bigdecimal::{BigDecimal, num_bigint::BigInt};

/// The most significant digits of a number.
const DIGITS: u32 = 38;
/// The allowed magnitudes. The magnitude is the power of ten just above the absolute value.
const MAGNITUDES: std::ops::RangeInclusive<i64> = -129..=126;

/// A number without trailing zeros: `±digits × 10^exponent`. Zero has neither sign nor exponent.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
// Aligned like the rest of an attribute value, which makes that value 32 bytes large instead of 48.
#[repr(Rust, packed(8))]
pub(crate) struct Number {
    negative: bool,
    digits: u128,
    exponent: i16,
}

/// Why a text or a result is not a DynamoDB number, in the service's words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NumberError {
    /// The text is not a decimal number.
    #[error("The parameter cannot be converted to a numeric value: {text}")]
    NotNumeric { text: String },
    /// The number has too many digits.
    #[error("Attempting to store more than 38 significant digits in a Number")]
    Precision,
    /// The number is too large, or a result has too many digits, for which the service uses the same words.
    #[error("Number overflow. Attempting to store a number with magnitude larger than supported range")]
    Overflow,
    /// The number is too close to zero.
    #[error("Number underflow. Attempting to store a number with magnitude smaller than supported range")]
    Underflow,
}

impl Number {
    const ZERO: Self = Self { negative: false, digits: 0, exponent: 0 };

    fn count(self) -> u32 {
        self.digits.checked_ilog10().map_or(0, |log| log + 1)
    }

    /// The power of ten just above the absolute value.
    fn magnitude(self) -> i64 {
        i64::from(self.exponent) + i64::from(self.count())
    }

    /// The digits, padded with zeros to 38.
    fn scaled(self) -> u128 {
        self.digits * 10_u128.pow(DIGITS - self.count())
    }

    /// The size that counts for items and capacity, in bytes: half a byte for each significant digit (rounded up on either
    /// side of the decimal point), one byte, and one more for a minus sign [DynamoDB item sizes and formats].
    pub(crate) fn size(self) -> usize {
        let digits = i64::from(self.count());
        let whole = self.magnitude().clamp(0, digits);
        let bytes = |digits: i64| digits.unsigned_abs().div_ceil(2) as usize;
        bytes(whole) + bytes(digits - whole) + 1 + usize::from(self.negative)
    }

    /// Sign, digits and exponent, for [`Number::from_parts`].
    pub(super) fn parts(self) -> (bool, u128, i16) {
        (self.negative, self.digits, self.exponent)
    }

    /// The number with these parts, as returned by [`Number::parts`].
    pub(super) fn from_parts(negative: bool, digits: u128, exponent: i16) -> Self {
        Self { negative, digits, exponent }
    }

    /// The number as an integer; `None` when it has a fraction or is too large.
    pub(crate) fn as_i64(self) -> Option<i64> {
        let scale = 10_u128.checked_pow(u32::try_from(self.exponent).ok()?)?;
        let absolute = i64::try_from(self.digits.checked_mul(scale)?).ok()?;
        Some(if self.negative { -absolute } else { absolute })
    }

    /// Appends bytes that sort like the numbers.
    pub(crate) fn encode(self, out: &mut Vec<u8>) {
        if self.digits == 0 {
            out.push(1);
            return;
        }
        let flip = if self.negative { 0xff } else { 0 };
        out.push(if self.negative { 0 } else { 2 });
        out.push((self.magnitude() - MAGNITUDES.start()) as u8 ^ flip);
        out.extend(self.scaled().to_be_bytes().map(|byte| byte ^ flip));
    }

    /// The exact sum.
    pub(crate) fn plus(self, other: Self) -> Result<Self, NumberError> {
        Self::from_big(&(self.big() + other.big()))
    }

    /// The exact difference.
    pub(crate) fn minus(self, other: Self) -> Result<Self, NumberError> {
        Self::from_big(&(self.big() - other.big()))
    }

    fn big(self) -> BigDecimal {
        // 38 digits fit into an i128.
        let digits = self.digits as i128;
        BigDecimal::new(BigInt::from(if self.negative { -digits } else { digits }), -i64::from(self.exponent))
    }

    fn from_big(big: &BigDecimal) -> Result<Self, NumberError> {
        big.to_plain_string().parse().map_err(|error| match error {
            // DynamoDB also reports an overflow when a result needs too many digits.
            NumberError::Precision => NumberError::Overflow,
            other => other,
        })
    }
}

impl From<usize> for Number {
    fn from(mut value: usize) -> Self {
        let mut exponent = 0;
        while value != 0 && value.is_multiple_of(10) {
            value /= 10;
            exponent += 1;
        }
        Self { negative: false, digits: value as u128, exponent }
    }
}

impl FromStr for Number {
    type Err = NumberError;

    fn from_str(text: &str) -> Result<Self, NumberError> {
        let not_numeric = || NumberError::NotNumeric { text: text.to_owned() };
        let (mantissa, power) = match text.split_once(['e', 'E']) {
            Some((mantissa, power)) => (mantissa, parse_power(power).ok_or_else(not_numeric)?),
            None => (text, 0),
        };
        let (negative, mantissa) = match mantissa.as_bytes().first() {
            Some(b'-') => (true, &mantissa[1..]),
            Some(b'+') => (false, &mantissa[1..]),
            _ => (false, mantissa),
        };
        let mut digits: u128 = 0;
        let (mut count, mut zeros) = (0_usize, 0_usize);
        let (mut seen, mut point) = (false, None);
        for (at, byte) in mantissa.bytes().enumerate() {
            match byte {
                b'.' if point.is_none() => point = Some(mantissa.len() - at - 1),
                b'0' => {
                    seen = true;
                    zeros += usize::from(count > 0);
                }
                b'1'..=b'9' => {
                    seen = true;
                    count += zeros + 1;
                    if count > DIGITS as usize {
                        // If the rest does not consist of digits, the text is not a number at all.
                        return if is_decimal(&mantissa[at..], point.is_none()) {
                            Err(NumberError::Precision)
                        } else {
                            Err(not_numeric())
                        };
                    }
                    digits = digits * 10_u128.pow(zeros as u32 + 1) + u128::from(byte - b'0');
                    zeros = 0;
                }
                _ => return Err(not_numeric()),
            }
        }
        if !seen {
            return Err(not_numeric());
        }
        if digits == 0 {
            // The exponent of a zero must be in range too.
            return match power {
                power if power >= *MAGNITUDES.end() => Err(NumberError::Overflow),
                power if power < *MAGNITUDES.start() - 1 => Err(NumberError::Underflow),
                _ => Ok(Self::ZERO),
            };
        }
        let exponent = power + zeros as i64 - point.unwrap_or(0) as i64;
        let magnitude = exponent + count as i64;
        if magnitude > *MAGNITUDES.end() {
            return Err(NumberError::Overflow);
        }
        if magnitude < *MAGNITUDES.start() {
            return Err(NumberError::Underflow);
        }
        Ok(Self { negative, digits, exponent: exponent as i16 })
    }
}

/// The exponent after the `e`, limited to a value that is out of range with every mantissa.
fn parse_power(text: &str) -> Option<i64> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let power = digits.parse::<i64>().unwrap_or(i64::MAX).min(1_000_000_000);
    Some(if text.starts_with('-') { -power } else { power })
}

fn is_decimal(rest: &str, point_allowed: bool) -> bool {
    let points = rest.bytes().filter(|&byte| byte == b'.').count();
    points <= usize::from(point_allowed) && rest.bytes().all(|byte| byte == b'.' || byte.is_ascii_digit())
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        let sign = |number: &Self| match (number.digits, number.negative) {
            (0, _) => 0,
            (_, true) => -1,
            (_, false) => 1,
        };
        let absolute =
            || self.magnitude().cmp(&other.magnitude()).then_with(|| self.scaled().cmp(&other.scaled()));
        sign(self).cmp(&sign(other)).then_with(|| match sign(self) {
            0 => Ordering::Equal,
            1 => absolute(),
            _ => absolute().reverse(),
        })
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Number {
    /// The plain decimal text without an exponent, as the service returns it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.negative {
            f.write_str("-")?;
        }
        let digits = { self.digits }.to_string();
        let exponent = isize::from(self.exponent);
        if exponent >= 0 {
            return write!(f, "{digits}{}", "0".repeat(exponent as usize));
        }
        let fraction = exponent.unsigned_abs();
        match digits.len().checked_sub(fraction) {
            Some(whole) if whole > 0 => write!(f, "{}.{}", &digits[..whole], &digits[whole..]),
            _ => write!(f, "0.{digits:0>fraction$}"),
        }
    }
}

impl fmt::Debug for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn number(text: &str) -> Number {
        text.parse().unwrap()
    }

    #[test]
    fn a_number_is_normalised_or_refused() {
        let check = |text: &str, expected: &str| {
            let actual = text.parse::<Number>().map_or_else(|error| error.to_string(), |n| n.to_string());
            assert_eq!(actual, expected, "{text}");
        };
        check("0", "0");
        check("-0.000", "0");
        check("007", "7");
        check("1.50", "1.5");
        check("-12300e-2", "-123");
        check("1E3", "1000");
        check("+.5", "0.5");
        check("5.", "5");
        check("0e125", "0");
        check(
            "0e126",
            "Number overflow. Attempting to store a number with magnitude larger than supported range",
        );
        check("0.00001", "0.00001");
        check("1e-130", &format!("0.{}1", "0".repeat(129)));
        check("9e125", &format!("9{}", "0".repeat(125)));
        let digits = "12345678901234567890123456789012345678";
        check(digits, digits);
        check(&format!("{digits}000"), &format!("{digits}000"));
        check(&format!("{digits}9"), "Attempting to store more than 38 significant digits in a Number");
        check(
            "1e126",
            "Number overflow. Attempting to store a number with magnitude larger than supported range",
        );
        check(
            "1e-131",
            "Number underflow. Attempting to store a number with magnitude smaller than supported range",
        );
        check(
            "1e99999999999999999999",
            "Number overflow. Attempting to store a number with magnitude larger than supported range",
        );
        check("", "The parameter cannot be converted to a numeric value: ");
        for bad in ["x", "1x", "--1", "1e", "e1", ".", "1.2.3", "1 ", "NaN", "Infinity", "0x1", "١"] {
            check(bad, &format!("The parameter cannot be converted to a numeric value: {bad}"));
        }
        let bad = format!("{digits}9x");
        check(&bad, &format!("The parameter cannot be converted to a numeric value: {bad}"));
    }

    #[test]
    fn each_side_of_the_point_counts_its_digits() {
        let check = |text: &str, size: usize| assert_eq!(number(text).size(), size, "{text}");
        check("0", 1);
        check("1000", 2);
        check("101", 3);
        check("-1234", 4);
        check("1.5", 3);
        check("0.015", 2);
    }

    #[test]
    fn arithmetic_is_exact_or_refused() {
        assert_eq!(number("0.1").plus(number("0.2")), Ok(number("0.3")));
        assert_eq!(number("1e37").plus(number("1")), Ok(number("10000000000000000000000000000000000001")));
        assert_eq!(number("1e50").plus(number("1")), Err(NumberError::Overflow));
        assert_eq!(number("9e125").minus(number("-9e125")), Err(NumberError::Overflow));
        assert_eq!(number("5").minus(number("5")), Ok(Number::ZERO));
    }

    #[test]
    fn only_whole_numbers_become_integers() {
        assert_eq!(number("1700000000").as_i64(), Some(1_700_000_000));
        assert_eq!(number("-1.2e2").as_i64(), Some(-120));
        assert_eq!(number("1.5").as_i64(), None);
        assert_eq!(number("1e30").as_i64(), None);
        assert_eq!(Number::from(1200), number("1200"));
    }

    prop_compose! {
        fn any_number()(digits in -10_i64.pow(17)..10_i64.pow(17), power in -100_i32..100) -> Number {
            format!("{digits}e{power}").parse().unwrap()
        }
    }

    proptest! {
        #[test]
        fn text_and_back_is_the_same_number(a in any_number()) {
            prop_assert_eq!(number(&a.to_string()), a);
        }

        #[test]
        fn the_order_is_the_numeric_order_also_in_bytes(a in any_number(), b in any_number()) {
            let (mut bytes_a, mut bytes_b) = (Vec::new(), Vec::new());
            a.encode(&mut bytes_a);
            b.encode(&mut bytes_b);
            prop_assert_eq!(a.cmp(&b), a.big().cmp(&b.big()));
            prop_assert_eq!(a.cmp(&b), bytes_a.cmp(&bytes_b));
        }

        #[test]
        fn no_text_panics(text in "[-+0-9.eE]{0,60}") {
            let _ = text.parse::<Number>();
        }
    }
}
