//! The differences in which dynoxide is not followed.

use serde_json::Value;

use super::answers::{Answer, Mistake};

/// One kind of difference, recognized by the two responses.
struct Known {
    /// The operation; empty for any.
    operation: &'static str,
    /// A text that this cloud's response contains: in its message, or in its body when it is not an error.
    here: &'static str,
    /// A text that dynoxide's response contains.
    dynoxide: &'static str,
    /// The reason, and where it is documented.
    #[expect(dead_code, reason = "it is for the reader")]
    why: &'static str,
}

const KNOWN: &[Known] = &[
    Known {
        operation: "",
        here: "The provided starting key is invalid: One or more parameter values were invalid: Null attr",
        dynoxide: "One or more parameter values were invalid: Null attribute value types",
        why: "no page says whether the error names the starting key; dynoxide names it in most requests",
    },
    Known {
        operation: "Query",
        here: "The provided exclusive start key is invalid: ExclusiveStartKey",
        dynoxide: "",
        why: "a query of a table without a sort key cannot be continued: dynalite's tests, which ran on AWS (query)",
    },
    Known {
        operation: "",
        here: "Incorrect operand type for operator or function",
        dynoxide: "",
        why: "a value of a type that the operator does not take is refused when the expression is read: Condition and filter \
              expressions, operators, and functions in DynamoDB (developer guide), and dynalite's tests, which ran on AWS",
    },
    Known {
        operation: "",
        here: "Incorrect number of operands for operator or function",
        dynoxide: "Syntax error",
        why: "dynalite's tests, which ran on AWS (scan, condition expressions)",
    },
    Known {
        operation: "",
        here: "The function is not allowed to be used this way in an expression",
        dynoxide: "Syntax error",
        why: "dynalite's tests, which ran on AWS (scan, condition expressions)",
    },
    Known {
        operation: "",
        here: "The first operand must be distinct from the remaining operands",
        dynoxide: "",
        why: "dynalite's tests, which ran on AWS (query, scan)",
    },
    Known {
        operation: "Query",
        here: "Invalid KeyConditionExpression: ",
        dynoxide: "",
        why: "an error about an expression begins with the expression's name: Query, API reference, and dynalite's tests, which ran on AWS",
    },
    Known {
        operation: "",
        here: "Invalid ProjectionExpression: ",
        dynoxide: "",
        why: "a projection is read before the table is looked up: paritysuite/dynamodb-conformance, validation ordering",
    },
    Known {
        operation: "",
        here: "failed to satisfy constraint: Member must not be null",
        dynoxide: "missing field",
        why: "a required member: the API reference of each operation",
    },
    Known {
        operation: "",
        here: "attributesToGet' failed to satisfy constraint",
        dynoxide: "",
        why: "KeysAndAttributes, API reference: AttributesToGet has at least one member",
    },
    Known {
        operation: "UpdateTable",
        here: "",
        dynoxide: "Requested resource not found: Table: ",
        why: "the index is what is missing, and its name has a length: DeleteGlobalSecondaryIndexAction, API reference",
    },
    Known {
        operation: "",
        here: "",
        dynoxide: "The document path provided in the update expression is invalid for update",
        why: "scylladb test/alternator (runs on AWS): test_nested_attribute_remove_from_missing_item",
    },
    Known {
        operation: "",
        here: "Operator or function requires a document path",
        dynoxide: "",
        why: "dynalite's tests, which ran on AWS (scan, condition expressions)",
    },
    Known {
        operation: "",
        here: "",
        dynoxide: "Syntax error; token: \":",
        why: "functions take values: scylladb test/alternator (runs on AWS), test_condition_expression (size_parameter)",
    },
    Known {
        operation: "",
        here: "must not be empty",
        dynoxide: "",
        why: "an empty map of placeholders: Expression attribute names in DynamoDB, and dynalite's tests, which ran on AWS",
    },
    Known {
        operation: "UpdateItem",
        here: "unused in expressions",
        dynoxide: "",
        why: "a condition without an update uses its names and values too: UpdateItem, API reference",
    },
    Known {
        operation: "",
        here: "This attribute is part of the key",
        dynoxide: "",
        why: "the request alone shows the error, so no condition is evaluated: UpdateItem, API reference",
    },
    Known {
        operation: "",
        here: "List index is not within the allowable range",
        dynoxide: "",
        why: "scylladb test/alternator (runs on AWS): test_projection_expression_list_index",
    },
    Known {
        operation: "TransactWriteItems",
        here: "is not defined",
        dynoxide: "Transaction cancelled",
        why: "an expression is read before the transaction begins: paritysuite/dynamodb-conformance, validation ordering",
    },
    Known {
        operation: "TransactWriteItems",
        here: "is not defined",
        dynoxide: "Requested resource not found",
        why: "an expression is read before the transaction begins: paritysuite/dynamodb-conformance, validation ordering",
    },
    Known {
        operation: "",
        here: "The parameter cannot be converted to a numeric value:",
        dynoxide: "The parameter cannot be converted to a numeric value",
        why: "regions word the empty number differently: dynoxide's changelog 1.3.0 (captured on AWS)",
    },
    Known {
        operation: "",
        here: "contains duplicates",
        dynoxide: "contains duplicates",
        why: "regions show the elements of a set differently: dynoxide's changelog 1.3.0 (captured on AWS)",
    },
    Known {
        operation: "UpdateItem",
        here: "may not be empty",
        dynoxide: "may not be empty",
        why: "some regions count the errors and some do not: paritysuite/dynamodb-conformance, error messages (envelope)",
    },
    Known {
        operation: "",
        here: "Invalid attribute type name found",
        dynoxide: "",
        why: "dynalite's tests, which ran on AWS (scan, condition expressions)",
    },
    Known {
        operation: "",
        here: "requires upper bound to be greater than or equal to lower bound",
        dynoxide: "",
        why: "dynalite's tests, which ran on AWS (scan, condition expressions)",
    },
    Known {
        operation: "",
        here: "",
        dynoxide: "reserved keyword: size",
        why: "size is a function where a parenthesis follows: Condition and filter expressions, operators, and functions",
    },
    Known {
        operation: "",
        here: "does not project [",
        dynoxide: "",
        why: "what a global index does not hold is refused: Query and Scan, API reference, ProjectionExpression",
    },
    Known {
        operation: "Query",
        here: "Select type ALL_ATTRIBUTES is not supported for global secondary index",
        dynoxide: "",
        why: "what a global index does not hold is refused: Query, API reference, Select",
    },
    Known {
        operation: "",
        here: "Invalid FilterExpression: An expression attribute value used in expression is not defined",
        dynoxide: "",
        why: "errors about an expression begin with its name, before the table is looked up: dynalite's tests, which ran on AWS",
    },
    Known {
        operation: "",
        here: "Empty attribute name",
        dynoxide: "Empty attribute name",
        why: "some regions name the placeholder and some do not: dynoxide's changelog (captured in ten regions)",
    },
    Known {
        operation: "",
        here: "requires same data type for lower and upper bounds",
        dynoxide: "",
        why: "dynalite's tests, which ran on AWS (scan, condition expressions)",
    },
    Known {
        operation: "",
        here: " AttributeValue type",
        dynoxide: "",
        why: "comparisons take scalars, and IN and BETWEEN values of one type: Condition, API reference, ComparisonOperator",
    },
    Known {
        operation: "",
        here: "AttributeValues inside AttributeValueList must be of same type",
        dynoxide: "",
        why: "comparisons take scalars, and IN and BETWEEN values of one type: Condition, API reference, ComparisonOperator",
    },
    Known {
        operation: "TransactWriteItems",
        here: "ValidationError",
        dynoxide: "cannot include multiple operations on one item",
        why: "the transaction has both mistakes, and no page says which one is reported",
    },
    Known {
        operation: "",
        here: "reserved keyword: size",
        dynoxide: "Syntax error",
        why: "SIZE is a reserved word: Reserved words in DynamoDB, developer guide",
    },
    Known {
        operation: "",
        here: "set may not be empty",
        dynoxide: "set may not be empty",
        why: "some regions count the errors and some do not: paritysuite/dynamodb-conformance, error messages (envelope)",
    },
    Known {
        operation: "UpdateItem",
        here: "is not defined; attribute",
        dynoxide: "is not defined; attribute",
        why: "some regions name the expression and some do not: paritysuite/dynamodb-conformance, error messages (envelope)",
    },
    Known {
        operation: "CreateTable",
        here: "must both be specified when BillingMode is PROVISIONED",
        dynoxide: "",
        why: "\"If you set BillingMode as PROVISIONED, you must specify this property\": CreateTable, API reference, \
              ProvisionedThroughput",
    },
    Known {
        operation: "Scan",
        here: "\"LocalSecondaryIndexes\"",
        dynoxide: "\"ConsumedCapacity\"",
        why: "a scan of a local index is charged to the index: Local secondary indexes, developer guide, read capacity units",
    },
    Known {
        operation: "GetItem",
        here: "unused in expressions",
        dynoxide: "Requested resource not found",
        why: "placeholders are checked before the table is looked up: dynalite's tests, which ran on AWS (updateItem)",
    },
    Known {
        operation: "BatchGetItem",
        here: "unused in expressions",
        dynoxide: "Requested resource not found",
        why: "as for GetItem, whose parameters each table of the request has: KeysAndAttributes, API reference",
    },
    Known {
        operation: "UpdateItem",
        here: "set may not be empty",
        dynoxide: "",
        why: "a set has at least one element, also in AttributeUpdates: Supported data types, developer guide",
    },
    Known {
        operation: "TransactWriteItems",
        here: "TransactWriteRequest should contain Delete or Put or Update request",
        dynoxide: "",
        why: "the request has an element without an action, whatever else is wrong: TransactWriteItem, API reference",
    },
    Known {
        operation: "TransactWriteItems",
        here: "Attempting to store more than 38 significant digits",
        dynoxide: "ExpressionAttributeValues contains invalid value: Attempting to store",
        why: "errors about numbers do not name the placeholder: dynoxide's changelog 1.3.0 (captured on AWS)",
    },
    Known {
        operation: "",
        here: "ExpressionAttributeValues contains invalid value: Supplied AttributeValue",
        dynoxide: "Supplied AttributeValue",
        why: "the placeholder is named: dynalite's tests, which ran on AWS (updateItem)",
    },
    Known {
        operation: "Query",
        here: "Either the KeyConditions or KeyConditionExpression parameter must be specified",
        dynoxide: "",
        why: "the request has no key conditions, which goes before mistakes in other expressions: dynalite, validations of query",
    },
    Known {
        operation: "Query",
        here: "cannot contain an empty string value. Key: ",
        dynoxide: "\"ScannedCount\":0",
        why: "the keys of tables and indexes cannot be empty: Supported data types, developer guide",
    },
    Known {
        operation: "TransactWriteItems",
        here: "Requested resource not found",
        dynoxide: "cannot include multiple operations on one item",
        why: "the transaction has both mistakes, and no page says which one is reported",
    },
    Known {
        operation: "Scan",
        here: "The provided key is not in the requested segment",
        dynoxide: "",
        why: "a segment holds the keys of a range of hashes, and AWS does not publish its hash: Scan, API reference, Segment",
    },
    Known {
        operation: "TransactWriteItems",
        here: "Number overflow. Attempting to store",
        dynoxide: "ExpressionAttributeValues contains invalid value: Number overflow. Attempting to store",
        why: "errors about numbers do not name the placeholder: dynoxide's changelog 1.3.0 (captured on AWS)",
    },
    Known {
        operation: "UpdateItem",
        here: "Invalid ConditionExpression: An expression attribute name used in the document path is not defined",
        dynoxide: "",
        why: "an expression is read before it is evaluated: paritysuite/dynamodb-conformance, validation ordering",
    },
    Known {
        operation: "UpdateItem",
        here: "Invalid ConditionExpression: An expression attribute value used in expression is not defined",
        dynoxide: "",
        why: "an expression is read before it is evaluated: paritysuite/dynamodb-conformance, validation ordering",
    },
    Known {
        operation: "Query",
        here: "The BETWEEN condition was provided a range",
        dynoxide: "The BETWEEN operator requires upper bound",
        why: "KeyConditions has words of its own: dynalite's tests, which ran on AWS (query)",
    },
    Known {
        operation: "",
        here: "Invalid ProjectionExpression: Syntax error; token: ",
        dynoxide: "Invalid ProjectionExpression: Expected ",
        why: "dynoxide has words of its own: dynalite's tests, which ran on AWS (getItem, scan)",
    },
    Known {
        operation: "",
        here: "Value at 'Limit' failed to satisfy constraint",
        dynoxide: "at 'limit' failed to satisfy constraint",
        why: "dynoxide words it in two ways: paritysuite/dynamodb-conformance, error messages",
    },
    Known {
        operation: "Scan",
        here: "Value at 'Segment' failed to satisfy constraint",
        dynoxide: "at 'segment' failed to satisfy constraint",
        why: "dynoxide words it in two ways: paritysuite/dynamodb-conformance, error messages",
    },
    Known {
        operation: "Scan",
        here: "Value at 'TotalSegments' failed to satisfy constraint",
        dynoxide: "at 'totalSegments' failed to satisfy constraint",
        why: "dynoxide words it in two ways: paritysuite/dynamodb-conformance, error messages",
    },
    Known {
        operation: "Query",
        here: "exceeds the number of key attributes defined in the schema",
        dynoxide: "Condition parameter type does not match schema type",
        why: "the request has both mistakes, and no page says which one is reported",
    },
    Known {
        operation: "Query",
        here: "exceeds the number of key attributes defined in the schema",
        dynoxide: "Query condition missed key schema element",
        why: "the request has both mistakes, and no page says which one is reported",
    },
    Known {
        operation: "UpdateItem",
        here: "Value null at 'tableName' failed to satisfy constraint",
        dynoxide: "at 'returnValues' failed to satisfy constraint",
        why: "an update reports the first invalid member: paritysuite/dynamodb-conformance, error messages (envelope)",
    },
    Known {
        operation: "UpdateItem",
        here: "Value null at 'key' failed to satisfy constraint",
        dynoxide: "Value null at 'key' failed to satisfy constraint",
        why: "an update reports the first invalid member: paritysuite/dynamodb-conformance, error messages (envelope)",
    },
    Known {
        operation: "TransactWriteItems",
        here: "The document path provided in the update expression is invalid for update",
        dynoxide: "The document path provided in the update expression is invalid for update",
        why: "of several elements only some are refused here: scylladb test/alternator, test_nested_attribute_remove_from_missing_item",
    },
    Known {
        operation: "Query",
        here: "Empty attribute name",
        dynoxide: "ComparisonOperator",
        why: "an empty name is refused when the request is read: dynoxide's changelog (captured in ten regions)",
    },
    Known {
        operation: "",
        here: "An expression attribute name used in the document path is not defined",
        dynoxide: "first operand: [#",
        why: "a placeholder must be defined before paths are compared: Expression attribute names in DynamoDB, developer guide",
    },
    Known {
        operation: "Query",
        here: "Query condition missed key schema element",
        dynoxide: "Condition parameter type does not match schema type",
        why: "the request has both mistakes, and no page says which one is reported",
    },
    Known {
        operation: "",
        here: "The BETWEEN condition was provided a range",
        dynoxide: "\"ScannedCount\"",
        why: "the first value is at most the second: Condition, API reference, ComparisonOperator, BETWEEN",
    },
    Known {
        operation: "",
        here: "The first operand must be distinct",
        dynoxide: "operator: contains, first operand: [",
        why: "the elements of a path are shown apart, as in errors about other operators: dynalite's tests, which ran on AWS",
    },
];

