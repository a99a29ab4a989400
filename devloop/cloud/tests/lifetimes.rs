//! Functions that are deleted, limited or killed while a caller waits for them.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::{
    os::unix::fs::PermissionsExt,
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use devloop_cloud::{Clock, Options};
use futures_util::future::join_all;
use serde_json::{Value, json};
use support::{FunctionFolder, TestCloud, eventually};

/// A folder whose program starts and never asks for an event.
fn silent() -> tempfile::TempDir {
    program("exec sleep 1000")
}

fn program(commands: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let bootstrap = folder.path().join("bootstrap");
    std::fs::write(&bootstrap, format!("#!/bin/sh\n{commands}\n")).unwrap();
    std::fs::set_permissions(bootstrap, std::fs::Permissions::from_mode(0o755)).unwrap();
    folder
}

#[tokio::test]
async fn deleting_a_function_ends_a_waiting_invocation_and_its_timers() {
    let clock = Clock::manual(1_700_000_000_000);
    let cloud = TestCloud::with(Options { clock: clock.clone(), ..Options::default() }).await;
    let folder = silent();
    cloud.create_hot("f", folder.path(), json!({})).await;
    let delete = async {
        eventually("the start", async || {
            let status = cloud.cloud.status().await;
            (status["functions"][0]["environments"]["waiting"] == 1).then_some(())
        })
        .await;
        assert_eq!(cloud.lambda("DELETE", "/f", Value::Null).await.status, 204);
    };
    let (answer, ()) = tokio::join!(cloud.invoke("f", json!({})), delete);
    assert_eq!(
        (answer.status, answer.header("x-amzn-errortype")),
        (404, Some("ResourceNotFoundException")),
        "{:?}",
        answer.body
    );
    eventually("the end of every wait", async || (clock.sleepers() == 0).then_some(())).await;
}

#[tokio::test]
async fn every_call_ends_when_the_function_fails_to_start_each_time() {
    let cloud = TestCloud::start().await;
    // Longer than a call waits before it starts another environment, so that one is always starting.
    let folder = program("sleep 0.3; exit 7");
    cloud.create_hot("f", folder.path(), json!({})).await;
    let calls = join_all((0..3).map(|_| cloud.invoke("f", json!({}))));
    let answers = tokio::time::timeout(Duration::from_secs(60), calls).await.expect("every call has an end");
    for answer in answers {
        assert_eq!(answer.json()["errorType"], "Runtime.ExitError", "{:?}", answer.body);
    }
    eventually("the end of every start", async || {
        let environments = &cloud.cloud.status().await["functions"][0]["environments"];
        (environments["starting"] == 0 && environments["waiting"] == 0).then_some(())
    })
    .await;
}

#[tokio::test]
async fn deleting_a_function_ends_an_invocation_in_flight() {
    let (cloud, folder) = (TestCloud::start().await, FunctionFolder::new("one"));
    cloud.create_hot("f", folder.path(), json!({"Timeout": 60})).await;
    let delete = async {
        eventually("the invocation", async || {
            let status = cloud.cloud.status().await;
            (status["functions"][0]["environments"]["busy"] == 1).then_some(())
        })
        .await;
        cloud.lambda("DELETE", "/f", Value::Null).await;
    };
    let event = json!({"until": folder.path().join("never")});
    let (answer, ()) = tokio::join!(cloud.invoke("f", event), delete);
    assert_eq!(answer.status, 404, "{:?}", answer.body);
}

#[tokio::test]
async fn every_invocation_is_answered_while_its_function_is_recreated() {
    let (cloud, folder) = (TestCloud::start().await, FunctionFolder::new("one"));
    cloud.create_hot("f", folder.path(), json!({})).await;
    let over = AtomicBool::new(false);
    let client = || async {
        let mut answers = 0;
        while !over.load(Ordering::Relaxed) {
            let answer = cloud.invoke("f", json!({})).await;
            assert!(
                matches!(answer.status, 200 | 404) && answer.header("x-amz-function-error").is_none(),
                "{answer:?}"
            );
            answers += 1;
        }
        answers
    };
    let changes = async {
        for _ in 0..40 {
            tokio::time::sleep(Duration::from_millis(50)).await;
            cloud.lambda("DELETE", "/f", Value::Null).await;
            cloud.create_hot("f", folder.path(), json!({})).await;
        }
        over.store(true, Ordering::Relaxed);
    };
    let all = async { tokio::join!(join_all((0..12).map(|_| client())), changes) };
    let (answers, ()) =
        tokio::time::timeout(Duration::from_secs(20), all).await.expect("an invocation without a response");
    assert!(answers.iter().sum::<usize>() > 40, "{answers:?}");
}

