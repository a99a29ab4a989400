//! Templates that write numbers and booleans as text, and texts as numbers.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::{Options, cloud::Cloud, template::Template};

async fn call(cloud: &Cloud, service: &str, operation: &str, input: Value) -> Value {
    let output = cloud.call(&cloud.context("us-east-1"), service, operation, input).await;
    output.unwrap_or_else(|error| panic!("{operation}: {error}"))
}

#[tokio::test]
async fn values_inside_structures_take_the_form_of_their_members() {
    let cloud = Cloud::new(Options::default());
    let template = json!({ "Resources": {
        "Plan": { "Type": "AWS::ApiGateway::UsagePlan", "Properties": {
            "Throttle": { "BurstLimit": "5", "RateLimit": "1.5" }, "Quota": { "Limit": "7", "Period": "DAY" },
            "Tags": [{ "Key": "k", "Value": 5 }],
        }},
        "Schedule": { "Type": "AWS::Scheduler::Schedule", "Properties": {
            "Name": "s", "ScheduleExpression": "rate(1 day)",
            "FlexibleTimeWindow": { "Mode": "FLEXIBLE", "MaximumWindowInMinutes": "5" },
            "Target": {
                "Arn": "arn:aws:sqs:us-east-1:000000000000:q", "RoleArn": "arn:aws:iam::000000000000:role/r",
                "RetryPolicy": { "MaximumRetryAttempts": "3" },
            },
        }},
        "Secret": { "Type": "AWS::SecretsManager::Secret", "Properties": {
            "Name": "secret", "GenerateSecretString": { "PasswordLength": "20", "ExcludePunctuation": "true" },
        }},
        "Api": { "Type": "AWS::ApiGatewayV2::Api", "Properties": {
            "Name": "api", "ProtocolType": "HTTP", "Tags": { "k": 5 },
            "CorsConfiguration": { "AllowOrigins": ["http://a"], "MaxAge": "60", "AllowCredentials": "true" },
        }},
        "Stage": { "Type": "AWS::ApiGatewayV2::Stage", "Properties": {
            "ApiId": { "Ref": "Api" }, "StageName": "dev", "StageVariables": { "size": 5 },
            "DefaultRouteSettings": { "ThrottlingBurstLimit": "5", "ThrottlingRateLimit": "2.5" },
        }},
        "Images": { "Type": "AWS::ECR::Repository", "Properties": {
            "RepositoryName": "images", "ImageScanningConfiguration": { "ScanOnPush": "true" },
        }},
    }});
    let template = Template::parse(&template.to_string()).unwrap();
    cloud.apply("stack", &template, &BTreeMap::new()).await.unwrap();

    let plans = call(&cloud, "apigateway", "GetUsagePlans", json!({})).await;
    assert_eq!(plans["item"][0]["throttle"], json!({ "burstLimit": 5, "rateLimit": 1.5 }));
    assert_eq!(plans["item"][0]["quota"]["limit"], 7);
    assert_eq!(plans["item"][0]["tags"]["k"], "5");
    let schedule = call(&cloud, "scheduler", "GetSchedule", json!({ "Name": "s" })).await;
    assert_eq!(schedule["FlexibleTimeWindow"]["MaximumWindowInMinutes"], 5);
    assert_eq!(schedule["Target"]["RetryPolicy"]["MaximumRetryAttempts"], 3);
    let secret = call(&cloud, "secretsmanager", "GetSecretValue", json!({ "SecretId": "secret" })).await;
    assert_eq!(secret["SecretString"].as_str().unwrap().len(), 20);
    let apis = call(&cloud, "apigatewayv2", "GetApis", json!({})).await;
    let api = &apis["items"][0];
    assert_eq!(api["corsConfiguration"]["maxAge"], 60);
    assert_eq!(api["corsConfiguration"]["allowCredentials"], true);
    assert_eq!(api["tags"]["k"], "5");
    let stages = call(&cloud, "apigatewayv2", "GetStages", json!({ "apiId": api["apiId"] })).await;
    assert_eq!(stages["items"][0]["stageVariables"]["size"], "5");
    assert_eq!(stages["items"][0]["defaultRouteSettings"]["throttlingRateLimit"], 2.5);
    let images = call(&cloud, "ecr", "DescribeRepositories", json!({})).await;
    assert_eq!(images["repositories"][0]["imageScanningConfiguration"]["scanOnPush"], true);
}

#[tokio::test]
async fn a_value_in_the_wrong_form_is_named_with_its_place() {
    let cloud = Cloud::new(Options::default());
    let template = json!({ "Resources": { "Plan": { "Type": "AWS::ApiGateway::UsagePlan", "Properties": {
        "Quota": { "Limit": "many", "Period": "DAY" },
    }}}});
    let template = Template::parse(&template.to_string()).unwrap();
    let error = cloud.apply("stack", &template, &BTreeMap::new()).await.unwrap_err().to_string();
    assert!(error.contains("Quota.Limit") && error.contains("a whole number"), "{error}");
}
