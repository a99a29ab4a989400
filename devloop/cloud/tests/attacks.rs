//! Attacks by other processes, by web pages and by careless clients on a cloud that others are using.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::{io::Cursor, os::unix::fs::PermissionsExt as _, time::Duration};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use bytes::Bytes;
use http_body_util::Full;
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use serde_json::{Value, json};
use support::{FunctionFolder, TestCloud, eventually};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// Asks for the health page again and again until `work` has ended; also returns how many answers came meanwhile.
async fn beside_others<T>(cloud: &TestCloud, work: impl Future<Output = T>) -> (T, usize) {
    let mut work = std::pin::pin!(work);
    let mut answered = 0;
    loop {
        let asked = cloud.send("GET", "/_localstack/health", &[], "");
        tokio::select! {
            output = &mut work => return (output, answered),
            answer = asked => {
                assert_eq!(answer.status, 200);
                answered += 1;
            }
        }
    }
}

/// How many others are answered at least while a package is unpacked. That takes some hundred times as long as an answer; were it done
/// on the cloud's worker, of which there is one, there would be no answer before its end.
const MEANWHILE: usize = 10;

fn zip(entries: usize) -> String {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    for number in 0..entries {
        writer.start_file(number.to_string(), options).unwrap();
    }
    BASE64_STANDARD.encode(writer.finish().unwrap().into_inner())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_package_of_many_entries_keeps_nobody_waiting() {
    let cloud = TestCloud::start().await;
    // Called in process, so that others are counted while the package is worked on and not while it arrives.
    let create = |entries: usize| {
        let input = json!({
            "FunctionName": format!("z{entries}"), "Role": "r", "Runtime": "provided.al2023", "Handler": "bootstrap",
            "Code": {"ZipFile": zip(entries)},
        });
        let cloud = cloud.cloud.clone();
        let cx = cloud.context("us-east-1");
        tokio::spawn(async move { cloud.call(&cx, "lambda", "CreateFunction", input).await })
    };
    let (created, answered) = beside_others(&cloud, create(20_000)).await;
    created.unwrap().unwrap();
    assert!(answered >= MEANWHILE, "{answered} others were answered while the package was unpacked");
    let (deleted, _) = beside_others(&cloud, cloud.lambda("DELETE", "/z20000", Value::Null)).await;
    assert_eq!(deleted.status, 204);
    let (refused, answered) = beside_others(&cloud, create(300_000)).await;
    assert_eq!(refused.unwrap().unwrap_err().code, "InvalidParameterValueException");
    assert!(answered >= MEANWHILE, "{answered} others were answered while the package was read");
}

const FUNCTION: &str = "
Resources:
  Slow: {Type: AWS::Lambda::Function, Properties: {FunctionName: slow, Role: r, Code: {S3Bucket: b, S3Key: k}, Handler: h, Runtime: provided.al2023}}
";

/// Sends a request on a connection of its own and returns the connection.
async fn begin(address: &str, request: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    stream
}

/// The events have 270 MB together, which is more than may arrive at the same time. Each belongs to its invocation once it is read.
#[tokio::test]
async fn large_events_of_slow_functions_leave_room_for_others() {
    const CALLS: usize = 45;
    let cloud = devloop_cloud::testing::TestCloud::start().await.unwrap();
    let go_on = std::sync::Arc::new(tokio::sync::Semaphore::new(0));
    let waits = std::sync::Arc::clone(&go_on);
    cloud.handler("Slow", move |_: serde::de::IgnoredAny| {
        let waits = std::sync::Arc::clone(&waits);
        async move { waits.acquire().await.map(drop) }
    });
    cloud.apply(FUNCTION).await.unwrap();
    let endpoint = cloud.endpoint();
    let address = endpoint.trim_start_matches("http://");
    let event = format!("\"{}\"", "x".repeat(6_000_000));
    let head = format!(
        "POST /2015-03-31/functions/slow/invocations HTTP/1.1\r\nhost: {address}\r\ncontent-length: {}\r\n\r\n",
        event.len()
    );
    let retained = async |name: &str| cloud.cloud().status().await["retained"][name].as_u64().unwrap();
    let mut calls = Vec::new();
    for number in 1..=CALLS {
        calls.push(begin(address, &format!("{head}{event}")).await);
        eventually("the invocation", async || {
            (retained("invocations_running").await == number as u64).then_some(())
        })
        .await;
    }
    assert_eq!(retained("invocation_bytes").await, (CALLS * event.len()) as u64);
    let list = "Action=ListQueues&Version=2012-11-05";
    let head = format!(
        "POST / HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/x-www-form-urlencoded\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
        list.len()
    );
    let mut answer = String::new();
    begin(address, &format!("{head}{list}")).await.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    go_on.add_permits(CALLS);
    for mut call in calls {
        let mut begun = [0; 12];
        call.read_exact(&mut begun).await.unwrap();
        assert_eq!(&begun, b"HTTP/1.1 200");
    }
    eventually("the end", async || (retained("invocation_bytes").await == 0).then_some(())).await;
}

#[tokio::test]
async fn a_named_pipe_instead_of_a_binary_blocks_nothing() {
    let (cloud, folder) = (TestCloud::start().await, FunctionFolder::new("one"));
    std::fs::remove_file(folder.bootstrap()).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(folder.bootstrap()).status().unwrap().success());
    cloud.create_hot("f", folder.path(), json!({})).await;
    // Nobody ever opens its other end; a cloud that waited for that would answer nobody any more.
    let answer = cloud.invoke("f", json!({})).await;
    assert_eq!(answer.json()["errorType"], "Runtime.InvalidEntrypoint", "{:?}", answer.body);
    folder.swap("two");
    assert_eq!(cloud.invoke("f", json!({})).await.json()["version"], "two");
}

