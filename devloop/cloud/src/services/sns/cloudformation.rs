//! `AWS::SNS::Topic`, `AWS::SNS::Subscription`, `AWS::SNS::TopicPolicy` and `AWS::SNS::TopicInlinePolicy`.

use serde_json::{Map, Value, json};

use crate::arn::Arn;
use crate::resource::{
    Cause, Created, Doing, Properties, Record, ResourceType,
    Shape::{self, Any, Text, Texts},
    Task, tag_list, text,
};

/// What can change in a topic: its tags and these attributes.
const TOPIC_UPDATABLE: &[&str] = &[
    "ContentBasedDeduplication",
    "DisplayName",
    "FifoThroughputScope",
    "KmsMasterKeyId",
    "SignatureVersion",
    "Tags",
    "TracingConfig",
];

/// The attributes of a subscription.
const SUBSCRIPTION_ATTRIBUTES: &[&str] = &[
    "DeliveryPolicy",
    "FilterPolicy",
    "FilterPolicyScope",
    "RawMessageDelivery",
    "RedrivePolicy",
    "ReplayPolicy",
    "SubscriptionRoleArn",
];

/// Attributes in the form of the API: texts, with structures as JSON.
fn attributes(task: &Task<'_>, names: &[&str]) -> Map<String, Value> {
    let as_text = |value: Value| if value.is_string() { value } else { value.to_string().into() };
    let given = task.pick(names).into_iter().filter(|(name, _)| name != "Tags");
    given.map(|(name, value)| (name, as_text(value))).collect()
}

/// `AWS::SNS::Topic`.
#[derive(Debug)]
pub(super) struct Topic;

impl ResourceType for Topic {
    fn properties(&self) -> Properties {
        &[
            ("ArchivePolicy", Any),
            ("ContentBasedDeduplication", Text),
            ("DataProtectionPolicy", Any),
            ("DeliveryStatusLogging", Any),
            ("DisplayName", Text),
            ("FifoThroughputScope", Text),
            ("FifoTopic", Text),
            ("KmsMasterKeyId", Text),
            ("SignatureVersion", Text),
            ("Subscription", Any),
            ("Tags", Shape::TAGS),
            ("TopicName", Text),
            ("TracingConfig", Text),
        ]
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["TopicArn", "TopicName"]
    }

    fn updatable(&self) -> &'static [&'static str] {
        TOPIC_UPDATABLE
    }

    fn create<'a>(&'a self, task: &'a Task<'a>) -> Doing<'a, Created> {
        Box::pin(async move {
            for name in ["ArchivePolicy", "DataProtectionPolicy", "DeliveryStatusLogging"] {
                if task.properties.get(name).is_some() {
                    return Err(Cause::Property(format!("the embedded cloud has no {name} of topics")));
                }
            }
            let fifo = task.text("FifoTopic") == Some("true");
            let name = match task.text("TopicName") {
                Some(name) => name.to_owned(),
                None if fifo => format!("{}.fifo", task.name("TopicName", 250)),
                None => task.name("TopicName", 256),
            };
            let mut given = attributes(task, TOPIC_UPDATABLE);
            if fifo {
                given.insert("FifoTopic".to_owned(), "true".into());
            }
            let mut input = json!({ "Name": name, "Attributes": given });
            if let Some(tags) = task.tags()? {
                input["Tags"] = tags;
            }
            let arn = text(&task.call("sns", "CreateTopic", input).await?, "/TopicArn")?;
            task.began(&arn);
            let subscriptions = task.properties.get("Subscription").and_then(Value::as_array);
            for subscription in subscriptions.into_iter().flatten() {
                let input = json!({
                    "TopicArn": arn,
                    "Protocol": subscription.get("Protocol"),
                    "Endpoint": subscription.get("Endpoint"),
                });
                task.call("sns", "Subscribe", input).await?;
            }
            Ok(Created::new(&arn).with("TopicArn", arn).with("TopicName", name))
        })
    }

    fn update<'a>(&'a self, task: &'a Task<'a>, before: &'a Record) -> Doing<'a, Created> {
        Box::pin(async move {
            let arn = &before.made.physical_id;
            for (name, value) in attributes(task, TOPIC_UPDATABLE) {
                let input = json!({ "TopicArn": arn, "AttributeName": name, "AttributeValue": value });
                task.call("sns", "SetTopicAttributes", input).await?;
            }
            let (gone, tags) = task.tag_changes(before)?;
            if !gone.is_empty() {
                task.call("sns", "UntagResource", json!({ "ResourceArn": arn, "TagKeys": gone })).await?;
            }
            if !tags.is_empty() {
                let input = json!({ "ResourceArn": arn, "Tags": tag_list(&tags) });
                task.call("sns", "TagResource", input).await?;
            }
            let name = Arn::parse(arn).map_or("", |arn| arn.resource).to_owned();
            Ok(Created::new(arn).with("TopicArn", arn).with("TopicName", name))
        })
    }

    fn delete<'a>(&'a self, task: &'a Task<'a>, physical_id: &'a str) -> Doing<'a, ()> {
        Box::pin(async move {
            task.call("sns", "DeleteTopic", json!({ "TopicArn": physical_id })).await?;
            Ok(())
        })
    }
}

/// `AWS::SNS::Subscription`.
#[derive(Debug)]
pub(super) struct Subscription;

