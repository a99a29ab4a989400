//! Lambda with real processes: responses, failures, code changes and limits.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::time::Duration;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use devloop_cloud::{Clock, Options};
use serde_json::{Value, json};
use support::{Answer, FunctionFolder, TestCloud, eventually, executable, zip};

fn log_of(answer: &Answer) -> String {
    String::from_utf8(BASE64_STANDARD.decode(answer.header("x-amz-log-result").unwrap()).unwrap()).unwrap()
}

#[tokio::test]
async fn an_invocation_answers_logs_and_reports() {
    let (cloud, folder) = (TestCloud::start().await, FunctionFolder::new("one"));
    let created = cloud.create_hot("f", folder.path(), json!({"MemorySize": 256})).await;
    assert_eq!(created.status, 201);
    assert_eq!(created.json()["CodeSha256"], "hot-reloading-hash-not-available");

    let first = cloud.invoke("f", json!({"do": "echo", "n": 1})).await;
    assert_eq!((first.status, first.json()["event"]["n"].clone()), (200, json!(1)));
    assert_eq!(first.header("x-amz-executed-version"), Some("$LATEST"));
    let log = log_of(&first);
    for part in
        ["START RequestId: ", "working on echo", "END RequestId: ", "Memory Size: 256 MB", "Init Duration: "]
    {
        assert!(log.contains(part), "{part} is missing in {log}");
    }
    let second = cloud.invoke("arn:aws:lambda:us-east-1:000000000000:function:f:$LATEST", json!({})).await;
    assert_eq!(second.json()["pid"], first.json()["pid"], "the environment is reused");
    assert!(!log_of(&second).contains("Init Duration"));
}

#[tokio::test]
async fn every_kind_of_failure_is_reported_and_the_next_invocation_works() {
    let (cloud, folder) = (TestCloud::start().await, FunctionFolder::new("one"));
    cloud.create_hot("f", folder.path(), json!({"Timeout": 1})).await;
    let check = async |event: Value, error_type: &str, part: &str| {
        let answer = cloud.invoke("f", event.clone()).await;
        assert_eq!(
            (answer.status, answer.header("x-amz-function-error")),
            (200, Some("Unhandled")),
            "{event}"
        );
        let body = answer.json();
        assert_eq!(body["errorType"], error_type, "{event}");
        assert!(body["errorMessage"].as_str().unwrap().contains(part), "{body}");
        assert_eq!(cloud.invoke("f", json!({})).await.json()["version"], "one");
    };
    check(json!({"do": "error"}), "Oops", "as asked").await;
    check(json!({"do": "exit"}), "Runtime.ExitError", "Runtime exited with error: exit status 3").await;
    check(json!({"do": "echo", "sleep": 30}), "Sandbox.Timedout", "Task timed out after 1.00 seconds").await;
    check(json!({"do": "big"}), "Function.ResponseSizeTooLarge", "exceeded").await;
    cloud.invoke("f", json!({"do": "answer-and-exit"})).await;
    assert_eq!(cloud.invoke("f", json!({})).await.json()["version"], "one");
}

#[tokio::test]
async fn a_function_that_cannot_start_reports_why() {
    let cloud = TestCloud::start().await;
    let check = async |name: &str, folder: &FunctionFolder, error_type: &str, part: &str| {
        cloud.create_hot(name, folder.path(), json!({})).await;
        let answer = cloud.invoke(name, json!({})).await;
        assert_eq!(answer.json()["errorType"], error_type);
        assert!(answer.json()["errorMessage"].as_str().unwrap().contains(part), "{:?}", answer.json());
        answer
    };
    let dies = FunctionFolder::new("dies-at-init");
    let answer = check("dies", &dies, "Runtime.ExitError", "exit status 7").await;
    assert!(log_of(&answer).contains("no, I will not start"));
    let reports = FunctionFolder::new("reports-init-error");
    check("reports", &reports, "Config.Missing", "TABLE_NAME").await;
    let missing = FunctionFolder::new("one");
    std::fs::remove_file(missing.bootstrap()).unwrap();
    check("missing", &missing, "Runtime.InvalidEntrypoint", "no such file").await;
    let text = FunctionFolder::new("one");
    std::fs::write(text.bootstrap(), "not a program").unwrap();
    check("text", &text, "Runtime.InvalidEntrypoint", "exec format error").await;
    text.swap("two");
    assert_eq!(
        cloud.invoke("text", json!({})).await.json()["version"],
        "two",
        "the next working code is used"
    );
}

