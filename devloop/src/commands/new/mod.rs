//! `devloop new function NAME --on KIND`: a package that compiles and whose tests pass, and the lines for the template or the CDK app.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use super::asked::printed;
use super::invoke::example_event;
use crate::cli::{Example, NewArguments, NewCommand, NewFunction, Source};
use crate::error::{Exit, UserError};

/// What a function is made of that works on one kind of source.
struct Kind {
    /// `src/lib.rs`: event type, handler and test.
    library: &'static str,
    /// `src/main.rs`.
    main: &'static str,
    /// The event of the test, and its file's name.
    example: (Example, &'static str),
    /// What it depends on: the name, the version where the workspace has none, and what the line says besides.
    dependencies: &'static [Dependency],
    /// The event of a SAM template, below `Source:`.
    sam: &'static [&'static str],
    /// The source that the event names, in a SAM template.
    source: &'static [&'static str],
    /// The line of a CDK app that connects the source.
    cdk: &'static str,
}

/// A dependency of a new package.
struct Dependency {
    name: &'static str,
    version: &'static str,
    features: &'static [&'static str],
}

const fn dependency(
    name: &'static str,
    version: &'static str,
    features: &'static [&'static str],
) -> Dependency {
    Dependency { name, version, features }
}

const BASE64: Dependency = dependency("base64", "0.22", &[]);
const HTTP: Dependency = dependency("lambda_http", "1", &["apigw_http", "tracing"]);
const PERCENT: Dependency = dependency("percent-encoding", "2", &[]);
const RUNTIME: Dependency = dependency("lambda_runtime", "1", &["tracing"]);
const SERDE: Dependency = dependency("serde", "1", &["derive"]);
const JSON: Dependency = dependency("serde_json", "1", &[]);
const TOKIO: Dependency = dependency("tokio", "1", &["macros", "rt-multi-thread"]);
const BATCH: &str = "FunctionResponseTypes: [ReportBatchItemFailures]";
const MAIN: &str = include_str!("main.rs.txt");

fn kind(source: Source) -> Kind {
    match source {
        Source::Stream => Kind {
            library: include_str!("stream.rs.txt"),
            main: MAIN,
            example: (Example::Kinesis, "kinesis"),
            dependencies: &[BASE64, RUNTIME, SERDE, JSON, TOKIO],
            sam: &[
                "Type: Kinesis",
                "Properties:",
                "  Stream: !GetAtt Stream.Arn",
                "  StartingPosition: LATEST",
                BATCH,
            ],
            source: &["Stream: {Type: AWS::Kinesis::Stream, Properties: {ShardCount: 1}}"],
            cdk: "CAMEL.addEventSource(new sources.KinesisEventSource(stream, { startingPosition: lambda.StartingPosition.LATEST, reportBatchItemFailures: true }));",
        },
        Source::Queue => Kind {
            library: include_str!("queue.rs.txt"),
            main: MAIN,
            example: (Example::Sqs, "sqs"),
            dependencies: &[RUNTIME, SERDE, JSON, TOKIO],
            sam: &["Type: SQS", "Properties:", "  Queue: !GetAtt Queue.Arn", BATCH],
            source: &["Queue: {Type: AWS::SQS::Queue}"],
            cdk: "CAMEL.addEventSource(new sources.SqsEventSource(queue, { reportBatchItemFailures: true }));",
        },
        Source::Table => Kind {
            library: include_str!("table.rs.txt"),
            main: MAIN,
            example: (Example::Dynamodb, "dynamodb"),
            dependencies: &[RUNTIME, SERDE, JSON, TOKIO],
            sam: &[
                "Type: DynamoDB",
                "Properties:",
                "  Stream: !GetAtt Table.StreamArn",
                "  StartingPosition: LATEST",
                BATCH,
            ],
            source: &[
                "Table:",
                "  Type: AWS::DynamoDB::Table",
                "  Properties:",
                "    AttributeDefinitions: [{AttributeName: id, AttributeType: S}]",
                "    KeySchema: [{AttributeName: id, KeyType: HASH}]",
                "    BillingMode: PAY_PER_REQUEST",
                "    StreamSpecification: {StreamViewType: NEW_AND_OLD_IMAGES}",
            ],
            cdk: "CAMEL.addEventSource(new sources.DynamoEventSource(table, { startingPosition: lambda.StartingPosition.LATEST, reportBatchItemFailures: true }));",
        },
        Source::Bucket => Kind {
            library: include_str!("bucket.rs.txt"),
            main: MAIN,
            example: (Example::S3, "s3"),
            dependencies: &[RUNTIME, PERCENT, SERDE, JSON, TOKIO],
            sam: &["Type: S3", "Properties:", "  Bucket: !Ref Bucket", "  Events: s3:ObjectCreated:*"],
            source: &["Bucket: {Type: AWS::S3::Bucket}"],
            cdk: "CAMEL.addEventSource(new sources.S3EventSource(bucket, { events: [s3.EventType.OBJECT_CREATED] }));",
        },
        Source::Topic => Kind {
            library: include_str!("topic.rs.txt"),
            main: MAIN,
            example: (Example::Sns, "sns"),
            dependencies: &[RUNTIME, SERDE, JSON, TOKIO],
            sam: &["Type: SNS", "Properties:", "  Topic: !Ref Topic"],
            source: &["Topic: {Type: AWS::SNS::Topic}"],
            cdk: "CAMEL.addEventSource(new sources.SnsEventSource(topic));",
        },
        Source::Http => Kind {
            library: include_str!("http.rs.txt"),
            main: include_str!("http_main.rs.txt"),
            example: (Example::Http, "http"),
            dependencies: &[HTTP, TOKIO],
            sam: &["Type: HttpApi", "Properties:", "  Method: GET", "  Path: /NAME"],
            source: &[],
            cdk: "CAMEL.addFunctionUrl({ authType: lambda.FunctionUrlAuthType.NONE });",
        },
        Source::Schedule => Kind {
            library: include_str!("schedule.rs.txt"),
            main: MAIN,
            example: (Example::Schedule, "schedule"),
            dependencies: &[RUNTIME, SERDE, JSON, TOKIO],
            sam: &["Type: Schedule", "Properties:", "  Schedule: rate(1 hour)"],
            source: &[],
            cdk: "new events.Rule(this, 'LOGICALSchedule', { schedule: events.Schedule.rate(Duration.hours(1)), targets: [new targets.LambdaFunction(CAMEL)] });",
        },
    }
}

