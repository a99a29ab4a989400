//! Lets those in who know the word.

use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use serde_json::{Value, json};

async fn authorize(event: LambdaEvent<Value>) -> Result<Value, Error> {
    let (token, method) = (&event.payload["authorizationToken"], &event.payload["methodArn"]);
    let effect = if token == "open" { "Allow" } else { "Deny" };
    println!("gate first: {effect}");
    Ok(json!({
        "principalId": "somebody",
        "context": { "by": "gate first" },
        "policyDocument": { "Version": "2012-10-17", "Statement": [{ "Action": "execute-api:Invoke", "Effect": effect, "Resource": method }] },
    }))
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    run(service_fn(authorize)).await
}
