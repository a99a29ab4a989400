//! The services: each has a store and operations, which the wire protocols and other parts of the cloud call.

pub(crate) mod apigateway;
pub(crate) mod apigatewayv2;
pub(crate) mod cloudwatch;
pub(crate) mod dynamodb;
pub(crate) mod ecr;
pub(crate) mod events;
pub(crate) mod iam;
pub(crate) mod kinesis;
pub(crate) mod logs;
pub(crate) mod s3;
pub(crate) mod scheduler;
pub(crate) mod secretsmanager;
pub(crate) mod sns;
pub(crate) mod sqs;
pub(crate) mod ssm;
pub(crate) mod sts;
