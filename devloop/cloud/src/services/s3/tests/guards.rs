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
async fn ownership_is_given_with_the_bucket_and_decides_the_error_about_lists() {
    let world = World::with(&["box"]).await;
    let create = async |name: &str, ownership: &str, more: &[(&'static str, &str)]| {
        let headers = [&[("x-amz-object-ownership", ownership)], more].concat();
        world.ask(Method::PUT, &format!("/{name}"), &headers, b"").await
    };
    let public = ("x-amz-acl", "public-read");
    for (ownership, status, code) in [
        ("ObjectWriter", 501, "NotImplementedException"),
        ("BucketOwnerPreferred", 501, "NotImplementedException"),
        ("BucketOwnerEnforced", 400, "InvalidBucketAclWithObjectOwnership"),
    ] {
        let name = ownership.to_lowercase();
        check(&create(&name, ownership, &[public]).await, status, code);
        assert_eq!(create(&name, ownership, &[]).await.status, 200);
        let shown = world.get(&format!("/{name}?ownershipControls")).await.text();
        assert!(shown.contains(&format!("<ObjectOwnership>{ownership}</ObjectOwnership>")), "{shown}");
    }
    check(&create("other", "Nobody", &[]).await, 400, "InvalidArgument");
    let put = async |path: &str| world.ask(Method::PUT, path, &[public], b"1").await;
    check(&put("/bucketownerenforced/k").await, 400, "AccessControlListNotSupported");
    check(&put("/objectwriter/k").await, 501, "NotImplementedException");
    let set = async |ownership: &str| {
        let body = format!(
            "<OwnershipControls><Rule><ObjectOwnership>{ownership}</ObjectOwnership></Rule></OwnershipControls>"
        );
        world.ask(Method::PUT, "/box?ownershipControls", &[], body.as_bytes()).await
    };
    check(&set("Nobody").await, 400, "MalformedXML");
    check(&put("/box/k").await, 400, "AccessControlListNotSupported");
    assert_eq!(set("BucketOwnerPreferred").await.status, 200);
    check(&put("/box/k").await, 501, "NotImplementedException");
    assert_eq!(world.ask(Method::DELETE, "/box?ownershipControls", &[], b"").await.status, 204);
    check(&world.get("/box?ownershipControls").await, 404, "OwnershipControlsNotFoundError");
    check(&put("/box/k").await, 501, "NotImplementedException");
}

#[tokio::test]
async fn tags_and_a_namespace_of_a_new_bucket_are_not_ignored() {
    let world = World::with(&[]).await;
    let tags = |key: &str| {
        format!(
            "<CreateBucketConfiguration><Tags><Tag><Key>{key}</Key><Value>v</Value></Tag></Tags></CreateBucketConfiguration>"
        )
    };
    check(&world.ask(Method::PUT, "/box", &[], tags("").as_bytes()).await, 400, "InvalidTag");
    assert_eq!(world.ask(Method::PUT, "/box", &[], tags("team").as_bytes()).await.status, 200);
    let shown = world.get("/box?tagging").await.text();
    assert!(shown.contains("<Key>team</Key><Value>v</Value>"), "{shown}");
    let namespace = ("x-amz-bucket-namespace", "account-regional");
    check(&world.ask(Method::PUT, "/other", &[namespace], b"").await, 501, "NotImplementedException");
}

#[tokio::test]
async fn a_key_for_an_object_or_an_upload_that_has_none_is_refused() {
    let world = World::with(&["box"]).await;
    world.put("/box/k", b"1").await;
    let key = [("x-amz-server-side-encryption-customer-algorithm", "AES256")];
    check(&world.ask(Method::GET, "/box/k", &key, b"").await, 400, "InvalidRequest");
    assert_eq!(world.ask(Method::HEAD, "/box/k", &key, b"").await.status, 400);
    let begun = world.ask(Method::POST, "/box/big?uploads", &[], b"").await.text();
    let id = begun.split("<UploadId>").nth(1).unwrap().split('<').next().unwrap();
    let part = format!("/box/big?partNumber=1&uploadId={id}");
    check(&world.ask(Method::PUT, &part, &key, b"1").await, 400, "InvalidRequest");
    let source = ("x-amz-copy-source", "box/k");
    check(&world.ask(Method::PUT, &part, &[source, key[0]], b"").await, 400, "InvalidRequest");
    let of_source = ("x-amz-copy-source-server-side-encryption-customer-algorithm", "AES256");
    check(&world.ask(Method::PUT, &part, &[source, of_source], b"").await, 400, "InvalidRequest");
    let upload = format!("/box/big?uploadId={id}");
    check(&world.ask(Method::GET, &upload, &key, b"").await, 400, "InvalidRequest");
    check(&world.ask(Method::POST, &upload, &key, b"").await, 400, "InvalidRequest");
    assert!(!world.get(&upload).await.text().contains("<Part>"));
}

/// The default is S3's own for all objects since 2023 [Setting default server-side encryption behavior].
#[tokio::test]
async fn an_object_shows_the_encryption_of_its_request_or_else_of_its_bucket() {
    let world = World::with(&["box", "target"]).await;
    let method = "x-amz-server-side-encryption";
    let key = "x-amz-server-side-encryption-aws-kms-key-id";
    let of_bucket = "x-amz-server-side-encryption-bucket-key-enabled";
    let shown = |answer: &Answer| {
        [method, key, of_bucket].map(|name| answer.header(name).unwrap_or_default().to_owned())
    };
    assert_eq!(shown(&world.put("/box/k", b"1").await), ["AES256", "", ""]);
    let kms = [(method, "aws:kms"), (key, "alias/mine"), (of_bucket, "true")];
    let put = world.ask(Method::PUT, "/box/kms", &kms, b"1").await;
    assert_eq!(shown(&put), ["aws:kms", "alias/mine", "true"]);
    assert_eq!(shown(&world.get("/box/kms").await), ["aws:kms", "alias/mine", "true"]);
    let rule = b"<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>aws:kms\
        </SSEAlgorithm><KMSMasterKeyID>alias/theirs</KMSMasterKeyID></ApplyServerSideEncryptionByDefault></Rule>\
        </ServerSideEncryptionConfiguration>";
    assert_eq!(world.ask(Method::PUT, "/target?encryption", &[], rule).await.status, 200);
    assert_eq!(shown(&world.put("/target/k", b"1").await), ["aws:kms", "alias/theirs", ""]);
    let begun = world.ask(Method::POST, "/target/big?uploads", &[], b"").await;
    assert_eq!(shown(&begun), ["aws:kms", "alias/theirs", ""]);
    let id = begun.text().split("<UploadId>").nth(1).unwrap().split('<').next().unwrap().to_owned();
    let part = format!("/target/big?partNumber=1&uploadId={id}");
    assert_eq!(shown(&world.put(&part, b"1").await), ["aws:kms", "alias/theirs", ""]);
    let source = [("x-amz-copy-source", "box/k")];
    assert_eq!(shown(&world.ask(Method::PUT, &part, &source, b"").await), ["aws:kms", "alias/theirs", ""]);
    // A copy has the encryption and the storage class of its own request, and everything else of its source.
    let cold = [("x-amz-storage-class", "GLACIER"), ("content-type", "text/x"), kms[0], kms[1]];
    world.ask(Method::PUT, "/box/cold", &cold, b"1").await;
    let copied = world.ask(Method::PUT, "/box/copy", &[("x-amz-copy-source", "box/cold")], b"").await;
    assert_eq!(shown(&copied), ["AES256", "", ""]);
    let copy = world.get("/box/copy").await;
    assert_eq!((copy.header("x-amz-storage-class"), copy.header("content-type")), (None, Some("text/x")));
    let warm = [("x-amz-copy-source", "box/cold"), ("x-amz-storage-class", "STANDARD_IA"), kms[0]];
    world.ask(Method::PUT, "/box/warm", &warm, b"").await;
    let copy = world.get("/box/warm").await;
    assert_eq!(copy.header("x-amz-storage-class"), Some("STANDARD_IA"));
    assert_eq!(shown(&copy), ["aws:kms", "", ""]);
}

#[tokio::test]
async fn values_that_s3_does_not_know_and_checksums_that_are_not_computed_are_refused() {
    let world = World::with(&["box"]).await;
    for (header, status, code) in [
        (("x-amz-server-side-encryption", "rot13"), 400, "InvalidArgument"),
        (("x-amz-server-side-encryption-aws-kms-key-id", "alias/mine"), 400, "InvalidArgument"),
        (("x-amz-storage-class", "LUKEWARM"), 400, "InvalidStorageClass"),
        (("x-amz-checksum-xxhash64", "AAAAAAAAAAA="), 501, "NotImplementedException"),
        (("x-amz-trailer", "x-amz-checksum-sha512"), 501, "NotImplementedException"),
        (("x-amz-sdk-checksum-algorithm", "MD5"), 501, "NotImplementedException"),
    ] {
        check(&world.ask(Method::PUT, "/box/k", &[header], b"1").await, status, code);
        check(&world.ask(Method::POST, "/box/k?uploads", &[header], b"").await, status, code);
    }
    assert_eq!(world.get("/box/k").await.status, 404);
}

#[tokio::test]
async fn parts_of_an_object_are_shown_in_pages() {
    let world = World::with(&["box"]).await;
    let begun = world.ask(Method::POST, "/box/k?uploads", &[], b"").await.text();
    let id = begun.split("<UploadId>").nth(1).unwrap().split('<').next().unwrap().to_owned();
    let mut parts = String::new();
    for (number, size) in [(1, 5 << 20), (2, 5 << 20), (3, 1)] {
        let path = format!("/box/k?partNumber={number}&uploadId={id}");
        let etag = world.put(&path, &vec![0; size]).await.header("etag").unwrap().to_owned();
        parts += &format!("<Part><PartNumber>{number}</PartNumber><ETag>{etag}</ETag></Part>");
    }
    let body = format!("<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>");
    let path = format!("/box/k?uploadId={id}");
    assert_eq!(world.ask(Method::POST, &path, &[], body.as_bytes()).await.status, 200);
    let page = async |most: &str, marker: &str| {
        let wanted = ("x-amz-object-attributes", "ObjectParts");
        let headers = [wanted, ("x-amz-max-parts", most), ("x-amz-part-number-marker", marker)];
        world.ask(Method::GET, "/box/k?attributes", &headers, b"").await
    };
    let first = page("2", "0").await.text();
    for shown in ["<PartsCount>3<", "<IsTruncated>true<", "<NextPartNumberMarker>2<", "<PartNumber>2<"] {
        assert!(first.contains(shown), "{shown} {first}");
    }
    assert!(!first.contains("<PartNumber>3<"), "{first}");
    let second = page("2", "2").await.text();
    assert!(second.contains("<IsTruncated>false<") && second.contains("<PartNumber>3<"), "{second}");
    assert!(!second.contains("<PartNumber>2<"), "{second}");
    check(&page("x", "0").await, 400, "InvalidArgument");
}

#[tokio::test]
async fn destinations_are_tried_unless_the_request_skips_it() {
    let world = World::with(&["box"]).await;
    let body = b"<NotificationConfiguration><QueueConfiguration><Queue>arn:aws:sqs:us-east-1:000000000000:missing</Queue>\
        <Event>s3:ObjectCreated:*</Event></QueueConfiguration></NotificationConfiguration>";
    let put = async |headers: &[(&'static str, &str)]| {
        world.ask(Method::PUT, "/box?notification", headers, body).await
    };
    check(&put(&[]).await, 400, "InvalidArgument");
    assert_eq!(put(&[("x-amz-skip-destination-validation", "true")]).await.status, 200);
    assert!(world.get("/box?notification").await.text().contains(":missing<"));
}

#[tokio::test]
async fn the_least_size_of_transitions_is_kept_with_lifecycle_rules() {
    let world = World::with(&["box"]).await;
    let name = "x-amz-transition-default-minimum-object-size";
    let rule = b"<LifecycleConfiguration><Rule><ID>r</ID><Status>Enabled</Status><Filter><Prefix>x</Prefix></Filter>\
        <Expiration><Days>1</Days></Expiration></Rule></LifecycleConfiguration>";
    for (given, shown) in
        [(None, "all_storage_classes_128K"), (Some("varies_by_storage_class"), "varies_by_storage_class")]
    {
        let headers: Vec<_> = given.map(|given| (name, given)).into_iter().collect();
        let put = world.ask(Method::PUT, "/box?lifecycle", &headers, rule).await;
        assert_eq!((put.status, put.header(name)), (200, Some(shown)), "{}", put.text());
        assert_eq!(world.get("/box?lifecycle").await.header(name), Some(shown));
    }
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
