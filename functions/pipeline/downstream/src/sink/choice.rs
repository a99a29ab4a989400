//! Chooses the sink of an environment.

use pipeline_model::aws::Cause;
use pipeline_model::{StartError, optional};

use super::both::Both;
use super::cloudwatch::CloudWatch;
use super::contract::Sink;
use super::postgres::Postgres;
use crate::change::Change;

/// The value of `SINK`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SinkChoice {
    /// Latencies as `CloudWatch` metrics; the default.
    CloudWatch,
    /// Items and latencies as rows of Postgres.
    Postgres,
    /// Rows first, then metrics.
    Both,
}

impl SinkChoice {
    /// Reads `SINK`.
    pub fn from_env() -> Result<Self, StartError> {
        Self::parse(optional("SINK").as_deref())
    }

    fn parse(value: Option<&str>) -> Result<Self, StartError> {
        match value {
            None | Some("cloudwatch") => Ok(Self::CloudWatch),
            Some("postgres") => Ok(Self::Postgres),
            Some("both") => Ok(Self::Both),
            Some(other) => Err(StartError::Unsupported {
                name: "SINK",
                value: other.to_owned(),
                supported: "it is cloudwatch, postgres or both",
            }),
        }
    }

    /// Makes the sink from the function's environment; variables of other sinks are not read.
    pub async fn open(self) -> Result<ChosenSink, StartError> {
        Ok(match self {
            Self::CloudWatch => ChosenSink::CloudWatch(CloudWatch::from_env().await),
            Self::Postgres => ChosenSink::Postgres(Box::new(Postgres::from_env()?)),
            Self::Both => {
                let first = Postgres::from_env()?;
                ChosenSink::Both(Box::new(Both { first, second: CloudWatch::from_env().await }))
            }
        })
    }
}

/// The sink of an environment.
#[derive(Debug)]
pub enum ChosenSink {
    /// Metrics.
    CloudWatch(CloudWatch),
    /// Rows.
    Postgres(Box<Postgres>),
    /// Both.
    Both(Box<Both<Postgres, CloudWatch>>),
}

impl Sink for ChosenSink {
    fn fits(&self, changes: &[Change]) -> usize {
        match self {
            Self::CloudWatch(sink) => sink.fits(changes),
            Self::Postgres(sink) => sink.fits(changes),
            Self::Both(sink) => sink.fits(changes),
        }
    }

    async fn emit(&self, changes: &[Change]) -> Result<(), Cause> {
        match self {
            Self::CloudWatch(sink) => sink.emit(changes).await,
            Self::Postgres(sink) => sink.emit(changes).await,
            Self::Both(sink) => sink.emit(changes).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_variable_names_the_sink() {
        assert_eq!(SinkChoice::parse(None).unwrap(), SinkChoice::CloudWatch);
        assert_eq!(SinkChoice::parse(Some("cloudwatch")).unwrap(), SinkChoice::CloudWatch);
        assert_eq!(SinkChoice::parse(Some("postgres")).unwrap(), SinkChoice::Postgres);
        assert_eq!(SinkChoice::parse(Some("both")).unwrap(), SinkChoice::Both);
    }

    #[test]
    fn what_is_not_there_is_refused_by_name() {
        for value in ["kafka", "CloudWatch", "x"] {
            let error = SinkChoice::parse(Some(value)).unwrap_err().to_string();
            assert_eq!(error, format!("SINK={value} is not supported: it is cloudwatch, postgres or both"));
        }
    }
}
