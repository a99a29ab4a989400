//! The whole XML system, X1 to X12 without X10, which the model tests: its committed template in the test's own cloud, its real
//! functions, and unmodified clients.

#![expect(clippy::unwrap_used, reason = "what goes wrong in a helper fails its test")]

mod support;

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;
use std::time::Duration;

use aws_sdk_s3::primitives::ByteStream;
use serde_json::{Value, json};
use support::usage::Usage;
use support::xml::{JSON, SIGNED, XML, Xml, event, golden, sample};
use support::{LIMIT, Session, Workspace, eventually, processes_in, send};

const SAMPLES: [&str; 3] = ["data", "data1", "data2"];

#[test]
fn x1_files_of_the_command_line_become_their_golden_json() {
    let xml = Xml::start();
    let aws = || test_tools::command("aws");
    for name in SAMPLES {
        let file = sample(&format!("{name}.xml"));
        xml.run(aws(), &["s3", "cp", file.to_str().unwrap(), &format!("s3://{XML}/"), "--only-show-errors"]);
    }
    for name in SAMPLES {
        assert_eq!(xml.json(&format!("{name}.json")), golden(&format!("{name}.json")));
    }
    let head = xml.run(aws(), &["s3api", "head-object", "--bucket", JSON, "--key", "data.json"]);
    let head: Value = serde_json::from_str(&head).unwrap();
    assert_eq!(head["ContentType"], "application/json");
    let listed = xml.run(test_tools::command("awslocal"), &["s3", "ls", &format!("s3://{JSON}/")]);
    let listed: Vec<_> = listed.lines().filter_map(|line| line.rsplit(' ').next()).collect();
    assert_eq!(listed, ["data.json", "data1.json", "data2.json"]);
}

/// Environments do not start before three of them are there.
#[test]
fn x1_three_files_have_three_environments_at_the_same_time() {
    let xml = Xml::start();
    let (gate, program) = (xml.scratch().join("gate"), xml.scratch().join("program"));
    assert!(Command::new("mkfifo").arg(&gate).status().unwrap().success());
    let bootstrap = xml.dist("xml-process").join("bootstrap");
    fs::rename(&bootstrap, &program).unwrap();
    let script = format!("#!/bin/sh\nread -r line < '{}'\nexec '{}'\n", gate.display(), program.display());
    fs::write(&bootstrap, script).unwrap();
    fs::set_permissions(&bootstrap, fs::Permissions::from_mode(0o755)).unwrap();
    let (folder, target) = (sample(""), format!("s3://{XML}/"));
    let arguments = ["s3", "cp", folder.to_str().unwrap(), &target, "--recursive", "--only-show-errors"];
    xml.run(test_tools::command("aws"), &arguments);
    eventually("each file has an environment", LIMIT, || {
        xml.tick();
        match processes_in(&xml.dist("xml-process")).len() {
            3 => Ok(()),
            other => Err(other),
        }
    });
    assert_eq!((xml.keys(XML).len(), xml.keys(JSON).len()), (3, 0));
    // It stays open: an environment that comes to its gate last finds its line.
    let mut opened = fs::File::options().write(true).open(gate).unwrap();
    opened.write_all(b"\n\n\n").unwrap();
    for name in SAMPLES {
        assert_eq!(xml.json(&format!("{name}.json")), golden(&format!("{name}.json")));
    }
    xml.ended(3);
}

#[test]
fn x1_every_way_of_boto3_to_put_a_file_makes_its_golden_json() {
    let xml = Xml::start();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/xml_boto3.py");
    xml.run(test_tools::python(&["boto3"]), &[script, sample("data1.xml").to_str().unwrap(), XML]);
    for name in ["manager", "parts", "address", "form"] {
        assert_eq!(xml.json(&format!("{name}.json")), golden("data1.json"), "{name}");
    }
}

#[test]
fn x1_files_of_the_other_command_lines_become_json() {
    let xml = Xml::start();
    let file = sample("data2.xml");
    let file = file.to_str().unwrap();
    let (aws, awslocal) = (|| test_tools::command("aws"), || test_tools::command("awslocal"));
    xml.run(aws(), &["s3api", "put-object", "--bucket", XML, "--key", "api.xml", "--body", file]);
    xml.run(awslocal(), &["s3", "cp", file, &format!("s3://{XML}/local.xml"), "--only-show-errors"]);
    xml.run(awslocal(), &["s3api", "put-object", "--bucket", XML, "--key", "local-api.xml", "--body", file]);
    for name in ["api", "local", "local-api"] {
        assert_eq!(xml.json(&format!("{name}.json")), golden("data2.json"), "{name}");
    }
}

