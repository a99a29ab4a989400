"""boto3's ways to put an XML file: the transfer manager, in one piece and in parts, a presigned address, and a presigned form."""

import sys
import urllib.request

import boto3
from boto3.s3.transfer import TransferConfig

FILE, BUCKET = sys.argv[1:]
s3 = boto3.client("s3")
with open(FILE, "rb") as file:
    content = file.read()

s3.upload_file(FILE, BUCKET, "manager.xml")
s3.upload_file(FILE, BUCKET, "parts.xml", Config=TransferConfig(multipart_threshold=1))
assert s3.head_object(Bucket=BUCKET, Key="parts.xml")["ETag"].endswith('-1"')

address = s3.generate_presigned_url("put_object", Params={"Bucket": BUCKET, "Key": "address.xml"})
with urllib.request.urlopen(urllib.request.Request(address, data=content, method="PUT")) as answer:
    assert answer.status == 200, answer.status

form = s3.generate_presigned_post(BUCKET, "form.xml", Conditions=[["content-length-range", 1, 5_000_000]])
parts = [f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode() for name, value in form["fields"].items()]
parts.append(b'--b\r\nContent-Disposition: form-data; name="file"; filename="f.xml"\r\n\r\n' + content + b"\r\n--b--\r\n")
headers = {"Content-Type": "multipart/form-data; boundary=b"}
with urllib.request.urlopen(urllib.request.Request(form["url"], b"".join(parts), headers)) as answer:
    assert answer.status == 204, answer.status
