//! Small assemblies, as the CDK writes them.

use std::fs;

use serde_json::json;

use super::*;

const PLACE: Place<'_> = Place { account: "000000000000", region: "eu-west-1" };

fn write(folder: &Path, file: &str, content: &Value) {
    let file = folder.join(file);
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(file, content.to_string()).unwrap();
}

fn stack(dependencies: &[&str]) -> Value {
    json!({
        "type": "aws:cloudformation:stack",
        "environment": "aws://unknown-account/unknown-region",
        "properties": { "templateFile": "t.template.json" },
        "dependencies": dependencies,
    })
}

#[test]
fn a_stack_is_read_with_all_that_its_deployment_needs() {
    let folder = tempfile::tempdir().unwrap();
    let parameter = "/cdk-bootstrap/hnb659fds/version";
    let manifest = json!({
        "version": "55.0.0",
        "artifacts": {
            "Shop.assets": { "type": "cdk:asset-manifest", "properties": { "file": "Shop.assets.json" } },
            "Shop": {
                "type": "aws:cloudformation:stack",
                "environment": "aws://111122223333/us-west-2",
                "properties": {
                    "templateFile": "Shop.template.json", "stackName": "shop-prod", "terminationProtection": true,
                    "tags": { "team": "a" }, "parameters": { "Size": "2" },
                    "stackTemplateAssetObjectUrl": "s3://cdk-x-assets-${AWS::AccountId}-us-west-2/k.json",
                    "requiresBootstrapStackVersion": 6, "bootstrapStackVersionSsmParameter": parameter,
                },
                "dependencies": ["Shop.assets"],
                "displayName": "Prod/Shop",
                "metadata": { "/Shop/A": [{ "type": "aws:cdk:warning", "data": "old" }] },
                "additionalMetadataFile": "Shop.metadata.json",
            },
            "Tree": { "type": "cdk:tree", "properties": { "file": "tree.json" } },
        },
    });
    write(folder.path(), "manifest.json", &manifest);
    let more =
        json!({ "/Shop/B": [{ "type": "aws:cdk:error", "data": "bad" }, { "type": "aws:cdk:logicalId" }] });
    write(folder.path(), "Shop.metadata.json", &more);
    let read = Assembly::read(folder.path(), PLACE).unwrap();
    let expected = Stack {
        id: "Shop".to_owned(),
        name: "shop-prod".to_owned(),
        shown: "Prod/Shop".to_owned(),
        region: "us-west-2".to_owned(),
        account: Some("111122223333".to_owned()),
        template: folder.path().join("Shop.template.json"),
        template_object: Some(Object {
            bucket: "cdk-x-assets-000000000000-us-west-2".to_owned(),
            key: "k.json".to_owned(),
        }),
        asset_manifests: vec![folder.path().join("Shop.assets.json")],
        tags: vec![("team".to_owned(), "a".to_owned())],
        parameters: vec![("Size".to_owned(), "2".to_owned())],
        is_protected: true,
        bootstrap: Some(Needed { parameter: parameter.to_owned(), version: 6 }),
        needs: BTreeSet::new(),
        warnings: vec!["/Shop/A: old".to_owned()],
        errors: vec!["/Shop/B: bad".to_owned()],
    };
    assert_eq!(read.stacks, [expected]);
}

#[test]
fn stacks_of_stages_come_after_what_they_and_their_stage_depend_on() {
    let folder = tempfile::tempdir().unwrap();
    let nested = |name: &str, dependencies: &[&str]| {
        json!({
            "type": "cdk:cloud-assembly", "properties": { "directoryName": name }, "dependencies": dependencies,
        })
    };
    let manifest = json!({ "artifacts": {
        "a-stage": nested("stage", &["base"]), "base": stack(&[]), "after": stack(&["a-stage"]),
    } });
    write(folder.path(), "manifest.json", &manifest);
    let inner = json!({ "artifacts": { "one": stack(&["two", "one.assets"]), "two": stack(&[]), "one.assets": {
        "type": "cdk:asset-manifest", "properties": { "file": "one.assets.json" } } } });
    write(&folder.path().join("stage"), "manifest.json", &inner);
    let stacks = Assembly::read(folder.path(), PLACE).unwrap().stacks;
    let order: Vec<(&str, Vec<&str>)> = stacks
        .iter()
        .map(|stack| (stack.id.as_str(), stack.needs.iter().map(String::as_str).collect()))
        .collect();
    assert_eq!(
        order,
        [
            ("base", vec![]),
            ("two", vec!["base"]),
            ("one", vec!["base", "two"]),
            ("after", vec!["one", "two"])
        ]
    );
    assert_eq!(stacks[2].asset_manifests, [folder.path().join("stage/one.assets.json")]);
    assert_eq!((stacks[0].region.as_str(), &stacks[0].account), ("eu-west-1", &None));
}

#[test]
fn what_cannot_be_deployed_is_told() {
    let check = |manifest: Value, code: &str, part: &str| {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), "manifest.json", &manifest);
        let problem = Assembly::read(folder.path(), PLACE).unwrap_err().problem;
        assert!(problem.code == code && problem.message.contains(part), "{problem:?}");
    };
    let lookup = json!({ "key": "vpc-provider:account=1", "provider": "vpc-provider", "props": {} });
    check(json!({ "missing": [lookup] }), "cdk_context_missing", "vpc-provider:account=1 (vpc-provider)");
    let circle = json!({ "artifacts": { "a": stack(&["b"]), "b": stack(&["a"]) } });
    check(circle, "cdk_output", "in a circle");
    let nameless = json!({ "artifacts": { "a": { "type": "aws:cloudformation:stack" } } });
    check(nameless, "cdk_output", "the stack a names no template");
    let endless = json!({ "artifacts": { "a": {
        "type": "cdk:cloud-assembly", "properties": { "directoryName": "." } } } });
    check(endless, "cdk_output", "nest too deeply");
}