/// Sends `head` and nothing of the body that it announces; returns the start of the response.
async fn stalled(cloud: &TestCloud, head: &str) -> (TcpStream, String) {
    let mut stream = TcpStream::connect(cloud.address).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = vec![0; 64];
    let length = tokio::time::timeout(Duration::from_secs(5), stream.read(&mut answer))
        .await
        .expect("an answer")
        .unwrap();
    let answer = String::from_utf8_lossy(&answer[..length]).into_owned();
    (stream, answer)
}

#[tokio::test]
async fn forbidden_requests_are_refused_before_their_body_is_read() {
    let cloud = TestCloud::start().await;
    let length = 69 << 20;
    for (head, status) in [
        (
            format!(
                "POST /2015-03-31/functions HTTP/1.1\r\nhost: evil.example\r\ncontent-length: {length}\r\n\r\n"
            ),
            "403",
        ),
        (
            format!(
                "POST /2015-03-31/functions HTTP/1.1\r\nhost: localhost\r\norigin: https://evil.example\r\ncontent-length: {length}\r\n\r\n"
            ),
            "403",
        ),
        (
            format!(
                "POST /2015-03-31/functions HTTP/1.1\r\nhost: localhost\r\ncontent-length: {}\r\n\r\n",
                71 << 20
            ),
            "413",
        ),
    ] {
        let (_open, answer) = stalled(&cloud, &head).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{answer} to {head}");
    }
}

#[tokio::test]
async fn a_request_for_two_hosts_is_for_none() {
    let cloud = TestCloud::start().await;
    let own = format!("localhost:{}", cloud.address.port());
    let page = "/_localstack/health";
    for (target, headers, status) in [
        (page.to_owned(), format!("host: {own}"), "200"),
        (page.to_owned(), format!("host: {own}\r\nhost: evil.example"), "400"),
        (page.to_owned(), format!("host: evil.example\r\nhost: {own}"), "400"),
        (page.to_owned(), format!("host: evil@{own}"), "400"),
        (page.to_owned(), "accept: */*".to_owned(), "400"),
        (format!("http://evil.example{page}"), format!("host: {own}"), "403"),
        (format!("http://{own}{page}"), format!("host: {own}"), "200"),
        (
            page.to_owned(),
            format!("host: {own}\r\norigin: http://{own}\r\norigin: https://evil.example"),
            "403",
        ),
        (
            page.to_owned(),
            format!("host: {own}\r\nsec-fetch-site: none\r\nsec-fetch-site: cross-site"),
            "403",
        ),
    ] {
        let (_open, answer) = stalled(&cloud, &format!("GET {target} HTTP/1.1\r\n{headers}\r\n\r\n")).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{answer} to {target} {headers}");
    }
}

