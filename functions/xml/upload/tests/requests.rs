//! The function with a test's own bucket and table.

#![expect(clippy::unwrap_used, reason = "what goes wrong in a helper fails its test")]

use std::sync::Mutex;

use aws_lambda_events::encodings::Body;
use functions_common::{Handler as _, Invocation};
use lambda_runtime::Context;
use serde_json::{Value, json};
use xml_upload::{Event, Failure, Places, Presigned, Stored, Upload};

type Put = (String, String, Vec<u8>, Option<u64>);

/// A bucket that keeps what was put, and fails if a test wants it.
#[derive(Debug, Default)]
struct Bucket {
    puts: Mutex<Vec<Put>>,
    fails: bool,
}

impl Places for Bucket {
    async fn put(
        &self,
        bucket: &str,
        key: &str,
        file: Vec<u8>,
        rule: Option<u64>,
    ) -> Result<Stored, Failure> {
        if self.fails {
            return Err(Failure("SlowDown".to_owned()));
        }
        self.puts.lock().unwrap().push((bucket.to_owned(), key.to_owned(), file, rule));
        Ok(Stored { etag: "e".to_owned() })
    }

    async fn has_rule(&self, rule: u64) -> Result<bool, Failure> {
        Ok(rule == 2)
    }

    async fn presigned(&self, bucket: &str, key: &str, rule: Option<u64>) -> Result<Presigned, Failure> {
        let headers = rule.map(|rule| ("x-amz-meta-rule-id".to_owned(), rule.to_string()));
        Ok(Presigned {
            url: format!("http://s3/{bucket}/{key}?signed"),
            headers: headers.into_iter().collect(),
        })
    }
}

fn request(query: &[(&str, &str)], body: &str, kind: &str) -> Value {
    let query: serde_json::Map<String, Value> =
        query.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
    json!({
        "path": "/upload", "httpMethod": "POST", "headers": { "content-type": kind },
        "multiValueHeaders": { "content-type": [kind] }, "queryStringParameters": query,
        "multiValueQueryStringParameters": {}, "body": body, "isBase64Encoded": false,
        "requestContext": { "httpMethod": "POST", "requestTimeEpoch": 1_700_000_000_000_i64 },
    })
}

async fn ask(bucket: Bucket, event: Value) -> (i64, Value, Vec<Put>) {
    let event: Event = serde_json::from_value(event).unwrap();
    let upload = Upload { places: bucket, allowed: vec!["xml-data".to_owned()], stores_reference: true };
    let answer = upload.handle(event, &mut Invocation::new("test", &Context::default())).await.unwrap();
    let Some(Body::Text(body)) = answer.body else { panic!("no body") };
    let puts = upload.places.puts.into_inner().unwrap();
    (answer.status_code, serde_json::from_str(&body).unwrap(), puts)
}

const PLACE: [(&str, &str); 2] = [("file", "ä b.xml"), ("bucket", "xml-data")];

#[tokio::test]
async fn a_file_is_checked_and_stored() {
    let (status, answer, puts) = ask(Bucket::default(), request(&PLACE, "<a/>", "application/xml")).await;
    assert_eq!(status, 201);
    let expected = json!({
        "message": "SUCCESS! File ä b.xml was uploaded", "bucket": "xml-data", "key": "uploads/ä b.xml",
        "createdAt": "2023-11-14T22:13:20Z", "size": 4, "etag": "e",
    });
    assert_eq!(answer, expected);
    assert_eq!(puts, [("xml-data".to_owned(), "uploads/ä b.xml".to_owned(), b"<a/>".to_vec(), None)]);
}

