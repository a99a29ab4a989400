//! Throughput, encryption, and which changes one request may make. What is expected was measured on AWS: ack-api-quirks,
//! DDB-TABLE-032, 039, 056, 059, 061, 174, 178, 433, 437, 442 and 456.

use serde_json::{Value, json};

use super::{Fixture, simple_table, sorted_table, with};

const PREFIX: &str = "One or more parameter values were invalid: ";

fn warm(read: i64, write: i64) -> Value {
    json!({ "ReadUnitsPerSecond": read, "WriteUnitsPerSecond": write, "Status": "ACTIVE" })
}

fn units(read: i64, write: i64) -> Value {
    json!({ "ReadCapacityUnits": read, "WriteCapacityUnits": write })
}

/// A table with the global index `by-g`, and more members.
fn indexed(table: Value, index: Value) -> Value {
    let definitions =
        json!([{"AttributeName": "id", "AttributeType": "S"}, {"AttributeName": "g", "AttributeType": "S"}]);
    let base = json!({
        "IndexName": "by-g", "KeySchema": [{"AttributeName": "g", "KeyType": "HASH"}],
        "Projection": {"ProjectionType": "ALL"},
    });
    let table = with(&simple_table("events"), table);
    with(&table, json!({"AttributeDefinitions": definitions, "GlobalSecondaryIndexes": [with(&base, index)]}))
}

async fn described(db: &Fixture) -> Value {
    db.ok("DescribeTable", json!({"TableName": "events"})).await["Table"].take()
}

async fn update(db: &Fixture, more: Value) -> Value {
    db.ok("UpdateTable", with(&json!({"TableName": "events"}), more)).await["TableDescription"].take()
}

/// Expects that `UpdateTable` refuses a change of the table in these words.
async fn refused(db: &Fixture, more: Value, expected: &str) {
    let expected = format!("{PREFIX}{expected}");
    db.invalid("UpdateTable", with(&json!({"TableName": "events"}), more), &expected).await;
}

#[tokio::test]
async fn the_warm_throughput_is_shown_without_being_given() {
    let db = Fixture::new();
    db.ok("CreateTable", indexed(json!({}), json!({}))).await;
    let table = described(&db).await;
    assert_eq!(table["WarmThroughput"], warm(12_000, 4_000));
    assert_eq!(table["GlobalSecondaryIndexes"][0]["WarmThroughput"], warm(12_000, 4_000));
    let update = json!({ "Update": { "IndexName": "by-g", "ProvisionedThroughput": units(2, 2) } });
    let input = json!({
        "TableName": "events", "BillingMode": "PROVISIONED", "ProvisionedThroughput": units(1, 1),
        "GlobalSecondaryIndexUpdates": [update],
    });
    let table = db.ok("UpdateTable", input).await["TableDescription"].take();
    assert_eq!(table["WarmThroughput"], warm(12_000, 4_000), "it does not decrease");

    let provisioned =
        json!({"BillingMode": "PROVISIONED", "ProvisionedThroughput": units(3, 5), "TableName": "orders"});
    let orders = with(&sorted_table("orders"), provisioned);
    let table = db.ok("CreateTable", orders).await["TableDescription"].take();
    assert_eq!(table["WarmThroughput"], warm(3, 5));
    let change = async |more: Value| {
        db.ok("UpdateTable", with(&json!({"TableName": "orders"}), more)).await["TableDescription"].take()
    };
    assert_eq!(change(json!({"ProvisionedThroughput": units(9, 1)})).await["WarmThroughput"], warm(9, 5));
    assert_eq!(
        change(json!({"WarmThroughput": {"WriteUnitsPerSecond": 50}})).await["WarmThroughput"],
        warm(9, 50)
    );
    let on_demand = change(json!({"BillingMode": "PAY_PER_REQUEST"})).await;
    assert_eq!(on_demand["WarmThroughput"], warm(12_000, 4_000));
    assert_eq!(on_demand["ProvisionedThroughput"]["ReadCapacityUnits"], 0);
}