#[tokio::test]
async fn a_swap_serves_the_new_code_and_finishes_old_invocations_on_the_old() {
    let (cloud, folder) = (TestCloud::start().await, FunctionFolder::new("one"));
    cloud.create_hot("f", folder.path(), json!({"Timeout": 60})).await;
    cloud.invoke("f", json!({})).await;
    let gate = folder.path().join("gate");
    let in_flight = cloud.invoke("f", json!({"until": gate}));
    let swapped = async {
        eventually("the invocation", async || {
            let status = cloud.cloud.status().await;
            (status["functions"][0]["environments"]["busy"] == 1).then_some(())
        })
        .await;
        folder.swap("two");
        let outcomes = cloud.cloud.activate(folder.path()).await;
        assert_eq!(outcomes.len(), 1);
        let activation = outcomes[0].as_ref().unwrap();
        assert_eq!(activation.function, "f");
        let now = cloud.invoke("f", json!({})).await.json();
        let status = cloud.cloud.status().await;
        let [deployed, answering] =
            ["deployed_digest", "answering_digest"].map(|digest| status["functions"][0][digest].clone());
        assert_eq!((&deployed, deployed.as_str().map(str::len)), (&answering, Some(64)));
        std::fs::write(&gate, "").unwrap();
        now
    };
    let (old, new) = tokio::join!(in_flight, swapped);
    assert_eq!((old.json()["version"].clone(), new["version"].clone()), (json!("one"), json!("two")));
    eventually("the old environment's end", async || {
        let status = cloud.cloud.status().await;
        (status["functions"][0]["environments"]["idle"] == 1).then_some(())
    })
    .await;

    folder.swap("dies-at-init");
    let outcomes = cloud.cloud.activate(folder.path()).await;
    let error = outcomes[0].as_ref().unwrap_err();
    assert_eq!((error.error_type.as_str(), error.still_serving), ("Runtime.ExitError", true));
    assert!(error.output.iter().any(|line| line.contains("I will not start")), "{error:?}");
    assert_eq!(cloud.invoke("f", json!({})).await.json()["version"], "two");
}

#[tokio::test]
async fn a_changed_file_is_noticed_by_the_next_invocations() {
    let (cloud, folder) = (TestCloud::start().await, FunctionFolder::new("one"));
    cloud.create_hot("f", folder.path(), json!({})).await;
    assert_eq!(cloud.invoke("f", json!({})).await.json()["version"], "one");
    folder.swap("two");
    eventually("the new code", async || {
        let version = cloud.invoke("f", json!({})).await.json()["version"].clone();
        (version == "two").then_some(())
    })
    .await;
    std::fs::remove_file(folder.bootstrap()).unwrap();
    assert_eq!(
        cloud.invoke("f", json!({})).await.json()["version"],
        "two",
        "the last code still serves after its file was deleted"
    );
}

#[tokio::test]
async fn an_updated_zip_replaces_the_code() {
    let cloud = TestCloud::start().await;
    let package = |version: &str| BASE64_STANDARD.encode(zip(version));
    let created = cloud
        .lambda(
            "POST",
            "",
            json!({
                "FunctionName": "z", "Role": "r", "Runtime": "provided.al2023", "Handler": "bootstrap",
                "Code": {"ZipFile": package("one")},
            }),
        )
        .await;
    assert_eq!(created.status, 201, "{:?}", created.body);
    assert_eq!(cloud.invoke("z", json!({})).await.json()["version"], "one");
    let published = cloud.lambda("POST", "/z/versions", json!({})).await.json();
    assert_eq!(published["Version"], "1");
    let updated = cloud.lambda("PUT", "/z/code", json!({"ZipFile": package("two")})).await.json();
    assert_ne!(updated["CodeSha256"], created.json()["CodeSha256"]);
    eventually("the update", async || {
        let shown = cloud.lambda("GET", "/z/configuration", Value::Null).await.json();
        (shown["LastUpdateStatus"] == "Successful").then_some(())
    })
    .await;
    assert_eq!(cloud.invoke("z", json!({})).await.json()["version"], "two");
    assert_eq!(
        cloud.invoke("z:1", json!({})).await.json()["version"],
        "one",
        "a published version does not change"
    );
}

