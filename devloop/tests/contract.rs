//! The API's answers to requests that do not fit, and the cloud's answers to invalid requests. Bodies that are not messages are P2
//! in `scenarios.rs`.

#![expect(clippy::unwrap_used, reason = "what goes wrong in a helper fails its test")]

mod support;

use serde_json::json;
use support::{Answer, Session, send};

#[test]
fn what_fits_no_record_is_too_large() {
    let session = Session::live();
    let post = |id: &str, size: usize| {
        session.post(json!({ "id": id, "message": "m".repeat(size), "timestamp": 5 }).to_string())
    };
    let too_large = |answer: Answer| {
        assert_eq!((answer.status, answer.body.as_str()), (413, "{\"message\":\"payload too large\"}"));
    };
    too_large(post("1", 1 << 20));
    too_large(post(&"i".repeat(257), 1));
    let beyond_the_gateway = post("1", 11 << 20);
    assert_eq!(
        (beyond_the_gateway.status, beyond_the_gateway.body.as_str()),
        (413, "{\"message\":\"Request Too Long\"}")
    );
    assert_eq!(session.aws().records(), 0);
    assert_eq!(post(&"i".repeat(256), 1_000_000).status, 200);
    assert_eq!(session.aws().records(), 1);
    // Other methods and paths do not belong to the API.
    for (method, path) in [("GET", ""), ("POST", "items")] {
        let answer = send(method, &format!("{}{path}", session.url()), &[], "").unwrap();
        assert_eq!(
            (answer.status, answer.body.as_str()),
            (403, "{\"message\":\"Missing Authentication Token\"}")
        );
    }
}

#[test]
fn bad_input_is_refused_and_the_cloud_lives_on() {
    let session = Session::live();
    let root = format!("{}/", session.endpoint);
    let json = ("content-type", "application/x-amz-json-1.0");
    let check = |headers: &[(&str, &str)], body: &[u8], status: u16, said: &str| {
        let answer = send("POST", &root, headers, body).unwrap();
        assert_eq!(answer.status, status, "{headers:?}: {answer:?}");
        assert!(answer.body.contains(said), "{headers:?}: {answer:?}");
        session.assert_alive();
    };
    let put = ("x-amz-target", "DynamoDB_20120810.PutItem");
    for malformed in ["{", "[]", "nul", "\u{0}", "{\"TableName\":", "\"text\""] {
        check(&[json, put], malformed.as_bytes(), 400, "SerializationException");
    }
    check(&[json, put], b"\xff\xfe", 400, "SerializationException");
    check(&[json, put], br#"{"TableName":5}"#, 400, "Exception");
    check(&[json, put], "[".repeat(100_000).as_bytes(), 400, "SerializationException");
    check(&[("content-type", "text/html"), put], b"{}", 400, "text/html");
    check(&[put], b"{}", 400, "content type");
    check(
        &[json, ("x-amz-target", "DynamoDB_20120810.PutEverything")],
        b"{}",
        400,
        "UnknownOperationException",
    );
    check(&[json, ("x-amz-target", "Nobody.Does")], b"{}", 404, "Nobody.Does");
    let form = ("content-type", "application/x-www-form-urlencoded");
    let signed_for =
        |service: &str| format!("AWS4-HMAC-SHA256 Credential=test/20261120/us-east-1/{service}/aws4_request");
    let (scaling, ec2) = (signed_for("autoscaling"), signed_for("ec2"));
    let elsewhere = b"Action=DescribeAutoScalingGroups&Version=2011-01-01";
    check(&[form, ("authorization", &scaling)], elsewhere, 400, "autoscaling:DescribeAutoScalingGroups");
    check(&[("authorization", &ec2)], b"", 404, "no service `ec2`");
    check(&[form], b"Version=2010-08-01", 400, "MissingAction");
    check(&[form], b"Action=PutEverything&Version=2010-08-01", 400, "PutEverything");
    check(&[form], b"Action=PutMetricData&Version=2010-08-01&MetricData.member.x=%ZZ&=&&", 400, "<Error");
    check(&[("host", "rebound.example:4566"), json, put], b"{}", 403, "rebound.example");
    check(&[("origin", "https://page.example"), json, put], b"{}", 403, "page.example");

    let cbor = format!("{}/service/GraniteServiceVersion20100801/operation/PutMetricData", session.endpoint);
    let deep = vec![0x81; 100_000];
    for malformed in [&b"\xff\xff\xff"[..], b"", b"\x9f", b"\xa1\x61", &deep] {
        let headers = [("content-type", "application/cbor"), ("smithy-protocol", "rpc-v2-cbor")];
        let answer = send("POST", &cbor, &headers, malformed).unwrap();
        assert_eq!(answer.status, 400, "{:?}: {answer:?}", &malformed[..malformed.len().min(8)]);
        session.assert_alive();
    }

    let functions = format!("{}/2015-03-31/functions", session.endpoint);
    for (name, status) in [("..", 400), ("../../etc", 400), ("a/../b", 400), ("%2e%2e", 400)] {
        let body = json!({
            "FunctionName": name, "Role": "arn:aws:iam::000000000000:role/r", "Runtime": "provided.al2023",
            "Handler": "bootstrap", "Code": { "S3Bucket": "hot-reload", "S3Key": session.workspace.dist() },
        });
        let answer = send("POST", &functions, &[], body.to_string()).unwrap();
        assert_eq!(answer.status, status, "{name}: {answer:?}");
        session.assert_alive();
    }
    for path in ["/../../invocations", "/..%2f..%2fetc/invocations", "/%00/invocations"] {
        let answer = send("POST", &format!("{functions}{path}"), &[], "{}").unwrap();
        assert!((400..500).contains(&answer.status), "{path}: {answer:?}");
        session.assert_alive();
    }
    let oversized = vec![b' '; (70 << 20) + 1];
    check(&[json, put], &oversized, 413, "");
    assert_eq!(session.post_message("after all").status, 200);
    session.aws().wait_for_rows(1);
}

#[test]
fn a_template_with_a_cycle_is_named() {
    let workspace = support::Workspace::take();
    let queue = |other: &str| json!({ "Type": "AWS::SQS::Queue", "Properties": { "QueueName": { "Fn::GetAtt": [other, "QueueName"] } } });
    let template = json!({ "Resources": { "First": queue("Second"), "Second": queue("First") } });
    workspace.save("stack/templates/cycle.json", &template.to_string());
    let arguments = ["up", "--port", "0", "--json", "--template", "stack/templates/cycle.json"];
    let output = workspace.devloop(&arguments).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(4), "{said}");
    for part in ["in a circle", "First", "Second", "cycle.json"] {
        assert!(said.contains(part), "{said}");
    }
    let line: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&line["event"], &line["code"]), (&json!("error"), &json!("template_failed")));
}
