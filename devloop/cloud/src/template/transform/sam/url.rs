//! `FunctionUrlConfig`.

use serde_json::{Map, Value, json};

use super::{Build, Outcome, function::Function, only, value::pick};

/// Adds the function's URL and, if it has no authorization, the permissions to call it.
pub(super) fn make(build: &mut Build<'_>, function: &Function) -> Outcome<()> {
    let Some(config) = function.property("FunctionUrlConfig") else { return Ok(()) };
    let config: &Map<String, Value> = config.as_object().ok_or("FunctionUrlConfig is no map")?;
    only(config, &["AuthType", "Cors", "InvokeMode"], "the property of FunctionUrlConfig")?;
    let auth = config.get("AuthType").ok_or("FunctionUrlConfig needs AuthType, AWS_IAM or NONE")?;
    let mut properties = pick(config, &["AuthType", "Cors", "InvokeMode"]);
    properties.insert("TargetFunctionArn".to_owned(), function.name());
    let id = function.id();
    build.add(format!("{id}Url"), "AWS::Lambda::Url", &function.passed_on, Value::Object(properties));
    if auth == "NONE" {
        let permission =
            |action: &str| json!({ "Action": action, "FunctionName": function.name(), "Principal": "*" });
        let mut of_url = permission("lambda:InvokeFunctionUrl");
        of_url["FunctionUrlAuthType"] = auth.clone();
        let mut of_function = permission("lambda:InvokeFunction");
        of_function["InvokedViaFunctionUrl"] = true.into();
        let kind = "AWS::Lambda::Permission";
        build.add(format!("{id}UrlPublicPermissions"), kind, &function.passed_on, of_url);
        build.add(format!("{id}URLInvokeAllowPublicAccess"), kind, &function.passed_on, of_function);
    }
    Ok(())
}
