//! The documents and errors of the mappings' API.

use hyper::Method;
use serde_json::{Value, json};

use super::{
    fake::{DYNAMODB_ARN, KINESIS_ARN, QUEUE_ARN},
    world::World,
};

#[tokio::test]
async fn a_new_mapping_shows_every_default() {
    let world = World::new();
    let body = json!({ "EventSourceArn": KINESIS_ARN, "FunctionName": "f", "StartingPosition": "LATEST" });
    let (status, document) = world.request(Method::POST, "", &body).unwrap();
    let uuid = document["UUID"].as_str().unwrap();
    let mut expected = json!({
        "UUID": uuid, "StartingPosition": "LATEST", "BatchSize": 100, "MaximumBatchingWindowInSeconds": 0,
        "ParallelizationFactor": 1, "EventSourceArn": KINESIS_ARN,
        "EventSourceMappingArn": format!("arn:aws:lambda:us-east-1:000000000000:event-source-mapping:{uuid}"),
        "FunctionArn": "arn:aws:lambda:us-east-1:000000000000:function:f", "LastModified": 1_700_000_000.0,
        "LastProcessingResult": "No records processed", "State": "Creating", "StateTransitionReason": "User action",
        "DestinationConfig": { "OnFailure": {} }, "MaximumRecordAgeInSeconds": -1,
        "BisectBatchOnFunctionError": false, "MaximumRetryAttempts": -1, "TumblingWindowInSeconds": 0,
        "FunctionResponseTypes": [],
    });
    assert_eq!((status, &document), (202, &expected));
    world.settle().await;
    expected["State"] = json!("Enabled");
    assert_eq!(world.show(uuid), expected);
}

#[tokio::test]
async fn options_are_shown_as_they_were_given() {
    let world = World::new();
    let options = json!({
        "BatchSize": 10, "MaximumBatchingWindowInSeconds": 5, "MaximumRetryAttempts": 5,
        "MaximumRecordAgeInSeconds": 3600, "BisectBatchOnFunctionError": true,
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
        "DestinationConfig": { "OnFailure": { "Destination": QUEUE_ARN } },
        "StartingPosition": "AT_TIMESTAMP", "StartingPositionTimestamp": 1_600_000_000.5,
    });
    let uuid = world.map(options.clone());
    let shown = world.show(&uuid);
    for (name, value) in options.as_object().unwrap() {
        assert_eq!(&shown[name], value, "{name}");
    }
}

#[tokio::test]
async fn errors_have_the_texts_of_aws() {
    let world = World::new();
    let uuid = world.map(json!({}));
    let good = json!({ "EventSourceArn": KINESIS_ARN, "FunctionName": "g", "StartingPosition": "LATEST" });
    let check = async |change: Value, status: u16, code: &str, message: &str| {
        let mut body = good.clone();
        body.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let error = world.request(Method::POST, "", &body).unwrap_err();
        assert_eq!(
            (error.status, error.code.as_ref(), error.message.as_str()),
            (status, code, message),
            "{change}"
        );
    };
    let invalid = "InvalidParameterValueException";
    check(json!({ "FunctionName": "nobody" }), 400, invalid, "Function does not exist").await;
    let missing = KINESIS_ARN.replace("orders", "nothing");
    check(json!({ "EventSourceArn": missing }), 400, invalid, &format!("Stream not found: {missing}")).await;
    check(json!({ "EventSourceArn": null }), 400, invalid, "Unrecognized event source.").await;
    check(
        json!({ "EventSourceArn": DYNAMODB_ARN, "StartingPosition": "AT_TIMESTAMP", "StartingPositionTimestamp": 1 }),
        400,
        invalid,
        &format!("Unsupported starting position for arn type: {DYNAMODB_ARN}"),
    )
    .await;
    check(
        json!({ "FunctionName": "f" }),
        409,
        "ResourceConflictException",
        &format!(
            "The event source arn (\" {KINESIS_ARN} \") and function (\" f \") provided mapping already exists. Please \
             update or delete the existing mapping with UUID {uuid}"
        ),
    )
    .await;
    check(
        json!({ "Queues": ["q"] }),
        501,
        "NotImplementedException",
        "the embedded cloud does not support the option `Queues` of CreateEventSourceMapping",
    )
    .await;
    assert_eq!(world.mappings.snapshot().len(), 1, "nothing was made");
    for (method, path) in [(Method::PUT, "/nobody"), (Method::GET, "/nobody"), (Method::DELETE, "/nobody")] {
        let error = world.request(method, path, &json!(null)).unwrap_err();
        assert_eq!(
            (error.status, error.message.as_str()),
            (404, "The resource you requested does not exist.")
        );
    }
    for (method, path) in [(Method::PATCH, ""), (Method::POST, "/x"), (Method::GET, "/x/y")] {
        let error = world.request(method, path, &json!(null)).unwrap_err();
        assert_eq!(error.code, "UnknownOperationException");
    }
    let error = world.request(Method::POST, "", &json!("text")).unwrap_err();
    assert_eq!(error.status, 400);
}