#[tokio::test]
async fn the_warm_throughput_cannot_be_lowered() {
    let db = Fixture::new();
    let check = async |table: Value, expected: &str| {
        db.invalid("CreateTable", table, &format!("{PREFIX}{expected}")).await;
    };
    let initial = "initial throughput for OnDemand. See: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/on-demand-capacity-mode.html#on-demand-capacity-mode-initial";
    let low = json!({"ReadUnitsPerSecond": 1});
    check(
        indexed(json!({"WarmThroughput": low}), json!({})),
        &format!("Requested ReadUnitsPerSecond for WarmThroughput for table is lower than {initial}"),
    )
    .await;
    check(
        indexed(json!({}), json!({"WarmThroughput": {"WriteUnitsPerSecond": 3999}})),
        &format!("Requested WriteUnitsPerSecond for WarmThroughput for index by-g is lower than {initial}"),
    )
    .await;
    let provisioned =
        json!({"BillingMode": "PROVISIONED", "ProvisionedThroughput": units(10, 10), "WarmThroughput": low});
    check(
        with(&simple_table("events"), provisioned),
        "Requested ReadUnitsPerSecond for WarmThroughput for table is lower than ReadCapacityUnits of ProvisionedThroughput",
    )
    .await;
    db.ok("CreateTable", indexed(json!({"WarmThroughput": {"ReadUnitsPerSecond": 12_001}}), json!({}))).await;
    assert_eq!(described(&db).await["WarmThroughput"], warm(12_001, 4_000));
    refused(
        &db,
        json!({"WarmThroughput": {"ReadUnitsPerSecond": 12_000}}),
        "Requested ReadUnitsPerSecond for WarmThroughput for table is lower than current WarmThroughput, decreasing WarmThroughput is not supported",
    )
    .await;
    let change = |warm: Value| {
        let change = json!({"Update": {"IndexName": "by-g", "WarmThroughput": warm}});
        json!({"GlobalSecondaryIndexUpdates": [change]})
    };
    refused(
        &db,
        change(json!({"WriteUnitsPerSecond": 1})),
        "Requested WriteUnitsPerSecond for WarmThroughput for index by-g is lower than current WarmThroughput, decreasing WarmThroughput is not supported",
    )
    .await;
    refused(
        &db,
        change(json!({})),
        "WarmThroughput must have at least one of ReadUnitsPerSecond or WriteUnitsPerSecond specified for index: by-g",
    )
    .await;
    let table = update(&db, json!({"WarmThroughput": {"ReadUnitsPerSecond": 12_001}})).await;
    assert_eq!(table["WarmThroughput"], warm(12_001, 4_000), "an equal one is accepted");
}

