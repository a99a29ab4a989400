"""DynamoDB and its streams, called with boto3."""

from decimal import Decimal

from boto3.dynamodb.conditions import Attr, Key
from boto3.dynamodb.types import Binary

from clients import client, equal, refused, resource, run

dynamodb, streams, objects = client("dynamodb"), client("dynamodbstreams"), resource("dynamodb")
KEY = {"customer": "c", "number": 1}


def key(*names):
    return [{"AttributeName": name, "KeyType": kind} for name, kind in zip(names, ("HASH", "RANGE"))]


def create():
    """Creates a table of orders with the keys customer and number, with an index by state and a stream."""
    return dynamodb.create_table(
        TableName="orders",
        AttributeDefinitions=[
            {"AttributeName": name, "AttributeType": kind}
            for name, kind in (("customer", "S"), ("number", "N"), ("state", "S"))
        ],
        KeySchema=key("customer", "number"),
        GlobalSecondaryIndexes=[
            {"IndexName": "by-state", "KeySchema": key("state", "number"), "Projection": {"ProjectionType": "ALL"}}
        ],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
        Tags=[{"Key": "team", "Value": "a"}],
    )["TableDescription"]


def orders():
    create()
    return objects.Table("orders")


def filled():
    """Forty orders of one customer: those with odd numbers are new, the others are paid."""
    table = orders()
    with table.batch_writer() as batch:
        for number in range(1, 41):
            batch.put_item(Item={"customer": "c", "number": number, "state": "new" if number % 2 else "paid"})
    return table


def test_create_table():
    create()
    dynamodb.get_waiter("table_exists").wait(TableName="orders")
    equal(dynamodb.describe_table(TableName="orders")["Table"]["TableStatus"], "ACTIVE")


def test_list_tables():
    create()
    equal(dynamodb.list_tables()["TableNames"], ["orders"])


def test_list_tags_of_resource():
    arn = create()["TableArn"]
    equal(dynamodb.list_tags_of_resource(ResourceArn=arn)["Tags"], [{"Key": "team", "Value": "a"}])


def test_put_item_keeps_every_type():
    table = orders()
    item = {
        **KEY,
        "state": "new",
        "price": Decimal("12345678901234567890.123456789012345678"),
        "raw": Binary(b"\x00\xff"),
        "tags": {"a", "b"},
        "lines": [{"sku": "x", "count": Decimal(2)}, None, True],
    }
    table.put_item(Item=item, ConditionExpression=Attr("customer").not_exists())
    equal(table.get_item(Key=KEY)["Item"], item)
    missing = refused("ValidationException", "", table.put_item, Item={"customer": "c"})
    equal(missing["Error"]["Message"], "One or more parameter values were invalid: Missing the key number in the item")


def test_put_item_whose_condition_fails():
    table = orders()
    table.put_item(Item={**KEY, "state": "new", "price": 12})
    failed = refused(
        "ConditionalCheckFailedException",
        "",
        table.put_item,
        Item={**KEY, "state": "other"},
        ConditionExpression="attribute_not_exists(customer) OR price < :p",
        ExpressionAttributeValues={":p": Decimal(1)},
        ReturnValuesOnConditionCheckFailure="ALL_OLD",
    )
    equal(failed["Error"]["Message"], "The conditional request failed")
    equal(failed["Item"]["state"], {"S": "new"})


def test_update_item():
    table = orders()
    table.put_item(Item={**KEY, "state": "new", "tags": {"a", "b"}, "lines": [{"sku": "x", "count": 2}, None, True]})
    updated = table.update_item(
        Key=KEY,
        UpdateExpression="SET #l[0].#c = #l[0].#c + :one, #s = :paid REMOVE #l[1] ADD tags :tags",
        ExpressionAttributeNames={"#l": "lines", "#c": "count", "#s": "state"},
        ExpressionAttributeValues={":one": 1, ":paid": "paid", ":tags": {"c"}},
        ReturnValues="ALL_NEW",
    )["Attributes"]
    equal(updated["lines"], [{"sku": "x", "count": Decimal(3)}, True])
    equal((updated["tags"], updated["state"]), ({"a", "b", "c"}, "paid"))


