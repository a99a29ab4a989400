use serde_json::{Value, json};

use super::{Fixture, START_MS, simple_table, sorted_table, with};

#[tokio::test]
async fn a_table_is_created_described_listed_and_deleted() {
    let db = Fixture::new();
    let created = db.ok("CreateTable", simple_table("events")).await["TableDescription"].take();
    assert_eq!(created["TableStatus"], "ACTIVE");
    assert_eq!(created["TableArn"], "arn:aws:dynamodb:us-east-1:000000000000:table/events");
    assert_eq!(created["CreationDateTime"], START_MS as f64 / 1000.0);
    assert_eq!(created["LatestStreamLabel"], "2023-11-14T22:13:20.250");
    assert_eq!(
        created["LatestStreamArn"],
        "arn:aws:dynamodb:us-east-1:000000000000:table/events/stream/2023-11-14T22:13:20.250"
    );
    assert_eq!(created["BillingModeSummary"]["BillingMode"], "PAY_PER_REQUEST");
    for name in ["events", "arn:aws:dynamodb:us-east-1:000000000000:table/events"] {
        assert_eq!(db.ok("DescribeTable", json!({"TableName": name})).await["Table"], created);
    }
    let error = db.error("CreateTable", simple_table("events")).await;
    assert_eq!((&*error.code, &*error.message), ("ResourceInUseException", "Table already exists: events"));
    for name in ["orders", "zebra"] {
        db.ok("CreateTable", sorted_table(name)).await;
    }
    let page = db.ok("ListTables", json!({"Limit": 2})).await;
    assert_eq!(page, json!({"TableNames": ["events", "orders"], "LastEvaluatedTableName": "orders"}));
    let page = db.ok("ListTables", json!({"ExclusiveStartTableName": "orders"})).await;
    assert_eq!(page, json!({"TableNames": ["zebra"]}));

    let deleted = db.ok("DeleteTable", json!({"TableName": "events"})).await;
    assert_eq!(deleted["TableDescription"]["TableStatus"], "DELETING");
    for operation in ["DescribeTable", "DeleteTable"] {
        let error = db.error(operation, json!({"TableName": "events"})).await;
        assert_eq!(
            (&*error.code, &*error.message),
            ("ResourceNotFoundException", "Requested resource not found: Table: events not found")
        );
    }
}

#[tokio::test]
async fn invalid_tables_are_refused_in_the_services_words() {
    let db = Fixture::new();
    let prefix = "One or more parameter values were invalid: ";
    let check = async |table: Value, expected: &str| db.invalid("CreateTable", table, expected).await;
    let simple = simple_table("events");
    check(
        with(&simple, json!({"TableName": "no"})),
        "1 validation error detected: Value 'no' at 'tableName' failed to satisfy constraint: Member must have length greater than or equal to 3",
    )
    .await;
    check(
        with(&simple, json!({"TableName": "a b c"})),
        "1 validation error detected: Value 'a b c' at 'tableName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+",
    )
    .await;
    check(
        with(&simple, json!({"KeySchema": [{"AttributeName": "id", "KeyType": "RANGE"}]})),
        "Invalid KeySchema: The first KeySchemaElement is not a HASH key type",
    )
    .await;
    check(
        with(&simple, json!({"KeySchema": [{"AttributeName": "x", "KeyType": "HASH"}]})),
        &format!("{prefix}Some index key attributes are not defined in AttributeDefinitions. Keys: [x], AttributeDefinitions: [id]"),
    )
    .await;
    check(
        with(&sorted_table("events"), json!({"KeySchema": [{"AttributeName": "p", "KeyType": "HASH"}]})),
        &format!("{prefix}Number of attributes in KeySchema does not exactly match number of attributes defined in AttributeDefinitions"),
    )
    .await;
    check(
        with(&simple, json!({"BillingMode": "PROVISIONED"})),
        &format!("{prefix}ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED"),
    )
    .await;
    check(
        with(&simple, json!({"ProvisionedThroughput": {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1}})),
        &format!("{prefix}Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST"),
    )
    .await;
    let local = json!([{
        "IndexName": "local", "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}], "Projection": {"ProjectionType": "ALL"},
    }]);
    check(
        with(&simple, json!({"LocalSecondaryIndexes": local})),
        &format!("{prefix}Table KeySchema does not have a range key, which is required when specifying a LocalSecondaryIndex"),
    )
    .await;
    let policy = with(&simple, json!({"ResourcePolicy": "{}"}));
    let error = db.error("CreateTable", policy).await;
    assert_eq!(error.message, "the embedded cloud does not support ResourcePolicy of DynamoDB tables");
    check(
        json!({"TableName": "events", "KeySchema": [], "AttributeDefinitions": [{"AttributeName": "id"}]}),
        "2 validation errors detected: Value '[]' at 'keySchema' failed to satisfy constraint: Member must have length greater than or equal to 1; Value null at 'attributeDefinitions.1.member.attributeType' failed to satisfy constraint: Member must not be null",
    )
    .await;
    assert_eq!(db.ok("ListTables", json!({})).await, json!({"TableNames": []}));
}