#[tokio::test]
async fn a_version_is_published_once_for_each_code_and_configuration() {
    let cloud = TestCloud::start().await;
    let created = cloud
        .lambda(
            "POST",
            "",
            json!({
                "FunctionName": "p", "Role": "r", "Runtime": "provided.al2023", "Handler": "bootstrap",
                "Code": {"ZipFile": BASE64_STANDARD.encode(zip("one"))},
            }),
        )
        .await;
    assert_eq!(created.status, 201, "{:?}", created.body);
    let publish = async |input: Value, expected: &str| {
        let published = cloud.lambda("POST", "/p/versions", input.clone()).await.json();
        assert_eq!(published["Version"], expected, "{input}: {published}");
    };
    publish(json!({}), "1").await;
    publish(json!({}), "1").await;
    publish(json!({"Description": "other words"}), "1").await;
    let variables = json!({"Environment": {"Variables": {"LEVEL": "debug"}}});
    let updated = cloud.lambda("PUT", "/p/configuration", variables).await;
    assert_eq!(updated.status, 200, "{:?}", updated.body);
    publish(json!({"Description": "with a level"}), "2").await;
    publish(json!({}), "2").await;
}

#[tokio::test]
async fn functions_get_lambdas_environment_and_not_the_developers() {
    let (cloud, folder) = (TestCloud::start().await, FunctionFolder::new("one"));
    cloud.create_hot("f", folder.path(), json!({"Environment": {"Variables": {"OWN": "yes"}}})).await;
    let env = cloud.invoke("f", json!({"do": "env"})).await.json();
    assert_eq!((env["OWN"].clone(), env["AWS_LAMBDA_FUNCTION_NAME"].clone()), (json!("yes"), json!("f")));
    assert_eq!(env["AWS_ENDPOINT_URL"], format!("http://{}", cloud.address));
    // Cargo sets these for the test itself; the function must not inherit them.
    for leaked in ["HOME", "CARGO", "CARGO_MANIFEST_DIR", "USER", "SHELL"] {
        assert!(env.get(leaked).is_none(), "{leaked} leaked");
    }
}

#[tokio::test]
async fn slow_invocations_run_in_parallel_and_limits_throttle() {
    let (cloud, folder) = (TestCloud::start().await, FunctionFolder::new("one"));
    cloud.create_hot("f", folder.path(), json!({"Timeout": 60})).await;
    let gate = folder.path().join("gate");
    let slow = || cloud.invoke("f", json!({"until": gate}));
    let open = async {
        eventually("three environments", async || {
            let status = cloud.cloud.status().await;
            (status["functions"][0]["environments"]["busy"] == 3).then_some(())
        })
        .await;
        let put = cloud
            .send("PUT", "/2017-10-31/functions/f/concurrency", &[], "{\"ReservedConcurrentExecutions\":3}")
            .await;
        assert_eq!(put.status, 200);
        let throttled = cloud.invoke("f", json!({})).await;
        assert_eq!(
            (throttled.status, throttled.header("x-amzn-errortype")),
            (429, Some("TooManyRequestsException"))
        );
        std::fs::write(&gate, "").unwrap();
    };
    let (a, b, c, ()) = tokio::join!(slow(), slow(), slow(), open);
    let mut pids: Vec<_> = [a, b, c].iter().map(|answer| answer.json()["pid"].as_i64().unwrap()).collect();
    pids.sort_unstable();
    pids.dedup();
    assert_eq!(pids.len(), 3);
}

