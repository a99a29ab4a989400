//! One comparison in a pattern's list.

use std::net::IpAddr;

use serde_json::Value;

/// A comparison that a pattern makes with a member of an event.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Comparison {
    Null,
    Bool(bool),
    Number(f64),
    Text(Text),
    /// `anything-but`: a scalar that none of these comparisons accept.
    Nothing(Vec<Comparison>),
    /// `numeric`: a number between the bounds.
    Between(Vec<(Relation, f64)>),
    /// `exists`: whether the member has a value that is not an object.
    Exists(bool),
    /// `cidr`: a text that is an IP address in the network.
    Inside(Network),
}

/// How a text is compared.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Text {
    Equals(String),
    /// Equal, ignoring case. The text is in lower case, as is the text of `Prefix` and `Suffix` when `ignore_case` is set.
    Folded(String),
    Prefix {
        text: String,
        ignore_case: bool,
    },
    Suffix {
        text: String,
        ignore_case: bool,
    },
    /// The parts of a `wildcard` between its stars. There is at least one star, so at least two parts.
    Wildcard(Vec<String>),
}

/// A network such as `10.0.0.0/24`: its address, and the length of its prefix in bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Network {
    pub(super) address: IpAddr,
    pub(super) bits: u32,
}

impl Network {
    fn holds(self, address: IpAddr) -> bool {
        let same = |a: u128, b: u128, width: u32| self.bits == 0 || (a ^ b) >> (width - self.bits) == 0;
        match (self.address, address) {
            (IpAddr::V4(a), IpAddr::V4(b)) => same(a.to_bits().into(), b.to_bits().into(), 32),
            (IpAddr::V6(a), IpAddr::V6(b)) => same(a.to_bits(), b.to_bits(), 128),
            _ => false,
        }
    }
}

/// The relations of `numeric`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Relation {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Comparison {
    /// Whether the value (`None` when the event has no such member) fits. Of an array, one element is enough.
    pub(super) fn holds(&self, value: Option<&Value>) -> bool {
        match (self, value) {
            (Self::Exists(wanted), value) => *wanted == value.is_some_and(is_leaf),
            (_, None) => false,
            (_, Some(Value::Array(items))) => items.iter().any(|item| self.holds(Some(item))),
            (Self::Null, Some(value)) => value.is_null(),
            (Self::Bool(wanted), Some(value)) => value.as_bool() == Some(*wanted),
            (Self::Number(wanted), Some(value)) => value.as_f64() == Some(*wanted),
            (Self::Text(text), Some(value)) => value.as_str().is_some_and(|value| text.holds(value)),
            (Self::Inside(network), Some(value)) => value
                .as_str()
                .and_then(|text| text.parse().ok())
                .is_some_and(|address| network.holds(address)),
            (Self::Nothing(unwanted), Some(value)) => {
                !value.is_object() && !unwanted.iter().any(|comparison| comparison.holds(Some(value)))
            }
            (Self::Between(bounds), Some(value)) => value
                .as_f64()
                .is_some_and(|value| bounds.iter().all(|(relation, bound)| relation.holds(value, *bound))),
        }
    }
}

impl Text {
    fn holds(&self, value: &str) -> bool {
        let fold = |ignore_case: bool| if ignore_case { value.to_lowercase() } else { value.to_owned() };
        match self {
            Self::Equals(text) => value == text,
            Self::Folded(text) => value.to_lowercase() == *text,
            Self::Prefix { text, ignore_case: false } => value.starts_with(text),
            Self::Suffix { text, ignore_case: false } => value.ends_with(text),
            Self::Prefix { text, ignore_case } => fold(*ignore_case).starts_with(text),
            Self::Suffix { text, ignore_case } => fold(*ignore_case).ends_with(text),
            Self::Wildcard(parts) => fits(parts, value),
        }
    }
}

/// Whether `text` contains the parts in their order, with the first at its beginning and the last at its end.
fn fits(parts: &[String], text: &str) -> bool {
    let [first, middle @ .., last] = parts else { return false };
    let Some(mut rest) = text.strip_prefix(first.as_str()) else { return false };
    for part in middle {
        // The earliest match leaves the most text for the other parts.
        let Some(at) = rest.find(part.as_str()) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last.as_str())
}

impl Relation {
    #[expect(clippy::float_cmp, reason = "`=` compares exactly, as a plain number in a pattern does")]
    fn holds(self, value: f64, bound: f64) -> bool {
        match self {
            Self::Equal => value == bound,
            Self::Less => value < bound,
            Self::LessOrEqual => value <= bound,
            Self::Greater => value > bound,
            Self::GreaterOrEqual => value >= bound,
        }
    }
}

/// `exists` works on leaves only [Filter rule syntax]: an object is not a leaf, and an array counts when one of its
/// elements is a leaf.
fn is_leaf(value: &Value) -> bool {
    match value {
        Value::Object(_) => false,
        Value::Array(items) => items.iter().any(is_leaf),
        _ => true,
    }
}
