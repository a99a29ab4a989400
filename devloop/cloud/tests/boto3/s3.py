"""S3, called with boto3 and the aws command line."""

import base64
import hashlib
import io
import os
import tempfile
import urllib.error
import urllib.request

import boto3
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from clients import CONFIG, CREDENTIALS, ENDPOINT, aws, client, equal, refused, run

s3, sqs = client("s3"), client("sqs")
NAME = {"Bucket": "box"}


def bucket():
    s3.create_bucket(**NAME)
    return NAME


def test_buckets():
    s3.create_bucket(**NAME)
    equal([found["Name"] for found in s3.list_buckets()["Buckets"]], ["box"])
    equal(s3.head_bucket(**NAME)["BucketRegion"], "us-east-1")
    equal(s3.get_bucket_location(**NAME)["LocationConstraint"], None)
    s3.put_object(**NAME, Key="k", Body=b"")
    refused("BucketNotEmpty", "not empty", s3.delete_bucket, **NAME)
    s3.delete_object(**NAME, Key="k")
    s3.delete_bucket(**NAME)
    refused("404", "Not Found", s3.head_bucket, **NAME)
    refused("InvalidBucketName", "not valid", s3.create_bucket, Bucket="No_Name")


def test_put_and_get_object():
    bucket()
    s3.put_object(**NAME, Key="a b/é.txt", Body=b"hello", ContentType="text/plain", Metadata={"rule-id": "2"}, Tagging="a=1")
    got = s3.get_object(**NAME, Key="a b/é.txt")
    equal((got["Body"].read(), got["ContentType"], got["Metadata"]), (b"hello", "text/plain", {"rule-id": "2"}))
    equal(s3.get_object(**NAME, Key="a b/é.txt", Range="bytes=1-2")["Body"].read(), b"el")
    equal(s3.get_object_tagging(**NAME, Key="a b/é.txt")["TagSet"], [{"Key": "a", "Value": "1"}])
    equal(s3.head_object(**NAME, Key="a b/é.txt", ChecksumMode="ENABLED")["ContentLength"], 5)
    refused("NoSuchKey", "does not exist", s3.get_object, **NAME, Key="none")
    refused("404", "Not Found", s3.head_object, **NAME, Key="none")


def test_checksums_of_every_algorithm():
    bucket()
    for algorithm in ("CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"):
        try:
            put = s3.put_object(**NAME, Key=algorithm, Body=b"x" * 100, ChecksumAlgorithm=algorithm)
        except Exception as error:  # without its native extension, botocore cannot compute CRC32C and CRC64NVME
            if "awscrt" in str(error) or "Missing Dependency" in str(error):
                continue
            raise
        name = f"Checksum{algorithm}"
        equal(s3.head_object(**NAME, Key=algorithm, ChecksumMode="ENABLED")[name], put[name])


def test_objects_without_a_checksum_have_crc64nvme():
    # Without a wish S3 computes CRC64NVME of the whole object; its value for these nine letters is the algorithm's check value.
    config = CONFIG.merge(Config(request_checksum_calculation="when_required"))
    plain = boto3.client("s3", endpoint_url=ENDPOINT, region_name="us-east-1", config=config, **CREDENTIALS)
    bucket()
    check = base64.b64encode(0xAE8B14860A799888.to_bytes(8, "big")).decode()
    put = plain.put_object(**NAME, Key="k", Body=b"123456789")
    equal((put["ChecksumCRC64NVME"], put["ChecksumType"]), (check, "FULL_OBJECT"))
    head = plain.head_object(**NAME, Key="k", ChecksumMode="ENABLED")
    equal((head["ChecksumCRC64NVME"], head["ChecksumType"]), (check, "FULL_OBJECT"))
    listed = plain.list_objects_v2(**NAME)["Contents"][0]
    equal((listed["ChecksumAlgorithm"], listed["ChecksumType"]), (["CRC64NVME"], "FULL_OBJECT"))
    equal(plain.copy_object(**NAME, Key="copy", CopySource="box/k")["CopyObjectResult"]["ChecksumCRC64NVME"], check)
    parts = [b"x" * (5 << 20), b"123456789"]
    whole = plain.put_object(**NAME, Key="whole", Body=b"".join(parts))["ChecksumCRC64NVME"]
    upload = plain.create_multipart_upload(**NAME, Key="parts")
    assert "ChecksumAlgorithm" not in upload, upload
    which = {**NAME, "Key": "parts", "UploadId": upload["UploadId"]}
    done = [plain.upload_part(**which, PartNumber=number, Body=body) for number, body in enumerate(parts, 1)]
    equal(done[1]["ChecksumCRC64NVME"], check)
    equal(plain.list_parts(**which)["Parts"][1]["ChecksumCRC64NVME"], check)
    listed = [{"PartNumber": number, "ETag": part["ETag"]} for number, part in enumerate(done, 1)]
    complete = plain.complete_multipart_upload(**which, MultipartUpload={"Parts": listed})
    equal((complete["ChecksumCRC64NVME"], complete["ChecksumType"]), (whole, "FULL_OBJECT"))


