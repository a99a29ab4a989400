//! Runs a script of this folder's parent with Python and boto3 against a cloud of its own.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::process::Stdio;

use tokio::{net::TcpListener, process::Command, sync::oneshot};

/// Starts a cloud on a free port and runs `script` with its endpoint as argument; panics with the script's output when it
/// fails, and when there is no Python with boto3.
pub(crate) async fn passes(script: &str) {
    let imported = Command::new("python3").args(["-c", "import boto3"]).stderr(Stdio::null()).status().await;
    assert!(
        imported.is_ok_and(|status| status.success()),
        "this test needs python3 with boto3 and the aws command line: python3 -m pip install boto3 awscli"
    );
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let (stop, stopped) = oneshot::channel::<()>();
    let cloud = tokio::spawn(devloop_cloud::run(listener, async {
        let _ = stopped.await;
    }));
    let path = format!("{}/tests/{script}", env!("CARGO_MANIFEST_DIR"));
    let output = Command::new("python3").args([&path, &endpoint]).output().await.unwrap();
    assert!(
        output.status.success(),
        "{script}: {}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    stop.send(()).unwrap();
    cloud.await.unwrap().unwrap();
}