#[tokio::test]
async fn reserved_concurrency_limits_simultaneous_cold_starts() {
    let (cloud, folder) = (TestCloud::start().await, FunctionFolder::new("one"));
    cloud.create_hot("f", folder.path(), json!({"Timeout": 60})).await;
    let reserve = "/2017-10-31/functions/f/concurrency";
    cloud.send("PUT", reserve, &[], "{\"ReservedConcurrentExecutions\":2}").await;
    let gate = folder.path().join("gate");
    let refused = AtomicBool::new(false);
    let calls = join_all((0..20).map(|_| async {
        let answer = cloud.invoke("f", json!({"until": gate})).await;
        if answer.status == 429 {
            refused.store(true, Ordering::Relaxed);
        }
        answer.status
    }));
    let open = async {
        eventually("a refusal", async || refused.load(Ordering::Relaxed).then_some(())).await;
        eventually("two at work", async || {
            let status = cloud.cloud.status().await;
            (status["functions"][0]["environments"]["busy"] == 2).then_some(())
        })
        .await;
        std::fs::write(&gate, "").unwrap();
    };
    let (statuses, ()) = tokio::join!(calls, open);
    let count = |status| statuses.iter().filter(|seen| **seen == status).count();
    assert_eq!((count(200), count(429)), (2, 18), "{statuses:?}");
}

#[tokio::test]
async fn an_environment_that_is_being_killed_takes_no_event() {
    let (cloud, folder) = (TestCloud::start().await, FunctionFolder::new("one"));
    cloud.create_hot("f", folder.path(), json!({"Timeout": 1})).await;
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(6) {
        let late = cloud.invoke("f", json!({"sleep": 60})).await;
        assert_eq!(late.json()["errorType"], "Sandbox.Timedout");
        let next = cloud.invoke("f", json!({})).await;
        assert_eq!(next.header("x-amz-function-error"), None, "{:?}", next.body);
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_daemon_that_a_function_leaves_behind_ends_with_it() {
    daemon_ends_with_its_function(json!({"do": "leave"})).await;
}

#[cfg(all(target_os = "linux", not(devloop_portable)))]
#[tokio::test]
async fn a_daemon_without_the_function_s_variables_ends_with_it() {
    daemon_ends_with_its_function(json!({"do": "leave", "for": 1000})).await;
}

/// Invokes a function with an event that makes it leave a daemon, and stops the cloud.
#[cfg(target_os = "linux")]
async fn daemon_ends_with_its_function(mut event: Value) {
    let (cloud, folder) = (TestCloud::start().await, FunctionFolder::new("one"));
    cloud.create_hot("f", folder.path(), json!({})).await;
    let file = folder.path().join("daemon");
    event["pid"] = json!(file);
    cloud.invoke("f", event).await;
    let daemon = eventually("the daemon", async || std::fs::read_to_string(&file).ok()).await;
    let place = format!("/proc/{daemon}");
    assert!(std::path::Path::new(&place).exists());
    cloud.stop().await;
    assert!(!std::path::Path::new(&place).exists(), "the daemon has ended when the cloud has stopped");
}

#[cfg(all(target_os = "linux", not(devloop_portable)))]
#[tokio::test]
async fn a_daemon_that_ends_before_its_function_leaves_the_process_table() {
    let (cloud, folder) = (TestCloud::start().await, FunctionFolder::new("one"));
    cloud.create_hot("f", folder.path(), json!({})).await;
    let file = folder.path().join("daemon");
    cloud.invoke("f", json!({"do": "leave", "pid": file, "for": 0})).await;
    let daemon = eventually("the daemon", async || std::fs::read_to_string(&file).ok()).await;
    let place = std::path::PathBuf::from(format!("/proc/{daemon}"));
    eventually("the end of the daemon", async || (!place.exists()).then_some(())).await;
    assert_eq!(cloud.cloud.status().await["functions"][0]["environments"]["idle"], 1, "the function lives");
}
