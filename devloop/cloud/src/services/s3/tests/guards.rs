//! Tests of the conditions that guard a request: entity tags of deletions, owners of buckets, grants, keys of encryption.

use hyper::Method;

use super::{Answer, World};

fn check(answer: &Answer, status: u16, code: &str) {
    assert_eq!(answer.status, status, "{}", answer.text());
    assert!(answer.text().contains(&format!("<Code>{code}</Code>")), "{}", answer.text());
}

#[tokio::test]
async fn an_object_is_deleted_only_if_its_entity_tag_is_the_expected_one() {
    let world = World::with(&["box"]).await;
    let etag = world.put("/box/k", b"1").await.header("etag").unwrap().to_owned();
    let delete = async |key: &str, expected: &str| {
        world.ask(Method::DELETE, key, &[("if-match", expected)], b"").await
    };
    check(&delete("/box/k", "\"nope\"").await, 412, "PreconditionFailed");
    assert_eq!(world.get("/box/k").await.text(), "1", "the object is still there");
    check(&delete("/box/missing", "*").await, 412, "PreconditionFailed");
    assert_eq!(delete("/box/k", &etag).await.status, 204);
    assert_eq!(world.get("/box/k").await.status, 404);
    world.put("/box/k", b"2").await;
    assert_eq!(delete("/box/k", "*").await.status, 204);
    let size = world.ask(Method::DELETE, "/box/k", &[("x-amz-if-match-size", "1")], b"").await;
    assert_eq!(size.status, 501, "{}", size.text());
}

#[tokio::test]
async fn many_deletions_name_the_objects_with_another_entity_tag_in_errors() {
    let world = World::with(&["box"]).await;
    let etag = world.put("/box/k", b"1").await.header("etag").unwrap().to_owned();
    world.put("/box/other", b"2").await;
    let body = format!(
        "<Delete><Quiet>true</Quiet><Object><Key>k</Key><ETag>{etag}</ETag></Object>\
         <Object><Key>other</Key><ETag>nope</ETag></Object></Delete>"
    );
    let answer = world.ask(Method::POST, "/box?delete", &[], body.as_bytes()).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let text = answer.text();
    assert_eq!(text.matches("<Error>").count(), 1, "{text}");
    assert!(text.contains("<Code>PreconditionFailed</Code>") && text.contains("<Key>other</Key>"), "{text}");
    assert!(!text.contains("<Key>k</Key>"), "{text}");
    assert_eq!(world.get("/box/k").await.status, 404);
    assert_eq!(world.get("/box/other").await.text(), "2");
}

#[tokio::test]
async fn another_expected_owner_of_a_bucket_is_denied() {
    let world = World::with(&["box", "target"]).await;
    world.put("/box/k", b"1").await;
    let wrong = [("x-amz-expected-bucket-owner", "999999999999")];
    let requests = [
        (Method::GET, "/box/k"),
        (Method::PUT, "/box/k"),
        (Method::DELETE, "/box/k"),
        (Method::GET, "/box?list-type=2"),
        (Method::GET, "/box?policy"),
        (Method::GET, "/box/k?tagging"),
        (Method::POST, "/box/k?uploads"),
        (Method::DELETE, "/target"),
    ];
    for (method, path) in requests {
        check(&world.ask(method, path, &wrong, b"2").await, 403, "AccessDenied");
    }
    for path in ["/box", "/box/k"] {
        assert_eq!(world.ask(Method::HEAD, path, &wrong, b"").await.status, 403);
    }
    check(&world.ask(Method::GET, "/missing/k", &wrong, b"").await, 404, "NoSuchBucket");
    let copy = [("x-amz-copy-source", "box/k"), ("x-amz-source-expected-bucket-owner", "999999999999")];
    check(&world.ask(Method::PUT, "/target/k", &copy, b"").await, 403, "AccessDenied");
    let right = [
        ("x-amz-copy-source", "box/k"),
        ("x-amz-source-expected-bucket-owner", "000000000000"),
        ("x-amz-expected-bucket-owner", "000000000000"),
    ];
    assert_eq!(world.ask(Method::PUT, "/target/k", &right, b"").await.status, 200);
    assert_eq!(world.get("/target/k").await.text(), "1");
}

#[tokio::test]
async fn grants_are_refused_as_in_buckets_without_access_control_lists() {
    let world = World::with(&["box"]).await;
    world.put("/box/k", b"1").await;
    let grant = ("x-amz-grant-read", "uri=\"http://acs.amazonaws.com/groups/global/AllUsers\"");
    check(&world.ask(Method::PUT, "/box/g", &[grant], b"2").await, 400, "AccessControlListNotSupported");
    let copy = [("x-amz-copy-source", "box/k"), grant];
    check(&world.ask(Method::PUT, "/box/c", &copy, b"").await, 400, "AccessControlListNotSupported");
    for header in [grant, ("x-amz-acl", "public-read")] {
        let created = world.ask(Method::PUT, "/other", &[header], b"").await;
        check(&created, 400, "InvalidBucketAclWithObjectOwnership");
    }
    for path in ["/box/g", "/box/c", "/other?location"] {
        assert_eq!(world.get(path).await.status, 404, "{path}");
    }
    assert_eq!(world.ask(Method::PUT, "/other", &[("x-amz-acl", "private")], b"").await.status, 200);
}

#[tokio::test]
async fn a_key_for_an_object_that_has_none_is_refused() {
    let world = World::with(&["box"]).await;
    world.put("/box/k", b"1").await;
    let key = [("x-amz-server-side-encryption-customer-algorithm", "AES256")];
    check(&world.ask(Method::GET, "/box/k", &key, b"").await, 400, "InvalidRequest");
    assert_eq!(world.ask(Method::HEAD, "/box/k", &key, b"").await.status, 400);
}

#[tokio::test]
async fn buckets_are_listed_in_pages() {
    let world = World::with(&["one", "three", "two"]).await;
    let names = |answer: &Answer| -> Vec<String> {
        let text = answer.text();
        text.split("<Name>").skip(1).map(|rest| rest.split('<').next().unwrap().to_owned()).collect()
    };
    let first = world.get("/?max-buckets=2").await;
    assert_eq!(names(&first), ["one", "three"]);
    let text = first.text();
    let token = text.split("<ContinuationToken>").nth(1).unwrap().split('<').next().unwrap();
    let second = world.get(&format!("/?max-buckets=2&continuation-token={token}")).await;
    assert_eq!(names(&second), ["two"]);
    assert!(!second.text().contains("ContinuationToken"), "{}", second.text());
    assert_eq!(names(&world.get("/?bucket-region=eu-west-1").await), Vec::<String>::new());
    check(&world.get("/?max-buckets=0").await, 400, "InvalidArgument");
    check(&world.get("/?continuation-token=x").await, 400, "InvalidArgument");
}
