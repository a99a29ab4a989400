//! `Rules`: assertions of a template about its parameters [Rules section, CloudFormation User Guide].

use std::collections::BTreeMap;

use serde_json::Value;

use super::{
    conditions::rule_holds,
    document::Template,
    error::{Problem, TemplateError},
    pseudo::Pseudo,
    references::references,
};

/// Checks the rules whose parameters have values. Others are skipped: the CDK adds a rule about its bootstrap version, a
/// parameter that is looked up only if the stack needs it.
pub(crate) fn check_rules(
    template: &Template,
    parameters: &BTreeMap<String, Value>,
    pseudo: &Pseudo,
) -> Result<(), TemplateError> {
    for (name, rule) in &template.rules {
        let broken = |why: String| TemplateError::Rule { rule: name.clone(), why };
        let at = |problem: Problem| broken(problem.to_string());
        let mut found = Vec::new();
        references(rule, None, &mut found).map_err(at)?;
        let is_known = |name: &str| pseudo.knows(name) || parameters.contains_key(name);
        if !found.iter().all(|reference| is_known(reference.target())) {
            continue;
        }
        let holds = |function: &Value| rule_holds(function, template, parameters, pseudo).map_err(at);
        if let Some(condition) = rule.get("RuleCondition")
            && !holds(condition)?
        {
            continue;
        }
        let assertions = rule.get("Assertions").and_then(Value::as_array);
        for assertion in assertions.ok_or_else(|| broken("it has no list of Assertions".to_owned()))? {
            let assert =
                assertion.get("Assert").ok_or_else(|| broken("an assertion has no Assert".to_owned()))?;
            if !holds(assert)? {
                let why = assertion.get("AssertDescription").and_then(Value::as_str);
                return Err(broken(why.unwrap_or("its assertion does not hold").to_owned()));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::context::Context;

    fn check(rule: Value, expected: Result<(), &str>) {
        let document = json!({
            "Parameters": { "Stage": { "Type": "String" }, "Unused": { "Type": "String" } },
            "Rules": { "R": rule },
            "Resources": {},
        });
        let template = Template::parse(&document.to_string()).unwrap();
        let parameters = BTreeMap::from([("Stage".to_owned(), json!("prod"))]);
        let cx = Context {
            region: "eu-west-1".into(),
            account: "000000000000".into(),
            endpoint: "http://127.0.0.1:1".into(),
            request_id: "r".into(),
            access_key: None,
        };
        let found = check_rules(&template, &parameters, &Pseudo::new(&cx, "stack", "id".to_owned()));
        let expected = expected.map_err(|why| format!("rule `R`: {why}"));
        assert_eq!(found.map_err(|error| error.to_string()), expected, "{rule}");
    }

    #[test]
    fn rules_assert_what_parameters_may_be() {
        let one_of = |stages: &[&str]| json!({ "Fn::Contains": [stages, { "Ref": "Stage" }] });
        let rule = |assert: Value| json!({ "Assertions": [{ "Assert": assert, "AssertDescription": "no such stage" }] });
        check(rule(one_of(&["dev", "prod"])), Ok(()));
        check(rule(one_of(&["dev"])), Err("no such stage"));
        check(rule(json!({ "Fn::EachMemberIn": [[{ "Ref": "Stage" }], ["prod", "x"]] })), Ok(()));
        check(rule(json!({ "Fn::EachMemberEquals": [["prod", "x"], "prod"] })), Err("no such stage"));
        check(
            rule(json!({ "Fn::RefAll": "AWS::EC2::VPC::Id" })),
            Err("the embedded cloud does not support the intrinsic function `Fn::RefAll`"),
        );
        let mut conditional = rule(one_of(&["dev"]));
        conditional["RuleCondition"] = json!({ "Fn::Equals": [{ "Ref": "Stage" }, "test"] });
        check(conditional, Ok(()));
        check(rule(json!({ "Fn::Contains": [["1"], { "Ref": "Unused" }] })), Ok(()));
        check(json!({}), Err("it has no list of Assertions"));
    }
}
