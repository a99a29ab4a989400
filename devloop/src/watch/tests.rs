//! Real files, saved in the ways of different editors.

use std::cell::Cell;
use std::fs;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use tempfile::TempDir;

use crate::engine::WatchList;
use crate::watch::system::{Kind, make};
use crate::watch::{Burst, Seen, WatchError, Watcher};

/// How long a test waits for what must come.
const PATIENCE: Duration = Duration::from_secs(20);

/// A package directory under watch.
struct Watched {
    _home: TempDir,
    root: PathBuf,
    bursts: Receiver<Burst>,
    watcher: Watcher,
}

impl Watched {
    fn new() -> Self {
        Self::with(|_| {})
    }

    /// A package directory with more files, which `furnish` makes.
    fn with(furnish: impl FnOnce(&std::path::Path)) -> Self {
        Self::below(".", furnish)
    }

    /// The same, in a folder of the temporary directory.
    fn below(place: &str, furnish: impl FnOnce(&std::path::Path)) -> Self {
        let home = tempfile::tempdir().unwrap();
        fs::create_dir_all(home.path().join(place)).unwrap();
        let root = home.path().join(place).canonicalize().unwrap();
        fs::create_dir_all(root.join("up/src")).unwrap();
        fs::create_dir_all(root.join("up/target")).unwrap();
        fs::write(root.join("up/src/main.rs"), "one").unwrap();
        fs::write(root.join("up/.gitignore"), "*.log\n").unwrap();
        fs::write(root.join("Cargo.toml"), "").unwrap();
        furnish(&root);
        let (sender, bursts) = channel();
        let begun = Cell::new(false);
        let watcher = Watcher::start(vec![root.join("up/target")], move |seen| match seen.unwrap() {
            Seen::Begun => assert!(!begun.replace(true), "a burst begins once"),
            Seen::Watching => {}
            Seen::Burst(burst) => {
                assert!(begun.replace(false), "a burst is reported when it begins");
                let _ = sender.send(burst);
            }
        })
        .unwrap();
        let files = vec![root.join("Cargo.toml"), root.join(".cargo/config.toml")];
        watcher.watch(WatchList { directories: vec![root.join("up")], files, ..WatchList::default() });
        let watched = Self { _home: home, root, bursts, watcher };
        watched.wait_until_it_sees();
        watched
    }

    /// The watch begins on another thread: probes are written until one is seen.
    fn wait_until_it_sees(&self) {
        for probe in 0..200 {
            fs::write(self.root.join(format!("up/probe{probe}")), "").unwrap();
            if self.bursts.recv_timeout(Duration::from_millis(100)).is_ok() {
                return;
            }
        }
        panic!("nothing was seen");
    }

    fn write(&self, path: &str, text: &str) {
        fs::write(self.root.join(path), text).unwrap();
    }

    fn rename(&self, from: &str, to: &str) {
        fs::rename(self.root.join(from), self.root.join(to)).unwrap();
    }

    /// The paths that are reported until this one is; probes are left out.
    fn seen_until(&self, path: &str) -> Vec<String> {
        let mut seen = Vec::new();
        loop {
            let burst = self.bursts.recv_timeout(PATIENCE).unwrap();
            assert!(!burst.lost);
            let paths =
                burst.paths.iter().map(|path| path.strip_prefix(&self.root).unwrap().display().to_string());
            seen.extend(paths.filter(|path| !path.contains("probe")));
            if seen.iter().any(|seen| seen == path) {
                seen.dedup();
                return seen;
            }
        }
    }

    /// Saves in some way, and checks that exactly the source is reported.
    fn check(&self, save: impl FnOnce(&Self)) {
        save(self);
        assert_eq!(self.seen_until("up/src/main.rs"), ["up/src/main.rs"]);
    }
}

#[test]
fn every_editors_way_of_saving_is_one_changed_source() {
    let watched = Watched::new();
    watched.check(|w| w.write("up/src/main.rs", "in place"));
    watched.check(|w| {
        w.write("up/src/.main.rs.tmp", "renamed over");
        w.rename("up/src/.main.rs.tmp", "up/src/main.rs");
    });
    watched.check(|w| {
        w.write("up/src/4913", "");
        fs::remove_file(w.root.join("up/src/4913")).unwrap();
        w.rename("up/src/main.rs", "up/src/main.rs~");
        w.write("up/src/main.rs", "with a backup");
        fs::remove_file(w.root.join("up/src/main.rs~")).unwrap();
    });
    watched.check(|w| fs::remove_file(w.root.join("up/src/main.rs")).unwrap());
}

