//! Templates that create DynamoDB tables.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::{Options, cloud::Cloud, template::Template};

fn template(resource: &Value) -> Template {
    Template::parse(&json!({ "Resources": { "Table": resource } }).to_string()).unwrap()
}

async fn described(cloud: &Cloud) -> Value {
    let input = json!({ "TableName": "the-table" });
    cloud.call(&cloud.context("us-east-1"), "dynamodb", "DescribeTable", input).await.unwrap()["Table"].take()
}

async fn recovery(cloud: &Cloud) -> Value {
    let input = json!({ "TableName": "the-table" });
    let mut output = cloud
        .call(&cloud.context("us-east-1"), "dynamodb", "DescribeContinuousBackups", input)
        .await
        .unwrap();
    output["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"]
        .take()
}

/// As the CDK's `TableV2` writes it.
fn global(more: Value, of_replica: Value) -> Template {
    let mut replica = json!({ "Region": "us-east-1" });
    replica.as_object_mut().unwrap().extend(of_replica.as_object().unwrap().clone());
    let mut properties = json!({
        "TableName": "the-table", "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [
            { "AttributeName": "p", "AttributeType": "S" }, { "AttributeName": "g", "AttributeType": "S" },
        ],
        "KeySchema": [{ "AttributeName": "p", "KeyType": "HASH" }],
        "GlobalSecondaryIndexes": [{
            "IndexName": "by-g", "KeySchema": [{ "AttributeName": "g", "KeyType": "HASH" }],
            "Projection": { "ProjectionType": "ALL" }, "WriteOnDemandThroughputSettings": { "MaxWriteRequestUnits": 3 },
        }],
        "Replicas": [replica],
    });
    properties.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    template(&json!({ "Type": "AWS::DynamoDB::GlobalTable", "Properties": properties }))
}

#[tokio::test]
async fn the_limits_of_a_global_table_are_those_of_its_only_replica() {
    let cloud = Cloud::new(Options::default());
    let apply = async |template: &Template| {
        cloud.apply("stack", template, &BTreeMap::new()).await.unwrap();
        described(&cloud).await
    };
    let warm = json!({ "ReadUnitsPerSecond": 13_000, "WriteUnitsPerSecond": 5_000 });
    let of_replica = json!({
        "ReadOnDemandThroughputSettings": { "MaxReadRequestUnits": 8 },
        "PointInTimeRecoverySpecification": { "PointInTimeRecoveryEnabled": true },
        "GlobalSecondaryIndexes": [{
            "IndexName": "by-g", "ReadOnDemandThroughputSettings": { "MaxReadRequestUnits": 4 },
        }],
    });
    let more = json!({
        "WriteOnDemandThroughputSettings": { "MaxWriteRequestUnits": 7 }, "WarmThroughput": warm,
    });
    let limits =
        |read: u64, write: u64| json!({ "MaxReadRequestUnits": read, "MaxWriteRequestUnits": write });
    let table = apply(&global(more, of_replica.clone())).await;
    assert_eq!(table["OnDemandThroughput"], limits(8, 7));
    assert_eq!(table["GlobalSecondaryIndexes"][0]["OnDemandThroughput"], limits(4, 3));
    assert_eq!(table["WarmThroughput"]["WriteUnitsPerSecond"], 5_000);
    assert_eq!(recovery(&cloud).await, "ENABLED");
    // What the next template no longer has: the limit of writes ends, and the warm throughput stays.
    let table = apply(&global(json!({}), of_replica)).await;
    assert_eq!(table["OnDemandThroughput"], json!({ "MaxReadRequestUnits": 8 }));
    assert_eq!(table["WarmThroughput"]["WriteUnitsPerSecond"], 5_000);
    let table = apply(&global(json!({}), json!({}))).await;
    assert_eq!(table["OnDemandThroughput"], json!(null));
    assert_eq!(recovery(&cloud).await, "DISABLED");
}

#[tokio::test]
async fn the_stream_that_gets_a_table_s_changes_is_changed_in_place() {
    let cloud = Cloud::new(Options::default());
    let call = async |service: &str, operation: &str, input: Value| {
        cloud.call(&cloud.context("us-east-1"), service, operation, input).await.unwrap()
    };
    for name in ["one", "two"] {
        call("kinesis", "CreateStream", json!({ "StreamName": name, "ShardCount": 1 })).await;
    }
    let to = |stream: &str, more: Value| {
        let mut to =
            json!({ "StreamArn": format!("arn:aws:kinesis:us-east-1:000000000000:stream/{stream}") });
        to.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({ "KinesisStreamSpecification": to })
    };
    let precise = json!({ "ApproximateCreationDateTimePrecision": "MICROSECOND" });
    let steps = [
        (json!({}), json!([])),
        (to("one", json!({})), json!([["one", "ACTIVE", "MILLISECOND"]])),
        (to("one", precise.clone()), json!([["one", "ACTIVE", "MICROSECOND"]])),
        (to("one", json!({})), json!([["one", "ACTIVE", "MILLISECOND"]])),
        (to("two", precise), json!([["one", "DISABLED", "MILLISECOND"], ["two", "ACTIVE", "MICROSECOND"]])),
        (json!({}), json!([["one", "DISABLED", "MILLISECOND"], ["two", "DISABLED", "MICROSECOND"]])),
    ];
    let mut id = None;
    for (of_replica, expected) in steps {
        cloud.apply("stack", &global(json!({}), of_replica), &BTreeMap::new()).await.unwrap();
        let table = described(&cloud).await["TableId"].take();
        assert_eq!(id.get_or_insert_with(|| table.clone()), &table, "the same table");
        let name = json!({ "TableName": "the-table" });
        let found = call("dynamodb", "DescribeKinesisStreamingDestination", name).await;
        let destinations = found["KinesisDataStreamDestinations"].as_array().unwrap();
        let shown = destinations.iter().map(|found| {
            let stream = found["StreamArn"].as_str().unwrap().rsplit('/').next().unwrap();
            json!([stream, found["DestinationStatus"], found["ApproximateCreationDateTimePrecision"]])
        });
        assert_eq!(shown.collect::<Value>(), expected);
    }
}

