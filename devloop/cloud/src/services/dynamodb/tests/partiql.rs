use serde_json::{Value, json};

use super::Fixture;

async fn run(db: &Fixture, statement: &str, parameters: Value) -> Value {
    let mut input = json!({"Statement": statement});
    if parameters != json!([]) {
        input["Parameters"] = parameters;
    }
    db.ok("ExecuteStatement", input).await
}

async fn refused(db: &Fixture, statement: &str) -> (String, String) {
    let error = db.error("ExecuteStatement", json!({"Statement": statement})).await;
    (error.code.into_owned(), error.message)
}

#[tokio::test]
async fn statements_insert_select_update_and_delete() {
    let db = Fixture::with_sorted_table().await;
    for n in 1..=4 {
        let item = json!([{"S": "a"}, {"N": n.to_string()}]);
        run(&db, "INSERT INTO orders VALUE {'p': ?, 's': ?, 'tags': <<'x'>>}", item).await;
    }
    let (code, _) = refused(&db, "INSERT INTO orders VALUE {'p': 'a', 's': 1}").await;
    assert_eq!(code, "DuplicateItemException");
    run(&db, "INSERT INTO orders VALUE {'p': 'a', 's': 1} IF NOT EXISTS", json!([])).await;

    let select = "SELECT s FROM \"orders\" WHERE p = ? AND s BETWEEN 2 AND 3 ORDER BY s DESC";
    let found = run(&db, select, json!([{"S": "a"}])).await;
    assert_eq!(found["Items"], json!([{"s": {"N": "3"}}, {"s": {"N": "2"}}]));
    let found = run(&db, "SELECT * FROM orders WHERE s = 4 AND contains(tags, 'x')", json!([])).await;
    assert_eq!(found["Items"], json!([{"p": {"S": "a"}, "s": {"N": "4"}, "tags": {"SS": ["x"]}}]));

    let update = "UPDATE orders SET n = 1 SET tags = set_add(tags, <<'y'>>) WHERE p = 'a' AND s = 1 RETURNING ALL NEW *";
    let updated = run(&db, update, json!([])).await;
    let expected = json!([{"p": {"S": "a"}, "s": {"N": "1"}, "n": {"N": "1"}, "tags": {"SS": ["x", "y"]}}]);
    assert_eq!(updated["Items"], expected);
    let updated = run(
        &db,
        "UPDATE orders SET n = n + 5 REMOVE tags WHERE p = 'a' AND s = 1 RETURNING MODIFIED NEW *",
        json!([]),
    )
    .await;
    assert_eq!(updated["Items"], json!([{"n": {"N": "6"}}]));
    for nothing in ["p = 'a' AND s = 9", "p = 'a' AND s = 1 AND n = 0"] {
        let (code, _) = refused(&db, &format!("UPDATE orders SET n = 1 WHERE {nothing}")).await;
        assert_eq!(code, "ConditionalCheckFailedException", "{nothing}");
    }
    let (_, message) = refused(&db, "UPDATE orders SET n = 1 WHERE p = 'a'").await;
    assert_eq!(message, "Where clause does not contain a mandatory equality on all key attributes");

    let deleted = run(&db, "DELETE FROM orders WHERE p = 'a' AND s = 1 RETURNING ALL OLD *", json!([])).await;
    assert_eq!(deleted["Items"], json!([{"p": {"S": "a"}, "s": {"N": "1"}, "n": {"N": "6"}}]));
    assert_eq!(run(&db, "DELETE FROM orders WHERE p = 'a' AND s = 1", json!([])).await["Items"], json!([]));
}

#[tokio::test]
async fn a_long_answer_comes_in_pages() {
    let db = Fixture::with_sorted_table().await;
    for n in 0..5 {
        db.put("orders", json!({"p": {"S": "a"}, "s": {"N": n.to_string()}})).await;
    }
    let mut input = json!({"Statement": "SELECT * FROM orders WHERE p = 'a'", "Limit": 2});
    let mut seen = Vec::new();
    loop {
        let mut page = db.ok("ExecuteStatement", input.clone()).await;
        seen.extend(page["Items"].as_array().unwrap().iter().map(|item| item["s"]["N"].clone()));
        match page["NextToken"].take() {
            Value::Null => break,
            token => input["NextToken"] = token,
        }
    }
    assert_eq!(seen, ["0", "1", "2", "3", "4"]);
    input["Statement"] = "SELECT * FROM orders".into();
    assert_eq!(db.error("ExecuteStatement", input).await.message, "NextToken does not match request");
}

