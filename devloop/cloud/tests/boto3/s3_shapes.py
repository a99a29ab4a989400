"""Compares the responses of S3 with moto's. Both get the same operations; the members and the types of their values must agree,
but for the differences listed here, each with its reason. An operation of the cloud that is not called here is reported."""

import json
import os
from datetime import datetime

import boto3
from botocore.config import Config
from clients import client, equal, run
from moto import mock_aws

NAME = {"Bucket": "shapes-box"}
PUBLIC = {"BlockPublicAcls": False, "BlockPublicPolicy": False, "IgnorePublicAcls": False, "RestrictPublicBuckets": False}
POLICY = {"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::000000000000:root"}, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::shapes-box/*"},
]}
RULE = {"ID": "r", "Status": "Enabled", "Filter": {"Prefix": "a"}, "Expiration": {"Days": 1}}


def steps(s3):
    """Yields each operation's name, a mark that distinguishes several calls of one operation, and the response."""
    def call(operation, mark="", **arguments):
        answer = getattr(s3, operation)(**arguments)
        return operation, mark, answer

    yield call("create_bucket", **NAME)
    yield call("head_bucket", **NAME)
    yield call("list_buckets")
    yield call("get_bucket_location", **NAME)
    yield call("put_public_access_block", **NAME, PublicAccessBlockConfiguration=PUBLIC)
    yield call("get_public_access_block", **NAME)
    yield call("delete_public_access_block", **NAME)
    yield call("put_bucket_cors", **NAME, CORSConfiguration={"CORSRules": [{"AllowedMethods": ["GET"], "AllowedOrigins": ["*"]}]})
    yield call("get_bucket_cors", **NAME)
    yield call("delete_bucket_cors", **NAME)
    encryption = {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]}
    yield call("put_bucket_encryption", **NAME, ServerSideEncryptionConfiguration=encryption)
    yield call("get_bucket_encryption", **NAME)
    yield call("delete_bucket_encryption", **NAME)
    yield call("put_bucket_lifecycle_configuration", **NAME, LifecycleConfiguration={"Rules": [RULE]})
    yield call("get_bucket_lifecycle_configuration", **NAME)
    yield call("delete_bucket_lifecycle", **NAME)
    yield call("put_bucket_ownership_controls", **NAME, OwnershipControls={"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]})
    yield call("get_bucket_ownership_controls", **NAME)
    yield call("delete_bucket_ownership_controls", **NAME)
    yield call("put_bucket_policy", **NAME, Policy=json.dumps(POLICY))
    yield call("get_bucket_policy", **NAME)
    yield call("delete_bucket_policy", **NAME)
    yield call("put_bucket_tagging", **NAME, Tagging={"TagSet": [{"Key": "a", "Value": "1"}]})
    yield call("get_bucket_tagging", **NAME)
    yield call("delete_bucket_tagging", **NAME)
    yield call("put_bucket_notification_configuration", **NAME, NotificationConfiguration={})
    yield call("get_bucket_notification_configuration", **NAME)
    yield call("get_bucket_acl", **NAME)
    yield call("put_object", **NAME, Key="k", Body=b"hello", ContentType="text/plain", Metadata={"m": "1"}, Tagging="a=1")
    yield call("put_object", "checked", **NAME, Key="checked", Body=b"hello", ChecksumAlgorithm="SHA256")
    yield call("head_object", **NAME, Key="k")
    yield call("get_object", **NAME, Key="k")
    yield call("get_object", "range", **NAME, Key="k", Range="bytes=1-2")
    yield call("get_object_attributes", **NAME, Key="k", ObjectAttributes=["ETag", "ObjectSize", "StorageClass"])
    yield call("get_object_acl", **NAME, Key="k")
    yield call("get_object_tagging", **NAME, Key="k")
    yield call("put_object_tagging", **NAME, Key="k", Tagging={"TagSet": [{"Key": "b", "Value": "2"}]})
    yield call("delete_object_tagging", **NAME, Key="k")
    yield call("copy_object", **NAME, Key="copy", CopySource="shapes-box/k")
    yield call("list_objects", **NAME)
    yield call("list_objects_v2", **NAME)
    yield call("list_objects_v2", "page", **NAME, MaxKeys=1, Delimiter="/", Prefix="c")
    upload = call("create_multipart_upload", **NAME, Key="parts")
    yield upload
    which = {**NAME, "Key": "parts", "UploadId": upload[2]["UploadId"]}
    part = call("upload_part", **which, PartNumber=1, Body=os.urandom(5 << 20))
    yield part
    copied = call("upload_part_copy", **which, PartNumber=2, CopySource="shapes-box/k")
    yield copied
    yield call("list_parts", **which)
    yield call("list_multipart_uploads", **NAME)
    parts = [{"PartNumber": 1, "ETag": part[2]["ETag"]}, {"PartNumber": 2, "ETag": copied[2]["CopyPartResult"]["ETag"]}]
    yield call("complete_multipart_upload", **which, MultipartUpload={"Parts": parts})
    yield call("get_object", "part", **NAME, Key="parts", PartNumber=1)
    other = s3.create_multipart_upload(**NAME, Key="other")["UploadId"]
    yield call("abort_multipart_upload", **NAME, Key="other", UploadId=other)
    yield call("put_bucket_versioning", **NAME, VersioningConfiguration={"Status": "Enabled"})
    yield call("get_bucket_versioning", **NAME)
    yield call("put_object", "version", **NAME, Key="k", Body=b"again")
    yield call("delete_object", "marker", **NAME, Key="k")
    yield call("list_object_versions", **NAME)
    versions = s3.list_object_versions(**NAME)
    every = [{"Key": one["Key"], "VersionId": one["VersionId"]} for one in versions["Versions"] + versions["DeleteMarkers"]]
    yield call("delete_objects", **NAME, Delete={"Objects": every[1:]})
    yield call("delete_object", "version", **NAME, **every[0])
    yield call("delete_bucket", **NAME)


def kind(value):
    """The shape of a value: an object's members by name, the first item of a list, or the name of the type."""
    if isinstance(value, dict):
        return {name: kind(member) for name, member in value.items() if name != "ResponseMetadata"}
    if isinstance(value, list):
        return [kind(item) for item in value[:1]]
    return "time" if isinstance(value, datetime) else "body" if hasattr(value, "read") else type(value).__name__


def flat(shape, path=""):
    """Every path to a leaf, with the leaf's type."""
    if isinstance(shape, dict):
        return {leaf for name, member in shape.items() for leaf in flat(member, f"{path}.{name}")}
    if isinstance(shape, list):
        return {leaf for member in shape for leaf in flat(member, f"{path}[]")} or {f"{path}[]"}
    return {f"{path}: {shape}"}


def answers(s3):
    return {f"{operation} {mark}".strip(): flat(kind(answer), operation) for operation, mark, answer in steps(s3)}


# The differences of each step: members that only the cloud has (+) and members that only moto has (-).
DIFFERENCES = {
    # S3 returns these members, and moto does not. It encrypts every object, and names the method.
    "head_bucket": ["+head_bucket.AccessPointAlias: bool"],
    "list_buckets": ["+list_buckets.Buckets[].BucketRegion: str"],
    "get_bucket_acl": ["+get_bucket_acl.Grants[].Grantee.DisplayName: str"],
    "get_object_acl": ["+get_object_acl.Grants[].Grantee.DisplayName: str"],
    "put_object": ["+put_object.ChecksumType: str", "+put_object.ServerSideEncryption: str"],
    "put_object checked": ["+put_object.ChecksumType: str", "+put_object.ServerSideEncryption: str"],
    "put_object version": ["+put_object.ChecksumType: str", "+put_object.ServerSideEncryption: str"],
    "get_object": ["+get_object.ChecksumType: str", "+get_object.ServerSideEncryption: str"],
    "get_object part": ["+get_object.ContentRange: str", "+get_object.PartsCount: int", "+get_object.ServerSideEncryption: str"],
    "get_object range": ["+get_object.ServerSideEncryption: str"],
    "head_object": ["+head_object.ServerSideEncryption: str"],
    "create_multipart_upload": ["+create_multipart_upload.ServerSideEncryption: str"],
    "put_bucket_lifecycle_configuration": ["+put_bucket_lifecycle_configuration.TransitionDefaultMinimumObjectSize: str"],
    "copy_object": ["+copy_object.CopyObjectResult.ChecksumType: str", "+copy_object.ServerSideEncryption: str"],
    "list_objects": [
        "+list_objects.Contents[].ChecksumAlgorithm[]: str", "+list_objects.Contents[].ChecksumType: str",
        "+list_objects.Marker: str", "+list_objects.Prefix: str",
    ],
    "list_objects_v2": ["+list_objects_v2.Contents[].ChecksumType: str"],
    "list_objects_v2 page": ["+list_objects_v2.Contents[].ChecksumType: str"],
    "list_parts": ["+list_parts.Parts[].ChecksumCRC32: str"],
    "list_multipart_uploads": [
        "+list_multipart_uploads.Prefix: str", "+list_multipart_uploads.Uploads[].ChecksumAlgorithm: str",
        "+list_multipart_uploads.Uploads[].ChecksumType: str",
    ],
    "upload_part": ["+upload_part.ServerSideEncryption: str"],
    "upload_part_copy": [
        "+upload_part_copy.CopyPartResult.ChecksumCRC64NVME: str", "+upload_part_copy.ServerSideEncryption: str",
    ],
    "list_object_versions": [
        "+list_object_versions.EncodingType: str", "+list_object_versions.Versions[].ChecksumAlgorithm[]: str",
        "+list_object_versions.Versions[].ChecksumType: str",
    ],
    # Without versioning there is no version id here; moto returns `null`.
    "complete_multipart_upload": ["+complete_multipart_upload.ServerSideEncryption: str", "-complete_multipart_upload.VersionId: str"],
    # S3 returns these members too; the cloud omits them when the request did not set them.
    "delete_object version": ["-delete_object.VersionId: str"],
    "get_bucket_encryption": ["-get_bucket_encryption.ServerSideEncryptionConfiguration.Rules[].BucketKeyEnabled: bool"],
}


def operations():
    """The names of all operations of the cloud's S3."""
    path = os.path.join(os.path.dirname(__file__), "../../src/services/s3/operations/which.rs")
    with open(path) as file:
        names = file.read().split("NAMES: &[&str] = &[")[1].split("]")[0]
    return [name.strip(' \n"') for name in names.split(",") if name.strip()]


def test_every_operation_answers_in_the_shape_of_moto():
    ours = answers(client("s3"))
    called = {step.split()[0].replace("_", "") for step in ours}
    # boto3 has no operation for forms; `s3.py` sends them.
    equal([name for name in operations() if name.lower() not in called], ["PostObject"])
    with mock_aws():
        config = Config(retries={"total_max_attempts": 1})
        theirs = answers(boto3.client("s3", region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test", config=config))
    found = {}
    for step in ours:
        differs = {f"+{leaf}" for leaf in ours[step] - theirs[step]} | {f"-{leaf}" for leaf in theirs[step] - ours[step]}
        if differs:
            found[step] = sorted(differs)
    equal(found, {step: sorted(listed) for step, listed in DIFFERENCES.items()})


run(globals())
