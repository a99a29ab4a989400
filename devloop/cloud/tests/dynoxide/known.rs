//! The list of differences in which dynoxide is not followed. An entry names what both say, so that it excuses no difference in
//! the items, counts, capacity or stream records of a request that both do.

use serde_json::Value;

use super::answers::Answer;

/// What a server makes of a request, or of an element of a transaction.
#[derive(Debug, Clone, Copy)]
pub(super) enum Told {
    /// It refuses with a message that contains this text.
    Says(&'static str),
    /// It does not see the mistake: it does what is asked, or refuses because of the data that it holds.
    Unseen,
}

use Told::{Says, Unseen};

/// What a difference must have besides its answers.
type Condition = fn(&Value, &Answer, &Answer) -> bool;

/// One kind of difference.
pub(super) struct Known {
    /// The operations, separated by spaces; empty for any.
    pub(super) operations: &'static str,
    pub(super) here: Told,
    pub(super) dynoxide: Told,
    pub(super) when: Condition,
    /// The reason, and where it is documented.
    #[expect(dead_code, reason = "it is for the reader")]
    why: &'static str,
}

const fn known(operations: &'static str, here: Told, dynoxide: Told, why: &'static str) -> Known {
    Known { operations, here, dynoxide, when: |_, _, _| true, why }
}

impl Known {
    const fn when(mut self, when: Condition) -> Self {
        self.when = when;
        self
    }
}

const READ_FIRST: &str = "an expression is read before it is evaluated and before the transaction begins: paritysuite/dynamodb-conformance, \
     validation ordering";
const CONDITIONS: &str = "architect/dynalite, test/query.js and test/scan.js, which ran on AWS";
const KEY_CONDITIONS: &str = "architect/dynalite, test/query.js, which ran on AWS";
const PROJECTIONS: &str =
    "dynoxide has words of its own: architect/dynalite, test/getItem.js and test/scan.js, which ran on AWS";
const REGIONS: &str = "some regions count the errors or name the expression and some do not: paritysuite/dynamodb-conformance, error messages \
     (envelope)";
const TWO_WAYS: &str = "dynoxide words it in two ways: paritysuite/dynamodb-conformance, error messages";
const BOTH: &str = "the request has both mistakes, and no page says which one is reported";
const MEASURED: &str = "ack-api-quirks, DDB-TABLE-442 (measured on AWS)";

/// An argument of a function that is a value.
const VALUE_ARGUMENT: &str = "near: \"(:";

pub(super) const KNOWN: &[Known] = &[
    // Members.
    known("", Says("Member must not be null"), Says("missing field"), "a required member: the API reference of each operation"),
    known("BatchGetItem Query Scan GetItem", Says("attributesToGet' failed to satisfy constraint"), Unseen, "AttributesToGet has at least one member: KeysAndAttributes, API reference"),
    known("", Says("Value at 'Limit' failed to satisfy constraint"), Says("at 'limit' failed to satisfy constraint"), TWO_WAYS),
    known("Scan", Says("Value at 'Segment' failed to satisfy constraint"), Says("at 'segment' failed to satisfy constraint"), TWO_WAYS),
    known("Scan", Says("Value at 'TotalSegments' failed to satisfy constraint"), Says("at 'totalSegments' failed to satisfy constraint"), TWO_WAYS),
    known("UpdateItem", Says("1 validation error detected: Value null at 'tableName'"), Says("at 'returnValues' failed to satisfy constraint"), "an update reports the first invalid member: paritysuite/dynamodb-conformance, error messages (envelope)"),
    known("UpdateItem", Says("1 validation error detected: Value null at 'key'"), Says("Value null at 'key' failed to satisfy constraint"), "an update reports the first invalid member: paritysuite/dynamodb-conformance, error messages (envelope)"),
    // Tables.
    known("UpdateTable", Says("At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, GlobalSecondaryIndexUpdates, SSESpecification,"), Says("At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, GlobalSecondaryIndexUpdates or SSESpecification"), MEASURED),
    known("UpdateTable", Says("member.delete.indexName' failed to satisfy constraint: Member must have length"), Says("Requested resource not found: Table: "), "an index's name has a length: DeleteGlobalSecondaryIndexAction, API reference"),
    known("UpdateTable", Says("Requested resource not found: Index: "), Says("Requested resource not found: Table: "), "the index is what is missing: DeleteGlobalSecondaryIndexAction, API reference"),
    known("CreateTable", Says("must both be specified when BillingMode is PROVISIONED"), Unseen, "\"If you set BillingMode as PROVISIONED, you must specify this property\": CreateTable, API reference, ProvisionedThroughput"),
    known("CreateTable", Says("ProvisionedThroughput is not specified for index: "), Unseen, MEASURED),
    known("UpdateTable", Says("List of GlobalSecondaryIndexUpdates is empty"), Says("At least one of ProvisionedThroughput"), MEASURED),
    // Values.
    known("", Says("The parameter cannot be converted to a numeric value:"), Says("The parameter cannot be converted to a numeric value"), "regions word the empty number differently: dynoxide's changelog 1.3.0 (captured on AWS)"),
    known("", Says("contains duplicates"), Says("contains duplicates"), "regions show the elements of a set differently: dynoxide's changelog 1.3.0 (captured on AWS)"),
    known("UpdateItem", Says("may not be empty"), Says("may not be empty"), REGIONS),
    known("", Says("set may not be empty"), Says("set may not be empty"), REGIONS),
    known("UpdateItem", Says("set may not be empty"), Unseen, "a set has at least one element, also in AttributeUpdates: Supported data types, developer guide"),
    known("TransactWriteItems", Says("Attempting to store more than 38 significant digits"), Says("ExpressionAttributeValues contains invalid value: Attempting to store"), "errors about numbers do not name the placeholder: dynoxide's changelog 1.3.0 (captured on AWS)"),
    known("TransactWriteItems", Says("Number overflow. Attempting to store"), Says("ExpressionAttributeValues contains invalid value: Number overflow. Attempting to store"), "errors about numbers do not name the placeholder: dynoxide's changelog 1.3.0 (captured on AWS)"),
    known("", Says("ExpressionAttributeValues contains invalid value: Supplied AttributeValue"), Says("Supplied AttributeValue"), "the placeholder is named: architect/dynalite, test/updateItem.js, which ran on AWS"),
    known("", Says("Empty attribute name"), Says("Empty attribute name"), "some regions name the placeholder and some do not: dynoxide's changelog (captured in ten regions)"),
    known("Query", Says("Empty attribute name"), Says("ComparisonOperator"), "an empty name is refused when the request is read: dynoxide's changelog (captured in ten regions)"),
    // Placeholders.
    known("TransactGetItems TransactWriteItems", Says("ExpressionAttributeNames must not be empty"), Unseen, "an empty map of placeholders: Expression attribute names in DynamoDB, and architect/dynalite, test/updateItem.js, which ran on AWS"),
    known("TransactWriteItems", Says("ExpressionAttributeValues must not be empty"), Unseen, "an empty map of placeholders: Expression attribute names in DynamoDB, and architect/dynalite, test/updateItem.js, which ran on AWS"),
    known("UpdateItem", Says("unused in expressions"), Unseen, "a condition without an update uses its names and values too: UpdateItem, API reference"),
    known("GetItem BatchGetItem", Says("unused in expressions"), Says("Requested resource not found"), "placeholders are checked before the table is looked up: architect/dynalite, test/updateItem.js, which ran on AWS"),
    known("UpdateItem", Says("is not defined; attribute"), Says("is not defined; attribute"), REGIONS),
    known("TransactWriteItems", Says("is not defined; attribute"), Unseen, READ_FIRST),
    known("UpdateItem", Says("Invalid ConditionExpression: An expression attribute name used in the document path is not defined"), Unseen, READ_FIRST),
    known("UpdateItem", Says("Invalid ConditionExpression: An expression attribute value used in expression is not defined"), Unseen, READ_FIRST),
    known("Query Scan", Says("Invalid FilterExpression: An expression attribute value used in expression is not defined"), Unseen, READ_FIRST),
    known("", Says("An expression attribute name used in the document path is not defined"), Says("first operand: [#"), "a placeholder must be defined before paths are compared: Expression attribute names in DynamoDB, developer guide"),
    // Conditions.
    known("", Says("Incorrect operand type for operator or function"), Unseen, "a value of a type that the operator does not take is refused when the expression is read: Condition and filter expressions, operators, and functions in DynamoDB, and Update expressions, developer guide").when(is_wrong_operand),
    known("", Says("Incorrect operand type for operator or function"), Says(VALUE_ARGUMENT), CONDITIONS).when(is_wrong_operand),
    known("", Says("Incorrect number of operands for operator or function"), Says("Syntax error"), CONDITIONS),
    known("UpdateItem TransactWriteItems", Says("Expression: Syntax error; token: "), Says("Incorrect number of operands for operator or function; operator or function: if_not_exists"), "a comma separates the operands: Update expressions, developer guide, if_not_exists(path, value)"),
    known("UpdateItem TransactWriteItems", Says("UpdateExpression: Syntax error; token: "), Says("section can only be used once in an update expression"), "a section has at least one action: Update expressions, developer guide"),
    known("", Says("The function is not allowed to be used this way in an expression"), Says("Syntax error"), CONDITIONS),
    known("", Says("The first operand must be distinct from the remaining operands"), Unseen, "paritysuite/dynamodb-conformance, tier3, error messages: contains on one attribute (run on AWS)"),
    known("", Says("The first operand must be distinct"), Says("operator: contains, first operand: ["), "the elements of a path are shown apart, as in errors about other operators: architect/dynalite, test/query.js, which ran on AWS"),
    known("", Unseen, Says("Expression: Syntax error; token: \"(\""), CONDITIONS).when(compares_a_condition),
    known("", Says("Operator or function requires a document path"), Says(VALUE_ARGUMENT), CONDITIONS),
    known("", Says("Operator or function requires a document path"), Says("reserved keyword: size"), CONDITIONS),
    known("", Says("Invalid attribute type name found"), Unseen, CONDITIONS),
    known("", Says("Invalid attribute type name found"), Says(VALUE_ARGUMENT), CONDITIONS),
    known("", Says("requires upper bound to be greater than or equal to lower bound"), Unseen, CONDITIONS),
    known("", Says("requires same data type for lower and upper bounds"), Unseen, CONDITIONS),
    known("", Unseen, Says(VALUE_ARGUMENT), "functions take values: scylladb test/alternator (runs on AWS), test_condition_expression (size_parameter)"),
    known("", Unseen, Says("reserved keyword: size"), "size is a function where a parenthesis follows: Condition and filter expressions, operators, and functions").when(has_size),
    known("", Says("reserved keyword: size"), Says("Syntax error"), "SIZE is a reserved word: Reserved words in DynamoDB, developer guide"),
    known("", Says("Syntax error; token: "), Says("reserved keyword: size"), "size is a function where a parenthesis follows: Condition and filter expressions, operators, and functions").when(has_size),
    known("", Says(" AttributeValue type"), Unseen, "comparisons take scalars, and IN and BETWEEN values of one type: Condition, API reference, ComparisonOperator"),
    known("", Says("AttributeValues inside AttributeValueList must be of same type"), Unseen, "comparisons take scalars, and IN and BETWEEN values of one type: Condition, API reference, ComparisonOperator"),
    known("", Says("The BETWEEN condition was provided a range"), Unseen, "the first value is at most the second: Condition, API reference, ComparisonOperator, BETWEEN"),
    known("", Says("Incorrect operand type for operator or function"), Says("Incorrect operand type for operator or function"), BOTH).when(is_wrong_operand),
    known("", Says("Incorrect operand type for operator or function; operator or function: BETWEEN"), Says("requires same data type for lower and upper bounds"), BOTH).when(is_wrong_operand),
    known("", Says("Incorrect operand type for operator or function"), Says("reserved keyword: size"), CONDITIONS).when(has_size),
    known("", Says("is not defined; attribute"), Says(VALUE_ARGUMENT), READ_FIRST),
    known("", Says("is not defined; attribute"), Says("reserved keyword: size"), READ_FIRST).when(has_size),
    known("", Says("Expression: Syntax error; token: "), Says("reserved keyword: "), BOTH).when(has_reserved_word),
    known("", Says(" AttributeValue type"), Says("AttributeValues inside AttributeValueList must be of same type"), BOTH),
    known("", Says("AttributeValues inside AttributeValueList must be of same type"), Says(" AttributeValue type"), BOTH),
    known("", Says("List index is not within the allowable range"), Says("Two document paths "), BOTH),
    known("", Says("List index is not within the allowable range"), Says("section can only be used once in an update expression"), BOTH).when(repeats_a_section),
    known("", Says("Incorrect operand type for operator or function"), Says("Two document paths "), BOTH).when(is_wrong_operand),
    known("", Says("is not defined; attribute"), Says("Two document paths "), BOTH),
    // Updates.
    known("", Unseen, Says("The document path provided in the update expression is invalid for update"), "scylladb test/alternator (runs on AWS): test_nested_attribute_remove_from_missing_item").when(removes),
    known("UpdateItem TransactWriteItems", Says("This attribute is part of the key"), Unseen, "the request alone shows the error, so no condition is evaluated: UpdateItem, API reference"),
    known("", Says("List index is not within the allowable range"), Unseen, "scylladb test/alternator (runs on AWS): test_projection_expression_list_index"),
    // Keys, projections and pages.
    known("", Says("The provided starting key is invalid: One or more parameter values were invalid: Null attr"), Says("One or more parameter values were invalid: Null attribute value types"), "no page says whether the error names the starting key; dynoxide names it in most requests"),
    known("Query", Says("The provided exclusive start key is invalid: ExclusiveStartKey"), Unseen, "a query of a table without a sort key cannot be continued: architect/dynalite, test/query.js, which ran on AWS"),
    known("Query", Says("Either the KeyConditions or KeyConditionExpression parameter must be specified"), Unseen, "the request has no key conditions, which goes before mistakes in other expressions: architect/dynalite, validations/query.js"),
    known("Query", Says("cannot contain an empty string value. Key: "), Unseen, "the keys of tables and indexes cannot be empty: Supported data types, developer guide"),
    known("Query", Says("Invalid KeyConditionExpression: Invalid operator used in KeyConditionExpression"), Says("in KeyConditionExpression: "), KEY_CONDITIONS),
    known("Query", Says("Invalid KeyConditionExpression: Invalid operator used in KeyConditionExpression"), Says("reserved keyword: size"), KEY_CONDITIONS),
    known("Query", Says("Invalid KeyConditionExpression: Invalid operator used in KeyConditionExpression"), Says("Expected attribute name, got NOT"), KEY_CONDITIONS),
    known("Query", Says("Invalid KeyConditionExpression: The first operand must be distinct"), Says("Expected value reference (:name), got "), KEY_CONDITIONS),
    known("Query", Says("Invalid KeyConditionExpression: "), Says("KeyConditionExpression: "), KEY_CONDITIONS),
    known("Query", Says("The BETWEEN condition was provided a range"), Says("The BETWEEN operator requires upper bound"), "KeyConditions has words of its own: architect/dynalite, test/query.js, which ran on AWS"),
    known("", Says("Invalid ProjectionExpression: Syntax error; token: "), Says("Invalid ProjectionExpression: Expected "), PROJECTIONS),
    known("", Says("Invalid ProjectionExpression: Syntax error; token: "), Says("in ProjectionExpression: "), PROJECTIONS),
    known("", Says("Invalid ProjectionExpression: Two document paths "), Unseen, "a projection is read before the table is looked up, and its paths must not conflict: paritysuite/dynamodb-conformance, validation ordering; Projection expressions, developer guide"),
    known("", Says("Invalid ProjectionExpression: "), Says("Requested resource not found"), "a projection is read before the table is looked up: paritysuite/dynamodb-conformance, validation ordering"),
    known("Query Scan", Says("does not project ["), Unseen, "what a global index does not hold is refused: Query and Scan, API reference, ProjectionExpression"),
    known("Query", Says("Select type ALL_ATTRIBUTES is not supported for global secondary index"), Unseen, "what a global index does not hold is refused: Query, API reference, Select"),
    known("Scan", Says("The provided key is not in the requested segment"), Unseen, "a segment holds the keys of a range of hashes, and AWS does not publish its hash: Scan, API reference, Segment"),
    known("Query", Says("Invalid KeyConditionExpression: "), Says("Requested resource not found"), READ_FIRST),
    // Transactions.
    known("TransactWriteItems", Says("TransactWriteRequest should contain Delete or Put or Update request"), Unseen, "the request has an element without an action, whatever else is wrong: TransactWriteItem, API reference"),
    known("TransactWriteItems", Unseen, Says("cannot include multiple operations on one item"), BOTH).when(repeats_an_item),
];

/// Whether the operator that the message names does not take a value of the type that it names, and the request has such a value.
fn is_wrong_operand(request: &Value, here: &Answer, _: &Answer) -> bool {
    let of = |name: &str| {
        let rest = here.message.split_once(name)?.1;
        Some(rest.split([',', ' ']).next().unwrap_or_default().to_owned())
    };
    let operator = of("operator or function: ").or_else(|| of("operator: ")).unwrap_or_default();
    let kind = of("operand type: ").unwrap_or_default();
    let takes: &[&str] = match operator.as_str() {
        "<" | "<=" | ">" | ">=" | "BETWEEN" => &["S", "N", "B"],
        "begins_with" => &["S", "B"],
        "size" => &["S", "B", "SS", "NS", "BS", "L", "M"],
        "attribute_type" => &["S"],
        "+" | "-" => &["N"],
        "list_append" => &["L"],
        "ADD" => &["NUMBER", "SET", "STRING_SET", "NUMBER_SET", "BINARY_SET"],
        "DELETE" => &["SET", "STRING_SET", "NUMBER_SET", "BINARY_SET"],
        _ => return false,
    };
    let given: &[&str] = match kind.as_str() {
        "STRING" => &["S"],
        "NUMBER" => &["N"],
        "BINARY" => &["B"],
        "LIST" => &["L"],
        "MAP" => &["M"],
        "BOOLEAN" => &["BOOL"],
        "SET" => &["SS", "NS", "BS"],
        kind => &[kind],
    };
    let is_size = kind == "N" && has_size(request, here, here);
    !takes.contains(&kind.as_str()) && (is_size || given.iter().any(|kind| has_value(request, kind)))
}

/// Whether a placeholder of the request stands for a value of this type.
fn has_value(part: &Value, kind: &str) -> bool {
    match part {
        Value::Object(members) => members.iter().any(|(name, member)| {
            let values = member.as_object().filter(|_| name == "ExpressionAttributeValues");
            values.is_some_and(|values| values.values().any(|value| value.get(kind).is_some()))
                || has_value(member, kind)
        }),
        Value::Array(elements) => elements.iter().any(|element| has_value(element, kind)),
        _ => false,
    }
}

/// Whether an expression of the request has the function `size`.
fn has_size(request: &Value, _: &Answer, _: &Answer) -> bool {
    request.to_string().contains("size(")
}

/// Whether the word that dynoxide refuses is in the request.
fn has_reserved_word(request: &Value, _: &Answer, dynoxide: &Answer) -> bool {
    let word = dynoxide.message.split_once("reserved keyword: ").map(|(_, word)| word);
    word.is_some_and(|word| request.to_string().contains(word))
}

/// Whether an update removes something.
fn removes(request: &Value, _: &Answer, _: &Answer) -> bool {
    let text = request.to_string();
    text.contains("REMOVE ") || text.contains("DELETE ")
}

/// Whether an update expression has a section twice.
fn repeats_a_section(request: &Value, _: &Answer, _: &Answer) -> bool {
    fn is_in(part: &Value) -> bool {
        match part {
            Value::Object(members) => members.iter().any(|(name, member)| {
                let update = member.as_str().filter(|_| name == "UpdateExpression").unwrap_or_default();
                ["SET ", "REMOVE ", "ADD ", "DELETE "].iter().any(|name| update.matches(name).count() > 1)
                    || is_in(member)
            }),
            Value::Array(elements) => elements.iter().any(is_in),
            _ => false,
        }
    }
    is_in(request)
}

/// Whether an expression compares the function that dynoxide stops at, whose answer is no operand: it is a condition itself.
fn compares_a_condition(request: &Value, _: &Answer, dynoxide: &Answer) -> bool {
    const FUNCTIONS: [&str; 5] =
        ["attribute_exists(", "attribute_not_exists(", "attribute_type(", "begins_with(", "contains("];
    let near = dynoxide.message.split_once("near: \"").map_or("", |(_, near)| near);
    let function = FUNCTIONS.into_iter().find(|function| near.starts_with(function));
    let text = request.to_string();
    function.is_some_and(|function| {
        ["= ", "<> ", "< ", "<= ", "> ", ">= "].iter().any(|sign| text.contains(&format!("{sign}{function}")))
    })
}

/// Whether two elements of a transaction concern one item.
fn repeats_an_item(request: &Value, _: &Answer, _: &Answer) -> bool {
    let elements = request["TransactItems"].as_array().into_iter().flatten();
    let actions = elements.filter_map(Value::as_object).flat_map(|element| element.values());
    let items: Vec<String> = actions
        .map(|action| {
            let key = if action["Key"].is_null() { &action["Item"] } else { &action["Key"] };
            let number = |text: &Value| text["N"].as_str().and_then(|text| text.parse::<f64>().ok());
            // The table "hash" has no sort key.
            let sort = number(&key["q"]).filter(|_| action["TableName"] != "hash");
            format!("{} {} {sort:?}", action["TableName"], key["p"])
        })
        .collect();
    items.iter().enumerate().any(|(at, item)| items[..at].contains(item))
}