#[tokio::test]
async fn a_tables_settings_can_be_changed() {
    let db = Fixture::with_sorted_table().await;
    let update = async |more: Value| {
        db.ok("UpdateTable", with(&json!({"TableName": "orders"}), more)).await["TableDescription"].take()
    };
    let throughput = json!({"ReadCapacityUnits": 5, "WriteCapacityUnits": 6});
    let table = update(json!({"BillingMode": "PROVISIONED", "ProvisionedThroughput": throughput})).await;
    assert_eq!(table["ProvisionedThroughput"]["WriteCapacityUnits"], 6);
    assert_eq!(table["BillingModeSummary"]["BillingMode"], "PROVISIONED");
    update(json!({"DeletionProtectionEnabled": true})).await;
    let table = update(json!({"TableClass": "STANDARD_INFREQUENT_ACCESS"})).await;
    assert_eq!(table["TableClassSummary"]["TableClass"], "STANDARD_INFREQUENT_ACCESS");
    db.invalid(
        "DeleteTable",
        json!({"TableName": "orders"}),
        "Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first.",
    )
    .await;
    let error = db.error("UpdateTable", json!({"TableName": "orders"})).await;
    assert!(error.message.starts_with("At least one of ProvisionedThroughput"), "{error}");
}

#[tokio::test]
async fn tags_are_kept_on_the_table() {
    let db = Fixture::with_table().await;
    let arn = "arn:aws:dynamodb:us-east-1:000000000000:table/events";
    let tags = json!([{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}]);
    db.ok("TagResource", json!({"ResourceArn": arn, "Tags": tags})).await;
    db.ok("UntagResource", json!({"ResourceArn": arn, "TagKeys": ["a"]})).await;
    let listed = db.ok("ListTagsOfResource", json!({"ResourceArn": arn})).await;
    assert_eq!(listed, json!({"Tags": [{"Key": "b", "Value": "2"}]}));
    let error =
        db.error("TagResource", json!({"ResourceArn": arn, "Tags": [{"Key": "aws:x", "Value": ""}]})).await;
    assert_eq!(error.code, "ValidationException");
}

#[tokio::test]
async fn disabled_features_are_described_as_disabled() {
    let db = Fixture::with_table().await;
    let name = json!({"TableName": "events"});
    let backups = db.ok("DescribeContinuousBackups", name.clone()).await;
    assert_eq!(
        backups["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"],
        json!({"PointInTimeRecoveryStatus": "DISABLED"})
    );
    let ttl = db.ok("DescribeTimeToLive", name.clone()).await;
    assert_eq!(ttl, json!({"TimeToLiveDescription": {"TimeToLiveStatus": "DISABLED"}}));
    assert_eq!(db.ok("DescribeLimits", json!({})).await["TableMaxReadCapacityUnits"], 40_000);
}

#[tokio::test]
async fn point_in_time_recovery_is_kept_and_shown() {
    const DAY_MS: i64 = 24 * 3600 * 1000;
    let db = Fixture::with_table().await;
    let update = async |specification: Value| {
        let input = json!({"TableName": "events", "PointInTimeRecoverySpecification": specification});
        let mut updated =
            db.ok("UpdateContinuousBackups", input).await["ContinuousBackupsDescription"].take();
        assert_eq!(updated["ContinuousBackupsStatus"], "ENABLED");
        updated["PointInTimeRecoveryDescription"].take()
    };
    let off = json!({"PointInTimeRecoveryStatus": "DISABLED"});
    assert_eq!(update(json!({"PointInTimeRecoveryEnabled": false})).await, off);
    let on = update(json!({"PointInTimeRecoveryEnabled": true})).await;
    assert_eq!(
        (&on["PointInTimeRecoveryStatus"], &on["RecoveryPeriodInDays"]),
        (&json!("ENABLED"), &json!(35))
    );
    assert_eq!(on["EarliestRestorableDateTime"], on["LatestRestorableDateTime"]);
    db.clock.advance(std::time::Duration::from_hours(48));
    let shorter = update(json!({"PointInTimeRecoveryEnabled": true, "RecoveryPeriodInDays": 1})).await;
    let at = |ms: i64| crate::wire::epoch_seconds(super::START_MS + ms);
    assert_eq!(shorter["EarliestRestorableDateTime"], at(DAY_MS));
    assert_eq!(shorter["LatestRestorableDateTime"], at(2 * DAY_MS - 300_000));
    let described = db.ok("DescribeContinuousBackups", json!({"TableName": "events"})).await;
    assert_eq!(described["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"], shorter);
    assert_eq!(update(json!({"PointInTimeRecoveryEnabled": false})).await, off);
    let long = json!({"PointInTimeRecoveryEnabled": true, "RecoveryPeriodInDays": 36});
    let error = db
        .error(
            "UpdateContinuousBackups",
            json!({"TableName": "events", "PointInTimeRecoverySpecification": long}),
        )
        .await;
    assert!(error.message.contains("less than or equal to 35"), "{error}");
}

#[tokio::test]
async fn regions_do_not_share_tables() {
    let db = Fixture::with_table().await;
    let cx = crate::context::Context { region: "eu-west-1".into(), ..db.cx.clone() };
    assert_eq!(db.db.call(&cx, "ListTables", json!({})).await.unwrap(), json!({"TableNames": []}));
}