#[test]
fn x1_files_of_the_rust_sdk_become_json() {
    let xml = Xml::start();
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(aws_config::BehaviorVersion::latest())
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .region(aws_sdk_s3::config::Region::new("us-east-1"))
        .credentials_provider(aws_credential_types::Credentials::new("test", "test", None, None, "test"))
        .endpoint_url(&*xml.cloud.endpoint())
        .force_path_style(true)
        .build();
    let s3 = aws_sdk_s3::Client::from_conf(config);
    let body = ByteStream::from(fs::read(sample("data.xml")).unwrap());
    let etag = xml.wait(s3.put_object().bucket(XML).key("sdk.xml").body(body).send()).unwrap().e_tag.unwrap();
    assert_eq!(xml.json("sdk.json"), golden("data.json"));
    assert_eq!(xml.source_of("sdk.json").0, etag.trim_matches('"'));
    let body = xml.wait(async {
        let got = s3.get_object().bucket(JSON).key("sdk.json").send().await.unwrap();
        got.body.collect().await.unwrap().into_bytes()
    });
    assert_eq!(body, golden("data.json"), "its own checksum of the answer holds");
}

#[test]
fn x2_a_post_without_a_body_stores_the_sample() {
    let xml = Xml::start();
    let answer = xml.upload(&format!("file=data/data.xml&bucket={XML}"), "", "");
    assert_eq!(answer.status, 201, "{answer:?}");
    assert_eq!(answer.json()["message"], "SUCCESS! File data/data.xml was uploaded");
    assert_eq!(xml.json("uploads/data/data.json"), golden("data.json"));
}

#[test]
fn x3_a_posted_body_has_a_key_of_its_own_letters() {
    let xml = Xml::start();
    let body = fs::read(sample("data1.xml")).unwrap();
    let answer = xml.upload(&format!("file=%C3%A4%20b%2Bc.xml&bucket={XML}"), "application/xml", body);
    assert_eq!((answer.status, &answer.json()["key"]), (201, &json!("uploads/ä b+c.xml")));
    assert_eq!(xml.json("uploads/ä b+c.json"), golden("data1.json"));
    let form =
        "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"x\"\r\n\r\n<items/>\r\n--b--\r\n";
    let answer = xml.upload(&format!("file=f.xml&bucket={XML}"), "multipart/form-data; boundary=b", form);
    assert_eq!(answer.status, 201, "{answer:?}");
    assert_eq!(xml.json("uploads/f.json"), "{\n    \"products\": []\n}");
}

#[test]
fn x3_pages_of_other_origins_are_told_that_they_may_post() {
    let xml = Xml::start();
    let asked = [("Origin", "http://page.example"), ("Access-Control-Request-Method", "POST")];
    for path in ["upload", "upload-url"] {
        let answer = send("OPTIONS", &format!("{}/{path}", xml.api()), &asked, "").unwrap();
        assert_eq!((answer.status, answer.header("access-control-allow-origin")), (204, Some("*")));
        assert_eq!(answer.header("access-control-allow-methods"), Some("POST,OPTIONS"));
    }
}

#[test]
fn x4_a_malformed_file_is_refused_by_the_api_and_reported_in_the_bucket() {
    let xml = Xml::start();
    let answer = xml.upload(&format!("file=bad.xml&bucket={XML}"), "application/xml", "<a>\n<b></a>");
    assert_eq!(answer.status, 400, "{answer:?}");
    let message = answer.json()["message"].as_str().unwrap().to_owned();
    assert!(message.starts_with("Invalid XML: ") && message.ends_with(" at 2:4"), "{message}");
    assert_eq!(xml.keys(XML), Vec::<String>::new());
    xml.put_all(&[("bad.xml".to_owned(), "<a>\n<b></a>".to_owned())]);
    let report: Value = serde_json::from_str(&xml.json("errors/bad.xml.error.json")).unwrap();
    assert_eq!((&report["line"], &report["column"], &report["rule"]), (&json!(2), &json!(4), &json!(1)));
    xml.ended(1);
    assert_eq!(xml.rest(), Some(0), "no further try waits");
    assert_eq!(xml.keys(JSON), ["errors/bad.xml.error.json"]);
    let now = xml.clock.now_ms() / 1_000;
    let metric = xml.call(
        "monitoring",
        "GetMetricStatistics",
        json!({
            "Namespace": "xml", "MetricName": "RefusedFiles", "Statistics": ["Sum"],
            "StartTime": now - 3_600, "EndTime": now + 60, "Period": 3_660,
        }),
    );
    let sums: f64 =
        metric["Datapoints"].as_array().unwrap().iter().map(|one| one["Sum"].as_f64().unwrap()).sum();
    assert!((sums - 1.0).abs() < f64::EPSILON, "the refused file is counted once: {metric}");
}