#[tokio::test]
async fn an_empty_body_stands_for_the_sample_of_the_name() {
    for (name, content) in [
        ("data/data.xml", include_bytes!("../data/data.xml").as_slice()),
        ("data/data1.xml", include_bytes!("../data/data1.xml").as_slice()),
    ] {
        let (status, _, puts) = ask(Bucket::default(), request(&[("file", name), PLACE[1]], "", "")).await;
        assert_eq!((status, puts[0].2.as_slice()), (201, content), "{name}");
    }
    let (status, answer, puts) = ask(Bucket::default(), request(&PLACE, "", "")).await;
    let message = "Invalid XML: the file has no element at 1:1";
    assert_eq!((status, &answer["message"], puts.len()), (400, &json!(message), 0));
}

#[tokio::test]
async fn a_form_brings_its_file() {
    let form =
        "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"x\"\r\n\r\n<a/>\r\n--b--\r\n";
    let (_, _, puts) = ask(Bucket::default(), request(&PLACE, form, "multipart/form-data; boundary=b")).await;
    assert_eq!(puts[0].2, b"<a/>");
}

#[tokio::test]
async fn what_is_wrong_is_answered_and_nothing_is_stored() {
    let check = async |query: &[(&str, &str)], body: &str, status: i64, message: &str| {
        let (found, answer, puts) = ask(Bucket::default(), request(query, body, "application/xml")).await;
        assert_eq!((found, answer["message"].as_str().unwrap()), (status, message), "{query:?}");
        assert!(puts.is_empty());
    };
    check(&[("bucket", "xml-data")], "<a/>", 400, "Missing mandatory parameter: file").await;
    check(&[("file", "a.xml")], "<a/>", 400, "Missing mandatory parameter: bucket").await;
    check(
        &PLACE,
        "<a>\n<b></a>",
        400,
        "Invalid XML: ill-formed document: expected `</b>`, but `</a>` was found at 2:4",
    )
    .await;
    check(
        &[("file", "a.xml"), ("bucket", "other")],
        "<a/>",
        403,
        "files may not be put into the bucket other",
    )
    .await;
    check(&[PLACE[0], PLACE[1], ("rule", "7")], "<a/>", 404, "there is no rule 7").await;
    let outside = "`../a.xml` is not a valid name of an XML file: it must end with .xml, not begin with / and not contain `..`";
    check(&[("file", "../a.xml"), PLACE[1]], "<a/>", 400, outside).await;
    let bomb = "<!DOCTYPE a [<!ENTITY x \"y\">]><a>&x;</a>";
    check(&PLACE, bomb, 400, "Invalid XML: document types (DTD) are not taken at 1:31").await;
    for nothing in [Value::Null, json!({})] {
        let (status, answer, _) = ask(Bucket::default(), nothing).await;
        assert_eq!((status, &answer["message"]), (400, &json!("Missing mandatory parameter: EVENT")));
    }
}

#[tokio::test]
async fn a_rule_goes_along_and_a_failure_is_told_in_the_references_words() {
    let (_, _, puts) =
        ask(Bucket::default(), request(&[PLACE[0], PLACE[1], ("rule", "2")], "<a/>", "")).await;
    assert_eq!(puts[0].3, Some(2));
    // The reference's rule is stored when the first file needs it.
    let (_, _, puts) =
        ask(Bucket::default(), request(&[PLACE[0], PLACE[1], ("rule", "1")], "<a/>", "")).await;
    assert_eq!(puts[0].3, Some(1));
    let bucket = Bucket { fails: true, ..Bucket::default() };
    let (status, answer, _) = ask(bucket, request(&PLACE, "<a/>", "")).await;
    assert_eq!((status, &answer["message"]), (500, &json!("S3 file upload error")));
}

#[tokio::test]
async fn an_address_for_large_files_is_made() {
    let mut event = request(&[PLACE[0], PLACE[1], ("rule", "2")], "", "");
    event["path"] = json!("/upload-url");
    let (status, answer, puts) = ask(Bucket::default(), event).await;
    assert_eq!((status, &answer["url"]), (201, &json!("http://s3/xml-data/uploads/ä b.xml?signed")));
    assert_eq!(answer["headers"], json!({ "x-amz-meta-rule-id": "2" }));
    assert!(puts.is_empty());
}
