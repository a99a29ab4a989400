//! Random requests for two tables, most of them valid.

use rand::{Rng as _, SeedableRng as _, rngs::StdRng, seq::IndexedRandom as _};
use serde_json::{Map, Value, json};

use super::expressions;

/// Generates requests.
pub(super) struct Requests(StdRng);

const OPERATIONS: &[(&str, u32)] = &[
    ("PutItem", 16),
    ("UpdateItem", 22),
    ("DeleteItem", 8),
    ("GetItem", 10),
    ("Query", 18),
    ("Scan", 10),
    ("BatchGetItem", 5),
    ("BatchWriteItem", 6),
    ("TransactWriteItems", 8),
    ("TransactGetItems", 4),
    ("CreateTable", 5),
    ("UpdateTable", 2),
    ("DescribeTable", 1),
    ("ListTables", 1),
];

impl Requests {
    pub(super) fn new(seed: u64) -> Self {
        Self(StdRng::seed_from_u64(seed))
    }

    /// The two tables, with streams of their changes.
    pub(super) fn tables() -> Vec<(&'static str, Value)> {
        let key = |name: &str, kind: &str| json!({ "AttributeName": name, "KeyType": kind });
        let kind = |name: &str, kind: &str| json!({ "AttributeName": name, "AttributeType": kind });
        let stream = json!({ "StreamEnabled": true, "StreamViewType": "NEW_AND_OLD_IMAGES" });
        vec![
            (
                "CreateTable",
                json!({
                    "TableName": "hash", "BillingMode": "PAY_PER_REQUEST", "StreamSpecification": stream,
                    "KeySchema": [key("p", "HASH")], "AttributeDefinitions": [kind("p", "S")],
                }),
            ),
            (
                "CreateTable",
                json!({
                    "TableName": "sort", "BillingMode": "PAY_PER_REQUEST", "StreamSpecification": stream,
                    "KeySchema": [key("p", "HASH"), key("q", "RANGE")],
                    "AttributeDefinitions": [kind("p", "S"), kind("q", "N"), kind("g", "S"), kind("h", "N")],
                    "GlobalSecondaryIndexes": [
                        {"IndexName": "byg", "KeySchema": [key("g", "HASH")], "Projection": {"ProjectionType": "ALL"}},
                        {"IndexName": "keys", "KeySchema": [key("g", "HASH"), key("h", "RANGE")], "Projection": {"ProjectionType": "KEYS_ONLY"}},
                    ],
                    "LocalSecondaryIndexes": [
                        {"IndexName": "byh", "KeySchema": [key("p", "HASH"), key("h", "RANGE")], "Projection": {"ProjectionType": "KEYS_ONLY"}},
                    ],
                }),
            ),
        ]
    }

    /// A random operation and its body.
    pub(super) fn draw(&mut self) -> (&'static str, Value) {
        let operation = OPERATIONS.choose_weighted(&mut self.0, |(_, weight)| *weight).unwrap().0;
        let mut body = match operation {
            "PutItem" => self.put(),
            "UpdateItem" => self.update(),
            "DeleteItem" => self.delete(),
            "GetItem" => self.get(),
            "Query" => self.query(),
            "Scan" => self.scan(),
            "BatchGetItem" => self.batch_get(),
            "BatchWriteItem" => self.batch_write(),
            "TransactWriteItems" => self.transact_write(),
            "TransactGetItems" => self.transact_get(),
            "CreateTable" => self.create(),
            "UpdateTable" => self.alter(),
            "DescribeTable" => json!({ "TableName": self.table() }),
            _ => json!({ "Limit": self.of(&[1, 2, 100, 0, 101]) }),
        };
        if self.rarely() {
            self.spoil(&mut body);
        }
        (operation, body)
    }

    fn one_in(&mut self, count: u32) -> bool {
        self.0.random_ratio(1, count)
    }

    fn rarely(&mut self) -> bool {
        self.one_in(25)
    }