/// Whether both name the same mistake, and only one of them counts it: beside a value of two types, which is a mistake too,
/// dynoxide leaves out the beginning of the message that it has without such a value.
fn is_only_counted_here(request: &Value, here: &Answer, dynoxide: &Answer) -> bool {
    let counted = |message: &str| here.message.strip_prefix("1 validation error detected: ") == Some(message);
    here.kind == dynoxide.kind && counted(&dynoxide.message) && has_value_of_two_types(request)
}

fn has_value_of_two_types(part: &Value) -> bool {
    const TYPES: [&str; 10] = ["S", "N", "B", "SS", "NS", "BS", "M", "L", "NULL", "BOOL"];
    match part {
        Value::Object(members) => {
            members.len() > 1 && members.keys().all(|name| TYPES.contains(&name.as_str()))
                || members.values().any(has_value_of_two_types)
        }
        Value::Array(elements) => elements.iter().any(has_value_of_two_types),
        _ => false,
    }
}

/// Whether both did the same and only the responses show different things.
fn is_shown_otherwise(operation: &str, request: &Value, here: &Answer, dynoxide: &Answer) -> bool {
    let without = |answer: &Answer, member: &str| {
        let mut body = answer.body.clone();
        if let Some(members) = body.as_object_mut() {
            members.remove(member);
        }
        body
    };
    let names = |members: &Value| -> Vec<String> {
        members.as_object().into_iter().flatten().map(|(name, _)| name.clone()).collect()
    };
    match operation {
        // "All of the attributes of the item, as they appeared before the UpdateItem operation": for an item that did not
        // exist, none are returned, where dynoxide returns its key. UpdateItem, API reference, ReturnValues
        "UpdateItem" if request["ReturnValues"] == "ALL_OLD" => {
            here.body["Attributes"].is_null()
                && names(&dynoxide.body["Attributes"]) == names(&request["Key"])
                && here.body == without(dynoxide, "Attributes")
        }
        // Only the written elements of a list are returned, and nothing of a removed one, where dynoxide returns the whole
        // list: scylladb test/alternator (runs on AWS), test_update_item_returnvalues_nested
        "UpdateItem" if request["UpdateExpression"].as_str().is_some_and(|text| text.contains('[')) => {
            let removes = request["UpdateExpression"].as_str().is_some_and(|text| text.contains("REMOVE "));
            let (ours, theirs) = (names(&here.body["Attributes"]), names(&dynoxide.body["Attributes"]));
            (ours == theirs || removes && ours.iter().all(|name| theirs.contains(name)))
                && without(here, "Attributes") == without(dynoxide, "Attributes")
        }
        // Attributes that a local index does not hold are fetched from the table, and these reads are charged: Local
        // secondary indexes, developer guide, attribute projections and provisioned throughput considerations
        "Query" | "Scan" if request["IndexName"] == "byh" => {
            let asks_for_more = !request["ProjectionExpression"].is_null()
                || !request["AttributesToGet"].is_null()
                || request["Select"] == "ALL_ATTRIBUTES";
            // A filter sees the fetched attributes too, where dynoxide filters on those of the index.
            let filters = ["FilterExpression", "ScanFilter", "QueryFilter"]
                .iter()
                .any(|member| !request[member].is_null());
            let same = if filters { "ScannedCount" } else { "Count" };
            asks_for_more && here.body[same] == dynoxide.body[same]
        }
        _ => false,
    }
}

