//! Chooses whether items are written one by one or many at once.

use crate::{StartError, optional};

/// The value of `BATCH_WRITES`.
///
/// `BatchWriteItem` takes no condition, and without one a batch that is delivered again would be stored again.
/// `TransactWriteItems` takes one for each item, but AWS bills it as two write units where a put is billed as one. So the default
/// is puts on AWS itself, and transactions on an endpoint of one's own, which bills nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Writes {
    /// A `PutItem` for each record.
    Single,
    /// A `TransactWriteItems` for up to a hundred records.
    Transact,
}

impl Writes {
    /// How many items are written at once [`TransactWriteItems`, Amazon DynamoDB API reference].
    pub fn at_once(self) -> usize {
        match self {
            Self::Single => 1,
            Self::Transact => 100,
        }
    }

    /// Reads `BATCH_WRITES`; `own_endpoint` decides when it is not set. Another value than `single` or `transact` is an error.
    pub fn from_env(own_endpoint: bool) -> Result<Self, StartError> {
        Self::parse(optional("BATCH_WRITES").as_deref(), own_endpoint)
    }

    fn parse(value: Option<&str>, own_endpoint: bool) -> Result<Self, StartError> {
        match value {
            Some("transact") => Ok(Self::Transact),
            None if own_endpoint => Ok(Self::Transact),
            Some("single") | None => Ok(Self::Single),
            Some(other) => Err(StartError::Unsupported {
                name: "BATCH_WRITES",
                value: other.to_owned(),
                supported: "it is single or transact",
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aws_is_asked_for_transactions_only_by_name() {
        let check = |value, own, expected| assert_eq!(Writes::parse(value, own).unwrap(), expected);
        check(None, false, Writes::Single);
        check(None, true, Writes::Transact);
        check(Some("single"), true, Writes::Single);
        check(Some("transact"), false, Writes::Transact);
        let error = Writes::parse(Some("batch"), true).unwrap_err().to_string();
        assert_eq!(error, "BATCH_WRITES=batch is not supported: it is single or transact");
    }
}
