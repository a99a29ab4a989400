//! A function in a debugger's hands: no time limit counts.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::{
    process::{Command, Stdio},
    time::Duration,
};

use devloop_cloud::{Clock, Options};
use serde_json::json;
use support::{FunctionFolder, TestCloud, eventually};

#[tokio::test(flavor = "multi_thread")]
async fn time_stands_still_for_a_function_that_a_debugger_holds() {
    let gdb = test_tools::program("gdb");
    let clock = Clock::manual(1_700_000_000_000);
    let cloud = TestCloud::with(Options { clock: clock.clone(), ..Options::default() }).await;
    cloud.cloud.wait_for_debuggers();
    let folder = FunctionFolder::new("one");
    cloud.create_hot("f", folder.path(), json!({ "Timeout": 1 })).await;
    let process = cloud.invoke("f", json!({})).await.json()["pid"].as_i64().unwrap();
    assert_eq!(cloud.cloud.processes(folder.path()), [("f".to_owned(), vec![process as i32])]);

    let gate = folder.path().join("gate");
    let asked = cloud.invoke("f", json!({ "until": gate }));
    let held = async {
        let mut gdb = Command::new(gdb)
            .args(["-nx", "-q", "-p", &process.to_string()])
            .env("DEBUGINFOD_URLS", "")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let status = || std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
        let is_held = || status().lines().any(|line| line.starts_with("State:\tt"));
        eventually("gdb holds the function", async || is_held().then_some(())).await;
        // Far more than its second, in steps as short as the cloud looks.
        for _ in 0..100 {
            eventually("somebody waits for the clock", async || (clock.sleepers() > 0).then_some(())).await;
            clock.advance(Duration::from_millis(50));
        }
        std::fs::write(&gate, "").unwrap();
        // The end of its input lets gdb detach and end.
        drop(gdb.stdin.take());
        gdb.wait().unwrap();
    };
    let (answer, ()) = tokio::join!(asked, held);
    assert_eq!(answer.header("x-amz-function-error"), None, "{answer:?}");
    assert_eq!(answer.json()["pid"].as_i64(), Some(process), "the same process has answered");
}