#[tokio::test]
async fn an_event_is_tried_three_times() {
    let clock = Clock::manual(1_700_000_000_000);
    let cloud = TestCloud::with(Options { clock: clock.clone(), ..Options::default() }).await;
    let folder = FunctionFolder::new("one");
    cloud.create_hot("f", folder.path(), json!({})).await;
    let accepted = cloud
        .send(
            "POST",
            "/2015-03-31/functions/f/invocations",
            &[("x-amz-invocation-type", "Event")],
            "{\"do\":\"error\"}",
        )
        .await;
    assert_eq!((accepted.status, accepted.body.len()), (202, 0));
    let errors = async |wanted: f64| {
        eventually("the try", async || {
            let status = cloud.cloud.status().await;
            (status["functions"][0]["errors"] == wanted && clock.sleepers() > 0).then_some(())
        })
        .await;
    };
    errors(1.0).await;
    clock.advance(Duration::from_mins(1));
    errors(2.0).await;
    clock.advance(Duration::from_mins(2));
    eventually("the last try", async || {
        let status = cloud.cloud.status().await;
        (status["functions"][0]["errors"] == 3.0).then_some(())
    })
    .await;
}

#[tokio::test]
async fn stopping_the_cloud_ends_its_processes() {
    let (cloud, folder) = (TestCloud::start().await, FunctionFolder::new("one"));
    cloud.create_hot("f", folder.path(), json!({})).await;
    let pid = cloud.invoke("f", json!({})).await.json()["pid"].as_i64().unwrap();
    let process = format!("/proc/{pid}");
    assert!(std::path::Path::new(&process).exists());
    cloud.stop().await;
    eventually("the process's end", async || (!std::path::Path::new(&process).exists()).then_some(())).await;
}

#[tokio::test]
async fn bad_requests_get_lambdas_errors() {
    let (cloud, folder) = (TestCloud::start().await, FunctionFolder::new("one"));
    cloud.create_hot("f", folder.path(), json!({})).await;
    let check = |answer: &Answer, status: u16, kind: &str| {
        assert_eq!(
            (answer.status, answer.header("x-amzn-errortype")),
            (status, Some(kind)),
            "{:?}",
            answer.body
        );
    };
    check(&cloud.create_hot("f", folder.path(), json!({})).await, 409, "ResourceConflictException");
    check(&cloud.create_hot("..", folder.path(), json!({})).await, 400, "ValidationException");
    check(&cloud.invoke("nobody", json!({})).await, 404, "ResourceNotFoundException");
    check(&cloud.lambda("GET", "/..%2Ff", Value::Null).await, 400, "ValidationException");
    check(
        &cloud.send("POST", "/2015-03-31/functions/f/invocations", &[], "{").await,
        400,
        "InvalidRequestContentException",
    );
    let large = vec![b' '; 6_291_457];
    check(
        &cloud.send("POST", "/2015-03-31/functions/f/invocations", &[], large).await,
        413,
        "RequestTooLargeException",
    );
    check(&cloud.send("POST", "/2015-03-31/functions", &[], "[]").await, 400, "SerializationException");
    let foreign = cloud.send("GET", "/2015-03-31/functions", &[("host", "evil.example")], "").await;
    check(&foreign, 403, "AccessDeniedException");
}

#[tokio::test]
async fn a_function_logs_in_the_format_and_from_the_level_that_its_settings_say() {
    let (cloud, folder) = (TestCloud::start().await, FunctionFolder::new("one"));
    let logging = json!({"LoggingConfig": {"LogFormat": "JSON", "SystemLogLevel": "DEBUG"}});
    let created = cloud.create_hot("f", folder.path(), logging).await;
    assert_eq!(
        created.json()["LoggingConfig"],
        json!({"LogFormat": "JSON", "ApplicationLogLevel": "INFO", "SystemLogLevel": "DEBUG", "LogGroup": "/aws/lambda/f"})
    );
    let env = cloud.invoke("f", json!({"do": "env"})).await.json();
    assert_eq!(
        (env["AWS_LAMBDA_LOG_FORMAT"].as_str(), env["AWS_LAMBDA_LOG_LEVEL"].as_str()),
        (Some("JSON"), Some("INFO"))
    );
    let cx = cloud.cloud.context("us-east-1");
    let lines = async || {
        let input = json!({"logGroupName": "/aws/lambda/f"});
        let found = cloud.cloud.call(&cx, "logs", "FilterLogEvents", input).await.unwrap();
        let messages = found["events"]
            .as_array()
            .unwrap()
            .iter()
            .map(|event| event["message"].as_str().unwrap().to_owned());
        messages.collect::<Vec<_>>()
    };
    let kind = |line: &String| {
        let line: Value = serde_json::from_str(line).ok()?;
        line["type"].as_str()?.strip_prefix("platform.").map(str::to_owned)
    };
    let all = lines().await;
    let kinds: Vec<String> = all.iter().filter_map(kind).collect();
    let expected = ["initStart", "initRuntimeDone", "initReport", "start", "runtimeDone", "report"];
    assert_eq!(kinds, expected, "{all:?}");
    assert!(all.contains(&"working on env".to_owned()), "a line without a level is INFO: {all:?}");
    let quiet = json!({"LoggingConfig": {"LogFormat": "JSON", "SystemLogLevel": "WARN", "ApplicationLogLevel": "ERROR"}});
    assert_eq!(cloud.lambda("PUT", "/f/configuration", quiet).await.status, 200);
    eventually("the change", async || {
        let shown = cloud.lambda("GET", "/f/configuration", Value::Null).await.json();
        (shown["LastUpdateStatus"] == "Successful").then_some(())
    })
    .await;
    cloud.invoke("f", json!({"do": "env"})).await;
    assert_eq!(lines().await.len(), all.len(), "nothing of the second call is kept");
}

