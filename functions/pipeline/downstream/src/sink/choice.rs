//! Which sink an environment uses.

use pipeline_model::{StartError, optional};

/// The value of `SINK`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SinkChoice {
    /// Latencies as `CloudWatch` metrics; the default.
    CloudWatch,
}

impl SinkChoice {
    /// Reads `SINK`.
    pub fn from_env() -> Result<Self, StartError> {
        Self::parse(optional("SINK").as_deref())
    }

    fn parse(value: Option<&str>) -> Result<Self, StartError> {
        match value {
            None | Some("cloudwatch") => Ok(Self::CloudWatch),
            Some(other) => Err(StartError::Unsupported {
                name: "SINK",
                value: other.to_owned(),
                supported: "this build has the sink cloudwatch",
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_there_is_refused_by_name() {
        assert_eq!(SinkChoice::parse(None).unwrap(), SinkChoice::CloudWatch);
        assert_eq!(SinkChoice::parse(Some("cloudwatch")).unwrap(), SinkChoice::CloudWatch);
        for value in ["postgres", "both", "CloudWatch", "x"] {
            let error = SinkChoice::parse(Some(value)).unwrap_err().to_string();
            assert_eq!(error, format!("SINK={value} is not supported: this build has the sink cloudwatch"));
        }
    }
}