#[tokio::test]
async fn http_2_s_authority_and_host_are_one() {
    let cloud = TestCloud::start().await;
    let own = format!("localhost:{}", cloud.address.port());
    let client = Client::builder(TokioExecutor::new()).http2_only(true).build_http::<Full<Bytes>>();
    for (host, status) in [(own.as_str(), 200), ("evil.example", 400)] {
        let request = hyper::Request::get(format!("http://{own}/_localstack/health")).header("host", host);
        let answer = client.request(request.body(Full::default()).unwrap()).await.unwrap();
        assert_eq!(answer.status(), status, "{host}");
    }
}

#[tokio::test]
async fn each_service_takes_as_much_as_its_operations_need() {
    let cloud = TestCloud::start().await;
    let signed = |service: &str| {
        format!(
            "authorization: AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/{service}/aws4_request, SignedHeaders=host\r\n"
        )
    };
    let json = |target: &str| {
        format!(
            "POST / HTTP/1.1\r\nhost: localhost\r\nx-amz-target: {target}\r\ncontent-type: application/x-amz-json-1.0\r\n"
        )
    };
    let form = "POST / HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/x-www-form-urlencoded\r\n";
    let url = "POST /_aws/lambda-url/none/ HTTP/1.1\r\nhost: localhost\r\n";
    for (head, limit) in [
        (json("AmazonSQS.SendMessage"), 4 << 20),
        (form.to_owned() + &signed("sqs"), 4 << 20),
        (form.to_owned(), 4 << 20),
        (json("DynamoDB_20120810.BatchWriteItem"), 16 << 20),
        (json("Kinesis_20131202.PutRecords"), 16 << 20),
        (json("Logs_20140328.PutLogEvents"), 8 << 20),
        (url.to_owned(), 6_291_456),
    ] {
        let (_open, answer) = stalled(&cloud, &format!("{head}content-length: {}\r\n\r\n", limit + 1)).await;
        assert!(answer.starts_with("HTTP/1.1 413"), "{answer} to {head}");
        // The cloud asks for a body that is not too large.
        let asks = format!("{head}expect: 100-continue\r\ncontent-length: {limit}\r\n\r\n");
        let (_open, answer) = stalled(&cloud, &asks).await;
        assert!(answer.starts_with("HTTP/1.1 100"), "{answer} to {head}");
    }
}

#[tokio::test]
async fn simultaneous_bodies_are_limited_and_the_others_get_retry_after() {
    let cloud = TestCloud::start().await;
    let piece = vec![b' '; 1 << 20];
    let head = "POST /2015-03-31/functions HTTP/1.1\r\nhost: localhost\r\ncontent-length: 72351744\r\n\r\n";
    let client = async || {
        let (mut input, mut output) = TcpStream::connect(cloud.address).await.unwrap().into_split();
        output.write_all(head.as_bytes()).await.unwrap();
        let mut answer = vec![0; 4096];
        // One piece fewer than announced: the body stops there, unless it was refused before.
        for _ in 0..68 {
            tokio::select! {
                biased;
                length = input.read(&mut answer) => {
                    let length = length.unwrap_or(0);
                    return Some(String::from_utf8_lossy(&answer[..length]).to_lowercase());
                }
                sent = output.write_all(&piece) => if sent.is_err() { return None; }
            }
        }
        let waited = tokio::time::timeout(Duration::from_secs(2), input.read(&mut answer)).await.ok()?;
        Some(String::from_utf8_lossy(&answer[..waited.unwrap_or(0)]).to_lowercase())
    };
    let answers = futures_util::future::join_all((0..8).map(|_| client())).await;
    let refused: Vec<_> =
        answers.iter().flatten().filter(|answer| answer.starts_with("http/1.1 503")).collect();
    assert!(refused.len() >= 4, "{answers:?}");
    assert!(refused.iter().all(|answer| answer.contains("retry-after: 1")), "{answers:?}");
    eventually("room again", async || {
        (cloud.send("POST", "/2015-03-31/functions", &[], vec![b' '; 1 << 20]).await.status == 400)
            .then_some(())
    })
    .await;
}

