//! The events and the rules. Each rule says in two ways which events it matches: as the pattern that the cloud gets, and as a
//! condition on the number that an event was made of, which knows nothing of patterns. So what arrives can be counted exactly.

use serde_json::{Value, json};

/// How many rules there are of each kind.
const OF_EACH: usize = 10;

const TYPES: [&str; 3] = ["Order placed", "Order paid", "Order shipped"];
const COUNTRIES: [&str; OF_EACH] = ["AT", "BE", "CH", "DE", "ES", "FI", "GR", "HU", "IE", "JP"];

/// What a rule's pattern asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A source and a detail type.
    Exact,
    /// The beginning of a text.
    Prefix,
    /// A range of numbers.
    Numeric,
    /// Any country but eight, for one source.
    AnythingBut,
    /// A member that not every event has, for one source.
    Exists,
}

/// A rule.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rule {
    kind: Kind,
    number: usize,
}

/// All rules.
pub(crate) fn all() -> Vec<Rule> {
    let kinds = [Kind::Exact, Kind::Prefix, Kind::Numeric, Kind::AnythingBut, Kind::Exists];
    kinds.into_iter().flat_map(|kind| (0..OF_EACH).map(move |number| Rule { kind, number })).collect()
}

/// The entry of `PutEvents` that is made of this number.
pub(crate) fn entry(n: usize) -> Value {
    let mut detail = json!({
        "id": n,
        "sku": format!("{}-{n}", shelf(n)),
        "amount": amount(n),
        "address": { "country": COUNTRIES[country(n)], "city": "Springfield" },
    });
    if has_coupon(n) {
        detail["coupon"] = "SPRING".into();
    }
    json!({ "Source": source(n % OF_EACH), "DetailType": TYPES[n % TYPES.len()], "Detail": detail.to_string() })
}

impl Rule {
    /// The rule's name, which is also that of its queue.
    pub(crate) fn name(self) -> String {
        format!("{:?}-{}", self.kind, self.number).to_lowercase()
    }

    /// The pattern in JSON.
    pub(crate) fn pattern(self) -> Value {
        let k = self.number;
        match self.kind {
            Kind::Exact => json!({ "source": [source(k)], "detail-type": [TYPES[0]] }),
            Kind::Prefix => json!({ "detail": { "sku": [{ "prefix": format!("{k}-") }] } }),
            Kind::Numeric => {
                let range = json!([">=", k * 100, "<", (k + 1) * 100]);
                json!({ "detail-type": [TYPES[1]], "detail": { "amount": [{ "numeric": range }] } })
            }
            Kind::AnythingBut => {
                let others: Vec<&str> = COUNTRIES[2..].to_vec();
                let country = json!([{ "anything-but": others }]);
                json!({ "source": [source(k)], "detail": { "address": { "country": country } } })
            }
            Kind::Exists => json!({ "source": [source(k)], "detail": { "coupon": [{ "exists": true }] } }),
        }
    }

    /// Whether the event of this number matches.
    pub(crate) fn matches(self, n: usize) -> bool {
        let k = self.number;
        let is_from = n % OF_EACH == k;
        match self.kind {
            Kind::Exact => is_from && n.is_multiple_of(TYPES.len()),
            Kind::Prefix => shelf(n) == k,
            Kind::Numeric => n % TYPES.len() == 1 && amount(n) / 100 == k,
            Kind::AnythingBut => is_from && country(n) < 2,
            Kind::Exists => is_from && has_coupon(n),
        }
    }
}

fn source(number: usize) -> String {
    format!("shop.{number}")
}

fn shelf(n: usize) -> usize {
    n / 10 % OF_EACH
}

fn country(n: usize) -> usize {
    n / 100 % OF_EACH
}

/// Below 1,000.
fn amount(n: usize) -> usize {
    n * 37 % 1_000
}

fn has_coupon(n: usize) -> bool {
    n.is_multiple_of(7)
}
