//! The resource types of REST APIs.

mod apis;
mod method;

use crate::resource::ResourceType;

/// The types that API Gateway makes for templates.
pub(super) fn types() -> Vec<(&'static str, Box<dyn ResourceType>)> {
    vec![
        ("AWS::ApiGateway::Account", Box::new(apis::Account)),
        ("AWS::ApiGateway::Deployment", Box::new(apis::Deployment)),
        ("AWS::ApiGateway::Method", Box::new(method::Method)),
        ("AWS::ApiGateway::Resource", Box::new(apis::Resource)),
        ("AWS::ApiGateway::RestApi", Box::new(apis::RestApi)),
        ("AWS::ApiGateway::Stage", Box::new(apis::Stage)),
    ]
}
