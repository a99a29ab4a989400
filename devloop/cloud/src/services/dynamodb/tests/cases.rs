//! Requests that the cloud once answered differently from AWS. Each has the answer of AWS, and where that was seen.
//!
//! `cases.jsonl` has one case in each line. In a request `@long c n` stands for the letter c repeated n times, and `@arn:T`
//! for the ARN of the table T.

use regex::Regex;
use serde_json::{Value, json};

use crate::{Cloud, Context, Options};

/// One line of the file.
struct Case {
    name: String,
    setup: Vec<(String, Value)>,
    request: (String, Value),
    expected: Value,
}

fn cases() -> Vec<Case> {
    let call = |operation: &Value, body: &Value| (operation.as_str().unwrap().to_owned(), expanded(body));
    include_str!("cases.jsonl")
        .lines()
        .enumerate()
        .map(|(at, line)| {
            let case: Value = serde_json::from_str(line).unwrap();
            Case {
                name: format!("line {}: {}", at + 1, case["title"].as_str().unwrap()),
                setup: case["setup"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|step| call(&step[0], &step[1]))
                    .collect(),
                request: call(&case["request"]["op"], &case["request"]["body"]),
                expected: case["expected"].clone(),
            }
        })
        .collect()
}

/// The value with its abbreviations replaced.
fn expanded(value: &Value) -> Value {
    match value {
        Value::String(text) => match text.split_once(' ') {
            Some(("@long", rest)) => {
                let (letter, count) = rest.split_once(' ').unwrap();
                letter.repeat(count.parse().unwrap()).into()
            }
            _ => match text.strip_prefix("@arn:") {
                Some(table) => format!("arn:aws:dynamodb:us-east-1:000000000000:table/{table}").into(),
                None => value.clone(),
            },
        },
        Value::Array(list) => list.iter().map(expanded).collect(),
        Value::Object(members) => {
            members.iter().map(|(name, member)| (name.clone(), expanded(member))).collect()
        }
        other => other.clone(),
    }
}

/// The difference between the answer and the expected one, if there is any.
async fn difference(cloud: &Cloud, cx: &Context, case: Case) -> Option<String> {
    for (operation, body) in case.setup {
        if let Err(error) = cloud.call(cx, "dynamodb", &operation, body).await {
            return Some(format!("the setup's {operation} fails: {error}"));
        }
    }
    let (operation, body) = case.request;
    let answer = match cloud.call(cx, "dynamodb", &operation, body).await {
        Ok(output) => json!({ "status": 200, "fields": output }),
        Err(error) => json!({
            "status": error.status, "type": error.code, "message": error.message, "fields": error.details,
        }),
    };
    let expected = &case.expected;
    let message = answer["message"].as_str().unwrap_or_default();
    let same = ["status", "type", "message", "fields"]
        .iter()
        .all(|member| expected[member].is_null() || holds(&answer[member], &expected[member]));
    let matches =
        expected["message_regex"].as_str().is_none_or(|regex| Regex::new(regex).unwrap().is_match(message));
    (!same || !matches).then(|| format!("answers {answer}, not {expected}"))
}

/// Whether the value contains everything in `expected`; numbers are compared by value.
fn holds(value: &Value, expected: &Value) -> bool {
    match (value, expected) {
        (Value::Object(members), Value::Object(expected)) => expected
            .iter()
            .all(|(name, expected)| members.get(name).is_some_and(|value| holds(value, expected))),
        (Value::Array(list), Value::Array(expected)) => {
            list.len() == expected.len()
                && list.iter().zip(expected).all(|(value, expected)| holds(value, expected))
        }
        (Value::Number(number), Value::Number(expected)) => number.as_f64() == expected.as_f64(),
        _ => value == expected,
    }
}

#[tokio::test]
async fn every_case_is_answered_as_by_aws() {
    let cases = cases();
    // Each line of the file is a case; the first 59 were found by another program.
    assert_eq!(cases.len(), 75);
    let mut differences = Vec::new();
    for case in cases {
        let cloud = Cloud::new(Options::default());
        let name = case.name.clone();
        if let Some(difference) = difference(&cloud, &cloud.context("us-east-1"), case).await {
            differences.push(format!("{name}\n    {difference}"));
        }
    }
    assert!(differences.is_empty(), "{} cases differ:\n{}", differences.len(), differences.join("\n"));
}
