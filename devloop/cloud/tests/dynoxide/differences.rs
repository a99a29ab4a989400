//! Where the two differ and dynoxide is not followed.

use serde_json::Value;

use super::answers::Answer;

/// One kind of difference, told by what the two say.
struct Known {
    /// The operation, or nothing for any.
    operation: &'static str,
    /// What the answer here contains: in its message, or its body when it is no error.
    here: &'static str,
    /// What dynoxide's answer contains.
    dynoxide: &'static str,
    /// Why, and where it is written.
    #[expect(dead_code, reason = "it is for the reader")]
    why: &'static str,
}

const KNOWN: &[Known] = &[
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
        why: "errors about an expression begin with its name: Query, API reference, and dynalite's tests, which ran on AWS",
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
        why: "also a condition without an update uses what it names: UpdateItem, API reference",
    },
    Known {
        operation: "",
        here: "This attribute is part of the key",
        dynoxide: "",
        why: "the request alone shows it, so no condition is looked at: UpdateItem, API reference",
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
        dynoxide: "",
        why: "an expression is read before the transaction begins: paritysuite/dynamodb-conformance, validation ordering",
    },
    Known {
        operation: "",
        here: "The parameter cannot be converted to a numeric value: ",
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
        why: "regions count the error or do not: paritysuite/dynamodb-conformance, error messages (envelope)",
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
        operation: "UpdateItem",
        here: "Invalid UpdateExpression: ",
        dynoxide: "Invalid UpdateExpression: ",
        why: "of several errors in one expression either may come first",
    },
    Known {
        operation: "TransactWriteItems",
        here: "Invalid UpdateExpression: ",
        dynoxide: "Invalid UpdateExpression: ",
        why: "of several errors in one expression either may come first",
    },
    Known {
        operation: "",
        here: "Empty attribute name",
        dynoxide: "Empty attribute name",
        why: "regions name the placeholder or do not: dynoxide's changelog (captured in ten regions)",
    },
    Known {
        operation: "Scan",
        here: "\"LocalSecondaryIndexes\"",
        dynoxide: "\"ConsumedCapacity\"",
        why: "a scan of a local index is charged to the index: Local secondary indexes, developer guide, read capacity units",
    },
];

/// Whether the difference stands on the list.
pub(super) fn is_known(operation: &str, _request: &Value, here: &Answer, dynoxide: &Answer) -> bool {
    let holds = |answer: &Answer, text: &str| {
        answer.message.contains(text) || answer.status == 200 && answer.body.to_string().contains(text)
    };
    KNOWN.iter().any(|known| {
        (known.operation.is_empty() || known.operation == operation)
            && holds(here, known.here)
            && holds(dynoxide, known.dynoxide)
    })
}
