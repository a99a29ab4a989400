//! Tests of objects through the gateway, as clients write and read them.

mod fuzz;
mod guards;

use http_body_util::{BodyExt as _, Full};
use hyper::{HeaderMap, Method};

use crate::{
    Options,
    clock::Clock,
    cloud::Cloud,
    gateway,
    http::{Arriving, Request},
};

/// A signature for S3, which is not verified.
const SIGNED: (&str, &str) =
    ("authorization", "AWS4-HMAC-SHA256 Credential=test/20231114/us-east-1/s3/aws4_request");

struct World(Cloud);

struct Answer {
    status: u16,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Answer {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

impl World {
    fn new() -> Self {
        Self(Cloud::new(Options { clock: Clock::manual(1_700_000_000_000), ..Options::default() }))
    }

    async fn with(buckets: &[&str]) -> Self {
        let world = Self::new();
        for bucket in buckets {
            assert_eq!(world.ask(Method::PUT, &format!("/{bucket}"), &[], b"").await.status, 200);
        }
        world
    }

    async fn ask(&self, method: Method, path: &str, headers: &[(&'static str, &str)], body: &[u8]) -> Answer {
        let all: Vec<_> = headers.iter().copied().chain([SIGNED]).collect();
        self.anonymous(method, path, &all, body).await
    }

    async fn anonymous(
        &self,
        method: Method,
        path: &str,
        headers: &[(&'static str, &str)],
        body: &[u8],
    ) -> Answer {
        self.send(method, path, headers, Arriving::new(Full::new(body.to_vec().into()))).await
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&'static str, &str)],
        body: Arriving,
    ) -> Answer {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let mut all = HeaderMap::new();
        all.insert("host", "127.0.0.1".parse().unwrap());
        for (name, value) in headers {
            all.insert(*name, value.parse().unwrap());
        }
        let request = Request {
            method,
            path: path.to_owned(),
            query: query.to_owned(),
            headers: all,
            body: bytes::Bytes::new(),
            peer: [127, 0, 0, 1].into(),
        };
        let reply = gateway::answer(&self.0.0.pages, request, body).await;
        let body = match reply.stream {
            Some(stream) => stream.collect().await.unwrap().to_bytes().to_vec(),
            None => reply.body.to_vec(),
        };
        Answer { status: reply.status, headers: reply.headers, body }
    }

    async fn put(&self, path: &str, body: &[u8]) -> Answer {
        self.ask(Method::PUT, path, &[], body).await
    }

    async fn get(&self, path: &str) -> Answer {
        self.ask(Method::GET, path, &[], b"").await
    }
}

#[tokio::test]
async fn an_object_is_read_back_with_its_headers_and_metadata() {
    let world = World::with(&["box"]).await;
    let headers = [("content-type", "text/plain"), ("x-amz-meta-rule-id", "2"), ("x-amz-tagging", "a=1&b=2")];
    let put = world.ask(Method::PUT, "/box/a%20b/c", &headers, b"hello").await;
    assert_eq!((put.status, put.header("etag")), (200, Some("\"5d41402abc4b2a76b9719d911017c592\"")));
    let got = world.get("/box/a%20b/c").await;
    assert_eq!((got.status, got.text()), (200, "hello".to_owned()));
    assert_eq!(got.header("content-type"), Some("text/plain"));
    assert_eq!(got.header("x-amz-meta-rule-id"), Some("2"));
    assert_eq!(got.header("x-amz-tagging-count"), Some("2"));
    assert_eq!(got.header("last-modified"), Some("Tue, 14 Nov 2023 22:13:20 GMT"));
    let missing = world.get("/box/nothing").await;
    assert_eq!(missing.status, 404);
    assert!(missing.text().contains("<Code>NoSuchKey</Code>"), "{}", missing.text());
    assert!(world.get("/nowhere/x").await.text().contains("<Code>NoSuchBucket</Code>"));
}

#[tokio::test]
async fn large_objects_are_on_disk_and_can_be_read_in_ranges() {
    let world = World::with(&["box"]).await;
    let body: Vec<u8> = (0..3_000_000_u32).map(|at| (at % 251) as u8).collect();
    assert_eq!(world.put("/box/large", &body).await.status, 200);
    assert_eq!(world.get("/box/large").await.body, body);
    let part = world.ask(Method::GET, "/box/large", &[("range", "bytes=1048570-2097160")], b"").await;
    assert_eq!((part.status, part.header("content-range")), (206, Some("bytes 1048570-2097160/3000000")));
    assert_eq!(part.body, body[1_048_570..=2_097_160]);
    let outside = world.ask(Method::GET, "/box/large", &[("range", "bytes=3000000-")], b"").await;
    assert_eq!(outside.status, 416);
}

#[tokio::test]
async fn length_and_checksums_of_a_body_are_verified() {
    let world = World::with(&["box"]).await;
    let check = async |headers: &[(&'static str, &str)], body: &[u8], code: &str| {
        let answer = world.ask(Method::PUT, "/box/k", headers, body).await;
        assert_eq!(answer.status, 400);
        assert!(answer.text().contains(&format!("<Code>{code}</Code>")), "{}", answer.text());
        assert_eq!(world.get("/box/k").await.status, 404, "nothing is stored");
    };
    check(&[("content-md5", "1B2M2Y8AsgTpgAmY7PhCfg==")], b"x", "BadDigest").await;
    check(&[("content-md5", "no")], b"x", "InvalidDigest").await;
    check(&[("x-amz-checksum-crc32", "AAAAAA==")], b"x", "BadDigest").await;
    check(&[("x-amz-content-sha256", &"0".repeat(64))], b"x", "XAmzContentSHA256Mismatch").await;
    let chunked = [
        ("x-amz-content-sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"),
        ("x-amz-trailer", "x-amz-checksum-crc32"),
    ];
    check(&chunked, b"1\r\nx\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n", "BadDigest").await;
    check(&chunked, b"5\r\nx", "IncompleteBody").await;
    let put = world
        .ask(Method::PUT, "/box/k", &chunked, b"1\r\nx\r\n0\r\nx-amz-checksum-crc32:jNwWgw==\r\n\r\n")
        .await;
    let crc = "jNwWgw==";
    assert_eq!((put.status, put.header("x-amz-checksum-crc32")), (200, Some(crc)));
}

#[tokio::test]
async fn conditional_writes_and_reads_are_checked() {
    let world = World::with(&["box"]).await;
    let only_new = [("if-none-match", "*")];
    assert_eq!(world.ask(Method::PUT, "/box/k", &only_new, b"one").await.status, 200);
    assert_eq!(world.ask(Method::PUT, "/box/k", &only_new, b"two").await.status, 412);
    let etag = world.get("/box/k").await.header("etag").unwrap().to_owned();
    assert_eq!(world.ask(Method::GET, "/box/k", &[("if-none-match", &etag)], b"").await.status, 304);
    assert_eq!(world.ask(Method::GET, "/box/k", &[("if-match", "\"other\"")], b"").await.status, 412);
    assert_eq!(world.ask(Method::PUT, "/box/k", &[("if-match", &etag)], b"three").await.status, 200);
    assert_eq!(world.ask(Method::PUT, "/box/k", &[("if-match", &etag)], b"four").await.status, 412);
    assert_eq!(world.get("/box/k").await.text(), "three");
}

#[tokio::test]
async fn lists_have_pages_and_common_prefixes() {
    let world = World::with(&["box"]).await;
    for key in ["a/1", "a/2", "b", "c/1", "d"] {
        world.put(&format!("/box/{key}"), b"").await;
    }
    let texts = |answer: &Answer, element: &str| -> Vec<String> {
        let text = answer.text();
        let open = format!("<{element}>");
        text.split(&open).skip(1).map(|rest| rest.split('<').next().unwrap().to_owned()).collect()
    };
    let all = world.get("/box?list-type=2").await;
    assert_eq!(texts(&all, "Key"), ["a/1", "a/2", "b", "c/1", "d"]);
    let first = world.get("/box?list-type=2&delimiter=%2F&max-keys=2").await;
    assert_eq!(
        (texts(&first, "Key"), texts(&first, "IsTruncated")),
        (vec!["b".to_owned()], vec!["true".to_owned()])
    );
    assert!(first.text().contains("<CommonPrefixes><Prefix>a/</Prefix></CommonPrefixes>"));
    let token = texts(&first, "NextContinuationToken").remove(0);
    let second = world.get(&format!("/box?list-type=2&delimiter=%2F&continuation-token={token}")).await;
    assert_eq!(texts(&second, "Key"), ["d"]);
    assert!(
        second.text().contains("<CommonPrefixes><Prefix>c/</Prefix></CommonPrefixes>"),
        "{}",
        second.text()
    );
    let old = world.get("/box?prefix=a%2F&marker=a%2F1").await;
    assert_eq!(texts(&old, "Key"), ["a/2"]);
}

#[tokio::test]
async fn versions_are_kept_and_deleted_objects_leave_a_marker() {
    let world = World::with(&["box"]).await;
    let enable = b"<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";
    assert_eq!(world.put("/box?versioning", enable).await.status, 200);
    let one = world.put("/box/k", b"one").await.header("x-amz-version-id").unwrap().to_owned();
    world.put("/box/k", b"two").await;
    assert_eq!(world.get("/box/k").await.text(), "two");
    assert_eq!(world.get(&format!("/box/k?versionId={one}")).await.text(), "one");
    let deleted = world.ask(Method::DELETE, "/box/k", &[], b"").await;
    assert_eq!(deleted.header("x-amz-delete-marker"), Some("true"));
    assert_eq!(world.get("/box/k").await.status, 404);
    let listed = world.get("/box?versions").await.text();
    assert_eq!(
        (listed.matches("<Version>").count(), listed.matches("<DeleteMarker>").count()),
        (2, 1),
        "{listed}"
    );
    let marker = deleted.header("x-amz-version-id").unwrap().to_owned();
    world.ask(Method::DELETE, &format!("/box/k?versionId={marker}"), &[], b"").await;
    assert_eq!(world.get("/box/k").await.text(), "two");
    assert_eq!(world.ask(Method::DELETE, "/box", &[], b"").await.status, 409);
}

#[tokio::test]
async fn a_multipart_upload_becomes_one_object() {
    let world = World::with(&["box"]).await;
    let begun = world.ask(Method::POST, "/box/big?uploads", &[], b"").await.text();
    let id = begun.split("<UploadId>").nth(1).unwrap().split('<').next().unwrap().to_owned();
    let (first, last) = (vec![1_u8; 5 << 20], b"end".to_vec());
    let mut list = String::new();
    for (number, part) in [(1, &first), (2, &last)] {
        let answer = world.put(&format!("/box/big?partNumber={number}&uploadId={id}"), part).await;
        let etag = answer.header("etag").unwrap();
        list += &format!("<Part><PartNumber>{number}</PartNumber><ETag>{etag}</ETag></Part>");
    }
    assert_eq!(world.get("/box/big").await.status, 404, "nothing is visible before the end");
    let document = format!("<CompleteMultipartUpload>{list}</CompleteMultipartUpload>");
    let done = world.ask(Method::POST, &format!("/box/big?uploadId={id}"), &[], document.as_bytes()).await;
    assert_eq!(done.status, 200, "{}", done.text());
    assert!(done.text().contains("-2&quot;</ETag>"), "{}", done.text());
    let whole = world.get("/box/big").await.body;
    assert_eq!(whole, [first, last].concat());
    let part = world.get("/box/big?partNumber=2").await;
    assert_eq!((part.text(), part.header("x-amz-mp-parts-count")), ("end".to_owned(), Some("2")));
    assert_eq!(world.get(&format!("/box/big?uploadId={id}")).await.status, 404);
}

#[tokio::test]
async fn a_list_of_parts_that_is_wrong_makes_no_object() {
    let world = World::with(&["box"]).await;
    world.put("/box/k", b"before").await;
    let begun = world.ask(Method::POST, "/box/k?uploads", &[], b"").await.text();
    let id = begun.split("<UploadId>").nth(1).unwrap().split('<').next().unwrap().to_owned();
    let mut etags = Vec::new();
    for number in [1, 2] {
        let part = world.put(&format!("/box/k?partNumber={number}&uploadId={id}"), b"small").await;
        etags.push(part.header("etag").unwrap().to_owned());
    }
    let (first, second) = (etags[0].as_str(), etags[1].as_str());
    let check = async |parts: &[(u16, &str)], code: &str| {
        let list: String = parts
            .iter()
            .map(|(number, etag)| {
                format!("<Part><PartNumber>{number}</PartNumber><ETag>{etag}</ETag></Part>")
            })
            .collect();
        let document = format!("<CompleteMultipartUpload>{list}</CompleteMultipartUpload>");
        let path = format!("/box/k?uploadId={id}");
        let refused = world.ask(Method::POST, &path, &[], document.as_bytes()).await;
        assert_eq!(refused.status, 400, "{}", refused.text());
        assert!(refused.text().contains(&format!("<Code>{code}</Code>")), "{}", refused.text());
        assert_eq!(world.get("/box/k").await.text(), "before");
    };
    check(&[(2, second), (1, first)], "InvalidPartOrder").await;
    check(&[(1, first), (1, first)], "InvalidPartOrder").await;
    check(&[(1, "\"0\"")], "InvalidPart").await;
    check(&[(1, first), (3, second)], "InvalidPart").await;
    check(&[(1, first), (2, second)], "EntityTooSmall").await;
    check(&[], "MalformedXML").await;
    let aborted = world.ask(Method::DELETE, &format!("/box/k?uploadId={id}"), &[], b"").await;
    assert_eq!(aborted.status, 204);
    assert_eq!(world.get("/box/k").await.text(), "before");
}

#[tokio::test]
async fn anonymous_requests_are_refused_unless_a_policy_allows_them() {
    let world = World::with(&["box"]).await;
    world.put("/box/open/x", b"x").await;
    let denied = world.anonymous(Method::GET, "/box/open/x", &[], b"").await;
    assert_eq!(denied.status, 403, "{}", denied.text());
    let policy = br#"{"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::box/open/*"}]}"#;
    assert_eq!(world.put("/box?policy", policy).await.status, 403, "blocked until the bucket says otherwise");
    world.ask(Method::DELETE, "/box?publicAccessBlock", &[], b"").await;
    assert_eq!(world.put("/box?policy", policy).await.status, 204);
    assert_eq!(world.anonymous(Method::GET, "/box/open/x", &[], b"").await.text(), "x");
    assert_eq!(world.anonymous(Method::PUT, "/box/open/x", &[], b"y").await.status, 403);
}

/// The origins are this machine's: the gateway refuses all others.
#[tokio::test]
async fn pages_of_other_origins_may_do_what_the_buckets_rules_say() {
    let world = World::with(&["box"]).await;
    let rules = b"<CORSConfiguration><CORSRule><AllowedOrigin>http://localhost:*</AllowedOrigin><AllowedMethod>PUT</AllowedMethod>\
        <AllowedHeader>x-amz-*</AllowedHeader><ExposeHeader>ETag</ExposeHeader><MaxAgeSeconds>60</MaxAgeSeconds>\
        </CORSRule></CORSConfiguration>";
    assert_eq!(world.put("/box?cors", rules).await.status, 200);
    let ask = async |origin: &str, method: &str, headers: &str| {
        let asked = [
            ("origin", origin),
            ("access-control-request-method", method),
            ("access-control-request-headers", headers),
        ];
        world.anonymous(Method::OPTIONS, "/box/k", &asked, b"").await
    };
    let allowed = ask("http://localhost:3000", "PUT", "X-Amz-Date, x-amz-meta-a").await;
    assert_eq!(
        (allowed.status, allowed.header("access-control-allow-origin")),
        (200, Some("http://localhost:3000"))
    );
    assert_eq!(allowed.header("access-control-allow-headers"), Some("x-amz-date, x-amz-meta-a"));
    assert_eq!(allowed.header("access-control-max-age"), Some("60"));
    for (origin, method, headers) in [
        ("http://127.0.0.1:3000", "PUT", ""),
        ("http://localhost:3000", "DELETE", ""),
        ("http://localhost:3000", "PUT", "content-type"),
    ] {
        let refused = ask(origin, method, headers).await;
        assert_eq!(refused.status, 403, "{origin} {method} {headers}");
        assert!(refused.text().contains("<Code>AccessForbidden</Code>"), "{}", refused.text());
    }
    let put = world.ask(Method::PUT, "/box/k", &[("origin", "http://localhost:3000")], b"x").await;
    assert_eq!((put.status, put.header("access-control-expose-headers")), (200, Some("ETag")));
}

#[tokio::test]
async fn a_host_may_name_the_bucket() {
    let world = World::with(&["box"]).await;
    let host = [("host", "box.s3.localhost.localstack.cloud:4566")];
    assert_eq!(world.ask(Method::PUT, "/a/b", &host, b"x").await.status, 200);
    assert_eq!(world.get("/box/a/b").await.text(), "x");
    assert!(world.ask(Method::GET, "/?list-type=2", &host, b"").await.text().contains("<Key>a/b</Key>"));
}

#[tokio::test]
async fn a_presigned_request_is_valid_until_it_expires() {
    let world = World::with(&["box"]).await;
    world.put("/box/k", b"x").await;
    let url = "/box/k?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=t%2F20231114%2Fus-east-1%2Fs3%2Faws4_request\
               &X-Amz-Date=20231114T221320Z&X-Amz-Expires=60&X-Amz-Signature=ab&X-Amz-SignedHeaders=host";
    assert_eq!(world.anonymous(Method::GET, url, &[], b"").await.text(), "x");
    world.0.0.pages.clock.advance(std::time::Duration::from_secs(61));
    let late = world.anonymous(Method::GET, url, &[], b"").await;
    assert!(late.status == 403 && late.text().contains("Request has expired"), "{}", late.text());
}

#[tokio::test]
async fn a_queue_is_notified_of_new_objects() {
    let world = World::with(&["box"]).await;
    let cx = world.0.context("us-east-1");
    let call = async |operation: &str, input| world.0.call(&cx, "sqs", operation, input).await.unwrap();
    let url = call("CreateQueue", serde_json::json!({ "QueueName": "q" })).await["QueueUrl"].clone();
    let configuration = b"<NotificationConfiguration><QueueConfiguration><Queue>arn:aws:sqs:us-east-1:000000000000:q</Queue>\
        <Event>s3:ObjectCreated:*</Event><Filter><S3Key><FilterRule><Name>suffix</Name><Value>.xml</Value></FilterRule>\
        </S3Key></Filter></QueueConfiguration></NotificationConfiguration>";
    let answer = world.put("/box?notification", configuration).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    world.put("/box/a%20b.xml", b"<a/>").await;
    world.put("/box/other.json", b"{}").await;
    let input = serde_json::json!({ "QueueUrl": url, "MaxNumberOfMessages": 10 });
    let received = call("ReceiveMessage", input).await;
    let bodies: Vec<serde_json::Value> = received["Messages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|message| serde_json::from_str(message["Body"].as_str().unwrap()).unwrap())
        .collect();
    assert_eq!(bodies.len(), 2, "{bodies:?}");
    assert!(bodies.iter().any(|body| body["Event"] == "s3:TestEvent"));
    let record = bodies.iter().find_map(|body| body.get("Records")).unwrap()[0].clone();
    assert_eq!(
        (&record["eventName"], &record["s3"]["object"]["key"]),
        (&"ObjectCreated:Put".into(), &"a+b.xml".into())
    );
}

#[tokio::test]
async fn a_topic_is_notified_of_the_events_that_it_wants() {
    let world = World::with(&["box"]).await;
    let cx = world.0.context("us-east-1");
    let call = async |service: &str, operation: &str, input| {
        world.0.call(&cx, service, operation, input).await.unwrap()
    };
    let url = call("sqs", "CreateQueue", serde_json::json!({ "QueueName": "q" })).await["QueueUrl"].clone();
    let topic = call("sns", "CreateTopic", serde_json::json!({ "Name": "t" })).await["TopicArn"].clone();
    let subscription = serde_json::json!({
        "TopicArn": topic, "Protocol": "sqs", "Endpoint": "arn:aws:sqs:us-east-1:000000000000:q",
        "Attributes": { "RawMessageDelivery": "true" },
    });
    call("sns", "Subscribe", subscription).await;
    let configuration = format!(
        "<NotificationConfiguration><TopicConfiguration><Id>i</Id><Topic>{}</Topic><Event>s3:ObjectCreated:Copy</Event>\
         <Event>s3:ObjectRemoved:*</Event><Filter><S3Key><FilterRule><Name>prefix</Name><Value>in/</Value></FilterRule>\
         </S3Key></Filter></TopicConfiguration></NotificationConfiguration>",
        topic.as_str().unwrap()
    );
    let answer = world.put("/box?notification", configuration.as_bytes()).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    world.put("/box/in/a", b"x").await;
    for to in ["in/b", "out/b"] {
        let copy =
            world.ask(Method::PUT, &format!("/box/{to}"), &[("x-amz-copy-source", "box/in/a")], b"").await;
        assert_eq!(copy.status, 200, "{}", copy.text());
    }
    assert_eq!(world.ask(Method::DELETE, "/box/in/a", &[], b"").await.status, 204);
    let mut seen = Vec::new();
    let began = std::time::Instant::now();
    while seen.len() < 3 {
        assert!(began.elapsed() < std::time::Duration::from_mins(1), "{seen:?}");
        let input = serde_json::json!({ "QueueUrl": url, "MaxNumberOfMessages": 10 });
        let received = call("sqs", "ReceiveMessage", input).await;
        for message in received["Messages"].as_array().into_iter().flatten() {
            let body: serde_json::Value = serde_json::from_str(message["Body"].as_str().unwrap()).unwrap();
            let record = &body["Records"][0];
            let name = body["Event"].as_str().or_else(|| record["eventName"].as_str()).unwrap();
            seen.push(format!("{name} {}", record["s3"]["object"]["key"].as_str().unwrap_or("-")));
        }
        tokio::task::yield_now().await;
    }
    seen.sort();
    assert_eq!(seen, ["ObjectCreated:Copy in/b", "ObjectRemoved:Delete in/a", "s3:TestEvent -"]);
}

#[tokio::test]
async fn unsupported_operations_are_refused_by_name() {
    let world = World::with(&["box"]).await;
    for parameter in ["website", "replication", "object-lock", "inventory"] {
        let answer = world.get(&format!("/box?{parameter}")).await;
        assert_eq!(answer.status, 501, "{parameter}");
        assert!(answer.text().contains("does not support"), "{}", answer.text());
    }
}
