//! `AWS::SecretsManager::Secret`.

use serde_json::{Map, Value, json};

use super::random::{Wish, password};
use crate::resource::{
    Cause, Created, Doing, Properties, Record, ResourceType,
    Shape::{self, Flag, Integer, Parts, Text},
    Task, tag_list, text,
};

/// `AWS::SecretsManager::Secret`.
#[derive(Debug)]
pub(super) struct Secret;

impl ResourceType for Secret {
    fn properties(&self) -> Properties {
        &[
            ("Description", Text),
            (
                "GenerateSecretString",
                Parts(&[
                    ("ExcludeLowercase", Flag),
                    ("ExcludeNumbers", Flag),
                    ("ExcludePunctuation", Flag),
                    ("ExcludeUppercase", Flag),
                    ("IncludeSpace", Flag),
                    ("PasswordLength", Integer),
                    ("RequireEachIncludedType", Flag),
                ]),
            ),
            ("KmsKeyId", Text),
            ("Name", Text),
            ("SecretString", Text),
            ("Tags", Shape::TAGS),
        ]
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["Id"]
    }

    fn updatable(&self) -> &'static [&'static str] {
        &["Description", "GenerateSecretString", "KmsKeyId", "SecretString", "Tags"]
    }

    fn create<'a>(&'a self, task: &'a Task<'a>) -> Doing<'a, Created> {
        Box::pin(async move {
            let mut input = task.pick(&["Description", "KmsKeyId", "Tags"]);
            input.insert("Name".to_owned(), task.name("Name", 512).into());
            if let Some(value) = value(task.properties)? {
                input.insert("SecretString".to_owned(), value.into());
            }
            let made = task.call("secretsmanager", "CreateSecret", Value::Object(input)).await?;
            let arn = text(&made, "/ARN")?;
            Ok(Created::new(&*arn).with("Id", arn))
        })
    }

    fn update<'a>(&'a self, task: &'a Task<'a>, before: &'a Record) -> Doing<'a, Created> {
        Box::pin(async move {
            let id = &before.made.physical_id;
            let mut input = Map::from_iter([("SecretId".to_owned(), id.as_str().into())]);
            if task.differs(before, "Description") {
                let description = task.text("Description").unwrap_or_default();
                input.insert("Description".to_owned(), description.into());
            }
            input.extend(task.pick(&["KmsKeyId"]));
            // A value that was generated stays until the way to generate it changes.
            if (task.differs(before, "SecretString") || task.differs(before, "GenerateSecretString"))
                && let Some(value) = value(task.properties)?
            {
                input.insert("SecretString".to_owned(), value.into());
            }
            task.call("secretsmanager", "UpdateSecret", Value::Object(input)).await?;
            let (gone, changed) = task.tag_changes(before)?;
            if !gone.is_empty() {
                let input = json!({ "SecretId": id, "TagKeys": gone });
                task.call("secretsmanager", "UntagResource", input).await?;
            }
            if !changed.is_empty() {
                let input = json!({ "SecretId": id, "Tags": tag_list(&changed) });
                task.call("secretsmanager", "TagResource", input).await?;
            }
            Ok(before.made.clone())
        })
    }

    fn delete<'a>(&'a self, task: &'a Task<'a>, physical_id: &'a str) -> Doing<'a, ()> {
        Box::pin(async move {
            // The name must be free for a later stack.
            let input = json!({ "SecretId": physical_id, "ForceDeleteWithoutRecovery": true });
            task.call("secretsmanager", "DeleteSecret", input).await?;
            Ok(())
        })
    }
}

/// The value that the properties give or describe.
fn value(properties: &Map<String, Value>) -> Result<Option<String>, Cause> {
    let given = properties.get("SecretString").and_then(Value::as_str);
    match (given, properties.get("GenerateSecretString")) {
        (Some(_), Some(_)) => {
            Err(Cause::Property("SecretString and GenerateSecretString exclude each other".to_owned()))
        }
        (Some(given), None) => Ok(Some(given.to_owned())),
        (None, Some(how)) => generated(how).map(Some),
        (None, None) => Ok(None),
    }
}

/// A password, alone or as a member of a JSON document.
fn generated(how: &Value) -> Result<String, Cause> {
    let wrong = |why: &str| Cause::Property(format!("GenerateSecretString: {why}"));
    let wish: Wish = serde_json::from_value(how.clone()).map_err(|error| wrong(&error.to_string()))?;
    let password = password(&wish)?;
    let member = |name: &str| how.get(name).and_then(Value::as_str);
    match (member("SecretStringTemplate"), member("GenerateStringKey")) {
        (None, None) => Ok(password),
        (Some(template), Some(key)) => {
            let template: Result<Map<String, Value>, _> = serde_json::from_str(template);
            let mut document = template.map_err(|_| wrong("SecretStringTemplate is no JSON object"))?;
            document.insert(key.to_owned(), password.into());
            Ok(Value::Object(document).to_string())
        }
        _ => Err(wrong("SecretStringTemplate and GenerateStringKey belong together")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_generated_value_is_a_password_or_a_document_with_one() {
        let check = |how: Value| generated(&how).map_err(|cause| cause.to_string());
        assert_eq!(check(json!({ "PasswordLength": 40 })).unwrap().len(), 40);
        let how = json!({
            "SecretStringTemplate": "{\"username\":\"me\"}", "GenerateStringKey": "password", "PasswordLength": 12,
        });
        let document: Value = serde_json::from_str(&check(how).unwrap()).unwrap();
        assert_eq!((&document["username"], document["password"].as_str().unwrap().len()), (&json!("me"), 12));
        let error = check(json!({ "GenerateStringKey": "password" })).unwrap_err();
        assert_eq!(error, "GenerateSecretString: SecretStringTemplate and GenerateStringKey belong together");
    }
}