/// Makes what is asked for.
pub(crate) fn new(arguments: &NewArguments) -> Result<ExitCode, UserError> {
    let NewCommand::Function(function) = &arguments.command;
    let here = std::env::current_dir()
        .map_err(|error| UserError::usage("directory_missing", format!("use this directory: {error}")))?;
    let root = workspace(&here)?;
    let folder = function.path.clone().unwrap_or_else(|| home_of(&root).join(&function.name));
    let folder = here.join(folder);
    made(function, &root, &folder)?;
    let shown = folder.strip_prefix(&root).unwrap_or(&folder).display().to_string();
    printed(&words(function, &root, &shown))
}

/// The folder of the workspace's manifest, as cargo finds it from here.
fn workspace(here: &Path) -> Result<PathBuf, UserError> {
    let unreadable = |why: String| {
        UserError { problem: crate::engine::Problem::new("workspace_unreadable", why), exit: Exit::Workspace }
            .with_hint("start in a cargo workspace, or make one with `cargo init`")
    };
    let output = Command::new("cargo")
        .args(["locate-project", "--workspace", "--message-format=plain"])
        .current_dir(here)
        .output()
        .map_err(|error| unreadable(format!("start cargo: {error}")))?;
    if !output.status.success() {
        return Err(unreadable(String::from_utf8_lossy(&output.stderr).trim().to_owned()));
    }
    let manifest = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    Ok(Path::new(&manifest).parent().unwrap_or(here).to_owned())
}

/// Where functions lie in this workspace: in a folder that is called so, or in the root.
fn home_of(root: &Path) -> PathBuf {
    let named = ["functions", "lambdas", "crates"].map(|name| root.join(name));
    named.into_iter().find(|folder| folder.is_dir()).unwrap_or_else(|| root.to_owned())
}

/// Lets cargo make the package, which also makes it a member of the workspace, and writes its files.
fn made(function: &NewFunction, root: &Path, folder: &Path) -> Result<(), UserError> {
    let cannot =
        |why: String| UserError::usage("function_not_made", format!("make {}: {why}", folder.display()));
    let output = Command::new("cargo")
        .args(["new", "--bin", "--vcs", "none", "--quiet", "--name", &function.name])
        .arg(folder)
        .current_dir(root)
        .output()
        .map_err(|error| cannot(format!("start cargo: {error}")))?;
    if !output.status.success() {
        return Err(cannot(
            String::from_utf8_lossy(&output.stderr).trim().trim_start_matches("error: ").to_owned(),
        ));
    }
    let kind = kind(function.on);
    let write = |path: &str, text: &str| {
        let file = folder.join(path);
        let parent = file.parent().unwrap_or(folder);
        fs::create_dir_all(parent)
            .and_then(|()| fs::write(&file, text))
            .map_err(|error| cannot(error.to_string()))
    };
    let manifest = folder.join("Cargo.toml");
    let text = fs::read_to_string(&manifest).map_err(|error| cannot(error.to_string()))?;
    let known = workspace_dependencies(root);
    write("Cargo.toml", &with_dependencies(&text, kind.dependencies, &known))?;
    write("src/main.rs", &kind.main.replace("CRATE", &function.name.replace('-', "_")))?;
    write("src/lib.rs", kind.library)?;
    let (example, name) = kind.example;
    write(&format!("tests/events/{name}.json"), example_event(example))
}

