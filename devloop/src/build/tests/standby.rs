//! A real cargo that waits for a save, and other processes that want the build directory meanwhile.

use std::fs::{self, File};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use super::{Built, build_with, freshness, scripted};
use crate::build::{Builder, Standby};
use crate::testing::Fixture;

/// How long anything here may take on a busy machine.
const LIMIT: Duration = Duration::from_mins(1);

/// A workspace that is built, and the cargo that stands by in it. Every start of cargo adds a line to a file.
struct Resting {
    fixture: Fixture,
    builder: Arc<Builder>,
    _keeping: AbortOnDropHandle<()>,
}

impl Resting {
    async fn new() -> Self {
        let fixture = Fixture::new();
        let builder = scripted(&fixture, "echo start >> starts\nexec cargo \"$@\"");
        let builder = Arc::new(builder);
        assert_eq!(build_with(&builder).await.failure, None);
        let for_it = Arc::clone(&builder);
        let keeping = tokio::spawn(async move {
            for_it.standby.keep(&for_it, &Fixture::order(), &CancellationToken::new()).await;
        });
        let resting = Self { fixture, builder, _keeping: AbortOnDropHandle::new(keeping) };
        resting.until_it_waits().await;
        resting
    }

    async fn until_it_waits(&self) -> u32 {
        let began = Instant::now();
        loop {
            if let Some(process) = self.builder.standby.process() {
                return process;
            }
            assert!(began.elapsed() < LIMIT, "no cargo stands by");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    async fn build(&self) -> Built {
        build_with(&self.builder).await
    }

    fn starts(&self) -> usize {
        fs::read_to_string(self.fixture.path("starts")).unwrap().lines().count()
    }

    /// A cargo that is killed while it waits may get the lock on its way out.
    async fn until_the_lock_is_free(&self) {
        let (lock, began) =
            (File::open(self.fixture.path("target/debug/.cargo-lock")).unwrap(), Instant::now());
        while lock.try_lock().is_err() {
            assert!(began.elapsed() < LIMIT, "somebody holds the lock");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}

fn says(fixture: &Fixture, text: &str) -> bool {
    let output = Command::new(fixture.path("target/debug/up")).output().unwrap();
    String::from_utf8_lossy(&output.stdout).starts_with(text)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_cargo_that_waits_builds_what_was_saved_since() {
    let resting = Resting::new().await;
    resting.fixture.write("up/src/main.rs", "fn main() { println!(\"up 2, {}\", model::MODEL) }");
    let built = resting.build().await;
    assert_eq!((freshness(&built), built.failure.as_deref()), (vec![("mid", true), ("up", false)], None));
    assert!(says(&resting.fixture, "up 2"));
    assert!(built.inputs["up"].is_some());
    assert_eq!(resting.starts(), 2, "no third cargo was started");
    assert!(!built.said("Blocking waiting for file lock on artifact") && !built.said("Finished"));
    resting.until_the_lock_is_free().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_come_from_the_cargo_that_waited_too() {
    let resting = Resting::new().await;
    resting.fixture.write("up/src/main.rs", "fn main() { let _: u8 = \"text\"; }");
    let built = resting.build().await;
    assert_eq!(super::errors(&built).len(), 1);
    assert!(built.failure.unwrap().starts_with("error: could not compile `up`"));
    assert_eq!(resting.starts(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cargo_by_hand_gets_the_build_directory_at_once_and_another_one_stands_by_afterwards() {
    let resting = Resting::new().await;
    let first = resting.until_it_waits().await;
    let mut by_hand = tokio::process::Command::new("cargo");
    by_hand.args(["build", "--offline", "-p", "model", "--target-dir", "target"]);
    by_hand.current_dir(resting.fixture.root()).kill_on_drop(true);
    let status = tokio::time::timeout(LIMIT, by_hand.status()).await.expect("it is let in").unwrap();
    assert!(status.success());
    let second = resting.until_it_waits().await;
    assert_ne!(first, second);
    assert_eq!(resting.starts(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_read_and_has_changed_is_read_by_another_cargo() {
    let resting = Resting::new().await;
    resting.fixture.write(".cargo/config.toml", "[build]\nrustflags = [\"--cfg\", \"changed\"]\n");
    let built = resting.build().await;
    assert_eq!((built.failure.as_deref(), resting.starts()), (None, 3));
    assert_eq!(freshness(&built), [("mid", false), ("up", false)]);

    let resting = Resting::new().await;
    fs::remove_dir_all(resting.fixture.path("target")).unwrap();
    let built = resting.build().await;
    assert_eq!((built.failure.as_deref(), resting.starts()), (None, 3), "after `cargo clean`");
    assert_eq!(freshness(&built), [("mid", false), ("up", false)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_command_is_another_cargo() {
    let resting = Resting::new().await;
    let other = Builder { profile: "release".to_owned(), ..Builder::clone(&resting.builder) };
    assert_eq!(build_with(&other).await.failure, None);
    assert_eq!(resting.starts(), 3);
    resting.until_the_lock_is_free().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cargo_that_is_dismissed_is_gone_and_so_is_the_lock() {
    let resting = Resting::new().await;
    resting.builder.standby.dismiss();
    assert!(resting.builder.standby.process().is_none());
    resting.until_the_lock_is_free().await;
}

#[tokio::test]
async fn nobody_stands_by_where_that_is_not_wanted() {
    let fixture = Fixture::new();
    let builder = Builder { standby: Standby::new(false), ..fixture.builder() };
    assert_eq!(build_with(&builder).await.failure, None);
    builder.standby.keep(&builder, &Fixture::order(), &CancellationToken::new()).await;
    assert!(builder.standby.process().is_none());
}
