//! The memory that queues have together.

use serde_json::json;

use super::*;

#[tokio::test]
async fn all_queues_share_a_limit_and_give_their_part_back() {
    let mut fixture = Fixture::empty();
    fixture.sqs = Sqs::within(fixture.clock.clone(), 20_000);
    let send = async |fixture: &Fixture, queue: usize| {
        let url = format!("http://127.0.0.1:4566/000000000000/{queue}");
        fixture.call("SendMessage", json!({ "QueueUrl": url, "MessageBody": "x".repeat(1_600) })).await
    };
    for queue in 0..10 {
        fixture.ok("CreateQueue", json!({ "QueueName": queue.to_string() })).await;
        send(&fixture, queue).await.unwrap();
    }
    let refused = send(&fixture, 3).await.unwrap_err();
    assert_eq!((refused.status, refused.code.as_ref()), (503, "ServiceUnavailable"));
    assert!(refused.message.contains("All queues together"), "{refused}");
    for operation in ["DeleteQueue", "PurgeQueue"] {
        let queue = format!("http://127.0.0.1:4566/000000000000/{}", operation.len());
        fixture.ok(operation, json!({ "QueueUrl": queue.replace("11", "1").replace("10", "2") })).await;
    }
    assert_eq!(fixture.sqs.memory().bytes(), 16_000);
    send(&fixture, 3).await.unwrap();
    send(&fixture, 3).await.unwrap();
    assert_eq!(send(&fixture, 3).await.unwrap_err().status, 503);
}