#[tokio::test]
async fn limits_on_demand_are_merged_and_removed() {
    let db = Fixture::new();
    let limits = json!({"MaxReadRequestUnits": 5, "MaxWriteRequestUnits": 6});
    let outside = "Requested MaxReadRequestUnits for OnDemandThroughput for table is outside of valid range";
    for wrong in [0, -1, -2] {
        let table =
            with(&simple_table("events"), json!({"OnDemandThroughput": {"MaxReadRequestUnits": wrong}}));
        db.invalid("CreateTable", table, &format!("{PREFIX}{outside}")).await;
    }
    let given = json!({"OnDemandThroughput": limits});
    let table = db.ok("CreateTable", indexed(given.clone(), given.clone())).await["TableDescription"].take();
    assert_eq!(table["OnDemandThroughput"], limits);
    assert_eq!(table["GlobalSecondaryIndexes"][0]["OnDemandThroughput"], limits);
    for wrong in [0, -2] {
        refused(&db, json!({"OnDemandThroughput": {"MaxReadRequestUnits": wrong}}), outside).await;
    }
    let table = update(&db, json!({"OnDemandThroughput": {"MaxReadRequestUnits": -1}})).await;
    assert_eq!(table["OnDemandThroughput"], json!({"MaxWriteRequestUnits": 6}));
    let table = update(&db, json!({"OnDemandThroughput": {"MaxWriteRequestUnits": -1}})).await;
    assert_eq!(table["OnDemandThroughput"], json!(null));
    refused(
        &db,
        json!({"GlobalSecondaryIndexUpdates": [{"Update": {"IndexName": "by-g"}}]}),
        "The only Updates for index: by-g when TableThroughputMode is PAY_PER_REQUEST can be to OnDemandThroughput, WarmThroughput",
    )
    .await;
    refused(
        &db,
        json!({"BillingMode": "PROVISIONED", "ProvisionedThroughput": units(1, 1)}),
        "ProvisionedThroughput must be specified for index: by-g",
    )
    .await;
    let provisioned = json!({"BillingMode": "PROVISIONED", "ProvisionedThroughput": units(1, 1)});
    db.ok(
        "CreateTable",
        with(&with(&simple_table("events"), provisioned.clone()), json!({"TableName": "slow"})),
    )
    .await;
    db.invalid(
        "UpdateTable",
        with(&json!({"TableName": "slow"}), given.clone()),
        &format!("{PREFIX}MaxReadRequestUnits for OnDemandThroughput cannot be specified when the table BillingMode is PROVISIONED"),
    )
    .await;
    db.invalid(
        "CreateTable",
        with(&with(&simple_table("other"), provisioned), given),
        &format!("{PREFIX}MaxReadRequestUnits for OnDemandThroughput cannot be specified when table BillingMode is PROVISIONED."),
    )
    .await;
}

#[tokio::test]
async fn one_request_makes_one_change() {
    let db = Fixture::new();
    db.ok("CreateTable", indexed(json!({}), json!({}))).await;
    let create = json!([{"Create": {
        "IndexName": "more", "KeySchema": [{"AttributeName": "g", "KeyType": "HASH"}], "Projection": {"ProjectionType": "ALL"},
    }}]);
    let (class, protection, limits) = (json!("STANDARD"), json!(true), json!({"MaxReadRequestUnits": 5}));
    let (sse, warm, stream) =
        (json!({"Enabled": true}), json!({"ReadUnitsPerSecond": 20_000}), json!({"StreamEnabled": false}));
    for (change, expected) in [
        (
            json!({"SSESpecification": sse, "TableClass": class}),
            "Server-Side Encryption modification must be the only operation in the request",
        ),
        (
            json!({"TableClass": class, "DeletionProtectionEnabled": protection}),
            "TableClass modification must be the only operation in the request",
        ),
        (
            json!({"WarmThroughput": warm, "DeletionProtectionEnabled": protection}),
            "DeletionProtection modification must be the only operation in the request",
        ),
        (
            json!({"WarmThroughput": warm, "OnDemandThroughput": limits}),
            "WarmThroughput must be the only operation in the request",
        ),
        (
            json!({"WarmThroughput": warm, "GlobalSecondaryIndexUpdates": create}),
            "Create global secondary index cannot be specified when updating WarmThroughput",
        ),
        (
            json!({"StreamSpecification": stream, "OnDemandThroughput": limits}),
            "OnDemandThroughput can only be combined with BillingMode in an UpdateTable request",
        ),
        (
            json!({"StreamSpecification": stream, "ProvisionedThroughput": units(1, 1)}),
            "You cannot modify stream status while updating table IOPS",
        ),
        (
            json!({"GlobalSecondaryIndexUpdates": create, "ProvisionedThroughput": units(1, 1)}),
            "You cannot create or delete index while updating table IOPS",
        ),
        (
            json!({"GlobalSecondaryIndexUpdates": create, "StreamSpecification": stream}),
            "You cannot create or delete index while changing stream status",
        ),
    ] {
        refused(&db, change, expected).await;
    }
    let error = db.error("UpdateTable", json!({"TableName": "events", "WarmThroughput": {}})).await;
    assert!(error.message.starts_with("At least one of ProvisionedThroughput"), "{error}");
    let both = json!({"BillingMode": "PAY_PER_REQUEST", "OnDemandThroughput": limits});
    assert_eq!(update(&db, both).await["OnDemandThroughput"], limits);
}