def test_copy_object():
    bucket()
    s3.put_object(**NAME, Key="a", Body=b"hello", Metadata={"m": "1"})
    s3.copy_object(**NAME, Key="b", CopySource="box/a")
    equal(s3.get_object(**NAME, Key="b")["Metadata"], {"m": "1"})
    s3.copy_object(**NAME, Key="b", CopySource="box/a", MetadataDirective="REPLACE", Metadata={"m": "2"})
    equal(s3.get_object(**NAME, Key="b")["Metadata"], {"m": "2"})
    refused("InvalidRequest", "to itself", s3.copy_object, **NAME, Key="a", CopySource="box/a")


def test_lists():
    bucket()
    for key in ("a/1", "a/2", "b"):
        s3.put_object(**NAME, Key=key, Body=b"")
    pages = s3.get_paginator("list_objects_v2").paginate(**NAME, PaginationConfig={"PageSize": 1})
    equal([item["Key"] for page in pages for item in page.get("Contents", [])], ["a/1", "a/2", "b"])
    found = s3.list_objects_v2(**NAME, Delimiter="/")
    equal(([item["Key"] for item in found["Contents"]], found["CommonPrefixes"]), (["b"], [{"Prefix": "a/"}]))
    equal([item["Key"] for item in s3.list_objects(**NAME, Prefix="a/")["Contents"]], ["a/1", "a/2"])


def test_delete_objects():
    bucket()
    for key in ("a", "b"):
        s3.put_object(**NAME, Key=key, Body=b"")
    answer = s3.delete_objects(**NAME, Delete={"Objects": [{"Key": "a"}, {"Key": "b"}, {"Key": "none"}]})
    equal(sorted(item["Key"] for item in answer["Deleted"]), ["a", "b", "none"])
    equal(s3.list_objects_v2(**NAME)["KeyCount"], 0)


def test_versions():
    bucket()
    s3.put_bucket_versioning(**NAME, VersioningConfiguration={"Status": "Enabled"})
    equal(s3.get_bucket_versioning(**NAME)["Status"], "Enabled")
    one = s3.put_object(**NAME, Key="k", Body=b"1")["VersionId"]
    s3.put_object(**NAME, Key="k", Body=b"2")
    s3.delete_object(**NAME, Key="k")
    listed = s3.list_object_versions(**NAME)
    equal((len(listed["Versions"]), len(listed["DeleteMarkers"])), (2, 1))
    equal(s3.get_object(**NAME, Key="k", VersionId=one)["Body"].read(), b"1")


def test_transfer_in_parts():
    bucket()
    body = os.urandom(12 << 20)
    config = TransferConfig(multipart_threshold=5 << 20, multipart_chunksize=5 << 20)
    s3.upload_fileobj(io.BytesIO(body), "box", "big", Config=config)
    assert s3.head_object(**NAME, Key="big")["ETag"].endswith('-3"')
    out = io.BytesIO()
    s3.download_fileobj("box", "big", out, Config=config)
    assert out.getvalue() == body


def test_checksums_of_uploads_in_parts():
    bucket()
    parts = [os.urandom(5 << 20), os.urandom(1 << 20)]
    whole = s3.put_object(**NAME, Key="whole", Body=b"".join(parts), ChecksumAlgorithm="CRC32")
    upload = s3.create_multipart_upload(**NAME, Key="k", ChecksumAlgorithm="CRC32", ChecksumType="FULL_OBJECT")
    equal((upload["ChecksumAlgorithm"], upload["ChecksumType"]), ("CRC32", "FULL_OBJECT"))
    which = {**NAME, "Key": "k", "UploadId": upload["UploadId"]}
    first = s3.upload_part(**which, PartNumber=1, Body=parts[0], ChecksumAlgorithm="CRC32")
    copied = s3.upload_part_copy(**which, PartNumber=2, CopySource="box/whole", CopySourceRange=f"bytes={5 << 20}-{(6 << 20) - 1}")
    equal(copied["CopyPartResult"]["ETag"], '"' + hashlib.md5(parts[1]).hexdigest() + '"')
    listed = [{"PartNumber": 1, "ETag": first["ETag"]}, {"PartNumber": 2, "ETag": copied["CopyPartResult"]["ETag"]}]
    complete = {**which, "MultipartUpload": {"Parts": listed}}
    refused("BadDigest", "did not match", s3.complete_multipart_upload, **complete, ChecksumCRC32="AAAAAA==")
    done = s3.complete_multipart_upload(**complete, ChecksumCRC32=whole["ChecksumCRC32"])
    equal((done["ChecksumCRC32"], done["ChecksumType"]), (whole["ChecksumCRC32"], "FULL_OBJECT"))
    head = s3.head_object(**NAME, Key="k", ChecksumMode="ENABLED")
    equal((head["ChecksumCRC32"], head["ChecksumType"]), (whole["ChecksumCRC32"], "FULL_OBJECT"))
    copy = s3.copy_object(**NAME, Key="copy", CopySource="box/k", ChecksumAlgorithm="SHA256")["CopyObjectResult"]
    equal(copy["ETag"], whole["ETag"])
    equal(copy["ChecksumSHA256"], base64.b64encode(hashlib.sha256(b"".join(parts)).digest()).decode())
    wrong = {"ChecksumAlgorithm": "SHA256", "ChecksumType": "FULL_OBJECT"}
    refused("InvalidRequest", "cannot be used with the sha256", s3.create_multipart_upload, **NAME, Key="k", **wrong)