#[tokio::test]
async fn neither_a_web_page_nor_another_process_receives_a_functions_event() {
    let (cloud, folder) = (TestCloud::start().await, FunctionFolder::new("one"));
    cloud.create_hot("f", folder.path(), json!({})).await;
    let env = cloud.invoke("f", json!({"do": "env"})).await.json();
    let api = env["AWS_LAMBDA_RUNTIME_API"].as_str().unwrap();
    let foreign = format!("host: {api}\r\nhost: evil.example");
    for header in [
        "origin: https://evil.example",
        "sec-fetch-site: cross-site",
        "host: evil.example",
        &foreign,
        "accept: */*",
    ] {
        let host = if header.starts_with("host") { String::new() } else { format!("host: {api}\r\n") };
        let mut stream = TcpStream::connect(api).await.unwrap();
        let ask = format!("GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\n{host}{header}\r\n\r\n");
        stream.write_all(ask.as_bytes()).await.unwrap();
        let mut answer = [0; 12];
        tokio::time::timeout(Duration::from_secs(5), stream.read_exact(&mut answer))
            .await
            .expect(header)
            .unwrap();
        assert_eq!(&answer, b"HTTP/1.1 403", "{header}");
    }
    assert_eq!(cloud.invoke("f", json!({})).await.json()["version"], "one");
}

/// What bash of this user is answered.
fn asked_by(user: u32, port: u16) -> String {
    use std::os::unix::process::CommandExt as _;
    let ask = format!(
        "exec 3<>/dev/tcp/127.0.0.1/{port}; printf 'GET /_localstack/health HTTP/1.0\\r\\nhost: localhost\\r\\n\\r\\n' >&3; cat <&3"
    );
    let output = std::process::Command::new("bash").args(["-c", &ask]).uid(user).output().unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_user_of_the_machine_is_turned_away_when_asked_for() {
    /// `nobody`.
    const OTHER: u32 = 65_534;
    let own = rustix::process::geteuid().as_raw();
    if own != 0 {
        println!("not run: only root can ask as another user");
        return;
    }
    let cloud = TestCloud::start().await;
    let port = cloud.address.port();
    let asked = async |user| tokio::task::spawn_blocking(move || asked_by(user, port)).await.unwrap();
    assert!(asked(OTHER).await.contains(" 200 OK"), "everybody may ask");
    cloud.cloud.answer_own_user_only();
    let answer = asked(OTHER).await;
    assert!(answer.contains(" 403 Forbidden") && answer.contains("--only-me"), "{answer}");
    assert!(asked(own).await.contains(" 200 OK"), "the own user may go on");
}

#[tokio::test]
async fn another_process_that_closes_its_connection_at_once_fails_no_start() {
    let (cloud, folder) = (TestCloud::start().await, tempfile::tempdir().unwrap());
    let bootstrap = folder.path().join("bootstrap");
    // It goes on when the attack is over, and then fails in its own way.
    let commands = "cd \"$(dirname \"$0\")\"; echo $AWS_LAMBDA_RUNTIME_API > api; until [ -e over ]; do sleep 0.05; done; exit 7";
    std::fs::write(&bootstrap, format!("#!/bin/sh\n{commands}\n")).unwrap();
    std::fs::set_permissions(&bootstrap, std::fs::Permissions::from_mode(0o755)).unwrap();
    cloud.create_hot("f", folder.path(), json!({})).await;
    let attack = async {
        let api = eventually("the address", async || {
            std::fs::read_to_string(folder.path().join("api")).ok().filter(|api| api.ends_with('\n'))
        })
        .await;
        let api = api.trim();
        for _ in 0..300 {
            let body = r#"{"errorMessage":"evil","errorType":"Evil"}"#;
            let length = body.len();
            let request = format!(
                "POST /2018-06-01/runtime/init/error HTTP/1.1\r\nhost: {api}\r\ncontent-length: {length}\r\n\r\n{body}"
            );
            let mut stream = TcpStream::connect(api).await.unwrap();
            stream.write_all(request.as_bytes()).await.unwrap();
        }
        // The last one was looked at when a later connection has its answer.
        let mut stream = TcpStream::connect(api).await.unwrap();
        stream.write_all(format!("GET / HTTP/1.1\r\nhost: {api}\r\n\r\n").as_bytes()).await.unwrap();
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer, b"HTTP/1.1 403");
        std::fs::write(folder.path().join("over"), "").unwrap();
    };
    let (answer, ()) = tokio::join!(cloud.invoke("f", json!({})), attack);
    let message = answer.json()["errorMessage"].as_str().unwrap_or_default().to_owned();
    assert!(message.contains("exit status 7"), "{:?}", answer.body);
}