#[test]
fn ignore_rules_above_the_workspace_are_read_again_when_they_change() {
    let watched = Watched::below("group/work", |root| {
        let repository = root.ancestors().nth(2).unwrap();
        fs::create_dir_all(repository.join(".git/info")).unwrap();
        fs::write(repository.join(".gitignore"), "*.zero\n").unwrap();
    });
    let repository = watched.root.ancestors().nth(2).unwrap().to_owned();
    for (file, ending) in [(".gitignore", "one"), ("group/.gitignore", "two"), (".git/info/exclude", "three")]
    {
        let name = format!("up/src/x.{ending}");
        watched.write(&name, "noticed");
        assert_eq!(watched.seen_until(&name), [name.as_str()]);
        fs::write(repository.join(file), format!("*.{ending}\n")).unwrap();
        watched.write(&name, "ignored");
        watched.check(|w| w.write("up/src/main.rs", ending));
    }
}

#[test]
fn a_source_behind_a_link_is_reported_by_the_links_name() {
    let home = tempfile::tempdir().unwrap();
    let elsewhere = home.path().canonicalize().unwrap();
    fs::create_dir_all(elsewhere.join("folder/deep")).unwrap();
    fs::write(elsewhere.join("file.rs"), "one").unwrap();
    fs::write(elsewhere.join("folder/deep/lib.rs"), "one").unwrap();
    std::os::unix::fs::symlink("..", elsewhere.join("folder/circle")).unwrap();
    let watched = Watched::with(|root| {
        std::os::unix::fs::symlink(elsewhere.join("file.rs"), root.join("up/src/linked.rs")).unwrap();
        std::os::unix::fs::symlink(elsewhere.join("folder"), root.join("up/src/linked")).unwrap();
        std::os::unix::fs::symlink("nowhere", root.join("up/src/broken.rs")).unwrap();
    });
    fs::write(elsewhere.join("file.rs"), "two").unwrap();
    watched.seen_until("up/src/linked.rs");
    fs::write(elsewhere.join("folder/deep/lib.rs"), "two").unwrap();
    watched.seen_until("up/src/linked/deep/lib.rs");
    watched.check(|w| w.write("up/src/main.rs", "two"));
}

#[test]
fn a_folder_of_files_that_are_waited_for_is_seen_when_it_appears_and_again_after_it_was_gone() {
    let watched = Watched::new();
    for text in ["[build]", "[net]"] {
        fs::create_dir(watched.root.join(".cargo")).unwrap();
        watched.write(".cargo/config.toml", text);
        watched.seen_until(".cargo/config.toml");
        watched.write(".cargo/config.toml", "[term]");
        watched.seen_until(".cargo/config.toml");
        fs::remove_dir_all(watched.root.join(".cargo")).unwrap();
        watched.seen_until(".cargo/config.toml");
    }
    // Made beside, and moved there with everything in it.
    fs::create_dir(watched.root.join("beside")).unwrap();
    watched.write("beside/config.toml", "[build]");
    watched.rename("beside", ".cargo");
    watched.seen_until(".cargo/config.toml");
}

#[test]
fn five_hundred_files_that_change_at_once_are_all_reported() {
    let watched = Watched::new();
    (0..500).for_each(|number| watched.write(&format!("up/src/f{number:03}.rs"), "one"));
    let mut missing: std::collections::BTreeSet<String> =
        (0..500).map(|number| format!("up/src/f{number:03}.rs")).collect();
    while !missing.is_empty() {
        let burst = watched.bursts.recv_timeout(PATIENCE).unwrap();
        assert!(!burst.lost);
        for path in &burst.paths {
            missing.remove(&path.strip_prefix(&watched.root).unwrap().display().to_string());
        }
    }
}

