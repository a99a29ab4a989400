"""Drives DynamoDB and DynamoDB Streams with boto3; run by dynamodb_boto3.rs with the cloud's endpoint as argument."""

import sys
from decimal import Decimal

import boto3
from boto3.dynamodb.conditions import Attr, Key
from boto3.dynamodb.types import Binary
from botocore.config import Config
from botocore.exceptions import ClientError

OPTIONS = dict(
    endpoint_url=sys.argv[1],
    region_name="us-east-1",
    aws_access_key_id="test",
    aws_secret_access_key="test",
    config=Config(retries={"total_max_attempts": 1}),
)
client = boto3.client("dynamodb", **OPTIONS)
streams = boto3.client("dynamodbstreams", **OPTIONS)
resource = boto3.resource("dynamodb", **OPTIONS)


def refused(code, call, **arguments):
    try:
        call(**arguments)
    except ClientError as error:
        assert error.response["Error"]["Code"] == code, error.response
        return error.response
    raise AssertionError(f"{code} expected")


def create():
    created = client.create_table(
        TableName="orders",
        AttributeDefinitions=[
            {"AttributeName": "customer", "AttributeType": "S"},
            {"AttributeName": "number", "AttributeType": "N"},
            {"AttributeName": "state", "AttributeType": "S"},
        ],
        KeySchema=[
            {"AttributeName": "customer", "KeyType": "HASH"},
            {"AttributeName": "number", "KeyType": "RANGE"},
        ],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "by-state",
                "KeySchema": [
                    {"AttributeName": "state", "KeyType": "HASH"},
                    {"AttributeName": "number", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
        Tags=[{"Key": "team", "Value": "a"}],
    )["TableDescription"]
    client.get_waiter("table_exists").wait(TableName="orders")
    assert client.list_tables()["TableNames"] == ["orders"]
    assert client.list_tags_of_resource(ResourceArn=created["TableArn"])["Tags"] == [{"Key": "team", "Value": "a"}]
    return created["LatestStreamArn"]


def items(table):
    item = {
        "customer": "c",
        "number": Decimal("1"),
        "state": "new",
        "price": Decimal("12345678901234567890.123456789012345678"),
        "raw": Binary(b"\x00\xff"),
        "tags": {"a", "b"},
        "lines": [{"sku": "x", "count": Decimal(2)}, None, True],
    }
    table.put_item(Item=item, ConditionExpression=Attr("customer").not_exists())
    key = {"customer": "c", "number": 1}
    assert table.get_item(Key=key)["Item"] == item
    failed = refused(
        "ConditionalCheckFailedException",
        table.put_item,
        Item={**key, "state": "other"},
        ConditionExpression="attribute_not_exists(customer) OR price < :p",
        ExpressionAttributeValues={":p": Decimal(1)},
        ReturnValuesOnConditionCheckFailure="ALL_OLD",
    )
    assert failed["Error"]["Message"] == "The conditional request failed"
    assert failed["Item"]["state"] == {"S": "new"}
    updated = table.update_item(
        Key=key,
        UpdateExpression="SET #l[0].#c = #l[0].#c + :one, #s = :paid REMOVE #l[1] ADD tags :tags",
        ExpressionAttributeNames={"#l": "lines", "#c": "count", "#s": "state"},
        ExpressionAttributeValues={":one": 1, ":paid": "paid", ":tags": {"c"}},
        ReturnValues="ALL_NEW",
    )["Attributes"]
    assert updated["lines"] == [{"sku": "x", "count": Decimal(3)}, True]
    assert updated["tags"] == {"a", "b", "c"} and updated["state"] == "paid"
    table.put_item(Item=updated)
    missing = refused("ValidationException", table.put_item, Item={"customer": "c"})
    assert missing["Error"]["Message"] == (
        "One or more parameter values were invalid: Missing the key number in the item"
    )


def queries(table):
    with table.batch_writer() as batch:
        for number in range(2, 41):
            batch.put_item(Item={"customer": "c", "number": number, "state": "new" if number % 2 else "paid"})
    found = table.query(
        KeyConditionExpression=Key("customer").eq("c") & Key("number").between(5, 20),
        FilterExpression=Attr("state").eq("new"),
        ScanIndexForward=False,
    )
    assert [int(item["number"]) for item in found["Items"]] == [19, 17, 15, 13, 11, 9, 7, 5]
    assert (found["Count"], found["ScannedCount"]) == (8, 16)
    pages = client.get_paginator("query").paginate(
        TableName="orders",
        IndexName="by-state",
        KeyConditionExpression="#s = :s",
        ExpressionAttributeNames={"#s": "state"},
        ExpressionAttributeValues={":s": {"S": "paid"}},
        PaginationConfig={"PageSize": 7},
    )
    numbers = [int(item["number"]["N"]) for page in pages for item in page["Items"]]
    assert numbers == [1] + list(range(2, 41, 2)), numbers
    scanned = [
        item
        for segment in range(4)
        for page in client.get_paginator("scan").paginate(TableName="orders", Segment=segment, TotalSegments=4)
        for item in page["Items"]
    ]
    assert len(scanned) == 40
    got = resource.batch_get_item(
        RequestItems={"orders": {"Keys": [{"customer": "c", "number": n} for n in (2, 3, 99)]}}
    )
    assert len(got["Responses"]["orders"]) == 2


def transactions():
    key = {"customer": {"S": "t"}, "number": {"N": "1"}}
    client.transact_write_items(TransactItems=[{"Put": {"TableName": "orders", "Item": key}}])
    try:
        client.transact_write_items(
            TransactItems=[
                {"Delete": {"TableName": "orders", "Key": key}},
                {
                    "ConditionCheck": {
                        "TableName": "orders",
                        "Key": {**key, "number": {"N": "2"}},
                        "ConditionExpression": "attribute_exists(customer)",
                    }
                },
            ]
        )
        raise AssertionError("the transaction must be cancelled")
    except client.exceptions.TransactionCanceledException as error:
        reasons = [reason["Code"] for reason in error.response["CancellationReasons"]]
        assert reasons == ["None", "ConditionalCheckFailed"], error.response
        assert "specific reasons [None, ConditionalCheckFailed]" in error.response["Error"]["Message"]
    read = client.transact_get_items(TransactItems=[{"Get": {"TableName": "orders", "Key": key}}])
    assert read["Responses"] == [{"Item": key}]
    client.delete_item(TableName="orders", Key=key)


def changes(arn):
    described = streams.describe_stream(StreamArn=arn)["StreamDescription"]
    assert described["StreamStatus"] == "ENABLED"
    assert streams.list_streams(TableName="orders")["Streams"][0]["StreamArn"] == arn
    iterator = streams.get_shard_iterator(
        StreamArn=arn, ShardId=described["Shards"][0]["ShardId"], ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]
    records = streams.get_records(ShardIterator=iterator)["Records"]
    names = [record["eventName"] for record in records]
    assert names == ["INSERT", "MODIFY"] + ["INSERT"] * 39 + ["INSERT", "REMOVE"], names
    change = records[1]["dynamodb"]
    assert change["OldImage"]["state"] == {"S": "new"} and change["NewImage"]["state"] == {"S": "paid"}
    assert change["ApproximateCreationDateTime"].microsecond == 0


stream = create()
orders = resource.Table("orders")
items(orders)
queries(orders)
transactions()
changes(stream)
client.delete_table(TableName="orders")
client.get_waiter("table_not_exists").wait(TableName="orders")
refused("ResourceNotFoundException", client.describe_table, TableName="orders")
