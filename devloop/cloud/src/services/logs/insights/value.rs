//! The values in a query: text and numbers, and their order.

use std::cmp::Ordering;

/// A value of a field.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Field {
    Text(String),
    Number(f64),
    /// Time in ms since the epoch.
    Time(i64),
}

impl Field {
    /// The field for a JSON value: objects and arrays as their JSON text; `None` for null.
    pub(super) fn of_json(value: &serde_json::Value) -> Option<Self> {
        use serde_json::Value;
        Some(match value {
            Value::Null => return None,
            Value::String(text) => Self::Text(text.clone()),
            Value::Number(number) => Self::Number(number.as_f64()?),
            Value::Bool(flag) => Self::Text(u8::from(*flag).to_string()),
            other => Self::Text(other.to_string()),
        })
    }

    /// The value as a number, if it can be read as one.
    pub(super) fn number(&self) -> Option<f64> {
        match self {
            Self::Text(text) => text.trim().parse().ok().filter(|number: &f64| number.is_finite()),
            Self::Number(number) => Some(*number),
            Self::Time(ms) => Some(*ms as f64),
        }
    }

    /// The value in the form of the API's output.
    pub(super) fn text(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Number(number) => number.to_string(),
            Self::Time(ms) => jiff::Timestamp::from_millisecond(*ms)
                .unwrap_or_default()
                .strftime("%Y-%m-%d %H:%M:%S%.3f")
                .to_string(),
        }
    }

    /// The order of two values: text comes before numbers, and text is compared by [`natural`].
    pub(super) fn compare(&self, other: &Self) -> Ordering {
        match (self.number(), other.number()) {
            (Some(one), Some(other)) => one.total_cmp(&other),
            (None, None) => natural(&self.text(), &other.text()),
            (one, other) => one.is_some().cmp(&other.is_some()),
        }
    }
}

/// Compares letter by letter in Unicode order, but digits that follow each other as one number: a longer one comes after a
/// shorter one, and of equally long ones the value decides [sort, CloudWatch Logs user guide].
fn natural(mut one: &str, mut other: &str) -> Ordering {
    loop {
        let (digits, of_other) = (leading_digits(one), leading_digits(other));
        let (length, order) = if digits.is_empty() || of_other.is_empty() {
            let (first, of_other) = (one.chars().next(), other.chars().next());
            (first.map_or(0, char::len_utf8), first.cmp(&of_other))
        } else {
            (digits.len(), digits.len().cmp(&of_other.len()).then_with(|| digits.cmp(of_other)))
        };
        if order.is_ne() || length == 0 {
            return order;
        }
        (one, other) = (&one[length..], &other[length..]);
    }
}

fn leading_digits(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example on AWS's page about `sort`, except `01`, which equals 1 as a number.
    #[test]
    fn values_are_sorted_as_in_the_example_of_aws() {
        let expected = [
            "!:",
            "#",
            "*%04",
            "0#",
            "5A",
            "111A",
            "2345_",
            "@",
            "@_",
            "A",
            "A9876fghj",
            "a12345hfh",
            "0",
            "1",
            "2",
            "3",
        ];
        let mut sorted: Vec<Field> =
            expected.iter().rev().map(|text| Field::Text((*text).to_owned())).collect();
        sorted.sort_by(Field::compare);
        assert_eq!(sorted.iter().map(Field::text).collect::<Vec<_>>(), expected);
        let text = |text: &str| Field::Text(text.to_owned());
        assert_eq!(text("a7").compare(&text("a007")), Ordering::Less);
        assert_eq!(text("a7b").compare(&text("a7b")), Ordering::Equal);
    }
}