def test_uploads_are_listed_and_aborted():
    bucket()
    upload = s3.create_multipart_upload(**NAME, Key="k")["UploadId"]
    s3.upload_part(**NAME, Key="k", UploadId=upload, PartNumber=1, Body=b"x")
    equal([part["Size"] for part in s3.list_parts(**NAME, Key="k", UploadId=upload)["Parts"]], [1])
    equal([found["Key"] for found in s3.list_multipart_uploads(**NAME)["Uploads"]], ["k"])
    second = s3.create_multipart_upload(**NAME, Key="k")["UploadId"]
    pages = s3.get_paginator("list_multipart_uploads").paginate(**NAME, PaginationConfig={"PageSize": 1})
    equal([found["UploadId"] for page in pages for found in page.get("Uploads", [])], [upload, second])
    s3.abort_multipart_upload(**NAME, Key="k", UploadId=upload)
    refused("NoSuchUpload", "does not exist", s3.list_parts, **NAME, Key="k", UploadId=upload)


def test_uploads_are_listed_by_what_their_keys_begin_with():
    bucket()
    for key in ("a/1", "a/2", "b", "c/é/1", "c/2"):
        s3.create_multipart_upload(**NAME, Key=key)
    found = s3.list_multipart_uploads(**NAME, Delimiter="/", EncodingType="url")
    equal([upload["Key"] for upload in found["Uploads"]], ["b"])
    equal((found["CommonPrefixes"], found["Delimiter"]), ([{"Prefix": "a/"}, {"Prefix": "c/"}], "/"))
    below = s3.list_multipart_uploads(**NAME, Delimiter="/", Prefix="c/")
    equal(([upload["Key"] for upload in below["Uploads"]], below["CommonPrefixes"]), (["c/2"], [{"Prefix": "c/é/"}]))
    pages = s3.get_paginator("list_multipart_uploads").paginate(**NAME, Delimiter="/", PaginationConfig={"PageSize": 1})
    shown = [entry.get("Prefix", entry.get("Key")) for page in pages for entry in page.get("CommonPrefixes", []) + page.get("Uploads", [])]
    equal(shown, ["a/", "b", "c/"])


def test_conditions():
    bucket()
    s3.put_object(**NAME, Key="k", Body=b"1", IfNoneMatch="*")
    refused("PreconditionFailed", "pre-conditions", s3.put_object, **NAME, Key="k", Body=b"2", IfNoneMatch="*")
    etag = s3.head_object(**NAME, Key="k")["ETag"]
    refused("304", "Not Modified", s3.get_object, **NAME, Key="k", IfNoneMatch=etag)


def test_presigned_requests():
    bucket()
    url = s3.generate_presigned_url("put_object", Params={**NAME, "Key": "k"})
    with urllib.request.urlopen(urllib.request.Request(url, data=b"hello", method="PUT")) as answer:
        equal(answer.status, 200)
    with urllib.request.urlopen(s3.generate_presigned_url("get_object", Params={**NAME, "Key": "k"})) as answer:
        equal(answer.read(), b"hello")
    try:
        urllib.request.urlopen(f"{ENDPOINT}/box/k")
        raise AssertionError("an anonymous request was let in")
    except urllib.error.HTTPError as error:
        equal(error.code, 403)


def form(fields, content):
    parts = [f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in fields.items()]
    parts.append(f'--b\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\n{content}\r\n--b--\r\n')
    return "".join(parts).encode()