    fn of<T: Clone>(&mut self, from: &[T]) -> T {
        from.choose(&mut self.0).unwrap().clone()
    }

    /// Removes a member, or replaces its value by an invalid one of the same type.
    fn spoil(&mut self, body: &mut Value) {
        let Value::Object(members) = body else { return };
        let names: Vec<String> = members.keys().cloned().collect();
        let Some(name) = names.choose(&mut self.0) else { return };
        match &members[name] {
            Value::String(_) if self.one_in(2) => {
                members[name] = self.of(&["", "x", "BAD", "a b"]).into();
            }
            Value::Array(_) if self.one_in(2) => members[name] = json!([]),
            Value::Object(_) if self.one_in(2) => members[name] = json!({}),
            _ => drop(members.remove(name)),
        }
    }

    fn table(&mut self) -> &'static str {
        if self.rarely() {
            self.of(&["none", "no", "", "bad name"])
        } else {
            self.of(&["hash", "sort", "sort"])
        }
    }

    fn partition(&mut self) -> Value {
        if self.rarely() {
            return self.value();
        }
        json!({ "S": self.of(&["x", "y", "z"]) })
    }

    fn number(&mut self) -> Value {
        json!({ "N": self.of(&["1", "2", "-3", "4.50", "10", "1e2"]) })
    }

    fn key(&mut self, table: &str) -> Value {
        let mut key = json!({ "p": self.partition() });
        if table == "sort" {
            key["q"] = if self.rarely() { self.value() } else { self.number() };
        }
        if self.rarely() {
            let name = self.of(&["p", "q", "x"]);
            if key[name].is_null() {
                key[name] = self.value();
            } else {
                key.as_object_mut().unwrap().remove(name);
            }
        }
        key
    }

    fn value(&mut self) -> Value {
        if self.rarely() {
            return self.of(&[
                json!({}),
                json!({"S": ""}),
                json!({"N": "x"}),
                json!({"N": ""}),
                json!({"N": "1e200"}),
                json!({"N": "123456789012345678901234567890123456789"}),
                json!({"SS": []}),
                json!({"NS": ["1", "1.0"]}),
                json!({"SS": ["a", "a"]}),
                json!({"NULL": false}),
                json!({"S": "a", "N": "1"}),
                json!({"M": {"": {"S": "a"}}}),
            ]);
        }
        self.of(&[
            json!({"S": "hello"}),
            json!({"S": "x"}),
            json!({"N": "5"}),
            json!({"N": "7"}),
            json!({"B": "aGk="}),
            json!({"BOOL": true}),
            json!({"NULL": true}),
            json!({"L": [{"N": "1"}, {"S": "b"}]}),
            json!({"M": {"x": {"N": "1"}, "y": {"S": "v"}}}),
            json!({"SS": ["a", "b"]}),
            json!({"NS": ["1", "2"]}),
            json!({"BS": ["aGk="]}),
        ])
    }

    fn item(&mut self, table: &str) -> Value {
        let mut item = self.key(table);
        let usual = [
            ("n", json!({"N": "5"})),
            ("s", json!({"S": "hello"})),
            ("l", json!({"L": [{"N": "1"}, {"M": {"x": {"S": "d"}}}]})),
            ("m", json!({"M": {"x": {"N": "1"}}})),
            ("ss", json!({"SS": ["a", "b"]})),
        ];
        for (name, value) in usual {
            if self.one_in(2) {
                item[name] = value;
            }
        }
        if self.one_in(3) {
            item["g"] = if self.one_in(8) { self.value() } else { json!({"S": self.of(&["G", "H"])}) };
        }
        if self.one_in(3) {
            item["h"] = if self.one_in(8) { self.value() } else { self.number() };
        }
        if self.one_in(4) {
            let name = self.of(&["a", "b", "name"]);
            item[name] = self.value();
        }
        item
    }

    /// The placeholders that the expressions use, and sometimes one too many or one too few.
    fn placeholders(&mut self, body: &mut Value, expressions: &[&str]) {
        let text: String =
            expressions.iter().filter_map(|member| body[*member].as_str()).collect::<Vec<_>>().join(" ");
        let used = |placeholder: &str| {
            text.match_indices(placeholder).any(|(at, _)| {
                !text[at + placeholder.len()..]
                    .starts_with(|next: char| next.is_ascii_alphanumeric() || next == '_')
            })
        };
        let known = [
            (":n", json!({"N": "5"})),
            (":s", json!({"S": "hello"})),
            (":l", json!({"L": [{"N": "9"}]})),
            (":m", json!({"M": {"x": {"N": "3"}}})),
            (":ss", json!({"SS": ["b", "c"]})),
            (":ns", json!({"NS": ["1", "3"]})),
            (":b", json!({"B": "aGk="})),
            (":t", json!({"S": self.of(&["S", "N", "L", "M", "SS", "x"])})),
            (":p", self.partition()),
        ];
        let mut values: Map<String, Value> = Map::new();
        for (name, value) in known {
            if used(name) != self.one_in(60) {
                values.insert(name.to_owned(), if self.one_in(60) { self.value() } else { value });
            }
        }
        let mut names: Map<String, Value> = Map::new();
        for (name, attribute) in [("#n", "n"), ("#p", "p")] {
            if used(name) != self.one_in(60) {
                names.insert(name.to_owned(), attribute.into());
            }
        }
        if !values.is_empty() || self.one_in(60) {
            body["ExpressionAttributeValues"] = values.into();
        }
        if !names.is_empty() || self.one_in(60) {
            body["ExpressionAttributeNames"] = names.into();
        }
    }

    fn choice(&mut self, body: &mut Value, member: &str, words: &[&str]) {
        if self.one_in(4) {
            body[member] = if self.rarely() { "BAD" } else { self.of(words) }.into();
        }
    }

    fn write_options(&mut self, body: &mut Value, returned: &[&str]) {
        self.choice(body, "ReturnValues", returned);
        self.choice(body, "ReturnConsumedCapacity", &["NONE", "TOTAL", "INDEXES"]);
        self.choice(body, "ReturnValuesOnConditionCheckFailure", &["NONE", "ALL_OLD"]);
    }

    fn condition(&mut self, body: &mut Value) {
        if self.one_in(2) {
            body["ConditionExpression"] = expressions::condition(&mut self.0, 2).into();
        }
    }

    /// A condition in the form that predates expressions (`Expected`).
    fn expected(&mut self, body: &mut Value) {
        if !self.one_in(12) {
            return;
        }
        let mut expected = Map::new();
        for _ in 0..self.of(&[1, 1, 2]) {
            let name = self.of(&["n", "s", "a", "zz"]);
            let condition = match self.of(&[0, 1, 2, 3]) {
                0 => json!({ "Value": self.value() }),
                1 => json!({ "Exists": self.of(&[true, false]) }),
                2 => json!({ "ComparisonOperator": self.of(&["NULL", "NOT_NULL", "EQ", "BAD"]) }),
                _ => self.comparison(),
            };
            expected.insert(name.to_owned(), condition);
        }
        body["Expected"] = expected.into();
        if self.one_in(3) {
            body["ConditionalOperator"] = self.of(&["AND", "OR", "XOR"]).into();
        }
    }

    fn comparison(&mut self) -> Value {
        let operator = self.of(&[
            "EQ",
            "NE",
            "LE",
            "LT",
            "GE",
            "GT",
            "BEGINS_WITH",
            "CONTAINS",
            "NOT_CONTAINS",
            "BETWEEN",
            "IN",
        ]);
        let count = if operator == "BETWEEN" { 2 } else { self.of(&[1, 1, 1, 1, 2, 0]) };
        let list: Vec<Value> = (0..count).map(|_| self.value()).collect();
        json!({ "ComparisonOperator": operator, "AttributeValueList": list })
    }

    fn filter(&mut self, body: &mut Value, member: &str) {
        if !self.one_in(12) {
            return;
        }
        let mut filter = Map::new();
        for _ in 0..self.of(&[1, 2]) {
            let name = self.of(&["n", "s", "a", "zz"]);
            filter.insert(name.to_owned(), self.comparison());
        }
        body[member] = filter.into();
        if self.one_in(3) {
            body["ConditionalOperator"] = self.of(&["AND", "OR"]).into();
        }
    }

    fn put(&mut self) -> Value {
        let table = self.table();
        let mut body = json!({ "TableName": table, "Item": self.item(table) });
        self.condition(&mut body);
        self.placeholders(&mut body, &["ConditionExpression"]);
        self.expected(&mut body);
        self.write_options(&mut body, &["NONE", "ALL_OLD", "ALL_OLD", "ALL_NEW"]);
        body
    }

    fn update(&mut self) -> Value {
        let table = self.table();
        let mut body = json!({ "TableName": table, "Key": self.key(table) });
        if self.one_in(12) {
            let action = self.of(&["PUT", "ADD", "DELETE", "BAD"]);
            let name = self.of(&["n", "ss", "a", "p"]);
            body["AttributeUpdates"] = json!({ name: { "Action": action, "Value": self.value() } });
            if action == "DELETE" {
                // dynoxide creates an item with the key alone when there is none. "DELETE: Causes nothing to happen; there
                // is no attribute to delete." AttributeUpdates, legacy conditional parameters, developer guide
                body["AttributeUpdates"]["hits"] = json!({ "Action": "PUT", "Value": { "N": "5" } });
            }
        } else if !self.rarely() {
            body["UpdateExpression"] = expressions::update(&mut self.0).into();
        }
        if self.one_in(3) {
            self.condition(&mut body);
        }
        self.placeholders(&mut body, &["UpdateExpression", "ConditionExpression"]);
        self.expected(&mut body);
        self.write_options(&mut body, &["NONE", "ALL_OLD", "ALL_NEW", "UPDATED_OLD", "UPDATED_NEW"]);
        body
    }

    fn delete(&mut self) -> Value {
        let table = self.table();
        let mut body = json!({ "TableName": table, "Key": self.key(table) });
        self.condition(&mut body);
        self.placeholders(&mut body, &["ConditionExpression"]);
        self.expected(&mut body);
        self.write_options(&mut body, &["NONE", "ALL_OLD", "ALL_OLD", "UPDATED_NEW"]);
        body
    }

    fn project(&mut self, body: &mut Value) {
        if self.one_in(3) {
            body["ProjectionExpression"] = expressions::projection(&mut self.0).into();
        } else if self.one_in(15) {
            body["AttributesToGet"] = self.of(&[json!(["a", "n"]), json!(["a", "a"]), json!([])]);
        }
    }

    fn get(&mut self) -> Value {
        let table = self.table();
        let mut body = json!({ "TableName": table, "Key": self.key(table) });
        self.project(&mut body);
        self.names(&mut body);
        self.choice(&mut body, "ReturnConsumedCapacity", &["NONE", "TOTAL", "INDEXES"]);
        if self.one_in(4) {
            body["ConsistentRead"] = true.into();
        }
        body
    }

    /// Names only: the request takes no values.
    fn names(&mut self, body: &mut Value) {
        self.placeholders(body, &["ProjectionExpression"]);
        body.as_object_mut().unwrap().remove("ExpressionAttributeValues");
    }

    fn reading(&mut self, body: &mut Value) {
        if self.one_in(3) {
            body["IndexName"] = if self.rarely() { "none" } else { self.of(&["byg", "byh", "keys"]) }.into();
        }
        if self.one_in(4) {
            body["ConsistentRead"] = true.into();
        }
        if self.one_in(8) {
            body["Limit"] = self.of(&[1, 2, 5, 0, -1]).into();
        }
        self.choice(
            body,
            "Select",
            &["COUNT", "ALL_ATTRIBUTES", "ALL_PROJECTED_ATTRIBUTES", "SPECIFIC_ATTRIBUTES"],
        );
        self.choice(body, "ReturnConsumedCapacity", &["NONE", "TOTAL", "INDEXES"]);
        if self.one_in(12) {
            let mut start = self.key("sort");
            if self.one_in(3) {
                start["h"] = self.number();
            }
            body["ExclusiveStartKey"] = start;
        }
    }

    fn query(&mut self) -> Value {
        let mut body = json!({ "TableName": self.table() });
        self.reading(&mut body);
        if self.one_in(12) {
            let mut keys =
                json!({ "p": { "ComparisonOperator": "EQ", "AttributeValueList": [self.partition()] } });
            if self.one_in(2) {
                keys["q"] = self.comparison();
            }
            body["KeyConditions"] = keys;
        } else {
            body["KeyConditionExpression"] = expressions::keys(&mut self.0).into();
        }
        if self.one_in(4) {
            body["FilterExpression"] = expressions::condition(&mut self.0, 1).into();
        }
        self.project(&mut body);
        self.placeholders(&mut body, &["KeyConditionExpression", "FilterExpression", "ProjectionExpression"]);
        self.filter(&mut body, "QueryFilter");
        if self.one_in(5) {
            body["ScanIndexForward"] = false.into();
        }
        body
    }

    fn scan(&mut self) -> Value {
        let mut body = json!({ "TableName": self.table() });
        self.reading(&mut body);
        if self.one_in(3) {
            body["FilterExpression"] = expressions::condition(&mut self.0, 1).into();
        }
        self.project(&mut body);
        self.placeholders(&mut body, &["FilterExpression", "ProjectionExpression"]);
        self.filter(&mut body, "ScanFilter");
        if self.one_in(8) {
            body["Segment"] = self.of(&[0, 1, 5, -1]).into();
            if !self.one_in(4) {
                body["TotalSegments"] = self.of(&[1, 2, 0]).into();
            }
        }
        body
    }

    fn batch_get(&mut self) -> Value {
        let table = self.table();
        let keys: Vec<Value> = (0..self.of(&[1, 2, 3])).map(|_| self.key(table)).collect();
        let mut given = json!({ "Keys": keys });
        self.project(&mut given);
        self.names(&mut given);
        let mut body = json!({ "RequestItems": { table: given } });
        self.choice(&mut body, "ReturnConsumedCapacity", &["NONE", "TOTAL", "INDEXES"]);
        body
    }

    fn batch_write(&mut self) -> Value {
        let table = self.table();
        let writes: Vec<Value> = (0..self.of(&[1, 2, 3]))
            .map(|_| {
                if self.one_in(2) {
                    json!({ "PutRequest": { "Item": self.item(table) } })
                } else if self.rarely() {
                    json!({})
                } else {
                    json!({ "DeleteRequest": { "Key": self.key(table) } })
                }
            })
            .collect();
        let mut body = json!({ "RequestItems": { table: writes } });
        self.choice(&mut body, "ReturnConsumedCapacity", &["NONE", "TOTAL", "INDEXES"]);
        body
    }

    fn transact_write(&mut self) -> Value {
        let items: Vec<Value> = (0..self.of(&[1, 2, 3]))
            .map(|_| {
                let table = self.table();
                let (name, mut action) = match self.of(&[0, 1, 2, 3]) {
                    0 => ("Put", json!({ "TableName": table, "Item": self.item(table) })),
                    1 => ("Delete", json!({ "TableName": table, "Key": self.key(table) })),
                    2 => ("ConditionCheck", json!({ "TableName": table, "Key": self.key(table) })),
                    _ => ("Update", json!({ "TableName": table, "Key": self.key(table) })),
                };
                if name == "Update" {
                    action["UpdateExpression"] = expressions::update(&mut self.0).into();
                }
                if name == "ConditionCheck" {
                    action["ConditionExpression"] = expressions::condition(&mut self.0, 1).into();
                } else if self.one_in(3) {
                    self.condition(&mut action);
                }
                self.placeholders(&mut action, &["UpdateExpression", "ConditionExpression"]);
                self.choice(&mut action, "ReturnValuesOnConditionCheckFailure", &["NONE", "ALL_OLD"]);
                if self.rarely() { json!({}) } else { json!({ name: action }) }
            })
            .collect();
        let mut body = json!({ "TransactItems": items });
        self.choice(&mut body, "ReturnConsumedCapacity", &["NONE", "TOTAL", "INDEXES"]);
        body
    }

    fn transact_get(&mut self) -> Value {
        let items: Vec<Value> = (0..self.of(&[1, 2, 3]))
            .map(|_| {
                let table = self.table();
                let mut get = json!({ "TableName": table, "Key": self.key(table) });
                if self.one_in(3) {
                    get["ProjectionExpression"] = expressions::projection(&mut self.0).into();
                }
                self.names(&mut get);
                json!({ "Get": get })
            })
            .collect();
        let mut body = json!({ "TransactItems": items });
        self.choice(&mut body, "ReturnConsumedCapacity", &["NONE", "TOTAL", "INDEXES"]);
        body
    }

    /// A request to create a table. Its name is never used again, so the table is either refused or new.
    fn create(&mut self) -> Value {
        let element = |name: &str, kind: &str| json!({ "AttributeName": name, "KeyType": kind });
        let name = format!("new-{}", self.0.random::<u32>());
        let mut schema = vec![element("p", self.of(&["HASH", "HASH", "HASH", "RANGE", "BAD"]))];
        if self.one_in(2) {
            schema.push(element(self.of(&["q", "q", "p"]), self.of(&["RANGE", "RANGE", "HASH"])));
        }
        let mut attributes =
            vec![json!({ "AttributeName": "p", "AttributeType": self.of(&["S", "S", "S", "N", "BAD"]) })];
        for name in ["q", "g"] {
            if self.one_in(2) {
                attributes.push(json!({ "AttributeName": name, "AttributeType": "N" }));
            }
        }
        let mut body = json!({ "TableName": name, "KeySchema": schema, "AttributeDefinitions": attributes });
        match self.of(&[0, 0, 0, 1, 2]) {
            0 => body["BillingMode"] = "PAY_PER_REQUEST".into(),
            1 => {
                body["BillingMode"] = "PROVISIONED".into();
                body["ProvisionedThroughput"] =
                    json!({ "ReadCapacityUnits": self.of(&[1, 5, 0]), "WriteCapacityUnits": 1 });
            }
            _ => body["BillingMode"] = "BAD".into(),
        }
        for (member, partition) in [("GlobalSecondaryIndexes", "g"), ("LocalSecondaryIndexes", "p")] {
            if self.one_in(3) {
                let mut schema = vec![element(partition, "HASH")];
                if self.one_in(2) {
                    schema.push(element("q", "RANGE"));
                }
                let mut index = json!({
                    "IndexName": self.of(&["one", "two", "x", "bad name"]),
                    "KeySchema": schema,
                    "Projection": { "ProjectionType": self.of(&["ALL", "KEYS_ONLY", "INCLUDE", "BAD"]) },
                });
                if self.one_in(4) {
                    index["Projection"]["NonKeyAttributes"] = json!(["a"]);
                }
                if self.one_in(8) {
                    self.spoil(&mut index);
                }
                body[member] = if self.rarely() { json!([]) } else { json!([index]) };
            }
        }
        body
    }

    fn alter(&mut self) -> Value {
        let mut body = json!({ "TableName": self.table() });
        match self.of(&[0, 1, 2, 3]) {
            0 => body["BillingMode"] = self.of(&["PAY_PER_REQUEST", "BAD", "PROVISIONED"]).into(),
            1 => body["ProvisionedThroughput"] = json!({ "ReadCapacityUnits": 1, "WriteCapacityUnits": 1 }),
            2 => {
                body["GlobalSecondaryIndexUpdates"] =
                    json!([{ "Delete": { "IndexName": self.of(&["none", "x"]) } }]);
            }
            _ => {}
        }
        body
    }
}
