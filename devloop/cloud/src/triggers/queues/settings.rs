//! The options of a queue's mapping and their defaults [`CreateEventSourceMapping`, Lambda API reference; Lambda parameters
//! for Amazon SQS event source mappings].

use std::time::Duration;

use crate::{
    error::ApiError,
    triggers::settings::{Settings, invalid},
};

/// The largest batch without a batching window, and for FIFO queues.
const SMALL_BATCH: usize = 10;

/// The default options of a new mapping.
pub(in crate::triggers) fn defaults() -> Settings {
    Settings { batch_size: SMALL_BATCH, ..Settings::default() }
}

/// Refuses options that a queue's mapping cannot have; `arn` is the queue's.
pub(in crate::triggers) fn check(settings: &Settings, arn: &str) -> Result<(), ApiError> {
    let plain = defaults();
    let streams_only = [
        ("MaximumRetryAttempts", settings.retries != plain.retries),
        ("MaximumRecordAgeInSeconds", settings.record_age != plain.record_age),
        ("BisectBatchOnFunctionError", settings.bisect),
        ("ParallelizationFactor", settings.factor != plain.factor),
        ("TumblingWindowInSeconds", settings.tumbling.is_some()),
        ("DestinationConfig", settings.on_failure.is_some()),
    ];
    if let Some((name, _)) = streams_only.iter().find(|(_, set)| *set) {
        return Err(invalid(format!("Unsupported parameter for event source type SQS: {name}")));
    }
    if arn.strip_suffix(".fifo").is_some() {
        if settings.batch_size > SMALL_BATCH {
            return Err(invalid("BatchSize must be less than or equal to 10 for FIFO queues."));
        }
        if settings.window > Duration::ZERO {
            return Err(invalid("Batching window is not supported for FIFO queues."));
        }
    }
    if settings.batch_size > SMALL_BATCH && settings.window.is_zero() {
        return Err(invalid(
            "Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10",
        ));
    }
    Ok(())
}