def test_query():
    found = filled().query(
        KeyConditionExpression=Key("customer").eq("c") & Key("number").between(5, 20),
        FilterExpression=Attr("state").eq("new"),
        ScanIndexForward=False,
    )
    equal([int(item["number"]) for item in found["Items"]], [19, 17, 15, 13, 11, 9, 7, 5])
    equal((found["Count"], found["ScannedCount"]), (8, 16))


def test_query_of_an_index_in_pages():
    filled()
    pages = dynamodb.get_paginator("query").paginate(
        TableName="orders",
        IndexName="by-state",
        KeyConditionExpression="#s = :s",
        ExpressionAttributeNames={"#s": "state"},
        ExpressionAttributeValues={":s": {"S": "paid"}},
        PaginationConfig={"PageSize": 7},
    )
    equal([int(item["number"]["N"]) for page in pages for item in page["Items"]], list(range(2, 41, 2)))


def test_scan_in_segments():
    filled()
    scanned = [
        int(item["number"]["N"])
        for segment in range(4)
        for page in dynamodb.get_paginator("scan").paginate(TableName="orders", Segment=segment, TotalSegments=4)
        for item in page["Items"]
    ]
    equal(sorted(scanned), list(range(1, 41)))


def test_batch_get_item():
    filled()
    keys = [{"customer": "c", "number": number} for number in (2, 3, 99)]
    got = objects.batch_get_item(RequestItems={"orders": {"Keys": keys}})
    equal(len(got["Responses"]["orders"]), 2)


def test_transactions():
    create()
    order = {"customer": {"S": "t"}, "number": {"N": "1"}}
    dynamodb.transact_write_items(TransactItems=[{"Put": {"TableName": "orders", "Item": order}}])
    check = {
        "TableName": "orders",
        "Key": {**order, "number": {"N": "2"}},
        "ConditionExpression": "attribute_exists(customer)",
    }
    changes = [{"Delete": {"TableName": "orders", "Key": order}}, {"ConditionCheck": check}]
    text = "specific reasons [None, ConditionalCheckFailed]"
    error = refused("TransactionCanceledException", text, dynamodb.transact_write_items, TransactItems=changes)
    equal([reason["Code"] for reason in error["CancellationReasons"]], ["None", "ConditionalCheckFailed"])
    read = dynamodb.transact_get_items(TransactItems=[{"Get": {"TableName": "orders", "Key": order}}])
    equal(read["Responses"], [{"Item": order}])


def test_streams():
    arn = create()["LatestStreamArn"]
    table = objects.Table("orders")
    for state in ("new", "paid", "paid"):
        table.put_item(Item={**KEY, "state": state})
    table.delete_item(Key=KEY)
    described = streams.describe_stream(StreamArn=arn)["StreamDescription"]
    equal(described["StreamStatus"], "ENABLED")
    equal(streams.list_streams(TableName="orders")["Streams"][0]["StreamArn"], arn)
    iterator = streams.get_shard_iterator(
        StreamArn=arn, ShardId=described["Shards"][0]["ShardId"], ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]
    records = streams.get_records(ShardIterator=iterator)["Records"]
    # A write that changes nothing makes no stream record.
    equal([record["eventName"] for record in records], ["INSERT", "MODIFY", "REMOVE"])
    change = records[1]["dynamodb"]
    equal((change["OldImage"]["state"], change["NewImage"]["state"]), ({"S": "new"}, {"S": "paid"}))
    equal(change["ApproximateCreationDateTime"].microsecond, 0)


def test_delete_table():
    create()
    dynamodb.delete_table(TableName="orders")
    dynamodb.get_waiter("table_not_exists").wait(TableName="orders")
    refused("ResourceNotFoundException", "", dynamodb.describe_table, TableName="orders")


run(globals())
