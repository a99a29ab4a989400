//! Functions and their versions: create, get, list, update, publish, delete.

use std::sync::{Arc, atomic::Ordering};

use serde_json::{Value, json};

use super::{Call, required};
use crate::{
    context::Context,
    error::ApiError,
    lambda::{
        code::{Code, fetched},
        configuration::Configuration,
        environment::Surroundings,
        function::{Function, check_revision},
        meters::Meters,
        name, not_found,
        service::Lambda,
        version::Version,
    },
};

impl Lambda {
    pub(super) async fn create_function(&self, call: &Call<'_>) -> Result<Value, ApiError> {
        let input = call.input();
        let code = input.get("Code").unwrap_or(&Value::Null);
        let fetched = fetched(&self.courier, call.cx, code).await?;
        let code = Code::unpacked(fetched.as_ref().unwrap_or(code), &self.code).await;
        let function = self.create(call.cx, input, code)?;
        let publish = input.get("Publish") == Some(&Value::Bool(true));
        let version = if publish { function.publish(None) } else { Arc::clone(&function.latest) };
        Ok(function.show(&version, publish).into())
    }

    /// Creates a function from the members of `CreateFunction`. Its code is passed separately; mistakes in the other members are
    /// reported before what is wrong with it.
    pub(in crate::lambda) fn create(
        &self,
        cx: &Context,
        input: &Value,
        code: Result<Code, ApiError>,
    ) -> Result<Arc<Function>, ApiError> {
        let reference = name::parse(required(input, "FunctionName")?)?;
        let mut configuration = Configuration::create(input)?;
        configuration.layers = self.layers.of(&cx.region).of_function(input, &self.code)?.unwrap_or_default();
        let code = code?;
        let arn: Arc<str> = cx.arn("lambda", &format!("function:{}", reference.name)).into();
        let surroundings = Surroundings {
            function: reference.name.as_str().into(),
            version: "$LATEST".into(),
            region: Arc::clone(&cx.region),
            log_group: format!("/aws/lambda/{}", reference.name).into(),
            endpoint: self.endpoint(),
            processes: self.processes.clone(),
            node_packages: Arc::clone(&self.node_packages),
            debugged: self.debugged.load(Ordering::Relaxed),
        };
        let share = self.accounts.of(&cx.region).share();
        let meters = Meters::new(&self.cloudwatch, &cx.region, &reference.name);
        let function =
            Function::new(surroundings, arn, configuration, code, meters, share, self.clock.clone());
        if let Some(tags) = input.get("Tags") {
            super::settings::merge_tags(&function, tags);
        }
        let functions = self.regions.of(&cx.region);
        let mut functions = functions.write();
        if functions.contains_key(&reference.name) {
            return Err(ApiError::with_status(
                409,
                "ResourceConflictException",
                format!("Function already exist: {}", reference.name),
            ));
        }
        functions.insert(reference.name, Arc::clone(&function));
        Ok(function)
    }

    pub(super) fn list_functions(&self, call: &Call<'_>) -> Result<Value, ApiError> {
        let all_versions = match call.text("FunctionVersion").as_deref() {
            None => false,
            Some("ALL") => true,
            Some(other) => {
                return Err(ApiError::validation(format!("FunctionVersion must be ALL, not `{other}`")));
            }
        };
        let functions = self.regions.of(&call.cx.region);
        let shown = functions
            .read()
            .values()
            .flat_map(|function| {
                let versions =
                    if all_versions { function.versions() } else { vec![Arc::clone(&function.latest)] };
                versions
                    .iter()
                    .map(|version| function.show(version, all_versions).into())
                    .collect::<Vec<Value>>()
            })
            .collect();
        let (page, marker) = call.page(shown);
        Ok(json!({ "Functions": page, "NextMarker": marker }))
    }

    fn qualified(
        &self,
        call: &Call<'_>,
        name: &str,
    ) -> Result<(Arc<Function>, Arc<Version>, bool), ApiError> {
        let (function, reference) = self.find(call.cx, name)?;
        let qualifier = call.qualifier.clone().or(reference.qualifier);
        let version = function.version(qualifier.as_deref())?;
        Ok((function, version, qualifier.is_some()))
    }

    pub(super) fn get_function(&self, call: &Call<'_>, name: &str) -> Result<Value, ApiError> {
        let (function, version, qualified) = self.qualified(call, name)?;
        let mut shown = json!({
            "Configuration": function.show(&version, qualified),
            "Code": version.deployed().code.location(),
        });
        let state = function.state.read();
        if !state.tags.is_empty() {
            shown["Tags"] = json!(state.tags);
        }
        if let Some(reserved) = function.reserved() {
            shown["Concurrency"] = json!({ "ReservedConcurrentExecutions": reserved });
        }
        Ok(shown)
    }