#[test]
fn x5_bombs_and_foreign_entities_are_refused() {
    let xml = Xml::start();
    let bomb = "<!DOCTYPE l [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;\">]><l>&b;</l>";
    let foreign = "<!DOCTYPE l [<!ENTITY a SYSTEM \"file:///etc/passwd\">]><l>&a;</l>";
    for (key, text) in [("bomb.xml", bomb), ("foreign.xml", foreign)] {
        let answer = xml.upload(&format!("file={key}&bucket={XML}"), "application/xml", text);
        assert_eq!(answer.status, 400, "{answer:?}");
        assert!(answer.body.contains("document types (DTD) are not taken"), "{answer:?}");
        xml.put_all(&[(key.to_owned(), text.to_owned())]);
        assert!(xml.json(&format!("errors/{key}.error.json")).contains("DTD"));
    }
    assert_eq!(xml.keys(XML), ["bomb.xml", "foreign.xml"]);
}

#[test]
fn x6_files_up_to_what_the_api_takes_are_converted_within_their_budget() {
    const MB: usize = 1_000_000;
    let xml = Xml::start();
    xml.put_all(&[("first.xml".to_owned(), "<items/>".to_owned())]);
    xml.json("first.json");
    let item = fs::read_to_string(sample("data.xml")).unwrap();
    let item = &item[item.find("<item ").unwrap()..item.rfind("</items>").unwrap()];
    let [process] = processes_in(&xml.dist("xml-process"))[..] else { panic!("one environment is warm") };
    let post = |name: &str, size: usize| {
        let file = format!("<items>{}</items>", item.repeat(size / item.len()));
        xml.upload(&format!("file={name}.xml&bucket={XML}"), "application/xml", file)
    };
    let before = Usage::of(process);
    let answer = post("three", 3 * MB);
    assert_eq!(answer.status, 201, "{answer:?}");
    let json = xml.json("uploads/three.json");
    assert_eq!(json.matches("\"product_id\"").count(), 3 * MB / item.len());
    let used = before.since();
    println!("3 MB took {used:?}");
    // By its own processor time: the test does not have the machine to itself.
    assert!(used.processor <= Duration::from_secs(2), "{used:?}");
    assert!(used.most_memory <= 128 << 20, "{used:?}");
    let answer = post("largest", 4_400_000);
    assert_eq!(answer.status, 201, "{answer:?}");
    let json = xml.json("uploads/largest.json");
    assert_eq!(json.matches("\"product_id\"").count(), 4_400_000 / item.len());
    let answer = post("too-large", 7 * MB);
    assert_eq!((answer.status, answer.json()), (413, json!({ "message": "Request Too Long" })));
    assert_eq!(xml.keys(XML), ["first.xml", "uploads/largest.xml", "uploads/three.xml"]);
}

#[test]
fn x6_a_larger_file_goes_to_a_presigned_address() {
    let xml = Xml::start();
    let rule = json!({ "RuleId": { "N": "2" }, "NameMapping": { "M": { "items": { "S": "goods" } } } });
    xml.call("dynamodb", "PutItem", json!({ "TableName": "rulesTable", "Item": rule }));
    let file = format!("<items><!--{}--></items>", " ".repeat(4_900_000));
    for (rule, headers, json) in [
        ("", json!({}), "{\n    \"products\": []\n}"),
        ("&rule=2", json!({ "x-amz-meta-rule-id": "2" }), "{\n    \"goods\": null\n}"),
    ] {
        let query = format!("file=large{}.xml&bucket={XML}{rule}", rule.len());
        let answer = send("POST", &format!("{}/upload-url?{query}", xml.api()), &[], "").unwrap();
        assert_eq!((answer.status, &answer.json()["headers"]), (201, &headers), "{answer:?}");
        let headers: Vec<_> = headers.as_object().unwrap().iter().collect();
        let headers: Vec<_> =
            headers.iter().map(|(name, value)| (name.as_str(), value.as_str().unwrap())).collect();
        let put = send("PUT", answer.json()["url"].as_str().unwrap(), &headers, &file).unwrap();
        assert_eq!(put.status, 200, "{put:?}");
        assert_eq!(xml.json(&format!("uploads/large{}.json", rule.len())), json);
    }
}