#[tokio::test]
async fn a_protected_table_that_could_not_be_undone_stays_in_its_stack() {
    let cloud = Cloud::new(Options::default());
    let resource = json!({ "Type": "AWS::DynamoDB::Table", "Properties": {
        "TableName": "the-table", "BillingMode": "PAY_PER_REQUEST", "DeletionProtectionEnabled": true,
        "AttributeDefinitions": [{ "AttributeName": "p", "AttributeType": "S" }],
        "KeySchema": [{ "AttributeName": "p", "KeyType": "HASH" }],
        "KinesisStreamSpecification": { "StreamArn": "arn:aws:kinesis:us-east-1:000000000000:stream/none" },
    }});
    cloud.apply("stack", &template(&resource), &BTreeMap::new()).await.unwrap_err();
    let cloudformation = async |operation: &str| {
        let input = json!({ "StackName": "stack" });
        cloud.call(&cloud.context("us-east-1"), "cloudformation", operation, input).await
    };
    let status =
        async || cloudformation("DescribeStacks").await.map(|mut all| all["Stacks"][0]["StackStatus"].take());
    assert_eq!(status().await.unwrap(), "ROLLBACK_FAILED");
    cloudformation("DeleteStack").await.unwrap();
    assert_eq!(status().await.unwrap(), "DELETE_FAILED");
    assert_eq!(described(&cloud).await["DeletionProtectionEnabled"], true);
    let input = json!({ "TableName": "the-table", "DeletionProtectionEnabled": false });
    cloud.call(&cloud.context("us-east-1"), "dynamodb", "UpdateTable", input).await.unwrap();
    cloudformation("DeleteStack").await.unwrap();
    assert!(status().await.is_err(), "the stack is gone");
    let listed = cloud.call(&cloud.context("us-east-1"), "dynamodb", "ListTables", json!({})).await.unwrap();
    assert_eq!(listed, json!({ "TableNames": [] }));
}

#[tokio::test]
async fn a_table_changes_its_billing_mode_and_the_throughput_of_its_indexes_in_place() {
    let cloud = Cloud::new(Options::default());
    let with = |more: Value, index: Value| {
        let mut by_g = json!({
            "IndexName": "by-g", "KeySchema": [{ "AttributeName": "g", "KeyType": "HASH" }],
            "Projection": { "ProjectionType": "ALL" },
        });
        by_g.as_object_mut().unwrap().extend(index.as_object().unwrap().clone());
        let mut properties = json!({
            "TableName": "the-table", "GlobalSecondaryIndexes": [by_g],
            "AttributeDefinitions": [
                { "AttributeName": "p", "AttributeType": "S" }, { "AttributeName": "g", "AttributeType": "S" },
            ],
            "KeySchema": [{ "AttributeName": "p", "KeyType": "HASH" }],
        });
        properties.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        template(&json!({ "Type": "AWS::DynamoDB::Table", "Properties": properties }))
    };
    let apply = async |template: &Template| {
        cloud.apply("stack", template, &BTreeMap::new()).await.unwrap();
        described(&cloud).await
    };
    // Numbers and booleans are written as text.
    let limits = json!({ "OnDemandThroughput": { "MaxReadRequestUnits": "10" } });
    let on_demand = json!({
        "BillingMode": "PAY_PER_REQUEST", "OnDemandThroughput": { "MaxWriteRequestUnits": "20" },
        "SSESpecification": { "SSEEnabled": "false" }, "DeletionProtectionEnabled": "false",
        "Tags": [{ "Key": "k", "Value": 5 }],
    });
    let table = apply(&with(on_demand, limits)).await;
    assert_eq!(table["OnDemandThroughput"], json!({ "MaxWriteRequestUnits": 20 }));
    let index = &table["GlobalSecondaryIndexes"][0];
    assert_eq!(index["OnDemandThroughput"], json!({ "MaxReadRequestUnits": 10 }));
    let created = index["IndexArn"].clone();

    let units = json!({ "ProvisionedThroughput": { "ReadCapacityUnits": "3", "WriteCapacityUnits": 4 } });
    let more = json!({ "ProvisionedThroughput": units["ProvisionedThroughput"], "TableClass": "STANDARD" });
    let table = apply(&with(more.clone(), units)).await;
    assert_eq!(table["BillingModeSummary"]["BillingMode"], "PROVISIONED");
    assert_eq!(table["ProvisionedThroughput"]["ReadCapacityUnits"], 3);
    assert_eq!(table["GlobalSecondaryIndexes"][0]["ProvisionedThroughput"]["WriteCapacityUnits"], 4);

    let units = json!({ "ProvisionedThroughput": { "ReadCapacityUnits": 5, "WriteCapacityUnits": 4 } });
    let table = apply(&with(more, units)).await;
    assert_eq!(table["GlobalSecondaryIndexes"][0]["ProvisionedThroughput"]["ReadCapacityUnits"], 5);
    assert_eq!(table["GlobalSecondaryIndexes"][0]["IndexArn"], created);

    let on_demand = json!({ "BillingMode": "PAY_PER_REQUEST", "DeletionProtectionEnabled": "false" });
    let table = apply(&with(on_demand, json!({}))).await;
    assert_eq!(table["BillingModeSummary"]["BillingMode"], "PAY_PER_REQUEST");
}