#[tokio::test]
async fn encryption_is_kept_and_shown() {
    let db = Fixture::new();
    let create = async |encryption: Value, expected: &str| {
        let table = with(&simple_table("events"), json!({"SSESpecification": encryption}));
        db.invalid("CreateTable", table, &format!("{PREFIX}{expected}")).await;
    };
    create(json!({"Enabled": false, "SSEType": "KMS"}), "SSEType can not be specified if Enabled is false")
        .await;
    create(json!({"Enabled": true, "SSEType": "AES256"}), "SSEType AES256 is not supported").await;
    create(
        json!({"Enabled": true, "KMSMasterKeyId": "alias/mine"}),
        "SSEType KMS is required if KMSMasterKeyId is specified",
    )
    .await;
    let table = with(&simple_table("events"), json!({"SSESpecification": {"SSEType": "KMS"}}));
    let table = db.ok("CreateTable", table).await["TableDescription"].take();
    assert_eq!(table["SSEDescription"]["Status"], "ENABLED");
    assert_eq!(
        update(&db, json!({"SSESpecification": {"Enabled": false}})).await["SSEDescription"],
        json!(null)
    );
    refused(&db, json!({"SSESpecification": {}}), "Table is already encrypted by default").await;
    let key = json!({"SSESpecification": {
        "Enabled": true, "SSEType": "KMS", "KMSMasterKeyId": "arn:aws:kms:us-east-1:000000000000:key/k",
    }});
    let described = update(&db, key.clone()).await["SSEDescription"].take();
    assert_eq!(described["KMSMasterKeyArn"], "arn:aws:kms:us-east-1:000000000000:key/k");
    refused(
        &db,
        key,
        "Table is already encrypted with given KMSMasterKeyId. Use KMSMasterKeyId parameter if you want to change Master Key",
    )
    .await;
}

#[tokio::test]
async fn a_stream_needs_its_view_type_when_it_is_enabled() {
    let db = Fixture::new();
    let create = async |stream: Value, expected: &str| {
        let table = with(&simple_table("events"), json!({"StreamSpecification": stream}));
        db.invalid("CreateTable", table, expected).await;
    };
    create(
        json!({"StreamEnabled": true}),
        &format!("{PREFIX}Table is being created with a stream enabled, UpdateViewType is required"),
    )
    .await;
    create(
        json!({"StreamEnabled": false, "StreamViewType": "KEYS_ONLY"}),
        &format!(
            "{PREFIX}Table is being created with a stream disabled, UpdateViewType should not be specified"
        ),
    )
    .await;
    create(
        json!({"StreamViewType": "KEYS_ONLY"}),
        "1 validation error detected: Value null at 'streamSpecification.streamEnabled' failed to satisfy constraint: Member must not be null",
    )
    .await;
    db.ok("CreateTable", simple_table("events")).await;
    refused(
        &db,
        json!({"StreamSpecification": {"StreamEnabled": false, "StreamViewType": "KEYS_ONLY"}}),
        "If stream is being disabled, then UpdateViewType must not be specified",
    )
    .await;
    update(&db, json!({"StreamSpecification": {"StreamEnabled": false}})).await;
    refused(
        &db,
        json!({"StreamSpecification": {"StreamEnabled": true}}),
        "If stream is being enabled then UpdateViewType is required",
    )
    .await;
    let off = json!({"TableName": "events", "StreamSpecification": {"StreamEnabled": false}});
    db.invalid("UpdateTable", off, "Table has no stream to disable: TableName: events").await;
}