#[test]
fn x7_a_file_names_its_rule() {
    let xml = Xml::start();
    let rule = json!({ "RuleId": { "N": "2" }, "NameMapping": { "M": { "items": { "S": "goods" } } } });
    xml.call("dynamodb", "PutItem", json!({ "TableName": "rulesTable", "Item": rule }));
    let query = |rule: u32| format!("file=r.xml&bucket={XML}&rule={rule}");
    let answer = xml.upload(&query(2), "application/xml", "<items/>");
    assert_eq!(answer.status, 201, "{answer:?}");
    assert_eq!(xml.json("uploads/r.json"), "{\n    \"goods\": null\n}");
    let answer = xml.upload(&query(7), "application/xml", "<items/>");
    assert_eq!((answer.status, &answer.json()["message"]), (404, &json!("there is no rule 7")));
    let url = format!("{}/{XML}/unknown.xml", xml.cloud.endpoint());
    let headers = [support::xml::SIGNED, ("x-amz-meta-rule-id", "7")];
    assert_eq!(send("PUT", &url, &headers, "<items/>").unwrap().status, 200);
    for wait in [60, 120] {
        xml.pass(wait);
    }
    let record = xml.failure();
    assert!(record["responsePayload"]["errorMessage"].as_str().unwrap().contains("no rule 7"), "{record}");
    assert_eq!(xml.object(JSON, "unknown.json"), None);
}

#[test]
fn x8_what_fails_twice_and_then_works_is_converted_once() {
    let xml = Xml::start();
    xml.fail("s3:GetObject", 2);
    xml.put_all(&[("a.xml".to_owned(), "<items/>".to_owned())]);
    for (tried, wait) in [(1, 60), (2, 120)] {
        xml.ended(tried);
        assert_eq!(xml.keys(JSON), Vec::<String>::new());
        xml.pass(wait);
    }
    xml.json("a.json");
    xml.ended(3);
    assert_eq!(xml.failures(), Vec::<Value>::new());
}

#[test]
fn x8_what_always_fails_is_recorded_after_three_tries() {
    let xml = Xml::start();
    xml.fail("s3:GetObject", usize::MAX);
    xml.put_all(&[("a b.xml".to_owned(), "<items/>".to_owned())]);
    for (tried, wait) in [(1, 60), (2, 120)] {
        xml.ended(tried);
        xml.pass(wait);
    }
    let record = xml.failure();
    let context = &record["requestContext"];
    assert_eq!(
        (&context["condition"], &context["approximateInvokeCount"]),
        (&json!("RetriesExhausted"), &json!(3))
    );
    assert_eq!(record["requestPayload"]["Records"][0]["s3"]["object"]["key"], "a+b.xml");
    assert_eq!(record["responsePayload"]["errorType"], "ObjectsFailed");
    xml.ended(3);
    assert_eq!(xml.keys(JSON), Vec::<String>::new());
}

#[test]
fn x9_events_that_come_twice_and_in_another_order_keep_the_newest() {
    let xml = Xml::start();
    let put = |text: &str, times: usize| {
        xml.put_all(&[("a.xml".to_owned(), text.to_owned())]);
        xml.ended(times);
        xml.source_of("a.json")
    };
    let (_, old) = put("<old/>", 1);
    let (etag, new) = put("<new/>", 2);
    assert!(old < new, "{old} {new}");
    for sequencer in [&old, &new, &old] {
        let answer = xml.process(&event("a.xml", sequencer));
        assert_eq!(answer["statusCode"], 200, "{answer}");
    }
    assert_eq!(xml.json("a.json"), "{\n    \"new\": null\n}");
    assert_eq!(xml.source_of("a.json"), (etag, new));
}

