//! `DynamoDB` and its streams, driven by an unmodified boto3.

use std::process::Stdio;

use tokio::{net::TcpListener, process::Command, sync::oneshot};

#[tokio::test]
async fn boto3_uses_a_table_and_its_stream() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let (stop, stopped) = oneshot::channel::<()>();
    let cloud = tokio::spawn(devloop_cloud::run(listener, async {
        let _ = stopped.await;
    }));

    let imported = Command::new("python3").args(["-c", "import boto3"]).stderr(Stdio::null()).status().await;
    assert!(
        imported.is_ok_and(|status| status.success()),
        "this test needs python3 with boto3: python3 -m pip install boto3"
    );
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/dynamodb_boto3.py");
    let output = Command::new("python3").args([script, &endpoint]).output().await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));

    stop.send(()).unwrap();
    cloud.await.unwrap().unwrap();
}
