//! Real builds of a small workspace.

use tokio_util::sync::CancellationToken;

use crate::build::{Outcome, run};
use crate::bus::Events;
use crate::engine::{Artifact, Diagnostic, Event, Fact, Level};
use crate::testing::Fixture;

struct Built {
    artifacts: Vec<Artifact>,
    failure: Option<String>,
    events: Vec<Event>,
}

async fn build(fixture: &Fixture) -> Built {
    let (events, mut inbox) = Events::channel();
    let outcome =
        run(&fixture.builder(), &Fixture::order(), &CancellationToken::new(), &events).await.unwrap();
    drop(events);
    let mut seen = Vec::new();
    while let Some(event) = inbox.recv().await {
        seen.push(event);
    }
    match outcome {
        Outcome::Finished { mut artifacts, failure } => {
            artifacts.sort_by(|left, right| left.function.cmp(&right.function));
            Built { artifacts, failure, events: seen }
        }
        Outcome::Cancelled => panic!("nobody cancelled"),
    }
}

fn freshness(built: &Built) -> Vec<(&str, bool)> {
    built.artifacts.iter().map(|artifact| (artifact.function.as_str(), artifact.fresh)).collect()
}

fn errors(built: &Built) -> Vec<&Diagnostic> {
    built
        .events
        .iter()
        .filter_map(|event| match &event.fact {
            Fact::Diagnostic { diagnostic, .. } if diagnostic.level == Level::Error => Some(diagnostic),
            _ => None,
        })
        .collect()
}

#[tokio::test]
async fn one_cargo_builds_what_changed_and_names_its_inputs() {
    let fixture = Fixture::new();
    fixture.write("schema.json", "{}");
    fixture.write(
        "up/src/main.rs",
        "fn main() { print!(\"{}{}\", model::MODEL, include_str!(\"../../schema.json\")) }",
    );
    let first = build(&fixture).await;
    assert_eq!(first.failure, None);
    assert_eq!(freshness(&first), [("mid", false), ("up", false)]);
    assert!(matches!(first.events[0].fact, Fact::BuildStarted { generation: 1 }));
    let up = first.artifacts[1].inputs.as_ref().unwrap();
    for input in ["up/src/main.rs", "model/src/lib.rs", "schema.json"] {
        assert!(
            up.iter().any(|path| path.canonicalize().unwrap() == fixture.path(input)),
            "{input} in {up:?}"
        );
    }
    assert!(up.iter().all(|path| path.is_absolute() && !path.to_string_lossy().contains("..")), "{up:?}");

    let again = build(&fixture).await;
    assert_eq!(freshness(&again), [("mid", true), ("up", true)]);
    fixture.write("up/src/main.rs", "fn main() {}");
    let edited = build(&fixture).await;
    assert_eq!(freshness(&edited), [("mid", true), ("up", false)]);
}

#[tokio::test]
async fn an_error_is_reported_with_its_place_and_the_rest_is_built() {
    let fixture = Fixture::new();
    fixture.write("up/src/main.rs", "fn main() {\n    let _: u8 = \"text\";\n}\n");
    let built = build(&fixture).await;
    assert_eq!(freshness(&built), [("mid", false)]);
    assert!(
        built.failure.as_ref().unwrap().starts_with("error: could not compile `up`"),
        "{:?}",
        built.failure
    );
    let errors = errors(&built);
    assert_eq!(errors.len(), 1, "{errors:?}");
    let location = errors[0].location.as_ref().unwrap();
    assert_eq!((location.file.to_str(), location.line, location.column), (Some("up/src/main.rs"), 2, 17));
    assert!(errors[0].rendered.contains("mismatched types") && errors[0].rendered.contains('\u{1b}'));
}

#[tokio::test]
async fn cargo_s_own_refusal_is_the_failure() {
    let fixture = Fixture::new();
    std::fs::remove_file(fixture.path("up/src/main.rs")).unwrap();
    let built = build(&fixture).await;
    assert!(built.artifacts.is_empty());
    assert!(built.failure.unwrap().contains("no targets specified"));
}

#[tokio::test]
async fn a_missing_cargo_is_named() {
    let fixture = Fixture::new();
    let mut builder = fixture.builder();
    builder.program = "no-such-cargo".into();
    let (events, _inbox) = Events::channel();
    let error = run(&builder, &Fixture::order(), &CancellationToken::new(), &events).await.unwrap_err();
    assert_eq!(error.problem().code, "cargo_missing");
    assert!(error.problem().hint.is_some());
}