#[test]
fn x12_without_its_table_a_person_is_told_and_s3_tries_again() {
    let xml = Xml::start();
    xml.call("dynamodb", "DeleteTable", json!({ "TableName": "rulesTable" }));
    xml.put_all(&[("a.xml".to_owned(), "<items/>".to_owned())]);
    for (tried, wait) in [(1, 60), (2, 120)] {
        xml.ended(tried);
        xml.pass(wait);
    }
    let payload = &xml.failure()["responsePayload"];
    assert_eq!(payload["errorType"], "ObjectsFailed");
    assert!(payload["errorMessage"].as_str().unwrap().starts_with("DynamoDB error: "), "{payload}");
    let mut manual = event("a.xml", "1");
    manual["to_bucket"] = json!(JSON);
    let answer = xml.process(&manual);
    assert_eq!(answer, json!({ "statusCode": 500, "body": r#"{"message":"DynamoDB error"}"# }));
    assert_eq!(xml.keys(JSON), Vec::<String>::new());
}

#[test]
fn the_reference_s_rule_is_in_the_table_once_the_function_is_live() {
    let xml = Xml::start();
    let outcomes = xml.activate("xml-process");
    assert!(!outcomes.is_empty() && outcomes.iter().all(Result::is_ok), "{outcomes:?}");
    let rule = json!({ "TableName": "rulesTable", "Key": { "RuleId": { "N": "1" } } });
    let found = xml.call("dynamodb", "GetItem", rule);
    assert_eq!(found["Item"]["NameMapping"]["M"]["items"]["S"], "products", "{found}");
}

/// Puts a file through the system of a session.
fn converted(endpoint: &str, name: &str) -> String {
    let put = send("PUT", &format!("{endpoint}/{XML}/{name}.xml"), &[SIGNED], "<items/>").unwrap();
    assert_eq!(put.status, 200, "{put:?}");
    eventually(&format!("{name}.json is in {JSON}"), LIMIT, || {
        let answer = send("GET", &format!("{endpoint}/{JSON}/{name}.json"), &[SIGNED], "").unwrap();
        if answer.status == 200 { Ok(answer.body) } else { Err(answer) }
    })
}

#[test]
fn a_saved_rule_changes_the_json_of_the_next_object() {
    let arguments = ["watch", "--stack", "xml", "--port", "0", "--json"];
    let mut session = Session::live_in(Workspace::take(), &arguments, &["xml-process", "xml-upload"]);
    assert_eq!(converted(&session.endpoint, "before"), "{\n    \"products\": []\n}");
    let rule = "functions/xml/model/src/convert.rs";
    session.edit(
        rule,
        "converted.assign(name.to_owned(), value)",
        "converted.assign(name.to_uppercase(), value)",
    );
    session.next_live("xml-process");
    assert_eq!(converted(&session.endpoint, "after"), "{\n    \"PRODUCTS\": []\n}");
}

#[test]
fn x11_the_lines_of_the_page_work_twice_and_clean_up() {
    let xml = Xml::start();
    let page = include_str!("../../docs/systems.md");
    let lines = page.split("<!-- xml -->\n```\n").nth(1).and_then(|rest| rest.split("\n```").next()).unwrap();
    assert_eq!(lines.lines().count(), 5, "{lines}");
    let folder = xml.scratch().join("out");
    let lines = lines.replace("target/xml", folder.to_str().unwrap());
    for _ in 0..2 {
        let mut shell = test_tools::command("aws");
        let path =
            shell.get_envs().find(|(name, _)| *name == "PATH").and_then(|(_, path)| path).unwrap().to_owned();
        shell = Command::new("bash");
        shell.env("PATH", path).env("API", xml.api());
        test_tools::program("curl");
        xml.run(shell, &["-euo", "pipefail", "-c", &lines]);
        for name in SAMPLES {
            let found = fs::read_to_string(folder.join(format!("{name}.json"))).unwrap();
            assert_eq!(found, golden(&format!("{name}.json")), "{name}");
        }
        assert_eq!(fs::read_to_string(folder.join("uploads/data.json")).unwrap(), golden("data.json"));
        assert_eq!((xml.keys(XML), xml.keys(JSON)), (Vec::new(), Vec::new()));
        fs::remove_dir_all(&folder).unwrap();
    }
}
