//! The meaning of plain scalars in YAML 1.1, which CloudFormation uses [Template formats, CloudFormation User Guide].

use serde_json::{Number, Value};

/// The value of a scalar without quotes and without a tag. Times and dates stay text, because CloudFormation does not
/// support timestamps.
pub(super) fn plain(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "true" | "True" | "TRUE" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => return true.into(),
        "false" | "False" | "FALSE" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => return false.into(),
        _ => {}
    }
    integer(text).or_else(|| float(text)).unwrap_or_else(|| text.into())
}

/// A whole number in decimal, octal (`0777`) or hexadecimal form. Digits after a leading zero are octal; if one of them is
/// 8 or 9, the scalar stays text, such as an account id or a telephone number.
fn integer(text: &str) -> Option<Value> {
    let (sign, digits) = match text.as_bytes().first()? {
        b'-' => ("-", &text[1..]),
        b'+' => ("", &text[1..]),
        _ => ("", text),
    };
    if !digits.as_bytes().first()?.is_ascii_digit() {
        return None;
    }
    let radix =
        |digits: &str, radix| i64::from_str_radix(&format!("{sign}{digits}"), radix).ok().map(Value::from);
    if let Some(hex) = digits.strip_prefix("0x").filter(|hex| hex.bytes().all(|b| b.is_ascii_hexdigit())) {
        return radix(hex, 16);
    }
    if !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    match digits.strip_prefix('0').filter(|rest| !rest.is_empty()) {
        Some(octal) => radix(octal, 8),
        None => radix(digits, 10).or_else(|| text.parse::<u64>().ok().map(Value::from)),
    }
}

fn float(text: &str) -> Option<Value> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let is_number = digits.contains('.')
        && digits.bytes().any(|b| b.is_ascii_digit())
        && digits.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'E' | b'-' | b'+'));
    let number = is_number.then(|| text.parse::<f64>().ok()).flatten()?;
    Number::from_f64(number).map(Value::Number)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn plain_scalars_follow_yaml_1_1() {
        let check = |text: &str, expected: Value| assert_eq!(plain(text), expected, "{text}");
        check("", Value::Null);
        check("~", Value::Null);
        check("yes", json!(true));
        check("Off", json!(false));
        check("y", json!("y"));
        check("512", json!(512));
        check("-3", json!(-3));
        check("0644", json!(420));
        check("0x1F", json!(31));
        check("012345678901", json!("012345678901"));
        check("18446744073709551615", json!(18_446_744_073_709_551_615_u64));
        check("1.5", json!(1.5));
        check("1.5e3", json!(1500.0));
        check("1.2.3", json!("1.2.3"));
        check("2010-09-09", json!("2010-09-09"));
        check("22:22", json!("22:22"));
        check(".", json!("."));
        check("-", json!("-"));
    }
}
