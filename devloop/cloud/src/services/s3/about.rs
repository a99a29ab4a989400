//! What S3 declares about itself to the rest of the cloud.

use std::{collections::BTreeMap, sync::Weak};

use serde_json::{Value, json};

use super::{
    bucket::Versioning,
    cloudformation,
    content::{DISK, MEMORY},
    document::text,
    inside,
    operations::{self, SETTINGS},
    service::S3,
};
use crate::{
    context::Context,
    error::ApiError,
    http::{Arriving, Reply, Request},
    resource::ResourceType,
    service::{About, Answering, Catalogue, Service},
};

static ABOUT: About = About {
    operations: operations::NAMES,
    without_effect: &[
        "lifecycle rules: nothing expires and nothing moves to another storage class",
        "encryption settings and x-amz-server-side-encryption: nothing is encrypted",
        "x-amz-storage-class: it is shown only",
        "x-amz-request-payer: nothing is charged",
        "x-amz-mfa and x-amz-bypass-governance-retention: nothing is protected by them",
        "bucket policies: they are evaluated for anonymous requests only",
    ],
    ..About::named("s3")
};

impl Service for S3 {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    /// Runs an operation on a bucket from inside the process, or reads, writes or deletes an object.
    fn call<'a>(
        &'a self,
        cx: &'a Context,
        operation: &'a str,
        input: Value,
    ) -> Answering<'a, Result<Value, ApiError>> {
        Box::pin(async move {
            let name = text(&input, "Bucket").unwrap_or_default();
            match operation {
                "GetObject" => inside::call(self, cx, "GetObject", &input).await,
                "PutObject" => inside::call(self, cx, "PutObject", &input).await,
                "DeleteObject" => inside::call(self, cx, "DeleteObject", &input).await,
                "ListObjectVersions" => self.bucket(name).map(|bucket| inside::versions(&bucket)),
                "CreateBucket" => {
                    operations::create(self, name, &cx.region, BTreeMap::new()).map(|()| json!({}))
                }
                "DeleteBucket" => operations::remove(self, name).map(|()| json!({})),
                "HeadBucket" => self.bucket(name).map(|_| json!({})),
                "PutBucketVersioning" => {
                    let versioning =
                        match input.pointer("/VersioningConfiguration/Status").and_then(Value::as_str) {
                            Some("Enabled") => Versioning::Enabled,
                            Some("Suspended") => Versioning::Suspended,
                            _ => return Err(super::error::malformed_xml()),
                        };
                    *self.bucket(name)?.versioning.write() = versioning;
                    Ok(json!({}))
                }
                _ => {
                    let bucket = self.bucket(name)?;
                    if let Some(setting) = SETTINGS.iter().find(|setting| setting.get == operation) {
                        let document = bucket.settings.read().get(setting.parameter).cloned();
                        return Ok(json!({ "Document": document }));
                    }
                    if let Some(setting) = SETTINGS.iter().find(|setting| setting.put == operation) {
                        let document = input.get("Document").cloned().unwrap_or_else(|| json!({}));
                        operations::put_setting(self, cx, &bucket, setting.parameter, document, true).await?;
                        return Ok(json!({}));
                    }
                    if let Some(setting) = SETTINGS.iter().find(|setting| setting.delete == Some(operation)) {
                        bucket.settings.write().remove(setting.parameter);
                        return Ok(json!({}));
                    }
                    Err(ApiError::unsupported(format_args!("s3:{operation} from inside the process")))
                }
            }
        })
    }

    fn is_addressed(&self, request: &Request) -> bool {
        self.is_mine(request)
    }

    fn answer<'a>(&'a self, cx: &'a Context, request: Request, body: Arriving) -> Answering<'a, Reply> {
        Box::pin(self.respond(cx, request, body))
    }

    fn connect(&self, all: Weak<dyn Catalogue>) {
        // The registry is made once; a second one would be ignored.
        let _ = self.all.set(all);
    }

    fn resource_types(&self) -> Vec<(&'static str, Box<dyn ResourceType>)> {
        cloudformation::types()
    }

    fn status(&self, _: i64) -> Answering<'_, Vec<(&'static str, Value)>> {
        Box::pin(async move {
            let buckets: Vec<Value> = self
                .buckets
                .read()
                .values()
                .map(|bucket| {
                    let objects = bucket.objects.read();
                    let bytes: u64 = objects.values().flatten().map(|version| version.content.length).sum();
                    json!({
                        "name": bucket.name, "region": &*bucket.region, "objects": objects.len(), "bytes": bytes,
                        "uploads": bucket.uploads.read().len(),
                    })
                })
                .collect();
            vec![("buckets", buckets.into())]
        })
    }

    fn retained(&self) -> Vec<(&'static str, u64)> {
        let objects = self.buckets.read().values().map(|bucket| bucket.objects.read().len() as u64).sum();
        vec![
            ("objects", objects),
            ("object_bytes_in_memory", self.folder.in_memory() as u64),
            ("object_bytes_on_disk", self.folder.on_disk().bytes() as u64),
        ]
    }

    /// The limits of all objects together, and of the parts of uploads.
    fn limits(&self) -> &'static [(&'static str, u64)] {
        &[("object_bytes_in_memory", MEMORY as u64), ("object_bytes_on_disk", DISK as u64)]
    }
}