/// A watcher whose system is at its limit, either when the watcher is made or when a watch is added.
fn at_the_limit(at_start: bool) {
    struct Full;
    impl notify::Watcher for Full {
        fn new<F: notify::EventHandler>(_: F, _: notify::Config) -> notify::Result<Self> {
            Ok(Self)
        }
        fn watch(&mut self, _: &std::path::Path, _: notify::RecursiveMode) -> notify::Result<()> {
            Err(notify::Error::new(notify::ErrorKind::MaxFilesWatch))
        }
        fn unwatch(&mut self, _: &std::path::Path) -> notify::Result<()> {
            Ok(())
        }
        fn kind() -> notify::WatcherKind {
            notify::WatcherKind::NullWatcher
        }
    }
    let home = tempfile::tempdir().unwrap();
    let root = home.path().canonicalize().unwrap();
    fs::create_dir_all(root.join("up/src")).unwrap();
    fs::write(root.join("up/src/main.rs"), "one").unwrap();
    let (sender, seen) = channel();
    let full = move |kind, handler| match kind {
        Kind::Events if at_start => Err(notify::Error::io(std::io::Error::from_raw_os_error(24))),
        Kind::Events => Ok(Box::new(Full) as Box<dyn notify::Watcher + Send>),
        Kind::Polling => make(kind, handler),
    };
    let watcher = Watcher::start_with(vec![], Box::new(full), move |seen| {
        let told = match seen {
            Ok(Seen::Begun | Seen::Watching) => return,
            Ok(Seen::Burst(burst)) => Ok(burst),
            Err(error) => Err(error),
        };
        let _ = sender.send(told);
    })
    .unwrap();
    watcher.watch(WatchList { directories: vec![root.join("up")], ..WatchList::default() });
    let error = seen.recv_timeout(PATIENCE).unwrap().unwrap_err();
    let problem = error.problem();
    assert!(matches!(error, WatchError::Polled { .. }), "{problem:?}");
    assert_eq!(problem.code, if at_start { "watcher_limit" } else { "watch_limit" });
    assert!(problem.message.ends_with("polled every 500 ms instead"), "{problem:?}");
    assert!(problem.hint.unwrap().contains("fs.inotify.max_user_"));
    if !at_start {
        assert!(seen.recv_timeout(PATIENCE).unwrap().unwrap().lost, "changes before the polling may be lost");
    }
    // The first look may come after the first write; then the next one is seen.
    let saved = (0..100).any(|number| {
        fs::write(root.join("up/src/main.rs"), format!("text {number}")).unwrap();
        matches!(seen.recv_timeout(Duration::from_secs(2)), Ok(Ok(burst)) if burst.paths == [root.join("up/src/main.rs")])
    });
    assert!(saved);
}

#[test]
fn where_the_systems_limit_is_reached_files_are_polled() {
    at_the_limit(true);
    at_the_limit(false);
}

#[test]
fn outputs_ignored_files_and_neighbours_are_not_reported() {
    let watched = Watched::new();
    watched.check(|w| {
        w.write("up/target/out", "");
        w.write("up/run.log", "");
        w.write("neighbour", "");
        fs::create_dir(w.root.join("up/.git")).unwrap();
        w.write("up/.git/index", "");
        w.write("up/src/main.rs", "two");
    });
}

#[test]
fn what_a_repository_above_the_package_ignores_is_reported_once_a_build_reads_it() {
    let watched = Watched::with(|root| {
        fs::create_dir(root.join(".git")).unwrap();
        fs::write(root.join(".gitignore"), "*.made\n").unwrap();
    });
    watched.check(|w| {
        w.write("up/src/code.made", "one");
        w.write("up/src/main.rs", "two");
    });
    let code = watched.root.join("up/src/code.made");
    watched.watcher.watch(WatchList {
        directories: vec![watched.root.join("up")],
        files: vec![watched.root.join("Cargo.toml")],
        inputs: [code.clone()].into(),
    });
    // The list is applied on another thread.
    let is_seen = (0..200).any(|number| {
        watched.write("up/src/code.made", &number.to_string());
        let burst = watched.bursts.recv_timeout(Duration::from_millis(100));
        burst.is_ok_and(|burst| burst.paths.contains(&code))
    });
    assert!(is_seen);
    // From now on git ignores nothing.
    watched.write(".gitignore", "");
    watched.write("up/src/other.made", "one");
    watched.seen_until("up/src/other.made");
}

#[test]
fn a_named_file_outside_of_the_directories_is_reported() {
    let watched = Watched::new();
    watched.write("Cargo.toml", "[workspace]");
    assert_eq!(watched.seen_until("Cargo.toml"), ["Cargo.toml"]);
}

#[test]
fn a_new_directory_is_watched_with_what_is_in_it() {
    let watched = Watched::new();
    fs::create_dir_all(watched.root.join("up/src/deep/er")).unwrap();
    watched.write("up/src/deep/er/new.rs", "");
    assert_eq!(watched.seen_until("up/src/deep/er/new.rs"), ["up/src/deep/er/new.rs"]);
    watched.write("up/src/deep/er/new.rs", "again");
    assert_eq!(watched.seen_until("up/src/deep/er/new.rs"), ["up/src/deep/er/new.rs"]);
}

#[test]
fn a_directory_that_came_back_is_watched_again() {
    let watched = Watched::new();
    fs::remove_dir_all(watched.root.join("up/src")).unwrap();
    watched.seen_until("up/src/main.rs");
    fs::create_dir(watched.root.join("up/src")).unwrap();
    watched.write("up/src/lib.rs", "");
    watched.seen_until("up/src/lib.rs");
    watched.write("up/src/lib.rs", "again");
    watched.seen_until("up/src/lib.rs");
}