    pub(super) fn get_configuration(&self, call: &Call<'_>, name: &str) -> Result<Value, ApiError> {
        let (function, version, qualified) = self.qualified(call, name)?;
        Ok(function.show(&version, qualified).into())
    }

    pub(super) fn update_configuration(&self, call: &Call<'_>, name: &str) -> Result<Value, ApiError> {
        let (function, _) = self.find(call.cx, name)?;
        let input = call.input();
        let mut configuration = (*function.latest.deployed().configuration).clone();
        configuration.update(input)?;
        if let Some(layers) = self.layers.of(&call.cx.region).of_function(input, &self.code)? {
            configuration.layers = layers;
        }
        function.redeploy(Some(configuration), None, input.get("RevisionId").and_then(Value::as_str))?;
        Ok(function.show(&function.latest, false).into())
    }

    pub(super) async fn update_code(&self, call: &Call<'_>, name: &str) -> Result<Value, ApiError> {
        let (function, _) = self.find(call.cx, name)?;
        let input = call.input();
        let fetched = fetched(&self.courier, call.cx, input).await?;
        let code = Code::unpacked(fetched.as_ref().unwrap_or(input), &self.code).await;
        let mut configuration = (*function.latest.deployed().configuration).clone();
        let architectures = input.get("Architectures").map(|list| json!({ "Architectures": list }));
        if let Some(architectures) = &architectures {
            configuration.update(architectures)?;
        }
        let code = code?;
        let revision = input.get("RevisionId").and_then(Value::as_str);
        if input.get("DryRun") == Some(&Value::Bool(true)) {
            check_revision(revision, &function.latest.deployed().revision, "GetFunction/GetAlias")?;
        } else {
            function.redeploy(architectures.map(|_| configuration), Some(code), revision)?;
        }
        let publish = input.get("Publish") == Some(&Value::Bool(true));
        let version = if publish { function.publish(None) } else { Arc::clone(&function.latest) };
        Ok(function.show(&version, publish).into())
    }

    pub(super) fn publish_version(&self, call: &Call<'_>, name: &str) -> Result<Value, ApiError> {
        let (function, _) = self.find(call.cx, name)?;
        let input = call.input();
        if let Some(expected) =
            input.get("CodeSha256").and_then(Value::as_str).filter(|hash| !hash.is_empty())
        {
            let code = function.latest.deployed().code;
            if matches!(code, Code::Zip { .. }) && code.sha256() != expected {
                return Err(ApiError::client(
                    "InvalidParameterValueException",
                    format!(
                        "CodeSHA256 ({expected}) is different from current CodeSHA256 in $LATEST ({}). Please try again with the CodeSHA256 in $LATEST.",
                        code.sha256()
                    ),
                ));
            }
        }
        let expected = input.get("RevisionId").and_then(Value::as_str);
        check_revision(expected, &function.latest.deployed().revision, "GetFunction/GetAlias")?;
        let version = function.publish(input.get("Description").and_then(Value::as_str));
        Ok(function.show(&version, true).into())
    }

    pub(super) fn list_versions(&self, call: &Call<'_>, name: &str) -> Result<Value, ApiError> {
        let (function, _) = self.find(call.cx, name)?;
        let shown = function.versions().iter().map(|version| function.show(version, true).into()).collect();
        let (page, marker) = call.page(shown);
        Ok(json!({ "Versions": page, "NextMarker": marker }))
    }

    pub(super) fn delete_function(&self, call: &Call<'_>, name: &str) -> Result<Value, ApiError> {
        let (function, reference) = self.find(call.cx, name)?;
        let qualifier = call.qualifier.clone().or(reference.qualifier);
        if let Some(qualifier) = qualifier {
            let number: u64 = qualifier.parse().map_err(|_| {
                ApiError::client(
                    "InvalidParameterValueException",
                    "$LATEST version cannot be deleted without deleting the function.",
                )
            })?;
            let mut state = function.state.write();
            if let Some((alias, _)) = state.aliases.iter().find(|(_, alias)| alias.version == qualifier) {
                return Err(ApiError::with_status(
                    409,
                    "ResourceConflictException",
                    format!("Version {number} cannot be deleted while the alias {alias} points to it"),
                ));
            }
            let version = state.versions.remove(&number);
            drop(state);
            let version =
                version.ok_or_else(|| not_found(format!("Function not found: {}:{number}", function.arn)))?;
            version.pool.stop();
            return Ok(Value::Null);
        }
        self.forget(&function);
        Ok(Value::Null)
    }
}