#[tokio::test]
async fn a_function_logs_where_its_settings_say() {
    let (cloud, folder) = (TestCloud::start().await, FunctionFolder::new("one"));
    let logging = json!({"LoggingConfig": {"LogGroup": "/own/group", "LogFormat": "Text"}});
    let created = cloud.create_hot("f", folder.path(), logging).await;
    assert_eq!(created.json()["LoggingConfig"], json!({"LogGroup": "/own/group", "LogFormat": "Text"}));
    let env = cloud.invoke("f", json!({"do": "env"})).await.json();
    assert_eq!(env["AWS_LAMBDA_LOG_GROUP_NAME"], "/own/group");
    let cx = cloud.cloud.context("us-east-1");
    let input = json!({"logGroupName": "/own/group", "filterPattern": "working"});
    let found = cloud.cloud.call(&cx, "logs", "FilterLogEvents", input).await.unwrap();
    assert_eq!(found["events"][0]["message"], "working on env");
    assert_eq!(cloud.cloud.function_of_group("us-east-1", "/own/group").as_deref(), Some("f"));
}

/// Answers each request with its event, and sets a CORS header of its own.
const SITE: &str = r#"
import http.client, json, os

api = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
while True:
    api.request("GET", "/2018-06-01/runtime/invocation/next")
    reply = api.getresponse()
    event = json.loads(reply.read())
    headers = {"Access-Control-Allow-Origin": "https://own.example"}
    answer = {"statusCode": 200, "headers": headers, "body": json.dumps(event)}
    request = reply.headers["Lambda-Runtime-Aws-Request-Id"]
    api.request("POST", f"/2018-06-01/runtime/invocation/{request}/response", json.dumps(answer))
    api.getresponse().read()
"#;

/// A cloud with the function `f`, which is a [`SITE`], and the path of its URL.
async fn site(cors: Value) -> (TestCloud, tempfile::TempDir, String) {
    let (cloud, folder) = (TestCloud::start().await, tempfile::tempdir().unwrap());
    executable(&folder.path().join("bootstrap"), SITE);
    cloud.create_hot("f", folder.path(), json!({})).await;
    let url = cloud
        .send(
            "POST",
            "/2021-10-31/functions/f/url",
            &[],
            json!({"AuthType": "NONE", "Cors": cors}).to_string(),
        )
        .await;
    assert_eq!((url.status, &url.json()["Cors"]), (201, &cors));
    let url = url.json()["FunctionUrl"].as_str().unwrap().to_owned();
    let id = url.trim_start_matches("http://").split('.').next().unwrap();
    (cloud, folder, format!("/_aws/lambda-url/{id}/"))
}

/// The answer's CORS headers, each as `name: value` without the common beginning of the names.
fn cors_headers(answer: &Answer) -> Vec<String> {
    let mut found: Vec<String> = answer
        .headers
        .iter()
        .filter_map(|(name, value)| {
            let name = name.as_str().strip_prefix("access-control-")?;
            Some(format!("{name}: {}", value.to_str().unwrap()))
        })
        .collect();
    found.sort();
    found
}

