//! Shared by the integration tests: a cloud on a free port, an HTTP client, and a function to deploy.

#![allow(
    clippy::unwrap_used,
    dead_code,
    missing_docs,
    unreachable_pub,
    reason = "every test binary uses a different part of this"
)]

use std::{
    fs,
    net::SocketAddr,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use bytes::Bytes;
use devloop_cloud::{Cloud, Options};
use http_body_util::{BodyExt, Full};
use hyper::{HeaderMap, Request};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};

/// A cloud that serves requests until it is dropped or stopped.
pub struct TestCloud {
    pub cloud: Cloud,
    pub address: SocketAddr,
    client: Client<HttpConnector, Full<Bytes>>,
    stop: Option<oneshot::Sender<()>>,
    served: JoinHandle<std::io::Result<()>>,
}

/// A complete response.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("not JSON: {:?}", self.body))
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

impl TestCloud {
    pub async fn start() -> Self {
        Self::with(Options::default()).await
    }

    pub async fn with(options: Options) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let cloud = Cloud::new(options);
        let (stop, stopped) = oneshot::channel::<()>();
        let served = tokio::spawn({
            let cloud = cloud.clone();
            async move {
                cloud
                    .serve(listener, async {
                        let _ = stopped.await;
                    })
                    .await
            }
        });
        let client = Client::builder(TokioExecutor::new()).build_http();
        Self { cloud, address, client, stop: Some(stop), served }
    }

    /// Stops the cloud and waits until it has stopped.
    pub async fn stop(mut self) {
        drop(self.stop.take());
        self.served.await.unwrap().unwrap();
    }

    pub async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(format!("http://{}{path}", self.address));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::new(body.into())).unwrap();
        let (parts, body) = self.client.request(request).await.unwrap().into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Answer { status: parts.status.as_u16(), headers: parts.headers, body }
    }

    /// A call of the Lambda API.
    pub async fn lambda(&self, method: &str, path: &str, body: Value) -> Answer {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        self.send(method, &format!("/2015-03-31/functions{path}"), &[], body).await
    }

    /// Creates a function whose code is in `folder`.
    pub async fn create_hot(&self, name: &str, folder: &Path, more: Value) -> Answer {
        let mut input = json!({
            "FunctionName": name, "Role": "arn:aws:iam::000000000000:role/r", "Runtime": "provided.al2023",
            "Handler": "bootstrap", "Code": {"S3Bucket": "hot-reload", "S3Key": folder},
        });
        for (key, value) in more.as_object().into_iter().flatten() {
            input[key] = value.clone();
        }
        self.lambda("POST", "", input).await
    }

    pub async fn invoke(&self, name: &str, event: Value) -> Answer {
        self.send(
            "POST",
            &format!("/2015-03-31/functions/{name}/invocations"),
            &[("x-amz-log-type", "Tail")],
            event.to_string(),
        )
        .await
    }
}

/// A folder with the test function as its `bootstrap`.
pub struct FunctionFolder(tempfile::TempDir);

impl FunctionFolder {
    pub fn new(version: &str) -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        folder.swap(version);
        folder
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// Replaces `bootstrap` by renaming a new file over it, as build tools do.
    pub fn swap(&self, version: &str) {
        let staged = self.0.path().join(".staged");
        fs::write(&staged, script(version)).unwrap();
        fs::set_permissions(&staged, fs::Permissions::from_mode(0o755)).unwrap();
        fs::rename(staged, self.bootstrap()).unwrap();
    }

    pub fn bootstrap(&self) -> PathBuf {
        self.0.path().join("bootstrap")
    }
}

/// The test function's source with its interpreter line.
pub fn script(version: &str) -> String {
    with_interpreter(&include_str!("../fixtures/function.py").replace("@VERSION@", version))
}

/// A Python program with its interpreter line, which depends on the machine.
pub fn with_interpreter(program: &str) -> String {
    let found = test_tools::python(&[]).args(["-c", "import sys; print(sys.executable)"]).output().unwrap();
    let python = String::from_utf8(found.stdout).unwrap();
    format!("#!{}\n{program}", python.trim())
}

/// Writes a Python program as an executable file.
pub fn executable(path: &Path, program: &str) {
    fs::write(path, with_interpreter(program)).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

/// A zip package with the test function as its `bootstrap`.
pub fn zip(version: &str) -> Vec<u8> {
    use std::io::Write as _;
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    writer.start_file("bootstrap", zip::write::SimpleFileOptions::default().unix_permissions(0o755)).unwrap();
    writer.write_all(script(version).as_bytes()).unwrap();
    writer.finish().unwrap().into_inner()
}

/// Calls `condition` until it returns a value; fails after ten seconds.
pub async fn eventually<T, F: Future<Output = Option<T>>>(what: &str, mut condition: impl FnMut() -> F) -> T {
    let began = std::time::Instant::now();
    loop {
        if let Some(value) = condition().await {
            return value;
        }
        assert!(began.elapsed().as_secs() < 10, "{what} did not happen within 10 s");
        tokio::task::yield_now().await;
    }
}