impl ResourceType for Subscription {
    fn properties(&self) -> Properties {
        &[
            ("DeliveryPolicy", Any),
            ("Endpoint", Text),
            ("FilterPolicy", Any),
            ("FilterPolicyScope", Text),
            ("Protocol", Text),
            ("RawMessageDelivery", Text),
            ("RedrivePolicy", Any),
            ("Region", Text),
            ("ReplayPolicy", Any),
            ("SubscriptionRoleArn", Text),
            ("TopicArn", Text),
        ]
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["Arn"]
    }

    fn updatable(&self) -> &'static [&'static str] {
        SUBSCRIPTION_ATTRIBUTES
    }

    fn create<'a>(&'a self, task: &'a Task<'a>) -> Doing<'a, Created> {
        Box::pin(async move {
            if task.text("Region").is_some_and(|region| region != &*task.cx.region) {
                return Err(Cause::Property(
                    "a subscription's topic must be in the stack's region".to_owned(),
                ));
            }
            let input = json!({
                "TopicArn": task.required("TopicArn")?,
                "Protocol": task.required("Protocol")?,
                "Endpoint": task.text("Endpoint"),
                "Attributes": attributes(task, SUBSCRIPTION_ATTRIBUTES),
                "ReturnSubscriptionArn": true,
            });
            let arn = text(&task.call("sns", "Subscribe", input).await?, "/SubscriptionArn")?;
            task.began(&arn);
            Ok(Created::new(&arn).with("Arn", arn))
        })
    }

    fn update<'a>(&'a self, task: &'a Task<'a>, before: &'a Record) -> Doing<'a, Created> {
        Box::pin(async move {
            let arn = &before.made.physical_id;
            let given = attributes(task, SUBSCRIPTION_ATTRIBUTES);
            for name in SUBSCRIPTION_ATTRIBUTES {
                let had = before.properties.contains_key(*name);
                let Some(value) = given.get(*name).cloned().or_else(|| had.then(|| "".into())) else {
                    continue;
                };
                let input = json!({ "SubscriptionArn": arn, "AttributeName": name, "AttributeValue": value });
                task.call("sns", "SetSubscriptionAttributes", input).await?;
            }
            Ok(Created::new(arn).with("Arn", arn.clone()))
        })
    }

    fn delete<'a>(&'a self, task: &'a Task<'a>, physical_id: &'a str) -> Doing<'a, ()> {
        Box::pin(async move {
            task.call("sns", "Unsubscribe", json!({ "SubscriptionArn": physical_id })).await?;
            Ok(())
        })
    }
}

async fn set_policy(task: &Task<'_>, topics: &[&str], policy: &str) -> Result<(), Cause> {
    for arn in topics {
        let input = json!({ "TopicArn": arn, "AttributeName": "Policy", "AttributeValue": policy });
        task.call("sns", "SetTopicAttributes", input).await?;
    }
    Ok(())
}

fn document(task: &Task<'_>) -> Result<String, Cause> {
    let policy = task.properties.get("PolicyDocument");
    let policy =
        policy.ok_or_else(|| Cause::Property("the property PolicyDocument is missing".to_owned()))?;
    Ok(policy.to_string())
}

/// `AWS::SNS::TopicPolicy`: one policy for several topics.
#[derive(Debug)]
pub(super) struct TopicPolicy;

impl ResourceType for TopicPolicy {
    fn properties(&self) -> Properties {
        &[("PolicyDocument", Any), ("Topics", Texts)]
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["Id"]
    }

    fn updatable(&self) -> &'static [&'static str] {
        &["PolicyDocument"]
    }

    fn create<'a>(&'a self, task: &'a Task<'a>) -> Doing<'a, Created> {
        Box::pin(async move {
            let id = task.stable_id();
            task.began(&id);
            set_policy(task, &task.texts("Topics"), &document(task)?).await?;
            Ok(Created::new(&id).with("Id", id))
        })
    }

    fn update<'a>(&'a self, task: &'a Task<'a>, _: &'a Record) -> Doing<'a, Created> {
        self.create(task)
    }

    fn delete<'a>(&'a self, task: &'a Task<'a>, _: &'a str) -> Doing<'a, ()> {
        Box::pin(async move { set_policy(task, &task.texts("Topics"), "").await })
    }
}

/// `AWS::SNS::TopicInlinePolicy`: the policy of one topic.
#[derive(Debug)]
pub(super) struct TopicInlinePolicy;

impl ResourceType for TopicInlinePolicy {
    fn properties(&self) -> Properties {
        &[("PolicyDocument", Any), ("TopicArn", Text)]
    }

    fn updatable(&self) -> &'static [&'static str] {
        &["PolicyDocument"]
    }

    fn create<'a>(&'a self, task: &'a Task<'a>) -> Doing<'a, Created> {
        Box::pin(async move {
            let arn = task.required("TopicArn")?;
            set_policy(task, &[arn], &document(task)?).await?;
            Ok(Created::new(arn))
        })
    }

    fn update<'a>(&'a self, task: &'a Task<'a>, _: &'a Record) -> Doing<'a, Created> {
        self.create(task)
    }

    fn delete<'a>(&'a self, task: &'a Task<'a>, physical_id: &'a str) -> Doing<'a, ()> {
        Box::pin(async move { set_policy(task, &[physical_id], "").await })
    }
}
