//! What IAM declares about itself to the rest of the cloud.

use super::{Iam, cloudformation};
use crate::{
    resource::ResourceType,
    service::{About, Dialect, Query, Service, about_and_call},
};

static ABOUT: About = About {
    query: Some(Query {
        version: "2010-05-08",
        namespace: "https://iam.amazonaws.com/doc/2010-05-08/",
        codes: &[
            ("AccessDeniedException", "AccessDenied"),
            ("NoSuchEntityException", "NoSuchEntity"),
            ("EntityAlreadyExistsException", "EntityAlreadyExists"),
            ("DeleteConflictException", "DeleteConflict"),
            ("MalformedPolicyDocumentException", "MalformedPolicyDocument"),
            ("InvalidInputException", "InvalidInput"),
            ("LimitExceededException", "LimitExceeded"),
            ("UnmodifiableEntityException", "UnmodifiableEntity"),
        ],
        dialect: Dialect::Members,
        path_member: None,
    }),
    operations: &[
        "AttachRolePolicy",
        "CreatePolicy",
        "CreatePolicyVersion",
        "CreateRole",
        "CreateServiceLinkedRole",
        "DeletePolicy",
        "DeletePolicyVersion",
        "DeleteRole",
        "DeleteRolePolicy",
        "DeleteServiceLinkedRole",
        "DetachRolePolicy",
        "GetPolicy",
        "GetPolicyVersion",
        "GetRole",
        "GetRolePolicy",
        "GetServiceLinkedRoleDeletionStatus",
        "ListAttachedRolePolicies",
        "ListEntitiesForPolicy",
        "ListInstanceProfilesForRole",
        "ListPolicies",
        "ListPolicyTags",
        "ListPolicyVersions",
        "ListRolePolicies",
        "ListRoleTags",
        "ListRoles",
        "PutRolePolicy",
        "SetDefaultPolicyVersion",
        "TagPolicy",
        "TagRole",
        "UntagPolicy",
        "UntagRole",
        "UpdateAssumeRolePolicy",
        "UpdateRole",
        "UpdateRoleDescription",
    ],
    without_effect: &["policies and roles: the embedded cloud does not evaluate IAM"],
    ..About::named("iam")
};

impl Service for Iam {
    about_and_call!(ABOUT);

    fn resource_types(&self) -> Vec<(&'static str, Box<dyn ResourceType>)> {
        vec![
            ("AWS::IAM::ManagedPolicy", Box::new(cloudformation::ManagedPolicy)),
            ("AWS::IAM::Policy", Box::new(cloudformation::Policy)),
            ("AWS::IAM::Role", Box::new(cloudformation::Role)),
        ]
    }
}