/// The example of AWS's page about `SELECT`, and `ORDER BY` with two attributes.
#[tokio::test]
async fn several_partitions_are_sorted_by_their_key() {
    let db = Fixture::with_sorted_table().await;
    for (p, s) in [("b", 1), ("a", 2), ("c", 1), ("a", 1), ("d", 1), ("b", 2)] {
        db.put("orders", json!({"p": {"S": p}, "s": {"N": s.to_string()}})).await;
    }
    let check = async |rest: &str, expected: &[&str]| {
        let mut input = json!({"Statement": format!("SELECT p, s FROM orders WHERE {rest}"), "Limit": 2});
        let mut seen = Vec::new();
        loop {
            let mut page = db.ok("ExecuteStatement", input.clone()).await;
            let text = |item: &Value| {
                format!("{}{}", item["p"]["S"].as_str().unwrap(), item["s"]["N"].as_str().unwrap())
            };
            seen.extend(page["Items"].as_array().unwrap().iter().map(text));
            match page["NextToken"].take() {
                Value::Null => break,
                token => input["NextToken"] = token,
            }
        }
        assert_eq!(seen, expected, "{rest}");
    };
    check("p IN ['a', 'b', 'c', 'b', 'x'] ORDER BY p DESC", &["c1", "b2", "b1", "a2", "a1"]).await;
    check("p IN ['c', 'a', 'b'] ORDER BY p", &["a1", "a2", "b1", "b2", "c1"]).await;
    check("p IN ['b', 'a'] ORDER BY p DESC, s ASC", &["b1", "b2", "a1", "a2"]).await;
    check("p IN ['b', 'a'] ORDER BY p, s DESC", &["a2", "a1", "b2", "b1"]).await;
    check("p IN ['b', 'a', 'd'] AND s < 2 ORDER BY p DESC", &["d1", "b1", "a1"]).await;
    check("p = 'd' OR (p = 'a' AND s = 2) ORDER BY p DESC", &["d1", "a2"]).await;
    check("p = 'a' ORDER BY p DESC, s DESC", &["a2", "a1"]).await;
    for (rest, why) in [
        ("p = 'a' OR s = 1 ORDER BY p", "Must have WHERE clause"),
        ("p IN ['a'] ORDER BY p, q DESC", "Variable reference q"),
        ("p IN ['a', 'b'] ORDER BY s", "several partitions"),
    ] {
        let (_, message) = refused(&db, &format!("SELECT * FROM orders WHERE {rest}")).await;
        assert!(message.contains(why), "{rest}: {message}");
    }
}

#[tokio::test]
async fn a_batch_answers_each_of_its_statements() {
    let db = Fixture::with_table().await;
    db.put("events", json!({"id": {"S": "1"}, "n": {"N": "5"}})).await;
    let statements = json!([
        {"Statement": "SELECT * FROM events WHERE id = '1'"},
        {"Statement": "SELECT * FROM events WHERE id = '2'"},
        {"Statement": "SELECT * FROM events WHERE n = 5"},
        {"Statement": "SELECT * FROM none WHERE id = '1'"},
    ]);
    let answers = db.ok("BatchExecuteStatement", json!({"Statements": statements})).await["Responses"].take();
    assert_eq!(answers[0], json!({"TableName": "events", "Item": {"id": {"S": "1"}, "n": {"N": "5"}}}));
    assert_eq!(answers[1], json!({"TableName": "events"}));
    assert_eq!(answers[2]["Error"]["Code"], "ValidationError");
    assert_eq!(answers[3]["Error"]["Code"], "ResourceNotFound");
    let mixed = json!([{"Statement": "SELECT * FROM events WHERE id = '1'"}, {"Statement": "DELETE FROM events WHERE id = '1'"}]);
    db.invalid(
        "BatchExecuteStatement",
        json!({"Statements": mixed}),
        "Read and write requests together in the same batch is not supported.",
    )
    .await;
}

#[tokio::test]
async fn a_transaction_of_statements_is_all_or_nothing() {
    let db = Fixture::with_table().await;
    let run = |statements: Value| json!({"TransactStatements": statements});
    let insert = json!({"Statement": "INSERT INTO events VALUE {'id': '1', 'n': 1}"});
    let exists = json!({"Statement": "EXISTS(SELECT * FROM events WHERE id = '0' AND n = 1)"});
    let error = db.error("ExecuteTransaction", run(json!([insert, exists]))).await;
    assert_eq!(error.code, "TransactionCanceledException");
    assert_eq!(db.get("events", json!({"id": {"S": "1"}})).await, Value::Null);
    db.ok("ExecuteTransaction", run(json!([insert]))).await;
    let error = db.error("ExecuteTransaction", run(json!([insert]))).await;
    assert_eq!(error.details["CancellationReasons"][0]["Code"], "DuplicateItem");
    let read = json!([{"Statement": "SELECT n FROM events WHERE id = '1'"}, {"Statement": "SELECT n FROM events WHERE id = '2'"}]);
    let answers = db.ok("ExecuteTransaction", run(read)).await;
    assert_eq!(answers["Responses"], json!([{"Item": {"n": {"N": "1"}}}, {}]));
}