/// As the section on CORS of "Creating and managing Lambda function URLs" says: the function sees no preflight request, and
/// other answers have the function's headers beside the URL's. API Gateway leaves the function's out.
#[tokio::test]
async fn a_function_url_answers_pages_by_its_cors_settings() {
    let cors = json!({
        "AllowOrigins": ["https://ok.example"], "AllowMethods": ["GET", "POST"], "AllowHeaders": ["x-a"],
        "ExposeHeaders": ["x-b"], "MaxAge": 60, "AllowCredentials": true,
    });
    let (cloud, _folder, path) = site(cors).await;
    let ask = async |origin: &str, method: &str, more: &[(&str, &str)]| {
        let mut headers = vec![("origin", origin)];
        headers.extend(more);
        cloud.send(method, &path, &headers, "").await
    };
    let wants_to_post = [("access-control-request-method", "POST")];
    let preflight = ask("https://ok.example", "OPTIONS", &wants_to_post).await;
    assert_eq!(
        cors_headers(&preflight),
        [
            "allow-credentials: true",
            "allow-headers: x-a",
            "allow-methods: GET,POST",
            "allow-origin: https://ok.example",
            "expose-headers: x-b",
            "max-age: 60",
        ]
    );
    assert!(preflight.body.is_empty(), "the function was not invoked");
    let refused = ask("https://bad.example", "OPTIONS", &wants_to_post).await;
    assert_eq!((cors_headers(&refused), refused.body.len()), (vec![], 0));
    let answer = ask("https://ok.example", "GET", &[]).await;
    assert_eq!(
        (answer.status, cors_headers(&answer)),
        (
            200,
            vec![
                "allow-credentials: true".to_owned(),
                "allow-origin: https://ok.example".to_owned(),
                "allow-origin: https://own.example".to_owned(),
                "expose-headers: x-b".to_owned(),
            ]
        )
    );
    let other = ask("https://bad.example", "GET", &[]).await;
    assert_eq!(
        (other.status, cors_headers(&other)),
        (200, vec!["allow-origin: https://own.example".to_owned()])
    );
    // An OPTIONS request that is no preflight request goes to the function.
    let asked = ask("https://ok.example", "OPTIONS", &[]).await;
    assert_eq!(asked.json()["requestContext"]["http"]["method"], "OPTIONS");
    // Without settings, the function answers preflight requests too.
    let update = cloud.send("PUT", "/2021-10-31/functions/f/url", &[], r#"{"Cors": {}}"#).await;
    assert_eq!(update.status, 200);
    let preflight = ask("https://ok.example", "OPTIONS", &wants_to_post).await;
    assert_eq!(cors_headers(&preflight), ["allow-origin: https://own.example"]);
}

#[tokio::test]
async fn unknown_cors_settings_of_a_function_url_are_refused() {
    let (cloud, _folder, _) = site(json!({})).await;
    let answer =
        cloud.send("PUT", "/2021-10-31/functions/f/url", &[], r#"{"Cors": {"Origins": ["*"]}}"#).await;
    assert_eq!(answer.status, 400);
    assert!(answer.json()["message"].as_str().unwrap().contains("unknown field `Origins`"), "{answer:?}");
}

/// "Invoking Lambda function URLs", request payload format: the account is the function owner's, and both members are null
/// for a URL without IAM.
#[tokio::test]
async fn a_function_urls_event_has_the_owners_account_and_nobody_authenticated() {
    let (cloud, _folder, path) = site(json!({})).await;
    let before = now_s();
    let event = cloud.send("GET", &path, &[], "").await.json();
    let context = event["requestContext"].as_object().unwrap();
    assert_eq!(context["accountId"], "000000000000");
    assert_eq!(
        (context.get("authentication"), context.get("authorizer")),
        (Some(&Value::Null), Some(&Value::Null))
    );
    let trace = event["headers"]["x-amzn-trace-id"].as_str().unwrap();
    let began = trace.strip_prefix("Root=1-").and_then(|root| root.split('-').next()).unwrap();
    let began = u64::from_str_radix(began, 16).unwrap();
    assert!((before..=now_s()).contains(&began), "{trace}");
}

/// Now, in seconds since the epoch.
fn now_s() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs()
}