/// Sentences that only some regions begin with the number of errors.
const COUNTED: &[&str] = &[
    "Can not use both expression and non-expression parameters",
    "ExpressionAttributeValues can only be specified when using expressions",
];

/// Whether both refuse the request with one sentence, which only this cloud begins with the number of errors. Some regions do
/// and some do not: paritysuite/dynamodb-conformance, error messages (envelope).
fn is_counted_otherwise(here: &Answer, dynoxide: &Answer) -> bool {
    here.message.strip_prefix("1 validation error detected: ") == Some(&dynoxide.message)
        && COUNTED.iter().any(|sentence| dynoxide.message.starts_with(sentence))
        && (here.status, &here.kind) == (dynoxide.status, &dynoxide.kind)
}

/// Whether dynoxide refuses the comparison of a value or a size with itself. Only document paths must differ from each other:
/// dynalite's condition parser, whose tests ran on AWS.
fn is_compared_with_itself(request: &Value, dynoxide: &Answer) -> bool {
    let is_of =
        |operand: &str| dynoxide.message.contains(&format!("operator: contains, first operand: {operand}"));
    is_of("[:") || is_of("[") && request.to_string().contains("contains(size(")
}

/// Whether a mistake is one of an expression's grammar, which the whole expression must follow: Condition and filter expressions,
/// operators, and functions, and Update expressions, developer guide. dynoxide looks for other mistakes while it reads.
pub(super) fn is_of_grammar(mistake: &Mistake) -> bool {
    mistake["Message"].as_str().is_some_and(|message| message.contains("Expression: Syntax error; token: "))
}

/// Whether the difference is listed.
pub(super) fn is_known(operation: &str, request: &Value, here: &Answer, dynoxide: &Answer) -> bool {
    let holds =
        |answer: &Answer, text: &str| answer.message.contains(text) || answer.body.to_string().contains(text);
    let is_listed = KNOWN.iter().any(|known| {
        // What only one of them refuses is not named by the other.
        let is_named_by_both = known.dynoxide.is_empty() && holds(dynoxide, known.here)
            || known.here.is_empty() && holds(here, known.dynoxide);
        (known.operation.is_empty() || known.operation == operation)
            && holds(here, known.here)
            && holds(dynoxide, known.dynoxide)
            && !is_named_by_both
    });
    let are_done = here.status == 200 && dynoxide.status == 200;
    is_listed
        || is_counted_otherwise(here, dynoxide)
        || is_compared_with_itself(request, dynoxide)
        || is_only_counted_here(request, here, dynoxide)
        || are_done && is_shown_otherwise(operation, request, here, dynoxide)
}
