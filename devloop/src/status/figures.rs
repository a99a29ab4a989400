//! Formats numbers and times for people.

use crate::engine::Millis;

/// A count with commas between its thousands.
pub(crate) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A duration in ms with about two significant digits: `0.7 ms`, `84 ms`, `1.8 s`, `3 m`.
pub(crate) fn milliseconds(value: f64) -> String {
    match value {
        _ if value < 9.95 && value > 0.0 => format!("{value:.1} ms"),
        _ if value < 999.5 => format!("{value:.0} ms"),
        _ if value < 9_950.0 => format!("{:.1} s", value / 1_000.0),
        _ if value < 120_000.0 => format!("{:.0} s", value / 1_000.0),
        _ => age(value as Millis),
    }
}

/// How long ago something was, in its largest unit: `12 s`, `2 m`, `3 h`, `4 d`.
pub(crate) fn age(milliseconds: Millis) -> String {
    let seconds = milliseconds / 1_000;
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3_600 => format!("{} m", seconds / 60),
        3_600..86_400 => format!("{} h", seconds / 3_600),
        _ => format!("{} d", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::{age, count, milliseconds};

    #[test]
    fn counts_have_commas() {
        let check = |number: u64, expected: &str| assert_eq!(count(number), expected);
        check(0, "0");
        check(999, "999");
        check(1_000, "1,000");
        check(12_345_678, "12,345,678");
    }

    #[test]
    fn durations_have_two_digits() {
        let check = |value: f64, expected: &str| assert_eq!(milliseconds(value), expected, "{value}");
        check(0.0, "0 ms");
        check(0.74, "0.7 ms");
        check(9.94, "9.9 ms");
        check(9.96, "10 ms");
        check(999.4, "999 ms");
        check(999.6, "1.0 s");
        check(1_840.0, "1.8 s");
        check(42_000.0, "42 s");
        check(180_000.0, "3 m");
    }

    #[test]
    fn ages_have_one_unit() {
        let check = |milliseconds: u64, expected: &str| assert_eq!(age(milliseconds), expected);
        check(0, "0 s");
        check(59_999, "59 s");
        check(60_000, "1 m");
        check(7_200_000, "2 h");
        check(172_800_000, "2 d");
    }
}
