//! The resource types of REST APIs.

mod apis;
mod checks;
mod method;
mod plans;
mod rest_api;

use crate::resource::ResourceType;

/// The resource types that API Gateway implements.
pub(super) fn types() -> Vec<(&'static str, Box<dyn ResourceType>)> {
    vec![
        ("AWS::ApiGateway::Account", Box::new(apis::Account)),
        ("AWS::ApiGateway::ApiKey", Box::new(plans::ApiKey)),
        ("AWS::ApiGateway::Authorizer", Box::new(checks::Authorizer)),
        ("AWS::ApiGateway::Deployment", Box::new(apis::Deployment)),
        ("AWS::ApiGateway::GatewayResponse", Box::new(checks::GatewayResponse)),
        ("AWS::ApiGateway::Method", Box::new(method::Method)),
        ("AWS::ApiGateway::Model", Box::new(checks::Model)),
        ("AWS::ApiGateway::RequestValidator", Box::new(checks::RequestValidator)),
        ("AWS::ApiGateway::Resource", Box::new(apis::Resource)),
        ("AWS::ApiGateway::RestApi", Box::new(rest_api::RestApi)),
        ("AWS::ApiGateway::Stage", Box::new(apis::Stage)),
        ("AWS::ApiGateway::UsagePlan", Box::new(plans::UsagePlan)),
        ("AWS::ApiGateway::UsagePlanKey", Box::new(plans::UsagePlanKey)),
    ]
}
