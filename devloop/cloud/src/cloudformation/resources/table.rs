//! Which types there are.

use std::collections::HashMap;

use super::provider::Provider;
use super::{
    apigateway, cdk, dynamodb, event_source, function_access, iam, kinesis, lambda, logs, method, sqs, ssm,
};

/// The providers by type name.
#[derive(Debug)]
pub(in super::super) struct Table(HashMap<&'static str, Box<dyn Provider>>);

impl Default for Table {
    fn default() -> Self {
        let types: [(&'static str, Box<dyn Provider>); 22] = [
            ("AWS::ApiGateway::Account", Box::new(apigateway::Account)),
            ("AWS::ApiGateway::Deployment", Box::new(apigateway::Deployment)),
            ("AWS::ApiGateway::Method", Box::new(method::Method)),
            ("AWS::ApiGateway::Resource", Box::new(apigateway::Resource)),
            ("AWS::ApiGateway::RestApi", Box::new(apigateway::RestApi)),
            ("AWS::ApiGateway::Stage", Box::new(apigateway::Stage)),
            ("AWS::CDK::Metadata", Box::new(cdk::Metadata)),
            ("AWS::DynamoDB::Table", Box::new(dynamodb::Table)),
            ("AWS::IAM::ManagedPolicy", Box::new(iam::ManagedPolicy)),
            ("AWS::IAM::Policy", Box::new(iam::Policy)),
            ("AWS::IAM::Role", Box::new(iam::Role)),
            ("AWS::Kinesis::Stream", Box::new(kinesis::Stream)),
            ("AWS::Lambda::Alias", Box::new(lambda::Alias)),
            ("AWS::Lambda::EventSourceMapping", Box::new(event_source::EventSourceMapping)),
            ("AWS::Lambda::Function", Box::new(lambda::Function)),
            ("AWS::Lambda::Permission", Box::new(function_access::Permission)),
            ("AWS::Lambda::Url", Box::new(function_access::Url)),
            ("AWS::Lambda::Version", Box::new(lambda::Version)),
            ("AWS::Logs::LogGroup", Box::new(logs::LogGroup)),
            ("AWS::SQS::Queue", Box::new(sqs::Queue)),
            ("AWS::SQS::QueuePolicy", Box::new(sqs::QueuePolicy)),
            ("AWS::SSM::Parameter", Box::new(ssm::Parameter)),
        ];
        Self::new(types)
    }
}

impl Table {
    /// A table of the given types.
    pub(in super::super) fn new(types: impl IntoIterator<Item = (&'static str, Box<dyn Provider>)>) -> Self {
        Self(types.into_iter().collect())
    }

    /// The provider of a type.
    pub(in super::super) fn get(&self, kind: &str) -> Option<&dyn Provider> {
        self.0.get(kind).map(Box::as_ref)
    }
}