def test_presigned_forms():
    bucket()
    post = s3.generate_presigned_post("box", "k", Conditions=[["content-length-range", 1, 5]])
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    with urllib.request.urlopen(urllib.request.Request(post["url"], form(post["fields"], "hello"), headers)) as answer:
        equal(answer.status, 204)
    equal(s3.get_object(**NAME, Key="k")["Body"].read(), b"hello")
    tags = "<Tagging><TagSet><Tag><Key>a</Key><Value>1 &amp; 2</Value></Tag></TagSet></Tagging>"
    tagged = s3.generate_presigned_post("box", "t", Fields={"tagging": tags}, Conditions=[{"tagging": tags}])
    with urllib.request.urlopen(urllib.request.Request(tagged["url"], form(tagged["fields"], "x"), headers)) as answer:
        equal(answer.status, 204)
    equal(s3.get_object_tagging(**NAME, Key="t")["TagSet"], [{"Key": "a", "Value": "1 & 2"}])
    for fields in ({"tagging": "<Tagging>"}, {"acl": "public-read"}):
        refused_post = s3.generate_presigned_post("box", "r", Fields=fields, Conditions=[fields])
        try:
            urllib.request.urlopen(urllib.request.Request(refused_post["url"], form(refused_post["fields"], "x"), headers))
            raise AssertionError(f"a form with {fields} was taken")
        except urllib.error.HTTPError as error:
            equal(error.code, 400)
    try:
        urllib.request.urlopen(urllib.request.Request(post["url"], form(post["fields"], "too long"), headers))
        raise AssertionError("a form that its policy forbids was taken")
    except urllib.error.HTTPError as error:
        equal(error.code, 400)


def test_settings_of_buckets():
    bucket()
    refused("NoSuchCORSConfiguration", "does not exist", s3.get_bucket_cors, **NAME)
    rule = {"AllowedMethods": ["GET"], "AllowedOrigins": ["*"]}
    s3.put_bucket_cors(**NAME, CORSConfiguration={"CORSRules": [rule]})
    equal(s3.get_bucket_cors(**NAME)["CORSRules"], [rule])
    lifecycle = {"ID": "r", "Status": "Enabled", "Filter": {"Prefix": "a"}, "Expiration": {"Days": 1}}
    s3.put_bucket_lifecycle_configuration(**NAME, LifecycleConfiguration={"Rules": [lifecycle]})
    equal(s3.get_bucket_lifecycle_configuration(**NAME)["Rules"], [lifecycle])
    assert s3.get_public_access_block(**NAME)["PublicAccessBlockConfiguration"]["BlockPublicPolicy"]
    equal(s3.get_bucket_encryption(**NAME)["ServerSideEncryptionConfiguration"]["Rules"][0]
          ["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"], "AES256")
    s3.put_bucket_tagging(**NAME, Tagging={"TagSet": [{"Key": "a", "Value": "1"}]})
    equal(s3.get_bucket_tagging(**NAME)["TagSet"], [{"Key": "a", "Value": "1"}])
    refused("NoSuchBucketPolicy", "does not exist", s3.get_bucket_policy, **NAME)
    equal(s3.get_bucket_acl(**NAME)["Grants"][0]["Permission"], "FULL_CONTROL")


def test_notifications():
    bucket()
    queue = sqs.create_queue(QueueName="q")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    configuration = {"QueueConfigurations": [{"QueueArn": arn, "Events": ["s3:ObjectCreated:*"]}]}
    s3.put_bucket_notification_configuration(**NAME, NotificationConfiguration=configuration)
    found = s3.get_bucket_notification_configuration(**NAME)["QueueConfigurations"][0]
    equal((found["QueueArn"], found["Events"]), (arn, ["s3:ObjectCreated:*"]))
    assert found["Id"], found
    twice = {"QueueConfigurations": configuration["QueueConfigurations"] * 2}
    refused("InvalidArgument", "overlap", s3.put_bucket_notification_configuration, **NAME, NotificationConfiguration=twice)


def test_what_does_not_exist_here_is_refused_by_name():
    bucket()
    refused("NotImplementedException", "websites", s3.get_bucket_website, **NAME)
    refused("NotImplementedException", "replication", s3.get_bucket_replication, **NAME)
    refused("NotImplementedException", "object lock", s3.get_object_lock_configuration, **NAME)


def test_command_line():
    with tempfile.TemporaryDirectory() as folder:
        for name in ("one", "two"):
            with open(os.path.join(folder, name), "w") as file:
                file.write(name)
        aws("s3api", "create-bucket", "--bucket", "box")
        aws("s3", "cp", folder, "s3://box/in", "--recursive", "--only-show-errors")
        equal([item["Key"] for item in s3.list_objects_v2(**NAME)["Contents"]], ["in/one", "in/two"])
        aws("s3", "sync", "s3://box/in", os.path.join(folder, "out"), "--only-show-errors")
        equal(sorted(os.listdir(os.path.join(folder, "out"))), ["one", "two"])
        aws("s3", "rm", "s3://box", "--recursive", "--only-show-errors")
        equal(s3.list_objects_v2(**NAME)["KeyCount"], 0)


run(globals())
