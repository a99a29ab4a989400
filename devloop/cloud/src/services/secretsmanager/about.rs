//! What Secrets Manager declares about itself to the rest of the cloud.

use super::{SecretsManager, cloudformation, service::KEPT_BYTES};
use crate::{
    resource::ResourceType,
    service::{About, Json, JsonVersion, Service, about_and_call},
};

static ABOUT: About = About {
    json: Some(Json { target: "secretsmanager", version: JsonVersion::V11, namespace: "", cbor: None }),
    operations: &[
        "BatchGetSecretValue",
        "CreateSecret",
        "DeleteResourcePolicy",
        "DeleteSecret",
        "DescribeSecret",
        "GetRandomPassword",
        "GetResourcePolicy",
        "GetSecretValue",
        "ListSecretVersionIds",
        "ListSecrets",
        "PutResourcePolicy",
        "PutSecretValue",
        "RestoreSecret",
        "TagResource",
        "UntagResource",
        "UpdateSecret",
        "UpdateSecretVersionStage",
    ],
    without_effect: &[
        "KmsKeyId of a secret: the value is kept as it is",
        "resource policies: nothing asks who is calling",
        "ForceOverwriteReplicaSecret: secrets have no replicas, and AddReplicaRegions is refused",
    ],
    ..About::named("secretsmanager")
};

impl Service for SecretsManager {
    about_and_call!(ABOUT);

    fn resource_types(&self) -> Vec<(&'static str, Box<dyn ResourceType>)> {
        vec![("AWS::SecretsManager::Secret", Box::new(cloudformation::Secret))]
    }

    fn retained(&self) -> Vec<(&'static str, u64)> {
        let (secrets, bytes) = self.size();
        vec![("secrets", secrets as u64), ("secret_bytes", bytes as u64)]
    }

    fn limits(&self) -> &'static [(&'static str, u64)] {
        &[("secret_bytes", KEPT_BYTES as u64)]
    }
}