/// The names below `[workspace.dependencies]`.
fn workspace_dependencies(root: &Path) -> Vec<String> {
    let manifest = fs::read_to_string(root.join("Cargo.toml")).unwrap_or_default();
    let manifest: toml::Table = manifest.parse().unwrap_or_default();
    let found = manifest.get("workspace").and_then(|workspace| workspace.get("dependencies"));
    found.and_then(toml::Value::as_table).map(|table| table.keys().cloned().collect()).unwrap_or_default()
}

/// The manifest that cargo has written, with dependencies: the workspace's own where it has them.
fn with_dependencies(manifest: &str, dependencies: &[Dependency], known: &[String]) -> String {
    let lines = dependencies.iter().map(|Dependency { name, version, features }| {
        let source = if known.iter().any(|it| it == name) {
            "workspace = true".to_owned()
        } else {
            format!("version = \"{version}\"")
        };
        let features: Vec<String> = features.iter().map(|feature| format!("\"{feature}\"")).collect();
        let features = if features.is_empty() {
            String::new()
        } else {
            format!(", features = [{}]", features.join(", "))
        };
        format!("{name} = {{ {source}{features} }}\n")
    });
    let lines: String = lines.collect();
    manifest.replacen("[dependencies]\n", &format!("[dependencies]\n{lines}"), 1)
}

/// What was made, what to do next, and the lines that connect it.
fn words(function: &NewFunction, root: &Path, folder: &str) -> String {
    let name = &function.name;
    let kind = kind(function.on);
    let logical = pascal(name);
    let camel = logical.char_indices().map(|(at, c)| if at == 0 { c.to_ascii_lowercase() } else { c });
    let filled = |text: &str| {
        text.replace("LOGICAL", &logical)
            .replace("CAMEL", &camel.clone().collect::<String>())
            .replace("FOLDER", folder)
            .replace("NAME", name)
    };
    let mut words = format!(
        "made {folder}: the handler and its test are in src/lib.rs, the event in tests/events\n\
         next: cargo test -p {name}, then devloop watch {name}\n"
    );
    if is_cdk(root) {
        words.push_str("\nlines for the CDK app:\n\n");
        words.push_str(&filled(include_str!("cdk.ts.txt")));
        words.push_str(&format!("{}\n", filled(kind.cdk)));
    } else {
        words.push_str(
            "\nlines for a template with `Transform: AWS::Serverless-2016-10-31`, below `Resources:`\n\n",
        );
        words.push_str(&filled(include_str!("sam.yaml.txt")));
        let mut in_properties = false;
        for line in kind.sam {
            let deeper = if in_properties && !line.starts_with("  ") { "  " } else { "" };
            words.push_str(&format!("          {deeper}{}\n", filled(line)));
            in_properties = in_properties || *line == "Properties:";
        }
        if !kind.source.is_empty() {
            words.push_str("\n  # What the events come from; leave it out and name your own above if the template has it already.\n");
            words.extend(kind.source.iter().map(|line| format!("  {line}\n")));
        }
    }
    words
}

/// Whether the workspace has a CDK app: in its root or in a folder there.
fn is_cdk(root: &Path) -> bool {
    let folders = fs::read_dir(root).into_iter().flatten().flatten().map(|entry| entry.path());
    std::iter::once(root.to_owned()).chain(folders).any(|folder| folder.join("cdk.json").is_file())
}

/// `get-user` as a logical id: `GetUser`.
fn pascal(name: &str) -> String {
    let words = name.split(['-', '_']);
    words
        .flat_map(|word| {
            word.chars().enumerate().map(|(at, c)| if at == 0 { c.to_ascii_uppercase() } else { c })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum as _;

    use super::*;

    #[test]
    fn dependencies_are_the_workspaces_own_where_it_has_them() {
        let manifest = "[package]\nname = \"f\"\n\n[dependencies]\n\n[lints]\nworkspace = true\n";
        let found = with_dependencies(manifest, &[RUNTIME, JSON], &["serde_json".to_owned()]);
        let expected = "[dependencies]\nlambda_runtime = { version = \"1\", features = [\"tracing\"] }\n\
                        serde_json = { workspace = true }\n\n[lints]";
        assert!(found.contains(expected), "{found}");
    }

    #[test]
    fn the_lines_for_a_template_are_a_function_that_devloop_reads() {
        let home = tempfile::tempdir().unwrap();
        for on in Source::value_variants() {
            let function = NewFunction { name: "get-user".to_owned(), on: *on, path: None };
            let words = words(&function, home.path(), "functions/get-user");
            let lines = words.split("`Resources:`\n\n").nth(1).unwrap();
            let text = format!("Transform: AWS::Serverless-2016-10-31\nResources:\n{lines}");
            let template =
                devloop_cloud::Template::parse(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
            let made: Vec<&str> = template.resources().map(|(logical_id, _)| logical_id).collect();
            let source = kind(*on).source.first().map(|line| line.split(':').next().unwrap());
            let is_there = source.is_none_or(|source| made.contains(&source));
            assert!(made.contains(&"GetUser") && is_there, "{on:?}: {made:?}");
            // The function's role comes besides, and what connects it.
            assert!(made.len() > 2, "{on:?}: {made:?}");
        }
    }
}