#[tokio::test]
async fn an_update_to_a_function_that_is_mapped_already_is_a_conflict() {
    let world = World::new();
    world.map(json!({}));
    let other = world.map(json!({ "FunctionName": "g" }));
    let body = json!({ "FunctionName": "f", "BatchSize": 7 });
    let error = world.request(Method::PUT, &format!("/{other}"), &body).unwrap_err();
    assert_eq!(error.code, "ResourceConflictException");
    assert_eq!(world.show(&other)["BatchSize"], 100);
}

#[tokio::test]
async fn lists_are_filtered_paged_and_per_region() {
    let mut world = World::new();
    let one = world.map(json!({}));
    let two = world.map(json!({ "FunctionName": "g" }));
    let three = world.map(json!({ "FunctionName": "f:live" }));
    let four = world.map(json!({ "EventSourceArn": DYNAMODB_ARN }));
    let check = async |world: &World, query: &str, expected: &[&String], more: bool| {
        let (status, document) = world.request(Method::GET, query, &json!(null)).unwrap();
        let uuids: Vec<&str> = document["EventSourceMappings"]
            .as_array()
            .unwrap()
            .iter()
            .map(|mapping| mapping["UUID"].as_str().unwrap())
            .collect();
        assert_eq!(
            (status, uuids.as_slice()),
            (200, expected.iter().map(|uuid| uuid.as_str()).collect::<Vec<_>>().as_slice()),
            "{query}"
        );
        assert_eq!(document.get("NextMarker").is_some(), more, "{query}");
        document["NextMarker"].as_str().unwrap_or_default().to_owned()
    };
    check(&world, "", &[&one, &two, &three, &four], false).await;
    check(&world, &format!("?EventSourceArn={DYNAMODB_ARN}"), &[&four], false).await;
    check(&world, "?FunctionName=f", &[&one, &three, &four], false).await;
    check(&world, "?FunctionName=f:live", &[&three], false).await;
    let arn = "arn:aws:lambda:us-east-1:000000000000:function:g";
    check(&world, &format!("?FunctionName={arn}"), &[&two], false).await;
    let marker = check(&world, "?MaxItems=2&FunctionName=f", &[&one, &three], true).await;
    world.request(Method::DELETE, &format!("/{one}"), &json!(null)).unwrap();
    check(&world, &format!("?MaxItems=2&FunctionName=f&Marker={marker}"), &[&four], false).await;
    for query in ["?MaxItems=0", "?MaxItems=10001", "?MaxItems=x", "?Marker=x"] {
        assert!(world.request(Method::GET, query, &json!(null)).is_err(), "{query}");
    }
    world.cx.region = "eu-west-1".into();
    check(&world, "", &[], false).await;
}

#[tokio::test]
async fn tags_belong_to_their_mapping() {
    let world = World::new();
    let uuid = world.map(json!({ "Tags": { "team": "unicorns" } }));
    let arn = world.show(&uuid)["EventSourceMappingArn"].as_str().unwrap().to_owned();
    let path = format!("/2017-03-31/tags/{}", arn.replace(':', "%3A"));
    let check = |expected: Value| {
        assert_eq!(world.call(Method::GET, &path, &json!(null)).unwrap(), (200, json!({ "Tags": expected })));
    };
    check(json!({ "team": "unicorns" }));
    let (status, _) =
        world.call(Method::POST, &path, &json!({ "Tags": { "cost": "1", "a b": "2" } })).unwrap();
    assert_eq!(status, 204);
    let gone = format!("{path}?tagKeys=team&tagKeys=a%20b");
    assert_eq!(world.call(Method::DELETE, &gone, &json!(null)).unwrap().0, 204);
    check(json!({ "cost": "1" }));
    let many: serde_json::Map<String, Value> = (0..50).map(|n| (n.to_string(), json!("x"))).collect();
    let error = world.call(Method::POST, &path, &json!({ "Tags": many })).unwrap_err();
    assert_eq!(error.message, "Number of tags exceeds resource tag limit.");
    check(json!({ "cost": "1" }));
    let nobody = path.replace(&uuid, "nobody");
    assert_eq!(world.call(Method::GET, &nobody, &json!(null)).unwrap_err().status, 404);
}
