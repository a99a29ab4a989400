//! The stores: each service has typed operations that the wire protocols and the event sources share.

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
pub(crate) mod sns;
pub(crate) mod sqs;
pub(crate) mod ssm;
pub(crate) mod sts;
