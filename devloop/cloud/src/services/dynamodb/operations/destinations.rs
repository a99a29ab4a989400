//! `EnableKinesisStreamingDestination` and the other operations on Kinesis destinations. Their errors were measured on AWS:
//! ack-api-quirks, DDB-TABLE-442 and 457.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::{
    super::{
        destination::{Destination, Precision, Status},
        store::not_found,
        table::{Contents, Table},
    },
    Request,
    input::Input,
};
use crate::{error::ApiError, services::kinesis::Stream};

/// The most Kinesis streams that one table may have as destinations [Quotas in Amazon DynamoDB].
const MAX_DESTINATIONS: usize = 2;

/// The shortest ARN of a stream.
const LEAST_ARN: usize = 37;

/// The table and the stream, which every operation names.
struct Named {
    table: Arc<Table>,
    arn: String,
    precision: Option<Precision>,
}

fn take(request: &Request<'_>, input: Value, configuration: &str) -> Result<Named, ApiError> {
    let mut input = Input::new(input)?;
    let arn = input.required_text("StreamArn")?;
    if (1..LEAST_ARN).contains(&arn.len()) || arn.is_empty() && input.violations().is_empty() {
        let constraint = format!("Member must have length greater than or equal to {LEAST_ARN}");
        input.violations().value(&arn, "streamArn", &constraint);
    }
    let name = input.described_table()?;
    input.checked()?;
    let mut precision = None;
    if let Some(configuration) = input.take(configuration) {
        let mut configuration = Input::new(configuration)?;
        let words = &["MICROSECOND", "MILLISECOND"];
        precision = match configuration.choice("ApproximateCreationDateTimePrecision", words)? {
            Some("MICROSECOND") => Some(Precision::Microsecond),
            Some(_) => Some(Precision::Millisecond),
            None => None,
        };
        configuration.checked()?;
    }
    Ok(Named { table: request.store.named_table(&name)?, arn, precision })
}

fn stream(request: &Request<'_>, arn: &str) -> Result<Arc<Stream>, ApiError> {
    request.kinesis.source(&request.cx.region, arn).map_err(|error| not_found(error.message))
}

fn answer(named: &Named, status: &str, configuration: &str, precision: Precision) -> Value {
    json!({
        "TableName": named.table.name,
        "StreamArn": named.arn,
        "DestinationStatus": status,
        configuration: { "ApproximateCreationDateTimePrecision": precision.name() },
    })
}

/// `EnableKinesisStreamingDestination`. Changes go to the stream from the answer on.
pub(in super::super) fn enable(request: &Request<'_>, input: Value) -> Result<Value, ApiError> {
    const CONFIGURATION: &str = "EnableKinesisStreamingConfiguration";
    let named = take(request, input, CONFIGURATION)?;
    let stream = stream(request, &named.arn)?;
    let precision = named.precision.unwrap_or(Precision::Millisecond);
    let mut contents = named.table.write_contents();
    let active = contents.destinations.iter().filter(|other| other.status == Status::Active).count();
    match contents.destinations.iter_mut().find(|other| other.arn == named.arn) {
        Some(other) if other.status == Status::Active => {
            return Err(invalid_state(
                "EnableKinesisStreamingDestination must be DISABLED or ENABLE_FAILED to perform ENABLE operation.",
            ));
        }
        _ if active == MAX_DESTINATIONS => {
            return Err(ApiError::client(
                "LimitExceededException",
                format!("A table streams to at most {MAX_DESTINATIONS} Kinesis streams"),
            ));
        }
        Some(other) => other.enable(stream, precision),
        None => {
            let (table, region) = (named.table.name.clone(), Arc::clone(&request.cx.region));
            contents.destinations.push(Destination::new(named.arn.clone(), stream, precision, table, region));
        }
    }
    drop(contents);
    Ok(answer(&named, "ENABLING", CONFIGURATION, precision))
}

/// `DisableKinesisStreamingDestination`.
pub(in super::super) fn disable(request: &Request<'_>, input: Value) -> Result<Value, ApiError> {
    const CONFIGURATION: &str = "EnableKinesisStreamingConfiguration";
    let named = take(request, input, CONFIGURATION)?;
    if named.precision.is_some() {
        return Err(ApiError::validation(
            "Stream cannot be disabled using EnableKinesisStreamingConfiguration parameters",
        ));
    }
    let mut contents = named.table.write_contents();
    let Some(destination) = active(&mut contents, &named) else {
        return Err(invalid_state(
            "KinesisStreamingDestination must be ACTIVE to perform DISABLE operation.",
        ));
    };
    destination.status = Status::Disabled;
    let precision = destination.precision;
    drop(contents);
    Ok(answer(&named, "DISABLING", CONFIGURATION, precision))
}

/// `UpdateKinesisStreamingDestination`.
pub(in super::super) fn update(request: &Request<'_>, input: Value) -> Result<Value, ApiError> {
    const CONFIGURATION: &str = "UpdateKinesisStreamingConfiguration";
    let named = take(request, input, CONFIGURATION)?;
    let Some(precision) = named.precision else {
        return Err(ApiError::validation(
            "Streaming destination cannot be updated with given parameters: UpdateKinesisStreamingConfiguration cannot be null or contain only null values",
        ));
    };
    let mut contents = named.table.write_contents();
    let Some(destination) = active(&mut contents, &named) else {
        return Err(invalid_state(&format!(
            "Kinesis streaming is not in ACTIVE state. Updates are only allowed in ACTIVE state. TableName: {}, kdsArn: {}",
            named.table.name, named.arn
        )));
    };
    if destination.precision == precision {
        return Err(ApiError::validation(format!(
            "Invalid Request: Precision is already set to the desired value of {} for tableId: {}, kdsArn: {}",
            precision.name(),
            named.table.id,
            named.arn
        )));
    }
    destination.precision = precision;
    drop(contents);
    Ok(answer(&named, "UPDATING", CONFIGURATION, precision))
}

fn active<'c>(contents: &'c mut Contents, named: &Named) -> Option<&'c mut Destination> {
    let active = |other: &&mut Destination| other.arn == named.arn && other.status == Status::Active;
    contents.destinations.iter_mut().find(active)
}

fn invalid_state(why: &str) -> ApiError {
    ApiError::validation(format!(
        "Table is not in a valid state to enable Kinesis Streaming Destination: {why}"
    ))
}

/// `DescribeKinesisStreamingDestination`.
pub(in super::super) fn describe(request: &Request<'_>, input: Value) -> Result<Value, ApiError> {
    let table = request.store.named_table(&Input::new(input)?.described_table()?)?;
    let contents = table.read_contents();
    let destinations: Vec<Value> = contents.destinations.iter().map(describe_one).collect();
    Ok(json!({ "TableName": table.name, "KinesisDataStreamDestinations": destinations }))
}

fn describe_one(destination: &Destination) -> Value {
    let (status, why) = match destination.status {
        Status::Active => ("ACTIVE", None),
        Status::Disabled => ("DISABLED", None),
        Status::Failed => ("ENABLE_FAILED", Some("The stream takes no records: it is deleted or full.")),
    };
    let mut described = Map::from_iter([
        ("StreamArn".to_owned(), destination.arn.as_str().into()),
        ("DestinationStatus".to_owned(), status.into()),
        ("ApproximateCreationDateTimePrecision".to_owned(), destination.precision.name().into()),
    ]);
    described.extend(why.map(|why| ("DestinationStatusDescription".to_owned(), why.into())));
    Value::Object(described)
}
