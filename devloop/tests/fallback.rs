//! `--fallback`: a function asks for a service that devloop lacks, and moto's server has.

#![expect(clippy::unwrap_used, reason = "what goes wrong in a helper fails its test")]

mod support;

use serde_json::Value;
use support::{Moto, Session, Workspace, send};

/// A function that lists the keys of KMS, or returns what refused that.
const TEMPLATE: &str = r#"Resources:
  Ask:
    Type: AWS::Lambda::Function
    Properties:
      FunctionName: ask
      Runtime: python3.12
      Handler: index.handler
      Role: arn:aws:iam::000000000000:role/ask
      Code:
        ZipFile: |
          import json, os, urllib.error, urllib.request
          SCOPE = "Credential=test/20260101/us-east-1/kms/aws4_request, SignedHeaders=host, Signature=0"
          HEADERS = {"X-Amz-Target": "TrentService.ListKeys", "Content-Type": "application/x-amz-json-1.1",
                     "X-Amz-Date": "20260101T000000Z", "Authorization": "AWS4-HMAC-SHA256 " + SCOPE}
          def handler(event, context):
              request = urllib.request.Request(os.environ["AWS_ENDPOINT_URL"], b"{}", HEADERS)
              try:
                  return json.load(urllib.request.urlopen(request))
              except urllib.error.HTTPError as error:
                  return {"refused": error.code, "why": error.read().decode()}
"#;

/// What the function returns in a session with these further arguments.
fn asked(more: &[&str]) -> Value {
    let workspace = Workspace::tiny();
    workspace.save("ask.yaml", TEMPLATE);
    let arguments = [&["up", "--port", "0", "--json", "--template", "ask.yaml"], more].concat();
    let session = Session::start(workspace, &arguments);
    let url = format!("{}/2015-03-31/functions/ask/invocations", session.endpoint);
    let answer = send("POST", &url, &[], "{}").unwrap();
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()
}

#[test]
fn a_function_gets_the_answer_of_a_service_that_only_the_fallback_has() {
    let moto = Moto::start();
    let made = moto.call(&["kms", "create-key"]);
    let listed = asked(&["--fallback", &moto.endpoint]);
    assert_eq!(listed["Keys"][0]["KeyId"], made["KeyMetadata"]["KeyId"], "{listed}");

    // Without it, the refusal names the option.
    let refused = asked(&[]);
    assert_eq!(refused["refused"], 404, "{refused}");
    let why = refused["why"].as_str().unwrap();
    assert!(why.contains("kms") && why.contains("--fallback"), "{why}");
}