#[tokio::test]
async fn a_web_page_gets_no_page_of_the_cloud_under_the_host_of_a_function() {
    let cloud = TestCloud::start().await;
    let host = format!("abc.lambda-url.us-east-1.localhost:{}", cloud.address.port());
    for path in ["/_devloop/status", "/_devloop/events", "/_localstack/health"] {
        for foreign in [("sec-fetch-site", "cross-site"), ("origin", "https://evil.example")] {
            let answer = cloud.send("GET", path, &[("host", host.as_str()), foreign], "").await;
            assert_eq!(answer.status, 403, "{path} {foreign:?}");
        }
        assert_eq!(cloud.send("GET", path, &[("host", host.as_str())], "").await.status, 200, "{path}");
    }
}

#[tokio::test]
async fn the_pages_of_events_and_status_show_no_secrets() {
    let (cloud, folder) = (TestCloud::start().await, FunctionFolder::new("one"));
    cloud.create_hot("f", folder.path(), json!({})).await;
    let event = json!({
        "do": "exit", "url": "postgres://u:a/b@h/d", "headers": { "authorization": "Bearer t0p" }, "n": 1,
    });
    cloud.invoke("f", event.clone()).await;
    let page = cloud.send("GET", "/_devloop/events", &[], "").await.json();
    let shown = &page["events"][0];
    let masked = json!({
        "do": "exit", "url": "postgres://u:***@h/d", "headers": { "authorization": "***" }, "n": 1,
    });
    assert_eq!(shown["payload"], masked);
    let one = cloud.send("GET", &format!("/_devloop/events/{}", shown["number"]), &[], "").await;
    assert_eq!(one.json()["payload"], event, "whoever asks for one event wants to send it again");
    assert_eq!(cloud.send("GET", "/_devloop/events/77", &[], "").await.status, 404);
    let status = cloud.send("GET", "/_devloop/status", &[], "").await;
    assert!(!String::from_utf8_lossy(&status.body).contains("t0p"), "{:?}", status.body);
}

#[tokio::test]
async fn an_image_on_a_web_page_purges_no_queue() {
    let cloud = TestCloud::start().await;
    let cx = cloud.cloud.context("us-east-1");
    let url = format!("http://{}/000000000000/q", cloud.address);
    cloud.cloud.call(&cx, "sqs", "CreateQueue", json!({ "QueueName": "q" })).await.unwrap();
    let message = json!({ "QueueUrl": url, "MessageBody": "kept" });
    cloud.cloud.call(&cx, "sqs", "SendMessage", message).await.unwrap();
    let purge = "/000000000000/q?Action=PurgeQueue&Version=2012-11-05";
    // To this name, browsers without TLS do not say that they are browsers.
    let named = [("host", "localhost.localstack.cloud:4566")];
    assert_eq!(cloud.send("GET", purge, &named, "").await.status, 403);
    for site in ["cross-site", "same-site", "none"] {
        let headers = [("sec-fetch-site", site), ("sec-fetch-mode", "no-cors"), ("sec-fetch-dest", "image")];
        assert_eq!(cloud.send("GET", purge, &headers, "").await.status, 403, "{site}");
    }
    let received = cloud.cloud.call(&cx, "sqs", "ReceiveMessage", json!({ "QueueUrl": url })).await.unwrap();
    assert_eq!(received["Messages"][0]["Body"], "kept");
    assert_eq!(cloud.send("GET", purge, &[], "").await.status, 200, "without a browser's headers it works");
}
