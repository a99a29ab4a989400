//! Events without a waiting caller: bounded, counted, gone with their function, and stopped when they go in circles.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use devloop_cloud::{Clock, Options};
use serde_json::{Value, json};
use support::{Answer, FunctionFolder, TestCloud, eventually};

async fn send(cloud: &TestCloud, event: String) -> Answer {
    let kind = [("x-amz-invocation-type", "Event")];
    cloud.send("POST", "/2015-03-31/functions/f/invocations", &kind, event).await
}

#[tokio::test]
async fn waiting_events_are_bounded_counted_and_gone_with_their_function() {
    let clock = Clock::manual(1_700_000_000_000);
    let cloud = TestCloud::with(Options { clock: clock.clone(), ..Options::default() }).await;
    let folder = FunctionFolder::new("never-ready");
    cloud.create_hot("f", folder.path(), json!({})).await;
    let megabyte = format!("\"{}\"", "x".repeat((1 << 20) - 2));
    for _ in 0..64 {
        assert_eq!(send(&cloud, megabyte.clone()).await.status, 202);
    }
    let refused = send(&cloud, megabyte).await;
    assert_eq!(
        (refused.status, refused.header("x-amzn-errortype")),
        (429, Some("TooManyRequestsException")),
        "{:?}",
        refused.body
    );
    let status = cloud.cloud.status().await;
    let shown = &status["functions"][0]["asynchronous"];
    assert_eq!((&shown["waiting"], &shown["waiting_bytes"]), (&json!(64), &json!(64 << 20)));
    assert_eq!(cloud.cloud.waiting_events(), [("f".to_owned(), 64)]);
    cloud.lambda("DELETE", "/f", Value::Null).await;
    cloud.create_hot("f", folder.path(), json!({})).await;
    assert!(cloud.cloud.waiting_events().is_empty());
    eventually("the end of every wait", async || (clock.sleepers() == 0).then_some(())).await;
}

#[tokio::test]
async fn a_function_that_invokes_itself_is_stopped_after_sixteen_times() {
    let (cloud, folder) = (TestCloud::start().await, FunctionFolder::new("one"));
    cloud.create_hot("f", folder.path(), json!({})).await;
    assert_eq!(send(&cloud, json!({"do": "again"}).to_string()).await.status, 202);
    eventually("the end of the loop", async || {
        let status = cloud.cloud.status().await;
        let shown = &status["functions"][0];
        (shown["asynchronous"]["given_up"] == 1 && shown["asynchronous"]["waiting"] == 0)
            .then(|| assert_eq!(shown["invocations"], 16.0))
    })
    .await;
}

#[tokio::test]
async fn nothing_is_kept_for_a_function_that_may_not_run() {
    let (cloud, folder) = (TestCloud::start().await, FunctionFolder::new("one"));
    cloud.create_hot("f", folder.path(), json!({})).await;
    let reserve = "/2017-10-31/functions/f/concurrency";
    cloud.send("PUT", reserve, &[], "{\"ReservedConcurrentExecutions\":0}").await;
    assert_eq!(send(&cloud, "{}".to_owned()).await.status, 202);
    eventually("the event's end", async || {
        let status = cloud.cloud.status().await;
        let shown = &status["functions"][0]["asynchronous"];
        (shown["given_up"] == 1 && shown["waiting"] == 0).then_some(())
    })
    .await;
}
